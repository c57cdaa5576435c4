//! The computer and its clocks, for the record.

use std::fs;
use std::path::{Path, PathBuf};

use nix::sys::utsname::uname;
use nix::time::{ClockId, clock_gettime};
use purgeproof_core::evidence::{Battery, Clock, ClockSource, Machine};

/// Where the kernel shows the system's SMBIOS tables.
pub const DMI: &str = "/sys/class/dmi/id";

/// Where the kernel shows what feeds the machine.
pub const SUPPLIES: &str = "/sys/class/power_supply";

/// What firmware says that nobody filled in.
const FILLERS: &[&str] = &[
    "0",
    "00000000",
    "0123456789",
    "123456789",
    "1234567890",
    "default",
    "default string",
    "empty",
    "invalid",
    "n/a",
    "na",
    "no asset information",
    "no asset tag",
    "none",
    "not applicable",
    "not available",
    "not specified",
    "o.e.m.",
    "oem",
    "system manufacturer",
    "system product name",
    "system serial number",
    "system version",
    "asset-1234567890",
    "chassis asset tag",
    "to be filled by o.e.m.",
    "to be filled by oem",
    "unknown",
    "unspecified",
    "xxxxxxxxxx",
];

/// The computer as SMBIOS describes it, read from the directory [`DMI`].
pub fn machine(dmi: &Path) -> Machine {
    let said = |name: &str| plain(&fs::read_to_string(dmi.join(name)).ok()?);
    Machine {
        vendor: said("sys_vendor"),
        product: said("product_name"),
        serial: said("product_serial").or_else(|| said("chassis_serial")).or_else(|| said("board_serial")),
        uuid: said("product_uuid").filter(|uuid| is_unique(uuid)),
        asset: said("chassis_asset_tag"),
    }
}

/// The battery that the machine runs on, from the directory [`SUPPLIES`]; `None` where something else feeds it. With several batteries it
/// is the fullest one (Linux, ABI/testing/sysfs-class-power).
pub fn battery(supplies: &Path) -> Option<Battery> {
    let entries = fs::read_dir(supplies).ok()?.flatten().map(|entry| entry.path());
    let says = |supply: &Path, name: &str| plain(&fs::read_to_string(supply.join(name)).ok()?);
    let is = |supply: &Path, name: &str, word: &str| says(supply, name).as_deref() == Some(word);
    // The battery of a mouse feeds the mouse.
    let (batteries, others): (Vec<PathBuf>, Vec<PathBuf>) =
        entries.filter(|supply| !is(supply, "scope", "Device")).partition(|supply| is(supply, "type", "Battery"));
    // 1 is connected, 2 connected with a voltage to be chosen.
    let is_fed = others.iter().any(|supply| is(supply, "online", "1") || is(supply, "online", "2"));
    if is_fed || !batteries.iter().any(|battery| is(battery, "status", "Discharging")) {
        return None;
    }
    let percent = batteries.iter().filter_map(|battery| says(battery, "capacity")?.parse().ok()).max();
    Some(Battery { percent })
}

/// The release of the running kernel, `6.12.117`; empty if the kernel does not tell.
pub fn kernel() -> String {
    uname().map(|names| names.release().to_string_lossy().into_owned()).unwrap_or_default()
}

/// Both clocks now. A wall clock before `built_s`, seconds since 1970 of the day when this program was made, is certainly wrong.
pub fn clock(built_s: u64) -> Clock {
    let unix_s = clock_gettime(ClockId::CLOCK_REALTIME).map_or(0, |time| u64::try_from(time.tv_sec()).unwrap_or(0));
    let source = if unix_s < built_s { ClockSource::Implausible } else { ClockSource::RtcUnconfirmed };
    Clock { boot_ms: boot_ms(), unix_s, source }
}

/// Milliseconds since the machine started, suspended or not (`CLOCK_BOOTTIME`).
pub fn boot_ms() -> u64 {
    boot_us() / 1000
}

/// The same in microseconds.
pub fn boot_us() -> u64 {
    clock_gettime(ClockId::CLOCK_BOOTTIME).map_or(0, |time| {
        let part = |value: i64| u64::try_from(value).unwrap_or(0);
        part(time.tv_sec()).saturating_mul(1_000_000).saturating_add(part(time.tv_nsec()) / 1000)
    })
}

/// The text, unless it is blank or a filler.
fn plain(text: &str) -> Option<String> {
    let text = text.trim();
    let is_filler = text.is_empty() || FILLERS.contains(&text.to_ascii_lowercase().as_str());
    (!is_filler).then(|| text.to_owned())
}

/// SMBIOS §7.2.1: all zeros is "not present", all ones "not set"; the third is what boards bear whose maker forgot.
fn is_unique(uuid: &str) -> bool {
    let digits =
        uuid.chars().filter(char::is_ascii_hexdigit).map(|digit| digit.to_ascii_lowercase()).collect::<String>();
    !matches!(
        digits.as_str(),
        "00000000000000000000000000000000" | "ffffffffffffffffffffffffffffffff" | "03000200040005000006000700080009"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sysfs::tests::Scratch;

    #[test]
    fn fillers_are_nothing_and_the_chassis_stands_in_for_the_system() {
        let dmi = Scratch::new();
        for (name, text) in [
            ("sys_vendor", "Dell Inc.\n"),
            ("product_name", "To Be Filled By O.E.M.\n"),
            ("product_serial", "Default string\n"),
            ("chassis_serial", "CN0X1234\n"),
            ("product_uuid", "03000200-0400-0500-0006-000700080009\n"),
            ("chassis_asset_tag", " \n"),
        ] {
            fs::write(dmi.0.join(name), text).unwrap();
        }
        let expected = Machine {
            vendor: Some("Dell Inc.".into()),
            product: None,
            serial: Some("CN0X1234".into()),
            uuid: None,
            asset: None,
        };
        assert_eq!(machine(&dmi.0), expected);
        assert_eq!(machine(&dmi.0.join("missing")), Machine::default());
    }

    #[test]
    fn a_battery_counts_where_nothing_else_feeds_the_machine() {
        let supplies = Scratch::new();
        let set = |supply: &str, name: &str, text: &str| {
            fs::create_dir_all(supplies.0.join(supply)).unwrap();
            fs::write(supplies.0.join(supply).join(name), format!("{text}\n")).unwrap();
        };
        assert_eq!(battery(&supplies.0), None, "a desktop");
        for (name, text) in [("type", "Battery"), ("scope", "Device"), ("status", "Discharging"), ("capacity", "9")] {
            set("hidpp_battery_0", name, text);
        }
        assert_eq!(battery(&supplies.0), None, "a mouse");
        for (supply, capacity) in [("BAT0", "43"), ("BAT1", "7")] {
            set(supply, "type", "Battery");
            set(supply, "capacity", capacity);
        }
        set("BAT0", "status", "Not charging");
        set("BAT1", "status", "Discharging");
        set("AC", "type", "Mains");
        set("AC", "online", "0");
        assert_eq!(battery(&supplies.0), Some(Battery { percent: Some(43) }));
        set("AC", "online", "1");
        assert_eq!(battery(&supplies.0), None, "plugged in");
        set("AC", "online", "0");
        set("BAT1", "status", "Charging");
        assert_eq!(battery(&supplies.0), None, "by a supply that the kernel does not show");
        assert_eq!(battery(&supplies.0.join("missing")), None);
    }

    #[test]
    fn a_clock_before_the_build_is_implausible() {
        assert_eq!(clock(0).source, ClockSource::RtcUnconfirmed);
        assert_eq!(clock(u64::MAX).source, ClockSource::Implausible);
        assert!(clock(0).boot_ms <= boot_ms());
        assert!(!kernel().is_empty());
    }
}
