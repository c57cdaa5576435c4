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

    /// Nothing was read yet. What is read first decides what the rest must be: until then no more may be asked for than the first request.
    pub(crate) const fn is_unread(&self) -> bool {
        matches!(self.first, First::Unread)
    }

    /// Fills a buffer with what no erased block holds, so that a read that fills nothing is found out.
    pub(crate) fn poison(buffer: &mut [u8]) {
        buffer
            .chunks_mut(POISON.len())
            .for_each(|piece| piece.copy_from_slice(POISON.get(..piece.len()).unwrap_or_default()));
    }

    /// Looks at what was read from `at` on, and adds every block that is not like the first one to `mismatches`.
    pub(crate) fn compare(&mut self, at: Lba, read: &[u8], mismatches: &mut Mismatches) {
        let block = self.geometry.block().get() as usize;
        for ((number, found), lba) in read.chunks(block).enumerate().zip(at.0..) {
            if self.is_unread() {
                self.first = repeated(found).map_or(First::Mixed, First::Repeats);
            }
            let is_like = self.constant().is_none_or(|byte| repeated(found) == Some(byte));
            if !is_like || is_poison(found, number * block) {
                mismatches.add(Lba(lba));
            }
        }
    }
}

/// 0 to 250 again and again. A prime number of bytes: no block length is a multiple of it.
const POISON: [u8; 251 * 16] = {
    let mut bytes = [0; 251 * 16];
    let (mut at, mut rest) = (0, bytes.as_mut_slice());
    while let Some((first, tail)) = rest.split_first_mut() {
        *first = at;
        at = if at == 250 { 0 } else { at + 1 };
        rest = tail;
    }
    bytes
};

/// Whether this is still the poison, from this place of the buffer on.
fn is_poison(found: &[u8], from: usize) -> bool {
    (from % 251..).zip(found).all(|(at, byte)| usize::from(*byte) == at % 251)
}

fn repeated(block: &[u8]) -> Option<u8> {
    let first = *block.first()?;
    // Without an early end, so that the compiler makes wide instructions of it.
    (block.iter().fold(0, |differing, byte| differing | (byte ^ first)) == 0).then_some(first)
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
