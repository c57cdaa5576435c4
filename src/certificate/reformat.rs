//! The format to blocks of another length, as an array: that length, then what became of it.
//!
//! | array | what became of it |
//! |---|---|
//! | `[bytes, 1]` | the drive was not asked: its erase has come to no good end, or the record ends before |
//! | `[bytes, 2]` | begun, and no end of it is recorded |
//! | `[bytes, 3, blocks]` | the drive has so many blocks of that length |
//! | `[bytes, 4, why]` | it has not, as far as is known |

use minicbor::decode::{Decode, Decoder, Error};
use minicbor::encode::{Encode, Encoder, Write};
use purgeproof_core::reformat::{self, End};
use purgeproof_core::units::{BlockSize, Blocks};

use crate::text::cut;

/// A reformat as the certificate words it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reformat(pub reformat::Reformat);

impl Reformat {
    /// With no longer a text than a certificate takes.
    pub(crate) fn of(reformat: reformat::Reformat) -> Self {
        let end = match reformat.end {
            End::Failed(why) => End::Failed(cut(&why)),
            end => end,
        };
        Self(reformat::Reformat { end, ..reformat })
    }
}

impl<C> Encode<C> for Reformat {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, c: &mut C) -> Result<(), minicbor::encode::Error<W::Error>> {
        let to = self.0.to.get();
        match &self.0.end {
            End::NotBegun => e.encode_with((to, 1_u8), c)?,
            End::Open => e.encode_with((to, 2_u8), c)?,
            End::Done(blocks) => e.encode_with((to, 3_u8, blocks.0), c)?,
            End::Failed(why) => e.encode_with((to, 4_u8, why), c)?,
        };
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Reformat {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, Error> {
        let at = d.position();
        let unknown = || Error::message("a format that this version does not know").at(at);
        let length = d.array()?.ok_or_else(unknown)?;
        let to = BlockSize::new(d.u32()?).ok_or_else(unknown)?;
        let end = match (d.u8()?, length) {
            (1, 2) => End::NotBegun,
            (2, 2) => End::Open,
            (3, 3) => End::Done(Blocks(d.u64()?)),
            (4, 3) => End::Failed(d.str()?.to_owned()),
            _ => return Err(unknown()),
        };
        Ok(Self(reformat::Reformat { to, end }))
    }
}
