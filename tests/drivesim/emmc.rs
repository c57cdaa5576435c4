//! An eMMC device (JESD84-B51) without its bus: commands, arguments and data go in, responses and data come out.

mod erase;
mod register;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::time::Instant;

use serde::Deserialize;

use crate::bytes::u8_at;
use crate::drive::{BlockError, Drive};
use crate::error::Error;
use crate::operation::State;
use crate::ranges::Ranges;
use register::{
    BOOT_WP, BOOT_WP_STATUS, BUS_WIDTH, ERASE_GROUP_DEF, HS_TIMING, PARTITION_CONFIG, PROPERTIES, SANITIZE_START,
    USER_WP,
};

/// What only eMMC devices have: the table `[drive.emmc]`. The serial number of such a drive is eight hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Spec {
    /// KiB of each of the two boot areas, a multiple of 128; they are the end of the medium.
    pub boot_kib: u64,
    /// KiB of the replay protected memory block, a multiple of 128; it is not on the medium, because no command erases it.
    pub rpmb_kib: u64,
    /// `SEC_SANITIZE`: `SANITIZE_START` is there.
    pub sanitize: bool,
    /// `SECURE_ER_EN`: secure erase and, with `trim`, secure trim are there.
    pub secure_erase: bool,
    /// `SEC_GB_CL_EN`: trim is there.
    pub trim: bool,
    /// The machine's firmware has write protected the boot areas until power-off.
    pub boot_protected: bool,
}

impl Default for Spec {
    fn default() -> Self {
        Self { boot_kib: 128, rpmb_kib: 128, sanitize: true, secure_erase: true, trim: true, boot_protected: false }
    }
}

/// Device status (6.13): errors, as they are reported by the next response.
mod status {
    pub(super) const ADDRESS_OUT_OF_RANGE: u32 = 1 << 31;
    pub(super) const ERASE_SEQ_ERROR: u32 = 1 << 28;
    pub(super) const ERASE_PARAM: u32 = 1 << 27;
    pub(super) const WP_VIOLATION: u32 = 1 << 26;
    pub(super) const ILLEGAL_COMMAND: u32 = 1 << 22;
    pub(super) const DEVICE_ECC_FAILED: u32 = 1 << 21;
    pub(super) const ERROR: u32 = 1 << 19;
    pub(super) const WP_ERASE_SKIP: u32 = 1 << 15;
    pub(super) const SWITCH_ERROR: u32 = 1 << 7;
}

/// The device's answer to a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// None: the command is not known or not for this device.
    Silence,
    /// A response, 32 bits in the lowest word or 128 bits, and the data that were read.
    Response(u128, Vec<u8>),
    /// A response, and then data that cannot be read.
    BadData(u128),
}

/// An eMMC device.
#[derive(Debug)]
pub struct Card {
    drive: Drive,
    extended_csd: [u8; 512],
    is_selected: bool,
    /// In sleep state: it answers only to being woken or reset.
    is_asleep: bool,
    /// Errors that the next response reports.
    errors: u32,
    erase_start: Option<u64>,
    erase_end: Option<u64>,
    /// Erased or trimmed: reads as zeros, and is on the medium until a sanitize.
    unmapped: Ranges,
    /// What the first step of a secure trim has marked.
    marked: Ranges,
}

fn product_serial(serial: &str) -> Option<u32> {
    u32::from_str_radix(serial, 16).ok().filter(|_| serial.len() == 8)
}

impl Card {
    /// The device as it is when it gets power for the first time. Its serial number must be eight hexadecimal digits.
    pub fn new(drive: Drive) -> Result<Self, Error> {
        let spec = &drive.spec;
        let wrong = |reason: &str| Err(Error::drive(&spec.serial, reason));
        if product_serial(&spec.serial).is_none() {
            return wrong("the serial number of an eMMC device is eight hexadecimal digits");
        }
        let areas = [spec.emmc.boot_kib, spec.emmc.rpmb_kib];
        if spec.block != 512 || areas.iter().any(|kib| kib % 128 != 0 || *kib > 255 * 128) {
            return wrong("an eMMC device has blocks of 512 bytes and areas of 0 to 255 times 128 KiB");
        }
        if drive.blocks() <= spec.emmc.boot_kib * 4 {
            return wrong("its boot areas fill the medium");
        }
        let mut card = Self {
            extended_csd: [0; 512],
            is_selected: false,
            is_asleep: false,
            errors: 0,
            erase_start: None,
            erase_end: None,
            unmapped: Ranges::default(),
            marked: Ranges::default(),
            drive,
        };
        card.start_up();
        Ok(card)
    }

    fn start_up(&mut self) {
        self.extended_csd = register::extended_csd(&self.drive.spec, self.user_blocks());
        self.is_selected = false;
        self.is_asleep = false;
        self.errors = 0;
        self.erase_start = None;
        self.erase_end = None;
    }

    fn boot_blocks(&self) -> u64 {
        self.drive.spec.emmc.boot_kib * 2
    }

    fn user_blocks(&self) -> u64 {
        self.drive.blocks() - 2 * self.boot_blocks()
    }

    fn field(&self, at: usize) -> u8 {
        u8_at(&self.extended_csd, at)
    }

    /// The area that `PARTITION_ACCESS` has chosen, in blocks of the medium: user, boot 1, boot 2; nothing for others.
    fn area(&self) -> Range<u64> {
        let (user, boot) = (self.user_blocks(), self.boot_blocks());
        match self.field(PARTITION_CONFIG) & 7 {
            0 => 0..user,
            1 => user..user + boot,
            2 => user + boot..user + 2 * boot,
            _ => 0..0,
        }
    }

    fn is_protected(&self) -> bool {
        match self.field(PARTITION_CONFIG) & 7 {
            0 => self.field(USER_WP) & 1 != 0,
            1 => self.field(BOOT_WP_STATUS) & 0x03 != 0,
            _ => self.field(BOOT_WP_STATUS) & 0x0c != 0,
        }
    }

    /// The drive behind the protocol.
    pub fn drive(&mut self) -> &mut Drive {
        &mut self.drive
    }

    /// It holds the data line low: an erase or a sanitize runs.
    pub fn is_busy(&self) -> bool {
        self.drive.operation.state() == State::Running
    }

    /// The clock goes on.
    pub fn tick(&mut self, now: Instant) {
        if self.drive.tick(now) && self.drive.operation.state() == State::Failed {
            self.errors |= status::ERROR | status::SWITCH_ERROR;
        }
    }

    /// Power is back.
    pub fn power_on(&mut self) {
        self.drive.power_on();
        self.start_up();
    }

    /// The power fails. What was erased but not sanitized is on the medium; a sanitize does not resume (6.6.12: it is repeated by the host).
    pub fn power_off(&mut self) {
        if self.is_busy() {
            self.drive.operation.end(State::Never);
        }
        self.drive.power_off();
    }

    /// `RST_n`, or the machine's reset: as power-on for the registers.
    pub fn reset(&mut self) {
        self.start_up();
    }

    /// Device status: the state, `READY_FOR_DATA`, and the errors, which are cleared by being read.
    fn status(&mut self) -> u128 {
        // Standby 3, transfer 4, programming 7.
        let state = match (self.is_selected, self.is_busy()) {
            (_, true) => 7,
            (true, false) => 4,
            (false, false) => 3,
        };
        let ready = u32::from(!self.is_busy()) << 8;
        u128::from(std::mem::take(&mut self.errors) | state << 9 | ready)
    }

    fn r1(&mut self, data: Vec<u8>) -> Reply {
        Reply::Response(self.status(), data)
    }

    /// Executes a command. `data` is what the host sends, `length` how much it wants to read.
    pub fn command(&mut self, index: u8, argument: u32, data: &[u8], length: usize) -> Reply {
        self.tick(Instant::now());
        if self.drive.is_gone() || self.is_asleep && !matches!(index, 0 | 5) {
            return Reply::Silence;
        }
        if !matches!(index, 12 | 13 | 17 | 18 | 23 | 24 | 25) {
            self.drive.log.event("command", &format!("CMD{index}"), &argument.to_be_bytes());
        }
        // Busy: only status and stop (6.5.13).
        if self.is_busy() && !matches!(index, 0 | 12 | 13) {
            self.errors |= status::ILLEGAL_COMMAND;
            return Reply::Silence;
        }
        match index {
            0 => {
                self.start_up();
                Reply::Response(0, Vec::new())
            }
            // Ready, sector addresses, 2.7-3.6 V and 1.7-1.95 V.
            1 => Reply::Response(0xc0ff_8080, Vec::new()),
            2 | 10 => Reply::Response(self.cid(), Vec::new()),
            3 | 12 | 13 | 16 | 23 => self.r1(Vec::new()),
            // SLEEP_AWAKE (6.6.21): bit 15 sends it to sleep. Without a device's address it is SDIO's question, to which nobody answers.
            5 if argument >> 16 != 0 => {
                self.is_asleep = argument & 1 << 15 != 0;
                self.r1(Vec::new())
            }
            // The state when the command came; how the switch went is in the status after it (6.6.1: the host asks with CMD13).
            6 => {
                let reply = self.r1(Vec::new());
                self.switch(argument);
                reply
            }
            7 => {
                self.is_selected = argument >> 16 != 0;
                if self.is_selected { self.r1(Vec::new()) } else { Reply::Silence }
            }
            8 if length == 512 => {
                let register = self.extended_csd.to_vec();
                self.r1(register)
            }
            9 => Reply::Response(register::csd(), Vec::new()),
            17 | 18 => self.read(argument, length),
            24 | 25 => {
                self.write(argument, data);
                self.r1(Vec::new())
            }
            30 | 31 => self.protection(index),
            35 | 36 | 38 => {
                self.erase_command(index, argument);
                self.r1(Vec::new())
            }
            _ => {
                self.errors |= status::ILLEGAL_COMMAND;
                Reply::Silence
            }
        }
    }

    fn cid(&self) -> u128 {
        register::cid(&self.drive.spec.model, product_serial(self.drive.serial()).unwrap_or(0))
    }

    /// CMD6 (6.6.1): set bits, clear bits or write a byte of the extended CSD.
    fn switch(&mut self, argument: u32) {
        let [_, value, at, access] = argument.to_le_bytes();
        let (at, access) = (usize::from(at), access & 3);
        let old = self.field(at);
        let new = match access {
            1 => old | value,
            2 => old & !value,
            3 => value,
            // The command set: there is one.
            _ => return,
        };
        match at {
            SANITIZE_START => self.sanitize(),
            BOOT_WP => {
                let status = if new & 1 != 0 { 0x05 } else { self.field(BOOT_WP_STATUS) };
                crate::bytes::put(&mut self.extended_csd, BOOT_WP, &[new, status]);
            }
            BOOT_WP_STATUS => self.errors |= status::SWITCH_ERROR,
            PARTITION_CONFIG | ERASE_GROUP_DEF | BUS_WIDTH | HS_TIMING => {
                crate::bytes::put(&mut self.extended_csd, at, &[new]);
            }
            _ if at < PROPERTIES => crate::bytes::put(&mut self.extended_csd, at, &[new]),
            _ => self.errors |= status::SWITCH_ERROR,
        }
    }

    /// Blocks of the medium for `count` blocks from `argument` on in the area.
    fn blocks(&mut self, argument: u32, count: u64) -> Option<Range<u64>> {
        let area = self.area();
        let start = area.start + u64::from(argument);
        let end = start.checked_add(count).filter(|end| *end <= area.end);
        if end.is_none() {
            self.errors |= status::ADDRESS_OUT_OF_RANGE;
        }
        end.map(|end| start..end)
    }

    fn read(&mut self, argument: u32, length: usize) -> Reply {
        if !self.drive.count_io() {
            return Reply::Silence;
        }
        let Some(blocks) = self.blocks(argument, length as u64 / 512) else { return Reply::BadData(self.status()) };
        match self.drive.read(blocks.start, blocks.end - blocks.start) {
            Ok(mut data) => {
                for part in self.unmapped.within(blocks.clone()) {
                    let start = usize::try_from(part.start - blocks.start).unwrap_or(0) * 512;
                    let length = usize::try_from(part.end - part.start).unwrap_or(0) * 512;
                    data.iter_mut().skip(start).take(length).for_each(|byte| *byte = 0);
                }
                self.r1(data)
            }
            Err(BlockError::Gone) => Reply::Silence,
            Err(_) => {
                let response = self.status();
                self.errors |= status::DEVICE_ECC_FAILED;
                Reply::BadData(response)
            }
        }
    }

    /// Errors of programming are reported after the data: by the next response.
    fn write(&mut self, argument: u32, data: &[u8]) {
        if !self.drive.count_io() {
            return;
        }
        let Some(blocks) = self.blocks(argument, data.len() as u64 / 512) else { return };
        if self.is_protected() {
            self.errors |= status::WP_VIOLATION;
            return;
        }
        match self.drive.write(blocks.start, data) {
            Ok(()) => {
                self.unmapped.remove(blocks.clone());
                self.marked.remove(blocks);
            }
            Err(BlockError::WriteProtected) => self.errors |= status::WP_VIOLATION,
            Err(_) => self.errors |= status::ERROR,
        }
    }

    /// CMD30, one bit a group, and CMD31, two bits a group: 10b is power-on protection. All groups are alike.
    fn protection(&mut self, index: u8) -> Reply {
        let is_protected = self.is_protected();
        let data = match (index, is_protected) {
            (30, true) => vec![0xff; 4],
            (30, false) => vec![0; 4],
            (_, true) => vec![0xaa; 8],
            (_, false) => vec![0; 8],
        };
        self.r1(data)
    }
}
