//! Our own stick: the partition that carries the marker file, mounted for as long as a write takes.
//!
//! # What counts as written
//! fsync(2) says that the kernel believes so. We want the stick's word: after the write the filesystem is unmounted, which drops its
//! files' pages; BLKFLSBUF drops the partition's own; and what a fresh read-only mount then reads comes over the bus. It is read by the
//! same filesystem code that the technician's computer has, so a directory that only we could follow would not pass either. A stick
//! that answers from its own cache cannot be told apart by anybody short of cutting its power.

use std::fs::{self, File};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use nix::errno::Errno;
use nix::libc::dev_t;
use purgeproof_sys::block;
use purgeproof_sys::mount::{Mount, Mounted, MsFlags, unmount};
use zeroize::Zeroizing;

use crate::examine::MARKER;
use crate::exclusion::{is_among, is_persistent_memory, medium_of};
use crate::inventory::Found;
use crate::mounted::node_number;
use crate::shelf::{FolderShelf, Shelf, ShelfError};

/// Where the partition is mounted while it is written.
const POINT: &str = "/run/purgeproof/stick";

/// The marked partition of a stick. One value, one user: there is only one place to mount it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stick {
    partition: PathBuf,
    point: PathBuf,
}

impl Stick {
    /// The stick that the boot loader's token (`UUID=1234-ABCD`) names, else any with our marker; `None` if there is none. An image that
    /// the firmware keeps in memory is none: what was written there would be lost with the machine's power.
    pub fn find(drives: &[Found], token: Option<&str>) -> Option<Self> {
        let medium = token.and_then(medium_of);
        let sticks = || drives.iter().filter(|drive| drive.marked.is_some() && !is_persistent_memory(drive.name()));
        let booted = sticks().find(|drive| medium.is_some_and(|medium| is_among(medium, &drive.filesystems)));
        let partition = booted.or_else(|| sticks().next())?.marked.clone()?;
        Some(Self { partition, point: PathBuf::from(POINT) })
    }

    /// The device node of the partition.
    pub fn partition(&self) -> &Path {
        &self.partition
    }

    /// Mounts the partition, lets `work` use it, unmounts it, and reads back everything that was put.
    ///
    /// # Errors
    /// The first one, of `work` or of ours. What was put before it may be there.
    pub fn with<T>(&mut self, work: impl FnOnce(&mut dyn Shelf) -> Result<T, ShelfError>) -> Result<T, ShelfError> {
        self.session(work).map_err(|error| self.explain(error))
    }

    fn session<T>(&self, work: impl FnOnce(&mut dyn Shelf) -> Result<T, ShelfError>) -> Result<T, ShelfError> {
        let session = Tenancy::begin(&self.partition, &self.point, MsFlags::empty())?;
        let mut shelf = Session { folder: FolderShelf::new(&self.point)?, put: Vec::new() };
        let result = work(&mut shelf)?;
        session.end()?;
        if !shelf.put.is_empty() {
            block::flush_buffers(File::open(&self.partition)?).map_err(failed)?;
            let session = Tenancy::begin(&self.partition, &self.point, MsFlags::MS_RDONLY)?;
            for (folder, name, bytes) in &shelf.put {
                shelf.folder.compare(folder, name, bytes)?;
            }
            session.end()?;
        }
        Ok(result)
    }

    /// The kernel calls many things EIO; whether the partition is still there tells whether the stick was pulled.
    fn explain(&self, error: ShelfError) -> ShelfError {
        let is_there = || node_number(&self.partition).is_some() && size(&self.partition) > 0;
        match error {
            ShelfError::Failed { .. } | ShelfError::WriteProtected { .. } if !is_there() => ShelfError::Vanished,
            error => error,
        }
    }

    /// Looks without writing.
    fn look<T>(&self, work: impl FnOnce(&mut FolderShelf) -> Result<T, ShelfError>) -> Result<T, ShelfError> {
        let session =
            Tenancy::begin(&self.partition, &self.point, MsFlags::MS_RDONLY).map_err(|error| self.explain(error))?;
        let result =
            FolderShelf::new(&self.point).and_then(|mut folder| work(&mut folder)).map_err(|error| self.explain(error));
        session.end()?;
        result
    }
}

impl Shelf for Stick {
    fn put(&mut self, folder: &str, name: &str, bytes: &[u8]) -> Result<(), ShelfError> {
        self.with(|shelf| shelf.put(folder, name, bytes))
    }

    fn append(&mut self, folder: &str, name: &str, bytes: &[u8]) -> Result<(), ShelfError> {
        self.with(|shelf| shelf.append(folder, name, bytes))
    }

    fn read(&mut self, folder: &str, name: &str) -> Result<Option<Vec<u8>>, ShelfError> {
        self.look(|shelf| shelf.read(folder, name))
    }

    fn list(&mut self, folder: &str) -> Result<Vec<String>, ShelfError> {
        self.look(|shelf| shelf.list(folder))
    }
}

/// The stick while it is mounted. What is put is read back when it is mounted afresh.
struct Session {
    folder: FolderShelf,
    put: Vec<(String, String, Zeroizing<Vec<u8>>)>,
}

impl Shelf for Session {
    fn put(&mut self, folder: &str, name: &str, bytes: &[u8]) -> Result<(), ShelfError> {
        self.folder.write(folder, name, bytes)?;
        self.put.push((folder.to_owned(), name.to_owned(), Zeroizing::new(bytes.to_owned())));
        Ok(())
    }

    fn append(&mut self, folder: &str, name: &str, bytes: &[u8]) -> Result<(), ShelfError> {
        self.folder.append(folder, name, bytes)
    }

    fn read(&mut self, folder: &str, name: &str) -> Result<Option<Vec<u8>>, ShelfError> {
        self.folder.read(folder, name)
    }

    fn list(&mut self, folder: &str) -> Result<Vec<String>, ShelfError> {
        self.folder.list(folder)
    }
}

/// The time for which our partition is mounted; it ends with the value at the latest.
struct Tenancy<'a> {
    point: &'a Path,
    is_over: bool,
    /// There is one mount point, and whoever looks at a stick that has just come must not unmount the one that is being written.
    _turn: MutexGuard<'static, ()>,
}

/// Whose turn it is to mount.
static TURN: Mutex<()> = Mutex::new(());

impl<'a> Tenancy<'a> {
    /// Mounts the partition and makes sure that it is ours.
    fn begin(partition: &Path, point: &'a Path, more: MsFlags) -> Result<Self, ShelfError> {
        // Whoever panicked with it has unmounted while unwinding.
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let number = node_number(partition).ok_or(ShelfError::Vanished)?;
        fs::DirBuilder::new().recursive(true).mode(0o700).create(point)?;
        // An earlier run that was killed may have left its mount behind.
        while is_mount_point(point)? {
            unmount(&text(point)).map_err(failed)?;
        }
        let mount = Mount {
            source: &text(partition),
            target: &text(point),
            kind: "vfat",
            flags: MsFlags::MS_NOEXEC | MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOATIME | more,
            options: "fmask=0177,dmask=0077",
        };
        match mount.mount().map_err(failed)? {
            Mounted::Now => {}
            // Somebody else has it mounted in another way, so what is below the point is not it.
            Mounted::Before => return Err(failed(Errno::EBUSY)),
        }
        let tenancy = Self { point, is_over: false, _turn: turn };
        tenancy.check(number)?;
        Ok(tenancy)
    }

    /// Whether what is below the mount point is the partition that was meant, with its marker: its name may be another disk's by now.
    fn check(&self, number: dev_t) -> Result<(), ShelfError> {
        let is_partition = fs::metadata(self.point)?.dev() == number;
        if is_partition && is_marked(self.point) { Ok(()) } else { Err(ShelfError::NotOurs) }
    }

    /// Writes everything out and unmounts, and says whether that went well.
    fn end(mut self) -> Result<(), ShelfError> {
        nix::unistd::syncfs(File::open(self.point)?).map_err(failed)?;
        self.is_over = true;
        unmount(&text(self.point)).map_err(failed)
    }
}

impl Drop for Tenancy<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            // An error is already on its way to the caller.
            let _ = unmount(&text(self.point));
        }
    }
}

/// Whether a folder has the marker file of a stick's data partition.
pub fn is_marked(folder: &Path) -> bool {
    fs::metadata(folder.join(MARKER)).is_ok_and(|file| file.is_file())
}

fn is_mount_point(path: &Path) -> Result<bool, ShelfError> {
    let above = path.parent().unwrap_or(path);
    Ok(fs::metadata(path)?.dev() != fs::metadata(above)?.dev())
}

fn size(partition: &Path) -> u64 {
    File::open(partition).ok().and_then(|file| block::size(file).ok()).unwrap_or(0)
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn failed(errno: Errno) -> ShelfError {
    std::io::Error::from(errno).into()
}

#[cfg(test)]
#[path = "stick_tests.rs"]
mod tests;
