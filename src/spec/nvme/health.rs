//! The SMART / Health Information (02h), Firmware Slot Information (03h) and Boot Partition (15h) log pages.

use zerocopy::little_endian::{U16, U128};
use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

use super::{DecodeError, parse};

/// The SMART / Health Information log page: read before and after an erase, it shows what the erase has done to the drive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Smart {
    /// What the drive warns of.
    pub critical_warning: CriticalWarning,
    /// CTEMP, Composite Temperature, in kelvin.
    pub kelvin: u16,
    /// AVSP, Available Spare: percent of what there was.
    pub spare_percent: u8,
    /// AVSPT, Available Spare Threshold: percent below which the drive warns.
    pub spare_threshold_percent: u8,
    /// PUSED, Percentage Used: of the life that its maker foresaw; can pass 100, stops at 255.
    pub used_percent: u8,
    /// DUR, Data Units Read: in thousands of 512 bytes, rounded up.
    pub data_units_read: u128,
    /// DUW, Data Units Written: likewise.
    pub data_units_written: u128,
    /// PWRC, Power Cycles.
    pub power_cycles: u128,
    /// POH, Power On Hours.
    pub power_on_hours: u128,
    /// UPL, Unexpected Power Losses ("unsafe shutdowns" in earlier revisions).
    pub unsafe_shutdowns: u128,
    /// MDIE, Media and Data Integrity Errors.
    pub media_errors: u128,
}

/// The Critical Warning byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CriticalWarning(u8);

impl CriticalWarning {
    /// The byte as it came; 0 is no warning.
    pub const fn raw(self) -> u8 {
        self.0
    }

    /// Bit 0: the spare is below its threshold.
    pub const fn spare_low(self) -> bool {
        self.0 & 1 == 1
    }

    /// Bit 1: a temperature is outside its thresholds.
    pub const fn temperature(self) -> bool {
        self.0 >> 1 & 1 == 1
    }

    /// Bit 2: reliability is degraded by media errors or an internal one.
    pub const fn reliability_degraded(self) -> bool {
        self.0 >> 2 & 1 == 1
    }

    /// Bit 3: all media is read only, worn out.
    pub const fn read_only(self) -> bool {
        self.0 >> 3 & 1 == 1
    }
}

/// AFI of the Firmware Slot Information log page: which firmware runs, and which will.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirmwareSlots {
    /// Bits 2:0: the slot that the running firmware was loaded from.
    pub active: u8,
    /// Bits 6:4: the slot that the next controller reset activates; `None` if none is named. Sanitize is refused while an activation
    /// waits for a reset.
    pub next: Option<u8>,
}

/// BPINFO of the Boot Partition log page. There are two, of the same size; no erase reaches them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BootPartitions {
    /// BPSZ, bits 14:0, in units of 128 KiB: already converted. Bytes of each.
    pub bytes_each: u64,
}

#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct SmartPage {
    critical_warning: u8,
    ctemp: U16,
    avsp: u8,
    avspt: u8,
    pused: u8,
    skipped_6: [u8; 26],
    dur: U128,
    duw: U128,
    hrc: U128,
    hwc: U128,
    cbt: U128,
    pwrc: U128,
    poh: U128,
    upl: U128,
    mdie: U128,
    skipped_176: [u8; 336],
}

const _: () = {
    assert!(core::mem::offset_of!(SmartPage, dur) == 32);
    assert!(core::mem::offset_of!(SmartPage, poh) == 128);
    assert!(core::mem::offset_of!(SmartPage, mdie) == 160);
    assert!(size_of::<SmartPage>() == 512);
};

impl Smart {
    /// From the 512 bytes of the log page.
    pub fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let page: &SmartPage = parse("SMART / Health Information log page (02h)", bytes)?;
        Ok(Self {
            critical_warning: CriticalWarning(page.critical_warning),
            kelvin: page.ctemp.get(),
            spare_percent: page.avsp,
            spare_threshold_percent: page.avspt,
            used_percent: page.pused,
            data_units_read: page.dur.get(),
            data_units_written: page.duw.get(),
            power_cycles: page.pwrc.get(),
            power_on_hours: page.poh.get(),
            unsafe_shutdowns: page.upl.get(),
            media_errors: page.mdie.get(),
        })
    }
}

impl FirmwareSlots {
    /// From the 512 bytes of the log page.
    pub fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let [afi, ..]: &[u8; 512] = parse("Firmware Slot Information log page (03h)", bytes)?;
        let next = afi >> 4 & 0x7;
        Ok(Self { active: afi & 0x7, next: (next != 0).then_some(next) })
    }
}

impl BootPartitions {
    /// From the start of the log page: LID at byte 0, BPINFO at bytes 7:4. [`DecodeError::Invalid`] if it is another page.
    pub fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        const STRUCTURE: &str = "Boot Partition log page (15h)";
        let [lid, _, _, _, a, b, _, _]: &[u8; 8] = parse(STRUCTURE, bytes)?;
        if *lid != 0x15 {
            return Err(DecodeError::Invalid { structure: STRUCTURE, offset: 0 });
        }
        Ok(Self { bytes_each: u64::from(u16::from_le_bytes([*a, *b]) & 0x7FFF) * 128 * 1024 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smart_field_by_field() {
        let mut bytes = [0; 512];
        // Spare low and read only; 012Ch = 300 K; 90 % spare, threshold 10 %, 101 % used.
        bytes[..6].copy_from_slice(&[0x09, 0x2C, 0x01, 0x5A, 0x0A, 0x65]);
        bytes[32..34].copy_from_slice(&[0x34, 0x12]);
        // All sixteen bytes of the field count.
        bytes[48] = 0x02;
        bytes[63] = 0x80;
        bytes[64..112].fill(0xEE);
        bytes[112] = 0x07;
        bytes[128..131].copy_from_slice(&[0x40, 0x42, 0x0F]); // 0F_4240h = 1 000 000
        bytes[144] = 0x11;
        bytes[160..162].copy_from_slice(&[0x01, 0x01]);
        bytes[176..].fill(0xEE);
        let smart = Smart::parse(&bytes).unwrap();
        assert!(smart.critical_warning.spare_low() && smart.critical_warning.read_only());
        assert!(!smart.critical_warning.temperature() && !smart.critical_warning.reliability_degraded());
        assert_eq!(smart.critical_warning.raw(), 0x09);
        assert_eq!(smart.kelvin, 300);
        assert_eq!((smart.spare_percent, smart.spare_threshold_percent, smart.used_percent), (90, 10, 101));
        assert_eq!(smart.data_units_read, 0x1234);
        assert_eq!(smart.data_units_written, 0x8000_0000_0000_0000_0000_0000_0000_0002);
        assert_eq!((smart.power_cycles, smart.power_on_hours), (7, 1_000_000));
        assert_eq!((smart.unsafe_shutdowns, smart.media_errors), (17, 257));
        assert!(Smart::parse(&bytes[..511]).is_err());
    }

    #[test]
    fn boot_partitions_are_counted_in_128_kib() {
        // ABPID (bit 31) set; BPSZ 10h: 2 MiB.
        let page = [0x15, 0, 0, 0, 0x10, 0x00, 0x00, 0x80];
        assert_eq!(BootPartitions::parse(&page), Ok(BootPartitions { bytes_each: 2 * 1024 * 1024 }));
        assert!(BootPartitions::parse(&[0; 512]).is_err(), "a page of zeros is another page");
        assert!(BootPartitions::parse(&page[..7]).is_err());
    }

    #[test]
    fn the_next_firmware_is_named_beside_the_running_one() {
        let slots = |afi| {
            let mut bytes = [0; 512];
            bytes[0] = afi;
            FirmwareSlots::parse(&bytes).unwrap()
        };
        assert_eq!(slots(0x01), FirmwareSlots { active: 1, next: None });
        assert_eq!(slots(0x21), FirmwareSlots { active: 1, next: Some(2) });
        assert_eq!(slots(0xF7), FirmwareSlots { active: 7, next: Some(7) });
        assert!(FirmwareSlots::parse(&[0x01; 8]).is_err());
    }
}
