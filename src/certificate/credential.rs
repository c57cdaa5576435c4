//! What an unprotected header says of the key: the key itself, or an organisation's word for it.

use minicbor::encode::Write;
use minicbor::{Decoder, Encoder};

use crate::ParseError;
use crate::cose::{Typ, Written, exactly, fixed, label};
use crate::delegation::Delegation;

/// Header parameters of RFC 9528: a CWT, and a claims set that nobody signed.
const KCWT: i64 = 13;
const KCCS: i64 = 14;

/// How a signed thing names the key that it is signed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Credential {
    /// By itself (kccs): nobody vouches for it.
    Own([u8; 32]),
    /// By an organisation's delegation (kcwt).
    Delegated(Box<Delegation>),
}

impl Credential {
    /// The public key.
    pub(crate) fn public(&self) -> &[u8; 32] {
        match self {
            Self::Own(public) => public,
            Self::Delegated(delegation) => &delegation.grant().public,
        }
    }

    /// Writes the unprotected header; an empty one if there is nothing to say.
    pub(crate) fn write<W: Write>(credential: Option<&Self>, e: &mut Encoder<W>) -> Written<W> {
        match credential {
            None => e.map(0).map(drop),
            Some(Self::Own(public)) => {
                e.map(1)?.i64(KCCS)?.map(1)?.u8(8)?;
                write_confirmation(public, e)
            }
            Some(Self::Delegated(delegation)) => {
                e.map(1)?.i64(KCWT)?;
                delegation.write(e)
            }
        }
    }

    /// Reads the unprotected header that a thing of this type may have. A delegation has none, so there is an end to it.
    pub(crate) fn read(d: &mut Decoder<'_>, typ: Typ) -> Result<Option<Self>, ParseError> {
        if typ == Typ::Delegation {
            exactly(d.map()?, 0, d)?;
            return Ok(None);
        }
        exactly(d.map()?, 1, d)?;
        let is_delegated = typ != Typ::Trust && d.probe().i64()? == KCWT;
        label(d, if is_delegated { KCWT } else { KCCS })?;
        if is_delegated {
            return Ok(Some(Self::Delegated(Box::new(Delegation::read(d)?))));
        }
        exactly(d.map()?, 1, d)?;
        label(d, 8)?;
        Ok(Some(Self::Own(read_confirmation(d)?)))
    }
}

/// Writes the value of a confirmation claim (8, RFC 8747): the `COSE_Key` (1), OKP, Ed25519.
pub(crate) fn write_confirmation<W: Write>(public: &[u8; 32], e: &mut Encoder<W>) -> Written<W> {
    e.map(1)?.u8(1)?.map(3)?.u8(1)?.u8(1)?.i8(-1)?.u8(6)?.i8(-2)?.bytes(public)?;
    Ok(())
}

/// Reads it.
pub(crate) fn read_confirmation(d: &mut Decoder<'_>) -> Result<[u8; 32], ParseError> {
    exactly(d.map()?, 1, d)?;
    label(d, 1)?;
    exactly(d.map()?, 3, d)?;
    for (name, value) in [(1, 1), (-1, 6)] {
        label(d, name)?;
        label(d, value)?;
    }
    label(d, -2)?;
    Ok(fixed(d)?)
}
