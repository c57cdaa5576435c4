//! What is said of many certificates: what does not hold, what they show together, and how many there are of each kind.

use std::collections::BTreeMap;
use std::io::{self, BufWriter, Stdout, Write};
use std::process::ExitCode;

use purgeproof_certificate::harmless;
use purgeproof_core::evidence::hex;
use serde_json::{Value, json};

use crate::apart::{Examined, Said, What};

/// Says it while it counts.
pub(crate) struct Tally {
    as_json: bool,
    out: BufWriter<Stdout>,
    /// The first thing that could not be written.
    failed: Option<io::Error>,
    certificates: u64,
    hold: u64,
    without_evidence: u64,
    no_certificates: u64,
    journals: u64,
    cut_short: u64,
    outcomes: BTreeMap<String, u64>,
    whose: BTreeMap<&'static str, u64>,
    flaws: BTreeMap<&'static str, u64>,
    has_alarm: bool,
    /// The heading over what they show together was written.
    is_together: bool,
}

impl Tally {
    /// In sentences, or a JSON object a line.
    pub(crate) fn new(as_json: bool) -> Self {
        Self {
            as_json,
            out: BufWriter::new(io::stdout()),
            failed: None,
            certificates: 0,
            hold: 0,
            without_evidence: 0,
            no_certificates: 0,
            journals: 0,
            cut_short: 0,
            outcomes: BTreeMap::new(),
            whose: BTreeMap::new(),
            flaws: BTreeMap::new(),
            has_alarm: false,
            is_together: false,
        }
    }

    fn line(&mut self, text: &str) {
        if self.failed.is_none() {
            self.failed = writeln!(self.out, "{text}").err();
        }
    }

    /// Whether it is told by its name.
    pub(crate) fn names(&self, examined: &Examined) -> bool {
        self.as_json || !examined.holds()
    }

    /// Counts one, and says what is wrong with it.
    pub(crate) fn tell(&mut self, examined: &Examined) {
        for fault in &examined.faults {
            *self.flaws.entry(fault.code).or_default() += 1;
        }
        self.has_alarm |= !examined.holds();
        match &examined.what {
            What::Certificate(said) => self.count(said, examined.holds()),
            What::NoCertificate => self.no_certificates += 1,
            What::Journal { cut_short } => {
                self.journals += 1;
                self.cut_short += u64::from(*cut_short);
            }
        }
        if self.as_json {
            self.line(&in_json(examined).to_string());
        } else if !examined.holds() {
            let what = match &examined.what {
                What::Certificate(_) => "THE CERTIFICATE DOES NOT HOLD",
                What::NoCertificate => "NOT A VALID CERTIFICATE",
                What::Journal { .. } => "THE JOURNAL DOES NOT HOLD",
            };
            self.line(&format!("{}: {what}", harmless(&examined.name)));
            for fault in &examined.faults {
                self.line(&format!("  {}: {}.", fault.check, fault.why));
            }
        }
    }

    fn count(&mut self, said: &Said, holds: bool) {
        self.certificates += 1;
        self.without_evidence += u64::from(!said.has_evidence);
        if holds {
            self.hold += 1;
            *self.outcomes.entry(said.outcome.to_string()).or_default() += 1;
            *self.whose.entry(said.trust.code()).or_default() += 1;
        }
    }

    /// Something that certificates show together.
    pub(crate) fn together(&mut self, code: &str, is_alarm: bool, sentence: &str) {
        self.has_alarm |= is_alarm;
        if self.as_json {
            self.line(&json!({ "together": code, "alarm": is_alarm, "finding": sentence }).to_string());
            return;
        }
        if !self.is_together {
            self.is_together = true;
            self.line("Together:");
        }
        self.line(&format!("  {}.", harmless(sentence)));
    }

    /// The numbers, and the exit code.
    pub(crate) fn end(mut self) -> ExitCode {
        let all_hold = !self.has_alarm && self.certificates > 0;
        if self.as_json {
            let summary = json!({
                "all_hold": all_hold,
                "certificates": self.certificates,
                "hold": self.hold,
                "not_certificates": self.no_certificates,
                "outcomes": self.outcomes,
                "whose": self.whose,
                "flaws": self.flaws,
                "without_evidence": self.without_evidence,
                "journals": self.journals,
                "journals_cut_short": self.cut_short,
            });
            self.line(&summary.to_string());
        } else {
            self.summary(all_hold);
        }
        match self.failed.or_else(|| self.out.flush().err()) {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                crate::fail(&format!("The output could not be written ({error}). Check where it goes."))
            }
            _ if all_hold => ExitCode::SUCCESS,
            _ => ExitCode::FAILURE,
        }
    }

    fn summary(&mut self, all_hold: bool) {
        let outcomes: Vec<String> = self.outcomes.iter().map(|(word, count)| format!("{count} {word}")).collect();
        let whose: Vec<String> = self.whose.iter().map(|(word, count)| format!("{count} {word}")).collect();
        let flaws: Vec<String> = self.flaws.iter().map(|(word, count)| format!("{count} {word}")).collect();
        self.line(&format!(
            "{}: {}, {} not",
            counted(self.certificates, "certificate", "certificates"),
            counted(self.hold, "holds", "hold"),
            counted(self.certificates - self.hold, "does", "do")
        ));
        let or_none = |list: Vec<String>| if list.is_empty() { "none".to_owned() } else { list.join(", ") };
        self.line(&format!("  outcomes of those that hold: {}", or_none(outcomes)));
        self.line(&format!("  whose word they are: {}", or_none(whose)));
        self.line(&format!(
            "  evidence: compared for {}, not there for {}",
            self.certificates - self.without_evidence,
            self.without_evidence
        ));
        self.line("  not compared: the visible text of PDFs; verify those one by one");
        if self.journals > 0 {
            self.line(&format!(
                "  journals: {}, of which {} in a line cut short, as a power cut leaves it",
                self.journals,
                counted(self.cut_short, "ends", "end")
            ));
        }
        if !flaws.is_empty() {
            self.line(&format!("  flaws: {}", or_none(flaws)));
        }
        self.line(if all_hold { "Everything holds." } else { "NOT EVERYTHING HOLDS." });
    }
}

/// A number and its word.
pub(crate) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

fn in_json(examined: &Examined) -> Value {
    let flaws: Vec<Value> = examined
        .faults
        .iter()
        .map(|fault| json!({ "check": fault.check, "code": fault.code, "flaw": fault.why }))
        .collect();
    let (file, holds) = (&examined.name, examined.holds());
    match &examined.what {
        What::Certificate(said) => json!({
            "file": file,
            "holds": holds,
            "flaws": flaws,
            "outcome": said.outcome,
            "id": said.id.to_string(),
            "sha256": examined.record.map(|record| hex(record.sha256())),
            "number": said.seq,
            "model": said.model,
            "serial": said.serial,
            "whose": said.trust.code(),
            "trust": said.trust.to_string(),
            "evidence": said.has_evidence,
        }),
        What::NoCertificate => json!({ "file": file, "holds": holds, "flaws": flaws }),
        What::Journal { cut_short } => {
            json!({ "journal": file, "holds": holds, "flaws": flaws, "cut_short": cut_short })
        }
    }
}
