//! The commands that ask and change nothing: `CHECK POWER MODE`, SMART, `REQUEST SENSE DATA EXT`, `READ LOG EXT`.

use core::num::NonZeroU16;

use super::{Protocol, Registers, Taskfile};

/// `CHECK POWER MODE` (E5h, ACS-4). It wakes nothing up and every drive has it: the way to find out whether registers come
/// through at all.
pub const CHECK_POWER_MODE: Taskfile = Taskfile::short(0xE5);

/// LBA(23:8) of every SMART command.
const SMART_KEY: u64 = 0xC2_4F00;

/// `SMART READ DATA` (B0h/D0h; removed by ACS-4, drives still have it).
pub const SMART_READ_DATA: Taskfile = Taskfile::short(0xB0).feature(0xD0).lba(SMART_KEY).one_block(Protocol::PioIn);

/// `SMART RETURN STATUS` (B0h/DAh, ACS-4).
pub const SMART_RETURN_STATUS: Taskfile = Taskfile::short(0xB0).feature(0xDA).lba(SMART_KEY);

/// `REQUEST SENSE DATA EXT` (0Bh, ACS-4).
pub const REQUEST_SENSE_DATA: Taskfile = Taskfile::extended(0x0B);

/// `READ LOG EXT` (2Fh, ACS-4): `blocks` of 512 bytes from `page` on. LBA(7:0) is the log, 15:8 and 39:32 the page.
pub const fn read_log(log: u8, page: u16, blocks: NonZeroU16) -> Taskfile {
    let [page_high, page_low] = page.to_be_bytes();
    let lba = (page_high as u64) << 32 | (page_low as u64) << 8 | log as u64;
    let whole = Taskfile::extended(0x2F).lba(lba).count(blocks.get());
    Taskfile { protocol: Protocol::PioIn, ..whole }
}

/// One page of the IDENTIFY DEVICE data log (30h, ACS-4): 00h lists the pages, 06h is security.
pub const fn read_identify_device_data(page: u8) -> Taskfile {
    read_log(0x30, page as u16, NonZeroU16::MIN)
}

/// COUNT(7:0) after [`CHECK_POWER_MODE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PowerMode {
    /// 00h, and 01h for `Standby_y`: spun down
    Standby,
    /// `80h` to `83h`: idle, or one of `Idle_a` to `Idle_c`
    Idle,
    /// `FFh`: active or idle
    Active,
    /// Anything else, like 40h and 41h of the old NV cache
    Other(u8),
}

impl PowerMode {
    /// `None` if the command failed or the registers cannot be a drive's.
    pub const fn new(registers: &Registers) -> Option<Self> {
        if !registers.is_plausible() || registers.is_error() {
            return None;
        }
        Some(match registers.count_low {
            0x00 | 0x01 => Self::Standby,
            0x80..=0x83 => Self::Idle,
            0xFF => Self::Active,
            other => Self::Other(other),
        })
    }
}

/// LBA(23:8) after [`SMART_RETURN_STATUS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmartStatus {
    /// `C24Fh`, the key itself: no threshold is exceeded.
    Good,
    /// 2CF4h: the drive expects to fail.
    ThresholdExceeded,
}

impl SmartStatus {
    /// `None` if the command failed or the drive gave neither value.
    pub const fn new(registers: &Registers) -> Option<Self> {
        if !registers.is_plausible() || registers.is_error() {
            return None;
        }
        match registers.lba_low >> 8 {
            0xC24F => Some(Self::Good),
            0x2CF4 => Some(Self::ThresholdExceeded),
            _ => None,
        }
    }
}

/// What [`REQUEST_SENSE_DATA`] returns: the SCSI words for the last error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sense {
    /// SENSE KEY: LBA(19:16)
    pub key: u8,
    /// ADDITIONAL SENSE CODE: LBA(15:8)
    pub code: u8,
    /// ADDITIONAL SENSE CODE QUALIFIER: LBA(7:0)
    pub qualifier: u8,
}

impl Sense {
    /// `None` if the command failed or the registers cannot be a drive's.
    pub const fn new(registers: &Registers) -> Option<Self> {
        if !registers.is_plausible() || registers.is_error() {
            return None;
        }
        let [_, key, code, qualifier] = registers.lba_low.to_be_bytes();
        Some(Self { key: key & 0x0F, code, qualifier })
    }
}

#[cfg(test)]
mod tests {
    use super::super::registers::tests::good;
    use super::*;

    #[test]
    fn a_log_page_is_split_around_the_address() {
        let taskfile = read_log(0x30, 0x1206, NonZeroU16::new(0x0102).unwrap());
        assert_eq!((taskfile.command, taskfile.extended, taskfile.protocol), (0x2F, true, Protocol::PioIn));
        assert_eq!((taskfile.lba, taskfile.count), (0x0012_0000_0630, 0x0102));
        assert_eq!(taskfile.transfer_len(), 132_096);
        assert_eq!(read_identify_device_data(6).lba, 0x0630);
        assert_eq!(read_identify_device_data(6).count, 1);
    }

    #[test]
    fn smart_commands_carry_their_key() {
        assert_eq!((SMART_READ_DATA.command, SMART_READ_DATA.feature, SMART_READ_DATA.lba), (0xB0, 0xD0, 0xC2_4F00));
        assert_eq!(SMART_READ_DATA.transfer_len(), 512);
        assert_eq!(
            (SMART_RETURN_STATUS.feature, SMART_RETURN_STATUS.lba, SMART_RETURN_STATUS.count),
            (0xDA, 0xC2_4F00, 0)
        );
    }

    #[test]
    fn smart_status_is_the_key_or_the_key_turned_round() {
        assert_eq!(SmartStatus::new(&good(0, 0xC2_4F00, 0)), Some(SmartStatus::Good));
        assert_eq!(SmartStatus::new(&good(0, 0x2C_F400, 0)), Some(SmartStatus::ThresholdExceeded));
        assert_eq!(SmartStatus::new(&good(0, 0, 0)), None);
    }

    #[test]
    fn power_mode_is_known_only_from_a_drive() {
        assert_eq!(PowerMode::new(&good(0xFF, 0, 0)), Some(PowerMode::Active));
        assert_eq!(PowerMode::new(&good(0x82, 0, 0)), Some(PowerMode::Idle));
        assert_eq!(PowerMode::new(&good(0x00, 0, 0)), Some(PowerMode::Standby));
        assert_eq!(PowerMode::new(&good(0x41, 0, 0)), Some(PowerMode::Other(0x41)));
        assert_eq!(PowerMode::new(&Registers { status: 0, ..good(0, 0, 0) }), None);
        assert_eq!(PowerMode::new(&Registers { status: 0x51, error: 4, ..good(0xFF, 0, 0) }), None);
    }

    #[test]
    fn sense_is_key_code_qualifier() {
        // Bits 23:20 are reserved.
        assert_eq!(Sense::new(&good(0, 0xF3_3103, 0)), Some(Sense { key: 0x3, code: 0x31, qualifier: 0x03 }));
    }
}
