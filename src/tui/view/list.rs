//! The main screen: head, list of drives, the selected one in detail, notice, keys.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;

use purgeproof_core::eta::Eta;
use purgeproof_core::event::{Offer, Stick};
use purgeproof_core::verdict::Outcome;

use super::text::{clean, fit, fit_end, pad, put, put_lines, split_bottom, wrap};
use super::{ACTIVE, ALARM, BAD, BOLD, DIM, GOOD, PLAIN, TITLE, details, with_keys};
use crate::model::{Ended, Model, Row, Running};
use crate::words;

/// From this width on the details stand beside the list.
const WIDE: u16 = 130;

/// From this height on the details stand below the list.
const TALL: u16 = 14;

/// The columns of the list, in characters.
struct Columns {
    node: usize,
    model: usize,
    serial: usize,
    kind: usize,
    state: usize,
}

const SIZE: usize = 7;

impl Columns {
    /// What 80 columns allow; what is wider first completes the usual serial number and model.
    fn of(width: u16) -> Self {
        let mut columns = Self { node: 8, model: 12, serial: 10, kind: 8, state: 27 };
        let mut spare = usize::from(width).saturating_sub(80);
        let mut grow = |column: &mut usize, most: usize| {
            let more = spare.min(most.saturating_sub(*column));
            *column += more;
            spare -= more;
        };
        grow(&mut columns.serial, 14);
        grow(&mut columns.model, 20);
        grow(&mut columns.state, 35);
        grow(&mut columns.serial, 20);
        grow(&mut columns.kind, 11);
        grow(&mut columns.model, 40);
        grow(&mut columns.state, usize::MAX);
        if width < 80 {
            columns.state = usize::from(width).saturating_sub(53);
        }
        columns
    }

    fn line(&self, marker: char, cells: [&str; 6]) -> String {
        let [node, model, serial, size, kind, state] = cells;
        let head = format!("{marker} {} ", pad(node, self.node));
        // A console narrower than the list keeps what matters: which drive, and how it stands.
        if self.state < 20 {
            return format!("{head}{:w$} {}", fit_end(serial, 10), clean(state), w = 10);
        }
        format!(
            "{head}{} {:serial_width$} {size:>SIZE$} {} {}",
            pad(model, self.model),
            fit_end(serial, self.serial),
            pad(kind, self.kind),
            fit(state, self.state),
            serial_width = self.serial
        )
    }

    fn room_for_state(&self, width: u16) -> usize {
        if self.state < 20 { usize::from(width).saturating_sub(22) } else { self.state }
    }
}

pub(super) fn draw(model: &Model, area: Rect, buffer: &mut Buffer) {
    let area = with_keys(words::keys_list(model.host), area, buffer);
    let area = draw_head(model, area, buffer);
    let area = draw_notice(model, area, buffer);
    if model.rows().is_empty() {
        draw_empty(model, area, buffer);
    } else if area.width >= WIDE {
        let left = Rect { width: area.width * 6 / 10, ..area };
        let right = Rect { x: left.right() + 1, width: area.width - left.width - 1, ..area };
        draw_rows(model, left, buffer);
        for row in area.top()..area.bottom() {
            buffer.set_string(left.right(), row, "│", DIM);
        }
        draw_details(model, right, buffer);
    } else if area.height >= TALL {
        let wanted = u16::try_from(model.rows().len() + 1).unwrap_or(u16::MAX);
        let (list, below) = split_bottom(area, area.height - wanted.min(area.height - 10));
        draw_rows(model, list, buffer);
        draw_details(model, below, buffer);
    } else {
        draw_rows(model, area, buffer);
    }
}

/// The banner with the stick, and what must not be overlooked. What is left of the area is the result.
fn draw_head(model: &Model, area: Rect, buffer: &mut Buffer) -> Rect {
    let width = usize::from(area.width);
    let stick = words::stick(model.stick.as_ref());
    let banner = if model.banner.is_empty() { words::NAME } else { &model.banner };
    let left = width.saturating_sub(stick.chars().count() + 1);
    put(buffer, area, 0, &format!("{} {}", pad(banner, left), clean(&stick)), TITLE);
    if matches!(model.stick, Some(Stick::Absent | Stick::Failing { .. })) {
        let right = Rect {
            x: area.x + u16::try_from(left).unwrap_or(0),
            width: area.width - u16::try_from(left).unwrap_or(0),
            ..area
        };
        put(buffer, right, 0, &format!(" {stick}"), ALARM);
    }
    let mut alarms = Vec::new();
    if model.waiting > 0 {
        alarms.push(words::waiting(model.waiting));
    }
    if let Some(Stick::Failing { why }) = &model.stick {
        alarms.push(why.clone());
    }
    alarms.extend(model.battery.map(|battery| format!("{battery}.")));
    alarms.extend(model.heat.filter(|heat| heat.is_alarming()).map(|heat| words::in_ascii(&format!("{heat}."))));
    let mut used = 1;
    for line in alarms.iter().flat_map(|alarm| wrap(alarm, width.saturating_sub(4), ALARM)).take(3) {
        put(buffer, area, used, &pad(&format!(" !! {line}"), width), ALARM);
        used += 1;
    }
    if area.height > 10 && !model.rows().is_empty() {
        let counts = counts(model);
        let left = model.left().map(|eta| format!("{counts}; all over in {eta}"));
        put(buffer, area, used, &left.filter(|line| line.chars().count() <= width).unwrap_or(counts), PLAIN);
        used += 1;
    }
    Rect { y: area.y + used.min(area.height), height: area.height.saturating_sub(used), ..area }
}

/// How many drives are how far.
fn counts(model: &Model) -> String {
    let rows = model.rows();
    let outcome = |wanted| model.ended().filter(|ended| ended.verdict.outcome == wanted).count();
    let closed = rows.iter().filter(|row| row.run.is_none() && !row.is_planned()).count();
    let parts = [
        (model.ready(), "ready"),
        (model.running(), "running"),
        (outcome(Outcome::Purged), "PURGED"),
        (outcome(Outcome::Cleared), "CLEARED"),
        (outcome(Outcome::NotErased), "NOT ERASED"),
        (outcome(Outcome::Indeterminate), "INDETERMINATE"),
        (closed, "not offered"),
    ];
    let parts: Vec<String> =
        parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
    let done = if model.done { "DONE (Esc: summary)   " } else { "" };
    format!("{done}{}: {}", words::plural(rows.len(), "drive", "drives"), parts.join(", "))
}

/// What the last key came to, or else the newest message, and what controllers advise, above the keys.
fn draw_notice(model: &Model, area: Rect, buffer: &mut Buffer) -> Rect {
    let advice = model
        .controllers
        .iter()
        .find_map(|one| Some(format!("{} {}: {}", one.kind, one.address, one.advice.as_ref()?)));
    let advice = advice.filter(|_| !model.rows().is_empty());
    let width = usize::from(area.width);
    let newest = model.answer.map(str::to_owned).or_else(|| model.notices.first().cloned());
    let lines: Vec<String> = advice.into_iter().chain(newest).collect();
    let mut rest = area;
    if area.height < 6 {
        return rest;
    }
    for sentence in lines.iter().rev() {
        let lines = wrap(sentence, width.saturating_sub(2), BOLD);
        let shown = u16::try_from(lines.len().min(2)).unwrap_or(2);
        let (upper, below) = split_bottom(rest, shown);
        for (row, line) in (0..shown).zip(&lines) {
            let mark = if row == 0 { "! " } else { "  " };
            let more = if row == 1 && lines.len() > 2 { " (n)" } else { "" };
            let text = fit(&line.to_string(), width.saturating_sub(2 + more.len()));
            put(buffer, below, row, &format!("{mark}{text}{more}"), BOLD);
        }
        rest = upper;
    }
    rest
}

fn draw_empty(model: &Model, area: Rect, buffer: &mut Buffer) {
    let width = usize::from(area.width);
    if model.drives.is_none() {
        return put(buffer, area, 1, words::LOOKING, BOLD);
    }
    let mut lines: Vec<Line<'_>> = vec![Line::default(), Line::styled(words::NO_DRIVES, BOLD), Line::default()];
    lines.extend(words::NO_DRIVES_WHY.iter().flat_map(|sentence| wrap(sentence, width, PLAIN)));
    lines.extend([Line::default(), Line::raw(words::CONTROLLERS)]);
    lines.extend(details::controllers(model, width));
    put_lines(buffer, area, &lines);
}

fn draw_rows(model: &Model, area: Rect, buffer: &mut Buffer) {
    let columns = Columns::of(area.width);
    let rows = model.rows();
    let heading = columns.line(' ', ["Drive", "Model", "Serial", "Size", "Type", "State"]);
    let room = usize::from(area.height.saturating_sub(1));
    let first = model.position().saturating_sub(room / 2).min(rows.len().saturating_sub(room));
    put(buffer, area, 0, &heading, DIM.add_modifier(Modifier::UNDERLINED));
    if rows.len() > room {
        let last = (first + room).min(rows.len());
        let place = format!(" {}-{last} of {} ", first + 1, rows.len());
        let right = Rect { x: area.right().saturating_sub(u16::try_from(place.len()).unwrap_or(0)), ..area };
        put(buffer, right.intersection(area), 0, &place, TITLE);
    }
    for (at, row) in (1..area.height).zip(rows.iter().skip(first)) {
        let is_selected = Some(row.listed.id) == model.selected;
        let identity = &row.listed.identity;
        let (state, style) = state(row, model.now_s, columns.room_for_state(area.width));
        let serial = identity.serial.as_ref().map_or("-", |serial| &serial.text);
        let size = identity.capacity.to_string();
        let marker = if is_selected { '>' } else { ' ' };
        let cells = [&row.listed.node, &identity.title(), serial, &size, &words::kind(identity), &state];
        let line = columns.line(marker, cells);
        let style =
            if is_selected { style.add_modifier(Modifier::REVERSED).remove_modifier(Modifier::DIM) } else { style };
        put(buffer, area, at, &pad(&line, usize::from(area.width)), style);
    }
}

fn draw_details(model: &Model, area: Rect, buffer: &mut Buffer) {
    let Some(row) = model.selected_row() else { return };
    let width = usize::from(area.width);
    let title =
        format!("── {} {} ", fit(&row.listed.node, 12), fit(&row.listed.identity.title(), width.saturating_sub(20)));
    buffer.set_stringn(area.x, area.y, "─".repeat(width), width, DIM);
    buffer.set_stringn(area.x, area.y, title, width, BOLD);
    let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let mut lines = details::lines(model, &row, width);
    let room = usize::from(below.height);
    if lines.len() > room {
        let hidden = lines.len() - room.saturating_sub(1);
        lines.truncate(room.saturating_sub(1));
        lines.push(Line::styled(format!("... {} more: press d", words::plural(hidden, "line", "lines")), BOLD));
    }
    put_lines(buffer, below, &lines);
}

/// How a drive stands, in at most `room` columns.
fn state(row: &Row<'_>, now_s: u64, room: usize) -> (String, Style) {
    let first_fit = |texts: &[String]| {
        let fitting = texts.iter().find(|text| text.chars().count() <= room);
        fitting.or(texts.last()).cloned().unwrap_or_default()
    };
    match row.run.map(|run| (run.running(), run.ended())) {
        Some((Some(running), _)) => {
            let is_ill = running.progress.errors > 0 || running.silent_s(now_s).is_some() || running.was_lied_to();
            (first_fit(&progress(running, now_s)), if is_ill { BAD } else { ACTIVE })
        }
        Some((_, Some(ended))) => {
            if let Some(percent) = row.interrupted() {
                return (first_fit(&words::left_at(ended.verdict.outcome, percent)), verdict_style(ended));
            }
            let unplugged = if row.attached { "" } else { ", unplugged" };
            let long = words::filed(ended).map(|filed| format!("{}, {filed}{unplugged}", ended.verdict.outcome));
            let short = format!("{}{unplugged}", ended.verdict.outcome);
            (first_fit(&[&long[..], &[short, ended.verdict.outcome.to_string()]].concat()), verdict_style(ended))
        }
        _ => offered(row, &first_fit),
    }
}

/// What may be done with a drive that no job has touched; what is in the way goes before it.
fn offered(row: &Row<'_>, first_fit: &dyn Fn(&[String]) -> String) -> (String, Style) {
    let obstacle = row.listed.capabilities.obstacles.first().map(words::obstacle_short);
    let with = |text: &str| obstacle.map_or_else(|| text.to_owned(), |obstacle| format!("{obstacle}, {text}"));
    if let Some(percent) = row.interrupted() {
        return (first_fit(&words::interrupted(percent).map(|text| with(&text))), BOLD);
    }
    match &row.listed.offer {
        Offer::Planned(plan) => {
            let texts = words::planned(plan).map(|text| with(&text));
            (first_fit(&texts), if obstacle.is_some() { BOLD } else { PLAIN })
        }
        Offer::Refused(_) if row.is_locked() && row.takes_psid() => (with(words::TYPE_PSID), BOLD),
        Offer::Refused(_) if obstacle.is_some() => (with(words::NOT_OFFERED), DIM),
        Offer::Refused(why) => (words::not_offered(&why.to_string()), DIM),
        Offer::Excluded(why) => (words::not_offered(&why.to_string()), DIM),
    }
}

pub(super) fn verdict_style(ended: &Ended) -> Style {
    if ended.verdict.outcome.is_good() { GOOD } else { BAD }
}

/// How far a job is, the longest text first. What is wrong goes before what is merely interesting.
fn progress(running: &Running, now_s: u64) -> Vec<String> {
    let stage = words::stage(&running.stage);
    let progress = &running.progress;
    if running.stopping {
        return vec![format!("{stage}, stopping ...")];
    }
    if let Some(silent) = running.silent_s(now_s) {
        let sentence = words::silent_short(silent);
        return vec![format!("{stage} {} % {sentence}", running.percent()), sentence];
    }
    if running.is_out_of_hand() {
        return erasing(running, &stage, now_s);
    }
    if let Some(setback) = words::setback(running) {
        let percent = if progress.total == 0 { "...".into() } else { format!("{:>2} %", running.percent()) };
        let eta = progress.eta.map_or(String::new(), |eta| format!(" {eta}"));
        let [long, short] = setback.map(|setback| format!("{setback}{stage} {percent}"));
        return vec![format!("{long}{eta}"), long, short];
    }
    if progress.total == 0 {
        return vec![format!("{stage} ...")];
    }
    let bad = usize::try_from(progress.errors).unwrap_or(usize::MAX);
    let errors = if bad == 0 { String::new() } else { format!(" {bad} BAD") };
    let head = format!("{stage} {:>2} %{errors}", running.percent());
    let rate = if progress.rate == 0 { String::new() } else { format!(" {}", words::rate(progress.rate)) };
    let Some(eta) = progress.eta else { return vec![format!("{head}{rate}"), head] };
    // Where there is no room for both ends, the later one promises nothing.
    let latest = Eta { soonest_s: eta.latest_s, ..eta };
    vec![format!("{head}{rate} {eta}"), format!("{head} {eta}"), format!("{head} {latest}"), head]
}

/// How far the drive says it is with its own erase; where it does not, the time, beside its estimate.
fn erasing(running: &Running, stage: &str, now_s: u64) -> Vec<String> {
    let passed = words::passed(running.in_stage_s(now_s));
    let of = running.progress.estimate_s.map_or(String::new(), |estimate| format!(" of {}", words::passed(estimate)));
    if running.progress.total == 0 {
        return vec![format!("{stage} {passed}{of}"), format!("{stage} {passed}")];
    }
    let head = format!("{stage} {:>2} %", running.percent());
    vec![format!("{head} after {passed}{of}"), format!("{head} after {passed}"), head]
}
