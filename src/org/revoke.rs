//! `purgeproof org revoke`.

use std::collections::BTreeSet;
use std::path::Path;

use clap::Args;
use purgeproof_certificate::{Certificate, Fingerprint, Revocation, TrustFile, harmless};

use crate::{Office, read_certificate, unix_s};

/// The arguments.
#[derive(Debug, Args)]
pub struct Revoke {
    /// The key's fingerprint, such as "3f96 7ffc 4079 a0b8", or a certificate that it has signed.
    #[arg(value_name = "KEY|CERTIFICATE")]
    what: String,
    /// The number of the last certificate that is still believed, 0 for none; without it the last one that was collected.
    #[arg(long, value_name = "N")]
    after: Option<u64>,
    /// Why, in a few words.
    #[arg(long, value_name = "TEXT")]
    why: Option<String>,
    #[command(flatten)]
    office: Office,
}

impl Revoke {
    pub(super) fn run(&self) -> Result<String, String> {
        let (home, trust) = self.office.open()?;
        let (public, certificate) = self.found(&trust)?;
        let fingerprint = Fingerprint::of(&public);
        if let Some(before) = trust.revocation(&public) {
            return Err(format!(
                "The key {fingerprint} is revoked already, after number {}: nothing was done. A revocation is not changed.",
                before.last
            ));
        }
        let collected = trust.checkpoints(&public).last().map_or(0, |checkpoint| checkpoint.seq);
        let last = self.after.unwrap_or(collected);
        let revocation = Revocation {
            public,
            last,
            sha256: accepted(&trust, &public, last, certificate.as_ref())?,
            at_unix_s: unix_s(),
            why: self.why.clone().filter(|why| !why.trim().is_empty()),
        };
        let mut organisation = self.office.unlock(&home, &trust)?;
        let amended = home.amend(&trust, &mut organisation, |contents| contents.revocations.push(revocation))?;
        let believed =
            if last == 0 { "No certificate".to_owned() } else { format!("No certificate after number {last}") };
        Ok(format!(
            "Key {fingerprint} is revoked. {believed} of it is believed by those who have the trust file of generation {}: give it to them now.\n",
            amended.contents().generation
        ))
    }

    /// The key, and the certificate if one was given.
    fn found(&self, trust: &TrustFile) -> Result<([u8; 32], Option<Certificate>), String> {
        let path = Path::new(&self.what);
        if path.is_file() {
            let certificate = read_certificate(path)?;
            return Ok((*certificate.public_key(), Some(certificate)));
        }
        let digits = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
        let contents = trust.contents();
        let keys: BTreeSet<[u8; 32]> = contents.delegations.iter().map(|it| it.grant().public).collect();
        let is_meant = |public: &&[u8; 32]| digits(&Fingerprint::of(public).to_string()) == digits(&self.what);
        keys.iter().find(is_meant).map(|public| (*public, None)).ok_or_else(|| {
            format!(
                "{:?} is neither a certificate nor the fingerprint of a key of {}'s. `purgeproof org show` lists them.",
                self.what,
                harmless(&contents.name)
            )
        })
    }
}

/// The hash of the last certificate that is believed. Without it, whoever has the key could put another in its place.
fn accepted(
    trust: &TrustFile,
    public: &[u8; 32],
    last: u64,
    certificate: Option<&Certificate>,
) -> Result<Option<[u8; 32]>, String> {
    if last == 0 {
        return Ok(None);
    }
    let collected =
        trust.checkpoints(public).find(|checkpoint| checkpoint.seq == last).map(|checkpoint| checkpoint.sha256);
    let given = certificate.filter(|it| it.claims().statement.link.seq == last).map(Certificate::sha256);
    let known: Vec<String> = trust.checkpoints(public).map(|checkpoint| checkpoint.seq.to_string()).collect();
    match (collected, given) {
        (Some(collected), Some(given)) if collected != given => Err(format!(
            "Number {last} that was collected is another certificate than the one given: nothing was done. One of the two is forged."
        )),
        (Some(sha256), _) | (None, Some(sha256)) => Ok(Some(sha256)),
        (None, None) => Err(format!(
            "Certificate number {last} of this key was not collected (these were: {}): nothing was done. Give that certificate instead of the \
             key, or one of these numbers, or 0.",
            if known.is_empty() { "none".to_owned() } else { known.join(", ") }
        )),
    }
}
