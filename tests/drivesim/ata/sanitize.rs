//! The Sanitize Device feature set (ACS-4 4.17 and 7.36): one command, B4h, with its operations in FEATURE. The operation itself is the drive's.

use std::time::Instant;

use super::Technique;
use super::taskfile::{Failure, Output, Reply, Taskfile};
use crate::drive::Drive;
use crate::fault::{Answer, Command};
use crate::media;
use crate::operation::State;

/// SANITIZE DEVICE ERROR REASON: sectors are left that were not sanitized.
const UNSUCCESSFUL: u64 = 1;
/// No such operation.
const UNSUPPORTED: u64 = 2;
/// In SD1, frozen.
const FROZEN: u64 = 3;
/// The antifreeze lock is on.
const ANTIFREEZE: u64 = 4;

/// COUNT of the operations: FAILURE MODE.
const FAILURE_MODE: u16 = 1 << 4;
/// ZONED NO RESET: nothing to keep on a drive without zones.
const ZONED_NO_RESET: u16 = 1 << 15;

/// What the feature set knows besides the drive's operation. SD0 is idle, SD1 frozen, SD2 in progress, SD3 failed, SD4 succeeded.
#[derive(Clone, Debug, Default)]
pub(super) struct Sanitize {
    is_frozen: bool,
    is_antifrozen: bool,
    /// FAILURE MODE of the last operation.
    failure_mode: bool,
}

impl Sanitize {
    /// Power comes: SD1 and the antifreeze lock are left, an operation and its result stay.
    pub(super) fn power_on(&mut self, freezes: bool) {
        self.is_frozen = freezes;
        self.is_antifrozen = false;
    }

    /// SANITIZE DEVICE, with the operations that the drive has.
    pub(super) fn execute(&mut self, drive: &mut Drive, task: &Taskfile, supported: &[Technique]) -> Reply {
        match task.feature {
            0x0000 => self.status(drive, task),
            0x0020 => self.freeze(drive, task),
            0x0040 => self.antifreeze(task),
            0x0011 | 0x0012 | 0x0014 => self.start(drive, task, supported),
            _ => Err(Failure::reason(UNSUPPORTED)),
        }
    }

    /// The registers that every operation of the feature set returns (ACS-4 table 112).
    fn normal_outputs(&self, drive: &Drive) -> Output {
        let state = drive.operation.state();
        let bits =
            [(15, state == State::Done), (14, state == State::Running), (13, self.is_frozen), (12, self.is_antifrozen)];
        let count = bits.into_iter().fold(0, |count, (bit, is_set)| count | u16::from(is_set) << bit);
        let progress = drive.operation.progress(drive.faults(), Instant::now());
        Output { count: Some(count), lba: Some(u64::from(progress)), data: Vec::new() }
    }

    /// SANITIZE STATUS EXT. Bit 0 of COUNT leaves SD3, if the operation that failed had FAILURE MODE.
    fn status(&self, drive: &mut Drive, task: &Taskfile) -> Reply {
        if drive.operation.state() == State::Failed {
            if task.count & 1 == 0 || !self.failure_mode {
                return Err(Failure::reason(UNSUCCESSFUL));
            }
            drive.operation.end(State::Never);
        }
        Ok(self.normal_outputs(drive))
    }

    fn freeze(&mut self, drive: &Drive, task: &Taskfile) -> Reply {
        if task.lba != 0x4672_4c6b {
            return Err(Failure::reason(0));
        }
        if self.is_antifrozen {
            return Err(Failure::reason(ANTIFREEZE));
        }
        if matches!(drive.operation.state(), State::Running | State::Failed) {
            return Err(Failure::reason(0));
        }
        self.is_frozen = true;
        Ok(self.normal_outputs(drive))
    }

    fn antifreeze(&mut self, task: &Taskfile) -> Reply {
        if task.lba != 0x416e_7469 {
            return Err(Failure::reason(0));
        }
        if self.is_frozen {
            return Err(Failure::reason(FROZEN));
        }
        self.is_antifrozen = true;
        Ok(Output::none())
    }

    fn start(&mut self, drive: &mut Drive, task: &Taskfile, supported: &[Technique]) -> Reply {
        let (technique, command, erase) = operation(task)?;
        if !supported.contains(&technique) {
            return Err(Failure::reason(UNSUPPORTED));
        }
        if self.is_frozen {
            return Err(Failure::reason(FROZEN));
        }
        let failure_mode = task.count & FAILURE_MODE != 0;
        let is_stuck = drive.operation.state() == State::Failed && !self.failure_mode && failure_mode;
        if drive.operation.state() == State::Running || is_stuck || drive.faults().write_protected {
            return Err(Failure::reason(0));
        }
        let answers = [drive.faults().answer(Command::Sanitize), drive.faults().answer(command)];
        if answers.contains(&Answer::Refuse) {
            return Err(Failure::reason(0));
        }
        if !answers.contains(&Answer::Ignore) {
            self.failure_mode = failure_mode;
            drive.start_all(erase);
        }
        Ok(self.normal_outputs(drive))
    }
}

/// Which operation it is and what it leaves, if its key and COUNT are right.
fn operation(task: &Taskfile) -> Result<(Technique, Command, media::Technique), Failure> {
    let common = FAILURE_MODE | ZONED_NO_RESET;
    let (key, allowed, found) = match task.feature {
        0x0011 => {
            (0x4372_7970, common, (Technique::CryptoScramble, Command::CryptoErase, media::Technique::CryptoErase))
        }
        0x0012 => (0x426b_4572, common, (Technique::BlockErase, Command::BlockErase, media::Technique::BlockErase)),
        _ => (
            0x4f57_0000_0000 | task.lba & 0xffff_ffff,
            // INVERT PATTERN, DEFINITIVE ENDING PATTERN, OVERWRITE COUNT.
            common | 1 << 7 | 1 << 6 | 0x0f,
            (Technique::Overwrite, Command::Overwrite, media::Technique::Overwrite(last_pattern(task))),
        ),
    };
    if task.lba == key && task.count & !allowed == 0 { Ok(found) } else { Err(Failure::reason(0)) }
}

/// What the last pass of OVERWRITE EXT writes. Passes alternate with INVERT PATTERN; the first one is as given, or the last one with DEFINITIVE
/// ENDING PATTERN. Zero passes are sixteen.
fn last_pattern(task: &Taskfile) -> [u8; 4] {
    let pattern = u32::try_from(task.lba & 0xffff_ffff).unwrap_or(0);
    let passes = match task.count & 0x0f {
        0 => 16,
        passes => passes,
    };
    let is_inverted = task.count & 1 << 7 != 0 && task.count & 1 << 6 == 0 && passes % 2 == 0;
    (if is_inverted { !pattern } else { pattern }).to_be_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_pass_is_inverted_after_an_even_number_of_passes() {
        let ends = |count| last_pattern(&Taskfile { count, lba: 0x4f57_1234_5678, ..Taskfile::default() });
        assert_eq!(ends(0x0001), [0x12, 0x34, 0x56, 0x78]);
        assert_eq!(ends(0x0002), [0x12, 0x34, 0x56, 0x78], "without INVERT PATTERN");
        assert_eq!(ends(0x0081), [0x12, 0x34, 0x56, 0x78]);
        assert_eq!(ends(0x0082), [0xed, 0xcb, 0xa9, 0x87]);
        assert_eq!(ends(0x0080), [0xed, 0xcb, 0xa9, 0x87], "sixteen passes");
        assert_eq!(ends(0x00c2), [0x12, 0x34, 0x56, 0x78], "with DEFINITIVE ENDING PATTERN");
    }
}
