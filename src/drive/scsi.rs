//! SCSI drives: SAS, Fibre Channel, parallel (SPC-5, SBC-4).
//!
//! Their erases run in the background with IMMED = 1; what became of them is asked for with REQUEST SENSE ([`standing`]).

mod health;
mod media;
mod probe;
mod query;
mod reformat;
mod security;
#[cfg(test)]
#[path = "scsi_sim_tests.rs"]
mod sim_tests;
mod standing;
#[cfg(test)]
mod tests;

pub(crate) use media::{LONGEST, ScsiMedia, foreign_geometry};
pub(crate) use probe::{is_sat, probe};

use purgeproof_core::capability::{Area, Found, Hidden, Obstacle};
use purgeproof_core::firmware::{Begun, Exchange, Firmware, Health, Prepared, Settled, Standing, Transcript};
use purgeproof_core::technique::Technique;
use purgeproof_core::units::{BlockSize, Blocks, Bytes, Lba};
use purgeproof_spec::scsi::answer::Capacity;
use purgeproof_spec::scsi::command::{Command, inquiry, read_16, read_capacity_16, test_unit_ready};
use purgeproof_spec::scsi::erase::{Overwrite, Sanitize, format_unit, mode_select_block_size, sanitize};
use purgeproof_spec::scsi::sense::{Additional, Key};

use crate::channel::ScsiChannel;
use crate::tcg::{self, Psid};
use query::{ROOM, Reply, SHORT_MS, Unheard, ask, data, exchange, send};
use security::Security;
use standing::{Look, look};

/// A command that begins an erase answers at once, but some drives stop their queues first.
const BEGIN_MS: u32 = 60_000;

/// The commands of a SCSI drive.
#[derive(Debug)]
pub(crate) struct ScsiFirmware<C> {
    channel: C,
    psid: Option<Psid>,
    /// The size that it must have afterwards.
    capacity: Option<Capacity>,
    /// The erase that it has accepted, and whether it was seen at work.
    begun: Option<(Technique, bool)>,
    /// What was noted last about what it is doing.
    noted: Option<Look>,
}

impl<C: ScsiChannel> ScsiFirmware<C> {
    /// A drive that nothing has been asked of yet. Without `psid` it cannot be reverted.
    pub(crate) const fn new(channel: C, psid: Option<Psid>) -> Self {
        Self { channel, psid, capacity: None, begun: None, noted: None }
    }

    fn security<'a>(&'a mut self, log: &'a mut dyn Transcript) -> Security<'a, C> {
        Security { channel: &mut self.channel, log }
    }

    fn read_capacity(&mut self, log: &mut dyn Transcript) -> Option<Capacity> {
        Capacity::new(&data(&mut self.channel, "READ CAPACITY (16)", &read_capacity_16(), log).ok()?)
    }

    /// What the drive is doing. An answer goes into the transcript if it says something else than the last one.
    fn look(&mut self, log: &mut dyn Transcript) -> Look {
        let mut heard: Vec<Exchange> = Vec::new();
        let look = look(&mut self.channel, |exchange| heard.push(exchange));
        let is_running = |look: &Look| matches!(look, Look::InProgress(_));
        let is_old = self.noted.as_ref().is_some_and(|last| *last == look || is_running(last) && is_running(&look));
        if !is_old {
            for exchange in heard {
                log.note(exchange);
            }
            self.noted = Some(look.clone());
        }
        look
    }

    /// Sets the drive to all the blocks that it has. A drive without the command cannot have been set to fewer by it.
    fn open_capacity(&mut self, log: &mut dyn Transcript) -> (Found, Option<Bytes>) {
        const NAME: &str = "MODE SELECT, all logical blocks";
        const NO_SUCH_COMMAND: Additional = Additional { code: 0x20, qualifier: 0x00 };
        let unknown = |why: String| (Found::Unknown(why), None);
        let Some(before) = self.capacity else { return unknown("its capacity could not be read".into()) };
        let Some(select) = mode_select_block_size(before.block_size, false) else {
            return unknown(format!("blocks of {} bytes do not fit into MODE SELECT", before.block_size));
        };
        log.note(exchange(NAME, &select));
        let (reply, exchange) = send(&mut self.channel, NAME, &select, &mut [], SHORT_MS);
        log.note(exchange);
        match reply {
            Reply::Good(_) => {}
            Reply::Check(sense) if sense.key == Key::IllegalRequest && sense.additional == NO_SUCH_COMMAND => {
                return (Found::Nothing, None);
            }
            reply => {
                return unknown(format!("the drive does not let itself be set to all its blocks: {}", reply.words()));
            }
        }
        let Some(now) = self.read_capacity(log) else {
            return unknown("its capacity could not be read after it was set to all its blocks".into());
        };
        let bytes = |capacity: &Capacity| capacity.blocks.saturating_mul(capacity.block_size.into());
        match now.blocks.checked_sub(before.blocks) {
            Some(0) if now.block_size == before.block_size => (Found::Nothing, None),
            Some(_) if now.block_size == before.block_size => {
                // Without it the handle keeps the old size, and the job sees that when it opens the drive again.
                let _ = self.channel.rescan();
                self.capacity = Some(now);
                let size = Bytes(bytes(&now).saturating_sub(bytes(&before)));
                (Found::Opened { size }, Some(Bytes(bytes(&now))))
            }
            _ => unknown(format!(
                "{} blocks of {} bytes became {} of {} when it was set to all its blocks",
                before.blocks, before.block_size, now.blocks, now.block_size
            )),
        }
    }

    fn erase(&mut self, technique: Technique, command: &Command, log: &mut dyn Transcript) -> Begun {
        let name = match technique {
            Technique::SanitizeOverwrite => "SANITIZE, OVERWRITE",
            Technique::SanitizeBlockErase => "SANITIZE, BLOCK ERASE",
            Technique::SanitizeCryptoErase => "SANITIZE, CRYPTOGRAPHIC ERASE",
            _ => "FORMAT UNIT",
        };
        // A unit attention that is still waiting to be told would take the place of the answer.
        log.note(ask(&mut self.channel, "TEST UNIT READY", &test_unit_ready(), &mut []).1);
        log.note(exchange(name, command));
        let (reply, exchange) = send(&mut self.channel, name, command, &mut [], BEGIN_MS);
        log.note(exchange);
        match &reply {
            Reply::Good(_) => {
                self.begun = Some((technique, false));
                Begun::Accepted { estimate_s: None }
            }
            _ if let Some(why) = reply.refusal() => Begun::Refused { why },
            Reply::Check(sense) if matches!(sense.key, Key::MediumError | Key::HardwareError) && !sense.deferred => {
                Begun::Failed { why: reply.words() }
            }
            _ => Begun::Lost { why: reply.words() },
        }
    }
}

impl<C: ScsiChannel> Firmware for ScsiFirmware<C> {
    fn prepare(&mut self, log: &mut dyn Transcript) -> Prepared {
        // Who it is stands at the head of the transcript; what it says there has been used before.
        let _ = data(&mut self.channel, "INQUIRY", &inquiry(ROOM), log);
        let look = self.look(log);
        let tper = tcg::discover(&mut self.security(log)).ok().flatten();
        // With its PSID at hand a locked drive can be reverted.
        let is_locked = self.psid.is_none() && tper.is_some_and(|tper| tper.is_locked());
        let is_protected = probe::is_write_protected(&mut self.channel, log);
        let stuck = [(is_locked, Obstacle::Locked), (is_protected, Obstacle::WriteProtected)];
        let obstacle = stuck.into_iter().find_map(|(is_so, obstacle)| is_so.then_some(obstacle));
        let obstacle = obstacle.or_else(|| probe::busy(&look));
        self.capacity = self.read_capacity(log);
        let (found, capacity) = match &obstacle {
            None => self.open_capacity(log),
            Some(obstacle) => (Found::Unknown(format!("not looked for: {obstacle}")), None),
        };
        Prepared {
            standing: self.standing_of(look),
            hidden: vec![Hidden { area: Area::CapacityRestriction, found }],
            capacity,
            obstacle,
            health: health::read(&mut self.channel, log),
        }
    }

    fn begin(&mut self, technique: Technique, log: &mut dyn Transcript) -> Begun {
        self.begun = None;
        self.noted = None;
        if self.capacity.is_none() {
            self.capacity = self.read_capacity(log);
        }
        let zeros = || Overwrite::new(1, false, [0; 4]).map(Sanitize::Overwrite);
        let command = match technique {
            Technique::SanitizeCryptoErase => Some(sanitize(Sanitize::CryptographicErase, false)),
            Technique::SanitizeBlockErase => Some(sanitize(Sanitize::BlockErase, false)),
            Technique::SanitizeOverwrite => zeros().map(|overwrite| sanitize(overwrite, false)),
            Technique::FormatUnit => format_unit(0, false),
            Technique::TcgRevert => return self.revert(log),
            _ => None,
        };
        match command {
            Some(command) => self.erase(technique, &command, log),
            None => Begun::Refused { why: format!("{technique} is no command of a SCSI drive") },
        }
    }

    fn standing(&mut self, log: &mut dyn Transcript) -> Standing {
        if matches!(self.begun, Some((Technique::TcgRevert, _))) {
            return tcg::standing(&mut self.security(log));
        }
        let look = self.look(log);
        self.standing_of(look)
    }

    fn settle(&mut self, technique: Technique, log: &mut dyn Transcript) -> Settled {
        let mut problems = Vec::new();
        if technique == Technique::TcgRevert {
            problems.extend(tcg::problems(&mut self.security(log)));
        }
        match self.look(log) {
            Look::Idle => {}
            Look::InProgress(_) => problems.push("It is still at work.".to_owned()),
            Look::Failed(why) | Look::Unclear(why) => problems.push(format!("It is not ready: {why}.")),
            Look::Gone => problems.push("It does not answer any more.".to_owned()),
        }
        problems.extend(self.resized(log));
        Settled { problems, purged_by_its_word: false }
    }

    fn health(&mut self, log: &mut dyn Transcript) -> Health {
        health::read(&mut self.channel, log)
    }

    /// By the sense data that a drive with WABEREQ or WACEREQ = 11b answers such a read with (SBC-4, block device characteristics).
    fn is_blank(&mut self, at: Lba) -> bool {
        const WRITE_AFTER_SANITIZE_REQUIRED: Additional = Additional { code: 0x11, qualifier: 0x15 };
        let Some(block_size) = self.capacity.map(|capacity| capacity.block_size) else { return false };
        let Some(read) = read_16(at.0, 1, block_size) else { return false };
        let told = data(&mut self.channel, "READ (16)", &read, &mut Unheard);
        matches!(told, Err(Reply::Check(sense))
            if sense.key == Key::MediumError && !sense.deferred && sense.additional == WRITE_AFTER_SANITIZE_REQUIRED)
    }

    fn reformat(&mut self, to: BlockSize, log: &mut dyn Transcript) -> Begun {
        self.format_to(to, log)
    }

    fn reformatted(&mut self, to: BlockSize, log: &mut dyn Transcript) -> Result<Blocks, String> {
        self.formatted_to(to, log)
    }
}

impl<C: ScsiChannel> ScsiFirmware<C> {
    fn revert(&mut self, log: &mut dyn Transcript) -> Begun {
        let Some(psid) = self.psid.clone() else {
            return Begun::Refused { why: "the PSID of the drive was not given".to_owned() };
        };
        let begun = tcg::revert(&mut self.security(log), &psid);
        if matches!(begun, Begun::Accepted { .. }) {
            self.begun = Some((Technique::TcgRevert, false));
        }
        begun
    }

    /// What a look means for the erase that was begun, if one was.
    ///
    /// A drive that took the command and ignores it looks as one that is done. An erase that writes every block takes long enough to be
    /// seen at work: if it never was, it never began. The others may be over before the command is answered: then the drive's word that
    /// it is ready stands, and the markers show what it is worth.
    fn standing_of(&mut self, look: Look) -> Standing {
        match (look, &mut self.begun) {
            (Look::Gone, _) => Standing::Gone,
            (Look::Unclear(why), _) => Standing::Unknown { why },
            (Look::Failed(why), _) => Standing::Failed { why },
            (Look::InProgress(progress), begun) => {
                if let Some((_, seen)) = begun {
                    *seen = true;
                }
                Standing::InProgress { progress }
            }
            (Look::Idle, Some((technique, seen))) if *seen || !technique.writes_all() => Standing::Completed,
            (Look::Idle, _) => Standing::Never,
        }
    }

    /// A sentence if the drive has another size than it must have.
    fn resized(&mut self, log: &mut dyn Transcript) -> Option<String> {
        let Some(before) = self.capacity else { return Some("Its size before the erase is not known.".to_owned()) };
        let Some(now) = self.read_capacity(log) else { return Some("It does not tell its size any more.".to_owned()) };
        let is_same = (now.blocks, now.block_size) == (before.blocks, before.block_size);
        (!is_same).then(|| {
            format!(
                "It has {} blocks of {} bytes in place of {} of {}.",
                now.blocks, now.block_size, before.blocks, before.block_size
            )
        })
    }
}
