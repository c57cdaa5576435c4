//! Namespaces: Identify Namespace (CNS 00h and 11h, NVM Command Set), and the lists of namespaces and controllers.

use alloc::vec::Vec;

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

use super::{DecodeError, Nsid, parse, parse_filled};

/// Which of a namespace's LBA formats: 0 to 63. Four bits of it stand apart from the other two, in FLBAS and in Format NVM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FormatIndex(u8);

impl FormatIndex {
    /// `None` above 63.
    pub const fn new(index: u8) -> Option<Self> {
        if index < 64 { Some(Self(index)) } else { None }
    }

    /// The place in [`Namespace::formats`].
    pub const fn value(self) -> u8 {
        self.0
    }

    /// LBAFL: the low four bits.
    pub(super) const fn lower(self) -> u32 {
        (self.0 & 0xF) as u32
    }

    /// LBAFU: the two above them.
    pub(super) const fn upper(self) -> u32 {
        (self.0 >> 4) as u32
    }

    /// FLBAS: the low four bits in 3:0, the two above them in 6:5 (reserved, and 0, before NVM Command Set 1.0; Linux reads them so).
    const fn from_flbas(flbas: u8) -> Self {
        Self(flbas >> 1 & 0x30 | flbas & 0xF)
    }
}

/// What Format NVM does to the data: the SES field. 0, no erase at all, is left out on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecureErase {
    /// SES 1, User Data Erase: how is the drive's affair.
    UserData,
    /// SES 2, Cryptographic Erase: the key is deleted. Only with [`Fna::crypto_erase`](super::Fna::crypto_erase).
    Cryptographic,
}

/// An entry of the list of LBA formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LbaFormat {
    /// MS: bytes of metadata with each block.
    pub metadata_bytes: u16,
    /// LBADS: the block's size as a power of two.
    lbads: u8,
    /// RP.
    pub performance: RelativePerformance,
}

/// RP, Relative Performance, among the formats of one namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelativePerformance {
    /// 0.
    Best,
    /// 1.
    Better,
    /// 2.
    Good,
    /// 3.
    Degraded,
}

impl LbaFormat {
    /// Bytes of data in a block; `None` for a format that cannot be used: LBADS below 9 (the standard's mark for it), or beyond what 32
    /// bits hold.
    pub const fn block_bytes(self) -> Option<u32> {
        match self.lbads {
            9..=31 => Some(1 << self.lbads),
            _ => None,
        }
    }
}

/// What a read of deallocated blocks returns: DLFEAT bits 2:0. The drive's word, not a measurement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadAfterDeallocate {
    /// 000b.
    NotReported,
    /// 001b: bytes of 00h.
    Zeros,
    /// 010b: bytes of `FFh`.
    Ones,
    /// Reserved, kept as it came.
    Other(u8),
}

/// The Identify Namespace data structure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Namespace {
    /// NSZE: logical blocks that can be addressed.
    pub blocks: u64,
    /// NCAP: blocks that can be allocated at a time.
    pub capacity_blocks: u64,
    /// NUSE: blocks allocated now.
    pub used_blocks: u64,
    /// FLBAS: which of the formats is in use.
    pub format_in_use: FormatIndex,
    /// FLBAS bit 4: the metadata is part of each block, which so has 520 bytes, say, on the bus.
    pub metadata_in_block: bool,
    /// The LBA formats, NLBAF + 1 + NULBAF of them (NULBAF, byte 82, is new in NVM Command Set 1.0), 64 at most.
    pub formats: Vec<LbaFormat>,
    /// DPS: protection type in bits 2:0 (0: none), its place in bit 3.
    pub dps: u8,
    /// NMIC bit 0: more than one controller can be attached.
    pub is_shared: bool,
    /// DLFEAT bits 2:0.
    pub read_after_deallocate: ReadAfterDeallocate,
    /// NSATTR bit 0: write protected just now.
    pub is_write_protected: bool,
    /// NGUID; `None` if all zeros.
    pub nguid: Option<[u8; 16]>,
    /// EUI64; `None` if all zeros.
    pub eui64: Option<[u8; 8]>,
}

#[derive(Clone, Copy, FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Format {
    ms: U16,
    lbads: u8,
    rp: u8,
}

#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Page {
    nsze: U64,
    ncap: U64,
    nuse: U64,
    nsfeat: u8,
    nlbaf: u8,
    flbas: u8,
    mc: u8,
    dpc: u8,
    dps: u8,
    nmic: u8,
    rescap: u8,
    fpi: u8,
    dlfeat: u8,
    skipped_34: [u8; 48],
    nulbaf: u8,
    skipped_83: [u8; 16],
    nsattr: u8,
    nvmsetid: U16,
    endgid: U16,
    nguid: [u8; 16],
    eui64: [u8; 8],
    lbaf: [Format; 64],
    skipped_384: [u8; 3712],
}

const _: () = {
    assert!(core::mem::offset_of!(Page, dlfeat) == 33);
    assert!(core::mem::offset_of!(Page, nulbaf) == 82);
    assert!(core::mem::offset_of!(Page, nsattr) == 99);
    assert!(core::mem::offset_of!(Page, nguid) == 104);
    assert!(core::mem::offset_of!(Page, lbaf) == 128);
    assert!(size_of::<Page>() == 4096);
};

impl Namespace {
    /// From the 4096 bytes of the data structure. [`DecodeError::Blank`] is how a controller describes an NSID that is not active (CNS
    /// 00h) or not allocated (11h).
    pub fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let page: &Page = parse_filled("Identify Namespace", bytes)?;
        let formats = usize::from(page.nlbaf) + 1 + usize::from(page.nulbaf);
        Ok(Self {
            blocks: page.nsze.get(),
            capacity_blocks: page.ncap.get(),
            used_blocks: page.nuse.get(),
            format_in_use: FormatIndex::from_flbas(page.flbas),
            metadata_in_block: page.flbas >> 4 & 1 == 1,
            formats: page.lbaf.iter().take(formats).map(LbaFormat::from).collect(),
            dps: page.dps,
            is_shared: page.nmic & 1 == 1,
            read_after_deallocate: match page.dlfeat & 0x7 {
                0 => ReadAfterDeallocate::NotReported,
                1 => ReadAfterDeallocate::Zeros,
                2 => ReadAfterDeallocate::Ones,
                other => ReadAfterDeallocate::Other(other),
            },
            is_write_protected: page.nsattr & 1 == 1,
            nguid: (page.nguid != [0; 16]).then_some(page.nguid),
            eui64: (page.eui64 != [0; 8]).then_some(page.eui64),
        })
    }

    /// The format in use; `None` if FLBAS points behind the end of the list.
    pub fn format(&self) -> Option<LbaFormat> {
        self.formats.get(usize::from(self.format_in_use.value())).copied()
    }
}

impl From<&Format> for LbaFormat {
    fn from(format: &Format) -> Self {
        Self {
            metadata_bytes: format.ms.get(),
            lbads: format.lbads,
            performance: match format.rp & 0x3 {
                0 => RelativePerformance::Best,
                1 => RelativePerformance::Better,
                2 => RelativePerformance::Good,
                _ => RelativePerformance::Degraded,
            },
        }
    }
}

/// A Namespace List (CNS 02h and 10h): up to 1024 NSIDs, ascending, ended by 0. A full one goes on: ask again from its last NSID.
///
/// [`DecodeError::Invalid`] if the NSIDs do not ascend or one is the broadcast value: a list cut off there would hide namespaces.
pub fn namespace_list(bytes: &[u8]) -> Result<Vec<Nsid>, DecodeError> {
    const STRUCTURE: &str = "Namespace List";
    let entries: &[U32; 1024] = parse(STRUCTURE, bytes)?;
    let mut list = Vec::new();
    for (place, entry) in entries.iter().enumerate() {
        if entry.get() == 0 {
            break;
        }
        let nsid = Nsid::new(entry.get()).filter(|nsid| list.last().is_none_or(|last| last < nsid));
        list.push(nsid.ok_or(DecodeError::Invalid { structure: STRUCTURE, offset: place * 4 })?);
    }
    Ok(list)
}

/// A Controller List (CNS 12h): their CNTLIDs. Of more than the 2047 that it can hold, the first.
///
/// [`DecodeError::Invalid`] if it says that it has more.
pub fn controller_list(bytes: &[u8]) -> Result<Vec<u16>, DecodeError> {
    const STRUCTURE: &str = "Controller List";
    let [count, controllers @ ..]: &[U16; 2048] = parse(STRUCTURE, bytes)?;
    let list = controllers.get(..usize::from(count.get()));
    let list = list.ok_or(DecodeError::Invalid { structure: STRUCTURE, offset: 0 })?;
    Ok(list.iter().map(|controller| controller.get()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1 TiB in 4096-byte blocks (2^28 = `1000_0000h`), the second of two formats in use.
    fn identify() -> [u8; 4096] {
        let mut bytes = [0; 4096];
        bytes[..8].copy_from_slice(&[0x00, 0x00, 0x00, 0x10, 0, 0, 0, 0]);
        bytes[8..16].copy_from_slice(&[0x00, 0x00, 0x00, 0x10, 0, 0, 0, 0]);
        bytes[16..24].copy_from_slice(&[0x34, 0x12, 0, 0, 0, 0, 0, 0]);
        bytes[25] = 1; // NLBAF: two formats
        bytes[26] = 1; // FLBAS: the second
        bytes[29] = 0x0A; // DPS: type 2, first bytes of the metadata
        bytes[30] = 1; // NMIC: shared
        bytes[33] = 0x09; // DLFEAT: 001b, and Write Zeroes deallocates (bit 3)
        bytes[99] = 1; // NSATTR: write protected
        bytes[104..120].copy_from_slice(&[0xA1; 16]);
        bytes[128..132].copy_from_slice(&[0x00, 0x00, 0x09, 0x02]); // 512 bytes, good
        bytes[132..136].copy_from_slice(&[0x08, 0x00, 0x0C, 0x00]); // 4096 bytes and 8 of metadata, best
        bytes[136..140].copy_from_slice(&[0x00, 0x00, 0x0C, 0x03]); // not of the list
        bytes
    }

    #[test]
    fn identify_namespace_field_by_field() {
        let namespace = Namespace::parse(&identify()).unwrap();
        assert_eq!((namespace.blocks, namespace.capacity_blocks, namespace.used_blocks), (1 << 28, 1 << 28, 0x1234));
        assert_eq!(namespace.format_in_use.value(), 1);
        assert!(!namespace.metadata_in_block && namespace.is_shared && namespace.is_write_protected);
        assert_eq!(namespace.dps, 0x0A);
        assert_eq!(namespace.read_after_deallocate, ReadAfterDeallocate::Zeros);
        assert_eq!((namespace.nguid, namespace.eui64), (Some([0xA1; 16]), None));
        assert_eq!(namespace.formats.len(), 2);
        let format = namespace.format().unwrap();
        assert_eq!((format.block_bytes(), format.metadata_bytes), (Some(4096), 8));
        assert_eq!(format.performance, RelativePerformance::Best);
        assert_eq!(namespace.formats[0].block_bytes(), Some(512));
        assert_eq!(namespace.formats[0].performance, RelativePerformance::Good);
    }

    #[test]
    fn flbas_has_the_index_in_two_pieces_around_the_metadata_bit() {
        let mut bytes = identify();
        // 0101 0101b: upper bits 10b, metadata in the block, lower bits 0101b: index 37.
        bytes[26] = 0x55;
        let namespace = Namespace::parse(&bytes).unwrap();
        assert_eq!(namespace.format_in_use.value(), 37);
        assert!(namespace.metadata_in_block);
        assert_eq!(namespace.format(), None, "the list has two");
        // 64 formats: NLBAF 15, NULBAF 48; the list never runs past its end.
        (bytes[25], bytes[82]) = (15, 48);
        bytes[276..280].copy_from_slice(&[0x40, 0x00, 0x09, 0x01]);
        let format = Namespace::parse(&bytes).unwrap().format().unwrap();
        assert_eq!((format.block_bytes(), format.metadata_bytes), (Some(512), 64));
        (bytes[25], bytes[82]) = (255, 255);
        assert_eq!(Namespace::parse(&bytes).unwrap().formats.len(), 64);
    }

    #[test]
    fn a_format_below_512_bytes_is_one_that_cannot_be_used() {
        let format = |lbads| LbaFormat { metadata_bytes: 0, lbads, performance: RelativePerformance::Best };
        assert_eq!(format(0).block_bytes(), None);
        assert_eq!(format(8).block_bytes(), None);
        assert_eq!(format(9).block_bytes(), Some(512));
        assert_eq!(format(31).block_bytes(), Some(0x8000_0000));
        assert_eq!(format(32).block_bytes(), None);
        assert_eq!(format(255).block_bytes(), None);
    }

    #[test]
    fn an_inactive_namespace_is_described_by_zeros() {
        assert_eq!(Namespace::parse(&[0; 4096]), Err(DecodeError::Blank { structure: "Identify Namespace" }));
        assert_eq!(
            Namespace::parse(&identify()[..4095]),
            Err(DecodeError::Short { structure: "Identify Namespace", length: 4095, needed: 4096 })
        );
    }

    #[test]
    fn a_namespace_list_ends_with_zero_and_ascends() {
        let mut bytes = [0; 4096];
        assert_eq!(namespace_list(&bytes), Ok(Vec::new()));
        bytes[..12].copy_from_slice(&[0x01, 0, 0, 0, 0x02, 0, 0, 0, 0x00, 0x01, 0, 0]);
        let values =
            |bytes: &[u8]| namespace_list(bytes).map(|list| list.into_iter().map(Nsid::value).collect::<Vec<_>>());
        assert_eq!(values(&bytes), Ok([1, 2, 256].into()));
        bytes[8..12].copy_from_slice(&[0x02, 0, 0, 0]);
        assert_eq!(values(&bytes), Err(DecodeError::Invalid { structure: "Namespace List", offset: 8 }));
        assert_eq!(values(&[0xFF; 4096]), Err(DecodeError::Invalid { structure: "Namespace List", offset: 0 }));
        assert_eq!(values(&[0xA5; 4096]), Err(DecodeError::Invalid { structure: "Namespace List", offset: 4 }));
        assert!(values(&bytes[..4092]).is_err());
    }

    #[test]
    fn a_controller_list_has_as_many_as_it_says() {
        let mut bytes = [0; 4096];
        assert_eq!(controller_list(&bytes), Ok(Vec::new()));
        bytes[..8].copy_from_slice(&[0x02, 0x00, 0x01, 0x00, 0x04, 0x01, 0xEE, 0xEE]);
        assert_eq!(controller_list(&bytes), Ok([1, 0x0104].into()));
        assert_eq!(
            controller_list(&[0xA5; 4096]),
            Err(DecodeError::Invalid { structure: "Controller List", offset: 0 })
        );
    }
}
