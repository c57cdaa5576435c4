//! A device of sysfs and what it hangs on, up to the root: what identities are read from.
//!
//! `udev` says which devices there are and how they depend on each other. Attributes are read straight from their files: VPD pages
//! are binary, and `udev` keeps the first value it saw, which after a change of the medium is the wrong one.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use nix::libc::dev_t;

/// One device directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) syspath: PathBuf,
    pub(crate) subsystem: String,
    pub(crate) driver: Option<String>,
}

/// A disk's own directory and those above it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chain {
    pub(crate) disk: Node,
    /// The nearest first.
    pub(crate) above: Vec<Node>,
}

impl Node {
    /// A device as `udev` knows it.
    pub(crate) fn of(device: &udev::Device) -> Self {
        let text = |name: Option<&OsStr>| name.map(|name| name.to_string_lossy().into_owned());
        Self {
            syspath: device.syspath().to_owned(),
            subsystem: text(device.subsystem()).unwrap_or_default(),
            driver: text(device.driver()),
        }
    }

    /// A text attribute, trimmed; `None` if it is missing, unreadable or blank.
    pub(crate) fn text(&self, attribute: &str) -> Option<String> {
        let bytes = self.bytes(attribute)?;
        let text = String::from_utf8_lossy(&bytes);
        let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// An attribute as it is.
    pub(crate) fn bytes(&self, attribute: &str) -> Option<Vec<u8>> {
        let mut file = File::open(self.syspath.join(attribute)).ok()?;
        // To read it by the length that sysfs gives, which is always a page, would be a mapping for every attribute (musl).
        let (mut bytes, mut page) = (Vec::new(), [0; 4096]);
        loop {
            match file.read(&mut page).ok()? {
                0 => return Some(bytes),
                count => bytes.extend_from_slice(page.get(..count).unwrap_or_default()),
            }
        }
    }

    /// A decimal attribute.
    pub(crate) fn number(&self, attribute: &str) -> Option<u64> {
        self.text(attribute)?.parse().ok()
    }

    /// The name of the directory: `sda`, `nvme0`, `0:0:0:0`.
    pub(crate) fn name(&self) -> &str {
        self.syspath.file_name().and_then(OsStr::to_str).unwrap_or_default()
    }

    /// A variable of the `uevent` file.
    pub(crate) fn variable(&self, name: &str) -> Option<String> {
        let text = self.text("uevent")?;
        text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).map(str::to_owned)
    }

    /// The device number, from `dev`.
    pub(crate) fn device_number(&self) -> Option<dev_t> {
        parse_device_number(&self.text("dev")?)
    }

    /// The device node, as the kernel names it.
    pub(crate) fn device_node(&self) -> Option<PathBuf> {
        self.variable("DEVNAME").map(|name| Path::new("/dev").join(name))
    }

    /// The partitions: directories below the disk's that have a `partition` attribute. Their names begin with the disk's
    /// (block/partitions/core.c, `add_partition`).
    pub(crate) fn partitions(&self) -> Vec<Self> {
        let entries = fs::read_dir(&self.syspath).into_iter().flatten().flatten();
        let mut partitions: Vec<_> = entries
            .filter(|entry| entry.file_name().as_encoded_bytes().starts_with(self.name().as_bytes()))
            .map(|entry| Self { syspath: entry.path(), subsystem: "block".to_owned(), driver: None })
            .filter(|node| node.syspath.join("partition").exists())
            .collect();
        partitions.sort_by(|a, b| a.syspath.cmp(&b.syspath));
        partitions
    }

    /// The names in a directory of links, such as `holders`.
    pub(crate) fn names_in(&self, directory: &str) -> Vec<String> {
        let entries = fs::read_dir(self.syspath.join(directory)).into_iter().flatten().flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}

impl Chain {
    /// A device as `udev` knows it, with its parents.
    pub(crate) fn of(device: &udev::Device) -> Self {
        let parents = std::iter::successors(device.parent(), udev::Device::parent);
        Self { disk: Node::of(device), above: parents.map(|parent| Node::of(&parent)).collect() }
    }

    /// The nearest device above the disk that belongs to one of these subsystems.
    pub(crate) fn nearest(&self, subsystems: &[&str]) -> Option<&Node> {
        self.above.iter().find(|node| subsystems.contains(&node.subsystem.as_str()))
    }

    /// The nearest driver above the disk that belongs to a bus on which controllers sit.
    pub(crate) fn controller_driver(&self) -> Option<&str> {
        let buses = ["pci", "usb", "virtio", "mmc", "mmc_host", "vmbus", "xen", "platform", "firewire"];
        let mut on_bus = self.above.iter().filter(|node| buses.contains(&node.subsystem.as_str()));
        // With multipath an NVMe disk hangs on no controller, only on their common subsystem.
        let is_multipath = || self.nearest(&["nvme-subsystem"]).map(|_| "nvme");
        on_bus.find_map(|node| node.driver.as_deref()).or_else(is_multipath)
    }
}

/// `8:16`, as in `dev` and in mountinfo.
pub(crate) fn parse_device_number(text: &str) -> Option<dev_t> {
    let (major, minor) = text.trim().split_once(':')?;
    Some(nix::sys::stat::makedev(major.parse().ok()?, minor.parse().ok()?))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::process::Command;
    use std::sync::atomic::{AtomicU32, Ordering};

    static NEXT: AtomicU32 = AtomicU32::new(0);

    /// A directory that goes with its value.
    pub(crate) struct Scratch(pub(crate) PathBuf);

    impl Scratch {
        pub(crate) fn new() -> Self {
            let name = format!("purgeproof-drive-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
            let path = std::env::temp_dir().join(name);
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    /// A loop device over a file; detached with the value.
    pub(crate) struct Loop(pub(crate) PathBuf);

    impl Loop {
        /// `None` where this process may not set one up.
        pub(crate) fn over(file: &Path) -> Option<Self> {
            let output = Command::new("losetup").args(["--find", "--show"]).arg(file).output().ok()?;
            output.status.success().then(|| Self(PathBuf::from(String::from_utf8(output.stdout).unwrap().trim())))
        }
    }

    impl Drop for Loop {
        fn drop(&mut self) {
            let _ = Command::new("losetup").arg("--detach").arg(&self.0).status();
        }
    }

    /// A sysfs that a test writes: each node is a directory in the one above it.
    pub(crate) struct Tree {
        root: Scratch,
        nodes: Vec<Node>,
    }

    impl Tree {
        pub(crate) fn new() -> Self {
            Self { root: Scratch::new(), nodes: Vec::new() }
        }

        /// Adds a node below the last one, with its attributes.
        pub(crate) fn node(
            mut self,
            name: &str,
            subsystem: &str,
            driver: Option<&str>,
            attributes: &[(&str, &[u8])],
        ) -> Self {
            let syspath = self.nodes.last().map_or(&self.root.0, |above| &above.syspath).join(name);
            fs::create_dir_all(&syspath).unwrap();
            for (attribute, value) in attributes {
                let file = syspath.join(attribute);
                fs::create_dir_all(file.parent().unwrap()).unwrap();
                fs::write(file, value).unwrap();
            }
            self.nodes.push(Node { syspath, subsystem: subsystem.into(), driver: driver.map(Into::into) });
            self
        }

        /// The chain from the last node up.
        pub(crate) fn chain(&self) -> Chain {
            let mut up = self.nodes.iter().rev().cloned();
            Chain { disk: up.next().unwrap(), above: up.collect() }
        }
    }

    #[test]
    fn attributes_are_trimmed_and_blank_ones_are_none() {
        let tree = Tree::new().node(
            "sda",
            "block",
            None,
            &[
                ("model", b"QEMU HARDDISK   \n"),
                ("serial", b"   \n"),
                ("size", b"2048\n"),
                ("dev", b"8:16\n"),
                ("uevent", b"DEVNAME=sda\nDEVTYPE=disk\n"),
            ],
        );
        let disk = tree.chain().disk;
        assert_eq!(disk.text("model").as_deref(), Some("QEMU HARDDISK"));
        assert_eq!((disk.text("serial"), disk.text("missing")), (None, None));
        assert_eq!(disk.number("size"), Some(2048));
        assert_eq!(disk.device_number(), Some(0x810));
        assert_eq!(disk.device_node().unwrap(), Path::new("/dev/sda"));
        assert_eq!(disk.name(), "sda");
    }

    #[test]
    fn the_driver_is_that_of_the_nearest_bus() {
        let usb =
            Tree::new().node("0000:00:14.0", "pci", Some("xhci_hcd"), &[]).node("1-1:1.0", "usb", Some("uas"), &[]);
        let usb = usb.node("6:0:0:0", "scsi", Some("sd"), &[]).node("sdb", "block", None, &[]).chain();
        assert_eq!(usb.controller_driver(), Some("uas"));
        let multipath =
            Tree::new().node("nvme-subsys0", "nvme-subsystem", None, &[]).node("nvme0n1", "block", None, &[]);
        assert_eq!(multipath.chain().controller_driver(), Some("nvme"));
        assert_eq!(Tree::new().node("xyz0", "block", None, &[]).chain().controller_driver(), None);
    }

    #[test]
    fn this_machines_disks_have_a_chain() {
        let mut enumerator = udev::Enumerator::new().unwrap();
        enumerator.match_subsystem("block").unwrap();
        for device in enumerator.scan_devices().unwrap() {
            assert_eq!(Chain::of(&device).disk.subsystem, "block");
        }
    }
}
