//! Logical units: what a SCSI target answers to a command descriptor block (SAM-5, SPC-4, SBC-4). [`disk`] is a SAS drive, [`sat`] an ATA drive
//! behind a translation; neither knows how commands reach it.

pub mod disk;
pub mod inquiry;
pub mod log_page;
pub mod mode;
pub mod opcodes;
pub mod sat;
pub mod sense;

use std::time::Instant;

use serde::Deserialize;

use crate::drive::Drive;
use sense::Sense;

/// A command descriptor block, padded with zeros.
pub type Cdb = [u8; 32];

/// A service action of SANITIZE.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sanitize {
    /// OVERWRITE.
    Overwrite,
    /// BLOCK ERASE.
    BlockErase,
    /// CRYPTOGRAPHIC ERASE.
    CryptoErase,
}

/// What only SCSI drives and translations have: the table `[drive.scsi]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Spec {
    /// VENDOR IDENTIFICATION of a SAS drive.
    pub vendor: String,
    /// What SANITIZE can do; `[]`: the command is not there.
    pub sanitize: Vec<Sanitize>,
    /// REPORT SUPPORTED OPERATION CODES is there.
    pub rsoc: bool,
    /// WABEREQ of VPD page B1h, 0 to 3: what a read answers after a block erase, until the block is written.
    pub write_after_block_erase: u8,
    /// WACEREQ, the same after a cryptographic erase.
    pub write_after_crypto_erase: u8,
    /// Blocks at the end of the medium that MODE SELECT has put out of reach.
    pub hidden_blocks: u64,
    /// Entries of the grown defect list.
    pub grown_defects: u16,
    /// UNMAP is there.
    pub unmap: bool,
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            vendor: "PPSIM".to_owned(),
            sanitize: vec![Sanitize::Overwrite, Sanitize::BlockErase, Sanitize::CryptoErase],
            rsoc: true,
            write_after_block_erase: 1,
            write_after_crypto_erase: 1,
            hidden_blocks: 0,
            grown_defects: 0,
            unmap: true,
        }
    }
}

/// How a command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// GOOD, with its data.
    Good(Vec<u8>),
    /// CHECK CONDITION.
    Check {
        /// Sense data, maybe none.
        sense: Vec<u8>,
        /// What was read all the same (a translation's `CK_COND`).
        data: Vec<u8>,
    },
    /// Not yet: [`Unit::finish`] tells.
    Later,
    /// The unit is gone: the transport says so.
    Gone,
}

/// A logical unit.
pub trait Unit: Send {
    /// Does a command. `data` is what the host sends with it.
    fn execute(&mut self, cdb: &Cdb, data: &[u8], now: Instant) -> Answer;

    /// The end of the command that was answered with [`Answer::Later`], when it has come.
    fn finish(&mut self, now: Instant) -> Option<Answer>;

    /// It takes commands while another one has not ended.
    fn is_queueing(&self) -> bool;

    /// The clock goes on.
    fn tick(&mut self, now: Instant);

    /// The drive behind it.
    fn drive(&mut self) -> &mut Drive;

    /// LOGICAL UNIT RESET, or a reset of the machine.
    fn reset(&mut self);

    /// Power is back.
    fn power_on(&mut self);

    /// Power is back after a suspend to RAM.
    fn wake(&mut self) {
        self.power_on();
    }

    /// The power fails.
    fn power_off(&mut self);
}

/// What goes over the wire for `result`: with the faults `fixed-sense` and `drops-sense`.
fn answer(drive: &Drive, descriptor: bool, result: Result<Vec<u8>, Sense>) -> Answer {
    if drive.is_gone() {
        return Answer::Gone;
    }
    match result {
        Ok(data) => Answer::Good(data),
        Err(sense) => check(drive, descriptor, sense, Vec::new()),
    }
}

fn check(drive: &Drive, descriptor: bool, sense: Sense, data: Vec<u8>) -> Answer {
    let faults = drive.faults();
    let sense = if faults.drops_sense { Vec::new() } else { sense.bytes(descriptor && !faults.fixed_sense) };
    Answer::Check { sense, data }
}

/// REPORT LUNS: one unit, LUN 0.
fn report_luns(cdb: &Cdb) -> Vec<u8> {
    let mut data = vec![0; 16];
    crate::bytes::put(&mut data, 3, &[8]);
    data.truncate(usize::try_from(crate::bytes::be32(cdb, 6)).unwrap_or(usize::MAX));
    data
}

/// READ CAPACITY (10) or (16) of `blocks` blocks. `deallocates`: LBPME and LBPRZ.
fn read_capacity(cdb: &Cdb, blocks: u64, block: u32, deallocates: bool) -> Vec<u8> {
    let last = blocks.saturating_sub(1);
    if cdb[0] == 0x25 {
        let last = u32::try_from(last).unwrap_or(u32::MAX);
        return [last.to_be_bytes(), block.to_be_bytes()].concat();
    }
    let mut data = vec![0; 32];
    crate::bytes::put(&mut data, 0, &last.to_be_bytes());
    crate::bytes::put(&mut data, 8, &block.to_be_bytes());
    crate::bytes::put(&mut data, 14, &[if deallocates { 0xc0 } else { 0 }]);
    data.truncate(usize::try_from(crate::bytes::be32(cdb, 10)).unwrap_or(usize::MAX));
    data
}

/// Address and number of blocks of READ, WRITE, VERIFY and WRITE SAME in all their lengths.
fn extent(cdb: &Cdb) -> (u64, u64) {
    use crate::bytes::{be16, be32, be64};
    match cdb[0] {
        0x08 | 0x0a => {
            let count = if cdb[4] == 0 { 256 } else { u64::from(cdb[4]) };
            (u64::from(be32(cdb, 0) & 0x001f_ffff), count)
        }
        0x28 | 0x2a | 0x2f | 0x41 => (u64::from(be32(cdb, 2)), u64::from(be16(cdb, 7))),
        _ => (be64(cdb, 2), u64::from(be32(cdb, 10))),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The bytes of a command, padded.
    pub(crate) fn cdb(bytes: &[u8]) -> Cdb {
        let mut cdb = [0; 32];
        cdb[..bytes.len()].copy_from_slice(bytes);
        cdb
    }

    #[test]
    fn addresses_in_all_lengths() {
        assert_eq!(extent(&cdb(&[0x08, 0xe1, 2, 3, 0])), (0x01_0203, 256));
        assert_eq!(extent(&cdb(&[0x2a, 0, 1, 2, 3, 4, 0, 5, 6])), (0x0102_0304, 0x0506));
        let sixteen = cdb(&[0x88, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 1, 0]);
        assert_eq!(extent(&sixteen), (0x0102_0304_0506_0708, 256));
    }

    #[test]
    fn capacity_is_the_last_block() {
        assert_eq!(read_capacity(&cdb(&[0x25]), 2048, 520, true), [0, 0, 7, 0xff, 0, 0, 2, 8]);
        assert_eq!(read_capacity(&cdb(&[0x25]), 1 << 33, 512, true)[..4], [0xff; 4]);
        let mut command = cdb(&[0x9e, 0x10]);
        command[13] = 16;
        let long = read_capacity(&command, 1 << 33, 512, true);
        assert_eq!(long, [0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0, 0, 2, 0, 0, 0, 0xc0, 0]);
    }
}
