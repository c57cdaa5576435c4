//! An AHCI host controller (AHCI 1.3.1) with one ATA drive.

use crate::drive::Drive;
use crate::error::Error;
use crate::pci::PciDevice;

/// The controller with its drive.
#[expect(clippy::needless_pass_by_value, reason = "the controller keeps the drive")]
pub fn device(drive: Drive) -> Result<Box<dyn PciDevice>, Error> {
    Err(Error::drive(&drive.spec.serial, "this kind is not served"))
}
