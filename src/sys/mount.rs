//! Mounting and unmounting: mount(2), umount2(2).

use nix::errno::Errno;
use nix::mount::MntFlags;
pub use nix::mount::MsFlags;
use std::fs;

/// A filesystem and where it goes: the fields of a line of fstab(5).
#[derive(Debug, Clone, Copy)]
pub struct Mount<'a> {
    /// The block device, or any word for a filesystem without one.
    pub source: &'a str,
    /// The directory to mount on; made if it is missing.
    pub target: &'a str,
    /// The filesystem's name as in `/proc/filesystems`.
    pub kind: &'a str,
    /// Flags of mount(2).
    pub flags: MsFlags,
    /// The filesystem's own options, comma separated.
    pub options: &'a str,
}

/// How a mount that did not fail went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mounted {
    /// The kernel mounted it now.
    Now,
    /// The target was taken already (EBUSY): an earlier stage of the boot was here first.
    Before,
}

impl Mount<'_> {
    /// Mounts it.
    pub fn mount(&self) -> Result<Mounted, Errno> {
        // The directory may be there, or belong to a kernel filesystem that forbids mkdir: mount(2) has the last word.
        let _ = fs::create_dir_all(self.target);
        match nix::mount::mount(Some(self.source), self.target, Some(self.kind), self.flags, Some(self.options)) {
            Ok(()) => Ok(Mounted::Now),
            Err(Errno::EBUSY) => Ok(Mounted::Before),
            Err(errno) => Err(errno),
        }
    }
}

/// Unmounts `target`; a busy one is detached, so that its filesystem is written out as soon as the last user is gone.
pub fn unmount(target: &str) -> Result<(), Errno> {
    nix::mount::umount2(target, MntFlags::empty()).or_else(|_| nix::mount::umount2(target, MntFlags::MNT_DETACH))
}
