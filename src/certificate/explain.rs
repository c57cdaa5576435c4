//! The auditor's view as text: the rows of the printed pages, and how the verdict follows, fact by fact.

use core::fmt::{self, Write};

use purgeproof_core::evidence::{Entry, Evidence, Expect, Fact};
use purgeproof_core::firmware::{Begun, Standing};
use purgeproof_core::pass::Report;

use crate::rows::{self, Section, grouped};
use crate::{Certificate, Disagreement, Flaw, TrustFile, auditor, survey};

/// How wide the labels are.
const LABEL: usize = 16;

/// Why a record is not explained: what it says may not be relied on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unexplained {
    /// Checks that do not hold, by name.
    Flawed(Vec<(&'static str, Flaw)>),
    /// The evidence does not bear it out.
    Evidence(Disagreement),
}

impl fmt::Display for Unexplained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("The record is not explained, because it does not hold")?;
        match self {
            Self::Flawed(flaws) => flaws.iter().try_for_each(|(check, flaw)| write!(f, "; {check}: {flaw}"))?,
            Self::Evidence(disagreement) => {
                write!(f, "; evidence: {}", disagreement.to_string().trim_end_matches('.'))?;
            }
        }
        f.write_str(". Rely on nothing that it says, and take another copy of it")
    }
}

impl core::error::Error for Unexplained {}

impl Certificate {
    /// Everything that an auditor wants to see, as text, with the evidence file if there is one.
    ///
    /// # Errors
    /// [`Unexplained`]: a check does not hold, or the evidence says less than the certificate.
    pub fn explain(&self, bundle: Option<&[u8]>, trust: Option<&TrustFile>) -> Result<String, Unexplained> {
        let verification = self.verify(trust);
        if !verification.holds() {
            let flaws = verification.flaws().filter_map(|check| Some((check.name, check.flaw?)));
            return Err(Unexplained::Flawed(flaws.collect()));
        }
        let evidence = bundle.map(|bundle| self.evidence_matches(bundle)).transpose().map_err(Unexplained::Evidence)?;
        let mut text = String::new();
        for section in sections(self, evidence.as_ref(), &verification.trust.to_string(), trust) {
            let _ = write!(text, "{}", Printed(&section));
        }
        Ok(text)
    }
}

fn sections(
    certificate: &Certificate,
    evidence: Option<&Evidence>,
    whose: &str,
    trust: Option<&TrustFile>,
) -> Vec<Section> {
    let statement = &certificate.claims().statement;
    let outcome = statement.outcome.0;
    let period = crate::Chains::of(core::slice::from_ref(certificate), trust).period(certificate).to_string();
    let mut sections = vec![Section {
        heading: rows::title(outcome),
        rows: vec![
            ("Outcome", outcome.to_string()),
            ("Means", rows::meaning(statement).to_owned()),
            ("Done", rows::deed(statement)),
            ("Worth", rows::worth(outcome).to_owned()),
            ("Basis", rows::basis(statement)),
        ],
    }];
    sections.extend(rows::left(statement));
    sections.push(rows::hidden(statement));
    sections.extend(rows::right(certificate));
    let exceptions = statement.exceptions.iter().map(|exception| ("", rows::sentence(&exception.0.to_string())));
    sections.push(Section { heading: rows::uncovered(outcome), rows: or_none(exceptions.collect()) });
    sections.extend(evidence.into_iter().flat_map(survey::surveys).map(|(when, survey)| survey::section(when, survey)));
    sections.extend(auditor::sections(certificate, evidence));
    let mut proof = rows::proof(certificate);
    proof.extend([("Bracket", rows::sentence(&period)), ("Whose word", whose.to_owned())]);
    sections.push(Section { heading: "Proof", rows: proof });
    sections.push(course(certificate, evidence));
    sections
}

fn or_none(rows: Vec<(&'static str, String)>) -> Vec<(&'static str, String)> {
    if rows.is_empty() { vec![("", "Nothing.".to_owned())] } else { rows }
}

/// How the verdict follows: the facts that it was derived from, in order, and the reasons.
fn course(certificate: &Certificate, evidence: Option<&Evidence>) -> Section {
    let statement = &certificate.claims().statement;
    let mut rows: Vec<(&'static str, String)> = Vec::new();
    let heading = match evidence {
        Some(evidence) => {
            let facts = evidence.elapsed().filter_map(|(at_ms, entry)| {
                let fact = fact(entry)?;
                Some(("Fact", format!("{}.{:03} s: {fact}", at_ms / 1000, at_ms % 1000)))
            });
            rows.extend(facts);
            "How the verdict follows (from the evidence file, which the signature binds; seconds from the start)"
        }
        None => "How the verdict follows (from what is signed; the evidence file is not beside it)",
    };
    rows.extend(statement.reasons.iter().map(|because| ("Because", rows::sentence(&because.0.to_string()))));
    rows.push(("Verdict", statement.outcome.0.to_string()));
    Section { heading, rows }
}

/// A fact that the verdict hangs on, as a clause; `None` for what only says more about another one.
fn fact(entry: &Entry) -> Option<String> {
    Some(match &entry.fact {
        Fact::Opened { .. } => "opened for this program alone; it is the drive of the plan".into(),
        Fact::NotOpened { error } => format!("could not be opened: {error}"),
        Fact::OtherDrive { .. } => "another drive answered in its place; nothing was written".into(),
        Fact::MarkingBegan | Fact::MarkersPlaced { .. } | Fact::MarkersSought { .. } | Fact::SoughtOnMedium { .. } => {
            markers(&entry.fact)?
        }
        Fact::EraseBegan { technique } => format!("the drive is asked for {technique}"),
        Fact::EraseAnswered { begun } => answered(begun),
        Fact::Stands { standing } => stands(standing)?,
        Fact::Stalled { quiet_s } => format!("nothing has moved for {quiet_s} s: given up"),
        Fact::Settled { settled } if settled.problems.is_empty() => "the drive was left as it should be".into(),
        Fact::Settled { settled } => format!("the drive was left in disorder: {}", settled.problems.join("; ")),
        Fact::FellThrough { way } => format!("the next way is taken, no. {} of the plan", way + 1),
        Fact::PassBegan { number, pattern } => format!("pass {number} begins: {pattern}"),
        Fact::PassResumed { number, pattern, from } => format!("pass {number} goes on at LBA {}: {pattern}", from.0),
        Fact::PassEnded { number, report } => format!("pass {number} ended: {}", moved(report, "written")),
        Fact::Resumed { .. } => "it went on after an interruption; seconds are by another clock from here on".into(),
        Fact::Rechecked { report, mismatches } => format!(
            "what was written before: {}, {} otherwise than written",
            moved(report, "looked at"),
            grouped(mismatches.blocks.0)
        ),
        Fact::Flushed => "the drive says that everything is on the medium".into(),
        Fact::NotFlushed { error } => format!("the drive could not say that everything is on the medium: {error}"),
        Fact::VerifyBegan { coverage, places, expect } => {
            let expect = match expect {
                Expect::Pattern(pattern) => pattern.to_string(),
                Expect::Erased => "what firmware leaves".to_owned(),
            };
            format!("the read-back begins: {}, {} places, expected: {expect}", coverage.in_words(), grouped(*places))
        }
        Fact::VerifyEnded { report, mismatches, constant } => {
            let held = constant.map_or_else(String::new, |byte| format!("; every block holds the byte {byte:02X}h"));
            let differing = grouped(mismatches.blocks.0);
            format!("the read-back ended: {}, {differing} otherwise than expected{held}", moved(report, "read"))
        }
        Fact::ReformatBegan { to } => format!("it is asked for blocks of {} bytes", to.get()),
        Fact::Reformatted { blocks } => format!("it has {} blocks now", grouped(blocks.0)),
        Fact::NotReformatted { why } => format!("it was not formatted: {why}"),
        Fact::Stopped => "the operator stopped the job".into(),
        Fact::Crashed { what } => format!("a fault of the program ended the job: {what}"),
        Fact::Recovered => "the record was made by a later run, from the journal".into(),
        Fact::Prepared { .. }
        | Fact::Exchanged { .. }
        | Fact::TooHot { .. }
        | Fact::Rested { .. }
        | Fact::Surveyed { .. }
        | Fact::Health { .. }
        | Fact::GaugeBegan
        | Fact::Gauged { .. }
        | Fact::Checkpoint { .. } => return None,
    })
}

fn markers(fact: &Fact) -> Option<String> {
    Some(match fact {
        Fact::MarkingBegan => "the markers are being written".into(),
        Fact::MarkersPlaced { placed } => format!(
            "markers: {} of {} landed, old data beside {}",
            grouped(placed.landed),
            grouped(placed.places),
            grouped(placed.witnesses)
        ),
        Fact::MarkersSought { sought } => format!(
            "markers: {} left, old blocks left: {}",
            grouped(sought.markers_left),
            grouped(sought.witnesses_left)
        ),
        Fact::SoughtOnMedium { sought } => format!(
            "markers on the medium itself: {} left, old blocks left: {}",
            grouped(sought.markers_left),
            grouped(sought.witnesses_left)
        ),
        _ => return None,
    })
}

fn answered(begun: &Begun) -> String {
    match begun {
        Begun::Accepted { estimate_s: Some(estimate_s) } => format!("it accepted, and expects to take {estimate_s} s"),
        Begun::Accepted { estimate_s: None } => "it accepted".into(),
        Begun::Completed => "it reports that as complete".into(),
        Begun::Failed { why } => format!("it reports that it failed: {why}"),
        Begun::Refused { why } => format!("it refused: {why}"),
        Begun::Lost { why } => format!("no answer: {why}"),
    }
}

fn stands(standing: &Standing) -> Option<String> {
    Some(match standing {
        Standing::Never => "its status says that nothing was ever done".into(),
        Standing::InProgress { .. } => return None,
        Standing::Verifiable => "its status: erased, and open for verification".into(),
        Standing::Completed => "its status: complete".into(),
        Standing::Failed { why } => format!("its status: failed, {why}"),
        Standing::Unknown { why } => format!("its status says nothing: {why}"),
        Standing::Gone => "it no longer answers".into(),
    })
}

fn moved(report: &Report, how: &str) -> String {
    let bad = match report.bad.blocks.0 {
        0 => String::new(),
        blocks => format!(", {} bad", grouped(blocks)),
    };
    let gone = if report.gone { ", and then the drive was gone" } else { "" };
    format!("{} of {} blocks {how}{bad}{gone}", grouped(report.covered.0), grouped(report.wanted.0))
}

/// A section as lines: what a certificate says may come from a drive, and does not get at the terminal.
struct Printed<'a>(&'a Section);

impl fmt::Display for Printed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.0.heading)?;
        for (label, text) in self.0.labelled() {
            writeln!(f, "  {label:LABEL$}  {}", crate::harmless(text))?;
        }
        writeln!(f)
    }
}
