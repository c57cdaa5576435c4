//! Several transfers at once, over the kernel's ring.

use std::os::fd::AsFd;
use std::time::Duration;

use nix::errno::Errno;
use nix::libc;
use purgeproof_core::drive::{Direction, MediaError, Queue};
use purgeproof_core::units::{Geometry, Lba};
use purgeproof_sys::ring::{self, Ring};

/// An open disk or file whose transfers go through a queue.
pub(crate) trait Queued {
    /// What the kernel's answer to a transfer means for it.
    fn judged(&self, result: Result<usize, Errno>) -> Result<usize, MediaError>;

    /// As [`purgeproof_core::drive::Media::flush`].
    fn flushed(&self) -> Result<(), MediaError>;
}

/// The transfers of a disk or file.
struct RingQueue<'a> {
    ring: Ring,
    geometry: Geometry,
    of: &'a dyn Queued,
}

/// A queue over an open disk or file. `None` where the kernel allows no ring, or not so much memory for one: its refusal says nothing about
/// the drive, and reading and writing one request after the other comes to the same.
pub(crate) fn over<'a>(
    file: impl AsFd,
    geometry: Geometry,
    (slots, length): (usize, usize),
    of: &'a dyn Queued,
) -> Option<Box<dyn Queue + 'a>> {
    let ring = Ring::new(file, slots, length).ok()?;
    Some(Box::new(RingQueue { ring, geometry, of }))
}

impl Queue for RingQueue<'_> {
    fn slots(&self) -> usize {
        self.ring.slots()
    }

    fn buffer(&mut self, slot: usize) -> &mut [u8] {
        self.ring.buffer(slot)
    }

    fn begin(&mut self, slot: usize, direction: Direction, at: Lba, length: usize) -> Result<(), MediaError> {
        let offset = self.geometry.offset(at);
        // A file would grow where a disk refuses.
        if offset.saturating_add(length as u64) > self.geometry.bytes().0 {
            return Err(MediaError::Bad { errno: libc::ENOSPC });
        }
        let direction = match direction {
            Direction::Read => ring::Direction::Read,
            Direction::Write => ring::Direction::Write,
        };
        self.ring.begin(slot, direction, offset, length).map_err(|errno| MediaError::Bad { errno: errno as i32 })
    }

    fn finish(&mut self, patience: Duration) -> Option<(usize, Result<usize, MediaError>)> {
        let (slot, result) = self.ring.wait(patience)?;
        Some((slot, self.of.judged(result)))
    }

    fn flush(&mut self) -> Result<(), MediaError> {
        self.of.flushed()
    }
}
