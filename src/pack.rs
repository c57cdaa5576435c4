//! An evidence pack: everything that sticks hold about erased drives, in one tar archive (POSIX.1-1988 `ustar`) that needs no tool of ours to
//! be opened. Its first member is the list of all others with their SHA-256, as `sha256sum --check` reads it.
//!
//! The same files make the same bytes: members are sorted by name, and have no owner and no time.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;

use purgeproof_core::evidence::{hex, unhex};
use rayon::prelude::*;
use sha2::{Digest, Sha256};

/// The list of the members, with which every pack begins.
pub(crate) const MANIFEST: &str = "MANIFEST.sha256";

/// Longer than any file of a stick; what is longer is not read into memory.
const LONGEST_MEMBER: u64 = 64 << 20;

/// The manifest of a million files.
const LONGEST_MANIFEST: u64 = 256 << 20;

/// Why a pack cannot be written or read.
#[derive(Debug)]
pub(crate) enum PackError {
    /// A file of the stick, or the pack.
    Io {
        /// Which.
        name: String,
        /// What the system said.
        error: io::Error,
    },
    /// A file was changed while it was read.
    Changed {
        /// Which.
        name: String,
    },
    /// No pack: it does not begin with its manifest.
    NoManifest,
    /// A line of the manifest.
    Line {
        /// Counted from 1.
        number: usize,
    },
    /// A member that is not the next one of the manifest.
    Unlisted {
        /// Its name.
        name: String,
    },
    /// A member whose SHA-256 is another.
    Differs {
        /// Its name.
        name: String,
    },
    /// A member that no stick has: too long, or no plain file.
    Unusual {
        /// Its name.
        name: String,
    },
    /// The archive ends before its manifest does.
    Missing {
        /// The first member that is not there.
        name: String,
    },
}

impl fmt::Display for PackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { name, error } => write!(f, "{name}: {error}. Check the path, the medium and its room"),
            Self::Changed { name } => {
                write!(f, "{name} was changed while it was read. Export the stick again, with nothing at work on it")
            }
            Self::NoManifest => write!(
                f,
                "The archive does not begin with {MANIFEST}, so it is no evidence pack. Give one that `purgeproof export` made"
            ),
            Self::Line { number } => write!(
                f,
                "Line {number} of {MANIFEST} is not \"SHA-256, two spaces, name\" in order. The pack was changed: take another copy of it"
            ),
            Self::Unlisted { name } => write!(
                f,
                "{name} is in the pack and not next in its manifest. The pack was changed: take another copy of it"
            ),
            Self::Differs { name } => write!(
                f,
                "{name} is not the file that the manifest names (its SHA-256 differs). The pack was changed: take another copy of it"
            ),
            Self::Unusual { name } => write!(
                f,
                "{name} is no plain file, or longer than any of a stick. The pack was changed: take another copy of it"
            ),
            Self::Missing { name } => write!(
                f,
                "The pack ends before {name}, which its manifest names. It is cut short: take another copy of it"
            ),
        }
    }
}

impl std::error::Error for PackError {}

/// The file with the SHA-256 and length that it had when the manifest was made.
struct Member<'a> {
    name: &'a str,
    path: &'a PathBuf,
    sha256: [u8; 32],
    length: u64,
}

/// Writes a pack of these files, by name.
///
/// # Errors
/// [`PackError`] about the first file that cannot be read, or the pack.
pub(crate) fn write(files: &BTreeMap<String, PathBuf>, pack: impl Write) -> Result<(), PackError> {
    let files: Vec<_> = files.iter().collect();
    // Files are read and summed side by side; that takes longest.
    let members = files.par_iter().map(|(name, path)| {
        let sum = || summed(&mut File::open(path)?, &mut io::sink());
        let (sha256, length) = sum().map_err(|error| PackError::Io { name: path.display().to_string(), error })?;
        Ok(Member { name, path, sha256, length })
    });
    let members: Vec<Member<'_>> = members.collect::<Result<_, PackError>>()?;
    let lines: Vec<String> = members.iter().map(|it| format!("{}  {}\n", hex(&it.sha256), it.name)).collect();
    let manifest = lines.concat();
    let mut archive = tar::Builder::new(pack);
    append(&mut archive, MANIFEST, manifest.len() as u64, &mut manifest.as_bytes())?;
    for member in members {
        let failed = |error| PackError::Io { name: member.path.display().to_string(), error };
        let mut file =
            Summing { inner: File::open(member.path).map_err(failed)?.take(member.length), sum: Sha256::new() };
        append(&mut archive, member.name, member.length, &mut file)?;
        if file.sum.finalize()[..] != member.sha256 {
            return Err(PackError::Changed { name: member.path.display().to_string() });
        }
    }
    archive
        .into_inner()
        .and_then(|mut pack| pack.flush())
        .map_err(|error| PackError::Io { name: "the pack".into(), error })
}

fn append(
    archive: &mut tar::Builder<impl Write>,
    name: &str,
    length: u64,
    content: &mut dyn Read,
) -> Result<(), PackError> {
    let mut header = tar::Header::new_ustar();
    header.set_size(length);
    header.set_mode(0o644);
    header.set_mtime(0);
    let failed = |error| PackError::Io { name: name.into(), error };
    archive.append_data(&mut header, name, content).map_err(failed)
}

/// What is read through it is summed.
struct Summing<R> {
    inner: R,
    sum: Sha256,
}

impl<R: Read> Read for Summing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.sum.update(buffer.get(..count).unwrap_or_default());
        Ok(count)
    }
}

fn summed(from: &mut impl Read, to: &mut impl Write) -> io::Result<([u8; 32], u64)> {
    let mut summing = Summing { inner: from, sum: Sha256::new() };
    let length = io::copy(&mut summing, to)?;
    Ok((summing.sum.finalize().into(), length))
}

/// Gives every file of a pack, by name and in order, to `each`; one at a time is in memory. What `each` was given is what the manifest
/// names, and that the pack is whole is known once this returns.
///
/// # Errors
/// [`PackError`]: the pack is not whole, or was changed.
pub(crate) fn read(pack: impl Read, mut each: impl FnMut(String, Vec<u8>)) -> Result<(), PackError> {
    let failed = |error| PackError::Io { name: "the pack".into(), error };
    let mut archive = tar::Archive::new(pack);
    let mut members = archive.entries().map_err(failed)?;
    let first = members.next().ok_or(PackError::NoManifest)?.map_err(|_| PackError::NoManifest)?;
    let (name, manifest) = content(first, LONGEST_MANIFEST)?;
    if name != MANIFEST {
        return Err(PackError::NoManifest);
    }
    let manifest = String::from_utf8(manifest).map_err(|_| PackError::NoManifest)?;
    let listed = listed(&manifest)?;
    let mut listed = listed.into_iter();
    for member in members {
        let (name, content) = content(member.map_err(failed)?, LONGEST_MEMBER)?;
        match listed.next() {
            Some((next, sha256)) if next == name => {
                if Sha256::digest(&content)[..] != sha256 {
                    return Err(PackError::Differs { name });
                }
            }
            _ => return Err(PackError::Unlisted { name }),
        }
        each(name, content);
    }
    listed.next().map_or(Ok(()), |(name, _)| Err(PackError::Missing { name: name.to_string() }))
}

/// The lines of a manifest, sorted by name.
fn listed(manifest: &str) -> Result<Vec<(&str, [u8; 32])>, PackError> {
    let mut listed: Vec<(&str, [u8; 32])> = Vec::new();
    for (index, line) in manifest.lines().enumerate() {
        let wrong = PackError::Line { number: index + 1 };
        let Some((sum, name)) = line.split_once("  ") else { return Err(wrong) };
        let Ok(sum) = unhex(sum) else { return Err(wrong) };
        if name.is_empty() || listed.last().is_some_and(|(before, _)| *before >= name) {
            return Err(wrong);
        }
        listed.push((name, sum));
    }
    Ok(listed)
}

fn content(mut member: tar::Entry<'_, impl Read>, longest: u64) -> Result<(String, Vec<u8>), PackError> {
    let name = String::from_utf8_lossy(&member.path_bytes()).into_owned();
    if !member.header().entry_type().is_file() || member.size() > longest {
        return Err(PackError::Unusual { name });
    }
    let mut content = Vec::new();
    match member.read_to_end(&mut content) {
        Ok(length) if length as u64 == member.size() => Ok((name, content)),
        Ok(_) => Err(PackError::Missing { name }),
        Err(error) => Err(PackError::Io { name, error }),
    }
}

#[cfg(test)]
#[path = "pack_tests.rs"]
mod tests;
