//! `udev_enumerate_*`. A filter of NULL filters nothing, as in libudev.

use std::ffi::{CStr, CString, c_char, c_int};

use nix::errno::Errno;

use super::{Context, hand_out, lend, object, reference_count, status, text};
use crate::device::Device;
use crate::enumerate::{Enumerate, Filter};
use crate::list::ListEntry;
use crate::sysfs::{Roots, path};

reference_count!(Enumerate, udev_enumerate_ref, udev_enumerate_unref);

/// A search without filters.
pub unsafe extern "C" fn udev_enumerate_new(_context: *mut Context) -> *mut Enumerate {
    hand_out(Ok(Enumerate::new(Roots::SYSTEM)))
}

/// Defines filters by one string.
macro_rules! filters {
    ($($(#[$doc:meta])* $name:ident = $add:expr;)*) => {$(
        $(#[$doc])*
        pub unsafe extern "C" fn $name(enumerate: *mut Enumerate, wanted: *const c_char) -> c_int {
            // SAFETY: the contract.
            let enumerate = unsafe { object(enumerate) };
            // SAFETY: the contract.
            let wanted = unsafe { text(wanted) }.map(CStr::to_owned);
            let add: fn(&mut Filter, CString) = $add;
            status(enumerate.map(|enumerate| {
                if let Some(wanted) = wanted {
                    enumerate.filter(|filter| add(filter, wanted));
                }
            }))
        }
    )*};
}

filters! {
    /// Only devices of a subsystem, a glob.
    udev_enumerate_add_match_subsystem = |filter, wanted| filter.subsystems.push(wanted);
    /// No devices of a subsystem, a glob.
    udev_enumerate_add_nomatch_subsystem = |filter, wanted| filter.other_subsystems.push(wanted);
    /// Only devices of a name, a glob over the name in sysfs.
    udev_enumerate_add_match_sysname = |filter, wanted| filter.sysnames.push(wanted);
    /// Only devices with a tag.
    udev_enumerate_add_match_tag = |filter, wanted| filter.tags.push(wanted);
}

/// Defines filters by a name and a value.
macro_rules! value_filters {
    ($($(#[$doc:meta])* $name:ident = $add:expr;)*) => {$(
        $(#[$doc])*
        pub unsafe extern "C" fn $name(enumerate: *mut Enumerate, key: *const c_char, value: *const c_char) -> c_int {
            // SAFETY: the contract.
            let enumerate = unsafe { object(enumerate) };
            // SAFETY: the contract.
            let key = unsafe { text(key) }.map(CStr::to_owned);
            // SAFETY: the contract.
            let value = unsafe { text(value) }.map(CStr::to_owned);
            let add: fn(&mut Filter, CString, Option<CString>) = $add;
            status(enumerate.map(|enumerate| {
                if let Some(key) = key {
                    enumerate.filter(|filter| add(filter, key, value));
                }
            }))
        }
    )*};
}

value_filters! {
    /// Only devices with an attribute and, if not NULL, a value, a glob.
    udev_enumerate_add_match_sysattr = |filter, key, value| filter.attributes.push((key, value));
    /// No devices with an attribute and, if not NULL, a value, a glob.
    udev_enumerate_add_nomatch_sysattr = |filter, key, value| filter.other_attributes.push((key, value));
    /// Only devices with a property, both globs; a NULL value fits any.
    udev_enumerate_add_match_property = |filter, key, value| {
        filter.properties.push((key, value.unwrap_or_else(|| c"*".to_owned())));
    };
}

/// Only devices that udevd has prepared or leaves alone.
pub unsafe extern "C" fn udev_enumerate_add_match_is_initialized(enumerate: *mut Enumerate) -> c_int {
    // SAFETY: the contract.
    let enumerate = unsafe { object(enumerate) };
    status(enumerate.map(|enumerate| enumerate.filter(|filter| filter.initialized = true)))
}

/// Only a device and those below it; the last call counts.
pub unsafe extern "C" fn udev_enumerate_add_match_parent(enumerate: *mut Enumerate, parent: *mut Device) -> c_int {
    // SAFETY: the contract.
    let enumerate = unsafe { object(enumerate) };
    // SAFETY: the contract.
    let parent = unsafe { object(parent) }.map(|parent| parent.syspath().to_owned());
    status(enumerate.map(|enumerate| {
        if let Ok(parent) = parent {
            enumerate.filter(|filter| filter.parent = Some(parent));
        }
    }))
}

/// Adds a device to what the next scan finds.
pub unsafe extern "C" fn udev_enumerate_add_syspath(enumerate: *mut Enumerate, syspath: *const c_char) -> c_int {
    // SAFETY: the contract.
    let enumerate = unsafe { object(enumerate) };
    // SAFETY: the contract.
    let syspath = unsafe { text(syspath) }.map(|syspath| path(syspath.to_bytes()));
    status(enumerate.and_then(|enumerate| syspath.map_or(Ok(()), |syspath| enumerate.add_syspath(syspath))))
}

/// Searches sysfs.
pub unsafe extern "C" fn udev_enumerate_scan_devices(enumerate: *mut Enumerate) -> c_int {
    // SAFETY: the contract.
    let enumerate = unsafe { object(enumerate) };
    status(enumerate.and_then(Enumerate::scan))
}

/// The syspaths found, those that stand on other devices last; NULL and `ENODATA` if there are none.
pub unsafe extern "C" fn udev_enumerate_get_list_entry(enumerate: *mut Enumerate) -> *mut ListEntry {
    // SAFETY: the contract.
    let enumerate = unsafe { object(enumerate) };
    lend(enumerate.and_then(|enumerate| enumerate.first().ok_or(Errno::ENODATA)))
}
