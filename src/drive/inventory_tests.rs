use super::*;
use crate::examine::Contents;
use crate::sysfs::tests::Tree;
use purgeproof_core::units::{BlockSize, Blocks, Bytes, Geometry};
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
    let listed = Inventory::new(None).look(&chains, |_, _| true, &Users::from_mounts(""));
    let names: Vec<_> = listed.iter().map(|found| (found.name(), found.exclusion.clone())).collect();
    assert!(matches!(names[0], ("sdb", Some(Exclusion::InUse(_)))), "its node cannot be opened: {:?}", names[0]);
    assert_eq!(names[1], ("no-such-node", Some(Exclusion::NoMedium)));
    assert!(natural(&chains[0]) < natural(&chains[1]));
}

#[test]
fn nothing_is_read_from_a_disk_that_is_not_meant() {
    let dir = crate::sysfs::tests::Scratch::new();
    let (pipe, file) = (dir.0.join("pipe"), dir.0.join("file"));
    // Nobody writes to the pipe: to open it, as an examination would, blocks for ever.
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    std::fs::write(&file, vec![0; 100_000]).unwrap();
    let uevents = [&pipe, &file].map(|node| format!("DEVNAME={}\n", node.display()));
    let trees = [disk("sda", &uevents[0], "2048\n"), disk("sdb", &uevents[1], "2048\n")];
    let chains: Vec<_> = trees.iter().map(Tree::chain).collect();
    let mut inventory = Inventory::new(None);
    let listed = inventory.look(&chains, |node, _| node == file, &Users::from_mounts(""));
    assert!(!inventory.is_waiting());
    assert_eq!(listed.iter().map(|found| &found.node).collect::<Vec<_>>(), [&file]);
    let named = |identity: &Identity| identity.model == "QEMU HARDDISK";
    assert_eq!(
        inventory.look(&chains, |_, identity| named(identity), &Users::from_mounts("")).len(),
        2,
        "doubles show"
    );
    assert!(inventory.is_waiting());
}

/// A disk that Linux gives no size, below these.
fn sizeless(above: Tree, removable: &[u8], kind: &[u8]) -> Tree {
    let attributes: &[(&str, &[u8])] = &[("vendor", b"HITACHI\n"), ("model", b"HUC10906\n"), ("type", kind)];
    let disk: &[(&str, &[u8])] = &[
        ("uevent", b"DEVNAME=no-node/sdb\n"),
        ("size", b"0\n"),
        ("ro", b"0\n"),
        ("removable", removable),
        ("queue/logical_block_size", b"512\n"),
    ];
    above.node("0:0:0:0", "scsi", Some("sd"), attributes).node("sdb", "block", None, disk)
}

#[test]
fn a_disk_that_linux_gives_no_size_is_offered_with_the_blocks_that_it_told() {
    let tree = sizeless(Tree::new(), b"0\n", b"0\n");
    let chain = tree.chain();
    assert!(is_worth_asking(&chain, &identity(&chain)));
    let look = |foreign| {
        let examination = Examination::Done(Contents { foreign, ..Contents::default() });
        let node = chain.disk.device_node().unwrap();
        let disk = Disk { key: MediumKey::of(&chain.disk, &node), chain: &chain, node, identity: identity(&chain) };
        disk.found(&examination, &Users::from_mounts(""), BootMedium::default())
    };
    let geometry = Geometry::new(BlockSize::new(520).unwrap(), Blocks(1_172_123_568)).unwrap();
    let told = look(Some(geometry));
    assert_eq!(told.exclusion, None);
    // 1172123568 * 520
    assert_eq!((told.identity.capacity, told.identity.logical_block.get()), (Bytes(609_504_255_360), 520));
    assert_eq!(told.identity.geometry(), Some(geometry));
    let silent = look(None);
    assert_eq!((silent.exclusion, silent.identity.capacity), (Some(Exclusion::NoMedium), Bytes(0)));
}

#[test]
fn only_a_scsi_disk_is_asked_for_the_blocks_that_linux_does_not_show() {
    let is_asked = |tree: Tree| {
        let chain = tree.chain();
        is_worth_asking(&chain, &identity(&chain))
    };
    assert!(is_asked(sizeless(Tree::new(), b"0\n", b"0\n")));
    assert!(!is_asked(sizeless(Tree::new(), b"1\n", b"0\n")), "an empty drive for media");
    assert!(!is_asked(sizeless(Tree::new(), b"0\n", b"5\n")), "a player");
    let usb = Tree::new().node("1-1:1.0", "usb", Some("uas"), &[]);
    assert!(!is_asked(sizeless(usb, b"0\n", b"0\n")), "what a bridge makes of a disk");
    let raid = Tree::new().node("0000:01:00.0", "pci", Some("arcmsr"), &[]);
    assert!(!is_asked(sizeless(raid, b"0\n", b"0\n")), "a volume");
    let ata: &[(&str, &[u8])] = &[("vendor", b"ATA\n"), ("model", b"ST4000\n")];
    let ata = Tree::new().node("0:0:0:0", "scsi", Some("sd"), ata).node("sdb", "block", None, &[("size", b"0\n")]);
    assert!(!is_asked(ata), "an ATA disk that has failed");
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
