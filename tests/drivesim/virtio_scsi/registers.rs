//! The registers of a modern virtio PCI device (virtio 1.2, 4.1.4) and the configuration of a SCSI host (5.6.4).

use super::queue::{Queue, SIZE};
use crate::bytes::{le64, put};

/// Where each structure is in the BAR.
pub(super) const COMMON: u32 = 0;
pub(super) const INTERRUPT_STATUS: u32 = 0x100;
pub(super) const DEVICE: u32 = 0x200;
pub(super) const NOTIFY: u32 = 0x1000;
/// Bytes between the doorbells of two queues.
pub(super) const DOORBELL: u32 = 4;

/// Queues: control, events, requests.
pub(super) const CONTROL: usize = 0;
pub(super) const EVENTS: usize = 1;
pub(super) const REQUESTS: usize = 2;

/// `VIRTIO_SCSI_F_HOTPLUG`; `VIRTIO_F_VERSION_1` is bit 0 of the second word.
const FEATURES: [u32; 2] = [1 << 1, 1];
/// Device status: something is wrong (`DEVICE_NEEDS_RESET`).
const NEEDS_RESET: u8 = 0x40;

/// The registers.
#[derive(Debug, Default)]
pub(super) struct Registers {
    feature_select: u32,
    vector: u16,
    pub(super) status: u8,
    select: u16,
    pub(super) queues: [Queue; 3],
}

/// What a write to the registers asks the device to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    None,
    /// The driver has put something in a queue.
    Notify(usize),
    Reset,
}

/// `struct virtio_scsi_config`: one request queue; 126 segments; 2048 sectors; 16 commands at once; events of 16 bytes; sense of 96; CDBs of 32; one
/// target.
fn configuration() -> [u8; 0x24] {
    let mut bytes = [0; 0x24];
    for (index, value) in [1u32, u32::from(SIZE) - 2, 2048, 16, 16, 96, 32, 0, 0].iter().enumerate() {
        put(&mut bytes, index * 4, &value.to_le_bytes());
    }
    bytes
}

impl Registers {
    fn image(&self) -> [u8; 0x240] {
        let mut image = [0; 0x240];
        let queue = self.queues.get(usize::from(self.select)).copied();
        let feature = usize::try_from(self.feature_select).ok().and_then(|word| FEATURES.get(word)).copied();
        put(&mut image, 0x00, &self.feature_select.to_le_bytes());
        put(&mut image, 0x04, &feature.unwrap_or(0).to_le_bytes());
        put(&mut image, 0x10, &self.vector.to_le_bytes());
        put(&mut image, 0x12, &3u16.to_le_bytes());
        put(&mut image, 0x14, &[self.status]);
        put(&mut image, 0x16, &self.select.to_le_bytes());
        if let Some(queue) = queue {
            put(&mut image, 0x18, &queue.size.to_le_bytes());
            put(&mut image, 0x1a, &queue.vector.to_le_bytes());
            put(&mut image, 0x1c, &u16::from(queue.enabled).to_le_bytes());
            put(&mut image, 0x1e, &self.select.to_le_bytes());
            put(&mut image, 0x20, &queue.descriptors.to_le_bytes());
            put(&mut image, 0x28, &queue.available.to_le_bytes());
            put(&mut image, 0x30, &queue.used.to_le_bytes());
        }
        put(&mut image, 0x200, &configuration());
        image
    }

    pub(super) fn read(&self, offset: u64, data: &mut [u8]) {
        let image = self.image();
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(image.len());
        data.fill(0);
        put(data, 0, image.split_at(start).1);
    }

    pub(super) fn write(&mut self, offset: u64, data: &[u8]) -> Effect {
        let mut wide = [0; 8];
        put(&mut wide, 0, data);
        let value = le64(&wide, 0);
        let [low, high, third, fourth, ..] = wide;
        let (word, long) = (u16::from_le_bytes([low, high]), u32::from_le_bytes([low, high, third, fourth]));
        match offset {
            0x00 => self.feature_select = long,
            0x10 => self.vector = word,
            0x14 if low == 0 => {
                *self = Self::default();
                return Effect::Reset;
            }
            0x14 => self.status = low,
            0x16 => self.select = word,
            0x18..0x38 => self.set_queue(offset, value, data.len()),
            0x1000..0x1100 => {
                return Effect::Notify(usize::try_from((offset - 0x1000) / u64::from(DOORBELL)).unwrap_or(0));
            }
            _ => {}
        }
        Effect::None
    }

    fn set_queue(&mut self, offset: u64, value: u64, length: usize) {
        let Some(queue) = self.queues.get_mut(usize::from(self.select)) else { return };
        let short = u16::try_from(value & 0xffff).unwrap_or(0);
        match offset {
            0x18 => queue.size = short.min(SIZE),
            0x1a => queue.vector = short,
            0x1c => queue.enabled = short == 1,
            0x20 | 0x24 => set_address(&mut queue.descriptors, offset, value, length),
            0x28 | 0x2c => set_address(&mut queue.available, offset, value, length),
            0x30 | 0x34 => set_address(&mut queue.used, offset, value, length),
            _ => {}
        }
    }

    /// The driver has made a mistake that only a reset mends.
    pub(super) fn fail(&mut self) {
        self.status |= NEEDS_RESET;
    }
}

/// An address is written whole or in halves, the lower one at a multiple of eight.
fn set_address(address: &mut u64, offset: u64, value: u64, length: usize) {
    *address = match (length, offset % 8) {
        (8, _) => value,
        (_, 4) => *address & 0xffff_ffff | value << 32,
        _ => *address & !0xffff_ffff | value & 0xffff_ffff,
    };
}
