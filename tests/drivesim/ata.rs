//! An ATA drive without its bus: a taskfile and data go in, registers and data come out (ACS-4). The AHCI port and the SCSI/ATA translation
//! stand in front of it.
//!
//! ```text
//! let transfer = device.transfer(&task);                       // which way the data go, and how many bytes
//! match device.execute(&task, &data) {
//!     Outcome::Complete { registers, data } => …               // STATUS has ERR: `registers.error` says why
//!     Outcome::Busy => …                                       // BSY: `poll` gives the Complete later
//!     Outcome::Gone => …                                       // no answer ever: the link is down
//! }
//! ```

mod capacity;
mod erase_unit;
mod health;
mod identify;
mod log_page;
mod sanitize;
mod security;
mod taskfile;
mod user_data;

use std::time::Instant;

use serde::Deserialize;

use crate::drive::Drive;
use crate::fault::{Answer, Command, Faults};
use crate::operation::State;
use crate::tcg::Tper;
use capacity::Capacity;
pub use capacity::Hiding;
use erase_unit::{EraseUnit, Stand};
use sanitize::Sanitize;
use security::Security;
pub use taskfile::{ABRT, ERR, IDNF, Protocol, READY, Registers, Taskfile, Transfer, UNC};
use taskfile::{Failure, Output, Reply};

/// An operation of SANITIZE DEVICE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Technique {
    /// CRYPTO SCRAMBLE EXT.
    CryptoScramble,
    /// BLOCK ERASE EXT.
    BlockErase,
    /// OVERWRITE EXT.
    Overwrite,
}

/// What only ATA drives have: the table `[drive.ata]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Spec {
    /// The operations of SANITIZE DEVICE; none: the drive has no such feature set.
    pub sanitize: Vec<Technique>,
    /// The Security feature set.
    pub security: bool,
    /// SECURITY ERASE UNIT has its enhanced mode.
    pub enhanced_erase: bool,
    /// An operation of SANITIZE DEVICE with FAILURE MODE 0 is accepted while a password locks the drive, and takes the password away.
    pub sanitize_overrides_security: bool,
    /// Which commands hide the end of the medium. The sizes of what is hidden are faults.
    pub hiding: Hiding,
    /// DATA SET MANAGEMENT with TRIM.
    pub trim: bool,
    /// SMART attribute 5.
    pub reallocated: u32,
    /// SMART attribute 197, besides the unreadable blocks.
    pub pending: u32,
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            sanitize: vec![Technique::CryptoScramble, Technique::BlockErase, Technique::Overwrite],
            security: true,
            enhanced_erase: true,
            sanitize_overrides_security: false,
            hiding: Hiding::default(),
            trim: true,
            reallocated: 0,
            pending: 0,
        }
    }
}

impl Spec {
    /// Whether the faults fit to it, on a medium of `blocks`: a fault that can never show would make its test pass for nothing.
    pub fn check(&self, faults: &Faults, blocks: u64) -> Result<(), String> {
        let hidden = [(faults.hpa_blocks, "hpa"), (faults.dco_blocks, "dco"), (faults.amac_blocks, "amac")];
        for (count, name) in hidden {
            let fits = match self.hiding {
                Hiding::HpaDco => name != "amac",
                Hiding::Amac => name == "amac",
                Hiding::None => false,
            };
            if count > 0 && !fits {
                return Err(format!("{name}-blocks = {count} does not go with ata.hiding = {:?}", self.hiding));
            }
        }
        let all = hidden.iter().fold(0_u64, |sum, (count, _)| sum.saturating_add(*count));
        if all >= blocks {
            return Err(format!("{all} hidden blocks leave none of {blocks}"));
        }
        if !self.security && (faults.frozen || faults.frozen_until_suspend || faults.security_locked) {
            return Err("a drive with ata.security = false is neither frozen nor locked".to_owned());
        }
        Ok(())
    }
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// With these registers; without data where it failed.
    Complete {
        /// The answer.
        registers: Registers,
        /// What was read.
        data: Vec<u8>,
    },
    /// Not yet: [`Device::poll`] tells.
    Busy,
    /// The drive is gone.
    Gone,
}

/// An ATA drive.
#[derive(Debug)]
pub struct Device {
    /// The drive behind the protocol.
    pub drive: Drive,
    security: Security,
    sanitize: Sanitize,
    capacity: Capacity,
    tper: Option<Tper>,
    /// SECURITY ERASE UNIT, and its taskfile.
    erase: Option<(Taskfile, EraseUnit)>,
    is_standby: bool,
    was_suspended: bool,
}

impl Device {
    /// The drive as it comes: with its hidden areas and, by its faults, locked.
    pub fn new(drive: Drive) -> Self {
        let faults = drive.faults();
        let hiding = drive.spec.ata.hiding;
        let (overlaid, protected) = match hiding {
            Hiding::HpaDco => (faults.dco_blocks, faults.hpa_blocks),
            Hiding::Amac => (0, faults.amac_blocks),
            Hiding::None => (0, 0),
        };
        Self {
            security: Security::new(faults.security_locked),
            sanitize: Sanitize::default(),
            capacity: Capacity::new(hiding, drive.blocks(), overlaid, protected),
            tper: drive.spec.tcg.as_ref().map(Tper::new),
            erase: None,
            is_standby: false,
            was_suspended: false,
            drive,
        }
    }

    /// A machine with this drive is switched on.
    pub fn power_on(&mut self) {
        self.drive.power_on();
        self.was_suspended = false;
        self.start_up();
    }

    /// Power comes, and the machine's firmware freezes the drive, or does not.
    fn start_up(&mut self) {
        let faults = self.drive.faults();
        let freezes = faults.frozen || faults.frozen_until_suspend && !self.was_suspended;
        self.security.power_on(freezes);
        self.sanitize.power_on(faults.sanitize_frozen);
        self.capacity.power_on();
        if let Some(tper) = &mut self.tper {
            tper.power_on();
        }
        self.is_standby = false;
    }

    /// The power fails. An erase in the foreground ends where it is, and its password stays.
    pub fn power_off(&mut self) {
        self.interrupt();
        self.drive.power_off();
    }

    /// COMRESET. Freeze and lock stay; an erase in the foreground does not. A drive that was gone may be back as another.
    pub fn hard_reset(&mut self) {
        self.interrupt();
        self.security.hard_reset();
        self.capacity.forget_question();
        if self.drive.is_gone() && self.drive.faults().returns_as.is_some() {
            self.drive.come_back();
            self.start_up();
        }
    }

    /// Power is back after a suspend to RAM: the firmware of many machines does not freeze then. What is at the port may be another drive.
    pub fn wake(&mut self) {
        self.drive.power_on();
        self.was_suspended = true;
        if self.drive.faults().returns_as.is_some() {
            self.drive.come_back();
        }
        self.start_up();
    }

    fn interrupt(&mut self) {
        if let Some((_, erase)) = self.erase.take() {
            erase.interrupt(&mut self.drive, Instant::now());
        }
    }

    /// It answers nothing any more.
    pub fn is_gone(&self) -> bool {
        self.drive.is_gone()
    }

    /// A command is being executed: the device takes no other until [`Self::poll`] has its result.
    pub fn is_busy(&self) -> bool {
        self.erase.is_some()
    }

    /// Which way the data of `task` go, and how many bytes there are.
    pub fn transfer(&self, task: &Taskfile) -> Transfer {
        task.transfer(self.drive.block)
    }

    /// Executes a command; `data` are what the host sends, of the length that [`Self::transfer`] tells.
    pub fn execute(&mut self, task: &Taskfile, data: &[u8]) -> Outcome {
        // Whatever is over by now is over before the command.
        self.tick(Instant::now());
        if self.is_gone() {
            return Outcome::Gone;
        }
        let reply = self.reply(&task.seen(), data);
        if self.is_gone() {
            return Outcome::Gone;
        }
        if let Some((begun, _)) = &mut self.erase {
            *begun = *task;
            self.note("ata-begun", task, &Registers::default());
            return Outcome::Busy;
        }
        self.complete(task, reply)
    }

    fn complete(&mut self, task: &Taskfile, reply: Reply) -> Outcome {
        let registers = Registers::after(task, &reply);
        self.note("ata-command", task, &registers);
        Outcome::Complete { registers, data: reply.map(|output| output.data).unwrap_or_default() }
    }

    /// Logs a command: FEATURE, COUNT, LBA, DEVICE, COMMAND, then the answer's STATUS, ERROR, COUNT, LBA. Reads and writes that went well are too many.
    fn note(&mut self, event: &str, task: &Taskfile, registers: &Registers) {
        if user_data::is_transfer(task.command) && registers.status & ERR == 0 {
            return;
        }
        let mut bytes = Vec::with_capacity(22);
        bytes.extend(task.feature.to_be_bytes());
        bytes.extend(task.count.to_be_bytes());
        bytes.extend(task.lba.to_be_bytes().split_at(2).1);
        bytes.extend([task.device, task.command, registers.status, registers.error]);
        bytes.extend(registers.count.to_be_bytes());
        bytes.extend(registers.lba.to_be_bytes().split_at(2).1);
        let note = format!("{:02X}h/{:04X}h status {:02X}h", task.command, task.feature, registers.status);
        self.drive.log.event(event, &note, &bytes);
    }

    /// Lets the clock go on. Gives the end of the command that made the device busy, or that the drive has gone meanwhile.
    pub fn poll(&mut self, now: Instant) -> Option<Outcome> {
        self.tick(now);
        let (task, erase) = self.erase.as_ref()?;
        let (task, stand) = (*task, erase.poll(&mut self.drive, now));
        if self.is_gone() {
            self.erase = None;
            return Some(Outcome::Gone);
        }
        let reply = match stand {
            Stand::Busy => return None,
            Stand::Done => {
                self.security.erased();
                Ok(Output::none())
            }
            Stand::Failed => Err(Failure::ABORTED),
        };
        self.erase = None;
        Some(self.complete(&task, reply))
    }

    fn tick(&mut self, now: Instant) {
        let has_ended = self.drive.tick(now);
        if has_ended && self.drive.operation.state() == State::Done && self.security.is_locked() {
            self.security.erased();
        }
    }

    /// The command's own work; `task` is without the halves that the device does not see.
    fn reply(&mut self, task: &Taskfile, data: &[u8]) -> Reply {
        let was_prepared = self.security.take_prepared();
        if !matches!(task.command, 0x37 | 0xf9) {
            self.capacity.forget_question();
        }
        if self.is_locked_out(task) || self.is_sanitized_out(task) {
            return Err(Failure::ABORTED);
        }
        let transfer = self.transfer(task);
        if matches!(transfer.protocol, Protocol::PioOut | Protocol::DmaOut) && data.len() != transfer.bytes {
            return Err(Failure::ABORTED);
        }
        match task.command {
            0xec => Ok(Output::data(self.identify())),
            0xb4 if !self.drive.spec.ata.sanitize.is_empty() => {
                let supported = self.drive.spec.ata.sanitize.clone();
                self.sanitize.execute(&mut self.drive, task, &supported)
            }
            0xf1..=0xf6 if self.drive.spec.ata.security => self.security_command(task, was_prepared, data),
            0x27 | 0xf8 => self.capacity.read_native_max(task),
            0x37 | 0xf9 => self.with_answer(Command::SetMax, |device| device.capacity.set_max(task, data)),
            0xb1 if task.feature == 0xc0 => {
                self.with_answer(Command::DcoRestore, |device| device.capacity.device_configuration(task, data))
            }
            0xb1 => self.capacity.device_configuration(task, data),
            0x78 if task.feature == 1 => {
                self.with_answer(Command::Amac, |device| device.capacity.accessible_max_address(task))
            }
            0x78 => self.capacity.accessible_max_address(task),
            0x5c..=0x5f => self.trusted(task, data),
            0x2f | 0x47 => self.read_log(task),
            0xb0 => self.smart(task),
            _ if user_data::is_transfer(task.command) => self.user_data(task, data),
            _ => self.power_and_features(task),
        }
    }

    /// Does what the faults leave of a command.
    fn with_answer(&mut self, command: Command, obey: impl FnOnce(&mut Self) -> Reply) -> Reply {
        match self.drive.faults().answer(command) {
            Answer::Obey => obey(self),
            Answer::Refuse => Err(Failure::ABORTED),
            Answer::Ignore => Ok(Output::none()),
        }
    }

    /// What a locked drive aborts (ACS-3 table 12): all that touches user data or changes its size.
    fn is_locked_out(&self, task: &Taskfile) -> bool {
        if !self.security.is_locked() {
            return false;
        }
        let overrides = self.drive.spec.ata.sanitize_overrides_security && task.count & 1 << 4 == 0;
        match task.command {
            0xb4 => task.feature != 0 && !overrides,
            0xb1 | 0x37 | 0xf9 | 0x5c..=0x5f | 0xe7 | 0xea => true,
            0x78 => task.feature != 0,
            command => user_data::is_transfer(command),
        }
    }

    /// What a drive aborts while a sanitize runs or after it failed (ACS-4 4.17.4): all but these.
    fn is_sanitized_out(&self, task: &Taskfile) -> bool {
        let is_allowed = match task.command {
            // IDENTIFY DEVICE, SANITIZE DEVICE, CHECK POWER MODE, REQUEST SENSE DATA EXT, SECURITY UNLOCK.
            0xec | 0xb4 | 0xe5 | 0x0b | 0xf2 => true,
            // READ LOG (DMA) EXT of the NCQ error, IDENTIFY DEVICE data and SCT status logs.
            0x2f | 0x47 => matches!(task.lba & 0xff, 0x10 | 0x30 | 0xe0),
            // SMART RETURN STATUS.
            0xb0 => task.feature == 0xda,
            // IDLE IMMEDIATE with UNLOAD.
            0xe1 => task.feature == 0x44,
            _ => false,
        };
        matches!(self.drive.operation.state(), State::Running | State::Failed) && !is_allowed
    }

    fn security_command(&mut self, task: &Taskfile, was_prepared: bool, data: &[u8]) -> Reply {
        match task.command {
            0xf1 => self.security.set_password(data),
            0xf2 => self.security.unlock(data),
            0xf3 => self.security.prepare(),
            0xf5 => self.security.freeze(),
            0xf6 => self.security.disable(data),
            _ => {
                let is_enhanced = self.security.may_erase(was_prepared, data)?;
                let faults = self.drive.faults();
                if is_enhanced && !self.drive.spec.ata.enhanced_erase || faults.write_protected {
                    return Err(Failure::ABORTED);
                }
                self.with_answer(Command::SecurityErase, |device| {
                    let accessible = device.capacity.accessible();
                    let erase = EraseUnit::begin(&mut device.drive, is_enhanced, accessible, Instant::now());
                    device.erase = Some((Taskfile::default(), erase));
                    Ok(Output::none())
                })
            }
        }
    }

    /// TRUSTED SEND and RECEIVE: FEATURE is the protocol, LBA(23:8) what is specific to it.
    fn trusted(&mut self, task: &Taskfile, data: &[u8]) -> Reply {
        let tper = self.tper.as_mut().ok_or(Failure::ABORTED)?;
        let protocol = task.feature.to_le_bytes()[0];
        let lba = task.lba.to_le_bytes();
        let specific = u16::from_le_bytes([lba[1], lba[2]]);
        if task.command >= 0x5e {
            let sent = tper.send(&mut self.drive, protocol, specific, data);
            return sent.map(|()| Output::none()).map_err(|_| Failure::ABORTED);
        }
        let length = task.trusted_blocks() * 512;
        let mut data = tper.receive(protocol, specific, length).map_err(|_| Failure::ABORTED)?;
        data.resize(length, 0);
        Ok(Output::data(data))
    }

    fn power_and_features(&mut self, task: &Taskfile) -> Reply {
        match task.command {
            // CHECK POWER MODE.
            0xe5 => Ok(Output { count: Some(if self.is_standby { 0x00 } else { 0xff }), ..Output::none() }),
            // STANDBY (IMMEDIATE), IDLE (IMMEDIATE).
            0xe0..=0xe3 => {
                self.is_standby = matches!(task.command, 0xe0 | 0xe2);
                Ok(Output::none())
            }
            // FLUSH CACHE (EXT): nothing is kept back. REQUEST SENSE DATA EXT: no sense.
            0xe7 | 0xea => Ok(Output::none()),
            0x0b => Ok(Output::lba(0)),
            // SET FEATURES: transfer mode, write cache, look-ahead, SATA features, reverting to defaults.
            0xef if matches!(task.feature, 0x02 | 0x03 | 0x10 | 0x55 | 0x66 | 0x82 | 0x90 | 0xaa | 0xcc) => {
                Ok(Output::none())
            }
            _ => Err(Failure::ABORTED),
        }
    }
}

#[cfg(test)]
mod tests;
