//! `purgeproof export`: all that sticks hold about erased drives, as one evidence pack.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use age::x25519::Recipient;
use clap::Args;

use crate::pack;
use crate::{fail, print, recipients};

/// What of a stick goes into a pack. The signing key never does.
const FOLDERS: [&str; 4] = ["certificates", "journal", "logs", "summaries"];
const FILES: [&str; 4] = ["PURGEPROOF.ID", "purgeproof.toml", "trust.cose", "keys/stick.delegation"];

/// Files that only grow: of two sticks that know the same one, the longer has all of the shorter.
const GROWING: [&str; 2] = ["journal/", "logs/"];

/// Which sticks, and where to.
#[derive(Debug, Args)]
pub(crate) struct Export {
    /// The data partition of a stick as it is mounted, or a folder of records; several are merged.
    #[arg(value_name = "STICK", required = true)]
    sticks: Vec<PathBuf>,
    /// The pack to write; it must not be there yet.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Encrypt the pack to this public key ("age1…"), or to those of a file, a line each; may be given again. What is written is never in clear.
    #[arg(long, value_name = "RECIPIENT")]
    to: Vec<String>,
}

/// Runs the command: the exit code is 0 if everything is in the pack and nothing contradicts, 1 if two sticks contradict each other.
pub(crate) fn run(export: &Export) -> ExitCode {
    let recipients = match recipients::read(&export.to) {
        Ok(recipients) => recipients,
        Err(why) => return fail(&why),
    };
    let (files, contradictions) = match gather(&export.sticks) {
        Ok(gathered) => gathered,
        Err(why) => return fail(&why),
    };
    if files.is_empty() {
        return fail("There are no certificates, journals or logs. Give the folder in which PURGEPROOF.ID lies.");
    }
    if let Err(why) = write(&files, &export.out, &recipients) {
        return fail(&why);
    }
    let certificates = files.keys().filter(|name| Path::new(name).extension().is_some_and(|it| it == "cose")).count();
    let certificates = certificates - usize::from(files.contains_key("trust.cose"));
    let printed = print(|out| {
        writeln!(out, "{}: {} files, certificates: {certificates}.", export.out.display(), files.len())?;
        contradictions.iter().try_for_each(|sentence| writeln!(out, "{sentence}"))
    });
    if contradictions.is_empty() { printed } else { ExitCode::FAILURE }
}

fn write(files: &BTreeMap<String, PathBuf>, out: &Path, to: &[Recipient]) -> Result<(), String> {
    let failed = |error: io::Error| format!("{}: {error}. Nothing was exported.", out.display());
    let file = File::create_new(out).map_err(failed)?;
    let mut buffered = BufWriter::with_capacity(1 << 20, &file);
    let packed = |to: &mut dyn Write| pack::write(files, to).map_err(|error| error.to_string());
    let written =
        if to.is_empty() { packed(&mut buffered) } else { recipients::encrypted(to, &mut buffered, packed).map(drop) };
    let written = written.and_then(|()| buffered.flush().and_then(|()| file.sync_all()).map_err(failed));
    if written.is_err() {
        // A part of a pack would look like one.
        let _ = fs::remove_file(out);
    }
    written
}

/// The files of all sticks by their names in the pack, and what of them contradicts each other, in sentences.
fn gather(sticks: &[PathBuf]) -> Result<(BTreeMap<String, PathBuf>, Vec<String>), String> {
    let (mut files, mut contradictions) = (BTreeMap::new(), Vec::new());
    for (index, stick) in sticks.iter().enumerate() {
        for (name, path) in of_stick(stick)? {
            match files.entry(name) {
                Entry::Vacant(vacant) => {
                    vacant.insert(path);
                }
                Entry::Occupied(mut known) => {
                    if let Some(longer) = merged(known.key(), known.get(), &path)? {
                        known.insert(longer);
                        continue;
                    }
                    let kept = format!("stick-{}/{}", index + 1, known.key());
                    // Its policy and its delegation are each stick's own.
                    if !FILES.contains(&known.key().as_str()) {
                        contradictions.push(format!(
                            "{} differs from {}: both are kept, the former as {kept}. One of them was changed, or a stick was copied.",
                            path.display(),
                            known.get().display()
                        ));
                    }
                    files.insert(kept, path);
                }
            }
        }
    }
    Ok((files, contradictions))
}

/// Which of two files of one name has all that the other has; `None` if neither.
fn merged(name: &str, known: &Path, other: &Path) -> Result<Option<PathBuf>, String> {
    let read =
        |path: &Path| fs::read(path).map_err(|error| format!("{}: {error}. Nothing was exported.", path.display()));
    let (one, two) = (read(known)?, read(other)?);
    let grows = GROWING.iter().any(|folder| name.starts_with(folder));
    if one == two || grows && one.starts_with(&two) {
        return Ok(Some(known.into()));
    }
    Ok((grows && two.starts_with(&one)).then(|| other.into()))
}

/// The files of one stick.
fn of_stick(stick: &Path) -> Result<Vec<(String, PathBuf)>, String> {
    let failed = |path: &Path, error: io::Error| format!("{}: {error}. Nothing was exported.", path.display());
    if !stick.is_dir() {
        return Err(format!(
            "{} is no folder. Mount the stick's data partition and give where. Nothing was exported.",
            stick.display()
        ));
    }
    let mut found: Vec<(String, PathBuf)> =
        FILES.iter().map(|name| ((*name).to_string(), stick.join(name))).filter(|(_, path)| path.is_file()).collect();
    for folder in FOLDERS {
        let path = stick.join(folder);
        let entries = match fs::read_dir(&path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(failed(&path, error)),
        };
        for entry in entries {
            let entry = entry.map_err(|error| failed(&path, error))?;
            let is_file = entry.file_type().map_err(|error| failed(&entry.path(), error))?.is_file();
            // What a crash left half written is told by its ending, and there is a whole one or none.
            if let (true, Ok(name)) = (is_file, entry.file_name().into_string())
                && entry.path().extension().is_none_or(|extension| extension != "tmp")
            {
                found.push((format!("{folder}/{name}"), entry.path()));
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sticks(PathBuf);

    impl Sticks {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("purgeproof-export-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&folder);
            Self(folder)
        }

        /// A stick with these files.
        fn stick(&self, name: &str, files: &[(&str, &str)]) -> PathBuf {
            for (file, content) in files {
                let path = self.0.join(name).join(file);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, content).unwrap();
            }
            self.0.join(name)
        }
    }

    impl Drop for Sticks {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_key_and_what_is_half_written_stay_where_they_are() {
        let sticks = Sticks::new("one");
        let stick = sticks.stick(
            "a",
            &[
                ("keys/stick.key", "secret"),
                ("keys/stick.delegation", "d"),
                ("certificates/x.cose", "x"),
                ("certificates/y.cose.tmp", "y"),
                ("other/z", "z"),
            ],
        );
        let (files, contradictions) = gather(&[stick]).unwrap();
        assert_eq!(files.keys().collect::<Vec<_>>(), ["certificates/x.cose", "keys/stick.delegation"]);
        assert!(contradictions.is_empty());
    }

    #[test]
    fn two_sticks_are_merged_and_what_contradicts_is_kept_and_said() {
        let sticks = Sticks::new("two");
        let one = sticks.stick(
            "a",
            &[("journal/1", "line 1\n"), ("logs/k", "12"), ("certificates/x", "x"), ("certificates/y", "y")],
        );
        let two = sticks.stick(
            "b",
            &[("journal/1", "line 1\nline 2\n"), ("logs/k", "1"), ("certificates/x", "x"), ("certificates/y", "yy")],
        );
        let (files, contradictions) = gather(&[one.clone(), two.clone()]).unwrap();
        assert_eq!(files["journal/1"], two.join("journal/1"), "the longer has all of the shorter");
        assert_eq!(files["logs/k"], one.join("logs/k"));
        assert_eq!(files["certificates/x"], one.join("certificates/x"));
        // A certificate does not grow.
        assert_eq!(
            (&files["certificates/y"], &files["stick-2/certificates/y"]),
            (&one.join("certificates/y"), &two.join("certificates/y"))
        );
        assert_eq!(contradictions.len(), 1);
        assert!(contradictions[0].contains("stick-2/certificates/y"));
    }

    #[test]
    fn each_stick_has_its_own_policy() {
        let sticks = Sticks::new("own");
        let one = sticks.stick("a", &[("keys/stick.delegation", "a"), ("purgeproof.toml", "same")]);
        let two = sticks.stick("b", &[("keys/stick.delegation", "b"), ("purgeproof.toml", "same")]);
        let (files, contradictions) = gather(&[one, two.clone()]).unwrap();
        assert_eq!(files["stick-2/keys/stick.delegation"], two.join("keys/stick.delegation"));
        assert_eq!((files.len(), contradictions.len()), (3, 0));
    }

    #[test]
    fn what_is_no_stick_is_said() {
        assert!(gather(&[PathBuf::from("/nonexistent/stick")]).unwrap_err().contains("is no folder"));
    }
}
