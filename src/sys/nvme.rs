//! NVMe controllers: `<linux/nvme_ioctl.h>`. Needs `CAP_SYS_ADMIN`, or the kernel answers EACCES.

use crate::transfer::Transfer;
use nix::errno::Errno;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::time::{Duration, Instant};

/// `struct nvme_passthru_cmd`.
#[repr(C)]
struct PassThrough {
    opcode: u8,
    flags: u8,
    rsvd1: u16,
    nsid: u32,
    cdw2: u32,
    cdw3: u32,
    metadata: u64,
    addr: u64,
    metadata_len: u32,
    data_len: u32,
    cdw10: u32,
    cdw11: u32,
    cdw12: u32,
    cdw13: u32,
    cdw14: u32,
    cdw15: u32,
    timeout_ms: u32,
    result: u32,
}

/// ioctl(2) of controllers and namespaces.
mod raw {
    nix::ioctl_none!(id, b'N', 0x40);
    nix::ioctl_readwrite!(admin, b'N', 0x41, super::PassThrough);
    nix::ioctl_readwrite!(io, b'N', 0x43, super::PassThrough);
    nix::ioctl_none!(reset, b'N', 0x44);
    nix::ioctl_none!(rescan, b'N', 0x46);
}

const _: () = {
    use crate::ioctl::number;
    use nix::{request_code_none, request_code_readwrite};
    use std::mem::offset_of;
    assert!(size_of::<PassThrough>() == 72 && align_of::<PassThrough>() == 8);
    assert!(offset_of!(PassThrough, addr) == 24 && offset_of!(PassThrough, data_len) == 36);
    assert!(offset_of!(PassThrough, cdw10) == 40 && offset_of!(PassThrough, result) == 68);
    assert!(number(request_code_none!(b'N', 0x40)) == 0x4E40);
    assert!(number(request_code_readwrite!(b'N', 0x41, size_of::<PassThrough>())) == 0xC048_4E41);
    assert!(number(request_code_readwrite!(b'N', 0x43, size_of::<PassThrough>())) == 0xC048_4E43);
    assert!(number(request_code_none!(b'N', 0x44)) == 0x4E44);
    assert!(number(request_code_none!(b'N', 0x46)) == 0x4E46);
};

/// A command, as far as the host decides it (NVMe Base 2.1, 4.1.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Admin {
    /// OPC. Its bits 1:0 say which way data goes.
    pub opcode: u8,
    /// NSID.
    pub nsid: u32,
    /// Command Dword 10.
    pub cdw10: u32,
    /// Command Dword 11.
    pub cdw11: u32,
    /// Command Dword 12.
    pub cdw12: u32,
    /// Command Dword 13.
    pub cdw13: u32,
    /// Command Dword 14.
    pub cdw14: u32,
    /// Command Dword 15.
    pub cdw15: u32,
}

/// A completion. That there is one says nothing about success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a refused command completes too: `raw` says whether it was done"]
pub struct Completed {
    /// What ioctl(2) returned: 0 for success; positive, the Status field (bits 14:0) of a command that the controller refused.
    pub raw: i32,
    /// Dword 0 of the completion, as it came.
    pub result: u32,
    /// How long the call took.
    pub elapsed: Duration,
}

/// `NVME_IOCTL_ADMIN_CMD`: one admin command, waited for until it completes or `timeout_ms` is over (0: the kernel's
/// `nvme_core.admin_timeout`, 60 s).
///
/// Send to the controller (`/dev/nvme0`): through a namespace the kernel takes that namespace's own NSID alone. An error means that
/// no completion was seen, not that nothing was done: EINTR is a command that the kernel gave up (a time-out, a reset), and the
/// controller may have carried it out. EINVAL without any sending: data that goes against the opcode's direction, or whose length is
/// no multiple of four, which would come through zeroed pages of the kernel (see [`crate::transfer`]).
pub fn admin(controller: impl AsFd, command: &Admin, data: Transfer<'_>, timeout_ms: u32) -> Result<Completed, Errno> {
    submit(controller.as_fd().as_raw_fd(), raw::admin, command, data, timeout_ms)
}

/// `NVME_IOCTL_IO_CMD`: one command of the namespace's own command set, to its block device; otherwise as [`admin`]. Beside what
/// succeeded, data come with the status Successful Media Verification Read, which a read of blocks takes for an error.
pub fn io(namespace: impl AsFd, command: &Admin, data: Transfer<'_>, timeout_ms: u32) -> Result<Completed, Errno> {
    submit(namespace.as_fd().as_raw_fd(), raw::io, command, data, timeout_ms)
}

/// SCT 1h, SC 9Ch (NVMe Base 2.1, I/O command specific status values).
const MEDIA_VERIFICATION_READ: i32 = 0x19C;

fn submit(
    device: RawFd,
    ioctl: unsafe fn(RawFd, *mut PassThrough) -> nix::Result<i32>,
    command: &Admin,
    data: Transfer<'_>,
    timeout_ms: u32,
) -> Result<Completed, Errno> {
    if !agrees(command.opcode, &data) {
        return Err(Errno::EINVAL);
    }
    let mut data = data.stage();
    if !data.length().is_multiple_of(4) {
        return Err(Errno::EINVAL);
    }
    let data_len = u32::try_from(data.length()).map_err(|_| Errno::EOVERFLOW)?;
    let mut raw = pass_through(command, timeout_ms);
    raw.addr = data.address().expose_provenance() as u64;
    raw.data_len = data_len;
    let begin = Instant::now();
    // SAFETY: `ioctl` takes a `nvme_passthru_cmd`, and `raw` is a live one; `addr` is valid for `data_len` bytes until `data` is delivered, and may be written
    // where the opcode lets the kernel write, which is what `agrees` has made sure.
    let returned = unsafe { ioctl(device, &raw mut raw) };
    let elapsed = begin.elapsed();
    // NVMe does not say how much it transferred; where it transferred nothing, the poison is still there.
    let is_given = returned.is_ok_and(|status| matches!(status & 0x7FF, 0 | MEDIA_VERIFICATION_READ));
    let came = if is_given { data.length() } else { 0 };
    data.deliver(came);
    returned.map(|raw_status| Completed { raw: raw_status, result: raw.result, elapsed })
}

/// Whether data goes the way that bits 1:0 of the opcode say (NVMe Base 2.1, Opcodes for Admin Commands, Data Transfer: 01b host to
/// controller, 10b controller to host). The kernel follows the opcode and never asks us: it would *write* into data that is only
/// lent for reading. No data agrees with every opcode.
fn agrees(opcode: u8, data: &Transfer<'_>) -> bool {
    match data {
        Transfer::None => true,
        Transfer::In(_) => opcode & 0b11 == 0b10,
        Transfer::Out(_) => opcode & 0b11 == 0b01,
    }
}

fn pass_through(command: &Admin, timeout_ms: u32) -> PassThrough {
    PassThrough {
        opcode: command.opcode,
        flags: 0,
        rsvd1: 0,
        nsid: command.nsid,
        cdw2: 0,
        cdw3: 0,
        metadata: 0,
        addr: 0,
        metadata_len: 0,
        data_len: 0,
        cdw10: command.cdw10,
        cdw11: command.cdw11,
        cdw12: command.cdw12,
        cdw13: command.cdw13,
        cdw14: command.cdw14,
        cdw15: command.cdw15,
        timeout_ms,
        result: 0,
    }
}

/// `NVME_IOCTL_RESET`: a controller reset, which returns when the controller is ready again. Running commands end with EINTR.
pub fn reset(controller: impl AsFd) -> Result<(), Errno> {
    // SAFETY: this request takes no argument.
    unsafe { raw::reset(controller.as_fd().as_raw_fd()) }.map(drop)
}

/// `NVME_IOCTL_RESCAN`: lets the kernel look again which namespaces there are, and in what format. It returns before it has looked.
pub fn rescan(controller: impl AsFd) -> Result<(), Errno> {
    // SAFETY: this request takes no argument.
    unsafe { raw::rescan(controller.as_fd().as_raw_fd()) }.map(drop)
}

/// `NVME_IOCTL_ID`: the NSID of a namespace's block device.
pub fn namespace_id(namespace: impl AsFd) -> Result<u32, Errno> {
    // SAFETY: this request takes no argument.
    let id = unsafe { raw::id(namespace.as_fd().as_raw_fd()) }?;
    u32::try_from(id).map_err(|_| Errno::EOVERFLOW)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    const IDENTIFY: Admin = Admin { opcode: 0x06, nsid: 0, cdw10: 1, cdw11: 0, cdw12: 0, cdw13: 0, cdw14: 0, cdw15: 0 };

    fn null() -> File {
        File::open("/dev/null").unwrap()
    }

    #[test]
    fn what_is_no_controller_refuses_and_the_buffer_is_poison() {
        let mut answer = [0; 512];
        assert_eq!(admin(null(), &IDENTIFY, Transfer::In(&mut answer), 1000), Err(Errno::ENOTTY));
        assert_eq!(answer, [0xA5; 512]);
        let read = Admin { opcode: 0x02, nsid: 1, ..IDENTIFY };
        assert_eq!(io(null(), &read, Transfer::In(&mut answer), 1000), Err(Errno::ENOTTY));
        assert_eq!(reset(null()), Err(Errno::ENOTTY));
        assert_eq!(rescan(null()), Err(Errno::ENOTTY));
        assert_eq!(namespace_id(null()), Err(Errno::ENOTTY));
    }

    #[test]
    fn data_against_the_opcodes_direction_is_not_sent() {
        let out = |opcode| admin(null(), &Admin { opcode, ..IDENTIFY }, Transfer::Out(&[0; 8]), 1000);
        let into = |opcode| admin(null(), &Admin { opcode, ..IDENTIFY }, Transfer::In(&mut [0; 8]), 1000);
        // Identify, Sanitize, a bidirectional opcode: no data out. /dev/null answers ENOTTY to what is sent.
        assert_eq!([0x06, 0x84, 0x03].map(out), [Err(Errno::EINVAL); 3]);
        // Security Send.
        assert_eq!(out(0x81), Err(Errno::ENOTTY));
        assert_eq!([0x81, 0x84, 0x03].map(into), [Err(Errno::EINVAL); 3]);
        // Security Receive.
        assert_eq!(into(0x82), Err(Errno::ENOTTY));
    }

    #[test]
    fn data_is_counted_in_dwords() {
        let mut answer = [0; 514];
        assert_eq!(admin(null(), &IDENTIFY, Transfer::In(&mut answer), 1000), Err(Errno::EINVAL));
        assert_eq!(answer, [0xA5; 514]);
    }

    #[test]
    fn each_dword_has_its_place() {
        let command = Admin {
            opcode: 0x84,
            nsid: 0x11,
            cdw10: 0x22,
            cdw11: 0x33,
            cdw12: 0x44,
            cdw13: 0x55,
            cdw14: 0x66,
            cdw15: 0x77,
        };
        let raw = pass_through(&command, 0x88);
        // SAFETY: the structure has no padding (its fields fill its 72 bytes), and every bit pattern is a dword.
        let dwords: [u32; 18] = unsafe { std::mem::transmute(raw) };
        assert_eq!(dwords, [0x84, 0x11, 0, 0, 0, 0, 0, 0, 0, 0, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0]);
    }
}
