//! The consoles: the screen, and the serial line of a machine without one.

use crate::log::log;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use purgeproof_sys::console::{self, Size};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};

/// How long one console may hold up PID 1 when it takes no more bytes (a serial line with nobody at the other end), milliseconds.
const WRITE_PATIENCE_MS: u16 = 500;

/// What is assumed of a terminal that does not say its size.
const USUAL: Size = Size { columns: 80, rows: 24 };

/// All consoles of the machine, in raw mode.
pub(crate) struct Consoles(Vec<Console>);

struct Console {
    path: PathBuf,
    /// `None` after it hung up, until it opens again.
    terminal: Option<File>,
}

impl Consoles {
    /// Opens every console that the kernel writes to.
    pub(crate) fn open() -> Self {
        let active = fs::read_to_string("/sys/class/tty/console/active").unwrap_or_default();
        let mut consoles: Vec<_> = paths(&active).into_iter().map(|path| Console { path, terminal: None }).collect();
        for console in &mut consoles {
            match open(&console.path) {
                Ok(terminal) => console.terminal = Some(terminal),
                Err(error) => log!("console {}: {error}", console.path.display()),
            }
        }
        Self(consoles)
    }

    /// The paths, separated by commas.
    pub(crate) fn names(&self) -> String {
        self.0.iter().map(|console| console.path.to_string_lossy()).collect::<Vec<_>>().join(",")
    }

    /// The size of the first one.
    pub(crate) fn size(&self) -> Size {
        self.0.iter().find_map(|console| console.terminal.as_ref()).map_or(USUAL, size)
    }

    /// The descriptors to poll for keys.
    pub(crate) fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.0.iter().filter_map(|console| Some(console.terminal.as_ref()?.as_fd()))
    }

    /// Whether one has hung up; then [`Self::reopen`] from time to time.
    pub(crate) fn incomplete(&self) -> bool {
        self.0.iter().any(|console| console.terminal.is_none())
    }

    /// Tries the ones that hung up again.
    pub(crate) fn reopen(&mut self) {
        for console in self.0.iter_mut().filter(|console| console.terminal.is_none()) {
            console.terminal = open(&console.path).ok();
        }
    }

    /// Takes what was typed on any of them; each piece is what one console gave at once, so that no escape sequence is torn.
    pub(crate) fn typed(&mut self, mut each: impl FnMut(&[u8])) {
        let mut buffer = [0; 1024];
        for Console { path, terminal } in &mut self.0 {
            let Some(file) = terminal else { continue };
            match file.read(&mut buffer) {
                Ok(count @ 1..) => each(buffer.get(..count).unwrap_or_default()),
                Err(error) if again(&error) => {}
                ended => {
                    log!("console {} hung up: {ended:?}", path.display());
                    *terminal = None;
                }
            }
        }
    }

    /// Writes to each what `draw` makes for its size.
    pub(crate) fn show(&mut self, draw: impl Fn(Size) -> String) {
        for terminal in self.0.iter_mut().filter_map(|console| console.terminal.as_mut()) {
            let text = draw(size(terminal));
            // Not even shown: there is nobody to tell, and the log has what matters.
            let _ = write_patiently(terminal, text.as_bytes());
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    let terminal = console::open(path)?;
    console::raw(&terminal)?;
    Ok(terminal)
}

fn size(terminal: &File) -> Size {
    console::size(terminal).ok().filter(|size| size.columns > 0 && size.rows > 0).unwrap_or(USUAL)
}

fn again(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

fn write_patiently(terminal: &mut File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match terminal.write(bytes) {
            Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
            Err(error) if again(&error) => {
                let mut descriptors = [PollFd::new(terminal.as_fd(), PollFlags::POLLOUT)];
                if poll(&mut descriptors, PollTimeout::from(WRITE_PATIENCE_MS))? == 0 {
                    return Err(error);
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The devices for the kernel's list of consoles. `tty0` stands for whichever virtual terminal is in front; at boot, the first.
fn paths(active: &str) -> Vec<PathBuf> {
    let names = active.split_whitespace().map(|name| if name == "tty0" { "tty1" } else { name });
    let paths: Vec<_> = names.map(|name| Path::new("/dev").join(name)).collect();
    if paths.is_empty() { vec![PathBuf::from("/dev/console")] } else { paths }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_screen_is_the_first_virtual_terminal() {
        assert_eq!(paths("tty0 ttyS0\n"), [Path::new("/dev/tty1"), Path::new("/dev/ttyS0")]);
        assert_eq!(paths("\n"), [Path::new("/dev/console")]);
    }
}
