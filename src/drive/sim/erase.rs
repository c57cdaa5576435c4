//! The firmware of a simulated drive: every technique, done at once when its time is up, and every fault by name.

use nix::libc;
use purgeproof_core::capability::{Area, Capabilities, Found, Hidden, Obstacle, Support};
use purgeproof_core::drive::MediaError;
use purgeproof_core::firmware::{
    Answer, Begun, Exchange, Firmware, Health, Octets, Prepared, Settled, Standing, Transcript,
};
use purgeproof_core::technique::Technique;
use purgeproof_core::units::{Bytes, Lba};

use super::{Fault, SimDrive, State, contains};

/// How often a drive is asked before an erase is over.
const POLLS: u32 = 20;

/// How an erase of a simulated drive stands.
#[derive(Debug, Default)]
pub(super) struct Erase {
    status: Status,
    /// What the last erase left on all blocks that were not written since.
    pub(super) left: Option<Left>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Status {
    #[default]
    Never,
    Running {
        technique: Technique,
        polls: u32,
    },
    Completed,
    Failed,
}

/// The content of an erased drive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    Zeros,
    /// As after a change of key.
    Noise,
}

impl State {
    /// The drive pretends to erase this block and does not.
    pub(super) fn keeps(&self, at: Lba) -> bool {
        self.faults.iter().any(|fault| matches!(fault, Fault::EraseKeeps(extent) if contains(*extent, at.0)))
    }

    fn complete(&mut self, technique: Technique) {
        let kept = |lba: &u64| {
            self.faults.iter().any(|fault| matches!(fault, Fault::EraseKeeps(extent) if contains(*extent, *lba)))
        };
        self.written.retain(|lba, _| kept(lba));
        self.erase.left = Some(if technique.is_cryptographic() { Left::Noise } else { Left::Zeros });
        self.erase.status = Status::Completed;
    }
}

impl SimDrive {
    /// What this drive can do: these techniques, and be overwritten.
    pub fn capabilities(&self, techniques: &[Technique]) -> Capabilities {
        let support = |technique| if techniques.contains(&technique) { Support::Present } else { Support::Absent };
        let techniques = Technique::ALL.into_iter().filter(|technique| technique.is_firmware());
        Capabilities {
            techniques: techniques
                .map(|technique| (technique, support(technique)))
                .chain([(Technique::Overwrite, Support::Present)])
                .collect(),
            hidden: self.hidden(),
            ..Capabilities::default()
        }
    }

    fn hidden(&self) -> Vec<Hidden> {
        let block = u64::from(self.geometry.block().get());
        let size = |fault: &Fault| if let Fault::Hides(blocks) = fault { Some(Bytes(blocks * block)) } else { None };
        let found = self.state().faults.iter().find_map(size);
        let found = found.map_or(Found::Nothing, |size| Found::Closed { size });
        vec![Hidden { area: Area::HostProtectedArea, found }]
    }
}

/// The command set of a simulated drive.
#[derive(Debug)]
pub(super) struct SimFirmware(SimDrive);

impl SimFirmware {
    pub(super) fn new(drive: SimDrive) -> Self {
        Self(drive)
    }

    fn stands(&self) -> Standing {
        if self.0.has(|fault| *fault == Fault::StatusLost) {
            return Standing::Unknown { why: "simulated: the status does not come through".to_owned() };
        }
        let is_stale = self.0.has(|fault| *fault == Fault::StaleSuccess);
        match self.0.state().erase.status {
            Status::Never if is_stale => Standing::Completed,
            Status::Never => Standing::Never,
            Status::Running { polls, .. } => Standing::InProgress { progress: Some(share(polls)) },
            Status::Completed => Standing::Completed,
            Status::Failed => Standing::Failed { why: "simulated failure".to_owned() },
        }
    }

    /// Lets some of the erase's time pass.
    fn tick(&self) {
        let mut state = self.0.state();
        let Status::Running { technique, polls } = state.erase.status else { return };
        let percent = u8::try_from(polls * 100 / POLLS).unwrap_or(100);
        let reached = |at: u8| percent >= at;
        if state.faults.iter().any(|fault| matches!(fault, Fault::EraseStalls(at) if reached(*at))) {
            return;
        }
        if state.faults.iter().any(|fault| matches!(fault, Fault::EraseFails(at) if reached(*at))) {
            state.erase.status = Status::Failed;
        } else if polls >= POLLS || state.faults.contains(&Fault::EraseInstant) {
            state.complete(technique);
        } else {
            state.erase.status = Status::Running { technique, polls: polls + 1 };
        }
    }

    fn is_gone(&self) -> bool {
        let state = self.0.state();
        let percent = match state.erase.status {
            Status::Running { polls, .. } => polls * 100 / POLLS,
            _ => 0,
        };
        let running = matches!(state.erase.status, Status::Running { .. });
        state.faults.iter().any(|fault| match fault {
            Fault::EraseVanishes(at) => running && percent >= u32::from(*at),
            Fault::VanishesAt(at) => state.transfers >= *at,
            _ => false,
        })
    }
}

/// So many polls as 65536ths.
fn share(polls: u32) -> u16 {
    u16::try_from((polls * 65536 / POLLS).min(65535)).unwrap_or(u16::MAX)
}

impl Firmware for SimFirmware {
    fn prepare(&mut self, _: &mut dyn Transcript) -> Prepared {
        let is_locked = self.0.has(|fault| *fault == Fault::Locked);
        Prepared {
            standing: self.stands(),
            hidden: self.0.hidden(),
            obstacle: is_locked.then_some(Obstacle::Locked),
            ..Prepared::default()
        }
    }

    fn begin(&mut self, technique: Technique, log: &mut dyn Transcript) -> Begun {
        let mut exchange = Exchange {
            command: format!("simulated {technique}"),
            sent: Octets::default(),
            data_out: None,
            answer: None,
        };
        log.note(exchange.clone());
        if self.is_gone() {
            return Begun::Lost { why: format!("the drive is gone (error {})", libc::ENODEV) };
        }
        let is_refused = self.0.has(|fault| *fault == Fault::EraseRefused(technique));
        let status = if is_refused { "refused" } else { "taken" };
        exchange.answer = Some(Answer { status: status.to_owned(), raw: Octets::default(), data_in: None, took_ms: 0 });
        log.note(exchange);
        if is_refused {
            return Begun::Refused { why: "simulated refusal".to_owned() };
        }
        if !self.0.has(|fault| *fault == Fault::EraseIgnored) {
            self.0.state().erase.status = Status::Running { technique, polls: 0 };
        }
        Begun::Accepted { estimate_s: Some(10) }
    }

    fn standing(&mut self, _: &mut dyn Transcript) -> Standing {
        if self.is_gone() {
            return Standing::Gone;
        }
        self.tick();
        self.stands()
    }

    fn settle(&mut self, _: Technique, _: &mut dyn Transcript) -> Settled {
        Settled::default()
    }

    fn health(&mut self, _: &mut dyn Transcript) -> Health {
        Health::default()
    }
}

/// While it erases itself, and after it has failed to, a drive neither reads nor writes.
pub(super) fn is_accessible(state: &State) -> Result<(), MediaError> {
    let is_busy = matches!(state.erase.status, Status::Running { .. } | Status::Failed);
    if is_busy || state.faults.contains(&Fault::Locked) { Err(MediaError::Bad { errno: libc::EIO }) } else { Ok(()) }
}
