//! A virtio-scsi controller (virtio 1.2) with one SCSI drive or translated ATA drive.

use crate::drive::Drive;
use crate::error::Error;
use crate::pci::PciDevice;

/// The controller with its drive.
#[expect(clippy::needless_pass_by_value, reason = "the controller keeps the drive")]
pub fn device(drive: Drive) -> Result<Box<dyn PciDevice>, Error> {
    Err(Error::drive(&drive.spec.serial, "this kind is not served"))
}
