//! Blocks of another length: what a policy may have done to a drive once it is erased, so that its next owner can use it.
//!
//! The disks of storage arrays have blocks of 520 or 528 bytes, for which Linux gives them no size. They are erased as they are; the format
//! comes after the last fact that the verdict rests on, and no verdict rests on it: it improves none, and if it fails, none is lost.

use alloc::string::String;
use core::fmt;

use crate::evidence::{Evidence, Fact};
use crate::units::{BlockSize, Blocks};

/// A format to blocks of another length that was asked for, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reformat {
    /// The length that was asked for.
    pub to: BlockSize,
    /// What became of it.
    pub end: End,
}

/// What became of a reformat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The drive was not asked: its erase has come to no good end, or the record ends before.
    NotBegun,
    /// It was begun, and no end of it is recorded.
    Open,
    /// The drive has so many blocks of that length now.
    Done(Blocks),
    /// It has not, as far as is known, and why, in a clause.
    Failed(String),
}

impl Reformat {
    pub(crate) fn of(evidence: &Evidence) -> Option<Self> {
        let to = evidence.plan.reformat?;
        let end = evidence.facts().iter().fold(End::NotBegun, |so_far, entry| match &entry.fact {
            Fact::ReformatBegan { .. } => End::Open,
            Fact::Reformatted { blocks } => End::Done(*blocks),
            Fact::NotReformatted { why } => End::Failed(why.clone()),
            _ => so_far,
        });
        Some(Self { to, end })
    }
}

impl fmt::Display for Reformat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let to = self.to.get();
        match &self.end {
            End::NotBegun => write!(f, "not formatted to {to}-byte blocks: the drive was not asked"),
            End::Open => write!(f, "the format to {to}-byte blocks was begun, and no end of it is recorded"),
            End::Done(blocks) => write!(f, "formatted to {to}-byte blocks: {} of them", blocks.0),
            End::Failed(why) => write!(f, "the format to {to}-byte blocks was asked for and failed: {why}"),
        }
    }
}
