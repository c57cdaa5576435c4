//! What a drive was found to hold, as a picture of its regions: a character each, so that nothing hangs on colours.

use ratatui::text::{Line, Span};

use purgeproof_core::survey::{Content, Survey, When, words};

use super::text::labelled;
use super::{BAD, BOLD, PLAIN};

/// The pictures with what they come to, and one legend for all of them.
pub(super) fn lines(surveys: &[(When, Survey)], label: usize, width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for (when, survey) in surveys {
        let name = match when {
            When::Before => "Before",
            When::After => "After",
        };
        lines.extend(labelled(name, &survey.to_string(), label, width, BOLD));
        let indent = " ".repeat(label.min(width.saturating_sub(1)));
        for row in survey.map.rows() {
            let cells = row.iter().map(|content| Span::styled(glyph(*content).to_string(), style(*content)));
            lines.push([Span::raw(indent.clone())].into_iter().chain(cells).collect());
        }
        // Of a drive with this and that on it the figures say nothing.
        if survey.count(Content::Random) * 2 > survey.map.regions() {
            let figures = words::figures(survey.bytes.0, survey.entropy_mbit, survey.chi_square_x100);
            lines.extend(labelled("", &figures, label, width, PLAIN));
        }
    }
    if !lines.is_empty() {
        lines.extend(Content::ALL.chunks(5).map(|some| {
            let names = some.iter().map(|one| Span::raw(format!("{} {}   ", glyph(*one), one.name())));
            [Span::raw(" ".repeat(label))].into_iter().chain(names).collect::<Line<'_>>()
        }));
    }
    lines
}

/// What every console's font has.
const fn glyph(content: Content) -> char {
    match content {
        Content::Zeros => '.',
        Content::Ones => ':',
        Content::Repeated => '=',
        Content::Data => '█',
        Content::Dense => '#',
        Content::Random => '░',
        Content::Unreadable => 'x',
        Content::Unlooked => '?',
    }
}

fn style(content: Content) -> ratatui::style::Style {
    match content {
        Content::Unreadable => BAD,
        Content::Data | Content::Dense => BOLD,
        _ => PLAIN,
    }
}
