//! Sanitize Device: begun by one command, carried out in the background, and told about by a status of its own.

use purgeproof_core::firmware::{Begun, Exchange, Standing, Transcript};
use purgeproof_core::technique::Technique;
use purgeproof_spec::ata::sanitize::{self, Overwrite, Reason, Status};

use super::link::{Command, Link, Reply};
use crate::channel::{Data, ScsiChannel};

const STATUS: Command = Command::new("SANITIZE STATUS EXT", sanitize::STATUS);

/// Sends the command of a technique; `None` for techniques that are none of Sanitize Device.
pub(super) fn begin(
    link: &mut Link<impl ScsiChannel>,
    technique: Technique,
    log: &mut dyn Transcript,
) -> Option<Begun> {
    let command = match technique {
        Technique::SanitizeCryptoErase => {
            Command::new("SANITIZE DEVICE, CRYPTO SCRAMBLE EXT", sanitize::CRYPTO_SCRAMBLE)
        }
        Technique::SanitizeBlockErase => Command::new("SANITIZE DEVICE, BLOCK ERASE EXT", sanitize::BLOCK_ERASE),
        // One pass of zeros.
        Technique::SanitizeOverwrite => {
            Command::new("SANITIZE DEVICE, OVERWRITE EXT", Overwrite::new(1, false, 0)?.taskfile())
        }
        _ => return None,
    };
    Some(match link.change(&command, None, log) {
        Reply::Done(_) => Begun::Accepted { estimate_s: None },
        Reply::Error(registers) => match Status::new(&registers) {
            Status::Refused(reason) => Begun::Refused { why: format!("the drive aborted the command: {reason}") },
            _ => Begun::Lost { why: Reply::Error(registers).to_string() },
        },
        reply @ Reply::NotCarried(_) => Begun::Refused { why: reply.to_string() },
        reply => Begun::Lost { why: reply.to_string() },
    })
}

/// Asks for the status; the caller decides whether it is worth a note.
pub(super) fn status(link: &mut Link<impl ScsiChannel>) -> (Exchange, Reply) {
    let answer = link.send(&STATUS, Data::None);
    // A sanitize goes on through the reset that this tells of.
    if matches!(answer.1, Reply::Attention(_)) { link.send(&STATUS, Data::None) } else { answer }
}

/// What the answer to the question for the status means.
pub(super) fn standing(reply: &Reply) -> Standing {
    let unknown = |why: String| Standing::Unknown { why };
    let registers = match reply {
        Reply::Done(registers) | Reply::Error(registers) => registers,
        Reply::Gone => return Standing::Gone,
        silent => return unknown(silent.to_string()),
    };
    match Status::new(registers) {
        Status::Idle(_) => Standing::Never,
        Status::InProgress { progress, .. } => Standing::InProgress { progress },
        Status::CompletedWithoutError(_) => Standing::Completed,
        Status::Refused(reason @ Reason::Unsuccessful) => Standing::Failed { why: reason.to_string() },
        Status::Refused(reason) => unknown(format!("the drive does not tell its sanitize status: {reason}")),
        Status::Missing(_) => {
            unknown("the sanitize status is in the upper half of COUNT, which did not come through".to_owned())
        }
        Status::Unknown(registers) => unknown(format!(
            "the registers are no sanitize status (STATUS {:02X}h, ERROR {:02X}h, COUNT {:04X}h, LBA {:06X}h)",
            registers.status,
            registers.error,
            registers.count().unwrap_or_default(),
            registers.lba_low
        )),
    }
}

/// `SANITIZE FREEZE LOCK EXT` was given: no sanitize until the next power cycle.
pub(super) fn is_frozen(reply: &Reply) -> bool {
    let (Reply::Done(registers) | Reply::Error(registers)) = reply else { return false };
    match Status::new(registers) {
        Status::Idle(locks) | Status::CompletedWithoutError(locks) | Status::InProgress { locks, .. } => locks.frozen,
        Status::Refused(reason) => reason == Reason::Frozen,
        Status::Missing(_) | Status::Unknown(_) => false,
    }
}
