//! What a scenario says besides the drives: what is done with the machine, what the policy asks for, what has to come of it.

use drivesim::scenario::{DriveSpec, Kind, Scenario};
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The table `[machine]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Orders {
    /// The heading in the matrix.
    pub(super) title: String,
    /// Its firmware offers suspend to RAM. It restarts at the end: after a suspend, QEMU's machine does not switch itself off.
    #[serde(default)]
    pub(super) suspend: bool,
    /// It starts from the stick, with Secure Boot on.
    #[serde(default)]
    pub(super) secure_boot: bool,
    /// So long after every drive has begun to erase itself the power is cut, and then the machine started again.
    #[serde(default)]
    pub(super) cut_power_after_ms: Option<u64>,
}

/// The table `policy` of a drive.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Asked {
    /// A rule names the drive.
    pub(super) selected: bool,
    /// The least level that will do; without one, what was planned and nothing less.
    pub(super) level: Option<String>,
    /// How much is read back.
    pub(super) verify: Option<String>,
    /// What a drive is formatted to once it is erased.
    pub(super) block_size: Option<u32>,
}

impl Default for Asked {
    fn default() -> Self {
        Self { selected: true, level: None, verify: None, block_size: None }
    }
}

/// What the medium holds in the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Medium {
    /// No block of the customer's, hidden areas included.
    Erased,
    /// Blocks of the customer's.
    Kept,
    /// Every bit as it was.
    Untouched,
    /// One or the other: it hangs on how far the drive came.
    Any,
}

/// A certificate.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Word {
    /// The verdict.
    pub(super) verdict: String,
    /// Phrases of the certificate, each in one of its sentences.
    #[serde(default)]
    pub(super) says: Vec<String>,
    /// The row of the decision table that was gone last.
    #[serde(default)]
    pub(super) row: Option<String>,
}

/// The table `expect` of a drive.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Expect {
    /// The certificate; none where nothing may be done to the drive.
    #[serde(default)]
    pub(super) certificate: Option<Word>,
    /// How many certificates there are that say this: a disk for each namespace of an NVMe drive, all of one serial number.
    #[serde(default = "one")]
    pub(super) certificates: usize,
    /// The one about the run that the power cut ended, which is made in the next.
    #[serde(default)]
    pub(super) before_the_cut: Option<Word>,
    pub(super) media: Medium,
}

fn one() -> usize {
    1
}

/// One drive of the matrix.
pub(super) struct Case<'a> {
    pub(super) spec: &'a DriveSpec,
    pub(super) asked: Asked,
    pub(super) expect: Expect,
}

impl<'a> Case<'a> {
    pub(super) fn of(spec: &'a DriveSpec) -> Self {
        assert!(!spec.case.is_empty(), "{} does not say what it is there for", spec.serial);
        let of = |what| format!("{what} of {}", spec.serial);
        Self { spec, asked: table(&of("policy"), &spec.policy), expect: table(&of("expect"), &spec.expect) }
    }

    /// The name of its family.
    pub(super) fn family(&self) -> &'static str {
        match self.spec.kind {
            Kind::Nvme => "NVMe",
            Kind::Sata => "SATA",
            Kind::Sas => "SAS",
            Kind::Sat => "SAT",
            Kind::Emmc => "eMMC",
        }
    }

    /// Its rule for the policy file.
    fn rule(&self) -> String {
        let serial = &self.spec.serial;
        let line = |key: &str, value: &Option<String>| {
            value.as_ref().map_or(String::new(), |value| format!("{key} = \"{value}\"\n"))
        };
        let (level, verify) = (line("level", &self.asked.level), line("verify", &self.asked.verify));
        let block = self.asked.block_size.map_or(String::new(), |bytes| format!("block_size = {bytes}\n"));
        format!("[[rule]]\nname = \"{serial}\"\nserial = [\"{serial}\"]\naction = \"purge\"\n{level}{verify}{block}")
    }
}

/// The policy file: a rule for each drive that is to be erased.
pub(super) fn policy(orders: &Orders, cases: &[Case<'_>]) -> String {
    let when_done = if orders.suspend { "reboot" } else { "power-off" };
    let rules: String = cases.iter().filter(|case| case.asked.selected).map(Case::rule).collect();
    format!("unattended = true\nwhen_done = \"{when_done}\"\n{rules}")
}

pub(super) fn orders(scenario: &Scenario) -> Orders {
    table("[machine]", &scenario.machine)
}

fn table<T: DeserializeOwned>(what: &str, table: &toml::Table) -> T {
    table.clone().try_into().unwrap_or_else(|error| panic!("{what}: {error}"))
}
