//! TCG messages over `TRUSTED SEND` and `TRUSTED RECEIVE`. libata carries them with its parameter `allow_tpm=1` only.

use std::num::NonZeroU8;

use purgeproof_core::firmware::Transcript;
use purgeproof_spec::ata::trusted;

use super::link::{Command, Link, Reply, unanswered};
use crate::channel::{Data, ScsiChannel};
use crate::tcg::{Address, Message, SecurityProtocol, Trouble};

/// A revert may answer only when new keys are made.
const TIMEOUT_MS: u32 = 600_000;

/// A drive's trusted peripheral, with the transcript that its messages go to.
pub(super) struct Trusted<'a, C> {
    pub(super) link: &'a mut Link<C>,
    pub(super) log: &'a mut dyn Transcript,
}

impl<C: ScsiChannel> SecurityProtocol for Trusted<'_, C> {
    fn send(&mut self, message: &Message<'_>) -> Result<(), Trouble> {
        let Address { protocol, specific } = message.to;
        let taskfile = trusted::send(protocol, specific, blocks(message.bytes)?);
        let command = Command { name: message.name, taskfile, timeout_ms: TIMEOUT_MS };
        if message.is_destructive {
            self.log.note(unanswered(&command, Some(message.bytes).filter(|_| !message.is_secret)));
        }
        let (mut exchange, reply) = self.link.send(&command, Data::Out(message.bytes));
        if message.is_secret {
            exchange.data_out = None;
        }
        self.log.note(exchange);
        carried(&reply)
    }

    fn receive(&mut self, from: Address, into: &mut [u8]) -> Result<usize, Trouble> {
        let taskfile = trusted::receive(from.protocol, from.specific, blocks(into)?);
        let command = Command { name: "TRUSTED RECEIVE", taskfile, timeout_ms: TIMEOUT_MS };
        let data = match self.link.read(&command, self.log) {
            Ok(data) => data,
            Err(reply) => return carried(&reply).map(|()| 0),
        };
        if data.iter().all(|byte| *byte == purgeproof_sys::transfer::POISON) {
            return Err(Trouble::Lost("nothing was transferred".to_owned()));
        }
        for (to, from) in into.iter_mut().zip(&data) {
            *to = *from;
        }
        Ok(data.len())
    }
}

fn blocks(bytes: &[u8]) -> Result<NonZeroU8, Trouble> {
    let count = u8::try_from(bytes.len() / 512).ok().filter(|_| bytes.len().is_multiple_of(512));
    count.and_then(NonZeroU8::new).ok_or_else(|| Trouble::Lost(format!("{} bytes are no message", bytes.len())))
}

fn carried(reply: &Reply) -> Result<(), Trouble> {
    match reply {
        Reply::Transferred | Reply::Done(_) => Ok(()),
        Reply::Error(_) => Err(Trouble::Refused(reply.to_string())),
        Reply::Gone => Err(Trouble::Gone),
        // What is between us and the drive does not speak for the drive.
        _ => Err(Trouble::Lost(reply.to_string())),
    }
}
