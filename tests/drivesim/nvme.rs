//! An NVMe controller (NVM Express Base 2.1) with its namespaces.

use serde::Deserialize;

use crate::drive::Drive;
use crate::error::Error;
use crate::pci::PciDevice;

/// The controller with its drive.
#[expect(clippy::needless_pass_by_value, reason = "the controller keeps the drive")]
pub fn device(drive: Drive) -> Result<Box<dyn PciDevice>, Error> {
    Err(Error::drive(&drive.spec.serial, "this kind is not served"))
}
/// What only NVMe drives have: the table `[drive.nvme]`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Spec {}
