use super::*;
use crate::inventory::tests::found;
use crate::sysfs::tests::{Loop, Scratch};
use std::process::{Command, Stdio};

#[test]
fn the_stick_that_we_were_started_from_comes_first() {
    assert_eq!(Stick::find(&[found("/dev/sda")], None), None);
    let marked = |node: &str, id: &str| {
        let partition = Some(PathBuf::from(format!("{node}1")));
        Found { marked: partition, filesystems: vec![id.into()], ..found(node) }
    };
    assert_eq!(Stick::find(&[marked("/dev/pmem0", "1234-ABCD")], Some("1234-ABCD")), None, "memory of the firmware");
    let drives = [found("/dev/sda"), marked("/dev/sdb", "0000-0001"), marked("/dev/sdc", "1234-ABCD")];
    let found = |token| Stick::find(&drives, token).unwrap().partition;
    assert_eq!(found(Some("UUID=1234-abcd")), Path::new("/dev/sdc1"));
    assert_eq!(found(Some("UUID=9999-9999")), Path::new("/dev/sdb1"), "the stick that we came from is gone");
    assert_eq!(found(None), Path::new("/dev/sdb1"));
}

/// A FAT in a loop device, and a place to mount it; `None` where this process may not do that.
fn stick(dir: &Scratch, marker: bool) -> Option<(Loop, Stick)> {
    let (image, id) = (dir.0.join("stick.img"), dir.0.join(MARKER));
    fs::write(&id, "purgeproof stick v1 test\n").unwrap();
    File::create(&image).unwrap().set_len(2 << 20).unwrap();
    let run =
        |command: &mut Command| command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|s| s.success());
    let made = run(Command::new("/usr/sbin/mkfs.vfat").arg(&image))
        && (!marker || run(Command::new("mcopy").arg("-i").arg(&image).arg(&id).arg("::/")));
    let device = Loop::over(&image).filter(|_| made)?;
    let stick = Stick { partition: device.0.clone(), point: dir.0.join("point") };
    match stick.look(|_| Ok(())) {
        Err(
            ShelfError::Failed { errno: nix::libc::EPERM | nix::libc::ENODEV }
            | ShelfError::Vanished
            | ShelfError::WriteProtected { .. },
        ) => None,
        _ => Some((device, stick)),
    }
}

const SKIPPED: &str =
    "skipped: a FAT cannot be mounted here (not root, no loop device, no vfat, no mkfs.vfat or no mtools)";

#[test]
fn what_is_put_is_on_the_stick_after_it_was_unmounted() {
    let dir = Scratch::new();
    let Some((_device, mut stick)) = stick(&dir, true) else {
        eprintln!("{SKIPPED}");
        return;
    };
    let put = stick.with(|shelf| {
        shelf.put("certificates", "a-long-name-0001.cose", b"one")?;
        shelf.put("certificates", "a-long-name-0001.pdf", b"two")
    });
    assert_eq!(put, Ok(()));
    stick.append("journal", "j.jsonl", b"1\n").unwrap();
    stick.append("journal", "j.jsonl", b"2\n").unwrap();
    assert_eq!(stick.list("certificates").unwrap(), ["a-long-name-0001.cose", "a-long-name-0001.pdf"]);
    assert_eq!(stick.read("certificates", "a-long-name-0001.pdf").unwrap().unwrap(), b"two");
    assert_eq!(stick.read("journal", "j.jsonl").unwrap().unwrap(), b"1\n2\n");
    assert!(!is_mount_point(&stick.point).unwrap());
    assert_eq!(stick.put("", "big.bin", &vec![7; 3 << 20]), Err(ShelfError::Full));
    assert_eq!(stick.list("").unwrap(), [MARKER], "nothing of what did not fit");
    let mut session = Tenancy::begin(&stick.partition, &stick.point, MsFlags::empty()).unwrap();
    session.is_over = true;
    drop(session);
    assert_eq!(stick.list("").unwrap(), [MARKER], "a mount that a killed run left behind is no obstacle");
}

#[test]
fn a_stick_without_the_marker_is_never_written() {
    let dir = Scratch::new();
    let Some((device, mut stick)) = stick(&dir, false) else {
        eprintln!("{SKIPPED}");
        return;
    };
    assert_eq!(stick.put("certificates", "a.cose", b"one"), Err(ShelfError::NotOurs));
    assert!(!is_mount_point(&stick.point).unwrap());
    drop(device);
    assert_eq!(stick.put("certificates", "a.cose", b"one"), Err(ShelfError::Vanished));
}
