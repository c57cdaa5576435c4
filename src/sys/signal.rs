//! Signals as bytes in a poll loop: signalfd(2).

use nix::errno::Errno;
use nix::sys::signal::SigSet;
pub use nix::sys::signal::Signal;
use nix::sys::signalfd::{SfdFlags, SignalFd};
use std::os::fd::{AsFd, BorrowedFd};

/// The signals of PID 1, read one by one. While it lives they interrupt nothing.
#[derive(Debug)]
pub struct Signals(SignalFd);

impl Signals {
    /// Blocks `signals` in this thread, and in those it starts later, and opens the descriptor to read them from.
    pub fn open(signals: &[Signal]) -> Result<Self, Errno> {
        let mask: SigSet = signals.iter().copied().collect();
        mask.thread_block()?;
        SignalFd::with_flags(&mask, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC).map(Self)
    }

    /// The next signal, `None` when there is none waiting. Equal signals that waited together arrive as one.
    pub fn next(&self) -> Result<Option<Signal>, Errno> {
        let Some(received) = self.0.read_signal()? else {
            return Ok(None);
        };
        let number = i32::try_from(received.ssi_signo).map_err(|_| Errno::EINVAL)?;
        Signal::try_from(number).map(Some)
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::signal::raise;

    #[test]
    fn a_signal_waits_until_it_is_read() {
        let signals = Signals::open(&[Signal::SIGUSR2]).unwrap();
        assert_eq!(signals.next(), Ok(None));
        raise(Signal::SIGUSR2).unwrap();
        assert_eq!(signals.next(), Ok(Some(Signal::SIGUSR2)));
        assert_eq!(signals.next(), Ok(None));
    }
}
