//! The key that this run signs with, and its chain of certificates.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use nix::errno::Errno;
use purgeproof_certificate::{
    Certificate, Civil, Delegation, Grant, GrantError, IssueError, Key, Link, ParseError, harmless, sequence,
};
use purgeproof_core::evidence::{Evidence, hex};
use purgeproof_drive::layout::{DELEGATION, KEYS, LOGS, STICK_KEY, WHOSE};
use purgeproof_drive::shelf::{Shelf, ShelfError};
use zeroize::Zeroizing;

use purgeproof_org::Kept;

/// Signs certificates, each linked to the one before by the same key.
#[derive(Default)]
pub(crate) struct Signer {
    key: Option<Kept>,
    /// The next link of every chain that was seen, by the name of its file: a stick that comes back finds its own again.
    links: BTreeMap<String, Link>,
}

/// A signed certificate and the chain that it belongs to.
pub(crate) struct Signed {
    pub(crate) certificate: Certificate,
    /// The chain's file in [`LOGS`].
    pub(crate) log: String,
}

/// Why there is no signature.
#[derive(Debug)]
pub(crate) enum SignError {
    /// The kernel gave no random numbers for a key.
    NoRandomness(getrandom::Error),
    /// There is no memory for the key.
    NoMemory(Errno),
    /// The evidence cannot be signed for.
    Issue(IssueError),
}

impl fmt::Display for SignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRandomness(error) => {
                write!(f, "the kernel gave no random numbers for a signing key ({error}). Restart the machine")
            }
            Self::NoMemory(errno) => write!(f, "{}", no_memory(*errno)),
            Self::Issue(error) => write!(f, "{error}"),
        }
    }
}

/// What is wrong with the key or the chain of a stick.
#[derive(Debug)]
pub(crate) enum KeyTrouble {
    /// The stick could not be read or written.
    Shelf(ShelfError),
    /// The key file is not a key file; it is left as it is.
    Unreadable(String),
    /// The kernel gave no random numbers for a new key.
    NoRandomness(getrandom::Error),
    /// There is no memory for the key.
    NoMemory(Errno),
    /// The file of earlier certificates ends in something else.
    Chain(ParseError),
    /// The file of the delegation is none.
    NoDelegation(ParseError),
    /// It is another key's.
    OtherDelegation(GrantError),
    /// It does not cover this moment.
    Outside {
        /// The moment.
        now_unix_s: u64,
        /// What it says.
        grant: Box<Grant>,
    },
}

impl fmt::Display for KeyTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shelf(error) => write!(f, "the stick's key cannot be had: {error}"),
            Self::Unreadable(why) => write!(
                f,
                "keys/stick.key cannot be used ({why}). It is left as it is, and this run signs with a key of its own. Restore the \
                 file, or delete it to have a new key made"
            ),
            Self::NoRandomness(error) => write!(f, "no key can be made ({error}). Restart the machine"),
            Self::NoMemory(errno) => write!(f, "{}", no_memory(*errno)),
            Self::Chain(error) => write!(
                f,
                "the stick's file of earlier certificates is damaged ({error}). Numbering goes on after the last one that can be read; \
                 copy the stick before it is used further"
            ),
            Self::NoDelegation(error) => write!(
                f,
                "{KEYS}/{DELEGATION} is damaged ({error}), so this stick signs for itself alone. Enrol it again"
            ),
            Self::OtherDelegation(error) => write!(f, "{error}. Until then this stick signs for itself alone"),
            Self::Outside { now_unix_s, grant } => write!(
                f,
                "the clock says {}, and this stick signs for {} only from {} until {}: now it signs for itself alone. Set the clock if it is \
                 wrong, otherwise have the stick enrolled again",
                Civil::of(*now_unix_s),
                harmless(&grant.organisation),
                Civil::of(grant.begins_unix_s),
                Civil::of(grant.expires_unix_s)
            ),
        }
    }
}

/// A page is all that a key takes.
fn no_memory(errno: Errno) -> String {
    format!("the kernel gave no locked memory for the signing key ({errno}). Restart the machine, or raise `ulimit -l`")
}

impl Signer {
    /// Takes over the key of a stick, or makes one there, and finds the end of its chain. `now_unix_s` is the wall clock.
    ///
    /// # Errors
    /// [`KeyTrouble`]. Unless the trouble is with the chain or the delegation, the key that was in use stays in use.
    pub(crate) fn adopt(&mut self, shelf: &mut dyn Shelf, now_unix_s: u64) -> Result<(), KeyTrouble> {
        let mut key = if let Some(file) = shelf.read(KEYS, STICK_KEY).map_err(KeyTrouble::Shelf)? {
            let file = Zeroizing::new(file);
            let text = str::from_utf8(&file).map_err(|error| KeyTrouble::Unreadable(error.to_string()))?;
            Key::parse(text).map_err(|error| KeyTrouble::Unreadable(error.to_string()))?
        } else {
            let key = fresh().map_err(KeyTrouble::NoRandomness)?;
            shelf.put(KEYS, STICK_KEY, key.to_file_text(WHOSE).as_bytes()).map_err(KeyTrouble::Shelf)?;
            key
        };
        let found = self.find_link(&key, shelf);
        let carried = carry(&mut key, shelf, now_unix_s);
        self.key = Some(Kept::new(&key).map_err(KeyTrouble::NoMemory)?);
        found.and(carried)
    }

    /// Finds the end of a key's chain on its stick, unless this run knows it already.
    fn find_link(&mut self, key: &Key, shelf: &mut dyn Shelf) -> Result<(), KeyTrouble> {
        let log = log_name(key);
        let Entry::Vacant(vacant) = self.links.entry(log.clone()) else { return Ok(()) };
        let link = vacant.insert(first(key));
        let chain = shelf.read(LOGS, &log).map_err(KeyTrouble::Shelf)?.unwrap_or_default();
        for certificate in sequence::certificates(&chain) {
            *link = Link::after(&certificate.map_err(KeyTrouble::Chain)?);
        }
        Ok(())
    }

    /// Lets go of the key, before the machine is suspended with it in its memory. [`Signer::adopt`] takes it over again; one that was made
    /// for this run alone is gone, and the next is another one.
    pub(crate) fn forget(&mut self) {
        self.key = None;
    }

    /// Whether there is a key.
    pub(crate) const fn has_key(&self) -> bool {
        self.key.is_some()
    }

    /// Whose stick it is, for people; `None` if that is nobody's word but its own.
    pub(crate) fn organisation(&self) -> Option<String> {
        let delegation = self.key.as_ref()?.delegation()?;
        let grant = delegation.grant();
        Some(format!(
            "This stick signs as stick {} of {} (organisation's key {}) until {}",
            harmless(&grant.stick),
            harmless(&grant.organisation),
            delegation.organisation(),
            Civil::of(grant.expires_unix_s)
        ))
    }

    /// The key's fingerprint, for people; `None` before the first signature or stick.
    pub(crate) fn fingerprint(&self) -> Option<String> {
        self.key.as_ref().map(|key| key.fingerprint().to_string())
    }

    /// Signs for a job that is over. Without a stick's key one is made for this run alone.
    ///
    /// # Errors
    /// [`SignError`]; nothing was signed.
    pub(crate) fn sign(&mut self, evidence: &Evidence, now_unix_s: u64) -> Result<Signed, SignError> {
        let mut kept = match self.key.take() {
            Some(kept) => kept,
            None => Kept::new(&fresh().map_err(SignError::NoRandomness)?).map_err(SignError::NoMemory)?,
        };
        let links = &mut self.links;
        let signed = kept.open(|key| {
            let log = log_name(key);
            let link = *links.entry(log.clone()).or_insert_with(|| first(key));
            let certificate = Certificate::issue(evidence, key, link, now_unix_s).map_err(SignError::Issue)?;
            links.insert(log.clone(), Link::after(&certificate));
            Ok(Signed { certificate, log })
        });
        self.key = Some(kept);
        signed.map_err(SignError::NoMemory)?
    }
}

/// Has a key carry the delegation that lies beside it, if it fits the key and covers this moment.
fn carry(key: &mut Key, shelf: &mut dyn Shelf, now_unix_s: u64) -> Result<(), KeyTrouble> {
    let Some(file) = shelf.read(KEYS, DELEGATION).map_err(KeyTrouble::Shelf)? else { return Ok(()) };
    let delegation = Delegation::parse(&file).map_err(KeyTrouble::NoDelegation)?;
    if !delegation.covers(now_unix_s) {
        return Err(KeyTrouble::Outside { now_unix_s, grant: Box::new(delegation.grant().clone()) });
    }
    key.carry(delegation).map_err(KeyTrouble::OtherDelegation)
}

fn fresh() -> Result<Key, getrandom::Error> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(seed.as_mut_slice())?;
    Ok(Key::from_seed(&seed))
}

/// A key has one chain, and the chain is named after the key.
fn first(key: &Key) -> Link {
    Link::first(key.fingerprint().0, key)
}

fn log_name(key: &Key) -> String {
    format!("{}.cborseq", hex(&key.fingerprint().0))
}

#[cfg(test)]
#[path = "signer_tests.rs"]
mod tests;
