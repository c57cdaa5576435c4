//! The end of the machine: everything stopped, everything written, power off.

use crate::consoles::Consoles;
use crate::log::log;
use crate::{mounts, screen};
use purgeproof_sys::mount::unmount;
use purgeproof_sys::power::{self, Power};
use purgeproof_sys::process::{self, Signal};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// What is left of the processes after SIGTERM gets this long to end by itself.
const GRACE: Duration = Duration::from_secs(2);
/// SIGKILL needs no grace, but a process inside a drive's command ends only with the command.
const KILLED: Duration = Duration::from_secs(1);
/// From the start of the shutdown until the orderly way is given up: sync(2) and reboot(2) wait for drives that may never answer.
const FALLBACK: Duration = Duration::from_secs(20);

/// For machines whose power software cannot switch.
const SAFE_NOW: &str = "It is safe to switch the machine off.";

/// All caches are written and nothing is mounted.
static SAFE: AtomicBool = AtomicBool::new(false);

/// Ends the machine.
pub(crate) fn end(power: Power, consoles: &mut Consoles) -> ! {
    let sentence = match power {
        Power::Off => "PurgeProof has ended. The machine is being switched off.",
        Power::Reboot => "PurgeProof has ended. The machine is being restarted.",
    };
    log!("{sentence}");
    consoles.show(|size| screen::notice(sentence, size));
    arm_fallback(power);
    stop_everything();
    nix::unistd::sync();
    unmount_everything();
    SAFE.store(true, Ordering::Release);
    if power == Power::Off {
        consoles.show(|size| screen::line(SAFE_NOW, size));
    }
    log!("the kernel refused: {}", power::end(power));
    by_force(power)
}

/// A thread, for the main one may hang in the kernel.
fn arm_fallback(power: Power) {
    let fallback = move || {
        std::thread::sleep(FALLBACK);
        log!("no orderly end after {} s", FALLBACK.as_secs());
        let sentence = if SAFE.load(Ordering::Acquire) {
            SAFE_NOW
        } else {
            "A drive does not answer. Switch the machine off by hand if it stays on."
        };
        Consoles::open().show(|size| screen::line(sentence, size));
        by_force(power)
    };
    if let Err(error) = std::thread::Builder::new().name("fallback".to_owned()).spawn(fallback) {
        log!("the shutdown goes on without a fallback: {error}");
    }
}

/// The ways that ask no driver.
fn by_force(power: Power) -> ! {
    if let Err(error) = power::end_by_sysrq(power) {
        log!("SysRq: {error}");
    }
    // SysRq switches off from a work queue of the kernel: halting at once would overtake it.
    std::thread::sleep(Duration::from_secs(5));
    log!("halt: {}", power::halt());
    loop {
        std::thread::sleep(Duration::from_hours(1));
    }
}

fn stop_everything() {
    for (signal, patience) in [(Signal::SIGTERM, GRACE), (Signal::SIGKILL, KILLED)] {
        process::signal_all(signal).unwrap_or_else(|errno| log!("{signal} to all: {errno}"));
        let deadline = Instant::now() + patience;
        while process::has_children() && Instant::now() < deadline {
            while process::reap().is_some() {}
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn unmount_everything() {
    let mounts = std::fs::read_to_string("/proc/mounts").unwrap_or_default();
    for target in mounts::on_devices(&mounts) {
        unmount(&target).unwrap_or_else(|errno| log!("{target} stays mounted: {errno}"));
    }
    // A detached filesystem is written out by sync alone.
    nix::unistd::sync();
}
