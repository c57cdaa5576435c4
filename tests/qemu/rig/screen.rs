//! The serial console as a terminal of 80x25 characters shows it.

use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

const ROWS: NonZeroU16 = NonZeroU16::new(25).unwrap();
const COLUMNS: NonZeroU16 = NonZeroU16::new(80).unwrap();

/// How much of the log a failure shows.
const TAIL: usize = 3000;

/// One serial line with a terminal at its end; everything that comes is kept in a file as well.
pub(crate) struct Screen {
    line: UnixStream,
    terminal: Arc<Mutex<vt100::Parser>>,
    log: PathBuf,
}

impl Screen {
    /// Reads from `line` until it ends.
    pub(crate) fn new(line: UnixStream, log: PathBuf) -> Self {
        let terminal = Arc::new(Mutex::new(vt100::Parser::new(ROWS, COLUMNS, 0)));
        let mut file = File::create(&log).expect("the log of the serial line can be written");
        let (mut from, shown) = (line.try_clone().expect("a socket can be cloned"), Arc::clone(&terminal));
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = from.read(&mut buffer) {
                let bytes = &buffer[..count];
                file.write_all(bytes).expect("the log of the serial line can be written");
                shown.lock().unwrap_or_else(PoisonError::into_inner).process(bytes);
            }
        });
        Self { line, terminal, log }
    }

    /// The 25 rows without their trailing blanks.
    pub(crate) fn text(&self) -> String {
        self.terminal.lock().unwrap_or_else(PoisonError::into_inner).screen().contents()
    }

    /// Everything that has come.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }

    /// Sends keys down the line.
    pub(crate) fn type_in(&self, keys: &str) {
        (&self.line).write_all(keys.as_bytes()).expect("the machine takes keys");
    }

    /// The screen and the end of the log, for a failure.
    pub(crate) fn state(&self) -> String {
        let log = std::fs::read(&self.log).unwrap_or_default();
        let tail = String::from_utf8_lossy(&log[log.len().saturating_sub(TAIL)..]).into_owned();
        let rule = "-".repeat(80);
        format!("{rule}\n{}\n{rule}\nend of {}: {}", self.text(), self.log.display(), tail.escape_debug())
    }
}
