//! The one erase that runs in the background: never started, running, done or failed. It goes by the clock while the drive has power.

use std::time::{Duration, Instant};

use crate::fault::{Faults, Progress};
use crate::media::Technique;

/// How the last erase stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// None was ever started.
    Never,
    /// It runs.
    Running,
    /// It ended well, says the drive.
    Done,
    /// It failed.
    Failed,
}

/// The last erase of a drive.
#[derive(Debug)]
pub struct Operation {
    state: State,
    technique: Technique,
    /// How much of its time has passed before `since`.
    passed: Duration,
    /// Since when the drive has power; `None` without.
    since: Option<Instant>,
    duration: Duration,
}

impl Operation {
    /// None was ever started; or, with a stale success, one in an earlier life.
    pub fn new(stale_success: bool, now: Instant) -> Self {
        let state = if stale_success { State::Done } else { State::Never };
        Self {
            state,
            technique: Technique::BlockErase,
            passed: Duration::ZERO,
            since: Some(now),
            duration: Duration::ZERO,
        }
    }

    /// How it stands.
    pub fn state(&self) -> State {
        self.state
    }

    /// What it does, or did last.
    pub fn technique(&self) -> Technique {
        self.technique
    }

    /// Begins an erase that takes `duration`.
    pub fn start(&mut self, technique: Technique, duration: Duration, now: Instant) {
        *self = Self { state: State::Running, technique, passed: Duration::ZERO, since: Some(now), duration };
    }

    /// Ends a running erase, or takes back its result ([`State::Never`]: exit failure mode).
    pub fn end(&mut self, state: State) {
        self.state = state;
    }

    /// The share of its time that has passed, 0.0 to 1.0.
    pub fn share(&self, now: Instant) -> f64 {
        let passed = self.passed + self.since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        if self.duration.is_zero() { 1.0 } else { (passed.as_secs_f64() / self.duration.as_secs_f64()).min(1.0) }
    }

    /// The clock stops: the power failed.
    pub fn power_off(&mut self, now: Instant) {
        if let Some(since) = self.since.take() {
            self.passed += now.saturating_duration_since(since);
        }
    }

    /// The clock goes on: a sanitize resumes by itself after a power failure.
    pub fn power_on(&mut self, now: Instant) {
        self.since.get_or_insert(now);
    }

    /// What the drive says of its progress, in 65536ths: `FFFFh` in every state but running (NVMe base 2.1 figure 302, ACS-4 7.36.5).
    pub fn progress(&self, faults: &Faults, now: Instant) -> u16 {
        if self.state != State::Running {
            return u16::MAX;
        }
        let stall = faults.stall_at_percent.map_or(1.0, |percent| f64::from(percent) / 100.0);
        let share = self.share(now).min(stall);
        let reported = match faults.progress {
            None => share,
            Some(Progress::Stuck) => 0.1,
            Some(Progress::Backwards) => 1.0 - share,
            Some(Progress::JumpsToEnd) if share < 0.5 => 0.0,
            Some(Progress::JumpsToEnd) => 0.99,
            Some(Progress::AlwaysFfff) => return u16::MAX,
        };
        sixty_five_thousandths(reported)
    }
}

/// 0.0 to 1.0 in 65536ths, `FFFFh` at most.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is clamped just before")]
fn sixty_five_thousandths(share: f64) -> u16 {
    (share * 65536.0).clamp(0.0, 65535.0) as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    fn running(seconds: u64) -> (Operation, Instant) {
        let now = Instant::now();
        let mut operation = Operation::new(false, now);
        operation.start(Technique::BlockErase, Duration::from_secs(seconds), now);
        (operation, now)
    }

    #[test]
    fn progress_is_65536ths_of_the_time_and_ffff_when_idle() {
        let (mut operation, now) = running(4);
        let faults = Faults::default();
        assert_eq!(operation.progress(&faults, now), 0);
        assert_eq!(operation.progress(&faults, now + Duration::from_secs(1)), 0x4000);
        operation.end(State::Failed);
        assert_eq!(operation.progress(&faults, now + Duration::from_secs(1)), 0xffff);
        assert_eq!(Operation::new(false, now).progress(&faults, now), 0xffff);
    }

    #[test]
    fn without_power_the_clock_stands_still() {
        let (mut operation, now) = running(4);
        operation.power_off(now + Duration::from_secs(2));
        assert!((operation.share(now + Duration::from_mins(1)) - 0.5).abs() < 1e-9);
        operation.power_on(now + Duration::from_mins(1));
        assert!((operation.share(now + Duration::from_secs(61)) - 0.75).abs() < 1e-9);
    }

    #[test]
    fn progress_faults_lie_about_the_progress_alone() {
        let (operation, now) = running(4);
        let later = now + Duration::from_secs(1);
        let reported = |progress| operation.progress(&Faults { progress: Some(progress), ..Faults::default() }, later);
        assert_eq!(reported(Progress::Stuck), 6553);
        assert_eq!(reported(Progress::Backwards), 0xc000);
        assert_eq!(reported(Progress::JumpsToEnd), 0);
        assert_eq!(reported(Progress::AlwaysFfff), 0xffff);
        let stalled = Faults { stall_at_percent: Some(50), ..Faults::default() };
        assert_eq!(operation.progress(&stalled, now + Duration::from_secs(100)), 0x8000);
    }
}
