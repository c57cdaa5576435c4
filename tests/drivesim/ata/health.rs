//! SMART (ACS-3 7.48; READ DATA by ATA/ATAPI-5): attributes as drives have them, and their verdict on themselves.

use super::Device;
use super::taskfile::{Failure, Output, Reply, Taskfile};
use crate::bytes::put;

/// LBA(23:8) of every SMART command.
const KEY: u64 = 0xc24f;

impl Device {
    /// Blocks that are waiting to be reallocated.
    fn pending(&self) -> u32 {
        let unreadable: u64 = self.drive.faults().unreadable.iter().map(|bad| bad.0.end - bad.0.start).sum();
        u32::try_from(unreadable).unwrap_or(u32::MAX).saturating_add(self.drive.spec.ata.pending)
    }

    pub(super) fn smart(&self, task: &Taskfile) -> Reply {
        if task.lba >> 8 & 0xffff != KEY {
            return Err(Failure::ABORTED);
        }
        match task.feature {
            0xd0 => Ok(Output::data(self.attributes())),
            0xd1 => Ok(Output::data(self.thresholds())),
            // ENABLE OPERATIONS, ATTRIBUTE AUTOSAVE: both are on always.
            0xd2 | 0xd8 => Ok(Output::none()),
            // RETURN STATUS: the key comes back if no threshold is exceeded, C24Fh with its bytes inverted in part (2CF4h) if one is.
            0xda => Ok(Output::lba(KEY << 8)),
            _ => Err(Failure::ABORTED),
        }
    }

    /// Number and raw value of each attribute.
    fn raw_attributes(&self) -> [(u8, u32); 6] {
        let spec = &self.drive.spec;
        let (hours, cycles) = (12_345, 67);
        [
            (5, spec.ata.reallocated),
            (9, hours),
            (12, cycles),
            (194, u32::from(spec.temperature_c)),
            (197, self.pending()),
            (198, self.pending()),
        ]
    }

    fn attributes(&self) -> Vec<u8> {
        let mut data = vec![0; 512];
        put(&mut data, 0, &[0x10, 0x00]);
        for (at, (number, raw)) in (2..).step_by(12).zip(self.raw_attributes()) {
            // Number, flags (updated online), value and worst value.
            put(&mut data, at, &[number, 0x32, 0x00, 100, 100]);
            put(&mut data, at + 5, &raw.to_le_bytes());
        }
        sealed(data)
    }

    fn thresholds(&self) -> Vec<u8> {
        let mut data = vec![0; 512];
        put(&mut data, 0, &[0x10, 0x00]);
        for (at, (number, _)) in (2..).step_by(12).zip(self.raw_attributes()) {
            put(&mut data, at, &[number, 0]);
        }
        sealed(data)
    }

    /// The page of the device statistics log (04h, ACS-4 9.5): temperature on page 05h, reallocated blocks on page 03h of a drive that turns.
    pub(super) fn statistics(&self, page: u8) -> Vec<u8> {
        let spec = &self.drive.spec;
        let pages = [0x00, if spec.rotational { 0x03 } else { 0x07 }, 0x05];
        let mut data = vec![0; 512];
        if !pages.contains(&page) {
            return data;
        }
        put(&mut data, 0, &[0x01, 0x00, page]);
        let mut put_statistic = |at: usize, value: u32| {
            put(&mut data, at, &value.to_le_bytes());
            // Supported, and the value is valid.
            put(&mut data, at + 7, &[0xc0]);
        };
        match page {
            0x03 => put_statistic(32, spec.ata.reallocated),
            0x05 => put_statistic(8, u32::from(spec.temperature_c)),
            0x07 => put_statistic(8, 3),
            _ => {
                put(&mut data, 8, &[3]);
                put(&mut data, 9, &pages);
            }
        }
        data
    }
}

/// With a checksum in the last byte.
fn sealed(mut data: Vec<u8>) -> Vec<u8> {
    let sum = data.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
    put(&mut data, 511, &[sum.wrapping_neg()]);
    data
}
