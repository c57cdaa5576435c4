//! What a drive says about itself: `IDENTIFY DEVICE` (ACS-3 §7.12).

use alloc::string::String;
use alloc::vec::Vec;

use super::taskfile::MAX_LBA_48;
use crate::scsi::{Rotation, payload, text};

/// The 256 words of IDENTIFY DEVICE, least significant byte first.
#[derive(Clone, Copy, Debug)]
pub struct Identify<'a>(&'a [u8; 512]);

/// Whether 512 bytes are a drive's answer (ACS-3 §7.12.7.89).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Integrity {
    /// The signature A5h is in the low byte of word 255, and all bytes add up to 0.
    Verified,
    /// There is no signature, so there is no checksum: drives older than ATA/ATAPI-5 have none.
    NoChecksum,
    /// There is a signature, and the bytes add up to this instead of 0.
    BadChecksum(u8),
    /// All 512 bytes are this one: zeros, which some host adapters return with status 0, or what was in the buffer before. A buffer of
    /// A5h even has the signature, and its sum is 0.
    Uniform(u8),
}

impl Integrity {
    pub(crate) fn new(bytes: &[u8; 512]) -> Self {
        let [first, .., signature, _] = bytes;
        if bytes.iter().all(|byte| byte == first) {
            return Self::Uniform(*first);
        }
        if *signature != 0xA5 {
            return Self::NoChecksum;
        }
        match bytes.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)) {
            0 => Self::Verified,
            sum => Self::BadChecksum(sum),
        }
    }
}

/// The sizes of sectors, in bytes (words 106, 117 and 118, 209).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SectorSize {
    /// What an LBA counts
    pub logical: u64,
    /// What the medium is written in
    pub physical: u64,
    /// How many logical sectors lie between the start of the first physical sector and LBA 0; `None` if it is not reported.
    pub offset: Option<u16>,
}

impl<'a> Identify<'a> {
    /// `None` for an answer that no drive gave: the same byte all over, or a wrong checksum ([`Self::check`] tells which).
    pub fn new(bytes: &'a [u8; 512]) -> Option<Self> {
        matches!(Self::check(bytes), Integrity::Verified | Integrity::NoChecksum).then_some(Self(bytes))
    }

    /// Whether a drive gave this answer.
    pub fn check(bytes: &[u8; 512]) -> Integrity {
        Integrity::new(bytes)
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

    /// Word 0 bit 15 is 0, or the whole word is 848Ah, which a `CompactFlash` card answers: not a packet device.
    pub fn is_ata(self) -> bool {
        let general = self.word(0);
        general >> 15 == 0 || general == 0x848A
    }

    /// Word 0 bit 2 is 0. A drive that cannot read its own tables answers with the rest of the words missing.
    pub fn is_complete(self) -> bool {
        let general = self.word(0);
        general == 0x848A || general & 1 << 2 == 0
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
        Rotation::from_code(self.word(217))
    }

    /// How many logical sectors the user can address now: words 230 to 233 if word 69 bit 3 says so, words 100 to 103 of a drive with
    /// 48-bit addresses, words 60 and 61 of the others. `None` for 0 and for more than 48-bit addresses reach.
    pub fn sectors(self) -> Option<u64> {
        let extended = self.has_words_64_to_70() && self.word(69) & 1 << 3 != 0;
        let sectors = if extended {
            self.number(230, 233)
        } else if self.lba_48().supported {
            self.number(100, 103)
        } else {
            self.number(60, 61)
        };
        (1..=MAX_LBA_48 + 1).contains(&sectors).then_some(sectors)
    }

    /// Words 106, 117, 118 and 209. `None` for a logical sector that word 106 announces and that is no power of two from 512 on, or
    /// is 520 or 528 bytes long.
    pub fn sector_size(self) -> Option<SectorSize> {
        let word_106 = Some(self.word(106)).filter(|word| is_valid(*word)).unwrap_or(0);
        // Words 117 and 118 count words of two bytes.
        let logical = if word_106 & 1 << 12 == 0 { 512 } else { self.number(117, 118) * 2 };
        if !(logical >= 512 && (logical.is_power_of_two() || matches!(logical, 520 | 528))) {
            return None;
        }
        let exponent = if word_106 & 1 << 13 == 0 { 0 } else { word_106 & 0xF };
        let offset = Some(self.word(209)).filter(|word| is_valid(*word)).map(|word| word & 0x3FFF);
        Some(SectorSize { logical, physical: logical << exponent, offset })
    }

    /// Words 64 to 70 are valid: word 53 bit 1.
    pub(super) fn has_words_64_to_70(self) -> bool {
        self.word(53) & 1 << 1 != 0
    }

    pub(super) fn word(self, number: u8) -> u16 {
        let (words, _) = self.0.as_chunks::<2>();
        // There are as many words as a u8 has values.
        words.get(usize::from(number)).copied().map_or(0, u16::from_le_bytes)
    }

    /// A number in up to four words, least significant word first.
    fn number(self, first: u8, last: u8) -> u64 {
        (first..=last).rev().fold(0, |number, word| number << 16 | u64::from(self.word(word)))
    }

    /// An ATA string has its first character in the high byte of the first word (ACS-3 §3.4.9).
    fn string(self, first: u8, last: u8) -> Option<String> {
        text(&(first..=last).flat_map(|number| self.word(number).to_be_bytes()).collect::<Vec<_>>())
    }
}

/// Many words are filled in only if their bits 15:14 are 01b: drives that do not know them hold 0000h or `FFFFh` there.
pub(super) const fn is_valid(word: u16) -> bool {
    word >> 14 == 0b01
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

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

    /// An answer with these words and zeros.
    pub(crate) fn with(words: &[(usize, u16)]) -> [u8; 512] {
        let mut bytes = identify();
        for (number, word) in words {
            bytes[number * 2..][..2].copy_from_slice(&word.to_le_bytes());
        }
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
        assert_eq!(Identify::check(&[0; 512]), Integrity::Uniform(0));
        let mut bytes = [0_u8; 512];
        // 40h + A5h = E5h; 1Bh makes 100h, which is 0 in a byte.
        (bytes[0], bytes[510], bytes[511]) = (0x40, 0xA5, 0x1B);
        assert!(Identify::new(&bytes).is_some());
        assert_eq!(Identify::check(&bytes), Integrity::Verified);
        bytes[511] = 0x1C;
        assert!(Identify::new(&bytes).is_none());
        assert_eq!(Identify::check(&bytes), Integrity::BadChecksum(0x01));
        assert_eq!(Identify::check(&identify()), Integrity::NoChecksum);
    }

    /// 512 * A5h = 14A00h: the sum of a buffer that nothing was read into is 0, and A5h is where the signature belongs.
    #[test]
    fn a_buffer_of_poison_is_no_answer() {
        assert_eq!(Identify::check(&[0xA5; 512]), Integrity::Uniform(0xA5));
        assert!(Identify::new(&[0xA5; 512]).is_none());
        assert!(Identify::new(&[0xFF; 512]).is_none());
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

    #[test]
    fn word_0_tells_a_disk_that_answered_in_full() {
        let general = |word| {
            let bytes = with(&[(0, word)]);
            let identify = Identify::new(&bytes).unwrap();
            (identify.is_ata(), identify.is_complete())
        };
        assert_eq!(general(0x0040), (true, true));
        assert_eq!(general(0x0044), (true, false));
        assert_eq!(general(0x85C0), (false, true), "packet device");
        assert_eq!(general(0x848A), (true, true), "CompactFlash");
    }

    #[test]
    fn the_capacity_is_in_the_widest_words_that_count() {
        let sectors = |words: &[(usize, u16)]| Identify::new(&with(words)).unwrap().sectors();
        // 0FFF_FFFFh is what 28 bits say at most; 1_953_525_168 sectors are 7470_6DB0h.
        let short = [(60, 0xFFFF), (61, 0x0FFF)];
        let long = [(100, 0x6DB0), (101, 0x7470)];
        assert_eq!(sectors(&short), Some(268_435_455));
        assert_eq!(sectors(&[&short[..], &long].concat()), Some(268_435_455), "48-bit addresses are not supported");
        assert_eq!(sectors(&[&short[..], &long, &[(83, 0x4400)]].concat()), Some(1_953_525_168));
        assert_eq!(sectors(&[&long[..], &[(83, 0xFFFF)]].concat()), None, "FFFFh is no valid word 83");
        let extended = [(53, 0x0002), (69, 0x0008), (230, 0x0001), (232, 0x0001)];
        assert_eq!(sectors(&[&long[..], &[(83, 0x4400)], &extended].concat()), Some(0x1_0000_0001));
        assert_eq!(sectors(&[(83, 0x4400), (103, 0x0001)]), Some(0x1_0000_0000_0000));
        assert_eq!(sectors(&[(83, 0x4400), (100, 0x0001), (103, 0x0001)]), None, "beyond 48 bits");
        assert_eq!(sectors(&[]), None);
    }

    #[test]
    fn sectors_have_three_sizes() {
        let size = |words: &[(usize, u16)]| Identify::new(&with(words)).unwrap().sector_size();
        let of = |logical, physical, offset| Some(SectorSize { logical, physical, offset });
        assert_eq!(size(&[]), of(512, 512, None));
        assert_eq!(size(&[(106, 0x6003), (209, 0x4001)]), of(512, 4096, Some(1)));
        // 0800h words.
        assert_eq!(size(&[(106, 0x5000), (117, 0x0800)]), of(4096, 4096, None));
        assert_eq!(size(&[(106, 0x5000), (117, 0x0104)]), of(520, 520, None));
        assert_eq!(size(&[(106, 0x5000)]), None);
        assert_eq!(size(&[(106, 0xFFFF), (209, 0xFFFF)]), of(512, 512, None), "not valid");
    }

    proptest! {
        #[test]
        fn any_512_bytes_are_decoded_or_refused(bytes in proptest::collection::vec(any::<u8>(), 512)) {
            let mut bytes: [u8; 512] = bytes.try_into().unwrap();
            bytes[510] = 0;
            let identify = Identify::new(&bytes).unwrap();
            prop_assert!(identify.sectors().is_none_or(|sectors| sectors <= 1 << 48));
            prop_assert!(identify.sector_size().is_none_or(|size| size.physical >= size.logical));
            let _ = (identify.serial(), identify.firmware(), identify.model(), identify.rotation());
            let _ = (identify.sanitize(), identify.security(), identify.transport(), identify.trim());
        }
    }
}
