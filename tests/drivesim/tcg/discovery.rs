//! Level 0 discovery (Core specification 3.3.6): what the `TPer` is, readable without a session.

use serde::Deserialize;

use super::{COM_ID, Tper};
use crate::bytes::put;

/// The security subsystem class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Opal 2: encrypts the medium.
    #[default]
    Opal,
    /// Ruby: encrypts the medium.
    Ruby,
    /// Pyrite 2: does not.
    Pyrite,
}

impl Class {
    fn feature(self) -> u16 {
        match self {
            Self::Opal => 0x0203,
            Self::Pyrite => 0x0303,
            Self::Ruby => 0x0304,
        }
    }

    /// Whether a revert changes a media encryption key, so that what is on the medium is noise.
    pub(super) fn encrypts(self) -> bool {
        self != Self::Pyrite
    }
}

/// One feature descriptor: code, version 1, length, fields.
fn feature(code: u16, fields: &[u8]) -> Vec<u8> {
    let length = u8::try_from(fields.len()).unwrap_or(0);
    [&code.to_be_bytes()[..], &[0x10, length], fields].concat()
}

/// The answer to IF-RECV with protocol 01h and `ComID` 0001h.
pub(super) fn level_0(tper: &Tper) -> Vec<u8> {
    let flag = |is_set: bool, bit: u8| u8::from(is_set) << bit;
    let class = tper.spec.class;
    let is_enabled = tper.is_owned;
    // Supported, enabled, locked, media encryption.
    let locking = 1 | flag(is_enabled, 1) | flag(tper.is_locked(), 2) | flag(class.encrypts(), 3);
    let mut locking_fields = [0; 12];
    put(&mut locking_fields, 0, &[locking]);
    let mut tper_fields = [0; 12];
    // Synchronous protocol, streaming.
    put(&mut tper_fields, 0, &[0x11]);
    let mut class_fields = [0; 16];
    put(&mut class_fields, 0, &COM_ID.to_be_bytes());
    put(&mut class_fields, 2, &1u16.to_be_bytes());
    if class == Class::Opal {
        // Four admins, nine users (Opal 2.02, 3.1.1.5).
        put(&mut class_fields, 5, &[0, 4, 0, 9]);
    }
    let mut block_sid_fields = [0; 12];
    put(&mut block_sid_fields, 0, &[flag(tper.is_sid_blocked, 1)]);
    let features = [
        feature(0x0001, &tper_fields),
        feature(0x0002, &locking_fields),
        feature(class.feature(), &class_fields),
        feature(0x0402, &block_sid_fields),
    ];
    let mut data = vec![0; 48];
    data.extend(features.concat());
    let length = u32::try_from(data.len() - 4).unwrap_or(0);
    put(&mut data, 0, &length.to_be_bytes());
    put(&mut data, 4, &1u32.to_be_bytes());
    data
}
