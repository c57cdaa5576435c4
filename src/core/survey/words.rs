//! A survey in words, the same on the screen and on the certificate.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use super::{Content, DEGREES_OF_FREEDOM, Found, RANDOM_X100, Repeated, Survey, When};

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Before => "before",
            Self::After => "after",
        })
    }
}

impl fmt::Display for Survey {
    /// Signatures, then what the pages hold, the most frequent first: `GPT, NTFS; 61 % data, 39 % zeros`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.signatures() {
            Some(signatures) => write!(f, "{signatures}; ")?,
            None if self.unprobed > 0 => f.write_str("no signatures where they could be looked for; ")?,
            None => f.write_str("no signatures; ")?,
        }
        f.write_str(&shares(Content::ALL.map(|content| (content, self.count(content)))))
    }
}

/// Shares of regions in percent, the largest first.
pub fn shares(mut counts: [(Content, usize); Content::ALL.len()]) -> String {
    let all: usize = counts.iter().map(|(_, count)| count).sum();
    counts.sort_by_key(|(_, count)| core::cmp::Reverse(*count));
    let share = |(content, count): &(Content, usize)| {
        // Rounded down, and never to all or nothing where it is neither.
        let percent = match count * 100 / all.max(1) {
            0 => "less than 1 %".to_string(),
            percent => format!("{percent} %"),
        };
        (*count > 0).then(|| format!("{percent} {}", content.name()))
    };
    let shares: Vec<String> = counts.iter().filter_map(share).collect();
    if shares.is_empty() { "too small for a page".into() } else { shares.join(", ") }
}

/// `GPT, NTFS (2 places)`.
pub(super) fn signatures(found: &[Found]) -> Option<String> {
    let name = |found: &Found| match found.places {
        1 => found.signature.to_string(),
        places => format!("{} ({places} places)", found.signature),
    };
    let names: Vec<String> = found.iter().map(name).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// χ² and entropy, with what random bytes have.
pub fn figures(bytes: u64, entropy_mbit: u32, chi_square_x100: u64) -> String {
    let (least, most) = (hundredths(*RANDOM_X100.start()), hundredths(*RANDOM_X100.end()));
    format!(
        "all {bytes} bytes read together: chi-square {} with {DEGREES_OF_FREEDOM} degrees of freedom (random bytes: {least} to {most}), \
         entropy {}.{:03} bits a byte",
        hundredths(chi_square_x100),
        entropy_mbit / 1000,
        entropy_mbit % 1000
    )
}

/// What pages repeat, and how many of them: `zeros (12 pages), 0x55AA (3 pages)`; `None` if none do.
pub fn repeated(repeated: &[Repeated]) -> Option<String> {
    let name = |one: &Repeated| format!("{} ({} pages)", one.pattern, one.places);
    let names: Vec<String> = repeated.iter().map(name).collect();
    (!names.is_empty()).then(|| names.join(", "))
}

fn hundredths(number: u64) -> String {
    format!("{}.{:02}", number / 100, number % 100)
}
