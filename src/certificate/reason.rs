//! Why the outcome is what it is, as an array: the reason's number, then what it is about.
//!
//! | array | reason |
//! |---|---|
//! | `[1]` | all blocks read back as written |
//! | `[2, places, bound_ppm]` | a sample read back as written |
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

use minicbor::decode::{Decode, Decoder, Error};
use minicbor::encode::{Encode, Encoder, Write};
use purgeproof_core::drive::OpenError;
use purgeproof_core::evidence::Mismatches;
use purgeproof_core::pass::Regions;
use purgeproof_core::units::{Blocks, Extent, Lba};
use purgeproof_core::verdict::Reason;

/// How many regions or addresses of one reason a certificate lists; all are counted, and the evidence lists more. It keeps the
/// certificate of a failing drive small enough for a QR code.
pub const LISTED: usize = 16;

/// A reason as the certificate words it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Because(pub Reason);

impl Because {
    /// The reason with no more than [`LISTED`] places.
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
            other => other,
        })
    }

    /// The number, and whatever numbers follow it directly.
    fn head(&self) -> (u8, [Option<u64>; 2]) {
        match &self.0 {
            Reason::AllReadBack => (1, [None, None]),
            Reason::SampleReadBack { places, bound_ppm } => (2, [Some(*places), Some(*bound_ppm)]),
            Reason::NothingWritten => (10, [None, None]),
            Reason::NotOpened(OpenError::Gone) => (11, [Some(1), None]),
            Reason::NotOpened(OpenError::Busy) => (11, [Some(2), None]),
            // The error number follows as a signed one.
            Reason::NotOpened(OpenError::Refused { .. }) => (11, [Some(3), None]),
            Reason::OtherDrive => (12, [None, None]),
            Reason::Unwritable(regions) => (13, [Some(regions.blocks.0), None]),
            Reason::Unreadable(regions) => (14, [Some(regions.blocks.0), None]),
            Reason::Mismatch(mismatches) => (15, [Some(mismatches.blocks.0), None]),
            Reason::Abandoned(lba) => (16, [Some(lba.0), None]),
            Reason::GoneWhileWriting => (17, [None, None]),
            Reason::GoneWhileReading => (18, [None, None]),
            Reason::NotFlushed => (19, [None, None]),
            Reason::Stopped => (20, [None, None]),
            Reason::Crashed => (21, [None, None]),
            Reason::Unfinished => (22, [None, None]),
        }
    }

    /// The places that it lists, as flat numbers.
    fn places(&self) -> Option<Vec<u64>> {
        match &self.0 {
            Reason::Unwritable(regions) | Reason::Unreadable(regions) => {
                Some(regions.extents.iter().flat_map(|extent| [extent.start.0, extent.count.0]).collect())
            }
            Reason::Mismatch(mismatches) => Some(mismatches.first.iter().map(|lba| lba.0).collect()),
            _ => None,
        }
    }
}

impl<C> Encode<C> for Because {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), minicbor::encode::Error<W::Error>> {
        let (code, numbers) = self.head();
        let places = self.places();
        let errno = match &self.0 {
            Reason::NotOpened(OpenError::Refused { errno }) => Some(*errno),
            _ => None,
        };
        let length =
            1 + numbers.iter().flatten().count() + usize::from(places.is_some()) + usize::from(errno.is_some());
        e.array(length as u64)?.u8(code)?;
        for number in numbers.into_iter().flatten() {
            e.u64(number)?;
        }
        if let Some(errno) = errno {
            e.i32(errno)?;
        }
        if let Some(places) = places {
            e.encode(places)?;
        }
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Because {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, Error> {
        let at = d.position();
        let length = d.array()?.ok_or_else(|| Error::message("a reason of no stated length").at(at))?;
        let code = d.u8()?;
        Ok(Self(match (code, length) {
            (1, 1) => Reason::AllReadBack,
            (2, 3) => Reason::SampleReadBack { places: d.u64()?, bound_ppm: d.u64()? },
            (10, 1) => Reason::NothingWritten,
            (11, 2 | 3) => Reason::NotOpened(open_error(d)?),
            (12, 1) => Reason::OtherDrive,
            (13, 3) => Reason::Unwritable(regions(d)?),
            (14, 3) => Reason::Unreadable(regions(d)?),
            (15, 3) => Reason::Mismatch(Mismatches {
                blocks: Blocks(d.u64()?),
                first: listed(d)?.into_iter().map(Lba).collect(),
            }),
            (16, 2) => Reason::Abandoned(Lba(d.u64()?)),
            (17, 1) => Reason::GoneWhileWriting,
            (18, 1) => Reason::GoneWhileReading,
            (19, 1) => Reason::NotFlushed,
            (20, 1) => Reason::Stopped,
            (21, 1) => Reason::Crashed,
            (22, 1) => Reason::Unfinished,
            _ => return Err(Error::message("a reason that this version does not know").at(at)),
        }))
    }
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

/// Numbers of places: two for a region, at most [`LISTED`] regions.
fn listed(d: &mut Decoder<'_>) -> Result<Vec<u64>, Error> {
    let at = d.position();
    let listed: Vec<u64> = d.decode()?;
    if listed.len() > 2 * LISTED {
        return Err(Error::message("more places than a certificate lists").at(at));
    }
    Ok(listed)
}
