//! Where certificates go: a folder of named files that are there completely or not at all, and are read back before they count.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};
use nix::libc;
use zeroize::Zeroizing;

/// A place for files. Folders are given as `certificates` or `journal/2026`, the empty one is the top.
pub trait Shelf {
    /// Puts a file there, durably and readable, or fails. It takes the place of another of that name in one step: whenever the power
    /// goes, one of the two is there as a whole.
    ///
    /// # Errors
    /// [`ShelfError`]: the new file is not there, or not to be relied upon.
    fn put(&mut self, folder: &str, name: &str, bytes: &[u8]) -> Result<(), ShelfError>;

    /// Adds to the end of a file, durably, and makes it if it is missing.
    ///
    /// # Errors
    /// [`ShelfError`]: a part of the bytes may be there.
    fn append(&mut self, folder: &str, name: &str, bytes: &[u8]) -> Result<(), ShelfError>;

    /// The bytes of a file; `None` if there is none of that name.
    ///
    /// # Errors
    /// [`ShelfError`], if it is there but cannot be read.
    fn read(&mut self, folder: &str, name: &str) -> Result<Option<Vec<u8>>, ShelfError>;

    /// The names of the files in a folder, sorted; none if there is no such folder.
    ///
    /// # Errors
    /// [`ShelfError`], if the folder cannot be read.
    fn list(&mut self, folder: &str) -> Result<Vec<String>, ShelfError>;
}

/// Why a file could not be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShelfError {
    /// There is no stick of ours.
    Absent,
    /// It takes no writes.
    WriteProtected {
        /// The error number: `EROFS` (30) or `EACCES` (13).
        errno: i32,
    },
    /// No room is left.
    Full,
    /// It was unplugged.
    Vanished,
    /// What was mounted is not our partition: the marker file is not in it.
    NotOurs,
    /// The filesystem or the medium failed.
    Failed {
        /// The error number.
        errno: i32,
    },
    /// Other bytes came back than were written.
    Differs {
        /// The file.
        name: String,
    },
    /// Such a name cannot be used on every filesystem.
    BadName {
        /// The name.
        name: String,
    },
}

impl fmt::Display for ShelfError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("no PurgeProof stick is attached. Plug one in; what is to be written waits in memory"),
            Self::WriteProtected { errno } => write!(
                f,
                "it cannot be written (error {errno}): write-protected, not permitted, or made read-only by the kernel because its filesystem is damaged. Move the switch of the stick, or plug in another PurgeProof stick"
            ),
            Self::Full => f.write_str("no room is left for the file (error 28). Remove old files, or use another PurgeProof stick"),
            Self::Vanished => f.write_str("the stick was unplugged. Plug it in again; what is to be written waits in memory"),
            Self::NotOurs => f.write_str(
                "the filesystem has no PURGEPROOF.ID, so it is not ours and nothing was written. Plug in a PurgeProof stick",
            ),
            Self::Failed { errno } => write!(
                f,
                "the filesystem failed (error {errno}). Unplug the stick and plug it in again, or use another PurgeProof stick"
            ),
            Self::Differs { name } => write!(
                f,
                "{name} was written, but other bytes came back. The stick is broken: plug in another PurgeProof stick"
            ),
            Self::BadName { name } => write!(
                f,
                "{name:?} cannot be a file name on every system. Use letters, digits, \"-\", \"_\" and \".\""
            ),
        }
    }
}

impl std::error::Error for ShelfError {}

impl From<io::Error> for ShelfError {
    fn from(error: io::Error) -> Self {
        match error.raw_os_error().unwrap_or(libc::EIO) {
            libc::ENOSPC | libc::EDQUOT => Self::Full,
            errno @ (libc::EROFS | libc::EACCES | libc::EPERM) => Self::WriteProtected { errno },
            libc::ENODEV | libc::ENXIO | libc::ENOMEDIUM => Self::Vanished,
            errno => Self::Failed { errno },
        }
    }
}

/// A folder of this system, for a run on a workstation.
#[derive(Clone, Debug)]
pub struct FolderShelf {
    root: PathBuf,
}

/// A file that is being written has this at the end of its name; what a crash leaves behind is never taken for a file.
const UNFINISHED: &str = ".tmp";

impl FolderShelf {
    /// Files go below `root`, which is made if it is missing.
    ///
    /// # Errors
    /// [`ShelfError`], if it is missing and cannot be made.
    pub fn new(root: impl Into<PathBuf>) -> Result<Self, ShelfError> {
        let root = root.into();
        fs::create_dir_all(&root)?;
        Ok(Self { root })
    }

    /// Writes a file and moves it to its name, without reading it back.
    pub(crate) fn write(&self, folder: &str, name: &str, bytes: &[u8]) -> Result<(), ShelfError> {
        let path = self.path(folder, name)?;
        if fs::read(&path).map(Zeroizing::new).is_ok_and(|there| *there == bytes) {
            // What is there is left alone: moving a file over another is where FAT is weakest.
            return Ok(());
        }
        let directory = self.make(folder)?;
        let unfinished = directory.join(format!("{name}{UNFINISHED}"));
        let written =
            File::create(&unfinished).and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
        if let Err(error) = written {
            // A full stick keeps the part that fitted; the error to tell is the first one.
            let _ = fs::remove_file(&unfinished);
            return Err(error.into());
        }
        fs::rename(&unfinished, &path)?;
        Ok(sync(&directory)?)
    }

    /// Reads a file from the medium and compares.
    pub(crate) fn compare(&self, folder: &str, name: &str, bytes: &[u8]) -> Result<(), ShelfError> {
        let path = self.path(folder, name)?;
        // Pages that are clean go; on a filesystem in memory there is nothing below them, and this does nothing.
        posix_fadvise(File::open(&path)?, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED).map_err(io::Error::from)?;
        // It may be a key.
        let there = Zeroizing::new(fs::read(&path)?);
        if *there == bytes { Ok(()) } else { Err(ShelfError::Differs { name: name.to_owned() }) }
    }

    fn path(&self, folder: &str, name: &str) -> Result<PathBuf, ShelfError> {
        check(name)?;
        Ok(self.directory(folder)?.join(name))
    }

    fn directory(&self, folder: &str) -> Result<PathBuf, ShelfError> {
        folder.split('/').filter(|part| !part.is_empty()).try_fold(self.root.clone(), |path, part| {
            check(part)?;
            Ok(path.join(part))
        })
    }

    /// Makes the folders that are missing. Each is synced into the one above it.
    fn make(&self, folder: &str) -> Result<PathBuf, ShelfError> {
        let directory = self.directory(folder)?;
        let below: Vec<_> = directory.ancestors().take_while(|path| *path != self.root).collect();
        for path in below.into_iter().rev() {
            match fs::create_dir(path) {
                Ok(()) => sync(path.parent().unwrap_or(&self.root))?,
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(directory)
    }
}

impl Shelf for FolderShelf {
    fn put(&mut self, folder: &str, name: &str, bytes: &[u8]) -> Result<(), ShelfError> {
        self.write(folder, name, bytes)?;
        self.compare(folder, name, bytes)
    }

    fn append(&mut self, folder: &str, name: &str, bytes: &[u8]) -> Result<(), ShelfError> {
        let path = self.path(folder, name)?;
        let directory = self.make(folder)?;
        let is_new = !path.exists();
        let mut file = OpenOptions::new().append(true).create(true).open(&path)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        if is_new {
            sync(&directory)?;
        }
        Ok(())
    }

    fn read(&mut self, folder: &str, name: &str) -> Result<Option<Vec<u8>>, ShelfError> {
        match fs::read(self.path(folder, name)?) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn list(&mut self, folder: &str) -> Result<Vec<String>, ShelfError> {
        let entries = match fs::read_dir(self.directory(folder)?) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error.into()),
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry?;
            if let (true, Ok(name)) = (entry.file_type()?.is_file(), entry.file_name().into_string())
                && !name.ends_with(UNFINISHED)
            {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }
}

fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// A name that FAT, NTFS and every Unix filesystem take as it is (Microsoft, "Naming Files, Paths, and Namespaces").
fn check(name: &str) -> Result<(), ShelfError> {
    let devices = ["CON", "PRN", "AUX", "NUL", "COM", "LPT"];
    let stem = name.split('.').next().unwrap_or_default().to_ascii_uppercase();
    let is_device = devices.contains(&stem.trim_end_matches(|c: char| c.is_ascii_digit()));
    let is_good = (1..=100).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        && !name.starts_with('.')
        && !name.ends_with('.')
        && !name.to_ascii_lowercase().ends_with(UNFINISHED)
        && !is_device;
    if is_good { Ok(()) } else { Err(ShelfError::BadName { name: name.to_owned() }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sysfs::tests::Scratch;

    #[test]
    fn a_file_takes_the_place_of_another() {
        let dir = Scratch::new();
        let mut shelf = FolderShelf::new(dir.0.join("made/on/demand")).unwrap();
        shelf.put("certificates/2026", "a.pdf", b"one").unwrap();
        shelf.put("certificates/2026", "a.pdf", b"one").unwrap();
        shelf.put("certificates/2026", "b.pdf", b"one").unwrap();
        shelf.put("certificates/2026", "b.pdf", b"two").unwrap();
        assert_eq!(shelf.read("certificates/2026", "a.pdf").unwrap().unwrap(), b"one");
        assert_eq!(shelf.read("certificates/2026", "b.pdf").unwrap().unwrap(), b"two");
        assert_eq!(shelf.read("certificates", "a.pdf").unwrap(), None);
        assert!(FolderShelf::new("/dev/null/x").is_err());
    }

    #[test]
    fn a_journal_grows_and_what_a_crash_left_is_no_file() {
        let dir = Scratch::new();
        let mut shelf = FolderShelf::new(&dir.0).unwrap();
        shelf.append("journal", "j.jsonl", b"1\n").unwrap();
        shelf.append("journal", "j.jsonl", b"2\n").unwrap();
        fs::write(dir.0.join("journal/k.jsonl.tmp"), b"half").unwrap();
        assert_eq!(shelf.read("journal", "j.jsonl").unwrap().unwrap(), b"1\n2\n");
        assert_eq!(shelf.list("journal").unwrap(), ["j.jsonl"]);
        assert_eq!(shelf.list("nothing").unwrap(), [""; 0]);
        shelf.put("journal", "k.jsonl", b"whole").unwrap();
        assert_eq!(shelf.list("journal").unwrap(), ["j.jsonl", "k.jsonl"]);
    }

    #[test]
    fn names_that_some_system_does_not_take_are_refused() {
        let dir = Scratch::new();
        let mut shelf = FolderShelf::new(&dir.0).unwrap();
        for name in
            ["", ".", "..", "a/b", "a b", "a:b", "ü", ".hidden", "dot.", "nul.txt", "COM1", "x.TMP", &"x".repeat(101)]
        {
            assert_eq!(shelf.put("", name, b"x"), Err(ShelfError::BadName { name: name.into() }));
        }
        assert!(shelf.put("..", "x", b"x").is_err());
        assert!(shelf.put("", "S64NNF0R512345_2026-11-21.cose", b"x").is_ok());
    }

    #[test]
    fn what_came_back_otherwise_is_told() {
        let dir = Scratch::new();
        let shelf = FolderShelf::new(&dir.0).unwrap();
        shelf.write("", "a", b"one").unwrap();
        fs::write(dir.0.join("a"), b"two").unwrap();
        assert_eq!(shelf.compare("", "a", b"one"), Err(ShelfError::Differs { name: "a".into() }));
    }

    #[test]
    fn a_full_device_is_called_full() {
        // Linux: every write to /dev/full fails with ENOSPC.
        let error = fs::write("/dev/full", b"x").unwrap_err();
        assert_eq!(ShelfError::from(error), ShelfError::Full);
        assert_eq!(
            ShelfError::from(io::Error::from_raw_os_error(libc::EROFS)),
            ShelfError::WriteProtected { errno: 30 }
        );
        assert_eq!(ShelfError::from(io::Error::from_raw_os_error(libc::ENODEV)), ShelfError::Vanished);
        assert_eq!(ShelfError::from(io::Error::from_raw_os_error(libc::EIO)), ShelfError::Failed { errno: 5 });
    }
}
