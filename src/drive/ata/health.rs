//! What a drive says of its health: SMART attributes, and the statistics of drives that keep them.

use purgeproof_core::firmware::{Health, Transcript};
use purgeproof_spec::ata::smart::{Attributes, attribute};
use purgeproof_spec::ata::statistics::{self, Page};
use purgeproof_spec::ata::{Identify, query};
use purgeproof_spec::scsi::Rotation;

use super::link::{Command, Link};
use crate::channel::ScsiChannel;

const SMART: Command = Command::new("SMART READ DATA", query::SMART_READ_DATA);

/// Reads it; nothing of the drive changes.
pub(super) fn read(link: &mut Link<impl ScsiChannel>, identify: Identify<'_>, log: &mut dyn Transcript) -> Health {
    let mut health = Health::default();
    if identify.smart().enabled
        && let Ok(block) = link.read_block(&SMART, log)
        && let Some(attributes) = Attributes::new(&block)
    {
        health.temperature_c = attributes.temperature().map(i16::from);
        health.reallocated = attributes.count(attribute::REALLOCATED).map(u64::from);
        health.pending = attributes.count(attribute::PENDING).map(u64::from);
        health.media_errors = attributes.count(attribute::UNCORRECTABLE).map(u64::from);
    }
    if !identify.general_purpose_logging() {
        return health;
    }
    statistic(link, statistics::TEMPERATURE, log, |page| {
        health.temperature_c = page.temperature().map(i16::from).or(health.temperature_c);
        health.limit_c = page.maximum_temperature().map(i16::from);
    });
    if identify.rotation() == Some(Rotation::None) {
        statistic(link, statistics::SOLID_STATE, log, |page| health.used_percent = page.used_percent());
    }
    health
}

fn statistic(link: &mut Link<impl ScsiChannel>, number: u8, log: &mut dyn Transcript, mut read: impl FnMut(Page<'_>)) {
    let command = Command::new("READ LOG EXT, device statistics", statistics::read(number));
    if let Ok(block) = link.read_block(&command, log)
        && let Some(page) = Page::new(&block, number)
    {
        read(page);
    }
}
