//! The data plane of one drive: passes become reads and writes.

use std::sync::atomic::AtomicBool;

use purgeproof_core::drive::{Direction, Media};
use purgeproof_core::event::Progress;
use purgeproof_core::evidence::Mismatches;
use purgeproof_core::pass::{Pass, Report};
use purgeproof_core::units::{BlockSize, Blocks, Extent, Lba};

use crate::content::Content;
use crate::erased::Erased;
use crate::meter::Ahead;
use crate::serial::Serial;
use crate::walk::{Halt, Walk};

/// The memory of a drive's queue in bytes: a dozen drives at work shall fit into a machine with 512 MiB.
const QUEUE_BYTES: u64 = 8 << 20;

/// The length of a request in a queue: what Linux sends as one, 256 pages, without a thread of its own to wait for it.
const REQUEST_BYTES: u64 = 1 << 20;

/// The most requests in a queue: more than any disk sorts at once, and as many as most flash serves at full speed.
const SLOTS: u64 = 64;

/// The length of a request where there is but one at a time: long enough for any drive to run at its full speed, short enough to be
/// stopped at once.
const SERIAL_BYTES: u64 = 4 << 20;

/// A drive being written or read.
pub(crate) struct Lane<'a> {
    media: &'a mut dyn Media,
    content: Content,
    /// For a read-back of what the drive itself left.
    erased: Option<Erased>,
    granule: Blocks,
    stop: &'a AtomicBool,
}

/// What a lane needs while it works: the clock, somebody who wants to know how far it is, and who looks after the drive.
pub(crate) trait Watch {
    /// Milliseconds since the machine started.
    fn now_ms(&self) -> u64;
    /// The figures of the stage, a few times a second.
    fn progress(&mut self, progress: Progress);
    /// Whether the drive wants a rest. Then no more is asked of it, and when all that is under way has ended it rests.
    fn wants_rest(&mut self) -> bool;
    /// Waits until the drive may be worked again; whether it ever may.
    fn rest(&mut self) -> bool;
    /// The shortest time between two checkpoints.
    fn checkpoint_interval_ms(&self) -> u64;
    /// All blocks below this one are written and on the medium.
    fn checkpoint(&mut self, below: Lba);
}

impl<'a> Lane<'a> {
    /// A lane over an open medium; bad areas are told apart down to its physical block.
    pub(crate) fn new(media: &'a mut dyn Media, content: Content, physical: BlockSize, stop: &'a AtomicBool) -> Self {
        let block = u64::from(content.geometry.block().get());
        let granule = Blocks((u64::from(physical.get()) / block).max(1));
        Self { media, content, erased: None, granule, stop }
    }

    /// The lane expects what a firmware erase leaves, not the content.
    pub(crate) fn expecting_erased(mut self) -> Self {
        self.erased = Some(Erased::new(self.content.geometry));
        self
    }

    /// The byte that all blocks of an erased drive are expected to repeat, if one was found.
    pub(crate) fn constant(&self) -> Option<u8> {
        self.erased.as_ref().and_then(Erased::constant)
    }

    /// Writes every block from one on.
    ///
    /// # Errors
    /// [`Halt`] if it did not come to an end.
    pub(crate) fn write(&mut self, from: Lba, ahead: Ahead<'_>, watch: &mut dyn Watch) -> Result<Report, Halt> {
        let geometry = self.content.geometry;
        let rest = Extent { start: from, count: Blocks(geometry.count().0.saturating_sub(from.0)) };
        let ahead = Ahead { before: geometry.offset(from), ..ahead };
        self.walk(vec![rest], Direction::Write, ahead, watch).map(|(report, _)| report)
    }

    /// Reads these extents and compares them.
    ///
    /// # Errors
    /// [`Halt`] if it did not come to an end.
    pub(crate) fn verify(
        &mut self,
        extents: Vec<Extent>,
        ahead: Ahead<'_>,
        watch: &mut dyn Watch,
    ) -> Result<(Report, Mismatches), Halt> {
        self.walk(extents, Direction::Read, ahead, watch)
    }

    fn walk(
        &mut self,
        extents: Vec<Extent>,
        direction: Direction,
        ahead: Ahead<'_>,
        watch: &mut dyn Watch,
    ) -> Result<(Report, Mismatches), Halt> {
        let (content, erased, stop, granule) = (self.content.clone(), &mut self.erased, self.stop, self.granule);
        let geometry = content.geometry;
        let longest = extents.iter().map(|extent| extent.count).max().unwrap_or(Blocks(1));
        let request = |most: u64| Blocks((most / u64::from(geometry.block().get())).max(1)).min(longest);
        let length = |request| usize::try_from(geometry.size_of(request).0).unwrap_or(usize::MAX);

        let short = request(REQUEST_BYTES);
        let slots = (QUEUE_BYTES / geometry.size_of(short).0.max(1)).clamp(1, SLOTS);
        if let Some(mut queue) = self.media.queue(usize::try_from(slots).unwrap_or(1), length(short)) {
            let pass = Pass::new(extents, short, granule);
            return Walk::new(queue.as_mut(), content, erased, direction, pass).run(stop, ahead, watch);
        }
        let long = request(SERIAL_BYTES);
        let mut queue = Serial::new(self.media, length(long));
        let pass = Pass::new(extents, long, granule);
        Walk::new(&mut queue, content, erased, direction, pass).run(stop, ahead, watch)
    }
}
