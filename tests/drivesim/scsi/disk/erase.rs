//! SANITIZE (SBC-4 5.30): checked, started, ended.

use super::{Cdb, Disk, Job, Sanitize, Sense};
use crate::bytes::{be16, u8_at};
use crate::fault::{Answer, Command};
use crate::media::Technique;
use crate::operation::State;

impl Disk {
    /// SANITIZE with one of its service actions.
    pub(super) fn sanitize(&mut self, cdb: &Cdb, data: &[u8]) -> Result<Vec<u8>, Sense> {
        let [_, flags, ..] = *cdb;
        let (immediate, unrestricted, action) = (flags & 0x80 != 0, flags & 0x20 != 0, flags & 0x1f);
        self.mends(unrestricted, action)?;
        let length = usize::from(be16(cdb, 7));
        let (sanitize, command) = match action {
            0x01 => (Sanitize::Overwrite, Command::Overwrite),
            0x02 => (Sanitize::BlockErase, Command::BlockErase),
            0x03 => (Sanitize::CryptoErase, Command::CryptoErase),
            0x1f => {
                self.exit_failure_mode();
                return Ok(Vec::new());
            }
            _ => return Err(Sense::FIELD_IN_CDB),
        };
        if !self.can(sanitize) || length != 0 && sanitize != Sanitize::Overwrite {
            return Err(Sense::FIELD_IN_CDB);
        }
        let technique = match sanitize {
            Sanitize::Overwrite => Technique::Overwrite(self.pattern(length, data)?),
            Sanitize::BlockErase => Technique::BlockErase,
            Sanitize::CryptoErase => Technique::CryptoErase,
        };
        if self.drive.faults().write_protected {
            return Err(Sense::WRITE_PROTECTED);
        }
        match self.drive.faults().answer(Command::Sanitize) {
            Answer::Obey => {}
            other => return refusal(other),
        }
        match self.drive.faults().answer(command) {
            Answer::Obey => {}
            other => return refusal(other),
        }
        self.job = Job::Sanitize { unrestricted };
        self.drive.start_all(technique);
        self.is_waiting = !immediate;
        Ok(Vec::new())
    }

    /// After a failure of a restricted sanitize only another restricted one is accepted (SBC-4 4.11.4).
    fn mends(&self, unrestricted: bool, action: u8) -> Result<(), Sense> {
        let restricted = self.job == Job::Sanitize { unrestricted: false };
        let has_failed = self.drive.operation.state() == State::Failed;
        if has_failed && restricted && (unrestricted || action == 0x1f) {
            return Err(Sense::FIELD_IN_CDB);
        }
        Ok(())
    }

    fn exit_failure_mode(&mut self) {
        if self.drive.operation.state() == State::Failed {
            self.drive.operation.end(State::Never);
        }
    }

    /// What the last pass of an overwrite leaves, from its parameter list. Patterns that do not repeat every four bytes are refused: this drive's
    /// writer has a pattern register of four bytes.
    fn pattern(&self, length: usize, data: &[u8]) -> Result<[u8; 4], Sense> {
        // A header of four bytes and one to a block's bytes of pattern.
        let longest = usize::try_from(self.drive.block).unwrap_or(0) + 4;
        if !(5..=longest).contains(&length) {
            return Err(Sense::FIELD_IN_CDB);
        }
        let list = data.get(..length).ok_or(Sense::LIST_LENGTH)?;
        let (header, pattern) = list.split_at(4);
        let flags = u8_at(header, 0);
        let (invert, test, passes) = (flags & 0x80 != 0, flags >> 5 & 3, flags & 0x1f);
        if test != 0 || passes == 0 || usize::from(be16(header, 2)) != pattern.len() {
            return Err(Sense::FIELD_IN_LIST);
        }
        let repeats = pattern.iter().zip(pattern.iter().cycle().skip(4)).all(|(byte, later)| byte == later);
        if !repeats {
            return Err(Sense::FIELD_IN_LIST);
        }
        let mut four = [0; 4];
        four.iter_mut().zip(pattern.iter().cycle()).for_each(|(byte, from)| *byte = *from);
        // Inverted between the passes: the last of an even number is inverted.
        if invert && passes % 2 == 0 {
            four = four.map(|byte| !byte);
        }
        Ok(four)
    }

    /// The erase that ran has just ended.
    pub(super) fn ended(&mut self) {
        if self.drive.operation.state() != State::Done {
            return;
        }
        self.deallocated.clear();
        self.stale.clear();
        match self.job {
            Job::Format { block, blocks } => self.formatted(block, blocks),
            Job::Sanitize { .. } | Job::CutFormat => self.require_writes(),
        }
    }

    /// WABEREQ and WACEREQ: 10b, a read may end in a medium error; 11b, in WRITE AFTER SANITIZE REQUIRED.
    fn require_writes(&mut self) {
        let scsi = &self.drive.spec.scsi;
        let required = match self.drive.operation.technique() {
            Technique::BlockErase => scsi.write_after_block_erase,
            Technique::CryptoErase => scsi.write_after_crypto_erase,
            Technique::Overwrite(_) => 0,
        };
        self.stale_sense = if required == 3 { Sense::WRITE_FIRST } else { Sense::UNREADABLE };
        if required >= 2 {
            self.stale.insert(0..self.drive.blocks());
        }
    }
}

fn refusal(answer: Answer) -> Result<Vec<u8>, Sense> {
    if answer == Answer::Refuse { Err(Sense::FIELD_IN_CDB) } else { Ok(Vec::new()) }
}
