//! `purgeproof verify`: whether certificates hold, and what each one says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use purgeproof_certificate::{Certificate, Flaw, harmless};
use purgeproof_core::units::Bytes;
use serde_json::{Value, json};

use crate::print;

/// Nothing that is a certificate is longer; nothing longer is read.
const LIMIT: u64 = 64 << 20;

/// What became of one certificate.
struct Finding {
    name: String,
    /// The certificate with its checks, or why there is none.
    result: Result<Read, Wrong>,
}

/// What is wrong.
struct Wrong {
    /// For programs.
    code: &'static str,
    /// For people, without the full stop.
    why: String,
}

struct Read {
    certificate: Certificate,
    /// Each check by name with what is wrong.
    checks: Vec<(&'static str, Option<Wrong>)>,
    trust: String,
    /// The evidence lies beside it.
    has_evidence: bool,
}

impl Wrong {
    fn unreadable(why: &str) -> Self {
        Self { code: "unreadable", why: why.trim_end_matches('.').to_owned() }
    }
}

impl Finding {
    fn holds(&self) -> bool {
        self.result.as_ref().is_ok_and(|read| read.checks.iter().all(|(_, flaw)| flaw.is_none()))
    }
}

/// Runs the command: the exit code is 0 only if every check of every certificate holds.
pub(crate) fn run(certificates: &[PathBuf], as_json: bool) -> ExitCode {
    let findings: Vec<Finding> = certificates.iter().map(|path| examine(path)).collect();
    let all_hold = findings.iter().all(Finding::holds);
    let text = if as_json {
        let list: Vec<Value> = findings.iter().map(in_json).collect();
        format!("{:#}\n", json!({ "all_hold": all_hold, "certificates": list }))
    } else {
        let texts: Vec<String> = findings.iter().map(in_words).collect();
        texts.join("\n")
    };
    let printed = print(|out| {
        out.extend_from_slice(text.as_bytes());
        Ok(())
    });
    if all_hold { printed } else { ExitCode::FAILURE }
}

fn examine(path: &Path) -> Finding {
    let argument = path.to_string_lossy();
    if argument.starts_with("PP1:") || argument.starts_with("PPS1:") {
        return Finding { name: "QR text".to_string(), result: read(argument.as_bytes(), None) };
    }
    let name = argument.into_owned();
    match bytes_of(path) {
        Ok(bytes) => Finding { name, result: read(&bytes, Some(path)) },
        Err(why) => Finding { name, result: Err(Wrong::unreadable(&why)) },
    }
}

pub(crate) fn bytes_of(path: &Path) -> Result<Vec<u8>, String> {
    let length = fs::metadata(path).map_err(|error| format!("It cannot be opened ({error}). Check the path."))?.len();
    if length > LIMIT {
        return Err(format!("It is no certificate: {} is longer than any. Check the path.", Bytes(length)));
    }
    fs::read(path).map_err(|error| format!("It cannot be read ({error}). Check the path."))
}

fn read(bytes: &[u8], path: Option<&Path>) -> Result<Read, Wrong> {
    let certificate =
        Certificate::read_any(bytes).map_err(|error| Wrong { code: error.code(), why: error.to_string() })?;
    let verification = certificate.verify(None);
    let flawed = |flaw: Flaw| Wrong { code: flaw.code(), why: flaw.to_string() };
    let mut checks: Vec<(&str, Option<Wrong>)> =
        verification.checks.iter().map(|check| (check.name, check.flaw.map(flawed))).collect();
    let evidence = path.and_then(evidence_beside);
    let has_evidence = evidence.is_some();
    if let Some(evidence) = evidence {
        let wrong = match evidence {
            Ok(bundle) => certificate
                .evidence_matches(&bundle)
                .err()
                .map(|found| Wrong { code: found.code(), why: found.to_string() }),
            Err(why) => Some(Wrong::unreadable(&why)),
        };
        checks.push(("evidence", wrong));
    }
    Ok(Read { trust: verification.trust.to_string(), certificate, checks, has_evidence })
}

/// The evidence that lies beside a certificate under the same name; `None` if none does.
pub(crate) fn evidence_beside(path: &Path) -> Option<Result<Vec<u8>, String>> {
    let evidence = path.with_extension("evidence.json");
    evidence.exists().then(|| bytes_of(&evidence))
}

fn in_words(finding: &Finding) -> String {
    let name = &finding.name;
    let read = match &finding.result {
        Ok(read) => read,
        Err(wrong) => return format!("{name}: NOT A VALID CERTIFICATE\n  {}.\n", wrong.why),
    };
    let mut lines = Vec::new();
    lines.push(format!(
        "{name}: {}",
        if finding.holds() { "the certificate holds" } else { "THE CERTIFICATE DOES NOT HOLD" }
    ));
    for (check, flaw) in &read.checks {
        lines.extend(flaw.iter().map(|wrong| format!("  {check}: {}.", wrong.why)));
    }
    if finding.holds() {
        lines.extend(statement(&read.certificate).into_iter().map(|line| format!("  {line}")));
        let names: Vec<&str> = read.checks.iter().map(|(name, _)| *name).collect();
        lines.push(format!("  checked: {}", names.join(", ")));
        if !read.has_evidence {
            lines.push("  not checked: the evidence, which is not beside it".to_string());
        }
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
                "trust": read.trust,
                "evidence": read.has_evidence,
                "certificate": view,
            })
        }
    }
}
