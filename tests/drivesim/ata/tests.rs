use std::time::Instant;

use super::*;
use crate::drive::tests::Bench;

/// What a taskfile leads to: STATUS, ERROR, COUNT, LBA.
type Answer = (u8, u8, u16, u64);

fn device(bench: &Bench) -> Device {
    let mut device = Device::new(bench.drive());
    device.power_on();
    device
}

fn task(command: u8, feature: u16, count: u16, lba: u64) -> Taskfile {
    Taskfile { command, feature, count, lba, device: 0xe0 }
}

/// A drive whose erases take so many seconds.
fn slow(seconds: f64, lines: &str) -> Bench {
    let mut bench = Bench::new("sata", lines);
    bench.spec.sanitize_s = seconds;
    bench
}

/// Executes to the end; the data that came back go with it.
fn both(device: &mut Device, task: &Taskfile, data: &[u8]) -> (Answer, Vec<u8>) {
    let mut outcome = device.execute(task, data);
    while outcome == Outcome::Busy {
        outcome = device.poll(Instant::now()).unwrap_or(Outcome::Busy);
    }
    let Outcome::Complete { registers, data } = outcome else { panic!("{outcome:?}") };
    ((registers.status, registers.error, registers.count, registers.lba), data)
}

fn ask(device: &mut Device, command: u8, feature: u16, count: u16, lba: u64) -> Answer {
    both(device, &task(command, feature, count, lba), &[]).0
}

fn status(device: &mut Device) -> Answer {
    ask(device, 0xb4, 0, 0, 0)
}

/// The word of IDENTIFY DEVICE.
fn word(device: &mut Device, number: usize) -> u16 {
    let (_, data) = both(device, &task(0xec, 0, 0, 0), &[]);
    u16::from_le_bytes([data[number * 2], data[number * 2 + 1]])
}

/// A password command; the password is "PurgeProof".
fn secure(device: &mut Device, command: u8, control: u16) -> u8 {
    let mut data = vec![0; 512];
    data[..2].copy_from_slice(&control.to_le_bytes());
    data[2..12].copy_from_slice(b"PurgeProof");
    both(device, &task(command, 0, 0, 0), &data).0.0
}

#[test]
fn identify_tells_what_the_drive_is_and_adds_up_to_zero() {
    let bench = slow(121.0, "model = \"ODD\"");
    let mut device = device(&bench);
    let (answer, data) = both(&mut device, &task(0xec, 0, 0, 0), &[]);
    assert_eq!((answer.0, data.len()), (0x50, 512));
    assert_eq!(data.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte)), 0);
    assert_eq!(data[510], 0xa5);
    // "PP0001" in words 10 to 12, first character in the upper half.
    assert_eq!(data[20..28], *b"PP0010  ");
    assert_eq!(data[54..58], *b"DO D");
    // 1 MiB is 800h blocks.
    assert_eq!([word(&mut device, 60), word(&mut device, 100), word(&mut device, 101)], [0x800, 0x800, 0]);
    assert_eq!(word(&mut device, 59), 0xfc00);
    assert_eq!(
        [82, 83, 85, 86, 119, 128].map(|at| word(&mut device, at)),
        [0x046b, 0x7d00, 0x0469, 0xbc00, 0x4008, 0x0021]
    );
    assert_eq!([89, 90, 92, 217].map(|at| word(&mut device, at)), [2, 2, 0xfffe, 1]);
}

#[test]
fn amac_takes_the_place_of_hpa_and_dco() {
    let bench = Bench::new("sata", "ata.hiding = \"amac\"\nfaults.amac-blocks = 256");
    let mut device = device(&bench);
    assert_eq!([82, 83, 119, 100].map(|at| word(&mut device, at)), [0x006b, 0x7400, 0x4108, 0x700]);
    assert_eq!(ask(&mut device, 0x78, 0, 0, 0), (0x50, 0, 0, 0x7ff));
    assert_eq!(ask(&mut device, 0x78, 1, 0, 0x7ff).0, 0x50);
    assert_eq!(word(&mut device, 100), 0x800);
    assert_eq!(ask(&mut device, 0x78, 1, 0, 0x6ff), (0x51, 0x04, 0, 0x6ff));
}

#[test]
fn reads_and_writes_reach_the_accessible_blocks_only() {
    let bench = Bench::new("sata", "faults.hpa-blocks = 256\nfaults.unreadable = [\"16..17\"]");
    let mut device = device(&bench);
    let (answer, data) = both(&mut device, &task(0x25, 0, 2, 4), &[]);
    assert_eq!((answer.0, data.len()), (0x50, 1024));
    assert_eq!(data[..16], *b"CUSTOMER RECORD ");
    assert_eq!(ask(&mut device, 0x25, 0, 8, 10), (0x51, 0x40, 8, 16), "UNC at the first bad block");
    assert_eq!(ask(&mut device, 0x25, 0, 2, 0x6ff).1, 0x10, "IDNF one past the end");
    let (answer, _) = both(&mut device, &task(0x35, 0, 1, 5), &[0x11; 512]);
    assert_eq!(answer.0, 0x50);
    assert_eq!(both(&mut device, &task(0xc8, 0, 1, 5), &[]).1, vec![0x11; 512]);
    let (answer, _) = both(&mut device, &task(0x35, 0, 2, 5), &[0; 512]);
    assert_eq!(answer.1, 0x04, "half of the data");
    // TRIM of two blocks from 5 on.
    let mut ranges = vec![0; 512];
    (ranges[0], ranges[6]) = (5, 2);
    assert_eq!(both(&mut device, &task(0x06, 1, 1, 0), &ranges).0.0, 0x50);
    assert_eq!(both(&mut device, &task(0xc8, 0, 2, 5), &[]).1, vec![0; 1024]);
}

#[test]
fn a_block_erase_runs_and_ends_in_sd4() {
    let bench = slow(3600.0, "faults.hpa-blocks = 256");
    let mut device = device(&bench);
    assert_eq!(status(&mut device), (0x50, 0, 0x0000, 0xffff), "never");
    let (status_register, error, count, progress) = ask(&mut device, 0xb4, 0x12, 0, 0x426b_4572);
    assert_eq!((status_register, error, count, progress), (0x50, 0, 0x4000, 0));
    assert_eq!(ask(&mut device, 0xb4, 0x12, 0, 0x426b_4572), (0x51, 0x04, 0, 0), "a second one");
    assert_eq!(ask(&mut device, 0x25, 0, 1, 0).1, 0x04, "reads are aborted");
    assert_eq!(ask(&mut device, 0xe5, 0, 0, 0), (0x50, 0, 0xff, 0));
    device.tick(Instant::now() + std::time::Duration::from_secs(3601));
    assert_eq!(status(&mut device), (0x50, 0, 0x8000, 0xffff));
    assert_eq!(bench.oracle().customer_blocks, 0, "the protected area too");
    device.power_off();
    device.power_on();
    assert_eq!(status(&mut device).2, 0x8000, "the result outlives power");
}

#[test]
fn wrong_keys_features_and_parameters_start_nothing() {
    let bench = Bench::new("sata", "ata.sanitize = [\"overwrite\"]");
    let mut device = device(&bench);
    let reasons = [
        (0x12, 0, 0x426b_4572, 2),
        (0x99, 0, 0, 2),
        (0x14, 1, 0x4f58_0000_0000, 0),
        (0x14, 1, 0x0000_0000_4f57, 0),
        (0x14, 0x21, 0x4f57_0000_0000, 0),
    ];
    for (feature, count, lba, reason) in reasons {
        assert_eq!(ask(&mut device, 0xb4, feature, count, lba), (0x51, 0x04, count, reason), "{feature:x} {lba:x}");
    }
    assert_eq!(status(&mut device).2, 0);
    assert!(bench.oracle().untouched);
}

#[test]
fn a_failed_sanitize_is_left_as_its_failure_mode_says() {
    let bench = Bench::new("sata", "faults.fail-at-percent = 50");
    let mut device = device(&bench);
    ask(&mut device, 0xb4, 0x12, 0, 0x426b_4572);
    assert_eq!(status(&mut device), (0x51, 0x04, 0, 1));
    assert_eq!(ask(&mut device, 0xb4, 0, 1, 0), (0x51, 0x04, 1, 1), "not to be cleared");
    assert_eq!(ask(&mut device, 0xb4, 0x12, 0x10, 0x426b_4572), (0x51, 0x04, 0x10, 0), "FAILURE MODE 1 after 0");
    assert_eq!(ask(&mut device, 0x25, 0, 1, 0).1, 0x04);
    assert_eq!(ask(&mut device, 0xb4, 0x11, 0, 0x4372_7970).0, 0x50, "another with 0");

    let bench = Bench::new("sata", "faults.fail-at-percent = 50");
    let mut device = self::device(&bench);
    ask(&mut device, 0xb4, 0x12, 0x10, 0x426b_4572);
    assert_eq!(status(&mut device), (0x51, 0x04, 0, 1));
    assert_eq!(ask(&mut device, 0xb4, 0, 1, 0), (0x50, 0, 0x0000, 0xffff));
    assert_eq!(ask(&mut device, 0x25, 0, 1, 0).0, 0x50);
}

#[test]
fn freeze_and_antifreeze_exclude_each_other() {
    let bench = Bench::new("sata", "");
    let mut device = device(&bench);
    assert_eq!(ask(&mut device, 0xb4, 0x20, 0, 0x4672_4c6b), (0x50, 0, 0x2000, 0xffff));
    assert_eq!(ask(&mut device, 0xb4, 0x12, 0, 0x426b_4572), (0x51, 0x04, 0, 3));
    assert_eq!(ask(&mut device, 0xb4, 0x40, 0, 0x416e_7469), (0x51, 0x04, 0, 3));
    device.power_off();
    device.power_on();
    assert_eq!(ask(&mut device, 0xb4, 0x40, 0, 0x416e_7469).0, 0x50);
    assert_eq!(ask(&mut device, 0xb4, 0x20, 0, 0x4672_4c6b), (0x51, 0x04, 0, 4));
    assert_eq!(status(&mut device).2, 0x1000);
}

#[test]
fn a_sanitize_goes_on_after_a_power_cut() {
    let bench = slow(3600.0, "");
    let mut device = device(&bench);
    ask(&mut device, 0xb4, 0x11, 0, 0x4372_7970);
    device.power_off();
    device.power_on();
    assert_eq!(status(&mut device).2, 0x4000);

    let bench = slow(3600.0, "faults.forgets-over-power-cut = true");
    let mut device = self::device(&bench);
    ask(&mut device, 0xb4, 0x11, 0, 0x4372_7970);
    device.power_off();
    device.power_on();
    assert_eq!(status(&mut device), (0x50, 0, 0x0000, 0xffff));
}

#[test]
fn a_stale_success_is_no_success() {
    let bench = Bench::new("sata", "faults.stale-success = true");
    let mut device = device(&bench);
    assert_eq!(status(&mut device).2, 0x8000);
    assert_eq!(ask(&mut device, 0xb4, 0x12, 0, 0x426b_4572), (0x50, 0, 0x8000, 0xffff));
    assert!(bench.oracle().untouched);
}

#[test]
fn the_normal_erase_leaves_the_protected_area_alone() {
    for (control, left) in [(0, 256), (2, 0)] {
        let bench = Bench::new("sata", "faults.hpa-blocks = 256");
        let mut device = device(&bench);
        assert_eq!(secure(&mut device, 0xf1, 0), 0x50);
        assert_eq!(word(&mut device, 128), 0x0023);
        assert_eq!(ask(&mut device, 0xf3, 0, 0, 0).0, 0x50);
        assert_eq!(secure(&mut device, 0xf4, control), 0x50);
        assert_eq!(word(&mut device, 128), 0x0021);
        assert_eq!(bench.oracle().customer_blocks, left);
    }
}

#[test]
fn the_preparation_must_come_directly_before() {
    let bench = Bench::new("sata", "");
    let mut device = device(&bench);
    secure(&mut device, 0xf1, 0);
    assert_eq!(secure(&mut device, 0xf4, 0), 0x51, "no preparation");
    ask(&mut device, 0xf3, 0, 0, 0);
    word(&mut device, 128);
    assert_eq!(secure(&mut device, 0xf4, 0), 0x51, "IDENTIFY DEVICE came between");
    assert!(bench.oracle().untouched);
}

#[test]
fn a_power_cut_in_an_erase_leaves_the_drive_locked() {
    let bench = slow(3600.0, "");
    let mut device = device(&bench);
    secure(&mut device, 0xf1, 0);
    ask(&mut device, 0xf3, 0, 0, 0);
    let mut data = vec![0; 512];
    data[2..12].copy_from_slice(b"PurgeProof");
    assert_eq!(device.execute(&task(0xf4, 0, 0, 0), &data), Outcome::Busy);
    assert!(device.is_busy() && device.poll(Instant::now()).is_none());
    device.power_off();
    device.power_on();
    assert_eq!(word(&mut device, 128), 0x0027);
    assert_eq!(ask(&mut device, 0x25, 0, 1, 0).1, 0x04);
    assert_eq!(ask(&mut device, 0xb4, 0x12, 0, 0x426b_4572).1, 0x04);
    assert_eq!(status(&mut device).0, 0x50);
    assert_eq!(secure(&mut device, 0xf2, 0), 0x50);
    assert_eq!(secure(&mut device, 0xf6, 0), 0x50);
    assert_eq!(word(&mut device, 128), 0x0021);
}

#[test]
fn a_restricted_sanitize_may_override_a_password() {
    let bench = Bench::new("sata", "ata.sanitize-overrides-security = true\nfaults.security-locked = true");
    let mut device = device(&bench);
    assert_eq!(word(&mut device, 128), 0x0027);
    let (_, page) = both(&mut device, &task(0x2f, 0, 1, 0x0630), &[]);
    assert_eq!(page[48..56], [0xfe, 0, 0, 0, 0, 0, 0, 0x80]);
    assert_eq!(ask(&mut device, 0xb4, 0x12, 0x10, 0x426b_4572).1, 0x04, "not with FAILURE MODE 1");
    assert_eq!(ask(&mut device, 0xb4, 0x12, 0, 0x426b_4572).0, 0x50);
    assert_eq!(status(&mut device).2, 0x8000);
    assert_eq!(word(&mut device, 128), 0x0021);
}

#[test]
fn a_suspend_unfreezes_and_a_reset_does_not() {
    let bench = Bench::new("sata", "faults.frozen-until-suspend = true");
    let mut device = device(&bench);
    device.hard_reset();
    assert_eq!(word(&mut device, 128), 0x0029);
    assert_eq!(secure(&mut device, 0xf1, 0), 0x51);
    // STANDBY IMMEDIATE, as before a suspend, and a reset: the power was not away.
    assert_eq!(ask(&mut device, 0xe0, 0, 0, 0).0, 0x50);
    device.hard_reset();
    assert_eq!(word(&mut device, 128), 0x0029);
    device.power_off();
    device.wake();
    assert_eq!(word(&mut device, 128), 0x0021);
    device.power_off();
    device.power_on();
    assert_eq!(word(&mut device, 128), 0x0029, "the firmware freezes again");
}

#[test]
fn logs_and_smart_tell_of_temperature_and_bad_blocks() {
    let lines = "temperature-c = 41\nata.reallocated = 3\nfaults.unreadable = [\"16..18\"]";
    let bench = Bench::new("sata", lines);
    let mut device = device(&bench);
    let (_, data) = both(&mut device, &task(0xb0, 0xd0, 1, 0xc2_4f00), &[]);
    let raw = |number: u8| data[2..].chunks(12).find(|one| one[0] == number).map(|one| one[5]);
    assert_eq!([5, 194, 197].map(raw), [Some(3), Some(41), Some(2)]);
    assert_eq!(ask(&mut device, 0xb0, 0xda, 0, 0xc2_4f00), (0x50, 0, 0, 0xc2_4f00));
    assert_eq!(ask(&mut device, 0xb0, 0xda, 0, 0).1, 0x04, "without the key");
    let (_, data) = both(&mut device, &task(0x2f, 0, 1, 0), &[]);
    assert_eq!([data[0], data[8], data[0x60]], [1, 8, 9]);
    let (_, data) = both(&mut device, &task(0x2f, 0, 1, 0x0504), &[]);
    assert_eq!([data[2], data[8], data[15]], [5, 41, 0xc0]);
    let (_, data) = both(&mut device, &task(0x47, 0, 1, 0x0330), &[]);
    assert_eq!(data[8..16], [0, 0, 0, 0, 0, 0, 0x08, 0x80]);
    assert_eq!(ask(&mut device, 0x2f, 0, 1, 0x0930).1, 0x04, "page 9 of 9");
}

#[test]
fn a_drive_that_vanishes_answers_nothing_and_returns_as_another() {
    let bench = Bench::new("sata", "faults.vanish-at-io = 1\nfaults.returns-as = \"OTHER\"");
    let mut device = device(&bench);
    assert_eq!(ask(&mut device, 0x25, 0, 1, 0).0, 0x50);
    assert_eq!(device.execute(&task(0x25, 0, 1, 0), &[]), Outcome::Gone);
    assert_eq!(device.execute(&task(0xec, 0, 0, 0), &[]), Outcome::Gone);
    device.hard_reset();
    assert_eq!(both(&mut device, &task(0xec, 0, 0, 0), &[]).1[20..26], *b"TOEH R");
}

#[test]
fn a_scenario_says_nothing_that_cannot_happen() {
    let faulty = |lines: &str| {
        let text = format!("[[drive]]\nserial = \"A\"\nkind = \"sata\"\nsize-mib = 1\n{lines}");
        crate::Scenario::parse(&text).unwrap_err().to_string()
    };
    assert!(faulty("faults.amac-blocks = 8").contains("amac-blocks = 8"));
    assert!(faulty("ata.hiding = \"amac\"\nfaults.dco-blocks = 8").contains("dco-blocks = 8"));
    assert!(faulty("faults.hpa-blocks = 2048").contains("leave none"));
    assert!(faulty("ata.security = false\nfaults.frozen = true").contains("ata.security"));
}

#[test]
fn trusted_receive_leads_to_the_tper() {
    let bench = Bench::new("sata", "tcg = { psid = \"P5ID\" }");
    let mut device = device(&bench);
    assert_eq!(word(&mut device, 48), 0x4001);
    // Level 0 Discovery: protocol 01h, ComID 0001h, one block.
    let (answer, data) = both(&mut device, &task(0x5c, 1, 1, 0x0100), &[]);
    assert_eq!((answer.0, data.len()), (0x50, 512));
    // Data structure revision 1.
    assert_eq!(data[4..8], [0, 0, 0, 1]);
    let bench = Bench::new("sata", "");
    assert_eq!(ask(&mut self::device(&bench), 0x5c, 1, 1, 0x100).1, 0x04);
}
