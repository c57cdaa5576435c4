//! Rings over files and pipes.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use super::*;

const LONG: Duration = Duration::from_secs(10);

/// A file that is gone when the test ends.
struct Scratch(PathBuf, File);

impl Scratch {
    fn new(name: &str, length: u64) -> Self {
        let path = std::env::temp_dir().join(format!("purgeproof-ring-{name}-{}", std::process::id()));
        let open = |flags| {
            OpenOptions::new().read(true).write(true).create(true).truncate(true).custom_flags(flags).open(&path)
        };
        // Some filesystems do not know O_DIRECT.
        let file = open(libc::O_DIRECT).or_else(|_| open(0)).unwrap();
        file.set_len(length).unwrap();
        Self(path, file)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// A ring, or the reason why there can be none.
fn ring(file: &impl AsFd, slots: usize, length: usize) -> Option<Ring> {
    match Ring::new(file, slots, length) {
        Err(errno @ (Errno::ENOSYS | Errno::EPERM | Errno::ENOMEM)) => {
            eprintln!("skipped: this kernel allows no ring ({errno})");
            None
        }
        ring => Some(ring.unwrap()),
    }
}

#[test]
fn what_is_written_by_many_slots_is_read_back_by_others() {
    let scratch = Scratch::new("many", 8 * 4096);
    let Some(mut ring) = ring(&scratch.1, 4, 4096) else { return };
    assert_eq!(ring.slots(), 4);
    for round in 0..2 {
        for slot in 0..4 {
            let number = round * 4 + slot;
            assert_eq!(ring.buffer(slot).as_ptr().addr() % 4096, 0);
            ring.buffer(slot).fill(u8::try_from(number).unwrap() + 1);
            ring.begin(slot, Direction::Write, number as u64 * 4096, 4096).unwrap();
        }
        for _ in 0..4 {
            assert_eq!(ring.wait(LONG).unwrap().1, Ok(4096));
        }
    }
    let mut places = BTreeMap::new();
    for slot in 0..4 {
        ring.buffer(slot).fill(0xA5);
        places.insert(slot, 7 - slot);
        ring.begin(slot, Direction::Read, (7 - slot as u64) * 4096, 4096).unwrap();
    }
    while !places.is_empty() {
        let (slot, count) = ring.wait(LONG).unwrap();
        assert_eq!(count, Ok(4096));
        let number = u8::try_from(places.remove(&slot).unwrap()).unwrap();
        assert_eq!(ring.buffer(slot), [number + 1; 4096]);
    }
    drop(ring);
    assert_eq!(fs::read(&scratch.0).unwrap()[3 * 4096], 4);
}

#[test]
fn a_read_at_the_end_is_short() {
    let scratch = Scratch::new("short", 4096 + 512);
    let Some(mut ring) = ring(&scratch.1, 1, 8192) else { return };
    ring.buffer(0).fill(0xA5);
    ring.begin(0, Direction::Read, 0, 8192).unwrap();
    assert_eq!(ring.wait(LONG), Some((0, Ok(4608))));
    assert_eq!(ring.buffer(0)[..4608], [0; 4608]);
}

#[test]
fn errors_are_those_of_the_kernel() {
    let scratch = Scratch::new("error", 4096);
    let file = File::open(&scratch.0).unwrap();
    let Some(mut ring) = ring(&file, 1, 4096) else { return };
    ring.begin(0, Direction::Write, 0, 4096).unwrap();
    assert_eq!(ring.wait(LONG), Some((0, Err(Errno::EBADF))), "the file is open for reading only");
    assert_eq!(ring.begin(0, Direction::Read, 0, 4097), Err(Errno::EINVAL));
    assert_eq!(ring.begin(1, Direction::Read, 0, 1), Err(Errno::EINVAL));
    assert_eq!(ring.buffer(1), []);
    assert_eq!(Ring::new(&file, 0, 4096).err(), Some(Errno::EINVAL));
    assert_eq!(Ring::new(&file, 1, 0).err(), Some(Errno::EINVAL));
    assert_eq!(Ring::new(&file, 2, usize::MAX / 2).err(), Some(Errno::EINVAL));
}

#[test]
fn a_request_without_an_answer_keeps_its_memory_and_holds_nobody_up() {
    // Nobody writes into this pipe: a read from it hangs as one from a sick drive does.
    let (reader, _writer) = nix::unistd::pipe().unwrap();
    let Some(mut ring) = ring(&reader, 2, 4096) else { return };
    ring.begin(1, Direction::Read, 0, 4096).unwrap();
    assert_eq!(ring.wait(Duration::from_millis(20)), None);
    assert_eq!((ring.buffer(1).len(), ring.buffer(0).len()), (0, 4096));
    assert_eq!(ring.begin(1, Direction::Read, 0, 4096), Err(Errno::EBUSY));
    let before = Instant::now();
    drop(ring);
    let took = before.elapsed();
    assert!((DRAIN..DRAIN * 10).contains(&took), "{took:?}");
}

#[test]
fn the_file_is_let_go_when_the_ring_is() {
    let (reader, writer) = nix::unistd::pipe().unwrap();
    let Some(ring) = ring(&reader, 2, 4096) else { return };
    drop(ring);
    drop(reader);
    // With the last reader gone a write fails; SIGPIPE is ignored in Rust's programs.
    assert_eq!(nix::unistd::write(&writer, &[0]), Err(Errno::EPIPE));
}
