//! A certificate as a QR code of half blocks.

use qrcode::{Color as Module, EcLevel, QrCode};
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};

/// The light margin that ISO/IEC 18004 asks for, in modules.
const QUIET: usize = 4;

/// The light modules are what is drawn: on a console, where ink is light and paper is dark, drawing the dark ones gives a negative
/// that scanners do not read. The colours say the same to terminals whose paper is white.
const INK: Style = Style::new().fg(Color::Gray).bg(Color::Black);

/// The code in lines, two modules a row; else the columns and rows that the smallest one needs. `None` for a text that no QR code
/// holds.
pub(super) fn lines(text: &str, columns: usize, rows: usize) -> Option<Result<Vec<Line<'static>>, (usize, usize)>> {
    let mut needed = None;
    // Level M survives a scratched screen; L is smaller.
    for level in [EcLevel::M, EcLevel::L] {
        let Ok(code) = QrCode::with_error_correction_level(text, level) else { continue };
        let side = code.width() + 2 * QUIET;
        if side <= columns && side.div_ceil(2) <= rows {
            return Some(Ok(half_blocks(&code, side)));
        }
        needed = Some((side, side.div_ceil(2)));
    }
    needed.map(Err)
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
        let lines = lines("PP1:0", 29, 15).unwrap().unwrap();
        assert_eq!(lines.len(), 15);
        let rows: Vec<Vec<char>> = lines.iter().map(|line| line.to_string().chars().collect()).collect();
        assert!(rows.iter().all(|row| row.len() == 29));
        assert!(rows[0].iter().chain(&rows[1]).all(|glyph| *glyph == '█'));
        // The finder pattern's first two rows (ISO/IEC 18004, 6.3.3): seven dark; dark, five light, dark; then the light separator.
        assert_eq!(rows[2][..12].iter().collect::<String>(), "████ ▄▄▄▄▄ █");
        assert_eq!(lines[0].spans[0].style, Style::new().fg(Color::Gray).bg(Color::Black));
    }

    #[test]
    fn a_console_that_is_too_small_hears_how_large_it_must_be() {
        assert_eq!(super::lines("PP1:0", 28, 15), Some(Err((29, 15))));
        assert_eq!(super::lines(&"A".repeat(5000), 500, 500), None);
    }
}
