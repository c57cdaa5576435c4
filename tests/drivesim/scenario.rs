//! A scenario: the drives of one machine, in TOML. Unknown keys are errors, with their line.
//!
//! ```toml
//! [[drive]]
//! serial = "PPNV0001"
//! kind = "nvme"
//! sanitize-s = 2.0
//! nvme.sanitize = ["crypto-erase", "block-erase"]
//! faults.fail-at-percent = 40
//! expect.outcome = "failed"
//! ```

use serde::Deserialize;

use crate::error::Error;
use crate::fault::Faults;
use crate::{ata, emmc, nvme, scsi, tcg};

/// The drives of one machine.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// In the order in which QEMU gets them.
    #[serde(rename = "drive")]
    pub drives: Vec<DriveSpec>,
    /// What the rig does with the machine; not read here.
    #[serde(default)]
    pub machine: toml::Table,
}

/// What a drive is, and the controller that it comes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An NVMe controller.
    Nvme,
    /// An ATA drive on an AHCI controller.
    Sata,
    /// A SCSI drive on a virtio-scsi controller.
    Sas,
    /// An ATA drive behind a SCSI/ATA translation on a virtio-scsi controller.
    Sat,
    /// An eMMC device on an SD host controller.
    Emmc,
}

/// One drive of a scenario.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct DriveSpec {
    /// The serial number: letters, digits, `-`; names the drive's files too.
    pub serial: String,
    /// The model.
    #[serde(default = "model")]
    pub model: String,
    /// The firmware's revision, at most 8 characters.
    #[serde(default = "firmware")]
    pub firmware: String,
    /// What it is.
    pub kind: Kind,
    /// The medium in MiB, with everything that is hidden on it.
    #[serde(default = "size_mib")]
    pub size_mib: u64,
    /// Customer data only at the beginning, at the end and here and there; the rest of the medium is holes, for drives larger than the host's disk.
    #[serde(default)]
    pub thin: bool,
    /// Bytes of a logical block at first: 512, 520, 528 or 4096.
    #[serde(default = "block")]
    pub block: u32,
    /// Turns, instead of flash.
    #[serde(default)]
    pub rotational: bool,
    /// How long a sanitize takes, in seconds.
    #[serde(default = "sanitize_s")]
    pub sanitize_s: f64,
    /// What its sensor says, in degrees Celsius.
    #[serde(default = "temperature_c")]
    pub temperature_c: u8,
    /// What only NVMe drives have.
    #[serde(default)]
    pub nvme: nvme::Spec,
    /// What only ATA drives have.
    #[serde(default)]
    pub ata: ata::Spec,
    /// What only SCSI drives, and translations, have.
    #[serde(default)]
    pub scsi: scsi::Spec,
    /// What only eMMC devices have.
    #[serde(default)]
    pub emmc: emmc::Spec,
    /// Its trusted peripheral, if it has one.
    #[serde(default)]
    pub tcg: Option<tcg::Spec>,
    /// What it does wrong.
    #[serde(default)]
    pub faults: Faults,
    /// What the drive is there for, in words; not read here.
    #[serde(default)]
    pub case: String,
    /// What the policy on the stick asks for it; not read here.
    #[serde(default)]
    pub policy: toml::Table,
    /// What the rig expects of it; not read here.
    #[serde(default)]
    pub expect: toml::Table,
}

fn model() -> String {
    "PurgeProof drivesim".to_owned()
}

fn firmware() -> String {
    "1.0".to_owned()
}

fn size_mib() -> u64 {
    64
}

fn block() -> u32 {
    512
}

fn sanitize_s() -> f64 {
    1.0
}

fn temperature_c() -> u8 {
    35
}

impl DriveSpec {
    /// Whole blocks of the medium, with everything that is hidden.
    pub fn blocks(&self) -> u64 {
        (self.size_mib << 20) / u64::from(self.block)
    }

    fn check(&self) -> Result<(), Error> {
        let wrong = |reason: String| Err(Error::drive(&self.serial, reason));
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if self.serial.is_empty() || self.serial.len() > 20 || !self.serial.chars().all(plain) {
            return wrong("a serial number is 1 to 20 letters, digits and '-'".to_owned());
        }
        if !matches!(self.block, 512 | 520 | 528 | 4096) {
            return wrong(format!("a block of {} bytes is none of 512, 520, 528 and 4096", self.block));
        }
        if !(1..=16 << 20).contains(&self.size_mib) {
            return wrong(format!("{} MiB is not from 1 MiB to 16 TiB", self.size_mib));
        }
        if !(0.0..=86_400.0).contains(&self.sanitize_s) {
            return wrong(format!("a sanitize of {} s is not from 0 s to a day", self.sanitize_s));
        }
        self.ata.check(&self.faults, self.blocks()).or_else(wrong)
    }
}

impl Scenario {
    /// Reads a scenario from TOML.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let scenario: Self = toml::from_str(text).map_err(|error| Error::Scenario(error.to_string()))?;
        for (at, drive) in scenario.drives.iter().enumerate() {
            drive.check()?;
            if scenario.drives.iter().skip(at + 1).any(|other| other.serial == drive.serial) {
                return Err(Error::drive(&drive.serial, "another drive has the same serial number"));
            }
        }
        Ok(scenario)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drive_has_sane_defaults() {
        let scenario = Scenario::parse("[[drive]]\nserial = \"A\"\nkind = \"sata\"\n").unwrap();
        let drive = &scenario.drives[0];
        assert_eq!((drive.kind, drive.size_mib, drive.block, drive.blocks()), (Kind::Sata, 64, 512, 131_072));
        assert_eq!(drive.faults, Faults::default());
    }

    #[test]
    fn mistakes_are_named_with_their_line() {
        let error = Scenario::parse("[[drive]]\nserial = \"A\"\nkind = \"nvme\"\nsize = 64\n").unwrap_err().to_string();
        assert!(error.contains("line 4") && error.contains("size"), "{error}");
        let faulty = |line: &str| {
            Scenario::parse(&format!("[[drive]]\nserial = \"A\"\nkind = \"nvme\"\n{line}\n")).unwrap_err().to_string()
        };
        assert!(faulty("block = 500").contains("500"), "{}", faulty("block = 500"));
        assert!(faulty("[[drive]]\nserial = \"A\"\nkind = \"sas\"").contains("same serial"));
    }
}
