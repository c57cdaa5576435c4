//! `purgeproof org adopt`.

use std::path::PathBuf;

use clap::Args;
use purgeproof_certificate::{Certificate, Civil, Fingerprint, harmless, is_name};

use crate::enroll::{delegate, name_of, refuse_revoked};
use crate::stick::StickFolder;
use crate::{Day, Office, TWO_YEARS_S, read_certificate, unix_s};

/// The arguments.
#[derive(Debug, Args)]
pub struct Adopt {
    /// A stick's data partition, or a certificate that its key has signed.
    #[arg(value_name = "STICK|CERTIFICATE")]
    what: PathBuf,
    /// The stick's name; without it the one that it had, or the next number.
    #[arg(long)]
    name: Option<String>,
    /// The first day of which certificates are the organisation's; without it that of the earliest one that is there.
    #[arg(long, value_name = "DATE")]
    since: Option<Day>,
    /// The last day; without it two years from now.
    #[arg(long, value_name = "DATE")]
    until: Option<Day>,
    #[command(flatten)]
    office: Office,
}

impl Adopt {
    pub(super) fn run(&self) -> Result<String, String> {
        let (public, certificates) = self.found()?;
        let (home, trust) = self.office.open()?;
        refuse_revoked(&trust, &public)?;
        let name = self.name.clone().unwrap_or_else(|| name_of(&trust, &public));
        is_name(&name).map_err(|error| format!("{error}."))?;
        let now_unix_s = unix_s();
        let earliest = certificates.iter().map(|certificate| certificate.claims().issued_unix_s).min();
        let begins = self.since.map_or(earliest.unwrap_or(now_unix_s), |day| day.begins_unix_s);
        let expires = self.until.map_or(now_unix_s + TWO_YEARS_S, Day::ends_unix_s);
        let mut organisation = self.office.unlock(&home, &trust)?;
        let delegation = delegate(&trust, &mut organisation, &public, name.clone(), (begins, expires))?;
        let amended = home.amend(&trust, &mut organisation, |contents| contents.delegations.push(delegation))?;
        Ok(format!(
            "Key {} is stick {} of {} ({}) for certificates from {} until {}.\n\
             The trust file of generation {} says so: give it to those who verify. A stick says so itself once it is enrolled.\n",
            Fingerprint::of(&public),
            harmless(&name),
            harmless(&trust.contents().name),
            trust.fingerprint(),
            Civil::of(begins),
            Civil::of(expires),
            amended.contents().generation,
        ))
    }

    /// The key, and what is at hand of its certificates.
    fn found(&self) -> Result<([u8; 32], Vec<Certificate>), String> {
        if self.what.is_dir() {
            let mut stick = StickFolder::open(&self.what)?;
            let key = stick.key()?.ok_or_else(|| {
                format!(
                    "{} has no key, so there is nothing to adopt. Enrol it: purgeproof stick enroll.",
                    self.what.display()
                )
            })?;
            let public = key.public();
            let chains = stick.chains()?.into_iter().flat_map(|(_, chain)| chain);
            return Ok((public, chains.filter(|certificate| *certificate.public_key() == public).collect()));
        }
        let certificate = read_certificate(&self.what)?;
        Ok((*certificate.public_key(), vec![certificate]))
    }
}
