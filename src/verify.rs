//! `purgeproof verify`: whether certificates hold, and what each one says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use purgeproof_certificate::Certificate;
use purgeproof_core::units::Bytes;
use serde_json::{Value, json};

use crate::print;

/// Nothing that is a certificate is longer; nothing longer is read.
const LIMIT: u64 = 64 << 20;

/// What became of one certificate.
struct Finding {
    name: String,
    /// The certificate with its checks, or why there is none.
    result: Result<Read, String>,
}

struct Read {
    certificate: Certificate,
    /// Each check by name with what is wrong.
    checks: Vec<(&'static str, Option<String>)>,
    trust: String,
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
    if argument.starts_with("PP1:") {
        return Finding { name: "QR text".to_string(), result: read(argument.as_bytes(), None) };
    }
    let name = argument.into_owned();
    match bytes_of(path) {
        Ok(bytes) => Finding { name, result: read(&bytes, Some(path)) },
        Err(why) => Finding { name, result: Err(why) },
    }
}

pub(crate) fn bytes_of(path: &Path) -> Result<Vec<u8>, String> {
    let length = fs::metadata(path).map_err(|error| format!("It cannot be opened ({error}). Check the path."))?.len();
    if length > LIMIT {
        return Err(format!("It is no certificate: {} is longer than any. Check the path.", Bytes(length)));
    }
    fs::read(path).map_err(|error| format!("It cannot be read ({error}). Check the path."))
}

fn read(bytes: &[u8], path: Option<&Path>) -> Result<Read, String> {
    let certificate = Certificate::read_any(bytes).map_err(|error| format!("{error}."))?;
    let verification = certificate.verify();
    let mut checks: Vec<(&str, Option<String>)> =
        verification.checks.iter().map(|check| (check.name, check.flaw.map(|flaw| flaw.to_string()))).collect();
    if let Some(evidence) = path.and_then(evidence_beside) {
        let disagreement = match evidence {
            Ok(bundle) => certificate.evidence_matches(&bundle).err().map(|disagreement| disagreement.to_string()),
            Err(why) => Some(why),
        };
        checks.push(("evidence", disagreement));
    }
    Ok(Read { trust: verification.trust.to_string(), certificate, checks })
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
        Err(why) => return format!("{name}: NOT A VALID CERTIFICATE\n  {why}\n"),
    };
    let mut lines = Vec::new();
    lines.push(format!(
        "{name}: {}",
        if finding.holds() { "the certificate holds" } else { "THE CERTIFICATE DOES NOT HOLD" }
    ));
    for (check, flaw) in &read.checks {
        lines.extend(flaw.iter().map(|flaw| format!("  {check}: {flaw}.")));
    }
    if finding.holds() {
        lines.extend(statement(&read.certificate).into_iter().map(|line| format!("  {line}")));
        let names: Vec<&str> = read.checks.iter().map(|(name, _)| *name).collect();
        lines.push(format!("  checked: {}", names.join(", ")));
        lines.push(format!("  {}", read.trust));
    }
    lines.push(String::new());
    lines.join("\n")
}

/// What a certificate that holds says, in short.
fn statement(certificate: &Certificate) -> Vec<String> {
    let claims = certificate.claims();
    let device = &claims.statement.device;
    let serial = device.serial.as_deref().unwrap_or("none");
    vec![
        format!("{}: {}, serial number {serial}, {} bytes", claims.statement.outcome.0, device.model, device.bytes),
        format!("certificate {}", claims.id),
    ]
}

fn in_json(finding: &Finding) -> Value {
    match &finding.result {
        Err(why) => json!({ "file": finding.name, "holds": false, "error": why }),
        Ok(read) => {
            let checks: Vec<Value> = read
                .checks
                .iter()
                .map(|(name, flaw)| json!({ "check": name, "holds": flaw.is_none(), "flaw": flaw }))
                .collect();
            let view: Value = serde_json::from_str(&read.certificate.json()).unwrap_or_default();
            json!({
                "file": finding.name,
                "holds": finding.holds(),
                "outcome": read.certificate.claims().statement.outcome.0,
                "checks": checks,
                "trust": read.trust,
                "certificate": view,
            })
        }
    }
}
