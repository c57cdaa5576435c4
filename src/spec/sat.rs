//! SCSI/ATA translation: an ATA command inside a SCSI one, and the registers inside sense data (SAT-5 §12.2.2).

use crate::ata::{Protocol, Registers, Taskfile};

/// Whether the registers are wanted after a command that succeeds, too: `CK_COND`. They then come with CHECK CONDITION and sense data.
/// After one that fails they always do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckCondition {
    /// 0: sense data only on an error
    OnError,
    /// 1: always
    Always,
}

/// The CDB of `ATA PASS-THROUGH (16)` (85h).
///
/// `OFF_LINE` is 0 (the STATUS register is valid throughout), `T_TYPE` is 0 (blocks of 512 bytes, not logical sectors), and
/// `T_LENGTH` says that the length of the data is in COUNT.
#[must_use]
pub const fn ata_pass_through_16(taskfile: &Taskfile, check: CheckCondition) -> [u8; 16] {
    let [_, _, lba_47_40, lba_39_32, lba_31_24, lba_23_16, lba_15_8, lba_7_0] = taskfile.lba.to_be_bytes();
    let [feature_high, feature_low] = taskfile.feature.to_be_bytes();
    let [count_high, count_low] = taskfile.count.to_be_bytes();
    // T_DIR (bit 3: from the drive), BYT_BLOK (bit 2: blocks), T_LENGTH (bits 1:0: 2, in COUNT).
    let (protocol, transfer) = match taskfile.protocol {
        Protocol::NonData => (3, 0b0000),
        Protocol::PioIn => (4, 0b1110),
        Protocol::PioOut => (5, 0b0110),
        Protocol::DmaIn => (6, 0b1110),
        Protocol::DmaOut => (6, 0b0110),
    };
    // The bits 27:24 of a 28-bit address are in DEVICE; the bytes for the upper halves are reserved then.
    let device = if taskfile.extended { taskfile.device } else { taskfile.device & 0xF0 | lba_31_24 & 0x0F };
    let [feature_high, count_high, lba_31_24, lba_39_32, lba_47_40] =
        if taskfile.extended { [feature_high, count_high, lba_31_24, lba_39_32, lba_47_40] } else { [0; 5] };
    [
        0x85,
        protocol << 1 | taskfile.extended as u8,
        (check as u8) << 5 | transfer,
        feature_high,
        feature_low,
        count_high,
        count_low,
        lba_31_24,
        lba_7_0,
        lba_39_32,
        lba_15_8,
        lba_47_40,
        lba_23_16,
        device,
        taskfile.command,
        0x00,
    ]
}

/// Why sense data have no registers in them. Neither case says anything about what the drive did with the command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoRegisters {
    /// They are not there: no sense data, or about something else, like a reset that came first.
    Missing,
    /// They are there, and no drive left them: zeros in place of registers that nobody read, or a drive that is still busy.
    Implausible(Registers),
}

impl core::fmt::Display for NoRegisters {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Missing => f.write_str(
                "The host adapter or bridge did not return the registers of the drive. Attach the drive to a SATA port of the \
                 mainboard.",
            ),
            Self::Implausible(registers) => write!(
                f,
                "The host adapter or bridge returned registers that no drive leaves (STATUS {:02X}h, ERROR {:02X}h). Attach the drive \
                 to a SATA port of the mainboard.",
                registers.status, registers.error
            ),
        }
    }
}

impl core::error::Error for NoRegisters {}

/// The registers in the sense data after `ATA PASS-THROUGH`: `sense` is what was received and no more.
///
/// Deferred errors (71h, 73h) are about an earlier command, and what they carry is not looked at.
pub fn registers(sense: &[u8]) -> Result<Registers, NoRegisters> {
    let registers = match sense.first().map(|code| code & 0x7F) {
        Some(0x70) => fixed(sense),
        Some(0x72) => descriptor(sense),
        _ => None,
    };
    match registers {
        Some(registers) if registers.is_plausible() => Ok(registers),
        Some(registers) => Err(NoRegisters::Implausible(registers)),
        None => Err(NoRegisters::Missing),
    }
}

/// The ATA Status Return descriptor (09h). Any descriptors may come before it.
fn descriptor(sense: &[u8]) -> Option<Registers> {
    let ([_, _, _, _, _, _, _, additional], rest) = sense.split_first_chunk::<8>()?;
    let mut descriptors = rest.get(..usize::from(*additional)).unwrap_or(rest);
    loop {
        let ([kind, length], rest) = descriptors.split_first_chunk::<2>()?;
        let (body, rest) = rest.split_at_checked(usize::from(*length))?;
        if (*kind, *length) == (0x09, 0x0C) {
            return body.first_chunk().map(status_return);
        }
        descriptors = rest;
    }
}

/// Bytes 2 to 13 of the descriptor. EXTEND is bit 0 of the first; the upper halves are reserved without it.
fn status_return(body: &[u8; 12]) -> Registers {
    let &[flags, error, count_high, count_low, l31, l7, l39, l15, l47, l23, device, status] = body;
    let extended = flags & 1 != 0;
    Registers {
        status,
        error,
        device,
        count_low,
        count_high: extended.then_some(count_high),
        lba_low: u32::from_be_bytes([0, l23, l15, l7]),
        lba_high: extended.then_some(u32::from_be_bytes([0, l47, l39, l31])),
    }
}

/// Fixed format (SAT-5 §12.2.2.8): INFORMATION (bytes 3 to 6) is ERROR, STATUS, DEVICE, COUNT(7:0); COMMAND-SPECIFIC INFORMATION
/// (bytes 8 to 11) is flags and LBA(7:0), (15:8), (23:16). Of the upper halves there is only whether they are 0.
fn fixed(sense: &[u8]) -> Option<Registers> {
    let &[code, _, _, error, status, device, count_low, _, flags, l7, l15, l23, asc, ascq, ..] = sense else {
        return None;
    };
    let upper_is_zero = |nonzero: u8| (flags & 0x80 != 0 && flags & nonzero == 0).then_some(0);
    let registers = Registers {
        status,
        error,
        device,
        count_low,
        count_high: upper_is_zero(0x40),
        lba_low: u32::from_be_bytes([0, l23, l15, l7]),
        lba_high: upper_is_zero(0x20).map(u32::from),
    };
    // 00h/1Dh is ATA PASS-THROUGH INFORMATION AVAILABLE. Without it this may be an LBA or nothing: only an error with its bit set, in
    // bytes that VALID (bit 7) vouches for, is the drive's. Never success.
    let vouched = code & 0x80 != 0 && registers.is_error();
    ((asc, ascq) == (0x00, 0x1D) || vouched).then_some(registers)
}

#[cfg(test)]
mod tests {
    use core::num::NonZeroU16;

    use proptest::prelude::*;

    use super::*;
    use crate::ata::{max_address, query, sanitize, security, taskfile};

    fn cdb(taskfile: &Taskfile) -> [u8; 16] {
        ata_pass_through_16(taskfile, CheckCondition::Always)
    }

    #[test]
    fn commands_without_data() {
        assert_eq!(cdb(&sanitize::STATUS), *b"\x85\x07\x20\0\0\0\0\0\0\0\0\0\0\x40\xB4\0");
        // 426B4572h: 45h in LBA(15:8), 6Bh in (23:16), 42h in (31:24), 72h in (7:0).
        assert_eq!(cdb(&sanitize::BLOCK_ERASE), *b"\x85\x07\x20\0\x12\0\0\x42\x72\0\x45\0\x6B\x40\xB4\0");
        let overwrite = sanitize::Overwrite::new(1, true, 0x1122_3344).unwrap().taskfile();
        assert_eq!(cdb(&overwrite), *b"\x85\x07\x20\0\x14\0\x81\x11\x44\x57\x33\x4F\x22\x40\xB4\0");
        assert_eq!(cdb(&query::CHECK_POWER_MODE), *b"\x85\x06\x20\0\0\0\0\0\0\0\0\0\0\x40\xE5\0");
        assert_eq!(cdb(&query::SMART_RETURN_STATUS), *b"\x85\x06\x20\0\xDA\0\0\0\0\0\x4F\0\xC2\x40\xB0\0");
    }

    #[test]
    fn commands_with_data() {
        let identify = ata_pass_through_16(&taskfile::IDENTIFY_DEVICE, CheckCondition::OnError);
        assert_eq!(identify, *b"\x85\x08\x0E\0\0\0\x01\0\0\0\0\0\0\x40\xEC\0");
        let (erase, _) = security::erase_unit(security::EraseMode::Enhanced, security::Identifier::User, &[0; 32]);
        assert_eq!(cdb(&erase), *b"\x85\x0A\x26\0\0\0\x01\0\0\0\0\0\0\x40\xF4\0");
        let log = query::read_log(0x30, 0x0106, NonZeroU16::new(0x0201).unwrap());
        assert_eq!(cdb(&log), *b"\x85\x09\x2E\0\0\x02\x01\0\x30\x01\x06\0\0\x40\x2F\0");
        assert_eq!(cdb(&Taskfile { protocol: Protocol::DmaIn, ..log })[1..3], [0x0D, 0x2E]);
        assert_eq!(cdb(&Taskfile { protocol: Protocol::DmaOut, ..log })[1..3], [0x0D, 0x26]);
    }

    #[test]
    fn a_28_bit_address_ends_in_device() {
        let max = max_address::MaxAddress::new(0x0ABC_DEF0).unwrap();
        let short = max_address::set_max(max, max_address::Persistence::NonVolatile).unwrap();
        assert_eq!(cdb(&short), *b"\x85\x06\x20\0\0\0\x01\0\xF0\0\xDE\0\xBC\x4A\xF9\0");
        let long = max_address::set_max_ext(max, max_address::Persistence::NonVolatile);
        assert_eq!(cdb(&long), *b"\x85\x07\x20\0\0\0\x01\x0A\xF0\0\xDE\0\xBC\x40\x37\0");
    }

    /// Recovered error, 00h/1Dh, 14 bytes more: descriptor 09h of 12 bytes. EXTEND, ERROR 00h, COUNT 4000h, LBA `0145_6723_89ABh`,
    /// DEVICE 40h, STATUS 50h.
    const DESCRIPTOR: [u8; 22] = *b"\x72\x01\0\x1D\0\0\0\x0E\x09\x0C\x01\0\x40\0\x67\xAB\x45\x89\x01\x23\x40\x50";

    #[test]
    fn the_descriptor_carries_all_registers() {
        let found = registers(&DESCRIPTOR).unwrap();
        assert_eq!((found.status, found.error, found.device), (0x50, 0x00, 0x40));
        assert_eq!((found.count(), found.lba_48()), (Some(0x4000), Some(0x0145_6723_89AB)));
    }

    #[test]
    fn another_descriptor_may_come_first() {
        // Information (00h), 10 bytes.
        let mut sense = *b"\x72\x01\0\x1D\0\0\0\x1A\0\x0A\x80\0\0\0\0\0\0\0\0\0..............";
        sense[20..].copy_from_slice(&DESCRIPTOR[8..]);
        assert_eq!(registers(&sense), registers(&DESCRIPTOR));
    }

    #[test]
    fn without_extend_the_upper_halves_are_unknown() {
        let mut sense = DESCRIPTOR;
        sense[10] = 0x00;
        let found = registers(&sense).unwrap();
        assert_eq!((found.count(), found.lba_48()), (None, None));
        assert_eq!((found.count_low, found.lba_low), (0x00, 0x23_89AB));
        assert_eq!(sanitize::Status::new(&found), sanitize::Status::Missing(found));
    }

    /// Valid, recovered error, ERROR 00h, STATUS 50h, DEVICE 40h, COUNT 01h; 10 bytes more; EXTEND, LBA `23_89ABh`; 00h/1Dh.
    const FIXED: [u8; 18] = *b"\xF0\0\x01\0\x50\x40\x01\x0A\x80\xAB\x89\x23\0\x1D\0\0\0\0";

    #[test]
    fn fixed_format_has_the_lower_halves_and_whether_the_upper_are_zero() {
        let found = registers(&FIXED).unwrap();
        assert_eq!((found.status, found.device, found.count_low, found.lba_low), (0x50, 0x40, 0x01, 0x23_89AB));
        assert_eq!((found.count(), found.lba_48()), (Some(0x0001), Some(0x23_89AB)));
        let upper = |flags| {
            let mut sense = FIXED;
            sense[8] = flags;
            let found = registers(&sense).unwrap();
            (found.count(), found.lba_48())
        };
        assert_eq!(upper(0xC0), (None, Some(0x23_89AB)), "COUNT UPPER NONZERO");
        assert_eq!(upper(0xA0), (Some(0x0001), None), "LBA UPPER NONZERO");
        assert_eq!(upper(0x00), (None, None), "not extended");
    }

    #[test]
    fn a_failed_sanitize_is_seen_through_fixed_format() {
        // Aborted command, 00h/00h, as Linux gives it: ERROR 04h, STATUS 51h, reason 01h.
        let sense = *b"\xF0\0\x0B\x04\x51\x40\0\x0A\x80\x01\0\0\0\0\0\0\0\0";
        let found = registers(&sense).unwrap();
        assert_eq!(sanitize::Status::new(&found), sanitize::Status::Refused(sanitize::Reason::Unsuccessful));
        // Nobody vouches for the same bytes if VALID is 0.
        let mut sense = sense;
        sense[0] = 0x70;
        assert_eq!(registers(&sense), Err(NoRegisters::Missing));
    }

    #[test]
    fn sense_about_something_else_has_no_registers() {
        let missing = |sense: &[u8]| assert_eq!(registers(sense), Err(NoRegisters::Missing), "{sense:02X?}");
        missing(&[]);
        missing(&DESCRIPTOR[..21]);
        missing(&FIXED[..13]);
        // Power on, reset, or bus device reset occurred: 29h/00h.
        missing(b"\x70\0\x06\0\0\0\0\x0A\0\0\0\0\x29\0\0\0\0\0");
        missing(b"\x72\x06\x29\0\0\0\0\0");
        // An error of an earlier command.
        missing(&[&[0x73], &DESCRIPTOR[1..]].concat());
        missing(&[&[0xF1], &FIXED[1..]].concat());
        // INFORMATION is an LBA that looks like a good STATUS, without 00h/1Dh.
        missing(b"\xF0\0\x03\0\x50\0\0\x0A\0\0\0\0\x11\0\0\0\0\0");
    }

    #[test]
    fn zeros_in_place_of_registers_are_implausible() {
        let mut sense = DESCRIPTOR;
        sense[11..].fill(0);
        let Err(NoRegisters::Implausible(zeros)) = registers(&sense) else {
            panic!("zeros were taken for registers");
        };
        assert_eq!((zeros.status, zeros.count(), zeros.lba_48()), (0, Some(0), Some(0)));
        let mut sense = FIXED;
        sense[3..7].fill(0);
        assert!(matches!(registers(&sense), Err(NoRegisters::Implausible(_))));
    }

    #[test]
    fn unread_sense_is_no_registers() {
        for byte in [0x00, 0x5A, 0xA5, 0xFF] {
            assert_eq!(registers(&[byte; 64]), Err(NoRegisters::Missing));
        }
    }

    proptest! {
        #[test]
        fn any_sense_is_decoded_or_refused(sense in proptest::collection::vec(any::<u8>(), 0..64), first: bool) {
            let mut sense = sense;
            if let Some(code) = sense.first_mut() {
                *code = if first { 0x72 } else { 0x70 };
            }
            if let Ok(found) = registers(&sense) {
                prop_assert!(found.is_plausible() && found.lba_low < 1 << 24);
                prop_assert!(found.lba_high.is_none_or(|high| high < 1 << 24));
            }
        }

        #[test]
        fn what_the_descriptor_carries_is_what_comes_out(
            error: u8, count: u16, lba in 0_u64..1 << 48, device: u8, status in prop_oneof![Just(0x50_u8), Just(0x51)],
        ) {
            let ([count_high, count_low], [_, _, f, e, d, c, b, a]) = (count.to_be_bytes(), lba.to_be_bytes());
            let body = [0x01, error, count_high, count_low, d, a, e, b, f, c, device, status];
            let found = registers(&[&DESCRIPTOR[..10], &body].concat()).unwrap();
            prop_assert_eq!((found.count(), found.lba_48()), (Some(count), Some(lba)));
            prop_assert_eq!((found.error, found.device, found.status), (error, device, status));
        }
    }
}
