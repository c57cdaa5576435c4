//! eMMC: the registers `EXT_CSD`, CID and device status, and the commands that erase (JESD84-B51).

use alloc::string::String;
use core::fmt;

use crate::scsi::text;

const KIB: u64 = 1024;

// Offsets in EXT_CSD (JESD84-B51 §7.4).
const GP_SIZE_MULT: usize = 143;
const RPMB_SIZE_MULT: usize = 168;
const BOOT_WP: usize = 173;
const BOOT_WP_STATUS: usize = 174;
const ERASE_GROUP_DEF: usize = 175;
const PARTITION_CONFIG: usize = 179;
const ERASED_MEM_CONT: usize = 181;
const EXT_CSD_REV: usize = 192;
const SEC_COUNT: usize = 212;
const HC_WP_GRP_SIZE: usize = 221;
const ERASE_TIMEOUT_MULT: usize = 223;
const HC_ERASE_GRP_SIZE: usize = 224;
const BOOT_SIZE_MULT: usize = 226;
const SEC_TRIM_MULT: usize = 229;
const SEC_ERASE_MULT: usize = 230;
const SEC_FEATURE_SUPPORT: usize = 231;
const TRIM_MULT: usize = 232;
const PRE_EOL: usize = 267;
const LIFE_TIME_A: usize = 268;
const LIFE_TIME_B: usize = 269;

/// The extended card-specific data, `EXT_CSD`: 512 bytes, least significant byte first.
#[derive(Clone, Copy, Debug)]
pub struct ExtCsd<'a>(&'a [u8; 512]);

impl<'a> ExtCsd<'a> {
    /// `None` without a sector count: a device of no more than 2 GiB may keep its size in the CSD alone, and an answer of zeros is
    /// none at all.
    pub fn new(bytes: &'a [u8; 512]) -> Option<Self> {
        let this = Self(bytes);
        (this.sectors() != 0).then_some(this)
    }

    /// `EXT_CSD_REV`: 5 is 4.41, 6 is 4.5, 7 is 5.0, 8 is 5.1.
    pub const fn revision(self) -> u8 {
        self.0[EXT_CSD_REV]
    }

    /// `SEC_COUNT`: the user area in sectors of 512 bytes.
    pub const fn sectors(self) -> u32 {
        u32::from_le_bytes([self.0[SEC_COUNT], self.0[SEC_COUNT + 1], self.0[SEC_COUNT + 2], self.0[SEC_COUNT + 3]])
    }

    /// What addresses in commands count. `None` for a device of no more than 2 GiB: only its OCR register, which it shows while it is set
    /// up, says whether it counts bytes (access mode 00b) or sectors.
    pub const fn addressing(self) -> Option<Addressing> {
        if self.sectors() > 0x0040_0000 { Some(Addressing::Sectors) } else { None }
    }

    /// `SEC_FEATURE_SUPPORT`: what the device can erase with.
    pub const fn security(self) -> SecurityFeatures {
        let bits = self.0[SEC_FEATURE_SUPPORT];
        SecurityFeatures { secure_erase: bits & 0x01 != 0, trim: bits & 0x10 != 0, sanitize: bits & 0x40 != 0 }
    }

    /// `ERASE_GROUP_DEF`: the high-capacity erase group and its time-outs are in force. It is 0 after each power cycle.
    pub const fn has_high_capacity_groups(self) -> bool {
        self.0[ERASE_GROUP_DEF] & 0x01 != 0
    }

    /// `HC_ERASE_GRP_SIZE` × 512 KiB; `None` if the device has no such groups.
    pub fn erase_group_bytes(self) -> Option<u64> {
        self.product(&[HC_ERASE_GRP_SIZE], 512 * KIB)
    }

    /// How long ERASE may take for one erase group: 300 ms × `ERASE_TIMEOUT_MULT`.
    pub fn erase_timeout_ms(self) -> Option<u64> {
        self.product(&[ERASE_TIMEOUT_MULT], 300)
    }

    /// The same for TRIM: 300 ms × `TRIM_MULT`.
    pub fn trim_timeout_ms(self) -> Option<u64> {
        self.product(&[TRIM_MULT], 300)
    }

    /// The same for SECURE ERASE: 300 ms × `ERASE_TIMEOUT_MULT` × `SEC_ERASE_MULT`.
    pub fn secure_erase_timeout_ms(self) -> Option<u64> {
        self.product(&[ERASE_TIMEOUT_MULT, SEC_ERASE_MULT], 300)
    }

    /// The same for SECURE TRIM: 300 ms × `ERASE_TIMEOUT_MULT` × `SEC_TRIM_MULT`.
    pub fn secure_trim_timeout_ms(self) -> Option<u64> {
        self.product(&[ERASE_TIMEOUT_MULT, SEC_TRIM_MULT], 300)
    }

    /// Each of the two boot partitions: `BOOT_SIZE_MULT` × 128 KiB. `None` if there are none.
    pub fn boot_partition_bytes(self) -> Option<u64> {
        self.product(&[BOOT_SIZE_MULT], 128 * KIB)
    }

    /// The replay protected memory block, which a host without its key cannot erase: `RPMB_SIZE_MULT` × 128 KiB.
    pub fn rpmb_bytes(self) -> Option<u64> {
        self.product(&[RPMB_SIZE_MULT], 128 * KIB)
    }

    /// The four general purpose partitions: `GP_SIZE_MULT` (three bytes each) × `HC_WP_GRP_SIZE` × `HC_ERASE_GRP_SIZE` × 512 KiB.
    /// `None` where there is no partition.
    pub fn general_purpose_bytes(self) -> [Option<u64>; 4] {
        let group = self.product(&[HC_WP_GRP_SIZE, HC_ERASE_GRP_SIZE], 512 * KIB);
        [0, 3, 6, 9].map(|offset| {
            let size = self.0.get(GP_SIZE_MULT + offset..)?.first_chunk::<3>()?;
            let count = u32::from_le_bytes([size[0], size[1], size[2], 0]);
            group.map(|bytes| bytes * u64::from(count)).filter(|bytes| *bytes != 0)
        })
    }

    /// `PARTITION_CONFIG`, as it is: what the device boots from, and in the low three bits the partition that is addressed now.
    pub const fn partition_config(self) -> u8 {
        self.0[PARTITION_CONFIG]
    }

    /// Whether each of the boot partitions is write protected, for good or until the next power cycle: `BOOT_WP_STATUS` has two bits for
    /// each. Devices before 4.5 have `BOOT_WP` alone, whose bits 0 (power-on) and 2 (permanent) concern both.
    pub const fn protects_boot(self) -> [bool; 2] {
        let both = self.0[BOOT_WP_STATUS] == 0 && self.revision() < 6 && self.0[BOOT_WP] & 0b101 != 0;
        [both || self.0[BOOT_WP_STATUS] & 0b0011 != 0, both || self.0[BOOT_WP_STATUS] & 0b1100 != 0]
    }

    /// `ERASED_MEM_CONT`: the byte that erased memory reads as, 00h or `FFh`.
    pub const fn erased_byte(self) -> u8 {
        if self.0[ERASED_MEM_CONT] & 0x01 != 0 { 0xFF } else { 0x00 }
    }

    /// `DEVICE_LIFE_TIME_EST_TYP_A` and `_B` (revision 7 and later): what they measure is the vendor's choice, by custom the two
    /// kinds of cells.
    pub const fn life_time(self) -> [LifeTime; 2] {
        [LifeTime::from_code(self.0[LIFE_TIME_A]), LifeTime::from_code(self.0[LIFE_TIME_B])]
    }

    /// `PRE_EOL_INFO` (revision 7 and later): how much of the spare blocks is used up.
    pub const fn pre_end_of_life(self) -> PreEndOfLife {
        match self.0[PRE_EOL] {
            0x01 => PreEndOfLife::Normal,
            0x02 => PreEndOfLife::Warning,
            0x03 => PreEndOfLife::Urgent,
            other => PreEndOfLife::Other(other),
        }
    }

    /// Bytes of the register multiplied, times a unit; a factor of 0 is "not defined".
    fn product(self, factors: &[usize], unit: u64) -> Option<u64> {
        let product = factors.iter().try_fold(unit, |product, at| Some(product * u64::from(*self.0.get(*at)?)))?;
        (product != 0).then_some(product)
    }
}

/// What addresses in commands count. The same argument means something else on the other kind of device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressing {
    /// Bytes.
    Bytes,
    /// Sectors of 512 bytes.
    Sectors,
}

impl Addressing {
    /// The address of a sector; `None` if it does not fit.
    const fn address(self, sector: u32) -> Option<u32> {
        match self {
            Self::Sectors => Some(sector),
            Self::Bytes => sector.checked_mul(512),
        }
    }
}

/// `SEC_FEATURE_SUPPORT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecurityFeatures {
    /// Bit 0, `SECURE_ER_EN`: SECURE ERASE, and with `trim` SECURE TRIM.
    pub secure_erase: bool,
    /// Bit 4, `SEC_GB_CL_EN`: TRIM.
    pub trim: bool,
    /// Bit 6, `SEC_SANITIZE`: `SANITIZE_START` (4.5 and later).
    pub sanitize: bool,
}

/// An estimate of the life time used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LifeTime {
    /// 00h.
    NotDefined,
    /// 01h to 0Ah: at most this many per cent.
    UpToPercent(u8),
    /// 0Bh: more than it was made for.
    Exceeded,
    /// Reserved, as sent.
    Other(u8),
}

impl LifeTime {
    const fn from_code(code: u8) -> Self {
        match code {
            0x00 => Self::NotDefined,
            0x01..=0x0A => Self::UpToPercent(code * 10),
            0x0B => Self::Exceeded,
            other => Self::Other(other),
        }
    }
}

/// How much of the spare blocks is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PreEndOfLife {
    /// 01h.
    Normal,
    /// 02h: 80 %.
    Warning,
    /// 03h: 90 %.
    Urgent,
    /// 00h, "not defined", and what is reserved.
    Other(u8),
}

/// The card identification register, CID (JESD84-B51 §7.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cid {
    /// MID: who made it, by the number that JEDEC gave out.
    pub manufacturer: u8,
    /// OID: the maker's customer or brand.
    pub oem: u8,
    /// PNM: six characters.
    pub name: Option<String>,
    /// PRV: two digits, major and minor.
    pub revision: u8,
    /// PSN.
    pub serial: u32,
    /// MDT, as sent: month in the high four bits, year in the low four.
    pub date: u8,
}

impl Cid {
    /// The 16 bytes of the register, most significant first, as Linux prints them in `cid`. `None` if there are zeros only.
    pub fn new(bytes: &[u8; 16]) -> Option<Self> {
        let [manufacturer, _, oem, name @ .., revision, a, b, c, d, date, _] = bytes;
        bytes.iter().any(|byte| *byte != 0).then(|| Self {
            manufacturer: *manufacturer,
            oem: *oem,
            name: text(name),
            revision: *revision,
            serial: u32::from_be_bytes([*a, *b, *c, *d]),
            date: *date,
        })
    }

    /// Year and month (1 to 12) of manufacture. Four bits hold sixteen years from 1997 on; from `EXT_CSD` revision 5 on, the codes 0
    /// to 12 count from 2013 instead. `None` for a month that there is not.
    pub fn manufactured(&self, ext_csd_revision: u8) -> Option<(u16, u8)> {
        let (month, code) = (self.date >> 4, self.date & 0x0F);
        let epoch = if ext_csd_revision >= 5 && code <= 12 { 2013 } else { 1997 };
        (1..=12).contains(&month).then_some((epoch + u16::from(code), month))
    }
}

/// Whether the device is write protected as a whole, by the card-specific data, CSD (JESD84-B51 §7.3): `PERM_WRITE_PROTECT` is bit 13 of
/// the 128, `TMP_WRITE_PROTECT` bit 12. Most significant byte first, as Linux prints them in `csd`.
pub const fn csd_protects(csd: &[u8; 16]) -> bool {
    csd[14] & 0x30 != 0
}

/// What ERASE does with the addressed groups: the argument of CMD38 (JESD84-B51).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Erase {
    /// Whole erase groups, at the leisure of the device.
    Erase = 0x0000_0000,
    /// Write blocks.
    Trim = 0x0000_0001,
    /// Whole erase groups, with all copies of the data, before the command ends (obsolete since 4.51).
    SecureErase = 0x8000_0000,
    /// Mark write blocks for [`Self::SecureTrimStep2`].
    SecureTrimStep1 = 0x8000_0001,
    /// Erase what step 1 has marked.
    SecureTrimStep2 = 0x8000_8000,
}

/// What a command is answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Response {
    /// R1: the device status.
    R1,
    /// R1b: the device status, then busy until the work is done.
    R1b,
}

/// A command. Its data, if it has any, are the caller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Command {
    /// CMD0 to CMD63.
    pub index: u8,
    /// The argument.
    pub argument: u32,
    /// The response.
    pub response: Response,
}

/// A physical partition, by its `PARTITION_ACCESS`, the low three bits of `PARTITION_CONFIG` (JESD84-B51; `EXT_CSD_PART_CONFIG_ACC_GP0` in
/// Linux).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Partition {
    /// The user area.
    User = 0,
    /// Boot partition 1.
    Boot1 = 1,
    /// Boot partition 2.
    Boot2 = 2,
    /// General purpose partition 1.
    GeneralPurpose1 = 4,
    /// General purpose partition 2.
    GeneralPurpose2 = 5,
    /// General purpose partition 3.
    GeneralPurpose3 = 6,
    /// General purpose partition 4.
    GeneralPurpose4 = 7,
}

/// CMD8, `SEND_EXT_CSD`: 512 bytes come.
pub const fn send_ext_csd() -> Command {
    Command { index: 8, argument: 0, response: Response::R1 }
}

/// CMD23, `SET_BLOCK_COUNT`: how many blocks of 512 bytes the read after it gives.
pub const fn set_block_count(blocks: u16) -> Command {
    Command { index: 23, argument: blocks as u32, response: Response::R1 }
}

/// CMD18, `READ_MULTIPLE_BLOCK`, from a sector on. `None` as for [`erase_group_start`].
pub fn read_multiple(addressing: Addressing, sector: u32) -> Option<Command> {
    Some(Command { index: 18, argument: addressing.address(sector)?, response: Response::R1 })
}

/// CMD35, `ERASE_GROUP_START`: the first sector. `None` if the device has no address for it.
pub fn erase_group_start(addressing: Addressing, sector: u32) -> Option<Command> {
    Some(Command { index: 35, argument: addressing.address(sector)?, response: Response::R1 })
}

/// CMD36, `ERASE_GROUP_END`: a sector in the last group (for TRIM, the last sector), which is erased too. `None` as for
/// [`erase_group_start`].
pub fn erase_group_end(addressing: Addressing, sector: u32) -> Option<Command> {
    Some(Command { index: 36, argument: addressing.address(sector)?, response: Response::R1 })
}

/// CMD38, ERASE, from CMD35 to CMD36.
pub const fn erase(what: Erase) -> Command {
    Command { index: 38, argument: what as u32, response: Response::R1b }
}

/// CMD6, SWITCH, `SANITIZE_START`, byte 165: start to remove what has been erased but is still in the cells. Busy for minutes.
pub const fn sanitize_start() -> Command {
    switch(165, 1)
}

/// CMD6, SWITCH, `ERASE_GROUP_DEF`, byte 175: put the high-capacity erase groups in force, whose size `EXT_CSD` gives.
pub const fn use_high_capacity_groups() -> Command {
    switch(175, 1)
}

/// CMD13, `SEND_STATUS`.
pub const fn send_status(relative_address: u16) -> Command {
    Command { index: 13, argument: (relative_address as u32) << 16, response: Response::R1 }
}

/// CMD6 with access mode 11b, "write byte", and command set 1.
const fn switch(index: u8, value: u8) -> Command {
    let argument = 3 << 24 | (index as u32) << 16 | (value as u32) << 8 | 1;
    Command { index: 6, argument, response: Response::R1b }
}

/// The device status, in R1 and R1b (JESD84-B51).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status(pub u32);

impl Status {
    /// Bits 31 to 26 (addresses, erase sequence and parameters, write protection), 24 to 19 (unlock, CRC, illegal command, ECC,
    /// general errors), 16 and 15 (overwrite of a read-only register; protected blocks were skipped in an erase), 13 (erase sequence
    /// cleared) and 7 (switch refused).
    const ERRORS: u32 = 0xFDF9_A080;

    /// The bits that say that something went wrong.
    pub const fn errors(self) -> u32 {
        self.0 & Self::ERRORS
    }

    /// `DEVICE_IS_LOCKED`, bit 25: by a password.
    pub const fn is_locked(self) -> bool {
        self.0 >> 25 & 1 != 0
    }

    /// `READY_FOR_DATA`, and `CURRENT_STATE` is not 7, "programming": nothing is under way.
    pub const fn is_idle(self) -> bool {
        self.0 & 0x100 != 0 && self.0 >> 9 & 0xF != 7
    }
}

impl fmt::Display for Status {
    /// The errors by their names, or "no error".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const NAMES: [(u32, &str); 16] = [
            (31, "ADDRESS_OUT_OF_RANGE"),
            (30, "ADDRESS_MISALIGN"),
            (29, "BLOCK_LEN_ERROR"),
            (28, "ERASE_SEQ_ERROR"),
            (27, "ERASE_PARAM"),
            (26, "WP_VIOLATION"),
            (24, "LOCK_UNLOCK_FAILED"),
            (23, "COM_CRC_ERROR"),
            (22, "ILLEGAL_COMMAND"),
            (21, "DEVICE_ECC_FAILED"),
            (20, "CC_ERROR"),
            (19, "ERROR"),
            (16, "CID/CSD_OVERWRITE"),
            (15, "WP_ERASE_SKIP"),
            (13, "ERASE_RESET"),
            (7, "SWITCH_ERROR"),
        ];
        let mut names = NAMES.iter().filter(|(bit, _)| self.0 >> bit & 1 != 0).map(|(_, name)| *name);
        f.write_str(names.next().unwrap_or("no error"))?;
        names.try_for_each(|name| write!(f, ", {name}"))
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    /// A 5.1 device of 7634944 sectors (00748000h).
    fn register() -> [u8; 512] {
        let mut bytes = [0_u8; 512];
        for (at, value) in [
            (143, 0x02),
            (149, 0x00),
            (153, 0x01),
            (168, 0x20),
            (175, 0x01),
            (179, 0x4A),
            (181, 0x01),
            (192, 0x08),
            (213, 0x80),
            (214, 0x74),
            (221, 0x10),
            (223, 0x05),
            (224, 0x08),
            (226, 0x20),
            (229, 0x03),
            (230, 0x04),
            (231, 0x55),
            (232, 0x02),
            (267, 0x02),
            (268, 0x03),
            (269, 0x0B),
        ] {
            bytes[at] = value;
        }
        bytes
    }

    #[test]
    fn the_register_is_read_at_its_offsets() {
        let bytes = register();
        let ext_csd = ExtCsd::new(&bytes).unwrap();
        assert_eq!((ext_csd.revision(), ext_csd.sectors()), (8, 7_634_944));
        assert_eq!(ext_csd.security(), SecurityFeatures { secure_erase: true, trim: true, sanitize: true });
        assert!(ext_csd.has_high_capacity_groups());
        assert_eq!(ext_csd.erase_group_bytes(), Some(4_194_304), "8 x 512 KiB");
        assert_eq!(ext_csd.boot_partition_bytes(), Some(4_194_304), "32 x 128 KiB");
        assert_eq!(ext_csd.rpmb_bytes(), Some(4_194_304));
        // 16 x 8 x 512 KiB = 64 MiB; two of them, and 000100h = 256 in the middle byte of the fourth size (152 to 154).
        let partitions = [Some(134_217_728), None, None, Some(17_179_869_184)];
        assert_eq!(ext_csd.general_purpose_bytes(), partitions);
        assert_eq!(ext_csd.erased_byte(), 0xFF);
        assert_eq!(ext_csd.life_time(), [LifeTime::UpToPercent(30), LifeTime::Exceeded]);
        assert_eq!(ext_csd.pre_end_of_life(), PreEndOfLife::Warning);
    }

    #[test]
    fn timeouts_multiply() {
        let mut bytes = register();
        let ext_csd = ExtCsd::new(&bytes).unwrap();
        assert_eq!(ext_csd.erase_timeout_ms(), Some(1500));
        assert_eq!(ext_csd.trim_timeout_ms(), Some(600));
        assert_eq!(ext_csd.secure_erase_timeout_ms(), Some(6000));
        assert_eq!(ext_csd.secure_trim_timeout_ms(), Some(4500));
        bytes[223] = 0;
        let ext_csd = ExtCsd::new(&bytes).unwrap();
        assert_eq!((ext_csd.erase_timeout_ms(), ext_csd.secure_erase_timeout_ms()), (None, None));
    }

    #[test]
    fn each_feature_is_a_bit_of_its_own() {
        let features = |bits| {
            let mut bytes = register();
            bytes[231] = bits;
            let found = ExtCsd::new(&bytes).unwrap().security();
            (found.secure_erase, found.trim, found.sanitize)
        };
        assert_eq!(features(0x01), (true, false, false));
        assert_eq!(features(0x10), (false, true, false));
        assert_eq!(features(0x40), (false, false, true));
        assert_eq!(features(0xAE), (false, false, false));
    }

    #[test]
    fn zeros_are_no_register() {
        assert!(ExtCsd::new(&[0; 512]).is_none());
        assert!(Cid::new(&[0; 16]).is_none());
    }

    #[test]
    fn the_cid_names_the_device() {
        // Samsung (15h), BGA (01h), OID 00h, "8GND3R", 0.1, 1234ABCDh, June of year code 5, CRC.
        let bytes = *b"\x15\x01\x008GND3R\x01\x12\x34\xAB\xCD\x65\x4F";
        let cid = Cid::new(&bytes).unwrap();
        assert_eq!((cid.manufacturer, cid.oem, cid.revision), (0x15, 0x00, 0x01));
        assert_eq!((cid.name.as_deref(), cid.serial), (Some("8GND3R"), 0x1234_ABCD));
        assert_eq!(cid.manufactured(8), Some((2018, 6)));
        assert_eq!(cid.manufactured(4), Some((2002, 6)));
        let dated = |date| Cid { date, ..cid.clone() }.manufactured(8);
        assert_eq!(dated(0x1D), Some((2010, 1)), "codes 13 to 15 stay where they were");
        assert_eq!(dated(0xCC), Some((2025, 12)));
        assert_eq!((dated(0x05), dated(0xD5)), (None, None));
    }

    #[test]
    fn erase_commands() {
        let argument = |what| erase(what).argument;
        assert_eq!(erase(Erase::Erase), Command { index: 38, argument: 0, response: Response::R1b });
        assert_eq!(argument(Erase::Trim), 0x0000_0001);
        assert_eq!(argument(Erase::SecureErase), 0x8000_0000);
        assert_eq!(argument(Erase::SecureTrimStep1), 0x8000_0001);
        assert_eq!(argument(Erase::SecureTrimStep2), 0x8000_8000);
    }

    #[test]
    fn addresses_count_sectors_or_bytes() {
        let addressing = |sectors: u32| {
            let mut bytes = register();
            bytes[212..216].copy_from_slice(&sectors.to_le_bytes());
            ExtCsd::new(&bytes).unwrap().addressing()
        };
        assert_eq!((addressing(0x0040_0001), addressing(0x0040_0000)), (Some(Addressing::Sectors), None), "2 GiB");
        let arguments = |addressing, sector| {
            let commands = erase_group_start(addressing, sector).zip(erase_group_end(addressing, sector));
            commands.map(|(start, end)| (start.index, start.argument, end.index, end.argument))
        };
        assert_eq!(arguments(Addressing::Sectors, 0x0080_0000), Some((35, 0x0080_0000, 36, 0x0080_0000)));
        assert_eq!(arguments(Addressing::Bytes, 0x2000), Some((35, 0x0040_0000, 36, 0x0040_0000)));
        assert_eq!(arguments(Addressing::Bytes, 0x0080_0000), None);
    }

    #[test]
    fn switch_commands() {
        assert_eq!(sanitize_start(), Command { index: 6, argument: 0x03A5_0101, response: Response::R1b });
        assert_eq!(use_high_capacity_groups().argument, 0x03AF_0101);
        assert_eq!(send_status(1), Command { index: 13, argument: 0x0001_0000, response: Response::R1 });
    }

    #[test]
    fn reads_say_how_much_and_from_where() {
        let bytes = register();
        let ext_csd = ExtCsd::new(&bytes).unwrap();
        assert_eq!((send_ext_csd().index, send_ext_csd().argument), (8, 0));
        assert_eq!((set_block_count(1024).index, set_block_count(1024).argument), (23, 0x400));
        let read = read_multiple(Addressing::Sectors, 0x2000).unwrap();
        assert_eq!((read.index, read.argument, read.response), (18, 0x2000, Response::R1));
        assert_eq!(ext_csd.partition_config(), 0x4A);
    }

    #[test]
    fn protection_of_each_boot_partition_and_of_the_device() {
        let protects = |revision, old, status| {
            let mut bytes = register();
            (bytes[192], bytes[173], bytes[174]) = (revision, old, status);
            ExtCsd::new(&bytes).unwrap().protects_boot()
        };
        assert_eq!(protects(8, 0x00, 0x00), [false, false]);
        assert_eq!(protects(8, 0x00, 0x01), [true, false], "power-on");
        assert_eq!(protects(8, 0x00, 0x08), [false, true], "permanent");
        assert_eq!(protects(8, 0x05, 0x04), [false, true], "the status says which");
        assert_eq!(protects(5, 0x01, 0x00), [true, true]);
        assert_eq!(protects(5, 0x50, 0x00), [false, false], "protection is disabled");
        let mut csd = [0; 16];
        assert!(!csd_protects(&csd));
        csd[14] = 0x10;
        assert!(csd_protects(&csd));
        csd[14] = 0x20;
        assert!(csd_protects(&csd));
    }

    #[test]
    fn the_status_tells_errors_from_states() {
        use alloc::string::ToString;
        assert_eq!(Status(0x0000_0900).to_string(), "no error");
        assert_eq!(Status(0x1400_8980).to_string(), "ERASE_SEQ_ERROR, WP_VIOLATION, WP_ERASE_SKIP, SWITCH_ERROR");
        assert!(Status(0x0200_0900).is_locked() && !Status(0xFDFF_FFFF).is_locked());
        // Transfer state (4), ready.
        assert_eq!((Status(0x0000_0900).errors(), Status(0x0000_0900).is_idle()), (0, true));
        assert!(!Status(0x0000_0F00).is_idle(), "programming");
        assert!(!Status(0x0000_0800).is_idle(), "not ready for data");
        assert_eq!(Status(0x1000_0900).errors(), 0x1000_0000, "erase sequence error");
        assert_eq!(Status(0x0800_0900).errors(), 0x0800_0000, "erase parameter");
        assert_eq!(Status(0x0400_0900).errors(), 0x0400_0000, "write protection violation");
        assert_eq!(Status(0x0000_8900).errors(), 0x0000_8000, "protected blocks skipped");
        assert_eq!(Status(0x0000_0980).errors(), 0x0000_0080, "switch error");
        assert_eq!(Status(0x0200_4940).errors(), 0, "locked, ECC disabled and exception event are states");
    }

    proptest! {
        #[test]
        fn any_register_gives_values(bytes in proptest::collection::vec(any::<u8>(), 512), cid: [u8; 16], revision: u8) {
            let bytes: Vec<u8> = bytes;
            if let Some(ext_csd) = ExtCsd::new(bytes.first_chunk().unwrap()) {
                let _ = (ext_csd.general_purpose_bytes(), ext_csd.life_time(), ext_csd.pre_end_of_life());
                let _ = ext_csd.secure_erase_timeout_ms();
            }
            let _ = Cid::new(&cid).and_then(|cid| cid.manufactured(revision));
        }
    }
}
