//! ATA drives: behind libata, behind a SAS host adapter that translates, behind a USB bridge.
//!
//! Every command goes as `ATA PASS-THROUGH (16)`. What lies between often swallows the registers that come back, and some adapters
//! make up zeros in their place: what a drive did is read from registers that can be a drive's, or it is not known.

mod health;
mod hidden;
mod link;
mod probe;
mod sanitize;
mod security;
mod trusted;

use purgeproof_core::capability::Obstacle;
use purgeproof_core::firmware::{Begun, Firmware, Health, Prepared, Settled, Standing, Transcript};
use purgeproof_core::technique::Technique;
use purgeproof_spec::ata::Identify;
use purgeproof_spec::ata::security::EraseMode;

use crate::channel::ScsiChannel;
use crate::tcg::{self, Psid, Tper};
use hidden::Opened;
use link::{Link, Reply, Unidentified};
pub(crate) use probe::probe;
use trusted::Trusted;

/// What is between the host and the drive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attachment {
    /// A SATA port, or a host adapter that translates.
    Host,
    /// A USB bridge: too easily unplugged, and too fond of its own time-outs, for an erase in the foreground.
    UsbBridge,
}

/// The techniques of the family, strongest first.
const TECHNIQUES: [Technique; 6] = [
    Technique::SanitizeCryptoErase,
    Technique::SanitizeBlockErase,
    Technique::SanitizeOverwrite,
    Technique::TcgRevert,
    Technique::SecurityEraseEnhanced,
    Technique::SecurityEraseNormal,
];

/// An ATA drive's own erase commands.
#[derive(Debug)]
pub(crate) struct AtaFirmware<C> {
    link: Link<C>,
    attachment: Attachment,
    psid: Option<Psid>,
    /// The revert is what is asked about, not a sanitize.
    is_reverting: bool,
    /// The status that was noted last: only another one is worth an entry.
    noted: Option<Standing>,
}

impl<C: ScsiChannel> AtaFirmware<C> {
    /// Nothing that changes a drive is sent to one that says another serial number than `serial` (that of IDENTIFY DEVICE, which a USB
    /// descriptor need not repeat). `psid` is the one from the drive's label, for [`Technique::TcgRevert`].
    pub(crate) const fn new(channel: C, attachment: Attachment, serial: Option<String>, psid: Option<Psid>) -> Self {
        Self { link: Link::new(channel, serial), attachment, psid, is_reverting: false, noted: None }
    }

    /// Asks for the status of the last sanitize.
    fn sanitize_status(&mut self, log: &mut dyn Transcript) -> Standing {
        let (exchange, reply) = sanitize::status(&mut self.link);
        let standing = sanitize::standing(&reply);
        if self.noted.as_ref().is_none_or(|noted| !noted.is_like(&standing)) {
            log.note(exchange);
            self.noted = Some(standing.clone());
        }
        standing
    }

    /// `IDENTIFY DEVICE`, after a password of ours was taken away: an erase by password that lost its power has left it. Anybody
    /// else's stays.
    fn identify_without_our_password(&mut self, log: &mut dyn Transcript) -> Result<Box<[u8; 512]>, Unidentified> {
        let block = self.link.identify(log)?;
        let is_enabled = Identify::new(&block).is_some_and(|identify| identify.security().enabled);
        if self.attachment == Attachment::Host && is_enabled && security::release(&mut self.link, log)? {
            return self.link.identify(log);
        }
        Ok(block)
    }

    /// Sends the commands; the path to the drive has been tried.
    fn send(&mut self, technique: Technique, log: &mut dyn Transcript) -> Begun {
        let refused = |why: &str| Begun::Refused { why: why.to_owned() };
        let mode = match technique {
            Technique::SecurityEraseNormal => Some(EraseMode::Normal),
            Technique::SecurityEraseEnhanced => Some(EraseMode::Enhanced),
            _ => None,
        };
        match (technique, mode, &self.psid) {
            (_, Some(_), _) if self.attachment == Attachment::UsbBridge => {
                refused("Security Erase is not sent over a USB bridge")
            }
            (_, Some(mode), _) => security::erase(&mut self.link, mode, log),
            (Technique::TcgRevert, _, Some(psid)) => tcg::revert(&mut Trusted { link: &mut self.link, log }, psid),
            (Technique::TcgRevert, _, None) => refused("the PSID from the drive's label was not entered"),
            _ => sanitize::begin(&mut self.link, technique, log)
                .unwrap_or_else(|| refused("an ATA drive does not have this technique")),
        }
    }
}

impl<C: ScsiChannel> Firmware for AtaFirmware<C> {
    fn prepare(&mut self, log: &mut dyn Transcript) -> Prepared {
        let unknown = |why: String| Prepared {
            hidden: hidden::unknown(&why),
            standing: Standing::Unknown { why },
            ..Prepared::default()
        };
        let block = match self.identify_without_our_password(log) {
            Ok(block) => block,
            Err(Unidentified::NoAnswer(Reply::Gone)) => {
                return Prepared { standing: Standing::Gone, ..Prepared::default() };
            }
            Err(error) => return unknown(error.to_string()),
        };
        let Some(identify) = Identify::new(&block) else { return unknown(Unidentified::Incomplete.to_string()) };
        if let Err(reply) = self.link.round_trip(log) {
            return Prepared { hidden: hidden::unasked(identify), ..unknown(reply.to_string()) };
        }
        let standing = if identify.sanitize().is_some() { self.sanitize_status(log) } else { Standing::Never };
        // A range that is locked is no obstacle to the revert, and the PSID is there for that.
        let tper = match &self.psid {
            None => probe::discover(&mut self.link, identify, &standing).ok().flatten().unwrap_or_default(),
            Some(_) => Tper::default(),
        };
        let obstacle = probe::obstacles(identify, &standing, &tper).into_iter().next();
        let opened = match obstacle {
            None | Some(Obstacle::Frozen) => hidden::open(&mut self.link, identify, log),
            Some(_) => Opened { hidden: hidden::look(&mut self.link, identify, log), capacity: None },
        };
        let health = health::read(&mut self.link, identify, log);
        Prepared { standing, hidden: opened.hidden, capacity: opened.capacity, obstacle, health }
    }

    fn begin(&mut self, technique: Technique, log: &mut dyn Transcript) -> Begun {
        self.is_reverting = technique == Technique::TcgRevert;
        self.noted = None;
        match self.link.round_trip(log) {
            Ok(()) => {}
            Err(reply @ (Reply::Gone | Reply::Lost(_))) => return Begun::Lost { why: reply.to_string() },
            // Nothing was sent that could have begun anything.
            Err(reply) => {
                return Begun::Refused { why: format!("nothing was sent, for CHECK POWER MODE failed: {reply}") };
            }
        }
        match self.link.identify(log) {
            Ok(_) => self.send(technique, log),
            Err(error) => Begun::Lost { why: error.to_string() },
        }
    }

    fn standing(&mut self, log: &mut dyn Transcript) -> Standing {
        if self.is_reverting {
            return tcg::standing(&mut Trusted { link: &mut self.link, log });
        }
        self.sanitize_status(log)
    }

    fn settle(&mut self, technique: Technique, log: &mut dyn Transcript) -> Settled {
        let mut problems = Vec::new();
        let is_sanitize = !matches!(
            technique,
            Technique::TcgRevert | Technique::SecurityEraseNormal | Technique::SecurityEraseEnhanced
        );
        if technique == Technique::TcgRevert {
            problems.extend(tcg::problems(&mut Trusted { link: &mut self.link, log }));
        }
        match self.link.identify(log) {
            Ok(block) => {
                let security = Identify::new(&block).map(Identify::security);
                // A sanitize leaves the password of the drive's owner as it was, an erase by password takes it away.
                if security.is_some_and(|security| security.locked || security.enabled && !is_sanitize) {
                    problems.push("after the erase the drive still has a password".to_owned());
                }
            }
            Err(error) => problems.push(format!("how the erase left the drive is not known: {error}")),
        }
        if is_sanitize && self.sanitize_status(log) != Standing::Completed {
            problems.push("the drive no longer says that its last sanitize succeeded".to_owned());
        }
        Settled { problems, purged_by_its_word: false }
    }

    fn health(&mut self, log: &mut dyn Transcript) -> Health {
        let Ok(block) = self.link.identify(log) else { return Health::default() };
        Identify::new(&block).map(|identify| health::read(&mut self.link, identify, log)).unwrap_or_default()
    }
}

#[cfg(test)]
#[path = "ata_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "ata_sim_tests.rs"]
mod sim_tests;
