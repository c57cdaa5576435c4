//! Properties, `StartSession` as PSID, Revert.

use std::fmt;
use std::thread;
use std::time::Duration;

use purgeproof_core::firmware::{Begun, Standing};
use purgeproof_spec::tcg::PROTOCOL;
use purgeproof_spec::tcg::request::{Authority, REQUEST_BYTES, Session, properties, start_session};
use purgeproof_spec::tcg::response::{Reply, ReplyError, Status};
use purgeproof_sys::locked::Locked;

use super::{ANSWER_BYTES, Address, Message, Psid, SecurityProtocol, Trouble, discover, standing};

/// Why there was no revert.
#[derive(Debug, PartialEq, Eq)]
enum RevertError {
    /// Discovery names nobody to talk to.
    NoTper,
    /// A message was not carried.
    Bus(Trouble),
    /// What came is no answer, or one to something else.
    Answer(ReplyError),
    /// The answer has no status at its end.
    NoStatus,
    /// The session could not be opened, or the method was not carried out.
    Method(Status),
    /// There is no memory for a message that has the PSID in it.
    NoMemory,
    /// The PSID is not there any more.
    NoPsid,
}

impl fmt::Display for RevertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoTper => f.write_str("the drive has no TCG security that could be reverted"),
            Self::Bus(trouble) => trouble.fmt(f),
            Self::Answer(error) => error.fmt(f),
            Self::NoStatus => f.write_str("the drive ended the session without saying how the method went"),
            Self::Method(Status::NotAuthorized) => f.write_str(
                "the drive does not accept this PSID. Compare it with the label, character by character; after a few wrong ones the \
                 drive takes none until it has been without power",
            ),
            Self::Method(Status::AuthorityLockedOut) => f.write_str(
                "the drive has been given too many wrong PSIDs. Take it off the power, then enter the one on its label",
            ),
            Self::Method(Status::NoSessionsAvailable | Status::SpBusy) => f.write_str(
                "another TCG session with the drive is open. Take it off the power, which ends it, and try again",
            ),
            Self::NoMemory => f.write_str(
                "the kernel gave no locked memory for the message with the PSID, so it was not sent. Restart the machine, or raise \
                 `ulimit -l`",
            ),
            Self::NoPsid => f.write_str("the PSID was cleared before it was used. Type it again"),
            Self::Method(status) => write!(f, "the drive answered the TCG method with {status:?}"),
        }
    }
}

/// Reverts the drive to its factory state as the holder of the label. In the foreground; data that the drive goes on removing
/// afterwards are asked for with [`standing`].
pub(crate) fn revert(bus: &mut impl SecurityProtocol, psid: &Psid) -> Begun {
    let (line, session) = match open(bus, psid) {
        Ok(opened) => opened,
        Err(error @ RevertError::Method(_)) => return Begun::Refused { why: error.to_string() },
        Err(error) => return error.into_begun(),
    };
    let outcome = line
        .send(bus, "TCG AdminSP.Revert", session.revert().as_bytes(), Nature::Destructive)
        .and_then(|()| line.receive(bus, REVERT_PATIENCE, success));
    if let Err(RevertError::Method(_) | RevertError::Bus(Trouble::Refused(_))) = outcome {
        // The session is still open. How its end goes makes no difference to what happened.
        let _ = line.send(bus, "TCG EndSession", session.end().as_bytes(), Nature::Question);
    }
    match outcome {
        Ok(()) if matches!(standing(bus), Standing::InProgress { .. }) => Begun::Accepted { estimate_s: None },
        Ok(()) => Begun::Completed,
        Err(error) => error.into_begun(),
    }
}

/// Asks for the drive's properties, so that a drive that does not talk TCG never hears the PSID, and starts the session.
fn open(bus: &mut impl SecurityProtocol, psid: &Psid) -> Result<(Line, Session), RevertError> {
    let subsystem = discover(bus).map_err(RevertError::Bus)?.and_then(|tper| tper.subsystem);
    let com_id = subsystem.ok_or(RevertError::NoTper)?.com_id;
    let line = Line(Address { protocol: PROTOCOL, specific: com_id });
    line.send(bus, "TCG Properties", properties(com_id).as_bytes(), Nature::Question)?;
    line.receive(bus, PATIENCE, success)?;
    let mut request = Locked::for_device(REQUEST_BYTES, |_| ()).map_err(|_| RevertError::NoMemory)?;
    let sent = request.open(|bytes| {
        let bytes: &mut [u8; REQUEST_BYTES] = bytes.as_mut_array().ok_or(RevertError::NoMemory)?;
        let written = psid.open(|pin| start_session(bytes, com_id, Some((Authority::Psid, pin))));
        written.flatten().ok_or(RevertError::NoPsid)?;
        line.send(bus, "TCG StartSession as PSID (the PSID left out)", bytes, Nature::Secret)
    });
    sent.map_err(|_| RevertError::NoMemory)??;
    // The drive has it, and nobody else needs it now.
    drop(request);
    let session = line.receive(bus, PATIENCE, |reply| {
        success(reply)?;
        Session::from_reply(com_id, reply).ok_or(RevertError::NoStatus)
    })?;
    Ok((line, session))
}

fn success(reply: &Reply<'_>) -> Result<(), RevertError> {
    match reply.status() {
        Some(Status::Success) => Ok(()),
        Some(status) => Err(RevertError::Method(status)),
        None => Err(RevertError::NoStatus),
    }
}

/// The `ComID` of a drive's security subsystem class.
#[derive(Clone, Copy)]
struct Line(Address);

#[derive(Clone, Copy)]
enum Nature {
    Question,
    Secret,
    Destructive,
}

impl Line {
    fn send(
        self,
        bus: &mut impl SecurityProtocol,
        name: &'static str,
        bytes: &[u8; REQUEST_BYTES],
        nature: Nature,
    ) -> Result<(), RevertError> {
        let (is_secret, is_destructive) = (matches!(nature, Nature::Secret), matches!(nature, Nature::Destructive));
        let message = Message { name, to: self.0, bytes, is_secret, is_destructive };
        bus.send(&message).map_err(RevertError::Bus)
    }

    /// Fetches the answer as soon as there is one.
    fn receive<T>(
        self,
        bus: &mut impl SecurityProtocol,
        patience: Duration,
        read: impl FnOnce(&Reply<'_>) -> Result<T, RevertError>,
    ) -> Result<T, RevertError> {
        let mut answer = [0; ANSWER_BYTES];
        let (mut waited, mut pause) = (Duration::ZERO, Duration::from_millis(1));
        loop {
            let came = bus.receive(self.0, &mut answer).map_err(RevertError::Bus)?;
            match Reply::new(answer.get(..came).unwrap_or(&answer)) {
                Ok(reply) => return read(&reply),
                Err(ReplyError::Pending { .. }) if waited < patience => {
                    thread::sleep(pause);
                    waited += pause;
                    pause = (pause * 2).min(Duration::from_millis(500));
                }
                Err(error) => return Err(RevertError::Answer(error)),
            }
        }
    }
}

impl RevertError {
    /// A refusal is what the drive itself says; what failed on the way, or said nothing, leaves it open.
    fn into_begun(self) -> Begun {
        let why = self.to_string();
        match self {
            Self::Method(Status::Fail | Status::TperMalfunction | Status::TransactionFailure) => Begun::Failed { why },
            Self::NoTper | Self::NoMemory | Self::NoPsid | Self::Method(_) | Self::Bus(Trouble::Refused(_)) => {
                Begun::Refused { why }
            }
            Self::Bus(_) | Self::Answer(_) | Self::NoStatus => Begun::Lost { why },
        }
    }
}

/// For answers that take no work.
const PATIENCE: Duration = Duration::from_secs(30);
/// A revert makes new keys, and may erase what is not encrypted.
const REVERT_PATIENCE: Duration = Duration::from_mins(10);
