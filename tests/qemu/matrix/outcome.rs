//! What came of one drive: its certificates and its medium.

use std::fmt;

use drivesim::Oracle;

use super::expected::{Case, Medium, Word};
use crate::rig::Certificate;

pub(super) struct Outcome<'a> {
    pub(super) case: &'a Case<'a>,
    /// Those about the run that ended by itself.
    own: Vec<Certificate>,
    /// The one about the run that the power cut ended.
    before_the_cut: Option<Certificate>,
    others: usize,
    oracle: Oracle,
}

impl<'a> Outcome<'a> {
    pub(super) fn new(case: &'a Case<'a>, certificates: Vec<Certificate>, oracle: Oracle) -> Self {
        let (mut earlier, own): (Vec<_>, Vec<_>) = certificates.into_iter().partition(Certificate::is_recovered);
        let before_the_cut = earlier.pop();
        Self { case, own, before_the_cut, others: earlier.len(), oracle }
    }

    fn each(&self) -> impl Iterator<Item = &Certificate> {
        self.before_the_cut.iter().chain(&self.own)
    }

    pub(super) fn certificates(&self) -> usize {
        self.others + self.each().count()
    }

    /// What is on the medium, in the words of the scenario.
    pub(super) fn medium(&self) -> Medium {
        match (self.oracle.customer_blocks, self.oracle.untouched) {
            (_, true) => Medium::Untouched,
            (0, _) => Medium::Erased,
            _ => Medium::Kept,
        }
    }

    /// The verdicts in order; "none" without a certificate.
    pub(super) fn verdict(&self) -> String {
        let words: Vec<&str> = self.each().map(Certificate::outcome).collect();
        if words.is_empty() { "none".to_owned() } else { words.join(", then ") }
    }

    /// The invariant first, then what this drive was expected to come to.
    pub(super) fn complaints(&self) -> Vec<String> {
        let expect = &self.case.expect;
        let mut wrong = self.broken();
        for certificate in &self.own {
            wrong.extend(differences("", Some(certificate), expect.certificate.as_ref()));
        }
        let expected = expect.certificate.as_ref().map_or(0, |_| expect.certificates);
        if self.own.len() != expected {
            wrong.push(format!("{} certificates, {expected} expected", self.own.len()));
        }
        wrong.extend(differences("before the cut: ", self.before_the_cut.as_ref(), expect.before_the_cut.as_ref()));
        if self.others > 0 {
            wrong.push(format!("{} more certificates than expected", self.others));
        }
        if expect.media != Medium::Any && self.medium() != expect.media {
            wrong.push(format!("the medium is {:?}, not {:?}", self.medium(), expect.media));
        }
        wrong.iter().map(|wrong| format!("{}, {}: {wrong}", self.case.spec.serial, self.case.spec.case)).collect()
    }

    /// What must never be: a certificate that says more than the medium holds or that does not verify, or a drive touched that nobody
    /// selected.
    fn broken(&self) -> Vec<String> {
        let mut broken = Vec::new();
        for certificate in self.each() {
            broken.extend(certificate.objection().map(|objection| format!("INVARIANT: it does not hold: {objection}")));
            if certificate.is_good() && self.oracle.customer_blocks > 0 {
                broken.push(format!(
                    "INVARIANT: {} with {} of {} blocks of the customer's still there, first {:?}",
                    certificate.outcome(),
                    self.oracle.customer_blocks,
                    self.oracle.blocks,
                    self.oracle.first
                ));
            }
        }
        if !self.case.asked.selected && !self.oracle.untouched {
            broken.push("INVARIANT: nobody selected it, and it was touched".to_owned());
        }
        broken
    }
}

fn differences(which: &str, certificate: Option<&Certificate>, word: Option<&Word>) -> Vec<String> {
    let (certificate, word) = match (certificate, word) {
        (None, None) => return Vec::new(),
        (Some(one), None) => return vec![format!("{which}a certificate ({}), none expected", one.outcome())],
        (None, Some(word)) => return vec![format!("{which}no certificate, {} expected", word.verdict)],
        (Some(certificate), Some(word)) => (certificate, word),
    };
    let mut wrong = Vec::new();
    if certificate.outcome() != word.verdict {
        wrong.push(format!("{which}{}, not {}", certificate.outcome(), word.verdict));
    }
    if let Some(row) = word.row.as_deref().filter(|row| certificate.row() != *row) {
        wrong.push(format!("{which}row {}, not {row}", certificate.row()));
    }
    let sentences = certificate.sentences();
    let is_missing = |phrase: &&String| !sentences.iter().any(|sentence| sentence.contains(phrase.as_str()));
    wrong.extend(word.says.iter().filter(is_missing).map(|phrase| format!("{which}it does not say \"{phrase}\"")));
    wrong
}

impl fmt::Display for Outcome<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Oracle { blocks, customer_blocks, first, untouched } = &self.oracle;
        writeln!(f, "{}, {}", self.case.spec.serial, self.case.spec.case)?;
        writeln!(
            f,
            "  medium: {customer_blocks} of {blocks} blocks of the customer's {first:?}, untouched {untouched}"
        )?;
        for certificate in self.each() {
            writeln!(f, "  {} by {}", certificate.outcome(), certificate.row())?;
            for sentence in certificate.sentences() {
                writeln!(f, "    {sentence}")?;
            }
        }
        Ok(())
    }
}
