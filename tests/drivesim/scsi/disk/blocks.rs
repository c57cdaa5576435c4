//! Commands on blocks: READ, WRITE, VERIFY, WRITE SAME, UNMAP (SBC-4 clause 5).

use super::{Cdb, Disk, Sense};
use crate::bytes::{be16, be32, be64};
use crate::drive::BlockError;
use crate::fault::{Answer, Command};
use crate::scsi::extent;

/// More than this at once is refused, as VPD page B0h says.
const LONGEST_TRANSFER: u64 = 2048;
const LONGEST_WRITE_SAME: u64 = 0x1_0000;

impl Disk {
    fn sense_of(&mut self, error: BlockError) -> Sense {
        match error {
            BlockError::OutOfRange => Sense::OUT_OF_RANGE,
            BlockError::WriteProtected => Sense::WRITE_PROTECTED,
            BlockError::Unreadable(block) => {
                self.counters.read_errors += 1;
                Sense::UNREADABLE.at(block)
            }
            BlockError::Unwritable(block) => {
                self.counters.write_errors += 1;
                Sense::UNWRITABLE.at(block)
            }
            // Nobody sees it: the transport answers that the target is gone.
            BlockError::Gone => Sense::NONE,
        }
    }

    /// The blocks of a command, within today's capacity, counted as one I/O command.
    fn blocks_of(&mut self, cdb: &Cdb, longest: u64) -> Result<(u64, u64), Sense> {
        let (lba, count) = extent(cdb);
        if !self.drive.count_io() {
            return Err(Sense::NONE);
        }
        if self.tper.as_ref().is_some_and(crate::tcg::Tper::is_locked) {
            // ACCESS DENIED - NO ACCESS RIGHTS, with DATA PROTECT (TCG SIIS 1.09, 4.5).
            return Err(Sense::new(7, 0x20, 0x02));
        }
        if lba.checked_add(count).is_none_or(|end| end > self.blocks) {
            return Err(Sense::OUT_OF_RANGE);
        }
        if count > longest {
            return Err(Sense::FIELD_IN_CDB);
        }
        Ok((lba, count))
    }

    fn contents(&mut self, lba: u64, count: u64) -> Result<Vec<u8>, Sense> {
        if let Some(first) = self.stale.within(lba..lba + count).next() {
            return Err(self.stale_sense.at(first.start));
        }
        let mut data = self.drive.read(lba, count).map_err(|error| self.sense_of(error))?;
        let block = usize::try_from(self.drive.block).unwrap_or(0);
        for gone in self.deallocated.within(lba..lba + count) {
            let (start, length) = (gone.start - lba, gone.end - gone.start);
            let start = usize::try_from(start).unwrap_or(0) * block;
            let length = usize::try_from(length).unwrap_or(0) * block;
            data.iter_mut().skip(start).take(length).for_each(|byte| *byte = 0);
        }
        Ok(data)
    }

    fn store(&mut self, lba: u64, data: &[u8]) -> Result<(), Sense> {
        self.drive.write(lba, data).map_err(|error| self.sense_of(error))?;
        let end = lba + data.len() as u64 / u64::from(self.drive.block);
        self.deallocated.remove(lba..end);
        self.stale.remove(lba..end);
        self.counters.written += data.len() as u64;
        Ok(())
    }

    pub(super) fn read(&mut self, cdb: &Cdb) -> Result<Vec<u8>, Sense> {
        let (lba, count) = self.blocks_of(cdb, LONGEST_TRANSFER)?;
        let data = self.contents(lba, count)?;
        self.counters.read += data.len() as u64;
        Ok(data)
    }

    pub(super) fn write(&mut self, cdb: &Cdb, data: &[u8]) -> Result<Vec<u8>, Sense> {
        let (lba, count) = self.blocks_of(cdb, LONGEST_TRANSFER)?;
        let data = self.of_blocks(count, data)?;
        self.store(lba, data)?;
        Ok(Vec::new())
    }

    /// The data of `count` blocks, which must all be there.
    fn of_blocks<'a>(&self, count: u64, data: &'a [u8]) -> Result<&'a [u8], Sense> {
        let length = usize::try_from(count * u64::from(self.drive.block)).unwrap_or(usize::MAX);
        data.get(..length).ok_or(Sense::FIELD_IN_CDB)
    }

    /// BYTCHK 00b: can the blocks be read; 01b: do they hold these data.
    pub(super) fn verify(&mut self, cdb: &Cdb, data: &[u8]) -> Result<Vec<u8>, Sense> {
        let (lba, count) = self.blocks_of(cdb, LONGEST_TRANSFER)?;
        let found = self.contents(lba, count)?;
        match cdb[1] >> 1 & 3 {
            0 => Ok(Vec::new()),
            1 if self.of_blocks(count, data)? == found => Ok(Vec::new()),
            1 => Err(Sense::MISCOMPARE),
            _ => Err(Sense::FIELD_IN_CDB),
        }
    }

    /// The contents of a block, or with NDOB zeros, on many; with UNMAP, and zeros, only deallocated.
    pub(super) fn write_same(&mut self, cdb: &Cdb, data: &[u8]) -> Result<Vec<u8>, Sense> {
        let (lba, count) = self.blocks_of(cdb, LONGEST_WRITE_SAME)?;
        // WSNZ.
        if count == 0 {
            return Err(Sense::FIELD_IN_CDB);
        }
        let unmaps = cdb[1] & 0x08 != 0;
        match self.drive.faults().answer(if unmaps { Command::Deallocate } else { Command::WriteZeroes }) {
            Answer::Refuse => return Err(Sense::FIELD_IN_CDB),
            Answer::Ignore => return Ok(Vec::new()),
            Answer::Obey => {}
        }
        let no_data = cdb[0] == 0x93 && cdb[1] & 0x01 != 0;
        let zeros = vec![0; usize::try_from(self.drive.block).unwrap_or(0)];
        let block = if no_data { zeros.as_slice() } else { self.of_blocks(1, data)? };
        if unmaps && self.unmaps() && block.iter().all(|byte| *byte == 0) {
            return self.deallocate(lba, count).map(|()| Vec::new());
        }
        for at in lba..lba + count {
            self.store(at, block)?;
        }
        Ok(Vec::new())
    }

    /// The medium keeps what it holds: a deallocated block only reads as zeros.
    fn deallocate(&mut self, lba: u64, count: u64) -> Result<(), Sense> {
        if self.drive.faults().write_protected {
            return Err(Sense::WRITE_PROTECTED);
        }
        self.deallocated.insert(lba..lba + count);
        self.stale.remove(lba..lba + count);
        Ok(())
    }

    /// A header of eight bytes, then 16 bytes a range (SBC-4 5.39).
    pub(super) fn unmap(&mut self, cdb: &Cdb, data: &[u8]) -> Result<Vec<u8>, Sense> {
        let list = data.get(..usize::from(be16(cdb, 7))).ok_or(Sense::LIST_LENGTH)?;
        match self.drive.faults().answer(Command::Deallocate) {
            Answer::Refuse => return Err(Sense::OPERATION_CODE),
            Answer::Ignore => return Ok(Vec::new()),
            Answer::Obey => {}
        }
        if list.is_empty() {
            return Ok(Vec::new());
        }
        let length = usize::from(be16(list, 2));
        let descriptors = list.get(8..8 + length).ok_or(Sense::LIST_LENGTH)?;
        for descriptor in descriptors.chunks_exact(16) {
            let (lba, count) = (be64(descriptor, 0), u64::from(be32(descriptor, 8)));
            if lba.checked_add(count).is_none_or(|end| end > self.blocks) {
                return Err(Sense::OUT_OF_RANGE);
            }
            self.deallocate(lba, count)?;
        }
        Ok(Vec::new())
    }
}
