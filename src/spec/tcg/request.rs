//! What we send: a method call in a data stream (Core 2.01 §3.2.2), framed as subpacket, packet and `ComPacket`.
//!
//! To take a drive back to its factory state: start a session with the Admin SP as PSID (or as SID, with the MSID as password),
//! call Revert. The drive ends that session by itself. For Opal, Opalite, Pyrite and Ruby, whose optional parameters have numbers
//! for names.

use super::response::{self, Reply};

/// Bytes of a request, padding included: a whole block, which ATA asks for.
pub const REQUEST_BYTES: usize = 512;

/// The number that we give our session.
pub const HOST_SESSION: u32 = 0x41;

/// `ComPacket` (20), packet (24) and subpacket (12) header.
pub(super) const HEADERS: usize = 56;

/// A unique identifier of an object or a method (Core 2.01 §6.3).
pub(super) type Uid = [u8; 8];

/// The session manager.
pub(super) const SMUID: Uid = [0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xFF];
const THIS_SP: Uid = [0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01];
const ADMIN_SP: Uid = [0x00, 0x00, 0x02, 0x05, 0x00, 0x00, 0x00, 0x01];
const C_PIN_MSID: Uid = [0x00, 0x00, 0x00, 0x0B, 0x00, 0x00, 0x84, 0x02];
const PROPERTIES: Uid = [0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xFF, 0x01];
const START_SESSION: Uid = [0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xFF, 0x02];
/// The drive answers `StartSession` by a call of this method.
pub(super) const SYNC_SESSION: Uid = [0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xFF, 0x03];
const REVERT_SP: Uid = [0x00, 0x00, 0x00, 0x06, 0x00, 0x00, 0x00, 0x11];
const GET: Uid = [0x00, 0x00, 0x00, 0x06, 0x00, 0x00, 0x00, 0x16];
const REVERT: Uid = [0x00, 0x00, 0x00, 0x06, 0x00, 0x00, 0x02, 0x02];

/// The column PIN of the `C_PIN` table.
pub(super) const PIN_COLUMN: u8 = 0x03;

// Tokens (Core 2.01 §3.2.2).
pub(super) const START_LIST: u8 = 0xF0;
pub(super) const END_LIST: u8 = 0xF1;
pub(super) const START_NAME: u8 = 0xF2;
pub(super) const END_NAME: u8 = 0xF3;
pub(super) const CALL: u8 = 0xF8;
pub(super) const END_OF_DATA: u8 = 0xF9;
pub(super) const END_OF_SESSION: u8 = 0xFA;

/// Who starts a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// Whoever holds the drive: the password is the PSID on its label. It may revert, and nothing else.
    Psid,
    /// The owner: the password is the MSID as long as nobody has changed it.
    Sid,
}

impl Authority {
    const fn uid(self) -> Uid {
        match self {
            Self::Psid => [0x00, 0x00, 0x00, 0x09, 0x00, 0x01, 0xFF, 0x01],
            Self::Sid => [0x00, 0x00, 0x00, 0x09, 0x00, 0x00, 0x00, 0x06],
        }
    }
}

/// A request without a secret, ready to send with protocol 01h to its `ComID`.
#[derive(Clone, PartialEq, Eq)]
pub struct Request([u8; REQUEST_BYTES]);

impl Request {
    /// All of it, padding included.
    pub const fn as_bytes(&self) -> &[u8; REQUEST_BYTES] {
        &self.0
    }

    fn of(write: impl FnOnce(Stream<'_>)) -> Self {
        let mut request = Self([0; REQUEST_BYTES]);
        write(Stream::new(&mut request.0));
        request
    }
}

/// Properties of the session manager, without any of the host's own (Core 2.01 §5.2.2): a question that any `TPer` answers.
pub fn properties(com_id: u16) -> Request {
    Request::of(|stream| stream.call(SMUID, PROPERTIES).finish_call(com_id, 0, 0))
}

/// `StartSession` with the Admin SP, for writing (Core 2.01). Anybody may, without a password, and then read the MSID. It is written where
/// the caller keeps what is secret, and nowhere else.
///
/// `None`, and nothing of the password is written, if that is empty or longer than the 32 bytes that a PIN can have.
pub fn start_session(
    into: &mut [u8; REQUEST_BYTES],
    com_id: u16,
    credential: Option<(Authority, &[u8])>,
) -> Option<()> {
    let mut stream = Stream::new(into).call(SMUID, START_SESSION);
    stream.unsigned(HOST_SESSION);
    stream.bytes(&ADMIN_SP);
    stream.unsigned(1);
    if let Some((authority, password)) = credential {
        if !(1..=32).contains(&password.len()) {
            return None;
        }
        // HostChallenge is parameter 0, HostSigningAuthority 3.
        stream.tokens(&[START_NAME, 0]);
        stream.bytes(password);
        stream.tokens(&[END_NAME, START_NAME, 3]);
        stream.bytes(&authority.uid());
        stream.tokens(&[END_NAME]);
    }
    stream.finish_call(com_id, 0, 0);
    Some(())
}

/// A session that the drive has opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    com_id: u16,
    tper_session: u32,
}

impl Session {
    /// From the answer to [`start_session`]. `None` if that is a refusal (see [`Reply::status`]) or about another session.
    pub fn from_reply(com_id: u16, reply: &Reply<'_>) -> Option<Self> {
        let (host_session, tper_session) = response::sync_session(reply)?;
        (host_session == HOST_SESSION).then_some(Self { com_id, tper_session })
    }

    /// Get the MSID, the password that the SID has from the factory: [`Reply::pin`] of the answer.
    pub fn read_msid(self) -> Request {
        Request::of(|stream| {
            let mut stream = stream.call(C_PIN_MSID, GET);
            // A cell block: startColumn is its name 3, endColumn 4.
            stream.tokens(&[START_LIST, START_NAME, 3, PIN_COLUMN, END_NAME]);
            stream.tokens(&[START_NAME, 4, PIN_COLUMN, END_NAME, END_LIST]);
            stream.finish_call(self.com_id, self.tper_session, HOST_SESSION);
        })
    }

    /// Revert the Admin SP, and with it the whole drive (Opal 2.02).
    pub fn revert(self) -> Request {
        self.request(ADMIN_SP, REVERT)
    }

    /// `RevertSP` on the SP of this session (Opal 2.02).
    pub fn revert_sp(self) -> Request {
        self.request(THIS_SP, REVERT_SP)
    }

    /// End of Session: a token alone, without a status list (Core 2.01).
    pub fn end(self) -> Request {
        Request::of(|mut stream| {
            stream.tokens(&[END_OF_SESSION]);
            stream.frame(self.com_id, self.tper_session, HOST_SESSION);
        })
    }

    /// A method without parameters.
    fn request(self, object: Uid, method: Uid) -> Request {
        Request::of(|stream| stream.call(object, method).finish_call(self.com_id, self.tper_session, HOST_SESSION))
    }
}

/// The data stream of a request, behind the room for the three headers.
struct Stream<'a> {
    buffer: &'a mut [u8; REQUEST_BYTES],
    end: usize,
}

impl<'a> Stream<'a> {
    fn new(buffer: &'a mut [u8; REQUEST_BYTES]) -> Self {
        buffer.fill(0);
        Self { buffer, end: HEADERS }
    }

    /// A method call up to the start of its parameters.
    fn call(mut self, object: Uid, method: Uid) -> Self {
        self.tokens(&[CALL]);
        self.bytes(&object);
        self.bytes(&method);
        self.tokens(&[START_LIST]);
        self
    }

    /// The end of the parameters, and the status list that the host leaves at 0.
    fn finish_call(mut self, com_id: u16, tper_session: u32, host_session: u32) {
        self.tokens(&[END_LIST, END_OF_DATA, START_LIST, 0, 0, 0, END_LIST]);
        self.frame(com_id, tper_session, host_session);
    }

    /// Bytes as they are. The longest request, a `StartSession` with 32 bytes of password, takes less than 150 of the 512 bytes.
    fn tokens(&mut self, tokens: &[u8]) {
        for (to, from) in self.buffer.iter_mut().skip(self.end).zip(tokens) {
            *to = *from;
        }
        self.end += tokens.len();
    }

    /// A byte sequence: a short atom up to 15 bytes, else a medium atom (length in eleven bits).
    fn bytes(&mut self, bytes: &[u8]) {
        match u8::try_from(bytes.len()) {
            Ok(length @ 0..=15) => self.tokens(&[0xA0 | length]),
            Ok(length) => self.tokens(&[0xD0, length]),
            Err(_) => debug_assert!(false, "no byte sequence of ours is longer than a password"),
        }
        self.tokens(bytes);
    }

    /// An unsigned integer: a tiny atom up to 63, else a short atom without leading zeros.
    fn unsigned(&mut self, value: u32) {
        match value.to_be_bytes() {
            [0, 0, 0, tiny @ 0..=0x3F] => self.tokens(&[tiny]),
            [0, 0, 0, a] => self.tokens(&[0x81, a]),
            [0, 0, a, b] => self.tokens(&[0x82, a, b]),
            [0, a, b, c] => self.tokens(&[0x83, a, b, c]),
            [a, b, c, d] => self.tokens(&[0x84, a, b, c, d]),
        }
    }

    /// Write the headers. The subpacket's length is without padding, the lengths around it are with it.
    fn frame(mut self, com_id: u16, tper_session: u32, host_session: u32) {
        let length = u32::try_from(self.end - HEADERS).unwrap_or(0);
        let padded = length.next_multiple_of(4);
        self.at(4, &com_id.to_be_bytes());
        self.at(16, &(24 + 12 + padded).to_be_bytes());
        self.at(20, &tper_session.to_be_bytes());
        self.at(24, &host_session.to_be_bytes());
        self.at(40, &(12 + padded).to_be_bytes());
        self.at(52, &length.to_be_bytes());
    }

    fn at(&mut self, offset: usize, bytes: &[u8]) {
        for (to, from) in self.buffer.iter_mut().skip(offset).zip(bytes) {
            *to = *from;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SESSION: Session = Session { com_id: 0x07FE, tper_session: 0x1001 };

    fn session(com_id: u16, credential: Option<(Authority, &[u8])>) -> Option<[u8; REQUEST_BYTES]> {
        // What the memory held before is no part of it.
        let mut bytes = [0xA5; REQUEST_BYTES];
        start_session(&mut bytes, com_id, credential).map(|()| bytes)
    }

    /// `StartSession[HSN 41h, Admin SP, write, 0 = challenge, 3 = authority]`, worked out by hand, 32 characters of PSID.
    #[test]
    fn a_session_as_psid() {
        let bytes = session(0x07FE, Some((Authority::Psid, b"VUTSRQPONMLKJIHGFEDCBA9876543210"))).unwrap();
        // The stream has 88 bytes (58h), a multiple of four: 24 + 12 + 88 = 124 (7Ch), 12 + 88 = 100 (64h).
        let headers = [
            0x00, 0x00, 0x00, 0x00, 0x07, 0xFE, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
            0x00, 0x7C, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
            0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x64, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
            0x00, 0x58,
        ];
        assert_eq!(bytes[..56], headers);
        let call = [
            0xF8, 0xA8, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xA8, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xFF,
            0x02, 0xF0, 0x81, 0x41, 0xA8, 0x00, 0x00, 0x02, 0x05, 0x00, 0x00, 0x00, 0x01, 0x01, 0xF2, 0x00, 0xD0, 0x20,
        ];
        assert_eq!(bytes[56..92], call);
        assert_eq!(&bytes[92..124], b"VUTSRQPONMLKJIHGFEDCBA9876543210");
        let rest = [
            0xF3, 0xF2, 0x03, 0xA8, 0x00, 0x00, 0x00, 0x09, 0x00, 0x01, 0xFF, 0x01, 0xF3, 0xF1, 0xF9, 0xF0, 0x00, 0x00,
            0x00, 0xF1,
        ];
        assert_eq!(bytes[124..144], rest);
        assert!(bytes[144..].iter().all(|byte| *byte == 0));
    }

    #[test]
    fn a_session_as_sid_has_another_authority_and_anybody_none() {
        let sid = session(0x1000, Some((Authority::Sid, b"MSID"))).unwrap();
        // Short atom of four: the authority begins at 56 + 34 + 1 + 4 + 3.
        assert_eq!(sid[90..95], [0xA4, 0x4D, 0x53, 0x49, 0x44]);
        assert_eq!(sid[98..107], [0xA8, 0x00, 0x00, 0x00, 0x09, 0x00, 0x00, 0x00, 0x06]);
        let anybody = session(0x1000, None).unwrap();
        assert_eq!(anybody[87..96], [0x01, 0xF1, 0xF9, 0xF0, 0x00, 0x00, 0x00, 0xF1, 0x00]);
    }

    #[test]
    fn properties_are_asked_of_the_session_manager_outside_any_session() {
        let request = properties(0x07FE);
        let bytes = request.as_bytes();
        assert_eq!((&bytes[4..6], &bytes[20..28]), (&[0x07, 0xFE][..], &[0; 8][..]));
        let stream = [
            0xF8, 0xA8, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xA8, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xFF,
            0x01, 0xF0, 0xF1, 0xF9, 0xF0, 0x00, 0x00, 0x00, 0xF1, 0x00,
        ];
        assert_eq!(bytes[56..84], stream);
    }

    #[test]
    fn a_password_has_1_to_32_bytes() {
        assert!(session(0x1000, Some((Authority::Psid, b""))).is_none());
        assert!(session(0x1000, Some((Authority::Psid, &[0x41; 33]))).is_none());
    }

    #[test]
    fn revert_is_called_on_the_admin_sp() {
        let request = SESSION.revert();
        let bytes = request.as_bytes();
        assert_eq!(bytes[20..28], [0x00, 0x00, 0x10, 0x01, 0x00, 0x00, 0x00, 0x41], "the two session numbers");
        // 27 bytes (1Bh), padded to 28: 40h, 28h.
        assert_eq!((bytes[19], bytes[43], bytes[55]), (0x40, 0x28, 0x1B));
        let stream = [
            0xF8, 0xA8, 0x00, 0x00, 0x02, 0x05, 0x00, 0x00, 0x00, 0x01, 0xA8, 0x00, 0x00, 0x00, 0x06, 0x00, 0x00, 0x02,
            0x02, 0xF0, 0xF1, 0xF9, 0xF0, 0x00, 0x00, 0x00, 0xF1, 0x00,
        ];
        assert_eq!(bytes[56..84], stream);
    }

    #[test]
    fn revert_sp_is_called_on_this_sp() {
        let stream = [
            0xF8, 0xA8, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0xA8, 0x00, 0x00, 0x00, 0x06, 0x00, 0x00, 0x00,
            0x11, 0xF0, 0xF1, 0xF9, 0xF0, 0x00, 0x00, 0x00, 0xF1, 0x00,
        ];
        assert_eq!(SESSION.revert_sp().as_bytes()[56..84], stream);
    }

    #[test]
    fn read_msid_asks_for_column_3() {
        let stream = [
            0xF8, 0xA8, 0x00, 0x00, 0x00, 0x0B, 0x00, 0x00, 0x84, 0x02, 0xA8, 0x00, 0x00, 0x00, 0x06, 0x00, 0x00, 0x00,
            0x16, 0xF0, 0xF0, 0xF2, 0x03, 0x03, 0xF3, 0xF2, 0x04, 0x03, 0xF3, 0xF1, 0xF1, 0xF9, 0xF0, 0x00, 0x00, 0x00,
            0xF1, 0x00,
        ];
        assert_eq!(SESSION.read_msid().as_bytes()[56..94], stream);
    }

    #[test]
    fn the_end_of_a_session_is_one_token() {
        let request = SESSION.end();
        // One byte, padded to four: 24 + 12 + 4 = 40 (28h), 16 (10h).
        assert_eq!((request.as_bytes()[19], request.as_bytes()[43], request.as_bytes()[55]), (0x28, 0x10, 0x01));
        assert_eq!(request.as_bytes()[56..60], [0xFA, 0x00, 0x00, 0x00]);
    }

    #[test]
    fn integers_take_the_shortest_atom() {
        let atom = |value| {
            let mut buffer = [0; REQUEST_BYTES];
            let mut stream = Stream::new(&mut buffer);
            stream.unsigned(value);
            stream.buffer[HEADERS..stream.end].to_vec()
        };
        assert_eq!(atom(0x3F), [0x3F]);
        assert_eq!(atom(0x40), [0x81, 0x40]);
        assert_eq!(atom(0x0100), [0x82, 0x01, 0x00]);
        assert_eq!(atom(0x01_0000), [0x83, 0x01, 0x00, 0x00]);
        assert_eq!(atom(0xFFFF_FFFF), [0x84, 0xFF, 0xFF, 0xFF, 0xFF]);
    }
}
