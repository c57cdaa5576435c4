//! An area that a drive can hide, as an array: its number, what was found, and of what size or why that is not known.
//!
//! | array | found |
//! |---|---|
//! | `[area, 1]` | none |
//! | `[area, 2, bytes]` | still closed |
//! | `[area, 3, bytes]` | opened before the erase |
//! | `[area, 4, why]` | not known |

use minicbor::decode::{Decode, Decoder, Error};
use minicbor::encode::{Encode, Encoder, Write};
use purgeproof_core::capability::{Area, Found, Hidden};
use purgeproof_core::units::Bytes;

use crate::code::Coded;
use crate::text::cut;

/// A hidden area as the certificate words it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HiddenArea(pub Hidden);

impl HiddenArea {
    /// The finding with no longer a text than a certificate takes.
    pub(crate) fn of(hidden: &Hidden) -> Self {
        let found = match &hidden.found {
            Found::Unknown(why) => Found::Unknown(cut(why)),
            other => other.clone(),
        };
        Self(Hidden { area: hidden.area, found })
    }
}

impl<C> Encode<C> for HiddenArea {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, c: &mut C) -> Result<(), minicbor::encode::Error<W::Error>> {
        let area = Coded(self.0.area);
        match &self.0.found {
            Found::Nothing => e.encode_with((area, 1_u8), c)?,
            Found::Closed { size } => e.encode_with((area, 2_u8, size.0), c)?,
            Found::Opened { size } => e.encode_with((area, 3_u8, size.0), c)?,
            Found::Unknown(why) => e.encode_with((area, 4_u8, why), c)?,
        }
        .ok()
    }
}

impl<'b, C> Decode<'b, C> for HiddenArea {
    fn decode(d: &mut Decoder<'b>, c: &mut C) -> Result<Self, Error> {
        let at = d.position();
        let length = d.array()?.ok_or_else(|| Error::message("a hidden area of no stated length").at(at))?;
        let area: Coded<Area> = d.decode_with(c)?;
        let found = match (d.u8()?, length) {
            (1, 2) => Found::Nothing,
            (2, 3) => Found::Closed { size: Bytes(d.u64()?) },
            (3, 3) => Found::Opened { size: Bytes(d.u64()?) },
            (4, 3) => Found::Unknown(d.str()?.to_owned()),
            _ => return Err(Error::message("a finding that this version does not know").at(at)),
        };
        Ok(Self(Hidden { area: area.0, found }))
    }
}
