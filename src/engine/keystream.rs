//! The content of random passes: a stream that can be computed from any byte on ([`Stream`] says which there are).

use aes::Aes256Enc;
use chacha20::ChaCha20Legacy;
use chacha20::cipher::{KeyInit, KeyIvInit, StreamCipher, StreamCipherSeek};
use purgeproof_core::evidence::Secret;
use purgeproof_core::stream::Stream;

mod counter;
mod fastest;

use counter::{BLOCK, encrypt, is_encrypted};
pub use fastest::fastest;

/// The keystream of a pass: its cipher with the key worked in, once a pass.
#[derive(Clone)]
pub struct Keystream(Cipher);

#[derive(Clone)]
enum Cipher {
    /// The key is the state: there is nothing to work in.
    ChaCha20([u8; 32]),
    Aes256Ctr(Box<Aes256Enc>),
}

impl Keystream {
    /// The stream of this cipher and key.
    pub fn new(stream: Stream, key: &Secret) -> Self {
        Self(match stream {
            Stream::ChaCha20 => Cipher::ChaCha20(key.0),
            Stream::Aes256Ctr => Cipher::Aes256Ctr(Box::new(Aes256Enc::new(&key.0.into()))),
        })
    }

    /// Fills `into` with what must stand at byte `offset` of the drive.
    pub fn fill(&self, offset: u64, into: &mut [u8]) {
        match &self.0 {
            Cipher::ChaCha20(key) => {
                let mut stream = ChaCha20Legacy::new(key.into(), &[0; 8].into());
                stream.seek(offset);
                stream.write_keystream(into);
            }
            Cipher::Aes256Ctr(cipher) => count(cipher, offset, into),
        }
    }

    /// Whether `read` is, byte for byte, what must stand at byte `offset` of the drive, where that can be told faster than by filling a
    /// buffer with it. `false` says nothing: then it must be compared.
    pub fn is_surely_at(&self, offset: u64, read: &[u8]) -> bool {
        match (&self.0, read.as_chunks()) {
            (Cipher::Aes256Ctr(cipher), (blocks, [])) if offset.is_multiple_of(BLOCK as u64) => {
                is_encrypted(cipher, u128::from(offset / BLOCK as u64), blocks)
            }
            _ => false,
        }
    }
}

/// Fills with the stream from byte `offset` on, which may lie within a block, as may the end.
fn count(cipher: &Aes256Enc, offset: u64, into: &mut [u8]) {
    let mut number = u128::from(offset) / BLOCK as u128;
    let within = usize::try_from(offset % BLOCK as u64).unwrap_or(0);
    let mut whole = into;
    if within > 0 {
        let (first, rest) = whole.split_at_mut(whole.len().min(BLOCK - within));
        let mut block = [[0; BLOCK]];
        encrypt(cipher, number, &mut block);
        first.iter_mut().zip(block.as_flattened().iter().skip(within)).for_each(|(to, byte)| *to = *byte);
        number += 1;
        whole = rest;
    }
    let (blocks, last) = whole.as_chunks_mut();
    encrypt(cipher, number, blocks);
    let mut block = [[0; BLOCK]];
    encrypt(cipher, number + blocks.len() as u128, &mut block);
    last.iter_mut().zip(block.as_flattened()).for_each(|(to, byte)| *to = *byte);
}

#[cfg(test)]
mod tests;
