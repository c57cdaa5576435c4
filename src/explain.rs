//! `purgeproof verify --explain`: the auditor's view of records.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use purgeproof_certificate::{Certificate, TrustFile, harmless};
use purgeproof_org::read_trust;

use crate::verify::{bytes_of, evidence_beside};
use crate::{fail, print};

/// Runs the command: the exit code is 0 only if every record could be explained.
pub(crate) fn run(paths: &[PathBuf], trust: Option<&Path>) -> ExitCode {
    let trust = match trust.map(read_trust).transpose() {
        Ok(trust) => trust,
        Err(sentence) => return fail(&sentence),
    };
    let each: Vec<_> = paths.iter().map(|path| (path, explained(path, trust.as_ref()))).collect();
    let printed = print(|out| {
        each.iter().try_for_each(|(path, explained)| {
            writeln!(out, "{}\n", harmless(&path.to_string_lossy()))?;
            match explained {
                Ok(text) => write!(out, "{text}"),
                Err(why) => writeln!(out, "{}.\n", why.trim_end_matches('.')),
            }
        })
    });
    if each.iter().all(|(_, explained)| explained.is_ok()) { printed } else { ExitCode::FAILURE }
}

fn explained(path: &Path, trust: Option<&TrustFile>) -> Result<String, String> {
    let name = path.to_string_lossy();
    let is_text = name.starts_with("PP1:") || name.starts_with("PPS1:");
    let bytes = if is_text { name.as_bytes().to_vec() } else { bytes_of(path)? };
    let certificate = Certificate::read_any(&bytes).map_err(|error| error.to_string())?;
    let evidence = if is_text { None } else { evidence_beside(path).transpose()? };
    certificate.explain(evidence.as_deref(), trust).map_err(|why| why.to_string())
}
