//! What an overwrite pass writes.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

/// The content of an overwrite pass. Bytes are repeated from the beginning of the medium on, across the ends of blocks: what stands in
/// any block follows from its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Pattern {
    /// A cryptographic keystream: no two blocks alike, and any block can be computed again from the job's key and its address.
    Random,
    /// One byte, repeated.
    Byte(u8),
    /// Two bytes, repeated.
    Two([u8; 2]),
    /// Three bytes, repeated.
    Three([u8; 3]),
    /// Four bytes, repeated.
    Four([u8; 4]),
}

impl Pattern {
    /// These bytes repeated, under the shortest name: 5555h is the byte 55h. `None` for none or more than four.
    pub fn repeating(bytes: &[u8]) -> Option<Self> {
        match *bytes {
            [a] => Some(Self::Byte(a)),
            [a, b] if a == b => Some(Self::Byte(a)),
            [a, b] => Some(Self::Two([a, b])),
            [a, b, c] if a == b && b == c => Some(Self::Byte(a)),
            [a, b, c] => Some(Self::Three([a, b, c])),
            [a, b, c, d] if a == c && b == d => Self::repeating(&[a, b]),
            [a, b, c, d] => Some(Self::Four([a, b, c, d])),
            _ => None,
        }
    }

    /// The bytes that are repeated; none for the keystream.
    pub const fn bytes(&self) -> &[u8] {
        match self {
            Self::Random => &[],
            Self::Byte(byte) => core::slice::from_ref(byte),
            Self::Two(bytes) => bytes,
            Self::Three(bytes) => bytes,
            Self::Four(bytes) => bytes,
        }
    }

    /// Every bit the other way round; `None` for the keystream.
    pub fn complement(self) -> Option<Self> {
        match self {
            Self::Random => None,
            Self::Byte(byte) => Some(Self::Byte(!byte)),
            Self::Two(bytes) => Some(Self::Two(bytes.map(|byte| !byte))),
            Self::Three(bytes) => Some(Self::Three(bytes.map(|byte| !byte))),
            Self::Four(bytes) => Some(Self::Four(bytes.map(|byte| !byte))),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Random => f.write_str("random"),
            Self::Byte(0x00) => f.write_str("zeros"),
            Self::Byte(0xff) => f.write_str("ones"),
            _ => {
                f.write_str("0x")?;
                self.bytes().iter().try_for_each(|byte| write!(f, "{byte:02X}"))
            }
        }
    }
}

/// A pattern that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoPattern;

impl fmt::Display for NoPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected \"random\", \"zeros\", \"ones\" or one to four bytes such as \"0x55\" or \"0x924924\"")
    }
}

impl FromStr for Pattern {
    type Err = NoPattern;

    fn from_str(text: &str) -> Result<Self, NoPattern> {
        match text {
            "random" => Ok(Self::Random),
            "zeros" => Ok(Self::Byte(0x00)),
            // All ones is FFh; reading "ones" as the byte 01h is a classic mistake of erasure programs.
            "ones" => Ok(Self::Byte(0xff)),
            _ => {
                let digits = text.strip_prefix("0x").ok_or(NoPattern)?.to_ascii_lowercase();
                let bytes = crate::evidence::unhex_vec(&digits).map_err(|_| NoPattern)?;
                Self::repeating(&bytes).ok_or(NoPattern)
            }
        }
    }
}

impl From<Pattern> for String {
    fn from(pattern: Pattern) -> Self {
        alloc::format!("{pattern}")
    }
}

impl TryFrom<String> for Pattern {
    type Error = NoPattern;

    fn try_from(text: String) -> Result<Self, NoPattern> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn ones_are_ff() {
        assert_eq!("ones".parse(), Ok(Pattern::Byte(0xff)));
        assert_eq!("zeros".parse(), Ok(Pattern::Byte(0x00)));
        assert_eq!("0x5a".parse(), Ok(Pattern::Byte(0x5a)));
        for wrong in ["", "0x", "0x123", "55", "zero", "0xzz", "0x+1", "0x0102030405", "0x0000000000"] {
            assert_eq!(wrong.parse::<Pattern>(), Err(NoPattern), "{wrong}");
        }
    }

    #[test]
    fn bytes_stand_in_the_order_in_which_they_are_written() {
        assert_eq!("0x924924".parse(), Ok(Pattern::Three([0x92, 0x49, 0x24])));
        assert_eq!("0xFDFFFFFF".parse(), Ok(Pattern::Four([0xfd, 0xff, 0xff, 0xff])));
        for text in ["random", "zeros", "ones", "0x01", "0xABCD", "0x6DB6DB", "0xE4FFFFFF"] {
            assert_eq!(text.parse::<Pattern>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn the_same_content_has_one_name() {
        for (long, short) in
            [("0xffff", "ones"), ("0x555555", "0x55"), ("0x00000000", "zeros"), ("0xabcdabcd", "0xABCD")]
        {
            assert_eq!(long.parse::<Pattern>().unwrap().to_string(), short);
        }
    }

    #[test]
    fn a_complement_turns_every_bit() {
        for (pattern, other) in
            [("zeros", "ones"), ("0x55", "0xAA"), ("0x924924", "0x6DB6DB"), ("0xE4FFFFFF", "0x1B000000")]
        {
            assert_eq!(pattern.parse::<Pattern>().unwrap().complement(), Some(other.parse().unwrap()));
        }
        assert_eq!(Pattern::Random.complement(), None);
    }
}
