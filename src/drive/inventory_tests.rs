use super::*;
use crate::sysfs::tests::Tree;
use std::path::PathBuf;

/// An inventory entry of a drive without properties.
pub(crate) fn found(node: &str) -> Found {
    let chain = Tree::new().node("sdx", "block", None, &[]).chain();
    let identity = identity(&chain);
    Found {
        node: PathBuf::from(node),
        syspath: PathBuf::new(),
        exclusion: None,
        capabilities: crate::probe::unasked(identity.transport),
        driver: None,
        filesystems: Vec::new(),
        marked: None,
        paths: Vec::new(),
        identity,
    }
}

fn disk(name: &str, uevent: &str, size: &str) -> Tree {
    let attributes =
        [("uevent", uevent), ("size", size), ("ro", "0\n")].map(|(attribute, text)| (attribute, text.as_bytes()));
    Tree::new().node("0:0:0:0", "scsi", Some("sd"), &[("vendor", b"QEMU\n"), ("model", b"QEMU HARDDISK\n")]).node(
        name,
        "block",
        None,
        &attributes,
    )
}

#[test]
fn disks_are_listed_by_name_with_what_hangs_them() {
    let trees = [disk("sdb", "DEVNAME=no-node/sdb\n", "2048\n"), disk("sdaa", "DEVNAME=no-node/no-such-node\n", "0\n")];
    let chains: Vec<_> = trees.iter().map(Tree::chain).collect();
    let listed = Inventory::new(None).look(&chains, &Users::from_mounts(""));
    let names: Vec<_> = listed.iter().map(|found| (found.name(), found.exclusion.clone())).collect();
    assert!(matches!(names[0], ("sdb", Some(Exclusion::InUse(_)))), "its node cannot be opened: {:?}", names[0]);
    assert_eq!(names[1], ("no-such-node", Some(Exclusion::NoMedium)));
    assert!(natural(&chains[0]) < natural(&chains[1]));
}

#[test]
fn multipath_disks_are_reached_through_their_controllers() {
    let tree = Tree::new().node("nvme-subsys0", "nvme-subsystem", None, &[]).node("nvme0n1", "block", None, &[]);
    let chain = tree.chain();
    let controller = Tree::new().node("nvme0", "nvme", None, &[]);
    let target = controller.chain().disk.syspath;
    std::os::unix::fs::symlink(&target, chain.above[0].syspath.join("nvme0")).unwrap();
    assert_eq!(paths(&chain, Transport::Nvme), [chain.disk.syspath.clone(), target.canonicalize().unwrap()]);
}

#[test]
fn this_machine_has_no_disk_with_a_mounted_root_to_offer() {
    let root = std::fs::metadata("/").map(|m| std::os::unix::fs::MetadataExt::dev(&m)).unwrap();
    for found in Inventory::new(None).scan().unwrap() {
        let number = crate::mounted::node_number(&found.node);
        assert!(number != Some(root) || found.exclusion.is_some(), "{found:?}");
    }
}
