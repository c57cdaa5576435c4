//! Where decisions, standards and the kernel meet: which drives there are, who each one is, and how its blocks are read and
//! written. Only this crate knows both what a bit means and how to ask for it.
//!
//! # Invariants
//! - **Looking changes nothing.** A scan opens disks for reading only, never exclusively, and mounts none.
//! - **A disk that hangs stops nobody.** Whatever may block is done by a thread of that disk; until it answers, the disk is not offered.
//! - **A handle, not a name, says who a drive is**: [`block::BlockDrive`] identifies what it has just opened.
//! - **Only our own stick is ever mounted**, and only its partition with the marker file ([`stick`]).

mod ata;
pub mod block;
mod channel;
pub mod controllers;
mod examine;
mod exclusion;
mod fat;
pub mod file;
mod identity;
pub mod inventory;
pub mod machine;
mod mmc;
mod mounted;
mod nvme;
mod probe;
mod scsi;
pub mod shelf;
pub mod sim;
pub mod stick;
mod sysfs;
mod tcg;
pub mod watch;

pub use tcg::Psid;
