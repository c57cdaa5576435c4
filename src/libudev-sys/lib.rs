//! The part of libudev that the crate [`udev`](https://docs.rs/udev/0.9.3) 0.9.3 calls, in Rust.
//!
//! The published crate of this name declares systemd's C library, which has no static build and needs udevd for half of
//! what it says. This one stands in its place (`[patch.crates-io]`) and answers the same functions, with the same
//! signatures, from the same sources: sysfs, udevd's database in `/run/udev/data` and netlink. There is nothing to
//! link and no symbol is exported, so that systemd's library may be in the same process.
//!
//! # With udevd and without
//! - Where udevd runs, its properties, links and tags are there, a device is *initialized* once the database has a file
//!   for it, and a monitor of `"udev"` hears each event after udevd's rules.
//! - Where none runs, as on the live image, properties are the kernel's alone (no `ID_SERIAL`), no device is ever
//!   initialized, and only a monitor of `"kernel"` hears anything. `/run/udev/control` tells which it is.
//!
//! # The contract
//! As in libudev(3): objects begin with one reference, `_ref` adds one and `_unref` takes one away. A returned string
//! or list lives as long as its object; the list of an enumeration lives until the next scan; a parent belongs to its
//! child unless it is given a reference of its own. What fails returns NULL and sets errno, or returns a negative errno.
//! The context is ignored and may be NULL. Counts are atomic and caches are locked, so that the features `send` and
//! `sync` of `udev` are sound.
//!
//! Where this differs from systemd's library, on purpose:
//! - A device is what sysfs and the database said when it was made. Attributes are read at the first call and then
//!   kept, but a failure to read one is not: the next call tries again.
//! - `udev_monitor_receive_device` passes over messages that are malformed or of strangers, where systemd's ends with
//!   an error and leaves the next event waiting. errno is `EAGAIN` when none is left; with any other, `ENOBUFS` above
//!   all, events were lost and devices must be enumerated again.
//! - A device of no subsystem, such as `/sys/devices/pci0000:00`, has its properties; systemd's gives none at all.
//! - An action that is not known is handed on, where systemd's drops the event.
//! - `udev_enumerate_add_syspath` adds to what a scan finds; systemd's scan forgets it.
//! - The receive buffer of a monitor is enlarged to 16 MiB where the process may.
//!
//! To read an attribute can be to act: a read of `/sys/class/zram-control/hot_add` makes a device. Whoever goes through
//! all attributes of a device should know what it is.
//!
//! # Deliberately absent
//! - What `udev` never calls: `udev_queue_*`, `udev_util_*`, `udev_enumerate_scan_subsystems`, devices from an
//!   identifier or from the environment, lists of tags and of links, user data, logging.
//! - `udev_hwdb_*`, whose database is a file of a desktop: with its feature `hwdb`, `udev` does not build.
//! - The filter program in the kernel's socket: filters work on received messages. An unwanted event costs a wake-up.
//! - The order of sound cards in an enumeration, the lookup in `/sys/firmware` and in `/sys/subsystem`, which no kernel
//!   has, and the index `/run/udev/tags`: tags are read from the database.
//! - The check that keeps a monitor of `"udev"` silent in a container.

mod attributes;
mod device;
mod enumerate;
#[cfg(test)]
mod fake;
#[allow(unsafe_code, reason = "functions with C's signatures take pointers; all unsafe code is in this module")]
mod ffi;
mod list;
mod monitor;
mod properties;
mod sysfs;
mod uevent;

pub use device::Device as udev_device;
pub use enumerate::Enumerate as udev_enumerate;
pub use ffi::Context as udev;
pub use ffi::device::*;
pub use ffi::enumerate::*;
pub use ffi::list::*;
pub use ffi::monitor::*;
pub use ffi::{udev_new, udev_ref, udev_unref};
pub use list::ListEntry as udev_list_entry;
pub use monitor::Monitor as udev_monitor;
