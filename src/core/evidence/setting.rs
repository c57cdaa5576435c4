//! Where, when, with what and by whom.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::policy::Record;

/// The circumstances, the same for all drives of a run but for the time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Setting {
    /// This program.
    pub tool: Tool,
    /// The computer that the drive was attached to.
    pub machine: Machine,
    /// What the policy says for the record.
    pub record: Record,
    /// What the time was.
    pub clock: Clock,
    /// The battery that the machine ran on when the job began; `None` if it had another supply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub battery: Option<Battery>,
    /// The storage controllers behind which the machine may have drives that it did not show when the job began.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub concealing: Vec<Concealing>,
}

/// A storage controller that may hide drives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Concealing {
    /// Its kind, place and numbers: `RAID controller 0000:00:17.0 (8086:282a)`.
    pub controller: String,
    /// Why, and what to do about it.
    pub advice: String,
}

/// A battery that is all that feeds the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Battery {
    /// What is left of its charge, in percent, by its own estimate; `None` if it gives none.
    pub percent: Option<u8>,
}

impl fmt::Display for Battery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("The machine runs on its battery")?;
        if let Some(percent) = self.percent {
            write!(f, " ({percent} %)")?;
        }
        f.write_str(". Plug in its power supply: a drive whose erase is cut off is not erased")
    }
}

/// The program that did the work.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    /// The version of PurgeProof.
    pub version: String,
    /// The identifier of the boot image; `None` on a workstation.
    pub image: Option<String>,
    /// The kernel's release.
    pub kernel: String,
}

/// The computer, as its firmware describes it (SMBIOS); a field that the firmware leaves blank is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The maker.
    pub vendor: Option<String>,
    /// The product's name.
    pub product: Option<String>,
    /// The serial number.
    pub serial: Option<String>,
    /// The system UUID.
    pub uuid: Option<String>,
    /// The asset tag.
    pub asset: Option<String>,
}

/// Two clocks read at the same moment: one that cannot be set, one that means something to people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// Milliseconds since the machine started, suspended or not.
    pub boot_ms: u64,
    /// Seconds since 1970-01-01 UTC.
    pub unix_s: u64,
    /// How far the wall clock can be trusted.
    pub source: ClockSource,
}

/// Where the wall clock comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClockSource {
    /// The machine's battery clock, which nobody has confirmed.
    #[default]
    RtcUnconfirmed,
    /// A clock that is certainly wrong: it reads earlier than the day this program was built.
    Implausible,
}

impl Clock {
    /// The wall clock at another moment of the monotonic one, in seconds since 1970-01-01 UTC.
    pub const fn unix_at(&self, boot_ms: u64) -> u64 {
        let later_s = boot_ms.saturating_sub(self.boot_ms) / 1000;
        let earlier_s = self.boot_ms.saturating_sub(boot_ms) / 1000;
        self.unix_s.saturating_add(later_s).saturating_sub(earlier_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wall_clock_follows_the_one_that_cannot_be_set() {
        let clock = Clock { boot_ms: 10_000, unix_s: 1_800_000_000, source: ClockSource::RtcUnconfirmed };
        assert_eq!(clock.unix_at(75_500), 1_800_000_065);
        assert_eq!(clock.unix_at(4_000), 1_799_999_994);
    }
}
