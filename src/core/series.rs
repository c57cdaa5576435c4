//! A long text as a series of short ones, for a screen that is too small for the one QR code of a certificate. Each part says which of how
//! many it is and which text it is of; they may be read in any order, and again.
//!
//! `PPS1:02/10:…:ABCDEFGH` is the second of ten parts of the text that ends in `ABCDEFGH`. All of it is in the characters that a QR code
//! packs two to eleven bits (ISO/IEC 18004, 7.4.5), if the text is; and a part never ends in a space, which scanners cut off, if the text
//! does not.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

/// What a part begins with.
pub const PREFIX: &str = "PPS1:";

/// How many characters of a part are not the text's: `PPS1:02/10:` and `:ABCDEFGH`.
const FRAME: usize = 20;

/// So many characters of the text's end name it. A certificate's are of its signature, so that no two agree.
const TAG: usize = 8;

/// The most parts, which are counted in two digits.
const MOST_PARTS: usize = 99;

/// The parts of an ASCII text, each of at most `most` characters. `None` if it would be more than 99, or the text is no such one.
pub fn split(text: &str, most: usize) -> Option<Vec<String>> {
    let length = most.checked_sub(FRAME).filter(|length| *length > 0)?;
    let count = text.len().div_ceil(length);
    let tag = text.len().checked_sub(TAG).and_then(|at| text.get(at..))?;
    if !text.is_ascii() || count > MOST_PARTS {
        return None;
    }
    let part = |number: usize| {
        let start = number * length;
        let slice = text.get(start..text.len().min(start + length))?;
        Some(format!("{PREFIX}{:02}/{count:02}:{slice}:{tag}", number + 1))
    };
    (0..count).map(part).collect()
}

/// Why parts do not make a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SeriesError {
    /// A line is no part of a series.
    NotAPart,
    /// They are of several texts.
    Several,
    /// Two parts of one number differ, or the whole does not end as its parts say.
    Contradiction,
    /// Some are missing.
    Missing(
        /// Their numbers.
        Vec<usize>,
    ),
}

impl fmt::Display for SeriesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAPart => f.write_str(
                "One of the codes is not a part of a series. Scan the codes of one certificate, a line each, and nothing else",
            ),
            Self::Several => f.write_str("These are parts of several certificates. Give those of one at a time"),
            Self::Contradiction => f.write_str("The parts contradict each other, so at least one was misread. Scan them again"),
            Self::Missing(numbers) => {
                let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
                write!(f, "Of the series of codes these are missing: {}. Scan them too", numbers.join(", "))
            }
        }
    }
}

impl core::error::Error for SeriesError {}

/// One part as it is read.
struct Part<'a> {
    number: usize,
    count: usize,
    tag: &'a str,
    slice: &'a str,
}

impl<'a> Part<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let (numbers, rest) = text.strip_prefix(PREFIX)?.split_once(':')?;
        let (slice, tag) = rest.split_at_checked(rest.len().checked_sub(TAG)?)?;
        let slice = slice.strip_suffix(':')?;
        let (number, count) = numbers.split_once('/')?;
        let digits =
            |text: &str| (text.len() == 2 && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok())?;
        let (number, count) = (digits(number)?, digits(count)?);
        (1..=count).contains(&number).then_some(Self { number, count, tag, slice })
    }
}

/// The text of which these are the parts.
///
/// # Errors
/// [`SeriesError`], and nothing else whatever the lines.
pub fn join<'a>(lines: impl IntoIterator<Item = &'a str>) -> Result<String, SeriesError> {
    let parts: Vec<Part<'_>> = lines.into_iter().map(Part::read).collect::<Option<_>>().ok_or(SeriesError::NotAPart)?;
    let first = parts.first().ok_or(SeriesError::NotAPart)?;
    if parts.iter().any(|part| (part.tag, part.count) != (first.tag, first.count)) {
        return Err(SeriesError::Several);
    }
    let (mut text, mut missing) = (String::new(), Vec::new());
    for number in 1..=first.count {
        let mut found = parts.iter().filter(|part| part.number == number);
        match found.next() {
            Some(part) if found.any(|again| again.slice != part.slice) => return Err(SeriesError::Contradiction),
            Some(part) => text.push_str(part.slice),
            None => missing.push(number),
        }
    }
    match (missing.is_empty(), text.ends_with(first.tag)) {
        (false, _) => Err(SeriesError::Missing(missing)),
        (true, false) => Err(SeriesError::Contradiction),
        (true, true) => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TEXT: &str = "PP1:ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    #[test]
    fn a_text_is_cut_into_numbered_parts() {
        // 30 characters, 10 in each part.
        assert_eq!(
            split(TEXT, 30).unwrap(),
            ["PPS1:01/03:PP1:ABCDEF:STUVWXYZ", "PPS1:02/03:GHIJKLMNOP:STUVWXYZ", "PPS1:03/03:QRSTUVWXYZ:STUVWXYZ"]
        );
        assert_eq!(split(TEXT, 20), None, "no room for the text");
        assert_eq!(split(&"A".repeat(100), 21), None, "a hundred parts");
        assert_eq!(split("PP1:ABC", 30), None, "too short to name");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let parts = split(TEXT, 30).unwrap();
        let [one, two, three] = [&parts[0], &parts[1], &parts[2]].map(String::as_str);
        assert_eq!(join([three, one, two, one]).unwrap(), TEXT);
        assert_eq!(join([one]), Err(SeriesError::Missing(Vec::from([2, 3]))));
        assert_eq!(join([one, two, "PPS1:03/03:QRSTUVWXYZ:AAAAAAAA"]), Err(SeriesError::Several));
        assert_eq!(join([one, two, three, "PPS1:03/03:QRSTUVWXY0:STUVWXYZ"]), Err(SeriesError::Contradiction));
        assert_eq!(join([one, two, "PPS1:03/03:QRSTUVWXY0:STUVWXYZ"]), Err(SeriesError::Contradiction));
        for wrong in [
            "",
            TEXT,
            "PPS1:",
            "PPS1:00/03:A:STUVWXYZ",
            "PPS1:04/03:A:STUVWXYZ",
            "PPS1:1/3:A:STUVWXYZ",
            "PPS1:+1/03:A:STUVWXYZ",
            "PPS1:01/03:STUVWXYZ",
        ] {
            assert_eq!(join([one, wrong]), Err(SeriesError::NotAPart), "{wrong}");
        }
        assert_eq!(join([]), Err(SeriesError::NotAPart));
    }

    proptest! {
        #[test]
        fn what_was_split_joins_again(text in "[0-9A-Z $%*+./:-]{8,2000}", most in 42_usize..400) {
            let parts = split(&text, most).unwrap();
            prop_assert!(parts.iter().all(|part| part.len() <= most));
            prop_assert_eq!(join(parts.iter().rev().map(String::as_str)).unwrap(), text);
        }

        #[test]
        fn no_line_does_harm(lines in prop::collection::vec("(PPS1:)?\\PC{0,40}", 0..5)) {
            let _ = join(lines.iter().map(String::as_str));
        }
    }
}
