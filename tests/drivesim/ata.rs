//! The ATA drive protocol.

use serde::Deserialize;

/// What only ATA drives have: the table `[drive.ata]`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Spec {}
