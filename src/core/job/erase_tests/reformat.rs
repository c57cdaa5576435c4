//! A drive that is given blocks of another length once it is erased.

use alloc::format;
use alloc::string::ToString;

use super::*;
use crate::evidence::Entry;
use crate::reformat::End;
use crate::units::BlockSize;

const RULE: &str = "[[rule]]\nname = 'x'\naction = 'purge'\nblock_size = 512";

/// A SAS drive of 1000 blocks of 520 bytes.
fn array_disk() -> Identity {
    let logical_block = BlockSize::new(520).unwrap();
    Identity { transport: Transport::Scsi, logical_block, capacity: Bytes(520_000), ..nvme() }
}

fn job(policy: &str) -> Job {
    job_of(&array_disk(), &[SanitizeBlockErase], policy)
}

/// Everything up to the read-back, without a flaw; the drive tells its health if asked to.
fn erased(health: bool) -> Vec<Heard> {
    let health = if health { Health { temperature_c: Some(30), ..Health::default() } } else { Health::default() };
    let mut heard = vec![Heard::Ready, Heard::Opened(array_disk())];
    heard.push(Heard::Prepared(Prepared { health: health.clone(), ..Prepared::default() }));
    heard.push(placed());
    heard.extend(step());
    heard.extend([clean(), Heard::VerifyBegan(1)]);
    let report = Report { wanted: Blocks(1000), covered: Blocks(1000), ..whole() };
    heard.push(Heard::VerifyEnded(report, Mismatches::default(), Some(0)));
    if health != Health::default() {
        heard.push(Heard::Health(health));
    }
    heard
}

fn reformatting() -> Job {
    let mut job = job(RULE);
    assert_eq!(tell(&mut job, erased(true)), Next::Reformat(BlockSize::B512));
    job
}

#[test]
fn it_comes_after_all_else_and_its_end_is_what_the_blocks_say() {
    let mut job = reformatting();
    assert_eq!(
        outcome(&Next::End(job.evidence().verdict())),
        Outcome::Purged,
        "what a power cut leaves in the journal"
    );
    assert_eq!(job.evidence().reformat().unwrap().end, End::Open);
    assert_eq!(tell(&mut job, [accepted(None), at(7)]), Next::Watch { after_ms: 100 });
    assert_eq!(tell(&mut job, [completed()]), Next::Measure(BlockSize::B512));
    let next = tell(&mut job, [Heard::Reformatted(Ok(Blocks(1015)))]);
    assert_eq!(outcome(&next), Outcome::Purged);
    let reformat = job.evidence().reformat().unwrap();
    assert_eq!(reformat.to_string(), "formatted to 512-byte blocks: 1015 of them");
    assert!(job.evidence().facts().iter().all(|entry| !matches!(entry.fact, Fact::Stalled { .. } | Fact::Stopped)));
}

#[test]
fn without_the_policy_s_word_or_a_good_end_of_the_erase_nothing_is_formatted() {
    let mut silent = job("");
    assert_eq!(outcome(&tell(&mut silent, erased(false))), Outcome::Purged);
    assert_eq!(silent.evidence().reformat(), None);
    let mut asked = job(RULE);
    assert_eq!(tell(&mut asked, erased(false)), Next::Reformat(BlockSize::B512), "a drive that tells no health");
    let mut bad = job(RULE);
    let mut heard = erased(false);
    let survived = Sought { markers_left: 1, constant: 99, ..Sought::default() };
    heard.truncate(heard.len() - 3);
    heard.push(Heard::Sought(survived));
    assert_eq!(outcome(&tell(&mut bad, heard)), Outcome::NotErased);
    let reformat = bad.evidence().reformat().unwrap();
    assert_eq!(reformat.to_string(), "not formatted to 512-byte blocks: the drive was not asked");
}

#[test]
fn whatever_goes_wrong_is_told_and_the_verdict_stands() {
    let gone = || Heard::Standing(Standing::Gone);
    let never = || Heard::Standing(Standing::Never);
    let measured = || Heard::Reformatted(Err("it has 1000 blocks of 520 bytes".into()));
    for (heard, why) in [
        (vec![refused()], "Invalid Field in Command"),
        (vec![Heard::Begun(Begun::Lost { why: "no answer".into() })], "no answer"),
        (vec![accepted(None), failed()], "Sanitize Failed"),
        (vec![accepted(None), at(7), gone()], "the drive does not answer any more"),
        (vec![accepted(None), unknown(), unknown(), unknown(), unknown(), unknown()], "no registers"),
        (
            vec![accepted(None), never(), never(), never(), never(), never(), measured()],
            "it has 1000 blocks of 520 bytes",
        ),
        (vec![accepted(None), completed(), measured()], "it has 1000 blocks of 520 bytes"),
        (vec![Heard::Stopped], "the job was stopped; the drive may still be at work on it"),
    ] {
        let mut job = reformatting();
        assert_eq!(outcome(&tell(&mut job, heard)), Outcome::Purged, "{why}");
        let reformat = job.evidence().reformat().unwrap();
        assert_eq!(reformat.to_string(), format!("the format to 512-byte blocks was asked for and failed: {why}"));
    }
    let mut stalled = reformatting();
    tell(&mut stalled, [accepted(None), at(7)]);
    assert_eq!(outcome(&stalled.hear_on(13 * HOUR, at(7))), Outcome::Purged);
    assert!(
        matches!(stalled.evidence().reformat().unwrap().end, End::Failed(why) if why.starts_with("nothing has moved"))
    );
    let mut crashed = reformatting();
    assert!(
        !outcome(&crashed.hear_on(9, Heard::Crashed("index".into()))).is_good(),
        "a fault of ours is never a success"
    );
}

/// The record of a flawless job, with this fact put in before the entry that the closure picks.
fn forged(policy: &str, fact: &Fact, before: fn(&Entry) -> bool) -> Outcome {
    let mut job = job(policy);
    tell(&mut job, erased(false));
    let honest = job.evidence().clone();
    let Evidence { job, setting, plan, consent, drawn, .. } = honest.clone();
    let mut evidence = Evidence::new(job, setting, plan, consent, drawn);
    for entry in honest.facts().iter().filter(|entry| !matches!(entry.fact, Fact::ReformatBegan { .. })) {
        if before(entry) {
            evidence.add(entry.at_ms, fact.clone());
        }
        evidence.add(entry.at_ms, entry.fact.clone());
    }
    evidence.verdict().outcome
}

#[test]
fn a_format_before_the_read_back_makes_the_record_worthless() {
    let began = Fact::ReformatBegan { to: BlockSize::B512 };
    let is_nothing = |_: &Entry| false;
    assert_eq!(forged(RULE, &began, is_nothing), Outcome::Purged);
    assert!(!forged(RULE, &began, |entry| matches!(entry.fact, Fact::VerifyBegan { .. })).is_good());
    assert!(!forged(RULE, &began, |entry| matches!(entry.fact, Fact::MarkersSought { .. })).is_good());
    // The end of a format alone proves nothing and harms nothing.
    let done = Fact::Reformatted { blocks: Blocks(1015) };
    assert_eq!(forged(RULE, &done, |entry| matches!(entry.fact, Fact::VerifyEnded { .. })), Outcome::Purged);
}

#[test]
fn a_format_that_the_plan_does_not_have_makes_the_record_worthless() {
    let mut job = job("");
    tell(&mut job, erased(false));
    let mut evidence = job.into_evidence();
    assert_eq!(evidence.verdict().outcome, Outcome::Purged);
    evidence.add(99, Fact::ReformatBegan { to: BlockSize::B512 });
    assert!(!evidence.verdict().outcome.is_good());
}
