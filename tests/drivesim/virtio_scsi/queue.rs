//! A split virtqueue (virtio 1.2, 2.7), without indirect descriptors.

use std::io;

use crate::bytes::{le16, le32, le64, put, u8_at};
use crate::host::Host;

/// Descriptors that a queue can have.
pub(super) const SIZE: u16 = 128;
/// More than this in one buffer is a mistake of the driver.
const LONGEST: u64 = 16 << 20;
const NEXT: u16 = 1;
const WRITE: u16 = 2;

/// A queue as the driver has set it up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Queue {
    pub(super) size: u16,
    pub(super) vector: u16,
    pub(super) enabled: bool,
    /// Guest addresses: the descriptor table, the available ring, the used ring.
    pub(super) descriptors: u64,
    pub(super) available: u64,
    pub(super) used: u64,
    taken: u16,
    returned: u16,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            size: SIZE,
            vector: u16::MAX,
            enabled: false,
            descriptors: 0,
            available: 0,
            used: 0,
            taken: 0,
            returned: 0,
        }
    }
}

/// A request of the driver: what it has written, and where it wants its answer.
#[derive(Debug)]
pub(super) struct Chain {
    head: u16,
    pub(super) request: Vec<u8>,
    room: Vec<(u64, usize)>,
}

impl Chain {
    /// Bytes of room for the answer.
    pub(super) fn room(&self) -> usize {
        self.room.iter().map(|(_, length)| length).sum()
    }

    /// Writes `data` from byte `at` of the room on, as far as it reaches; gives how much that was.
    pub(super) fn write(&self, host: &Host, mut at: usize, mut data: &[u8]) -> io::Result<usize> {
        let mut written = 0;
        for (address, length) in &self.room {
            if at >= *length {
                at -= length;
                continue;
            }
            let (now, later) = data.split_at((length - at).min(data.len()));
            if !now.is_empty() {
                host.write(address + at as u64, now)?;
            }
            written += now.len();
            (at, data) = (0, later);
        }
        Ok(written)
    }
}

impl Queue {
    /// The next request, if there is one.
    pub(super) fn take(&mut self, host: &Host) -> io::Result<Option<Chain>> {
        if !self.enabled || self.size == 0 {
            return Ok(None);
        }
        if u16::from_le_bytes(host.array(self.available + 2)?) == self.taken {
            return Ok(None);
        }
        let slot = u64::from(self.taken % self.size);
        let head = u16::from_le_bytes(host.array(self.available + 4 + 2 * slot)?);
        self.taken = self.taken.wrapping_add(1);
        let mut chain = Chain { head, request: Vec::new(), room: Vec::new() };
        let mut index = head;
        // A chain that is longer than the table is a ring.
        for _ in 0..self.size {
            let descriptor: [u8; 16] = host.array(self.descriptors + 16 * u64::from(index))?;
            let (address, length, flags) = (le64(&descriptor, 0), le32(&descriptor, 8), le16(&descriptor, 12));
            if u64::from(length) + chain.request.len() as u64 > LONGEST {
                break;
            }
            let length = usize::try_from(length).map_err(io::Error::other)?;
            if flags & WRITE != 0 {
                chain.room.push((address, length));
            } else {
                let start = chain.request.len();
                chain.request.resize(start + length, 0);
                host.read(address, chain.request.split_at_mut(start).1)?;
            }
            if flags & NEXT == 0 {
                return Ok(Some(chain));
            }
            index = le16(&descriptor, 14);
        }
        Err(io::Error::other("a chain of descriptors without end"))
    }

    /// Gives the request back with `length` bytes of answer, and interrupts.
    pub(super) fn give_back(&mut self, host: &mut Host, chain: &Chain, length: usize) -> io::Result<()> {
        let mut element = [0; 8];
        put(&mut element, 0, &chain.head.to_le_bytes());
        put(&mut element, 4, &u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
        host.write(self.used + 4 + 8 * u64::from(self.returned % self.size.max(1)), &element)?;
        self.returned = self.returned.wrapping_add(1);
        host.write(self.used + 2, &self.returned.to_le_bytes())?;
        let flags: [u8; 2] = host.array(self.available)?;
        // VIRTQ_AVAIL_F_NO_INTERRUPT is a hint.
        if u8_at(&flags, 0) & 1 == 0 {
            host.interrupt(self.vector);
        }
        Ok(())
    }
}
