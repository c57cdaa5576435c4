//! What goes over the bus when blocks of 520 bytes become blocks of 512.

use purgeproof_core::units::{BlockSize, Blocks};

use super::*;

const TEN_SAVED: [u8; 10] = [0x55, 0x11, 0, 0, 0, 0, 0, 0, 0x10, 0];
const TEN: [u8; 10] = [0x55, 0x10, 0, 0, 0, 0, 0, 0, 0x10, 0];
const SIX: [u8; 6] = [0x15, 0x10, 0, 0, 0x0C, 0];
const FORMAT: [u8; 6] = [0x04, 0x10, 0, 0, 0, 0];
/// An empty header, then the block descriptor: as many blocks as there are, of 200h bytes.
const TEN_LIST: [u8; 16] = [0, 0, 0, 0, 0, 0, 0, 8, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0x02, 0x00];
const SIX_LIST: [u8; 12] = [0, 0, 0, 8, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0x02, 0x00];
/// IMMED.
const FORMAT_LIST: [u8; 4] = [0, 0x02, 0, 0];

fn reformat(drive: Drive) -> (Begun, ScsiFirmware<Drive>, Log) {
    let (mut firmware, mut log) = (drive.firmware(), Log::default());
    let begun = firmware.reformat(BlockSize::B512, &mut log);
    (begun, firmware, log)
}

/// What was sent that changes something.
fn changes(firmware: &ScsiFirmware<Drive>) -> Vec<Vec<u8>> {
    let is_question = |cdb: &&Vec<u8>| matches!(cdb[0], 0x00 | 0x03 | 0x9E);
    firmware.channel.heard.iter().filter(|cdb| !is_question(cdb)).cloned().collect()
}

#[test]
fn mode_select_names_the_length_and_format_unit_makes_it_true() {
    let (begun, mut firmware, log) = reformat(Drive::new());
    assert_eq!(begun, Begun::Accepted { estimate_s: None });
    assert_eq!(changes(&firmware), [TEN_SAVED.to_vec(), FORMAT.to_vec()]);
    assert_eq!(firmware.channel.lists, [TEN_LIST.to_vec(), FORMAT_LIST.to_vec()]);
    let announced = log.0.iter().filter(|exchange| exchange.answer.is_none()).map(|exchange| exchange.command.as_str());
    assert_eq!(announced.collect::<Vec<_>>(), ["MODE SELECT, 512-byte blocks", "FORMAT UNIT"]);
    assert_eq!(firmware.standing(&mut Log::default()), Standing::Never, "ready at once is no format that was seen");
    firmware.channel =
        firmware.channel.clone().on(&[0x03], [Says::Good(sense(2, 0x04, 0x04)), Says::Good(sense(0, 0, 0))]);
    assert_eq!(firmware.standing(&mut Log::default()), Standing::InProgress { progress: Some(0x4000) });
    assert_eq!(firmware.standing(&mut Log::default()), Standing::Completed);
    firmware.channel = firmware.channel.clone().on(&[0x03], [Says::Good(sense(3, 0x31, 0x01))]);
    let failed = Standing::Failed { why: "MEDIUM ERROR, format command failed (31h/01h)".into() };
    assert_eq!(firmware.standing(&mut Log::default()), failed);
}

#[test]
fn a_drive_that_refuses_one_form_is_told_in_another() {
    let unsaved = Drive::new().on(&TEN_SAVED, [Says::Check(5, 0x24, 0x00)]).on(&[0x55, 0x10], [Says::Good(vec![])]);
    let (begun, firmware, _) = reformat(without_mode_select(unsaved));
    assert_eq!(begun, Begun::Accepted { estimate_s: None });
    assert_eq!(changes(&firmware), [TEN_SAVED.to_vec(), TEN.to_vec(), FORMAT.to_vec()]);
    let old = Drive::new().on(&[0x55], [Says::Check(5, 0x20, 0x00)]).on(&[0x15], [Says::Good(vec![])]);
    let (begun, firmware, _) = reformat(old);
    assert_eq!(begun, Begun::Accepted { estimate_s: None });
    assert_eq!(changes(&firmware), [TEN_SAVED.to_vec(), TEN.to_vec(), SIX.to_vec(), FORMAT.to_vec()]);
    assert_eq!(firmware.channel.lists, [TEN_LIST.to_vec(), TEN_LIST.to_vec(), SIX_LIST.to_vec(), FORMAT_LIST.to_vec()]);
}

/// The table is asked in its order, and `Drive::new` has a line for every MODE SELECT (10).
fn without_mode_select(mut drive: Drive) -> Drive {
    drive.answers.retain(|(prefix, _)| *prefix != [0x55]);
    drive
}

#[test]
fn nothing_is_formatted_unless_the_length_was_taken() {
    let refusing = Drive::new().on(&[0x55], [Says::Check(5, 0x26, 0x00)]);
    let (begun, firmware, _) = reformat(refusing);
    // MODE SELECT (6) is no command of this drive.
    let why = "MODE SELECT: ILLEGAL REQUEST, invalid command operation code (20h/00h)".into();
    assert_eq!(begun, Begun::Refused { why });
    assert!(!changes(&firmware).contains(&FORMAT.to_vec()));
    let lost = Drive::new().on(&[0x55], [Says::Fails(ChannelError::Kernel(Errno::EIO))]);
    let (begun, firmware, _) = reformat(lost);
    assert!(matches!(begun, Begun::Lost { .. }));
    assert_eq!(changes(&firmware), [TEN_SAVED.to_vec()]);
    let no_format = Drive::new().on(&[0x04], [Says::Check(5, 0x20, 0x00)]);
    assert!(matches!(reformat(no_format).0, Begun::Refused { .. }));
}

#[test]
fn only_the_drives_own_blocks_say_that_it_is_done() {
    let of = |says: Says| {
        let mut firmware = Drive::new().on(&CAPACITY, [Says::Check(6, 0x2A, 0x09), says]).firmware();
        let said = firmware.reformatted(BlockSize::B512, &mut Log::default());
        (said, firmware.channel.rescans)
    };
    assert_eq!(of(capacity(7, 2)), (Ok(Blocks(2048)), 1), "the kernel looks again");
    // 208h.
    let mut old = vec![0; 32];
    (old[6], old[7], old[10], old[11]) = (7, 0xDF, 0x02, 0x08);
    assert_eq!(of(Says::Good(old)), (Err("it has 2016 blocks of 520 bytes".into()), 0));
    assert_eq!(of(Says::Check(3, 0x31, 0x00)), (Err("it does not tell its size any more".into()), 0));
    assert_eq!(of(Says::Good(vec![])), (Err("it does not tell its size any more".into()), 0));
}
