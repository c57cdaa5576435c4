//! The picture of a survey: a square a region with its letter on a shade of grey, so that it can be read off any copy.

use purgeproof_core::survey::{COLUMNS, Content, Survey};

use super::{BODY, DIGITS, MARGIN};
use crate::font::Face;
use crate::sheet::{Area, Ink, Sheet, Style};
use crate::survey::legend;

/// A letter of the monospaced face is 0.6 of its size wide: at 8 points as wide as a square, 1.693 mm.
const LETTER: Style = Style::new(Face::Mono, 8.0, Ink::BLACK);
const SQUARE: f32 = 8.0 * 0.600_1 * 25.4 / 72.0;
const ROW: f32 = 2.9;
/// The legend stands beside the picture, a line for each kind of page.
const LINE: f32 = 3.1;

/// How high a picture is.
pub(super) fn height(survey: &Survey) -> f32 {
    let (rows, kinds) = (survey.map.rows().count(), Content::ALL.len());
    #[expect(clippy::cast_precision_loss, reason = "at most eight")]
    let height = (rows as f32 * ROW).max(kinds as f32 * LINE);
    height + 2.0
}

/// Draws it with its upper edge at `top`.
pub(super) fn draw(sheet: &mut Sheet<'_>, top: f32, survey: &Survey) {
    #[expect(clippy::cast_precision_loss, reason = "at most 64")]
    let at = |column: usize| MARGIN + column as f32 * SQUARE;
    let tops = std::iter::successors(Some(top), |y| Some(y + ROW));
    for (row, y) in survey.map.rows().zip(tops) {
        for content in Content::ALL {
            let is_it = |(_, one): &(usize, &Content)| **one == content;
            let squares = row.iter().enumerate().filter(is_it).map(|(column, _)| Area(at(column), y, SQUARE, ROW));
            let squares: Vec<Area> = squares.collect();
            if !squares.is_empty() {
                sheet.fill_all(&squares, shade(content));
            }
        }
        let letters: String = row.iter().map(|content| content.letter()).collect();
        sheet.text(MARGIN, y + 2.2, LETTER, &letters);
        sheet.frame(Area(MARGIN, y, at(row.len()) - MARGIN, ROW), 0.2, Ink::RULE);
    }
    let x = at(COLUMNS) + 5.0;
    let lines = std::iter::successors(Some(top), |y| Some(y + LINE));
    for ((content, words), y) in legend(survey).zip(lines) {
        let square = Area(x, y, SQUARE * 1.6, LINE - 0.4);
        sheet.fill(square, shade(content));
        sheet.frame(square, 0.2, Ink::GREY);
        sheet.text(x + 0.6, y + 2.1, DIGITS, &content.letter().to_string());
        sheet.text(x + 4.6, y + 2.1, BODY, &words);
    }
}

/// Light enough for the letter on it.
const fn shade(content: Content) -> Ink {
    let grey = match content {
        Content::Zeros | Content::Ones | Content::Unlooked => 1.0,
        Content::Repeated => 0.95,
        Content::Random => 0.87,
        Content::Dense => 0.75,
        Content::Data => 0.62,
        Content::Unreadable => 0.5,
    };
    Ink(grey, grey, grey)
}
