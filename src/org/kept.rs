//! The signing key between two signatures: its seed in memory that neither swap nor dump nor debugger sees, and the key itself nowhere.

use purgeproof_certificate::{Delegation, Fingerprint, Key};
use purgeproof_sys::locked::{Errno, Locked};

/// A signing key that is put together for each use and cleared after it.
pub struct Kept {
    seed: Locked,
    fingerprint: Fingerprint,
    delegation: Option<Delegation>,
}

impl Kept {
    /// Takes a key in; nothing of it stays where it was.
    ///
    /// # Errors
    /// Those of [`Locked::new`].
    pub fn new(key: &Key) -> Result<Self, Errno> {
        let seed = key.seed();
        let locked = Locked::new(seed.len(), |bytes| bytes.copy_from_slice(seed.as_slice()))?;
        Ok(Self { seed: locked, fingerprint: key.fingerprint(), delegation: key.delegation().cloned() })
    }

    /// What the key is called.
    pub const fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// The organisation's word, if there is one.
    pub const fn delegation(&self) -> Option<&Delegation> {
        self.delegation.as_ref()
    }

    /// Gives the key to `with`.
    ///
    /// # Errors
    /// Those of [`Locked::open`].
    pub fn open<R>(&mut self, with: impl FnOnce(&Key) -> R) -> Result<R, Errno> {
        let delegation = self.delegation.clone();
        self.seed.open(|bytes| {
            let mut key = bytes.as_array().map(Key::from_seed).ok_or(Errno::EINVAL)?;
            if let Some(delegation) = delegation {
                // It fitted when it was taken in.
                let _ = key.carry(delegation);
            }
            Ok(with(&key))
        })?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_kept_is_the_same_key_each_time() {
        let key = Key::from_seed(&[7; 32]);
        let mut kept = Kept::new(&key).unwrap();
        assert_eq!(kept.fingerprint(), key.fingerprint());
        for _ in 0..2 {
            assert_eq!(kept.open(Key::public).unwrap(), key.public());
        }
    }
}
