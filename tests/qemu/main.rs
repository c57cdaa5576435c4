//! The real image in QEMU: what it does to drives, screen and stick, seen from outside. The drives are files, and the files have the
//! last word.
//!
//! Software emulation only, a machine at a time; `out/tests/<test>/` keeps the serial log, pictures and certificates of each.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "../keystream.rs"]
mod keystream;
mod rig;

mod cable;
mod controllers;
mod duty;
mod editions;
mod faults;
mod matrix;
mod operator;
mod policy;
mod power_cut;
mod psid;
mod unattended;
mod ways;
