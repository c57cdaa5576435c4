//! Why a disk is never offered for erasure. The first reason that holds is told: what the disk is comes before what state it is in.

use purgeproof_core::drive::{Exclusion, Identity, Transport};

use crate::examine::{Contents, Examination, Label};
use crate::mounted::Users;
use crate::sysfs::{Chain, Node};

/// What is known of the medium that this machine was started from.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct BootMedium<'a> {
    /// The identifier of its filesystem, as the boot loader passed it; `None` where there is no medium or no word of it.
    pub(crate) filesystem: Option<&'a str>,
    /// There is a word of it, and it was on no disk yet.
    pub(crate) is_missing: bool,
}

/// The reason, if there is one, to leave this disk alone.
pub(crate) fn exclusion(
    chain: &Chain,
    identity: &Identity,
    examination: &Examination,
    users: &Users,
    medium: BootMedium<'_>,
) -> Option<Exclusion> {
    let contents = examination.contents();
    let is_booted = contents.is_some_and(|contents| is_booted(contents, medium.filesystem));
    is_booted
        .then_some(Exclusion::BootMedium)
        .or_else(|| by_kind(chain))
        .or_else(|| by_contents(contents?))
        .or_else(|| is_persistent_memory(chain.disk.name()).then_some(Exclusion::PersistentMemory))
        .or_else(|| (identity.capacity.0 == 0).then_some(Exclusion::NoMedium))
        .or_else(|| (chain.disk.number("ro") == Some(1)).then_some(Exclusion::ReadOnly))
        .or_else(|| user(&chain.disk, users).map(Exclusion::InUse))
        .or_else(|| identity.geometry().is_none().then_some(Exclusion::OddGeometry))
        // Not to know what is on it is no leave to erase it: it might be our own stick.
        .or_else(|| {
            matches!(examination, Examination::Waiting).then(|| {
                Exclusion::InUse(
                    "its first blocks could not be read yet: it is slow, hangs, or must not be read by this user"
                        .to_owned(),
                )
            })
        })
        .or_else(|| (medium.is_missing && is_portable(chain, identity)).then_some(Exclusion::PerhapsBootMedium))
}

/// Whether people carry images about on such disks, as files that some loader starts machines from: USB disks and SD cards.
fn is_portable(chain: &Chain, identity: &Identity) -> bool {
    let card = || chain.nearest(&["mmc"]).and_then(|card| card.text("type"));
    identity.transport == Transport::Usb || identity.transport == Transport::Mmc && card().as_deref() == Some("SD")
}

/// What is no drive, or none that can be written.
pub(crate) fn by_kind(chain: &Chain) -> Option<Exclusion> {
    let name = chain.disk.name();
    let kind = name.trim_end_matches(|c: char| c.is_ascii_digit());
    // NVMe multipath lives below /sys/devices/virtual too, but not in `block`.
    let is_virtual = chain.disk.syspath.parent().is_some_and(|above| above.ends_with("virtual/block"));
    if is_virtual {
        return Some(Exclusion::Virtual(kind.trim_end_matches('-').to_owned()));
    }
    if let Some(card) = card_of(name) {
        return Some(Exclusion::PartOf(card.to_owned()));
    }
    is_optical(chain).then_some(Exclusion::Optical)
}

/// Linux's `nd_pmem`: namespaces of NVDIMMs are called pmem0, pmem1.2, pmem3s… UEFI's disks in memory are such namespaces too.
pub(crate) fn is_persistent_memory(name: &str) -> bool {
    name.starts_with("pmem")
}

/// SPC-4 table 138: peripheral device type 05h, CD/DVD. The driver `sr` calls its disks sr0, sr1…
pub(crate) fn is_optical(chain: &Chain) -> bool {
    let kind = chain.disk.name().trim_end_matches(|c: char| c.is_ascii_digit());
    kind == "sr" || chain.nearest(&["scsi"]).and_then(|device| device.number("type")) == Some(5)
}

/// The eMMC device that an area with a node of its own belongs to: Linux calls them `mmcblk0boot0`, `mmcblk0gp1`, `mmcblk0rpmb`.
fn card_of(name: &str) -> Option<&str> {
    let number = name.strip_prefix("mmcblk")?;
    let area = number.trim_start_matches(|digit: char| digit.is_ascii_digit());
    let is_area = ["boot", "gp", "rpmb"].iter().any(|kind| area.starts_with(kind));
    is_area.then(|| name.strip_suffix(area)).flatten()
}

/// Whether the boot loader's word is about a filesystem of this disk. Copies of a stick share it, and none of them is offered.
fn is_booted(contents: &Contents, medium: Option<&str>) -> bool {
    medium.is_some_and(|medium| is_among(medium, &contents.filesystems))
}

/// Whether this disk explains where we were started from: it has the filesystem that the loader named, or hides it in a file.
pub(crate) fn explains_start(contents: &Contents, medium: Option<&str>) -> bool {
    is_booted(contents, medium) || contents.label == Some(Label::Ventoy)
}

fn by_contents(contents: &Contents) -> Option<Exclusion> {
    match contents.label {
        _ if contents.marked.is_some() => Some(Exclusion::PurgeProofStick),
        Some(Label::PurgeProof) => Some(Exclusion::PurgeProofStick),
        Some(Label::Ventoy) => Some(Exclusion::Ventoy),
        None => None,
    }
}

/// Whether a filesystem identifier is one of these; GRUB and Linux differ in upper and lower case.
pub(crate) fn is_among(medium: &str, filesystems: &[String]) -> bool {
    filesystems.iter().any(|id| medium.eq_ignore_ascii_case(id))
}

/// Who uses the disk or one of its partitions.
fn user(disk: &Node, users: &Users) -> Option<String> {
    [disk.clone()].into_iter().chain(disk.partitions()).find_map(|node| {
        let of_number = || users.of(node.device_number()?);
        let by = match node.names_in("holders").as_slice() {
            [] => of_number()?.to_owned(),
            holders => format!("held by {}", holders.join(", ")),
        };
        Some(if node.syspath == disk.syspath { by } else { format!("{} is {by}", node.name()) })
    })
}

/// Whether reading the first blocks of such a disk makes sense, or asking it about them.
pub(crate) fn is_worth_asking(chain: &Chain, identity: &Identity) -> bool {
    let has_blocks = identity.capacity.0 > 0 || may_be_foreign(chain, identity);
    by_kind(chain).is_none() && has_blocks && identity.transport != Transport::File
}

/// Whether Linux may give this disk no size because it does not take the length of its blocks: such disks are SCSI disks, and drives
/// for media, which are empty more often than not, are none of them.
pub(crate) fn may_be_foreign(chain: &Chain, identity: &Identity) -> bool {
    identity.capacity.0 == 0 && identity.transport == Transport::Scsi && chain.disk.number("removable") != Some(1)
}

/// The filesystem identifier in the word of the kernel command line: `UUID=1234-ABCD`, `1234-ABCD`.
pub(crate) fn medium_of(token: &str) -> Option<&str> {
    let id = token.strip_prefix("UUID=").unwrap_or(token).trim();
    (!id.is_empty()).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::identity;
    use crate::sysfs::tests::Tree;
    use std::path::PathBuf;

    type Attributes<'a> = &'a [(&'a str, &'a [u8])];

    const DISK: Attributes<'_> = &[("size", b"2048\n"), ("ro", b"0\n"), ("dev", b"8:0\n"), ("holders/.keep", b"")];

    #[test]
    fn the_areas_of_an_emmc_are_parts_of_it() {
        assert_eq!(card_of("mmcblk0boot1"), Some("mmcblk0"));
        assert_eq!(card_of("mmcblk12gp3"), Some("mmcblk12"));
        assert_eq!(card_of("mmcblk1rpmb"), Some("mmcblk1"));
        assert_eq!(card_of("mmcblk0"), None);
        assert_eq!(card_of("mmcblk0p1"), None);
        assert_eq!(card_of("sda"), None);
    }

    fn tree(more: Attributes<'_>) -> Tree {
        let mut attributes = DISK.iter().filter(|(name, _)| *name != "holders/.keep").copied().collect::<Vec<_>>();
        attributes.extend_from_slice(more);
        Tree::new().node("0:0:0:0", "scsi", Some("sd"), &[("type", b"0\n"), ("model", b"M\n")]).node(
            "sda",
            "block",
            None,
            &attributes,
        )
    }

    fn why(tree: &Tree, examination: &Examination, users: &str) -> Option<Exclusion> {
        let chain = tree.chain();
        let users = Users::from_mounts(users);
        let medium = BootMedium { filesystem: Some("1234-ABCD"), is_missing: false };
        exclusion(&chain, &identity(&chain), examination, &users, medium)
    }

    fn empty() -> Examination {
        Examination::Done(Contents::default())
    }

    #[test]
    fn a_plain_disk_is_offered() {
        assert_eq!(why(&tree(&[]), &empty(), ""), None);
    }

    #[test]
    fn the_boot_medium_and_every_stick_of_ours_are_not() {
        let contents = Contents {
            filesystems: vec!["1234-abcd".into()],
            marked: Some(PathBuf::from("/dev/sda1")),
            ..Contents::default()
        };
        assert_eq!(why(&tree(&[]), &Examination::Done(contents.clone()), ""), Some(Exclusion::BootMedium));
        let other = Contents { filesystems: vec!["5678-abcd".into()], ..contents };
        assert_eq!(why(&tree(&[]), &Examination::Done(other), ""), Some(Exclusion::PurgeProofStick));
    }

    #[test]
    fn every_copy_of_the_boot_medium_is_left_alone() {
        let copy = Examination::Done(Contents { filesystems: vec!["1234-ABCD".into()], ..Contents::default() });
        for name in ["sda", "sdb"] {
            let disk = Tree::new().node("0:0:0:0", "scsi", Some("sd"), &[]).node(name, "block", None, DISK);
            assert_eq!(why(&disk, &copy, ""), Some(Exclusion::BootMedium), "{name}");
        }
    }

    #[test]
    fn memory_that_keeps_its_content_is_named_and_left_to_its_own_tools() {
        let namespace =
            || Tree::new().node("namespace0.0", "nd", Some("nd_pmem"), &[]).node("pmem0", "block", None, DISK);
        assert_eq!(why(&namespace(), &empty(), ""), Some(Exclusion::PersistentMemory));
        let of_uefi = Contents { filesystems: vec!["1234-ABCD".into()], ..Contents::default() };
        assert_eq!(why(&namespace(), &Examination::Done(of_uefi), ""), Some(Exclusion::BootMedium));
    }

    #[test]
    fn labels_tell_our_loaders_and_ventoys() {
        let labelled = |label| Examination::Done(Contents { label: Some(label), ..Contents::default() });
        assert_eq!(why(&tree(&[]), &labelled(Label::PurgeProof), ""), Some(Exclusion::PurgeProofStick));
        assert_eq!(why(&tree(&[]), &labelled(Label::Ventoy), ""), Some(Exclusion::Ventoy));
    }

    #[test]
    fn while_the_boot_medium_is_missing_no_portable_disk_is_offered() {
        let of = |tree: Tree, is_missing| {
            let (chain, users) = (tree.chain(), Users::from_mounts(""));
            let medium = BootMedium { filesystem: Some("1234-ABCD"), is_missing };
            exclusion(&chain, &identity(&chain), &empty(), &users, medium)
        };
        let disk: Attributes<'_> = &[("size", b"2048\n"), ("ro", b"0\n"), ("dev", b"8:0\n")];
        let usb = || {
            let bridge = Tree::new().node("1-1:1.0", "usb", Some("usb-storage"), &[]);
            bridge.node("0:0:0:0", "scsi", Some("sd"), &[]).node("sda", "block", None, disk)
        };
        let card = |kind: &[u8]| {
            let card = Tree::new().node("mmc0:0001", "mmc", Some("mmcblk"), &[("type", kind)]);
            card.node("mmcblk0", "block", None, disk)
        };
        assert_eq!(of(usb(), true), Some(Exclusion::PerhapsBootMedium));
        assert_eq!(of(card(b"SD\n"), true), Some(Exclusion::PerhapsBootMedium));
        assert_eq!(of(card(b"MMC\n"), true), None, "soldered in");
        assert_eq!(of(tree(&[]), true), None, "not portable");
        assert_eq!(of(usb(), false), None, "seen, here or gone since");
    }

    #[test]
    fn a_start_from_ventoy_is_explained_by_its_stick() {
        let of =
            |filesystem: &str, label| Contents { filesystems: vec![filesystem.into()], label, ..Contents::default() };
        assert!(explains_start(&of("1234-abcd", None), Some("1234-ABCD")));
        assert!(explains_start(&of("5678-abcd", Some(Label::Ventoy)), Some("1234-ABCD")));
        assert!(!explains_start(&of("5678-abcd", Some(Label::PurgeProof)), Some("1234-ABCD")));
        assert!(!explains_start(&of("1234-abcd", None), None));
    }

    #[test]
    fn a_disk_that_has_not_answered_is_not_offered() {
        assert!(matches!(why(&tree(&[]), &Examination::Waiting, ""), Some(Exclusion::InUse(_))));
    }

    #[test]
    fn read_only_empty_and_odd_disks_are_not() {
        assert_eq!(why(&tree(&[("ro", b"1\n")]), &empty(), ""), Some(Exclusion::ReadOnly));
        assert_eq!(why(&tree(&[("size", b"0\n")]), &empty(), ""), Some(Exclusion::NoMedium));
        let odd: Attributes<'_> = &[("size", b"2047\n"), ("queue/logical_block_size", b"4096\n")];
        assert_eq!(why(&tree(odd), &empty(), ""), Some(Exclusion::OddGeometry));
    }

    #[test]
    fn mounts_of_a_partition_and_holders_keep_the_disk() {
        let partition: Attributes<'_> = &[("sda1/partition", b"1\n"), ("sda1/dev", b"8:1\n")];
        let mounts = "30 27 8:1 / /mnt rw - ext4 none rw\n";
        assert_eq!(why(&tree(partition), &empty(), mounts), Some(Exclusion::InUse("sda1 is mounted on /mnt".into())));
        let held: Attributes<'_> = &[("sda2/partition", b"2\n"), ("sda2/holders/dm-0", b"")];
        assert_eq!(why(&tree(held), &empty(), ""), Some(Exclusion::InUse("sda2 is held by dm-0".into())));
        let held: Attributes<'_> = &[("holders/md0", b""), ("holders/md1", b"")];
        assert_eq!(why(&tree(held), &empty(), ""), Some(Exclusion::InUse("held by md0, md1".into())));
    }

    #[test]
    fn loops_and_mappings_are_virtual_and_players_optical() {
        let of = |name: &str| {
            by_kind(
                &Tree::new()
                    .node("virtual", "", None, &[])
                    .node("block", "", None, &[])
                    .node(name, "block", None, DISK)
                    .chain(),
            )
        };
        assert_eq!(of("loop0"), Some(Exclusion::Virtual("loop".into())));
        assert_eq!(of("dm-12"), Some(Exclusion::Virtual("dm".into())));
        let player =
            Tree::new().node("1:0:0:0", "scsi", Some("sr"), &[("type", b"5\n")]).node("sr0", "block", None, DISK);
        assert_eq!(by_kind(&player.chain()), Some(Exclusion::Optical));
        let multipath = Tree::new()
            .node("virtual", "", None, &[])
            .node("nvme-subsys0", "nvme-subsystem", None, &[])
            .node("nvme0n1", "block", None, DISK);
        assert_eq!(by_kind(&multipath.chain()), None);
    }

    #[test]
    fn the_token_is_a_filesystem_identifier() {
        assert_eq!(medium_of("UUID=1234-ABCD"), Some("1234-ABCD"));
        assert_eq!(medium_of("2026-11-21-10-00-00-00"), Some("2026-11-21-10-00-00-00"));
        assert_eq!(medium_of("UUID="), None, "grub found no filesystem: nothing to compare with");
    }
}
