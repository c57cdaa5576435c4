use super::*;
use crate::fake::Fake;
use crate::uevent::{Source, parse};

const SDA: &str = "devices/pci0/ata1/block/sda";

fn sda(fake: &Fake) -> Device {
    Device::from_syspath(fake.roots, &fake.roots.in_sys("class/block/sda")).unwrap()
}

#[test]
fn a_disk_without_udevd() {
    let fake = Fake::with_a_disk();
    let sda = sda(&fake);
    assert_eq!(sda.directory(), fake.roots.in_sys(SDA));
    assert_eq!(sda.devpath(), c"/devices/pci0/ata1/block/sda");
    assert_eq!((sda.sysname(), sda.sysnum()), (c"sda", None));
    assert_eq!((sda.subsystem(), sda.driver()), (Some(c"block"), None));
    assert_eq!(sda.property(c"DEVNAME"), Some(c"/dev/sda"));
    assert_eq!(sda.property(c"SUBSYSTEM"), Some(c"block"));
    assert_eq!(sda.devnum(), Some(0x0800));
    assert_eq!((sda.seqnum(), sda.is_initialized()), (0, false));
    assert_eq!(sda.attribute(c"size").as_deref(), Ok(c"7814037168"));
}

#[test]
fn a_disk_with_udevd() {
    let fake = Fake::with_a_disk();
    fake.database("b8:0", b"S:disk/by-id/x\nE:ID_SERIAL=WD-1\nG:systemd\n");
    let sda = sda(&fake);
    assert!(sda.is_initialized());
    assert_eq!(sda.property(c"ID_SERIAL"), Some(c"WD-1"));
    assert_eq!(sda.property(c"DEVLINKS"), Some(c"/dev/disk/by-id/x"));
    assert!(sda.has_tag(c"systemd"));
    assert!(!sda.has_tag(c"system"));
}

#[test]
fn the_database_is_found_by_number_interface_or_name() {
    let fake = Fake::with_a_disk();
    fake.file("devices/net/eth0/uevent", b"INTERFACE=eth0\nIFINDEX=2\n");
    fake.link("../../../class/net", "devices/net/eth0/subsystem");
    fake.file("devices/mem/null/uevent", b"MAJOR=1\nMINOR=3\nDEVNAME=null\n");
    fake.link("../../../class/mem", "devices/mem/null/subsystem");
    fake.file("bus/pci/drivers/nvme/bind", b"");
    fake.file("devices/cciss/cciss!c0/uevent", b"");
    fake.link("../../../bus/cciss", "devices/cciss/cciss!c0/subsystem");
    for (at, id) in [
        (SDA, "b8:0"),
        ("devices/net/eth0", "n2"),
        ("devices/mem/null", "c1:3"),
        ("devices/pci0/ata1", "+pci:ata1"),
        ("bus/pci/drivers/nvme", "+drivers:pci:nvme"),
        ("devices/cciss/cciss!c0", "+cciss:cciss!c0"),
    ] {
        let open = || Device::from_syspath(fake.roots, &fake.roots.in_sys(at)).unwrap();
        assert!(!open().is_initialized(), "{at}");
        fake.database(id, b"");
        assert!(open().is_initialized(), "{at}");
    }
}

#[test]
fn what_is_no_device() {
    let fake = Fake::with_a_disk();
    let open = |at: &str| Device::from_syspath(fake.roots, &fake.roots.in_sys(at)).map(drop);
    assert_eq!(open("devices/absent"), Err(Errno::ENODEV));
    assert_eq!(open("devices/pci0/ata1/block"), Err(Errno::ENODEV), "a directory without uevent");
    assert_eq!(open("devices"), Err(Errno::ENODEV));
    assert_eq!(open(""), Err(Errno::ENODEV), "sysfs itself");
    fake.database("b8:0", b"");
    assert_eq!(open("../run/data"), Err(Errno::ENODEV), "a path out of sysfs");
    assert_eq!(Device::from_syspath(fake.roots, Path::new("/dev/null")).map(drop), Err(Errno::EINVAL));
    assert_eq!(Device::from_syspath(fake.roots, Path::new("")).map(drop), Err(Errno::EINVAL));
}

#[test]
fn devices_by_number() {
    let fake = Fake::with_a_disk();
    assert_eq!(Device::from_devnum(fake.roots, b'b', 0x0800).unwrap().sysname(), c"sda");
    assert_eq!(Device::from_devnum(fake.roots, b'c', 0x0800).map(drop), Err(Errno::ENODEV));
    assert_eq!(Device::from_devnum(fake.roots, b'x', 0x0800).map(drop), Err(Errno::EINVAL));
}

#[test]
fn devices_by_name() {
    let fake = Fake::with_a_disk();
    fake.file("bus/pci/drivers/nvme/bind", b"");
    fake.file("module/loop/refcnt", b"0\n");
    fake.block("cciss!c0d0", b"MAJOR=104\nMINOR=0\n");
    let found = |subsystem: &CStr, sysname: &CStr| {
        Device::from_subsystem_sysname(fake.roots, subsystem, sysname)
            .map(|device| (device.sysname().to_owned(), device.subsystem().map(CStr::to_owned)))
    };
    let is = |sysname: &CStr, subsystem: &CStr| Ok((sysname.to_owned(), Some(subsystem.to_owned())));
    assert_eq!(found(c"block", c"sda"), is(c"sda", c"block"));
    assert_eq!(found(c"block", c"cciss/c0d0"), is(c"cciss/c0d0", c"block"));
    assert_eq!(found(c"pci", c"0000:00:1f.2"), is(c"ata1", c"pci"));
    assert_eq!(found(c"drivers", c"pci:nvme"), is(c"nvme", c"drivers"));
    assert_eq!(found(c"module", c"loop"), is(c"loop", c"module"));
    assert_eq!(found(c"subsystem", c"pci"), is(c"pci", c"subsystem"));
    assert_eq!(found(c"subsystem", c"block"), is(c"block", c"subsystem"));
    assert_eq!(found(c"block", c"absent"), Err(Errno::ENODEV));
    for (subsystem, sysname) in [(c"..", c"sda"), (c"block", c".."), (c"", c"sda"), (c"block", c""), (c"a/b", c"sda")] {
        assert_eq!(found(subsystem, sysname), Err(Errno::EINVAL), "{subsystem:?} {sysname:?}");
    }
}

#[test]
fn parents_skip_directories_that_are_no_devices() {
    let fake = Fake::with_a_disk();
    let sda = sda(&fake);
    let port = sda.parent().unwrap();
    assert_eq!((port.sysname(), port.driver()), (c"ata1", Some(c"ahci")));
    let root = port.parent().unwrap();
    assert_eq!((root.sysname(), root.subsystem()), (c"pci0", None));
    assert!(root.parent().is_none());
    assert!(std::ptr::eq(Arc::as_ptr(sda.parent().unwrap()), Arc::as_ptr(port)), "the same one at every call");
}

#[test]
fn parents_by_subsystem_and_type() {
    let fake = Fake::with_a_disk();
    let part = Device::from_syspath(fake.roots, &fake.roots.in_sys("class/block/sda1")).unwrap();
    let found =
        |subsystem: &CStr, devtype: Option<&CStr>| part.parent_with(subsystem, devtype).map(|found| found.sysname());
    assert_eq!(found(c"block", Some(c"disk")), Some(c"sda"));
    assert_eq!(found(c"block", None), Some(c"sda"));
    assert_eq!(found(c"block", Some(c"partition")), None, "the device itself is no parent");
    assert_eq!(found(c"pci", None), Some(c"ata1"));
    assert_eq!(found(c"usb", None), None);
}

#[test]
fn the_device_of_a_remove_event() {
    let fake = Fake::new();
    let message = b"remove@/devices/pci0/block/sdb1\0ACTION=remove\0DEVPATH=/devices/pci0/block/sdb1\0\
        SUBSYSTEM=block\0MAJOR=8\0MINOR=17\0DEVNAME=sdb1\0DEVTYPE=partition\0SEQNUM=77\0";
    let device = Device::from_event(fake.roots, parse(message, Source::Kernel).unwrap(), false);
    assert_eq!(device.directory(), fake.roots.in_sys("devices/pci0/block/sdb1"));
    assert_eq!((device.sysname(), device.sysnum()), (c"sdb1", Some(c"1")));
    assert_eq!(device.property(c"ACTION"), Some(c"remove"));
    assert_eq!((device.devnum(), device.seqnum()), (Some(0x0811), 77));
    assert!(!device.is_initialized());
    assert!(device.parent().is_none());
    assert_eq!(device.attribute(c"size"), Err(Errno::ENOENT));
    assert!(device.attribute_list().is_none());
}

#[test]
fn numbers_at_the_end_of_names() {
    for (name, number) in
        [(c"nvme0n1", Some(c"1")), (c"tty63", Some(c"63")), (c"sda", None), (c"42", None), (c"", None), (c"a0b", None)]
    {
        assert_eq!(trailing_number(name).as_deref(), number, "{name:?}");
    }
}

#[test]
fn lists_are_sorted() {
    let fake = Fake::with_a_disk();
    let sda = sda(&fake);
    let names = |list: &List| {
        std::iter::successors(list.as_deref(), |entry| entry.next())
            .map(|entry| entry.name().to_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(sda.property_list()), ["DEVNAME", "DEVPATH", "DEVTYPE", "MAJOR", "MINOR", "SUBSYSTEM"]);
    assert_eq!(names(sda.attribute_list()), ["queue/rotational", "size", "subsystem", "uevent"]);
}
