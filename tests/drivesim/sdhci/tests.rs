use super::*;
use crate::drive::tests::Bench;
use crate::host::tests::machine;

const TABLE: u32 = 0x1000;
const BUFFER: u32 = 0x2000;

struct Guest {
    host: Host,
    controller: Controller,
}

impl Guest {
    fn new(lines: &str, sanitize_s: f64) -> (Self, Bench) {
        let mut bench = Bench::new("emmc", lines);
        bench.spec.serial = "1A2B3C4D".to_owned();
        bench.spec.sanitize_s = sanitize_s;
        let card = Card::new(bench.drive()).unwrap();
        let (host, _) = machine(0x1_0000, 0);
        let mut guest = Self { host, controller: Controller { card, registers: [0; 256], after_busy: 0 } };
        guest.write(STATUS_ENABLE, &[0xff; 4]);
        guest.write(SIGNAL_ENABLE, &[0xff; 4]);
        (guest, bench)
    }

    fn write(&mut self, offset: usize, data: &[u8]) {
        self.controller.write(&mut self.host, offset as u64, data);
    }

    fn read(&mut self, offset: usize) -> u32 {
        let mut data = [0; 4];
        self.controller.read(&mut self.host, offset as u64, &mut data);
        u32::from_le_bytes(data)
    }

    /// One block from or to two segments: 100 and 412 bytes.
    fn transfer(&mut self, mode: u8) {
        let mut table = [0; 16];
        put(&mut table, 0, &[0x21, 0, 100, 0]);
        put(&mut table, 4, &BUFFER.to_le_bytes());
        put(&mut table, 8, &[0x23, 0, 0x9c, 0x01]);
        put(&mut table, 12, &(BUFFER + 0x1000).to_le_bytes());
        self.host.write(TABLE.into(), &table).unwrap();
        self.write(ADMA_ADDRESS, &TABLE.to_le_bytes());
        self.write(BLOCK_SIZE, &512u16.to_le_bytes());
        self.write(TRANSFER_MODE, &[mode, 0]);
    }

    fn command(&mut self, index: u8, flags: u8, argument: u32) {
        self.write(ARGUMENT, &argument.to_le_bytes());
        self.write(COMMAND, &[flags, index]);
    }
}

#[test]
fn a_block_is_read_by_adma_and_the_pin_is_up_until_it_is_served() {
    let (mut guest, _bench) = Guest::new("", 0.0);
    guest.command(7, 0x1a, 0x0001_0000);
    assert_eq!(guest.read(INTERRUPT_STATUS), 1);
    guest.write(INTERRUPT_STATUS, &[1, 0, 0, 0]);
    assert!(!guest.controller.pin());
    guest.transfer(0x11);
    guest.command(17, 0x3a, 9);
    assert_eq!(guest.read(INTERRUPT_STATUS), 3);
    assert_eq!(guest.read(RESPONSE), 0x900);
    assert!(guest.controller.pin());
    assert_eq!(guest.host.array::<16>(BUFFER.into()).unwrap(), *b"CUSTOMER RECORD ");
}

#[test]
fn a_block_is_written_from_both_segments() {
    let (mut guest, bench) = Guest::new("", 0.0);
    guest.command(7, 0x1a, 0x0001_0000);
    guest.host.write(BUFFER.into(), &[0x11; 100]).unwrap();
    guest.host.write(u64::from(BUFFER) + 0x1000, &[0x22; 412]).unwrap();
    guest.transfer(0x01);
    guest.command(24, 0x3a, 9);
    let found = bench.drive().read(9, 1).unwrap();
    assert_eq!((&found[..100], &found[100..]), (&[0x11; 100][..], &[0x22; 412][..]));
}

#[test]
fn the_cid_comes_without_its_last_byte() {
    let (mut guest, _bench) = Guest::new("model = \"PPSIM\"", 0.0);
    guest.command(2, 0x09, 0);
    // CID 5D01_5050 5053_494D 2010_1A2B 3C4D_BC01, shifted by eight bits.
    assert_eq!(guest.read(RESPONSE + 12), 0x005d_0150);
    assert_eq!(guest.read(RESPONSE), 0x2b3c_4dbc);
}

#[test]
fn busy_holds_the_data_line_and_the_end_interrupts() {
    let (mut guest, _bench) = Guest::new("", 3600.0);
    guest.command(7, 0x1a, 0x0001_0000);
    guest.write(INTERRUPT_STATUS, &[0xff; 4]);
    guest.command(6, 0x1b, 0x03a5_0100);
    assert_eq!(guest.read(INTERRUPT_STATUS), 1);
    assert_eq!(guest.read(PRESENT_STATE) >> 20 & 0xf, 0xe);
    guest.controller.tick(&mut guest.host, Instant::now() + std::time::Duration::from_hours(2));
    assert_eq!(guest.read(INTERRUPT_STATUS), 3);
    assert_eq!(guest.read(PRESENT_STATE) >> 20 & 0xf, 0xf);
}

#[test]
fn silence_and_bad_data_are_errors_of_the_host() {
    let (mut guest, _bench) = Guest::new("faults.unreadable = [\"9..10\"]", 0.0);
    guest.command(52, 0x1a, 0);
    assert_eq!(guest.read(INTERRUPT_STATUS), 0x0001_8000);
    guest.write(INTERRUPT_STATUS, &[0xff; 4]);
    assert_eq!(guest.read(INTERRUPT_STATUS), 0);
    guest.command(7, 0x1a, 0x0001_0000);
    guest.transfer(0x11);
    guest.command(17, 0x3a, 9);
    assert_eq!(guest.read(INTERRUPT_STATUS) >> 16, 0x0020);
    // A table without memory.
    guest.write(ADMA_ADDRESS, &0xffff_0000u32.to_le_bytes());
    guest.command(17, 0x3a, 8);
    assert_eq!(guest.read(INTERRUPT_STATUS) >> 16 & 0x0200, 0x0200);
}
