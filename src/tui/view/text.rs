//! Texts into columns and rows.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// A text as the console's font can show it. What it has no glyph for is written as its code, like on the certificate: two serial
/// numbers that differ must look different.
pub(super) fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            ' '..='~' | '·' => clean.push(letter),
            '\t' | '\n' | '\u{a0}' => clean.push(' '),
            '…' => clean.push_str("..."),
            '–' | '—' => clean.push('-'),
            other => clean.extend([format!("<U+{:04X}>", u32::from(other))]),
        }
    }
    clean
}

/// At most `width` columns of the beginning; `~` marks that something is missing.
pub(super) fn fit(text: &str, width: usize) -> String {
    let text = clean(text);
    if text.chars().count() <= width {
        return text;
    }
    text.chars().take(width.saturating_sub(1)).chain((width > 0).then_some('~')).collect()
}

/// At most `width` columns of the end: of a serial number the end is what counts.
pub(super) fn fit_end(text: &str, width: usize) -> String {
    let text = clean(text);
    let count = text.chars().count();
    if count <= width {
        return text;
    }
    (width > 0).then_some('~').into_iter().chain(text.chars().skip(count + 1 - width.max(1))).take(width).collect()
}

/// Exactly `width` columns.
pub(super) fn pad(text: &str, width: usize) -> String {
    format!("{:width$}", fit(text, width))
}

/// Lines of at most `width` columns, broken between words where that is possible.
pub(super) fn wrap(text: &str, width: usize, style: Style) -> Vec<Line<'static>> {
    labelled("", text, 0, width, style)
}

/// A paragraph with a label before its first line and the others indented by `indent` columns.
pub(super) fn labelled(label: &str, text: &str, indent: usize, width: usize, style: Style) -> Vec<Line<'static>> {
    let room = width.saturating_sub(indent).max(1);
    let mut broken: Vec<String> = vec![String::new()];
    for word in clean(text).split_whitespace() {
        let mut word: Vec<char> = word.chars().collect();
        while !word.is_empty() {
            let used = broken.last().map_or(0, |line| line.chars().count());
            let gap = usize::from(used > 0);
            let free = room.saturating_sub(used + gap);
            if word.len() <= free || used == 0 {
                let rest = word.split_off(word.len().min(free));
                if let Some(line) = broken.last_mut() {
                    line.extend(std::iter::repeat_n(' ', gap).chain(word));
                }
                word = rest;
            } else {
                broken.push(String::new());
            }
        }
    }
    let labels = std::iter::once(pad(label, indent)).chain(std::iter::repeat(" ".repeat(indent)));
    labels.zip(broken).map(|(label, text)| Line::from(vec![Span::raw(label), Span::styled(text, style)])).collect()
}

/// A number with its digits in threes.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    grouped
}

/// Writes a text into row `row` of an area, cut at its edge.
pub(super) fn put(buffer: &mut Buffer, area: Rect, row: u16, text: &str, style: Style) {
    if row < area.height {
        buffer.set_stringn(area.x, area.y + row, text, usize::from(area.width), style);
    }
}

/// Writes lines from the top of an area on, as far as they fit.
pub(super) fn put_lines(buffer: &mut Buffer, area: Rect, lines: &[Line<'_>]) {
    for (row, line) in (0..area.height).zip(lines) {
        buffer.set_line(area.x, area.y + row, line, area.width);
    }
}

/// The upper part of an area and its lowest `rows` rows.
pub(super) fn split_bottom(area: Rect, rows: u16) -> (Rect, Rect) {
    let rows = rows.min(area.height);
    let upper = Rect { height: area.height - rows, ..area };
    (upper, Rect { y: area.y + upper.height, height: rows, ..area })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(lines: &[Line<'_>]) -> Vec<String> {
        lines.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_the_font_lacks_is_written_as_its_code() {
        assert_eq!(clean("A\u{202e}B中…\u{7}"), "A<U+202E>B<U+4E2D>...<U+0007>");
    }

    #[test]
    fn a_cut_text_says_that_it_is_cut() {
        assert_eq!(fit("Samsung", 7), "Samsung");
        assert_eq!(fit("Samsung", 6), "Samsu~");
        assert_eq!(fit_end("S64NNF0R512345", 7), "~512345");
        assert_eq!((fit("x", 0), fit_end("xy", 0), fit_end("xy", 1)), (String::new(), String::new(), "~".into()));
    }

    #[test]
    fn words_longer_than_the_line_are_broken() {
        assert_eq!(texts(&wrap("ab cdefgh i", 4, Style::new())), ["ab", "cdef", "gh i"]);
        assert_eq!(texts(&labelled("L:", "ab cd", 3, 6, Style::new())), ["L: ab", "   cd"]);
        assert_eq!(texts(&wrap("abc", 0, Style::new())), ["a", "b", "c"]);
    }

    #[test]
    fn digits_stand_in_threes() {
        assert_eq!([grouped(0), grouped(999), grouped(1_048_576)], ["0", "999", "1 048 576"]);
    }
}
