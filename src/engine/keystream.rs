//! The content of random passes: a stream that can be computed from any block on.
//!
//! ChaCha20 in its original form (D. J. Bernstein, 2008), with a 64-bit block counter and a nonce of zero: byte *n* of the drive is
//! byte *n* of the keystream of the pass's key. The counter of the first block of an LBA is therefore `LBA × block size ÷ 64`. Keys are
//! drawn anew for every job, and every pass has its own (`purgeproof_core::scheme::key`), so that the nonce has nothing to tell apart.

use chacha20::ChaCha20Legacy;
use chacha20::cipher::{KeyIvInit, StreamCipher, StreamCipherSeek};

/// The name of the stream on certificates.
pub const NAME: &str = "ChaCha20, 64-bit counter, nonce 0, byte offset on the drive = offset in the stream";

/// Fills `into` with what must stand at byte `offset` of the drive.
pub fn fill(key: &[u8; 32], offset: u64, into: &mut [u8]) {
    into.fill(0);
    let mut stream = ChaCha20Legacy::new(key.into(), &[0; 8].into());
    stream.seek(offset);
    stream.apply_keystream(into);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Key 0, nonce 0: the first bytes of TC1 in draft-strombergson-chacha-test-vectors-00, ChaCha20 with a 256-bit key.
    const TC1: [u8; 16] =
        [0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90, 0x40, 0x5d, 0x6a, 0xe5, 0x53, 0x86, 0xbd, 0x28];
    /// The first bytes of its second block.
    const TC1_BLOCK_1: [u8; 8] = [0x9f, 0x07, 0xe7, 0xbe, 0x55, 0x51, 0x38, 0x7a];

    #[test]
    fn it_is_the_published_stream() {
        let mut bytes = [0; 72];
        fill(&[0; 32], 0, &mut bytes);
        assert_eq!(bytes[..16], TC1);
        assert_eq!(bytes[64..], TC1_BLOCK_1);
    }

    #[test]
    fn any_place_can_be_computed_alone() {
        let key = [9; 32];
        let mut whole = vec![0; 100_000];
        fill(&key, 0, &mut whole);
        for (offset, length) in [(0, 1), (1, 63), (63, 2), (64, 64), (511, 513), (99_999, 1)] {
            let mut part = vec![0xA5; length];
            fill(&key, offset as u64, &mut part);
            assert_eq!(part, whole[offset..offset + length], "{offset}");
        }
    }

    #[test]
    fn the_stream_does_not_repeat_where_a_32_bit_counter_would() {
        // 2^32 blocks of 64 bytes are 256 GiB: a drive is longer than that.
        let (mut near, mut far) = ([0; 64], [0; 64]);
        fill(&[9; 32], 0, &mut near);
        fill(&[9; 32], 1 << 38, &mut far);
        assert_ne!(near, far);
        // Across the boundary in one go, and from the other side.
        let mut across = [0; 128];
        fill(&[9; 32], (1 << 38) - 64, &mut across);
        assert_eq!(across[64..], far);
    }
}
