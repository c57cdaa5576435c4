//! All that is known about one drive, in lines.

use ratatui::text::{Line, Span};

use purgeproof_core::capability::{Found, Hidden, Obstacle, Support};
use purgeproof_core::drive::Identity;
use purgeproof_core::event::Offer;
use purgeproof_core::plan::{Considered, Plan};
use purgeproof_core::reformat::End;
use purgeproof_core::technique::{Level, Technique};

use super::list::verdict_style;
use super::text::{grouped, labelled, wrap};
use super::{ACTIVE, BAD, BOLD, DIM, PLAIN, survey};
use crate::model::{Ended, Model, Row, Running};
use crate::{advice, words};

/// The width of the labels.
pub(super) const LABEL: usize = 12;

/// How it stands, who it is, what is planned and why.
pub(super) fn lines(model: &Model, row: &Row<'_>, width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    if let Some(running) = row.run.and_then(|run| run.running()) {
        lines.extend(running_lines(running, model.now_s, width));
    }
    if let Some(ended) = row.run.and_then(|run| run.ended()) {
        lines.extend(result(ended, row, width));
    }
    if !row.attached {
        lines.extend(labelled("Note", words::UNPLUGGED, LABEL, width, BAD));
    }
    lines.extend(row.run.map(|run| survey::lines(&run.surveys, LABEL, width)).unwrap_or_default());
    lines.extend(obstacles(row, width));
    lines.extend(offer(row, width));
    if let Some(percent) = row.interrupted() {
        lines.extend(labelled("Interrupted", &words::can_go_on(percent, row.run.is_some()), LABEL, width, BOLD));
    }
    lines.extend(identity(&row.listed.identity, width));
    lines.extend(row.plan().into_iter().flat_map(|plan| ways(plan, width)));
    lines.extend(considered(row, width));
    lines.extend(hidden(row, width));
    if let Some(job) = row.run.and_then(|run| run.job) {
        lines.extend(labelled("Job", &job.to_string(), LABEL, width, DIM));
    }
    lines
}

fn running_lines(running: &Running, now_s: u64, width: usize) -> Vec<Line<'static>> {
    let mut lines = labelled("Now", &words::stage_sentence(&running.stage), LABEL, width, ACTIVE);
    if running.progress.total > 0 {
        let percent = running.percent();
        let room = width.saturating_sub(LABEL + 6).min(60);
        let full = room * usize::try_from(percent).unwrap_or(0) / 100;
        let bar = format!("{}{}", "█".repeat(full), "░".repeat(room - full));
        let figure = format!(" {percent} %");
        lines.push(Line::from(vec![
            Span::raw(" ".repeat(LABEL)),
            Span::styled(bar, ACTIVE),
            Span::styled(figure, BOLD),
        ]));
    }
    match running.silent_s(now_s) {
        Some(silent) => lines.extend(labelled("!", &words::silent(running, silent), LABEL, width, BAD)),
        None => lines.extend(labelled("", &words::figures(running, now_s), LABEL, width, PLAIN)),
    }
    for reason in &running.setbacks {
        lines.extend(labelled("Before that", &reason.to_string(), LABEL, width, BAD));
    }
    if running.is_out_of_hand() {
        lines.extend(labelled("", words::GOES_ON, LABEL, width, BOLD));
    }
    lines
}

/// The verdict with its reasons, what to do now, and what it does not cover.
fn result(ended: &Ended, row: &Row<'_>, width: usize) -> Vec<Line<'static>> {
    let outcome = ended.verdict.outcome;
    let verdict = format!("{outcome} after {}. {}", words::duration(ended.seconds), words::disposition(outcome));
    let mut lines = labelled("Verdict", &verdict, LABEL, width, verdict_style(ended));
    for (index, reason) in ended.verdict.reasons.iter().enumerate() {
        lines.extend(labelled(if index == 0 { "Because" } else { "" }, &reason.to_string(), LABEL, width, PLAIN));
    }
    if let Some(reformat) = &ended.reformat {
        let style = if matches!(reformat.end, End::Done(_)) { PLAIN } else { BAD };
        lines.extend(labelled("Format", &reformat.to_string(), LABEL, width, style));
    }
    for (index, sentence) in advice::next(&ended.verdict, row).into_iter().enumerate() {
        lines.extend(labelled(if index == 0 { "Next" } else { "" }, sentence, LABEL, width, BOLD));
    }
    let style = if ended.is_on_stick() { PLAIN } else { BAD };
    lines.extend(labelled("Certificate", &words::filed_sentence(ended), LABEL, width, style));
    for (index, exception) in ended.verdict.exceptions.iter().enumerate() {
        lines.extend(labelled(if index == 0 { "But" } else { "" }, &exception.to_string(), LABEL, width, PLAIN));
    }
    lines
}

fn offer(row: &Row<'_>, width: usize) -> Vec<Line<'static>> {
    let was_run = row.run.is_some();
    // The plan of a drive that failed is not what was done, but what the key named would do.
    let label = match (row.can_be_repeated(), row.can_be_lowered()) {
        (false, true) => "With o",
        (true, true) if row.is_weaker() => "With e",
        _ => "Plan",
    };
    match &row.listed.offer {
        Offer::Planned(plan) => labelled(label, &plan.to_string(), LABEL, width, BOLD),
        Offer::Refused(why) if !was_run => labelled("State", &words::not_offered(&why.to_string()), LABEL, width, BOLD),
        Offer::Excluded(why) if !was_run => {
            labelled("State", &words::not_offered(&why.to_string()), LABEL, width, BOLD)
        }
        Offer::Refused(_) | Offer::Excluded(_) => Vec::new(),
    }
}

/// What stands in the way, and the one way round that only the operator knows of.
fn obstacles(row: &Row<'_>, width: usize) -> Vec<Line<'static>> {
    let is_running = row.run.is_some_and(|run| run.running().is_some());
    if is_running || matches!(row.listed.offer, Offer::Excluded(_)) {
        return Vec::new();
    }
    let obstacles = &row.listed.capabilities.obstacles;
    let takes_psid = row.takes_psid();
    let mut lines = Vec::new();
    for (index, obstacle) in obstacles.iter().enumerate() {
        let label = if index == 0 { "In the way" } else { "" };
        lines.extend(labelled(label, &words::obstacle(obstacle, takes_psid, words::PRESS), LABEL, width, BAD));
    }
    let would_gain = row.plan().is_none_or(|plan| plan.level() < Level::Purge);
    if takes_psid && would_gain && !obstacles.contains(&Obstacle::Locked) {
        lines.extend(labelled("PSID", words::PSID_HOW, LABEL, width, PLAIN));
    }
    lines
}

/// What can be done, in the order in which it is tried, by the rows of the decision table. A plan without an alternative is said
/// already.
fn ways(plan: &Plan, width: usize) -> Vec<Line<'static>> {
    let mut lines: Vec<Line<'_>> =
        plan.rule.iter().flat_map(|rule| labelled("Rule", rule, LABEL, width, PLAIN)).collect();
    for (index, sentence) in words::passes(plan).iter().enumerate() {
        lines.extend(labelled(if index == 0 { "Passes" } else { "" }, sentence, LABEL, width, PLAIN));
    }
    if plan.ways.len() < 2 {
        return lines;
    }
    for (index, way) in plan.ways.iter().enumerate() {
        let was_open = index == 0 || plan.ways.get(index - 1).is_some_and(|before| before.level >= plan.floor);
        if was_open && way.level < plan.floor {
            lines.extend(labelled("", words::NEW_WORD, LABEL, width, PLAIN));
        }
        let (label, style) = if index == 0 { ("Ways", BOLD) } else { ("", PLAIN) };
        lines.extend(labelled(label, &format!("{}. {way} ({})", index + 1, way.row), LABEL, width, style));
    }
    lines
}

/// Every technique of this kind of drive, weighed.
fn considered(row: &Row<'_>, width: usize) -> Vec<Line<'static>> {
    let considered = match row.plan() {
        Some(plan) => plan.considered.clone(),
        None => unplanned(row),
    };
    let groups = considered.chunk_by(|one, next| !one.chosen && !next.chosen && one.support == next.support);
    let lines = groups.enumerate().flat_map(|(index, group)| {
        let style = if group.iter().any(|one| one.chosen) { BOLD } else { PLAIN };
        labelled(if index == 0 { "Why" } else { "" }, &weighed(group), LABEL, width, style)
    });
    lines.collect()
}

/// What a drive without a plan can and cannot do. What it can do is not why it has none.
fn unplanned(row: &Row<'_>) -> Vec<Considered> {
    let Offer::Refused(_) = row.listed.offer else { return Vec::new() };
    let medium = row.listed.identity.medium;
    let techniques = row.listed.capabilities.techniques.iter().filter(|(_, support)| *support != Support::Present);
    let weigh = |(technique, support): &(Technique, Support)| Considered {
        technique: *technique,
        level: technique.level(medium),
        support: support.clone(),
        chosen: false,
    };
    techniques.map(weigh).collect()
}

/// Techniques for which the same holds, in one sentence instead of one each.
fn weighed(group: &[Considered]) -> String {
    let name = |one: &Considered| format!("{} ({})", one.technique, one.level);
    let Some((last, others)) = group.split_last() else { return String::new() };
    let last = match &last.support {
        Support::Blocked(why) => format!("{}: blocked: {why}", name(last)),
        Support::Unknown(why) => format!("{}: not known: {why}", name(last)),
        Support::Present | Support::Absent => last.to_string(),
    };
    others.iter().map(|one| name(one) + ", ").chain([last]).collect()
}

/// Every hidden area that was looked for, those of which the same holds in one sentence.
fn hidden(row: &Row<'_>, width: usize) -> Vec<Line<'static>> {
    let hidden = &row.listed.capabilities.hidden;
    if hidden.is_empty() {
        return match row.plan() {
            Some(_) => labelled("Hidden", words::HIDDEN_NOT_SOUGHT, LABEL, width, PLAIN),
            None => Vec::new(),
        };
    }
    // Sizes are each area's own; what is not there, or not known for one reason, is said once.
    let is_same = |one: &Hidden, next: &Hidden| {
        let fates = [one, next].map(|hidden| words::fate(hidden, row.plan()));
        one.found == next.found
            && !matches!(one.found, Found::Closed { .. } | Found::Opened { .. })
            && fates[0] == fates[1]
    };
    let groups = hidden.chunk_by(is_same);
    let lines = groups.enumerate().flat_map(|(index, group)| {
        let Some((last, others)) = group.split_last() else { return Vec::new() };
        let last = words::hidden(last, row.plan());
        let sentence: String = others.iter().map(|one| format!("{}, ", one.area)).chain([last]).collect();
        labelled(if index == 0 { "Hidden" } else { "" }, &sentence, LABEL, width, PLAIN)
    });
    lines.collect()
}

/// Who a drive says it is.
pub(super) fn identity(identity: &Identity, width: usize) -> Vec<Line<'static>> {
    let firmware = identity.firmware.as_ref().map_or(String::new(), |firmware| format!(", firmware {firmware}"));
    let simulated = if identity.simulated { ", SIMULATED" } else { "" };
    let model = format!("{}{firmware}{simulated}", identity.title());
    let serial = match &identity.serial {
        Some(serial) => format!("{} (from: {})", serial.text, serial.source),
        None => "none given".into(),
    };
    let size = format!(
        "{} = {} bytes, blocks of {} (physical {})",
        identity.capacity,
        grouped(identity.capacity.0),
        identity.logical_block.get(),
        identity.physical_block.get()
    );
    let attached = format!("{}, medium {}", identity.transport, identity.medium);
    let fields = [
        ("Model", model),
        ("Serial", serial),
        ("Size", size),
        ("WWN", identity.wwn.clone().unwrap_or_else(|| "none given".into())),
        ("Attached", attached),
    ];
    fields.iter().flat_map(|(label, text)| labelled(label, text, LABEL, width, PLAIN)).collect()
}

/// The controllers that drives may hide behind, with what they advise.
pub(super) fn controllers(model: &Model, width: usize) -> Vec<Line<'static>> {
    if model.controllers.is_empty() {
        return wrap(&format!("- {}", words::NO_CONTROLLERS), width, PLAIN);
    }
    let mut lines = Vec::new();
    for one in &model.controllers {
        let driver = one.driver.as_ref().map_or("no driver".into(), |driver| format!("driver {driver}"));
        let seen = words::plural(one.drives, "drive", "drives");
        let sentence = format!("{} {} ({}), {driver}, {seen}", one.kind, one.address, one.ids);
        lines.extend(labelled("-", &sentence, 2, width, PLAIN));
        lines.extend(one.advice.iter().flat_map(|advice| labelled("!", advice, 2, width, BOLD)));
    }
    lines
}
