//! The disks that Linux makes of an eMMC device's partitions: each has its directory in that of the user area's disk, as
//! `mmcblk0/mmcblk0boot0` (`mmc_blk_alloc_part()`), so that none of another device can be taken for one.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};

use nix::libc;
use purgeproof_spec::mmc::Partition;

use crate::sysfs::Node;

/// What Linux adds to the name of the user area's disk.
const SUFFIXES: [(Partition, &str); 6] = [
    (Partition::Boot1, "boot0"),
    (Partition::Boot2, "boot1"),
    (Partition::GeneralPurpose1, "gp0"),
    (Partition::GeneralPurpose2, "gp1"),
    (Partition::GeneralPurpose3, "gp2"),
    (Partition::GeneralPurpose4, "gp3"),
];

/// The disks besides that of the user area, open and held exclusively, or why one is not.
pub(super) fn others(user: &Node) -> [(Partition, Result<File, String>); 6] {
    SUFFIXES.map(|(partition, suffix)| (partition, open(user, &format!("{}{suffix}", user.name()))))
}

fn open(user: &Node, name: &str) -> Result<File, String> {
    let disk = Node { syspath: user.syspath.join(name), subsystem: "block".to_owned(), driver: None };
    let (Some(number), Some(node)) = (disk.device_number(), disk.device_node()) else {
        return Err(format!("Linux shows no disk {name} (some host controllers do not let it)"));
    };
    // Boot partitions are read-only disks (`force_ro`), which concerns writing to them: commands ask for no more than this.
    let flags = libc::O_EXCL | libc::O_CLOEXEC;
    let opened = OpenOptions::new().read(true).custom_flags(flags).open(&node);
    let file = opened.map_err(|error| format!("{} could not be opened for us alone ({error})", node.display()))?;
    match file.metadata() {
        Ok(metadata) if metadata.file_type().is_block_device() && metadata.rdev() == number => Ok(file),
        _ => Err(format!("{} is not the disk {name} of sysfs", node.display())),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::sysfs::tests::{Loop, Scratch, Tree};

    /// `mmcblk7` with a disk for its second boot partition: its number and its device node.
    fn boot_2(number: &str, node: &str) -> Result<File, String> {
        let (number, uevent) = (format!("{number}\n"), format!("DEVNAME={node}\n"));
        let attributes: [(&str, &[u8]); 2] =
            [("mmcblk7boot1/dev", number.as_bytes()), ("mmcblk7boot1/uevent", uevent.as_bytes())];
        let tree = Tree::new().node("mmcblk7", "block", None, &attributes);
        let mut others = others(&tree.chain().disk);
        assert!(others.iter().all(|(partition, disk)| *partition == Partition::Boot2 || disk.is_err()));
        std::mem::replace(&mut others[1].1, Err(String::new()))
    }

    #[test]
    fn only_the_disk_with_the_number_from_sysfs_is_taken_and_it_is_held() {
        let scratch = Scratch::new();
        let image = scratch.0.join("image");
        fs::write(&image, [0; 4096]).unwrap();
        let Some(device) = Loop::over(&image) else {
            eprintln!("skipped: no loop devices for this user");
            return;
        };
        let number = fs::metadata(&device.0).unwrap().rdev();
        let number = format!("{}:{}", libc::major(number), libc::minor(number));
        let node = device.0.to_str().unwrap();
        let held = boot_2(&number, node).unwrap();
        let refused = boot_2(&number, node).unwrap_err();
        assert!(refused.contains("could not be opened for us alone"), "{refused}");
        drop(held);
        assert_eq!(boot_2("179:16", node).unwrap_err(), format!("{node} is not the disk mmcblk7boot1 of sysfs"));
    }

    #[test]
    fn a_disk_that_is_missing_or_none_is_told() {
        let other = boot_2("1:3", "/dev/null").unwrap_err();
        assert_eq!(other, "/dev/null is not the disk mmcblk7boot1 of sysfs");
        assert!(boot_2("179:16", "no-such-node").unwrap_err().contains("/dev/no-such-node could not be opened"));
        let tree = Tree::new().node("mmcblk7", "block", None, &[]);
        for (place, name) in ["boot0", "boot1", "gp0", "gp1", "gp2", "gp3"].into_iter().enumerate() {
            let why = others(&tree.chain().disk)[place].1.as_ref().unwrap_err().clone();
            assert!(why.starts_with(&format!("Linux shows no disk mmcblk7{name} ")), "{why}");
        }
    }
}
