//! `purgeproof summary`: many certificates on one list, as PDF, CSV or JSON.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use purgeproof_certificate::summary::Summary as List;
use purgeproof_certificate::{Certificate, sequence};
use purgeproof_core::policy::Paper;
use purgeproof_org::read_trust;

use crate::tally::counted;
use crate::verify::bytes_of;
use crate::{fail, print};

/// The words of the command line.
#[derive(Debug, Args)]
pub(crate) struct Summary {
    /// Certificates in any of their forms, and logs of many (.cborseq).
    #[arg(required = true, value_name = "FILE")]
    certificates: Vec<PathBuf>,
    /// Write the list as a PDF, to this file.
    #[arg(long, value_name = "PDF")]
    out: Option<PathBuf>,
    /// The PDF is for US Letter, not A4.
    #[arg(long, requires = "out")]
    letter: bool,
    /// The trust file of the organisation whose word you take.
    #[arg(long, value_name = "TRUST.COSE")]
    trust: Option<PathBuf>,
    /// Print CSV instead of the number of each outcome.
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Print JSON instead of the number of each outcome.
    #[arg(long)]
    json: bool,
}

impl Summary {
    /// Makes the list. A file that is no certificate ends it: a list that silently lacks one would be worth nothing.
    pub(crate) fn run(&self) -> ExitCode {
        let trust = match self.trust.as_deref().map(read_trust).transpose() {
            Ok(trust) => trust,
            Err(why) => return fail(&format!("{why} No list was made.")),
        };
        let mut certificates = Vec::new();
        for path in &self.certificates {
            match read(path) {
                Ok(read) => certificates.extend(read),
                Err(why) => return fail(&format!("{}: {why} No list was made.", path.display())),
            }
        }
        let list = List::of(&certificates, trust.as_ref());
        if let Some(out) = &self.out {
            let paper = if self.letter { Paper::Letter } else { Paper::A4 };
            let pdf = match list.pdf(paper) {
                Ok(pdf) => pdf,
                Err(error) => return fail(&format!("{error}.")),
            };
            if let Err(error) = fs::write(out, pdf) {
                return fail(&format!("{} cannot be written ({error}). Check the path.", out.display()));
            }
        }
        let text = match (self.csv, self.json) {
            (true, _) => list.csv(),
            (_, true) => list.json(),
            (false, false) => {
                format!("{}: {}\n", counted(list.count() as u64, "certificate", "certificates"), list.totals())
            }
        };
        let printed = print(|out| {
            out.extend_from_slice(text.as_bytes());
            Ok(())
        });
        if list.all_hold() { printed } else { ExitCode::FAILURE }
    }
}

/// The certificates of a file: one in any form, or a sequence of them.
fn read(path: &Path) -> Result<Vec<Certificate>, String> {
    let bytes = bytes_of(path)?;
    if bytes.first() == Some(&0xd2) {
        let all: Result<Vec<Certificate>, _> = sequence::certificates(&bytes).collect();
        return all.map_err(|error| format!("{error}."));
    }
    Certificate::read_any(&bytes).map(|one| vec![one]).map_err(|error| format!("{error}."))
}
