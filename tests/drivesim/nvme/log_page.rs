//! Log pages (Base 2.1, 5.1.12).

use std::time::Instant;

use super::admin;
use super::queue::Command;
use super::status::Status;
use super::subsystem::Subsystem;
use crate::bytes::{put, put_text};

const ERROR_INFORMATION: u8 = 0x01;
const HEALTH: u8 = 0x02;
const FIRMWARE_SLOT: u8 = 0x03;
const CHANGED_NAMESPACES: u8 = 0x04;
const COMMANDS_SUPPORTED: u8 = 0x05;
const SANITIZE_STATUS: u8 = 0x81;
const ZERO_CELSIUS: u16 = 273;

impl Subsystem {
    /// Get Log Page: as many bytes as the command asks for, from its offset on.
    pub(super) fn log_page(&mut self, command: &Command, now: Instant) -> Result<Vec<u8>, Status> {
        let page = match command.dword(10).to_le_bytes()[0] {
            ERROR_INFORMATION => vec![0; 256],
            HEALTH => self.health(),
            FIRMWARE_SLOT => {
                // Not in the list of what a sanitize allows.
                self.sanitize_forbids()?;
                self.firmware_was_looked_at = true;
                self.firmware_slots()
            }
            CHANGED_NAMESPACES => vec![0; 4096],
            COMMANDS_SUPPORTED => self.commands_supported(),
            SANITIZE_STATUS if self.sanicap() != 0 => self.sanitize_status(now),
            _ => return Err(Status::INVALID_LOG_PAGE),
        };
        let dwords = u64::from(command.dword(10) >> 16) | u64::from(command.dword(11) & 0xffff) << 16;
        let length = usize::try_from((dwords + 1) * 4).map_err(|_| Status::INVALID_FIELD)?;
        let offset = u64::from(command.dword(12)) | u64::from(command.dword(13)) << 32;
        let offset = usize::try_from(offset).ok().filter(|offset| *offset < page.len() && offset % 4 == 0);
        let rest = page.get(offset.ok_or(Status::INVALID_FIELD)?..).unwrap_or(&[]);
        // MDTS holds for log pages too.
        if length > 128 << 10 {
            return Err(Status::INVALID_FIELD);
        }
        let mut data = rest.to_vec();
        data.resize(length, 0);
        Ok(data)
    }

    /// Composite temperature at byte 1, spare at 3 and 4, critical warning bit 3 "the medium is read-only" at 0.
    fn health(&self) -> Vec<u8> {
        let mut page = vec![0; 512];
        let temperature = (u16::from(self.drive.spec.temperature_c) + ZERO_CELSIUS).to_le_bytes();
        put(&mut page, 0, &[u8::from(self.drive.faults().write_protected) << 3]);
        put(&mut page, 1, &temperature);
        put(&mut page, 3, &[100, 10, 1]);
        // Power-on hours at byte 128, the first temperature sensor at 200.
        put(&mut page, 128, &1234u64.to_le_bytes());
        put(&mut page, 200, &temperature);
        page
    }

    /// AFI: slot 1 is active, and is what a reset activates if something waits for one.
    fn firmware_slots(&self) -> Vec<u8> {
        let mut page = vec![0; 512];
        put(&mut page, 0, &[1 | u8::from(self.pending_firmware.is_some()) << 4]);
        put_text(&mut page, 8, 8, &self.drive.spec.firmware);
        page
    }

    /// Four bytes a command, admin commands first, I/O commands from byte 1024 on. Bit 0 supported, 1 logical block content change,
    /// 2 namespace capability change, 3 namespace inventory change, 18:16 submission and execution: alone in the namespace (1) or at all (2).
    fn commands_supported(&self) -> Vec<u8> {
        let spec = self.spec();
        let mut page = vec![0; 4096];
        let mut add = |opcode: usize, effects: u32| put(&mut page, opcode * 4, &effects.to_le_bytes());
        for opcode in admin::ALWAYS {
            add(usize::from(opcode), 1);
        }
        if spec.format {
            add(usize::from(admin::FORMAT_NVM), 1 | 1 << 1 | 1 << 2 | 1 << 16);
        }
        if !spec.sanitize.is_empty() {
            add(usize::from(admin::SANITIZE), 1 | 1 << 1 | 2 << 16);
        }
        if spec.namespace_management {
            add(usize::from(admin::NAMESPACE_MANAGEMENT), 1 | 1 << 3);
            add(usize::from(admin::NAMESPACE_ATTACHMENT), 1 | 1 << 3);
        }
        if self.tper.is_some() {
            add(usize::from(admin::SECURITY_SEND), 1);
            add(usize::from(admin::SECURITY_RECEIVE), 1);
        }
        for (opcode, changes) in [(0, 0), (1, 1), (2, 0), (8, 1), (9, 1)] {
            add(256 + opcode, 1 | changes << 1);
        }
        page
    }
}
