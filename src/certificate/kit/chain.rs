//! Certificates side by side.

use super::trust::{carrying, delegation, trust};
use super::*;
use crate::chain::Finding;

/// The certificate with this number in the chain of the fixture's key, about a drive with this serial number.
fn next(before: Option<&Certificate>, id: u8, serial: &str, issued_unix_s: u64) -> Certificate {
    let key = carrying(delegation());
    let mut claims = issue(&cleared()).claims().clone();
    claims.id = JobId([id; 16]);
    claims.statement.device.serial = Some(serial.into());
    claims.statement.link = before.map_or_else(link, Link::after);
    claims.issued_unix_s = issued_unix_s;
    Certificate::seal(Typ::Certificate, claims, &key).unwrap()
}

/// Five of them, ten seconds apart.
fn five() -> Vec<Certificate> {
    let mut chain: Vec<Certificate> = Vec::new();
    for number in 1..=5 {
        let serial = format!("S{number}");
        chain.push(next(chain.last(), number, &serial, ISSUED + 10 * u64::from(number)));
    }
    chain
}

fn findings(certificates: &[Certificate]) -> Vec<Finding> {
    Chains::of(certificates, None).findings()
}

#[test]
fn a_whole_chain_in_any_order_shows_nothing() {
    let mut chain = five();
    assert_eq!(findings(&chain), []);
    chain.reverse();
    assert_eq!(findings(&chain), []);
    assert_eq!(findings(&[]), []);
}

#[test]
fn copies_are_harmless() {
    let chain = five();
    let found = findings(&[&chain[..], &chain[1..2], &chain[1..2]].concat());
    assert_eq!(found, [Finding::Copy { of: 1, copy: 5 }, Finding::Copy { of: 1, copy: 6 }]);
    assert!(!found.iter().any(|it| it.is_alarm(true)));
}

#[test]
fn the_same_number_with_other_words_is_a_forgery() {
    let chain = five();
    let other = next(Some(&chain[0]), 2, "S2-B", ISSUED + 20);
    let found = findings(&[chain[0].clone(), chain[1].clone(), other]);
    assert_eq!(found, [Finding::Forgery { one: 1, other: 2 }, Finding::Cloned { one: 1, other: 2 }]);
    assert!(found.iter().all(|it| it.is_alarm(false)));
}

#[test]
fn two_sticks_with_one_key_are_noticed() {
    let chain = five();
    let twin = next(Some(&chain[1]), 33, "S9", ISSUED + 30);
    assert_eq!(findings(&[&chain[..], &[twin]].concat()), [Finding::Cloned { one: 2, other: 5 }]);
}

#[test]
fn what_is_withheld_leaves_a_gap() {
    let chain = five();
    let key = key().fingerprint();
    let found = findings(&[chain[4].clone(), chain[1].clone()]);
    assert_eq!(found, [Finding::Gap { key, missing: vec![(1, 1), (3, 4)] }]);
    assert!(found[0].is_alarm(true) && !found[0].is_alarm(false));
    let words = found[0].in_words(|_| "");
    assert!(words.contains("numbers 1, 3 to 4 are not here"), "{words}");
    let words = Finding::Gap { key, missing: vec![(7, 7)] }.in_words(|_| "");
    assert!(words.contains("number 7 is not here"), "{words}");
}

#[test]
fn an_exchanged_certificate_breaks_the_chain() {
    let chain = five();
    let other = next(Some(&chain[1]), 33, "S9", ISSUED + 30);
    let found = findings(&[&chain[..2], &[other], &chain[3..]].concat());
    assert_eq!(found, [Finding::Broken { certificate: 3 }]);
    assert!(found[0].in_words(|_| "4.cose").contains("before 4.cose"));
}

#[test]
fn a_tail_that_was_taken_away_shows_beside_what_was_collected() {
    let chain = five();
    let public = key().public();
    let at_unix_s = ISSUED + 100;
    let trust = trust(|it| it.checkpoints.push(Checkpoint { public, seq: 5, sha256: chain[4].sha256(), at_unix_s }));
    let found = Chains::of(&chain[..3], Some(&trust)).findings();
    assert_eq!(found, [Finding::Truncated { key: key().fingerprint(), last: 3, collected: 5 }]);
    assert!(found[0].is_alarm(true) && !found[0].is_alarm(false));
    assert_eq!(Chains::of(&chain, Some(&trust)).findings(), []);
}

#[test]
fn a_drive_that_was_erased_twice_is_told() {
    let chain = five();
    let again = next(chain.last(), 6, "S2", ISSUED + 60);
    let found = findings(&[&chain[..], &[again]].concat());
    assert_eq!(found, [Finding::ErasedAgain { certificates: vec![1, 5] }]);
    assert_eq!(
        found[0].in_words(|index| ["", "b", "", "", "", "f"][index]),
        "ERASED AGAIN: the same drive is in 2 certificates: b, f"
    );
    let often = Finding::ErasedAgain { certificates: (0..11).collect() };
    let named = "ERASED AGAIN: the same drive is in 11 certificates: 0, 1, 2, 3, 4, 5, 6, 7 and 3 more";
    assert_eq!(often.in_words(|index| index), named);
}

#[test]
fn a_delegation_that_was_taken_out_is_no_forgery_and_no_clone() {
    let chain = five();
    let bare = chain[4].sign1.encode(Some(&Credential::Own(key().public()))).unwrap();
    let bare = Certificate::parse(&bare).unwrap();
    let found = findings(&[&chain[..], &[bare]].concat());
    assert_eq!(found, [Finding::OtherCredential { of: 4, other: 5 }]);
}

#[test]
fn what_anybody_can_make_is_not_considered() {
    let mut chain = five();
    let mut forged = chain[1].bytes().to_vec();
    *forged.last_mut().unwrap() ^= 1;
    chain.push(Certificate::parse(&forged).unwrap());
    assert_eq!(findings(&chain), []);
}

#[test]
fn each_is_bracketed_by_what_others_say() {
    let chain = five();
    let public = key().public();
    let checkpoint = |index: usize, at_unix_s| {
        let seq = chain[index].claims().statement.link.seq;
        Checkpoint { public, seq, sha256: chain[index].sha256(), at_unix_s }
    };
    let trust = trust(|it| it.checkpoints = vec![checkpoint(1, ISSUED + 25), checkpoint(3, ISSUED + 35)]);
    let chains = Chains::of(&chain, Some(&trust));
    let of = |index: usize| {
        let Period { from_unix_s, until_unix_s } = chains.period(&chain[index]);
        (from_unix_s, until_unix_s)
    };
    // The delegation's beginning, then the issue of the one before; the first checkpoint that holds on to it.
    assert_eq!(of(0), (Some(1_795_000_000), Some(ISSUED + 25)));
    assert_eq!(of(1), (Some(ISSUED + 10), Some(ISSUED + 25)));
    assert_eq!(of(2), (Some(ISSUED + 20), Some(ISSUED + 35)));
    assert_eq!(of(4), (Some(ISSUED + 40), None));
    // The fourth says that it was issued five seconds after somebody had it.
    assert_eq!(chains.findings(), [Finding::ClockAhead { certificate: 3 }]);
    let back = next(Some(&chain[0]), 9, "S9", ISSUED + 9);
    assert_eq!(findings(&[chain[0].clone(), back]), [Finding::ClockBack { certificate: 1 }]);
    assert_eq!(Chains::of(&chain, None).period(&chain[0]), Period::default());
    let words = chains.period(&chain[0]).to_string();
    assert_eq!(words, "made between 2026-11-18 11:06:40 UTC and 2026-11-21 09:21:08 UTC, when it was collected");
}
