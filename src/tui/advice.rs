//! What is left to do with a drive that has its verdict.

use purgeproof_core::capability::Obstacle;
use purgeproof_core::drive::OpenError;
use purgeproof_core::event::Offer;
use purgeproof_core::plan::Refusal;
use purgeproof_core::verdict::{Outcome, Reason, Verdict};

use crate::model::Row;

const AGAIN: &str = "Erase it again: e.";
const OVERWRITE: &str =
    "Press o to overwrite it instead: a Clear, which does not reach what the drive keeps in reserve. Or destroy it.";
const BY_PLAN: &str = "Press e to erase it by what it still has: a Clear, which does not reach what the drive keeps in reserve. Or destroy it.";
const OTHERWISE: &str = "Erase it again by the plan below (e), or destroy it.";
const NOT_BELOW: &str = "The policy asks for more than anything else attains on it: destroy it.";
const DESTROY: &str = "Nothing else is known to work on it: destroy it.";
const UNPLUGGED: &str = "Plug it in again: then this page says what is left to try. Or destroy it.";
const DISTRUST: &str = "Never rely on this drive's own erase.";
const POWERED: &str = "Leave it powered: it may still be erasing itself. Then erase it again (e): a job waits for what is under way first.";
const UNFREEZE: &str = "Press u: the machine sleeps and wakes, which lifts the freeze. Then erase it again (e).";
const PSID: &str = "Press s and type the PSID from its label. Then erase it again (e).";
const LOCKED: &str = "Unlock it with its owner's password and another tool, or destroy it.";
const PROTECTED: &str = "Lift its write protection (a switch, a jumper, the owner's tool), or destroy it.";
const HIDDEN: &str = "Have that area opened or erased with its maker's tool and erase it again (e), or destroy it.";
const UNASKED: &str =
    "Attach it to a SATA port of the mainboard and erase it again there (e). If it is at one, destroy it.";
const CABLE: &str = "Check its cable and power, and plug it in again. An overwrite can go on then (g), from where it was; else erase it again (e).";
const GO_ON: &str = "Check its cable and power. Then go on from where it was (g), or erase it again (e).";
const ANEW: &str = "Press l in the list to look again, and select it anew.";
const DAMAGED: &str = "Erase it again (e). If that ends the same way, destroy it: the blocks named keep old content.";
const ELSEWHERE: &str = "Erase it again in another machine or at another port. If it is as fast there, destroy it: it does not store what it takes.";
const COOL: &str = "Let it cool down. Then erase it again (e).";

/// What to do next, most pressing first; nothing where the drive may leave.
pub(crate) fn next(verdict: &Verdict, row: &Row<'_>) -> Vec<&'static str> {
    let mut sentences = Vec::new();
    if verdict.outcome.is_good() {
        return sentences;
    }
    for sentence in verdict.reasons.iter().flat_map(|reason| after(reason, verdict.outcome, row)) {
        let is_at_hand = row.can_be_repeated() || !row.attached || ![AGAIN, DAMAGED].contains(&sentence);
        if is_at_hand && !sentences.contains(&sentence) {
            sentences.push(sentence);
        }
    }
    if sentences.is_empty() {
        sentences.push(otherwise(row));
    }
    sentences
}

/// What there is after the drive's own erase: never a word about a key that does nothing.
fn otherwise(row: &Row<'_>) -> &'static str {
    match (row.can_be_lowered(), row.can_be_repeated(), &row.listed.offer) {
        (true, true, _) if row.is_weaker() => BY_PLAN,
        (true, ..) => OVERWRITE,
        (false, true, _) => OTHERWISE,
        (false, false, Offer::Refused(Refusal::LevelNotAttainable { .. })) => NOT_BELOW,
        _ if !row.attached => UNPLUGGED,
        (false, false, _) => DESTROY,
    }
}

fn after(reason: &Reason, outcome: Outcome, row: &Row<'_>) -> Vec<&'static str> {
    match reason {
        Reason::Survived { .. } => vec![DISTRUST, otherwise(row)],
        Reason::Unchanged { .. } | Reason::Refused(..) | Reason::EraseFailed(..) | Reason::Ignored(_) => {
            vec![otherwise(row)]
        }
        // What was in the way of it may be gone with it: a drive that was locked takes markers once it is reverted.
        Reason::LeftInDisorder(_) | Reason::MarkersTooFew { .. } | Reason::ImplausiblyFast { .. } => {
            vec![AGAIN, otherwise(row)]
        }
        Reason::FasterThanItsLink { .. } => vec![ELSEWHERE],
        Reason::NoAnswer(..) | Reason::StatusUnreadable(_) | Reason::Stalled(_) | Reason::GoneWhileErasing => {
            vec![POWERED]
        }
        // What was under way when the record ended is not known, so the drive's own erase may be.
        Reason::Stopped | Reason::Crashed | Reason::Unfinished => {
            let is_firmware = row.plan().is_some_and(|plan| plan.technique().is_firmware());
            vec![if outcome == Outcome::Indeterminate && is_firmware { POWERED } else { AGAIN }]
        }
        Reason::InTheWay(obstacle) => vec![match obstacle {
            Obstacle::Frozen => UNFREEZE,
            Obstacle::Locked if row.takes_psid() => PSID,
            Obstacle::Locked => LOCKED,
            Obstacle::WriteProtected => PROTECTED,
            Obstacle::Sanitizing | Obstacle::SanitizeFailed => AGAIN,
        }],
        Reason::HiddenAreaKept(hidden) if hidden.is_unasked() => vec![UNASKED],
        Reason::HiddenAreaKept(_) => vec![HIDDEN],
        Reason::TooHot => vec![COOL],
        Reason::NotOpened(OpenError::Gone) | Reason::GoneWhileWriting | Reason::GoneWhileReading => {
            vec![if row.interrupted().is_some() { GO_ON } else { CABLE }]
        }
        Reason::NotOpened(_) | Reason::OtherDrive => vec![ANEW],
        Reason::Unwritable(_)
        | Reason::Unreadable(_)
        | Reason::Mismatch(_)
        | Reason::Abandoned(_)
        | Reason::NotFlushed => {
            vec![DAMAGED]
        }
        Reason::AllReadBack
        | Reason::SampleReadBack { .. }
        | Reason::ErasedByDrive(_)
        | Reason::MarkersGone { .. }
        | Reason::AllErased(_)
        | Reason::SampleErased { .. }
        | Reason::NothingWritten => Vec::new(),
    }
}
