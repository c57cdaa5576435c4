//! What was given to be verified: files, folders, the chains of a stick, texts.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use purgeproof_certificate::{Certificate, sequence};
use purgeproof_drive::layout::{CERTIFICATES, LOGS, TRUST};
use purgeproof_drive::stick::is_marked;

use crate::verify::{Wrong, bytes_of};

/// One thing that is, or should be, a certificate.
pub(crate) struct Input {
    pub(crate) name: String,
    /// The file, if it has one of its own: the evidence may lie beside it.
    pub(crate) path: Option<PathBuf>,
    pub(crate) certificate: Result<Certificate, Wrong>,
}

/// All of them.
#[derive(Default)]
pub(crate) struct Inputs {
    pub(crate) each: Vec<Input>,
    /// A whole chain is among them: then none of its numbers may be missing.
    pub(crate) is_complete: bool,
    /// Those that came from files.
    seen: BTreeSet<[u8; 32]>,
}

/// Looks into everything that was named.
pub(crate) fn gather(arguments: &[PathBuf]) -> Inputs {
    let mut inputs = Inputs::default();
    // A stick has each certificate twice, as a file and in its chain: the files first, and then what they lack.
    let mut chains = Vec::new();
    for path in arguments {
        let text = path.to_string_lossy();
        if text.starts_with("PP1:") || text.starts_with("PPS1:") {
            inputs.add("QR text".into(), None, parsed(text.as_bytes()));
        } else if path.is_dir() {
            inputs.folder(path, &mut chains);
        } else if is_chain(path) {
            chains.push(path.clone());
        } else {
            inputs.file(path);
        }
    }
    for chain in chains {
        inputs.chain(&chain);
    }
    inputs
}

fn is_chain(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "cborseq")
}

fn parsed(bytes: &[u8]) -> Result<Certificate, Wrong> {
    Certificate::read_any(bytes).map_err(|error| Wrong { code: error.code(), why: error.to_string() })
}

impl Inputs {
    fn add(&mut self, name: String, path: Option<&Path>, certificate: Result<Certificate, Wrong>) {
        self.seen.extend(certificate.as_ref().map(Certificate::sha256));
        self.each.push(Input { name, path: path.map(Path::to_owned), certificate });
    }

    fn file(&mut self, path: &Path) {
        let certificate = bytes_of(path).map_err(|why| Wrong::unreadable(&why)).and_then(|bytes| parsed(&bytes));
        self.add(path.to_string_lossy().into_owned(), Some(path), certificate);
    }

    /// The certificates of a folder, or of a stick or a folder for records.
    fn folder(&mut self, folder: &Path, chains: &mut Vec<PathBuf>) {
        let is_stick = is_marked(folder) || folder.join(LOGS).is_dir();
        let folders =
            if is_stick { vec![folder.join(CERTIFICATES), folder.join(LOGS)] } else { vec![folder.to_owned()] };
        let files: Vec<PathBuf> = folders.iter().flat_map(|folder| files(folder)).collect();
        let count = self.each.len() + chains.len();
        for file in &files {
            if is_chain(file) {
                chains.push(file.clone());
            } else if file.extension().is_some_and(|extension| extension == "cose") && !file.ends_with(TRUST) {
                self.file(file);
            }
        }
        if count == self.each.len() + chains.len() {
            let why = "There are no certificates in this folder. Check the path".to_owned();
            let nothing = Err(Wrong { code: "no-certificates", why });
            self.add(folder.to_string_lossy().into_owned(), None, nothing);
        }
    }

    /// What a chain has and the files have not.
    fn chain(&mut self, path: &Path) {
        self.is_complete = true;
        let name = path.to_string_lossy();
        let bytes = match bytes_of(path) {
            Ok(bytes) => bytes,
            Err(why) => return self.add(name.into_owned(), None, Err(Wrong::unreadable(&why))),
        };
        for (certificate, number) in sequence::certificates(&bytes).zip(1..) {
            let certificate = certificate.map_err(|error| Wrong { code: error.code(), why: error.to_string() });
            let is_new = certificate.as_ref().map_or(true, |it| !self.seen.contains(&it.sha256()));
            if is_new {
                self.each.push(Input { name: format!("{name}, no. {number}"), path: None, certificate });
            }
        }
    }
}

/// The files of a folder by name; none if it cannot be read.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    files
}
