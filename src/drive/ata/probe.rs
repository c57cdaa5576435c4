//! What an ATA drive can do, found out without changing it.

use purgeproof_core::capability::{Capabilities, Obstacle, Support};
use purgeproof_core::firmware::{Exchange, Standing, Transcript};
use purgeproof_core::technique::Technique;
use purgeproof_spec::ata::Identify;

use super::link::{Link, Reply};
use super::trusted::Trusted;
use super::{Attachment, TECHNIQUES, hidden, sanitize, security};
use crate::channel::ScsiChannel;
use crate::tcg::{self, Psid, Tper, Trouble};

/// What a look at a drive writes down: nothing.
struct Unheard;

impl Transcript for Unheard {
    fn note(&mut self, _: Exchange) {}
}

const NO_REGISTERS: &str =
    "the path to the drive does not return the drive's registers: attach the drive to a SATA port of the mainboard";
const FIXED_FORMAT: &str = "the path to the drive returns sense data in fixed format, which has no room for the sanitize status: \
                            attach the drive to a SATA port of the mainboard";
const FROZEN: &str = "its sanitize commands are frozen: take the drive off the power, or suspend and wake the machine";
const USB: &str = "not over a USB bridge: one that gives up early leaves the drive half erased and locked. Attach the drive to a SATA \
                   port";

/// Finds out what the drive can do; changes nothing. `psid` is the one from its label, if the operator has entered it.
pub(crate) fn probe(channel: &mut impl ScsiChannel, attachment: Attachment, psid: Option<&Psid>) -> Capabilities {
    let (mut link, log) = (Link::new(channel, None), &mut Unheard);
    let block = match link.identify(log) {
        Ok(block) => block,
        Err(error) => return unknown(&error.to_string()),
    };
    let Some(identify) = Identify::new(&block) else { return unknown("it did not identify itself") };
    let registers = link.round_trip(log);
    let status = identify.sanitize().map(|_| sanitize::status(&mut link).1);
    let standing = status.as_ref().map_or(Standing::Never, sanitize::standing);
    let is_whole = registers.is_ok() && !link.is_fixed_format;
    let found = discover(&mut link, identify, &standing);
    let tper = found.as_ref().ok().copied().flatten().unwrap_or_default();
    let look = Look { identify, attachment, has_registers: registers.is_ok(), is_whole, status };
    let support = |technique| match technique {
        Technique::TcgRevert => tcg::support(&found, psid),
        Technique::SecurityEraseNormal | Technique::SecurityEraseEnhanced => look.security_erase(technique),
        _ => look.sanitize(technique),
    };
    Capabilities {
        techniques: TECHNIQUES.map(|technique| (technique, support(technique))).into(),
        hidden: match registers {
            Ok(()) => hidden::look(&mut link, identify, log),
            Err(_) => hidden::unasked(identify),
        },
        obstacles: obstacles(identify, &standing, &tper),
        unreadable_when_erased: false,
        encrypts_all: identify.encrypts_all_user_data() || tper.encrypts(),
    }
}

/// What is in the way, the worst first.
pub(super) fn obstacles(identify: Identify<'_>, standing: &Standing, tper: &Tper) -> Vec<Obstacle> {
    let security = identify.security();
    [
        (security.locked || tper.is_locked(), Obstacle::Locked),
        (matches!(standing, Standing::InProgress { .. }), Obstacle::Sanitizing),
        (matches!(standing, Standing::Failed { .. }), Obstacle::SanitizeFailed),
        (security.frozen && !security.locked, Obstacle::Frozen),
    ]
    .into_iter()
    .filter_map(|(is_there, obstacle)| is_there.then_some(obstacle))
    .collect()
}

/// What Level 0 discovery says; a drive that sanitizes itself or is locked aborts the question, which says nothing about TCG.
pub(super) fn discover(
    link: &mut Link<impl ScsiChannel>,
    identify: Identify<'_>,
    standing: &Standing,
) -> Result<Option<Tper>, Trouble> {
    if !identify.trusted_computing() {
        return Ok(None);
    }
    if identify.security().locked || matches!(standing, Standing::InProgress { .. } | Standing::Failed { .. }) {
        return Err(Trouble::Lost("it answers no such question now".to_owned()));
    }
    tcg::discover(&mut Trusted { link, log: &mut Unheard })
}

fn unknown(why: &str) -> Capabilities {
    Capabilities {
        techniques: TECHNIQUES.map(|technique| (technique, Support::Unknown(why.to_owned()))).into(),
        hidden: hidden::unknown(why),
        ..Capabilities::default()
    }
}

/// What was seen of a drive.
struct Look<'a> {
    identify: Identify<'a>,
    attachment: Attachment,
    has_registers: bool,
    /// With their upper halves.
    is_whole: bool,
    /// The answer to the question for the sanitize status.
    status: Option<Reply>,
}

impl Look<'_> {
    fn sanitize(&self, technique: Technique) -> Support {
        let has = self.identify.sanitize().is_some_and(|has| match technique {
            Technique::SanitizeCryptoErase => has.crypto_scramble,
            Technique::SanitizeBlockErase => has.block_erase,
            _ => has.overwrite,
        });
        let Some(status) = self.status.as_ref().filter(|_| has) else { return Support::Absent };
        let blocked = |why: &str| Support::Blocked(why.to_owned());
        match (sanitize::standing(status), status) {
            _ if !self.has_registers => blocked(NO_REGISTERS),
            _ if !self.is_whole => blocked(FIXED_FORMAT),
            _ if sanitize::is_frozen(status) => blocked(FROZEN),
            (Standing::Unknown { .. }, Reply::Done(_) | Reply::Silent(_)) => blocked(NO_REGISTERS),
            (Standing::Unknown { why }, _) => Support::Unknown(why),
            (Standing::Gone, _) => Support::Unknown(status.to_string()),
            _ => Support::Present,
        }
    }

    fn security_erase(&self, technique: Technique) -> Support {
        let security = self.identify.security();
        let has = security.supported && (technique == Technique::SecurityEraseNormal || security.enhanced_erase);
        if !has {
            return Support::Absent;
        }
        let why = match self.attachment {
            Attachment::UsbBridge => Some(USB),
            Attachment::Host if !self.has_registers => Some(NO_REGISTERS),
            Attachment::Host => security::obstacle(security),
        };
        why.map_or(Support::Present, |why| Support::Blocked(why.to_owned()))
    }
}
