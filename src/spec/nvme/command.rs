//! Admin commands as values. Whoever sends one copies it into the ioctl and adds nothing.

use core::num::{NonZeroU16, NonZeroU32};

use super::{AfterSanitize, Erase, FormatIndex, Nsid, Sanitize, SecureErase};
use crate::dword::Dword;

/// Where the data of a command goes, and how many bytes of it there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transfer {
    /// No data.
    None,
    /// The controller writes so many bytes to the host.
    FromController(u32),
    /// The host hands so many bytes to the controller.
    ToController(u32),
}

/// One admin command, without its data. Made only by the constructors here, so that no command can exist which they cannot express:
/// a Format NVM without an erase, an Overwrite of no passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdminCommand {
    opcode: u8,
    nsid: Nsid,
    /// CDW10 to CDW15.
    dwords: [u32; 6],
    transfer: Transfer,
}

/// What Identify asks for: the CNS field. Every answer has 4096 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Identify {
    /// 01h: [`Controller`](super::Controller).
    Controller,
    /// 00h: [`Namespace`](super::Namespace), one that is attached to this controller.
    Namespace(Nsid),
    /// 02h: a [`namespace_list`](super::namespace_list) of those attached to this controller, above the NSID given ([`Nsid::NONE`]: all).
    ActiveNamespaces(Nsid),
    /// 10h: the same list of all there are in the NVM subsystem, attached or not. What is in here and not in the active list holds
    /// data that no block device shows.
    AllocatedNamespaces(Nsid),
    /// 11h: [`Namespace`](super::Namespace), attached or not.
    AllocatedNamespace(Nsid),
    /// 12h: [`controller_list`](super::controller_list) of those that a namespace is attached to, from CNTLID 0 on.
    AttachedControllers(Nsid),
}

/// A log page of Get Log Page: the LID field. Each has 512 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogPage {
    /// 02h: [`Smart`](super::Smart).
    Smart,
    /// 03h: [`FirmwareSlots`](super::FirmwareSlots).
    FirmwareSlot,
    /// 15h: the start of it, [`BootPartitions`](super::BootPartitions). Of revision 1.4, and optional: without it only a register (CAP.BPS)
    /// says whether there are any.
    BootPartition,
    /// 81h: [`SanitizeStatus`](super::SanitizeStatus).
    SanitizeStatus,
}

/// To whom Security Send and Security Receive speak (the protocols are those of SPC).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecurityProtocol {
    /// SECP, Security Protocol: 00h discovery, 01h and 02h TCG.
    pub protocol: u8,
    /// SPSP, SP Specific: for TCG the `ComID`.
    pub specific: u16,
    /// NSSF, NVMe Security Specific Field: 0 but for the RPMB (protocol `EAh`).
    pub nvme_specific: u8,
}

/// Identify answers, lists and the structures sent with Namespace Management have this size.
const STRUCTURE_BYTES: u32 = 4096;

/// 512 bytes.
const LOG_PAGE_DWORDS: NonZeroU32 = NonZeroU32::new(128).unwrap();

impl AdminCommand {
    /// The opcode.
    pub const fn opcode(&self) -> u8 {
        self.opcode
    }

    /// The NSID dword.
    pub const fn nsid(&self) -> Nsid {
        self.nsid
    }

    /// CDW10, CDW11, CDW12, CDW13, CDW14, CDW15.
    pub const fn dwords(&self) -> [u32; 6] {
        self.dwords
    }

    /// Data length and direction.
    pub const fn transfer(&self) -> Transfer {
        self.transfer
    }

    const fn new(opcode: u8, nsid: Nsid, cdw10: Dword, cdw11: Dword, transfer: Transfer) -> Self {
        Self { opcode, nsid, dwords: [cdw10.value(), cdw11.value(), 0, 0, 0, 0], transfer }
    }

    /// Identify (06h). CDW10: CNS in 7:0. CNTID, CSI and UUID stay 0.
    pub const fn identify(what: Identify) -> Self {
        let (cns, nsid) = match what {
            Identify::Namespace(nsid) => (0x00, nsid),
            Identify::Controller => (0x01, Nsid::NONE),
            Identify::ActiveNamespaces(after) => (0x02, after),
            Identify::AllocatedNamespaces(after) => (0x10, after),
            Identify::AllocatedNamespace(nsid) => (0x11, nsid),
            Identify::AttachedControllers(nsid) => (0x12, nsid),
        };
        Self::new(0x06, nsid, Dword::new().bits(7, 0, cns), Dword::new(), Transfer::FromController(STRUCTURE_BYTES))
    }

    /// Get Log Page (02h) of a whole page, from offset 0. NSID `FFFFFFFFh`: the log of the controller, or of the NVM subsystem.
    pub const fn log_page(page: LogPage) -> Self {
        let lid = match page {
            LogPage::Smart => 0x02,
            LogPage::FirmwareSlot => 0x03,
            LogPage::BootPartition => 0x15,
            LogPage::SanitizeStatus => 0x81,
        };
        Self::log_dwords(lid, LOG_PAGE_DWORDS)
    }

    /// CDW10: LID in 7:0, NUMDL in 31:16; CDW11: NUMDU in 15:0. The two halves hold the number of dwords *less one*, so that a length
    /// below four bytes would ask for 16 GiB: it cannot be written here.
    ///
    /// RAE (CDW10 bit 15) stays 0. The page offset (CDW12, CDW13) stays 0.
    const fn log_dwords(lid: u8, dwords: NonZeroU32) -> Self {
        let numd = dwords.get() - 1;
        let cdw10 = Dword::new().bits(31, 16, numd & 0xFFFF).bits(7, 0, lid as u32);
        let cdw11 = Dword::new().bits(15, 0, numd >> 16);
        Self::new(0x02, Nsid::ALL, cdw10, cdw11, Transfer::FromController(dwords.get().saturating_mul(4)))
    }

    /// Sanitize (84h, §5.1.22 of revision 2.1): begins to erase the whole NVM subsystem, every namespace and cache, whatever was
    /// allocated. It completes at once; the erase goes on by itself, through resets and power cycles, and the Sanitize Status log page
    /// tells how.
    ///
    /// CDW10: SANACT 2:0, AUSE 3, OWPASS 7:4, OIPBP 8, NDAS 9, EMVS 10, PREQ 11; CDW11: OVRPAT. NSID is 0: controllers refuse
    /// anything else. PREQ is later than revision 2.1 (its bit as in libnvme's `nvme-cmds-base.h`).
    ///
    /// AUSE, Allow Unrestricted Sanitize Exit, stays 0: a drive that failed to erase stays unusable until another sanitize succeeds.
    pub const fn sanitize(sanitize: Sanitize) -> Self {
        let cdw10 = Dword::new().flag(11, sanitize.purge_required).flag(3, false);
        let cdw10 = match sanitize.after {
            AfterSanitize::Deallocate => cdw10,
            AfterSanitize::KeepAllocated => cdw10.flag(9, true),
            AfterSanitize::MediaVerification => cdw10.flag(10, true),
        };
        let (cdw10, pattern) = match sanitize.erase {
            Erase::Block => (cdw10.bits(2, 0, 2), 0),
            Erase::Overwrite { passes, invert, pattern } => {
                (cdw10.bits(2, 0, 3).bits(7, 4, passes.owpass()).flag(8, invert), pattern)
            }
            Erase::Crypto => (cdw10.bits(2, 0, 4), 0),
        };
        Self::new(0x84, Nsid::NONE, cdw10, Dword::new().bits(31, 0, pattern), Transfer::None)
    }

    /// Sanitize (84h) with SANACT 1, Exit Failure Mode. Only a sanitize that was begun with AUSE set can be left so (someone else's:
    /// ours never are).
    pub const fn sanitize_exit_failure_mode() -> Self {
        Self::new(0x84, Nsid::NONE, Dword::new().bits(2, 0, 1), Dword::new(), Transfer::None)
    }

    /// Sanitize (84h) with SANACT 5, Exit Media Verification State: the drive deallocates what could be read until now.
    pub const fn sanitize_exit_media_verification() -> Self {
        Self::new(0x84, Nsid::NONE, Dword::new().bits(2, 0, 5), Dword::new(), Transfer::None)
    }

    /// Format NVM (80h) of a namespace, or of all with [`Nsid::ALL`]. Foreground: it completes when the erase has.
    ///
    /// CDW10: LBAFL 3:0, MSET 4, PI 7:5, PIL 8, SES 11:9, LBAFU 13:12. MSET, PI and PIL are 0: no protection information. An SES of 0
    /// would change the format and leave the data, so there is no word for it.
    pub const fn format(nsid: Nsid, format: FormatIndex, erase: SecureErase) -> Self {
        let ses = match erase {
            SecureErase::UserData => 1,
            SecureErase::Cryptographic => 2,
        };
        let cdw10 = Dword::new().bits(13, 12, format.upper()).bits(11, 9, ses).bits(3, 0, format.lower());
        Self::new(0x80, nsid, cdw10, Dword::new(), Transfer::None)
    }

    /// Security Send (81h): `length` bytes to the security protocol; CDW11 is the Transfer Length.
    pub const fn security_send(to: SecurityProtocol, length: u32) -> Self {
        Self::new(0x81, Nsid::NONE, to.cdw10(), Dword::new().bits(31, 0, length), Transfer::ToController(length))
    }

    /// Security Receive (82h): up to `length` bytes from the security protocol; CDW11 is the Allocation Length.
    pub const fn security_receive(from: SecurityProtocol, length: u32) -> Self {
        Self::new(0x82, Nsid::NONE, from.cdw10(), Dword::new().bits(31, 0, length), Transfer::FromController(length))
    }
}

impl SecurityProtocol {
    /// SECP 31:24, SPSP 23:8, NSSF 7:0.
    const fn cdw10(self) -> Dword {
        Dword::new().bits(31, 24, self.protocol as u32).bits(23, 8, self.specific as u32).bits(
            7,
            0,
            self.nvme_specific as u32,
        )
    }
}

/// Read (02h) of the NVM Command Set, without its data: no protection information is checked, which the media verification state does
/// not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Read {
    /// Whose blocks.
    pub nsid: Nsid,
    /// SLBA.
    pub first: u64,
    /// NLB as it is meant, and not less one as it is sent.
    pub blocks: NonZeroU16,
}

impl Read {
    /// OPC.
    pub const OPCODE: u8 = 0x02;

    /// CDW10 to CDW15: SLBA in the first two, NLB in bits 15:0 of the third.
    pub fn dwords(self) -> [u32; 6] {
        let [low, high] = [self.first, self.first >> 32].map(|half| u32::try_from(half & 0xFFFF_FFFF).unwrap_or(0));
        [low, high, u32::from(self.blocks.get() - 1), 0, 0, 0]
    }
}

#[cfg(test)]
mod tests {
    use super::super::OverwritePasses;
    use super::*;

    /// Opcode, NSID, CDW10, CDW11, transfer; the other dwords are 0 in every command here.
    fn fields(command: AdminCommand) -> (u8, u32, u32, u32, Transfer) {
        let [cdw10, cdw11, rest @ ..] = command.dwords();
        assert_eq!(rest, [0; 4]);
        (command.opcode(), command.nsid().value(), cdw10, cdw11, command.transfer())
    }

    fn nsid(id: u32) -> Nsid {
        Nsid::new(id).unwrap()
    }

    #[test]
    fn identify_asks_by_cns() {
        let all = Transfer::FromController(4096);
        let ask = |what| fields(AdminCommand::identify(what));
        assert_eq!(ask(Identify::Controller), (0x06, 0, 0x01, 0, all));
        assert_eq!(ask(Identify::Namespace(nsid(1))), (0x06, 1, 0x00, 0, all));
        assert_eq!(ask(Identify::ActiveNamespaces(Nsid::NONE)), (0x06, 0, 0x02, 0, all));
        assert_eq!(ask(Identify::AllocatedNamespaces(nsid(7))), (0x06, 7, 0x10, 0, all));
        assert_eq!(ask(Identify::AllocatedNamespace(nsid(2))), (0x06, 2, 0x11, 0, all));
        assert_eq!(ask(Identify::AttachedControllers(nsid(2))), (0x06, 2, 0x12, 0, all));
    }

    #[test]
    fn a_log_page_of_512_bytes_is_128_dwords_less_one() {
        let whole = Transfer::FromController(512);
        let log = |page| fields(AdminCommand::log_page(page));
        assert_eq!(log(LogPage::Smart), (0x02, 0xFFFF_FFFF, 0x007F_0002, 0, whole));
        assert_eq!(log(LogPage::FirmwareSlot), (0x02, 0xFFFF_FFFF, 0x007F_0003, 0, whole));
        assert_eq!(log(LogPage::BootPartition), (0x02, 0xFFFF_FFFF, 0x007F_0015, 0, whole));
        assert_eq!(log(LogPage::SanitizeStatus), (0x02, 0xFFFF_FFFF, 0x007F_0081, 0, whole));
    }

    #[test]
    fn the_number_of_dwords_spills_into_cdw11() {
        let log = |dwords| fields(AdminCommand::log_dwords(0x81, NonZeroU32::new(dwords).unwrap()));
        // One dword: 0.
        assert_eq!(log(1), (0x02, 0xFFFF_FFFF, 0x0000_0081, 0, Transfer::FromController(4)));
        // 1_0000h dwords (256 KiB): FFFFh, the most that NUMDL holds.
        assert_eq!(log(0x1_0000), (0x02, 0xFFFF_FFFF, 0xFFFF_0081, 0, Transfer::FromController(0x4_0000)));
        // One more: 1_0000h, NUMDL 0 and NUMDU 1.
        assert_eq!(log(0x1_0001), (0x02, 0xFFFF_FFFF, 0x0000_0081, 1, Transfer::FromController(0x4_0004)));
        // 1235_5679h - 1 = 1235_5678h.
        assert_eq!(log(0x1235_5679), (0x02, 0xFFFF_FFFF, 0x5678_0081, 0x1235, Transfer::FromController(0x48D5_59E4)));
    }

    #[test]
    fn sanitize_is_what_the_figure_says_bit_by_bit() {
        let sanitize = |erase, after| fields(AdminCommand::sanitize(Sanitize { erase, after, purge_required: false }));
        // SANACT 010b, 100b: nothing else.
        assert_eq!(sanitize(Erase::Block, AfterSanitize::Deallocate), (0x84, 0, 0x002, 0, Transfer::None));
        assert_eq!(sanitize(Erase::Crypto, AfterSanitize::Deallocate), (0x84, 0, 0x004, 0, Transfer::None));
        // NDAS is bit 9 (200h), EMVS is bit 10 (400h).
        assert_eq!(sanitize(Erase::Block, AfterSanitize::KeepAllocated), (0x84, 0, 0x202, 0, Transfer::None));
        assert_eq!(sanitize(Erase::Crypto, AfterSanitize::MediaVerification), (0x84, 0, 0x404, 0, Transfer::None));
        // SANACT 011b; one pass: OWPASS 1 in 7:4.
        let overwrite = |passes, invert, pattern| Erase::Overwrite {
            passes: OverwritePasses::new(passes).unwrap(),
            invert,
            pattern,
        };
        assert_eq!(
            sanitize(overwrite(1, false, 0), AfterSanitize::Deallocate),
            (0x84, 0, 0x013, 0, Transfer::None),
            "one pass of zeros"
        );
        assert_eq!(
            sanitize(overwrite(15, true, 0xDEAD_BEEF), AfterSanitize::KeepAllocated),
            (0x84, 0, 0x3F3, 0xDEAD_BEEF, Transfer::None),
            "NDAS, OIPBP, OWPASS 1111b, SANACT 011b"
        );
        assert_eq!(
            sanitize(overwrite(16, false, 0xFFFF_FFFF), AfterSanitize::Deallocate),
            (0x84, 0, 0x003, 0xFFFF_FFFF, Transfer::None),
            "sixteen passes are coded as 0"
        );
        // PREQ is bit 11 (800h).
        let purge = Sanitize { erase: Erase::Block, after: AfterSanitize::MediaVerification, purge_required: true };
        assert_eq!(fields(AdminCommand::sanitize(purge)), (0x84, 0, 0xC02, 0, Transfer::None));
        assert_eq!(fields(AdminCommand::sanitize_exit_failure_mode()), (0x84, 0, 0x001, 0, Transfer::None));
        assert_eq!(fields(AdminCommand::sanitize_exit_media_verification()), (0x84, 0, 0x005, 0, Transfer::None));
    }

    #[test]
    fn a_read_counts_its_blocks_from_zero() {
        let read = |first, blocks| Read { nsid: nsid(1), first, blocks: NonZeroU16::new(blocks).unwrap() }.dwords();
        assert_eq!(read(0, 1), [0; 6]);
        assert_eq!(read(0x0123_4567_89AB_CDEF, 8), [0x89AB_CDEF, 0x0123_4567, 7, 0, 0, 0]);
        assert_eq!(read(1, 0xFFFF), [1, 0, 0xFFFE, 0, 0, 0]);
    }

    #[test]
    fn format_always_erases() {
        let format = |id, index, erase| fields(AdminCommand::format(id, FormatIndex::new(index).unwrap(), erase));
        // SES 001b in 11:9 is 200h, 010b is 400h.
        assert_eq!(format(nsid(1), 0, SecureErase::UserData), (0x80, 1, 0x0200, 0, Transfer::None));
        assert_eq!(format(Nsid::ALL, 1, SecureErase::Cryptographic), (0x80, 0xFFFF_FFFF, 0x0401, 0, Transfer::None));
        // Index 37 = 10_0101b: LBAFU 10b in 13:12 (2000h), LBAFL 0101b.
        assert_eq!(format(nsid(3), 37, SecureErase::UserData), (0x80, 3, 0x2205, 0, Transfer::None));
        assert_eq!(format(nsid(3), 63, SecureErase::Cryptographic), (0x80, 3, 0x340F, 0, Transfer::None));
    }

    #[test]
    fn security_names_the_protocol_in_cdw10_and_the_length_in_cdw11() {
        // TCG Level 0 Discovery: protocol 01h, ComID 0001h.
        let discovery = SecurityProtocol { protocol: 0x01, specific: 0x0001, nvme_specific: 0 };
        assert_eq!(
            fields(AdminCommand::security_receive(discovery, 2048)),
            (0x82, 0, 0x0100_0100, 0x800, Transfer::FromController(2048))
        );
        // ComID 07FEh; RPMB is EAh with a target in NSSF.
        let session = SecurityProtocol { protocol: 0x01, specific: 0x07FE, nvme_specific: 0 };
        assert_eq!(
            fields(AdminCommand::security_send(session, 512)),
            (0x81, 0, 0x0107_FE00, 0x200, Transfer::ToController(512))
        );
        let rpmb = SecurityProtocol { protocol: 0xEA, specific: 0x0001, nvme_specific: 2 };
        assert_eq!(
            fields(AdminCommand::security_send(rpmb, 256)),
            (0x81, 0, 0xEA00_0102, 0x100, Transfer::ToController(256))
        );
    }

    #[test]
    fn zero_and_the_broadcast_value_are_no_namespace() {
        assert_eq!(Nsid::new(0), None);
        assert_eq!(Nsid::new(0xFFFF_FFFF), None);
        assert_eq!(Nsid::new(0xFFFF_FFFE).map(Nsid::value), Some(0xFFFF_FFFE));
    }
}
