//! What a drive did to itself, as the certificate words it: the ways that were gone, the commands that count, the marker test, and
//! how the drive was before and after.

use minicbor::{Decode, Encode};
use purgeproof_core::technique::{Level, Technique};

use crate::code::Coded;

/// How many bytes of a command, a status or a status page a certificate holds; the evidence has all of them.
pub const RAW_BYTES: usize = 32;

/// One row of the decision table that was set out on.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Way {
    /// The row's name.
    #[n(0)]
    pub row: String,
    /// The level that its steps attain on this medium.
    #[n(1)]
    pub level: Coded<Level>,
    /// What it takes, in order.
    #[n(2)]
    pub steps: Vec<Coded<Technique>>,
    /// What the drive was asked to do, in order; a technique that was tried again is here again.
    #[n(3)]
    pub asked: Vec<Step>,
}

/// One erase that the drive was asked for.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Step {
    /// Which.
    #[n(1)]
    pub technique: Coded<Technique>,
    /// What came of it, by the drive's own word.
    #[n(2)]
    pub end: End,
    /// From the request to that word, in milliseconds.
    #[n(3)]
    pub took_ms: u64,
    /// The drive's own estimate, in seconds.
    #[n(4)]
    pub estimate_s: Option<u64>,
    /// The bytes of the command that destroys.
    #[n(5)]
    pub command: Option<Raw>,
    /// The status that came back to it.
    #[n(6)]
    pub answer: Option<Raw>,
    /// The status of the last request for the drive's erase status.
    #[n(7)]
    pub status: Option<Raw>,
    /// The page that came with it, from its beginning.
    #[n(8)]
    pub page: Option<Raw>,
    /// `true` if the drive says in so many words that this purged its data (NVMe `SSTAT.PRGD`); absent otherwise.
    #[n(9)]
    pub purged: Option<bool>,
}

/// What came of an erase, by the drive's own word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum End {
    /// It reports that it is complete.
    #[n(1)]
    Completed,
    /// It said no.
    #[n(2)]
    Refused,
    /// It reports that it failed.
    #[n(3)]
    Failed,
    /// No answer to the command is recorded.
    #[n(4)]
    Unanswered,
    /// It took the command, and no report of an end is recorded.
    #[n(5)]
    Open,
}

/// Bytes as they went over the bus, the first [`RAW_BYTES`] of them.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Raw(
    /// The bytes.
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub Vec<u8>,
);

/// The marker test (`purgeproof_core::marker`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Markers {
    /// How many places were drawn.
    #[n(0)]
    pub places: u64,
    /// How many markers were written and read back from the medium.
    #[n(1)]
    pub landed: u64,
    /// How many places have the owner's data beside them.
    #[n(2)]
    pub witnesses: u64,
    /// What was found after the erase; absent if nobody looked.
    #[n(3)]
    pub sought: Option<Sought>,
}

/// What was found in the places of the markers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Sought {
    /// Markers that are still there.
    #[n(0)]
    pub left: u64,
    /// Blocks of the owner's that are still there.
    #[n(1)]
    pub witnesses_left: u64,
    /// Places that hold one byte repeated.
    #[n(2)]
    pub constant: u64,
    /// Places that hold anything else.
    #[n(3)]
    pub other: u64,
    /// Blocks that could not be read.
    #[n(4)]
    pub unreadable: u64,
    /// Places that the drive does not hand out because, by its own word, they were erased and not written since.
    #[n(5)]
    pub blank: Option<u64>,
}

impl Sought {
    /// How many markers were accounted for.
    pub fn looked_at(&self) -> u64 {
        let blank = self.blank.unwrap_or_default();
        [self.constant, self.other, blank].into_iter().fold(self.left, u64::saturating_add)
    }
}

/// The drive's own account of its health, as far as it gives one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Health {
    /// Before anything was done.
    #[n(1)]
    pub before: Option<Vitals>,
    /// In the end.
    #[n(2)]
    pub after: Option<Vitals>,
}

/// One such account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Vitals {
    /// Degrees Celsius.
    #[n(1)]
    pub temperature_c: Option<i16>,
    /// Sectors replaced by spare ones.
    #[n(2)]
    pub reallocated: Option<u64>,
    /// Sectors that wait for a decision.
    #[n(3)]
    pub pending: Option<u64>,
    /// Errors of the medium.
    #[n(4)]
    pub media_errors: Option<u64>,
    /// The share of its life that is used up, in percent.
    #[n(5)]
    pub used_percent: Option<u8>,
}

impl Way {
    /// What of it the drive's firmware has to do, in order.
    pub fn firmware(&self) -> impl Iterator<Item = Technique> + '_ {
        self.steps.iter().map(|step| step.0).filter(|step| step.is_firmware())
    }

    /// What of it the drive reports as complete, in order.
    pub fn completed(&self) -> impl Iterator<Item = Technique> + '_ {
        self.asked.iter().filter(|step| step.end == End::Completed).map(|step| step.technique.0)
    }

    /// The host overwrites every block, alone or in the end.
    pub fn overwrites(&self) -> bool {
        self.steps.contains(&Coded(Technique::Overwrite))
    }
}
