//! A device of 7634944 sectors with two boot partitions of 128 KiB, played command by command.

use std::collections::HashMap;

use nix::errno::Errno;
use purgeproof_core::capability::{Area, Found, Hidden, Obstacle, Support};
use purgeproof_core::firmware::{Begun, Exchange, Firmware, Health, Standing, Transcript};
use purgeproof_core::technique::Technique::{EraseAndSanitize, SecureErase};
use purgeproof_core::units::Bytes;
use purgeproof_spec::mmc::{Partition, Status};

use super::{MmcChannel, MmcFirmware, Registers, Step, probe};
use crate::channel::ChannelError;

/// Ready, in transfer state.
const GOOD: u32 = 0x0000_0900;

struct Card {
    register: [u8; 512],
    /// The partition that is addressed.
    access: u8,
    boot: [Vec<u8>; 2],
    /// Every command: index and argument.
    heard: Vec<(u8, u32)>,
    /// The partition of each call, and how many commands there were in it.
    calls: Vec<(Partition, usize)>,
    /// What a command is answered with in place of [`GOOD`], by its place among all commands.
    statuses: HashMap<usize, Option<u32>>,
    /// The call at which the way to the device fails, and how.
    fails: Option<(usize, ChannelError)>,
    /// Linux' switch to another partition comes to nothing.
    keeps_access: bool,
    /// The partition that no command gets to.
    barred: Option<Partition>,
}

impl Card {
    fn new() -> Self {
        let mut register = [0; 512];
        // PARTITION_CONFIG 48h; erased memory reads FFh; 5.1; 00748000h sectors; groups of 512 KiB; boot 1 x 128 KiB; RPMB 4 x 128 KiB;
        // secure erase, trim and sanitize; life time 30 % and 10 %.
        for (at, value) in [
            (168, 0x04),
            (179, 0x48),
            (181, 0x01),
            (192, 0x08),
            (213, 0x80),
            (214, 0x74),
            (223, 0x01),
            (224, 0x01),
            (226, 0x01),
            (230, 0x01),
            (231, 0x55),
            (267, 0x01),
            (268, 0x03),
            (269, 0x01),
        ] {
            register[at] = value;
        }
        Self {
            register,
            access: 0,
            boot: [vec![b'a'; 131_072], vec![b'b'; 131_072]],
            heard: Vec::new(),
            calls: Vec::new(),
            statuses: HashMap::new(),
            fails: None,
            keeps_access: false,
            barred: None,
        }
    }

    fn with(mut self, at: usize, value: u8) -> Self {
        self.register[at] = value;
        self
    }

    fn answering(mut self, place: usize, status: Option<u32>) -> Self {
        self.statuses.insert(place, status);
        self
    }

    fn data(&self, index: u8, argument: u32, into: &mut [u8]) {
        match (index, self.access) {
            (8, _) => {
                into.copy_from_slice(&self.register);
                into[179] |= self.access;
            }
            (18, access @ (1 | 2)) => {
                let start = argument as usize * 512;
                into.copy_from_slice(&self.boot[usize::from(access) - 1][start..start + into.len()]);
            }
            _ => into.fill(0xFF),
        }
    }

    fn command(&mut self, index: u8) {
        if index == 38 && (self.access == 1 || self.access == 2) {
            self.boot[usize::from(self.access) - 1].fill(0xFF);
        }
    }
}

impl MmcChannel for Card {
    fn execute(&mut self, partition: Partition, steps: &mut [Step<'_>]) -> Result<(), ChannelError> {
        assert_ne!(Some(partition), self.barred);
        if let Some((_, error)) = self.fails.filter(|(call, _)| *call == self.calls.len()) {
            return Err(error);
        }
        self.calls.push((partition, steps.len()));
        self.access = if self.keeps_access { 0 } else { partition as u8 };
        for step in steps {
            let (index, argument) = (step.command.index, step.command.argument);
            let place = self.heard.len();
            self.heard.push((index, argument));
            self.command(index);
            self.data(index, argument, step.into);
            let is_sanitize = (index, argument) == (6, 0x03A5_0101);
            let usual = if is_sanitize { None } else { Some(GOOD) };
            step.status = self.statuses.get(&place).copied().unwrap_or(usual).map(Status);
        }
        Ok(())
    }

    fn barrier(&self, partition: Partition) -> Option<&str> {
        self.barred.filter(|barred| *barred == partition).map(|_| "Linux shows no disk mmcblk0boot1")
    }
}

#[derive(Default)]
struct Log(Vec<Exchange>);

impl Transcript for Log {
    fn note(&mut self, exchange: Exchange) {
        self.0.push(exchange);
    }
}

fn firmware(card: Card) -> MmcFirmware<Card> {
    MmcFirmware::new(card, Registers::default())
}

fn begun(card: Card) -> (Begun, Card) {
    let mut firmware = firmware(card);
    let begun = firmware.begin(EraseAndSanitize, &mut Log::default());
    (begun, firmware.channel)
}

/// What a boot partition of 256 sectors hears.
const BOOT: [(u8, u32); 5] = [(8, 0), (35, 0), (36, 0xFF), (38, 0), (13, 0x0001_0000)];

#[test]
fn every_partition_is_erased_by_its_own_disk_and_then_the_device_sanitized() {
    let (begun, card) = begun(Card::new());
    assert_eq!(begun, Begun::Completed);
    let mut expected = vec![(8, 0), (13, 0x0001_0000), (6, 0x03AF_0101), (13, 0x0001_0000)];
    expected.extend([(8, 0), (35, 0), (36, 0x0074_7FFF), (38, 0), (13, 0x0001_0000)]);
    expected.extend(BOOT);
    expected.extend(BOOT);
    expected.extend([(6, 0x03A5_0101), (13, 0x0001_0000)]);
    assert_eq!(card.heard, expected);
    let user = |count| (Partition::User, count);
    let boot = [(Partition::Boot1, 5), (Partition::Boot2, 5)];
    assert_eq!(card.calls, [&[user(1), user(1), user(2), user(5)][..], &boot, &[user(1), user(1)]].concat());
    assert!(card.boot.iter().flatten().all(|byte| *byte == 0xFF));
}

#[test]
fn general_purpose_partitions_are_erased_and_read_back_like_boot_partitions() {
    // The first and the fourth: 16 x 1 x 512 KiB are 4000h sectors. No boot partitions.
    let card = Card::new().with(143, 1).with(152, 1).with(221, 16).with(226, 0);
    let mut firmware = firmware(card);
    assert_eq!(firmware.begin(EraseAndSanitize, &mut Log::default()), Begun::Completed);
    let erased = [(Partition::GeneralPurpose1, 5), (Partition::GeneralPurpose4, 5)];
    assert_eq!(firmware.channel.calls[4..6], erased);
    assert_eq!(firmware.channel.heard[9..14], [(8, 0), (35, 0), (36, 0x3FFF), (38, 0), (13, 0x0001_0000)]);
    firmware.channel.calls.clear();
    assert_eq!(firmware.settle(EraseAndSanitize, &mut Log::default()).problems, [""; 0]);
    let reads = |partition| firmware.channel.calls.iter().filter(|call| **call == (partition, 3)).count();
    assert_eq!(erased.map(|(partition, _)| reads(partition)), [128, 128], "64 KiB each");
}

#[test]
fn a_secure_erase_is_another_argument_and_no_sanitize_and_groups_in_force_are_left() {
    let mut firmware = firmware(Card::new().with(175, 1).with(226, 0));
    assert_eq!(firmware.begin(SecureErase, &mut Log::default()), Begun::Completed);
    let status = (13, 0x0001_0000);
    let erase = [(8, 0), (35, 0), (36, 0x0074_7FFF), (38, 0x8000_0000)];
    assert_eq!(firmware.channel.heard, [&[(8, 0), status][..], &erase, &[status, status]].concat());
}

#[test]
fn commands_that_change_the_device_are_noted_before_they_are_sent() {
    let mut log = Log::default();
    firmware(Card::new()).begin(EraseAndSanitize, &mut log);
    let names: Vec<_> = log.0.iter().map(|entry| (entry.command.as_str(), entry.answer.is_some())).collect();
    let user = "ERASE of the user area: CMD8, CMD35, CMD36, CMD38, CMD13";
    let at = names.iter().position(|name| *name == (user, false)).unwrap();
    assert_eq!(names[at + 1], (user, true));
    let sent = b"\x08\0\0\0\0\x23\0\0\0\0\x24\0\x74\x7F\xFF\x26\0\0\0\0\x0D\0\x01\0\0";
    assert_eq!(log.0[at].sent.0, sent);
    assert_eq!(log.0[at + 1].answer.as_ref().unwrap().raw.0, b"\0\0\x09\0".repeat(5));
    let sanitize = "SWITCH, SANITIZE_START: CMD6";
    assert_eq!(names.iter().filter(|(name, _)| *name == sanitize).count(), 2);
    assert_eq!(log.0[0].answer.as_ref().unwrap().data_in.as_ref().unwrap().0.len(), 512);
}

#[test]
fn an_error_bit_in_any_response_ends_it() {
    // The eighth command is CMD38 of the user area: WP_VIOLATION.
    let (refused, _) = begun(Card::new().answering(7, Some(0x0400_0900)));
    assert_eq!(refused, Begun::Refused { why: "CMD38: WP_VIOLATION".into() });
    // Protected groups were skipped: the others were not.
    let (failed, _) = begun(Card::new().answering(8, Some(0x0000_8900)));
    assert_eq!(failed, Begun::Failed { why: "CMD13: WP_ERASE_SKIP".into() });
    // CMD36 of boot partition 1, when the user area is erased already.
    let (failed, card) = begun(Card::new().answering(11, Some(0x0800_0900)));
    assert_eq!(failed, Begun::Failed { why: "CMD36: ERASE_PARAM".into() });
    assert_eq!(card.heard.len(), 14, "nothing after it");
    // The last status: the sanitize left an error.
    let (failed, _) = begun(Card::new().answering(20, Some(0x0008_0900)));
    assert_eq!(failed, Begun::Failed { why: "CMD13: ERROR".into() });
}

#[test]
fn a_partition_that_was_not_addressed_was_not_erased() {
    let (failed, card) = begun(Card { keeps_access: true, ..Card::new() });
    assert!(matches!(failed, Begun::Failed { why } if why.contains("boot partition 1 was not addressed")));
    assert_eq!(card.boot[0][0], b'a');
}

#[test]
fn a_small_device_is_asked_what_addresses_count() {
    // 20480 sectors (5000h): the last one is at byte 9FFE00h.
    let small = || Card::new().with(214, 0).with(213, 0x50).with(226, 0);
    let (begun, card) = self::begun(small());
    assert_eq!(begun, Begun::Completed);
    assert_eq!(card.heard[4..9], [(35, 0x009F_FE00), (13, 0x0001_0000), (8, 0), (35, 0), (36, 0x009F_FE00)]);
    // ADDRESS_OUT_OF_RANGE.
    let (begun, card) = self::begun(small().answering(4, Some(0x8000_0900)));
    assert_eq!(begun, Begun::Completed);
    assert_eq!(card.heard[7..9], [(35, 0), (36, 0x4FFF)]);
    assert!(matches!(self::begun(small().answering(5, None)).0, Begun::Lost { .. }));
    assert!(matches!(self::begun(small().answering(4, Some(0x0040_0900))).0, Begun::Refused { .. }));
}

#[test]
fn no_response_is_no_success() {
    let (lost, _) = begun(Card::new().answering(7, None));
    assert_eq!(lost, Begun::Lost { why: "no response to CMD38 was handed on".into() });
    // Still programming after the sanitize.
    let (lost, _) = begun(Card::new().answering(20, Some(0x0000_0E00)));
    assert!(matches!(lost, Begun::Lost { .. }));
    let failing =
        |call, errno: Errno| begun(Card { fails: Some((call, ChannelError::Kernel(errno))), ..Card::new() }).0;
    assert!(matches!(failing(3, Errno::ETIMEDOUT), Begun::Lost { .. }));
    assert!(matches!(failing(6, Errno::ETIMEDOUT), Begun::Lost { .. }));
    assert_eq!(failing(6, Errno::EBADMSG), Begun::Failed { why: "SANITIZE_START: SWITCH_ERROR".into() });
    assert!(matches!(begun(Card::new().with(214, 0).with(213, 0)).0, Begun::Lost { .. }), "a register without a size");
}

fn boot_partitions(card: Card) -> (Found, MmcFirmware<Card>) {
    let mut firmware = firmware(card);
    let hidden = firmware.prepare(&mut Log::default()).hidden;
    assert_eq!(hidden[0].area, Area::BootPartitions);
    assert_eq!(firmware.begin(EraseAndSanitize, &mut Log::default()), Begun::Completed);
    assert!(firmware.settle(EraseAndSanitize, &mut Log::default()).problems.is_empty());
    (hidden[0].found.clone(), firmware)
}

#[test]
fn what_is_write_protected_is_left_and_said_to_be_left() {
    let (found, firmware) = boot_partitions(Card::new().with(174, 0x01));
    let why = "262144 bytes: the boot partition 1 is not erased, because it is write protected";
    assert_eq!(found, Found::Unknown(why.into()));
    assert_eq!((firmware.channel.boot[0][0], firmware.channel.boot[1][0]), (b'a', 0xFF));
}

#[test]
fn a_partition_that_no_command_gets_to_is_left_and_said_to_be_left() {
    let (found, firmware) = boot_partitions(Card { barred: Some(Partition::Boot2), ..Card::new() });
    let why = "262144 bytes: the boot partition 2 is not erased, because Linux shows no disk mmcblk0boot1";
    assert_eq!(found, Found::Unknown(why.into()));
    assert_eq!((firmware.channel.boot[0][0], firmware.channel.boot[1][0]), (0xFF, b'b'));
    let nowhere =
        probe(&mut Card { barred: Some(Partition::Boot2), ..Card::new().with(226, 0) }, &Registers::default());
    assert_eq!(nowhere.hidden[0].found, Found::Nothing, "a partition that is not there is not missed");
}

#[test]
fn a_protection_that_comes_in_between_is_no_excuse() {
    let mut firmware = firmware(Card::new());
    firmware.prepare(&mut Log::default());
    firmware.channel.register[174] = 0x05;
    let problems = firmware.settle(EraseAndSanitize, &mut Log::default()).problems;
    assert_eq!(problems, ["The write protection of the boot partitions has changed during the erase."]);
}

#[test]
fn probing_reads_two_registers_and_lists_every_area() {
    let mut card = Card::new();
    let capabilities = probe(&mut card, &Registers::default());
    assert_eq!(card.heard, [(8, 0), (13, 0x0001_0000)]);
    assert_eq!(capabilities.techniques, [(EraseAndSanitize, Support::Present), (SecureErase, Support::Present)]);
    let closed = |area, size| Hidden { area, found: Found::Closed { size: Bytes(size) } };
    let nothing = Hidden { area: Area::GeneralPurposePartitions, found: Found::Nothing };
    let expected = [closed(Area::BootPartitions, 262_144), nothing, closed(Area::ReplayProtectedMemory, 524_288)];
    assert_eq!(capabilities.hidden, expected);
    assert_eq!(capabilities.obstacles, []);
    // Two partitions of 16 x 1 x 512 KiB.
    let general = probe(&mut Card::new().with(143, 1).with(146, 1).with(221, 16), &Registers::default()).hidden;
    assert_eq!(general[1], closed(Area::GeneralPurposePartitions, 16_777_216));
    let old = probe(&mut Card::new().with(231, 0x10), &Registers::default()).techniques;
    assert_eq!(old, [(EraseAndSanitize, Support::Absent), (SecureErase, Support::Absent)]);
}

#[test]
fn what_cannot_be_read_is_unknown() {
    let mut card = Card { fails: Some((0, ChannelError::Kernel(Errno::ETIMEDOUT))), ..Card::new() };
    let capabilities = probe(&mut card, &Registers::default());
    assert!(capabilities.techniques.iter().all(|(_, support)| matches!(support, Support::Unknown(_))));
    assert!(
        capabilities.hidden.len() == 3 && capabilities.hidden.iter().all(|one| matches!(one.found, Found::Unknown(_)))
    );
    let nothing_came = probe(&mut Card { register: [0xA5; 512], ..Card::new() }, &Registers::default());
    assert!(matches!(&nothing_came.techniques[0].1, Support::Unknown(why) if why.contains("no size")));
}

#[test]
fn protection_passwords_and_faulty_models_are_known() {
    let csd = "d00f00320f5903ffffffffef8e401000";
    let protected = Registers::new(None, Some(csd));
    assert_eq!(probe(&mut Card::new(), &protected).obstacles, [Obstacle::WriteProtected]);
    let free = Registers::new(None, Some("d00f00320f5903ffffffffef8e400000\n"));
    assert_eq!(probe(&mut Card::new(), &free).obstacles, []);
    let locked = probe(&mut Card::new().answering(1, Some(0x0200_0900)), &free).obstacles;
    assert_eq!(locked, [Obstacle::Locked]);
    // Samsung "VYL00M".
    let faulty = Registers::new(Some("15010056594c30304d19bee4b0f3c7a1"), None);
    let support = &probe(&mut Card::new(), &faulty).techniques[1].1;
    assert!(matches!(support, Support::Blocked(_)));
    assert!(!Registers::new(Some("zz"), Some("")).breaks_on_secure_erase());
}

#[test]
fn settled_is_a_device_whose_partitions_read_as_erased() {
    let mut firmware = firmware(Card::new());
    let prepared = firmware.prepare(&mut Log::default());
    assert_eq!(prepared.standing, Standing::Never);
    assert_eq!(prepared.health, Health { used_percent: Some(30), ..Health::default() });
    firmware.begin(EraseAndSanitize, &mut Log::default());
    let mut log = Log::default();
    assert_eq!(firmware.settle(EraseAndSanitize, &mut log).problems, [""; 0]);
    assert_eq!(log.0.len(), 3, "the register, and the last read of each boot partition");
    assert_eq!(log.0[1].sent.0, b"\x08\0\0\0\0\x17\0\0\0\x80\x12\0\0\0\x80");
    firmware.channel.boot[1][513] = 0x00;
    let problems = firmware.settle(EraseAndSanitize, &mut Log::default()).problems;
    assert_eq!(problems, ["The boot partition 2 is not erased: sector 1 does not hold FFh."]);
    firmware.channel.boot[1].fill(0xFF);
    firmware.channel.register[213] = 0x81;
    let problems = firmware.settle(EraseAndSanitize, &mut Log::default()).problems;
    assert_eq!(problems, ["The device has 7635200 sectors in place of 7634944."]);
}

#[test]
fn a_device_at_work_is_not_idle_and_one_that_is_gone_is_gone() {
    let standing = |card: Card| firmware(card).standing(&mut Log::default());
    assert_eq!(standing(Card::new()), Standing::Never);
    assert_eq!(standing(Card::new().answering(0, Some(0x0000_0E00))), Standing::InProgress { progress: None });
    assert!(matches!(standing(Card::new().answering(0, None)), Standing::Unknown { .. }));
    let failing = |error| standing(Card { fails: Some((0, error)), ..Card::new() });
    assert_eq!(failing(ChannelError::Gone(Errno::ENOMEDIUM)), Standing::Gone);
    assert!(matches!(failing(ChannelError::Kernel(Errno::EIO)), Standing::Unknown { .. }));
}
