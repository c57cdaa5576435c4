//! The trust file: what an organisation tells whoever is to believe its sticks. One signed file, `trust.cose`.

use core::fmt;

use minicbor::encode::Write;
use minicbor::{Decode, Decoder, Encode, Encoder};

use crate::ParseError;
use crate::cose::{Encoded, Sign1, Typ, Written, ended, exactly, label};
use crate::credential::Credential;
use crate::delegation::{Delegation, is_name};
use crate::key::{Fingerprint, Key, is_simulation};
use crate::spelling::is_spelled;

/// The claim of ours, in the range for private use (RFC 8392 §9.1).
const CONTENTS: i64 = -65538;
/// The version of the field table.
const VERSION: u32 = 1;
/// The longest trust file that is read: there is room for some ten thousand sticks.
const MAX_BYTES: usize = 8 << 20;

/// How far an organisation has collected a stick's certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(map)]
pub struct Checkpoint {
    /// The stick's public key.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub public: [u8; 32],
    /// The number of the last certificate that was collected.
    #[n(2)]
    pub seq: u64,
    /// Its SHA-256.
    #[n(3)]
    #[cbor(with = "minicbor::bytes")]
    pub sha256: [u8; 32],
    /// When, in seconds since 1970-01-01 UTC.
    #[n(4)]
    pub at_unix_s: u64,
}

/// An organisation's word that a key is not its own any more.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Revocation {
    /// The key.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub public: [u8; 32],
    /// The number of the last certificate that is accepted; 0 for none.
    #[n(2)]
    pub last: u64,
    /// The SHA-256 of that certificate.
    #[n(3)]
    #[cbor(with = "minicbor::bytes")]
    pub sha256: Option<[u8; 32]>,
    /// When it was revoked, in seconds since 1970-01-01 UTC.
    #[n(4)]
    pub at_unix_s: u64,
    /// Why.
    #[n(5)]
    pub why: Option<String>,
}

/// What a trust file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents {
    /// The organisation's name, by its own account.
    pub name: String,
    /// When it was signed, in seconds since 1970-01-01 UTC.
    pub issued_unix_s: u64,
    /// Counts up: of two trust files the one with the greater number holds.
    pub generation: u64,
    /// Whose keys are the organisation's.
    pub delegations: Vec<Delegation>,
    /// What was collected.
    pub checkpoints: Vec<Checkpoint>,
    /// Whose keys are not the organisation's any more.
    pub revocations: Vec<Revocation>,
}

/// A trust file whose signature holds, and that of every delegation in it. Whose it is the reader has to know: by the organisation's
/// fingerprint, from paper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustFile {
    bytes: Vec<u8>,
    public: [u8; 32],
    contents: Contents,
}

impl TrustFile {
    /// Signs with the organisation's key. The lists may be in any order.
    ///
    /// # Errors
    /// [`TrustError`]: nothing was signed.
    pub fn sign(mut contents: Contents, organisation: &Key) -> Result<Self, TrustError> {
        is_name(&contents.name).map_err(|_| TrustError::Name)?;
        contents.sort();
        let payload = contents.encode().map_err(|_| TrustError::Damaged)?;
        let sign1 = Sign1::sign(Typ::Trust, organisation, payload).map_err(|_| TrustError::Damaged)?;
        let public = organisation.public();
        let bytes = sign1.encode(Some(&Credential::Own(public))).map_err(|_| TrustError::Damaged)?;
        let trust = Self { bytes, public, contents };
        trust.check()?;
        Ok(trust)
    }

    /// Reads the bytes of a `trust.cose` and checks every signature in it.
    ///
    /// # Errors
    /// [`TrustError`], and nothing else whatever the bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, TrustError> {
        let (sign1, credential) = Sign1::decode(bytes, &[Typ::Trust], MAX_BYTES)?;
        let Some(Credential::Own(public)) = credential else { return Err(TrustError::Damaged) };
        if !sign1.is_signed_by(&public) {
            return Err(TrustError::Signature);
        }
        let trust = Self { bytes: bytes.to_vec(), public, contents: Contents::decode(&sign1.payload)? };
        trust.check()?;
        Ok(trust)
    }

    /// The bytes of the file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What it says.
    pub const fn contents(&self) -> &Contents {
        &self.contents
    }

    /// The organisation's public key.
    pub const fn public(&self) -> &[u8; 32] {
        &self.public
    }

    /// What identifies the organisation on paper.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.public)
    }

    /// The delegations of a stick's key.
    pub fn delegations(&self, public: &[u8; 32]) -> impl Iterator<Item = &Delegation> {
        self.contents.delegations.iter().filter(move |it| it.grant().public == *public)
    }

    /// What was collected of a stick, the earliest first.
    pub fn checkpoints(&self, public: &[u8; 32]) -> impl Iterator<Item = &Checkpoint> {
        self.contents.checkpoints.iter().filter(move |it| it.public == *public)
    }

    /// The revocation of a key.
    pub fn revocation(&self, public: &[u8; 32]) -> Option<&Revocation> {
        self.contents.revocations.iter().find(|it| it.public == *public)
    }

    fn check(&self) -> Result<(), TrustError> {
        if is_simulation(&self.public) {
            return Err(TrustError::Simulation);
        }
        if !self.contents.is_sorted() {
            return Err(TrustError::Damaged);
        }
        match self.contents.delegations.iter().find(|it| !it.is_signed_by(&self.public)) {
            Some(foreign) => Err(TrustError::Delegation(foreign.fingerprint())),
            None => Ok(()),
        }
    }
}

/// What puts delegations in order: the stick's key, and for one that has several, which began first.
fn place(delegation: &Delegation) -> ([u8; 32], u64, [u8; 16]) {
    let grant = delegation.grant();
    (grant.public, grant.begins_unix_s, grant.id)
}

impl Contents {
    fn sort(&mut self) {
        self.delegations.sort_by_key(place);
        self.checkpoints.sort_unstable();
        self.revocations.sort_by_key(|revocation| revocation.public);
    }

    /// Each list in the one order that there is, nothing twice.
    fn is_sorted(&self) -> bool {
        self.delegations.is_sorted_by(|one, next| place(one) < place(next))
            && self.checkpoints.is_sorted_by(|one, next| (one.public, one.seq) < (next.public, next.seq))
            && self.revocations.is_sorted_by(|one, next| one.public < next.public)
    }

    pub(crate) fn encode(&self) -> Encoded {
        let mut e = Encoder::new(Vec::new());
        self.write(&mut e)?;
        Ok(e.into_writer())
    }

    fn write<W: Write>(&self, e: &mut Encoder<W>) -> Written<W> {
        e.map(3)?.u8(1)?.str(&self.name)?.u8(6)?.u64(self.issued_unix_s)?.i64(CONTENTS)?;
        e.map(5)?.u8(1)?.u32(VERSION)?.u8(2)?.u64(self.generation)?;
        e.u8(3)?.array(self.delegations.len() as u64)?;
        for delegation in &self.delegations {
            delegation.write(e)?;
        }
        e.u8(4)?.encode(&self.checkpoints)?.u8(5)?.encode(&self.revocations)?;
        Ok(())
    }

    fn decode(bytes: &[u8]) -> Result<Self, TrustError> {
        let contents = Self::read(bytes)?;
        if is_spelled(bytes, |e| contents.write(e)) { Ok(contents) } else { Err(TrustError::Damaged) }
    }

    fn read(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut d = Decoder::new(bytes);
        exactly(d.map()?, 3, &d)?;
        label(&mut d, 1)?;
        let name = d.str()?.to_owned();
        label(&mut d, 6)?;
        let issued_unix_s = d.u64()?;
        label(&mut d, CONTENTS)?;
        let fields = d.map()?;
        label(&mut d, 1)?;
        let version = d.u32()?;
        if version != VERSION {
            return Err(ParseError::Version(version));
        }
        exactly(fields, 5, &d)?;
        label(&mut d, 2)?;
        let generation = d.u64()?;
        label(&mut d, 3)?;
        let count = d.array()?.ok_or(ParseError::NotDeterministic)?;
        let mut delegations = Vec::new();
        for _ in 0..count {
            delegations.push(Delegation::read(&mut d)?);
        }
        label(&mut d, 4)?;
        let checkpoints = d.decode()?;
        label(&mut d, 5)?;
        let revocations = d.decode()?;
        ended(&d, bytes)?;
        Ok(Self { name, issued_unix_s, generation, delegations, checkpoints, revocations })
    }
}

/// Why bytes are no trust file that can be relied upon.
#[derive(Debug)]
pub enum TrustError {
    /// They are something else.
    NotATrustFile,
    /// They are not spelled as a trust file is.
    Damaged,
    /// A version that this program does not know.
    Version(u32),
    /// The organisation's name cannot be one.
    Name,
    /// The signature is not the organisation's.
    Signature,
    /// The key that everybody has.
    Simulation,
    /// The delegation of this key is not signed by this organisation.
    Delegation(Fingerprint),
}

impl fmt::Display for TrustError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotATrustFile => {
                f.write_str("This is no trust file. Give the trust.cose that the organisation has published")
            }
            Self::Damaged => f.write_str(
                "The trust file is damaged, or not written in the one way that trust files are. Take another copy from the organisation",
            ),
            Self::Version(version) => write!(
                f,
                "The trust file is of version {version}, and this program knows version {VERSION}. Use a newer PurgeProof"
            ),
            Self::Name => f.write_str("The organisation's name is empty, too long or has control characters. Give another one"),
            Self::Signature => f.write_str(
                "The signature of the trust file does not fit: it was changed. Nothing in it counts; take another copy from the organisation",
            ),
            Self::Simulation => {
                f.write_str("The trust file is signed with the key for simulated drives, which everybody has. Nothing in it counts")
            }
            Self::Delegation(stick) => write!(
                f,
                "The delegation of the key {stick} in the trust file is not signed by its organisation. Nothing in it counts; take another copy"
            ),
        }
    }
}

impl core::error::Error for TrustError {}

impl From<ParseError> for TrustError {
    fn from(error: ParseError) -> Self {
        match error {
            ParseError::NotACertificate | ParseError::Type(_) => Self::NotATrustFile,
            ParseError::Version(version) => Self::Version(version),
            _ => Self::Damaged,
        }
    }
}
