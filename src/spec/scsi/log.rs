//! Log pages: parameters in a row, each with a code and a length (SPC-5).

use super::command::LogPage;
use super::field;

/// The parameters of a log page, in the order that the drive sent them.
#[derive(Clone, Debug)]
pub struct Parameters<'a>(&'a [u8]);

/// A log parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter<'a> {
    /// PARAMETER CODE.
    pub code: u16,
    /// The value: a counter has its most significant byte first.
    pub value: &'a [u8],
}

impl<'a> Parameters<'a> {
    /// `None` for another page, a subpage, or one that is cut short.
    pub fn new(page: &'a [u8], expected: LogPage) -> Option<Self> {
        let ([code, _, length @ ..], rest) = page.split_first_chunk::<4>()?;
        // Above the page code: DS (values are not saved) and SPF (it is a subpage).
        if code & 0x7F != expected as u8 {
            return None;
        }
        rest.get(..usize::from(u16::from_be_bytes(*length))).map(Self)
    }
}

impl<'a> Iterator for Parameters<'a> {
    type Item = Parameter<'a>;

    /// Ends at a parameter that goes beyond its page.
    fn next(&mut self) -> Option<Self::Item> {
        let ([high, low, _, length], rest) = self.0.split_first_chunk::<4>()?;
        let (value, rest) = rest.split_at_checked(usize::from(*length))?;
        self.0 = rest;
        Some(Parameter { code: u16::from_be_bytes([*high, *low]), value })
    }
}

/// The TEMPERATURE field of the Temperature log page (0Dh), parameter 0000h, in degrees Celsius (SPC-5).
///
/// `None` if the drive does not know it (`FFh`), or if this is no such page.
pub fn temperature(page: &[u8]) -> Option<u8> {
    degrees(page, 0x0000)
}

/// The REFERENCE TEMPERATURE field of the same page, parameter 0001h: the highest at which the drive works as it should. `None` as for
/// [`temperature`].
pub fn reference_temperature(page: &[u8]) -> Option<u8> {
    degrees(page, 0x0001)
}

fn degrees(page: &[u8], code: u16) -> Option<u8> {
    let parameter = parameter(page, LogPage::Temperature, code)?;
    let [_, degrees] = field::<2>(parameter.value, 0)?;
    (degrees != 0xFF).then_some(degrees)
}

/// Total uncorrected errors, parameter 0006h of an error counter page (02h, 03h or 05h) (SPC-5). `None` if this is no such page, or one
/// without that counter.
pub fn uncorrected_errors(page: &[u8], expected: LogPage) -> Option<u64> {
    let value = parameter(page, expected, 0x0006)?.value;
    let short = value.len() <= 8 && !value.is_empty();
    short.then(|| value.iter().fold(0, |count, byte| count << 8 | u64::from(*byte)))
}

/// PERCENTAGE USED ENDURANCE INDICATOR, parameter 0001h of the Solid State Media page (11h) (SBC-4): may exceed 100.
pub fn endurance_used_percent(page: &[u8]) -> Option<u8> {
    let [_, _, _, percent] = field::<4>(parameter(page, LogPage::SolidStateMedia, 0x0001)?.value, 0)?;
    Some(percent)
}

fn parameter(page: &[u8], expected: LogPage, code: u16) -> Option<Parameter<'_>> {
    Parameters::new(page, expected)?.find(|parameter| parameter.code == code)
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    /// Page 0Dh, 12 bytes: temperature 2Dh = 45 degrees, reference temperature 41h = 65.
    const PAGE: [u8; 16] = [0x0D, 0, 0x00, 0x0C, 0x00, 0x00, 0x03, 0x02, 0, 0x2D, 0x00, 0x01, 0x03, 0x02, 0, 0x41];

    #[test]
    fn the_temperature_is_in_parameter_0() {
        assert_eq!(temperature(&PAGE), Some(45));
        let mut unknown = PAGE;
        unknown[9] = 0xFF;
        assert_eq!(temperature(&unknown), None);
        assert_eq!(temperature(&PAGE[..15]), None, "cut short");
        assert_eq!(temperature(&[0; 16]), None, "page 00h");
    }

    #[test]
    fn the_reference_temperature_is_in_parameter_1() {
        assert_eq!(reference_temperature(&PAGE), Some(65));
        let mut unknown = PAGE;
        unknown[15] = 0xFF;
        assert_eq!(reference_temperature(&unknown), None);
    }

    #[test]
    fn uncorrected_errors_are_counted_in_parameter_6() {
        // Page 03h, 20 bytes: parameter 0005h (one byte), parameter 0006h (8 bytes) 0000000100000002h.
        let mut page = [0x03, 0, 0x00, 0x11, 0x00, 0x05, 0x03, 0x01, 0x77, 0x00, 0x06, 0x03, 8, 0, 0, 0, 1, 0, 0, 0, 2];
        assert_eq!(uncorrected_errors(&page, LogPage::ReadErrors), Some(0x1_0000_0002));
        assert_eq!(uncorrected_errors(&page, LogPage::WriteErrors), None);
        page[10] = 0x07;
        assert_eq!(uncorrected_errors(&page, LogPage::ReadErrors), None);
        assert_eq!(
            uncorrected_errors(&[0x03, 0, 0, 4, 0, 6, 3, 0], LogPage::ReadErrors),
            None,
            "a counter of no bytes"
        );
    }

    #[test]
    fn endurance_is_the_last_byte() {
        let page = [0x11, 0, 0, 8, 0, 1, 3, 4, 0, 0, 0, 0x6A];
        assert_eq!(endurance_used_percent(&page), Some(106));
        assert_eq!(endurance_used_percent(&page[..11]), None);
    }

    #[test]
    fn parameters_come_in_order_and_end_at_one_that_does_not_fit() {
        let parameters = Parameters::new(&PAGE, LogPage::Temperature).unwrap().collect::<Vec<_>>();
        let expected = [Parameter { code: 0, value: &[0x00, 0x2D] }, Parameter { code: 1, value: &[0x00, 0x41] }];
        assert_eq!(parameters, expected);
        let mut long = PAGE;
        long[13] = 0x03;
        assert_eq!(Parameters::new(&long, LogPage::Temperature).unwrap().count(), 1);
        assert!(Parameters::new(&PAGE, LogPage::ReadErrors).is_none());
    }

    proptest! {
        #[test]
        fn any_bytes_end(bytes: Vec<u8>) {
            let mut bytes = bytes;
            if let Some(first) = bytes.first_mut() { *first = 0x0D; }
            let _ = temperature(&bytes);
            if let Some(parameters) = Parameters::new(&bytes, LogPage::Temperature) {
                prop_assert!(parameters.count() <= bytes.len() / 4);
            }
        }
    }
}
