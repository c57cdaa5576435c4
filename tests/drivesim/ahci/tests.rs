use std::fs::File;
use std::time::Duration;

use super::*;
use crate::drive::tests::Bench;
use crate::host::tests::{machine, raised};

const LIST: u64 = 0x1000;
const FRAMES: u64 = 0x2000;
const TABLE: u64 = 0x3000;
const BUFFER: u64 = 0x10000;

/// A controller in a machine, started.
struct Rig {
    controller: Controller,
    host: Host,
    interrupts: Vec<File>,
}

impl Rig {
    fn new(bench: &Bench) -> Self {
        let (host, interrupts) = machine(1 << 20, 1);
        let port = Port::new(Device::new(bench.drive()));
        let mut rig = Self { controller: Controller { port, control: AE, status: 0 }, host, interrupts };
        rig.controller.power_on();
        rig.start();
        rig
    }

    fn set(&mut self, at: u64, value: u32) {
        self.controller.write(&mut self.host, at, &value.to_le_bytes());
    }

    fn at(&mut self, at: u64) -> u32 {
        let mut data = [0; 4];
        self.controller.read(&mut self.host, at, &mut data);
        u32::from_le_bytes(data)
    }

    /// Interrupts on, list and frames in place, everything told of that came before, list started.
    fn start(&mut self) {
        self.set(0x04, 0x8000_0002);
        self.set(0x100, 0x1000);
        self.set(0x108, 0x2000);
        self.set(0x130, 0xffff_ffff);
        self.set(0x110, 0xffff_ffff);
        self.set(0x114, 0x7840_007f);
        self.set(0x08, 1);
        self.set(0x118, 0x11);
    }

    /// Issues a command frame in slot 0 with regions of these sizes, one after the other from [`BUFFER`] on.
    fn issue(&mut self, frame: &[u8], sizes: &[u32]) {
        let mut header = [0; 32];
        header[2] = u8::try_from(sizes.len()).unwrap();
        header[8..16].copy_from_slice(&TABLE.to_le_bytes());
        self.host.write(LIST, &header).unwrap();
        let mut table = [0; 64];
        table[..frame.len()].copy_from_slice(frame);
        self.host.write(TABLE, &table).unwrap();
        let mut address = BUFFER;
        for (number, size) in (0..).zip(sizes) {
            let mut region = [0; 16];
            region[..8].copy_from_slice(&address.to_le_bytes());
            region[12..].copy_from_slice(&(size - 1).to_le_bytes());
            self.host.write(TABLE + 0x80 + number * 16, &region).unwrap();
            address += u64::from(*size);
        }
        self.set(0x138, 1);
    }

    fn tick(&mut self, after: Duration) {
        self.controller.tick(&mut self.host, Instant::now() + after);
    }
}

/// A command frame without its upper halves.
fn frame(command: u8, feature: u8, count: u8, lba: u8) -> [u8; 20] {
    let mut frame = [0; 20];
    frame[..8].copy_from_slice(&[0x27, 0x80, command, feature, lba, 0, 0, 0xe0]);
    frame[12] = count;
    frame
}

/// SECURITY SET PASSWORD or ERASE UNIT with a password of zeros, after it was prepared where it must be.
fn secure(rig: &mut Rig, command: u8) {
    rig.host.write(BUFFER, &[0; 512]).unwrap();
    rig.issue(&frame(command, 0, 0, 0), &[512]);
}

#[test]
fn the_link_is_up_and_an_ata_drive_is_there() {
    let bench = Bench::new("sata", "");
    let mut rig = Rig::new(&bench);
    assert_eq!([0x128, 0x124, 0x120, 0x0c].map(|at| rig.at(at)), [0x133, 0x101, 0x150, 1]);
    assert_eq!(rig.at(0x118), 0xc011, "CR and FR follow");
}

#[test]
fn identify_comes_by_pio_into_two_regions() {
    let bench = Bench::new("sata", "");
    let mut rig = Rig::new(&bench);
    rig.issue(&frame(0xec, 0, 0, 0), &[16, 496]);
    assert_eq!(rig.host.array::<4>(BUFFER + 20).unwrap(), *b"PP00");
    assert_eq!(rig.host.array::<1>(BUFFER + 510).unwrap(), [0xa5]);
    // 512 bytes went; PIO Setup frame, not a Register frame.
    assert_eq!(rig.host.array::<4>(LIST + 4).unwrap(), [0, 2, 0, 0]);
    assert_eq!(rig.host.array::<4>(FRAMES + 0x20).unwrap(), [0x5f, 0x60, 0x58, 0]);
    assert_eq!(rig.host.array::<1>(FRAMES + 0x40).unwrap(), [0]);
    assert_eq!([0x138, 0x120, 0x110, 0x08].map(|at| rig.at(at)), [0, 0x50, 0x02, 1]);
    assert_eq!(raised(&rig.interrupts[0]), 1);
}

#[test]
fn blocks_go_both_ways_by_dma() {
    let bench = Bench::new("sata", "");
    let mut rig = Rig::new(&bench);
    rig.host.write(BUFFER, &[0x77; 1024]).unwrap();
    rig.issue(&frame(0x35, 0, 2, 9), &[512, 512]);
    assert_eq!((rig.at(0x138), rig.at(0x110)), (0, 1));
    rig.host.write(BUFFER, &[0; 1024]).unwrap();
    rig.issue(&frame(0x25, 0, 2, 9), &[1024]);
    assert_eq!(rig.host.array::<1024>(BUFFER).unwrap(), [0x77; 1024]);
    assert_eq!(rig.host.array::<4>(FRAMES + 0x40).unwrap(), [0x34, 0x40, 0x50, 0]);
}

#[test]
fn an_error_stops_the_list_until_it_is_started_again() {
    let bench = Bench::new("sata", "faults.unreadable = [\"9..10\"]");
    let mut rig = Rig::new(&bench);
    rig.issue(&frame(0x25, 0, 2, 8), &[1024]);
    // UNC at block 9.
    assert_eq!(rig.host.array::<5>(FRAMES + 0x40).unwrap(), [0x34, 0x40, 0x51, 0x40, 9]);
    assert_eq!([0x138, 0x120, 0x110].map(|at| rig.at(at)), [1, 0x4051, 0x4000_0001]);
    rig.set(0x118, 0x10);
    assert_eq!(rig.at(0x138), 0);
    rig.set(0x110, 0x4000_0001);
    rig.set(0x118, 0x11);
    rig.issue(&frame(0xe5, 0, 0, 0), &[]);
    assert_eq!((rig.at(0x138), rig.at(0x120)), (0, 0x50));
    assert_eq!(rig.host.array::<1>(FRAMES + 0x4c).unwrap(), [0xff], "COUNT of CHECK POWER MODE");
}

#[test]
fn an_erase_keeps_the_port_busy_and_comreset_ends_it() {
    let mut bench = Bench::new("sata", "");
    bench.spec.sanitize_s = 100.0;
    let mut rig = Rig::new(&bench);
    for command in [0xf1, 0xf3, 0xf4] {
        secure(&mut rig, command);
    }
    assert_eq!([0x120, 0x138].map(|at| rig.at(at)), [0xd0, 1]);
    rig.set(0x110, 0xffff_ffff);
    let before = raised(&rig.interrupts[0]);
    rig.tick(Duration::from_secs(101));
    assert_eq!([0x120, 0x138, 0x110].map(|at| rig.at(at)), [0x50, 0, 1]);
    assert_eq!(raised(&rig.interrupts[0]), before + 1);
    assert_eq!(bench.oracle().customer_blocks, 0);

    let mut bench = Bench::new("sata", "");
    bench.spec.sanitize_s = 100.0;
    let mut rig = Rig::new(&bench);
    for command in [0xf1, 0xf3, 0xf4] {
        secure(&mut rig, command);
    }
    rig.set(0x12c, 0x301);
    assert_eq!([0x128, 0x120].map(|at| rig.at(at)), [0, 0x7f]);
    rig.set(0x12c, 0x300);
    assert_eq!([0x128, 0x120].map(|at| rig.at(at)), [0x133, 0x150]);
    rig.tick(Duration::from_secs(101));
    assert_eq!(bench.oracle().customer_blocks, 2048);
    rig.start();
    rig.issue(&frame(0xec, 0, 0, 0), &[512]);
    assert_eq!(rig.host.array::<2>(BUFFER + 256).unwrap(), [0x23, 0x00], "the password is still there");
}

#[test]
fn a_soft_reset_gives_the_signature() {
    let bench = Bench::new("sata", "");
    let mut rig = Rig::new(&bench);
    let mut control = [0; 20];
    (control[0], control[15]) = (0x27, 4);
    rig.issue(&control, &[]);
    control[15] = 0;
    rig.issue(&control, &[]);
    assert_eq!([0x138, 0x120, 0x124].map(|at| rig.at(at)), [0, 0x150, 0x101]);
}

#[test]
fn a_drive_that_vanishes_takes_the_link_down() {
    let bench = Bench::new("sata", "faults.vanish-at-io = 0");
    let mut rig = Rig::new(&bench);
    rig.issue(&frame(0x25, 0, 1, 0), &[512]);
    assert_eq!([0x128, 0x120, 0x138, 0x110].map(|at| rig.at(at)), [0, 0x7f, 0, 0x0040_0040]);
    rig.set(0x12c, 0x301);
    rig.set(0x12c, 0x300);
    assert_eq!(rig.at(0x128), 0, "no link after COMRESET either");
    assert!(!rig.controller.is_gone());
}

#[test]
fn memory_that_is_not_there_is_a_bus_error() {
    let bench = Bench::new("sata", "");
    let mut rig = Rig::new(&bench);
    rig.set(0x100, 0xffff_fc00);
    rig.set(0x138, 1);
    assert_eq!(rig.at(0x110), 0x2000_0000);
}
