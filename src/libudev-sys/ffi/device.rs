//! `udev_device_*`.

use std::ffi::{CStr, c_char, c_int, c_ulonglong};
use std::sync::Arc;

use libc::dev_t;
use nix::errno::Errno;

use super::{Context, hand_out, lend, object, reference_count, status, string, text};
use crate::device::Device;
use crate::list::{List, ListEntry};
use crate::sysfs::{Roots, path};

reference_count!(Device, udev_device_ref, udev_device_unref);

/// The device at a path in `/sys`; `ENODEV` if there is none.
pub unsafe extern "C" fn udev_device_new_from_syspath(_context: *mut Context, syspath: *const c_char) -> *mut Device {
    // SAFETY: the contract.
    let syspath = unsafe { text(syspath) }.ok_or(Errno::EINVAL);
    hand_out(syspath.and_then(|syspath| Device::from_syspath(Roots::SYSTEM, path(syspath.to_bytes()))))
}

/// The device of a device number; `kind` is `b` or `c`.
pub unsafe extern "C" fn udev_device_new_from_devnum(
    _context: *mut Context,
    kind: c_char,
    devnum: dev_t,
) -> *mut Device {
    // `c_char` is signed on some machines and not on others.
    let [kind] = kind.to_ne_bytes();
    hand_out(Device::from_devnum(Roots::SYSTEM, kind, devnum))
}

/// The device of a name in a subsystem; `ENODEV` if there is none.
pub unsafe extern "C" fn udev_device_new_from_subsystem_sysname(
    _context: *mut Context,
    subsystem: *const c_char,
    sysname: *const c_char,
) -> *mut Device {
    // SAFETY: the contract.
    let subsystem = unsafe { text(subsystem) };
    // SAFETY: the contract.
    let sysname = unsafe { text(sysname) };
    let names = subsystem.zip(sysname).ok_or(Errno::EINVAL);
    hand_out(names.and_then(|(subsystem, sysname)| Device::from_subsystem_sysname(Roots::SYSTEM, subsystem, sysname)))
}

/// Defines getters of strings that live as long as the device; NULL and `ENOENT` where there is none.
macro_rules! strings {
    ($($(#[$doc:meta])* $name:ident = $of:expr;)*) => {$(
        $(#[$doc])*
        pub unsafe extern "C" fn $name(device: *mut Device) -> *const c_char {
            // SAFETY: the contract.
            let device = unsafe { object(device) };
            let of: fn(&Device) -> Option<&CStr> = $of;
            string(device.and_then(|device| of(device).ok_or(Errno::ENOENT)))
        }
    )*};
}

strings! {
    /// The path in `/sys`; never NULL for a device.
    udev_device_get_syspath = |device| Some(device.syspath());
    /// The path without `/sys`; never NULL for a device.
    udev_device_get_devpath = |device| Some(device.devpath());
    /// The kernel's name; never NULL for a device.
    udev_device_get_sysname = |device| Some(device.sysname());
    /// The digits at the end of the kernel's name.
    udev_device_get_sysnum = Device::sysnum;
    /// The subsystem.
    udev_device_get_subsystem = Device::subsystem;
    /// The driver bound to the device.
    udev_device_get_driver = Device::driver;
    /// The device type, such as `disk`.
    udev_device_get_devtype = |device| device.property(c"DEVTYPE");
    /// The device node.
    udev_device_get_devnode = |device| device.property(c"DEVNAME");
    /// What happened, on a device that a monitor received.
    udev_device_get_action = |device| device.property(c"ACTION");
}

/// The device number; 0 where there is none.
pub unsafe extern "C" fn udev_device_get_devnum(device: *mut Device) -> dev_t {
    // SAFETY: the contract.
    let device = unsafe { object(device) };
    device.ok().and_then(Device::devnum).unwrap_or(0)
}

/// The number of the event, on a device that a monitor received; else 0.
pub unsafe extern "C" fn udev_device_get_seqnum(device: *mut Device) -> c_ulonglong {
    // SAFETY: the contract.
    let device = unsafe { object(device) };
    device.map_or(0, Device::seqnum)
}

/// 1 if udevd has prepared the device, 0 if not.
pub unsafe extern "C" fn udev_device_get_is_initialized(device: *mut Device) -> c_int {
    // SAFETY: the contract.
    let device = unsafe { object(device) };
    device.map_or_else(|errno| -(errno as c_int), |device| device.is_initialized().into())
}

/// The parent, which belongs to the device; NULL and `ENOENT` at the top.
pub unsafe extern "C" fn udev_device_get_parent(device: *mut Device) -> *mut Device {
    // SAFETY: the contract.
    let device = unsafe { object(device) };
    lend(device.and_then(|device| device.parent().map(Arc::as_ptr).ok_or(Errno::ENOENT)))
}

/// The nearest parent of a subsystem and, if not NULL, of a device type; it belongs to the device.
pub unsafe extern "C" fn udev_device_get_parent_with_subsystem_devtype(
    device: *mut Device,
    subsystem: *const c_char,
    devtype: *const c_char,
) -> *mut Device {
    // SAFETY: the contract.
    let device = unsafe { object(device) };
    // SAFETY: the contract.
    let subsystem = unsafe { text(subsystem) }.ok_or(Errno::EINVAL);
    // SAFETY: the contract.
    let devtype = unsafe { text(devtype) };
    lend(device.and_then(|device| device.parent_with(subsystem?, devtype).map(Arc::as_ptr).ok_or(Errno::ENOENT)))
}

/// A property's value; NULL and `ENOENT` if the device has no such property.
pub unsafe extern "C" fn udev_device_get_property_value(device: *mut Device, key: *const c_char) -> *const c_char {
    // SAFETY: the contract.
    let device = unsafe { object(device) };
    // SAFETY: the contract.
    let key = unsafe { text(key) }.ok_or(Errno::EINVAL);
    string(device.and_then(|device| device.property(key?).ok_or(Errno::ENOENT)))
}

/// The properties, sorted by name.
pub unsafe extern "C" fn udev_device_get_properties_list_entry(device: *mut Device) -> *mut ListEntry {
    // SAFETY: the contract.
    let device = unsafe { object(device) };
    lend(device.and_then(|device| first(device.property_list())))
}

/// The names of the attributes, sorted.
pub unsafe extern "C" fn udev_device_get_sysattr_list_entry(device: *mut Device) -> *mut ListEntry {
    // SAFETY: the contract.
    let device = unsafe { object(device) };
    lend(device.and_then(|device| first(device.attribute_list())))
}

/// An attribute's value, as it was at the first call; NULL and errno if it cannot be read.
pub unsafe extern "C" fn udev_device_get_sysattr_value(device: *mut Device, name: *const c_char) -> *const c_char {
    // SAFETY: the contract.
    let device = unsafe { object(device) };
    // SAFETY: the contract.
    let name = unsafe { text(name) }.ok_or(Errno::EINVAL);
    let value = device.and_then(|device| device.attribute(name?));
    // The device keeps every value it has handed out, so that the pointer outlives this reference to it.
    string(value.as_deref().map_err(|errno| *errno))
}

/// Writes an attribute; with a NULL value only forgets the one that was read.
pub unsafe extern "C" fn udev_device_set_sysattr_value(
    device: *mut Device,
    name: *const c_char,
    value: *mut c_char,
) -> c_int {
    // SAFETY: the contract.
    let device = unsafe { object(device) };
    // SAFETY: the contract.
    let name = unsafe { text(name) }.ok_or(Errno::EINVAL);
    // SAFETY: the contract.
    let value = unsafe { text(value) };
    status(device.and_then(|device| device.set_attribute(name?, value)))
}

fn first(list: &List) -> Result<*const ListEntry, Errno> {
    list.as_deref().map(std::ptr::from_ref).ok_or(Errno::ENODATA)
}
