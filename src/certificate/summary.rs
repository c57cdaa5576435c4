//! Many certificates on one list: of the drives of a machine, or of the machines of a job. It is made from the certificates alone, each
//! verified first; one that does not hold is listed as that and as nothing else.

use std::collections::{BTreeMap, BTreeSet};

use purgeproof_core::evidence::hex;
use purgeproof_core::verdict::Outcome;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::civil::Civil;
use crate::{Certificate, Chains, TrustFile};

mod paper;

/// What stands in place of an outcome that nobody may rely on.
const DOES_NOT_HOLD: &str = "DOES NOT HOLD";

/// The columns, in the order of the CSV. A column keeps its name and meaning for ever; new ones come at the end.
pub const COLUMNS: [&str; 25] = [
    "outcome",
    "flaws",
    "serial",
    "vendor",
    "model",
    "wwn",
    "bytes",
    "asset",
    "technique",
    "exceptions",
    "started",
    "ended",
    "issued",
    "machine",
    "machine_serial",
    "machine_asset",
    "organisation",
    "job",
    "site",
    "operator",
    "certificate",
    "sha256",
    "key",
    "log_number",
    "concealing",
];

/// The list.
#[derive(Clone, Debug)]
pub struct Summary {
    /// By machine, then by time.
    rows: Vec<Row>,
    /// The certificates, one after the other.
    sequence: Vec<u8>,
    issued_unix_s: u64,
}

/// A certificate: its members are the columns.
#[derive(Clone, Debug, Serialize)]
struct Row {
    outcome: String,
    /// What is wrong with it; if anything is, no other word of it may be relied on.
    flaws: String,
    serial: String,
    vendor: String,
    model: String,
    wwn: String,
    bytes: u64,
    asset: String,
    technique: String,
    exceptions: usize,
    started: String,
    ended: String,
    issued: String,
    machine: String,
    machine_serial: String,
    machine_asset: String,
    organisation: String,
    job: String,
    site: String,
    operator: String,
    certificate: String,
    sha256: String,
    key: String,
    log_number: u64,
    /// The controllers of the machine that may hide drives.
    concealing: String,
}

impl Summary {
    /// Verifies certificates, among each other and by what an organisation says if its trust file is given, and lists them, each once,
    /// however often it was given.
    pub fn of(certificates: &[Certificate], trust: Option<&TrustFile>) -> Self {
        let chains = Chains::of(certificates, trust);
        let mut seen = BTreeSet::new();
        let mut all: Vec<&Certificate> = certificates.iter().filter(|one| seen.insert(one.sha256())).collect();
        all.sort_by_cached_key(|one| {
            let claims = one.claims();
            let host = &claims.statement.host;
            (host.serial.clone(), host.uuid.clone(), host.product.clone(), claims.issued_unix_s, claims.id.0)
        });
        let mut numbers: BTreeMap<[u8; 16], usize> = BTreeMap::new();
        for one in &all {
            *numbers.entry(one.claims().id.0).or_default() += 1;
        }
        let is_double = |one: &Certificate| numbers.get(&one.claims().id.0).is_some_and(|count| *count > 1);
        Self {
            rows: all.iter().map(|one| Row::of(one, &chains, is_double(one))).collect(),
            sequence: all.iter().flat_map(|one| one.bytes()).copied().collect(),
            issued_unix_s: all.iter().map(|one| one.claims().issued_unix_s).max().unwrap_or_default(),
        }
    }

    /// How many certificates are listed.
    pub fn count(&self) -> usize {
        self.rows.len()
    }

    /// Every certificate holds, whatever its outcome.
    pub fn all_hold(&self) -> bool {
        self.rows.iter().all(|row| row.flaws.is_empty())
    }

    /// How many there are of each outcome, in words.
    pub fn totals(&self) -> String {
        let words =
            [Outcome::Purged, Outcome::Cleared, Outcome::NotErased, Outcome::Indeterminate].map(|it| it.to_string());
        let words = words.into_iter().chain([DOES_NOT_HOLD.to_owned()]);
        let counts = words.map(|word| (self.rows.iter().filter(|row| row.outcome == word).count(), word));
        let counted: Vec<String> =
            counts.filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
        counted.join(", ")
    }

    /// As CSV (RFC 4180) in UTF-8, with a line of [`COLUMNS`]. A cell that a spreadsheet would take for a formula has an apostrophe before
    /// it.
    pub fn csv(&self) -> String {
        let mut lines = vec![COLUMNS.join(",")];
        for row in self.values() {
            let cells = COLUMNS.map(|column| match row.get(column) {
                Some(Value::String(text)) => cell(text),
                Some(other) => other.to_string(),
                None => String::new(),
            });
            lines.push(cells.join(","));
        }
        lines.push(String::new());
        lines.join("\r\n")
    }

    /// As JSON: a list of objects with [`COLUMNS`] as members.
    pub fn json(&self) -> String {
        format!("{:#}\n", Value::Array(self.values().collect()))
    }

    fn values(&self) -> impl Iterator<Item = Value> + '_ {
        // Strings and numbers: there is nothing in it that could fail.
        self.rows.iter().map(|row| serde_json::to_value(row).unwrap_or_default())
    }

    fn sha256(&self) -> [u8; 32] {
        Sha256::digest(&self.sequence).into()
    }
}

impl Row {
    fn of(certificate: &Certificate, chains: &Chains<'_>, is_double: bool) -> Self {
        let claims = certificate.claims();
        let statement = &claims.statement;
        let (device, host, job) = (&statement.device, &statement.host, &statement.job);
        let given = |text: &Option<String>| text.clone().unwrap_or_default();
        let mut flaws: Vec<String> =
            certificate.verify_in(chains).flaws().filter_map(|check| Some(check.flaw?.to_string())).collect();
        if is_double {
            flaws.push("another certificate has the same number and says other things".to_owned());
        }
        let outcome = if flaws.is_empty() { statement.outcome.0.to_string() } else { DOES_NOT_HOLD.to_owned() };
        let concealing = host.concealing.iter().flatten().map(|one| one.controller.as_str());
        let machine: Vec<&str> = [&host.vendor, &host.product].into_iter().flatten().map(String::as_str).collect();
        Self {
            outcome,
            flaws: flaws.join("; "),
            serial: given(&device.serial),
            vendor: given(&device.vendor),
            model: device.model.clone(),
            wwn: given(&device.wwn),
            bytes: device.bytes,
            asset: given(&device.asset),
            technique: statement.method.technique.0.to_string(),
            exceptions: statement.exceptions.len(),
            started: Civil::of(statement.time.start_unix_s).iso(),
            ended: Civil::of(statement.time.end_unix_s).iso(),
            issued: Civil::of(claims.issued_unix_s).iso(),
            machine: machine.join(" "),
            machine_serial: given(&host.serial),
            machine_asset: given(&host.asset),
            organisation: given(&job.organisation),
            job: given(&job.number),
            site: given(&job.site),
            operator: given(&statement.operator),
            certificate: claims.id.to_string(),
            sha256: hex(&certificate.sha256()),
            key: certificate.fingerprint().to_string(),
            log_number: statement.link.seq,
            concealing: concealing.collect::<Vec<_>>().join("; "),
        }
    }

    fn is_good(&self) -> bool {
        [Outcome::Purged, Outcome::Cleared].iter().any(|good| good.to_string() == self.outcome)
    }
}

/// A text as a cell: in quotes where commas, quotes or line ends need them (RFC 4180 §2).
fn cell(text: &str) -> String {
    let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if is_formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_never_formulas() {
        for (text, is) in [
            ("S64NNF", "S64NNF"),
            ("", ""),
            ("a,b", "\"a,b\""),
            ("6\" disk", "\"6\"\" disk\""),
            ("=HYPERLINK(\"x\")", "\"'=HYPERLINK(\"\"x\"\")\""),
            ("+49", "'+49"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\tx", "'\tx"),
            ("one\r\ntwo", "\"one\r\ntwo\""),
            ("Müller 東京", "Müller 東京"),
        ] {
            assert_eq!(cell(text), is);
        }
    }
}
