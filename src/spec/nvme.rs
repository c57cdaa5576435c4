//! NVM Express: admin commands as dwords, and what a controller answers (Base Specification, revision 2.1; what belongs to the NVM
//! Command Set is marked so).
//!
//! Fields are named by their mnemonics, because section and figure numbers move from revision to revision. The specification's own
//! text was not at hand: the layouts are those that libnvme, nvme-cli and Linux agree on. A bit of a later revision names its source.

mod command;
mod controller;
mod health;
mod namespace;
mod sanitize;
mod status;

pub use command::{AdminCommand, Identify, LogPage, Read, SecurityProtocol, Transfer};
pub use controller::{Controller, Fna, MediaModification, Oacs, Rpmb, Sanicap, Version};
pub use health::{BootPartitions, CriticalWarning, FirmwareSlots, Smart};
pub use namespace::{
    FormatIndex, LbaFormat, Namespace, ReadAfterDeallocate, RelativePerformance, SecureErase, controller_list,
    namespace_list,
};
pub use sanitize::{
    AfterSanitize, Erase, EstimatedSeconds, OverwritePasses, Progress, Sanitize, SanitizePhase, SanitizeState,
    SanitizeStatus, overwrite_passes,
};
pub use status::{Status, StatusCode};

use core::fmt;

use zerocopy::{FromBytes, Immutable, KnownLayout, Unaligned};

/// A namespace identifier, the dword NSID of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nsid(u32);

impl Nsid {
    /// 0h: the command names no namespace; as the start of a list, from the first one on.
    pub const NONE: Self = Self(0);
    /// `FFFFFFFFh`: every namespace, the broadcast value.
    pub const ALL: Self = Self(u32::MAX);

    /// One namespace; `None` for 0h and for the broadcast value, which must be asked for by name.
    pub const fn new(id: u32) -> Option<Self> {
        match id {
            0 | u32::MAX => None,
            _ => Some(Self(id)),
        }
    }

    /// The dword.
    pub const fn value(self) -> u32 {
        self.0
    }
}

/// Why bytes are not the data structure they were asked for as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// Fewer bytes than the structure has.
    Short {
        /// The structure's name in the standard.
        structure: &'static str,
        /// Bytes given.
        length: usize,
        /// Bytes needed.
        needed: usize,
    },
    /// Nothing but zeros. Bridges answer so with status 0; for Identify Namespace it is how a controller describes an inactive NSID.
    Blank {
        /// The structure's name in the standard.
        structure: &'static str,
    },
    /// A value that the standard rules out.
    Invalid {
        /// The structure's name in the standard.
        structure: &'static str,
        /// The byte at which the value begins.
        offset: usize,
    },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short { structure, length, needed } => write!(
                f,
                "{structure}: {length} of {needed} bytes came back. Take nothing from this answer; connect the drive without a bridge \
                 and ask again."
            ),
            Self::Blank { structure } => write!(
                f,
                "{structure}: the answer is all zeros. The namespace is not there, or a bridge answered for the drive: connect the \
                 drive without it and ask again."
            ),
            Self::Invalid { structure, offset } => write!(
                f,
                "{structure}: the value at byte {offset} cannot be. Take nothing from this answer; connect the drive without a bridge \
                 and ask again."
            ),
        }
    }
}

impl core::error::Error for DecodeError {}

/// The structure at the start of `bytes`; what follows it is not looked at.
fn parse<'a, T>(structure: &'static str, bytes: &'a [u8]) -> Result<&'a T, DecodeError>
where
    T: FromBytes + Immutable + KnownLayout + Unaligned,
{
    // `Unaligned` leaves only the length to go wrong.
    T::ref_from_prefix(bytes).map(|(found, _)| found).map_err(|_| DecodeError::Short {
        structure,
        length: bytes.len(),
        needed: size_of::<T>(),
    })
}

/// [`parse`], for structures that no controller leaves empty.
fn parse_filled<'a, T>(structure: &'static str, bytes: &'a [u8]) -> Result<&'a T, DecodeError>
where
    T: FromBytes + Immutable + KnownLayout + Unaligned,
{
    let found = parse(structure, bytes)?;
    let is_blank = bytes.iter().take(size_of::<T>()).all(|byte| *byte == 0);
    if is_blank { Err(DecodeError::Blank { structure }) } else { Ok(found) }
}

#[cfg(test)]
mod tests;
