//! An interruption of the job, and how it went on.

use core::fmt;

use minicbor::{Decode, Encode};
use purgeproof_core::consent::Given;
use purgeproof_core::evidence::{Entry, Evidence, Fact, Machine, Run, hex};

use crate::civil::Civil;
use crate::claims::Consent;
use crate::text::cut;

/// The most interruptions that a certificate lists, the last of them; the evidence has all.
pub const INTERRUPTIONS: usize = 8;

/// The power was cut, the program ended, or the drive left, in the middle of the overwrite or the read-back, and then it went on.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Interruption {
    /// The last that is known from before it, in seconds since 1970-01-01 UTC.
    #[n(1)]
    pub since_unix_s: u64,
    /// When the job went on, in seconds since 1970-01-01 UTC.
    #[n(2)]
    pub until_unix_s: u64,
    /// How many blocks of what had been written were looked for; absent if the job was interrupted again before.
    #[n(3)]
    pub looked_at: Option<u64>,
    /// How many of these were not there any more. With one or more the overwrite began anew.
    #[n(4)]
    pub lost: Option<u64>,
    /// The pass that went on, counted from 1; absent if none did, because all were written.
    #[n(5)]
    pub pass: Option<u32>,
    /// The logical block that it went on at.
    #[n(6)]
    pub from: Option<u64>,
    /// Who gave leave to go on.
    #[n(7)]
    pub consent: Consent,
    /// The computer, if it is another one than the certificate names.
    #[n(8)]
    pub machine: Option<String>,
    /// It was the drive that left, and came back.
    #[n(9)]
    pub left: Option<bool>,
    /// The number of the certificate about the job as it was until then, which this one supersedes; absent if there was none.
    #[n(10)]
    pub superseded: Option<Superseded>,
}

/// The number of a certificate that another one takes the place of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Superseded(#[cbor(n(0), with = "minicbor::bytes")] pub [u8; 16]);

impl Interruption {
    /// The last of a job's interruptions, in order; none if there was none.
    pub(crate) fn of(evidence: &Evidence) -> Option<Vec<Self>> {
        let runs: Vec<Run<'_>> = evidence.runs().collect();
        let all = runs.windows(2).filter_map(|pair| match pair {
            [before, after] => Self::between(before, after, &evidence.setting.machine),
            _ => None,
        });
        let all: Vec<Self> = all.collect();
        let last = all.len().saturating_sub(INTERRUPTIONS);
        all.get(last..).filter(|last| !last.is_empty()).map(<[Self]>::to_vec)
    }

    fn between(before: &Run<'_>, after: &Run<'_>, first: &Machine) -> Option<Self> {
        let [Entry { fact: Fact::Resumed { setting, consent, after: number }, .. }, facts @ ..] = after.facts else {
            return None;
        };
        let looked = facts.iter().find_map(|entry| match &entry.fact {
            Fact::Rechecked { report, mismatches } => {
                Some((report.wanted.0, report.wanted.0.saturating_sub(report.covered.0) + mismatches.blocks.0))
            }
            _ => None,
        });
        let went_on = facts.iter().find_map(|entry| match entry.fact {
            Fact::PassBegan { number, .. } => Some((number, 0)),
            Fact::PassResumed { number, from, .. } => Some((number, from.0)),
            _ => None,
        });
        Some(Self {
            since_unix_s: before.clock.unix_at(before.end_ms()),
            until_unix_s: setting.clock.unix_s,
            looked_at: looked.map(|(wanted, _)| wanted),
            lost: looked.map(|(_, lost)| lost).filter(|lost| *lost > 0),
            pass: went_on.map(|(pass, _)| pass),
            from: went_on.map(|(_, from)| from),
            consent: Consent::of(consent),
            machine: (setting.machine != *first).then(|| machine(&setting.machine)),
            left: before.has_lost_its_drive().then_some(true),
            superseded: number.map(|number| Superseded(number.0)),
        })
    }

    /// What had been written before was taken for written.
    pub(crate) fn rests_on_what_was_written(&self) -> bool {
        self.looked_at.is_some() && self.lost.is_none() && (self.pass, self.from) != (Some(1), Some(0))
    }
}

fn machine(machine: &Machine) -> String {
    let known = [&machine.vendor, &machine.product, &machine.serial].into_iter().flatten();
    let known = known.map(String::as_str).collect::<Vec<_>>().join(" ");
    cut(if known.is_empty() { "one that does not say who it is" } else { &known })
}

impl fmt::Display for Interruption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, resumed {}", Civil::of(self.since_unix_s), Civil::of(self.until_unix_s))?;
        if self.left == Some(true) {
            f.write_str("; the drive had left")?;
        }
        match (self.looked_at, self.lost) {
            (None, _) => f.write_str("; interrupted again at once")?,
            (Some(0), _) => {}
            (Some(looked_at), None) => write!(f, "; {looked_at} blocks looked at, all as written")?,
            (Some(looked_at), Some(lost)) => {
                write!(f, "; {lost} of {looked_at} blocks looked at were not as written, so all was written again")?;
            }
        }
        match (self.pass, self.from) {
            (Some(pass), Some(from)) => write!(f, "; pass {pass} from LBA {from}")?,
            _ if self.looked_at.is_some() => f.write_str("; every pass was written")?,
            _ => {}
        }
        if let Some(machine) = &self.machine {
            write!(f, "; on another machine: {machine}")?;
        }
        write!(f, "; leave by {}", Given::from(&self.consent))?;
        if let Some(Superseded(number)) = &self.superseded {
            write!(f, "; supersedes certificate {}", hex(number))?;
        }
        Ok(())
    }
}
