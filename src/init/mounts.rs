//! The kernel's own filesystems, where every program expects them.

use nix::errno::Errno;
use purgeproof_sys::mount::{Mount, MsFlags};
use std::fmt;

const NOTHING_RUNS: MsFlags = MsFlags::MS_NOSUID.union(MsFlags::MS_NOEXEC).union(MsFlags::MS_NODEV);
const NOTHING_RUNS_BUT_DEVICES: MsFlags = MsFlags::MS_NOSUID.union(MsFlags::MS_NOEXEC);

const fn line(kind: &'static str, target: &'static str, flags: MsFlags, options: &'static str) -> Mount<'static> {
    Mount { source: kind, target, kind, flags, options }
}

/// In this order: `/dev/pts` is a directory of `/dev`, `securityfs` one of `/sys`.
const MOUNTS: [Mount<'_>; 7] = [
    line("proc", "/proc", NOTHING_RUNS, ""),
    line("sysfs", "/sys", NOTHING_RUNS, ""),
    line("devtmpfs", "/dev", NOTHING_RUNS_BUT_DEVICES, "mode=0755"),
    line("devpts", "/dev/pts", NOTHING_RUNS_BUT_DEVICES, "mode=0600,ptmxmode=0666"),
    line("tmpfs", "/run", NOTHING_RUNS, "mode=0755"),
    line("tmpfs", "/tmp", NOTHING_RUNS, "mode=1777"),
    line("securityfs", "/sys/kernel/security", NOTHING_RUNS, ""),
];

const EFIVARFS: Mount<'_> = line("efivarfs", "/sys/firmware/efi/efivars", NOTHING_RUNS, "");

/// A filesystem that is not there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Unmounted {
    kind: &'static str,
    target: &'static str,
    errno: Errno,
}

impl fmt::Display for Unmounted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, target, errno } = self;
        write!(f, "{kind} could not be mounted on {target}: {errno}. Look whether this kernel was built with it.")
    }
}

/// Mounts them all and returns those that failed, for there is no log yet to write them to.
pub(crate) fn mount_all() -> Vec<Unmounted> {
    MOUNTS.iter().filter_map(|mount| mount_one(mount).err()).collect()
}

/// Mounts the firmware's variables.
pub(crate) fn mount_efivarfs() -> Result<(), Unmounted> {
    mount_one(&EFIVARFS)
}

fn mount_one(mount: &Mount<'static>) -> Result<(), Unmounted> {
    let unmounted = |errno| Unmounted { kind: mount.kind, target: mount.target, errno };
    mount.mount().map(drop).map_err(unmounted)
}

/// The mount points in `mounts` (the text of `/proc/mounts`) that hold a block device, the innermost first.
pub(crate) fn on_devices(mounts: &str) -> Vec<String> {
    let device = |line: &str| {
        let (source, rest) = line.split_once(' ')?;
        let (target, _) = rest.split_once(' ')?;
        source.starts_with("/dev/").then(|| unescape(target))
    };
    mounts.lines().rev().filter_map(device).collect()
}

/// `/proc/mounts` writes white space and backslashes as three octal digits.
fn unescape(target: &str) -> String {
    target.replace("\\040", " ").replace("\\011", "\t").replace("\\012", "\n").replace("\\134", "\\")
}

#[cfg(test)]
mod tests {
    use super::on_devices;

    #[test]
    fn only_mounts_of_devices_are_named_and_the_last_comes_first() {
        let mounts = "rootfs / rootfs rw 0 0\nproc /proc proc rw 0 0\n/dev/sda1 /run/stick vfat rw 0 0\n\
                      devpts /dev/pts devpts rw 0 0\n/dev/sdb1 /run/a\\040b vfat rw 0 0\nbroken\n";
        assert_eq!(on_devices(mounts), ["/run/a b", "/run/stick"]);
    }
}
