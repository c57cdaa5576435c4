//! REPORT SUPPORTED OPERATION CODES (SPC-5 6.34): what a unit knows, with the bits of each command that it looks at.

use super::Cdb;
use super::sense::Sense;
use crate::bytes::{be16, be32};

/// A command: its service action, if it has one, and its CDB USAGE DATA, as long as the command is. The first byte is the operation code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Command {
    /// SERVICE ACTION.
    pub action: Option<u16>,
    /// CDB USAGE DATA.
    pub usage: &'static [u8],
}

const fn plain(usage: &'static [u8]) -> Command {
    Command { action: None, usage }
}

const fn action(action: u16, usage: &'static [u8]) -> Command {
    Command { action: Some(action), usage }
}

const SIX: [u8; 4] = [0x1f, 0xff, 0xff, 0xff];

/// What every unit here knows.
pub const COMMON: &[Command] = &[
    plain(&[0x00, 0, 0, 0, 0, 0x07]),
    plain(&[0x03, 0x01, 0, 0, 0xff, 0x07]),
    plain(&[0x08, SIX[0], SIX[1], SIX[2], SIX[3], 0x07]),
    plain(&[0x0a, SIX[0], SIX[1], SIX[2], SIX[3], 0x07]),
    plain(&[0x12, 0x01, 0xff, 0xff, 0xff, 0x07]),
    plain(&[0x15, 0x11, 0, 0, 0xff, 0x07]),
    plain(&[0x1a, 0x08, 0xff, 0xff, 0xff, 0x07]),
    plain(&[0x1b, 0x01, 0, 0x0f, 0xf7, 0x07]),
    plain(&[0x25, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0x01, 0x07]),
    plain(&[0x28, 0x18, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff, 0x07]),
    plain(&[0x2a, 0x18, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff, 0x07]),
    plain(&[0x35, 0x02, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff, 0x07]),
    plain(&[0x4d, 0x01, 0xff, 0xff, 0, 0xff, 0xff, 0xff, 0xff, 0x07]),
    plain(&[0x55, 0x11, 0, 0, 0, 0, 0, 0xff, 0xff, 0x07]),
    plain(&[0x5a, 0x18, 0xff, 0xff, 0, 0, 0, 0xff, 0xff, 0x07]),
    plain(&[0x88, 0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0x07]),
    plain(&[0x8a, 0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0x07]),
    plain(&[0x91, 0x02, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0x07]),
    action(0x10, &[0x9e, 0x1f, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x01, 0x07]),
    plain(&[0xa0, 0, 0xff, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0x07]),
    action(0x0c, &[0xa3, 0x1f, 0x87, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0x07]),
];

/// What a SAS drive knows besides.
pub const DISK: &[Command] = &[
    plain(&[0x04, 0xff, 0, 0, 0, 0x07]),
    plain(&[0x2f, 0x06, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff, 0x07]),
    plain(&[0x37, 0, 0x1f, 0, 0, 0, 0, 0xff, 0xff, 0x07]),
    plain(&[0x41, 0x08, 0xff, 0xff, 0xff, 0xff, 0, 0xff, 0xff, 0x07]),
    plain(&[0x8f, 0x06, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0x07]),
    plain(&[0x93, 0x09, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0x07]),
    plain(&[0xb7, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0x07]),
];

/// UNMAP.
pub const UNMAP: Command = plain(&[0x42, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0x07]);

/// SECURITY PROTOCOL IN and OUT.
pub const SECURITY: &[Command] = &[
    plain(&[0xa2, 0xff, 0xff, 0xff, 0x80, 0, 0xff, 0xff, 0xff, 0xff, 0, 0x07]),
    plain(&[0xb5, 0xff, 0xff, 0xff, 0x80, 0, 0xff, 0xff, 0xff, 0xff, 0, 0x07]),
];

/// ATA PASS-THROUGH (12) and (16).
pub const PASS_THROUGH: &[Command] = &[
    plain(&[0x85, 0x1f, 0x3f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x07]),
    plain(&[0xa1, 0x1e, 0x3f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0x07]),
];

/// SANITIZE with one of its service actions: 01h overwrite, 02h block erase, 03h cryptographic erase, 1Fh exit failure mode.
pub const fn sanitize(service_action: u16) -> Command {
    action(service_action, &[0x48, 0xff, 0, 0, 0, 0, 0, 0xff, 0xff, 0x07])
}

/// The answer to REPORT SUPPORTED OPERATION CODES, cut at its ALLOCATION LENGTH.
pub fn report(cdb: &Cdb, known: &[Command]) -> Result<Vec<u8>, Sense> {
    let wanted = be16(cdb, 4);
    let mut same_code = known.iter().filter(|command| command.usage.first() == Some(&cdb[3])).peekable();
    let has_actions = same_code.peek().is_some_and(|command| command.action.is_some());
    let mut data = match cdb[2] & 0x07 {
        0 => all(known),
        1 if has_actions => return Err(Sense::FIELD_IN_CDB),
        2 if same_code.peek().is_some() && !has_actions => return Err(Sense::FIELD_IN_CDB),
        1..=3 => one(same_code.find(|command| command.action.unwrap_or(wanted) == wanted)),
        _ => return Err(Sense::FIELD_IN_CDB),
    };
    data.truncate(usize::try_from(be32(cdb, 6)).unwrap_or(usize::MAX));
    Ok(data)
}

/// SUPPORT is 011b, as the standard says, or 001b, not supported.
fn one(command: Option<&Command>) -> Vec<u8> {
    let Some(command) = command else { return vec![0, 0x01, 0, 0] };
    let mut data = vec![0, 0x03, 0, length(command)];
    data.extend(command.usage);
    data
}

fn all(known: &[Command]) -> Vec<u8> {
    let mut data = u32::try_from(known.len() * 8).unwrap_or(u32::MAX).to_be_bytes().to_vec();
    for command in known {
        let [high, low] = command.action.unwrap_or(0).to_be_bytes();
        let code = command.usage.first().copied().unwrap_or(0);
        data.extend([code, 0, high, low, 0, u8::from(command.action.is_some()), 0, length(command)]);
    }
    data
}

fn length(command: &Command) -> u8 {
    u8::try_from(command.usage.len()).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::tests::cdb;
    use super::*;

    fn ask(options: u8, code: u8, service_action: u8) -> Result<Vec<u8>, Sense> {
        let known = [COMMON, &[sanitize(2)]].concat();
        report(&cdb(&[0xa3, 0x0c, options, code, 0, service_action, 0, 0, 4, 0]), &known)
    }

    #[test]
    fn one_command_with_support_011b() {
        assert_eq!(ask(3, 0x48, 2).unwrap(), [0, 3, 0, 10, 0x48, 0xff, 0, 0, 0, 0, 0, 0xff, 0xff, 7]);
        assert_eq!(ask(3, 0x48, 3).unwrap(), [0, 1, 0, 0]);
        assert_eq!(ask(1, 0x04, 0).unwrap(), [0, 1, 0, 0]);
        assert_eq!(ask(1, 0x00, 0).unwrap(), [0, 3, 0, 6, 0, 0, 0, 0, 0, 7]);
        assert_eq!(ask(1, 0x48, 0).unwrap_err(), Sense::FIELD_IN_CDB);
        assert_eq!(ask(2, 0x12, 0).unwrap_err(), Sense::FIELD_IN_CDB);
    }

    #[test]
    fn all_commands_are_eight_bytes_each() {
        let data = ask(0, 0, 0).unwrap();
        assert_eq!(usize::try_from(be32(&data, 0)).unwrap(), data.len() - 4);
        assert_eq!(data[data.len() - 8..], [0x48, 0, 0, 2, 0, 1, 0, 10]);
    }

    #[test]
    fn usage_is_as_long_as_its_group_of_codes() {
        for command in [COMMON, DISK, SECURITY, PASS_THROUGH, &[UNMAP, sanitize(1)]].concat() {
            let expected = match command.usage[0] >> 5 {
                0 => 6,
                1 | 2 => 10,
                4 => 16,
                _ => 12,
            };
            assert_eq!(command.usage.len(), expected, "{:#04x}", command.usage[0]);
        }
    }
}
