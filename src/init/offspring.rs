//! The child: how it starts, what it says, how it ends.

use crate::log::log;
use crate::settled::Settled;
use crate::tail::Tail;
use crate::{CONSOLES, Child, POWER_OFF, REBOOT, SETTLED};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use purgeproof_sys::console::{Pty, Size};
use purgeproof_sys::power::Power;
use purgeproof_sys::process::{self, Pid, Signal, WaitStatus};
use std::fmt;
use std::io::{self, PipeReader, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The running child.
pub(crate) struct Offspring {
    pid: Pid,
    started: Instant,
    terminal: Pty,
    /// `None` once every writer has closed it.
    output: Option<PipeReader>,
    said: Tail,
}

/// What the end of the child means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It asked for the machine to end.
    Asked(Power),
    /// It died.
    Died(Death),
}

/// What the child died of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Death {
    /// An exit code without a meaning.
    Code(i32),
    /// A signal.
    Signal(Signal),
    /// It could not even be started.
    NotStarted(String),
}

impl fmt::Display for Death {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "It ended with exit code {code}"),
            Self::Signal(signal) => write!(f, "It was ended by signal {} ({signal})", *signal as i32),
            Self::NotStarted(error) => write!(f, "It could not be started: {error}"),
        }
    }
}

impl Ending {
    /// The end of a process; `None` for news of one that lives on.
    fn of(status: WaitStatus) -> Option<Self> {
        match status {
            WaitStatus::Exited(_, code) if code == i32::from(POWER_OFF) => Some(Self::Asked(Power::Off)),
            WaitStatus::Exited(_, code) if code == i32::from(REBOOT) => Some(Self::Asked(Power::Reboot)),
            WaitStatus::Exited(_, code) => Some(Self::Died(Death::Code(code))),
            WaitStatus::Signaled(_, signal, _) => Some(Self::Died(Death::Signal(signal))),
            _ => None,
        }
    }
}

impl Offspring {
    /// Starts `child` on a new pseudoterminal of this size. A new one each time: what a dead child left in the old one, keys and
    /// settings, must not reach its successor.
    pub(crate) fn start(child: &Child<'_>, size: Size, consoles: &str, settled: &Settled) -> io::Result<Self> {
        let terminal = Pty::open(size)?;
        let (output, input) = io::pipe()?;
        // Ours alone: the two ends are distinct, and a child whose writes failed with EAGAIN would panic.
        fcntl(&output, FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
        let spawn = |program: &str| {
            let mut command = Command::new(program);
            command.arg0("purgeproof").args(child.arguments);
            command.env_clear().env("TERM", "linux").env("HOME", "/");
            command.env(CONSOLES, consoles).env(SETTLED, settled.path());
            command.stdin(Stdio::from(terminal.slave.try_clone()?));
            command.stdout(Stdio::from(input.try_clone()?)).stderr(Stdio::from(input.try_clone()?));
            process::on_own_terminal(&mut command);
            command.spawn()
        };
        let process = spawn("/proc/self/exe").or_else(|_| spawn("/init"))?;
        let pid = i32::try_from(process.id()).map(Pid::from_raw).map_err(io::Error::other)?;
        Ok(Self { pid, started: Instant::now(), terminal, output: Some(output), said: Tail::default() })
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> Pid {
        self.pid
    }

    /// How long it has run.
    pub(crate) fn age(&self) -> Duration {
        self.started.elapsed()
    }

    /// What it said last.
    pub(crate) fn said(&self) -> Vec<String> {
        self.said.lines()
    }

    /// The descriptors to poll for what it says. The slave is open here too, so that the master never reports a hang-up.
    pub(crate) fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        std::iter::once(self.terminal.master.as_fd()).chain(self.output.as_ref().map(AsFd::as_fd))
    }

    /// Hands it keys. A child that reads none fills its terminal; further keys are lost, as on any terminal.
    pub(crate) fn type_in(&mut self, keys: &[u8]) {
        let _ = self.terminal.master.write(keys);
    }

    /// Takes in what it has said, without waiting: a bounded piece, so that a chatterbox does not keep PID 1 from the rest.
    pub(crate) fn listen(&mut self) {
        let mut buffer = [0; 4096];
        if let Ok(count) = self.terminal.master.read(&mut buffer) {
            self.hear(buffer.get(..count).unwrap_or_default());
        }
        for _ in 0..16 {
            let Some(output) = &mut self.output else { return };
            match output.read(&mut buffer) {
                Ok(0) => self.output = None,
                Ok(count) => self.hear(buffer.get(..count).unwrap_or_default()),
                Err(_) => return,
            }
        }
    }

    fn hear(&mut self, bytes: &[u8]) {
        for line in self.said.push(bytes) {
            log!("child: {line}");
        }
    }

    /// What `status` means if it is this child's end; what it left behind in its process group is ended with it.
    pub(crate) fn ended(&self, status: WaitStatus) -> Option<Ending> {
        if status.pid() != Some(self.pid) {
            return None;
        }
        let ending = Ending::of(status)?;
        // A process of the old child must not write to a drive that the new one takes up.
        process::signal_group(self.pid, Signal::SIGKILL).unwrap_or_else(|errno| log!("orphans: {errno}"));
        Some(ending)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_mean_what_the_contract_says() {
        let pid = Pid::from_raw(7);
        let code = |code| Ending::of(WaitStatus::Exited(pid, code));
        assert_eq!(code(0), Some(Ending::Asked(Power::Off)));
        assert_eq!(code(3), Some(Ending::Asked(Power::Reboot)));
        assert_eq!(code(7), Some(Ending::Died(Death::Code(7))));
        assert_eq!(code(101), Some(Ending::Died(Death::Code(101))));
        let signalled = Ending::of(WaitStatus::Signaled(pid, Signal::SIGSEGV, false));
        assert_eq!(signalled, Some(Ending::Died(Death::Signal(Signal::SIGSEGV))));
        assert_eq!(Ending::of(WaitStatus::Continued(pid)), None);
    }

    #[test]
    fn a_death_is_told_with_its_number_and_name() {
        assert_eq!(Death::Code(101).to_string(), "It ended with exit code 101");
        assert_eq!(Death::Signal(Signal::SIGSEGV).to_string(), "It was ended by signal 11 (SIGSEGV)");
    }
}
