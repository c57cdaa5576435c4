//! A virtio-scsi controller (virtio 1.2, 5.6) with one SCSI drive, or one ATA drive behind a translation, as target 0.

mod queue;
mod registers;
#[cfg(test)]
mod tests;

use std::io;
use std::time::Instant;

use crate::bytes::{le32, put, u8_at};
use crate::drive::Drive;
use crate::error::Error;
use crate::host::Host;
use crate::pci::{Bar, Identity, Interrupts, PciDevice};
use crate::scenario::Kind;
use crate::scsi::disk::Disk;
use crate::scsi::sat::Translation;
use crate::scsi::{Answer, Cdb, Unit};
use queue::Chain;
use registers::{COMMON, CONTROL, DEVICE, DOORBELL, EVENTS, Effect, INTERRUPT_STATUS, NOTIFY, REQUESTS, Registers};

/// `struct virtio_scsi_req_cmd` before its data, and `struct virtio_scsi_resp_cmd` before its data.
const REQUEST: usize = 51;
const RESPONSE: usize = 108;

/// `virtio_scsi_resp_cmd.response`.
const OK: u8 = 0;
const ABORTED: u8 = 2;
const BAD_TARGET: u8 = 3;
const FUNCTION_REJECTED: u8 = 11;

/// The controller with its drive.
pub fn device(drive: Drive) -> Result<Box<dyn PciDevice>, Error> {
    let unit: Box<dyn Unit> = match drive.spec.kind {
        Kind::Sat => Box::new(Translation::new(drive)),
        _ => Box::new(Disk::new(drive)),
    };
    Ok(Box::new(Controller::new(unit)))
}

struct Controller {
    registers: Registers,
    unit: Box<dyn Unit>,
    /// A command that takes its time.
    waiting: Option<Chain>,
    /// The driver was told that the drive is gone.
    told: bool,
}

impl Controller {
    fn new(unit: Box<dyn Unit>) -> Self {
        Self { registers: Registers::default(), unit, waiting: None, told: false }
    }

    fn take(&mut self, host: &Host, queue: usize) -> io::Result<Option<Chain>> {
        self.registers.queues.get_mut(queue).map_or(Ok(None), |queue| queue.take(host))
    }

    fn give_back(&mut self, host: &mut Host, queue: usize, chain: &Chain, length: usize) -> io::Result<()> {
        self.registers.queues.get_mut(queue).map_or(Ok(()), |queue| queue.give_back(host, chain, length))
    }

    fn serve(&mut self, host: &mut Host, queue: usize, now: Instant) -> io::Result<()> {
        match queue {
            CONTROL => {
                while let Some(chain) = self.take(host, CONTROL)? {
                    self.control(host, &chain)?;
                }
            }
            REQUESTS => self.requests(host, now)?,
            // Buffers for events stay in their queue until there is one.
            _ => {}
        }
        Ok(())
    }

    /// A unit that cannot take another command leaves it in the queue.
    fn requests(&mut self, host: &mut Host, now: Instant) -> io::Result<()> {
        while self.waiting.is_none() || self.unit.is_queueing() {
            let Some(chain) = self.take(host, REQUESTS)? else { break };
            self.request(host, chain, now)?;
        }
        Ok(())
    }

    fn request(&mut self, host: &mut Host, chain: Chain, now: Instant) -> io::Result<()> {
        let lun = [1, 2, 3].map(|at| u8_at(&chain.request, at));
        // Target 0, LUN 0 in flat or peripheral addressing.
        if !matches!(lun, [0, 0x00 | 0x40, 0]) || chain.room() < RESPONSE {
            return self.respond(host, &chain, BAD_TARGET, &Answer::Gone);
        }
        let mut cdb: Cdb = [0; 32];
        put(&mut cdb, 0, chain.request.get(19..REQUEST).unwrap_or(&[]));
        let data = chain.request.get(REQUEST..).unwrap_or(&[]);
        match self.unit.execute(&cdb, data, now) {
            Answer::Later => self.waiting = Some(chain),
            answer => self.respond(host, &chain, OK, &answer)?,
        }
        Ok(())
    }

    fn respond(&mut self, host: &mut Host, chain: &Chain, response: u8, answer: &Answer) -> io::Result<()> {
        let mut header = [0; RESPONSE];
        let mut length = RESPONSE;
        let room = chain.room().saturating_sub(RESPONSE);
        put(&mut header, 11, &[response]);
        match answer {
            Answer::Good(data) => length += chain.write(host, RESPONSE, data)?,
            Answer::Check { sense, data } => {
                length += chain.write(host, RESPONSE, data)?;
                put(&mut header, 0, &u32::try_from(sense.len()).unwrap_or(0).to_le_bytes());
                // CHECK CONDITION.
                put(&mut header, 10, &[2]);
                put(&mut header, 12, sense);
            }
            Answer::Gone if response == OK => put(&mut header, 11, &[BAD_TARGET]),
            Answer::Later | Answer::Gone => {}
        }
        let residual = room.saturating_sub(length - RESPONSE);
        put(&mut header, 4, &u32::try_from(residual).unwrap_or(u32::MAX).to_le_bytes());
        chain.write(host, 0, &header)?;
        self.give_back(host, REQUESTS, chain, length)
    }

    /// Task management: abort (subtype 0, 1), unit reset (5); the waiting command goes back first. Event queries: nothing.
    fn control(&mut self, host: &mut Host, chain: &Chain) -> io::Result<()> {
        let kind = le32(&chain.request, 0);
        if kind != 0 {
            let length = chain.write(host, 0, &[0; 5])?;
            return self.give_back(host, CONTROL, chain, length);
        }
        let subtype = le32(&chain.request, 4);
        let response = if matches!(subtype, 0 | 1 | 2 | 5) {
            if let Some(waiting) = self.waiting.take() {
                self.respond(host, &waiting, ABORTED, &Answer::Gone)?;
            }
            if subtype == 5 {
                self.unit.reset();
            }
            OK
        } else {
            FUNCTION_REJECTED
        };
        let length = chain.write(host, 0, &[response])?;
        self.give_back(host, CONTROL, chain, length)
    }

    /// `VIRTIO_SCSI_T_TRANSPORT_RESET`, reason REMOVED: target 0 is gone.
    fn tell_removal(&mut self, host: &mut Host) -> io::Result<()> {
        let Some(chain) = self.take(host, EVENTS)? else { return Ok(()) };
        self.told = true;
        let mut event = [0; 16];
        put(&mut event, 0, &1u32.to_le_bytes());
        // LUN 0 as REPORT LUNS has it: Linux looks for it without the flat addressing of requests.
        put(&mut event, 4, &[1, 0, 0, 0]);
        put(&mut event, 12, &2u32.to_le_bytes());
        let length = chain.write(host, 0, &event)?;
        self.give_back(host, EVENTS, &chain, length)
    }

    fn go_on(&mut self, host: &mut Host, now: Instant) -> io::Result<()> {
        self.unit.tick(now);
        if self.waiting.is_some()
            && let Some(answer) = self.unit.finish(now)
            && let Some(chain) = self.waiting.take()
        {
            self.respond(host, &chain, OK, &answer)?;
            self.requests(host, now)?;
        }
        if self.unit.drive().is_gone() && !self.told {
            self.tell_removal(host)?;
        }
        Ok(())
    }

    /// A driver that gives addresses without memory gets no answer any more, until it resets the device.
    fn note(&mut self, result: io::Result<()>) {
        if let Err(error) = result {
            self.registers.fail();
            self.unit.drive().log.event("driver-error", &error.to_string(), &[]);
        }
    }
}

impl PciDevice for Controller {
    fn identity(&self) -> Identity {
        // 1048h is what a modern virtio-scsi device is found by; the rest is our own.
        Identity { vendor: 0x1af4, device: 0x1048, class: 0x01_0000, subsystem: (0x1af4, 0x5050), revision: 1 }
    }

    fn bar(&self) -> Bar {
        Bar { index: 4, is_wide: true }
    }

    fn interrupts(&self) -> Interrupts {
        Interrupts::Msix
    }

    fn capabilities(&self) -> Vec<Vec<u8>> {
        let capability = |kind: u8, offset: u32, length: u32| {
            let mut bytes = vec![kind, 4, 0, 0, 0];
            bytes.extend(offset.to_le_bytes());
            bytes.extend(length.to_le_bytes());
            bytes
        };
        let mut notify = capability(2, NOTIFY, 0x100);
        notify.extend(DOORBELL.to_le_bytes());
        vec![capability(1, COMMON, 0x38), capability(3, INTERRUPT_STATUS, 4), capability(4, DEVICE, 0x24), notify]
    }

    fn read(&mut self, _: &mut Host, offset: u64, data: &mut [u8]) {
        self.registers.read(offset, data);
    }

    fn write(&mut self, host: &mut Host, offset: u64, data: &[u8]) {
        match self.registers.write(offset, data) {
            Effect::None => {}
            Effect::Reset => {
                self.waiting = None;
                self.told = false;
            }
            Effect::Notify(queue) => {
                let result = self.serve(host, queue, Instant::now());
                self.note(result);
            }
        }
    }

    fn tick(&mut self, host: &mut Host, now: Instant) {
        let result = self.go_on(host, now);
        self.note(result);
    }

    fn reset(&mut self) {
        self.registers = Registers::default();
        self.waiting = None;
        self.told = false;
        self.unit.reset();
    }

    fn power_on(&mut self) {
        self.unit.power_on();
    }

    fn wake(&mut self) {
        self.unit.wake();
    }

    fn power_off(&mut self) {
        self.waiting = None;
        self.unit.power_off();
    }

    /// The controller stays when its drive goes.
    fn is_gone(&self) -> bool {
        false
    }
}
