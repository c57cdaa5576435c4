//! SCSI: the commands that we send (SPC-5, SBC-4) and what comes back: pages, log parameters, sense data.

pub mod answer;
pub mod command;
pub mod erase;
pub mod log;
pub mod sense;

use alloc::string::String;

/// How fast the medium turns: MEDIUM ROTATION RATE (SBC-4 §6.6.2) and word 217 of IDENTIFY DEVICE (ACS-3 §7.12.7.83) share the
/// coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// 0001h: it does not turn, a solid-state medium.
    None,
    /// `0401h` to `FFFEh`: turns a minute.
    Rpm(u16),
}

impl Rotation {
    /// `None` for 0000h ("not reported") and what is reserved.
    pub const fn from_code(code: u16) -> Option<Self> {
        match code {
            0x0001 => Some(Self::None),
            0x0401..=0xFFFE => Some(Self::Rpm(code)),
            _ => None,
        }
    }
}

/// The PRODUCT SERIAL NUMBER of the Unit Serial Number page (80h), trimmed (SPC-4 §7.8.15).
///
/// `None` if the page is another one or cut short, or if there is nothing in it but blanks: SPC-4 lets a drive without a serial
/// number fill the field with spaces.
pub fn unit_serial(page: &[u8]) -> Option<String> {
    text(payload(page, 0x80)?)
}

/// The MEDIUM ROTATION RATE of the Block Device Characteristics page (B1h), bytes 4 and 5 (SBC-4 §6.6.2).
pub fn rotation(page: &[u8]) -> Option<Rotation> {
    Rotation::from_code(u16::from_be_bytes(*payload(page, 0xB1)?.first_chunk()?))
}

/// What follows the four bytes of the header: device type, PAGE CODE, PAGE LENGTH (two bytes, most significant first).
pub(crate) fn payload(page: &[u8], code: u8) -> Option<&[u8]> {
    let ([_, found, length @ ..], rest) = page.split_first_chunk::<4>()?;
    if *found != code {
        return None;
    }
    rest.get(..usize::from(u16::from_be_bytes(*length)))
}

/// The `N` bytes from offset `at` on.
pub(crate) fn field<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

/// Printable ASCII without the blanks and zeros around it; `None` if nothing is left or if it is no such text.
pub(crate) fn text(bytes: &[u8]) -> Option<String> {
    let text = core::str::from_utf8(bytes).ok()?.trim_matches(|c| matches!(c, ' ' | '\0'));
    let printable = !text.is_empty() && text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    printable.then(|| text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_serial_number_is_what_the_length_says_without_blanks() {
        // Direct access (00h), page 80h, reserved, length 8, "  QM0001".
        let page = [0x00, 0x80, 0x00, 0x08, 0x20, 0x20, 0x51, 0x4D, 0x30, 0x30, 0x30, 0x31, 0xFF];
        assert_eq!(unit_serial(&page).as_deref(), Some("QM0001"));
    }

    #[test]
    fn a_page_that_is_short_blank_binary_or_another_one_has_no_serial_number() {
        assert_eq!(unit_serial(&[]), None);
        assert_eq!(unit_serial(&[0x00, 0x80, 0x00, 0x08, 0x51]), None);
        assert_eq!(unit_serial(&[0x00, 0x80, 0x00, 0x04, 0x20, 0x20, 0x20, 0x20]), None);
        assert_eq!(unit_serial(&[0x00, 0x80, 0x00, 0x02, 0x51, 0x07]), None);
        assert_eq!(unit_serial(&[0x00, 0x83, 0x00, 0x01, 0x51]), None);
        assert_eq!(unit_serial(&[0; 64]), None);
    }

    #[test]
    fn the_rotation_rate_has_four_meanings() {
        let rate = |high, low| {
            rotation(&[0x00, 0xB1, 0x00, 0x3C, high, low].into_iter().chain([0; 58]).collect::<alloc::vec::Vec<_>>())
        };
        assert_eq!(rate(0x00, 0x01), Some(Rotation::None));
        assert_eq!(rate(0x1C, 0x20), Some(Rotation::Rpm(7200)));
        assert_eq!(rate(0x00, 0x00), None, "not reported");
        assert_eq!(rate(0x04, 0x00), None, "reserved");
        assert_eq!(rate(0xFF, 0xFF), None, "reserved");
        assert_eq!(rotation(&[0x00, 0xB1, 0x00, 0x3C, 0x1C, 0x20]), None, "cut short");
    }
}
