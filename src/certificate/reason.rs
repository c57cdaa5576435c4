//! Why the outcome is what it is, as an array: the reason's number, then what it is about.
//!
//! | array | reason |
//! |---|---|
//! | `[1]` | all blocks read back as written |
//! | `[2, places, bound_ppm]` | a sample read back as written |
//! | `[3, [technique, …]]` | the drive erased itself by these, and reports that as complete |
//! | `[4, places, bound_ppm]` | no marker was left |
//! | `[5]`, `[5, byte]` | all blocks could be read back after that: anything, one byte repeated |
//! | `[6, places]`, `[6, places, byte]` | a sample could be |
//! | `[10]` | nothing was written |
//! | `[11, 1]`, `[11, 2]`, `[11, 3, errno]` | not opened: gone, busy, refused |
//! | `[12]` | another drive answered |
//! | `[13, blocks, [start, count, …]]` | blocks that could not be written |
//! | `[14, blocks, [start, count, …]]` | blocks that could not be read back |
//! | `[15, blocks, [lba, …]]` | blocks that read back otherwise than written |
//! | `[16, lba]` | given up at this block |
//! | `[17]`, `[18]` | gone while writing, while reading back |
//! | `[19]` | not flushed |
//! | `[20]`, `[21]`, `[22]` | stopped by the operator, ended by a fault of the program, record unfinished |
//! | `[23, obstacle]` | something stands in the way of any erase |
//! | `[24, hidden area]` | an area stayed closed that nothing done reaches |
//! | `[25]` | too hot |
//! | `[26, technique, why]`, `[27, technique, why]` | the drive refused it; it failed at it |
//! | `[28, technique]` | the drive took the command and did not begin |
//! | `[29, technique, why]` | no answer to it |
//! | `[30, why]` | the drive's status cannot be read |
//! | `[31, seconds]` | nothing moved for so long |
//! | `[32]` | gone while erasing itself |
//! | `[33, what]` | the drive was left in disorder |
//! | `[34, markers, witnesses, [lba, …]]` | old blocks survived an erase that was reported complete |
//! | `[35, landed, places]` | too few markers |
//! | `[36, ms]` | faster than any drive can be |
//! | `[38, bytes, ms, bits/s]` | more was said to be moved in that time than the link carries |

use minicbor::decode::{Decode, Decoder, Error};
use minicbor::encode::{Encode, Encoder, Write};
use purgeproof_core::drive::OpenError;
use purgeproof_core::evidence::Mismatches;
use purgeproof_core::link::LineRate;
use purgeproof_core::pass::Regions;
use purgeproof_core::technique::Technique;
use purgeproof_core::units::{Blocks, Bytes, Extent, Lba};
use purgeproof_core::verdict::Reason;

use crate::code::Coded;
use crate::hidden::HiddenArea;
use crate::text::cut;

/// How many regions or addresses of one reason a certificate lists; all are counted, and the evidence lists more. It keeps the
/// certificate of a failing drive small enough for a QR code.
pub const LISTED: usize = 16;

/// A reason as the certificate words it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Because(pub Reason);

impl Because {
    /// The reason with no more than [`LISTED`] places and no longer texts than a certificate takes.
    pub(crate) fn of(reason: Reason) -> Self {
        let shorten = |mut regions: Regions| {
            regions.extents.truncate(LISTED);
            regions
        };
        Self(match reason {
            Reason::Unwritable(regions) => Reason::Unwritable(shorten(regions)),
            Reason::Unreadable(regions) => Reason::Unreadable(shorten(regions)),
            Reason::Mismatch(mut mismatches) => {
                mismatches.first.truncate(LISTED);
                Reason::Mismatch(mismatches)
            }
            Reason::Survived { markers, witnesses, mut first } => {
                first.truncate(LISTED);
                Reason::Survived { markers, witnesses, first }
            }
            Reason::Unchanged { places, mut first } => {
                first.truncate(LISTED);
                Reason::Unchanged { places, first }
            }
            Reason::HiddenAreaKept(hidden) => Reason::HiddenAreaKept(HiddenArea::of(&hidden).0),
            Reason::Refused(technique, why) => Reason::Refused(technique, cut(&why)),
            Reason::EraseFailed(technique, why) => Reason::EraseFailed(technique, cut(&why)),
            Reason::NoAnswer(technique, why) => Reason::NoAnswer(technique, cut(&why)),
            Reason::StatusUnreadable(why) => Reason::StatusUnreadable(cut(&why)),
            Reason::LeftInDisorder(what) => Reason::LeftInDisorder(cut(&what)),
            other => other,
        })
    }

    /// The number of a reason that says all by itself; `None` for one that is followed by what it is about.
    const fn alone(&self) -> Option<u8> {
        Some(match &self.0 {
            Reason::AllReadBack => 1,
            Reason::NothingWritten => 10,
            Reason::OtherDrive => 12,
            Reason::GoneWhileWriting => 17,
            Reason::GoneWhileReading => 18,
            Reason::NotFlushed => 19,
            Reason::Stopped => 20,
            Reason::Crashed => 21,
            Reason::Unfinished => 22,
            Reason::TooHot => 25,
            Reason::GoneWhileErasing => 32,
            _ => return None,
        })
    }
}

impl<C> Encode<C> for Because {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, c: &mut C) -> Result<(), minicbor::encode::Error<W::Error>> {
        if let Some(code) = self.alone() {
            return e.encode_with((code,), c)?.ok();
        }
        match &self.0 {
            Reason::SampleReadBack { places, bound_ppm } => e.encode_with((2_u8, places, bound_ppm), c)?,
            Reason::ErasedByDrive(steps) => e.encode_with((3_u8, coded(steps)), c)?,
            Reason::MarkersGone { places, bound_ppm } => e.encode_with((4_u8, places, bound_ppm), c)?,
            Reason::AllErased(None) => e.encode_with((5_u8,), c)?,
            Reason::AllErased(Some(byte)) => e.encode_with((5_u8, byte), c)?,
            Reason::SampleErased { places, constant: None } => e.encode_with((6_u8, places), c)?,
            Reason::SampleErased { places, constant: Some(byte) } => e.encode_with((6_u8, places, byte), c)?,
            Reason::NotOpened(OpenError::Gone) => e.encode_with((11_u8, 1_u8), c)?,
            Reason::NotOpened(OpenError::Busy) => e.encode_with((11_u8, 2_u8), c)?,
            Reason::NotOpened(OpenError::Refused { errno }) => e.encode_with((11_u8, 3_u8, errno), c)?,
            Reason::Unwritable(regions) => e.encode_with((13_u8, regions.blocks.0, flat(regions)), c)?,
            Reason::Unreadable(regions) => e.encode_with((14_u8, regions.blocks.0, flat(regions)), c)?,
            Reason::Mismatch(found) => e.encode_with((15_u8, found.blocks.0, addresses(&found.first)), c)?,
            Reason::Abandoned(lba) => e.encode_with((16_u8, lba.0), c)?,
            Reason::InTheWay(obstacle) => e.encode_with((23_u8, Coded(obstacle.clone())), c)?,
            Reason::HiddenAreaKept(hidden) => e.encode_with((24_u8, HiddenArea(hidden.clone())), c)?,
            Reason::Refused(technique, why) => e.encode_with((26_u8, Coded(*technique), why), c)?,
            Reason::EraseFailed(technique, why) => e.encode_with((27_u8, Coded(*technique), why), c)?,
            Reason::Ignored(technique) => e.encode_with((28_u8, Coded(*technique)), c)?,
            Reason::NoAnswer(technique, why) => e.encode_with((29_u8, Coded(*technique), why), c)?,
            Reason::StatusUnreadable(why) => e.encode_with((30_u8, why), c)?,
            Reason::Stalled(seconds) => e.encode_with((31_u8, seconds), c)?,
            Reason::LeftInDisorder(what) => e.encode_with((33_u8, what), c)?,
            Reason::Survived { markers, witnesses, first } => {
                e.encode_with((34_u8, markers, witnesses, addresses(first)), c)?
            }
            Reason::Unchanged { places, first } => e.encode_with((37_u8, places, addresses(first)), c)?,
            Reason::MarkersTooFew { landed, places } => e.encode_with((35_u8, landed, places), c)?,
            Reason::ImplausiblyFast { took_ms } => e.encode_with((36_u8, took_ms), c)?,
            Reason::FasterThanItsLink { bytes, took_ms, link } => {
                e.encode_with((38_u8, bytes.0, took_ms, link.0), c)?
            }
            // Those of `alone`.
            Reason::AllReadBack
            | Reason::NothingWritten
            | Reason::OtherDrive
            | Reason::GoneWhileWriting
            | Reason::GoneWhileReading
            | Reason::NotFlushed
            | Reason::Stopped
            | Reason::Crashed
            | Reason::Unfinished
            | Reason::TooHot
            | Reason::GoneWhileErasing => e,
        };
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Because {
    fn decode(d: &mut Decoder<'b>, c: &mut C) -> Result<Self, Error> {
        let at = d.position();
        let length = d.array()?.ok_or_else(|| Error::message("a reason of no stated length").at(at))?;
        let code = d.u8()?;
        Ok(Self(match (code, length) {
            (1, 1) => Reason::AllReadBack,
            (2, 3) => Reason::SampleReadBack { places: d.u64()?, bound_ppm: d.u64()? },
            (3, 2) => Reason::ErasedByDrive(techniques(d)?),
            (4, 3) => Reason::MarkersGone { places: d.u64()?, bound_ppm: d.u64()? },
            (5, 1) => Reason::AllErased(None),
            (5, 2) => Reason::AllErased(Some(d.u8()?)),
            (6, 2) => Reason::SampleErased { places: d.u64()?, constant: None },
            (6, 3) => Reason::SampleErased { places: d.u64()?, constant: Some(d.u8()?) },
            (10, 1) => Reason::NothingWritten,
            (11, 2 | 3) => Reason::NotOpened(open_error(d)?),
            (12, 1) => Reason::OtherDrive,
            (13, 3) => Reason::Unwritable(regions(d)?),
            (14, 3) => Reason::Unreadable(regions(d)?),
            (15, 3) => Reason::Mismatch(Mismatches { blocks: Blocks(d.u64()?), first: lbas(d)? }),
            (16, 2) => Reason::Abandoned(Lba(d.u64()?)),
            (17, 1) => Reason::GoneWhileWriting,
            (18, 1) => Reason::GoneWhileReading,
            (19, 1) => Reason::NotFlushed,
            (20, 1) => Reason::Stopped,
            (21, 1) => Reason::Crashed,
            (22, 1) => Reason::Unfinished,
            (23, 2) => Reason::InTheWay(d.decode_with::<C, Coded<_>>(c)?.0),
            (24, 2) => Reason::HiddenAreaKept(d.decode_with::<C, HiddenArea>(c)?.0),
            (25, 1) => Reason::TooHot,
            (26, 3) => Reason::Refused(technique(d)?, d.str()?.to_owned()),
            (27, 3) => Reason::EraseFailed(technique(d)?, d.str()?.to_owned()),
            (28, 2) => Reason::Ignored(technique(d)?),
            (29, 3) => Reason::NoAnswer(technique(d)?, d.str()?.to_owned()),
            (30, 2) => Reason::StatusUnreadable(d.str()?.to_owned()),
            (31, 2) => Reason::Stalled(d.u64()?),
            (32, 1) => Reason::GoneWhileErasing,
            (33, 2) => Reason::LeftInDisorder(d.str()?.to_owned()),
            (34, 4) => Reason::Survived { markers: d.u64()?, witnesses: d.u64()?, first: lbas(d)? },
            (35, 3) => Reason::MarkersTooFew { landed: d.u64()?, places: d.u64()? },
            (37, 3) => Reason::Unchanged { places: d.u64()?, first: lbas(d)? },
            (36, 2) => Reason::ImplausiblyFast { took_ms: d.u64()? },
            (38, 4) => {
                Reason::FasterThanItsLink { bytes: Bytes(d.u64()?), took_ms: d.u64()?, link: LineRate(d.u64()?) }
            }
            _ => return Err(Error::message("a reason that this version does not know").at(at)),
        }))
    }
}

fn coded(techniques: &[Technique]) -> Vec<Coded<Technique>> {
    techniques.iter().copied().map(Coded).collect()
}

fn flat(regions: &Regions) -> Vec<u64> {
    regions.extents.iter().flat_map(|extent| [extent.start.0, extent.count.0]).collect()
}

fn addresses(first: &[Lba]) -> Vec<u64> {
    first.iter().map(|lba| lba.0).collect()
}

fn technique(d: &mut Decoder<'_>) -> Result<Technique, Error> {
    d.decode::<Coded<Technique>>().map(|coded| coded.0)
}

fn techniques(d: &mut Decoder<'_>) -> Result<Vec<Technique>, Error> {
    Ok(d.decode::<Vec<Coded<Technique>>>()?.into_iter().map(|coded| coded.0).collect())
}

fn open_error(d: &mut Decoder<'_>) -> Result<OpenError, Error> {
    let at = d.position();
    match d.u8()? {
        1 => Ok(OpenError::Gone),
        2 => Ok(OpenError::Busy),
        3 => Ok(OpenError::Refused { errno: d.i32()? }),
        _ => Err(Error::message("a way of not being opened that this version does not know").at(at)),
    }
}

fn regions(d: &mut Decoder<'_>) -> Result<Regions, Error> {
    let (blocks, at) = (Blocks(d.u64()?), d.position());
    let flat = listed(d)?;
    let (pairs, []) = flat.as_chunks::<2>() else {
        return Err(Error::message("a region without a length").at(at));
    };
    Ok(Regions { extents: pairs.iter().map(|[start, count]| Extent::new(*start, *count)).collect(), blocks })
}

fn lbas(d: &mut Decoder<'_>) -> Result<Vec<Lba>, Error> {
    Ok(listed(d)?.into_iter().map(Lba).collect())
}

/// Numbers of places: two for a region, at most [`LISTED`] regions.
fn listed(d: &mut Decoder<'_>) -> Result<Vec<u64>, Error> {
    let at = d.position();
    let listed: Vec<u64> = d.decode()?;
    if listed.len() > 2 * LISTED {
        return Err(Error::message("more places than a certificate lists").at(at));
    }
    Ok(listed)
}
