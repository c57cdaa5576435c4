//! Certificates that carry an organisation's word for their key, and trust files to weigh it by.

use super::super::trust::{delegation, grant, root, trust};
use super::*;
use crate::trust::{Checkpoint, Contents, Revocation};

/// The certificate of the fixture with this delegation, whomever that is by.
fn with(delegation: Delegation) -> Vec<u8> {
    let credential = Credential::Delegated(Box::new(delegation));
    issue(&cleared()).sign1.encode(Some(&credential)).unwrap()
}

fn granted(organisation: &Key, change: impl FnOnce(&mut Grant)) -> Vec<u8> {
    let mut grant = grant();
    change(&mut grant);
    with(Delegation::issue(grant, organisation).unwrap())
}

/// To be verified with this trust file.
fn by(file: &str, about: &'static str, bytes: Vec<u8>, trust: &TrustFile, codes: &[&'static str]) -> Piece {
    let trust_file = Some(trust.bytes().to_vec());
    let trust = Some(file.replace(".cose", ".trust.cose"));
    Piece { trust, trust_file, ..Piece::of(file, about, bytes, codes) }
}

fn revoked(last: u64, sha256: Option<[u8; 32]>) -> impl FnOnce(&mut Contents) {
    let (public, at_unix_s) = (key().public(), ISSUED + 60);
    move |it| it.revocations.push(Revocation { public, last, sha256, at_unix_s, why: Some("stolen".into()) })
}

pub(super) fn pieces() -> Vec<Piece> {
    [vouched(), delegations(), revocations()].into_iter().flatten().collect()
}

fn vouched() -> Vec<Piece> {
    let (plain, known) = (issue(&cleared()).bytes().to_vec(), trust(|_| ()));
    let stranger = Key::from_seed(&[9; 32]);
    let delegated = with(delegation());
    let adopted = trust(|it| it.delegations.push(delegation()));
    vec![
        Piece::of("delegated.cose", "an organisation's word for the key, and no trust file", delegated.clone(), &[]),
        Piece::of(
            "delegation-for-another-key.cose",
            "an organisation's word for another key",
            granted(&root(), |it| it.public = stranger.public()),
            &["key-id", "signature", "log"],
        ),
        by("trusted.cose", "the trust file is the organisation's that vouches for the key", delegated, &known, &[]),
        by("trusted-adopted.cose", "the trust file vouches for the key", plain.clone(), &adopted, &[]),
        by(
            "trusted-stranger.cose",
            "another organisation than the trust file's vouches for the key",
            granted(&stranger, |_| ()),
            &known,
            &[],
        ),
        by("trusted-by-nothing.cose", "a trust file that does not know the key", plain, &known, &[]),
    ]
}

fn delegations() -> Vec<Piece> {
    let known = trust(|_| ());
    let mut bytes = delegation().bytes().unwrap();
    bytes[200] ^= 1;
    let forged = Delegation::parse(&bytes).unwrap();
    vec![
        by(
            "delegation-forged.cose",
            "names the organisation, whose signature it has not",
            with(forged),
            &known,
            &["delegation-signature"],
        ),
        by(
            "delegation-expired.cose",
            "issued when the delegation had ended",
            granted(&root(), |it| it.expires_unix_s = ISSUED),
            &known,
            &["delegation-period"],
        ),
        by(
            "delegation-too-early.cose",
            "issued before the delegation began",
            granted(&root(), |it| it.begins_unix_s = ISSUED + 1),
            &known,
            &["delegation-period"],
        ),
    ]
}

fn revocations() -> Vec<Piece> {
    let delegated = with(delegation());
    let collected = trust(|it| {
        let (public, at_unix_s) = (key().public(), ISSUED + 60);
        it.checkpoints.push(Checkpoint { public, seq: 1, sha256: [0x44; 32], at_unix_s });
    });
    vec![
        by(
            "revoked.cose",
            "the key was revoked, and nothing of it is accepted",
            delegated.clone(),
            &trust(revoked(0, None)),
            &["revoked"],
        ),
        by(
            "revoked-later.cose",
            "the key was revoked after the second certificate, which is not there",
            delegated.clone(),
            &trust(revoked(2, None)),
            &["needs-chain"],
        ),
        by(
            "revoked-another.cose",
            "the key was revoked, and another first certificate is accepted",
            delegated.clone(),
            &trust(revoked(1, Some([0x44; 32]))),
            &["other-than-accepted"],
        ),
        by(
            "collected-another.cose",
            "another certificate was collected in its place",
            delegated,
            &collected,
            &["other-than-collected"],
        ),
    ]
}
