//! What drives answer: INQUIRY, its pages, READ CAPACITY, MODE SENSE, REPORT SUPPORTED OPERATION CODES.

use alloc::string::String;

use super::{Rotation, field, payload, text};

/// Standard INQUIRY data (SPC-5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inquiry {
    /// PERIPHERAL QUALIFIER: 0 if there is a device behind this logical unit.
    pub qualifier: u8,
    /// PERIPHERAL DEVICE TYPE: 00h is a disk, 14h a host-managed zoned disk.
    pub device_type: u8,
    /// RMB.
    pub is_removable: bool,
    /// PROTECT: it can be formatted with protection information.
    pub has_protection: bool,
    /// T10 VENDOR IDENTIFICATION; "ATA" behind a SCSI-to-ATA layer.
    pub vendor: Option<String>,
    /// PRODUCT IDENTIFICATION, 16 characters.
    pub product: Option<String>,
    /// PRODUCT REVISION LEVEL, four characters.
    pub revision: Option<String>,
}

impl Inquiry {
    /// `None` if it is shorter than the 36 bytes that the standard asks for, received or announced.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let [first, second, _, _, additional, flags, ..] = *bytes else { return None };
        if additional < 36 - 5 {
            return None;
        }
        Some(Self {
            qualifier: first >> 5,
            device_type: first & 0x1F,
            is_removable: second & 0x80 != 0,
            has_protection: flags & 0x01 != 0,
            vendor: text(&field::<8>(bytes, 8)?),
            product: text(&field::<16>(bytes, 16)?),
            revision: text(&field::<4>(bytes, 32)?),
        })
    }
}

/// The codes of the vital product data pages that the drive has: page 00h (SPC-5).
pub fn vpd_pages(page: &[u8]) -> Option<&[u8]> {
    payload(page, 0x00)
}

/// NOMINAL FORM FACTOR (SBC-4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormFactor {
    /// 0h.
    NotReported,
    /// 1h: 5.25 inch.
    Inch525,
    /// 2h: 3.5 inch.
    Inch35,
    /// 3h: 2.5 inch.
    Inch25,
    /// 4h: 1.8 inch.
    Inch18,
    /// 5h: less than 1.8 inch.
    Smaller,
    /// Reserved, as sent.
    Other(u8),
}

impl FormFactor {
    const fn from_code(code: u8) -> Self {
        match code {
            0 => Self::NotReported,
            1 => Self::Inch525,
            2 => Self::Inch35,
            3 => Self::Inch25,
            4 => Self::Inch18,
            5 => Self::Smaller,
            other => Self::Other(other),
        }
    }
}

/// What a read does after an erase and before the next write: WABEREQ, WACEREQ (SBC-4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadAfterErase {
    /// 00b.
    NotSpecified,
    /// 01b: it succeeds; what it returns is not specified.
    Succeeds,
    /// 10b: it may end in MEDIUM ERROR.
    MediumError,
    /// 11b: MEDIUM ERROR, 11h/15h "write after sanitize required".
    WriteRequired,
}

impl ReadAfterErase {
    const fn from_bits(bits: u8) -> Self {
        match bits & 0b11 {
            0b00 => Self::NotSpecified,
            0b01 => Self::Succeeds,
            0b10 => Self::MediumError,
            _ => Self::WriteRequired,
        }
    }
}

/// The Block Device Characteristics page, B1h (SBC-4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockDeviceCharacteristics {
    /// MEDIUM ROTATION RATE.
    pub rotation: Option<Rotation>,
    /// NOMINAL FORM FACTOR.
    pub form_factor: FormFactor,
    /// WABEREQ.
    pub after_block_erase: ReadAfterErase,
    /// WACEREQ.
    pub after_cryptographic_erase: ReadAfterErase,
}

impl BlockDeviceCharacteristics {
    /// `None` if it is another page or cut short.
    pub fn new(page: &[u8]) -> Option<Self> {
        let [high, low, _, flags] = field::<4>(payload(page, 0xB1)?, 0)?;
        Some(Self {
            rotation: Rotation::from_code(u16::from_be_bytes([high, low])),
            form_factor: FormFactor::from_code(flags & 0x0F),
            after_block_erase: ReadAfterErase::from_bits(flags >> 6),
            after_cryptographic_erase: ReadAfterErase::from_bits(flags >> 4),
        })
    }
}

/// MAXIMUM TRANSFER LENGTH of the Block Limits page (B0h), in logical blocks; `None` if the drive names no limit (SBC-4).
pub fn longest_transfer(page: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(field(payload(page, 0xB0)?, 4)?)).filter(|blocks| *blocks != 0)
}

/// READ CAPACITY (16) parameter data (SBC-4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// How many logical blocks: one more than RETURNED LOGICAL BLOCK ADDRESS, which is the last.
    pub blocks: u64,
    /// LOGICAL BLOCK LENGTH IN BYTES, without protection information.
    pub block_size: u32,
    /// The type of protection that the medium is formatted with, 1 to 3 (`P_TYPE` + 1, if `PROT_EN`).
    pub protection_type: Option<u8>,
    /// LOGICAL BLOCKS PER PHYSICAL BLOCK EXPONENT: 3 for 512 bytes on 4096.
    pub physical_exponent: u8,
    /// LBPME: blocks can be unmapped.
    pub is_thin: bool,
    /// LBPRZ: unmapped blocks read as zeros, so zeros alone do not say that anything was erased.
    pub reads_zeros_unmapped: bool,
}

impl Capacity {
    /// `None` if there are fewer than 16 bytes, no block size, or more blocks than a number can hold.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let block_size = u32::from_be_bytes(field(bytes, 8)?);
        let [protection, exponents, provisioning, _] = field::<4>(bytes, 12)?;
        if block_size == 0 {
            return None;
        }
        Some(Self {
            blocks: u64::from_be_bytes(field(bytes, 0)?).checked_add(1)?,
            block_size,
            protection_type: (protection & 0x01 != 0).then_some((protection >> 1 & 0b111) + 1),
            physical_exponent: exponents & 0x0F,
            is_thin: provisioning & 0x80 != 0,
            reads_zeros_unmapped: provisioning & 0x40 != 0,
        })
    }
}

/// SUPPORT of one command: REPORT SUPPORTED OPERATION CODES, `one_command` format (SPC-5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Support {
    /// 011b: as the standard says.
    Supported,
    /// 001b.
    NotSupported,
    /// 000b, "not available now", 101b, in the vendor's own manner, and what is reserved: nothing to build on.
    Unknown(u8),
}

impl Support {
    /// `None` if there are fewer than the four bytes of the header.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let [_, flags, _, _] = field::<4>(bytes, 0)?;
        Some(match flags & 0b111 {
            0b011 => Self::Supported,
            0b001 => Self::NotSupported,
            other => Self::Unknown(other),
        })
    }
}

/// The header and the short block descriptor of MODE SENSE (10) (SPC-5, SBC-4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModeHeader {
    /// WP: the medium is write protected.
    pub is_write_protected: bool,
    /// LOGICAL BLOCK LENGTH, of the format that there is or that the last MODE SELECT asked for.
    pub block_size: Option<u32>,
}

impl ModeHeader {
    /// `None` if there are fewer than the eight bytes of the header. `block_size` is absent with a long descriptor, or none.
    pub fn new(bytes: &[u8]) -> Option<Self> {
        let [_, _, _, specific, long, _, high, low] = field::<8>(bytes, 0)?;
        let is_short = long & 0x01 == 0 && u16::from_be_bytes([high, low]) >= 8;
        let block_size = field::<8>(bytes, 8)
            .filter(|_| is_short)
            .map(|[_, _, _, _, _, a, b, c]| u32::from_be_bytes([0, a, b, c]))
            .filter(|size| *size != 0);
        Some(Self { is_write_protected: specific & 0x80 != 0, block_size })
    }
}

/// How many entries the grown defect list has: the header of READ DEFECT DATA, `N` bytes: 4 of the (10) command, 8 of the (12) command
/// (SBC-4). `None` if the drive did not send that list, or in a format whose entries have no fixed length.
pub fn grown_defects<const N: usize>(header: &[u8]) -> Option<u64> {
    const { assert!(N == 4 || N == 8, "the length is in the last two bytes of four or the last four of eight") };
    let header = field::<N>(header, 0)?;
    let ([_, flags], rest) = (field::<2>(&header, 0)?, header.get(N / 2..)?);
    let length = rest.iter().fold(0, |length, byte| length << 8 | u64::from(*byte));
    let entry = match flags & 0b111 {
        0b000 => 4,
        0b011..=0b101 => 8,
        _ => return None,
    };
    // GLISTV.
    (flags & 0x08 != 0).then_some(length / entry)
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn inquiry_names_the_drive() {
        let mut bytes = [0_u8; 36];
        bytes[..8].copy_from_slice(&[0x00, 0x00, 0x06, 0x02, 0x1F, 0x01, 0x00, 0x02]);
        bytes[8..].copy_from_slice(b"SEAGATE ST600MM0006     0004");
        let inquiry = Inquiry::new(&bytes).unwrap();
        assert_eq!((inquiry.qualifier, inquiry.device_type), (0, 0));
        assert_eq!((inquiry.is_removable, inquiry.has_protection), (false, true));
        assert_eq!(inquiry.vendor.as_deref(), Some("SEAGATE"));
        assert_eq!(inquiry.product.as_deref(), Some("ST600MM0006"));
        assert_eq!(inquiry.revision.as_deref(), Some("0004"));
        (bytes[0], bytes[1]) = (0x7F, 0x80);
        let nothing = Inquiry::new(&bytes).unwrap();
        assert_eq!((nothing.qualifier, nothing.device_type, nothing.is_removable), (3, 0x1F, true));
        assert_eq!(Inquiry::new(&bytes[..35]), None);
        assert_eq!(Inquiry::new(&[0; 36]), None, "zeros announce five bytes");
    }

    #[test]
    fn page_00_lists_the_pages() {
        assert_eq!(vpd_pages(&[0x00, 0x00, 0x00, 0x03, 0x00, 0x80, 0xB1, 0xFF]), Some(&[0x00, 0x80, 0xB1][..]));
        assert_eq!(vpd_pages(&[0x00, 0x00, 0x00, 0x03, 0x00, 0x80]), None);
    }

    #[test]
    fn the_characteristics_tell_about_reads_after_an_erase() {
        // 10500 turns a minute (2904h), WABEREQ 11b, WACEREQ 10b, 2.5 inch: E3h.
        let page = BlockDeviceCharacteristics::new(&[0x00, 0xB1, 0x00, 0x04, 0x29, 0x04, 0x00, 0xE3]).unwrap();
        assert_eq!(page.rotation, Some(Rotation::Rpm(10500)));
        assert_eq!(page.form_factor, FormFactor::Inch25);
        assert_eq!(page.after_block_erase, ReadAfterErase::WriteRequired);
        assert_eq!(page.after_cryptographic_erase, ReadAfterErase::MediumError);
        let ssd = BlockDeviceCharacteristics::new(&[0x00, 0xB1, 0x00, 0x04, 0x00, 0x01, 0x00, 0x4E]).unwrap();
        assert_eq!((ssd.rotation, ssd.form_factor), (Some(Rotation::None), FormFactor::Other(0x0E)));
        assert_eq!(ssd.after_block_erase, ReadAfterErase::Succeeds);
        assert_eq!(ssd.after_cryptographic_erase, ReadAfterErase::NotSpecified);
        assert_eq!(BlockDeviceCharacteristics::new(&[0x00, 0xB1, 0x00, 0x03, 0x00, 0x01, 0x00]), None);
    }

    #[test]
    fn the_limit_of_a_transfer_is_in_blocks_and_zero_is_none() {
        // WSNZ and the granularity before it, OPTIMAL TRANSFER LENGTH behind it.
        let mut page = [0x00, 0xB0, 0x00, 0x0C, 0x01, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x08, 0x00, 0xFF, 0xFF, 0xFF, 0xFF];
        assert_eq!(longest_transfer(&page), Some(2048));
        page[10] = 0;
        assert_eq!(longest_transfer(&page), None);
        assert_eq!(longest_transfer(&page[..15]), None, "cut short");
        assert_eq!(longest_transfer(&[0x00, 0xB1, 0x00, 0x08, 0, 0, 0, 0, 0, 0, 8, 0]), None, "another page");
    }

    #[test]
    fn capacity_is_one_more_than_the_last_address() {
        let mut bytes = [0_u8; 32];
        // Last address 1172123567 (45DD2FAFh), 520 bytes (208h), type 2 (P_TYPE 001b, PROT_EN): 03h, exponent 3, LBPME and LBPRZ.
        bytes[..16].copy_from_slice(&[0, 0, 0, 0, 0x45, 0xDD, 0x2F, 0xAF, 0, 0, 0x02, 0x08, 0x03, 0x03, 0xC0, 0]);
        let capacity = Capacity::new(&bytes).unwrap();
        assert_eq!((capacity.blocks, capacity.block_size), (1_172_123_568, 520));
        assert_eq!((capacity.protection_type, capacity.physical_exponent), (Some(2), 3));
        assert!(capacity.is_thin && capacity.reads_zeros_unmapped);
        bytes[12] = 0x02;
        assert_eq!(Capacity::new(&bytes).unwrap().protection_type, None, "PROT_EN decides");
        assert_eq!(Capacity::new(&bytes[..15]), None);
        assert_eq!(Capacity::new(&[0; 32]), None);
        assert_eq!(Capacity::new(&[0xFF; 32]), None);
    }

    #[test]
    fn only_011b_is_support() {
        assert_eq!(Support::new(&[0x00, 0x03, 0x00, 0x0A]), Some(Support::Supported));
        assert_eq!(Support::new(&[0x00, 0x83, 0x00, 0x0A]), Some(Support::Supported), "CTDP is another bit");
        assert_eq!(Support::new(&[0x00, 0x01, 0x00, 0x00]), Some(Support::NotSupported));
        assert_eq!(Support::new(&[0x00, 0x05, 0x00, 0x0A]), Some(Support::Unknown(0b101)));
        assert_eq!(Support::new(&[0; 20]), Some(Support::Unknown(0)));
        assert_eq!(Support::new(&[0x00, 0x03]), None);
    }

    #[test]
    fn grown_defects_are_counted_by_the_length_of_the_list() {
        // GLISTV, physical sectors (101b) of 8 bytes: 18h bytes are three.
        assert_eq!(grown_defects::<4>(&[0x00, 0x0D, 0x00, 0x18]), Some(3));
        assert_eq!(grown_defects::<8>(&[0x00, 0x0D, 0x12, 0x34, 0x00, 0x01, 0x00, 0x00]), Some(8192));
        assert_eq!(grown_defects::<4>(&[0x00, 0x08, 0x00, 0x18]), Some(6), "short block addresses of 4 bytes");
        assert_eq!(grown_defects::<4>(&[0x00, 0x0D, 0x00, 0x00]), Some(0));
        assert_eq!(grown_defects::<4>(&[0x00, 0x15, 0x00, 0x18]), None, "the primary list");
        assert_eq!(grown_defects::<4>(&[0x00, 0x0E, 0x00, 0x18]), None, "the vendor's own format");
        assert_eq!(grown_defects::<8>(&[0x00, 0x0D, 0x00, 0x18]), None, "cut short");
    }

    #[test]
    fn the_mode_header_knows_520_from_512() {
        let bytes = [0x00, 0x0E, 0x00, 0x90, 0x00, 0x00, 0x00, 0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x02, 0x08];
        assert_eq!(ModeHeader::new(&bytes), Some(ModeHeader { is_write_protected: true, block_size: Some(520) }));
        let none = [0x00, 0x06, 0x00, 0x10, 0x00, 0x00, 0x00, 0x00];
        assert_eq!(ModeHeader::new(&none), Some(ModeHeader { is_write_protected: false, block_size: None }));
        assert_eq!(ModeHeader::new(&none[..7]), None);
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_value_or_none(bytes: Vec<u8>) {
            let _ = (Inquiry::new(&bytes), vpd_pages(&bytes), Capacity::new(&bytes));
            let _ = (Support::new(&bytes), ModeHeader::new(&bytes));
            let mut bytes = bytes;
            if let Some(code) = bytes.get_mut(1) { *code = 0xB1; }
            let _ = BlockDeviceCharacteristics::new(&bytes);
        }
    }
}
