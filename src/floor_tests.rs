//! The floor with image files for drives: who may be erased, who is, and when all is done.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Instant;

use purgeproof_core::capability::{Obstacle, Support};
use purgeproof_core::consent::challenge;
use purgeproof_core::drive::{Exclusion, Media, MediaError, Medium, OpenError, Opened, Transport};
use purgeproof_core::evidence::{Drawn, Evidence, Fact, JobId, Secret};
use purgeproof_core::firmware::Prepared;
use purgeproof_core::job::Heard;
use purgeproof_core::secret::Vaults;
use purgeproof_core::stream::Stream;
use purgeproof_core::survey::{Survey, When};
use purgeproof_core::technique::Technique;
use purgeproof_core::units::{Geometry, Lba};
use purgeproof_core::verdict::Outcome;
use purgeproof_drive::file::FileDrive;
use purgeproof_drive::shelf::FolderShelf;
use purgeproof_drive::vault::Strongroom;
use purgeproof_engine::Host;
use purgeproof_engine::journal::{Record, Writer};
use purgeproof_engine::keystream::Keystream;

use super::*;

const OLD: &[u8] = &[b'x'; 65_536];

/// A world whose clock the test turns, and whose drives are files in a folder that goes with it.
struct Bench {
    folder: PathBuf,
    clock: Arc<AtomicU64>,
    slept: Arc<AtomicU64>,
    writes: Arc<AtomicU64>,
    floor: Floor<Files>,
    told: Receiver<Event>,
    inbox: Receiver<Input>,
    seen: Vec<Event>,
}

/// With a clock, a count of how often it slept, and of the writes until a drive leaves.
struct Files(Arc<AtomicU64>, Arc<AtomicU64>, Arc<AtomicU64>);

/// A file on a loose plug, which takes eight blocks at once, and leaves when so many writes are used up.
struct Loose<D>(D, Arc<AtomicU64>);

impl Drive for Loose<FileDrive> {
    fn open(&mut self) -> Result<Opened, OpenError> {
        let opened = self.0.open()?;
        Ok(Opened { media: Box::new(Loose(opened.media, Arc::clone(&self.1))), ..opened })
    }
}

impl Media for Loose<Box<dyn Media>> {
    fn geometry(&self) -> Geometry {
        self.0.geometry()
    }

    fn read(&mut self, at: Lba, into: &mut [u8]) -> Result<usize, MediaError> {
        self.0.read(at, into)
    }

    fn write(&mut self, at: Lba, from: &[u8]) -> Result<usize, MediaError> {
        let left = self.1.fetch_sub(1, Ordering::Relaxed);
        if left == 0 {
            return Err(MediaError::Gone { errno: 19 });
        }
        self.0.write(at, &from[..from.len().min(8 * 512)])
    }

    fn flush(&mut self) -> Result<(), MediaError> {
        self.0.flush()
    }
}

impl World for Files {
    fn now_ms(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    fn setting(&self, policy: &Policy) -> Setting {
        Setting { record: policy.record.clone(), ..Setting::default() }
    }

    fn drive(&self, found: &Found, _: Option<Psid>) -> Box<dyn Drive> {
        Box::new(Loose(FileDrive::new(&found.node), Arc::clone(&self.2)))
    }

    fn rescan(&self) {}

    fn keyboard(&mut self) -> Option<&mut Keyboard> {
        None
    }

    fn suspend(&self) -> Result<(), String> {
        self.1.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

struct Room(Sender<Input>, Filing);

impl Host for Room {
    fn now_ms(&self) -> u64 {
        0
    }

    fn tell(&self, event: Event) {
        drop(self.0.send(Input::Event(event)));
    }

    fn record(&self, record: Record) {
        self.1.record(vec![record]);
    }

    fn checkpoint_interval(&self) -> Duration {
        Duration::ZERO
    }

    fn ended(&self, drive: DriveId, evidence: Evidence) {
        self.1.certify(drive, evidence);
    }
}

impl Bench {
    fn new(name: &str, command_line: Option<(Vec<String>, Option<WhenDone>)>) -> Self {
        let folder = std::env::temp_dir().join(format!("purgeproof-floor-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        let (to_floor, inbox) = mpsc::channel();
        let (screen, told) = mpsc::channel();
        let telling = to_floor.clone();
        let filing = Filing::start("1.jsonl".into(), move |event| drop(telling.send(Input::Event(event))), || 1);
        let engine = Engine::new(Arc::new(Room(to_floor, filing.clone())));
        let (clock, slept) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let writes = Arc::new(AtomicU64::new(u64::MAX));
        let world = Files(Arc::clone(&clock), Arc::clone(&slept), Arc::clone(&writes));
        let floor = Floor::new(world, screen, filing, engine, command_line);
        Self { folder, clock, slept, writes, floor, told, inbox, seen: Vec::new() }
    }

    /// A file as a drive; its name is its serial number.
    fn drive(&self, folder: &str, name: &str) -> Found {
        let folder = self.folder.join(folder);
        fs::create_dir_all(&folder).unwrap();
        let path = folder.join(name);
        fs::write(&path, OLD).unwrap();
        FileDrive::new(path).look().unwrap()
    }

    fn stick(&mut self, policy: PolicyFile) {
        let shelf = FolderShelf::new(self.folder.join("stick")).unwrap();
        self.floor.hear(Input::Stick(Some((Box::new(shelf), policy))));
    }

    fn purge(&mut self, drive: u32, typed: &str) {
        self.floor.hear(Input::Request(Request::Purge { drive: DriveId(drive), typed: typed.into() }));
    }

    /// Lets time go by until the floor says that it ends, or nothing more happens.
    fn settle(&mut self) -> Option<End> {
        let since = Instant::now();
        let mut end = None;
        while end.is_none() && since.elapsed() < Duration::from_secs(3) {
            self.clock.fetch_add(1_000, Ordering::Relaxed);
            end = self.floor.hear(Input::Tick);
            while let Ok(input) = self.inbox.recv_timeout(Duration::from_millis(20)) {
                end = end.or(self.floor.hear(input));
            }
        }
        self.seen.extend(self.told.try_iter());
        end
    }

    /// Lets a little time go by, until so many jobs have ended and been filed.
    fn until_ended(&mut self, jobs: usize) {
        let since = Instant::now();
        while (self.outcomes().len() < jobs || !self.floor.filing.is_idle())
            && since.elapsed() < Duration::from_secs(10)
        {
            assert_eq!(self.floor.hear(Input::Tick), None);
            while let Ok(input) = self.inbox.recv_timeout(Duration::from_millis(20)) {
                assert_eq!(self.floor.hear(input), None);
            }
            self.seen.extend(self.told.try_iter());
        }
        self.floor.hear(Input::Tick);
        self.seen.extend(self.told.try_iter());
    }

    /// How far the job of the only listed drive came that can go on.
    fn offered(&self) -> Option<u8> {
        let drives = self.seen.iter().rev().find_map(|event| match event {
            Event::Drives(drives) => Some(drives),
            _ => None,
        });
        drives?.first()?.interrupted
    }

    fn outcomes(&self) -> Vec<(u32, Outcome)> {
        let ended = |event: &Event| match event {
            Event::Ended { drive, verdict, .. } => Some((drive.0, verdict.outcome)),
            _ => None,
        };
        let mut outcomes: Vec<_> = self.seen.iter().filter_map(ended).collect();
        outcomes.sort_by_key(|(drive, _)| *drive);
        outcomes
    }

    fn said(&self, words: &str) -> bool {
        self.seen.iter().any(|event| match event {
            Event::Notice(sentence) | Event::Denied { why: sentence, .. } => sentence.contains(words),
            _ => false,
        })
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn policy(rules: &str) -> PolicyFile {
    PolicyFile::Text(format!("unattended = true\nwhen_done = 'power-off'\n{rules}"))
}

fn content(found: &Found) -> Vec<u8> {
    fs::read(&found.node).unwrap()
}

#[test]
fn the_operator_erases_the_drive_whose_number_was_typed_and_no_other() {
    let mut bench = Bench::new("attended", None);
    let (a, b) = (bench.drive("d", "DISK-AAAA"), bench.drive("d", "DISK-BBBB"));
    bench.stick(PolicyFile::Absent);
    bench.floor.hear(Input::Found(vec![a.clone(), b.clone()], vec![]));
    bench.purge(0, "BBBB");
    assert_eq!(bench.settle(), None);
    assert!(bench.said("That is not this drive"));
    assert_eq!((content(&a), content(&b)), (OLD.to_vec(), OLD.to_vec()));
    bench.purge(0, "aaaa");
    bench.settle();
    assert_eq!(bench.outcomes(), [(0, Outcome::Cleared)]);
    assert!(content(&a) != OLD && content(&b) == OLD);
}

#[test]
fn where_two_persons_are_asked_for_one_of_them_erases_nothing() {
    let mut bench = Bench::new("two-persons", None);
    let (a, b) = (bench.drive("d", "DISK-AAAA"), bench.drive("d", "DISK-BBBB"));
    bench.stick(PolicyFile::Text("two_persons = true\n[record]\noperator = 'J. Doe'".into()));
    bench.floor.hear(Input::Found(vec![a.clone(), b.clone()], vec![]));
    let second = |bench: &mut Bench, drive, typed: &str| {
        bench.floor.hear(Input::Request(Request::Second { drive: DriveId(drive), typed: typed.into() }));
        bench.settle();
    };
    second(&mut bench, 0, "Ann AAAA");
    assert!(bench.said("Nobody has agreed before"));
    bench.purge(0, "AAAA");
    bench.settle();
    assert!(bench.seen.iter().any(|event| matches!(event, Event::OneAgreed { drive: DriveId(0) })));
    second(&mut bench, 1, "Ann BBBB");
    bench.purge(0, "AAAA");
    second(&mut bench, 0, "j. doe AAAA");
    assert!(bench.said("the operator's own name"));
    assert_eq!((content(&a), content(&b)), (OLD.to_vec(), OLD.to_vec()));
    // What was wrong may be typed again.
    second(&mut bench, 0, "Ann Example aaaa");
    assert_eq!(bench.outcomes(), [(0, Outcome::Cleared)]);
    assert!(content(&a) != OLD && content(&b) == OLD);
}

#[test]
fn of_two_drives_that_answer_alike_none_is_erased() {
    let mut bench = Bench::new("alike", None);
    let (one, two) = (bench.drive("one", "SAME"), bench.drive("two", "SAME"));
    bench.floor.hear(Input::Found(vec![one.clone(), two.clone()], vec![]));
    bench.purge(0, "SAME");
    bench.settle();
    assert!(bench.said("Two attached drives answer"));
    // With one of them unplugged, the other may be.
    bench.floor.hear(Input::Found(vec![two.clone()], vec![]));
    bench.purge(0, "SAME");
    bench.settle();
    assert_eq!(bench.outcomes(), [(0, Outcome::Cleared)]);
    assert_eq!(content(&one), OLD);
}

#[test]
fn an_excluded_or_absent_drive_is_not_erased_whatever_is_typed() {
    let mut bench = Bench::new("excluded", None);
    let mut boot = bench.drive("d", "BOOT");
    boot.exclusion = Some(Exclusion::BootMedium);
    let gone = bench.drive("d", "GONE");
    bench.floor.hear(Input::Found(vec![boot.clone(), gone.clone()], vec![]));
    bench.floor.hear(Input::Found(vec![boot.clone()], vec![]));
    bench.purge(0, "BOOT");
    bench.purge(1, "GONE");
    bench.purge(9, "GONE");
    bench.settle();
    assert!(bench.said("this machine was started from it") && bench.said("no longer attached"));
    assert_eq!((content(&boot), content(&gone)), (OLD.to_vec(), OLD.to_vec()));
}

#[test]
fn an_unattended_run_erases_what_is_selected_files_it_and_ends() {
    let mut bench = Bench::new("unattended", None);
    let mut excluded = bench.drive("d", "PICK-EXCLUDED");
    excluded.exclusion = Some(Exclusion::PurgeProofStick);
    let found = vec![bench.drive("d", "PICK-1"), bench.drive("d", "LEAVE-1"), bench.drive("d", "PICK-2"), excluded];
    bench.stick(policy("[[rule]]\nname = 'picked'\nserial = ['PICK-*']\naction = 'purge'"));
    bench.floor.hear(Input::Found(found.clone(), vec![]));
    assert_eq!(bench.settle(), Some(End::PowerOff));
    assert_eq!(bench.outcomes(), [(0, Outcome::Cleared), (2, Outcome::Cleared)]);
    assert!(bench.seen.contains(&Event::Done));
    assert_eq!((content(&found[1]), content(&found[3])), (OLD.to_vec(), OLD.to_vec()));
    let filed = fs::read_dir(bench.folder.join("stick/certificates")).unwrap().flatten();
    assert_eq!(filed.filter(|entry| entry.file_name().to_string_lossy().ends_with(".cose")).count(), 2);
}

#[test]
fn a_controller_that_may_hide_drives_is_in_every_record() {
    let mut bench = Bench::new("concealing", None);
    bench.stick(policy(ALL));
    let controller = Controller {
        address: "0000:00:17.0".into(),
        kind: "RAID controller".into(),
        ids: "8086:282a".into(),
        driver: None,
        drives: 0,
        advice: Some("Change it to AHCI".into()),
    };
    let found = vec![bench.drive("d", "A-0001")];
    bench.floor.hear(Input::Found(found, vec![controller]));
    assert_eq!(bench.settle(), Some(End::PowerOff));
    let certified = certified(&bench);
    let [(Outcome::Cleared, evidence)] = certified.as_slice() else { panic!("{certified:?}") };
    let concealing: Vec<_> = evidence.concealing().into_iter().map(|one| one.controller.as_str()).collect();
    assert_eq!(concealing, ["RAID controller 0000:00:17.0 (8086:282a)"]);
}

#[test]
fn that_there_is_no_stick_is_said_once_there_was_time_to_find_one() {
    let mut bench = Bench::new("never-a-stick", None);
    let is_told = |bench: &mut Bench, now_ms| {
        bench.clock.store(now_ms, Ordering::Relaxed);
        bench.floor.hear(Input::Tick);
        while let Ok(input) = bench.inbox.recv_timeout(Duration::from_millis(500)) {
            bench.floor.hear(input);
        }
        bench.seen.extend(bench.told.try_iter());
        bench.seen.iter().any(|event| matches!(event, Event::Stick(purgeproof_core::event::Stick::Absent)))
    };
    bench.floor.hear(Input::Found(vec![], vec![]));
    assert!(!is_told(&mut bench, 9_000));
    assert!(is_told(&mut bench, 10_000));
}

#[test]
fn without_a_stick_an_unattended_run_does_not_end_until_its_certificates_are_filed() {
    let mut bench = Bench::new("no-stick", Some((vec!["PICK".into()], Some(WhenDone::Reboot))));
    let picked = bench.drive("d", "PICK");
    bench.floor.hear(Input::Found(vec![picked], vec![]));
    assert_eq!(bench.settle(), None);
    assert_eq!(bench.outcomes(), [(0, Outcome::Cleared)]);
    bench.stick(PolicyFile::Absent);
    assert_eq!(bench.settle(), Some(End::Reboot));
}

#[test]
fn a_broken_policy_erases_nothing_even_if_the_command_line_consents() {
    let mut bench = Bench::new("broken", Some((vec!["PICK".into()], None)));
    let picked = bench.drive("d", "PICK");
    bench.stick(PolicyFile::Text("unattended = yes".into()));
    bench.floor.hear(Input::Found(vec![picked.clone()], vec![]));
    assert_eq!(bench.settle(), None);
    assert!(bench.said("purgeproof.toml: line 1"));
    assert_eq!(content(&picked), OLD);
}

#[test]
fn a_policy_that_selects_nothing_says_so_and_waits() {
    let mut bench = Bench::new("nothing", None);
    let left = bench.drive("d", "LEFT");
    bench.stick(policy("[[rule]]\nname = 'none'\nserial = ['NO-SUCH']\naction = 'purge'"));
    bench.floor.hear(Input::Found(vec![left.clone()], vec![]));
    assert_eq!(bench.settle(), None);
    assert!(bench.said("selects none of the drives"));
    assert_eq!(content(&left), OLD);
}

/// A disk that its firmware has frozen: a suspend would give it a technique of a higher level.
#[test]
fn before_the_first_list_no_time_runs_out() {
    let mut bench = Bench::new("slow-drivers", Some((vec!["PICK-*".into()], Some(WhenDone::PowerOff))));
    let found = vec![bench.drive("d", "PICK-1")];
    let tick_at = |bench: &mut Bench, now_ms| {
        bench.clock.store(now_ms, Ordering::Relaxed);
        assert_eq!(bench.floor.hear(Input::Tick), None);
        bench.seen.extend(bench.told.try_iter());
    };
    // Drivers take a minute; the stick is waited for from the first list on.
    tick_at(&mut bench, 60_000);
    bench.floor.hear(Input::Found(found.clone(), vec![]));
    tick_at(&mut bench, 69_999);
    assert!(bench.floor.standing == Standing::Awaited && !bench.said("selects none"));
    tick_at(&mut bench, 70_000);
    assert!(bench.floor.standing == Standing::Firm, "none came in ten seconds");
    assert_eq!(bench.settle(), None, "there is no stick for the certificate");
    assert_eq!(bench.outcomes(), [(0, Outcome::Cleared)]);
}

fn frozen(mut found: Found) -> Found {
    (found.identity.transport, found.identity.medium) = (Transport::Ata, Medium::Magnetic);
    found.capabilities.obstacles.push(Obstacle::Frozen);
    found.capabilities.techniques.push((Technique::SecurityEraseEnhanced, Support::Blocked("frozen".into())));
    found
}

#[test]
fn an_unattended_run_suspends_the_machine_once_before_anything_begins() {
    let mut bench = Bench::new("frozen", None);
    let found = frozen(bench.drive("d", "FROZEN-1"));
    bench.floor.hear(Input::Found(vec![found], vec![]));
    bench.stick(PolicyFile::Text("unattended = true\n[[rule]]\nname = 'all'\naction = 'purge'".into()));
    bench.settle();
    assert_eq!(bench.slept.load(Ordering::Relaxed), 1);
    // It came back as frozen as before: then it is overwritten.
    assert_eq!(bench.outcomes(), [(0, Outcome::Cleared)]);
}

#[test]
fn no_suspend_while_a_drive_is_being_erased_or_for_nothing() {
    let mut bench = Bench::new("awake", None);
    let found = bench.drive("d", "WARM-1");
    bench.floor.hear(Input::Found(vec![found], vec![]));
    bench.stick(PolicyFile::Text("unattended = true\n[[rule]]\nname = 'all'\naction = 'purge'".into()));
    bench.settle();
    assert_eq!((bench.slept.load(Ordering::Relaxed), bench.outcomes()), (0, vec![(0, Outcome::Cleared)]));
    bench.floor.hear(Input::Request(Request::Unfreeze));
    assert_eq!(bench.slept.load(Ordering::Relaxed), 1, "the operator may always");
}

/// What a job on it writes that was interrupted.
fn stream() -> Keystream {
    Keystream::new(Stream::ChaCha20, &Secret([7; 32]))
}

/// Leaves a job on the stick that was interrupted when it had written so many blocks of this drive: they hold its keystream.
fn interrupt(bench: &Bench, found: &Found, text: &PolicyFile, blocks: u64) {
    let parsed = match text {
        PolicyFile::Text(text) => Policy::parse(text).unwrap(),
        _ => Policy::default(),
    };
    let plan = plan(&found.identity, &found.capabilities, &parsed).unwrap();
    let consent = Consent::typed(&found.identity, &challenge(&found.identity)).unwrap();
    let drawn = Drawn { key: Secret([7; 32]), seed: Secret([8; 32]), stream: Stream::ChaCha20, withheld: None };
    let mut job = Job::new(JobId([9; 16]), plan, consent, Setting::default(), drawn).unwrap();
    for heard in [
        Heard::Ready,
        Heard::Opened(found.identity.clone()),
        Heard::Prepared(Prepared::default()),
        Heard::Surveyed(When::Before, Survey::default()),
    ] {
        job.hear(1, heard);
    }
    let mut writer = Writer::default();
    let records = [
        Record::Job(Box::new(job.into_evidence())),
        Record::Checkpoint { job: JobId([9; 16]), at_ms: 5, below: Lba(blocks) },
    ];
    let journal: String = records.iter().map(|record| writer.line(record).unwrap()).collect();
    fs::create_dir_all(bench.folder.join("stick/journal")).unwrap();
    fs::write(bench.folder.join("stick/journal/0.jsonl"), journal).unwrap();
    let mut bytes = content(found);
    stream().fill(0, &mut bytes[..usize::try_from(blocks * 512).unwrap()]);
    fs::write(&found.node, bytes).unwrap();
}

/// The outcomes and the facts of the certificates on the stick.
fn certified(bench: &Bench) -> Vec<(Outcome, Evidence)> {
    let entries = fs::read_dir(bench.folder.join("stick/certificates")).into_iter().flatten().flatten();
    let bundles = entries.map(|entry| entry.path()).filter(|path| path.to_string_lossy().ends_with(".evidence.json"));
    let evidence = |path: PathBuf| -> Evidence { serde_json::from_slice(&fs::read(path).unwrap()).unwrap() };
    bundles.map(evidence).map(|evidence| (evidence.verdict().outcome, evidence)).collect()
}

fn resumed_at(evidence: &Evidence) -> Option<u64> {
    evidence.facts().iter().find_map(|entry| match entry.fact {
        Fact::PassResumed { from, .. } => Some(from.0),
        _ => None,
    })
}

const ALL: &str = "[[rule]]\nname = 'all'\naction = 'purge'";

#[test]
fn an_unattended_run_goes_on_with_what_was_interrupted() {
    let mut bench = Bench::new("goes-on", None);
    let found = bench.drive("d", "CUT-1");
    interrupt(&bench, &found, &policy(ALL), 50);
    bench.stick(policy(ALL));
    bench.floor.hear(Input::Found(vec![found.clone()], vec![]));
    assert_eq!(bench.settle(), Some(End::PowerOff));
    let certified = certified(&bench);
    let [(Outcome::Cleared, evidence)] = certified.as_slice() else { panic!("{certified:?}") };
    assert_eq!((evidence.job, resumed_at(evidence)), (JobId([9; 16]), Some(50)));
    let mut wanted = OLD.to_vec();
    stream().fill(0, &mut wanted);
    assert!(content(&found) == wanted);
}

#[test]
fn another_rule_is_no_leave_to_go_on() {
    let mut bench = Bench::new("other-rule", None);
    let found = bench.drive("d", "CUT-2");
    interrupt(&bench, &found, &policy(ALL), 50);
    bench.stick(policy("[[rule]]\nname = 'others'\naction = 'purge'"));
    bench.floor.hear(Input::Found(vec![found], vec![]));
    assert_eq!(bench.settle(), Some(End::PowerOff));
    let mut outcomes: Vec<_> = certified(&bench).iter().map(|(outcome, it)| (*outcome, resumed_at(it))).collect();
    outcomes.sort_by_key(|(outcome, _)| outcome.is_good());
    assert_eq!(outcomes, [(Outcome::NotErased, None), (Outcome::Cleared, None)]);
}

#[test]
fn the_operator_may_go_on_or_begin_anew_and_is_asked_for_leave_again() {
    for goes_on in [true, false] {
        let mut bench = Bench::new(if goes_on { "by-hand" } else { "anew" }, None);
        let found = bench.drive("d", "CUT-3333");
        interrupt(&bench, &found, &PolicyFile::Absent, 64);
        bench.stick(PolicyFile::Absent);
        bench.floor.hear(Input::Found(vec![found], vec![]));
        bench.settle();
        // Half of one of two walks over the drive.
        let waits = |event: &Event| matches!(event, Event::Drives(drives) if drives.iter().any(|drive| drive.interrupted == Some(25)));
        assert!(bench.seen.iter().any(waits) && certified(&bench).is_empty());
        let request = |typed: &str| {
            let (drive, typed) = (DriveId(0), typed.into());
            if goes_on { Request::Resume { drive, typed } } else { Request::Purge { drive, typed } }
        };
        bench.floor.hear(Input::Request(request("1111")));
        bench.settle();
        assert!(bench.said("That is not this drive") && certified(&bench).is_empty());
        bench.floor.hear(Input::Request(request("3333")));
        bench.settle();
        let mut outcomes: Vec<_> = certified(&bench).iter().map(|(outcome, it)| (*outcome, resumed_at(it))).collect();
        outcomes.sort_by_key(|(outcome, _)| outcome.is_good());
        let anew = [(Outcome::NotErased, None), (Outcome::Cleared, None)];
        assert_eq!(outcomes, if goes_on { vec![(Outcome::Cleared, Some(64))] } else { anew.to_vec() });
    }
}

#[test]
fn without_its_drive_an_interrupted_job_is_certified_as_it_is() {
    let mut bench = Bench::new("absent", None);
    let (absent, other) = (bench.drive("d", "CUT-4"), bench.drive("d", "OTHER-4"));
    interrupt(&bench, &absent, &PolicyFile::Absent, 64);
    bench.stick(PolicyFile::Absent);
    bench.floor.hear(Input::Found(vec![other], vec![]));
    bench.settle();
    assert_eq!(certified(&bench).iter().map(|(outcome, _)| *outcome).collect::<Vec<_>>(), [Outcome::NotErased]);
    assert!(bench.said("An earlier run left drive CUT-4 without a certificate"));
}

/// As the screen hands it over.
fn typed(text: &str) -> Guarded {
    let secret = Guarded::new(Strongroom::default().vault().unwrap());
    text.chars().for_each(|letter| assert!(secret.push(letter)));
    secret
}

#[test]
fn a_psid_is_let_go_of_before_the_machine_sleeps() {
    let mut bench = Bench::new("psid-asleep", None);
    let found = bench.drive("d", "LABEL-1");
    bench.floor.hear(Input::Found(vec![found], vec![]));
    let psid = typed("VUTSRQPONMLKJIHGFEDCBA9876543210");
    bench.floor.hear(Input::Request(Request::Psid { drive: DriveId(0), psid }));
    assert!(bench.floor.drives[0].means.psid().is_some());
    bench.floor.hear(Input::Request(Request::Unfreeze));
    assert!(bench.floor.drives[0].means.psid().is_none());
    bench.settle();
    assert!(bench.said("Type it again"));
}

#[test]
fn a_psid_that_is_none_is_said_to_be_none() {
    let mut bench = Bench::new("psid", None);
    let found = bench.drive("d", "LABEL-1");
    bench.floor.hear(Input::Found(vec![found], vec![]));
    bench.floor.hear(Input::Request(Request::Psid { drive: DriveId(0), psid: typed("ä") }));
    bench.settle();
    assert!(bench.said("A PSID has 32 letters and digits: nothing was done"));
}

/// The certificates of a job that was left and went on: the first stands, and the second names it.
fn left_and_finished(bench: &Bench) -> Option<u64> {
    let mut certified = certified(bench);
    certified.sort_by_key(|(outcome, _)| outcome.is_good());
    let [(Outcome::NotErased, first), (Outcome::Cleared, second)] = certified.as_slice() else {
        panic!("{certified:?}")
    };
    assert_ne!(first.job, second.job);
    assert_eq!(second.superseded().collect::<Vec<_>>(), [first.job]);
    resumed_at(second)
}

#[test]
fn a_drive_that_left_goes_on_when_it_is_back_with_leave() {
    let mut bench = Bench::new("left", None);
    let (found, other) = (bench.drive("d", "LEFT-4444"), bench.drive("d", "OTHER-4444"));
    bench.stick(PolicyFile::Absent);
    bench.floor.hear(Input::Found(vec![found.clone()], vec![]));
    bench.writes.store(6, Ordering::Relaxed);
    bench.purge(0, "4444");
    bench.until_ended(1);
    assert_eq!(bench.outcomes(), [(0, Outcome::NotErased)]);
    assert!(bench.said("The erase of drive LEFT-4444 was cut off at 18 %"), "{:?}", bench.seen);
    let resume = |drive: u32| Input::Request(Request::Resume { drive: DriveId(drive), typed: "4444".into() });
    // Another one in its place is another one.
    bench.floor.hear(Input::Found(vec![other.clone()], vec![]));
    bench.floor.hear(resume(0));
    bench.floor.hear(resume(1));
    bench.until_ended(1);
    assert!(bench.said("no longer attached") && bench.said("No job of this drive was interrupted"));
    assert_eq!((bench.offered(), content(&other)), (None, OLD.to_vec()));

    bench.floor.hear(Input::Found(vec![found.clone()], vec![]));
    bench.until_ended(1);
    // 48 of two times 128 blocks.
    assert_eq!((bench.offered(), bench.outcomes().len()), (Some(18), 1));
    bench.floor.hear(resume(0));
    bench.until_ended(2);
    assert_eq!(left_and_finished(&bench), Some(48));
    assert!(!content(&found).windows(16).any(|bytes| bytes == [b'x'; 16]));
    bench.until_ended(2);
    assert_eq!(bench.offered(), None);
}

#[test]
fn what_is_begun_anew_does_not_go_on_any_more() {
    let mut bench = Bench::new("left-anew", None);
    let found = bench.drive("d", "LEFT-5555");
    bench.stick(PolicyFile::Absent);
    bench.floor.hear(Input::Found(vec![found], vec![]));
    bench.writes.store(6, Ordering::Relaxed);
    bench.purge(0, "5555");
    bench.until_ended(1);
    assert_eq!(bench.offered(), Some(18));
    bench.purge(0, "5555");
    bench.until_ended(2);
    assert_eq!((bench.outcomes()[1].1, bench.offered()), (Outcome::Cleared, None));
    assert_eq!(certified(&bench).len(), 2, "the first had its certificate");
}

#[test]
fn an_unattended_run_waits_for_a_drive_that_left_and_goes_on_by_itself() {
    let mut bench = Bench::new("left-alone", None);
    let found = bench.drive("d", "LEFT-6");
    bench.stick(policy(ALL));
    bench.writes.store(6, Ordering::Relaxed);
    bench.floor.hear(Input::Found(vec![found.clone()], vec![]));
    bench.until_ended(1);
    bench.floor.hear(Input::Found(vec![], vec![]));
    bench.clock.fetch_add(50_000, Ordering::Relaxed);
    bench.until_ended(1);
    assert!(!bench.seen.contains(&Event::Done));
    bench.floor.hear(Input::Found(vec![found], vec![]));
    assert_eq!(bench.settle(), Some(End::PowerOff));
    assert_eq!(left_and_finished(&bench), Some(48));
}

#[test]
fn a_drive_that_leaves_again_before_it_comes_further_is_left_to_the_operator() {
    let mut bench = Bench::new("left-again", None);
    let found = bench.drive("d", "LEFT-7");
    bench.stick(policy(ALL));
    for (writes, ended) in [(6, 1), (0, 2), (u64::MAX, 2)] {
        bench.writes.store(writes, Ordering::Relaxed);
        bench.floor.hear(Input::Found(vec![found.clone()], vec![]));
        bench.until_ended(ended);
        bench.floor.hear(Input::Found(vec![], vec![]));
    }
    assert_eq!(bench.settle(), Some(End::PowerOff), "it is not waited for for ever");
    assert_eq!(bench.outcomes(), [(0, Outcome::NotErased), (0, Outcome::NotErased)]);
}
