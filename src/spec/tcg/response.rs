//! What the drive answers: the same frames, tokens (Core 2.01 §3.2.2), a status at the end (§5.1.5).

use core::fmt;

use super::request::{
    CALL, END_LIST, END_NAME, END_OF_DATA, END_OF_SESSION, HEADERS, PIN_COLUMN, SMUID, START_LIST, START_NAME,
    SYNC_SESSION,
};
use crate::scsi::field;

/// The status of a method (Core 2.01 §5.1.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// 00h.
    Success,
    /// 01h: wrong password, or one that does not allow this.
    NotAuthorized,
    /// 03h.
    SpBusy,
    /// 04h.
    SpFailed,
    /// 05h.
    SpDisabled,
    /// 06h.
    SpFrozen,
    /// 07h: another session is open.
    NoSessionsAvailable,
    /// 08h.
    UniquenessConflict,
    /// 09h.
    InsufficientSpace,
    /// 0Ah.
    InsufficientRows,
    /// 0Ch.
    InvalidParameter,
    /// 0Fh.
    TperMalfunction,
    /// 10h.
    TransactionFailure,
    /// 11h.
    ResponseOverflow,
    /// 12h: too many wrong passwords. A power cycle may help.
    AuthorityLockedOut,
    /// 3Fh.
    Fail,
    /// Obsolete or reserved, as sent.
    Other(u64),
}

impl Status {
    const fn from_code(code: u64) -> Self {
        match code {
            0x00 => Self::Success,
            0x01 => Self::NotAuthorized,
            0x03 => Self::SpBusy,
            0x04 => Self::SpFailed,
            0x05 => Self::SpDisabled,
            0x06 => Self::SpFrozen,
            0x07 => Self::NoSessionsAvailable,
            0x08 => Self::UniquenessConflict,
            0x09 => Self::InsufficientSpace,
            0x0A => Self::InsufficientRows,
            0x0C => Self::InvalidParameter,
            0x0F => Self::TperMalfunction,
            0x10 => Self::TransactionFailure,
            0x11 => Self::ResponseOverflow,
            0x12 => Self::AuthorityLockedOut,
            0x3F => Self::Fail,
            other => Self::Other(other),
        }
    }
}

/// Bytes that are no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyError {
    /// The drive is still at it. Receive again.
    Pending {
        /// `OutstandingData` of the `ComPacket`: 1 says "do not know how much yet".
        outstanding: u32,
    },
    /// There is nothing to receive: no request reached this `ComID`, or its answer has been received already.
    Nothing,
    /// There are fewer bytes than the headers announce.
    Short {
        /// Bytes that it takes.
        needed: usize,
        /// Bytes that there are.
        got: usize,
    },
    /// A token that is reserved, or goes beyond the subpacket.
    Token(u8),
}

impl fmt::Display for ReplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pending { outstanding } => {
                write!(f, "The drive has not finished its answer ({outstanding} bytes outstanding). Receive it again in a moment.")
            }
            Self::Nothing => f.write_str(
                "The drive has no answer for this ComID. Start the session again; if that does not help, power-cycle the drive.",
            ),
            Self::Short { needed, got } => write!(
                f,
                "The drive's answer has {got} bytes where its headers announce {needed}. \
                 Connect it without an adapter and try again."
            ),
            Self::Token(token) => write!(
                f,
                "The drive's answer has a token {token:02X}h that does not belong there. \
                 Connect it without an adapter and try again."
            ),
        }
    }
}

impl core::error::Error for ReplyError {}

/// An element of a data stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token<'a> {
    /// An unsigned integer of up to eight bytes.
    Unsigned(u64),
    /// A byte sequence.
    Bytes(&'a [u8]),
    /// A signed or longer integer, or a piece of a byte sequence: its bytes.
    Other(&'a [u8]),
    /// F0h to `FCh`: lists, names, call, ends.
    Control(u8),
}

/// A complete answer whose tokens are all well formed.
#[derive(Clone, Copy, Debug)]
pub struct Reply<'a>(&'a [u8]);

impl<'a> Reply<'a> {
    /// Decode what was received, no longer than the count of bytes.
    pub fn new(bytes: &'a [u8]) -> Result<Self, ReplyError> {
        let got = bytes.len();
        let short = |needed| ReplyError::Short { needed, got };
        let number = |at| field(bytes, at).map(u32::from_be_bytes);
        let (outstanding, length) = number(8).zip(number(16)).ok_or(short(20))?;
        if length == 0 {
            return Err(if outstanding == 0 { ReplyError::Nothing } else { ReplyError::Pending { outstanding } });
        }
        let announced = number(52).ok_or(short(HEADERS))?;
        if announced == 0 {
            return Err(ReplyError::Nothing);
        }
        let needed = usize::try_from(announced).unwrap_or(usize::MAX).saturating_add(HEADERS);
        let stream = bytes.get(HEADERS..needed).ok_or(short(needed))?;
        let mut rest = stream;
        while let Some(token) = rest.first() {
            (_, rest) = split(rest).ok_or(ReplyError::Token(*token))?;
        }
        Ok(Self(stream))
    }

    /// The tokens, in order; `FFh`, the empty atom, is left out.
    pub fn tokens(self) -> impl Iterator<Item = Token<'a>> {
        let mut rest = self.0;
        core::iter::from_fn(move || {
            let (token, next) = split(rest)?;
            rest = next;
            Some(token)
        })
        .filter(|token| *token != Token::Control(EMPTY))
    }

    /// The status of the method, `F9 F0 status 00 00 F1` at the very end. `None` if there is none: the session ended instead, or
    /// there is more to come. That is no success.
    pub fn status(self) -> Option<Status> {
        let mut tokens = self.tokens().skip_while(|token| *token != Token::Control(END_OF_DATA)).skip(1);
        let list = [tokens.next()?, tokens.next()?, tokens.next()?, tokens.next()?, tokens.next()?];
        match (list, tokens.next()) {
            (
                [
                    Token::Control(START_LIST),
                    Token::Unsigned(status),
                    Token::Unsigned(_),
                    Token::Unsigned(_),
                    Token::Control(END_LIST),
                ],
                None,
            ) => Some(Status::from_code(status)),
            _ => None,
        }
    }

    /// End of Session: the answer to ours, or the drive's own word after a revert or a failure.
    pub fn is_end_of_session(self) -> bool {
        self.tokens().next() == Some(Token::Control(END_OF_SESSION))
    }

    /// The value of the column PIN in the answer to [`super::request::Session::read_msid`]. `None` if it was refused.
    pub fn pin(self) -> Option<&'a [u8]> {
        if self.status() != Some(Status::Success) {
            return None;
        }
        let mut tokens = self.tokens().skip_while(|token| *token != Token::Control(START_NAME)).skip(1);
        match [tokens.next()?, tokens.next()?, tokens.next()?] {
            [Token::Unsigned(column), Token::Bytes(pin), Token::Control(END_NAME)] if column == PIN_COLUMN.into() => {
                Some(pin)
            }
            _ => None,
        }
    }
}

/// The empty atom.
const EMPTY: u8 = 0xFF;

/// The two session numbers, the host's and the drive's, of a call of `SyncSession` that succeeded (Core 2.01).
pub(super) fn sync_session(reply: &Reply<'_>) -> Option<(u32, u32)> {
    if reply.status() != Some(Status::Success) {
        return None;
    }
    let mut tokens = reply.tokens();
    let call = [tokens.next()?, tokens.next()?, tokens.next()?, tokens.next()?];
    if call != [Token::Control(CALL), Token::Bytes(&SMUID), Token::Bytes(&SYNC_SESSION), Token::Control(START_LIST)] {
        return None;
    }
    match (tokens.next()?, tokens.next()?) {
        (Token::Unsigned(host), Token::Unsigned(tper)) => Some((u32::try_from(host).ok()?, u32::try_from(tper).ok()?)),
        _ => None,
    }
}

/// The first token, and what follows it; `None` if it is reserved, or not all there.
fn split(stream: &[u8]) -> Option<(Token<'_>, &[u8])> {
    let (header, rest) = stream.split_first()?;
    // Bit by bit: is it bytes (B) or an integer, is it signed or continued (S), how long is it.
    let (is_bytes, is_signed, length, rest) = match *header {
        tiny @ 0x00..=0x3F => return Some((Token::Unsigned(tiny.into()), rest)),
        0x40..=0x7F => return Some((Token::Other(stream.get(..1)?), rest)),
        short @ 0x80..=0xBF => (short & 0x20 != 0, short & 0x10 != 0, usize::from(short & 0x0F), rest),
        medium @ 0xC0..=0xDF => {
            let (low, rest) = rest.split_first()?;
            let length = usize::from(medium & 0x07) << 8 | usize::from(*low);
            (medium & 0x10 != 0, medium & 0x08 != 0, length, rest)
        }
        long @ 0xE0..=0xE3 => {
            let ([a, b, c], rest) = rest.split_first_chunk::<3>()?;
            let length = usize::try_from(u32::from_be_bytes([0, *a, *b, *c])).ok()?;
            (long & 0x02 != 0, long & 0x01 != 0, length, rest)
        }
        control @ (0xF0..=0xF3 | 0xF8..=0xFC | EMPTY) => return Some((Token::Control(control), rest)),
        _ => return None,
    };
    let (value, rest) = rest.split_at_checked(length)?;
    let token = match (is_bytes, is_signed) {
        (true, false) => Token::Bytes(value),
        (false, false) if length <= 8 => Token::Unsigned(value.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))),
        _ => Token::Other(value),
    };
    Some((token, rest))
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;
    use crate::tcg::request::Session;

    /// The three headers around a stream; only the fields that are looked at are filled.
    fn framed(stream: &[u8]) -> Vec<u8> {
        let mut bytes = [0_u8; 56].to_vec();
        bytes[19] = 1;
        bytes[55] = u8::try_from(stream.len()).unwrap();
        bytes.extend(stream);
        bytes
    }

    fn status(stream: &[u8]) -> Option<Status> {
        Reply::new(&framed(stream)).unwrap().status()
    }

    /// `SyncSession[41h, 1001h]`, status 0.
    const SYNC: [u8; 31] = [
        0xF8, 0xA8, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xA8, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xFF,
        0x03, 0xF0, 0x81, 0x41, 0x82, 0x10, 0x01, 0xF1, 0xF9, 0xF0, 0x00, 0x00, 0x00,
    ];

    fn sync() -> Vec<u8> {
        let mut stream = SYNC.to_vec();
        stream.push(0xF1);
        stream
    }

    #[test]
    fn a_session_has_the_numbers_of_sync_session() {
        let session = |stream: &[u8]| Session::from_reply(0x07FE, &Reply::new(&framed(stream)).unwrap());
        let request = session(&sync()).unwrap().revert();
        assert_eq!(request.as_bytes()[20..28], [0x00, 0x00, 0x10, 0x01, 0x00, 0x00, 0x00, 0x41]);
        let (mut another, mut refused, mut method) = (sync(), sync(), sync());
        another[21] = 0x42;
        assert_eq!(session(&another), None, "not our session");
        refused[28] = 0x01;
        assert_eq!(session(&refused), None, "not authorized");
        method[18] = 0x02;
        assert_eq!(session(&method), None, "no SyncSession");
    }

    #[test]
    fn the_status_is_at_the_end_or_nowhere() {
        assert_eq!(status(&[0xF0, 0xF1, 0xF9, 0xF0, 0x00, 0x00, 0x00, 0xF1]), Some(Status::Success));
        assert_eq!(status(&[0xF0, 0xF1, 0xF9, 0xF0, 0x01, 0x00, 0x00, 0xF1]), Some(Status::NotAuthorized));
        assert_eq!(status(&[0xF0, 0xF1, 0xF9, 0xF0, 0x12, 0x00, 0x00, 0xF1, 0xFF]), Some(Status::AuthorityLockedOut));
        assert_eq!(status(&[0xF0, 0xF1, 0xF9, 0xF0, 0x3F, 0x00, 0x00, 0xF1]), Some(Status::Fail));
        assert_eq!(status(&[0xF0, 0xF1, 0xF9, 0xF0, 0x0D, 0x00, 0x00, 0xF1]), Some(Status::Other(0x0D)));
        assert_eq!(status(&[0xF0, 0xF1]), None);
        assert_eq!(status(&[0xF9, 0xF0, 0x00, 0x00, 0x00]), None);
        assert_eq!(status(&[0xF9, 0xF0, 0x00, 0x00, 0x00, 0xF1, 0xF8]), None);
        assert_eq!(status(&[0xA6, 0xF9, 0xF0, 0x00, 0x00, 0x00, 0xF1]), None, "inside a byte sequence");
    }

    #[test]
    fn every_status_has_its_code() {
        let codes = [0x00, 0x01, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0C, 0x0F, 0x10, 0x11, 0x12, 0x3F];
        for code in codes {
            assert!(!matches!(Status::from_code(code), Status::Other(_)), "{code:02X}h");
        }
        assert_eq!(Status::from_code(0x07), Status::NoSessionsAvailable);
        assert_eq!(Status::from_code(0x02), Status::Other(0x02));
    }

    #[test]
    fn the_msid_is_in_column_3() {
        let answer = |column, status| {
            let mut stream = [0xF0, 0xF0, 0xF2, column, 0xA4, 0x4D, 0x53, 0x49, 0x44, 0xF3, 0xF1, 0xF1].to_vec();
            stream.extend([0xF9, 0xF0, status, 0x00, 0x00, 0xF1]);
            framed(&stream)
        };
        assert_eq!(Reply::new(&answer(0x03, 0x00)).unwrap().pin(), Some(&b"MSID"[..]));
        assert_eq!(Reply::new(&answer(0x04, 0x00)).unwrap().pin(), None);
        assert_eq!(Reply::new(&answer(0x03, 0x01)).unwrap().pin(), None);
    }

    #[test]
    fn no_answer_yet_is_not_no_answer() {
        let error = |bytes: &[u8]| Reply::new(bytes).map(|_| ()).unwrap_err();
        assert_eq!(error(&[0; 512]), ReplyError::Nothing);
        let mut bytes = [0_u8; 512];
        bytes[11] = 1;
        assert_eq!(error(&bytes), ReplyError::Pending { outstanding: 1 });
        assert_eq!(error(&[0; 19]), ReplyError::Short { needed: 20, got: 19 });
        let mut bytes = framed(&[0xFA]);
        assert!(Reply::new(&bytes).unwrap().is_end_of_session());
        assert_eq!(Reply::new(&bytes).unwrap().status(), None);
        bytes[55] = 2;
        assert_eq!(error(&bytes), ReplyError::Short { needed: 58, got: 57 });
        bytes[55] = 0;
        assert_eq!(error(&bytes), ReplyError::Nothing);
        assert_eq!(error(&framed(&[0xE4])), ReplyError::Token(0xE4));
        assert_eq!(error(&framed(&[0xA4, 0x00])), ReplyError::Token(0xA4), "a byte sequence that is cut off");
    }

    #[test]
    fn atoms_of_all_sizes() {
        let bytes = framed(&[
            0x3F, 0x7F, 0x82, 0x01, 0x00, 0x91, 0xFF, 0xD0, 0x02, 0xAA, 0xBB, 0xE2, 0, 0, 1, 0xCC, 0xC0, 1, 9,
        ]);
        let tokens = Reply::new(&bytes).unwrap().tokens().collect::<Vec<_>>();
        let expected = [
            Token::Unsigned(63),
            Token::Other(&[0x7F]),
            Token::Unsigned(256),
            Token::Other(&[0xFF]),
            Token::Bytes(&[0xAA, 0xBB]),
            Token::Bytes(&[0xCC]),
            Token::Unsigned(9),
        ];
        assert_eq!(tokens, expected);
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_value_or_an_error(bytes: Vec<u8>, stream: Vec<u8>) {
            for bytes in [bytes, framed(&stream)] {
                if let Ok(reply) = Reply::new(&bytes) {
                    prop_assert!(reply.tokens().count() <= bytes.len());
                    let _ = (reply.status(), reply.pin(), reply.is_end_of_session(), Session::from_reply(1, &reply));
                }
            }
        }
    }
}
