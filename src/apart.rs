//! One piece of many: what it shows alone.

use std::collections::HashSet;

use purgeproof_certificate::{Certificate, Claims, Flaw, ParseError, Record, Trust, TrustFile};
use purgeproof_core::evidence::JobId;
use purgeproof_core::verdict::Outcome;
use purgeproof_engine::journal::Journal;
use rayon::prelude::*;

use crate::pieces::{Group, Piece};

/// What is wrong.
pub(crate) struct Fault {
    /// What was checked.
    pub(crate) check: &'static str,
    /// For programs.
    pub(crate) code: &'static str,
    /// For people, without the full stop.
    pub(crate) why: String,
}

/// What became of one piece.
pub(crate) struct Examined {
    pub(crate) name: String,
    pub(crate) record: Option<Record>,
    pub(crate) what: What,
    pub(crate) faults: Vec<Fault>,
}

/// What it was.
pub(crate) enum What {
    Certificate(Said),
    /// It should have been one.
    NoCertificate,
    Journal {
        cut_short: bool,
    },
}

/// What a certificate says, in short.
pub(crate) struct Said {
    pub(crate) outcome: Outcome,
    pub(crate) id: JobId,
    pub(crate) seq: u64,
    pub(crate) model: String,
    pub(crate) serial: Option<String>,
    pub(crate) trust: Trust,
    /// The evidence was there, and was compared.
    pub(crate) has_evidence: bool,
}

/// The certificates that were there before.
#[derive(Default)]
pub(crate) struct Seen {
    hashes: HashSet<[u8; 32]>,
}

const REVOCATION: &str = "revocation";

impl Examined {
    pub(crate) fn holds(&self) -> bool {
        self.faults.is_empty()
    }

    /// Names a link of a chain by its place there.
    pub(crate) fn place(&mut self, piece: &Piece) {
        if let Piece::Link { chain, number, .. } = piece {
            self.name = format!("{chain}, no. {number}");
        }
    }

    /// Its key is revoked; others of its chain may show that it is older than that.
    pub(crate) fn is_revoked(&self) -> bool {
        self.faults.iter().any(|fault| fault.check == REVOCATION)
    }

    /// The last word about that.
    pub(crate) fn settle(&mut self, flaw: Option<Flaw>) {
        self.faults.retain(|fault| fault.check != REVOCATION);
        self.faults.extend(flaw.map(|flaw| Fault::of(REVOCATION, flaw)));
    }
}

impl Fault {
    fn of(check: &'static str, flaw: Flaw) -> Self {
        Self::new(check, flaw.code(), &flaw)
    }

    fn new(check: &'static str, code: &'static str, why: &impl ToString) -> Self {
        Self { check, code, why: why.to_string().trim_end_matches('.').to_owned() }
    }
}

impl Seen {
    /// Whether it is to be kept: of a certificate that was there as a file, its chain has nothing to add.
    pub(crate) fn is_new(&mut self, piece: &Piece, record: &Record) -> bool {
        let is_new = self.hashes.insert(*record.sha256());
        match piece {
            Piece::Link { .. } => is_new,
            _ => true,
        }
    }
}

/// Looks at each piece of a batch, side by side; `None` for a link of a chain that was seen before.
pub(crate) fn all(batch: &[Piece], trust: Option<&TrustFile>, seen: &Seen) -> Vec<Option<Examined>> {
    batch.par_iter().map(|piece| examine(piece, trust, seen)).collect()
}

fn examine(piece: &Piece, trust: Option<&TrustFile>, seen: &Seen) -> Option<Examined> {
    match piece {
        Piece::Group(group) => Some(of_group(group, trust)),
        Piece::Link { bytes, .. } => {
            let read = Certificate::parse(bytes);
            let is_known = read.as_ref().is_ok_and(|certificate| seen.hashes.contains(&certificate.sha256()));
            // Its place is its name, if somebody wants to know that: see `Examined::place`.
            (!is_known).then(|| of_certificate(String::new(), read, trust))
        }
        Piece::Journal { name, bytes } => {
            let (what, faults) = match Journal::parse(bytes) {
                Ok(journal) => (What::Journal { cut_short: journal.cut_short }, Vec::new()),
                Err(damage) => {
                    (What::Journal { cut_short: false }, vec![Fault::new("journal", "journal-damaged", &damage)])
                }
            };
            Some(Examined { name: name.clone(), record: None, what, faults })
        }
        Piece::Broken { name, code, why } => Some(Examined {
            name: name.clone(),
            record: None,
            what: What::NoCertificate,
            faults: vec![Fault::new("file", code, why)],
        }),
    }
}

fn of_certificate(name: String, read: Result<Certificate, ParseError>, trust: Option<&TrustFile>) -> Examined {
    let certificate = match read {
        Ok(certificate) => certificate,
        Err(error) => {
            let faults = vec![Fault::new("file", error.code(), &error)];
            return Examined { name, record: None, what: What::NoCertificate, faults };
        }
    };
    let (verification, record) = certificate.examine(trust);
    let faults = verification.flaws().filter_map(|check| Some(Fault::of(check.name, check.flaw?))).collect();
    let Claims { id, statement, .. } = certificate.into_claims();
    let said = Said {
        outcome: statement.outcome.0,
        id,
        seq: statement.link.seq,
        model: statement.device.model,
        serial: statement.device.serial,
        trust: verification.trust,
        has_evidence: false,
    };
    Examined { name, record: Some(record), what: What::Certificate(said), faults }
}

/// A certificate with its evidence and the views of it.
fn of_group(group: &Group, trust: Option<&TrustFile>) -> Examined {
    let views = [("json", &group.json), ("pdf", &group.pdf)];
    // Where the certificate itself is gone, each view still has it.
    let (first, name) = match (&group.cose, &group.any) {
        (Some(cose), _) => (Certificate::parse(cose), format!("{}.cose", group.name)),
        (None, Some(any)) => (Certificate::read_any(any), group.name.clone()),
        (None, None) => {
            let whole =
                views.iter().filter_map(|(_, view)| view.as_deref()).map(Certificate::read_any).find(Result::is_ok);
            (whole.unwrap_or(Err(ParseError::NotACertificate)), format!("{}.cose", group.name))
        }
    };
    let certificate = first.as_ref().ok().cloned();
    let mut examined = of_certificate(name, first, trust);
    if group.cose.is_none() && group.any.is_none() {
        examined.faults.push(Fault::new(
            "file",
            "certificate-missing",
            &"The certificate itself is not there, only files about it. Look for it on the stick",
        ));
    }
    let Some(certificate) = certificate else { return examined };
    for (check, view) in views {
        let Some(view) = view else { continue };
        match Certificate::read_any(view) {
            Ok(other) if other == certificate => {}
            Ok(_) => examined.faults.push(Fault::new(
                check,
                "other-certificate",
                &"It carries another certificate than the one beside it. Only the .cose file counts",
            )),
            Err(error) => examined.faults.push(Fault::new(check, error.code(), &error)),
        }
    }
    if let (Some(evidence), What::Certificate(said)) = (&group.evidence, &mut examined.what) {
        said.has_evidence = true;
        examined
            .faults
            .extend(certificate.evidence_matches(evidence).err().map(|it| Fault::new("evidence", it.code(), &it)));
    }
    examined
}
