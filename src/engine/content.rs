//! What a pass writes and what a read-back must find: the same function, so that they cannot differ.

use purgeproof_core::evidence::Mismatches;
use purgeproof_core::pattern::Pattern;
use purgeproof_core::units::{Geometry, Lba};
use rayon::prelude::*;

use crate::keystream::Keystream;

/// The length of the pieces that cores share out among themselves, in bytes: long enough to be worth handing over.
const SHARE: usize = 256 * 1024;

/// What is compared at once, in bytes: short enough that what is expected stays in the first cache.
const PIECE: usize = 16 * 1024;

/// The content of a medium after a pass.
#[derive(Clone)]
pub struct Content {
    /// What the last pass wrote.
    pub pattern: Pattern,
    /// What a random pattern is.
    pub keystream: Keystream,
    /// The shape of the medium.
    pub geometry: Geometry,
}

impl Content {
    /// What must stand from `at` on.
    pub fn fill(&self, at: Lba, into: &mut [u8]) {
        match self.pattern {
            Pattern::Byte(byte) => into.fill(byte),
            Pattern::Two(_) | Pattern::Three(_) | Pattern::Four(_) => {
                repeat(self.pattern.bytes(), self.geometry.offset(at), into);
            }
            Pattern::Random => {
                let start = self.geometry.offset(at);
                if is_shared(into) {
                    let pieces = into.par_chunks_mut(SHARE).enumerate();
                    pieces.for_each(|(number, piece)| self.keystream.fill(start + (number * SHARE) as u64, piece));
                } else {
                    self.keystream.fill(start, into);
                }
            }
        }
    }

    /// Fills a buffer with what must *not* be read, before it is read into. Zeros are exactly what an erased disk reads back as: a
    /// read that filled nothing would pass.
    pub fn poison(&self, buffer: &mut [u8]) {
        // No block holds that byte where the pattern has its first one.
        buffer.fill(self.pattern.bytes().first().map_or(0xA5, |byte| !byte));
    }

    /// Does the same for a buffer that holds nothing but poison and what came of *other* blocks. A fixed pattern is the same everywhere, so
    /// that nothing there is left as it is. Of a keystream no 16 bytes are those of another place: what stands there from before is
    /// as good as poison, and the first bytes of each block, which are, are so much more than nothing.
    pub fn poison_again(&self, buffer: &mut [u8]) {
        if self.pattern == Pattern::Random {
            let blocks = buffer.chunks_mut(self.geometry.block().get() as usize);
            blocks.filter_map(|block| block.first_chunk_mut()).for_each(|start| *start = [0xA5; 16]);
        } else {
            self.poison(buffer);
        }
    }

    /// Compares what was read from `at` on, block by block, and adds every block that differs to `mismatches`.
    pub fn compare(&self, at: Lba, read: &[u8], mismatches: &mut Mismatches) {
        if is_shared(read) {
            let blocks = (SHARE / self.geometry.block().get() as usize).max(1);
            let shares = read.par_chunks(blocks * self.geometry.block().get() as usize).enumerate();
            let differing = shares.map(|(number, share)| self.differing(Lba(at.0 + (number * blocks) as u64), share));
            differing.collect::<Vec<_>>().into_iter().flatten().for_each(|lba| mismatches.add(lba));
        } else {
            self.differing(at, read).into_iter().for_each(|lba| mismatches.add(lba));
        }
    }

    /// The blocks that differ.
    fn differing(&self, at: Lba, read: &[u8]) -> Vec<Lba> {
        if self.pattern == Pattern::Random && self.keystream.is_surely_at(self.geometry.offset(at), read) {
            return Vec::new();
        }
        let block = self.geometry.block().get() as usize;
        let blocks = (PIECE / block).max(1);
        let mut room = vec![0; (blocks * block).min(read.len())];
        let mut differing = Vec::new();
        for (piece, start) in read.chunks(blocks * block).zip((at.0..).step_by(blocks)) {
            let expected = room.get_mut(..piece.len()).unwrap_or_default();
            self.fill(Lba(start), expected);
            if !is_same(piece, expected) {
                let pairs = piece.chunks(block).zip(expected.chunks(block)).zip(start..);
                differing.extend(pairs.filter(|((found, wanted), _)| found != wanted).map(|(_, lba)| Lba(lba)));
            }
        }
        differing
    }
}

/// Whether two buffers hold the same. `==` comes to the C library's comparison, which goes byte by byte in musl and takes three times as long
/// as the keystream; of this the compiler makes wide instructions.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len() && one.iter().zip(other).fold(0, |differing, (one, other)| differing | (one ^ other)) == 0
}

/// Whether several cores work on this. A drive's own thread is enough for most drives; the fastest take more than one core computes. Where there
/// are but two, the kernel's part of the transfers needs the other.
fn is_shared(bytes: &[u8]) -> bool {
    bytes.len() > SHARE && rayon::current_num_threads() > 2
}

/// Fills with bytes that are repeated from the beginning of the medium on, of which `into` begins at byte `offset`.
fn repeat(bytes: &[u8], offset: u64, into: &mut [u8]) {
    let first = usize::try_from(offset % (bytes.len() as u64).max(1)).unwrap_or(0);
    let length = into.len();
    let mut filled = bytes.len().min(length);
    into.iter_mut().zip(bytes.iter().cycle().skip(first)).take(filled).for_each(|(to, byte)| *to = *byte);
    // What is there doubles: always whole repetitions, until the end.
    while filled > 0 && filled < length {
        let more = filled.min(length - filled);
        into.copy_within(..more, filled);
        filled += more;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use purgeproof_core::evidence::Secret;
    use purgeproof_core::stream::Stream;
    use purgeproof_core::units::{BlockSize, Blocks};

    fn keystream() -> Keystream {
        Keystream::new(Stream::Aes256Ctr, &Secret([5; 32]))
    }

    fn content(pattern: Pattern) -> Content {
        let geometry = Geometry::new(BlockSize::B512, Blocks(10_000)).unwrap();
        Content { pattern, keystream: keystream(), geometry }
    }

    #[test]
    fn a_block_holds_what_stands_at_its_offset_in_the_stream() {
        let (mut blocks, mut bytes) = (vec![0; 5120], vec![0; 5120]);
        content(Pattern::Random).fill(Lba(3), &mut blocks);
        keystream().fill(1536, &mut bytes);
        assert_eq!(blocks, bytes);
    }

    #[test]
    fn repeated_bytes_join_across_blocks_and_requests() {
        for (block, pattern) in
            [(512, Pattern::Three([1, 2, 3])), (520, Pattern::Three([1, 2, 3])), (520, Pattern::Four([1, 2, 3, 4]))]
        {
            let geometry = Geometry::new(BlockSize::new(block).unwrap(), Blocks(10_000)).unwrap();
            let content = Content { pattern, keystream: keystream(), geometry };
            // Byte n of the medium is byte n modulo three, or four, of the pattern.
            for (lba, blocks) in [(0, 1), (1, 1), (2, 7), (9_997, 3)] {
                let mut filled = vec![0xA5; (blocks * block) as usize];
                content.fill(Lba(lba), &mut filled);
                let period = pattern.bytes().len() as u64;
                let from = lba * u64::from(block);
                let wanted: Vec<u8> =
                    (from..).take(filled.len()).map(|at| u8::try_from(at % period).unwrap() + 1).collect();
                assert_eq!(filled, wanted, "{block} {lba}");
            }
        }
        repeat(&[1, 2, 3], 0, &mut []);
    }

    #[test]
    fn many_cores_come_to_what_one_comes_to() {
        let with = |cores, work: &(dyn Fn() -> (Vec<u8>, Mismatches) + Sync)| {
            rayon::ThreadPoolBuilder::new().num_threads(cores).build().unwrap().install(work)
        };
        // Blocks of 520 bytes, so that neither pieces nor shares end where a block of the cipher does.
        let geometry = Geometry::new(BlockSize::new(520).unwrap(), Blocks(10_000)).unwrap();
        let content = Content { geometry, ..content(Pattern::Random) };
        let work = || {
            let mut bytes = vec![0; 520 * 2000];
            content.fill(Lba(7), &mut bytes);
            let mut mismatches = Mismatches::default();
            let mut read = bytes.clone();
            for lba in [0, 503, 504, 505, 1999] {
                read[520 * lba + 519] ^= 1;
            }
            content.compare(Lba(7), &read, &mut mismatches);
            (bytes, mismatches)
        };
        let alone = with(1, &work);
        assert_eq!(alone.1.first, [7, 510, 511, 512, 2006].map(Lba));
        assert!(with(4, &work) == alone);
    }

    #[test]
    fn every_block_that_differs_is_counted() {
        for pattern in [Pattern::Random, Pattern::Byte(0), Pattern::Three([0x92, 0x49, 0x24])] {
            let content = content(pattern);
            let mut read = vec![0; 512 * 300];
            content.fill(Lba(100), &mut read);
            let mut mismatches = Mismatches::default();
            content.compare(Lba(100), &read, &mut mismatches);
            assert_eq!(mismatches, Mismatches::default());
            // One bit in block 107 and one in the last byte of block 399, in another piece.
            read[512 * 7] ^= 0x80;
            read[512 * 300 - 1] ^= 0x01;
            content.compare(Lba(100), &read, &mut mismatches);
            assert_eq!(mismatches, Mismatches { blocks: Blocks(2), first: vec![Lba(107), Lba(399)] });
        }
    }

    #[test]
    fn a_poisoned_buffer_never_compares_equal() {
        let fixed = [Pattern::Byte(0), Pattern::Byte(0xA5), Pattern::Byte(0xff), Pattern::Two([0xA5, 0x5A])];
        let longer = [Pattern::Three([0x5A, 0xA5, 0xA5]), Pattern::Four([0xA5; 4])];
        for pattern in fixed.into_iter().chain(longer).chain([Pattern::Random]) {
            let content = content(pattern);
            let mut read = vec![0; 5120];
            content.poison(&mut read);
            let mut mismatches = Mismatches::default();
            content.compare(Lba(0), &read, &mut mismatches);
            assert_eq!(mismatches.blocks, Blocks(10));
            // Even what stood there already does not pass for read.
            content.fill(Lba(0), &mut read);
            content.poison_again(&mut read);
            content.compare(Lba(0), &read, &mut mismatches);
            assert_eq!(mismatches.blocks, Blocks(20));
        }
    }

    #[test]
    fn one_bit_anywhere_makes_a_block_differ() {
        // 1000 blocks of the cipher and a half of 64: whole batches, groups and single blocks of it.
        let content = content(Pattern::Random);
        let length = 512 * 33;
        let mut read = vec![0; length];
        content.fill(Lba(4), &mut read);
        for at in (0..length).step_by(7).chain([length - 1]) {
            read[at] ^= 1 << (at % 8);
            let mut mismatches = Mismatches::default();
            content.compare(Lba(4), &read, &mut mismatches);
            assert_eq!(mismatches.first, [Lba(4 + at as u64 / 512)], "byte {at}");
            read[at] ^= 1 << (at % 8);
        }
        assert!(content.keystream.is_surely_at(4 * 512, &read));
        // Neither another place, nor where a block of the cipher begins elsewhere.
        assert!(!content.keystream.is_surely_at(5 * 512, &read));
        assert!(!content.keystream.is_surely_at(4 * 512 + 8, &read[8..]));
        assert!(!content.keystream.is_surely_at(4 * 512, &read[..100]));
    }
}
