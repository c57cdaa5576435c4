//! What the drive leaves in its registers when a command has ended (ACS-4).

/// The returned registers, as far as they came through: a SCSI layer with fixed-format sense data has no room for the upper halves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Registers {
    /// STATUS
    pub status: u8,
    /// ERROR, meaningful if [`Self::is_error`]
    pub error: u8,
    /// DEVICE
    pub device: u8,
    /// COUNT(7:0)
    pub count_low: u8,
    /// COUNT(15:8); `None` if it did not come through.
    pub count_high: Option<u8>,
    /// LBA(23:0)
    pub lba_low: u32,
    /// LBA(47:24); `None` if it did not come through, as after any 28-bit command.
    pub lba_high: Option<u32>,
}

impl Registers {
    const BUSY: u8 = 0x80;
    const READY: u8 = 0x40;
    const FAULT: u8 = 0x20;
    const DATA_REQUEST: u8 = 0x08;
    const ERROR: u8 = 0x01;
    const ABORT: u8 = 0x04;

    /// Whether a drive can have left this after a command: ready, not busy, no data outstanding. Zeros, which host adapters give for
    /// registers they never read, are not.
    pub const fn is_plausible(&self) -> bool {
        self.status & (Self::BUSY | Self::READY | Self::DATA_REQUEST) == Self::READY
    }

    /// STATUS bit 0, ERROR, or bit 5, DEVICE FAULT.
    pub const fn is_error(&self) -> bool {
        self.status & (Self::ERROR | Self::FAULT) != 0
    }

    /// STATUS bit 5: the drive is in a condition that only a power cycle may cure.
    pub const fn is_fault(&self) -> bool {
        self.status & Self::FAULT != 0
    }

    /// ERROR bit 2: the drive refused the command, or gave it up.
    pub const fn is_abort(&self) -> bool {
        self.is_error() && self.error & Self::ABORT != 0
    }

    /// COUNT of a 48-bit command.
    pub fn count(&self) -> Option<u16> {
        Some(u16::from_be_bytes([self.count_high?, self.count_low]))
    }

    /// LBA of a 48-bit command.
    pub fn lba_48(&self) -> Option<u64> {
        Some(u64::from(self.lba_high?) << 24 | u64::from(self.lba_low))
    }

    /// LBA of a 28-bit command: its bits 27:24 are in DEVICE.
    pub fn lba_28(&self) -> u64 {
        u64::from(self.device & 0x0F) << 24 | u64::from(self.lba_low)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The answer to a 48-bit command that succeeded.
    pub(crate) const fn good(count: u16, lba_low: u32, lba_high: u32) -> Registers {
        let [count_high, count_low] = count.to_be_bytes();
        let (count_high, lba_high) = (Some(count_high), Some(lba_high));
        Registers { status: 0x50, error: 0, device: 0x40, count_low, count_high, lba_low, lba_high }
    }

    #[test]
    fn a_drive_that_has_ended_a_command_is_ready_and_not_busy() {
        let with = |status| Registers { status, ..good(0, 0, 0) }.is_plausible();
        assert!(with(0x50) && with(0x51) && with(0x40) && with(0x71));
        assert!(!with(0x00), "never read");
        assert!(!with(0xD0), "busy");
        assert!(!with(0x58), "wants data");
        assert!(!with(0xFF) && !with(0x7F), "nobody drives the bus");
        assert!(!with(0xA5), "the poison of an unfilled buffer");
    }

    #[test]
    fn the_address_is_48_bits_wide_or_28_with_four_in_device() {
        assert_eq!(good(0, 0x56_789A, 0x00_1234).lba_48(), Some(0x12_3456_789A));
        let short = Registers { device: 0xEA, lba_high: None, ..good(0, 0xBC_DEF0, 0) };
        assert_eq!(short.lba_28(), 0x0ABC_DEF0);
        assert_eq!(short.lba_48(), None);
    }

    #[test]
    fn half_a_count_is_no_count() {
        assert_eq!(good(0x8001, 0, 0).count(), Some(0x8001));
        assert_eq!(Registers { count_high: None, ..good(0x8001, 0, 0) }.count(), None);
    }

    #[test]
    fn an_abort_needs_the_error_bit() {
        assert!(Registers { status: 0x51, error: 0x04, ..good(0, 0, 0) }.is_abort());
        assert!(!Registers { status: 0x50, error: 0x04, ..good(0, 0, 0) }.is_abort());
        let fault = Registers { status: 0x70, ..good(0, 0, 0) };
        assert!(fault.is_fault() && fault.is_error());
    }
}
