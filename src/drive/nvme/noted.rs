//! Commands with their transcript.

use std::fmt;
use std::time::Instant;

use nix::errno::Errno;
use purgeproof_core::firmware::{Answer, Exchange, Octets, Transcript};
use purgeproof_spec::nvme::{AdminCommand, DecodeError, Status, StatusCode};
use purgeproof_sys::nvme::Completed;
use purgeproof_sys::transfer::{POISON, Transfer};

use super::channel::NvmeAdmin;
use crate::channel::ChannelError;
use crate::tcg::Message;

/// A controller, and where to write down what is said to it.
pub(super) struct Noted<'a, C> {
    pub(super) channel: &'a mut C,
    pub(super) log: &'a mut dyn Transcript,
    /// The data that come are worth keeping.
    pub(super) keeps_data: bool,
}

/// For questions that belong to no job.
pub(super) struct Unlogged;

impl Transcript for Unlogged {
    fn note(&mut self, _: Exchange) {}
}

/// No answer to a question, or one that says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The controller's own word.
    Refused(Status),
    /// The kernel's word about the way to it.
    Way(ChannelError),
    /// It said that it succeeded, and sent nothing, or less than there should be.
    Nothing,
    /// What it sent is not what it was asked for.
    Answer(DecodeError),
    /// Another drive answers.
    OtherDrive {
        /// Its serial number.
        found: Option<String>,
    },
}

impl Fault {
    pub(super) const fn is_gone(&self) -> bool {
        matches!(self, Self::Way(ChannelError::Gone(_)))
    }

    /// The controller does not know the command, or what it asks about.
    pub(super) fn is_unsupported(&self) -> bool {
        let Self::Refused(status) = self else { return false };
        matches!(status.code(), StatusCode::InvalidOpcode | StatusCode::InvalidField | StatusCode::InvalidLogPage)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(status) => write!(f, "the controller answered {status}"),
            Self::Way(error) => error.fmt(f),
            Self::Nothing => {
                f.write_str("the controller reported success and sent nothing, or less than the whole answer")
            }
            Self::Answer(error) => error.fmt(f),
            Self::OtherDrive { found } => write!(
                f,
                "another drive answers now, with the serial number {}. Look for the drives again",
                found.as_deref().unwrap_or("none")
            ),
        }
    }
}

impl From<DecodeError> for Fault {
    fn from(error: DecodeError) -> Self {
        Self::Answer(error)
    }
}

/// What came back from one command.
struct Back {
    completed: Result<Completed, ChannelError>,
    took_ms: u64,
}

impl<C: NvmeAdmin> Noted<'_, C> {
    /// Asks for a structure of the length of `into`, and notes the answer.
    pub(super) fn ask(&mut self, name: &str, command: &AdminCommand, into: &mut [u8]) -> Result<(), Fault> {
        let (asked, exchange) = self.ask_quietly(name, command, into);
        self.log.note(exchange);
        asked
    }

    /// Asks, and leaves it to the caller to note the answer.
    pub(super) fn ask_quietly(
        &mut self,
        name: &str,
        command: &AdminCommand,
        into: &mut [u8],
    ) -> (Result<(), Fault>, Exchange) {
        let back = self.send(command, Transfer::In(into), QUERY_MS);
        let asked = match status(&back.completed) {
            Err(error) => Err(Fault::Way(error)),
            Ok(status) if !status.is_success() => Err(Fault::Refused(status)),
            // Every structure that is asked for ends in zeros, or in what a vendor has put there: hardly in sixteen bytes of this.
            Ok(_) if into.iter().rev().take(16).all(|byte| *byte == POISON) => Err(Fault::Nothing),
            Ok(_) => Ok(()),
        };
        let data_in = (asked.is_ok() && self.keeps_data).then(|| Octets::from(&*into));
        (asked, exchange(name, command, None, Some(answer(&back, data_in))))
    }

    /// Security Receive: what comes may be shorter than the room for it.
    pub(super) fn receive(
        &mut self,
        name: &str,
        command: &AdminCommand,
        into: &mut [u8],
        timeout_ms: u32,
    ) -> Result<(), Fault> {
        let back = self.send(command, Transfer::In(into), timeout_ms);
        let received = match status(&back.completed) {
            Err(error) => Err(Fault::Way(error)),
            Ok(status) if !status.is_success() => Err(Fault::Refused(status)),
            Ok(_) if into.iter().all(|byte| *byte == POISON) => Err(Fault::Nothing),
            Ok(_) => Ok(()),
        };
        let data_in = (received.is_ok() && self.keeps_data).then(|| Octets::from(&*into));
        self.log.note(exchange(name, command, None, Some(answer(&back, data_in))));
        received
    }

    /// Sends a command that changes the drive: noted before it goes, and again with its answer.
    pub(super) fn act(&mut self, name: &str, command: &AdminCommand, timeout_ms: u32) -> Result<Status, ChannelError> {
        self.log.note(exchange(name, command, None, None));
        let back = self.send(command, Transfer::None, timeout_ms);
        self.log.note(exchange(name, command, None, Some(answer(&back, None))));
        status(&back.completed)
    }

    /// Security Send. The bytes are left out of the transcript where they hold a password.
    pub(super) fn hand_over(
        &mut self,
        command: &AdminCommand,
        message: &Message<'_>,
        timeout_ms: u32,
    ) -> Result<Status, ChannelError> {
        let name = format!("Security Send, {}", message.name);
        let data_out = (!message.is_secret).then(|| Octets::from(message.bytes));
        if message.is_destructive {
            self.log.note(exchange(&name, command, data_out.clone(), None));
        }
        let back = self.send(command, Transfer::Out(message.bytes), timeout_ms);
        self.log.note(exchange(&name, command, data_out, Some(answer(&back, None))));
        status(&back.completed)
    }

    fn send(&mut self, command: &AdminCommand, data: Transfer<'_>, timeout_ms: u32) -> Back {
        let began = Instant::now();
        let completed = self.channel.admin(command, data, timeout_ms);
        Back { completed, took_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX) }
    }
}

/// The Status field; what is none is an error of the way, and neither a refusal nor a success.
fn status(completed: &Result<Completed, ChannelError>) -> Result<Status, ChannelError> {
    let completed = (*completed)?;
    Status::from_ioctl(completed.raw).ok_or(ChannelError::Kernel(Errno::EPROTO))
}

fn exchange(name: &str, command: &AdminCommand, data_out: Option<Octets>, answer: Option<Answer>) -> Exchange {
    let head = [u32::from(command.opcode()), command.nsid().value()];
    let sent = head.into_iter().chain(command.dwords()).flat_map(u32::to_le_bytes).collect();
    Exchange { command: name.to_owned(), sent: Octets(sent), data_out, answer }
}

/// `raw`: the Status field in two bytes and dword 0 of the completion in four, little endian; nothing if there was no completion.
fn answer(back: &Back, data_in: Option<Octets>) -> Answer {
    let status = match status(&back.completed) {
        Ok(status) => status.to_string(),
        Err(ChannelError::Gone(errno) | ChannelError::Kernel(errno)) => format!("the kernel gave up: {errno:?}"),
    };
    let raw = back.completed.map_or_else(
        |_| Vec::new(),
        |completed| {
            let [low, high, ..] = completed.raw.to_le_bytes();
            let [a, b, c, d] = completed.result.to_le_bytes();
            vec![low, high, a, b, c, d]
        },
    );
    Answer { status, raw: Octets(raw), data_in, took_ms: back.took_ms }
}

/// For everything that reads: controllers answer in milliseconds, and a kernel whose patience is at its end resets them.
pub(super) const QUERY_MS: u32 = 15_000;
