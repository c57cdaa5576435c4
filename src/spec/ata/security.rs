//! The Security feature set (ACS-4): passwords, and the erase that needs one.
//!
//! An erase is `SECURITY SET PASSWORD` (a *user* password: that enables security), [`ERASE_PREPARE`], and right after it
//! [`erase_unit`], which ends only when the drive is erased and its password is gone. If it ends otherwise, the drive keeps the
//! password.

use super::feature::EraseTime;
use super::{Protocol, Taskfile};

/// A password: 32 bytes, all of them significant.
pub type Password = [u8; 32];

/// The 512 bytes that go along with a command.
pub type Block = [u8; 512];

/// The password of a text, with zeros after it; `None` if it is longer than 32 bytes.
pub fn password(text: &[u8]) -> Option<Password> {
    let mut password = [0; 32];
    password.get_mut(..text.len())?.copy_from_slice(text);
    Some(password)
}

/// Which of the drive's two passwords: IDENTIFIER, word 0 bit 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identifier {
    /// 0
    User,
    /// 1
    Master,
}

/// MASTER PASSWORD CAPABILITY, word 0 bit 8 beside a user password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// 0: the master password unlocks too.
    High,
    /// 1: the master password does nothing but erase.
    Maximum,
}

/// ERASE MODE, word 0 bit 1 of `SECURITY ERASE UNIT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EraseMode {
    /// 0: zeros (or ones) over what is addressable now. Not the areas that are hidden, nor sectors that were reallocated.
    Normal,
    /// 1: patterns of the vendor's, over all that ever held user data.
    Enhanced,
}

/// Which password `SECURITY SET PASSWORD` sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewPassword {
    /// Enables security: from the next power cycle on the drive is locked.
    User(Level),
    /// Changes the master password and enables nothing; word 17 holds its new identifier.
    Master {
        /// Word 92 of IDENTIFY DEVICE afterwards. 0000h and `FFFFh` leave it as it is.
        identifier: u16,
    },
}

/// `SECURITY ERASE PREPARE` (F3h, ACS-4): the command just before [`erase_unit`].
pub const ERASE_PREPARE: Taskfile = Taskfile::short(0xF3);

/// `SECURITY FREEZE LOCK` (F5h, ACS-4): no other command of this feature set until the next power cycle.
pub const FREEZE_LOCK: Taskfile = Taskfile::short(0xF5);

/// `SECURITY SET PASSWORD` (F1h, ACS-4).
pub fn set_password(new: NewPassword, password: &Password) -> (Taskfile, Block) {
    let (word_0, word_17) = match new {
        NewPassword::User(Level::High) => ([0x00, 0x00], 0),
        NewPassword::User(Level::Maximum) => ([0x00, 0x01], 0),
        NewPassword::Master { identifier } => ([0x01, 0x00], identifier),
    };
    (with_block(0xF1), block(word_0, password, word_17))
}

/// `SECURITY UNLOCK` (F2h, ACS-4). Five wrong passwords, and the drive takes none until the next power cycle.
pub fn unlock(identifier: Identifier, password: &Password) -> (Taskfile, Block) {
    (with_block(0xF2), block([identifier as u8, 0], password, 0))
}

/// `SECURITY ERASE UNIT` (F4h, ACS-4). It ends when the erase does: [`timeout_ms`].
pub fn erase_unit(mode: EraseMode, identifier: Identifier, password: &Password) -> (Taskfile, Block) {
    let word_0 = match mode {
        EraseMode::Normal => identifier as u8,
        EraseMode::Enhanced => identifier as u8 | 1 << 1,
    };
    (with_block(0xF4), block([word_0, 0], password, 0))
}

/// `SECURITY DISABLE PASSWORD` (F6h, ACS-4).
pub fn disable_password(identifier: Identifier, password: &Password) -> (Taskfile, Block) {
    (with_block(0xF6), block([identifier as u8, 0], password, 0))
}

const fn with_block(command: u8) -> Taskfile {
    Taskfile::short(command).one_block(Protocol::PioOut)
}

/// Word 0, the password in words 1 to 16, the identifier of a new master password in word 17.
fn block(word_0: [u8; 2], password: &Password, word_17: u16) -> Block {
    let mut block = [0; 512];
    let fields = word_0.iter().chain(password).copied().chain(word_17.to_le_bytes());
    for (byte, value) in block.iter_mut().zip(fields) {
        *byte = value;
    }
    block
}

const MS_A_MINUTE: u64 = 60_000;

/// How long to wait for [`erase_unit`], in milliseconds. A host that gives up earlier resets the drive in the middle of the erase.
///
/// That is the drive's own time and an hour (hdparm's rule), or half an hour and what its capacity takes at 30 MB/s, whichever is
/// longer, and half as much again for drives that are late. A drive that gives no time gets twelve hours.
pub fn timeout_ms(time: EraseTime, capacity_bytes: u64) -> u64 {
    let minutes = match time {
        EraseTime::NotReported => 12 * 60,
        EraseTime::Minutes(minutes) => u64::from(minutes) + 60,
        EraseTime::MoreThan(minutes) => u64::from(minutes) + 90,
    };
    let by_capacity = capacity_bytes.div_ceil(30_000) + 30 * MS_A_MINUTE;
    let longest = by_capacity.max(minutes * MS_A_MINUTE);
    longest + longest / 2
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn secret() -> Password {
        password(b"PurgeProof").unwrap()
    }

    #[test]
    fn a_password_is_padded_with_zeros() {
        assert_eq!(&secret()[..12], b"PurgeProof\0\0");
        assert_eq!(password(&[0x41; 32]), Some([0x41; 32]));
        assert_eq!(password(&[0x41; 33]), None);
    }

    #[test]
    fn a_user_password_has_a_level_and_a_master_password_an_identifier() {
        let (taskfile, block) = set_password(NewPassword::User(Level::High), &secret());
        assert_eq!((taskfile.command, taskfile.extended, taskfile.transfer_len()), (0xF1, false, 512));
        assert_eq!(taskfile.protocol, Protocol::PioOut);
        assert_eq!(&block[..12], b"\0\0PurgeProof");
        assert!(block[12..].iter().all(|byte| *byte == 0));
        assert_eq!(set_password(NewPassword::User(Level::Maximum), &secret()).1[..4], *b"\0\x01Pu");
        let (_, block) = set_password(NewPassword::Master { identifier: 0x1234 }, &[0x41; 32]);
        assert_eq!((&block[..3], &block[33..37]), (&[0x01, 0x00, 0x41][..], &[0x41, 0x34, 0x12, 0x00][..]));
    }

    #[test]
    fn erase_unit_has_the_mode_beside_the_identifier() {
        let word_0 = |mode, identifier| {
            let (taskfile, block) = erase_unit(mode, identifier, &secret());
            assert_eq!((taskfile.command, taskfile.transfer_len()), (0xF4, 512));
            assert_eq!(&block[2..12], b"PurgeProof");
            [block[0], block[1]]
        };
        assert_eq!(word_0(EraseMode::Normal, Identifier::User), [0x00, 0x00]);
        assert_eq!(word_0(EraseMode::Normal, Identifier::Master), [0x01, 0x00]);
        assert_eq!(word_0(EraseMode::Enhanced, Identifier::User), [0x02, 0x00]);
        assert_eq!(word_0(EraseMode::Enhanced, Identifier::Master), [0x03, 0x00]);
    }

    #[test]
    fn the_other_commands() {
        let (taskfile, block) = unlock(Identifier::Master, &secret());
        assert_eq!((taskfile.command, &block[..3]), (0xF2, &b"\x01\0P"[..]));
        let (taskfile, block) = disable_password(Identifier::User, &secret());
        assert_eq!((taskfile.command, &block[..3]), (0xF6, &b"\0\0P"[..]));
        assert_eq!((ERASE_PREPARE.command, ERASE_PREPARE.transfer_len()), (0xF3, 0));
        assert_eq!((FREEZE_LOCK.command, FREEZE_LOCK.transfer_len()), (0xF5, 0));
    }

    #[test]
    fn a_drive_has_more_time_than_it_asks_for() {
        // (2 + 60) min * 1.5 = 93 min.
        assert_eq!(timeout_ms(EraseTime::Minutes(2), 0), 5_580_000);
        // 1 TB at 30 MB/s: 33_333_334 ms; + 1_800_000; * 1.5.
        assert_eq!(timeout_ms(EraseTime::Minutes(2), 1_000_000_000_000), 52_700_001);
        // (508 + 90) min * 1.5 = 897 min; (65532 + 90) * 1.5 = 98433 min.
        assert_eq!(timeout_ms(EraseTime::MoreThan(508), 0), 53_820_000);
        assert_eq!(timeout_ms(EraseTime::MoreThan(65532), 0), 5_905_980_000);
        // 12 h * 1.5 = 18 h.
        assert_eq!(timeout_ms(EraseTime::NotReported, 0), 64_800_000);
    }

    proptest! {
        #[test]
        fn the_time_is_never_less_than_the_drive_asked_for(word: u16, capacity: u64) {
            let time = EraseTime::from_word(word);
            let asked = match time {
                EraseTime::NotReported => 0,
                EraseTime::Minutes(minutes) | EraseTime::MoreThan(minutes) => u64::from(minutes) * 60_000,
            };
            prop_assert!(timeout_ms(time, capacity) >= asked + 30 * 60_000);
        }
    }
}
