use super::*;
use crate::units::{BlockSize, Blocks};
use alloc::string::ToString;
use alloc::vec;

/// 1 GiB.
fn disk() -> Geometry {
    Geometry::new(BlockSize::B512, Blocks(2_097_152)).unwrap()
}

/// What is found in a partition of 512 MiB whose first 256 KiB hold these bytes, and zeros.
fn found(marks: &[Mark]) -> Vec<Signature> {
    let mut bytes = vec![0; 256 * 1024];
    for (offset, mark) in marks {
        let at = usize::try_from(*offset).unwrap();
        bytes[at..at + mark.len()].copy_from_slice(mark);
    }
    let window = Window { offset: 0, bytes: &bytes };
    find(disk(), Extent::new(2048, 1_048_576), window).into_iter().map(|(signature, _)| signature).collect()
}

#[test]
fn each_signature_is_known_by_its_literal_bytes() {
    for (signature, marks) in [
        (Ntfs, &[(0, &b"\xebR\x90NTFS    "[..]), (510, b"\x55\xaa")][..]),
        (ExFat, &[(0, b"\xebv\x90EXFAT   "), (510, b"\x55\xaa")]),
        (Fat12, &[(54, b"FAT12   "), (510, b"\x55\xaa")]),
        (Fat16, &[(54, b"FAT16   "), (510, b"\x55\xaa")]),
        (Fat32, &[(82, b"FAT32   "), (510, b"\x55\xaa")]),
        (Refs, &[(0, b"\0\0\0ReFS\0\0\0\0"), (16, b"FSRS")]),
        (BitLocker, &[(0, b"\xebX\x90-FVE-FS-"), (510, b"\x55\xaa")]),
        (Xfs, &[(0, b"XFSB")]),
        (Btrfs, &[(0x10040, b"_BHRfS_M")]),
        (Apfs, &[(32, b"NXSB")]),
        (HfsPlus, &[(1024, b"H+\0\x04")]),
        (HfsPlus, &[(1024, b"HX\0\x05")]),
        (Lvm2, &[(512, b"LABELONE"), (536, b"LVM2 001")]),
        (Lvm2, &[(1536, b"LABELONE"), (1560, b"LVM2 001")]),
        (Luks1, &[(0, b"LUKS\xba\xbe\0\x01")]),
        (Luks2, &[(0, b"LUKS\xba\xbe\0\x02")]),
        (MdRaid, &[(0, b"\xfc\x4e\x2b\xa9\x01\0\0\0")]),
        (MdRaid, &[(4096, b"\xfc\x4e\x2b\xa9\x01\0\0\0")]),
        (Swap, &[(0xff6, b"SWAPSPACE2")]),
        (Swap, &[(0xfff6, b"SWAPSPACE2")]),
        (Iso9660, &[(0x8000, b"\x01CD001")]),
        (Zfs, &[(0x20000, b"\x0c\xb1\xba\0\0\0\0\0")]),
        (Zfs, &[(0x3fc00, b"\0\0\0\0\0\xba\xb1\x0c")]),
        (SquashFs, &[(0, b"hsqs"), (28, b"\x04\0\0\0")]),
        (F2fs, &[(1024, b"\x10\x20\xf5\xf2")]),
    ] {
        assert_eq!(found(marks), [signature], "{signature}");
        // One wrong byte in the first mark, and it is none.
        let (offset, mark) = marks[0];
        let mut wrong = mark.to_vec();
        let last = wrong.iter().rposition(|byte| *byte != 0).unwrap();
        wrong[last] ^= 0x40;
        let wrong = wrong.leak();
        assert_eq!(found(&[&[(offset, &*wrong)], &marks[1..]].concat()), [], "{signature}");
    }
    assert_eq!(found(&[]), []);
}

#[test]
fn ext2_ext3_and_ext4_differ_by_what_they_need() {
    let magic = (1024 + 56, &b"\x53\xef"[..]);
    assert_eq!(found(&[magic]), [Ext2]);
    // The journal; the journal and extents (incompatible feature 40h); a group checksum (read-only feature 10h).
    assert_eq!(found(&[magic, (1024 + 92, b"\x04")]), [Ext3]);
    assert_eq!(found(&[magic, (1024 + 92, b"\x04"), (1024 + 96, b"\x42")]), [Ext4]);
    assert_eq!(found(&[magic, (1024 + 100, b"\x10")]), [Ext4]);
    // The two bytes alone come about by chance: a block of 2^(10 + 7) bytes, or revision 2, there is not.
    assert_eq!(found(&[magic, (1024 + 24, b"\x07")]), []);
    assert_eq!(found(&[magic, (1024 + 76, b"\x02")]), []);
}

#[test]
fn partition_tables_are_looked_for_where_they_stand() {
    let table = |offset, bytes: &[u8]| find(disk(), disk().whole(), Window { offset, bytes });
    let mut first = vec![0; 1024];
    first[446..462].copy_from_slice(&[0, 0, 2, 0, 0xee, 0xff, 0xff, 0xff, 1, 0, 0, 0, 0xff, 0xff, 0x1f, 0]);
    first[510..512].copy_from_slice(&[0x55, 0xaa]);
    assert_eq!(table(0, &first), [(Mbr, 0)]);
    first[512..524].copy_from_slice(b"EFI PART\0\0\x01\0");
    assert_eq!(table(0, &first), [(Mbr, 0), (Gpt, 512)]);
    // The last of 2 097 152 blocks.
    assert_eq!(table(1_073_741_312, &first[512..]), [(BackupGpt, 1_073_741_312)]);
    assert_eq!(find(disk(), Extent::new(2048, 8192), Window { offset: 512, bytes: &first[512..] }), []);
}

#[test]
fn a_raid_of_version_1_0_stands_near_the_end() {
    // 2 097 152 sectors less 16 are 2 097 136, a multiple of 8: byte 1 073 733 632.
    let mut superblock = vec![0; 4096];
    superblock[..8].copy_from_slice(b"\xfc\x4e\x2b\xa9\x01\0\0\0");
    let at = |offset| find(disk(), disk().whole(), Window { offset, bytes: &superblock });
    assert_eq!(at(1_073_733_632), [(MdRaid, 1_073_733_632)]);
    assert_eq!(at(1_073_733_120), []);
}

#[test]
fn files_are_known_by_the_beginning_of_a_page() {
    for (signature, page) in [
        (Jpeg, &b"\xff\xd8\xff\xe0\0\x10JFIF"[..]),
        (Jpeg, b"\xff\xd8\xff\xe1"),
        (Png, b"\x89PNG\r\n\x1a\n"),
        (Pdf, b"%PDF-1.7"),
        (Zip, b"PK\x03\x04\x14\0"),
        (Gzip, b"\x1f\x8b\x08\0"),
        (Rar, b"Rar!\x1a\x07\x01\0"),
        (SevenZip, b"7z\xbc\xaf\x27\x1c\0\x04"),
        (Elf, b"\x7fELF\x02"),
        (Sqlite, b"SQLite format 3\0"),
        (Ole, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
        (Mp4, b"\0\0\0\x20ftypisom"),
    ] {
        assert_eq!(file(page), Some(signature));
        assert_eq!(file(&page[1..]), None, "{signature}");
    }
    assert_eq!(file(&[]), None);
}

#[test]
fn stretches_end_with_their_partition() {
    // 72 KiB are 144 blocks, 128 KiB 256, 32 KiB 64.
    assert_eq!(
        stretches(disk(), Extent::new(2048, 100_000)),
        [Extent::new(2048, 144), Extent::new(2304, 256), Extent::new(101_984, 64)]
    );
    assert_eq!(stretches(disk(), Extent::new(2048, 10)), [Extent::new(2048, 10), Extent::new(2048, 10)]);
    assert_eq!(stretches(disk(), Extent::new(9_000_000, 10)), []);
    let long = Geometry::new(BlockSize::B4096, Blocks(1_000_000)).unwrap();
    assert_eq!(stretches(long, long.whole()), [Extent::new(0, 18), Extent::new(32, 32), Extent::new(999_992, 8)]);
}

#[test]
fn every_signature_has_one_name_and_keeps_its_number() {
    for (number, (signature, name)) in NAMES.iter().enumerate() {
        assert_eq!(NAMES.iter().position(|(other, _)| other == signature), Some(number));
        assert_eq!(signature.to_string(), *name);
    }
    assert_eq!((NAMES[0].0, NAMES[5].0, NAMES[36].0), (Mbr, Ext4, Mp4));
}
