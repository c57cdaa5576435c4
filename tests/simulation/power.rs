//! Power cuts: the journal ends at any byte, the medium keeps what was flushed and any part of what was not, and the next run goes on or
//! says honestly how it stands.

use std::collections::BTreeMap;

use purgeproof_core::drive::{Media, MediaError, OpenError, Opened};
use purgeproof_core::evidence::Fact;
use purgeproof_core::job::resume::Interrupted;
use purgeproof_core::units::Geometry;

use super::*;

/// The most blocks of a transfer: a pass takes many of them.
const SHORT: usize = 40;

/// Numbers that look random, and are the same at every run of the test.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    /// Below `sides`.
    pub(super) fn roll(&mut self, sides: u64) -> u64 {
        // Knuth's MMIX; its upper bits are the better ones.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// A drive with a cache that loses its content with the power, on a plug that is pulled.
#[derive(Clone)]
pub(super) struct Plugged {
    pub(super) drive: SimDrive,
    cache: Arc<Mutex<Cache>>,
}

#[derive(Default)]
struct Cache {
    pending: BTreeMap<u64, Vec<u8>>,
    /// Since the first write of a job: before it, it is only looked over.
    transfers: u64,
    /// The plug is pulled before this transfer or flush.
    cut_at: u64,
    /// It confirms flushes and does not do them.
    lies: bool,
    /// This run's journal, and how long it was when the plug was pulled.
    desk: Option<Arc<Desk>>,
    journal: Option<usize>,
}

impl Cache {
    fn powered(&mut self) -> Result<(), MediaError> {
        self.transfers += 1;
        if self.transfers <= self.cut_at {
            return Ok(());
        }
        let length = || self.desk.as_ref().map(|desk| desk.journal.lock().unwrap().1.len());
        self.journal = self.journal.or_else(length);
        Err(MediaError::Gone { errno: 19 })
    }
}

struct PluggedMedia {
    media: Box<dyn Media>,
    cache: Arc<Mutex<Cache>>,
}

impl Drive for Plugged {
    fn open(&mut self) -> Result<Opened, OpenError> {
        let opened = self.drive.open()?;
        Ok(Opened { media: Box::new(PluggedMedia { media: opened.media, cache: Arc::clone(&self.cache) }), ..opened })
    }
}

impl Media for PluggedMedia {
    fn geometry(&self) -> Geometry {
        self.media.geometry()
    }

    fn read(&mut self, at: Lba, into: &mut [u8]) -> Result<usize, MediaError> {
        let mut cache = self.cache.lock().unwrap();
        if cache.transfers > 0 {
            cache.powered()?;
        }
        let moved = self.media.read(at, into)?;
        for (block, lba) in into[..moved].chunks_mut(512).zip(at.0..) {
            if let Some(pending) = cache.pending.get(&lba) {
                block.copy_from_slice(pending);
            }
        }
        Ok(moved)
    }

    fn write(&mut self, at: Lba, from: &[u8]) -> Result<usize, MediaError> {
        let mut cache = self.cache.lock().unwrap();
        cache.powered()?;
        let moved = from.len().min(SHORT * 512);
        for (block, lba) in from[..moved].chunks(512).zip(at.0..) {
            cache.pending.insert(lba, block.to_vec());
        }
        Ok(moved)
    }

    fn flush(&mut self) -> Result<(), MediaError> {
        let mut cache = self.cache.lock().unwrap();
        cache.powered()?;
        if !cache.lies {
            for (lba, block) in std::mem::take(&mut cache.pending) {
                self.media.write(Lba(lba), &block)?;
            }
        }
        Ok(())
    }
}

impl Plugged {
    pub(super) fn new(seed: u64, lies: bool) -> Self {
        let cache = Cache { lies, ..Cache::default() };
        Self { drive: SimDrive::new(seed, BlockSize::B512, BLOCKS).unwrap(), cache: Arc::new(Mutex::new(cache)) }
    }

    /// Runs a job until the plug is pulled, and gives what is left of its journal. With the power goes any part of the cache.
    pub(super) fn run_until(&self, cut_at: u64, job: Job, dice: &mut Dice) -> (Evidence, String) {
        let (ended, endings) = mpsc::channel();
        let clock = Arc::default();
        let checkpoint_interval = Duration::ZERO;
        let desk = Desk { clock, journal: Mutex::default(), events: Mutex::default(), ended, checkpoint_interval };
        let desk = Arc::new(desk);
        {
            let mut cache = self.cache.lock().unwrap();
            (cache.transfers, cache.cut_at, cache.desk, cache.journal) = (0, cut_at, Some(Arc::clone(&desk)), None);
        }
        let engine = Engine::new(Arc::clone(&desk) as Arc<dyn Host>);
        engine.start(DriveId(0), Box::new(self.clone()), job).unwrap();
        let evidence = endings.recv_timeout(Duration::from_mins(2)).expect("the job does not end");
        let mut cache = self.cache.lock().unwrap();
        let mut journal = desk.journal.lock().unwrap().1.clone();
        if let Some(length) = cache.journal {
            // What the stick had not taken yet is lost as well.
            let length = if dice.roll(4) > 0 { length } else { usize::try_from(dice.roll(length as u64 + 1)).unwrap() };
            journal.truncate(length);
            let mut media = self.drive.clone().open().unwrap().media;
            for (lba, block) in std::mem::take(&mut cache.pending) {
                if dice.roll(3) == 0 {
                    media.write(Lba(lba), &block).unwrap();
                }
            }
        }
        (evidence, journal)
    }
}

pub(super) fn consent(drive: &SimDrive) -> Consent {
    Consent::typed(drive.identity(), &challenge(drive.identity())).unwrap()
}

pub(super) fn job(drive: &SimDrive, policy: &str) -> Job {
    let plan = plan(drive.identity(), &drive.capabilities(&[]), &Policy::parse(policy).unwrap()).unwrap();
    let drawn = Drawn { key: Secret(KEY), seed: Secret([0x5d; 32]), stream: Stream::ChaCha20, withheld: None };
    let setting = Setting { clock: Clock { unix_s: 1_800_000_000, ..Clock::default() }, ..Setting::default() };
    Job::new(JobId([7; 16]), plan, consent(drive), setting, drawn).unwrap()
}

/// The word of the last certificate, and the blocks at which passes went on.
fn through(dice: &mut Dice, plugged: &Plugged, policy: &str) -> (Evidence, Vec<u64>) {
    let drive = &plugged.drive;
    let (mut journals, mut next) = (Vec::new(), job(drive, policy));
    for cuts_left in (0..=dice.roll(4)).rev() {
        let cut_at = if cuts_left == 0 { u64::MAX } else { dice.roll(400) };
        let (evidence, journal) = plugged.run_until(cut_at, next, dice);
        if plugged.cache.lock().unwrap().journal.is_none() {
            let went_on = |entry: &purgeproof_core::evidence::Entry| match entry.fact {
                Fact::PassResumed { from, .. } => Some(from.0),
                _ => None,
            };
            let resumed = evidence.facts().iter().filter_map(went_on).collect();
            return (evidence, resumed);
        }
        journals.push(Journal::parse(journal.as_bytes()).unwrap());
        // The names of journals are no clock: in whatever order they are read, the same comes of it.
        let left = unfiled(&journals);
        assert_eq!(unfiled(journals.iter().rev()), left);
        let Some(evidence) = left.into_iter().next() else {
            next = job(drive, policy);
            continue;
        };
        match Interrupted::of(&evidence) {
            Some(interrupted) => {
                assert!(!interrupted.evidence().verdict().outcome.is_good());
                let clock = Clock { unix_s: 1_800_010_000, ..Clock::default() };
                let setting = Setting { clock, ..Setting::default() };
                next = Job::resume(interrupted, consent(drive), setting, JobId([8; 16])).unwrap();
            }
            // It had not begun to write, or was read back already.
            None => return (evidence, Vec::new()),
        }
    }
    unreachable!("the last run is not cut off")
}

#[test]
fn wherever_the_power_is_cut_the_job_goes_on_and_no_old_block_is_left() {
    let policies = ["", "[[rule]]\nname = 'x'\naction = 'purge'\nscheme = 'dod-short'"];
    let (mut dice, mut went_on, mut cleared) = (Dice(1), 0, 0);
    for seed in 0..60 {
        // Every fourth drive confirms flushes that it does not do.
        let (plugged, policy) = (Plugged::new(seed, seed % 4 == 3), policies[(seed % 2) as usize]);
        let (evidence, resumed) = through(&mut dice, &plugged, policy);
        let verdict = evidence.verdict();
        if verdict.outcome.is_good() {
            cleared += 1;
            // What the drive still has in its cache is read past; what the host can read is what counts.
            let pattern = *evidence.passes().last().unwrap();
            let mut wanted = vec![0; 512];
            for lba in 0..BLOCKS {
                schemes::fill(pattern, &KEY, lba * 512, &mut wanted);
                let cache = plugged.cache.lock().unwrap();
                let holds = cache.pending.get(&lba).cloned().unwrap_or_else(|| plugged.drive.block(Lba(lba)));
                assert!(holds == wanted, "seed {seed}: block {lba} after {resumed:?}: {verdict:?}");
            }
            let key = Key::simulation();
            let certificate = Certificate::issue(&evidence, &key, Link::first([0; 8], &key), 1_900_000_000).unwrap();
            assert!(certificate.evidence_matches(&evidence_bundle(&evidence).unwrap()).is_ok());
        } else {
            assert!(verdict.reasons.contains(&Reason::NothingWritten), "seed {seed}: {verdict:?}");
        }
        went_on += resumed.iter().filter(|from| **from > 0).count();
    }
    assert!(cleared >= 40 && went_on >= 15, "{cleared} cleared, {went_on} went on in the middle of a pass");
}
