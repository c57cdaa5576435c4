use super::*;
use crate::sysfs::tests::Tree;

type Attributes<'a> = &'a [(&'a str, &'a [u8])];

fn bare() -> Identity {
    Identity {
        vendor: None,
        model: String::new(),
        serial: None,
        wwn: None,
        firmware: None,
        capacity: Bytes(0),
        logical_block: BlockSize::B512,
        physical_block: BlockSize::B512,
        transport: Transport::Other,
        medium: Medium::Unknown,
        link: None,
        simulated: false,
    }
}

fn told(text: &str, source: SerialSource) -> Serial {
    Serial { text: text.into(), source }
}

/// The ATA Information page of QEMU's disk QM00001: 02h 38h bytes follow the header, `ECh` in byte 56, the words from byte 60 on.
fn page_89() -> Vec<u8> {
    let mut page = vec![0; 572];
    page[..4].copy_from_slice(&[0x00, 0x89, 0x02, 0x38]);
    page[56] = 0xEC;
    page[60] = 0x40;
    page[80..100].copy_from_slice(b"MQ0000 1            ");
    page[106..114].copy_from_slice(b".2+5    ");
    page[114..154].copy_from_slice(b"EQUMH RADDSI K                          ");
    page
}

fn scsi(driver: &str, name: &str, device: Attributes<'_>) -> Identity {
    let tree = Tree::new().node("0000:00:1f.2", "pci", Some(driver), &[]).node("host0", "scsi", None, &[]);
    let disk: Attributes<'_> = &[("size", b"2097152\n"), ("queue/rotational", b"1\n")];
    identity(&tree.node(name, "scsi", Some("sd"), device).node("sda", "block", None, disk).chain())
}

#[test]
fn an_nvme_drive_with_and_without_multipath() {
    let disk: Attributes<'_> = &[
        ("size", b"2000409264\n"),
        ("wwid", b"eui.002538b511b2c3d4\n"),
        ("queue/logical_block_size", b"4096\n"),
        ("queue/physical_block_size", b"4096\n"),
        ("queue/rotational", b"0\n"),
    ];
    let above: Attributes<'_> = &[
        ("serial", b"S64NNF0R512345      \n"),
        ("model", b"SAMSUNG MZVL21T0HCLR-00B00              \n"),
        ("firmware_rev", b"GXA7801Q\n"),
    ];
    let expected = Identity {
        model: "SAMSUNG MZVL21T0HCLR-00B00".into(),
        serial: Some(told("S64NNF0R512345", SerialSource::NvmeIdentify)),
        wwn: Some("eui.002538b511b2c3d4".into()),
        firmware: Some("GXA7801Q".into()),
        // 2000409264 * 512.
        capacity: Bytes(1_024_209_543_168),
        logical_block: BlockSize::B4096,
        physical_block: BlockSize::B4096,
        transport: Transport::Nvme,
        medium: Medium::Flash,
        ..bare()
    };
    let plain = Tree::new().node("0000:01:00.0", "pci", Some("nvme"), &[]).node("nvme0", "nvme", None, above);
    assert_eq!(identity(&plain.node("nvme0n1", "block", None, disk).chain()), expected);
    let multipath = Tree::new().node("nvme-subsys0", "nvme-subsystem", None, above);
    assert_eq!(identity(&multipath.node("nvme0n1", "block", None, disk).chain()), expected);
}

#[test]
fn an_ata_drive_speaks_through_page_89() {
    let page = page_89();
    let device: Attributes<'_> = &[
        ("vendor", b"ATA     \n"),
        ("model", b"QEMU HARDDISK   \n"),
        ("rev", b"2.5+\n"),
        ("wwid", b"naa.5000c500a1b2c3d4\n"),
        ("vpd_pg89", &page),
        ("vpd_pg80", b"\x00\x80\x00\x05WRONG"),
    ];
    let expected = Identity {
        model: "QEMU HARDDISK".into(),
        serial: Some(told("QM00001", SerialSource::AtaIdentify)),
        wwn: Some("naa.5000c500a1b2c3d4".into()),
        firmware: Some("2.5+".into()),
        capacity: Bytes(1 << 30),
        transport: Transport::Ata,
        ..bare()
    };
    assert_eq!(scsi("ahci", "0:0:0:0", device), expected);
}

#[test]
fn a_page_89_of_zeros_is_not_believed() {
    let mut page = vec![0; 572];
    page[..4].copy_from_slice(&[0x00, 0x89, 0x02, 0x38]);
    page[56] = 0xEC;
    let device: Attributes<'_> = &[
        ("vendor", b"SEAGATE \n"),
        ("model", b"ST4000NM0023    \n"),
        ("vpd_pg89", &page),
        ("vpd_pg80", b"\x00\x80\x00\x08Z1Z00001"),
        ("vpd_pgb1", &[0x00, 0xB1, 0x00, 0x02, 0x1C, 0x20]),
    ];
    let identity = scsi("pvscsi", "0:0:0:0", device);
    assert_eq!((identity.transport, identity.title().as_str()), (Transport::Scsi, "SEAGATE ST4000NM0023"));
    assert_eq!(identity.serial, Some(told("Z1Z00001", SerialSource::ScsiVpd80)));
    assert_eq!(identity.medium, Medium::Magnetic);
}

#[test]
fn the_kernels_rotational_is_believed_only_when_it_says_no() {
    let disk = |rotational: &[u8]| {
        let tree = Tree::new().node("0:0:0:0", "scsi", None, &[("model", b"M")]);
        identity(&tree.node("sda", "block", None, &[("queue/rotational", rotational)]).chain()).medium
    };
    assert_eq!(disk(b"0\n"), Medium::Flash);
    assert_eq!(disk(b"1\n"), Medium::Unknown);
}

#[test]
fn volumes_are_told_from_disks_behind_the_same_controller() {
    let device: Attributes<'_> =
        &[("vendor", b"DELL    \n"), ("model", b"PERC H730 Mini  \n"), ("vpd_pg80", b"\x00\x80\x00\x03abc")];
    let of = |driver, name| scsi(driver, name, device).transport;
    assert_eq!(of("megaraid_sas", "0:2:0:0"), Transport::Raid);
    assert_eq!(of("mpi3mr", "0:0:3:0"), Transport::Raid, "by its name");
    let disk: Attributes<'_> = &[("vendor", b"SEAGATE \n"), ("model", b"ST4000NM0023    \n")];
    let of = |driver, name| scsi(driver, name, disk).transport;
    assert_eq!(of("megaraid_sas", "0:2:0:0"), Transport::Raid, "by its channel");
    assert_eq!(of("megaraid_sas", "0:0:3:0"), Transport::Scsi);
    assert_eq!(of("mpt3sas", "0:1:0:0"), Transport::Raid);
    assert_eq!(of("mpt3sas", "0:0:0:0"), Transport::Scsi);
    assert_eq!(of("3w-9xxx", "0:0:0:0"), Transport::Raid);
    let level = |level: &[u8]| scsi("smartpqi", "0:1:0:0", &[("raid_level", level)]).transport;
    assert_eq!((level(b"RAID 5\n"), level(b"N/A\n")), (Transport::Raid, Transport::Scsi));
    let volume = scsi("megaraid_sas", "0:2:0:0", device);
    assert_eq!((volume.title().as_str(), volume.medium), ("DELL PERC H730 Mini", Medium::Unknown));
}

#[test]
fn a_mirror_that_poses_as_an_nvme_drive_is_a_volume() {
    let controller: Attributes<'_> = &[("model", b"Dell BOSS-N1\n"), ("serial", b"CN0ABCD1\n")];
    let tree = Tree::new().node("nvme0", "nvme", Some("nvme"), controller);
    let volume = identity(&tree.node("nvme0n1", "block", None, &[("queue/rotational", b"0\n")]).chain());
    assert_eq!((volume.transport, volume.medium), (Transport::Raid, Medium::Unknown));
    assert_eq!(volume.serial, Some(told("CN0ABCD1", SerialSource::NvmeIdentify)));
}

#[test]
fn a_usb_disk_has_the_serial_of_its_unit_or_of_its_bridge() {
    let usb: Attributes<'_> = &[("idVendor", b"0781\n"), ("idProduct", b"5567\n"), ("serial", b"4C5300012345\n")];
    let of = |device: Attributes<'_>| {
        let tree = Tree::new().node("0000:00:14.0", "pci", Some("xhci_hcd"), &[]).node("1-1", "usb", Some("usb"), usb);
        let tree = tree.node("1-1:1.0", "usb", Some("usb-storage"), &[]).node("6:0:0:0", "scsi", Some("sd"), device);
        identity(&tree.node("sdb", "block", None, &[("queue/rotational", b"0\n")]).chain())
    };
    let stick = of(&[("vendor", b"SanDisk \n"), ("model", b"Cruzer Blade    \n"), ("rev", b"1.00\n")]);
    assert_eq!((stick.transport, stick.medium), (Transport::Usb, Medium::Unknown));
    assert_eq!(stick.serial, Some(told("4C5300012345", SerialSource::UsbDescriptor)));
    assert_eq!(stick.title(), "SanDisk Cruzer Blade");
    let dock = of(&[("vpd_pg80", b"\x00\x80\x00\x04SLOT"), ("vpd_pgb1", &[0x00, 0xB1, 0x00, 0x02, 0x00, 0x01])]);
    assert_eq!((dock.serial, dock.medium), (Some(told("SLOT", SerialSource::ScsiVpd80)), Medium::Flash));
    assert_eq!(dock.model, "USB 0781:5567", "the bridge gives no name");
    let page = page_89();
    assert_eq!(of(&[("vpd_pg89", &page)]).serial, Some(told("QM00001", SerialSource::AtaIdentify)));
}

#[test]
fn cards_virtio_and_strangers() {
    let card: Attributes<'_> = &[("name", b"SD32G\n"), ("serial", b"0x1a2b3c4d\n"), ("fwrev", b"0x3\n")];
    let card = identity(
        &Tree::new().node("mmc0:0001", "mmc", Some("mmcblk"), card).node("mmcblk0", "block", None, &[]).chain(),
    );
    assert_eq!(card.serial, Some(told("1a2b3c4d", SerialSource::MmcCid)));
    assert_eq!((card.transport, card.model.as_str()), (Transport::Mmc, "SD32G"));
    let virtio = Tree::new().node("virtio1", "virtio", Some("virtio_blk"), &[]);
    let virtio = identity(&virtio.node("vda", "block", None, &[("serial", b"PP-0001")]).chain());
    assert_eq!((virtio.transport, virtio.serial), (Transport::Virtio, Some(told("PP-0001", SerialSource::Virtio))));
    let stranger = identity(&Tree::new().node("xyz0", "block", None, &[]).chain());
    assert_eq!((stranger.transport, stranger.model.as_str(), stranger.is_weak()), (Transport::Other, "unknown", true));
}
