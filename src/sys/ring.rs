//! Requests to one file, several of which are under way at once: `io_uring`(7).
//!
//! # Invariants
//! - **Memory is either ours or the kernel's.** From [`Ring::begin`] until [`Ring::wait`] has given its answer, the buffer of a slot cannot be
//!   looked at.
//! - **Memory that the kernel may still write to is not freed.** Whoever drops a ring waits a little for what is under way; if an answer stays
//!   away (a drive that hangs), the buffers are left where they are for good: a few megabytes against a transfer into memory of others.

use std::alloc::{self, Layout};
use std::io;
use std::mem;
use std::os::fd::{AsFd, AsRawFd};
use std::ptr::NonNull;
use std::slice;
use std::thread;
use std::time::{Duration, Instant};

use io_uring::squeue::Entry;
use io_uring::types::{Fixed, SubmitArgs, Timespec};
use io_uring::{IoUring, opcode};
use nix::errno::Errno;

/// Where a buffer begins: `O_DIRECT` asks for the logical block, and no disk has a longer one than this.
const PAGE: usize = 4096;

/// How long a ring that is dropped waits for what is under way. A drive that works answers in less.
const DRAIN: Duration = Duration::from_secs(1);

/// The file is the only one that is registered.
const FILE: Fixed = Fixed(0);

/// Which way the data goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the file into the buffer.
    Read,
    /// From the buffer into the file.
    Write,
}

/// A ring over one file, with a buffer for each request that may be under way.
pub struct Ring {
    kernel: IoUring,
    memory: Option<Memory>,
    /// What is under way in each slot.
    requests: Vec<Option<Entry>>,
    /// Bytes of a slot.
    length: usize,
}

impl Ring {
    /// A ring over `file` with room for `slots` requests of at most `length` bytes each. The kernel holds the file open as long as this lives.
    ///
    /// # Errors
    /// `ENOSYS` or `EPERM` where the kernel has no `io_uring` with timeouts (before Linux 5.11) or does not allow it
    /// (`kernel.io_uring_disabled`, seccomp); `ENOMEM` where so much memory must not be locked (`RLIMIT_MEMLOCK`); `EINVAL` for no slots or
    /// no length.
    pub fn new(file: impl AsFd, slots: usize, length: usize) -> Result<Self, Errno> {
        let entries = u32::try_from(slots).map_err(|_| Errno::EINVAL)?;
        let mut memory = Memory::new(slots, length)?;
        let ring = IoUring::new(entries).map_err(|error| errno(&error))?;
        if !ring.params().is_feature_ext_arg() {
            return Err(Errno::ENOSYS);
        }
        ring.submitter().register_files(&[file.as_fd().as_raw_fd()]).map_err(|error| errno(&error))?;
        let buffers: Vec<libc::iovec> = (0..slots)
            .filter_map(|slot| memory.slot(slot))
            .map(|start| libc::iovec { iov_base: start.as_ptr().cast(), iov_len: length })
            .collect();
        // SAFETY: the buffers lie one behind the other in `memory`, which is freed only after this ring has no request under way.
        unsafe { ring.submitter().register_buffers(&buffers) }.map_err(|error| errno(&error))?;
        Ok(Self { kernel: ring, memory: Some(memory), requests: vec![None; slots], length })
    }

    /// How many requests may be under way.
    pub fn slots(&self) -> usize {
        self.requests.len()
    }

    /// The memory of a slot. Empty while its request is under way.
    pub fn buffer(&mut self, slot: usize) -> &mut [u8] {
        match (self.requests.get(slot), &mut self.memory) {
            (Some(None), Some(memory)) => memory.bytes(slot, self.length),
            _ => &mut [],
        }
    }

    /// Moves the first `length` bytes of a slot's buffer from or to the file at `offset`.
    ///
    /// # Errors
    /// `EBUSY` if the slot's last request is still under way, `EINVAL` if there is no such slot or its buffer is shorter.
    pub fn begin(&mut self, slot: usize, direction: Direction, offset: u64, length: usize) -> Result<(), Errno> {
        let (Some(request), Some(memory)) = (self.requests.get(slot), &mut self.memory) else {
            return Err(Errno::EINVAL);
        };
        if request.is_some() {
            return Err(Errno::EBUSY);
        }
        let start = memory.slot(slot).filter(|_| length <= self.length).ok_or(Errno::EINVAL)?.as_ptr();
        let (number, length) =
            (u16::try_from(slot).map_err(|_| Errno::EINVAL)?, u32::try_from(length).map_err(|_| Errno::EINVAL)?);
        let entry = match direction {
            Direction::Read => opcode::ReadFixed::new(FILE, start, length, number).offset(offset).build(),
            Direction::Write => opcode::WriteFixed::new(FILE, start, length, number).offset(offset).build(),
        };
        self.submit(slot, entry.user_data(u64::from(number)))
    }

    fn submit(&mut self, slot: usize, entry: Entry) -> Result<(), Errno> {
        // SAFETY: the entry names registered memory of this slot, which stays where it is and which nobody else can look at or free until
        // the answer is there: `requests` says so from the next line on.
        unsafe { self.kernel.submission().push(&entry) }.map_err(|_| Errno::EBUSY)?;
        if let Some(request) = self.requests.get_mut(slot) {
            *request = Some(entry);
        }
        // What the kernel does not take now (`EAGAIN`, `EBUSY`, `EINTR`) stays in the ring and goes with the next wait.
        let _ = self.kernel.submit();
        Ok(())
    }

    /// The next answer: the slot, and how many bytes were moved. `None` if there is none in time.
    pub fn wait(&mut self, patience: Duration) -> Option<(usize, Result<usize, Errno>)> {
        let (slot, entry, result) = self.reap(patience)?;
        match Errno::from_raw(result.checked_neg().unwrap_or(libc::EIO)) {
            // The kernel was interrupted; nothing was moved, and the request goes again.
            Errno::EAGAIN | Errno::EINTR if result < 0 => {
                self.submit(slot, entry).err().map(|errno| (slot, Err(errno)))
            }
            errno => Some((slot, usize::try_from(result).map_err(|_| errno))),
        }
    }

    /// Takes an answer out of the ring; from then on its slot is idle.
    fn reap(&mut self, patience: Duration) -> Option<(usize, Entry, i32)> {
        let mut answer = self.kernel.completion().next();
        if answer.is_none() {
            let time = Timespec::from(patience);
            let waited = self.kernel.submitter().submit_with_args(1, &SubmitArgs::new().timespec(&time));
            match waited.map_err(|error| errno(&error)) {
                Ok(_) | Err(Errno::ETIME | Errno::EINTR | Errno::EAGAIN | Errno::EBUSY) => {}
                // Whatever else the kernel has against waiting, it shall not make us ask without a pause.
                Err(_) => thread::sleep(patience),
            }
            answer = self.kernel.completion().next();
        }
        let answer = answer?;
        let slot = usize::try_from(answer.user_data()).ok()?;
        let entry = self.requests.get_mut(slot)?.take()?;
        Some((slot, entry, answer.result()))
    }

    fn is_idle(&self) -> bool {
        self.requests.iter().all(Option::is_none)
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        let until = Instant::now() + DRAIN;
        while !self.is_idle() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                // A request without an answer: the kernel may fill its buffer at any time, so nobody gets the memory back.
                mem::forget(self.memory.take());
                return;
            }
            let _ = self.reap(left);
        }
        // Closing a ring lets go of its file some time later; whoever closes a disk wants to open it again at once.
        let _ = self.kernel.submitter().unregister_files();
        let _ = self.kernel.submitter().unregister_buffers();
    }
}

/// Zeroed memory for buffers that each begin at a page.
struct Memory {
    start: NonNull<u8>,
    layout: Layout,
    slots: usize,
    /// From one buffer to the next.
    stride: usize,
}

impl Memory {
    fn new(slots: usize, length: usize) -> Result<Self, Errno> {
        let stride = length.checked_next_multiple_of(PAGE).ok_or(Errno::EINVAL)?;
        let size = stride.checked_mul(slots).filter(|size| *size > 0).ok_or(Errno::EINVAL)?;
        let layout = Layout::from_size_align(size, PAGE).map_err(|_| Errno::EINVAL)?;
        // SAFETY: the size of the layout is not zero.
        let start = unsafe { alloc::alloc_zeroed(layout) };
        Ok(Self { start: NonNull::new(start).ok_or(Errno::ENOMEM)?, layout, slots, stride })
    }

    /// Where the buffer of a slot begins.
    fn slot(&mut self, slot: usize) -> Option<NonNull<u8>> {
        let offset = slot.checked_mul(self.stride).filter(|_| slot < self.slots)?;
        // SAFETY: slot < slots, and slots × stride is the size of the allocation.
        Some(unsafe { self.start.add(offset) })
    }

    /// The first `length` bytes of a slot; the caller says that the kernel has nothing to do with them.
    fn bytes(&mut self, slot: usize, length: usize) -> &mut [u8] {
        let length = length.min(self.stride);
        let Some(start) = self.slot(slot) else { return &mut [] };
        // SAFETY: a slot has `stride` bytes, all set since the allocation; the borrow of `self` keeps everybody else out.
        unsafe { slice::from_raw_parts_mut(start.as_ptr(), length) }
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: it was allocated with this layout, and is freed once.
        unsafe { alloc::dealloc(self.start.as_ptr(), self.layout) }
    }
}

fn errno(error: &io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO))
}

#[cfg(test)]
#[path = "ring_tests.rs"]
mod tests;
