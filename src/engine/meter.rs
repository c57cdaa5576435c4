//! How fast it goes and how long it will take.

use std::collections::VecDeque;

use purgeproof_core::event::Progress;

/// The stretch of time that the rate is taken over: long enough to be steady, short enough to see a drive slow down.
const WINDOW_MS: u64 = 8_000;

/// The least time between two readings for the screen: four a second are as many as anyone can read.
const INTERVAL_MS: u64 = 250;

/// Measures one stage. Time is an argument.
pub(crate) struct Meter {
    total: u64,
    /// Bytes that later stages will transfer.
    later: u64,
    done: u64,
    marks: VecDeque<(u64, u64)>,
    shown_ms: Option<u64>,
}

impl Meter {
    /// A stage of `total` bytes, with `later` bytes to follow in other stages.
    pub(crate) fn new(now_ms: u64, total: u64, later: u64) -> Self {
        Self { total, later, done: 0, marks: VecDeque::from([(now_ms, 0)]), shown_ms: None }
    }

    /// `done` bytes of the stage are behind us. Gives a reading when the last one is old enough.
    pub(crate) fn reach(&mut self, now_ms: u64, done: u64, errors: u64) -> Option<Progress> {
        self.done = done;
        if self.shown_ms.is_some_and(|shown| now_ms < shown + INTERVAL_MS) {
            return None;
        }
        self.shown_ms = Some(now_ms);
        self.marks.push_back((now_ms, done));
        while self.marks.len() > 2 && self.marks.get(1).is_some_and(|(at, _)| at + WINDOW_MS <= now_ms) {
            self.marks.pop_front();
        }
        Some(self.reading(errors))
    }

    /// For so long the stage rested, which says nothing about how fast it is.
    pub(crate) fn skip(&mut self, rested_ms: u64) {
        self.marks.iter_mut().for_each(|(at_ms, _)| *at_ms += rested_ms);
    }

    /// The figures as they are.
    fn reading(&self, errors: u64) -> Progress {
        let (first, last) =
            (self.marks.front().copied().unwrap_or_default(), self.marks.back().copied().unwrap_or_default());
        let (elapsed_ms, bytes) = (last.0 - first.0, last.1 - first.1);
        let rate = if elapsed_ms == 0 { 0 } else { u128::from(bytes) * 1000 / u128::from(elapsed_ms) };
        let left = u128::from(self.total.saturating_sub(self.done)) + u128::from(self.later);
        Progress {
            done: self.done,
            total: self.total,
            rate: u64::try_from(rate).unwrap_or(u64::MAX),
            eta_s: left.checked_div(rate).and_then(|s| u64::try_from(s).ok()),
            errors,
            estimate_s: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_seconds_and_the_estimate_counts_later_stages() {
        let mut meter = Meter::new(0, 1_000_000, 1_000_000);
        assert_eq!(meter.reach(0, 0, 0).unwrap().eta_s, None);
        // 10 kB/s for 20 s, then 1 kB/s.
        for s in 1..=20 {
            meter.reach(s * 1000, s * 10_000, 0);
        }
        assert_eq!(meter.reading(0).rate, 10_000);
        // (800 000 + 1 000 000) / 10 000
        assert_eq!(meter.reading(0).eta_s, Some(180));
        for s in 21..=40 {
            meter.reach(s * 1000, 200_000 + (s - 20) * 1_000, 0);
        }
        assert_eq!(meter.reading(0).rate, 1_000);
    }

    #[test]
    fn four_readings_a_second_are_enough() {
        let mut meter = Meter::new(0, 100, 0);
        assert!(meter.reach(0, 1, 0).is_some());
        assert!(meter.reach(249, 2, 0).is_none());
        assert_eq!(meter.reach(250, 3, 7).map(|p| (p.done, p.errors)), Some((3, 7)));
    }

    #[test]
    fn a_rest_is_not_slowness() {
        let mut meter = Meter::new(0, 1_000_000, 0);
        for s in 0..=10 {
            meter.reach(s * 1000, s * 10_000, 0);
        }
        meter.skip(1_800_000);
        assert_eq!(meter.reach(1_811_000, 110_000, 0).map(|progress| progress.rate), Some(10_000));
    }
}
