//! Where partitions begin, by the tables on the disk: the MBR with its chain of extended boot records, and the GPT (UEFI 2.10 §5).

use alloc::vec::Vec;

use super::signature::Window;
use crate::units::{Extent, Geometry, Lba};

/// A partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Its blocks.
    pub span: Extent,
    /// For one that holds further ones: where the first of their chain begins, which the others count from.
    pub origin: Option<Lba>,
}

impl Partition {
    /// The whole disk.
    pub const fn disk(geometry: Geometry) -> Self {
        Self { span: geometry.whole(), origin: None }
    }
}

/// An entry of an MBR that is in use: its type, first block and length.
struct Entry {
    kind: u8,
    start: u64,
    count: u64,
}

impl Entry {
    const fn is_extended(&self) -> bool {
        matches!(self.kind, 0x05 | 0x0f | 0x85)
    }
}

/// The partitions that a stretch of this one lists, none of them beyond the end of the disk.
pub fn listed(geometry: Geometry, of: Partition, window: Window<'_>) -> Vec<Partition> {
    let inside = |partition: &Partition| {
        partition.span.count.0 > 0 && partition.span.end().0 <= geometry.count().0 && partition.span.start.0 > 0
    };
    if of.span.start == Lba(0) {
        let block = u64::from(geometry.block().get());
        let last = geometry.bytes().0.saturating_sub(block);
        let gpt = [block, last].into_iter().flat_map(|header| gpt(window, header, block));
        let partitions: Vec<Partition> = gpt.filter(inside).collect();
        if !partitions.is_empty() {
            return partitions;
        }
    } else if of.origin.is_none() {
        return Vec::new();
    }
    let entries = mbr(window).unwrap_or_default();
    let partition = |entry: &Entry| {
        // In the chain, what holds further ones counts from the first of the chain, everything else from its own record.
        let base = if entry.is_extended() { of.origin.unwrap_or_default().0 } else { of.span.start.0 };
        let start = base.saturating_add(entry.start);
        let origin = entry.is_extended().then(|| of.origin.unwrap_or(Lba(start)));
        Partition { span: Extent::new(start, entry.count), origin }
    };
    entries.iter().map(partition).filter(inside).collect()
}

/// Whether an MBR, or an extended boot record, with at least one partition on this disk begins the window.
pub(super) fn has_mbr(geometry: Geometry, window: Window<'_>) -> bool {
    mbr(window).is_some_and(|entries| entries.iter().any(|entry| entry.start < geometry.count().0))
}

/// Whether a GPT header of revision 1.0 is at this place.
pub(super) fn has_gpt(window: Window<'_>, header: u64) -> bool {
    window.at(header, 12) == Some(b"EFI PART\0\0\x01\0")
}

/// The entries in use; `None` if this is no partition table: without the signature, with a state that is neither 00h nor 80h, or empty.
fn mbr(window: Window<'_>) -> Option<Vec<Entry>> {
    let table = (window.at(510, 2)? == [0x55, 0xaa]).then(|| window.at(446, 64))??;
    let (entries, []) = table.as_chunks::<16>() else { return None };
    if !entries.iter().all(|[state, ..]| matches!(state, 0x00 | 0x80)) {
        return None;
    }
    let entry = |bytes: &[u8; 16]| {
        let entry = Window { offset: 0, bytes };
        let [_, _, _, _, kind, ..] = *bytes;
        Some(Entry { kind, start: entry.u32(8)?.into(), count: entry.u32(12)?.into() })
    };
    let used: Vec<Entry> = entries
        .iter()
        .filter_map(entry)
        .filter(|entry| entry.kind != 0 && entry.start > 0 && entry.count > 0)
        .collect();
    (!used.is_empty()).then_some(used)
}

/// The partitions of the GPT with this header, as far as its entries are in the window.
fn gpt(window: Window<'_>, header: u64, block: u64) -> Vec<Partition> {
    const MOST: u32 = 128;
    if !has_gpt(window, header) {
        return Vec::new();
    }
    let field = |offset: u64| window.u32(header + offset).unwrap_or(0);
    let entries = window.u64(header + 72).unwrap_or(0).saturating_mul(block);
    let (count, size) = (field(80).min(MOST), u64::from(field(84)));
    if size < 128 {
        return Vec::new();
    }
    let partition = |number: u32| {
        let at = entries.checked_add(u64::from(number) * size)?;
        // A type of zeros is an entry that is not in use.
        let is_used = window.at(at, 16)?.iter().any(|byte| *byte != 0);
        let (first, last) = (window.u64(at.checked_add(32)?)?, window.u64(at.checked_add(40)?)?);
        let count = last.checked_sub(first)?.checked_add(1)?;
        is_used.then_some(Partition { span: Extent::new(first, count), origin: None })
    };
    (0..count).filter_map(partition).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::{BlockSize, Blocks};
    use alloc::vec;

    fn disk() -> Geometry {
        Geometry::new(BlockSize::B512, Blocks(1_000_000)).unwrap()
    }

    /// A boot record with entries of state, type, first block, blocks.
    fn record(entries: &[(u8, u8, u32, u32)]) -> Vec<u8> {
        let mut sector = vec![0; 512];
        for (number, (state, kind, start, count)) in entries.iter().enumerate() {
            let at = 446 + 16 * number;
            sector[at] = *state;
            sector[at + 4] = *kind;
            sector[at + 8..at + 12].copy_from_slice(&start.to_le_bytes());
            sector[at + 12..at + 16].copy_from_slice(&count.to_le_bytes());
        }
        sector[510..].copy_from_slice(&[0x55, 0xaa]);
        sector
    }

    fn parse(of: Partition, bytes: &[u8]) -> Vec<Partition> {
        listed(disk(), of, Window { offset: 0, bytes })
    }

    #[test]
    fn an_mbr_lists_its_partitions_and_the_chain_counts_from_its_first() {
        let plain = |start, count| Partition { span: Extent::new(start, count), origin: None };
        let chained = |start, count, origin| Partition { span: Extent::new(start, count), origin: Some(Lba(origin)) };
        let first = record(&[(0x80, 0x07, 2048, 100_000), (0, 0x05, 200_000, 400_000)]);
        assert_eq!(parse(Partition::disk(disk()), &first), [plain(2048, 100_000), chained(200_000, 400_000, 200_000)]);
        // A logical partition 2048 blocks behind its record, and the next record 150 000 blocks behind the first one.
        let second = record(&[(0, 0x83, 2048, 90_000), (0, 0x05, 150_000, 100_000)]);
        assert_eq!(
            parse(chained(200_000, 400_000, 200_000), &second),
            [plain(202_048, 90_000), chained(350_000, 100_000, 200_000)]
        );
        let third = record(&[(0, 0x83, 2048, 80_000), (0, 0x05, 300_000, 50_000)]);
        assert_eq!(
            parse(chained(350_000, 100_000, 200_000), &third),
            [plain(352_048, 80_000), chained(500_000, 50_000, 200_000)]
        );
        // What looks like a table in an ordinary partition is none.
        assert_eq!(parse(plain(2048, 100_000), &first), []);
    }

    #[test]
    fn nonsense_lists_nothing() {
        assert_eq!(parse(Partition::disk(disk()), &record(&[(0x12, 0x07, 2048, 100)])), []);
        assert_eq!(parse(Partition::disk(disk()), &record(&[(0, 0, 2048, 100)])), []);
        assert_eq!(parse(Partition::disk(disk()), &record(&[(0, 0x83, 999_999, 100)])), [], "beyond the end");
        assert_eq!(parse(Partition::disk(disk()), &[0; 512]), []);
        assert_eq!(parse(Partition::disk(disk()), &[]), []);
    }

    #[test]
    fn a_gpt_is_read_from_either_end() {
        let header = |entries: u64| {
            let mut header = vec![0; 512];
            header[..12].copy_from_slice(b"EFI PART\0\0\x01\0");
            header[72..80].copy_from_slice(&entries.to_le_bytes());
            header[80..84].copy_from_slice(&128_u32.to_le_bytes());
            header[84..88].copy_from_slice(&128_u32.to_le_bytes());
            header
        };
        let mut entries = vec![0; 128 * 128];
        for (number, first, last) in [(0, 2048_u64, 4095_u64), (2, 4096, 999_966), (3, 9, 8)] {
            let at = number * 128;
            entries[at..at + 16].fill(0x11);
            entries[at + 32..at + 40].copy_from_slice(&first.to_le_bytes());
            entries[at + 40..at + 48].copy_from_slice(&last.to_le_bytes());
        }
        let both = [Extent::new(2048, 2048), Extent::new(4096, 995_871)];
        let spans =
            |window| listed(disk(), Partition::disk(disk()), window).iter().map(|one| one.span).collect::<Vec<_>>();
        let first = [record(&[(0, 0xee, 1, 999_999)]), header(2), entries.clone()].concat();
        assert_eq!(spans(Window { offset: 0, bytes: &first }), both);
        // 33 blocks before the end: 32 of entries, from block 999 967 on, and the header.
        let last = [entries, header(999_967)].concat();
        assert_eq!(spans(Window { offset: 999_967 * 512, bytes: &last }), both);
        assert_eq!(spans(Window { offset: 0, bytes: &first[..1024] }), [Extent::new(1, 999_999)], "entries cut off");
    }
}
