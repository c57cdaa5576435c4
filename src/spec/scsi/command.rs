//! Commands as values: the command descriptor block (SPC-5, SBC-4), the direction and the length of the transfer.
//!
//! The CONTROL byte is 0 in all of them.

use super::erase::ParameterList;

/// What crosses the bus besides the command descriptor block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transfer {
    /// Nothing.
    None,
    /// From the drive: room for this many bytes. It may send fewer.
    In(u32),
    /// To the drive: this many bytes that the caller holds.
    Out(u32),
    /// To the drive: a parameter list that is part of the command.
    List(ParameterList),
}

/// A command descriptor block with its transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Command {
    cdb: [u8; 16],
    length: usize,
    transfer: Transfer,
}

impl Command {
    /// `N` is 6, 10, 12 or 16.
    pub(super) fn new<const N: usize>(cdb: [u8; N], transfer: Transfer) -> Self {
        const { assert!(N <= 16, "no command of ours is longer than 16 bytes") };
        let mut padded = [0; 16];
        for (to, from) in padded.iter_mut().zip(cdb) {
            *to = from;
        }
        Self { cdb: padded, length: N, transfer }
    }

    /// The command descriptor block: 6, 10, 12 or 16 bytes.
    pub fn cdb(&self) -> &[u8] {
        self.cdb.get(..self.length).unwrap_or(&self.cdb)
    }

    /// What is transferred, and which way.
    pub const fn transfer(&self) -> &Transfer {
        &self.transfer
    }
}

/// A vital product data page that we read (SPC-5, SBC-4, SAT-4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum VpdPage {
    /// 00h: which pages there are.
    Supported = 0x00,
    /// 80h.
    UnitSerialNumber = 0x80,
    /// 83h: NAA and other identifiers.
    DeviceIdentification = 0x83,
    /// 89h: IDENTIFY DEVICE through a SCSI-to-ATA layer.
    AtaInformation = 0x89,
    /// B0h: transfer lengths.
    BlockLimits = 0xB0,
    /// B1h: rotation, form factor, reads after an erase.
    BlockDeviceCharacteristics = 0xB1,
}

/// A log page that we read (SPC-5, SBC-4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum LogPage {
    /// 02h: write error counters.
    WriteErrors = 0x02,
    /// 03h: read error counters.
    ReadErrors = 0x03,
    /// 05h: verify error counters.
    VerifyErrors = 0x05,
    /// 0Dh.
    Temperature = 0x0D,
    /// 11h: endurance used.
    SolidStateMedia = 0x11,
    /// 15h.
    BackgroundScan = 0x15,
    /// 2Fh: the drive's own prediction of its failure.
    InformationalExceptions = 0x2F,
}

/// INQUIRY (12h) with EVPD = 0: the standard answer, 36 bytes at least (SPC-5).
pub fn inquiry(length: u16) -> Command {
    let [high, low] = length.to_be_bytes();
    Command::new([0x12, 0, 0, high, low, 0], Transfer::In(length.into()))
}

/// INQUIRY (12h) with EVPD = 1: one vital product data page (SPC-5).
pub fn inquiry_vpd(page: VpdPage, length: u16) -> Command {
    let [high, low] = length.to_be_bytes();
    Command::new([0x12, 0x01, page as u8, high, low, 0], Transfer::In(length.into()))
}

/// TEST UNIT READY (00h, SPC-5).
pub fn test_unit_ready() -> Command {
    Command::new([0; 6], Transfer::None)
}

/// REQUEST SENSE (03h) with DESC = 1: descriptor format if the drive has it; older ones answer in fixed format (SPC-5).
///
/// 252 bytes are the most that sense data can have.
pub fn request_sense() -> Command {
    Command::new([0x03, 0x01, 0, 0, 252, 0], Transfer::In(252))
}

/// REPORT SUPPORTED OPERATION CODES (A3h/0Ch) about one command (SPC-5).
///
/// With a service action REPORTING OPTIONS is 010b, without one 001b: a drive refuses the wrong one of the two.
pub fn report_supported_operation_code(opcode: u8, service_action: Option<u16>) -> Command {
    // Four bytes of header, and the longest usage bitmap that a CDB of 16 bytes can have.
    const LENGTH: u8 = 20;
    let options = if service_action.is_some() { 0b010 } else { 0b001 };
    let [high, low] = service_action.unwrap_or(0).to_be_bytes();
    Command::new([0xA3, 0x0C, options, opcode, high, low, 0, 0, 0, LENGTH, 0, 0], Transfer::In(LENGTH.into()))
}

/// READ CAPACITY (16) (9Eh/10h): 32 bytes (SBC-4).
pub fn read_capacity_16() -> Command {
    Command::new([0x9E, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0], Transfer::In(32))
}

/// READ (16) (88h): `blocks` of `block_size` bytes from `lba` on (SBC-4).
///
/// RDPROTECT = 0: no protection information comes along, whatever the format of the medium. `None` for no blocks at all, which the
/// drive would answer with success and without data, and for more than 4 GiB - 1.
pub fn read_16(lba: u64, blocks: u32, block_size: u32) -> Option<Command> {
    Some(Command::new(extent(0x88, lba, blocks), Transfer::In(bytes(blocks, block_size)?)))
}

/// WRITE (16) (8Ah), with WRPROTECT = 0 (SBC-4). `None` as for [`read_16`].
pub fn write_16(lba: u64, blocks: u32, block_size: u32) -> Option<Command> {
    Some(Command::new(extent(0x8A, lba, blocks), Transfer::Out(bytes(blocks, block_size)?)))
}

/// SYNCHRONIZE CACHE (16) (91h) of the whole medium, with IMMED = 0 (SBC-4).
pub fn synchronize_cache_16() -> Command {
    Command::new(extent(0x91, 0, 0), Transfer::None)
}

/// SYNCHRONIZE CACHE (10) (35h), the same for drives without the longer command.
pub fn synchronize_cache_10() -> Command {
    Command::new([0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0], Transfer::None)
}

/// READ DEFECT DATA (12) (B7h): the header of the grown list, with addresses as physical sectors if the drive can (format 101b)
/// (SBC-4). DEFECT LIST LENGTH in the header counts what was not transferred too.
pub fn read_grown_defects_12() -> Command {
    Command::new([0xB7, 0x0D, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0], Transfer::In(8))
}

/// READ DEFECT DATA (10) (37h), the same for drives without the longer command.
pub fn read_grown_defects_10() -> Command {
    Command::new([0x37, 0, 0x0D, 0, 0, 0, 0, 0, 4, 0], Transfer::In(4))
}

/// START STOP UNIT (1Bh) with IMMED = 0: spin up or down, and say when it is done (SBC-4).
pub fn start_stop_unit(start: bool) -> Command {
    Command::new([0x1B, 0, 0, 0, u8::from(start), 0], Transfer::None)
}

/// MODE SENSE (10) (5Ah): the current values of a page, with the block descriptor (DBD = 0) in its short form (LLBAA = 0)
/// (SPC-5).
pub fn mode_sense_10(page: u8, subpage: u8, length: u16) -> Command {
    let [high, low] = length.to_be_bytes();
    Command::new([0x5A, 0, page & 0x3F, subpage, 0, 0, 0, high, low, 0], Transfer::In(length.into()))
}

/// LOG SENSE (4Dh): the cumulative values (PC = 01b) of a page (SPC-5).
pub fn log_sense(page: LogPage, length: u16) -> Command {
    let [high, low] = length.to_be_bytes();
    Command::new([0x4D, 0, 0x40 | page as u8, 0, 0, 0, 0, high, low, 0], Transfer::In(length.into()))
}

/// SECURITY PROTOCOL IN (A2h), the length in bytes (`INC_512` = 0) (SPC-5). For TCG: protocol 01h and the `ComID`.
pub fn security_protocol_in(protocol: u8, specific: u16, length: u32) -> Command {
    Command::new(security(0xA2, protocol, specific, length), Transfer::In(length))
}

/// SECURITY PROTOCOL OUT (B5h), the length in bytes (`INC_512` = 0) (SPC-5).
pub fn security_protocol_out(protocol: u8, specific: u16, length: u32) -> Command {
    Command::new(security(0xB5, protocol, specific, length), Transfer::Out(length))
}

fn extent(opcode: u8, lba: u64, blocks: u32) -> [u8; 16] {
    let mut cdb = [0; 16];
    cdb[0] = opcode;
    cdb[2..10].copy_from_slice(&lba.to_be_bytes());
    cdb[10..14].copy_from_slice(&blocks.to_be_bytes());
    cdb
}

fn bytes(blocks: u32, block_size: u32) -> Option<u32> {
    blocks.checked_mul(block_size).filter(|bytes| *bytes != 0)
}

fn security(opcode: u8, protocol: u8, specific: u16, length: u32) -> [u8; 12] {
    let [high, low] = specific.to_be_bytes();
    let [a, b, c, d] = length.to_be_bytes();
    [opcode, protocol, high, low, 0, 0, a, b, c, d, 0, 0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inquiry_asks_for_the_standard_answer_or_a_page() {
        assert_eq!(inquiry(96).cdb(), [0x12, 0x00, 0x00, 0x00, 0x60, 0x00]);
        assert_eq!(*inquiry(96).transfer(), Transfer::In(96));
        let cdb = |page| inquiry_vpd(page, 0x0240).cdb().to_vec();
        assert_eq!(cdb(VpdPage::Supported), [0x12, 0x01, 0x00, 0x02, 0x40, 0x00]);
        assert_eq!(cdb(VpdPage::UnitSerialNumber), [0x12, 0x01, 0x80, 0x02, 0x40, 0x00]);
        assert_eq!(cdb(VpdPage::DeviceIdentification), [0x12, 0x01, 0x83, 0x02, 0x40, 0x00]);
        assert_eq!(cdb(VpdPage::AtaInformation), [0x12, 0x01, 0x89, 0x02, 0x40, 0x00]);
        assert_eq!(cdb(VpdPage::BlockLimits), [0x12, 0x01, 0xB0, 0x02, 0x40, 0x00]);
        assert_eq!(cdb(VpdPage::BlockDeviceCharacteristics), [0x12, 0x01, 0xB1, 0x02, 0x40, 0x00]);
    }

    #[test]
    fn the_small_commands() {
        assert_eq!(test_unit_ready().cdb(), [0x00; 6]);
        assert_eq!(request_sense().cdb(), [0x03, 0x01, 0x00, 0x00, 0xFC, 0x00]);
        assert_eq!(start_stop_unit(true).cdb(), [0x1B, 0x00, 0x00, 0x00, 0x01, 0x00]);
        assert_eq!(start_stop_unit(false).cdb(), [0x1B, 0x00, 0x00, 0x00, 0x00, 0x00]);
        assert_eq!(mode_sense_10(0x3F, 0, 0x00FC).cdb(), [0x5A, 0x00, 0x3F, 0, 0, 0, 0, 0x00, 0xFC, 0x00]);
        assert_eq!(log_sense(LogPage::Temperature, 0x0200).cdb(), [0x4D, 0x00, 0x4D, 0, 0, 0, 0, 0x02, 0x00, 0x00]);
        assert_eq!(log_sense(LogPage::WriteErrors, 1).cdb()[2], 0x42);
        assert_eq!(log_sense(LogPage::ReadErrors, 1).cdb()[2], 0x43);
        assert_eq!(log_sense(LogPage::VerifyErrors, 1).cdb()[2], 0x45);
        assert_eq!(log_sense(LogPage::SolidStateMedia, 1).cdb()[2], 0x51);
        assert_eq!(log_sense(LogPage::BackgroundScan, 1).cdb()[2], 0x55);
        assert_eq!(log_sense(LogPage::InformationalExceptions, 1).cdb()[2], 0x6F);
    }

    #[test]
    fn the_cache_is_flushed_whole_and_of_defects_the_grown_list_is_counted() {
        assert_eq!(synchronize_cache_16().cdb(), [0x91, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(synchronize_cache_10().cdb(), [0x35, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(*synchronize_cache_16().transfer(), Transfer::None);
        // REQ_GLIST is bit 3, the format bits 2:0.
        let defects = read_grown_defects_12();
        assert_eq!(defects.cdb(), [0xB7, 0x0D, 0, 0, 0, 0, 0x00, 0x00, 0x00, 0x08, 0, 0]);
        assert_eq!(read_grown_defects_10().cdb(), [0x37, 0, 0x0D, 0, 0, 0, 0, 0x00, 0x04, 0]);
        assert_eq!((*defects.transfer(), *read_grown_defects_10().transfer()), (Transfer::In(8), Transfer::In(4)));
    }

    #[test]
    fn one_operation_code_with_or_without_a_service_action() {
        let sanitize_overwrite = report_supported_operation_code(0x48, Some(0x01));
        assert_eq!(sanitize_overwrite.cdb(), [0xA3, 0x0C, 0x02, 0x48, 0x00, 0x01, 0x00, 0x00, 0x00, 0x14, 0x00, 0x00]);
        let format = report_supported_operation_code(0x04, None);
        assert_eq!(format.cdb(), [0xA3, 0x0C, 0x01, 0x04, 0x00, 0x00, 0x00, 0x00, 0x00, 0x14, 0x00, 0x00]);
    }

    #[test]
    fn reads_and_writes_count_in_blocks_and_transfer_bytes() {
        let read = read_16(0x0102_0304_0506_0708, 0x10, 520).unwrap();
        assert_eq!(read.cdb(), [0x88, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0x00, 0x00, 0x00, 0x10, 0, 0]);
        assert_eq!(*read.transfer(), Transfer::In(8320));
        let write = write_16(0x80, 0x0001_0000, 512).unwrap();
        assert_eq!(write.cdb(), [0x8A, 0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0x00, 0x01, 0x00, 0x00, 0, 0]);
        assert_eq!(*write.transfer(), Transfer::Out(0x0200_0000));
        assert_eq!(read_16(0, 0, 512), None, "a read of nothing succeeds and fills nothing");
        assert_eq!(read_16(0, 0x0080_0000, 512), None, "4 GiB");
        assert_eq!(write_16(0, 1, 0), None);
        assert_eq!(read_capacity_16().cdb(), [0x9E, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x20, 0, 0]);
    }

    #[test]
    fn security_protocol_lengths_are_bytes() {
        let level_0 = security_protocol_in(0x01, 0x0001, 2048);
        assert_eq!(level_0.cdb(), [0xA2, 0x01, 0x00, 0x01, 0x00, 0x00, 0x00, 0x00, 0x08, 0x00, 0x00, 0x00]);
        let send = security_protocol_out(0x01, 0x07FE, 512);
        assert_eq!(send.cdb(), [0xB5, 0x01, 0x07, 0xFE, 0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00]);
        assert_eq!(*send.transfer(), Transfer::Out(512));
    }
}
