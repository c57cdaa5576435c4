//! `udev_list_entry_*`.

use std::ffi::c_char;

use nix::errno::Errno;

use super::{lend, object, string};
use crate::list::ListEntry;

/// The entry that follows; NULL and `ENOENT` after the last.
pub unsafe extern "C" fn udev_list_entry_get_next(entry: *mut ListEntry) -> *mut ListEntry {
    // SAFETY: the contract.
    let entry = unsafe { object(entry) };
    lend(entry.and_then(|entry| entry.next().map(std::ptr::from_ref).ok_or(Errno::ENOENT)))
}

/// The name; never NULL for an entry.
pub unsafe extern "C" fn udev_list_entry_get_name(entry: *mut ListEntry) -> *const c_char {
    // SAFETY: the contract.
    let entry = unsafe { object(entry) };
    string(entry.map(ListEntry::name))
}

/// The value; NULL and `ENOENT` for entries of lists that have names only.
pub unsafe extern "C" fn udev_list_entry_get_value(entry: *mut ListEntry) -> *const c_char {
    // SAFETY: the contract.
    let entry = unsafe { object(entry) };
    string(entry.and_then(|entry| entry.value().ok_or(Errno::ENOENT)))
}
