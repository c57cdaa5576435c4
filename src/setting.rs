//! The circumstances of this run, for the record.

use std::path::Path;

use purgeproof_certificate::Civil;
use purgeproof_core::evidence::{Battery, ClockSource, Machine, Setting, Tool};
use purgeproof_core::policy::Record as Particulars;
use purgeproof_drive::machine;
use purgeproof_engine::journal::Record;

/// When this version was made, in seconds since 1970-01-01 UTC (2026-11-21): a clock that reads earlier is certainly wrong.
const MADE_UNIX_S: u64 = 1_795_219_200;

/// What holds for all jobs of a run.
pub(crate) struct Circumstances {
    tool: Tool,
    machine: Machine,
}

impl Circumstances {
    /// Looks around. `image` is the build of the boot image, if this is one.
    pub(crate) fn now(image: Option<String>) -> Self {
        let tool = Tool { version: env!("CARGO_PKG_VERSION").to_string(), image, kernel: machine::kernel() };
        Self { tool, machine: machine::machine(Path::new(machine::DMI)) }
    }

    /// The wall clock, in seconds since 1970-01-01 UTC.
    pub(crate) fn unix_s() -> u64 {
        machine::clock(MADE_UNIX_S).unix_s
    }

    /// The battery that is all that feeds the machine now.
    pub(crate) fn battery() -> Option<Battery> {
        machine::battery(Path::new(machine::SUPPLIES))
    }

    /// What is wrong with the wall clock, if that is certain.
    pub(crate) fn doubt_of_clock() -> Option<String> {
        let clock = machine::clock(MADE_UNIX_S);
        let now = Civil::of(clock.unix_s);
        (clock.source == ClockSource::Implausible).then(|| {
            format!(
                "The machine's clock reads {now}, a time before this program was made, and every certificate will say so. To have the right time \
                 on them, set the clock in the firmware setup (r restarts the machine); if it forgets it again, its battery is empty."
            )
        })
    }

    /// What stands in the evidence of a job that begins now.
    pub(crate) fn setting(&self, record: &Particulars) -> Setting {
        Setting {
            tool: self.tool.clone(),
            machine: self.machine.clone(),
            record: record.clone(),
            clock: machine::clock(MADE_UNIX_S),
            battery: Self::battery(),
            concealing: Vec::new(),
        }
    }

    /// The first line of the journal.
    pub(crate) fn started(&self) -> Record {
        Record::Started { tool: self.tool.clone(), machine: self.machine.clone(), unix_s: Self::unix_s() }
    }

    /// A name for this run's journal that no other run has: the clock may stand still at every start, so it alone would not do.
    pub(crate) fn journal_name() -> String {
        let mut number = [0; 4];
        // Without random numbers there are no jobs either; the milliseconds since the start tell two runs apart then.
        let number = match getrandom::fill(&mut number) {
            Ok(()) => u32::from_be_bytes(number),
            Err(_) => u32::try_from(machine::boot_ms() & u64::from(u32::MAX)).unwrap_or_default(),
        };
        format!("{}-{number:08x}.jsonl", Self::unix_s())
    }

    /// The head of the screen.
    pub(crate) fn banner(&self) -> String {
        let image = self.tool.image.as_ref().map(|image| format!("  image {image}")).unwrap_or_default();
        let product =
            [&self.machine.vendor, &self.machine.product].into_iter().flatten().cloned().collect::<Vec<_>>().join(" ");
        let product = if product.is_empty() { product } else { format!("  {product}") };
        format!("PurgeProof {}{image}{product}", self.tool.version)
    }
}
