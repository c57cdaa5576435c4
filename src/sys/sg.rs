//! SCSI commands, and ATA commands inside them: `SG_IO`, version 3 of the interface, `<scsi/sg.h>`.
//!
//! Works on a disk (`/dev/sda`) and on its generic device (`/dev/sg0`). The latter copies everything through a buffer of its own, in
//! which earlier answers still lie; it is asked not to (`SG_FLAG_DIRECT_IO`), and obeys if module `sg` has the parameter
//! `allow_dio=1`, which the image gives it.

use crate::transfer::{POISON, Transfer};
use nix::errno::Errno;
use std::os::fd::{AsFd, AsRawFd};
use std::ptr;
use std::time::{Duration, Instant};

/// `struct sg_io_hdr`.
#[repr(C)]
struct Header {
    interface_id: i32,
    dxfer_direction: i32,
    cmd_len: u8,
    mx_sb_len: u8,
    iovec_count: u16,
    dxfer_len: u32,
    dxferp: *mut u8,
    cmdp: *const u8,
    sbp: *mut u8,
    timeout: u32,
    flags: u32,
    pack_id: i32,
    usr_ptr: *mut u8,
    status: u8,
    masked_status: u8,
    msg_status: u8,
    sb_len_wr: u8,
    host_status: u16,
    driver_status: u16,
    resid: i32,
    duration: u32,
    info: u32,
}

/// ioctl(2) of SCSI devices.
mod raw {
    nix::ioctl_readwrite_bad!(sg_io, 0x2285, super::Header);
}

const _: () = {
    use std::mem::offset_of;
    assert!(size_of::<Header>() == 88);
    assert!(offset_of!(Header, dxferp) == 16 && offset_of!(Header, timeout) == 40);
    assert!(offset_of!(Header, usr_ptr) == 56 && offset_of!(Header, status) == 64);
    assert!(offset_of!(Header, sb_len_wr) == 67 && offset_of!(Header, resid) == 72);
};

const SG_DXFER_NONE: i32 = -1;
const SG_DXFER_TO_DEV: i32 = -2;
const SG_DXFER_FROM_DEV: i32 = -3;
const SG_FLAG_DIRECT_IO: u32 = 1;

/// The longest sense data there is (SPC: eight bytes, and an ADDITIONAL SENSE LENGTH of at most 244).
const SENSE: u8 = 252;

/// What came back. GOOD alone is no success: look at all three of status, host status and driver status.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "a refused command has an answer too: the status says whether it was done"]
pub struct Answer {
    /// The SCSI status byte as it came (SAM-6: 00h GOOD, 02h CHECK CONDITION), not `masked_status`, which is shifted.
    pub status: u8,
    /// What the host adapter says: 0 `DID_OK`, 3 `DID_TIME_OUT` and so on (`<scsi/scsi_status.h>` of the kernel).
    pub host_status: u16,
    /// What the driver says: 8 (`DRIVER_SENSE`) where there is sense data.
    pub driver_status: u16,
    /// The sense data that came, and no more: empty if there was none.
    pub sense: Vec<u8>,
    /// Bytes asked for that were not transferred, if the host adapter counts them. One that does not says 0, and so does libata for
    /// a command that transfers nothing: what came is known from its own header and from [`POISON`] alone.
    pub residual: i32,
    /// How long the call took.
    pub elapsed: Duration,
}

/// Sends the command `cdb` (6 to 32 bytes) and waits until it ends, or `timeout_ms` is over (0: the device's own limit, 60 s).
///
/// The end of the time shows as a host status, after the kernel has reset what it had to: the drive may have gone on. Opcodes
/// outside the kernel's list of harmless ones need `CAP_SYS_RAWIO` (else EPERM). EMSGSIZE: `cdb` is shorter or longer than the
/// kernel takes. EOVERFLOW: more data than 32 bits count. EIO: more than the host adapter takes at once.
pub fn execute(device: impl AsFd, cdb: &[u8], data: Transfer<'_>, timeout_ms: u32) -> Result<Answer, Errno> {
    let direction = direction(&data);
    let mut data = data.stage();
    let mut sense = [POISON; SENSE as usize];
    let mut header = Header {
        interface_id: i32::from(b'S'),
        dxfer_direction: direction,
        cmd_len: u8::try_from(cdb.len()).map_err(|_| Errno::EMSGSIZE)?,
        mx_sb_len: SENSE,
        iovec_count: 0,
        dxfer_len: u32::try_from(data.length()).map_err(|_| Errno::EOVERFLOW)?,
        dxferp: data.address(),
        cmdp: cdb.as_ptr(),
        sbp: sense.as_mut_ptr(),
        timeout: timeout_ms,
        flags: SG_FLAG_DIRECT_IO,
        pack_id: 0,
        usr_ptr: ptr::null_mut(),
        status: 0,
        masked_status: 0,
        msg_status: 0,
        sb_len_wr: 0,
        host_status: 0,
        driver_status: 0,
        resid: 0,
        duration: 0,
        info: 0,
    };
    let begin = Instant::now();
    // SAFETY: `header` is a live `sg_io_hdr`; `cmdp`, `sbp` and `dxferp` are valid for the lengths beside them, and the kernel writes
    // to `sbp`, which is ours, and to `dxferp` only for data in, which is ours as well.
    let sent = unsafe { raw::sg_io(device.as_fd().as_raw_fd(), &raw mut header) };
    let elapsed = begin.elapsed();
    let came = if sent.is_ok() { came(data.length(), header.resid) } else { 0 };
    data.deliver(came);
    sent.map(|_| Answer {
        status: header.status,
        host_status: header.host_status,
        driver_status: header.driver_status,
        sense: sense.iter().copied().take(header.sb_len_wr.into()).collect(),
        residual: header.resid,
        elapsed,
    })
}

fn direction(data: &Transfer<'_>) -> i32 {
    match data {
        Transfer::None => SG_DXFER_NONE,
        Transfer::In(_) => SG_DXFER_FROM_DEV,
        Transfer::Out(_) => SG_DXFER_TO_DEV,
    }
}

/// How many of `length` bytes came. A negative residual (the drive had more to send) takes nothing away.
fn came(length: usize, residual: i32) -> usize {
    length.saturating_sub(usize::try_from(residual).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    const INQUIRY: [u8; 6] = [0x12, 0, 0, 0, 96, 0];

    #[test]
    fn what_is_no_scsi_device_refuses_and_the_buffer_is_poison() {
        let mut answer = [0; 96];
        let refused = execute(File::open("/dev/null").unwrap(), &INQUIRY, Transfer::In(&mut answer), 1000);
        assert_eq!(refused, Err(Errno::ENOTTY));
        assert_eq!(answer, [0xA5; 96]);
        let file = File::open(std::env::current_exe().unwrap()).unwrap();
        assert_eq!(execute(file, &INQUIRY, Transfer::None, 1000), Err(Errno::ENOTTY));
    }

    #[test]
    fn a_command_is_not_cut_short() {
        let null = File::open("/dev/null").unwrap();
        assert_eq!(execute(null, &[0; 256], Transfer::None, 1000), Err(Errno::EMSGSIZE));
    }

    #[test]
    fn a_length_is_not_cut_short() {
        // Four GiB and one byte of zeros that nobody touches take no memory.
        let long = vec![0; (4 << 30) + 1];
        let null = File::open("/dev/null").unwrap();
        assert_eq!(execute(null, &INQUIRY, Transfer::Out(&long), 1000), Err(Errno::EOVERFLOW));
    }

    #[test]
    fn a_residual_takes_away_and_never_adds() {
        assert_eq!(came(512, 0), 512);
        assert_eq!(came(512, 500), 12);
        assert_eq!(came(512, 513), 0);
        assert_eq!(came(512, -8), 512);
    }

    #[test]
    fn directions_are_the_headers() {
        assert_eq!(direction(&Transfer::None), -1);
        assert_eq!(direction(&Transfer::Out(&[])), -2);
        assert_eq!(direction(&Transfer::In(&mut [])), -3);
    }
}
