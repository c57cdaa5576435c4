//! Jobs on simulated drives with every fault by name, one invariant: **no certificate says more than the medium bears out.** The
//! oracle is the medium itself, read past the drive's own answers.

mod firmware;
mod gauge;
mod power;
mod returns;
mod schemes;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use purgeproof_certificate::{Certificate, IssueError, Key, Link, evidence_bundle};
use purgeproof_core::capability::Capabilities;
use purgeproof_core::consent::{Consent, challenge};
use purgeproof_core::drive::{Drive, Identity};
use purgeproof_core::event::{DriveId, Event};
use purgeproof_core::evidence::{Clock, Drawn, Evidence, JobId, Secret, Setting};
use purgeproof_core::job::Job;
use purgeproof_core::pattern::Pattern;
use purgeproof_core::plan::plan;
use purgeproof_core::policy::Policy;
use purgeproof_core::stream::Stream;
use purgeproof_core::units::{BlockSize, Extent, Lba};
use purgeproof_core::verdict::{Outcome, Reason};
use purgeproof_drive::sim::{Fault, SimDrive};
use purgeproof_engine::journal::{Journal, Record, Writer, unfiled};
use purgeproof_engine::keystream::Keystream;
use purgeproof_engine::{Engine, Host};

/// The transfers of a survey of so many blocks: three stretches with signatures, and a page of each region.
const SURVEY: u64 = 3 + 512;
/// 9 000 blocks of 512 bytes: two requests, the second one short.
const BLOCKS: u64 = 9_000;

const KEY: [u8; 32] = [0x5e; 32];

/// Collects what a job says and ends with.
struct Desk {
    clock: Arc<AtomicU64>,
    journal: Mutex<(Writer, String)>,
    events: Mutex<Vec<Event>>,
    ended: Sender<Evidence>,
    checkpoint_interval: Duration,
}

impl Host for Desk {
    fn now_ms(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::Relaxed)
    }

    fn wait(&self, time: Duration) {
        let ms = u64::try_from(time.as_millis()).unwrap();
        self.clock.fetch_add(ms, Ordering::Relaxed);
    }

    fn tell(&self, event: Event) {
        self.events.lock().unwrap().push(event);
    }

    fn record(&self, record: Record) {
        let (writer, text) = &mut *self.journal.lock().unwrap();
        text.push_str(&writer.line(&record).unwrap());
    }

    fn checkpoint_interval(&self) -> Duration {
        self.checkpoint_interval
    }

    fn ended(&self, _: DriveId, evidence: Evidence) {
        self.ended.send(evidence).unwrap();
    }
}

/// Overwrites a drive by this policy and gives its evidence and the journal.
fn erase(drive: &SimDrive, policy: &str) -> (Evidence, String) {
    erase_by(drive, policy, &drive.capabilities(&[]))
}

/// Erases a drive that can do this by this policy, and gives its evidence and the journal.
fn erase_by(drive: &SimDrive, policy: &str, capabilities: &Capabilities) -> (Evidence, String) {
    erase_through(Box::new(drive.clone()), drive.identity(), policy, capabilities)
}

/// Erases the drive with this identity through another's hands.
fn erase_through(
    drive: Box<dyn Drive>,
    identity: &Identity,
    policy: &str,
    capabilities: &Capabilities,
) -> (Evidence, String) {
    erase_by_clock(Arc::default(), drive, identity, policy, capabilities)
}

/// The same by a clock that the drive may move as well.
fn erase_by_clock(
    clock: Arc<AtomicU64>,
    drive: Box<dyn Drive>,
    identity: &Identity,
    policy: &str,
    capabilities: &Capabilities,
) -> (Evidence, String) {
    let plan = plan(identity, capabilities, &Policy::parse(policy).unwrap()).unwrap();
    let consent = Consent::typed(identity, &challenge(identity)).unwrap();
    let setting = Setting { clock: Clock { unix_s: 1_800_000_000, ..Clock::default() }, ..Setting::default() };
    let drawn = Drawn { key: Secret(KEY), seed: Secret([0x5d; 32]), stream: Stream::ChaCha20, withheld: None };
    let job = Job::new(JobId([7; 16]), plan, consent, setting, drawn).unwrap();
    let (ended, endings) = mpsc::channel();
    let desk = Arc::new(Desk {
        clock,
        journal: Mutex::default(),
        events: Mutex::default(),
        ended,
        checkpoint_interval: Duration::from_secs(30),
    });
    let engine = Engine::new(Arc::clone(&desk) as Arc<dyn Host>);
    engine.start(DriveId(0), drive, job).unwrap();
    let evidence = endings.recv_timeout(Duration::from_mins(2)).expect("the job does not end");
    let journal = desk.journal.lock().unwrap().1.clone();
    (evidence, journal)
}

/// Blocks that do not hold what the last pass was to write.
fn survivors(drive: &SimDrive, pattern: Pattern) -> Vec<u64> {
    let block = drive.identity().logical_block.get() as usize;
    let mut wanted = vec![0; block];
    let mut holds = |lba: &u64| {
        schemes::fill(pattern, &KEY, lba * block as u64, &mut wanted);
        drive.block(Lba(*lba)) != wanted
    };
    (0..drive.identity().geometry().unwrap().count().0).filter(|lba| holds(lba)).collect()
}

#[test]
fn a_sound_drive_is_cleared_with_each_pattern_and_block_size() {
    for (block, blocks, pattern) in
        [(512, BLOCKS, "random"), (4096, 1_031, "zeros"), (520, 9_001, "random"), (512, 1, "0x55")]
    {
        let drive = SimDrive::new(1, BlockSize::new(block).unwrap(), blocks).unwrap();
        let (evidence, _) = erase(&drive, &format!("[[rule]]\nname = 'x'\naction = 'purge'\npattern = '{pattern}'"));
        assert_eq!(evidence.verdict().outcome, Outcome::Cleared, "{block} {pattern}: {:?}", evidence.verdict());
        assert_eq!(survivors(&drive, pattern.parse().unwrap()), [0_u64; 0], "{block} {pattern}");
    }
}

type Expected = (Fault, Outcome, fn(&Reason) -> bool);

#[test]
fn each_fault_has_its_verdict_and_its_reason() {
    let at = |start, count| Extent::new(start, count);
    let bad = |reason: &Reason| match reason {
        Reason::Unwritable(regions) | Reason::Unreadable(regions) => regions.extents.clone(),
        _ => vec![],
    };
    let cases: [Expected; 9] = [
        (Fault::Refuses(at(8_190, 3)), Outcome::NotErased, |r| matches!(r, Reason::Unwritable(_))),
        (Fault::Unreadable(at(8_999, 1)), Outcome::NotErased, |r| matches!(r, Reason::Unreadable(_))),
        (Fault::Shortens { blocks: 100 }, Outcome::Cleared, |r| *r == Reason::AllReadBack),
        (Fault::Lies(at(0, 1)), Outcome::NotErased, |r| matches!(r, Reason::Mismatch(_))),
        (Fault::Misdirects { from: at(50, 1), by: 7 }, Outcome::NotErased, |r| matches!(r, Reason::Mismatch(_))),
        (Fault::VanishesAt(1), Outcome::NotErased, |r| *r == Reason::GoneWhileWriting),
        (Fault::VanishesAt(SURVEY + 4), Outcome::Indeterminate, |r| *r == Reason::GoneWhileReading),
        (Fault::FlushFails, Outcome::Indeterminate, |r| *r == Reason::NotFlushed),
        (Fault::BusyFor(1), Outcome::NotErased, |r| *r == Reason::NothingWritten),
    ];
    for (fault, outcome, is_reason) in cases {
        let drive = SimDrive::new(2, BlockSize::B512, BLOCKS).unwrap().with(fault.clone());
        let (evidence, _) = erase(&drive, "");
        let verdict = evidence.verdict();
        assert_eq!(verdict.outcome, outcome, "{fault:?}: {verdict:?}");
        assert!(verdict.reasons.iter().any(is_reason), "{fault:?}: {verdict:?}");
        if let Fault::Refuses(extent) | Fault::Unreadable(extent) = fault {
            assert_eq!(verdict.reasons.iter().flat_map(bad).collect::<Vec<_>>(), [extent]);
        }
    }
}

#[test]
fn a_drive_that_comes_back_as_another_is_not_written() {
    // The first opening is somebody else's; the job's is the second.
    let drive = SimDrive::new(3, BlockSize::B512, BLOCKS).unwrap().with(Fault::ReturnsAs("OTHER".into()));
    assert!(purgeproof_core::drive::Drive::open(&mut drive.clone()).is_ok());
    let (evidence, _) = erase(&drive, "");
    assert_eq!(evidence.verdict().reasons, [Reason::OtherDrive, Reason::NothingWritten]);
    assert_eq!(drive.transfers(), 0);
    assert_eq!(drive.block(Lba(0)), drive.original(Lba(0)));
}

#[test]
fn a_simulated_drive_gets_no_real_signature() {
    let drive = SimDrive::new(4, BlockSize::B512, 64).unwrap();
    let (evidence, _) = erase(&drive, "");
    let key = Key::from_seed(&[1; 32]);
    let issued = Certificate::issue(&evidence, &key, Link::first(key.fingerprint().0, &key), 1_800_000_001);
    assert_eq!(issued.unwrap_err(), IssueError::Simulated);
}

fn fault() -> impl Strategy<Value = Fault> {
    let extent = || (0..BLOCKS, 1_u64..40).prop_map(|(start, count)| Extent::new(start, count.min(BLOCKS - start)));
    prop_oneof![
        extent().prop_map(Fault::Refuses),
        extent().prop_map(Fault::Unreadable),
        (0_u64..3000).prop_map(|blocks| Fault::Shortens { blocks }),
        extent().prop_map(Fault::Lies),
        (extent(), 1_u64..BLOCKS).prop_map(|(from, by)| Fault::Misdirects { from, by }),
        (0_u64..12, any::<bool>()).prop_map(|(at, later)| Fault::VanishesAt(if later { SURVEY + at } else { at })),
        Just(Fault::FlushFails),
    ]
}

/// What a rule says of the overwrite: nothing, one pass, several, a pattern of three bytes at the end.
fn overwrite() -> impl Strategy<Value = &'static str> {
    let own = "scheme = 'own'\n[[scheme]]\nname = 'own'\npasses = ['random-byte', 'complement', '0x924924']";
    prop::sample::select(vec!["", "pattern = 'zeros'", "scheme = 'dod-short'", "scheme = 'afssi-5020'", own])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn no_certificate_says_more_than_the_medium_bears_out(
        seed in any::<u64>(), faults in proptest::collection::vec(fault(), 0..3), words in overwrite(), cut_permille in 0..1000_usize,
    ) {
        let drive = SimDrive::new(seed, BlockSize::B512, BLOCKS).unwrap();
        let drive = faults.iter().cloned().fold(drive, SimDrive::with);
        let (evidence, journal) = erase(&drive, &format!("[[rule]]\nname = 'x'\naction = 'purge'\n{words}"));
        let verdict = evidence.verdict();
        let left = survivors(&drive, *evidence.passes().last().unwrap());
        if verdict.outcome.is_good() {
            prop_assert!(left.is_empty(), "{:?} passed with {} survivors: {:?}", faults, left.len(), verdict);
        }
        let harmless = |fault: &Fault| matches!(fault, Fault::Shortens { blocks: 1.. });
        if faults.iter().all(harmless) {
            prop_assert_eq!(verdict.outcome, Outcome::Cleared, "{:?}: {:?}", faults, verdict);
        }

        // What the certificate states is what follows from its evidence, and nothing else would verify.
        let key = Key::simulation();
        let certificate = Certificate::issue(&evidence, &key, Link::first([0; 8], &key), 1_900_000_000).unwrap();
        prop_assert!(certificate.evidence_matches(&evidence_bundle(&evidence).unwrap()).is_ok());
        prop_assert_eq!(certificate.claims().statement.outcome.0, verdict.outcome);

        // Cut the power anywhere: the journal never yields a better word than the medium deserves.
        let length = journal.len() * cut_permille / 1000;
        let torn = Journal::parse(&journal.as_bytes()[..length]).unwrap();
        for recovered in unfiled([&torn]) {
            prop_assert!(!recovered.verdict().outcome.is_good() || left.is_empty());
        }
    }
}
