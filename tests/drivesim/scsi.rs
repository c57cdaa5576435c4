//! The SCSI drives and translation protocol.

use serde::Deserialize;

/// What only SCSI drives and translations have: the table `[drive.scsi]`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Spec {}
