//! The driver against a simulated controller that another hand wrote from the standard: registers, queues in memory, doorbells. What was
//! really erased is read from the medium.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use drivesim::drive::Drive;
use drivesim::host::Host;
use drivesim::pci::PciDevice;
use drivesim::scenario::DriveSpec;
use drivesim::{Oracle, Scenario};
use nix::errno::Errno;
use purgeproof_core::capability::{Area, Found};
use purgeproof_core::evidence::hex;
use purgeproof_core::firmware::Exchange;
use purgeproof_core::units::{Bytes, Lba};
use purgeproof_spec::nvme::Read;
use purgeproof_sys::nvme::Completed;
use purgeproof_sys::transfer::{POISON, Transfer};

use super::*;

/// A drive of its own folder, which goes with it.
struct Bench {
    dir: PathBuf,
    spec: DriveSpec,
}

impl Bench {
    fn new(size_mib: u32, lines: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("purgeproof-nvme-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let text = format!("[[drive]]\nserial = \"PP0001\"\nkind = \"nvme\"\nsize-mib = {size_mib}\n{lines}\n");
        let spec = Scenario::parse(&text).unwrap().drives.remove(0);
        Self { dir, spec }
    }

    fn firmware(&self, psid: Option<&str>) -> NvmeFirmware<Queues> {
        let psid = psid.map(|psid| crate::tcg::tests::psid(psid).unwrap());
        NvmeFirmware::new(Queues::new(self), Nsid::new(1).unwrap(), Some("PP0001".to_owned()), psid)
    }

    /// Blocks of the customer's data that are still somewhere on the medium.
    fn left(&self) -> u64 {
        Oracle::of(&self.dir, &self.spec).unwrap().customer_blocks
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// What a kernel does with a controller, as far as admin commands need it.
struct Queues {
    device: Box<dyn PciDevice>,
    host: Host,
    /// Commands to the admin queue and to the I/O queue.
    sent: [u32; 2],
}

const SUBMISSION: [u64; 2] = [0x1000, 0x4000];
const COMPLETION: [u64; 2] = [0x2000, 0x3000];
const DATA: u64 = 0x1_0000;
const ENTRIES: u32 = 64;

impl Queues {
    fn new(bench: &Bench) -> Self {
        let path = bench.dir.join("memory");
        let memory = std::fs::File::options().read(true).write(true).create(true).truncate(true).open(path).unwrap();
        memory.set_len(1 << 20).unwrap();
        let mut host = Host::default();
        host.map(0, 1 << 20, memory, 0, true);
        let mut device = drivesim::nvme::device(Drive::open(&bench.dir, &bench.spec).unwrap()).unwrap();
        device.power_on();
        // AQA, ASQ, ACQ, CC.EN.
        for (register, value) in [(0x24, 0x003F_003F_u32), (0x28, 0x1000), (0x30, 0x2000), (0x14, 0x0046_0001)] {
            device.write(&mut host, register, &value.to_le_bytes());
        }
        let mut queues = Self { device, host, sent: [0; 2] };
        // Create I/O Completion Queue, Create I/O Submission Queue: identifier 1, 64 entries, contiguous.
        for (opcode, address, cdw11) in [(0x05, COMPLETION[1], 1), (0x01, SUBMISSION[1], 0x0001_0001)] {
            assert_eq!(queues.submit(0, opcode, 0, address, &[0x003F_0001, cdw11]).unwrap().raw, 0);
        }
        queues
    }

    fn submit(
        &mut self,
        queue: usize,
        opcode: u8,
        nsid: u32,
        address: u64,
        dwords: &[u32],
    ) -> Result<Completed, ChannelError> {
        let mut entry = [0; 64];
        entry[0] = opcode;
        entry[4..8].copy_from_slice(&nsid.to_le_bytes());
        entry[24..32].copy_from_slice(&address.to_le_bytes());
        for (place, dword) in entry[40..].chunks_mut(4).zip(dwords) {
            place.copy_from_slice(&dword.to_le_bytes());
        }
        self.host.write(SUBMISSION[queue] + u64::from(self.sent[queue] % ENTRIES) * 64, &entry).unwrap();
        self.sent[queue] += 1;
        let doorbell = [0x1000, 0x1008][queue];
        self.device.write(&mut self.host, doorbell, &(self.sent[queue] % ENTRIES).to_le_bytes());
        let began = Instant::now();
        let (status, result) = loop {
            self.device.tick(&mut self.host, Instant::now());
            if self.device.is_gone() {
                return Err(Errno::ENODEV.into());
            }
            match self.completion(queue) {
                Some(completed) => break completed,
                None if began.elapsed() > Duration::from_secs(10) => return Err(Errno::EINTR.into()),
                None => thread::sleep(Duration::from_millis(1)),
            }
        };
        Ok(Completed { raw: i32::from(status & 0x7FFF), result, elapsed: began.elapsed() })
    }

    /// Status field and dword 0 of the completion, if its phase tag says that it is there.
    fn completion(&self, queue: usize) -> Option<(u16, u32)> {
        let number = self.sent[queue] - 1;
        let entry: [u8; 16] = self.host.array(COMPLETION[queue] + u64::from(number % ENTRIES) * 16).unwrap();
        let status = u16::from_le_bytes([entry[14], entry[15]]);
        let phase = u16::from((number / ENTRIES).is_multiple_of(2));
        let result = u32::from_le_bytes([entry[0], entry[1], entry[2], entry[3]]);
        (status & 1 == phase).then_some((status >> 1, result))
    }
}

impl NvmeAdmin for Queues {
    fn admin(&mut self, command: &AdminCommand, data: Transfer<'_>, _: u32) -> Result<Completed, ChannelError> {
        self.host.write(DATA, &[POISON; 4096]).unwrap();
        if let Transfer::Out(bytes) = &data {
            self.host.write(DATA, bytes).unwrap();
        }
        let completed = self.submit(0, command.opcode(), command.nsid().value(), DATA, &command.dwords())?;
        if let Transfer::In(into) = data {
            self.host.read(DATA, into).unwrap();
        }
        Ok(completed)
    }

    fn read(&mut self, command: &Read, into: &mut [u8]) -> Result<Completed, ChannelError> {
        let completed = self.submit(1, Read::OPCODE, command.nsid.value(), DATA, &command.dwords())?;
        self.host.read(DATA, into).unwrap();
        Ok(completed)
    }

    fn rescan(&mut self) -> Result<(), ChannelError> {
        Ok(())
    }

    fn has_more_memory(&self) -> Option<bool> {
        Some(false)
    }
}

struct Unheard;

impl Transcript for Unheard {
    /// Whatever is noted becomes evidence, and the PSID must not.
    fn note(&mut self, exchange: Exchange) {
        let said = format!("{exchange:?}");
        assert!(!said.contains(&hex(PSID.as_bytes())) && !said.contains(PSID), "{said}");
    }
}

/// Asks until the drive is no longer at work.
fn wait(firmware: &mut NvmeFirmware<Queues>) -> (Standing, bool) {
    let began = Instant::now();
    let mut was_at_work = false;
    loop {
        match firmware.standing(&mut Unheard) {
            Standing::InProgress { .. } => was_at_work = true,
            standing => return (standing, was_at_work),
        }
        assert!(began.elapsed() < Duration::from_secs(20), "it does not end");
        thread::sleep(Duration::from_millis(2));
    }
}

const PSID: &str = "0123456789ABCDEF0123456789ABCDEF";

#[test]
fn each_sanitize_erases_all_of_the_medium() {
    for technique in [Technique::SanitizeCryptoErase, Technique::SanitizeBlockErase, Technique::SanitizeOverwrite] {
        let bench = Bench::new(
            3,
            "sanitize-s = 0.05\nnvme.purge-required = true\nnvme.namespace-management = true\n\
                                nvme.namespaces = [{ size-mib = 1 }, { size-mib = 1, detached = true }]",
        );
        let mut firmware = bench.firmware(None);
        let prepared = firmware.prepare(&mut Unheard);
        let areas: Vec<_> = prepared.hidden.iter().map(|hidden| (hidden.area, hidden.found.clone())).collect();
        assert!(areas.contains(&(Area::UnattachedNamespaces, Found::Closed { size: Bytes(1 << 20) })));
        assert!(areas.contains(&(Area::UnallocatedCapacity, Found::Closed { size: Bytes(1 << 20) })));
        assert!(matches!(firmware.begin(technique, &mut Unheard), Begun::Accepted { estimate_s: Some(_) }));
        assert_eq!(wait(&mut firmware), (Standing::Completed, true), "{technique}");
        let settled = firmware.settle(technique, &mut Unheard);
        assert_eq!(settled, Settled { problems: Vec::new(), purged_by_its_word: true }, "{technique}");
        assert_eq!(bench.left(), 0, "{technique}");
    }
}

#[test]
fn only_the_medium_gives_away_a_drive_that_forgets_where_its_data_are() {
    let lines =
        "sanitize-s = 0.05\nnvme.deallocates = true\nnvme.media-verification = true\nnvme.purge-required = true";
    for (lie, left) in [("", 0), ("faults.lies = \"keeps-all\"", 2048)] {
        for technique in [Technique::SanitizeCryptoErase, Technique::SanitizeBlockErase] {
            let bench = Bench::new(1, &format!("{lines}\n{lie}"));
            let mut firmware = bench.firmware(None);
            assert!(matches!(firmware.begin(technique, &mut Unheard), Begun::Accepted { .. }));
            assert_eq!(wait(&mut firmware), (Standing::Verifiable, true), "{technique}");
            let mut block = [POISON; 4096];
            assert_eq!(firmware.read_medium(Lba(8), &mut block), Ok(4096));
            let is_there = block.starts_with(b"CUSTOMER RECORD ");
            assert_eq!(is_there, left > 0, "{technique} {lie}");
            firmware.end_verification(&mut Unheard);
            assert_eq!(wait(&mut firmware), (Standing::Completed, false), "{technique}");
            let settled = firmware.settle(technique, &mut Unheard);
            assert_eq!(settled, Settled { problems: Vec::new(), purged_by_its_word: true }, "{technique}");
            assert_eq!(bench.left(), left);
        }
    }
}

#[test]
fn a_sanitize_that_fails_has_failed_and_can_be_asked_for_again() {
    let bench = Bench::new(1, "sanitize-s = 0.02\nfaults.fail-at-percent = 50");
    let mut firmware = bench.firmware(None);
    for _ in 0..2 {
        assert!(matches!(firmware.begin(Technique::SanitizeBlockErase, &mut Unheard), Begun::Accepted { .. }));
        assert!(matches!(wait(&mut firmware).0, Standing::Failed { .. }));
    }
    assert_ne!(bench.left(), 0);
}

#[test]
fn a_drive_that_ignores_a_sanitize_is_found_out_whatever_its_log_says() {
    for lines in ["", "faults.stale-success = true"] {
        let bench = Bench::new(1, &format!("sanitize-s = 0.0\nfaults.silently-ignores = [\"sanitize\"]\n{lines}"));
        let mut firmware = bench.firmware(None);
        for technique in [Technique::SanitizeBlockErase, Technique::SanitizeCryptoErase] {
            assert!(matches!(firmware.begin(technique, &mut Unheard), Begun::Accepted { .. }));
            assert_eq!(wait(&mut firmware), (Standing::Never, false), "{technique} {lines}");
        }
        assert_eq!(bench.left(), 2048, "1 MiB in blocks of 512 bytes");
    }
}

#[test]
fn what_is_in_the_way_of_a_sanitize_is_said() {
    let refused = |lines: &str| {
        let bench = Bench::new(2, lines);
        let begun = bench.firmware(None).begin(Technique::SanitizeBlockErase, &mut Unheard);
        assert_eq!(bench.left(), 4096);
        let Begun::Refused { why } = begun else { panic!("{begun:?}") };
        why
    };
    assert!(refused("nvme.pending-firmware = \"conventional\"").starts_with("not sent: a firmware update in slot 1"));
    assert!(refused("nvme.pmr = true").contains("Persistent Memory Region is Enabled"));
    assert!(refused("faults.refuses = [\"sanitize\"]").contains("Invalid Command Opcode"));
    assert!(refused("nvme.sanitize = []").contains("does not have this"));
    let two = "nvme.namespace-management = true\nnvme.namespaces = [{ size-mib = 1 }, { size-mib = 1 }]";
    assert!(refused(two).contains("would erase the other namespaces"));
}

#[test]
fn a_drive_that_vanishes_is_gone() {
    let bench = Bench::new(1, "sanitize-s = 0.05\nfaults.vanish-at-percent = 50");
    let mut firmware = bench.firmware(None);
    assert!(matches!(firmware.begin(Technique::SanitizeBlockErase, &mut Unheard), Begun::Accepted { .. }));
    assert_eq!(wait(&mut firmware), (Standing::Gone, true));
}

#[test]
fn a_format_erases_its_namespace_and_no_other() {
    let two = "nvme.namespace-management = true\nnvme.namespaces = [{ size-mib = 1 }, { size-mib = 1 }]";
    for technique in [Technique::FormatUserDataErase, Technique::FormatCryptoErase] {
        let bench = Bench::new(2, two);
        let mut firmware = bench.firmware(None);
        assert_eq!(firmware.begin(technique, &mut Unheard), Begun::Completed);
        assert_eq!(firmware.settle(technique, &mut Unheard), Settled::default());
        assert_eq!(bench.left(), 2048, "the other MiB");
        let bench = Bench::new(2, &format!("{two}\nnvme.erase-all = true"));
        assert!(matches!(bench.firmware(None).begin(technique, &mut Unheard), Begun::Refused { .. }));
        assert_eq!(bench.left(), 4096);
    }
    let bench = Bench::new(1, "faults.fail-at-percent = 50");
    let begun = bench.firmware(None).begin(Technique::FormatUserDataErase, &mut Unheard);
    assert!(matches!(begun, Begun::Failed { .. }), "{begun:?}");
}

#[test]
fn a_locked_drive_is_reverted_with_the_psid_and_with_nothing_else() {
    let tcg = format!("tcg = {{ psid = \"{PSID}\", locked = true }}");
    let bench = Bench::new(1, &tcg);
    let mut firmware = bench.firmware(Some(&PSID.replace('0', "O")));
    let begun = firmware.begin(Technique::TcgRevert, &mut Unheard);
    assert!(matches!(begun, Begun::Refused { why } if why.contains("does not accept this PSID")));
    assert!(matches!(bench.firmware(None).begin(Technique::TcgRevert, &mut Unheard), Begun::Refused { .. }));
    assert_eq!(bench.left(), 2048);
    let mut firmware = bench.firmware(Some(PSID));
    assert_eq!(firmware.prepare(&mut Unheard).obstacle, None);
    assert_eq!(firmware.begin(Technique::TcgRevert, &mut Unheard), Begun::Completed);
    assert_eq!(firmware.settle(Technique::TcgRevert, &mut Unheard), Settled::default());
    assert_eq!(bench.left(), 0);
}

#[test]
fn a_revert_without_encryption_is_no_erase() {
    let bench = Bench::new(1, &format!("tcg = {{ psid = \"{PSID}\", class = \"pyrite\" }}"));
    assert!(matches!(bench.firmware(Some(PSID)).begin(Technique::TcgRevert, &mut Unheard), Begun::Refused { .. }));
    // The drive says that it has reverted, and did nothing: its locking is still on.
    let bench =
        Bench::new(1, &format!("tcg = {{ psid = \"{PSID}\", locked = true }}\nfaults.silently-ignores = [\"revert\"]"));
    let mut firmware = bench.firmware(Some(PSID));
    assert_eq!(firmware.begin(Technique::TcgRevert, &mut Unheard), Begun::Completed);
    assert_eq!(firmware.settle(Technique::TcgRevert, &mut Unheard).problems.len(), 2);
}
