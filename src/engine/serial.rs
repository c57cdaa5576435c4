//! One transfer after the other, where a medium has no queue of its own.

use std::time::Duration;

use purgeproof_core::drive::{Direction, Media, MediaError, Queue};
use purgeproof_core::units::Lba;

use crate::buffer::Buffer;

/// A queue of one: what is begun has ended when `begin` returns.
pub(crate) struct Serial<'a> {
    media: &'a mut dyn Media,
    buffer: Buffer,
    ended: Option<Result<usize, MediaError>>,
}

impl<'a> Serial<'a> {
    /// Transfers of at most `length` bytes.
    pub(crate) fn new(media: &'a mut dyn Media, length: usize) -> Self {
        Self { media, buffer: Buffer::new(length), ended: None }
    }
}

impl Queue for Serial<'_> {
    fn slots(&self) -> usize {
        1
    }

    fn buffer(&mut self, slot: usize) -> &mut [u8] {
        if slot == 0 && self.ended.is_none() { self.buffer.first(usize::MAX) } else { &mut [] }
    }

    fn begin(&mut self, _: usize, direction: Direction, at: Lba, length: usize) -> Result<(), MediaError> {
        let bytes = self.buffer.first(length);
        self.ended = Some(match direction {
            Direction::Read => self.media.read(at, bytes),
            Direction::Write => self.media.write(at, bytes),
        });
        Ok(())
    }

    fn finish(&mut self, _: Duration) -> Option<(usize, Result<usize, MediaError>)> {
        self.ended.take().map(|result| (0, result))
    }

    fn flush(&mut self) -> Result<(), MediaError> {
        self.media.flush()
    }
}
