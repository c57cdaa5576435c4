//! Sanitize and its status log (Base 2.1, 5.1.22, 5.1.12.1.33 and 8.1.24; PREQ and PRGD are of a later technical proposal).
//!
//! Not verified against the text: that what a restricted failure does not allow is aborted with 1Ch, that a locked drive answers a sanitize
//! with 286h, and the section numbers above.

use std::time::Instant;

use super::spec::{Action, PendingReset};
use super::status::Status;
use super::subsystem::Subsystem;
use crate::bytes::put;
use crate::drive::Drive;
use crate::fault::{self, Answer};
use crate::media::Technique;
use crate::operation::State;

const EXIT_FAILURE_MODE: u32 = 1;
const BLOCK_ERASE: u32 = 2;
const OVERWRITE: u32 = 3;
const CRYPTO_ERASE: u32 = 4;
const EXIT_MEDIA_VERIFICATION: u32 = 5;
/// Allow Unrestricted Sanitize Exit.
const AUSE: u32 = 1 << 3;
/// No-Deallocate After Sanitize.
const NDAS: u32 = 1 << 9;
/// Enter Media Verification State.
const EMVS: u32 = 1 << 10;
/// Purge required.
const PREQ: u32 = 1 << 11;

/// What is known of the last sanitize beyond its state.
#[derive(Debug)]
pub(super) struct Sanitize {
    /// Dword 10 of the command that began it.
    dword_10: u32,
    /// It is done but for the media verification.
    verifies: bool,
    /// A power cut ended the media verification.
    verification_was_canceled: bool,
    /// Blocks were deallocated though NDAS was set.
    deallocated_anyway: bool,
    /// User data were written since the last success, or since the factory.
    pub(super) was_written: bool,
}

impl Sanitize {
    pub(super) fn new(drive: &Drive) -> Self {
        let dword_10 = if drive.faults().stale_success { BLOCK_ERASE } else { 0 };
        Self {
            dword_10,
            verifies: false,
            verification_was_canceled: false,
            deallocated_anyway: false,
            was_written: true,
        }
    }

    pub(super) fn is_in_verification(&self) -> bool {
        self.verifies
    }

    fn has(&self, bit: u32) -> bool {
        self.dword_10 & bit != 0
    }
}

/// OWPASS: 0 is 16.
fn passes(dword_10: u32) -> u16 {
    match dword_10 >> 4 & 0xf {
        0 => 16,
        passes => u16::try_from(passes).unwrap_or(16),
    }
}

impl Subsystem {
    /// SANICAP (Identify Controller, bytes 331:328): CES, BES, OWS, VERS, SPRRS, NDI and NODMMAS 01b, "media are not modified besides".
    pub(super) fn sanicap(&self) -> u32 {
        let spec = self.spec();
        let has = |action| u32::from(spec.sanitize.contains(&action));
        if spec.sanitize.is_empty() {
            return 0;
        }
        has(Action::CryptoErase)
            | has(Action::BlockErase) << 1
            | has(Action::Overwrite) << 2
            | u32::from(spec.media_verification) << 3
            | u32::from(spec.purge_required) << 5
            | u32::from(spec.no_deallocate_inhibited) << 29
            | 1 << 30
    }

    /// The Sanitize command, with its dwords 10 and 11.
    pub(super) fn sanitize(&mut self, dword_10: u32, pattern: u32) -> Result<(), Status> {
        let action = dword_10 & 7;
        if self.sanicap() == 0 || self.drive.faults().answer(fault::Command::Sanitize) == Answer::Refuse {
            return Err(Status::INVALID_OPCODE);
        }
        if action == EXIT_MEDIA_VERIFICATION {
            return self.exit_media_verification();
        }
        if self.drive.operation.state() == State::Running || self.sanitize.verifies || self.formatting.is_some() {
            return Err(Status::SANITIZE_IN_PROGRESS);
        }
        self.prerequisites()?;
        // After a failure in restricted completion mode only another sanitize in that mode is accepted.
        let is_failed = self.drive.operation.state() == State::Failed;
        if is_failed && !self.sanitize.has(AUSE) && (action == EXIT_FAILURE_MODE || dword_10 & AUSE != 0) {
            return Err(Status::SANITIZE_FAILED);
        }
        if action == EXIT_FAILURE_MODE {
            if is_failed {
                self.drive.operation.end(State::Never);
            }
            return Ok(());
        }
        let (technique, name) = self.technique(dword_10, pattern)?;
        match (self.drive.faults().answer(name), self.drive.faults().answer(fault::Command::Sanitize)) {
            (Answer::Refuse, _) => return Err(Status::INVALID_FIELD),
            (Answer::Ignore, _) | (_, Answer::Ignore) => {
                self.drive.log.event("erase-ignored", &format!("{technique:?}"), &[]);
                return Ok(());
            }
            _ => {}
        }
        self.sanitize.dword_10 = dword_10;
        self.sanitize.verification_was_canceled = false;
        self.sanitize.deallocated_anyway = false;
        self.drive.start_all(technique);
        Ok(())
    }

    /// What is in the way of every sanitize.
    fn prerequisites(&self) -> Result<(), Status> {
        match self.pending_firmware {
            Some(PendingReset::Controller) => return Err(Status::NEEDS_CONTROLLER_RESET),
            Some(PendingReset::Subsystem) => return Err(Status::NEEDS_SUBSYSTEM_RESET),
            Some(PendingReset::Conventional) => return Err(Status::NEEDS_CONVENTIONAL_RESET),
            None => {}
        }
        if self.pmr_is_enabled {
            return Err(Status::SANITIZE_PROHIBITED);
        }
        if self.is_locked() {
            return Err(Status::ACCESS_DENIED);
        }
        let is_protected = self.namespaces.iter().any(|namespace| namespace.is_write_protected);
        if is_protected || self.drive.faults().write_protected { Err(Status::WRITE_PROTECTED) } else { Ok(()) }
    }

    /// What the fields of the command ask for, if the drive has it.
    fn technique(&self, dword_10: u32, pattern: u32) -> Result<(Technique, fault::Command), Status> {
        let spec = self.spec();
        let has = |bit: u32| dword_10 & bit != 0;
        let (action, technique, name) = match dword_10 & 7 {
            BLOCK_ERASE => (Action::BlockErase, Technique::BlockErase, fault::Command::BlockErase),
            CRYPTO_ERASE => (Action::CryptoErase, Technique::CryptoErase, fault::Command::CryptoErase),
            OVERWRITE => {
                // OIPBP: inverted between passes, so an even number of passes ends inverted.
                let is_inverted = has(1 << 8) && passes(dword_10).is_multiple_of(2);
                let pattern = if is_inverted { !pattern } else { pattern };
                (Action::Overwrite, Technique::Overwrite(pattern.to_le_bytes()), fault::Command::Overwrite)
            }
            _ => return Err(Status::INVALID_FIELD),
        };
        let is_wrong = !spec.sanitize.contains(&action)
            || has(EMVS) && (!spec.media_verification || has(NDAS) || action == Action::Overwrite)
            || has(PREQ) && !spec.purge_required
            || has(NDAS) && spec.no_deallocate_inhibited && !self.nodrm;
        if is_wrong { Err(Status::INVALID_FIELD) } else { Ok((technique, name)) }
    }

    fn exit_media_verification(&mut self) -> Result<(), Status> {
        if !std::mem::take(&mut self.sanitize.verifies) {
            return Err(Status::INVALID_FIELD);
        }
        self.drive.log.event("media-verification-ended", "", &[]);
        self.deallocate_all();
        Ok(())
    }

    fn deallocate_all(&mut self) {
        if self.spec().deallocates {
            self.unmapped.insert(self.all());
        }
    }

    /// A power cut ends the media verification, and the drive deallocates then (Base 2.1, 8.1.24.3).
    pub(super) fn cancel_verification(&mut self) {
        if std::mem::take(&mut self.sanitize.verifies) {
            self.sanitize.verification_was_canceled = true;
            self.deallocate_all();
        }
    }

    /// The sanitize has just ended, well or not. Gives the event: log page 81h, type 6 (I/O command set specific), information 1 (completed),
    /// 2 (completed, deallocated though it was told not to) or 3 (entered media verification).
    pub(super) fn sanitize_ended(&mut self) -> u32 {
        let event = |information: u32| 0x81 << 16 | information << 8 | 6;
        if self.drive.operation.state() != State::Done {
            return event(1);
        }
        self.sanitize.was_written = false;
        if self.sanitize.has(EMVS) {
            self.sanitize.verifies = true;
            return event(3);
        }
        self.sanitize.deallocated_anyway = self.sanitize.has(NDAS) && self.spec().no_deallocate_inhibited;
        if self.sanitize.deallocated_anyway || !self.sanitize.has(NDAS) && self.spec().deallocates {
            self.unmapped.insert(self.all());
        }
        event(if self.sanitize.deallocated_anyway { 2 } else { 1 })
    }

    /// Log page 81h.
    pub(super) fn sanitize_status(&self, now: Instant) -> Vec<u8> {
        let mut page = vec![0; 512];
        let last = &self.sanitize;
        let state = self.drive.operation.state();
        let status: u16 = match state {
            State::Never => 0,
            State::Running => 2,
            State::Done if last.verifies => 2,
            State::Done if last.deallocated_anyway => 4,
            State::Done => 1,
            State::Failed => 3,
        };
        let purged = status == 1 && last.has(PREQ);
        let flags = u16::from(!last.was_written) << 8
            | u16::from(last.verification_was_canceled) << 9
            | u16::from(purged) << 11;
        put(&mut page, 0, &self.drive.operation.progress(self.drive.faults(), now).to_le_bytes());
        put(&mut page, 2, &(status | self.completed_passes(now) << 3 | flags).to_le_bytes());
        put(&mut page, 4, &last.dword_10.to_le_bytes());
        let estimate = if self.spec().estimates { seconds(self.drive.spec.sanitize_s) } else { u32::MAX };
        for (at, action) in [(8, Action::Overwrite), (12, Action::BlockErase), (16, Action::CryptoErase)] {
            let known = self.spec().sanitize.contains(&action);
            put(&mut page, at, &if known { estimate } else { u32::MAX }.to_le_bytes());
            put(&mut page, at + 12, &u32::MAX.to_le_bytes());
        }
        put(&mut page, 32, &u32::MAX.to_le_bytes());
        put(&mut page, 36, &[self.sanitize_state(state)]);
        page
    }

    /// SSTAT bits 7:3: of an overwrite alone.
    fn completed_passes(&self, now: Instant) -> u16 {
        let dword_10 = self.sanitize.dword_10;
        if dword_10 & 7 != OVERWRITE {
            return 0;
        }
        let all = passes(dword_10);
        match self.drive.operation.state() {
            State::Never => 0,
            State::Done => all,
            State::Running | State::Failed => {
                let share = self.drive.operation.share(now);
                (0..all)
                    .take_while(|pass| f64::from(pass + 1) <= share * f64::from(all))
                    .count()
                    .try_into()
                    .unwrap_or(0)
            }
        }
    }

    /// SSI: the state, and in bits 7:4 the state that it failed in.
    fn sanitize_state(&self, state: State) -> u8 {
        let is_unrestricted = self.sanitize.has(AUSE);
        match state {
            State::Running if is_unrestricted => 3,
            State::Running => 1,
            State::Failed if is_unrestricted => 4 | 3 << 4,
            State::Failed => 2 | 1 << 4,
            State::Done if self.sanitize.verifies => 5,
            State::Never | State::Done => 0,
        }
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a scenario's erase takes a day at most")]
fn seconds(duration: f64) -> u32 {
    duration.ceil() as u32
}
