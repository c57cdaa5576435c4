//! What a drive looks like, before the first write and after the last stage: a page from each of many regions, and the signatures of
//! filesystems and partition tables.
//!
//! It is a picture, and no verdict is better for it. One thing in it makes a verdict worse: a page with content that tells, which reads the
//! same, byte for byte, before and after, was not erased ([`Survey::unchanged`]).

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::evidence::Secret;
use crate::pattern::Pattern;
use crate::sample;
use crate::units::{Bytes, Extent, Geometry, Lba};

mod content;
mod histogram;
pub mod partition;
pub mod signature;
pub mod words;

pub use content::{Content, Map};
pub use histogram::{DEGREES_OF_FREEDOM, Histogram, RANDOM_X100};
pub use signature::Signature;

/// How many regions there are at most: eight rows of 64 on a screen of 80 columns.
pub const REGIONS: u64 = 512;
/// How many regions stand in a row of the picture.
pub const COLUMNS: usize = 64;
/// How long a survey may take. Places that it did not come to stay [`Content::Unlooked`].
pub const BUDGET_MS: u64 = 20_000;
/// How many addresses of unchanged pages are kept.
const KEPT: usize = 16;
/// How many repeated patterns are named.
const NAMED: usize = 4;

/// When a survey is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum When {
    /// Before anything is written.
    Before,
    /// After the last thing that is done to the content.
    After,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Survey {
    /// What the page of each region holds, in the order of the regions.
    pub map: Map,
    /// How much was read of these pages.
    pub bytes: Bytes,
    /// The entropy of all these bytes together, in thousandths of a bit a byte.
    pub entropy_mbit: u32,
    /// Pearson's χ² of all these bytes together against 256 equally frequent values, in hundredths.
    pub chi_square_x100: u64,
    /// What pages repeat that hold one to four bytes repeated, most frequent first, at most four.
    pub repeated: Vec<Repeated>,
    /// The signatures, in the order in which they were met.
    pub signatures: Vec<Found>,
    /// Stretches where signatures are looked for that could not be read, or that there was no time for.
    pub unprobed: u64,
    /// Pages with content that tells, and that held the same, byte for byte, before.
    pub unchanged: u64,
    /// The first of them, at most 16.
    pub first_unchanged: Vec<Lba>,
}

/// Pages that repeat the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repeated {
    /// What they repeat, from the beginning of the medium on.
    pub pattern: Pattern,
    /// How many pages do.
    pub places: u64,
}

/// A signature that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// Whose it is.
    pub signature: Signature,
    /// In how many places.
    pub places: u64,
    /// The first block of the disk, the partition or the page where it was met first.
    pub first: Lba,
}

/// The page of each region: the medium is cut into [`REGIONS`] equal parts and one page is drawn in each, at a place that nobody knows who
/// does not know the seed. A medium of fewer pages is its own picture; one shorter than a page has none.
pub fn places(geometry: Geometry, seed: &Secret) -> Vec<Extent> {
    let per_place = sample::blocks_per_place(geometry);
    let slots = geometry.count().0 / per_place;
    let seed = seed.derive("survey places").0;
    sample::spread(slots, REGIONS.min(slots), &seed).map(|slot| Extent::new(slot * per_place, per_place)).collect()
}

/// A survey under way.
#[derive(Debug)]
pub struct Sketch {
    survey: Survey,
    all: Histogram,
    repeated: Vec<Repeated>,
}

impl Sketch {
    /// Of so many regions, none of which has been looked at.
    pub fn new(regions: usize) -> Self {
        let survey = Survey { map: Map::unlooked(regions), ..Survey::default() };
        Self { survey, all: Histogram::default(), repeated: Vec::new() }
    }

    /// Takes down what the page of a region holds, which begins at this byte of the medium.
    pub fn look(&mut self, region: usize, offset: u64, page: &[u8]) -> Content {
        let pattern = content::repeated(offset, page);
        let histogram = Histogram::of(page);
        let content = Content::of(pattern, &histogram);
        self.survey.map.set(region, content);
        self.all.add(&histogram);
        if let Some(pattern) = pattern {
            match self.repeated.iter_mut().find(|known| known.pattern == pattern) {
                Some(known) => known.places += 1,
                None => self.repeated.push(Repeated { pattern, places: 1 }),
            }
        }
        content
    }

    /// The page of a region could not be read.
    pub fn unreadable(&mut self, region: usize) {
        self.survey.map.set(region, Content::Unreadable);
    }

    /// A stretch where signatures are looked for could not be.
    pub fn unprobed(&mut self) {
        self.survey.unprobed += 1;
    }

    /// A signature was met at the beginning of this disk, partition or page.
    pub fn sign(&mut self, signature: Signature, first: Lba) {
        match self.survey.signatures.iter_mut().find(|known| known.signature == signature) {
            Some(known) => known.places += 1,
            None => self.survey.signatures.push(Found { signature, places: 1, first }),
        }
    }

    /// A page holds what it held before, and that tells.
    pub fn unchanged(&mut self, at: Lba) {
        self.survey.unchanged += 1;
        if self.survey.first_unchanged.len() < KEPT {
            self.survey.first_unchanged.push(at);
        }
    }

    /// All that was found.
    pub fn finish(mut self) -> Survey {
        self.repeated.sort_by_key(|repeated| core::cmp::Reverse(repeated.places));
        self.repeated.truncate(NAMED);
        Survey {
            bytes: Bytes(self.all.total()),
            entropy_mbit: self.all.entropy_mbit(),
            chi_square_x100: self.all.chi_square_x100(),
            repeated: self.repeated,
            ..self.survey
        }
    }
}

impl Survey {
    /// How many pages hold this.
    pub fn count(&self, content: Content) -> usize {
        self.map.count(content)
    }

    /// The signatures, in words: `GPT, NTFS (2 places)`; `None` if there are none.
    pub fn signatures(&self) -> Option<String> {
        words::signatures(&self.signatures)
    }
}

#[cfg(test)]
mod tests;
