//! A block device as a drive to be erased: exclusive, past the page cache, and identified through the handle that will write.
//!
//! A disk whose blocks Linux does not take has no size there: its blocks are read and written by SCSI commands, through the same handle.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::libc::{self, dev_t};
use purgeproof_core::drive::{Drive, Identity, Media, MediaError, OpenError, Opened, Queue};
use purgeproof_core::units::{BlockSize, Bytes, Geometry, Lba};
use purgeproof_sys::block;

use crate::Psid;
use crate::channel::SgChannel;
use crate::exclusion::may_be_foreign;
use crate::identity::with_geometry;
use crate::inventory::{Found, identify, node_of};
use crate::probe;
use crate::queue::{self, Queued};
use crate::scsi::{self, ScsiMedia};
use crate::sysfs::Chain;

/// A disk by the name that it had at the last scan. [`Drive::open`] says who bears that name now.
#[derive(Clone, Debug)]
pub struct BlockDrive {
    node: PathBuf,
    identity: Identity,
    psid: Option<Psid>,
    /// The size that it had when it was opened last.
    size: Option<Bytes>,
}

impl BlockDrive {
    /// The drive of this inventory entry, with the PSID from its label if there is one to be used.
    pub fn new(found: &Found, psid: Option<Psid>) -> Self {
        Self { node: found.node.clone(), identity: found.identity.clone(), psid, size: None }
    }
}

impl Drive for BlockDrive {
    fn open(&mut self) -> Result<Opened, OpenError> {
        let (media, chain, identity) = match self.size {
            None => self.patiently()?,
            Some(size) => self.again(size)?,
        };
        self.size = Some(identity.capacity);
        let firmware = probe::firmware(&chain, &identity, &media.file, self.psid.clone());
        Ok(Opened { media: media.accessible(&chain).map_err(refusal)?, identity, firmware })
    }
}

impl BlockDrive {
    /// A scan that asks the disk what it can do holds it for a moment.
    fn patiently(&self) -> Result<(BlockMedia, Chain, Identity), OpenError> {
        let until = Instant::now() + PATIENCE;
        loop {
            match BlockMedia::open(&self.node) {
                Err(Errno::EBUSY) if Instant::now() < until => thread::sleep(PAUSE),
                opened => return opened.map_err(refusal),
            }
        }
    }
}

impl BlockDrive {
    /// Opens it once more, after hidden areas of it were opened. The kernel takes a disk of another size for another disk: it goes and
    /// comes back under a name that may be another one, so it is looked for by what it says of itself.
    fn again(&mut self, before: Bytes) -> Result<(BlockMedia, Chain, Identity), OpenError> {
        let until = Instant::now() + RETURN;
        while Instant::now() < until {
            if let Some(node) = node_of(&self.identity) {
                self.node = node;
                if let Ok(opened) = BlockMedia::open(&self.node)
                    && opened.2.capacity != before
                {
                    return Ok(opened);
                }
            }
            thread::sleep(PAUSE * 10);
        }
        self.patiently()
    }
}

/// How long a disk may take to come back after its size was changed.
const RETURN: Duration = Duration::from_secs(20);
const PATIENCE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(20);

/// The blocks of an open disk.
#[derive(Debug)]
pub struct BlockMedia {
    file: File,
    number: dev_t,
    sequence: Option<u64>,
    geometry: Geometry,
    /// Linux does not take the length of its blocks.
    is_foreign: bool,
}

impl BlockMedia {
    fn open(node: &Path) -> Result<(Self, Chain, Identity), Errno> {
        // O_EXCL without O_CREAT, on a block device: EBUSY while it is mounted, swapped to or part of something (open(2)).
        let flags = libc::O_EXCL | libc::O_DIRECT | libc::O_CLOEXEC;
        let file =
            OpenOptions::new().read(true).write(true).custom_flags(flags).open(node).map_err(|error| errno(&error))?;
        let metadata = file.metadata().map_err(|error| errno(&error))?;
        if !metadata.file_type().is_block_device() {
            return Err(Errno::ENOTBLK);
        }
        let number = metadata.rdev();
        let (chain, identity) = identify(number).map_err(|error| errno(&error))?;
        let sequence = sequence(&file, &chain)?;
        if block::is_read_only(&file)? {
            return Err(Errno::EROFS);
        }
        // What the handle says is what will be written to; sysfs may lag behind a change of the medium.
        let identity = Identity {
            capacity: Bytes(block::size(&file)?),
            logical_block: BlockSize::new(block::logical_block(&file)?).ok_or(Errno::EINVAL)?,
            ..identity
        };
        let foreign = if may_be_foreign(&chain, &identity) { probe::foreign(&file) } else { None };
        let identity = match foreign {
            Some(geometry) => with_geometry(identity, geometry),
            None => identity,
        };
        let geometry = identity.geometry().ok_or(Errno::EINVAL)?;
        Ok((Self { file, number, sequence, geometry, is_foreign: foreign.is_some() }, chain, identity))
    }

    /// The blocks by the way that leads to them.
    fn accessible(self, chain: &Chain) -> Result<Box<dyn Media>, Errno> {
        if !self.is_foreign {
            return Ok(Box::new(self));
        }
        let channel = SgChannel::new(self.file.try_clone().map_err(|error| errno(&error))?, None);
        let geometry = self.geometry;
        Ok(Box::new(ScsiMedia::new(channel, geometry, longest(chain), move || self.is_there())))
    }

    /// Whether the disk that was opened is still attached and working.
    fn is_there(&self) -> bool {
        let same = identify(self.number).is_ok_and(|(chain, _)| {
            (self.sequence.is_none() || chain.disk.number("diskseq") == self.sequence) && !is_given_up(&chain)
        });
        same && (self.is_foreign || block::size(&self.file).is_ok_and(|size| size > 0))
    }

    /// A disk that was pulled has the length 0: Linux then ends every read at once, as at the end of a file, without an error.
    fn moved(&self, count: usize) -> Result<usize, MediaError> {
        if count == 0 && !self.is_there() { Err(MediaError::Gone { errno: libc::ENODEV }) } else { Ok(count) }
    }

    fn failed(&self, errno: Errno) -> MediaError {
        classify(errno as i32, || self.is_there())
    }
}

impl Queued for BlockMedia {
    fn judged(&self, result: Result<usize, Errno>) -> Result<usize, MediaError> {
        self.moved(result.map_err(|errno| self.failed(errno))?)
    }

    fn flushed(&self) -> Result<(), MediaError> {
        // On a block device fdatasync(2) sends the drive a flush command and waits for it.
        again(|| self.file.sync_data()).map_err(|error| self.failed(errno(&error)))?;
        match block::flush_buffers(&self.file) {
            // Dropping the page cache takes CAP_SYS_ADMIN. O_DIRECT reads past it anyway: then nothing is lost.
            Ok(()) | Err(Errno::EACCES | Errno::EPERM) => Ok(()),
            Err(errno) => Err(self.failed(errno)),
        }
    }
}

impl Media for BlockMedia {
    fn geometry(&self) -> Geometry {
        self.geometry
    }

    fn read(&mut self, at: Lba, into: &mut [u8]) -> Result<usize, MediaError> {
        let offset = self.geometry.offset(at);
        self.judged(again(|| self.file.read_at(into, offset)).map_err(|error| errno(&error)))
    }

    fn write(&mut self, at: Lba, from: &[u8]) -> Result<usize, MediaError> {
        let offset = self.geometry.offset(at);
        self.judged(again(|| self.file.write_at(from, offset)).map_err(|error| errno(&error)))
    }

    fn flush(&mut self) -> Result<(), MediaError> {
        self.flushed()
    }

    fn queue(&mut self, slots: usize, length: usize) -> Option<Box<dyn Queue + '_>> {
        queue::over(&self.file, self.geometry, (slots, length), self)
    }
}

/// The number that no other disk has had, asked of the handle and of sysfs: the disk that was identified is the disk that was opened.
fn sequence(file: impl AsFd, chain: &Chain) -> Result<Option<u64>, Errno> {
    let told = chain.disk.number("diskseq");
    match block::disk_sequence(file) {
        Ok(number) if told.is_none_or(|told| told == number) => Ok(Some(number).filter(|_| told.is_some())),
        Ok(_) => Err(Errno::ENODEV),
        // Linux before 5.15 has no such number.
        Err(Errno::ENOTTY | Errno::EINVAL) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// The most bytes of a SCSI command that the host adapter takes, in memory whose pages may lie anywhere.
fn longest(chain: &Chain) -> u32 {
    const PAGE: u64 = 4096;
    let limit = |attribute: &str| chain.disk.number(attribute);
    let segments = limit("queue/max_segments").map(|segments| segments.saturating_sub(1).saturating_mul(PAGE));
    let bytes = limit("queue/max_hw_sectors_kb").map(|kilobytes| kilobytes.saturating_mul(1024));
    let least = segments.into_iter().chain(bytes).min().unwrap_or(scsi::LONGEST.into());
    u32::try_from(least).unwrap_or(scsi::LONGEST)
}

/// The kernel keeps a disk that it gave up as a name: every transfer fails, and the errors say nothing about its blocks.
fn is_given_up(chain: &Chain) -> bool {
    chain.nearest(&["scsi", "nvme"]).and_then(|device| device.text("state")).is_some_and(|state| {
        matches!(
            state.as_str(),
            "offline" | "transport-offline" | "cancel" | "deleted" | "dead" | "deleting" | "deleting (no IO)"
        )
    })
}

/// What the error number of a transfer means for the drive. `is_there` is asked only where the number leaves it open.
pub(crate) fn classify(errno: i32, is_there: impl FnOnce() -> bool) -> MediaError {
    match errno {
        libc::ENODEV | libc::ENXIO | libc::ENOMEDIUM | libc::ESHUTDOWN => MediaError::Gone { errno },
        // The kernel says EIO both of a bad block and of a cable that was pulled.
        _ if is_there() => MediaError::Bad { errno },
        _ => MediaError::Gone { errno },
    }
}

/// Why open(2) or what follows it failed, for the job.
pub(crate) fn refusal(errno: Errno) -> OpenError {
    match errno {
        Errno::ENOENT | Errno::ENODEV | Errno::ENXIO | Errno::ENOMEDIUM => OpenError::Gone,
        Errno::EBUSY | Errno::EWOULDBLOCK => OpenError::Busy,
        errno => OpenError::Refused { errno: errno as i32 },
    }
}

/// Runs a system call again as long as a signal interrupts it.
pub(crate) fn again<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

pub(crate) fn errno(error: &io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO))
}

#[cfg(test)]
#[path = "block_tests.rs"]
mod tests;
