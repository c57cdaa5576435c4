//! ATA: the commands that erase, un-hide and ask, as register values, and what the drive answers.
//!
//! Words, fields and commands are cited by the names of ACS-4 and ACS-5 (of ATA8-ACS and ACS-2 for what those removed: HPA and
//! device configuration overlay). *Unverified* marks what no text at hand and no program known to work with drives confirms.
//! [`crate::sat`] puts a [`Taskfile`] into a SCSI command, and takes the returned [`Registers`] out of sense data.

pub mod feature;
pub mod identify;
pub mod max_address;
pub mod query;
pub mod registers;
pub mod sanitize;
pub mod security;
pub mod smart;
pub mod statistics;
pub mod taskfile;
pub mod trusted;

pub use identify::Identify;
pub use registers::Registers;
pub use taskfile::{Protocol, Taskfile};
