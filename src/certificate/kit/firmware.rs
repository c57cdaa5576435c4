//! Evidence of erases by firmware: what drives say when it goes well, and when it does not. Bytes as the standards have them.

use purgeproof_core::capability::{Area, Found, Hidden, Obstacle};
use purgeproof_core::firmware::{Answer, Begun, Exchange, Health, Octets, Prepared, Settled, Standing};
use purgeproof_core::marker::{Placed, Sought};

use super::*;

/// The blocks that the host protected area of [`hpa_opened`] holds: 16 MiB.
const HIDDEN: u64 = 32_768;

fn octets(digits: &str) -> Octets {
    Octets::try_from(digits.to_owned()).unwrap()
}

/// A command noted before it is sent and with its answer.
fn destructive(evidence: &mut Evidence, at_ms: u64, command: &str, sent: &str, raw: &str) {
    let before = Exchange { command: command.into(), sent: octets(sent), data_out: None, answer: None };
    evidence.add(at_ms, Fact::Exchanged { exchange: before.clone() });
    let answer = Answer { status: "Successful Completion".into(), raw: octets(raw), data_in: None, took_ms: 12 };
    evidence.add(at_ms + 12, Fact::Exchanged { exchange: Exchange { answer: Some(answer), ..before } });
}

fn asked(
    evidence: &mut Evidence,
    at_ms: u64,
    (command, sent): (&str, &str),
    status: &str,
    raw: &str,
    page: Option<&str>,
) {
    let answer = Answer { status: status.into(), raw: octets(raw), data_in: page.map(octets), took_ms: 3 };
    let exchange = Exchange { command: command.into(), sent: octets(sent), data_out: None, answer: Some(answer) };
    evidence.add(at_ms, Fact::Exchanged { exchange });
}

fn health(temperature_c: i16, media_errors: u64) -> Health {
    Health {
        temperature_c: Some(temperature_c),
        limit_c: Some(70),
        media_errors: Some(media_errors),
        used_percent: Some(7),
        ..Health::default()
    }
}

fn support(present: &[Technique], others: &[(Technique, Support)]) -> Vec<(Technique, Support)> {
    present.iter().map(|technique| (*technique, Support::Present)).chain(others.iter().cloned()).collect()
}

/// An NVMe drive that has all three sanitize actions but Overwrite.
pub(crate) fn nvme_plan() -> Plan {
    use Technique::{Overwrite, SanitizeBlockErase, SanitizeCryptoErase, SanitizeOverwrite};
    let capabilities = Capabilities {
        techniques: support(
            &[SanitizeCryptoErase, SanitizeBlockErase, Overwrite, Technique::FormatUserDataErase],
            &[
                (SanitizeOverwrite, Support::Absent),
                (Technique::TcgRevert, Support::Blocked("the PSID from the drive's label was not given".into())),
            ],
        ),
        hidden: vec![
            Hidden { area: Area::UnattachedNamespaces, found: Found::Nothing },
            Hidden { area: Area::UnallocatedCapacity, found: Found::Nothing },
        ],
        ..Capabilities::default()
    };
    plan(&drive(), &capabilities, &Policy::default()).unwrap()
}

/// Up to the markers.
fn marked(plan: Plan, hidden: Vec<Hidden>, landed: u64) -> Evidence {
    let found = plan.drive.clone();
    let mut evidence = begun(plan);
    evidence.add(60_100, Fact::Opened { found });
    let prepared = Prepared { hidden, health: health(41, 0), ..Prepared::default() };
    evidence.add(60_150, Fact::Prepared { prepared });
    evidence.add(61_000, Fact::MarkersPlaced { placed: Placed { places: 4610, landed, witnesses: 3907 } });
    evidence
}

/// SANITIZE of NVMe 2.1: opcode 84h, namespace 0, CDW10 with the action; then log page 81h until `SSTAT` says "completed".
fn nvme_step(evidence: &mut Evidence, at_ms: u64, technique: Technique, cdw10: &str, took_ms: u64) {
    evidence.add(at_ms, Fact::EraseBegan { technique });
    let sent = format!("8400000000000000{cdw10}0000000000000000000000000000000000000000");
    destructive(evidence, at_ms, "SANITIZE", &sent, "000000000000");
    evidence.add(at_ms + 12, Fact::EraseAnswered { begun: Begun::Accepted { estimate_s: Some(20) } });
    // NUMDL 127 and log page 81h in CDW10: 007f0081h.
    let poll = "02000000ffffffff81007f000000000000000000000000000000000000000000";
    let log = ("GET LOG PAGE, SANITIZE STATUS", poll);
    let page = |sprog_sstat: &str| format!("{sprog_sstat}{cdw10}ffffffff1400000002000000{}", "00".repeat(492));
    asked(evidence, at_ms + 115, log, "Successful Completion", "000000000000", Some(&page("00400200")));
    let standing = Standing::InProgress { progress: Some(0x4000) };
    evidence.add(at_ms + 120, Fact::Stands { standing });
    asked(evidence, at_ms + took_ms - 5, log, "Successful Completion", "000000000000", Some(&page("ffff0101")));
    evidence.add(at_ms + took_ms, Fact::Stands { standing: Standing::Completed });
    evidence.add(at_ms + took_ms + 10, Fact::Settled { settled: Settled::default() });
}

fn nothing_hidden() -> Vec<Hidden> {
    nvme_plan().hidden
}

fn gone(evidence: &mut Evidence, at_ms: u64) {
    let sought = Sought { constant: 4610, ..Sought::default() };
    evidence.add(at_ms, Fact::MarkersSought { sought });
}

fn read_back(evidence: &mut Evidence, at_ms: u64, blocks: u64, expect: Expect, constant: Option<u8>) {
    evidence.add(at_ms, Fact::VerifyBegan { coverage: Coverage::Full, places: 1, expect });
    let ended = Fact::VerifyEnded { report: whole(blocks), mismatches: Mismatches::default(), constant };
    evidence.add(at_ms + 20_500, ended);
    evidence.add(at_ms + 20_600, Fact::Health { health: health(44, 0) });
}

/// PURGED by NVMe sanitize: a change of key, then a block erase, row N2.
pub(crate) fn purged() -> Evidence {
    purged_with(nothing_hidden())
}

/// The same as a company has it done, on a drive with areas that no command can look for.
pub(crate) fn ordinary() -> Evidence {
    let told = |register| Found::Unknown(format!("only a register tells, {register}, which no command reads"));
    let areas = [
        (Area::BootPartitions, told("CAP.BPS")),
        (Area::ReplayProtectedMemory, Found::Closed { size: Bytes(1 << 20) }),
        (Area::PersistentMemoryRegion, told("CAP.PMRS")),
    ];
    let areas = areas.into_iter().map(|(area, found)| Hidden { area, found });
    let mut evidence = purged_with(nothing_hidden().into_iter().chain(areas).collect());
    evidence.plan.rule = Some("for reuse".into());
    evidence.setting.record.note = "Rack 7, tray 12. To be shipped with the certificate in the box.".into();
    evidence
}

fn purged_with(hidden: Vec<Hidden>) -> Evidence {
    let mut evidence = marked(nvme_plan(), hidden, 4610);
    nvme_step(&mut evidence, 61_100, Technique::SanitizeCryptoErase, "04000000", 2_400);
    nvme_step(&mut evidence, 64_000, Technique::SanitizeBlockErase, "02000000", 14_000);
    gone(&mut evidence, 79_000);
    read_back(&mut evidence, 80_000, BLOCKS, Expect::Erased, Some(0));
    evidence
}

/// PURGED at the second time: the first time the drive, which an erase had failed on before, took no markers.
pub(crate) fn erased_twice() -> Evidence {
    let mut evidence = marked(nvme_plan(), nothing_hidden(), 0);
    nvme_step(&mut evidence, 61_100, Technique::SanitizeCryptoErase, "04000000", 2_400);
    nvme_step(&mut evidence, 64_000, Technique::SanitizeBlockErase, "02000000", 14_000);
    evidence.add(79_000, Fact::MarkersSought { sought: Sought::default() });
    evidence.add(79_500, Fact::MarkersPlaced { placed: Placed { places: 4610, landed: 4610, witnesses: 0 } });
    nvme_step(&mut evidence, 80_000, Technique::SanitizeCryptoErase, "04000000", 2_400);
    nvme_step(&mut evidence, 83_000, Technique::SanitizeBlockErase, "02000000", 14_000);
    gone(&mut evidence, 98_000);
    read_back(&mut evidence, 99_000, BLOCKS, Expect::Erased, Some(0));
    evidence
}

/// CLEARED, row N7: a Format that could not be tested, for the drive took no markers, and then an overwrite that was read back.
pub(crate) fn formatted_unmarked() -> Evidence {
    use Technique::{FormatUserDataErase, Overwrite};
    let techniques = support(&[FormatUserDataErase, Overwrite], &[]);
    let capabilities = Capabilities { techniques, hidden: nothing_hidden(), ..Capabilities::default() };
    let plan = plan(&drive(), &capabilities, &Policy::default()).unwrap();
    let mut evidence = marked(plan, nothing_hidden(), 0);
    evidence.add(61_100, Fact::EraseBegan { technique: FormatUserDataErase });
    // FORMAT NVM of NVMe 2.1: opcode 80h, namespace 1, SES = 001b in CDW10.
    let sent = "800000000100000000020000000000000000000000000000000000000000000000000000";
    destructive(&mut evidence, 61_100, "FORMAT NVM", sent, "000000000000");
    evidence.add(61_900, Fact::EraseAnswered { begun: Begun::Completed });
    evidence.add(61_910, Fact::Settled { settled: Settled::default() });
    evidence.add(61_950, Fact::MarkersSought { sought: Sought::default() });
    evidence.add(62_000, Fact::PassBegan { number: 1, pattern: Pattern::Random });
    evidence.add(75_200, Fact::PassEnded { number: 1, report: whole(BLOCKS) });
    evidence.add(75_900, Fact::Flushed);
    read_back(&mut evidence, 80_000, BLOCKS, RANDOM, None);
    evidence
}

pub(crate) fn disk() -> Identity {
    Identity {
        model: "WDC WD10EZEX-00BN5A0".into(),
        serial: Some(Serial { text: "WD-WCC3F1234567".into(), source: SerialSource::AtaIdentify }),
        wwn: Some("naa.50014ee2b1c2d3e4".into()),
        firmware: Some("01.01A01".into()),
        transport: Transport::Ata,
        medium: Medium::Magnetic,
        ..drive()
    }
}

fn disk_plan(present: &[Technique], found: Found) -> Plan {
    let capabilities = Capabilities {
        techniques: support(
            present,
            &[(Technique::SanitizeCryptoErase, Support::Absent), (Technique::SanitizeBlockErase, Support::Absent)],
        ),
        hidden: vec![
            Hidden { area: Area::HostProtectedArea, found },
            Hidden { area: Area::DeviceConfigurationOverlay, found: Found::Nothing },
            Hidden { area: Area::AccessibleMaxAddress, found: Found::Nothing },
        ],
        obstacles: vec![Obstacle::Frozen],
        ..Capabilities::default()
    };
    plan(&disk(), &capabilities, &Policy::default()).unwrap()
}

/// SANITIZE DEVICE, OVERWRITE EXT (ACS-4 §7.32): feature 0014h, count 0001h, LBA 4F57h and the pattern, by ATA PASS-THROUGH (16).
const OVERWRITE_EXT: &str = "85072000140001000057004f0000b400";

/// PURGED by ATA sanitize: row H1, after a host protected area was opened.
pub(crate) fn hpa_opened() -> Evidence {
    use Technique::{Overwrite, SanitizeOverwrite};
    let size = Bytes(HIDDEN * 512);
    let plan = disk_plan(&[SanitizeOverwrite, Overwrite], Found::Closed { size });
    let mut hidden = plan.hidden.clone();
    hidden[0].found = Found::Opened { size };
    let capacity = Bytes((BLOCKS + HIDDEN) * 512);
    let mut evidence = begun(plan);
    evidence.add(60_100, Fact::Opened { found: disk() });
    let before = Health { reallocated: Some(3), pending: Some(0), ..health(33, 0) };
    let prepared = Prepared { hidden, health: before, capacity: Some(capacity), ..Prepared::default() };
    evidence.add(60_150, Fact::Prepared { prepared });
    evidence.add(60_900, Fact::Opened { found: Identity { capacity, ..disk() } });
    evidence.add(61_000, Fact::MarkersPlaced { placed: Placed { places: 4610, landed: 4610, witnesses: 4011 } });
    evidence.add(61_100, Fact::EraseBegan { technique: SanitizeOverwrite });
    destructive(&mut evidence, 61_100, "SANITIZE DEVICE, OVERWRITE EXT", OVERWRITE_EXT, "00500000000000000000");
    evidence.add(61_112, Fact::EraseAnswered { begun: Begun::Accepted { estimate_s: Some(9) } });
    let ext = ("SANITIZE DEVICE, SANITIZE STATUS EXT", "8507200000000000000000000000b400");
    asked(&mut evidence, 70_990, ext, "SANITIZE OPERATION COMPLETED WITHOUT ERROR", "0050008000000000ffff", None);
    evidence.add(71_000, Fact::Stands { standing: Standing::Completed });
    evidence.add(71_010, Fact::Settled { settled: Settled::default() });
    gone(&mut evidence, 79_000);
    read_back(&mut evidence, 80_000, BLOCKS + HIDDEN, Expect::Pattern(Pattern::Byte(0)), None);
    evidence
}

/// NOT ERASED: it reports a sanitize as complete, and what was on it is still there. There is no leave for less.
pub(crate) fn liar() -> Evidence {
    let mut evidence = marked(nvme_plan(), nothing_hidden(), 4610);
    nvme_step(&mut evidence, 61_100, Technique::SanitizeCryptoErase, "04000000", 2_400);
    nvme_step(&mut evidence, 64_000, Technique::SanitizeBlockErase, "02000000", 2_100);
    let sought = Sought {
        markers_left: 4610,
        witnesses_left: 3907,
        first_left: (0..16).map(|place| Lba(place * 113)).collect(),
        ..Sought::default()
    };
    evidence.add(79_000, Fact::MarkersSought { sought });
    evidence
}

/// CLEARED after a fall: the drive refuses to sanitize itself, and the policy gives leave for a Clear.
pub(crate) fn fallen() -> Evidence {
    use Technique::{Overwrite, SanitizeOverwrite};
    let plan = Plan {
        floor: purgeproof_core::technique::Level::Clear,
        ..disk_plan(&[SanitizeOverwrite, Overwrite], Found::Nothing)
    };
    let hidden = plan.hidden.clone();
    let mut evidence = marked(plan, hidden, 4610);
    evidence.add(61_100, Fact::EraseBegan { technique: SanitizeOverwrite });
    destructive(&mut evidence, 61_100, "SANITIZE DEVICE, OVERWRITE EXT", OVERWRITE_EXT, "04510000000000000000");
    let why = "ABORT: sanitize is frozen until power is cycled".into();
    evidence.add(61_112, Fact::EraseAnswered { begun: Begun::Refused { why } });
    evidence.add(61_113, Fact::FellThrough { way: 1 });
    evidence.add(61_200, Fact::PassBegan { number: 1, pattern: Pattern::Random });
    evidence.add(75_200, Fact::PassEnded { number: 1, report: whole(BLOCKS) });
    evidence.add(75_900, Fact::Flushed);
    read_back(&mut evidence, 80_000, BLOCKS, RANDOM, None);
    evidence
}

/// INDETERMINATE: the path to the drive drops the registers that the status of its sanitize comes in.
pub(crate) fn registers_dropped() -> Evidence {
    use Technique::{Overwrite, SanitizeOverwrite};
    let plan = disk_plan(&[SanitizeOverwrite, Overwrite], Found::Nothing);
    let hidden = plan.hidden.clone();
    let mut evidence = marked(plan, hidden, 4610);
    evidence.add(61_100, Fact::EraseBegan { technique: SanitizeOverwrite });
    destructive(&mut evidence, 61_100, "SANITIZE DEVICE, OVERWRITE EXT", OVERWRITE_EXT, "00500000000000000000");
    evidence.add(61_112, Fact::EraseAnswered { begun: Begun::Accepted { estimate_s: None } });
    let ext = ("SANITIZE DEVICE, SANITIZE STATUS EXT", "8507200000000000000000000000b400");
    let why = "GOOD without the registers that were asked for (CK_COND)";
    asked(&mut evidence, 61_300, ext, why, "00", None);
    evidence.add(61_300, Fact::Stands { standing: Standing::Unknown { why: why.into() } });
    evidence
}

/// PURGED by Security Erase in enhanced mode, row H3: a disk with platters, its command in the foreground.
pub(crate) fn security_erased() -> Evidence {
    use Technique::{Overwrite, SecurityEraseEnhanced, SecurityEraseNormal};
    let plan = disk_plan(&[SecurityEraseEnhanced, SecurityEraseNormal, Overwrite], Found::Nothing);
    let hidden = plan.hidden.clone();
    let mut evidence = marked(plan, hidden, 4610);
    evidence.add(61_100, Fact::EraseBegan { technique: SecurityEraseEnhanced });
    let set = ("SECURITY SET PASSWORD (password left out)", "850a260000000100000000000000f100");
    destructive(&mut evidence, 61_100, set.0, set.1, "00500000000000000000");
    destructive(
        &mut evidence,
        61_120,
        "SECURITY ERASE PREPARE",
        "8506200000000000000000000000f300",
        "00500000000000000000",
    );
    let unit = ("SECURITY ERASE UNIT (password left out)", "850a260000000100000000000000f400");
    destructive(&mut evidence, 61_140, unit.0, unit.1, "00500000000000000000");
    evidence.add(78_000, Fact::EraseAnswered { begun: Begun::Completed });
    evidence.add(78_010, Fact::Settled { settled: Settled::default() });
    gone(&mut evidence, 79_000);
    read_back(&mut evidence, 80_000, BLOCKS, Expect::Erased, Some(0));
    evidence
}
