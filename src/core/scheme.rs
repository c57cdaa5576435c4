//! Overwrite schemes: the passes that older texts and customers' policies ask for.
//!
//! Every one of them is Clear, on every medium: what the host writes never reaches the blocks that a drive keeps back, and more passes
//! do not change that (NIST SP 800-88r2, §3.1.1). They are here because contracts name them. Programs disagree about what these names
//! stand for; a certificate therefore lists each pass as it was written.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

use serde::{Deserialize, Serialize};

use crate::evidence::Secret;
use crate::pattern::{NoPattern, Pattern};
use crate::policy::Coverage;

/// What a scheme lists for one pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Element {
    /// This.
    Write(Pattern),
    /// One byte drawn for the job, neither 00h nor `FFh` nor the byte of the pass before.
    RandomByte,
    /// The complement of what the pass before it wrote.
    Complement,
}

/// A scheme of the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scheme {
    /// Its name in a policy and on a certificate.
    pub name: &'static str,
    /// Its name among people.
    pub title: &'static str,
    /// The passes in order.
    pub passes: &'static [Element],
    /// Those of the passes that are written in an order drawn for the job.
    pub shuffled: Range<usize>,
    /// How much is to be read back after the last pass; `None` if that is left open.
    pub verify: Option<Coverage>,
    /// Where it comes from and what it is worth.
    pub worth: &'static str,
}

/// The most passes that a scheme may have.
pub const MOST_PASSES: usize = 64;

const R: Element = Element::Write(Pattern::Random);
/// The random byte, and the complement of the pass before.
const BYTE: Element = Element::RandomByte;
const NOT: Element = Element::Complement;
const ZEROS: Element = byte(0x00);
const ONES: Element = byte(0xff);

const fn byte(byte: u8) -> Element {
    Element::Write(Pattern::Byte(byte))
}

const fn three(bytes: u32) -> Element {
    let [_, a, b, c] = bytes.to_be_bytes();
    Element::Write(Pattern::Three([a, b, c]))
}

const fn four(bytes: u32) -> Element {
    Element::Write(Pattern::Four(bytes.to_be_bytes()))
}

/// Peter Gutmann, "Secure Deletion of Data from Magnetic and Solid-State Memory" (1996), table 1.
#[rustfmt::skip]
const GUTMANN: [Element; 35] = [
    R, R, R, R,
    byte(0x55), byte(0xaa), three(0x92_49_24), three(0x49_24_92), three(0x24_92_49),
    byte(0x00), byte(0x11), byte(0x22), byte(0x33), byte(0x44), byte(0x55), byte(0x66), byte(0x77),
    byte(0x88), byte(0x99), byte(0xaa), byte(0xbb), byte(0xcc), byte(0xdd), byte(0xee), byte(0xff),
    three(0x92_49_24), three(0x49_24_92), three(0x24_92_49), three(0x6d_b6_db), three(0xb6_db_6d), three(0xdb_6d_b6),
    R, R, R, R,
];

const FULL: Option<Coverage> = Some(Coverage::Full);

const fn scheme(
    name: &'static str,
    title: &'static str,
    passes: &'static [Element],
    verify: Option<Coverage>,
    worth: &'static str,
) -> Scheme {
    Scheme { name, title, passes, shuffled: 0..0, verify, worth }
}

/// The table. "Ones" are `FFh` throughout; some programs write 01h there.
///
/// Left out: BSI-2011-VS, whose sequence is not known; BSI TL-03423, which writes sector numbers and reads back midway; BSI-GS, an erase
/// by firmware with a random pass before it.
#[rustfmt::skip]
pub const TABLE: &[Scheme] = &[
    scheme("nist-clear", "NIST SP 800-88r2 Clear", &[ZEROS], None, "current; one pass is enough"),
    scheme("nist-clear-flash", "NIST SP 800-88r2 Clear, flash", &[R], FULL, "current; a drive cannot leave out random content"),
    scheme("nist-r1-usb", "NIST SP 800-88r1 Clear, USB flash", &[BYTE, NOT], FULL, "withdrawn in 2025; at least two passes for USB sticks and cards"),
    scheme("dod-5220.22-m", "DoD 5220.22-M (E)", &[ZEROS, NOT, R], FULL, "NISPOM supplement of 1995, dropped in 2006: a character, its complement, random"),
    scheme("dod-5220.22-m-ece", "DoD 5220.22-M (ECE)", &[BYTE, NOT, R, BYTE, BYTE, NOT, R], FULL, "as programs have it; never in the NISPOM"),
    scheme("dod-short", "DoD short", &[BYTE, NOT, R], FULL, "as programs have it"),
    scheme("ar-380-19", "US Army AR 380-19", &[R, ZEROS, NOT], FULL, "1998, superseded: random, a character, its complement"),
    scheme("navso-p-5239-26-mfm", "US Navy NAVSO P-5239-26 (MFM)", &[ONES, four(0xfd_ff_ff_ff), R], FULL, "1993, for MFM disks; bits from the lowest: 1, 0, then ones"),
    scheme("navso-p-5239-26-rll", "US Navy NAVSO P-5239-26 (RLL)", &[ONES, four(0xe4_ff_ff_ff), R], FULL, "1993, for RLL disks; bits from the lowest: 00100111, then ones"),
    scheme("afssi-5020", "US Air Force AFSSI-5020", &[ZEROS, ONES, BYTE], FULL, "superseded in 2008"),
    scheme("rcmp-tssit-ops-ii", "RCMP TSSIT OPS-II", &[ZEROS, ONES, ZEROS, ONES, ZEROS, ONES, BYTE], FULL, "Canada, superseded; the read-back is mandatory"),
    scheme("bsi-vs-itr", "BSI VS-ITR", &[ZEROS, ONES, ZEROS, ONES, ZEROS, ONES, byte(0xaa)], None, "Germany, invalid since 2009"),
    scheme("hmg-is5-baseline", "HMG IS5 Baseline", &[ZEROS], None, "United Kingdom, withdrawn"),
    scheme("hmg-is5-enhanced", "HMG IS5 Enhanced", &[ZEROS, ONES, R], FULL, "United Kingdom, withdrawn; the read-back is mandatory"),
    scheme("schneier", "Schneier", &[ONES, ZEROS, R, R, R, R, R], FULL, "Applied Cryptography, 1996"),
    // The paper has the fixed patterns in random order, so that nobody can tell which of them came when.
    Scheme { shuffled: 4..31, ..scheme("gutmann", "Gutmann", &GUTMANN, FULL, "1996, for disks of the 1980s and before; no drive needs all of it") },
    scheme("gost-r-50739-95", "GOST R 50739-95", &[ZEROS, R], None, "Russia, as programs have it"),
    scheme("nnsa-nap-14.1-c", "NNSA NAP-14.1-C", &[R, R, ZEROS], FULL, "US Department of Energy, superseded"),
    scheme("bmb21-2019", "BMB21-2019", &[ONES, ZEROS, R, R, R, ONES], FULL, "China, as programs have it"),
    scheme("pfitzner-7", "Pfitzner, 7 passes", &[R; 7], None, "as programs have it"),
    scheme("pfitzner-33", "Pfitzner, 33 passes", &[R; 33], None, "as programs have it"),
];

/// The scheme of the table with this name.
pub fn named(name: &str) -> Option<&'static Scheme> {
    TABLE.iter().find(|scheme| scheme.name == name)
}

/// What the passes write, with everything drawn that is to be drawn for the job with this seed. `shuffled` as in [`Scheme`].
pub fn written(passes: &[Element], shuffled: Range<usize>, seed: &Secret) -> Vec<Pattern> {
    let mut order = passes.to_vec();
    if let Some(some) = order.get_mut(shuffled) {
        let mut drawn: Vec<(Secret, Element)> =
            (0_u32..).zip(&*some).map(|(index, it)| (seed.derive(&format!("place of pattern {index}")), *it)).collect();
        drawn.sort_by_key(|(place, _)| place.0);
        some.iter_mut().zip(drawn).for_each(|(element, (_, drawn))| *element = drawn);
    }
    let mut written: Vec<Pattern> = Vec::with_capacity(order.len());
    for (number, element) in (1_u32..).zip(order) {
        let before = written.last().copied();
        written.push(match element {
            Element::Write(pattern) => pattern,
            Element::RandomByte => Pattern::Byte(draw(&seed.derive(&format!("byte of pass {number}")), before)),
            // No policy with the complement of nothing is taken.
            Element::Complement => before.and_then(Pattern::complement).unwrap_or(Pattern::Random),
        });
    }
    written
}

/// A byte other than that of the pass before, which a drive that drops all writes would still hold, and than 00h and `FFh`, which empty
/// media hold.
fn draw(from: &Secret, before: Option<Pattern>) -> u8 {
    let [drawn, ..] = from.0;
    let byte = 1 + drawn % 253;
    match before {
        Some(Pattern::Byte(before)) if byte >= before => byte + 1,
        _ => byte,
    }
}

/// The key of the keystream of a pass, counted from 1. The last pass has the job's own, so that what the drive holds in the end can be
/// computed from that alone; each pass before it has another: the same stream twice would leave what is there as it is.
pub fn key(job: &Secret, number: u32, of: u32) -> Secret {
    if number == of { *job } else { job.derive(&format!("key of pass {number}")) }
}

/// Passes that cannot be written one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadPasses {
    /// None, or more than [`MOST_PASSES`].
    Count(usize),
    /// The pass with this number, counted from 1, is the complement of nothing.
    ComplementOfNothing(usize),
}

impl fmt::Display for BadPasses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "a scheme of {count} passes: expected 1 to {MOST_PASSES}"),
            Self::ComplementOfNothing(number) => {
                write!(
                    f,
                    "pass {number} is the complement of no fixed pattern: expected one that is not random before it"
                )
            }
        }
    }
}

/// Whether these can be written one after the other.
///
/// # Errors
/// [`BadPasses`] if not.
pub fn check(passes: &[Element]) -> Result<(), BadPasses> {
    if passes.is_empty() || passes.len() > MOST_PASSES {
        return Err(BadPasses::Count(passes.len()));
    }
    let before = [R].into_iter().chain(passes.iter().copied());
    let is_bad = |(before, this): (Element, &Element)| before == R && *this == Element::Complement;
    before.zip(passes).position(is_bad).map_or(Ok(()), |index| Err(BadPasses::ComplementOfNothing(index + 1)))
}

/// The passes in few words, like ones in a row once: `4 x random, 0x55`.
pub fn list<T: fmt::Display + PartialEq>(passes: &[T]) -> String {
    let runs = passes.chunk_by(|one, next| one == next).filter_map(|run| match run {
        [] => None,
        [one] => Some(one.to_string()),
        [one, ..] => Some(format!("{} x {one}", run.len())),
    });
    runs.collect::<Vec<_>>().join(", ")
}

impl Scheme {
    /// Whether these are its passes as some job has written them.
    pub fn is_written_as(&self, written: &[Pattern]) -> bool {
        // Shuffled passes are sorted on both sides: that they are the same is all that can be said of them.
        let mut listed = self.passes.to_vec();
        let mut written = written.to_vec();
        listed.get_mut(self.shuffled.clone()).unwrap_or_default().sort_unstable();
        written.get_mut(self.shuffled.clone()).unwrap_or_default().sort_unstable();
        let before = [None].into_iter().chain(written.iter().copied().map(Some));
        let mut passes = listed.iter().zip(&written).zip(before);
        listed.len() == written.len() && passes.all(|((element, pattern), before)| element.is(*pattern, before))
    }
}

impl Element {
    /// Whether a pass that wrote this after that is such a pass.
    fn is(self, pattern: Pattern, before: Option<Pattern>) -> bool {
        match self {
            Self::Write(own) => own == pattern,
            Self::RandomByte => matches!(pattern, Pattern::Byte(0x01..=0xfe)) && before != Some(pattern),
            Self::Complement => before.and_then(Pattern::complement) == Some(pattern),
        }
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Write(pattern) => pattern.fmt(f),
            Self::RandomByte => f.write_str("random-byte"),
            Self::Complement => f.write_str("complement"),
        }
    }
}

/// A pass that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoElement;

impl fmt::Display for NoElement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{NoPattern}, \"random-byte\" or \"complement\"")
    }
}

impl From<Element> for String {
    fn from(element: Element) -> Self {
        element.to_string()
    }
}

impl TryFrom<String> for Element {
    type Error = NoElement;

    fn try_from(text: String) -> Result<Self, NoElement> {
        match text.as_str() {
            "random-byte" => Ok(Self::RandomByte),
            "complement" => Ok(Self::Complement),
            pattern => pattern.parse().map(Self::Write).map_err(|_| NoElement),
        }
    }
}

#[cfg(test)]
mod tests;
