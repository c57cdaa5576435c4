//! Texts as long as a certificate takes.

use crate::claims::TEXT_BYTES;

/// A field that somebody filled in.
pub(crate) fn filled(text: &str) -> Option<String> {
    (!text.trim().is_empty()).then(|| cut(text))
}

/// The text, or as much of it as a certificate takes.
pub(crate) fn cut(text: &str) -> String {
    if text.len() <= TEXT_BYTES {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(TEXT_BYTES - '…'.len_utf8());
    text.get(..end).map(|kept| format!("{kept}…")).unwrap_or_default()
}

/// A text from outside as a terminal can take it: what moves the cursor, cannot be seen or turns letters round is named by its number.
pub fn harmless(text: &str) -> String {
    let is_harmful = |c: char| {
        // Unicode's categories Cc, Cf, Zl and Zp, as far as a text can be taken for another by them.
        c.is_control()
            || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
            || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
    };
    text.chars().map(|c| if is_harmful(c) { format!("[U+{:04X}]", u32::from(c)) } else { c.to_string() }).collect()
}
