//! The loop of PID 1: keys to the child, its words to the log, the dead to their rest.

use crate::Child;
use crate::buttons::Buttons;
use crate::consoles::Consoles;
use crate::log::{hush, log};
use crate::offspring::{Death, Ending, Offspring};
use crate::screen;
use crate::settled::Settled;
use crate::watchdog::Watchdog;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use purgeproof_sys::power::Power;
use purgeproof_sys::process;
use purgeproof_sys::signal::{Signal, Signals};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// Long enough to read the screen, short enough for a machine that nobody watches.
const RESTART_AFTER: Duration = Duration::from_secs(10);
/// Keys in the first moments after a death were meant for the child: a `p` of a half-typed name must not switch the machine off.
const DEAF: Duration = Duration::from_millis(1500);
/// A child that dies younger than this dies quickly.
const QUICK: Duration = Duration::from_mins(1);
/// After so many quick deaths in a row another start would only add heat.
const QUICK_DEATHS: u32 = 5;
/// The pause between two looks at the clock, or at a console that hung up, milliseconds.
const TICK_MS: u16 = 1000;
/// The longest pause between two turns, for the watchdog and for keyboards that are plugged in, milliseconds.
const TURN_MS: u16 = 5000;
/// What the child reads for the power key: F20 of xterm.
const POWER_KEY: &[u8] = b"\x1b[34~";
/// And for Ctrl-Alt-Del: F19.
const CTRL_ALT_DEL: &[u8] = b"\x1b[33~";

/// What PID 1 holds while the machine runs.
pub(crate) struct Supervisor<'a> {
    child: &'a Child<'a>,
    settled: Settled,
    signals: Signals,
    consoles: Consoles,
    buttons: Buttons,
    watchdog: Watchdog,
    phase: Phase,
    quick_deaths: u32,
}

enum Phase {
    /// The child runs.
    Alive(Box<Offspring>),
    /// It is dead since then; it starts again at that time, or when somebody says so.
    Dead { since: Instant, restart_at: Option<Instant> },
}

impl Phase {
    fn dead(restart_after: Option<Duration>) -> Self {
        let since = Instant::now();
        Self::Dead { since, restart_at: restart_after.map(|time| since + time) }
    }
}

impl<'a> Supervisor<'a> {
    /// Takes the signals, the consoles and the power key; and the hardware watchdog if the machine is to be guarded by it.
    pub(crate) fn open(child: &'a Child<'a>, settled: Settled, is_guarded: bool) -> Result<Self, Errno> {
        let signals = Signals::open(&[Signal::SIGCHLD, Signal::SIGINT, Signal::SIGTERM])?;
        let consoles = Consoles::open();
        log!("consoles: {}", consoles.names());
        let (buttons, watchdog) = (Buttons::open(), Watchdog::new(is_guarded));
        Ok(Self { child, settled, signals, consoles, buttons, watchdog, phase: Phase::dead(None), quick_deaths: 0 })
    }

    /// The consoles, for the last words.
    pub(crate) fn consoles(&mut self) -> &mut Consoles {
        &mut self.consoles
    }

    /// Lets the watchdog go, for the end of the machine.
    pub(crate) fn disarm(&mut self) {
        self.watchdog.disarm();
    }

    /// Starts the child when the drivers are loaded.
    pub(crate) fn start_when_settled(&mut self) {
        if !self.settled.wait() {
            log!("modules still load; their drives appear when they are ready");
        }
        self.start();
    }

    /// Starts the child, whose screen the consoles are from now on.
    pub(crate) fn start(&mut self) {
        hush();
        match Offspring::start(self.child, self.consoles.size(), &self.consoles.names(), &self.settled) {
            Ok(offspring) => {
                log!("child started, process {}", offspring.pid());
                self.phase = Phase::Alive(Box::new(offspring));
            }
            Err(error) => self.mourn(&Death::NotStarted(error.to_string()), Duration::ZERO, &[]),
        }
    }

    /// Waits until something happens and deals with it. Returns when the machine is to end.
    pub(crate) fn turn(&mut self) -> Option<Power> {
        self.watchdog.feed();
        self.buttons.look();
        self.wait();
        let asked = self.hear_signals();
        self.consoles.reopen();
        asked.or_else(|| self.hear_power_key()).or_else(|| self.hear_keys()).or_else(|| {
            self.look_after_child();
            None
        })
    }

    /// Everything is read without waiting afterwards, so it does not matter what woke us.
    fn wait(&self) {
        let offspring = match &self.phase {
            Phase::Alive(offspring) => Some(offspring),
            Phase::Dead { .. } => None,
        };
        let patient = offspring.is_some() && !self.consoles.incomplete();
        let descriptors = std::iter::once(self.signals.as_fd())
            .chain(self.consoles.descriptors())
            .chain(self.buttons.descriptors())
            .chain(offspring.into_iter().flat_map(|offspring| offspring.descriptors()));
        let mut descriptors: Vec<_> = descriptors.map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
        match poll(&mut descriptors, PollTimeout::from(if patient { TURN_MS } else { TICK_MS })) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(errno) => {
                log!("poll: {errno}");
                std::thread::sleep(Duration::from_secs(1));
            }
        }
    }

    fn hear_signals(&mut self) -> Option<Power> {
        while let Ok(Some(signal)) = self.signals.next() {
            match signal {
                Signal::SIGCHLD => {}
                Signal::SIGINT => {
                    log!("Ctrl-Alt-Del is ignored: drives may be in the middle of an erase");
                    self.type_in(CTRL_ALT_DEL);
                }
                other => log!("{other} is ignored"),
            }
        }
        let mut asked = None;
        while let Some(status) = process::reap() {
            let Phase::Alive(offspring) = &mut self.phase else {
                continue;
            };
            let Some(ending) = offspring.ended(status) else {
                continue;
            };
            offspring.listen();
            let (lived, said) = (offspring.age(), offspring.said());
            match ending {
                Ending::Asked(power) => asked = Some(power),
                Ending::Died(death) => self.mourn(&death, lived, &said),
            }
        }
        asked
    }

    /// Tells of a death and decides what comes next.
    fn mourn(&mut self, death: &Death, lived: Duration, said: &[String]) {
        self.quick_deaths = if lived < QUICK { self.quick_deaths + 1 } else { 0 };
        let restart_after = restart_after(self.quick_deaths);
        log!(
            "PurgeProof stopped unexpectedly after {} s. {death}. Quick deaths: {}",
            lived.as_secs(),
            self.quick_deaths
        );
        self.consoles
            .show(|size| screen::died(&death.to_string(), lived, said, size) + &screen::choice(restart_after, size));
        self.phase = Phase::dead(restart_after);
    }

    fn type_in(&mut self, keys: &[u8]) {
        if let Phase::Alive(offspring) = &mut self.phase {
            offspring.type_in(keys);
        }
    }

    /// The power key is the child's to answer, which knows what runs; without one, it switches the machine off.
    fn hear_power_key(&mut self) -> Option<Power> {
        if !self.buttons.pressed() {
            return None;
        }
        self.type_in(POWER_KEY);
        matches!(self.phase, Phase::Dead { .. }).then_some(Power::Off)
    }

    /// Keys are the child's; without one, `r` and `p` are ours.
    fn hear_keys(&mut self) -> Option<Power> {
        let (mut again, mut off) = (false, false);
        let phase = &mut self.phase;
        self.consoles.typed(|keys| match phase {
            Phase::Alive(offspring) => offspring.type_in(keys),
            Phase::Dead { since, .. } if since.elapsed() < DEAF => {}
            Phase::Dead { .. } => {
                again |= keys.contains(&b'r') || keys.contains(&b'R');
                off |= keys.contains(&b'p') || keys.contains(&b'P');
            }
        });
        if again {
            self.quick_deaths = 0;
            self.start();
        }
        off.then_some(Power::Off)
    }

    fn look_after_child(&mut self) {
        match &mut self.phase {
            Phase::Alive(offspring) => offspring.listen(),
            Phase::Dead { restart_at: None, .. } => {}
            Phase::Dead { restart_at: Some(at), .. } => {
                let left = at.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    self.start();
                } else {
                    self.consoles.show(|size| screen::choice(Some(left), size));
                }
            }
        }
    }
}

/// The pause before the next start; `None`: not without a key.
fn restart_after(quick_deaths: u32) -> Option<Duration> {
    (quick_deaths < QUICK_DEATHS).then_some(RESTART_AFTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fifth_quick_death_waits_for_a_key() {
        assert_eq!(restart_after(0), Some(RESTART_AFTER));
        assert_eq!(restart_after(4), Some(RESTART_AFTER));
        assert_eq!(restart_after(5), None);
    }
}
