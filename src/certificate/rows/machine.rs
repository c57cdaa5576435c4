//! The computer that the drive was attached to.

use crate::claims::Host;

use super::{joined, or_not};

/// Its names, and the controllers that may hide drives of it.
pub(super) fn machine(host: &Host) -> Vec<(&'static str, String)> {
    let named = [
        ("Product", or_not(joined([&host.vendor, &host.product]).as_ref())),
        ("Serial no.", or_not(host.serial.as_ref())),
        ("UUID", or_not(host.uuid.as_ref())),
        ("Asset tag", or_not(host.asset.as_ref())),
    ];
    let concealing = host.concealing.iter().flatten();
    named.into_iter().chain(concealing.map(|one| ("May hide", format!("{}: {}", one.controller, one.advice)))).collect()
}
