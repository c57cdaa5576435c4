//! `SANITIZE DEVICE` (B4h, ACS-3 §7.36, ACS-4 §7.32): the erase that runs in the drive, survives a power cycle, and has a status of
//! its own.
//!
//! The FAILURE MODE bit is 0 in every command here: a drive whose sanitize failed then accepts nothing but another sanitize, so that
//! nobody takes it for a good one.

use core::fmt;

use super::{Registers, Taskfile};

const COMMAND: u8 = 0xB4;

/// COUNT bit 0 of `SANITIZE STATUS EXT`, CLEAR SANITIZE OPERATION FAILED.
const CLEAR_FAILED: u16 = 1 << 0;

const fn sanitize(feature: u8, lba: u64) -> Taskfile {
    Taskfile::extended(COMMAND).feature(feature).lba(lba)
}

/// `SANITIZE STATUS EXT`: how far it is, or how it ended.
pub const STATUS: Taskfile = sanitize(0x00, 0);

/// `SANITIZE STATUS EXT` that also takes the drive out of the failed state, if the failed operation was started with FAILURE MODE 1.
pub const STATUS_CLEAR_FAILED: Taskfile = sanitize(0x00, 0).count(CLEAR_FAILED);

/// `CRYPTO SCRAMBLE EXT`: the keys of all user data change. Key `Cryp`.
pub const CRYPTO_SCRAMBLE: Taskfile = sanitize(0x11, 0x4372_7970);

/// `BLOCK ERASE EXT`: erase blocks of flash, the spare ones too. Key `BkEr`.
pub const BLOCK_ERASE: Taskfile = sanitize(0x12, 0x426B_4572);

/// `SANITIZE FREEZE LOCK EXT`: no sanitize until the next power cycle. Key `FrLk`.
pub const FREEZE_LOCK: Taskfile = sanitize(0x20, 0x4672_4C6B);

/// `SANITIZE ANTIFREEZE LOCK EXT`: no `SANITIZE FREEZE LOCK EXT` until the next power cycle. Key `Anti`.
pub const ANTIFREEZE_LOCK: Taskfile = sanitize(0x40, 0x416E_7469);

/// `OVERWRITE EXT` (ACS-4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overwrite {
    passes: u8,
    /// INVERT PATTERN BETWEEN OVERWRITE PASSES
    pub invert: bool,
    /// OVERWRITE PATTERN, repeated over the medium
    pub pattern: u32,
}

impl Overwrite {
    /// `passes` is 1 to 16, `None` for others. The field is four bits wide and 0 means sixteen, so a zeroed field asks for the longest
    /// overwrite there is.
    pub const fn new(passes: u8, invert: bool, pattern: u32) -> Option<Self> {
        match passes {
            1..=16 => Some(Self { passes, invert, pattern }),
            _ => None,
        }
    }

    /// Key `OW` above the pattern; COUNT bits 3:0 passes, bit 7 invert.
    pub const fn taskfile(self) -> Taskfile {
        let count = (self.passes as u16 & 0xF) | (self.invert as u16) << 7;
        sanitize(0x14, 0x4F57_0000_0000 | self.pattern as u64).count(count)
    }
}

/// What stands in the way of a sanitize until the next power cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Locks {
    /// COUNT bit 13: `SANITIZE FREEZE LOCK EXT` was given, a sanitize is refused.
    pub frozen: bool,
    /// COUNT bit 12: `SANITIZE ANTIFREEZE LOCK EXT` was given, freezing is refused.
    pub antifreeze: bool,
}

/// What any `SANITIZE DEVICE` command returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Status {
    /// Nothing runs, and the last sanitize did not succeed, or there never was one.
    Idle(Locks),
    /// It runs.
    InProgress {
        /// In 65536ths. `None` for `FFFFh`, which a drive also shows when nothing runs: it is not "100 %".
        progress: Option<u16>,
        /// What is locked
        locks: Locks,
    },
    /// COUNT bit 15: the last sanitize ended without an error. The drive keeps this over power cycles: on a job that started none,
    /// it is someone else's success.
    CompletedWithoutError(Locks),
    /// The drive refused the command, or is in the failed state.
    Refused(Reason),
    /// COUNT(15:8) did not come through, and it is what the status is in.
    Missing(Registers),
    /// What the standard has no meaning for: two states at once, an idle drive without the `FFFFh` that goes with it (a host adapter's
    /// zeros), an error other than an abort.
    Unknown(Registers),
}

/// SANITIZE DEVICE ERROR REASON: LBA(7:0) after an abort.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// 00h
    NotReported,
    /// 01h: the drive is in the failed state, sectors were left that it could not sanitize.
    Unsuccessful,
    /// 02h: the FEATURE is invalid or unsupported, or the key is wrong.
    Unsupported,
    /// 03h: frozen
    Frozen,
    /// 04h: it cannot be frozen, the antifreeze lock is set.
    AntifreezeLocked,
    /// Reserved
    Other(u8),
}

impl Status {
    const COMPLETED: u16 = 1 << 15;
    const IN_PROGRESS: u16 = 1 << 14;
    const FROZEN: u16 = 1 << 13;
    const ANTIFREEZE: u16 = 1 << 12;
    /// What SANITIZE PROGRESS INDICATION holds unless a sanitize runs.
    const NO_PROGRESS: u16 = 0xFFFF;

    /// The status in the registers that a `SANITIZE DEVICE` command left.
    pub fn new(registers: &Registers) -> Self {
        let [_, _, progress_high, reason] = registers.lba_low.to_be_bytes();
        if !registers.is_plausible() || registers.is_fault() {
            return Self::Unknown(*registers);
        }
        if registers.is_error() {
            return if registers.is_abort() {
                Self::Refused(Reason::from_code(reason))
            } else {
                Self::Unknown(*registers)
            };
        }
        let Some(count) = registers.count() else {
            return Self::Missing(*registers);
        };
        let locks = Locks { frozen: count & Self::FROZEN != 0, antifreeze: count & Self::ANTIFREEZE != 0 };
        let progress =
            Some(u16::from_be_bytes([progress_high, reason])).filter(|progress| *progress != Self::NO_PROGRESS);
        match (count & Self::COMPLETED != 0, count & Self::IN_PROGRESS != 0) {
            (true, false) => Self::CompletedWithoutError(locks),
            (false, true) => Self::InProgress { progress, locks },
            (false, false) if progress.is_none() => Self::Idle(locks),
            _ => Self::Unknown(*registers),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotReported => f.write_str("no reason given"),
            Self::Unsuccessful => {
                f.write_str("the sanitize ended without success, sectors were left that could not be sanitized")
            }
            Self::Unsupported => f.write_str("operation not supported"),
            Self::Frozen => f.write_str("frozen until the next power cycle"),
            Self::AntifreezeLocked => f.write_str("the antifreeze lock is set"),
            Self::Other(code) => write!(f, "reason {code:02X}h"),
        }
    }
}

impl Reason {
    const fn from_code(code: u8) -> Self {
        match code {
            0x00 => Self::NotReported,
            0x01 => Self::Unsuccessful,
            0x02 => Self::Unsupported,
            0x03 => Self::Frozen,
            0x04 => Self::AntifreezeLocked,
            other => Self::Other(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::registers::tests::good;
    use super::*;
    use crate::ata::Protocol;

    const UNLOCKED: Locks = Locks { frozen: false, antifreeze: false };

    #[test]
    fn each_command_has_its_key_and_no_failure_mode() {
        let all = [
            (STATUS, 0x0000, 0x0000, 0),
            (STATUS_CLEAR_FAILED, 0x0000, 0x0001, 0),
            (CRYPTO_SCRAMBLE, 0x0011, 0x0000, u64::from(u32::from_be_bytes(*b"Cryp"))),
            (BLOCK_ERASE, 0x0012, 0x0000, u64::from(u32::from_be_bytes(*b"BkEr"))),
            (FREEZE_LOCK, 0x0020, 0x0000, u64::from(u32::from_be_bytes(*b"FrLk"))),
            (ANTIFREEZE_LOCK, 0x0040, 0x0000, u64::from(u32::from_be_bytes(*b"Anti"))),
            (Overwrite::new(1, false, 0).unwrap().taskfile(), 0x0014, 0x0001, 0x4F57_0000_0000),
            (Overwrite::new(3, true, 0xDEAD_BEEF).unwrap().taskfile(), 0x0014, 0x0083, 0x4F57_DEAD_BEEF),
            (Overwrite::new(16, false, 0xFFFF_FFFF).unwrap().taskfile(), 0x0014, 0x0000, 0x4F57_FFFF_FFFF),
        ];
        for (taskfile, feature, count, lba) in all {
            assert_eq!((taskfile.command, taskfile.extended, taskfile.protocol), (0xB4, true, Protocol::NonData));
            assert_eq!((taskfile.feature, taskfile.count, taskfile.lba), (feature, count, lba));
        }
    }

    #[test]
    fn passes_are_one_to_sixteen() {
        assert_eq!(Overwrite::new(0, false, 0), None);
        assert_eq!(Overwrite::new(17, false, 0), None);
    }

    #[test]
    fn progress_exists_only_in_progress() {
        assert_eq!(
            Status::new(&good(0x4000, 0x8000, 0)),
            Status::InProgress { progress: Some(0x8000), locks: UNLOCKED }
        );
        assert_eq!(Status::new(&good(0x4000, 0x0000, 0)), Status::InProgress { progress: Some(0), locks: UNLOCKED });
        assert_eq!(Status::new(&good(0x4000, 0xFFFF, 0)), Status::InProgress { progress: None, locks: UNLOCKED });
        assert_eq!(Status::new(&good(0x0000, 0xFFFF, 0)), Status::Idle(UNLOCKED));
        assert_eq!(Status::new(&good(0x8000, 0xFFFF, 0)), Status::CompletedWithoutError(UNLOCKED));
    }

    #[test]
    fn locks_go_with_any_state() {
        let frozen = Locks { frozen: true, antifreeze: false };
        let antifreeze = Locks { frozen: false, antifreeze: true };
        assert_eq!(Status::new(&good(0x2000, 0xFFFF, 0)), Status::Idle(frozen));
        assert_eq!(Status::new(&good(0xA000, 0xFFFF, 0)), Status::CompletedWithoutError(frozen));
        assert_eq!(Status::new(&good(0x1000, 0xFFFF, 0)), Status::Idle(antifreeze));
        assert_eq!(Status::new(&good(0x5000, 0x0001, 0)), Status::InProgress { progress: Some(1), locks: antifreeze });
    }

    #[test]
    fn a_refusal_has_a_reason() {
        let refused = |reason| Registers { status: 0x51, error: 0x04, ..good(0, reason, 0) };
        let reasons = [
            Reason::NotReported,
            Reason::Unsuccessful,
            Reason::Unsupported,
            Reason::Frozen,
            Reason::AntifreezeLocked,
            Reason::Other(5),
        ];
        for (code, reason) in (0..).zip(reasons) {
            assert_eq!(Status::new(&refused(code)), Status::Refused(reason));
        }
        // The reason is in the lower half, which also comes through fixed-format sense data.
        let fixed = Registers { count_high: None, lba_high: None, ..refused(1) };
        assert_eq!(Status::new(&fixed), Status::Refused(Reason::Unsuccessful));
    }

    #[test]
    fn zeros_halves_and_contradictions_are_no_state() {
        let zeros = Registers { device: 0, ..good(0, 0, 0) };
        assert_eq!(Status::new(&zeros), Status::Unknown(zeros), "idle comes with FFFFh");
        let never_read = Registers { status: 0, ..good(0x8000, 0xFFFF, 0) };
        assert_eq!(Status::new(&never_read), Status::Unknown(never_read));
        let half = Registers { count_high: None, ..good(0x8000, 0xFFFF, 0) };
        assert_eq!(Status::new(&half), Status::Missing(half));
        let both = good(0xC000, 0xFFFF, 0);
        assert_eq!(Status::new(&both), Status::Unknown(both));
        let not_found = Registers { status: 0x51, error: 0x10, ..good(0x8000, 0xFFFF, 0) };
        assert_eq!(Status::new(&not_found), Status::Unknown(not_found));
        let fault = Registers { status: 0x70, ..good(0x8000, 0xFFFF, 0) };
        assert_eq!(Status::new(&fault), Status::Unknown(fault));
        let fault_and_abort = Registers { status: 0x71, error: 0x04, ..good(0, 0x01, 0) };
        assert_eq!(Status::new(&fault_and_abort), Status::Unknown(fault_and_abort), "a fault comes before a reason");
    }

    proptest! {
        #[test]
        fn success_needs_a_ready_drive_no_error_and_bit_15_alone(
            status: u8, error: u8, device: u8, count_low: u8, count_high: Option<u8>, lba_low in 0_u32..1 << 24,
        ) {
            let registers = Registers { status, error, device, count_low, count_high, lba_low, lba_high: Some(0) };
            let success = matches!(Status::new(&registers), Status::CompletedWithoutError(_));
            // BSY, DRDY, DF, DRQ, ERR are bits 7, 6, 5, 3, 0.
            let expected = status & 0xE9 == 0x40 && count_high.is_some_and(|high| high & 0xC0 == 0x80);
            prop_assert_eq!(success, expected);
        }
    }
}
