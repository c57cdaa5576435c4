//! The machine's hardware watchdog, fed for as long as PID 1 turns.
//!
//! Only PID 1 feeds it, not the child: a screen that hangs is no reason to cut off the drives that are being overwritten, while a kernel
//! that hangs, or a PID 1, ends them all, and a reset lets the interrupted jobs go on. A drive that erases itself goes on over a reset.

use crate::log::log;
use purgeproof_sys::watchdog::set_timeout;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The patience that is asked for, in seconds: after a panic of the kernel the screen stands for as long. A watchdog that cannot have so
/// much keeps its own, which is half a minute or more.
const PATIENCE_S: i32 = 180;

/// What disarms a watchdog that is closed then ("magic close").
const DISARM: &[u8] = b"V";

/// A watchdog that may come late, as the module of its driver does.
#[derive(Debug)]
pub(crate) enum Watchdog {
    /// Not there, as yet.
    Awaited(PathBuf),
    /// It counts down.
    Armed(File),
    /// Not wanted, or not to be had.
    Off,
}

impl Watchdog {
    /// The first of the machine, unless it is not wanted.
    pub(crate) fn new(is_wanted: bool) -> Self {
        if is_wanted { Self::Awaited("/dev/watchdog".into()) } else { Self::Off }
    }

    /// Feeds it; to be called every few seconds.
    pub(crate) fn feed(&mut self) {
        match self {
            Self::Awaited(path) => match arm(path) {
                Ok(device) => *self = Self::Armed(device),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    log!("{} is not used: {error}", path.display());
                    *self = Self::Off;
                }
            },
            Self::Armed(device) => {
                if let Err(error) = device.write_all(&[0]) {
                    log!("watchdog: {error}");
                }
            }
            Self::Off => {}
        }
    }

    /// Lets it go: the end of the machine has a deadline of its own, and a reset in the middle of it would start the machine again.
    pub(crate) fn disarm(&mut self) {
        if let Self::Armed(device) = self
            && let Err(error) = device.write_all(DISARM)
        {
            log!("watchdog: {error}");
        }
        *self = Self::Off;
    }
}

fn arm(path: &Path) -> io::Result<File> {
    let device = OpenOptions::new().write(true).open(path)?;
    match set_timeout(&device, PATIENCE_S) {
        Ok(seconds) => log!("watchdog armed: {seconds} s"),
        Err(errno) => log!("watchdog armed, with its own patience, for it did not take {PATIENCE_S} s: {errno}"),
    }
    Ok(device)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn it_is_fed_at_each_turn_and_disarmed_at_the_end() {
        let path = std::env::temp_dir().join(format!("purgeproof-watchdog-{}", std::process::id()));
        let _ = fs::remove_file(&path);
        let mut watchdog = Watchdog::Awaited(path.clone());
        watchdog.feed();
        assert!(matches!(watchdog, Watchdog::Awaited(_)), "the driver may come later");
        fs::write(&path, "").unwrap();
        watchdog.feed();
        assert_eq!(fs::read(&path).unwrap(), b"", "opened is fed");
        watchdog.feed();
        watchdog.feed();
        watchdog.disarm();
        watchdog.feed();
        assert_eq!(fs::read(&path).unwrap(), b"\0\0V");
        fs::remove_file(&path).unwrap();
    }

    #[test]
    fn one_that_is_not_wanted_is_not_touched() {
        let mut watchdog = Watchdog::new(false);
        watchdog.feed();
        assert!(matches!(watchdog, Watchdog::Off));
    }
}
