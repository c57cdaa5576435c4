//! The data plane of one drive: passes become reads and writes.

use std::sync::atomic::{AtomicBool, Ordering};

use purgeproof_core::drive::{Media, MediaError};
use purgeproof_core::event::Progress;
use purgeproof_core::evidence::Mismatches;
use purgeproof_core::pass::{Pass, Report, Transfer};
use purgeproof_core::units::{BlockSize, Blocks, Extent};

use crate::buffer::Buffer;
use crate::content::Content;
use crate::erased::Erased;
use crate::meter::Meter;

/// The length of a request in bytes: long enough for any drive to run at its full speed, short enough to be split quickly and
/// stopped at once.
const REQUEST_BYTES: u64 = 4 << 20;

/// A drive being written or read.
pub(crate) struct Lane<'a> {
    media: &'a mut dyn Media,
    content: Content,
    /// For a read-back of what the drive itself left.
    erased: Option<Erased>,
    buffer: Buffer,
    expected: Buffer,
    granule: Blocks,
    stop: &'a AtomicBool,
}

/// What a lane needs while it works: the clock, and somebody who wants to know how far it is.
pub(crate) trait Watch {
    /// Milliseconds since the machine started.
    fn now_ms(&self) -> u64;
    /// The figures of the stage, a few times a second.
    fn progress(&self, progress: Progress);
}

impl<'a> Lane<'a> {
    /// A lane over an open medium; bad areas are told apart down to its physical block.
    pub(crate) fn new(media: &'a mut dyn Media, content: Content, physical: BlockSize, stop: &'a AtomicBool) -> Self {
        let block = u64::from(content.geometry.block().get());
        let length = usize::try_from(request_blocks(block) * block).unwrap_or(usize::MAX);
        let granule = Blocks((u64::from(physical.get()) / block).max(1));
        Self { media, content, erased: None, buffer: Buffer::new(length), expected: Buffer::new(length), granule, stop }
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

    /// Writes every block once; `later` bytes follow in other stages. `None` if it was stopped.
    pub(crate) fn write(&mut self, later: u64, watch: &dyn Watch) -> Option<Report> {
        let whole = self.content.geometry.whole();
        self.walk(vec![whole], later, watch, &mut Mismatches::default(), Self::write_extent)
    }

    /// Reads these extents and compares them. `None` if it was stopped.
    pub(crate) fn verify(&mut self, extents: Vec<Extent>, watch: &dyn Watch) -> Option<(Report, Mismatches)> {
        let mut mismatches = Mismatches::default();
        let report = self.walk(extents, 0, watch, &mut mismatches, Self::read_extent)?;
        Some((report, mismatches))
    }

    fn walk(
        &mut self,
        extents: Vec<Extent>,
        later: u64,
        watch: &dyn Watch,
        mismatches: &mut Mismatches,
        transfer: fn(&mut Self, Extent, &mut Mismatches) -> Transfer,
    ) -> Option<Report> {
        let geometry = self.content.geometry;
        let block = u64::from(geometry.block().get());
        let mut pass = Pass::new(extents, Blocks(request_blocks(block)), self.granule);
        let mut meter = Meter::new(watch.now_ms(), geometry.size_of(pass.report().wanted).0, later);
        while let Some((extent, attempt)) = pass.next_request() {
            if self.stop.load(Ordering::Relaxed) {
                return None;
            }
            let outcome = transfer(self, extent, mismatches);
            pass.hear(extent, attempt, outcome);
            let report = pass.report();
            let (done, errors) = (geometry.size_of(report.covered).0, report.bad.blocks.0 + mismatches.blocks.0);
            if let Some(progress) = meter.reach(watch.now_ms(), done, errors) {
                watch.progress(progress);
            }
        }
        Some(pass.into_report())
    }

    fn write_extent(&mut self, extent: Extent, _: &mut Mismatches) -> Transfer {
        let bytes = self.buffer.first(length_of(&self.content, extent));
        self.content.fill(extent.start, bytes);
        outcome(&self.content, self.media.write(extent.start, bytes))
    }

    fn read_extent(&mut self, extent: Extent, mismatches: &mut Mismatches) -> Transfer {
        let length = length_of(&self.content, extent);
        let read = self.buffer.first(length);
        match &self.erased {
            Some(_) => Erased::poison(read),
            None => self.content.poison(read),
        }
        let transfer = outcome(&self.content, self.media.read(extent.start, read));
        if let Transfer::Done(count) = transfer {
            // Only what came counts, in whole blocks; what did not come is asked for again and compared then.
            let came = length_of(&self.content, Extent { start: extent.start, count }).min(length);
            let read = read.get(..came).unwrap_or_default();
            match &mut self.erased {
                Some(erased) => erased.compare(extent.start, read, mismatches),
                None => self.content.compare(extent.start, read, self.expected.first(came), mismatches),
            }
        }
        transfer
    }
}

/// How many blocks a request has.
fn request_blocks(block: u64) -> u64 {
    (REQUEST_BYTES / block).max(1)
}

fn length_of(content: &Content, extent: Extent) -> usize {
    usize::try_from(content.geometry.size_of(extent.count).0).unwrap_or(usize::MAX)
}

/// What came of a transfer, in whole blocks: a part of a block is no block.
fn outcome(content: &Content, result: Result<usize, MediaError>) -> Transfer {
    match result {
        Ok(bytes) => Transfer::Done(Blocks(bytes as u64 / u64::from(content.geometry.block().get()))),
        Err(MediaError::Bad { .. }) => Transfer::Bad,
        Err(MediaError::Gone { .. }) => Transfer::Gone,
    }
}
