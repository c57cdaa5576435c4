//! A certificate as a QR code of half blocks, or as a series of them where the console is too small for one.

use purgeproof_core::series;
use qrcode::bits::Bits;
use qrcode::{Color as Module, EcLevel, QrCode, Version};
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};

/// The light margin that ISO/IEC 18004 asks for, in modules.
const QUIET: usize = 4;

/// The light modules are what is drawn: on a console, where ink is light and paper is dark, drawing the dark ones gives a negative
/// that scanners do not read. The colours say the same to terminals whose paper is white.
const INK: Style = Style::new().fg(Color::Gray).bg(Color::Black);

/// The largest QR code there is (ISO/IEC 18004, 7.1).
const LARGEST: i16 = 40;

/// What can be shown of a text.
#[derive(Debug, PartialEq)]
pub(super) enum Codes {
    /// All of it, in one code.
    One(Vec<Line<'static>>),
    /// A series of codes, of which these are the texts.
    Series(Vec<String>),
    /// Nothing: not one code of a series has room, or the text is longer than any series.
    None,
}

/// How a text is shown on so many columns and rows.
pub(super) fn codes(text: &str, columns: usize, rows: usize) -> Codes {
    // Level M survives a scratched screen; L is smaller.
    let one = [EcLevel::M, EcLevel::L].into_iter().find_map(|level| code(text, level, columns, rows));
    if let Some(lines) = one {
        return Codes::One(lines);
    }
    let parts = characters(columns, rows).and_then(|most| series::split(text, most));
    parts.map_or(Codes::None, Codes::Series)
}

/// One code of a series that [`codes`] has made for so many columns and rows.
pub(super) fn part(text: &str, columns: usize, rows: usize) -> Option<Vec<Line<'static>>> {
    code(text, EcLevel::L, columns, rows)
}

/// The code of a text in lines, two modules a row; `None` if it is larger than that, or if there is none for so long a text.
fn code(text: &str, level: EcLevel, columns: usize, rows: usize) -> Option<Vec<Line<'static>>> {
    let code = QrCode::with_error_correction_level(text, level).ok()?;
    let side = code.width() + 2 * QUIET;
    (side <= columns && side.div_ceil(2) <= rows).then(|| half_blocks(&code, side))
}

/// How many characters the largest code holds that fits. Version v has 17 + 4v modules a side.
fn characters(columns: usize, rows: usize) -> Option<usize> {
    let side = columns.min(2 * rows).checked_sub(2 * QUIET + 17)?;
    let version = i16::try_from(side / 4).ok()?.min(LARGEST);
    let bits = Bits::new(Version::Normal(version)).max_len(EcLevel::L).ok()?;
    // Table 3: the mode takes four bits and the count so many; two characters take eleven.
    let count = match version {
        ..10 => 9,
        10..27 => 11,
        _ => 13,
    };
    bits.checked_sub(4 + count).map(|bits| bits * 2 / 11)
}

fn half_blocks(code: &QrCode, side: usize) -> Vec<Line<'static>> {
    let modules = code.to_colors();
    let is_light = |x: usize, y: usize| {
        let module = |x: usize, y: usize| {
            let (x, y) = (x.checked_sub(QUIET)?, y.checked_sub(QUIET)?);
            (x < code.width()).then(|| modules.get(y * code.width() + x)).flatten()
        };
        module(x, y) != Some(&Module::Dark)
    };
    let row = |y: usize| {
        (0..side).map(move |x| match (is_light(x, y), is_light(x, y + 1)) {
            (true, true) => '█',
            (true, false) => '▀',
            (false, true) => '▄',
            (false, false) => ' ',
        })
    };
    (0..side).step_by(2).map(|y| Line::from(Span::styled(row(y).collect::<String>(), INK))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dark_modules_are_dark_and_the_quiet_zone_is_light() {
        // Version 1 (21 modules): 29 with the quiet zone, 15 rows.
        let Codes::One(lines) = codes("PP1:0", 29, 15) else { panic!() };
        assert_eq!(lines.len(), 15);
        let rows: Vec<Vec<char>> = lines.iter().map(|line| line.to_string().chars().collect()).collect();
        assert!(rows.iter().all(|row| row.len() == 29));
        assert!(rows[0].iter().chain(&rows[1]).all(|glyph| *glyph == '█'));
        // The finder pattern's first two rows (ISO/IEC 18004, 6.3.3): seven dark; dark, five light, dark; then the light separator.
        assert_eq!(rows[2][..12].iter().collect::<String>(), "████ ▄▄▄▄▄ █");
        assert_eq!(lines[0].spans[0].style, Style::new().fg(Color::Gray).bg(Color::Black));
    }

    #[test]
    fn a_code_holds_as_many_characters_as_the_standard_says() {
        // ISO/IEC 18004, table 7, level L, alphanumeric: version 1 holds 25, 5 holds 154, 10 holds 395, 27 holds 2132, 40 holds 4296.
        for (columns, rows, most) in [(29, 15, 25), (80, 23, 154), (65, 40, 395), (133, 67, 2132), (400, 200, 4296)] {
            assert_eq!(characters(columns, rows), Some(most), "{columns} x {rows}");
        }
        assert_eq!(characters(28, 15), None);
    }

    #[test]
    fn a_console_that_is_too_small_for_one_code_gets_a_series_that_fits() {
        let text = "A".repeat(1297);
        // 154 characters of version 5, of which 134 are the text's: ten parts.
        let Codes::Series(parts) = codes(&text, 80, 23) else { panic!() };
        assert_eq!(parts.len(), 10);
        assert!(parts.iter().all(|text| part(text, 80, 23).is_some()));
        assert_eq!(series::join(parts.iter().map(String::as_str)).unwrap(), text);
        assert_eq!(codes(&text, 28, 14), Codes::None);
        assert_eq!(codes(&"A".repeat(20_000), 80, 23), Codes::None);
    }
}
