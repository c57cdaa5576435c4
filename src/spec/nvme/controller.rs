//! Identify Controller (CNS 01h): who the drive is and what it can do.

use alloc::string::String;
use core::fmt;

use zerocopy::little_endian::{U16, U32, U128};
use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

use super::{DecodeError, parse_filled};
use crate::scsi::text;

/// The Identify Controller data structure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Controller {
    /// VID, the PCI vendor.
    pub vendor: u16,
    /// SN, without the blanks that fill it; `None` if nothing is left, or if it is no printable ASCII.
    pub serial: Option<String>,
    /// MN, likewise.
    pub model: Option<String>,
    /// FR, likewise.
    pub firmware: Option<String>,
    /// CMIC bit 1: the NVM subsystem can have more controllers, with namespaces that this one does not show.
    pub has_siblings: bool,
    /// CNTLID: what a [`controller_list`](super::controller_list) names it by.
    pub controller_id: u16,
    /// VER; `None` if 0, as before revision 1.2.
    pub version: Option<Version>,
    /// OACS.
    pub oacs: Oacs,
    /// WCTEMP in kelvin: warm enough for trouble. `None` if not reported.
    pub warning_kelvin: Option<u16>,
    /// CCTEMP in kelvin: too warm to go on. `None` if not reported.
    pub critical_kelvin: Option<u16>,
    /// TNVMCAP in bytes: all that can be allocated to namespaces. 0 without namespace management.
    pub total_bytes: u128,
    /// UNVMCAP in bytes: the part that no namespace has. A format does not reach what is in there.
    pub unallocated_bytes: u128,
    /// RPMBS; `None` without a replay protected memory block.
    pub rpmb: Option<Rpmb>,
    /// SANICAP.
    pub sanicap: Sanicap,
    /// NN: the largest NSID there can be.
    pub namespaces: u32,
    /// FNA.
    pub fna: Fna,
}

/// VER: the revision of the specification that the controller keeps to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// MJR, bits 31:16.
    pub major: u16,
    /// MNR, bits 15:8.
    pub minor: u8,
    /// TER, bits 7:0.
    pub tertiary: u8,
}

/// OACS, Optional Admin Command Support.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Oacs(u16);

impl Oacs {
    /// Bit 0: Security Send and Security Receive.
    pub const fn security(self) -> bool {
        self.0 & 1 == 1
    }

    /// Bit 1: Format NVM.
    pub const fn format(self) -> bool {
        self.0 >> 1 & 1 == 1
    }

    /// Bit 3: Namespace Management and Attachment.
    pub const fn namespace_management(self) -> bool {
        self.0 >> 3 & 1 == 1
    }

    /// Bit 10: Command and Feature Lockdown: a management controller may have forbidden commands.
    pub const fn lockdown(self) -> bool {
        self.0 >> 10 & 1 == 1
    }
}

/// FNA, Format NVM Attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fna(u8);

impl Fna {
    /// Bit 0: a format of one namespace formats them all.
    pub const fn format_hits_all(self) -> bool {
        self.0 & 1 == 1
    }

    /// Bit 1: a secure erase of one namespace erases them all.
    pub const fn erase_hits_all(self) -> bool {
        self.0 >> 1 & 1 == 1
    }

    /// Bit 2: [`SecureErase::Cryptographic`](super::SecureErase::Cryptographic).
    pub const fn crypto_erase(self) -> bool {
        self.0 >> 2 & 1 == 1
    }

    /// Bit 3, the other way round: whether Format NVM takes [`Nsid::ALL`](super::Nsid::ALL).
    pub const fn broadcast(self) -> bool {
        self.0 >> 3 & 1 == 0
    }
}

/// SANICAP, Sanitize Capabilities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sanicap(u32);

impl Sanicap {
    /// CES, bit 0: [`Erase::Crypto`](super::Erase::Crypto).
    pub const fn crypto_erase(self) -> bool {
        self.0 & 1 == 1
    }

    /// BES, bit 1: [`Erase::Block`](super::Erase::Block).
    pub const fn block_erase(self) -> bool {
        self.0 >> 1 & 1 == 1
    }

    /// OWS, bit 2: [`Erase::Overwrite`](super::Erase::Overwrite).
    pub const fn overwrite(self) -> bool {
        self.0 >> 2 & 1 == 1
    }

    /// VERS, bit 3: [`AfterSanitize::MediaVerification`](super::AfterSanitize::MediaVerification).
    pub const fn verification(self) -> bool {
        self.0 >> 3 & 1 == 1
    }

    /// SPRRS, bit 5: [`Sanitize::purge_required`](super::Sanitize::purge_required), and the report that it purged. Later than revision
    /// 2.1, which reserves the bit (source: nvme-cli).
    pub const fn purge_reporting(self) -> bool {
        self.0 >> 5 & 1 == 1
    }

    /// NDI, bit 29, No-Deallocate Inhibited: NDAS is refused, or taken with a warning and not obeyed (feature 17h decides).
    pub const fn no_deallocate_inhibited(self) -> bool {
        self.0 >> 29 & 1 == 1
    }

    /// NODMMAS, bits 31:30.
    pub const fn media_modification(self) -> MediaModification {
        match self.0 >> 30 {
            0 => MediaModification::Undefined,
            1 => MediaModification::None,
            2 => MediaModification::Additional,
            _ => MediaModification::Reserved,
        }
    }
}

/// NODMMAS, No-Deallocate Modifies Media After Sanitize: whether a read-back after NDAS sees what the erase left, or what the drive
/// wrote over it afterwards (the wording is nvme-cli's).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaModification {
    /// 00b: not defined. Drives of before revision 1.4 read so.
    Undefined,
    /// 01b: the media is not additionally modified.
    None,
    /// 10b: the media is additionally modified.
    Additional,
    /// 11b.
    Reserved,
}

/// RPMBS: memory that no erase reaches, because each write to it must be signed with a key that the host has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rpmb {
    /// NRPMBU, bits 2:0: how many there are.
    pub targets: u8,
    /// Total Size, bits 23:16, in units of 128 KiB and 0's based: already converted. Bytes of each target.
    pub bytes_each: u32,
}

#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Page {
    vid: U16,
    ssvid: U16,
    sn: [u8; 20],
    mn: [u8; 40],
    fr: [u8; 8],
    skipped_72: [u8; 4],
    cmic: u8,
    skipped_77: u8,
    cntlid: U16,
    ver: U32,
    skipped_84: [u8; 172],
    oacs: U16,
    skipped_258: [u8; 8],
    wctemp: U16,
    cctemp: U16,
    skipped_270: [u8; 10],
    tnvmcap: U128,
    unvmcap: U128,
    rpmbs: U32,
    skipped_316: [u8; 12],
    sanicap: U32,
    skipped_332: [u8; 184],
    nn: U32,
    skipped_520: [u8; 4],
    fna: u8,
    skipped_525: [u8; 3571],
}

const _: () = {
    assert!(core::mem::offset_of!(Page, cmic) == 76);
    assert!(core::mem::offset_of!(Page, cntlid) == 78);
    assert!(core::mem::offset_of!(Page, oacs) == 256);
    assert!(core::mem::offset_of!(Page, wctemp) == 266);
    assert!(core::mem::offset_of!(Page, tnvmcap) == 280);
    assert!(core::mem::offset_of!(Page, sanicap) == 328);
    assert!(core::mem::offset_of!(Page, nn) == 516);
    assert!(core::mem::offset_of!(Page, fna) == 524);
    assert!(size_of::<Page>() == 4096);
};

impl Controller {
    /// From the 4096 bytes of the data structure.
    pub fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let page: &Page = parse_filled("Identify Controller", bytes)?;
        Ok(Self {
            vendor: page.vid.get(),
            serial: text(&page.sn),
            model: text(&page.mn),
            firmware: text(&page.fr),
            has_siblings: page.cmic >> 1 & 1 == 1,
            controller_id: page.cntlid.get(),
            version: Version::from_code(page.ver.get()),
            oacs: Oacs(page.oacs.get()),
            warning_kelvin: reported(page.wctemp),
            critical_kelvin: reported(page.cctemp),
            total_bytes: page.tnvmcap.get(),
            unallocated_bytes: page.unvmcap.get(),
            rpmb: Rpmb::from_code(page.rpmbs.get()),
            sanicap: Sanicap(page.sanicap.get()),
            namespaces: page.nn.get(),
            fna: Fna(page.fna),
        })
    }
}

fn reported(kelvin: U16) -> Option<u16> {
    (kelvin.get() != 0).then_some(kelvin.get())
}

impl Version {
    fn from_code(code: u32) -> Option<Self> {
        let [tertiary, minor, low, high] = code.to_le_bytes();
        (code != 0).then_some(Self { major: u16::from_le_bytes([low, high]), minor, tertiary })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)?;
        if self.tertiary == 0 { Ok(()) } else { write!(f, ".{}", self.tertiary) }
    }
}

impl Rpmb {
    fn from_code(code: u32) -> Option<Self> {
        let [low, _, total, _] = code.to_le_bytes();
        let targets = low & 0x7;
        (targets != 0).then(|| Self { targets, bytes_each: (u32::from(total) + 1) * 128 * 1024 })
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    fn identify() -> [u8; 4096] {
        let mut bytes = [0; 4096];
        bytes[..4].copy_from_slice(&[0x4D, 0x14, 0x4E, 0x14]);
        bytes[4..24].copy_from_slice(b"S4EWNX0N123456      ");
        bytes[24..64].copy_from_slice(b"EXAMPLE SSD 970 1TB                     ");
        bytes[64..72].copy_from_slice(b"2B2QEXE7");
        bytes[76] = 0x02;
        bytes[78..80].copy_from_slice(&[0x04, 0x01]);
        bytes[80..84].copy_from_slice(&[0x00, 0x01, 0x02, 0x00]); // 2.1
        bytes[256..258].copy_from_slice(&[0x0B, 0x04]); // 0000 0100 0000 1011b
        bytes[266..270].copy_from_slice(&[0x66, 0x01, 0x00, 0x00]); // 358 K, not reported
        bytes[280..286].copy_from_slice(&[0x00, 0x60, 0xDB, 0x9E, 0xE8, 0x00]); // E8_9EDB_6000h
        bytes[296..298].copy_from_slice(&[0x00, 0x10]); // 1000h
        bytes[312..316].copy_from_slice(&[0x01, 0x00, 0x1F, 0x00]); // one of (31 + 1) x 128 KiB
        bytes[328..332].copy_from_slice(&[0x0B, 0x00, 0x00, 0xA0]); // 1010 0000 ... 0000 1011b
        bytes[516..520].copy_from_slice(&[0x20, 0x00, 0x00, 0x00]);
        bytes[524] = 0x0D; // 1101b
        bytes
    }

    #[test]
    fn identify_controller_field_by_field() {
        let controller = Controller::parse(&identify()).unwrap();
        assert_eq!(controller.vendor, 0x144D);
        assert_eq!(controller.serial.as_deref(), Some("S4EWNX0N123456"));
        assert_eq!(controller.model.as_deref(), Some("EXAMPLE SSD 970 1TB"));
        assert_eq!(controller.firmware.as_deref(), Some("2B2QEXE7"));
        assert!(controller.has_siblings);
        assert_eq!(controller.controller_id, 0x0104);
        assert_eq!(controller.version, Some(Version { major: 2, minor: 1, tertiary: 0 }));
        assert_eq!((controller.warning_kelvin, controller.critical_kelvin), (Some(358), None));
        assert_eq!(controller.total_bytes, 0xE8_9EDB_6000);
        assert_eq!(controller.unallocated_bytes, 4096);
        assert_eq!(controller.rpmb, Some(Rpmb { targets: 1, bytes_each: 4 * 1024 * 1024 }));
        assert_eq!(controller.namespaces, 32);
    }

    #[test]
    fn each_capability_has_its_bit() {
        let Controller { oacs, fna, sanicap, .. } = Controller::parse(&identify()).unwrap();
        assert!(oacs.security() && oacs.format() && oacs.namespace_management() && oacs.lockdown());
        assert!(!Oacs(0x0004).security() && !Oacs(0x0004).format() && !Oacs(0x0004).namespace_management());
        assert!(fna.format_hits_all() && !fna.erase_hits_all() && fna.crypto_erase() && !fna.broadcast());
        assert!(Fna(0x02).erase_hits_all() && Fna(0x02).broadcast() && !Fna(0x02).format_hits_all());
        assert!(sanicap.crypto_erase() && sanicap.block_erase() && !sanicap.overwrite() && sanicap.verification());
        assert!(sanicap.no_deallocate_inhibited() && !sanicap.purge_reporting());
        // Bit 4, NVERS, is about Sanitize Namespace.
        assert!(!Sanicap(0x0000_0010).verification() && !Sanicap(0x0000_0010).purge_reporting());
        assert!(Sanicap(0x0000_0020).purge_reporting() && !Sanicap(0x0000_0020).verification());
        assert_eq!(sanicap.media_modification(), MediaModification::Additional);
        assert_eq!(Sanicap(0x4000_0004).media_modification(), MediaModification::None);
        assert!(Sanicap(0x4000_0004).overwrite() && !Sanicap(0x4000_0004).no_deallocate_inhibited());
        assert_eq!(Sanicap(0xC000_0000).media_modification(), MediaModification::Reserved);
        assert_eq!(Sanicap(0x3FFF_FFFF).media_modification(), MediaModification::Undefined);
    }

    #[test]
    fn versions_read_as_the_specifications_are_called() {
        let version = |code| Version::from_code(code).map(|version| version.to_string());
        assert_eq!(version(0x0002_0100).as_deref(), Some("2.1"));
        assert_eq!(version(0x0001_0201).as_deref(), Some("1.2.1"));
        assert_eq!(version(0), None);
    }

    #[test]
    fn an_rpmb_has_at_most_32_mib_and_without_targets_there_is_none() {
        // Access size 1Fh in 31:24, 256 x 128 KiB, authentication method 1 in 5:3, 7 targets.
        assert_eq!(Rpmb::from_code(0x1FFF_000F), Some(Rpmb { targets: 7, bytes_each: 0x0200_0000 }));
        assert_eq!(Rpmb::from_code(0x1FFF_0008), None);
    }

    #[test]
    fn zeros_and_half_a_page_are_no_controller() {
        assert_eq!(Controller::parse(&[0; 4096]), Err(DecodeError::Blank { structure: "Identify Controller" }));
        assert_eq!(
            Controller::parse(&identify()[..512]),
            Err(DecodeError::Short { structure: "Identify Controller", length: 512, needed: 4096 })
        );
        let mut bytes = identify();
        bytes[4] = 0xFF;
        bytes[24..64].fill(b' ');
        let controller = Controller::parse(&bytes).unwrap();
        assert_eq!((controller.serial, controller.model), (None, None), "not text; nothing but blanks");
    }
}
