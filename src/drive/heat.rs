//! How hot the machine is: a firmware that finds it too hot switches it off, whatever is being erased.

use std::fs;
use std::path::Path;

use purgeproof_core::event::Heat;

/// Where the kernel shows what it measures (Documentation/driver-api/thermal/sysfs-api.rst).
pub const ZONES: &str = "/sys/class/thermal";

/// What a sensor of a running computer can say, and a limit that means something, in °C.
const SENSIBLE: std::ops::RangeInclusive<i32> = 1..=149;

/// The zone that is nearest to the temperature at which the machine is switched off, from the directory [`ZONES`]; `None` if none tells
/// both.
pub fn heat(zones: &Path) -> Option<Heat> {
    let entries = fs::read_dir(zones).ok()?.flatten();
    let zones = entries.filter(|entry| entry.file_name().as_encoded_bytes().starts_with(b"thermal_zone"));
    zones.filter_map(|zone| of(&zone.path())).min_by_key(|heat| heat.limit_c - heat.now_c)
}

fn of(zone: &Path) -> Option<Heat> {
    let said = |name: &str| Some(fs::read_to_string(zone.join(name)).ok()?.trim().to_owned());
    // In thousandths.
    let celsius =
        |name: &str| Some(said(name)?.parse::<i32>().ok()? / 1000).filter(|degrees| SENSIBLE.contains(degrees));
    let trips = (0..).map_while(|number| Some((number, said(&format!("trip_point_{number}_type"))?)));
    let (critical, _) = trips.into_iter().find(|(_, kind)| kind == "critical")?;
    Some(Heat { now_c: celsius("temp")?, limit_c: celsius(&format!("trip_point_{critical}_temp"))? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sysfs::tests::Scratch;

    #[test]
    fn the_zone_nearest_to_its_limit_counts() {
        let zones = Scratch::new();
        let set = |zone: &str, files: &[(&str, &str)]| {
            fs::create_dir_all(zones.0.join(zone)).unwrap();
            for (name, text) in files {
                fs::write(zones.0.join(zone).join(name), format!("{text}\n")).unwrap();
            }
        };
        assert_eq!(heat(&zones.0), None);
        set(
            "cooling_device0",
            &[("temp", "99000"), ("trip_point_0_type", "critical"), ("trip_point_0_temp", "100000")],
        );
        set("thermal_zone0", &[("temp", "27800")]);
        assert_eq!(heat(&zones.0), None, "no limit, or no zone");
        set("thermal_zone1", &[("temp", "61500"), ("trip_point_0_type", "passive"), ("trip_point_0_temp", "70000")]);
        set("thermal_zone1", &[("trip_point_1_type", "critical"), ("trip_point_1_temp", "105000")]);
        assert_eq!(heat(&zones.0), Some(Heat { now_c: 61, limit_c: 105 }));
        set("thermal_zone2", &[("temp", "54000"), ("trip_point_0_type", "critical"), ("trip_point_0_temp", "90000")]);
        assert_eq!(heat(&zones.0), Some(Heat { now_c: 54, limit_c: 90 }));
        // What no sensor measures: firmware that was never finished.
        set("thermal_zone3", &[("temp", "-273200"), ("trip_point_0_type", "critical"), ("trip_point_0_temp", "20000")]);
        set("thermal_zone4", &[("temp", "30000"), ("trip_point_0_type", "critical"), ("trip_point_0_temp", "0")]);
        assert_eq!(heat(&zones.0), Some(Heat { now_c: 54, limit_c: 90 }));
    }
}
