//! Areas that the drive hides: host protected area (HPA, ACS-2), device configuration overlay (DCO, ACS-2), accessible
//! max address configuration (AMAC, ACS-4). An erase that has not made them visible first leaves them unread.

use super::identify::Integrity;
use super::taskfile::{MAX_LBA_28, MAX_LBA_48};
use super::{Protocol, Registers, Taskfile};

/// The last LBA of a drive. One less than the number of sectors, which is where hidden areas of one sector come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct MaxAddress(u64);

impl MaxAddress {
    /// `None` beyond 48 bits, and for 0: a drive of one sector is a host adapter's zeros.
    pub const fn new(lba: u64) -> Option<Self> {
        match lba {
            1..=MAX_LBA_48 => Some(Self(lba)),
            _ => None,
        }
    }

    /// The last LBA.
    pub const fn lba(self) -> u64 {
        self.0
    }

    /// How many sectors there are up to it.
    pub const fn sectors(self) -> u64 {
        self.0 + 1
    }

    /// How many sectors lie between `accessible` of them and this address. `None` if more are accessible than there are: one of the
    /// two numbers is wrong.
    pub const fn hidden_beyond(self, accessible: u64) -> Option<u64> {
        self.sectors().checked_sub(accessible)
    }
}

/// Whether a new maximum survives the next power cycle: COUNT bit 0 of `SET MAX ADDRESS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Persistence {
    /// 0
    Volatile,
    /// 1. A drive takes one such change a power cycle, and refuses the next.
    NonVolatile,
}

/// `READ NATIVE MAX ADDRESS` (F8h, ACS-2).
pub const READ_NATIVE_MAX: Taskfile = Taskfile::short(0xF8);

/// `READ NATIVE MAX ADDRESS EXT` (27h, ACS-2).
pub const READ_NATIVE_MAX_EXT: Taskfile = Taskfile::extended(0x27);

/// `GET NATIVE MAX ADDRESS EXT` (78h/0000h, ACS-4).
pub const AMAC_GET_NATIVE_MAX: Taskfile = Taskfile::extended(0x78);

/// `DEVICE CONFIGURATION IDENTIFY` (B1h/C2h, ACS-2): 512 bytes for [`DeviceConfiguration`].
pub const DCO_IDENTIFY: Taskfile = Taskfile::short(0xB1).feature(0xC2).one_block(Protocol::PioIn);

/// `DEVICE CONFIGURATION RESTORE` (B1h/C0h): the factory's capacity and features, all of them. The drive refuses while an HPA is set.
pub const DCO_RESTORE: Taskfile = Taskfile::short(0xB1).feature(0xC0);

/// `SET MAX ADDRESS` (F9h, ACS-2). The command just before it must be [`READ_NATIVE_MAX`]: F9h is another command
/// otherwise. `None` for an address that needs more than 28 bits.
pub const fn set_max(max: MaxAddress, persistence: Persistence) -> Option<Taskfile> {
    // 0FFFFFFFh is what a drive beyond 28 bits answers: it is no address of its own.
    if max.0 >= MAX_LBA_28 {
        return None;
    }
    Some(Taskfile::short(0xF9).count(persistence as u16).lba(max.0))
}

/// `SET MAX ADDRESS EXT` (37h, ACS-2). The command just before it must be [`READ_NATIVE_MAX_EXT`].
pub const fn set_max_ext(max: MaxAddress, persistence: Persistence) -> Taskfile {
    Taskfile::extended(0x37).count(persistence as u16).lba(max.0)
}

/// `SET ACCESSIBLE MAX ADDRESS EXT` (78h/0001h). It survives power cycles (unverified).
pub const fn amac_set(max: MaxAddress) -> Taskfile {
    Taskfile::extended(0x78).feature(0x01).lba(max.0)
}

/// The answer to [`READ_NATIVE_MAX`]. `None` also for 0FFFFFFFh, with which a drive says that 28 bits are not enough (unverified).
pub fn native_max(registers: &Registers) -> Option<MaxAddress> {
    if !registers.is_plausible() || registers.is_error() || registers.lba_28() == MAX_LBA_28 {
        return None;
    }
    MaxAddress::new(registers.lba_28())
}

/// The answer to [`READ_NATIVE_MAX_EXT`] and to [`AMAC_GET_NATIVE_MAX`]. `None` also if the upper half did not come through.
pub fn native_max_ext(registers: &Registers) -> Option<MaxAddress> {
    if !registers.is_plausible() || registers.is_error() {
        return None;
    }
    MaxAddress::new(registers.lba_48()?)
}

/// What `DEVICE CONFIGURATION IDENTIFY` tells, as far as it concerns an erase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceConfiguration {
    /// Word 0, the revision of the structure: 0001h or 0002h
    pub revision: u16,
    /// Words 3 to 6: the last LBA that the factory gave the drive
    pub max_address: MaxAddress,
    /// Word 255. ACS-2 demands signature and checksum (unverified); programs that meet drives take answers without, too.
    pub integrity: Integrity,
}

impl DeviceConfiguration {
    /// `None` for an answer that no drive gave, the same byte all over, and for a maximum that is no address.
    pub fn new(bytes: &[u8; 512]) -> Option<Self> {
        let integrity = Integrity::new(bytes);
        if matches!(integrity, Integrity::Uniform(_)) {
            return None;
        }
        let (words, _) = bytes.as_chunks::<2>();
        let [revision, _, _, a, b, c, d, ..] = words else {
            return None;
        };
        let max_address =
            [*d, *c, *b, *a].into_iter().fold(0, |lba, word| lba << 16 | u64::from(u16::from_le_bytes(word)));
        Some(Self { revision: u16::from_le_bytes(*revision), max_address: MaxAddress::new(max_address)?, integrity })
    }
}

#[cfg(test)]
mod tests {
    use super::super::registers::tests::good;
    use super::*;

    #[test]
    fn commands_have_the_address_in_lba_and_persistence_in_count() {
        let max = MaxAddress::new(0x0ABC_DEF0).unwrap();
        let short = set_max(max, Persistence::NonVolatile).unwrap();
        assert_eq!((short.command, short.extended, short.count, short.lba), (0xF9, false, 1, 0x0ABC_DEF0));
        let long = set_max_ext(MaxAddress::new(0x1234_5678_9ABC).unwrap(), Persistence::Volatile);
        assert_eq!((long.command, long.extended, long.count, long.lba), (0x37, true, 0, 0x1234_5678_9ABC));
        let amac = amac_set(max);
        assert_eq!((amac.command, amac.feature, amac.count, amac.lba), (0x78, 0x0001, 0, 0x0ABC_DEF0));
        assert_eq!((READ_NATIVE_MAX.command, READ_NATIVE_MAX.extended), (0xF8, false));
        assert_eq!((READ_NATIVE_MAX_EXT.command, READ_NATIVE_MAX_EXT.extended), (0x27, true));
        assert_eq!((AMAC_GET_NATIVE_MAX.command, AMAC_GET_NATIVE_MAX.feature), (0x78, 0x0000));
        assert_eq!((DCO_IDENTIFY.command, DCO_IDENTIFY.feature, DCO_IDENTIFY.transfer_len()), (0xB1, 0xC2, 512));
        assert_eq!((DCO_RESTORE.command, DCO_RESTORE.feature, DCO_RESTORE.transfer_len()), (0xB1, 0xC0, 0));
    }

    #[test]
    fn a_short_command_reaches_28_bits() {
        assert!(set_max(MaxAddress::new(0x0FFF_FFFE).unwrap(), Persistence::Volatile).is_some());
        assert!(set_max(MaxAddress::new(0x0FFF_FFFF).unwrap(), Persistence::Volatile).is_none());
        assert!(set_max(MaxAddress::new(0x1000_0000).unwrap(), Persistence::Volatile).is_none());
    }

    #[test]
    fn the_native_maximum_is_the_last_sector() {
        // A terabyte: 1_953_525_168 sectors, 7470_6DB0h.
        let native = native_max_ext(&good(0, 0x70_6DAF, 0x74)).unwrap();
        assert_eq!(native.sectors(), 1_953_525_168);
        assert_eq!(native.hidden_beyond(1_953_525_168), Some(0));
        assert_eq!(native.hidden_beyond(1_953_523_120), Some(2048));
        assert_eq!(native.hidden_beyond(1_953_525_169), None);
    }

    #[test]
    fn what_cannot_be_an_address_is_none() {
        assert_eq!(native_max_ext(&good(0, 0, 0)), None, "zeros");
        assert_eq!(native_max_ext(&Registers { lba_high: None, ..good(0, 0x70_6DAF, 0) }), None, "half");
        assert_eq!(native_max_ext(&Registers { status: 0x51, error: 4, ..good(0, 5, 0) }), None, "refused");
        assert_eq!(native_max(&Registers { device: 0x4F, ..good(0, 0xFF_FFFF, 0) }), None, "beyond 28 bits");
        assert_eq!(native_max(&Registers { device: 0xE1, ..good(0, 0x00_0002, 0) }).unwrap().lba(), 0x0100_0002);
        assert_eq!(MaxAddress::new(0x1_0000_0000_0000), None);
        assert_eq!(MaxAddress::new(u64::MAX), None);
    }

    #[test]
    fn the_overlay_holds_the_factory_maximum() {
        let mut bytes = [0_u8; 512];
        bytes[0] = 0x02;
        // 0000_0000_7470_6DAFh, low word first.
        bytes[6..14].copy_from_slice(&[0xAF, 0x6D, 0x70, 0x74, 0, 0, 0, 0]);
        // 02h + AFh + 6Dh + 70h + 74h = 202h; with A5h 2A7h; 59h makes 300h.
        (bytes[510], bytes[511]) = (0xA5, 0x59);
        let overlay = DeviceConfiguration::new(&bytes).unwrap();
        assert_eq!((overlay.revision, overlay.max_address.sectors()), (2, 1_953_525_168));
        assert_eq!(overlay.integrity, Integrity::Verified);
        bytes[511] = 0x5A;
        assert_eq!(DeviceConfiguration::new(&bytes).unwrap().integrity, Integrity::BadChecksum(0x01));
        bytes[13] = 0x01;
        assert_eq!(DeviceConfiguration::new(&bytes), None, "beyond 48 bits");
        assert_eq!(DeviceConfiguration::new(&[0; 512]), None);
        assert_eq!(DeviceConfiguration::new(&[0xA5; 512]), None);
    }
}
