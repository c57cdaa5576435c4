//! What every drive is, whatever its family: a medium, an erase that runs in the background, faults and a log.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::fault::{Blocks, Faults, Lie};
use crate::log::Log;
use crate::media::{Media, Technique};
use crate::operation::{Operation, State};
use crate::scenario::DriveSpec;

/// Why a read or a write of blocks failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockError {
    /// The drive is gone: there is no answer to give.
    Gone,
    /// Past the end of the medium, or the host's disk refused.
    OutOfRange,
    /// This block cannot be read.
    Unreadable(u64),
    /// This block cannot be written.
    Unwritable(u64),
    /// The drive is write protected.
    WriteProtected,
}

/// One drive, behind its family's protocol.
#[derive(Debug)]
pub struct Drive {
    /// What it is.
    pub spec: DriveSpec,
    /// Its medium.
    pub media: Media,
    /// Its last erase.
    pub operation: Operation,
    /// What happened to it.
    pub log: Log,
    /// Bytes of a logical block now; the family changes it at a format.
    pub block: u32,
    /// What the running erase covers, in bytes of the medium.
    covers: Vec<Range<u64>>,
    io_commands: u64,
    is_gone: bool,
    has_returned: bool,
}

impl Drive {
    /// Opens a drive whose files are in `dir`.
    pub fn open(dir: &Path, spec: &DriveSpec) -> Result<Self, Error> {
        Ok(Self {
            media: Media::open(dir, spec)?,
            operation: Operation::new(spec.faults.stale_success, Instant::now()),
            log: Log::open(&dir.join(format!("{}.jsonl", spec.serial)))?,
            block: spec.block,
            covers: Vec::new(),
            io_commands: 0,
            is_gone: false,
            has_returned: false,
            spec: spec.clone(),
        })
    }

    /// What it does wrong.
    pub fn faults(&self) -> &Faults {
        &self.spec.faults
    }

    /// The serial number that it tells now.
    pub fn serial(&self) -> &str {
        let other = self.spec.faults.returns_as.as_deref().filter(|_| self.has_returned);
        other.unwrap_or(&self.spec.serial)
    }

    /// It answers nothing any more: front ends show all ones, a link that is down or a bad target.
    pub fn is_gone(&self) -> bool {
        self.is_gone
    }

    /// Whole blocks of the medium, in today's block size.
    pub fn blocks(&self) -> u64 {
        self.media.size() / u64::from(self.block)
    }

    /// Counts an I/O command; the family calls it once a read or a write. Says whether the drive is still there.
    pub fn count_io(&mut self) -> bool {
        self.io_commands += 1;
        if self.spec.faults.vanish_at_io.is_some_and(|last| self.io_commands > last) {
            self.vanish("at an I/O command");
        }
        !self.is_gone
    }

    /// It is gone from now on; the note says when.
    pub fn vanish(&mut self, note: &str) {
        if !self.is_gone {
            self.is_gone = true;
            self.log.event("vanished", note, &[]);
        }
    }

    /// Reads `count` blocks from `lba` on, counted from the beginning of the medium.
    pub fn read(&self, lba: u64, count: u64) -> Result<Vec<u8>, BlockError> {
        self.read_bytes(self.bytes(lba, count)?)
    }

    /// Reads these bytes of the medium, unless a block among them is unreadable.
    pub fn read_bytes(&self, bytes: Range<u64>) -> Result<Vec<u8>, BlockError> {
        self.check(&bytes)?;
        if let Some(bad) = self.first_bad(&self.spec.faults.unreadable, &bytes) {
            return Err(BlockError::Unreadable(bad));
        }
        let mut data = vec![0; usize::try_from(bytes.end - bytes.start).map_err(|_| BlockError::OutOfRange)?];
        self.media.read(bytes.start, &mut data).map_err(|_| BlockError::OutOfRange)?;
        Ok(data)
    }

    /// Writes whole blocks from `lba` on.
    pub fn write(&self, lba: u64, data: &[u8]) -> Result<(), BlockError> {
        let bytes = self.bytes(lba, data.len() as u64 / u64::from(self.block))?;
        self.write_bytes(bytes.start, data)
    }

    /// Writes bytes of the medium.
    pub fn write_bytes(&self, at: u64, data: &[u8]) -> Result<(), BlockError> {
        self.check_writable(&(at..at.saturating_add(data.len() as u64)))?;
        self.media.write(at, data).map_err(|_| BlockError::OutOfRange)
    }

    /// Makes `count` blocks from `lba` on zeros.
    pub fn zero(&self, lba: u64, count: u64) -> Result<(), BlockError> {
        self.zero_bytes(self.bytes(lba, count)?)
    }

    /// Makes bytes of the medium zeros.
    pub fn zero_bytes(&self, bytes: Range<u64>) -> Result<(), BlockError> {
        self.check_writable(&bytes)?;
        self.media.zero(bytes).map_err(|_| BlockError::OutOfRange)
    }

    /// Whether these bytes of the medium can be written.
    pub fn check_writable(&self, bytes: &Range<u64>) -> Result<(), BlockError> {
        self.check(bytes)?;
        if self.spec.faults.write_protected {
            return Err(BlockError::WriteProtected);
        }
        self.first_bad(&self.spec.faults.unwritable, bytes).map_or(Ok(()), |bad| Err(BlockError::Unwritable(bad)))
    }

    fn check(&self, bytes: &Range<u64>) -> Result<(), BlockError> {
        if self.is_gone {
            return Err(BlockError::Gone);
        }
        if bytes.start <= bytes.end && bytes.end <= self.media.size() { Ok(()) } else { Err(BlockError::OutOfRange) }
    }

    /// The first bad block among these bytes, in today's blocks. Faults count the blocks of the drive's first format.
    fn first_bad(&self, bad: &[Blocks], bytes: &Range<u64>) -> Option<u64> {
        let block = u64::from(self.spec.block);
        let (first, end) = (bytes.start / block, bytes.end.div_ceil(block));
        let found = bad.iter().filter_map(|blocks| blocks.first_in(first, end.saturating_sub(first))).min()?;
        Some((found * block).max(bytes.start) / u64::from(self.block))
    }

    fn bytes(&self, lba: u64, count: u64) -> Result<Range<u64>, BlockError> {
        let end = lba.checked_add(count).filter(|end| *end <= self.blocks()).ok_or(BlockError::OutOfRange)?;
        Ok(lba * u64::from(self.block)..end * u64::from(self.block))
    }

    /// Begins to erase `covers` (bytes of the medium) in the background; it takes the scenario's `sanitize-s`.
    pub fn start(&mut self, technique: Technique, covers: Vec<Range<u64>>) {
        let seconds = if self.spec.faults.instant { 0.0 } else { self.spec.sanitize_s };
        self.operation.start(technique, Duration::from_secs_f64(seconds), Instant::now());
        self.covers = covers;
        self.log.event("erase-started", &format!("{technique:?}"), &[]);
    }

    /// Erases the whole medium in the background.
    pub fn start_all(&mut self, technique: Technique) {
        let all = 0..self.media.size();
        self.start(technique, vec![all]);
    }

    /// Lets the clock go on. Says whether the running erase has just ended.
    pub fn tick(&mut self, now: Instant) -> bool {
        if self.operation.state() != State::Running || self.is_gone {
            return false;
        }
        let share = self.operation.share(now);
        let reached = |percent: Option<u8>| percent.filter(|percent| share * 100.0 >= f64::from(*percent));
        let faults = &self.spec.faults;
        if let Some(percent) = reached(faults.vanish_at_percent) {
            self.vanish(&format!("at {percent} % of an erase"));
            return false;
        }
        if let Some(percent) = reached(faults.fail_at_percent) {
            self.erase(self.operation.technique(), &self.covers.clone(), percent);
            self.operation.end(State::Failed);
            self.log.event("erase-failed", &format!("at {percent} %"), &[]);
            return true;
        }
        if reached(faults.stall_at_percent).is_some() || share < 1.0 {
            return false;
        }
        self.erase(self.operation.technique(), &self.covers.clone(), 100);
        self.operation.end(State::Done);
        self.log.event("erase-done", "", &[]);
        true
    }

    /// Erases the first `percent` of each range of bytes now, unless the drive lies about it: also what a foreground erase (Format NVM,
    /// SECURITY ERASE UNIT) does in the end.
    pub fn erase(&mut self, technique: Technique, covers: &[Range<u64>], percent: u8) {
        let kept = match &self.spec.faults.lies {
            Some(Lie::KeepsAll) => return,
            Some(Lie::Keeps(blocks)) => {
                blocks.0.start * u64::from(self.spec.block)..blocks.0.end * u64::from(self.spec.block)
            }
            None => 0..0,
        };
        for range in covers {
            let end = range.start + (range.end - range.start) / 100 * u64::from(percent);
            let end = if percent >= 100 { range.end } else { end };
            let before = range.start..end.min(kept.start.max(range.start));
            let after = range.start.max(kept.end)..end;
            let whole = range.start..end;
            let parts = if kept.is_empty() { [whole, 0..0] } else { [before, after] };
            let result = parts
                .into_iter()
                .filter(|part| !part.is_empty())
                .try_for_each(|part| self.media.erase(technique, part));
            self.note_failure(result);
        }
    }

    /// The host's disk refused: no fault of the scenario, so it must be seen in the log.
    fn note_failure(&mut self, result: io::Result<()>) {
        if let Err(error) = result {
            self.log.event("host-error", &error.to_string(), &[]);
        }
    }

    /// QEMU is dead: the machine has no power.
    pub fn power_off(&mut self) {
        self.operation.power_off(Instant::now());
        if self.spec.faults.forgets_over_power_cut && self.operation.state() == State::Running {
            self.operation.end(State::Never);
        }
        self.log.event("power-off", "", &[]);
    }

    /// After a reset or a suspend there is a drive again: the one of `returns-as`, if there is that fault.
    pub fn come_back(&mut self) {
        self.has_returned = true;
        self.is_gone = false;
        self.io_commands = 0;
        let serial = self.serial().to_owned();
        self.log.event("came-back", &serial, &[]);
    }

    /// A machine with this drive is switched on. A drive that was gone is back, maybe as another one.
    pub fn power_on(&mut self) {
        self.operation.power_on(Instant::now());
        self.has_returned |= self.is_gone;
        self.is_gone = false;
        self.io_commands = 0;
        self.log.event("power-on", "", &[]);
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::media::Oracle;
    use crate::scenario::Scenario;
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// A drive of its own folder, from the lines of a `[[drive]]` table; the folder goes when it is dropped.
    pub(crate) struct Bench {
        pub(crate) dir: PathBuf,
        pub(crate) spec: DriveSpec,
    }

    impl Bench {
        pub(crate) fn new(kind: &str, lines: &str) -> Self {
            static NUMBER: AtomicU32 = AtomicU32::new(0);
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let dir = std::env::temp_dir().join(format!("drivesim-{}-{number}", std::process::id()));
            std::fs::create_dir_all(&dir).unwrap();
            let text =
                format!("[[drive]]\nserial = \"PP0001\"\nkind = \"{kind}\"\nsize-mib = 1\nsanitize-s = 0.0\n{lines}\n");
            let spec = Scenario::parse(&text).unwrap().drives.remove(0);
            Self { dir, spec }
        }

        /// Changes what the table cannot say twice.
        pub(crate) fn with(mut self, change: impl FnOnce(&mut DriveSpec)) -> Self {
            change(&mut self.spec);
            self
        }

        pub(crate) fn drive(&self) -> Drive {
            Drive::open(&self.dir, &self.spec).unwrap()
        }

        pub(crate) fn oracle(&self) -> Oracle {
            Oracle::of(&self.dir, &self.spec).unwrap()
        }
    }

    impl Drop for Bench {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.dir);
        }
    }

    #[test]
    fn a_new_drive_is_full_of_customer_data() {
        let bench = Bench::new("nvme", "");
        let drive = bench.drive();
        assert_eq!(drive.read(7, 1).unwrap()[..16], *b"CUSTOMER RECORD ");
        let oracle = bench.oracle();
        assert_eq!((oracle.blocks, oracle.customer_blocks, oracle.untouched), (2048, 2048, true));
        drive.write(3, &[0xaa; 512]).unwrap();
        assert_eq!((bench.oracle().customer_blocks, bench.oracle().untouched), (2047, false));
        // Moved data are customer data still.
        drive.write(9, &drive.read(8, 1).unwrap()).unwrap();
        assert_eq!((bench.oracle().customer_blocks, bench.oracle().untouched), (2047, false));
    }

    #[test]
    fn every_technique_erases_everything() {
        for technique in [Technique::BlockErase, Technique::Overwrite([1, 2, 3, 4]), Technique::CryptoErase] {
            let bench = Bench::new("nvme", "block = 520");
            let mut drive = bench.drive();
            drive.start_all(technique);
            assert!(drive.tick(Instant::now()));
            assert_eq!(drive.operation.state(), State::Done);
            assert_eq!(bench.oracle().customer_blocks, 0, "{technique:?}");
        }
    }

    #[test]
    fn a_liar_keeps_what_it_is_told_to() {
        for (lie, kept) in [("keeps-all", 2048), ("keeps 100..110", 10)] {
            let bench = Bench::new("nvme", &format!("faults.lies = \"{lie}\""));
            let mut drive = bench.drive();
            drive.start_all(Technique::CryptoErase);
            drive.tick(Instant::now());
            assert_eq!(drive.operation.state(), State::Done);
            assert_eq!(bench.oracle().customer_blocks, kept);
        }
    }

    #[test]
    fn a_failure_leaves_the_rest() {
        let bench = Bench::new("nvme", "faults.fail-at-percent = 50");
        let mut drive = bench.drive();
        drive.start_all(Technique::BlockErase);
        drive.tick(Instant::now());
        assert_eq!(drive.operation.state(), State::Failed);
        let oracle = bench.oracle();
        assert!((1023..=1025).contains(&oracle.customer_blocks), "{}", oracle.customer_blocks);
    }

    #[test]
    fn a_thin_medium_holds_only_samples() {
        let bench = Bench::new("nvme", "thin = true").with(|spec| spec.size_mib = 1 << 20);
        let drive = bench.drive();
        assert_eq!(drive.blocks(), 1 << 31);
        let oracle = bench.oracle();
        assert_eq!((oracle.customer_blocks, oracle.untouched), (2 * 8192 + 62 * 8, true));
        drive.media.erase(Technique::CryptoErase, 0..drive.media.size()).unwrap();
        assert_eq!(bench.oracle().customer_blocks, 0);
    }

    #[test]
    fn a_drive_vanishes_and_returns_as_another() {
        let bench = Bench::new("nvme", "faults.vanish-at-io = 2\nfaults.returns-as = \"OTHER\"");
        let mut drive = bench.drive();
        assert!(drive.count_io() && drive.count_io());
        assert!(!drive.count_io());
        assert_eq!(drive.read(0, 1), Err(BlockError::Gone));
        assert_eq!(drive.serial(), "PP0001");
        drive.power_off();
        drive.power_on();
        assert_eq!(drive.serial(), "OTHER");
        assert!(drive.read(0, 1).is_ok());
    }
}
