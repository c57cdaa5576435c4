//! What follows from the evidence. One pure function, and no other way to come to a verdict.

mod exception;
mod reason;
mod tally;

use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::evidence::Evidence;

pub use exception::Exception;
pub use reason::Reason;

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

impl Verdict {
    /// Derives the verdict. A good word needs the drive of the plan to have answered, every step of one way of the plan to have been
    /// done to its end, and every check to agree; whatever is missing from the evidence is taken not to have happened.
    pub(crate) fn derive(evidence: &Evidence) -> Self {
        tally::derive(evidence)
    }

    /// Why the ways that were gone before the last one came to nothing, in order. A good verdict does not name them among its reasons.
    pub(crate) fn setbacks(evidence: &Evidence) -> Vec<Reason> {
        tally::setbacks(evidence)
    }
}
