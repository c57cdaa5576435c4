//! The controller is driven as a host does it: by registers, queues in memory and doorbells. Numbers are worked out from the specification.

use std::fs::File;

use super::*;
use crate::bytes::{le16, le32, put};
use crate::drive::tests::Bench;
use crate::host::tests::{machine, raised};

const DATA: u64 = 0x1_0000;
const SANITIZE: u8 = 0x84;
const FORMAT: u8 = 0x80;
/// Status codes as the tables have them, without the bit that says do not retry.
const IN_PROGRESS: u16 = 0x1d;
const FAILED: u16 = 0x1c;

struct Computer {
    controller: Controller,
    host: Host,
    vectors: Vec<File>,
    /// Commands sent, and completions seen, on the admin queue and the I/O queue.
    sent: [u32; 2],
    seen: [u32; 2],
}

impl Computer {
    fn new(bench: &Bench) -> Self {
        let (host, vectors) = machine(1 << 20, 2);
        let mut computer =
            Self { controller: Controller::new(bench.drive()), host, vectors, sent: [0; 2], seen: [0; 2] };
        computer.controller.power_on();
        computer.start();
        computer
    }

    /// AQA, ASQ, ACQ and CC.EN, then an I/O queue pair of 64 entries.
    fn start(&mut self) {
        (self.sent, self.seen) = ([0; 2], [0; 2]);
        self.host.write(0x2000, &[0; 0x3000]).unwrap();
        let mut write = |offset, value: u32| self.controller.write(&mut self.host, offset, &value.to_le_bytes());
        write(0x24, 0x003f_003f);
        write(0x28, 0x1000);
        write(0x30, 0x2000);
        write(0x14, 0x0046_0001);
        assert_eq!(self.register(0x1c) & 1, 1);
        assert_eq!(self.command(0x05, 0, 0x4000, &[(10, 0x003f_0001), (11, 0x0001_0003)]), 0);
        assert_eq!(self.command(0x01, 0, 0x3000, &[(10, 0x003f_0001), (11, 0x0001_0001)]), 0);
    }

    fn register(&mut self, offset: u64) -> u32 {
        let mut data = [0; 4];
        self.controller.read(&mut self.host, offset, &mut data);
        u32::from_le_bytes(data)
    }

    /// Sends a command to a queue; its completion, if there is one, is the next that is seen.
    fn send(&mut self, queue: usize, opcode: u8, nsid: u32, prp: u64, dwords: &[(usize, u32)]) {
        let mut entry = [0; 64];
        put(&mut entry, 0, &[opcode, 0, 0x34, 0x12]);
        put(&mut entry, 4, &nsid.to_le_bytes());
        put(&mut entry, 24, &prp.to_le_bytes());
        for (number, value) in dwords {
            put(&mut entry, number * 4, &value.to_le_bytes());
        }
        let base = [0x1000, 0x3000][queue];
        self.host.write(base + u64::from(self.sent[queue] % 64) * 64, &entry).unwrap();
        self.sent[queue] += 1;
        let tail = (self.sent[queue] % 64).to_le_bytes();
        self.controller.write(&mut self.host, 0x1000 + 8 * queue as u64, &tail);
    }

    /// Dword 0 and the status field of the next completion, if its phase tag says that it is there.
    fn completion(&mut self, queue: usize) -> Option<(u32, u16)> {
        let seen = self.seen[queue];
        let entry: [u8; 16] = self.host.array([0x2000, 0x4000][queue] + u64::from(seen % 64) * 16).unwrap();
        let phase = u16::from((seen / 64).is_multiple_of(2));
        if le16(&entry, 14) & 1 != phase {
            return None;
        }
        self.seen[queue] += 1;
        Some((le32(&entry, 0), le16(&entry, 14) >> 1 & 0x7ff))
    }

    fn command(&mut self, opcode: u8, nsid: u32, prp: u64, dwords: &[(usize, u32)]) -> u16 {
        self.send(0, opcode, nsid, prp, dwords);
        self.tick();
        self.completion(0).unwrap().1
    }

    fn sanitize(&mut self, dword_10: u32) -> u16 {
        self.command(SANITIZE, 0, 0, &[(10, dword_10)])
    }

    fn tick(&mut self) {
        PciDevice::tick(&mut self.controller, &mut self.host, Instant::now());
    }

    fn data(&self, length: usize) -> Vec<u8> {
        let mut data = vec![0; length];
        self.host.read(DATA, &mut data).unwrap();
        data
    }

    fn identify(&mut self, cns: u32, nsid: u32) -> Vec<u8> {
        assert_eq!(self.command(0x06, nsid, DATA, &[(10, cns)]), 0);
        self.data(4096)
    }

    fn log(&mut self, page: u32) -> Vec<u8> {
        assert_eq!(self.command(0x02, u32::MAX, DATA, &[(10, 127 << 16 | page)]), 0);
        self.data(512)
    }

    /// SPROG, SSTAT, SCDW10 and SSI.
    fn sanitize_log(&mut self) -> (u16, u16, u32, u8) {
        let page = self.log(0x81);
        (le16(&page, 0), le16(&page, 2), le32(&page, 4), page[36])
    }

    fn io(&mut self, opcode: u8, nsid: u32, lba: u32, blocks: u32) -> u16 {
        self.send(1, opcode, nsid, DATA, &[(10, lba), (12, blocks - 1)]);
        self.completion(1).unwrap().1
    }
}

#[test]
fn identify_says_who_and_what() {
    let bench = Bench::new(
        "nvme",
        "model = \"Drive\"\nnvme.purge-required = true\nnvme.rpmb-targets = 2\nnvme.boot-partition-units = 8",
    );
    let mut computer = Computer::new(&bench);
    let data = computer.identify(1, 0);
    assert_eq!(data[4..24], *b"PP0001              ");
    assert_eq!(data[24..30], *b"Drive ");
    // CES, BES, OWS, SPRRS, NODMMAS 01b.
    assert_eq!(le32(&data, 328), 0x4000_0027);
    assert_eq!((data[256], data[524], data[312]), (0x02, 0x04, 2));
    // CAP.BPS is bit 45; BPINFO.BPSZ is 1 MiB.
    assert_eq!((computer.register(4) >> 13 & 1, computer.register(0x40) & 0x7fff), (1, 8));
    let data = computer.identify(0, 1);
    assert_eq!((le32(&data, 0), data[26], data[130], data[134]), (2048, 0, 9, 12));
    assert_eq!(computer.identify(2, 0)[..8], [1, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(computer.identify(3, 1)[..4], [1, 8, 0, 0]);
    assert_eq!(computer.command(0x06, 0, DATA, &[(10, 0x77)]), 0x02);
    assert!(raised(&computer.vectors[0]) > 0);
}

#[test]
fn a_sanitize_erases_and_says_so() {
    for (dword_10, status) in [(2, 0x0101), (4, 0x0101), (0x33, 0x0119), (0x03, 0x0181)] {
        let bench = Bench::new("nvme", "");
        let mut computer = Computer::new(&bench);
        assert_eq!(computer.sanitize_log(), (0xffff, 0, 0, 0));
        assert_eq!(computer.sanitize(dword_10), 0);
        assert_eq!(computer.sanitize_log(), (0xffff, status, dword_10, 0), "{dword_10:x}");
        assert_eq!(bench.oracle().customer_blocks, 0);
        // A write ends Global Data Erased.
        assert_eq!(computer.io(1, 1, 0, 8), 0);
        assert_eq!(computer.sanitize_log().1, status & !0x100);
    }
}

#[test]
fn while_a_sanitize_runs_only_its_status_is_told() {
    let bench = Bench::new("nvme", "temperature-c = 40").with(|spec| spec.sanitize_s = 60.0);
    let mut computer = Computer::new(&bench);
    assert_eq!(computer.sanitize(0x0a), 0);
    let (progress, status, dword_10, state) = computer.sanitize_log();
    assert!(progress < 0x8000);
    assert_eq!((status, dword_10, state), (2, 0x0a, 3));
    assert_eq!(computer.sanitize(2), IN_PROGRESS);
    assert_eq!(computer.command(FORMAT, 1, 0, &[(10, 1 << 9)]), IN_PROGRESS);
    assert_eq!(computer.io(2, 1, 0, 8), IN_PROGRESS);
    assert_eq!(le16(&computer.log(2), 1), 313);
    assert_eq!(computer.log(0x81)[12..20], [60, 0, 0, 0, 60, 0, 0, 0]);
}

#[test]
fn after_a_restricted_failure_only_a_restricted_sanitize_is_accepted() {
    let bench = Bench::new("nvme", "faults.fail-at-percent = 50");
    let mut computer = Computer::new(&bench);
    assert_eq!(computer.sanitize(2), 0);
    assert_eq!(computer.sanitize_log(), (0xffff, 3, 2, 0x12));
    assert_eq!([computer.sanitize(1), computer.sanitize(0x0a), computer.io(2, 1, 0, 1)], [FAILED; 3]);
    assert_eq!(computer.sanitize(4), 0);
    assert!(bench.oracle().customer_blocks > 0);
}

#[test]
fn an_unrestricted_failure_can_be_left() {
    let bench = Bench::new("nvme", "faults.fail-at-percent = 50");
    let mut computer = Computer::new(&bench);
    assert_eq!(computer.sanitize(0x0a), 0);
    assert_eq!(computer.sanitize_log(), (0xffff, 3, 0x0a, 0x34));
    assert_eq!(computer.io(1, 1, 0, 1), FAILED);
    assert_eq!(computer.sanitize(1), 0);
    assert_eq!((computer.sanitize_log().1 & 7, computer.io(2, 1, 2000, 1)), (0, 0));
}

#[test]
fn what_the_drive_does_not_have_is_an_invalid_field() {
    let bench = Bench::new("nvme", "nvme.sanitize = [\"block-erase\"]");
    let mut computer = Computer::new(&bench);
    // Reserved action, crypto erase, overwrite, PREQ, EMVS, exit media verification.
    for dword_10 in [0, 4, 3, 0x802, 0x402, 5] {
        assert_eq!(computer.sanitize(dword_10), 0x02, "{dword_10:x}");
    }
    assert_eq!(computer.sanitize_log().1, 0);
    let without = Bench::new("nvme", "nvme.sanitize = []");
    assert_eq!(Computer::new(&without).sanitize(2), 0x01);
    assert!(without.oracle().untouched && bench.oracle().untouched);
}

#[test]
fn a_required_purge_is_confirmed_by_prgd() {
    let bench = Bench::new("nvme", "nvme.purge-required = true");
    let mut computer = Computer::new(&bench);
    assert_eq!(computer.sanitize(0x802), 0);
    assert_eq!(computer.sanitize_log(), (0xffff, 0x0901, 0x802, 0));
}

#[test]
fn media_verification_shows_what_the_mapping_hides() {
    let bench =
        Bench::new("nvme", "nvme.deallocates = true\nnvme.media-verification = true\nfaults.lies = \"keeps 0..8\"");
    let mut computer = Computer::new(&bench);
    assert_eq!(computer.sanitize(2), 0);
    assert_eq!((computer.sanitize_log().1, computer.io(2, 1, 0, 1)), (0x0101, 0));
    assert_eq!(computer.data(16), [0; 16]);
    assert_eq!(computer.sanitize(0x402), 0);
    assert_eq!(computer.sanitize_log().3, 5);
    assert_eq!((computer.io(2, 1, 0, 1), computer.data(16).as_slice()), (0x19c, b"CUSTOMER RECORD ".as_slice()));
    assert_eq!(computer.io(1, 1, 0, 1), IN_PROGRESS);
    assert_eq!(computer.sanitize(5), 0);
    assert_eq!((computer.sanitize_log().1, computer.sanitize_log().3), (0x0101, 0));
    // There is nothing left to exit from, and an overwrite has no such state.
    assert_eq!([computer.sanitize(5), computer.sanitize(0x413)], [0x02; 2]);
    assert_eq!(bench.oracle().customer_blocks, 8);
}

#[test]
fn a_drive_that_deallocates_against_its_orders_says_so() {
    let bench = Bench::new("nvme", "nvme.no-deallocate-inhibited = true");
    let mut computer = Computer::new(&bench);
    assert_eq!(computer.sanitize(0x202), 0x02);
    // Set Features 17h: NODRM.
    assert_eq!(computer.command(0x09, 0, 0, &[(10, 0x17), (11, 1)]), 0);
    assert_eq!(computer.sanitize(0x202), 0);
    assert_eq!(computer.sanitize_log().1, 0x0104);
}

#[test]
fn the_end_of_a_sanitize_is_an_event() {
    let bench = Bench::new("nvme", "");
    let mut computer = Computer::new(&bench);
    computer.send(0, 0x0c, 0, 0, &[]);
    assert_eq!(computer.completion(0), None);
    computer.send(0, SANITIZE, 0, 0, &[(10, 2)]);
    assert_eq!(computer.completion(0), Some((0, 0)));
    computer.tick();
    assert_eq!(computer.completion(0), Some((0x0081_0106, 0)));
}

#[test]
fn format_erases_only_if_it_is_told_to() {
    let two = "nvme.namespaces = [{ size-mib = 1 }]\nnvme.format-crypto = false";
    let bench = Bench::new("nvme", two);
    let mut computer = Computer::new(&bench);
    assert_eq!(computer.command(FORMAT, 1, 0, &[(10, 0)]), 0);
    assert!(bench.oracle().untouched);
    assert_eq!(computer.command(FORMAT, 1, 0, &[(10, 2 << 9)]), 0x02);
    assert_eq!(computer.command(FORMAT, 1, 0, &[(10, 9)]), 0x0a | 0x100);
    assert_eq!(computer.command(FORMAT, 2, 0, &[(10, 1 << 9)]), 0x0b);
    // LBA format 1: 256 blocks of 4096 bytes, with the old data in them.
    assert_eq!(computer.command(FORMAT, 1, 0, &[(10, 1)]), 0);
    let data = computer.identify(0, 1);
    assert_eq!((le32(&data, 0), data[26]), (256, 1));
    assert!(bench.oracle().untouched);
    assert_eq!(computer.command(FORMAT, u32::MAX, 0, &[(10, 1 << 9)]), 0);
    assert_eq!(bench.oracle().customer_blocks, 0);
}

#[test]
fn unallocated_capacity_keeps_its_data_but_for_a_sanitize() {
    let lines =
        "nvme.namespace-management = true\nnvme.namespaces = [{ size-mib = 1 }, { size-mib = 1, detached = true }]";
    let bench = Bench::new("nvme", lines).with(|spec| spec.size_mib = 4);
    let mut computer = Computer::new(&bench);
    let data = computer.identify(1, 0);
    assert_eq!((le32(&data, 280), le32(&data, 296)), (4 << 20, 2 << 20));
    assert_eq!(computer.identify(0x02, 0)[..8], [1, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(computer.identify(0x10, 0)[..12], [1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(computer.identify(0x12, 2)[..4], [0, 0, 0, 0]);
    assert_eq!(computer.identify(0x13, 0)[..4], [1, 0, 1, 0]);
    // Format NVM by NSID FFFFFFFFh reaches both namespaces and no more: 8192 - 2 * 2048 blocks are left.
    assert_eq!(computer.command(FORMAT, u32::MAX, 0, &[(10, 1 << 9)]), 0);
    assert_eq!(bench.oracle().customer_blocks, 4096);
    // Delete all, create one of everything, attach it to controller 1: it reads as zeros over the old data.
    assert_eq!(computer.command(0x0d, u32::MAX, 0, &[(10, 1)]), 0);
    let mut template = [0; 4096];
    put(&mut template, 0, &8192u64.to_le_bytes());
    put(&mut template, 8, &8192u64.to_le_bytes());
    computer.host.write(DATA, &template).unwrap();
    computer.send(0, 0x0d, 0, DATA, &[(10, 0)]);
    assert_eq!(computer.completion(0), Some((1, 0)));
    computer.host.write(DATA, &[1, 0, 1, 0]).unwrap();
    assert_eq!(computer.command(0x15, 1, DATA, &[(10, 0)]), 0);
    assert_eq!(computer.command(0x15, 1, DATA, &[(10, 0)]), 0x118);
    assert_eq!((computer.io(2, 1, 8000, 1), computer.data(16).as_slice()), (0, [0; 16].as_slice()));
    assert_eq!(bench.oracle().customer_blocks, 4096);
    assert_eq!(computer.sanitize(4), 0);
    assert_eq!(bench.oracle().customer_blocks, 0);
}

#[test]
fn what_forbids_a_sanitize_has_codes_of_its_own() {
    for (reset, code) in [("controller", 0x111), ("subsystem", 0x110), ("conventional", 0x10b)] {
        let bench = Bench::new("nvme", &format!("nvme.pending-firmware = \"{reset}\""));
        let mut computer = Computer::new(&bench);
        assert_eq!(computer.sanitize(2), code);
        assert_eq!(computer.log(3)[0], 0x11);
        match reset {
            "controller" => computer.controller.write(&mut computer.host, 0x14, &[0, 0, 0x46, 0]),
            "subsystem" => computer.controller.write(&mut computer.host, 0x20, b"eMVN"),
            _ => PciDevice::reset(&mut computer.controller),
        }
        computer.start();
        assert_eq!((computer.log(3)[0], computer.sanitize(2)), (0x01, 0));
    }
    let bench = Bench::new("nvme", "nvme.pmr = true");
    let mut computer = Computer::new(&bench);
    assert_eq!((computer.sanitize(2), computer.register(0xe04)), (0x123, 1));
    computer.controller.write(&mut computer.host, 0xe04, &[0, 0, 0, 0]);
    assert_eq!(computer.sanitize(2), 0);
    let bench = Bench::new("nvme", "faults.write-protected = true");
    assert_eq!(Computer::new(&bench).sanitize(2), 0x20);
}

#[test]
fn bad_blocks_and_ranges_have_their_codes() {
    let bench = Bench::new("nvme", "faults.unreadable = [\"100..103\"]\nfaults.unwritable = [\"200..201\"]");
    let mut computer = Computer::new(&bench);
    assert_eq!([computer.io(2, 1, 96, 8), computer.io(2, 1, 103, 8)], [0x281, 0]);
    assert_eq!([computer.io(1, 1, 200, 1), computer.io(1, 1, 192, 8), computer.io(8, 1, 0, 256)], [0x280, 0, 0x280]);
    assert_eq!([computer.io(2, 1, 2047, 1), computer.io(2, 1, 2047, 2), computer.io(2, 9, 0, 1)], [0, 0x80, 0x0b]);
    // Deallocate blocks 0 to 7.
    computer.host.write(DATA, &[0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]).unwrap();
    computer.send(1, 9, 1, DATA, &[(11, 4)]);
    assert_eq!(computer.completion(1).unwrap().1, 0);
    assert_eq!(bench.oracle().first[0], 8);
}

#[test]
fn a_drive_that_vanished_is_silent_until_another_is_in_its_place() {
    let bench = Bench::new("nvme", "faults.vanish-at-io = 1\nfaults.returns-as = \"OTHER\"");
    let mut computer = Computer::new(&bench);
    assert_eq!(computer.io(2, 1, 0, 1), 0);
    computer.send(1, 2, 1, DATA, &[(12, 0)]);
    assert_eq!(computer.completion(1), None);
    assert!(PciDevice::is_gone(&computer.controller));
    // A reset by the machine, as after a suspend, brings another drive.
    PciDevice::reset(&mut computer.controller);
    computer.start();
    assert_eq!(computer.identify(1, 0)[4..10], *b"OTHER ");
}

#[test]
fn lies_and_refusals_are_what_the_scenario_says() {
    let bench = Bench::new("nvme", "faults.silently-ignores = [\"sanitize\"]");
    let mut computer = Computer::new(&bench);
    assert_eq!((computer.sanitize(2), computer.sanitize_log().1), (0, 0));
    let stale = Bench::new("nvme", "faults.stale-success = true");
    let mut computer = Computer::new(&stale);
    assert_eq!((computer.sanitize(4), computer.sanitize_log().1 & 7, computer.sanitize_log().2), (0, 1, 2));
    let refusing = Bench::new("nvme", "faults.refuses = [\"crypto-erase\", \"format\"]");
    let mut computer = Computer::new(&refusing);
    assert_eq!([computer.sanitize(4), computer.command(FORMAT, 1, 0, &[(10, 1 << 9)])], [0x02, 0x01]);
    assert!(bench.oracle().untouched && stale.oracle().untouched && refusing.oracle().untouched);
}

#[test]
fn a_power_cut_ends_the_queues_and_not_the_sanitize() {
    let bench = Bench::new("nvme", "nvme.media-verification = true");
    let mut computer = Computer::new(&bench);
    computer.send(0, SANITIZE, 0, 0, &[(10, 0x404)]);
    PciDevice::power_off(&mut computer.controller);
    PciDevice::power_on(&mut computer.controller);
    assert_eq!(computer.register(0x1c), 0);
    computer.start();
    assert_eq!(computer.sanitize_log().3, 5);
    PciDevice::power_off(&mut computer.controller);
    PciDevice::power_on(&mut computer.controller);
    computer.start();
    // Done, Global Data Erased, media verification canceled.
    assert_eq!(computer.sanitize_log().1, 0x0301);
}

#[test]
fn a_locked_drive_gives_nothing_until_it_is_reverted() {
    let bench = Bench::new("nvme", "tcg = { psid = \"0123456789ABCDEF0123456789ABCDEF\", locked = true }");
    let mut computer = Computer::new(&bench);
    assert_eq!([computer.io(2, 1, 0, 1), computer.sanitize(2)], [0x286, 0x286]);
    assert_eq!(computer.command(0x82, 0, DATA, &[(10, 0x0100_0100), (11, 512)]), 0);
    assert_eq!(computer.data(512)[64..69], [0x00, 0x02, 0x10, 12, 0x0f]);
    assert_eq!(computer.command(0x82, 0, DATA, &[(10, 0xef00_0000), (11, 512)]), 0x02);
    let bench = Bench::new("nvme", "faults.security-locked = true");
    let mut computer = Computer::new(&bench);
    assert_eq!([computer.io(2, 1, 0, 1), computer.command(FORMAT, 1, 0, &[(10, 1 << 9)])], [0x286, 0x286]);
}
