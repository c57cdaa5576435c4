use super::*;
use crate::drive::tests::Bench;
use crate::host::tests::{machine, raised};

/// Where the rings of queue `n` are, and where a request and its answer are.
const RINGS: u64 = 0x1000;
const REQUEST_AT: u64 = 0x8000;
const ANSWER_AT: u64 = 0x9000;

struct Driver {
    host: Host,
    controller: Controller,
    events: Vec<std::fs::File>,
    sent: u16,
    _bench: Bench,
}

impl Driver {
    fn new(lines: &str) -> Self {
        let bench = Bench::new("sas", lines);
        let (host, events) = machine(0x1_0000, 4);
        let controller = Controller::new(Box::new(Disk::new(bench.drive())));
        let mut driver = Self { host, controller, events, sent: 0, _bench: bench };
        for queue in 0..3u16 {
            let rings = RINGS + 0x1000 * u64::from(queue);
            driver.register(0x16, &queue.to_le_bytes());
            driver.register(0x18, &16u16.to_le_bytes());
            driver.register(0x1a, &(queue + 1).to_le_bytes());
            driver.register(0x20, &rings.to_le_bytes());
            driver.register(0x28, &(rings + 0x400).to_le_bytes());
            driver.register(0x30, &(rings + 0x800).to_le_bytes());
            driver.register(0x1c, &1u16.to_le_bytes());
        }
        driver
    }

    fn register(&mut self, offset: u64, data: &[u8]) {
        self.controller.write(&mut self.host, offset, data);
    }

    /// Puts a request with room for an answer of `room` bytes in a queue, and rings.
    fn send(&mut self, queue: u64, request: &[u8], room: u32) {
        let rings = RINGS + 0x1000 * queue;
        self.host.write(REQUEST_AT, request).unwrap();
        let length = u32::try_from(request.len()).unwrap();
        let mut table = [0; 32];
        put(&mut table, 0, &REQUEST_AT.to_le_bytes());
        put(&mut table, 8, &length.to_le_bytes());
        put(&mut table, 12, &[1, 0, 1, 0]);
        put(&mut table, 16, &ANSWER_AT.to_le_bytes());
        put(&mut table, 24, &room.to_le_bytes());
        put(&mut table, 28, &[2, 0, 0, 0]);
        // An event has no request.
        let head: u16 = u16::from(request.is_empty());
        self.host.write(rings, &table).unwrap();
        self.host.write(rings + 0x404 + 2 * u64::from(self.sent), &head.to_le_bytes()).unwrap();
        self.sent += 1;
        self.host.write(rings + 0x402, &self.sent.to_le_bytes()).unwrap();
        self.register(0x1000 + 4 * queue, &u16::try_from(queue).unwrap().to_le_bytes());
    }

    fn command(&mut self, target: u8, cdb: &[u8], data: &[u8], room: u32) {
        let mut request = vec![0; REQUEST];
        put(&mut request, 0, &[1, target, 0x40, 0]);
        put(&mut request, 19, cdb);
        request.extend(data);
        self.send(2, &request, 108 + room);
    }

    fn answer<const N: usize>(&self) -> [u8; N] {
        self.host.array(ANSWER_AT).unwrap()
    }
}

#[test]
fn a_command_with_its_data_and_its_sense() {
    let mut driver = Driver::new("");
    // TEST UNIT READY meets the unit attention: 18 bytes of sense, status 2.
    driver.command(0, &[0; 6], &[], 0);
    let answer: [u8; 26] = driver.answer();
    assert_eq!(answer[..12], [18, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0]);
    assert_eq!(answer[12..26], [0x70, 0, 6, 0, 0, 0, 0, 10, 0, 0, 0, 0, 0x29, 1]);
    assert_eq!(raised(&driver.events[3]), 1);
    // READ CAPACITY into 16 bytes: 8 are left over.
    driver.command(0, &[0x25], &[], 16);
    let answer: [u8; 124] = driver.answer();
    assert_eq!(answer[..12], [0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(answer[108..116], [0, 0, 7, 0xff, 0, 0, 2, 0]);
    // The used ring: 116 bytes of the request with head 0.
    let used: [u8; 8] = driver.host.array(RINGS + 0x2000 + 0x800 + 4 + 8).unwrap();
    assert_eq!(used, [0, 0, 0, 0, 116, 0, 0, 0]);
}

#[test]
fn other_targets_are_bad() {
    let mut driver = Driver::new("");
    driver.command(1, &[0; 6], &[], 0);
    assert_eq!(driver.answer::<12>()[11], 3);
}

#[test]
fn a_drive_that_goes_is_a_bad_target_and_an_event() {
    let mut driver = Driver::new("faults.vanish-at-io = 0");
    driver.command(0, &[0; 6], &[], 0);
    driver.command(0, &[0x28, 0, 0, 0, 0, 0, 0, 0, 1], &[], 512);
    assert_eq!(driver.answer::<12>()[11], 3);
    driver.sent = 0;
    driver.send(1, &[], 16);
    driver.controller.tick(&mut driver.host, Instant::now());
    assert_eq!(driver.answer::<16>(), [1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0]);
    assert_eq!(raised(&driver.events[2]), 1);
}

#[test]
fn a_sanitize_without_immed_is_answered_when_it_ends() {
    let mut driver = Driver::new("");
    driver.command(0, &[0; 6], &[], 0);
    driver.command(0, &[0x48, 0x02], &[], 0);
    assert_eq!(raised(&driver.events[3]), 1);
    driver.controller.tick(&mut driver.host, Instant::now());
    assert_eq!(raised(&driver.events[3]), 2);
    assert_eq!(driver.answer::<12>(), [0; 12]);
}

#[test]
fn addresses_without_memory_ask_for_a_reset() {
    let mut driver = Driver::new("");
    driver.register(0x16, &2u16.to_le_bytes());
    driver.register(0x20, &0xffff_0000u64.to_le_bytes());
    driver.register(0x14, &[0x0f]);
    driver.command(0, &[0; 6], &[], 0);
    let mut status = [0];
    driver.controller.read(&mut driver.host, 0x14, &mut status);
    assert_eq!(status, [0x4f]);
    driver.register(0x14, &[0]);
    driver.controller.read(&mut driver.host, 0x14, &mut status);
    assert_eq!(status, [0]);
}
