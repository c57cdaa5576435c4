//! The kernel's uevents: a netlink socket that hears devices come and go (`NETLINK_KOBJECT_UEVENT`).

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recvfrom, setsockopt, socket, sockopt,
};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

/// The multicast group of the kernel itself; group 2 is udev's.
const KERNEL_GROUP: u32 = 1;

/// Room in the socket, bytes. A machine with hundreds of disks sends thousands of events while one module initialises.
const QUEUE: usize = 8 << 20;

/// The socket. What happened before it was opened it does not hear: open it first, then look at `/sys`.
#[derive(Debug)]
pub struct Uevents(OwnedFd);

impl Uevents {
    /// Opens the socket; reads do not wait.
    pub fn open() -> Result<Self, Errno> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let protocol = SockProtocol::NetlinkKObjectUEvent;
        let socket = socket(AddressFamily::Netlink, SockType::Datagram, flags, protocol)?;
        // Refused without CAP_NET_ADMIN; the smaller queue serves too, and an overflow is reported by ENOBUFS.
        let _ = setsockopt(&socket, sockopt::RcvBufForce, &QUEUE);
        bind(socket.as_raw_fd(), &NetlinkAddr::new(0, KERNEL_GROUP))?;
        Ok(Self(socket))
    }

    /// The next event: `add@/devices/...` and then `KEY=value` fields, each ended by a zero byte. `None`: none is waiting. ENOBUFS:
    /// some were lost, so look at the whole of `/sys` again.
    pub fn next<'a>(&self, buffer: &'a mut [u8]) -> Result<Option<&'a [u8]>, Errno> {
        loop {
            let (length, sender) = match recvfrom::<NetlinkAddr>(self.0.as_raw_fd(), buffer) {
                Err(Errno::EAGAIN) => return Ok(None),
                Err(Errno::EINTR) => continue,
                received => received?,
            };
            // Any process may send to the group; port 0 is the kernel alone.
            if sender.is_some_and(|address| address.pid() == 0) {
                return Ok(buffer.get(..length));
            }
        }
    }
}

impl AsFd for Uevents {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
