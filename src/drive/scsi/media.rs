//! Blocks of a length that Linux' driver `sd` does not take: 520, 524 and 528 bytes, 4160 and 4224, as storage arrays have them.
//!
//! `sd` takes 512, 1024, 2048 and 4096 bytes ("Unsupported sector size" in `sd_read_capacity`); any other disk it shows with the size 0,
//! and its block layer reads and writes nothing of it. SCSI commands through the same node still get there: READ (16), WRITE (16),
//! SYNCHRONIZE CACHE. With them such a disk is erased as it is, every byte of its blocks.
//!
//! It keeps its block length unless the policy has another one for it ([`super::reformat`]).

use nix::libc;
use purgeproof_core::drive::{Media, MediaError};
use purgeproof_core::units::{BlockSize, Blocks, Geometry, Lba};
use purgeproof_spec::scsi::answer::{Capacity, longest_transfer};
use purgeproof_spec::scsi::command::{
    Command, VpdPage, inquiry_vpd, read_16, read_capacity_16, synchronize_cache_10, synchronize_cache_16, write_16,
};
use purgeproof_spec::scsi::sense::Key;
use purgeproof_sys::transfer::POISON;

use super::query::{ATTENTIONS, ROOM, Reply, Unheard, data, judge};
use crate::block::classify;
use crate::channel::{ChannelError, Data, ScsiAnswer, ScsiChannel};

/// Long enough for a drive to run at its full speed, and no more than the host adapters take.
pub(crate) const LONGEST: u32 = 256 << 10;
/// A bad sector may take a drive half a minute, and a cache that is full longer than that.
const TRANSFER_MS: u32 = 60_000;
const FLUSH_MS: u32 = 300_000;

/// The blocks of a disk, if `sd` does not take their length.
///
/// A length that is no multiple of four is left alone: SCSI queues ask for that much, and other data the kernel passes on in pages that
/// it fills with zeros, which is what an erased disk reads as (see [`purgeproof_sys::transfer`]).
pub(crate) fn foreign_geometry(channel: &mut impl ScsiChannel) -> Option<Geometry> {
    let capacity = Capacity::new(&data(channel, "READ CAPACITY (16)", &read_capacity_16(), &mut Unheard).ok()?)?;
    let length = capacity.block_size;
    let is_possible = length.is_multiple_of(4) && length <= LONGEST;
    let block = BlockSize::new(length).filter(|block| is_possible && !block.is_usual())?;
    Geometry::new(block, Blocks(capacity.blocks))
}

/// Blocks read and written by commands.
pub(crate) struct ScsiMedia<C, P> {
    channel: C,
    geometry: Geometry,
    /// The most blocks that go with one command.
    most: u64,
    /// Whether the disk that was opened is still attached and working.
    is_there: P,
    /// The drive said later that it lost something that it had taken.
    has_lost: bool,
}

impl<C: ScsiChannel, P: Fn() -> bool> ScsiMedia<C, P> {
    /// No command carries more than `longest` bytes, nor more than the drive's page B0h allows, but at least one block.
    pub(crate) fn new(mut channel: C, geometry: Geometry, longest: u32, is_there: P) -> Self {
        let page = data(&mut channel, "INQUIRY, VPD B0h", &inquiry_vpd(VpdPage::BlockLimits, ROOM), &mut Unheard);
        let limit = page.ok().and_then(|page| longest_transfer(&page)).unwrap_or(u32::MAX);
        let most = (longest.min(LONGEST) / geometry.block().get()).min(limit).max(1);
        Self { channel, geometry, most: most.into(), is_there, has_lost: false }
    }

    fn block(&self) -> usize {
        usize::try_from(self.geometry.block().get()).unwrap_or(usize::MAX)
    }

    /// The command for as much of `length` bytes as one takes, and how many that are; `None` for less than a block.
    fn part(&self, of: fn(u64, u32, u32) -> Option<Command>, at: Lba, length: usize) -> Option<(Command, usize)> {
        let blocks = u64::try_from(length / self.block()).ok()?.min(self.most);
        let command = of(at.0, u32::try_from(blocks).ok()?, self.geometry.block().get())?;
        Some((command, usize::try_from(self.geometry.size_of(Blocks(blocks)).0).ok()?))
    }

    /// Sends a command until the drive has told its unit attentions, and gives how many of `asked` bytes were transferred.
    fn carry(
        &mut self,
        asked: usize,
        mut execute: impl FnMut(&mut C) -> Result<ScsiAnswer, ChannelError>,
    ) -> Result<usize, Reply> {
        let mut last = Reply::Declined("UNIT ATTENTION, again and again");
        for _ in 0..ATTENTIONS {
            last = match judge(&execute(&mut self.channel), asked).0 {
                Reply::Good(came) => return Ok(came),
                // Both say that this command was not begun. The second one is about an earlier one, which ended well.
                Reply::Check(sense) if sense.key == Key::UnitAttention => Reply::Check(sense),
                Reply::Check(sense) if sense.deferred && sense.key == Key::RecoveredError => Reply::Check(sense),
                Reply::Check(sense) if sense.deferred => {
                    // Tried again, this command would succeed, and nobody would know which one has failed.
                    self.has_lost = true;
                    return Err(Reply::Check(sense));
                }
                reply => return Err(reply),
            };
        }
        Err(last)
    }

    /// What the block layer would have said.
    fn failed(&self, reply: &Reply) -> MediaError {
        match reply {
            Reply::Gone => MediaError::Gone { errno: libc::ENODEV },
            Reply::Check(sense) if sense.key == Key::MediumError => MediaError::Bad { errno: libc::ENODATA },
            Reply::Check(sense) if sense.key == Key::HardwareError => MediaError::Bad { errno: libc::EREMOTEIO },
            _ => classify(libc::EIO, &self.is_there),
        }
    }

    /// How many bytes of these are blocks that came. Some adapters say GOOD, and that nothing was left out, of data that never arrived:
    /// blocks at the end that hold nothing but poison count as not read, also on a drive that was filled with that very byte.
    fn arrived(&self, read: &[u8]) -> usize {
        let is_filled = |block: &[u8]| block.iter().any(|byte| *byte != POISON);
        read.chunks_exact(self.block()).rposition(is_filled).map_or(0, |last| (last + 1) * self.block())
    }
}

impl<C: ScsiChannel, P: Fn() -> bool + Send> Media for ScsiMedia<C, P> {
    fn geometry(&self) -> Geometry {
        self.geometry
    }

    fn read(&mut self, at: Lba, into: &mut [u8]) -> Result<usize, MediaError> {
        let Some((command, length)) = self.part(read_16, at, into.len()) else { return Ok(0) };
        // The channel poisons what it is given; what does not come has to stay as the caller left it.
        let mut room = vec![POISON; length];
        let carried = self
            .carry(length, |channel| channel.execute(command.cdb(), Data::In(&mut room), TRANSFER_MS))
            .map_err(|reply| self.failed(&reply))?;
        let came = self.arrived(room.get(..carried).unwrap_or_default());
        into.iter_mut().zip(room).take(came).for_each(|(to, from)| *to = from);
        Ok(came)
    }

    fn write(&mut self, at: Lba, from: &[u8]) -> Result<usize, MediaError> {
        let Some((command, length)) = self.part(write_16, at, from.len()) else { return Ok(0) };
        let from = from.get(..length).unwrap_or_default();
        let took = self
            .carry(length, |channel| channel.execute(command.cdb(), Data::Out(from), TRANSFER_MS))
            .map_err(|reply| self.failed(&reply))?;
        Ok(took / self.block() * self.block())
    }

    fn flush(&mut self) -> Result<(), MediaError> {
        let mut sync = |command: Command| self.carry(0, |channel| channel.execute(command.cdb(), Data::None, FLUSH_MS));
        let synced = match sync(synchronize_cache_16()) {
            Err(Reply::Check(sense)) if sense.key == Key::IllegalRequest => sync(synchronize_cache_10()),
            synced => synced,
        };
        synced.map_err(|reply| self.failed(&reply))?;
        if self.has_lost { Err(MediaError::Bad { errno: libc::EIO }) } else { Ok(()) }
    }
}

#[cfg(test)]
#[path = "media_tests.rs"]
mod tests;
