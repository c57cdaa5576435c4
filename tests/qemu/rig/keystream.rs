//! The content of a random pass as docs/certificate.md describes it, by other people's code.

use std::process::{Command, Stdio};

use aes::Aes256;
use chacha20::ChaCha20Legacy;
use chacha20::cipher::{KeyIvInit, StreamCipher};
use ctr::Ctr128BE;

/// The cipher and the key that an evidence file names.
pub(crate) struct Keystream {
    pub(crate) cipher: String,
    pub(crate) key: [u8; 32],
}

impl Keystream {
    /// Its first bytes.
    pub(crate) fn bytes(&self, length: usize) -> Vec<u8> {
        let mut stream = vec![0; length];
        match self.cipher.as_str() {
            "chacha20" => ChaCha20Legacy::new(&self.key.into(), &[0; 8].into()).apply_keystream(&mut stream),
            "aes-256-ctr" => Ctr128BE::<Aes256>::new(&self.key.into(), &[0; 16].into()).apply_keystream(&mut stream),
            other => panic!("{other} is no keystream that is described"),
        }
        stream
    }

    /// `openssl enc`, which takes the stream off what it reads. The IV of its ChaCha20 is the block counter (32 bits, little-endian) and a
    /// nonce of 96 bits, whose first 32 are the upper half of our counter: zero below 256 GiB.
    pub(crate) fn openssl(&self, input: impl Into<Stdio>) -> Command {
        let mut openssl = Command::new("openssl");
        let (cipher, key) = (format!("-{}", self.cipher), super::hex(&self.key));
        openssl.args(["enc", "-d", &cipher, "-K", &key, "-iv", &"0".repeat(32)]).stdin(input);
        openssl
    }
}
