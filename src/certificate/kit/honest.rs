//! Certificates as they are issued, and what they say.

use purgeproof_core::capability::{Found, Hidden, Obstacle};

use super::*;
use crate::claims::{End, Raw};
use crate::code::Coded;
use crate::reason::Because;

/// One piece of evidence of each kind.
fn every() -> Vec<Evidence> {
    let by_drive =
        [purged(), erased_twice(), formatted_unmarked(), hpa_opened(), liar(), fallen(), registers_dropped()];
    let schemes = ["dod-short", "navso-p-5239-26-rll", "gutmann", "house rule"].map(by_scheme);
    [cleared(), sampled(), failing(), hasty()].into_iter().chain(by_drive).chain(schemes).collect()
}

#[test]
fn a_certificate_goes_there_and_back_in_every_form() {
    for evidence in every() {
        let certificate = issue(&evidence);
        assert!(certificate.verify(None).holds(), "{:?}", certificate.verify(None));
        assert_eq!(Certificate::parse(certificate.bytes()).unwrap(), certificate);
        assert_eq!(Certificate::from_qr_text(&certificate.qr_text()).unwrap(), certificate);
        for form in [certificate.bytes(), certificate.qr_text().as_bytes(), certificate.json().as_bytes()] {
            assert_eq!(Certificate::read_any(form).unwrap(), certificate);
        }
        let bundle = evidence_bundle(&evidence).unwrap();
        assert_eq!(certificate.evidence_matches(&bundle), Ok(evidence));
    }
}

/// Every reason that there is, whatever they have to do with each other.
pub(super) fn every_reason() -> Vec<Because> {
    let regions =
        || Regions { extents: vec![Extent::new(8, 8), Extent::new(u64::MAX - 1, 1)], blocks: Blocks(u64::MAX) };
    let obstacles =
        [Obstacle::Frozen, Obstacle::Locked, Obstacle::WriteProtected, Obstacle::Sanitizing, Obstacle::SanitizeFailed]
            .map(Reason::InTheWay);
    let size = Bytes(u64::MAX);
    let found = [Found::Nothing, Found::Closed { size }, Found::Opened { size }, Found::Unknown("why".into())];
    let hidden = (1..=11).zip(found.into_iter().cycle()).map(|(code, found)| {
        Reason::HiddenAreaKept(Hidden { area: crate::code::Code::from_code(code).unwrap(), found })
    });
    let reasons = vec![
        Reason::AllReadBack,
        Reason::SampleReadBack { places: 4610, bound_ppm: 999 },
        Reason::NothingWritten,
        Reason::NotOpened(OpenError::Gone),
        Reason::NotOpened(OpenError::Busy),
        Reason::NotOpened(OpenError::Refused { errno: -1 }),
        Reason::OtherDrive,
        Reason::Unwritable(regions()),
        Reason::Unreadable(regions()),
        Reason::Mismatch(Mismatches { blocks: Blocks(3), first: vec![Lba(0), Lba(u64::MAX)] }),
        Reason::Abandoned(Lba(77)),
        Reason::GoneWhileWriting,
        Reason::GoneWhileReading,
        Reason::NotFlushed,
        Reason::Stopped,
        Reason::Crashed,
        Reason::Unfinished,
        Reason::ErasedByDrive(Technique::ALL.to_vec()),
        Reason::MarkersGone { places: 4610, bound_ppm: 999 },
        Reason::AllErased(None),
        Reason::AllErased(Some(0)),
        Reason::SampleErased { places: 1, constant: None },
        Reason::SampleErased { places: 1, constant: Some(0xff) },
        Reason::TooHot,
        Reason::Refused(Technique::TcgRevert, "no".into()),
        Reason::EraseFailed(Technique::FormatUnit, "broken".into()),
        Reason::Ignored(Technique::SecureErase),
        Reason::NoAnswer(Technique::SecurityEraseNormal, "ETIMEDOUT".into()),
        Reason::StatusUnreadable("no registers".into()),
        Reason::Stalled(u64::MAX),
        Reason::GoneWhileErasing,
        Reason::LeftInDisorder("security is on".into()),
        Reason::Survived { markers: 1, witnesses: 0, first: vec![Lba(0)] },
        Reason::MarkersTooFew { landed: 1, places: 4610 },
        Reason::ImplausiblyFast { took_ms: 0 },
        Reason::FasterThanItsLink { bytes: Bytes(u64::MAX), took_ms: 1000, link: LineRate(1) },
    ]
    .into_iter()
    .chain(obstacles)
    .chain(hidden);
    reasons.map(Because).collect()
}

#[test]
fn every_reason_goes_there_and_back() {
    let mut claims = issue(&failing()).claims().clone();
    claims.statement.reasons = every_reason();
    let certificate = Certificate::seal(Typ::Certificate, claims.clone(), &key()).unwrap();
    assert_eq!(*Certificate::parse(certificate.bytes()).unwrap().claims(), claims);
}

#[test]
fn the_outcome_is_the_evidences_own_and_so_is_everything_else() {
    let mut stopped = written(plan_for(&drive()));
    stopped.add(82_000, Fact::Stopped);
    for (evidence, outcome) in [
        (cleared(), Outcome::Cleared),
        (failing(), Outcome::NotErased),
        (hasty(), Outcome::Indeterminate),
        (stopped, Outcome::Indeterminate),
        (purged(), Outcome::Purged),
        (erased_twice(), Outcome::Purged),
        (formatted_unmarked(), Outcome::Cleared),
        (hpa_opened(), Outcome::Purged),
        (liar(), Outcome::NotErased),
        (fallen(), Outcome::Cleared),
        (registers_dropped(), Outcome::Indeterminate),
    ] {
        let certificate = issue(&evidence);
        assert_eq!((certificate.claims().statement.outcome.0, evidence.verdict().outcome), (outcome, outcome));
        assert!(certificate.verify(None).holds());
    }
}

#[test]
fn the_certificate_of_a_failing_drive_lists_a_few_places_and_counts_all() {
    let certificate = issue(&failing());
    let Reason::Unreadable(regions) = &certificate.claims().statement.reasons[0].0 else { panic!() };
    assert_eq!((regions.extents.len(), regions.blocks), (16, Blocks(2400)));
    assert!(certificate.bytes().len() < 1024, "{}", certificate.bytes().len());
}

#[test]
fn other_evidence_is_told_apart_by_what_differs() {
    let certificate = issue(&cleared());
    let bundle = evidence_bundle(&cleared()).unwrap();
    let mut changed = bundle.clone();
    changed.push(b' ');
    assert_eq!(certificate.evidence_matches(&changed), Err(Disagreement::Hash));
    assert_eq!(certificate.evidence_matches(b""), Err(Disagreement::Hash));
    // A signer who swears to evidence that says other things.
    let swear = |evidence: &Evidence, lie: fn(&mut Claims)| {
        let mut claims = certificate.claims().clone();
        claims.statement.evidence_sha256 = Sha256::digest(evidence_bundle(evidence).unwrap()).into();
        lie(&mut claims);
        let sworn = Certificate::seal(Typ::Certificate, claims, &key()).unwrap();
        assert!(sworn.verify(None).holds());
        sworn.evidence_matches(&evidence_bundle(evidence).unwrap()).unwrap_err()
    };
    assert_eq!(swear(&failing(), |_| ()), Disagreement::Verdict { derived: Outcome::NotErased });
    assert_eq!(swear(&cleared(), |it| it.statement.device.serial = Some("S2".into())), Disagreement::Drive);
    assert_eq!(swear(&cleared(), |it| it.statement.operator = None), Disagreement::Circumstances);
    assert_eq!(swear(&cleared(), |it| it.id = JobId([0; 16])), Disagreement::Circumstances);
}

#[test]
fn certificates_of_a_log_hold_on_to_each_other() {
    let first = issue(&cleared());
    let second = Certificate::issue(&sampled(), &key(), Link::after(&first), ISSUED).unwrap();
    let link = &second.claims().statement.link;
    assert_eq!((link.seq, link.prev, link.log), (2, first.sha256(), *b"\x66\x35\x55\xdd\x49\x5b\x3e\x9d"));
    let log = [first.bytes(), second.bytes()].concat();
    let read: Vec<Certificate> = sequence::certificates(&log).map(Result::unwrap).collect();
    assert_eq!(read, [first.clone(), second]);
    // A power cut while the second was being written.
    let torn: Vec<_> = sequence::certificates(&log[..log.len() - 1]).collect();
    assert!(matches!(torn.as_slice(), [Ok(kept), Err(_)] if *kept == first));
}

#[test]
fn a_clock_that_was_set_back_does_not_issue_before_the_end() {
    let certificate = Certificate::issue(&cleared(), &key(), link(), 0).unwrap();
    assert_eq!(certificate.claims().issued_unix_s, 1_795_252_841);
    assert!(certificate.verify(None).holds());
}

#[test]
fn file_names_are_safe_on_every_filesystem() {
    let stem = |serial: Option<&str>, model: &str| {
        let serial = serial.map(|text| Serial { text: text.into(), source: SerialSource::AtaIdentify });
        issue(&begun(plan_for(&Identity { serial, model: model.into(), ..drive() }))).file_stem()
    };
    assert_eq!(stem(Some("DEMO-NVME-0001"), ""), "2026-11-21-DEMO-NVME-0001-1a2b3c4d");
    assert_eq!(stem(Some("../..\\con:*?\"<>|"), ""), "2026-11-21-con-1a2b3c4d");
    assert_eq!(stem(None, "WDC WD10EZEX"), "2026-11-21-WDC-WD10EZEX-1a2b3c4d");
    assert_eq!(stem(None, "東京"), "2026-11-21-drive-1a2b3c4d");
    assert_eq!(stem(Some(&"A".repeat(300)), "").len(), 11 + 40 + 9);
}

#[test]
fn long_words_are_cut_between_characters() {
    let mut evidence = cleared();
    evidence.setting.record.note = "ä".repeat(100);
    let certificate = issue(&evidence);
    let note = certificate.claims().statement.job.note.clone().unwrap();
    // 78 times two bytes and three for the ellipsis: 159.
    assert_eq!(note, format!("{}…", "ä".repeat(78)));
    assert!(certificate.evidence_matches(&evidence_bundle(&evidence).unwrap()).is_ok());
}

#[test]
fn the_commands_that_count_are_signed_as_they_went_over_the_bus() {
    let certificate = issue(&purged());
    let way = certificate.claims().statement.method.way().unwrap().clone();
    assert_eq!((way.row.as_str(), way.level.0), ("N2", purgeproof_core::technique::Level::Purge));
    let [crypto, block] = way.asked.as_slice() else { panic!() };
    assert_eq!(
        (crypto.technique.0, crypto.end, crypto.took_ms),
        (Technique::SanitizeCryptoErase, End::Completed, 2_400)
    );
    assert_eq!((block.end, block.took_ms, block.estimate_s), (End::Completed, 14_000, Some(20)));
    let raw = |raw: &Option<Raw>| hex(&raw.as_ref().unwrap().0);
    assert_eq!(raw(&block.command), "8400000000000000020000000000000000000000000000000000000000000000".to_owned());
    assert_eq!(raw(&block.answer), "000000000000");
    assert_eq!(raw(&block.status), "000000000000");
    // SPROG FFFFh, SSTAT 0101h: completed, and never written since; then the action that was asked for.
    assert_eq!(raw(&block.page), "ffff010102000000ffffffff1400000002000000000000000000000000000000");
}

/// The password was ours: the plan saw a locked drive, and the job opened it.
#[test]
fn a_lock_that_was_open_when_the_erase_began_was_not_in_the_way() {
    let mut evidence = hpa_opened();
    evidence.plan.obstacles = vec![Obstacle::Locked, Obstacle::Frozen];
    assert_eq!(issue(&evidence).claims().statement.obstacles, [Coded(Obstacle::Frozen)]);
}

#[test]
fn an_area_that_was_opened_counts_as_part_of_the_drive() {
    let certificate = issue(&hpa_opened());
    let statement = &certificate.claims().statement;
    assert_eq!((statement.device.bytes, statement.device.opened_bytes), (268_435_456, Some(285_212_672)));
    assert_eq!(statement.device.blocks(), Some(557_056));
    assert_eq!(statement.hidden[0].0.to_string(), "Host Protected Area (HPA): 16777216 bytes, opened before the erase");
    assert_eq!(statement.obstacles, [Coded(Obstacle::Frozen)]);
    let health = statement.health.unwrap();
    assert_eq!((health.before.unwrap().reallocated, health.after.unwrap().temperature_c), (Some(3), Some(44)));
}

#[test]
fn what_was_tried_first_is_told_with_why_it_came_to_nothing() {
    let certificate = issue(&fallen());
    let method = &certificate.claims().statement.method;
    let rows: Vec<&str> = method.ways.iter().map(|way| way.row.as_str()).collect();
    assert_eq!((rows, method.ways[0].asked[0].end), (vec!["H1", "H5"], End::Refused));
    let why = "the drive refused Sanitize: Overwrite: ABORT: sanitize is frozen until power is cycled";
    assert_eq!(method.setbacks.as_ref().unwrap()[0].0.to_string(), why);
}

#[test]
fn a_usual_certificate_fits_a_small_qr_code() {
    for (name, evidence, limit) in [
        ("cleared", cleared(), 700),
        ("purged", purged(), 1000),
        ("hpa opened", hpa_opened(), 1000),
        ("liar", liar(), 1050),
        ("fallen", fallen(), 950),
        ("registers dropped", registers_dropped(), 950),
    ] {
        let bytes = issue(&evidence).bytes().len();
        println!("{name}: {bytes}");
        assert!(bytes <= limit, "{name}: {bytes}");
    }
}

#[test]
fn a_status_that_cannot_be_read_is_not_called_a_refusal() {
    let reasons = registers_dropped().verdict().reasons;
    let why = "GOOD without the registers that were asked for (CK_COND)".into();
    assert_eq!(reasons, [Reason::StatusUnreadable(why)]);
}

#[test]
fn a_rest_from_heat_explains_the_time_that_a_pass_took() {
    use crate::claims::Rests;
    use purgeproof_core::firmware::Health;
    let celsius = |temperature_c| Health { temperature_c: Some(temperature_c), limit_c: Some(70), ..Health::default() };
    let mut evidence = begun(plan_for(&drive()));
    evidence.add(60_100, Fact::Opened { found: drive() });
    evidence.add(60_200, Fact::PassBegan { number: 1, pattern: Pattern::Random });
    for (hot_at_ms, temperature_c, rested_ms) in [(62_000, 71, 3_000), (70_000, 73, 4_000)] {
        evidence.add(hot_at_ms, Fact::TooHot { health: celsius(temperature_c) });
        evidence.add(hot_at_ms + rested_ms, Fact::Rested { rested_ms, health: celsius(65) });
    }
    evidence.add(80_200, Fact::PassEnded { number: 1, report: whole(BLOCKS) });
    evidence.add(80_900, Fact::Flushed);
    evidence.add(81_000, Fact::VerifyBegan { coverage: Coverage::Full, places: 1, expect: RANDOM });
    evidence
        .add(101_500, Fact::VerifyEnded { report: whole(BLOCKS), mismatches: Mismatches::default(), constant: None });
    let certificate = issue(&evidence);
    assert!(certificate.verify(None).holds());
    let rests = certificate.claims().statement.time.rests.unwrap();
    assert_eq!(rests, Rests { count: 2, ms: 7_000, hottest_c: 73 });
    assert_eq!(rests.to_string(), "rested 2 times for 7 s in all: it was too hot, 73 °C at most");
    assert_eq!(minicbor::to_vec(rests).unwrap(), [0x83, 0x02, 0x19, 0x1b, 0x58, 0x18, 0x49]);
    assert!(certificate.json().contains("\"hottest_c\": 73"));
    assert_eq!(issue(&cleared()).claims().statement.time.rests, None);
}

#[test]
fn what_a_link_carries_stands_beside_what_was_said_to_be_moved() {
    let statement = issue(&hasty()).claims().statement.clone();
    assert_eq!(statement.device.link, Some(100_000_000));
    let words: Vec<String> = statement.reasons.iter().map(|because| because.0.to_string()).collect();
    // 268 435 456 bytes, or 2147 Mb, in 20.7 s and in 20.5 s: 104 Mb/s and 105 Mb/s.
    let of = |ms: u64| format!("268 MB are said to have been moved in {ms} ms, more than its link of 100 Mb/s carries");
    assert_eq!(words, [of(20_700), of(20_500)]);
    // A good word for it is nobody's to give.
    let forged = super::hostile::forged(&hasty(), |it| it.statement.outcome = Coded(Outcome::Cleared));
    assert!(!forged.verify(None).holds());
}
