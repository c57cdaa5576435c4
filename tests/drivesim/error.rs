//! What can go wrong before and while drives are served.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// Why a scenario cannot be served.
#[derive(Debug)]
pub enum Error {
    /// The scenario is not what this program reads; the message of the TOML reader names line and key.
    Scenario(String),
    /// A drive of the scenario cannot be built.
    Drive {
        /// Its serial number.
        serial: String,
        /// What is wrong with its description.
        reason: String,
    },
    /// A file or a socket refused.
    File {
        /// Which one.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// The vfio-user socket could not be made.
    Socket {
        /// Which one.
        path: PathBuf,
        /// What the vfio-user library said.
        reason: String,
    },
}

impl Error {
    /// An error of the file at `path`.
    pub fn file(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::File { path: path.to_owned(), source }
    }

    /// An error in the description of the drive `serial`.
    pub fn drive(serial: &str, reason: impl Into<String>) -> Self {
        Self::Drive { serial: serial.to_owned(), reason: reason.into() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scenario(reason) => write!(f, "The scenario cannot be read: {reason}. Correct the key or the value."),
            Self::Drive { serial, reason } => {
                write!(f, "Drive {serial} cannot be built: {reason}. Correct its table in the scenario.")
            }
            Self::File { path, source } => {
                write!(f, "{}: {source}. Check the folder and the room in it.", path.display())
            }
            Self::Socket { path, reason } => {
                write!(f, "No vfio-user socket at {}: {reason}. A socket's path has at most 107 bytes.", path.display())
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::File { source, .. } => Some(source),
            _ => None,
        }
    }
}
