//! The attributes in the answer to `SMART READ DATA` (ATA/ATAPI-5; since then the vendor's, and still the same in every drive).

use super::identify::Integrity;

/// The attributes of a drive.
#[derive(Clone, Copy, Debug)]
pub struct Attributes<'a>(&'a [u8; 512]);

/// Attribute numbers. They are the vendors' custom: no standard assigns them.
pub mod attribute {
    /// Sectors replaced by spare ones.
    pub const REALLOCATED: u8 = 5;
    /// Temperature of the air around the drive, in degrees Celsius, in the lowest byte.
    pub const AIRFLOW_TEMPERATURE: u8 = 190;
    /// Temperature in degrees Celsius, in the lowest byte; lowest and highest may be in the others.
    pub const TEMPERATURE: u8 = 194;
    /// Sectors that could not be read and wait to be written.
    pub const PENDING: u8 = 197;
    /// Sectors that a scan of the medium could not read.
    pub const UNCORRECTABLE: u8 = 198;
}

impl<'a> Attributes<'a> {
    /// `None` unless all bytes add up to 0 and they are not all the same.
    pub fn new(bytes: &'a [u8; 512]) -> Option<Self> {
        let sum = bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        (sum == 0 && !matches!(Integrity::new(bytes), Integrity::Uniform(_))).then_some(Self(bytes))
    }

    /// The raw value of an attribute, six bytes whose meaning is the vendor's; `None` if the drive has no such attribute.
    pub fn raw(self, number: u8) -> Option<[u8; 6]> {
        // Thirty entries of twelve bytes from byte 2 on: number, flags (2), value, worst value, raw value (6), reserved.
        let (entries, _) = self.0.get(2..362)?.as_chunks::<12>();
        let found = entries.iter().find(|[found, ..]| *found == number && number != 0)?;
        found.get(5..)?.first_chunk().copied()
    }

    /// A count: the lower four bytes of the raw value. Some vendors keep other numbers in the upper two.
    pub fn count(self, number: u8) -> Option<u32> {
        self.raw(number).map(|[a, b, c, d, _, _]| u32::from_le_bytes([a, b, c, d]))
    }

    /// Degrees Celsius, of attribute 194 or, without it, 190. `None` for 0 too, which is what a drive without a sensor says.
    pub fn temperature(self) -> Option<i8> {
        let raw = self.raw(attribute::TEMPERATURE).or_else(|| self.raw(attribute::AIRFLOW_TEMPERATURE))?;
        let [celsius, ..] = raw;
        Some(i8::from_le_bytes([celsius])).filter(|celsius| *celsius != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Revision 10h, then attributes 5 (raw 12), 194 (raw 38, lowest 17, highest 45) and 197 (raw 3).
    fn page() -> [u8; 512] {
        let mut page = [0; 512];
        page[..38].copy_from_slice(
            b"\x10\0\x05\x33\0\x64\x64\x0C\0\0\0\0\0\0\xC2\x22\0\x3E\x37\x26\0\x11\0\x2D\0\0\xC5\x12\0\x64\x64\x03\0\0\0\x01\0\0",
        );
        // 10 + 05+33+64+64+0C + C2+22+3E+37+26+11+2D + C5+12+64+64+03+01 = 47Ch, and 7Ch + 84h is 100h.
        page[511] = 0x84;
        page
    }

    #[test]
    fn attributes_are_found_by_their_number() {
        let page = page();
        let attributes = Attributes::new(&page).unwrap();
        assert_eq!(attributes.count(attribute::REALLOCATED), Some(12));
        assert_eq!(attributes.raw(attribute::PENDING), Some([3, 0, 0, 0, 1, 0]));
        assert_eq!(attributes.count(attribute::PENDING), Some(3));
        assert_eq!(attributes.temperature(), Some(38));
        assert_eq!(attributes.count(attribute::UNCORRECTABLE), None);
        assert_eq!(attributes.count(0), None, "an unused entry");
    }

    #[test]
    fn a_page_that_does_not_add_up_says_nothing() {
        let mut page = page();
        page[7] += 1;
        assert!(Attributes::new(&page).is_none());
        for byte in [0x00, 0xA5, 0xFF] {
            assert!(Attributes::new(&[byte; 512]).is_none());
        }
    }
}
