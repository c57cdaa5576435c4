//! Frames (FIS, Serial ATA 3.3 10.5) and the command list in guest memory (AHCI 1.3.1 clause 4).

use std::io;

use crate::ata::{Registers, Taskfile};
use crate::bytes::{le16, le32, le64, put, u8_at};
use crate::host::Host;

/// Where a PIO Setup and a Register frame go in the received FIS structure.
pub(super) const PIO_SETUP_AT: u64 = 0x20;
pub(super) const REGISTER_AT: u64 = 0x40;
/// Where the physical regions are in a command table.
const REGIONS_AT: u64 = 0x80;

/// A command header, with the table that it points to.
pub(super) struct Command {
    /// Where the header is.
    header: u64,
    /// Where its table is.
    table: u64,
    regions: u16,
}

/// What the host sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// A command.
    Command(Taskfile),
    /// The device control register, with SRST or without.
    Control { resets: bool },
}

impl Command {
    /// The header in `slot` of the command list at `list`.
    pub(super) fn read(host: &Host, list: u64, slot: u32) -> io::Result<Self> {
        let header = list + u64::from(slot) * 32;
        let bytes: [u8; 32] = host.array(header)?;
        Ok(Self { header, table: le64(&bytes, 8) & !0x7f, regions: le16(&bytes, 2) })
    }

    /// The frame of the command.
    pub(super) fn frame(&self, host: &Host) -> io::Result<Frame> {
        host.array(self.table).map(|bytes: [u8; 64]| frame(&bytes))
    }

    /// The physical regions: address and bytes of each.
    fn regions(&self, host: &Host) -> io::Result<Vec<(u64, usize)>> {
        let region = |number: u16| {
            let bytes: [u8; 16] = host.array(self.table + REGIONS_AT + u64::from(number) * 16)?;
            let length = usize::try_from(le32(&bytes, 12) & 0x3f_ffff).unwrap_or(0) + 1;
            Ok((le64(&bytes, 0), length))
        };
        (0..self.regions).map(region).collect()
    }

    /// Gathers `length` bytes, or as many as there are.
    pub(super) fn gather(&self, host: &Host, length: usize) -> io::Result<Vec<u8>> {
        let mut data = vec![0; length];
        let mut rest = data.as_mut_slice();
        let mut gathered = 0;
        for (address, size) in self.regions(host)? {
            let (part, after) = rest.split_at_mut(size.min(rest.len()));
            host.read(address, part)?;
            gathered += part.len();
            rest = after;
        }
        data.truncate(gathered);
        Ok(data)
    }

    /// Scatters `data`, as far as there is room, and tells how far that was.
    pub(super) fn scatter(&self, host: &Host, data: &[u8]) -> io::Result<usize> {
        let mut rest = data;
        for (address, size) in self.regions(host)? {
            let (part, after) = rest.split_at(size.min(rest.len()));
            host.write(address, part)?;
            rest = after;
        }
        Ok(data.len() - rest.len())
    }

    /// Tells the host how many bytes went either way (PRDBC).
    pub(super) fn count(&self, host: &Host, bytes: usize) -> io::Result<()> {
        host.write(self.header + 4, &u32::try_from(bytes).unwrap_or(u32::MAX).to_le_bytes())
    }
}

/// Register, host to device (27h): with C set it is a command, else device control.
fn frame(bytes: &[u8; 64]) -> Frame {
    if u8_at(bytes, 1) & 0x80 == 0 {
        return Frame::Control { resets: u8_at(bytes, 15) & 4 != 0 };
    }
    let byte = |at: usize| u64::from(u8_at(bytes, at));
    let lba = (0..).step_by(8).zip([4, 5, 6, 8, 9, 10]).fold(0, |lba, (shift, at)| lba | byte(at) << shift);
    Frame::Command(Taskfile {
        feature: u16::from_le_bytes([u8_at(bytes, 3), u8_at(bytes, 11)]),
        count: le16(bytes, 12),
        lba,
        device: u8_at(bytes, 7),
        command: u8_at(bytes, 2),
    })
}

/// Register, device to host (34h), with its interrupt bit.
pub(super) fn register(registers: &Registers) -> [u8; 20] {
    let lba = registers.lba.to_le_bytes();
    let mut frame = [0; 20];
    put(&mut frame, 0, &[0x34, 0x40, registers.status, registers.error]);
    put(&mut frame, 4, lba.split_at(3).0);
    put(&mut frame, 7, &[registers.device]);
    put(&mut frame, 8, lba.split_at(3).1.split_at(3).0);
    put(&mut frame, 12, &registers.count.to_le_bytes());
    frame
}

/// PIO Setup (5Fh) of the last block of data to the host: the status now (DRQ) and the one when the data have gone.
pub(super) fn pio_setup(registers: &Registers, bytes: usize) -> [u8; 20] {
    let mut frame = register(registers);
    put(&mut frame, 0, &[0x5f, 0x60, registers.status | 0x08]);
    put(&mut frame, 15, &[registers.status]);
    put(&mut frame, 16, &u16::try_from(bytes.min(512)).unwrap_or(0).to_le_bytes());
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_frame_has_its_halves_apart() {
        let mut bytes = [0; 64];
        // SANITIZE DEVICE, OVERWRITE EXT with pattern 12345678h and two passes.
        bytes[..14]
            .copy_from_slice(&[0x27, 0x80, 0xb4, 0x14, 0x78, 0x56, 0x34, 0x40, 0x12, 0x57, 0x4f, 0x00, 0x02, 0x01]);
        let task = Taskfile { feature: 0x14, count: 0x0102, lba: 0x4f57_1234_5678, device: 0x40, command: 0xb4 };
        assert_eq!(frame(&bytes), Frame::Command(task));
        bytes[1] = 0;
        bytes[15] = 4;
        assert_eq!(frame(&bytes), Frame::Control { resets: true });
    }

    #[test]
    fn an_answer_frame_has_its_halves_apart() {
        let registers = Registers { status: 0x51, error: 0x04, count: 0x8102, lba: 0x0605_0403_0201, device: 0xe0 };
        let bytes = [0x34, 0x40, 0x51, 0x04, 1, 2, 3, 0xe0, 4, 5, 6, 0, 0x02, 0x81, 0, 0, 0, 0, 0, 0];
        assert_eq!(register(&registers), bytes);
        let bytes = [0x5f, 0x60, 0x58, 0x00, 1, 2, 3, 0xe0, 4, 5, 6, 0, 0x02, 0x81, 0, 0x50, 0, 2, 0, 0];
        assert_eq!(pio_setup(&Registers { status: 0x50, error: 0, ..registers }, 1024), bytes);
    }
}
