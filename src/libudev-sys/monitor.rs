//! The monitor: a netlink socket in one of the two multicast groups of `NETLINK_KOBJECT_UEVENT`.

use std::ffi::{CStr, CString};
use std::io::IoSliceMut;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::{Mutex, PoisonError};

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, UnixCredentials, bind,
    recvmsg, setsockopt, socket, sockopt,
};

use crate::device::Device;
use crate::sysfs::Roots;
use crate::uevent::{self, Source};

/// The kernel's messages end at 2 KiB, udevd's readers expect no more than 8 KiB.
const LONGEST_MESSAGE: usize = 64 << 10;
/// A shelf of disks that is switched on sends thousands of events; the default of 208 KiB holds a few hundred.
const RECEIVE_BUFFER: usize = 16 << 20;

/// One subscription to events.
#[derive(Debug)]
pub struct Monitor {
    roots: Roots,
    source: Source,
    socket: OwnedFd,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    filter: Filter,
    is_bound: bool,
}

/// Which events are wanted: without any entry all are.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    /// A subsystem and, if given, a device type; one must fit.
    pub(crate) subsystems: Vec<(CString, Option<CString>)>,
    /// One must be on the device. The kernel knows no tags.
    pub(crate) tags: Vec<CString>,
}

/// Who sent a message, by the kernel's word.
#[derive(Clone, Copy, Debug)]
struct Sender {
    port: u32,
    groups: u32,
    credentials: Option<UnixCredentials>,
}

impl Monitor {
    pub(crate) fn new(roots: Roots, source: Source) -> Result<Self, Errno> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let socket = socket(AddressFamily::Netlink, SockType::Raw, flags, SockProtocol::NetlinkKObjectUEvent)?;
        Ok(Self { roots, source, socket, state: Mutex::default() })
    }

    /// Joins the group. A second call changes nothing.
    pub(crate) fn enable_receiving(&self) -> Result<(), Errno> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.is_bound {
            // Beyond the administrator's limit only with CAP_NET_ADMIN; without it the default stands, and ENOBUFS
            // tells what it was too small for.
            let _refused = setsockopt(&self.socket, sockopt::RcvBufForce, &RECEIVE_BUFFER);
            setsockopt(&self.socket, sockopt::PassCred, &true)?;
            bind(self.socket.as_raw_fd(), &NetlinkAddr::new(0, self.source.group()))?;
            state.is_bound = true;
        }
        Ok(())
    }

    pub(crate) fn fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }

    /// Changes the filter, from the next event on.
    pub(crate) fn filter(&self, change: impl FnOnce(&mut Filter)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner).filter);
    }

    /// The next event that passes the filter. Messages of strangers and malformed ones are passed over.
    ///
    /// `EAGAIN`: none is waiting. Anything else means that events were lost, `ENOBUFS` by the kernel for want of room:
    /// devices must be enumerated again.
    pub(crate) fn receive(&self) -> Result<Device, Errno> {
        let mut buffer = vec![0; LONGEST_MESSAGE];
        loop {
            let (length, sender) = self.receive_message(&mut buffer)?;
            if !sender.is_trusted(self.source) {
                continue;
            }
            let message = buffer.get(..length).ok_or(Errno::EMSGSIZE)?;
            let Some(properties) = uevent::parse(message, self.source) else {
                continue;
            };
            let device = Device::from_event(self.roots, properties, self.source == Source::Udev);
            if self.state.lock().unwrap_or_else(PoisonError::into_inner).filter.accepts(&device) {
                return Ok(device);
            }
        }
    }

    /// One message and its length. `EMSGSIZE` if it is longer than the buffer.
    fn receive_message(&self, buffer: &mut [u8]) -> Result<(usize, Sender), Errno> {
        let mut control = nix::cmsg_space!(UnixCredentials);
        let mut parts = [IoSliceMut::new(buffer)];
        let message = loop {
            // MSG_TRUNC makes the length the message's own, so that a cut one is longer than the buffer.
            match recvmsg::<NetlinkAddr>(self.fd(), &mut parts, Some(&mut control), MsgFlags::MSG_TRUNC) {
                Err(Errno::EINTR) => {}
                result => break result?,
            }
        };
        let address = message.address.ok_or(Errno::EPROTO)?;
        let credentials = message.cmsgs()?.find_map(|control| match control {
            ControlMessageOwned::ScmCredentials(credentials) => Some(credentials),
            _ => None,
        });
        Ok((message.bytes, Sender { port: address.pid(), groups: address.groups(), credentials }))
    }
}

impl Sender {
    /// Root's processes may send to these groups too: the kernel's own messages are those without a sender, port 0 and
    /// process 0; udevd's are those of root. What was sent to this socket alone was sent by neither.
    fn is_trusted(self, source: Source) -> bool {
        let Some(credentials) = self.credentials else {
            return false;
        };
        let is_kernel = self.port == 0 && credentials.pid() == 0;
        self.groups == source.group() && credentials.uid() == 0 && (source == Source::Udev || is_kernel)
    }
}

impl Filter {
    fn accepts(&self, device: &Device) -> bool {
        let fits = |(subsystem, devtype): &(CString, Option<CString>)| {
            let is_type = |wanted: &CStr| device.property(c"DEVTYPE") == Some(wanted);
            device.subsystem() == Some(subsystem) && devtype.as_deref().is_none_or(is_type)
        };
        (self.subsystems.is_empty() || self.subsystems.iter().any(fits))
            && (self.tags.is_empty() || self.tags.iter().any(|tag| device.has_tag(tag)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sender(port: u32, groups: u32, pid: i32, uid: u32) -> Sender {
        let credentials = Some(libc::ucred { pid, uid, gid: 0 }.into());
        Sender { port, groups, credentials }
    }

    #[test]
    fn the_kernel_is_process_0_at_port_0() {
        assert!(sender(0, 1, 0, 0).is_trusted(Source::Kernel));
        assert!(!sender(0, 1, 4711, 0).is_trusted(Source::Kernel), "a process");
        assert!(!sender(4711, 1, 0, 0).is_trusted(Source::Kernel), "a port");
        assert!(!sender(0, 1, 0, 1000).is_trusted(Source::Kernel), "a user");
        assert!(!sender(0, 0, 0, 0).is_trusted(Source::Kernel), "to this socket alone");
        assert!(!sender(0, 2, 0, 0).is_trusted(Source::Kernel), "udevd's group");
        assert!(!Sender { credentials: None, ..sender(0, 1, 0, 0) }.is_trusted(Source::Kernel));
    }

    #[test]
    fn udevd_is_a_process_of_root() {
        assert!(sender(4711, 2, 300, 0).is_trusted(Source::Udev));
        assert!(!sender(4711, 2, 300, 1000).is_trusted(Source::Udev));
        assert!(!sender(4711, 0, 300, 0).is_trusted(Source::Udev));
        assert!(!sender(0, 1, 0, 0).is_trusted(Source::Udev), "the kernel's group");
    }

    fn device(text: &[u8]) -> Device {
        let properties = uevent::parse(text, Source::Kernel).unwrap();
        Device::from_event(Roots { sys: "/nowhere/sys", run: "/nowhere/run" }, properties, false)
    }

    #[test]
    fn filters_by_subsystem_type_and_tag() {
        let disk = device(b"add@/x\0ACTION=add\0DEVPATH=/x\0SUBSYSTEM=block\0DEVTYPE=disk\0TAGS=:systemd:\0SEQNUM=1\0");
        let filter = |subsystems: &[(&CStr, Option<&CStr>)], tags: &[&CStr]| Filter {
            subsystems: subsystems.iter().map(|(name, kind)| ((*name).to_owned(), kind.map(CStr::to_owned))).collect(),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        };
        assert!(filter(&[], &[]).accepts(&disk));
        assert!(filter(&[(c"block", None)], &[]).accepts(&disk));
        assert!(filter(&[(c"usb", None), (c"block", Some(c"disk"))], &[]).accepts(&disk));
        assert!(!filter(&[(c"block", Some(c"partition"))], &[]).accepts(&disk));
        assert!(!filter(&[(c"bloc*", None)], &[]).accepts(&disk), "no globs here");
        assert!(filter(&[], &[c"seat", c"systemd"]).accepts(&disk));
        assert!(!filter(&[(c"block", None)], &[c"seat"]).accepts(&disk), "both kinds must fit");
    }

    #[test]
    fn nothing_waits_on_a_socket_in_no_group() {
        let monitor = Monitor::new(Roots::SYSTEM, Source::Kernel).unwrap();
        assert_eq!(monitor.receive().map(drop), Err(Errno::EAGAIN));
    }
}
