//! `udev_monitor_*`.

use std::ffi::{CStr, c_char, c_int};

use nix::errno::Errno;

use super::{Context, hand_out, object, reference_count, status, text};
use crate::device::Device;
use crate::monitor::{Filter, Monitor};
use crate::sysfs::Roots;
use crate::uevent::Source;

reference_count!(Monitor, udev_monitor_ref, udev_monitor_unref);

/// A monitor of `"udev"` or `"kernel"`, not yet receiving; `EINVAL` for any other name.
pub unsafe extern "C" fn udev_monitor_new_from_netlink(_context: *mut Context, name: *const c_char) -> *mut Monitor {
    // SAFETY: the contract.
    let source = unsafe { text(name) }.and_then(Source::named).ok_or(Errno::EINVAL);
    hand_out(source.and_then(|source| Monitor::new(Roots::SYSTEM, source)))
}

/// Begins to receive events.
pub unsafe extern "C" fn udev_monitor_enable_receiving(monitor: *mut Monitor) -> c_int {
    // SAFETY: the contract.
    let monitor = unsafe { object(monitor) };
    status(monitor.and_then(Monitor::enable_receiving))
}

/// The socket, to poll; it belongs to the monitor.
pub unsafe extern "C" fn udev_monitor_get_fd(monitor: *mut Monitor) -> c_int {
    // SAFETY: the contract.
    let monitor = unsafe { object(monitor) };
    monitor.map_or_else(|errno| -(errno as c_int), Monitor::fd)
}

/// The device of the next event. NULL and `EAGAIN` if none waits; NULL and any other errno if events were lost.
pub unsafe extern "C" fn udev_monitor_receive_device(monitor: *mut Monitor) -> *mut Device {
    // SAFETY: the contract.
    let monitor = unsafe { object(monitor) };
    hand_out(monitor.and_then(Monitor::receive))
}

/// Only events of a subsystem and, if not NULL, of a device type.
pub unsafe extern "C" fn udev_monitor_filter_add_match_subsystem_devtype(
    monitor: *mut Monitor,
    subsystem: *const c_char,
    devtype: *const c_char,
) -> c_int {
    // SAFETY: the contract.
    let monitor = unsafe { object(monitor) };
    // SAFETY: the contract.
    let subsystem = unsafe { text(subsystem) }.ok_or(Errno::EINVAL);
    // SAFETY: the contract.
    let devtype = unsafe { text(devtype) }.map(CStr::to_owned);
    status(monitor.and_then(|monitor| {
        let subsystem = subsystem?.to_owned();
        monitor.filter(|filter| filter.subsystems.push((subsystem, devtype)));
        Ok(())
    }))
}

/// Only events of devices with a tag.
pub unsafe extern "C" fn udev_monitor_filter_add_match_tag(monitor: *mut Monitor, tag: *const c_char) -> c_int {
    // SAFETY: the contract.
    let monitor = unsafe { object(monitor) };
    // SAFETY: the contract.
    let tag = unsafe { text(tag) }.ok_or(Errno::EINVAL);
    status(monitor.and_then(|monitor| {
        let tag = tag?.to_owned();
        monitor.filter(|filter| filter.tags.push(tag));
        Ok(())
    }))
}

/// All events again.
pub unsafe extern "C" fn udev_monitor_filter_remove(monitor: *mut Monitor) -> c_int {
    // SAFETY: the contract.
    let monitor = unsafe { object(monitor) };
    status(monitor.map(|monitor| monitor.filter(|filter| *filter = Filter::default())))
}
