//! The passphrase that an organisation's keys are encrypted by.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use age::secrecy::SecretString;
use clap::Args;
use purgeproof_sys::console;
use purgeproof_sys::locked::Locked;

use crate::no_memory;

/// Where the passphrase comes from.
#[derive(Debug, Args)]
pub struct Passphrase {
    /// Read the passphrase from the first line of this file instead of asking for it.
    #[arg(long = "passphrase-file", value_name = "FILE")]
    file: Option<PathBuf>,
}

impl Passphrase {
    /// The passphrase of keys that exist.
    pub(super) fn ask(&self) -> Result<Phrase, String> {
        match &self.file {
            Some(file) => read(file),
            None => typed(&mut terminal()?, "Passphrase of the organisation: "),
        }
    }

    /// A new one; typed twice, because nobody sees it.
    pub(super) fn choose(&self) -> Result<Phrase, String> {
        let mut chosen = self.file.as_deref().map_or_else(typed_twice, read)?;
        if chosen.0.open(|phrase| phrase.is_empty()).map_err(no_memory)? {
            return Err("An empty passphrase protects nothing: nothing was made. Take several words.".into());
        }
        Ok(chosen)
    }
}

/// A passphrase where nobody else sees it.
pub(super) struct Phrase(Locked);

impl Phrase {
    /// As `age` takes it: an ordinary copy, which it clears as soon as it has made a key of it.
    pub(super) fn reveal(&mut self) -> Result<SecretString, String> {
        let text = self.0.open(|phrase| str::from_utf8(phrase).map(SecretString::from)).map_err(no_memory)?;
        text.map_err(|_| "The passphrase is not UTF-8 text: nothing was done. Set the terminal to UTF-8.".into())
    }
}

fn typed_twice() -> Result<Phrase, String> {
    let mut terminal = terminal()?;
    let mut chosen = typed(&mut terminal, "New passphrase for the organisation's keys: ")?;
    let mut again = typed(&mut terminal, "The same once more: ")?;
    let is_same = chosen.0.open(|one| again.0.open(|other| one == other)).flatten();
    if is_same.map_err(no_memory)? {
        Ok(chosen)
    } else {
        Err("The two passphrases differ: nothing was made. Try again.".into())
    }
}

fn read(file: &Path) -> Result<Phrase, String> {
    let line = File::open(file).and_then(Locked::read_line);
    line.map(Phrase).map_err(|error| format!("{} cannot be read ({error}). Check the path.", file.display()))
}

fn terminal() -> Result<File, String> {
    OpenOptions::new().read(true).write(true).open("/dev/tty").map_err(|error| {
        format!("There is no terminal to ask for the passphrase ({error}). Give it in a file with --passphrase-file.")
    })
}

fn typed(terminal: &mut File, prompt: &str) -> Result<Phrase, String> {
    let cannot =
        |error: std::io::Error| format!("Nothing could be read from the terminal ({error}): nothing was done.");
    terminal.write_all(prompt.as_bytes()).map_err(cannot)?;
    let line = console::hidden_line(terminal).map_err(cannot);
    // What was typed ended the line without being shown.
    let _ = terminal.write_all(b"\n");
    line.map(Phrase)
}
