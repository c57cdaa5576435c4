//! What the words of IDENTIFY DEVICE say that a drive can do, and what state it is in.

use super::identify::{Identify, is_valid};

/// A feature set in words 82 to 87: whether the drive has it, and whether it is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FeatureSet {
    /// The drive has it
    pub supported: bool,
    /// It is on
    pub enabled: bool,
}

/// The commands of the Sanitize Device feature set: word 59.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SanitizeSupport {
    /// Bit 13: `CRYPTO SCRAMBLE EXT`
    pub crypto_scramble: bool,
    /// Bit 14: `OVERWRITE EXT`
    pub overwrite: bool,
    /// Bit 15: `BLOCK ERASE EXT`
    pub block_erase: bool,
    /// Bit 10: `SANITIZE ANTIFREEZE LOCK EXT`
    pub antifreeze_lock: bool,
}

/// What a read returns after TRIM: word 69 bits 14 and 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadAfterTrim {
    /// Anything, and each time something else
    Indeterminate,
    /// The same each time
    Deterministic,
    /// Zeros: a read-back after such a TRIM says nothing about the medium.
    Zeros,
}

/// The security state: word 128.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Security {
    /// Bit 0: the drive has the Security feature set. The other bits mean nothing without it.
    pub supported: bool,
    /// Bit 1: there is a user password.
    pub enabled: bool,
    /// Bit 2: reads and writes are refused until the password is given.
    pub locked: bool,
    /// Bit 3: no command of the feature set is taken until the next power cycle.
    pub frozen: bool,
    /// Bit 4: too many wrong passwords; none is taken until the next power cycle.
    pub count_expired: bool,
    /// Bit 5: `SECURITY ERASE UNIT` has the enhanced mode.
    pub enhanced_erase: bool,
    /// Bit 8: level Maximum, at which the master password does nothing but erase. High otherwise.
    pub maximum: bool,
}

/// How long `SECURITY ERASE UNIT` takes, as the drive says: words 89 and 90.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EraseTime {
    /// The drive does not say.
    NotReported,
    /// Minutes, always even
    Minutes(u32),
    /// More than these minutes: 508 in the old format, 65532 in the extended one
    MoreThan(u32),
}

impl EraseTime {
    /// Bit 15 is the format: 1, and bits 14:0 are the time (extended format), or 0, and bits 7:0 are. Both count pairs of minutes.
    pub const fn from_word(word: u16) -> Self {
        let (time, greatest) = if word >> 15 == 1 { (word & 0x7FFF, 0x7FFF) } else { (word & 0xFF, 0xFF) };
        if time == 0 {
            Self::NotReported
        } else if time == greatest {
            Self::MoreThan((greatest as u32 - 1) * 2)
        } else {
            Self::Minutes(time as u32 * 2)
        }
    }
}

/// What the drive is attached by: word 222, TRANSPORT MAJOR VERSION. Bits 11:0 hold a bit for each version it follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// 0h: ATA over a ribbon
    Parallel(u16),
    /// 1h: SATA
    Serial(u16),
    /// Eh: PCI Express
    Pcie(u16),
    /// Reserved; the whole word
    Other(u16),
}

impl Identify<'_> {
    /// The Sanitize Device feature set, `None` if word 59 bit 12 is 0.
    pub fn sanitize(self) -> Option<SanitizeSupport> {
        let bit = |number| self.bit(59, number);
        bit(12).then(|| SanitizeSupport {
            crypto_scramble: bit(13),
            overwrite: bit(14),
            block_erase: bit(15),
            antifreeze_lock: bit(10),
        })
    }

    /// Word 69 bit 4: the drive encrypts all user data. Its own claim; no proof that the key is worth anything.
    pub fn encrypts_all_user_data(self) -> bool {
        self.has_words_64_to_70() && self.bit(69, 4)
    }

    /// Word 169 bit 0: TRIM of DATA SET MANAGEMENT.
    pub fn trim(self) -> bool {
        self.bit(169, 0)
    }

    /// Word 69 bits 14 and 5. Bit 5 means nothing without bit 14.
    pub fn read_after_trim(self) -> ReadAfterTrim {
        match (self.has_words_64_to_70() && self.bit(69, 14), self.bit(69, 5)) {
            (false, _) => ReadAfterTrim::Indeterminate,
            (true, false) => ReadAfterTrim::Deterministic,
            (true, true) => ReadAfterTrim::Zeros,
        }
    }

    /// Bit 0 of words 82 and 85: SMART
    pub fn smart(self) -> FeatureSet {
        self.feature_set(82, 0)
    }

    /// Bit 10 of words 82 and 85: host protected area
    pub fn host_protected_area(self) -> FeatureSet {
        self.feature_set(82, 10)
    }

    /// Bit 8 of words 83 and 86: passwords for the host protected area
    pub fn set_max_security(self) -> FeatureSet {
        self.feature_set(83, 8)
    }

    /// Bit 10 of words 83 and 86: 48-bit addresses
    pub fn lba_48(self) -> FeatureSet {
        self.feature_set(83, 10)
    }

    /// Bit 11 of words 83 and 86: device configuration overlay
    pub fn device_configuration_overlay(self) -> FeatureSet {
        self.feature_set(83, 11)
    }

    /// Bit 5 of word 84: general purpose logging, with which `READ LOG EXT` comes.
    pub fn general_purpose_logging(self) -> bool {
        is_valid(self.word(84)) && self.bit(84, 5)
    }

    /// Word 119 bit 8: accessible max address configuration. Word 119 counts only if word 86 bit 15 is 1.
    pub fn accessible_max_address(self) -> bool {
        self.bit(86, 15) && is_valid(self.word(119)) && self.bit(119, 8)
    }

    /// Word 48 bit 0: the Trusted Computing feature set. The word counts only if its bits 15:14 are 01b.
    pub fn trusted_computing(self) -> bool {
        is_valid(self.word(48)) && self.bit(48, 0)
    }

    /// Word 128
    pub fn security(self) -> Security {
        let bit = |number| self.bit(128, number);
        Security {
            supported: bit(0),
            enabled: bit(1),
            locked: bit(2),
            frozen: bit(3),
            count_expired: bit(4),
            enhanced_erase: bit(5),
            maximum: bit(8),
        }
    }

    /// Word 89: the normal mode of `SECURITY ERASE UNIT`
    pub fn normal_erase_time(self) -> EraseTime {
        EraseTime::from_word(self.word(89))
    }

    /// Word 90: the enhanced mode of `SECURITY ERASE UNIT`
    pub fn enhanced_erase_time(self) -> EraseTime {
        EraseTime::from_word(self.word(90))
    }

    /// Word 92, MASTER PASSWORD IDENTIFIER; `FFFEh` while it is the factory's. `None` for 0000h and `FFFFh`: not supported.
    pub fn master_password_identifier(self) -> Option<u16> {
        Some(self.word(92)).filter(|word| !matches!(word, 0x0000 | 0xFFFF))
    }

    /// Word 222; `None` for 0000h and `FFFFh`: not reported.
    pub fn transport(self) -> Option<Transport> {
        let word = self.word(222);
        match (word, word >> 12) {
            (0x0000 | 0xFFFF, _) => None,
            (_, 0x0) => Some(Transport::Parallel(word & 0x0FFF)),
            (_, 0x1) => Some(Transport::Serial(word & 0x0FFF)),
            (_, 0xE) => Some(Transport::Pcie(word & 0x0FFF)),
            _ => Some(Transport::Other(word)),
        }
    }

    /// Words 82 and 83 count if word 83 is valid, words 85 and 86 if word 87 is.
    fn feature_set(self, word: u8, bit: u8) -> FeatureSet {
        FeatureSet {
            supported: is_valid(self.word(83)) && self.bit(word, bit),
            enabled: is_valid(self.word(87)) && self.bit(word + 3, bit),
        }
    }

    fn bit(self, word: u8, bit: u8) -> bool {
        self.word(word) & 1 << bit != 0
    }
}

#[cfg(test)]
mod tests {
    use alloc::boxed::Box;

    use super::super::identify::tests::with;
    use super::*;

    fn on<T>(words: &[(usize, u16)], ask: impl Fn(Identify<'static>) -> T) -> T {
        ask(Identify::new(Box::leak(Box::new(with(words)))).unwrap())
    }

    #[test]
    fn word_59_lists_the_sanitize_commands() {
        let support = |word| on(&[(59, word)], Identify::sanitize);
        let none =
            SanitizeSupport { crypto_scramble: false, overwrite: false, block_erase: false, antifreeze_lock: false };
        assert_eq!(support(0xE400), None, "the commands without the feature set");
        assert_eq!(support(0x1000), Some(none));
        assert_eq!(support(0x3000), Some(SanitizeSupport { crypto_scramble: true, ..none }));
        assert_eq!(support(0x5000), Some(SanitizeSupport { overwrite: true, ..none }));
        assert_eq!(support(0x9000), Some(SanitizeSupport { block_erase: true, ..none }));
        assert_eq!(support(0x1400), Some(SanitizeSupport { antifreeze_lock: true, ..none }));
    }

    #[test]
    fn word_128_is_the_security_state() {
        let state = |word| on(&[(128, word)], Identify::security);
        let supported = Security {
            supported: true,
            enabled: false,
            locked: false,
            frozen: false,
            count_expired: false,
            enhanced_erase: false,
            maximum: false,
        };
        assert_eq!(state(0x0000), Security { supported: false, ..supported });
        assert_eq!(state(0x0029), Security { frozen: true, enhanced_erase: true, ..supported });
        assert_eq!(state(0x0007), Security { enabled: true, locked: true, ..supported });
        assert_eq!(state(0x0113), Security { enabled: true, count_expired: true, maximum: true, ..supported });
    }

    #[test]
    fn erase_times_have_two_formats() {
        let times = [
            (0x0000, EraseTime::NotReported),
            (0x0001, EraseTime::Minutes(2)),
            (0x00FE, EraseTime::Minutes(508)),
            (0x00FF, EraseTime::MoreThan(508)),
            (0x8000, EraseTime::NotReported),
            (0x80FF, EraseTime::Minutes(510)),
            (0xFFFE, EraseTime::Minutes(65_532)),
            (0xFFFF, EraseTime::MoreThan(65_532)),
        ];
        for (word, time) in times {
            assert_eq!(EraseTime::from_word(word), time, "{word:04X}h");
        }
        assert_eq!(on(&[(89, 0x001E)], Identify::normal_erase_time), EraseTime::Minutes(60));
        assert_eq!(on(&[(90, 0x001E)], Identify::enhanced_erase_time), EraseTime::Minutes(60));
    }

    #[test]
    fn feature_sets_count_in_valid_words_only() {
        let (off, set) =
            (FeatureSet { supported: false, enabled: false }, FeatureSet { supported: true, enabled: true });
        let words = [(82, 0x0401), (83, 0x4D00), (85, 0x0401), (86, 0x0D00), (87, 0x4000)];
        for ask in [
            Identify::smart,
            Identify::host_protected_area,
            Identify::set_max_security,
            Identify::lba_48,
            Identify::device_configuration_overlay,
        ] {
            assert_eq!(on(&words, ask), set);
            assert_eq!(on(&[], ask), off);
            assert_eq!(on(&[(82, 0xFFFF), (83, 0xFFFF), (85, 0xFFFF), (86, 0xFFFF), (87, 0xFFFF)], ask), off);
        }
        assert_eq!(
            on(&[(82, 0x0400), (83, 0x4000)], Identify::host_protected_area),
            FeatureSet { supported: true, enabled: false }
        );
        assert!(on(&[(84, 0x4020)], Identify::general_purpose_logging));
        assert!(!on(&[(84, 0x0020)], Identify::general_purpose_logging));
    }

    #[test]
    fn word_48_counts_if_it_is_valid() {
        assert!(on(&[(48, 0x4001)], Identify::trusted_computing));
        assert!(!on(&[(48, 0x4000)], Identify::trusted_computing));
        // ATA/ATAPI-4 drives: double word I/O.
        assert!(!on(&[(48, 0x0001)], Identify::trusted_computing));
    }

    #[test]
    fn word_119_counts_if_word_86_says_so() {
        assert!(on(&[(86, 0x8000), (119, 0x4100)], Identify::accessible_max_address));
        assert!(!on(&[(119, 0x4100)], Identify::accessible_max_address));
        assert!(!on(&[(86, 0x8000), (119, 0x0100)], Identify::accessible_max_address));
    }

    #[test]
    fn word_69_counts_if_word_53_says_so() {
        let trimmed = |word_69| on(&[(53, 0x0002), (69, word_69)], Identify::read_after_trim);
        assert_eq!(trimmed(0x0020), ReadAfterTrim::Indeterminate);
        assert_eq!(trimmed(0x4000), ReadAfterTrim::Deterministic);
        assert_eq!(trimmed(0x4020), ReadAfterTrim::Zeros);
        assert_eq!(on(&[(69, 0x4020)], Identify::read_after_trim), ReadAfterTrim::Indeterminate);
        assert!(on(&[(53, 0x0002), (69, 0x0010)], Identify::encrypts_all_user_data));
        assert!(!on(&[(69, 0x0010)], Identify::encrypts_all_user_data));
        assert!(on(&[(169, 0x0001)], Identify::trim));
    }

    #[test]
    fn zeros_and_ones_are_not_reported() {
        assert_eq!(on(&[(222, 0x107F)], Identify::transport), Some(Transport::Serial(0x07F)));
        assert_eq!(on(&[(222, 0x0003)], Identify::transport), Some(Transport::Parallel(0x003)));
        assert_eq!(on(&[(222, 0xE001)], Identify::transport), Some(Transport::Pcie(0x001)));
        assert_eq!(on(&[(222, 0x2001)], Identify::transport), Some(Transport::Other(0x2001)));
        assert_eq!(on(&[], Identify::transport), None);
        assert_eq!(on(&[(222, 0xFFFF)], Identify::transport), None);
        assert_eq!(on(&[(92, 0xFFFE)], Identify::master_password_identifier), Some(0xFFFE));
        assert_eq!(on(&[(92, 0xFFFF)], Identify::master_password_identifier), None);
        assert_eq!(on(&[], Identify::master_password_identifier), None);
    }
}
