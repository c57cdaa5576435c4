//! An SD host controller (SD Host Controller Simplified Specification 3.00) with one soldered eMMC device: ADMA2, one interrupt pin.

#[cfg(test)]
mod tests;

use std::io;
use std::time::Instant;

use crate::bytes::{le16, le32, put, u8_at};
use crate::drive::Drive;
use crate::emmc::{Card, Reply};
use crate::error::Error;
use crate::host::Host;
use crate::pci::{Bar, Identity, Interrupts, PciDevice};

/// Offsets of registers.
const BLOCK_SIZE: usize = 0x04;
const BLOCK_COUNT: usize = 0x06;
const ARGUMENT: usize = 0x08;
const TRANSFER_MODE: usize = 0x0c;
const COMMAND: usize = 0x0e;
const RESPONSE: usize = 0x10;
const PRESENT_STATE: usize = 0x24;
const CLOCK_CONTROL: usize = 0x2c;
const SOFTWARE_RESET: usize = 0x2f;
const INTERRUPT_STATUS: usize = 0x30;
const STATUS_ENABLE: usize = 0x34;
const SIGNAL_ENABLE: usize = 0x38;
const CAPABILITIES: usize = 0x40;
const ADMA_ADDRESS: usize = 0x58;
const VERSION: usize = 0xfe;

/// Interrupt status: normal in the lower half, errors in the upper one.
const COMMAND_COMPLETE: u32 = 1;
const TRANSFER_COMPLETE: u32 = 1 << 1;
const COMMAND_TIMEOUT: u32 = 1 << 16;
const DATA_CRC: u32 = 1 << 21;
const ADMA_ERROR: u32 = 1 << 25;

/// Timeout and base clock 50 MHz, blocks to 512 bytes, 8-bit bus, ADMA2, high speed, 3.3 V and 1.8 V, embedded slot.
const CAPABILITY: u32 = 0x32 | 1 << 7 | 0x32 << 8 | 1 << 18 | 1 << 19 | 1 << 21 | 1 << 24 | 1 << 26 | 1 << 30;
/// A table of more descriptors than this has no end.
const LONGEST_TABLE: usize = 4096;

/// The controller with its device.
pub fn device(drive: Drive) -> Result<Box<dyn PciDevice>, Error> {
    Ok(Box::new(Controller { card: Card::new(drive)?, registers: [0; 256], after_busy: 0 }))
}

struct Controller {
    card: Card,
    registers: [u8; 256],
    /// What interrupts when the device is no longer busy.
    after_busy: u32,
}

/// A part of guest memory: address and length.
type Segment = (u64, usize);

impl Controller {
    /// Sets bits of the interrupt status that are enabled; any error sets bit 15 too.
    fn raise(&mut self, bits: u32) {
        let enabled = le32(&self.registers, STATUS_ENABLE);
        let status = le32(&self.registers, INTERRUPT_STATUS) | bits & enabled;
        let error = if status & 0xffff_0000 != 0 { 1 << 15 } else { 0 };
        put(&mut self.registers, INTERRUPT_STATUS, &(status | error).to_le_bytes());
    }

    /// Writing ones clears.
    fn acknowledge(&mut self, offset: usize, data: &[u8]) {
        for (at, byte) in (offset..).zip(data) {
            let old = u8_at(&self.registers, at);
            put(&mut self.registers, at, &[old & !byte]);
        }
        if le16(&self.registers, INTERRUPT_STATUS + 2) == 0 {
            let old = u8_at(&self.registers, INTERRUPT_STATUS + 1);
            put(&mut self.registers, INTERRUPT_STATUS + 1, &[old & 0x7f]);
        }
    }

    /// The segments of `length` bytes in the ADMA2 descriptor table (1.13.3).
    fn segments(&self, host: &Host, length: usize) -> io::Result<Vec<Segment>> {
        let mut at = u64::from(le32(&self.registers, ADMA_ADDRESS));
        let mut segments = Vec::new();
        let mut left = length;
        for _ in 0..LONGEST_TABLE {
            let descriptor: [u8; 8] = host.array(at)?;
            let (flags, size, address) = (u8_at(&descriptor, 0), le16(&descriptor, 2), le32(&descriptor, 4));
            let size = if size == 0 { 65536 } else { usize::from(size) };
            // Valid, with action transfer (10b) or link (11b).
            match flags & 0x31 {
                0x21 => {
                    segments.push((u64::from(address), size.min(left)));
                    left -= size.min(left);
                }
                0x31 => {
                    at = u64::from(address);
                    continue;
                }
                0x01 | 0x11 => {}
                _ => break,
            }
            if left == 0 {
                return Ok(segments);
            }
            if flags & 0x02 != 0 {
                break;
            }
            at += 8;
        }
        Err(io::Error::other("the ADMA2 table ends before the data"))
    }

    fn length(&self) -> usize {
        let block = usize::from(le16(&self.registers, BLOCK_SIZE) & 0x0fff);
        let counts = le16(&self.registers, TRANSFER_MODE) & 0x02 != 0;
        block * if counts { usize::from(le16(&self.registers, BLOCK_COUNT)) } else { 1 }
    }

    /// A command was written: send it to the device.
    fn send(&mut self, host: &Host) -> io::Result<()> {
        let command = le16(&self.registers, COMMAND);
        let index = command.to_be_bytes()[0] & 0x3f;
        let (has_data, response_kind) = (command & 0x20 != 0, command & 0x03);
        let reads = le16(&self.registers, TRANSFER_MODE) & 0x10 != 0;
        let segments = if has_data { self.segments(host, self.length())? } else { Vec::new() };
        let mut data = Vec::new();
        if !reads {
            for (address, length) in &segments {
                let start = data.len();
                data.resize(start + length, 0);
                host.read(*address, data.split_at_mut(start).1)?;
            }
        }
        let argument = le32(&self.registers, ARGUMENT);
        let wanted = if has_data && reads { self.length() } else { 0 };
        let (response, answer) = match self.card.command(index, argument, &data, wanted) {
            // 00b: the host waits for no response, as after CMD7 that selects nobody.
            Reply::Silence => {
                self.raise(if response_kind == 0 { COMMAND_COMPLETE } else { COMMAND_TIMEOUT });
                return Ok(());
            }
            Reply::Response(response, answer) => (response, Some(answer)),
            Reply::BadData(response) => (response, None),
        };
        self.set_response(response_kind, response);
        self.raise(COMMAND_COMPLETE);
        let Some(mut rest) = answer.as_deref() else {
            self.raise(DATA_CRC);
            return Ok(());
        };
        for (address, length) in segments.iter().filter(|_| reads) {
            let (now, later) = rest.split_at((*length).min(rest.len()));
            host.write(*address, now)?;
            rest = later;
        }
        // 11b: a response with busy.
        if response_kind == 0x03 && self.card.is_busy() {
            self.after_busy = TRANSFER_COMPLETE;
        } else if has_data || response_kind == 0x03 {
            self.raise(TRANSFER_COMPLETE);
        }
        Ok(())
    }

    /// 136 bits (01b) come without their last eight, the CRC (table 2-12).
    fn set_response(&mut self, kind: u16, response: u128) {
        let bytes = if kind == 0x01 { (response >> 8).to_le_bytes() } else { response.to_le_bytes() };
        let length = if kind == 0x01 { 16 } else { 4 };
        put(&mut self.registers, RESPONSE, bytes.split_at(length).0);
    }

    /// Card inserted, stable, detected, not write protected by a switch; the levels of DAT(3:0) and CMD: busy holds DAT(0) low.
    fn present_state(&mut self) -> u32 {
        let inserted = if self.card.drive().is_gone() { 0 } else { 7 << 16 };
        let data = if self.card.is_busy() { 0x0e << 20 } else { 0x0f << 20 };
        // DAT line active, command inhibit (DAT), as long as the end of busy is waited for.
        let waits = if self.after_busy != 0 { 0x06 } else { 0 };
        inserted | 1 << 19 | data | 1 << 24 | waits
    }
}

impl PciDevice for Controller {
    fn identity(&self) -> Identity {
        // Found by its class: an SD host with DMA. The vendor ID is one that nobody has.
        Identity { vendor: 0x5050, device: 0x5d4c, class: 0x08_0501, subsystem: (0x5050, 0x0001), revision: 1 }
    }

    fn bar(&self) -> Bar {
        Bar { index: 0, is_wide: false }
    }

    fn interrupts(&self) -> Interrupts {
        Interrupts::Pin
    }

    fn read(&mut self, _: &mut Host, offset: u64, data: &mut [u8]) {
        let mut image = self.registers;
        put(&mut image, PRESENT_STATE, &self.present_state().to_le_bytes());
        put(&mut image, CAPABILITIES, &CAPABILITY.to_le_bytes());
        // Specification 3.00 is 2.
        put(&mut image, VERSION, &[2, 0]);
        // The internal clock is stable as soon as it is enabled.
        let clock = u8_at(&image, CLOCK_CONTROL);
        put(&mut image, CLOCK_CONTROL, &[clock | (clock & 1) << 1]);
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(image.len());
        data.fill(0);
        put(data, 0, image.split_at(start).1);
    }

    fn write(&mut self, host: &mut Host, offset: u64, data: &[u8]) {
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        let covers = |at: usize| (offset..offset.saturating_add(data.len())).contains(&at);
        if (INTERRUPT_STATUS..STATUS_ENABLE).contains(&offset) {
            return self.acknowledge(offset, data);
        }
        if covers(SOFTWARE_RESET) {
            let reset = data.last().copied().unwrap_or(0);
            if reset & 1 != 0 {
                self.registers = [0; 256];
            }
            if reset & 7 != 0 {
                self.after_busy = 0;
                put(&mut self.registers, INTERRUPT_STATUS, &[0; 4]);
                return;
            }
        }
        put(&mut self.registers, offset, data);
        if covers(COMMAND + 1)
            && let Err(error) = self.send(host)
        {
            self.card.drive().log.event("driver-error", &error.to_string(), &[]);
            self.raise(ADMA_ERROR);
        }
    }

    fn tick(&mut self, _: &mut Host, now: Instant) {
        self.card.tick(now);
        if !self.card.is_busy() {
            let bits = std::mem::take(&mut self.after_busy);
            self.raise(bits);
        }
    }

    fn reset(&mut self) {
        self.registers = [0; 256];
        self.after_busy = 0;
        self.card.reset();
    }

    fn power_on(&mut self) {
        self.card.power_on();
    }

    fn power_off(&mut self) {
        self.registers = [0; 256];
        self.after_busy = 0;
        self.card.power_off();
    }

    /// The controller stays when its device goes.
    fn is_gone(&self) -> bool {
        false
    }

    fn pin(&self) -> bool {
        le32(&self.registers, INTERRUPT_STATUS) & le32(&self.registers, SIGNAL_ENABLE) != 0
    }
}
