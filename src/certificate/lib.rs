//! What PurgeProof swears to: signed certificates, made from evidence and nothing else, and their verification.
//!
//! The `COSE_Sign1` bytes are the certificate; JSON, PDF and QR code are views, made from the bytes alone. See docs/certificate.md.
//!
//! ```text
//! Evidence ─► Claims ─► COSE bytes ─► JSON, PDF, QR
//!                           │
//!                           ├─► verify: what the bytes prove · evidence_matches: whether the evidence says the same
//!  organisation's key ─► Delegation, TrustFile ─┘   chain: what many certificates show together
//! ```
//!
//! # Invariants
//! - **What is not evidence cannot be printed**: [`Certificate::issue`] takes the outcome from `Evidence::verdict` and the rest from the
//!   evidence.
//! - **A simulated drive is never signed for with a real key**, nor a real drive with the simulation's.
//! - **A certificate has one spelling.** What does not encode back to the same bytes is refused, so every bit of a certificate counts.
//!   Only whose key it is (the key alone, or with a delegation) can be exchanged without its signature failing; the next certificate of the
//!   chain notices that.
//! - **A signature proves who states it, not that it is so.** A self-signed one does not even prove who.
//! - **A [`TrustFile`] is one whose signatures hold.** There is no way to have one whose delegations were not checked.

use purgeproof_core::evidence::{Evidence, hex};
use purgeproof_core::series;
use sha2::{Digest, Sha256};

mod archive;
mod attach;
mod auditor;
pub mod chain;
mod civil;
pub mod claims;
pub mod code;
mod cose;
mod course;
mod credential;
mod delegation;
mod der;
mod error;
mod explain;
mod font;
mod founded;
pub mod hidden;
mod icc;
pub mod interruption;
mod json;
mod key;
mod logo;
pub mod pades;
mod pages;
mod pdf;
mod qr;
pub mod reason;
mod record;
pub mod reformat;
mod rows;
pub mod sequence;
mod sheet;
mod spelling;
mod statement;
pub mod summary;
mod survey;
mod text;
mod token;
mod trust;
mod trusted;
mod verify;

#[cfg(test)]
mod kit;

pub use chain::{Chains, Finding};
pub use civil::Civil;
pub use claims::{Claims, Link};
pub use delegation::{Delegation, Grant, GrantError, NAME_BYTES, is_name};
pub use error::{IssueError, ParseError};
pub use explain::Unexplained;
pub use key::{Fingerprint, Key, NoKey};
pub use logo::{Logo, LogoError};
pub use pages::Pages;
pub use pdf::{PdfError, Print};
pub use record::Record;
pub use text::harmless;
pub use trust::{Checkpoint, Contents, Revocation, TrustError, TrustFile};
pub use trusted::{Period, Trust};
pub use verify::{Check, Disagreement, Flaw, Verification};

use claims::Statement;
use cose::{Sign1, Typ};
use credential::Credential;

/// A certificate, well-formed but not yet verified: its bytes and what they say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    bytes: Vec<u8>,
    sha256: [u8; 32],
    sign1: Sign1,
    credential: Credential,
    claims: Claims,
}

/// The evidence as the file whose SHA-256 is in the certificate: JSON, ending in a line feed; without a key that the policy withholds
/// ([`Evidence::disclosed`]).
///
/// # Errors
/// Those of `serde_json`, which has none for this type.
pub fn evidence_bundle(evidence: &Evidence) -> Result<Vec<u8>, serde_json::Error> {
    let mut bundle = serde_json::to_vec_pretty(&evidence.disclosed())?;
    bundle.push(b'\n');
    Ok(bundle)
}

impl Link {
    /// The first place of a new log: it holds on to the key.
    pub fn first(log: [u8; 8], key: &Key) -> Self {
        Self { log, seq: 1, prev: Sha256::digest(key.public()).into() }
    }

    /// The place after a certificate.
    pub fn after(last: &Certificate) -> Self {
        let Self { log, seq, .. } = last.claims().statement.link;
        Self { log, seq: seq.saturating_add(1), prev: last.sha256() }
    }
}

impl Certificate {
    /// Signs what the evidence says. `issued_unix_s` is the wall clock now; a clock that was set back meanwhile is not let issue a
    /// certificate before the end of its own job. A delegation of the key goes with it if it covers that moment.
    ///
    /// # Errors
    /// [`IssueError`]: no certificate was made.
    pub fn issue(evidence: &Evidence, key: &Key, link: Link, issued_unix_s: u64) -> Result<Self, IssueError> {
        let typ = match (evidence.plan.drive.simulated, key.is_simulation()) {
            (true, true) => Typ::Simulation,
            (false, false) => Typ::Certificate,
            (true, false) => return Err(IssueError::Simulated),
            (false, true) => return Err(IssueError::NoRealKey),
        };
        let bundle = evidence_bundle(evidence).map_err(|_| IssueError::Encoding)?;
        let statement = Statement::of(evidence, Sha256::digest(&bundle).into(), link);
        let issued_unix_s = issued_unix_s.max(statement.time.end_unix_s);
        Self::seal(typ, Claims { issued_unix_s, id: evidence.job, statement }, key)
    }

    fn seal(typ: Typ, claims: Claims, key: &Key) -> Result<Self, IssueError> {
        let credential = key.credential(claims.issued_unix_s);
        let payload = claims.encode().map_err(|_| IssueError::Encoding)?;
        let sign1 = Sign1::sign(typ, key, payload).map_err(|_| IssueError::Encoding)?;
        let bytes = sign1.encode(Some(&credential)).map_err(|_| IssueError::Encoding)?;
        if bytes.len() > token::MAX_BYTES {
            return Err(IssueError::TooLong { bytes: bytes.len() });
        }
        let sha256 = Sha256::digest(&bytes).into();
        Ok(Self { bytes, sha256, sign1, credential, claims })
    }

    /// Reads the bytes of a `.cose` file. The signature is not looked at: that is [`Certificate::verify`]'s.
    ///
    /// # Errors
    /// [`ParseError`], and nothing else whatever the bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let (sign1, credential) = Sign1::decode(bytes, &[Typ::Certificate, Typ::Simulation], token::MAX_BYTES)?;
        let credential = credential.ok_or(ParseError::NotACertificate)?;
        let claims = Claims::decode(&sign1.payload)?;
        let sha256 = Sha256::digest(bytes).into();
        Ok(Self { bytes: bytes.to_vec(), sha256, sign1, credential, claims })
    }

    /// Reads a certificate in whichever of its forms it comes: COSE bytes, PDF, JSON or the text of the QR code, or of all codes of a series, a line
    /// each.
    ///
    /// # Errors
    /// [`ParseError`], and nothing else whatever the bytes.
    pub fn read_any(bytes: &[u8]) -> Result<Self, ParseError> {
        match (bytes, core::str::from_utf8(bytes)) {
            ([0xd2, ..], _) => Self::parse(bytes),
            ([b'%', b'P', b'D', b'F', b'-', ..], _) => Self::find_in_pdf(bytes),
            (_, Ok(text)) if text.trim_start().starts_with(qr::PREFIX) => Self::from_qr_text(text.trim_start()),
            (_, Ok(text)) if text.trim_start().starts_with(series::PREFIX) => Self::from_qr_series(text.trim_start()),
            (_, Ok(text)) if text.trim_start().starts_with('{') => Self::from_json(text),
            _ => Err(ParseError::NotACertificate),
        }
    }

    /// The COSE bytes: the certificate itself.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The SHA-256 of the COSE bytes, which the next certificate of the log holds.
    pub const fn sha256(&self) -> [u8; 32] {
        self.sha256
    }

    /// What it says. Not to be believed before [`Certificate::verify`].
    pub const fn claims(&self) -> &Claims {
        &self.claims
    }

    /// What it says, and nothing else of it.
    pub fn into_claims(self) -> Claims {
        self.claims
    }

    /// The fingerprint of the key that it is signed with.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.public_key())
    }

    /// The public key that it carries.
    pub fn public_key(&self) -> &[u8; 32] {
        self.credential.public()
    }

    /// An organisation's word for the key, if it carries one. Whose word that is, is not known before [`Certificate::verify`].
    pub fn delegation(&self) -> Option<&Delegation> {
        match &self.credential {
            Credential::Own(_) => None,
            Credential::Delegated(delegation) => Some(delegation),
        }
    }

    /// It is about a drive that the program only imagined.
    pub fn is_simulation(&self) -> bool {
        self.sign1.typ == Typ::Simulation
            || self.claims().statement.device.simulated.is_some()
            || key::is_simulation(self.public_key())
    }

    /// Whether it was signed with the key that it carries, and as what it is.
    pub(crate) fn is_signed(&self) -> bool {
        let agrees = (self.sign1.typ == Typ::Simulation) == self.claims.statement.device.simulated.is_some();
        agrees && self.sign1.signature_fits(self.public_key())
    }

    /// A name for its files, without an extension: date, serial number (or model) and the first digits of its own number, in
    /// characters that every filesystem takes.
    pub fn file_stem(&self) -> String {
        let claims = self.claims();
        let device = &claims.statement.device;
        let name = device.serial.as_ref().unwrap_or(&device.model);
        let safe: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(40).collect();
        let safe = match safe.trim_matches('-') {
            "" => "drive",
            safe => safe,
        };
        let number = hex(&claims.id.0);
        let number = number.get(..8).unwrap_or(&number);
        let date = civil::Civil::of(claims.issued_unix_s).date();
        let simulation = if self.is_simulation() { "SIMULATED-" } else { "" };
        format!("{simulation}{date}-{safe}-{number}")
    }
}
