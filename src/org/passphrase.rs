//! The passphrase that an organisation's keys are encrypted by.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use age::secrecy::{ExposeSecret, SecretString};
use clap::Args;
use purgeproof_sys::console;
use zeroize::Zeroizing;

/// Where the passphrase comes from.
#[derive(Debug, Args)]
pub struct Passphrase {
    /// Read the passphrase from the first line of this file instead of asking for it.
    #[arg(long = "passphrase-file", value_name = "FILE")]
    file: Option<PathBuf>,
}

impl Passphrase {
    /// The passphrase of keys that exist.
    pub(super) fn ask(&self) -> Result<SecretString, String> {
        match &self.file {
            Some(file) => read(file),
            None => typed(&mut terminal()?, "Passphrase of the organisation: "),
        }
    }

    /// A new one; typed twice, because nobody sees it.
    pub(super) fn choose(&self) -> Result<SecretString, String> {
        let chosen = self.file.as_deref().map_or_else(typed_twice, read)?;
        if chosen.expose_secret().is_empty() {
            return Err("An empty passphrase protects nothing: nothing was made. Take several words.".into());
        }
        Ok(chosen)
    }
}

fn typed_twice() -> Result<SecretString, String> {
    let mut terminal = terminal()?;
    let chosen = typed(&mut terminal, "New passphrase for the organisation's keys: ")?;
    let again = typed(&mut terminal, "The same once more: ")?;
    if chosen.expose_secret() != again.expose_secret() {
        return Err("The two passphrases differ: nothing was made. Try again.".into());
    }
    Ok(chosen)
}

fn read(file: &Path) -> Result<SecretString, String> {
    let cannot = |error: String| format!("{} cannot be read ({error}). Check the path.", file.display());
    let text = Zeroizing::new(fs::read_to_string(file).map_err(|error| cannot(error.to_string()))?);
    Ok(text.lines().next().unwrap_or_default().to_owned().into())
}

fn terminal() -> Result<File, String> {
    OpenOptions::new().read(true).write(true).open("/dev/tty").map_err(|error| {
        format!("There is no terminal to ask for the passphrase ({error}). Give it in a file with --passphrase-file.")
    })
}

fn typed(terminal: &mut File, prompt: &str) -> Result<SecretString, String> {
    let cannot =
        |error: std::io::Error| format!("Nothing could be read from the terminal ({error}): nothing was done.");
    terminal.write_all(prompt.as_bytes()).map_err(cannot)?;
    let line = console::hidden_line(terminal).map_err(cannot);
    // What was typed ended the line without being shown.
    let _ = terminal.write_all(b"\n");
    Ok(line?.into())
}
