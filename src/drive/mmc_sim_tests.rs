//! The driver against a device that does what JESD84-B51 says, and against devices that do not.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use drivesim::drive::Drive;
use drivesim::emmc::{Card, Reply};
use drivesim::scenario::DriveSpec;
use drivesim::{Oracle, Scenario};
use nix::errno::Errno;
use purgeproof_core::capability::Support;
use purgeproof_spec::mmc::Response;

use super::*;

/// 1 MiB: 1536 sectors for the user, two boot partitions of 256. The folder goes when it is dropped.
struct Bench {
    dir: PathBuf,
    spec: DriveSpec,
}

impl Bench {
    fn new(lines: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("purgeproof-mmc-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let text =
            format!("[[drive]]\nserial = \"1A2B3C4D\"\nkind = \"emmc\"\nsize-mib = 1\nsanitize-s = 0.0\n{lines}\n");
        let spec = Scenario::parse(&text).unwrap().drives.remove(0);
        Self { dir, spec }
    }

    fn firmware(&self) -> MmcFirmware<Host> {
        let mut card = Card::new(Drive::open(&self.dir, &self.spec).unwrap()).unwrap();
        card.power_on();
        card.command(7, 0x0001_0000, &[], 0);
        MmcFirmware::new(Host(card, 0), Registers::default())
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

/// What Linux makes of commands on their way to a device, and the `PARTITION_CONFIG` that was written last (`part_curr` in Linux).
struct Host(Card, u32);

impl Host {
    fn send(&mut self, step: &mut Step<'_>) -> Result<(), ChannelError> {
        let command = step.command;
        step.into.fill(POISON);
        let reply = self.0.command(command.index, command.argument, &[], step.into.len());
        let is_sanitize = command.index == 6 && command.argument >> 16 & 0xFF == 165;
        let Reply::Response(response, data) = reply else { return Err(ChannelError::Kernel(Errno::ETIMEDOUT)) };
        step.into.copy_from_slice(&data);
        step.status = u32::try_from(response).ok().map(Status).filter(|_| !is_sanitize);
        while command.response == Response::R1b && self.0.is_busy() {
            self.0.tick(Instant::now());
        }
        if is_sanitize {
            let Reply::Response(status, _) = self.0.command(13, 0x0001_0000, &[], 0) else {
                return Err(ChannelError::Kernel(Errno::ETIMEDOUT));
            };
            // SWITCH_ERROR, of which Linux sees that of the status alone.
            if status & 0x80 != 0 {
                return Err(ChannelError::Kernel(Errno::EBADMSG));
            }
        }
        Ok(())
    }
}

impl MmcChannel for Host {
    fn execute(&mut self, partition: Partition, steps: &mut [Step<'_>]) -> Result<(), ChannelError> {
        for step in steps {
            // Before each step, whatever the one before has switched to.
            if self.1 != partition as u32 {
                self.1 = partition as u32;
                self.0.command(6, 0x03B3_0001 | self.1 << 8, &[], 0);
            }
            if step.command.index == 6 && step.command.argument >> 16 & 0xFF == 179 {
                self.1 = step.command.argument >> 8 & 7;
            }
            self.send(step)?;
        }
        Ok(())
    }

    fn barrier(&self, _: Partition) -> Option<&str> {
        None
    }
}

struct Log(Vec<Exchange>);

impl Transcript for Log {
    fn note(&mut self, exchange: Exchange) {
        self.0.push(exchange);
    }
}

fn erase(bench: &Bench, technique: Technique) -> (Begun, Vec<String>) {
    let mut firmware = bench.firmware();
    let mut log = Log(Vec::new());
    let prepared = firmware.prepare(&mut log);
    assert_eq!((prepared.standing, prepared.obstacle), (Standing::Never, None));
    let begun = firmware.begin(technique, &mut log);
    (begun, firmware.settle(technique, &mut log).problems)
}

#[test]
fn an_erase_and_a_sanitize_leave_nothing_on_the_medium() {
    let bench = Bench::new("");
    assert_eq!(erase(&bench, Technique::EraseAndSanitize), (Begun::Completed, vec![]));
    assert_eq!(bench.customer_blocks(), 0, "boot partitions included");
}

#[test]
fn so_does_a_secure_erase() {
    let bench = Bench::new("[drive.emmc]\nsanitize = false");
    let techniques = probe(&mut bench.firmware().channel, &Registers::default()).techniques;
    let expected = [(Technique::EraseAndSanitize, Support::Absent), (Technique::SecureErase, Support::Present)];
    assert_eq!(techniques, expected);
    assert_eq!(erase(&bench, Technique::SecureErase), (Begun::Completed, vec![]));
    assert_eq!(bench.customer_blocks(), 0);
}

#[test]
fn probing_and_preparing_change_nothing() {
    let bench = Bench::new("");
    let mut firmware = bench.firmware();
    probe(&mut firmware.channel, &Registers::default());
    firmware.prepare(&mut Log(Vec::new()));
    assert!(Oracle::of(&bench.dir, &bench.spec).unwrap().untouched);
}

#[test]
fn boot_partitions_under_protection_keep_what_they_hold() {
    let bench = Bench::new("[drive.emmc]\nboot-protected = true");
    assert_eq!(erase(&bench, Technique::EraseAndSanitize), (Begun::Completed, vec![]));
    assert_eq!(bench.customer_blocks(), 512);
    let hidden = bench.firmware().prepare(&mut Log(Vec::new())).hidden;
    assert!(matches!(&hidden[0].found, Found::Unknown(why) if why.contains("write protected")));
}

#[test]
fn a_device_that_refuses_or_fails_has_not_completed() {
    let begun = |faults: &str| {
        let bench = Bench::new(&format!("[drive.faults]\n{faults}"));
        (erase(&bench, Technique::EraseAndSanitize).0, bench.customer_blocks())
    };
    assert!(matches!(begun("refuses = [\"erase\"]"), (Begun::Failed { .. }, 2048)));
    assert!(matches!(begun("refuses = [\"sanitize\"]"), (Begun::Failed { .. }, 2048)));
    assert!(matches!(begun("fail-at-percent = 50"), (Begun::Failed { .. }, _)));
}

#[test]
fn a_device_that_lies_about_its_boot_partitions_is_found_out() {
    let bench = Bench::new("[drive.faults]\nlies = \"keeps 1536..1537\"");
    let (begun, problems) = erase(&bench, Technique::EraseAndSanitize);
    assert_eq!(begun, Begun::Completed);
    assert_eq!(problems, ["The boot partition 1 is not erased: sector 0 does not hold 00h."]);
    let bench = Bench::new("[drive.faults]\nsilently-ignores = [\"erase\"]");
    let (begun, problems) = erase(&bench, Technique::EraseAndSanitize);
    assert_eq!((begun, problems.len()), (Begun::Completed, 2));
    assert_eq!(bench.customer_blocks(), 2048);
}
