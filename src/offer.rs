//! What may be done with a drive that was found, by the policy that holds.

use purgeproof_core::capability::Capabilities;
use purgeproof_core::event::Offer;
use purgeproof_core::plan::plan;
use purgeproof_core::policy::{Policy, WhenDone};
use purgeproof_drive::inventory::Found;

/// An exclusion stands above every policy.
pub(crate) fn offer(found: &Found, capabilities: &Capabilities, policy: &Policy) -> Offer {
    match &found.exclusion {
        Some(exclusion) => Offer::Excluded(exclusion.clone()),
        None => match plan(&found.identity, capabilities, policy) {
            Ok(plan) => Offer::Planned(plan),
            Err(refusal) => Offer::Refused(refusal),
        },
    }
}

/// The consent of the kernel command line takes the place of the file's rules; what the file says for the record still counts.
pub(crate) fn with_command_line(policy: Policy, command_line: Option<&(Vec<String>, Option<WhenDone>)>) -> Policy {
    match command_line {
        None => policy,
        Some((serials, when_done)) => {
            let when_done = when_done.unwrap_or(policy.when_done);
            // What the owner has secured is not undone from the keyboard of the boot menu.
            let Policy { record, withhold_key, two_persons, .. } = policy;
            Policy { record, withhold_key, two_persons, ..Policy::unattended(serials.clone(), when_done) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_replaces_the_rules_and_keeps_the_record() {
        let file = "when_done = 'reboot'\n[record]\njob = '7'\n[[rule]]\nname = 'all'\naction = 'purge'";
        let file = Policy::parse(file).unwrap();
        let policy = with_command_line(file.clone(), Some(&(vec!["ABC".into()], None)));
        assert!(policy.unattended);
        assert_eq!((policy.record.job.as_str(), policy.when_done), ("7", WhenDone::Reboot));
        assert_eq!(policy.rules.len(), 1);
        assert_eq!(policy.rules[0].serial, ["ABC"]);
        assert!(!policy.two_persons && !policy.withhold_key);
        let strict = Policy { two_persons: true, withhold_key: true, ..file.clone() };
        let policy = with_command_line(strict, Some(&(vec!["ABC".into()], None)));
        assert!(policy.two_persons && policy.withhold_key);
        assert_eq!(with_command_line(file.clone(), None), file);
    }
}
