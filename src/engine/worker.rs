//! The life of one job on its own thread: does what the job says and tells it what came of it.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicBool;

use purgeproof_core::drive::{Drive, Media};
use purgeproof_core::event::{DriveId, Event, Progress, Stage};
use purgeproof_core::evidence::Evidence;
use purgeproof_core::job::{Heard, Job, Next};
use purgeproof_core::pattern::Pattern;
use purgeproof_core::policy::Coverage;
use purgeproof_core::sample;
use purgeproof_core::units::Extent;

use crate::content::Content;
use crate::engine::Host;
use crate::journal::Record;
use crate::lane::{Lane, Watch};

/// One job at work.
pub(crate) struct Worker<'a> {
    pub(crate) drive: DriveId,
    pub(crate) host: &'a dyn Host,
    pub(crate) stop: &'a AtomicBool,
    pub(crate) job: Job,
    /// How many facts the journal has.
    journalled: usize,
}

impl<'a> Worker<'a> {
    pub(crate) fn new(drive: DriveId, job: Job, host: &'a dyn Host, stop: &'a AtomicBool) -> Self {
        Self { drive, host, stop, job, journalled: 0 }
    }

    /// Runs the job to its end, whatever happens, and gives what is known then.
    pub(crate) fn run(mut self, device: &mut dyn Drive) -> Evidence {
        let evidence = self.job.evidence();
        self.host.record(Record::job(evidence));
        self.host.tell(Event::Began { drive: self.drive, job: evidence.job });
        // A bug of ours must end this job as a crash, not end the other jobs or pass for an end of its own.
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.work(device))) {
            self.job.hear(self.host.now_ms(), Heard::Crashed(last_words(panic.as_ref())));
            self.journal();
        }
        let verdict = self.job.evidence().verdict();
        self.host.record(Record::Ended { job: self.job.evidence().job, verdict: verdict.clone() });
        let (from, to) = self.job.evidence().span_ms();
        self.host.tell(Event::Ended { drive: self.drive, verdict, seconds: (to - from) / 1000 });
        self.job.into_evidence()
    }

    fn work(&mut self, device: &mut dyn Drive) {
        let mut media: Option<Box<dyn Media>> = None;
        let mut next = self.hear(Heard::Ready);
        loop {
            let heard = match (next, media.as_deref_mut()) {
                (Next::End(_), _) => return,
                (Next::Open, _) => self.open(device, &mut media),
                (Next::Write { number, pattern }, Some(media)) => self.write(media, number, pattern),
                (Next::Flush, Some(media)) => {
                    self.stage(Stage::Flush);
                    Heard::Flushed(media.flush())
                }
                (Next::Verify { coverage, pattern }, Some(media)) => self.verify(media, coverage, pattern),
                (next @ (Next::Write { .. } | Next::Flush | Next::Verify { .. } | Next::GoOn), _) => {
                    Heard::Crashed(format!("the job asked for {next:?} where that makes no sense"))
                }
            };
            next = self.hear(heard);
        }
    }

    /// Tells the job, and the journal what the job noted of it, before anything follows from it.
    fn hear(&mut self, heard: Heard) -> Next {
        let next = self.job.hear(self.host.now_ms(), heard);
        self.journal();
        next
    }

    fn journal(&mut self) {
        let evidence = self.job.evidence();
        for entry in evidence.facts().iter().skip(self.journalled) {
            self.host.record(Record::Fact { job: evidence.job, entry: entry.clone() });
        }
        self.journalled = evidence.facts().len();
    }

    fn stage(&self, stage: Stage) {
        self.host.tell(Event::Stage { drive: self.drive, stage });
    }

    fn open(&self, device: &mut dyn Drive, media: &mut Option<Box<dyn Media>>) -> Heard {
        self.stage(Stage::Probe);
        match device.open() {
            Ok((opened, identity)) => {
                *media = Some(opened);
                Heard::Opened(identity)
            }
            Err(error) => Heard::NotOpened(error),
        }
    }

    fn write(&self, media: &mut dyn Media, number: u32, pattern: Pattern) -> Heard {
        let plan = &self.job.evidence().plan;
        let of = u32::try_from(plan.passes.len()).unwrap_or(u32::MAX);
        self.stage(Stage::Purge { number, of });
        let bytes = media.geometry().bytes().0;
        let verify = match plan.verify {
            Coverage::Full => bytes,
            Coverage::Sample => 0,
        };
        let later = bytes.saturating_mul(u64::from(of - number.min(of))).saturating_add(verify);
        match self.lane(media, pattern).write(later, self) {
            Some(report) => Heard::PassEnded(report),
            None => Heard::Stopped,
        }
    }

    fn verify(&mut self, media: &mut dyn Media, coverage: Coverage, pattern: Pattern) -> Heard {
        self.stage(Stage::Verify);
        let geometry = media.geometry();
        let extents: Vec<Extent> = match coverage {
            Coverage::Full => vec![geometry.whole()],
            Coverage::Sample => sample::places(geometry, &self.job.evidence().drawn.seed.0),
        };
        self.hear(Heard::VerifyBegan(extents.len() as u64));
        match self.lane(media, pattern).verify(extents, self) {
            Some((report, mismatches)) => Heard::VerifyEnded(report, mismatches),
            None => Heard::Stopped,
        }
    }

    fn lane<'m>(&self, media: &'m mut dyn Media, pattern: Pattern) -> Lane<'m>
    where
        'a: 'm,
    {
        let evidence = self.job.evidence();
        let content = Content { pattern, key: evidence.drawn.key, geometry: media.geometry() };
        Lane::new(media, content, evidence.plan.drive.physical_block, self.stop)
    }
}

impl Watch for Worker<'_> {
    fn now_ms(&self) -> u64 {
        self.host.now_ms()
    }

    fn progress(&self, progress: Progress) {
        self.host.tell(Event::Progress { drive: self.drive, progress });
    }
}

/// What a panic said.
fn last_words(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without words".to_string())
}
