//! How fast it goes and how long it will take.

use std::collections::VecDeque;

use purgeproof_core::eta::Eta;
use purgeproof_core::event::Progress;

use crate::zones::Zones;

/// The stretch of time that the rate is taken over: long enough to be steady, short enough to see a drive slow down.
const WINDOW_MS: u64 = 8_000;

/// How many such stretches are looked back upon: two minutes show whether a drive is steady.
const WINDOWS: usize = 15;

/// The least time between two readings for the screen: four a second are as many as anyone can read.
const INTERVAL_MS: u64 = 250;

/// What comes after a stage, and what was learnt in those before it.
#[derive(Default)]
pub(crate) struct Ahead<'a> {
    /// Bytes of the stage that an earlier run transferred.
    pub(crate) before: u64,
    /// Bytes that later stages will transfer.
    pub(crate) later: u64,
    /// How fast the drive is where; `None` where the place makes no difference, as in flash.
    pub(crate) zones: Option<&'a mut Zones>,
}

/// Measures one stage. Time is an argument.
pub(crate) struct Meter<'a> {
    total: u64,
    ahead: Ahead<'a>,
    done: u64,
    marks: VecDeque<(u64, u64)>,
    /// The rates of the last stretches of time, and when the last one ended, with what was done then.
    windows: VecDeque<u64>,
    window: (u64, u64),
    shown_ms: Option<u64>,
}

impl<'a> Meter<'a> {
    /// A stage of `total` bytes, besides those before.
    pub(crate) fn new(now_ms: u64, total: u64, mut ahead: Ahead<'a>) -> Self {
        if let Some(zones) = &mut ahead.zones {
            zones.begin(now_ms);
        }
        let before = ahead.before;
        let marks = VecDeque::from([(now_ms, before)]);
        let (total, windows) = (total.saturating_add(before), VecDeque::new());
        Self { total, ahead, done: before, marks, windows, window: (now_ms, before), shown_ms: None }
    }

    /// `done` bytes of the stage are behind us, besides those before. Gives a reading when the last one is old enough.
    pub(crate) fn reach(&mut self, now_ms: u64, done: u64, errors: u64) -> Option<Progress> {
        let done = done.saturating_add(self.ahead.before);
        if let Some(zones) = &mut self.ahead.zones {
            zones.reach(now_ms, self.done, done, self.total);
        }
        self.done = done;
        let (since_ms, from) = self.window;
        if now_ms >= since_ms + WINDOW_MS {
            self.windows.push_back(rate(now_ms - since_ms, done.saturating_sub(from)));
            if self.windows.len() > WINDOWS {
                self.windows.pop_front();
            }
            self.window = (now_ms, done);
        }
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
        self.window.0 += rested_ms;
        if let Some(zones) = &mut self.ahead.zones {
            zones.skip(rested_ms);
        }
    }

    /// The figures as they are.
    fn reading(&self, errors: u64) -> Progress {
        let (first, last) =
            (self.marks.front().copied().unwrap_or_default(), self.marks.back().copied().unwrap_or_default());
        let rate = rate(last.0 - first.0, last.1 - first.1);
        let eta = if rate == 0 { None } else { self.eta(rate) };
        Progress { done: self.done, total: self.total, rate, eta, errors, estimate_s: None }
    }

    fn eta(&self, rate: u64) -> Option<Eta> {
        let (soonest_ms, latest_ms) = match &self.ahead.zones {
            Some(zones) => self.by_place(zones, rate),
            None => self.by_time(rate),
        };
        let seconds = |ms: u128| u64::try_from(ms / 1000).ok();
        Some(Eta { soonest_s: seconds(soonest_ms)?, latest_s: seconds(latest_ms)? })
    }

    /// What is left of this stage zone by zone, and the later ones as so many times all zones.
    fn by_place(&self, zones: &Zones, rate: u64) -> (u128, u128) {
        let left = zones.span_ms(self.done..self.total, self.done, self.total, rate);
        let all = zones.span_ms(0..self.total, self.done, self.total, rate);
        let later = |all: u128| (all * u128::from(self.ahead.later)).checked_div(u128::from(self.total)).unwrap_or(0);
        (left.0 + later(all.0), left.1 + later(all.1))
    }

    /// All that is left, as fast as it went in the best of the last stretches, and in the worst in which anything went at all.
    fn by_time(&self, rate: u64) -> (u128, u128) {
        let rates = || self.windows.iter().copied().chain([rate]).filter(|rate| *rate > 0);
        let left = u128::from(self.total.saturating_sub(self.done)) + u128::from(self.ahead.later);
        let ms = |rate: Option<u64>| (left * 1000).checked_div(u128::from(rate.unwrap_or(0))).unwrap_or(0);
        (ms(rates().max()), ms(rates().min()))
    }
}

/// Bytes a second.
fn rate(ms: u64, bytes: u64) -> u64 {
    let rate = (u128::from(bytes) * 1000).checked_div(u128::from(ms)).unwrap_or(0);
    u64::try_from(rate).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes after it, for a medium on which the place makes no difference.
    fn flash(later: u64) -> Ahead<'static> {
        Ahead { later, ..Ahead::default() }
    }

    const fn eta(soonest_s: u64, latest_s: u64) -> Eta {
        Eta { soonest_s, latest_s }
    }

    #[test]
    fn the_rate_is_that_of_the_last_seconds_and_the_estimate_counts_later_stages() {
        let mut meter = Meter::new(0, 1_000_000, flash(1_000_000));
        assert_eq!(meter.reach(0, 0, 0).unwrap().eta, None);
        // 10 kB/s for 20 s, then 1 kB/s.
        for s in 1..=20 {
            meter.reach(s * 1000, s * 10_000, 0);
        }
        assert_eq!(meter.reading(0).rate, 10_000);
        // (800 000 + 1 000 000) / 10 000
        assert_eq!(meter.reading(0).eta, Some(eta(180, 180)));
        for s in 21..=40 {
            meter.reach(s * 1000, 200_000 + (s - 20) * 1_000, 0);
        }
        assert_eq!(meter.reading(0).rate, 1_000);
        // 780 000 + 1 000 000 are left: 178 s at the 10 kB/s of two minutes ago, 1780 s as it goes now.
        assert_eq!(meter.reading(0).eta, Some(eta(178, 1780)));
        // Two minutes later nobody remembers the better days: 1 kB/s it is.
        for s in 41..=170 {
            meter.reach(s * 1000, 200_000 + (s - 20) * 1_000, 0);
        }
        assert_eq!(meter.reading(0).eta, Some(eta(1650, 1650)));
    }

    #[test]
    fn a_stretch_in_which_nothing_came_is_not_for_ever() {
        let mut meter = Meter::new(0, 100_000, flash(0));
        for (s, done) in [(8, 8_000), (16, 8_000), (24, 16_000), (32, 24_000)] {
            meter.reach(s * 1000, done, 0);
        }
        // 1 kB/s, nothing, 1 kB/s, 1 kB/s.
        assert_eq!(meter.reading(0).eta, Some(eta(76, 76)));
    }

    #[test]
    fn a_disk_is_as_fast_in_the_next_pass_as_in_this_one() {
        let mut zones = Zones::default();
        // 64 zones of 1 kB at 1 kB/s; another pass and the read-back are to come.
        let mut meter = Meter::new(0, 64_000, Ahead { later: 128_000, zones: Some(&mut zones), ..Ahead::default() });
        let first = meter.reach(1_000, 1_000, 0).and_then(|progress| progress.eta).unwrap();
        assert_eq!(first.soonest_s, 63 + 128);
        // At worst 1.45 of that, ln(1 / 0.45) / 0.55.
        assert!((270..280).contains(&first.latest_s), "{first:?}");
        for s in 2..=64 {
            meter.reach(s * 1000, s * 1000, 0);
        }
        assert_eq!(meter.reading(0).eta, Some(eta(128, 128)));
        drop(meter);
        let mut next = Meter::new(64_000, 64_000, Ahead { later: 64_000, zones: Some(&mut zones), ..Ahead::default() });
        assert_eq!(next.reach(66_000, 2_000, 0).unwrap().eta, Some(eta(62 + 64, 62 + 64)));
    }

    #[test]
    fn four_readings_a_second_are_enough() {
        let mut meter = Meter::new(0, 100, flash(0));
        assert!(meter.reach(0, 1, 0).is_some());
        assert!(meter.reach(249, 2, 0).is_none());
        assert_eq!(meter.reach(250, 3, 7).map(|p| (p.done, p.errors)), Some((3, 7)));
    }

    #[test]
    fn a_rest_is_not_slowness() {
        let mut meter = Meter::new(0, 1_000_000, flash(0));
        for s in 0..=10 {
            meter.reach(s * 1000, s * 10_000, 0);
        }
        meter.skip(1_800_000);
        let after = meter.reach(1_811_000, 110_000, 0).unwrap();
        assert_eq!((after.rate, after.eta), (10_000, Some(eta(89, 89))));
    }
}
