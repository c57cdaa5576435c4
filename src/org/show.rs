//! `purgeproof org show`.

use std::collections::BTreeMap;
use std::path::Path;

use purgeproof_certificate::{Civil, Delegation, Fingerprint, TrustFile, harmless};
use purgeproof_drive::layout::TRUST;

use crate::read_trust;

pub(super) fn run(path: &Path) -> Result<String, String> {
    let trust = read_trust(&if path.is_dir() { path.join(TRUST) } else { path.to_owned() })?;
    let contents = trust.contents();
    let mut lines = vec![format!(
        "{}, fingerprint {}: trust file of generation {}, signed on {}",
        harmless(&contents.name),
        trust.fingerprint(),
        contents.generation,
        Civil::of(contents.issued_unix_s)
    )];
    let mut sticks: BTreeMap<[u8; 32], Vec<&Delegation>> = BTreeMap::new();
    let keys = contents.delegations.iter().map(|it| it.grant().public);
    let others = contents.checkpoints.iter().map(|it| it.public).chain(contents.revocations.iter().map(|it| it.public));
    for public in keys.chain(others) {
        sticks.entry(public).or_insert_with(|| trust.delegations(&public).collect());
    }
    for (public, delegations) in &sticks {
        lines.extend(stick(&trust, public, delegations));
    }
    if sticks.is_empty() {
        lines.push("It vouches for no stick yet.".into());
    }
    Ok(lines.join("\n") + "\n")
}

fn stick(trust: &TrustFile, public: &[u8; 32], delegations: &[&Delegation]) -> Vec<String> {
    let name = delegations.last().map(|it| format!("stick {}, ", harmless(&it.grant().stick))).unwrap_or_default();
    let mut lines = vec![format!("{name}key {}", Fingerprint::of(public))];
    for grant in delegations.iter().map(|it| it.grant()) {
        let (from, until) = (Civil::of(grant.begins_unix_s), Civil::of(grant.expires_unix_s));
        lines.push(format!("  the organisation's from {from} until {until}"));
    }
    if let Some(last) = trust.checkpoints(public).last() {
        lines.push(format!("  collected up to number {} on {}", last.seq, Civil::of(last.at_unix_s)));
    }
    if let Some(revocation) = trust.revocation(public) {
        let why = revocation.why.as_deref().map(|why| format!(": {}", harmless(why))).unwrap_or_default();
        let at = Civil::of(revocation.at_unix_s);
        lines.push(format!("  REVOKED on {at}, believed up to number {}{why}", revocation.last));
    }
    lines
}
