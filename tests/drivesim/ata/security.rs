//! The Security feature set (ACS-4 4.18): passwords, lock, freeze. No I/O: the erase itself is [`super::erase_unit`].

use super::taskfile::{Failure, Output, Reply};
use crate::bytes::le16;

/// A password (ACS-4 table 130).
type Password = [u8; 32];

/// Wrong passwords until UNLOCK and ERASE UNIT are refused (PASSWORD ATTEMPTS EXCEEDED).
const ATTEMPTS: u8 = 5;
/// What the factory sets: this master password, known to nobody else, with identifier `FFFEh` (ACS-4 7.12.7.53).
const FACTORY_MASTER: &Password = b"drivesim: the factory's password";
/// The password of a drive that came locked.
const STRANGERS: &Password = b"drivesim: what the owner forgot.";

/// Passwords and state. SEC1 is neither locked nor frozen without a user password, SEC2 the same frozen; SEC4 is locked, SEC5 unlocked, SEC6
/// unlocked and frozen.
#[derive(Clone, Debug)]
pub(super) struct Security {
    user: Option<Password>,
    master: Password,
    master_identifier: u16,
    is_maximum: bool,
    is_locked: bool,
    is_frozen: bool,
    is_prepared: bool,
    attempts: u8,
}

/// The 512 bytes that a command of the feature set brings: word 0 is control, words 1 to 16 the password, word 17 the master's identifier.
struct Parameters {
    is_master: bool,
    has_bit_1: bool,
    is_maximum: bool,
    password: Password,
    identifier: u16,
}

impl Parameters {
    fn new(data: &[u8]) -> Result<Self, Failure> {
        let control = le16(data, 0);
        let password = data.get(2..34).and_then(|bytes| bytes.try_into().ok()).ok_or(Failure::ABORTED)?;
        Ok(Self {
            is_master: control & 1 != 0,
            has_bit_1: control & 1 << 1 != 0,
            is_maximum: control & 1 << 8 != 0,
            password,
            identifier: le16(data, 34),
        })
    }
}

impl Security {
    /// As it leaves the factory; or with the password of an owner who forgot it.
    pub(super) fn new(is_strangers: bool) -> Self {
        Self {
            user: is_strangers.then_some(*STRANGERS),
            master: *FACTORY_MASTER,
            master_identifier: 0xfffe,
            is_maximum: false,
            is_locked: is_strangers,
            is_frozen: false,
            is_prepared: false,
            attempts: ATTEMPTS,
        }
    }

    /// Power comes: with a user password the drive is locked. The machine's firmware freezes it before anything else runs, or does not.
    pub(super) fn power_on(&mut self, freezes: bool) {
        self.is_locked = self.user.is_some();
        self.is_frozen = freezes && !self.is_locked;
        self.is_prepared = false;
        self.attempts = ATTEMPTS;
    }

    /// COMRESET. Software settings are preserved (ACS-4 4.23): lock and freeze stay, the attempts begin again.
    pub(super) fn hard_reset(&mut self) {
        self.is_prepared = false;
        self.attempts = ATTEMPTS;
    }

    /// SEC4.
    pub(super) fn is_locked(&self) -> bool {
        self.is_locked
    }

    /// A user password is set.
    pub(super) fn is_enabled(&self) -> bool {
        self.user.is_some()
    }

    /// Word 92.
    pub(super) fn master_identifier(&self) -> u16 {
        self.master_identifier
    }

    /// Word 128 of a drive that has the feature set.
    pub(super) fn word_128(&self, has_enhanced: bool) -> u16 {
        let bits = [
            (0, true),
            (1, self.is_enabled()),
            (2, self.is_locked),
            (3, self.is_frozen),
            (4, self.attempts == 0),
            (5, has_enhanced),
            (8, self.is_enabled() && self.is_maximum),
        ];
        bits.into_iter().fold(0, |word, (bit, is_set)| word | u16::from(is_set) << bit)
    }

    /// A command came: only ERASE UNIT itself may follow ERASE PREPARE. Says whether it was prepared.
    pub(super) fn take_prepared(&mut self) -> bool {
        std::mem::take(&mut self.is_prepared)
    }

    fn matches(&self, given: &Parameters) -> bool {
        if given.is_master { given.password == self.master } else { self.user == Some(given.password) }
    }

    fn refuse_if(&self, refused: bool) -> Result<(), Failure> {
        if refused || self.is_frozen { Err(Failure::ABORTED) } else { Ok(()) }
    }

    /// SECURITY SET PASSWORD.
    pub(super) fn set_password(&mut self, data: &[u8]) -> Reply {
        self.refuse_if(self.is_locked)?;
        let given = Parameters::new(data)?;
        if given.is_master {
            self.master = given.password;
            // 0000h and FFFFh leave the identifier as it is.
            if !matches!(given.identifier, 0 | 0xffff) {
                self.master_identifier = given.identifier;
            }
        } else {
            self.user = Some(given.password);
            self.is_maximum = given.is_maximum;
        }
        Ok(Output::none())
    }

    /// SECURITY UNLOCK.
    pub(super) fn unlock(&mut self, data: &[u8]) -> Reply {
        self.refuse_if(self.attempts == 0)?;
        let given = Parameters::new(data)?;
        if !self.is_locked {
            return if self.matches(&given) { Ok(Output::none()) } else { Err(Failure::ABORTED) };
        }
        if given.is_master && self.is_maximum {
            return Err(Failure::ABORTED);
        }
        if !self.matches(&given) {
            self.attempts -= 1;
            return Err(Failure::ABORTED);
        }
        self.is_locked = false;
        Ok(Output::none())
    }

    /// SECURITY FREEZE LOCK: until power-on.
    pub(super) fn freeze(&mut self) -> Reply {
        if self.is_locked {
            return Err(Failure::ABORTED);
        }
        self.is_frozen = true;
        Ok(Output::none())
    }

    /// SECURITY DISABLE PASSWORD.
    pub(super) fn disable(&mut self, data: &[u8]) -> Reply {
        self.refuse_if(self.is_locked)?;
        let given = Parameters::new(data)?;
        if given.is_master && self.is_maximum || !self.matches(&given) {
            return Err(Failure::ABORTED);
        }
        self.user = None;
        Ok(Output::none())
    }

    /// SECURITY ERASE PREPARE.
    pub(super) fn prepare(&mut self) -> Reply {
        self.refuse_if(false)?;
        self.is_prepared = true;
        Ok(Output::none())
    }

    /// Whether SECURITY ERASE UNIT may begin, and if it is the enhanced one.
    pub(super) fn may_erase(&self, was_prepared: bool, data: &[u8]) -> Result<bool, Failure> {
        self.refuse_if(!was_prepared || self.attempts == 0)?;
        let given = Parameters::new(data)?;
        if self.matches(&given) { Ok(given.has_bit_1) } else { Err(Failure::ABORTED) }
    }

    /// SECURITY ERASE UNIT has ended well: the user password is gone, the master's stays.
    pub(super) fn erased(&mut self) {
        self.user = None;
        self.is_locked = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Word 0 and a password that begins with `text`.
    fn parameters(control: u16, text: &str) -> Vec<u8> {
        let mut data = vec![0; 512];
        data[..2].copy_from_slice(&control.to_le_bytes());
        data[2..2 + text.len()].copy_from_slice(text.as_bytes());
        data
    }

    #[test]
    fn a_user_password_locks_from_the_next_power_on_on() {
        let mut security = Security::new(false);
        assert_eq!(security.word_128(true), 0x0021);
        security.set_password(&parameters(0, "secret")).unwrap();
        assert_eq!(security.word_128(true), 0x0023);
        security.power_on(true);
        assert_eq!(security.word_128(true), 0x0027, "a locked drive cannot be frozen");
        assert!(security.set_password(&parameters(0, "other")).is_err());
        assert!(security.disable(&parameters(0, "secret")).is_err());
        security.unlock(&parameters(0, "secret")).unwrap();
        security.disable(&parameters(0, "secret")).unwrap();
        assert_eq!(security.word_128(true), 0x0021);
    }

    #[test]
    fn five_wrong_passwords_and_the_count_has_expired() {
        let mut security = Security::new(true);
        for _ in 0..5 {
            assert_eq!(security.word_128(false), 0x0007);
            assert!(security.unlock(&parameters(0, "wrong")).is_err());
        }
        assert_eq!(security.word_128(false), 0x0017);
        assert!(security.may_erase(true, &parameters(1, "wrong")).is_err());
        security.hard_reset();
        assert_eq!(security.word_128(false), 0x0007);
    }

    #[test]
    fn the_master_unlocks_at_level_high_only() {
        for (level, word) in [(0x0000, 0x0023), (0x0100, 0x0123)] {
            let mut security = Security::new(false);
            let mut master = parameters(1, "master");
            master[34..36].copy_from_slice(&[0x34, 0x12]);
            security.set_password(&master).unwrap();
            security.set_password(&parameters(level, "user")).unwrap();
            assert_eq!((security.word_128(true), security.master_identifier()), (word, 0x1234));
            security.power_on(false);
            assert_eq!(security.unlock(&parameters(1, "master")).is_ok(), level == 0);
            assert!(security.may_erase(true, &parameters(1, "master")).is_ok(), "to erase it is enough at both levels");
        }
    }

    #[test]
    fn frozen_refuses_all_that_changes_something() {
        let mut security = Security::new(false);
        security.freeze().unwrap();
        assert_eq!(security.word_128(true), 0x0029);
        assert!(security.set_password(&parameters(0, "secret")).is_err());
        assert!(security.prepare().is_err());
        security.hard_reset();
        assert!(security.prepare().is_err(), "frozen over a COMRESET");
        security.power_on(false);
        assert!(security.prepare().is_ok());
    }

    #[test]
    fn an_erase_needs_the_preparation_and_the_password() {
        let mut security = Security::new(false);
        security.set_password(&parameters(0, "secret")).unwrap();
        assert!(security.may_erase(false, &parameters(0, "secret")).is_err());
        assert!(security.may_erase(true, &parameters(0, "wrong")).is_err());
        assert_eq!(security.may_erase(true, &parameters(0, "secret")), Ok(false));
        assert_eq!(security.may_erase(true, &parameters(2, "secret")), Ok(true));
        security.erased();
        assert_eq!(security.word_128(true), 0x0021);
    }
}
