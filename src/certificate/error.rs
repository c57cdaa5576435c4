//! What can go wrong before anything is known about a certificate.

use core::fmt;

use purgeproof_core::series::SeriesError;

use crate::token::MAX_BYTES;

/// Why bytes are not a certificate.
#[derive(Debug)]
pub enum ParseError {
    /// They are nothing that a certificate comes as.
    NotACertificate,
    /// They are more than any certificate has.
    TooLong {
        /// How many.
        bytes: usize,
    },
    /// They are no CBOR, or another structure than a certificate's.
    Malformed(minicbor::decode::Error),
    /// Another signature algorithm than Ed25519.
    Algorithm(i64),
    /// A signed thing of another type.
    Type(String),
    /// A version that this program does not know.
    Version(u32),
    /// A certificate, and then something else.
    TrailingBytes {
        /// Where the certificate ends.
        after: usize,
    },
    /// Not the one way in which this certificate is written: unsorted or unknown fields, or numbers in a longer form.
    NotDeterministic,
    /// The text of a QR code is damaged.
    QrText,
    /// The codes of a series do not make one text.
    Series(SeriesError),
    /// The PDF has no certificate attached, or is no PDF.
    Pdf,
    /// The JSON says other things than the certificate in it.
    Json,
}

impl ParseError {
    /// The word for it that programs may rely on.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotACertificate => "not-a-certificate",
            Self::TooLong { .. } => "too-long",
            Self::Malformed(_) => "malformed",
            Self::Algorithm(_) => "algorithm",
            Self::Type(_) => "type",
            Self::Version(_) => "version",
            Self::TrailingBytes { .. } => "trailing-bytes",
            Self::NotDeterministic => "not-deterministic",
            Self::QrText => "qr-text",
            Self::Pdf => "pdf",
            Self::Series(_) => "series",
            Self::Json => "json",
        }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotACertificate => f.write_str(
                "This is not a PurgeProof certificate. Give the .cose file, the PDF, the JSON or the text of the QR code",
            ),
            Self::TooLong { bytes } => write!(
                f,
                "This has {bytes} bytes, more than the {MAX_BYTES} of the longest certificate. Give one certificate at a time"
            ),
            Self::Malformed(error) => {
                write!(f, "The certificate is damaged or no certificate ({error}). Take another copy of it")
            }
            Self::Algorithm(algorithm) => write!(
                f,
                "The certificate is signed with COSE algorithm {algorithm}, and only Ed25519 (-19) is accepted. It was not made by this \
                 version of PurgeProof"
            ),
            Self::Type(typ) => {
                write!(f, "This is signed, but as a {typ:?} and not as a certificate. Give the certificate itself")
            }
            Self::Version(version) => write!(
                f,
                "The certificate is of version {version}, and this program knows version 1. Verify it with a newer PurgeProof"
            ),
            Self::TrailingBytes { after } => {
                write!(f, "Something follows the certificate after byte {after}. Take another copy of it")
            }
            Self::NotDeterministic => f.write_str(
                "The certificate is not written in the one way that certificates are written. It was changed, or not made by PurgeProof",
            ),
            Self::QrText => f.write_str("The text of the QR code is damaged. Scan it again, or use the file"),
            Self::Series(error) => error.fmt(f),
            Self::Pdf => f.write_str("The PDF has no readable certificate attached. Use the .cose file that belongs to it"),
            Self::Json => f.write_str(
                "The JSON does not say what the certificate in its member \"cose\" says. It was changed, or made by another version: use the \
                 .cose file that belongs to it",
            ),
        }
    }
}

impl core::error::Error for ParseError {}

impl From<minicbor::decode::Error> for ParseError {
    fn from(error: minicbor::decode::Error) -> Self {
        Self::Malformed(error)
    }
}

/// Why a certificate was not issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IssueError {
    /// A drive that the program only imagines, and a real key.
    Simulated,
    /// A real drive, and the key that everybody has.
    NoRealKey,
    /// The evidence holds more than a certificate takes.
    TooLong {
        /// How many bytes the certificate would have.
        bytes: usize,
    },
    /// The evidence could not be written as CBOR.
    Encoding,
}

impl fmt::Display for IssueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Simulated => f.write_str(
                "The drive is simulated, and a real key never signs that: no certificate was made. Use the simulation's own key",
            ),
            Self::NoRealKey => f.write_str(
                "The drive is real, and the simulation's key proves nothing about it: no certificate was made. Use the key of a stick",
            ),
            Self::TooLong { bytes } => write!(
                f,
                "The certificate would have {bytes} bytes, more than {MAX_BYTES}: none was made. Keep the evidence file and report this"
            ),
            Self::Encoding => {
                f.write_str("The certificate could not be written as CBOR: none was made. Keep the evidence file and report this")
            }
        }
    }
}

impl core::error::Error for IssueError {}
