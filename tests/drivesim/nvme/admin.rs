//! The admin command set, but for the queues themselves (Base 2.1, 5).

use std::time::Instant;

use super::queue::Command;
use super::status::Status;
use super::subsystem::Subsystem;
use crate::host::Host;

pub(super) const DELETE_SUBMISSION_QUEUE: u8 = 0x00;
pub(super) const CREATE_SUBMISSION_QUEUE: u8 = 0x01;
const GET_LOG_PAGE: u8 = 0x02;
pub(super) const DELETE_COMPLETION_QUEUE: u8 = 0x04;
pub(super) const CREATE_COMPLETION_QUEUE: u8 = 0x05;
const IDENTIFY: u8 = 0x06;
const ABORT: u8 = 0x08;
pub(super) const SET_FEATURES: u8 = 0x09;
pub(super) const GET_FEATURES: u8 = 0x0a;
pub(super) const ASYNCHRONOUS_EVENT_REQUEST: u8 = 0x0c;
pub(super) const NAMESPACE_MANAGEMENT: u8 = 0x0d;
pub(super) const NAMESPACE_ATTACHMENT: u8 = 0x15;
pub(super) const FORMAT_NVM: u8 = 0x80;
pub(super) const SECURITY_SEND: u8 = 0x81;
pub(super) const SECURITY_RECEIVE: u8 = 0x82;
pub(super) const SANITIZE: u8 = 0x84;

/// Commands that every one of these drives has.
pub(super) const ALWAYS: [u8; 10] = [
    DELETE_SUBMISSION_QUEUE,
    CREATE_SUBMISSION_QUEUE,
    GET_LOG_PAGE,
    DELETE_COMPLETION_QUEUE,
    CREATE_COMPLETION_QUEUE,
    IDENTIFY,
    ABORT,
    SET_FEATURES,
    GET_FEATURES,
    ASYNCHRONOUS_EVENT_REQUEST,
];

/// The largest security packet that is taken or given.
const SECURITY_LIMIT: usize = 128 << 10;

/// What becomes of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// It is completed, with this dword 0.
    Now(u32),
    /// It is completed later.
    Later,
}

impl Subsystem {
    /// Executes an admin command that concerns the subsystem.
    pub(super) fn admin(&mut self, host: &Host, command: &Command, now: Instant) -> Result<Answer, Status> {
        let (nsid, dword_10) = (command.nsid(), command.dword(10));
        match command.opcode() {
            GET_LOG_PAGE => command.send(host, &self.log_page(command, now)?)?,
            IDENTIFY => command.send(host, &self.identify(dword_10.to_le_bytes()[0], nsid)?)?,
            // Bit 0: the command was not aborted.
            ABORT => return Ok(Answer::Now(1)),
            NAMESPACE_MANAGEMENT => {
                let select = dword_10 & 0xf;
                let template = if select == 0 { command.receive(host, 4096)? } else { Vec::new() };
                return self.manage(nsid, select, &template).map(Answer::Now);
            }
            NAMESPACE_ATTACHMENT => self.attach(nsid, dword_10 & 0xf, &command.receive(host, 4096)?)?,
            FORMAT_NVM => {
                self.begin_format(command.cid(), nsid, dword_10, now)?;
                return Ok(Answer::Later);
            }
            SANITIZE => self.sanitize(dword_10, command.dword(11))?,
            SECURITY_SEND | SECURITY_RECEIVE => self.security(host, command)?,
            _ => return Err(Status::INVALID_OPCODE),
        }
        Ok(Answer::Now(0))
    }

    /// SECP in bits 31:24 and SPSP in bits 23:8 of dword 10, the length in dword 11.
    fn security(&mut self, host: &Host, command: &Command) -> Result<(), Status> {
        self.sanitize_forbids()?;
        let [_, low, high, protocol] = command.dword(10).to_le_bytes();
        let specific = u16::from_le_bytes([low, high]);
        let length = usize::try_from(command.dword(11)).ok().filter(|length| *length <= SECURITY_LIMIT);
        let length = length.ok_or(Status::INVALID_FIELD)?;
        let tper = self.tper.as_mut().ok_or(Status::INVALID_OPCODE)?;
        if command.opcode() == SECURITY_SEND {
            let data = command.receive(host, length)?;
            self.drive.log.event("security-send", &format!("protocol {protocol:02x} specific {specific:04x}"), &data);
            tper.send(&mut self.drive, protocol, specific, &data).map_err(|_| Status::INVALID_FIELD)
        } else {
            let data = tper.receive(protocol, specific, length).map_err(|_| Status::INVALID_FIELD)?;
            command.send(host, &data)
        }
    }
}
