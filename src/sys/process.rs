//! Processes: a session on a terminal, reaping, the end of all of them.

use nix::errno::Errno;
pub use nix::sys::signal::Signal;
use nix::sys::signal::{SigSet, kill, killpg};
pub use nix::sys::wait::WaitStatus;
use nix::sys::wait::{WaitPidFlag, waitpid};
pub use nix::unistd::Pid;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Makes `command` start in a session of its own whose controlling terminal is its standard input, with no signal blocked.
pub fn on_own_terminal(command: &mut Command) {
    let prepare = || {
        nix::unistd::setsid()?;
        // SAFETY: plain ioctl on descriptor 0, which std has made the terminal by now; TIOCSCTTY takes an int, 0 = do not steal.
        let result = unsafe { libc::ioctl(libc::STDIN_FILENO, libc::TIOCSCTTY, 0) };
        Errno::result(result)?;
        // std leaves our mask to the child, and ours blocks what signalfd reads.
        SigSet::empty().thread_set_mask()?;
        Ok::<(), io::Error>(())
    };
    // SAFETY: between fork and exec the closure makes three async-signal-safe calls and allocates nothing.
    unsafe { command.pre_exec(prepare) };
}

/// Collects one process that has ended: `None` when none has (or none is left).
pub fn reap() -> Option<WaitStatus> {
    loop {
        match waitpid(Pid::from_raw(-1), Some(WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) => return None,
            Ok(status) => return Some(status),
            Err(Errno::EINTR) => {}
            Err(_) => return None,
        }
    }
}

/// Whether this process still has children, ended or not.
pub fn has_children() -> bool {
    use nix::sys::wait::{Id, waitid};
    waitid(Id::All, WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT) != Err(Errno::ECHILD)
}

/// Signals every process of the group that `leader` leads; that there is none left is no error.
pub fn signal_group(leader: Pid, signal: Signal) -> Result<(), Errno> {
    match killpg(leader, signal) {
        Err(Errno::ESRCH) => Ok(()),
        result => result,
    }
}

/// Signals every process but this one and the kernel's own. For PID 1 alone: elsewhere it ends the whole session of the user.
pub fn signal_all(signal: Signal) -> Result<(), Errno> {
    if Pid::this() != Pid::from_raw(1) {
        return Err(Errno::EPERM);
    }
    match kill(Pid::from_raw(-1), signal) {
        Err(Errno::ESRCH) => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::{Pty, Size};
    use std::io::Read;
    use std::process::Stdio;

    #[test]
    fn the_child_leads_a_session_on_the_pty() {
        let mut pty = Pty::open(Size { columns: 80, rows: 25 }).unwrap();
        let mut command = Command::new("/bin/sh");
        // Opening /dev/tty fails in a process without a controlling terminal.
        command.args(["-c", "echo leader > /dev/tty"]);
        command.stdin(Stdio::from(pty.slave.try_clone().unwrap())).stdout(Stdio::null());
        on_own_terminal(&mut command);
        assert!(command.spawn().unwrap().wait().unwrap().success());
        let mut said = [0; 16];
        let count = pty.master.read(&mut said).unwrap();
        assert_eq!(&said[..count], b"leader\n");
    }

    #[test]
    fn only_pid_1_may_signal_everyone() {
        assert_eq!(signal_all(Signal::SIGKILL), Err(Errno::EPERM));
    }
}
