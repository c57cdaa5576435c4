//! SECURITY ERASE UNIT (ACS-4 7.38): an erase in the foreground. The drive is busy until it ends, and a reset ends it early.

use std::ops::Range;
use std::time::{Duration, Instant};

use crate::drive::Drive;
use crate::media::Technique;

/// How an erase in the foreground stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    /// Busy.
    Busy,
    /// Over, and all is erased, says the drive.
    Done,
    /// Over before its end.
    Failed,
}

/// One that runs.
#[derive(Clone, Debug)]
pub(super) struct EraseUnit {
    technique: Technique,
    covers: Range<u64>,
    began: Instant,
    duration: Duration,
}

impl EraseUnit {
    /// Begins: the enhanced erase covers the whole medium with noise, the normal one the accessible blocks with zeros.
    pub(super) fn begin(drive: &mut Drive, is_enhanced: bool, accessible: u64, now: Instant) -> Self {
        let seconds = if drive.faults().instant { 0.0 } else { drive.spec.sanitize_s };
        let (technique, end) = if is_enhanced {
            (Technique::CryptoErase, drive.media.size())
        } else {
            (Technique::BlockErase, accessible * u64::from(drive.block))
        };
        drive.log.event("erase-unit-started", if is_enhanced { "enhanced" } else { "normal" }, &[]);
        Self { technique, covers: 0..end, began: now, duration: Duration::from_secs_f64(seconds) }
    }

    fn percent(&self, now: Instant) -> u8 {
        let passed = now.saturating_duration_since(self.began).as_millis();
        let percent = (passed * 100).checked_div(self.duration.as_millis()).unwrap_or(100);
        u8::try_from(percent.min(100)).unwrap_or(100)
    }

    /// Lets the clock go on, and erases when it is time.
    pub(super) fn poll(&self, drive: &mut Drive, now: Instant) -> Stand {
        let percent = self.percent(now);
        let faults = drive.faults();
        let reached = |limit: Option<u8>| limit.filter(|limit| percent >= *limit);
        let (vanishes, fails, stalls) =
            (reached(faults.vanish_at_percent), reached(faults.fail_at_percent), reached(faults.stall_at_percent));
        if vanishes.is_some() {
            drive.vanish("in SECURITY ERASE UNIT");
            return Stand::Busy;
        }
        if let Some(limit) = fails {
            self.erase(drive, limit);
            drive.log.event("erase-unit-failed", &format!("at {limit} %"), &[]);
            return Stand::Failed;
        }
        if percent < 100 || stalls.is_some() {
            return Stand::Busy;
        }
        self.erase(drive, 100);
        drive.log.event("erase-unit-done", "", &[]);
        Stand::Done
    }

    /// A reset or a power cut: what is erased so far is erased.
    pub(super) fn interrupt(self, drive: &mut Drive, now: Instant) {
        let percent = self.percent(now);
        self.erase(drive, percent);
        drive.log.event("erase-unit-interrupted", &format!("at {percent} %"), &[]);
    }

    fn erase(&self, drive: &mut Drive, percent: u8) {
        drive.erase(self.technique, std::slice::from_ref(&self.covers), percent);
    }
}
