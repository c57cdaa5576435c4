//! The rests that a drive gets which becomes too hot while it is written or read back.

use super::{COOLING_MS, COOLING_STEP_MS};
use crate::evidence::Fact;
use crate::firmware::Health;
use crate::job::{Job, Next};

/// How far below its limit a drive must be before it is worked again: one that goes on at the limit itself is back above it at once.
const COOLED_C: i16 = 5;

impl Job {
    /// What a drive at work says of its health. Only a rest, and how it ended, belong into the evidence: a pass of a day would fill it
    /// with thousands of temperatures that say nothing.
    pub(in crate::job) fn felt(&mut self, now_ms: u64, health: Health) -> Next {
        let Some(since_ms) = self.erase.resting_since_ms else {
            if !health.is_too_hot() {
                return Next::GoOn;
            }
            self.evidence.add(now_ms, Fact::TooHot { health });
            self.erase.resting_since_ms = Some(now_ms);
            return Next::CheckHealth { after_ms: COOLING_STEP_MS };
        };
        let rested_ms = now_ms.saturating_sub(since_ms);
        let is_warm = health.is_within(COOLED_C);
        if is_warm && rested_ms < COOLING_MS {
            return Next::CheckHealth { after_ms: COOLING_STEP_MS };
        }
        self.erase.resting_since_ms = None;
        let is_too_hot = health.is_too_hot();
        let fact = Fact::Rested { rested_ms, health };
        // Half an hour without a request, and it is above its limit still: this is not the heat of its work.
        if is_too_hot {
            return self.end(now_ms, fact);
        }
        self.evidence.add(now_ms, fact);
        Next::GoOn
    }
}
