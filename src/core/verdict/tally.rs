//! What the facts come to, counted in order, and the word that is put to them.

use alloc::string::String;
use alloc::vec::Vec;

use crate::capability::{Hidden, Obstacle};
use crate::drive::{MediaError, Medium, OpenError};
use crate::evidence::{Entry, Evidence, Expect, Fact, Secret};
use crate::firmware::{Begun, Prepared, Standing};
use crate::marker::Sought;
use crate::pattern::Pattern;
use crate::plan::{Plan, Way};
use crate::policy::Coverage;
use crate::sample;
use crate::survey::Survey;
use crate::table;
use crate::technique::{Level, Technique};
use crate::units::{Blocks, Bytes, Geometry};
use crate::verdict::{Outcome, Reason, Verdict};

mod exceptions;
mod passes;
mod proof;

use exceptions::exceptions;
use proof::{Left, Proof};

/// What the facts come to.
struct Tally<'a> {
    plan: &'a Plan,
    /// What the passes of the plan write.
    passes: Vec<Pattern>,
    /// What the last step of each way of the plan leaves on the drive.
    leaves: Vec<Expect>,
    /// The index of the way that is being gone.
    way: usize,
    /// The blocks of the drive as it was opened last.
    all: Blocks,
    bytes: Bytes,
    /// The size that the drive has after hidden areas were opened.
    grown: Option<Bytes>,
    wrote: bool,
    prepared: Option<&'a Prepared>,
    proof: Proof<'a>,
    /// What the runs before this one have done, until it has been looked for.
    left: Option<Left>,
    seed: &'a Secret,
    /// Why this way is no good.
    reasons: Vec<Reason>,
    /// How the drive left. When it has come back and its job has gone on, that is over.
    losses: Vec<Reason>,
    /// Why ways that were gone before were no good.
    setbacks: Vec<Reason>,
    /// Something that leaves the drive in a state nobody knows, rather than in one known to be bad.
    doubt: bool,
    /// It was too hot when it was last asked.
    hot: bool,
    /// The drive was faster than it says itself that it can be.
    hasty: bool,
    /// When the pass or the read-back began, and what it moved.
    moving: Option<(u64, Blocks)>,
}

/// Beyond this no drive writes: 1 GB/s is four times what the fastest disk with platters does (bytes a millisecond).
const MAGNETIC_LIMIT: u64 = 1_000_000;

pub(super) fn derive(evidence: &Evidence) -> Verdict {
    let mut tally = Tally::of(evidence);
    let (outcome, reasons) = tally.conclude();
    let exceptions = exceptions(evidence, &tally, outcome);
    Verdict { outcome, reasons, exceptions }
}

/// Why the ways that were gone before the last one came to nothing.
pub(super) fn setbacks(evidence: &Evidence) -> Vec<Reason> {
    Tally::of(evidence).setbacks
}

impl<'a> Tally<'a> {
    fn of(evidence: &'a Evidence) -> Self {
        let plan = &evidence.plan;
        let mut tally = Tally {
            plan,
            passes: evidence.passes(),
            leaves: plan.ways.iter().map(|way| evidence.leaves(way)).collect(),
            way: 0,
            all: plan.drive.geometry().map_or(Blocks(0), Geometry::count),
            bytes: plan.drive.capacity,
            grown: None,
            wrote: false,
            prepared: None,
            proof: Proof::default(),
            left: None,
            seed: &evidence.drawn.seed,
            reasons: Vec::new(),
            losses: Vec::new(),
            setbacks: Vec::new(),
            doubt: false,
            hot: false,
            hasty: false,
            moving: None,
        };
        for entry in evidence.facts() {
            tally.hear(entry);
        }
        tally
    }

    fn hear(&mut self, entry: &'a Entry) {
        match &entry.fact {
            // These say where the facts come from, or in more words what other facts say, or what became of the drive's format after its
            // erase: they must not stand in the way of a verdict, nor help to one.
            Fact::Recovered
            | Fact::Gauged { .. }
            | Fact::Exchanged { .. }
            | Fact::Reformatted { .. }
            | Fact::NotReformatted { .. } => {}
            Fact::ReformatBegan { to } => self.proof.reformat_began(self.plan.reformat == Some(*to)),
            Fact::Surveyed { survey, .. } => self.surveyed(survey),
            Fact::Health { .. } => self.hot = false,
            Fact::Opened { found } => self.opened(found),
            Fact::OtherDrive { .. } => self.reasons.push(Reason::OtherDrive),
            Fact::NotOpened { error: OpenError::Gone } => self.losses.push(Reason::NotOpened(OpenError::Gone)),
            Fact::NotOpened { error } => self.reasons.push(Reason::NotOpened(error.clone())),
            Fact::Prepared { prepared } => self.prepared(prepared),
            Fact::TooHot { .. } => self.hot = true,
            Fact::Rested { health, .. } => self.reasons.extend(health.is_too_hot().then_some(Reason::TooHot)),
            Fact::MarkingBegan => self.wrote = true,
            Fact::MarkersPlaced { placed } => {
                self.wrote = true;
                self.proof.placed(placed);
            }
            Fact::MarkersSought { sought } => self.sought(sought),
            // What is not on the medium proves no more than what cannot be read of it; what is there is proof enough.
            Fact::SoughtOnMedium { sought } => self.seen(sought),
            Fact::EraseBegan { technique } => self.erase_began(*technique, entry.at_ms),
            Fact::EraseAnswered { begun } => self.answered(begun, entry.at_ms),
            Fact::Stands { standing } => self.stands(standing, entry.at_ms),
            Fact::Stalled { quiet_s } => self.doubt(Reason::Stalled(*quiet_s)),
            Fact::Settled { settled } => self.settled(&settled.problems),
            Fact::FellThrough { way } => self.fell_through(*way),
            Fact::GaugeBegan => self.gauge_began(),
            Fact::PassBegan { number, pattern } => self.pass_began(*number, *pattern, entry.at_ms),
            Fact::Checkpoint { below } => self.proof.checkpoint(*below),
            Fact::Resumed { .. } => self.resumed(),
            Fact::Rechecked { report, mismatches } => self.rechecked(report, mismatches),
            Fact::PassResumed { number, pattern, from } => self.pass_resumed(*number, *pattern, *from, entry.at_ms),
            Fact::PassEnded { number, report } => self.pass_ended(*number, report),
            Fact::Flushed => self.flushed(entry.at_ms),
            Fact::NotFlushed { error: MediaError::Gone { .. } } => self.losses.push(Reason::NotFlushed),
            Fact::NotFlushed { .. } => self.doubt(Reason::NotFlushed),
            Fact::VerifyBegan { coverage, places, expect } => {
                self.verify_began(*coverage, *places, *expect, entry.at_ms);
            }
            Fact::VerifyEnded { report, mismatches, constant } => {
                self.moved(entry.at_ms, report.covered);
                self.verify_ended(report, mismatches, *constant);
            }
            Fact::Stopped => self.reasons.push(Reason::Stopped),
            Fact::Crashed { .. } => self.doubt(Reason::Crashed),
        }
    }

    /// For this reason nobody knows what state the drive is in.
    fn doubt(&mut self, reason: Reason) {
        self.reasons.push(reason);
        self.doubt = true;
    }

    fn way(&self) -> Option<&'a Way> {
        self.plan.ways.get(self.way)
    }

    fn opened(&mut self, found: &crate::drive::Identity) {
        let capacity = self.grown.unwrap_or(self.plan.drive.capacity);
        let expected = crate::drive::Identity { capacity, ..self.plan.drive.clone() };
        if found.is_same_drive(&expected) {
            self.proof.opened();
            self.bytes = found.capacity;
            self.all = found.geometry().map_or(Blocks(0), Geometry::count);
        } else {
            self.reasons.push(Reason::OtherDrive);
        }
    }

    fn prepared(&mut self, prepared: &'a Prepared) {
        if prepared.capacity.is_some() {
            self.grown = prepared.capacity;
            // Until it is opened again with its full size, nothing that is done is done to all of it.
            self.proof = Proof::default();
        }
        if let Some(obstacle @ (Obstacle::Locked | Obstacle::WriteProtected)) = &prepared.obstacle {
            self.reasons.push(Reason::InTheWay(obstacle.clone()));
        }
        if prepared.standing == Standing::Gone {
            self.losses.push(Reason::NotOpened(OpenError::Gone));
        }
        self.prepared = Some(prepared);
    }

    fn erase_began(&mut self, technique: Technique, at_ms: u64) {
        self.wrote = true;
        // Asked once more after a failure: it is the second answer that counts.
        let is_again = self.proof.step.as_ref().is_some_and(|step| step.technique == technique);
        if is_again {
            self.reasons.retain(|reason| !matches!(reason, Reason::EraseFailed(failed, _) if *failed == technique));
        }
        self.proof.erase_began(technique, at_ms);
    }

    fn answered(&mut self, begun: &Begun, at_ms: u64) {
        let Some(step) = &mut self.proof.step else { return };
        let technique = step.technique;
        match begun {
            Begun::Accepted { estimate_s } => {
                step.accepted = true;
                step.estimate_s = *estimate_s;
            }
            Begun::Completed => {
                step.accepted = true;
                self.completed(at_ms);
            }
            Begun::Refused { why } => self.reasons.push(Reason::Refused(technique, why.clone())),
            Begun::Failed { why } => self.reasons.push(Reason::EraseFailed(technique, why.clone())),
            Begun::Lost { why } => {
                self.reasons.push(Reason::NoAnswer(technique, why.clone()));
                self.doubt = true;
            }
        }
    }

    fn stands(&mut self, standing: &'a Standing, at_ms: u64) {
        // What is said before this job asked for anything is about somebody else's erase.
        let Some(step) = self.proof.step.as_mut().filter(|step| step.accepted) else {
            if *standing == Standing::Gone {
                self.reasons.push(Reason::GoneWhileErasing);
            }
            return;
        };
        step.last = Some(standing);
        match standing {
            Standing::Completed => self.completed(at_ms),
            Standing::Failed { why } => self.reasons.push(Reason::EraseFailed(step.technique, why.clone())),
            Standing::Gone => {
                self.reasons.push(Reason::GoneWhileErasing);
                self.doubt = true;
            }
            Standing::InProgress { .. } | Standing::Verifiable | Standing::Never | Standing::Unknown { .. } => {}
        }
    }

    fn completed(&mut self, at_ms: u64) {
        let is_magnetic = self.plan.drive.medium == Medium::Magnetic;
        let Some(step) = &mut self.proof.step else { return };
        step.completed = true;
        let took_ms = at_ms.saturating_sub(step.began_ms);
        // A drive that says itself that this takes moments only changes a key, whatever the command is called.
        let says_so = step.estimate_s.is_some_and(|estimate| estimate > 0 && took_ms >= estimate.saturating_mul(250));
        let is_fast = self.bytes.0 > took_ms.saturating_mul(MAGNETIC_LIMIT);
        if step.technique.writes_all() && is_magnetic && is_fast && !self.plan.encrypts_all && !says_so {
            self.reasons.push(Reason::ImplausiblyFast { took_ms });
        }
        self.hasty |= step.estimate_s.is_some_and(|estimate| estimate >= 10 && took_ms < estimate.saturating_mul(100));
    }

    fn settled(&mut self, problems: &[String]) {
        self.reasons.extend(problems.iter().cloned().map(Reason::LeftInDisorder));
        self.proof.settled(problems.is_empty());
    }

    fn seen(&mut self, sought: &Sought) {
        // What was seen before it went away was seen.
        if sought.markers_left > 0 || sought.witnesses_left > 0 {
            self.reasons.push(Reason::Survived {
                markers: sought.markers_left,
                witnesses: sought.witnesses_left,
                first: sought.first_left.clone(),
            });
        }
        if sought.gone {
            self.reasons.push(Reason::GoneWhileReading);
            self.doubt = true;
        }
    }

    /// No verdict is better for what a drive looks like. Old data that are still there make it worse.
    fn surveyed(&mut self, survey: &Survey) {
        if survey.unchanged > 0 {
            self.reasons.push(Reason::Unchanged { places: survey.unchanged, first: survey.first_unchanged.clone() });
        }
    }

    fn sought(&mut self, sought: &'a Sought) {
        self.seen(sought);
        self.proof.sought(sought);
    }

    fn fell_through(&mut self, way: usize) {
        self.close_step();
        self.left = None;
        let is_open = self.plan.ways.get(way).is_some_and(|next| next.level >= self.plan.floor);
        // A record that goes back, or below what there was leave for, is no record of this plan.
        if way > self.way && is_open {
            self.way = way;
            self.setbacks.append(&mut self.reasons);
        }
        self.proof.begin_anew();
    }

    /// A step that was accepted and then went nowhere: the reason that no single fact gives.
    fn close_step(&mut self) {
        let Some(step) = self.proof.step.as_ref().filter(|step| step.accepted && !step.completed) else { return };
        let technique = step.technique;
        let has_reason = self.reasons.iter().any(|reason| {
            matches!(reason, Reason::Refused(of, _) | Reason::EraseFailed(of, _) | Reason::NoAnswer(of, _) if *of == technique)
                || matches!(reason, Reason::Stalled(_) | Reason::GoneWhileErasing | Reason::LeftInDisorder(_))
                || matches!(reason, Reason::Stopped | Reason::Crashed)
        });
        // Of a step that was at work when the record ends, neither can be said.
        match step.last {
            Some(Standing::Never) if !has_reason => self.reasons.push(Reason::Ignored(technique)),
            Some(Standing::Unknown { why }) if !has_reason => {
                // No word is not the word that nothing was begun.
                self.doubt = true;
                self.reasons.push(Reason::StatusUnreadable(why.clone()));
            }
            _ => {}
        }
    }

    fn conclude(&mut self) -> (Outcome, Vec<Reason>) {
        if let Some((outcome, reasons)) = self.good() {
            return (outcome, reasons);
        }
        self.close_step();
        let mut reasons = self.setbacks.clone();
        reasons.append(&mut self.reasons);
        // Of a drive that leaves while it is written it is known what is left on it.
        self.doubt |= self.losses.iter().any(|loss| matches!(loss, Reason::GoneWhileReading | Reason::NotFlushed));
        reasons.append(&mut self.losses);
        if let Some(too_few) = self.too_few_markers() {
            reasons.push(too_few);
            self.doubt = true;
        }
        if self.proof.verified.is_some() {
            reasons.extend(self.kept());
        }
        if !self.wrote {
            reasons.extend(self.hot.then_some(Reason::TooHot));
            reasons.push(Reason::NothingWritten);
            return (Outcome::NotErased, reasons);
        }
        if reasons.is_empty() {
            reasons.push(Reason::Unfinished);
        }
        (self.bad(&reasons), reasons)
    }

    /// The word that a flawless run of the way earns, with the reasons for it.
    fn good(&self) -> Option<(Outcome, Vec<Reason>)> {
        let way = self.way()?;
        let proof = &self.proof;
        let verified = proof.verified.as_ref()?;
        // A record in which less was read than planned, or something else was expected, is no record of this plan.
        let read_enough = verified.coverage == Coverage::Full || self.plan.verify == verified.coverage;
        let is_as_planned = read_enough && self.leaves.get(self.way) == Some(&verified.expect);
        let firmware: Vec<Technique> = way.firmware().collect();
        let is_done = proof.steps == firmware && proof.step.is_none() && self.kept().is_none();
        let is_flawless = self.reasons.is_empty() && self.losses.is_empty();
        if !proof.opened || !is_flawless || !is_as_planned || !is_done {
            return None;
        }
        let mut reasons = Vec::new();
        if !firmware.is_empty() {
            let places = proof.sought.filter(|sought| sought.is_clean())?.looked_at();
            reasons.push(Reason::ErasedByDrive(firmware));
            reasons.push(match self.too_few_markers() {
                None => Reason::MarkersGone { places, bound_ppm: sample::bound_ppm(Blocks(places)) },
                // What the host's own overwrite earns needs no word of the drive's.
                Some(too_few) if way.stands_without_markers() => too_few,
                Some(_) => return None,
            });
        }
        let is_written = if way.overwrites() { self.overwritten() && proof.flushed } else { !proof.is_written_over };
        if !is_written {
            return None;
        }
        let places = verified.places;
        reasons.push(match (way.overwrites(), verified.coverage) {
            (true, Coverage::Full) => Reason::AllReadBack,
            (true, Coverage::Sample | Coverage::Tenth) => {
                Reason::SampleReadBack { places, bound_ppm: sample::bound_ppm(Blocks(places)) }
            }
            (false, Coverage::Full) => Reason::AllErased(verified.constant),
            (false, Coverage::Sample | Coverage::Tenth) => Reason::SampleErased { places, constant: verified.constant },
        });
        let outcome = match table::level(&way.steps, self.plan.drive.medium)? {
            Level::Purge => Outcome::Purged,
            Level::Clear => Outcome::Cleared,
        };
        Some((outcome, reasons))
    }

    /// An area with the owner's data that is still closed, and that no step of this way reaches.
    fn kept(&self) -> Option<Reason> {
        let hidden = self.hidden();
        let on = self.plan.drive.transport;
        let is_kept = |hidden: &&Hidden| hidden.keeps_user_data(on, &self.proof.steps);
        hidden.iter().find(is_kept).map(|hidden| Reason::HiddenAreaKept(hidden.clone()))
    }

    /// What was found of hidden areas, as late as possible.
    fn hidden(&self) -> &'a [Hidden] {
        self.prepared.map_or(self.plan.hidden.as_slice(), |prepared| prepared.hidden.as_slice())
    }

    /// Fewer than half of the markers say something.
    fn too_few_markers(&self) -> Option<Reason> {
        let (landed, places) = self.proof.placed.map_or((0, 0), |placed| (placed.landed, placed.places));
        let looked_at = self.proof.sought?.looked_at().min(landed);
        (looked_at == 0 || looked_at.saturating_mul(2) < places)
            .then_some(Reason::MarkersTooFew { landed: looked_at, places })
    }

    /// Every block was written by every pass.
    fn overwritten(&self) -> bool {
        self.proof.passes_whole > 0 && self.proof.passes_whole == self.passes.len()
    }

    fn bad(&self, reasons: &[Reason]) -> Outcome {
        let known_bad = reasons.iter().any(|reason| {
            matches!(
                reason,
                Reason::Unwritable(_)
                    | Reason::Unreadable(_)
                    | Reason::Mismatch(_)
                    | Reason::Abandoned(_)
                    | Reason::Survived { .. }
                    | Reason::Unchanged { .. }
                    | Reason::EraseFailed(..)
                    | Reason::InTheWay(_)
                    | Reason::HiddenAreaKept(_)
            )
        });
        let is_too_fast =
            |reason: &Reason| matches!(reason, Reason::ImplausiblyFast { .. } | Reason::FasterThanItsLink { .. });
        let implausible = reasons.iter().any(is_too_fast);
        let unchecked =
            reasons.iter().all(|reason| matches!(reason, Reason::Stopped | Reason::TooHot | Reason::Unfinished));
        // An erase under way is in nobody's hands but the drive's: what it has done by now cannot be known. One in the foreground is not
        // accepted first: that its command may be out is all there is until its end.
        let under_way = self.proof.step.is_some() || !self.proof.steps.is_empty();
        let overwritten = self.overwritten();
        // Only where all of the drive may have been erased is "unknown" the truth; before that, old content is known to be there.
        let unknown = implausible || self.doubt || (unchecked && (overwritten || under_way));
        if unknown && (overwritten || under_way) && !known_bad { Outcome::Indeterminate } else { Outcome::NotErased }
    }
}
