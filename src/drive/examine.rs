//! What a disk carries, as far as it must be known before it may be erased: filesystems that a machine starts from, and our marker.
//!
//! A dying disk may take minutes to answer, or never answer. Each disk is read by a thread of its own; a scan waits for all of them
//! together and no longer than a deadline. What was found is remembered for as long as the same medium is in the same device.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use purgeproof_core::capability::Capabilities;
use purgeproof_core::units::Geometry;

use crate::fat::Volume;
use crate::sysfs::Node;

/// The file that marks a stick as ours.
pub(crate) const MARKER: &str = "PURGEPROOF.ID";

/// The label of the partition with our loaders, which stays when somebody formats the one with the marker.
const LOADERS: &str = "PPBOOT";

/// The label of the partition with Ventoy's loaders (its documentation, "Ventoy disk layout").
const VENTOY: &str = "VTOYEFI";

/// What the volumes of a disk say about whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Label {
    /// Our loaders.
    PurgeProof,
    /// Ventoy's.
    Ventoy,
}

/// What was found on a disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Contents {
    /// Identifiers of FAT and ISO 9660 filesystems, as GRUB prints them.
    pub(crate) filesystems: Vec<String>,
    /// The device node of the partition with our marker file.
    pub(crate) marked: Option<PathBuf>,
    /// Whose loaders it has, as far as a label tells.
    pub(crate) label: Option<Label>,
    /// What it can do; `None` if it was not asked, which our own sticks and disks in use never are.
    pub(crate) capabilities: Option<Capabilities>,
    /// Its blocks, where Linux gives it no size because it does not take their length.
    pub(crate) foreign: Option<Geometry>,
}

/// What a disk says when it is asked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    /// What it can do.
    pub(crate) capabilities: Option<Capabilities>,
    /// As in [`Contents`].
    pub(crate) foreign: Option<Geometry>,
}

/// How far the examination of a disk is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Examination {
    /// There is nothing to read, or it is of no use.
    Needless,
    /// The disk has not answered yet.
    Waiting,
    /// It is over. What could not be read is not there: a disk whose first block is lost is to be erased like any other.
    Done(Contents),
}

impl Examination {
    pub(crate) fn contents(&self) -> Option<&Contents> {
        match self {
            Self::Done(contents) => Some(contents),
            Self::Needless | Self::Waiting => None,
        }
    }
}

/// One medium in one device: the kernel gives the sequence number to no other (Linux 5.15; before that the size must do).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct MediumKey {
    pub(crate) syspath: PathBuf,
    pub(crate) sequence: Option<u64>,
    pub(crate) size: u64,
    /// Where its volumes start, in bytes, with their device nodes: the disk itself, for a stick without partitions, and each partition.
    pub(crate) volumes: Vec<(u64, PathBuf)>,
}

impl MediumKey {
    /// `node` is the disk's own.
    pub(crate) fn of(disk: &Node, node: &Path) -> Self {
        let partitions = disk.partitions().into_iter().filter_map(|partition| {
            let start = partition.number("start")?.checked_mul(512)?;
            Some((start, partition.device_node()?))
        });
        Self {
            volumes: [(0, node.to_owned())].into_iter().chain(partitions).collect(),
            syspath: disk.syspath.clone(),
            sequence: disk.number("diskseq"),
            size: disk.number("size").unwrap_or(0),
        }
    }
}

#[derive(Debug)]
enum State {
    Running {
        answer: Receiver<Contents>,
        /// One scan has waited for it in vain. The next ones only look: a disk that hangs must not make every scan late.
        is_late: bool,
    },
    Done(Contents),
    /// To be examined again. A disk that is erasing itself does not tell its size: until it does, its blocks are those that it had.
    Stale(Geometry),
}

/// The examinations of all disks.
#[derive(Debug, Default)]
pub(crate) struct Examinations(HashMap<MediumKey, State>);

impl Examinations {
    /// Begins to examine a disk that is new; `probe` asks it what it can do, unless it turns out to be a stick of ours.
    pub(crate) fn begin(&mut self, key: &MediumKey, node: PathBuf, probe: impl FnOnce() -> Told + Send + 'static) {
        let known = match self.0.get(key) {
            Some(State::Running { .. } | State::Done(_)) => return,
            Some(State::Stale(geometry)) => Some(*geometry),
            None => None,
        };
        let (sender, answer) = channel();
        let (volumes, is_readable) = (key.volumes.clone(), key.size > 0);
        // Nobody waits for the thread: one that hangs in the kernel could not be ended by anybody.
        let spawned = thread::Builder::new().name("examine".to_owned()).spawn(move || {
            let mut contents = Contents::default();
            if is_readable {
                // A disk that cannot even be opened gives no answer, so that it is asked again and not offered until then.
                let Ok(disk) = File::open(&node) else { return };
                contents = examine(&disk, &volumes);
            }
            if contents.marked.is_none() && contents.label.is_none() {
                let told = probe();
                (contents.capabilities, contents.foreign) = (told.capabilities, told.foreign.or(known));
            }
            let _ = sender.send(contents);
        });
        // Without a thread the sender is gone, which `answer` takes for one that gave no answer.
        drop(spawned);
        self.0.insert(key.clone(), State::Running { answer, is_late: false });
    }

    /// Forgets what it knows, so that every disk is examined anew; those that have not answered yet are still waited for.
    pub(crate) fn forget(&mut self) {
        self.0.retain(|_, state| {
            if let State::Done(Contents { foreign: Some(geometry), .. }) = state {
                *state = State::Stale(*geometry);
            }
            !matches!(state, State::Done(_))
        });
    }

    /// Forgets what is no longer there.
    pub(crate) fn retain(&mut self, is_present: impl Fn(&MediumKey) -> bool) {
        self.0.retain(|key, _| is_present(key));
    }

    /// What is known, waiting for a new disk until `deadline` at the latest.
    pub(crate) fn answer(&mut self, key: &MediumKey, deadline: Instant) -> Examination {
        let Some(state) = self.0.get_mut(key) else { return Examination::Needless };
        if let State::Running { answer, is_late } = state {
            let patience = if *is_late { Duration::ZERO } else { deadline.saturating_duration_since(Instant::now()) };
            match answer.recv_timeout(patience) {
                Ok(contents) => *state = State::Done(contents),
                Err(RecvTimeoutError::Timeout) => *is_late = true,
                // The thread ended without an answer: the next scan tries again.
                Err(RecvTimeoutError::Disconnected) => drop(self.0.remove(key)),
            }
        }
        match self.0.get(key) {
            Some(State::Done(contents)) => Examination::Done(contents.clone()),
            _ => Examination::Waiting,
        }
    }
}

fn examine(disk: &File, volumes: &[(u64, PathBuf)]) -> Contents {
    let mut contents = Contents::default();
    for (start, volume) in volumes {
        // An unreadable volume is none that we, or this machine, could have been started from.
        if let Ok(Some(fat)) = fat(disk, *start) {
            contents.filesystems.push(fat.id());
            let labels = [(LOADERS, Label::PurgeProof), (VENTOY, Label::Ventoy)];
            let label = labels.into_iter().find(|(label, _)| fat.is_labelled(label)).map(|(_, whose)| whose);
            contents.label = contents.label.or(label);
            let mut read = |at: u64, into: &mut [u8]| read_at(disk, start.checked_add(at), into);
            if contents.marked.is_none() && fat.has_file(MARKER, &mut read).unwrap_or(false) {
                contents.marked = Some(volume.clone());
            }
        }
        contents.filesystems.extend(iso9660(disk, *start).unwrap_or_default());
    }
    contents
}

fn fat(disk: &File, start: u64) -> io::Result<Option<Volume>> {
    let mut sector = [0; 512];
    read_at(disk, Some(start), &mut sector)?;
    Ok(Volume::parse(&sector))
}

/// The modification time of the volume, which GRUB takes for the identifier of an ISO 9660 filesystem: an image of that kind may have
/// been written to a stick.
///
/// ECMA-119 §8.4: the Primary Volume Descriptor is in sector 16 (of 2048 bytes), type 1, "CD001", the date in bytes 831 to 847.
fn iso9660(disk: &File, start: u64) -> io::Result<Option<String>> {
    let mut descriptor = [0; 2048];
    read_at(disk, start.checked_add(16 * 2048), &mut descriptor)?;
    let digits = descriptor.get(830..846).unwrap_or_default();
    if !descriptor.starts_with(b"\x01CD001") || !digits.iter().all(u8::is_ascii_digit) {
        return Ok(None);
    }
    let digits = String::from_utf8_lossy(digits);
    let parts = [0..4, 4..6, 6..8, 8..10, 10..12, 12..14, 14..16].map(|range| digits.get(range).unwrap_or_default());
    Ok(Some(parts.join("-")))
}

/// A stick that was just plugged in may fail once: taken for unreadable, it would be offered for erasure.
fn read_at(disk: &File, at: Option<u64>, into: &mut [u8]) -> io::Result<()> {
    let at = at.ok_or(io::ErrorKind::InvalidData)?;
    let mut last = disk.read_exact_at(into, at);
    for _ in 0..RETRIES {
        // Only the kernel's errors have a number: the end of the disk stays where it is.
        if last.as_ref().err().is_none_or(|error| error.raw_os_error().is_none()) {
            break;
        }
        thread::sleep(PAUSE);
        last = disk.read_exact_at(into, at);
    }
    last
}

const RETRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(200);

/// How long a scan waits for all new disks together. A disk that is spinning up answers at a later scan.
pub(crate) const PATIENCE: Duration = Duration::from_millis(1500);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sysfs::tests::Scratch;
    use purgeproof_core::units::{BlockSize, Blocks};

    fn key(sequence: u64) -> MediumKey {
        let volumes = vec![(0, PathBuf::from("/dev/sdx")), (1 << 20, PathBuf::from("/dev/sdx1"))];
        MediumKey { syspath: PathBuf::from("/sys/x"), sequence: Some(sequence), size: 1, volumes }
    }

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(30)
    }

    /// A disk with an ISO 9660 filesystem from its start and a FAT with the marker in a partition from 1 MiB on.
    fn disk(dir: &Scratch) -> PathBuf {
        let mut image = vec![0; (1 << 20) + 60_000];
        image[32768..32774].copy_from_slice(b"\x01CD001");
        image[32768 + 830..32768 + 846].copy_from_slice(b"2026112110203040");
        let volume = &mut image[1 << 20..];
        volume[11..24].copy_from_slice(&[0x00, 0x02, 0x04, 0x04, 0x00, 0x02, 0x00, 0x02, 0x00, 0x80, 0xF8, 0x20, 0x00]);
        volume[39..43].copy_from_slice(&[0xCD, 0xAB, 0x34, 0x12]);
        volume[510..512].copy_from_slice(&[0x55, 0xAA]);
        // A root entry has room for eight characters, so the marker has a long name before it.
        volume[34816..34848].copy_from_slice(b"AP\0U\0R\0G\0E\0\x0F\0\0P\0R\0O\0O\0F\0.\0\0\0I\0D\0");
        volume[34848..34860].copy_from_slice(b"PURGEP~1ID \x20");
        let path = dir.0.join("disk.img");
        std::fs::write(&path, image).unwrap();
        path
    }

    #[test]
    fn finds_what_a_machine_starts_from_and_our_marker() {
        let dir = Scratch::new();
        let path = disk(&dir);
        let mut all = Examinations::default();
        all.begin(&key(1), path, || panic!("a stick of ours is asked for nothing"));
        let expected = Contents {
            filesystems: vec!["2026-11-21-10-20-30-40".into(), "1234-ABCD".into()],
            marked: Some(PathBuf::from("/dev/sdx1")),
            ..Contents::default()
        };
        assert_eq!(all.answer(&key(1), soon()), Examination::Done(expected.clone()));
        assert_eq!(all.answer(&key(1), Instant::now()), Examination::Done(expected), "remembered");
        assert_eq!(all.answer(&key(2), soon()), Examination::Needless, "another medium");
        all.retain(|_| false);
        assert_eq!(all.answer(&key(1), soon()), Examination::Needless, "forgotten");
    }

    #[test]
    fn a_disk_that_does_not_answer_delays_nobody() {
        let dir = Scratch::new();
        let pipe = dir.0.join("pipe");
        // Nobody writes to the pipe: opening it blocks for ever.
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        let mut all = Examinations::default();
        all.begin(&key(1), pipe, Told::default);
        let empty = dir.0.join("empty");
        std::fs::write(&empty, vec![0; 100_000]).unwrap();
        let capabilities = Capabilities { encrypts_all: true, ..Capabilities::default() };
        let told = capabilities.clone();
        all.begin(&key(2), empty, || Told { capabilities: Some(told), foreign: None });
        all.begin(&key(3), dir.0.join("missing"), Told::default);
        assert_eq!(all.answer(&key(1), Instant::now()), Examination::Waiting);
        let began = Instant::now();
        assert_eq!(all.answer(&key(1), soon()), Examination::Waiting, "known to be late");
        assert!(began.elapsed() < Duration::from_secs(20));
        let contents = Contents { capabilities: Some(capabilities), ..Contents::default() };
        assert_eq!(all.answer(&key(2), soon()), Examination::Done(contents));
        all.forget();
        assert_eq!(all.answer(&key(2), soon()), Examination::Needless, "to be examined anew");
        assert_eq!(all.answer(&key(3), soon()), Examination::Waiting, "not opened is not examined");
    }
    #[test]
    fn a_disk_that_linux_gives_no_size_is_asked_and_not_read() {
        let geometry = Geometry::new(BlockSize::new(520).unwrap(), Blocks(2016)).unwrap();
        let foreign = |foreign| Examination::Done(Contents { foreign, ..Contents::default() });
        let key = MediumKey { size: 0, ..key(1) };
        let nowhere = || PathBuf::from("no-node/sdx");
        let mut all = Examinations::default();
        all.begin(&key, nowhere(), Told::default);
        assert_eq!(all.answer(&key, soon()), foreign(None), "an empty drive for media: not asked again and again");
        all.forget();
        all.begin(&key, nowhere(), move || Told { foreign: Some(geometry), ..Told::default() });
        assert_eq!(all.answer(&key, soon()), foreign(Some(geometry)));
        all.forget();
        all.begin(&key, nowhere(), Told::default);
        assert_eq!(all.answer(&key, soon()), foreign(Some(geometry)), "busy with a sanitize, and still who it was");
    }
}
