use super::*;
use crate::sysfs::tests::{Loop, Scratch};
use purgeproof_core::drive::Direction;
use purgeproof_core::units::Blocks;
use std::process::Command;

#[test]
fn errors_of_a_missing_drive_are_not_errors_of_its_blocks() {
    let there = |errno| classify(errno, || true);
    assert_eq!(there(libc::EIO), MediaError::Bad { errno: libc::EIO });
    assert_eq!(there(libc::ENODATA), MediaError::Bad { errno: libc::ENODATA });
    for errno in [libc::ENODEV, libc::ENXIO, libc::ENOMEDIUM, libc::ESHUTDOWN] {
        assert_eq!(there(errno), MediaError::Gone { errno });
    }
    assert_eq!(classify(libc::EIO, || false), MediaError::Gone { errno: libc::EIO });
}

#[test]
fn refusals_to_open_are_told_apart() {
    assert_eq!(refusal(Errno::ENOENT), OpenError::Gone);
    assert_eq!(refusal(Errno::EBUSY), OpenError::Busy);
    assert_eq!(refusal(Errno::EROFS), OpenError::Refused { errno: 30 });
}

#[test]
fn an_interrupted_call_is_made_again() {
    let mut calls = 0;
    let result = again(|| {
        calls += 1;
        if calls < 3 { Err(io::Error::from_raw_os_error(libc::EINTR)) } else { Ok(calls) }
    });
    assert_eq!(result.unwrap(), 3);
}

#[test]
fn what_is_no_block_device_is_refused() {
    let dir = Scratch::new();
    let path = dir.0.join("file");
    std::fs::write(&path, [0; 512]).unwrap();
    assert_eq!(BlockMedia::open(&path).err(), Some(Errno::ENOTBLK));
    assert_eq!(BlockMedia::open(&dir.0.join("missing")).err(), Some(Errno::ENOENT));
}

#[test]
fn a_loop_device_is_held_written_flushed_and_read_back() {
    let dir = Scratch::new();
    let image = dir.0.join("loop.img");
    File::create(&image).unwrap().set_len(1 << 20).unwrap();
    let Some(device) = Loop::over(&image) else {
        eprintln!("skipped: no loop device can be set up here (not root, or no losetup)");
        return;
    };
    let (mut media, _, identity) = BlockMedia::open(&device.0).unwrap();
    assert_eq!(BlockMedia::open(&device.0).err(), Some(Errno::EBUSY), "O_EXCL");
    assert_eq!((identity.capacity, media.geometry().count()), (Bytes(1 << 20), Blocks(2048)));
    let mut room = vec![0x5A; 8192];
    let start = room.as_ptr().align_offset(4096);
    let buffer = &mut room[start..start + 4096];
    assert_eq!(media.write(Lba(2040), buffer).unwrap(), 4096);
    media.flush().unwrap();
    assert_eq!(std::fs::read(&image).unwrap()[2040 * 512..], [0x5A; 4096]);
    buffer.fill(0xA5);
    assert_eq!(media.read(Lba(2040), buffer).unwrap(), 4096);
    assert_eq!(buffer, [0x5A; 4096]);
    assert!(media.is_there());
    assert!(matches!(media.write(Lba(2048), buffer), Err(MediaError::Bad { errno: libc::ENOSPC })), "beyond the end");
    media.sequence = media.sequence.map(|number| number + 1);
    assert!(media.sequence.is_none() || !media.is_there(), "another disk in the same place");
}

#[test]
fn the_end_that_a_pulled_disk_shows_is_no_short_read() {
    let dir = Scratch::new();
    let image = dir.0.join("loop.img");
    let file = File::create(&image).unwrap();
    file.set_len(1 << 20).unwrap();
    let Some(device) = Loop::over(&image) else {
        eprintln!("skipped: no loop device can be set up here (not root, or no losetup)");
        return;
    };
    let (mut media, ..) = BlockMedia::open(&device.0).unwrap();
    file.set_len(0).unwrap();
    // The kernel looks at the file again: the disk has the length 0 now, as one that was pulled.
    let shrunk = Command::new("losetup").arg("--set-capacity").arg(&device.0).status();
    assert!(shrunk.is_ok_and(|status| status.success()));
    let mut room = vec![0xA5; 8192];
    let start = room.as_ptr().align_offset(4096);
    let buffer = &mut room[start..start + 4096];
    assert_eq!(media.read(Lba(0), buffer), Err(MediaError::Gone { errno: libc::ENODEV }));
    assert_eq!(media.write(Lba(0), buffer), Err(MediaError::Gone { errno: libc::ENOSPC }));
    drop(media);
    assert_eq!(BlockMedia::open(&device.0).err(), Some(Errno::EINVAL));
}

#[test]
fn many_transfers_are_under_way_on_a_loop_device() {
    let dir = Scratch::new();
    let image = dir.0.join("loop.img");
    let file = File::create(&image).unwrap();
    file.set_len((1 << 20) + 512).unwrap();
    let Some(device) = Loop::over(&image) else {
        eprintln!("skipped: no loop device can be set up here (not root, or no losetup)");
        return;
    };
    let (mut media, ..) = BlockMedia::open(&device.0).unwrap();
    let long = Duration::from_secs(30);
    let Some(mut queue) = media.queue(8, 128 * 1024) else {
        eprintln!("skipped: this kernel allows no ring");
        return;
    };
    for slot in 0..8 {
        queue.buffer(slot).fill(u8::try_from(slot).unwrap() + 1);
        queue.begin(slot, Direction::Write, Lba(slot as u64 * 256), 128 * 1024).unwrap();
        assert!(queue.buffer(slot).is_empty(), "it is the kernel's now");
    }
    for _ in 0..8 {
        assert_eq!(queue.finish(long).unwrap().1, Ok(128 * 1024));
    }
    // The last block, alone.
    queue.buffer(3).fill(0xA5);
    queue.begin(3, Direction::Read, Lba(2048), 512).unwrap();
    assert_eq!(queue.finish(long), Some((3, Ok(512))));
    assert_eq!(queue.buffer(3)[..512], [0; 512]);
    assert_eq!(queue.begin(3, Direction::Write, Lba(2048), 1024), Err(MediaError::Bad { errno: libc::ENOSPC }));
    drop(queue);
    media.flush().unwrap();
    let bytes = std::fs::read(&image).unwrap();
    assert!(bytes.iter().take(1 << 20).zip(0..).all(|(byte, at)| usize::from(*byte) == at / (128 * 1024) + 1));

    // The disk has the length 0 now, as one that was pulled.
    file.set_len(0).unwrap();
    let shrunk = Command::new("losetup").arg("--set-capacity").arg(&device.0).status();
    assert!(shrunk.is_ok_and(|status| status.success()));
    let mut queue = media.queue(1, 4096).unwrap();
    queue.begin(0, Direction::Read, Lba(0), 4096).unwrap();
    assert_eq!(queue.finish(long), Some((0, Err(MediaError::Gone { errno: libc::ENODEV }))));
    drop(queue);
    drop(media);
    assert_eq!(BlockMedia::open(&device.0).err(), Some(Errno::EINVAL), "nobody else holds it any more");
}
