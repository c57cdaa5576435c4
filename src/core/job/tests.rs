//! Traces: what the job hears, and what it says to that.

use super::*;
use crate::capability::{Capabilities, Support};
use crate::drive::tests::nvme;
use crate::evidence::Secret;
use crate::pass::Regions;
use crate::plan::plan;
use crate::policy::Policy;
use crate::stream::Stream;
use crate::technique::Technique;
use crate::units::{Blocks, Extent, Lba};
use crate::verdict::{Exception, Outcome, Reason};
use alloc::vec;
use alloc::vec::Vec;

const ALL: Blocks = Blocks(2048);

fn plan_with(policy: &str) -> Plan {
    let capabilities =
        Capabilities { techniques: vec![(Technique::Overwrite, Support::Present)], ..Capabilities::default() };
    plan(&nvme(), &capabilities, &Policy::parse(policy).unwrap()).unwrap()
}

pub(crate) fn plan_of_one_pass() -> Plan {
    plan_with("")
}

pub(super) fn job_with(policy: &str) -> Job {
    let plan = plan_with(policy);
    let consent = Consent::typed(&nvme(), "2345").unwrap();
    let drawn = Drawn { key: Secret([1; 32]), seed: Secret([2; 32]), stream: Stream::ChaCha20, withheld: None };
    Job::new(JobId([3; 16]), plan, consent, Setting::default(), drawn).unwrap()
}

impl Job {
    /// Hears something, and goes on past a survey that finds nothing.
    pub(super) fn hear_on(&mut self, now_ms: u64, heard: Heard) -> Next {
        match self.hear(now_ms, heard) {
            Next::Survey(when) => self.hear(now_ms, Heard::Surveyed(when, Survey::default())),
            next => next,
        }
    }
}

fn job() -> Job {
    job_with("")
}

pub(super) fn whole() -> Report {
    Report { covered: ALL, wanted: ALL, ..Report::default() }
}

/// Says each thing in turn and gives the last answer.
pub(super) fn tell(job: &mut Job, heard: impl IntoIterator<Item = Heard>) -> Next {
    heard.into_iter().zip(1..).map(|(heard, now_ms)| job.hear_on(now_ms, heard)).last().unwrap()
}

/// Everything up to the read-back, without a flaw.
fn written() -> Vec<Heard> {
    vec![
        Heard::Ready,
        Heard::Opened(nvme()),
        Heard::Prepared(Prepared::default()),
        Heard::PassEnded(whole()),
        Heard::Flushed(Ok(())),
        Heard::VerifyBegan(1),
    ]
}

pub(super) fn outcome(next: &Next) -> Outcome {
    match next {
        Next::End(verdict) => verdict.outcome,
        other => panic!("not over: {other:?}"),
    }
}

#[test]
fn a_flawless_run_is_cleared() {
    let mut job = job();
    assert_eq!(job.hear_on(0, Heard::Ready), Next::Open);
    assert_eq!(job.hear_on(1, Heard::Opened(nvme())), Next::Prepare);
    assert_eq!(
        job.hear_on(1, Heard::Prepared(Prepared::default())),
        Next::Write { number: 1, pattern: Pattern::Random, from: Lba(0) }
    );
    assert_eq!(job.hear_on(2, Heard::PassEnded(whole())), Next::Flush);
    assert_eq!(
        job.hear_on(3, Heard::Flushed(Ok(()))),
        Next::Verify { coverage: Coverage::Full, expect: Expect::Pattern(Pattern::Random) }
    );
    assert_eq!(job.hear_on(3, Heard::VerifyBegan(1)), Next::GoOn);
    let Next::End(verdict) = job.hear_on(4, Heard::VerifyEnded(whole(), Mismatches::default(), None)) else { panic!() };
    assert_eq!((verdict.outcome, verdict.reasons), (Outcome::Cleared, vec![Reason::AllReadBack]));
}

#[test]
fn another_drive_in_its_place_is_not_written() {
    let mut job = job();
    job.hear_on(0, Heard::Ready);
    let other = Identity { wwn: Some("eui.0000000000000001".into()), ..nvme() };
    let next = job.hear_on(1, Heard::Opened(other));
    assert_eq!(outcome(&next), Outcome::NotErased);
    let Next::End(verdict) = next else { panic!() };
    assert_eq!(verdict.reasons, [Reason::OtherDrive, Reason::NothingWritten]);
}

#[test]
fn one_unwritable_block_is_not_erased_and_nothing_more_is_done() {
    let bad = Regions { extents: vec![Extent::new(100, 4)], blocks: Blocks(4) };
    let report = Report { covered: Blocks(2044), wanted: ALL, bad: bad.clone(), ..Report::default() };
    let mut job = job();
    let next = tell(
        &mut job,
        [Heard::Ready, Heard::Opened(nvme()), Heard::Prepared(Prepared::default()), Heard::PassEnded(report)],
    );
    let Next::End(verdict) = next else { panic!() };
    assert_eq!((verdict.outcome, verdict.reasons), (Outcome::NotErased, vec![Reason::Unwritable(bad)]));
}

#[test]
fn one_unreadable_block_or_one_mismatch_is_not_erased() {
    let bad = Regions { extents: vec![Extent::new(7, 1)], blocks: Blocks(1) };
    let unreadable = Report { covered: Blocks(2047), wanted: ALL, bad, ..Report::default() };
    let mismatch = Mismatches { blocks: Blocks(1), first: vec![Lba(9)] };
    for last in
        [Heard::VerifyEnded(unreadable, Mismatches::default(), None), Heard::VerifyEnded(whole(), mismatch, None)]
    {
        let mut job = job();
        tell(&mut job, written());
        assert_eq!(outcome(&job.hear_on(9, last)), Outcome::NotErased);
    }
}

#[test]
fn gone_while_writing_is_not_erased_and_gone_while_reading_is_unknown() {
    let gone = Report { covered: Blocks(5), wanted: ALL, gone: true, ..Report::default() };
    let mut job_1 = job();
    let next = tell(
        &mut job_1,
        [Heard::Ready, Heard::Opened(nvme()), Heard::Prepared(Prepared::default()), Heard::PassEnded(gone.clone())],
    );
    assert_eq!(outcome(&next), Outcome::NotErased);
    let mut job_2 = job();
    tell(&mut job_2, written());
    assert_eq!(
        outcome(&job_2.hear_on(9, Heard::VerifyEnded(gone, Mismatches::default(), None))),
        Outcome::Indeterminate
    );
}

#[test]
fn a_flush_that_fails_is_unknown_even_though_every_write_was_taken() {
    let error = MediaError::Bad { errno: 5 };
    let mut job = job();
    let heard = [
        Heard::Ready,
        Heard::Opened(nvme()),
        Heard::Prepared(Prepared::default()),
        Heard::PassEnded(whole()),
        Heard::Flushed(Err(error)),
    ];
    assert_eq!(outcome(&tell(&mut job, heard)), Outcome::Indeterminate);
}

#[test]
fn silence_is_never_success() {
    // The record may end anywhere: only the complete one is good.
    let mut all = written();
    all.push(Heard::VerifyEnded(whole(), Mismatches::default(), None));
    for length in 1..=all.len() {
        let mut job = job();
        tell(&mut job, all[..length].iter().cloned());
        let good = job.evidence().verdict().outcome.is_good();
        assert_eq!(good, length == all.len(), "after {length} facts");
    }
}

#[test]
fn a_report_about_fewer_blocks_than_the_drive_has_earns_nothing() {
    let half = Report { covered: Blocks(1024), wanted: Blocks(1024), ..Report::default() };
    let empty = Report::default();
    for report in [half, empty] {
        let mut job = job();
        let heard = [
            Heard::Ready,
            Heard::Opened(nvme()),
            Heard::Prepared(Prepared::default()),
            Heard::PassEnded(report.clone()),
            Heard::Flushed(Ok(())),
            Heard::VerifyBegan(1),
            Heard::VerifyEnded(whole(), Mismatches::default(), None),
        ];
        assert_eq!(outcome(&tell(&mut job, heard)), Outcome::NotErased);
        let mut job = job_with("");
        tell(&mut job, written());
        assert!(!outcome(&job.hear_on(9, Heard::VerifyEnded(report, Mismatches::default(), None))).is_good());
    }
}

#[test]
fn a_sample_states_its_bound() {
    let mut job = job_with("[[rule]]\nname = 'x'\naction = 'purge'\nverify = 'sample'");
    tell(&mut job, written());
    let sampled = Report { covered: Blocks(36_880), wanted: Blocks(36_880), ..Report::default() };
    job.hear_on(8, Heard::VerifyBegan(4610));
    let Next::End(verdict) = job.hear_on(9, Heard::VerifyEnded(sampled, Mismatches::default(), None)) else { panic!() };
    // 4.605171 / 4610 = 0.0998965 %.
    assert_eq!(verdict.reasons, [Reason::SampleReadBack { places: 4610, bound_ppm: 999 }]);
    assert!(alloc::format!("{}", verdict.reasons[0]).contains("more than 0.0999 %"));
}

#[test]
fn a_tenth_is_a_tenth_or_no_word_at_all() {
    let policy = "[[rule]]\nname = 'x'\naction = 'purge'\nverify = 'tenth'";
    let end = |places: u64, blocks: u64| {
        let mut job = job_with(policy);
        tell(&mut job, written());
        let read = Report { covered: Blocks(blocks), wanted: Blocks(blocks), ..Report::default() };
        job.hear(8, Heard::VerifyBegan(places));
        job.hear_on(9, Heard::VerifyEnded(read, Mismatches::default(), None))
    };
    let all = whole().covered.0;
    let Next::End(verdict) = end(2002, all.div_ceil(10)) else { panic!() };
    assert_eq!(verdict.outcome, Outcome::Cleared);
    // 4.605171 / 2002 = 0.230029 %.
    assert_eq!(verdict.reasons, [Reason::SampleReadBack { places: 2002, bound_ppm: 2301 }]);
    assert_eq!(outcome(&end(2002, all.div_ceil(10) - 1)), Outcome::Indeterminate);
    assert_eq!(outcome(&end(1999, all.div_ceil(10))), Outcome::Indeterminate);
}

#[test]
fn stopped_and_crashed_jobs_never_pass() {
    for last in [Heard::Stopped, Heard::Crashed("index out of bounds".into())] {
        let mut job_1 = job();
        assert_eq!(outcome(&tell(&mut job_1, [Heard::Ready, last.clone()])), Outcome::NotErased);
        let mut job_2 = job();
        tell(&mut job_2, written());
        assert_eq!(outcome(&job_2.hear_on(9, last.clone())), Outcome::Indeterminate);
        // Whatever is said after the end changes nothing.
        assert_eq!(
            outcome(&job_2.hear_on(10, Heard::VerifyEnded(whole(), Mismatches::default(), None))),
            Outcome::Indeterminate
        );
    }
}

#[test]
fn the_consent_must_be_about_the_drive_of_the_plan() {
    let capabilities =
        Capabilities { techniques: vec![(Technique::Overwrite, Support::Present)], ..Capabilities::default() };
    let mut other = nvme();
    other.serial.as_mut().unwrap().text = "OTHER".into();
    let plan = plan(&other, &capabilities, &Policy::default()).unwrap();
    let drawn = Drawn { key: Secret([1; 32]), seed: Secret([2; 32]), stream: Stream::ChaCha20, withheld: None };
    let consent = Consent::typed(&nvme(), "2345").unwrap();
    assert!(Job::new(JobId([3; 16]), plan, consent, Setting::default(), drawn).is_err());
}

#[test]
fn a_record_from_the_journal_says_so_and_is_worth_what_its_facts_are() {
    let mut job_1 = job();
    tell(&mut job_1, [Heard::Ready, Heard::Opened(nvme()), Heard::Prepared(Prepared::default())]);
    let mut evidence = job_1.into_evidence();
    evidence.add(7, Fact::Recovered);
    let verdict = evidence.verdict();
    assert_eq!((verdict.outcome, verdict.reasons), (Outcome::NotErased, vec![Reason::Unfinished]));
    assert!(verdict.exceptions.contains(&Exception::RecoveredFromJournal));

    let mut job_2 = job();
    tell(&mut job_2, written());
    job_2.hear_on(9, Heard::VerifyEnded(whole(), Mismatches::default(), None));
    let mut evidence = job_2.into_evidence();
    evidence.add(9, Fact::Recovered);
    assert_eq!(evidence.verdict().outcome, Outcome::Cleared);
}

#[test]
fn an_emmc_whose_boot_partitions_stay_closed_or_unseen_is_not_cleared_by_an_overwrite_of_the_rest() {
    use crate::capability::{Area, Found, Hidden};
    use crate::drive::Transport;
    use crate::units::Bytes;
    let emmc = Identity { transport: Transport::Mmc, ..nvme() };
    let verdict = |found| {
        let boot = Hidden { area: Area::BootPartitions, found };
        let capabilities = Capabilities {
            techniques: vec![(Technique::Overwrite, Support::Present)],
            hidden: vec![boot.clone()],
            ..Capabilities::default()
        };
        let plan = plan(&emmc, &capabilities, &Policy::default()).unwrap();
        let drawn = Drawn { key: Secret([1; 32]), seed: Secret([2; 32]), stream: Stream::ChaCha20, withheld: None };
        let consent = Consent::typed(&emmc, "2345").unwrap();
        let mut job = Job::new(JobId([3; 16]), plan, consent, Setting::default(), drawn).unwrap();
        tell(&mut job, written());
        let end = job.hear_on(9, Heard::VerifyEnded(whole(), Mismatches::default(), None));
        let Next::End(verdict) = end else { panic!() };
        (boot, verdict)
    };
    for found in [Found::Closed { size: Bytes(262_144) }, Found::Unknown("it is write protected".into())] {
        let (boot, verdict) = verdict(found);
        assert_eq!((verdict.outcome, verdict.reasons), (Outcome::NotErased, vec![Reason::HiddenAreaKept(boot)]));
    }
    assert_eq!(verdict(Found::Nothing).1.outcome, Outcome::Cleared);
}

#[test]
fn an_overwrite_does_not_clear_a_disk_whose_protected_area_could_not_be_looked_for() {
    use crate::capability::{Area, Found, Hidden};
    let unknown = Hidden { area: Area::HostProtectedArea, found: Found::Unknown("no registers".into()) };
    let prepared = Prepared { hidden: vec![unknown.clone()], ..Prepared::default() };
    let mut job = job();
    let heard = [
        Heard::Ready,
        Heard::Opened(nvme()),
        Heard::Prepared(prepared),
        Heard::PassEnded(whole()),
        Heard::Flushed(Ok(())),
        Heard::VerifyBegan(1),
        Heard::VerifyEnded(whole(), Mismatches::default(), None),
    ];
    let Next::End(verdict) = tell(&mut job, heard) else { panic!() };
    assert_eq!((verdict.outcome, verdict.reasons), (Outcome::NotErased, vec![Reason::HiddenAreaKept(unknown)]));
}

#[test]
fn one_namespace_of_several_is_cleared_and_said_to_be_one_of_several() {
    use crate::capability::{Area, Found, Hidden};
    use crate::units::Bytes;
    use crate::verdict::Exception;
    let said = |found: Found| {
        let hidden = vec![Hidden { area: Area::OtherNamespaces, found }];
        let mut job = job();
        let heard = [
            Heard::Ready,
            Heard::Opened(nvme()),
            Heard::Prepared(Prepared { hidden, ..Prepared::default() }),
            Heard::PassEnded(whole()),
            Heard::Flushed(Ok(())),
            Heard::VerifyBegan(1),
            Heard::VerifyEnded(whole(), Mismatches::default(), None),
        ];
        let Next::End(verdict) = tell(&mut job, heard) else { panic!() };
        assert_eq!(verdict.outcome, Outcome::Cleared);
        assert!(!verdict.exceptions.contains(&Exception::HiddenAreaKept), "it is a disk of its own");
        verdict.exceptions.contains(&Exception::OtherNamespaces)
    };
    assert!(said(Found::Closed { size: Bytes(4096) }) && said(Found::Unknown("no list".into())));
    assert!(!said(Found::Nothing));
}

#[test]
fn a_drive_is_looked_over_before_the_first_write_and_after_the_read_back() {
    let mut job = job();
    let before = tell(&mut job, [Heard::Ready, Heard::Opened(nvme())]);
    assert_eq!(before, Next::Prepare);
    assert_eq!(job.hear(3, Heard::Prepared(Prepared::default())), Next::Survey(When::Before));
    let write = Next::Write { number: 1, pattern: Pattern::Random, from: Lba(0) };
    assert_eq!(job.hear(4, Heard::Surveyed(When::Before, Survey::default())), write);
    tell(&mut job, [Heard::PassEnded(whole()), Heard::Flushed(Ok(())), Heard::VerifyBegan(1)]);
    assert_eq!(job.hear(9, Heard::VerifyEnded(whole(), Mismatches::default(), None)), Next::Survey(When::After));
    let next = job.hear(10, Heard::Surveyed(When::After, Survey::default()));
    assert_eq!(outcome(&next), Outcome::Cleared);
    let is_survey = |entry: &crate::evidence::Entry| matches!(entry.fact, Fact::Surveyed { .. });
    let at: Vec<usize> =
        job.evidence().facts().iter().enumerate().filter(|(_, one)| is_survey(one)).map(|(at, _)| at).collect();
    assert_eq!(at, [1, 7], "behind Opened, and behind VerifyEnded");
}

#[test]
fn old_data_that_read_the_same_after_the_erase_are_not_erased() {
    let mut job = job();
    tell(&mut job, written());
    job.hear(8, Heard::VerifyEnded(whole(), Mismatches::default(), None));
    let survey = Survey { unchanged: 2, first_unchanged: vec![Lba(40), Lba(80)], ..Survey::default() };
    let Next::End(verdict) = job.hear(9, Heard::Surveyed(When::After, survey)) else { panic!() };
    let reason = Reason::Unchanged { places: 2, first: vec![Lba(40), Lba(80)] };
    assert_eq!((verdict.outcome, verdict.reasons), (Outcome::NotErased, vec![reason.clone()]));
    assert_eq!(
        alloc::string::ToString::to_string(&reason),
        "old data is still there: 2 pages read the same, byte for byte, as before the erase, first at LBA 40"
    );
}
