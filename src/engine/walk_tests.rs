//! Walks over a queue that answers as a script says, on media small enough to look at every byte.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;

use proptest::prelude::*;
use purgeproof_core::event::Progress;
use purgeproof_core::evidence::Secret;
use purgeproof_core::stream::Stream;
use purgeproof_core::units::{BlockSize, Geometry, Lba};

use super::*;
use crate::keystream::Keystream;

/// Time passes when nothing answers.
#[derive(Default)]
struct Clock {
    now_ms: Cell<u64>,
    /// When the operator wants it to end.
    stop_at_ms: Option<u64>,
    stop: AtomicBool,
    under_way: Cell<usize>,
    /// How often it is looked at the drive before that is too hot; 0 is never.
    hot_after: Cell<usize>,
    /// It does not cool down.
    stays_hot: bool,
    rests: Cell<usize>,
    checkpoint_interval_ms: Option<u64>,
    checkpoints: RefCell<Vec<Lba>>,
}

/// How long a rest takes: longer than a request may.
const REST_MS: u64 = 20 * 60 * 1000;

impl Watch for &Clock {
    fn now_ms(&self) -> u64 {
        self.now_ms.get()
    }

    fn progress(&mut self, _: Progress) {}

    fn wants_rest(&mut self) -> bool {
        if self.hot_after.get() > 1 {
            self.hot_after.set(self.hot_after.get() - 1);
        }
        self.hot_after.get() == 1
    }

    fn rest(&mut self) -> bool {
        assert_eq!(self.under_way.get(), 0, "the drive is at work");
        self.now_ms.set(self.now_ms.get() + REST_MS);
        self.rests.set(self.rests.get() + 1);
        self.hot_after.set(0);
        !self.stays_hot
    }

    fn checkpoint_interval_ms(&self) -> u64 {
        self.checkpoint_interval_ms.unwrap_or(u64::MAX)
    }

    fn checkpoint(&mut self, below: Lba) {
        self.checkpoints.borrow_mut().push(below);
    }
}

/// A medium in memory behind a queue.
struct Scripted<'a> {
    clock: &'a Clock,
    geometry: Geometry,
    bytes: Vec<u8>,
    buffers: Vec<Vec<u8>>,
    under_way: Vec<(usize, Direction, Lba, usize)>,
    /// Which of those under way ends next.
    picks: Vec<usize>,
    /// Every so many transfers moves a part only.
    short_every: usize,
    bad: BTreeSet<u64>,
    /// Transfers that touch them never end.
    silent: BTreeSet<u64>,
    transfers: usize,
    most_under_way: usize,
    gone_after: usize,
    /// What was on the medium at each flush.
    flushed: Vec<Vec<u8>>,
    flush_fails: bool,
}

impl<'a> Scripted<'a> {
    fn new(clock: &'a Clock, block: u32, blocks: u64, slots: usize, request: u64) -> Self {
        let geometry = Geometry::new(BlockSize::new(block).unwrap(), Blocks(blocks)).unwrap();
        let length = usize::try_from(u64::from(block) * request).unwrap();
        Self {
            clock,
            geometry,
            bytes: vec![0xEE; usize::try_from(geometry.bytes().0).unwrap()],
            buffers: vec![vec![0; length]; slots],
            under_way: vec![],
            picks: vec![0],
            short_every: usize::MAX,
            bad: BTreeSet::new(),
            silent: BTreeSet::new(),
            transfers: 0,
            most_under_way: 0,
            gone_after: usize::MAX,
            flushed: vec![],
            flush_fails: false,
        }
    }

    fn touches(&self, set: &BTreeSet<u64>, at: Lba, length: usize) -> bool {
        let count = (length / self.geometry.block().get() as usize) as u64;
        set.range(at.0..at.0 + count).next().is_some()
    }

    fn transfer(&mut self, slot: usize, direction: Direction, at: Lba, length: usize) -> Result<usize, MediaError> {
        self.transfers += 1;
        if self.transfers > self.gone_after {
            return Err(MediaError::Gone { errno: 19 });
        }
        if self.touches(&self.bad, at, length) {
            return Err(MediaError::Bad { errno: 5 });
        }
        // A part of a block may come too; it is no block. One block at least comes, or this were a failure.
        let is_short = self.transfers.is_multiple_of(self.short_every);
        let moved = if is_short { (length / 2).max(self.geometry.block().get() as usize) } else { length };
        let from = usize::try_from(self.geometry.offset(at)).unwrap();
        let (medium, buffer) = (&mut self.bytes[from..from + moved], &mut self.buffers[slot][..moved]);
        match direction {
            Direction::Read => buffer.copy_from_slice(medium),
            Direction::Write => medium.copy_from_slice(buffer),
        }
        Ok(moved)
    }
}

impl Queue for Scripted<'_> {
    fn slots(&self) -> usize {
        self.buffers.len()
    }

    fn buffer(&mut self, slot: usize) -> &mut [u8] {
        assert!(self.under_way.iter().all(|request| request.0 != slot), "the kernel is at work in this buffer");
        &mut self.buffers[slot]
    }

    fn begin(&mut self, slot: usize, direction: Direction, at: Lba, length: usize) -> Result<(), MediaError> {
        assert!(self.under_way.iter().all(|request| request.0 != slot));
        assert!(at.0 + (length as u64) / u64::from(self.geometry.block().get()) <= self.geometry.count().0);
        self.under_way.push((slot, direction, at, length));
        self.clock.under_way.set(self.under_way.len());
        self.most_under_way = self.most_under_way.max(self.under_way.len());
        Ok(())
    }

    fn finish(&mut self, _: Duration) -> Option<(usize, Result<usize, MediaError>)> {
        let answers: Vec<usize> = (0..self.under_way.len())
            .filter(|at| !self.touches(&self.silent, self.under_way[*at].2, self.under_way[*at].3))
            .collect();
        if answers.is_empty() {
            self.clock.now_ms.set(self.clock.now_ms.get() + 500);
            let is_time = self.clock.stop_at_ms.is_some_and(|stop_at_ms| self.clock.now_ms.get() >= stop_at_ms);
            self.clock.stop.store(is_time, Ordering::Relaxed);
            return None;
        }
        let pick = self.picks[self.transfers % self.picks.len()] % answers.len();
        let (slot, direction, at, length) = self.under_way.remove(answers[pick]);
        self.clock.under_way.set(self.under_way.len());
        Some((slot, self.transfer(slot, direction, at, length)))
    }

    fn flush(&mut self) -> Result<(), MediaError> {
        self.flushed.push(self.bytes.clone());
        if self.flush_fails { Err(MediaError::Bad { errno: 5 }) } else { Ok(()) }
    }
}

fn walk(
    queue: &mut Scripted,
    pattern: Pattern,
    direction: Direction,
    erased: &mut Option<Erased>,
) -> Result<(Report, Mismatches), Halt> {
    let (geometry, mut clock) = (queue.geometry, queue.clock);
    let request = Blocks((queue.buffers[0].len() / geometry.block().get() as usize) as u64);
    let content = Content { pattern, keystream: Keystream::new(Stream::Aes256Ctr, &Secret([3; 32])), geometry };
    let pass = Pass::new([geometry.whole()], request, Blocks(1));
    Walk::new(queue, content, erased, direction, pass).run(&clock.stop, Ahead::default(), &mut clock)
}

/// What the medium must hold.
fn expected(geometry: Geometry, pattern: Pattern) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(geometry.bytes().0).unwrap()];
    Content { pattern, keystream: Keystream::new(Stream::Aes256Ctr, &Secret([3; 32])), geometry }
        .fill(Lba(0), &mut bytes);
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn in_any_order_every_block_is_written_read_and_compared(
        block in prop::sample::select(vec![512_u32, 520, 4096]), blocks in 1_u64..200, request in 1_u64..40, slots in 1_usize..9,
        picks in prop::collection::vec(0_usize..9, 1..20), short_every in 2_usize..30,
        bad in prop::collection::btree_set(0_u64..200, 0..4), kept in prop::collection::btree_set(0_u64..200, 0..20),
        pattern in prop::sample::select(vec![Pattern::Random, Pattern::Byte(0), Pattern::Byte(0xA5)]),
    ) {
        let clock = Clock::default();
        let mut queue = Scripted::new(&clock, block, blocks, slots, request);
        queue.picks = picks;
        queue.short_every = short_every;
        queue.bad.extend(bad.range(..blocks));
        let bad_blocks = queue.bad.len() as u64;
        let (written, _) = walk(&mut queue, pattern, Direction::Write, &mut None).unwrap();
        prop_assert_eq!((written.covered.0, written.bad.blocks.0), (blocks - bad_blocks, bad_blocks));
        prop_assert_eq!(written.is_whole(), bad_blocks == 0);
        let (wanted, length) = (expected(queue.geometry, pattern), block as usize);
        for (lba, (now, wanted)) in (0..).zip(queue.bytes.chunks(length).zip(wanted.chunks(length))) {
            let is_bad = queue.bad.contains(&lba);
            prop_assert!(if is_bad { now.iter().all(|byte| *byte == 0xEE) } else { now == wanted }, "{}", lba);
        }

        let kept: Vec<u64> = kept.into_iter().filter(|lba| *lba < blocks && !queue.bad.contains(lba)).collect();
        for lba in &kept {
            queue.bytes[usize::try_from(*lba).unwrap() * length + length - 1] ^= 1;
        }
        let (read, found) = walk(&mut queue, pattern, Direction::Read, &mut None).unwrap();
        prop_assert_eq!((read.covered.0, read.bad.blocks.0), (blocks - bad_blocks, bad_blocks));
        let first: Vec<Lba> = kept.iter().take(Mismatches::KEPT).map(|lba| Lba(*lba)).collect();
        prop_assert_eq!(found, Mismatches { blocks: Blocks(kept.len() as u64), first });
    }
}

#[test]
fn the_queue_is_kept_full() {
    let clock = Clock::default();
    let mut queue = Scripted::new(&clock, 512, 1000, 8, 10);
    walk(&mut queue, Pattern::Random, Direction::Write, &mut None).unwrap();
    assert_eq!(queue.most_under_way, 8);
}

#[test]
fn a_request_that_is_never_answered_ends_the_pass_and_is_no_success() {
    for direction in [Direction::Write, Direction::Read] {
        let clock = Clock::default();
        let mut queue = Scripted::new(&clock, 512, 100, 4, 10);
        queue.bytes = expected(queue.geometry, Pattern::Random);
        queue.silent.insert(25);
        let (report, mismatches) = walk(&mut queue, Pattern::Random, direction, &mut None).unwrap();
        // Blocks 20 to 29 are one request. The others are not held up by it.
        assert_eq!((report.abandoned_at, report.covered, mismatches.blocks.0), (Some(Lba(20)), Blocks(90), 0));
        assert!(!report.is_whole());
        assert!((300_000..310_000).contains(&clock.now_ms.get()), "{}", clock.now_ms.get());
    }
}

#[test]
fn a_stop_does_not_wait_for_a_request_that_hangs() {
    let clock = Clock { stop_at_ms: Some(2_000), ..Clock::default() };
    let mut queue = Scripted::new(&clock, 512, 100, 4, 10);
    queue.silent.insert(0);
    assert!(walk(&mut queue, Pattern::Random, Direction::Write, &mut None).is_err());
    assert_eq!(clock.now_ms.get(), 2_000);
}

#[test]
fn a_drive_that_left_is_not_waited_for() {
    let clock = Clock::default();
    let mut queue = Scripted::new(&clock, 512, 100, 4, 10);
    queue.silent.insert(0);
    queue.gone_after = 3;
    let (report, _) = walk(&mut queue, Pattern::Byte(0), Direction::Write, &mut None).unwrap();
    assert!(report.gone && report.covered == Blocks(30) && clock.now_ms.get() == 0);
}

#[test]
fn what_an_erased_drive_holds_is_learnt_from_its_first_blocks_in_whatever_order_answers_come() {
    for picks in [vec![0], vec![7], vec![3, 1, 6]] {
        let clock = Clock::default();
        let mut queue = Scripted::new(&clock, 512, 100, 8, 10);
        queue.picks = picks;
        queue.bytes.fill(0);
        // Blocks 95 and 96 are not as the others.
        queue.bytes[95 * 512..97 * 512].copy_from_slice(&expected(queue.geometry, Pattern::Random)[..1024]);
        let mut erased = Some(Erased::new(queue.geometry));
        let (report, mismatches) = walk(&mut queue, Pattern::Random, Direction::Read, &mut erased).unwrap();
        assert!(report.is_whole() && erased.unwrap().constant() == Some(0));
        assert_eq!(mismatches, Mismatches { blocks: Blocks(2), first: vec![Lba(95), Lba(96)] });
    }
}

#[test]
fn a_hot_drive_rests_when_all_has_ended_and_then_gets_the_rest_of_the_pass() {
    for hot_after in 1..240 {
        let clock = Clock { hot_after: Cell::new(hot_after), ..Clock::default() };
        let mut queue = Scripted::new(&clock, 512, 1000, 8, 10);
        let (report, _) = walk(&mut queue, Pattern::Byte(0), Direction::Write, &mut None).unwrap();
        assert!(report.is_whole() && queue.bytes.iter().all(|byte| *byte == 0));
        // It is looked at before each of 100 requests, and after some of them; after the last one there is nothing to rest for.
        assert!(clock.rests.get() == 1 || hot_after > 100, "{hot_after}");
        assert!(clock.rests.get() == 0 || hot_after < 200, "{hot_after}");
    }
}

#[test]
fn a_drive_that_does_not_cool_down_is_asked_for_nothing_more() {
    let clock = Clock { hot_after: Cell::new(20), stays_hot: true, ..Clock::default() };
    let mut queue = Scripted::new(&clock, 512, 1000, 8, 10);
    assert!(walk(&mut queue, Pattern::Byte(0), Direction::Write, &mut None).is_err());
    assert!(queue.transfers < 20);
}

/// A pass with a checkpoint after each answer.
fn noted() -> Clock {
    Clock { checkpoint_interval_ms: Some(0), ..Clock::default() }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn what_lies_below_a_checkpoint_was_on_the_medium_when_it_was_flushed(
        blocks in 1_u64..300, request in 1_u64..40, slots in 1_usize..9, picks in prop::collection::vec(0_usize..9, 1..20),
        short_every in 2_usize..30, bad in prop::option::of(0_u64..300),
    ) {
        let clock = noted();
        let mut queue = Scripted::new(&clock, 512, blocks, slots, request);
        (queue.picks, queue.short_every) = (picks, short_every);
        queue.bad.extend(bad.filter(|bad| *bad < blocks));
        walk(&mut queue, Pattern::Random, Direction::Write, &mut None).unwrap();
        let wanted = expected(queue.geometry, Pattern::Random);
        let checkpoints = clock.checkpoints.borrow();
        prop_assert_eq!(checkpoints.len(), queue.flushed.len());
        for (below, medium) in checkpoints.iter().zip(&queue.flushed) {
            let length = usize::try_from(below.0 * 512).unwrap();
            prop_assert!(medium[..length] == wanted[..length], "{}", below.0);
            prop_assert!(queue.bad.first().is_none_or(|bad| below.0 <= *bad));
        }
        prop_assert!(checkpoints.is_sorted());
    }
}

#[test]
fn a_drive_that_cannot_flush_has_no_checkpoint_and_no_pass() {
    let clock = noted();
    let mut queue = Scripted::new(&clock, 512, 100, 4, 10);
    queue.flush_fails = true;
    let halt = walk(&mut queue, Pattern::Random, Direction::Write, &mut None).unwrap_err();
    assert!(matches!(halt, Halt::NotFlushed(MediaError::Bad { errno: 5 })));
    assert_eq!((clock.checkpoints.borrow().len(), queue.flushed.len()), (0, 1));
}

#[test]
fn a_read_back_flushes_nothing_and_a_pass_of_seconds_needs_no_checkpoint() {
    for (clock, direction) in [(noted(), Direction::Read), (Clock::default(), Direction::Write)] {
        let mut queue = Scripted::new(&clock, 512, 1000, 4, 10);
        walk(&mut queue, Pattern::Random, direction, &mut None).unwrap();
        assert_eq!((clock.checkpoints.borrow().len(), queue.flushed.len()), (0, 0));
    }
}
