//! What of a certificate is kept to hold it against others: two hundred bytes, so that a hundred thousand of them are a small matter.

use sha2::{Digest, Sha256};

use crate::Certificate;

/// One certificate among many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// Of its bytes.
    pub(crate) sha256: [u8; 32],
    /// With the key: a signature that fits fits nothing else that this key has signed, so that two that are the same signed the same words.
    pub(crate) signature: [u8; 64],
    pub(crate) public: [u8; 32],
    pub(crate) id: [u8; 16],
    pub(crate) seq: u64,
    pub(crate) prev: [u8; 32],
    pub(crate) issued_unix_s: u64,
    /// Of model and serial number; `None` for a drive without one.
    pub(crate) drive: Option<[u8; 16]>,
    pub(crate) is_signed: bool,
    pub(crate) is_simulation: bool,
}

impl Record {
    /// Checks the signature for it.
    pub fn of(certificate: &Certificate) -> Self {
        let claims = certificate.claims();
        let (device, link) = (&claims.statement.device, &claims.statement.link);
        let drive = device.serial.as_ref().map(|serial| {
            // A length before each: "A" and "BC" are not "AB" and "C".
            let mut sum = Sha256::new();
            for text in [&device.model, serial] {
                sum.update((text.len() as u64).to_le_bytes());
                sum.update(text);
            }
            let sum = sum.finalize();
            core::array::from_fn(|index| sum.get(index).copied().unwrap_or_default())
        });
        Self {
            sha256: certificate.sha256(),
            signature: certificate.sign1.signature,
            public: *certificate.public_key(),
            id: claims.id.0,
            seq: link.seq,
            prev: link.prev,
            issued_unix_s: claims.issued_unix_s,
            drive,
            is_signed: certificate.is_signed(),
            is_simulation: certificate.is_simulation(),
        }
    }

    /// The SHA-256 of the certificate's bytes.
    pub const fn sha256(&self) -> &[u8; 32] {
        &self.sha256
    }

    /// Whether it says anything among others. What is not signed, or about a drive that the program only imagined, anybody can make.
    pub(crate) const fn counts(&self) -> bool {
        self.is_signed && !self.is_simulation
    }

    /// The same signed words, with the same or another word about whose key it is.
    pub(crate) fn says_the_same(&self, other: &Self) -> bool {
        self.public == other.public && self.signature == other.signature
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hundred_thousand_are_a_few_tens_of_megabytes() {
        assert!(size_of::<Record>() <= 224, "{}", size_of::<Record>());
    }
}
