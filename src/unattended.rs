//! A run that nobody watches: what is begun by the policy's word, and when all is done.

use super::{
    Consent, DriveId, End, Event, Floor, Interrupted, Known, Offer, QUIET_MS, STICK_MS, WhenDone, World, means,
};

/// Disks need so long to come back after a suspend, links first and then the disks behind them.
const SETTLE_MS: u64 = 4_000;

/// The longest that an unattended run waits for a disk that was there before the suspend, or that left in the middle of its job.
const RETURN_MS: u64 = 60_000;

impl<W: World> Floor<W> {
    /// Starts every drive that the unattended policy selects, once.
    pub(super) fn begin_selected(&mut self) {
        if self.wants_unfreezing() {
            self.has_unfrozen = true;
            return self.unfreeze();
        }
        if self.has_unfrozen && self.is_waking() {
            return;
        }
        let ids: Vec<DriveId> = self.drives.iter().filter(|known| known.is_present).map(|known| known.id).collect();
        for id in ids {
            let Some(known) = self.drives.iter().find(|known| known.id == id) else { continue };
            let interrupted = self.interrupted_on(id);
            // Each is begun once. One that left in the middle goes on when it is back, as long as it comes further each time.
            let goes_on_again = known.has_returned && interrupted.is_some_and(Interrupted::has_come_further);
            if self.begun.contains(&id) && !goes_on_again {
                continue;
            }
            let Offer::Planned(plan) = known.offer(&self.policy) else { continue };
            let (handle, goes_on) = (known.found.identity.handle(), interrupted.is_some());
            let begun = match Consent::by_policy(&plan, &self.policy) {
                Ok(consent) if goes_on => self.resume(id, consent),
                Ok(consent) => self.begin(id, consent),
                Err(denied) => Err(denied.to_string()),
            };
            // Tried once: a drive that cannot be begun now is the operator's to look at.
            self.tried(id);
            if let Err(why) = begun {
                self.notice(format!("Drive {handle} was not begun: {why}."));
            }
        }
    }

    /// Whether the stick, and disks that spin up slowly, have had the time to come.
    pub(super) fn has_had_time(&self, now: u64) -> bool {
        self.since_ms.is_some_and(|since| now >= since + STICK_MS)
    }

    /// Before anything has begun: a selected drive could do something stronger after a suspend.
    fn wants_unfreezing(&self) -> bool {
        let frozen = |known: &&Known| {
            known.is_present
                && matches!(known.offer(&self.policy), Offer::Planned(plan) if means::is_worth_unfreezing(&plan))
        };
        !self.has_unfrozen && self.begun.is_empty() && self.drives.iter().any(|known| frozen(&known))
    }

    /// After a suspend: disks are still coming back.
    fn is_waking(&self) -> bool {
        let now = self.world.now_ms();
        let all_back = self.drives.iter().all(|known| known.is_present);
        now < self.changed_ms + SETTLE_MS || !all_back && now < self.woken_ms + RETURN_MS
    }

    pub(super) fn check_done(&mut self, now: u64, is_filed: bool) -> Option<End> {
        let is_quiet = now >= self.changed_ms + QUIET_MS && self.has_had_time(now);
        if self.engine.running() > 0 || !is_quiet || self.awaits_return(now) {
            return None;
        }
        if self.begun.is_empty() {
            if !self.has_warned {
                self.has_warned = true;
                self.notice(
                    "The unattended policy selects none of the drives that are attached: nothing is erased. Attach the drives, or \
                     correct the policy file.",
                );
            }
            return None;
        }
        if !is_filed {
            return None;
        }
        self.is_done = true;
        self.tell(Event::Done);
        match self.policy.when_done {
            WhenDone::Wait => None,
            WhenDone::PowerOff => Some(End::PowerOff),
            WhenDone::Reboot => Some(End::Reboot),
        }
    }

    /// A drive has left in the middle of its job, and may be plugged in again.
    fn awaits_return(&self, now: u64) -> bool {
        let is_missed = |known: &Known| {
            let identity = &known.found.identity;
            !known.is_present && self.interrupted.iter().any(|job| job.is_about(identity))
        };
        now < self.changed_ms + RETURN_MS && self.drives.iter().any(is_missed)
    }
}
