use purgeproof_spec::ata::{sanitize, security};

use super::*;

/// ATA return descriptor behind a key: EXTEND, COUNT and LBA 0, DEVICE 40h.
fn sense(key: u8, asc: u8, ascq: u8, error: u8, status: u8) -> Vec<u8> {
    let mut sense = b"\x72.\0\0\0\0\0\x0E\x09\x0C\x01.\0\0\0\0\0\0\0\0\x40.".to_vec();
    (sense[1], sense[2], sense[3], sense[11], sense[21]) = (key, asc, ascq, error, status);
    sense
}

fn check(sense: Vec<u8>) -> ScsiAnswer {
    ScsiAnswer { status: 0x02, driver: 0x08, sense, ..ScsiAnswer::default() }
}

fn reply(answer: &ScsiAnswer) -> Reply {
    Reply::new(&sanitize::STATUS, answer)
}

#[test]
fn done_is_said_by_registers_alone() {
    assert!(matches!(reply(&check(sense(1, 0, 0x1D, 0, 0x50))), Reply::Done(_)));
    assert!(matches!(reply(&check(sense(0, 0, 0x1D, 0, 0x50))), Reply::Done(_)));
    // GOOD without registers although they were asked for; CHECK CONDITION without sense; zeros for registers.
    assert_eq!(reply(&ScsiAnswer::default()), Reply::Silent(NoRegisters::Missing));
    assert_eq!(reply(&check(Vec::new())), Reply::Silent(NoRegisters::Missing));
    assert!(matches!(reply(&check(sense(1, 0, 0x1D, 0, 0x00))), Reply::Silent(NoRegisters::Implausible(_))));
}

#[test]
fn an_error_is_the_drives_own() {
    assert!(matches!(reply(&check(sense(0x0B, 0, 0, 0x04, 0x51))), Reply::Error(_)));
    // IDNF as libata has it: ILLEGAL REQUEST, 21h/00h.
    assert!(matches!(reply(&check(sense(5, 0x21, 0, 0x10, 0x51))), Reply::Error(_)));
    assert!(matches!(reply(&check(b"\x72\x05\x20\0\0\0\0\0".to_vec())), Reply::NotCarried(_)));
}

#[test]
fn a_command_that_the_host_gave_up_is_not_done() {
    // ABORTED COMMAND, with the good registers of the command before.
    let given_up = reply(&check(sense(0x0B, 0, 0, 0x00, 0x50)));
    assert!(matches!(given_up, Reply::GivenUp(_)) && !given_up.is_signature_of_a_reset());
    let reset = reply(&check(sense(0x0B, 0, 0, 0x01, 0x50)));
    assert!(matches!(reset, Reply::GivenUp(_)) && reset.is_signature_of_a_reset());
    let attention = reply(&check(b"\x70\0\x06\0\0\0\0\x0A\0\0\0\0\x29\0\0\0\0\0".to_vec()));
    assert!(matches!(attention, Reply::Attention(_)) && attention.is_signature_of_a_reset());
    // DID_TIME_OUT with status GOOD, DID_NO_CONNECT, BUSY.
    assert!(matches!(reply(&ScsiAnswer { host: 3, ..ScsiAnswer::default() }), Reply::Lost(_)));
    assert_eq!(reply(&ScsiAnswer { host: 1, ..ScsiAnswer::default() }), Reply::Gone);
    assert!(matches!(reply(&ScsiAnswer { status: 8, ..ScsiAnswer::default() }), Reply::Lost(_)));
}

#[test]
fn data_have_to_come_whole() {
    let identify = |residual| Reply::new(&IDENTIFY_DEVICE, &ScsiAnswer { residual, ..ScsiAnswer::default() });
    assert_eq!([identify(0), identify(-4)], [Reply::Transferred, Reply::Transferred]);
    assert_eq!([identify(1), identify(512)], [Reply::Short(511), Reply::Short(0)]);
    let (unlock, _) = security::unlock(security::Identifier::User, &[0; 32]);
    assert_eq!(Reply::new(&unlock, &ScsiAnswer { residual: 512, ..ScsiAnswer::default() }), Reply::Short(0));
}

/// Answers in turn.
struct Answers(Vec<ScsiAnswer>, Vec<u8>);

impl ScsiChannel for Answers {
    fn execute(&mut self, _: &[u8], data: Data<'_>, _: u32) -> Result<ScsiAnswer, ChannelError> {
        if let Data::In(into) = data {
            into.copy_from_slice(&self.1);
        }
        Ok(self.0.remove(0))
    }
}

struct Notes(Vec<Exchange>);

impl Transcript for Notes {
    fn note(&mut self, exchange: Exchange) {
        self.0.push(exchange);
    }
}

#[test]
fn a_question_is_repeated_after_a_reset_and_a_change_is_not() {
    let attention = check(b"\x72\x06\x29\0\0\0\0\0".to_vec());
    let good = check(b"\x72\x01\0\x1D\0\0\0\x0E\x09\x0C\0\0\0\xFF\0\0\0\0\0\0\x40\x50".to_vec());
    let mut notes = Notes(Vec::new());
    let mut link = Link::new(Answers(vec![attention.clone(), good], Vec::new()), None);
    assert_eq!(link.round_trip(&mut notes), Ok(()));
    assert_eq!(notes.0.len(), 2);
    let mut notes = Notes(Vec::new());
    let mut link = Link::new(Answers(vec![attention], Vec::new()), None);
    let erase = Command::new("SANITIZE DEVICE, BLOCK ERASE EXT", sanitize::BLOCK_ERASE);
    assert!(matches!(link.change(&erase, None, &mut notes), Reply::Attention(_)));
    let [before, after] = &notes.0[..] else { panic!("a change is noted before and after") };
    assert_eq!((&before.sent, &before.answer), (&after.sent, &None));
    assert_eq!(after.answer.as_ref().unwrap().raw.0, b"\x02\x72\x06\x29\0\0\0\0\0");
}

#[test]
fn what_no_drive_sent_identifies_nobody() {
    let mut notes = Notes(Vec::new());
    let mut identify = |bytes: [u8; 512], serial: Option<&str>| {
        let answers = Answers(vec![ScsiAnswer::default()], bytes.to_vec());
        Link::new(answers, serial.map(str::to_owned)).identify(&mut notes).err()
    };
    for byte in [0x00, 0xA5, 0xFF] {
        assert_eq!(identify([byte; 512], None), Some(Unidentified::NotADrives(identify::Integrity::Uniform(byte))));
    }
    // Word 0 0040h, word 10 "PP", word 255 signature; 40 + 50 + 50 + A5 = 185h, and 85h + 7Bh = 100h.
    let mut drive = [0; 512];
    (drive[0], drive[20], drive[21], drive[510], drive[511]) = (0x40, b'P', b'P', 0xA5, 0x7B);
    assert_eq!(identify(drive, Some("PP")), None);
    assert_eq!(identify(drive, Some("P1")), Some(Unidentified::OtherDrive { found: Some("PP".to_owned()) }));
    drive[511] = 0x7C;
    assert_eq!(identify(drive, None), Some(Unidentified::NotADrives(identify::Integrity::BadChecksum(0x01))));
    // Word 0 bit 15: a packet device.
    (drive[1], drive[511]) = (0x80, 0xFB);
    assert_eq!(identify(drive, None), Some(Unidentified::Incomplete));
}
