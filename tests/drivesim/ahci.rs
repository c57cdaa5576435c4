//! An AHCI host controller (AHCI 1.3.1) with one port and an ATA drive at it. A drive that is gone is a link that is down: the controller stays.

mod frame;
mod port;

use std::time::Instant;

use crate::ata::Device;
use crate::drive::Drive;
use crate::error::Error;
use crate::host::Host;
use crate::pci::{Bar, Identity, Interrupts, PciDevice};
use port::Port;

/// CAP: 64-bit addresses, command list override, 6 Gb/s, AHCI only, 32 slots, one port. No queuing: the drive does not either.
const CAP: u32 = 1 << 31 | 1 << 24 | 3 << 20 | 1 << 18 | 31 << 8;
/// VS: 1.3.1.
const VERSION: u32 = 0x0001_0301;
/// GHC: AHCI enable, interrupt enable, reset.
const AE: u32 = 1 << 31;
const IE: u32 = 1 << 1;
const HR: u32 = 1;
/// Where the registers of port 0 begin, and how many bytes they have.
const PORT_0: u64 = 0x100;
const PORT_BYTES: u64 = 0x80;
/// `PxIS` among them.
const PORT_STATUS: u64 = 0x10;

/// The controller with its drive.
pub fn device(drive: Drive) -> Result<Box<dyn PciDevice>, Error> {
    if matches!(drive.spec.block, 512 | 4096) {
        Ok(Box::new(Controller { port: Port::new(Device::new(drive)), control: AE, status: 0 }))
    } else {
        Err(Error::drive(&drive.spec.serial, format!("an ATA drive has no blocks of {} bytes", drive.spec.block)))
    }
}

/// The controller.
#[derive(Debug)]
struct Controller {
    port: Port,
    /// GHC.
    control: u32,
    /// IS: bit 0 is the port.
    status: u32,
}

impl Controller {
    fn register(&self, at: u64) -> u32 {
        match at {
            0x00 => CAP,
            0x04 => self.control,
            0x08 => self.status,
            // PI: port 0.
            0x0c => 1,
            0x10 => VERSION,
            _ if (PORT_0..PORT_0 + PORT_BYTES).contains(&at) => self.port.read(at - PORT_0),
            _ => 0,
        }
    }

    /// Raises the interrupt if the port has one pending that it had not `before`.
    fn signal(&mut self, host: &mut Host, before: u32) {
        let pending = self.port.interrupts();
        if pending != 0 {
            self.status |= 1;
        }
        if pending & !before != 0 && self.control & IE != 0 {
            host.interrupt(0);
        }
    }
}

impl PciDevice for Controller {
    fn identity(&self) -> Identity {
        Identity { vendor: 0x1d00, device: 0x4148, class: 0x01_0601, subsystem: (0x1d00, 0x0001), revision: 1 }
    }

    fn bar(&self) -> Bar {
        Bar { index: 5, is_wide: false }
    }

    fn interrupts(&self) -> Interrupts {
        Interrupts::Msix
    }

    fn read(&mut self, _host: &mut Host, offset: u64, data: &mut [u8]) {
        let bytes = self.register(offset & !3).to_le_bytes();
        let skipped = usize::try_from(offset & 3).unwrap_or(0);
        data.iter_mut().zip(bytes.iter().skip(skipped)).for_each(|(slot, byte)| *slot = *byte);
    }

    fn write(&mut self, host: &mut Host, offset: u64, data: &[u8]) {
        // Registers are written whole (AHCI 1.3.1 clause 3).
        let Ok(bytes) = data.try_into() else { return };
        let value = u32::from_le_bytes(bytes);
        // What is still pending after the host has cleared some is told again: a message interrupt has no level.
        let before = if offset == PORT_0 + PORT_STATUS { 0 } else { self.port.interrupts() };
        match offset {
            0x04 if value & HR != 0 => {
                (self.control, self.status) = (AE, 0);
                self.port.drive.hard_reset();
                self.port.reset();
            }
            0x04 => self.control = AE | value & IE,
            0x08 => self.status &= !value,
            _ if (PORT_0..PORT_0 + PORT_BYTES).contains(&offset) => self.port.write(host, offset - PORT_0, value),
            _ => {}
        }
        self.signal(host, before);
    }

    fn tick(&mut self, host: &mut Host, now: Instant) {
        let before = self.port.interrupts();
        self.port.tick(host, now);
        self.signal(host, before);
    }

    fn reset(&mut self) {
        (self.control, self.status) = (AE, 0);
        self.port.drive.hard_reset();
        self.port.reset();
    }

    fn power_on(&mut self) {
        (self.control, self.status) = (AE, 0);
        self.port.drive.power_on();
        self.port.reset();
    }

    fn wake(&mut self) {
        self.port.drive.wake();
    }

    fn power_off(&mut self) {
        self.port.drive.power_off();
    }

    fn is_gone(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests;
