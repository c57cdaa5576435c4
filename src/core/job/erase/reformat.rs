//! The last thing that a job may do, when every fact about the erase is in the evidence: have the drive format itself to blocks of
//! another length, and note what became of that.

use alloc::format;
use alloc::string::String;

use super::{SILENT, Watch};
use crate::evidence::Fact;
use crate::firmware::{Begun, Standing};
use crate::job::{Heard, Job, Next};

impl Job {
    pub(super) fn reformat(&mut self, now_ms: u64) -> Next {
        // A format would hide what a drive still holds that was not erased.
        let is_good = self.evidence.verdict().outcome.is_good();
        let Some(to) = self.evidence.plan.reformat.filter(|_| is_good) else { return self.over() };
        self.erase.reformats = true;
        self.evidence.add(now_ms, Fact::ReformatBegan { to });
        Next::Reformat(to)
    }

    /// What is heard while it does so ends up in one fact about it.
    pub(in crate::job) fn reformatting(&mut self, now_ms: u64, heard: Heard) -> Next {
        match heard {
            Heard::Exchanged(exchange) => {
                self.evidence.add(now_ms, Fact::Exchanged { exchange });
                Next::GoOn
            }
            Heard::Begun(Begun::Accepted { estimate_s }) => {
                self.erase.watch = Watch::new(now_ms, estimate_s);
                Next::Watch { after_ms: 0 }
            }
            Heard::Begun(Begun::Completed) => self.measure(),
            Heard::Begun(Begun::Refused { why } | Begun::Failed { why } | Begun::Lost { why }) => {
                self.not_reformatted(now_ms, why)
            }
            Heard::Standing(standing) => self.reformat_stands(now_ms, standing),
            Heard::Reformatted(Ok(blocks)) => self.end(now_ms, Fact::Reformatted { blocks }),
            Heard::Reformatted(Err(why)) => self.not_reformatted(now_ms, why),
            Heard::Stopped => {
                self.not_reformatted(now_ms, "the job was stopped; the drive may still be at work on it".into())
            }
            Heard::Crashed(what) => self.end(now_ms, Fact::Crashed { what }),
            other => {
                self.end(now_ms, Fact::Crashed { what: format!("a format was under way, and this came: {other:?}") })
            }
        }
    }

    fn reformat_stands(&mut self, now_ms: u64, standing: Standing) -> Next {
        self.erase.watch.hear(now_ms, &standing);
        let watch = &self.erase.watch;
        let (is_silent, is_ignored) = (watch.silent >= SILENT, watch.never >= SILENT);
        match standing {
            Standing::InProgress { .. } | Standing::Verifiable => {
                if let Some(quiet_s) = watch.stalled_s(now_ms) {
                    return self.not_reformatted(now_ms, format!("nothing has moved for {quiet_s} s"));
                }
            }
            // Over, or never begun: the length of the blocks tells.
            Standing::Completed => return self.measure(),
            Standing::Never if is_ignored => return self.measure(),
            Standing::Failed { why } => return self.not_reformatted(now_ms, why),
            Standing::Unknown { why } if is_silent => return self.not_reformatted(now_ms, why),
            Standing::Gone => return self.not_reformatted(now_ms, "the drive does not answer any more".into()),
            Standing::Never | Standing::Unknown { .. } => {}
        }
        Next::Watch { after_ms: self.erase.watch.interval_ms(now_ms) }
    }

    fn measure(&self) -> Next {
        self.evidence.plan.reformat.map_or(Next::GoOn, Next::Measure)
    }

    fn not_reformatted(&mut self, now_ms: u64, why: String) -> Next {
        self.end(now_ms, Fact::NotReformatted { why })
    }
}
