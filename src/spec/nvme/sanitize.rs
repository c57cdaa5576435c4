//! Sanitize: what can be asked for, and the Sanitize Status log page (81h).

use core::fmt;

use zerocopy::little_endian::{U16, U32};
use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

use super::{DecodeError, parse};

/// A sanitize operation as it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sanitize {
    /// SANACT, with OWPASS, OIPBP and OVRPAT.
    pub erase: Erase,
    /// NDAS and EMVS.
    pub after: AfterSanitize,
    /// PREQ, Purge Required: purge as IEEE 2883 defines it, or fail. [`SanitizeStatus::purged`] then says that it did. Only with
    /// [`Sanicap::purge_reporting`](super::Sanicap::purge_reporting): to any other drive it is a reserved bit, refused or not looked at.
    pub purge_required: bool,
}

/// What a sanitize operation does to the media: the SANACT field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Erase {
    /// SANACT 2: the media's own block erase.
    Block,
    /// SANACT 3: a pattern over all of the media, host-reachable or not.
    Overwrite {
        /// OWPASS.
        passes: OverwritePasses,
        /// OIPBP: every other pass writes the complement.
        invert: bool,
        /// OVRPAT.
        pattern: u32,
    },
    /// SANACT 4: the media encryption keys are changed.
    Crypto,
}

/// How often Overwrite goes over the media: 1 to 16 times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OverwritePasses(u8);

impl OverwritePasses {
    /// One pass.
    pub const ONE: Self = Self(1);

    /// `None` unless 1 to 16.
    pub const fn new(passes: u8) -> Option<Self> {
        match passes {
            1..=16 => Some(Self(passes)),
            _ => None,
        }
    }

    /// OWPASS is four bits wide and 0 means sixteen, so a zeroed field asks for the longest overwrite there is.
    pub(super) const fn owpass(self) -> u32 {
        match self.0 {
            16 => 0,
            passes => passes as u32,
        }
    }
}

/// What becomes of the blocks once they are erased. The three exclude each other: what is to be verified is deallocated afterwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AfterSanitize {
    /// The drive deallocates them, and reads of them are its own invention.
    #[default]
    Deallocate,
    /// NDAS, No-Deallocate After Sanitize: they stay, and can be read back. Drives with
    /// [`Sanicap::no_deallocate_inhibited`](super::Sanicap::no_deallocate_inhibited) refuse, or deallocate all the same.
    KeepAllocated,
    /// EMVS, Enter Media Verification State: they can be read from the media until the host ends it. Only with
    /// [`Sanicap::verification`](super::Sanicap::verification), and not after an Overwrite (Base 2.1, 5.1.22).
    MediaVerification,
}

/// The Sanitize Status log page. It outlives power cycles and owners: a success in it is ours only if [`scdw10`](Self::scdw10) is what
/// we sent and it was not there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SanitizeStatus {
    /// SSTAT.SOS, bits 2:0, and SPROG where it has a meaning.
    pub state: SanitizeState,
    /// SSTAT.OPC, bits 7:3: passes that the last Overwrite has completed, 0 after another operation.
    pub passes_completed: u8,
    /// SSTAT.GDE, bit 8, Global Data Erased: nothing was written since the drive was made, or since its last successful sanitize.
    pub global_data_erased: bool,
    /// SSTAT.MVCNCLD, bit 9: the media verification that was asked for has been cancelled.
    pub verification_cancelled: bool,
    /// SSTAT.PRGD, bit 11: the drive itself says that the last sanitize purged, as IEEE 2883 has it, because it was told to with PREQ.
    /// Later than revision 2.1, which reserves the bit (source: nvme-cli, `nvme-log-sanitize`).
    pub purged: bool,
    /// CDW10 of the Sanitize command that began the last operation.
    pub scdw10: u32,
    /// How long the operations take, by the drive's own estimate.
    pub estimates: EstimatedSeconds,
    /// SSI, byte 36: where the drive stands in its sanitize state machine. Revisions before 2.1 reserve the byte: 0 then.
    pub phase: SanitizePhase,
}

/// How the last sanitize operation stands: the status field, which alone decides. The progress field reads `FFFFh` whenever nothing
/// runs, after a failure too, so it can be had only from an operation in progress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SanitizeState {
    /// 000b: never sanitized.
    Never,
    /// 001b: completed successfully.
    Succeeded,
    /// 010b: under way.
    InProgress(Progress),
    /// 011b: failed.
    Failed,
    /// 100b: completed successfully, and deallocated although NDAS had asked not to.
    SucceededDeallocated,
    /// Reserved, kept as it came.
    Other(u8),
}

/// SPROG: how much of a running sanitize is done, in 65536ths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Progress(u16);

impl Progress {
    /// The numerator; the denominator is 65536.
    pub const fn numerator(self) -> u16 {
        self.0
    }

    /// Whole percent done, 0 to 99: there is no progress that says "complete".
    pub const fn percent(self) -> u8 {
        let [percent, ..] = (self.0 as u32 * 100 / 0x1_0000).to_le_bytes();
        percent
    }
}

/// Seconds that each operation takes; `None` where the drive reports no estimate (`FFFFFFFFh`). 0 is a promise to be done when the
/// command completes, or a field that the drive's revision reserves: those behind the first three are of 1.4 and later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EstimatedSeconds {
    /// ETO: an Overwrite of *sixteen* passes.
    pub overwrite_sixteen_passes: Option<u32>,
    /// ETBE.
    pub block_erase: Option<u32>,
    /// ETCE.
    pub crypto_erase: Option<u32>,
    /// ETOND: as ETO, with NDAS set and the media modified afterwards.
    pub overwrite_keep_allocated: Option<u32>,
    /// ETBEND: as ETBE, likewise.
    pub block_erase_keep_allocated: Option<u32>,
    /// ETCEND: as ETCE, likewise.
    pub crypto_erase_keep_allocated: Option<u32>,
    /// ETPVDS: the deallocation after media verification.
    pub deallocation_after_verification: Option<u32>,
}

/// SSI.SANS, bits 3:0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SanitizePhase {
    /// 0h: nothing runs, or the drive is of before revision 2.1.
    Idle,
    /// 1h: erasing, AUSE was 0.
    RestrictedProcessing,
    /// 2h: failed, AUSE was 0: only another sanitize leads out.
    RestrictedFailure,
    /// 3h: erasing, AUSE was 1.
    UnrestrictedProcessing,
    /// 4h: failed, AUSE was 1.
    UnrestrictedFailure,
    /// 5h: erased; the media can be read before it is deallocated. The status is "in progress" still, and SPROG `FFFFh`.
    MediaVerification,
    /// 6h: verified; deallocating.
    PostVerificationDeallocation,
    /// Reserved, kept as it came.
    Other(u8),
}

#[derive(FromBytes, Immutable, KnownLayout, Unaligned)]
#[repr(C)]
struct Page {
    sprog: U16,
    sstat: U16,
    scdw10: U32,
    eto: U32,
    etbe: U32,
    etce: U32,
    etond: U32,
    etbend: U32,
    etcend: U32,
    etpvds: U32,
    ssi: u8,
    reserved: [u8; 475],
}

const _: () = assert!(size_of::<Page>() == 512);

impl SanitizeStatus {
    /// From the 512 bytes of the log page.
    pub fn parse(bytes: &[u8]) -> Result<Self, DecodeError> {
        let page: &Page = parse("Sanitize Status log page (81h)", bytes)?;
        let sstat = page.sstat.get();
        let [low, _] = sstat.to_le_bytes();
        let state = match low & 0x7 {
            0 => SanitizeState::Never,
            1 => SanitizeState::Succeeded,
            2 => SanitizeState::InProgress(Progress(page.sprog.get())),
            3 => SanitizeState::Failed,
            4 => SanitizeState::SucceededDeallocated,
            other => SanitizeState::Other(other),
        };
        Ok(Self {
            state,
            passes_completed: low >> 3,
            global_data_erased: sstat >> 8 & 1 == 1,
            verification_cancelled: sstat >> 9 & 1 == 1,
            purged: sstat >> 11 & 1 == 1,
            scdw10: page.scdw10.get(),
            estimates: EstimatedSeconds {
                overwrite_sixteen_passes: seconds(page.eto),
                block_erase: seconds(page.etbe),
                crypto_erase: seconds(page.etce),
                overwrite_keep_allocated: seconds(page.etond),
                block_erase_keep_allocated: seconds(page.etbend),
                crypto_erase_keep_allocated: seconds(page.etcend),
                deallocation_after_verification: seconds(page.etpvds),
            },
            phase: SanitizePhase::from_code(page.ssi & 0xF),
        })
    }
}

impl EstimatedSeconds {
    /// Of the operation that this CDW10 of a Sanitize command asks for. ETO and ETOND are for sixteen passes: of fewer, a share,
    /// rounded up.
    pub fn of(&self, cdw10: u32) -> Option<u32> {
        let keeps_allocated = cdw10 >> 9 & 1 == 1;
        if let Some(passes) = overwrite_passes(cdw10) {
            let sixteen = if keeps_allocated { self.overwrite_keep_allocated } else { self.overwrite_sixteen_passes };
            return sixteen.map(|seconds| share(seconds, passes));
        }
        match (cdw10 & 0x7, keeps_allocated) {
            (2, false) => self.block_erase,
            (2, true) => self.block_erase_keep_allocated,
            (4, false) => self.crypto_erase,
            (4, true) => self.crypto_erase_keep_allocated,
            _ => None,
        }
    }
}

fn share(seconds: u32, passes: u8) -> u32 {
    u32::try_from((u64::from(seconds) * u64::from(passes)).div_ceil(16)).unwrap_or(u32::MAX)
}

/// How many passes this CDW10 of a Sanitize command asks for: OWPASS, bits 7:4, where 0 is sixteen. `None` unless it asks for an
/// Overwrite. What [`SanitizeStatus::passes_completed`] has to be in the end.
pub fn overwrite_passes(cdw10: u32) -> Option<u8> {
    let [low, ..] = cdw10.to_le_bytes();
    match (low & 0x7, low >> 4) {
        (3, 0) => Some(16),
        (3, passes) => Some(passes),
        _ => None,
    }
}

fn seconds(field: U32) -> Option<u32> {
    (field.get() != u32::MAX).then_some(field.get())
}

impl SanitizePhase {
    const fn from_code(code: u8) -> Self {
        match code {
            0 => Self::Idle,
            1 => Self::RestrictedProcessing,
            2 => Self::RestrictedFailure,
            3 => Self::UnrestrictedProcessing,
            4 => Self::UnrestrictedFailure,
            5 => Self::MediaVerification,
            6 => Self::PostVerificationDeallocation,
            other => Self::Other(other),
        }
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.percent())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page with the given first bytes; zeros behind them.
    fn page(start: &[u8]) -> [u8; 512] {
        let mut page = [0; 512];
        page[..start.len()].copy_from_slice(start);
        page
    }

    #[test]
    fn a_block_erase_half_done() {
        let status = SanitizeStatus::parse(&page(&[
            0x00, 0x80, // SPROG 8000h: 32768 of 65536
            0x02, 0x00, // SSTAT: in progress
            0x02, 0x00, 0x00, 0x00, // SCDW10: block erase
            0x10, 0x0E, 0x00, 0x00, // ETO 3600 s
            0x3C, 0x00, 0x00, 0x00, // ETBE 60 s
            0xFF, 0xFF, 0xFF, 0xFF, // ETCE: none
            0xFF, 0xFF, 0xFF, 0xFF, // ETOND: none
            0x78, 0x00, 0x00, 0x00, // ETBEND 120 s
            0xFE, 0xFF, 0xFF, 0xFF, // ETCEND
            0x05, 0x00, 0x00, 0x00, // ETPVDS 5 s
            0x01, // SSI: restricted processing
        ]))
        .unwrap();
        let SanitizeState::InProgress(progress) = status.state else { panic!("{status:?}") };
        assert_eq!((progress.numerator(), progress.percent()), (0x8000, 50));
        assert_eq!(status.scdw10, 0x02);
        assert_eq!(status.estimates.overwrite_sixteen_passes, Some(3600));
        assert_eq!(status.estimates.block_erase, Some(60));
        assert_eq!(status.estimates.crypto_erase, None);
        assert_eq!(status.estimates.overwrite_keep_allocated, None);
        assert_eq!(status.estimates.block_erase_keep_allocated, Some(120));
        assert_eq!(status.estimates.crypto_erase_keep_allocated, Some(0xFFFF_FFFE));
        assert_eq!(status.estimates.deallocation_after_verification, Some(5));
        assert_eq!(status.phase, SanitizePhase::RestrictedProcessing);
        assert!(!status.global_data_erased && !status.purged && !status.verification_cancelled);
    }

    #[test]
    fn progress_of_ffffh_says_nothing_unless_one_is_running() {
        let state = |sstat| SanitizeStatus::parse(&page(&[0xFF, 0xFF, sstat])).unwrap().state;
        assert_eq!(state(0x00), SanitizeState::Never);
        assert_eq!(state(0x01), SanitizeState::Succeeded);
        assert_eq!(state(0x03), SanitizeState::Failed);
        assert_eq!(state(0x04), SanitizeState::SucceededDeallocated);
        assert_eq!(state(0x05), SanitizeState::Other(5));
        assert_eq!(state(0x07), SanitizeState::Other(7));
        let SanitizeState::InProgress(progress) = state(0x02) else { panic!("in progress") };
        assert_eq!(progress.percent(), 99, "never 100 while it runs");
    }

    #[test]
    fn sstat_has_passes_and_three_flags_behind_the_status() {
        // 0000 1011 0011 1001b: PRGD, MVCNCLD, GDE, seven passes, status 1.
        let status = SanitizeStatus::parse(&page(&[0xFF, 0xFF, 0x39, 0x0B])).unwrap();
        assert_eq!((status.state, status.passes_completed), (SanitizeState::Succeeded, 7));
        assert!(status.global_data_erased && status.verification_cancelled && status.purged);
        // 0000 0001 1000 0001b: GDE, sixteen passes.
        let status = SanitizeStatus::parse(&page(&[0xFF, 0xFF, 0x81, 0x01])).unwrap();
        assert_eq!(status.passes_completed, 16);
        assert!(status.global_data_erased && !status.verification_cancelled && !status.purged);
    }

    #[test]
    fn the_upper_half_of_ssi_is_where_it_failed_and_not_where_it_stands() {
        let mut bytes = page(&[0xFF, 0xFF, 0x03]);
        bytes[36] = 0x12;
        assert_eq!(SanitizeStatus::parse(&bytes).unwrap().phase, SanitizePhase::RestrictedFailure);
        bytes[36] = 0x05;
        assert_eq!(SanitizeStatus::parse(&bytes).unwrap().phase, SanitizePhase::MediaVerification);
        bytes[36] = 0x0F;
        assert_eq!(SanitizeStatus::parse(&bytes).unwrap().phase, SanitizePhase::Other(0xF));
    }

    #[test]
    fn a_buffer_that_nobody_filled_is_no_success() {
        assert_eq!(SanitizeStatus::parse(&[0xA5; 512]).unwrap().state, SanitizeState::Other(5));
        assert_eq!(SanitizeStatus::parse(&[0x00; 512]).unwrap().state, SanitizeState::Never);
        assert_eq!(SanitizeStatus::parse(&[0xFF; 512]).unwrap().state, SanitizeState::Other(7));
        assert_eq!(
            SanitizeStatus::parse(&[0x01; 511]),
            Err(DecodeError::Short { structure: "Sanitize Status log page (81h)", length: 511, needed: 512 })
        );
    }

    #[test]
    fn an_overwrite_asks_for_a_number_of_passes_and_nothing_else_does() {
        // OWPASS 1, 15, 0; block erase and crypto erase with something in those bits.
        assert_eq!(
            [0x013, 0x8F3, 0x003, 0x012, 0x014].map(overwrite_passes),
            [Some(1), Some(15), Some(16), None, None]
        );
    }

    #[test]
    fn each_operation_has_its_estimate_and_an_overwrite_its_share() {
        let mut bytes = page(&[0xFF, 0xFF, 0x00]);
        // 1601 s, 20 s, 2 s; with NDAS 3200 s, 40 s, none.
        bytes[8..12].copy_from_slice(&[0x41, 0x06, 0, 0]);
        bytes[12..16].copy_from_slice(&[0x14, 0, 0, 0]);
        bytes[16..20].copy_from_slice(&[0x02, 0, 0, 0]);
        bytes[20..24].copy_from_slice(&[0x80, 0x0C, 0, 0]);
        bytes[24..28].copy_from_slice(&[0x28, 0, 0, 0]);
        bytes[28..32].copy_from_slice(&[0xFF; 4]);
        let estimates = SanitizeStatus::parse(&bytes).unwrap().estimates;
        assert_eq!([0x002, 0x802, 0x004].map(|cdw10| estimates.of(cdw10)), [Some(20), Some(20), Some(2)]);
        // One pass of sixteen: 100.06 s; OWPASS 0 is all sixteen; three passes: 300.2 s.
        assert_eq!([0x013, 0x003, 0x033].map(|cdw10| estimates.of(cdw10)), [Some(101), Some(1601), Some(301)]);
        assert_eq!([0x213, 0x202, 0x204].map(|cdw10| estimates.of(cdw10)), [Some(200), Some(40), None]);
        assert_eq!([0x001, 0x005, 0x000].map(|cdw10| estimates.of(cdw10)), [None; 3], "these erase nothing");
    }

    #[test]
    fn there_are_one_to_sixteen_passes() {
        assert_eq!(OverwritePasses::new(0), None);
        assert_eq!(OverwritePasses::new(17), None);
        assert_eq!(OverwritePasses::new(1), Some(OverwritePasses::ONE));
    }
}
