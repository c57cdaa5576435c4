//! The content of a random pass as docs/certificate.md describes it, by other people's code.

use aes::Aes256;
use chacha20::ChaCha20Legacy;
use chacha20::cipher::{KeyIvInit, StreamCipher};
use ctr::Ctr128BE;

/// Fills with its first bytes, by the name of the cipher and the key of an evidence file.
pub(crate) fn fill(cipher: &str, key: &[u8], into: &mut [u8]) {
    into.fill(0);
    match cipher {
        "chacha20" => ChaCha20Legacy::new_from_slices(key, &[0; 8]).unwrap().apply_keystream(into),
        "aes-256-ctr" => Ctr128BE::<Aes256>::new_from_slices(key, &[0; 16]).unwrap().apply_keystream(into),
        other => panic!("{other} is no keystream that is described"),
    }
}
