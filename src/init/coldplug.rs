//! The devices that were there before anyone listened, and what a uevent says about the later ones.

use std::fs;
use std::path::Path;

/// PCI class 0C03h, a USB host controller, in a modalias.
const USB_HOST: &str = "bc0Csc03";

/// The modaliases of all devices below `root` (`/sys/devices`), each once, USB host controllers first: a keyboard must not wait for
/// the spin-up of a shelf of disks.
pub(crate) fn modaliases(root: &Path) -> Vec<String> {
    let mut found = Vec::new();
    walk(root, &mut found);
    found.sort_unstable_by_key(|alias| (!alias.contains(USB_HOST), alias.clone()));
    found.dedup();
    found
}

/// Does not follow symbolic links, which lead out of the tree and round in circles.
fn walk(directory: &Path, found: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            walk(&entry.path(), found);
        } else if entry.file_name() == "modalias"
            && let Ok(alias) = fs::read_to_string(entry.path())
            && !alias.trim().is_empty()
        {
            found.push(alias.trim().to_owned());
        }
    }
}

/// The modalias of the device that a uevent is about, unless the event is its removal.
pub(crate) fn modalias_of(uevent: &[u8]) -> Option<&str> {
    let field = |key: &str| {
        let mut fields = uevent.split(|&byte| byte == 0).filter_map(|field| std::str::from_utf8(field).ok());
        fields.find_map(|field| field.strip_prefix(key)?.strip_prefix('='))
    };
    if field("ACTION")? == "remove" {
        return None;
    }
    field("MODALIAS")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_added_device_names_its_modalias() {
        let event = b"add@/devices/pci0000:00/usb1/1-1/1-1:1.0\0ACTION=add\0SUBSYSTEM=usb\0MODALIAS=usb:v46F4p0001ic08\0SEQNUM=9\0";
        assert_eq!(modalias_of(event), Some("usb:v46F4p0001ic08"));
    }

    #[test]
    fn removals_and_broken_events_name_none() {
        assert_eq!(modalias_of(b"remove@/d\0ACTION=remove\0MODALIAS=usb:v1\0"), None);
        assert_eq!(modalias_of(b"add@/d\0ACTION=add\0DEVNAME=sda\0"), None);
        assert_eq!(modalias_of(b"add@/d\0MODALIAS=usb:v1\0"), None);
        assert_eq!(modalias_of(b"\xff\0\0=\0ACTION\0"), None);
        assert_eq!(modalias_of(b""), None);
    }

    #[test]
    fn the_walk_finds_each_alias_once_and_usb_hosts_first() {
        let root = std::env::temp_dir().join(format!("purgeproof-coldplug-{}", std::process::id()));
        let devices = [
            ("a", "pci:v1bc01sc06i01\n"),
            ("a/b", "acpi:PNP0A03:\n"),
            ("c", "pci:v2bc0Csc03i30\n"),
            ("d", "pci:v1bc01sc06i01\n"),
            ("e", "\n"),
        ];
        for (directory, alias) in devices {
            fs::create_dir_all(root.join(directory)).unwrap();
            fs::write(root.join(directory).join("modalias"), alias).unwrap();
        }
        std::os::unix::fs::symlink(&root, root.join("loop")).unwrap();
        let found = modaliases(&root);
        fs::remove_dir_all(&root).unwrap();
        assert_eq!(found, ["pci:v2bc0Csc03i30", "acpi:PNP0A03:", "pci:v1bc01sc06i01"]);
    }
}
