//! Whose word a certificate is, by what an organisation says of its sticks.

use core::fmt;

use crate::Certificate;
use crate::civil::Civil;
use crate::delegation::Delegation;
use crate::key::Fingerprint;
use crate::record::Record;
use crate::text::{cut, harmless};
use crate::trust::TrustFile;
use crate::verify::Flaw;

/// Whose word a certificate is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// The holder of this key's, whoever that is.
    SelfSigned(Fingerprint),
    /// That of the organisation whose trust file was given.
    Organisation {
        /// Its name.
        name: String,
        /// What identifies it on paper.
        organisation: Fingerprint,
        /// The name of the stick.
        stick: String,
        /// When the organisation said so, if the certificate itself does not carry its word.
        adopted_unix_s: Option<u64>,
    },
    /// That of somebody who has not been said to be trusted.
    Delegated {
        /// The key that the delegation says it is signed with.
        by: Fingerprint,
        /// The name that its holder goes by.
        name: String,
        /// The key of the stick.
        key: Fingerprint,
    },
    /// Nobody's: a demonstration.
    Simulated,
}

/// Between which moments a certificate was made, in seconds since 1970-01-01 UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Period {
    /// The beginning of its delegation, or when the certificate before it in the chain says that it was issued; the later of the two.
    pub from_unix_s: Option<u64>,
    /// When the organisation had collected it at the latest.
    pub until_unix_s: Option<u64>,
}

impl Trust {
    /// The word for it that programs may rely on.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::SelfSigned(_) => "self-signed",
            Self::Organisation { .. } => "organisation",
            Self::Delegated { .. } => "delegated",
            Self::Simulated => "simulated",
        }
    }

    fn of_organisation(trust: &TrustFile, delegation: &Delegation, is_adopted: bool) -> Self {
        let grant = delegation.grant();
        Self::Organisation {
            name: trust.contents().name.clone(),
            organisation: trust.fingerprint(),
            stick: grant.stick.clone(),
            adopted_unix_s: is_adopted.then_some(grant.issued_unix_s),
        }
    }
}

impl Certificate {
    /// Whose word it is, and what is wrong with the delegation that says so.
    pub(crate) fn trust(&self, trust: Option<&TrustFile>) -> (Trust, Option<Flaw>) {
        if self.is_simulation() {
            return (Trust::Simulated, None);
        }
        let carried = self.delegation();
        if let Some(trust) = trust {
            if let Some(delegation) = carried.filter(|it| it.organisation() == trust.fingerprint()) {
                // Those of the trust file were checked when it was read.
                let is_known = trust.delegations(self.public_key()).any(|known| known == delegation);
                let flaw = match delegation {
                    it if !is_known && !it.is_signed_by(trust.public()) => Some(Flaw::DelegationSignature),
                    it if !it.covers(self.claims().issued_unix_s) => Some(Flaw::DelegationPeriod),
                    _ => None,
                };
                return (Trust::of_organisation(trust, delegation, false), flaw);
            }
            let known: Vec<&Delegation> = trust.delegations(self.public_key()).collect();
            let covering = known.iter().find(|it| it.covers(self.claims().issued_unix_s));
            if let Some(delegation) = covering.or(known.first()) {
                let flaw = covering.is_none().then_some(Flaw::DelegationPeriod);
                return (Trust::of_organisation(trust, delegation, true), flaw);
            }
        }
        let whose = match carried {
            None => Trust::SelfSigned(self.fingerprint()),
            Some(delegation) => Trust::Delegated {
                by: delegation.organisation(),
                name: delegation.grant().organisation.clone(),
                key: self.fingerprint(),
            },
        };
        (whose, None)
    }

    /// Whether it is another one than the organisation has collected in its place.
    pub(crate) fn is_other_than_collected(&self, trust: &TrustFile) -> bool {
        let seq = self.claims().statement.link.seq;
        trust.checkpoints(self.public_key()).any(|it| it.seq == seq && it.sha256 != self.sha256())
    }
}

impl Record {
    /// Whether its key is revoked, as far as that touches this certificate. A stolen key can sign with any date, so what counts is the
    /// number, and that the last accepted certificate holds on to this one (`is_accepted`).
    pub(crate) fn revocation(&self, trust: &TrustFile, is_accepted: bool) -> Option<Flaw> {
        let revocation = trust.revocation(&self.public)?;
        match self.seq.cmp(&revocation.last) {
            core::cmp::Ordering::Greater => Some(Flaw::Revoked { last: revocation.last }),
            _ if is_accepted => None,
            core::cmp::Ordering::Equal => Some(Flaw::OtherThanAccepted),
            core::cmp::Ordering::Less => Some(Flaw::NeedsChain { up_to: revocation.last }),
        }
    }
}

/// A name from outside: as long as a certificate takes.
fn shown(name: &str) -> String {
    harmless(&cut(name))
}

impl fmt::Display for Trust {
    /// What the signature is worth, in the words that also the PDF uses.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SelfSigned(key) => write!(
                f,
                "SELF-SIGNED: proves this file was not changed since signing and comes from the same stick as others with key {key}. \
                 Does not prove who signed."
            ),
            Self::Organisation { name, organisation, stick, adopted_unix_s } => {
                write!(f, "ORGANISATION: {} ({organisation}), stick {}", shown(name), shown(stick))?;
                match adopted_unix_s {
                    Some(unix_s) => write!(f, ", adopted on {}.", Civil::of(*unix_s).date()),
                    None => f.write_str("."),
                }
            }
            Self::Delegated { by, name, key } => write!(
                f,
                "DELEGATED by key {by}, which calls itself {}. Anybody can write a name: compare the key with that organisation's \
                 fingerprint on paper and verify with its trust.cose. Without it this proves no more than a self-signed one of key {key}.",
                shown(name)
            ),
            Self::Simulated => f.write_str("SIMULATED: signed with a key that everybody has. Proves nothing."),
        }
    }
}
