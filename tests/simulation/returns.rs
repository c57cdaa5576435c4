//! Drives that leave in the middle and come back: the job ends with a certificate that says so, and goes on under another number with
//! another one. The program lives on, so that its journal is whole.

use purgeproof_core::evidence::Fact;
use purgeproof_core::job::resume::Interrupted;
use purgeproof_engine::journal::Jobs;

use super::power::{Dice, Plugged, consent, job};
use super::*;

/// Runs a job to its end; gives its evidence, and what the journal has of it, which knows the checkpoints.
fn run(drive: &SimDrive, job: Job) -> (Evidence, Evidence) {
    let (ended, endings) = mpsc::channel();
    let (clock, checkpoint_interval) = (Arc::default(), Duration::ZERO);
    let desk = Desk { clock, journal: Mutex::default(), events: Mutex::default(), ended, checkpoint_interval };
    let desk = Arc::new(desk);
    Engine::new(Arc::clone(&desk) as Arc<dyn Host>).start(DriveId(0), Box::new(drive.clone()), job).unwrap();
    let evidence = endings.recv_timeout(Duration::from_mins(2)).expect("the job does not end");
    let journal = Journal::parse(desk.journal.lock().unwrap().1.as_bytes()).unwrap();
    let known = Jobs::of([&journal]).known(evidence.job).cloned().expect("the journal has the job");
    (evidence, known)
}

/// Its certificate, which verifies with its evidence.
fn certified(evidence: &Evidence) -> Certificate {
    let key = Key::simulation();
    let certificate = Certificate::issue(evidence, &key, Link::first([0; 8], &key), 1_900_000_000).unwrap();
    assert!(certificate.evidence_matches(&evidence_bundle(evidence).unwrap()).is_ok());
    certificate
}

/// The drive is back: what goes on, and what it refers to.
fn goes_on(drive: &SimDrive, left: &Evidence, number: u8) -> Option<Job> {
    let interrupted = Interrupted::of(left)?.certified();
    let clock = Clock { unix_s: 1_800_000_100, ..Clock::default() };
    let setting = Setting { clock, ..Setting::default() };
    let next = Job::resume(interrupted, consent(drive), setting, JobId([number; 16])).unwrap();
    assert_eq!(next.evidence().superseded().last(), Some(left.job));
    Some(next)
}

#[test]
fn wherever_a_drive_leaves_it_goes_on_when_it_is_back_and_no_old_block_is_left() {
    let policies = ["", "[[rule]]\nname = 'x'\naction = 'purge'\nscheme = 'dod-short'"];
    let (mut dice, mut cleared, mut midway) = (Dice(7), 0, 0);
    for seed in 0..40 {
        let drive = SimDrive::new(seed, BlockSize::B512, BLOCKS).unwrap().with(Fault::Shortens { blocks: 40 });
        // The places are counted over all that it ever moves; some departures come one right after the other.
        let drive = (0..=dice.roll(3)).fold(drive, |drive, _| drive.with(Fault::LeavesAt(SURVEY + dice.roll(1_500))));
        let (mut evidence, mut known) = run(&drive, job(&drive, policies[(seed % 2) as usize]));
        for number in 20.. {
            let certificate = certified(&evidence);
            assert_eq!(certificate.claims().id, evidence.job);
            let Some(next) = goes_on(&drive, &known, number) else { break };
            assert!(!evidence.verdict().outcome.is_good(), "seed {seed}");
            (evidence, known) = run(&drive, next);
        }
        let verdict = evidence.verdict();
        assert_eq!(verdict.outcome, Outcome::Cleared, "seed {seed}: {verdict:?}");
        assert_eq!(survivors(&drive, *evidence.passes().last().unwrap()), [0_u64; 0], "seed {seed}");
        cleared += 1;
        let is_midway = |fact: &Fact| matches!(fact, Fact::PassResumed { from, .. } if from.0 > 0);
        midway += evidence.facts().iter().filter(|entry| is_midway(&entry.fact)).count();
    }
    assert!(cleared == 40 && midway >= 20, "{midway} went on in the middle of a pass");
}

#[test]
fn one_that_returns_as_another_serial_is_not_written() {
    for at in [1, 40, 150, 230] {
        let drive = SimDrive::new(at, BlockSize::B512, BLOCKS).unwrap().with(Fault::Shortens { blocks: 40 });
        let drive = drive.with(Fault::LeavesAt(SURVEY + at)).with(Fault::ReturnsAs("OTHER".into()));
        let (_, known) = run(&drive, job(&drive, ""));
        let (transfers, before): (u64, Vec<_>) =
            (drive.transfers(), (0..BLOCKS).map(|lba| drive.block(Lba(lba))).collect());
        let (evidence, known) = run(&drive, goes_on(&drive, &known, 20).unwrap());
        let verdict = evidence.verdict();
        assert!(!verdict.outcome.is_good() && verdict.reasons.contains(&Reason::OtherDrive), "{verdict:?}");
        assert_eq!(drive.transfers(), transfers, "it was touched");
        assert!((0..BLOCKS).map(|lba| drive.block(Lba(lba))).eq(before));
        assert!(Interrupted::of(&known).is_none(), "that was the end of it");
        certified(&evidence);
    }
}

#[test]
fn what_a_drive_forgot_while_it_was_away_is_written_again() {
    let mut anew = 0;
    for seed in 0..24 {
        // It confirms flushes that it does not do, and loses any part of its cache with its power.
        let (mut dice, plugged) = (Dice(seed), Plugged::new(seed, true));
        let cut_at = 60 + dice.roll(160);
        let (_, journal) = plugged.run_until(cut_at, job(&plugged.drive, ""), &mut dice);
        let journal = Journal::parse(journal.as_bytes()).unwrap();
        let Some(known) = Jobs::of([&journal]).known(JobId([7; 16])).cloned() else { continue };
        let Some(next) = goes_on(&plugged.drive, &known, 20) else { continue };
        let (evidence, _) = plugged.run_until(u64::MAX, next, &mut dice);
        let is_lost = |fact: &Fact| matches!(fact, Fact::Rechecked { mismatches, .. } if mismatches.blocks.0 > 0);
        let begins = |fact: &Fact| matches!(fact, Fact::PassBegan { number: 1, .. });
        let facts: Vec<&Fact> = evidence.facts().iter().map(|entry| &entry.fact).collect();
        if let Some(lost) = facts.iter().position(|fact| is_lost(fact)) {
            assert!(facts[lost + 1..].iter().any(|fact| begins(fact)), "seed {seed}: it went on over what was lost");
            anew += 1;
        }
        assert_eq!(evidence.verdict().outcome, Outcome::Cleared, "seed {seed}");
        certified(&evidence);
    }
    assert!(anew >= 8, "{anew} began anew");
}
