//! Pages to read: details, result, QR code, help, messages, the end of an unattended run.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use purgeproof_core::event::DriveId;
use purgeproof_core::verdict::Outcome;

use super::list::verdict_style;
use super::qr::Codes;
use super::text::{clean, fit, fit_end, labelled, pad, put, put_lines, wrap};
use super::{ALARM, BAD, BOLD, GOOD, PLAIN, TITLE, details, letters, qr, with_keys};
use crate::model::{Host, Model, Page, Row};
use crate::words;

/// The rows of a page that are not its text: title and keys.
const FRAME: u16 = 2;

/// The rows of text that the page shows at once on the console that pages are turned for, and the last line to scroll to.
pub(crate) fn extent(model: &Model, page: Page) -> (usize, usize) {
    let (width, height) = model.size;
    if let Codes::Series(parts) = codes_of(model, page, model.size) {
        return (1, parts.len().saturating_sub(1));
    }
    let height = usize::from(height.saturating_sub(FRAME)).max(1);
    (height, lines(model, page, model.size, usize::from(width)).len().saturating_sub(height))
}

pub(super) fn draw(model: &Model, page: Page, scroll: usize, area: Rect, buffer: &mut Buffer) {
    if let Codes::Series(parts) = codes_of(model, page, (area.width, area.height)) {
        return draw_part(&parts, scroll, area, buffer);
    }
    let all = lines(model, page, (area.width, area.height), usize::from(area.width));
    let area = with_keys(&keys(model, page), area, buffer);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let room = usize::from(body.height);
    let first = scroll.min(all.len().saturating_sub(room));
    let place = if all.len() > room {
        format!("  lines {}-{} of {}", first + 1, first + room, all.len())
    } else {
        String::new()
    };
    put(buffer, area, 0, &pad(&format!("{}{place}", title(model, page)), usize::from(area.width)), TITLE);
    put_lines(buffer, body, all.get(first..).unwrap_or_default());
}

fn keys(model: &Model, page: Page) -> String {
    match (page, model.host) {
        (Page::Result(id), _) => words::keys_result(model.row(id).as_ref()),
        (Page::Qr(_), _) => words::KEYS_ESC.into(),
        (Page::Summary, Host::Appliance) => words::KEYS_SUMMARY.into(),
        _ => words::KEYS_PAGE.into(),
    }
}

fn title(model: &Model, page: Page) -> String {
    match page {
        Page::Details(id) => named(model, "Details of", id),
        Page::Result(id) => named(model, "Result of", id),
        Page::Qr(id) => named(model, "Certificate of", id),
        Page::Help => format!("{}: help", words::NAME),
        Page::Log => "Messages, newest first, and controllers".into(),
        Page::Summary => words::DONE.into(),
    }
}

fn named(model: &Model, what: &str, id: DriveId) -> String {
    match model.row(id) {
        Some(row) => format!("{what} {} {}", clean(&row.listed.node), fit(&row.listed.identity.title(), 40)),
        None => what.into(),
    }
}

fn lines(model: &Model, page: Page, size: (u16, u16), width: usize) -> Vec<Line<'static>> {
    match page {
        Page::Details(id) => model.row(id).map_or_else(gone, |row| details::lines(model, &row, width)),
        Page::Result(id) => result(model, id, width),
        Page::Qr(_) => certificate(model, page, size),
        Page::Help => help(width),
        Page::Log => log(model, width),
        Page::Summary => summary(model, width),
    }
}

fn gone() -> Vec<Line<'static>> {
    vec![Line::styled(words::UNPLUGGED, BAD)]
}

fn result(model: &Model, id: DriveId, width: usize) -> Vec<Line<'static>> {
    let Some(row) = model.row(id) else { return gone() };
    let Some(ended) = row.run.and_then(|run| run.ended()) else { return details::lines(model, &row, width) };
    let mut lines = vec![Line::default()];
    lines.extend(in_large_letters(&ended.verdict.outcome.to_string(), width, verdict_style(ended)));
    lines.push(Line::default());
    lines.extend(details::lines(model, &row, width));
    lines
}

fn in_large_letters(word: &str, width: usize, style: Style) -> impl Iterator<Item = Line<'static>> {
    letters::large(word, width.saturating_sub(1)).into_iter().map(move |row| Line::styled(format!(" {row}"), style))
}

/// What there is to show on a QR page of a console of this size.
fn codes_of(model: &Model, page: Page, (width, height): (u16, u16)) -> Codes {
    let Page::Qr(id) = page else { return Codes::None };
    let ended = model.runs.get(&id).and_then(|run| run.ended());
    let Some(certificate) = ended.and_then(|ended| ended.certificate.as_ref()) else { return Codes::None };
    qr::codes(&certificate.qr, usize::from(width), usize::from(height.saturating_sub(FRAME)))
}

/// One code of a series, which has all of the screen but the title and the keys.
fn draw_part(parts: &[String], number: usize, area: Rect, buffer: &mut Buffer) {
    let number = number.min(parts.len().saturating_sub(1));
    let size = (usize::from(area.width), usize::from(area.height.saturating_sub(FRAME)));
    let lines = parts.get(number).and_then(|text| qr::part(text, size.0, size.1)).unwrap_or_default();
    let area = with_keys(words::KEYS_SERIES, area, buffer);
    put(buffer, area, 0, &pad(&words::qr_part(number + 1, parts.len()), size.0), TITLE);
    put_lines(buffer, Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area }, &lines);
}

fn certificate(model: &Model, page: Page, size: (u16, u16)) -> Vec<Line<'static>> {
    let width = usize::from(size.0);
    match codes_of(model, page, size) {
        Codes::One(mut lines) => {
            // Where there is a row left below the code.
            if lines.len() < usize::from(size.1.saturating_sub(FRAME)) {
                lines.push(Line::raw(fit(words::QR_HOW, width)));
            }
            lines
        }
        Codes::Series(_) | Codes::None => wrap(words::QR_NONE, width, BOLD),
    }
}

fn help(width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for text in words::HELP {
        match text.split_once(" | ") {
            Some((term, meaning)) => lines.extend(labelled(term, meaning, 15, width, PLAIN)),
            None => lines.push(Line::styled(*text, BOLD)),
        }
    }
    lines
}

fn log(model: &Model, width: usize) -> Vec<Line<'static>> {
    let mut lines: Vec<Line<'_>> =
        model.notices.iter().flat_map(|sentence| labelled("!", sentence, 2, width, PLAIN)).collect();
    if lines.is_empty() {
        lines.push(Line::raw(words::NO_MESSAGES));
    }
    lines.push(Line::default());
    lines.extend(model.heat.iter().flat_map(|heat| wrap(&words::in_ascii(&format!("{heat}.")), width, PLAIN)));
    lines.extend(wrap(words::CONTROLLERS, width, BOLD));
    lines.extend(details::controllers(model, width));
    lines
}

fn summary(model: &Model, width: usize) -> Vec<Line<'static>> {
    let doubts = doubts(model);
    let (word, style) = if doubts.is_empty() { (words::LARGE_GOOD, GOOD) } else { (words::LARGE_BAD, BAD) };
    let mut lines = vec![Line::default()];
    lines.extend(in_large_letters(word, width, style));
    lines.push(Line::default());
    for outcome in [Outcome::Purged, Outcome::Cleared, Outcome::NotErased, Outcome::Indeterminate] {
        let count = model.ended().filter(|ended| ended.verdict.outcome == outcome).count();
        if count > 0 {
            let style = if outcome.is_good() { GOOD } else { BAD };
            lines.push(Line::styled(format!(" {count:>4} {outcome}"), style));
        }
    }
    lines.push(Line::default());
    for doubt in &doubts {
        lines.extend(labelled(" !!", doubt, 4, width, ALARM));
    }
    if doubts.is_empty() {
        lines.extend(wrap(words::ALL_GOOD, width, GOOD));
    }
    lines.push(Line::default());
    lines.extend(model.rows().iter().filter_map(|row| verdict_of(row, width)));
    lines
}

/// Why the end of the run is not a good one.
fn doubts(model: &Model) -> Vec<String> {
    let none = model.ended().count() == 0;
    let some_bad = model.ended().any(|ended| !ended.verdict.outcome.is_good());
    let doubts = [
        none.then(|| words::NONE_ERASED.to_owned()),
        (model.running() > 0).then(|| words::still_running(model.running())),
        (model.ready() > 0).then(|| words::power_untouched(model.ready())),
        (model.unsaved() > 0).then(|| words::power_unsaved(model.unsaved())),
        some_bad.then(|| words::SOME_BAD.to_owned()),
        (model.passed_over() > 0).then(|| words::passed_over(model.passed_over())),
        model.controllers.iter().any(|one| one.advice.is_some()).then(|| words::HIDDEN.to_owned()),
    ];
    doubts.into_iter().flatten().collect()
}

/// A drive and its verdict in one line; on a narrow console the verdict stays and the model goes.
fn verdict_of(row: &Row<'_>, width: usize) -> Option<Line<'static>> {
    let ended = row.run.and_then(|run| run.ended())?;
    let identity = &row.listed.identity;
    let model = width.saturating_sub(64).min(30);
    let drive = format!(
        " {} {} {:14}  ",
        pad(&row.listed.node, 8),
        pad(&identity.title(), model),
        fit_end(&identity.handle(), 14)
    );
    let verdict = format!("{}, {}", ended.verdict.outcome, words::filed(ended)[0]);
    Some(Line::from(vec![Span::raw(drive), Span::styled(verdict, verdict_style(ended))]))
}
