//! The ways to erase a drive and the level that each attains on each kind of medium.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::drive::Medium;

/// The level of sanitization that a technique attains (NIST SP 800-88 Rev. 2, §3.1). `Destroy` is not for software to claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Protects against recovery through the host interface: what the user can address was overwritten.
    Clear,
    /// Protects against laboratory recovery: the drive itself erased all that it holds, spare areas included.
    Purge,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Clear => "Clear",
            Self::Purge => "Purge",
        })
    }
}

/// A way to erase a drive, named as the standards name it; strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Technique {
    /// Sanitize, Crypto Erase: NVMe SANACT 100b, ATA CRYPTO SCRAMBLE EXT, SCSI CRYPTOGRAPHIC ERASE.
    SanitizeCryptoErase,
    /// Sanitize, Block Erase: NVMe SANACT 010b, ATA BLOCK ERASE EXT, SCSI BLOCK ERASE.
    SanitizeBlockErase,
    /// Sanitize, Overwrite: NVMe SANACT 011b, ATA OVERWRITE EXT, SCSI OVERWRITE.
    SanitizeOverwrite,
    /// ATA SECURITY ERASE UNIT in enhanced mode.
    SecurityEraseEnhanced,
    /// The host writes every block that it can address.
    Overwrite,
}

impl Technique {
    /// Every technique, strongest first.
    pub const ALL: [Self; 5] = [
        Self::SanitizeCryptoErase,
        Self::SanitizeBlockErase,
        Self::SanitizeOverwrite,
        Self::SecurityEraseEnhanced,
        Self::Overwrite,
    ];

    /// The level that this technique attains on a medium when everything about it went well.
    ///
    /// Sanitize commands purge (SP 800-88 Rev. 2 §3.1.2). Enhanced Security Erase purges magnetic media only: on flash it was a Clear
    /// already in SP 800-88 Rev. 1, table A-8. What the host overwrites is Clear on every medium: spare and remapped blocks are out of
    /// its reach.
    pub const fn level(self, medium: Medium) -> Level {
        match (self, medium) {
            (Self::SanitizeCryptoErase | Self::SanitizeBlockErase | Self::SanitizeOverwrite, _)
            | (Self::SecurityEraseEnhanced, Medium::Magnetic) => Level::Purge,
            (Self::SecurityEraseEnhanced | Self::Overwrite, _) => Level::Clear,
        }
    }
}

impl fmt::Display for Technique {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SanitizeCryptoErase => "Sanitize: Crypto Erase",
            Self::SanitizeBlockErase => "Sanitize: Block Erase",
            Self::SanitizeOverwrite => "Sanitize: Overwrite",
            Self::SecurityEraseEnhanced => "Security Erase (enhanced)",
            Self::Overwrite => "Overwrite",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overwrite_is_a_clear_on_every_medium() {
        for medium in [Medium::Magnetic, Medium::Flash, Medium::Unknown] {
            assert_eq!(Technique::Overwrite.level(medium), Level::Clear);
        }
    }

    #[test]
    fn security_erase_purges_platters_and_clears_flash() {
        assert_eq!(Technique::SecurityEraseEnhanced.level(Medium::Magnetic), Level::Purge);
        assert_eq!(Technique::SecurityEraseEnhanced.level(Medium::Flash), Level::Clear);
        assert_eq!(Technique::SecurityEraseEnhanced.level(Medium::Unknown), Level::Clear);
    }
}
