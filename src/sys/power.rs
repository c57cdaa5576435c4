//! Ending the machine: reboot(2) and the magic `SysRq` trigger.

use nix::errno::Errno;
use nix::sys::reboot::{RebootMode, reboot, set_cad_enabled};
use std::io;

/// How the machine ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Power {
    /// Switched off.
    Off,
    /// Started again.
    Reboot,
}

/// Ends the machine by reboot(2), without syncing: returns only the kernel's refusal.
pub fn end(power: Power) -> Errno {
    let mode = match power {
        Power::Off => RebootMode::RB_POWER_OFF,
        Power::Reboot => RebootMode::RB_AUTOBOOT,
    };
    match reboot(mode) {
        Err(errno) => errno,
    }
}

/// Ends the machine by `SysRq` (`o` or `b`): it skips the drivers' orderly shutdown, in which reboot(2) can hang for minutes.
pub fn end_by_sysrq(power: Power) -> io::Result<()> {
    let key: &[u8] = match power {
        Power::Off => b"o",
        Power::Reboot => b"b",
    };
    std::fs::write("/proc/sysrq-trigger", key)
}

/// Stops the processor without switching off: the last means, for a machine whose power cannot be switched by software.
pub fn halt() -> Errno {
    match reboot(RebootMode::RB_HALT_SYSTEM) {
        Err(errno) => errno,
    }
}

/// From now on Ctrl-Alt-Del sends SIGINT to PID 1 instead of restarting the machine on the spot.
pub fn take_ctrl_alt_del() -> Result<(), Errno> {
    set_cad_enabled(false)
}
