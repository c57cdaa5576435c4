use super::*;
use crate::drive::tests::Bench;

fn bench(lines: &str) -> Bench {
    let mut bench = Bench::new("emmc", lines);
    bench.spec.serial = "1A2B3C4D".to_owned();
    bench
}

fn card(bench: &Bench) -> Card {
    let mut card = Card::new(bench.drive()).unwrap();
    card.command(7, 0x0001_0000, &[], 0);
    // ERASE_GROUP_DEF, as every host sets it.
    assert_eq!(status_of(&mut card, 6, 0x03af_0100), READY);
    card
}

/// Transfer state, `READY_FOR_DATA`.
const READY: u128 = 0x900;

fn status_of(card: &mut Card, index: u8, argument: u32) -> u128 {
    match card.command(index, argument, &[], 0) {
        Reply::Response(status, _) => status,
        other => panic!("CMD{index}: {other:?}"),
    }
}

fn read(card: &mut Card, block: u32) -> Vec<u8> {
    match card.command(17, block, &[], 512) {
        Reply::Response(READY, data) => data,
        other => panic!("{other:?}"),
    }
}

/// CMD35, CMD36, CMD38, and the status after it.
fn erase(card: &mut Card, first: u32, last: u32, argument: u32) -> u128 {
    status_of(card, 35, first);
    status_of(card, 36, last);
    status_of(card, 38, argument);
    card.tick(Instant::now());
    status_of(card, 13, 0)
}

const SANITIZE: u32 = 0x03a5_0100;

fn sanitize(card: &mut Card) -> u128 {
    status_of(card, 6, SANITIZE);
    card.tick(Instant::now());
    status_of(card, 13, 0)
}

/// 1 MiB: 1536 blocks for the user, two boot areas of 256.
#[test]
fn the_extended_csd_tells_the_areas() {
    let bench = bench("");
    let Reply::Response(_, register) = card(&bench).command(8, 0, &[], 512) else { panic!() };
    assert_eq!(register[212..216], [0, 6, 0, 0]);
    assert_eq!((register[192], register[226], register[168], register[231]), (8, 1, 1, 0x51));
    assert_eq!(register[175], 1);
}

#[test]
fn an_erase_leaves_the_medium_to_the_sanitize() {
    let bench = bench("");
    let mut card = card(&bench);
    assert_eq!(read(&mut card, 5)[..16], *b"CUSTOMER RECORD ");
    // Whole groups of 1024 blocks: the first one and what is left of the second.
    assert_eq!(erase(&mut card, 5, 1100, 0), READY);
    assert_eq!(read(&mut card, 0), [0; 512]);
    assert_eq!(read(&mut card, 1535), [0; 512]);
    assert_eq!(bench.oracle().customer_blocks, 2048);
    assert_eq!(sanitize(&mut card), READY);
    assert_eq!(bench.oracle().customer_blocks, 512);
    // The boot areas, by PARTITION_ACCESS.
    for access in [0x03b3_0100, 0x03b3_0200] {
        status_of(&mut card, 6, access);
        assert_eq!(read(&mut card, 255)[..8], *b"CUSTOMER");
        assert_eq!(erase(&mut card, 0, 255, 0), READY);
    }
    assert_eq!(sanitize(&mut card), READY);
    assert_eq!(bench.oracle().customer_blocks, 0);
}

#[test]
fn a_sanitize_alone_removes_nothing_that_is_mapped() {
    let bench = bench("");
    let mut card = card(&bench);
    assert_eq!(sanitize(&mut card), READY);
    assert!(bench.oracle().untouched);
}

#[test]
fn trim_is_exact_and_secure_kinds_reach_the_medium() {
    let bench = bench("");
    let mut card = card(&bench);
    assert_eq!(erase(&mut card, 5, 6, 1), READY);
    assert_eq!(read(&mut card, 6), [0; 512]);
    assert_eq!(read(&mut card, 7)[..8], *b"CUSTOMER");
    assert_eq!(bench.oracle().customer_blocks, 2048);
    // Secure trim: marked, then done.
    assert_eq!(erase(&mut card, 8, 9, 0x8000_0001), READY);
    assert_eq!(bench.oracle().customer_blocks, 2048);
    assert_eq!(erase(&mut card, 8, 9, 0x8000_8000), READY);
    assert_eq!(bench.oracle().customer_blocks, 2046);
    // Secure erase: the whole group.
    assert_eq!(erase(&mut card, 8, 9, 0x8000_0000), READY);
    assert_eq!(bench.oracle().customer_blocks, 1024);
    // Discard: nothing.
    assert_eq!(erase(&mut card, 1030, 1031, 3), READY);
    assert_eq!(read(&mut card, 1030)[..8], *b"CUSTOMER");
}

#[test]
fn a_wrong_order_and_wrong_addresses_are_told() {
    let bench = bench("");
    let mut card = card(&bench);
    assert_eq!(status_of(&mut card, 38, 0), READY | 1 << 28);
    assert_eq!(status_of(&mut card, 36, 0), READY | 1 << 28);
    assert_eq!(status_of(&mut card, 35, 1536), READY | 1 << 31);
    assert_eq!(erase(&mut card, 9, 8, 0), READY);
    status_of(&mut card, 35, 9);
    status_of(&mut card, 36, 7);
    assert_eq!(status_of(&mut card, 38, 0), READY | 1 << 27);
    assert_eq!(card.command(17, 1536, &[], 512), Reply::BadData(READY | 1 << 31));
    assert_eq!(card.command(52, 0, &[], 0), Reply::Silence);
    assert_eq!(status_of(&mut card, 13, 0), READY | 1 << 22);
    // Read-only fields: the status after it tells.
    assert_eq!(status_of(&mut card, 6, 0x03e7_0000), READY);
    assert_eq!(status_of(&mut card, 13, 0x0001_0000), READY | 1 << 7);
}

#[test]
fn it_is_busy_while_it_sanitizes_and_tells_a_failure_afterwards() {
    let mut bench = bench("faults.fail-at-percent = 50");
    bench.spec.sanitize_s = 3600.0;
    let mut card = card(&bench);
    erase(&mut card, 0, 1535, 0);
    // Programming, not ready.
    assert_eq!(status_of(&mut card, 6, SANITIZE), READY);
    assert_eq!(status_of(&mut card, 13, 0x0001_0000), 0xe00);
    assert!(card.is_busy());
    assert_eq!(card.command(17, 0, &[], 512), Reply::Silence);
    card.tick(Instant::now() + std::time::Duration::from_hours(1));
    assert!(!card.is_busy());
    // ERROR, ILLEGAL_COMMAND (of the read), SWITCH_ERROR.
    assert_eq!(status_of(&mut card, 13, 0), READY | 1 << 22 | 1 << 19 | 1 << 7);
    assert_eq!(status_of(&mut card, 13, 0), READY);
    assert!((768 + 512 - 16..=768 + 512 + 16).contains(&bench.oracle().customer_blocks));
}

#[test]
fn a_power_cut_ends_a_sanitize_and_the_medium_keeps_what_was_erased() {
    let mut bench = bench("");
    bench.spec.sanitize_s = 3600.0;
    let mut card = card(&bench);
    erase(&mut card, 0, 1535, 0);
    status_of(&mut card, 6, SANITIZE);
    card.power_off();
    card.power_on();
    assert!(!card.is_busy());
    assert_eq!(bench.oracle().customer_blocks, 2048);
    assert_eq!(card.command(17, 3, &[], 512), Reply::Response(0x700, vec![0; 512]));
}

#[test]
fn protection_skips_erases_and_refuses_writes() {
    let bench = bench("faults.write-protected = true");
    let mut card = card(&bench);
    status_of(&mut card, 35, 0);
    status_of(&mut card, 36, 1535);
    assert_eq!(status_of(&mut card, 38, 0), READY | 1 << 15);
    assert_eq!(card.command(24, 0, &[0; 512], 0), Reply::Response(READY | 1 << 26, Vec::new()));
    assert_eq!(card.command(31, 0, &[], 8), Reply::Response(READY, vec![0xaa; 8]));
    assert!(bench.oracle().untouched);

    let bench = self::bench("emmc.boot-protected = true");
    let mut card = self::card(&bench);
    assert_eq!(card.command(24, 0, &[0; 512], 0), Reply::Response(READY, Vec::new()));
    status_of(&mut card, 6, 0x03b3_0100);
    assert_eq!(card.command(24, 0, &[0; 512], 0), Reply::Response(READY | 1 << 26, Vec::new()));
}

#[test]
fn liars_and_refusals() {
    let bench = bench("faults.lies = \"keeps 4..6\"");
    let mut card = card(&bench);
    erase(&mut card, 0, 1535, 0);
    assert_eq!(read(&mut card, 4)[..8], *b"CUSTOMER");
    assert_eq!(read(&mut card, 6), [0; 512]);
    sanitize(&mut card);
    assert_eq!(bench.oracle().customer_blocks, 512 + 2);

    let bench = self::bench("faults.refuses = [\"sanitize\"]\nfaults.silently-ignores = [\"erase\"]");
    let mut card = self::card(&bench);
    assert_eq!(erase(&mut card, 0, 1535, 0), READY);
    assert_eq!(read(&mut card, 4)[..8], *b"CUSTOMER");
    assert_eq!(sanitize(&mut card), READY | 1 << 7);
    let bench = self::bench("emmc.sanitize = false\nemmc.trim = false");
    let mut card = self::card(&bench);
    assert_eq!(sanitize(&mut card), READY | 1 << 7);
    status_of(&mut card, 35, 0);
    status_of(&mut card, 36, 0);
    assert_eq!(status_of(&mut card, 38, 1), READY | 1 << 27);
}

#[test]
fn bad_blocks_are_reported_by_the_next_status() {
    let bench = bench("faults.unreadable = [\"3..4\"]\nfaults.unwritable = [\"7..8\"]");
    let mut card = card(&bench);
    assert_eq!(card.command(18, 0, &[], 4096), Reply::BadData(READY));
    assert_eq!(status_of(&mut card, 13, 0), READY | 1 << 21);
    assert_eq!(card.command(25, 4, &[0; 2048], 0), Reply::Response(READY | 1 << 19, Vec::new()));
}

#[test]
fn a_serial_number_that_the_cid_cannot_hold_is_refused() {
    let bench = Bench::new("emmc", "");
    let error = Card::new(bench.drive()).unwrap_err().to_string();
    assert!(error.contains("eight hexadecimal digits"), "{error}");
}

#[test]
fn asleep_it_answers_only_to_being_woken() {
    let bench = bench("");
    let mut card = card(&bench);
    assert_eq!(card.command(7, 0, &[], 0), Reply::Silence);
    // Standby state, READY_FOR_DATA.
    assert_eq!(status_of(&mut card, 5, 0x0001_8000), 0x700);
    assert_eq!(card.command(13, 0x0001_0000, &[], 0), Reply::Silence);
    assert_eq!(status_of(&mut card, 5, 0x0001_0000), 0x700);
    assert_eq!(status_of(&mut card, 13, 0x0001_0000), 0x700);
    assert_eq!(card.command(5, 0, &[], 0), Reply::Silence, "SDIO's question");
}
