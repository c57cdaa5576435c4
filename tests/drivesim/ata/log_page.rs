//! READ LOG EXT and READ LOG DMA EXT (ACS-4 7.23): the directory, IDENTIFY DEVICE data and device statistics.

use super::taskfile::{Failure, Output, Reply, Taskfile};
use super::{Device, Technique};
use crate::bytes::{put, u8_at};

/// Pages of each log but the directory.
const PAGES: &[(u8, u8)] = &[(0x04, 8), (0x30, 9)];
/// The upper half of a quadword of the IDENTIFY DEVICE data log: the rest is valid.
const IS_VALID: u64 = 1 << 63;

impl Device {
    pub(super) fn read_log(&self, task: &Taskfile) -> Reply {
        let lba = task.lba.to_le_bytes();
        let (log, first) = (lba[0], u16::from_le_bytes([lba[1], lba[4]]));
        let available = match log {
            0x00 => 1,
            _ => PAGES.iter().find(|(number, _)| *number == log).map_or(0, |(_, pages)| *pages),
        };
        let end = first.checked_add(task.count).filter(|end| task.count > 0 && *end <= u16::from(available));
        let end = end.ok_or(Failure::ABORTED)?;
        let page = |page: u16| {
            let page = page.to_le_bytes()[0];
            match log {
                0x00 => directory(),
                0x04 => self.statistics(page),
                _ => self.identify_page(page),
            }
        };
        Ok(Output::data((first..end).flat_map(page).collect()))
    }

    /// A page of the IDENTIFY DEVICE data log (30h, ACS-4 9.11).
    fn identify_page(&self, page: u8) -> Vec<u8> {
        let mut data = vec![0; 512];
        match page {
            0x00 => put(&mut data, 8, &[4, 0x00, 0x01, 0x03, 0x06]),
            // A copy of IDENTIFY DEVICE has no header.
            0x01 => return self.identify(),
            // Supported capabilities: bit 51, DEFINITIVE ENDING PATTERN.
            0x03 => {
                let has_ending = self.drive.spec.ata.sanitize.contains(&Technique::Overwrite);
                put(&mut data, 8, &(IS_VALID | u64::from(has_ending) << 51).to_le_bytes());
            }
            0x06 => self.security_page(&mut data),
            _ => return data,
        }
        put(&mut data, 0, &[0x01, 0x00, page]);
        data
    }

    /// Page 06h: what words 48, 59, 89, 90, 92 and 128 say, and what does not fit there.
    fn security_page(&self, data: &mut [u8]) {
        let identify = self.identify();
        let word =
            |number: usize| u64::from(u8_at(&identify, number * 2)) | u64::from(u8_at(&identify, number * 2 + 1)) << 8;
        let spec = &self.drive.spec.ata;
        let sanitize = word(59);
        // Bit 7 RESTRICTED SANITIZE OVERRIDES SECURITY, 6 ACS-3 commands, 5 antifreeze, 4 block erase, 3 overwrite, 2 crypto scramble, 1 sanitize.
        let capabilities = [(7, spec.sanitize_overrides_security)]
            .into_iter()
            .chain(
                [(6, 11), (5, 10), (4, 15), (3, 14), (2, 13), (1, 12)]
                    .map(|(to, from)| (to, sanitize >> from & 1 == 1)),
            )
            .fold(0, |all, (bit, is_set)| all | u64::from(is_set) << bit);
        let quadwords =
            [(8, word(92)), (16, word(128)), (24, word(90)), (32, word(89)), (40, word(48) & 1), (48, capabilities)];
        for (at, value) in quadwords {
            put(data, at, &(IS_VALID | value).to_le_bytes());
        }
    }
}

/// Log 00h: its version, then the number of pages of each log, a word each.
fn directory() -> Vec<u8> {
    let mut data = vec![0; 512];
    put(&mut data, 0, &[1]);
    for (log, pages) in PAGES {
        put(&mut data, usize::from(*log) * 2, &[*pages]);
    }
    data
}
