//! The NVM subsystem behind the controller: its medium, its namespaces and what is going on with them.

use std::ops::Range;
use std::time::Instant;

use super::Spec;
use super::format::Formatting;
use super::namespace::Namespace;
use super::sanitize::Sanitize;
use super::spec::PendingReset;
use super::status::Status;
use crate::drive::Drive;
use crate::operation::State;
use crate::ranges::Ranges;
use crate::tcg::Tper;

/// The state that outlives resets of the controller.
#[derive(Debug)]
pub(super) struct Subsystem {
    pub(super) drive: Drive,
    pub(super) namespaces: Vec<Namespace>,
    /// Bytes of the medium that the mapping table has forgotten: they read as zeros whatever is there.
    pub(super) unmapped: Ranges,
    pub(super) sanitize: Sanitize,
    pub(super) formatting: Option<Formatting>,
    pub(super) tper: Option<Tper>,
    pub(super) pending_firmware: Option<PendingReset>,
    /// The firmware log was read, so whoever is to deal with a pending firmware has seen it.
    pub(super) firmware_was_looked_at: bool,
    /// The Persistent Memory Region is enabled.
    pub(super) pmr_is_enabled: bool,
    /// Set Features 17h, bit 0: No-Deallocate Response Mode.
    pub(super) nodrm: bool,
}

impl Subsystem {
    pub(super) fn new(drive: Drive) -> Self {
        let tper = drive.spec.tcg.as_ref().map(Tper::new);
        let spec = &drive.spec.nvme;
        Self {
            namespaces: Namespace::of(&drive),
            unmapped: Ranges::default(),
            sanitize: Sanitize::new(&drive),
            formatting: None,
            tper,
            pending_firmware: spec.pending_firmware,
            firmware_was_looked_at: false,
            pmr_is_enabled: spec.pmr,
            nodrm: false,
            drive,
        }
    }

    pub(super) fn spec(&self) -> &Spec {
        &self.drive.spec.nvme
    }

    /// All bytes of the medium.
    pub(super) fn all(&self) -> Range<u64> {
        0..self.drive.media.size()
    }

    /// Reads, writes and erases are refused: locked by its `TPer`, or (fault `security-locked`) with nothing to unlock it by.
    pub(super) fn is_locked(&self) -> bool {
        self.drive.faults().security_locked || self.tper.as_ref().is_some_and(Tper::is_locked)
    }

    /// Why a command that a sanitize does not allow is aborted now (Base 2.1, 8.1.24.4).
    pub(super) fn sanitize_forbids(&self) -> Result<(), Status> {
        match self.drive.operation.state() {
            State::Running => Err(Status::SANITIZE_IN_PROGRESS),
            State::Failed => Err(Status::SANITIZE_FAILED),
            State::Done if self.sanitize.is_in_verification() => Err(Status::SANITIZE_IN_PROGRESS),
            State::Never | State::Done => Ok(()),
        }
    }

    /// A reset of this kind activates the firmware that waits for it, or for a lesser one; but not a reset of the boot, before anybody looked.
    pub(super) fn reset(&mut self, reset: PendingReset) {
        if self.firmware_was_looked_at && self.pending_firmware.is_some_and(|pending| pending <= reset) {
            self.pending_firmware = None;
            self.drive.log.event("firmware-activated", "", &[]);
        }
    }

    /// What a power cycle does beyond the resets.
    pub(super) fn power_on(&mut self) {
        self.drive.power_on();
        self.reset(PendingReset::Conventional);
        self.cancel_verification();
        self.formatting = None;
        self.nodrm = false;
        self.pmr_is_enabled = self.spec().pmr;
        if let Some(tper) = &mut self.tper {
            tper.power_on();
        }
    }

    /// The clock goes on. Gives the asynchronous events that happened, as dword 0 of their completions.
    pub(super) fn tick(&mut self, now: Instant) -> Option<u32> {
        self.drive.tick(now).then(|| self.sanitize_ended())
    }
}
