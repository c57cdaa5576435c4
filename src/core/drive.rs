//! What a drive is to us: who it says it is, what it can do, how it is read and written.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use core::fmt;
use core::time::Duration;

use serde::{Deserialize, Serialize};

use crate::firmware::Firmware;
use crate::link::LineRate;
use crate::units::{BlockSize, Bytes, Geometry, Lba};

/// Who a drive says it is, and where we have that from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The maker, where the bus has a field for it (SCSI INQUIRY, USB); ATA and NVMe put it into the model.
    pub vendor: Option<String>,
    /// The model, trimmed; "unknown" if the drive gives none.
    pub model: String,
    /// The serial number, trimmed. `None` if the drive gives none.
    pub serial: Option<Serial>,
    /// The worldwide name as the kernel prints it: `naa.…`, `eui.…`, `uuid.…`, `t10.…`.
    pub wwn: Option<String>,
    /// The firmware revision.
    pub firmware: Option<String>,
    /// The size that the host can address.
    pub capacity: Bytes,
    /// The unit of addressing.
    pub logical_block: BlockSize,
    /// The unit in which the medium really writes, as far as the drive says so.
    pub physical_block: BlockSize,
    /// How it is attached.
    pub transport: Transport,
    /// What it stores on, and thereby which techniques mean what.
    pub medium: Medium,
    /// What the link to it carries; `None` where that is not known, or no bound for anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<LineRate>,
    /// A drive that this program only imagines. A certificate about it can never bear a real key's signature.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub simulated: bool,
}

/// A serial number with its origin: behind a USB bridge it may be the bridge's, not the drive's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Serial {
    /// As the source gives it, trimmed.
    pub text: String,
    /// Who said it.
    pub source: SerialSource,
}

/// Where a serial number was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SerialSource {
    /// NVMe Identify Controller, bytes 23:04 (SN).
    NvmeIdentify,
    /// ATA IDENTIFY DEVICE, words 10-19.
    AtaIdentify,
    /// SCSI VPD page 80h, Unit Serial Number.
    ScsiVpd80,
    /// The CID register of an eMMC or SD card.
    MmcCid,
    /// The virtio block device's serial, given by the hypervisor.
    Virtio,
    /// The USB descriptor of the bridge or stick: the drive behind a bridge may have another one.
    UsbDescriptor,
    /// The name of an image file or loop device: there is no drive.
    File,
}

impl fmt::Display for SerialSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NvmeIdentify => "NVMe Identify Controller",
            Self::AtaIdentify => "ATA IDENTIFY DEVICE",
            Self::ScsiVpd80 => "SCSI VPD page 80h",
            Self::MmcCid => "MMC CID register",
            Self::Virtio => "virtio (given by the hypervisor)",
            Self::UsbDescriptor => "USB descriptor (may be the bridge's, not the drive's)",
            Self::File => "file name",
        })
    }
}

/// How a drive is attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// NVM Express, over PCIe.
    Nvme,
    /// Serial or parallel ATA.
    Ata,
    /// SCSI: SAS, Fibre Channel, parallel SCSI, virtio-scsi.
    Scsi,
    /// USB, whatever is behind it.
    Usb,
    /// An eMMC or SD card on its own bus.
    Mmc,
    /// Universal Flash Storage.
    Ufs,
    /// A virtio block device.
    Virtio,
    /// A volume that a RAID controller composes: its members are not addressed.
    Raid,
    /// An image file or loop device.
    File,
    /// None of the above; the kernel's driver is named in the inventory.
    Other,
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nvme => "NVMe",
            Self::Ata => "ATA",
            Self::Scsi => "SCSI",
            Self::Usb => "USB",
            Self::Mmc => "MMC",
            Self::Ufs => "UFS",
            Self::Virtio => "virtio",
            Self::Raid => "RAID volume",
            Self::File => "file",
            Self::Other => "other",
        })
    }
}

/// What a drive stores on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Medium {
    /// Rotating magnetic platters.
    Magnetic,
    /// Flash or another solid-state memory.
    Flash,
    /// The drive does not say, or says it in a way that cannot be trusted (USB bridges).
    Unknown,
}

impl fmt::Display for Medium {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Magnetic => "magnetic",
            Self::Flash => "flash",
            Self::Unknown => "unknown",
        })
    }
}

impl Identity {
    /// Whether both are the same drive, by what a drive takes along wherever it is plugged in: serial number, WWN and size. With
    /// neither a serial number nor a WWN the model has to serve, which [`Identity::is_weak`] makes an exception on the certificate.
    pub fn is_same_drive(&self, other: &Self) -> bool {
        let serial = |id: &Self| id.serial.as_ref().map(|s| s.text.clone());
        serial(self) == serial(other)
            && self.wwn == other.wwn
            && self.capacity == other.capacity
            && self.logical_block == other.logical_block
            && (!self.is_weak() || self.model == other.model)
    }

    /// Whether both are the same drive, one of them perhaps with areas opened that it hid before, or with blocks of another length. Only a
    /// drive that has a name of its own can be found again in this way.
    pub fn is_same_but_for_size(&self, other: &Self) -> bool {
        let (capacity, logical_block) = (self.capacity, self.logical_block);
        !self.is_weak() && self.is_same_drive(&Self { capacity, logical_block, ..other.clone() })
    }

    /// Nothing in this identity is unique to the drive.
    pub fn is_weak(&self) -> bool {
        self.serial.is_none() && self.wwn.is_none()
    }

    /// What the operator reads on the label to confirm: the serial number, else the WWN, else the size in bytes.
    pub fn handle(&self) -> String {
        match (&self.serial, &self.wwn) {
            (Some(serial), _) => serial.text.clone(),
            (None, Some(wwn)) => wwn.clone(),
            (None, None) => self.capacity.0.to_string(),
        }
    }

    /// The maker and the model in one line.
    pub fn title(&self) -> String {
        match &self.vendor {
            Some(vendor) if !self.model.starts_with(vendor.as_str()) => alloc::format!("{vendor} {}", self.model),
            _ => self.model.clone(),
        }
    }

    /// Block size and count. `None` for a capacity that is no multiple of the block, or none at all.
    pub fn geometry(&self) -> Option<Geometry> {
        let block = u64::from(self.logical_block.get());
        (self.capacity.0 > 0 && self.capacity.0.is_multiple_of(block))
            .then(|| Geometry::new(self.logical_block, crate::units::Blocks(self.capacity.0 / block)))
            .flatten()
    }
}

/// Why a block device is never offered for erasure. Each is shown to the operator as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Exclusion {
    /// The medium that we were started from: the boot loader's token names a filesystem on it.
    BootMedium,
    /// The medium that we were started from was not seen yet, and this is of a kind that it may be: a file on it may be our image.
    PerhapsBootMedium,
    /// Carries our marker file or our loaders: a PurgeProof stick, this one or another.
    PurgeProofStick,
    /// Ventoy, which starts machines from files: our image may be one of them.
    Ventoy,
    /// The kernel says that it cannot be written.
    ReadOnly,
    /// Somebody holds it: a mount, a swap area, RAID or device mapper, named here.
    InUse(String),
    /// No medium, or one of length 0.
    NoMedium,
    /// CD, DVD or Blu-ray.
    Optical,
    /// Not a drive: loop, ram, zram, device mapper, md, nbd… named here.
    Virtual(String),
    /// A part of this other disk, which shows it as a disk of its own: boot and general purpose partitions of eMMC.
    PartOf(String),
    /// Memory that keeps its content, as a disk: what it keeps outside of this namespace, this disk does not reach.
    PersistentMemory,
    /// The size is no multiple of the block size, or beyond what can be addressed.
    OddGeometry,
}

impl fmt::Display for Exclusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BootMedium => f.write_str("this machine was started from it"),
            Self::PerhapsBootMedium => {
                f.write_str("perhaps what this machine was started from, which is not found: plug that in")
            }
            Self::PurgeProofStick => f.write_str("a PurgeProof stick"),
            Self::Ventoy => f.write_str("a Ventoy stick: this image may be a file on it"),
            Self::ReadOnly => f.write_str("read-only (write-protect switch or drive setting)"),
            Self::InUse(by) => write!(f, "in use: {by}"),
            Self::NoMedium => f.write_str("no medium in it"),
            Self::Optical => f.write_str("optical drive"),
            Self::Virtual(kind) => write!(f, "not a drive ({kind})"),
            Self::PartOf(disk) => write!(f, "a part of {disk}, and erased with it"),
            Self::PersistentMemory => {
                f.write_str("persistent memory (NVDIMM): erase it in the firmware setup or by ndctl sanitize-dimm")
            }
            Self::OddGeometry => f.write_str("its size is no whole number of blocks"),
        }
    }
}

/// A drive that can be opened for destruction.
pub trait Drive: Send {
    /// Opens it exclusively and asks it, through the handle just opened, who it is: the answer, not a device name, decides whether
    /// anything is written.
    ///
    /// # Errors
    /// [`OpenError`]: nothing has been written.
    fn open(&mut self) -> Result<Opened, OpenError>;
}

/// A drive that was opened for destruction.
pub struct Opened {
    /// Its blocks.
    pub media: Box<dyn Media>,
    /// Who it says it is, through the handle just opened.
    pub identity: Identity,
    /// Its own commands; `None` where there is no way to send any.
    pub firmware: Option<Box<dyn Firmware>>,
}

/// The blocks of an open drive. The handle is exclusive and lives as long as this value.
pub trait Media: Send {
    /// Block size and count.
    fn geometry(&self) -> Geometry;

    /// Reads blocks from `at` on. The number of bytes that really came is the result; anything beyond it in `into` is as it was.
    ///
    /// # Errors
    /// [`MediaError`]: how much came before it is not known, so nothing counts as read.
    fn read(&mut self, at: Lba, into: &mut [u8]) -> Result<usize, MediaError>;

    /// Writes blocks from `at` on and says how many bytes the drive took.
    ///
    /// # Errors
    /// [`MediaError`]: nothing counts as written.
    fn write(&mut self, at: Lba, from: &[u8]) -> Result<usize, MediaError>;

    /// Asks the drive to put everything that it took onto the medium, and waits.
    ///
    /// # Errors
    /// [`MediaError`]: what was written may be lost.
    fn flush(&mut self) -> Result<(), MediaError>;

    /// A way to have up to `slots` transfers of at most `length` bytes each under way at once. `None` where there is none: then
    /// [`Media::read`] and [`Media::write`] serve.
    fn queue(&mut self, slots: usize, length: usize) -> Option<Box<dyn Queue + '_>> {
        let _ = (slots, length);
        None
    }
}

/// Transfers of which several are under way at once, each in a slot with a buffer of its own. They end in any order, or not at all: a sick
/// drive may keep one for ever, and with it the slot.
pub trait Queue {
    /// How many there may be.
    fn slots(&self) -> usize;

    /// The buffer of a slot, page-aligned; empty while a transfer is under way in it.
    fn buffer(&mut self, slot: usize) -> &mut [u8];

    /// Begins to transfer the first `length` bytes of a slot's buffer, whole blocks, from or to the blocks from `at` on.
    ///
    /// # Errors
    /// [`MediaError`]: it was not begun, and [`Queue::finish`] says nothing about it.
    fn begin(&mut self, slot: usize, direction: Direction, at: Lba, length: usize) -> Result<(), MediaError>;

    /// The next transfer that has ended: its slot, and how it went, as [`Media::read`] and [`Media::write`] say it. `None` if none ends
    /// in time.
    fn finish(&mut self, patience: Duration) -> Option<(usize, Result<usize, MediaError>)>;

    /// As [`Media::flush`], for every transfer that has ended; those under way go on meanwhile.
    ///
    /// # Errors
    /// [`MediaError`]: what was written may be lost.
    fn flush(&mut self) -> Result<(), MediaError>;
}

/// Which way the data of a transfer goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the medium into memory.
    Read,
    /// From memory onto the medium.
    Write,
}

/// Why a drive could not be opened for destruction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OpenError {
    /// It is no longer there.
    Gone,
    /// Somebody else holds it (`EBUSY`).
    Busy,
    /// The kernel refused, with this error number.
    Refused {
        /// The error number of open(2).
        errno: i32,
    },
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone => f.write_str("the drive is no longer attached. Check cable and power, then plug it in again"),
            Self::Busy => f.write_str(
                "somebody else is using the drive (EBUSY). Unmount it or stop what uses it, then start again",
            ),
            Self::Refused { errno } => {
                write!(
                    f,
                    "the kernel refused to open the drive for writing (error {errno}). Check its write protection"
                )
            }
        }
    }
}

/// What went wrong with one transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MediaError {
    /// These blocks could not be read or written; others may well be.
    Bad {
        /// The kernel's error number, mostly `EIO` (5) or `ENODATA` (61: the drive reported a medium error).
        errno: i32,
    },
    /// The drive is no longer attached.
    Gone {
        /// The kernel's error number.
        errno: i32,
    },
}

impl fmt::Display for MediaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bad { errno } => write!(f, "the drive reported an error (error {errno})"),
            Self::Gone { errno } => write!(f, "the drive disappeared (error {errno})"),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A flash drive of 1 MB with everything an identity can have.
    pub(crate) fn nvme() -> Identity {
        Identity {
            vendor: None,
            model: "Samsung MZVL21T0HCLR".into(),
            serial: Some(Serial { text: "S64NNF0R512345".into(), source: SerialSource::NvmeIdentify }),
            wwn: Some("eui.002538b511b2c3d4".into()),
            firmware: Some("GXA7801Q".into()),
            capacity: Bytes(1_048_576),
            logical_block: BlockSize::B512,
            physical_block: BlockSize::B4096,
            transport: Transport::Nvme,
            medium: Medium::Flash,
            link: None,
            simulated: false,
        }
    }

    #[test]
    fn another_serial_wwn_or_size_is_another_drive_and_another_socket_is_not() {
        let drive = nvme();
        assert!(drive.is_same_drive(&Identity { transport: Transport::Usb, ..nvme() }));
        assert!(!drive.is_same_drive(&Identity { serial: None, ..nvme() }));
        assert!(!drive.is_same_drive(&Identity { wwn: None, ..nvme() }));
        assert!(!drive.is_same_drive(&Identity { capacity: Bytes(1_048_064), ..nvme() }));
    }

    #[test]
    fn a_drive_that_has_grown_is_the_same_if_it_has_a_name() {
        let grown = Identity { capacity: Bytes(2_097_152), ..nvme() };
        assert!(nvme().is_same_but_for_size(&grown) && !nvme().is_same_drive(&grown));
        assert!(!nvme().is_same_but_for_size(&Identity { serial: None, ..grown.clone() }));
        let weak = Identity { serial: None, wwn: None, ..nvme() };
        assert!(!weak.is_same_but_for_size(&weak));
    }

    #[test]
    fn without_serial_and_wwn_the_model_decides() {
        let weak = Identity { serial: None, wwn: None, ..nvme() };
        assert!(weak.is_weak() && weak.is_same_drive(&weak));
        assert!(!weak.is_same_drive(&Identity { model: "Other".into(), ..weak.clone() }));
        assert_eq!(weak.handle(), "1048576");
    }

    #[test]
    fn a_size_that_is_no_whole_number_of_blocks_has_no_geometry() {
        assert_eq!(nvme().geometry().unwrap().count().0, 2048);
        assert!(Identity { capacity: Bytes(1000), ..nvme() }.geometry().is_none());
        assert!(Identity { capacity: Bytes(0), ..nvme() }.geometry().is_none());
    }
}
