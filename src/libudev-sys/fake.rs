//! A small sysfs in a temporary directory, for tests.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::sysfs::Roots;

static TREES: AtomicU32 = AtomicU32::new(0);

pub(crate) struct Fake {
    top: PathBuf,
    pub(crate) roots: Roots,
}

impl Fake {
    /// Empty `bus` and `class`, no udevd.
    pub(crate) fn new() -> Self {
        let number = TREES.fetch_add(1, Ordering::Relaxed);
        let top = std::env::temp_dir().join(format!("libudev-sys-{}-{number}", std::process::id()));
        fs::create_dir_all(&top).unwrap();
        let top = top.canonicalize().unwrap();
        let leak = |name: &str| -> &'static str { top.join(name).to_str().unwrap().to_owned().leak() };
        let roots = Roots { sys: leak("sys"), run: leak("run") };
        let fake = Self { top, roots };
        fs::create_dir_all(fake.roots.in_sys("bus")).unwrap();
        fs::create_dir_all(fake.roots.in_sys("class")).unwrap();
        fake
    }

    /// One SATA disk, sda 8:0, below an ATA port that is a device of no subsystem, below a PCI root.
    pub(crate) fn with_a_disk() -> Self {
        let fake = Self::new();
        fake.file("devices/pci0/uevent", b"");
        fake.file("devices/pci0/ata1/uevent", b"DRIVER=ahci\n");
        fake.link("../../../bus/pci", "devices/pci0/ata1/subsystem");
        fake.link("../../../bus/pci/drivers/ahci", "devices/pci0/ata1/driver");
        fake.link("../../../devices/pci0/ata1", "bus/pci/devices/0000:00:1f.2");
        fake.block("pci0/ata1/block/sda", b"MAJOR=8\nMINOR=0\nDEVNAME=sda\nDEVTYPE=disk\n");
        fake.file("devices/pci0/ata1/block/sda/size", b"7814037168\n");
        fake.file("devices/pci0/ata1/block/sda/queue/rotational", b"1\n");
        fake.link("../../devices/pci0/ata1/block/sda", "dev/block/8:0");
        fake.block("pci0/ata1/block/sda/sda1", b"MAJOR=8\nMINOR=1\nDEVNAME=sda1\nDEVTYPE=partition\n");
        fake
    }

    /// A device of the subsystem block at `devices/<at>`.
    pub(crate) fn block(&self, at: &str, uevent: &[u8]) {
        let name = at.rsplit('/').next().unwrap();
        self.file(&format!("devices/{at}/uevent"), uevent);
        self.link("/elsewhere/class/block", &format!("devices/{at}/subsystem"));
        self.link(&format!("../../devices/{at}"), &format!("class/block/{name}"));
    }

    pub(crate) fn file(&self, at: &str, content: &[u8]) {
        write(&self.roots.in_sys(at), content);
    }

    pub(crate) fn write_only(&self, at: &str) {
        self.file(at, b"");
        fs::set_permissions(self.roots.in_sys(at), fs::Permissions::from_mode(0o200)).unwrap();
    }

    pub(crate) fn link(&self, target: &str, at: &str) {
        let at = self.roots.in_sys(at);
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        symlink(target, at).unwrap();
    }

    /// udevd's database file of one device.
    pub(crate) fn database(&self, id: &str, content: &[u8]) {
        write(&Path::new(self.roots.run).join("data").join(id), content);
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        let _ignored = fs::remove_dir_all(&self.top);
    }
}

fn write(path: &Path, content: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}
