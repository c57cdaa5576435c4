//! Seconds since 1970 as a date, in UTC and the proleptic Gregorian calendar. Leap seconds do not exist in Unix time.

use core::fmt;

/// A moment, as people write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    pub(crate) year: u64,
    pub(crate) month: u64,
    pub(crate) day: u64,
    hour: u64,
    minute: u64,
    second: u64,
}

impl Civil {
    /// The moment that is so many seconds after 1970-01-01 00:00 UTC.
    pub const fn of(unix_s: u64) -> Self {
        let (days, rest) = (unix_s / 86_400, unix_s % 86_400);
        // Howard Hinnant, "chrono-compatible low-level date algorithms", civil_from_days: eras of 400 years from 0000-03-01 on.
        let from_march_0 = days + 719_468;
        let (era, day_of_era) = (from_march_0 / 146_097, from_march_0 % 146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        let year = era * 400 + year_of_era + (month <= 2) as u64;
        let day = day_of_year - (153 * from_march + 2) / 5 + 1;
        Self { year, month, day, hour: rest / 3600, minute: rest / 60 % 60, second: rest % 60 }
    }

    /// `2026-11-21`.
    pub fn date(self) -> String {
        format!("{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }

    /// When the day that is written like `2026-11-21` begins, in seconds since 1970-01-01 UTC; `None` if there is no such day.
    pub fn day(text: &str) -> Option<u64> {
        let is_form = text.len() == 10 && text.chars().all(|c| c.is_ascii_digit() || c == '-');
        let mut parts = text.split('-').map(|part| part.parse::<u64>().ok());
        let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
        // days_from_civil, by the same author: years begin on the first of March.
        let year_from_march = year.checked_sub(u64::from(month <= 2))?;
        let (era, year_of_era) = (year_from_march / 400, year_from_march % 400);
        let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day;
        let days = era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let unix_s = days.checked_sub(719_469)? * 86_400;
        (is_form && Self::of(unix_s).date() == text).then_some(unix_s)
    }

    /// As PDF writes it (ISO 32000-1 §7.9.4).
    pub(crate) fn pdf(self) -> String {
        let Self { year, month, day, hour, minute, second } = self;
        format!("D:{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}Z")
    }
}

impl Civil {
    /// As RFC 3339 and XMP write it: `2026-11-21T09:05:07Z`.
    pub(crate) fn iso(self) -> String {
        format!("{}T{:02}:{:02}:{:02}Z", self.date(), self.hour, self.minute, self.second)
    }
}

impl fmt::Display for Civil {
    /// `2026-11-21 09:05:07 UTC`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:02}:{:02}:{:02} UTC", self.date(), self.hour, self.minute, self.second)
    }
}

/// A duration as people say it: `2 h 05 min 09 s`.
pub(crate) fn duration(ms: u64) -> String {
    let s = ms / 1000;
    match (s / 3600, s / 60 % 60, s % 60) {
        (0, 0, 0) => format!("{ms} ms"),
        (0, 0, s) => format!("{s} s"),
        (0, min, s) => format!("{min} min {s:02} s"),
        (h, min, s) => format!("{h} h {min:02} min {s:02} s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_that_calendars_get_wrong() {
        for (unix_s, text) in [
            (0, "1970-01-01 00:00:00 UTC"),
            (951_782_400, "2000-02-29 00:00:00 UTC"),
            (951_868_799, "2000-02-29 23:59:59 UTC"),
            (1_797_930_000, "2026-12-22 09:00:00 UTC"),
            (4_107_542_400, "2100-03-01 00:00:00 UTC"),
            (253_402_300_799, "9999-12-31 23:59:59 UTC"),
        ] {
            assert_eq!(Civil::of(unix_s).to_string(), text);
        }
        assert!(Civil::of(u64::MAX).year > 500_000_000_000);
    }

    #[test]
    fn a_day_begins_when_it_says() {
        for (text, unix_s) in [
            ("1970-01-01", Some(0)),
            ("2000-02-29", Some(951_782_400)),
            ("2100-03-01", Some(4_107_542_400)),
            ("9999-12-31", Some(253_402_214_400)),
            ("2100-02-29", None),
            ("2026-13-01", None),
            ("2026-00-10", None),
            ("1969-12-31", None),
            ("2026-1-1", None),
            ("+026-11-21", None),
            ("2026-11-211", None),
            ("today", None),
        ] {
            assert_eq!(Civil::day(text), unix_s, "{text}");
        }
    }

    #[test]
    fn durations_read_as_spoken() {
        assert_eq!(duration(999), "999 ms");
        assert_eq!(duration(59_999), "59 s");
        assert_eq!(duration(61_000), "1 min 01 s");
        assert_eq!(duration(7_509_000), "2 h 05 min 09 s");
    }
}
