//! Whether a drive stores fixed patterns at all. One that drops zeros, compresses or keeps one copy of blocks that are alike reads back
//! what was written, and yet its medium has hardly been touched: a pass of a fixed pattern is worth little there.
//!
//! Zeros serve to find out: they are what is dropped first, they compress best, and each block of them is like the one before. A drive that
//! does not store them takes them in much less time than it takes random data.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::pattern::Pattern;
use crate::units::{Blocks, Extent, Geometry};

/// How many stretches of either kind are written.
pub const STRETCHES: u64 = 16;

/// The length of a stretch in bytes: long enough that the transfer counts, and not the way there.
const STRETCH_BYTES: u64 = 2 << 20;

/// The least length: below it, a medium is too small for anything to be said.
const LEAST_BYTES: u64 = 64 << 10;

/// How long a drive took for stretches of zeros and of random data, each up to its confirmed flush.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gauge {
    /// For zeros, in microseconds, in the order in which they were written.
    pub fixed_us: Vec<u64>,
    /// For random data.
    pub random_us: Vec<u64>,
}

impl Gauge {
    /// Zeros took less than half the time of random data, and the times of the two do not mix: three quarters of the ones lie below three
    /// quarters of the others. Anything less may be noise, and nothing is concluded from it.
    pub fn drops_zeros(&self) -> bool {
        let is_all = [&self.fixed_us, &self.random_us].iter().all(|times| times.len() as u64 == STRETCHES);
        let (fixed, random) = (sorted(&self.fixed_us), sorted(&self.random_us));
        let at = |times: &[u64], quarter: usize| times.get(times.len() * quarter / 4).copied().unwrap_or(0);
        is_all && at(&fixed, 2).saturating_mul(2) < at(&random, 2) && at(&fixed, 3) < at(&random, 1)
    }

    /// The medians of both, in microseconds.
    pub fn medians_us(&self) -> (u64, u64) {
        let median = |times: &[u64]| sorted(times).get(times.len() / 2).copied().unwrap_or(0);
        (median(&self.fixed_us), median(&self.random_us))
    }
}

fn sorted(times: &[u64]) -> Vec<u64> {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted
}

/// Where the stretches lie, in pairs of neighbours spread over the medium, of whole groups of eight blocks each. None where there is
/// nothing to find out, because a pass is random, or where the medium is too small.
pub fn pairs(geometry: Geometry, passes: &[Pattern]) -> Vec<(Extent, Extent)> {
    let block = u64::from(geometry.block().get());
    // Less than a quarter of the medium is written.
    let bytes = STRETCH_BYTES.min(geometry.bytes().0 / (8 * STRETCHES));
    if passes.is_empty() || passes.contains(&Pattern::Random) || bytes < LEAST_BYTES {
        return Vec::new();
    }
    let count = Blocks((bytes / block / 8).max(1) * 8);
    let pair = |number: u64| {
        let start = geometry.count().0 / STRETCHES * number / 8 * 8;
        (Extent::new(start, count.0), Extent::new(start + count.0, count.0))
    };
    (0..STRETCHES).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::BlockSize;
    use alloc::vec;

    fn drops(fixed_us: Vec<u64>, random_us: Vec<u64>) -> bool {
        Gauge { fixed_us, random_us }.drops_zeros()
    }

    #[test]
    fn half_the_time_and_no_noise() {
        assert!(drops(vec![499; 16], vec![1000; 16]));
        assert!(!drops(vec![500; 16], vec![1000; 16]));
        // A few stretches that waited for something else change nothing.
        assert!(drops([vec![300; 13], vec![9000; 3]].concat(), [vec![1000; 13], vec![100; 3]].concat()));
        // Times that mix are noise, whatever their medians.
        assert!(!drops([vec![300; 10], vec![1500; 6]].concat(), vec![1000; 16]));
        // Nor is anything said without all stretches.
        assert!(!drops(vec![1; 15], vec![1000; 15]));
        assert!(!Gauge::default().drops_zeros());
    }

    #[test]
    fn stretches_are_spread_over_the_medium_and_do_not_overlap() {
        // 8 MiB: stretches of 64 KiB, 128 blocks, every 1024 blocks.
        let geometry = Geometry::new(BlockSize::B512, Blocks(16_384)).unwrap();
        let found = pairs(geometry, &[Pattern::Byte(0)]);
        assert_eq!(found.len(), 16);
        assert_eq!(found[0], (Extent::new(0, 128), Extent::new(128, 128)));
        assert_eq!(found[15], (Extent::new(15_360, 128), Extent::new(15_488, 128)));
        // 1 TB in blocks of 4096: 2 MiB are 512 of them.
        let large = Geometry::new(BlockSize::B4096, Blocks(244_140_625)).unwrap();
        assert_eq!(
            pairs(large, &[Pattern::Byte(0xff)])[1],
            (Extent::new(15_258_784, 512), Extent::new(15_259_296, 512))
        );
        // Nothing to find out, or nothing to find it out on.
        assert!(pairs(geometry, &[Pattern::Byte(0), Pattern::Random]).is_empty());
        let small = Geometry::new(BlockSize::B512, Blocks(16_383)).unwrap();
        assert!(pairs(small, &[Pattern::Byte(0)]).is_empty());
    }
}
