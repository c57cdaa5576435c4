//! What follows from the evidence. One pure function, and no other way to come to a verdict.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::drive::{OpenError, SerialSource, Support, Transport};
use crate::evidence::{ClockSource, Entry, Evidence, Fact, Mismatches};
use crate::pass::{Regions, Report};
use crate::plan::Plan;
use crate::policy::Coverage;
use crate::sample;
use crate::technique::{Level, Technique};
use crate::units::{Blocks, Geometry, Lba};

/// The verdict on one erasure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// One word.
    pub outcome: Outcome,
    /// Why that word and no better one.
    pub reasons: Vec<Reason>,
    /// What the word does not cover, however good it is.
    pub exceptions: Vec<Exception>,
}

/// The four words. There is no fifth for "probably".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The drive itself erased all that it holds and what can be checked agrees.
    Purged,
    /// Every block that the host can address was overwritten and read back as the plan asks.
    Cleared,
    /// Old content is, or must be taken to be, on the drive.
    NotErased,
    /// It cannot be known. To be treated like `NotErased`.
    Indeterminate,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Purged => "PURGED",
            Self::Cleared => "CLEARED",
            Self::NotErased => "NOT ERASED",
            Self::Indeterminate => "INDETERMINATE",
        })
    }
}

impl Outcome {
    /// The drive may leave with this word; the others mean "destroy it or try again".
    pub const fn is_good(self) -> bool {
        matches!(self, Self::Purged | Self::Cleared)
    }
}

/// Why a verdict is what it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// All passes whole, flushed, and every block read back as written.
    AllReadBack,
    /// All passes whole, flushed, and every sampled block read back as written.
    SampleReadBack {
        /// How many places were read.
        places: u64,
        /// The share of blocks, in parts per million, that may have survived undetected at 99 % confidence.
        bound_ppm: u64,
    },
    /// Nothing was written to it.
    NothingWritten,
    /// It could not be opened.
    NotOpened(OpenError),
    /// Another drive answered in its place.
    OtherDrive,
    /// These blocks could not be written.
    Unwritable(Regions),
    /// These blocks could not be read back.
    Unreadable(Regions),
    /// So many blocks read back otherwise than they were written.
    Mismatch(Mismatches),
    /// Requests failed one after the other; from this block on nothing was tried.
    Abandoned(Lba),
    /// It went away while being written.
    GoneWhileWriting,
    /// It went away while being read back: it was written, but that is not checked.
    GoneWhileReading,
    /// It would not confirm that what it took is on the medium.
    NotFlushed,
    /// The operator stopped the job.
    Stopped,
    /// A fault of this program ended the job.
    Crashed,
    /// The record ends before the job did: power was cut, or the machine died.
    Unfinished,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AllReadBack => {
                f.write_str("every addressable block was written, and every block read back as written")
            }
            Self::SampleReadBack { places, bound_ppm } => write!(
                f,
                "every addressable block was written; {places} places drawn at random read back as written: if more than {} of \
                 the blocks had kept old content, this would have been noticed with 99 % probability",
                percent(*bound_ppm)
            ),
            Self::NothingWritten => f.write_str("nothing was written to the drive"),
            Self::NotOpened(error) => write!(f, "{error}"),
            Self::OtherDrive => f.write_str("another drive answered in its place, so nothing was written"),
            Self::Unwritable(regions) => {
                write!(f, "{} could not be written: {}", blocks(regions.blocks), list(regions))
            }
            Self::Unreadable(regions) => {
                write!(f, "{} could not be read back: {}", blocks(regions.blocks), list(regions))
            }
            Self::Mismatch(mismatches) => {
                let first: Vec<String> = mismatches.extents().take(4).map(|extent| format!("{extent}")).collect();
                write!(f, "{} did not read back as written, first at {}", blocks(mismatches.blocks), first.join(", "))
            }
            Self::Abandoned(lba) => {
                write!(f, "the drive failed request after request and was given up at LBA {}", lba.0)
            }
            Self::GoneWhileWriting => f.write_str("the drive disappeared while it was being overwritten"),
            Self::GoneWhileReading => f.write_str("the drive was overwritten but disappeared before that was checked"),
            Self::NotFlushed => {
                f.write_str("the drive would not confirm that the data reached the medium (flush failed)")
            }
            Self::Stopped => f.write_str("the operator stopped the job"),
            Self::Crashed => f.write_str("a fault of PurgeProof ended the job. Please report it with the journal"),
            Self::Unfinished => f.write_str("the record ends before the job did (power cut, reset or a pulled plug)"),
        }
    }
}

/// What a verdict does not cover.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exception {
    /// Spare, worn and remapped blocks are out of the host's reach.
    SpareBlocksNotAddressed,
    /// Areas that the drive hides from the host (HPA, DCO, AMAX; unattached namespaces) were not looked for.
    HiddenAreasNotProbed,
    /// Stronger techniques were not established to be there or not.
    FirmwareErasureNotProbed,
    /// Behind a bridge: serial number and size may be the bridge's.
    BehindBridge,
    /// The drive has no serial number and no WWN.
    WeakIdentity,
    /// Only a sample was read back.
    Sampled,
    /// The machine's clock reads a time before this program was built.
    ClockImplausible,
    /// The certificate was made in a later run, from the journal.
    RecoveredFromJournal,
    /// It is a file: what lies below its filesystem was not addressed.
    FileNotDevice,
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SpareBlocksNotAddressed => {
                "Blocks that the drive keeps in reserve, has retired or remapped cannot be addressed by the host and were not overwritten."
            }
            Self::HiddenAreasNotProbed => {
                "Areas that a drive can hide from the host (HPA, DCO, AMAX, unattached namespaces, boot partitions) were not looked for."
            }
            Self::FirmwareErasureNotProbed => {
                "This version does not send firmware erase commands; whether the drive has a stronger technique was not established."
            }
            Self::BehindBridge => "The drive is attached through USB: serial number and size may be the bridge's, not the drive's.",
            Self::WeakIdentity => "The drive reports no serial number and no worldwide name: this record cannot tell it from its like.",
            Self::Sampled => "Only a random sample was read back, not every block.",
            Self::RecoveredFromJournal => {
                "The run that did this left no certificate. This one was made at a later start from the stick's journal, as far as \
                 that goes."
            }
            Self::FileNotDevice => {
                "An image file or loop device was overwritten, not a drive: what its filesystem keeps elsewhere (copies on write, \
                 snapshots, spare blocks) was not addressed."
            }
            Self::ClockImplausible => "The machine's clock was certainly wrong: the times of this record are not to be relied on.",
        })
    }
}

fn blocks(count: Blocks) -> String {
    if count.0 == 1 { String::from("1 block") } else { format!("{} blocks", count.0) }
}

fn list(regions: &Regions) -> String {
    let shown: Vec<String> = regions.extents.iter().take(4).map(|extent| format!("{extent}")).collect();
    let more = if regions.extents.len() > shown.len() { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// Parts per million as a percentage with four decimals at most.
fn percent(ppm: u64) -> String {
    let text = format!("{}.{:04}", ppm / 10_000, ppm % 10_000);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

/// What the facts come to, before a word is put to them.
struct Tally<'a> {
    plan: &'a Plan,
    /// The blocks of the drive of the plan.
    all: Blocks,
    /// The drive of the plan answered.
    opened: bool,
    wrote: bool,
    passes_whole: usize,
    flushed: bool,
    /// How much the read-back under way set out to read.
    coverage: (Coverage, u64),
    /// How much a read-back without a flaw has read.
    verified: Option<(Coverage, u64)>,
    reasons: Vec<Reason>,
    /// Something that leaves the drive in a state nobody knows, rather than in one known to be bad.
    doubt: bool,
}

impl Verdict {
    /// Derives the verdict. A good word needs the drive of the plan to have answered, every pass of the plan over every block, a flush
    /// that was confirmed and a read-back that agrees; whatever is missing from the evidence is taken not to have happened.
    pub(crate) fn derive(evidence: &Evidence) -> Self {
        let mut tally = Tally {
            plan: &evidence.plan,
            all: evidence.plan.drive.geometry().map_or(Blocks(0), Geometry::count),
            opened: false,
            wrote: false,
            passes_whole: 0,
            flushed: false,
            coverage: (Coverage::Full, 0),
            verified: None,
            reasons: Vec::new(),
            doubt: false,
        };
        for Entry { fact, .. } in evidence.facts() {
            tally.hear(fact);
        }
        let (outcome, reasons) = tally.conclude();
        let exceptions = exceptions(evidence, &reasons);
        Self { outcome, reasons, exceptions }
    }
}

impl Tally<'_> {
    fn hear(&mut self, fact: &Fact) {
        match fact {
            // Says where the facts come from and adds none: it must not stand in the way of a word, nor help to one.
            Fact::Recovered => {}
            Fact::Opened { found } if found.is_same_drive(&self.plan.drive) => self.opened = true,
            Fact::Opened { .. } | Fact::OtherDrive { .. } => self.reasons.push(Reason::OtherDrive),
            Fact::NotOpened { error } => self.reasons.push(Reason::NotOpened(error.clone())),
            Fact::PassBegan { .. } => {
                self.wrote = true;
                // A later pass makes what was known about the medium old news.
                (self.flushed, self.verified) = (false, None);
            }
            Fact::PassEnded { number, report } => self.pass_ended(*number, report),
            Fact::Flushed => self.flushed = true,
            Fact::NotFlushed { .. } => {
                self.reasons.push(Reason::NotFlushed);
                self.doubt = true;
            }
            Fact::VerifyBegan { coverage, places } => self.coverage = (*coverage, *places),
            Fact::VerifyEnded { report, mismatches } => self.verify_ended(report, mismatches),
            Fact::Stopped => self.reasons.push(Reason::Stopped),
            Fact::Crashed { .. } => {
                self.reasons.push(Reason::Crashed);
                self.doubt = true;
            }
        }
    }

    fn pass_ended(&mut self, number: u32, report: &Report) {
        let is_next = usize::try_from(number).is_ok_and(|number| number == self.passes_whole + 1);
        if is_next && report.is_whole() && report.covered == self.all {
            self.passes_whole += 1;
        }
        if !report.bad.is_empty() {
            self.reasons.push(Reason::Unwritable(report.bad.clone()));
        }
        self.reasons.extend(report.abandoned_at.map(Reason::Abandoned));
        if report.gone {
            self.reasons.push(Reason::GoneWhileWriting);
        }
    }

    fn verify_ended(&mut self, report: &Report, mismatches: &Mismatches) {
        if !report.bad.is_empty() {
            self.reasons.push(Reason::Unreadable(report.bad.clone()));
        }
        if mismatches.blocks.0 > 0 {
            self.reasons.push(Reason::Mismatch(mismatches.clone()));
        }
        self.reasons.extend(report.abandoned_at.map(Reason::Abandoned));
        if report.gone {
            self.reasons.push(Reason::GoneWhileReading);
            self.doubt = true;
        }
        // A place is at least a block long, and the whole medium is every block of it.
        let enough = match self.coverage {
            (Coverage::Full, _) => report.covered == self.all,
            (Coverage::Sample, places) => places > 0 && report.covered.0 >= places,
        };
        if report.is_whole() && mismatches.blocks.0 == 0 && enough {
            // A small medium is read whole even where a sample was asked for: then that is what was done.
            self.verified = Some(if report.covered == self.all { (Coverage::Full, 1) } else { self.coverage });
        }
    }

    fn conclude(mut self) -> (Outcome, Vec<Reason>) {
        let whole = self.passes_whole > 0 && self.passes_whole == self.plan.passes.len();
        // A record in which less was read than planned is no record of this plan.
        let verified =
            self.verified.filter(|(coverage, _)| *coverage == Coverage::Full || self.plan.verify == *coverage);
        if let (true, true, true, Some((coverage, places)), []) =
            (self.opened, whole, self.flushed, verified, self.reasons.as_slice())
        {
            let reason = match coverage {
                Coverage::Full => Reason::AllReadBack,
                Coverage::Sample => Reason::SampleReadBack { places, bound_ppm: sample::bound_ppm(Blocks(places)) },
            };
            return (attained(self.plan), Vec::from([reason]));
        }
        if !self.wrote {
            self.reasons.push(Reason::NothingWritten);
            return (Outcome::NotErased, self.reasons);
        }
        if self.reasons.is_empty() {
            self.reasons.push(Reason::Unfinished);
        }
        // Only where all passes were whole is "unknown" the truth; before that, old content is known to be there.
        let known_bad = self.reasons.iter().any(|reason| {
            matches!(reason, Reason::Unwritable(_) | Reason::Unreadable(_) | Reason::Mismatch(_) | Reason::Abandoned(_))
        });
        let unchecked = self.reasons.iter().all(|reason| matches!(reason, Reason::Stopped | Reason::Unfinished));
        let unknown = whole && !known_bad && (self.doubt || unchecked);
        (if unknown { Outcome::Indeterminate } else { Outcome::NotErased }, self.reasons)
    }
}

/// The word that a flawless run of the planned technique earns.
fn attained(plan: &Plan) -> Outcome {
    match plan.technique.level(plan.drive.medium) {
        Level::Purge => Outcome::Purged,
        Level::Clear => Outcome::Cleared,
    }
}

fn exceptions(evidence: &Evidence, reasons: &[Reason]) -> Vec<Exception> {
    let (plan, drive) = (&evidence.plan, &evidence.plan.drive);
    let bridged = drive.serial.as_ref().is_some_and(|serial| serial.source == SerialSource::UsbDescriptor);
    let unknown = plan.considered.iter().any(|one| matches!(one.support, Support::Unknown(_)));
    let is_device = drive.transport != Transport::File;
    [
        (Exception::WeakIdentity, drive.is_weak()),
        (Exception::BehindBridge, bridged || drive.transport == Transport::Usb),
        (Exception::SpareBlocksNotAddressed, plan.technique == Technique::Overwrite && is_device),
        (Exception::HiddenAreasNotProbed, is_device),
        (Exception::FileNotDevice, !is_device),
        (Exception::FirmwareErasureNotProbed, unknown),
        (Exception::Sampled, reasons.iter().any(|reason| matches!(reason, Reason::SampleReadBack { .. }))),
        (Exception::RecoveredFromJournal, evidence.facts().iter().any(|entry| entry.fact == Fact::Recovered)),
        (Exception::ClockImplausible, evidence.setting.clock.source == ClockSource::Implausible),
    ]
    .into_iter()
    .filter_map(|(exception, applies)| applies.then_some(exception))
    .collect()
}
