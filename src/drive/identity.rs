//! Who a disk is: attributes of sysfs become an [`Identity`], each bus in its own way.

use purgeproof_core::drive::{Identity, Medium, Serial, SerialSource, Transport};
use purgeproof_core::units::{BlockSize, Bytes, Geometry};
use purgeproof_spec::ata::Identify;
use purgeproof_spec::scsi::{self, Rotation};

use crate::line::line_rate;
use crate::sysfs::{Chain, Node};
use crate::volume;

/// The identity of the disk at the foot of a chain.
pub(crate) fn identity(chain: &Chain) -> Identity {
    let transport = transport(chain);
    let logical = block_size(chain, "queue/logical_block_size").unwrap_or(BlockSize::B512);
    let blank = Identity {
        vendor: None,
        model: "unknown".to_owned(),
        serial: None,
        wwn: None,
        firmware: None,
        // `size` counts 512-byte sectors whatever the block size is.
        capacity: Bytes(chain.disk.number("size").unwrap_or(0).saturating_mul(512)),
        logical_block: logical,
        physical_block: block_size(chain, "queue/physical_block_size").unwrap_or(logical),
        transport,
        medium: Medium::Unknown,
        link: line_rate(chain, transport),
        simulated: false,
    };
    let own = match (transport, chain.nearest(&["scsi"])) {
        (Transport::Nvme, _) => nvme(blank, chain),
        (Transport::Virtio, _) => virtio(blank, chain),
        (Transport::Mmc, _) => mmc(blank, chain),
        (_, Some(device)) => scsi_device(blank, chain, device),
        _ => blank,
    };
    if volume::is_named_as_one(&own.title()) {
        return Identity { transport: Transport::Raid, medium: Medium::Unknown, link: None, ..own };
    }
    own
}

/// The identity of a disk whose blocks are known better than the kernel knows them.
pub(crate) fn with_geometry(identity: Identity, geometry: Geometry) -> Identity {
    let block = geometry.block();
    Identity { capacity: geometry.bytes(), logical_block: block, physical_block: block, ..identity }
}

fn block_size(chain: &Chain, attribute: &str) -> Option<BlockSize> {
    BlockSize::new(u32::try_from(chain.disk.number(attribute)?).ok()?)
}

fn transport(chain: &Chain) -> Transport {
    // Cards first: their reader may hang on USB, yet the card is addressed as a card.
    if chain.nearest(&["mmc"]).is_some() {
        return Transport::Mmc;
    }
    // USB before SCSI: between the bridge and the disk there is a SCSI device, which is the bridge's fiction.
    if chain.nearest(&["usb"]).is_some() {
        return Transport::Usb;
    }
    if let Some(device) = chain.nearest(&["scsi"]) {
        return scsi_transport(chain, device);
    }
    match chain.nearest(&["nvme", "nvme-subsystem", "virtio"]).map(|node| node.subsystem.as_str()) {
        Some("nvme" | "nvme-subsystem") => Transport::Nvme,
        Some("virtio") => Transport::Virtio,
        _ => Transport::Other,
    }
}

fn scsi_transport(chain: &Chain, device: &Node) -> Transport {
    let driver = chain.controller_driver().unwrap_or_default();
    if volume::is_volume(driver, device) {
        return Transport::Raid;
    }
    let is_ufs = driver.starts_with("ufshcd") || driver.starts_with("tc-dwc-g210");
    // The SCSI layer of libata and of SAS adapters puts "ATA" where the vendor goes (SAT-3 §8.1.2).
    match device.text("vendor").as_deref() {
        _ if is_ufs => Transport::Ufs,
        Some("ATA") => Transport::Ata,
        _ if ata(device).is_some() => Transport::Ata,
        _ => Transport::Scsi,
    }
}

/// Whether the kernel's `wwid` is a name that the maker gave. Where a drive has none, the kernel puts one together from the vendor,
/// the model and the serial number (`t10.ATA …`, `nvme.1b36-…`), which says nothing that those do not say.
fn is_worldwide(wwid: &str) -> bool {
    ["naa.", "eui.", "uuid."].iter().any(|kind| wwid.starts_with(kind))
}

fn nvme(blank: Identity, chain: &Chain) -> Identity {
    // With multipath the disk hangs on the subsystem, otherwise on the controller; both have these attributes.
    let above = chain.nearest(&["nvme", "nvme-subsystem"]);
    let text = |attribute| above.and_then(|node| node.text(attribute));
    Identity {
        model: text("model").unwrap_or(blank.model),
        serial: text("serial").map(|text| Serial { text, source: SerialSource::NvmeIdentify }),
        wwn: chain.disk.text("wwid").filter(|wwid| is_worldwide(wwid)),
        firmware: text("firmware_rev"),
        medium: match chain.disk.number("queue/rotational") {
            Some(0) => Medium::Flash,
            Some(1) => Medium::Magnetic,
            _ => Medium::Unknown,
        },
        ..blank
    }
}

fn virtio(blank: Identity, chain: &Chain) -> Identity {
    let serial = chain.disk.text("serial").map(|text| Serial { text, source: SerialSource::Virtio });
    Identity { model: "virtio block device".to_owned(), serial, ..blank }
}

fn mmc(blank: Identity, chain: &Chain) -> Identity {
    let text = |attribute| chain.nearest(&["mmc"]).and_then(|node| node.text(attribute));
    let serial = text("serial").map(|text| text.strip_prefix("0x").unwrap_or(&text).to_owned());
    Identity {
        model: text("name").unwrap_or(blank.model),
        serial: serial.map(|text| Serial { text, source: SerialSource::MmcCid }),
        firmware: text("fwrev"),
        medium: Medium::Flash,
        ..blank
    }
}

fn scsi_device(blank: Identity, chain: &Chain, device: &Node) -> Identity {
    let page = ata(device);
    let identify = page.as_deref().and_then(Identify::from_vpd);
    // A volume has no IDENTIFY data of its own; what a controller makes up there is not a drive's word.
    let identify = identify.filter(|_| blank.transport != Transport::Raid);
    let usb = chain.above.iter().find(|node| node.subsystem == "usb" && node.syspath.join("idVendor").exists());
    let vendor = device.text("vendor").filter(|vendor| vendor != "ATA");
    Identity {
        vendor: vendor.or_else(|| usb?.text("manufacturer")).filter(|_| identify.is_none()),
        model: identify
            .and_then(Identify::model)
            .or_else(|| device.text("model"))
            .or_else(|| usb?.text("product"))
            .or_else(|| Some(format!("USB {}:{}", usb?.text("idVendor")?, usb?.text("idProduct")?)))
            .unwrap_or(blank.model),
        serial: scsi_serial(identify, device, usb),
        wwn: device.text("wwid").filter(|wwid| is_worldwide(wwid)),
        firmware: identify.and_then(Identify::firmware).or_else(|| device.text("rev")),
        medium: scsi_medium(blank.transport, identify, device, chain.disk.number("queue/rotational")),
        ..blank
    }
}

/// The drive's own word, then the logical unit's, then the bridge's: a dock with two slots has one USB serial number for both.
fn scsi_serial(identify: Option<Identify<'_>>, device: &Node, usb: Option<&Node>) -> Option<Serial> {
    let of = |source| move |text| Serial { text, source };
    let unit = || scsi::unit_serial(&device.bytes("vpd_pg80")?);
    identify
        .and_then(Identify::serial)
        .map(of(SerialSource::AtaIdentify))
        .or_else(|| unit().map(of(SerialSource::ScsiVpd80)))
        .or_else(|| usb?.text("serial").map(of(SerialSource::UsbDescriptor)))
}

/// What the drive itself says about its rotation. The kernel's `queue/rotational` is 1 for whatever does not say, so only its 0 is an
/// answer, and not where a bridge is in between.
fn scsi_medium(transport: Transport, identify: Option<Identify<'_>>, device: &Node, rotational: Option<u64>) -> Medium {
    let page = || scsi::rotation(&device.bytes("vpd_pgb1")?);
    match (transport, identify.and_then(Identify::rotation).or_else(page)) {
        (Transport::Raid, _) => Medium::Unknown,
        (Transport::Ufs, _) | (_, Some(Rotation::None)) => Medium::Flash,
        (_, Some(Rotation::Rpm(_))) => Medium::Magnetic,
        (Transport::Ata | Transport::Scsi, None) if rotational == Some(0) => Medium::Flash,
        (_, None) => Medium::Unknown,
    }
}

/// The ATA Information VPD page, if it carries an answer of the drive.
fn ata(device: &Node) -> Option<Vec<u8>> {
    let page = device.bytes("vpd_pg89")?;
    Identify::from_vpd(&page).is_some().then_some(page)
}

#[cfg(test)]
#[path = "identity_tests.rs"]
mod tests;
