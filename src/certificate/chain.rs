//! What many certificates show together that none shows alone: copies and forgeries, sticks that were cloned, certificates that are
//! withheld, and between which moments each was made.

use core::fmt;
use std::collections::{BTreeMap, BTreeSet};

use crate::civil::Civil;
use crate::key::Fingerprint;
use crate::trust::TrustFile;
use crate::trusted::Period;
use crate::{Certificate, Trust};

type Sha256 = [u8; 32];
type Public = [u8; 32];

/// Certificates side by side, with what an organisation says of them. Those whose signature does not fit, and those about simulated
/// drives, are not considered: anybody can make them.
pub struct Chains<'a> {
    certificates: &'a [Certificate],
    trust: Option<&'a TrustFile>,
    /// The first of each, by its hash.
    by_hash: BTreeMap<Sha256, usize>,
    /// Those of one place in one chain: more than one if the stick was cloned.
    places: BTreeMap<(Public, u64), Vec<usize>>,
    /// When the organisation had each at the latest: those that a checkpoint's certificate holds on to, and it itself.
    collected: BTreeMap<Sha256, u64>,
    /// Those that the last accepted one of a revoked key holds on to, and it itself.
    accepted: BTreeSet<Sha256>,
}

/// Something that certificates show together. Numbers of certificates count from 0 in the list that was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The same bytes twice.
    Copy {
        /// The first of them.
        of: usize,
        /// Another one.
        copy: usize,
    },
    /// The same signed words twice, once with another word about whose key it is.
    OtherCredential {
        /// The first of them.
        of: usize,
        /// Another one.
        other: usize,
    },
    /// The same number of a certificate with other words.
    Forgery {
        /// One.
        one: usize,
        /// The other.
        other: usize,
    },
    /// Two certificates in one place of a chain: two sticks have the same key.
    Cloned {
        /// One.
        one: usize,
        /// The other.
        other: usize,
    },
    /// The one before it in the chain is another one than it says.
    Broken {
        /// The certificate that does not fit.
        certificate: usize,
    },
    /// Numbers of a chain that are not there.
    Gap {
        /// The chain's key.
        key: Fingerprint,
        /// From and to, both included.
        missing: Vec<(u64, u64)>,
    },
    /// The organisation has collected more than is there.
    Truncated {
        /// The chain's key.
        key: Fingerprint,
        /// The last number that is there.
        last: u64,
        /// The last number that was collected.
        collected: u64,
    },
    /// The same drive, by model and serial number, was erased more than once.
    ErasedAgain {
        /// All of them.
        certificates: Vec<usize>,
    },
    /// Issued before the one before it in the chain: the clock was set back.
    ClockBack {
        /// The certificate.
        certificate: usize,
    },
    /// Issued after it was collected: the stick's clock was ahead.
    ClockAhead {
        /// The certificate.
        certificate: usize,
    },
}

impl Finding {
    /// The word for it that programs may rely on.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Copy { .. } => "copy",
            Self::OtherCredential { .. } => "other-credential",
            Self::Forgery { .. } => "forgery",
            Self::Cloned { .. } => "cloned",
            Self::Broken { .. } => "broken",
            Self::Gap { .. } => "gap",
            Self::Truncated { .. } => "truncated",
            Self::ErasedAgain { .. } => "erased-again",
            Self::ClockBack { .. } => "clock-back",
            Self::ClockAhead { .. } => "clock-ahead",
        }
    }

    /// Whether it takes away from what the certificates prove. `is_complete`: all certificates of these sticks ought to be there.
    pub const fn is_alarm(&self, is_complete: bool) -> bool {
        match self {
            Self::Forgery { .. } | Self::Cloned { .. } | Self::Broken { .. } => true,
            Self::Gap { .. } | Self::Truncated { .. } => is_complete,
            Self::Copy { .. }
            | Self::OtherCredential { .. }
            | Self::ErasedAgain { .. }
            | Self::ClockBack { .. }
            | Self::ClockAhead { .. } => false,
        }
    }
}

impl<'a> Chains<'a> {
    /// Puts certificates side by side.
    pub fn of(certificates: &'a [Certificate], trust: Option<&'a TrustFile>) -> Self {
        let (mut by_hash, mut places) = (BTreeMap::new(), BTreeMap::<_, Vec<usize>>::new());
        for (index, certificate) in certificates.iter().enumerate() {
            if !certificate.is_signed() || certificate.is_simulation() || by_hash.contains_key(&certificate.sha256()) {
                continue;
            }
            by_hash.insert(certificate.sha256(), index);
            let place = (*certificate.public_key(), certificate.claims().statement.link.seq);
            places.entry(place).or_default().push(index);
        }
        let mut chains =
            Self { certificates, trust, by_hash, places, collected: BTreeMap::new(), accepted: BTreeSet::new() };
        if let Some(trust) = trust {
            chains.anchor(trust);
        }
        chains
    }

    /// Follows the chains back from what the organisation has signed for.
    fn anchor(&mut self, trust: &TrustFile) {
        let mut checkpoints: Vec<_> = trust.contents().checkpoints.iter().collect();
        checkpoints.sort_by_key(|checkpoint| checkpoint.at_unix_s);
        for checkpoint in checkpoints {
            let mut next = self.find(&checkpoint.public, checkpoint.seq, &checkpoint.sha256);
            // What an earlier checkpoint has reached was collected by then.
            while let Some(certificate) = next.filter(|it| !self.collected.contains_key(&it.sha256())) {
                self.collected.insert(certificate.sha256(), checkpoint.at_unix_s);
                next = self.before(certificate);
            }
        }
        for revocation in &trust.contents().revocations {
            let heads = match &revocation.sha256 {
                Some(sha256) => self.find(&revocation.public, revocation.last, sha256).into_iter().collect(),
                None => self.at(&revocation.public, revocation.last),
            };
            for head in heads {
                let mut next = Some(head);
                while let Some(certificate) = next.filter(|it| self.accepted.insert(it.sha256())) {
                    next = self.before(certificate);
                }
            }
        }
    }

    fn get(&self, index: usize) -> Option<&'a Certificate> {
        self.certificates.get(index)
    }

    fn find(&self, public: &Public, seq: u64, sha256: &Sha256) -> Option<&'a Certificate> {
        let certificate = self.get(*self.by_hash.get(sha256)?)?;
        let is_there = certificate.public_key() == public && certificate.claims().statement.link.seq == seq;
        is_there.then_some(certificate)
    }

    fn at(&self, public: &Public, seq: u64) -> Vec<&'a Certificate> {
        self.places.get(&(*public, seq)).into_iter().flatten().filter_map(|index| self.get(*index)).collect()
    }

    /// The one that this one holds on to, of the same key and the number before.
    fn before(&self, certificate: &Certificate) -> Option<&'a Certificate> {
        let link = &certificate.claims().statement.link;
        self.find(certificate.public_key(), link.seq.checked_sub(1)?, &link.prev)
    }

    /// What the organisation says, if it was asked.
    pub(crate) const fn trust(&self) -> Option<&'a TrustFile> {
        self.trust
    }

    /// Whether the last accepted certificate of a revoked key holds on to this one.
    pub(crate) fn is_accepted(&self, certificate: &Certificate) -> bool {
        self.accepted.contains(&certificate.sha256())
    }

    /// Whether it was collected: then the organisation had it before anything happened later.
    pub(crate) fn is_collected(&self, certificate: &Certificate) -> bool {
        self.collected.contains_key(&certificate.sha256())
    }

    /// Between which moments a certificate was made, as far as others than its own clock say.
    pub fn period(&self, certificate: &Certificate) -> Period {
        let began = match certificate.trust(self.trust) {
            (Trust::Organisation { adopted_unix_s: None, .. }, None) => {
                certificate.delegation().map(|delegation| delegation.grant().begins_unix_s)
            }
            _ => None,
        };
        let before = self.before(certificate).map(|before| before.claims().issued_unix_s);
        Period { from_unix_s: began.max(before), until_unix_s: self.collected.get(&certificate.sha256()).copied() }
    }

    /// Everything that they show together.
    pub fn findings(&self) -> Vec<Finding> {
        let mut findings = self.same_bytes();
        findings.extend(self.same_id());
        findings.extend(self.same_place());
        findings.extend(self.links());
        findings.extend(self.missing());
        findings.extend(self.same_drive());
        findings
    }

    /// Those that are considered, each once, with their places in the list.
    fn each(&self) -> impl Iterator<Item = (usize, &'a Certificate)> + '_ {
        let mut indices: Vec<usize> = self.by_hash.values().copied().collect();
        indices.sort_unstable();
        indices.into_iter().filter_map(|index| Some((index, self.get(index)?)))
    }

    fn same_bytes(&self) -> Vec<Finding> {
        let all = self.certificates.iter().enumerate();
        all.filter_map(|(copy, certificate)| {
            let of = *self.by_hash.get(&certificate.sha256())?;
            (of != copy).then_some(Finding::Copy { of, copy })
        })
        .collect()
    }

    fn same_id(&self) -> Vec<Finding> {
        let (mut first, mut findings) = (BTreeMap::new(), Vec::new());
        for (index, certificate) in self.each() {
            let (of, original) = *first.entry(certificate.claims().id).or_insert((index, certificate));
            if of == index {
                continue;
            }
            findings.push(if original.sign1 == certificate.sign1 {
                Finding::OtherCredential { of, other: index }
            } else {
                Finding::Forgery { one: of, other: index }
            });
        }
        findings
    }

    fn same_place(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for indices in self.places.values() {
            let [one, others @ ..] = indices.as_slice() else { continue };
            let sign1 = |index: usize| self.get(index).map(|certificate| &certificate.sign1);
            let other = others.iter().filter(|other| sign1(**other) != sign1(*one));
            findings.extend(other.map(|other| Finding::Cloned { one: *one, other: *other }));
        }
        findings
    }

    /// Certificates beside the one before them, and beside the day on which they were collected.
    fn links(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (index, certificate) in self.each() {
            let seq = certificate.claims().statement.link.seq;
            let candidates = seq.checked_sub(1).map(|seq| self.at(certificate.public_key(), seq)).unwrap_or_default();
            let issued = certificate.claims().issued_unix_s;
            match self.before(certificate) {
                None if !candidates.is_empty() => findings.push(Finding::Broken { certificate: index }),
                Some(before) if before.claims().issued_unix_s > issued => {
                    findings.push(Finding::ClockBack { certificate: index });
                }
                _ => {}
            }
            if self.collected.get(&certificate.sha256()).is_some_and(|collected| issued > *collected) {
                findings.push(Finding::ClockAhead { certificate: index });
            }
        }
        findings
    }

    fn missing(&self) -> Vec<Finding> {
        let mut numbers: BTreeMap<&Public, Vec<u64>> = BTreeMap::new();
        for (public, seq) in self.places.keys() {
            numbers.entry(public).or_default().push(*seq);
        }
        let mut findings = Vec::new();
        for (public, numbers) in numbers {
            let key = Fingerprint::of(public);
            let before = core::iter::once(0).chain(numbers.iter().copied());
            let missing: Vec<(u64, u64)> = before
                .zip(&numbers)
                .filter(|(before, number)| *number - before.min(number) > 1)
                .map(|(before, number)| (before + 1, number - 1))
                .collect();
            if !missing.is_empty() {
                findings.push(Finding::Gap { key, missing });
            }
            let last = numbers.last().copied().unwrap_or_default();
            let collected = self.trust.and_then(|trust| trust.checkpoints(public).last()).map(|last| last.seq);
            if let Some(collected) = collected.filter(|collected| *collected > last) {
                findings.push(Finding::Truncated { key, last, collected });
            }
        }
        findings
    }

    fn same_drive(&self) -> Vec<Finding> {
        let mut drives: BTreeMap<_, BTreeMap<_, usize>> = BTreeMap::new();
        for (index, certificate) in self.each() {
            let claims = certificate.claims();
            let device = &claims.statement.device;
            let Some(serial) = &device.serial else { continue };
            drives.entry((&device.model, serial)).or_default().entry(claims.id).or_insert(index);
        }
        let again = drives.into_values().filter(|erasures| erasures.len() > 1);
        again
            .map(|erasures| {
                let mut certificates: Vec<usize> = erasures.into_values().collect();
                certificates.sort_unstable();
                Finding::ErasedAgain { certificates }
            })
            .collect()
    }
}

impl Finding {
    /// What it is and what follows, with the names of the certificates.
    pub fn in_words<'n>(&self, name: impl Fn(usize) -> &'n str) -> String {
        match self {
            Self::Copy { of, copy } => {
                format!("COPY: {} is {}, byte for byte. That is harmless", name(*copy), name(*of))
            }
            Self::OtherCredential { of, other } => format!(
                "OTHER DELEGATION: {} and {} are the same signed certificate, but not with the same delegation. Its chain holds on to one of them",
                name(*of),
                name(*other)
            ),
            Self::Forgery { one, other } => format!(
                "FORGERY: {} and {} have the same number and say different things. Believe neither before you know which one is false",
                name(*one),
                name(*other)
            ),
            Self::Cloned { one, other } => format!(
                "CLONED STICK: {} and {} have the same place in the same chain. Two sticks sign with one key: revoke it",
                name(*one),
                name(*other)
            ),
            Self::Broken { certificate } => format!(
                "BROKEN CHAIN: the certificate before {} is not the one that it holds on to. One of the two was exchanged",
                name(*certificate)
            ),
            Self::Gap { key, missing } => format!(
                "GAP: of key {key} {} not here. If these are meant to be all of that stick, certificates are withheld",
                Missing(missing)
            ),
            Self::Truncated { key, last, collected } => format!(
                "CUT OFF: of key {key} number {last} is the last one here, and number {collected} was collected before. If this is meant to \
                 be all of that stick, its end was taken away"
            ),
            Self::ErasedAgain { certificates } => {
                let names: Vec<&str> = certificates.iter().map(|index| name(*index)).collect();
                format!("ERASED AGAIN: the same drive is in {}", names.join(", "))
            }
            Self::ClockBack { certificate } => {
                format!(
                    "CLOCK: {} was issued earlier than the one before it. The stick's clock was set back",
                    name(*certificate)
                )
            }
            Self::ClockAhead { certificate } => {
                format!("CLOCK: {} was issued after it was collected. The stick's clock was ahead", name(*certificate))
            }
        }
    }
}

/// Ranges of numbers, as the subject of a sentence.
struct Missing<'a>(&'a [(u64, u64)]);

impl fmt::Display for Missing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let range = |(from, to): &(u64, u64)| if from == to { from.to_string() } else { format!("{from} to {to}") };
        let is_one = matches!(self.0, [(from, to)] if from == to);
        let ranges: Vec<String> = self.0.iter().map(range).collect();
        let (noun, verb) = if is_one { ("number", "is") } else { ("numbers", "are") };
        write!(f, "{noun} {} {verb}", ranges.join(", "))
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.from_unix_s, self.until_unix_s) {
            (None, None) => f.write_str("nothing but its own clock says when it was made"),
            (Some(from), None) => write!(f, "made after {}", Civil::of(from)),
            (None, Some(until)) => write!(f, "made before {}, when it was collected", Civil::of(until)),
            (Some(from), Some(until)) => {
                write!(f, "made between {} and {}, when it was collected", Civil::of(from), Civil::of(until))
            }
        }
    }
}
