//! Traces of drives that erase themselves: what the job hears, and what it says to that.

use super::tests::{outcome, tell, whole};
use super::*;
use crate::capability::{Area, Capabilities, Found, Hidden, Obstacle, Support};
use crate::drive::tests::nvme;
use crate::drive::{Medium, Transport};
use crate::evidence::Secret;
use crate::pass::Regions;
use crate::plan::{Plan, Way, plan};
use crate::policy::Policy;
use crate::stream::Stream;
use crate::technique::Technique::{
    self, FormatUserDataErase, Overwrite, SanitizeBlockErase, SanitizeCryptoErase, SanitizeOverwrite,
    SecurityEraseEnhanced, SecurityEraseNormal, TcgRevert,
};
use crate::units::{Blocks, Bytes, Lba};
use crate::verdict::{Exception, Outcome, Reason};
use alloc::vec;
use alloc::vec::Vec;
use proptest::prelude::*;

mod forged;
mod reformat;

const CLEAR_WILL_DO: &str = "[[rule]]\nname = 'x'\naction = 'purge'\nlevel = 'clear'";
const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;

fn job_of(drive: &Identity, techniques: &[Technique], policy: &str) -> Job {
    let mut techniques: Vec<_> = techniques.iter().map(|technique| (*technique, Support::Present)).collect();
    techniques.push((Overwrite, Support::Present));
    let capabilities = Capabilities { techniques, ..Capabilities::default() };
    job_that(drive, &capabilities, policy)
}

fn job_that(drive: &Identity, capabilities: &Capabilities, policy: &str) -> Job {
    let plan = plan(drive, capabilities, &Policy::parse(policy).unwrap()).unwrap();
    let consent = Consent::typed(drive, "2345").unwrap();
    let drawn = Drawn { key: Secret([1; 32]), seed: Secret([2; 32]), stream: Stream::ChaCha20, withheld: None };
    Job::new(JobId([3; 16]), plan, consent, Setting::default(), drawn).unwrap()
}

/// A flash drive that can do this.
fn job(techniques: &[Technique]) -> Job {
    job_of(&nvme(), techniques, "")
}

fn disk() -> Identity {
    Identity { transport: Transport::Ata, medium: Medium::Magnetic, ..nvme() }
}

fn opened() -> Vec<Heard> {
    vec![Heard::Ready, Heard::Opened(nvme()), Heard::Prepared(Prepared::default())]
}

fn placed() -> Heard {
    Heard::Marked(Placed { places: 100, landed: 100, witnesses: 60 })
}

fn accepted(estimate_s: Option<u64>) -> Heard {
    Heard::Begun(Begun::Accepted { estimate_s })
}

fn refused() -> Heard {
    Heard::Begun(Begun::Refused { why: "Invalid Field in Command".into() })
}

fn at(progress: u16) -> Heard {
    Heard::Standing(Standing::InProgress { progress: Some(progress) })
}

fn failed() -> Heard {
    Heard::Standing(Standing::Failed { why: "Sanitize Failed".into() })
}

fn unknown() -> Heard {
    Heard::Standing(Standing::Unknown { why: "no registers".into() })
}

fn completed() -> Heard {
    Heard::Standing(Standing::Completed)
}

fn settled() -> Heard {
    Heard::Settled(Settled::default())
}

fn clean() -> Heard {
    Heard::Sought(Sought { constant: 100, ..Sought::default() })
}

fn read_back() -> Heard {
    Heard::VerifyEnded(whole(), Mismatches::default(), Some(0))
}

/// One step of the firmware's, without a flaw.
fn step() -> Vec<Heard> {
    vec![accepted(Some(20)), at(0), at(30_000), completed(), settled()]
}

/// Everything that a job hears of a drive that does its firmware steps, and its overwrite if there is one, without a flaw.
fn flawless(steps: usize, overwrites: bool) -> Vec<Heard> {
    let mut heard = opened();
    if steps > 0 {
        heard.push(placed());
        heard.extend((0..steps).flat_map(|_| step()));
        heard.push(clean());
    }
    if overwrites {
        heard.extend([Heard::PassEnded(whole()), Heard::Flushed(Ok(()))]);
    }
    heard.extend([Heard::VerifyBegan(1), read_back()]);
    heard
}

/// Up to the drive's answer to the first erase.
fn begun(job: &mut Job, estimate_s: Option<u64>) {
    let heard = opened().into_iter().chain([placed(), accepted(estimate_s)]);
    assert_eq!(tell(job, heard), Next::Watch { after_ms: 0 });
}

fn reasons(job: &Job) -> Vec<Reason> {
    job.evidence().verdict().reasons
}

#[test]
fn a_drive_that_erases_itself_as_it_should_is_purged() {
    let mut job = job(&[SanitizeBlockErase]);
    let trace = [
        (Heard::Ready, Next::Open),
        (Heard::Opened(nvme()), Next::Prepare),
        (Heard::Prepared(Prepared::default()), Next::Mark),
        (placed(), Next::Begin(SanitizeBlockErase)),
        (accepted(Some(20)), Next::Watch { after_ms: 0 }),
        (at(0), Next::Watch { after_ms: 100 }),
        (at(30_000), Next::Watch { after_ms: 100 }),
        (completed(), Next::Settle(SanitizeBlockErase)),
        (settled(), Next::Seek),
        (clean(), Next::Verify { coverage: Coverage::Full, expect: Expect::Erased }),
        (Heard::VerifyBegan(1), Next::GoOn),
    ];
    for (now_ms, (heard, next)) in (0..).zip(trace) {
        assert_eq!(job.hear_on(now_ms, heard.clone()), next, "{heard:?}");
    }
    let Next::End(verdict) = job.hear_on(99, read_back()) else { panic!() };
    assert_eq!(verdict.outcome, Outcome::Purged);
    // 4.605171 / 100 places = 46 051.71 parts per million, rounded up.
    let gone = Reason::MarkersGone { places: 100, bound_ppm: 46_052 };
    assert_eq!(verdict.reasons, [Reason::ErasedByDrive(vec![SanitizeBlockErase]), gone, Reason::AllErased(Some(0))]);
}

#[test]
fn two_steps_are_one_after_the_other_and_the_markers_are_sought_after_the_last() {
    let mut job = job(&[SanitizeCryptoErase, SanitizeBlockErase]);
    tell(&mut job, opened());
    assert_eq!(job.hear_on(4, placed()), Next::Begin(SanitizeCryptoErase));
    assert_eq!(tell(&mut job, [accepted(None), completed()]), Next::Settle(SanitizeCryptoErase));
    assert_eq!(job.hear_on(6, settled()), Next::Begin(SanitizeBlockErase));
    assert_eq!(tell(&mut job, [accepted(None), completed()]), Next::Settle(SanitizeBlockErase));
    assert_eq!(job.hear_on(8, settled()), Next::Seek);
    assert_eq!(outcome(&tell(&mut job, [clean(), Heard::VerifyBegan(1), read_back()])), Outcome::Purged);
    assert_eq!(reasons(&job)[0], Reason::ErasedByDrive(vec![SanitizeCryptoErase, SanitizeBlockErase]));
}

#[test]
fn a_command_in_the_foreground_needs_no_watching() {
    let mut job = job_of(&disk(), &[SecurityEraseEnhanced], "");
    tell(&mut job, opened());
    assert_eq!(job.hear_on(10, placed()), Next::Begin(SecurityEraseEnhanced));
    let next = job.hear_on(10 + HOUR, Heard::Begun(Begun::Completed));
    assert_eq!(next, Next::Settle(SecurityEraseEnhanced));
    assert_eq!(outcome(&tell(&mut job, [settled(), clean(), Heard::VerifyBegan(1), read_back()])), Outcome::Purged);
}

#[test]
fn silence_is_never_success_on_any_way() {
    let fallen = || {
        let mut heard = opened();
        heard.extend([placed(), refused()]);
        heard.extend(flawless(1, false).split_off(3));
        heard
    };
    let ways: [(&[Technique], Vec<Heard>, Outcome); 5] = [
        (&[SanitizeBlockErase], flawless(1, false), Outcome::Purged),
        (&[SanitizeCryptoErase, SanitizeBlockErase], flawless(2, false), Outcome::Purged),
        (&[SanitizeCryptoErase], flawless(1, true), Outcome::Purged),
        (&[Technique::FormatUserDataErase], flawless(1, true), Outcome::Cleared),
        (&[SanitizeBlockErase, SanitizeOverwrite], fallen(), Outcome::Purged),
    ];
    for (techniques, all, outcome) in ways {
        for length in 0..=all.len() {
            let mut job = job(techniques);
            for heard in &all[..length] {
                job.hear_on(1, heard.clone());
            }
            let verdict = job.evidence().verdict();
            if length == all.len() {
                assert_eq!(verdict.outcome, outcome, "{techniques:?}: {:?}", verdict.reasons);
            } else {
                assert!(!verdict.outcome.is_good(), "{techniques:?} after {length} words: {verdict:?}");
            }
        }
    }
}

#[test]
fn somebody_elses_sanitize_is_waited_for_and_earns_nothing() {
    let mut job = job(&[SanitizeBlockErase]);
    tell(&mut job, [Heard::Ready, Heard::Opened(nvme())]);
    let standing = Standing::InProgress { progress: Some(9) };
    let busy = Prepared { standing, obstacle: Some(Obstacle::Sanitizing), ..Prepared::default() };
    assert_eq!(job.hear_on(2, Heard::Prepared(busy)), Next::Watch { after_ms: 0 });
    assert!(matches!(job.hear_on(3, at(10)), Next::Watch { .. }));
    assert!(matches!(job.hear_on(4, unknown()), Next::Watch { .. }), "one answer that says nothing ends no wait");
    // What could not be seen while that went on is looked at now.
    assert_eq!(job.hear_on(5, completed()), Next::Prepare);
    assert!(!job.evidence().verdict().outcome.is_good());
    let mut own = flawless(1, false).split_off(3);
    own.insert(0, Heard::Prepared(Prepared { standing: Standing::Completed, ..Prepared::default() }));
    assert_eq!(outcome(&tell(&mut job, own)), Outcome::Purged);
}

#[test]
fn a_drive_that_says_over_and_over_that_it_is_busy_is_waited_for_once() {
    let mut job = job(&[SanitizeBlockErase]);
    tell(&mut job, [Heard::Ready, Heard::Opened(nvme())]);
    let standing = Standing::InProgress { progress: None };
    let busy = Prepared { standing, ..Prepared::default() };
    job.hear_on(2, Heard::Prepared(busy.clone()));
    assert_eq!(job.hear_on(3, completed()), Next::Prepare);
    assert_eq!(job.hear_on(4, Heard::Prepared(busy)), Next::Mark);
}

#[test]
fn areas_that_were_opened_before_the_wait_stay_open() {
    let mut job = job(&[SanitizeBlockErase]);
    tell(&mut job, [Heard::Ready, Heard::Opened(nvme())]);
    let (standing, capacity) = (Standing::InProgress { progress: None }, Some(Bytes(2_097_152)));
    job.hear_on(2, Heard::Prepared(Prepared { standing, capacity, ..Prepared::default() }));
    job.hear_on(3, completed());
    assert_eq!(job.hear_on(4, Heard::Prepared(Prepared::default())), Next::Open);
    assert_eq!(job.hear_on(5, Heard::Opened(Identity { capacity: Bytes(2_097_152), ..nvme() })), Next::Mark);
}

#[test]
fn refused_is_the_next_way_of_the_same_level_without_a_new_word() {
    let mut job = job(&[SanitizeBlockErase, SanitizeOverwrite]);
    tell(&mut job, opened().into_iter().chain([placed()]));
    // New markers: what became of the first ones is not known.
    assert_eq!(job.hear_on(6, refused()), Next::Mark);
    assert_eq!(job.hear_on(7, placed()), Next::Begin(SanitizeOverwrite));
    let rest = [accepted(None), completed(), settled(), clean(), Heard::VerifyBegan(1), read_back()];
    let Next::End(verdict) = tell(&mut job, rest) else { panic!() };
    assert_eq!(verdict.outcome, Outcome::Purged, "{verdict:?}");
    assert!(verdict.exceptions.contains(&Exception::StrongerTechniqueFailed));
    let why = "Invalid Field in Command".into();
    assert_eq!(job.evidence().setbacks(), [Reason::Refused(SanitizeBlockErase, why)]);
}

#[test]
fn refused_without_leave_for_less_is_the_end_and_with_it_an_overwrite() {
    let mut strict = job(&[SanitizeBlockErase]);
    let next = tell(&mut strict, opened().into_iter().chain([placed(), refused()]));
    assert_eq!(outcome(&next), Outcome::NotErased);
    assert!(matches!(reasons(&strict)[..], [Reason::Refused(SanitizeBlockErase, _)]));

    let mut lenient = job_of(&nvme(), &[SanitizeBlockErase], CLEAR_WILL_DO);
    let next = tell(&mut lenient, opened().into_iter().chain([placed(), refused()]));
    assert_eq!(next, Next::Write { number: 1, pattern: Pattern::Random, from: Lba(0) });
    let rest = [Heard::PassEnded(whole()), Heard::Flushed(Ok(())), Heard::VerifyBegan(1), read_back()];
    assert_eq!(outcome(&tell(&mut lenient, rest)), Outcome::Cleared);
    assert_eq!(reasons(&lenient), [Reason::AllReadBack]);
}

#[test]
fn a_way_through_what_was_refused_is_not_taken() {
    // N2 is crypto and block, N3 crypto and overwrite, N4 the drive's own overwrite.
    let mut job = job(&[SanitizeCryptoErase, SanitizeBlockErase, SanitizeOverwrite]);
    tell(&mut job, opened().into_iter().chain([placed(), refused()]));
    assert_eq!(job.hear_on(9, placed()), Next::Begin(SanitizeOverwrite));
}

#[test]
fn a_drive_that_failed_is_asked_once_more_and_then_given_up() {
    let mut job = job(&[SanitizeBlockErase, SanitizeOverwrite]);
    begun(&mut job, Some(20));
    assert_eq!(job.hear_on(10, failed()), Next::Begin(SanitizeBlockErase));
    assert_eq!(tell(&mut job, [accepted(Some(20)), at(1)]), Next::Watch { after_ms: 100 });
    assert_eq!(job.hear_on(20, failed()), Next::Mark);
    assert_eq!(job.hear_on(21, placed()), Next::Begin(SanitizeOverwrite));
    let failed = Heard::Begun(Begun::Failed { why: "again".into() });
    assert_eq!(job.hear_on(22, failed.clone()), Next::Begin(SanitizeOverwrite));
    assert_eq!(outcome(&job.hear_on(23, failed)), Outcome::NotErased);
    assert!(matches!(
        reasons(&job)[..],
        [Reason::EraseFailed(SanitizeBlockErase, _), Reason::EraseFailed(SanitizeOverwrite, _)]
    ));
}

#[test]
fn it_is_the_second_try_that_counts() {
    let mut job = job(&[SanitizeBlockErase]);
    begun(&mut job, Some(20));
    assert_eq!(job.hear_on(10, failed()), Next::Begin(SanitizeBlockErase));
    let rest = step().into_iter().chain([clean(), Heard::VerifyBegan(1), read_back()]);
    assert_eq!(outcome(&tell(&mut job, rest)), Outcome::Purged);
}

#[test]
fn what_was_taken_and_never_begun_is_ignored() {
    let mut job = job(&[SanitizeBlockErase]);
    begun(&mut job, Some(20));
    let never = || Heard::Standing(Standing::Never);
    for now_ms in [1_000, 3_000, 5_000, 7_000] {
        assert_eq!(job.hear_on(now_ms, never()), Next::Watch { after_ms: 2_000 });
    }
    assert_eq!(outcome(&job.hear_on(9_000, never())), Outcome::NotErased);
    assert_eq!(reasons(&job), [Reason::Ignored(SanitizeBlockErase)]);
}

#[test]
fn a_status_that_cannot_be_read_leaves_the_drive_in_doubt() {
    let mut job = job(&[SanitizeBlockErase, SanitizeOverwrite]);
    begun(&mut job, Some(20));
    for now_ms in 10..14 {
        assert_eq!(job.hear_on(now_ms, unknown()), Next::Watch { after_ms: 2_000 });
    }
    // Nothing else is sent to a drive that may be at work, though there is another way.
    assert_eq!(outcome(&job.hear_on(14, unknown())), Outcome::Indeterminate);
    assert_eq!(reasons(&job), [Reason::StatusUnreadable("no registers".into())]);
}

#[test]
fn four_unread_answers_and_one_never_are_not_five_never() {
    let mut job = job(&[SanitizeBlockErase, SanitizeOverwrite]);
    begun(&mut job, Some(20));
    tell(&mut job, (0..4).map(|_| unknown()));
    for _ in 0..4 {
        assert!(matches!(job.hear_on(50, Heard::Standing(Standing::Never)), Next::Watch { .. }));
    }
    assert_eq!(job.hear_on(51, Heard::Standing(Standing::Never)), Next::Mark);
}

#[test]
fn an_answer_between_silences_begins_the_count_anew() {
    let mut job = job(&[SanitizeBlockErase]);
    begun(&mut job, Some(20));
    for now_ms in 0..40 {
        let heard = if now_ms % 5 == 4 { at(u16::try_from(now_ms).unwrap()) } else { unknown() };
        assert!(matches!(job.hear_on(now_ms, heard), Next::Watch { .. }), "{now_ms}");
    }
}

/// The latest moment, in seconds after the last movement, at which a drive with this estimate is still waited for.
fn patience_s(estimate_s: Option<u64>) -> u64 {
    let moved_ms = 500_000;
    let waited = |quiet_s: u64| {
        let mut job = job(&[SanitizeBlockErase]);
        begun(&mut job, estimate_s);
        job.hear_on(moved_ms, at(7));
        job.hear_on(moved_ms + quiet_s * 1000, at(7))
    };
    let patience = (1..=13 * 3600).step_by(60).find(|quiet_s| matches!(waited(*quiet_s), Next::End(_))).unwrap() - 61;
    (patience..=patience + 61).find(|quiet_s| matches!(waited(quiet_s + 1), Next::End(_))).unwrap()
}

#[test]
fn patience_follows_the_drives_own_estimate() {
    assert_eq!(patience_s(Some(1)), 120, "never less than two minutes");
    assert_eq!(patience_s(Some(200)), 600, "three times the estimate");
    assert_eq!(patience_s(Some(100_000)), 1800, "never more than half an hour");
    assert_eq!(patience_s(None), 12 * 3600, "half a day where there is none");
}

#[test]
fn a_stalled_drive_is_in_doubt_and_left_alone() {
    let mut job = job(&[SanitizeBlockErase, SanitizeOverwrite]);
    begun(&mut job, Some(20));
    job.hear_on(1_000, at(7));
    assert_eq!(job.hear_on(121_000, at(7)), Next::Watch { after_ms: 5_000 });
    assert_eq!(outcome(&job.hear_on(121_001, at(7))), Outcome::Indeterminate);
    assert_eq!(reasons(&job), [Reason::Stalled(120)]);
}

#[test]
fn an_answer_that_says_nothing_is_no_movement() {
    let mut job = job(&[SanitizeBlockErase]);
    begun(&mut job, Some(20));
    let mut ended = None;
    for turn in 0..100_u64 {
        let heard = if turn.is_multiple_of(2) { at(7) } else { unknown() };
        if let Next::End(verdict) = job.hear_on(1_000 + turn * 5_000, heard) {
            ended = Some((turn, verdict));
            break;
        }
    }
    // Moved at 1 s; 125 s later it is the 26th turn that finds it out.
    let (turn, verdict) = ended.unwrap();
    assert_eq!((turn, verdict.outcome), (26, Outcome::Indeterminate));
}

#[test]
fn a_drive_that_tells_no_progress_is_not_stalled_for_telling_none() {
    let mut job = job(&[SanitizeBlockErase]);
    begun(&mut job, Some(4 * 3600));
    let busy = || Heard::Standing(Standing::InProgress { progress: None });
    for hour in 1..=12 {
        assert!(matches!(job.hear_on(hour * HOUR, busy()), Next::Watch { .. }), "{hour}");
    }
    assert_eq!(outcome(&job.hear_on(12 * HOUR + MINUTE, busy())), Outcome::Indeterminate);
}

#[test]
fn a_drive_that_moves_for_ever_is_given_up_in_the_end() {
    for (estimate_s, hours) in [(Some(60), 24), (Some(36_000), 30), (None, 7 * 24)] {
        let mut job = job(&[SanitizeBlockErase]);
        begun(&mut job, estimate_s);
        let mut now_ms = 0;
        let ended = (0_u16..).cycle().find_map(|turn| {
            now_ms += MINUTE;
            matches!(job.hear_on(now_ms, at(turn % 100)), Next::End(_)).then_some(now_ms / MINUTE)
        });
        assert_eq!(ended, Some(hours * 60 + 1), "{estimate_s:?}");
    }
}

#[test]
fn it_is_asked_often_at_first_and_every_five_seconds_later() {
    let mut job = job(&[SanitizeBlockErase]);
    begun(&mut job, None);
    // An eighth of the time that it has taken so far; it began at 5 ms.
    for (now_ms, after_ms) in [(6, 100), (805, 100), (8_005, 1_000), (40_005, 5_000), (900_000, 5_000)] {
        let progress = u16::try_from(now_ms / 100).unwrap();
        assert_eq!(job.hear_on(now_ms, at(progress)), Next::Watch { after_ms });
    }
}

#[test]
fn every_tenth_is_noted_and_nothing_in_between() {
    let mut job = job(&[SanitizeBlockErase]);
    begun(&mut job, None);
    for progress in (0..=65_535).step_by(64) {
        job.hear_on(u64::from(progress), at(progress));
    }
    let stands = |entry: &&crate::evidence::Entry| matches!(entry.fact, Fact::Stands { .. });
    assert_eq!(job.evidence().facts().iter().filter(stands).count(), 10);
}

fn hot(temperature_c: i16) -> Health {
    Health { temperature_c: Some(temperature_c), limit_c: Some(70), ..Health::default() }
}

#[test]
fn a_hot_drive_is_waited_for_and_then_erased() {
    let mut job = job(&[SanitizeBlockErase]);
    tell(&mut job, [Heard::Ready, Heard::Opened(nvme())]);
    let next = job.hear_on(0, Heard::Prepared(Prepared { health: hot(71), ..Prepared::default() }));
    assert_eq!(next, Next::CheckHealth { after_ms: 30_000 });
    assert_eq!(job.hear_on(30_000, Heard::Health(hot(71))), Next::CheckHealth { after_ms: 30_000 });
    // At its limit it is not above it.
    assert_eq!(job.hear_on(60_000, Heard::Health(hot(70))), Next::Mark);
    let rest = flawless(1, false).split_off(3);
    // It tells its health, and is asked for that once more at the end.
    assert_eq!(tell(&mut job, rest), Next::CheckHealth { after_ms: 0 });
    assert_eq!(outcome(&job.hear_on(99_000, Heard::Health(hot(75)))), Outcome::Purged);
}

#[test]
fn a_drive_that_stays_hot_for_half_an_hour_is_not_erased() {
    let mut job = job(&[SanitizeBlockErase]);
    tell(&mut job, [Heard::Ready, Heard::Opened(nvme())]);
    job.hear_on(0, Heard::Prepared(Prepared { health: hot(90), ..Prepared::default() }));
    for half_minute in 1..=60 {
        let next = job.hear_on(half_minute * 30_000, Heard::Health(hot(90)));
        assert_eq!(next, Next::CheckHealth { after_ms: 30_000 }, "{half_minute}");
    }
    assert_eq!(outcome(&job.hear_on(61 * 30_000, Heard::Health(hot(90)))), Outcome::NotErased);
    assert_eq!(reasons(&job), [Reason::TooHot, Reason::NothingWritten]);
}

#[test]
fn what_stands_in_the_way_is_named_and_nothing_is_written() {
    for obstacle in [Obstacle::Locked, Obstacle::WriteProtected] {
        let mut job = job_of(&nvme(), &[SanitizeBlockErase], CLEAR_WILL_DO);
        let prepared = Prepared { obstacle: Some(obstacle.clone()), ..Prepared::default() };
        let next = tell(&mut job, [Heard::Ready, Heard::Opened(nvme()), Heard::Prepared(prepared)]);
        assert_eq!(outcome(&next), Outcome::NotErased);
        assert_eq!(reasons(&job), [Reason::InTheWay(obstacle), Reason::NothingWritten]);
    }
}

#[test]
fn a_drive_that_left_before_anything_was_asked_is_asked_nothing() {
    let mut job = job(&[SanitizeBlockErase]);
    let prepared = Prepared { standing: Standing::Gone, ..Prepared::default() };
    let next = tell(&mut job, [Heard::Ready, Heard::Opened(nvme()), Heard::Prepared(prepared)]);
    assert_eq!(outcome(&next), Outcome::NotErased);
    assert_eq!(reasons(&job), [Reason::NotOpened(OpenError::Gone), Reason::NothingWritten]);
}

#[test]
fn opened_areas_make_it_a_larger_drive_and_no_other_one() {
    let grown = Identity { capacity: Bytes(2_097_152), ..nvme() };
    let to_reopen = || {
        let mut job = job(&[SanitizeBlockErase]);
        tell(&mut job, [Heard::Ready, Heard::Opened(nvme())]);
        let prepared = Prepared { capacity: Some(Bytes(2_097_152)), ..Prepared::default() };
        assert_eq!(job.hear_on(3, Heard::Prepared(prepared)), Next::Open);
        job
    };
    let mut other_serial = grown.clone();
    other_serial.serial.as_mut().unwrap().text = "OTHER".into();
    for other in [nvme(), Identity { capacity: Bytes(2_096_640), ..nvme() }, other_serial] {
        let mut job = to_reopen();
        assert_eq!(outcome(&job.hear_on(4, Heard::Opened(other))), Outcome::NotErased);
        assert_eq!(reasons(&job), [Reason::OtherDrive, Reason::NothingWritten]);
    }
    let rest = || flawless(1, false).split_off(3);
    // Read back in the size that it had before, it is not checked; in its new one it is.
    let mut job = to_reopen();
    assert_eq!(job.hear_on(4, Heard::Opened(grown.clone())), Next::Mark);
    assert!(!outcome(&tell(&mut job, rest())).is_good());
    let mut job = to_reopen();
    job.hear_on(4, Heard::Opened(grown));
    let mut all = rest();
    let report = Report { covered: Blocks(4096), wanted: Blocks(4096), ..Report::default() };
    *all.last_mut().unwrap() = Heard::VerifyEnded(report, Mismatches::default(), Some(0));
    assert_eq!(outcome(&tell(&mut job, all)), Outcome::Purged);
    // Not opened again at all: nothing that is done is done to all of it.
    let mut job = to_reopen();
    assert!(!outcome(&tell(&mut job, rest())).is_good());
}

#[test]
fn survivors_are_a_lie_found_out_whoever_they_belong_to() {
    let left = |markers_left, witnesses_left| Sought {
        markers_left,
        witnesses_left,
        constant: 100 - markers_left,
        first_left: vec![Lba(16)],
        ..Sought::default()
    };
    for (markers, witnesses) in [(1, 0), (0, 1), (100, 60)] {
        let mut strict = job(&[SanitizeCryptoErase, SanitizeBlockErase]);
        let mut heard = flawless(2, false);
        let seek = heard.iter().position(|heard| *heard == clean()).unwrap();
        heard.truncate(seek);
        heard.push(Heard::Sought(left(markers, witnesses)));
        assert_eq!(outcome(&tell(&mut strict, heard.clone())), Outcome::NotErased);
        assert_eq!(reasons(&strict), [Reason::Survived { markers, witnesses, first: vec![Lba(16)] }]);

        // With leave it is overwritten, and none of the two steps is believed again, not even as a part of another way.
        let mut lenient = job_of(&nvme(), &[SanitizeCryptoErase, SanitizeBlockErase], CLEAR_WILL_DO);
        assert_eq!(tell(&mut lenient, heard), Next::Write { number: 1, pattern: Pattern::Random, from: Lba(0) });
    }
}

#[test]
fn survivors_seen_before_the_drive_left_are_known_to_be_there() {
    let mut job = job(&[SanitizeBlockErase]);
    begun(&mut job, None);
    let sought = Sought { markers_left: 3, constant: 10, gone: true, ..Sought::default() };
    assert_eq!(outcome(&tell(&mut job, [completed(), settled(), Heard::Sought(sought)])), Outcome::NotErased);
}

#[test]
fn too_few_markers_say_nothing() {
    let word = |placed: Placed, sought: Sought| {
        let mut job = job(&[SanitizeBlockErase]);
        tell(&mut job, opened());
        let gone = || [Heard::Marked(placed.clone())].into_iter().chain(step()).chain([Heard::Sought(sought.clone())]);
        // Too few of them landed: the way is gone once more, and only once.
        if tell(&mut job, gone()) == Next::Mark {
            assert!(!placed.is_enough());
            assert_eq!(tell(&mut job, gone()), Next::Verify { coverage: Coverage::Full, expect: Expect::Erased });
        }
        (outcome(&tell(&mut job, [Heard::VerifyBegan(1), read_back()])), reasons(&job))
    };
    let placed = |landed| Placed { places: 100, landed, witnesses: 60 };
    let constant = |constant| Sought { constant, ..Sought::default() };
    assert_eq!(word(placed(50), constant(50)).0, Outcome::Purged);
    for (placed, sought, landed) in [
        (placed(49), constant(49), 49),
        (placed(100), constant(49), 49),
        (placed(0), constant(0), 0),
        // More than there are cannot have been looked at.
        (placed(10), constant(100), 10),
    ] {
        let few = Reason::MarkersTooFew { landed, places: 100 };
        assert_eq!(word(placed, sought), (Outcome::Indeterminate, vec![few]));
    }
    assert_eq!(word(Placed::default(), Sought::default()).0, Outcome::Indeterminate);
}

#[test]
fn a_drive_that_takes_markers_only_after_an_erase_is_erased_once_more() {
    let mut job = job(&[SanitizeCryptoErase, SanitizeBlockErase]);
    let none = Heard::Marked(Placed { places: 100, landed: 0, witnesses: 0 });
    let nothing = Heard::Sought(Sought::default());
    tell(&mut job, opened());
    let first = [none].into_iter().chain(step()).chain(step()).chain([nothing]);
    assert_eq!(tell(&mut job, first), Next::Mark);
    let second =
        [placed()].into_iter().chain(step()).chain(step()).chain([clean(), Heard::VerifyBegan(1), read_back()]);
    assert_eq!(outcome(&tell(&mut job, second)), Outcome::Purged);
}

#[test]
fn a_locked_drive_is_reverted_once_to_unlock_it_and_once_with_markers() {
    let mut job = job(&[TcgRevert]);
    let reverted = || [Heard::Begun(Begun::Completed), settled()];
    tell(&mut job, opened());
    let none = Heard::Marked(Placed { places: 100, landed: 0, witnesses: 0 });
    assert_eq!(tell(&mut job, [none]), Next::Begin(TcgRevert));
    assert_eq!(tell(&mut job, reverted().into_iter().chain([Heard::Sought(Sought::default())])), Next::Mark);
    assert_eq!(tell(&mut job, [placed()]), Next::Begin(TcgRevert));
    let rest = reverted().into_iter().chain([clean(), Heard::VerifyBegan(1), read_back()]);
    assert_eq!(outcome(&tell(&mut job, rest)), Outcome::Purged);
}

#[test]
fn what_the_host_overwrites_and_reads_back_is_cleared_without_markers() {
    let word = |techniques: &[Technique], placed: Placed, sought: Sought| {
        let mut job = job_of(&nvme(), techniques, CLEAR_WILL_DO);
        tell(&mut job, opened());
        let begun = [Heard::Marked(placed)].into_iter().chain(step()).chain([Heard::Sought(sought)]);
        let next = tell(&mut job, begun);
        assert_eq!(next, Next::Write { number: 1, pattern: Pattern::Random, from: Lba(0) });
        let rest = [Heard::PassEnded(whole()), Heard::Flushed(Ok(())), Heard::VerifyBegan(1), read_back()];
        (outcome(&tell(&mut job, rest)), reasons(&job))
    };
    let all = Placed { places: 100, landed: 100, witnesses: 60 };
    let (erased, few) = (Reason::ErasedByDrive, |landed| Reason::MarkersTooFew { landed, places: 100 });
    for (placed, seen) in [(Placed { places: 100, ..Placed::default() }, 0), (all.clone(), 49)] {
        let sought = Sought { other: seen, ..Sought::default() };
        let reasons = vec![erased(vec![FormatUserDataErase]), few(seen), Reason::AllReadBack];
        assert_eq!(word(&[FormatUserDataErase], placed, sought), (Outcome::Cleared, reasons));
    }
    // A purge rests on the drive's word, which nobody could test.
    let purge = word(&[SanitizeCryptoErase], all, Sought { other: 49, ..Sought::default() });
    assert_eq!(purge, (Outcome::Indeterminate, vec![few(49)]));
}

#[test]
fn blocks_that_the_drive_says_are_erased_are_looked_at() {
    let mut job = job_of(&nvme(), &[SanitizeCryptoErase], CLEAR_WILL_DO);
    let mut heard = flawless(1, true);
    let sought = heard.iter().position(|heard| *heard == clean()).unwrap();
    heard[sought] = Heard::Sought(Sought { blank: 100, ..Sought::default() });
    assert_eq!(outcome(&tell(&mut job, heard)), Outcome::Purged);
}

#[test]
fn a_drive_left_in_disorder_is_not_erased() {
    let problem =
        || Heard::Settled(Settled { problems: vec!["security is still enabled".into()], ..Settled::default() });
    let mut strict = job(&[SanitizeBlockErase]);
    begun(&mut strict, None);
    assert_eq!(outcome(&tell(&mut strict, [completed(), problem()])), Outcome::NotErased);
    assert_eq!(reasons(&strict), [Reason::LeftInDisorder("security is still enabled".into())]);
    let mut lenient = job_of(&nvme(), &[SanitizeBlockErase], CLEAR_WILL_DO);
    begun(&mut lenient, None);
    assert_eq!(
        tell(&mut lenient, [completed(), problem()]),
        Next::Write { number: 1, pattern: Pattern::Random, from: Lba(0) }
    );
}

#[test]
fn a_lost_answer_and_a_lost_drive_are_in_doubt_and_sent_nothing_more() {
    let lost = Heard::Begun(Begun::Lost { why: "ETIMEDOUT".into() });
    let mut job_1 = job_of(&nvme(), &[SanitizeBlockErase, SanitizeOverwrite], CLEAR_WILL_DO);
    let next = tell(&mut job_1, opened().into_iter().chain([placed(), lost]));
    assert_eq!(outcome(&next), Outcome::Indeterminate);
    assert_eq!(reasons(&job_1), [Reason::NoAnswer(SanitizeBlockErase, "ETIMEDOUT".into())]);

    let mut job_2 = job_of(&nvme(), &[SanitizeBlockErase, SanitizeOverwrite], CLEAR_WILL_DO);
    begun(&mut job_2, None);
    let next = tell(&mut job_2, [at(9), Heard::Standing(Standing::Gone)]);
    assert_eq!(outcome(&next), Outcome::Indeterminate);
    assert_eq!(reasons(&job_2), [Reason::GoneWhileErasing]);
}

/// What is said of an erase that was accepted, of which this was heard, and then no more.
fn broken_off(heard: Vec<Heard>) -> (Outcome, Vec<Reason>) {
    let mut job = job(&[SanitizeBlockErase]);
    begun(&mut job, Some(20));
    for heard in heard {
        job.hear_on(9, heard);
    }
    let verdict = job.evidence().verdict();
    (verdict.outcome, verdict.reasons)
}

#[test]
fn a_stop_or_a_power_cut_in_the_middle_of_an_erase_is_unknown_and_not_ignored() {
    for before in [vec![], vec![at(5)], vec![at(5), completed()], vec![completed(), settled()]] {
        assert_eq!(broken_off(before.clone()), (Outcome::Indeterminate, vec![Reason::Unfinished]));
        let heard = before.into_iter().chain([Heard::Stopped]).collect();
        assert_eq!(broken_off(heard), (Outcome::Indeterminate, vec![Reason::Stopped]));
    }
    // One "never" may come too early to be believed.
    let never = Heard::Standing(Standing::Never);
    assert_eq!(broken_off(vec![never, Heard::Stopped]), (Outcome::Indeterminate, vec![Reason::Stopped]));
    let crashed = broken_off(vec![at(5), Heard::Crashed("index out of bounds".into())]);
    assert_eq!(crashed, (Outcome::Indeterminate, vec![Reason::Crashed]));
}

/// A command in the foreground is answered at its end, so it may be out without any answer.
#[test]
fn a_power_cut_before_the_first_answer_is_unknown() {
    let mut job = job(&[SanitizeBlockErase]);
    let heard = opened().into_iter().chain([placed()]);
    assert_eq!(tell(&mut job, heard), Next::Begin(SanitizeBlockErase));
    let verdict = job.evidence().verdict();
    assert_eq!((verdict.outcome, verdict.reasons), (Outcome::Indeterminate, vec![Reason::Unfinished]));
}

#[test]
fn who_stops_while_the_markers_go_out_has_written() {
    let mut job = job(&[SanitizeBlockErase]);
    assert_eq!(tell(&mut job, opened()), Next::Mark);
    assert_eq!(outcome(&job.hear_on(5, Heard::Stopped)), Outcome::NotErased);
    assert_eq!(reasons(&job), [Reason::Stopped]);
}

/// The word for a disk of 1 MiB that reports an erase as complete `took_ms` after it began.
fn disk_that_took(took_ms: u64, technique: Technique, encrypts_all: bool, estimate_s: Option<u64>) -> Vec<Reason> {
    let capabilities = Capabilities {
        techniques: vec![(SecurityEraseNormal, Support::Absent), (technique, Support::Present)],
        encrypts_all,
        ..Capabilities::default()
    };
    let mut job = job_that(&disk(), &capabilities, "");
    tell(&mut job, opened());
    assert_eq!(job.hear_on(1_000, placed()), Next::Begin(technique));
    job.hear_on(1_000, accepted(estimate_s));
    assert_eq!(job.hear_on(1_000 + took_ms, completed()), Next::Settle(technique));
    tell(&mut job, [settled(), clean(), Heard::VerifyBegan(1), read_back()]);
    reasons(&job)
}

#[test]
fn platters_cannot_be_written_in_no_time() {
    // 1 048 576 bytes at 1 000 000 bytes a millisecond take 1.05 ms.
    for took_ms in [0, 1] {
        let reasons = disk_that_took(took_ms, SanitizeOverwrite, false, None);
        assert_eq!(reasons, [Reason::ImplausiblyFast { took_ms }]);
    }
    let is_good = |reasons: Vec<Reason>| matches!(reasons[0], Reason::ErasedByDrive(_));
    assert!(is_good(disk_that_took(2, SanitizeOverwrite, false, None)));
    assert!(is_good(disk_that_took(0, SanitizeOverwrite, true, None)), "a key is changed in no time");
    // An estimate of nothing is none.
    assert!(!is_good(disk_that_took(0, SanitizeOverwrite, false, Some(0))));
}

#[test]
fn flash_may_be_as_fast_as_it_likes() {
    let mut job = job(&[SanitizeOverwrite]);
    let all = flawless(1, false);
    for heard in all {
        job.hear_on(1, heard);
    }
    assert_eq!(job.evidence().verdict().outcome, Outcome::Purged);
}

#[test]
fn an_area_that_stayed_closed_spoils_an_overwrite_and_not_a_sanitize() {
    let hidden = vec![Hidden { area: Area::HostProtectedArea, found: Found::Closed { size: Bytes(512) } }];
    let prepared = Heard::Prepared(Prepared { hidden: hidden.clone(), ..Prepared::default() });
    let word = |techniques: &[Technique], mut heard: Vec<Heard>| {
        heard[2] = prepared.clone();
        let mut job = job(techniques);
        for heard in heard {
            job.hear_on(1, heard);
        }
        let verdict = job.evidence().verdict();
        (verdict.outcome, verdict.reasons.contains(&Reason::HiddenAreaKept(hidden[0].clone())))
    };
    assert_eq!(word(&[], flawless(0, true)), (Outcome::NotErased, true));
    assert_eq!(word(&[Technique::FormatUserDataErase], flawless(1, true)), (Outcome::NotErased, true));
    assert_eq!(word(&[SanitizeBlockErase], flawless(1, false)), (Outcome::Purged, false));
}

#[test]
fn an_erased_block_that_cannot_be_read_or_is_unlike_the_others_is_not_erased() {
    let unreadable = Regions { extents: vec![], blocks: Blocks(1) };
    let report = Report { covered: Blocks(2047), wanted: Blocks(2048), bad: unreadable, ..Report::default() };
    let mismatch = Mismatches { blocks: Blocks(1), first: vec![Lba(9)] };
    for last in
        [Heard::VerifyEnded(report, Mismatches::default(), Some(0)), Heard::VerifyEnded(whole(), mismatch, Some(0))]
    {
        let mut heard = flawless(1, false);
        *heard.last_mut().unwrap() = last;
        assert_eq!(outcome(&tell(&mut job(&[SanitizeBlockErase]), heard)), Outcome::NotErased);
    }
}

/// A drive that lets its medium be read, up to there.
fn verifiable(job: &mut Job) -> Next {
    tell(job, opened());
    tell(job, [placed(), accepted(Some(20))]);
    job.hear_on(5, Heard::Standing(Standing::Verifiable))
}

#[test]
fn a_medium_that_can_be_read_is_looked_at_once_before_the_drive_goes_on() {
    let mut job = job(&[SanitizeBlockErase]);
    assert_eq!(verifiable(&mut job), Next::SeekOnMedium);
    let clean = Sought { constant: 100, ..Sought::default() };
    assert_eq!(job.hear_on(6, Heard::SoughtOnMedium(clean)), Next::Watch { after_ms: 0 });
    assert!(
        matches!(job.hear_on(7, Heard::Standing(Standing::Verifiable)), Next::Watch { .. }),
        "it has not gone on yet"
    );
    assert_eq!(job.hear_on(8, Heard::Standing(Standing::Completed)), Next::Settle(SanitizeBlockErase));
    assert_eq!(job.hear_on(9, Heard::Settled(Settled::default())), Next::Seek);
}

#[test]
fn a_drive_that_its_medium_gives_away_is_believed_in_nothing() {
    for (policy, last) in [("", None), (CLEAR_WILL_DO, Some("N8"))] {
        let mut job = job_of(&nvme(), &[SanitizeBlockErase, SanitizeOverwrite], policy);
        assert_eq!(verifiable(&mut job), Next::SeekOnMedium);
        let left = Sought { markers_left: 1, constant: 99, ..Sought::default() };
        // It has to be brought out of that state all the same.
        assert_eq!(job.hear_on(6, Heard::SoughtOnMedium(left)), Next::Watch { after_ms: 0 });
        assert_eq!(job.hear_on(7, Heard::Standing(Standing::Completed)), Next::Settle(SanitizeBlockErase));
        let next = job.hear_on(8, Heard::Settled(Settled::default()));
        match (next, last) {
            (Next::End(verdict), None) => {
                assert_eq!(verdict.outcome, Outcome::NotErased);
                assert!(verdict.reasons.iter().any(|reason| matches!(reason, Reason::Survived { markers: 1, .. })));
            }
            (Next::Write { .. }, Some(row)) => assert_eq!(job.way().unwrap().row, row),
            (next, _) => panic!("{next:?}"),
        }
    }
}

/// Up to the middle of the one pass of a disk.
fn in_a_pass() -> Job {
    let mut job = job_of(&disk(), &[], CLEAR_WILL_DO);
    let next = tell(&mut job, [Heard::Ready, Heard::Opened(disk()), Heard::Prepared(Prepared::default())]);
    assert!(matches!(next, Next::Write { number: 1, .. }));
    job
}

#[test]
fn a_drive_that_gets_hot_in_a_pass_rests_until_it_is_well_below_its_limit() {
    let mut job = in_a_pass();
    let known = job.evidence().facts().len();
    // What it says while it is cool enough is not kept.
    assert_eq!(job.hear(30_000, Heard::Felt(hot(70))), Next::GoOn);
    assert_eq!(job.hear(60_000, Heard::Felt(Health::default())), Next::GoOn);
    assert_eq!(job.evidence().facts().len(), known);
    let wait = Next::CheckHealth { after_ms: 30_000 };
    assert_eq!(job.hear(90_000, Heard::Felt(hot(71))), wait);
    // At 66 it is below its limit of 70, but not by five degrees.
    assert_eq!(job.hear(120_000, Heard::Felt(hot(73))), wait);
    assert_eq!(job.hear(150_000, Heard::Felt(hot(66))), wait);
    assert_eq!(job.hear(180_000, Heard::Felt(hot(65))), Next::GoOn);
    let facts: Vec<_> = job.evidence().facts().iter().skip(known).map(|entry| entry.fact.clone()).collect();
    assert_eq!(facts, [Fact::TooHot { health: hot(71) }, Fact::Rested { rested_ms: 90_000, health: hot(65) }]);
    // It counts for nothing in the end.
    let rest = [Heard::PassEnded(whole()), Heard::Flushed(Ok(())), Heard::VerifyBegan(1)];
    tell(&mut job, rest);
    assert_eq!(job.hear(200_000, Heard::Felt(hot(80))), wait);
    assert_eq!(job.hear(230_000, Heard::Felt(hot(60))), Next::GoOn);
    assert_eq!(outcome(&tell(&mut job, [read_back()])), Outcome::Cleared);
}

#[test]
fn a_drive_that_does_not_cool_down_in_a_pass_is_left_and_one_that_is_not_quite_cool_goes_on() {
    for (temperature, is_left) in [(71, true), (70, false)] {
        let mut job = in_a_pass();
        job.hear(0, Heard::Felt(hot(90)));
        for half_minute in 1..60 {
            let next = job.hear(half_minute * 30_000, Heard::Felt(hot(temperature)));
            assert_eq!(next, Next::CheckHealth { after_ms: 30_000 }, "{half_minute}");
        }
        let next = job.hear(60 * 30_000, Heard::Felt(hot(temperature)));
        assert_eq!(next == Next::GoOn, !is_left);
        if is_left {
            assert_eq!(outcome(&next), Outcome::NotErased);
            assert_eq!(reasons(&job), [Reason::TooHot]);
        }
    }
}

#[test]
fn too_hot_to_be_read_back_is_written_and_not_checked() {
    let mut job = in_a_pass();
    tell(&mut job, [Heard::PassEnded(whole()), Heard::Flushed(Ok(())), Heard::VerifyBegan(1), Heard::Felt(hot(90))]);
    assert_eq!(outcome(&job.hear(3 * HOUR, Heard::Felt(hot(90)))), Outcome::Indeterminate);
    // A record that ends in a rest says that it ends there.
    let mut cut = in_a_pass();
    cut.hear(0, Heard::Felt(hot(90)));
    assert_eq!(reasons(&cut), [Reason::Unfinished]);
}

#[test]
fn what_its_link_cannot_carry_a_drive_did_not_take() {
    use crate::link::LineRate;
    // 1 MiB in two seconds are 4.2 Mb/s.
    let on = |bits: u64, pass_ms: u64, read_ms: u64| {
        let drive = Identity { link: Some(LineRate(bits)), ..disk() };
        let mut job = job_of(&drive, &[], CLEAR_WILL_DO);
        tell(&mut job, [Heard::Ready, Heard::Opened(drive), Heard::Prepared(Prepared::default())]);
        let began_ms = job.evidence().facts().last().unwrap().at_ms;
        job.hear_on(began_ms + 10, Heard::PassEnded(whole()));
        job.hear_on(began_ms + pass_ms, Heard::Flushed(Ok(())));
        job.hear_on(began_ms + pass_ms, Heard::VerifyBegan(1));
        let next = job.hear_on(began_ms + pass_ms + read_ms, read_back());
        (outcome(&next), reasons(&job))
    };
    assert_eq!(on(4_200_000, 2_000, 2_000).0, Outcome::Cleared);
    // Less than a second says nothing.
    assert_eq!(on(1_000_000, 999, 999).0, Outcome::Cleared);
    let (bytes, link) = (Bytes(1_048_576), LineRate(4_194_303));
    let too_fast = |took_ms| Reason::FasterThanItsLink { bytes, took_ms, link };
    assert_eq!(on(4_194_303, 2_000, 3_000), (Outcome::Indeterminate, vec![too_fast(2_000)]));
    assert_eq!(on(4_194_303, 3_000, 1_999), (Outcome::Indeterminate, vec![too_fast(1_999)]));
}
