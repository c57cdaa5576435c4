//! The controller: registers, queues and asynchronous events (Base 2.1, 3.1.4, 3.3 and 5.1.2).

use std::collections::BTreeMap;
use std::time::Instant;

use super::admin::{self, Answer};
use super::queue::{Command, Completion, Submission};
use super::spec::PendingReset;
use super::status::Status;
use super::subsystem::Subsystem;
use crate::drive::Drive;
use crate::host::Host;

/// The largest queue identifier; admin and I/O queues have a vector each.
const LARGEST_QUEUE: u16 = 31;
/// I/O queues of each kind, less one, that Set Features 07h gives.
const IO_QUEUES: u32 = 3;
/// CAP.MQES: entries of a queue, less one.
pub(super) const LARGEST_QUEUE_SIZE: u16 = 255;
const EVENT_REQUESTS: usize = 4;

/// An NVMe controller.
#[derive(Debug)]
pub(super) struct Controller {
    pub(super) subsystem: Subsystem,
    pub(super) registers: super::registers::Registers,
    submissions: BTreeMap<u16, Submission>,
    completions: BTreeMap<u16, Completion>,
    features: BTreeMap<u8, u32>,
    event_requests: Vec<u16>,
    events: Vec<u32>,
}

impl Controller {
    pub(super) fn new(drive: Drive) -> Self {
        Self {
            registers: super::registers::Registers::new(&drive.spec.nvme),
            subsystem: Subsystem::new(drive),
            submissions: BTreeMap::new(),
            completions: BTreeMap::new(),
            features: BTreeMap::new(),
            event_requests: Vec::new(),
            events: Vec::new(),
        }
    }

    /// CC.EN from 0 to 1: the admin queues are where AQA, ASQ and ACQ say.
    pub(super) fn enable(&mut self, sizes: u32, submission: u64, completion: u64) {
        self.submissions.insert(0, Submission::new(submission, (sizes & 0xfff) + 1, 0));
        self.completions.insert(0, Completion::new(completion, (sizes >> 16 & 0xfff) + 1, Some(0)));
    }

    /// A reset of this kind: queues, features and event requests are gone.
    pub(super) fn reset(&mut self, reset: PendingReset) {
        self.submissions.clear();
        self.completions.clear();
        self.features.clear();
        self.event_requests.clear();
        // A Format NVM whose command is gone is aborted.
        self.subsystem.formatting = None;
        self.subsystem.reset(reset);
    }

    /// The doorbell of submission queue `queue` was rung.
    pub(super) fn ring(&mut self, host: &mut Host, queue: u16, tail: u32) {
        if let Some(submission) = self.submissions.get_mut(&queue) {
            submission.tail = tail % submission.size;
            self.run(host, queue);
        }
    }

    fn run(&mut self, host: &mut Host, queue: u16) {
        while let Some(next) = self.submissions.get_mut(&queue).and_then(|submission| submission.next(host)) {
            let Ok(command) = next else {
                self.registers.fail();
                return;
            };
            let result = if queue == 0 { self.admin(host, &command) } else { self.io(host, &command) };
            if self.subsystem.drive.is_gone() {
                return;
            }
            match result {
                Ok(Answer::Now(dword_0)) => self.complete(host, queue, command.cid(), dword_0, Status::SUCCESS),
                Ok(Answer::Later) => {}
                Err(status) => self.complete(host, queue, command.cid(), 0, status),
            }
            self.answer_events(host);
        }
    }

    fn io(&mut self, host: &Host, command: &Command) -> Result<Answer, Status> {
        if !self.subsystem.drive.count_io() {
            return Ok(Answer::Later);
        }
        let result = self.subsystem.io(host, command);
        if let Err(status) = result {
            self.subsystem.drive.log.event("io-refused", &format!("status {:04x}", status.0), &command.0);
        }
        result.map(|()| Answer::Now(0))
    }

    fn admin(&mut self, host: &Host, command: &Command) -> Result<Answer, Status> {
        let result = match command.opcode() {
            admin::CREATE_SUBMISSION_QUEUE => self.create_submission(command),
            admin::CREATE_COMPLETION_QUEUE => self.create_completion(command),
            admin::DELETE_SUBMISSION_QUEUE | admin::DELETE_COMPLETION_QUEUE => self.delete(command),
            admin::SET_FEATURES => self.set_features(command),
            admin::GET_FEATURES => self.features(command),
            admin::ASYNCHRONOUS_EVENT_REQUEST if self.event_requests.len() >= EVENT_REQUESTS => {
                Err(Status::EVENT_REQUEST_LIMIT)
            }
            admin::ASYNCHRONOUS_EVENT_REQUEST => {
                self.event_requests.push(command.cid());
                Ok(Answer::Later)
            }
            _ => self.subsystem.admin(host, command, Instant::now()),
        };
        let note = match result {
            Ok(_) => String::new(),
            Err(status) => format!("status {:04x}", status.0),
        };
        self.subsystem.drive.log.event("admin", &note, &command.0);
        result
    }

    /// Identifier and size of a queue to be made, which must be contiguous (PC).
    fn new_queue(command: &Command) -> Result<(u16, u32), Status> {
        let (queue, size) = (command.dword(10) & 0xffff, command.dword(10) >> 16);
        let queue = u16::try_from(queue).ok().filter(|queue| (1..=LARGEST_QUEUE).contains(queue));
        if size == 0 || size > u32::from(LARGEST_QUEUE_SIZE) {
            return Err(Status::INVALID_QUEUE_SIZE);
        }
        let is_contiguous = command.dword(11) & 1 != 0;
        if is_contiguous {
            Ok((queue.ok_or(Status::INVALID_QUEUE_IDENTIFIER)?, size + 1))
        } else {
            Err(Status::INVALID_FIELD)
        }
    }

    fn create_submission(&mut self, command: &Command) -> Result<Answer, Status> {
        let (queue, size) = Self::new_queue(command)?;
        let completion = u16::try_from(command.dword(11) >> 16).unwrap_or(0);
        if self.submissions.contains_key(&queue) {
            return Err(Status::INVALID_QUEUE_IDENTIFIER);
        }
        if completion == 0 || !self.completions.contains_key(&completion) {
            return Err(Status::COMPLETION_QUEUE_INVALID);
        }
        self.submissions.insert(queue, Submission::new(command.prp_1(), size, completion));
        Ok(Answer::Now(0))
    }

    fn create_completion(&mut self, command: &Command) -> Result<Answer, Status> {
        let (queue, size) = Self::new_queue(command)?;
        if self.completions.contains_key(&queue) {
            return Err(Status::INVALID_QUEUE_IDENTIFIER);
        }
        let vector = u16::try_from(command.dword(11) >> 16).ok().filter(|_| command.dword(11) & 2 != 0);
        self.completions.insert(queue, Completion::new(command.prp_1(), size, vector));
        Ok(Answer::Now(0))
    }

    fn delete(&mut self, command: &Command) -> Result<Answer, Status> {
        let queue = u16::try_from(command.dword(10) & 0xffff).unwrap_or(0);
        let is_submission = command.opcode() == admin::DELETE_SUBMISSION_QUEUE;
        if !is_submission && self.submissions.values().any(|submission| submission.completion == queue) {
            return Err(Status::INVALID_QUEUE_DELETION);
        }
        let was_there = match is_submission {
            _ if queue == 0 => false,
            true => self.submissions.remove(&queue).is_some(),
            false => self.completions.remove(&queue).is_some(),
        };
        if was_there { Ok(Answer::Now(0)) } else { Err(Status::INVALID_QUEUE_IDENTIFIER) }
    }

    /// Arbitration to asynchronous events (01h to 0Bh) but for 03h (ranges), sanitize (17h) and namespace write protection (84h).
    fn set_features(&mut self, command: &Command) -> Result<Answer, Status> {
        let (feature, value) = (command.dword(10).to_le_bytes()[0], command.dword(11));
        match feature {
            0x07 => return Ok(Answer::Now(IO_QUEUES << 16 | IO_QUEUES)),
            0x01 | 0x02 | 0x04..=0x06 | 0x08..=0x0b => {
                self.features.insert(feature, value);
            }
            0x17 if self.subsystem.sanicap() != 0 => self.subsystem.nodrm = value & 1 != 0,
            0x84 => {
                let protected = self.subsystem.namespaces.iter_mut().find(|namespace| namespace.nsid == command.nsid());
                match value & 7 {
                    state @ (0 | 1) => protected.ok_or(Status::INVALID_NAMESPACE)?.is_write_protected = state == 1,
                    _ => return Err(Status::INVALID_FIELD),
                }
            }
            _ => return Err(Status::INVALID_FIELD),
        }
        Ok(Answer::Now(0))
    }

    fn features(&mut self, command: &Command) -> Result<Answer, Status> {
        let value = match command.dword(10).to_le_bytes()[0] {
            0x07 => IO_QUEUES << 16 | IO_QUEUES,
            // The volatile write cache is on.
            0x06 => self.features.get(&0x06).copied().unwrap_or(1),
            feature @ (0x01 | 0x02 | 0x04 | 0x05 | 0x08..=0x0b) => self.features.get(&feature).copied().unwrap_or(0),
            0x17 if self.subsystem.sanicap() != 0 => u32::from(self.subsystem.nodrm),
            0x84 => {
                let namespace = self.subsystem.namespaces.iter().find(|namespace| namespace.nsid == command.nsid());
                u32::from(namespace.ok_or(Status::INVALID_NAMESPACE)?.is_write_protected)
            }
            _ => return Err(Status::INVALID_FIELD),
        };
        Ok(Answer::Now(value))
    }

    fn complete(&mut self, host: &mut Host, queue: u16, cid: u16, dword_0: u32, status: Status) {
        // A command that deleted its own queue, or whose queue is gone, is answered to nobody.
        let Some(submission) = self.submissions.get(&queue) else { return };
        let Some(completion) = self.completions.get_mut(&submission.completion) else { return };
        if completion.post(host, queue, submission.head, cid, dword_0, status).is_err() {
            self.registers.fail();
        }
    }

    fn answer_events(&mut self, host: &mut Host) {
        while !self.events.is_empty() && !self.event_requests.is_empty() {
            let (event, cid) = (self.events.remove(0), self.event_requests.remove(0));
            self.complete(host, 0, cid, event, Status::SUCCESS);
        }
        if let Some((cid, status)) = self.subsystem.end_format(Instant::now()) {
            self.complete(host, 0, cid, 0, status);
        }
    }

    /// The clock goes on.
    pub(super) fn tick(&mut self, host: &mut Host, now: Instant) {
        self.events.extend(self.subsystem.tick(now));
        if !self.subsystem.drive.is_gone() {
            self.answer_events(host);
        }
    }
}
