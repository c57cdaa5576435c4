//! NVMe drives: what a controller can do, and how it is asked to.
//!
//! ```text
//! channel ─► noted ─► survey ─► probe (what it can do)
//!                        └────► sanitize, format, tcg (doing it): each surveys again what may have changed since
//! ```

mod channel;
mod format;
mod noted;
mod probe;
mod sanitize;
mod security;
mod survey;
mod words;

use purgeproof_core::capability::Support;
use purgeproof_core::drive::MediaError;
use purgeproof_core::firmware::{Begun, Firmware, Health, Prepared, Settled, Standing, Transcript};
use purgeproof_core::technique::Technique;
use purgeproof_core::units::Lba;
use purgeproof_spec::nvme::{AdminCommand, Controller, LogPage, Namespace, Nsid, SanitizePhase, SanitizeStatus, Smart};

use crate::channel::ChannelError;
use crate::tcg::{self, Psid};
pub(crate) use channel::{ControllerDevice, NvmeAdmin};
use noted::{Fault, Noted};
pub(crate) use probe::probe;
use sanitize::Mine;
use survey::{Lasting, Survey};

/// The commands of an NVMe drive: a namespace, and the controller behind it.
#[derive(Debug)]
pub(crate) struct NvmeFirmware<C> {
    channel: C,
    nsid: Nsid,
    /// The serial number that the drive was chosen by.
    serial: Option<String>,
    psid: Option<Psid>,
    /// WCTEMP, in degrees Celsius.
    limit_c: Option<i16>,
    /// What [`Firmware::prepare`] found out for good.
    lasting: Option<Lasting>,
    begun: Option<Running>,
    /// The last standing that went into the transcript.
    noted: Option<Standing>,
}

/// The erase that was asked for last.
#[derive(Debug)]
enum Running {
    Sanitize(Mine),
    Revert,
    Format {
        /// The namespace as it was.
        before: Namespace,
    },
}

impl<C: NvmeAdmin> NvmeFirmware<C> {
    /// The namespace `nsid` through a controller. Nothing that erases is sent to a controller that says another serial number than
    /// `serial`. `psid` is what the operator gave for this drive.
    pub(crate) const fn new(channel: C, nsid: Nsid, serial: Option<String>, psid: Option<Psid>) -> Self {
        Self { channel, nsid, serial, psid, limit_c: None, lasting: None, begun: None, noted: None }
    }

    fn line<'a>(&'a mut self, log: &'a mut dyn Transcript, keeps_data: bool) -> Noted<'a, C> {
        Noted { channel: &mut self.channel, log, keeps_data }
    }

    fn survey(&mut self, log: &mut dyn Transcript, keeps_data: bool) -> Result<Survey, Fault> {
        let (nsid, serial, lasting) = (self.nsid, self.serial.clone(), self.lasting.clone());
        Survey::take(&mut self.line(log, keeps_data), nsid, serial.as_deref(), lasting)
    }

    /// The status log; the answer is noted only where it differs from the last one noted in more than its progress.
    fn sanitize_standing(&mut self, log: &mut dyn Transcript) -> Standing {
        let mut page = [0; 512];
        let command = AdminCommand::log_page(LogPage::SanitizeStatus);
        let mut line = self.line(log, true);
        let (asked, mut exchange) = line.ask_quietly("Get Log Page, Sanitize Status", &command, &mut page);
        let status = asked.and_then(|()| Ok(SanitizeStatus::parse(&page)?));
        if let (Ok(status), Some(answer)) = (&status, &mut exchange.answer) {
            answer.status = format!("{}: {}", answer.status, sanitize::words(status));
        }
        let standing = match status {
            Ok(status) => sanitize::standing(&status, self.mine()),
            Err(fault) if fault.is_gone() => Standing::Gone,
            Err(fault) => Standing::Unknown { why: fault.to_string() },
        };
        if self.noted.as_ref().is_none_or(|noted| !noted.is_like(&standing)) {
            log.note(exchange);
        }
        self.noted = Some(standing.clone());
        standing
    }

    fn mine(&mut self) -> Option<&mut Mine> {
        if let Some(Running::Sanitize(mine)) = &mut self.begun { Some(mine) } else { None }
    }

    fn settle_sanitize(&mut self, log: &mut dyn Transcript) -> Settled {
        let status = survey::sanitize_status(&mut self.line(log, true));
        let (problems, purged_by_its_word) = match (status, self.mine()) {
            (Ok(status), Some(mine)) => (sanitize::problems(&status, mine), mine.purge_required && status.purged),
            (Ok(_), None) => (vec!["no sanitize was begun that could be over".to_owned()], false),
            (Err(fault), _) => (vec![format!("how the sanitize left the drive is not known: {fault}")], false),
        };
        Settled { problems, purged_by_its_word }
    }

    fn read_health(&mut self, log: &mut dyn Transcript) -> Result<Health, Fault> {
        let mut page = [0; 512];
        let command = AdminCommand::log_page(LogPage::Smart);
        self.line(log, true).ask("Get Log Page, SMART / Health Information", &command, &mut page)?;
        let smart = Smart::parse(&page)?;
        Ok(Health {
            temperature_c: celsius(smart.kelvin),
            limit_c: self.limit_c,
            reallocated: None,
            pending: None,
            media_errors: Some(u64::try_from(smart.media_errors).unwrap_or(u64::MAX)),
            used_percent: Some(smart.used_percent),
        })
    }
}

/// `None` for 0 K, which is how a drive without a thermometer reads.
fn celsius(kelvin: u16) -> Option<i16> {
    i16::try_from(i32::from(kelvin) - 273).ok().filter(|_| kelvin != 0)
}

/// Above WCTEMP a controller goes on with trouble; above CCTEMP it may not go on at all.
fn limit_c(controller: &Controller) -> Option<i16> {
    controller.warning_kelvin.or(controller.critical_kelvin).and_then(celsius)
}

impl<C: NvmeAdmin> Firmware for NvmeFirmware<C> {
    fn prepare(&mut self, log: &mut dyn Transcript) -> Prepared {
        (self.begun, self.lasting) = (None, None);
        let survey = match self.survey(log, true) {
            Ok(survey) => survey,
            Err(fault) => {
                let standing = match &fault {
                    Fault::Way(ChannelError::Gone(_)) => Standing::Gone,
                    fault => Standing::Unknown { why: fault.to_string() },
                };
                return Prepared { standing, hidden: probe::unknown(&fault), ..Prepared::default() };
            }
        };
        self.limit_c = limit_c(&survey.controller);
        self.lasting = Some(survey.lasting());
        if matches!(&survey.sanitize, Ok(Some(status)) if status.phase == SanitizePhase::MediaVerification) {
            // A job was cut off while it looked at the medium, or another host left it so: nothing but this is of any use to it.
            sanitize::end_verification(&mut self.line(log, true));
        }
        let standing = match &survey.sanitize {
            Ok(Some(status)) => sanitize::standing(status, None),
            Ok(None) => Standing::Never,
            Err(fault) => Standing::Unknown { why: fault.to_string() },
        };
        Prepared {
            standing,
            hidden: survey.hidden(),
            capacity: None,
            obstacle: survey.obstacles(self.psid.as_ref()).into_iter().next(),
            health: self.health(log),
        }
    }

    fn begin(&mut self, technique: Technique, log: &mut dyn Transcript) -> Begun {
        (self.begun, self.noted) = (None, None);
        let survey = match self.survey(log, false) {
            Ok(survey) => survey,
            Err(fault @ Fault::OtherDrive { .. }) => return Begun::Refused { why: format!("not sent: {fault}") },
            Err(fault) => return Begun::Lost { why: format!("not sent: {fault}") },
        };
        match survey.support(technique, self.psid.as_ref()) {
            Support::Present => {}
            Support::Absent => return Begun::Refused { why: "not sent: the drive does not have this".to_owned() },
            Support::Blocked(why) | Support::Unknown(why) => {
                return Begun::Refused { why: format!("not sent: {why}") };
            }
        }
        let (nsid, psid) = (self.nsid, self.psid.clone());
        let mut line = self.line(log, true);
        if let Some((begun, mine)) = sanitize::begin(&mut line, technique, &survey) {
            self.begun = Some(Running::Sanitize(mine));
            return begun;
        }
        if let Some(begun) = format::begin(&mut line, technique, nsid, &survey) {
            self.begun = Some(Running::Format { before: survey.namespace });
            return begun;
        }
        match psid {
            Some(psid) => {
                let begun = tcg::revert(&mut line, &psid);
                self.begun = Some(Running::Revert);
                begun
            }
            None => Begun::Refused { why: "not sent: there is no PSID".to_owned() },
        }
    }

    fn standing(&mut self, log: &mut dyn Transcript) -> Standing {
        match self.begun {
            Some(Running::Revert) => tcg::standing(&mut self.line(log, true)),
            _ => self.sanitize_standing(log),
        }
    }

    fn settle(&mut self, _technique: Technique, log: &mut dyn Transcript) -> Settled {
        let nsid = self.nsid;
        let problems = match self.begun.take() {
            Some(Running::Revert) => tcg::problems(&mut self.line(log, true)),
            Some(Running::Format { before }) => format::problems(&mut self.line(log, true), nsid, Some(&before)),
            running => {
                self.begun = running;
                return self.settle_sanitize(log);
            }
        };
        Settled { problems, purged_by_its_word: false }
    }

    fn read_medium(&mut self, at: Lba, into: &mut [u8]) -> Result<usize, MediaError> {
        let Some(block) = self.mine().and_then(|mine| mine.verifies) else { return Ok(0) };
        sanitize::read_medium(&mut self.channel, self.nsid, block, at, into)
    }

    fn end_verification(&mut self, log: &mut dyn Transcript) {
        sanitize::end_verification(&mut self.line(log, true));
    }

    fn health(&mut self, log: &mut dyn Transcript) -> Health {
        // A drive that does not tell says nothing about its health, which is no word against its erase.
        self.read_health(log).unwrap_or(Health { limit_c: self.limit_c, ..Health::default() })
    }
}

#[cfg(test)]
#[path = "nvme_tests.rs"]
mod tests;

#[cfg(test)]
#[path = "nvme_sim_tests.rs"]
mod sim_tests;
