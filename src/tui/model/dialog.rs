//! Questions over the list of drives.

use purgeproof_core::event::DriveId;
use purgeproof_core::secret::Guarded;

use super::{Exit, Page};

/// What lies over the list of drives.
#[derive(Clone, Debug)]
pub(crate) enum Dialog {
    Consent {
        drive: DriveId,
        entry: Entry,
        sent: bool,
        /// Leave is asked for to go on with an interrupted job, not for one from the beginning.
        resumes: bool,
        /// The operator has agreed, and a second person is asked.
        second: bool,
    },
    /// An overwrite was asked for in place of the drive's own erase; with the new plan the question for consent comes.
    Lower {
        drive: DriveId,
    },
    Psid {
        drive: DriveId,
        typed: Guarded,
        complaint: Option<String>,
    },
    Unfreeze,
    /// The layouts of the keyboard, with the one at this place selected.
    Layouts {
        at: usize,
    },
    Stop {
        drive: DriveId,
        entry: Entry,
    },
    Power {
        exit: Exit,
        entry: Entry,
    },
    Leaving {
        exit: Exit,
    },
    Page {
        page: Page,
        scroll: usize,
    },
}

impl Dialog {
    /// The question whether to erase this drive, or to go on with it.
    pub(crate) fn consent(drive: DriveId, resumes: bool) -> Self {
        Self::Consent { drive, entry: Entry::default(), sent: false, resumes, second: false }
    }

    /// The drive that the question is about.
    pub(super) fn drive(&self) -> Option<DriveId> {
        match self {
            Self::Consent { drive, .. }
            | Self::Lower { drive }
            | Self::Psid { drive, .. }
            | Self::Stop { drive, .. } => Some(*drive),
            Self::Unfreeze | Self::Layouts { .. } | Self::Power { .. } | Self::Leaving { .. } | Self::Page { .. } => {
                None
            }
        }
    }
}

/// A line that the operator types, and what was wrong with the last one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entry {
    pub(crate) typed: String,
    pub(crate) complaint: Option<String>,
}
