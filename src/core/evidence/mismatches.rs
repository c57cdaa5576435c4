//! What a read-back found otherwise than it should be.

use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::units::{Blocks, Extent, Lba};

/// Blocks that did not read back as expected.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mismatches {
    /// How many.
    pub blocks: Blocks,
    /// The lowest of them, in order, at most [`Mismatches::KEPT`].
    pub first: Vec<Lba>,
}

impl Mismatches {
    /// How many addresses are kept; all mismatches are counted.
    pub const KEPT: usize = 16;

    /// One more, in whatever order they are found.
    pub fn add(&mut self, lba: Lba) {
        self.blocks.0 += 1;
        let place = self.first.partition_point(|known| *known <= lba);
        if place < Self::KEPT {
            self.first.insert(place, lba);
            self.first.truncate(Self::KEPT);
        }
    }

    /// The addresses kept, as extents to print.
    pub fn extents(&self) -> impl Iterator<Item = Extent> + '_ {
        self.first.iter().map(|lba| Extent { start: *lba, count: Blocks(1) })
    }
}
