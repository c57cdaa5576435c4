//! A SAS drive.

mod blocks;
mod erase;
mod format;
#[cfg(test)]
mod tests;

use std::time::Instant;

use super::inquiry::Product;
use super::log_page::Counters;
use super::mode::{Medium, Mode};
use super::opcodes::{self, Command};
use super::sense::Sense;
use super::{Answer, Cdb, Sanitize, Unit};
use crate::bytes::{be16, be32, put};
use crate::drive::Drive;
use crate::fault;
use crate::operation::State;
use crate::ranges::Ranges;
use crate::tcg::Tper;

/// What the last erase of the drive was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Job {
    /// SANITIZE; unrestricted: AUSE was set.
    Sanitize { unrestricted: bool },
    /// FORMAT UNIT, to blocks of this length and this number of them.
    Format { block: u32, blocks: u64 },
    /// FORMAT UNIT that lost power: it does not resume.
    CutFormat,
}

/// A SAS drive.
#[derive(Debug)]
pub struct Disk {
    drive: Drive,
    tper: Option<Tper>,
    mode: Mode,
    counters: Counters,
    /// Blocks that the host can address.
    blocks: u64,
    /// What the next FORMAT UNIT makes of the medium.
    next_block: u32,
    next_blocks: u64,
    job: Job,
    deallocated: Ranges,
    /// Blocks that cannot be read until they are written.
    stale: Ranges,
    stale_sense: Sense,
    attention: Option<Sense>,
    /// A SANITIZE or FORMAT UNIT without IMMED waits for its end.
    is_waiting: bool,
}

impl Disk {
    /// The drive as it is when it gets power for the first time.
    pub fn new(drive: Drive) -> Self {
        let blocks = drive.blocks().saturating_sub(drive.spec.scsi.hidden_blocks).max(1);
        Self {
            tper: drive.spec.tcg.as_ref().map(Tper::new),
            mode: Mode::default(),
            counters: Counters { temperature_c: drive.spec.temperature_c, ..Counters::default() },
            blocks,
            next_block: drive.block,
            next_blocks: blocks,
            job: Job::Sanitize { unrestricted: false },
            deallocated: Ranges::default(),
            stale: Ranges::default(),
            stale_sense: Sense::UNREADABLE,
            attention: Some(Sense::POWER_ON),
            is_waiting: false,
            drive,
        }
    }

    fn unmaps(&self) -> bool {
        self.drive.spec.scsi.unmap && !self.drive.spec.rotational
    }

    fn can(&self, sanitize: Sanitize) -> bool {
        self.drive.spec.scsi.sanitize.contains(&sanitize)
    }

    fn product(&self) -> Product {
        let spec = &self.drive.spec;
        Product {
            vendor: spec.scsi.vendor.clone(),
            model: spec.model.clone(),
            revision: spec.firmware.clone(),
            serial: self.drive.serial().to_owned(),
            rotational: spec.rotational,
            write_after_block_erase: spec.scsi.write_after_block_erase & 3,
            write_after_crypto_erase: spec.scsi.write_after_crypto_erase & 3,
            unmaps: self.unmaps(),
            identify: None,
        }
    }

    fn commands(&self) -> Vec<Command> {
        let mut commands = [opcodes::COMMON, opcodes::DISK].concat();
        commands.extend(self.unmaps().then_some(opcodes::UNMAP));
        if self.tper.is_some() {
            commands.extend(opcodes::SECURITY);
        }
        let actions = [(Sanitize::Overwrite, 1), (Sanitize::BlockErase, 2), (Sanitize::CryptoErase, 3)];
        let known = actions.iter().filter(|(sanitize, _)| self.can(*sanitize)).map(|(_, action)| *action);
        let exit = (!self.drive.spec.scsi.sanitize.is_empty()).then_some(0x1f);
        commands.extend(known.chain(exit).map(opcodes::sanitize));
        commands
    }

    /// Why an operation that runs, or has failed, forbids this command (SBC-4 4.11 for SANITIZE, 4.35 for FORMAT UNIT).
    fn barred(&self, cdb: &Cdb, now: Instant) -> Option<Sense> {
        let is_question = matches!(cdb[0], 0x03 | 0x12 | 0x4d | 0xa0 | 0xa3);
        if is_question {
            return None;
        }
        let state = self.state(now)?;
        let may_mend = match (self.drive.operation.state(), self.job) {
            (State::Failed, Job::Sanitize { .. }) => cdb[0] == 0x48,
            (State::Failed, _) => {
                matches!(
                    cdb[0],
                    0x04 | 0x15 | 0x1a | 0x1b | 0x25 | 0x37 | 0x48 | 0x55 | 0x5a | 0x9e | 0xa2 | 0xb5 | 0xb7
                )
            }
            _ => false,
        };
        (!may_mend).then_some(state)
    }

    /// What the last erase has to say to every command: it runs, or it has failed.
    fn state(&self, now: Instant) -> Option<Sense> {
        let progress = self.drive.operation.progress(self.drive.faults(), now);
        match (self.drive.operation.state(), self.job) {
            (State::Running, Job::Sanitize { .. }) => Some(Sense::new(2, 0x04, 0x1b).progress(progress)),
            (State::Running, _) => Some(Sense::new(2, 0x04, 0x04).progress(progress)),
            (State::Failed, Job::Sanitize { .. }) => Some(Sense::SANITIZE_FAILED),
            (State::Failed, Job::Format { .. }) => Some(Sense::FORMAT_FAILED),
            (State::Failed, Job::CutFormat) => Some(Sense::FORMAT_CORRUPTED),
            (State::Never | State::Done, _) => None,
        }
    }

    /// REQUEST SENSE: a unit attention first, then the state; in the format that DESC asks for.
    fn request_sense(&mut self, cdb: &Cdb, now: Instant) -> Vec<u8> {
        let sense = self.state(now).or_else(|| self.attention.take()).unwrap_or(Sense::NONE);
        let mut data = sense.bytes(cdb[1] & 1 != 0 && !self.drive.faults().fixed_sense);
        data.truncate(usize::from(cdb[4]));
        data
    }

    /// READ DEFECT DATA (10) and (12): the grown list in the format that is asked for, with addresses at the end of the medium.
    fn defects(&self, cdb: &Cdb) -> Vec<u8> {
        let is_ten = cdb[0] == 0x37;
        let request = if is_ten { cdb[2] } else { cdb[1] };
        let count = if request & 0x08 == 0 { 0 } else { self.drive.spec.scsi.grown_defects };
        let addresses = (1..=u64::from(count)).map(|index| self.drive.blocks().saturating_sub(index));
        let list: Vec<u8> = match request & 0x07 {
            0 => addresses.flat_map(|lba| u32::try_from(lba).unwrap_or(u32::MAX).to_be_bytes()).collect(),
            _ => addresses.flat_map(u64::to_be_bytes).collect(),
        };
        let mut data = vec![0, request & 0x1f, 0, 0];
        if is_ten {
            put(&mut data, 2, &u16::try_from(list.len()).unwrap_or(u16::MAX).to_be_bytes());
        } else {
            data.extend(u32::try_from(list.len()).unwrap_or(u32::MAX).to_be_bytes());
        }
        data.extend(list);
        let room = if is_ten { usize::from(be16(cdb, 7)) } else { usize::try_from(be32(cdb, 6)).unwrap_or(0) };
        data.truncate(room);
        data
    }

    fn security(&mut self, cdb: &Cdb, data: &[u8]) -> Result<Vec<u8>, Sense> {
        let tper = self.tper.as_mut().ok_or(Sense::OPERATION_CODE)?;
        let unit: usize = if cdb[4] & 0x80 != 0 { 512 } else { 1 };
        let length = usize::try_from(be32(cdb, 6)).unwrap_or(0).saturating_mul(unit);
        let (protocol, specific) = (cdb[1], be16(cdb, 2));
        let refused = |_| Sense::FIELD_IN_CDB;
        if cdb[0] == 0xa2 {
            return tper.receive(protocol, specific, length.min(1 << 20)).map_err(refused);
        }
        let data = data.get(..length).ok_or(Sense::FIELD_IN_CDB)?;
        tper.send(&mut self.drive, protocol, specific, data).map(|()| Vec::new()).map_err(refused)
    }

    fn mode_select(&mut self, cdb: &Cdb, data: &[u8]) -> Result<Vec<u8>, Sense> {
        match self.drive.faults().answer(fault::Command::ModeSelect) {
            fault::Answer::Refuse => return Err(Sense::FIELD_IN_LIST),
            fault::Answer::Ignore => return Ok(Vec::new()),
            fault::Answer::Obey => {}
        }
        let Some(wanted) = self.mode.select(cdb, data)? else { return Ok(Vec::new()) };
        self.reformat_later(wanted)?;
        Ok(Vec::new())
    }

    fn dispatch(&mut self, cdb: &Cdb, data: &[u8], now: Instant) -> Result<Vec<u8>, Sense> {
        let nothing = Ok(Vec::new());
        match cdb[0] {
            0x00 | 0x1b | 0x35 | 0x91 => nothing,
            0x03 => Ok(self.request_sense(cdb, now)),
            0x04 => self.format(cdb, data),
            0x12 => self.product().inquiry(cdb),
            0x15 | 0x55 => self.mode_select(cdb, data),
            0x1a | 0x5a => {
                let write_protected = self.drive.faults().write_protected;
                self.mode.sense(cdb, Medium { blocks: self.blocks, block: self.drive.block, write_protected })
            }
            0x25 => Ok(super::read_capacity(cdb, self.blocks, self.drive.block, self.unmaps())),
            0x9e if cdb[1] & 0x1f == 0x10 => {
                Ok(super::read_capacity(cdb, self.blocks, self.drive.block, self.unmaps()))
            }
            0x37 | 0xb7 => Ok(self.defects(cdb)),
            0x48 if !self.drive.spec.scsi.sanitize.is_empty() => self.sanitize(cdb, data),
            0x4d => self.counters.sense(cdb),
            0xa0 => Ok(super::report_luns(cdb)),
            0xa3 if cdb[1] & 0x1f == 0x0c && self.drive.spec.scsi.rsoc => opcodes::report(cdb, &self.commands()),
            0xa2 | 0xb5 => self.security(cdb, data),
            0x08 | 0x28 | 0x88 => self.read(cdb),
            0x0a | 0x2a | 0x8a => self.write(cdb, data),
            0x2f | 0x8f => self.verify(cdb, data),
            0x41 | 0x93 => self.write_same(cdb, data),
            0x42 if self.unmaps() => self.unmap(cdb, data),
            _ => Err(Sense::OPERATION_CODE),
        }
    }

    fn answer(&self, result: Result<Vec<u8>, Sense>) -> Answer {
        super::answer(&self.drive, self.mode.descriptor_sense, result)
    }
}

impl Unit for Disk {
    fn execute(&mut self, cdb: &Cdb, data: &[u8], now: Instant) -> Answer {
        self.tick(now);
        let waits = matches!(cdb[0], 0x03 | 0x12 | 0xa0);
        let result = match self.attention.take_if(|_| !waits) {
            Some(attention) => Err(attention),
            None => match self.barred(cdb, now) {
                Some(sense) => Err(sense),
                None => self.dispatch(cdb, data, now),
            },
        };
        if !matches!(cdb[0], 0x00 | 0x03 | 0x08 | 0x0a | 0x28 | 0x2a | 0x88 | 0x8a) {
            let note =
                result.as_ref().err().map_or(String::new(), |sense| format!("{:x}/{:x?}", sense.key, sense.code));
            self.drive.log.event("cdb", &note, cdb.get(..16).unwrap_or(cdb));
        }
        if self.is_waiting && !self.drive.is_gone() { Answer::Later } else { self.answer(result) }
    }

    fn finish(&mut self, now: Instant) -> Option<Answer> {
        self.tick(now);
        if self.drive.operation.state() == State::Running && !self.drive.is_gone() {
            return None;
        }
        self.is_waiting = false;
        Some(self.answer(self.state(now).map_or(Ok(Vec::new()), Err)))
    }

    fn is_queueing(&self) -> bool {
        true
    }

    fn tick(&mut self, now: Instant) {
        if self.drive.tick(now) {
            self.ended();
        }
    }

    fn drive(&mut self) -> &mut Drive {
        &mut self.drive
    }

    fn reset(&mut self) {
        self.is_waiting = false;
        self.attention = Some(Sense::RESET);
        if self.drive.is_gone() && self.drive.faults().returns_as.is_some() {
            self.drive.come_back();
        }
    }

    fn power_on(&mut self) {
        self.drive.power_on();
        self.mode = Mode::default();
        self.is_waiting = false;
        self.attention = Some(Sense::POWER_ON);
        if let Some(tper) = &mut self.tper {
            tper.power_on();
        }
    }

    fn power_off(&mut self) {
        self.drive.power_off();
        self.cut_format();
    }
}
