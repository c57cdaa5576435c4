//! The NVM command set: Flush, Write, Read, Write Zeroes and Dataset Management (NVM Command Set 1.1, 3.3).

use std::ops::Range;

use super::namespace::Namespace;
use super::queue::Command;
use super::status::Status;
use super::subsystem::Subsystem;
use crate::bytes::{le32, le64};
use crate::drive::BlockError;
use crate::fault::{self, Answer};
use crate::host::Host;

const FLUSH: u8 = 0x00;
const WRITE: u8 = 0x01;
const READ: u8 = 0x02;
const WRITE_ZEROES: u8 = 0x08;
const DATASET_MANAGEMENT: u8 = 0x09;

impl From<BlockError> for Status {
    fn from(error: BlockError) -> Self {
        match error {
            BlockError::Gone => Self::INTERNAL,
            BlockError::OutOfRange => Self::LBA_OUT_OF_RANGE,
            BlockError::Unreadable(_) => Self::UNRECOVERED_READ,
            BlockError::Unwritable(_) => Self::WRITE_FAULT,
            BlockError::WriteProtected => Self::WRITE_PROTECTED,
        }
    }
}

impl Subsystem {
    /// Executes an I/O command.
    pub(super) fn io(&mut self, host: &Host, command: &Command) -> Result<(), Status> {
        let opcode = command.opcode();
        // In the Media Verification state blocks can be read, past the mapping table.
        if !(opcode == READ && self.sanitize.is_in_verification()) {
            self.sanitize_forbids()?;
        }
        if self.formatting.is_some() {
            return Err(Status::FORMAT_IN_PROGRESS);
        }
        if opcode == FLUSH {
            return Ok(());
        }
        let namespace = self.active(command.nsid()).ok_or(Status::INVALID_NAMESPACE)?.clone();
        if self.is_locked() {
            return Err(Status::ACCESS_DENIED);
        }
        if opcode == DATASET_MANAGEMENT {
            return self.dataset_management(host, command, &namespace);
        }
        let count = u64::from(command.dword(12) & 0xffff) + 1;
        let bytes = namespace.bytes(le64(&command.0, 40), count)?;
        match opcode {
            READ => self.read(host, command, bytes),
            WRITE => {
                let length = usize::try_from(bytes.end - bytes.start).map_err(|_| Status::INVALID_FIELD)?;
                let data = command.receive(host, length)?;
                namespace.check_protection()?;
                self.drive.write_bytes(bytes.start, &data)?;
                self.written(bytes);
                Ok(())
            }
            WRITE_ZEROES => self.write_zeroes(&namespace, bytes, command.dword(12) & 1 << 25 != 0),
            _ => Err(Status::INVALID_OPCODE),
        }
    }

    fn written(&mut self, bytes: Range<u64>) {
        self.unmapped.remove(bytes);
        self.sanitize.was_written = true;
    }

    fn read(&self, host: &Host, command: &Command, bytes: Range<u64>) -> Result<(), Status> {
        let mut data = self.drive.read_bytes(bytes.clone())?;
        if !self.sanitize.is_in_verification() {
            for hole in self.unmapped.within(bytes.clone()) {
                let offset = |at: u64| usize::try_from(at - bytes.start).unwrap_or(usize::MAX);
                if let Some(part) = data.get_mut(offset(hole.start)..offset(hole.end)) {
                    part.fill(0);
                }
            }
        }
        command.send(host, &data)?;
        // NVM Command Set 1.1, 5.12: a read that succeeds in that state says so by a status of its own.
        if self.sanitize.is_in_verification() { Err(Status::MEDIA_VERIFICATION_READ) } else { Ok(()) }
    }

    /// `deallocate`: DEAC, bit 25 of dword 12.
    fn write_zeroes(&mut self, namespace: &Namespace, bytes: Range<u64>, deallocate: bool) -> Result<(), Status> {
        namespace.check_protection()?;
        match self.drive.faults().answer(fault::Command::WriteZeroes) {
            Answer::Refuse => return Err(Status::INVALID_OPCODE),
            Answer::Ignore => return Ok(()),
            Answer::Obey => {}
        }
        self.drive.check_writable(&bytes)?;
        if deallocate && self.spec().deallocates {
            self.unmapped.insert(bytes);
            return Ok(());
        }
        self.drive.zero_bytes(bytes.clone())?;
        self.written(bytes);
        Ok(())
    }

    /// Ranges of 16 bytes: attributes, length in blocks, first block. Only the attribute Deallocate (dword 11, bit 2) does anything.
    fn dataset_management(&mut self, host: &Host, command: &Command, namespace: &Namespace) -> Result<(), Status> {
        let ranges = usize::try_from(command.dword(10) & 0xff).unwrap_or(0) + 1;
        let list = command.receive(host, ranges * 16)?;
        namespace.check_protection()?;
        match self.drive.faults().answer(fault::Command::Deallocate) {
            Answer::Refuse => return Err(Status::INVALID_OPCODE),
            Answer::Ignore => return Ok(()),
            Answer::Obey => {}
        }
        for range in list.chunks(16) {
            let bytes = namespace.bytes(le64(range, 8), u64::from(le32(range, 4)))?;
            self.drive.check_writable(&bytes)?;
            if command.dword(11) & 4 != 0 && self.spec().deallocates {
                self.unmapped.insert(bytes);
            } else if command.dword(11) & 4 != 0 {
                self.drive.zero_bytes(bytes)?;
            }
        }
        Ok(())
    }
}
