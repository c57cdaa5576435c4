//! What happened to a drive, as the drive saw it: JSON lines `{"ms":…,"event":"…","note":"…","hex":"…"}`, `ms` by `CLOCK_MONOTONIC`.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;

use nix::time::{ClockId, clock_gettime};
use serde::Serialize;

use crate::bytes::hex;
use crate::error::Error;

/// The log of one drive.
#[derive(Debug)]
pub struct Log {
    file: File,
}

#[derive(Serialize)]
struct Line<'a> {
    ms: u64,
    event: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    note: &'a str,
    #[serde(skip_serializing_if = "String::is_empty")]
    hex: String,
}

impl Log {
    /// Opens the log at `path` and goes on at its end.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let file = OpenOptions::new().create(true).append(true).open(path).map_err(Error::file(path))?;
        Ok(Self { file })
    }

    /// Notes an event with the raw bytes that belong to it (a command, a parameter list, an answer). `event` is in kebab-case and never changes:
    /// the rig waits for it.
    pub fn event(&mut self, event: &str, note: &str, bytes: &[u8]) {
        let line = Line { ms: monotonic_ms(), event, note, hex: hex(bytes) };
        let Ok(mut text) = serde_json::to_string(&line) else { return };
        text.push('\n');
        // One write a line, so that a reader never sees half of one. A full disk must not stop the drive.
        let _ = self.file.write_all(text.as_bytes());
    }
}

fn monotonic_ms() -> u64 {
    clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(0, |now| {
        let ms = now.tv_sec() * 1000 + now.tv_nsec() / 1_000_000;
        u64::try_from(ms).unwrap_or(0)
    })
}
