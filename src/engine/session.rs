//! An open drive, and the conversation with its firmware.

use std::time::Duration;

use purgeproof_core::drive::{Media, MediaError};
use purgeproof_core::event::{Progress, Stage};
use purgeproof_core::firmware::{Begun, Exchange, Firmware, Health, Prepared, Standing, Transcript};
use purgeproof_core::job::Heard;
use purgeproof_core::plan::Way;
use purgeproof_core::technique::Technique;
use purgeproof_core::units::{BlockSize, Geometry, Lba};

use crate::markers::Markers;
use crate::survey::Surveyor;
use crate::worker::Worker;

/// How often a wait looks whether the operator wants it to end.
const TURN: Duration = Duration::from_millis(50);

/// A drive for as long as its handle is open.
pub(crate) struct Session {
    pub(crate) media: Box<dyn Media>,
    pub(crate) firmware: Option<Box<dyn Firmware>>,
    pub(crate) markers: Option<Markers>,
    /// What the drive looked like before the first write.
    pub(crate) surveyor: Option<Surveyor>,
    /// The drive's own estimate of the erase under way.
    estimate_s: Option<u64>,
}

impl Session {
    pub(crate) fn new(media: Box<dyn Media>, firmware: Option<Box<dyn Firmware>>) -> Self {
        Self { media, firmware, markers: None, surveyor: None, estimate_s: None }
    }

    pub(crate) fn prepare(&mut self, worker: &mut Worker<'_>) -> Heard {
        // Without a way to send commands there is nothing to look at.
        let prepared = self.firmware.as_mut().map_or_else(Prepared::default, |firmware| firmware.prepare(worker));
        Heard::Prepared(prepared)
    }

    pub(crate) fn check_health(&mut self, worker: &mut Worker<'_>, after_ms: u64) -> Heard {
        if after_ms > 0 {
            worker.stage(Stage::Cool);
        }
        if !wait(worker, after_ms) {
            return Heard::Stopped;
        }
        Heard::Health(self.firmware.as_mut().map_or_else(Health::default, |firmware| firmware.health(worker)))
    }

    pub(crate) fn begin(&mut self, worker: &mut Worker<'_>, technique: Technique) -> Heard {
        let Some(firmware) = &mut self.firmware else { return no_firmware() };
        worker.stage(stage(worker, technique));
        worker.progress(Progress::default());
        let begun = firmware.begin(technique, worker);
        self.estimate_s = if let Begun::Accepted { estimate_s } = begun { estimate_s } else { None };
        Heard::Begun(begun)
    }

    pub(crate) fn watch(&mut self, worker: &mut Worker<'_>, after_ms: u64) -> Heard {
        let Some(firmware) = &mut self.firmware else { return no_firmware() };
        if !wait(worker, after_ms) {
            return Heard::Stopped;
        }
        let standing = firmware.standing(worker);
        if let Standing::InProgress { progress } = standing {
            let total = if progress.is_some() { 65536 } else { 0 };
            let estimate_s = self.estimate_s;
            worker.progress(Progress { done: progress.unwrap_or(0).into(), total, estimate_s, ..Progress::default() });
        }
        Heard::Standing(standing)
    }

    pub(crate) fn settle(&mut self, worker: &mut Worker<'_>, technique: Technique) -> Heard {
        let Some(firmware) = &mut self.firmware else { return no_firmware() };
        worker.stage(Stage::Settle);
        Heard::Settled(firmware.settle(technique, worker))
    }

    pub(crate) fn reformat(&mut self, worker: &mut Worker<'_>, to: BlockSize) -> Heard {
        let Some(firmware) = &mut self.firmware else { return no_firmware() };
        if worker.is_stopped() {
            return Heard::Stopped;
        }
        worker.stage(Stage::Reformat { to });
        worker.progress(Progress::default());
        self.estimate_s = None;
        Heard::Begun(firmware.reformat(to, worker))
    }

    pub(crate) fn measure(&mut self, worker: &mut Worker<'_>, to: BlockSize) -> Heard {
        let Some(firmware) = &mut self.firmware else { return no_firmware() };
        Heard::Reformatted(firmware.reformatted(to, worker))
    }
}

/// The blocks of a drive as they are on its medium, while it lets them be read.
pub(crate) struct Medium<'a> {
    pub(crate) geometry: Geometry,
    pub(crate) firmware: &'a mut dyn Firmware,
}

impl Media for Medium<'_> {
    fn geometry(&self) -> Geometry {
        self.geometry
    }

    fn read(&mut self, at: Lba, into: &mut [u8]) -> Result<usize, MediaError> {
        self.firmware.read_medium(at, into)
    }

    /// Nothing can be written in that state.
    fn write(&mut self, _: Lba, _: &[u8]) -> Result<usize, MediaError> {
        Ok(0)
    }

    fn flush(&mut self) -> Result<(), MediaError> {
        Ok(())
    }
}

fn no_firmware() -> Heard {
    Heard::Crashed("a command was to be sent to a drive that takes none".to_owned())
}

/// Which step of its way this is.
fn stage(worker: &Worker<'_>, technique: Technique) -> Stage {
    let steps: Vec<Technique> = worker.job.way().into_iter().flat_map(Way::firmware).collect();
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let step = steps.iter().position(|step| *step == technique).map_or(1, |index| number(index + 1));
    Stage::Erase { technique, step, of: number(steps.len().max(1)) }
}

/// Waits, and looks every now and then whether the operator wants it to end; whether to go on.
pub(crate) fn wait(worker: &Worker<'_>, ms: u64) -> bool {
    let mut left = Duration::from_millis(ms);
    while !worker.is_stopped() {
        if left.is_zero() {
            return true;
        }
        worker.host.wait(left.min(TURN));
        left = left.saturating_sub(TURN);
    }
    false
}

impl Transcript for Worker<'_> {
    fn note(&mut self, exchange: Exchange) {
        Worker::note(self, exchange);
    }
}

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
