//! A stick in the office: the folder where its data partition is mounted, or the folder for records of a workstation.

use std::path::{Path, PathBuf};

use purgeproof_certificate::{Certificate, Key, sequence};
use purgeproof_drive::layout::{KEYS, LOGS, STICK_KEY, WHOSE};
use purgeproof_drive::shelf::{FolderShelf, Shelf, ShelfError};
use purgeproof_drive::stick::is_marked;
use zeroize::Zeroizing;

use crate::fresh;

/// The folder.
pub(super) struct StickFolder {
    path: PathBuf,
    shelf: FolderShelf,
}

impl StickFolder {
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        let is_one = path.is_dir() && (is_marked(path) || path.join(KEYS).join(STICK_KEY).is_file());
        if !is_one {
            return Err(format!(
                "{} is no stick: it has neither PURGEPROOF.ID nor {KEYS}/{STICK_KEY}. Mount the stick's data partition PPDATA and name the folder.",
                path.display()
            ));
        }
        let shelf = FolderShelf::new(path).map_err(|error| format!("{}: {error}.", path.display()))?;
        Ok(Self { path: path.to_owned(), shelf })
    }

    fn failed(&self, error: &ShelfError) -> String {
        format!("{}: {error}.", self.path.display())
    }

    /// The stick's key, if it has one.
    pub(super) fn key(&mut self) -> Result<Option<Key>, String> {
        let Some(file) = self.shelf.read(KEYS, STICK_KEY).map_err(|error| self.failed(&error))? else {
            return Ok(None);
        };
        let file = Zeroizing::new(file);
        // What is no text is no key either.
        let key = Key::parse(str::from_utf8(&file).unwrap_or_default());
        key.map(Some).map_err(|error| format!("{}: {error}.", self.path.join(KEYS).join(STICK_KEY).display()))
    }

    /// Makes a key there.
    pub(super) fn make_key(&mut self) -> Result<Key, String> {
        let key = fresh()?;
        self.put(STICK_KEY, key.to_file_text(WHOSE).as_bytes())?;
        Ok(key)
    }

    /// Puts a file beside the key.
    pub(super) fn put(&mut self, name: &str, bytes: &[u8]) -> Result<(), String> {
        self.shelf.put(KEYS, name, bytes).map_err(|error| self.failed(&error))
    }

    /// The chains on it by the names of their files. One that cannot be read to its end is an error.
    pub(super) fn chains(&mut self) -> Result<Vec<(String, Vec<Certificate>)>, String> {
        let names = self.shelf.list(LOGS).map_err(|error| self.failed(&error))?;
        let mut chains = Vec::new();
        for name in names.into_iter().filter(|name| name.ends_with(".cborseq")) {
            let file = self.shelf.read(LOGS, &name).map_err(|error| self.failed(&error))?.unwrap_or_default();
            let chain: Result<Vec<Certificate>, _> = sequence::certificates(&file).collect();
            let chain = chain.map_err(|error| format!("{LOGS}/{name} on the stick: {error}."))?;
            chains.push((name, chain));
        }
        Ok(chains)
    }
}
