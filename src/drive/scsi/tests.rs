//! A drive of 2048 blocks, played from a table: what a command begins with, and what it is answered with, one after the other.

use std::collections::VecDeque;

use nix::errno::Errno;
use purgeproof_core::capability::{Area, Found, Hidden, Obstacle, Support};
use purgeproof_core::firmware::{Begun, Exchange, Firmware, Health, Settled, Standing, Transcript};
use purgeproof_core::technique::Technique::{
    self, FormatUnit, SanitizeBlockErase, SanitizeCryptoErase, SanitizeOverwrite, SecurityEraseNormal, TcgRevert,
};
use purgeproof_core::units::{Bytes, Lba};

use super::{ScsiFirmware, is_sat, probe};
use crate::channel::{ChannelError, Data, ScsiAnswer, ScsiChannel};

mod reformat;

/// One answer.
#[derive(Clone)]
enum Says {
    Good(Vec<u8>),
    /// CHECK CONDITION: key, code, qualifier.
    Check(u8, u8, u8),
    Raw(ScsiAnswer),
    Fails(ChannelError),
}

#[derive(Clone, Default)]
struct Drive {
    answers: Vec<(Vec<u8>, VecDeque<Says>)>,
    heard: Vec<Vec<u8>>,
    lists: Vec<Vec<u8>>,
    rescans: usize,
}

/// Fixed format, with SKSV and a progress of 4000h.
fn sense(key: u8, code: u8, qualifier: u8) -> Vec<u8> {
    vec![0x70, 0, key, 0, 0, 0, 0, 0x0A, 0, 0, 0, 0, code, qualifier, 0, 0x80, 0x40, 0x00]
}

const TEST_UNIT_READY: [u8; 6] = [0; 6];
const CAPACITY: [u8; 2] = [0x9E, 0x10];

fn capacity(last: u8, block: u8) -> Says {
    let mut bytes = vec![0; 32];
    (bytes[6], bytes[7], bytes[10]) = (last, 0xFF, block);
    Says::Good(bytes)
}

impl Drive {
    /// Ready; 2048 blocks of 512 bytes; not write protected; every erase but the cryptographic one is listed.
    fn new() -> Self {
        let inquiry = *b"\0\0\x06\x02\x5B\0\0\x02PPSIM   M               1.0 ";
        let listed = |support| Says::Good(vec![0, support, 0, 10]);
        Self::default()
            .on(&TEST_UNIT_READY, [Says::Good(vec![])])
            .on(&[0x03], [Says::Good(sense(0, 0, 0))])
            .on(&[0x12, 0x00], [Says::Good(inquiry.to_vec())])
            .on(&[0x12, 0x01, 0xB1], [Says::Good(vec![0, 0xB1, 0, 4, 0x00, 0x01, 0x00, 0x42])])
            .on(&CAPACITY, [capacity(7, 2)])
            .on(&[0x5A], [Says::Good(vec![0, 6, 0, 0x10, 0, 0, 0, 0])])
            .on(&[0x55], [Says::Good(vec![])])
            .on(&[0xA3, 0x0C, 0x02, 0x48, 0, 1], [listed(3)])
            .on(&[0xA3, 0x0C, 0x02, 0x48, 0, 2], [listed(3)])
            .on(&[0xA3, 0x0C, 0x02, 0x48, 0, 3], [listed(1)])
            .on(&[0xA3, 0x0C, 0x01, 0x04], [listed(5)])
            .on(&[0x48], [Says::Good(vec![])])
            .on(&[0x04], [Says::Good(vec![])])
    }

    /// These answers, in place of those that there were; the last one stays.
    fn on<const N: usize>(mut self, prefix: &[u8], answers: [Says; N]) -> Self {
        self.answers.retain(|(known, _)| known != prefix);
        self.answers.push((prefix.to_vec(), answers.into()));
        self
    }

    fn says(&mut self, cdb: &[u8]) -> Says {
        let known = self.answers.iter_mut().find(|(prefix, _)| cdb.starts_with(prefix));
        match known.map(|(_, answers)| answers) {
            Some(answers) if answers.len() > 1 => answers.pop_front().unwrap(),
            Some(answers) => answers.front().cloned().unwrap(),
            None => Says::Check(5, 0x20, 0x00),
        }
    }

    fn firmware(self) -> ScsiFirmware<Self> {
        ScsiFirmware::new(self, None)
    }
}

impl ScsiChannel for Drive {
    fn execute(&mut self, cdb: &[u8], data: Data<'_>, _: u32) -> Result<ScsiAnswer, ChannelError> {
        self.heard.push(cdb.to_vec());
        let says = self.says(cdb);
        let room: &mut [u8] = match data {
            Data::In(into) => {
                into.fill(0xA5);
                into
            }
            Data::Out(list) => {
                self.lists.push(list.to_vec());
                &mut []
            }
            Data::None => &mut [],
        };
        let asked = room.len();
        match says {
            Says::Good(bytes) => {
                let came = asked.min(bytes.len());
                room[..came].copy_from_slice(&bytes[..came]);
                Ok(ScsiAnswer { residual: i32::try_from(asked - came).unwrap(), ..ScsiAnswer::default() })
            }
            Says::Check(key, code, qualifier) => {
                let sense = sense(key, code, qualifier);
                Ok(ScsiAnswer { status: 2, driver: 8, sense, ..ScsiAnswer::default() })
            }
            Says::Raw(answer) => Ok(answer),
            Says::Fails(error) => Err(error),
        }
    }

    fn rescan(&mut self) -> Result<(), ChannelError> {
        self.rescans += 1;
        Ok(())
    }
}

#[derive(Default)]
struct Log(Vec<Exchange>);

impl Transcript for Log {
    fn note(&mut self, exchange: Exchange) {
        self.0.push(exchange);
    }
}

fn begin(drive: Drive, technique: Technique) -> (Begun, ScsiFirmware<Drive>) {
    let mut firmware = drive.firmware();
    let begun = firmware.begin(technique, &mut Log::default());
    (begun, firmware)
}

const ACCEPTED: Begun = Begun::Accepted { estimate_s: None };

#[test]
fn each_erase_is_one_command_that_returns_at_once() {
    let sent = |technique| {
        let (begun, firmware) = begin(Drive::new(), technique);
        assert_eq!(begun, ACCEPTED);
        (firmware.channel.heard.last().unwrap().clone(), firmware.channel.lists)
    };
    assert_eq!(sent(SanitizeCryptoErase), (vec![0x48, 0x83, 0, 0, 0, 0, 0, 0, 0, 0], vec![]));
    assert_eq!(sent(SanitizeBlockErase), (vec![0x48, 0x82, 0, 0, 0, 0, 0, 0, 0, 0], vec![]));
    let zeros = vec![vec![0x01, 0, 0, 4, 0, 0, 0, 0]];
    assert_eq!(sent(SanitizeOverwrite), (vec![0x48, 0x81, 0, 0, 0, 0, 0, 0, 8, 0], zeros));
    assert_eq!(sent(FormatUnit), (vec![0x04, 0x10, 0, 0, 0, 0], vec![vec![0, 2, 0, 0]]));
    let (refused, firmware) = begin(Drive::new(), SecurityEraseNormal);
    assert!(matches!(refused, Begun::Refused { .. }));
    assert_eq!(firmware.channel.heard.len(), 1, "READ CAPACITY alone");
    assert!(matches!(begin(Drive::new(), TcgRevert).0, Begun::Refused { why } if why.contains("PSID")));
}

#[test]
fn an_erase_is_noted_before_it_is_sent() {
    let mut log = Log::default();
    Drive::new().firmware().begin(SanitizeOverwrite, &mut log);
    let [.., before, after] = log.0.as_slice() else { panic!("two entries") };
    assert_eq!((before.command.as_str(), before.answer.is_none()), ("SANITIZE, OVERWRITE", true));
    assert_eq!(before.data_out.as_ref().unwrap().0, [0x01, 0, 0, 4, 0, 0, 0, 0]);
    assert_eq!(after.answer.as_ref().unwrap().raw.0, [0x00]);
}

#[test]
fn only_the_drives_own_no_is_a_refusal() {
    let begun = |says| begin(Drive::new().on(&[0x48], [says]), SanitizeBlockErase).0;
    let refused = Begun::Refused { why: "ILLEGAL REQUEST, invalid field in CDB (24h/00h)".into() };
    assert_eq!(begun(Says::Check(5, 0x24, 0)), refused);
    assert!(matches!(begun(Says::Check(7, 0x27, 0)), Begun::Refused { .. }));
    assert!(matches!(begun(Says::Check(3, 0x31, 0x03)), Begun::Failed { .. }));
    assert!(matches!(begun(Says::Check(0xB, 0x47, 0x00)), Begun::Lost { .. }), "aborted: by whom, and when?");
    assert!(matches!(begun(Says::Check(2, 0x04, 0x1B)), Begun::Lost { .. }), "somebody's sanitize runs");
    let raw = |status, host, sense| Says::Raw(ScsiAnswer { status, host, sense, ..ScsiAnswer::default() });
    assert_eq!(begun(raw(0x08, 0, vec![])), Begun::Refused { why: "BUSY".into() });
    assert!(matches!(begun(raw(0x02, 0, vec![])), Begun::Lost { .. }), "no sense data");
    assert!(matches!(begun(raw(0x00, 3, vec![])), Begun::Lost { .. }), "DID_TIME_OUT");
    assert!(matches!(begun(raw(0x40, 0, vec![])), Begun::Lost { .. }), "TASK ABORTED");
    assert!(matches!(begun(Says::Fails(ChannelError::Kernel(Errno::EIO))), Begun::Lost { .. }));
    assert!(matches!(begun(Says::Fails(ChannelError::Gone(Errno::ENODEV))), Begun::Lost { .. }));
}

#[test]
fn a_unit_attention_is_drained_before_the_erase() {
    let attention = Says::Check(6, 0x29, 0);
    let drive = Drive::new().on(&TEST_UNIT_READY, [attention.clone(), attention, Says::Good(vec![])]);
    let (begun, firmware) = begin(drive, SanitizeBlockErase);
    assert_eq!(begun, ACCEPTED);
    let ready = firmware.channel.heard.iter().filter(|cdb| **cdb == TEST_UNIT_READY).count();
    assert_eq!(ready, 3);
}

/// How it stands after an erase was accepted, with these answers to REQUEST SENSE and TEST UNIT READY.
fn standing(technique: Technique, sensed: Says, ready: Says) -> Standing {
    let mut firmware = begin(Drive::new(), technique).1;
    firmware.channel = firmware.channel.clone().on(&[0x03], [sensed]).on(&TEST_UNIT_READY, [ready]);
    firmware.standing(&mut Log::default())
}

fn nothing() -> Says {
    Says::Good(sense(0, 0, 0))
}

#[test]
fn progress_comes_by_either_command_and_in_either_format() {
    let half_way = Standing::InProgress { progress: Some(0x4000) };
    let good = || Says::Good(vec![]);
    let running = || Says::Good(sense(2, 0x04, 0x1B));
    assert_eq!(standing(SanitizeBlockErase, running(), good()), half_way);
    let descriptors = [0x72, 0x02, 0x04, 0x1B, 0, 0, 0, 8, 0x02, 0x06, 0, 0, 0x80, 0x40, 0x00, 0];
    assert_eq!(standing(SanitizeBlockErase, Says::Good(descriptors.to_vec()), good()), half_way);
    assert_eq!(standing(FormatUnit, Says::Good(sense(2, 0x04, 0x04)), good()), half_way);
    // REQUEST SENSE says nothing, or nothing comes.
    assert_eq!(standing(SanitizeBlockErase, nothing(), Says::Check(2, 0x04, 0x1B)), half_way);
    assert_eq!(standing(SanitizeBlockErase, Says::Good(vec![]), Says::Check(2, 0x04, 0x1B)), half_way);
}

#[test]
fn failure_is_told_in_the_drives_words() {
    let failed = |sensed, ready| match standing(SanitizeOverwrite, sensed, ready) {
        Standing::Failed { why } => why,
        other => panic!("{other:?}"),
    };
    let good = || Says::Good(vec![]);
    assert_eq!(failed(Says::Good(sense(3, 0x31, 0x03)), good()), "MEDIUM ERROR, sanitize command failed (31h/03h)");
    assert_eq!(failed(nothing(), Says::Check(3, 0x31, 0x01)), "MEDIUM ERROR, format command failed (31h/01h)");
    assert_eq!(failed(nothing(), Says::Check(3, 0x31, 0x00)), "MEDIUM ERROR, medium format corrupted (31h/00h)");
}

#[test]
fn an_answer_that_does_not_come_is_unknown_and_never_done() {
    let unknown = |sensed, ready| matches!(standing(SanitizeCryptoErase, sensed, ready), Standing::Unknown { .. });
    let good = || Says::Good(vec![]);
    assert!(unknown(Says::Good(vec![]), good()), "REQUEST SENSE without data");
    assert!(unknown(Says::Good(vec![0; 18]), good()), "zeros");
    assert!(unknown(Says::Check(5, 0x20, 0), good()));
    assert!(unknown(Says::Raw(ScsiAnswer::default()), good()), "poison");
    let dropped = Says::Raw(ScsiAnswer { status: 2, ..ScsiAnswer::default() });
    assert!(unknown(nothing(), dropped), "CHECK CONDITION without sense data");
    assert!(unknown(nothing(), Says::Check(2, 0x04, 0x01)), "becoming ready");
    assert!(unknown(Says::Fails(ChannelError::Kernel(Errno::EIO)), good()));
    let nobody = || Says::Raw(ScsiAnswer { host: 1, ..ScsiAnswer::default() });
    assert_eq!(standing(SanitizeCryptoErase, nobody(), good()), Standing::Gone);
    assert_eq!(standing(SanitizeCryptoErase, nothing(), nobody()), Standing::Gone);
}

#[test]
fn an_erase_that_writes_all_is_done_only_if_it_was_seen_at_work() {
    let good = || Says::Good(vec![]);
    for technique in [SanitizeOverwrite, FormatUnit] {
        assert_eq!(standing(technique, nothing(), good()), Standing::Never, "accepted and ignored");
    }
    for technique in [SanitizeBlockErase, SanitizeCryptoErase] {
        assert_eq!(standing(technique, nothing(), good()), Standing::Completed);
    }
    let mut firmware = begin(Drive::new(), SanitizeOverwrite).1;
    firmware.channel = firmware.channel.clone().on(&[0x03], [Says::Good(sense(2, 0x04, 0x1B)), nothing()]);
    let mut log = Log::default();
    assert!(matches!(firmware.standing(&mut log), Standing::InProgress { .. }));
    assert_eq!(firmware.standing(&mut log), Standing::Completed);
    // Begun once more: what was seen before does not count.
    firmware.begin(SanitizeOverwrite, &mut log);
    assert_eq!(firmware.standing(&mut log), Standing::Never);
    // Refused: there is nothing to be done.
    firmware.channel = firmware.channel.clone().on(&[0x48], [Says::Check(5, 0x24, 0)]);
    firmware.begin(SanitizeBlockErase, &mut log);
    assert_eq!(firmware.standing(&mut log), Standing::Never);
}

#[test]
fn polling_notes_what_is_new() {
    let mut firmware = begin(Drive::new(), SanitizeOverwrite).1;
    let mut later = sense(2, 0x04, 0x1B);
    later[16] = 0x80;
    let answers = [Says::Good(sense(2, 0x04, 0x1B)), Says::Good(later.clone()), Says::Good(later), nothing()];
    firmware.channel = firmware.channel.clone().on(&[0x03], answers);
    let mut log = Log::default();
    let noted: Vec<usize> = (0..5)
        .map(|_| {
            firmware.standing(&mut log);
            log.0.len()
        })
        .collect();
    assert_eq!(noted, [1, 1, 1, 3, 3]);
    assert_eq!(log.0[0].answer.as_ref().unwrap().data_in.as_ref().unwrap().0, sense(2, 0x04, 0x1B));
}

#[test]
fn preparing_sets_the_drive_to_all_its_blocks() {
    // 7FFh and then FFFh are the last block: 1 MiB, and 1 MiB more.
    let drive = Drive::new().on(&CAPACITY, [capacity(7, 2), capacity(15, 2)]);
    let mut firmware = drive.firmware();
    let prepared = firmware.prepare(&mut Log::default());
    let opened = Hidden { area: Area::CapacityRestriction, found: Found::Opened { size: Bytes(1_048_576) } };
    assert_eq!((prepared.hidden, prepared.capacity), (vec![opened], Some(Bytes(2_097_152))));
    assert_eq!((prepared.standing, prepared.obstacle), (Standing::Never, None));
    assert_eq!(firmware.channel.rescans, 1);
    assert!(firmware.channel.heard.contains(&vec![0x55, 0x10, 0, 0, 0, 0, 0, 0, 0x10, 0]));
    let list = [0, 0, 0, 0, 0, 0, 0, 8, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 2, 0];
    assert_eq!(firmware.channel.lists, [list.to_vec()]);
    let found = |drive: Drive| drive.firmware().prepare(&mut Log::default()).hidden[0].found.clone();
    assert_eq!(found(Drive::new()), Found::Nothing);
    assert_eq!(found(Drive::new().on(&[0x55], [Says::Check(5, 0x20, 0)])), Found::Nothing);
    assert!(matches!(found(Drive::new().on(&[0x55], [Says::Check(5, 0x26, 0)])), Found::Unknown(_)));
    assert!(matches!(found(Drive::new().on(&CAPACITY, [capacity(7, 2), capacity(3, 2)])), Found::Unknown(_)));
    assert!(matches!(found(Drive::new().on(&CAPACITY, [capacity(7, 2), capacity(7, 16)])), Found::Unknown(_)));
}

#[test]
fn nothing_is_set_on_a_drive_that_is_busy_or_protected() {
    let prepare = |drive: Drive| {
        let mut firmware = drive.firmware();
        let prepared = firmware.prepare(&mut Log::default());
        assert!(!firmware.channel.heard.iter().any(|cdb| cdb[0] == 0x55));
        assert!(matches!(prepared.hidden[0].found, Found::Unknown(_)));
        (prepared.obstacle, prepared.standing)
    };
    let busy = prepare(Drive::new().on(&[0x03], [Says::Good(sense(2, 0x04, 0x1B))]));
    assert_eq!(busy, (Some(Obstacle::Sanitizing), Standing::InProgress { progress: Some(0x4000) }));
    let (failed, _) = prepare(Drive::new().on(&[0x03], [Says::Good(sense(3, 0x31, 0x03))]));
    assert_eq!(failed, Some(Obstacle::SanitizeFailed));
    let protected = Drive::new().on(&[0x5A], [Says::Good(vec![0, 6, 0, 0x90, 0, 0, 0, 0])]);
    assert_eq!(prepare(protected), (Some(Obstacle::WriteProtected), Standing::Never));
}

#[test]
fn settled_is_ready_and_of_the_same_size() {
    let settle = |drive: Drive| {
        let mut firmware = begin(Drive::new(), SanitizeBlockErase).1;
        firmware.channel = drive;
        firmware.settle(SanitizeBlockErase, &mut Log::default())
    };
    assert_eq!(settle(Drive::new()), Settled::default());
    let smaller = settle(Drive::new().on(&CAPACITY, [capacity(3, 2)])).problems;
    assert_eq!(smaller, ["It has 1024 blocks of 512 bytes in place of 2048 of 512."]);
    let unready = settle(Drive::new().on(&TEST_UNIT_READY, [Says::Check(4, 0x44, 0)])).problems;
    assert_eq!(unready, ["It is not ready: not ready: HARDWARE ERROR, internal target failure (44h/00h)."]);
    let silent = settle(Drive::new().on(&CAPACITY, [Says::Check(3, 0x31, 0)])).problems;
    assert_eq!(silent, ["It does not tell its size any more."]);
}

#[test]
fn health_is_what_the_log_pages_count() {
    let counter = |page: u8, errors: u8| Says::Good(vec![page, 0, 0, 5, 0, 6, 3, 1, errors]);
    let drive = Drive::new()
        .on(&[0x4D, 0, 0x4D], [Says::Good(vec![0x0D, 0, 0, 12, 0, 0, 3, 2, 0, 45, 0, 1, 3, 2, 0, 65])])
        .on(&[0x4D, 0, 0x42], [counter(2, 1)])
        .on(&[0x4D, 0, 0x43], [counter(3, 2)])
        .on(&[0x4D, 0, 0x51], [Says::Good(vec![0x11, 0, 0, 8, 0, 1, 3, 4, 0, 0, 0, 7])])
        .on(&[0x37], [Says::Good(vec![0, 0x0D, 0, 0x18])]);
    let expected = Health {
        temperature_c: Some(45),
        limit_c: Some(65),
        reallocated: Some(3),
        pending: None,
        media_errors: Some(3),
        used_percent: Some(7),
    };
    assert_eq!(drive.clone().firmware().health(&mut Log::default()), expected);
    let long = drive.on(&[0xB7], [Says::Good(vec![0, 0x0D, 0, 0, 0, 0, 0, 0x08])]);
    assert_eq!(long.firmware().health(&mut Log::default()).reallocated, Some(1));
    assert_eq!(Drive::new().firmware().health(&mut Log::default()), Health::default());
}

#[test]
fn probing_takes_the_drives_list_at_its_word_and_nothing_else() {
    let mut drive = Drive::new();
    let capabilities = probe(&mut drive, None);
    let of = |technique| capabilities.techniques.iter().find(|(found, _)| *found == technique).unwrap().1.clone();
    assert_eq!((of(SanitizeBlockErase), of(SanitizeOverwrite)), (Support::Present, Support::Present));
    assert_eq!(of(SanitizeCryptoErase), Support::Absent);
    assert!(matches!(of(FormatUnit), Support::Unknown(why) if why.contains("101b")));
    assert_eq!(of(TcgRevert), Support::Absent);
    assert!(!capabilities.unreadable_when_erased && capabilities.obstacles.is_empty());
    assert!(matches!(capabilities.hidden[0].found, Found::Unknown(_)));
    let destructive = [0x04, 0x15, 0x48, 0x55, 0x8A, 0xB5];
    assert!(drive.heard.iter().all(|cdb| !destructive.contains(&cdb[0])), "{:02X?}", drive.heard);
}

#[test]
fn without_a_list_nothing_is_known() {
    let mut drive = Drive::new();
    drive.answers.retain(|(prefix, _)| prefix[0] != 0xA3);
    let no_list = "the drive does not list its commands (no REPORT SUPPORTED OPERATION CODES)";
    for (technique, support) in probe(&mut drive, None).techniques.into_iter().take(4) {
        assert!(matches!(support, Support::Unknown(why) if why.starts_with(no_list)), "{technique}");
    }
    let busy = Drive::new().on(&[0xA3, 0x0C, 0x02, 0x48, 0, 2], [Says::Check(2, 0x04, 0x1B)]);
    let support = &probe(&mut busy.clone(), None).techniques[1].1;
    assert!(matches!(support, Support::Unknown(why) if why.contains("busy")));
    let short = Drive::new().on(&[0xA3, 0x0C, 0x02, 0x48, 0, 2], [Says::Good(vec![0, 3])]);
    let support = &probe(&mut short.clone(), None).techniques[1].1;
    assert!(matches!(support, Support::Unknown(why) if why.contains("2 bytes")));
}

#[test]
fn obstacles_and_reads_after_an_erase_are_told() {
    let told = |drive: Drive| {
        let capabilities = probe(&mut drive.clone(), None);
        (capabilities.obstacles, capabilities.unreadable_when_erased)
    };
    let page = |flags| Says::Good(vec![0, 0xB1, 0, 4, 0x00, 0x01, 0x00, flags]);
    assert_eq!(told(Drive::new().on(&[0x12, 0x01, 0xB1], [page(0xC0)])), (vec![], true), "WABEREQ 11b");
    assert_eq!(told(Drive::new().on(&[0x12, 0x01, 0xB1], [page(0x30)])), (vec![], false), "WACEREQ of what it has not");
    assert_eq!(
        told(Drive::new().on(&[0x5A], [Says::Good(vec![0, 6, 0, 0x90, 0, 0, 0, 0])])).0,
        [Obstacle::WriteProtected]
    );
    assert_eq!(told(Drive::new().on(&[0x03], [Says::Good(sense(2, 4, 0x1B))])).0, [Obstacle::Sanitizing]);
    assert_eq!(told(Drive::new().on(&TEST_UNIT_READY, [Says::Check(3, 0x31, 3)])).0, [Obstacle::SanitizeFailed]);
}

#[test]
fn a_block_is_blank_only_by_the_drives_own_word() {
    let is_blank = |answer: Says| {
        let mut firmware = Drive::new().on(&[0x88], [answer]).firmware();
        firmware.prepare(&mut Log::default());
        let is_blank = firmware.is_blank(Lba(0x0102));
        let read = vec![0x88, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 1, 0, 0];
        assert_eq!(firmware.channel.heard.last(), Some(&read));
        is_blank
    };
    assert!(is_blank(Says::Check(3, 0x11, 0x15)), "write after sanitize required");
    assert!(!is_blank(Says::Check(3, 0x11, 0x00)), "unrecovered read error");
    assert!(!is_blank(Says::Check(5, 0x11, 0x15)), "not about the medium");
    assert!(!is_blank(Says::Good(vec![0; 512])), "it can be read");
    let mut unasked = Drive::new().on(&[0x88], [Says::Check(3, 0x11, 0x15)]).firmware();
    assert!(!unasked.is_blank(Lba(0)), "the length of its blocks is not known");
}

#[test]
fn an_ata_drive_behind_a_translation_is_known_by_name_or_page() {
    assert!(!is_sat(&mut Drive::new()));
    let named = *b"\0\0\x06\x02\x5B\0\0\x02ATA     M               1.0 ";
    assert!(is_sat(&mut Drive::new().on(&[0x12, 0x00], [Says::Good(named.to_vec())])));
    assert!(is_sat(&mut Drive::new().on(&[0x12, 0x01, 0x00], [Says::Good(vec![0, 0, 0, 3, 0x00, 0x80, 0x89])])));
    assert!(!is_sat(&mut Drive::default()));
}
