//! What PID 1 owes the kernel: mounts, modules, reaping, one child, power.
//!
//! PID 1 must never die: the kernel panics with it, and every erase that runs ends. So the real work is done by one child, the same
//! binary with other arguments, and PID 1 only supervises. It owns the consoles' input and hands every key to the child through one
//! pseudoterminal; the child draws on each console by itself. When the child dies, PID 1 shows what it died of on every console and
//! starts it again.
//!
//! # Contract with the child
//! - standard input: a terminal of its own, in raw mode, in size the first console's; keys of all consoles arrive there. The machine's
//!   power key arrives as F20, and Ctrl-Alt-Del as F19 (xterm's sequences).
//! - standard output and error: kept by PID 1, shown when the child dies. They are not a screen.
//! - environment: [`CONSOLES`] names the terminals to draw on, separated by commas; `TERM=linux`. A serial line has size 0 by 0.
//!   [`SETTLED`] is for [`wait_for_drivers`]: the child starts before the drivers are loaded, so that there is a screen at once.
//! - exit code: [`POWER_OFF`], [`REBOOT`]; any other, or a signal, is a death.
//!
//! # Contract with the image
//! - `/dev/console` (character device 5:1) must be in the initramfs: Rust's runtime needs standard streams before `main`.
//! - `/lib/modules/$(uname -r)` with depmod's text files, or none for a kernel without modules; beside them `modules.options`, words
//!   as on the kernel command line that come before it.
//!
//! # Kernel command line
//! `pp.verbose` shows the kernel's log on the consoles, PID 1's lines too. Without `quiet` the child starts when the drivers are loaded:
//! until then the kernel's lines about them can be read. `module.parameter=value` reaches modules as if they were
//! built in. `pp.watchdog=off` leaves a hardware watchdog alone. `modprobe.blacklist=` and `module_blacklist=` keep modules out, and those that cannot do without them.

mod buttons;
pub mod cmdline;
mod coldplug;
mod consoles;
mod glob;
mod index;
mod log;
mod modules;
mod mounts;
mod offspring;
mod screen;
mod settled;
mod shutdown;
mod supervisor;
mod tail;
mod watchdog;

use crate::log::log;
use consoles::Consoles;
use nix::unistd::Pid;
use purgeproof_sys::{console, power, process};
use settled::Settled;
pub use settled::wait_for_drivers;
use std::fs::OpenOptions;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;
use supervisor::Supervisor;

/// Exit code of the child that asks for the machine to be switched off.
pub const POWER_OFF: u8 = 0;
/// Exit code of the child that asks for a restart of the machine.
pub const REBOOT: u8 = 3;
/// Environment variable of the child: the terminals to draw on, `/dev/tty1,/dev/ttyS0`.
pub const CONSOLES: &str = "PURGEPROOF_CONSOLES";
/// Environment variable of the child: a pipe that ends once the drivers of what was in the machine at its start are loaded.
pub const SETTLED: &str = "PURGEPROOF_SETTLED";

/// The one child of PID 1: this binary again.
#[derive(Debug, Clone, Copy)]
pub struct Child<'a> {
    /// Its arguments after the program's name.
    pub arguments: &'a [&'a str],
}

/// Panics of the supervisor itself that are survived.
const SECOND_CHANCES: u32 = 5;

/// Does the work of PID 1, for as long as the machine runs. Call it first thing in `main` when `getpid()` is 1; in any other process
/// it ends that process with code 1 and touches nothing.
pub fn run(child: &Child<'_>) -> ! {
    if Pid::this() != Pid::from_raw(1) {
        eprintln!("This is the work of PID 1, and this process is {}. Boot the image instead.", Pid::this());
        std::process::exit(1);
    }
    let ended = catch_unwind(AssertUnwindSafe(|| boot(child)));
    let reason = ended.unwrap_or_else(|_| "PID 1 panicked; the kernel log says where.".to_owned());
    last_resort(&reason)
}

/// The whole life of PID 1; returns only why it cannot go on.
fn boot(child: &Child<'_>) -> String {
    let unmounted = mounts::mount_all();
    let words = cmdline::read();
    log::open(cmdline::has(&words, "pp.verbose"));
    let place = |panic: &std::panic::PanicHookInfo<'_>| log!("PID 1 panicked: {panic}");
    std::panic::set_hook(Box::new(place));
    log!("PID 1 started");
    for failure in unmounted {
        log!("{failure}");
    }
    match OpenOptions::new().read(true).write(true).open("/dev/console") {
        Ok(console) => console::become_stdio(&console).unwrap_or_else(|errno| log!("standard streams: {errno}")),
        Err(error) => log!("/dev/console: {error}"),
    }
    if let Err(errno) = power::take_ctrl_alt_del() {
        log!("Ctrl-Alt-Del still restarts the machine: {errno}");
    }
    let is_guarded = !words.iter().any(|word| word.key == "pp.watchdog" && word.value.as_deref() == Some("off"));
    let (settled, loading) = match Settled::new() {
        Ok(pair) => pair,
        Err(error) => return format!("This kernel gives no pipe ({error}). Restart the machine."),
    };
    let mut supervisor = match Supervisor::open(child, settled, is_guarded) {
        // Never dropped, not even by a panic: that would close the child's terminal, and the hang-up would end its work.
        Ok(supervisor) => ManuallyDrop::new(supervisor),
        Err(errno) => {
            return format!("This kernel gives no signal descriptor ({errno}). Build it with CONFIG_SIGNALFD=y.");
        }
    };
    let is_quiet = cmdline::has(&words, "quiet");
    if is_quiet {
        supervisor.start();
    }
    modules::start(words, loading);
    if !is_quiet {
        supervisor.start_when_settled();
    }
    supervise(&mut supervisor)
}

/// Runs the supervisor, over panics of its own; returns only why it cannot go on.
fn supervise(supervisor: &mut Supervisor<'_>) -> String {
    for _ in 0..SECOND_CHANCES {
        let asked = catch_unwind(AssertUnwindSafe(|| {
            loop {
                if let Some(power) = supervisor.turn() {
                    return power;
                }
            }
        }));
        if let Ok(power) = asked {
            supervisor.disarm();
            shutdown::end(power, supervisor.consoles());
        }
    }
    format!("PID 1 panicked {SECOND_CHANCES} times; the kernel log says where.")
}

/// Shows why PID 1 gave up, and stays: a child that still runs goes on with its work.
fn last_resort(reason: &str) -> ! {
    log!("{reason}");
    let _ = catch_unwind(|| Consoles::open().show(|size| screen::last_resort(reason, size)));
    loop {
        while process::reap().is_some() {}
        std::thread::sleep(Duration::from_secs(1));
    }
}
