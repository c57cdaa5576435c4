//! Memory for a secret: a page of its own between two that nobody may touch, out of reach of swap, core dumps, forks, debuggers and, where
//! the kernel has `memfd_secret`(2), of the kernel itself; and closed to this process, too, but for the moments in which it is used.

use std::ffi::c_void;
use std::io::{self, Read};
use std::num::NonZeroUsize;
use std::os::fd::{FromRawFd, OwnedFd};
use std::ptr::NonNull;
use std::slice;

pub use nix::errno::Errno;
use nix::sys::mman::{MapFlags, MmapAdvise, ProtFlags, madvise, mlock, mmap, mmap_anonymous, mprotect, munmap};
use nix::sys::resource::{Resource, setrlimit};
use nix::unistd::{SysconfVar, sysconf};
use zeroize::Zeroize;

/// The most bytes of a secret: the smallest page that Linux has.
pub const PAGE: usize = 4096;

/// Lets no core dump be written of this process, and nobody but root read its memory or attach a debugger to it.
///
/// # Errors
/// Those of `setrlimit`(2) and `prctl`(2), which have none for these arguments.
pub fn forbid_dumps() -> Result<(), Errno> {
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    nix::sys::prctl::set_dumpable(false)
}

/// A secret of at most a page, cleared when it is dropped.
pub struct Locked {
    /// The page of the secret; the pages before and behind it are the guards.
    page: NonNull<c_void>,
    page_size: NonZeroUsize,
    length: usize,
}

// SAFETY: the page belongs to this value alone, and nothing about it belongs to a thread.
unsafe impl Send for Locked {}

impl Locked {
    /// Memory for `length` bytes, into which `fill` puts the secret: they are zeros before.
    ///
    /// # Errors
    /// `EINVAL` for more than a page, `ENOMEM` or `EAGAIN` where so much memory must not be locked (`RLIMIT_MEMLOCK`).
    pub fn new(length: usize, fill: impl FnOnce(&mut [u8])) -> Result<Self, Errno> {
        Self::within(length, secret_page, fill).or_else(|(error, fill)| match error {
            // Not built into this kernel, turned off, or not for this process.
            Errno::ENOSYS | Errno::EPERM | Errno::EMFILE | Errno::ENFILE | Errno::EINVAL => {
                Self::within(length, locked_page, fill).map_err(|(error, _)| error)
            }
            error => Err(error),
        })
    }

    /// As [`Locked::new`], for data that a device is to fetch by itself: the kernel hands no device an address in `memfd_secret`, so the page
    /// is an ordinary one between its guards, never swapped, dumped or given to a child.
    ///
    /// # Errors
    /// Those of [`Locked::new`].
    pub fn for_device(length: usize, fill: impl FnOnce(&mut [u8])) -> Result<Self, Errno> {
        Self::within(length, locked_page, fill).map_err(|(error, _)| error)
    }

    /// All that `from` gives, read to where it stays.
    ///
    /// # Errors
    /// Those of reading and of [`Locked::new`]; `FileTooLarge` beyond [`PAGE`].
    pub fn read(from: impl Read) -> io::Result<Self> {
        Self::read_until(from, None)
    }

    /// The first line that `from` gives, without its end.
    ///
    /// # Errors
    /// Those of [`Locked::read`].
    pub fn read_line(from: impl Read) -> io::Result<Self> {
        Self::read_until(from, Some(b'\n'))
    }

    fn read_until(from: impl Read, end: Option<u8>) -> io::Result<Self> {
        let mut locked = Self::new(PAGE, |_| ())?;
        let length = locked.open(|bytes| fill(from, bytes, end))??;
        locked.truncate(length)?;
        Ok(locked)
    }

    fn within<F: FnOnce(&mut [u8])>(length: usize, make: MakePage, fill: F) -> Result<Self, (Errno, F)> {
        let mut locked = match Self::reserve(length, make) {
            Ok(locked) => locked,
            Err(error) => return Err((error, fill)),
        };
        // It is open since it was made; what cannot be closed again is as good as the page of any other program, and stays locked.
        fill(locked.bytes());
        let _ = locked.protect(ProtFlags::PROT_NONE);
        Ok(locked)
    }

    fn reserve(length: usize, make: MakePage) -> Result<Self, Errno> {
        let size = sysconf(SysconfVar::PAGE_SIZE)?.and_then(|size| usize::try_from(size).ok()).ok_or(Errno::EINVAL)?;
        let page_size = NonZeroUsize::new(size).ok_or(Errno::EINVAL)?;
        let three = NonZeroUsize::new(3 * size).ok_or(Errno::EINVAL)?;
        if length > size {
            return Err(Errno::EINVAL);
        }
        // SAFETY: new memory, at an address that the kernel chooses.
        let region = unsafe { mmap_anonymous(None, three, ProtFlags::PROT_NONE, MapFlags::MAP_PRIVATE) }?;
        // SAFETY: the second of the three pages.
        let page = unsafe { region.byte_add(size) };
        let locked = Self { page, page_size, length };
        make(page, page_size)?;
        madvise_all(page, size)?;
        Ok(locked)
    }

    /// Gives the secret to `with`, and closes it again however that ends.
    ///
    /// # Errors
    /// `ENOMEM` if the kernel cannot open the page.
    pub fn open<R>(&mut self, with: impl FnOnce(&mut [u8]) -> R) -> Result<R, Errno> {
        /// Closes it also when `with` panics.
        struct Opened<'a>(&'a mut Locked);
        impl Drop for Opened<'_> {
            fn drop(&mut self) {
                // It can only fail where the page is gone, and with it the secret.
                let _ = self.0.protect(ProtFlags::PROT_NONE);
            }
        }
        self.protect(ProtFlags::PROT_READ | ProtFlags::PROT_WRITE)?;
        let opened = Opened(self);
        Ok(with(opened.0.bytes()))
    }

    /// Leaves no more than the first `length` bytes of the secret, and clears the others.
    ///
    /// # Errors
    /// Those of [`Locked::open`].
    pub fn truncate(&mut self, length: usize) -> Result<(), Errno> {
        self.open(|bytes| bytes.iter_mut().skip(length).for_each(Zeroize::zeroize))?;
        self.length = self.length.min(length);
        Ok(())
    }

    fn protect(&self, protection: ProtFlags) -> Result<(), Errno> {
        // SAFETY: our own page, of which no reference is alive: `bytes` is called under `&mut self` while it is open.
        unsafe { mprotect(self.page, self.page_size.get(), protection) }
    }

    /// Only while the page is open.
    fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: the page is mapped, readable and writable, as long as `length` or longer, and ours alone.
        unsafe { slice::from_raw_parts_mut(self.page.as_ptr().cast(), self.length) }
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        // The error is that of a page that cannot be opened, and so cannot be read either.
        let _ = self.open(Zeroize::zeroize);
        // SAFETY: the first of the three pages.
        let region = unsafe { self.page.byte_sub(self.page_size.get()) };
        // SAFETY: the three pages of `reserve`, which nobody refers to any more.
        let _ = unsafe { munmap(region, 3 * self.page_size.get()) };
    }
}

/// Reads without any buffer but this one, and says how many bytes there are before the end.
fn fill(mut from: impl Read, bytes: &mut [u8], end: Option<u8>) -> io::Result<usize> {
    let mut length = 0;
    loop {
        let room = bytes.get_mut(length..).filter(|room| !room.is_empty()).ok_or(io::ErrorKind::FileTooLarge)?;
        let came = match from.read(room) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            came => came?,
        };
        let all = bytes.get(..length + came).unwrap_or_default();
        match all.iter().position(|byte| Some(*byte) == end) {
            Some(place) => {
                return Ok(all.get(..place).map_or(0, |line| line.strip_suffix(b"\r").unwrap_or(line).len()));
            }
            None if came == 0 => return Ok(length),
            None => length += came,
        }
    }
}

/// Puts an open page for a secret at a place that is reserved for it.
type MakePage = fn(NonNull<c_void>, NonZeroUsize) -> Result<(), Errno>;

/// Memory that the kernel has taken out of its own map (`memfd_secret`, since Linux 5.14): neither `/proc/PID/mem` nor
/// `process_vm_readv` nor a driver that has gone wrong reads it.
fn secret_page(page: NonNull<c_void>, size: NonZeroUsize) -> Result<(), Errno> {
    // SAFETY: takes flags alone, and has no effect but a new descriptor.
    let fd = unsafe { libc::syscall(libc::SYS_memfd_secret, libc::O_CLOEXEC) };
    let fd = i32::try_from(Errno::result(fd)?).map_err(|_| Errno::EINVAL)?;
    // SAFETY: a descriptor that was made just now and belongs to nobody else.
    let fd = unsafe { OwnedFd::from_raw_fd(fd) };
    nix::unistd::ftruncate(&fd, i64::try_from(size.get()).map_err(|_| Errno::EINVAL)?)?;
    let open = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
    let flags = MapFlags::MAP_SHARED | MapFlags::MAP_FIXED;
    // SAFETY: takes the place of a page that `Locked::reserve` has reserved for it.
    unsafe { mmap(Some(page.addr()), size, open, flags, &fd, 0) }.map(drop)
}

/// Where there is no such memory: an ordinary page that is never swapped out.
fn locked_page(page: NonNull<c_void>, size: NonZeroUsize) -> Result<(), Errno> {
    // SAFETY: the page that `Locked::reserve` has reserved, to which there is no reference yet.
    unsafe { mprotect(page, size.get(), ProtFlags::PROT_READ | ProtFlags::PROT_WRITE) }?;
    // SAFETY: mapped by `Locked::reserve`.
    unsafe { mlock(page, size.get()) }
}

/// Neither a core dump nor a child gets the page.
fn madvise_all(page: NonNull<c_void>, size: usize) -> Result<(), Errno> {
    // SAFETY: changes what becomes of the page elsewhere, not what it holds.
    unsafe { madvise(page, size, MmapAdvise::MADV_DONTDUMP) }?;
    // SAFETY: as above.
    unsafe { madvise(page, size, MmapAdvise::MADV_DONTFORK) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, File};
    use std::os::unix::fs::FileExt;

    use nix::sys::resource::getrlimit;
    use nix::sys::signal::Signal;
    use nix::sys::wait::{WaitStatus, waitpid};
    use nix::unistd::{ForkResult, fork};

    const SECRET: &[u8] = b"nobody reads this";

    fn made_by(make: MakePage) -> Result<Locked, Errno> {
        Locked::within(SECRET.len(), make, |bytes| bytes.copy_from_slice(SECRET)).map_err(|(error, _)| error)
    }

    /// What the kernel gives out of our own memory at the address of a secret.
    fn peek(at: NonNull<c_void>) -> std::io::Result<Vec<u8>> {
        let mut bytes = vec![0; SECRET.len()];
        File::open("/proc/self/mem")?.read_exact_at(&mut bytes, at.addr().get() as u64)?;
        Ok(bytes)
    }

    /// The flags of the secret's page (proc(5), `VmFlags`).
    fn flags(locked: &Locked) -> String {
        let maps = fs::read_to_string("/proc/self/smaps").unwrap();
        let begin = format!("{:x}-", locked.page.addr());
        let mut lines = maps.lines().skip_while(|line| !line.starts_with(&begin)).skip(1);
        lines.find(|line| line.starts_with("VmFlags")).unwrap().to_string()
    }

    #[test]
    fn a_secret_is_there_when_it_is_opened() {
        let mut locked = Locked::new(SECRET.len(), |bytes| bytes.copy_from_slice(SECRET)).unwrap();
        assert_eq!(locked.open(|bytes| bytes.to_vec()).unwrap(), SECRET);
        locked.open(|bytes| bytes.fill(7)).unwrap();
        assert_eq!(locked.open(|bytes| bytes.to_vec()).unwrap(), [7; SECRET.len()]);
    }

    #[test]
    fn an_ordinary_page_is_locked_and_left_out_of_dumps_and_children() {
        let mut locked = made_by(locked_page).unwrap();
        assert_eq!(locked.open(|bytes| bytes.to_vec()).unwrap(), SECRET);
        let flags = flags(&locked);
        for flag in ["lo", "dc", "dd"] {
            assert!(flags.split_whitespace().any(|it| it == flag), "{flag} is not in {flags}");
        }
        assert!(!flags.split_whitespace().any(|it| it == "rd"), "at rest it must not be readable: {flags}");
    }

    #[test]
    fn secret_memory_is_read_by_nobody_even_while_it_is_open() {
        let mut locked = match made_by(secret_page) {
            Err(Errno::ENOSYS | Errno::EPERM) => return eprintln!("skipped: this kernel has no memfd_secret"),
            made => made.unwrap(),
        };
        let at = locked.page;
        assert!(peek(at).is_err());
        assert_eq!(locked.open(|bytes| (bytes.to_vec(), peek(at).ok())).unwrap(), (SECRET.to_vec(), None));
        // The same way shows what lies in an ordinary page, so that the silence above means something.
        let mut ordinary = made_by(locked_page).unwrap();
        let at = ordinary.page;
        assert_eq!(ordinary.open(|_| peek(at).unwrap()).unwrap(), SECRET);
    }

    #[test]
    fn it_is_closed_again_after_a_panic() {
        let mut locked = made_by(locked_page).unwrap();
        let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| locked.open(|_| panic!("on purpose"))));
        assert!(panicked.is_err());
        assert!(!flags(&locked).split_whitespace().any(|it| it == "rd"));
    }

    #[test]
    fn what_is_cut_off_is_cleared() {
        let mut locked = made_by(locked_page).unwrap();
        locked.truncate(6).unwrap();
        assert_eq!(locked.open(|bytes| bytes.to_vec()).unwrap(), b"nobody");
        // Behind what is left, too.
        locked.length = SECRET.len();
        assert_eq!(locked.open(|bytes| bytes.to_vec()).unwrap(), b"nobody\0\0\0\0\0\0\0\0\0\0\0");
    }

    #[test]
    fn what_is_read_goes_to_its_end_and_a_line_to_its_own() {
        let text = |mut locked: Locked| locked.open(|bytes| bytes.to_vec()).unwrap();
        assert_eq!(text(Locked::read(&b"one\r\ntwo\n"[..]).unwrap()), b"one\r\ntwo\n");
        assert_eq!(text(Locked::read_line(&b"one\r\ntwo\n"[..]).unwrap()), b"one");
        assert_eq!(text(Locked::read_line(&b"one"[..]).unwrap()), b"one");
        // Byte by byte, as a pipe may give it.
        assert_eq!(text(Locked::read_line((&b"o"[..]).chain(&b"n"[..]).chain(&b"e\ntwo"[..])).unwrap()), b"one");
        let long = Locked::read(io::repeat(7)).map(drop).unwrap_err();
        assert_eq!(long.kind(), io::ErrorKind::FileTooLarge);
    }

    /// How a child ends that does this.
    fn in_a_child(work: impl FnOnce() -> bool) -> WaitStatus {
        // SAFETY: the child does what `work` does, which allocates nothing and takes no lock, and ends.
        match unsafe { fork() }.unwrap() {
            // SAFETY: ends the child at once, without what belongs to its parent.
            ForkResult::Child => unsafe { libc::_exit(i32::from(!work())) },
            ForkResult::Parent { child } => waitpid(child, None).unwrap(),
        }
    }

    #[test]
    fn whoever_reads_beyond_the_secret_s_page_or_at_rest_dies_of_it() {
        let is_killed = |status| matches!(status, WaitStatus::Signaled(_, Signal::SIGSEGV, _));
        let peeks = |offset: isize| {
            let child = || {
                // Made in the child: it would not inherit it.
                let Ok(locked) = Locked::for_device(SECRET.len(), |_| ()) else { return false };
                // SAFETY: within the three pages of `reserve`, or one byte beside the second.
                let at = unsafe { locked.page.as_ptr().cast::<u8>().byte_offset(offset) };
                // SAFETY: none: that the kernel ends the child for it is what is tested.
                let _ = unsafe { at.read_volatile() };
                true
            };
            in_a_child(child)
        };
        for offset in [-1, 0, PAGE.cast_signed()] {
            assert!(is_killed(peeks(offset)), "at {offset}");
        }
    }

    #[test]
    fn a_child_has_no_secret_of_its_parent() {
        let mut locked = made_by(locked_page).unwrap();
        let at = locked.page.as_ptr().cast::<u8>().cast_const();
        let status = locked.open(|_| {
            in_a_child(|| {
                // SAFETY: none: the page is not the child's, and that the kernel ends it for that is what is tested.
                let _ = unsafe { at.read_volatile() };
                true
            })
        });
        assert!(matches!(status.unwrap(), WaitStatus::Signaled(_, Signal::SIGSEGV, _)));
    }

    #[test]
    fn no_core_dump_is_written() {
        let status = in_a_child(|| {
            forbid_dumps() == Ok(())
                && getrlimit(Resource::RLIMIT_CORE) == Ok((0, 0))
                && nix::sys::prctl::get_dumpable() == Ok(false)
        });
        assert!(matches!(status, WaitStatus::Exited(_, 0)), "{status:?}");
    }

    #[test]
    fn more_than_a_page_is_refused() {
        assert_eq!(Locked::new(1 << 20, |_| ()).err(), Some(Errno::EINVAL));
    }
}
