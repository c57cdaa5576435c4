//! The marker test on media that are small enough to look at every byte.

use std::collections::BTreeSet;

use purgeproof_core::evidence::Secret;
use purgeproof_core::stream::Stream;
use purgeproof_core::units::{BlockSize, Blocks};

use super::*;

/// A medium in memory, with what may be wrong with one.
pub(crate) struct Memory {
    geometry: Geometry,
    pub(crate) bytes: Vec<u8>,
    /// Blocks that cannot be read.
    pub(crate) unreadable: BTreeSet<u64>,
    /// Blocks that cannot be written.
    unwritable: BTreeSet<u64>,
    /// No transfer moves more bytes.
    most: usize,
    /// So many transfers until it is gone.
    pub(crate) lives: usize,
    /// It drops all writes and says that it took them.
    drops: bool,
    transfers: usize,
    /// The longest transfer that was asked for.
    longest: usize,
}

impl Memory {
    pub(crate) fn new(block: u32, blocks: u64) -> Self {
        let geometry = Geometry::new(BlockSize::new(block).unwrap(), Blocks(blocks)).unwrap();
        let mut bytes = vec![0; usize::try_from(geometry.bytes().0).unwrap()];
        // The owner's data.
        Keystream::new(Stream::ChaCha20, &Secret([0x0d; 32])).fill(0, &mut bytes);
        Self {
            geometry,
            bytes,
            unreadable: BTreeSet::new(),
            unwritable: BTreeSet::new(),
            most: usize::MAX,
            lives: usize::MAX,
            drops: false,
            transfers: 0,
            longest: 0,
        }
    }

    /// What a transfer of so many bytes comes to.
    fn reach(&mut self, at: Lba, length: usize, bad: fn(&Self) -> &BTreeSet<u64>) -> Result<usize, MediaError> {
        self.transfers += 1;
        self.longest = self.longest.max(length);
        if self.transfers > self.lives {
            return Err(MediaError::Gone { errno: 19 });
        }
        let blocks = (length / self.geometry.block().get() as usize) as u64;
        if bad(self).range(at.0..at.0 + blocks).next().is_some() {
            return Err(MediaError::Bad { errno: 5 });
        }
        Ok(length.min(self.most))
    }

    fn range(&self, extent: Extent) -> std::ops::Range<usize> {
        let from = usize::try_from(self.geometry.offset(extent.start)).unwrap();
        from..from + length_of(self.geometry, extent)
    }
}

impl Media for Memory {
    fn geometry(&self) -> Geometry {
        self.geometry
    }

    fn read(&mut self, at: Lba, into: &mut [u8]) -> Result<usize, MediaError> {
        let count = self.reach(at, into.len(), |memory| &memory.unreadable)?;
        let from = usize::try_from(self.geometry.offset(at)).unwrap();
        into[..count].copy_from_slice(&self.bytes[from..from + count]);
        Ok(count)
    }

    fn write(&mut self, at: Lba, from: &[u8]) -> Result<usize, MediaError> {
        let count = self.reach(at, from.len(), |memory| &memory.unwritable)?;
        let to = usize::try_from(self.geometry.offset(at)).unwrap();
        if !self.drops {
            self.bytes[to..to + count].copy_from_slice(&from[..count]);
        }
        Ok(count)
    }

    fn flush(&mut self) -> Result<(), MediaError> {
        Ok(())
    }
}

const DRAWN: Drawn =
    Drawn { key: Secret([0x5e; 32]), seed: Secret([0x5d; 32]), stream: Stream::ChaCha20, withheld: None };

fn go_on(_: u64, _: u64) -> bool {
    true
}

/// A drive that has no words for an erased block.
fn never(_: Lba) -> bool {
    false
}

fn placed_on(memory: &mut Memory) -> (Markers, Placed) {
    let mut markers = Markers::new(memory.geometry, &DRAWN);
    let placed = markers.place(memory, &mut go_on).unwrap();
    (markers, placed)
}

fn all(places: u64, witnesses: u64) -> Placed {
    Placed { places, landed: places, witnesses }
}

/// A block length, a number of blocks, and the places with and without blocks behind them that follow from it.
///
/// 512: 8 blocks a place, 500 places in 4001 blocks, every other one is 250; the last ends at 3992, its witness at 4000.
/// 4096: a block a place, 151 of 301; behind the last, block 300, there is none. 520: 7 blocks a place, 143 places, 72 of them; the
/// last is 994-1000, and 1001-1007 would end beyond 1003.
const SHAPES: [(u32, u64, u64, u64); 3] = [(512, 4001, 250, 250), (4096, 301, 151, 150), (520, 1003, 72, 71)];

#[test]
fn what_is_not_erased_is_found_at_every_place() {
    for (block, blocks, places, witnesses) in SHAPES {
        let mut memory = Memory::new(block, blocks);
        let (mut markers, placed) = placed_on(&mut memory);
        assert_eq!(placed, all(places, witnesses), "{block}");
        let sought = markers.seek(&mut memory, &mut never, &mut go_on).unwrap();
        assert_eq!((sought.markers_left, sought.witnesses_left), (places, witnesses));
        assert_eq!((sought.constant, sought.other, sought.first_left.len()), (0, 0, 16));
        assert!(!sought.is_clean());
    }
}

#[test]
fn what_is_erased_is_told_by_its_content() {
    for (block, blocks, places, _) in SHAPES {
        let mut memory = Memory::new(block, blocks);
        let (mut markers, _) = placed_on(&mut memory);
        for byte in [0x00, 0xff] {
            memory.bytes.fill(byte);
            let sought = markers.seek(&mut memory, &mut never, &mut go_on).unwrap();
            assert_eq!(sought, Sought { constant: places, ..Sought::default() });
        }
        Keystream::new(Stream::ChaCha20, &Secret([0x99; 32])).fill(0, &mut memory.bytes);
        let sought = markers.seek(&mut memory, &mut never, &mut go_on).unwrap();
        assert_eq!(sought, Sought { other: places, ..Sought::default() });
        assert!(sought.is_clean() && sought.looked_at() == places);
    }
}

#[test]
fn one_block_that_stayed_is_found_whoever_it_belongs_to() {
    for (block, blocks, places, _) in SHAPES {
        let mut memory = Memory::new(block, blocks);
        let (mut markers, _) = placed_on(&mut memory);
        let place = markers.marks[40].place;
        let (marker, witness) = (place.marker, place.witness.unwrap());
        for (kept, is_marker) in
            [(marker.start.0, true), (marker.end().0 - 1, true), (witness.start.0, false), (witness.end().0 - 1, false)]
        {
            let before = memory.bytes.clone();
            memory.bytes.fill(0);
            let range = memory.range(Extent::new(kept, 1));
            memory.bytes[range.clone()].copy_from_slice(&before[range]);
            let sought = markers.seek(&mut memory, &mut never, &mut go_on).unwrap();
            let (markers_left, witnesses_left) = if is_marker { (1, 0) } else { (0, 1) };
            let first_left = vec![Lba(kept)];
            let constant = places - markers_left;
            assert_eq!(sought, Sought { markers_left, witnesses_left, first_left, constant, ..Sought::default() });
            memory.bytes = before;
        }
    }
}

#[test]
fn what_lies_between_the_markers_is_as_it_was() {
    for (block, blocks, ..) in SHAPES {
        let mut memory = Memory::new(block, blocks);
        let before = memory.bytes.clone();
        let (markers, _) = placed_on(&mut memory);
        let mut expected = before;
        for mark in &markers.marks {
            expected[memory.range(mark.place.marker)].copy_from_slice(&content(
                memory.geometry,
                &markers.keystream,
                mark.place.marker,
            ));
        }
        assert!(memory.bytes == expected, "{block}");
    }
}

#[test]
fn blocks_that_tell_nothing_are_no_witnesses() {
    let mut memory = Memory::new(512, 4001);
    memory.bytes.fill(0);
    // Of the witness at 8-15 one block tells.
    memory.bytes[12 * 512 + 7] = 1;
    let (mut markers, placed) = placed_on(&mut memory);
    assert_eq!(placed, all(250, 1));
    // Its seven others are zeros after the erase as they were before it.
    memory.bytes.fill(0);
    assert!(markers.seek(&mut memory, &mut never, &mut go_on).unwrap().is_clean());
    memory.bytes[12 * 512 + 7] = 1;
    let sought = markers.seek(&mut memory, &mut never, &mut go_on).unwrap();
    assert_eq!((sought.witnesses_left, sought.first_left), (1, vec![Lba(12)]));
}

#[test]
fn a_bad_block_costs_its_own_place_and_no_other() {
    // Block 20 lies in the marker at 16-23, block 27 in the blocks behind it.
    for (unreadable, unwritable, landed) in
        [(vec![20], vec![], 249), (vec![], vec![20], 249), (vec![27], vec![27], 250)]
    {
        let mut memory = Memory::new(512, 4001);
        memory.unreadable.extend(unreadable.clone());
        memory.unwritable.extend(unwritable);
        let (mut markers, placed) = placed_on(&mut memory);
        assert_eq!((placed.places, placed.landed), (250, landed));
        let left = markers.seek(&mut memory, &mut never, &mut go_on).unwrap();
        assert_eq!(left.markers_left, landed);
        memory.bytes.fill(0);
        let sought = markers.seek(&mut memory, &mut never, &mut go_on).unwrap();
        assert_eq!((sought.constant, sought.other), (landed, 0));
        let is_seen = unreadable == [20];
        assert_eq!(sought.unreadable.blocks, Blocks(if is_seen { 8 } else { 0 }));
        assert!(sought.is_clean());
    }
}

#[test]
fn a_place_that_cannot_be_read_after_the_erase_is_not_looked_at() {
    let mut memory = Memory::new(512, 4001);
    let (mut markers, _) = placed_on(&mut memory);
    memory.bytes.fill(0);
    memory.unreadable.extend(0..4001);
    let sought = markers.seek(&mut memory, &mut never, &mut go_on).unwrap();
    assert_eq!((sought.looked_at(), sought.unreadable.blocks), (0, Blocks(2000)));
}

#[test]
fn a_place_that_the_drive_calls_erased_counts_if_all_of_it_is() {
    let mut memory = Memory::new(512, 4001);
    let (mut markers, _) = placed_on(&mut memory);
    memory.unreadable.extend(0..4001);
    let sought = markers.seek(&mut memory, &mut |_| true, &mut go_on).unwrap();
    assert_eq!((sought.blank, sought.looked_at(), sought.unreadable.blocks), (250, 250, Blocks(0)));
    assert!(sought.is_clean());
    // The second marker is in the blocks 16 to 23.
    let sought = markers.seek(&mut memory, &mut |at| at != Lba(23), &mut go_on).unwrap();
    assert_eq!((sought.blank, sought.unreadable.blocks), (249, Blocks(8)));
    // What can be read is read, whatever the drive says of it.
    memory.unreadable.clear();
    let sought = markers.seek(&mut memory, &mut |_| true, &mut go_on).unwrap();
    assert_eq!((sought.blank, sought.markers_left), (0, 250));
}

#[test]
fn what_never_landed_is_not_made_good_by_a_word() {
    let mut memory = Memory::new(512, 4001);
    memory.drops = true;
    let (mut markers, _) = placed_on(&mut memory);
    memory.unreadable.extend(0..4001);
    assert_eq!(markers.seek(&mut memory, &mut |_| true, &mut go_on).unwrap().blank, 0);
}

#[test]
fn short_transfers_are_no_transfers() {
    // Long enough for a place by itself, too short for a window.
    let mut memory = Memory::new(512, 4001);
    memory.most = 4096;
    let (mut markers, placed) = placed_on(&mut memory);
    assert_eq!((placed.landed, placed.witnesses), (250, 0), "what came in part is no witness");
    assert_eq!(markers.seek(&mut memory, &mut never, &mut go_on).unwrap().markers_left, 250);
    // Too short for anything: nothing lands, and nothing passes for erased.
    memory.most = 4095;
    let (mut markers, placed) = placed_on(&mut memory);
    assert_eq!(placed.landed, 0);
    memory.bytes.fill(0);
    let sought = markers.seek(&mut memory, &mut never, &mut go_on).unwrap();
    assert_eq!((sought.looked_at(), sought.unreadable.blocks), (0, Blocks(2000)));
}

#[test]
fn a_drive_that_drops_writes_has_no_markers() {
    let mut memory = Memory::new(512, 4001);
    memory.drops = true;
    let (mut markers, placed) = placed_on(&mut memory);
    assert_eq!((placed.landed, placed.witnesses), (0, 250));
    let sought = markers.seek(&mut memory, &mut never, &mut go_on).unwrap();
    assert_eq!((sought.looked_at(), sought.witnesses_left), (0, 250));
}

#[test]
fn a_drive_that_leaves_in_the_middle_is_gone_and_never_clean() {
    // 4001 blocks are two windows: each is read and written, and then read again.
    let mut whole = Memory::new(512, 4001);
    let (mut markers, placed) = placed_on(&mut whole);
    let (to_place, windows) = (whole.transfers, markers.windows.len());
    assert_eq!((windows, to_place), (2, 6));
    for lives in 0..to_place {
        let mut memory = Memory::new(512, 4001);
        memory.lives = lives;
        let (_, some) = placed_on(&mut memory);
        assert!(some.places == placed.places && some.landed < placed.landed, "{lives}");
    }
    whole.bytes.fill(0);
    for lives in 0..windows {
        whole.lives = whole.transfers + lives;
        let sought = markers.seek(&mut whole, &mut never, &mut go_on).unwrap();
        assert!(sought.gone && !sought.is_clean() && sought.looked_at() < placed.landed, "{lives}");
    }
}

#[test]
fn a_stop_is_heard_before_every_window() {
    let mut memory = Memory::new(512, 4001);
    let mut markers = Markers::new(memory.geometry, &DRAWN);
    let windows = markers.windows.len() as u64;
    for turns in 0..2 * windows {
        let mut asked = Vec::new();
        let placed = markers.place(&mut memory, &mut |done, total| {
            asked.push((done, total));
            done < turns
        });
        assert_eq!(placed, None);
        assert_eq!(asked, (0..=turns).map(|done| (done, 2 * windows)).collect::<Vec<_>>());
    }
    for turns in 0..windows {
        assert_eq!(markers.seek(&mut memory, &mut never, &mut |done, _| done < turns), None);
    }
}

fn place(start: u64) -> Place {
    Place { marker: Extent::new(start, 8), witness: Some(Extent::new(start + 8, 8)) }
}

fn extents(geometry: Geometry, places: &[Place]) -> Vec<(Extent, std::ops::Range<usize>)> {
    windows(geometry, places).into_iter().map(|window| (window.extent, window.marks)).collect()
}

#[test]
fn a_window_reaches_over_64_kib_and_no_farther() {
    let geometry = Memory::new(512, 4001).geometry;
    // Behind 0-15, 128 blocks are 65 536 bytes.
    assert_eq!(extents(geometry, &[place(0), place(144)]), [(Extent::new(0, 160), 0..2)]);
    assert_eq!(extents(geometry, &[place(0), place(145)]), [(Extent::new(0, 16), 0..1), (Extent::new(145, 16), 1..2)]);
    assert_eq!(extents(geometry, &[]), []);
}

#[test]
fn a_window_is_no_longer_than_1_mib() {
    let geometry = Memory::new(512, 4001).geometry;
    // 1 MiB is 2048 blocks: 128 places of 16 blocks each with what is behind them.
    let places: Vec<Place> = (0..200).map(|number| place(number * 16)).collect();
    assert_eq!(extents(geometry, &places), [(Extent::new(0, 2048), 0..128), (Extent::new(2048, 1152), 128..200)]);
    // Blocks without a witness end their window themselves.
    let bare = Place { witness: None, ..place(16) };
    assert_eq!(extents(geometry, &[place(0), bare]), [(Extent::new(0, 24), 0..2)]);
}

#[test]
fn transfers_are_as_long_as_the_windows_and_the_medium_goes_unread_between_far_places() {
    // 250 000 blocks of 4 KiB are 1 GB: 4608 parts of 54 places, so that many neighbours are farther apart than 16 blocks.
    let geometry = Geometry::new(BlockSize::B4096, Blocks(250_000)).unwrap();
    let markers = Markers::new(geometry, &DRAWN);
    let covered: u64 = markers.windows.iter().map(|window| window.extent.count.0).sum();
    assert!(markers.windows.len() > 1000 && covered < 125_000, "{} {covered}", markers.windows.len());
    assert!(markers.windows.iter().all(|window| window.extent.count.0 <= 256));
    let joined: usize = markers.windows.iter().map(|window| window.marks.len()).sum();
    assert_eq!(joined, markers.marks.len());
    let mut memory = Memory::new(512, 4001);
    placed_on(&mut memory);
    assert_eq!(memory.longest, 1_048_576);
}

#[test]
fn a_medium_shorter_than_a_place_has_no_markers_and_that_is_said() {
    let mut memory = Memory::new(512, 7);
    let (mut markers, placed) = placed_on(&mut memory);
    assert_eq!(placed, Placed::default());
    assert_eq!(markers.seek(&mut memory, &mut never, &mut go_on).unwrap(), Sought::default());
    assert_eq!(memory.transfers, 0);
}
