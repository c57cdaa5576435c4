//! Device Statistics (log 04h, ACS-4 §9.5): numbers that the standard itself gives a meaning, unlike SMART attributes.

use core::num::NonZeroU16;

use super::{Taskfile, query};

/// Page 05h, temperatures.
pub const TEMPERATURE: u8 = 0x05;
/// Page 07h, of drives on flash.
pub const SOLID_STATE: u8 = 0x07;

/// Reads one page.
pub const fn read(page: u8) -> Taskfile {
    query::read_log(0x04, page as u16, NonZeroU16::MIN)
}

/// One page of the log.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a>(&'a [u8; 512]);

impl<'a> Page<'a> {
    /// `None` unless the header says revision 0001h and page `number`.
    pub const fn new(bytes: &'a [u8; 512], number: u8) -> Option<Self> {
        match bytes {
            [0x01, 0x00, page, ..] if *page == number => Some(Self(bytes)),
            _ => None,
        }
    }

    /// Page 05h, CURRENT TEMPERATURE in degrees Celsius.
    pub fn temperature(self) -> Option<i8> {
        self.statistic(8).map(|[celsius, ..]| i8::from_le_bytes([celsius]))
    }

    /// Page 05h, SPECIFIED MAXIMUM OPERATING TEMPERATURE in degrees Celsius.
    pub fn maximum_temperature(self) -> Option<i8> {
        self.statistic(88).map(|[celsius, ..]| i8::from_le_bytes([celsius]))
    }

    /// Page 07h, PERCENTAGE USED ENDURANCE INDICATOR; may exceed 100.
    pub fn used_percent(self) -> Option<u8> {
        self.statistic(8).map(|[percent, ..]| percent)
    }

    /// Eight bytes: the value, and in the last of them whether the drive has it (bit 7) and it is valid (bit 6).
    fn statistic(self, at: usize) -> Option<[u8; 8]> {
        let bytes: &[u8; 8] = self.0.get(at..)?.first_chunk()?;
        let [.., flags] = bytes;
        (flags & 0xC0 == 0xC0).then_some(*bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_a_log_page() {
        let task = read(TEMPERATURE);
        assert_eq!((task.command, task.lba, task.count, task.transfer_len()), (0x2F, 0x0504, 1, 512));
    }

    #[test]
    fn statistics_count_if_they_are_supported_and_valid() {
        let mut bytes = [0; 512];
        bytes[..16].copy_from_slice(b"\x01\0\x05\0\0\0\0\0\x23\0\0\0\0\0\0\xC0");
        bytes[88..96].copy_from_slice(b"\x46\0\0\0\0\0\0\xC0");
        let page = Page::new(&bytes, TEMPERATURE).unwrap();
        assert_eq!((page.temperature(), page.maximum_temperature()), (Some(35), Some(70)));
        bytes[8] = 0xFB;
        bytes[95] = 0x80;
        let page = Page::new(&bytes, TEMPERATURE).unwrap();
        assert_eq!((page.temperature(), page.maximum_temperature()), (Some(-5), None));
        assert!(Page::new(&bytes, SOLID_STATE).is_none(), "another page");
        assert!(Page::new(&[0; 512], 0).is_none(), "zeros");
    }

    #[test]
    fn wear_may_exceed_a_hundred() {
        let mut bytes = [0; 512];
        bytes[..16].copy_from_slice(b"\x01\0\x07\0\0\0\0\0\x69\0\0\0\0\0\0\xC0");
        assert_eq!(Page::new(&bytes, SOLID_STATE).unwrap().used_percent(), Some(105));
    }
}
