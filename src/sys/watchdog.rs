//! A hardware watchdog (Documentation/watchdog/watchdog-api.rst): once it is open, a machine that stops writing to it is reset.

use nix::errno::Errno;
use nix::sys::ioctl::ioctl_num_type;
use std::os::fd::{AsFd, AsRawFd};

use crate::ioctl::number;

/// `linux/watchdog.h`.
const WDIOC_SETTIMEOUT: ioctl_num_type = nix::request_code_readwrite!(b'W', 6, size_of::<libc::c_int>());
const _: () = assert!(number(WDIOC_SETTIMEOUT) == 0xC004_5706);

/// Asks for this much patience, in seconds, and tells how much the watchdog took. EINVAL: it cannot have so much, and keeps its own.
pub fn set_timeout(watchdog: impl AsFd, seconds: i32) -> Result<i32, Errno> {
    let mut seconds: libc::c_int = seconds;
    let fd = watchdog.as_fd().as_raw_fd();
    // SAFETY: the descriptor is open for the borrow's life; WDIOC_SETTIMEOUT reads and writes one int, which `seconds` is.
    let result = unsafe { libc::ioctl(fd, WDIOC_SETTIMEOUT, &raw mut seconds) };
    Errno::result(result).map(|_| seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    #[test]
    fn what_is_no_watchdog_is_refused() {
        assert_eq!(set_timeout(File::open("/dev/null").unwrap(), 60), Err(Errno::ENOTTY));
    }
}
