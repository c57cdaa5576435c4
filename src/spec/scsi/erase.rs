//! The commands that destroy data: SANITIZE and FORMAT UNIT (SBC-4), and the MODE SELECT that changes the block size.

use super::command::{Command, Transfer};

/// Bytes that go to the drive with a command: at most 16 with us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParameterList {
    bytes: [u8; 16],
    length: u8,
}

impl ParameterList {
    fn new<const N: usize>(list: [u8; N]) -> Self {
        const { assert!(N <= 16, "no parameter list of ours is longer than 16 bytes") };
        let mut bytes = [0; 16];
        let mut length = 0;
        for (to, from) in bytes.iter_mut().zip(list) {
            *to = from;
            length += 1;
        }
        Self { bytes, length }
    }

    /// The bytes, without what the array has over.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.length)).unwrap_or(&self.bytes)
    }
}

/// SANITIZE OVERWRITE: how often, with what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overwrite {
    count: u8,
    invert: bool,
    pattern: [u8; 4],
}

impl Overwrite {
    /// `count` passes of `pattern`, whose bytes are written in this order; `invert` complements it between two passes.
    ///
    /// `None` unless `count` is 1 to 31: the field is five bits wide, and 0 is reserved (SBC-4), unlike in ATA and NVMe, where
    /// it asks for sixteen passes. Four bytes are the one pattern length that a SCSI-to-ATA layer takes.
    pub const fn new(count: u8, invert: bool, pattern: [u8; 4]) -> Option<Self> {
        match count {
            1..=31 => Some(Self { count, invert, pattern }),
            _ => None,
        }
    }

    /// TEST stays 00b: any other value may change what the drive does.
    fn parameters(self) -> ParameterList {
        let flags = if self.invert { 0x80 | self.count } else { self.count };
        let [a, b, c, d] = self.pattern;
        ParameterList::new([flags, 0, 0, 4, a, b, c, d])
    }
}

/// What SANITIZE does: its service action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sanitize {
    /// 01h.
    Overwrite(Overwrite),
    /// 02h.
    BlockErase,
    /// 03h.
    CryptographicErase,
}

impl Sanitize {
    /// SERVICE ACTION, as REPORT SUPPORTED OPERATION CODES wants it too.
    pub const fn service_action(self) -> u8 {
        match self {
            Self::Overwrite(_) => 0x01,
            Self::BlockErase => 0x02,
            Self::CryptographicErase => 0x03,
        }
    }
}

/// SANITIZE (48h). `zone_no_reset` is ZNR: leave the write pointers of a zoned drive where they are.
///
/// IMMED = 1: a command that waits for the end runs into the kernel's time-out, whose reset hits the drive in the middle.
/// AUSE = 0: after a failure the drive lets nobody at the data until another sanitize has worked.
pub fn sanitize(what: Sanitize, zone_no_reset: bool) -> Command {
    let (length, transfer) = match what {
        Sanitize::Overwrite(overwrite) => (8, Transfer::List(overwrite.parameters())),
        Sanitize::BlockErase | Sanitize::CryptographicErase => (0, Transfer::None),
    };
    let flags = 0x80 | u8::from(zone_no_reset) << 6 | what.service_action();
    Command::new([0x48, flags, 0, 0, 0, 0, 0, 0, length, 0], transfer)
}

/// SANITIZE EXIT FAILURE MODE (48h/1Fh). It works only if the operation that failed was started with AUSE = 1, which ours are
/// not. IMMED = 0: it takes no time, and its status is the answer.
pub fn sanitize_exit_failure_mode() -> Command {
    Command::new([0x48, 0x1F, 0, 0, 0, 0, 0, 0, 0, 0], Transfer::None)
}

/// FORMAT UNIT (04h) with a parameter list for the sake of its IMMED bit; FFMT = 00b, the format that initialises the medium, and
/// no defects of ours (SBC-4).
///
/// `protection` is FMTPINFO, two bits: 0 for a medium without protection information; `None` if it is wider. `long_list` sends the
/// header of eight bytes in place of the one of four.
pub fn format_unit(protection: u8, long_list: bool) -> Option<Command> {
    // Byte 1 of both headers. FOV = 0 leaves the other options at their defaults; it does not cover IMMED.
    const IMMED: u8 = 0x02;
    const FMTDATA: u8 = 0x10;
    if protection > 3 {
        return None;
    }
    let list =
        if long_list { ParameterList::new([0, IMMED, 0, 0, 0, 0, 0, 0]) } else { ParameterList::new([0, IMMED, 0, 0]) };
    let flags = protection << 6 | u8::from(long_list) << 5 | FMTDATA;
    Some(Command::new([0x04, flags, 0, 0, 0, 0], Transfer::List(list)))
}

/// PF of MODE SELECT: the parameter list is one of the standard's.
const PF: u8 = 0x10;

/// MODE SELECT (10) (55h) with nothing but a short block descriptor: the block size that the next FORMAT UNIT makes (SPC-5, SBC-4),
/// 520 to 512 for example.
///
/// NUMBER OF LOGICAL BLOCKS is all ones, "as many as there are", which undoes a restricted capacity as well. 0 would not do: there are
/// drives to which it says that the number stays as it is, also where shorter blocks make room for more. `save` is SP. `None` if the size
/// is 0 or does not fit in 24 bits.
pub fn mode_select_block_size(block_size: u32, save: bool) -> Option<Command> {
    let [high, middle, low] = block_length(block_size)?;
    let list = ParameterList::new([0, 0, 0, 0, 0, 0, 0, 8, 0xFF, 0xFF, 0xFF, 0xFF, 0, high, middle, low]);
    Some(Command::new([0x55, PF | u8::from(save), 0, 0, 0, 0, 0, 0, 16, 0], Transfer::List(list)))
}

/// MODE SELECT (6) (15h), the same for drives without the longer command.
pub fn mode_select_block_size_6(block_size: u32, save: bool) -> Option<Command> {
    let [high, middle, low] = block_length(block_size)?;
    let list = ParameterList::new([0, 0, 0, 8, 0xFF, 0xFF, 0xFF, 0xFF, 0, high, middle, low]);
    Some(Command::new([0x15, PF | u8::from(save), 0, 0, 12, 0], Transfer::List(list)))
}

/// LOGICAL BLOCK LENGTH of a block descriptor, three bytes.
fn block_length(block_size: u32) -> Option<[u8; 3]> {
    match block_size.to_be_bytes() {
        [0, length @ ..] if block_size > 0 => Some(length),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(command: &Command) -> &[u8] {
        match command.transfer() {
            Transfer::List(list) => list.as_bytes(),
            _ => panic!("no parameter list"),
        }
    }

    #[test]
    fn a_sanitize_overwrite_carries_its_pattern() {
        let zeros = sanitize(Sanitize::Overwrite(Overwrite::new(1, false, [0; 4]).unwrap()), false);
        assert_eq!(zeros.cdb(), [0x48, 0x81, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x08, 0x00]);
        assert_eq!(list(&zeros), [0x01, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x00]);
        let inverted = sanitize(Sanitize::Overwrite(Overwrite::new(31, true, [0xDE, 0xAD, 0xBE, 0xEF]).unwrap()), true);
        assert_eq!(inverted.cdb()[1], 0xC1);
        assert_eq!(list(&inverted), [0x9F, 0x00, 0x00, 0x04, 0xDE, 0xAD, 0xBE, 0xEF]);
    }

    #[test]
    fn no_passes_and_thirty_two_passes_are_no_overwrite() {
        assert_eq!(Overwrite::new(0, false, [0; 4]), None);
        assert_eq!(Overwrite::new(32, false, [0; 4]), None);
    }

    #[test]
    fn the_other_sanitizes_carry_nothing_and_never_allow_an_unrestricted_exit() {
        let block = sanitize(Sanitize::BlockErase, false);
        assert_eq!(block.cdb(), [0x48, 0x82, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00]);
        assert_eq!(*block.transfer(), Transfer::None);
        assert_eq!(sanitize(Sanitize::BlockErase, true).cdb()[1], 0xC2);
        assert_eq!(sanitize(Sanitize::CryptographicErase, false).cdb()[1], 0x83);
        assert_eq!(sanitize_exit_failure_mode().cdb(), [0x48, 0x1F, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00]);
    }

    #[test]
    fn a_format_returns_at_once() {
        let plain = format_unit(0, false).unwrap();
        assert_eq!(plain.cdb(), [0x04, 0x10, 0x00, 0x00, 0x00, 0x00]);
        assert_eq!(list(&plain), [0x00, 0x02, 0x00, 0x00]);
        let type_2 = format_unit(3, true).unwrap();
        assert_eq!(type_2.cdb(), [0x04, 0xF0, 0x00, 0x00, 0x00, 0x00]);
        assert_eq!(list(&type_2), [0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00]);
        assert_eq!(format_unit(4, false), None);
    }

    #[test]
    fn the_block_size_goes_in_a_block_descriptor() {
        let select = mode_select_block_size(512, true).unwrap();
        assert_eq!(select.cdb(), [0x55, 0x11, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x00]);
        assert_eq!(
            list(&select),
            [0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x02, 0x00]
        );
        assert_eq!(mode_select_block_size(4096, false).unwrap().cdb()[1], 0x10);
        let short = mode_select_block_size_6(4160, false).unwrap();
        assert_eq!(short.cdb(), [0x15, 0x10, 0x00, 0x00, 0x0C, 0x00]);
        assert_eq!(list(&short), [0x00, 0x00, 0x00, 0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x10, 0x40]);
        for none in [0, 0x0100_0000] {
            assert_eq!((mode_select_block_size(none, true), mode_select_block_size_6(none, true)), (None, None));
        }
    }
}
