use super::*;
use crate::sysfs::tests::Scratch;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::process::{Command, Stdio};

/// A FAT16 boot sector: 512-byte sectors, 4 a cluster, 4 reserved, 2 FATs of 32 sectors, 512 root entries, serial 1234-ABCD.
fn fat16() -> [u8; 512] {
    let mut sector = [0; 512];
    sector[11..24].copy_from_slice(&[0x00, 0x02, 0x04, 0x04, 0x00, 0x02, 0x00, 0x02, 0x00, 0x80, 0xF8, 0x20, 0x00]);
    sector[39..43].copy_from_slice(&[0xCD, 0xAB, 0x34, 0x12]);
    sector[510..].copy_from_slice(&[0x55, 0xAA]);
    sector
}

/// A FAT32 boot sector: 512-byte sectors, 1 a cluster, 32 reserved, 2 FATs of 8 sectors, root at cluster 2, serial 0001-BEEF.
fn fat32() -> [u8; 512] {
    let mut sector = [0; 512];
    sector[11..17].copy_from_slice(&[0x00, 0x02, 0x01, 0x20, 0x00, 0x02]);
    sector[36..40].copy_from_slice(&[8, 0, 0, 0]);
    sector[44..48].copy_from_slice(&[2, 0, 0, 0]);
    sector[67..71].copy_from_slice(&[0xEF, 0xBE, 0x01, 0x00]);
    sector[510..].copy_from_slice(&[0x55, 0xAA]);
    sector
}

fn entry(name: &[u8; 11], attributes: u8) -> [u8; 32] {
    let mut entry = [0; 32];
    entry[..11].copy_from_slice(name);
    entry[11] = attributes;
    entry
}

/// The one long-name entry that "PURGEPROOF.ID" fits into: 13 units, "PURGE" + "PROOF." + "ID".
fn long_marker() -> [u8; 32] {
    let mut entry = [0; 32];
    (entry[0], entry[11]) = (0x41, 0x0F);
    entry[1..11].copy_from_slice(b"P\0U\0R\0G\0E\0");
    entry[14..26].copy_from_slice(b"P\0R\0O\0O\0F\0.\0");
    entry[28..32].copy_from_slice(b"I\0D\0");
    entry
}

fn has(image: &[u8], name: &str) -> io::Result<bool> {
    let volume = Volume::parse(image.first_chunk().unwrap()).unwrap();
    volume.has_file(name, &mut |at, into: &mut [u8]| {
        let at = usize::try_from(at).unwrap();
        let from = image.get(at..at + into.len()).ok_or(ErrorKind::UnexpectedEof)?;
        into.copy_from_slice(from);
        Ok(())
    })
}

#[test]
fn fat16_has_its_root_behind_the_tables() {
    let volume = Volume::parse(&fat16()).unwrap();
    assert_eq!(volume.id(), "1234-ABCD");
    assert!(!volume.is_labelled("VTOYEFI"));
    let mut labelled = fat16();
    labelled[43..54].copy_from_slice(b"VTOYEFI    ");
    assert!(Volume::parse(&labelled).unwrap().is_labelled("VTOYEFI"));
    let mut labelled = fat32();
    labelled[71..82].copy_from_slice(b"PPBOOT     ");
    assert!(Volume::parse(&labelled).unwrap().is_labelled("PPBOOT"));
    // (4 reserved + 2 * 32) * 512 = 34816; 512 entries of 32 bytes.
    assert_eq!(volume.root, Root::Fixed { at: 34816, length: 16384 });
}

#[test]
fn the_marker_is_found_by_its_long_name() {
    let mut image = vec![0; 34816 + 16384];
    image[..512].copy_from_slice(&fat16());
    image[34816..34848].copy_from_slice(&entry(b"PPDATA     ", 0x08));
    image[34848..34880].copy_from_slice(&long_marker());
    image[34880..34912].copy_from_slice(&entry(b"PURGEP~1ID ", 0x20));
    image[34912..34944].copy_from_slice(&entry(b"README  TXT", 0x20));
    assert!(has(&image, "PURGEPROOF.ID").unwrap());
    assert!(has(&image, "readme.txt").unwrap());
    assert!(!has(&image, "PPDATA").unwrap(), "the label is no file");
    image[34848] = 0xE5;
    image[34880] = 0xE5;
    assert!(!has(&image, "PURGEPROOF.ID").unwrap(), "deleted");
}

#[test]
fn fat32_follows_the_chain_of_its_root() {
    // Data begin at (32 + 2 * 8) * 512 = 24576: cluster 2 there, cluster 5 three sectors on. The FAT begins at 16384.
    let mut image = vec![0; 24576 + 4 * 512];
    image[..512].copy_from_slice(&fat32());
    image[16384 + 8..16384 + 12].copy_from_slice(&[5, 0, 0, 0]);
    image[16384 + 20..16384 + 24].copy_from_slice(&[0xFF, 0xFF, 0xFF, 0x0F]);
    for number in 0..15 {
        image[24576 + number * 32..][..32].copy_from_slice(&entry(b"FILLER  TXT", 0x20));
    }
    // The name and its short entry lie in two clusters.
    image[24576 + 480..][..32].copy_from_slice(&long_marker());
    image[24576 + 1536..][..32].copy_from_slice(&entry(b"PURGEP~1ID ", 0x20));
    assert!(has(&image, "PURGEPROOF.ID").unwrap());
    assert!(!has(&image, "OTHER.TXT").unwrap());
    image[16384 + 8..16384 + 12].copy_from_slice(&[2, 0, 0, 0]);
    assert!(!has(&image, "OTHER.TXT").unwrap(), "a chain in a circle ends");
    image[16384 + 8..16384 + 12].copy_from_slice(&[0, 1, 0, 0]);
    assert!(has(&image, "OTHER.TXT").is_err(), "a cluster beyond the end");
}

#[test]
fn what_is_no_fat_is_none() {
    assert!(Volume::parse(&[0; 512]).is_none());
    assert!(Volume::parse(&[0xFF; 512]).is_none());
    let mut mbr = [0; 512];
    mbr[510..].copy_from_slice(&[0x55, 0xAA]);
    assert!(Volume::parse(&mbr).is_none(), "a partition table");
}

#[test]
fn agrees_with_mkfs_vfat_and_mtools() {
    let dir = Scratch::new();
    let (image, marker) = (dir.0.join("fat.img"), dir.0.join("PURGEPROOF.ID"));
    std::fs::write(&marker, "purgeproof stick v1\n").unwrap();
    let run =
        |command: &mut Command| command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success());
    let mkfs = "/usr/sbin/mkfs.vfat";
    if !std::path::Path::new(mkfs).exists() {
        eprintln!("skipped: {mkfs} is not installed (package dosfstools)");
        return;
    }
    for (bits, length) in [("12", 1 << 20), ("16", 16 << 20), ("32", 40 << 20)] {
        File::create(&image).unwrap().set_len(length).unwrap();
        assert!(run(Command::new(mkfs).args(["-F", bits, "-s", "1", "-i", "89abcdef"]).arg(&image)), "FAT{bits}");
        let file = File::open(&image).unwrap();
        let mut sector = [0; 512];
        file.read_exact_at(&mut sector, 0).unwrap();
        let volume = Volume::parse(&sector).unwrap();
        assert_eq!(volume.id(), "89AB-CDEF", "FAT{bits}");
        let mut read = |at, into: &mut [u8]| file.read_exact_at(into, at);
        assert!(!volume.has_file("PURGEPROOF.ID", &mut read).unwrap());
        if run(Command::new("mcopy").arg("-i").arg(&image).arg(&marker).arg("::/")) {
            assert!(volume.has_file("PURGEPROOF.ID", &mut read).unwrap(), "FAT{bits}");
        }
    }
}
