//! Notices that a disk or a controller came or went.

use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// One disk brings an event for itself and one for each partition: after this much silence they are over.
const SILENCE: Duration = Duration::from_millis(150);
/// A device that never falls silent is reported all the same.
const LONGEST: Duration = Duration::from_millis(600);

/// A socket to udevd, or to the kernel where no udevd runs. Bound to the thread that made it.
pub struct Watch {
    socket: udev::MonitorSocket,
}

impl Watch {
    /// Begins to listen. Make it before the first scan: what happens in between is then reported.
    ///
    /// # Errors
    /// The kernel's, if it gives no socket.
    pub fn new() -> io::Result<Self> {
        // Behind udevd a device is reported when its node has its name and its rights.
        let builder = if Path::new("/run/udev/control").exists() {
            udev::MonitorBuilder::new()?
        } else {
            udev::MonitorBuilder::new_kernel()?
        };
        Ok(Self { socket: builder.match_subsystem("block")?.match_subsystem("pci")?.listen()? })
    }

    /// Waits until something changed, or for `timeout`, and says whether it did. A burst of events is one change.
    ///
    /// # Errors
    /// The kernel's, if the socket cannot be waited for.
    pub fn wait(&self, timeout: Duration) -> io::Result<bool> {
        if !self.next(timeout)? {
            return Ok(false);
        }
        let last = Instant::now() + LONGEST;
        while Instant::now() < last && self.next(SILENCE)? {}
        Ok(true)
    }

    /// Whether anything came within the time. What it says does not matter: a scan finds the truth. Nor does it matter that an event
    /// cannot be read: with ENOBUFS the kernel says that it dropped some.
    fn next(&self, timeout: Duration) -> io::Result<bool> {
        let timeout = PollTimeout::try_from(timeout).unwrap_or(PollTimeout::MAX);
        let mut waiting = [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)];
        match poll(&mut waiting, timeout) {
            Ok(0) | Err(Errno::EINTR) => return Ok(false),
            Ok(_) => {}
            Err(errno) => return Err(errno.into()),
        }
        self.socket.iter().for_each(drop);
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_no_change() {
        // Other devices of this machine may speak up; what is tested is that the wait ends.
        let began = Instant::now();
        Watch::new().unwrap().wait(Duration::from_millis(1)).unwrap();
        assert!(began.elapsed() < Duration::from_secs(10));
    }
}
