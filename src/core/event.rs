//! What the engine room tells the screen, and what the screen may ask of it. Both are plain values: the screen links nothing that
//! could erase.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::Serialize;

use crate::capability::Capabilities;
use crate::drive::{Exclusion, Identity};
use crate::eta::Eta;
use crate::evidence::{Battery, Concealing, JobId};
use crate::plan::{Plan, Refusal};
use crate::reformat::Reformat;
use crate::secret::Guarded;
use crate::survey::{Survey, When};
use crate::technique::Technique;
use crate::units::BlockSize;
use crate::verdict::{Reason, Verdict};

/// A drive's number for as long as the program runs. The same drive keeps it when it is unplugged and comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct DriveId(pub u32);

/// One block device of the machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// Its number.
    pub id: DriveId,
    /// The kernel's name for it at the moment, such as `nvme0n1`: to find it again in the log, never to choose it by.
    pub node: String,
    /// Who it says it is.
    pub identity: Identity,
    /// What it can do, what it hides and what stands in the way, whether there is a plan for it or not.
    pub capabilities: Capabilities,
    /// What may be done with it.
    pub offer: Offer,
    /// How far an earlier run came with it, in percent, if that job was interrupted and can go on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interrupted: Option<u8>,
}

/// What may be done with a drive.
#[expect(clippy::large_enum_variant, reason = "a machine has tens of drives, and most of them have a plan")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Offer {
    /// It can be erased as planned once consent is given.
    Planned(Plan),
    /// The policy or the drive's nature refuses.
    Refused(Refusal),
    /// It is never offered.
    Excluded(Exclusion),
}

/// A controller that drives may hide behind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Controller {
    /// Its PCI address, or its place on another bus.
    pub address: String,
    /// What it is, in words: `NVMe controller`, `RAID controller`…
    pub kind: String,
    /// Vendor and device numbers, `8086:282a`.
    pub ids: String,
    /// The kernel's driver; `None` if none took it.
    pub driver: Option<String>,
    /// How many block devices are seen behind it.
    pub drives: usize,
    /// What to do when its drives cannot be seen.
    pub advice: Option<String>,
}

impl Controller {
    /// For the record, if it may hide drives.
    pub fn concealing(&self) -> Option<Concealing> {
        let controller = alloc::format!("{} {} ({})", self.kind, self.address, self.ids);
        Some(Concealing { controller, advice: self.advice.clone()? })
    }
}

/// How hot the machine is, by the sensor that is nearest to its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heat {
    /// Now, in °C.
    pub now_c: i32,
    /// At which the machine is switched off, in °C.
    pub limit_c: i32,
}

impl Heat {
    /// So near to its limit that somebody has to do something.
    pub const fn is_alarming(self) -> bool {
        self.now_c + 10 >= self.limit_c
    }
}

impl fmt::Display for Heat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "The machine is at {} °C and switches itself off at {} °C", self.now_c, self.limit_c)?;
        if self.is_alarming() { f.write_str(". Open it, or have air blown at it") } else { Ok(()) }
    }
}

/// A keyboard layout that the image has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// By which the command line and the policy choose it: `ch-de`.
    pub name: String,
    /// For people: `Swiss, German`.
    pub title: String,
}

/// Where a running job is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Opening the drive and asking who it is.
    Probe,
    /// Waiting for the drive to cool down.
    Cool,
    /// Looking over what the drive holds.
    Survey(When),
    /// Placing the markers.
    Mark,
    /// The drive erases itself. [`Progress::done`] and `total` count 65536ths of it then; a `total` of 0 means that the drive does not
    /// say how far it is.
    Erase {
        /// How.
        technique: Technique,
        /// Counted from 1.
        step: u32,
        /// All firmware steps of the way.
        of: u32,
    },
    /// Checking how the drive was left by its erase.
    Settle,
    /// Looking for the markers.
    Seek,
    /// Finding out whether the drive stores zeros.
    Gauge,
    /// Overwriting: pass `number` of `of`.
    Purge {
        /// Counted from 1.
        number: u32,
        /// All passes.
        of: u32,
    },
    /// Looking for what was written before the job was interrupted.
    Recheck,
    /// Waiting for the drive to put everything onto the medium.
    Flush,
    /// Reading back.
    Verify,
    /// The drive, erased by now, formats itself to blocks of another length. [`Progress`] as for [`Stage::Erase`].
    Reformat {
        /// That length.
        to: BlockSize,
    },
}

/// How far a stage is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Bytes transferred in this stage.
    pub done: u64,
    /// Bytes to transfer in this stage.
    pub total: u64,
    /// Bytes a second, lately; 0 while not known.
    pub rate: u64,
    /// Until all stages are over; `None` while not known.
    pub eta: Option<Eta>,
    /// Blocks that failed or did not match so far.
    pub errors: u64,
    /// The drive's own estimate of the whole stage in seconds, if it gives one.
    pub estimate_s: Option<u64>,
}

/// What became of a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filed {
    /// It is on the stick under this name, was read back and compared.
    OnStick {
        /// The file's name without the folder.
        name: String,
    },
    /// It is kept in memory until a stick takes it.
    InMemory {
        /// Why it is not on the stick.
        why: String,
    },
}

/// The state of our own stick.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stick {
    /// None is attached.
    Absent,
    /// One is there and takes files.
    Ready {
        /// The first digits of the fingerprint of its key.
        key: String,
    },
    /// One is there but does not take files; the sentence says why and what to do.
    Failing {
        /// What happened and what to do about it.
        why: String,
    },
}

/// What the engine room tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The machine's block devices as they are now, in the order in which they are shown.
    Drives(Vec<Listed>),
    /// The machine's storage controllers as they are now.
    Controllers(Vec<Controller>),
    /// The state of the stick changed.
    Stick(Stick),
    /// So many files wait in memory for a stick.
    Waiting(usize),
    /// The battery that is all that feeds the machine; `None` if something else does.
    Battery(Option<Battery>),
    /// The program and the machine, for the head of the screen: `PurgeProof 0.1.0 · image 0123abcd`.
    Banner(String),
    /// How hot the machine is; `None` if it does not tell.
    Heat(Option<Heat>),
    /// The layouts that the machine's keyboard can have, and the name of the one that it has.
    Keyboard {
        /// In the order in which they are shown; none where no keyboard types to a screen of this machine.
        layouts: Vec<Layout>,
        /// The name of one of them.
        current: String,
    },
    /// A sentence to show: what happened and what to do about it.
    Notice(String),
    /// A job began on this drive.
    Began {
        /// The drive.
        drive: DriveId,
        /// The job's number, which the certificate bears.
        job: JobId,
    },
    /// The job is in this stage now.
    Stage {
        /// The drive.
        drive: DriveId,
        /// The stage.
        stage: Stage,
    },
    /// The job takes another way, because those before it came to nothing.
    FellThrough {
        /// The drive.
        drive: DriveId,
        /// Why, in order.
        setbacks: Vec<Reason>,
    },
    /// How far the stage is.
    Progress {
        /// The drive.
        drive: DriveId,
        /// The figures.
        progress: Progress,
    },
    /// The drive was looked over.
    Surveyed {
        /// The drive.
        drive: DriveId,
        /// Before the first write, or after the last.
        when: When,
        /// What was found; events are many, and a survey is large.
        survey: Box<Survey>,
    },
    /// The job is over.
    Ended {
        /// The drive.
        drive: DriveId,
        /// What came of it.
        verdict: Verdict,
        /// What became of the format to blocks of another length, if the plan had one.
        reformat: Option<Reformat>,
        /// How long it took, in seconds.
        seconds: u64,
    },
    /// The certificate was made, and this became of it.
    Certified {
        /// The drive.
        drive: DriveId,
        /// Where it is.
        filed: Filed,
        /// The signed certificate as the text of its QR code.
        qr: String,
    },
    /// The operator's word about this drive is taken, and the policy asks for that of a second person: [`Request::Second`].
    OneAgreed {
        /// The drive.
        drive: DriveId,
    },
    /// The answer to a request about this drive where it was no.
    Denied {
        /// The drive.
        drive: DriveId,
        /// The sentence to show.
        why: String,
    },
    /// Everything that was to be done unattended is done.
    Done,
}

/// What the screen may ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Erase this drive; the operator typed this as the end of its serial number.
    Purge {
        /// The drive.
        drive: DriveId,
        /// As typed.
        typed: String,
    },
    /// Go on with the job of this drive that was interrupted; the operator typed this as the end of its serial number.
    Resume {
        /// The drive.
        drive: DriveId,
        /// As typed.
        typed: String,
    },
    /// A second person agrees with what the operator asked for about this drive; a name and the end of its serial number were typed.
    Second {
        /// The drive.
        drive: DriveId,
        /// As typed.
        typed: String,
    },
    /// Stop the job on this drive. What is overwritten stays overwritten; the verdict will not be a good one.
    Stop {
        /// The drive.
        drive: DriveId,
    },
    /// The operator typed the PSID that is printed on this drive's label. It is used for a revert of this drive and kept nowhere else.
    Psid {
        /// The drive.
        drive: DriveId,
        /// As typed, without what separates groups.
        psid: Guarded,
    },
    /// From now on this drive is to be planned by Overwrite alone: its own erase came to no good end, and the operator takes the lower
    /// level. Answered by [`Event::Drives`] with the new plan, which needs consent like any other, or by [`Event::Denied`].
    Overwrite {
        /// The drive.
        drive: DriveId,
    },
    /// Suspend the machine and wake it, which lifts the freeze of ATA security commands. Refused while a job runs.
    Unfreeze,
    /// Give the machine's keyboard this layout. Answered by [`Event::Keyboard`], or by [`Event::Notice`].
    Layout {
        /// Its name.
        name: String,
    },
    /// Look for drives again.
    Rescan,
    /// Switch the machine off, or leave the program on a workstation.
    PowerOff,
    /// Start the machine again.
    Reboot,
}
