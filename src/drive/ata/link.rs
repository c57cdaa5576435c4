//! One ATA command over `ATA PASS-THROUGH (16)`: sent, noted, and its answer told from the silence of whatever lies between.

use std::fmt;

use purgeproof_core::firmware::{Answer, Exchange, Octets, Transcript};
use purgeproof_spec::ata::taskfile::IDENTIFY_DEVICE;
use purgeproof_spec::ata::{Identify, Protocol, Registers, Taskfile, identify, query};
use purgeproof_spec::sat::{self, CheckCondition, NoRegisters};
use purgeproof_spec::scsi::sense::{Additional, Key, Sense};

use crate::channel::{ChannelError, Data, ScsiAnswer, ScsiChannel};

/// Questions, and commands that set a thing (standards: 15 s).
pub(super) const SHORT_MS: u32 = 15_000;

/// A command by the standard's name.
#[derive(Clone, Copy)]
pub(super) struct Command {
    pub(super) name: &'static str,
    pub(super) taskfile: Taskfile,
    pub(super) timeout_ms: u32,
}

impl Command {
    /// One that ends soon.
    pub(super) const fn new(name: &'static str, taskfile: Taskfile) -> Self {
        Self { name, taskfile, timeout_ms: SHORT_MS }
    }
}

/// What came of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// It ended without an error. A command without data returns its registers.
    Done(Registers),
    /// It ended without an error, and all its data went over.
    Transferred,
    /// The drive's own registers say that it ended in an error.
    Error(Registers),
    /// UNIT ATTENTION: something happened to the drive, a reset (29h) mostly. The command was not carried out, or not to its end.
    Attention(Additional),
    /// Whatever is between us and the drive does not carry this command.
    NotCarried(Additional),
    /// It failed on the way, and the registers show no error: they are from before, or the drive's after a reset.
    GivenUp(Registers),
    /// Fewer bytes came than the command brings.
    Short(usize),
    /// An answer without the registers: it says nothing about what the drive did.
    Silent(NoRegisters),
    /// No answer: neither refused nor done.
    Lost(String),
    /// The drive is not there any more.
    Gone,
}

impl Reply {
    /// After a reset the registers hold the signature of an ATA drive: ERROR 01h, COUNT 01h, LBA 1 (ACS-4 §10).
    pub(super) const fn is_signature_of_a_reset(&self) -> bool {
        match self {
            Self::Attention(additional) => additional.code == 0x29,
            Self::Done(registers) | Self::GivenUp(registers) => registers.error == 0x01,
            _ => false,
        }
    }

    fn new(taskfile: &Taskfile, answer: &ScsiAnswer) -> Self {
        if answer.is_gone() {
            return Self::Gone;
        }
        if !answer.is_delivered() {
            let ScsiAnswer { host, driver, .. } = answer;
            return Self::Lost(format!(
                "no answer of the drive came (host status {host:02X}h, driver status {driver:02X}h)"
            ));
        }
        let has_data = taskfile.protocol != Protocol::NonData;
        let asked = taskfile.transfer_len();
        match answer.status {
            ScsiAnswer::GOOD if has_data && answer.came(asked) < asked => Self::Short(answer.came(asked)),
            ScsiAnswer::GOOD if has_data => Self::Transferred,
            ScsiAnswer::GOOD => Self::Silent(NoRegisters::Missing),
            ScsiAnswer::CHECK_CONDITION => Self::from_sense(&answer.sense),
            status => Self::Lost(format!("the host adapter did not take the command (SCSI status {status:02X}h)")),
        }
    }

    fn from_sense(bytes: &[u8]) -> Self {
        let registers = sat::registers(bytes);
        let sense = Sense::new(bytes).ok().filter(|sense| !sense.deferred);
        match (sense, registers) {
            (_, Ok(registers)) if registers.is_error() => Self::Error(registers),
            (Some(Sense { key: Key::RecoveredError | Key::NoSense, .. }), Ok(registers)) => Self::Done(registers),
            (_, Ok(registers)) => Self::GivenUp(registers),
            (Some(Sense { key: Key::UnitAttention, additional, .. }), _) => Self::Attention(additional),
            (Some(Sense { key: Key::IllegalRequest, additional, .. }), _) => Self::NotCarried(additional),
            (_, Err(why)) => Self::Silent(why),
        }
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done(registers) => write!(f, "done (STATUS {:02X}h)", registers.status),
            Self::Transferred => f.write_str("done"),
            Self::Error(registers) => {
                let what = if registers.is_abort() { "the drive aborted it" } else { "the drive ended it in an error" };
                write!(f, "{what} (STATUS {:02X}h, ERROR {:02X}h)", registers.status, registers.error)
            }
            Self::Attention(additional) => write!(f, "UNIT ATTENTION, {}", Words(*additional)),
            Self::NotCarried(additional) => {
                write!(f, "the host adapter or bridge does not carry it (ILLEGAL REQUEST, {})", Words(*additional))
            }
            Self::GivenUp(registers) => write!(
                f,
                "the host gave it up (STATUS {:02X}h, ERROR {:02X}h, which is not the end of it)",
                registers.status, registers.error
            ),
            Self::Short(came) => write!(f, "only {came} bytes of data came"),
            Self::Silent(why) => why.fmt(f),
            Self::Lost(why) => f.write_str(why),
            Self::Gone => f.write_str("the drive does not answer any more"),
        }
    }
}

/// ADDITIONAL SENSE CODE with its name, if it has one.
struct Words(Additional);

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Additional { code, qualifier } = self.0;
        f.write_str(self.0.name().unwrap_or("additional sense code"))?;
        write!(f, " {code:02X}h/{qualifier:02X}h")
    }
}

/// A drive at the other end of a channel.
#[derive(Debug)]
pub(super) struct Link<C> {
    pub(super) channel: C,
    /// The serial number that the drive was chosen by, as IDENTIFY DEVICE has it.
    serial: Option<String>,
    /// The registers came in sense data of fixed format: the upper halves of COUNT and LBA are missing unless they are 0.
    pub(super) is_fixed_format: bool,
}

impl<C: ScsiChannel> Link<C> {
    /// With `serial`, a drive that says another one is not taken for this drive.
    pub(super) const fn new(channel: C, serial: Option<String>) -> Self {
        Self { channel, serial, is_fixed_format: false }
    }

    /// A question without data.
    pub(super) fn ask(&mut self, command: &Command, log: &mut dyn Transcript) -> Reply {
        self.ask_again(log, |link| link.send(command, Data::None))
    }

    /// A question that brings data: all of them, or why there are none.
    pub(super) fn read(&mut self, command: &Command, log: &mut dyn Transcript) -> Result<Vec<u8>, Reply> {
        let mut data = vec![0; command.taskfile.transfer_len()];
        let reply = self.ask_again(log, |link| {
            let (mut exchange, reply) = link.send(command, Data::In(&mut data));
            if let (Some(answer), Reply::Transferred) = (&mut exchange.answer, &reply) {
                answer.data_in = Some(data.as_slice().into());
            }
            (exchange, reply)
        });
        if reply == Reply::Transferred { Ok(data) } else { Err(reply) }
    }

    /// One block of 512 bytes.
    pub(super) fn read_block(&mut self, command: &Command, log: &mut dyn Transcript) -> Result<Box<[u8; 512]>, Reply> {
        let data = self.read(command, log)?;
        let came = data.len();
        data.try_into().map_err(|_| Reply::Short(came))
    }

    /// A question is asked again after a UNIT ATTENTION, which drives give once to whoever comes first after a reset.
    fn ask_again(&mut self, log: &mut dyn Transcript, mut ask: impl FnMut(&mut Self) -> (Exchange, Reply)) -> Reply {
        let mut left = 3;
        loop {
            let (exchange, reply) = ask(self);
            log.note(exchange);
            left -= 1;
            if left == 0 || !matches!(reply, Reply::Attention(_)) {
                return reply;
            }
        }
    }

    /// A command that changes the drive: noted before, and never sent twice.
    pub(super) fn change(&mut self, command: &Command, data_out: Option<&[u8]>, log: &mut dyn Transcript) -> Reply {
        log.note(unanswered(command, data_out));
        let (exchange, reply) = self.send(command, data_out.map_or(Data::None, Data::Out));
        log.note(exchange);
        reply
    }

    /// Sends a command; the caller decides about the note.
    pub(super) fn send(&mut self, command: &Command, data: Data<'_>) -> (Exchange, Reply) {
        let mut exchange = unanswered(command, if let Data::Out(data) = &data { Some(data) } else { None });
        let sent = self.channel.execute(&exchange.sent.0, data, command.timeout_ms);
        let reply = match &sent {
            Ok(answer) => Reply::new(&command.taskfile, answer),
            Err(ChannelError::Gone(_)) => Reply::Gone,
            Err(error @ ChannelError::Kernel(_)) => Reply::Lost(error.to_string()),
        };
        let (raw, took_ms) = sent.map_or_else(
            |_| (Vec::new(), 0),
            |answer| ([&[answer.status], answer.sense.as_slice()].concat(), answer.took_ms),
        );
        if matches!(reply, Reply::Done(_)) {
            self.is_fixed_format = raw.get(1).is_some_and(|code| code & 0x7F == 0x70);
        }
        exchange.answer = Some(Answer { status: reply.to_string(), raw: Octets(raw), data_in: None, took_ms });
        (exchange, reply)
    }

    /// `IDENTIFY DEVICE`, or why there is no answer that a drive gave.
    pub(super) fn identify(&mut self, log: &mut dyn Transcript) -> Result<Box<[u8; 512]>, Unidentified> {
        let block = self.read_block(&IDENTIFY, log).map_err(Unidentified::NoAnswer)?;
        match Identify::new(&block) {
            None => Err(Unidentified::NotADrives(Identify::check(&block))),
            Some(words) if !words.is_ata() || !words.is_complete() => Err(Unidentified::Incomplete),
            Some(words) if self.serial.is_some() && words.serial() != self.serial => {
                Err(Unidentified::OtherDrive { found: words.serial() })
            }
            Some(_) => Ok(block),
        }
    }

    /// Whether registers come back at all, by a command that every drive has and that has no other effect. It also takes away a UNIT
    /// ATTENTION that would otherwise be the answer to the next command.
    pub(super) fn round_trip(&mut self, log: &mut dyn Transcript) -> Result<(), Reply> {
        match self.ask(&CHECK_POWER_MODE, log) {
            Reply::Done(registers) if query::PowerMode::new(&registers).is_some() => Ok(()),
            reply => Err(reply),
        }
    }
}

const IDENTIFY: Command = Command::new("IDENTIFY DEVICE", IDENTIFY_DEVICE);
const CHECK_POWER_MODE: Command = Command::new("CHECK POWER MODE", query::CHECK_POWER_MODE);

/// Why it is not known who is at the other end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unidentified {
    NoAnswer(Reply),
    /// The answer is no drive's: a wrong checksum, or one byte all over.
    NotADrives(identify::Integrity),
    /// It is no ATA disk, or one that cannot read its own tables.
    Incomplete,
    /// It is another drive than the one that was chosen.
    OtherDrive {
        found: Option<String>,
    },
}

impl fmt::Display for Unidentified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAnswer(reply) => write!(f, "IDENTIFY DEVICE brought nothing: {reply}"),
            Self::NotADrives(identify::Integrity::BadChecksum(sum)) => {
                write!(f, "the answer to IDENTIFY DEVICE is damaged: its bytes add up to {sum:02X}h instead of 0")
            }
            Self::NotADrives(identify::Integrity::Uniform(byte)) => {
                write!(f, "the answer to IDENTIFY DEVICE is no drive's: all its bytes are {byte:02X}h")
            }
            Self::OtherDrive { found } => write!(
                f,
                "another drive answers now, with the serial number {}. Look for the drives again",
                found.as_deref().unwrap_or("(none)")
            ),
            Self::NotADrives(_) | Self::Incomplete => {
                f.write_str("the answer to IDENTIFY DEVICE is not that of an ATA disk that has read its own tables")
            }
        }
    }
}

/// The entry for a command that was not sent yet.
pub(super) fn unanswered(command: &Command, data_out: Option<&[u8]>) -> Exchange {
    // An error brings the registers in any case. Data together with registers is too much for some host adapters.
    let check = match command.taskfile.protocol {
        Protocol::NonData => CheckCondition::Always,
        _ => CheckCondition::OnError,
    };
    let cdb = sat::ata_pass_through_16(&command.taskfile, check);
    Exchange {
        command: command.name.to_owned(),
        sent: cdb.as_slice().into(),
        data_out: data_out.map(Octets::from),
        answer: None,
    }
}

#[cfg(test)]
#[path = "link_tests.rs"]
mod tests;
