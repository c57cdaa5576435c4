//! What the operator reads before giving a word about a drive: what will be done, and that there is no way back.

use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use purgeproof_core::capability::Support;
use purgeproof_core::consent::challenge;
use purgeproof_core::drive::Identity;
use purgeproof_core::event::DriveId;
use purgeproof_core::plan::Plan;
use purgeproof_core::secret::Guarded;
use purgeproof_core::technique::Technique;

use super::text::{clean, fit_end, labelled, pad, wrap};
use super::{BAD, BOLD, PLAIN, details};
use crate::model::{Model, Row};
use crate::words;

/// Which drive, what is done to it, and what is to be typed; whether it goes on, and whether a second person is asked.
pub(super) fn lines(
    model: &Model,
    drive: DriveId,
    (resumes, second): (bool, bool),
    width: usize,
) -> Vec<Line<'static>> {
    let Some(row) = model.row(drive) else { return Vec::new() };
    let identity = &row.listed.identity;
    let mut lines = labelled("Model", &identity.title(), details::LABEL, width, BOLD);
    lines.extend(handle(identity, width));
    let size = format!("{}, {} as {}", identity.capacity, words::kind(identity), row.listed.node);
    lines.extend(labelled("Size", &size, details::LABEL, width, BOLD));
    lines.extend(row.plan().into_iter().flat_map(|plan| planned(&row, plan, width)));
    if let Some(percent) = row.interrupted() {
        let sentence = if resumes { words::goes_on(percent) } else { words::begins_anew(percent) };
        lines.extend(labelled("Interrupted", &sentence, details::LABEL, width, BOLD));
    }
    lines.push(Line::default());
    lines.push(Line::styled(words::CONSENT_LOSS, BAD));
    let wanted = challenge(identity).chars().count();
    let (prompt, style) = if second {
        (words::second_prompt(identity, wanted), BOLD)
    } else {
        (words::consent_prompt(identity, wanted), PLAIN)
    };
    lines.extend(wrap(&prompt, width, style));
    lines
}

fn planned(row: &Row<'_>, plan: &Plan, width: usize) -> Vec<Line<'static>> {
    let obstacle = row.listed.capabilities.obstacles.first();
    let obstacle = obstacle.map(|obstacle| (words::obstacle(obstacle, row.takes_psid(), words::ESC_THEN_PRESS), BAD));
    let fields = [
        ("Plan", Some((plan.to_string(), BOLD))),
        ("Level", Some((words::level(plan.level()).to_owned(), PLAIN))),
        ("Steps", Some((words::steps(plan), PLAIN))),
        ("Wear", plan.caution().map(|caution| (caution.to_owned(), PLAIN))),
        ("If it fails", words::fallback(plan).map(|sentence| (sentence, PLAIN))),
        ("No way back", plan.technique().is_firmware().then(|| (words::CANNOT_STOP.to_owned(), BOLD))),
        ("In the way", obstacle),
    ];
    let fields = fields.into_iter().filter_map(|(label, field)| Some((label, field?)));
    fields.flat_map(|(label, (text, style))| labelled(label, &text, details::LABEL, width, style)).collect()
}

/// Which drive the PSID is of, what it is for, and how many characters of it there are.
pub(super) fn psid(model: &Model, drive: DriveId, typed: &Guarded, width: usize) -> Vec<Line<'static>> {
    let Some(row) = model.row(drive) else { return Vec::new() };
    let identity = &row.listed.identity;
    let title = format!("{} {}", row.listed.node, identity.title());
    let mut lines = labelled("Drive", &title, details::LABEL, width, BOLD);
    lines.extend(labelled(words::label_of_handle(identity).0, &identity.handle(), details::LABEL, width, BOLD));
    // Where a PSID is of no use, the drive's own line says so.
    let revert = row.listed.capabilities.techniques.iter().find(|(technique, _)| *technique == Technique::TcgRevert);
    if let Some((technique, Support::Blocked(why))) = revert {
        lines.extend(labelled("Why", &format!("{technique}: {why}"), details::LABEL, width, PLAIN));
    }
    lines.extend(wrap(words::PSID_USE, width, PLAIN));
    lines.push(Line::default());
    let count = typed.read(|typed| typed.chars().filter(char::is_ascii_alphanumeric).count());
    lines.extend(wrap(&words::psid_prompt(count.unwrap_or_default()), width, PLAIN));
    lines
}

/// What is on the label, with what is to be typed marked: reversed, and by a line of carets where there is no reverse video.
fn handle(identity: &Identity, width: usize) -> [Line<'static>; 2] {
    let wanted = challenge(identity);
    let whole = identity.handle();
    let before: String = whole.chars().take(whole.chars().count() - wanted.chars().count()).collect();
    let marked = clean(&wanted);
    let label = pad(words::label_of_handle(identity).0, details::LABEL);
    let before = fit_end(&before, width.saturating_sub(details::LABEL + marked.len()));
    let carets =
        format!("{}{}", " ".repeat(details::LABEL + before.chars().count()), "^".repeat(marked.chars().count()));
    // Not bold: a framebuffer console shows bold white reversed as dark grey on light grey.
    let marked = Span::styled(marked, Style::new().add_modifier(Modifier::REVERSED));
    [Line::from(vec![Span::raw(label), Span::styled(before, BOLD), marked]), Line::raw(carets)]
}
