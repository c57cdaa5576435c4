//! A scripted bus plays the trusted peripheral: what is sent is compared byte by byte, and the answers are literal bytes.

use std::collections::VecDeque;

use purgeproof_core::firmware::Begun;

use super::*;
use crate::vault::Strongroom;
use crate::vault::tests::typed;

const PSID: &str = "VUTSRQPONMLKJIHGFEDCBA9876543210";

/// One IF-SEND or IF-RECV with its answer.
enum Step {
    /// What follows the 56 bytes of headers must begin so; `true` where it changes the drive.
    Send(&'static [u8], bool, Result<(), Trouble>),
    Receive(u16, Result<Vec<u8>, Trouble>),
}

struct Script(VecDeque<Step>);

impl Script {
    fn new(steps: Vec<Step>) -> Self {
        Self(steps.into())
    }
}

impl SecurityProtocol for Script {
    fn send(&mut self, message: &Message<'_>) -> Result<(), Trouble> {
        let Some(Step::Send(expected, is_destructive, answer)) = self.0.pop_front() else {
            panic!("{} was not expected", message.name);
        };
        assert_eq!(message.to, Address { protocol: 0x01, specific: 0x07FE });
        assert_eq!(&message.bytes[56..56 + expected.len()], expected, "{}", message.name);
        assert_eq!(message.bytes.len(), 512);
        assert_eq!(message.is_destructive, is_destructive, "{}", message.name);
        let has_password = message.bytes.windows(32).any(|window| window == PSID.as_bytes());
        assert_eq!(message.is_secret, has_password, "{}", message.name);
        answer
    }

    fn receive(&mut self, from: Address, into: &mut [u8]) -> Result<usize, Trouble> {
        let Some(Step::Receive(specific, answer)) = self.0.pop_front() else { panic!("no answer is left") };
        assert_eq!(from, Address { protocol: 0x01, specific });
        let answer = answer?;
        into.fill(0);
        into[..answer.len()].copy_from_slice(&answer);
        Ok(into.len())
    }
}

/// Level 0 discovery with a Locking feature of these bits and a class with `ComID` 07FEh; 36 more bytes follow where data are removed.
fn level_0(locking: u8, class: [u8; 2], removal: Option<u8>) -> Vec<u8> {
    let mut bytes = vec![0; 48];
    bytes[7] = 1;
    bytes.extend([0x00, 0x02, 0x10, 0x0C, locking, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend([class[0], class[1], 0x10, 0x10, 0x07, 0xFE, 0, 1, 0, 0, 4, 0, 9, 0, 0, 0, 0, 0, 0, 0]);
    if let Some(processing) = removal {
        bytes.extend([0x04, 0x04, 0x10, 0x04, 0x00, processing, 0x04, 0x00]);
    }
    bytes[3] = u8::try_from(bytes.len() - 4).unwrap();
    bytes
}

fn discovered(locking: u8) -> Step {
    Step::Receive(0x0001, Ok(level_0(locking, [0x02, 0x03], None)))
}

/// An answer on the `ComID`: only the header fields that are looked at are filled.
fn answered(stream: &[u8]) -> Step {
    let mut bytes = vec![0; 56];
    bytes[19] = 1;
    bytes[55] = u8::try_from(stream.len()).unwrap();
    bytes.extend(stream);
    Step::Receive(0x07FE, Ok(bytes))
}

const PROPERTIES: &[u8] =
    &[0xF8, 0xA8, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xA8, 0, 0, 0, 0, 0, 0, 0xFF, 0x01, 0xF0, 0xF1, 0xF9];
const START_SESSION: &[u8] =
    &[0xF8, 0xA8, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xA8, 0, 0, 0, 0, 0, 0, 0xFF, 0x02, 0xF0, 0x81, 0x41, 0xA8, 0, 0, 2, 5];
const REVERT: &[u8] = &[0xF8, 0xA8, 0, 0, 2, 5, 0, 0, 0, 1, 0xA8, 0, 0, 0, 6, 0, 0, 2, 2, 0xF0, 0xF1, 0xF9];
const END_SESSION: &[u8] = &[0xFA, 0, 0, 0];
const SUCCESS: &[u8] = &[0xF0, 0xF1, 0xF9, 0xF0, 0, 0, 0, 0xF1];

/// `SyncSession[41h, 1001h]` with a status.
fn sync_session(status: u8) -> Step {
    let mut stream = vec![0xF8, 0xA8, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xA8, 0, 0, 0, 0, 0, 0, 0xFF, 0x03, 0xF0, 0x81, 0x41];
    stream.extend([0x82, 0x10, 0x01, 0xF1, 0xF9, 0xF0, status, 0, 0, 0xF1]);
    answered(&stream)
}

/// Up to the session that the drive opens.
fn opening() -> Vec<Step> {
    vec![
        discovered(0x0F),
        Step::Send(PROPERTIES, false, Ok(())),
        answered(SUCCESS),
        Step::Send(START_SESSION, false, Ok(())),
        sync_session(0x00),
    ]
}

/// As the operator types it.
pub(crate) fn psid(text: &str) -> Option<Psid> {
    Psid::new(typed(&Strongroom::default(), text))
}

fn reverting(steps: Vec<Step>) -> Begun {
    let mut script = Script::new(steps);
    let begun = revert(&mut script, &psid(PSID).unwrap());
    assert!(script.0.is_empty(), "{} steps were not taken", script.0.len());
    begun
}

fn with(mut steps: Vec<Step>, more: Vec<Step>) -> Vec<Step> {
    steps.extend(more);
    steps
}

#[test]
fn a_revert_is_properties_session_revert_and_a_look() {
    // The answer to the revert is not there at once: outstanding data of unknown length.
    let mut pending = vec![0; 64];
    pending[11] = 1;
    let steps =
        vec![Step::Send(REVERT, true, Ok(())), Step::Receive(0x07FE, Ok(pending)), answered(SUCCESS), discovered(0x09)];
    assert_eq!(reverting(with(opening(), steps)), Begun::Completed);
}

#[test]
fn a_drive_that_goes_on_removing_data_is_watched() {
    let removing = |bits| Step::Receive(0x0001, Ok(level_0(0x09, [0x03, 0x03], Some(bits))));
    let steps = vec![Step::Send(REVERT, true, Ok(())), answered(SUCCESS), removing(0x01)];
    assert_eq!(reverting(with(opening(), steps)), Begun::Accepted { estimate_s: None });
    let look = |bits| standing(&mut Script::new(vec![removing(bits)]));
    assert_eq!(look(0x01), Standing::InProgress { progress: None });
    assert_eq!(look(0x00), Standing::Completed);
    assert!(matches!(look(0x02), Standing::Failed { .. }));
}

#[test]
fn a_wrong_psid_is_a_refusal_with_words_and_nothing_is_reverted() {
    let mut steps = opening();
    steps.pop();
    steps.push(sync_session(0x01));
    let Begun::Refused { why } = reverting(steps) else { panic!("it is a refusal") };
    assert!(why.starts_with("the drive does not accept this PSID. Compare it with the label"), "{why}");
    let mut steps = opening();
    steps.pop();
    steps.push(sync_session(0x12));
    assert!(matches!(reverting(steps), Begun::Refused { why } if why.contains("too many wrong PSIDs")));
}

#[test]
fn a_revert_that_is_not_allowed_ends_the_session() {
    let steps = vec![
        Step::Send(REVERT, true, Ok(())),
        answered(&[0xF0, 0xF1, 0xF9, 0xF0, 0x01, 0, 0, 0xF1]),
        Step::Send(END_SESSION, false, Ok(())),
    ];
    assert!(matches!(reverting(with(opening(), steps)), Begun::Refused { .. }));
    let steps = vec![
        Step::Send(REVERT, true, Ok(())),
        answered(&[0xF0, 0xF1, 0xF9, 0xF0, 0x3F, 0, 0, 0xF1]),
        Step::Send(END_SESSION, false, Ok(())),
    ];
    assert!(matches!(reverting(with(opening(), steps)), Begun::Failed { .. }));
}

#[test]
fn no_word_about_the_revert_is_neither_success_nor_refusal() {
    let ends = [
        vec![Step::Send(REVERT, true, Err(Trouble::Lost("ETIMEDOUT".into())))],
        vec![Step::Send(REVERT, true, Ok(())), Step::Receive(0x07FE, Err(Trouble::Gone))],
        // End of Session alone, nothing at all, an answer without a status.
        vec![Step::Send(REVERT, true, Ok(())), answered(&[0xFA])],
        vec![Step::Send(REVERT, true, Ok(())), Step::Receive(0x07FE, Ok(vec![0; 64]))],
        vec![Step::Send(REVERT, true, Ok(())), answered(&[0xF0, 0xF1])],
        vec![Step::Send(REVERT, true, Ok(())), Step::Receive(0x07FE, Ok(vec![0xA5; 2048]))],
    ];
    for end in ends {
        assert!(matches!(reverting(with(opening(), end)), Begun::Lost { .. }));
    }
}

#[test]
fn a_drive_without_tcg_never_hears_the_psid() {
    let none = Step::Receive(0x0001, Err(Trouble::Refused("Invalid Field".into())));
    assert!(matches!(reverting(vec![none]), Begun::Refused { .. }));
    let steps = vec![
        discovered(0x0F),
        Step::Send(PROPERTIES, false, Ok(())),
        answered(&[0xF0, 0xF1, 0xF9, 0xF0, 0x3F, 0, 0, 0xF1]),
    ];
    assert!(matches!(reverting(steps), Begun::Refused { .. }), "nothing was tried yet");
}

fn supported(locking: u8, class: [u8; 2], psid: Option<&Psid>) -> Support {
    let found = discover(&mut Script::new(vec![Step::Receive(0x0001, Ok(level_0(locking, class, None)))]));
    support(&found, psid)
}

#[test]
fn a_revert_needs_encryption_a_class_and_the_psid() {
    let psid = psid(PSID).unwrap();
    // Opal 2: supported and media encryption.
    assert_eq!(supported(0x09, [0x02, 0x03], Some(&psid)), Support::Present);
    assert!(matches!(supported(0x09, [0x02, 0x03], None), Support::Blocked(why) if why.starts_with("needs the PSID")));
    // Pyrite: no media encryption, with the PSID or without.
    assert_eq!(supported(0x01, [0x03, 0x03], Some(&psid)), Support::Absent);
    assert_eq!(supported(0x01, [0x03, 0x03], None), Support::Absent);
    assert!(matches!(supported(0x09, [0x01, 0x00], Some(&psid)), Support::Blocked(why) if why.contains("Enterprise")));
    let none = discover(&mut Script::new(vec![Step::Receive(0x0001, Err(Trouble::Refused("no".into())))]));
    assert_eq!(support(&none, Some(&psid)), Support::Absent);
    let half = discover(&mut Script::new(vec![Step::Receive(0x0001, Ok(vec![0xFF; 64]))]));
    assert!(matches!(support(&half, Some(&psid)), Support::Unknown(_)));
    let lost = discover(&mut Script::new(vec![Step::Receive(0x0001, Err(Trouble::Lost("EIO".into())))]));
    assert!(matches!(support(&lost, None), Support::Unknown(why) if why.ends_with("EIO")));
}

#[test]
fn after_a_revert_locking_is_off() {
    let after = |locking| problems(&mut Script::new(vec![discovered(locking)]));
    assert!(after(0x09).is_empty());
    assert_eq!(after(0x0B), ["after the revert its locking is still enabled"]);
    assert_eq!(after(0x0F).len(), 2, "enabled and locked");
    // The shadow of the boot record is shown, and has not done its work.
    assert_eq!(after(0x19), ["after the revert it is still locked"]);
    assert!(after(0x39).is_empty());
    assert_eq!(problems(&mut Script::new(vec![Step::Receive(0x0001, Err(Trouble::Gone))])).len(), 1);
}

#[test]
fn a_psid_that_was_cleared_goes_nowhere() {
    let room = Strongroom::default();
    let psid = Psid::new(typed(&room, PSID)).unwrap();
    room.clear();
    let [discovery, properties, answer, ..] = <[Step; 5]>::try_from(opening()).ok().unwrap();
    let mut script = Script::new(vec![discovery, properties, answer]);
    let begun = revert(&mut script, &psid);
    assert!(matches!(begun, Begun::Refused { why } if why.contains("Type it again")));
    assert!(script.0.is_empty());
}

#[test]
fn a_psid_is_what_a_label_can_have_and_is_not_shown() {
    assert_eq!(format!("{:?}", psid(PSID).unwrap()), "Psid(…)");
    for text in ["", "A B", "PSÏD", &"A".repeat(33)] {
        assert!(psid(text).is_none(), "{text}");
    }
}
