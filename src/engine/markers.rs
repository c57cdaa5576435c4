//! The marker test on an open medium: blocks that only this job can have written, and the owner's blocks beside them.

use purgeproof_core::drive::{Media, MediaError};
use purgeproof_core::evidence::Drawn;
use purgeproof_core::marker::{self, Place, Placed, Sought};
use purgeproof_core::units::{Extent, Geometry, Lba};
use sha2::{Digest, Sha256};

use crate::buffer::Buffer;
use crate::keystream::Keystream;

/// Places closer than this are reached by one transfer: on a small medium they lie so close that reading what is between them costs
/// less than asking again.
const GAP_BYTES: u64 = 64 * 1024;
/// The longest such transfer.
const WINDOW_BYTES: u64 = 1024 * 1024;
/// After so many places in a row that a drive does not take it takes none: one that has failed to erase itself refuses every transfer,
/// and is waiting for the next erase.
const GIVE_UP: u32 = 64;
/// How many addresses of survivors are kept.
const KEPT: usize = 16;

/// The markers of one job.
pub(crate) struct Markers {
    geometry: Geometry,
    keystream: Keystream,
    marks: Vec<Mark>,
    windows: Vec<Window>,
    buffer: Buffer,
}

/// One place and what is known about it.
struct Mark {
    place: Place,
    landed: bool,
    /// The digests of the owner's blocks; `None` for those that do not tell. Empty if none of them does.
    witness: Vec<Option<[u8; 32]>>,
}

/// Neighbouring places that one transfer reaches.
struct Window {
    extent: Extent,
    marks: std::ops::Range<usize>,
}

/// What was read at one place.
struct Look {
    /// The index of its mark.
    number: usize,
    marker: Option<Vec<u8>>,
    witness: Option<Vec<u8>>,
}

/// The drive went away.
struct Gone;

impl Markers {
    /// The places of this job on a medium.
    pub(crate) fn new(geometry: Geometry, drawn: &Drawn) -> Self {
        let places = marker::places(geometry, &drawn.seed);
        let windows = windows(geometry, &places);
        let longest = windows.iter().map(|window| length_of(geometry, window.extent)).max().unwrap_or(0);
        let marks = places.into_iter().map(|place| Mark { place, landed: false, witness: Vec::new() }).collect();
        let keystream = Keystream::new(drawn.stream, &marker::key(&drawn.key));
        Self { geometry, keystream, marks, windows, buffer: Buffer::new(longest) }
    }

    /// Looks at the owner's blocks, writes the markers and reads them back; `progress` hears how many of how many windows are done.
    /// `None` if `progress` says to stop.
    pub(crate) fn place(
        &mut self,
        media: &mut dyn Media,
        progress: &mut dyn FnMut(u64, u64) -> bool,
    ) -> Option<Placed> {
        let total = self.windows.len() as u64 * 2;
        let mut refused = 0;
        for (number, window) in (0_u64..).zip(&self.windows) {
            if !progress(number, total) {
                return None;
            }
            let Some(marks) = self.marks.get_mut(window.marks.clone()) else { continue };
            let written =
                write_window(media, self.geometry, &self.keystream, window, marks, &mut self.buffer, &mut refused);
            if written.is_err() || refused >= GIVE_UP {
                return Some(self.placed());
            }
        }
        // A flush that fails is not held against the drive here: what did not land is not counted.
        let _ = media.flush();
        for number in 0..self.windows.len() {
            if !progress(total / 2 + number as u64, total) {
                return None;
            }
            let Ok(looks) = self.look(media, number) else { break };
            for look in looks {
                if let Some(mark) = self.marks.get_mut(look.number) {
                    mark.landed = look.marker == Some(content(self.geometry, &self.keystream, mark.place.marker));
                }
            }
        }
        Some(self.placed())
    }

    fn placed(&self) -> Placed {
        let count = |is: fn(&Mark) -> bool| self.marks.iter().filter(|mark| is(mark)).count() as u64;
        Placed {
            places: self.marks.len() as u64,
            landed: count(|mark| mark.landed),
            witnesses: count(|mark| !mark.witness.is_empty()),
        }
    }

    /// Looks what is in their place now. Of a block that cannot be read, `is_blank` tells whether the drive calls it erased. `None` if
    /// `progress` says to stop.
    pub(crate) fn seek(
        &mut self,
        media: &mut dyn Media,
        is_blank: &mut dyn FnMut(Lba) -> bool,
        progress: &mut dyn FnMut(u64, u64) -> bool,
    ) -> Option<Sought> {
        let mut sought = Sought::default();
        for number in 0..self.windows.len() {
            if !progress(number as u64, self.windows.len() as u64) {
                return None;
            }
            let Ok(looks) = self.look(media, number) else {
                sought.gone = true;
                break;
            };
            for look in looks {
                if let Some(mark) = self.marks.get(look.number) {
                    judge(self.geometry, &self.keystream, mark, &look, is_blank, &mut sought);
                }
            }
        }
        Some(sought)
    }

    /// Reads a window, and gives what came of each of its places; `None` where a part could not be read.
    fn look(&mut self, media: &mut dyn Media, number: usize) -> Result<Vec<Look>, Gone> {
        let (geometry, buffer) = (self.geometry, &mut self.buffer);
        let Some(window) = self.windows.get(number) else { return Ok(Vec::new()) };
        let whole = read(media, geometry, window.extent, buffer)?;
        let mut bytes = |extent: Extent| {
            if whole {
                return Ok(part(geometry, window.extent, extent, buffer).map(|bytes| bytes.to_vec()));
            }
            let came = read(media, geometry, extent, buffer)?;
            Ok(came.then(|| buffer.first(length_of(geometry, extent)).to_vec()))
        };
        let mut looks = Vec::new();
        for number in window.marks.clone() {
            let Some(mark) = self.marks.get(number) else { continue };
            let marker = bytes(mark.place.marker)?;
            let witness = match mark.place.witness.filter(|_| !mark.witness.is_empty()) {
                Some(extent) => bytes(extent)?,
                None => None,
            };
            looks.push(Look { number, marker, witness });
        }
        Ok(looks)
    }
}

/// Writes the markers of a window, and keeps what was between them. `refused` counts the places in a row that the drive did not take.
fn write_window(
    media: &mut dyn Media,
    geometry: Geometry,
    keystream: &Keystream,
    window: &Window,
    marks: &mut [Mark],
    buffer: &mut Buffer,
    refused: &mut u32,
) -> Result<(), Gone> {
    let whole = read(media, geometry, window.extent, buffer)?;
    for mark in &mut *marks {
        mark.witness = match (whole, mark.place.witness) {
            (true, Some(extent)) => part(geometry, window.extent, extent, buffer).map(|bytes| digests(geometry, bytes)),
            _ => None,
        }
        .unwrap_or_default();
    }
    if whole {
        for mark in &*marks {
            let marker = content(geometry, keystream, mark.place.marker);
            if let Some(room) = part(geometry, window.extent, mark.place.marker, buffer) {
                room.copy_from_slice(&marker);
            }
        }
        if write(media, geometry, window.extent, buffer)? {
            *refused = 0;
            return Ok(());
        }
    }
    // Some block of the window is bad: each place by itself.
    for mark in marks {
        let marker = content(geometry, keystream, mark.place.marker);
        buffer.first(marker.len()).copy_from_slice(&marker);
        let is_taken = write(media, geometry, mark.place.marker, buffer)?;
        *refused = if is_taken { 0 } else { *refused + 1 };
        if *refused >= GIVE_UP {
            break;
        }
    }
    Ok(())
}

/// What is left of one place.
fn judge(
    geometry: Geometry,
    keystream: &Keystream,
    mark: &Mark,
    look: &Look,
    is_blank: &mut dyn FnMut(Lba) -> bool,
    sought: &mut Sought,
) {
    let block = geometry.block().get() as usize;
    let is_left = |(now, before): (&[u8], &Option<[u8; 32]>)| before.is_some() && digest(now) == *before;
    // One block of the owner's is as telling as all of them.
    if let (Some(extent), Some(now)) = (mark.place.witness, &look.witness)
        && let Some(index) = now.chunks(block).zip(&mark.witness).position(is_left)
    {
        sought.witnesses_left += 1;
        keep(&mut sought.first_left, Lba(extent.start.0 + index as u64));
    }
    let Some(now) = &look.marker else {
        let Extent { start, count } = mark.place.marker;
        if mark.landed && (start.0..start.0 + count.0).all(|lba| is_blank(Lba(lba))) {
            sought.blank += 1;
        } else {
            sought.unreadable.add(mark.place.marker);
        }
        return;
    };
    if !mark.landed {
        return;
    }
    let expected = content(geometry, keystream, mark.place.marker);
    if let Some(index) = now.chunks(block).zip(expected.chunks(block)).position(|(now, expected)| now == expected) {
        sought.markers_left += 1;
        keep(&mut sought.first_left, Lba(mark.place.marker.start.0 + index as u64));
    } else if is_constant(now) {
        sought.constant += 1;
    } else {
        sought.other += 1;
    }
}

fn keep(first: &mut Vec<Lba>, lba: Lba) {
    if first.len() < KEPT {
        first.push(lba);
    }
}

/// Joins neighbouring places into windows.
fn windows(geometry: Geometry, places: &[Place]) -> Vec<Window> {
    let mut windows: Vec<Window> = Vec::new();
    for (number, place) in places.iter().enumerate() {
        let end = place.witness.unwrap_or(place.marker).end();
        let span = |start: Lba| Extent { start, count: purgeproof_core::units::Blocks(end.0 - start.0) };
        match windows.last_mut() {
            Some(window)
                if geometry.offset(place.marker.start) - geometry.offset(window.extent.end()) <= GAP_BYTES
                    && geometry.size_of(span(window.extent.start).count).0 <= WINDOW_BYTES =>
            {
                window.extent = span(window.extent.start);
                window.marks.end = number + 1;
            }
            _ => windows.push(Window { extent: span(place.marker.start), marks: number..number + 1 }),
        }
    }
    windows
}

/// The marker that belongs at these blocks.
fn content(geometry: Geometry, keystream: &Keystream, extent: Extent) -> Vec<u8> {
    let mut bytes = vec![0; length_of(geometry, extent)];
    keystream.fill(geometry.offset(extent.start), &mut bytes);
    bytes
}

/// Reads blocks into the buffer; whether all of them came.
fn read(media: &mut dyn Media, geometry: Geometry, extent: Extent, buffer: &mut Buffer) -> Result<bool, Gone> {
    let bytes = buffer.first(length_of(geometry, extent));
    // Neither a marker nor constant: a read that fills nothing must not look like an erased block.
    bytes.iter_mut().zip((0..=250_u8).cycle()).for_each(|(byte, value)| *byte = value);
    let length = bytes.len();
    outcome(media.read(extent.start, bytes), length)
}

/// Writes blocks from the buffer; whether the drive took all of them.
fn write(media: &mut dyn Media, geometry: Geometry, extent: Extent, buffer: &mut Buffer) -> Result<bool, Gone> {
    let bytes = buffer.first(length_of(geometry, extent));
    let length = bytes.len();
    outcome(media.write(extent.start, bytes), length)
}

fn outcome(result: Result<usize, MediaError>, length: usize) -> Result<bool, Gone> {
    match result {
        Ok(count) => Ok(count == length),
        Err(MediaError::Bad { .. }) => Ok(false),
        Err(MediaError::Gone { .. }) => Err(Gone),
    }
}

/// The part of a window's bytes that belongs to some of its blocks.
fn part(geometry: Geometry, window: Extent, extent: Extent, buffer: &mut Buffer) -> Option<&mut [u8]> {
    let from = usize::try_from(geometry.offset(extent.start) - geometry.offset(window.start)).ok()?;
    let length = length_of(geometry, extent);
    buffer.first(length_of(geometry, window)).get_mut(from..from.checked_add(length)?)
}

/// The digests of blocks, one by one; none if no block tells anything.
fn digests(geometry: Geometry, bytes: &[u8]) -> Vec<Option<[u8; 32]>> {
    let digests: Vec<_> = bytes.chunks(geometry.block().get() as usize).map(digest).collect();
    if digests.iter().any(Option::is_some) { digests } else { Vec::new() }
}

/// The digest of a block that tells something; `None` for one byte repeated, which an erased block may well hold too.
fn digest(block: &[u8]) -> Option<[u8; 32]> {
    (!is_constant(block)).then(|| Sha256::digest(block).into())
}

fn is_constant(bytes: &[u8]) -> bool {
    bytes.windows(2).all(|pair| matches!(pair, [one, next] if one == next))
}

fn length_of(geometry: Geometry, extent: Extent) -> usize {
    usize::try_from(geometry.size_of(extent.count).0).unwrap_or(usize::MAX)
}

#[cfg(test)]
#[path = "markers_tests.rs"]
pub(crate) mod tests;
