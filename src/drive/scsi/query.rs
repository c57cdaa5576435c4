//! One SCSI command: sent, and its answer sorted into what it says and what it does not say.

use purgeproof_core::firmware::{Answer, Exchange, Octets, Transcript};
use purgeproof_spec::scsi::command::{Command, Transfer};
use purgeproof_spec::scsi::sense::{Key, Sense};

use crate::channel::{ChannelError, Data, ScsiAnswer, ScsiChannel};

/// Questions, and commands that work on in the background.
pub(super) const SHORT_MS: u32 = 15_000;
/// Room for what has no length of its own. A multiple of 512: other lengths go through a buffer that the kernel zeroes.
pub(super) const ROOM: u16 = 512;
/// How many unit attentions in a row are taken note of: after power-on, a reset, a change of the capacity, each is told once.
pub(super) const ATTENTIONS: u32 = 5;

/// What an answer comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// The drive did it; so many bytes came.
    Good(usize),
    /// CHECK CONDITION, with the drive's reason.
    Check(Sense),
    /// Another status that says that the drive did not begin.
    Declined(&'static str),
    /// What the drive did is not known, and why.
    Unclear(String),
    /// Nobody is there.
    Gone,
}

impl Reply {
    fn new(answer: &Result<ScsiAnswer, ChannelError>, asked: usize) -> Self {
        let answer = match answer {
            Ok(answer) => answer,
            Err(ChannelError::Gone(_)) => return Self::Gone,
            Err(error) => return Self::Unclear(error.to_string()),
        };
        if answer.is_gone() {
            return Self::Gone;
        }
        if !answer.is_delivered() {
            let (host, driver) = (answer.host, answer.driver);
            return Self::Unclear(format!(
                "the host adapter gave up (host status {host:02X}h, driver status {driver:02X}h)"
            ));
        }
        match answer.status {
            ScsiAnswer::GOOD => Self::Good(answer.came(asked)),
            ScsiAnswer::CHECK_CONDITION => match Sense::new(&answer.sense) {
                // Done, with an effort (SPC-5).
                Ok(sense) if sense.key == Key::RecoveredError && !sense.deferred && sense.erase.is_none() => {
                    Self::Good(answer.came(asked))
                }
                Ok(sense) => Self::Check(sense),
                Err(error) => Self::Unclear(format!("CHECK CONDITION without a reason. {error}")),
            },
            0x08 => Self::Declined("BUSY"),
            0x18 => Self::Declined("RESERVATION CONFLICT: another machine has reserved the drive"),
            0x28 => Self::Declined("TASK SET FULL"),
            status => Self::Unclear(format!("SCSI status {status:02X}h")),
        }
    }

    /// The drive's own no: it did not begin.
    pub(super) fn refusal(&self) -> Option<String> {
        match self {
            Self::Check(sense) if !sense.deferred && sense.erase.is_none() => {
                let is_no = matches!(sense.key, Key::IllegalRequest | Key::DataProtect | Key::UnitAttention);
                is_no.then(|| sense.to_string())
            }
            Self::Declined(status) => Some((*status).to_owned()),
            _ => None,
        }
    }

    /// In words, whatever it is.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Good(_) => "GOOD".to_owned(),
            Self::Check(sense) => sense.to_string(),
            Self::Declined(status) => (*status).to_owned(),
            Self::Unclear(why) => why.clone(),
            Self::Gone => "the drive does not answer any more".to_owned(),
        }
    }
}

/// Sends a command once. What comes is put into `into`, which has room for what the command asks for.
pub(super) fn send(
    channel: &mut impl ScsiChannel,
    name: &str,
    command: &Command,
    into: &mut [u8],
    timeout_ms: u32,
) -> (Reply, Exchange) {
    let asked = match command.transfer() {
        Transfer::In(length) => usize::try_from(*length).unwrap_or(usize::MAX).min(into.len()),
        _ => 0,
    };
    let data = match command.transfer() {
        Transfer::In(_) => Data::In(into.get_mut(..asked).unwrap_or_default()),
        Transfer::List(list) => Data::Out(list.as_bytes()),
        Transfer::None | Transfer::Out(_) => Data::None,
    };
    let answer = channel.execute(command.cdb(), data, timeout_ms);
    let reply = Reply::new(&answer, asked);
    (reply.clone(), Exchange { answer: Some(noted(&reply, &answer)), ..exchange(name, command) })
}

/// The entry about a command before it is sent.
pub(super) fn exchange(name: &str, command: &Command) -> Exchange {
    let list = match command.transfer() {
        Transfer::List(list) => Some(Octets::from(list.as_bytes())),
        _ => None,
    };
    Exchange { command: name.to_owned(), sent: command.cdb().into(), data_out: list, answer: None }
}

/// The answer as the transcript wants it: the status byte, then the sense data.
pub(super) fn noted(reply: &Reply, answer: &Result<ScsiAnswer, ChannelError>) -> Answer {
    let raw = answer.as_ref().map(|answer| [&[answer.status], answer.sense.as_slice()].concat()).unwrap_or_default();
    let took_ms = answer.as_ref().map_or(0, |answer| answer.took_ms);
    Answer { status: reply.words(), raw: Octets(raw), data_in: None, took_ms }
}

/// [`noted`] for what was sent without [`send`].
pub(super) fn judge(answer: &Result<ScsiAnswer, ChannelError>, asked: usize) -> (Reply, Answer) {
    let reply = Reply::new(answer, asked);
    let answer = noted(&reply, answer);
    (reply, answer)
}

/// Asks until the drive has told all its unit attentions, each of which takes the place of one answer.
pub(super) fn ask(channel: &mut impl ScsiChannel, name: &str, command: &Command, into: &mut [u8]) -> (Reply, Exchange) {
    let mut asked = send(channel, name, command, into, SHORT_MS);
    for _ in 1..ATTENTIONS {
        let is_attention = matches!(&asked.0, Reply::Check(sense) if sense.key == Key::UnitAttention);
        if !is_attention {
            break;
        }
        asked = send(channel, name, command, into, SHORT_MS);
    }
    asked
}

/// Asks for data, which go into the transcript as far as they came. An error in words if they did not.
pub(super) fn data(
    channel: &mut impl ScsiChannel,
    name: &str,
    command: &Command,
    log: &mut dyn Transcript,
) -> Result<Vec<u8>, Reply> {
    let Transfer::In(length) = command.transfer() else { return Err(Reply::Declined("no command that asks for data")) };
    let mut into = vec![0; usize::try_from(*length).unwrap_or(0)];
    let (reply, mut exchange) = ask(channel, name, command, &mut into);
    let Reply::Good(came) = reply else {
        log.note(exchange);
        return Err(reply);
    };
    into.truncate(came);
    if let Some(answer) = &mut exchange.answer {
        answer.data_in = Some(Octets::from(into.as_slice()));
    }
    log.note(exchange);
    Ok(into)
}

/// Notes nothing: for questions before there is a job.
#[derive(Debug)]
pub(super) struct Unheard;

impl Transcript for Unheard {
    fn note(&mut self, _: Exchange) {}
}
