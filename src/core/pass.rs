//! One walk over a medium, writing or reading: what comes next, what was reached, what was bad. No I/O: it says which extent is
//! wanted and hears how that went.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::units::{Blocks, Extent, Lba};

/// How many bad regions are kept one by one. A map longer than this says no more than "destroy this drive".
pub const REGIONS_KEPT: usize = 256;

/// After this many failed requests nothing is split any more and what fails is counted bad as a whole: a drive that takes half a
/// minute for each bad sector must not hold its technician for days.
pub const FAILURES_SPLIT: u32 = 2048;

/// After this many failed requests in a row at the frontier, with no good one between, the drive is given up.
pub const FAILURES_IN_A_ROW: u32 = 64;

/// A single granule is asked for again this many times before it counts as bad.
const RETRIES: u8 = 2;

/// Blocks that could not be read or written, joined and in order of address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Regions {
    /// The lowest [`REGIONS_KEPT`] of them.
    pub extents: Vec<Extent>,
    /// All of them, those included that are no longer listed.
    pub blocks: Blocks,
}

impl Regions {
    /// Nothing was bad.
    pub fn is_empty(&self) -> bool {
        self.blocks.0 == 0
    }

    /// One more region, none of whose blocks is in one already; neighbours become one, in whatever order they are found.
    pub fn add(&mut self, extent: Extent) {
        self.blocks.0 += extent.count.0;
        let place = self.extents.partition_point(|known| known.start < extent.start);
        let follows =
            place.checked_sub(1).filter(|at| self.extents.get(*at).is_some_and(|at| at.end() == extent.start));
        let precedes = self.extents.get(place).is_some_and(|next| extent.end() == next.start);
        let joined = follows.unwrap_or(place);
        let count = if precedes { extent.count.0 + self.extents.remove(place).count.0 } else { extent.count.0 };
        match self.extents.get_mut(joined).filter(|_| follows.is_some()) {
            Some(before) => before.count.0 += count,
            None => self.extents.insert(joined, Extent { start: extent.start, count: Blocks(count) }),
        }
        self.extents.truncate(REGIONS_KEPT);
    }
}

/// How one request went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transfer {
    /// These blocks from its start were transferred: all of them, or, a case of its own, fewer.
    Done(Blocks),
    /// The drive reported an error; nothing counts.
    Bad,
    /// The drive is gone.
    Gone,
    /// No answer came, and none is waited for any longer: whether anything was transferred is not known.
    Unanswered,
}

/// What a pass has to show for itself when it is over, or so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Blocks transferred, each counted once.
    pub covered: Blocks,
    /// Blocks that the pass set out to transfer.
    pub wanted: Blocks,
    /// Blocks that the drive would not transfer.
    pub bad: Regions,
    /// Requests that transferred fewer blocks than asked.
    pub short_transfers: u64,
    /// The pass ended early because nothing worked any more, or a request was never answered; from here on, not all blocks were tried.
    pub abandoned_at: Option<Lba>,
    /// The drive went away in the middle.
    pub gone: bool,
}

impl Report {
    /// Every block that was wanted was transferred.
    pub fn is_whole(&self) -> bool {
        self.covered == self.wanted && self.bad.is_empty() && self.abandoned_at.is_none() && !self.gone
    }

    /// The drive went away in the middle, and until then nothing was wrong.
    pub fn is_cut_off(&self) -> bool {
        self.gone && self.bad.is_empty() && self.abandoned_at.is_none()
    }
}

/// A walk over extents in requests of bounded length. A request that fails is split until the bad granules are found. Any number of
/// requests may be under way, and they may end in any order.
#[derive(Debug)]
pub struct Pass {
    todo: VecDeque<Extent>,
    again: Vec<(Extent, u8)>,
    request: Blocks,
    /// What is asked for at the moment: no more than the request, less after a short transfer.
    limit: Blocks,
    granule: Blocks,
    failures: u32,
    failures_in_a_row: u32,
    report: Report,
}

impl Pass {
    /// A walk over `extents` in requests of at most `request` blocks; nothing below `granule` blocks (the physical block) is told
    /// apart. Both are taken as at least 1.
    pub fn new(extents: impl IntoIterator<Item = Extent>, request: Blocks, granule: Blocks) -> Self {
        let todo: VecDeque<Extent> = extents.into_iter().filter(|extent| extent.count.0 > 0).collect();
        let wanted = Blocks(todo.iter().map(|extent| extent.count.0).sum());
        Self {
            todo,
            again: Vec::new(),
            request: Blocks(request.0.max(1)),
            limit: Blocks(request.0.max(1)),
            granule: Blocks(granule.0.max(1)),
            failures: 0,
            failures_in_a_row: 0,
            report: Report { wanted, ..Report::default() },
        }
    }

    /// The extent to transfer next; `None` when the pass is over. Until [`Pass::hear`] is told how it went, the extent is the
    /// caller's.
    pub fn next_request(&mut self) -> Option<(Extent, Attempt)> {
        if self.report.gone || self.report.abandoned_at.is_some() {
            return None;
        }
        if let Some((extent, tries)) = self.again.pop() {
            let (first, rest) = split(extent, self.limit);
            self.again.extend(rest.map(|rest| (rest, 0)));
            return Some((first, Attempt { tries, split: true }));
        }
        let extent = self.todo.pop_front()?;
        let (first, rest) = split(extent, self.limit);
        if let Some(rest) = rest {
            self.todo.push_front(rest);
        }
        Some((first, Attempt { tries: 0, split: false }))
    }

    /// Nothing is left to be asked for, as far as is known: what is under way may fail yet and be asked for again.
    pub fn is_over(&self) -> bool {
        self.report.gone || self.report.abandoned_at.is_some() || self.again.is_empty() && self.todo.is_empty()
    }

    /// How the request for `extent` went.
    pub fn hear(&mut self, extent: Extent, attempt: Attempt, transfer: Transfer) {
        match transfer {
            Transfer::Done(count) if count.0 >= extent.count.0 => {
                self.took(extent.count);
                self.limit = Blocks(self.limit.0.saturating_mul(2).min(self.request.0));
            }
            // A short transfer is progress; one of nothing at all is a failure, or the pass would never end.
            Transfer::Done(Blocks(0)) | Transfer::Bad => self.failed(extent, attempt),
            Transfer::Done(count) => {
                self.took(count);
                self.report.short_transfers += 1;
                // Asked for all the rest again and again, a drive that moves little at once would be sent each block many times.
                self.limit = Blocks(count.0.max(self.granule.0).min(self.request.0));
                if let (_, Some(rest)) = split(extent, count) {
                    self.again.push((rest, 0));
                }
            }
            Transfer::Gone => self.report.gone = true,
            Transfer::Unanswered => self.abandon(Some(extent.start)),
        }
        if self.report.abandoned_at.is_some() {
            // What was under way when the pass was given up may want to be asked for again: it is not.
            self.abandon(None);
        }
    }

    fn took(&mut self, count: Blocks) {
        self.report.covered.0 += count.0;
        self.failures_in_a_row = 0;
    }

    fn failed(&mut self, extent: Extent, attempt: Attempt) {
        self.failures += 1;
        self.failures_in_a_row += u32::from(!attempt.split);
        if extent.count > self.granule && self.failures < FAILURES_SPLIT {
            let middle = (extent.count.0 / 2).div_ceil(self.granule.0) * self.granule.0;
            let (first, rest) = split(extent, Blocks(middle));
            // The stack gives back the last one first: the lower half is asked for before the upper one.
            self.again.extend(rest.map(|rest| (rest, 0)));
            self.again.push((first, 0));
        } else if attempt.tries < RETRIES && self.failures < FAILURES_SPLIT {
            self.again.push((extent, attempt.tries + 1));
        } else {
            self.report.bad.add(extent);
        }
        if self.failures_in_a_row >= FAILURES_IN_A_ROW {
            self.abandon(Some(extent.start));
        }
    }

    /// Gives up at this block, or at a lower one that is still to be tried.
    fn abandon(&mut self, at: Option<Lba>) {
        let open = self.again.drain(..).map(|(extent, _)| extent).chain(self.todo.drain(..)).map(|extent| extent.start);
        self.report.abandoned_at = open.chain(self.report.abandoned_at).chain(at).min();
    }

    /// The lowest block that nobody has been given yet, or that is to be asked for again; `None` if there is none.
    pub fn lowest_open(&self) -> Option<Lba> {
        self.todo.iter().chain(self.again.iter().map(|(extent, _)| extent)).map(|extent| extent.start).min()
    }

    /// What there is to show so far.
    pub const fn report(&self) -> &Report {
        &self.report
    }

    /// What there is to show in the end.
    pub fn into_report(self) -> Report {
        self.report
    }
}

/// Where a request stands in the search for bad blocks; handed back with its outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt {
    tries: u8,
    split: bool,
}

impl Attempt {
    /// These blocks, or some of them, were asked for before.
    pub const fn is_again(self) -> bool {
        self.split
    }
}

/// The first `count` blocks and what is left.
fn split(extent: Extent, count: Blocks) -> (Extent, Option<Extent>) {
    if count >= extent.count {
        return (extent, None);
    }
    let first = Extent { start: extent.start, count };
    (first, Some(Extent { start: first.end(), count: Blocks(extent.count.0 - count.0) }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;

    /// Runs a pass over a medium with bad blocks and gives the number of requests that it took.
    fn run(pass: &mut Pass, is_bad: impl Fn(u64) -> bool) -> u32 {
        let mut requests = 0;
        while let Some((extent, attempt)) = pass.next_request() {
            requests += 1;
            assert!(requests < 1_000_000, "the pass does not end");
            let failed = (extent.start.0..extent.end().0).any(&is_bad);
            pass.hear(extent, attempt, if failed { Transfer::Bad } else { Transfer::Done(extent.count) });
        }
        requests
    }

    #[test]
    fn a_good_medium_is_walked_in_whole_requests_and_a_tail() {
        let mut pass = Pass::new([Extent::new(0, 2500)], Blocks(1000), Blocks(8));
        let mut seen = vec![];
        while let Some((extent, attempt)) = pass.next_request() {
            seen.push(extent);
            pass.hear(extent, attempt, Transfer::Done(extent.count));
        }
        assert_eq!(seen, [Extent::new(0, 1000), Extent::new(1000, 1000), Extent::new(2000, 500)]);
        assert!(pass.into_report().is_whole());
    }

    #[test]
    fn a_bad_block_is_found_to_the_granule_and_the_rest_is_covered() {
        let mut pass = Pass::new([Extent::new(0, 8192)], Blocks(2048), Blocks(8));
        run(&mut pass, |lba| lba == 3001);
        let report = pass.into_report();
        // 3001 lies in the granule 3000-3007.
        assert_eq!(report.bad.extents, [Extent::new(3000, 8)]);
        assert_eq!(report.covered, Blocks(8184));
        assert!(!report.is_whole());
    }

    #[test]
    fn neighbours_become_one_region() {
        let mut pass = Pass::new([Extent::new(0, 1024)], Blocks(256), Blocks(1));
        run(&mut pass, |lba| (100..104).contains(&lba));
        assert_eq!(pass.into_report().bad, Regions { extents: vec![Extent::new(100, 4)], blocks: Blocks(4) });
    }

    #[test]
    fn a_short_transfer_counts_for_what_it_is_and_the_rest_is_asked_for_again() {
        let mut pass = Pass::new([Extent::new(0, 100)], Blocks(100), Blocks(1));
        let (extent, attempt) = pass.next_request().unwrap();
        pass.hear(extent, attempt, Transfer::Done(Blocks(30)));
        let (extent, attempt) = pass.next_request().unwrap();
        // What it moved is what it is asked for next, and twice that after a success.
        assert_eq!(extent, Extent::new(30, 30));
        pass.hear(extent, attempt, Transfer::Done(Blocks(30)));
        let (extent, attempt) = pass.next_request().unwrap();
        assert_eq!(extent, Extent::new(60, 40));
        pass.hear(extent, attempt, Transfer::Done(Blocks(40)));
        assert_eq!(pass.next_request(), None);
        let report = pass.into_report();
        assert!(report.is_whole() && report.short_transfers == 1);
    }

    #[test]
    fn a_drive_that_always_shortens_is_not_asked_for_the_same_blocks_many_times() {
        let mut pass = Pass::new([Extent::new(0, 10_000)], Blocks(5_000), Blocks(8));
        let mut asked = 0;
        while let Some((extent, attempt)) = pass.next_request() {
            asked += extent.count.0;
            pass.hear(extent, attempt, Transfer::Done(Blocks(extent.count.0.min(100))));
        }
        assert!(pass.into_report().is_whole());
        // Doubling after each success asks for at most twice as much, the first two requests aside.
        assert!(asked < 2 * 10_000 + 2 * 5_000, "{asked}");
    }

    #[test]
    fn a_transfer_of_nothing_is_a_failure_not_a_loop() {
        let mut pass = Pass::new([Extent::new(0, 4)], Blocks(4), Blocks(4));
        while let Some((extent, attempt)) = pass.next_request() {
            pass.hear(extent, attempt, Transfer::Done(Blocks(0)));
        }
        assert_eq!(pass.into_report().bad.blocks, Blocks(4));
    }

    #[test]
    fn a_dead_drive_is_given_up() {
        let mut pass = Pass::new([Extent::new(0, 1 << 40)], Blocks(2048), Blocks(8));
        let requests = run(&mut pass, |_| true);
        let report = pass.into_report();
        assert!(requests < 10_000, "{requests}");
        assert!(report.abandoned_at.is_some() && report.covered == Blocks(0) && !report.is_whole());
    }

    #[test]
    fn a_drive_that_left_is_asked_nothing_more() {
        let mut pass = Pass::new([Extent::new(0, 100)], Blocks(10), Blocks(1));
        let (extent, attempt) = pass.next_request().unwrap();
        pass.hear(extent, attempt, Transfer::Gone);
        assert_eq!(pass.next_request(), None);
        assert!(pass.into_report().gone);
    }

    #[test]
    fn what_never_answers_ends_the_pass_at_the_lowest_open_block() {
        let mut pass = Pass::new([Extent::new(0, 100)], Blocks(10), Blocks(1));
        let asked: Vec<_> = (0..4).filter_map(|_| pass.next_request()).collect();
        let hear = |pass: &mut Pass, index: usize, transfer| {
            let (extent, attempt) = asked[index];
            pass.hear(extent, attempt, transfer);
            pass.report().abandoned_at
        };
        assert_eq!(hear(&mut pass, 0, Transfer::Done(Blocks(10))), None);
        assert_eq!(hear(&mut pass, 3, Transfer::Unanswered), Some(Lba(30)));
        assert_eq!(pass.next_request(), None);
        // What was under way still counts for what it is.
        assert_eq!(hear(&mut pass, 1, Transfer::Done(Blocks(10))), Some(Lba(30)));
        assert_eq!(hear(&mut pass, 2, Transfer::Done(Blocks(4))), Some(Lba(24)));
        let report = pass.into_report();
        assert!(report.covered == Blocks(24) && report.bad.is_empty() && !report.is_whole());
    }

    #[test]
    fn regions_join_in_any_order() {
        let mut regions = Regions::default();
        for (start, count) in [(40, 10), (0, 10), (20, 10), (10, 10), (60, 1), (30, 10)] {
            regions.add(Extent::new(start, count));
        }
        assert_eq!(regions, Regions { extents: vec![Extent::new(0, 50), Extent::new(60, 1)], blocks: Blocks(51) });
        for number in (0..1000).rev() {
            regions.add(Extent::new(100 + 2 * number, 1));
        }
        assert_eq!((regions.extents.len(), regions.blocks), (REGIONS_KEPT, Blocks(1051)));
        // The 254th after the first two is the lowest 254 of those from 100 on: 100 + 2 x 253.
        assert_eq!(regions.extents.last(), Some(&Extent::new(606, 1)));
    }

    /// Runs a pass with up to `depth` requests under way, which end in the order of `picks`, each with what `answer` gives it.
    fn run_deep(
        pass: &mut Pass,
        depth: usize,
        mut picks: impl Iterator<Item = usize>,
        mut answer: impl FnMut(Extent) -> Transfer,
    ) -> Vec<Extent> {
        let (mut under_way, mut done) = (vec![], vec![]);
        for _ in 0..1_000_000 {
            while under_way.len() < depth
                && let Some(request) = pass.next_request()
            {
                under_way.push(request);
            }
            if under_way.is_empty() {
                return done;
            }
            let (extent, attempt) = under_way.swap_remove(picks.next().unwrap() % under_way.len());
            let transfer = answer(extent);
            if let Transfer::Done(count) = transfer {
                done.push(Extent { start: extent.start, count });
            }
            pass.hear(extent, attempt, transfer);
        }
        panic!("the pass does not end");
    }

    proptest! {
        #[test]
        fn covered_and_bad_blocks_add_up_to_all(
            count in 1_u64..5000, request in 1_u64..700, granule in 1_u64..16,
            bad in proptest::collection::btree_set(0_u64..5000, 0..12),
        ) {
            let mut pass = Pass::new([Extent::new(0, count)], Blocks(request), Blocks(granule));
            run(&mut pass, |lba| bad.contains(&lba));
            let report = pass.into_report();
            prop_assert_eq!(report.covered.0 + report.bad.blocks.0, count);
            for lba in bad.range(..count) {
                prop_assert!(report.bad.extents.iter().any(|e| (e.start.0..e.end().0).contains(lba)));
            }
            prop_assert_eq!(report.is_whole(), bad.range(..count).next().is_none());
        }

        #[test]
        fn in_any_order_each_block_is_covered_once_or_bad_or_behind_where_it_was_given_up(
            places in proptest::collection::vec((0_u64..40, 1_u64..300), 1..5), request in 1_u64..120, granule in 1_u64..16,
            depth in 1_usize..12, picks in proptest::collection::vec(0_usize..12, 1..40),
            answers in proptest::collection::vec(0_u8..20, 1..60), bad in proptest::collection::btree_set(0_u64..1400, 0..9),
        ) {
            let mut from = 0;
            let extents: Vec<Extent> = places.iter().map(|(gap, count)| {
                let extent = Extent::new(from + gap, *count);
                from = extent.end().0;
                extent
            }).collect();
            let mut pass = Pass::new(extents.clone(), Blocks(request), Blocks(granule));
            let mut answers = answers.into_iter().cycle();
            let done = run_deep(&mut pass, depth, picks.into_iter().cycle(), |extent| match answers.next() {
                _ if bad.range(extent.start.0..extent.end().0).next().is_some() => Transfer::Bad,
                Some(0) => Transfer::Bad,
                Some(1) => Transfer::Unanswered,
                Some(2..=4) => Transfer::Done(Blocks(extent.count.0.div_ceil(3))),
                _ => Transfer::Done(extent.count),
            });
            let report = pass.into_report();
            let within = |extents: &[Extent], lba| extents.iter().filter(|e| (e.start.0..e.end().0).contains(&lba)).count();
            for lba in extents.iter().flat_map(|extent| extent.start.0..extent.end().0) {
                let (covered, is_bad) = (within(&done, lba), within(&report.bad.extents, lba));
                prop_assert!(covered + is_bad <= 1, "{lba} counts twice");
                let is_open = report.abandoned_at.is_some_and(|at| at.0 <= lba);
                prop_assert!(covered + is_bad == 1 || is_open, "{lba} is lost");
                prop_assert!(!(bad.contains(&lba) && covered == 1));
            }
            prop_assert_eq!(report.covered.0, done.iter().map(|extent| extent.count.0).sum::<u64>());
            prop_assert_eq!(report.bad.blocks.0, report.bad.extents.iter().map(|extent| extent.count.0).sum::<u64>());
            let joined = report.bad.extents.windows(2).all(|pair| pair[0].end() < pair[1].start);
            prop_assert!(joined, "{:?}", report.bad);
            let all = report.covered == report.wanted;
            prop_assert_eq!(report.is_whole(), all && report.abandoned_at.is_none());
        }
    }
}
