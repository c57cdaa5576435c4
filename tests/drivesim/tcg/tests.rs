use super::*;
use crate::drive::tests::Bench;

const PSID_TEXT: &str = "0123456789ABCDEF0123456789ABCDEF";

fn tper(lines: &str) -> Tper {
    let spec: Spec = toml::from_str(&format!("psid = \"{PSID_TEXT}\"\n{lines}")).unwrap();
    Tper::new(&spec)
}

/// The payload of an IF-SEND in its headers: lengths worked out here, not by the code under test.
fn packet(tper_session: u32, host_session: u32, payload: &[u8]) -> Vec<u8> {
    let padded = payload.len().div_ceil(4) * 4;
    let mut data = vec![0, 0, 0, 0, 0x07, 0xfe, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    data.extend(u32::try_from(36 + padded).unwrap().to_be_bytes());
    data.extend(tper_session.to_be_bytes());
    data.extend(host_session.to_be_bytes());
    data.extend([0; 12]);
    data.extend(u32::try_from(12 + padded).unwrap().to_be_bytes());
    data.extend([0; 8]);
    data.extend(u32::try_from(payload.len()).unwrap().to_be_bytes());
    data.extend(payload);
    data.resize(56 + padded, 0);
    data
}

fn exchange(tper: &mut Tper, drive: &mut Drive, sessions: (u32, u32), payload: &[u8]) -> Vec<u8> {
    tper.send(drive, 0x01, 0x07fe, &packet(sessions.0, sessions.1, payload)).unwrap();
    let answer = tper.receive(0x01, 0x07fe, 2048).unwrap();
    let length = usize::try_from(be32(&answer, 52)).unwrap();
    answer[56..56 + length].to_vec()
}

/// StartSession(105, admin SP, write, 0 = password, 3 = PSID).
fn start_session(password: &str) -> Vec<u8> {
    let mut payload = vec![0xf8, 0xa8, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xa8, 0, 0, 0, 0, 0, 0, 0xff, 0x02, 0xf0, 0x81, 0x69];
    payload.extend([0xa8, 0, 0, 2, 5, 0, 0, 0, 1, 0x01, 0xf2, 0x00, 0xd0, 0x20]);
    payload.extend(password.bytes());
    payload.extend([0xf3, 0xf2, 0x03, 0xa8, 0, 0, 0, 9, 0, 1, 0xff, 1, 0xf3, 0xf1, 0xf9, 0xf0, 0, 0, 0, 0xf1]);
    payload
}

const REVERT_CALL: [u8; 27] =
    [0xf8, 0xa8, 0, 0, 2, 5, 0, 0, 0, 1, 0xa8, 0, 0, 0, 6, 0, 0, 2, 2, 0xf0, 0xf1, 0xf9, 0xf0, 0, 0, 0, 0xf1];

#[test]
fn level_0_says_locked_and_encrypting() {
    let data = tper("locked = true").receive(0x01, 0x0001, 512).unwrap();
    // 48 + 16 + 16 + 20 + 16 bytes, and the length leaves itself out.
    assert_eq!(data[..8], [0, 0, 0, 112, 0, 0, 0, 1]);
    assert_eq!(data[48..53], [0x00, 0x01, 0x10, 12, 0x11]);
    assert_eq!(data[64..69], [0x00, 0x02, 0x10, 12, 0x0f]);
    assert_eq!(data[80..86], [0x02, 0x03, 0x10, 16, 0x07, 0xfe]);
    assert_eq!(tper("class = \"pyrite\"").receive(0x01, 0x0001, 512).unwrap()[68], 0x01);
}

#[test]
fn the_right_psid_reverts_and_erases() {
    let bench = Bench::new("nvme", "");
    let (mut drive, mut tper) = (bench.drive(), tper("locked = true"));
    assert!(tper.is_locked());
    let synced = exchange(&mut tper, &mut drive, (0, 0), &start_session(PSID_TEXT));
    let expected = [
        0xf8, 0xa8, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xa8, 0, 0, 0, 0, 0, 0, 0xff, 0x03, 0xf0, 0x81, 0x69, 0x82, 0x10, 0x01,
        0xf1, 0xf9,
    ];
    assert_eq!(synced[..27], expected);
    assert_eq!(exchange(&mut tper, &mut drive, (0x1001, 0x69), &REVERT_CALL), [0xf0, 0xf1, 0xf9, 0xf0, 0, 0, 0, 0xf1]);
    assert!(!tper.is_locked());
    assert_eq!(bench.oracle().customer_blocks, 0);
    // The session ended with the revert.
    assert_eq!(exchange(&mut tper, &mut drive, (0x1001, 0x69), &REVERT_CALL)[4], 0x01);
}

#[test]
fn a_wrong_psid_is_not_authorized_and_then_locked_out() {
    let bench = Bench::new("nvme", "");
    let (mut drive, mut tper) = (bench.drive(), tper("tries = 2"));
    let wrong = "F".repeat(32);
    let mut status = |password: &str| {
        let answer = exchange(&mut tper, &mut drive, (0, 0), &start_session(password));
        answer[answer.len() - 4]
    };
    assert_eq!([status(&wrong), status(&wrong), status(&wrong), status(PSID_TEXT)], [0x01, 0x01, 0x12, 0x12]);
    tper.power_on();
    let answer = exchange(&mut tper, &mut drive, (0, 0), &start_session(PSID_TEXT));
    assert_eq!(answer[answer.len() - 4], 0x00);
    assert!(bench.oracle().untouched);
}

#[test]
fn without_a_session_nothing_is_reverted() {
    let bench = Bench::new("nvme", "");
    let (mut drive, mut tper) = (bench.drive(), tper(""));
    assert_eq!(exchange(&mut tper, &mut drive, (0x1001, 0x69), &REVERT_CALL), [0xf0, 0xf1, 0xf9, 0xf0, 1, 0, 0, 0xf1]);
    assert!(bench.oracle().untouched);
}

#[test]
fn an_answer_is_fetched_once_and_other_protocols_are_refused() {
    let bench = Bench::new("nvme", "");
    let (mut drive, mut tper) = (bench.drive(), tper(""));
    assert_eq!(tper.receive(0x00, 0, 16).unwrap()[..11], [0, 0, 0, 0, 0, 0, 0, 3, 0, 1, 2]);
    let properties = [
        &[0xf8, 0xa8, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xa8, 0, 0, 0, 0, 0, 0, 0xff, 0x01][..],
        &[0xf0, 0xf1, 0xf9, 0xf0, 0, 0, 0, 0xf1],
    ];
    let answer = exchange(&mut tper, &mut drive, (0, 0), &properties.concat());
    assert_eq!(answer[19..39], b"\xf0\xf0\xf2\xd0\x10MaxComPacketSiz"[..20]);
    assert_eq!(
        tper.receive(0x01, 0x07fe, 20).unwrap(),
        packet(0, 0, &[])[..16].iter().copied().chain([0; 4]).collect::<Vec<_>>()
    );
    assert_eq!(tper.receive(0xef, 0, 16), Err(Refused));
    assert_eq!(tper.send(&mut drive, 0x01, 0x07fe, &[1, 2, 3]), Err(Refused));
}
