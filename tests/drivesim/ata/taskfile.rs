//! The registers that a command comes in and goes back in (ACS-4 clause 7, SAT-4 12.2).

/// STATUS: the device is ready (DRDY) and the seek is over (DSC, obsolete, still set by every drive).
pub const READY: u8 = 0x50;
/// STATUS: the command ended with an error (ERR).
pub const ERR: u8 = 0x01;
/// ERROR: command aborted (ABRT).
pub const ABRT: u8 = 0x04;
/// ERROR: no such address (IDNF).
pub const IDNF: u8 = 0x10;
/// ERROR: uncorrectable data (UNC).
pub const UNC: u8 = 0x40;

/// A command. A 28-bit command uses the low halves of FEATURE and COUNT, LBA(23:0) and, for LBA(27:24), DEVICE(3:0); the device ignores the rest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Taskfile {
    /// FEATURE(15:0).
    pub feature: u16,
    /// COUNT(15:0).
    pub count: u16,
    /// LBA(47:0).
    pub lba: u64,
    /// DEVICE.
    pub device: u8,
    /// COMMAND.
    pub command: u8,
}

/// What the device answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Registers {
    /// STATUS.
    pub status: u8,
    /// ERROR: 0 unless STATUS has ERR.
    pub error: u8,
    /// COUNT(15:0).
    pub count: u16,
    /// LBA(47:0). A 28-bit address has its bits 27:24 in `device`.
    pub lba: u64,
    /// DEVICE.
    pub device: u8,
}

/// How data go, if any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// No data.
    NonData,
    /// From the device, by the host's processor.
    PioIn,
    /// To the device, by the host's processor.
    PioOut,
    /// From the device, by DMA.
    DmaIn,
    /// To the device, by DMA.
    DmaOut,
}

/// How data go and how many bytes there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// How.
    pub protocol: Protocol,
    /// How many bytes, in whichever direction.
    pub bytes: usize,
}

impl Taskfile {
    /// The command is a 48-bit one.
    pub fn is_extended(&self) -> bool {
        matches!(
            self.command,
            0x06 | 0x0b | 0x24 | 0x25 | 0x27 | 0x2f | 0x34 | 0x35 | 0x37 | 0x3d | 0x42 | 0x47 | 0x78 | 0xb4 | 0xea
        )
    }

    /// What the device sees of it: a 28-bit command without its upper halves and with its whole address in `lba`.
    #[must_use]
    pub fn seen(self) -> Self {
        if self.is_extended() {
            return Self { lba: self.lba & 0xffff_ffff_ffff, ..self };
        }
        let top = u64::from(self.device & 0x0f) << 24;
        Self { feature: self.feature & 0xff, count: self.count & 0xff, lba: self.lba & 0x00ff_ffff | top, ..self }
    }

    /// COUNT, where 0 is the largest value plus one.
    pub fn blocks(&self) -> u64 {
        let task = self.seen();
        match (task.count, task.is_extended()) {
            (0, true) => 65536,
            (0, false) => 256,
            (count, _) => u64::from(count),
        }
    }

    /// Blocks of 512 bytes of TRUSTED SEND and RECEIVE: LBA(7:0) above COUNT(7:0) (ACS-4 7.55).
    pub fn trusted_blocks(&self) -> usize {
        usize::from(u16::from_be_bytes([self.lba.to_le_bytes()[0], self.count.to_le_bytes()[0]]))
    }

    /// How its data go, with logical blocks of `block` bytes.
    pub fn transfer(&self, block: u32) -> Transfer {
        use Protocol::{DmaIn, DmaOut, NonData, PioIn, PioOut};
        let task = self.seen();
        let user = usize::try_from(task.blocks() * u64::from(block)).unwrap_or(usize::MAX);
        let pages = usize::from(task.count) * 512;
        let (protocol, bytes) = match (task.command, task.feature) {
            (0x20 | 0x24, _) => (PioIn, user),
            (0x30 | 0x34, _) => (PioOut, user),
            (0x25 | 0xc8, _) => (DmaIn, user),
            (0x35 | 0x3d | 0xca, _) => (DmaOut, user),
            (0x2f, _) | (0xb0, 0xd5) => (PioIn, pages),
            (0x47, _) => (DmaIn, pages),
            (0x06, _) => (DmaOut, pages),
            (0x5c, _) => (PioIn, task.trusted_blocks() * 512),
            (0x5d, _) => (DmaIn, task.trusted_blocks() * 512),
            (0x5e, _) => (PioOut, task.trusted_blocks() * 512),
            (0x5f, _) => (DmaOut, task.trusted_blocks() * 512),
            (0xec, _) | (0xb0, 0xd0 | 0xd1) | (0xb1, 0xc2) => (PioIn, 512),
            (0xf1 | 0xf2 | 0xf4 | 0xf6, _) | (0xb1, 0xc3) | (0xf9, 0x01 | 0x03) => (PioOut, 512),
            _ => (NonData, 0),
        };
        Transfer { protocol, bytes }
    }
}

/// What a command that succeeded gives back. Registers that it says nothing of come back as they were sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Output {
    /// The data.
    pub(super) data: Vec<u8>,
    /// COUNT(15:0).
    pub(super) count: Option<u16>,
    /// LBA(47:0), or LBA(27:0) of a 28-bit command.
    pub(super) lba: Option<u64>,
}

impl Output {
    /// Nothing but success.
    pub(super) fn none() -> Self {
        Self::default()
    }

    /// These data.
    pub(super) fn data(data: Vec<u8>) -> Self {
        Self { data, ..Self::default() }
    }

    /// This address.
    pub(super) fn lba(lba: u64) -> Self {
        Self { lba: Some(lba), ..Self::default() }
    }
}

/// Why a command failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// ERROR.
    pub(super) error: u8,
    /// LBA: the block that failed, or a reason.
    pub(super) lba: Option<u64>,
}

impl Failure {
    /// Command aborted.
    pub(super) const ABORTED: Self = Self { error: ABRT, lba: None };
    /// No such address.
    pub(super) const NOT_FOUND: Self = Self { error: IDNF, lba: None };

    /// Command aborted, and why (SANITIZE DEVICE ERROR REASON).
    pub(super) fn reason(reason: u64) -> Self {
        Self { error: ABRT, lba: Some(reason) }
    }
}

/// How a command ends.
pub(super) type Reply = Result<Output, Failure>;

impl Registers {
    /// The registers after `task` ended with `reply`.
    pub(super) fn after(task: &Taskfile, reply: &Reply) -> Self {
        let echo = Self { status: READY, error: 0, count: task.count, lba: task.lba, device: task.device };
        let (mut registers, lba) = match reply {
            Ok(output) => (Self { count: output.count.unwrap_or(task.count), ..echo }, output.lba),
            Err(failure) => (Self { status: READY | ERR, error: failure.error, ..echo }, failure.lba),
        };
        if let Some(lba) = lba {
            registers.lba = lba;
            if !task.is_extended() {
                registers.lba = lba & 0x00ff_ffff;
                registers.device = task.device & 0xf0 | lba.to_le_bytes()[3] & 0x0f;
            }
        }
        registers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_commands_ignore_the_upper_halves() {
        // READ DMA of 256 blocks from 0x5abcdef on, with rubbish in the upper halves.
        let task = Taskfile { command: 0xc8, count: 0x1100, lba: 0x9999_99ab_cdef, device: 0xe5, feature: 0x2200 };
        assert_eq!(task.seen().lba, 0x05ab_cdef);
        assert_eq!(task.transfer(512), Transfer { protocol: Protocol::DmaIn, bytes: 131_072 });
        // READ DMA EXT of 65536 blocks.
        let task = Taskfile { command: 0x25, count: 0, lba: 0x1234_5678_9abc, ..Taskfile::default() };
        assert_eq!((task.seen().lba, task.blocks()), (0x1234_5678_9abc, 65536));
    }

    #[test]
    fn a_short_answer_has_its_top_bits_in_device() {
        let task = Taskfile { command: 0xf8, device: 0xe0, ..Taskfile::default() };
        let registers = Registers::after(&task, &Ok(Output::lba(0x0fab_cdef)));
        assert_eq!((registers.lba, registers.device, registers.status), (0x00ab_cdef, 0xef, 0x50));
    }

    #[test]
    fn trusted_lengths_are_split_over_two_registers() {
        // TRUSTED RECEIVE of 0102h blocks by protocol 01h, ComID 0001h.
        let task = Taskfile { command: 0x5c, feature: 1, count: 2, lba: 0x0000_0101, ..Taskfile::default() };
        assert_eq!(task.transfer(512).bytes, 0x0102 * 512);
    }
}
