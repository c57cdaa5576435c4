//! Whether the drivers of what was in the machine at its start are loaded. PID 1 loads them, and the child draws its screen meanwhile, but
//! looks for disks only afterwards: so the first list has them all, and the medium that the machine was started from among them.
//!
//! It is a pipe that carries nothing. The child has the end for reading, and reads the end of the file when the thread that loads the
//! modules lets go of the other one, for whatever reason.

use crate::SETTLED;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::fs::File;
use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::time::{Duration, Instant};

/// How long drivers are waited for. A controller with many disks may take minutes to initialise; its disks appear by hot-plug.
const PATIENCE: Duration = Duration::from_secs(20);

/// The end for reading, as PID 1 has it for each child that it starts.
pub(crate) struct Settled(PipeReader);

impl Settled {
    /// A new one, and what holds it up for as long as it lives.
    pub(crate) fn new() -> io::Result<(Self, PipeWriter)> {
        let (reader, writer) = io::pipe()?;
        // The child inherits this end, and this end alone.
        fcntl(&reader, FcntlArg::F_SETFD(FdFlag::empty()))?;
        Ok((Self(reader), writer))
    }

    /// Where the child finds it.
    pub(crate) fn path(&self) -> String {
        format!("/proc/self/fd/{}", self.0.as_raw_fd())
    }

    /// Waits for it, or until patience runs out; false then.
    pub(crate) fn wait(&self) -> bool {
        wait(self.0.as_fd(), PATIENCE)
    }
}

/// Waits, in the child, until the drivers of what was in the machine at its start are loaded, but no longer than 20 seconds: what comes
/// later comes by hot-plug. False if it was not waited long enough. Does not wait in a process that PID 1 did not start.
pub fn wait_for_drivers() -> bool {
    let pipe = std::env::var_os(SETTLED).and_then(|path| File::open(path).ok());
    pipe.is_none_or(|pipe| wait(pipe.as_fd(), PATIENCE))
}

/// Waits until nobody can write to the pipe any more.
fn wait(pipe: BorrowedFd<'_>, patience: Duration) -> bool {
    let until = Instant::now() + patience;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        match poll(&mut [PollFd::new(pipe, PollFlags::empty())], timeout) {
            Ok(0) => return false,
            Err(Errno::EINTR) => {}
            // A hang-up; and what cannot be waited for is not.
            Ok(_) | Err(_) => return true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_waited_for_until_the_other_end_is_let_go() {
        let (settled, loading) = Settled::new().unwrap();
        // As the child opens it.
        let inherited = File::open(settled.path()).unwrap();
        assert!(!wait(inherited.as_fd(), Duration::from_millis(10)));
        let thread = std::thread::spawn(move || drop(loading));
        assert!(wait(inherited.as_fd(), PATIENCE));
        assert!(settled.wait());
        thread.join().unwrap();
        // One that is started again does not wait.
        assert!(wait(File::open(settled.path()).unwrap().as_fd(), Duration::ZERO));
    }
}
