//! An NVMe controller with its namespaces: NVM Express Base 2.1, NVM Command Set 1.1, PCIe transport 1.1.

mod admin;
mod controller;
mod format;
mod identify;
mod io;
mod log_page;
mod namespace;
mod queue;
mod registers;
mod sanitize;
mod spec;
mod status;
mod subsystem;

use std::time::Instant;

use crate::drive::Drive;
use crate::error::Error;
use crate::host::Host;
use crate::pci::{Bar, Identity, Interrupts, PciDevice};
use controller::Controller;
pub use spec::{Action, NamespaceSpec, PendingReset, Spec};

/// VS: 1.4. The commands of later versions announce themselves by their own bits.
const VERSION: u32 = 0x0001_0400;
/// Identifiers of our own: QEMU's would bring the kernel's work-arounds for QEMU's drive.
const PCI: Identity =
    Identity { vendor: 0x1d00, device: 0x4e56, class: 0x01_0802, subsystem: (0x1d00, 0x0001), revision: 1 };

/// The controller with its drive.
pub fn device(drive: Drive) -> Result<Box<dyn PciDevice>, Error> {
    let spec = &drive.spec.nvme;
    let wanted: u64 = spec.namespaces.iter().map(|namespace| namespace.size_mib).sum();
    if wanted > drive.spec.size_mib || spec.namespaces.len() > 32 {
        return Err(Error::drive(
            &drive.spec.serial,
            format!("its namespaces have {wanted} MiB, the medium {}", drive.spec.size_mib),
        ));
    }
    Ok(Box::new(Controller::new(drive)))
}

impl PciDevice for Controller {
    fn identity(&self) -> Identity {
        PCI
    }

    fn bar(&self) -> Bar {
        Bar { index: 0, is_wide: true }
    }

    fn interrupts(&self) -> Interrupts {
        Interrupts::Msix
    }

    fn read(&mut self, _host: &mut Host, offset: u64, data: &mut [u8]) {
        self.read_registers(offset, data);
    }

    fn write(&mut self, host: &mut Host, offset: u64, data: &[u8]) {
        self.write_registers(host, offset, data);
    }

    fn tick(&mut self, host: &mut Host, now: Instant) {
        self.tick(host, now);
    }

    fn reset(&mut self) {
        let drive = &mut self.subsystem.drive;
        if drive.is_gone() && drive.faults().returns_as.is_some() {
            drive.come_back();
        }
        self.bus_reset(PendingReset::Conventional);
    }

    fn power_on(&mut self) {
        self.bus_reset(PendingReset::Conventional);
        self.subsystem.power_on();
    }

    fn power_off(&mut self) {
        self.subsystem.drive.power_off();
    }

    fn is_gone(&self) -> bool {
        self.subsystem.drive.is_gone()
    }
}

#[cfg(test)]
mod tests;
