//! Everything that is known about one erasure: append-only, journalled as it grows, and the only thing that a verdict or a
//! certificate is made from.

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
use crate::policy::{Coverage, Record};
use crate::reformat::Reformat;
use crate::scheme;
use crate::stream::Stream;
use crate::survey::{Survey, When};
use crate::technique::Technique;
use crate::units::{BlockSize, Blocks};
use crate::verdict::{Reason, Verdict};

mod hex;
mod mismatches;

pub use hex::{NotHex, hex, unhex, unhex_vec};
pub use mismatches::Mismatches;

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
}

/// The circumstances, the same for all drives of a run but for the time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// This program.
    pub tool: Tool,
    /// The computer that the drive was attached to.
    pub machine: Machine,
    /// What the policy says for the record.
    pub record: Record,
    /// What the time was.
    pub clock: Clock,
    /// The battery that the machine ran on when the job began; `None` if it had another supply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub battery: Option<Battery>,
}

/// A battery that is all that feeds the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Battery {
    /// What is left of its charge, in percent, by its own estimate; `None` if it gives none.
    pub percent: Option<u8>,
}

impl fmt::Display for Battery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("The machine runs on its battery")?;
        if let Some(percent) = self.percent {
            write!(f, " ({percent} %)")?;
        }
        f.write_str(". Plug in its power supply: a drive whose erase is cut off is not erased")
    }
}

/// The program that did the work.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// The version of PurgeProof.
    pub version: String,
    /// The identifier of the boot image; `None` on a workstation.
    pub image: Option<String>,
    /// The kernel's release.
    pub kernel: String,
}

/// The computer, as its firmware describes it (SMBIOS); a field that the firmware leaves blank is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The maker.
    pub vendor: Option<String>,
    /// The product's name.
    pub product: Option<String>,
    /// The serial number.
    pub serial: Option<String>,
    /// The system UUID.
    pub uuid: Option<String>,
    /// The asset tag.
    pub asset: Option<String>,
}

/// Two clocks read at the same moment: one that cannot be set, one that means something to people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// Milliseconds since the machine started, suspended or not.
    pub boot_ms: u64,
    /// Seconds since 1970-01-01 UTC.
    pub unix_s: u64,
    /// How far the wall clock can be trusted.
    pub source: ClockSource,
}

/// Where the wall clock comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClockSource {
    /// The machine's battery clock, which nobody has confirmed.
    #[default]
    RtcUnconfirmed,
    /// A clock that is certainly wrong: it reads earlier than the day this program was built.
    Implausible,
}

impl Clock {
    /// The wall clock at another moment of the monotonic one, in seconds since 1970-01-01 UTC.
    pub const fn unix_at(&self, boot_ms: u64) -> u64 {
        let later_s = boot_ms.saturating_sub(self.boot_ms) / 1000;
        let earlier_s = self.boot_ms.saturating_sub(boot_ms) / 1000;
        self.unix_s.saturating_add(later_s).saturating_sub(earlier_s)
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
    /// The pass is over, whole or not.
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

    /// What became of the reformat, if one was asked for.
    pub fn reformat(&self) -> Option<Reformat> {
        Reformat::of(self)
    }

    /// When the job began and ended, in milliseconds since the machine started.
    pub fn span_ms(&self) -> (u64, u64) {
        let began = self.setting.clock.boot_ms;
        (began, self.facts.last().map_or(began, |entry| entry.at_ms.max(began)))
    }
}

impl Secret {
    /// Another secret, for this use alone: SHA-256 of `PurgeProof `, the use and this one.
    #[must_use]
    pub fn derive(&self, use_of_it: &str) -> Self {
        Self(Sha256::new().chain_update("PurgeProof ").chain_update(use_of_it).chain_update(self.0).finalize().into())
    }
}

impl From<JobId> for String {
    fn from(id: JobId) -> Self {
        hex(&id.0)
    }
}

impl TryFrom<String> for JobId {
    type Error = NotHex;

    fn try_from(text: String) -> Result<Self, NotHex> {
        unhex(&text).map(Self)
    }
}

impl From<Secret> for String {
    fn from(secret: Secret) -> Self {
        hex(&secret.0)
    }
}

impl TryFrom<String> for Secret {
    type Error = NotHex;

    fn try_from(text: String) -> Result<Self, NotHex> {
        unhex(&text).map(Self)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wall_clock_follows_the_one_that_cannot_be_set() {
        let clock = Clock { boot_ms: 10_000, unix_s: 1_800_000_000, source: ClockSource::RtcUnconfirmed };
        assert_eq!(clock.unix_at(75_500), 1_800_000_065);
        assert_eq!(clock.unix_at(4_000), 1_799_999_994);
    }
}
