//! When it is noted how far a pass has come.

/// One part in so many of the time of a pass is lost at most when the power fails, and one part in so many goes into flushes.
const PARTS: u64 = 64;

/// The times of checkpoints. Time is an argument.
pub(crate) struct Checkpoints {
    /// In milliseconds, all of them.
    interval: u64,
    began: u64,
    due: u64,
}

impl Checkpoints {
    /// Of a pass that begins now, with at least `interval_ms` between them.
    pub(crate) const fn new(now_ms: u64, interval_ms: u64) -> Self {
        Self { interval: interval_ms, began: now_ms, due: now_ms.saturating_add(interval_ms) }
    }

    /// It is time for one.
    pub(crate) const fn is_due(&self, now_ms: u64) -> bool {
        now_ms >= self.due
    }

    /// One was begun at `began_ms` and is made. The longer a pass takes, the longer it is until the next one, so that a stick that notes
    /// the passes of days is not worn out by them.
    pub(crate) fn made(&mut self, began_ms: u64, now_ms: u64) {
        let (elapsed_ms, took_ms) = (now_ms.saturating_sub(self.began), now_ms.saturating_sub(began_ms));
        let wait_ms = self.interval.max(elapsed_ms / PARTS).max(took_ms.saturating_mul(PARTS));
        self.due = now_ms.saturating_add(wait_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many there are in a pass of so many milliseconds, if each flush takes so long.
    fn count(pass_ms: u64, flush_ms: u64) -> u64 {
        let (mut checkpoints, mut now_ms, mut count) = (Checkpoints::new(0, 30_000), 0, 0);
        while now_ms < pass_ms {
            now_ms += 1_000;
            if checkpoints.is_due(now_ms) {
                checkpoints.made(now_ms, now_ms + flush_ms);
                (now_ms, count) = (now_ms + flush_ms, count + 1);
            }
        }
        count
    }

    #[test]
    fn they_cost_little_however_long_a_pass_takes() {
        assert_eq!(count(29_000, 5), 0, "a pass of seconds needs none");
        // Every 30 s for 32 minutes, then every 64th part: 64 + 64 x ln(15 h / 32 min) = 278.
        let in_15_hours = count(15 * 3_600_000, 5);
        assert!((240..=290).contains(&in_15_hours), "{in_15_hours}");
        // A flush that takes 10 s, as of a shingled disk: no more than a 64th of the time goes into them.
        assert!(count(3_600_000, 10_000) <= 6);
    }
}
