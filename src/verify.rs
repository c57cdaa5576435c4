//! `purgeproof verify`: whether certificates hold, and what each one says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use purgeproof_certificate::{Certificate, Chains, Flaw, Pages, Trust, TrustFile, harmless};
use purgeproof_core::units::Bytes;
use purgeproof_org::read_trust;
use serde_json::{Value, json};

use crate::inputs::{Input, gather};
use crate::{bulk, fail, pages, print};

/// Nothing that is a certificate is longer; nothing longer is read.
const LIMIT: u64 = 64 << 20;

/// The check of a PDF's pages.
const PAGES: &str = "pages";

/// What became of one certificate.
struct Finding<'a> {
    name: &'a str,
    /// The certificate with its checks, or why there is none.
    result: Result<Read<'a>, &'a Wrong>,
}

/// What is wrong.
pub(crate) struct Wrong {
    /// For programs.
    pub(crate) code: &'static str,
    /// For people, without the full stop.
    pub(crate) why: String,
}

struct Read<'a> {
    certificate: &'a Certificate,
    /// Each check by name with what is wrong.
    checks: Vec<(&'static str, Option<Wrong>)>,
    trust: Trust,
    /// Between which moments it was made, where an organisation says something about that.
    made: Option<String>,
    /// The evidence lies beside it.
    has_evidence: bool,
    /// What the pages are worth, of a PDF.
    pages: Option<Pages>,
}

/// What certificates show together, and whether that takes away from them.
struct Observation {
    code: &'static str,
    sentence: String,
    is_alarm: bool,
}

impl Wrong {
    pub(crate) fn unreadable(why: &str) -> Self {
        Self { code: "unreadable", why: why.trim_end_matches('.').to_owned() }
    }
}

impl Finding<'_> {
    /// The pages show other things than the certificate, and the certificate itself holds.
    fn is_repainted(&self) -> bool {
        let is_whole = |read: &Read<'_>| read.checks.iter().all(|(name, flaw)| *name == PAGES || flaw.is_none());
        !self.holds() && self.result.as_ref().is_ok_and(is_whole)
    }

    fn holds(&self) -> bool {
        self.result.as_ref().is_ok_and(|read| read.checks.iter().all(|(_, flaw)| flaw.is_none()))
    }
}

/// Runs the command: the exit code is 0 only if every check of every certificate holds, and nothing that they show together speaks against
/// them.
pub(crate) fn run(arguments: &[PathBuf], trust: Option<&Path>, as_json: bool) -> ExitCode {
    let trust = match trust.map(read_trust).transpose() {
        Ok(trust) => trust,
        Err(sentence) => return fail(&sentence),
    };
    if bulk::is_wanted(arguments) {
        return bulk::run(arguments, trust.as_ref(), as_json);
    }
    let inputs = gather(arguments);
    let (names, certificates): (Vec<&str>, Vec<Certificate>) = inputs
        .each
        .iter()
        .filter_map(|input| Some((input.name.as_str(), input.certificate.as_ref().ok()?.clone())))
        .unzip();
    let chains = Chains::of(&certificates, trust.as_ref());
    let findings: Vec<Finding> = inputs.each.iter().map(|input| examine(input, &chains, trust.as_ref())).collect();
    let together: Vec<Observation> = chains
        .findings()
        .iter()
        .map(|found| Observation {
            code: found.code(),
            sentence: found.in_words(|index| names.get(index).copied().unwrap_or_default()),
            is_alarm: found.is_alarm(inputs.is_complete),
        })
        // Of one certificate alone the others are never there.
        .filter(|seen| seen.is_alarm || findings.len() > 1)
        .collect();
    let all_hold = findings.iter().all(Finding::holds) && !together.iter().any(|seen| seen.is_alarm);
    let text = if as_json { all_in_json(all_hold, &findings, &together) } else { all_in_words(&findings, &together) };
    let printed = print(|out| {
        out.extend_from_slice(text.as_bytes());
        Ok(())
    });
    if all_hold { printed } else { ExitCode::FAILURE }
}

fn all_in_words(findings: &[Finding], together: &[Observation]) -> String {
    let mut texts: Vec<String> = findings.iter().map(in_words).collect();
    if !together.is_empty() {
        let lines: Vec<String> = together.iter().map(|seen| format!("  {}.\n", seen.sentence)).collect();
        texts.push(format!("Together:\n{}", lines.concat()));
    }
    texts.join("\n")
}

fn all_in_json(all_hold: bool, findings: &[Finding], together: &[Observation]) -> String {
    let list: Vec<Value> = findings.iter().map(in_json).collect();
    let together: Vec<Value> = together
        .iter()
        .map(|seen| json!({ "code": seen.code, "alarm": seen.is_alarm, "finding": seen.sentence }))
        .collect();
    format!("{:#}\n", json!({ "all_hold": all_hold, "certificates": list, "together": together }))
}

pub(crate) fn bytes_of(path: &Path) -> Result<Vec<u8>, String> {
    let length = fs::metadata(path).map_err(|error| format!("It cannot be opened ({error}). Check the path."))?.len();
    if length > LIMIT {
        return Err(format!("It is no certificate: {} is longer than any. Check the path.", Bytes(length)));
    }
    fs::read(path).map_err(|error| format!("It cannot be read ({error}). Check the path."))
}

fn examine<'a>(input: &'a Input, chains: &Chains<'_>, trust: Option<&TrustFile>) -> Finding<'a> {
    let read = |certificate: &'a Certificate| {
        let verification = certificate.verify_in(chains);
        let flawed = |flaw: Flaw| Wrong { code: flaw.code(), why: flaw.to_string() };
        let mut checks: Vec<(&str, Option<Wrong>)> =
            verification.checks.iter().map(|check| (check.name, check.flaw.map(flawed))).collect();
        let evidence = input.path.as_deref().and_then(evidence_beside);
        let has_evidence = evidence.is_some();
        let mut own = None;
        if let Some(evidence) = evidence {
            let matched = evidence.map_err(|why| Wrong::unreadable(&why)).and_then(|bundle| {
                let found = certificate.evidence_matches(&bundle);
                found.map_err(|found| Wrong { code: found.code(), why: found.to_string() })
            });
            own = matched.as_ref().ok().cloned();
            checks.push(("evidence", matched.err()));
        }
        let pages = match pages::compared(input.path.as_deref(), certificate, own.as_ref()) {
            Some(Err(wrong)) => {
                checks.push((PAGES, Some(wrong)));
                None
            }
            Some(Ok(pages)) => Some(pages),
            None => None,
        };
        if let Some(pages) = pages.as_ref().filter(|pages| !matches!(pages, Pages::Unknown { .. })) {
            checks.push((PAGES, pages::repainted(pages)));
        }
        let made = trust.map(|_| chains.period(certificate).to_string());
        Read { certificate, checks, trust: verification.trust, made, has_evidence, pages }
    };
    Finding { name: &input.name, result: input.certificate.as_ref().map(read) }
}

/// The evidence that lies beside a certificate under the same name; `None` if none does.
pub(crate) fn evidence_beside(path: &Path) -> Option<Result<Vec<u8>, String>> {
    let evidence = path.with_extension("evidence.json");
    evidence.exists().then(|| bytes_of(&evidence))
}

fn in_words(finding: &Finding) -> String {
    let name = finding.name;
    let read = match &finding.result {
        Ok(read) => read,
        Err(wrong) => return format!("{name}: NOT A VALID CERTIFICATE\n  {}.\n", wrong.why),
    };
    let mut lines = Vec::new();
    let headline = match (finding.holds(), finding.is_repainted()) {
        (true, _) => "the certificate holds",
        (_, true) => "THE PAGES ARE NOT THE CERTIFICATE'S, which holds",
        (_, false) => "THE CERTIFICATE DOES NOT HOLD",
    };
    lines.push(format!("{name}: {headline}"));
    for (check, flaw) in &read.checks {
        lines.extend(flaw.iter().map(|wrong| format!("  {check}: {}.", wrong.why)));
    }
    if finding.holds() || finding.is_repainted() {
        lines.extend(statement(read.certificate).into_iter().map(|line| format!("  {line}")));
        let names: Vec<&str> = read.checks.iter().filter(|(_, flaw)| flaw.is_none()).map(|(name, _)| *name).collect();
        lines.push(format!("  checked: {}", names.join(", ")));
        if !read.has_evidence {
            lines.push("  not checked: the evidence, which is not beside it".to_string());
        }
        lines.extend(read.made.iter().map(|made| format!("  {made}")));
        lines.extend(read.pages.as_ref().and_then(pages::worth).map(|words| format!("  {words}")));
        lines.push(format!("  {}", read.trust));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// What a certificate that holds says, in short.
fn statement(certificate: &Certificate) -> Vec<String> {
    let claims = certificate.claims();
    let device = &claims.statement.device;
    let serial = harmless(device.serial.as_deref().unwrap_or("none"));
    let model = harmless(&device.model);
    vec![
        format!("{}: {model}, serial number {serial}, {} bytes", claims.statement.outcome.0, device.bytes),
        format!("certificate {}", claims.id),
    ]
}

fn in_json(finding: &Finding) -> Value {
    match &finding.result {
        Err(wrong) => json!({ "file": finding.name, "holds": false, "error": wrong.why, "code": wrong.code }),
        Ok(read) => {
            let checks: Vec<Value> = read
                .checks
                .iter()
                .map(|(name, flaw)| {
                    let (code, why) = flaw.as_ref().map(|wrong| (wrong.code, &wrong.why)).unzip();
                    json!({ "check": name, "holds": flaw.is_none(), "flaw": why, "code": code })
                })
                .collect();
            let view: Value = serde_json::from_str(&read.certificate.json()).unwrap_or_default();
            json!({
                "file": finding.name,
                "holds": finding.holds(),
                "outcome": read.certificate.claims().statement.outcome.0,
                "checks": checks,
                "trust": read.trust.to_string(),
                "whose": read.trust.code(),
                "made": read.made,
                "evidence": read.has_evidence,
                "pages": read.pages.as_ref().map(pages::word),
                "certificate": view,
            })
        }
    }
}
