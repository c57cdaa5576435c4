//! How many blocks each pass has written.

use minicbor::data::Type;
use minicbor::decode::{self, Decode, Decoder};
use minicbor::encode::{self, Encode, Encoder, Write};
use purgeproof_core::scheme::MOST_PASSES;

/// The logical blocks that each pass wrote that ended, in order. Passes in a row that wrote the same are one entry, `[passes, blocks]`:
/// a QR code has no room for 35 times the size of a drive.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written(pub Vec<u64>);

impl<C> Encode<C> for Written {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), encode::Error<W::Error>> {
        let runs: Vec<&[u64]> = self.0.chunk_by(|one, next| one == next).collect();
        e.array(runs.len() as u64)?;
        for run in runs {
            match run {
                [] => {}
                [blocks] => e.u64(*blocks)?.ok()?,
                [blocks, ..] => e.array(2)?.u64(run.len() as u64)?.u64(*blocks)?.ok()?,
            }
        }
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Written {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, decode::Error> {
        let at = d.position();
        let wrong = |what: &'static str| decode::Error::message(what).at(at);
        let mut written = Vec::new();
        for _ in 0..d.array()?.ok_or_else(|| wrong("a list without a length"))? {
            let passes = if d.datatype()? == Type::Array {
                d.array()?.filter(|length| *length == 2).ok_or_else(|| wrong("no pair"))?;
                d.u64()?
            } else {
                1
            };
            let blocks = d.u64()?;
            let passes =
                usize::try_from(passes).ok().filter(|passes| written.len().saturating_add(*passes) <= MOST_PASSES);
            let length = written.len() + passes.ok_or_else(|| wrong("more passes than there can be"))?;
            written.resize(length, blocks);
        }
        Ok(Self(written))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_one_entry() {
        for (written, bytes) in [
            (vec![], vec![0x80]),
            (vec![7], vec![0x81, 0x07]),
            (vec![7, 7, 3], vec![0x82, 0x82, 0x02, 0x07, 0x03]),
            (vec![256; 35], vec![0x81, 0x82, 0x18, 0x23, 0x19, 0x01, 0x00]),
        ] {
            assert_eq!(minicbor::to_vec(Written(written.clone())).unwrap(), bytes);
            assert_eq!(minicbor::decode::<Written>(&bytes).unwrap(), Written(written));
        }
    }

    #[test]
    fn a_number_of_passes_that_nobody_writes_is_refused() {
        // [[65, 7]], [[2^64 - 1, 7]], [[64, 7], 7], [[2, 7, 7]], and a list without a length.
        for bytes in [
            &[0x81, 0x82, 0x18, 0x41, 0x07][..],
            &[0x81, 0x82, 0x1b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x07],
            &[0x82, 0x82, 0x18, 0x40, 0x07, 0x07],
            &[0x81, 0x83, 0x02, 0x07, 0x07],
            &[0x9f, 0x07, 0xff],
        ] {
            assert!(minicbor::decode::<Written>(bytes).is_err(), "{bytes:02x?}");
        }
    }
}
