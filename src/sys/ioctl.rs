//! The numbers of ioctl(2) requests.

use nix::sys::ioctl::ioctl_num_type;

/// A request's number as the kernel's headers write it, for assertions: the C library decides whether its type has 32 bits or 64,
/// and whether the top bit is a sign.
pub(crate) const fn number(request: ioctl_num_type) -> u32 {
    let [a, b, c, d, ..] = request.to_le_bytes();
    u32::from_le_bytes([a, b, c, d])
}
