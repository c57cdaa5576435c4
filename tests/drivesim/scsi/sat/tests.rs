use std::time::Instant;

use super::*;
use crate::drive::tests::Bench;
use crate::scsi::tests::cdb;

fn unit(bench: &Bench) -> Translation {
    let mut unit = Translation::new(bench.drive());
    assert!(matches!(run(&mut unit, &[0; 6], &[]), Answer::Check { .. }));
    unit
}

fn run(unit: &mut Translation, command: &[u8], data: &[u8]) -> Answer {
    unit.execute(&cdb(command), data, Instant::now())
}

fn good(unit: &mut Translation, command: &[u8], data: &[u8]) -> Vec<u8> {
    match run(unit, command, data) {
        Answer::Good(data) => data,
        other => panic!("{command:02x?}: {other:02x?}"),
    }
}

fn sense(unit: &mut Translation, command: &[u8]) -> Vec<u8> {
    match run(unit, command, &[]) {
        Answer::Check { sense, .. } => sense,
        other => panic!("{command:02x?}: {other:02x?}"),
    }
}

/// SANITIZE STATUS EXT with `CK_COND`: B4h, FEATURE 0000h.
const STATUS: [u8; 16] = [0x85, 0x07, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x40, 0xb4, 0];
/// BLOCK ERASE EXT: FEATURE 0012h, LBA 426B4572h.
const BLOCK_ERASE: [u8; 16] = [0x85, 0x07, 0x20, 0, 0x12, 0, 0, 0x42, 0x72, 0, 0x45, 0, 0x6b, 0x40, 0xb4, 0];
/// CHECK POWER MODE with `CK_COND`.
const POWER_MODE: [u8; 16] = [0x85, 0x06, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x40, 0xe5, 0];
/// IDENTIFY DEVICE: PIO-in, `T_DIR`, `BYT_BLOK`, length in COUNT.
const IDENTIFY: [u8; 12] = [0xa1, 0x08, 0x0e, 0, 1, 0, 0, 0, 0x40, 0xec, 0, 0];

#[test]
fn blocks_go_through() {
    let bench = Bench::new("sat", "");
    let mut unit = unit(&bench);
    assert_eq!(good(&mut unit, &[0x25], &[]), [0, 0, 7, 0xff, 0, 0, 2, 0]);
    assert_eq!(good(&mut unit, &[0x28, 0, 0, 0, 0, 9, 0, 0, 1], &[])[..16], *b"CUSTOMER RECORD ");
    good(&mut unit, &[0x2a, 0, 0, 0, 0, 9, 0, 0, 1], &[0x77; 512]);
    assert_eq!(good(&mut unit, &[0x28, 0, 0, 0, 0, 9, 0, 0, 1], &[]), [0x77; 512]);
    assert_eq!(good(&mut unit, &[0x35], &[]), [0; 0]);
}

#[test]
fn it_calls_itself_ata_and_shows_the_identify_data() {
    let bench = Bench::new("sat", "");
    let mut unit = unit(&bench);
    assert_eq!(good(&mut unit, &[0x12, 0, 0, 0, 36], &[])[8..16], *b"ATA     ");
    let page = good(&mut unit, &[0x12, 1, 0x89, 4, 0], &[]);
    let identify = good(&mut unit, &IDENTIFY, &[]);
    assert_eq!(identify.len(), 512);
    assert_eq!(page[60..], identify);
    let serial = good(&mut unit, &[0x12, 1, 0x80, 1, 0], &[]);
    assert_eq!((serial[3], String::from_utf8_lossy(&serial[4..]).trim()), (20, "PP0001"));
}

#[test]
fn registers_come_back_in_a_descriptor() {
    let bench = Bench::new("sat", "");
    let mut unit = unit(&bench);
    // COUNT FFh: active. STATUS 50h.
    let power = sense(&mut unit, &POWER_MODE);
    assert_eq!(power[..14], [0x72, 1, 0, 0x1d, 0, 0, 0, 14, 9, 12, 0, 0, 0, 0xff]);
    assert_eq!(power[21], 0x50);
    // Never sanitized: LBA(15:0) is FFFFh.
    let status = sense(&mut unit, &STATUS);
    assert_eq!((status[10], status[15], status[17], status[21]), (1, 0xff, 0xff, 0x50));
}

#[test]
fn a_sanitize_by_pass_through_erases() {
    let bench = Bench::new("sat", "");
    let mut unit = unit(&bench);
    sense(&mut unit, &BLOCK_ERASE);
    unit.tick(Instant::now());
    // COUNT(15) of the answer: completed without error.
    assert_eq!(sense(&mut unit, &STATUS)[12] & 0x80, 0x80);
    assert_eq!(bench.oracle().customer_blocks, 0);
}

#[test]
fn an_abort_has_its_sense_key_and_its_registers() {
    let bench = Bench::new("sat", "");
    let mut unit = unit(&bench);
    let mut wrong = BLOCK_ERASE;
    wrong[8] = 0x73;
    let aborted = sense(&mut unit, &wrong);
    assert_eq!((aborted[1], aborted[2], aborted[3]), (0x0b, 0, 0));
    assert_eq!((aborted[8], aborted[11] & 0x04, aborted[21] & 1), (9, 4, 1));
    assert!(bench.oracle().untouched);
}

#[test]
fn a_protocol_that_is_not_the_commands_is_refused() {
    let bench = Bench::new("sat", "");
    let mut unit = unit(&bench);
    let mut wrong = IDENTIFY;
    wrong[1] = 0x06;
    assert_eq!(sense(&mut unit, &wrong)[12..14], [0x24, 0]);
}

#[test]
fn bridges_lose_registers_and_sense() {
    for (fault, expected) in [
        ("faults.drops-registers = \"absent\"", &[0x72, 1, 0, 0x1d, 0, 0, 0, 0][..]),
        (
            "faults.drops-registers = \"zeros\"",
            &[0x72, 1, 0, 0x1d, 0, 0, 0, 14, 9, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        ),
        // ERROR 00h, STATUS 50h, DEVICE, COUNT FFh in the INFORMATION field.
        ("faults.fixed-sense = true", &[0x70, 0, 1, 0, 0x50, 0x40, 0xff, 10, 0, 0, 0, 0, 0, 0x1d, 0, 0, 0, 0]),
        ("faults.drops-sense = true", &[]),
    ] {
        let bench = Bench::new("sat", fault);
        assert_eq!(sense(&mut unit(&bench), &POWER_MODE), expected, "{fault}");
    }
}

#[test]
fn an_erase_in_the_foreground_is_answered_at_its_end() {
    let bench = Bench::new("sat", "");
    let mut unit = unit(&bench);
    // SECURITY SET PASSWORD (user, "A"), ERASE PREPARE, ERASE UNIT; PIO-out, length in COUNT.
    let mut password = [0; 512];
    password[2] = b'A';
    let out = |command| [0x85, 0x0a, 0x06, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0x40, command, 0];
    good(&mut unit, &out(0xf1), &password);
    good(&mut unit, &[0x85, 0x06, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x40, 0xf3, 0], &[]);
    assert_eq!(run(&mut unit, &out(0xf4), &password), Answer::Later);
    assert!(!unit.is_queueing());
    assert_eq!(unit.finish(Instant::now()), Some(Answer::Good(Vec::new())));
    assert_eq!(bench.oracle().customer_blocks, 0);
}
