//! Namespaces: ranges of the medium, their management and attachment (Base 2.1, 5.1.20 and 5.1.21).

use std::ops::Range;

use super::status::Status;
use super::subsystem::Subsystem;
use crate::bytes::{le16, le64, u8_at};
use crate::drive::Drive;
use crate::fault::{self, Answer};

/// The broadcast namespace identifier.
pub(super) const ALL: u32 = u32::MAX;
/// The identifier of the only controller.
pub(super) const CONTROLLER: u16 = 1;
/// The largest namespace identifier.
pub(super) const LARGEST: u32 = 32;

/// Data bytes as a power of two, and metadata bytes at the end of each block, of the LBA formats.
pub(super) const LBA_FORMATS: [(u8, u16); 4] = [(9, 0), (12, 0), (9, 8), (9, 16)];

/// Bytes of a block of LBA format `format`, with its metadata.
pub(super) fn block_of(format: usize) -> Option<u32> {
    LBA_FORMATS.get(format).map(|(data, metadata)| (1 << data) + u32::from(*metadata))
}

/// A namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Namespace {
    pub(super) nsid: u32,
    /// Its bytes on the medium.
    pub(super) extent: Range<u64>,
    /// Its LBA format.
    pub(super) format: usize,
    pub(super) is_attached: bool,
    pub(super) is_write_protected: bool,
}

impl Namespace {
    /// The namespaces that a drive comes with.
    pub(super) fn of(drive: &Drive) -> Vec<Self> {
        let format = (0..LBA_FORMATS.len()).find(|format| block_of(*format) == Some(drive.spec.block)).unwrap_or(0);
        let namespace = |nsid, extent| Self { nsid, extent, format, is_attached: true, is_write_protected: false };
        if drive.spec.nvme.namespaces.is_empty() {
            return vec![namespace(1, 0..drive.media.size())];
        }
        let mut start = 0;
        let with_numbers = drive.spec.nvme.namespaces.iter().zip(1..);
        with_numbers
            .map(|(spec, nsid)| {
                let extent = start..(start + (spec.size_mib << 20)).min(drive.media.size());
                start = extent.end;
                let is_write_protected = spec.write_protected;
                Self { is_attached: !spec.detached, is_write_protected, ..namespace(nsid, extent) }
            })
            .collect()
    }

    /// Bytes of one of its blocks.
    pub(super) fn block(&self) -> u64 {
        block_of(self.format).map_or(512, u64::from)
    }

    /// How many blocks it has.
    pub(super) fn blocks(&self) -> u64 {
        (self.extent.end - self.extent.start) / self.block()
    }

    /// Whether it can be written.
    pub(super) fn check_protection(&self) -> Result<(), Status> {
        if self.is_write_protected { Err(Status::WRITE_PROTECTED) } else { Ok(()) }
    }

    /// Where blocks are on the medium.
    pub(super) fn bytes(&self, lba: u64, count: u64) -> Result<Range<u64>, Status> {
        let end = lba.checked_add(count).filter(|end| *end <= self.blocks()).ok_or(Status::LBA_OUT_OF_RANGE)?;
        Ok(self.extent.start + lba * self.block()..self.extent.start + end * self.block())
    }
}

impl Subsystem {
    /// The attached namespace `nsid`.
    pub(super) fn active(&self, nsid: u32) -> Option<&Namespace> {
        self.namespaces.iter().find(|namespace| namespace.nsid == nsid && namespace.is_attached)
    }

    /// Bytes of the medium that belong to no namespace.
    pub(super) fn unallocated(&self) -> u64 {
        let allocated: u64 =
            self.namespaces.iter().map(|namespace| namespace.extent.end - namespace.extent.start).sum();
        self.drive.media.size() - allocated
    }

    fn may_manage(&mut self) -> Result<(), Status> {
        let answer = self.drive.faults().answer(fault::Command::NamespaceManagement);
        if !self.spec().namespace_management || answer == Answer::Refuse {
            return Err(Status::INVALID_OPCODE);
        }
        self.sanitize_forbids()
    }

    /// Namespace Management: creates one from `template`, or deletes. Gives the identifier of a new one.
    pub(super) fn manage(&mut self, nsid: u32, select: u32, template: &[u8]) -> Result<u32, Status> {
        self.may_manage()?;
        let is_ignored = self.drive.faults().answer(fault::Command::NamespaceManagement) == Answer::Ignore;
        match select {
            _ if is_ignored => Ok(nsid),
            0 => self.create(template),
            1 if nsid == ALL || self.namespaces.iter().any(|namespace| namespace.nsid == nsid) => {
                self.namespaces.retain(|namespace| nsid != ALL && namespace.nsid != nsid);
                Ok(0)
            }
            1 => Err(Status::INVALID_NAMESPACE),
            _ => Err(Status::INVALID_FIELD),
        }
    }

    /// NSZE at byte 0, NCAP at 8, FLBAS at 26. A new namespace is unmapped: it reads as zeros, and the medium under it is what it was.
    fn create(&mut self, template: &[u8]) -> Result<u32, Status> {
        let (size, capacity) = (le64(template, 0), le64(template, 8));
        let format = usize::from(u8_at(template, 26) & 0xf);
        let block = u64::from(block_of(format).ok_or(Status::INVALID_FORMAT)?);
        if size == 0 || size != capacity {
            return Err(Status::INVALID_FIELD);
        }
        let bytes = size.checked_mul(block).ok_or(Status::INSUFFICIENT_CAPACITY)?;
        let extent = self.free(bytes).ok_or(Status::INSUFFICIENT_CAPACITY)?;
        let is_free = |nsid: &u32| self.namespaces.iter().all(|namespace| namespace.nsid != *nsid);
        let nsid = (1..=LARGEST).find(is_free).ok_or(Status::NAMESPACE_IDENTIFIER_UNAVAILABLE)?;
        self.unmapped.insert(extent.clone());
        self.namespaces.push(Namespace { nsid, extent, format, is_attached: false, is_write_protected: false });
        self.namespaces.sort_by_key(|namespace| namespace.nsid);
        Ok(nsid)
    }

    /// The first gap of `bytes` between namespaces.
    fn free(&self, bytes: u64) -> Option<Range<u64>> {
        let mut taken: Vec<_> = self.namespaces.iter().map(|namespace| namespace.extent.clone()).collect();
        taken.sort_by_key(|extent| extent.start);
        let starts = std::iter::once(0).chain(taken.iter().map(|extent| extent.end));
        let ends = taken.iter().map(|extent| extent.start).chain(std::iter::once(self.drive.media.size()));
        starts.zip(ends).find(|(start, end)| end - start >= bytes).map(|(start, _)| start..start + bytes)
    }

    /// Namespace Attachment: attaches (0) or detaches (1) the controllers of `list`, a number and identifiers of 16 bits.
    pub(super) fn attach(&mut self, nsid: u32, select: u32, list: &[u8]) -> Result<(), Status> {
        self.may_manage()?;
        if le16(list, 0) != 1 || le16(list, 2) != CONTROLLER {
            return Err(Status::CONTROLLER_LIST_INVALID);
        }
        let namespace =
            self.namespaces.iter_mut().find(|namespace| namespace.nsid == nsid).ok_or(Status::INVALID_NAMESPACE)?;
        match (select, namespace.is_attached) {
            (0, true) => Err(Status::ALREADY_ATTACHED),
            (1, false) => Err(Status::NOT_ATTACHED),
            (0 | 1, _) => {
                namespace.is_attached = select == 0;
                Ok(())
            }
            _ => Err(Status::INVALID_FIELD),
        }
    }
}
