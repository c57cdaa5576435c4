//! Sense data in fixed and descriptor format (SPC-5 4.4), with the ATA registers of a translation (SAT-4 12.2.2).

use crate::ata::Registers;
use crate::bytes::put;

/// What sense data tell besides key, code and qualifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// Nothing.
    Nothing,
    /// The first block in question, in the INFORMATION field.
    Block(u64),
    /// How far an operation is, in 65536ths.
    Progress(u16),
    /// ATA registers, and whether the command was a 48-bit one (EXTEND).
    Registers(Registers, bool),
}

/// Why a command ended with CHECK CONDITION, or what REQUEST SENSE tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sense {
    /// SENSE KEY.
    pub key: u8,
    /// ADDITIONAL SENSE CODE and its QUALIFIER.
    pub code: (u8, u8),
    /// What else.
    pub about: About,
}

impl Sense {
    /// NO SENSE.
    pub const NONE: Self = Self::new(0, 0x00, 0x00);
    /// UNRECOVERED READ ERROR.
    pub const UNREADABLE: Self = Self::new(3, 0x11, 0x00);
    /// WRITE AFTER SANITIZE REQUIRED.
    pub const WRITE_FIRST: Self = Self::new(3, 0x11, 0x15);
    /// WRITE ERROR - AUTO REALLOCATION FAILED.
    pub const UNWRITABLE: Self = Self::new(3, 0x0c, 0x02);
    /// MEDIUM FORMAT CORRUPTED.
    pub const FORMAT_CORRUPTED: Self = Self::new(3, 0x31, 0x00);
    /// FORMAT COMMAND FAILED.
    pub const FORMAT_FAILED: Self = Self::new(3, 0x31, 0x01);
    /// SANITIZE COMMAND FAILED.
    pub const SANITIZE_FAILED: Self = Self::new(3, 0x31, 0x03);
    /// PARAMETER LIST LENGTH ERROR.
    pub const LIST_LENGTH: Self = Self::new(5, 0x1a, 0x00);
    /// INVALID COMMAND OPERATION CODE.
    pub const OPERATION_CODE: Self = Self::new(5, 0x20, 0x00);
    /// LOGICAL BLOCK ADDRESS OUT OF RANGE.
    pub const OUT_OF_RANGE: Self = Self::new(5, 0x21, 0x00);
    /// INVALID FIELD IN CDB.
    pub const FIELD_IN_CDB: Self = Self::new(5, 0x24, 0x00);
    /// INVALID FIELD IN PARAMETER LIST.
    pub const FIELD_IN_LIST: Self = Self::new(5, 0x26, 0x00);
    /// POWER ON OCCURRED.
    pub const POWER_ON: Self = Self::new(6, 0x29, 0x01);
    /// BUS DEVICE RESET FUNCTION OCCURRED.
    pub const RESET: Self = Self::new(6, 0x29, 0x03);
    /// CAPACITY DATA HAS CHANGED.
    pub const CAPACITY_CHANGED: Self = Self::new(6, 0x2a, 0x09);
    /// WRITE PROTECTED.
    pub const WRITE_PROTECTED: Self = Self::new(7, 0x27, 0x00);
    /// MISCOMPARE DURING VERIFY OPERATION.
    pub const MISCOMPARE: Self = Self::new(0xe, 0x1d, 0x00);

    /// A key, a code and its qualifier.
    pub const fn new(key: u8, code: u8, qualifier: u8) -> Self {
        Self { key, code: (code, qualifier), about: About::Nothing }
    }

    /// The same about this block.
    #[must_use]
    pub fn at(self, block: u64) -> Self {
        Self { about: About::Block(block), ..self }
    }

    /// The same with a progress.
    #[must_use]
    pub fn progress(self, progress: u16) -> Self {
        Self { about: About::Progress(progress), ..self }
    }

    /// The same with ATA registers.
    #[must_use]
    pub fn registers(self, registers: Registers, extend: bool) -> Self {
        Self { about: About::Registers(registers, extend), ..self }
    }

    /// As bytes, in descriptor format (72h) or fixed format (70h).
    pub fn bytes(&self, descriptor: bool) -> Vec<u8> {
        if descriptor { self.descriptor() } else { self.fixed() }
    }

    fn fixed(&self) -> Vec<u8> {
        let mut sense = vec![0x70, 0, self.key, 0, 0, 0, 0, 10, 0, 0, 0, 0, self.code.0, self.code.1, 0, 0, 0, 0];
        match self.about {
            About::Nothing => {}
            About::Block(block) => {
                // A block that does not fit leaves VALID zero.
                if let Ok(block) = u32::try_from(block) {
                    put(&mut sense, 0, &[0xf0]);
                    put(&mut sense, 3, &block.to_be_bytes());
                }
            }
            About::Progress(progress) => {
                put(&mut sense, 15, &[0x80]);
                put(&mut sense, 16, &progress.to_be_bytes());
            }
            About::Registers(registers, extend) => {
                let [count, upper_count] = registers.count.to_le_bytes();
                let [low, middle, high, lba3, lba4, lba5, ..] = registers.lba.to_le_bytes();
                let upper_lba = lba3 | lba4 | lba5;
                put(&mut sense, 3, &[registers.error, registers.status, registers.device, count]);
                let flags = u8::from(extend) << 7
                    | u8::from(extend && upper_count != 0) << 6
                    | u8::from(extend && upper_lba != 0) << 5;
                put(&mut sense, 8, &[flags, low, middle, high]);
            }
        }
        sense
    }

    fn descriptor(&self) -> Vec<u8> {
        let mut sense = vec![0x72, self.key, self.code.0, self.code.1, 0, 0, 0, 0];
        match self.about {
            About::Nothing => {}
            About::Block(block) => {
                sense.extend([0x00, 10, 0x80, 0]);
                sense.extend(block.to_be_bytes());
            }
            About::Progress(progress) => {
                let [high, low] = progress.to_be_bytes();
                sense.extend([0x02, 6, 0, 0, 0x80, high, low, 0]);
            }
            About::Registers(registers, extend) => {
                let [high, low] = registers.count.to_be_bytes();
                let [lba0, lba1, lba2, lba3, lba4, lba5, ..] = registers.lba.to_le_bytes();
                sense.extend([0x09, 12, u8::from(extend), registers.error, high, low]);
                sense.extend([lba3, lba0, lba4, lba1, lba5, lba2, registers.device, registers.status]);
            }
        }
        let length = u8::try_from(sense.len() - 8).unwrap_or(u8::MAX);
        put(&mut sense, 7, &[length]);
        sense
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sanitize_in_progress_in_both_formats() {
        let sense = Sense::new(2, 0x04, 0x1b).progress(0x1234);
        assert_eq!(sense.bytes(false), [0x70, 0, 2, 0, 0, 0, 0, 10, 0, 0, 0, 0, 4, 0x1b, 0, 0x80, 0x12, 0x34]);
        assert_eq!(sense.bytes(true), [0x72, 2, 4, 0x1b, 0, 0, 0, 8, 2, 6, 0, 0, 0x80, 0x12, 0x34, 0]);
    }

    #[test]
    fn a_block_beyond_32_bits_is_only_in_descriptors() {
        let near = Sense::UNREADABLE.at(0x0102_0304).bytes(false);
        assert_eq!(near[..8], [0xf0, 0, 3, 1, 2, 3, 4, 10]);
        let far = Sense::UNREADABLE.at(0x1_0000_0000);
        assert_eq!(far.bytes(false)[..7], [0x70, 0, 3, 0, 0, 0, 0]);
        assert_eq!(far.bytes(true)[7..], [12, 0, 10, 0x80, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
    }

    #[test]
    fn registers_as_sat_4_table_lays_them_out() {
        let registers = Registers { error: 0x04, count: 0x8001, lba: 0x0605_0403_0201, device: 0x40, status: 0x51 };
        let sense = Sense::new(1, 0x00, 0x1d).registers(registers, true);
        assert_eq!(
            sense.bytes(true),
            [0x72, 1, 0, 0x1d, 0, 0, 0, 14, 9, 12, 1, 4, 0x80, 1, 4, 1, 5, 2, 6, 3, 0x40, 0x51]
        );
        assert_eq!(sense.bytes(false), [0x70, 0, 1, 4, 0x51, 0x40, 1, 10, 0xe0, 1, 2, 3, 0, 0x1d, 0, 0, 0, 0]);
    }
}
