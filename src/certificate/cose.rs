//! The envelope of everything that is signed here: `COSE_Sign1` (RFC 9052 §4.2) around a CBOR Web Token (RFC 8392), in deterministic
//! encoding (RFC 8949 §4.2.1). There is one way to write each, and any other is refused: of two spellings of the same words one would be
//! unsigned.

use core::convert::Infallible;

use minicbor::Encoder;
use minicbor::data::{Int, Tag};
use minicbor::decode::{Decoder, Error as DecodeError};
use minicbor::encode::{Error as EncodeError, Write};

use crate::ParseError;
use crate::credential::Credential;
use crate::key::{self, Fingerprint, Key};
use crate::spelling::is_spelled;

/// The tag of a `COSE_Sign1` (RFC 9052 §4.2).
const COSE_SIGN1: u64 = 18;
/// Ed25519 (RFC 9864); -8, `EdDSA`, is deprecated because it names no curve.
const ED25519: i64 = -19;

/// What a header says that this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Typ {
    Certificate,
    Simulation,
    Delegation,
    Trust,
}

impl Typ {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Certificate => "pp-cert+cwt",
            Self::Simulation => "pp-simulation+cwt",
            Self::Delegation => "pp-delegation+cwt",
            Self::Trust => "pp-trust+cwt",
        }
    }
}

/// What is signed, and the signature. Beside it, in the unprotected header, stands whose key it is: who exchanges that changes no word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sign1 {
    pub(crate) typ: Typ,
    pub(crate) kid: Fingerprint,
    pub(crate) payload: Vec<u8>,
    pub(crate) signature: [u8; 64],
}

pub(crate) type Encoded = Result<Vec<u8>, EncodeError<Infallible>>;
pub(crate) type Written<W> = Result<(), EncodeError<<W as Write>::Error>>;

/// The protected header as a byte string: alg (1), kid (4), typ (16, RFC 9596).
fn write_protected<W: Write>(typ: Typ, kid: Fingerprint, e: &mut Encoder<W>) -> Written<W> {
    /// All but the word, which is shorter than 24 bytes.
    const FIXED: u64 = 15;
    let word = typ.as_str();
    e.bytes_len(FIXED + word.len() as u64)?;
    e.map(3)?.u8(1)?.i64(ED25519)?.u8(4)?.bytes(&kid.0)?.u8(16)?.str(word)?;
    Ok(())
}

impl Sign1 {
    pub(crate) fn sign(typ: Typ, key: &Key, payload: Vec<u8>) -> Result<Self, EncodeError<Infallible>> {
        let kid = key.fingerprint();
        let unsigned = Self { typ, kid, payload, signature: [0; 64] };
        Ok(Self { signature: key.sign(&unsigned.to_be_signed()?), ..unsigned })
    }

    /// What is signed (`Sig_structure`, RFC 9052 §4.4).
    pub(crate) fn to_be_signed(&self) -> Encoded {
        let mut e = Encoder::new(Vec::with_capacity(self.payload.len() + 96));
        e.array(4)?.str("Signature1")?;
        write_protected(self.typ, self.kid, &mut e)?;
        e.bytes(&[])?.bytes(&self.payload)?;
        Ok(e.into_writer())
    }

    /// Whether it is signed with this key, which is also the one that it names.
    pub(crate) fn is_signed_by(&self, public: &[u8; 32]) -> bool {
        self.kid == Fingerprint::of(public) && self.signature_fits(public)
    }

    /// Whether the signature is this key's, whichever it names.
    pub(crate) fn signature_fits(&self, public: &[u8; 32]) -> bool {
        self.to_be_signed().is_ok_and(|bytes| key::verifies(public, &bytes, &self.signature))
    }

    pub(crate) fn write<W: Write>(&self, credential: Option<&Credential>, e: &mut Encoder<W>) -> Written<W> {
        e.tag(Tag::new(COSE_SIGN1))?.array(4)?;
        write_protected(self.typ, self.kid, e)?;
        Credential::write(credential, e)?;
        e.bytes(&self.payload)?.bytes(&self.signature)?;
        Ok(())
    }

    pub(crate) fn encode(&self, credential: Option<&Credential>) -> Encoded {
        let mut e = Encoder::new(Vec::with_capacity(self.payload.len() + 512));
        self.write(credential, &mut e)?;
        Ok(e.into_writer())
    }

    /// Reads one that is a part of something else. How it is spelled is for whoever reads all of it to check.
    pub(crate) fn read(d: &mut Decoder<'_>, accepted: &[Typ]) -> Result<(Self, Option<Credential>), ParseError> {
        if !d.tag().is_ok_and(|tag| tag == Tag::new(COSE_SIGN1)) {
            return Err(ParseError::NotACertificate);
        }
        exactly(d.array()?, 4, d)?;
        let (typ, kid) = read_protected(d.bytes()?, accepted)?;
        let credential = Credential::read(d, typ)?;
        Ok((Self { typ, kid, payload: d.bytes()?.to_vec(), signature: fixed(d)? }, credential))
    }

    /// Reads one that is all there is, and spelled as it must be. The payload's own spelling is for whoever knows what it says.
    pub(crate) fn decode(
        bytes: &[u8],
        accepted: &[Typ],
        max_bytes: usize,
    ) -> Result<(Self, Option<Credential>), ParseError> {
        if bytes.len() > max_bytes {
            return Err(ParseError::TooLong { bytes: bytes.len() });
        }
        let mut d = Decoder::new(bytes);
        let (sign1, credential) = Self::read(&mut d, accepted)?;
        ended(&d, bytes)?;
        if is_spelled(bytes, |e| sign1.write(credential.as_ref(), e)) {
            Ok((sign1, credential))
        } else {
            Err(ParseError::NotDeterministic)
        }
    }
}

fn read_protected(bytes: &[u8], accepted: &[Typ]) -> Result<(Typ, Fingerprint), ParseError> {
    let mut d = Decoder::new(bytes);
    exactly(d.map()?, 3, &d)?;
    label(&mut d, 1)?;
    let algorithm = d.i64()?;
    if algorithm != ED25519 {
        return Err(ParseError::Algorithm(algorithm));
    }
    label(&mut d, 4)?;
    let kid = Fingerprint(fixed(&mut d)?);
    label(&mut d, 16)?;
    let typ = d.str()?;
    accepted
        .iter()
        .find(|known| known.as_str() == typ)
        .map(|typ| (*typ, kid))
        .ok_or_else(|| ParseError::Type(typ.chars().take(40).collect()))
}

/// Nothing follows.
pub(crate) fn ended(d: &Decoder<'_>, bytes: &[u8]) -> Result<(), ParseError> {
    if d.position() == bytes.len() { Ok(()) } else { Err(ParseError::TrailingBytes { after: d.position() }) }
}

pub(crate) fn exactly(found: Option<u64>, wanted: u64, d: &Decoder<'_>) -> Result<(), DecodeError> {
    if found == Some(wanted) {
        return Ok(());
    }
    Err(DecodeError::message("another number of members than version 1 has").at(d.position()))
}

pub(crate) fn label(d: &mut Decoder<'_>, wanted: i64) -> Result<(), DecodeError> {
    let at = d.position();
    if d.int()? == Int::from(wanted) {
        return Ok(());
    }
    Err(DecodeError::message("another label than version 1 has here").at(at))
}

pub(crate) fn fixed<const N: usize>(d: &mut Decoder<'_>) -> Result<[u8; N], DecodeError> {
    let at = d.position();
    d.bytes()?
        .try_into()
        .map_err(|_| DecodeError::message("a byte string of another length than version 1 has here").at(at))
}
