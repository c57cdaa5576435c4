//! Terminals: consoles, their size, raw mode, a pseudoterminal.

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::pty::{grantpt, posix_openpt, ptsname_r, unlockpt};
use nix::sys::termios::{ControlFlags, InputFlags, LocalFlags, SetArg, cfmakeraw, tcgetattr, tcsetattr};
use nix::unistd::{dup2_stderr, dup2_stdin, dup2_stdout};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use crate::locked::Locked;

/// The size of a terminal in characters. A serial line that nobody has asked about is 0 by 0.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    /// Characters in a row.
    pub columns: u16,
    /// Rows.
    pub rows: u16,
}

/// Opens a terminal for reading and writing. It does not become the controlling terminal, and neither reads nor writes wait: a
/// serial line held up by flow control must not hold up PID 1.
pub fn open(path: &Path) -> io::Result<File> {
    let flags = OFlag::O_NOCTTY | OFlag::O_NONBLOCK;
    OpenOptions::new().read(true).write(true).custom_flags(flags.bits()).open(path)
}

/// The size that the terminal reports.
pub fn size(terminal: impl AsFd) -> Result<Size, Errno> {
    let mut winsize = libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    let fd = terminal.as_fd().as_raw_fd();
    // SAFETY: the descriptor is open for the borrow's life; TIOCGWINSZ writes one winsize, which `winsize` is.
    let result = unsafe { libc::ioctl(fd, libc::TIOCGWINSZ, &raw mut winsize) };
    Errno::result(result).map(|_| Size { columns: winsize.ws_col, rows: winsize.ws_row })
}

/// Tells the terminal its size; processes in its foreground get SIGWINCH.
pub fn set_size(terminal: impl AsFd, size: Size) -> Result<(), Errno> {
    let winsize = libc::winsize { ws_row: size.rows, ws_col: size.columns, ws_xpixel: 0, ws_ypixel: 0 };
    let fd = terminal.as_fd().as_raw_fd();
    // SAFETY: the descriptor is open for the borrow's life; TIOCSWINSZ reads one winsize, which `winsize` is.
    let result = unsafe { libc::ioctl(fd, libc::TIOCSWINSZ, &raw const winsize) };
    Errno::result(result).map(drop)
}

/// Raw mode: each key arrives at once, unechoed, and Ctrl-C is a byte like any other.
pub fn raw(terminal: impl AsFd) -> Result<(), Errno> {
    let mut termios = tcgetattr(&terminal)?;
    cfmakeraw(&mut termios);
    // A null-modem cable without the carrier wire must not look like a hang-up.
    termios.control_flags |= ControlFlags::CLOCAL | ControlFlags::CREAD;
    termios.input_flags |= InputFlags::IUTF8;
    tcsetattr(&terminal, SetArg::TCSANOW, &termios)
}

/// Reads a line that is not shown while it is typed, without its line feed, to memory that nobody else sees. Meanwhile Ctrl-C is a character
/// like any other, so that nobody is left with a terminal that shows nothing.
pub fn hidden_line(terminal: &File) -> io::Result<Locked> {
    let before = tcgetattr(terminal)?;
    let mut hidden = before.clone();
    hidden.local_flags.remove(LocalFlags::ECHO | LocalFlags::ISIG);
    tcsetattr(terminal, SetArg::TCSAFLUSH, &hidden)?;
    let line = Locked::read_line(terminal);
    tcsetattr(terminal, SetArg::TCSAFLUSH, &before)?;
    line
}

/// Makes `terminal` this process's standard input, output and error.
pub fn become_stdio(terminal: &File) -> Result<(), Errno> {
    dup2_stdin(terminal)?;
    dup2_stdout(terminal)?;
    dup2_stderr(terminal)
}

/// A pseudoterminal. Bytes written to the master are keys that a process on the slave reads.
#[derive(Debug)]
pub struct Pty {
    /// Our end; reads and writes do not wait.
    pub master: File,
    /// The process's end: an ordinary terminal, in raw mode from the start so that keys typed early are not echoed.
    pub slave: File,
}

impl Pty {
    /// A new pseudoterminal; needs devpts on `/dev/pts`.
    pub fn open(size: Size) -> io::Result<Self> {
        let master = posix_openpt(OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let name = ptsname_r(&master)?;
        let slave = OpenOptions::new().read(true).write(true).custom_flags(OFlag::O_NOCTTY.bits()).open(name)?;
        raw(&slave)?;
        set_size(&slave, size)?;
        Ok(Self { master: File::from(OwnedFd::from(master)), slave })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    #[test]
    fn a_key_goes_through_the_pty_at_once_and_unechoed() {
        let mut pty = Pty::open(Size { columns: 100, rows: 37 }).unwrap();
        pty.master.write_all(b"\x03").unwrap();
        let mut key = [0xa5; 4];
        assert_eq!(pty.slave.read(&mut key).unwrap(), 1);
        assert_eq!(key[0], 3);
        assert_eq!(pty.master.read(&mut key).unwrap_err().kind(), io::ErrorKind::WouldBlock);
    }

    #[test]
    fn a_hidden_line_is_not_shown_and_the_terminal_is_as_before() {
        let mut pty = Pty::open(Size { columns: 80, rows: 25 }).unwrap();
        let mut termios = tcgetattr(&pty.slave).unwrap();
        let usual = LocalFlags::ECHO | LocalFlags::ICANON | LocalFlags::ISIG;
        termios.local_flags.insert(usual);
        termios.input_flags.insert(InputFlags::ICRNL);
        tcsetattr(&pty.slave, SetArg::TCSANOW, &termios).unwrap();
        let slave = pty.slave.try_clone().unwrap();
        let reader = std::thread::spawn(move || hidden_line(&slave).unwrap());
        // What comes before the terminal is ready is thrown away.
        while tcgetattr(&pty.slave).unwrap().local_flags.contains(LocalFlags::ECHO) {
            std::thread::yield_now();
        }
        pty.master.write_all(b"pass\x03 phrase \r").unwrap();
        assert_eq!(reader.join().unwrap().open(|line| line.to_vec()).unwrap(), b"pass\x03 phrase ");
        assert_eq!(pty.master.read(&mut [0; 4]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        assert!(tcgetattr(&pty.slave).unwrap().local_flags.contains(usual));
    }

    #[test]
    fn the_pty_has_the_size_it_was_given() {
        let pty = Pty::open(Size { columns: 100, rows: 37 }).unwrap();
        assert_eq!(size(&pty.slave).unwrap(), Size { columns: 100, rows: 37 });
        set_size(&pty.slave, Size { columns: 240, rows: 67 }).unwrap();
        assert_eq!(size(&pty.master).unwrap(), Size { columns: 240, rows: 67 });
    }

    #[test]
    fn a_file_that_is_no_terminal_is_refused() {
        let null = File::open("/dev/null").unwrap();
        assert_eq!(size(&null), Err(Errno::ENOTTY));
        assert_eq!(raw(&null), Err(Errno::ENOTTY));
    }
}
