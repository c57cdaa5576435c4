//! Sense data: why a command failed, and how far a sanitize is (SPC-5).

use core::fmt;

use super::field;

/// SENSE KEY, four bits (SPC-5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// 0h.
    NoSense,
    /// 1h.
    RecoveredError,
    /// 2h.
    NotReady,
    /// 3h.
    MediumError,
    /// 4h.
    HardwareError,
    /// 5h.
    IllegalRequest,
    /// 6h.
    UnitAttention,
    /// 7h.
    DataProtect,
    /// 8h.
    BlankCheck,
    /// 9h.
    VendorSpecific,
    /// Ah.
    CopyAborted,
    /// Bh.
    AbortedCommand,
    /// Dh.
    VolumeOverflow,
    /// Eh.
    Miscompare,
    /// Fh.
    Completed,
    /// Ch, which is reserved.
    Reserved,
}

impl Key {
    /// The low four bits count.
    const fn from_code(code: u8) -> Self {
        match code & 0x0F {
            0x0 => Self::NoSense,
            0x1 => Self::RecoveredError,
            0x2 => Self::NotReady,
            0x3 => Self::MediumError,
            0x4 => Self::HardwareError,
            0x5 => Self::IllegalRequest,
            0x6 => Self::UnitAttention,
            0x7 => Self::DataProtect,
            0x8 => Self::BlankCheck,
            0x9 => Self::VendorSpecific,
            0xA => Self::CopyAborted,
            0xB => Self::AbortedCommand,
            0xD => Self::VolumeOverflow,
            0xE => Self::Miscompare,
            0xF => Self::Completed,
            _ => Self::Reserved,
        }
    }
}

impl fmt::Display for Key {
    /// As the standard writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoSense => "NO SENSE",
            Self::RecoveredError => "RECOVERED ERROR",
            Self::NotReady => "NOT READY",
            Self::MediumError => "MEDIUM ERROR",
            Self::HardwareError => "HARDWARE ERROR",
            Self::IllegalRequest => "ILLEGAL REQUEST",
            Self::UnitAttention => "UNIT ATTENTION",
            Self::DataProtect => "DATA PROTECT",
            Self::BlankCheck => "BLANK CHECK",
            Self::VendorSpecific => "VENDOR SPECIFIC",
            Self::CopyAborted => "COPY ABORTED",
            Self::AbortedCommand => "ABORTED COMMAND",
            Self::VolumeOverflow => "VOLUME OVERFLOW",
            Self::Miscompare => "MISCOMPARE",
            Self::Completed => "COMPLETED",
            Self::Reserved => "reserved sense key",
        })
    }
}

/// ADDITIONAL SENSE CODE and its qualifier, as the drive sent them (SPC-5 annex F).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Additional {
    /// ADDITIONAL SENSE CODE.
    pub code: u8,
    /// ADDITIONAL SENSE CODE QUALIFIER.
    pub qualifier: u8,
}

impl Additional {
    /// What the standard calls it, as far as we meet it; `None` for the rest.
    pub const fn name(self) -> Option<&'static str> {
        Some(match (self.code, self.qualifier) {
            (0x00, 0x00) => "no additional sense information",
            (0x00, 0x1D) => "ATA pass-through information available",
            (0x04, 0x00) => "logical unit not ready, cause not reportable",
            (0x04, 0x01) => "logical unit is in process of becoming ready",
            (0x04, 0x02) => "logical unit not ready, initializing command required",
            (0x04, 0x03) => "logical unit not ready, manual intervention required",
            (0x04, 0x04) => "logical unit not ready, format in progress",
            (0x04, 0x1B) => "logical unit not ready, sanitize in progress",
            (0x0C, 0x00) => "write error",
            (0x11, 0x00) => "unrecovered read error",
            (0x11, 0x15) => "write after sanitize required",
            (0x1A, 0x00) => "parameter list length error",
            (0x20, 0x00) => "invalid command operation code",
            (0x21, 0x00) => "logical block address out of range",
            (0x24, 0x00) => "invalid field in CDB",
            (0x25, 0x00) => "logical unit not supported",
            (0x26, 0x00) => "invalid field in parameter list",
            (0x27, 0x00) => "write protected",
            (0x29, 0x00) => "power on, reset, or bus device reset occurred",
            (0x31, 0x00) => "medium format corrupted",
            (0x31, 0x01) => "format command failed",
            (0x31, 0x03) => "sanitize command failed",
            (0x3A, 0x00) => "medium not present",
            (0x44, 0x00) => "internal target failure",
            (0x5D, 0x00) => "failure prediction threshold exceeded",
            (0x74, 0x71) => "logical unit access not authorized",
            _ => return None,
        })
    }
}

/// An operation in the background that sense data tell about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// FORMAT UNIT: 04h/04h, 31h/01h.
    Format,
    /// SANITIZE: 04h/1Bh, 31h/03h.
    Sanitize,
}

/// How far an operation is that is still running, in 65536ths. There is none of an operation that is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SanitizeProgress(u16);

impl SanitizeProgress {
    /// PROGRESS INDICATION, the numerator; `FFFFh` is short of the end.
    pub const fn of_65536(self) -> u16 {
        self.0
    }
}

/// What sense data say about an erase.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Erase {
    /// It runs. The drive need not say how far it is.
    InProgress(Operation, Option<SanitizeProgress>),
    /// It failed.
    Failed(Operation),
}

/// Sense data, decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sense {
    /// It is about an earlier command (71h, 73h), not about this one.
    pub deferred: bool,
    /// SENSE KEY.
    pub key: Key,
    /// ADDITIONAL SENSE CODE and qualifier.
    pub additional: Additional,
    /// INFORMATION, if it is valid: for a medium error the address of the first bad block.
    pub information: Option<u64>,
    /// `None` is not "done": it says no more than that these data are about something else. It says the least after a power cycle.
    pub erase: Option<Erase>,
}

/// Bytes that are no sense data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SenseError {
    /// There are fewer bytes, received or announced, than the fields need.
    Short {
        /// Bytes that it takes.
        needed: usize,
        /// Bytes that there are.
        got: usize,
    },
    /// RESPONSE CODE is none of 70h to 73h: vendor specific (7Fh), or no sense data at all.
    ResponseCode(u8),
}

impl fmt::Display for SenseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short { needed, got } => write!(
                f,
                "The drive sent {got} bytes of sense data where {needed} are needed. \
                 Connect it without an adapter, or treat the outcome of the command as unknown."
            ),
            Self::ResponseCode(code) => write!(
                f,
                "The drive sent sense data with response code {code:02X}h, which is none of 70h to 73h. \
                 Connect it without an adapter, or treat the outcome of the command as unknown."
            ),
        }
    }
}

impl core::error::Error for SenseError {}

impl fmt::Display for Sense {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Additional { code, qualifier } = self.additional;
        write!(f, "{}", self.key)?;
        if let Some(name) = self.additional.name() {
            write!(f, ", {name}")?;
        }
        write!(f, " ({code:02X}h/{qualifier:02X}h)")
    }
}

impl Sense {
    /// Decode what came with CHECK CONDITION or as the answer to REQUEST SENSE, no longer than the count of bytes received.
    pub fn new(bytes: &[u8]) -> Result<Self, SenseError> {
        let first = bytes.first().ok_or(SenseError::Short { needed: 1, got: 0 })?;
        match first & 0x7F {
            code @ (0x70 | 0x71) => Self::fixed(bytes, code == 0x71),
            code @ (0x72 | 0x73) => Self::descriptors(bytes, code == 0x73),
            code => Err(SenseError::ResponseCode(code)),
        }
    }

    /// Fixed format.
    fn fixed(bytes: &[u8], deferred: bool) -> Result<Self, SenseError> {
        // Up to the qualifier in byte 13; fewer would read as 00h/00h, "nothing to say".
        let length = announced(bytes)?.min(bytes.len());
        let short = SenseError::Short { needed: 14, got: length };
        let bytes = bytes.get(..length).ok_or(short)?;
        let [first, _, flags, a, b, c, d, _, _, _, _, _, code, qualifier] = field::<14>(bytes, 0).ok_or(short)?;
        let key = Key::from_code(flags);
        let additional = Additional { code, qualifier };
        let information = (first & 0x80 != 0).then(|| u32::from_be_bytes([a, b, c, d]).into());
        Ok(Self {
            deferred,
            key,
            additional,
            information,
            erase: erase(deferred, key, additional, progress(bytes, 15)),
        })
    }

    /// Descriptor format.
    fn descriptors(bytes: &[u8], deferred: bool) -> Result<Self, SenseError> {
        // A descriptor that is cut off could be the one that says "still running": all or nothing.
        let needed = announced(bytes)?;
        let bytes = bytes.get(..needed).ok_or(SenseError::Short { needed, got: bytes.len() })?;
        let [_, key, code, qualifier] =
            field::<4>(bytes, 0).ok_or(SenseError::Short { needed: 8, got: bytes.len() })?;
        let key = Key::from_code(key);
        let additional = Additional { code, qualifier };
        let specific = descriptor(bytes, 0x02).and_then(|descriptor| progress(descriptor, 4));
        Ok(Self {
            deferred,
            key,
            additional,
            information: descriptor(bytes, 0x00).and_then(information),
            erase: erase(deferred, key, additional, specific)
                .or_else(|| descriptor(bytes, 0x0A).and_then(|descriptor| other_progress(deferred, descriptor))),
        })
    }
}

/// The first descriptor of a type, with its two bytes of header. `None` too if one before it is cut off.
fn descriptor(sense: &[u8], kind: u8) -> Option<&[u8]> {
    if !matches!(sense.first()? & 0x7F, 0x72 | 0x73) {
        return None;
    }
    let mut rest = sense.get(8..announced(sense).ok()?)?;
    while let [found, length, ..] = rest {
        let (this, next) = rest.split_at_checked(2 + usize::from(*length))?;
        if *found == kind {
            return Some(this);
        }
        rest = next;
    }
    None
}

/// The length that ADDITIONAL SENSE LENGTH, byte 7 of both formats, announces.
fn announced(bytes: &[u8]) -> Result<usize, SenseError> {
    bytes.get(7).map(|more| 8 + usize::from(*more)).ok_or(SenseError::Short { needed: 8, got: bytes.len() })
}

/// SENSE KEY SPECIFIC, three bytes at `at`: PROGRESS INDICATION if SKSV says so. Under other keys the same bytes are a pointer to a
/// bad field or a count of retries: [`erase`] looks at the key.
fn progress(bytes: &[u8], at: usize) -> Option<SanitizeProgress> {
    let [flags, high, low] = field::<3>(bytes, at)?;
    (flags & 0x80 != 0).then_some(SanitizeProgress(u16::from_be_bytes([high, low])))
}

/// Information descriptor (00h): VALID, then eight bytes.
fn information(descriptor: &[u8]) -> Option<u64> {
    let is_valid = descriptor.get(2)? & 0x80 != 0;
    field(descriptor, 4).filter(|_| is_valid).map(u64::from_be_bytes)
}

/// Another Progress Indication descriptor (0Ah): an operation that is not what the key is about.
fn other_progress(deferred: bool, descriptor: &[u8]) -> Option<Erase> {
    let [_, _, key, code, qualifier, _, high, low] = field::<8>(descriptor, 0)?;
    let progress = SanitizeProgress(u16::from_be_bytes([high, low]));
    erase(deferred, Key::from_code(key), Additional { code, qualifier }, Some(progress))
}

fn erase(deferred: bool, key: Key, additional: Additional, progress: Option<SanitizeProgress>) -> Option<Erase> {
    let may_run = !deferred && matches!(key, Key::NotReady | Key::NoSense);
    match (additional.code, additional.qualifier) {
        (0x04, 0x04) if may_run => Some(Erase::InProgress(Operation::Format, progress)),
        (0x04, 0x1B) if may_run => Some(Erase::InProgress(Operation::Sanitize, progress)),
        (0x31, 0x01) => Some(Erase::Failed(Operation::Format)),
        (0x31, 0x03) => Some(Erase::Failed(Operation::Sanitize)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    /// Fixed format: 70h, key, ten more bytes, code, qualifier, sense key specific.
    fn fixed(key: u8, code: u8, qualifier: u8, specific: [u8; 3]) -> [u8; 18] {
        let [a, b, c] = specific;
        [0x70, 0, key, 0, 0, 0, 0, 0x0A, 0, 0, 0, 0, code, qualifier, 0, a, b, c]
    }

    fn erase_of(bytes: &[u8]) -> Option<Erase> {
        Sense::new(bytes).unwrap().erase
    }

    #[test]
    fn a_running_sanitize_tells_how_far_it_is() {
        // NOT READY or NO SENSE, 04h/1Bh, SKSV, 8000h of 65536.
        let half = Some(Erase::InProgress(Operation::Sanitize, Some(SanitizeProgress(0x8000))));
        assert_eq!(erase_of(&fixed(0x02, 0x04, 0x1B, [0x80, 0x80, 0x00])), half);
        assert_eq!(erase_of(&fixed(0x00, 0x04, 0x1B, [0x80, 0x80, 0x00])), half);
        let format = Some(Erase::InProgress(Operation::Format, Some(SanitizeProgress(0x0100))));
        assert_eq!(erase_of(&fixed(0x02, 0x04, 0x04, [0x80, 0x01, 0x00])), format);
    }

    #[test]
    fn without_sksv_there_is_no_progress_but_it_still_runs() {
        let running = Some(Erase::InProgress(Operation::Sanitize, None));
        assert_eq!(erase_of(&fixed(0x02, 0x04, 0x1B, [0x00, 0xFF, 0xFF])), running);
        // Announced as 14 bytes: SENSE KEY SPECIFIC is not there, whatever lies behind.
        let mut cut = fixed(0x02, 0x04, 0x1B, [0x80, 0xFF, 0xFF]);
        cut[7] = 0x06;
        assert_eq!(erase_of(&cut), running);
    }

    #[test]
    fn progress_belongs_to_running_operations_only() {
        assert_eq!(erase_of(&fixed(0x00, 0x00, 0x00, [0x80, 0xFF, 0xFF])), None, "idle: FFFFh means nothing");
        assert_eq!(erase_of(&fixed(0x05, 0x24, 0x00, [0xC0, 0x00, 0x01])), None, "ILLEGAL REQUEST: a field pointer");
        assert_eq!(erase_of(&fixed(0x05, 0x04, 0x1B, [0x80, 0x80, 0x00])), None, "not one of the two keys");
        let mut deferred = fixed(0x02, 0x04, 0x1B, [0x80, 0x80, 0x00]);
        deferred[0] = 0x71;
        assert_eq!(erase_of(&deferred), None);
        assert!(Sense::new(&deferred).unwrap().deferred);
    }

    #[test]
    fn a_failed_sanitize_is_failed_under_any_key() {
        assert_eq!(erase_of(&fixed(0x03, 0x31, 0x03, [0; 3])), Some(Erase::Failed(Operation::Sanitize)));
        assert_eq!(erase_of(&fixed(0x00, 0x31, 0x03, [0x80, 0xFF, 0xFF])), Some(Erase::Failed(Operation::Sanitize)));
        assert_eq!(erase_of(&fixed(0x03, 0x31, 0x01, [0; 3])), Some(Erase::Failed(Operation::Format)));
    }

    #[test]
    fn descriptor_format_says_the_same() {
        // 72h, NOT READY, 04h/1Bh, 8 bytes: sense key specific (02h), SKSV, 4000h.
        let bytes = [0x72, 0x02, 0x04, 0x1B, 0, 0, 0, 0x08, 0x02, 0x06, 0, 0, 0x80, 0x40, 0x00, 0];
        let running = Some(Erase::InProgress(Operation::Sanitize, Some(SanitizeProgress(0x4000))));
        assert_eq!(erase_of(&bytes), running);
        assert_eq!(Sense::new(&bytes[..15]), Err(SenseError::Short { needed: 16, got: 15 }));
        // NO SENSE 00h/00h, but another operation runs (0Ah): NOT READY, 04h/1Bh, 4000h.
        let other = [0x72, 0x00, 0x00, 0x00, 0, 0, 0, 0x08, 0x0A, 0x06, 0x02, 0x04, 0x1B, 0, 0x40, 0x00];
        assert_eq!(erase_of(&other), running);
    }

    #[test]
    fn a_bad_block_has_an_address_if_the_drive_says_it_is_valid() {
        let mut bytes = fixed(0x03, 0x11, 0x00, [0; 3]);
        bytes[3..7].copy_from_slice(&[0x00, 0x12, 0xD6, 0x87]);
        assert_eq!(Sense::new(&bytes).unwrap().information, None);
        bytes[0] = 0xF0;
        let sense = Sense::new(&bytes).unwrap();
        assert_eq!((sense.key, sense.information), (Key::MediumError, Some(1_234_567)));
        let mut descriptors =
            [0x72, 0x03, 0x11, 0x15, 0, 0, 0, 0x0C, 0x00, 0x0A, 0x80, 0, 0x00, 0x00, 0x00, 0x01, 0, 0, 0, 0];
        let sense = Sense::new(&descriptors).unwrap();
        assert_eq!(sense.information, Some(0x1_0000_0000));
        assert_eq!(sense.additional.name(), Some("write after sanitize required"));
        descriptors[10] = 0x00;
        assert_eq!(Sense::new(&descriptors).unwrap().information, None);
    }

    #[test]
    fn too_little_is_an_error_and_zeros_are_no_sense_data() {
        assert_eq!(Sense::new(&[]), Err(SenseError::Short { needed: 1, got: 0 }));
        assert_eq!(Sense::new(&[0x70, 0, 0x02]), Err(SenseError::Short { needed: 8, got: 3 }));
        let mut bytes = fixed(0x02, 0x04, 0x1B, [0; 3]);
        assert_eq!(Sense::new(&bytes[..13]), Err(SenseError::Short { needed: 14, got: 13 }));
        bytes[7] = 0x05;
        assert_eq!(Sense::new(&bytes), Err(SenseError::Short { needed: 14, got: 13 }));
        assert_eq!(Sense::new(&[0; 18]), Err(SenseError::ResponseCode(0x00)));
        assert_eq!(Sense::new(&[0xFF; 18]), Err(SenseError::ResponseCode(0x7F)));
    }

    #[test]
    fn it_is_said_in_the_standards_words() {
        use alloc::string::ToString;
        let words = |key, code, qualifier| Sense::new(&fixed(key, code, qualifier, [0; 3])).unwrap().to_string();
        assert_eq!(words(0x05, 0x24, 0x00), "ILLEGAL REQUEST, invalid field in CDB (24h/00h)");
        assert_eq!(words(0x0B, 0x80, 0x0A), "ABORTED COMMAND (80h/0Ah)");
    }

    #[test]
    fn unknown_codes_are_kept() {
        let sense = Sense::new(&fixed(0x0C, 0x80, 0x81, [0; 3])).unwrap();
        assert_eq!((sense.key, sense.additional), (Key::Reserved, Additional { code: 0x80, qualifier: 0x81 }));
        assert_eq!(sense.additional.name(), None);
    }

    #[test]
    fn descriptors_are_found_behind_others() {
        // Information (00h) before ATA Status Return (09h), whose last byte is STATUS 50h.
        let mut bytes = [0_u8; 34];
        bytes[..10].copy_from_slice(&[0x72, 0x01, 0x00, 0x1D, 0, 0, 0, 0x1A, 0x00, 0x0A]);
        bytes[20..22].copy_from_slice(&[0x09, 0x0C]);
        bytes[33] = 0x50;
        assert_eq!(descriptor(&bytes, 0x09).unwrap()[13], 0x50);
        assert_eq!(descriptor(&bytes, 0x02), None);
        assert_eq!(descriptor(&bytes[..33], 0x09), None, "cut short");
        assert_eq!(descriptor(&fixed(2, 4, 4, [0; 3]), 0x09), None, "fixed format has none");
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_value_or_an_error(bytes: Vec<u8>, kind: u8, code in 0x70_u8..0x74) {
            let _ = Sense::new(&bytes);
            let mut bytes = bytes;
            if let Some(first) = bytes.first_mut() { *first = code; }
            let _ = (Sense::new(&bytes), descriptor(&bytes, kind));
        }
    }
}
