//! What a SCSI drive says that it can do. Changes nothing.

use purgeproof_core::capability::{Area, Capabilities, Found, Hidden, Obstacle, Support};
use purgeproof_core::technique::Technique;
use purgeproof_spec::scsi::answer::{
    BlockDeviceCharacteristics, Inquiry, ModeHeader, ReadAfterErase, Support as Listed, vpd_pages,
};
use purgeproof_spec::scsi::command::{VpdPage, inquiry, inquiry_vpd, mode_sense_10, report_supported_operation_code};
use purgeproof_spec::scsi::sense::{Erase, Operation};

use super::query::{ROOM, Reply, Unheard, data};
use super::security::Security;
use super::standing::{Look, look};
use crate::channel::ScsiChannel;
use crate::tcg::{self, Psid};

const NO_LIST: &str = "the drive does not list its commands (no REPORT SUPPORTED OPERATION CODES)";
/// All pages.
const ALL: u8 = 0x3F;

/// The commands that erase: operation code and service action.
const ERASES: [(Technique, u8, Option<u16>); 4] = [
    (Technique::SanitizeCryptoErase, 0x48, Some(0x03)),
    (Technique::SanitizeBlockErase, 0x48, Some(0x02)),
    (Technique::SanitizeOverwrite, 0x48, Some(0x01)),
    (Technique::FormatUnit, 0x04, None),
];

/// Whether an ATA drive is behind a SCSI-to-ATA translation (SAT-4): by its name for the vendor, or by page 89h.
pub(crate) fn is_sat(channel: &mut impl ScsiChannel) -> bool {
    let inquired = data(channel, "INQUIRY", &inquiry(ROOM), &mut Unheard);
    let vendor = inquired.ok().and_then(|bytes| Inquiry::new(&bytes)).and_then(|inquiry| inquiry.vendor);
    vendor.as_deref() == Some("ATA") || has_page(channel, VpdPage::AtaInformation)
}

/// Everything that [`Capabilities`] has room for, but for the overwrite by the host.
pub(crate) fn probe(channel: &mut impl ScsiChannel, psid: Option<&Psid>) -> Capabilities {
    let mut techniques: Vec<_> =
        ERASES.map(|(technique, opcode, action)| (technique, listed(channel, opcode, action))).into();
    let tper = tcg::discover(&mut Security { channel, log: &mut Unheard });
    techniques.push((Technique::TcgRevert, tcg::support(&tper, psid)));
    let tper = tper.ok().flatten();
    let has = |technique| techniques.contains(&(technique, Support::Present));
    let reads = characteristics(channel);
    let is_unreadable = |read| matches!(read, ReadAfterErase::MediumError | ReadAfterErase::WriteRequired);
    let unreadable_when_erased = reads.is_some_and(|reads| {
        has(Technique::SanitizeBlockErase) && is_unreadable(reads.after_block_erase)
            || has(Technique::SanitizeCryptoErase) && is_unreadable(reads.after_cryptographic_erase)
    });
    let obstacles = [
        tper.is_some_and(|tper| psid.is_none() && tper.is_locked()).then_some(Obstacle::Locked),
        is_write_protected(channel, &mut Unheard).then_some(Obstacle::WriteProtected),
        busy(&look(channel, |_| ())),
    ];
    Capabilities {
        techniques,
        hidden: vec![Hidden { area: Area::CapacityRestriction, found: Found::Unknown(NOT_TOLD.to_owned()) }],
        obstacles: obstacles.into_iter().flatten().collect(),
        unreadable_when_erased,
        encrypts_all: tper.is_some_and(|tper| tper.encrypts()),
    }
}

/// No command asks for it: READ CAPACITY and MODE SENSE both tell what the drive is set to.
const NOT_TOLD: &str = "a SCSI drive tells the capacity that it is set to, not the one that it has; it is set to all of it before the erase";

/// An erase that is running, or that has failed.
pub(super) fn busy(look: &Look) -> Option<Obstacle> {
    match look {
        Look::InProgress(_) => Some(Obstacle::Sanitizing),
        Look::Failed(_) => Some(Obstacle::SanitizeFailed),
        _ => None,
    }
}

/// WP of the mode parameter header.
pub(super) fn is_write_protected(
    channel: &mut impl ScsiChannel,
    log: &mut dyn purgeproof_core::firmware::Transcript,
) -> bool {
    let page = data(channel, "MODE SENSE", &mode_sense_10(ALL, 0, ROOM), log);
    page.ok().and_then(|bytes| ModeHeader::new(&bytes)).is_some_and(|header| header.is_write_protected)
}

/// What the list of the drive's commands says about one.
fn listed(channel: &mut impl ScsiChannel, opcode: u8, action: Option<u16>) -> Support {
    let command = report_supported_operation_code(opcode, action);
    match data(channel, "REPORT SUPPORTED OPERATION CODES", &command, &mut Unheard) {
        Ok(bytes) => match Listed::new(&bytes) {
            Some(Listed::Supported) => Support::Present,
            Some(Listed::NotSupported) => Support::Absent,
            Some(Listed::Unknown(code)) => Support::Unknown(format!(
                "the drive lists this command, but not as the standard's (SUPPORT {code:03b}b)"
            )),
            None => Support::Unknown(format!("the drive's list of commands is cut short after {} bytes", bytes.len())),
        },
        Err(reply) => Support::Unknown(unlisted(&reply)),
    }
}

/// Why there was no list. That the drive is busy erasing itself says nothing about what it can do.
fn unlisted(reply: &Reply) -> String {
    match reply {
        Reply::Check(sense)
            if matches!(sense.erase, Some(Erase::InProgress(Operation::Sanitize | Operation::Format, _))) =>
        {
            format!("the drive was busy when it was asked: {sense}")
        }
        Reply::Check(_) if reply.refusal().is_some() => format!("{NO_LIST}: {}", reply.words()),
        _ => format!("the drive's list of commands could not be read: {}", reply.words()),
    }
}

fn has_page(channel: &mut impl ScsiChannel, page: VpdPage) -> bool {
    let list = data(channel, "INQUIRY, VPD 00h", &inquiry_vpd(VpdPage::Supported, ROOM), &mut Unheard);
    list.is_ok_and(|bytes| vpd_pages(&bytes).is_some_and(|pages| pages.contains(&(page as u8))))
}

fn characteristics(channel: &mut impl ScsiChannel) -> Option<BlockDeviceCharacteristics> {
    let command = inquiry_vpd(VpdPage::BlockDeviceCharacteristics, ROOM);
    BlockDeviceCharacteristics::new(&data(channel, "INQUIRY, VPD B1h", &command, &mut Unheard).ok()?)
}
