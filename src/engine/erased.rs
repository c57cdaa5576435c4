//! What a read-back expects on a drive that has erased itself: nobody says what its blocks hold then, but they all hold the same.

use purgeproof_core::evidence::Mismatches;
use purgeproof_core::units::{Geometry, Lba};

/// Learns from the first block that is read, and holds all others to it.
pub(crate) struct Erased {
    geometry: Geometry,
    first: First,
}

/// What is known of the first block that was read.
#[derive(Clone, Copy)]
enum First {
    Unread,
    /// It is one byte repeated.
    Repeats(u8),
    Mixed,
}

impl Erased {
    pub(crate) const fn new(geometry: Geometry) -> Self {
        Self { geometry, first: First::Unread }
    }

    /// The byte that every block must repeat; `None` if the first one did not repeat any.
    pub(crate) const fn constant(&self) -> Option<u8> {
        match self.first {
            First::Repeats(byte) => Some(byte),
            First::Unread | First::Mixed => None,
        }
    }

    /// Fills a buffer with what no erased block holds, so that a read that fills nothing is found out.
    pub(crate) fn poison(buffer: &mut [u8]) {
        buffer.iter_mut().zip((0..=250_u8).cycle()).for_each(|(byte, value)| *byte = value);
    }

    /// Looks at what was read from `at` on, and adds every block that is not like the first one to `mismatches`.
    pub(crate) fn compare(&mut self, at: Lba, read: &[u8], mismatches: &mut Mismatches) {
        let block = self.geometry.block().get() as usize;
        let mut poison = vec![0; read.len()];
        Self::poison(&mut poison);
        for ((found, poison), lba) in read.chunks(block).zip(poison.chunks(block)).zip(at.0..) {
            if matches!(self.first, First::Unread) {
                self.first = repeated(found).map_or(First::Mixed, First::Repeats);
            }
            let is_like = self.constant().is_none_or(|byte| found.iter().all(|found| *found == byte));
            if !is_like || found == poison {
                mismatches.add(Lba(lba));
            }
        }
    }
}

fn repeated(block: &[u8]) -> Option<u8> {
    let first = *block.first()?;
    block.iter().all(|byte| *byte == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use purgeproof_core::units::{BlockSize, Blocks};

    fn look(read: &[u8]) -> (Option<u8>, u64) {
        let mut erased = Erased::new(Geometry::new(BlockSize::B512, Blocks(100)).unwrap());
        let mut mismatches = Mismatches::default();
        erased.compare(Lba(10), read, &mut mismatches);
        (erased.constant(), mismatches.blocks.0)
    }

    #[test]
    fn all_blocks_must_be_like_the_first() {
        assert_eq!(look(&[0; 2048]), (Some(0), 0));
        assert_eq!(look(&[0xff; 2048]), (Some(0xff), 0));
        let mut one_byte = [0; 2048];
        one_byte[1535] = 1;
        assert_eq!(look(&one_byte), (Some(0), 1));
        // A first block that is no constant says nothing about the others.
        one_byte.rotate_left(1024);
        assert_eq!(look(&one_byte), (None, 0));
    }

    #[test]
    fn a_read_that_filled_nothing_is_found_out() {
        let mut buffer = [0; 2048];
        Erased::poison(&mut buffer);
        assert_eq!(look(&buffer), (None, 4));
    }
}
