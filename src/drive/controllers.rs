//! The storage controllers of the machine, and what to do about one whose disks do not show.

use std::io;

use purgeproof_core::drive::Transport;
use purgeproof_core::event::Controller;

use crate::inventory::Found;
use crate::sysfs::Node;

/// Every PCI device of class 01h (mass storage), by address.
///
/// # Errors
/// If sysfs cannot be read.
pub fn controllers(drives: &[Found]) -> io::Result<Vec<Controller>> {
    let mut enumerator = udev::Enumerator::new()?;
    enumerator.match_subsystem("pci")?;
    let mut all: Vec<_> =
        enumerator.scan_devices()?.filter_map(|device| controller(&Node::of(&device), drives)).collect();
    all.sort_by(|a, b| a.address.cmp(&b.address));
    Ok(all)
}

fn controller(device: &Node, drives: &[Found]) -> Option<Controller> {
    // `class` is 0xCCSSPP: base class, subclass, programming interface (PCI Code and ID Assignment Specification §1.2).
    let [_, base, subclass, _] = hexadecimal(device, "class")?.to_be_bytes();
    if base != 0x01 && !is_vmd(device) {
        return None;
    }
    let is_behind = |drive: &&Found| drive.paths.iter().any(|path| path.starts_with(&device.syspath));
    let behind: Vec<&Found> = drives.iter().filter(is_behind).collect();
    let kind = if is_vmd(device) { "Intel VMD (NVMe RAID)" } else { kind(subclass) };
    Some(Controller {
        address: device.name().to_owned(),
        kind: kind.to_owned(),
        ids: format!("{:04x}:{:04x}", hexadecimal(device, "vendor")?, hexadecimal(device, "device")?),
        driver: device.driver.clone(),
        drives: behind.len(),
        advice: advice(device, subclass, &behind).map(str::to_owned),
    })
}

const fn kind(subclass: u8) -> &'static str {
    match subclass {
        0x00 => "SCSI controller",
        0x01 => "IDE controller",
        0x02 => "floppy controller",
        0x04 => "RAID controller",
        0x05 => "ATA controller",
        0x06 => "SATA controller",
        0x07 => "SAS controller",
        0x08 => "NVMe controller",
        0x09 => "UFS controller",
        _ => "storage controller",
    }
}

const INTEL: u32 = 0x8086;

/// What to do about a controller that hides drives, or may; `None` where there is no sign of that. It fits on a certificate.
fn advice(device: &Node, subclass: u8, behind: &[&Found]) -> Option<&'static str> {
    // drivers/ata/ahci.c: NVMe drives that Intel RST has put behind the SATA controller, beside SATA drives that do show.
    if device.number("remapped_nvme").is_some_and(|count| count > 0) {
        return Some(
            "RAID mode (Intel RST) hides NVMe drives. In the firmware setup change it to AHCI, and start again",
        );
    }
    if behind.iter().any(|drive| drive.identity.transport == Transport::Raid) {
        return Some(
            "It shows volumes and not their drives. Switch it to HBA or JBOD mode in its setup, or move the drives",
        );
    }
    if !behind.is_empty() {
        return None;
    }
    let is_intel = hexadecimal(device, "vendor") == Some(INTEL);
    match (subclass, device.driver.as_deref()) {
        _ if is_vmd(device) => Some(
            "Intel VMD may hide NVMe drives. In the firmware setup switch VMD off (\"VMD Controller\", \"RAID On\"), and start again",
        ),
        (0x04, _) if is_intel => Some(
            "RAID mode hides its drives. In the firmware setup change SATA or storage operation from RAID (Intel RST) to AHCI, and start again",
        ),
        (0x04, None) => Some(
            "No driver for this RAID controller. Switch it to HBA, JBOD or AHCI mode in its setup, or attach the drives elsewhere",
        ),
        (0x04, Some(_)) => Some(
            "This RAID controller shows no drive. Switch it to HBA or JBOD mode in its setup, or attach the drives elsewhere",
        ),
        (_, None) => {
            Some("No driver took this controller, so its drives cannot be seen. Attach them to another machine")
        }
        (0x08, Some(_)) => Some("This NVMe controller shows no namespace. The drive may be locked or broken"),
        _ => None,
    }
}

/// Intel's Volume Management Device: of class 0104h, or 0880h on server parts; the kernel driver is `vmd`.
fn is_vmd(device: &Node) -> bool {
    let ids = (hexadecimal(device, "vendor"), hexadecimal(device, "device"));
    // drivers/pci/controller/vmd.c, `vmd_ids`.
    let parts = [0x201d, 0x28c0, 0x467f, 0x4c3d, 0xa77f, 0x7d0b, 0xad0b, 0x9a0b, 0xb60b, 0xb06f];
    ids.0 == Some(INTEL) && ids.1.is_some_and(|id| parts.contains(&id))
}

fn hexadecimal(device: &Node, attribute: &str) -> Option<u32> {
    u32::from_str_radix(device.text(attribute)?.trim_start_matches("0x"), 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sysfs::tests::Tree;

    fn pci(class: &str, ids: (&str, &str), driver: Option<&str>) -> Tree {
        let attributes =
            [("class", class), ("vendor", ids.0), ("device", ids.1)].map(|(name, text)| (name, text.as_bytes()));
        Tree::new().node("0000:00:17.0", "pci", driver, &attributes)
    }

    fn seen(tree: &Tree, drives: &[Found]) -> Option<Controller> {
        controller(&tree.chain().disk, drives)
    }

    #[test]
    fn raid_mode_without_disks_names_the_switch() {
        let tree = pci("0x010400\n", ("0x8086\n", "0x282a\n"), Some("ahci"));
        let controller = seen(&tree, &[]).unwrap();
        assert_eq!((controller.kind.as_str(), controller.ids.as_str()), ("RAID controller", "8086:282a"));
        assert_eq!((controller.address.as_str(), controller.drives), ("0000:00:17.0", 0));
        assert!(controller.advice.unwrap().contains("AHCI"));
    }

    #[test]
    fn a_vmd_is_told_by_its_number() {
        let tree = pci("0x088000\n", ("0x8086\n", "0x28c0\n"), Some("vmd"));
        assert!(seen(&tree, &[]).unwrap().advice.unwrap().contains("VMD"));
        assert!(
            seen(&pci("0x088000\n", ("0x8086\n", "0x1234\n"), None), &[]).is_none(),
            "some other system peripheral"
        );
    }

    #[test]
    fn disks_are_counted_where_they_hang() {
        let tree = pci("0x010601\n", ("0x8086\n", "0xa102\n"), Some("ahci"));
        assert_eq!(seen(&tree, &[]).unwrap().advice, None, "an empty SATA controller is nothing unusual");
        let mut drive = crate::inventory::tests::found("/dev/sda");
        drive.paths = vec![tree.chain().disk.syspath.join("ata1/host0/target0:0:0/0:0:0:0/block/sda")];
        let elsewhere = crate::inventory::tests::found("/dev/sdb");
        assert_eq!(seen(&tree, &[drive, elsewhere]).unwrap().drives, 1);
    }

    #[test]
    fn volumes_are_not_the_drives_that_they_are_made_of() {
        let tree = pci("0x010700\n", ("0x1000\n", "0x0097\n"), Some("mpt3sas"));
        let mut disk = crate::inventory::tests::found("/dev/sda");
        disk.paths = vec![tree.chain().disk.syspath.join("host0/target0:0:0/0:0:0:0/block/sda")];
        let mut volume = crate::inventory::tests::found("/dev/sdb");
        volume.paths = vec![tree.chain().disk.syspath.join("host0/target0:1:0/0:1:0:0/block/sdb")];
        volume.identity.transport = Transport::Raid;
        assert_eq!(seen(&tree, std::slice::from_ref(&disk)).unwrap().advice, None);
        let controller = seen(&tree, &[disk, volume]).unwrap();
        assert_eq!(controller.drives, 2);
        assert!(controller.advice.unwrap().contains("HBA or JBOD"));
    }

    #[test]
    fn nvme_drives_behind_a_sata_controller_are_told_though_its_own_drives_show() {
        let attributes =
            [("class", "0x010400\n"), ("vendor", "0x8086\n"), ("device", "0x282a\n"), ("remapped_nvme", "1\n")];
        let attributes = attributes.map(|(name, text)| (name, text.as_bytes()));
        let tree = Tree::new().node("0000:00:17.0", "pci", Some("ahci"), &attributes);
        let mut drive = crate::inventory::tests::found("/dev/sda");
        drive.paths = vec![tree.chain().disk.syspath.join("ata1/host0/target0:0:0/0:0:0:0/block/sda")];
        assert!(seen(&tree, &[drive]).unwrap().advice.unwrap().contains("AHCI"));
    }

    #[test]
    fn all_that_is_advised_fits_on_a_certificate() {
        for (class, ids, driver) in [
            ("0x010400\n", ("0x8086\n", "0x467f\n"), Some("vmd")),
            ("0x010400\n", ("0x8086\n", "0x282a\n"), Some("ahci")),
            ("0x010400\n", ("0x1000\n", "0x005d\n"), None),
            ("0x010400\n", ("0x1000\n", "0x005d\n"), Some("megaraid_sas")),
            ("0x010700\n", ("0x1000\n", "0x0097\n"), None),
            ("0x010802\n", ("0x144d\n", "0xa808\n"), Some("nvme")),
        ] {
            let advice = seen(&pci(class, ids, driver), &[]).unwrap().advice.unwrap();
            assert!(advice.len() <= 160 && !advice.ends_with('.'), "{advice}");
        }
    }

    #[test]
    fn a_controller_without_driver_says_so_and_other_classes_are_none() {
        assert!(
            seen(&pci("0x010700\n", ("0x1000\n", "0x0097\n"), None), &[]).unwrap().advice.unwrap().contains("driver")
        );
        assert!(seen(&pci("0x0c0330\n", ("0x8086\n", "0xa12f\n"), Some("xhci_hcd")), &[]).is_none());
    }

    #[test]
    fn this_machine_can_be_asked() {
        assert!(controllers(&[]).is_ok());
    }
}
