//! One trusted peripheral (`TPer`): TCG Storage Core 2.01 and Opal 2.02, as far as a revert by PSID or SID needs it. The security protocol
//! commands of NVMe (Security Send and Receive), ATA (TRUSTED) and SCSI (SECURITY PROTOCOL) lead here.

mod discovery;
mod packet;

use serde::Deserialize;

use crate::bytes::{be16, be32, put};
use crate::drive::Drive;
use crate::fault::{Answer, Command};
use crate::media::Technique;
use discovery::Class;
use packet::{Packet, Token};

/// The table `[drive.tcg]`; a drive without it has no `TPer`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Spec {
    /// The security subsystem class.
    #[serde(default)]
    pub class: Class,
    /// What is on the label.
    pub psid: String,
    /// The default password of the owner, readable by anybody.
    #[serde(default = "msid")]
    pub msid: String,
    /// Somebody took ownership: the owner's password is not the default, locking is enabled.
    #[serde(default)]
    pub owned: bool,
    /// Reads and writes are locked from power-on on.
    #[serde(default)]
    pub locked: bool,
    /// Wrong passwords until an authority is locked out; power gives it new ones.
    #[serde(default = "tries")]
    pub tries: u32,
}

fn msid() -> String {
    "MSID0000000000000000000000000000".to_owned()
}

fn tries() -> u32 {
    5
}

/// The command is to be aborted: the protocol or its `ComID` is not there, or the data are no packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

const COM_ID: u16 = 0x07fe;
type Uid = [u8; 8];
const SESSION_MANAGER: Uid = [0, 0, 0, 0, 0, 0, 0, 0xff];
const PROPERTIES: Uid = [0, 0, 0, 0, 0, 0, 0xff, 0x01];
const START_SESSION: Uid = [0, 0, 0, 0, 0, 0, 0xff, 0x02];
const SYNC_SESSION: Uid = [0, 0, 0, 0, 0, 0, 0xff, 0x03];
const ADMIN_SP: Uid = [0, 0, 2, 5, 0, 0, 0, 1];
const THIS_SP: Uid = [0, 0, 0, 0, 0, 0, 0, 1];
const SID: Uid = [0, 0, 0, 9, 0, 0, 0, 6];
const PSID: Uid = [0, 0, 0, 9, 0, 1, 0xff, 1];
const C_PIN_MSID: Uid = [0, 0, 0, 0x0b, 0, 0, 0x84, 2];
const GET: Uid = [0, 0, 0, 6, 0, 0, 0, 0x16];
const AUTHENTICATE: Uid = [0, 0, 0, 6, 0, 0, 0, 0x1c];
const REVERT: Uid = [0, 0, 0, 6, 0, 0, 2, 2];

/// Status codes of methods (Core specification 5.1.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Success = 0x00,
    NotAuthorized = 0x01,
    NoSessionsAvailable = 0x07,
    InvalidParameter = 0x0c,
    AuthorityLockedOut = 0x12,
    Fail = 0x3f,
}

#[derive(Debug)]
struct Session {
    host: u32,
    tper: u32,
    authority: Option<Uid>,
}

/// The trusted peripheral of a drive.
#[derive(Debug)]
pub struct Tper {
    spec: Spec,
    is_owned: bool,
    is_unlocked: bool,
    is_sid_blocked: bool,
    session: Option<Session>,
    sessions: u32,
    failed: [u32; 2],
    answer: Option<Vec<u8>>,
    com_id_answer: Option<Vec<u8>>,
}

impl Tper {
    /// The `TPer` of a drive with this table.
    pub fn new(spec: &Spec) -> Self {
        Self {
            is_owned: spec.owned || spec.locked,
            is_unlocked: !spec.locked,
            is_sid_blocked: false,
            session: None,
            sessions: 0,
            failed: [0; 2],
            answer: None,
            com_id_answer: None,
            spec: spec.clone(),
        }
    }

    /// Reads and writes of the medium are refused.
    pub fn is_locked(&self) -> bool {
        self.is_owned && !self.is_unlocked
    }

    /// Power is back: no session, all tries, locked again if it was locked.
    pub fn power_on(&mut self) {
        let is_owned = self.is_owned;
        *self = Self { is_owned, is_unlocked: !(is_owned && self.spec.locked), ..Self::new(&self.spec) };
    }

    /// IF-SEND: the host sends `data` by security protocol `protocol`, specific `specific`. A revert erases `drive` at once.
    pub fn send(&mut self, drive: &mut Drive, protocol: u8, specific: u16, data: &[u8]) -> Result<(), Refused> {
        match (protocol, specific) {
            (0x01, COM_ID) => {
                let packet = packet::parse(data, COM_ID).ok_or(Refused)?;
                self.answer = self.call(drive, &packet);
                Ok(())
            }
            (0x02, COM_ID) => {
                self.manage_com_id(data);
                Ok(())
            }
            // Block SID Authentication feature set 1.00, 4.3: until the next power-on.
            (0x02, 0x0005) => {
                self.is_sid_blocked = true;
                Ok(())
            }
            _ => Err(Refused),
        }
    }

    /// IF-RECV: what the host fetches, `length` bytes of it, padded with zeros.
    pub fn receive(&mut self, protocol: u8, specific: u16, length: usize) -> Result<Vec<u8>, Refused> {
        let mut data = match (protocol, specific) {
            // Supported protocols: their number at byte 6 (SPC-5 7.7.1.3).
            (0x00, 0x0000) => vec![0, 0, 0, 0, 0, 0, 0, 3, 0x00, 0x01, 0x02],
            (0x00, 0x0001) => vec![0; 4],
            (0x01, 0x0001) => discovery::level_0(self),
            (0x01, COM_ID) => self.answer.take().unwrap_or_else(|| packet::nothing(COM_ID)),
            (0x02, COM_ID) => self.com_id_answer.take().unwrap_or_else(|| vec![0; 12]),
            _ => return Err(Refused),
        };
        data.resize(length, 0);
        Ok(data)
    }

    /// `STACK_RESET` (Core specification 3.3.4.7.5): the session and what it had to say are gone.
    fn manage_com_id(&mut self, data: &[u8]) {
        let mut answer = vec![0; 46];
        put(&mut answer, 0, &be16(data, 0).to_be_bytes());
        put(&mut answer, 4, &be32(data, 4).to_be_bytes());
        if be32(data, 4) == 2 && be16(data, 0) == COM_ID {
            self.session = None;
            self.answer = None;
            put(&mut answer, 10, &[0, 4]);
        }
        self.com_id_answer = Some(answer);
    }

    fn call(&mut self, drive: &mut Drive, packet: &Packet) -> Option<Vec<u8>> {
        let reply = |tokens: &[Token]| Some(packet::build(COM_ID, packet.tper_session, packet.host_session, tokens));
        if packet.tokens == [Token::EndOfSession] {
            self.session = None;
            return reply(&[Token::EndOfSession]);
        }
        let Some((target, method, parameters)) = method_call(&packet.tokens) else {
            return reply(&result(&[], Status::InvalidParameter));
        };
        drive.log.event("tcg-method", "", &[target, method].concat());
        match (target, method) {
            (SESSION_MANAGER, PROPERTIES) => reply(&properties(parameters)),
            (SESSION_MANAGER, START_SESSION) => reply(&self.start_session(parameters)),
            _ if self
                .session
                .as_ref()
                .is_none_or(|session| session.tper != packet.tper_session || session.host != packet.host_session) =>
            {
                reply(&result(&[], Status::NotAuthorized))
            }
            (THIS_SP, AUTHENTICATE) => reply(&self.authenticate(parameters)),
            (C_PIN_MSID, GET) => reply(&self.msid()),
            (ADMIN_SP | THIS_SP, REVERT) => reply(&result(&[], self.revert(drive))),
            _ => reply(&result(&[], Status::NotAuthorized)),
        }
    }

    /// Whether `proof` is the password of `authority`.
    fn prove(&mut self, authority: Uid, proof: &[u8]) -> Status {
        let owner = if self.is_owned { None } else { Some(self.spec.msid.as_bytes()) };
        let (password, failed) = match (authority, &mut self.failed) {
            (PSID, [failed, _]) => (Some(self.spec.psid.as_bytes()), failed),
            (SID, [_, failed]) if !self.is_sid_blocked => (owner, failed),
            _ => return Status::NotAuthorized,
        };
        if *failed >= self.spec.tries {
            return Status::AuthorityLockedOut;
        }
        if password == Some(proof) {
            *failed = 0;
            return Status::Success;
        }
        *failed += 1;
        Status::NotAuthorized
    }

    /// Parameters: host session number, SP, write, then by name 0 the password and 3 the authority (Core specification 5.2.3.1).
    fn start_session(&mut self, parameters: &[Token]) -> Vec<Token> {
        let [Token::Number(host), Token::Bytes(sp), Token::Number(_), named @ ..] = parameters else {
            return sync_session(0, 0, Status::InvalidParameter);
        };
        let host = u32::try_from(*host).unwrap_or(0);
        if sp.as_slice() != ADMIN_SP {
            return sync_session(host, 0, Status::InvalidParameter);
        }
        if self.session.is_some() {
            return sync_session(host, 0, Status::NoSessionsAvailable);
        }
        let authority = named_bytes(named, 3).and_then(|uid| Uid::try_from(uid).ok());
        let status = authority.map_or(Status::Success, |uid| self.prove(uid, named_bytes(named, 0).unwrap_or(&[])));
        if status != Status::Success {
            return sync_session(host, 0, status);
        }
        self.sessions += 1;
        let tper = 0x1000 + self.sessions;
        self.session = Some(Session { host, tper, authority });
        sync_session(host, tper, Status::Success)
    }

    /// The result is a truth value; a wrong password is no error of the method (Core specification 5.3.4.1.14).
    fn authenticate(&mut self, parameters: &[Token]) -> Vec<Token> {
        let [Token::Bytes(uid), named @ ..] = parameters else { return result(&[], Status::InvalidParameter) };
        let Ok(uid) = Uid::try_from(uid.as_slice()) else { return result(&[], Status::InvalidParameter) };
        match self.prove(uid, named_bytes(named, 0).unwrap_or(&[])) {
            Status::Success => {
                if let Some(session) = &mut self.session {
                    session.authority = Some(uid);
                }
                result(&[Token::Number(1)], Status::Success)
            }
            Status::NotAuthorized => result(&[Token::Number(0)], Status::Success),
            status => result(&[], status),
        }
    }

    /// Column 3 of the credential: the password itself.
    fn msid(&self) -> Vec<Token> {
        let password = Token::Bytes(self.spec.msid.as_bytes().to_vec());
        let cell = [Token::StartName, Token::Number(3), password, Token::EndName];
        result(&[&[Token::StartList][..], &cell, &[Token::EndList]].concat(), Status::Success)
    }

    /// Factory state, a new media encryption key, the end of the session (Opal 2.02, 5.1.2).
    fn revert(&mut self, drive: &mut Drive) -> Status {
        if !matches!(self.session.as_ref().and_then(|session| session.authority), Some(PSID | SID)) {
            return Status::NotAuthorized;
        }
        match drive.faults().answer(Command::Revert) {
            Answer::Refuse => return Status::Fail,
            Answer::Ignore => {}
            Answer::Obey => {
                if self.spec.class.encrypts() {
                    let all = 0..drive.media.size();
                    drive.erase(Technique::CryptoErase, &[all], 100);
                }
                self.is_owned = false;
                self.is_unlocked = true;
                drive.log.event("reverted", "", &[]);
            }
        }
        self.session = None;
        Status::Success
    }
}

/// Object, method and parameters of a call, if it has the form `Call object method [ … ] EndOfData [ 0 0 0 ]`.
fn method_call(tokens: &[Token]) -> Option<(Uid, Uid, &[Token])> {
    let [Token::Call, Token::Bytes(target), Token::Bytes(method), Token::StartList, rest @ ..] = tokens else {
        return None;
    };
    let [parameters @ .., Token::EndList, Token::EndOfData, Token::StartList, _, _, _, Token::EndList] = rest else {
        return None;
    };
    Some((target.as_slice().try_into().ok()?, method.as_slice().try_into().ok()?, parameters))
}

fn named_bytes(parameters: &[Token], name: u64) -> Option<&[u8]> {
    parameters.windows(4).find_map(|window| match window {
        [Token::StartName, Token::Number(number), Token::Bytes(value), Token::EndName] if *number == name => {
            Some(value.as_slice())
        }
        _ => None,
    })
}

fn status_list(status: Status) -> [Token; 6] {
    let code = Token::Number(status as u64);
    [Token::EndOfData, Token::StartList, code, Token::Number(0), Token::Number(0), Token::EndList]
}

/// The answer to a method of a session.
fn result(values: &[Token], status: Status) -> Vec<Token> {
    [&[Token::StartList][..], values, &[Token::EndList], &status_list(status)].concat()
}

fn session_manager(method: Uid, values: &[Token], status: Status) -> Vec<Token> {
    let call = [Token::Call, Token::Bytes(SESSION_MANAGER.to_vec()), Token::Bytes(method.to_vec())];
    [&call[..], &result(values, status)].concat()
}

fn sync_session(host: u32, tper: u32, status: Status) -> Vec<Token> {
    session_manager(SYNC_SESSION, &[Token::Number(host.into()), Token::Number(tper.into())], status)
}

/// The `TPer`'s limits (Opal 2.02, 4.1.1.1), then the host's own, which it takes as they are.
fn properties(host: &[Token]) -> Vec<Token> {
    let own: [(&str, u64); 8] = [
        ("MaxComPacketSize", 65_536),
        ("MaxResponseComPacketSize", 65_536),
        ("MaxPacketSize", 65_516),
        ("MaxIndTokenSize", 65_480),
        ("MaxPackets", 1),
        ("MaxSubpackets", 1),
        ("MaxMethods", 1),
        ("MaxSessions", 1),
    ];
    let named = own.iter().flat_map(|(name, value)| {
        [Token::StartName, Token::Bytes(name.as_bytes().to_vec()), Token::Number(*value), Token::EndName]
    });
    let list: Vec<Token> =
        std::iter::once(Token::StartList).chain(named).chain([Token::EndList]).chain(host.to_vec()).collect();
    session_manager(PROPERTIES, &list, Status::Success)
}

#[cfg(test)]
mod tests;
