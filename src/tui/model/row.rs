//! A drive as a line of the list.

use purgeproof_core::capability::{Obstacle, Support};
use purgeproof_core::event::{Listed, Offer};
use purgeproof_core::plan::Plan;
use purgeproof_core::technique::Technique;
use purgeproof_core::verdict::Reason;

use super::Run;

/// A line of the list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row<'a> {
    pub(crate) listed: &'a Listed,
    pub(crate) run: Option<&'a Run>,
    pub(crate) attached: bool,
}

impl<'a> Row<'a> {
    pub(super) fn rank(&self) -> u8 {
        match (&self.listed.offer, self.run) {
            (_, Some(_)) | (Offer::Planned(_), None) => 0,
            (Offer::Refused(_), None) => 1,
            (Offer::Excluded(_), None) => 2,
        }
    }

    pub(crate) fn plan(&self) -> Option<&'a Plan> {
        match &self.listed.offer {
            Offer::Planned(plan) => Some(plan),
            Offer::Refused(_) | Offer::Excluded(_) => None,
        }
    }

    pub(crate) fn is_planned(&self) -> bool {
        self.plan().is_some()
    }

    /// How far a job came, in percent, that can go on: of an earlier run, or of this one before the drive left.
    pub(crate) fn interrupted(&self) -> Option<u8> {
        let is_idle = self.run.is_none_or(|run| run.running().is_none());
        self.listed.interrupted.filter(|_| self.attached && self.is_planned() && is_idle)
    }

    /// It reported an erase that did not happen.
    fn has_lied(&self) -> bool {
        let verdict = self.run.and_then(Run::ended).map(|ended| &ended.verdict);
        verdict.is_some_and(|verdict| {
            verdict.reasons.iter().any(|reason| matches!(reason, Reason::Survived { .. } | Reason::Unchanged { .. }))
        })
    }

    /// A PSID would be of use, or is known but may be the wrong one.
    pub(crate) fn takes_psid(&self) -> bool {
        let is_revert = |(technique, support): &(Technique, Support)| {
            *technique == Technique::TcgRevert && matches!(support, Support::Present | Support::Blocked(_))
        };
        self.attached
            && !self.has_lied()
            && self.run.is_none_or(|run| run.running().is_none())
            && !matches!(self.listed.offer, Offer::Excluded(_))
            && self.listed.capabilities.techniques.iter().any(is_revert)
    }

    /// What is left to do with it is below what there was leave for.
    pub(crate) fn is_weaker(&self) -> bool {
        let floor = self.run.and_then(|run| run.floor);
        self.plan().is_some_and(|plan| floor.is_some_and(|floor| plan.level() < floor))
    }

    /// Its job has ended, and it can be erased once more by its plan: as before, or by what the drive still has. An overwrite in place
    /// of something stronger is no repetition: [`Row::can_be_lowered`].
    pub(crate) fn can_be_repeated(&self) -> bool {
        let is_ended = self.run.and_then(Run::ended).is_some();
        let is_trusted =
            |plan: &Plan| if plan.technique().is_firmware() { !self.has_lied() } else { !self.is_weaker() };
        self.attached && is_ended && self.plan().is_some_and(is_trusted)
    }

    /// Its own erase came to no good end, and an overwrite could follow where it was stronger.
    pub(crate) fn can_be_lowered(&self) -> bool {
        let is_bad = self.run.and_then(Run::ended).is_some_and(|ended| !ended.verdict.outcome.is_good());
        let is_lower = |plan: &Plan| {
            let can_be_overwritten = plan.ways.iter().any(|way| way.firmware().next().is_none());
            can_be_overwritten && (plan.technique().is_firmware() || self.is_weaker())
        };
        self.attached && is_bad && self.plan().is_some_and(is_lower)
    }

    pub(crate) fn is_locked(&self) -> bool {
        self.listed.capabilities.obstacles.contains(&Obstacle::Locked)
    }

    pub(crate) fn is_frozen(&self) -> bool {
        self.attached && self.listed.capabilities.obstacles.contains(&Obstacle::Frozen)
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.is_planned() && self.run.is_none()
    }
}
