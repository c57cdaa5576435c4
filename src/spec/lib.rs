//! What the standards say: bytes in, values out, and commands as values. Nothing here sends or reads anything.
//!
//! NVMe 2.1, ATA (ACS-4 and ACS-5, earlier ones for what those removed) and its passage through SCSI (SAT-5), SCSI (SPC-5, SBC-4), eMMC
//! (JESD84-B51), TCG (Core 2.01 and the subsystem classes). Where a text was not at hand, the doc comment says what stands in for it, or
//! "unverified".
//!
//! Commands are made by constructors that leave the dangerous ones out: there is no Format NVM without an erase, no sanitize whose failure
//! can be left behind without a success (AUSE and FAILURE MODE are 0), no overwrite of zero passes, which would mean sixteen.
//!
//! Every decoder takes what a drive sent, of whatever length and content, and gives `None` or a typed error for what the standard does
//! not allow: bridges answer with status 0 and zeros, or with half a page.
#![no_std]

extern crate alloc;

pub mod ata;
pub mod dword;
pub mod mmc;
pub mod nvme;
pub mod sat;
pub mod scsi;
pub mod tcg;
