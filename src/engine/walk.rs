//! A pass over a queue: requests are kept under way, and what comes of them is heard in the order in which it comes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use purgeproof_core::drive::{Direction, MediaError, Queue};
use purgeproof_core::evidence::Mismatches;
use purgeproof_core::pass::{Attempt, Pass, Report, Transfer};
use purgeproof_core::pattern::Pattern;
use purgeproof_core::units::{Blocks, Extent};

use crate::checkpoint::Checkpoints;
use crate::content::Content;
use crate::depth::Depth;
use crate::erased::Erased;
use crate::lane::Watch;
use crate::meter::{Ahead, Meter};

/// How long a request may go without an answer. Linux ends one that hangs by itself, after six tries of 30 s (`SD_TIMEOUT`,
/// `SD_MAX_RETRIES`) or two of an NVMe queue's, and a reset of what is in the way; what is silent for longer will not speak again.
const PATIENCE_MS: u64 = 300_000;

/// The longest wait for an answer, after which it is looked whether the operator wants it to end.
const TURN: Duration = Duration::from_millis(50);

/// The most that the clock may move in one turn: a machine that was asleep has not waited for its drives.
const STEP_MS: u64 = 1_000;

/// A queue whose buffer is shorter than what was agreed on: `ENOBUFS`. Nothing may count then.
const NO_ROOM: MediaError = MediaError::Bad { errno: 105 };

/// One walk over a medium.
pub(crate) struct Walk<'a> {
    queue: &'a mut dyn Queue,
    content: Content,
    erased: &'a mut Option<Erased>,
    direction: Direction,
    pass: Pass,
    mismatches: Mismatches,
    idle: Vec<usize>,
    /// By slot. A slot that is neither here nor idle holds a request that nobody waits for any more.
    under_way: BTreeMap<usize, Request>,
    /// The slots whose buffers hold the pattern of a pass that writes the same everywhere, or that were poisoned as a whole.
    filled: BTreeSet<usize>,
    /// How long this walk has taken, but for sleep.
    awake_ms: u64,
}

/// Why a walk did not come to an end.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Halt {
    /// The operator stopped it, or the drive does not cool down.
    Stopped,
    /// The drive would not confirm in the middle that what it took is on the medium. That it says so later would be worth nothing: the
    /// kernel tells of a block that it lost once.
    NotFlushed(MediaError),
}

/// What was asked for.
struct Request {
    extent: Extent,
    attempt: Attempt,
    since_ms: u64,
}

impl<'a> Walk<'a> {
    pub(crate) fn new(
        queue: &'a mut dyn Queue,
        content: Content,
        erased: &'a mut Option<Erased>,
        direction: Direction,
        pass: Pass,
    ) -> Self {
        let idle = (0..queue.slots()).collect();
        let (mismatches, under_way, filled) = (Mismatches::default(), BTreeMap::new(), BTreeSet::new());
        Self { queue, content, erased, direction, pass, mismatches, idle, under_way, filled, awake_ms: 0 }
    }

    /// Walks to the end.
    ///
    /// # Errors
    /// [`Halt`] if it did not come there.
    pub(crate) fn run(
        mut self,
        stop: &AtomicBool,
        ahead: Ahead<'_>,
        watch: &mut dyn Watch,
    ) -> Result<(Report, Mismatches), Halt> {
        let geometry = self.content.geometry;
        let mut clock_ms = watch.now_ms();
        let mut meter = Meter::new(clock_ms, geometry.size_of(self.pass.report().wanted).0, ahead);
        let length = self.queue.buffer(0).len();
        let mut depth = Depth::new(clock_ms, self.queue.slots(), length);
        let mut checkpoints = Checkpoints::new(clock_ms, watch.checkpoint_interval_ms());
        loop {
            if stop.load(Ordering::Relaxed) {
                return Err(Halt::Stopped);
            }
            // What it has begun it may end: the last requests of a pass make nothing hot.
            let wants_rest = !self.pass.is_over() && watch.wants_rest();
            if !wants_rest
                && self.has_room(depth.now())
                && let Some((extent, attempt)) = self.pass.next_request()
            {
                self.begin(extent, attempt);
                continue;
            }
            if self.pass.report().gone || self.under_way.is_empty() && !wants_rest {
                return Ok((self.pass.into_report(), self.mismatches));
            }
            if self.under_way.is_empty() {
                if !watch.rest() {
                    return Err(Halt::Stopped);
                }
                // Nobody waited for an answer meanwhile, and the drive was not slow.
                let now_ms = watch.now_ms();
                meter.skip(now_ms.saturating_sub(clock_ms));
                clock_ms = now_ms;
                continue;
            }
            let came = self.finish();
            let now_ms = watch.now_ms();
            self.awake_ms += now_ms.saturating_sub(clock_ms).min(STEP_MS);
            clock_ms = now_ms;
            if let Some(bytes) = came {
                depth.answered(now_ms, bytes);
            }
            self.give_up_on_the_silent();
            if checkpoints.is_due(now_ms) {
                self.checkpoint(watch)?;
                checkpoints.made(now_ms, watch.now_ms());
            }
            let report = self.pass.report();
            let (done, errors) = (geometry.size_of(report.covered).0, report.bad.blocks.0 + self.mismatches.blocks.0);
            if let Some(progress) = meter.reach(now_ms, done, errors) {
                watch.progress(progress);
            }
        }
    }

    /// Notes how far a pass without a flaw has come; one with a flaw earns no good word however it ends.
    fn checkpoint(&mut self, watch: &mut dyn Watch) -> Result<(), Halt> {
        let report = self.pass.report();
        let is_flawless = report.bad.is_empty() && report.abandoned_at.is_none() && !report.gone;
        // Taken before the flush: what ends after this need not be in it.
        let under_way = self.under_way.values().map(|request| request.extent.start);
        let Some(below) = under_way.chain(self.pass.lowest_open()).min() else { return Ok(()) };
        if self.direction == Direction::Read || !is_flawless {
            return Ok(());
        }
        match self.queue.flush() {
            Ok(()) => watch.checkpoint(below),
            // The next request says so, too.
            Err(MediaError::Gone { .. }) => {}
            Err(error) => return Err(Halt::NotFlushed(error)),
        }
        Ok(())
    }

    fn has_room(&self, depth: usize) -> bool {
        // What an erased drive holds is learnt from its first blocks, not from those that happen to come first.
        let is_learning = self.erased.as_ref().is_some_and(Erased::is_unread);
        let most = if is_learning { 1 } else { depth };
        self.under_way.len() < most && !self.idle.is_empty()
    }

    fn begin(&mut self, extent: Extent, attempt: Attempt) {
        let Some(slot) = self.idle.pop() else { return };
        let length = self.length_of(extent.count);
        let begun = match self.prepare(slot, extent, attempt, length) {
            Some(()) => self.queue.begin(slot, self.direction, extent.start, length),
            None => Err(NO_ROOM),
        };
        match begun {
            Ok(()) => {
                self.under_way.insert(slot, Request { extent, attempt, since_ms: self.awake_ms });
            }
            Err(error) => {
                self.idle.push(slot);
                self.pass.hear(extent, attempt, self.transfer(Err(error)));
            }
        }
    }

    /// Puts into a buffer what is to be written, or what must not be read. `None` if it is too short.
    fn prepare(&mut self, slot: usize, extent: Extent, attempt: Attempt, length: usize) -> Option<()> {
        let whole = self.queue.buffer(slot);
        match (self.direction, self.content.pattern) {
            (Direction::Write, Pattern::Byte(_)) => {
                if self.filled.insert(slot) {
                    self.content.fill(extent.start, whole);
                }
                whole.get(..length).map(drop)
            }
            (Direction::Write, _) => whole.get_mut(..length).map(|bytes| self.content.fill(extent.start, bytes)),
            (Direction::Read, _) if self.erased.is_some() => whole.get_mut(..length).map(Erased::poison),
            (Direction::Read, _) => {
                // Blocks asked for once more may be in any buffer. A buffer seen for the first time may hold anything.
                let is_clean = !attempt.is_again() && self.filled.contains(&slot);
                if is_clean {
                    whole.get_mut(..length).map(|bytes| self.content.poison_again(bytes))?;
                } else {
                    self.content.poison(whole);
                    self.filled.insert(slot);
                }
                whole.get(..length).map(drop)
            }
        }
    }

    /// Waits for an answer and hears it; gives the bytes that were moved, `None` if none came.
    fn finish(&mut self) -> Option<u64> {
        let (slot, result) = self.queue.finish(TURN)?;
        // An answer to what was given up comes too late: the pass is over for it.
        let Request { extent, attempt, .. } = self.under_way.remove(&slot)?;
        let mut transfer = self.transfer(result);
        let count = if let Transfer::Done(count) = transfer { count.min(extent.count) } else { Blocks(0) };
        if self.direction == Direction::Read && self.compare(slot, Extent { count, ..extent }).is_none() {
            // What cannot be looked at was not read.
            transfer = self.transfer(Err(NO_ROOM));
        }
        self.idle.push(slot);
        self.pass.hear(extent, attempt, transfer);
        Some(self.content.geometry.size_of(count).0)
    }

    /// Only what came is compared; what did not come is asked for again.
    fn compare(&mut self, slot: usize, came: Extent) -> Option<()> {
        let length = self.length_of(came.count);
        let read = self.queue.buffer(slot).get(..length)?;
        match self.erased {
            Some(erased) => erased.compare(came.start, read, &mut self.mismatches),
            None => self.content.compare(came.start, read, &mut self.mismatches),
        }
        Some(())
    }

    /// A request without an answer for too long is not waited for, and its slot is not used again. The pass gives up there.
    fn give_up_on_the_silent(&mut self) {
        let is_silent = |request: &Request| self.awake_ms - request.since_ms >= PATIENCE_MS;
        let silent = self.under_way.extract_if(.., |_, request| is_silent(request));
        for (_, Request { extent, attempt, .. }) in silent {
            self.pass.hear(extent, attempt, Transfer::Unanswered);
        }
    }

    fn length_of(&self, count: Blocks) -> usize {
        usize::try_from(self.content.geometry.size_of(count).0).unwrap_or(usize::MAX)
    }

    /// What came of a transfer, in whole blocks: a part of a block is no block.
    fn transfer(&self, result: Result<usize, MediaError>) -> Transfer {
        match result {
            Ok(bytes) => Transfer::Done(Blocks(bytes as u64 / u64::from(self.content.geometry.block().get()))),
            Err(MediaError::Bad { .. }) => Transfer::Bad,
            Err(MediaError::Gone { .. }) => Transfer::Gone,
        }
    }
}

#[cfg(test)]
#[path = "walk_tests.rs"]
mod tests;
