//! What filesystems, volumes, partition tables and files begin with: a table, and the few that need more than that.
//!
//! Offsets are counted from the first byte of a disk or of a partition. Sources: the structures' own headers in the Linux kernel
//! (`fs/*/`, `include/uapi/linux/`), Microsoft's FAT, exFAT and NTFS descriptions, UEFI 2.10 §5 for GPT, Apple's APFS Reference and
//! Technical Note TN1150 for HFS+, ECMA-119 for ISO 9660, the LUKS on-disk formats 1.2.3 and 2.1, the ZFS On-Disk Specification of 2006.

use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::units::{Extent, Geometry, Lba};

use super::partition;

/// What a signature belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "these are names, and Display spells them out")]
pub enum Signature {
    Mbr,
    Gpt,
    BackupGpt,
    Ext2,
    Ext3,
    Ext4,
    Xfs,
    Btrfs,
    Ntfs,
    Fat12,
    Fat16,
    Fat32,
    ExFat,
    Apfs,
    HfsPlus,
    Lvm2,
    Luks1,
    Luks2,
    BitLocker,
    MdRaid,
    Swap,
    Iso9660,
    Zfs,
    Refs,
    SquashFs,
    F2fs,
    Jpeg,
    Png,
    Pdf,
    Zip,
    Gzip,
    Rar,
    SevenZip,
    Elf,
    Sqlite,
    Ole,
    Mp4,
}

use Signature::{
    Apfs, BackupGpt, BitLocker, Btrfs, Elf, ExFat, Ext2, Ext3, Ext4, F2fs, Fat12, Fat16, Fat32, Gpt, Gzip, HfsPlus,
    Iso9660, Jpeg, Luks1, Luks2, Lvm2, Mbr, MdRaid, Mp4, Ntfs, Ole, Pdf, Png, Rar, Refs, SevenZip, Sqlite, SquashFs,
    Swap, Xfs, Zfs, Zip,
};

/// Every signature with its name, in the order of their numbers on certificates.
pub const NAMES: [(Signature, &str); 37] = [
    (Mbr, "MBR"),
    (Gpt, "GPT"),
    (BackupGpt, "backup GPT"),
    (Ext2, "ext2"),
    (Ext3, "ext3"),
    (Ext4, "ext4"),
    (Xfs, "XFS"),
    (Btrfs, "Btrfs"),
    (Ntfs, "NTFS"),
    (Fat12, "FAT12"),
    (Fat16, "FAT16"),
    (Fat32, "FAT32"),
    (ExFat, "exFAT"),
    (Apfs, "APFS"),
    (HfsPlus, "HFS+"),
    (Lvm2, "LVM2"),
    (Luks1, "LUKS1"),
    (Luks2, "LUKS2"),
    (BitLocker, "BitLocker"),
    (MdRaid, "Linux RAID"),
    (Swap, "swap"),
    (Iso9660, "ISO 9660"),
    (Zfs, "ZFS"),
    (Refs, "ReFS"),
    (SquashFs, "SquashFS"),
    (F2fs, "F2FS"),
    (Jpeg, "JPEG file"),
    (Png, "PNG file"),
    (Pdf, "PDF file"),
    (Zip, "ZIP file"),
    (Gzip, "gzip file"),
    (Rar, "RAR file"),
    (SevenZip, "7z file"),
    (Elf, "ELF file"),
    (Sqlite, "SQLite file"),
    (Ole, "OLE file"),
    (Mp4, "MP4 file"),
];

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = NAMES.iter().find(|(signature, _)| signature == self).map_or("", |(_, name)| name);
        f.write_str(name)
    }
}

/// Bytes at an offset.
type Mark = (u64, &'static [u8]);

/// A signature: all of its marks, at one of several places.
struct Row {
    signature: Signature,
    marks: &'static [Mark],
    /// How far the places are apart, and how many there are.
    places: (u64, u64),
}

const fn row(signature: Signature, marks: &'static [Mark]) -> Row {
    Row { signature, marks, places: (0, 1) }
}

/// The last two bytes of a boot sector.
const BOOT: Mark = (510, &[0x55, 0xaa]);
/// What ends the first page of a swap area: 4096 bytes on most machines, 8 to 64 KiB on others.
const SWAP: &[u8] = b"SWAPSPACE2";
/// Where the uberblocks of the first ZFS label are.
const UBERBLOCKS: u64 = 128 * 1024;

/// What disks and partitions begin with. A mark of fewer than four bytes never stands alone: random bytes would have it too often.
const TABLE: &[Row] = &[
    row(Ntfs, &[(3, b"NTFS    "), BOOT]),
    row(ExFat, &[(3, b"EXFAT   "), BOOT]),
    row(Fat12, &[(54, b"FAT12   "), BOOT]),
    row(Fat16, &[(54, b"FAT16   "), BOOT]),
    row(Fat32, &[(82, b"FAT32   "), BOOT]),
    row(Refs, &[(3, b"ReFS\0\0\0\0"), (16, b"FSRS")]),
    row(BitLocker, &[(3, b"-FVE-FS-")]),
    // BitLocker To Go: a FAT boot sector with the GUID 4967d63b-2e29-4ad8-8399-f6a339e3d001.
    row(BitLocker, &[(424, b"\x3b\xd6\x67\x49\x29\x2e\xd8\x4a\x83\x99\xf6\xa3\x39\xe3\xd0\x01")]),
    row(Xfs, &[(0, b"XFSB")]),
    row(Btrfs, &[(65_536 + 64, b"_BHRfS_M")]),
    row(Apfs, &[(32, b"NXSB")]),
    row(HfsPlus, &[(1024, b"H+\0\x04")]),
    row(HfsPlus, &[(1024, b"HX\0\x05")]),
    Row { signature: Lvm2, marks: &[(0, b"LABELONE"), (24, b"LVM2 001")], places: (512, 4) },
    row(Luks1, &[(0, b"LUKS\xba\xbe\0\x01")]),
    row(Luks2, &[(0, b"LUKS\xba\xbe\0\x02")]),
    // Version 1.1 at the beginning, 1.2 after 4 KiB; 1.0 stands at the end.
    Row { signature: MdRaid, marks: &[(0, MD_RAID)], places: (4096, 2) },
    row(Swap, &[(4096 - 10, SWAP)]),
    row(Swap, &[(8192 - 10, SWAP)]),
    row(Swap, &[(16_384 - 10, SWAP)]),
    row(Swap, &[(32_768 - 10, SWAP)]),
    row(Swap, &[(65_536 - 10, SWAP)]),
    row(Iso9660, &[(32_768, b"\x01CD001")]),
    Row { signature: Zfs, marks: &[(UBERBLOCKS, b"\x0c\xb1\xba\0\0\0\0\0")], places: (1024, 128) },
    Row { signature: Zfs, marks: &[(UBERBLOCKS, b"\0\0\0\0\0\xba\xb1\x0c")], places: (1024, 128) },
    row(SquashFs, &[(0, b"hsqs"), (28, &[4, 0])]),
    row(F2fs, &[(1024, b"\x10\x20\xf5\xf2")]),
];

/// The magic number `A92B4EFCh` of an md superblock, least significant byte first, and its major version 1.
const MD_RAID: &[u8] = b"\xfc\x4e\x2b\xa9\x01\0\0\0";

/// What files begin with, looked for at the beginning of each page.
const FILES: &[Row] = &[
    row(Jpeg, &[(0, b"\xff\xd8\xff\xe0")]),
    row(Jpeg, &[(0, b"\xff\xd8\xff\xe1")]),
    row(Png, &[(0, b"\x89PNG\r\n\x1a\n")]),
    row(Pdf, &[(0, b"%PDF-")]),
    row(Zip, &[(0, b"PK\x03\x04")]),
    row(Gzip, &[(0, b"\x1f\x8b\x08\0")]),
    row(Rar, &[(0, b"Rar!\x1a\x07")]),
    row(SevenZip, &[(0, b"7z\xbc\xaf\x27\x1c")]),
    row(Elf, &[(0, b"\x7fELF")]),
    row(Sqlite, &[(0, b"SQLite format 3\0")]),
    row(Ole, &[(0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")]),
    row(Mp4, &[(4, b"ftyp")]),
];

/// The stretches in which the signatures of a disk or a partition are looked for, from its beginning and from its end, in bytes.
const HEAD: [(u64, u64); 2] = [(0, 72 * 1024), (UBERBLOCKS, 128 * 1024)];
/// The entries of a backup GPT take 16 KiB before its header.
const TAIL: u64 = 32 * 1024;

/// Bytes read from a place in a disk or partition.
#[derive(Clone, Copy, Debug)]
pub struct Window<'a> {
    /// Where they begin, counted from the first byte of the disk or partition.
    pub offset: u64,
    /// The bytes.
    pub bytes: &'a [u8],
}

impl<'a> Window<'a> {
    /// So many bytes at an offset; `None` if they are not all in it.
    pub(super) fn at(self, offset: u64, length: usize) -> Option<&'a [u8]> {
        let from = usize::try_from(offset.checked_sub(self.offset)?).ok()?;
        self.bytes.get(from..from.checked_add(length)?)
    }

    fn has(self, offset: u64, mark: &[u8]) -> bool {
        self.at(offset, mark.len()) == Some(mark)
    }

    pub(super) fn u16(self, offset: u64) -> Option<u16> {
        self.at(offset, 2)?.first_chunk().copied().map(u16::from_le_bytes)
    }

    pub(super) fn u32(self, offset: u64) -> Option<u32> {
        self.at(offset, 4)?.first_chunk().copied().map(u32::from_le_bytes)
    }

    pub(super) fn u64(self, offset: u64) -> Option<u64> {
        self.at(offset, 8)?.first_chunk().copied().map(u64::from_le_bytes)
    }
}

/// The blocks to read of a disk or partition for its signatures, none of them beyond its end.
pub fn stretches(geometry: Geometry, span: Extent) -> Vec<Extent> {
    let block = u64::from(geometry.block().get());
    let end = span.end().0.min(geometry.count().0);
    let head = HEAD.map(|(offset, length)| (span.start.0.saturating_add(offset / block), length));
    let tail = (end.saturating_sub(TAIL.div_ceil(block)).max(span.start.0), TAIL);
    let extent = |(from, length): (u64, u64)| {
        let count = length.div_ceil(block).min(end.saturating_sub(from));
        (count > 0).then(|| Extent::new(from, count))
    };
    head.into_iter().chain([tail]).filter_map(extent).collect()
}

/// The signatures in bytes of a disk or partition, each with the place of its first mark.
pub fn find(geometry: Geometry, span: Extent, window: Window<'_>) -> Vec<(Signature, u64)> {
    let block = u64::from(geometry.block().get());
    let length = geometry.size_of(span.count).0;
    let is_disk = span.start == Lba(0);
    let mut found = rows(TABLE, window);
    found.extend(ext(window).map(|signature| (signature, 1024)));
    if partition::has_mbr(geometry, window) {
        found.push((Mbr, 0));
    }
    if is_disk && partition::has_gpt(window, block) {
        found.push((Gpt, block));
    }
    let last = length.saturating_sub(block);
    if is_disk && partition::has_gpt(window, last) {
        found.push((BackupGpt, last));
    }
    // Version 1.0: eight to twelve KiB before the end, at a multiple of 4 KiB (md_p.h, "superblock offset").
    let md = (length / 512).saturating_sub(16) / 8 * 4096;
    if md > 4096 && window.has(md, MD_RAID) {
        found.push((MdRaid, md));
    }
    found
}

/// The file that begins with this page, if it is of a known kind.
pub fn file(page: &[u8]) -> Option<Signature> {
    rows(FILES, Window { offset: 0, bytes: page }).first().map(|(signature, _)| *signature)
}

fn rows(table: &[Row], window: Window<'_>) -> Vec<(Signature, u64)> {
    let met = |row: &Row| {
        let (step, count) = row.places;
        let is_at = |shift: &u64| row.marks.iter().all(|(offset, mark)| window.has(offset + shift, mark));
        let shift = (0..count).map(|place| place * step).find(is_at)?;
        row.marks.first().map(|(offset, _)| (row.signature, offset + shift))
    };
    table.iter().filter_map(met).collect()
}

/// The superblock of ext2, ext3 and ext4, which differ by what they need (Documentation/filesystems/ext4/super.rst): ext3 a journal, ext4
/// what neither of the others knows.
fn ext(window: Window<'_>) -> Option<Signature> {
    const HAS_JOURNAL: u32 = 0x4;
    /// `FILETYPE`, `RECOVER`, `JOURNAL_DEV`, `META_BG`.
    const INCOMPATIBLE: u32 = 0x2 | 0x4 | 0x8 | 0x10;
    /// `SPARSE_SUPER`, `LARGE_FILE`, `BTREE_DIR`.
    const READ_ONLY: u32 = 0x1 | 0x2 | 0x4;
    let field = |offset: u64| window.u32(1024 + offset);
    let is_ext = window.u16(1024 + 56)? == 0xef53 && field(24)? <= 6 && field(76)? <= 1;
    let kind = if field(96)? & !INCOMPATIBLE != 0 || field(100)? & !READ_ONLY != 0 {
        Ext4
    } else if field(92)? & HAS_JOURNAL != 0 {
        Ext3
    } else {
        Ext2
    };
    is_ext.then_some(kind)
}

#[cfg(test)]
mod tests;
