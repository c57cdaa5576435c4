//! The rig: machines, drives and sticks that exist only in QEMU, and what comes out of them.

mod bench;
mod disk;
mod firmware;
mod keystream;
mod machine;
mod picture;
mod qmp;
mod results;
mod screen;
mod stick;
mod web;

pub(crate) use bench::{Bench, artefact, scripts};
pub(crate) use disk::Disk;
pub(crate) use firmware::{Asker, Firmware};
pub(crate) use machine::{BOOT, Bus, Machine, Parts, SOON, WORK};
pub(crate) use results::{Certificate, Results};
pub(crate) use stick::Stick;
pub(crate) use web::serve;

/// Lower-case hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}
