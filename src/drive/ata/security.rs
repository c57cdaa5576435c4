//! The Security feature set: the erase that needs a password, and the password that an interrupted erase leaves behind.

use purgeproof_core::firmware::{Begun, Transcript};
use purgeproof_spec::ata::feature::Security;
use purgeproof_spec::ata::security::{self, EraseMode, Identifier, Level, NewPassword, Password};
use purgeproof_spec::ata::{Identify, Taskfile};

use super::link::{Command, Link, Reply, Unidentified};
use crate::channel::ScsiChannel;

/// "PurgeProof". The manual and the certificate name it: whoever holds a drive that lost its power during an erase can unlock it.
const PASSWORD: &Password = b"PurgeProof\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// Why security commands cannot be used now, and what to do about it.
pub(super) fn obstacle(security: Security) -> Option<&'static str> {
    if security.frozen {
        Some("frozen by the machine's firmware: suspend and wake the machine lifts it")
    } else if security.count_expired {
        Some("the drive was given too many wrong passwords: take it off the power, then try again")
    } else {
        None
    }
}

/// Word 128, now.
fn state(link: &mut Link<impl ScsiChannel>, log: &mut dyn Transcript) -> Result<Security, Unidentified> {
    let block = link.identify(log)?;
    Identify::new(&block).map(Identify::security).ok_or(Unidentified::Incomplete)
}

/// Erases the drive, in the foreground.
pub(super) fn erase(link: &mut Link<impl ScsiChannel>, mode: EraseMode, log: &mut dyn Transcript) -> Begun {
    let block = match link.identify(log) {
        Ok(block) => block,
        Err(error) => return Begun::Lost { why: error.to_string() },
    };
    let Some(identify) = Identify::new(&block) else {
        return Begun::Lost { why: Unidentified::Incomplete.to_string() };
    };
    if let Some(why) = cannot(identify.security(), mode) {
        return Begun::Refused { why: why.to_owned() };
    }
    let (name, time) = match mode {
        EraseMode::Normal => ("SECURITY ERASE UNIT, normal", identify.normal_erase_time()),
        EraseMode::Enhanced => ("SECURITY ERASE UNIT, enhanced", identify.enhanced_erase_time()),
    };
    let sector = identify.sector_size().map_or(512, |size| size.logical);
    let capacity = identify.sectors().unwrap_or_default().saturating_mul(sector);
    let timeout_ms = u32::try_from(security::timeout_ms(time, capacity)).unwrap_or(u32::MAX);
    if let Err(begun) = arm(link, log) {
        return begun;
    }
    let (taskfile, block) = security::erase_unit(mode, Identifier::User, PASSWORD);
    let reply = link.change(&Command { name, taskfile, timeout_ms }, Some(&block), log);
    after_erase(link, &reply, log)
}

fn cannot(security: Security, mode: EraseMode) -> Option<&'static str> {
    match security {
        Security { supported: false, .. } => Some("the drive does not have the Security feature set"),
        Security { locked: true, .. } => Some("the drive is locked by a password that is not known"),
        Security { enhanced_erase: false, .. } if mode == EraseMode::Enhanced => {
            Some("the drive does not have the enhanced mode")
        }
        _ => obstacle(security),
    }
}

/// Sets the password and prepares the erase; nothing may come between that and the erase.
fn arm(link: &mut Link<impl ScsiChannel>, log: &mut dyn Transcript) -> Result<(), Begun> {
    let (taskfile, block) = security::set_password(NewPassword::User(Level::High), PASSWORD);
    match with_block(link, "SECURITY SET PASSWORD", taskfile, &block, log) {
        Reply::Transferred | Reply::Done(_) => {}
        reply @ (Reply::Error(_) | Reply::NotCarried(_)) => {
            return Err(Begun::Refused { why: format!("SECURITY SET PASSWORD: {reply}") });
        }
        reply => {
            let why = format!("SECURITY SET PASSWORD: {reply}. {}", release_in_words(link, log));
            return Err(Begun::Lost { why });
        }
    }
    // That the password is gone after the erase says something only if it was there before.
    match state(link, log) {
        Ok(security) if security.enabled => {}
        Ok(_) => return Err(Begun::Refused { why: "the drive took the password and set none".to_owned() }),
        Err(error) => return Err(Begun::Lost { why: format!("{error}. {}", release_in_words(link, log)) }),
    }
    let prepare = Command::new("SECURITY ERASE PREPARE", security::ERASE_PREPARE);
    match link.change(&prepare, None, log) {
        Reply::Done(_) => Ok(()),
        reply => {
            let why = format!("SECURITY ERASE PREPARE: {reply}. {}", release_in_words(link, log));
            // Nothing is erased by it, whatever became of it.
            Err(if reply == Reply::Gone { Begun::Lost { why } } else { Begun::Refused { why } })
        }
    }
}

/// The drive takes its password away when it has erased everything, and only then.
fn after_erase(link: &mut Link<impl ScsiChannel>, reply: &Reply, log: &mut dyn Transcript) -> Begun {
    let is_reset = reply.is_signature_of_a_reset();
    let is_done = matches!(reply, Reply::Transferred | Reply::Done(_)) && !is_reset;
    let enabled = match state(link, log) {
        Ok(security) => security.enabled || security.locked,
        Err(error) => {
            let why = format!("SECURITY ERASE UNIT: {reply}, but how it left the drive is not known: {error}");
            return Begun::Lost { why };
        }
    };
    let said = match (is_done, is_reset) {
        (true, _) => "the drive says that it is done, and keeps the password".to_owned(),
        (false, true) => "a reset interrupted it".to_owned(),
        (false, false) => reply.to_string(),
    };
    let left = if enabled { release_in_words(link, log) } else { "It has no password." };
    let why = format!("SECURITY ERASE UNIT: {said}. {left}");
    match (is_done, enabled) {
        (true, false) => Begun::Completed,
        // The host did not hear the end of it; that the password is gone is no word about the data.
        (false, false) if !is_reset && !matches!(reply, Reply::Error(_)) => Begun::Lost { why },
        _ => Begun::Failed { why },
    }
}

/// Takes our own password off the drive. Whether the drive is without a password now.
///
/// One try: a drive takes five wrong passwords, and then none until it has been without power.
pub(super) fn release(link: &mut Link<impl ScsiChannel>, log: &mut dyn Transcript) -> Result<bool, Unidentified> {
    let security = state(link, log)?;
    if !security.enabled && !security.locked {
        return Ok(true);
    }
    if obstacle(security).is_some() {
        return Ok(false);
    }
    if security.locked {
        let (taskfile, block) = security::unlock(Identifier::User, PASSWORD);
        if with_block(link, "SECURITY UNLOCK", taskfile, &block, log) != Reply::Transferred {
            return Ok(false);
        }
    }
    let (taskfile, block) = security::disable_password(Identifier::User, PASSWORD);
    // What came of it the drive says itself.
    let _ = with_block(link, "SECURITY DISABLE PASSWORD", taskfile, &block, log);
    state(link, log).map(|security| !security.enabled && !security.locked)
}

fn release_in_words(link: &mut Link<impl ScsiChannel>, log: &mut dyn Transcript) -> &'static str {
    match release(link, log) {
        Ok(true) => "It is left without a password.",
        _ => "It may be left with the user password \"PurgeProof\", which unlocks it.",
    }
}

fn with_block(
    link: &mut Link<impl ScsiChannel>,
    name: &'static str,
    taskfile: Taskfile,
    block: &security::Block,
    log: &mut dyn Transcript,
) -> Reply {
    link.change(&Command::new(name, taskfile), Some(block), log)
}
