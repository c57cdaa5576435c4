//! Packets and tokens of the TCG Storage Core specification 2.01 (3.2.2 and 3.2.3).

use crate::bytes::{be16, be32, put};

/// Bytes of the headers of `ComPacket`, packet and subpacket.
const HEADERS: usize = 20 + 24 + 12;

/// One token of a method call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    StartList,
    EndList,
    StartName,
    EndName,
    Call,
    EndOfData,
    EndOfSession,
    Number(u64),
    Bytes(Vec<u8>),
}

/// A packet from the host, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Packet {
    /// The `TPer`'s session number; 0 for the session manager.
    pub(super) tper_session: u32,
    pub(super) host_session: u32,
    pub(super) tokens: Vec<Token>,
}

/// Takes the host's `ComPacket` apart; `None` if it is none for this `ComID`, or not well formed.
pub(super) fn parse(data: &[u8], com_id: u16) -> Option<Packet> {
    let fits = |length: u32, after: usize| {
        usize::try_from(length).is_ok_and(|length| length <= data.len().saturating_sub(after))
    };
    if be16(data, 4) != com_id
        || !fits(be32(data, 16), 20)
        || !fits(be32(data, 40), 44)
        || !fits(be32(data, 52), HEADERS)
    {
        return None;
    }
    let end = HEADERS + usize::try_from(be32(data, 52)).ok()?;
    let tokens = tokens(data.get(HEADERS..end)?)?;
    Some(Packet { tper_session: be32(data, 20), host_session: be32(data, 24), tokens })
}

fn tokens(mut rest: &[u8]) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let token = match first {
            0x00..=0x3f => Token::Number(u64::from(*first)),
            0x80..=0x8f => Token::Number(number(take(&mut rest, usize::from(first & 0x0f))?)?),
            0xa0..=0xaf => Token::Bytes(take(&mut rest, usize::from(first & 0x0f))?.to_vec()),
            0xd0..=0xd7 => {
                let low = take(&mut rest, 1)?.first().copied()?;
                let length = usize::from(first & 0x07) << 8 | usize::from(low);
                Token::Bytes(take(&mut rest, length)?.to_vec())
            }
            0xf0 => Token::StartList,
            0xf1 => Token::EndList,
            0xf2 => Token::StartName,
            0xf3 => Token::EndName,
            0xf8 => Token::Call,
            0xf9 => Token::EndOfData,
            0xfa => Token::EndOfSession,
            // The empty atom is a filler.
            0xff => continue,
            _ => return None,
        };
        tokens.push(token);
    }
    Some(tokens)
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(count)?;
    *rest = after;
    Some(taken)
}

fn number(bytes: &[u8]) -> Option<u64> {
    (bytes.len() <= 8).then(|| bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// Tokens in bytes.
pub(super) fn encode(tokens: &[Token]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for token in tokens {
        match token {
            Token::StartList => bytes.push(0xf0),
            Token::EndList => bytes.push(0xf1),
            Token::StartName => bytes.push(0xf2),
            Token::EndName => bytes.push(0xf3),
            Token::Call => bytes.push(0xf8),
            Token::EndOfData => bytes.push(0xf9),
            Token::EndOfSession => bytes.push(0xfa),
            Token::Number(number) => atom(&mut bytes, *number),
            Token::Bytes(data) => string(&mut bytes, data),
        }
    }
    bytes
}

fn atom(bytes: &mut Vec<u8>, number: u64) {
    if let Ok(tiny @ 0..=0x3f) = u8::try_from(number) {
        bytes.push(tiny);
        return;
    }
    let zeros = number.leading_zeros() / 8;
    let wide = number.to_be_bytes();
    bytes.push(0x80 | u8::try_from(8 - zeros).unwrap_or(8));
    bytes.extend(wide.iter().skip(usize::try_from(zeros).unwrap_or(0)));
}

/// A short atom, or a medium one of at most 2047 bytes: no string here is longer.
fn string(bytes: &mut Vec<u8>, data: &[u8]) {
    let [high, low] = u16::try_from(data.len().min(0x7ff)).unwrap_or(0).to_be_bytes();
    match (high, low) {
        (0, 0..=15) => bytes.push(0xa0 | low),
        _ => bytes.extend([0xd0 | high, low]),
    }
    bytes.extend(data.iter().take(0x7ff));
}

/// A `ComPacket` with one packet with one subpacket of these tokens.
pub(super) fn build(com_id: u16, tper_session: u32, host_session: u32, tokens: &[Token]) -> Vec<u8> {
    let payload = encode(tokens);
    let padded = payload.len().next_multiple_of(4);
    let length = |bytes: usize| u32::try_from(bytes).unwrap_or(0).to_be_bytes();
    let mut data = vec![0; HEADERS + padded];
    put(&mut data, 4, &com_id.to_be_bytes());
    put(&mut data, 16, &length(24 + 12 + padded));
    put(&mut data, 20, &tper_session.to_be_bytes());
    put(&mut data, 24, &host_session.to_be_bytes());
    put(&mut data, 40, &length(12 + padded));
    put(&mut data, 52, &length(payload.len()));
    put(&mut data, HEADERS, &payload);
    data
}

/// A `ComPacket` that says that there is nothing to fetch.
pub(super) fn nothing(com_id: u16) -> Vec<u8> {
    let mut data = vec![0; 20];
    put(&mut data, 4, &com_id.to_be_bytes());
    data
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_read_and_written() {
        let bytes = [0xf8, 0x05, 0x82, 0x01, 0x00, 0xa2, 0x41, 0x42, 0xf0, 0xf1];
        let list = vec![
            Token::Call,
            Token::Number(5),
            Token::Number(256),
            Token::Bytes(b"AB".to_vec()),
            Token::StartList,
            Token::EndList,
        ];
        assert_eq!(tokens(&bytes), Some(list.clone()));
        assert_eq!(encode(&list), bytes);
        assert_eq!(encode(&[Token::Bytes(vec![7; 32])])[..3], [0xd0, 0x20, 7]);
        assert_eq!(tokens(&[0xa4, 1, 2]), None);
    }

    #[test]
    fn a_packet_has_its_lengths_where_the_core_specification_has_them() {
        let data = build(0x07fe, 0x1001, 0x69, &[Token::EndOfSession]);
        let expected = [
            &[0, 0, 0, 0, 0x07, 0xfe, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 40][..],
            &[0, 0, 0x10, 0x01, 0, 0, 0, 0x69, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 16],
            &[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
            &[0xfa, 0, 0, 0],
        ];
        assert_eq!(data, expected.concat());
        let packet = parse(&data, 0x07fe).unwrap();
        assert_eq!(
            (packet.tper_session, packet.host_session, packet.tokens),
            (0x1001, 0x69, vec![Token::EndOfSession])
        );
        assert_eq!(parse(&data, 0x07ff), None);
        assert_eq!(parse(&data[..40], 0x07fe), None);
    }
}
