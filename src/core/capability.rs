//! What a drive can do, what it hides, and what stands in the way.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::drive::Transport;
use crate::technique::Technique;
use crate::units::Bytes;

/// Whether a drive can do a thing. More than two values, because neither "we do not know" nor "not now" is "no".
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Support {
    /// The drive says so, or the host can do it to any drive.
    Present,
    /// The drive says that it cannot.
    Absent,
    /// It has it, but not now: what is in the way and, if there is a way, what to do about it.
    Blocked(String),
    /// Not established, and why.
    Unknown(String),
}

/// What is known about a drive's means.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capabilities {
    /// A line a technique. One that is not listed does not apply to this kind of drive.
    pub techniques: Vec<(Technique, Support)>,
    /// Every area that a drive of this kind can hide from the host, with what was found.
    pub hidden: Vec<Hidden>,
    /// What stands in the way.
    pub obstacles: Vec<Obstacle>,
    /// After a firmware erase its blocks cannot be read before they are written (SCSI VPD page B1h, WABEREQ and WACEREQ).
    pub unreadable_when_erased: bool,
    /// It says that all user data on it are encrypted at all times, so that an instant erase is plausible.
    pub encrypts_all: bool,
}

/// An area that a drive can keep out of the host's sight.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hidden {
    /// Which kind.
    pub area: Area,
    /// What was found.
    pub found: Found,
}

impl Hidden {
    /// It was found, is still closed, and none of these steps reaches it.
    pub fn is_kept(&self, steps: &[Technique]) -> bool {
        matches!(self.found, Found::Closed { .. }) && !self.is_beside() && !self.is_reached(steps)
    }

    /// It is, or may be, a disk of its own under this drive's serial number: what is done to this one says nothing about it.
    pub fn is_beside(&self) -> bool {
        self.area == Area::OtherNamespaces && self.found != Found::Nothing
    }

    /// None of these steps reaches it, and the owner's data are in it or may well be: a drive on a sound path always answers how large its
    /// HPA or AMAC is, and an eMMC which partitions it has, so where it could not be asked, an overwrite of all that it shows says nothing.
    /// A DCO that cannot be asked for is what many a machine's firmware leaves behind (it freezes it), and is an exception on the
    /// certificate.
    pub fn keeps_user_data(&self, on: Transport, steps: &[Technique]) -> bool {
        let counts = on == Transport::Mmc || self.is_unasked();
        self.area.holds_user_data(on) && self.is_kept(steps) || counts && self.is_in_doubt(on, steps)
    }

    /// The HPA or AMAC of a drive that another port might be able to ask for it.
    pub const fn is_unasked(&self) -> bool {
        matches!(self.found, Found::Unknown(_))
            && matches!(self.area, Area::HostProtectedArea | Area::AccessibleMaxAddress)
    }

    /// There may be data of the owner's in it, and what becomes of it is not known. An eMMC's partition of which this is said is one that
    /// its own erases leave out: it is write protected, or no command gets to it.
    pub fn is_in_doubt(&self, on: Transport, steps: &[Technique]) -> bool {
        let is_reached = self.is_reached(steps) && on != Transport::Mmc;
        matches!(self.found, Found::Unknown(_)) && self.area.holds_user_data(on) && !is_reached
    }

    fn is_reached(&self, steps: &[Technique]) -> bool {
        steps.iter().any(|step| self.area.is_reached_by(*step))
    }
}

/// The kinds of hidden areas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Area {
    /// ATA Host Protected Area (READ NATIVE MAX ADDRESS against IDENTIFY DEVICE).
    HostProtectedArea,
    /// ATA Device Configuration Overlay.
    DeviceConfigurationOverlay,
    /// ATA Accessible Max Address Configuration (ACS-3).
    AccessibleMaxAddress,
    /// A SCSI drive set to fewer blocks than it has.
    CapacityRestriction,
    /// NVMe namespaces that are not attached to this controller.
    UnattachedNamespaces,
    /// NVMe capacity that belongs to no namespace.
    UnallocatedCapacity,
    /// NVMe or eMMC boot partitions.
    BootPartitions,
    /// eMMC general purpose partitions.
    GeneralPurposePartitions,
    /// Replay Protected Memory Block: written with a key that only its owner has, so no erase command reaches it.
    ReplayProtectedMemory,
    /// NVMe Persistent Memory Region.
    PersistentMemoryRegion,
    /// NVMe namespaces beside this one that this controller or another one of the same drive shows. Nothing is hidden there: each is a
    /// disk of its own with its own consent, and only the serial number is the same.
    OtherNamespaces,
}

impl Area {
    /// It is a part of what the owner can have written to, under another setting of the drive. The boot partitions of an eMMC are disks
    /// to any program; those of NVMe are for the machine's own firmware. Other namespaces are no part of this disk.
    pub const fn holds_user_data(self, on: Transport) -> bool {
        match self {
            Self::BootPartitions => matches!(on, Transport::Mmc),
            Self::ReplayProtectedMemory | Self::PersistentMemoryRegion | Self::OtherNamespaces => false,
            _ => true,
        }
    }

    /// A technique erases this area too, closed as it is. Sanitize commands and a change of key concern the whole medium; enhanced
    /// Security Erase covers what an ATA drive hides, which the normal one does not; the erases of eMMC go through all its partitions.
    /// What would reach other namespaces is not sent.
    pub const fn is_reached_by(self, technique: Technique) -> bool {
        match self {
            Self::HostProtectedArea | Self::DeviceConfigurationOverlay | Self::AccessibleMaxAddress => {
                technique.is_whole_medium() || matches!(technique, Technique::SecurityEraseEnhanced)
            }
            Self::CapacityRestriction | Self::UnattachedNamespaces | Self::UnallocatedCapacity => {
                technique.is_whole_medium()
            }
            Self::BootPartitions | Self::GeneralPurposePartitions => {
                matches!(technique, Technique::EraseAndSanitize | Technique::SecureErase)
            }
            Self::ReplayProtectedMemory | Self::PersistentMemoryRegion | Self::OtherNamespaces => false,
        }
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HostProtectedArea => "Host Protected Area (HPA)",
            Self::DeviceConfigurationOverlay => "Device Configuration Overlay (DCO)",
            Self::AccessibleMaxAddress => "Accessible Max Address (AMAC)",
            Self::CapacityRestriction => "capacity restriction",
            Self::UnattachedNamespaces => "unattached namespaces",
            Self::UnallocatedCapacity => "unallocated capacity",
            Self::BootPartitions => "boot partitions",
            Self::GeneralPurposePartitions => "general purpose partitions",
            Self::ReplayProtectedMemory => "replay protected memory (RPMB)",
            Self::PersistentMemoryRegion => "persistent memory region (PMR)",
            Self::OtherNamespaces => "other namespaces of the drive",
        })
    }
}

/// What came of looking for a hidden area.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Found {
    /// There is none.
    Nothing,
    /// There is one, and it is still closed.
    Closed {
        /// Its size.
        size: Bytes,
    },
    /// There was one; it is open now, and erased with the rest.
    Opened {
        /// Its size.
        size: Bytes,
    },
    /// It could not be found out, or not opened, and why.
    Unknown(String),
}

impl fmt::Display for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.area)?;
        match &self.found {
            Found::Nothing => f.write_str("none"),
            Found::Closed { size } => write!(f, "{} bytes", size.0),
            Found::Opened { size } => write!(f, "{} bytes, opened before the erase", size.0),
            Found::Unknown(why) => write!(f, "not known ({})", why.trim_end_matches('.')),
        }
    }
}

/// What stands in the way of an erase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Obstacle {
    /// The firmware of the machine has frozen the drive's security commands; a power cycle of the drive, as in suspend, lifts that.
    Frozen,
    /// Locked by a password or key that we do not have: it neither reads nor writes.
    Locked,
    /// Write-protected by its own setting.
    WriteProtected,
    /// It is sanitizing itself already.
    Sanitizing,
    /// An earlier sanitize failed; nothing but another one is accepted.
    SanitizeFailed,
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Frozen => "its security commands are frozen by the machine's firmware",
            Self::Locked => "it is locked by a password that is not known",
            Self::WriteProtected => "it is write-protected by its own setting",
            Self::Sanitizing => "it is sanitizing itself already",
            Self::SanitizeFailed => "an earlier sanitize of it failed",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// On eMMC, after its own erase of every partition that it does not leave out.
    fn keeps(area: Area, found: Found) -> bool {
        Hidden { area, found }.keeps_user_data(Transport::Mmc, &[Technique::EraseAndSanitize])
    }

    #[test]
    fn a_partition_that_the_erase_of_an_emmc_leaves_out_keeps_its_data() {
        let unknown = || Found::Unknown("it is write protected".into());
        assert!(keeps(Area::BootPartitions, unknown()));
        assert!(keeps(Area::GeneralPurposePartitions, unknown()));
        assert!(!keeps(Area::BootPartitions, Found::Closed { size: Bytes(1) }));
        assert!(!keeps(Area::ReplayProtectedMemory, unknown()), "nobody's but its key holder's");
    }
}
