//! What the standards say: bytes in, values out. Nothing here sends or reads anything.
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
