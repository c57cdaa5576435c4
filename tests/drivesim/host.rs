//! What a controller sees of the machine that it is in: guest memory and interrupts. Memory is read and written through the file that QEMU
//! passes, so nothing is mapped here.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;

/// A range of guest memory.
#[derive(Debug)]
struct Map {
    guest: u64,
    size: u64,
    file: File,
    offset: u64,
    writable: bool,
}

/// Guest memory and interrupts of the machine that a device is in.
#[derive(Debug, Default)]
pub struct Host {
    maps: Vec<Map>,
    vectors: Vec<Option<File>>,
    pin: Option<File>,
    pin_masked: bool,
}

impl Host {
    /// Memory of `size` bytes at guest address `guest` is at `offset` of `file`.
    pub fn map(&mut self, guest: u64, size: u64, file: File, offset: u64, writable: bool) {
        self.maps.push(Map { guest, size, file, offset, writable });
    }

    /// Memory in this range of guest addresses is gone.
    pub fn unmap(&mut self, guest: u64, size: u64) {
        self.maps.retain(|map| map.guest < guest || map.guest - guest > size.saturating_sub(map.size));
    }

    /// The power fails: no memory, no interrupts.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    fn find(&self, guest: u64, length: usize) -> io::Result<(&Map, u64)> {
        let inside = |map: &&Map| {
            let offset = guest.checked_sub(map.guest)?;
            let end = offset.checked_add(u64::try_from(length).ok()?)?;
            (end <= map.size).then_some(map.offset + offset)
        };
        let found = self.maps.iter().find_map(|map| inside(&map).map(|offset| (map, offset)));
        found.ok_or_else(|| io::Error::other(format!("no guest memory of {length} bytes at {guest:#x}")))
    }

    /// Reads guest memory. An address without memory behind it is an error.
    pub fn read(&self, guest: u64, data: &mut [u8]) -> io::Result<()> {
        let (map, offset) = self.find(guest, data.len())?;
        map.file.read_exact_at(data, offset)
    }

    /// Writes guest memory.
    pub fn write(&self, guest: u64, data: &[u8]) -> io::Result<()> {
        let (map, offset) = self.find(guest, data.len())?;
        if map.writable { map.file.write_all_at(data, offset) } else { Err(io::ErrorKind::PermissionDenied.into()) }
    }

    /// `N` bytes of guest memory.
    pub fn array<const N: usize>(&self, guest: u64) -> io::Result<[u8; N]> {
        let mut data = [0; N];
        self.read(guest, &mut data).map(|()| data)
    }

    /// Gives MSI-X vectors from `start` on their event files, in order; vectors without a file are silent.
    pub fn set_vectors(&mut self, start: usize, count: usize, files: Vec<File>) {
        let mut files = files.into_iter();
        self.vectors.resize_with(self.vectors.len().max(start + count), || None);
        for vector in self.vectors.iter_mut().skip(start).take(count) {
            *vector = files.next();
        }
    }

    /// No MSI-X vector has an event file.
    pub fn clear_vectors(&mut self) {
        self.vectors.clear();
    }

    /// Raises MSI-X vector `vector`.
    pub fn interrupt(&mut self, vector: u16) {
        if let Some(Some(file)) = self.vectors.get_mut(usize::from(vector)) {
            signal(file);
        }
    }

    /// The interrupt pin gets its event file, and is unmasked.
    pub fn set_pin(&mut self, file: Option<File>) {
        self.pin = file;
        self.pin_masked = false;
    }

    /// QEMU masks the pin, or unmasks it after the guest has served the interrupt.
    pub fn mask_pin(&mut self, masked: bool) {
        self.pin_masked = masked;
    }

    /// Tells the level of the pin. A pin that is up raises one interrupt and is masked until QEMU unmasks it.
    pub fn pin_level(&mut self, up: bool) {
        if up
            && !self.pin_masked
            && let Some(file) = &mut self.pin
        {
            self.pin_masked = true;
            signal(file);
        }
    }
}

/// Adds one to an event file. It fails only at 2^64 - 2 unserved events.
fn signal(file: &mut File) {
    let _ = file.write_all(&1u64.to_ne_bytes());
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use std::os::fd::AsFd;

    /// A machine with `size` bytes of memory from address 0 on and `vectors` interrupts. Each interrupt adds 8 bytes to its file.
    pub(crate) fn machine(size: u64, vectors: usize) -> (Host, Vec<File>) {
        let mut host = Host::default();
        let memory = file();
        memory.set_len(size).unwrap();
        host.map(0, size, memory, 0, true);
        let files: Vec<File> = (0..vectors).map(|_| file()).collect();
        host.set_vectors(0, vectors, files.iter().map(|file| file.try_clone().unwrap()).collect());
        (host, files)
    }

    /// A file in memory.
    pub(crate) fn file() -> File {
        nix::sys::memfd::memfd_create(c"drivesim", nix::sys::memfd::MFdFlags::empty()).unwrap().into()
    }

    /// How often the interrupt with this file was raised.
    pub(crate) fn raised(file: &File) -> u64 {
        file.as_fd().try_clone_to_owned().map(File::from).unwrap().metadata().unwrap().len() / 8
    }

    #[test]
    fn addresses_without_memory_are_errors() {
        let (host, _) = machine(4096, 0);
        host.write(4092, &[1, 2, 3, 4]).unwrap();
        assert_eq!(host.array::<4>(4092).unwrap(), [1, 2, 3, 4]);
        assert!(host.write(4093, &[0; 4]).is_err());
        assert!(host.array::<1>(u64::MAX).is_err());
    }

    #[test]
    fn a_pin_is_masked_after_each_interrupt() {
        let mut host = Host::default();
        let events = file();
        host.set_pin(Some(events.try_clone().unwrap()));
        host.pin_level(true);
        host.pin_level(true);
        assert_eq!(raised(&events), 1);
        host.mask_pin(false);
        host.pin_level(false);
        host.pin_level(true);
        assert_eq!(raised(&events), 2);
    }

    #[test]
    fn unmapping_takes_away_whole_maps() {
        let mut host = Host::default();
        host.map(0, 4096, file(), 0, true);
        host.map(0x10000, 4096, file(), 0, true);
        host.unmap(0x10000, 4096);
        assert_eq!(host.maps.len(), 1);
        host.unmap(0, u64::MAX);
        assert!(host.maps.is_empty());
    }
}
