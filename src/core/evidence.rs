//! Everything that is known about one erasure: append-only, journalled as it grows, and the only thing that a verdict or a
//! certificate is made from.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::consent::Given;
use crate::drive::{Identity, MediaError, OpenError, Transport};
use crate::firmware::{Begun, Exchange, Health, Prepared, Settled, Standing};
use crate::gauge::Gauge;
use crate::marker::{Placed, Sought};
use crate::pass::Report;
use crate::pattern::Pattern;
use crate::plan::{Plan, Way};
use crate::policy::Coverage;
use crate::reformat::Reformat;
use crate::scheme;
use crate::stream::Stream;
use crate::survey::{Survey, When};
use crate::technique::Technique;
use crate::units::{BlockSize, Blocks, Lba};
use crate::verdict::{Reason, Verdict};

mod hex;
mod mismatches;
mod run;
mod setting;

pub use hex::{NotHex, hex, unhex, unhex_vec};
pub use mismatches::Mismatches;
pub use run::Run;
pub use setting::{Battery, Clock, ClockSource, Concealing, Machine, Setting, Tool};

/// The record of one erasure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The job's number, drawn at random: the certificate bears it.
    pub job: JobId,
    /// Where, when, with what and by whom.
    pub setting: Setting,
    /// What was decided, about which drive.
    pub plan: Plan,
    /// Who gave leave.
    pub consent: Given,
    /// The random numbers that the job uses, drawn before the first command.
    pub drawn: Drawn,
    /// What happened, in order.
    facts: Vec<Entry>,
}

/// 16 random bytes; printed as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct JobId(pub [u8; 16]);

/// 32 random bytes, in JSON as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Secret(pub [u8; 32]);

/// The random numbers of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drawn {
    /// The key of the keystream that the last pass writes if it is random; those before it have keys made from it
    /// ([`crate::scheme::key`]). With it anybody can compute what any block must hold.
    pub key: Secret,
    /// The seed of the places that a sampled read-back visits, and of what a scheme leaves to chance; fixed before the first write.
    pub seed: Secret,
    /// The keystream of random passes and of markers, chosen before the job began.
    #[serde(default)]
    pub stream: Stream,
    /// What holds the key fast, if the policy withholds it from the evidence file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withheld: Option<Commitment>,
}

/// The SHA-256 of a key that is not told, in JSON as 64 hexadecimal digits: who shows a key later can be held to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Commitment([u8; 32]);

impl Commitment {
    /// To this key.
    pub fn to(key: &Secret) -> Self {
        Self(Sha256::digest(key.0).into())
    }
}

/// One fact with its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Milliseconds since the machine started.
    pub at_ms: u64,
    /// What happened.
    pub fact: Fact,
}

/// What can happen to a drive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fact {
    /// It was opened exclusively and said who it is; it is the drive of the plan.
    Opened {
        /// Its answer.
        found: Identity,
    },
    /// It could not be opened.
    NotOpened {
        /// Why.
        error: OpenError,
    },
    /// Another drive answered in its place; nothing was written.
    OtherDrive {
        /// Its answer.
        found: Identity,
    },
    /// How the drive was found before anything was destroyed, and which hidden areas were opened.
    Prepared {
        /// The findings.
        prepared: Prepared,
    },
    /// A command to the drive, noted before it is sent if it changes anything, and again with its answer.
    Exchanged {
        /// What went and what came.
        exchange: Exchange,
    },
    /// Too hot to work: the job waits.
    TooHot {
        /// What the drive says.
        health: Health,
    },
    /// The drive has rested from being written or read back; nothing was asked of it but its temperature. If that is above its limit
    /// still, the job ends here.
    Rested {
        /// For how long, in milliseconds.
        rested_ms: u64,
        /// What the drive says now.
        health: Health,
    },
    /// The drive was looked over, as far as it let itself be read.
    Surveyed {
        /// Whether that was before the first write or after the last.
        when: When,
        /// What was found.
        survey: Survey,
    },
    /// The markers are about to be written. From here on the drive is no longer as it was.
    MarkingBegan,
    /// The markers were placed.
    MarkersPlaced {
        /// How that went.
        placed: Placed,
    },
    /// The markers were looked for.
    MarkersSought {
        /// What is there now.
        sought: Sought,
    },
    /// The markers were looked for on the medium itself, while the drive let it be read ([`crate::firmware::Standing::Verifiable`]).
    SoughtOnMedium {
        /// What was there.
        sought: Sought,
    },
    /// The drive is about to be asked to erase itself. From here on its content is taken to be going.
    EraseBegan {
        /// How.
        technique: Technique,
    },
    /// The drive's answer to that.
    EraseAnswered {
        /// The answer.
        begun: Begun,
    },
    /// What the drive's own status says now; noted when it changes and at every tenth of the way.
    Stands {
        /// The status.
        standing: Standing,
    },
    /// Nothing has moved for so long that the erase is given up, though it may still go on.
    Stalled {
        /// How long, in seconds.
        quiet_s: u64,
    },
    /// How the drive was left after a firmware erase.
    Settled {
        /// What holds and what does not.
        settled: Settled,
    },
    /// The drive's health, read again.
    Health {
        /// What it says.
        health: Health,
    },
    /// The way that was tried led nowhere; another one is taken, for which there is leave.
    FellThrough {
        /// The index of the new way in the plan.
        way: usize,
    },
    /// It is about to be found out whether the drive stores zeros. From here on its content is being destroyed.
    GaugeBegan,
    /// How fast it takes zeros and random data. If it takes zeros as if it did not store them, a random pass comes before the planned ones.
    Gauged {
        /// The times.
        gauge: Gauge,
    },
    /// An overwrite pass begins. From here on the drive's content is being destroyed.
    PassBegan {
        /// Counted from 1.
        number: u32,
        /// What is written.
        pattern: Pattern,
    },
    /// How far the pass under way is known to have come: all blocks below this one were written, and then the drive confirmed that
    /// everything is on the medium. Only the journal has these; the last one before an interruption becomes a fact.
    Checkpoint {
        /// The first block that is not known to be written.
        below: Lba,
    },
    /// The run that did this ended in the middle, or the drive had left, and now it goes on. Times from here on are by this clock.
    Resumed {
        /// Its circumstances.
        setting: Box<Setting>,
        /// Who gave leave for it to go on.
        consent: Given,
        /// The number that the job had until then, if it was certified under it: what is here supersedes that certificate.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<JobId>,
    },
    /// What was written before the interruption was looked for, at the places of [`crate::job::resume::places`].
    Rechecked {
        /// How the reading went.
        report: Report,
        /// What came back otherwise than it was written.
        mismatches: Mismatches,
    },
    /// The pass that was interrupted goes on.
    PassResumed {
        /// Counted from 1.
        number: u32,
        /// What is written.
        pattern: Pattern,
        /// The first block that is written now.
        from: Lba,
    },
    /// The pass is over, whole or not. Only blocks that were transferred since it began or was resumed are in the report.
    PassEnded {
        /// Counted from 1.
        number: u32,
        /// How it went.
        report: Report,
    },
    /// The drive says that everything is on the medium.
    Flushed,
    /// It could not say so.
    NotFlushed {
        /// The drive's error.
        error: MediaError,
    },
    /// The read-back begins.
    VerifyBegan {
        /// How much is read.
        coverage: Coverage,
        /// The number of separate places that will be read; 1 for the whole medium.
        places: u64,
        /// What is expected there.
        expect: Expect,
    },
    /// The read-back is over, whole or not.
    VerifyEnded {
        /// How the reading went.
        report: Report,
        /// What came back otherwise than expected.
        mismatches: Mismatches,
        /// The byte that every block of an erased drive holds, if the first block read was one byte repeated.
        constant: Option<u8>,
    },
    /// The erase has come to a good end, and now the drive is asked to format itself to blocks of another length, which the plan has.
    ReformatBegan {
        /// Their length.
        to: BlockSize,
    },
    /// The drive says that it has blocks of that length now.
    Reformatted {
        /// How many.
        blocks: Blocks,
    },
    /// It has not, as far as is known.
    NotReformatted {
        /// Why, in a clause.
        why: String,
    },
    /// The operator stopped the job.
    Stopped,
    /// A fault of this program ended the job.
    Crashed {
        /// Its last words.
        what: String,
    },
    /// The run that did the job left no certificate; a later one makes it from the journal, as far as that goes.
    Recovered,
}

/// What a read-back expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Expect {
    /// What the last pass wrote.
    Pattern(Pattern),
    /// What firmware left: one byte repeated if the first block is that, else anything that can be read.
    Erased,
}

impl Expect {
    /// The byte that every block must hold, if it is one repeated.
    pub const fn byte(self) -> Option<u8> {
        match self {
            Self::Pattern(Pattern::Byte(byte)) => Some(byte),
            Self::Pattern(_) | Self::Erased => None,
        }
    }
}

impl Evidence {
    /// A record in which nothing has happened yet.
    pub const fn new(job: JobId, setting: Setting, plan: Plan, consent: Given, drawn: Drawn) -> Self {
        Self { job, setting, plan, consent, drawn, facts: Vec::new() }
    }

    /// Appends a fact. There is no way to take one back.
    pub fn add(&mut self, at_ms: u64, fact: Fact) {
        self.facts.push(Entry { at_ms, fact });
    }

    /// What happened, in order.
    pub fn facts(&self) -> &[Entry] {
        &self.facts
    }

    /// What the overwrite passes write, in order, with everything drawn that the plan leaves to chance.
    pub fn passes(&self) -> Vec<Pattern> {
        let scheme = self.plan.scheme.as_deref().and_then(scheme::named);
        let shuffled = scheme.map_or(0..0, |scheme| scheme.shuffled.clone());
        let mut passes = scheme::written(&self.plan.passes, shuffled, &self.drawn.seed);
        if self.dropped_zeros().is_some() {
            passes.insert(0, Pattern::Random);
        }
        passes
    }

    /// What showed that the drive does not store zeros, if anything did: then a random pass stands before those of the plan.
    pub fn dropped_zeros(&self) -> Option<&Gauge> {
        let gauges = self.facts.iter().filter_map(|entry| match &entry.fact {
            Fact::Gauged { gauge } => Some(gauge),
            _ => None,
        });
        gauges.into_iter().find(|gauge| gauge.drops_zeros())
    }

    /// What the last step of a way leaves on the drive.
    pub(crate) fn leaves(&self, way: &Way) -> Expect {
        match (way.steps.last(), self.passes().last()) {
            (Some(Technique::Overwrite), Some(pattern)) => Expect::Pattern(*pattern),
            // The drive is asked to write zeros; one with NVMe deallocates its blocks after that, and they read as it likes.
            (Some(Technique::SanitizeOverwrite), _) if self.plan.drive.transport != Transport::Nvme => {
                Expect::Pattern(Pattern::Byte(0))
            }
            _ => Expect::Erased,
        }
    }

    /// What follows from it.
    pub fn verdict(&self) -> Verdict {
        Verdict::derive(self)
    }

    /// Why the ways that were gone before the last one came to nothing.
    pub fn setbacks(&self) -> Vec<Reason> {
        Verdict::setbacks(self)
    }

    /// What may leave the stick: the same, but for a key that the policy withholds, which is 32 zeros. The verdict rests on no key.
    #[must_use]
    pub fn disclosed(&self) -> Self {
        let key = if self.drawn.withheld.is_some() { Secret([0; 32]) } else { self.drawn.key };
        Self { drawn: Drawn { key, ..self.drawn }, ..self.clone() }
    }

    /// What became of the reformat, if one was asked for.
    pub fn reformat(&self) -> Option<Reformat> {
        Reformat::of(self)
    }
}

impl Secret {
    /// Another secret, for this use alone: SHA-256 of `PurgeProof `, the use and this one.
    #[must_use]
    pub fn derive(&self, use_of_it: &str) -> Self {
        Self(Sha256::new().chain_update("PurgeProof ").chain_update(use_of_it).chain_update(self.0).finalize().into())
    }
}

/// Text for bytes, as JSON has them.
macro_rules! as_hex {
    ($($bytes:ty),*) => {$(
        impl From<$bytes> for String {
            fn from(bytes: $bytes) -> Self {
                hex(&bytes.0)
            }
        }

        impl TryFrom<String> for $bytes {
            type Error = NotHex;

            fn try_from(text: String) -> Result<Self, NotHex> {
                unhex(&text).map(Self)
            }
        }
    )*};
}

as_hex!(JobId, Secret, Commitment);

impl core::str::FromStr for Secret {
    type Err = NotHex;

    fn from_str(text: &str) -> Result<Self, NotHex> {
        unhex(text).map(Self)
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JobId({self})")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Kept out of panic messages and logs; the evidence file is the one place for it.
        f.write_str("Secret(…)")
    }
}
