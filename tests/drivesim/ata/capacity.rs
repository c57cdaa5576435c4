//! What is accessible of the medium: Host Protected Area (ATA8-ACS 4.11), Device Configuration Overlay (ATA8-ACS 4.7) and Accessible Max Address
//! Configuration (ACS-3 4.2). No I/O.

use serde::Deserialize;

use super::taskfile::{Failure, Output, Reply, Taskfile};
use crate::bytes::{le16, le64, put};

/// Which commands a drive has that hide its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Hiding {
    /// SET MAX ADDRESS and DEVICE CONFIGURATION: up to ACS-2.
    #[default]
    HpaDco,
    /// ACCESSIBLE MAX ADDRESS: from ACS-3 on.
    Amac,
    /// Neither.
    None,
}

/// READ NATIVE MAX ADDRESS with 28 bits: more is said so.
const MAX_28: u64 = 0x0fff_ffff;
/// Wrong passwords until SET MAX UNLOCK is refused.
const ATTEMPTS: u8 = 5;

/// Who asked for the native maximum with the command just before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Short,
    Extended,
}

/// The sizes of a drive, in blocks: `accessible` <= `native` <= `medium`.
#[derive(Clone, Debug)]
pub(super) struct Capacity {
    hiding: Hiding,
    /// All that there is.
    medium: u64,
    /// What the overlay leaves of it.
    native: u64,
    /// What the Host Protected Area or AMAC leaves of that, now and after the next power-on.
    accessible: u64,
    kept: u64,
    asked: Option<Asked>,
    /// SET MAX ADDRESS with VV = 1, or SET ACCESSIBLE MAX ADDRESS: once between two power-ons.
    is_changed: bool,
    is_max_frozen: bool,
    is_max_locked: bool,
    max_password: Option<Vec<u8>>,
    attempts: u8,
    is_dco_frozen: bool,
    is_amac_frozen: bool,
}

impl Capacity {
    /// A drive of `medium` blocks with its last ones behind an overlay and, before these, some behind a protected area (or AMAC).
    pub(super) fn new(hiding: Hiding, medium: u64, overlaid: u64, protected: u64) -> Self {
        let native = medium.saturating_sub(overlaid).max(1);
        let accessible = native.saturating_sub(protected).max(1);
        Self {
            hiding,
            medium,
            native,
            accessible,
            kept: accessible,
            asked: None,
            is_changed: false,
            is_max_frozen: false,
            is_max_locked: false,
            max_password: None,
            attempts: ATTEMPTS,
            is_dco_frozen: false,
            is_amac_frozen: false,
        }
    }

    /// Power comes: what was volatile is forgotten, and so are the freezes.
    pub(super) fn power_on(&mut self) {
        let kept = self.kept;
        *self = Self {
            accessible: kept,
            asked: None,
            is_changed: false,
            is_max_frozen: false,
            is_max_locked: false,
            max_password: None,
            attempts: ATTEMPTS,
            is_dco_frozen: false,
            is_amac_frozen: false,
            ..self.clone()
        };
    }

    /// Blocks that can be read and written.
    pub(super) fn accessible(&self) -> u64 {
        self.accessible
    }

    /// Any other command came between READ NATIVE MAX ADDRESS and SET MAX ADDRESS.
    pub(super) fn forget_question(&mut self) {
        self.asked = None;
    }

    /// READ NATIVE MAX ADDRESS (F8h) and its EXT (27h).
    pub(super) fn read_native_max(&mut self, task: &Taskfile) -> Reply {
        self.needs(Hiding::HpaDco)?;
        let last = self.native - 1;
        if task.is_extended() {
            self.asked = Some(Asked::Extended);
            return Ok(Output::lba(last));
        }
        self.asked = Some(Asked::Short);
        Ok(Output::lba(last.min(MAX_28)))
    }

    /// SET MAX ADDRESS EXT (37h), or F9h: SET MAX ADDRESS if READ NATIVE MAX ADDRESS came directly before, else what FEATURE names.
    pub(super) fn set_max(&mut self, task: &Taskfile, data: &[u8]) -> Reply {
        self.needs(Hiding::HpaDco)?;
        let task = task.seen();
        match (self.asked.take(), task.is_extended(), task.feature) {
            (Some(Asked::Extended), true, _) | (Some(Asked::Short), false, _) => self.set_max_address(&task),
            (_, false, 1) => self.set_max_password(data),
            (_, false, 2) if self.max_password.is_some() && !self.is_max_frozen => {
                self.is_max_locked = true;
                Ok(Output::none())
            }
            (_, false, 3) => self.unlock_max(data),
            (_, false, 4) => {
                self.is_max_frozen = true;
                Ok(Output::none())
            }
            _ => Err(Failure::ABORTED),
        }
    }

    fn set_max_address(&mut self, task: &Taskfile) -> Reply {
        let blocks = task.lba + 1;
        let is_kept = task.count & 1 != 0;
        if self.is_max_frozen || self.is_max_locked {
            return Err(Failure::ABORTED);
        }
        // A second non-volatile change since power-on is ID Not Found too, not an abort (ATA8-ACS 7.48.2).
        if blocks > self.native || is_kept && self.is_changed {
            return Err(Failure::NOT_FOUND);
        }
        self.accessible = blocks;
        if is_kept {
            self.kept = blocks;
            self.is_changed = true;
        }
        Ok(Output::lba(task.lba))
    }

    fn set_max_password(&mut self, data: &[u8]) -> Reply {
        if self.is_max_frozen || self.is_max_locked {
            return Err(Failure::ABORTED);
        }
        self.max_password = data.get(2..34).map(<[u8]>::to_vec);
        Ok(Output::none())
    }

    fn unlock_max(&mut self, data: &[u8]) -> Reply {
        if self.is_max_frozen || !self.is_max_locked || self.attempts == 0 {
            return Err(Failure::ABORTED);
        }
        if self.max_password.as_deref() != data.get(2..34) {
            self.attempts -= 1;
            return Err(Failure::ABORTED);
        }
        self.is_max_locked = false;
        Ok(Output::none())
    }

    /// DEVICE CONFIGURATION (B1h): RESTORE C0h, FREEZE LOCK C1h, IDENTIFY C2h, SET C3h.
    pub(super) fn device_configuration(&mut self, task: &Taskfile, data: &[u8]) -> Reply {
        self.needs(Hiding::HpaDco)?;
        if self.is_dco_frozen {
            return Err(Failure::ABORTED);
        }
        let is_protected = self.accessible != self.native;
        match task.seen().feature {
            0xc0 if !is_protected => {
                self.overlay(self.medium);
                Ok(Output::none())
            }
            0xc1 => {
                self.is_dco_frozen = true;
                Ok(Output::none())
            }
            0xc2 => Ok(Output::data(self.overlay_identify())),
            0xc3 if !is_protected && self.native == self.medium => {
                self.overlay(self.wanted_overlay(data)?);
                Ok(Output::none())
            }
            _ => Err(Failure::ABORTED),
        }
    }

    fn overlay(&mut self, native: u64) {
        (self.native, self.accessible, self.kept) = (native, native, native);
    }

    /// The data of DEVICE CONFIGURATION IDENTIFY: what the drive could do without an overlay (ATA8-ACS table 28).
    fn overlay_identify(&self) -> Vec<u8> {
        let mut data = vec![0; 512];
        put(&mut data, 0, &2_u16.to_le_bytes());
        put(&mut data, 2, &0x0007_u16.to_le_bytes());
        put(&mut data, 4, &0x007f_u16.to_le_bytes());
        put(&mut data, 6, &(self.medium - 1).to_le_bytes());
        // SMART, security, HPA, 48-bit addresses.
        put(&mut data, 14, &0x0189_u16.to_le_bytes());
        put(&mut data, 16, &0x0010_u16.to_le_bytes());
        put(&mut data, 510, &[0xa5]);
        let sum = data.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        put(&mut data, 511, &[sum.wrapping_neg()]);
        data
    }

    /// The size that DEVICE CONFIGURATION SET asks for, if its signature, checksum, revision and address are right.
    fn wanted_overlay(&self, data: &[u8]) -> Result<u64, Failure> {
        let sum = data.iter().fold(0_u8, |sum, byte| sum.wrapping_add(*byte));
        let is_valid = data.len() == 512 && data.get(510) == Some(&0xa5) && sum == 0 && le16(data, 0) == 2;
        let last = le64(data, 6);
        if is_valid && last < self.medium { Ok(last + 1) } else { Err(Failure::ABORTED) }
    }

    /// ACCESSIBLE MAX ADDRESS CONFIGURATION (78h): GET NATIVE 0000h, SET 0001h, FREEZE 0002h.
    pub(super) fn accessible_max_address(&mut self, task: &Taskfile) -> Reply {
        self.needs(Hiding::Amac)?;
        let task = task.seen();
        match task.feature {
            0 => Ok(Output::lba(self.native - 1)),
            1 if self.is_amac_frozen || self.is_changed => Err(Failure::ABORTED),
            1 if task.lba >= self.native => Err(Failure::NOT_FOUND),
            1 => {
                (self.accessible, self.kept) = (task.lba + 1, task.lba + 1);
                self.is_changed = true;
                Ok(Output::none())
            }
            2 => {
                self.is_amac_frozen = true;
                Ok(Output::none())
            }
            _ => Err(Failure::ABORTED),
        }
    }

    fn needs(&self, hiding: Hiding) -> Result<(), Failure> {
        if self.hiding == hiding { Ok(()) } else { Err(Failure::ABORTED) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2000h blocks, 1000h of them behind an overlay and then 800h behind a protected area.
    fn hidden() -> Capacity {
        Capacity::new(Hiding::HpaDco, 0x2000, 0x1000, 0x800)
    }

    fn task(command: u8, feature: u16, count: u16, lba: u64) -> Taskfile {
        Taskfile { command, feature, count, lba, device: 0xe0 }
    }

    #[test]
    fn set_max_address_must_follow_the_question_directly() {
        let mut capacity = hidden();
        assert_eq!(capacity.accessible(), 0x800);
        assert!(capacity.set_max(&task(0x37, 0, 0, 0xfff), &[]).is_err());
        assert_eq!(capacity.read_native_max(&task(0x27, 0, 0, 0)).unwrap().lba, Some(0xfff));
        capacity.forget_question();
        assert!(capacity.set_max(&task(0x37, 0, 0, 0xfff), &[]).is_err());
        capacity.read_native_max(&task(0x27, 0, 0, 0)).unwrap();
        assert!(capacity.set_max(&task(0xf9, 0, 0, 0xfff), &[]).is_err(), "the short one after the long question");
        capacity.read_native_max(&task(0x27, 0, 0, 0)).unwrap();
        capacity.set_max(&task(0x37, 0, 0, 0xfff), &[]).unwrap();
        assert_eq!(capacity.accessible(), 0x1000);
        capacity.power_on();
        assert_eq!(capacity.accessible(), 0x800, "it was volatile");
    }

    #[test]
    fn one_lasting_change_in_a_power_cycle() {
        let mut capacity = hidden();
        let set = |capacity: &mut Capacity, lba| {
            capacity.read_native_max(&task(0x27, 0, 0, 0)).unwrap();
            capacity.set_max(&task(0x37, 0, 1, lba), &[])
        };
        assert_eq!(set(&mut capacity, 0x1000).unwrap_err().error, 0x10, "one past the native maximum");
        set(&mut capacity, 0xfff).unwrap();
        assert_eq!(set(&mut capacity, 0x7ff).unwrap_err().error, 0x10);
        capacity.power_on();
        assert_eq!(capacity.accessible(), 0x1000);
        assert!(set(&mut capacity, 0x7ff).is_ok());
    }

    #[test]
    fn set_max_can_be_locked_and_frozen() {
        let mut capacity = hidden();
        let password = [7; 512];
        capacity.set_max(&task(0xf9, 1, 0, 0), &password).unwrap();
        capacity.set_max(&task(0xf9, 2, 0, 0), &[]).unwrap();
        capacity.read_native_max(&task(0xf8, 0, 0, 0)).unwrap();
        assert!(capacity.set_max(&task(0xf9, 0, 0, 0xfff), &[]).is_err());
        capacity.set_max(&task(0xf9, 3, 0, 0), &password).unwrap();
        capacity.read_native_max(&task(0xf8, 0, 0, 0)).unwrap();
        capacity.set_max(&task(0xf9, 0, 0, 0xfff), &[]).unwrap();
        capacity.set_max(&task(0xf9, 4, 0, 0), &[]).unwrap();
        capacity.read_native_max(&task(0xf8, 0, 0, 0)).unwrap();
        assert!(capacity.set_max(&task(0xf9, 0, 0, 0x7ff), &[]).is_err());
    }

    #[test]
    fn the_short_question_ends_at_28_bits() {
        let mut capacity = Capacity::new(Hiding::HpaDco, 1 << 31, 0, 0);
        assert_eq!(capacity.read_native_max(&task(0xf8, 0, 0, 0)).unwrap().lba, Some(0x0fff_ffff));
        assert_eq!(capacity.read_native_max(&task(0x27, 0, 0, 0)).unwrap().lba, Some(0x7fff_ffff));
    }

    #[test]
    fn the_overlay_goes_after_the_protected_area() {
        let mut capacity = hidden();
        let restore = task(0xb1, 0xc0, 0, 0);
        assert!(capacity.device_configuration(&restore, &[]).is_err());
        let identify = capacity.device_configuration(&task(0xb1, 0xc2, 0, 0), &[]).unwrap().data;
        assert_eq!(identify[6..14], [0xff, 0x1f, 0, 0, 0, 0, 0, 0]);
        // 02 + 07 + 7f + ff + 1f + 89 + 01 + 10 + a5 = 2e5h; e5h + 1bh = 100h.
        assert_eq!(identify[510..], [0xa5, 0x1b]);
        capacity.read_native_max(&task(0x27, 0, 0, 0)).unwrap();
        capacity.set_max(&task(0x37, 0, 0, 0xfff), &[]).unwrap();
        capacity.device_configuration(&restore, &[]).unwrap();
        assert_eq!(capacity.accessible(), 0x2000);
    }

    #[test]
    fn an_overlay_needs_a_right_checksum() {
        let mut capacity = Capacity::new(Hiding::HpaDco, 0x2000, 0, 0);
        let set = task(0xb1, 0xc3, 0, 0);
        let mut data = vec![0; 512];
        // 02 + ff + 0f + a5 = 1b5h; b5h + 4bh = 100h.
        (data[0], data[6], data[7], data[510], data[511]) = (2, 0xff, 0x0f, 0xa5, 0x4b);
        let mut wrong = data.clone();
        wrong[511] = 0x4c;
        assert!(capacity.device_configuration(&set, &wrong).is_err());
        capacity.device_configuration(&set, &data).unwrap();
        assert_eq!(capacity.accessible(), 0x1000);
        assert!(capacity.device_configuration(&set, &data).is_err(), "only over factory settings");
        capacity.device_configuration(&task(0xb1, 0xc1, 0, 0), &[]).unwrap();
        assert!(capacity.device_configuration(&task(0xb1, 0xc0, 0, 0), &[]).is_err());
    }

    #[test]
    fn the_accessible_maximum_changes_once_between_power_ons() {
        let mut capacity = Capacity::new(Hiding::Amac, 0x2000, 0, 0x800);
        assert_eq!(capacity.accessible_max_address(&task(0x78, 0, 0, 0)).unwrap().lba, Some(0x1fff));
        assert_eq!(capacity.accessible_max_address(&task(0x78, 1, 0, 0x2000)).unwrap_err().error, 0x10);
        capacity.accessible_max_address(&task(0x78, 1, 0, 0x1fff)).unwrap();
        assert_eq!(capacity.accessible(), 0x2000);
        assert_eq!(capacity.accessible_max_address(&task(0x78, 1, 0, 0x17ff)).unwrap_err().error, 0x04);
        capacity.power_on();
        assert_eq!(capacity.accessible(), 0x2000);
        capacity.accessible_max_address(&task(0x78, 2, 0, 0)).unwrap();
        assert!(capacity.accessible_max_address(&task(0x78, 1, 0, 0x17ff)).is_err());
        assert!(capacity.read_native_max(&task(0xf8, 0, 0, 0)).is_err(), "no HPA beside AMAC");
    }
}
