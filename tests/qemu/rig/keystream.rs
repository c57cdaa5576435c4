//! The content of a random pass by the words of an evidence file.

use std::process::{Command, Stdio};

/// The cipher and the key that an evidence file names.
pub(crate) struct Keystream {
    pub(crate) cipher: String,
    pub(crate) key: [u8; 32],
}

impl Keystream {
    /// Its first bytes.
    pub(crate) fn bytes(&self, length: usize) -> Vec<u8> {
        let mut stream = vec![0; length];
        crate::keystream::fill(&self.cipher, &self.key, &mut stream);
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
