//! The machine asleep for a moment, and what is not in its memory meanwhile: that can be carried away with it.

use super::{Floor, World};

impl<W: World> Floor<W> {
    /// Suspends and wakes the machine: its firmware then no longer freezes the security commands of ATA drives. The signing key is read from
    /// the stick again afterwards, a PSID is on the label; a job, which needs its own, is never interrupted for this.
    pub(super) fn unfreeze(&mut self) {
        if self.engine.running() > 0 {
            return self.notice("The machine is not suspended while drives are being erased. Wait for them to end.");
        }
        let is_forgotten = self.filing.forget_key();
        let forgotten = self.drives.iter_mut().map(|known| known.means.forget()).filter(|had_one| *had_one).count();
        if is_forgotten {
            match self.world.suspend() {
                Ok(()) => self.notice("The machine was suspended and woken. Drives that were frozen are asked again."),
                Err(why) => self.notice(why),
            }
        } else {
            self.notice(
                "The machine was not suspended: the stick is slow, and the signing key still in memory. Try again.",
            );
        }
        if forgotten > 0 {
            self.notice(
                "A PSID is not kept while the machine sleeps. Type it again for each drive that is to be reverted.",
            );
        }
        self.filing.fetch_key();
        // Disks come back one after the other.
        (self.changed_ms, self.woken_ms) = (self.world.now_ms(), self.world.now_ms());
        self.world.rescan();
    }
}
