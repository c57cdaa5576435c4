//! The data of a pass-through command, in memory that the drive itself fills.
//!
//! The kernel gives a drive our own pages if address *and* length are multiples of what its queue asks for; otherwise it uses pages
//! of its own, fills them with **zeros**, and copies them over ours when the command has ended (`blk_rq_map_user_iov` and
//! `bio_copy_user_iov` of `block/blk-map.c`). Then a drive that sent nothing seems to have sent zeros, which is what an erased disk
//! reads as, and our poison is gone. NVMe and most SCSI queues ask for 4 bytes, some of USB for 512, libata's for one logical block
//! (`ata_scsi_dev_config`), 4096 bytes at most. So data in always arrives in memory that begins at a page; the length is the
//! caller's: where the command leaves it open, take a multiple of 512, and with libata of the logical block.
//!
//! Data out needs none of this: a copy of it is as good, and secrets are not copied needlessly.

use std::ptr;

/// What a buffer holds wherever nothing arrived. Not zero: see above.
pub const POISON: u8 = 0xA5;

/// The largest alignment that a queue asks for: a logical block of a libata disk, and no disk of that kind has more than 4096 bytes.
const PAGE: usize = 4096;

/// The data phase of a command.
#[derive(Debug)]
pub enum Transfer<'a> {
    /// The command has none.
    None,
    /// From the drive to us. Whatever the buffer held before, it is [`POISON`] where the drive sent nothing, after errors too.
    In(&'a mut [u8]),
    /// From us to the drive.
    Out(&'a [u8]),
}

impl<'a> Transfer<'a> {
    /// Puts the data where the kernel can be pointed at.
    pub(crate) fn stage(self) -> Staged<'a> {
        match self {
            Self::None => Staged::Nothing,
            Self::In(into) => {
                into.fill(POISON);
                let pages = Pages::poisoned(into.len());
                Staged::In { into, pages }
            }
            Self::Out(from) => Staged::Out(from),
        }
    }
}

/// Data in place for one call.
pub(crate) enum Staged<'a> {
    Nothing,
    In { into: &'a mut [u8], pages: Pages },
    Out(&'a [u8]),
}

impl Staged<'_> {
    /// Where the kernel reads or writes, valid for [`Self::length`] bytes for as long as this lives; null if there are none. What is
    /// behind it may be written for [`Self::In`] alone.
    pub(crate) fn address(&mut self) -> *mut u8 {
        match self {
            _ if self.length() == 0 => ptr::null_mut(),
            Self::Nothing => ptr::null_mut(),
            Self::In { pages, .. } => pages.slice().as_mut_ptr(),
            Self::Out(from) => from.as_ptr().cast_mut(),
        }
    }

    /// Bytes.
    pub(crate) fn length(&self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::In { into, .. } => into.len(),
            Self::Out(from) => from.len(),
        }
    }

    /// Hands the first `came` bytes of data in to the caller; behind them stays poison, whatever the kernel put there.
    pub(crate) fn deliver(self, came: usize) {
        let Self::In { into, mut pages } = self else { return };
        for (to, from) in into.iter_mut().zip(pages.slice()).take(came) {
            *to = *from;
        }
    }
}

/// Memory that begins at a page.
pub(crate) struct Pages {
    memory: Vec<u8>,
    length: usize,
}

impl Pages {
    fn poisoned(length: usize) -> Self {
        Self { memory: vec![POISON; length + PAGE - 1], length }
    }

    /// The vector never grows, so it stays where it is.
    fn slice(&mut self) -> &mut [u8] {
        let start = self.memory.as_ptr().align_offset(PAGE);
        self.memory.get_mut(start..start + self.length).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_in_is_aligned_to_a_page_and_poisoned() {
        // From every place of the heap that comes.
        let mut odd = vec![0; 8193];
        for (start, length) in [(0, 8192), (1, 8192), (3, 512), (5, 1)] {
            let mut staged = Transfer::In(&mut odd[start..start + length]).stage();
            assert_eq!(staged.address().addr() % 4096, 0);
            assert_eq!(staged.length(), length);
            let Staged::In { pages, .. } = &mut staged else { panic!("it is data in") };
            assert_eq!(pages.slice(), vec![0xA5; length]);
            staged.deliver(0);
            assert_eq!(odd[start..start + length], vec![0xA5; length]);
        }
    }

    #[test]
    fn only_what_came_is_delivered() {
        let mut buffer = [0; 6];
        let mut staged = Transfer::In(&mut buffer).stage();
        let Staged::In { pages, .. } = &mut staged else { panic!("it is data in") };
        pages.slice().copy_from_slice(&[1, 2, 3, 0, 0, 0]);
        staged.deliver(3);
        assert_eq!(buffer, [1, 2, 3, 0xA5, 0xA5, 0xA5]);
    }

    #[test]
    fn more_than_there_is_cannot_come() {
        let mut buffer = [0; 2];
        Transfer::In(&mut buffer).stage().deliver(usize::MAX);
        assert_eq!(buffer, [0xA5; 2]);
    }

    #[test]
    fn data_out_stays_where_it_is() {
        let data = [1, 2, 3];
        let mut staged = Transfer::Out(&data).stage();
        assert_eq!((staged.address().cast_const(), staged.length()), (data.as_ptr(), 3));
    }

    #[test]
    fn nothing_has_no_address() {
        for transfer in [Transfer::None, Transfer::Out(&[]), Transfer::In(&mut [])] {
            let mut staged = transfer.stage();
            assert!(staged.address().is_null());
            assert_eq!(staged.length(), 0);
        }
    }
}
