//! All that is known about one drive, in lines.

use ratatui::text::{Line, Span};

use purgeproof_core::drive::Identity;
use purgeproof_core::event::Offer;
use purgeproof_core::plan::Considered;

use super::list::verdict_style;
use super::text::{grouped, labelled, wrap};
use super::{ACTIVE, BAD, BOLD, DIM, PLAIN};
use crate::model::{Ended, Model, Row, Running};
use crate::words;

/// The width of the labels.
pub(super) const LABEL: usize = 12;

/// How it stands, who it is, what is planned and why.
pub(super) fn lines(model: &Model, row: &Row<'_>, width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    if let Some(running) = row.run.and_then(|run| run.running()) {
        lines.extend(running_lines(running, model.now_s, width));
    }
    if let Some(ended) = row.run.and_then(|run| run.ended()) {
        lines.extend(result(ended, width));
    }
    if !row.attached {
        lines.extend(labelled("Note", words::UNPLUGGED, LABEL, width, BAD));
    }
    lines.extend(offer(&row.listed.offer, row.run.is_some(), width));
    lines.extend(identity(&row.listed.identity, width));
    lines.extend(considered(&row.listed.offer, width));
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
        Some(silent) => lines.extend(labelled("!", &words::silent(silent), LABEL, width, BAD)),
        None => lines.extend(labelled("", &words::figures(running, now_s), LABEL, width, PLAIN)),
    }
    lines
}

/// The verdict with its reasons and what it does not cover.
pub(super) fn result(ended: &Ended, width: usize) -> Vec<Line<'static>> {
    let outcome = ended.verdict.outcome;
    let verdict = format!("{outcome} after {}. {}", words::duration(ended.seconds), words::disposition(outcome));
    let mut lines = labelled("Verdict", &verdict, LABEL, width, verdict_style(ended));
    for (index, reason) in ended.verdict.reasons.iter().enumerate() {
        lines.extend(labelled(if index == 0 { "Because" } else { "" }, &reason.to_string(), LABEL, width, PLAIN));
    }
    let style = if ended.is_on_stick() { PLAIN } else { BAD };
    lines.extend(labelled("Certificate", &words::filed_sentence(ended), LABEL, width, style));
    for (index, exception) in ended.verdict.exceptions.iter().enumerate() {
        lines.extend(labelled(if index == 0 { "But" } else { "" }, &exception.to_string(), LABEL, width, PLAIN));
    }
    lines
}

fn offer(offer: &Offer, was_run: bool, width: usize) -> Vec<Line<'static>> {
    match offer {
        Offer::Planned(plan) => labelled("Plan", &plan.to_string(), LABEL, width, BOLD),
        Offer::Refused(why) if !was_run => labelled("State", &words::not_offered(&why.to_string()), LABEL, width, BOLD),
        Offer::Excluded(why) if !was_run => {
            labelled("State", &words::not_offered(&why.to_string()), LABEL, width, BOLD)
        }
        Offer::Refused(_) | Offer::Excluded(_) => Vec::new(),
    }
}

fn considered(offer: &Offer, width: usize) -> Vec<Line<'static>> {
    let Offer::Planned(plan) = offer else { return Vec::new() };
    let rule = plan.rule.iter().flat_map(|rule| labelled("Rule", rule, LABEL, width, PLAIN));
    let groups = plan.considered.chunk_by(|one, next| !one.chosen && !next.chosen && one.support == next.support);
    let techniques = groups.enumerate().flat_map(|(index, group)| {
        let style = if group.iter().any(|one| one.chosen) { BOLD } else { PLAIN };
        labelled(if index == 0 { "Why" } else { "" }, &weighed(group), LABEL, width, style)
    });
    rule.chain(techniques).collect()
}

/// Techniques for which the same holds, in one sentence instead of one each.
fn weighed(group: &[Considered]) -> String {
    let name = |one: &Considered| format!("{} ({})", one.technique, one.level);
    let Some((last, others)) = group.split_last() else { return String::new() };
    others.iter().map(|one| name(one) + ", ").chain(std::iter::once(last.to_string())).collect()
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
