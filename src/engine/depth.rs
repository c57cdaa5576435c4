//! How many transfers to have under way at once: more as long as more comes of it.

/// The stretch of time that a rate is taken over.
const WINDOW_MS: u64 = 32;

/// How many there are at first: one for the drive, one in waiting.
const FIRST: usize = 2;

/// Or so many bytes. A disk that takes long for a request takes this as two; many short ones, at random places, it has sorted, and what they
/// hold up is held up no longer than by two long ones on a disk that does not seek.
const FIRST_BYTES: usize = 2 << 20;

/// The depth of a queue. Time is an argument.
pub(crate) struct Depth {
    now: usize,
    most: usize,
    grows: bool,
    since_ms: u64,
    /// In this window.
    answers: usize,
    bytes: u64,
    /// The best rate so far, in bytes a second, and the depth that it came at.
    best: (u64, usize),
}

impl Depth {
    /// At most `most` transfers of up to `length` bytes each.
    pub(crate) fn new(now_ms: u64, most: usize, length: usize) -> Self {
        let now = FIRST.max(FIRST_BYTES / length.max(1)).min(most);
        Self { now, most, grows: true, since_ms: now_ms, answers: 0, bytes: 0, best: (0, now) }
    }

    /// How many may be under way.
    pub(crate) const fn now(&self) -> usize {
        self.now
    }

    /// A transfer of so many bytes has ended. Each lets one more follow, so that the depth doubles from round to round, until a window
    /// brings no more than the one before.
    pub(crate) fn answered(&mut self, now_ms: u64, bytes: u64) {
        if !self.grows {
            return;
        }
        self.answers += 1;
        self.bytes += bytes;
        self.now = (self.now + 1).min(self.most);
        let elapsed_ms = now_ms.saturating_sub(self.since_ms);
        if elapsed_ms < WINDOW_MS || self.answers < 2 * FIRST {
            return;
        }
        let rate = self.bytes.saturating_mul(1000) / elapsed_ms;
        if rate > self.best.0 + self.best.0 / 20 {
            self.best = (rate, self.now);
        } else {
            self.now = self.best.1;
            self.grows = false;
        }
        (self.since_ms, self.answers, self.bytes) = (now_ms, 0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The depth that a drive comes to that takes `latency_ms` for each transfer and serves `width` of them at once.
    fn settles(latency_ms: u64, width: usize, most: usize) -> usize {
        let mut depth = Depth::new(0, most, 1 << 20);
        let (mut now_ms, mut busy) = (0, std::collections::VecDeque::new());
        for _ in 0..5000 {
            while busy.len() < depth.now() {
                // It begins when the one `width` places before it has ended.
                let begins =
                    busy.len().checked_sub(width).and_then(|at| busy.get(at)).map_or(now_ms, |ends: &u64| *ends);
                busy.push_back(begins.max(now_ms) + latency_ms);
            }
            now_ms = busy.pop_front().unwrap();
            depth.answered(now_ms, 1 << 20);
        }
        depth.now()
    }

    #[test]
    fn a_drive_that_serves_many_at_once_gets_many() {
        assert_eq!(settles(8, 64, 64), 64);
        assert!(settles(8, 16, 64) >= 16);
    }

    #[test]
    fn a_drive_that_serves_one_after_the_other_gets_few() {
        assert!(settles(16, 1, 64) <= 8, "{}", settles(16, 1, 64));
    }

    #[test]
    fn there_are_never_more_than_there_is_room_for() {
        assert_eq!(settles(1, 8, 1), 1);
        assert_eq!(Depth::new(0, 1, 1 << 20).now(), 1);
    }

    #[test]
    fn short_transfers_need_no_time_to_become_many() {
        // 2 MiB are 32 of 64 KiB, and more than there is room for of 4 KiB; one of 4 MiB has another in waiting.
        for (length, first) in [(4096, 64), (65_536, 32), (1 << 20, 2), (4 << 20, 2), (0, 64)] {
            assert_eq!(Depth::new(0, 64, length).now(), first, "{length}");
        }
    }
}
