//! The certificate as a QR code: the whole of it, so that paper alone is enough to verify.

use purgeproof_core::series;
use qrcode::{Color, EcLevel, QrCode};

use crate::{Certificate, ParseError};

/// What the text of a QR code begins with.
pub(crate) const PREFIX: &str = "PP1:";

impl Certificate {
    /// The text of the QR code: `PP1:` and the COSE bytes in Base45 (RFC 9285), which a QR code packs as tightly as bytes.
    pub fn qr_text(&self) -> String {
        format!("{PREFIX}{}", base45::encode(self.bytes()))
    }

    /// Reads the text of a QR code, as a scanner gives it.
    ///
    /// # Errors
    /// [`ParseError`], and nothing else whatever the text.
    pub fn from_qr_text(text: &str) -> Result<Self, ParseError> {
        // Base45 uses the space as a digit: only line ends, which scanners add, are cut off.
        let digits = text.trim_matches(['\r', '\n']).strip_prefix(PREFIX).ok_or(ParseError::NotACertificate)?;
        let bytes = base45::decode(digits).map_err(|_| ParseError::QrText)?;
        let certificate = Self::parse(&bytes)?;
        if base45::encode(&bytes) != digits {
            return Err(ParseError::QrText);
        }
        Ok(certificate)
    }

    /// Reads the texts of a series of QR codes ([`series`]), a line each, in any order.
    ///
    /// # Errors
    /// [`ParseError`], and nothing else whatever the text.
    pub fn from_qr_series(lines: &str) -> Result<Self, ParseError> {
        // A space may be the last digit of a line.
        let lines = lines.lines().filter(|line| !line.trim().is_empty());
        Self::from_qr_text(&series::join(lines).map_err(ParseError::Series)?)
    }
}

/// The modules of a QR code: `true` is dark.
pub(crate) struct Modules {
    /// How many there are on a side.
    pub(crate) side: usize,
    dark: Vec<bool>,
}

impl Modules {
    /// The QR code of a text with error correction M; `None` if the text is too long for any.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
        let dark = code.to_colors().into_iter().map(|color| color == Color::Dark).collect();
        Some(Self { side: code.width(), dark })
    }

    /// Runs of dark modules as (column, row, length), row by row.
    pub(crate) fn runs(&self) -> Vec<(usize, usize, usize)> {
        let mut runs = Vec::new();
        for (row, modules) in self.dark.chunks(self.side.max(1)).enumerate() {
            let mut column = 0;
            for same in modules.chunk_by(|one, next| one == next) {
                if same.first() == Some(&true) {
                    runs.push((column, row, same.len()));
                }
                column += same.len();
            }
        }
        runs
    }
}
