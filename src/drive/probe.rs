//! Which commands a disk takes, by what it hangs on: the families meet here, and nowhere else.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::libc;
use purgeproof_core::capability::{Capabilities, Support};
use purgeproof_core::drive::{Identity, SerialSource, Transport};
use purgeproof_core::firmware::Firmware;
use purgeproof_core::technique::Technique;
use purgeproof_core::units::Geometry;
use purgeproof_spec::nvme::Nsid;

use crate::Psid;
use crate::ata::{self, AtaFirmware, Attachment};
use crate::channel::{Rescan, SgChannel};
use crate::examine::Told;
use crate::exclusion::may_be_foreign;
use crate::inventory::paths;
use crate::mmc::{self, MmcFirmware, MmcNode, Registers};
use crate::nvme::{self, ControllerDevice, NvmeFirmware};
use crate::scsi::{self, ScsiFirmware};
use crate::sysfs::{Chain, Node};

/// How commands get to a disk.
enum Way {
    /// Admin commands to this controller about this namespace.
    Nvme(PathBuf, Nsid),
    /// SCSI commands, with ATA ones inside where the disk is an ATA drive behind them.
    Scsi { bus: Bus, rescan: Option<Rescan> },
    /// The commands of eMMC, and the directory of the disk, where those of its partitions are.
    Mmc(Registers, Node),
}

/// What takes the SCSI commands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bus {
    /// The kernel's own translation for an ATA drive.
    Libata,
    /// A host adapter: SAS drives, and SATA drives that it translates for.
    Adapter,
    Usb,
}

impl Bus {
    fn is_ata(self, channel: &mut SgChannel<File>) -> bool {
        self == Self::Libata || scsi::is_sat(channel)
    }

    fn attachment(self) -> Attachment {
        if self == Self::Usb { Attachment::UsbBridge } else { Attachment::Host }
    }
}

impl Way {
    /// `None` for disks that take no commands of ours: virtio, RAID volumes, files.
    fn to(chain: &Chain, identity: &Identity) -> Option<Self> {
        let scsi = |bus| Some(Self::Scsi { bus, rescan: rescan(chain, bus) });
        match identity.transport {
            Transport::Nvme => {
                let nsid = chain.disk.number("nsid").and_then(|nsid| Nsid::new(u32::try_from(nsid).ok()?))?;
                Some(Self::Nvme(controller(chain)?, nsid))
            }
            Transport::Ata => scsi(Bus::Libata),
            Transport::Scsi => scsi(Bus::Adapter),
            Transport::Usb => scsi(Bus::Usb),
            Transport::Mmc => {
                // The commands of eMMC mean other things to an SD card.
                let card = chain.nearest(&["mmc"]).filter(|card| card.text("type").as_deref() == Some("MMC"))?;
                let (cid, csd) = (card.text("cid"), card.text("csd"));
                Some(Self::Mmc(Registers::new(cid.as_deref(), csd.as_deref()), chain.disk.clone()))
            }
            Transport::Ufs | Transport::Virtio | Transport::Raid | Transport::File | Transport::Other => None,
        }
    }
}

/// Asks a disk what it can do, when its time comes, and about its blocks if Linux may not take them; it says nothing if it is in use, or
/// takes no questions.
pub(crate) fn later(chain: &Chain, identity: &Identity, node: PathBuf) -> impl FnOnce() -> Told + Send + 'static {
    let way = Way::to(chain, identity);
    let (transport, may_be_foreign) = (identity.transport, may_be_foreign(chain, identity));
    let told = move || {
        let way = way?;
        // Who holds the disk may be in the middle of an erase of several commands, which a question between them would undo.
        let disk = OpenOptions::new().read(true).custom_flags(libc::O_EXCL | libc::O_CLOEXEC).open(&node).ok()?;
        // A disk without blocks has nothing to erase.
        let foreign = if may_be_foreign { Some(foreign(&disk)?) } else { None };
        Some(Told { capabilities: Some(with_overwrite(ask(way, disk, transport)?)), foreign })
    };
    move || told().unwrap_or_default()
}

/// The blocks of a SCSI disk, if Linux does not take their length; what is behind a translation has no such blocks.
pub(crate) fn foreign(disk: &File) -> Option<Geometry> {
    let mut channel = SgChannel::new(disk, None);
    if scsi::is_sat(&mut channel) { None } else { scsi::foreign_geometry(&mut channel) }
}

fn ask(way: Way, disk: File, transport: Transport) -> Option<Capabilities> {
    Some(match way {
        Way::Nvme(controller, nsid) => {
            nvme::probe(&mut ControllerDevice::new(File::open(controller).ok()?, disk), nsid, None)
        }
        Way::Scsi { bus, .. } => {
            let mut channel = SgChannel::new(disk, None);
            match (bus.is_ata(&mut channel), bus) {
                (true, _) => ata::probe(&mut channel, bus.attachment(), None),
                // SCSI commands to a stick are its bridge's invention: only what the host writes is certain.
                (false, Bus::Usb) => unasked(transport),
                (false, _) => scsi::probe(&mut channel, None),
            }
        }
        Way::Mmc(registers, directory) => mmc::probe(&mut MmcNode::new(disk, &directory), &registers),
    })
}

/// The commands of a disk that is open for writing; `None` if it takes none.
pub(crate) fn firmware(
    chain: &Chain,
    identity: &Identity,
    disk: &File,
    psid: Option<Psid>,
) -> Option<Box<dyn Firmware>> {
    let disk = disk.try_clone().ok()?;
    Some(match Way::to(chain, identity)? {
        Way::Nvme(controller, nsid) => {
            let controller = OpenOptions::new().read(true).write(true).open(controller).ok()?;
            let serial = said(identity, SerialSource::NvmeIdentify);
            Box::new(NvmeFirmware::new(ControllerDevice::new(controller, disk), nsid, serial, psid))
        }
        Way::Scsi { bus, rescan } => {
            let mut channel = SgChannel::new(disk, rescan);
            match (bus.is_ata(&mut channel), bus) {
                (true, _) => {
                    let serial = said(identity, SerialSource::AtaIdentify);
                    Box::new(AtaFirmware::new(channel, bus.attachment(), serial, psid))
                }
                (false, Bus::Usb) => return None,
                (false, _) => Box::new(ScsiFirmware::new(channel, psid)),
            }
        }
        Way::Mmc(registers, directory) => Box::new(MmcFirmware::new(MmcNode::new(disk, &directory), registers)),
    })
}

/// The serial number, if it comes from the drive's own answer to this question.
fn said(identity: &Identity, source: SerialSource) -> Option<String> {
    identity.serial.as_ref().filter(|serial| serial.source == source).map(|serial| serial.text.clone())
}

/// The controller's character device; with multipath that of the first controller that the disk's subsystem links to.
fn controller(chain: &Chain) -> Option<PathBuf> {
    let named = |path: &Path| {
        let name = path.file_name()?.to_str()?;
        let number = name.strip_prefix("nvme")?;
        (!number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit())).then(|| Path::new("/dev").join(name))
    };
    let above = chain.nearest(&["nvme"]).and_then(|controller| named(&controller.syspath));
    above.or_else(|| paths(chain, Transport::Nvme).iter().find_map(|path| named(path)))
}

/// Where the kernel is told to ask a disk for its size again.
fn rescan(chain: &Chain, bus: Bus) -> Option<Rescan> {
    let device = chain.nearest(&["scsi"])?;
    if bus != Bus::Libata {
        return Some(Rescan { attribute: device.syspath.join("rescan"), text: "1" });
    }
    // The SCSI address of a device is `host:channel:target:lun`.
    let host = device.name().split(':').next()?;
    let attribute = PathBuf::from(format!("/sys/class/scsi_host/host{host}/scan"));
    Some(Rescan { attribute, text: "- - -" })
}

/// What is said of a disk that could not be asked.
pub(crate) fn unasked(transport: Transport) -> Capabilities {
    let techniques: &[Technique] = match transport {
        Transport::Nvme | Transport::Scsi | Transport::Ata | Transport::Usb => {
            &[Technique::SanitizeCryptoErase, Technique::SanitizeBlockErase, Technique::SanitizeOverwrite]
        }
        Transport::Mmc => &[Technique::EraseAndSanitize, Technique::SecureErase],
        Transport::Ufs | Transport::Virtio | Transport::Raid | Transport::File | Transport::Other => &[],
    };
    let why = match transport {
        Transport::Usb => "what is behind USB takes no erase commands that could be relied on",
        _ => "the drive could not be asked",
    };
    let unknown = |technique: &Technique| (*technique, Support::Unknown(why.to_owned()));
    with_overwrite(Capabilities { techniques: techniques.iter().map(unknown).collect(), ..Capabilities::default() })
}

fn with_overwrite(mut capabilities: Capabilities) -> Capabilities {
    if !capabilities.techniques.iter().any(|(technique, _)| *technique == Technique::Overwrite) {
        capabilities.techniques.push((Technique::Overwrite, Support::Present));
    }
    capabilities
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drive_that_was_not_asked_can_be_overwritten_and_is_promised_nothing_else() {
        let techniques = unasked(Transport::Ata).techniques;
        assert_eq!(techniques.len(), 4);
        let present: Vec<_> =
            techniques.iter().filter(|(_, support)| *support == Support::Present).map(|(t, _)| *t).collect();
        assert_eq!(present, [Technique::Overwrite]);
        assert_eq!(unasked(Transport::Virtio).techniques, [(Technique::Overwrite, Support::Present)]);
    }
}
