//! One erasure as a state machine: it hears what happened and when, and answers with the one thing to do next. No I/O, no clock.

use alloc::string::String;

use crate::consent::Consent;
use crate::drive::{Identity, MediaError, OpenError};
use crate::evidence::{Drawn, Evidence, Fact, JobId, Mismatches, Setting};
use crate::pass::Report;
use crate::pattern::Pattern;
use crate::plan::Plan;
use crate::policy::Coverage;
use crate::verdict::Verdict;

/// The job of erasing one drive.
#[derive(Debug)]
pub struct Job {
    evidence: Evidence,
    ended: bool,
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
    /// The pass that was asked for is over.
    PassEnded(Report),
    /// The drive was asked to flush, and answered.
    Flushed(Result<(), MediaError>),
    /// The read-back begins, in so many separate places.
    VerifyBegan(u64),
    /// The read-back is over.
    VerifyEnded(Report, Mismatches),
    /// The operator stopped the job.
    Stopped,
    /// The worker died.
    Crashed(String),
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Open the drive exclusively and ask it who it is.
    Open,
    /// Write every block.
    Write {
        /// The number of the pass, counted from 1.
        number: u32,
        /// What to write.
        pattern: Pattern,
    },
    /// Have the drive put everything onto the medium.
    Flush,
    /// Read back and compare with what the last pass wrote.
    Verify {
        /// How much.
        coverage: Coverage,
        /// What must be there.
        pattern: Pattern,
    },
    /// Go on with what was being done.
    GoOn,
    /// It is over.
    End(Verdict),
}

/// The consent was about another drive. The job does not exist, and the consent is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongConsent;

impl core::fmt::Display for WrongConsent {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(
            "The consent was given about another drive: nothing was done. Confirm this drive by its own serial number",
        )
    }
}

impl core::error::Error for WrongConsent {}

impl Job {
    /// A job that may do what `plan` says to its drive, because `consent` was given about that drive.
    ///
    /// # Errors
    /// [`WrongConsent`] if it was given about another one.
    pub fn new(id: JobId, plan: Plan, consent: Consent, setting: Setting, drawn: Drawn) -> Result<Self, WrongConsent> {
        let given = consent.spend(&plan.drive).ok_or(WrongConsent)?;
        Ok(Self { evidence: Evidence::new(id, setting, plan, given, drawn), ended: false })
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
        match heard {
            Heard::Ready => Next::Open,
            Heard::Opened(found) if !found.is_same_drive(&self.evidence.plan.drive) => {
                self.end(now_ms, Fact::OtherDrive { found })
            }
            Heard::Opened(found) => {
                self.evidence.add(now_ms, Fact::Opened { found });
                self.write(now_ms, 0)
            }
            Heard::NotOpened(error) => self.end(now_ms, Fact::NotOpened { error }),
            Heard::PassEnded(report) => self.pass_ended(now_ms, report),
            Heard::Flushed(Err(error)) => self.end(now_ms, Fact::NotFlushed { error }),
            Heard::Flushed(Ok(())) => {
                self.evidence.add(now_ms, Fact::Flushed);
                self.after_flush(now_ms)
            }
            Heard::VerifyBegan(places) => {
                let coverage = self.evidence.plan.verify;
                self.evidence.add(now_ms, Fact::VerifyBegan { coverage, places });
                Next::GoOn
            }
            Heard::VerifyEnded(report, mismatches) => self.end(now_ms, Fact::VerifyEnded { report, mismatches }),
            Heard::Stopped => self.end(now_ms, Fact::Stopped),
            Heard::Crashed(what) => self.end(now_ms, Fact::Crashed { what }),
        }
    }

    fn passes_done(&self) -> usize {
        self.evidence.facts().iter().filter(|entry| matches!(entry.fact, Fact::PassEnded { .. })).count()
    }

    /// Begins the pass with this index, or the read-back when there is none.
    fn write(&mut self, now_ms: u64, index: usize) -> Next {
        match (self.evidence.plan.passes.get(index).copied(), u32::try_from(index + 1)) {
            (Some(pattern), Ok(number)) => {
                self.evidence.add(now_ms, Fact::PassBegan { number, pattern });
                Next::Write { number, pattern }
            }
            _ => self.verify(),
        }
    }

    fn verify(&mut self) -> Next {
        if let Some(pattern) = self.evidence.plan.passes.last().copied() {
            Next::Verify { coverage: self.evidence.plan.verify, pattern }
        } else {
            self.ended = true;
            Next::End(self.evidence.verdict())
        }
    }

    fn pass_ended(&mut self, now_ms: u64, report: Report) -> Next {
        let number = u32::try_from(self.passes_done() + 1).unwrap_or(u32::MAX);
        let whole = report.is_whole();
        let fact = Fact::PassEnded { number, report };
        if !whole {
            // The word can no longer be a good one: hours of further passes over a failing drive would tell nobody anything.
            return self.end(now_ms, fact);
        }
        self.evidence.add(now_ms, fact);
        Next::Flush
    }

    fn after_flush(&mut self, now_ms: u64) -> Next {
        let done = self.passes_done();
        self.write(now_ms, done)
    }

    fn end(&mut self, now_ms: u64, last: Fact) -> Next {
        self.evidence.add(now_ms, last);
        self.ended = true;
        Next::End(self.evidence.verdict())
    }
}

#[cfg(test)]
mod tests;
