//! What a drive can do, and what it hides: conclusions from a [`Survey`].

use purgeproof_core::capability::{Area, Capabilities, Found, Hidden, Obstacle, Support};
use purgeproof_core::technique::Technique;
use purgeproof_core::units::Bytes;
use purgeproof_spec::nvme::{Nsid, SanitizeState};

use super::channel::NvmeAdmin;
use super::noted::{Fault, Noted, Unlogged};
use super::survey::Survey;
use crate::tcg::{self, Psid};

/// The family's techniques.
pub(super) const TECHNIQUES: [Technique; 6] = [
    Technique::SanitizeCryptoErase,
    Technique::SanitizeBlockErase,
    Technique::SanitizeOverwrite,
    Technique::TcgRevert,
    Technique::FormatCryptoErase,
    Technique::FormatUserDataErase,
];

const AREAS: [Area; 6] = [
    Area::OtherNamespaces,
    Area::UnattachedNamespaces,
    Area::UnallocatedCapacity,
    Area::BootPartitions,
    Area::ReplayProtectedMemory,
    Area::PersistentMemoryRegion,
];

/// What can be done to erase the namespace `nsid` of this controller. Only asks; `psid` is what the operator gave for this drive.
pub(crate) fn probe(channel: &mut impl NvmeAdmin, nsid: Nsid, psid: Option<&Psid>) -> Capabilities {
    let mut line = Noted { channel, log: &mut Unlogged, keeps_data: false };
    match Survey::take(&mut line, nsid, None, None) {
        Ok(survey) => Capabilities {
            techniques: TECHNIQUES.map(|technique| (technique, survey.support(technique, psid))).into(),
            hidden: survey.hidden(),
            obstacles: survey.obstacles(psid),
            unreadable_when_erased: false,
            encrypts_all: matches!(&survey.tper, Ok(Some(tper)) if tper.encrypts()),
        },
        Err(fault) => Capabilities {
            techniques: TECHNIQUES.map(|technique| (technique, Support::Unknown(fault.to_string()))).into(),
            hidden: unknown(&fault),
            ..Capabilities::default()
        },
    }
}

/// Every area, of which nothing could be found out.
pub(super) fn unknown(fault: &Fault) -> Vec<Hidden> {
    AREAS.map(|area| Hidden { area, found: Found::Unknown(fault.to_string()) }).into()
}

impl Survey {
    /// Whether a technique can be had now.
    pub(super) fn support(&self, technique: Technique, psid: Option<&Psid>) -> Support {
        let (sanicap, fna) = (self.controller.sanicap, self.controller.fna);
        match technique {
            Technique::SanitizeCryptoErase => self.sanitize_support(sanicap.crypto_erase()),
            Technique::SanitizeBlockErase => self.sanitize_support(sanicap.block_erase()),
            Technique::SanitizeOverwrite => self.sanitize_support(sanicap.overwrite()),
            Technique::TcgRevert => match tcg::support(&self.tper, psid) {
                Support::Present => self.if_alone(),
                support => support,
            },
            Technique::FormatCryptoErase => self.format_support(self.controller.oacs.format() && fna.crypto_erase()),
            Technique::FormatUserDataErase => self.format_support(self.controller.oacs.format()),
            _ => Support::Absent,
        }
    }

    fn sanitize_support(&self, has_it: bool) -> Support {
        match (&self.sanitize, self.next_firmware) {
            _ if !has_it => Support::Absent,
            (Err(fault), _) => Support::Unknown(format!(
                "how a sanitize goes could not be seen, the status log is not readable: {fault}"
            )),
            (Ok(_), Some(slot)) => Support::Blocked(format!(
                "a firmware update in slot {slot} waits for a reset, and until then the drive refuses to sanitize itself. Switch the \
                 machine off and on again"
            )),
            (Ok(_), None) => self.if_alone(),
        }
    }

    /// A technique that erases the whole NVM subsystem. Consent is given for one drive: what is listed as another must not go with it.
    fn if_alone(&self) -> Support {
        match &self.others {
            Ok(others) if others.is_empty() => Support::Present,
            Ok(others) => {
                let names: Vec<String> = others.iter().map(|other| other.value().to_string()).collect();
                Support::Blocked(format!(
                    "would erase the other namespaces of this controller too: {}. Delete those first (nvme delete-ns), or overwrite each \
                     by itself",
                    names.join(", ")
                ))
            }
            Err(fault) => Support::Blocked(format!(
                "could erase other namespaces too, which this controller does not list: {fault}. Overwrite it, or use its maker's \
                 own tool"
            )),
        }
    }

    /// A format reaches the namespaces that are there and nothing beside them.
    fn format_support(&self, has_it: bool) -> Support {
        let unallocated = self.controller.unallocated_bytes;
        let fna = self.controller.fna;
        let advice = "Make a single namespace of all the capacity (nvme delete-ns, create-ns, attach-ns), then look for drives again";
        match &self.unattached {
            _ if !has_it => Support::Absent,
            Err(fault) => Support::Unknown(format!(
                "whether there are namespaces that a format would not reach could not be found out: {fault}"
            )),
            Ok(unattached) if !unattached.is_empty() => Support::Blocked(format!(
                "would leave {} unattached namespaces as they are. {advice}",
                unattached.len()
            )),
            Ok(_) if unallocated > 0 => Support::Blocked(format!(
                "would leave {unallocated} bytes that belong to no namespace as they are. {advice}"
            )),
            Ok(_) if fna.format_hits_all() || fna.erase_hits_all() => self.if_alone(),
            Ok(_) => Support::Present,
        }
    }

    /// Every area that an NVMe drive can hide.
    pub(super) fn hidden(&self) -> Vec<Hidden> {
        AREAS.map(|area| Hidden { area, found: self.found(area) }).into()
    }

    fn found(&self, area: Area) -> Found {
        let closed = |size: u64| if size == 0 { Found::Nothing } else { Found::Closed { size: Bytes(size) } };
        match area {
            Area::OtherNamespaces => match (&self.others, &self.others_bytes) {
                (Ok(others), _) if others.is_empty() => Found::Nothing,
                (Ok(_), Ok(bytes)) => Found::Closed { size: Bytes(*bytes) },
                (Ok(others), Err(fault)) => {
                    Found::Unknown(format!("of {} there are, the sizes are not known: {fault}", others.len()))
                }
                (Err(fault), _) => Found::Unknown(fault.to_string()),
            },
            Area::UnattachedNamespaces => match &self.unattached {
                Ok(unattached) if unattached.is_empty() => Found::Nothing,
                Ok(unattached) => Found::Closed { size: Bytes(unattached.iter().map(|(_, bytes)| bytes).sum()) },
                Err(fault) => Found::Unknown(fault.to_string()),
            },
            Area::UnallocatedCapacity => closed(u64::try_from(self.controller.unallocated_bytes).unwrap_or(u64::MAX)),
            Area::ReplayProtectedMemory => {
                closed(self.controller.rpmb.map_or(0, |rpmb| u64::from(rpmb.targets) * u64::from(rpmb.bytes_each)))
            }
            Area::BootPartitions => match self.boot_partitions {
                Some(partitions) => closed(partitions.bytes_each.saturating_mul(2)),
                // They came with revision 1.3.
                None if !self.is_since(1, 3) => Found::Nothing,
                None => Found::Unknown("only a register tells, CAP.BPS, which no command reads".to_owned()),
            },
            // They came with revision 1.4, and lie behind a base address register of their own.
            _ if !self.is_since(1, 4) || self.has_more_memory == Some(false) => Found::Nothing,
            _ => Found::Unknown("only a register tells, CAP.PMRS, which no command reads".to_owned()),
        }
    }

    /// What stands in the way of an erase, the worst first.
    pub(super) fn obstacles(&self, psid: Option<&Psid>) -> Vec<Obstacle> {
        let is_locked = matches!(&self.tper, Ok(Some(tper)) if tper.is_locked());
        let state = self.sanitize.as_ref().ok().and_then(|status| status.map(|status| status.state));
        [
            // A revert unlocks.
            (is_locked && self.support(Technique::TcgRevert, psid) != Support::Present, Obstacle::Locked),
            (self.namespace.is_write_protected, Obstacle::WriteProtected),
            (matches!(state, Some(SanitizeState::InProgress(_))), Obstacle::Sanitizing),
            (state == Some(SanitizeState::Failed), Obstacle::SanitizeFailed),
        ]
        .into_iter()
        .filter_map(|(stands, obstacle)| stands.then_some(obstacle))
        .collect()
    }
}
