//! Traces of jobs that are interrupted, and records that claim more than was done.

use super::*;
use crate::drive::MediaError;
use crate::drive::tests::nvme;
use crate::evidence::{Clock, Entry, Expect};
use crate::firmware::Prepared;
use crate::job::tests::{job_with, outcome, tell, whole};
use crate::job::{Heard, Next};
use crate::pass::Regions;
use crate::pattern::Pattern;
use crate::units::BlockSize;
use crate::verdict::{Exception, Outcome, Reason};
use alloc::vec;

const TWO: &str =
    "[[rule]]\nname = 'x'\naction = 'purge'\nscheme = 'own'\n[[scheme]]\nname = 'own'\npasses = ['zeros', 'random']";
const SAMPLED: &str = "[[rule]]\nname = 'x'\naction = 'purge'\nverify = 'sample'";

/// The number of a job that goes on after it was certified.
const FRESH: JobId = JobId([0xf5; 16]);

fn report(blocks: u64) -> Report {
    Report { covered: Blocks(blocks), wanted: Blocks(blocks), ..Report::default() }
}

fn begin() -> Vec<Heard> {
    vec![Heard::Ready, Heard::Opened(nvme()), Heard::Prepared(Prepared::default())]
}

fn clean(blocks: u64) -> Heard {
    Heard::Rechecked(report(blocks), Mismatches::default())
}

fn consent() -> Consent {
    Consent::typed(&nvme(), "2345").unwrap()
}

/// What the journal has of a job that heard this, and then came to this block of the pass under way.
fn left(policy: &str, heard: Vec<Heard>, below: Option<u64>) -> Evidence {
    let mut job = job_with(policy);
    tell(&mut job, heard);
    let mut evidence = job.into_evidence();
    if let Some(below) = below {
        evidence.add(90, Fact::Checkpoint { below: Lba(below) });
    }
    evidence
}

fn resumed(evidence: &Evidence) -> Job {
    let setting =
        Setting { clock: Clock { boot_ms: 0, unix_s: 1_800_000_000, ..Clock::default() }, ..Setting::default() };
    Job::resume(Interrupted::of(evidence).unwrap(), consent(), setting, FRESH).unwrap()
}

/// The rest of a job with one pass to go, read back as planned.
fn finish(job: &mut Job, rest: u64, read: u64) -> Next {
    let heard = [
        Heard::PassEnded(report(rest)),
        Heard::Flushed(Ok(())),
        Heard::VerifyBegan(if read == 2048 { 1 } else { read }),
        Heard::VerifyEnded(report(read), Mismatches::default(), None),
    ];
    tell(job, heard)
}

#[test]
fn a_pass_goes_on_from_its_last_checkpoint() {
    let mut job = resumed(&left("", begin(), Some(900)));
    let next = tell(&mut job, begin());
    assert_eq!(next, Next::Recheck { number: 1, pattern: Pattern::Random, below: Lba(900) });
    // All that was written is within 64 MiB of the checkpoint.
    assert_eq!(job.hear_on(4, clean(900)), Next::Write { number: 1, pattern: Pattern::Random, from: Lba(900) });
    let Next::End(verdict) = finish(&mut job, 1148, 2048) else { panic!() };
    assert_eq!((verdict.outcome, verdict.reasons), (Outcome::Cleared, vec![Reason::AllReadBack]));
    assert!(!verdict.exceptions.contains(&Exception::ResumedOverwrite), "every block was read back");
}

#[test]
fn without_a_checkpoint_the_pass_begins_at_the_first_block() {
    let mut job = resumed(&left("", begin(), None));
    assert_eq!(tell(&mut job, begin()), Next::Recheck { number: 1, pattern: Pattern::Random, below: Lba(0) });
    assert_eq!(job.hear_on(4, clean(0)), Next::Write { number: 1, pattern: Pattern::Random, from: Lba(0) });
    assert_eq!(outcome(&finish(&mut job, 2048, 2048)), Outcome::Cleared);
}

#[test]
fn what_is_not_there_any_more_is_written_again_from_the_first_pass_on() {
    let written = [begin(), vec![Heard::PassEnded(whole()), Heard::Flushed(Ok(()))]].concat();
    let gone = Mismatches { blocks: Blocks(1), first: vec![Lba(899)] };
    let bad = Report { bad: Regions { extents: vec![], blocks: Blocks(1) }, covered: Blocks(899), ..report(900) };
    for heard in [Heard::Rechecked(report(900), gone), Heard::Rechecked(bad, Mismatches::default())] {
        let mut job = resumed(&left(TWO, written.clone(), Some(900)));
        tell(&mut job, begin());
        let again = Next::Write { number: 1, pattern: Pattern::Byte(0), from: Lba(0) };
        assert_eq!(job.hear_on(4, heard), again);
        tell(&mut job, [Heard::PassEnded(whole()), Heard::Flushed(Ok(()))]);
        assert_eq!(outcome(&finish(&mut job, 2048, 2048)), Outcome::Cleared);
    }
}

#[test]
fn of_two_passes_the_one_that_was_under_way_goes_on() {
    let written = [begin(), vec![Heard::PassEnded(whole()), Heard::Flushed(Ok(()))]].concat();
    let mut job = resumed(&left(TWO, written.clone(), Some(512)));
    assert_eq!(tell(&mut job, begin()), Next::Recheck { number: 2, pattern: Pattern::Random, below: Lba(512) });
    assert_eq!(job.hear_on(4, clean(512)), Next::Write { number: 2, pattern: Pattern::Random, from: Lba(512) });
    assert_eq!(outcome(&finish(&mut job, 1536, 2048)), Outcome::Cleared);

    // A pass that had ended, but of which the drive had not said that it is on the medium, is not whole.
    let unflushed = [begin(), vec![Heard::PassEnded(whole())]].concat();
    let mut job = resumed(&left(TWO, unflushed, None));
    assert_eq!(tell(&mut job, begin()), Next::Recheck { number: 1, pattern: Pattern::Byte(0), below: Lba(0) });
}

#[test]
fn an_interrupted_read_back_begins_anew_after_a_look_at_the_last_pass() {
    let read = [begin(), vec![Heard::PassEnded(whole()), Heard::Flushed(Ok(())), Heard::VerifyBegan(1)]].concat();
    let mut job = resumed(&left("", read, None));
    assert_eq!(tell(&mut job, begin()), Next::Recheck { number: 1, pattern: Pattern::Random, below: Lba(2048) });
    let next = job.hear_on(4, clean(2048));
    assert_eq!(next, Next::Verify { coverage: Coverage::Full, expect: Expect::Pattern(Pattern::Random) });
    let verified = [Heard::VerifyBegan(1), Heard::VerifyEnded(whole(), Mismatches::default(), None)];
    assert_eq!(outcome(&tell(&mut job, verified)), Outcome::Cleared);
}

#[test]
fn it_may_be_interrupted_any_number_of_times() {
    // In the middle of the pass, while it was being looked at, and again further on.
    let first = left("", begin(), Some(300));
    let mut job = resumed(&first);
    tell(&mut job, begin());
    let mut job = resumed(&job.into_evidence());
    assert_eq!(tell(&mut job, begin()), Next::Recheck { number: 1, pattern: Pattern::Random, below: Lba(300) });
    job.hear_on(4, clean(300));
    let mut evidence = job.into_evidence();
    evidence.add(80, Fact::Checkpoint { below: Lba(1000) });
    assert_eq!(Interrupted::of(&evidence).unwrap().percent(), 24, "1000 of two times 2048 blocks");
    let mut job = resumed(&evidence);
    tell(&mut job, begin());
    assert_eq!(job.hear_on(4, clean(1000)), Next::Write { number: 1, pattern: Pattern::Random, from: Lba(1000) });
    assert_eq!(outcome(&finish(&mut job, 1048, 2048)), Outcome::Cleared);
    assert_eq!(job.evidence().runs().count(), 4);
}

#[test]
fn a_sample_does_not_vouch_for_what_was_written_before() {
    let evidence = left(SAMPLED, begin(), Some(900));
    let mut job = resumed(&evidence);
    tell(&mut job, begin());
    job.hear_on(4, clean(900));
    // The medium is so small that a sample is all of it; one of 4608 places would be a sample.
    let mut sampled = report(8 * 4608);
    sampled.covered = Blocks(8 * 4608);
    let heard = [
        Heard::PassEnded(report(1148)),
        Heard::Flushed(Ok(())),
        Heard::VerifyBegan(4608),
        Heard::VerifyEnded(sampled, Mismatches::default(), None),
    ];
    let Next::End(verdict) = tell(&mut job, heard) else { panic!() };
    assert_eq!(verdict.outcome, Outcome::Cleared);
    assert!(verdict.exceptions.contains(&Exception::ResumedOverwrite));
}

#[test]
fn what_has_ended_or_never_began_is_not_resumed() {
    let refuses = |heard: Vec<Heard>| Interrupted::of(&left("", heard, None)).is_none();
    assert!(refuses(vec![Heard::Ready]) && refuses(vec![Heard::Ready, Heard::Opened(nvme())]));
    let error = MediaError::Bad { errno: 5 };
    let bad = Report { bad: Regions { extents: vec![], blocks: Blocks(1) }, ..report(2047) };
    for last in [
        vec![Heard::Stopped],
        vec![Heard::Crashed("a fault".into())],
        vec![Heard::PassEnded(bad)],
        vec![Heard::PassEnded(whole()), Heard::Flushed(Err(error))],
        vec![
            Heard::PassEnded(whole()),
            Heard::Flushed(Ok(())),
            Heard::VerifyBegan(1),
            Heard::VerifyEnded(whole(), Mismatches::default(), None),
        ],
    ] {
        assert!(refuses([begin(), last.clone()].concat()), "{last:?}");
    }
    assert!(!refuses(begin()));
}

#[test]
fn leave_is_needed_once_more_and_about_this_drive() {
    let interrupted = Interrupted::of(&left("", begin(), Some(9))).unwrap();
    let other = Identity { wwn: None, ..nvme() };
    let wrong = Consent::typed(&other, "2345").unwrap();
    assert!(Job::resume(interrupted.clone(), wrong, Setting::default(), FRESH).is_err());
    assert!(interrupted.is_about(&nvme()) && !interrupted.is_about(&other));
    assert!(!interrupted.is_about(&Identity { model: "Another".into(), ..nvme() }));
    let plan = interrupted.evidence().plan.clone();
    let tool = Tool::default();
    assert!(interrupted.goes_on_by(&plan, &tool));
    assert!(!interrupted.goes_on_by(&plan, &Tool { version: "9.9.9".into(), ..Tool::default() }));
    assert!(!interrupted.goes_on_by(&Plan { verify: Coverage::Sample, ..plan.clone() }, &tool));
    assert!(!interrupted.goes_on_by(&Plan { rule: Some("all".into()), ..plan }, &tool));
}

/// The drive left when so many blocks had been moved of a pass, or of a read-back.
fn cut_off(blocks: u64) -> Report {
    Report { wanted: Blocks(2048), gone: true, ..report(blocks) }
}

/// Goes on with a job whose drive left, after its certificate: under another number.
fn resumed_after(evidence: &Evidence) -> Job {
    Job::resume(Interrupted::of(evidence).unwrap().certified(), consent(), Setting::default(), FRESH).unwrap()
}

#[test]
fn a_drive_that_left_and_came_back_goes_on_under_another_number() {
    // As the journal has it: the checkpoint, and after it that the drive is gone.
    let mut evidence = left("", begin(), Some(900));
    evidence.add(95, Fact::PassEnded { number: 1, report: cut_off(1000) });
    assert_eq!(evidence.verdict().reasons, [Reason::GoneWhileWriting]);
    assert_eq!(evidence.verdict().outcome, Outcome::NotErased);
    assert_eq!(Interrupted::of(&evidence).unwrap().percent(), 21, "900 of two times 2048 blocks");

    let mut job = resumed_after(&evidence);
    assert_eq!((job.evidence().job, job.evidence().superseded().collect::<Vec<_>>()), (FRESH, vec![evidence.job]));
    assert_eq!(tell(&mut job, begin()), Next::Recheck { number: 1, pattern: Pattern::Random, below: Lba(900) });
    assert_eq!(job.hear_on(4, clean(900)), Next::Write { number: 1, pattern: Pattern::Random, from: Lba(900) });
    let Next::End(verdict) = finish(&mut job, 1148, 2048) else { panic!() };
    assert_eq!((verdict.outcome, verdict.reasons), (Outcome::Cleared, vec![Reason::AllReadBack]));
    // Without a certificate it keeps its number.
    assert_eq!(resumed(&evidence).evidence().job, evidence.job);
}

#[test]
fn a_drive_may_leave_at_any_point_and_again_and_again() {
    let gone = || MediaError::Gone { errno: 19 };
    let written = [begin(), vec![Heard::PassEnded(whole())]].concat();
    // In the flush, after a checkpoint of that pass.
    let mut evidence = left("", begin(), Some(900));
    evidence.add(95, Fact::PassEnded { number: 1, report: whole() });
    evidence.add(96, Fact::NotFlushed { error: gone() });
    assert_eq!(evidence.verdict().outcome, Outcome::Indeterminate, "all is written, and perhaps on the medium");
    // Back, and gone before it is opened, while it is looked over, and while it is looked at.
    let mut job = resumed_after(&evidence);
    tell(&mut job, [Heard::Ready, Heard::NotOpened(OpenError::Gone)]);
    let mut job = resumed_after(&job.into_evidence());
    let standing = crate::firmware::Standing::Gone;
    let prepared = Prepared { standing, ..Prepared::default() };
    tell(&mut job, [Heard::Ready, Heard::Opened(nvme()), Heard::Prepared(prepared)]);
    let mut job = resumed_after(&job.into_evidence());
    tell(&mut job, begin());
    job.hear_on(4, Heard::Rechecked(Report { wanted: Blocks(900), ..cut_off(5) }, Mismatches::default()));
    assert!(!job.evidence().verdict().outcome.is_good());
    // In the read-back, once all is on the medium.
    let mut job = resumed_after(&job.into_evidence());
    assert_eq!(tell(&mut job, begin()), Next::Recheck { number: 1, pattern: Pattern::Random, below: Lba(900) });
    job.hear_on(4, clean(900));
    tell(&mut job, [Heard::PassEnded(report(1148)), Heard::Flushed(Ok(())), Heard::VerifyBegan(1)]);
    job.hear_on(9, Heard::VerifyEnded(cut_off(7), Mismatches::default(), None));
    assert_eq!(job.evidence().verdict().outcome, Outcome::Indeterminate);
    let mut job = resumed_after(&job.into_evidence());
    assert_eq!(tell(&mut job, begin()), Next::Recheck { number: 1, pattern: Pattern::Random, below: Lba(2048) });
    job.hear_on(4, clean(2048));
    let next = tell(&mut job, [Heard::VerifyBegan(1), Heard::VerifyEnded(whole(), Mismatches::default(), None)]);
    assert_eq!(outcome(&next), Outcome::Cleared);
    assert_eq!(job.evidence().superseded().count(), 5);
    // A flush that fails on a drive that is there is the end of it.
    let failed = [written, vec![Heard::Flushed(Err(MediaError::Bad { errno: 5 }))]].concat();
    assert!(Interrupted::of(&left("", failed, None)).is_none());
}

#[test]
fn a_drive_that_had_other_faults_before_it_left_does_not_go_on() {
    let bad = Report { bad: Regions { extents: vec![], blocks: Blocks(1) }, ..cut_off(1000) };
    let abandoned = Report { abandoned_at: Some(Lba(7)), ..cut_off(1000) };
    for report in [bad, abandoned] {
        assert!(Interrupted::of(&left("", [begin(), vec![Heard::PassEnded(report)]].concat(), None)).is_none());
    }
    let read = [begin(), vec![Heard::PassEnded(whole()), Heard::Flushed(Ok(())), Heard::VerifyBegan(1)]].concat();
    let mismatches = Mismatches { blocks: Blocks(1), first: vec![Lba(1)] };
    let differs = [read, vec![Heard::VerifyEnded(cut_off(7), mismatches.clone(), None)]].concat();
    assert!(Interrupted::of(&left("", differs, None)).is_none());
    // What was seen to be lost before it left again is lost: then all is written again.
    let mut job = resumed_after(&left("", begin(), Some(900)));
    tell(&mut job, begin());
    job.hear_on(4, Heard::Rechecked(cut_off(5), mismatches));
    let mut job = resumed_after(&job.into_evidence());
    assert_eq!(tell(&mut job, begin()), Next::Recheck { number: 1, pattern: Pattern::Random, below: Lba(0) });
}

#[test]
fn it_is_known_whether_it_has_come_further_since_it_went_on() {
    let has = |evidence: &Evidence| Interrupted::of(evidence).unwrap().has_come_further();
    let mut evidence = left("", begin(), None);
    assert!(has(&evidence), "it has not gone on before");
    evidence = resumed(&evidence).into_evidence();
    assert!(!has(&evidence));
    evidence.add(99, Fact::PassBegan { number: 1, pattern: Pattern::Random });
    assert!(!has(&evidence));
    evidence.add(99, Fact::Checkpoint { below: Lba(1) });
    assert!(has(&evidence));
}

/// A flawless record of a resumed job with two passes, the second of which was interrupted.
fn flawless() -> Evidence {
    let written = [begin(), vec![Heard::PassEnded(whole()), Heard::Flushed(Ok(()))]].concat();
    let mut job = resumed(&left(TWO, written, Some(512)));
    tell(&mut job, begin());
    job.hear_on(4, clean(512));
    assert_eq!(outcome(&finish(&mut job, 1536, 2048)), Outcome::Cleared);
    job.into_evidence()
}

/// The same with every fact changed, or left out.
fn forged(change: impl Fn(&Fact) -> Option<Fact>) -> Outcome {
    let whole = flawless();
    let mut evidence =
        Evidence::new(whole.job, whole.setting.clone(), whole.plan.clone(), whole.consent.clone(), whole.drawn);
    for Entry { at_ms, fact } in whole.facts() {
        if let Some(fact) = change(fact) {
            evidence.add(*at_ms, fact);
        }
    }
    evidence.verdict().outcome
}

#[test]
fn a_record_in_which_anything_is_missing_is_not_good() {
    assert!(forged(|fact| Some(fact.clone())).is_good());
    let lacks = |gone: fn(&Fact) -> bool| forged(|fact| (!gone(fact)).then(|| fact.clone()));
    for gone in [
        (|fact| matches!(fact, Fact::Checkpoint { .. })) as fn(&Fact) -> bool,
        |fact| matches!(fact, Fact::Rechecked { .. }),
        |fact| matches!(fact, Fact::Resumed { .. }),
        |fact| matches!(fact, Fact::PassResumed { .. }),
        |fact| matches!(fact, Fact::Flushed),
        |fact| matches!(fact, Fact::PassBegan { number: 1, .. }),
        |fact| matches!(fact, Fact::PassBegan { number: 2, .. }),
        |fact| matches!(fact, Fact::PassEnded { number: 1, .. }),
        |fact| matches!(fact, Fact::PassEnded { number: 2, .. }),
        |fact| matches!(fact, Fact::VerifyEnded { .. }),
        |fact| matches!(fact, Fact::Opened { .. }),
    ] {
        assert!(!lacks(gone).is_good());
    }
}

#[test]
fn a_record_that_claims_more_than_was_written_is_not_good() {
    let becomes = |from: fn(&Fact) -> Option<Fact>| forged(|fact| from(fact).or_else(|| Some(fact.clone())));
    for (what, change) in [
        (
            "begins beyond the checkpoint",
            (|fact| match fact {
                Fact::PassResumed { number, pattern, .. } => {
                    Some(Fact::PassResumed { number: *number, pattern: *pattern, from: Lba(513) })
                }
                _ => None,
            }) as fn(&Fact) -> Option<Fact>,
        ),
        ("leaves a gap", |fact| match fact {
            Fact::PassEnded { number: 2, .. } => Some(Fact::PassEnded { number: 2, report: report(1535) }),
            _ => None,
        }),
        ("looks at less", |fact| match fact {
            Fact::Rechecked { .. } => Some(Fact::Rechecked { report: report(511), mismatches: Mismatches::default() }),
            _ => None,
        }),
        ("saw otherwise", |fact| match fact {
            Fact::Rechecked { report, .. } => {
                let mismatches = Mismatches { blocks: Blocks(1), first: vec![Lba(1)] };
                Some(Fact::Rechecked { report: report.clone(), mismatches })
            }
            _ => None,
        }),
        ("goes on with another pass", |fact| match fact {
            Fact::PassResumed { from, .. } => {
                Some(Fact::PassResumed { number: 1, pattern: Pattern::Byte(0), from: *from })
            }
            _ => None,
        }),
    ] {
        assert!(!becomes(change).is_good(), "{what}");
    }
}

#[test]
fn it_is_looked_at_the_end_of_what_was_written_and_at_places_before() {
    // 1 GiB of blocks of 4096 bytes, half of it written: 64 MiB are 16 384 blocks.
    let geometry = Geometry::new(BlockSize::B4096, Blocks(262_144)).unwrap();
    let places = places(geometry, Lba(131_072), &Secret([7; 32]));
    assert_eq!(places.first(), Some(&Extent::new(0, 1)));
    assert_eq!(places.last(), Some(&Extent::new(114_688, 16_384)));
    // One in sixteen of 4610 places, of which seven eighths lie before the last 64 MiB.
    assert!((250..=256).contains(&places.len()), "{}", places.len());
    assert!(places.windows(2).all(|pair| pair[0].end() <= pair[1].start));
    // What is short is looked at as a whole, and nothing of nothing.
    let all = |below| super::places(geometry, Lba(below), &Secret([7; 32]));
    assert_eq!((all(0), all(5)), (vec![], vec![Extent::new(0, 5)]));
    assert_eq!(all(262_145).last().map(|place| place.end()), Some(Lba(262_144)), "not beyond the end");
}
