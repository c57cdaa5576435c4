//! The crate `udev` over this one, on the sysfs of the machine that runs the test; it is read, never written.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use udev::{Device, DeviceType, Enumerator, MonitorBuilder};

fn enumerated(subsystem: &str) -> Vec<Device> {
    let mut enumerator = Enumerator::new().unwrap();
    enumerator.match_subsystem(subsystem).unwrap();
    enumerator.scan_devices().unwrap().collect()
}

#[test]
fn every_block_device_of_sysfs_is_found_once() {
    let listed: BTreeSet<PathBuf> =
        fs::read_dir("/sys/class/block").unwrap().map(|entry| entry.unwrap().path().canonicalize().unwrap()).collect();
    let found = enumerated("block");
    let paths: BTreeSet<PathBuf> = found.iter().map(|device| device.syspath().to_owned()).collect();
    assert_eq!(paths, listed);
    assert_eq!(found.len(), listed.len());
}

#[test]
fn a_device_says_what_sysfs_says() {
    for device in enumerated("mem").into_iter().chain(enumerated("block")) {
        let path = device.syspath();
        assert_eq!(Path::new("/sys").join(device.devpath().to_str().unwrap().trim_start_matches('/')), path);
        assert_eq!(Some(device.sysname()), path.file_name());
        let number = fs::read_to_string(path.join("dev")).unwrap();
        assert_eq!(device.attribute_value("dev").unwrap(), number.trim_end());
        let (major, minor) = number.trim_end().split_once(':').unwrap();
        assert_eq!(device.property_value("MAJOR").unwrap(), major);
        assert_eq!(device.property_value("MINOR").unwrap(), minor);
        assert!(device.devnode().unwrap().starts_with("/dev"));
        assert!(
            device.attributes().any(|attribute| attribute.name() == "dev" && *attribute.value() == *number.trim_end())
        );
        assert!(device.properties().any(|property| property.name() == "SUBSYSTEM"));
        assert_eq!(
            (device.action(), device.property_value("NO_SUCH"), device.attribute_value("no_such")),
            (None, None, None)
        );
    }
}

#[test]
fn one_device_three_ways() {
    // 1:3 is /dev/null on every Linux: Documentation/admin-guide/devices.txt.
    let null = Device::from_devnum(DeviceType::Character, 0x0103).unwrap();
    assert_eq!(null.devnode(), Some(Path::new("/dev/null")));
    let named = Device::from_subsystem_sysname("mem".to_owned(), "null".to_owned()).unwrap();
    let by_path = Device::from_syspath(Path::new("/sys/class/mem/null")).unwrap();
    assert_eq!(null.syspath(), named.syspath());
    assert_eq!(null.syspath(), by_path.syspath());
    assert_eq!((null.devnum(), null.subsystem()), (Some(0x0103), Some("mem".as_ref())));
}

#[test]
fn errors_are_errnos() {
    let errno = |result: std::io::Result<Device>| result.err().and_then(|error| error.raw_os_error());
    assert_eq!(errno(Device::from_syspath(Path::new("/sys/class/mem/no_such"))), Some(libc::ENODEV));
    assert_eq!(errno(Device::from_syspath(Path::new("/dev/null"))), Some(libc::EINVAL));
    assert_eq!(errno(Device::from_devnum(DeviceType::Block, 0)), Some(libc::ENODEV));
    assert_eq!(errno(Device::from_subsystem_sysname("mem".into(), "..".into())), Some(libc::EINVAL));
}

#[test]
fn strings_outlive_clones_and_parents_outlive_children() {
    let lo = Device::from_syspath(Path::new("/sys/class/mem/null")).unwrap();
    let copy = lo.clone();
    let value = lo.attribute_value("dev").unwrap();
    drop(copy);
    assert_eq!(value, "1:3");
    for child in enumerated("block") {
        let Some(parent) = child.parent() else { continue };
        let name = child.syspath().to_owned();
        drop(child);
        assert!(name.starts_with(parent.syspath()));
        assert!(parent.properties().count() > 0);
    }
}

#[test]
fn a_monitor_listens_and_hears_nothing_made_up() {
    for builder in [MonitorBuilder::new_kernel(), MonitorBuilder::new()] {
        let builder = builder.unwrap().match_subsystem("no-such-subsystem").unwrap();
        let builder =
            builder.match_subsystem_devtype("block", "no-such-type").unwrap().match_tag("no-such-tag").unwrap();
        let socket = builder.clone().listen().unwrap();
        let again = builder.listen().unwrap();
        assert!(socket.as_raw_fd() >= 0);
        assert_eq!(socket.as_raw_fd(), again.as_raw_fd());
        let next = socket.iter().next();
        let errno = std::io::Error::last_os_error().raw_os_error();
        assert!(next.is_none());
        assert_eq!(errno, Some(libc::EAGAIN));
    }
}
