//! Conversations with a scripted drive: what goes to it, what goes into the journal, and which of the two goes first.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use purgeproof_core::capability::{Capabilities, Support};
use purgeproof_core::consent::{Consent, challenge};
use purgeproof_core::drive::{Drive, Identity, MediaError, Medium, OpenError, Opened, Serial, SerialSource, Transport};
use purgeproof_core::event::{DriveId, Event};
use purgeproof_core::evidence::{Drawn, Evidence, Fact, JobId, Secret, Setting};
use purgeproof_core::firmware::{Answer, Octets, Settled};
use purgeproof_core::job::Job;
use purgeproof_core::plan::plan;
use purgeproof_core::policy::Policy;
use purgeproof_core::stream::Stream;
use purgeproof_core::units::{BlockSize, Bytes, Geometry, Lba};
use purgeproof_core::verdict::{Outcome, Reason};

use super::*;
use crate::engine::Host;
use crate::journal::Record;
use crate::markers::tests::Memory;

/// Sees everything that goes in and out, in order.
#[derive(Default)]
struct Desk {
    log: Mutex<Vec<String>>,
    events: Mutex<Vec<Event>>,
    clock: AtomicU64,
    /// The operator stops the job when so many milliseconds have been waited.
    patience_ms: Option<u64>,
    stop: AtomicBool,
}

impl Desk {
    fn say(&self, line: impl Into<String>) {
        self.log.lock().unwrap().push(line.into());
    }

    fn log(&self) -> Vec<String> {
        self.log.lock().unwrap().clone()
    }
}

impl Host for Desk {
    fn now_ms(&self) -> u64 {
        self.clock.load(Ordering::Relaxed)
    }

    fn wait(&self, time: Duration) {
        let ms = u64::try_from(time.as_millis()).unwrap();
        let now_ms = self.clock.fetch_add(ms, Ordering::Relaxed) + ms;
        self.say(format!("wait {ms}"));
        if self.patience_ms.is_some_and(|patience_ms| now_ms >= patience_ms) {
            self.stop.store(true, Ordering::Relaxed);
        }
    }

    fn tell(&self, event: Event) {
        self.events.lock().unwrap().push(event);
    }

    fn record(&self, record: Record) {
        self.record_all(vec![record]);
    }

    fn checkpoint_interval(&self) -> Duration {
        Duration::MAX
    }

    fn record_all(&self, records: Vec<Record>) {
        for record in records {
            self.record_soon(record);
        }
        self.say("sync");
    }

    fn record_soon(&self, record: Record) {
        self.say(match record {
            Record::Fact { entry, .. } => match entry.fact {
                Fact::Exchanged { exchange } => {
                    let answer = exchange.answer.map_or_else(|| "…".to_owned(), |answer| answer.status);
                    format!("journal: {} {answer}", exchange.command)
                }
                fact => {
                    let text = format!("{fact:?}");
                    format!("journal: {}", text.split([' ', '{']).next().unwrap())
                }
            },
            Record::Job(_) => "journal: job".to_owned(),
            _ => "journal: end".to_owned(),
        });
    }

    fn ended(&self, _: DriveId, _: Evidence) {}
}

/// A drive that does what it is told to, and erases its medium when it is completed.
#[derive(Clone)]
struct Scripted {
    desk: Arc<Desk>,
    memory: Arc<Mutex<Memory>>,
    prepared: Prepared,
    refuses: Vec<Technique>,
    standings: VecDeque<Standing>,
    has_firmware: bool,
    /// What it says of its health, one answer after the other, and then always what it said when it was prepared.
    healths: VecDeque<Health>,
    /// How long a transfer takes, and what it moves at most.
    transfer: (u64, usize),
}

impl Drive for Scripted {
    fn open(&mut self) -> Result<Opened, OpenError> {
        let firmware = self.has_firmware.then(|| Box::new(self.clone()) as Box<dyn Firmware>);
        Ok(Opened { media: Box::new(self.clone()), identity: identity(), firmware })
    }
}

impl Media for Scripted {
    fn geometry(&self) -> Geometry {
        identity().geometry().unwrap()
    }

    fn read(&mut self, at: Lba, into: &mut [u8]) -> Result<usize, MediaError> {
        self.desk.clock.fetch_add(self.transfer.0, Ordering::Relaxed);
        let most = into.len().min(self.transfer.1);
        self.memory.lock().unwrap().read(at, &mut into[..most])
    }

    fn write(&mut self, at: Lba, from: &[u8]) -> Result<usize, MediaError> {
        self.desk.say("drive: write");
        self.desk.clock.fetch_add(self.transfer.0, Ordering::Relaxed);
        self.memory.lock().unwrap().write(at, &from[..from.len().min(self.transfer.1)])
    }

    fn flush(&mut self) -> Result<(), MediaError> {
        Ok(())
    }
}

fn exchange(command: &str, status: Option<&str>) -> Exchange {
    let answer =
        status.map(|status| Answer { status: status.to_owned(), raw: Octets(vec![0, 0]), data_in: None, took_ms: 1 });
    Exchange { command: command.to_owned(), sent: Octets(vec![0x84]), data_out: None, answer }
}

impl Firmware for Scripted {
    fn prepare(&mut self, log: &mut dyn Transcript) -> Prepared {
        log.note(exchange("IDENTIFY", Some("good")));
        self.prepared.clone()
    }

    fn begin(&mut self, technique: Technique, log: &mut dyn Transcript) -> Begun {
        log.note(exchange("SANITIZE", None));
        self.desk.say("drive: SANITIZE");
        if self.refuses.contains(&technique) {
            log.note(exchange("SANITIZE", Some("Invalid Field")));
            return Begun::Refused { why: "Invalid Field".to_owned() };
        }
        log.note(exchange("SANITIZE", Some("good")));
        Begun::Accepted { estimate_s: Some(30) }
    }

    fn standing(&mut self, log: &mut dyn Transcript) -> Standing {
        self.desk.say("drive: GET LOG PAGE");
        let standing = self.standings.pop_front().unwrap_or(Standing::Completed);
        if standing == Standing::Completed {
            self.memory.lock().unwrap().bytes.fill(0);
        }
        log.note(exchange("GET LOG PAGE", Some("good")));
        standing
    }

    fn settle(&mut self, _: Technique, _: &mut dyn Transcript) -> Settled {
        Settled::default()
    }

    fn health(&mut self, log: &mut dyn Transcript) -> Health {
        self.desk.say("drive: SMART");
        log.note(exchange("SMART", Some("good")));
        self.healths.pop_front().unwrap_or_else(|| self.prepared.health.clone())
    }
}

fn identity() -> Identity {
    Identity {
        vendor: None,
        model: "Scripted".to_owned(),
        serial: Some(Serial { text: "SCRIPT-0001".to_owned(), source: SerialSource::NvmeIdentify }),
        wwn: None,
        firmware: None,
        capacity: Bytes(4001 * 512),
        logical_block: BlockSize::B512,
        physical_block: BlockSize::B512,
        transport: Transport::Nvme,
        medium: Medium::Flash,
        link: None,
        simulated: true,
    }
}

fn drive(desk: Desk, standings: impl Into<VecDeque<Standing>>) -> Scripted {
    Scripted {
        desk: Arc::new(desk),
        memory: Arc::new(Mutex::new(Memory::new(512, 4001))),
        prepared: Prepared::default(),
        refuses: Vec::new(),
        standings: standings.into(),
        has_firmware: true,
        healths: VecDeque::new(),
        transfer: (0, usize::MAX),
    }
}

fn run(drive: &Scripted, techniques: &[Technique]) -> Evidence {
    let techniques = techniques.iter().map(|technique| (*technique, Support::Present)).collect();
    let capabilities = Capabilities { techniques, ..Capabilities::default() };
    let plan = plan(&identity(), &capabilities, &Policy::default()).unwrap();
    let consent = Consent::typed(&identity(), &challenge(&identity())).unwrap();
    let drawn = Drawn { key: Secret([1; 32]), seed: Secret([2; 32]), stream: Stream::ChaCha20, withheld: None };
    let job = Job::new(JobId([3; 16]), plan, consent, Setting::default(), drawn).unwrap();
    Worker::new(DriveId(0), job, drive.desk.as_ref(), &drive.desk.stop).run(&mut drive.clone())
}

fn at(progress: u16) -> Standing {
    Standing::InProgress { progress: Some(progress) }
}

const BLOCK_ERASE: &[Technique] = &[Technique::SanitizeBlockErase];

#[test]
fn what_goes_to_the_drive_is_in_the_journal_before_it_goes() {
    let drive = drive(Desk::default(), []);
    assert_eq!(run(&drive, BLOCK_ERASE).verdict().outcome, Outcome::Purged);
    let mut log = drive.desk.log();
    log.dedup();
    assert_eq!(
        log,
        [
            "journal: job",
            "journal: Opened",
            "journal: IDENTIFY good",
            "journal: Surveyed",
            "journal: MarkingBegan",
            "sync",
            "drive: write",
            "journal: MarkersPlaced",
            "journal: EraseBegan",
            "journal: SANITIZE …",
            "sync",
            "drive: SANITIZE",
            "journal: SANITIZE good",
            "journal: EraseAnswered",
            "sync",
            "drive: GET LOG PAGE",
            "journal: GET LOG PAGE good",
            "journal: Stands",
            "sync",
            "journal: Settled",
            "sync",
            "journal: MarkersSought",
            "sync",
            "journal: VerifyBegan",
            "sync",
            "journal: VerifyEnded",
            "sync",
            "journal: Surveyed",
            "sync",
            "journal: end",
            "sync",
        ]
    );
}

#[test]
fn waiting_goes_through_the_host_in_short_turns() {
    let drive = drive(Desk::default(), [at(0), at(32_768)]);
    run(&drive, BLOCK_ERASE);
    let log = drive.desk.log();
    let talk: Vec<&str> = log
        .iter()
        .map(String::as_str)
        .filter(|line| line.starts_with("wait") || line.starts_with("drive"))
        .skip_while(|line| *line == "drive: write")
        .collect();
    let poll = "drive: GET LOG PAGE";
    assert_eq!(talk, ["drive: SANITIZE", poll, "wait 50", "wait 50", poll, "wait 50", "wait 50", poll]);
}

#[test]
fn the_screen_sees_the_drives_own_progress() {
    let drive = drive(Desk::default(), [at(0), at(32_768), Standing::InProgress { progress: None }]);
    run(&drive, BLOCK_ERASE);
    let events = drive.desk.events.lock().unwrap();
    let erasing = events.iter().position(|event| matches!(event, Event::Stage { stage: Stage::Erase { .. }, .. }));
    let shown: Vec<(u64, u64, Option<u64>)> = events[erasing.unwrap()..]
        .iter()
        .take_while(|event| !matches!(event, Event::Stage { stage: Stage::Settle, .. }))
        .filter_map(|event| match event {
            Event::Progress { progress, .. } => Some((progress.done, progress.total, progress.estimate_s)),
            _ => None,
        })
        .collect();
    assert_eq!(shown, [(0, 0, None), (0, 65_536, Some(30)), (32_768, 65_536, Some(30)), (0, 0, Some(30))]);
}

#[test]
fn a_stop_ends_a_wait_within_one_turn_and_asks_nothing_more() {
    let drive = drive(Desk { patience_ms: Some(150), ..Desk::default() }, vec![at(9); 100]);
    let verdict = run(&drive, BLOCK_ERASE).verdict();
    assert_eq!((verdict.outcome, verdict.reasons), (Outcome::Indeterminate, vec![Reason::Stopped]));
    let log = drive.desk.log();
    let last_wait = log.iter().rposition(|line| line == "wait 50").unwrap();
    assert_eq!(log[last_wait + 1..], ["journal: Stopped", "sync", "journal: end", "sync"]);
    assert_eq!(drive.desk.now_ms(), 150);
}

#[test]
fn a_stop_while_it_cools_down_leaves_it_as_it_was() {
    let mut drive = drive(Desk { patience_ms: Some(31_000), ..Desk::default() }, []);
    let health = Health { temperature_c: Some(90), limit_c: Some(70), ..Health::default() };
    drive.prepared = Prepared { health, ..Prepared::default() };
    let before = drive.memory.lock().unwrap().bytes.clone();
    let verdict = run(&drive, BLOCK_ERASE).verdict();
    assert_eq!(verdict.outcome, Outcome::NotErased);
    assert_eq!(verdict.reasons, [Reason::Stopped, Reason::TooHot, Reason::NothingWritten]);
    assert!(drive.memory.lock().unwrap().bytes == before);
    // Looked at once, after thirty seconds.
    assert_eq!(drive.desk.log().iter().filter(|line| *line == "drive: SMART").count(), 1);
    assert!(
        drive.desk.events.lock().unwrap().iter().any(|event| matches!(event, Event::Stage { stage: Stage::Cool, .. }))
    );
}

#[test]
fn a_drive_that_takes_no_commands_is_never_said_to_have_erased_itself() {
    let mut drive = drive(Desk::default(), []);
    drive.has_firmware = false;
    let verdict = run(&drive, BLOCK_ERASE).verdict();
    assert!(!verdict.outcome.is_good());
    assert_eq!(verdict.reasons, [Reason::Crashed]);
}

#[test]
fn the_step_on_the_screen_is_one_of_the_way_that_is_gone() {
    use Technique::{SanitizeBlockErase, SanitizeCryptoErase, SanitizeOverwrite};
    let mut drive = drive(Desk::default(), []);
    drive.refuses = vec![SanitizeBlockErase];
    let all = [SanitizeCryptoErase, SanitizeBlockErase, SanitizeOverwrite];
    assert_eq!(run(&drive, &all).verdict().outcome, Outcome::Purged);
    let events = drive.desk.events.lock().unwrap();
    let steps: Vec<(Technique, u32, u32)> = events
        .iter()
        .filter_map(|event| match event {
            Event::Stage { stage: Stage::Erase { technique, step, of }, .. } => Some((*technique, *step, *of)),
            _ => None,
        })
        .collect();
    assert_eq!(steps, [(SanitizeCryptoErase, 1, 2), (SanitizeBlockErase, 2, 2), (SanitizeOverwrite, 1, 1)]);
    // The screen hears why, before the next way begins.
    let at = events.iter().position(|event| matches!(event, Event::FellThrough { .. })).unwrap();
    let Event::FellThrough { setbacks, .. } = &events[at] else { panic!() };
    assert!(matches!(setbacks.as_slice(), [Reason::Refused(SanitizeBlockErase, _)]));
    let is_next =
        |event: &Event| matches!(event, Event::Stage { stage: Stage::Erase { technique: SanitizeOverwrite, .. }, .. });
    assert!(events.iter().position(is_next).unwrap() > at);
}

#[test]
fn an_overwrite_begins_once_everything_before_it_is_in_the_journal() {
    let mut drive = drive(Desk::default(), []);
    drive.has_firmware = false;
    assert_eq!(run(&drive, &[Technique::Overwrite]).verdict().outcome, Outcome::Cleared);
    let log = drive.desk.log();
    let before = log.iter().take_while(|line| *line != "drive: write").map(String::as_str).collect::<Vec<_>>();
    assert_eq!(before, ["journal: job", "journal: Opened", "journal: Surveyed", "journal: PassBegan", "sync"]);
}

fn celsius(temperature_c: i16) -> Health {
    Health { temperature_c: Some(temperature_c), limit_c: Some(70), ..Health::default() }
}

#[test]
fn the_temperature_is_read_twice_a_minute_and_a_hot_drive_is_left_alone() {
    let mut drive = drive(Desk::default(), []);
    // 2 048 512 bytes in steps of 256 KiB and 15 s each are eight transfers.
    drive.transfer = (15_000, 256 << 10);
    drive.prepared = Prepared { health: celsius(40), ..Prepared::default() };
    drive.healths = [celsius(50), celsius(71), celsius(72), celsius(60)].into();
    let evidence = run(&drive, &[Technique::Overwrite]);
    assert_eq!(evidence.verdict().outcome, Outcome::Cleared);
    let log = drive.desk.log();
    let lines = log.iter().map(String::as_str).filter(|line| !line.starts_with("wait") && *line != "sync");
    let talk: Vec<&str> = lines.skip_while(|line| !line.contains("PassBegan")).take(16).collect();
    assert_eq!(
        talk,
        [
            "journal: PassBegan",
            "drive: write",
            "drive: write",
            "drive: SMART",
            "drive: write",
            "drive: write",
            "drive: SMART",
            "journal: SMART good",
            "journal: TooHot",
            "drive: SMART",
            "drive: SMART",
            "journal: Rested",
            "drive: write",
            "drive: write",
            "drive: SMART",
            "drive: write",
        ]
    );
    // Two reads of the survey, which use up its time; four transfers; a rest of a minute.
    let rested = evidence.facts().iter().find(|entry| matches!(entry.fact, Fact::Rested { .. })).unwrap();
    assert_eq!((rested.at_ms, rested.fact.clone()), (150_000, Fact::Rested { rested_ms: 60_000, health: celsius(60) }));
    let events = drive.desk.events.lock().unwrap();
    let stages =
        events.iter().filter_map(|event| if let Event::Stage { stage, .. } = event { Some(stage) } else { None });
    let purge = Stage::Purge { number: 1, of: 1 };
    let shown: Vec<&Stage> = stages.collect();
    assert!(shown.windows(3).any(|three| three == [&purge, &Stage::Cool, &purge]), "{shown:?}");
}

#[test]
fn a_drive_that_stays_hot_is_written_no_further() {
    let mut drive = drive(Desk::default(), []);
    drive.transfer = (15_000, 256 << 10);
    drive.prepared = Prepared { health: celsius(40), ..Prepared::default() };
    drive.healths = vec![celsius(80); 100].into();
    let verdict = run(&drive, &[Technique::Overwrite]).verdict();
    assert_eq!((verdict.outcome, verdict.reasons), (Outcome::NotErased, vec![Reason::TooHot]));
    assert_eq!(drive.desk.log().iter().filter(|line| *line == "drive: write").count(), 2);
    // The survey's two reads, the second one past its time, two writes, and half an hour of waiting.
    assert_eq!(drive.desk.now_ms(), 30_000 + 30_000 + 30 * 60_000);
}

#[test]
fn a_drive_that_tells_no_temperature_is_asked_three_times_in_a_stage() {
    let mut drive = drive(Desk::default(), []);
    drive.transfer = (30_000, 128 << 10);
    assert_eq!(run(&drive, &[Technique::Overwrite]).verdict().outcome, Outcome::Cleared);
    assert_eq!(drive.desk.log().iter().filter(|line| *line == "drive: SMART").count(), 6);
}
