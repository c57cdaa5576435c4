//! The driver against a script: these bytes have to come, those are answered.

use purgeproof_core::firmware::Exchange;

use super::*;
use crate::channel::{ChannelError, Data, ScsiAnswer};

/// A CDB, how the data that go out begin, and what is answered: sense data, or data in.
type Step = (&'static [u8; 16], &'static [u8], Vec<u8>);

struct Script(std::vec::IntoIter<Step>);

impl ScsiChannel for Script {
    fn execute(&mut self, cdb: &[u8], data: Data<'_>, _: u32) -> Result<ScsiAnswer, ChannelError> {
        let (expected, out, answer) = self.0.next().unwrap();
        assert_eq!(cdb, expected, "{cdb:02X?}");
        match data {
            Data::In(into) => into.copy_from_slice(&answer),
            Data::Out(sent) => assert_eq!((sent.len(), &sent[..out.len()]), (512, out)),
            Data::None => return Ok(ScsiAnswer { status: 0x02, driver: 0x08, sense: answer, ..ScsiAnswer::default() }),
        }
        Ok(ScsiAnswer::default())
    }
}

struct Unheard;

impl Transcript for Unheard {
    fn note(&mut self, _: Exchange) {}
}

const CHECK_POWER_MODE: &[u8; 16] = b"\x85\x06\x20\0\0\0\0\0\0\0\0\0\0\x40\xE5\0";
const IDENTIFY: &[u8; 16] = b"\x85\x08\x0E\0\0\0\x01\0\0\0\0\0\0\x40\xEC\0";
const SANITIZE_STATUS: &[u8; 16] = b"\x85\x07\x20\0\0\0\0\0\0\0\0\0\0\x40\xB4\0";
const BLOCK_ERASE: &[u8; 16] = b"\x85\x07\x20\0\x12\0\0\x42\x72\0\x45\0\x6B\x40\xB4\0";
const SET_PASSWORD: &[u8; 16] = b"\x85\x0A\x06\0\0\0\x01\0\0\0\0\0\0\x40\xF1\0";
const UNLOCK: &[u8; 16] = b"\x85\x0A\x06\0\0\0\x01\0\0\0\0\0\0\x40\xF2\0";
const ERASE_PREPARE: &[u8; 16] = b"\x85\x06\x20\0\0\0\0\0\0\0\0\0\0\x40\xF3\0";
const ERASE_UNIT: &[u8; 16] = b"\x85\x0A\x06\0\0\0\x01\0\0\0\0\0\0\x40\xF4\0";
const DISABLE_PASSWORD: &[u8; 16] = b"\x85\x0A\x06\0\0\0\x01\0\0\0\0\0\0\x40\xF6\0";

/// STATUS 50h with this COUNT and this LBA(15:0), in a descriptor of all registers.
fn good(count: [u8; 2], lba: [u8; 2]) -> Vec<u8> {
    let [c15, c7] = count;
    let [l15, l7] = lba;
    [b"\x72\x01\0\x1D\0\0\0\x0E\x09\x0C\x01\0".as_slice(), &[c15, c7, 0, l7, 0, l15, 0, 0, 0x40, 0x50]].concat()
}

/// IDENTIFY DEVICE of a drive with BLOCK ERASE EXT (word 59: 9000h), without a checksum; word 128 is the argument.
fn identified(security: u8) -> Vec<u8> {
    let mut words = vec![0; 512];
    (words[0], words[119], words[256]) = (0x40, 0x90, security);
    words
}

fn firmware(steps: Vec<Step>) -> AtaFirmware<Script> {
    AtaFirmware::new(Script(steps.into_iter()), Attachment::Host, None, None)
}

#[test]
fn a_block_erase_from_the_command_to_the_end() {
    let mut firmware = firmware(vec![
        (CHECK_POWER_MODE, b"", good([0, 0xFF], [0, 0])),
        (IDENTIFY, b"", identified(0)),
        (BLOCK_ERASE, b"", good([0x40, 0], [0, 0])),
        (SANITIZE_STATUS, b"", good([0x40, 0], [0x80, 0x00])),
        (SANITIZE_STATUS, b"", good([0x40, 0], [0xFF, 0xFF])),
        (SANITIZE_STATUS, b"", good([0x00, 0], [0xFF, 0xFF])),
        (SANITIZE_STATUS, b"", good([0x00, 0], [0x00, 0x00])),
        (SANITIZE_STATUS, b"", good([0x80, 0], [0xFF, 0xFF])),
    ]);
    let begun = firmware.begin(Technique::SanitizeBlockErase, &mut Unheard);
    assert_eq!(begun, Begun::Accepted { estimate_s: None });
    let mut next = || firmware.standing(&mut Unheard);
    assert_eq!(next(), Standing::InProgress { progress: Some(0x8000) });
    assert_eq!(next(), Standing::InProgress { progress: None }, "FFFFh is no progress");
    assert_eq!(next(), Standing::Never, "idle, with FFFFh: not done");
    assert!(matches!(next(), Standing::Unknown { .. }), "zeros");
    assert_eq!(next(), Standing::Completed);
}

#[test]
fn an_erase_by_password_from_the_password_to_the_end() {
    let mut firmware = firmware(vec![
        (CHECK_POWER_MODE, b"", good([0, 0xFF], [0, 0])),
        (IDENTIFY, b"", identified(0x21)),
        (IDENTIFY, b"", identified(0x21)),
        (SET_PASSWORD, b"\0\0PurgeProof\0", Vec::new()),
        (IDENTIFY, b"", identified(0x23)),
        (ERASE_PREPARE, b"", good([0, 0], [0, 0])),
        (ERASE_UNIT, b"\x02\0PurgeProof\0", Vec::new()),
        (IDENTIFY, b"", identified(0x21)),
    ]);
    assert_eq!(firmware.begin(Technique::SecurityEraseEnhanced, &mut Unheard), Begun::Completed);
    assert!(firmware.link.channel.0.next().is_none());
}

#[test]
fn a_drive_that_keeps_the_password_is_freed_of_it_and_has_failed() {
    let mut firmware = firmware(vec![
        (CHECK_POWER_MODE, b"", good([0, 0xFF], [0, 0])),
        (IDENTIFY, b"", identified(0x01)),
        (IDENTIFY, b"", identified(0x01)),
        (SET_PASSWORD, b"\0\0PurgeProof\0", Vec::new()),
        (IDENTIFY, b"", identified(0x03)),
        (ERASE_PREPARE, b"", good([0, 0], [0, 0])),
        (ERASE_UNIT, b"\0\0PurgeProof\0", Vec::new()),
        // Enabled and locked, as after a reset by the host adapter that nobody told us of.
        (IDENTIFY, b"", identified(0x07)),
        (IDENTIFY, b"", identified(0x07)),
        (UNLOCK, b"\0\0PurgeProof\0", Vec::new()),
        (DISABLE_PASSWORD, b"\0\0PurgeProof\0", Vec::new()),
        (IDENTIFY, b"", identified(0x01)),
    ]);
    let begun = firmware.begin(Technique::SecurityEraseNormal, &mut Unheard);
    assert!(matches!(begun, Begun::Failed { why } if why.ends_with("It is left without a password.")));
    assert!(firmware.link.channel.0.next().is_none());
}

#[test]
fn a_password_that_was_tried_too_often_is_not_tried() {
    // Supported, enabled, locked, count expired.
    let mut firmware = firmware(vec![
        (IDENTIFY, b"", identified(0x17)),
        (IDENTIFY, b"", identified(0x17)),
        (CHECK_POWER_MODE, b"", good([0, 0xFF], [0, 0])),
        (SANITIZE_STATUS, b"", good([0, 0], [0xFF, 0xFF])),
    ]);
    assert_eq!(firmware.prepare(&mut Unheard).obstacle, Some(Obstacle::Locked));
    assert!(firmware.link.channel.0.next().is_none());
}
