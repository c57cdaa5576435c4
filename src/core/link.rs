//! What the cable to a drive carries, and what it therefore cannot have carried.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::units::Bytes;

/// What a link carries at most, in bits a second, those included that its encoding needs: no data ever come that fast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LineRate(pub u64);

/// Of what took less than this in milliseconds nothing is concluded: the clock counts whole ones, and what was on its way when it was
/// looked at makes a difference.
const LEAST_MS: u64 = 1000;

impl LineRate {
    /// Whether so many bytes cannot have gone over the link in that time.
    pub fn forbids(self, bytes: Bytes, took_ms: u64) -> bool {
        let carried = u128::from(self.0) * u128::from(took_ms) / 1000;
        took_ms >= LEAST_MS && u128::from(bytes.0) * 8 > carried
    }
}

impl fmt::Display for LineRate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tenths = self.0 / 100_000_000;
        match (tenths / 10, tenths % 10) {
            (0, _) => write!(f, "{} Mb/s", self.0 / 1_000_000),
            (whole, 0) => write!(f, "{whole} Gb/s"),
            (whole, tenth) => write!(f, "{whole}.{tenth} Gb/s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn more_than_the_line_carries_did_not_come() {
        // 1.5 Gb/s are 187 500 000 bytes a second.
        let sata = LineRate(1_500_000_000);
        assert!(!sata.forbids(Bytes(1_875_000_000), 10_000));
        assert!(sata.forbids(Bytes(1_875_000_001), 10_000));
        // A cache takes what it takes.
        assert!(!sata.forbids(Bytes(1_875_000_000), 999));
        assert!(!LineRate(u64::MAX).forbids(Bytes(u64::MAX), 1_000_000));
        assert!(LineRate(0).forbids(Bytes(1), u64::MAX));
    }

    #[test]
    fn a_rate_is_said_as_it_is_sold() {
        assert_eq!(LineRate(480_000_000).to_string(), "480 Mb/s");
        assert_eq!(LineRate(1_500_000_000).to_string(), "1.5 Gb/s");
        assert_eq!(LineRate(64_000_000_000).to_string(), "64 Gb/s");
    }
}
