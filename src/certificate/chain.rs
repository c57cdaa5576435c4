//! What many certificates show together that none shows alone: copies and forgeries, sticks that were cloned, certificates that are
//! withheld, and between which moments each was made.

use core::fmt;
use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::civil::Civil;
use crate::key::Fingerprint;
use crate::record::Record;
use crate::trust::TrustFile;
use crate::trusted::Period;
use crate::verify::Flaw;
use crate::{Certificate, Trust};

/// Of a drive that was erased so many times more, the first certificates are named: a test bench's drive has thousands.
const NAMED: usize = 8;

type Sha256 = [u8; 32];
type Public = [u8; 32];

/// Certificates side by side, with what an organisation says of them. Those whose signature does not fit, and those about simulated
/// drives, are not considered: anybody can make them.
pub struct Chains<'a> {
    records: Vec<Record>,
    trust: Option<&'a TrustFile>,
    /// The first of each by its hash.
    by_hash: HashMap<Sha256, usize>,
    /// The same, in the order of the list.
    each: Vec<usize>,
    /// The same, in the order of keys and numbers: of one place in one chain there is more than one if the stick was cloned.
    by_place: Vec<usize>,
    /// When the organisation had each at the latest: those that a checkpoint's certificate holds on to, and it itself.
    collected: BTreeMap<usize, u64>,
    /// Those that the last accepted one of a revoked key holds on to, and it itself.
    accepted: BTreeSet<usize>,
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
    pub fn of(certificates: &[Certificate], trust: Option<&'a TrustFile>) -> Self {
        Self::new(certificates.iter().map(Record::of).collect(), trust)
    }

    /// The same of what was kept of them.
    pub fn new(records: Vec<Record>, trust: Option<&'a TrustFile>) -> Self {
        let (mut by_hash, mut each) = (HashMap::with_capacity(records.len()), Vec::with_capacity(records.len()));
        for (index, record) in records.iter().enumerate().filter(|(_, it)| it.counts()) {
            // Of copies the first one stays.
            if let Entry::Vacant(vacant) = by_hash.entry(record.sha256) {
                vacant.insert(index);
                each.push(index);
            }
        }
        let mut by_place = each.clone();
        // Stable: those of one place stay in the order of the list. A chain is in its own order already.
        by_place.sort_by(|one, other| {
            let place = |index: &usize| records.get(*index).map(|it| (&it.public, it.seq));
            place(one).cmp(&place(other))
        });
        let (collected, accepted) = (BTreeMap::new(), BTreeSet::new());
        let mut chains = Self { records, trust, by_hash, each, by_place, collected, accepted };
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
            while let Some(index) = next.filter(|index| !self.collected.contains_key(index)) {
                self.collected.insert(index, checkpoint.at_unix_s);
                next = self.get(index).and_then(|record| self.before(record));
            }
        }
        for revocation in &trust.contents().revocations {
            let heads = match &revocation.sha256 {
                Some(sha256) => self.find(&revocation.public, revocation.last, sha256).into_iter().collect(),
                None => self.at(&revocation.public, revocation.last).to_vec(),
            };
            for head in heads {
                let mut next = Some(head);
                while let Some(index) = next.filter(|index| self.accepted.insert(*index)) {
                    next = self.get(index).and_then(|record| self.before(record));
                }
            }
        }
    }

    fn get(&self, index: usize) -> Option<&Record> {
        self.records.get(index)
    }

    /// The first with these bytes, of those that are considered.
    fn with_hash(&self, sha256: &Sha256) -> Option<usize> {
        self.by_hash.get(sha256).copied()
    }

    fn find(&self, public: &Public, seq: u64, sha256: &Sha256) -> Option<usize> {
        let index = self.with_hash(sha256)?;
        self.get(index).is_some_and(|it| it.public == *public && it.seq == seq).then_some(index)
    }

    /// All of one place.
    fn at(&self, public: &Public, seq: u64) -> &[usize] {
        let place = |index: &usize| self.get(*index).map(|it| (it.public, it.seq));
        let wanted = Some((*public, seq));
        let from = self.by_place.partition_point(|index| place(index) < wanted);
        let until = self.by_place.partition_point(|index| place(index) <= wanted);
        self.by_place.get(from..until).unwrap_or_default()
    }

    /// The one that this one holds on to, of the same key and the number before.
    fn before(&self, record: &Record) -> Option<usize> {
        self.find(&record.public, record.seq.checked_sub(1)?, &record.prev)
    }

    /// What the organisation says, if it was asked.
    pub(crate) const fn trust(&self) -> Option<&'a TrustFile> {
        self.trust
    }

    /// What is wrong with a certificate's key, as far as that touches this certificate; `None` if it is not revoked, or a chain shows that
    /// the certificate is older than that.
    pub fn revocation(&self, record: &Record) -> Option<Flaw> {
        let is_among = |index: usize| self.accepted.contains(&index) || self.collected.contains_key(&index);
        record.revocation(self.trust?, self.with_hash(&record.sha256).is_some_and(is_among))
    }

    /// Between which moments a certificate was made, as far as others than its own clock say.
    pub fn period(&self, certificate: &Certificate) -> Period {
        let began = match certificate.trust(self.trust) {
            (Trust::Organisation { adopted_unix_s: None, .. }, None) => {
                certificate.delegation().map(|delegation| delegation.grant().begins_unix_s)
            }
            _ => None,
        };
        let link = &certificate.claims().statement.link;
        let before = link.seq.checked_sub(1).and_then(|seq| self.find(certificate.public_key(), seq, &link.prev));
        let before = before.and_then(|index| self.get(index)).map(|before| before.issued_unix_s);
        let collected = self.with_hash(&certificate.sha256()).and_then(|index| self.collected.get(&index).copied());
        Period { from_unix_s: began.max(before), until_unix_s: collected }
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

    /// Those that are considered, each once, in the order of the list.
    fn each(&self) -> impl Iterator<Item = (usize, &Record)> {
        self.each.iter().filter_map(|index| Some((*index, self.get(*index)?)))
    }

    fn same_bytes(&self) -> Vec<Finding> {
        let all = self.records.iter().enumerate();
        all.filter_map(|(copy, record)| {
            let of = self.with_hash(&record.sha256)?;
            (of != copy).then_some(Finding::Copy { of, copy })
        })
        .collect()
    }

    fn same_id(&self) -> Vec<Finding> {
        let (mut first, mut findings) = (HashMap::with_capacity(self.each.len()), Vec::new());
        for (index, record) in self.each() {
            let (of, original) = *first.entry(record.id).or_insert((index, record));
            if of == index {
                continue;
            }
            findings.push(if original.says_the_same(record) {
                Finding::OtherCredential { of, other: index }
            } else {
                Finding::Forgery { one: of, other: index }
            });
        }
        findings
    }

    fn same_place(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let place = |index: &usize| self.get(*index).map(|it| (it.public, it.seq));
        for indices in self.by_place.chunk_by(|one, next| place(one) == place(next)) {
            let [one, others @ ..] = indices else { continue };
            let says_the_same = |other: &usize| {
                self.get(*one).zip(self.get(*other)).is_some_and(|(one, other)| one.says_the_same(other))
            };
            let other = others.iter().filter(|other| !says_the_same(other));
            findings.extend(other.map(|other| Finding::Cloned { one: *one, other: *other }));
        }
        findings
    }

    /// Certificates beside the one before them, and beside the day on which they were collected.
    fn links(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (index, record) in self.each() {
            let has_others = || record.seq.checked_sub(1).is_some_and(|seq| !self.at(&record.public, seq).is_empty());
            let issued = record.issued_unix_s;
            match self.before(record).and_then(|before| self.get(before)) {
                None if has_others() => findings.push(Finding::Broken { certificate: index }),
                Some(before) if before.issued_unix_s > issued => {
                    findings.push(Finding::ClockBack { certificate: index });
                }
                _ => {}
            }
            if self.collected.get(&index).is_some_and(|collected| issued > *collected) {
                findings.push(Finding::ClockAhead { certificate: index });
            }
        }
        findings
    }

    fn missing(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let places: Vec<(&Public, u64)> =
            self.by_place.iter().filter_map(|index| self.get(*index)).map(|it| (&it.public, it.seq)).collect();
        for places in places.chunk_by(|one, next| one.0 == next.0) {
            let Some((public, last)) = places.last().copied() else { continue };
            let numbers = places.iter().map(|(_, seq)| *seq);
            let key = Fingerprint::of(public);
            let before = core::iter::once(0).chain(numbers.clone());
            let missing: Vec<(u64, u64)> = before
                .zip(numbers)
                .filter(|(before, number)| number.saturating_sub(*before) > 1)
                .map(|(before, number)| (before + 1, number - 1))
                .collect();
            if !missing.is_empty() {
                findings.push(Finding::Gap { key, missing });
            }
            let collected = self.trust.and_then(|trust| trust.checkpoints(public).last()).map(|last| last.seq);
            if let Some(collected) = collected.filter(|collected| *collected > last) {
                findings.push(Finding::Truncated { key, last, collected });
            }
        }
        findings
    }

    fn same_drive(&self) -> Vec<Finding> {
        let mut erasures: Vec<_> =
            self.each().filter_map(|(index, record)| Some((record.drive?, record.id, index))).collect();
        erasures.sort_unstable();
        // Two certificates of one number are no two erasures.
        erasures.dedup_by_key(|(drive, id, _)| (*drive, *id));
        let again = erasures.chunk_by(|one, next| one.0 == next.0).filter(|erasures| erasures.len() > 1);
        again
            .map(|erasures| {
                let mut certificates: Vec<usize> = erasures.iter().map(|(_, _, index)| *index).collect();
                certificates.sort_unstable();
                Finding::ErasedAgain { certificates }
            })
            .collect()
    }
}

impl Finding {
    /// What it is and what follows, with the names of the certificates.
    pub fn in_words<N: fmt::Display>(&self, name: impl Fn(usize) -> N) -> String {
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
                let names: Vec<String> =
                    certificates.iter().take(NAMED).map(|index| name(*index).to_string()).collect();
                let more = match certificates.len() - names.len() {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                format!(
                    "ERASED AGAIN: the same drive is in {} certificates: {}{more}",
                    certificates.len(),
                    names.join(", ")
                )
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
