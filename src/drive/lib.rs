//! Where decisions, standards and the kernel meet: which drives there are, who each one is, how its blocks are read and written, and how it
//! is told to erase itself. Only this crate knows both what a bit means and how to ask for it.
//!
//! ```text
//! probe ─► which family a disk is of ─► nvme | ata | scsi | mmc (and tcg over the first three)
//!                                       probe: what it can do            a `core::firmware::Firmware`: doing it
//!                                       channel: how a command gets there, or the test that plays the drive
//! ```
//!
//! # Invariants
//! - **Looking changes nothing.** A scan opens disks for reading only, never exclusively, and mounts none.
//! - **A disk that hangs stops nobody.** Whatever may block is done by a thread of that disk; until it answers, the disk is not offered.
//! - **A handle, not a name, says who a drive is**: [`block::BlockDrive`] identifies what it has just opened.
//! - **A status that did not come through is unknown.** GOOD without the registers, the sense data or the page that belongs to it is
//!   neither success nor refusal; buffers are poisoned, so that data that never came are not read as an answer.
//! - **No destructive command is sent twice by a driver.** An NVMe or ATA drive that says another serial number than the one that was
//!   chosen gets none at all.
//! - **A secret is never in a transcript**, but for the password of ATA Security Erase, which is none.
//! - **Only our own stick is ever mounted**, and only its partition with the marker file ([`stick`]).

mod ata;
pub mod block;
mod channel;
pub mod controllers;
mod examine;
mod exclusion;
mod fat;
pub mod file;
pub mod heat;
mod identity;
pub mod inventory;
pub mod layout;
mod line;
pub mod machine;
mod mmc;
mod mounted;
mod nvme;
mod probe;
mod queue;
mod scsi;
pub mod shelf;
pub mod sim;
pub mod stick;
mod sysfs;
mod tcg;
pub mod vault;
mod volume;
pub mod watch;

pub use tcg::{Psid, awaits_psid};
