//! Drives that really implement the commands that erase them, attached to QEMU as PCI devices over vfio-user, with faults by name.
//!
//! A scenario (TOML, [`scenario`]) describes drives. [`shelf::Shelf`] serves each at a socket of its own, and [`media::Oracle`] says afterwards,
//! from the media file alone, what is left of the customer's data. Nothing here uses PurgeProof's own crates: this is a second reading of the
//! standards by another hand, and that is what its tests are worth.
//!
//! ```text
//! scenario -> drive (media, operation, faults, log) -> nvme | ata | scsi | emmc -> nvme | ahci | virtio_scsi | sdhci -> pci -> QEMU
//! ```
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "a test fails by panicking"
    )
)]

pub mod ahci;
pub mod ata;
pub mod bytes;
pub mod drive;
pub mod emmc;
pub mod error;
pub mod fault;
pub mod host;
pub mod log;
pub mod media;
pub mod nvme;
pub mod operation;
pub mod pci;
pub mod ranges;
pub mod scenario;
pub mod scsi;
pub mod sdhci;
pub mod shelf;
pub mod tcg;
pub mod virtio_scsi;

pub use error::Error;
pub use media::Oracle;
pub use scenario::Scenario;
pub use shelf::{Shelf, qemu_arguments};
