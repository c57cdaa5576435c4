//! KEY=VALUE, as the kernel writes it in `uevent` files and messages and as udevd writes it in its database.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{CStr, CString};
use std::str::FromStr;

use libc::dev_t;
use nix::sys::stat::makedev;

use crate::sysfs::c_string;

/// A device's properties, sorted by name as libudev lists them.
pub(crate) type Properties = BTreeMap<CString, CString>;

/// Splits `KEY=VALUE` at the first `=`. The value may be empty, the key may not.
pub(crate) fn pair(entry: &[u8]) -> Option<(CString, CString)> {
    let mut halves = entry.splitn(2, |byte| *byte == b'=');
    let key = halves.next().filter(|key| !key.is_empty())?;
    Some((c_string(key), c_string(halves.next()?)))
}

/// The properties in a device's `uevent` file. Lines that are no `KEY=VALUE` are passed over.
pub(crate) fn from_uevent_file(text: &[u8]) -> Properties {
    let mut properties = lines(text).filter_map(pair).collect();
    normalize(&mut properties);
    properties
}

/// Makes the kernel's spelling libudev's: `DEVNAME` is an absolute path, and `MAJOR` and `MINOR` stand only where they
/// are the number of a device.
pub(crate) fn normalize(properties: &mut Properties) {
    if let Some(name) = properties.get_mut(c"DEVNAME")
        && !name.to_bytes().starts_with(b"/")
    {
        *name = c_string(&[b"/dev/", name.to_bytes()].concat());
    }
    if devnum(properties).is_none() {
        properties.remove(c"MAJOR");
        properties.remove(c"MINOR");
    }
}

/// The device number. Major 0 is the kernel's "no device".
pub(crate) fn devnum(properties: &Properties) -> Option<dev_t> {
    let major: u32 = number(properties, c"MAJOR").filter(|major| *major > 0)?;
    let minor: u32 = if properties.contains_key(c"MINOR") { number(properties, c"MINOR")? } else { 0 };
    Some(makedev(major.into(), minor.into()))
}

/// The interface index of a network device.
pub(crate) fn ifindex(properties: &Properties) -> Option<u32> {
    number(properties, c"IFINDEX").filter(|index| *index > 0)
}

/// A property as a decimal number.
pub(crate) fn number<T: FromStr>(properties: &Properties, key: &CStr) -> Option<T> {
    properties.get(key)?.to_str().ok()?.parse().ok()
}

/// Adds what udevd's database file says of a device to its properties; returns all its tags, old ones included.
///
/// A line is a letter, a colon and a value: `E` property, `S` link below `/dev`, `G` tag, `Q` tag of the last event,
/// `I` microseconds since boot at which udevd was done. `L`, `V` and `W` are udevd's own business.
pub(crate) fn add_database(text: &[u8], properties: &mut Properties) -> BTreeSet<CString> {
    let (mut links, mut tags, mut current_tags) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for line in lines(text) {
        match line {
            [b'E', b':', entry @ ..] => match pair(entry) {
                // The database has no empty properties: an empty one takes back what the kernel said.
                Some((key, value)) if value.is_empty() => drop(properties.remove(&key)),
                Some((key, value)) => drop(properties.insert(key, value)),
                None => {}
            },
            [b'S', b':', link @ ..] => drop(links.insert([b"/dev/", link].concat())),
            [b'G', b':', tag @ ..] => drop(tags.insert(tag.to_vec())),
            [b'Q', b':', tag @ ..] => {
                tags.insert(tag.to_vec());
                current_tags.insert(tag.to_vec());
            }
            [b'I', b':', when @ ..] => drop(properties.insert(c"USEC_INITIALIZED".to_owned(), c_string(when))),
            _ => {}
        }
    }
    let mut set = |key: &CStr, value: Vec<u8>| properties.insert(key.to_owned(), c_string(&value));
    if !links.is_empty() {
        set(c"DEVLINKS", links.into_iter().collect::<Vec<_>>().join(&b' '));
    }
    for (key, tags) in [(c"TAGS", &tags), (c"CURRENT_TAGS", &current_tags)] {
        if !tags.is_empty() {
            set(key, [b":", tags.iter().cloned().collect::<Vec<_>>().join(&b':').as_slice(), b":"].concat());
        }
    }
    tags.iter().map(|tag| c_string(tag)).collect()
}

/// The tags in the properties that udevd sends with an event: `TAGS=:systemd:uaccess:`.
pub(crate) fn tags(properties: &Properties) -> BTreeSet<CString> {
    [c"TAGS", c"CURRENT_TAGS"]
        .into_iter()
        .filter_map(|key| properties.get(key))
        .flat_map(|tags| tags.to_bytes().split(|byte| *byte == b':'))
        .filter(|tag| !tag.is_empty())
        .map(c_string)
        .collect()
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| matches!(byte, b'\n' | b'\r'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(properties: &Properties) -> Vec<String> {
        properties.iter().map(|(key, value)| format!("{}={}", key.to_string_lossy(), value.to_string_lossy())).collect()
    }

    #[test]
    fn a_disks_uevent_file() {
        let properties = from_uevent_file(b"MAJOR=8\nMINOR=16\nDEVNAME=sdb\nDEVTYPE=disk\nDISKSEQ=9\n");
        assert_eq!(listed(&properties), ["DEVNAME=/dev/sdb", "DEVTYPE=disk", "DISKSEQ=9", "MAJOR=8", "MINOR=16"]);
        assert_eq!(devnum(&properties), Some(0x0810));
    }

    #[test]
    fn lines_that_are_no_properties_are_passed_over() {
        let properties = from_uevent_file(b"\n=x\nnothing\nEMPTY=\nTWO=a=b\nNUL=a\0b\nLAST=1");
        assert_eq!(listed(&properties), ["EMPTY=", "LAST=1", "NUL=a", "TWO=a=b"]);
    }

    #[test]
    fn a_number_that_is_none_is_no_device_number() {
        for text in [&b"MAJOR=0\nMINOR=3\n"[..], b"MAJOR=-1\nMINOR=0\n", b"MAJOR=8\nMINOR=x\n", b"MINOR=1\n"] {
            let properties = from_uevent_file(text);
            assert_eq!(devnum(&properties), None);
            assert!(listed(&properties).is_empty(), "{:?}", listed(&properties));
        }
        assert_eq!(devnum(&from_uevent_file(b"MAJOR=8\n")), Some(0x0800));
        // Minor 65536 spills above bit 20: makedev(259, 65536) by the layout of sysmacros.h.
        assert_eq!(devnum(&from_uevent_file(b"MAJOR=259\nMINOR=65536\n")), Some(0x1001_0300));
    }

    #[test]
    fn udevds_database() {
        let mut properties = from_uevent_file(b"DEVNAME=/dev/sda\nDROPPED=1\n");
        let text = b"S:disk/by-id/wwn-0x5\nS:disk/by-id/ata-X\nL:-100\nI:1234567\nE:ID_SERIAL=X=Y\nE:DROPPED=\n\
            G:systemd\nQ:systemd\nG:old\nV:1\nX\n:\nE\n";
        let tags = add_database(text, &mut properties);
        assert_eq!(tags, BTreeSet::from([c"old".to_owned(), c"systemd".to_owned()]));
        assert_eq!(
            listed(&properties),
            [
                "CURRENT_TAGS=:systemd:",
                "DEVLINKS=/dev/disk/by-id/ata-X /dev/disk/by-id/wwn-0x5",
                "DEVNAME=/dev/sda",
                "ID_SERIAL=X=Y",
                "TAGS=:old:systemd:",
                "USEC_INITIALIZED=1234567",
            ]
        );
    }

    #[test]
    fn an_empty_database_adds_nothing() {
        let mut properties = Properties::new();
        assert!(add_database(b"", &mut properties).is_empty());
        assert!(properties.is_empty());
    }

    #[test]
    fn tags_of_an_event() {
        let properties = from_uevent_file(b"TAGS=:a::b:\nCURRENT_TAGS=:b:\n");
        assert_eq!(tags(&properties), BTreeSet::from([c"a".to_owned(), c"b".to_owned()]));
    }
}
