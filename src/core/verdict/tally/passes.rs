//! What the host's own passes and the read-back come to.

use super::Tally;
use super::proof::Verified;
use crate::evidence::{Expect, Mismatches};
use crate::job::resume;
use crate::pass::Report;
use crate::pattern::Pattern;
use crate::policy::Coverage;
use crate::sample;
use crate::units::{Blocks, Bytes, Geometry, Lba};
use crate::verdict::Reason;

impl Tally<'_> {
    pub(super) fn gauge_began(&mut self) {
        self.wrote = true;
        self.proof.pass_began(None);
    }

    pub(super) fn pass_began(&mut self, number: u32, pattern: Pattern, at_ms: u64) {
        self.wrote = true;
        self.proof.pass_began(self.planned(number, pattern));
        self.moving = Some((at_ms, Blocks(0)));
    }

    /// The index of a pass of the plan.
    fn planned(&self, number: u32, pattern: Pattern) -> Option<usize> {
        let index = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
        index.filter(|index| self.passes.get(*index) == Some(&pattern))
    }

    /// What follows goes by another clock, and the drive is back.
    pub(super) fn resumed(&mut self) {
        self.left = self.proof.left(self.all).or(self.left.take());
        self.moving = None;
        self.losses.clear();
    }

    /// What an opening has made old news is news again if all of it was looked for that had to be, on a drive that is as large as it was.
    pub(super) fn rechecked(&mut self, report: &Report, mismatches: &Mismatches) {
        if report.gone {
            self.losses.push(Reason::GoneWhileReading);
            self.left = self.left.take().filter(|_| resume::is_true_so_far(report, mismatches));
            return;
        }
        let overwrites_only = self.way().is_some_and(|way| way.overwrites() && way.firmware().next().is_none());
        let Some(left) = self.left.take().filter(|left| overwrites_only && left.all == self.all) else { return };
        let below = if left.passes == self.passes.len() { Lba(self.all.0) } else { left.below };
        let geometry = Geometry::new(self.plan.drive.logical_block, self.all);
        let places = geometry.map(|geometry| resume::places(geometry, below, self.seed)).unwrap_or_default();
        let wanted: u64 = places.iter().map(|place| place.count.0).sum();
        if resume::is_clean(report, mismatches) && report.covered == Blocks(wanted) {
            self.proof.take_up(&left);
        }
    }

    pub(super) fn pass_resumed(&mut self, number: u32, pattern: Pattern, from: Lba, at_ms: u64) {
        self.wrote = true;
        self.proof.pass_resumed(self.planned(number, pattern), from);
        self.moving = Some((at_ms, Blocks(0)));
    }

    pub(super) fn pass_ended(&mut self, number: u32, report: &Report) {
        self.moving = self.moving.map(|(began_ms, _)| (began_ms, report.covered));
        self.losses.extend(report.gone.then_some(Reason::GoneWhileWriting));
        if report.is_cut_off() {
            // What was written before it, and up to the last checkpoint, is on the medium all the same.
            return;
        }
        self.proof.pass_ended(number, report.is_whole().then_some(report.covered), self.all);
        if !report.bad.is_empty() {
            self.reasons.push(Reason::Unwritable(report.bad.clone()));
        }
        self.reasons.extend(report.abandoned_at.map(Reason::Abandoned));
    }

    pub(super) fn verify_ended(&mut self, report: &Report, mismatches: &Mismatches, constant: Option<u8>) {
        if !report.bad.is_empty() {
            self.reasons.push(Reason::Unreadable(report.bad.clone()));
        }
        if mismatches.blocks.0 > 0 {
            self.reasons.push(Reason::Mismatch(mismatches.clone()));
        }
        self.reasons.extend(report.abandoned_at.map(Reason::Abandoned));
        self.losses.extend(report.gone.then_some(Reason::GoneWhileReading));
        let Some((coverage, places, expect)) = self.proof.reading.take() else { return };
        let is_all = report.covered == self.all;
        let enough = is_all || sample::suffices(coverage, places, report.covered, self.all);
        if report.is_whole() && mismatches.blocks.0 == 0 && enough {
            // A small medium is read whole even where a sample was asked for: then that is what was done.
            let (coverage, places) = if is_all { (Coverage::Full, 1) } else { (coverage, places) };
            self.proof.verified = Some(Verified { coverage, places, expect, constant: expect.byte().or(constant) });
        }
    }

    pub(super) fn flushed(&mut self, at_ms: u64) {
        self.proof.flushed();
        let written = self.moving.map_or(Blocks(0), |(_, written)| written);
        self.moved(at_ms, written);
    }

    pub(super) fn verify_began(&mut self, coverage: Coverage, places: u64, expect: Expect, at_ms: u64) {
        self.proof.verify_began(coverage, places, expect);
        self.moving = Some((at_ms, Blocks(0)));
    }

    /// What a pass wrote up to its flush, or a read-back read, cannot have gone faster than the link carries it.
    pub(super) fn moved(&mut self, at_ms: u64, blocks: Blocks) {
        let Some(((began_ms, _), link)) = self.moving.take().zip(self.plan.drive.link) else { return };
        let took_ms = at_ms.saturating_sub(began_ms);
        let bytes = Bytes(blocks.0.saturating_mul(self.plan.drive.logical_block.get().into()));
        if link.forbids(bytes, took_ms) {
            self.reasons.push(Reason::FasterThanItsLink { bytes, took_ms, link });
        }
    }
}
