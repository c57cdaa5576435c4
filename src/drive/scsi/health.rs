//! Temperature, error counters, endurance, grown defects.

use purgeproof_core::firmware::{Health, Transcript};
use purgeproof_spec::scsi::answer::grown_defects;
use purgeproof_spec::scsi::command::{LogPage, log_sense, read_grown_defects_10, read_grown_defects_12};
use purgeproof_spec::scsi::log;

use super::query::{ROOM, data};
use crate::channel::ScsiChannel;

/// What the log pages say, as far as the drive has them. Informational exceptions (2Fh) are only noted: they predict, they count nothing.
pub(super) fn read(channel: &mut impl ScsiChannel, transcript: &mut dyn Transcript) -> Health {
    let mut page = |page, name: &str| {
        data(channel, &format!("LOG SENSE, {name}"), &log_sense(page, ROOM), transcript).unwrap_or_default()
    };
    let temperature = page(LogPage::Temperature, "temperature");
    let counters = [
        (LogPage::WriteErrors, "write errors"),
        (LogPage::ReadErrors, "read errors"),
        (LogPage::VerifyErrors, "verify errors"),
    ]
    .map(|(counter, name)| log::uncorrected_errors(&page(counter, name), counter));
    let endurance = page(LogPage::SolidStateMedia, "solid state media");
    page(LogPage::InformationalExceptions, "informational exceptions");
    Health {
        temperature_c: log::temperature(&temperature).map(i16::from),
        limit_c: log::reference_temperature(&temperature).map(i16::from),
        reallocated: defects(channel, transcript),
        pending: None,
        media_errors: counters.into_iter().flatten().reduce(u64::saturating_add),
        used_percent: log::endurance_used_percent(&endurance),
    }
}

/// The length of the grown defect list.
fn defects(channel: &mut impl ScsiChannel, transcript: &mut dyn Transcript) -> Option<u64> {
    const NAME: &str = "READ DEFECT DATA, grown list";
    let long = data(channel, NAME, &read_grown_defects_12(), transcript);
    if let Ok(header) = long {
        return grown_defects::<8>(&header);
    }
    grown_defects::<4>(&data(channel, NAME, &read_grown_defects_10(), transcript).ok()?)
}
