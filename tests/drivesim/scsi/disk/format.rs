//! FORMAT UNIT (SBC-4 5.4), and what MODE SELECT asks of it.

use super::{Cdb, Disk, Job, Sense};
use crate::bytes::{be16, be32, u8_at};
use crate::fault::{Answer, Command};
use crate::media::Technique;
use crate::operation::State;
use crate::scsi::mode::Wanted;

/// The fields of a parameter list.
struct Parameters {
    immediate: bool,
    pattern: [u8; 4],
}

impl Disk {
    /// FORMAT UNIT: the whole medium is initialized, with the pattern of the list or with zeros.
    pub(super) fn format(&mut self, cdb: &Cdb, data: &[u8]) -> Result<Vec<u8>, Sense> {
        // FMTPINFO: no protection information.
        if cdb[1] & 0xc0 != 0 {
            return Err(Sense::FIELD_IN_CDB);
        }
        let parameters = if cdb[1] & 0x10 == 0 {
            Parameters { immediate: false, pattern: [0; 4] }
        } else {
            parameters(data, cdb[1] & 0x20 != 0)?
        };
        if self.drive.faults().write_protected {
            return Err(Sense::WRITE_PROTECTED);
        }
        match self.drive.faults().answer(Command::Format) {
            Answer::Refuse => return Err(Sense::FIELD_IN_CDB),
            Answer::Ignore => return Ok(Vec::new()),
            Answer::Obey => {}
        }
        self.job = Job::Format { block: self.next_block, blocks: self.next_blocks };
        self.drive.start_all(Technique::Overwrite(parameters.pattern));
        self.is_waiting = !parameters.immediate;
        Ok(Vec::new())
    }

    /// MODE SELECT: a capacity is taken at once, another block length at the next FORMAT UNIT (SBC-4 6.5.2).
    pub(super) fn reformat_later(&mut self, wanted: Wanted) -> Result<(), Sense> {
        let block = if wanted.block == 0 { self.drive.block } else { wanted.block };
        if !matches!(block, 512 | 520 | 528 | 4096) {
            return Err(Sense::FIELD_IN_LIST);
        }
        let most = self.drive.media.size() / u64::from(block);
        let is_same = block == self.drive.block;
        let blocks = match wanted.blocks {
            0 if is_same => self.blocks,
            0 | u64::MAX => most,
            blocks if blocks <= most => blocks,
            _ => return Err(Sense::FIELD_IN_LIST),
        };
        (self.next_block, self.next_blocks) = (block, blocks);
        if is_same && blocks != self.blocks {
            self.blocks = blocks;
            self.attention = Some(Sense::CAPACITY_CHANGED);
        }
        Ok(())
    }

    /// A format has ended well.
    pub(super) fn formatted(&mut self, block: u32, blocks: u64) {
        if (self.drive.block, self.blocks) != (block, blocks) {
            self.attention = Some(Sense::CAPACITY_CHANGED);
        }
        self.drive.block = block;
        self.blocks = blocks;
    }

    /// The power has failed: a sanitize resumes, a format does not.
    pub(super) fn cut_format(&mut self) {
        if self.drive.operation.state() == State::Running && matches!(self.job, Job::Format { .. }) {
            self.drive.operation.end(State::Failed);
            self.job = Job::CutFormat;
        }
    }
}

/// The header, short or long (LONGLIST), and the initialization pattern descriptor, if IP says that there is one.
fn parameters(data: &[u8], is_long: bool) -> Result<Parameters, Sense> {
    let header = if is_long { 8 } else { 4 };
    if data.len() < header {
        return Err(Sense::LIST_LENGTH);
    }
    let flags = u8_at(data, 1);
    let defects = if is_long { be32(data, 4) } else { u32::from(be16(data, 2)) };
    // No list of defects from the host, no protection fields.
    if defects != 0 || u8_at(data, 0) & 0x07 != 0 {
        return Err(Sense::FIELD_IN_LIST);
    }
    let mut pattern = [0; 4];
    if flags & 0x08 != 0 {
        let length = usize::from(be16(data, header + 2));
        let repeated = data.get(header + 4..header + 4 + length).ok_or(Sense::LIST_LENGTH)?;
        // 00h: the drive's own pattern; 01h: this one, repeated. As for SANITIZE, it has four bytes or fewer.
        match (u8_at(data, header + 1), length) {
            (0x00, 0) => {}
            (0x01, 1 | 2 | 4) => {
                pattern.iter_mut().zip(repeated.iter().cycle()).for_each(|(byte, from)| *byte = *from);
            }
            _ => return Err(Sense::FIELD_IN_LIST),
        }
    }
    Ok(Parameters { immediate: flags & 0x02 != 0, pattern })
}
