//! Surveys of media that are small enough to write by hand.

use purgeproof_core::pattern::Pattern;
use purgeproof_core::stream::Stream;
use purgeproof_core::survey::{Content as Kind, Found, Signature};

use super::*;
use crate::keystream::Keystream;
use crate::markers::tests::Memory;

const SEED: Secret = Secret([0x5d; 32]);

/// 16 MiB of zeros with an MBR, an NTFS partition from block 2048 on, and text in the second quarter.
fn owned() -> Memory {
    let mut memory = Memory::new(512, 32_768);
    memory.bytes.fill(0);
    memory.bytes[446..462].copy_from_slice(&[0x80, 0, 0, 0, 0x07, 0, 0, 0, 0, 8, 0, 0, 0, 0x40, 0, 0]);
    memory.bytes[510..512].copy_from_slice(&[0x55, 0xaa]);
    let ntfs = 2048 * 512;
    memory.bytes[ntfs..ntfs + 11].copy_from_slice(b"\xebR\x90NTFS    ");
    memory.bytes[ntfs + 510..ntfs + 512].copy_from_slice(&[0x55, 0xaa]);
    let text = b"Dear Sir or Madam, ".iter().cycle();
    memory.bytes[4 << 20..8 << 20].iter_mut().zip(text).for_each(|(byte, letter)| *byte = *letter);
    memory
}

fn surveyor(memory: &Memory) -> Surveyor {
    Surveyor::new(memory.geometry(), &SEED)
}

fn random(memory: &Memory, key: u8) -> Content {
    let keystream = Keystream::new(Stream::ChaCha20, &Secret([key; 32]));
    Content { pattern: Pattern::Random, keystream, geometry: memory.geometry() }
}

fn found(signature: Signature, first: u64) -> Found {
    Found { signature, places: 1, first: Lba(first) }
}

#[test]
fn a_disk_is_seen_before_and_after() {
    let mut memory = owned();
    let mut surveyor = surveyor(&memory);
    let before = surveyor.before(&mut memory, &mut || true);
    assert_eq!(before.signatures, [found(Signature::Mbr, 0), found(Signature::Ntfs, 2048)]);
    // A quarter of 512 regions is text.
    assert_eq!(before.count(Kind::Data) / 4, 32);
    assert_eq!(before.count(Kind::Zeros) + before.count(Kind::Data), 512);
    assert_eq!((before.bytes.0, before.unchanged), (512 * 4096, 0));

    let written = random(&memory, 0x5e);
    written.fill(Lba(0), &mut memory.bytes);
    let after = surveyor.after(&mut memory, Some(&written), &mut || true);
    // One page in half a million looks too odd to be random.
    assert!(after.count(Kind::Random) >= 511);
    assert_eq!((after.signatures, after.unchanged), (vec![], 0));
    assert!(purgeproof_core::survey::RANDOM_X100.contains(&after.chi_square_x100), "{}", after.chi_square_x100);
    assert!(after.entropy_mbit >= 7999);
}

#[test]
fn old_data_that_stayed_are_found_and_what_tells_nothing_is_not() {
    let mut memory = owned();
    let mut surveyor = surveyor(&memory);
    let before = surveyor.before(&mut memory, &mut || true);
    let written = random(&memory, 0x5e);
    let after = surveyor.after(&mut memory, Some(&written), &mut || true);
    // The pages of text, that of the MBR and that of NTFS; the zeros tell nothing. A page of the picture may be one of these two.
    let text = before.count(Kind::Data) as u64;
    assert!((text..=text + 2).contains(&after.unchanged), "{} {text}", after.unchanged);
    assert_eq!(after.signatures, before.signatures);
    assert_eq!(after.first_unchanged.len(), 16);
}

#[test]
fn a_signature_that_stayed_alone_is_found() {
    let mut memory = owned();
    let mut surveyor = surveyor(&memory);
    surveyor.before(&mut memory, &mut || true);
    let page = memory.bytes[2048 * 512..2048 * 512 + 4096].to_vec();
    memory.bytes.fill(0);
    memory.bytes[2048 * 512..2048 * 512 + 4096].copy_from_slice(&page);
    let after = surveyor.after(&mut memory, None, &mut || true);
    assert_eq!((after.unchanged, after.first_unchanged), (1, vec![Lba(2048)]));
    // The table that led there is gone, and the partition is remembered.
    assert_eq!(after.signatures, [found(Signature::Ntfs, 2048)]);
}

#[test]
fn what_the_pass_writes_is_no_old_data_though_it_was_there_before() {
    let mut memory = owned();
    let written = random(&memory, 0x5e);
    written.fill(Lba(0), &mut memory.bytes);
    let mut surveyor = surveyor(&memory);
    surveyor.before(&mut memory, &mut || true);
    assert_eq!(surveyor.after(&mut memory, Some(&written), &mut || true).unchanged, 0);
    let other = random(&memory, 1);
    surveyor.before(&mut memory, &mut || true);
    assert_eq!(surveyor.after(&mut memory, Some(&other), &mut || true).unchanged, 512);
}

#[test]
fn what_cannot_be_read_is_said_and_ends_nothing() {
    let mut memory = owned();
    memory.unreadable.extend(0..16_384);
    let survey = surveyor(&memory).before(&mut memory, &mut || true);
    assert_eq!(survey.count(Kind::Unreadable), 256);
    // Two stretches at the beginning of the disk; without the MBR there are no partitions.
    assert_eq!((survey.unprobed, survey.signatures), (2, vec![]));

    let mut memory = owned();
    memory.lives = 100;
    let mut surveyor = surveyor(&memory);
    let survey = surveyor.before(&mut memory, &mut || true);
    // Three stretches of the disk and three of the partition.
    assert_eq!(survey.count(Kind::Unlooked), 512 - 94);
    assert_eq!(surveyor.after(&mut memory, None, &mut || true).count(Kind::Unlooked), 512);
}

#[test]
fn a_survey_has_an_end() {
    let mut memory = owned();
    let mut reads = 0;
    let mut go_on = || {
        reads += 1;
        reads <= 10
    };
    let survey = surveyor(&memory).before(&mut memory, &mut go_on);
    assert_eq!(survey.count(Kind::Unlooked), 512 - 4);
}

#[test]
fn blocks_of_520_bytes_and_media_of_a_few_blocks_are_seen_too() {
    let mut memory = Memory::new(520, 8_000);
    let survey = surveyor(&memory).before(&mut memory, &mut || true);
    // Pages of seven blocks, 3640 bytes, and the owner's data are a keystream.
    assert_eq!(survey.bytes.0, 512 * 3640);
    assert!(survey.count(Kind::Random) >= 511);
    let mut memory = Memory::new(512, 5);
    let survey = surveyor(&memory).before(&mut memory, &mut || true);
    assert_eq!((survey.map.regions(), survey.bytes.0), (0, 0));
}
