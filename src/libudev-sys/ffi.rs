//! The functions of libudev: pointers in, pointers out, nothing decided here.
//!
//! One contract holds for all of them, and every `SAFETY` comment below stands on it. The caller passes
//! - for an object: NULL, or a pointer that a function of this crate returned and to which the caller, or the object
//!   that lent it, still holds a reference;
//! - for a list entry: NULL, or a pointer into a list that has not been dropped or replaced;
//! - for a string: NULL, or a string that ends with a NUL and is not changed during the call.
#![allow(clippy::missing_safety_doc, reason = "the one contract of all functions is the module's documentation")]

use std::ffi::{CStr, c_char, c_int};
use std::ptr::{null, null_mut};
use std::sync::Arc;

use nix::errno::Errno;

pub(crate) mod device;
pub(crate) mod enumerate;
pub(crate) mod list;
pub(crate) mod monitor;

/// `struct udev`, the context that libudev wants with every object. It holds nothing: there is nothing to configure.
#[derive(Debug)]
pub struct Context(());

/// Makes a context.
pub unsafe extern "C" fn udev_new() -> *mut Context {
    hand_out(Ok(Context(())))
}

/// Defines `_ref` and `_unref` of an object, as libudev has them.
macro_rules! reference_count {
    ($object:ty, $reference:ident, $unreference:ident) => {
        /// Adds a reference and returns its argument.
        pub unsafe extern "C" fn $reference(object: *mut $object) -> *mut $object {
            if !object.is_null() {
                // SAFETY: by the contract the pointer came from an `Arc` that has at least one reference.
                unsafe { std::sync::Arc::increment_strong_count(object.cast_const()) };
            }
            object
        }

        /// Takes a reference away, with the last one the object; returns NULL.
        pub unsafe extern "C" fn $unreference(object: *mut $object) -> *mut $object {
            if !object.is_null() {
                // SAFETY: by the contract the pointer came from an `Arc`, and the caller gives its reference up.
                unsafe { std::sync::Arc::decrement_strong_count(object.cast_const()) };
            }
            std::ptr::null_mut()
        }
    };
}
use reference_count;

reference_count!(Context, udev_ref, udev_unref);

/// A new object with the caller as its one owner, or NULL and errno.
fn hand_out<T>(object: Result<T, Errno>) -> *mut T {
    match object {
        Ok(object) => Arc::into_raw(Arc::new(object)).cast_mut(),
        Err(errno) => {
            errno.set();
            null_mut()
        }
    }
}

/// The object behind a pointer; `EINVAL` for NULL. `'a` is no longer than the call.
unsafe fn object<'a, T>(pointer: *const T) -> Result<&'a T, Errno> {
    // SAFETY: by the contract the pointer is NULL or points to an object that outlives the call; all are shared only.
    unsafe { pointer.as_ref() }.ok_or(Errno::EINVAL)
}

/// A string argument; `None` for NULL. `'a` is no longer than the call.
unsafe fn text<'a>(pointer: *const c_char) -> Option<&'a CStr> {
    if pointer.is_null() {
        return None;
    }
    // SAFETY: by the contract the string ends with a NUL and stands still during the call.
    Some(unsafe { CStr::from_ptr(pointer) })
}

/// A string of an object, or NULL and errno.
fn string(found: Result<&CStr, Errno>) -> *const c_char {
    match found {
        Ok(text) => text.as_ptr(),
        Err(errno) => {
            errno.set();
            null()
        }
    }
}

/// An object that another one lends, or NULL and errno. Nothing is written through the pointer: C has no `const` here.
fn lend<T>(found: Result<*const T, Errno>) -> *mut T {
    match found {
        Ok(pointer) => pointer.cast_mut(),
        Err(errno) => {
            errno.set();
            null_mut()
        }
    }
}

/// 0, or the negative errno.
fn status(result: Result<(), Errno>) -> c_int {
    result.map_or_else(|errno| -(errno as c_int), |()| 0)
}

/// Whether a shell pattern fits the whole text: fnmatch(3) without flags, as libudev matches.
pub(crate) fn glob(pattern: &CStr, text: &CStr) -> bool {
    // SAFETY: both are C strings that live through the call; fnmatch only reads them.
    unsafe { libc::fnmatch(pattern.as_ptr(), text.as_ptr(), 0) == 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_are_the_shells() {
        for (pattern, text, fits) in [
            (c"sd[a-c]", c"sdb", true),
            (c"sd[a-c]", c"sdd", false),
            (c"sd?", c"sda1", false),
            (c"*", c"", true),
            (c"c*0", c"cciss/c0d0", true),
            (c"", c"", true),
        ] {
            assert_eq!(glob(pattern, text), fits, "{pattern:?} {text:?}");
        }
    }

    #[test]
    fn null_is_an_error_and_no_crash() {
        // SAFETY: NULL is in the contract.
        assert!(unsafe { device::udev_device_get_syspath(null_mut()) }.is_null());
        assert_eq!(Errno::last(), Errno::EINVAL);
        // SAFETY: NULL is in the contract.
        assert!(unsafe { device::udev_device_new_from_syspath(null_mut(), null()) }.is_null());
        assert_eq!(Errno::last(), Errno::EINVAL);
        // SAFETY: NULL is in the contract.
        assert_eq!(unsafe { enumerate::udev_enumerate_scan_devices(null_mut()) }, -libc::EINVAL);
        // SAFETY: NULL is in the contract.
        assert!(unsafe { list::udev_list_entry_get_next(null_mut()) }.is_null());
        // SAFETY: NULL and a C string are in the contract.
        assert!(unsafe { monitor::udev_monitor_new_from_netlink(null_mut(), c"dbus".as_ptr()) }.is_null());
        assert_eq!(Errno::last(), Errno::EINVAL);
        // SAFETY: NULL is in the contract.
        assert_eq!(unsafe { monitor::udev_monitor_get_fd(null_mut()) }, -libc::EINVAL);
    }

    #[test]
    fn a_context_lives_until_its_last_reference_goes() {
        // SAFETY: takes no pointer.
        let context = unsafe { udev_new() };
        // SAFETY: one reference is held.
        assert_eq!(unsafe { udev_ref(context) }, context);
        // SAFETY: two are held.
        assert!(unsafe { udev_unref(context) }.is_null());
        // SAFETY: the last one.
        assert!(unsafe { udev_unref(context) }.is_null());
        // SAFETY: NULL is in the contract.
        assert!(unsafe { udev_unref(null_mut()) }.is_null());
    }
}
