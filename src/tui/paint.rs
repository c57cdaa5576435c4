//! A drawn screen as bytes for a terminal.
//!
//! Not through crossterm's backend, which names the sixteen colours as `38;5;n`: a VT102 and minicom read that as "blink" and "bold".
//! Here are only the sequences that every terminal since the VT102 and the Linux console know.

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

/// Alternate screen where there is one, so that a workstation's shell comes back as it was.
const ENTER: &str = "\x1b[?1049h\x1b[0m\x1b[2J";

/// Character set G0, no scrolling region, no wrapping at the last column, no cursor.
const PREPARE: &str = "\x0f\x1b[r\x1b[?7l\x1b[?25l";

/// Gives the terminal back as it is found after a reset.
pub const LEAVE: &str = "\x1b[0m\x1b[?7h\x1b[2J\x1b[H\x1b[?25h\x1b[?1049l";

/// What one terminal shows at the moment.
#[derive(Debug, Default)]
pub struct Painter {
    shown: Option<Buffer>,
    entered: bool,
}

/// Colours and attributes that a run of cells has in common.
type Look = (Color, Color, Modifier);

impl Painter {
    /// Makes the next paint write every cell: the terminal may have been plugged in just now, or the kernel may have written over it.
    pub fn forget(&mut self) {
        self.shown = None;
    }

    /// The bytes that turn what the terminal shows into `next`.
    pub fn paint(&mut self, next: Buffer) -> Vec<u8> {
        let mut bytes = Bytes::default();
        if !std::mem::replace(&mut self.entered, true) {
            bytes.text.push_str(ENTER);
        }
        if let Some(shown) = self.shown.as_ref().filter(|shown| shown.area == next.area) {
            shown.diff(&next).into_iter().for_each(|(x, y, cell)| bytes.cell(x, y, cell));
        } else {
            bytes.text.push_str(PREPARE);
            for y in 0..next.area.height {
                for x in 0..next.area.width {
                    bytes.cell(x, y, next.cell((x, y)).unwrap_or(&Cell::EMPTY));
                }
            }
        }
        self.shown = Some(next);
        if !bytes.text.is_empty() {
            bytes.text.push_str("\x1b[0m");
        }
        bytes.text.into_bytes()
    }
}

#[derive(Default)]
struct Bytes {
    text: String,
    look: Option<Look>,
    /// Where the next character goes if the cursor is not moved.
    cursor: Option<(u16, u16)>,
}

impl Bytes {
    fn cell(&mut self, x: u16, y: u16, cell: &Cell) {
        if self.cursor != Some((x, y)) {
            self.text.push_str(&["\x1b[", &(y + 1).to_string(), ";", &(x + 1).to_string(), "H"].concat());
        }
        let look = (cell.fg, cell.bg, cell.modifier);
        if self.look != Some(look) {
            self.text.push_str(&select(look));
            self.look = Some(look);
        }
        self.text.push_str(cell.symbol());
        self.cursor = Some((x + 1, y));
    }
}

/// SELECT GRAPHIC RENDITION (ECMA-48, 8.3.117), from a clean slate each time.
fn select((foreground, background, modifier): Look) -> String {
    let mut sequence = String::from("\x1b[0");
    for (attribute, code) in
        [(Modifier::BOLD, ";1"), (Modifier::DIM, ";2"), (Modifier::UNDERLINED, ";4"), (Modifier::REVERSED, ";7")]
    {
        if modifier.contains(attribute) {
            sequence.push_str(code);
        }
    }
    for (color, base) in [(foreground, 30), (background, 40)] {
        if let Some(number) = number(color) {
            sequence.extend([";", &(base + number).to_string()]);
        }
    }
    sequence.push('m');
    sequence
}

/// The number of one of the eight colours that every colour terminal has; the views use no others.
fn number(color: Color) -> Option<u8> {
    Some(match color {
        Color::Black => 0,
        Color::Red => 1,
        Color::Green => 2,
        Color::Yellow => 3,
        Color::Blue => 4,
        Color::Magenta => 5,
        Color::Cyan => 6,
        Color::Gray => 7,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::style::Style;

    fn terminal(rows: u16, columns: u16) -> vt100::Parser {
        vt100::Parser::new(rows.try_into().unwrap(), columns.try_into().unwrap(), 0)
    }

    fn text(terminal: &vt100::Parser) -> String {
        terminal.screen().contents()
    }

    #[test]
    fn a_terminal_shows_what_was_drawn_to_the_last_column_without_scrolling() {
        let mut terminal = terminal(2, 5);
        let mut painter = Painter::default();
        terminal.process(&painter.paint(Buffer::with_lines(["abcde", "fghij"])));
        assert_eq!(text(&terminal), "abcde\nfghij");
        terminal.process(&painter.paint(Buffer::with_lines(["abXde", "fghiY"])));
        assert_eq!(text(&terminal), "abXde\nfghiY");
    }

    #[test]
    fn what_did_not_change_costs_no_bytes_until_it_is_forgotten() {
        let mut painter = Painter::default();
        painter.paint(Buffer::with_lines(["ab"]));
        assert_eq!(painter.paint(Buffer::with_lines(["ab"])), b"");
        assert_eq!(painter.paint(Buffer::with_lines(["aX"])), b"\x1b[1;2H\x1b[0mX\x1b[0m");
        painter.forget();
        assert_eq!(painter.paint(Buffer::with_lines(["aX"])), b"\x0f\x1b[r\x1b[?7l\x1b[?25l\x1b[1;1H\x1b[0maX\x1b[0m");
    }

    #[test]
    fn kernel_messages_vanish_with_the_next_whole_paint() {
        let mut terminal = terminal(2, 10);
        let mut painter = Painter::default();
        terminal.process(&painter.paint(Buffer::with_lines(["          ", "keys      "])));
        terminal.process(b"\x1b[1;1Hpanic: ha\r\nha");
        painter.forget();
        terminal.process(&painter.paint(Buffer::with_lines(["          ", "keys      "])));
        assert_eq!(text(&terminal).trim(), "keys");
    }

    #[test]
    fn colours_are_the_eight_of_ecma_48() {
        let mut buffer = Buffer::with_lines(["a"]);
        buffer.set_style(buffer.area, Style::new().fg(Color::Gray).bg(Color::Red).add_modifier(Modifier::BOLD));
        let mut painter = Painter { entered: true, shown: Some(Buffer::with_lines(["a"])) };
        assert_eq!(painter.paint(buffer), b"\x1b[1;1H\x1b[0;1;37;41ma\x1b[0m");
    }
}
