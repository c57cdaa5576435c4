//! What an overwrite pass writes.

use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use serde::{Deserialize, Serialize};

/// The content of an overwrite pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Pattern {
    /// A cryptographic keystream: no two blocks alike, and any block can be computed again from the job's key and its address.
    Random,
    /// One byte, repeated.
    Byte(u8),
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Random => f.write_str("random"),
            Self::Byte(0x00) => f.write_str("zeros"),
            Self::Byte(0xff) => f.write_str("ones"),
            Self::Byte(byte) => write!(f, "0x{byte:02X}"),
        }
    }
}

/// A pattern that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoPattern;

impl fmt::Display for NoPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected \"random\", \"zeros\", \"ones\" or one byte such as \"0x55\"")
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
            _ => match text.strip_prefix("0x") {
                Some(digits) if digits.len() == 2 && !digits.starts_with('+') => {
                    u8::from_str_radix(digits, 16).map(Self::Byte).map_err(|_| NoPattern)
                }
                _ => Err(NoPattern),
            },
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

    #[test]
    fn ones_are_ff() {
        assert_eq!("ones".parse(), Ok(Pattern::Byte(0xff)));
        assert_eq!("zeros".parse(), Ok(Pattern::Byte(0x00)));
        assert_eq!("0x5a".parse(), Ok(Pattern::Byte(0x5a)));
        for wrong in ["", "0x", "0x123", "55", "zero", "0xzz", "0x+1"] {
            assert_eq!(wrong.parse::<Pattern>(), Err(NoPattern), "{wrong}");
        }
    }
}
