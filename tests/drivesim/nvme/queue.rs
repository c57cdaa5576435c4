//! Queues in guest memory, commands and their data (Base 2.1, 3.3.1, 4.1 and 4.3.1). Pages have 4096 bytes; there are no SGLs.

use std::io;

use super::status::Status;
use crate::bytes::{le16, le32, le64, put};
use crate::host::Host;

const PAGE: u64 = 4096;
/// Bytes of a submission queue entry.
const COMMAND: u64 = 64;

/// A submission queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Submission {
    pub(super) base: u64,
    pub(super) size: u32,
    pub(super) head: u32,
    pub(super) tail: u32,
    pub(super) completion: u16,
}

/// A completion queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Completion {
    base: u64,
    size: u32,
    tail: u32,
    phase: bool,
    vector: Option<u16>,
}

impl Submission {
    pub(super) fn new(base: u64, size: u32, completion: u16) -> Self {
        Self { base, size, head: 0, tail: 0, completion }
    }

    /// The next command, if the host has put one there.
    pub(super) fn next(&mut self, host: &Host) -> Option<io::Result<Command>> {
        if self.head == self.tail {
            return None;
        }
        let at = self.base + u64::from(self.head) * COMMAND;
        self.head = (self.head + 1) % self.size;
        Some(host.array(at).map(Command))
    }
}

impl Completion {
    /// A queue that raises `vector`, if it has one.
    pub(super) fn new(base: u64, size: u32, vector: Option<u16>) -> Self {
        Self { base, size, tail: 0, phase: true, vector }
    }

    /// Posts an entry for command `cid` of submission queue `queue`, whose head is now `head`.
    pub(super) fn post(
        &mut self,
        host: &mut Host,
        queue: u16,
        head: u32,
        cid: u16,
        dword_0: u32,
        status: Status,
    ) -> io::Result<()> {
        let mut entry = [0; 16];
        put(&mut entry, 0, &dword_0.to_le_bytes());
        put(&mut entry, 8, &u16::try_from(head).unwrap_or(0).to_le_bytes());
        put(&mut entry, 10, &queue.to_le_bytes());
        put(&mut entry, 12, &cid.to_le_bytes());
        put(&mut entry, 14, &(status.0 << 1 | u16::from(self.phase)).to_le_bytes());
        let at = self.base + u64::from(self.tail) * 16;
        // The phase tag says that the entry is there, so it is written last.
        let (body, phase) = entry.split_at(12);
        host.write(at, body)?;
        host.write(at + 12, phase)?;
        self.tail += 1;
        if self.tail == self.size {
            self.tail = 0;
            self.phase = !self.phase;
        }
        if let Some(vector) = self.vector {
            host.interrupt(vector);
        }
        Ok(())
    }
}

/// A submission queue entry.
#[derive(Clone, Copy, Debug)]
pub(super) struct Command(pub(super) [u8; 64]);

impl Command {
    pub(super) fn opcode(&self) -> u8 {
        self.0[0]
    }

    pub(super) fn cid(&self) -> u16 {
        le16(&self.0, 2)
    }

    pub(super) fn nsid(&self) -> u32 {
        le32(&self.0, 4)
    }

    /// Command dword `number`, 10 to 15.
    pub(super) fn dword(&self, number: usize) -> u32 {
        le32(&self.0, number * 4)
    }

    /// The first PRP entry.
    pub(super) fn prp_1(&self) -> u64 {
        le64(&self.0, 24)
    }

    /// Guest addresses and lengths of the command's data of `length` bytes.
    fn pages(&self, host: &Host, length: usize) -> io::Result<Vec<(u64, usize)>> {
        let mut left = length as u64;
        let mut pages = Vec::new();
        let mut add = |address: u64, room: u64, left: &mut u64| {
            let bytes = room.min(*left);
            pages.push((address, usize::try_from(bytes).unwrap_or(0)));
            *left -= bytes;
        };
        add(self.prp_1(), PAGE - self.prp_1() % PAGE, &mut left);
        let second = le64(&self.0, 32);
        if left <= PAGE {
            add(second, PAGE, &mut left);
            return Ok(pages);
        }
        let mut entry = second;
        while left > 0 {
            let address = u64::from_le_bytes(host.array(entry)?);
            // The last entry of a page of the list points to the next page of it, if more than one page of data is left.
            if entry % PAGE == PAGE - 8 && left > PAGE {
                entry = address;
                continue;
            }
            add(address, PAGE, &mut left);
            entry += 8;
        }
        Ok(pages)
    }

    /// Copies `data` to the host.
    pub(super) fn send(&self, host: &Host, data: &[u8]) -> Result<(), Status> {
        let mut rest = data;
        for (address, length) in self.pages(host, data.len()).map_err(|_| Status::DATA_TRANSFER)? {
            let (part, after) = rest.split_at_checked(length).ok_or(Status::DATA_TRANSFER)?;
            host.write(address, part).map_err(|_| Status::DATA_TRANSFER)?;
            rest = after;
        }
        Ok(())
    }

    /// Fetches `length` bytes from the host.
    pub(super) fn receive(&self, host: &Host, length: usize) -> Result<Vec<u8>, Status> {
        let mut data = Vec::with_capacity(length);
        for (address, length) in self.pages(host, length).map_err(|_| Status::DATA_TRANSFER)? {
            let mut part = vec![0; length];
            host.read(address, &mut part).map_err(|_| Status::DATA_TRANSFER)?;
            data.extend(part);
        }
        Ok(data)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::tests::machine;

    #[test]
    fn a_list_of_prps_goes_on_in_the_page_that_its_last_entry_names() {
        let (host, _) = machine(1 << 20, 0);
        let mut command = Command([0; 64]);
        put(&mut command.0, 24, &0x10_200u64.to_le_bytes());
        // The list begins two entries before the end of its page.
        put(&mut command.0, 32, &0x2_0ff0u64.to_le_bytes());
        for (at, address) in [(0x2_0ff0, 0x3_0000u64), (0x2_0ff8, 0x4_0000), (0x4_0000, 0x5_0000), (0x4_0008, 0x6_0000)]
        {
            host.write(at, &address.to_le_bytes()).unwrap();
        }
        let pages = command.pages(&host, 0xe00 + 0x1000 + 0x1000 + 8).unwrap();
        assert_eq!(pages, [(0x1_0200, 0xe00), (0x3_0000, 0x1000), (0x5_0000, 0x1000), (0x6_0000, 8)]);
        let data: Vec<u8> = (0..0x2e08_u32).map(|at| at.to_le_bytes()[1]).collect();
        command.send(&host, &data).unwrap();
        assert_eq!(command.receive(&host, data.len()).unwrap(), data);
    }
}
