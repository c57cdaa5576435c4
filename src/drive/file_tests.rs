use super::*;
use crate::sysfs::tests::Scratch;
use purgeproof_core::drive::Direction;
use purgeproof_core::units::Blocks;
use std::time::Duration;

/// A buffer that starts where O_DIRECT wants it, and the room around it.
fn aligned(room: &mut Vec<u8>, length: usize) -> &mut [u8] {
    room.resize(length + 4096, 0xA5);
    let start = room.as_ptr().align_offset(4096);
    &mut room[start..start + length]
}

fn image(dir: &Scratch, length: u64) -> FileDrive {
    let path = dir.0.join("disk.img");
    File::create(&path).unwrap().set_len(length).unwrap();
    FileDrive::new(path)
}

#[test]
fn what_was_written_is_read_back_and_counts_end_with_the_file() {
    let dir = Scratch::new();
    let Opened { mut media, identity, .. } = image(&dir, 12 * 512 + 4096).open().unwrap();
    assert_eq!(media.geometry().count(), Blocks(20));
    assert_eq!(identity.serial.unwrap(), Serial { text: "disk.img".into(), source: SerialSource::File });
    let (mut one, mut two) = (Vec::new(), Vec::new());
    let from = aligned(&mut one, 8192);
    from.fill(0x3C);
    assert_eq!(media.write(Lba(8), from).unwrap(), 12 * 512, "twelve blocks are left");
    media.flush().unwrap();
    let into = aligned(&mut two, 8192);
    assert_eq!(media.read(Lba(8), into).unwrap(), 12 * 512);
    assert!(into[..12 * 512].iter().all(|byte| *byte == 0x3C) && into[12 * 512..].iter().all(|byte| *byte == 0xA5));
    assert_eq!(media.write(Lba(20), from), Err(MediaError::Bad { errno: libc::ENOSPC }), "the file does not grow");
    assert_eq!(std::fs::metadata(dir.0.join("disk.img")).unwrap().len(), 20 * 512);
}

#[test]
fn a_file_is_open_once() {
    let dir = Scratch::new();
    let mut drive = image(&dir, 4096);
    let held = drive.open().unwrap();
    assert_eq!(drive.open().err(), Some(OpenError::Busy));
    drop(held);
    assert!(drive.open().is_ok());
}

#[test]
fn odd_sizes_missing_files_and_other_kinds_are_refused() {
    let dir = Scratch::new();
    assert_eq!(image(&dir, 1000).open().err(), Some(OpenError::Refused { errno: libc::EINVAL }));
    assert_eq!(FileDrive::new(dir.0.join("missing")).open().err(), Some(OpenError::Gone));
    assert_eq!(FileDrive::new("/dev/null").look().unwrap_err().raw_os_error(), Some(libc::ENOTBLK));
    assert_eq!(image(&dir, 4096).look().unwrap().identity.transport, Transport::File);
}

#[test]
fn transfers_of_a_queue_end_with_the_file_and_let_it_go() {
    let dir = Scratch::new();
    let mut drive = image(&dir, 3 * 4096);
    let Opened { mut media, .. } = drive.open().unwrap();
    let Some(mut queue) = media.queue(2, 8192) else {
        eprintln!("skipped: no ring, or a filesystem without O_DIRECT");
        return;
    };
    queue.buffer(1).fill(0x3C);
    queue.begin(1, Direction::Write, Lba(8), 8192).unwrap();
    assert_eq!(queue.finish(Duration::from_secs(30)), Some((1, Ok(8192))));
    assert_eq!(queue.begin(0, Direction::Write, Lba(16), 8192), Err(MediaError::Bad { errno: libc::ENOSPC }));
    drop(queue);
    drop(media);
    let bytes = std::fs::read(dir.0.join("disk.img")).unwrap();
    assert_eq!((&bytes[..4096], &bytes[4096..]), (&[0; 4096][..], &[0x3C; 8192][..]));
    assert!(drive.open().is_ok());
}
