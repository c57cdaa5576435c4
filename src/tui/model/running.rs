//! A job at work: how far it is, and what of it is worth saying.

use purgeproof_core::event::{Progress, Stage};
use purgeproof_core::verdict::Reason;

use super::Running;

/// After so many seconds without a sign of life the screen says so.
const SILENT_S: u64 = 30;

impl Running {
    /// The share of the stage that is done. A stage that is not over is never at 100 %.
    pub(crate) fn percent(&self) -> u64 {
        let Progress { done, total, .. } = self.progress;
        let percent = u128::from(done) * 100 / u128::from(total.max(1));
        u64::try_from(percent).unwrap_or(99).min(99)
    }

    /// For how long it has been in this stage.
    pub(crate) fn in_stage_s(&self, now_s: u64) -> u64 {
        now_s.saturating_sub(self.stage_s)
    }

    /// For how long nothing was heard, once that is worth saying. A flush says nothing while it lasts, nor does a drive that cools
    /// down or that erases itself in one command.
    pub(crate) fn silent_s(&self, now_s: u64) -> Option<u64> {
        let silent = now_s.saturating_sub(self.heard_s);
        let says_nothing = match self.stage {
            Stage::Flush | Stage::Cool | Stage::Settle => true,
            Stage::Erase { .. } | Stage::Reformat { .. } => self.progress.total == 0,
            _ => false,
        };
        (silent >= SILENT_S && !says_nothing).then_some(silent)
    }

    /// The drive reported an erase that did not happen; it is being erased otherwise.
    pub(crate) fn was_lied_to(&self) -> bool {
        self.setbacks.iter().any(|reason| matches!(reason, Reason::Survived { .. }))
    }

    /// The host overwrites the drive or checks that it has.
    pub(crate) fn is_overwriting(&self) -> bool {
        matches!(self.stage, Stage::Recheck | Stage::Purge { .. } | Stage::Flush | Stage::Verify)
    }

    /// The drive's firmware is at work, whatever the host does.
    pub(crate) fn is_out_of_hand(&self) -> bool {
        matches!(self.stage, Stage::Erase { .. } | Stage::Reformat { .. })
    }
}
