//! A survey of an open medium: a page from each region, and the signatures of disk and partitions, before the first write and after the
//! last. It reads and never writes, and whatever goes wrong with that is something that it has not seen.

use std::collections::BTreeMap;

use purgeproof_core::drive::{Media, MediaError};
use purgeproof_core::evidence::Secret;
use purgeproof_core::sample;
use purgeproof_core::survey::partition::{self, Partition};
use purgeproof_core::survey::signature::{self, Window};
use purgeproof_core::survey::{self, Sketch, Survey};
use purgeproof_core::units::{Blocks, Extent, Geometry, Lba};
use sha2::{Digest, Sha256};

use crate::buffer::Buffer;
use crate::content::Content;

/// The longest stretch that is read for signatures.
const STRETCH_BYTES: usize = 128 * 1024;
/// How many partitions are looked at: as many as a GPT usually has room for.
const PARTITIONS: usize = 128;

/// What is remembered of a medium from the survey before to the survey after.
pub(crate) struct Surveyor {
    geometry: Geometry,
    places: Vec<Extent>,
    /// The disk and its partitions, by any table that was there.
    partitions: Vec<Partition>,
    /// The digests of the pages that held what tells.
    pages: BTreeMap<Extent, [u8; 32]>,
    buffer: Buffer,
}

/// The drive went away, or there is no time left.
struct Over;

impl Surveyor {
    /// For the places of this job on a medium.
    pub(crate) fn new(geometry: Geometry, seed: &Secret) -> Self {
        let places = survey::places(geometry, seed);
        let block = geometry.block().get() as usize;
        // A stretch that is no whole number of blocks is read to the end of its last one.
        let buffer = Buffer::new(STRETCH_BYTES.next_multiple_of(block).max(block));
        Self { geometry, places, partitions: vec![Partition::disk(geometry)], pages: BTreeMap::new(), buffer }
    }

    /// Looks before the first write, until `go_on` says to stop.
    pub(crate) fn before(&mut self, media: &mut dyn Media, go_on: &mut dyn FnMut() -> bool) -> Survey {
        let mut sketch = Sketch::new(self.places.len());
        let mut pages = BTreeMap::new();
        let _ = self.look(media, go_on, &mut sketch, &mut |_, extent, page| {
            pages.insert(extent, Sha256::digest(page).into());
        });
        self.pages = pages;
        sketch.finish()
    }

    /// Looks after the last write. A page is no old data if it holds what was `written` there.
    pub(crate) fn after(
        &mut self,
        media: &mut dyn Media,
        written: Option<&Content>,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Survey {
        let mut sketch = Sketch::new(self.places.len());
        let mut pages = std::mem::take(&mut self.pages);
        let of_signatures: Vec<Extent> = pages.keys().filter(|page| !self.places.contains(page)).copied().collect();
        let mut judge = |sketch: &mut Sketch, extent: Extent, page: &[u8]| {
            let digest: [u8; 32] = Sha256::digest(page).into();
            let is_new = written.is_some_and(|written| holds(written, extent, page));
            if pages.get(&extent) == Some(&digest) && !is_new {
                pages.remove(&extent);
                sketch.unchanged(extent.start);
            }
        };
        if self.look(media, go_on, &mut sketch, &mut judge).is_err() {
            return sketch.finish();
        }
        // Where there were signatures, whether they are found again or not.
        for extent in of_signatures {
            match self.read(media, extent, go_on) {
                Ok(Some(page)) => judge(&mut sketch, extent, page),
                Ok(None) => {}
                Err(Over) => break,
            }
        }
        sketch.finish()
    }

    /// Looks at everything once; `told` hears of every page with content that tells.
    fn look(
        &mut self,
        media: &mut dyn Media,
        go_on: &mut dyn FnMut() -> bool,
        sketch: &mut Sketch,
        told: &mut dyn FnMut(&mut Sketch, Extent, &[u8]),
    ) -> Result<(), Over> {
        let mut next = 0;
        while let Some(partition) = self.partitions.get(next).copied() {
            self.probe(media, go_on, partition, sketch, told)?;
            next += 1;
        }
        let geometry = self.geometry;
        for region in 0..self.places.len() {
            let Some(place) = self.places.get(region).copied() else { break };
            let Some(page) = self.read(media, place, go_on)? else {
                sketch.unreadable(region);
                continue;
            };
            if sketch.look(region, geometry.offset(place.start), page).tells() {
                told(sketch, place, page);
            }
            if let Some(file) = signature::file(page) {
                sketch.sign(file, place.start);
            }
        }
        Ok(())
    }

    /// Looks for the signatures of the disk or a partition, and for the partitions that it lists.
    fn probe(
        &mut self,
        media: &mut dyn Media,
        go_on: &mut dyn FnMut() -> bool,
        of: Partition,
        sketch: &mut Sketch,
        told: &mut dyn FnMut(&mut Sketch, Extent, &[u8]),
    ) -> Result<(), Over> {
        let geometry = self.geometry;
        let mut found = Vec::new();
        let mut listed = Vec::new();
        for stretch in signature::stretches(geometry, of.span) {
            let Some(bytes) = self.read(media, stretch, go_on)? else {
                sketch.unprobed();
                continue;
            };
            let window = Window { offset: geometry.offset(stretch.start) - geometry.offset(of.span.start), bytes };
            for (signature, at) in signature::find(geometry, of.span, window) {
                // On a small disk the stretches overlap.
                if !found.contains(&(signature, at)) {
                    found.push((signature, at));
                    sketch.sign(signature, of.span.start);
                    if let Some((extent, page)) = page_around(geometry, stretch, at - window.offset, bytes) {
                        told(sketch, extent, page);
                    }
                }
            }
            listed.extend(partition::listed(geometry, of, window));
        }
        for partition in listed {
            if self.partitions.len() < PARTITIONS && !self.partitions.contains(&partition) {
                self.partitions.push(partition);
            }
        }
        Ok(())
    }

    /// Reads blocks; `None` if not all of them came.
    fn read(
        &mut self,
        media: &mut dyn Media,
        extent: Extent,
        go_on: &mut dyn FnMut() -> bool,
    ) -> Result<Option<&[u8]>, Over> {
        if !go_on() {
            return Err(Over);
        }
        let length = usize::try_from(self.geometry.size_of(extent.count).0).unwrap_or(usize::MAX);
        let bytes = self.buffer.first(length);
        // A read that fills nothing must look neither like an erased page nor like one that tells anything.
        bytes.fill(0xA5);
        match media.read(extent.start, bytes) {
            Ok(count) => Ok((count == length).then_some(&*bytes)),
            Err(MediaError::Bad { .. }) => Ok(None),
            Err(MediaError::Gone { .. }) => Err(Over),
        }
    }
}

/// The page of a stretch that byte `at` of it is in: its blocks and its bytes.
fn page_around(geometry: Geometry, stretch: Extent, at: u64, bytes: &[u8]) -> Option<(Extent, &[u8])> {
    let block = u64::from(geometry.block().get());
    let per_page = sample::blocks_per_place(geometry);
    let first = at / (per_page * block) * per_page;
    let count = per_page.min(stretch.count.0.checked_sub(first)?);
    let from = usize::try_from(first * block).ok()?;
    let page = bytes.get(from..from.checked_add(usize::try_from(count * block).ok()?)?)?;
    Some((Extent { start: Lba(stretch.start.0 + first), count: Blocks(count) }, page))
}

/// Whether these blocks hold what was written there.
fn holds(written: &Content, extent: Extent, page: &[u8]) -> bool {
    let mut expected = vec![0; page.len()];
    written.fill(extent.start, &mut expected);
    page == expected
}

#[cfg(test)]
#[path = "survey_tests.rs"]
mod tests;
