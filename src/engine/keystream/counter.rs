//! AES-256 in counter mode, many blocks at once, to be written or to be compared with.
//!
//! What a cipher is given to `call` is compiled once for each kind of processor that it knows, with the instructions of that kind. So the
//! counters and the comparison are wide there, too, in a program that runs on any processor.

use std::hint;

use aes::Aes256Enc;
use chacha20::cipher::consts::U16;
use chacha20::cipher::{Array, BlockCipherEncBackend, BlockCipherEncClosure, BlockCipherEncrypt, BlockSizeUser};

/// A block of AES in bytes.
pub(super) const BLOCK: usize = 16;

/// So many blocks become counters and then ciphertext at once: a whole number of what any backend of the cipher takes together (8, 30
/// or 64), few enough that the counters are still in the first cache when they are encrypted, and the ciphertext when it is compared.
pub(super) const BATCH: usize = 960;

/// Fills whole blocks with the counter, block `first` in the first, and encrypts them.
pub(super) fn encrypt(cipher: &Aes256Enc, first: u128, blocks: &mut [[u8; BLOCK]]) {
    cipher.encrypt_with_backend(Filled { first, blocks });
}

/// Whether these are what [`encrypt`] makes.
pub(super) fn is_encrypted(cipher: &Aes256Enc, first: u128, blocks: &[[u8; BLOCK]]) -> bool {
    let mut is_same = false;
    cipher.encrypt_with_backend(Compared { first, blocks, is_same: &mut is_same });
    is_same
}

/// Blocks to be filled.
struct Filled<'a> {
    first: u128,
    blocks: &'a mut [[u8; BLOCK]],
}

/// Blocks to be compared.
struct Compared<'a> {
    first: u128,
    blocks: &'a [[u8; BLOCK]],
    is_same: &'a mut bool,
}

impl BlockSizeUser for Filled<'_> {
    type BlockSize = U16;
}

impl BlockSizeUser for Compared<'_> {
    type BlockSize = U16;
}

impl BlockCipherEncClosure for Filled<'_> {
    #[expect(clippy::inline_always, reason = "only what is inlined has the instructions of the caller")]
    #[inline(always)]
    fn call<B: BlockCipherEncBackend<BlockSize = U16>>(self, backend: &B) {
        for (batch, start) in self.blocks.chunks_mut(BATCH).zip((0..).step_by(BATCH)) {
            batch_of(backend, self.first.wrapping_add(start), batch);
        }
    }
}

impl BlockCipherEncClosure for Compared<'_> {
    #[expect(clippy::inline_always, reason = "only what is inlined has the instructions of the caller")]
    #[inline(always)]
    fn call<B: BlockCipherEncBackend<BlockSize = U16>>(self, backend: &B) {
        let mut room = [[0; BLOCK]; BATCH];
        for (found, start) in self.blocks.chunks(BATCH).zip((0..).step_by(BATCH)) {
            let Some(wanted) = room.get_mut(..found.len()) else { return };
            batch_of(backend, self.first.wrapping_add(start), wanted);
            let pairs = found.as_flattened().iter().zip(wanted.as_flattened());
            if pairs.fold(0, |differing, (found, wanted)| differing | (found ^ wanted)) != 0 {
                return;
            }
        }
        // Every block was looked at.
        *self.is_same = true;
    }
}

#[expect(clippy::inline_always, reason = "only what is inlined has the instructions of the caller")]
#[inline(always)]
fn batch_of<B: BlockCipherEncBackend<BlockSize = U16>>(backend: &B, first: u128, batch: &mut [[u8; BLOCK]]) {
    number(first, batch);
    let (groups, rest) = Array::slice_as_chunks_mut(Array::cast_slice_from_core_mut(batch));
    for group in groups {
        // Out of the compiler's sight, the round keys stay in memory and the registers are for the blocks: a tenth faster.
        hint::black_box(backend).encrypt_par_blocks(group.into());
    }
    for block in rest {
        backend.encrypt_block(block.into());
    }
}

/// The counters from `first` on, the highest byte first. A batch whose lower half does not overflow needs additions of 64 bits only.
#[expect(clippy::inline_always, reason = "only what is inlined has the instructions of the caller")]
#[inline(always)]
fn number(first: u128, blocks: &mut [[u8; BLOCK]]) {
    let high = first >> 64 << 64;
    let low = u64::try_from(first - high).unwrap_or(u64::MAX);
    if low.checked_add(blocks.len() as u64).is_none() {
        blocks.iter_mut().zip(0..).for_each(|(block, more)| *block = first.wrapping_add(more).to_be_bytes());
        return;
    }
    for (block, low) in blocks.iter_mut().zip(low..) {
        *block = (high.swap_bytes() | u128::from(low.swap_bytes()) << 64).to_le_bytes();
    }
}
