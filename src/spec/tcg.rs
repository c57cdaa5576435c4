//! TCG Storage: Level 0 Discovery (Core 2.01 §3.3.6), and the few methods that set a drive back to its factory state.
//!
//! The codes and fields of the security subsystem classes are those of their own specifications: Opal 2.02, Opalite 1.00, Pyrite
//! 2.01, Ruby 1.00, Enterprise 1.01, Block SID 1.01.

pub mod request;
pub mod response;

use crate::scsi::field;

/// The security protocol of everything here: SECURITY PROTOCOL IN/OUT, TRUSTED RECEIVE/SEND, Security Receive/Send.
pub const PROTOCOL: u8 = 0x01;

/// The `ComID` that Level 0 Discovery is received from.
pub const LEVEL_0_COM_ID: u16 = 0x0001;

/// The answer to Level 0 Discovery.
#[derive(Clone, Copy, Debug)]
pub struct Discovery<'a> {
    /// The revision of the header: 1 in Core 2.01.
    pub revision: u32,
    features: &'a [u8],
}

impl<'a> Discovery<'a> {
    /// `None` if the length field or a descriptor goes beyond the bytes received: a descriptor that is missing could be the one that
    /// says that the drive is locked. Zeros are no answer either.
    pub fn new(bytes: &'a [u8]) -> Option<Self> {
        // The length does not count its own four bytes; the header has 48.
        let length = usize::try_from(u32::from_be_bytes(field(bytes, 0)?)).ok()?;
        let bytes = bytes.get(..length.checked_add(4)?)?;
        let this = Self { revision: u32::from_be_bytes(field(bytes, 4)?), features: bytes.get(48..)? };
        let consumed: usize = this.descriptors().map(|descriptor| 4 + descriptor.payload.len()).sum();
        (consumed == this.features.len()).then_some(this)
    }

    /// The feature descriptors, in the order that the drive sent them.
    pub fn features(self) -> impl Iterator<Item = Feature<'a>> {
        self.descriptors().map(Descriptor::decode)
    }

    /// The Locking feature. Without it the drive has nothing that could be reverted.
    pub fn locking(self) -> Option<Locking> {
        self.features().find_map(|feature| if let Feature::Locking(locking) = feature { Some(locking) } else { None })
    }

    /// The first security subsystem class, whose `ComID` the methods go to.
    pub fn subsystem(self) -> Option<Subsystem> {
        self.features().find_map(|feature| if let Feature::Subsystem(found) = feature { Some(found) } else { None })
    }

    fn descriptors(self) -> Descriptors<'a> {
        Descriptors(self.features)
    }
}

#[derive(Clone, Copy)]
struct Descriptor<'a> {
    code: u16,
    version: u8,
    payload: &'a [u8],
}

struct Descriptors<'a>(&'a [u8]);

impl<'a> Iterator for Descriptors<'a> {
    type Item = Descriptor<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let ([high, low, version, length], rest) = self.0.split_first_chunk::<4>()?;
        let (payload, rest) = rest.split_at_checked(usize::from(*length))?;
        self.0 = rest;
        Some(Descriptor { code: u16::from_be_bytes([*high, *low]), version: version >> 4, payload })
    }
}

impl<'a> Descriptor<'a> {
    fn decode(self) -> Feature<'a> {
        let Self { code, version, payload } = self;
        let known = match code {
            0x0001 => field::<1>(payload, 0).map(|[bits]| Feature::Tper(Tper::from_bits(bits))),
            0x0002 => field::<1>(payload, 0).map(|[bits]| Feature::Locking(Locking::from_bits(bits))),
            0x0003 => Geometry::new(payload).map(Feature::Geometry),
            0x0402 => field::<1>(payload, 0).map(|[bits]| Feature::BlockSid(BlockSid::from_bits(bits))),
            0x0404 => field::<3>(payload, 0).map(|[_, processing, mechanisms]| {
                Feature::DataRemoval(DataRemoval {
                    is_processing: processing & 0x01 != 0,
                    was_interrupted: processing & 0x02 != 0,
                    mechanisms,
                })
            }),
            _ => Subsystem::new(code, payload).map(Feature::Subsystem),
        };
        known.unwrap_or(Feature::Other { code, version, payload })
    }
}

/// A feature descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature<'a> {
    /// 0001h.
    Tper(Tper),
    /// 0002h.
    Locking(Locking),
    /// 0003h.
    Geometry(Geometry),
    /// 0100h, 0200h, 0203h, 0301h to 0305h.
    Subsystem(Subsystem),
    /// 0402h.
    BlockSid(BlockSid),
    /// 0404h.
    DataRemoval(DataRemoval),
    /// Any other code, or a payload that is too short for its code.
    Other {
        /// The feature code.
        code: u16,
        /// The version of the descriptor.
        version: u8,
        /// What follows its four bytes of header.
        payload: &'a [u8],
    },
}

/// The `TPer` feature: how one can talk to the drive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tper {
    /// Bit 0, Sync: one request, one answer, which is how we talk.
    pub sync: bool,
    /// Bit 4, streaming.
    pub streaming: bool,
    /// Bit 6, `ComID` management.
    pub com_id_management: bool,
}

impl Tper {
    const fn from_bits(bits: u8) -> Self {
        Self { sync: bits & 0x01 != 0, streaming: bits & 0x10 != 0, com_id_management: bits & 0x40 != 0 }
    }
}

/// The Locking feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Locking {
    /// Bit 0: there is a Locking SP.
    pub supported: bool,
    /// Bit 1: it is activated.
    pub enabled: bool,
    /// Bit 2: a range is locked.
    pub locked: bool,
    /// Bit 3: the medium is encrypted. Without it no revert erases cryptographically, Pyrite's for one.
    pub media_encryption: bool,
    /// Bit 4: a shadow of the master boot record is shown instead of the first blocks…
    pub mbr_enabled: bool,
    /// Bit 5: …unless this bit says that it has done its work.
    pub mbr_done: bool,
    /// Bit 6: there is no shadow (Opal 2.02).
    pub mbr_absent: bool,
}

impl Locking {
    const fn from_bits(bits: u8) -> Self {
        Self {
            supported: bits & 0x01 != 0,
            enabled: bits & 0x02 != 0,
            locked: bits & 0x04 != 0,
            media_encryption: bits & 0x08 != 0,
            mbr_enabled: bits & 0x10 != 0,
            mbr_done: bits & 0x20 != 0,
            mbr_absent: bits & 0x40 != 0,
        }
    }
}

/// The Geometry Reporting feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    /// ALIGN: ranges have to be aligned.
    pub must_align: bool,
    /// `LogicalBlockSize` in bytes.
    pub block_size: u32,
    /// `AlignmentGranularity` in blocks.
    pub granularity_blocks: u64,
    /// `LowestAlignedLBA`.
    pub lowest_aligned_lba: u64,
}

impl Geometry {
    fn new(payload: &[u8]) -> Option<Self> {
        let [align] = field::<1>(payload, 0)?;
        Some(Self {
            must_align: align & 0x01 != 0,
            block_size: u32::from_be_bytes(field(payload, 8)?),
            granularity_blocks: u64::from_be_bytes(field(payload, 12)?),
            lowest_aligned_lba: u64::from_be_bytes(field(payload, 20)?),
        })
    }
}

/// Which security subsystem class a drive has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// 0100h. Its methods name their parameters in words; those in [`request`] do not work on it.
    Enterprise,
    /// 0200h.
    OpalV1,
    /// 0203h.
    OpalV2,
    /// 0301h.
    Opalite,
    /// 0302h.
    PyriteV1,
    /// 0303h.
    PyriteV2,
    /// 0304h.
    Ruby,
    /// 0305h (unverified).
    KeyPerIo,
}

/// The descriptor of a security subsystem class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subsystem {
    /// Which one.
    pub class: Class,
    /// Base `ComID`.
    pub com_id: u16,
    /// Number of `ComID`s.
    pub com_ids: u16,
    /// Initial `C_PIN_SID` PIN indicator: 00h says that the SID's first password is the MSID, `FFh` the vendor's own. Opal 1,
    /// Enterprise and Key per I/O do not say (the last one unverified).
    pub initial_pin: Option<u8>,
}

impl Subsystem {
    fn new(code: u16, payload: &[u8]) -> Option<Self> {
        let class = match code {
            0x0100 => Class::Enterprise,
            0x0200 => Class::OpalV1,
            0x0203 => Class::OpalV2,
            0x0301 => Class::Opalite,
            0x0302 => Class::PyriteV1,
            0x0303 => Class::PyriteV2,
            0x0304 => Class::Ruby,
            0x0305 => Class::KeyPerIo,
            _ => return None,
        };
        let says_pin = !matches!(class, Class::Enterprise | Class::OpalV1 | Class::KeyPerIo);
        Some(Self {
            class,
            com_id: u16::from_be_bytes(field(payload, 0)?),
            com_ids: u16::from_be_bytes(field(payload, 2)?),
            initial_pin: payload.get(9).copied().filter(|_| says_pin),
        })
    }
}

/// The Block SID Authentication feature: firmware blocks the SID at power-on, and with it a revert by the MSID.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockSid {
    /// Bit 0: the SID's password is not the MSID any more.
    pub is_sid_changed: bool,
    /// Bit 1: authentication of the SID is blocked until a reset. The PSID is not.
    pub is_blocked: bool,
}

impl BlockSid {
    const fn from_bits(bits: u8) -> Self {
        Self { is_sid_changed: bits & 0x01 != 0, is_blocked: bits & 0x02 != 0 }
    }
}

/// The Supported Data Removal Mechanism feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataRemoval {
    /// A revert has answered, but the data are still being removed.
    pub is_processing: bool,
    /// Power or a reset has stopped the removal before its end (Opal 2.02).
    pub was_interrupted: bool,
    /// Bit 0 overwrite, 1 block erase, 2 cryptographic erase (unverified; the rest is vendor specific or reserved).
    pub mechanisms: u8,
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    /// Header of 48 bytes with the right length, then the descriptors.
    fn answer(descriptors: &[&[u8]]) -> Vec<u8> {
        let features = descriptors.concat();
        let mut bytes = [0_u8; 48].to_vec();
        bytes[3] = u8::try_from(44 + features.len()).unwrap();
        bytes[7] = 1;
        bytes.extend(features);
        bytes
    }

    const TPER: [u8; 16] = [0x00, 0x01, 0x10, 0x0C, 0x51, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    const LOCKING: [u8; 16] = [0x00, 0x02, 0x10, 0x0C, 0x0F, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    /// Base `ComID` 07FEh, one of them, four admins, nine users, initial PIN `FFh`, reverted PIN 00h.
    const OPAL_2: [u8; 20] = [0x02, 0x03, 0x20, 0x10, 0x07, 0xFE, 0, 1, 0, 0, 4, 0, 9, 0xFF, 0, 0, 0, 0, 0, 0];

    #[test]
    fn an_opal_drive_that_is_locked() {
        let bytes = answer(&[&TPER, &LOCKING, &OPAL_2]);
        let discovery = Discovery::new(&bytes).unwrap();
        assert_eq!(discovery.revision, 1);
        let tper = Tper { sync: true, streaming: true, com_id_management: true };
        assert_eq!(discovery.features().next(), Some(Feature::Tper(tper)));
        let locking = discovery.locking().unwrap();
        assert!(locking.supported && locking.enabled && locking.locked && locking.media_encryption);
        assert!(!locking.mbr_enabled && !locking.mbr_done && !locking.mbr_absent);
        let opal = Subsystem { class: Class::OpalV2, com_id: 0x07FE, com_ids: 1, initial_pin: Some(0xFF) };
        assert_eq!(discovery.subsystem(), Some(opal));
    }

    #[test]
    fn each_locking_bit_has_its_meaning() {
        let bits = |bits| {
            let Locking { supported, enabled, locked, media_encryption, mbr_enabled, mbr_done, mbr_absent } =
                Locking::from_bits(bits);
            [supported, enabled, locked, media_encryption, mbr_enabled, mbr_done, mbr_absent]
        };
        assert_eq!(bits(0x04), [false, false, true, false, false, false, false]);
        assert_eq!(bits(0x08), [false, false, false, true, false, false, false]);
        assert_eq!(bits(0x30), [false, false, false, false, true, true, false]);
        assert_eq!(bits(0xC0), [false, false, false, false, false, false, true]);
    }

    #[test]
    fn the_other_features() {
        let mut geometry = [0_u8; 32];
        geometry[..5].copy_from_slice(&[0x00, 0x03, 0x10, 0x1C, 0x01]);
        (geometry[14], geometry[23], geometry[31]) = (0x02, 0x08, 0x03);
        let mut block_sid = [0_u8; 16];
        block_sid[..5].copy_from_slice(&[0x04, 0x02, 0x10, 0x0C, 0x02]);
        let mut removal = [0_u8; 36];
        removal[..7].copy_from_slice(&[0x04, 0x04, 0x10, 0x20, 0x00, 0x01, 0x06]);
        let vendor = [0xC0, 0x00, 0x30, 0x01, 0xAA];
        let bytes = answer(&[&geometry, &block_sid, &removal, &vendor]);
        let features = Discovery::new(&bytes).unwrap().features().collect::<Vec<_>>();
        let expected = [
            Feature::Geometry(Geometry {
                must_align: true,
                block_size: 512,
                granularity_blocks: 8,
                lowest_aligned_lba: 3,
            }),
            Feature::BlockSid(BlockSid { is_sid_changed: false, is_blocked: true }),
            Feature::DataRemoval(DataRemoval { is_processing: true, was_interrupted: false, mechanisms: 0x06 }),
            Feature::Other { code: 0xC000, version: 3, payload: &[0xAA] },
        ];
        assert_eq!(features, expected);
    }

    #[test]
    fn every_class_has_its_code() {
        let class = |high, low| {
            let bytes = answer(&[&[high, low, 0x10, 0x04, 0x10, 0x00, 0x00, 0x02]]);
            let found = Discovery::new(&bytes).unwrap().subsystem().unwrap();
            assert_eq!((found.com_id, found.com_ids, found.initial_pin), (0x1000, 2, None));
            found.class
        };
        assert_eq!(class(0x01, 0x00), Class::Enterprise);
        assert_eq!(class(0x02, 0x00), Class::OpalV1);
        assert_eq!(class(0x03, 0x01), Class::Opalite);
        assert_eq!(class(0x03, 0x02), Class::PyriteV1);
        assert_eq!(class(0x03, 0x03), Class::PyriteV2);
        assert_eq!(class(0x03, 0x04), Class::Ruby);
        assert_eq!(class(0x03, 0x05), Class::KeyPerIo);
    }

    #[test]
    fn half_an_answer_is_none() {
        let bytes = answer(&[&TPER, &LOCKING]);
        assert!(Discovery::new(&bytes).is_some());
        assert!(Discovery::new(&bytes[..79]).is_none(), "shorter than it says");
        assert!(Discovery::new(&[0; 2048]).is_none());
        assert!(Discovery::new(&[0xFF; 2048]).is_none());
        let mut long = bytes.clone();
        long[67] = 0x0D;
        assert!(Discovery::new(&long).is_none(), "the last descriptor goes beyond the end");
        // A Locking feature without its byte is kept, and is no Locking feature.
        let bytes = answer(&[&[0x00, 0x02, 0x10, 0x00]]);
        let discovery = Discovery::new(&bytes).unwrap();
        assert_eq!(discovery.locking(), None);
        assert_eq!(discovery.features().next(), Some(Feature::Other { code: 2, version: 1, payload: &[] }));
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_value_or_none(bytes: Vec<u8>, features: Vec<u8>) {
            for bytes in [bytes, answer(&[&features])] {
                if let Some(discovery) = Discovery::new(&bytes) {
                    let _ = (discovery.locking(), discovery.subsystem(), discovery.features().count());
                }
            }
        }
    }
}
