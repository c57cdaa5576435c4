//! The three faces of the PDF and what they can show.

use core::fmt::Write;
use core::iter;
use std::collections::BTreeSet;

use allsorts::binary::read::ReadScope;
use allsorts::font_data::FontData;
use allsorts::subset::{self, CmapTarget, SubsetProfile};
use printpdf::{FontId, ParsedFont};

use crate::pdf::PdfError;

/// A face.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Face {
    Regular,
    Bold,
    Mono,
}

impl Face {
    pub(crate) const ALL: [Self; 3] = [Self::Regular, Self::Bold, Self::Mono];

    /// Its name within the document: fixed, where printpdf would count up.
    pub(crate) fn id(self) -> FontId {
        FontId(String::from(match self {
            Self::Regular => "Regular",
            Self::Bold => "Bold",
            Self::Mono => "Mono",
        }))
    }

    /// The font's own name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Regular => "LiberationSans",
            Self::Bold => "LiberationSans-Bold",
            Self::Mono => "LiberationMono",
        }
    }

    /// The tag of its subset.
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::Regular => "PPROOF",
            Self::Bold => "PPROFB",
            Self::Mono => "PPROFM",
        }
    }

    /// Liberation 2.1.5, as Debian has it, under the SIL Open Font License (fonts/LICENSE).
    const fn bytes(self) -> &'static [u8] {
        match self {
            Self::Regular => include_bytes!("fonts/LiberationSans-Regular.ttf"),
            Self::Bold => include_bytes!("fonts/LiberationSans-Bold.ttf"),
            Self::Mono => include_bytes!("fonts/LiberationMono-Regular.ttf"),
        }
    }
}

/// The faces, read.
pub(crate) struct Fonts {
    regular: ParsedFont,
    bold: ParsedFont,
    mono: ParsedFont,
}

impl Fonts {
    pub(crate) fn load() -> Result<Self, PdfError> {
        let read = |face: Face| ParsedFont::from_bytes(face.bytes(), 0, &mut Vec::new()).ok_or(PdfError::Font);
        Ok(Self { regular: read(Face::Regular)?, bold: read(Face::Bold)?, mono: read(Face::Mono)? })
    }

    pub(crate) const fn face(&self, face: Face) -> &ParsedFont {
        match face {
            Face::Regular => &self.regular,
            Face::Bold => &self.bold,
            Face::Mono => &self.mono,
        }
    }

    /// A face with no more in it than these characters, which have gone through [`Fonts::shown`]; it is numbered anew.
    pub(crate) fn subset(&self, face: Face, used: &BTreeSet<char>) -> Result<ParsedFont, PdfError> {
        let whole = self.face(face);
        let glyphs: BTreeSet<u16> = used.iter().filter_map(|c| whole.lookup_glyph_index(u32::from(*c))).collect();
        // The first is the sign for what is missing, whether it is used or not.
        let glyphs: Vec<u16> = iter::once(0).chain(glyphs.into_iter().filter(|glyph| *glyph != 0)).collect();
        let bytes = cut(face.bytes(), &glyphs).ok_or(PdfError::Font)?;
        let number = |glyph: u16| glyphs.binary_search(&glyph).ok().and_then(|at| u16::try_from(at).ok());
        let codes = used.iter().map(|c| u32::from(*c));
        let codes = codes.filter_map(|code| Some((code, number(whole.lookup_glyph_index(code)?)?))).collect();
        let widths = glyphs.iter().filter_map(|glyph| Some((number(*glyph)?, advance(whole, *glyph)))).collect();
        let metrics = whole.font_metrics.clone();
        let mut subset =
            ParsedFont::with_glyph_data(bytes, 0, Some(face.name().into()), codes, widths, whole.units_per_em, metrics);
        subset.pdf_font_metrics = whole.pdf_font_metrics.clone();
        Ok(subset)
    }

    /// The width of a text in points; it must have gone through [`Fonts::shown`].
    pub(crate) fn width(&self, face: Face, size: f32, text: &str) -> f32 {
        let font = self.face(face);
        let units: u32 = text
            .chars()
            .filter_map(|c| font.lookup_glyph_index(u32::from(c)))
            .map(|glyph| u32::from(advance(font, glyph)))
            .sum();
        // A line of text has far fewer than the 2^24 units that an f32 counts exactly.
        #[expect(clippy::cast_precision_loss, reason = "see above")]
        let units = units as f32;
        units * size / f32::from(font.units_per_em.max(1))
    }

    /// The text as the face can show it: what it cannot, or what would be invisible or disturb the order of the characters, becomes
    /// its code in brackets. printpdf leaves such characters out without a word, and firmware gives any bytes as a serial number.
    pub(crate) fn shown(&self, face: Face, text: &str) -> String {
        let font = self.face(face);
        let mut shown = String::with_capacity(text.len());
        for c in text.chars() {
            let glyph = font.lookup_glyph_index(u32::from(c)).filter(|glyph| *glyph != 0);
            if is_plain(c) && glyph.is_some_and(|glyph| advance(font, glyph) > 0) {
                shown.push(c);
            } else {
                // Writing to a String cannot fail.
                let _ = write!(shown, "[U+{:04X}]", u32::from(c));
            }
        }
        shown
    }
}

/// How far a glyph moves the pen, in the font's units.
fn advance(font: &ParsedFont, glyph: u16) -> u16 {
    font.get_glyph_width(glyph).unwrap_or_default()
}

/// The font with these glyphs only, in this order.
fn cut(font: &[u8], glyphs: &[u16]) -> Option<Vec<u8>> {
    let file = ReadScope::new(font).read::<FontData<'_>>().ok()?;
    let tables = file.table_provider(0).ok()?;
    subset::subset(&tables, glyphs, &SubsetProfile::Pdf, CmapTarget::Unicode).ok()
}

/// A character of the scripts that are written from left to right, one after the other: Latin, Greek, Cyrillic, and signs.
fn is_plain(c: char) -> bool {
    matches!(c,
        ' '..='~' | '\u{A1}'..='\u{AC}' | '\u{AE}'..='\u{2FF}' | '\u{370}'..='\u{482}' | '\u{48A}'..='\u{52F}'
        | '\u{1E00}'..='\u{1FFF}' | '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205E}' | '\u{20A0}'..='\u{20BF}'
        | '\u{2100}'..='\u{22FF}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_face_cannot_show_becomes_its_code() {
        let fonts = Fonts::load().unwrap();
        for (text, shown) in [
            ("S64NNF0R512345", "S64NNF0R512345"),
            ("Müller Ωμέγα Жуков – …", "Müller Ωμέγα Жуков – …"),
            ("東京", "[U+6771][U+4EAC]"),
            ("a\u{202E}b\u{200B}c", "a[U+202E]b[U+200B]c"),
            ("a\0\n\u{7f}", "a[U+0000][U+000A][U+007F]"),
            ("e\u{301}", "e[U+0301]"),
            ("שלום", "[U+05E9][U+05DC][U+05D5][U+05DD]"),
            ("💾", "[U+1F4BE]"),
        ] {
            for face in Face::ALL {
                assert_eq!(fonts.shown(face, text), shown);
            }
        }
    }

    #[test]
    fn widths_are_the_fonts() {
        let fonts = Fonts::load().unwrap();
        // Liberation Mono: 1229 of 2048 units for every character.
        assert!((fonts.width(Face::Mono, 10.0, "abc") - 3.0 * 12290.0 / 2048.0).abs() < 0.01);
        // Liberation Sans has Arial's widths: A is 1366 of 2048.
        assert!((fonts.width(Face::Regular, 2048.0, "A") - 1366.0).abs() < 0.5);
    }
}
