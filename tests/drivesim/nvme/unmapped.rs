//! What the drive's mapping table has forgotten: bytes that read as zeros whatever is on the medium.

use std::ops::Range;

/// Ranges of bytes, sorted, apart from each other.
#[derive(Debug, Default)]
pub(super) struct Unmapped(Vec<Range<u64>>);

impl Unmapped {
    /// Forgets where `range` is.
    pub(super) fn add(&mut self, range: Range<u64>) {
        if range.is_empty() {
            return;
        }
        self.remove(&range);
        let at = self.0.partition_point(|other| other.start < range.start);
        self.0.insert(at, range);
    }

    /// `range` was written.
    pub(super) fn remove(&mut self, range: &Range<u64>) {
        let cut = |old: Range<u64>| [old.start..old.end.min(range.start), old.start.max(range.end)..old.end];
        self.0 = std::mem::take(&mut self.0).into_iter().flat_map(cut).filter(|left| !left.is_empty()).collect();
    }

    /// Makes zeros of what is unmapped in `data`, the bytes from `at` on.
    pub(super) fn mask(&self, at: u64, data: &mut [u8]) {
        let end = at + data.len() as u64;
        for range in self.0.iter().filter(|range| range.start < end && range.end > at) {
            let offset = |address: u64| usize::try_from(address.clamp(at, end) - at).unwrap_or(0);
            if let Some(part) = data.get_mut(offset(range.start)..offset(range.end)) {
                part.fill(0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_mapped_again() {
        let mut unmapped = Unmapped::default();
        unmapped.add(0..100);
        unmapped.remove(&(40..60));
        assert_eq!(unmapped.0, [0..40, 60..100]);
        unmapped.add(30..70);
        assert_eq!(unmapped.0, [0..30, 30..70, 70..100]);
        unmapped.remove(&(0..50));
        let mut data = [1; 10];
        unmapped.mask(45, &mut data);
        assert_eq!(data, [1, 1, 1, 1, 1, 0, 0, 0, 0, 0]);
    }
}
