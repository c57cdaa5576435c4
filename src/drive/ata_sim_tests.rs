//! The driver against drives that really do what ATA says, and against drives that do not.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use drivesim::ata::{Device, Outcome, Protocol, Registers, Taskfile};
use drivesim::drive::Drive;
use drivesim::fault::DropsRegisters;
use drivesim::scenario::DriveSpec;
use drivesim::{Oracle, Scenario};
use nix::errno::Errno;
use purgeproof_core::capability::{Area, Capabilities, Found, Support};
use purgeproof_core::firmware::Exchange;
use purgeproof_core::units::Bytes;

use super::*;
use crate::channel::{ChannelError, Data, ScsiAnswer};

/// A drive of its own folder, from the lines of a `[[drive]]` table; the folder goes when it is dropped.
struct Bench {
    dir: PathBuf,
    spec: DriveSpec,
}

impl Bench {
    fn new(lines: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("purgeproof-ata-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let text =
            format!("[[drive]]\nserial = \"PP0001\"\nkind = \"sata\"\nsize-mib = 1\nsanitize-s = 0.0\n{lines}\n");
        let spec = Scenario::parse(&text).unwrap().drives.remove(0);
        Self { dir, spec }
    }

    fn host(&self) -> Host {
        let mut device = Device::new(Drive::open(&self.dir, &self.spec).unwrap());
        device.power_on();
        Host { device, sent: Vec::new(), timeouts_ms: Vec::new(), cuts_power: false, swallows: None }
    }

    fn firmware(&self) -> AtaFirmware<Host> {
        AtaFirmware::new(self.host(), Attachment::Host, Some("PP0001".to_owned()), None)
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

/// A SCSI/ATA translation over a simulated drive, as libata is one.
struct Host {
    device: Device,
    /// COMMAND and FEATURE of what was sent.
    sent: Vec<(u8, u8)>,
    timeouts_ms: Vec<u32>,
    /// The power fails in the middle of the next SECURITY ERASE UNIT.
    cuts_power: bool,
    /// A command that is answered by GOOD and never gets to the drive.
    swallows: Option<u8>,
}

impl ScsiChannel for Host {
    fn execute(&mut self, cdb: &[u8], data: Data<'_>, timeout_ms: u32) -> Result<ScsiAnswer, ChannelError> {
        let &[0x85, flags, more, f1, f0, c1, c0, l31, l7, l39, l15, l47, l23, device, command, 0] = cdb else {
            panic!("{cdb:02X?} is no ATA PASS-THROUGH (16)");
        };
        let task = Taskfile {
            feature: u16::from_be_bytes([f1, f0]),
            count: u16::from_be_bytes([c1, c0]),
            lba: u64::from_be_bytes([0, 0, l47, l39, l31, l23, l15, l7]),
            device,
            command,
        };
        self.sent.push((command, f0));
        self.timeouts_ms.push(timeout_ms);
        if self.swallows == Some(command) {
            return Ok(ScsiAnswer::default());
        }
        let transfer = self.device.transfer(&task);
        let way = match transfer.protocol {
            Protocol::NonData => (3, 0x00),
            Protocol::PioIn => (4, 0x0E),
            Protocol::PioOut => (5, 0x06),
            _ => panic!("DMA"),
        };
        assert_eq!((flags >> 1, more & 0x0F), way, "{command:02X}h");
        assert_eq!(flags & 1 == 1, task.is_extended(), "{command:02X}h");
        let out = if let Data::Out(out) = &data { out.to_vec() } else { Vec::new() };
        let mut outcome = self.device.execute(&task, &out);
        if self.cuts_power && outcome == Outcome::Busy {
            self.cuts_power = false;
            self.device.power_off();
            self.device.power_on();
            let attention = b"\x72\x06\x29\0\0\0\0\0".to_vec();
            return Ok(ScsiAnswer { status: 0x02, sense: attention, ..ScsiAnswer::default() });
        }
        while outcome == Outcome::Busy {
            outcome = self.device.poll(Instant::now()).unwrap_or(Outcome::Busy);
        }
        match outcome {
            Outcome::Complete { registers, data: came } => {
                if let Data::In(into) = data {
                    into.fill(0xA5);
                    into[..came.len()].copy_from_slice(&came);
                }
                Ok(self.answer(&task, &registers, more & 0x20 != 0))
            }
            _ => Err(ChannelError::Gone(Errno::ENODEV)),
        }
    }
}

impl Host {
    /// Registers come in sense data if they were asked for (`CK_COND`), and after an error.
    fn answer(&self, task: &Taskfile, registers: &Registers, wanted: bool) -> ScsiAnswer {
        let is_error = registers.status & 1 != 0;
        if !is_error && !wanted {
            return ScsiAnswer::default();
        }
        let faults = self.device.drive.faults();
        let [_, _, l47, l39, l31, l23, l15, l7] = registers.lba.to_be_bytes();
        let [c15, c7] = registers.count.to_be_bytes();
        let (error, device, status, extended) =
            (registers.error, registers.device, registers.status, u8::from(task.is_extended()));
        let (key, ascq) = if is_error { (0x0B, 0x00) } else { (0x01, 0x1D) };
        let mut sense = vec![0x72, key, 0, ascq, 0, 0, 0, 14, 9, 12, extended];
        sense.extend([error, c15, c7, l31, l7, l39, l15, l47, l23, device, status]);
        match faults.drops_registers {
            Some(DropsRegisters::Absent) => sense = vec![0x72, key, 0, ascq, 0, 0, 0, 0],
            Some(DropsRegisters::Zeros) => sense[11..].fill(0),
            None if faults.drops_sense => sense.clear(),
            None if faults.fixed_sense => {
                let upper = extended << 7 | u8::from(c15 != 0) << 6 | u8::from(l47 | l39 | l31 != 0) << 5;
                sense = vec![0xF0, 0, key, error, status, device, c7, 10, upper, l7, l15, l23, 0, ascq, 0, 0, 0, 0];
            }
            None => {}
        }
        ScsiAnswer { status: 0x02, driver: 0x08, sense, ..ScsiAnswer::default() }
    }
}

#[derive(Default)]
struct Notes(Vec<Exchange>);

impl Transcript for Notes {
    fn note(&mut self, exchange: Exchange) {
        self.0.push(exchange);
    }
}

impl Notes {
    fn names(&self) -> Vec<&str> {
        self.0.iter().map(|exchange| exchange.command.as_str()).collect()
    }
}

fn probed(bench: &Bench, attachment: Attachment) -> Capabilities {
    let mut host = bench.host();
    let capabilities = probe(&mut host, attachment, None);
    let changes = [0xF1, 0xF2, 0xF4, 0xF5, 0xF6, 0x37, 0xF9];
    assert!(!host.sent.iter().any(|(command, _)| changes.contains(command)), "{:02X?}", host.sent);
    assert!(!host.sent.iter().any(|sent| matches!(sent, (0xB4 | 0x78, 1..) | (0xB1, 0xC0 | 0xC1 | 0xC3))));
    capabilities
}

fn support(capabilities: &Capabilities, technique: Technique) -> &Support {
    &capabilities.techniques.iter().find(|(found, _)| *found == technique).unwrap().1
}

/// A word of the reason.
fn is_blocked(capabilities: &Capabilities, technique: Technique, word: &str) -> bool {
    matches!(support(capabilities, technique), Support::Blocked(why) if why.contains(word))
}

fn found(hidden: &[purgeproof_core::capability::Hidden], area: Area) -> &Found {
    &hidden.iter().find(|one| one.area == area).unwrap().found
}

const SANITIZES: [Technique; 3] =
    [Technique::SanitizeCryptoErase, Technique::SanitizeBlockErase, Technique::SanitizeOverwrite];
const ERASES: [Technique; 2] = [Technique::SecurityEraseEnhanced, Technique::SecurityEraseNormal];

/// Asks until it is over.
fn outcome(firmware: &mut AtaFirmware<Host>, log: &mut Notes) -> Standing {
    loop {
        match firmware.standing(log) {
            Standing::InProgress { .. } => std::thread::yield_now(),
            over => return over,
        }
    }
}

#[test]
fn a_good_drive_has_everything() {
    let bench = Bench::new("rotational = true");
    let capabilities = probed(&bench, Attachment::Host);
    for technique in SANITIZES.iter().chain(&ERASES) {
        assert_eq!(support(&capabilities, *technique), &Support::Present, "{technique}");
    }
    assert_eq!(support(&capabilities, Technique::TcgRevert), &Support::Absent);
    assert!(capabilities.hidden.iter().all(|one| one.found == Found::Nothing), "{:?}", capabilities.hidden);
    assert_eq!((capabilities.hidden.len(), capabilities.obstacles), (3, Vec::new()));
}

#[test]
fn every_technique_erases() {
    for technique in SANITIZES {
        let bench = Bench::new("");
        let (mut firmware, mut log) = (bench.firmware(), Notes::default());
        assert_eq!(firmware.prepare(&mut log).standing, Standing::Never);
        assert_eq!(firmware.begin(technique, &mut log), Begun::Accepted { estimate_s: None });
        assert_eq!(outcome(&mut firmware, &mut log), Standing::Completed);
        assert_eq!(firmware.settle(technique, &mut log), Settled::default());
        assert_eq!(bench.customer_blocks(), 0, "{technique}");
    }
    for technique in ERASES {
        let bench = Bench::new("");
        let (mut firmware, mut log) = (bench.firmware(), Notes::default());
        firmware.prepare(&mut log);
        assert_eq!(firmware.begin(technique, &mut log), Begun::Completed);
        assert_eq!(firmware.settle(technique, &mut log), Settled::default());
        assert_eq!(bench.customer_blocks(), 0, "{technique}");
        let names = log.names();
        let erase = names.iter().rposition(|name| name.starts_with("SECURITY ERASE UNIT")).unwrap();
        // Each change is noted before and after, and nothing comes between prepare and erase.
        let expected = [
            "SECURITY SET PASSWORD",
            "IDENTIFY DEVICE",
            "SECURITY ERASE PREPARE",
            "SECURITY ERASE PREPARE",
            names[erase],
        ];
        assert_eq!(names[erase - 5..erase], expected);
    }
}

#[test]
fn without_registers_no_firmware_command_is_to_be_had() {
    for fault in ["drops-registers = \"absent\"", "drops-registers = \"zeros\"", "drops-sense = true"] {
        let bench = Bench::new(&format!("faults.{fault}"));
        let capabilities = probed(&bench, Attachment::Host);
        for technique in SANITIZES.iter().chain(&ERASES) {
            assert!(is_blocked(&capabilities, *technique, "does not return the drive's registers"), "{fault}");
        }
        let (mut firmware, mut log) = (bench.firmware(), Notes::default());
        let prepared = firmware.prepare(&mut log);
        for hidden in [&capabilities.hidden, &prepared.hidden] {
            assert!(matches!(found(hidden, Area::HostProtectedArea), Found::Unknown(_)), "{fault}");
            assert!(matches!(found(hidden, Area::DeviceConfigurationOverlay), Found::Unknown(_)), "{fault}");
            assert_eq!(found(hidden, Area::AccessibleMaxAddress), &Found::Nothing, "{fault}: the drive has no AMAC");
        }
        assert!(matches!(prepared.standing, Standing::Unknown { .. }), "{fault}");
        assert!(matches!(firmware.begin(Technique::SanitizeBlockErase, &mut log), Begun::Refused { .. }), "{fault}");
        assert!(matches!(firmware.standing(&mut log), Standing::Unknown { .. }), "{fault}");
        assert_eq!(bench.customer_blocks(), 2048);
    }
}

/// Its IDENTIFY DEVICE comes through, whatever becomes of the registers.
#[test]
fn a_drive_that_cannot_hide_anything_need_not_be_asked() {
    let bench = Bench::new("ata.hiding = \"none\"\nfaults.drops-registers = \"absent\"");
    let prepared = bench.firmware().prepare(&mut Notes::default());
    assert!(prepared.hidden.len() == 3 && prepared.hidden.iter().all(|one| one.found == Found::Nothing));
    let bench = Bench::new("ata.hiding = \"amac\"\nfaults.drops-registers = \"absent\"");
    let prepared = bench.firmware().prepare(&mut Notes::default());
    assert!(matches!(found(&prepared.hidden, Area::AccessibleMaxAddress), Found::Unknown(_)));
    assert_eq!(found(&prepared.hidden, Area::HostProtectedArea), &Found::Nothing);
}

#[test]
fn fixed_format_has_no_room_for_the_sanitize_status() {
    let bench = Bench::new("faults.fixed-sense = true");
    let capabilities = probed(&bench, Attachment::Host);
    assert!(SANITIZES.iter().all(|technique| is_blocked(&capabilities, *technique, "fixed format")));
    assert!(ERASES.iter().all(|technique| *support(&capabilities, *technique) == Support::Present));
}

#[test]
fn only_the_erase_is_waited_for_long() {
    let bench = Bench::new("");
    let mut firmware = bench.firmware();
    assert_eq!(firmware.begin(Technique::SecurityEraseNormal, &mut Notes::default()), Begun::Completed);
    let Host { sent, timeouts_ms, .. } = &firmware.link.channel;
    for ((command, _), timeout_ms) in sent.iter().zip(timeouts_ms) {
        // Word 89 is 1: 2 minutes, an hour more, and half as much again.
        assert_eq!(*timeout_ms, if *command == 0xF4 { 5_580_000 } else { 15_000 }, "{command:02X}h");
    }
}

#[test]
fn what_is_swallowed_on_the_way_is_no_success() {
    for command in [0xF1, 0xF3, 0xF4, 0xB4] {
        let bench = Bench::new("");
        let mut firmware = bench.firmware();
        firmware.link.channel.swallows = Some(command);
        let mut log = Notes::default();
        let technique = if command == 0xB4 { Technique::SanitizeBlockErase } else { Technique::SecurityEraseNormal };
        let begun = firmware.begin(technique, &mut log);
        match command {
            0xF1 | 0xF3 => assert!(matches!(begun, Begun::Refused { .. }), "{begun:?}"),
            0xF4 => assert!(matches!(begun, Begun::Failed { .. }), "{begun:?}"),
            _ => assert!(matches!(begun, Begun::Lost { .. }), "{begun:?}"),
        }
        assert_eq!(firmware.prepare(&mut log).obstacle, None, "there is no password left");
        assert_eq!(bench.customer_blocks(), 2048);
    }
}

#[test]
fn no_security_erase_over_usb() {
    let bench = Bench::new("");
    let capabilities = probed(&bench, Attachment::UsbBridge);
    assert!(ERASES.iter().all(|technique| is_blocked(&capabilities, *technique, "USB")));
    assert!(SANITIZES.iter().all(|technique| *support(&capabilities, *technique) == Support::Present));
    let mut firmware = AtaFirmware::new(bench.host(), Attachment::UsbBridge, None, None);
    let begun = firmware.begin(Technique::SecurityEraseNormal, &mut Notes::default());
    assert!(matches!(begun, Begun::Refused { .. }));
    assert!(!firmware.link.channel.sent.iter().any(|(command, _)| matches!(command, 0xF1..=0xF6)));
}

#[test]
fn a_frozen_drive_still_sanitizes() {
    let bench = Bench::new("faults.frozen = true");
    let capabilities = probed(&bench, Attachment::Host);
    assert!(ERASES.iter().all(|technique| is_blocked(&capabilities, *technique, "suspend and wake")));
    assert_eq!(capabilities.obstacles, [Obstacle::Frozen]);
    let (mut firmware, mut log) = (bench.firmware(), Notes::default());
    assert_eq!(firmware.prepare(&mut log).obstacle, Some(Obstacle::Frozen));
    assert!(matches!(firmware.begin(Technique::SecurityEraseEnhanced, &mut log), Begun::Refused { .. }));
    assert!(matches!(firmware.begin(Technique::SanitizeBlockErase, &mut log), Begun::Accepted { .. }));
    assert_eq!(outcome(&mut firmware, &mut log), Standing::Completed);
    let bench = Bench::new("faults.sanitize-frozen = true");
    let capabilities = probed(&bench, Attachment::Host);
    assert!(SANITIZES.iter().all(|technique| is_blocked(&capabilities, *technique, "frozen")));
    let begun = bench.firmware().begin(Technique::SanitizeBlockErase, &mut log);
    assert!(matches!(begun, Begun::Refused { why } if why.contains("frozen")));
}

#[test]
fn an_unknown_password_stays_and_is_tried_once() {
    let bench = Bench::new("faults.security-locked = true");
    assert_eq!(probed(&bench, Attachment::Host).obstacles, [Obstacle::Locked]);
    let (mut firmware, mut log) = (bench.firmware(), Notes::default());
    assert_eq!(firmware.prepare(&mut log).obstacle, Some(Obstacle::Locked));
    assert_eq!(firmware.link.channel.sent.iter().filter(|(command, _)| *command == 0xF2).count(), 1);
    assert!(matches!(firmware.begin(Technique::SecurityEraseNormal, &mut log), Begun::Refused { .. }));
    assert_eq!(bench.customer_blocks(), 2048);
}

#[test]
fn a_power_cut_fails_the_erase_and_leaves_no_password() {
    let mut bench = Bench::new("");
    bench.spec.sanitize_s = 3600.0;
    let mut firmware = bench.firmware();
    firmware.link.channel.cuts_power = true;
    let begun = firmware.begin(Technique::SecurityEraseEnhanced, &mut Notes::default());
    let expected = "SECURITY ERASE UNIT: a reset interrupted it. It is left without a password.";
    assert_eq!(begun, Begun::Failed { why: expected.to_owned() });
    assert_eq!(bench.customer_blocks(), 2048);
}

#[test]
fn a_password_of_an_interrupted_run_is_taken_away() {
    let bench = Bench::new("");
    let (mut firmware, mut log) = (bench.firmware(), Notes::default());
    let (taskfile, block) = purgeproof_spec::ata::security::set_password(
        purgeproof_spec::ata::security::NewPassword::User(purgeproof_spec::ata::security::Level::High),
        b"PurgeProof\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
    );
    let set = link::Command::new("SECURITY SET PASSWORD", taskfile);
    assert_eq!(firmware.link.change(&set, Some(&block), &mut log), Reply::Transferred);
    firmware.link.channel.device.power_off();
    firmware.link.channel.device.power_on();
    let prepared = firmware.prepare(&mut log);
    assert_eq!(prepared.obstacle, None);
    assert_eq!(firmware.begin(Technique::SecurityEraseNormal, &mut log), Begun::Completed);
}

#[test]
fn hidden_areas_are_opened_and_erased() {
    // 100h blocks of 512 bytes behind each.
    let bench = Bench::new("faults.hpa-blocks = 256\nfaults.dco-blocks = 256");
    let closed = Found::Closed { size: Bytes(0x2_0000) };
    let capabilities = probed(&bench, Attachment::Host);
    assert_eq!(found(&capabilities.hidden, Area::HostProtectedArea), &closed);
    assert_eq!(found(&capabilities.hidden, Area::DeviceConfigurationOverlay), &closed);
    assert_eq!(found(&capabilities.hidden, Area::AccessibleMaxAddress), &Found::Nothing);
    let (mut firmware, mut log) = (bench.firmware(), Notes::default());
    let prepared = firmware.prepare(&mut log);
    let opened = Found::Opened { size: Bytes(0x2_0000) };
    assert_eq!(found(&prepared.hidden, Area::HostProtectedArea), &opened);
    assert_eq!(found(&prepared.hidden, Area::DeviceConfigurationOverlay), &opened);
    assert_eq!(prepared.capacity, Some(Bytes(1 << 20)));
    assert_eq!(firmware.prepare(&mut log).capacity, None, "there is nothing left to open");
    assert_eq!(firmware.begin(Technique::SecurityEraseNormal, &mut log), Begun::Completed);
    assert_eq!(bench.customer_blocks(), 0);
}

#[test]
fn the_accessible_maximum_is_raised() {
    let bench = Bench::new("ata.hiding = \"amac\"\nfaults.amac-blocks = 256");
    let prepared = bench.firmware().prepare(&mut Notes::default());
    assert_eq!(found(&prepared.hidden, Area::AccessibleMaxAddress), &Found::Opened { size: Bytes(0x2_0000) });
    assert_eq!(found(&prepared.hidden, Area::HostProtectedArea), &Found::Nothing);
    assert_eq!(prepared.capacity, Some(Bytes(1 << 20)));
}

#[test]
fn an_area_that_stays_closed_is_said_to_be() {
    for fault in ["refuses", "silently-ignores"] {
        let bench = Bench::new(&format!("faults.hpa-blocks = 256\nfaults.{fault} = [\"set-max\"]"));
        let prepared = bench.firmware().prepare(&mut Notes::default());
        assert_eq!(found(&prepared.hidden, Area::HostProtectedArea), &Found::Closed { size: Bytes(0x2_0000) });
        assert_eq!(prepared.capacity, None);
    }
}

#[test]
fn a_failed_sanitize_is_no_success_and_can_be_asked_again() {
    let bench = Bench::new("faults.fail-at-percent = 40");
    let (mut firmware, mut log) = (bench.firmware(), Notes::default());
    assert!(matches!(firmware.begin(Technique::SanitizeBlockErase, &mut log), Begun::Accepted { .. }));
    assert!(matches!(outcome(&mut firmware, &mut log), Standing::Failed { .. }));
    assert!(!firmware.settle(Technique::SanitizeBlockErase, &mut log).problems.is_empty());
    assert_eq!(firmware.prepare(&mut log).obstacle, Some(Obstacle::SanitizeFailed));
    assert!(matches!(firmware.begin(Technique::SanitizeBlockErase, &mut log), Begun::Accepted { .. }));
}

#[test]
fn a_running_sanitize_is_seen() {
    let mut bench = Bench::new("");
    bench.spec.sanitize_s = 3600.0;
    let (mut firmware, mut log) = (bench.firmware(), Notes::default());
    assert!(matches!(firmware.begin(Technique::SanitizeBlockErase, &mut log), Begun::Accepted { .. }));
    let noted = log.0.len();
    for _ in 0..3 {
        assert!(matches!(firmware.standing(&mut log), Standing::InProgress { progress: Some(0..=99) }));
    }
    assert_eq!(log.0.len(), noted + 1, "the same standing is noted once");
    let capabilities = probe(&mut firmware.link.channel, Attachment::Host, None);
    assert_eq!(capabilities.obstacles, [Obstacle::Sanitizing]);
    let prepared = firmware.prepare(&mut log);
    assert!(matches!(prepared.standing, Standing::InProgress { .. }));
    assert_eq!((prepared.obstacle, prepared.capacity), (Some(Obstacle::Sanitizing), None));
}

#[test]
fn what_is_refused_or_ignored_is_told_apart() {
    let mut log = Notes::default();
    let refusing = Bench::new("faults.refuses = [\"sanitize\", \"security-erase\"]");
    let mut firmware = refusing.firmware();
    assert!(matches!(firmware.begin(Technique::SanitizeBlockErase, &mut log), Begun::Refused { .. }));
    assert!(matches!(firmware.begin(Technique::SecurityEraseNormal, &mut log), Begun::Failed { .. }));
    assert_eq!(firmware.prepare(&mut log).obstacle, None, "the password is off again");
    let ignoring = Bench::new("faults.silently-ignores = [\"sanitize\", \"security-erase\"]");
    let mut firmware = ignoring.firmware();
    assert!(matches!(firmware.begin(Technique::SanitizeBlockErase, &mut log), Begun::Accepted { .. }));
    assert_eq!(firmware.standing(&mut log), Standing::Never);
    // The drive says that it is done, and still has the password.
    assert!(matches!(firmware.begin(Technique::SecurityEraseNormal, &mut log), Begun::Failed { .. }));
}

#[test]
fn a_drive_that_is_gone_is_gone() {
    let mut bench = Bench::new("faults.vanish-at-percent = 0");
    bench.spec.sanitize_s = 3600.0;
    let (mut firmware, mut log) = (bench.firmware(), Notes::default());
    firmware.begin(Technique::SanitizeBlockErase, &mut log);
    assert_eq!(firmware.standing(&mut log), Standing::Gone);
    assert!(matches!(firmware.begin(Technique::SanitizeBlockErase, &mut log), Begun::Lost { .. }));
    assert_eq!(firmware.prepare(&mut log).standing, Standing::Gone);
}

#[test]
fn another_drive_is_not_erased() {
    let bench = Bench::new("");
    let mut firmware = AtaFirmware::new(bench.host(), Attachment::Host, Some("PP0002".to_owned()), None);
    let begun = firmware.begin(Technique::SanitizeBlockErase, &mut Notes::default());
    assert!(matches!(begun, Begun::Lost { why } if why.contains("PP0001")));
    assert!(!firmware.link.channel.sent.iter().any(|(command, _)| *command == 0xB4));
}

#[test]
fn health_is_read_from_attributes_and_statistics() {
    let lines = "temperature-c = 41\nata.reallocated = 7\nata.pending = 2\nfaults.unreadable = [\"16..17\"]";
    let health = Bench::new(lines).firmware().health(&mut Notes::default());
    let expected = Health {
        temperature_c: Some(41),
        limit_c: None,
        reallocated: Some(7),
        pending: Some(3),
        media_errors: Some(3),
        used_percent: Some(3),
    };
    assert_eq!(health, expected);
}

#[test]
fn a_revert_needs_the_psid_and_gives_it_to_nobody_else() {
    let bench = Bench::new("tcg.psid = \"PSID5678901234567890123456789012\"\ntcg.owned = true");
    let capabilities = probed(&bench, Attachment::Host);
    assert!(is_blocked(&capabilities, Technique::TcgRevert, "PSID"));
    assert!(capabilities.encrypts_all);
    let psid = crate::tcg::tests::psid("PSID5678901234567890123456789012").unwrap();
    let capabilities = probe(&mut bench.host(), Attachment::Host, Some(&psid));
    assert_eq!(support(&capabilities, Technique::TcgRevert), &Support::Present);
    let mut firmware = AtaFirmware::new(bench.host(), Attachment::Host, None, Some(psid));
    let mut log = Notes::default();
    firmware.prepare(&mut log);
    assert_eq!(firmware.begin(Technique::TcgRevert, &mut log), Begun::Completed);
    assert_eq!(firmware.settle(Technique::TcgRevert, &mut log), Settled::default());
    assert_eq!(bench.customer_blocks(), 0);
    let secret = b"PSID5678901234567890123456789012";
    let is_told = |exchange: &Exchange| {
        exchange.data_out.as_ref().is_some_and(|data| data.0.windows(secret.len()).any(|window| window == secret))
    };
    assert!(!log.0.iter().any(is_told));
    let refused = AtaFirmware::new(bench.host(), Attachment::Host, None, None).begin(Technique::TcgRevert, &mut log);
    assert!(matches!(refused, Begun::Refused { .. }));
}
