//! What a plan is in words, and what stands in its way.

use purgeproof_core::capability::{Area, Found, Hidden, Obstacle};
use purgeproof_core::event::Stage;
use purgeproof_core::plan::{Plan, Way};
use purgeproof_core::scheme;
use purgeproof_core::technique::{Level, Technique};

use super::stage;

/// How many overwrite passes are listed one by one.
const LISTED: u32 = 3;

/// What a drive can be planned by, short for the list: the standard's word without its variant.
fn short(technique: Technique) -> &'static str {
    match technique {
        Technique::SanitizeCryptoErase | Technique::SanitizeBlockErase | Technique::SanitizeOverwrite => "Sanitize",
        Technique::TcgRevert => "TCG Revert",
        Technique::SecurityEraseEnhanced | Technique::SecurityEraseNormal => "Security Erase",
        Technique::FormatCryptoErase | Technique::FormatUserDataErase => "Format",
        Technique::FormatUnit => "Format Unit",
        Technique::EraseAndSanitize => "Erase+Sanitize",
        Technique::SecureErase => "Secure Erase",
        Technique::Overwrite => "Overwrite",
    }
}

/// The plan for the list, longest first: level and means, level.
pub(crate) fn planned(plan: &Plan) -> [String; 2] {
    [format!("{} by {}", plan.level(), short(plan.technique())), plan.level().to_string()]
}

/// What stands in the way, for the list.
pub(crate) fn obstacle_short(obstacle: &Obstacle) -> &'static str {
    match obstacle {
        Obstacle::Frozen => "FROZEN",
        Obstacle::Locked => "LOCKED",
        Obstacle::WriteProtected => "PROTECTED",
        Obstacle::Sanitizing => "SANITIZING",
        Obstacle::SanitizeFailed => "FAILED",
    }
}

/// What stands in the way and what to do about it; `press` is how a key of the list is reached from where this is read.
pub(crate) fn obstacle(obstacle: &Obstacle, takes_psid: bool, press: &str) -> String {
    let remedy = match obstacle {
        Obstacle::Frozen => format!("{press} u: the machine sleeps and wakes, which lifts that"),
        Obstacle::Locked if takes_psid => format!("{press} s and type the PSID from its label"),
        Obstacle::Locked => "Unlock it with its owner's password and another tool, or destroy it".into(),
        Obstacle::WriteProtected => "Lift that (a switch, a jumper, the owner's tool), or destroy it".into(),
        Obstacle::Sanitizing => "A job waits until that is over and then erases it".into(),
        Obstacle::SanitizeFailed => "Only another sanitize gets it out of that: erase it".into(),
    };
    format!("{obstacle}. {remedy}")
}

/// What came of looking for a hidden area, and what becomes of it.
pub(crate) fn hidden(hidden: &Hidden, plan: Option<&Plan>) -> String {
    format!("{hidden}{}", fate(hidden, plan))
}

/// What becomes of a hidden area by this plan.
pub(crate) fn fate(hidden: &Hidden, plan: Option<&Plan>) -> &'static str {
    let steps = plan.and_then(Plan::way).map_or(&[][..], |way| way.steps.as_slice());
    let is_reached = steps.iter().any(|step| hidden.area.is_reached_by(*step));
    let holds_user_data = plan.is_some_and(|plan| hidden.area.holds_user_data(plan.drive.transport));
    let is_kept = plan.is_some_and(|plan| hidden.keeps_user_data(plan.drive.transport, steps));
    // The partitions of an eMMC are open to nothing but its own erase.
    let can_be_opened = !matches!(hidden.area, Area::BootPartitions | Area::GeneralPurposePartitions);
    match (&hidden.found, hidden.area) {
        (Found::Closed { .. }, Area::ReplayProtectedMemory) => ", out of the reach of any erase",
        (Found::Closed { .. }, Area::OtherNamespaces) => ", each a disk of its own, and not erased with this one",
        (Found::Closed { .. }, _) if is_reached => ", closed, but this erase reaches it",
        (Found::Closed { .. }, _) if holds_user_data && can_be_opened => {
            ", closed: the job opens it first, if the drive lets it"
        }
        (Found::Closed { .. }, _) if is_kept => ". This plan does not reach it: the drive is NOT ERASED by it",
        (Found::Closed { .. }, _) => ", not erased",
        // One that is sanitizing itself can be asked when that is over.
        (Found::Unknown(_), _) if is_kept && hidden.is_unasked() => {
            ". If it cannot be asked by the end of this erase, the drive is NOT ERASED"
        }
        _ => "",
    }
}

/// What is meant by a level.
pub(crate) fn level(level: Level) -> &'static str {
    match level {
        Level::Clear => "Clear: all that the computer can address, not the reserve",
        Level::Purge => "Purge: the drive itself erases all it holds, reserve too",
    }
}

/// The stages that a way goes through, by the words that the list shows.
pub(crate) fn steps(plan: &Plan) -> String {
    let Some(way) = plan.way() else { return String::new() };
    let firmware = u32::try_from(way.firmware().count()).unwrap_or(u32::MAX);
    let erases = way.firmware().zip(1..).map(|(technique, step)| Stage::Erase { technique, step, of: firmware });
    let passes = u32::try_from(plan.passes.len()).unwrap_or(u32::MAX);
    let writes = (1..=if way.overwrites() { passes } else { 0 }).map(|number| Stage::Purge { number, of: passes });
    let writes = writes.filter(|write| {
        passes <= LISTED || matches!(write, Stage::Purge { number, of } if *number == 1 || number == of)
    });
    let mut words: Vec<String> = erases.map(|one| stage(&one)).collect();
    if firmware > 0 {
        words.insert(0, stage(&Stage::Mark));
        words.push(stage(&Stage::Seek));
    }
    let writes: Vec<String> = writes.map(|one| stage(&one)).collect();
    words.extend(if passes > LISTED && way.overwrites() { vec![writes.join(" to ")] } else { writes });
    words.push(format!("{} {}", stage(&Stage::Verify), plan.verify.in_words()));
    words.extend(plan.reformat.map(|to| format!("{} to {}-byte blocks", stage(&Stage::Reformat { to }), to.get())));
    words.join(", ")
}

/// The passes of a scheme, and what to know before they go over such a medium; nothing where the plan's own sentence has it all.
pub(crate) fn passes(plan: &Plan) -> Vec<String> {
    if !plan.way().is_some_and(Way::overwrites) || plan.scheme.is_none() {
        return Vec::new();
    }
    let worth = plan.scheme.as_deref().and_then(scheme::named).map_or("the policy's own", |scheme| scheme.worth);
    [format!("{}. It is Clear ({worth})", scheme::list(&plan.passes))]
        .into_iter()
        .chain(plan.caution().map(str::to_owned))
        .collect()
}

/// What there is leave for if the drive refuses or fails; `None` where there is nothing to fall back from.
pub(crate) fn fallback(plan: &Plan) -> Option<String> {
    plan.way()?.firmware().next()?;
    let others: Vec<&Way> = plan.ways.iter().skip(1).filter(|way| way.level >= plan.floor).collect();
    let tried = match others.as_slice() {
        [] => "The job ends".to_owned(),
        [one] => format!("{one} may follow"),
        [one, more @ ..] => format!("{one} may follow, then {} more", more.len()),
    };
    let floor = if plan.floor < plan.level() {
        format!("The policy lets it end as {}.", plan.floor)
    } else {
        format!("Nothing below {} is done without a new word from you.", plan.floor)
    };
    Some(format!("{tried}. {floor}"))
}
