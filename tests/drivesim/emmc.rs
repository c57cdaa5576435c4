//! The eMMC device protocol.

use serde::Deserialize;

/// What only eMMC devices have: the table `[drive.emmc]`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Spec {}
