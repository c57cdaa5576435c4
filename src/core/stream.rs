//! The ciphers whose keystreams random passes write.

use core::fmt;

use serde::{Deserialize, Serialize};

/// A cipher with a key of 32 bytes whose keystream can be computed from any byte on: byte *n* of the drive is byte *n* of the stream
/// of the pass's key. Keys are drawn anew for every job, and every pass has its own ([`crate::scheme::key`]), so that a nonce would have
/// nothing to tell apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Stream {
    /// ChaCha20 in its original form (D. J. Bernstein, 2008). A record that names no stream is of a job that wrote this one.
    #[default]
    #[serde(rename = "chacha20")]
    ChaCha20,
    /// AES-256 in counter mode (FIPS 197, NIST SP 800-38A §6.5).
    #[serde(rename = "aes-256-ctr")]
    Aes256Ctr,
}

impl Stream {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::ChaCha20, Self::Aes256Ctr];

    /// All that has to be known besides the key to compute any byte of the drive with another program.
    pub const fn recipe(self) -> &'static str {
        match self {
            Self::ChaCha20 => {
                "ChaCha20, 256-bit key, 64-bit little-endian block counter from 0, nonce 0; byte n of the keystream at byte n of the drive"
            }
            Self::Aes256Ctr => {
                "AES-256-CTR, 256-bit key, 128-bit big-endian block counter from 0, no nonce; byte n of the keystream at byte n of the drive"
            }
        }
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ChaCha20 => "ChaCha20",
            Self::Aes256Ctr => "AES-256-CTR",
        })
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;
    use crate::evidence::{Drawn, Secret};

    #[test]
    fn a_record_without_a_stream_is_of_chacha20() {
        let zeros = "00".repeat(32);
        let old = format!(r#"{{"key":"{zeros}","seed":"{zeros}"}}"#);
        let drawn = |stream| Drawn { key: Secret([0; 32]), seed: Secret([0; 32]), stream, withheld: None };
        assert_eq!(serde_json::from_str::<Drawn>(&old).unwrap(), drawn(Stream::ChaCha20));
        for (stream, name) in [(Stream::ChaCha20, "chacha20"), (Stream::Aes256Ctr, "aes-256-ctr")] {
            let new = serde_json::to_string(&drawn(stream)).unwrap();
            assert!(new.ends_with(&format!(r#","stream":"{name}"}}"#)), "{new}");
            assert_eq!(serde_json::from_str::<Drawn>(&new).unwrap(), drawn(stream));
            assert!(serde_json::from_str::<Drawn>(&new.replace(name, "rc4")).is_err());
        }
    }
}
