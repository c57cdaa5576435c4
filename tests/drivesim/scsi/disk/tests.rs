use std::time::{Duration, Instant};

use super::*;
use crate::drive::tests::Bench;
use crate::scsi::tests::cdb;

/// A drive whose unit attention of power-on was taken.
fn disk(bench: &Bench) -> Disk {
    let mut disk = Disk::new(bench.drive());
    let attention = sense(&mut disk, &[0; 6], &[]);
    assert_eq!(attention[..14], [0x70, 0, 6, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x29, 0x01]);
    disk
}

fn run(disk: &mut Disk, command: &[u8], data: &[u8]) -> Answer {
    disk.execute(&cdb(command), data, Instant::now())
}

fn good(disk: &mut Disk, command: &[u8], data: &[u8]) -> Vec<u8> {
    match run(disk, command, data) {
        Answer::Good(data) => data,
        other => panic!("{command:02x?}: {other:02x?}"),
    }
}

fn sense(disk: &mut Disk, command: &[u8], data: &[u8]) -> Vec<u8> {
    match run(disk, command, data) {
        Answer::Check { sense, .. } => sense,
        other => panic!("{command:02x?}: {other:02x?}"),
    }
}

/// Key, code and qualifier of fixed format sense.
fn code(disk: &mut Disk, command: &[u8], data: &[u8]) -> [u8; 3] {
    let sense = sense(disk, command, data);
    [sense[2], sense[12], sense[13]]
}

const READ_BLOCK_9: [u8; 10] = [0x28, 0, 0, 0, 0, 9, 0, 0, 1, 0];
const BLOCK_ERASE: [u8; 10] = [0x48, 0x82, 0, 0, 0, 0, 0, 0, 0, 0];
const REQUEST_SENSE: [u8; 6] = [0x03, 0, 0, 0, 252, 0];

#[test]
fn blocks_are_written_and_read_back() {
    let bench = Bench::new("sas", "");
    let mut disk = disk(&bench);
    assert_eq!(good(&mut disk, &READ_BLOCK_9, &[])[..16], *b"CUSTOMER RECORD ");
    assert_eq!(good(&mut disk, &[0x2a, 0, 0, 0, 0, 9, 0, 0, 1, 0], &[0x77; 512]), [0; 0]);
    assert_eq!(good(&mut disk, &READ_BLOCK_9, &[]), [0x77; 512]);
    // 1 MiB is 2048 blocks: the last one is 7FFh.
    assert_eq!(good(&mut disk, &[0x25], &[]), [0, 0, 7, 0xff, 0, 0, 2, 0]);
    assert_eq!(code(&mut disk, &[0x28, 0, 0, 0, 8, 0, 0, 0, 1], &[]), [5, 0x21, 0]);
    assert_eq!(code(&mut disk, &[0xfe], &[]), [5, 0x20, 0]);
}

#[test]
fn a_sanitize_bars_the_medium_until_it_ends() {
    let mut bench = Bench::new("sas", "");
    bench.spec.sanitize_s = 3600.0;
    let mut disk = disk(&bench);
    assert_eq!(good(&mut disk, &BLOCK_ERASE, &[]), [0; 0]);
    let busy = sense(&mut disk, &READ_BLOCK_9, &[]);
    assert_eq!((busy[2], busy[12], busy[13], busy[15]), (2, 0x04, 0x1b, 0x80));
    assert_eq!(code(&mut disk, &BLOCK_ERASE, &[]), [2, 0x04, 0x1b]);
    assert_eq!(code(&mut disk, &[0; 6], &[]), [2, 0x04, 0x1b]);
    // Half of an hour later; in fixed and in descriptor format.
    let later = Instant::now() + Duration::from_mins(30);
    let Answer::Good(fixed) = disk.execute(&cdb(&REQUEST_SENSE), &[], later) else { panic!() };
    assert_eq!((fixed[0], fixed[2], fixed[12], fixed[13], fixed[15]), (0x70, 2, 4, 0x1b, 0x80));
    assert_eq!(fixed[16], 0x80);
    let Answer::Good(descriptor) = disk.execute(&cdb(&[0x03, 1, 0, 0, 252]), &[], later) else { panic!() };
    assert_eq!(descriptor[..13], [0x72, 2, 4, 0x1b, 0, 0, 0, 8, 2, 6, 0, 0, 0x80]);
    assert_eq!(bench.oracle().customer_blocks, 2048);
    disk.tick(Instant::now() + Duration::from_hours(2));
    assert_eq!(good(&mut disk, &REQUEST_SENSE, &[])[..3], [0x70, 0, 0]);
    assert_eq!(good(&mut disk, &READ_BLOCK_9, &[]), [0; 512]);
    assert_eq!(bench.oracle().customer_blocks, 0);
}

#[test]
fn without_immed_the_command_ends_with_the_operation() {
    let bench = Bench::new("sas", "");
    let mut disk = disk(&bench);
    assert_eq!(run(&mut disk, &[0x48, 0x03], &[]), Answer::Later);
    assert_eq!(disk.finish(Instant::now()), Some(Answer::Good(Vec::new())));
    assert_eq!(bench.oracle().customer_blocks, 0);

    let bench = Bench::new("sas", "faults.fail-at-percent = 40");
    let mut disk = self::disk(&bench);
    assert_eq!(run(&mut disk, &[0x48, 0x03], &[]), Answer::Later);
    let Some(Answer::Check { sense, .. }) = disk.finish(Instant::now()) else { panic!() };
    assert_eq!((sense[2], sense[12], sense[13]), (3, 0x31, 0x03));
}

#[test]
fn a_restricted_failure_accepts_only_a_restricted_sanitize() {
    let bench = Bench::new("sas", "faults.fail-at-percent = 40");
    let mut disk = disk(&bench);
    good(&mut disk, &BLOCK_ERASE, &[]);
    assert_eq!(code(&mut disk, &READ_BLOCK_9, &[]), [3, 0x31, 0x03]);
    let known = good(&mut disk, &REQUEST_SENSE, &[]);
    assert_eq!((known[2], known[12], known[13]), (3, 0x31, 0x03));
    // EXIT FAILURE MODE, and a block erase with AUSE.
    assert_eq!(code(&mut disk, &[0x48, 0x1f], &[]), [5, 0x24, 0]);
    assert_eq!(code(&mut disk, &[0x48, 0xa2], &[]), [5, 0x24, 0]);
    assert_eq!(good(&mut disk, &BLOCK_ERASE, &[]), [0; 0]);
}

#[test]
fn an_unrestricted_failure_can_be_left() {
    let bench = Bench::new("sas", "faults.fail-at-percent = 40");
    let mut disk = disk(&bench);
    good(&mut disk, &[0x48, 0xa2], &[]);
    assert_eq!(code(&mut disk, &READ_BLOCK_9, &[]), [3, 0x31, 0x03]);
    assert_eq!(good(&mut disk, &[0x48, 0x1f], &[]), [0; 0]);
    assert_eq!(good(&mut disk, &[0x28, 0, 0, 0, 7, 0xff, 0, 0, 1], &[])[..8], *b"CUSTOMER");
}

#[test]
fn overwrite_checks_its_parameter_list() {
    let bench = Bench::new("sas", "");
    let mut disk = disk(&bench);
    let overwrite = |length: u8| [0x48, 0x81, 0, 0, 0, 0, 0, 0, length, 0];
    assert_eq!(code(&mut disk, &overwrite(0), &[]), [5, 0x24, 0]);
    assert_eq!(code(&mut disk, &overwrite(4), &[1, 0, 0, 0]), [5, 0x24, 0]);
    assert_eq!(code(&mut disk, &overwrite(8), &[1, 0, 0, 4]), [5, 0x1a, 0]);
    // COUNT zero, TEST one, a length that is not the pattern's.
    assert_eq!(code(&mut disk, &overwrite(8), &[0, 0, 0, 4, 1, 2, 3, 4]), [5, 0x26, 0]);
    assert_eq!(code(&mut disk, &overwrite(8), &[0x21, 0, 0, 4, 1, 2, 3, 4]), [5, 0x26, 0]);
    assert_eq!(code(&mut disk, &overwrite(8), &[1, 0, 0, 3, 1, 2, 3, 4]), [5, 0x26, 0]);
    assert_eq!(bench.oracle().customer_blocks, 2048);
    // Two passes with INVERT: the last one is the complement.
    good(&mut disk, &overwrite(8), &[0x82, 0, 0, 4, 1, 2, 3, 4]);
    assert_eq!(good(&mut disk, &READ_BLOCK_9, &[])[..6], [0xfe, 0xfd, 0xfc, 0xfb, 0xfe, 0xfd]);
    // A block erase has no list.
    assert_eq!(code(&mut disk, &[0x48, 0x82, 0, 0, 0, 0, 0, 0, 8], &[0; 8]), [5, 0x24, 0]);
}

#[test]
fn format_unit_takes_the_block_that_mode_select_asked_for() {
    let bench = Bench::new("sas", "block = 520");
    let mut disk = disk(&bench);
    // 1 048 576 / 520 = 2016 blocks.
    assert_eq!(good(&mut disk, &[0x25], &[]), [0, 0, 7, 0xdf, 0, 0, 2, 8]);
    assert_eq!(good(&mut disk, &READ_BLOCK_9, &[]).len(), 520);
    let list = [0, 0, 0, 8, 0xff, 0xff, 0xff, 0xff, 0, 0, 2, 0];
    good(&mut disk, &[0x15, 0x10, 0, 0, 12], &list);
    assert_eq!(good(&mut disk, &[0x25], &[])[4..], [0, 0, 2, 8]);
    // FMTDATA with IMMED in a short header.
    good(&mut disk, &[0x04, 0x10], &[0, 0x02, 0, 0]);
    assert_eq!(code(&mut disk, &[0; 6], &[]), [6, 0x2a, 0x09]);
    assert_eq!(good(&mut disk, &[0x25], &[]), [0, 0, 7, 0xff, 0, 0, 2, 0]);
    assert_eq!(bench.oracle().customer_blocks, 0);
}

#[test]
fn a_format_shows_its_progress_and_does_not_survive_a_power_cut() {
    let mut bench = Bench::new("sas", "");
    bench.spec.sanitize_s = 3600.0;
    let mut disk = disk(&bench);
    good(&mut disk, &[0x04, 0x10], &[0, 0x02, 0, 0]);
    assert_eq!(code(&mut disk, &READ_BLOCK_9, &[]), [2, 0x04, 0x04]);
    disk.power_off();
    disk.power_on();
    sense(&mut disk, &[0; 6], &[]);
    assert_eq!(code(&mut disk, &READ_BLOCK_9, &[]), [3, 0x31, 0x00]);
    assert_eq!(bench.oracle().customer_blocks, 2048);
}

#[test]
fn a_sanitize_resumes_after_a_power_cut() {
    let mut bench = Bench::new("sas", "");
    bench.spec.sanitize_s = 3600.0;
    let mut disk = disk(&bench);
    good(&mut disk, &BLOCK_ERASE, &[]);
    disk.power_off();
    disk.power_on();
    sense(&mut disk, &[0; 6], &[]);
    assert_eq!(code(&mut disk, &READ_BLOCK_9, &[]), [2, 0x04, 0x1b]);
}

#[test]
fn capacity_that_mode_select_hides_comes_back() {
    let bench = Bench::new("sas", "scsi.hidden-blocks = 48");
    let mut disk = disk(&bench);
    assert_eq!(good(&mut disk, &[0x25], &[])[..4], [0, 0, 7, 0xcf]);
    assert_eq!(code(&mut disk, &[0x28, 0, 0, 0, 7, 0xd0, 0, 0, 1], &[]), [5, 0x21, 0]);
    good(&mut disk, &[0x15, 0x10, 0, 0, 12], &[0, 0, 0, 8, 0xff, 0xff, 0xff, 0xff, 0, 0, 2, 0]);
    assert_eq!(code(&mut disk, &[0; 6], &[]), [6, 0x2a, 0x09]);
    assert_eq!(good(&mut disk, &[0x25], &[])[..4], [0, 0, 7, 0xff]);
}

#[test]
fn unmapped_blocks_read_as_zeros_and_stay_on_the_medium() {
    let bench = Bench::new("sas", "");
    let mut disk = disk(&bench);
    let mut list = [0; 24];
    // 16 bytes of descriptors: 2048 blocks from 0 on.
    list[3] = 16;
    list[18] = 8;
    good(&mut disk, &[0x42, 0, 0, 0, 0, 0, 0, 0, 24], &list);
    assert_eq!(good(&mut disk, &READ_BLOCK_9, &[]), [0; 512]);
    assert_eq!(bench.oracle().customer_blocks, 2048);
    good(&mut disk, &BLOCK_ERASE, &[]);
    disk.tick(Instant::now());
    assert_eq!(bench.oracle().customer_blocks, 0);
}

#[test]
fn write_same_and_verify() {
    let bench = Bench::new("sas", "");
    let mut disk = disk(&bench);
    let mut command = [0x93, 0x01, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 4, 0, 0];
    good(&mut disk, &command, &[]);
    assert_eq!(bench.oracle().customer_blocks, 2044);
    assert_eq!(good(&mut disk, &[0x2f, 0x02, 0, 0, 0, 8, 0, 0, 1], &[0; 512]), [0; 0]);
    assert_eq!(code(&mut disk, &[0x2f, 0x02, 0, 0, 0, 8, 0, 0, 1], &[1; 512]), [0xe, 0x1d, 0]);
    command[13] = 0;
    assert_eq!(code(&mut disk, &command, &[]), [5, 0x24, 0]);
}

#[test]
fn write_after_erase_is_required_where_b1h_says_so() {
    let bench = Bench::new("sas", "scsi.write-after-block-erase = 3");
    let mut disk = disk(&bench);
    good(&mut disk, &BLOCK_ERASE, &[]);
    assert_eq!(code(&mut disk, &READ_BLOCK_9, &[]), [3, 0x11, 0x15]);
    good(&mut disk, &[0x2a, 0, 0, 0, 0, 9, 0, 0, 1, 0], &[0x77; 512]);
    assert_eq!(good(&mut disk, &READ_BLOCK_9, &[]), [0x77; 512]);
}

#[test]
fn faults_of_the_medium_have_their_sense() {
    let bench = Bench::new("sas", "faults.unreadable = [\"9..10\"]\nfaults.unwritable = [\"11..12\"]");
    let mut disk = disk(&bench);
    let bad = sense(&mut disk, &READ_BLOCK_9, &[]);
    assert_eq!((bad[0], bad[2], bad[6], bad[12]), (0xf0, 3, 9, 0x11));
    assert_eq!(code(&mut disk, &[0x2a, 0, 0, 0, 0, 11, 0, 0, 1], &[0; 512]), [3, 0x0c, 0x02]);
    // One read error in log page 03h, parameter 6.
    let page = good(&mut disk, &[0x4d, 0, 0x43, 0, 0, 0, 0, 1, 0], &[]);
    assert_eq!(page[page.len() - 9..], [8, 0, 0, 0, 0, 0, 0, 0, 1]);

    let bench = Bench::new("sas", "faults.write-protected = true");
    let mut disk = self::disk(&bench);
    assert_eq!(code(&mut disk, &BLOCK_ERASE, &[]), [7, 0x27, 0]);
    assert_eq!(code(&mut disk, &[0x04, 0], &[]), [7, 0x27, 0]);
    assert_eq!(good(&mut disk, &[0x1a, 8, 8, 0, 255], &[])[2], 0x90);
}

#[test]
fn refusals_and_empty_successes() {
    let bench = Bench::new("sas", "faults.refuses = [\"sanitize\"]\nfaults.silently-ignores = [\"format\"]");
    let mut disk = disk(&bench);
    assert_eq!(code(&mut disk, &BLOCK_ERASE, &[]), [5, 0x24, 0]);
    let rsoc = [0xa3, 0x0c, 0x03, 0x48, 0, 2, 0, 0, 1, 0, 0, 0];
    assert_eq!(good(&mut disk, &rsoc, &[])[..5], [0, 3, 0, 10, 0x48]);
    good(&mut disk, &[0x04, 0], &[]);
    assert!(bench.oracle().untouched);
    let bench = Bench::new("sas", "scsi.sanitize = [\"crypto-erase\"]");
    let mut disk = self::disk(&bench);
    assert_eq!(good(&mut disk, &rsoc, &[]), [0, 1, 0, 0]);
    assert_eq!(code(&mut disk, &BLOCK_ERASE, &[]), [5, 0x24, 0]);
}

#[test]
fn d_sense_gives_descriptors_until_the_power_is_cut() {
    let bench = Bench::new("sas", "");
    let mut disk = disk(&bench);
    good(&mut disk, &[0x15, 0x10, 0, 0, 16], &[0, 0, 0, 0, 0x0a, 10, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(sense(&mut disk, &[0xfe], &[]), [0x72, 5, 0x20, 0, 0, 0, 0, 0]);
    disk.power_on();
    assert_eq!(sense(&mut disk, &[0; 6], &[])[0], 0x70);
    let bench = Bench::new("sas", "faults.drops-sense = true");
    assert_eq!(run(&mut Disk::new(bench.drive()), &[0xfe], &[]), Answer::Check { sense: Vec::new(), data: Vec::new() });
}

#[test]
fn a_drive_that_vanishes_answers_nothing() {
    let bench = Bench::new("sas", "faults.vanish-at-io = 1");
    let mut disk = disk(&bench);
    good(&mut disk, &READ_BLOCK_9, &[]);
    assert_eq!(run(&mut disk, &READ_BLOCK_9, &[]), Answer::Gone);
    assert_eq!(run(&mut disk, &[0; 6], &[]), Answer::Gone);
}

#[test]
fn the_grown_defect_list_in_both_lengths() {
    let bench = Bench::new("sas", "scsi.grown-defects = 2");
    let mut disk = disk(&bench);
    let ten = good(&mut disk, &[0x37, 0, 0x08, 0, 0, 0, 0, 1, 0], &[]);
    assert_eq!(ten, [0, 0x08, 0, 8, 0, 0, 7, 0xff, 0, 0, 7, 0xfe]);
    let twelve = good(&mut disk, &[0xb7, 0x0b, 0, 0, 0, 0, 0, 0, 1, 0], &[]);
    assert_eq!(twelve[..16], [0, 0x0b, 0, 0, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 7, 0xff]);
}

#[test]
fn security_protocols_lead_to_the_trusted_peripheral() {
    let psid = "tcg.psid = \"ABCDEFGHIJKLMNOPQRSTUVWXYZ012345\"";
    let bench = Bench::new("sas", psid);
    let mut disk = disk(&bench);
    let level_0 = good(&mut disk, &[0xa2, 1, 0, 1, 0x80, 0, 0, 0, 0, 1], &[]);
    // The version of the header is 1.
    assert_eq!((level_0.len(), be32(&level_0, 4)), (512, 1));
    assert_eq!(code(&mut disk, &[0xa2, 0x77, 0, 1, 0x80, 0, 0, 0, 0, 1], &[]), [5, 0x24, 0]);
    let bench = Bench::new("sas", "");
    assert_eq!(code(&mut self::disk(&bench), &[0xa2, 1, 0, 1, 0x80, 0, 0, 0, 0, 1], &[]), [5, 0x20, 0]);
}
