//! What is known of the medium, link by link.

use alloc::vec::Vec;

use crate::evidence::Expect;
use crate::firmware::Standing;
use crate::marker::{Placed, Sought};
use crate::policy::Coverage;
use crate::technique::Technique;
use crate::units::{Blocks, Lba};

/// The links of the proof that a drive is erased, in the order in which they must come about. Each makes whatever was known behind it
/// old news: markers that are gone say nothing about an erase that came before them, nor after a pass that wrote over them.
#[derive(Default)]
pub(super) struct Proof<'a> {
    /// The drive of the plan answered, with all of its size.
    pub(super) opened: bool,
    /// How the markers were placed.
    pub(super) placed: Option<&'a Placed>,
    /// A pass has begun since: that the markers are gone says nothing any more.
    pub(super) is_written_over: bool,
    /// The firmware steps that are done.
    pub(super) steps: Vec<Technique>,
    /// The firmware step under way.
    pub(super) step: Option<Step<'a>>,
    /// What was found of the markers after the last firmware step.
    pub(super) sought: Option<&'a Sought>,
    /// How many passes were whole, one after the other.
    pub(super) passes_whole: usize,
    /// How many of them are known to be on the medium.
    passes_flushed: usize,
    /// The pass under way is the one that comes next.
    is_passing: bool,
    /// The block that it began at: not 0 where what lies below was written before an interruption.
    from: Lba,
    /// Everything below this block is known to be written by it, and on the medium.
    below: Lba,
    /// It goes on from what was looked at in places only.
    pub(super) is_resumed: bool,
    /// Everything is on the medium.
    pub(super) flushed: bool,
    /// The read-back under way: how much it set out to read, in how many places, and what it expects.
    pub(super) reading: Option<(Coverage, u64, Expect)>,
    /// A read-back without a flaw.
    pub(super) verified: Option<Verified>,
}

/// A firmware erase under way.
pub(super) struct Step<'a> {
    pub(super) technique: Technique,
    pub(super) began_ms: u64,
    pub(super) estimate_s: Option<u64>,
    pub(super) accepted: bool,
    pub(super) completed: bool,
    /// What its status said last.
    pub(super) last: Option<&'a Standing>,
}

pub(super) struct Verified {
    pub(super) coverage: Coverage,
    pub(super) places: u64,
    pub(super) expect: Expect,
    pub(super) constant: Option<u8>,
}

/// How far the passes were when they were interrupted.
pub(super) struct Left {
    /// How many were whole, and on the medium.
    pub(super) passes: usize,
    /// What the next one had written, and was on the medium.
    pub(super) below: Lba,
    /// The blocks of the drive then.
    pub(super) all: Blocks,
}

impl<'a> Proof<'a> {
    pub(super) fn opened(&mut self) {
        *self = Self { opened: true, ..Self::default() };
    }

    /// Another way through the plan.
    pub(super) fn begin_anew(&mut self) {
        *self = Self { opened: self.opened, ..Self::default() };
    }

    pub(super) fn placed(&mut self, placed: &'a Placed) {
        *self = Self { opened: self.opened, placed: Some(placed), ..Self::default() };
    }

    pub(super) fn erase_began(&mut self, technique: Technique, began_ms: u64) {
        self.forget_what_was_sought();
        // One that was left in the middle for another one leaves nobody knows what.
        if self.step.as_ref().is_some_and(|step| step.technique != technique) {
            self.steps.clear();
        }
        let step = Step { technique, began_ms, estimate_s: None, accepted: false, completed: false, last: None };
        self.step = Some(step);
    }

    pub(super) fn settled(&mut self, is_good: bool) {
        self.forget_what_was_sought();
        if let Some(step) = self.step.take_if(|step| step.accepted && step.completed)
            && is_good
        {
            self.steps.push(step.technique);
        }
    }

    pub(super) fn sought(&mut self, sought: &'a Sought) {
        self.forget_what_was_sought();
        self.sought = Some(sought);
        self.placed = self.placed.filter(|_| !self.is_written_over);
    }

    /// The pass with this index began, if it is one of the plan.
    pub(super) fn pass_began(&mut self, index: Option<usize>) {
        self.forget_what_was_read();
        self.is_written_over = true;
        self.passes_whole = self.passes_whole.min(index.unwrap_or(0));
        self.passes_flushed = self.passes_flushed.min(self.passes_whole);
        self.is_resumed &= self.passes_whole > 0;
        self.is_passing = index == Some(self.passes_whole);
        (self.from, self.below) = (Lba(0), Lba(0));
    }

    /// The pass with this index goes on at a block, which must not lie beyond what is known to be written.
    pub(super) fn pass_resumed(&mut self, index: Option<usize>, from: Lba) {
        self.forget_what_was_read();
        self.is_written_over = true;
        self.is_passing = self.is_resumed && index == Some(self.passes_flushed) && from <= self.below;
        (self.from, self.below) = (from, from);
    }

    /// It has come so far, and all of that is on the medium.
    pub(super) fn checkpoint(&mut self, below: Lba) {
        if self.is_passing && self.passes_flushed == self.passes_whole {
            self.below = below;
        }
    }

    /// The pass with this number ended, and has written so many blocks if it was whole.
    pub(super) fn pass_ended(&mut self, number: u32, written: Option<Blocks>, all: Blocks) {
        self.forget_what_was_read();
        self.is_written_over = true;
        let is_next = usize::try_from(number).is_ok_and(|number| number == self.passes_whole + 1);
        let is_whole = written.and_then(|written| written.0.checked_add(self.from.0)) == Some(all.0);
        let is_good = core::mem::take(&mut self.is_passing) && is_next && is_whole;
        self.passes_whole = if is_good { self.passes_whole + 1 } else { 0 };
        self.passes_flushed = self.passes_flushed.min(self.passes_whole);
    }

    pub(super) fn flushed(&mut self) {
        self.forget_what_was_read();
        self.flushed = true;
        if self.passes_flushed < self.passes_whole {
            (self.passes_flushed, self.below) = (self.passes_whole, Lba(0));
        }
    }

    /// What is left of it when the run ends here, if a pass has begun since the drive was opened.
    pub(super) fn left(&self, all: Blocks) -> Option<Left> {
        let is_known = self.opened && self.is_written_over && self.step.is_none() && self.steps.is_empty();
        is_known.then_some(Left { passes: self.passes_flushed, below: self.below, all })
    }

    /// What was left was looked for and is there.
    pub(super) fn take_up(&mut self, left: &Left) {
        let (opened, passes) = (self.opened, left.passes);
        *self = Self {
            opened,
            is_written_over: true,
            is_resumed: true,
            passes_whole: passes,
            passes_flushed: passes,
            // With nothing left to write, it is the flush of then that counts.
            flushed: passes > 0,
            below: left.below,
            ..Self::default()
        };
    }

    pub(super) fn verify_began(&mut self, coverage: Coverage, places: u64, expect: Expect) {
        (self.reading, self.verified) = (Some((coverage, places, expect)), None);
    }

    /// After this nothing of the erase can be looked at any more: what is not proved by now never will be.
    pub(super) fn reformat_began(&mut self, is_planned: bool) {
        if !is_planned || self.verified.is_none() {
            *self = Self::default();
        }
    }

    fn forget_what_was_sought(&mut self) {
        (self.sought, self.passes_whole, self.passes_flushed, self.is_passing) = (None, 0, 0, false);
        self.forget_what_was_read();
    }

    fn forget_what_was_read(&mut self) {
        (self.flushed, self.reading, self.verified) = (false, None, None);
    }
}
