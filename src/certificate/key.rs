//! The key of a stick: an Ed25519 key that was made on it and never leaves it.

use core::cell::Cell;
use core::fmt;

use ed25519_dalek::{Signer, SigningKey, VerifyingKey};
use purgeproof_core::evidence::{hex, unhex};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::credential::Credential;
use crate::delegation::{Delegation, GrantError};

/// The seed of the one key that signs certificates about simulated drives. Everybody has it: what it signs proves nothing, and
/// [`crate::Certificate::verify`] says so.
const SIMULATION_SEED: [u8; 32] = *b"PurgeProof signs simulated disks";

/// Its public key: looked up for every certificate, and dearer to compute than a signature is to check.
const SIMULATION_PUBLIC: [u8; 32] = [
    0xa8, 0xca, 0x42, 0x4d, 0xa3, 0x60, 0x30, 0x88, 0x65, 0x90, 0x51, 0xee, 0xea, 0xc0, 0x82, 0x49, 0xde, 0x3b, 0x67,
    0x14, 0x12, 0x01, 0xa4, 0xf3, 0x96, 0xb3, 0xb8, 0x33, 0x7e, 0xe7, 0xc9, 0xd2,
];

/// A key that signs certificates, and whose it is if an organisation says so. Its memory is cleared when it is dropped.
pub struct Key {
    signing: SigningKey,
    delegation: Option<Box<Delegation>>,
}

impl Key {
    /// The key with this seed of 32 random bytes.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self { signing: SigningKey::from_bytes(seed), delegation: None }
    }

    /// Takes an organisation's word along: it goes into every certificate that is issued while it is good.
    ///
    /// # Errors
    /// [`GrantError::OtherKey`] if it is another key's.
    pub fn carry(&mut self, delegation: Delegation) -> Result<(), GrantError> {
        if delegation.grant().public != self.public() {
            return Err(GrantError::OtherKey { delegated: delegation.fingerprint(), key: self.fingerprint() });
        }
        self.delegation = Some(Box::new(delegation));
        Ok(())
    }

    /// The organisation's word, if there is one.
    pub fn delegation(&self) -> Option<&Delegation> {
        self.delegation.as_deref()
    }

    /// What a thing that is issued at this moment says of the key.
    pub(crate) fn credential(&self, unix_s: u64) -> Credential {
        match &self.delegation {
            Some(delegation) if delegation.covers(unix_s) => Credential::Delegated(delegation.clone()),
            _ => Credential::Own(self.public()),
        }
    }

    /// The key for drives that the program only imagines, the same everywhere.
    pub fn simulation() -> Self {
        Self::from_seed(&SIMULATION_SEED)
    }

    /// Reads a key file: lines that begin with `#` are for people, the one other line is the seed in hexadecimal.
    ///
    /// # Errors
    /// [`NoKey`] if that is not what it holds, or if it holds the simulation's key.
    pub fn parse(text: &str) -> Result<Self, NoKey> {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let (Some(line), None) = (lines.next(), lines.next()) else {
            return Err(NoKey::Lines);
        };
        let seed = Zeroizing::new(unhex(line).map_err(|_| NoKey::Digits { found: line.chars().count() })?);
        let key = Self::from_seed(&seed);
        if key.is_simulation() { Err(NoKey::Simulation) } else { Ok(key) }
    }

    /// The key as a file that [`Key::parse`] reads. `whose` says to people whose it is: "this PurgeProof stick".
    pub fn to_file_text(&self, whose: &str) -> Zeroizing<String> {
        let digits = Zeroizing::new(hex(self.seed().as_slice()));
        let mut words = format!(
            "# The signing key of {}. Keep it secret: who has it can sign in its name.\n# Fingerprint: {}\n",
            whose.replace(char::is_control, " "),
            self.fingerprint()
        );
        // Before the secret is in it: what grows leaves a copy behind.
        words.reserve_exact(digits.len() + 1);
        let mut text = Zeroizing::new(words);
        text.push_str(&digits);
        text.push('\n');
        text
    }

    /// The seed, for whoever keeps the key.
    pub fn seed(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(self.signing.to_bytes())
    }

    /// What identifies the key on paper and on the screen.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.public())
    }

    /// The public key.
    pub fn public(&self) -> [u8; 32] {
        self.signing.verifying_key().to_bytes()
    }

    /// It is the key of [`Key::simulation`], however it was come by.
    pub fn is_simulation(&self) -> bool {
        is_simulation(&self.public())
    }

    pub(crate) fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        self.signing.sign(bytes).to_bytes()
    }
}

/// Whether this is the public key of [`Key::simulation`].
pub(crate) fn is_simulation(public: &[u8; 32]) -> bool {
    *public == SIMULATION_PUBLIC
}

/// Whether the signature over `bytes` is this key's, by the strict rules of `verify_strict`: small-order keys and signatures with more
/// than one spelling are refused.
pub(crate) fn verifies(public: &[u8; 32], bytes: &[u8], signature: &[u8; 64]) -> bool {
    let signature = ed25519_dalek::Signature::from_bytes(signature);
    point(public).is_some_and(|key| key.verify_strict(bytes, &signature).is_ok())
}

/// The point of a public key. Of a chain all certificates have the same, and to compute it is a tenth of the work of a check.
fn point(public: &[u8; 32]) -> Option<VerifyingKey> {
    thread_local! {
        static LAST: Cell<Option<VerifyingKey>> = const { Cell::new(None) };
    }
    if let Some(last) = LAST.get().filter(|key| key.as_bytes() == public) {
        return Some(last);
    }
    let key = VerifyingKey::from_bytes(public).ok()?;
    LAST.set(Some(key));
    Some(key)
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({})", self.fingerprint())
    }
}

/// The first eight bytes of the SHA-256 of a public key, shown as `3f96 7ffc 4079 a0b8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub [u8; 8]);

impl Fingerprint {
    /// The fingerprint of a public key.
    pub fn of(public: &[u8; 32]) -> Self {
        let digest: [u8; 32] = Sha256::digest(public).into();
        Self(core::array::from_fn(|index| digest.get(index).copied().unwrap_or_default()))
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (pairs, _) = self.0.as_chunks::<2>();
        let groups: Vec<String> = pairs.iter().map(|pair| hex(pair)).collect();
        f.write_str(&groups.join(" "))
    }
}

/// Why a file is no key file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoKey {
    /// Not exactly one line that is no comment.
    Lines,
    /// The line is not 64 hexadecimal digits.
    Digits {
        /// How many characters it has.
        found: usize,
    },
    /// It is the key that everybody has.
    Simulation,
}

impl fmt::Display for NoKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lines => f.write_str("The key file does not hold exactly one key. Restore it from a copy, or remove it and a new key is made"),
            Self::Digits { found } => write!(
                f,
                "The key file's key has {found} characters and should be 64 lower-case hexadecimal digits. Restore it from a copy, or \
                 remove it and a new key is made"
            ),
            Self::Simulation => f.write_str(
                "The key file holds the key for simulated drives, which everybody has. Remove it and a new key is made",
            ),
        }
    }
}

impl core::error::Error for NoKey {}

#[cfg(test)]
mod tests {
    use super::*;

    /// The public key of design fixture "stick": SHA-256("stick") as the seed.
    #[test]
    fn the_fingerprint_is_that_of_another_implementation() {
        let seed: [u8; 32] = Sha256::digest(b"stick").into();
        let key = Key::from_seed(&seed);
        assert_eq!(hex(&key.public()), "d71292f3ab8ee8a8b53032b3b11a828c4be28533f3fd48fc2c72427db2ca745a");
        assert_eq!(key.fingerprint().to_string(), "3f96 7ffc 4079 a0b8");
    }

    #[test]
    fn the_public_key_of_the_simulation_is_that_of_its_seed() {
        assert_eq!(hex(&Key::simulation().public()), hex(&SIMULATION_PUBLIC));
        assert!(Key::simulation().is_simulation() && !Key::from_seed(&[7; 32]).is_simulation());
    }

    #[test]
    fn a_key_file_goes_there_and_back() {
        let key = Key::from_seed(&[7; 32]);
        let text = key.to_file_text("a stick\nof ours");
        assert!(text.contains(&key.fingerprint().to_string()) && text.starts_with("# "));
        assert_eq!(Key::parse(&text).unwrap().public(), key.public());
        assert_eq!(Key::parse(&text.replace('\n', "\r\n")).unwrap().public(), key.public());
    }

    #[test]
    fn what_is_no_key_file_is_refused_with_a_reason() {
        let seed = "07".repeat(32);
        assert_eq!(Key::parse("# only words\n\n").unwrap_err(), NoKey::Lines);
        assert_eq!(Key::parse(&format!("{seed}\n{seed}")).unwrap_err(), NoKey::Lines);
        assert_eq!(Key::parse(&seed[1..]).unwrap_err(), NoKey::Digits { found: 63 });
        assert_eq!(Key::parse(&seed.replace('7', "G")).unwrap_err(), NoKey::Digits { found: 64 });
        assert_eq!(Key::parse(&hex(&SIMULATION_SEED)).unwrap_err(), NoKey::Simulation);
    }

    #[test]
    fn a_key_does_not_show_its_seed() {
        assert!(!format!("{:?}", Key::from_seed(&[7; 32])).contains("0707"));
    }
}
