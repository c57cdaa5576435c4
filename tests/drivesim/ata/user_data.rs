//! The commands that touch user data: READ, WRITE, READ VERIFY, DATA SET MANAGEMENT.

use super::Device;
use super::taskfile::{Failure, IDNF, Output, Reply, Taskfile, UNC};
use crate::bytes::le64;
use crate::drive::BlockError;
use crate::fault::Command;

/// The command reads, writes, verifies or trims.
pub(super) fn is_transfer(command: u8) -> bool {
    matches!(command, 0x06 | 0x20 | 0x24 | 0x25 | 0x30 | 0x34 | 0x35 | 0x3d | 0x40 | 0x42 | 0xc8 | 0xca)
}

impl From<BlockError> for Failure {
    fn from(error: BlockError) -> Self {
        match error {
            BlockError::Unreadable(lba) => Self { error: UNC, lba: Some(lba) },
            // What drives say that have no spare blocks left.
            BlockError::Unwritable(lba) => Self { error: IDNF, lba: Some(lba) },
            BlockError::OutOfRange => Self::NOT_FOUND,
            BlockError::WriteProtected | BlockError::Gone => Self::ABORTED,
        }
    }
}

impl Device {
    pub(super) fn user_data(&mut self, task: &Taskfile, data: &[u8]) -> Reply {
        self.is_standby = false;
        if self.tper.as_ref().is_some_and(crate::tcg::Tper::is_locked) || !self.drive.count_io() {
            return Err(Failure::ABORTED);
        }
        if task.command == 0x06 {
            return self.with_answer(Command::Deallocate, |device| device.trim(task, data));
        }
        let (lba, count) = (task.lba, task.blocks());
        if lba + count > self.capacity.accessible() {
            return Err(Failure::NOT_FOUND);
        }
        match task.command {
            0x30 | 0x34 | 0x35 | 0x3d | 0xca => {
                self.drive.write(lba, data)?;
                Ok(Output::none())
            }
            0x40 | 0x42 => {
                self.drive.read(lba, count)?;
                Ok(Output::none())
            }
            _ => Ok(Output::data(self.drive.read(lba, count)?)),
        }
    }

    /// DATA SET MANAGEMENT with TRIM: entries of LBA(47:0) and a count of 16 bits (ACS-4 7.5.3); a count of 0 is none.
    fn trim(&self, task: &Taskfile, data: &[u8]) -> Reply {
        if !self.drive.spec.ata.trim || task.feature & 1 == 0 {
            return Err(Failure::ABORTED);
        }
        let entries = data.chunks_exact(8).map(|entry| le64(entry, 0));
        let ranges: Vec<(u64, u64)> =
            entries.map(|entry| (entry & 0xffff_ffff_ffff, entry >> 48)).filter(|(_, count)| *count > 0).collect();
        if ranges.iter().any(|(lba, count)| lba + count > self.capacity.accessible()) {
            return Err(Failure::ABORTED);
        }
        for (lba, count) in ranges {
            self.drive.zero(lba, count)?;
        }
        Ok(Output::none())
    }
}
