//! The medium: a sparse file with the customer's data on it, and the oracle that looks for them afterwards.

use std::fs::{File, OpenOptions};
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use nix::errno::Errno;
use nix::fcntl::{FallocateFlags, fallocate};
use nix::unistd::{Whence, lseek};
use sha2::{Digest, Sha256};

use crate::bytes::{le64, put, put_text};
use crate::error::Error;
use crate::scenario::DriveSpec;

/// What each block of the customer's data begins with.
pub const MAGIC: &[u8; 16] = b"CUSTOMER RECORD ";
/// Magic, serial number, LBA and 16 bytes of their hash: what makes a block the customer's.
const HEADER: usize = 64;
/// How much is read or written at once.
const CHUNK: u64 = 1 << 20;

/// What an erase leaves on the medium.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Technique {
    /// Zeros.
    BlockErase,
    /// A pattern of four bytes, repeated.
    Overwrite([u8; 4]),
    /// What another key makes of the old contents: noise.
    CryptoErase,
}

/// The medium of one drive, addressed in bytes.
#[derive(Debug)]
pub struct Media {
    file: File,
    size: u64,
}

/// Where the medium of `serial` is in `dir`.
pub fn media_path(dir: &Path, serial: &str) -> PathBuf {
    dir.join(format!("{serial}.img"))
}

impl Media {
    /// Opens the medium of a drive in `dir`; if there is none yet, makes it and fills it with the customer's data.
    pub fn open(dir: &Path, spec: &DriveSpec) -> Result<Self, Error> {
        let path = media_path(dir, &spec.serial);
        let size = spec.size_mib << 20;
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(Error::file(&path))?;
        let found = file.metadata().map_err(Error::file(&path))?.len();
        let media = Self { file, size };
        match found {
            0 => media.fill_with_customer_data(spec).map_err(Error::file(&path))?,
            _ if found == size => {}
            _ => return Err(Error::drive(&spec.serial, format!("{} has {found} bytes, not {size}", path.display()))),
        }
        Ok(media)
    }

    fn fill_with_customer_data(&self, spec: &DriveSpec) -> io::Result<()> {
        self.file.set_len(self.size)?;
        let block = u64::from(spec.block);
        for range in customer_ranges(spec) {
            let mut lba = range.start;
            while lba < range.end {
                let count = (CHUNK / block).min(range.end - lba);
                let data: Vec<u8> =
                    (lba..lba + count).flat_map(|lba| customer_block(&spec.serial, lba, spec.block)).collect();
                self.file.write_all_at(&data, lba * block)?;
                lba += count;
            }
        }
        Ok(())
    }

    /// Bytes of the whole medium.
    pub fn size(&self) -> u64 {
        self.size
    }

    fn check(&self, at: u64, length: usize) -> io::Result<()> {
        let end = u64::try_from(length).ok().and_then(|length| at.checked_add(length));
        if end.is_some_and(|end| end <= self.size) { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    }

    /// Reads the bytes at `at`.
    pub fn read(&self, at: u64, data: &mut [u8]) -> io::Result<()> {
        self.check(at, data.len())?;
        self.file.read_exact_at(data, at)
    }

    /// Writes the bytes at `at`.
    pub fn write(&self, at: u64, data: &[u8]) -> io::Result<()> {
        self.check(at, data.len())?;
        self.file.write_all_at(data, at)
    }

    /// Makes a range of bytes zeros, as holes of the file.
    pub fn zero(&self, range: Range<u64>) -> io::Result<()> {
        let length = range.end.min(self.size).saturating_sub(range.start);
        let (Ok(start), Ok(length)) = (i64::try_from(range.start), i64::try_from(length)) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        if length == 0 {
            return Ok(());
        }
        let flags = FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_KEEP_SIZE;
        Ok(fallocate(&self.file, flags, start, length)?)
    }

    /// Erases a range of bytes. Holes stay holes: where a drive was never written, its medium has nothing to overwrite.
    pub fn erase(&self, technique: Technique, range: Range<u64>) -> io::Result<()> {
        if matches!(technique, Technique::BlockErase | Technique::Overwrite([0, 0, 0, 0])) {
            return self.zero(range);
        }
        // Another key each time: what an erase has left must not come back in the next one.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut noise = Noise::new(&now.as_nanos().to_le_bytes());
        for extent in extents(&self.file, range)? {
            let mut at = extent.start;
            while at < extent.end {
                let mut data = vec![0; usize::try_from((extent.end - at).min(CHUNK)).unwrap_or(0)];
                match technique {
                    Technique::Overwrite(pattern) => fill_with_pattern(&mut data, at, pattern),
                    _ => noise.fill(&mut data),
                }
                self.file.write_all_at(&data, at)?;
                at += data.len() as u64;
            }
        }
        Ok(())
    }
}

/// Fills with the pattern, which is repeated from the beginning of the medium on.
fn fill_with_pattern(data: &mut [u8], at: u64, pattern: [u8; 4]) {
    let skipped = usize::try_from(at % 4).unwrap_or(0);
    data.iter_mut().zip(pattern.iter().cycle().skip(skipped)).for_each(|(byte, pattern)| *byte = *pattern);
}

/// The parts of `range` that the file really holds.
fn extents(file: &File, range: Range<u64>) -> io::Result<Vec<Range<u64>>> {
    let seek = |at: u64, whence| match lseek(file, i64::try_from(at).unwrap_or(i64::MAX), whence) {
        Ok(found) => Ok(u64::try_from(found).ok()),
        Err(Errno::ENXIO) => Ok(None),
        Err(error) => Err(io::Error::from(error)),
    };
    let mut found = Vec::new();
    let mut at = range.start;
    while at < range.end {
        let Some(start) = seek(at, Whence::SeekData)?.filter(|start| *start < range.end) else { break };
        let end = seek(start, Whence::SeekHole)?.map_or(range.end, |end| end.min(range.end));
        found.push(start..end);
        at = end;
    }
    Ok(found)
}

/// Where the customer's data are: everywhere, or on a thin medium its first and last 4 MiB and eight blocks of each of 64 parts.
fn customer_ranges(spec: &DriveSpec) -> Vec<Range<u64>> {
    let blocks = spec.blocks();
    let edge = (4 << 20) / u64::from(spec.block);
    if !spec.thin || blocks < 64 * edge {
        return std::iter::once(0..blocks).collect();
    }
    let part = blocks / 64;
    let middle = (1..63).map(|index| index * part..index * part + 8);
    std::iter::once(0..edge).chain(middle).chain(std::iter::once(blocks - edge..blocks)).collect()
}

/// The customer's data in block `lba` of the drive `serial`.
fn customer_block(serial: &str, lba: u64, block: u32) -> Vec<u8> {
    let header = customer_header(serial, lba);
    let mut data = vec![0; usize::try_from(block).unwrap_or(HEADER)];
    Noise::new(&header).fill(&mut data);
    put(&mut data, 0, &header);
    data
}

fn customer_header(serial: &str, lba: u64) -> [u8; HEADER] {
    let mut header = [0; HEADER];
    put(&mut header, 0, MAGIC);
    put_text(&mut header, 16, 24, serial);
    put(&mut header, 40, &lba.to_le_bytes());
    let digest = Sha256::digest(header.split_at(48).0);
    put(&mut header, 48, digest.split_at(16).0);
    header
}

/// A stream of noise (xorshift64*), seeded by the hash of what it is for.
struct Noise(u64);

impl Noise {
    fn new(seed: &[u8]) -> Self {
        Self(le64(&Sha256::digest(seed), 0) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn fill(&mut self, data: &mut [u8]) {
        for word in data.chunks_mut(8) {
            let noise = self.next().to_le_bytes();
            word.copy_from_slice(noise.split_at(word.len()).0);
        }
    }
}

/// What is on a medium after all, past every answer of the drive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oracle {
    /// Blocks of the medium, hidden ones too.
    pub blocks: u64,
    /// Blocks that still hold the customer's data, of whatever LBA.
    pub customer_blocks: u64,
    /// The first of them, at most sixteen.
    pub first: Vec<u64>,
    /// The whole medium is as it was filled, byte by byte.
    pub untouched: bool,
}

impl Oracle {
    /// Looks at the medium of a drive in `dir`. Blocks are those of the drive's first format.
    pub fn of(dir: &Path, spec: &DriveSpec) -> Result<Self, Error> {
        let path = media_path(dir, &spec.serial);
        let file = File::open(&path).map_err(Error::file(&path))?;
        Self::look(&file, spec).map_err(Error::file(&path))
    }

    fn look(file: &File, spec: &DriveSpec) -> io::Result<Self> {
        let block = u64::from(spec.block);
        let length = usize::try_from(block).unwrap_or(0);
        let mut oracle = Self { blocks: spec.blocks(), customer_blocks: 0, first: Vec::new(), untouched: true };
        let mut as_filled = 0;
        let mut next = 0;
        for extent in extents(file, 0..spec.blocks() * block)? {
            // A block may begin in one extent and end in the next.
            let range = (extent.start / block).max(next)..extent.end.div_ceil(block);
            next = range.end;
            let mut data = vec![0; length];
            for lba in range {
                file.read_exact_at(&mut data, lba * block)?;
                let written_as = le64(&data, 40);
                if data.get(..HEADER) == Some(&customer_header(&spec.serial, written_as)) {
                    oracle.customer_blocks += 1;
                    if oracle.first.len() < 16 {
                        oracle.first.push(lba);
                    }
                    as_filled += u64::from(written_as == lba && data == customer_block(&spec.serial, lba, spec.block));
                } else if data.iter().any(|byte| *byte != 0) {
                    oracle.untouched = false;
                }
            }
        }
        let filled: u64 = customer_ranges(spec).iter().map(|range| range.end - range.start).sum();
        oracle.untouched &= as_filled == filled;
        Ok(oracle)
    }
}
