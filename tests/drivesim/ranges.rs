//! A set of blocks as ranges: what a drive has deallocated, or what must be written before it can be read.

use std::collections::BTreeMap;
use std::ops::Range;

/// Disjoint ranges of blocks, by their first block.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ranges(BTreeMap<u64, u64>);

impl Ranges {
    /// Adds blocks.
    pub fn insert(&mut self, range: Range<u64>) {
        if !range.is_empty() {
            self.remove(range.clone());
            self.0.insert(range.start, range.end);
        }
    }

    /// Takes blocks out.
    pub fn remove(&mut self, range: Range<u64>) {
        let touched: Vec<Range<u64>> = self.within(range.clone()).collect();
        for part in touched {
            // The part may be the middle of a longer range.
            let Some((start, end)) = self.0.range(..=part.start).next_back().map(|(start, end)| (*start, *end)) else {
                continue;
            };
            self.0.remove(&start);
            if start < part.start {
                self.0.insert(start, part.start);
            }
            if end > part.end {
                self.0.insert(part.end, end);
            }
        }
    }

    /// The parts of `range` that are in the set, in order.
    pub fn within(&self, range: Range<u64>) -> impl Iterator<Item = Range<u64>> {
        let parts = self.0.range(..range.end).map(move |(start, end)| (*start).max(range.start)..(*end).min(range.end));
        parts.filter(|part| !part.is_empty())
    }

    /// All ranges, in order.
    pub fn iter(&self) -> impl Iterator<Item = Range<u64>> {
        self.0.iter().map(|(start, end)| *start..*end)
    }

    /// Empties the set.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_cut_and_kept_apart() {
        let mut set = Ranges::default();
        set.insert(10..20);
        set.insert(30..40);
        set.remove(12..15);
        assert_eq!(set.iter().collect::<Vec<_>>(), [10..12, 15..20, 30..40]);
        set.remove(18..33);
        assert_eq!(set.iter().collect::<Vec<_>>(), [10..12, 15..18, 33..40]);
        set.insert(0..100);
        assert!(set.iter().eq(std::iter::once(0..100)));
        assert!(set.within(90..200).eq(std::iter::once(90..100)));
        assert_eq!(set.within(100..200).count(), 0);
        set.clear();
        assert_eq!(set.iter().count(), 0);
    }
}
