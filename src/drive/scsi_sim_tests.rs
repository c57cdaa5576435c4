//! The driver against a SAS drive that does what the standards say, and against drives that do not.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use drivesim::drive::Drive;
use drivesim::scenario::DriveSpec;
use drivesim::scsi::disk::Disk;
use drivesim::scsi::{Answer as Says, Unit};
use drivesim::{Oracle, Scenario};
use purgeproof_core::capability::Support;
use purgeproof_core::drive::{Media, MediaError};
use purgeproof_core::units::Lba;

use super::*;
use crate::channel::{ChannelError, Data, ScsiAnswer};

/// A drive of 1 MiB in a folder of its own, which goes when it is dropped.
struct Bench {
    dir: PathBuf,
    spec: DriveSpec,
}

impl Bench {
    fn new(lines: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("purgeproof-scsi-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let text =
            format!("[[drive]]\nserial = \"PP0001\"\nkind = \"sas\"\nsize-mib = 1\nsanitize-s = 100.0\n{lines}\n");
        let spec = Scenario::parse(&text).unwrap().drives.remove(0);
        Self { dir, spec }
    }

    fn firmware(&self) -> ScsiFirmware<Host> {
        let disk = Disk::new(Drive::open(&self.dir, &self.spec).unwrap());
        ScsiFirmware::new(Host { disk, now: Instant::now() }, None)
    }

    fn customer_blocks(&self) -> u64 {
        Oracle::of(&self.dir, &self.spec).unwrap().customer_blocks
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// A host adapter with a clock that the test sets.
struct Host {
    disk: Disk,
    now: Instant,
}

impl ScsiChannel for Host {
    fn execute(&mut self, cdb: &[u8], data: Data<'_>, _: u32) -> Result<ScsiAnswer, ChannelError> {
        let mut padded = [0; 32];
        padded[..cdb.len()].copy_from_slice(cdb);
        let (out, into): (&[u8], &mut [u8]) = match data {
            Data::Out(out) => (out, &mut []),
            Data::In(into) => (&[], into),
            Data::None => (&[], &mut []),
        };
        into.fill(0xA5);
        Ok(match self.disk.execute(&padded, out, self.now) {
            Says::Good(bytes) => {
                let came = bytes.len().min(into.len());
                into[..came].copy_from_slice(&bytes[..came]);
                ScsiAnswer { residual: i32::try_from(into.len() - came).unwrap(), ..ScsiAnswer::default() }
            }
            Says::Check { sense, .. } => ScsiAnswer { status: 2, driver: 8, sense, ..ScsiAnswer::default() },
            Says::Gone => ScsiAnswer { host: 1, ..ScsiAnswer::default() },
            Says::Later => panic!("{cdb:02X?} without IMMED"),
        })
    }
}

struct Log(Vec<Exchange>);

impl Transcript for Log {
    fn note(&mut self, exchange: Exchange) {
        self.0.push(exchange);
    }
}

/// What the drive says at once, half-way, and when its time is over.
fn erase(bench: &Bench, technique: Technique) -> (Begun, [Standing; 3], Vec<String>) {
    let mut log = Log(Vec::new());
    let mut firmware = bench.firmware();
    let prepared = firmware.prepare(&mut log);
    assert_eq!((prepared.standing, prepared.obstacle), (Standing::Never, None));
    let begun = firmware.begin(technique, &mut log);
    let mut seconds = [0, 50, 110].into_iter();
    let standings = std::array::from_fn(|_| {
        let later = firmware.channel.now + Duration::from_secs(seconds.next().unwrap());
        let before = std::mem::replace(&mut firmware.channel.now, later);
        let standing = firmware.standing(&mut log);
        firmware.channel.now = before;
        standing
    });
    firmware.channel.now += Duration::from_secs(110);
    (begun, standings, firmware.settle(technique, &mut log).problems)
}

const ACCEPTED: Begun = Begun::Accepted { estimate_s: None };

#[test]
fn every_erase_is_watched_to_its_end_and_leaves_nothing() {
    use Technique::{FormatUnit, SanitizeBlockErase, SanitizeCryptoErase, SanitizeOverwrite};
    for technique in [SanitizeCryptoErase, SanitizeBlockErase, SanitizeOverwrite, FormatUnit] {
        for lines in ["", "[drive.faults]\nfixed-sense = true"] {
            let bench = Bench::new(lines);
            let (begun, [first, half, last], problems) = erase(&bench, technique);
            assert_eq!((begun, problems), (ACCEPTED, vec![]), "{technique}");
            assert!(
                matches!(first, Standing::InProgress { progress: Some(progress) } if progress < 0x2000),
                "{first:?}"
            );
            let is_half = |progress| (0x7000..0x9000).contains(&progress);
            assert!(matches!(half, Standing::InProgress { progress: Some(progress) } if is_half(progress)), "{half:?}");
            assert_eq!((last, bench.customer_blocks()), (Standing::Completed, 0), "{technique}");
        }
    }
}

#[test]
fn probing_reads_the_list_and_changes_nothing() {
    let techniques = |lines: &str| {
        let bench = Bench::new(lines);
        let capabilities = probe(&mut bench.firmware().channel, None);
        assert!(Oracle::of(&bench.dir, &bench.spec).unwrap().untouched);
        (
            capabilities.techniques.into_iter().map(|(_, support)| support).collect::<Vec<_>>(),
            capabilities.unreadable_when_erased,
        )
    };
    let present = || Support::Present;
    assert_eq!(techniques(""), (vec![present(), present(), present(), present(), Support::Absent], false));
    let (some, unreadable) = techniques("[drive.scsi]\nsanitize = [\"block-erase\"]\nwrite-after-block-erase = 3");
    assert_eq!(some, [Support::Absent, present(), Support::Absent, present(), Support::Absent]);
    assert!(unreadable);
    let (none, _) = techniques("[drive.scsi]\nrsoc = false");
    assert!(none.iter().take(4).all(|support| matches!(support, Support::Unknown(_))));
}

#[test]
fn blocks_that_were_put_out_of_reach_are_opened() {
    let bench = Bench::new("[drive.scsi]\nhidden-blocks = 48\ngrown-defects = 7");
    let mut firmware = bench.firmware();
    let prepared = firmware.prepare(&mut Log(Vec::new()));
    assert_eq!(prepared.hidden[0].found, Found::Opened { size: Bytes(24_576) });
    assert_eq!(prepared.capacity, Some(Bytes(1_048_576)));
    assert_eq!(prepared.health.reallocated, Some(7));
    assert_eq!((prepared.health.limit_c, prepared.health.media_errors), (Some(70), Some(0)));
    assert!(Oracle::of(&bench.dir, &bench.spec).unwrap().untouched);
    let refusing = Bench::new("[drive.scsi]\nhidden-blocks = 48\n[drive.faults]\nrefuses = [\"mode-select\"]");
    let found = refusing.firmware().prepare(&mut Log(Vec::new())).hidden[0].found.clone();
    assert!(matches!(found, Found::Unknown(_)), "{found:?}");
}

#[test]
fn a_drive_that_refuses_fails_stalls_or_ignores_is_not_done() {
    let of = |faults: &str, technique| erase(&Bench::new(&format!("[drive.faults]\n{faults}")), technique);
    let (refused, ..) = of("refuses = [\"sanitize\"]", Technique::SanitizeBlockErase);
    assert_eq!(refused, Begun::Refused { why: "ILLEGAL REQUEST, invalid field in CDB (24h/00h)".into() });
    let (_, [_, _, last], problems) = of("fail-at-percent = 60", Technique::SanitizeOverwrite);
    assert_eq!(last, Standing::Failed { why: "MEDIUM ERROR, sanitize command failed (31h/03h)".into() });
    assert_eq!(problems.len(), 2, "{problems:?}");
    let (_, [_, _, last], _) = of("stall-at-percent = 60", Technique::SanitizeOverwrite);
    assert!(matches!(last, Standing::InProgress { .. }));
    for technique in [Technique::SanitizeOverwrite, Technique::FormatUnit] {
        let (begun, standings, _) = of("silently-ignores = [\"sanitize\", \"format\"]", technique);
        assert_eq!((begun, standings), (ACCEPTED, [Standing::Never, Standing::Never, Standing::Never]));
    }
    let (_, standings, _) = of("vanish-at-percent = 40", Technique::SanitizeBlockErase);
    assert_eq!(standings[1..], [Standing::Gone, Standing::Gone]);
}

#[test]
fn a_path_that_drops_sense_data_never_makes_an_erase_complete() {
    let (begun, standings, _) = erase(&Bench::new("[drive.faults]\ndrops-sense = true"), Technique::SanitizeBlockErase);
    assert_eq!(begun, ACCEPTED);
    // REQUEST SENSE brings its sense data as data, which this path does not drop.
    assert!(matches!(standings, [Standing::InProgress { .. }, Standing::InProgress { .. }, Standing::Completed]));
    let refusing = Bench::new("[drive.faults]\ndrops-sense = true\nrefuses = [\"sanitize\"]");
    assert!(matches!(erase(&refusing, Technique::SanitizeBlockErase).0, Begun::Lost { .. }));
}

#[test]
fn progress_that_is_none_is_not_an_end() {
    for progress in ["stuck", "backwards", "jumps-to-end", "always-ffff"] {
        let bench = Bench::new(&format!("[drive.faults]\nprogress = \"{progress}\""));
        let (_, [first, half, last], _) = erase(&bench, Technique::SanitizeOverwrite);
        assert!(matches!((first, half), (Standing::InProgress { .. }, Standing::InProgress { .. })), "{progress}");
        assert_eq!(last, Standing::Completed, "{progress}");
    }
}

#[test]
fn a_write_protected_drive_is_left_alone() {
    let bench = Bench::new("[drive.faults]\nwrite-protected = true");
    let prepared = bench.firmware().prepare(&mut Log(Vec::new()));
    assert_eq!(prepared.obstacle, Some(Obstacle::WriteProtected));
    assert_eq!(probe(&mut bench.firmware().channel, None).obstacles, [Obstacle::WriteProtected]);
}

#[test]
fn blocks_of_520_bytes_are_written_read_back_and_sanitized() {
    let bench = Bench::new("block = 520");
    let mut firmware = bench.firmware();
    let geometry = foreign_geometry(&mut firmware.channel).expect("its first answer is a unit attention");
    // 1048576 / 520 = 2016.49
    assert_eq!((geometry.block().get(), geometry.count().0), (520, 2016));
    assert_eq!(bench.customer_blocks(), 2016);
    let written: Vec<u8> = (0..=250).cycle().take(2016 * 520).collect();
    let mut media = ScsiMedia::new(&mut firmware.channel, geometry, LONGEST, || true);
    let mut at = 0;
    while at < 2016 {
        // 262144 / 520 = 504.1 blocks are what a command carries.
        assert_eq!(media.write(Lba(at), &written[usize::try_from(at).unwrap() * 520..]), Ok(504 * 520));
        at += 504;
    }
    media.flush().unwrap();
    assert_eq!(bench.customer_blocks(), 0, "every byte of every block");
    let mut read = vec![0x11; 3 * 520];
    assert_eq!(media.read(Lba(2013), &mut read), Ok(3 * 520));
    assert_eq!(read, written[2013 * 520..]);
    assert_eq!(media.read(Lba(2014), &mut read), Err(MediaError::Bad { errno: nix::libc::EIO }), "beyond the end");

    let firmware_says = erase(&bench, Technique::SanitizeOverwrite);
    assert!(matches!(firmware_says, (ACCEPTED, [_, _, Standing::Completed], ref problems) if problems.is_empty()));
    let mut firmware = bench.firmware();
    let mut media = ScsiMedia::new(&mut firmware.channel, geometry, LONGEST, || true);
    assert_eq!(media.read(Lba(0), &mut read), Ok(3 * 520));
    assert_eq!(read, [0; 3 * 520], "what was written is gone");
}

#[test]
fn blocks_of_528_bytes_are_sanitized_with_all_that_was_on_them() {
    for technique in [Technique::SanitizeCryptoErase, Technique::SanitizeBlockErase, Technique::SanitizeOverwrite] {
        let bench = Bench::new("block = 528");
        assert!(foreign_geometry(&mut bench.firmware().channel).is_some_and(|blocks| blocks.block().get() == 528));
        let (begun, [.., last], problems) = erase(&bench, technique);
        assert_eq!((begun, last, problems), (ACCEPTED, Standing::Completed, vec![]), "{technique}");
        assert_eq!(bench.customer_blocks(), 0, "{technique}");
    }
}

#[test]
fn a_bad_block_of_520_bytes_is_found_and_the_others_are_read() {
    let bench = Bench::new("block = 520\n[drive.faults]\nunreadable = [\"7..8\"]");
    let mut firmware = bench.firmware();
    let geometry = foreign_geometry(&mut firmware.channel).unwrap();
    let mut media = ScsiMedia::new(&mut firmware.channel, geometry, LONGEST, || true);
    let mut read = [0; 520];
    assert_eq!(media.read(Lba(7), &mut read), Err(MediaError::Bad { errno: nix::libc::ENODATA }));
    assert_eq!(media.read(Lba(8), &mut read), Ok(520));
}

/// Erased, asked for blocks of 512 bytes, and looked at when its time is over.
fn reformat(bench: &Bench) -> (Begun, Standing, Result<Blocks, String>, ScsiFirmware<Host>) {
    let mut log = Log(Vec::new());
    let (_, _, problems) = erase(bench, Technique::SanitizeBlockErase);
    assert_eq!(problems, [] as [&str; 0]);
    let mut firmware = bench.firmware();
    firmware.prepare(&mut log);
    let begun = firmware.reformat(BlockSize::B512, &mut log);
    firmware.channel.now += Duration::from_secs(50);
    assert!(
        !matches!(begun, Begun::Accepted { .. }) || matches!(firmware.standing(&mut log), Standing::InProgress { .. })
    );
    firmware.channel.now += Duration::from_mins(1);
    let standing = firmware.standing(&mut log);
    let blocks = firmware.reformatted(BlockSize::B512, &mut log);
    (begun, standing, blocks, firmware)
}

#[test]
fn blocks_of_520_bytes_become_blocks_of_512() {
    let bench = Bench::new("block = 520");
    let (begun, standing, blocks, mut firmware) = reformat(&bench);
    // 1048576 / 512
    assert_eq!((begun, standing, blocks), (ACCEPTED, Standing::Completed, Ok(Blocks(2048))));
    assert_eq!(foreign_geometry(&mut firmware.channel), None, "the kernel takes it now");
    assert_eq!(bench.customer_blocks(), 0);
}

#[test]
fn a_format_to_other_blocks_that_goes_wrong_is_seen() {
    let still = || Err("it has 2016 blocks of 520 bytes".to_owned());
    let of = |faults: &str| reformat(&Bench::new(&format!("block = 520\n[drive.faults]\n{faults}")));
    let (begun, _, blocks, _) = of("refuses = [\"format\"]");
    assert!(matches!(begun, Begun::Refused { .. }));
    assert_eq!(blocks, still());
    assert!(matches!(of("refuses = [\"mode-select\"]").0, Begun::Refused { .. }));
}

#[test]
fn a_power_cut_leaves_no_format_and_the_drive_is_erased_by_the_next_run() {
    let bench = Bench::new("block = 520");
    let (mut firmware, mut log) = (bench.firmware(), Log(Vec::new()));
    firmware.prepare(&mut log);
    assert_eq!(firmware.reformat(BlockSize::B512, &mut log), ACCEPTED);
    firmware.channel.disk.power_off();
    firmware.channel.disk.power_on();
    let geometry = foreign_geometry(&mut firmware.channel).expect("it still tells its blocks");
    assert_eq!((geometry.block().get(), geometry.count()), (520, Blocks(2016)));
    let mut next = ScsiFirmware::new(firmware.channel, None);
    let prepared = next.prepare(&mut log);
    assert_eq!(prepared.standing, Standing::Failed { why: "MEDIUM ERROR, medium format corrupted (31h/00h)".into() });
    assert!(!matches!(prepared.obstacle, Some(Obstacle::Locked | Obstacle::WriteProtected)));
    assert_eq!(next.begin(Technique::SanitizeOverwrite, &mut log), ACCEPTED);
    next.channel.now += Duration::from_secs(50);
    assert!(matches!(next.standing(&mut log), Standing::InProgress { .. }));
    next.channel.now += Duration::from_mins(1);
    assert_eq!(next.standing(&mut log), Standing::Completed);
    assert_eq!(next.settle(Technique::SanitizeOverwrite, &mut log).problems, [] as [&str; 0]);
    assert_eq!(bench.customer_blocks(), 0);
}
