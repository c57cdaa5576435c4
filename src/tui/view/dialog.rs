//! Questions in a box over the list of drives.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Clear, Widget};

use purgeproof_core::event::DriveId;

use super::text::{fit_end, labelled, pad, put, put_lines, split_bottom, wrap};
use super::{ALARM, BAD, BOLD, PLAIN, TITLE, consent, details};
use crate::model::{Dialog, Entry, Exit, Model, Run, Running};
use crate::words;

/// The layouts that are shown at once.
const LAYOUTS: usize = 12;

/// So much of a secret is shown at a time: a group, as labels print them.
const SHOWN: usize = 4;

/// The widest box.
const WIDTH: u16 = 74;

pub(super) fn draw(model: &Model, dialog: &Dialog, area: Rect, buffer: &mut Buffer) {
    let width = area.width.min(WIDTH);
    let inner = usize::from(width.saturating_sub(4));
    let (title, mut lines, entry, keys) = match dialog {
        Dialog::Consent { drive, entry, sent, resumes, second } => {
            let mut lines = consent::lines(model, *drive, (*resumes, *second), inner);
            let (title, keys) = words::consent(*resumes);
            if *sent {
                lines.push(Line::styled(words::CONSENT_SENT, BOLD));
                (title, lines, None, words::KEYS_SENT)
            } else {
                (title, lines, Some(entry), keys)
            }
        }
        Dialog::Lower { .. } => (words::LOWER_TITLE, wrap(words::LOWER, inner, BOLD), None, words::KEYS_SENT),
        Dialog::Psid { drive, typed, complaint } => {
            let mut lines = consent::psid(model, *drive, typed, inner);
            lines.extend(line(complaint.as_ref(), &typed.read(covered).unwrap_or_default(), inner));
            (words::PSID_TITLE, lines, None, words::KEYS_PSID)
        }
        Dialog::Unfreeze => {
            let lines = words::UNFREEZE.iter().flat_map(|sentence| wrap(sentence, inner, PLAIN)).collect();
            (words::UNFREEZE_TITLE, lines, None, words::KEYS_UNFREEZE)
        }
        Dialog::Layouts { at } => (words::LAYOUTS_TITLE, layouts(model, *at, inner), None, words::KEYS_LAYOUTS),
        Dialog::Stop { drive, entry } => (words::STOP_TITLE, stop(model, *drive, inner), Some(entry), words::KEYS_STOP),
        Dialog::Power { exit, entry } => {
            let entry = model.loses_by_leaving().then_some(entry);
            (words::power_title(*exit, model.host), power(model, *exit, inner), entry, words::KEYS_POWER)
        }
        Dialog::Leaving { exit } => {
            let sentence = words::leaving_sentence(model.running(), *exit, model.host);
            (words::NAME, wrap(&sentence, inner, BOLD), None, words::KEYS_LEAVING)
        }
        Dialog::Page { .. } => return,
    };
    lines.extend(entry.map(|entry| typing(entry, inner)).into_iter().flatten());
    draw_box(title, &lines, keys, width, area, buffer);
}

/// The line being typed is the last one and stays visible on however small a console.
fn draw_box(title: &str, lines: &[Line<'_>], keys: &str, width: u16, area: Rect, buffer: &mut Buffer) {
    let wanted = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(3);
    let height = wanted.min(area.height);
    let frame = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
    // What lies below it is not to shine through: colours of a box add to those of the list.
    Clear.render(frame, buffer);
    let columns = usize::from(frame.width);
    let rule = "─".repeat(columns.saturating_sub(2));
    for row in 0..height {
        edge(buffer, frame, row, ("│", "│"), &" ".repeat(columns.saturating_sub(2)));
    }
    edge(buffer, frame, 0, ("┌", "┐"), &rule);
    edge(buffer, frame, height.saturating_sub(1), ("└", "┘"), &rule);
    put(buffer, inset(frame), 0, &format!(" {title} "), ALARM);
    let body = inset(Rect { y: frame.y + 1, height: height.saturating_sub(2), ..frame });
    let (body, bottom) = split_bottom(body, 1);
    put(buffer, bottom, 0, keys, TITLE);
    let hidden = lines.len().saturating_sub(usize::from(body.height));
    put_lines(buffer, body, lines.get(hidden..).unwrap_or_default());
}

fn edge(buffer: &mut Buffer, frame: Rect, row: u16, (left, right): (&str, &str), between: &str) {
    put(buffer, frame, row, &format!("{left}{between}{right}"), PLAIN);
}

fn inset(area: Rect) -> Rect {
    Rect { x: area.x + 2.min(area.width), width: area.width.saturating_sub(4), ..area }
}

fn stop(model: &Model, drive: DriveId, width: usize) -> Vec<Line<'static>> {
    let Some(row) = model.row(drive) else { return Vec::new() };
    let identity = &row.listed.identity;
    let mut lines =
        labelled("Drive", &format!("{} {}", row.listed.node, identity.title()), details::LABEL, width, BOLD);
    lines.extend(labelled(words::label_of_handle(identity).0, &identity.handle(), details::LABEL, width, BOLD));
    let is_out_of_hand = row.run.and_then(|run| run.running()).is_some_and(Running::is_out_of_hand);
    lines.extend(wrap(if is_out_of_hand { words::STOP_ERASE } else { words::STOP_LOSS }, width, PLAIN));
    lines.push(Line::default());
    lines.extend(wrap(words::STOP_PROMPT, width, PLAIN));
    lines
}

/// The layouts around the selected one.
fn layouts(model: &Model, at: usize, width: usize) -> Vec<Line<'static>> {
    let last = model.layouts.len().saturating_sub(LAYOUTS);
    let shown = model.layouts.iter().enumerate().skip(at.saturating_sub(LAYOUTS / 2).min(last)).take(LAYOUTS);
    let shown = shown.map(|(place, layout)| {
        let now = if layout.name == model.layout { words::LAYOUT_NOW } else { "" };
        let mark = if place == at { ">" } else { " " };
        let line = pad(&format!("{mark} {}  {}{now}", pad(&layout.name, 8), layout.title), width);
        Line::styled(line, if place == at { TITLE } else { PLAIN })
    });
    let how = wrap(words::LAYOUTS_HOW, width, PLAIN);
    how.into_iter().chain(std::iter::once(Line::default())).chain(shown).collect()
}

fn power(model: &Model, exit: Exit, width: usize) -> Vec<Line<'static>> {
    let (running, unsaved) = (model.running(), model.unsaved());
    let mut lines = Vec::new();
    if running > 0 {
        lines.extend(wrap(&words::power_running(running, exit, model.host), width, BAD));
    }
    if model.runs.values().filter_map(Run::running).any(Running::is_out_of_hand) {
        lines.extend(wrap(words::KEEP_POWERED, width, BAD));
    }
    if unsaved > 0 {
        lines.extend(wrap(&words::power_unsaved(unsaved), width, BAD));
    }
    if model.ready() > 0 {
        lines.extend(wrap(&words::power_untouched(model.ready()), width, PLAIN));
    }
    lines.extend(wrap(words::power_prompt(model.loses_by_leaving()), width, PLAIN));
    lines
}

/// What was wrong with the last try, and the line being typed.
fn typing(entry: &Entry, width: usize) -> Vec<Line<'static>> {
    line(entry.complaint.as_ref(), &entry.typed, width)
}

fn line(complaint: Option<&String>, typed: &str, width: usize) -> Vec<Line<'static>> {
    let complaint = complaint.into_iter().flat_map(|sentence| labelled("!", sentence, 2, width, BAD));
    let typed = format!("> {}_", fit_end(typed, width.saturating_sub(3)));
    complaint.chain(std::iter::once(Line::styled(typed, BOLD))).collect()
}

/// A secret as it is shown: its last characters for comparing, of which there are never more in the memory of a screen, and its gaps.
fn covered(typed: &str) -> String {
    let hidden = typed.chars().count().saturating_sub(SHOWN);
    let cover = |(place, letter)| if place < hidden && letter != ' ' && letter != '-' { '*' } else { letter };
    typed.chars().enumerate().map(cover).collect()
}
