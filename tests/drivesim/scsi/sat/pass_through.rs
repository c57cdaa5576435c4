//! ATA PASS-THROUGH (12) and (16): from a CDB to a taskfile (SAT-4 12.2).

use crate::ata::{Protocol, Taskfile, Transfer};
use crate::scsi::Cdb;
use crate::scsi::sense::Sense;

/// A command for the ATA drive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) task: Taskfile,
    /// `CK_COND`: the registers come back whatever happens.
    pub(super) check_condition: bool,
    /// EXTEND: the upper halves of the registers are used.
    pub(super) extend: bool,
    protocol: u8,
    flags: u8,
}

impl Request {
    /// `None`: the protocol is RETURN RESPONSE INFORMATION, which asks for the registers of the last command.
    pub(super) fn parse(cdb: &Cdb) -> Result<Option<Self>, Sense> {
        let (protocol, flags) = (cdb[1] >> 1 & 0x0f, cdb[2]);
        let is_long = cdb[0] == 0x85;
        let extend = is_long && cdb[1] & 1 != 0;
        let task = if is_long {
            // With EXTEND zero the previous contents are not looked at.
            let previous = |byte: u8| if extend { byte } else { 0 };
            Taskfile {
                feature: u16::from_be_bytes([previous(cdb[3]), cdb[4]]),
                count: u16::from_be_bytes([previous(cdb[5]), cdb[6]]),
                lba: u64::from_be_bytes([
                    0,
                    0,
                    previous(cdb[11]),
                    previous(cdb[9]),
                    previous(cdb[7]),
                    cdb[12],
                    cdb[10],
                    cdb[8],
                ]),
                device: cdb[13],
                command: cdb[14],
            }
        } else {
            Taskfile {
                feature: u16::from(cdb[3]),
                count: u16::from(cdb[4]),
                lba: u64::from_be_bytes([0, 0, 0, 0, 0, cdb[7], cdb[6], cdb[5]]),
                device: cdb[8],
                command: cdb[9],
            }
        };
        match protocol {
            15 => Ok(None),
            3..=6 | 10 | 11 => Ok(Some(Self { task, check_condition: flags & 0x20 != 0, extend, protocol, flags })),
            _ => Err(Sense::FIELD_IN_CDB),
        }
    }

    /// The data that go to the drive, if the CDB says of the transfer what the command needs: protocol, direction, and a length.
    pub(super) fn check<'a>(&self, transfer: Transfer, data: &'a [u8]) -> Result<&'a [u8], Sense> {
        let allowed: &[u8] = match transfer.protocol {
            Protocol::NonData => &[3],
            Protocol::PioIn => &[4],
            Protocol::PioOut => &[5],
            Protocol::DmaIn => &[6, 10],
            Protocol::DmaOut => &[6, 11],
        };
        let (from_device, length) = (self.flags & 0x08 != 0, self.flags & 0x03);
        let fits = match transfer.protocol {
            Protocol::NonData => length == 0,
            Protocol::PioIn | Protocol::DmaIn => from_device && length != 0,
            Protocol::PioOut | Protocol::DmaOut => !from_device && length != 0,
        };
        if !allowed.contains(&self.protocol) || !fits {
            return Err(Sense::FIELD_IN_CDB);
        }
        match transfer.protocol {
            Protocol::PioOut | Protocol::DmaOut => data.get(..transfer.bytes).ok_or(Sense::FIELD_IN_CDB),
            _ => Ok(&[]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scsi::tests::cdb;

    #[test]
    fn sixteen_bytes_with_and_without_extend() {
        let mut bytes = [0x85, 0x07, 0x20, 0x01, 0x02, 0x03, 0x04, 0x0a, 0x05, 0x0b, 0x06, 0x0c, 0x07, 0x40, 0xb4, 0];
        let request = Request::parse(&cdb(&bytes)).unwrap().unwrap();
        let task = Taskfile { feature: 0x0102, count: 0x0304, lba: 0x0c0b_0a07_0605, device: 0x40, command: 0xb4 };
        assert_eq!((request.task, request.check_condition, request.extend), (task, true, true));
        bytes[1] = 0x06;
        bytes[2] = 0;
        let request = Request::parse(&cdb(&bytes)).unwrap().unwrap();
        assert_eq!(request.task, Taskfile { feature: 0x02, count: 0x04, lba: 0x07_0605, ..task });
        assert!(!request.check_condition && !request.extend);
    }

    #[test]
    fn twelve_bytes() {
        let request = Request::parse(&cdb(&[0xa1, 0x08, 0x0e, 0xda, 1, 5, 6, 7, 0xa0, 0xec])).unwrap().unwrap();
        let task = Taskfile { feature: 0xda, count: 1, lba: 0x07_0605, device: 0xa0, command: 0xec };
        assert_eq!(request.task, task);
        let transfer = Transfer { protocol: Protocol::PioIn, bytes: 512 };
        assert_eq!(request.check(transfer, &[]), Ok(&[][..]));
        let transfer = Transfer { protocol: Protocol::NonData, bytes: 0 };
        assert_eq!(request.check(transfer, &[]), Err(Sense::FIELD_IN_CDB));
    }
}
