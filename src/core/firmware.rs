//! What a drive's own erase commands look like from outside, whatever bus they go over.
//!
//! ```text
//! prepare ─► (markers) ─► begin ─► standing, standing, … ─► settle ─► (markers sought)
//!                     [and after it all: reformat ─► standing, standing, … ─► reformatted]
//! ```
//!
//! A driver says what it sent and what came back, byte by byte ([`Transcript`]), and what that means ([`Begun`], [`Standing`],
//! [`Settled`]). What follows from it is decided in [`crate::job`] and [`crate::verdict`] alone.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::capability::{Hidden, Obstacle};
use crate::drive::MediaError;
use crate::evidence::{hex, unhex_vec};
use crate::technique::Technique;
use crate::units::{BlockSize, Blocks, Bytes, Lba};

/// The command set of an open drive.
///
/// No method panics, whatever the drive answers, and none retries a destructive command: that is the job's to decide.
pub trait Firmware: Send {
    /// Before anything is destroyed: looks what is being done already, looks for hidden areas and opens those that can be opened,
    /// reads the drive's health. Destroys nothing.
    fn prepare(&mut self, log: &mut dyn Transcript) -> Prepared;

    /// Sends the commands that begin this erase. A command that the drive carries out in the foreground returns when it is over.
    fn begin(&mut self, technique: Technique, log: &mut dyn Transcript) -> Begun;

    /// Asks how the erase that was begun is doing, by the drive's own status field.
    fn standing(&mut self, log: &mut dyn Transcript) -> Standing;

    /// After the erase: cleans up after it (the security password, the failure mode) and checks what must hold now, such as security
    /// being disabled.
    fn settle(&mut self, technique: Technique, log: &mut dyn Transcript) -> Settled;

    /// The drive's temperature and error counts.
    fn health(&mut self, log: &mut dyn Transcript) -> Health;

    /// Whether the drive says, in so many words, that it cannot give this block because it was erased and not written since. Asked of
    /// blocks that could not be read; a drive that has no words for it says no.
    fn is_blank(&mut self, _at: Lba) -> bool {
        false
    }

    /// Begins to format the drive to blocks of this length. How that is doing [`Firmware::standing`] tells.
    fn reformat(&mut self, to: BlockSize, _: &mut dyn Transcript) -> Begun {
        Begun::Refused { why: format!("no command is known that gives such a drive {}-byte blocks", to.get()) }
    }

    /// How many blocks of this length the drive has now.
    ///
    /// # Errors
    /// What it has instead, or that it does not tell, in a clause.
    fn reformatted(&mut self, to: BlockSize, _: &mut dyn Transcript) -> Result<Blocks, String> {
        Err(format!("no command is known that tells of {}-byte blocks of such a drive", to.get()))
    }

    /// While it stands at [`Standing::Verifiable`]: reads blocks as they are on the medium, and says how many bytes came. A drive
    /// without that state gives none.
    ///
    /// # Errors
    /// [`MediaError`]: nothing counts as read.
    fn read_medium(&mut self, _at: Lba, _into: &mut [u8]) -> Result<usize, MediaError> {
        Ok(0)
    }

    /// Ends that state. What came of it, [`Self::standing`] says.
    fn end_verification(&mut self, _log: &mut dyn Transcript) {}
}

/// Where a driver writes down what it sends and hears. Every entry becomes evidence.
pub trait Transcript {
    /// One command. A command that changes the drive is noted without its answer before it is sent, and again with it: the call
    /// without an answer returns when the entry, with all that was noted before it, is safe in the journal, or when it is certain that
    /// there is none.
    fn note(&mut self, exchange: Exchange);
}

/// One command as it went over the bus.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    /// The command by the standard's name: `SANITIZE DEVICE, BLOCK ERASE EXT`.
    pub command: String,
    /// The command's bytes: an NVMe submission entry's command dwords 0, 1 and 10 to 15 (little endian), a CDB, an MMC command with
    /// its argument.
    pub sent: Octets,
    /// The parameter data that went with it, if any. A secret is left out here and said to be left out in `command`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_out: Option<Octets>,
    /// What came back; `None` in the entry made before the command is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
}

/// What came back from a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// What it says, in the standard's words: `Successful Completion`, `ABORTED COMMAND, …`, `the kernel gave up: ETIMEDOUT`.
    pub status: String,
    /// The status as it came: the NVMe status field and dword 0, SCSI status with sense data, MMC response words.
    pub raw: Octets,
    /// The data that came, log pages and the like; left out where it says nothing about an erase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_in: Option<Octets>,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// Raw bytes; in JSON as hexadecimal digits.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Octets(pub Vec<u8>);

impl From<Octets> for String {
    fn from(octets: Octets) -> Self {
        hex(&octets.0)
    }
}

impl TryFrom<String> for Octets {
    type Error = crate::evidence::NotHex;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        unhex_vec(&text).map(Self)
    }
}

impl fmt::Debug for Octets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Octets({})", hex(&self.0))
    }
}

impl From<&[u8]> for Octets {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

/// How a drive was found when its erasure began, and what was done to make all of it reachable.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prepared {
    /// What the drive's sanitize status says before this job has asked for anything.
    pub standing: Standing,
    /// Every hidden area that was looked for.
    pub hidden: Vec<Hidden>,
    /// The drive's size after areas were opened, if that changed it: the handle has to be opened again.
    pub capacity: Option<Bytes>,
    /// What stands in the way of any erase, if anything does.
    pub obstacle: Option<Obstacle>,
    /// The drive's health before.
    pub health: Health,
}

/// What came of asking for an erase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Begun {
    /// The drive took the command and works in the background.
    Accepted {
        /// The drive's own estimate in seconds.
        estimate_s: Option<u64>,
    },
    /// The command is over, and the drive says that it succeeded (commands in the foreground).
    Completed,
    /// The drive took the command, worked on it and says that it failed (commands in the foreground).
    Failed {
        /// In the drive's words.
        why: String,
    },
    /// The drive said no: nothing was begun.
    Refused {
        /// In the drive's words.
        why: String,
    },
    /// No answer, or one that says nothing: the drive may or may not be erasing itself.
    Lost {
        /// What happened.
        why: String,
    },
}

/// What a drive's own status field says about its last erase.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// Nothing was ever done, or the drive says so; also for drives without such a status.
    #[default]
    Never,
    /// At work.
    InProgress {
        /// In 65536ths, if the drive says so. It means something in this state only.
        progress: Option<u16>,
    },
    /// The drive has erased itself and lets its medium be read, past the table that says which blocks are in use, until it is told to go
    /// on (NVMe media verification).
    Verifiable,
    /// Over, successfully. Whether it is this job's erase or an older one is for the job to find out.
    Completed,
    /// Over, without success.
    Failed {
        /// In the drive's words.
        why: String,
    },
    /// The answer says nothing about it: registers that did not come, a path that drops sense data.
    Unknown {
        /// What was wrong with the answer.
        why: String,
    },
    /// The drive no longer answers at all.
    Gone,
}

impl Standing {
    /// Whether two answers differ in more than the figure of the progress.
    pub fn is_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::InProgress { .. }, Self::InProgress { .. }) => true,
            _ => self == other,
        }
    }
}

/// How a drive was left.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// Each thing that should hold after this erase and does not, in a sentence. Empty is good.
    pub problems: Vec<String>,
    /// The drive says that the last erase purged its data as IEEE 2883 defines it (NVMe `SSTAT.PRGD`).
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub purged_by_its_word: bool,
}

/// What a drive says about its own state of health; `None` for what it does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// The temperature now, in degrees Celsius.
    pub temperature_c: Option<i16>,
    /// The temperature above which the drive does not want to be worked.
    pub limit_c: Option<i16>,
    /// Sectors that were replaced by spare ones: each may hold old data out of reach.
    pub reallocated: Option<u64>,
    /// Sectors that wait for a decision.
    pub pending: Option<u64>,
    /// Errors of the medium counted by the drive.
    pub media_errors: Option<u64>,
    /// The share of its life that is used up, in percent; may exceed 100.
    pub used_percent: Option<u8>,
}

impl Health {
    /// Hotter than the drive wants to be.
    pub fn is_too_hot(&self) -> bool {
        self.is_within(0)
    }

    /// Hotter than so many degrees below what the drive wants.
    pub fn is_within(&self, degrees: i16) -> bool {
        let limit = self.limit_c.map(|limit| limit.saturating_sub(degrees));
        matches!((self.temperature_c, limit), (Some(now), Some(limit)) if now > limit)
    }
}
