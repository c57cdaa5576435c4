//! Jobs that were interrupted and went on.

use purgeproof_core::evidence::Run;
use purgeproof_core::job::resume;

use super::hostile::{flaws, forged};
use super::*;
use crate::claims::Consent;
use crate::interruption::{Interruption, Superseded};

/// Of these many blocks the pass had written when the power failed.
const BELOW: u64 = 400_000;

/// The same drive and leave, another start of the machine two seconds later.
fn resumed() -> Fact {
    let clock = Clock { boot_ms: 9_000, unix_s: 1_795_252_822, source: ClockSource::RtcUnconfirmed };
    let setting = Setting { clock, ..setting() };
    Fact::Resumed {
        setting: setting.into(),
        consent: Given::Operator { typed: "0001".into(), second: None },
        after: None,
    }
}

fn places(evidence: &Evidence) -> u64 {
    let geometry = evidence.plan.drive.geometry().unwrap();
    resume::places(geometry, Lba(BELOW), &evidence.drawn.seed).iter().map(|place| place.count.0).sum()
}

/// Evidence of an overwrite that was interrupted after 20 s and then went on, to be read back so.
pub(super) fn interrupted(coverage: Coverage, lost: u64) -> Evidence {
    let plan = Plan { verify: coverage, ..plan_for(&drive()) };
    let found = plan.drive.clone();
    let mut evidence = begun(plan);
    let looked_at = places(&evidence);
    let mut mismatches = Mismatches::default();
    (0..lost).for_each(|lba| mismatches.add(Lba(lba)));
    evidence.add(60_100, Fact::Opened { found: found.clone() });
    evidence.add(60_200, Fact::PassBegan { number: 1, pattern: Pattern::Random });
    evidence.add(80_000, Fact::Checkpoint { below: Lba(BELOW) });
    evidence.add(9_000, resumed());
    evidence.add(9_100, Fact::Opened { found });
    evidence.add(10_000, Fact::Rechecked { report: whole(looked_at), mismatches });
    let pass = if lost == 0 {
        Fact::PassResumed { number: 1, pattern: Pattern::Random, from: Lba(BELOW) }
    } else {
        Fact::PassBegan { number: 1, pattern: Pattern::Random }
    };
    evidence.add(10_000, pass);
    let rest = if lost == 0 { BLOCKS - BELOW } else { BLOCKS };
    evidence.add(20_000, Fact::PassEnded { number: 1, report: whole(rest) });
    evidence.add(20_500, Fact::Flushed);
    let (places, read) = if coverage == Coverage::Full { (1, BLOCKS) } else { (4609, 4609 * 8) };
    evidence.add(20_600, Fact::VerifyBegan { coverage, places, expect: RANDOM });
    evidence.add(27_000, Fact::VerifyEnded { report: whole(read), mismatches: Mismatches::default(), constant: None });
    evidence
}

#[test]
fn an_interruption_stands_on_every_form_of_the_certificate() {
    let evidence = interrupted(Coverage::Full, 0);
    assert_eq!(evidence.verdict().outcome, Outcome::Cleared, "{:?}", evidence.verdict());
    let certificate = issue(&evidence);
    assert!(certificate.verify(None).holds(), "{:?}", certificate.verify(None));
    let statement = &certificate.claims().statement;
    // 20 s before it and 18 s after it, 2 s apart.
    assert_eq!(statement.time.duration_ms, 38_000);
    assert_eq!(statement.time.end_unix_s - statement.time.start_unix_s, 40);
    assert_eq!(statement.method.written.0, [BLOCKS]);
    let looked_at = places(&evidence);
    let interruption = Interruption {
        since_unix_s: 1_795_252_820,
        until_unix_s: 1_795_252_822,
        looked_at: Some(looked_at),
        lost: None,
        pass: Some(1),
        from: Some(BELOW),
        consent: Consent::Operator("0001".into()),
        machine: None,
        left: None,
        superseded: None,
    };
    assert_eq!(statement.time.interruptions, Some(vec![interruption]));
    let said = format!(
        "2026-11-21 09:20:20 UTC, resumed 2026-11-21 09:20:22 UTC; {looked_at} blocks looked at, all as written; pass 1 from LBA \
         {BELOW}; leave by operator, who typed \\\"0001\\\" from the serial number"
    );
    assert!(certificate.json().contains(&said), "{}", certificate.json());
    assert!(certificate.pdf().is_ok());
    assert_eq!(certificate.evidence_matches(&evidence_bundle(&evidence).unwrap()), Ok(evidence));
    assert_eq!(issue(&cleared()).claims().statement.time.interruptions, None);
}

#[test]
fn what_was_lost_meanwhile_is_said() {
    let evidence = interrupted(Coverage::Full, 2);
    assert_eq!(evidence.verdict().outcome, Outcome::Cleared);
    let certificate = issue(&evidence);
    assert!(certificate.verify(None).holds());
    let statement = &certificate.claims().statement;
    assert_eq!(statement.method.written.0, [BLOCKS]);
    let [interruption] = statement.time.interruptions.as_deref().unwrap() else { panic!() };
    assert_eq!((interruption.lost, interruption.from), (Some(2), Some(0)));
    assert!(interruption.to_string().contains("were not as written, so all was written again; pass 1 from LBA 0"));
}

#[test]
fn a_sample_must_be_said_not_to_vouch_for_what_was_written_before() {
    let evidence = interrupted(Coverage::Sample, 0);
    assert!(issue(&evidence).verify(None).holds());
    let lie = |claims: &mut Claims| {
        claims.statement.exceptions.retain(|exception| exception.0 != Exception::ResumedOverwrite);
    };
    assert!(!flaws(&forged(&evidence, lie)).is_empty());
    // Begun anew, nothing rests on what was there before.
    let anew = interrupted(Coverage::Sample, 1).verdict();
    assert!(anew.outcome.is_good() && !anew.exceptions.contains(&Exception::ResumedOverwrite));
}

#[test]
fn a_drive_that_went_on_in_another_machine_is_said_to_have() {
    let mut evidence = begun(plan_for(&drive()));
    let mut other = setting();
    other.machine.serial = Some("9ZZ1AB2".into());
    evidence.add(60_200, Fact::PassBegan { number: 1, pattern: Pattern::Random });
    evidence.add(
        9_000,
        Fact::Resumed { setting: other.into(), consent: Given::Policy { rule: "all".into() }, after: None },
    );
    let [interruption] = Interruption::of(&evidence).unwrap().try_into().unwrap();
    assert_eq!(interruption.machine.as_deref(), Some("Dell Inc. Latitude 7420 9ZZ1AB2"));
    assert_eq!((interruption.looked_at, interruption.pass), (None, None));
    assert_eq!(evidence.runs().map(|run: Run<'_>| run.facts.len()).collect::<Vec<_>>(), [1, 1]);
}

/// The number of the certificate about a job before its drive was back.
const BEFORE: JobId = JobId([0x1e; 16]);

/// Evidence of an overwrite whose drive left, and until then alone.
pub(super) fn left_and_back() -> (Evidence, Evidence) {
    let mut evidence = begun(plan_for(&drive()));
    let found = evidence.plan.drive.clone();
    let (looked_at, after) = (places(&evidence), evidence.job);
    evidence.job = BEFORE;
    evidence.add(60_100, Fact::Opened { found: found.clone() });
    evidence.add(60_200, Fact::PassBegan { number: 1, pattern: Pattern::Random });
    evidence.add(80_000, Fact::Checkpoint { below: Lba(BELOW) });
    let report = Report { gone: true, wanted: Blocks(BLOCKS), ..whole(BELOW + 77) };
    evidence.add(81_000, Fact::PassEnded { number: 1, report });
    let before = evidence.clone();
    // Two seconds later by the clock of the same run.
    let clock = Clock { boot_ms: 83_000, unix_s: 1_795_252_823, source: ClockSource::RtcUnconfirmed };
    let consent = Given::Operator { typed: "0001".into(), second: None };
    evidence.job = after;
    let setting = Setting { clock, ..setting() };
    evidence.add(83_000, Fact::Resumed { setting: setting.into(), consent, after: Some(BEFORE) });
    evidence.add(83_100, Fact::Opened { found });
    evidence.add(84_000, Fact::Rechecked { report: whole(looked_at), mismatches: Mismatches::default() });
    evidence.add(84_000, Fact::PassResumed { number: 1, pattern: Pattern::Random, from: Lba(BELOW) });
    evidence.add(93_000, Fact::PassEnded { number: 1, report: whole(BLOCKS - BELOW) });
    evidence.add(93_500, Fact::Flushed);
    evidence.add(93_600, Fact::VerifyBegan { coverage: Coverage::Full, places: 1, expect: RANDOM });
    let mismatches = Mismatches::default();
    evidence.add(101_000, Fact::VerifyEnded { report: whole(BLOCKS), mismatches, constant: None });
    (before, evidence)
}

#[test]
fn a_drive_that_left_and_came_back_is_said_to_have_and_the_certificate_of_then_is_named() {
    let (before, evidence) = left_and_back();
    let (first, second) = (issue(&before), issue(&evidence));
    assert!(first.verify(None).holds() && first.claims().statement.outcome.0 == Outcome::NotErased);
    assert!(second.verify(None).holds(), "{:?}", second.verify(None));
    assert!(second.evidence_matches(&evidence_bundle(&evidence).unwrap()).is_ok());
    let statement = &second.claims().statement;
    assert_eq!((statement.outcome.0, statement.method.written.0.as_slice()), (Outcome::Cleared, &[BLOCKS][..]));
    assert_ne!(second.file_stem(), first.file_stem());
    let [interruption] = statement.time.interruptions.as_deref().unwrap() else { panic!() };
    assert_eq!((interruption.left, interruption.superseded), (Some(true), Some(Superseded(BEFORE.0))));
    assert_eq!(interruption.until_unix_s - interruption.since_unix_s, 2);
    let said = interruption.to_string();
    assert!(said.contains("; the drive had left; "), "{said}");
    assert!(said.ends_with(&format!("; supersedes certificate {BEFORE}")), "{said}");
}
