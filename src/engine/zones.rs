//! How fast a drive is where, and how long it will take by that.

use std::ops::Range;

/// How many parts the medium is taken in: a disk has a few dozen zones of tracks with as many sectors each.
const ZONES: usize = 64;

/// What the innermost tracks of a disk bring of the speed of the outermost ones, in thousandths: by the ratio of their radii, half and a
/// little less.
const INNERMOST: u64 = 450;

/// What was measured, by place. It outlives a stage: what a pass has learnt serves the next one.
#[derive(Clone, Debug)]
pub(crate) struct Zones {
    /// Bytes a second.
    rates: [Option<u64>; ZONES],
    /// When the stage came into the zone that it is in.
    since_ms: u64,
}

impl Default for Zones {
    fn default() -> Self {
        Self { rates: [None; ZONES], since_ms: 0 }
    }
}

impl Zones {
    /// A stage begins.
    pub(crate) fn begin(&mut self, now_ms: u64) {
        self.since_ms = now_ms;
    }

    /// For so long nothing was done.
    pub(crate) fn skip(&mut self, ms: u64) {
        self.since_ms += ms;
    }

    /// A stage of `total` bytes went from `before` to `done`.
    pub(crate) fn reach(&mut self, now_ms: u64, before: u64, done: u64, total: u64) {
        let (left, entered) = (zone(before, total), zone(done, total));
        if entered <= left {
            return;
        }
        // All of a small medium may be done in one step: its zones are alike then.
        let bytes = done.saturating_sub(start(left, total));
        let elapsed_ms = now_ms.saturating_sub(self.since_ms);
        let rate = bytes.saturating_mul(1000).checked_div(elapsed_ms).filter(|rate| *rate > 0);
        self.rates.iter_mut().take(entered).skip(left).for_each(|known| *known = rate);
        self.since_ms = now_ms;
    }

    /// Milliseconds that these bytes take of a stage of `total` bytes that is at `done` and makes `rate` bytes a second there: if it
    /// goes as well as it may, and as badly.
    pub(crate) fn span_ms(&self, bytes: Range<u64>, done: u64, total: u64, rate: u64) -> (u128, u128) {
        let here = zone(done, total).min(ZONES - 1);
        let part_ms = |zone: usize| {
            let (from, to) = (start(zone, total).max(bytes.start), start(zone + 1, total).min(bytes.end));
            let (most, least) = self.bounds(zone, here, rate);
            let ms = |rate: u64| u128::from(to.saturating_sub(from)) * 1000 / u128::from(rate.max(1));
            (ms(most), ms(least))
        };
        (0..ZONES).map(part_ms).fold((0, 0), |all, part| (all.0 + part.0, all.1 + part.1))
    }

    /// The greatest and the least rate to be expected in a zone, with `rate` now, `here`.
    fn bounds(&self, zone: usize, here: usize, rate: u64) -> (u64, u64) {
        let measured = |zone: usize| self.rates.get(zone).copied().flatten();
        let other = match (measured(zone), measured(here)) {
            // As it was then, or by as much faster or slower as it is here by now.
            (Some(known), Some(here)) => return ordered(known, scaled(known, rate, here)),
            (Some(known), None) => known,
            // As it is here, or by as much slower as a disk may become until there.
            (None, _) => return ordered(rate, scaled(rate, profile(zone), profile(here))),
        };
        ordered(other, other)
    }
}

/// The zone that a byte of so many lies in; [`ZONES`] for the end.
fn zone(byte: u64, total: u64) -> usize {
    let zone = (u128::from(byte) * ZONES as u128).checked_div(u128::from(total)).unwrap_or(0);
    usize::try_from(zone).unwrap_or(ZONES).min(ZONES)
}

/// The first byte of a zone.
fn start(zone: usize, total: u64) -> u64 {
    let start = (u128::from(total) * zone as u128).div_ceil(ZONES as u128);
    u64::try_from(start).unwrap_or(total)
}

/// The least that a disk brings at the end of a zone, in thousandths of what it brings at its outer edge.
fn profile(zone: usize) -> u64 {
    1000 - (1000 - INNERMOST) * (zone as u64 + 1) / ZONES as u64
}

fn scaled(rate: u64, by: u64, of: u64) -> u64 {
    u64::try_from(u128::from(rate) * u128::from(by) / u128::from(of.max(1))).unwrap_or(u64::MAX)
}

fn ordered(one: u64, other: u64) -> (u64, u64) {
    (one.max(other), one.min(other))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 64 zones of 1000 bytes.
    const TOTAL: u64 = 64_000;

    #[test]
    fn what_was_not_seen_is_as_fast_as_it_is_here_or_slower_by_the_profile() {
        let zones = Zones::default();
        // The last zone has 450 thousandths, the first 1000 - 550 / 64, which is 992 rounded up: 1000 B/s x 450 / 992 is 453 B/s.
        assert_eq!((profile(0), profile(31), profile(63)), (992, 725, 450));
        assert_eq!(zones.span_ms(63_000..TOTAL, 0, TOTAL, 1000), (1_000, 1_000_000 / 453));
        // From the middle on: 1000 B/s x 450 / 717.
        assert_eq!(profile(32), 717);
        assert_eq!(zones.span_ms(63_000..TOTAL, 32_000, TOTAL, 1000), (1_000, 1_000_000 / 627));
        // A whole disk: between once and ln(1 / 0.45) / 0.55 = 1.452 times what its outer edge would take.
        let (soonest, latest) = zones.span_ms(0..TOTAL, 0, TOTAL, 1000);
        assert_eq!(soonest, 64_000);
        assert!((92_000..93_500).contains(&latest), "{latest}");
    }

    #[test]
    fn what_was_measured_serves_the_next_pass() {
        let mut zones = Zones::default();
        zones.begin(5_000);
        // 1000 B/s in the outer half, 500 B/s in the inner one.
        let mut now_ms = 5_000;
        for done in (500..=TOTAL).step_by(500) {
            now_ms += if done <= 32_000 { 500 } else { 1_000 };
            zones.reach(now_ms, done - 500, done, TOTAL);
        }
        assert_eq!(zones.rates[0..32], [Some(1000); 32]);
        assert_eq!(zones.rates[32..], [Some(500); 32]);
        // 32 000 / 1000 + 32 000 / 500 seconds.
        assert_eq!(zones.span_ms(0..TOTAL, 0, TOTAL, 1000), (96_000, 96_000));
        // A tenth slower by now: everywhere, or only here.
        assert_eq!(zones.span_ms(32_000..TOTAL, 0, TOTAL, 900), (64_000, 32_000_000 / 450 / 32 * 32));
    }

    #[test]
    fn a_rest_makes_no_zone_slow_and_a_small_medium_is_one_zone() {
        let mut zones = Zones::default();
        zones.begin(0);
        zones.reach(400, 0, 400, TOTAL);
        zones.skip(600_000);
        zones.reach(601_000, 400, 1_000, TOTAL);
        assert_eq!(zones.rates[0], Some(1000));
        let mut small = Zones::default();
        small.reach(2, 0, 10, 10);
        assert_eq!(small.rates, [Some(5_000); 64]);
        // In no time at all nothing is measured.
        small.begin(2);
        small.reach(2, 0, 10, 10);
        assert_eq!(small.rates, [None; 64]);
    }
}
