//! `purgeproof pades`: signatures that PDF readers know, made on a workstation.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Subcommand;
use purgeproof_certificate::pades::PadesKey;
use purgeproof_certificate::{Certificate, Pages};
use purgeproof_core::evidence::hex;

use crate::verify::bytes_of;
use crate::{fail, print};

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Pades {
    /// Make a key and a self-made X.509 certificate for it.
    Init {
        /// The name that PDF readers show.
        #[arg(long)]
        name: String,
        /// The key file; one that is there already is left alone.
        #[arg(long, value_name = "KEY", default_value = "pades.key")]
        key: PathBuf,
    },
    /// Sign the PDF of a certificate, after verifying it.
    ///
    /// The file is replaced by the signed one, which begins with the same bytes.
    Sign {
        /// The PDF.
        #[arg(value_name = "PDF")]
        pdf: PathBuf,
        /// The key file: a P-256 private key and its certificate, PEM.
        #[arg(long, value_name = "KEY", default_value = "pades.key")]
        key: PathBuf,
    },
}

impl Pades {
    pub(crate) fn run(&self) -> ExitCode {
        let done = match self {
            Self::Init { name, key } => init(name, key),
            Self::Sign { pdf, key } => sign(pdf, key),
        };
        match done {
            Ok(words) => print(|out| writeln!(out, "{words}")),
            Err(why) => fail(&why),
        }
    }
}

fn now_unix_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

fn init(name: &str, path: &Path) -> Result<String, String> {
    if name.is_empty() || name.chars().count() > 64 {
        return Err("The name must have 1 to 64 characters (RFC 5280). Give another with --name.".into());
    }
    let mut seed = [0; 32];
    getrandom::fill(&mut seed)
        .map_err(|error| format!("The kernel gave no random numbers ({error}). No key was made."))?;
    let key = PadesKey::new(&seed, name, now_unix_s()).map_err(|error| format!("{error}."))?;
    let text = key.to_file_text().map_err(|error| format!("{error}."))?;
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()))
        .map_err(|error| format!("{} was not made ({error}). Choose another path with --key.", path.display()))?;
    Ok(format!(
        "{} holds a new key for \"{name}\". SHA-256 of its certificate: {}\nNobody vouches for it: PDF readers say that its validity is \
         unknown, until their users take this certificate for genuine.",
        path.display(),
        hex(&key.fingerprint())
    ))
}

fn sign(path: &Path, key: &Path) -> Result<String, String> {
    let name = path.display();
    let text = fs::read_to_string(key).map_err(|error| {
        format!("{} cannot be read ({error}). Make one with `purgeproof pades init`.", key.display())
    })?;
    let key = PadesKey::parse(&text).map_err(|error| format!("{}: {error}.", key.display()))?;
    let pdf = bytes_of(path).map_err(|why| format!("{name}: {why}"))?;
    let certificate = Certificate::find_in_pdf(&pdf).map_err(|error| format!("{name}: {error}."))?;
    if !certificate.verify(None).holds() {
        return Err(format!("{name}: the certificate does not hold. `purgeproof verify` says why; it was not signed."));
    }
    let beside = path.with_extension("evidence.json");
    let evidence = bytes_of(&beside).ok().and_then(|bundle| certificate.evidence_matches(&bundle).ok());
    let pages = certificate.compare_pages(&pdf, evidence.as_ref()).map_err(|error| format!("{name}: {error}."))?;
    if !matches!(pages, Pages::Same { .. }) {
        return Err(format!(
            "{name}: the pages are not what this version makes of the certificate, or the evidence that they were made with is not beside \
             it ({}). It was not signed.",
            beside.display()
        ));
    }
    let signed = key.sign(&pdf, now_unix_s()).map_err(|error| format!("{name}: {error}."))?;
    let part = path.with_extension("pdf.part");
    fs::write(&part, signed)
        .and_then(|()| fs::rename(&part, path))
        .map_err(|error| format!("{name} cannot be replaced ({error}). It is as it was."))?;
    Ok(format!("{name} is signed. Certificate of the key: SHA-256 {}", hex(&key.fingerprint())))
}
