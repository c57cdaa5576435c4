//! What a block device says and does beyond read(2) and write(2): `<linux/fs.h>`.

use nix::errno::Errno;
use std::os::fd::{AsFd, AsRawFd, RawFd};

/// ioctl(2) of block devices, as `<linux/fs.h>` declares them.
mod raw {
    nix::ioctl_read!(size64, 0x12, 114, libc::size_t);
    nix::ioctl_read_bad!(logical, 0x1268, libc::c_int);
    nix::ioctl_read_bad!(physical, 0x127B, libc::c_uint);
    nix::ioctl_read_bad!(read_only, 0x125E, libc::c_int);
    nix::ioctl_none_bad!(flush_buffers, 0x1261);
    nix::ioctl_read!(sequence, 0x12, 128, u64);
}

/// BLKGETSIZE64: the size in bytes.
pub fn size(device: impl AsFd) -> Result<u64, Errno> {
    let mut bytes = 0_u64;
    // The kernel writes a u64; `size_t` in the declaration only makes the number that existing binaries know.
    let place = (&raw mut bytes).cast();
    // SAFETY: the pointer is to a live u64 of this frame, which is what the kernel writes.
    unsafe { raw::size64(raw_fd(&device), place) }.map(|_| bytes)
}

/// BLKSSZGET: the length of a logical block in bytes.
pub fn logical_block(device: impl AsFd) -> Result<u32, Errno> {
    let mut bytes = 0;
    // SAFETY: the pointer is to a live int of this frame, which is what the kernel writes.
    unsafe { raw::logical(raw_fd(&device), &raw mut bytes) }?;
    u32::try_from(bytes).map_err(|_| Errno::EINVAL)
}

/// BLKPBSZGET: the length of a physical block in bytes.
pub fn physical_block(device: impl AsFd) -> Result<u32, Errno> {
    let mut bytes = 0;
    // SAFETY: the pointer is to a live unsigned int of this frame, which is what the kernel writes.
    unsafe { raw::physical(raw_fd(&device), &raw mut bytes) }.map(|_| bytes)
}

/// BLKROGET: whether the kernel refuses to write to it.
pub fn is_read_only(device: impl AsFd) -> Result<bool, Errno> {
    let mut answer = 0;
    // SAFETY: the pointer is to a live int of this frame, which is what the kernel writes.
    unsafe { raw::read_only(raw_fd(&device), &raw mut answer) }.map(|_| answer != 0)
}

/// BLKFLSBUF: writes out and drops what the kernel caches of it. Needs `CAP_SYS_ADMIN`.
pub fn flush_buffers(device: impl AsFd) -> Result<(), Errno> {
    // SAFETY: this request takes no argument.
    unsafe { raw::flush_buffers(raw_fd(&device)) }.map(drop)
}

/// BLKGETDISKSEQ: a number that no other disk or medium has had since the machine started (Linux 5.15).
pub fn disk_sequence(device: impl AsFd) -> Result<u64, Errno> {
    let mut number = 0;
    // SAFETY: the pointer is to a live u64 of this frame, which is what the kernel writes.
    unsafe { raw::sequence(raw_fd(&device), &raw mut number) }.map(|_| number)
}

fn raw_fd(device: &impl AsFd) -> RawFd {
    device.as_fd().as_raw_fd()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_block_device_refuses_every_question() {
        let null = std::fs::File::open("/dev/null").unwrap();
        assert_eq!(size(&null), Err(Errno::ENOTTY));
        assert_eq!(logical_block(&null), Err(Errno::ENOTTY));
        assert_eq!(physical_block(&null), Err(Errno::ENOTTY));
        assert_eq!(is_read_only(&null), Err(Errno::ENOTTY));
        assert_eq!(flush_buffers(&null), Err(Errno::ENOTTY));
        assert_eq!(disk_sequence(&null), Err(Errno::ENOTTY));
    }
}
