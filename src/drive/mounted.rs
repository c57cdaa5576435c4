//! Who uses block devices: mounts and swap areas, by device number.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

use nix::libc::dev_t;

use crate::sysfs::parse_device_number;

/// What each block device is used for, in words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Users(HashMap<dev_t, String>);

impl Users {
    /// As they are now, in this mount namespace. Another namespace's mounts are found when the disk is opened exclusively.
    pub(crate) fn now() -> std::io::Result<Self> {
        let mounts = fs::read_to_string("/proc/self/mountinfo")?;
        // A kernel without swap has no such file.
        let swaps = fs::read_to_string("/proc/swaps").unwrap_or_default();
        Ok(Self::parse(&mounts, &swaps, node_number))
    }

    #[cfg(test)]
    pub(crate) fn from_mounts(mounts: &str) -> Self {
        Self::parse(mounts, "", |_| None)
    }

    pub(crate) fn of(&self, device: dev_t) -> Option<&str> {
        self.0.get(&device).map(String::as_str)
    }

    /// `number` tells the device number of a block device node.
    fn parse(mounts: &str, swaps: &str, number: impl Fn(&Path) -> Option<dev_t>) -> Self {
        let mut users = HashMap::new();
        let mut add = |device: Option<dev_t>, by: String| {
            if let Some(device) = device {
                users.entry(device).or_insert(by);
            }
        };
        for line in mounts.lines() {
            // proc(5): "36 35 98:0 /root /mount/point options… - type source options"
            let mut fields = line.split(' ').skip(2);
            let (device, point) = (fields.next(), fields.nth(1).unwrap_or_default());
            let by = format!("mounted on {}", unescape(point));
            add(device.and_then(parse_device_number), by.clone());
            // btrfs and others show a device number of their own: their source is what they really use.
            let source = line.split_once(" - ").and_then(|(_, rest)| rest.split(' ').nth(1)).unwrap_or_default();
            add(number(Path::new(&unescape(source))), by);
        }
        for line in swaps.lines().skip(1) {
            let file = line.split_whitespace().next().unwrap_or_default();
            add(number(Path::new(&unescape(file))), "swap".to_owned());
        }
        Self(users)
    }
}

/// The number of a block device node; `None` for everything else.
pub(crate) fn node_number(path: &Path) -> Option<dev_t> {
    let metadata = path.is_absolute().then(|| fs::metadata(path))?.ok()?;
    metadata.file_type().is_block_device().then(|| metadata.rdev())
}

/// proc(5) writes space, tab, newline and backslash as three octal digits.
fn unescape(text: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(text.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mounts_count_by_number_and_by_source_and_swap_by_name() {
        let mounts = "\
27 1 8:2 / / rw,relatime shared:1 - ext4 /dev/root rw
30 27 8:18 / /mnt/my\\040disk ro - vfat /dev/sdb2 ro
31 27 0:42 /@home /home rw - btrfs /dev/sdc1 rw,subvol=/@home
32 27 0:21 / /proc rw - proc proc rw
";
        let swaps = "Filename\tType\tSize\tUsed\tPriority\n/dev/sda3 partition 1 0 -2\n/swapfile file 1 0 -3\n";
        let number = |path: &Path| match path.to_str()? {
            "/dev/sdc1" => parse_device_number("8:33"),
            "/dev/sda3" => parse_device_number("8:3"),
            _ => None,
        };
        let users = Users::parse(mounts, swaps, number);
        let of = |device| users.of(parse_device_number(device).unwrap());
        assert_eq!(of("8:2"), Some("mounted on /"));
        assert_eq!(of("8:18"), Some("mounted on /mnt/my disk"));
        assert_eq!(of("8:33"), Some("mounted on /home"));
        assert_eq!(of("8:3"), Some("swap"));
        assert_eq!(of("8:1"), None);
    }

    #[test]
    fn this_machine_can_be_asked() {
        assert!(Users::now().is_ok());
        assert_eq!(node_number(Path::new("/dev/null")), None, "a character device");
        assert_eq!(node_number(Path::new("proc")), None);
    }
}
