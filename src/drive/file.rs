//! An image file or loop device as a drive: for a workstation, where nothing but that file may be erased.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg, PosixFadviseAdvice, posix_fadvise};
use nix::libc;
use purgeproof_core::drive::{
    Drive, Identity, Media, MediaError, Medium, OpenError, Opened, Queue, Serial, SerialSource, Transport,
};
use purgeproof_core::units::{BlockSize, Bytes, Geometry, Lba};
use purgeproof_sys::block;

use crate::block::{again, classify, errno, refusal};
use crate::inventory::Found;
use crate::probe::unasked;
use crate::queue::{self, Queued};

/// The major number of loop devices (Linux, admin-guide/devices.txt).
const LOOP: u64 = 7;

/// An image file or a loop device. Any other block device is refused: a real drive is never erased by its name.
#[derive(Clone, Debug)]
pub struct FileDrive {
    path: PathBuf,
}

impl FileDrive {
    /// The drive at a path.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The file as an inventory entry, without opening it for writing.
    ///
    /// # Errors
    /// If it cannot be opened, or is neither a regular file nor a loop device (`ENOTBLK`).
    pub fn look(&self) -> io::Result<Found> {
        let identity = identity(&self.path, &File::open(&self.path)?)?;
        Ok(Found {
            node: self.path.clone(),
            syspath: PathBuf::new(),
            exclusion: None,
            capabilities: unasked(Transport::File),
            driver: None,
            filesystems: Vec::new(),
            marked: None,
            paths: Vec::new(),
            identity,
        })
    }
}

impl Drive for FileDrive {
    fn open(&mut self) -> Result<Opened, OpenError> {
        let (file, cached) = open(&self.path).map_err(|error| refusal(errno(&error)))?;
        // flock(2): two runs over one file exclude each other, as O_EXCL does on a block device.
        let file = Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(_, errno)| refusal(errno))?;
        let identity = identity(&self.path, &file).map_err(|error| refusal(errno(&error)))?;
        let geometry = identity.geometry().ok_or(OpenError::Refused { errno: libc::EINVAL })?;
        Ok(Opened { media: Box::new(FileMedia { file, geometry, cached }), identity, firmware: None })
    }
}

/// Opens it past the page cache where its filesystem allows that, and says whether the cache is in between.
fn open(path: &Path) -> io::Result<(File, bool)> {
    let with = |flags| OpenOptions::new().read(true).write(true).custom_flags(flags | libc::O_CLOEXEC).open(path);
    let is_block = std::fs::metadata(path)?.file_type().is_block_device();
    let exclusive = if is_block { libc::O_EXCL } else { 0 };
    match with(exclusive | libc::O_DIRECT) {
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => Ok((with(exclusive)?, true)),
        file => Ok((file?, false)),
    }
}

fn identity(path: &Path, file: &File) -> io::Result<Identity> {
    let metadata = file.metadata()?;
    let kind = metadata.file_type();
    let (model, capacity) = if kind.is_file() {
        ("image file", metadata.len())
    } else if kind.is_block_device() && nix::sys::stat::major(metadata.rdev()) == LOOP {
        ("loop device", block::size(file)?)
    } else {
        return Err(Errno::ENOTBLK.into());
    };
    let name = path.file_name().map(OsStr::to_string_lossy).unwrap_or_default().into_owned();
    Ok(Identity {
        vendor: None,
        model: model.to_owned(),
        serial: Some(Serial { text: name, source: SerialSource::File }),
        wwn: None,
        firmware: None,
        capacity: Bytes(capacity),
        logical_block: BlockSize::B512,
        physical_block: BlockSize::B512,
        transport: Transport::File,
        medium: Medium::Unknown,
        link: None,
        simulated: false,
    })
}

/// The blocks of an open file.
#[derive(Debug)]
struct FileMedia {
    file: Flock<File>,
    geometry: Geometry,
    cached: bool,
}

impl FileMedia {
    fn failed(errno: Errno) -> MediaError {
        classify(errno as i32, || true)
    }

    /// How much of a transfer lies on the medium: a write beyond the end would make a file longer, where a disk refuses.
    fn within(&self, at: Lba, length: usize) -> Result<(u64, usize), MediaError> {
        let offset = self.geometry.offset(at);
        match usize::try_from(self.geometry.bytes().0.saturating_sub(offset)).unwrap_or(usize::MAX) {
            0 if length > 0 => Err(MediaError::Bad { errno: libc::ENOSPC }),
            left => Ok((offset, length.min(left))),
        }
    }
}

impl Queued for FileMedia {
    fn judged(&self, result: Result<usize, Errno>) -> Result<usize, MediaError> {
        result.map_err(Self::failed)
    }

    fn flushed(&self) -> Result<(), MediaError> {
        again(|| self.file.sync_data()).map_err(|error| Self::failed(errno(&error)))?;
        if self.cached {
            // What is read back shall come from below the page cache. On tmpfs there is nothing below, and this does nothing.
            posix_fadvise(&*self.file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED)
                .map_err(|errno| MediaError::Bad { errno: errno as i32 })?;
        }
        Ok(())
    }
}

impl Media for FileMedia {
    fn geometry(&self) -> Geometry {
        self.geometry
    }

    fn read(&mut self, at: Lba, into: &mut [u8]) -> Result<usize, MediaError> {
        let (offset, length) = self.within(at, into.len())?;
        let into = into.get_mut(..length).unwrap_or_default();
        again(|| self.file.read_at(into, offset)).map_err(|error| Self::failed(errno(&error)))
    }

    fn write(&mut self, at: Lba, from: &[u8]) -> Result<usize, MediaError> {
        let (offset, length) = self.within(at, from.len())?;
        let from = from.get(..length).unwrap_or_default();
        again(|| self.file.write_at(from, offset)).map_err(|error| Self::failed(errno(&error)))
    }

    fn flush(&mut self) -> Result<(), MediaError> {
        self.flushed()
    }

    fn queue(&mut self, slots: usize, length: usize) -> Option<Box<dyn Queue + '_>> {
        // Through the page cache nothing is under way but copies in memory.
        (!self.cached).then(|| queue::over(&*self.file, self.geometry, (slots, length), self)).flatten()
    }
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
