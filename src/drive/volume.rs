//! Volumes that a RAID controller composes: they pose as disks, and overwriting one says nothing about the disks that it is made of.

use crate::sysfs::Node;

/// Drivers whose disks are all volumes that the controller composes.
const RAID_DRIVERS: &[&str] = &[
    "3w-9xxx",
    "3w-sas",
    "3w-xxxx",
    "arcmsr",
    "ips",
    "megaraid_mbox",
    "mvumi",
    "myrb",
    "myrs",
    "stex",
    "DAC960",
    "cciss",
];

/// What the names of volumes have in them, in capitals: `MegaRAID`, `ServeRAID M5110`, `PRAID EP400i`, `UCSC-MRAID12G`, `MARVELL Raid VD`,
/// `JMicron H/W RAID5`; `HP LOGICAL VOLUME`, `LSI Logical Volume`; `ARC-1680-VOL#000`; `ThinkSystem M.2 VD`.
const WORDS: &[&str] = &["RAID", "LOGICAL VOLUME", "-VOL#", "M.2 VD"];

/// How the names of others begin: maker, then model. The last five are cards that show the mirror of two M.2 drives as one disk, some by
/// AHCI and some as an NVMe drive.
const BEGINNINGS: &[&str] = &[
    "3WARE ",
    "ADAPTEC ",
    "AMCC ",
    "ARECA ",
    "AVAGO MR",
    "BROADCOM MR",
    "DELL PERC",
    "DELL VIRTUAL DISK",
    "HPT ",
    "INTEL RMS",
    "INTEL RS",
    "LSI MR",
    "SMC2108",
    "SMC2208",
    "SMC3108",
    "DELLBOSS VD",
    "DELL BOSS-",
    "HPE NS204",
    "HP NS204",
];

/// Whether a disk with this maker and model is a volume by its name: drivers that do not tell, passed through by a hypervisor, in an
/// enclosure with RAID of its own behind USB or SATA.
pub(crate) fn is_named_as_one(title: &str) -> bool {
    let title = title.to_ascii_uppercase();
    WORDS.iter().any(|word| title.contains(word)) || BEGINNINGS.iter().any(|beginning| title.starts_with(beginning))
}

/// Whether a RAID controller's driver presents a volume here rather than one disk. Adapters that do both tell them apart by channel
/// or by a `raid_level` attribute.
pub(crate) fn is_volume(driver: &str, device: &Node) -> bool {
    let channel = device.name().split(':').nth(1).and_then(|channel| channel.parse::<u32>().ok()).unwrap_or(0);
    match driver {
        // MEGASAS_MAX_PD_CHANNELS is 2: disks are on channels 0 and 1, volumes above.
        "megaraid_sas" => channel >= 2,
        // RAID_CHANNEL, MPTSAS_RAID_CHANNEL.
        "mpt3sas" | "mpt2sas" | "mptsas" => channel == 1,
        // CONTAINER_CHANNEL.
        "aacraid" => channel == 0,
        "hpsa" | "smartpqi" => device.text("raid_level").is_some_and(|level| level != "N/A"),
        _ => RAID_DRIVERS.contains(&driver),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_controllers_give_their_volumes() {
        for volume in [
            "DELL PERC H730 Mini",
            "DELL PERC 6/i",
            "Dell VIRTUAL DISK",
            "DELLBOSS VD",
            "Dell BOSS-N1",
            "HP LOGICAL VOLUME",
            "HPE LOGICAL VOLUME",
            "HPE NS204i-p Gen10+ Boot Controller",
            "LSI MR9361-8i",
            "LSI MegaRAID SAS RMB",
            "LSI Logical Volume",
            "LSILOGIC Logical Volume",
            "AVAGO MR9460-16i",
            "BROADCOM MR9560-16i",
            "IBM ServeRAID M5110",
            "Lenovo RAID 930-8i-2GB",
            "ThinkSystem M.2 VD",
            "FTS PRAID EP400i",
            "Cisco UCSC-MRAID12G",
            "Intel RS3DC080",
            "SMC3108",
            "Adaptec RAID 5",
            "Areca ARC-1680-VOL#000",
            "MARVELL Raid VD 0",
            "JMicron H/W RAID5",
        ] {
            assert!(is_named_as_one(volume), "{volume}");
        }
    }

    #[test]
    fn names_of_disks_are_no_volumes() {
        for disk in [
            "SEAGATE ST4000NM0023",
            "HGST HUS726040AL5210",
            "INTEL SSDPE2KX010T8",
            "INTEL SSDSC2KB480G8",
            "Dell Express Flash PM1725a 1.6TB SFF",
            "Dell Ent NVMe CM6 RI 3.84TB",
            "HP EG0600FBVFP",
            "HPE MO001600KXAVL",
            "SAMSUNG MZILT3T8HBLS/007",
            "SanDisk Ultra",
            "QEMU QEMU HARDDISK",
            "Msft Virtual Disk",
            "VMware Virtual disk",
            "IBM-ESXS ST300MM0006",
            "LSI SSS6200",
        ] {
            assert!(!is_named_as_one(disk), "{disk}");
        }
    }
}
