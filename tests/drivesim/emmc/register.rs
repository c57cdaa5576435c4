//! What an eMMC device says of itself: CID, CSD and extended CSD (JESD84-B51 7.2 to 7.4).

use crate::bytes::{put, put_text};
use crate::scenario::DriveSpec;

/// Fields of the extended CSD, by the byte that they are in.
pub(super) const PARTITIONING_SUPPORT: usize = 160;
pub(super) const SANITIZE_START: usize = 165;
pub(super) const RPMB_SIZE_MULT: usize = 168;
pub(super) const USER_WP: usize = 171;
pub(super) const BOOT_WP: usize = 173;
pub(super) const BOOT_WP_STATUS: usize = 174;
pub(super) const ERASE_GROUP_DEF: usize = 175;
pub(super) const PARTITION_CONFIG: usize = 179;
pub(super) const BUS_WIDTH: usize = 183;
pub(super) const HS_TIMING: usize = 185;
/// Fields from here on are read only.
pub(super) const PROPERTIES: usize = 192;

/// Blocks of an erase group, by `HC_ERASE_GRP_SIZE` = 1 and by the CSD.
pub(super) const GROUP: u64 = 1024;

/// Puts `value` into bits `high` down to `low` of a register of 128 bits.
fn set(register: &mut u128, high: u32, low: u32, value: u128) {
    let mask = (1 << (high - low + 1)) - 1;
    *register = *register & !(mask << low) | (value & mask) << low;
}

/// The CID (7.2): manufacturer 5Dh, a BGA, `serial` as the product serial number, made in November 2025.
pub(super) fn cid(model: &str, serial: u32) -> u128 {
    let mut name = [0; 6];
    put_text(&mut name, 0, 6, model);
    let name = name.iter().fold(0, |name: u128, byte| name << 8 | u128::from(*byte));
    let mut cid = 1;
    set(&mut cid, 127, 120, 0x5d);
    set(&mut cid, 113, 112, 1);
    set(&mut cid, 111, 104, 0x50);
    set(&mut cid, 103, 56, name);
    set(&mut cid, 55, 48, 0x10);
    set(&mut cid, 47, 16, serial.into());
    // MDT: the month in the upper half; the year from 2013 on for EXT_CSD_REV above 4.
    set(&mut cid, 15, 8, 11 << 4 | (2025 - 2013));
    cid
}

/// The CSD (7.3) of a device of more than 2 GB: the size is in the extended CSD.
pub(super) fn csd() -> u128 {
    let mut csd = 1;
    let fields = [
        (127, 126, 3),
        (125, 122, 4),
        (119, 112, 0x4f),
        (111, 104, 1),
        // 26 MHz; classes 0, 2, 4, 5, 6.
        (103, 96, 0x32),
        (95, 84, 0x075),
        (83, 80, 9),
        (73, 62, 0xfff),
        (49, 47, 7),
        // Erase groups of 32 x 32 blocks; write protection groups of one of them.
        (46, 42, 31),
        (41, 37, 31),
        (31, 31, 1),
        (28, 26, 2),
        (25, 22, 9),
    ];
    for (high, low, value) in fields {
        set(&mut csd, high, low, value);
    }
    csd
}

/// The extended CSD (7.4) at power-on.
pub(super) fn extended_csd(spec: &DriveSpec, user_blocks: u64) -> [u8; 512] {
    let emmc = &spec.emmc;
    let units = |kib: u64| u8::try_from(kib / 128).unwrap_or(u8::MAX);
    let mut register = [0; 512];
    // Boot areas, GP areas and enhanced areas could be partitioned.
    put(&mut register, PARTITIONING_SUPPORT, &[7]);
    put(&mut register, RPMB_SIZE_MULT, &[units(emmc.rpmb_kib)]);
    // EXT_CSD_REV 5.1, CSD_STRUCTURE, high speed at 26 and 52 MHz.
    put(&mut register, 192, &[8, 0, 2, 0, 3]);
    put(&mut register, 212, &u32::try_from(user_blocks).unwrap_or(u32::MAX).to_le_bytes());
    // HC_WP_GRP_SIZE, REL_WR_SEC_C, ERASE_TIMEOUT_MULT, HC_ERASE_GRP_SIZE, ACC_SIZE, BOOT_SIZE_MULT.
    put(&mut register, 221, &[1, 1, 1, 1, 6, units(emmc.boot_kib)]);
    // SEC_TRIM_MULT, SEC_ERASE_MULT, SEC_FEATURE_SUPPORT, TRIM_MULT.
    let features = u8::from(emmc.secure_erase) | u8::from(emmc.trim) << 4 | u8::from(emmc.sanitize) << 6;
    put(&mut register, 229, &[1, 1, features, 1]);
    // GENERIC_CMD6_TIME.
    put(&mut register, 248, &[25]);
    put_text(&mut register, 254, 8, &spec.firmware);
    // PRE_EOL_INFO normal; 0-10 % and 10-20 % of the life used.
    put(&mut register, 267, &[1, 1, 2]);
    put(&mut register, 504, &[1]);
    if spec.faults.write_protected {
        // US_PWR_WP_EN.
        put(&mut register, USER_WP, &[1]);
    }
    if spec.faults.write_protected || emmc.boot_protected {
        // Both boot areas are protected until power-off.
        put(&mut register, BOOT_WP, &[1, 0x05]);
    }
    register
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cid_by_hand() {
        // MID 5D, CBX 1, OID 50, PNM "PPSIM ", PRV 1.0, PSN 1A2B3C4D, MDT 11/2025, the last bit 1.
        assert_eq!(cid("PPSIM", 0x1a2b_3c4d), 0x5d01_5050_5053_494d_2010_1a2b_3c4d_bc01);
    }

    #[test]
    fn the_csd_by_hand() {
        // 1101_0000 4F 01 32 | CCC 075h, READ_BL_LEN 9 -> 0759 | C_SIZE FFF at 73:62 -> 03FF C.. | ...
        let csd = csd();
        assert_eq!(csd >> 96, 0xd04f_0132);
        assert_eq!(csd >> 84 & 0xfff, 0x075);
        assert_eq!(csd >> 62 & 0xfff, 0xfff);
        assert_eq!((csd >> 42 & 31, csd >> 37 & 31), (31, 31));
    }
}
