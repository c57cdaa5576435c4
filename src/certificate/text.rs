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
