//! Reading FAT without mounting it: the volume's serial number and label, and whether a file is in its root directory.
//!
//! After "Microsoft Extensible Firmware Initiative FAT32 File System Specification", version 1.03. Every number comes from a disk
//! that may hold anything: all arithmetic is checked and every walk is bounded.

use std::io::{self, ErrorKind};
use std::ops::Range;

/// Bytes of one directory entry.
const ENTRY: usize = 32;
/// No root directory that we look into is longer: 2 MiB hold 65536 entries, which is what FAT allows. A chain in a circle ends here too.
const MOST_BYTES: u64 = 2 << 20;

/// Reads exactly `into.len()` bytes at an offset from the start of the volume.
pub(crate) type ReadAt<'a> = dyn FnMut(u64, &mut [u8]) -> io::Result<()> + 'a;

/// What the boot sector says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Volume {
    /// `BS_VolID`.
    pub(crate) serial: u32,
    /// `BS_VolLab`, as it was when the volume was made.
    label: [u8; 11],
    root: Root,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Root {
    /// FAT12 and FAT16: a fixed place, in bytes.
    Fixed { at: u64, length: u64 },
    /// FAT32: a chain of clusters.
    Chain { first: u32, fat: u64, data: u64, cluster: u64 },
}

impl Volume {
    /// `None` if this is no FAT boot sector.
    pub(crate) fn parse(sector: &[u8; 512]) -> Option<Self> {
        let byte = |at: usize| sector.get(at).copied().map(u64::from);
        let word = |at: usize| Some(u64::from(u16::from_le_bytes(*sector.get(at..)?.first_chunk()?)));
        let long = |at: usize| Some(u32::from_le_bytes(*sector.get(at..)?.first_chunk()?));
        let (bytes, clusters) = (word(11)?, byte(13)?);
        let (reserved, fats, entries) = (word(14)?, byte(16)?, word(17)?);
        let is_fat = sector.ends_with(&[0x55, 0xAA])
            && matches!(bytes, 512 | 1024 | 2048 | 4096)
            && clusters.is_power_of_two()
            && reserved > 0
            && matches!(fats, 1 | 2);
        if !is_fat {
            return None;
        }
        let fat = reserved * bytes;
        match word(22)? {
            // BPB_FATSz16 is 0 on FAT32 alone; BPB_FATSz32, BPB_RootClus and BS_VolID follow later in the sector.
            0 if entries == 0 => Some(Self {
                serial: long(67)?,
                label: *sector.get(71..)?.first_chunk()?,
                root: Root::Chain {
                    first: long(44)?,
                    fat,
                    data: fat + fats * u64::from(long(36)?) * bytes,
                    cluster: clusters * bytes,
                },
            }),
            0 => None,
            size => Some(Self {
                serial: long(39)?,
                label: *sector.get(43..)?.first_chunk()?,
                root: Root::Fixed { at: fat + fats * size * bytes, length: entries * ENTRY as u64 },
            }),
        }
    }

    /// The serial number as GRUB and udev print it.
    pub(crate) fn id(self) -> String {
        format!("{:04X}-{:04X}", self.serial >> 16, self.serial & 0xFFFF)
    }

    /// Whether it was given this label when it was made.
    pub(crate) fn is_labelled(self, label: &str) -> bool {
        self.label.trim_ascii_end() == label.as_bytes()
    }

    /// Whether the root directory has a file of this name, long or short, in either case.
    pub(crate) fn has_file(self, name: &str, read: &mut ReadAt<'_>) -> io::Result<bool> {
        let mut search = Search { name, long: Vec::new() };
        match self.root {
            Root::Fixed { at, length } => Ok(search.look_through(&fetch(read, at, length)?) == Some(true)),
            Root::Chain { first, fat, data, cluster } => {
                let mut number = first & 0x0FFF_FFFF;
                for _ in 0..=MOST_BYTES / cluster.max(1) {
                    // Clusters are counted from 2; 0FFFFFF7h is a bad one and what is above ends the chain.
                    if !(2..0x0FFF_FFF7).contains(&number) {
                        return Ok(false);
                    }
                    let at = data + u64::from(number - 2) * cluster;
                    if let Some(found) = search.look_through(&fetch(read, at, cluster)?) {
                        return Ok(found);
                    }
                    let mut next = [0; 4];
                    read(fat + u64::from(number) * 4, &mut next)?;
                    number = u32::from_le_bytes(next) & 0x0FFF_FFFF;
                }
                Ok(false)
            }
        }
    }
}

fn fetch(read: &mut ReadAt<'_>, at: u64, length: u64) -> io::Result<Vec<u8>> {
    let length = usize::try_from(length.min(MOST_BYTES)).map_err(|_| ErrorKind::InvalidData)?;
    let mut bytes = vec![0; length];
    read(at, &mut bytes)?;
    Ok(bytes)
}

/// Goes through the entries of a directory, cluster by cluster.
struct Search<'a> {
    name: &'a str,
    /// The UTF-16 units of the long name that precedes a short entry.
    long: Vec<u16>,
}

impl Search<'_> {
    /// Whether the file is there; `None` if the directory goes on.
    fn look_through(&mut self, cluster: &[u8]) -> Option<bool> {
        let (entries, _) = cluster.as_chunks::<ENTRY>();
        entries.iter().find_map(|entry| self.look_at(entry))
    }

    fn look_at(&mut self, entry: &[u8; ENTRY]) -> Option<bool> {
        let [first, .., _] = *entry;
        let attributes = entry.get(11).copied().unwrap_or_default();
        match (first, attributes) {
            (0x00, _) => return Some(false),
            (0xE5, _) => self.long.clear(),
            // ATTR_LONG_NAME
            (_, 0x0F) => self.prepend(entry),
            // ATTR_VOLUME_ID, ATTR_DIRECTORY
            (_, attributes) if attributes & 0x18 != 0 => self.long.clear(),
            _ => {
                let long = String::from_utf16_lossy(&self.long);
                if self.name.eq_ignore_ascii_case(&long) || self.name.eq_ignore_ascii_case(&short_name(entry)) {
                    return Some(true);
                }
                self.long.clear();
            }
        }
        None
    }

    /// Thirteen units of a long name, of which the last part comes first.
    fn prepend(&mut self, entry: &[u8; ENTRY]) {
        let part = |range: Range<usize>| entry.get(range).unwrap_or_default().as_chunks::<2>().0.iter();
        let units = part(1..11).chain(part(14..26)).chain(part(28..32)).map(|unit| u16::from_le_bytes(*unit));
        let mut long: Vec<u16> = units.take_while(|unit| *unit != 0).collect();
        long.append(&mut self.long);
        // 255 units are the longest name there is; more is a damaged directory.
        long.truncate(260);
        self.long = long;
    }
}

/// `NAME.EXT` from the eleven bytes of an entry.
fn short_name(entry: &[u8; ENTRY]) -> String {
    let part = |range| String::from_utf8_lossy(entry.get(range).unwrap_or_default()).trim_end().to_owned();
    match (part(0..8), part(8..11)) {
        (name, extension) if extension.is_empty() => name,
        (name, extension) => format!("{name}.{extension}"),
    }
}

#[cfg(test)]
#[path = "fat_tests.rs"]
mod tests;
