//! TCG over any bus: what a drive's Level 0 discovery says, and the revert by the PSID on its label (Core 2.01, Opal 2.02).
//!
//! A bus carries messages ([`SecurityProtocol`]); what they mean is the same behind each. The media encryption key is made anew by the
//! revert: the data stay, and are noise from then on.

mod revert;

use std::fmt;

use purgeproof_core::capability::Support;
use purgeproof_core::firmware::Standing;
use purgeproof_core::secret::Guarded;
use purgeproof_spec::tcg::{Class, DataRemoval, Discovery, Feature, LEVEL_0_COM_ID, Locking, PROTOCOL, Subsystem};

pub(crate) use revert::revert;

/// How a bus carries security protocols: Security Send and Receive, TRUSTED SEND and RECEIVE, SECURITY PROTOCOL OUT and IN.
///
/// The implementation notes in its transcript what it sends and what comes back, by the rules of the fields of [`Message`].
pub(crate) trait SecurityProtocol {
    /// IF-SEND. `Ok` says that the drive has taken the bytes, not what became of them.
    fn send(&mut self, message: &Message<'_>) -> Result<(), Trouble>;

    /// IF-RECV: how many bytes came. The length of `into` is a multiple of 512.
    fn receive(&mut self, from: Address, into: &mut [u8]) -> Result<usize, Trouble>;
}

/// Whom a message goes to or comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// The security protocol.
    pub(crate) protocol: u8,
    /// Specific to the protocol: for TCG the `ComID`.
    pub(crate) specific: u16,
}

/// What is handed to a security protocol.
#[derive(Clone, Copy)]
pub(crate) struct Message<'a> {
    /// The method, for the transcript.
    pub(crate) name: &'static str,
    /// To whom.
    pub(crate) to: Address,
    /// The bytes, a multiple of 512.
    pub(crate) bytes: &'a [u8],
    /// There is a password in the bytes: they are left out of the transcript.
    pub(crate) is_secret: bool,
    /// It changes the drive: noted before it is sent, too.
    pub(crate) is_destructive: bool,
}

/// A message that was not carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The drive's own status says no, in these words.
    Refused(String),
    /// Nothing is known: a time-out, the bus, an answer of poison.
    Lost(String),
    /// The drive is not there any more.
    Gone,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(why) | Self::Lost(why) => f.write_str(why),
            Self::Gone => f.write_str("the drive does not answer any more"),
        }
    }
}

/// The PSID from a drive's label, where it was typed: nothing copies it, and a suspend of the machine clears it. It is not shown.
#[derive(Clone)]
pub struct Psid(Guarded);

impl Psid {
    /// From what was typed or scanned. `None` unless it has 1 to 32 visible ASCII characters, which is what a PIN can have (Core 2.01,
    /// column PIN of `C_PIN`); all that are printed on labels have 32.
    pub fn new(typed: Guarded) -> Option<Self> {
        let is_pin = |typed: &str| (1..=32).contains(&typed.len()) && typed.bytes().all(|byte| byte.is_ascii_graphic());
        (typed.read(is_pin) == Some(true)).then_some(Self(typed))
    }

    /// Gives its characters to `with`; there are none any more once it was cleared.
    fn open<R>(&self, with: impl FnOnce(&[u8]) -> R) -> Option<R> {
        self.0.read(|text| with(text.as_bytes()))
    }
}

impl fmt::Debug for Psid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Psid(…)")
    }
}

/// What Level 0 discovery says about a drive's trusted peripheral.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tper {
    /// Its Locking feature.
    locking: Option<Locking>,
    /// Its security subsystem class, which says whom methods go to.
    subsystem: Option<Subsystem>,
    /// Whether a revert that has answered is still removing data.
    removal: Option<DataRemoval>,
}

impl Tper {
    /// A range is locked, or a shadow is shown in place of the first blocks: what is read and written is not all of the medium.
    pub(crate) fn is_locked(&self) -> bool {
        self.locking.is_some_and(|locking| locking.locked || (locking.mbr_enabled && !locking.mbr_done))
    }

    /// All user data are encrypted at all times.
    pub(crate) fn encrypts(&self) -> bool {
        self.locking.is_some_and(|locking| locking.media_encryption)
    }

    /// Whether a revert by PSID can be had of this drive.
    fn support(&self, psid: Option<&Psid>) -> Support {
        match (self.subsystem.map(|found| found.class), psid) {
            // Without encryption a revert gives up the passwords and leaves the data as they are (Pyrite).
            _ if !self.encrypts() => Support::Absent,
            (None | Some(Class::KeyPerIo), _) => Support::Absent,
            (Some(Class::Enterprise), _) => Support::Blocked(
                "its security is of the TCG Enterprise class, which this program does not speak. Revert it with its maker's own \
                 tool first."
                    .to_owned(),
            ),
            (Some(_), None) => Support::Blocked(NEEDS_PSID.to_owned()),
            (Some(_), Some(_)) => Support::Present,
        }
    }
}

const NEEDS_PSID: &str = "needs the PSID from the label: 32 characters, printed on the drive as PSID and readable nowhere else. Enter it for this drive.";

/// Whether a revert can be had of this drive as soon as its PSID is given.
pub fn awaits_psid(support: &Support) -> bool {
    matches!(support, Support::Blocked(why) if why == NEEDS_PSID)
}

/// What Level 0 discovery says; `None` if the drive says that it has no TCG.
pub(crate) fn discover(bus: &mut impl SecurityProtocol) -> Result<Option<Tper>, Trouble> {
    let mut answer = [0; ANSWER_BYTES];
    let from = Address { protocol: PROTOCOL, specific: LEVEL_0_COM_ID };
    let came = match bus.receive(from, &mut answer) {
        Ok(came) => answer.get(..came).unwrap_or(&answer),
        Err(Trouble::Refused(_)) => return Ok(None),
        Err(trouble) => return Err(trouble),
    };
    let Some(discovery) = Discovery::new(came) else {
        return Err(Trouble::Lost("its answer to TCG Level 0 Discovery is not a whole one".to_owned()));
    };
    let removal = |feature| if let Feature::DataRemoval(removal) = feature { Some(removal) } else { None };
    Ok(Some(Tper {
        locking: discovery.locking(),
        subsystem: discovery.subsystem(),
        removal: discovery.features().find_map(removal),
    }))
}

/// Whether a revert by PSID can be had, from what [`discover`] brought.
pub(crate) fn support(found: &Result<Option<Tper>, Trouble>, psid: Option<&Psid>) -> Support {
    match found {
        Ok(Some(tper)) => tper.support(psid),
        Ok(None) => Support::Absent,
        Err(trouble) => Support::Unknown(format!("whether it has TCG security could not be found out: {trouble}")),
    }
}

/// How a revert that was accepted is doing.
pub(crate) fn standing(bus: &mut impl SecurityProtocol) -> Standing {
    match discover(bus) {
        Ok(Some(tper)) => match tper.removal {
            Some(removal) if removal.was_interrupted => {
                Standing::Failed { why: "the removal of data after the revert was interrupted".to_owned() }
            }
            Some(removal) if removal.is_processing => Standing::InProgress { progress: None },
            _ => Standing::Completed,
        },
        Ok(None) => Standing::Unknown { why: "it refuses TCG Level 0 Discovery since the revert".to_owned() },
        Err(Trouble::Gone) => Standing::Gone,
        Err(trouble) => Standing::Unknown { why: trouble.to_string() },
    }
}

/// What should hold after a revert and does not: locking is off, nothing is locked, nothing is still being removed.
pub(crate) fn problems(bus: &mut impl SecurityProtocol) -> Vec<String> {
    let tper = match discover(bus) {
        Ok(Some(tper)) => tper,
        Ok(None) => return vec!["after the revert the drive refuses TCG Level 0 Discovery".to_owned()],
        Err(trouble) => return vec![format!("how the revert left the drive is not known: {trouble}")],
    };
    let enabled = tper.locking.is_none_or(|locking| locking.enabled);
    let removing = tper.removal.is_some_and(|removal| removal.is_processing || removal.was_interrupted);
    [
        (enabled, "after the revert its locking is still enabled"),
        (tper.is_locked(), "after the revert it is still locked"),
        (removing, "after the revert its removal of data has not ended"),
    ]
    .into_iter()
    .filter(|(is_so, _)| *is_so)
    .map(|(_, what)| what.to_owned())
    .collect()
}

/// What Linux and sedutil ask for: drives have been seen with no other length.
const ANSWER_BYTES: usize = 2048;

#[cfg(test)]
#[path = "tcg_tests.rs"]
pub(crate) mod tests;
