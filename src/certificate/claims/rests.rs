//! Why an overwrite or a read-back took longer than the drive needs for it.

use core::fmt;

use minicbor::{Decode, Encode};
use purgeproof_core::evidence::{Entry, Fact};
use serde::Serialize;

use crate::civil::duration;

/// The rests of a drive that became too hot while it was written or read back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(array)]
pub struct Rests {
    /// How many.
    #[n(0)]
    pub count: u32,
    /// How long they took together, in milliseconds.
    #[n(1)]
    pub ms: u64,
    /// The highest temperature that was read, in degrees Celsius.
    #[n(2)]
    pub hottest_c: i16,
}

impl Rests {
    /// Those that came to an end; `None` if there was none.
    pub(crate) fn of(facts: &[Entry]) -> Option<Self> {
        let hottest_c = facts.iter().filter_map(|entry| match &entry.fact {
            Fact::TooHot { health } | Fact::Rested { health, .. } => health.temperature_c,
            _ => None,
        });
        let rests = facts.iter().filter_map(|entry| match &entry.fact {
            Fact::Rested { rested_ms, .. } => Some(*rested_ms),
            _ => None,
        });
        let none = Self { count: 0, ms: 0, hottest_c: hottest_c.max().unwrap_or_default() };
        let all = rests.fold(none, |so_far, ms| Self {
            count: so_far.count.saturating_add(1),
            ms: so_far.ms.saturating_add(ms),
            ..so_far
        });
        (all.count > 0).then_some(all)
    }
}

impl fmt::Display for Rests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let times = if self.count == 1 { "once" } else { "times" };
        let count = if self.count == 1 { String::new() } else { format!("{} ", self.count) };
        write!(
            f,
            "rested {count}{times} for {} in all: it was too hot, {} °C at most",
            duration(self.ms),
            self.hottest_c
        )
    }
}
