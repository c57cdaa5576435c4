//! An ATA drive behind a SCSI/ATA translation (SAT-4), as host adapters and USB bridges have it.

mod pass_through;
#[cfg(test)]
mod tests;

use std::time::Instant;

use super::inquiry::Product;
use super::log_page::Counters;
use super::mode::{Medium, Mode};
use super::opcodes::{self, Command};
use super::sense::Sense;
use super::{Answer, Cdb, Unit};
use crate::ata::{Device, ERR, IDNF, Outcome, Registers, Taskfile, UNC};
use crate::bytes::{be16, be32, le16, le32, le64, u8_at};
use crate::drive::Drive;
use crate::fault::DropsRegisters;
use pass_through::Request;

/// The translation with its drive.
#[derive(Debug)]
pub struct Translation {
    device: Device,
    mode: Mode,
    attention: Option<Sense>,
    /// The pass-through that made the device busy.
    waiting: Option<Request>,
    /// IDENTIFY DEVICE data, until a pass-through may have changed them.
    known: Option<Vec<u8>>,
    /// The registers of the last command, for RETURN RESPONSE INFORMATION.
    last: Registers,
}

/// Words of IDENTIFY DEVICE data, each with its two characters swapped (ACS-4 3.4.9), without the padding.
fn text(identify: &[u8], first_word: usize, words: usize) -> String {
    let bytes = identify.iter().skip(first_word * 2).take(words * 2).copied().collect::<Vec<u8>>();
    let swapped: String =
        bytes.chunks_exact(2).flat_map(|pair| pair.iter().rev()).map(|byte| char::from(*byte)).collect();
    swapped.trim().to_owned()
}

impl Translation {
    /// A translation in front of an ATA drive.
    pub fn new(drive: Drive) -> Self {
        Self {
            device: Device::new(drive),
            mode: Mode::default(),
            attention: Some(Sense::POWER_ON),
            waiting: None,
            known: None,
            last: Registers::default(),
        }
    }

    fn start_up(&mut self) {
        self.known = None;
        self.mode = Mode::default();
        self.attention = Some(Sense::POWER_ON);
    }

    /// A command of its own to the drive.
    fn ask(&mut self, task: Taskfile, data: &[u8]) -> Result<Vec<u8>, Sense> {
        match self.device.execute(&task, data) {
            Outcome::Complete { registers, data } => {
                self.last = registers;
                if registers.status & ERR == 0 { Ok(data) } else { Err(error(registers)) }
            }
            // Only a pass-through begins what takes its time; nobody sees what a gone drive answers.
            Outcome::Busy | Outcome::Gone => Err(Sense::NONE),
        }
    }

    fn identify(&mut self) -> Result<Vec<u8>, Sense> {
        if let Some(known) = &self.known {
            return Ok(known.clone());
        }
        let data = self.ask(Taskfile { command: 0xec, ..Taskfile::default() }, &[])?;
        self.known = Some(data.clone());
        Ok(data)
    }

    fn product(&mut self) -> Result<Product, Sense> {
        let identify = self.identify()?;
        let spec = &self.device.drive.spec;
        Ok(Product {
            vendor: "ATA".to_owned(),
            model: text(&identify, 27, 20),
            revision: text(&identify, 23, 4),
            serial: format!("{:>20}", text(&identify, 10, 10)),
            rotational: spec.rotational,
            write_after_block_erase: 0,
            write_after_crypto_erase: 0,
            unmaps: false,
            identify: Some(identify),
        })
    }

    /// Blocks and their length: words 100 to 103, or 60 and 61; words 106, 117 and 118.
    fn capacity(&mut self) -> Result<(u64, u32), Sense> {
        let identify = self.identify()?;
        let is_extended = le16(&identify, 83 * 2) & 1 << 10 != 0;
        let blocks = if is_extended { le64(&identify, 200) } else { u64::from(le32(&identify, 120)) };
        let is_long = le16(&identify, 212) & 0xd000 == 0x5000;
        Ok((blocks, if is_long { le32(&identify, 234) * 2 } else { 512 }))
    }

    fn commands(&self) -> Vec<Command> {
        let security = if self.device.drive.spec.tcg.is_some() { opcodes::SECURITY } else { &[] };
        [opcodes::COMMON, opcodes::PASS_THROUGH, security].concat()
    }

    /// READ and WRITE become READ DMA EXT and WRITE DMA (FUA) EXT.
    fn transfer(&mut self, cdb: &Cdb, data: &[u8]) -> Result<Vec<u8>, Sense> {
        let (lba, count) = super::extent(cdb);
        let (blocks, block) = self.capacity()?;
        if lba.checked_add(count).is_none_or(|end| end > blocks) {
            return Err(Sense::OUT_OF_RANGE);
        }
        // COUNT zero would be 65536.
        let Some(count) = u16::try_from(count).ok().filter(|count| *count > 0) else {
            return if count == 0 { Ok(Vec::new()) } else { Err(Sense::FIELD_IN_CDB) };
        };
        let writes = matches!(cdb[0], 0x0a | 0x2a | 0x8a);
        let length = usize::from(count) * usize::try_from(block).unwrap_or(0);
        let data = if writes { data.get(..length).ok_or(Sense::FIELD_IN_CDB)? } else { &[] };
        let command = match (writes, cdb[1] & 0x08 != 0 && cdb[0] != 0x0a) {
            (false, _) => 0x25,
            (true, false) => 0x35,
            (true, true) => 0x3d,
        };
        self.ask(Taskfile { lba, count, device: 0x40, command, feature: 0 }, data)
    }

    /// SECURITY PROTOCOL IN and OUT become TRUSTED RECEIVE DMA and TRUSTED SEND DMA, in blocks of 512 bytes (SAT-4 9.14).
    fn security(&mut self, cdb: &Cdb, data: &[u8]) -> Result<Vec<u8>, Sense> {
        let length = usize::try_from(be32(cdb, 6)).unwrap_or(usize::MAX);
        let (blocks, bytes) =
            if cdb[4] & 0x80 != 0 { (length, length.saturating_mul(512)) } else { (length.div_ceil(512), length) };
        let [low, high] = u16::try_from(blocks).map_err(|_| Sense::FIELD_IN_CDB)?.to_le_bytes();
        let receives = cdb[0] == 0xa2;
        let task = Taskfile {
            feature: u16::from(cdb[1]),
            count: u16::from(low),
            lba: u64::from(be16(cdb, 2)) << 8 | u64::from(high),
            device: 0x40,
            command: if receives { 0x5d } else { 0x5f },
        };
        if receives {
            let mut answer = self.ask(task, &[])?;
            answer.truncate(bytes);
            return Ok(answer);
        }
        let mut padded = data.get(..bytes).ok_or(Sense::FIELD_IN_CDB)?.to_vec();
        padded.resize(blocks * 512, 0);
        self.ask(task, &padded)
    }

    fn mode_sense(&mut self, cdb: &Cdb) -> Result<Vec<u8>, Sense> {
        let (blocks, block) = self.capacity()?;
        self.mode.sense(cdb, Medium { blocks, block, write_protected: self.device.drive.faults().write_protected })
    }

    fn dispatch(&mut self, cdb: &Cdb, data: &[u8]) -> Result<Vec<u8>, Sense> {
        let plain = |command| Taskfile { command, device: 0x40, ..Taskfile::default() };
        match cdb[0] {
            0x00 => Ok(Vec::new()),
            0x03 => {
                let sense = self.attention.take().unwrap_or(Sense::NONE);
                let mut data = sense.bytes(cdb[1] & 1 != 0 && !self.device.drive.faults().fixed_sense);
                data.truncate(usize::from(cdb[4]));
                Ok(data)
            }
            0x08 | 0x28 | 0x88 | 0x0a | 0x2a | 0x8a => self.transfer(cdb, data),
            0x12 => self.product()?.inquiry(cdb),
            0x15 | 0x55 => self.mode.select(cdb, data).map(|_| Vec::new()),
            0x1a | 0x5a => self.mode_sense(cdb),
            // START STOP UNIT: IDLE IMMEDIATE or STANDBY IMMEDIATE.
            0x1b => self.ask(plain(if cdb[4] & 1 == 0 { 0xe0 } else { 0xe1 }), &[]),
            0x25 => self.capacity().map(|(blocks, block)| super::read_capacity(cdb, blocks, block, false)),
            0x9e if cdb[1] & 0x1f == 0x10 => {
                self.capacity().map(|(blocks, block)| super::read_capacity(cdb, blocks, block, false))
            }
            0x35 | 0x91 => self.ask(plain(0xea), &[]),
            0x4d => {
                let temperature_c = self.device.drive.spec.temperature_c;
                Counters { temperature_c, ..Counters::default() }.sense(cdb)
            }
            0xa0 => Ok(super::report_luns(cdb)),
            0xa3 if cdb[1] & 0x1f == 0x0c && self.device.drive.spec.scsi.rsoc => opcodes::report(cdb, &self.commands()),
            0xa2 | 0xb5 if self.device.drive.spec.tcg.is_some() => self.security(cdb, data),
            _ => Err(Sense::OPERATION_CODE),
        }
    }

    fn pass_through(&mut self, cdb: &Cdb, data: &[u8]) -> Answer {
        let request = match Request::parse(cdb) {
            Ok(Some(request)) => request,
            // RETURN RESPONSE INFORMATION.
            Ok(None) => return self.with_registers(Sense::new(1, 0x00, 0x1d), self.last, false, Vec::new()),
            Err(sense) => return self.answer(Err(sense)),
        };
        let transfer = self.device.transfer(&request.task);
        let data = match request.check(transfer, data) {
            Ok(data) => data,
            Err(sense) => return self.answer(Err(sense)),
        };
        let outcome = self.device.execute(&request.task, data);
        self.completed(request, outcome)
    }

    fn completed(&mut self, request: Request, outcome: Outcome) -> Answer {
        self.known = None;
        match outcome {
            Outcome::Gone => Answer::Gone,
            Outcome::Busy => {
                self.waiting = Some(request);
                Answer::Later
            }
            Outcome::Complete { registers, data } => {
                self.last = registers;
                let has_failed = registers.status & ERR != 0;
                if !has_failed && !request.check_condition {
                    return self.answer(Ok(data));
                }
                let sense = if has_failed { error(registers) } else { Sense::new(1, 0x00, 0x1d) };
                self.with_registers(sense, registers, request.extend, data)
            }
        }
    }

    /// CHECK CONDITION with the ATA Status Return descriptor, in descriptor format whatever `D_SENSE` says, as most translations do it.
    fn with_registers(&self, sense: Sense, registers: Registers, extend: bool, data: Vec<u8>) -> Answer {
        let drive = &self.device.drive;
        let sense = match drive.faults().drops_registers {
            None => sense.registers(registers, extend),
            Some(DropsRegisters::Zeros) => sense.registers(Registers::default(), false),
            Some(DropsRegisters::Absent) => sense,
        };
        super::check(drive, true, sense, data)
    }

    fn answer(&self, result: Result<Vec<u8>, Sense>) -> Answer {
        super::answer(&self.device.drive, self.mode.descriptor_sense, result)
    }
}

/// The sense of an ATA error (SAT-4 table 166): UNC, IDNF, everything else ABRT.
fn error(registers: Registers) -> Sense {
    match registers.error {
        error if error & UNC != 0 => Sense::UNREADABLE.at(registers.lba),
        error if error & IDNF != 0 => Sense::OUT_OF_RANGE,
        _ => Sense::new(0xb, 0x00, 0x00),
    }
}

impl Unit for Translation {
    fn execute(&mut self, cdb: &Cdb, data: &[u8], _: Instant) -> Answer {
        let waits = matches!(cdb[0], 0x03 | 0x12 | 0xa0);
        let answer = match self.attention.take_if(|_| !waits) {
            Some(attention) => self.answer(Err(attention)),
            None if matches!(cdb[0], 0x85 | 0xa1) => self.pass_through(cdb, data),
            None => {
                let result = self.dispatch(cdb, data);
                self.answer(result)
            }
        };
        if !matches!(cdb[0], 0x00 | 0x03 | 0x08 | 0x0a | 0x28 | 0x2a | 0x88 | 0x8a) {
            let note = match &answer {
                Answer::Check { sense, .. } => format!("sense key {:x}h", u8_at(sense, 1)),
                _ => String::new(),
            };
            self.device.drive.log.event("cdb", &note, cdb.get(..16).unwrap_or(cdb));
        }
        answer
    }

    fn finish(&mut self, now: Instant) -> Option<Answer> {
        let outcome = self.device.poll(now)?;
        let request = self.waiting.take()?;
        Some(self.completed(request, outcome))
    }

    fn is_queueing(&self) -> bool {
        false
    }

    fn tick(&mut self, now: Instant) {
        // While a command runs its end is for `finish` alone.
        if self.waiting.is_none() {
            self.device.poll(now);
        }
    }

    fn drive(&mut self) -> &mut Drive {
        &mut self.device.drive
    }

    fn reset(&mut self) {
        self.waiting = None;
        self.known = None;
        self.device.hard_reset();
        self.attention = Some(Sense::RESET);
    }

    fn power_on(&mut self) {
        self.device.power_on();
        self.start_up();
    }

    fn wake(&mut self) {
        self.device.wake();
        self.start_up();
    }

    fn power_off(&mut self) {
        self.waiting = None;
        self.device.power_off();
    }
}
