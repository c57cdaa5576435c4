//! The messages on the netlink protocol `NETLINK_KOBJECT_UEVENT`: bytes in, properties out, nothing else.
//!
//! Two senders share the protocol, each in a multicast group of its own, with a format of its own. What does not have
//! the format of the group it came in is nobody's event.

use std::ffi::CStr;
use std::path::{Component, Path};

use crate::properties::{Properties, normalize, number, pair};
use crate::sysfs::path;

/// Who speaks: the multicast group of the netlink protocol, one bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Group 1: the kernel, at the moment of the change.
    Kernel,
    /// Group 2: udevd, after it has applied its rules to the kernel's event.
    Udev,
}

impl Source {
    /// The source as [`udev_monitor_new_from_netlink`](crate::udev_monitor_new_from_netlink) names it.
    pub(crate) fn named(name: &CStr) -> Option<Self> {
        match name.to_bytes() {
            b"kernel" => Some(Self::Kernel),
            b"udev" => Some(Self::Udev),
            _ => None,
        }
    }

    /// The bit of the group in a netlink address.
    pub(crate) const fn group(self) -> u32 {
        match self {
            Self::Kernel => 1,
            Self::Udev => 2,
        }
    }
}

/// udevd's header, `struct monitor_netlink_header` of its sd-device library: a name with its NUL, a magic number in
/// network order, then header size, offset and length of the properties in the machine's order, then filter hashes.
const UDEV_PREFIX: &[u8; 8] = b"libudev\0";
const UDEV_MAGIC: u32 = 0xfeed_cafe;
const UDEV_MAGIC_AT: usize = 8;
const UDEV_OFFSET_AT: usize = 16;
const UDEV_LENGTH_AT: usize = 20;

/// The properties of one event; `None` if the message is not a whole, well-formed event of `source`.
///
/// Every event has an `ACTION`, a `DEVPATH` without `..`, a `SUBSYSTEM` and a `SEQNUM` above 0.
pub(crate) fn parse(message: &[u8], source: Source) -> Option<Properties> {
    let payload = match source {
        Source::Kernel => kernel_payload(message)?,
        Source::Udev => udev_payload(message)?,
    };
    // Each entry ends with a NUL, the last one too: one that does not was cut short.
    let entries = payload.strip_suffix(b"\0")?;
    let mut properties = Properties::new();
    for entry in entries.split(|byte| *byte == 0) {
        // Some drivers leave a newline in a value, and what follows it is not theirs.
        let (key, value) = pair(entry.split(|byte| *byte == b'\n').next()?)?;
        properties.insert(key, value);
    }
    normalize(&mut properties);
    let whole = properties.contains_key(c"ACTION")
        && properties.contains_key(c"SUBSYSTEM")
        && number::<u64>(&properties, c"SEQNUM").is_some_and(|seqnum| seqnum > 0)
        && is_devpath(path(properties.get(c"DEVPATH")?.to_bytes()));
    whole.then_some(properties)
}

/// `ACTION@DEVPATH`, a NUL, then the properties: `uevent_net_broadcast` in the kernel's `lib/kobject_uevent.c`.
fn kernel_payload(message: &[u8]) -> Option<&[u8]> {
    let mut parts = message.splitn(2, |byte| *byte == 0);
    let header = parts.next()?;
    header.windows(2).any(|two| two == b"@/").then_some(())?;
    parts.next()
}

fn udev_payload(message: &[u8]) -> Option<&[u8]> {
    message.strip_prefix(UDEV_PREFIX)?;
    (u32::from_be_bytes(word(message, UDEV_MAGIC_AT)?) == UDEV_MAGIC).then_some(())?;
    let offset = usize::try_from(u32::from_ne_bytes(word(message, UDEV_OFFSET_AT)?)).ok()?;
    let length = usize::try_from(u32::from_ne_bytes(word(message, UDEV_LENGTH_AT)?)).ok()?;
    message.get(offset..offset.checked_add(length)?)
}

fn word(message: &[u8], at: usize) -> Option<[u8; 4]> {
    message.get(at..)?.first_chunk().copied()
}

/// A path below sysfs and nowhere else: it is joined to the mount point without a look at the file system, because the
/// device of a `remove` is gone.
fn is_devpath(devpath: &Path) -> bool {
    let mut components = devpath.components();
    components.next() == Some(Component::RootDir)
        && components.clone().next().is_some()
        && components.all(|component| matches!(component, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADD: &[u8] = b"add@/devices/x/block/sdb\0ACTION=add\0DEVPATH=/devices/x/block/sdb\0SUBSYSTEM=block\0\
        MAJOR=8\0MINOR=16\0DEVNAME=sdb\0DEVTYPE=disk\0SEQNUM=4711\0";

    /// udevd's message by hand: 40 octets of header (28h), then `payload`.
    fn udev_message(magic: [u8; 4], offset: u32, length: u32, payload: &[u8]) -> Vec<u8> {
        let words = [40u32, offset, length, 0, 0, 0, 0];
        [&b"libudev\0"[..], &magic, words.map(u32::to_ne_bytes).as_flattened(), payload].concat()
    }

    const CHANGE: &[u8] = b"ACTION=change\0DEVPATH=/devices/x/block/sdb\0SUBSYSTEM=block\0SEQNUM=9\0ID_SERIAL=S\0";
    const MAGIC: [u8; 4] = [0xfe, 0xed, 0xca, 0xfe];

    #[test]
    fn the_kernel_adds_a_disk() {
        let properties = parse(ADD, Source::Kernel).unwrap();
        assert_eq!(properties.len(), 8);
        assert_eq!(properties[c"DEVNAME"], c"/dev/sdb".to_owned());
        assert_eq!(properties[c"SEQNUM"], c"4711".to_owned());
        assert_eq!(properties[c"ACTION"], c"add".to_owned());
    }

    #[test]
    fn udevd_reports_a_change() {
        let length = u32::try_from(CHANGE.len()).unwrap();
        let properties = parse(&udev_message(MAGIC, 40, length, CHANGE), Source::Udev).unwrap();
        assert_eq!(properties[c"ID_SERIAL"], c"S".to_owned());
    }

    #[test]
    fn neither_takes_the_others_format() {
        let length = u32::try_from(CHANGE.len()).unwrap();
        assert_eq!(parse(ADD, Source::Udev), None);
        assert_eq!(parse(&udev_message(MAGIC, 40, length, CHANGE), Source::Kernel), None);
    }

    #[test]
    fn udevds_header_is_checked() {
        let length = u32::try_from(CHANGE.len()).unwrap();
        for hostile in [
            udev_message([0xfe, 0xca, 0xed, 0xfe], 40, length, CHANGE),
            udev_message([0; 4], 40, length, CHANGE),
            udev_message(MAGIC, 40, length + 1, CHANGE),
            udev_message(MAGIC, 41, length, CHANGE),
            udev_message(MAGIC, u32::MAX, length, CHANGE),
            udev_message(MAGIC, u32::MAX, u32::MAX, CHANGE),
            udev_message(MAGIC, 40, 0, CHANGE),
            udev_message(MAGIC, 0, 40 + length, CHANGE),
            udev_message(MAGIC, 40, length - 1, CHANGE),
            b"libudev\0".to_vec(),
            b"libudev\0\xfe\xed\xca\xfe".to_vec(),
            b"libudev".to_vec(),
        ] {
            assert_eq!(parse(&hostile, Source::Udev), None, "{hostile:02x?}");
        }
    }

    #[test]
    fn a_cut_message_is_no_event() {
        // The message stays whole until its last NUL is cut off: then SEQNUM=4711 could have been SEQNUM=47113.
        for end in 0..ADD.len() {
            assert_eq!(parse(&ADD[..end], Source::Kernel), None, "cut at {end}");
        }
        let whole = udev_message(MAGIC, 40, u32::try_from(CHANGE.len()).unwrap(), CHANGE);
        for end in 0..whole.len() {
            assert_eq!(parse(&whole[..end], Source::Udev), None, "cut at {end}");
        }
    }

    #[test]
    fn hostile_kernel_messages() {
        for hostile in [
            &b""[..],
            b"\0",
            b"\0\0\0\0",
            b"add@/devices/x",
            b"add@/devices/x\0",
            b"add@/devices/x\0\0",
            b"add@/devices/x\0no pair\0",
            b"no at sign\0ACTION=add\0DEVPATH=/x\0SUBSYSTEM=block\0SEQNUM=1\0",
            b"add@/x\0ACTION=add\0DEVPATH=/x\0SUBSYSTEM=block\0SEQNUM=0\0",
            b"add@/x\0ACTION=add\0DEVPATH=/x\0SUBSYSTEM=block\0SEQNUM=99999999999999999999\0",
            b"add@/x\0DEVPATH=/x\0SUBSYSTEM=block\0SEQNUM=1\0",
            b"add@/x\0ACTION=add\0DEVPATH=/x\0SEQNUM=1\0",
            b"add@/x\0ACTION=add\0SUBSYSTEM=block\0SEQNUM=1\0",
            b"add@/x\0ACTION=add\0DEVPATH=x\0SUBSYSTEM=block\0SEQNUM=1\0",
            b"add@/x\0ACTION=add\0DEVPATH=/\0SUBSYSTEM=block\0SEQNUM=1\0",
            b"add@/x\0ACTION=add\0DEVPATH=/../etc\0SUBSYSTEM=block\0SEQNUM=1\0",
            &[0xff; 4096],
        ] {
            assert_eq!(parse(hostile, Source::Kernel), None, "{:?}", hostile.escape_ascii().to_string());
        }
    }

    #[test]
    fn every_single_flipped_byte_is_survived() {
        let whole = udev_message(MAGIC, 40, u32::try_from(CHANGE.len()).unwrap(), CHANGE);
        for (message, source) in [(ADD.to_vec(), Source::Kernel), (whole, Source::Udev)] {
            for at in 0..message.len() {
                for value in [0, b'=', b'\n', 0x7f, 0xff] {
                    let mut hostile = message.clone();
                    hostile[at] = value;
                    // What comes out may be an event or none; all of it must be inside the message.
                    let _ = parse(&hostile, source);
                }
            }
        }
    }

    #[test]
    fn a_newline_ends_a_value() {
        let message = b"add@/x\0ACTION=add\0DEVPATH=/x\0SUBSYSTEM=usb\0SEQNUM=1\0PRODUCT=a\nb\0";
        assert_eq!(parse(message, Source::Kernel).unwrap()[c"PRODUCT"], c"a".to_owned());
    }
}
