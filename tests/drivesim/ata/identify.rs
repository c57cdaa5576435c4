//! IDENTIFY DEVICE (ACS-4 7.12): 256 words, little-endian, with a checksum.

use sha2::{Digest, Sha256};

use super::{Device, Hiding, Spec, Technique};
use crate::bytes::{le64, put, put_text};

/// The words, by number.
struct Words([u8; 512]);

impl Words {
    fn set(&mut self, word: usize, value: u16) {
        put(&mut self.0, word * 2, &value.to_le_bytes());
    }

    /// The bits with these numbers.
    fn bits(&mut self, word: usize, bits: &[(u32, bool)]) {
        let value = bits.iter().fold(0_u16, |value, (bit, is_set)| value | u16::from(*is_set) << bit);
        self.set(word, value);
    }

    /// ATA strings have the first of two characters in the upper half of a word.
    fn text(&mut self, word: usize, words: usize, text: &str) {
        put_text(&mut self.0, word * 2, words * 2, text);
        for pair in self.0.chunks_exact_mut(2).skip(word).take(words) {
            pair.reverse();
        }
    }

    /// Signature and checksum: all 512 bytes add up to 0.
    fn sealed(mut self) -> Vec<u8> {
        self.set(255, 0x00a5);
        let sum = self.0.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        put(&mut self.0, 511, &[sum.wrapping_neg()]);
        self.0.to_vec()
    }
}

impl Device {
    /// The data of IDENTIFY DEVICE.
    pub(super) fn identify(&self) -> Vec<u8> {
        let mut words = Words([0; 512]);
        self.identity(&mut words);
        self.sizes(&mut words);
        Self::transfer_modes(&mut words);
        self.feature_sets(&mut words);
        self.erasing(&mut words);
        words.sealed()
    }

    fn identity(&self, words: &mut Words) {
        let drive = &self.drive;
        words.set(0, 0x0040);
        words.set(2, 0xc837);
        words.text(10, 10, drive.serial());
        words.text(23, 4, &drive.spec.firmware);
        words.text(27, 20, &drive.spec.model);
        // HPA and DCO ended with ACS-3: a drive with them says ACS-2, one with AMAC says ACS-4.
        words.set(80, if drive.spec.ata.hiding == Hiding::Amac { 0x0ff0 } else { 0x03f0 });
        // NAA 5, no IEEE company of ours, and a number of the serial's.
        let name = 5 << 60 | le64(&Sha256::digest(drive.serial()), 0) >> 28;
        for (word, shift) in (108..).zip([48, 32, 16, 0]) {
            words.set(word, low(name >> shift));
        }
        words.set(217, if drive.spec.rotational { 7200 } else { 1 });
        words.set(222, 0x10ff);
    }

    fn sizes(&self, words: &mut Words) {
        let blocks = self.capacity.accessible();
        // What CHS can say at most: 16383 x 16 x 63.
        for (word, value) in [(1, 16383), (3, 16), (6, 63)] {
            words.set(word, value);
        }
        let short = blocks.min(0x0fff_ffff);
        words.set(60, low(short));
        words.set(61, low(short >> 16));
        for (word, shift) in (100..).zip([0, 16, 32, 48]) {
            words.set(word, low(blocks >> shift));
        }
        let block = self.drive.block;
        words.bits(106, &[(14, true), (12, block != 512)]);
        if block != 512 {
            words.set(117, low(u64::from(block / 2)));
        }
    }

    /// DMA, as fast as it goes, and set so already.
    fn transfer_modes(words: &mut Words) {
        words.set(49, 0x0f00);
        words.set(50, 0x4000);
        words.set(53, 0x0006);
        words.set(63, 0x0007);
        words.set(64, 0x0003);
        for word in 65..=68 {
            words.set(word, 120);
        }
        words.set(76, 0x000e);
        // Software settings preservation: supported and on.
        words.set(78, 1 << 6);
        words.set(79, 1 << 6);
        words.set(88, 0x407f);
    }

    fn feature_sets(&self, words: &mut Words) {
        let spec = &self.drive.spec.ata;
        let is_hpa = spec.hiding == Hiding::HpaDco;
        let is_amac = spec.hiding == Hiding::Amac;
        words.bits(48, &[(14, true), (0, self.tper.is_some())]);
        // DRAT and RZAT: a trimmed block reads as zeros.
        words.bits(69, &[(14, spec.trim), (5, spec.trim)]);
        words.bits(169, &[(0, spec.trim)]);
        words.set(105, u16::from(spec.trim) * 8);
        // SMART, security, power management, write cache, look-ahead, HPA.
        let first = [(0, true), (3, true), (5, true), (6, true), (10, is_hpa)];
        words.bits(82, &[&first[..], &[(1, spec.security)]].concat());
        words.bits(85, &[&first[..], &[(1, self.security.is_enabled())]].concat());
        // FLUSH CACHE (EXT), DCO, 48-bit addresses, SET MAX security; words 119 and 120 are there.
        let second = [(13, true), (12, true), (11, is_hpa), (10, true)];
        words.bits(83, &[&second[..], &[(14, true), (8, is_hpa)]].concat());
        words.bits(86, &[&second[..], &[(15, true)]].concat());
        // General purpose logging, WRITE DMA FUA EXT, world wide name.
        for word in [84, 87] {
            words.bits(word, &[(14, true), (8, true), (6, true), (5, true)]);
        }
        // AMAC, READ LOG DMA EXT.
        for word in [119, 120] {
            words.bits(word, &[(14, true), (8, is_amac), (3, true)]);
        }
    }

    fn erasing(&self, words: &mut Words) {
        let spec = &self.drive.spec.ata;
        words.set(59, sanitize_word(spec));
        if spec.security {
            let time = erase_time(self.drive.spec.sanitize_s);
            words.set(89, time);
            words.set(90, if spec.enhanced_erase { time } else { 0 });
            words.set(92, self.security.master_identifier());
            words.set(128, self.security.word_128(spec.enhanced_erase));
        }
    }
}

/// Word 59, as far as it tells of SANITIZE DEVICE.
fn sanitize_word(spec: &Spec) -> u16 {
    let has = |technique| spec.sanitize.contains(&technique);
    let bits = [
        (15, has(Technique::BlockErase)),
        (14, has(Technique::Overwrite)),
        (13, has(Technique::CryptoScramble)),
        (12, !spec.sanitize.is_empty()),
        // The commands that are allowed during a sanitize are those of ACS-3; antifreeze lock.
        (11, !spec.sanitize.is_empty()),
        (10, !spec.sanitize.is_empty()),
    ];
    bits.into_iter().fold(0, |word, (bit, is_set)| word | u16::from(is_set) << bit)
}

/// Words 89 and 90: units of two minutes, rounded up.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a day has 720 units")]
fn erase_time(seconds: f64) -> u16 {
    (seconds / 120.0).ceil().clamp(1.0, 254.0) as u16
}

/// The low 16 bits.
fn low(value: u64) -> u16 {
    let [first, second, ..] = value.to_le_bytes();
    u16::from_le_bytes([first, second])
}
