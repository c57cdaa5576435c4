//! The word that a drive may be erased.

use alloc::string::{String, ToString};
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::drive::Identity;
use crate::plan::Plan;
use crate::policy::Policy;

/// Leave to erase one drive, given by the operator or the policy about that very drive. It cannot be copied and is used up by
/// [`crate::job::Job::new`]: one word, one erasure.
#[derive(Debug, PartialEq, Eq)]
pub struct Consent {
    drive: Identity,
    given: Given,
}

/// Who gave leave, for the certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Given {
    /// The operator typed these characters of the serial number.
    Operator {
        /// What was typed.
        typed: String,
    },
    /// A rule of the unattended policy.
    Policy {
        /// The rule's name.
        rule: String,
    },
}

impl fmt::Display for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator { typed } => write!(f, "operator, who typed \"{typed}\" from the serial number"),
            Self::Policy { rule } => write!(f, "unattended policy, rule \"{rule}\""),
        }
    }
}

/// Why leave was not given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    /// What was typed is not the end of this drive's serial number.
    Mismatch {
        /// How many characters are asked for.
        wanted: usize,
    },
    /// The policy does not work unattended, or none of its rules selects this drive.
    NotByPolicy,
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mismatch { wanted } => {
                write!(
                    f,
                    "That is not this drive: nothing was done. Type the last {wanted} characters of its serial number"
                )
            }
            Self::NotByPolicy => {
                f.write_str("The policy does not select this drive: nothing was done. Add a rule that fits it")
            }
        }
    }
}

impl core::error::Error for Denied {}

/// What the operator has to type: the last four characters of what is on the label ([`Identity::handle`]), or all of it if shorter.
pub fn challenge(drive: &Identity) -> String {
    let handle = drive.handle();
    let skipped = handle.chars().count().saturating_sub(4);
    handle.chars().skip(skipped).collect()
}

impl Consent {
    /// The operator typed the last characters of the drive's serial number. Letters count alike in either case: labels are printed in
    /// capitals and keyboards are not.
    ///
    /// # Errors
    /// [`Denied::Mismatch`] if it was anything else.
    pub fn typed(drive: &Identity, typed: &str) -> Result<Self, Denied> {
        let challenge = challenge(drive);
        let typed = typed.trim();
        if challenge.is_empty() || !typed.eq_ignore_ascii_case(challenge.trim()) {
            return Err(Denied::Mismatch { wanted: challenge.chars().count() });
        }
        Ok(Self { drive: drive.clone(), given: Given::Operator { typed: typed.to_string() } })
    }

    /// The policy works unattended, and the rule that made this plan selects the drive.
    ///
    /// # Errors
    /// [`Denied::NotByPolicy`] otherwise.
    pub fn by_policy(plan: &Plan, policy: &Policy) -> Result<Self, Denied> {
        match (policy.unattended, policy.rule_for(&plan.drive), &plan.rule) {
            (true, Some(rule), Some(planned)) if rule.name == *planned => {
                Ok(Self { drive: plan.drive.clone(), given: Given::Policy { rule: rule.name.clone() } })
            }
            _ => Err(Denied::NotByPolicy),
        }
    }

    /// Uses the word up: who gave it, if it was given about this drive, else nothing at all.
    pub(crate) fn spend(self, drive: &Identity) -> Option<Given> {
        self.drive.is_same_drive(drive).then_some(self.given)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capability::{Capabilities, Support};
    use crate::drive::tests::nvme;
    use crate::plan::plan;
    use crate::policy::WhenDone;
    use crate::technique::Technique;
    use alloc::vec::Vec;

    #[test]
    fn only_the_last_four_characters_of_this_serial_will_do() {
        let drive = nvme();
        assert!(Consent::typed(&drive, "2345").is_ok());
        assert!(Consent::typed(&drive, " 2345 ").is_ok());
        for wrong in ["", "345", "12345", "2344", "S64N", "yes"] {
            assert_eq!(Consent::typed(&drive, wrong), Err(Denied::Mismatch { wanted: 4 }), "{wrong}");
        }
    }

    #[test]
    fn a_short_serial_is_typed_whole() {
        let mut drive = nvme();
        drive.serial.as_mut().unwrap().text = "A7".into();
        assert!(Consent::typed(&drive, "a7").is_ok());
        assert_eq!(Consent::typed(&drive, ""), Err(Denied::Mismatch { wanted: 2 }));
    }

    #[test]
    fn consent_about_one_drive_is_worth_nothing_for_another() {
        let other = Identity { wwn: None, ..nvme() };
        assert_eq!(Consent::typed(&nvme(), "2345").unwrap().spend(&other), None);
    }

    #[test]
    fn an_attended_policy_gives_no_leave() {
        let capabilities = Capabilities {
            techniques: Vec::from([(Technique::Overwrite, Support::Present)]),
            ..Capabilities::default()
        };
        let mut policy = Policy::unattended(Vec::from(["S64*".into()]), WhenDone::Wait);
        let plan = plan(&nvme(), &capabilities, &policy).unwrap();
        assert!(Consent::by_policy(&plan, &policy).is_ok());
        policy.unattended = false;
        assert_eq!(Consent::by_policy(&plan, &policy), Err(Denied::NotByPolicy));
    }
}
