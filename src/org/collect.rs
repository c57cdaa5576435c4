//! `purgeproof org collect`.

use std::path::Path;

use purgeproof_certificate::{Certificate, Chains, Checkpoint, Fingerprint, Flaw, Trust, TrustFile, harmless};

use crate::stick::StickFolder;
use crate::{Office, unix_s};

pub(super) fn run(stick: &Path, office: &Office) -> Result<String, String> {
    let chains = StickFolder::open(stick)?.chains()?;
    let (home, trust) = office.open()?;
    let now_unix_s = unix_s();
    let (mut lines, mut checkpoints) = (Vec::new(), Vec::new());
    for (name, chain) in &chains {
        let Some(last) = chain.last() else { continue };
        if !is_ours(last, &trust) {
            lines.push(format!("{name}: not a chain of {}'s; left out.", harmless(&trust.contents().name)));
            continue;
        }
        check(name, chain, &trust)?;
        let checkpoint = checkpoint(last, now_unix_s);
        if trust.checkpoints(&checkpoint.public).any(|it| it.seq == checkpoint.seq) {
            lines.push(format!("{name}: nothing new since number {}.", checkpoint.seq));
            continue;
        }
        lines.push(format!("{name}: the chain holds; collected up to number {}.", checkpoint.seq));
        checkpoints.push(checkpoint);
    }
    if lines.is_empty() {
        return Err(format!(
            "There are no certificates in {}/logs: nothing was collected. Is it the right stick?",
            stick.display()
        ));
    }
    // What was collected and is not there any more is a chain that is gone as a whole.
    missing(&chains, &trust, stick)?;
    if !checkpoints.is_empty() {
        let mut organisation = office.unlock(&home, &trust)?;
        let amended = home.amend(&trust, &mut organisation, |contents| contents.checkpoints.extend(checkpoints))?;
        lines.push(format!(
            "The trust file is of generation {} now: give it to those who verify.",
            amended.contents().generation
        ));
    }
    Ok(lines.join("\n") + "\n")
}

fn checkpoint(last: &Certificate, at_unix_s: u64) -> Checkpoint {
    let seq = last.claims().statement.link.seq;
    Checkpoint { public: *last.public_key(), seq, sha256: last.sha256(), at_unix_s }
}

/// A chain of a key that the organisation vouches for.
fn is_ours(certificate: &Certificate, trust: &TrustFile) -> bool {
    let is_delegated = || matches!(certificate.verify(Some(trust)).trust, Trust::Organisation { .. });
    trust.delegations(certificate.public_key()).next().is_some() || is_delegated()
}

/// Refuses a chain that is not whole, or in which a certificate does not hold.
fn check(log: &str, chain: &[Certificate], trust: &TrustFile) -> Result<(), String> {
    let chains = Chains::of(chain, Some(trust));
    let number = |index: usize| chain.get(index).map_or(0, |certificate| certificate.claims().statement.link.seq);
    let names: Vec<String> = (0..chain.len()).map(|index| format!("number {}", number(index))).collect();
    let refused = |why: String| {
        Err(format!("{log}: {why}. Nothing was collected. Keep the stick as it is and find out what happened to it."))
    };
    let alarm = chains.findings().into_iter().find(|finding| finding.is_alarm(true));
    if let Some(finding) = alarm {
        return refused(finding.in_words(|index| names.get(index).map_or("", String::as_str)));
    }
    for (certificate, name) in chain.iter().zip(&names) {
        match certificate.verify_in(&chains).flaws().find_map(|check| check.flaw) {
            None => {}
            Some(Flaw::DelegationPeriod) => {
                return Err(format!(
                    "{log}: {name} was issued outside the time for which the key is the organisation's. Nothing was collected. If it is your \
                     own, adopt the stick: purgeproof org adopt STICK."
                ));
            }
            Some(flaw) => return refused(format!("{name} does not hold: {flaw}")),
        }
    }
    Ok(())
}

/// Refuses a stick whose own chain, of which something was collected, is not there at all.
fn missing(chains: &[(String, Vec<Certificate>)], trust: &TrustFile, stick: &Path) -> Result<(), String> {
    let Some(key) = StickFolder::open(stick)?.key()? else { return Ok(()) };
    let is_there = chains.iter().flat_map(|(_, chain)| chain).any(|it| *it.public_key() == key.public());
    match trust.checkpoints(&key.public()).last().filter(|_| !is_there) {
        None => Ok(()),
        Some(checkpoint) => Err(format!(
            "Of key {} number {} was collected before, and the stick has none of its certificates any more. Nothing was collected. Keep \
             the stick as it is and find out what happened to it.",
            Fingerprint::of(&checkpoint.public),
            checkpoint.seq
        )),
    }
}
