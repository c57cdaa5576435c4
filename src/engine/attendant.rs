//! Somebody who looks after a drive while it is written or read back: tells how far it is, and lets it rest when it becomes too hot.

use purgeproof_core::event::{Progress, Stage};
use purgeproof_core::firmware::{Exchange, Firmware, Transcript};
use purgeproof_core::job::{Heard, Next};
use purgeproof_core::units::Lba;

use crate::lane::Watch;
use crate::session::wait;
use crate::worker::Worker;

/// How often the temperature is read: a drive needs minutes to heat up, and on SATA the question makes all transfers wait.
const FEEL_MS: u64 = 30_000;

/// After so many answers in a row without a temperature a drive is not asked again: it has none to tell, or no time to answer.
const MUTE: u32 = 3;

/// Looks after one stage of a job.
pub(crate) struct Attendant<'s, 'a> {
    worker: &'s mut Worker<'a>,
    firmware: Option<&'s mut (dyn Firmware + 'static)>,
    stage: Stage,
    felt_ms: u64,
    mute: u32,
    has_rested: bool,
    /// What the job wants.
    next: Next,
}

impl<'s, 'a> Attendant<'s, 'a> {
    /// Shows that the stage begins. Without `firmware` nobody knows how hot the drive is.
    pub(crate) fn new(
        worker: &'s mut Worker<'a>,
        firmware: Option<&'s mut (dyn Firmware + 'static)>,
        stage: Stage,
    ) -> Self {
        worker.stage(stage.clone());
        let felt_ms = worker.host.now_ms();
        Self { worker, firmware, stage, felt_ms, mute: 0, has_rested: false, next: Next::GoOn }
    }

    /// Reads the temperature and tells the job. Only the commands before the first rest of a stage are taken down: all the others say
    /// what the facts say, or nothing.
    fn feel(&mut self) {
        let Some(firmware) = &mut self.firmware else { return };
        let mut aside = Aside::default();
        let health = firmware.health(&mut aside);
        self.felt_ms = self.worker.host.now_ms();
        self.mute = if health.temperature_c.is_none() { self.mute + 1 } else { 0 };
        if health.is_too_hot() && !self.has_rested {
            aside.0.into_iter().for_each(|exchange| self.worker.note(exchange));
        }
        self.next = self.worker.hear(Heard::Felt(health));
    }
}

impl Watch for Attendant<'_, '_> {
    fn now_ms(&self) -> u64 {
        self.worker.host.now_ms()
    }

    fn progress(&mut self, progress: Progress) {
        self.worker.progress(progress);
    }

    fn wants_rest(&mut self) -> bool {
        if self.next == Next::GoOn
            && self.mute < MUTE
            && self.firmware.is_some()
            && self.now_ms() >= self.felt_ms + FEEL_MS
        {
            self.feel();
        }
        self.next != Next::GoOn
    }

    fn rest(&mut self) -> bool {
        self.has_rested = true;
        self.worker.stage(Stage::Cool);
        while let Next::CheckHealth { after_ms } = self.next {
            if !wait(self.worker, after_ms) {
                return false;
            }
            self.feel();
        }
        self.worker.stage(self.stage.clone());
        self.next == Next::GoOn
    }

    fn checkpoint_interval_ms(&self) -> u64 {
        u64::try_from(self.worker.host.checkpoint_interval().as_millis()).unwrap_or(u64::MAX)
    }

    fn checkpoint(&mut self, below: Lba) {
        self.worker.checkpoint(below);
    }
}

/// What was said, while it is not known whether it matters.
#[derive(Default)]
struct Aside(Vec<Exchange>);

impl Transcript for Aside {
    fn note(&mut self, exchange: Exchange) {
        self.0.push(exchange);
    }
}
