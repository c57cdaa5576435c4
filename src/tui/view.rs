//! The screen as a function of the model: nothing here keeps state or does I/O.

mod consent;
mod details;
mod dialog;
mod letters;
mod list;
pub(crate) mod page;
mod qr;
mod survey;
mod text;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use crate::model::{Dialog, Model};
use crate::words;

/// Below this size there is only room to say so.
const SMALLEST: (u16, u16) = (20, 5);

const PLAIN: Style = Style::new();
const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);
const DIM: Style = Style::new().add_modifier(Modifier::DIM);
const TITLE: Style = Style::new().add_modifier(Modifier::REVERSED);
const GOOD: Style = Style::new().fg(Color::Green).add_modifier(Modifier::BOLD);
const BAD: Style = Style::new().fg(Color::Red).add_modifier(Modifier::BOLD);
const ACTIVE: Style = Style::new().fg(Color::Cyan);
const ALARM: Style = Style::new().fg(Color::Gray).bg(Color::Red).add_modifier(Modifier::BOLD);

/// Draws the whole screen into the buffer, whatever its size.
pub fn draw(model: &Model, buffer: &mut Buffer) {
    let area = buffer.area;
    buffer.reset();
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        text::put_lines(buffer, area, &text::wrap(words::TOO_SMALL, usize::from(area.width), PLAIN));
    } else {
        match &model.dialog {
            Some(Dialog::Page { page, scroll }) => page::draw(model, *page, *scroll, area, buffer),
            dialog => {
                list::draw(model, area, buffer);
                if let Some(dialog) = dialog {
                    dialog::draw(model, dialog, area, buffer);
                }
            }
        }
    }
    to_console_font(buffer);
}

/// Replaces what the console's font has no glyph for. Texts from drives are made readable before ([`text::clean`]); this holds for
/// whatever was forgotten.
fn to_console_font(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        let mut symbol = cell.symbol().chars();
        if !matches!(
            (symbol.next(), symbol.next()),
            (Some(' '..='~' | '·' | '─' | '│' | '┌' | '┐' | '└' | '┘' | '█' | '▀' | '▄' | '░'), None)
        ) {
            cell.set_symbol("?");
        }
    }
}

/// The line of keys at the bottom and what is left above it.
fn with_keys(keys: &str, area: Rect, buffer: &mut Buffer) -> Rect {
    let (rest, bottom) = text::split_bottom(area, 1);
    text::put(buffer, bottom, 0, &text::pad(keys, usize::from(area.width)), TITLE);
    rest
}
