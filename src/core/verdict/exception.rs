//! What a verdict does not cover, however good it is.

use core::fmt;

use serde::{Deserialize, Serialize};

/// What a verdict does not cover.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exception {
    /// Spare, worn and remapped blocks are out of the host's reach.
    SpareBlocksNotAddressed,
    /// Areas that the drive hides from the host (HPA, DCO, AMAC; unattached namespaces) were not looked for.
    HiddenAreasNotProbed,
    /// Whether the drive has a stronger technique was not established.
    FirmwareErasureNotProbed,
    /// A stronger technique was tried first, and the drive refused it, failed at it or lied about it.
    StrongerTechniqueFailed,
    /// What the drive's firmware does cannot be seen from outside.
    FirmwareTrusted,
    /// The level rests on the destruction of a key alone.
    CryptoEraseConditions,
    /// There are areas that were found and not erased.
    HiddenAreaKept,
    /// There may be hidden areas: it could not be found out.
    HiddenAreaUnknown,
    /// The drive has other namespaces, or may have.
    OtherNamespaces,
    /// It erased itself in much less time than it says itself that this takes.
    ImplausiblyFast,
    /// What it holds now is not one byte repeated, as it is on most drives after a block erase.
    NotUniform,
    /// Behind a bridge: serial number and size may be the bridge's.
    BehindBridge,
    /// The drive has no serial number and no WWN.
    WeakIdentity,
    /// Only a sample was read back.
    Sampled,
    /// The machine's clock reads a time before this program was built.
    ClockImplausible,
    /// The certificate was made in a later run, from the journal.
    RecoveredFromJournal,
    /// The overwrite was interrupted and resumed, and what was written before is not read back block by block.
    ResumedOverwrite,
    /// A storage controller of the machine may hide other drives from this program.
    DrivesMayBeHidden,
    /// It is a file: what lies below its filesystem was not addressed.
    FileNotDevice,
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SpareBlocksNotAddressed => {
                "Blocks that the drive keeps in reserve, has retired or remapped cannot be addressed by the host and were not overwritten."
            }
            Self::HiddenAreasNotProbed => {
                "Areas that a drive can hide from the host (HPA, DCO, AMAC, unattached namespaces, boot partitions) were not looked for."
            }
            Self::FirmwareErasureNotProbed => {
                "Whether the drive has a stronger technique could not be established; the plan says why."
            }
            Self::StrongerTechniqueFailed => {
                "A stronger technique was tried first, and the drive refused it, failed at it or did not do what it reported."
            }
            Self::FirmwareTrusted => {
                "The erase is left to the drive's own firmware. Seen were its reports and the blocks that the host can read; not seen were \
                 spare, retired and remapped blocks, and other copies of data or keys."
            }
            Self::CryptoEraseConditions => {
                "The level rests on the destruction of a key. That all data were encrypted with it from the first day on, and that no copy \
                 of it is left, is the maker's claim (SP 800-88 Rev. 2, §3.2)."
            }
            Self::HiddenAreaKept => "The drive has areas that the host cannot erase or open; they stand under hidden areas.",
            Self::HiddenAreaUnknown => "Whether the drive hides areas from the host could not be established; which, and why, stands under hidden areas.",
            Self::OtherNamespaces => {
                "One namespace of the drive was erased. The drive has others, or may have: to the host each is a disk of its own with the \
                 same serial number, and this record says nothing about them."
            }
            Self::ImplausiblyFast => "The drive erased itself in much less time than it estimates itself.",
            Self::NotUniform => {
                "After its erase the drive does not hold one byte repeated: old data that look random could not be told from that."
            }
            Self::BehindBridge => "The drive is attached through USB: serial number and size may be the bridge's, not the drive's.",
            Self::WeakIdentity => "The drive reports no serial number and no worldwide name: this record cannot tell it from its like.",
            Self::Sampled => "Only a random sample was read back, not every block.",
            Self::RecoveredFromJournal => {
                "The run that did this left no certificate. This one was made at a later start from the stick's journal, as far as \
                 that goes."
            }
            Self::ResumedOverwrite => {
                "The overwrite was interrupted and resumed. That all of what had been written before was still there was checked at \
                 samples, not block by block."
            }
            Self::FileNotDevice => {
                "An image file or loop device was overwritten, not a drive: what its filesystem keeps elsewhere (copies on write, \
                 snapshots, spare blocks) was not addressed."
            }
            Self::DrivesMayBeHidden => {
                "The machine has a storage controller that may hide drives, named under the machine: this record is about one drive, and \
                 says nothing about others that the machine may hold."
            }
            Self::ClockImplausible => "The machine's clock was certainly wrong: the times of this record are not to be relied on.",
        })
    }
}
