//! What a page holds, in a letter, and the letters of all pages.

use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};

use super::histogram::Histogram;
use super::{COLUMNS, REGIONS};
use crate::pattern::Pattern;

/// From this entropy on data are dense: text has four to five bits a byte, programs six, what is compressed nearly eight.
const DENSE_MBIT: u32 = 7_000;

/// What a page holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Content {
    /// 00h only.
    Zeros,
    /// The byte `FFh` only.
    Ones,
    /// Another byte only, or two to four bytes over and over.
    Repeated,
    /// Anything with an entropy below seven bits a byte: text, tables, programs.
    Data,
    /// Anything with more, and yet not random: compressed files, pictures.
    Dense,
    /// What χ² cannot tell from random bytes: random, or encrypted.
    Random,
    /// Nothing is known: it could not be read.
    Unreadable,
    /// Nothing is known: there was no time, or no drive any more.
    Unlooked,
}

impl Content {
    /// All there are.
    pub const ALL: [Self; 8] = [
        Self::Zeros,
        Self::Ones,
        Self::Repeated,
        Self::Data,
        Self::Dense,
        Self::Random,
        Self::Unreadable,
        Self::Unlooked,
    ];

    /// Of a page with these repeated bytes, if it has any, and this histogram.
    pub(super) fn of(repeated: Option<Pattern>, histogram: &Histogram) -> Self {
        match repeated {
            Some(Pattern::Byte(0x00)) => Self::Zeros,
            Some(Pattern::Byte(0xff)) => Self::Ones,
            Some(_) => Self::Repeated,
            None if histogram.is_random_looking() => Self::Random,
            None if histogram.entropy_mbit() >= DENSE_MBIT => Self::Dense,
            None => Self::Data,
        }
    }

    /// The letter that stands for it in the evidence.
    pub const fn letter(self) -> char {
        match self {
            Self::Zeros => '0',
            Self::Ones => '1',
            Self::Repeated => 'p',
            Self::Data => 'd',
            Self::Dense => 'h',
            Self::Random => 'r',
            Self::Unreadable => 'x',
            Self::Unlooked => '-',
        }
    }

    /// It tells one page from another: an erase may well leave the same byte, or the same few, wherever it was at work.
    pub const fn tells(self) -> bool {
        matches!(self, Self::Data | Self::Dense | Self::Random)
    }

    /// In a word or two, of a share of pages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Zeros => "zeros",
            Self::Ones => "ones",
            Self::Repeated => "other repeated bytes",
            Self::Data => "data",
            Self::Dense => "dense data",
            Self::Random => "random-looking",
            Self::Unreadable => "unreadable",
            Self::Unlooked => "not looked at",
        }
    }
}

/// The content of the page of each region, in JSON a text with a letter for each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Map(Vec<Content>);

impl Map {
    pub(super) fn unlooked(regions: usize) -> Self {
        Self(vec![Content::Unlooked; regions])
    }

    pub(super) fn set(&mut self, region: usize, content: Content) {
        if let Some(place) = self.0.get_mut(region) {
            *place = content;
        }
    }

    /// How many regions there are.
    pub fn regions(&self) -> usize {
        self.0.len()
    }

    /// How many pages hold this.
    pub fn count(&self, content: Content) -> usize {
        self.0.iter().filter(|one| **one == content).count()
    }

    /// The regions in rows of [`COLUMNS`], the last one shorter if need be.
    pub fn rows(&self) -> impl Iterator<Item = &[Content]> {
        self.0.chunks(COLUMNS)
    }
}

impl From<Map> for String {
    fn from(map: Map) -> Self {
        map.0.into_iter().map(Content::letter).collect()
    }
}

/// A text that is no map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoMap;

impl fmt::Display for NoMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "This is no map of a drive. It has at most {REGIONS} letters, each of them of ")?;
        Content::ALL.iter().try_for_each(|content| write!(f, "{}", content.letter()))
    }
}

impl core::error::Error for NoMap {}

impl TryFrom<String> for Map {
    type Error = NoMap;

    fn try_from(text: String) -> Result<Self, NoMap> {
        let known = |letter| Content::ALL.into_iter().find(|content| content.letter() == letter).ok_or(NoMap);
        let map: Vec<Content> = text.chars().map(known).collect::<Result<_, _>>()?;
        if map.len() as u64 > REGIONS { Err(NoMap) } else { Ok(Self(map)) }
    }
}

/// The one to four bytes that a page repeats, as they stand from the beginning of the medium on; `offset` is where the page begins.
pub(super) fn repeated(offset: u64, page: &[u8]) -> Option<Pattern> {
    (1..=4_usize).find_map(|period| {
        let is_periodic = page.len() >= 2 * period
            && page.get(period..).is_some_and(|later| later.iter().zip(page).all(|(later, first)| later == first));
        if !is_periodic {
            return None;
        }
        let phase = usize::try_from(offset % period as u64).unwrap_or(0);
        let mut bytes = page.get(..period)?.to_vec();
        bytes.rotate_right(phase);
        Pattern::repeating(&bytes)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_bytes_are_told_as_they_stand_from_the_beginning_of_the_medium() {
        assert_eq!(repeated(0, &[0; 8]), Some(Pattern::Byte(0)));
        assert_eq!(repeated(4096, &[0x55, 0xaa, 0x55, 0xaa]), Some(Pattern::Two([0x55, 0xaa])));
        // 92 49 24 from byte 0 on: byte 4096 is the second of the three, because 4096 = 3 × 1365 + 1.
        assert_eq!(
            repeated(4096, &[0x49, 0x24, 0x92, 0x49, 0x24, 0x92, 0x49]),
            Some(Pattern::Three([0x92, 0x49, 0x24]))
        );
        assert_eq!(repeated(2, &[3, 4, 1, 2, 3, 4, 1, 2]), Some(Pattern::Four([1, 2, 3, 4])));
        assert_eq!(repeated(0, &[1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1]), None);
        assert_eq!(repeated(0, &[0, 0, 0, 0, 0, 0, 0, 1]), None);
        assert_eq!(repeated(0, &[]), None);
    }

    #[test]
    fn every_kind_of_page_has_its_letter() {
        let letter = |page: &[u8]| Content::of(repeated(0, page), &Histogram::of(page)).letter();
        assert_eq!(letter(&[0; 4096]), '0');
        assert_eq!(letter(&[0xff; 4096]), '1');
        assert_eq!(letter(&[0x55; 4096]), 'p');
        assert_eq!(letter(&b"All work and no play. ".repeat(186)), 'd');
        // Every value sixteen times has eight bits and is far too even for chance.
        assert_eq!(letter(&(0..=255).cycle().take(4096).collect::<Vec<u8>>()), 'h');
        // Half of the values 20 times, half 12 times: χ² is 256.
        let lumpy = (0..=255).flat_map(|byte| vec![byte; if byte % 2 == 0 { 20 } else { 12 }]);
        assert_eq!(letter(&lumpy.collect::<Vec<u8>>()), 'r');
    }

    #[test]
    fn a_map_is_a_text_of_known_letters_and_no_longer_than_the_picture() {
        let text = String::from("01pdhrx-");
        let map = Map::try_from(text.clone()).unwrap();
        assert_eq!(Content::ALL.map(|content| map.count(content)), [1; 8]);
        assert_eq!(String::from(map), text);
        assert_eq!(Map::try_from(String::from("0z")), Err(NoMap));
        assert!(Map::try_from("0".repeat(512)).is_ok());
        assert_eq!(Map::try_from("0".repeat(513)), Err(NoMap));
    }
}
