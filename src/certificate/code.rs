//! The numbers that stand for words in a certificate. They are stable: a number is never given another meaning, a word that goes
//! leaves its number unused. A new word in the core does not compile until it has a number here.

use minicbor::decode::{Decode, Decoder};
use minicbor::encode::{Encode, Encoder, Write};
use purgeproof_core::capability::{Area, Obstacle};
use purgeproof_core::drive::{Medium, SerialSource, Transport};
use purgeproof_core::evidence::{ClockSource, Expect};
use purgeproof_core::pattern::Pattern;
use purgeproof_core::policy::Coverage;
use purgeproof_core::stream::Stream;
use purgeproof_core::technique::{Level, Technique};
use purgeproof_core::verdict::{Exception, Outcome};

/// A word of the core, written as its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Coded<T>(pub T);

/// A word that has a number.
pub trait Code: Sized {
    /// Its number.
    fn code(&self) -> u16;
    /// The word with this number; `None` if this version knows none.
    fn from_code(code: u16) -> Option<Self>;
}

impl<C, T: Code> Encode<C> for Coded<T> {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.u16(self.0.code())?.ok()
    }
}

impl<'b, C, T: Code> Decode<'b, C> for Coded<T> {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        let at = d.position();
        let unknown = || minicbor::decode::Error::message("a code that this version does not know").at(at);
        T::from_code(d.u16()?).map(Self).ok_or_else(unknown)
    }
}

/// One number a word, both ways.
macro_rules! codes {
    ($type:ident { $($code:literal $variant:ident),* $(,)? }) => {
        impl Code for $type {
            fn code(&self) -> u16 {
                match self { $(Self::$variant => $code),* }
            }
            fn from_code(code: u16) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

// Zero is no word anywhere: a field that was never filled must not read as an answer.
codes!(Outcome { 1 Purged, 2 Cleared, 3 NotErased, 4 Indeterminate });
codes!(Level { 1 Clear, 2 Purge });
codes!(Technique {
    1 SanitizeCryptoErase, 2 SanitizeBlockErase, 3 SanitizeOverwrite, 4 SecurityEraseEnhanced, 5 Overwrite, 6 TcgRevert,
    7 SecurityEraseNormal, 8 FormatCryptoErase, 9 FormatUserDataErase, 10 FormatUnit, 11 EraseAndSanitize, 12 SecureErase,
});
codes!(Coverage { 1 Full, 2 Sample, 3 Tenth });
codes!(Stream { 1 ChaCha20, 2 Aes256Ctr });
codes!(Medium { 1 Magnetic, 2 Flash, 3 Unknown });
codes!(Transport { 1 Nvme, 2 Ata, 3 Scsi, 4 Usb, 5 Mmc, 6 Ufs, 7 Virtio, 8 Raid, 9 File, 10 Other });
codes!(SerialSource { 1 NvmeIdentify, 2 AtaIdentify, 3 ScsiVpd80, 4 MmcCid, 5 Virtio, 6 UsbDescriptor, 7 File });
codes!(ClockSource { 1 RtcUnconfirmed, 2 Implausible });
codes!(Exception {
    1 SpareBlocksNotAddressed, 2 HiddenAreasNotProbed, 3 FirmwareErasureNotProbed, 4 BehindBridge, 5 WeakIdentity, 6 Sampled,
    7 ClockImplausible, 8 RecoveredFromJournal, 9 FileNotDevice, 10 StrongerTechniqueFailed, 11 FirmwareTrusted,
    12 CryptoEraseConditions, 13 HiddenAreaKept, 14 HiddenAreaUnknown, 15 ImplausiblyFast, 16 NotUniform,
    17 OtherNamespaces, 18 ResumedOverwrite, 19 DrivesMayBeHidden,
});
codes!(Area {
    1 HostProtectedArea, 2 DeviceConfigurationOverlay, 3 AccessibleMaxAddress, 4 CapacityRestriction, 5 UnattachedNamespaces,
    6 UnallocatedCapacity, 7 BootPartitions, 8 GeneralPurposePartitions, 9 ReplayProtectedMemory, 10 PersistentMemoryRegion,
    11 OtherNamespaces,
});
codes!(Obstacle { 1 Frozen, 2 Locked, 3 WriteProtected, 4 Sanitizing, 5 SanitizeFailed });

/// The keystream.
const KEYSTREAM: u16 = 256;
/// What firmware leaves.
const ERASED: u16 = 257;

/// A repeated byte is itself, the keystream is 256, two to four repeated bytes are a byte string.
impl<C> Encode<C> for Coded<Pattern> {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), minicbor::encode::Error<W::Error>> {
        match self.0 {
            Pattern::Random => e.u16(KEYSTREAM)?.ok(),
            Pattern::Byte(byte) => e.u8(byte)?.ok(),
            Pattern::Two(_) | Pattern::Three(_) | Pattern::Four(_) => e.bytes(self.0.bytes())?.ok(),
        }
    }
}

impl<'b, C> Decode<'b, C> for Coded<Pattern> {
    fn decode(d: &mut Decoder<'b>, context: &mut C) -> Result<Self, minicbor::decode::Error> {
        let at = d.position();
        match Coded::<Expect>::decode(d, context)?.0 {
            Expect::Pattern(pattern) => Ok(Self(pattern)),
            Expect::Erased => Err(minicbor::decode::Error::message("no pattern").at(at)),
        }
    }
}

/// A pattern is itself, what firmware leaves is 257.
impl<C> Encode<C> for Coded<Expect> {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, context: &mut C) -> Result<(), minicbor::encode::Error<W::Error>> {
        match self.0 {
            Expect::Pattern(pattern) => Coded(pattern).encode(e, context),
            Expect::Erased => e.u16(ERASED)?.ok(),
        }
    }
}

impl<'b, C> Decode<'b, C> for Coded<Expect> {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        let at = d.position();
        let pattern = if d.datatype()? == minicbor::data::Type::Bytes {
            // Bytes that have a shorter name are not encoded back to themselves, and so refused.
            Pattern::repeating(d.bytes()?)
        } else {
            match d.u16()? {
                ERASED => return Ok(Self(Expect::Erased)),
                KEYSTREAM => Some(Pattern::Random),
                byte => u8::try_from(byte).ok().map(Pattern::Byte),
            }
        };
        let unknown = || minicbor::decode::Error::message("a pattern that this version does not know").at(at);
        pattern.map(|pattern| Self(Expect::Pattern(pattern))).ok_or_else(unknown)
    }
}
