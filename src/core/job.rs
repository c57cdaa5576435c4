//! One erasure as a state machine: it hears what happened and when, and answers with the one thing to do next. No I/O, no clock.

mod erase;
pub mod resume;

use alloc::string::String;

use crate::consent::{Consent, WrongConsent};
use crate::drive::{Identity, MediaError, OpenError};
use crate::evidence::{Drawn, Evidence, Expect, Fact, JobId, Mismatches, Setting};
use crate::firmware::{Begun, Exchange, Health, Prepared, Settled, Standing};
use crate::gauge::{self, Gauge};
use crate::marker::{Placed, Sought};
use crate::pass::Report;
use crate::pattern::Pattern;
use crate::plan::Plan;
use crate::policy::Coverage;
use crate::survey::{Survey, When};
use crate::technique::Technique;
use crate::units::{BlockSize, Blocks, Lba};
use crate::verdict::Verdict;

use erase::Erase;

/// The job of erasing one drive.
#[derive(Debug)]
pub struct Job {
    evidence: Evidence,
    ended: bool,
    erase: Erase,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// The worker is ready.
    Ready,
    /// The drive was opened and said who it is.
    Opened(Identity),
    /// It could not be opened.
    NotOpened(OpenError),
    /// The drive was looked over.
    Prepared(Prepared),
    /// A command went to the drive, or came back from it.
    Exchanged(Exchange),
    /// The drive's health was read.
    Health(Health),
    /// The drive's health was read while it was being written or read back, or while it rests from that.
    Felt(Health),
    /// The drive was looked over, as far as it let itself be read.
    Surveyed(When, Survey),
    /// The markers were placed.
    Marked(Placed),
    /// The drive was asked to erase itself, and answered.
    Begun(Begun),
    /// What the drive's status says.
    Standing(Standing),
    /// The drive was tidied up after its erase.
    Settled(Settled),
    /// The markers were looked for.
    Sought(Sought),
    /// The markers were looked for on the medium itself, and the drive was told to go on.
    SoughtOnMedium(Sought),
    /// It was found out how fast the drive takes zeros and random data.
    Gauged(Gauge),
    /// The pass that was asked for is over, from its beginning or from where it was resumed.
    PassEnded(Report),
    /// What was written before an interruption was looked for.
    Rechecked(Report, Mismatches),
    /// The drive was asked to flush, and answered.
    Flushed(Result<(), MediaError>),
    /// The read-back begins, in so many separate places.
    VerifyBegan(u64),
    /// The read-back is over; with the byte that all blocks are expected to hold, if one was found.
    VerifyEnded(Report, Mismatches, Option<u8>),
    /// The drive was asked for its blocks after a format to another length: how many there are of that length, or what is there instead.
    Reformatted(Result<Blocks, String>),
    /// The operator stopped the job.
    Stopped,
    /// The worker died.
    Crashed(String),
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Open the drive exclusively and ask it who it is; a handle that is open already is closed first.
    Open,
    /// Look the drive over ([`crate::firmware::Firmware::prepare`]).
    Prepare,
    /// Wait, then read the drive's health.
    CheckHealth {
        /// How long to wait first.
        after_ms: u64,
    },
    /// Look over what the drive holds. Nothing that comes of it is an error.
    Survey(When),
    /// Place the markers.
    Mark,
    /// Ask the drive to erase itself.
    Begin(Technique),
    /// Wait, then ask the drive how its erase is doing.
    Watch {
        /// How long to wait first.
        after_ms: u64,
    },
    /// Tidy up after an erase and check what must hold now.
    Settle(Technique),
    /// Look for the markers.
    Seek,
    /// Look for the markers on the medium itself, then tell the drive to go on.
    SeekOnMedium,
    /// Find out how fast the drive takes zeros and random data.
    Gauge,
    /// Write every block from one on.
    Write {
        /// The number of the pass, counted from 1.
        number: u32,
        /// What to write.
        pattern: Pattern,
        /// The first block; not 0 where an interrupted pass goes on.
        from: Lba,
    },
    /// Look for what this pass has written below a block, at [`resume::places`].
    Recheck {
        /// The number of the pass, counted from 1.
        number: u32,
        /// What it wrote.
        pattern: Pattern,
        /// The block.
        below: Lba,
    },
    /// Have the drive put everything onto the medium.
    Flush,
    /// Read back and compare.
    Verify {
        /// How much.
        coverage: Coverage,
        /// What must be there.
        expect: Expect,
    },
    /// Have the drive begin to format itself to blocks of this length ([`crate::firmware::Firmware::reformat`]).
    Reformat(BlockSize),
    /// Ask the drive for its blocks, which should have this length now.
    Measure(BlockSize),
    /// Go on with what was being done.
    GoOn,
    /// It is over.
    End(Verdict),
}

impl Job {
    /// A job that may do what `plan` says to its drive, because `consent` was given about that drive.
    ///
    /// # Errors
    /// [`WrongConsent`] if it was given about another one, or by fewer persons than the plan asks for.
    pub fn new(id: JobId, plan: Plan, consent: Consent, setting: Setting, drawn: Drawn) -> Result<Self, WrongConsent> {
        let given = consent.spend(&plan)?;
        Ok(Self { evidence: Evidence::new(id, setting, plan, given, drawn), ended: false, erase: Erase::default() })
    }

    /// What is known so far.
    pub const fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// What is known in the end.
    pub fn into_evidence(self) -> Evidence {
        self.evidence
    }

    /// Takes note of what happened at `now_ms` (milliseconds since the machine started) and says what to do next.
    pub fn hear(&mut self, now_ms: u64, heard: Heard) -> Next {
        if self.ended {
            return Next::End(self.evidence.verdict());
        }
        if self.erase.reformats {
            return self.reformatting(now_ms, heard);
        }
        match heard {
            Heard::Ready => Next::Open,
            Heard::Opened(found) => self.opened(now_ms, found),
            Heard::NotOpened(error) => self.end(now_ms, Fact::NotOpened { error }),
            Heard::Prepared(prepared) => self.prepared(now_ms, prepared),
            Heard::Exchanged(exchange) => {
                self.evidence.add(now_ms, Fact::Exchanged { exchange });
                Next::GoOn
            }
            Heard::Health(health) => self.health(now_ms, health),
            Heard::Felt(health) => self.felt(now_ms, health),
            Heard::Surveyed(when, survey) => self.surveyed(now_ms, when, survey),
            Heard::Marked(placed) => self.marked(now_ms, placed),
            Heard::Begun(begun) => self.begun(now_ms, &begun),
            Heard::Standing(standing) => self.stands(now_ms, &standing),
            Heard::Settled(settled) => self.settled(now_ms, settled),
            Heard::Sought(sought) => self.sought(now_ms, sought),
            Heard::SoughtOnMedium(sought) => self.sought_on_medium(now_ms, sought),
            Heard::Gauged(gauge) => {
                self.evidence.add(now_ms, Fact::Gauged { gauge });
                self.write(now_ms, 0)
            }
            Heard::PassEnded(report) => self.pass_ended(now_ms, report),
            Heard::Rechecked(report, mismatches) => self.rechecked(now_ms, report, mismatches),
            Heard::Flushed(Err(error)) => self.end(now_ms, Fact::NotFlushed { error }),
            Heard::Flushed(Ok(())) => {
                self.evidence.add(now_ms, Fact::Flushed);
                self.write(now_ms, self.erase.passes)
            }
            Heard::VerifyBegan(places) => {
                let (coverage, expect) = (self.evidence.plan.verify, self.expect());
                self.evidence.add(now_ms, Fact::VerifyBegan { coverage, places, expect });
                Next::GoOn
            }
            Heard::VerifyEnded(report, mismatches, constant) => {
                self.evidence.add(now_ms, Fact::VerifyEnded { report, mismatches, constant });
                Next::Survey(When::After)
            }
            Heard::Reformatted(_) => {
                self.end(now_ms, Fact::Crashed { what: "a format was measured that nobody had asked for".into() })
            }
            Heard::Stopped => self.end(now_ms, Fact::Stopped),
            Heard::Crashed(what) => self.end(now_ms, Fact::Crashed { what }),
        }
    }

    /// Begins the pass with this index, or the read-back when there is none.
    fn write(&mut self, now_ms: u64, index: usize) -> Next {
        let passes = self.evidence.passes();
        let geometry = self.evidence.plan.drive.geometry();
        let is_wanted = geometry.is_some_and(|geometry| !gauge::pairs(geometry, &passes).is_empty());
        if is_wanted && !core::mem::replace(&mut self.erase.is_gauged, true) {
            self.evidence.add(now_ms, Fact::GaugeBegan);
            return Next::Gauge;
        }
        match (passes.get(index).copied(), u32::try_from(index + 1)) {
            (Some(pattern), Ok(number)) => {
                self.evidence.add(now_ms, Fact::PassBegan { number, pattern });
                Next::Write { number, pattern, from: Lba(0) }
            }
            _ => self.verify(),
        }
    }

    fn verify(&self) -> Next {
        Next::Verify { coverage: self.evidence.plan.verify, expect: self.expect() }
    }

    /// What the last step leaves on the drive.
    fn expect(&self) -> Expect {
        self.way().map_or(Expect::Erased, |way| self.evidence.leaves(way))
    }

    fn pass_ended(&mut self, now_ms: u64, report: Report) -> Next {
        self.erase.passes += 1;
        let number = u32::try_from(self.erase.passes).unwrap_or(u32::MAX);
        let whole = report.is_whole();
        let fact = Fact::PassEnded { number, report };
        if !whole {
            // The word can no longer be a good one: hours of further passes over a failing drive would tell nobody anything.
            return self.end(now_ms, fact);
        }
        self.evidence.add(now_ms, fact);
        Next::Flush
    }

    fn end(&mut self, now_ms: u64, last: Fact) -> Next {
        self.evidence.add(now_ms, last);
        self.over()
    }

    fn over(&mut self) -> Next {
        self.ended = true;
        Next::End(self.evidence.verdict())
    }
}

#[cfg(test)]
mod erase_tests;
#[cfg(test)]
pub(crate) mod tests;
