//! The envelope: `COSE_Sign1` (RFC 9052 §4.2) around a CBOR Web Token (RFC 8392), in deterministic encoding (RFC 8949 §4.2.1).

use core::convert::Infallible;

use minicbor::data::{Int, Tag};
use minicbor::decode::{Decoder, Error as DecodeError};
use minicbor::encode::Error as EncodeError;
use minicbor::{Decode, Encoder};
use purgeproof_core::evidence::JobId;

use crate::ParseError;
use crate::claims::{Claims, Statement, VERSION};
use crate::key::Fingerprint;

/// The tag of a `COSE_Sign1` (RFC 9052 §4.2).
const COSE_SIGN1: u64 = 18;
/// Ed25519 (RFC 9864); -8, `EdDSA`, is deprecated because it names no curve.
const ED25519: i64 = -19;
/// The claim of ours, in the range for private use (RFC 8392 §9.1).
const STATEMENT: i64 = -65537;

/// The longest certificate that is read. The largest that this version writes is less than half of it.
pub(crate) const MAX_BYTES: usize = 8192;

/// What a header says that this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Typ {
    Certificate,
    Simulation,
}

impl Typ {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Certificate => "pp-cert+cwt",
            Self::Simulation => "pp-simulation+cwt",
        }
    }
}

/// The parts of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Envelope {
    pub(crate) typ: Typ,
    pub(crate) kid: Fingerprint,
    pub(crate) public: [u8; 32],
    pub(crate) claims: Claims,
    pub(crate) signature: [u8; 64],
}

type Encoded = Result<Vec<u8>, EncodeError<Infallible>>;

/// The protected header: alg (1), kid (4), typ (16, RFC 9596).
fn protected(typ: Typ, kid: Fingerprint) -> Encoded {
    let mut e = Encoder::new(Vec::new());
    e.map(3)?.u8(1)?.i64(ED25519)?.u8(4)?.bytes(&kid.0)?.u8(16)?.str(typ.as_str())?;
    Ok(e.into_writer())
}

fn payload(claims: &Claims) -> Encoded {
    let mut e = Encoder::new(Vec::new());
    e.map(3)?.u8(6)?.u64(claims.issued_unix_s)?.u8(7)?.bytes(&claims.id.0)?;
    e.i64(STATEMENT)?.encode(&claims.statement)?;
    Ok(e.into_writer())
}

/// What is signed (`Sig_structure`, RFC 9052 §4.4).
pub(crate) fn to_be_signed(typ: Typ, kid: Fingerprint, claims: &Claims) -> Encoded {
    let mut e = Encoder::new(Vec::new());
    e.array(4)?.str("Signature1")?.bytes(&protected(typ, kid)?)?.bytes(&[])?.bytes(&payload(claims)?)?;
    Ok(e.into_writer())
}

impl Envelope {
    /// The certificate's bytes.
    pub(crate) fn encode(&self) -> Encoded {
        let mut e = Encoder::new(Vec::new());
        e.tag(Tag::new(COSE_SIGN1))?.array(4)?.bytes(&protected(self.typ, self.kid)?)?;
        // kccs (14, RFC 9528): a claims set with a confirmation claim (8, RFC 8747) that holds the COSE_Key (1): OKP, Ed25519.
        e.map(1)?.u8(14)?.map(1)?.u8(8)?.map(1)?.u8(1)?;
        e.map(3)?.u8(1)?.u8(1)?.i8(-1)?.u8(6)?.i8(-2)?.bytes(&self.public)?;
        e.bytes(&payload(&self.claims)?)?.bytes(&self.signature)?;
        Ok(e.into_writer())
    }

    /// Reads a certificate. There is one way to write each, and any other is refused: of two spellings of the same words one would be
    /// unsigned.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, ParseError> {
        if bytes.len() > MAX_BYTES {
            return Err(ParseError::TooLong { bytes: bytes.len() });
        }
        let mut d = Decoder::new(bytes);
        if !d.tag().is_ok_and(|tag| tag == Tag::new(COSE_SIGN1)) {
            return Err(ParseError::NotACertificate);
        }
        exactly(d.array()?, 4, &d)?;
        let (typ, kid) = decode_protected(d.bytes()?)?;
        let public = decode_key(&mut d)?;
        let claims = decode_payload(d.bytes()?)?;
        let envelope = Self { typ, kid, public, claims, signature: fixed(&mut d)? };
        if d.position() != bytes.len() {
            return Err(ParseError::TrailingBytes { after: d.position() });
        }
        match envelope.encode() {
            Ok(again) if again == bytes => Ok(envelope),
            _ => Err(ParseError::NotDeterministic),
        }
    }
}

fn decode_protected(bytes: &[u8]) -> Result<(Typ, Fingerprint), ParseError> {
    let mut d = Decoder::new(bytes);
    exactly(d.map()?, 3, &d)?;
    key(&mut d, 1)?;
    let algorithm = d.i64()?;
    if algorithm != ED25519 {
        return Err(ParseError::Algorithm(algorithm));
    }
    key(&mut d, 4)?;
    let kid = Fingerprint(fixed(&mut d)?);
    key(&mut d, 16)?;
    let typ = d.str()?;
    [Typ::Certificate, Typ::Simulation]
        .into_iter()
        .find(|known| known.as_str() == typ)
        .map(|typ| (typ, kid))
        .ok_or_else(|| ParseError::Type(typ.chars().take(40).collect()))
}

fn decode_key(d: &mut Decoder<'_>) -> Result<[u8; 32], ParseError> {
    for label in [14, 8, 1] {
        exactly(d.map()?, 1, d)?;
        key(d, label)?;
    }
    exactly(d.map()?, 3, d)?;
    for (label, value) in [(1, 1), (-1, 6)] {
        key(d, label)?;
        key(d, value)?;
    }
    key(d, -2)?;
    Ok(fixed(d)?)
}

fn decode_payload(bytes: &[u8]) -> Result<Claims, ParseError> {
    /// The version alone, so that a certificate of a later one is named as such and not as malformed.
    #[derive(Decode)]
    #[cbor(map)]
    struct Versioned {
        #[n(1)]
        version: u32,
    }
    let mut d = Decoder::new(bytes);
    exactly(d.map()?, 3, &d)?;
    key(&mut d, 6)?;
    let issued_unix_s = d.u64()?;
    key(&mut d, 7)?;
    let id = JobId(fixed(&mut d)?);
    key(&mut d, STATEMENT)?;
    let Versioned { version } = d.probe().decode()?;
    if version != VERSION {
        return Err(ParseError::Version(version));
    }
    let statement: Statement = d.decode()?;
    if d.position() != bytes.len() {
        return Err(ParseError::TrailingBytes { after: d.position() });
    }
    Ok(Claims { issued_unix_s, id, statement })
}

fn exactly(found: Option<u64>, wanted: u64, d: &Decoder<'_>) -> Result<(), DecodeError> {
    if found == Some(wanted) {
        return Ok(());
    }
    Err(DecodeError::message("another number of members than version 1 has").at(d.position()))
}

fn key(d: &mut Decoder<'_>, wanted: i64) -> Result<(), DecodeError> {
    let at = d.position();
    if d.int()? == Int::from(wanted) {
        return Ok(());
    }
    Err(DecodeError::message("another label than version 1 has here").at(at))
}

fn fixed<const N: usize>(d: &mut Decoder<'_>) -> Result<[u8; N], DecodeError> {
    let at = d.position();
    d.bytes()?
        .try_into()
        .map_err(|_| DecodeError::message("a byte string of another length than version 1 has here").at(at))
}
