//! TCG messages in SECURITY PROTOCOL IN and OUT (SPC-5).

use purgeproof_core::firmware::{Exchange, Octets, Transcript};
use purgeproof_spec::scsi::command::{Command, security_protocol_in, security_protocol_out};

use super::query::{Reply, judge};
use crate::channel::{Data, ScsiChannel};
use crate::tcg::{Address, Message, SecurityProtocol, Trouble};

/// A SCSI drive as a bus of security protocols.
pub(super) struct Security<'a, C> {
    pub(super) channel: &'a mut C,
    pub(super) log: &'a mut dyn Transcript,
}

impl<C: ScsiChannel> SecurityProtocol for Security<'_, C> {
    fn send(&mut self, message: &Message<'_>) -> Result<(), Trouble> {
        let Address { protocol, specific } = message.to;
        let length = u32::try_from(message.bytes.len()).map_err(|_| Trouble::Lost("a message of 4 GiB".into()))?;
        let name = if message.is_secret { ", password left out" } else { "" };
        let before = Exchange {
            data_out: (!message.is_secret).then(|| message.bytes.into()),
            ..exchange(
                &format!("SECURITY PROTOCOL OUT, {}{name}", message.name),
                &security_protocol_out(protocol, specific, length),
            )
        };
        if message.is_destructive {
            self.log.note(before.clone());
        }
        let answer = self.channel.execute(&before.sent.0, Data::Out(message.bytes), REVERT_MS);
        let (reply, answer) = judge(&answer, 0);
        self.log.note(Exchange { answer: Some(answer), ..before });
        carried(reply).map(drop)
    }

    fn receive(&mut self, from: Address, into: &mut [u8]) -> Result<usize, Trouble> {
        let length = u32::try_from(into.len()).map_err(|_| Trouble::Lost("an answer of 4 GiB".into()))?;
        let command = security_protocol_in(from.protocol, from.specific, length);
        let answer = self.channel.execute(command.cdb(), Data::In(into), REVERT_MS);
        let (reply, mut answer) = judge(&answer, into.len());
        if let Reply::Good(came) = reply {
            answer.data_in = into.get(..came).map(Octets::from);
        }
        self.log.note(Exchange { answer: Some(answer), ..exchange("SECURITY PROTOCOL IN", &command) });
        carried(reply)
    }
}

/// A drive may hold the command, or the answer after it, until its new key is made: to be cut off then would undo the revert.
const REVERT_MS: u32 = 600_000;

fn exchange(name: &str, command: &Command) -> Exchange {
    Exchange { command: name.to_owned(), sent: command.cdb().into(), data_out: None, answer: None }
}

fn carried(reply: Reply) -> Result<usize, Trouble> {
    match reply {
        Reply::Good(came) => Ok(came),
        Reply::Gone => Err(Trouble::Gone),
        reply => Err(reply.refusal().map_or_else(|| Trouble::Lost(reply.words()), Trouble::Refused)),
    }
}
