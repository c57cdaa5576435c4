//! Sanitize: the command, and what the status log says about it.

use std::num::NonZeroU16;

use nix::errno::Errno;
use purgeproof_core::drive::MediaError;
use purgeproof_core::firmware::{Begun, Standing};
use purgeproof_core::technique::Technique;
use purgeproof_core::units::Lba;
use purgeproof_spec::nvme::{
    AdminCommand, AfterSanitize, Erase, LbaFormat, Nsid, OverwritePasses, Read, Sanitize, SanitizePhase, SanitizeState,
    SanitizeStatus, Status, StatusCode, overwrite_passes,
};

use super::channel::NvmeAdmin;
use super::noted::Noted;
use super::survey::{Survey, sanitize_status};
use super::words::{Meaning, meaning, refusal};
use crate::channel::ChannelError;

/// The sanitize that was begun by us.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mine {
    cdw10: u32,
    /// The log as it was before. It outlives owners: an older success that looks the same must not pass for ours.
    before: Option<SanitizeStatus>,
    /// It was seen at work.
    seen: bool,
    /// The drive was told to purge as IEEE 2883 has it, or to fail.
    pub(super) purge_required: bool,
    /// The size of a block, if the drive was told to let its medium be read once it is erased.
    pub(super) verifies: Option<u32>,
}

/// The name of the command, for the transcript, and the command; `None` for a technique that is no sanitize.
fn command(technique: Technique, purge_required: bool, after: AfterSanitize) -> Option<(&'static str, AdminCommand)> {
    let (name, erase) = match technique {
        Technique::SanitizeCryptoErase => ("Sanitize, Crypto Erase", Erase::Crypto),
        Technique::SanitizeBlockErase => ("Sanitize, Block Erase", Erase::Block),
        Technique::SanitizeOverwrite => (
            "Sanitize, Overwrite with zeros, one pass",
            Erase::Overwrite { passes: OverwritePasses::ONE, invert: false, pattern: 0 },
        ),
        _ => return None,
    };
    Some((name, AdminCommand::sanitize(Sanitize { erase, after, purge_required })))
}

/// Begins a sanitize; `None` for a technique that is none. One that refuses to let its medium be read afterwards is asked without that.
pub(super) fn begin<C: NvmeAdmin>(
    line: &mut Noted<'_, C>,
    technique: Technique,
    survey: &Survey,
) -> Option<(Begun, Mine)> {
    let verifies = verifiable_block(technique, survey);
    match begin_with(line, technique, survey, verifies)? {
        (Begun::Refused { .. }, _) if verifies.is_some() => begin_with(line, technique, survey, None),
        begun => Some(begun),
    }
}

/// The size of a block where the medium can be read after this technique: EMVS does not go with an Overwrite (Base 2.1, 5.1.22), and
/// blocks with metadata would need room for those.
fn verifiable_block(technique: Technique, survey: &Survey) -> Option<u32> {
    let can_verify = survey.controller.sanicap.verification() && technique != Technique::SanitizeOverwrite;
    let format = survey.namespace.format().filter(|format| can_verify && format.metadata_bytes == 0);
    format.and_then(LbaFormat::block_bytes)
}

fn begin_with<C: NvmeAdmin>(
    line: &mut Noted<'_, C>,
    technique: Technique,
    survey: &Survey,
    verifies: Option<u32>,
) -> Option<(Begun, Mine)> {
    let purge_required = survey.controller.sanicap.purge_reporting();
    let after = verifies.map_or(AfterSanitize::Deallocate, |_| AfterSanitize::MediaVerification);
    let (name, command) = command(technique, purge_required, after)?;
    let [cdw10, ..] = command.dwords();
    let before = survey.sanitize.clone().ok().flatten();
    let mut mine = Mine { cdw10, before, seen: false, purge_required, verifies };
    let accepted = Begun::Accepted { estimate_s: before.and_then(|status| status.estimates.of(cdw10)).map(u64::from) };
    let answer = line.act(name, &command, BEGIN_MS);
    let begun = match answer.map(|status| (status, meaning(status))) {
        Ok((_, Meaning::Done)) => accepted,
        Ok((status, Meaning::Refused)) => Begun::Refused { why: refusal(status) },
        // Controllers have been seen that give an error and sanitize all the same: the log tells.
        other => {
            mine.seen = is_begun(line, &mine);
            match other {
                _ if mine.seen => accepted,
                Ok((status, Meaning::Failed)) => Begun::Failed { why: refusal(status) },
                Ok((status, _)) => Begun::Lost { why: refusal(status) },
                Err(error) => Begun::Lost { why: error.to_string() },
            }
        }
    };
    Some((begun, mine))
}

fn is_begun<C: NvmeAdmin>(line: &mut Noted<'_, C>, mine: &Mine) -> bool {
    let was_busy = mine.before.is_none_or(|before| matches!(before.state, SanitizeState::InProgress(_)));
    let now = sanitize_status(line);
    !was_busy && now.is_ok_and(|now| matches!(now.state, SanitizeState::InProgress(_)) && now.scdw10 == mine.cdw10)
}

/// What the log says: about ours if one was begun, else about whoever's was the last.
pub(super) fn standing(now: &SanitizeStatus, mine: Option<&mut Mine>) -> Standing {
    let is_ours = mine.as_ref().is_none_or(|mine| mine.cdw10 == now.scdw10);
    match now.state {
        SanitizeState::Never => Standing::Never,
        SanitizeState::InProgress(progress) => {
            let is_waiting = now.phase == SanitizePhase::MediaVerification;
            let mut can_be_read = false;
            if let Some(mine) = mine {
                mine.seen |= is_ours;
                can_be_read = is_waiting && is_ours && mine.verifies.is_some();
            }
            match is_waiting {
                _ if can_be_read => Standing::Verifiable,
                // SPROG is FFFFh there.
                true => Standing::InProgress { progress: None },
                false => Standing::InProgress { progress: Some(progress.numerator()) },
            }
        }
        // It says that the last thing it has done is something else: ours was never begun.
        SanitizeState::Succeeded | SanitizeState::SucceededDeallocated | SanitizeState::Failed if !is_ours => {
            Standing::Never
        }
        SanitizeState::Succeeded | SanitizeState::SucceededDeallocated => {
            // Global Data Erased is 0 from the first write on (the markers), and 1 after a sanitize: the log cannot have stayed the
            // same through one that was carried out.
            let is_old = mine.is_some_and(|mine| !mine.seen && mine.before.as_ref() == Some(now));
            if is_old { Standing::Never } else { Standing::Completed }
        }
        SanitizeState::Failed => Standing::Failed { why: words(now) },
        SanitizeState::Other(code) => {
            Standing::Unknown { why: format!("the sanitize status is {code}, which the standard reserves") }
        }
    }
}

/// What must hold once it is over.
pub(super) fn problems(now: &SanitizeStatus, mine: &Mine) -> Vec<String> {
    let is_success = matches!(now.state, SanitizeState::Succeeded | SanitizeState::SucceededDeallocated);
    let mut problems = Vec::new();
    if !is_success {
        problems.push(format!("after the sanitize its status log says: {}", words(now)));
    }
    if is_success && mine.purge_required && !now.purged {
        problems.push(
            "it was told to purge as IEEE 2883 defines it or to fail, reports success, and does not say that it purged"
                .to_owned(),
        );
    }
    if let Some(asked) = overwrite_passes(mine.cdw10).filter(|asked| is_success && now.passes_completed != *asked) {
        problems.push(format!(
            "it reports success after {} of {asked} overwrite passes that it was asked for",
            now.passes_completed
        ));
    }
    if now.scdw10 != mine.cdw10 {
        problems.push(format!(
            "its status log is about another sanitize: {:08X}h was sent, and {:08X}h is what it names",
            mine.cdw10, now.scdw10
        ));
    }
    problems
}

/// Reads blocks while the medium can be read: `at` and what follows it.
pub(super) fn read_medium<C: NvmeAdmin>(
    channel: &mut C,
    nsid: Nsid,
    block: u32,
    at: Lba,
    into: &mut [u8],
) -> Result<usize, MediaError> {
    let block = block as usize;
    let mut came = 0;
    for (part, first) in into.chunks_mut(READ_BYTES.max(block)).zip((at.0..).step_by((READ_BYTES / block).max(1))) {
        let Some(blocks) = u16::try_from(part.len() / block).ok().and_then(NonZeroU16::new) else { break };
        let completed = match channel.read(&Read { nsid, first, blocks }, part) {
            Ok(completed) => completed,
            Err(ChannelError::Gone(errno)) => return Err(MediaError::Gone { errno: errno as i32 }),
            Err(ChannelError::Kernel(errno)) => return Err(MediaError::Bad { errno: errno as i32 }),
        };
        let code = Status::from_ioctl(completed.raw).map(Status::code);
        if !matches!(code, Some(StatusCode::Success | StatusCode::MediaVerificationRead)) {
            return Err(MediaError::Bad { errno: Errno::EIO as i32 });
        }
        came += part.len();
    }
    Ok(came)
}

/// Tells a drive whose medium can be read to go on. The status log says what it made of that.
pub(super) fn end_verification<C: NvmeAdmin>(line: &mut Noted<'_, C>) {
    let command = AdminCommand::sanitize_exit_media_verification();
    let _ = line.act("Sanitize, Exit Media Verification State", &command, BEGIN_MS);
}

/// What every controller takes in one command, and a multiple of every block.
const READ_BYTES: usize = 32 * 1024;

/// The log in words, for the transcript and for whoever reads a refusal.
pub(super) fn words(status: &SanitizeStatus) -> String {
    let state = match status.state {
        SanitizeState::Never => "never sanitized".to_owned(),
        SanitizeState::Succeeded => "sanitized successfully".to_owned(),
        SanitizeState::InProgress(_) if status.phase == SanitizePhase::MediaVerification => {
            "sanitized, and its medium can be read (media verification state)".to_owned()
        }
        SanitizeState::InProgress(progress) => format!("sanitize in progress, {progress}"),
        SanitizeState::Failed => "sanitize failed".to_owned(),
        SanitizeState::SucceededDeallocated => "sanitized successfully and deallocated".to_owned(),
        SanitizeState::Other(code) => format!("reserved status {code}"),
    };
    let erased = if status.global_data_erased { ", nothing written since" } else { "" };
    let purged = if status.purged { ", purged as IEEE 2883 defines it" } else { "" };
    format!("{state}{erased}{purged} (SCDW10 {:08X}h)", status.scdw10)
}

/// A sanitize begins and goes on by itself.
const BEGIN_MS: u32 = 60_000;
