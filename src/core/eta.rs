//! How long a job will still take, as far as that can be said.

use core::fmt;

/// The time until all stages of a job are over. A disk slows down by half on its way to the inner tracks, and flash when its cache is
/// full: one number would be wrong for most of the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Eta {
    /// In seconds, if it goes as well as it may.
    pub soonest_s: u64,
    /// In seconds, if it goes as badly as is to be expected.
    pub latest_s: u64,
}

const MINUTE_S: u64 = 60;
const HOUR_S: u64 = 60 * MINUTE_S;
const DAY_S: u64 = 24 * HOUR_S;

impl Eta {
    /// What is over when both are.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { soonest_s: self.soonest_s.max(other.soonest_s), latest_s: self.latest_s.max(other.latest_s) }
    }

    /// Both ends in steps of this length, begun ones whole.
    const fn in_steps(self, step_s: u64) -> (u64, u64) {
        (self.soonest_s.div_ceil(step_s), self.latest_s.div_ceil(step_s))
    }

    fn plain(self, f: &mut fmt::Formatter<'_>, step_s: u64, unit: &str) -> fmt::Result {
        match self.in_steps(step_s) {
            (from, to) if from >= to => write!(f, "{to} {unit}"),
            (0 | 1, to) => write!(f, "up to {to} {unit}"),
            (from, to) => write!(f, "{from} to {to} {unit}"),
        }
    }

    fn in_hours(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = |f: &mut fmt::Formatter<'_>, tens: u64| match (tens / 6, tens % 6 * 10) {
            (0, minutes) => write!(f, "{minutes} min"),
            (hours, 0) => write!(f, "{hours} h"),
            (hours, minutes) => write!(f, "{hours} h {minutes}"),
        };
        let (from, to) = self.in_steps(10 * MINUTE_S);
        if from < to {
            words(f, from)?;
            f.write_str(" to ")?;
            return words(f, to);
        }
        words(f, to)?;
        f.write_str(if to % 6 == 0 { "" } else { " min" })
    }
}

impl fmt::Display for Eta {
    /// `under 1 min`, `43 min`, `35 to 50 min`, `2 h 10 min`, `2 h 10 to 2 h 50`, `50 to 62 h`, `5 to 7 days`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.latest_s {
            0..=MINUTE_S => f.write_str("under 1 min"),
            latest_s if latest_s <= 2 * HOUR_S => self.plain(f, MINUTE_S, "min"),
            latest_s if latest_s <= 2 * DAY_S => self.in_hours(f),
            latest_s if latest_s <= 5 * DAY_S => self.plain(f, HOUR_S, "h"),
            _ => self.plain(f, DAY_S, "days"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    fn said(soonest_s: u64, latest_s: u64) -> alloc::string::String {
        Eta { soonest_s, latest_s }.to_string()
    }

    #[test]
    fn both_ends_are_said_in_the_steps_of_the_later_one() {
        assert_eq!(said(0, 60), "under 1 min");
        assert_eq!(said(2_521, 2_580), "43 min");
        assert_eq!(said(2_100, 3_000), "35 to 50 min");
        assert_eq!(said(30, 300), "up to 5 min");
        // 2 h 10 is 7 800 s, 2 h 50 is 10 200 s.
        assert_eq!(said(7_500, 7_800), "2 h 10 min");
        assert_eq!(said(7_800, 10_200), "2 h 10 to 2 h 50");
        assert_eq!(said(3_000, 10_800), "50 min to 3 h");
        assert_eq!(said(10_800, 10_800), "3 h");
        assert_eq!(said(50 * 3600, 62 * 3600 - 1), "50 to 62 h");
        assert_eq!(said(5 * 86_400, 7 * 86_400), "5 to 7 days");
        assert_eq!(said(u64::MAX, u64::MAX), "213503982334602 days");
    }

    #[test]
    fn the_last_of_two_is_the_later_one_at_either_end() {
        let (long, wide) = (Eta { soonest_s: 50, latest_s: 60 }, Eta { soonest_s: 10, latest_s: 90 });
        assert_eq!(long.and(wide), Eta { soonest_s: 50, latest_s: 90 });
    }
}
