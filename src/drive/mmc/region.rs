//! The partitions of an eMMC device that a host could erase, and what keeps it from that.

use purgeproof_spec::mmc::{ExtCsd, Partition};
use purgeproof_sys::transfer::POISON;

use super::MmcChannel;

/// The user area, a boot partition or a general purpose partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Region {
    pub(super) partition: Partition,
    pub(super) name: &'static str,
    /// Its size.
    pub(super) bytes: u64,
    /// The same in sectors of 512 bytes.
    pub(super) sectors: u32,
    /// Why no erase reaches it. Such a partition is left as it is, and [`super::hidden`] says so.
    pub(super) barrier: Option<String>,
}

/// All that the device has, the user area first.
pub(super) fn regions(ext_csd: ExtCsd<'_>, channel: &impl MmcChannel) -> Vec<Region> {
    let boot = ext_csd.boot_partition_bytes();
    let [general_1, general_2, general_3, general_4] = ext_csd.general_purpose_bytes();
    let [protects_1, protects_2] = ext_csd.protects_boot();
    let user = Some(u64::from(ext_csd.sectors()) * 512);
    let all = [
        (Partition::User, "user area", user, false),
        (Partition::Boot1, "boot partition 1", boot, protects_1),
        (Partition::Boot2, "boot partition 2", boot, protects_2),
        (Partition::GeneralPurpose1, "general purpose partition 1", general_1, false),
        (Partition::GeneralPurpose2, "general purpose partition 2", general_2, false),
        (Partition::GeneralPurpose3, "general purpose partition 3", general_3, false),
        (Partition::GeneralPurpose4, "general purpose partition 4", general_4, false),
    ];
    let region = |(partition, name, bytes, is_protected): (_, _, Option<u64>, bool)| {
        let bytes = bytes?;
        let sectors = u32::try_from(bytes / 512);
        let barrier = match sectors {
            Err(_) => Some("it has more sectors than there are addresses"),
            Ok(_) if is_protected => Some("it is write protected"),
            Ok(_) => channel.barrier(partition),
        };
        let barrier = barrier.map(str::to_owned);
        Some(Region { partition, name, bytes, sectors: sectors.unwrap_or(u32::MAX), barrier })
    };
    all.into_iter().filter_map(region).collect()
}

impl Region {
    /// This register was read while the partition was addressed.
    pub(super) fn is_addressed(&self, register: &[u8; 512]) -> bool {
        let access = |ext_csd: ExtCsd<'_>| ext_csd.partition_config() & 0b111 == self.partition as u8;
        *register != [POISON; 512] && ExtCsd::new(register).is_some_and(access)
    }
}
