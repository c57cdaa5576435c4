//! A job that was interrupted in the middle of an overwrite, and how it goes on: the one place where [`Job`] is entered again from
//! evidence. The power was cut, the program died, or the drive left in a pass in which nothing else was wrong.
//!
//! The journal says how far the passes had come ([`Fact::Checkpoint`]). That is believed once the drive has answered to its name again and
//! what should be on it has been read back at [`places`]; if one block is missing, the overwrite begins anew. The read-back at the end
//! is the plan's, from the first block on: where it only samples, the verdict leans on the checkpoint, and an exception says so. A
//! drive's own erase is never resumed: where it was cut off, only the drive knows how far it came.
//!
//! A job whose certificate is out already goes on under another number: no two certificates bear the same. The first stands as it is, and
//! the second names it.

use alloc::vec::Vec;

use crate::consent::{Consent, WrongConsent};
use crate::drive::{Identity, MediaError, OpenError};
use crate::evidence::{Evidence, Fact, JobId, Mismatches, Secret, Setting, Tool};
use crate::job::erase::Erase;
use crate::job::{Job, Next};
use crate::pass::Report;
use crate::plan::Plan;
use crate::policy::Coverage;
use crate::sample;
use crate::units::{Blocks, Bytes, Extent, Geometry, Lba};

/// How much before the last checkpoint is read back without a gap: where a drive was at work when it lost its power.
const TAIL_BYTES: u64 = 64 << 20;

/// Of the places that a sampled read-back would visit, one in so many is looked at.
const THINNED: usize = 16;

/// Where an interrupted overwrite stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Point {
    /// The index of the way in the plan.
    pub(super) way: usize,
    /// How many passes were whole, and confirmed to be on the medium.
    passes: usize,
    /// The first block that the next pass is not known to have written.
    from: Lba,
    /// The size of the drive that this is about.
    bytes: Bytes,
}

/// A job that was interrupted in the middle of an overwrite or of the read-back after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interrupted {
    evidence: Evidence,
    point: Point,
    is_certified: bool,
}

impl Interrupted {
    /// What the journal has of a job, if that job can go on. `None` if it has come to an end, has written nothing yet, or the drive was
    /// erasing itself.
    pub fn of(evidence: &Evidence) -> Option<Self> {
        Point::of(evidence).map(|point| Self { evidence: evidence.clone(), point, is_certified: false })
    }

    /// The same job, of which there is a certificate as it is.
    #[must_use]
    pub fn certified(self) -> Self {
        Self { is_certified: true, ..self }
    }

    /// There is a certificate of it as it is.
    pub const fn is_certified(&self) -> bool {
        self.is_certified
    }

    /// It has written something for good since it began, or went on last. A drive that leaves again and again before that gets nowhere.
    pub fn has_come_further(&self) -> bool {
        let mut facts = self.evidence.facts().iter().rev().map(|entry| &entry.fact);
        let last = facts.find(|fact| matches!(fact, Fact::Resumed { .. } | Fact::Checkpoint { .. } | Fact::Flushed));
        !matches!(last, Some(Fact::Resumed { .. }))
    }

    /// What is known so far.
    pub const fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// What is known, for good.
    pub fn into_evidence(self) -> Evidence {
        self.evidence
    }

    /// It is about this drive, which answers as it did.
    pub fn is_about(&self, drive: &Identity) -> bool {
        self.evidence.plan.drive.is_same_drive(drive) && self.evidence.plan.drive.model == drive.model
    }

    /// Another job by this plan would do the same, so that leave for the one is leave for the other, and this program would do it alike.
    pub fn goes_on_by(&self, plan: &Plan, tool: &Tool) -> bool {
        let was = &self.evidence.plan;
        self.is_about(&plan.drive)
            && self.evidence.setting.tool.version == tool.version
            && (&plan.rule, &plan.ways, plan.floor, plan.two_persons)
                == (&was.rule, &was.ways, was.floor, was.two_persons)
            && (&plan.scheme, &plan.passes) == (&was.scheme, &was.passes)
            && (plan.verify, plan.reformat) == (was.verify, was.reformat)
    }

    /// How much of the overwrite and the read-back is done, in percent.
    pub fn percent(&self) -> u8 {
        let Point { passes, from, bytes, .. } = self.point;
        let block = u128::from(self.evidence.plan.drive.logical_block.get());
        let all = self.evidence.passes().len() + usize::from(self.evidence.plan.verify == Coverage::Full);
        let done = passes as u128 * u128::from(bytes.0) + u128::from(from.0) * block;
        let percent = (done * 100).checked_div(all as u128 * u128::from(bytes.0)).unwrap_or(0);
        u8::try_from(percent).unwrap_or(100).min(100)
    }
}

impl Point {
    fn of(evidence: &Evidence) -> Option<Self> {
        let mut point = None;
        let (mut way, mut bytes, mut is_ended) = (0, evidence.plan.drive.capacity, false);
        for entry in evidence.facts() {
            if is_end(&entry.fact) {
                return None;
            }
            match &entry.fact {
                Fact::Opened { found } => bytes = found.capacity,
                Fact::FellThrough { way: next } => (way, point) = (*next, None),
                Fact::PassBegan { number, .. } => {
                    (point, is_ended) = (Some(Self { way, passes: index(*number), from: Lba(0), bytes }), false);
                }
                Fact::PassResumed { number, from, .. } => {
                    (point, is_ended) = (Some(Self { way, passes: index(*number), from: *from, bytes }), false);
                }
                Fact::Checkpoint { below } => point = point.map(|point: Self| Self { from: *below, ..point }),
                Fact::PassEnded { report, .. } => is_ended = !report.gone,
                Fact::Flushed if core::mem::take(&mut is_ended) => {
                    point = point.map(|point| Self { passes: point.passes + 1, from: Lba(0), ..point });
                }
                Fact::Rechecked { report, mismatches } if !is_true_so_far(report, mismatches) => {
                    point = point.map(|point| Self { passes: 0, from: Lba(0), ..point });
                }
                _ => {}
            }
        }
        let overwrites_only = |point: &Self| {
            evidence.plan.ways.get(point.way).is_some_and(|way| way.overwrites() && way.firmware().next().is_none())
        };
        point.filter(overwrites_only)
    }
}

/// With this the job has come to an end, of whatever kind.
fn is_end(fact: &Fact) -> bool {
    match fact {
        Fact::PassEnded { report, .. } => !report.is_whole() && !report.is_cut_off(),
        Fact::VerifyEnded { report, mismatches, .. } => !report.is_cut_off() || mismatches.blocks.0 > 0,
        Fact::NotFlushed { error } => !matches!(error, MediaError::Gone { .. }),
        Fact::NotOpened { error } => *error != OpenError::Gone,
        // It did not cool down.
        Fact::Rested { health, .. } => health.is_too_hot(),
        Fact::OtherDrive { .. }
        | Fact::Stalled { .. }
        | Fact::ReformatBegan { .. }
        | Fact::Reformatted { .. }
        | Fact::NotReformatted { .. }
        | Fact::Stopped
        | Fact::Crashed { .. }
        | Fact::Recovered => true,
        Fact::Opened { .. }
        | Fact::Prepared { .. }
        | Fact::Exchanged { .. }
        | Fact::Health { .. }
        | Fact::TooHot { .. }
        | Fact::Surveyed { .. }
        | Fact::MarkingBegan
        | Fact::MarkersPlaced { .. }
        | Fact::MarkersSought { .. }
        | Fact::SoughtOnMedium { .. }
        | Fact::EraseBegan { .. }
        | Fact::EraseAnswered { .. }
        | Fact::Stands { .. }
        | Fact::Settled { .. }
        | Fact::FellThrough { .. }
        | Fact::GaugeBegan
        | Fact::Gauged { .. }
        | Fact::PassBegan { .. }
        | Fact::Checkpoint { .. }
        | Fact::Resumed { .. }
        | Fact::Rechecked { .. }
        | Fact::PassResumed { .. }
        | Fact::Flushed
        | Fact::VerifyBegan { .. } => false,
    }
}

/// A pass with this number, counted from 1, has so many before it.
fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX).saturating_sub(1)
}

/// Every place could be read and held what was written there.
pub(crate) fn is_clean(report: &Report, mismatches: &Mismatches) -> bool {
    report.is_whole() && mismatches.blocks.0 == 0
}

/// Every place that was come to held what was written there: all of them, or those before the drive left again.
pub(crate) fn is_true_so_far(report: &Report, mismatches: &Mismatches) -> bool {
    (report.is_whole() || report.is_cut_off()) && mismatches.blocks.0 == 0
}

/// Where it is looked, before a pass goes on, for what it has written below a block: the last 64 MiB without a gap, and before them the
/// first place and one in sixteen of those that a sampled read-back of all that lies below would visit ([`sample::places`]).
pub fn places(geometry: Geometry, below: Lba, seed: &Secret) -> Vec<Extent> {
    let Some(written) = Geometry::new(geometry.block(), Blocks(below.0.min(geometry.count().0))) else {
        return Vec::new();
    };
    let tail = Blocks((TAIL_BYTES / u64::from(geometry.block().get())).min(written.count().0));
    let tail = Extent { start: Lba(written.count().0 - tail.0), count: tail };
    let drawn = sample::places(written, &seed.0).into_iter().step_by(THINNED);
    let mut places: Vec<Extent> = drawn.filter(|place| place.end() <= tail.start).collect();
    places.push(tail);
    places.retain(|place| place.count.0 > 0);
    places
}

impl Job {
    /// Goes on with a job that was interrupted, because `consent` was given about its drive once more; under the number `fresh` if there is
    /// a certificate of it already.
    ///
    /// # Errors
    /// [`WrongConsent`] if it was given about another one, or by fewer persons than the plan asks for.
    pub fn resume(
        interrupted: Interrupted,
        consent: Consent,
        setting: Setting,
        fresh: JobId,
    ) -> Result<Self, WrongConsent> {
        let Interrupted { mut evidence, point, is_certified } = interrupted;
        let consent = consent.spend(&evidence.plan)?;
        let after = is_certified.then(|| core::mem::replace(&mut evidence.job, fresh));
        evidence.add(setting.clock.boot_ms, Fact::Resumed { setting: setting.into(), consent, after });
        Ok(Self { evidence, ended: false, erase: Erase::resumed(point) })
    }

    /// Has what was written looked for, if the drive is as large as it was then.
    pub(super) fn recheck(&mut self, now_ms: u64) -> Next {
        let passes = self.evidence.passes();
        let (Some(point), Some(last)) = (self.erase.resumes, passes.len().checked_sub(1)) else {
            return self.write(now_ms, 0);
        };
        let blocks = Lba(point.bytes.0 / u64::from(self.evidence.plan.drive.logical_block.get()));
        // After the last pass it is that one which must be there, all of it.
        let (index, below) = if point.passes > last { (last, blocks) } else { (point.passes, point.from) };
        match (passes.get(index).copied(), u32::try_from(index + 1)) {
            (Some(pattern), Ok(number)) if point.bytes == self.capacity() => Next::Recheck { number, pattern, below },
            _ => {
                self.erase.resumes = None;
                self.write(now_ms, 0)
            }
        }
    }

    pub(super) fn rechecked(&mut self, now_ms: u64, report: Report, mismatches: Mismatches) -> Next {
        let (is_clean, is_gone) = (is_clean(&report, &mismatches), report.gone);
        self.evidence.add(now_ms, Fact::Rechecked { report, mismatches });
        let point = self.erase.resumes.take().filter(|_| is_clean);
        if is_gone {
            return self.over();
        }
        let Some(Point { passes, from, .. }) = point else { return self.write(now_ms, 0) };
        self.erase.passes = passes;
        match (self.evidence.passes().get(passes).copied(), u32::try_from(passes + 1)) {
            (Some(pattern), Ok(number)) if from.0 > 0 => {
                self.evidence.add(now_ms, Fact::PassResumed { number, pattern, from });
                Next::Write { number, pattern, from }
            }
            _ => self.write(now_ms, passes),
        }
    }
}

#[cfg(test)]
mod tests;
