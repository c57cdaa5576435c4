//! `purgeproof stick enroll`.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::Args;
use purgeproof_certificate::{Civil, Delegation, Grant, Key, TrustFile, harmless, is_name};
use purgeproof_drive::layout::{DELEGATION, RECIPIENT, TRUST};

use crate::stick::StickFolder;
use crate::{Day, Kept, Office, TWO_YEARS_S, no_memory, random, unix_s};

/// The arguments.
#[derive(Debug, Args)]
pub struct Enroll {
    /// The stick's data partition: the folder with PURGEPROOF.ID.
    #[arg(value_name = "STICK")]
    stick: PathBuf,
    /// The stick's name; without it the one that it had, or the next number.
    #[arg(long)]
    name: Option<String>,
    /// The last day on which it may sign for the organisation, such as 2028-12-31; without it two years from now.
    #[arg(long, value_name = "DATE")]
    until: Option<Day>,
    #[command(flatten)]
    office: Office,
}

impl Enroll {
    pub(super) fn run(&self) -> Result<String, String> {
        let mut stick = StickFolder::open(&self.stick)?;
        let (home, trust) = self.office.open()?;
        let recipient = home.recipient()?;
        let found = stick.key()?;
        if let Some(key) = &found {
            refuse_revoked(&trust, &key.public())?;
        }
        let chosen = self.name.as_deref();
        chosen.map_or(Ok(()), is_name).map_err(|error| format!("{error}."))?;
        let mut organisation = self.office.unlock(&home, &trust)?;
        let key = match found {
            Some(key) => key,
            None => stick.make_key()?,
        };
        let name = chosen.map_or_else(|| name_of(&trust, &key.public()), str::to_owned);
        let begins_unix_s = unix_s();
        let expires_unix_s = self.until.map_or(begins_unix_s + TWO_YEARS_S, Day::ends_unix_s);
        let delegation = delegate(&trust, &mut organisation, &key.public(), name, (begins_unix_s, expires_unix_s))?;
        let file = delegation.bytes().map_err(|error| format!("{error}."))?;
        let grant = delegation.grant().clone();
        // The stick last: one that says it is the organisation's is in the trust file.
        let amended = home.amend(&trust, &mut organisation, |contents| contents.delegations.push(delegation))?;
        stick.put(TRUST, amended.bytes())?;
        stick.put(RECIPIENT, &recipient)?;
        stick.put(DELEGATION, &file)?;
        Ok(words(&self.stick.display().to_string(), &key, &grant, &amended))
    }
}

fn words(path: &str, key: &Key, grant: &Grant, trust: &TrustFile) -> String {
    format!(
        "{path} is stick {} of {} ({}), with key {}, until {}.\n\
         It has its delegation now, the trust file of generation {}, and the key that evidence is encrypted to.\n",
        harmless(&grant.stick),
        harmless(&grant.organisation),
        trust.fingerprint(),
        key.fingerprint(),
        Civil::of(grant.expires_unix_s),
        trust.contents().generation,
    )
}

/// Signs that a key is one of the organisation's sticks from one moment to another.
pub(super) fn delegate(
    trust: &TrustFile,
    organisation: &mut Kept,
    public: &[u8; 32],
    stick: String,
    (begins_unix_s, expires_unix_s): (u64, u64),
) -> Result<Delegation, String> {
    let grant = Grant {
        organisation: trust.contents().name.clone(),
        stick,
        begins_unix_s,
        expires_unix_s,
        issued_unix_s: unix_s(),
        id: random()?,
        public: *public,
    };
    let issued = organisation.open(|key| Delegation::issue(grant, key)).map_err(no_memory)?;
    issued.map_err(|error| format!("{error}."))
}

/// The name that a key has, or the next number.
pub(super) fn name_of(trust: &TrustFile, public: &[u8; 32]) -> String {
    let keys: BTreeSet<[u8; 32]> = trust.contents().delegations.iter().map(|it| it.grant().public).collect();
    let named = trust.delegations(public).last();
    named.map_or_else(|| (keys.len() + 1).to_string(), |delegation| delegation.grant().stick.clone())
}

/// A revoked key never becomes the organisation's again.
pub(super) fn refuse_revoked(trust: &TrustFile, public: &[u8; 32]) -> Result<(), String> {
    match trust.revocation(public) {
        None => Ok(()),
        Some(revocation) => Err(format!(
            "The key was revoked on {}: nothing was done. Delete keys/stick.key on the stick to have a new one made.",
            Civil::of(revocation.at_unix_s).date()
        )),
    }
}
