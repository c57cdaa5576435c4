//! ATA: what a drive says about itself (ACS-3 §7.12) and how a SCSI layer passes it on (SAT-3 §12.4.2).

use alloc::string::String;
use alloc::vec::Vec;

use crate::scsi::{Rotation, payload, text};

/// The 256 words of IDENTIFY DEVICE, least significant byte first.
#[derive(Clone, Copy, Debug)]
pub struct Identify<'a>(&'a [u8; 512]);

impl<'a> Identify<'a> {
    /// `None` for an answer that no drive gave: all zeros (which some host adapters return with status 0), or one whose checksum is
    /// wrong. The checksum is there only if the low byte of word 255 is A5h: then all 512 bytes add up to 0 (ACS-3 §7.12.7.89).
    pub fn new(bytes: &'a [u8; 512]) -> Option<Self> {
        let [.., signature, _] = bytes;
        let sum = bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        let is_answer = bytes.iter().any(|byte| *byte != 0) && (*signature != 0xA5 || sum == 0);
        is_answer.then_some(Self(bytes))
    }

    /// The answer inside the ATA Information VPD page (89h): COMMAND CODE in byte 56 (`ECh`, IDENTIFY DEVICE), the data from byte 60
    /// on (SAT-3 §12.4.2).
    pub fn from_vpd(page: &'a [u8]) -> Option<Self> {
        let payload = payload(page, 0x89)?;
        // Offsets in the payload are smaller by the header's four bytes.
        if payload.get(52) != Some(&0xEC) {
            return None;
        }
        Self::new(payload.get(56..)?.first_chunk()?)
    }

    /// The serial number: words 10 to 19.
    pub fn serial(self) -> Option<String> {
        self.string(10, 19)
    }

    /// The firmware revision: words 23 to 26.
    pub fn firmware(self) -> Option<String> {
        self.string(23, 26)
    }

    /// The model: words 27 to 46. INQUIRY has room for the first 16 of its 40 characters only.
    pub fn model(self) -> Option<String> {
        self.string(27, 46)
    }

    /// Word 217, NOMINAL MEDIA ROTATION RATE; not reported by drives older than ATA8-ACS.
    pub fn rotation(self) -> Option<Rotation> {
        Rotation::from_code(self.word(217)?)
    }

    fn word(self, number: usize) -> Option<u16> {
        let (words, _) = self.0.as_chunks::<2>();
        words.get(number).copied().map(u16::from_le_bytes)
    }

    /// An ATA string has its first character in the high byte of the first word (ACS-3 §3.4.9).
    fn string(self, first: usize, last: usize) -> Option<String> {
        let words = (first..=last).map(|number| self.word(number)).collect::<Option<Vec<_>>>()?;
        text(&words.into_iter().flat_map(u16::to_be_bytes).collect::<Vec<_>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Words 10-19 "QM00001", 23-26 "2.5+", 27-46 "QEMU HARDDISK", with each pair of characters swapped as on the wire.
    fn identify() -> [u8; 512] {
        let mut bytes = [0_u8; 512];
        bytes[..2].copy_from_slice(&[0x40, 0x00]);
        bytes[20..40].copy_from_slice(b"MQ0000 1            ");
        bytes[46..54].copy_from_slice(b".2+5    ");
        bytes[54..94].copy_from_slice(b"EQUMH RADDSI K                          ");
        bytes
    }

    #[test]
    fn strings_are_read_with_the_high_byte_first() {
        let bytes = identify();
        let identify = Identify::new(&bytes).unwrap();
        assert_eq!(identify.serial().as_deref(), Some("QM00001"));
        assert_eq!(identify.firmware().as_deref(), Some("2.5+"));
        assert_eq!(identify.model().as_deref(), Some("QEMU HARDDISK"));
        assert_eq!(identify.rotation(), None);
    }

    #[test]
    fn word_217_tells_flash_from_platters() {
        let mut bytes = identify();
        bytes[434..436].copy_from_slice(&[0x01, 0x00]);
        assert_eq!(Identify::new(&bytes).unwrap().rotation(), Some(Rotation::None));
        bytes[434..436].copy_from_slice(&[0x18, 0x15]);
        assert_eq!(Identify::new(&bytes).unwrap().rotation(), Some(Rotation::Rpm(5400)));
    }

    #[test]
    fn zeros_and_a_wrong_checksum_are_no_answer() {
        assert!(Identify::new(&[0; 512]).is_none());
        let mut bytes = [0_u8; 512];
        // 40h + A5h = E5h; 1Bh makes 100h, which is 0 in a byte.
        (bytes[0], bytes[510], bytes[511]) = (0x40, 0xA5, 0x1B);
        assert!(Identify::new(&bytes).is_some());
        bytes[511] = 0x1C;
        assert!(Identify::new(&bytes).is_none());
    }

    #[test]
    fn the_vpd_page_carries_the_answer_from_byte_60_on() {
        let mut page = [0_u8; 572];
        page[..4].copy_from_slice(&[0x00, 0x89, 0x02, 0x38]);
        page[56] = 0xEC;
        page[60..].copy_from_slice(&identify());
        assert_eq!(Identify::from_vpd(&page).unwrap().serial().as_deref(), Some("QM00001"));
        page[56] = 0xA1;
        assert!(Identify::from_vpd(&page).is_none(), "IDENTIFY PACKET DEVICE: no disk");
        page[56] = 0xEC;
        assert!(Identify::from_vpd(&page[..571]).is_none(), "cut short");
    }
}
