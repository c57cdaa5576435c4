//! The life of one job on its own thread: does what the job says and tells it what came of it.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

use purgeproof_core::drive::{self, Drive, Media};
use purgeproof_core::event::{DriveId, Event, Progress, Stage};
use purgeproof_core::evidence::{Evidence, Expect, Fact, Secret};
use purgeproof_core::firmware::Exchange;
use purgeproof_core::job::{Heard, Job, Next, resume};
use purgeproof_core::pattern::Pattern;
use purgeproof_core::policy::Coverage;
use purgeproof_core::sample;
use purgeproof_core::scheme;
use purgeproof_core::survey::{self, When};
use purgeproof_core::units::{Extent, Lba};

use crate::attendant::Attendant;
use crate::content::Content;
use crate::engine::Host;
use crate::gauge::gauge;
use crate::journal::Record;
use crate::keystream::Keystream;
use crate::lane::Lane;
use crate::markers::Markers;
use crate::meter::Ahead;
use crate::session::{Medium, Session};
use crate::survey::Surveyor;
use crate::walk::Halt;
use crate::zones::Zones;

/// One job at work.
pub(crate) struct Worker<'a> {
    pub(crate) drive: DriveId,
    pub(crate) host: &'a dyn Host,
    pub(crate) stop: &'a AtomicBool,
    pub(crate) job: Job,
    /// How many facts the journal has.
    journalled: usize,
    /// How fast the drive is where, if that makes a difference.
    zones: Option<Zones>,
}

impl<'a> Worker<'a> {
    pub(crate) fn new(drive: DriveId, job: Job, host: &'a dyn Host, stop: &'a AtomicBool) -> Self {
        // What does not say what it stores on may have platters.
        let has_zones = job.evidence().plan.drive.medium != drive::Medium::Flash;
        // What was known before this run is in the line that the job begins with.
        let journalled = job.evidence().facts().len();
        Self { drive, host, stop, job, journalled, zones: has_zones.then(Zones::default) }
    }

    /// Runs the job to its end, whatever happens, and gives what is known then.
    pub(crate) fn run(mut self, device: &mut dyn Drive) -> Evidence {
        let evidence = self.job.evidence();
        // Nothing changes the drive before the next record that is waited for.
        self.host.record_soon(Record::job(evidence));
        self.host.tell(Event::Began { drive: self.drive, job: evidence.job });
        // A bug of ours must end this job as a crash, not end the other jobs or pass for an end of its own.
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.work(device))) {
            self.job.hear(self.host.now_ms(), Heard::Crashed(last_words(panic.as_ref())));
            self.journal();
        }
        let verdict = self.job.evidence().verdict();
        self.host.record(Record::Ended { job: self.job.evidence().job, verdict: verdict.clone() });
        let (reformat, seconds) = (self.job.evidence().reformat(), self.job.evidence().duration_ms() / 1000);
        self.host.tell(Event::Ended { drive: self.drive, verdict, reformat, seconds });
        self.job.into_evidence()
    }

    fn work(&mut self, device: &mut dyn Drive) {
        let mut session: Option<Session> = None;
        let mut next = self.hear(Heard::Ready);
        loop {
            let heard = match (next, &mut session) {
                (Next::End(_), _) => return,
                (Next::Open, session) => self.open(device, session),
                (next, Some(session)) => self.act(session, next),
                (next, None) => Heard::Crashed(format!("the job asked for {next:?} before the drive was open")),
            };
            next = self.hear(heard);
        }
    }

    /// Does the one thing that the job asked for.
    fn act(&mut self, session: &mut Session, next: Next) -> Heard {
        match next {
            Next::Gauge => self.gauge(session),
            Next::Write { number, pattern, from } => self.write(session, (number, pattern), from),
            Next::Recheck { number, pattern, below } => self.recheck(session, (number, pattern), below),
            Next::Flush => {
                self.stage(Stage::Flush);
                Heard::Flushed(session.media.flush())
            }
            Next::Verify { coverage, expect } => self.verify(session, coverage, expect),
            Next::Survey(when) => self.survey(session, when),
            Next::Mark => self.mark(session),
            Next::Seek => self.seek(session),
            Next::SeekOnMedium => self.seek_on_medium(session),
            Next::Prepare => session.prepare(self),
            Next::CheckHealth { after_ms } => session.check_health(self, after_ms),
            Next::Begin(technique) => session.begin(self, technique),
            Next::Watch { after_ms } => session.watch(self, after_ms),
            Next::Settle(technique) => session.settle(self, technique),
            Next::Reformat(to) => session.reformat(self, to),
            Next::Measure(to) => session.measure(self, to),
            next @ (Next::Open | Next::GoOn | Next::End(_)) => {
                Heard::Crashed(format!("the job asked for {next:?} where that makes no sense"))
            }
        }
    }

    /// Tells the job, and the journal what the job noted of it, before anything follows from it. Where the drive is only asked next, that
    /// can wait: `note` takes it along before a command changes anything, and each sync of the stick costs more than all the questions.
    pub(crate) fn hear(&mut self, heard: Heard) -> Next {
        let before_questions = matches!(heard, Heard::Opened(_) | Heard::Marked(_));
        let known = self.job.evidence().facts().len();
        let next = self.job.hear(self.host.now_ms(), heard);
        let news = self.job.evidence().facts().get(known..).unwrap_or_default();
        if news.iter().any(|entry| matches!(entry.fact, Fact::FellThrough { .. })) {
            self.host.tell(Event::FellThrough { drive: self.drive, setbacks: self.job.evidence().setbacks() });
        }
        let is_read_next = matches!(next, Next::Survey(When::Before));
        if !(is_read_next || before_questions && matches!(next, Next::Prepare | Next::Begin(_))) {
            self.journal();
        }
        next
    }

    /// Takes down a command. One that is about to change the drive is in the journal before it goes, with all that was heard before
    /// it; what only asked goes there with the next fact.
    pub(crate) fn note(&mut self, exchange: Exchange) {
        let changes_something = exchange.answer.is_none();
        self.job.hear(self.host.now_ms(), Heard::Exchanged(exchange));
        if changes_something {
            self.journal();
        }
    }

    fn journal(&mut self) {
        let evidence = self.job.evidence();
        let news = evidence.facts().iter().skip(self.journalled);
        let records: Vec<Record> = news.map(|entry| Record::Fact { job: evidence.job, entry: entry.clone() }).collect();
        self.journalled += records.len();
        if !records.is_empty() {
            self.host.record_all(records);
        }
    }

    /// Takes down how far a pass has come. Nothing waits for it.
    pub(crate) fn checkpoint(&self, below: Lba) {
        let (job, at_ms) = (self.job.evidence().job, self.host.now_ms());
        self.host.record_soon(Record::Checkpoint { job, at_ms, below });
    }

    pub(crate) fn stage(&self, stage: Stage) {
        self.host.tell(Event::Stage { drive: self.drive, stage });
    }

    pub(crate) fn progress(&self, progress: Progress) {
        self.host.tell(Event::Progress { drive: self.drive, progress });
    }

    fn open(&self, device: &mut dyn Drive, session: &mut Option<Session>) -> Heard {
        self.stage(Stage::Probe);
        // The old handle is exclusive: it has to go first.
        *session = None;
        match device.open() {
            Ok(opened) => {
                *session = Some(Session::new(opened.media, opened.firmware));
                Heard::Opened(opened.identity)
            }
            Err(error) => Heard::NotOpened(error),
        }
    }

    /// Looks over what the drive holds for as long as there is time. Once everything is done a stop only cuts the picture short.
    fn survey(&self, session: &mut Session, when: When) -> Heard {
        self.stage(Stage::Survey(when));
        let evidence = self.job.evidence();
        let until_ms = self.host.now_ms().saturating_add(survey::BUDGET_MS);
        let mut go_on = || !self.is_stopped() && self.host.now_ms() < until_ms;
        let geometry = session.media.geometry();
        let media = session.media.as_mut();
        let surveyor = session.surveyor.get_or_insert_with(|| Surveyor::new(geometry, &evidence.drawn.seed));
        let survey = match when {
            When::Before => surveyor.before(media, &mut go_on),
            When::After => {
                let keystream = || Keystream::new(evidence.drawn.stream, &evidence.drawn.key);
                let pattern = evidence.passes().last().copied();
                let written = pattern.map(|pattern| Content { pattern, keystream: keystream(), geometry });
                surveyor.after(media, written.as_ref(), &mut go_on)
            }
        };
        if when == When::Before && self.is_stopped() {
            return Heard::Stopped;
        }
        self.host.tell(Event::Surveyed { drive: self.drive, when, survey: Box::new(survey.clone()) });
        Heard::Surveyed(when, survey)
    }

    fn mark(&self, session: &mut Session) -> Heard {
        self.stage(Stage::Mark);
        let mut markers = Markers::new(session.media.geometry(), &self.job.evidence().drawn);
        let placed = markers.place(session.media.as_mut(), &mut |done, total| self.reach(done, total));
        session.markers = Some(markers);
        placed.map_or(Heard::Stopped, Heard::Marked)
    }

    fn seek(&self, session: &mut Session) -> Heard {
        self.stage(Stage::Seek);
        let Session { media, markers: Some(markers), firmware, .. } = session else {
            return Heard::Crashed("markers were to be looked for that were never placed".to_owned());
        };
        let mut is_blank = |at| firmware.as_mut().is_some_and(|firmware| firmware.is_blank(at));
        let sought = markers.seek(media.as_mut(), &mut is_blank, &mut |done, total| self.reach(done, total));
        sought.map_or(Heard::Stopped, Heard::Sought)
    }

    fn seek_on_medium(&mut self, session: &mut Session) -> Heard {
        self.stage(Stage::Seek);
        let Session { media, markers: Some(markers), firmware: Some(firmware), .. } = session else {
            return Heard::Crashed("markers were to be looked for on a medium that was never marked".to_owned());
        };
        let mut medium = Medium { geometry: media.geometry(), firmware: firmware.as_mut() };
        let sought = markers.seek(&mut medium, &mut |_| false, &mut |done, total| self.reach(done, total));
        // Even if the operator stops here: in this state the drive is of no use to anybody.
        firmware.end_verification(self);
        sought.map_or(Heard::Stopped, Heard::SoughtOnMedium)
    }

    /// Shows how far something is that is counted, not measured; whether to go on.
    fn reach(&self, done: u64, total: u64) -> bool {
        if done.is_multiple_of(64) {
            self.progress(Progress { done, total, ..Progress::default() });
        }
        !self.is_stopped()
    }

    /// The operator wants this job to stop.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn gauge(&self, session: &mut Session) -> Heard {
        self.stage(Stage::Gauge);
        let evidence = self.job.evidence();
        let keystream = Keystream::new(evidence.drawn.stream, &evidence.drawn.key.derive("stretches of random data"));
        let go_on = || !self.is_stopped();
        let found = gauge(session.media.as_mut(), &evidence.passes(), &keystream, self.host, &go_on);
        found.map_or(Heard::Stopped, Heard::Gauged)
    }

    fn write(&mut self, session: &mut Session, (number, pattern): (u32, Pattern), from: Lba) -> Heard {
        let Session { media, firmware, .. } = session;
        let plan = &self.job.evidence().plan;
        let of = u32::try_from(self.job.evidence().passes().len()).unwrap_or(u32::MAX);
        let bytes = media.geometry().bytes().0;
        let verify = match plan.verify {
            Coverage::Full => bytes,
            Coverage::Tenth => bytes / 10,
            Coverage::Sample => 0,
        };
        let later = bytes.saturating_mul(u64::from(of - number.min(of))).saturating_add(verify);
        let key = scheme::key(&self.job.evidence().drawn.key, number, of);
        let mut lane = self.lane(media.as_mut(), pattern, key);
        let mut zones = self.zones.take();
        let mut attendant = Attendant::new(self, firmware.as_deref_mut(), Stage::Purge { number, of });
        let report = lane.write(from, Ahead { later, zones: zones.as_mut(), ..Ahead::default() }, &mut attendant);
        self.zones = zones;
        report.map_or_else(halted, Heard::PassEnded)
    }

    fn recheck(&mut self, session: &mut Session, (number, pattern): (u32, Pattern), below: Lba) -> Heard {
        let Session { media, firmware, .. } = session;
        let evidence = self.job.evidence();
        let (drawn, of) = (evidence.drawn, u32::try_from(evidence.passes().len()).unwrap_or(u32::MAX));
        let places = resume::places(media.geometry(), below, &drawn.seed);
        let mut lane = self.lane(media.as_mut(), pattern, scheme::key(&drawn.key, number, of));
        let mut attendant = Attendant::new(self, firmware.as_deref_mut(), Stage::Recheck);
        match lane.verify(places, Ahead::default(), &mut attendant) {
            Ok((report, mismatches)) => Heard::Rechecked(report, mismatches),
            Err(halt) => halted(halt),
        }
    }

    fn verify(&mut self, session: &mut Session, coverage: Coverage, expect: Expect) -> Heard {
        let Session { media, firmware, .. } = session;
        let geometry = media.geometry();
        let extents: Vec<Extent> = match coverage {
            Coverage::Full => vec![geometry.whole()],
            Coverage::Sample => sample::places(geometry, &self.job.evidence().drawn.seed.0),
            Coverage::Tenth => sample::tenth(geometry, &self.job.evidence().drawn.seed.0),
        };
        self.hear(Heard::VerifyBegan(extents.len() as u64));
        // What is on the drive in the end is the last pass's.
        let key = self.job.evidence().drawn.key;
        let mut lane = match expect {
            Expect::Pattern(pattern) => self.lane(media.as_mut(), pattern, key),
            // What a pattern would be is of no concern to a lane that expects none.
            Expect::Erased => self.lane(media.as_mut(), Pattern::Random, key).expecting_erased(),
        };
        // In places it is not as fast as in one go, but as much slower towards the end.
        let mut zones =
            self.zones.take().map(|zones| if coverage == Coverage::Full { zones } else { Zones::default() });
        let mut attendant = Attendant::new(self, firmware.as_deref_mut(), Stage::Verify);
        match lane.verify(extents, Ahead { zones: zones.as_mut(), ..Ahead::default() }, &mut attendant) {
            Ok((report, mismatches)) => Heard::VerifyEnded(report, mismatches, lane.constant()),
            Err(halt) => halted(halt),
        }
    }

    fn lane<'m>(&self, media: &'m mut dyn Media, pattern: Pattern, key: Secret) -> Lane<'m>
    where
        'a: 'm,
    {
        let evidence = self.job.evidence();
        let keystream = Keystream::new(evidence.drawn.stream, &key);
        let content = Content { pattern, keystream, geometry: media.geometry() };
        Lane::new(media, content, evidence.plan.drive.physical_block, self.stop)
    }
}

fn halted(halt: Halt) -> Heard {
    match halt {
        Halt::Stopped => Heard::Stopped,
        Halt::NotFlushed(error) => Heard::Flushed(Err(error)),
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
