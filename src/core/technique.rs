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
    /// TCG Revert of the Admin SP with the PSID from the drive's label: the media encryption key is made anew.
    TcgRevert,
    /// ATA SECURITY ERASE UNIT in enhanced mode.
    SecurityEraseEnhanced,
    /// ATA SECURITY ERASE UNIT in normal mode.
    SecurityEraseNormal,
    /// NVMe Format NVM, Secure Erase Settings 010b: cryptographic erase.
    FormatCryptoErase,
    /// NVMe Format NVM, Secure Erase Settings 001b: user data erase.
    FormatUserDataErase,
    /// SCSI FORMAT UNIT.
    FormatUnit,
    /// eMMC: every area erased, then sanitized (`SANITIZE_START`).
    EraseAndSanitize,
    /// eMMC before 4.5: Secure Erase or Secure Trim of every area.
    SecureErase,
    /// The host writes every block that it can address.
    Overwrite,
}

impl Technique {
    /// Every technique, strongest first.
    pub const ALL: [Self; 12] = [
        Self::SanitizeCryptoErase,
        Self::SanitizeBlockErase,
        Self::SanitizeOverwrite,
        Self::TcgRevert,
        Self::SecurityEraseEnhanced,
        Self::SecurityEraseNormal,
        Self::FormatCryptoErase,
        Self::FormatUserDataErase,
        Self::FormatUnit,
        Self::EraseAndSanitize,
        Self::SecureErase,
        Self::Overwrite,
    ];

    /// The level that this technique attains on a medium when everything about it went well.
    ///
    /// Sanitize commands and a change of the media encryption key purge (SP 800-88 Rev. 2 §3.1.2, §3.2). Enhanced Security Erase
    /// purges magnetic media only: on flash it was a Clear already in SP 800-88 Rev. 1, table A-8. Formatting and the erase commands
    /// of eMMC are Clear. What the host overwrites is Clear on every medium: spare and remapped blocks are out of its reach.
    pub const fn level(self, medium: Medium) -> Level {
        match (self, medium) {
            (Self::SanitizeCryptoErase | Self::SanitizeBlockErase | Self::SanitizeOverwrite | Self::TcgRevert, _)
            | (Self::SecurityEraseEnhanced, Medium::Magnetic) => Level::Purge,
            _ => Level::Clear,
        }
    }

    /// The drive does it; the host only asks for it, watches and checks.
    pub const fn is_firmware(self) -> bool {
        !matches!(self, Self::Overwrite)
    }

    /// It destroys a key and leaves the encrypted data where they are.
    pub const fn is_cryptographic(self) -> bool {
        matches!(self, Self::SanitizeCryptoErase | Self::TcgRevert | Self::FormatCryptoErase)
    }

    /// It concerns everything that the drive stores, whatever of it the host can see at the moment.
    pub const fn is_whole_medium(self) -> bool {
        matches!(self, Self::SanitizeCryptoErase | Self::SanitizeBlockErase | Self::SanitizeOverwrite | Self::TcgRevert)
    }

    /// The drive has to write every block for it, which takes its time unless the drive only changes a key.
    pub const fn writes_all(self) -> bool {
        matches!(
            self,
            Self::SanitizeOverwrite | Self::SecurityEraseEnhanced | Self::SecurityEraseNormal | Self::FormatUnit
        )
    }
}

impl fmt::Display for Technique {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SanitizeCryptoErase => "Sanitize: Crypto Erase",
            Self::SanitizeBlockErase => "Sanitize: Block Erase",
            Self::SanitizeOverwrite => "Sanitize: Overwrite",
            Self::TcgRevert => "TCG Revert (PSID)",
            Self::SecurityEraseEnhanced => "Security Erase (enhanced)",
            Self::SecurityEraseNormal => "Security Erase (normal)",
            Self::FormatCryptoErase => "Format: Cryptographic Erase",
            Self::FormatUserDataErase => "Format: User Data Erase",
            Self::FormatUnit => "Format Unit",
            Self::EraseAndSanitize => "eMMC Erase and Sanitize",
            Self::SecureErase => "eMMC Secure Erase",
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
