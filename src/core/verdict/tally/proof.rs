//! What is known of the medium, link by link.

use alloc::vec::Vec;

use crate::evidence::Expect;
use crate::firmware::Standing;
use crate::marker::{Placed, Sought};
use crate::policy::Coverage;
use crate::technique::Technique;

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
    /// The pass under way is the one that comes next.
    is_passing: bool,
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
        self.is_passing = index == Some(self.passes_whole);
    }

    pub(super) fn pass_ended(&mut self, number: u32, is_whole: bool) {
        self.forget_what_was_read();
        self.is_written_over = true;
        let is_next = usize::try_from(number).is_ok_and(|number| number == self.passes_whole + 1);
        let is_good = core::mem::take(&mut self.is_passing) && is_next && is_whole;
        self.passes_whole = if is_good { self.passes_whole + 1 } else { 0 };
    }

    pub(super) fn flushed(&mut self) {
        self.forget_what_was_read();
        self.flushed = true;
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
        (self.sought, self.passes_whole, self.is_passing) = (None, 0, false);
        self.forget_what_was_read();
    }

    fn forget_what_was_read(&mut self) {
        (self.flushed, self.reading, self.verified) = (false, None, None);
    }
}
