//! What a certificate proves and what it does not, check by check.

use core::fmt;

use purgeproof_core::evidence::Evidence;
use purgeproof_core::verdict::Outcome;
use sha2::{Digest, Sha256};

use crate::chain::Chains;
use crate::claims::{Statement, Time};
use crate::record::Record;
use crate::{Certificate, Trust, TrustFile, founded};

/// How many checks there are at most.
const MOST_CHECKS: usize = 13;

/// The result of all checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// Each check, in a fixed order.
    pub checks: Vec<Check>,
    /// Whose word it is, if all checks hold.
    pub trust: Trust,
}

/// One check by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Check {
    /// What is checked.
    pub name: &'static str,
    /// What is wrong; `None` if nothing is.
    pub flaw: Option<Flaw>,
}

/// What is wrong with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The key id is not that of the key.
    KeyId,
    /// The signature does not fit the words.
    Signature,
    /// A drive that the program only imagined.
    Simulated,
    /// The size of the drive is no whole number of blocks.
    Size,
    /// The ways are no rows of the decision table for this drive, or of another level than they claim.
    OtherSteps,
    /// The passes are not those of the scheme that is named, or less was to be read back than it wants.
    OtherPasses,
    /// A good outcome that its own steps, reasons, passes or read-back do not bear out.
    Unfounded,
    /// A bad outcome whose reasons are good ones, or none.
    Unreasoned,
    /// Less wrong than its reasons are.
    TooMild,
    /// An exception that follows from the other fields is not stated.
    ExceptionLeftOut,
    /// It ends before it begins, or takes another time than its own clocks say, or was issued before its end.
    Times,
    /// The first of a log does not hold on to its key, or the number is 0.
    Log,
    /// The delegation names the organisation and is not signed with its key.
    DelegationSignature,
    /// The delegation does not cover the time of issue.
    DelegationPeriod,
    /// The key was revoked, and only certificates up to this number are accepted.
    Revoked {
        /// The last number.
        last: u64,
    },
    /// The key was revoked, and in this place another certificate is accepted.
    OtherThanAccepted,
    /// The key was revoked after this number, and nothing shows yet that this certificate is older than that.
    NeedsChain {
        /// The last accepted number.
        up_to: u64,
    },
    /// The organisation has collected another certificate in this place.
    OtherThanCollected,
}

impl Flaw {
    /// The word for it that programs may rely on.
    pub const fn code(self) -> &'static str {
        match self {
            Self::KeyId => "key-id",
            Self::Signature => "signature",
            Self::Simulated => "simulated",
            Self::Size => "size",
            Self::OtherSteps => "other-steps",
            Self::OtherPasses => "other-passes",
            Self::Unfounded => "unfounded",
            Self::Unreasoned => "unreasoned",
            Self::TooMild => "too-mild",
            Self::ExceptionLeftOut => "exception-left-out",
            Self::Times => "times",
            Self::Log => "log",
            Self::DelegationSignature => "delegation-signature",
            Self::DelegationPeriod => "delegation-period",
            Self::Revoked { .. } => "revoked",
            Self::OtherThanAccepted => "other-than-accepted",
            Self::NeedsChain { .. } => "needs-chain",
            Self::OtherThanCollected => "other-than-collected",
        }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self {
            Self::Revoked { last: 0 } => {
                return f.write_str("the key was revoked, and no certificate of it is accepted");
            }
            Self::Revoked { last } => {
                return write!(f, "the key was revoked, and certificates of it are accepted up to number {last} only");
            }
            Self::NeedsChain { up_to } => {
                return write!(
                    f,
                    "the key was revoked: this needs the chain up to {up_to} to be told from a forgery. Give the stick's logs/*.cborseq as well"
                );
            }
            Self::KeyId => "the key id is not that of the key in the certificate",
            Self::Signature => {
                "the signature does not fit: something was changed after signing, or another key signed it"
            }
            Self::Simulated => "SIMULATED: no drive was erased. This is a demonstration and proves nothing",
            Self::Size => "the size of the drive is no whole number of its blocks",
            Self::OtherSteps => {
                "the steps are not those of the named row of the decision table on such a drive, or attain another level than stated"
            }
            Self::OtherPasses => "the passes or the read-back are not those of the overwrite scheme that is named",
            Self::Unfounded => {
                "the outcome says more than the steps, the passes, the markers, the read-back and the reasons bear out"
            }
            Self::Unreasoned => "the outcome is a bad one, but no reason for that is given",
            Self::TooMild => "the outcome is \"indeterminate\", but the reasons say that the drive is not erased",
            Self::ExceptionLeftOut => "an exception that follows from the other fields is not stated",
            Self::Times => "start, end, duration and time of issue contradict each other",
            Self::Log => "the place in the log is not a possible one",
            Self::DelegationSignature => "the delegation names the organisation, but is not signed with its key",
            Self::DelegationPeriod => "the delegation does not cover the time of issue",
            Self::OtherThanAccepted => {
                "the key was revoked, and the certificate that is accepted under this number is another one, or not known"
            }
            Self::OtherThanCollected => "the organisation has collected another certificate under this number",
        };
        f.write_str(words)
    }
}

impl Verification {
    /// Every check holds.
    pub fn holds(&self) -> bool {
        self.checks.iter().all(|check| check.flaw.is_none())
    }

    /// What is wrong, in the order of the checks.
    pub fn flaws(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| check.flaw.is_some())
    }
}

impl Certificate {
    /// Checks everything that the bytes alone can show, and what an organisation says of the key if its trust file is given. That the
    /// format is right is known since it was parsed.
    ///
    /// A certificate that holds may still say that a drive is not erased: look at its outcome too.
    pub fn verify(&self, trust: Option<&TrustFile>) -> Verification {
        let record = Record::of(self);
        self.held_against(&record, &Chains::new(vec![record], trust))
    }

    /// The same among others, which may show that the certificate is older than the revocation of its key.
    pub fn verify_in(&self, chains: &Chains<'_>) -> Verification {
        self.held_against(&Record::of(self), chains)
    }

    fn held_against(&self, record: &Record, chains: &Chains<'_>) -> Verification {
        self.checked(record, chains.trust(), chains.revocation(record))
    }

    /// The same of one of many, of which only the record is kept: the certificates of its chain may come yet. So a key that was revoked is a
    /// flaw here, and [`Chains::revocation`] of all the records says whether it stays one.
    pub fn examine(&self, trust: Option<&TrustFile>) -> (Verification, Record) {
        let record = Record::of(self);
        (self.checked(&record, trust, trust.and_then(|trust| record.revocation(trust, false))), record)
    }

    fn checked(&self, record: &Record, trust: Option<&TrustFile>, revocation: Option<Flaw>) -> Verification {
        let statement = &self.claims().statement;
        let check = |name, holds: bool, flaw| Check { name, flaw: (!holds).then_some(flaw) };
        let fingerprint = self.fingerprint();
        // All at once: a list that grows for each of a hundred thousand keeps the allocator busy.
        let mut checks = Vec::with_capacity(MOST_CHECKS);
        checks.extend([
            check("simulation", !self.is_simulation(), Flaw::Simulated),
            check("key id", self.sign1.kid == fingerprint, Flaw::KeyId),
            check("signature", record.is_signed, Flaw::Signature),
            check(
                "drive",
                statement.device.blocks().is_some_and(|blocks| blocks > 0) || !statement.outcome.0.is_good(),
                Flaw::Size,
            ),
            check("method", founded::method_holds(statement), Flaw::OtherSteps),
            check("scheme", founded::scheme_holds(statement), Flaw::OtherPasses),
            Check { name: "outcome", flaw: founded::outcome_flaw(statement) },
            check("exceptions", founded::exceptions_hold(statement), Flaw::ExceptionLeftOut),
            check("times", times_hold(&statement.time, self.claims().issued_unix_s), Flaw::Times),
            check("log", self.log_holds(), Flaw::Log),
        ]);
        let (whose, delegation) = self.trust(trust);
        if let Some(trust) = trust {
            checks.extend([
                Check { name: "delegation", flaw: delegation },
                Check { name: "revocation", flaw: revocation },
                check("collection", !self.is_other_than_collected(trust), Flaw::OtherThanCollected),
            ]);
        }
        Verification { checks, trust: whose }
    }

    fn log_holds(&self) -> bool {
        let link = &self.claims().statement.link;
        let holds_on_to_key = || link.prev == Sha256::digest(self.public_key())[..];
        link.seq > 1 || link.seq == 1 && holds_on_to_key()
    }

    /// Whether an evidence bundle is the one that this certificate was made from, and says what the certificate says.
    ///
    /// # Errors
    /// [`Disagreement`]: in what they differ.
    pub fn evidence_matches(&self, bundle: &[u8]) -> Result<Evidence, Disagreement> {
        let claimed = &self.claims().statement;
        let found: [u8; 32] = Sha256::digest(bundle).into();
        if found != claimed.evidence_sha256 {
            return Err(Disagreement::Hash);
        }
        let evidence: Evidence = serde_json::from_slice(bundle).map_err(|_| Disagreement::Unreadable)?;
        let derived = Statement::of(&evidence, found, claimed.link);
        let verdict = |it: &Statement| (it.outcome, it.reasons.clone(), it.exceptions.clone());
        if verdict(&derived) != verdict(claimed) {
            return Err(Disagreement::Verdict { derived: derived.outcome.0 });
        }
        if derived.device != claimed.device {
            return Err(Disagreement::Drive);
        }
        if evidence.job != self.claims().id || derived != *claimed {
            return Err(Disagreement::Circumstances);
        }
        Ok(evidence)
    }
}

/// In what a certificate and a bundle of evidence differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disagreement {
    /// The bundle is another one, or was changed.
    Hash,
    /// It is the bundle of the certificate, but this version cannot read it.
    Unreadable,
    /// Another verdict follows from it.
    Verdict {
        /// This one.
        derived: Outcome,
    },
    /// It is about another drive.
    Drive,
    /// Method, times, machine, people or the job's number differ.
    Circumstances,
}

impl Disagreement {
    /// The word for it that programs may rely on.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Hash => "other-evidence",
            Self::Unreadable => "evidence-unreadable",
            Self::Verdict { .. } => "evidence-verdict",
            Self::Drive => "evidence-drive",
            Self::Circumstances => "evidence-circumstances",
        }
    }
}

impl fmt::Display for Disagreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hash => f.write_str(
                "This is not the evidence that the certificate names (its SHA-256 differs). Take the file that was saved beside it",
            ),
            Self::Unreadable => f.write_str(
                "The evidence is the one that the certificate names, but this version cannot read it. Use the version that the certificate names",
            ),
            Self::Verdict { derived } => write!(
                f,
                "From the evidence follows {derived}, or that for other reasons, and not what the certificate says. Do not rely on it"
            ),
            Self::Drive => f.write_str("The evidence is about another drive than the certificate. Do not rely on it"),
            Self::Circumstances => f.write_str(
                "Method, times, machine or people of the certificate are not those of the evidence. Do not rely on it",
            ),
        }
    }
}

impl core::error::Error for Disagreement {}

fn times_hold(time: &Time, issued_unix_s: u64) -> bool {
    let between_s = time.end_unix_s.checked_sub(time.start_unix_s);
    let is_one_run = time.interruptions.is_none();
    // Both ends are read off one clock by one that cannot be set, so the seconds between them are the duration's. After an interruption
    // it is another clock.
    between_s.is_some_and(|between_s| between_s == time.duration_ms / 1000 || !is_one_run)
        && issued_unix_s >= time.end_unix_s
        && time.rests.is_none_or(|rests| rests.count > 0 && rests.ms <= time.duration_ms)
}
