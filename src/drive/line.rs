//! How fast the link to a drive is, by what the kernel says of it.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use purgeproof_core::drive::Transport;
use purgeproof_core::link::LineRate;

use crate::sysfs::Chain;

/// The link of a disk. Only what the kernel tells of a real link: `None` of cards and of what is no link, and on a virtual machine, where
/// the emulated port shows the speed of a port that is not there, and data come as fast as memory does.
pub(crate) fn line_rate(chain: &Chain, transport: Transport) -> Option<LineRate> {
    if *IS_VIRTUAL { None } else { told(&chain.disk.syspath, transport) }
}

/// CPUID leaf 1, ECX bit 31: every hypervisor sets it, so that a guest can tell.
static IS_VIRTUAL: LazyLock<bool> = LazyLock::new(|| {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let flags = cpus.lines().filter(|line| line.starts_with("flags"));
    flags.flat_map(str::split_whitespace).any(|flag| flag == "hypervisor")
});

fn told(disk: &Path, transport: Transport) -> Option<LineRate> {
    match transport {
        Transport::Nvme => pcie(disk),
        Transport::Usb => disk.ancestors().find_map(usb),
        Transport::Ata | Transport::Scsi => disk.ancestors().find_map(sata).or_else(|| disk.ancestors().find_map(sas)),
        _ => None,
    }
}

/// The host's link of an ATA port, which the drives behind a port multiplier share.
fn sata(above: &Path) -> Option<LineRate> {
    let port = above.file_name()?.to_str()?.strip_prefix("ata")?;
    let link = format!("link{port}");
    // `6.0 Gbps`, or `<unknown>`.
    rate(&above.join(&link).join("ata_link").join(&link).join("sata_spd"), 1_000_000_000)
}

/// All lanes of the port that an end device hangs on.
fn sas(above: &Path) -> Option<LineRate> {
    above.file_name()?.to_str()?.strip_prefix("end_device-")?;
    let phys = fs::read_dir(above.parent()?).ok()?.flatten();
    let phys = phys.filter(|entry| entry.file_name().as_encoded_bytes().starts_with(b"phy-"));
    // `12.0 Gbit`. Of a lane whose rate is not known nothing is known of the port.
    let lane =
        |phy: &Path| rate(&phy.join("sas_phy").join(phy.file_name()?).join("negotiated_linkrate"), 1_000_000_000);
    let lanes = phys.map(|phy| lane(&phy.path())).collect::<Option<Vec<_>>>()?;
    (!lanes.is_empty()).then(|| LineRate(lanes.iter().fold(0, |all, lane| all.saturating_add(lane.0))))
}

/// The device's own speed, which is never above that of the hubs before it.
fn usb(above: &Path) -> Option<LineRate> {
    // In Mb/s, both lanes of a cable that uses two.
    if above.join("busnum").exists() { rate(&above.join("speed"), 1_000_000) } else { None }
}

/// The best that the drive and the port before it can do together. What they do at the moment is no bound: a link that saves power runs
/// slower until there is something to do.
fn pcie(disk: &Path) -> Option<LineRate> {
    let mut ends = disk.ancestors().filter_map(|above| {
        let speed = rate(&above.join("max_link_speed"), 1_000_000_000)?;
        Some((speed, number(&above.join("max_link_width"))?))
    });
    let (drive, port) = (ends.next()?, ends.next());
    let (speed, lanes) = port.map_or(drive, |port| (drive.0.min(port.0), drive.1.min(port.1)));
    (lanes > 0).then(|| LineRate(speed.0.saturating_mul(lanes)))
}

fn number(attribute: &Path) -> Option<u64> {
    fs::read_to_string(attribute).ok()?.trim().parse().ok()
}

/// A decimal number with a unit behind it, `8.0 GT/s PCIe`, of units of so many bits a second.
fn rate(attribute: &Path, unit: u64) -> Option<LineRate> {
    let text = fs::read_to_string(attribute).ok()?;
    let (whole, tenth) =
        text.split_whitespace().next().map(|number| number.split_once('.').unwrap_or((number, "0")))?;
    let (whole, tenth): (u64, u64) = (whole.parse().ok()?, tenth.get(..1)?.parse().ok()?);
    Some(LineRate(whole.checked_mul(unit)? + tenth.min(9) * (unit / 10))).filter(|rate| rate.0 > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sysfs::tests::Tree;

    fn of(tree: Tree, transport: Transport) -> Option<u64> {
        told(&tree.node("sda", "block", None, &[]).chain().disk.syspath, transport).map(|rate| rate.0)
    }

    #[test]
    fn a_sata_port_tells_its_speed() {
        let port = |speed: &[u8]| {
            let tree = Tree::new().node("ata7", "", None, &[("link7/ata_link/link7/sata_spd", speed)]);
            tree.node("host6", "scsi", None, &[]).node("6:0:0:0", "scsi", None, &[])
        };
        assert_eq!(of(port(b"6.0 Gbps\n"), Transport::Ata), Some(6_000_000_000));
        assert_eq!(of(port(b"1.5 Gbps\n"), Transport::Ata), Some(1_500_000_000));
        assert_eq!(of(port(b"<unknown>\n"), Transport::Ata), None);
        // What a bridge or a RAID controller makes of it is another thing.
        assert_eq!(of(port(b"6.0 Gbps\n"), Transport::Raid), None);
    }

    #[test]
    fn a_wide_sas_port_is_the_sum_of_its_lanes() {
        let port = |second: &[u8]| {
            let lanes: [(&str, &[u8]); 2] = [
                ("phy-0:0/sas_phy/phy-0:0/negotiated_linkrate", b"12.0 Gbit\n"),
                ("phy-0:1/sas_phy/phy-0:1/negotiated_linkrate", second),
            ];
            Tree::new().node("port-0:0", "", None, &lanes).node("end_device-0:0", "", None, &[])
        };
        assert_eq!(of(port(b"12.0 Gbit\n"), Transport::Scsi), Some(24_000_000_000));
        assert_eq!(of(port(b"Unknown\n"), Transport::Scsi), None);
    }

    #[test]
    fn usb_tells_megabits() {
        let stick = |speed: &[u8]| Tree::new().node("2-1", "usb", None, &[("busnum", b"2\n"), ("speed", speed)]);
        assert_eq!(of(stick(b"480\n"), Transport::Usb), Some(480_000_000));
        assert_eq!(of(stick(b"20000\n"), Transport::Usb), Some(20_000_000_000));
        assert_eq!(of(stick(b"1.5\n"), Transport::Usb), Some(1_500_000));
        assert_eq!(of(stick(b"unknown\n"), Transport::Usb), None);
    }

    #[test]
    fn of_a_pcie_drive_and_its_port_the_slower_counts() {
        let port = |speed: &[u8], lanes: &[u8]| {
            let tree =
                Tree::new().node("0000:00:1d.0", "pci", None, &[("max_link_speed", speed), ("max_link_width", lanes)]);
            let drive: [(&str, &[u8]); 2] = [("max_link_speed", b"16.0 GT/s PCIe\n"), ("max_link_width", b"4\n")];
            tree.node("0000:03:00.0", "pci", Some("nvme"), &drive).node("nvme0", "nvme", None, &[])
        };
        assert_eq!(of(port(b"8.0 GT/s PCIe\n", b"4\n"), Transport::Nvme), Some(32_000_000_000));
        assert_eq!(of(port(b"32.0 GT/s PCIe\n", b"2\n"), Transport::Nvme), Some(32_000_000_000));
        // A port that does not tell leaves the drive's own.
        assert_eq!(of(port(b"Unknown\n", b"0\n"), Transport::Nvme), Some(64_000_000_000));
    }
}
