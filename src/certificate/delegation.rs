//! A delegation: an organisation's signed word that a key is that of one of its sticks.

use core::fmt;

use minicbor::encode::Write;
use minicbor::{Decoder, Encoder};

use crate::cose::{Encoded, Sign1, Typ, Written, ended, exactly, fixed, label};
use crate::credential::{read_confirmation, write_confirmation};
use crate::key::{self, Fingerprint, Key};
use crate::spelling::is_spelled;
use crate::token::MAX_BYTES;
use crate::{IssueError, ParseError};

/// The longest name of an organisation or a stick in bytes of UTF-8. It is in every certificate, and so in every QR code.
pub const NAME_BYTES: usize = 64;

/// What a delegation says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The organisation's name, by its own account.
    pub organisation: String,
    /// The stick's name in that organisation.
    pub stick: String,
    /// From when on it is good, in seconds since 1970-01-01 UTC.
    pub begins_unix_s: u64,
    /// From when on it is not good any more.
    pub expires_unix_s: u64,
    /// When it was signed.
    pub issued_unix_s: u64,
    /// Its number, drawn at random.
    pub id: [u8; 16],
    /// The stick's public key.
    pub public: [u8; 32],
}

/// A delegation, well-formed. Whether its signature is that of the organisation that it names only somebody can say who has that one's key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delegation {
    sign1: Sign1,
    grant: Grant,
}

impl Delegation {
    /// Signs with the organisation's key.
    ///
    /// # Errors
    /// [`GrantError`]: nothing was signed.
    pub fn issue(grant: Grant, organisation: &Key) -> Result<Self, GrantError> {
        for name in [&grant.organisation, &grant.stick] {
            is_name(name)?;
        }
        if grant.begins_unix_s >= grant.expires_unix_s {
            return Err(GrantError::Period);
        }
        if key::is_simulation(&grant.public) || organisation.is_simulation() {
            return Err(GrantError::Simulation);
        }
        let payload = grant.encode().map_err(|_| GrantError::Encoding)?;
        let sign1 = Sign1::sign(Typ::Delegation, organisation, payload).map_err(|_| GrantError::Encoding)?;
        Ok(Self { sign1, grant })
    }

    /// Reads the bytes of a file that holds one.
    ///
    /// # Errors
    /// [`ParseError`], and nothing else whatever the bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        Self::of(Sign1::decode(bytes, &[Typ::Delegation], MAX_BYTES)?.0)
    }

    /// The bytes of a file that holds it.
    ///
    /// # Errors
    /// [`IssueError::Encoding`].
    pub fn bytes(&self) -> Result<Vec<u8>, IssueError> {
        self.sign1.encode(None).map_err(|_| IssueError::Encoding)
    }

    /// What it says.
    pub const fn grant(&self) -> &Grant {
        &self.grant
    }

    /// The key of the organisation that it says has signed it.
    pub const fn organisation(&self) -> Fingerprint {
        self.sign1.kid
    }

    /// The stick's key.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.grant.public)
    }

    /// Whether it is good at this moment. The end is not in it (RFC 8392 §3.1.4).
    pub const fn covers(&self, unix_s: u64) -> bool {
        self.grant.begins_unix_s <= unix_s && unix_s < self.grant.expires_unix_s
    }

    /// Whether it is signed with this organisation's key.
    pub fn is_signed_by(&self, organisation: &[u8; 32]) -> bool {
        self.sign1.is_signed_by(organisation)
    }

    pub(crate) fn write<W: Write>(&self, e: &mut Encoder<W>) -> Written<W> {
        self.sign1.write(None, e)
    }

    pub(crate) fn read(d: &mut Decoder<'_>) -> Result<Self, ParseError> {
        Self::of(Sign1::read(d, &[Typ::Delegation])?.0)
    }

    fn of(sign1: Sign1) -> Result<Self, ParseError> {
        let grant = Grant::decode(&sign1.payload)?;
        Ok(Self { sign1, grant })
    }
}

/// Whether this can be the name of an organisation or a stick: it is printed on paper and on terminals.
///
/// # Errors
/// [`GrantError::Name`] if it is empty, longer than [`NAME_BYTES`], or has control characters.
pub fn is_name(name: &str) -> Result<(), GrantError> {
    let is_good = !name.trim().is_empty() && name.len() <= NAME_BYTES && !name.chars().any(char::is_control);
    if is_good { Ok(()) } else { Err(GrantError::Name { bytes: name.len() }) }
}

impl Grant {
    fn encode(&self) -> Encoded {
        let mut e = Encoder::new(Vec::new());
        self.write(&mut e)?;
        Ok(e.into_writer())
    }

    fn write<W: Write>(&self, e: &mut Encoder<W>) -> Written<W> {
        e.map(7)?.u8(1)?.str(&self.organisation)?.u8(2)?.str(&self.stick)?;
        e.u8(4)?.u64(self.expires_unix_s)?.u8(5)?.u64(self.begins_unix_s)?.u8(6)?.u64(self.issued_unix_s)?;
        e.u8(7)?.bytes(&self.id)?.u8(8)?;
        write_confirmation(&self.public, e)
    }

    fn decode(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut d = Decoder::new(bytes);
        exactly(d.map()?, 7, &d)?;
        label(&mut d, 1)?;
        let organisation = d.str()?.to_owned();
        label(&mut d, 2)?;
        let stick = d.str()?.to_owned();
        label(&mut d, 4)?;
        let expires_unix_s = d.u64()?;
        label(&mut d, 5)?;
        let begins_unix_s = d.u64()?;
        label(&mut d, 6)?;
        let issued_unix_s = d.u64()?;
        label(&mut d, 7)?;
        let id = fixed(&mut d)?;
        label(&mut d, 8)?;
        let public = read_confirmation(&mut d)?;
        ended(&d, bytes)?;
        let grant = Self { organisation, stick, begins_unix_s, expires_unix_s, issued_unix_s, id, public };
        if is_spelled(bytes, |e| grant.write(e)) { Ok(grant) } else { Err(ParseError::NotDeterministic) }
    }
}

/// Why there is no delegation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrantError {
    /// A name that cannot be one.
    Name {
        /// How many bytes it has.
        bytes: usize,
    },
    /// It ends before it begins.
    Period,
    /// The key that everybody has.
    Simulation,
    /// It is for another key than this one.
    OtherKey {
        /// Whose it is.
        delegated: Fingerprint,
        /// The one at hand.
        key: Fingerprint,
    },
    /// It could not be written as CBOR.
    Encoding,
}

impl fmt::Display for GrantError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name { bytes } => write!(
                f,
                "A name of {bytes} bytes cannot be used: it must have 1 to {NAME_BYTES}, and no control characters. Give another one"
            ),
            Self::Period => f.write_str("The delegation would end before it begins. Give a later end"),
            Self::Simulation => {
                f.write_str("The key for simulated drives, which everybody has, is nobody's. Use the key of a stick")
            }
            Self::OtherKey { delegated, key } => write!(
                f,
                "The delegation is for the key {delegated} and this one is {key}. Enrol the stick again, or put back its own files"
            ),
            Self::Encoding => f.write_str("The delegation could not be written as CBOR: none was made. Report this"),
        }
    }
}

impl core::error::Error for GrantError {}
