//! Distinct things have distinct types: an address is not a count, and neither is a size.

use core::fmt;
use core::num::NonZeroU32;

use serde::{Deserialize, Serialize};

/// The address of a logical block, counted from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Lba(pub u64);

/// A number of logical blocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Blocks(pub u64);

/// A number of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bytes(pub u64);

/// The length of one logical or physical block in bytes; never 0, not always a power of two (520 and 528 exist).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BlockSize(NonZeroU32);

impl BlockSize {
    /// 512 bytes, what nearly every drive presents.
    pub const B512: Self = Self(NonZeroU32::new(512).unwrap());
    /// 4096 bytes, "4K native".
    pub const B4096: Self = Self(NonZeroU32::new(4096).unwrap());

    /// `None` for 0.
    pub const fn new(bytes: u32) -> Option<Self> {
        match NonZeroU32::new(bytes) {
            Some(bytes) => Some(Self(bytes)),
            None => None,
        }
    }

    /// In bytes.
    pub const fn get(self) -> u32 {
        self.0.get()
    }

    /// Of a length that operating systems take: 512 bytes or a multiple of it by a power of two. The disks of storage arrays have 520, 528,
    /// 4160 bytes and others.
    pub const fn is_usual(self) -> bool {
        self.get() >= 512 && self.get().is_power_of_two()
    }
}

/// Consecutive logical blocks: `count` of them from `start` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Extent {
    /// The first block.
    pub start: Lba,
    /// How many blocks.
    pub count: Blocks,
}

impl Extent {
    /// `count` blocks from `start` on.
    pub const fn new(start: u64, count: u64) -> Self {
        Self { start: Lba(start), count: Blocks(count) }
    }

    /// The block after the last one; saturates at the end of the address space.
    pub const fn end(self) -> Lba {
        Lba(self.start.0.saturating_add(self.count.0))
    }
}

impl fmt::Display for Extent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count.0 {
            1 => write!(f, "LBA {}", self.start.0),
            _ => write!(f, "LBA {}-{}", self.start.0, self.end().0.saturating_sub(1)),
        }
    }
}

/// The shape of a medium: how long a block is and how many there are. A value of this type always fits the byte offsets that the
/// kernel takes (63 bits), so that no conversion below can overflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Geometry {
    block: BlockSize,
    count: Blocks,
}

impl Geometry {
    /// `None` if the medium would be longer than 2⁶³−1 bytes, which no kernel interface can address.
    pub fn new(block: BlockSize, count: Blocks) -> Option<Self> {
        let bytes = count.0.checked_mul(u64::from(block.get()))?;
        i64::try_from(bytes).ok().map(|_| Self { block, count })
    }

    /// The logical block size.
    pub const fn block(self) -> BlockSize {
        self.block
    }

    /// The number of logical blocks.
    pub const fn count(self) -> Blocks {
        self.count
    }

    /// The whole medium.
    pub const fn whole(self) -> Extent {
        Extent { start: Lba(0), count: self.count }
    }

    /// The size of the whole medium.
    pub const fn bytes(self) -> Bytes {
        self.size_of(self.count)
    }

    /// The size of `count` blocks.
    pub const fn size_of(self, count: Blocks) -> Bytes {
        Bytes(count.0.saturating_mul(self.block.get() as u64))
    }

    /// The byte offset of a block.
    pub const fn offset(self, lba: Lba) -> u64 {
        lba.0.saturating_mul(self.block.get() as u64)
    }
}

impl fmt::Display for Bytes {
    /// Decimal units with three significant digits, as drives are sold: `256 GB`, `1.92 TB`, `512 B`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = u128::from(self.0);
        if bytes < 1000 {
            return write!(f, "{bytes} B");
        }
        // Rounded before the unit is chosen: 999 999 bytes are 1.00 MB, not 1000 kB.
        let step = 10_u128.pow(bytes.ilog10() - 2);
        let rounded = (bytes + step / 2) / step * step;
        let (unit, scale) = match rounded.ilog10() / 3 {
            1 => ("kB", 1_000),
            2 => ("MB", 1_000_000),
            3 => ("GB", 1_000_000_000),
            4 => ("TB", 1_000_000_000_000),
            5 => ("PB", 1_000_000_000_000_000),
            _ => ("EB", 1_000_000_000_000_000_000_u128),
        };
        let decimals = 2 - (rounded.ilog10() % 3) as usize;
        let fraction = rounded % scale / (scale / 10_u128.pow(2)) / 10_u128.pow(rounded.ilog10() % 3);
        match decimals {
            0 => write!(f, "{} {unit}", rounded / scale),
            _ => write!(f, "{}.{fraction:0decimals$} {unit}", rounded / scale),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn sizes_read_as_on_the_label_of_the_drive() {
        for (bytes, text) in [
            (0, "0 B"),
            (512, "512 B"),
            (1_000, "1.00 kB"),
            (999_499, "999 kB"),
            (999_999, "1.00 MB"),
            (268_435_456, "268 MB"),
            (256_060_514_304, "256 GB"),
            (1_920_383_410_176, "1.92 TB"),
            (20_000_588_955_648, "20.0 TB"),
            (u64::MAX, "18.4 EB"),
        ] {
            assert_eq!(Bytes(bytes).to_string(), text);
        }
    }

    #[test]
    fn a_geometry_beyond_the_kernels_offsets_does_not_exist() {
        // 2^63 bytes are one too many: the largest loff_t is 2^63 - 1.
        assert!(Geometry::new(BlockSize::B512, Blocks(1 << 54)).is_none());
        assert!(Geometry::new(BlockSize::B512, Blocks((1 << 54) - 1)).is_some());
        assert!(Geometry::new(BlockSize::B4096, Blocks(u64::MAX)).is_none());
    }

    #[test]
    fn extents_name_their_first_and_last_block() {
        assert_eq!(Extent::new(8, 1).to_string(), "LBA 8");
        assert_eq!(Extent::new(100, 4).to_string(), "LBA 100-103");
    }
}
