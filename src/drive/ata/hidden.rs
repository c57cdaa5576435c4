//! Areas that a drive keeps out of the host's sight: looked for, and opened before an erase.

use purgeproof_core::capability::{Area, Found, Hidden};
use purgeproof_core::firmware::Transcript;
use purgeproof_core::units::Bytes;
use purgeproof_spec::ata::identify::Integrity;
use purgeproof_spec::ata::max_address::{self, DeviceConfiguration, MaxAddress, Persistence};
use purgeproof_spec::ata::{Identify, Registers};

use super::link::{Command, Link, Reply};
use crate::channel::ScsiChannel;

const AREAS: [Area; 3] = [Area::HostProtectedArea, Area::DeviceConfigurationOverlay, Area::AccessibleMaxAddress];

const UNASKED: &str = "the path to the drive does not return its registers";

/// None of them could be looked for, and the drive did not say which it has.
pub(super) fn unknown(why: &str) -> Vec<Hidden> {
    AREAS.map(|area| Hidden { area, found: Found::Unknown(why.to_owned()) }).into()
}

/// The path brings the drive's data and not its registers: which areas it can have at all is known, and no more. One without the feature
/// set has nothing behind it; an overlay cannot take the bit away while there is a protected area (ATA8-ACS 7.10.5, DEVICE CONFIGURATION
/// SET is aborted then). Words 100 to 103 are what it shows, whatever there is beyond.
pub(super) fn unasked(identify: Identify<'_>) -> Vec<Hidden> {
    let found = |area| if has(identify, area) { Found::Unknown(UNASKED.to_owned()) } else { Found::Nothing };
    AREAS.map(|area| Hidden { area, found: found(area) }).into()
}

/// The drive says that it has the commands which hide this area.
fn has(identify: Identify<'_>, area: Area) -> bool {
    match area {
        Area::HostProtectedArea => identify.host_protected_area().supported,
        Area::DeviceConfigurationOverlay => identify.device_configuration_overlay().supported,
        _ => identify.accessible_max_address(),
    }
}

/// Looks for every area.
pub(super) fn look(link: &mut Link<impl ScsiChannel>, identify: Identify<'_>, log: &mut dyn Transcript) -> Vec<Hidden> {
    AREAS.map(|area| Hidden { area, found: find(link, identify, area, log) }).into()
}

/// What was found, and the drive's size in bytes if that is another now.
pub(super) struct Opened {
    pub(super) hidden: Vec<Hidden>,
    pub(super) capacity: Option<Bytes>,
}

/// Opens what is closed: the protected area before the overlay, which cannot be taken away as long as there is one; and the protected
/// area again after that, for it stays where it was when the drive grows. A drive takes one lasting change of its size between two
/// power cycles, so what was refused once is not tried again.
pub(super) fn open(link: &mut Link<impl ScsiChannel>, before: Identify<'_>, log: &mut dyn Transcript) -> Opened {
    let first = look(link, before, log);
    let closed: Vec<Area> = first.iter().filter(|one| is_closed(&one.found)).map(|one| one.area).collect();
    if closed.is_empty() {
        return Opened { hidden: first, capacity: None };
    }
    let mut taken = Vec::new();
    for area in closed {
        let is_open = open_one(link, before, area, log);
        if area == Area::DeviceConfigurationOverlay && is_open {
            open_one(link, before, Area::HostProtectedArea, log);
        }
        taken.extend(is_open.then_some(area));
    }
    let block = link.identify(log);
    let Some(after) = block.as_ref().ok().and_then(|block| Identify::new(block)) else {
        return promised(first, &taken, before);
    };
    let last = look(link, after, log);
    let capacity = bytes(after).filter(|size| bytes(before) != Some(*size));
    if capacity.is_some() {
        // The job opens the drive again, and sees there whether the kernel knows the new size.
        let _ = link.channel.rescan();
    }
    let both = first.into_iter().zip(last);
    Opened { hidden: both.map(|(first, last)| outcome(first.found, last)).collect(), capacity }
}

/// The kernel has taken the drive away, as it does with one whose size changes: what its commands promised. The job holds it to the
/// promise when it opens the drive again, for a drive of another size is not taken for this one.
fn promised(first: Vec<Hidden>, taken: &[Area], before: Identify<'_>) -> Opened {
    let mut grown = bytes(before).unwrap_or_default();
    let hidden = first.into_iter().map(|one| match one.found {
        Found::Closed { size } if taken.contains(&one.area) => {
            grown.0 = grown.0.saturating_add(size.0);
            Hidden { found: Found::Opened { size }, ..one }
        }
        _ => one,
    });
    let hidden = hidden.collect();
    Opened { hidden, capacity: (!taken.is_empty()).then_some(grown) }
}

const fn is_closed(found: &Found) -> bool {
    matches!(found, Found::Closed { .. })
}

fn outcome(first: Found, last: Hidden) -> Hidden {
    match (first, &last.found) {
        (Found::Closed { size }, Found::Nothing) => Hidden { found: Found::Opened { size }, ..last },
        _ => last,
    }
}

/// Whether the drive took the command; what came of it shows when the areas are looked for again.
fn open_one(link: &mut Link<impl ScsiChannel>, identify: Identify<'_>, area: Area, log: &mut dyn Transcript) -> bool {
    let command = match area {
        // SET MAX ADDRESS counts only directly after the question for the native maximum. It has to last: the kernel resets the
        // drive when it looks at its size again, and what is volatile is forgotten then.
        Area::HostProtectedArea => native_max(link, identify, log).ok().and_then(|max| {
            Some(if identify.lba_48().supported {
                Command::new("SET MAX ADDRESS EXT", max_address::set_max_ext(max, Persistence::NonVolatile))
            } else {
                Command::new("SET MAX ADDRESS", max_address::set_max(max, Persistence::NonVolatile)?)
            })
        }),
        Area::DeviceConfigurationOverlay => {
            Some(Command::new("DEVICE CONFIGURATION RESTORE", max_address::DCO_RESTORE))
        }
        Area::AccessibleMaxAddress => accessible_native_max(link, log)
            .ok()
            .map(|max| Command::new("SET ACCESSIBLE MAX ADDRESS EXT", max_address::amac_set(max))),
        _ => None,
    };
    command.is_some_and(|command| matches!(link.change(&command, None, log), Reply::Done(_)))
}

fn find(link: &mut Link<impl ScsiChannel>, identify: Identify<'_>, area: Area, log: &mut dyn Transcript) -> Found {
    if !has(identify, area) {
        return Found::Nothing;
    }
    let (Some(sectors), Some(sector)) = (identify.sectors(), identify.sector_size()) else {
        return Found::Unknown("the drive does not tell its size".to_owned());
    };
    let both = match area {
        Area::HostProtectedArea => native_max(link, identify, log).map(|max| (max, sectors)),
        // What the overlay hides is beyond the native maximum, which the protected area may hide on its own.
        Area::DeviceConfigurationOverlay => overlay_max(link, log)
            .map(|max| (max, native_max(link, identify, log).map_or(sectors, MaxAddress::sectors))),
        _ => accessible_native_max(link, log).map(|max| (max, sectors)),
    };
    match both.map(|(max, visible)| max.hidden_beyond(visible)) {
        Ok(Some(0)) => Found::Nothing,
        Ok(Some(hidden)) => Found::Closed { size: Bytes(hidden.saturating_mul(sector.logical)) },
        Ok(None) => Found::Unknown("the drive shows more sectors than it says that it has".to_owned()),
        Err(why) => Found::Unknown(why),
    }
}

fn native_max(
    link: &mut Link<impl ScsiChannel>,
    identify: Identify<'_>,
    log: &mut dyn Transcript,
) -> Result<MaxAddress, String> {
    let (command, read): (_, fn(&Registers) -> Option<MaxAddress>) = if identify.lba_48().supported {
        (Command::new("READ NATIVE MAX ADDRESS EXT", max_address::READ_NATIVE_MAX_EXT), max_address::native_max_ext)
    } else {
        (Command::new("READ NATIVE MAX ADDRESS", max_address::READ_NATIVE_MAX), max_address::native_max)
    };
    ask_max(link, &command, read, log)
}

fn accessible_native_max(link: &mut Link<impl ScsiChannel>, log: &mut dyn Transcript) -> Result<MaxAddress, String> {
    let command = Command::new("GET NATIVE MAX ADDRESS EXT", max_address::AMAC_GET_NATIVE_MAX);
    ask_max(link, &command, max_address::native_max_ext, log)
}

fn ask_max(
    link: &mut Link<impl ScsiChannel>,
    command: &Command,
    read: fn(&Registers) -> Option<MaxAddress>,
    log: &mut dyn Transcript,
) -> Result<MaxAddress, String> {
    let name = command.name;
    match link.ask(command, log) {
        Reply::Done(registers) => read(&registers).ok_or_else(|| format!("{name} returned no address")),
        reply => Err(format!("{name}: {reply}")),
    }
}

fn overlay_max(link: &mut Link<impl ScsiChannel>, log: &mut dyn Transcript) -> Result<MaxAddress, String> {
    let command = Command::new("DEVICE CONFIGURATION IDENTIFY", max_address::DCO_IDENTIFY);
    let name = command.name;
    // The machine's firmware may have frozen it; then it is aborted.
    let block = link.read_block(&command, log).map_err(|reply| format!("{name}: {reply}"))?;
    match DeviceConfiguration::new(&block) {
        Some(DeviceConfiguration { integrity: Integrity::BadChecksum(_), .. }) | None => {
            Err(format!("{name} brought damaged data"))
        }
        Some(configuration) => Ok(configuration.max_address),
    }
}

/// The size that the drive shows.
fn bytes(identify: Identify<'_>) -> Option<Bytes> {
    Some(Bytes(identify.sectors()?.checked_mul(identify.sector_size()?.logical)?))
}
