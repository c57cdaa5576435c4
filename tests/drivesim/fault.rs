//! What a drive does wrong, by name: the table `[drive.faults]` of a scenario. Without a key the drive does right.

use std::ops::Range;

use serde::{Deserialize, Deserializer, de};

/// Blocks of the medium, `"LO..HI"` without HI, as in Rust.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocks(pub Range<u64>);

impl Blocks {
    /// The first of these blocks that is among the `count` blocks from `lba` on.
    pub fn first_in(&self, lba: u64, count: u64) -> Option<u64> {
        let first = lba.max(self.0.start);
        (first < lba.saturating_add(count).min(self.0.end)).then_some(first)
    }
}

fn blocks(text: &str) -> Result<Blocks, String> {
    let number =
        |part: &str| part.trim().parse::<u64>().map_err(|error| format!("'{text}': {error}, write \"LO..HI\""));
    let (low, high) = text.split_once("..").ok_or_else(|| format!("'{text}' is not \"LO..HI\""))?;
    let range = number(low)?..number(high)?;
    if range.is_empty() { Err(format!("'{text}' holds no block")) } else { Ok(Blocks(range)) }
}

impl<'de> Deserialize<'de> for Blocks {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        blocks(&String::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

/// An erase that reports success and keeps data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lie {
    /// `"keeps-all"`: nothing is erased.
    KeepsAll,
    /// `"keeps LO..HI"`: these blocks are not erased.
    Keeps(Blocks),
}

impl<'de> Deserialize<'de> for Lie {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.strip_prefix("keeps ") {
            Some(range) => blocks(range).map(Self::Keeps).map_err(de::Error::custom),
            None if text == "keeps-all" => Ok(Self::KeepsAll),
            None => Err(de::Error::custom(format!("'{text}' is neither \"keeps-all\" nor \"keeps LO..HI\""))),
        }
    }
}

/// A progress report that is not the progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Progress {
    /// Stays at 10 %, and the operation ends in time all the same.
    Stuck,
    /// Counts down.
    Backwards,
    /// Nothing until half of the time, then 99 %.
    JumpsToEnd,
    /// `FFFFh` in every state.
    AlwaysFfff,
}

/// A command, or a group of commands, that a drive can refuse or ignore.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    /// The sanitize command of the drive's family, every technique of it.
    Sanitize,
    /// Its block erase alone.
    BlockErase,
    /// Its cryptographic erase alone.
    CryptoErase,
    /// Its overwrite alone.
    Overwrite,
    /// ATA SECURITY ERASE UNIT.
    SecurityErase,
    /// NVMe Format NVM, SCSI FORMAT UNIT.
    Format,
    /// TCG Revert.
    Revert,
    /// NVMe Namespace Management and Attachment.
    NamespaceManagement,
    /// ATA SET MAX ADDRESS.
    SetMax,
    /// ATA DEVICE CONFIGURATION RESTORE.
    DcoRestore,
    /// ATA SET ACCESSIBLE MAX ADDRESS.
    Amac,
    /// SCSI MODE SELECT.
    ModeSelect,
    /// eMMC ERASE.
    Erase,
    /// NVMe Write Zeroes, SCSI WRITE SAME.
    WriteZeroes,
    /// NVMe deallocate, ATA TRIM, SCSI UNMAP, eMMC TRIM.
    Deallocate,
}

/// What a drive does wrong.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Faults {
    /// The erase ends in failure at this percentage, with the medium erased so far.
    pub fail_at_percent: Option<u8>,
    /// The erase is in progress for ever from this percentage on.
    pub stall_at_percent: Option<u8>,
    /// Reports success and keeps data.
    pub lies: Option<Lie>,
    /// The erase is over at once.
    pub instant: bool,
    /// What the drive says of its progress.
    pub progress: Option<Progress>,
    /// Commands that it advertises and aborts.
    pub refuses: Vec<Command>,
    /// Commands that it answers with success and never starts.
    pub silently_ignores: Vec<Command>,
    /// ATA security is frozen, for good.
    pub frozen: bool,
    /// ATA security is frozen at power-on, until the machine was suspended.
    pub frozen_until_suspend: bool,
    /// The sanitize feature set is frozen.
    pub sanitize_frozen: bool,
    /// A password that nobody knows locks the drive.
    pub security_locked: bool,
    /// Writes, and erases, are refused.
    pub write_protected: bool,
    /// Blocks that cannot be read.
    pub unreadable: Vec<Blocks>,
    /// Blocks that cannot be written.
    pub unwritable: Vec<Blocks>,
    /// The last blocks of the medium are behind a Host Protected Area.
    pub hpa_blocks: u64,
    /// The last blocks of the medium are behind a Device Configuration Overlay.
    pub dco_blocks: u64,
    /// The last blocks of the medium are behind the Accessible Max Address.
    pub amac_blocks: u64,
    /// The drive is gone after this number of I/O commands.
    pub vanish_at_io: Option<u64>,
    /// The drive is gone when its erase is at this percentage.
    pub vanish_at_percent: Option<u8>,
    /// After it was gone, or after a reset, the drive has this serial number.
    pub returns_as: Option<String>,
    /// A running erase is forgotten when the power fails.
    pub forgets_over_power_cut: bool,
    /// The status is success from an earlier life, and an erase is accepted and never started.
    pub stale_success: bool,
    /// The bridge answers CHECK CONDITION without the ATA registers, or with zeros in them.
    pub drops_registers: Option<DropsRegisters>,
    /// The bridge answers CHECK CONDITION without sense data.
    pub drops_sense: bool,
    /// Sense data are in fixed format (70h) always.
    pub fixed_sense: bool,
}

/// What a bridge leaves of the ATA registers in its sense data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DropsRegisters {
    /// No ATA Status Return descriptor.
    Absent,
    /// A descriptor full of zeros.
    Zeros,
}

/// How a command is to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// As the standard says.
    Obey,
    /// Abort it.
    Refuse,
    /// Say success and do nothing.
    Ignore,
}

impl Faults {
    /// How `command` is answered. A drive with a stale success ignores whatever would begin an erase.
    pub fn answer(&self, command: Command) -> Answer {
        if self.refuses.contains(&command) {
            Answer::Refuse
        } else if self.silently_ignores.contains(&command) || self.stale_success && command == Command::Sanitize {
            Answer::Ignore
        } else {
            Answer::Obey
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_leave_out_their_end() {
        let range = blocks("100..103").unwrap();
        assert_eq!(range, Blocks(100..103));
        assert_eq!(
            [range.first_in(90, 10), range.first_in(90, 11), range.first_in(102, 5)],
            [None, Some(100), Some(102)]
        );
        assert_eq!(range.first_in(103, 5), None);
        assert!(blocks("5..5").is_err() && blocks("5-6").is_err() && blocks("a..6").is_err());
    }

    #[test]
    fn faults_are_read_by_name_and_unknown_names_are_refused() {
        let faults: Faults =
            toml::from_str("lies = \"keeps 8..16\"\nrefuses = [\"sanitize\"]\nprogress = \"always-ffff\"").unwrap();
        assert_eq!(faults.lies, Some(Lie::Keeps(Blocks(8..16))));
        assert_eq!(faults.answer(Command::Sanitize), Answer::Refuse);
        assert_eq!(faults.answer(Command::Format), Answer::Obey);
        assert!(toml::from_str::<Faults>("lie = \"keeps-all\"").is_err());
        assert!(toml::from_str::<Faults>("lies = \"keeps\"").is_err());
    }
}
