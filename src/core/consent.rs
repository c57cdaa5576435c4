//! The word that a drive may be erased.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
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
        /// The name of a second person who typed them, too.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        second: Option<String>,
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
            Self::Operator { typed, second: None } => {
                write!(f, "operator, who typed \"{typed}\" from the serial number")
            }
            Self::Operator { typed, second: Some(name) } => {
                write!(f, "operator and \"{name}\", who both typed \"{typed}\" from the serial number")
            }
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
    /// What the second person typed is not a name and then the end of this drive's serial number.
    NotSeconded {
        /// How many characters of the serial number are asked for.
        wanted: usize,
    },
    /// The second person is the operator.
    SamePerson,
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
            Self::NotSeconded { wanted } => write!(
                f,
                "That is not a name and then this drive: nothing was done. Type the second person's name, a space, and the last {wanted} \
                 characters of the serial number"
            ),
            Self::SamePerson => f.write_str(
                "That is the operator's own name: nothing was done. The policy asks for two persons, so another one has to agree",
            ),
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
        Ok(Self { drive: drive.clone(), given: Given::Operator { typed: typed.to_string(), second: None } })
    }

    /// A second person agrees: types a name, which is not that of the operator, and the same characters after it.
    ///
    /// # Errors
    /// [`Denied`]: the consent is as it was before, so that the second person can try again.
    pub fn second(&mut self, person: &str, operator: &str) -> Result<(), Denied> {
        let challenge = challenge(&self.drive);
        let wanted = challenge.chars().count();
        let Given::Operator { second, .. } = &mut self.given else { return Err(Denied::NotByPolicy) };
        let at = person.trim().len().checked_sub(challenge.trim().len());
        let (name, end) = at.and_then(|at| person.trim().split_at_checked(at)).unwrap_or_default();
        let is_named = name.ends_with(char::is_whitespace) && name.chars().any(char::is_alphabetic);
        if !is_named || !end.eq_ignore_ascii_case(challenge.trim()) {
            return Err(Denied::NotSeconded { wanted });
        }
        if is_same_name(name, operator) {
            return Err(Denied::SamePerson);
        }
        *second = Some(name.trim().to_string());
        Ok(())
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

    /// Uses the word up: who gave it, if it was given about the drive of this plan and by as many persons as that asks for.
    pub(crate) fn spend(self, plan: &Plan) -> Result<Given, WrongConsent> {
        let is_seconded = matches!(self.given, Given::Operator { second: Some(_), .. });
        if !self.drive.is_same_drive(&plan.drive) {
            return Err(WrongConsent::AnotherDrive);
        }
        if plan.two_persons && !is_seconded { Err(WrongConsent::OnePerson) } else { Ok(self.given) }
    }
}

/// Whether two names are one, however they are spaced and capitalized.
fn is_same_name(one: &str, other: &str) -> bool {
    let plain = |name: &str| name.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>();
    plain(one) == plain(other)
}

/// The consent is not one for this job. The job does not exist, and the consent is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrongConsent {
    /// It was given about another drive.
    AnotherDrive,
    /// One person gave it, and the plan asks for two.
    OnePerson,
}

impl fmt::Display for WrongConsent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AnotherDrive => {
                "The consent was given about another drive: nothing was done. Confirm this drive by its own serial number"
            }
            Self::OnePerson => "The policy asks for two persons and one has agreed: nothing was done. Have a second person confirm",
        })
    }
}

impl core::error::Error for WrongConsent {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capability::{Capabilities, Support};
    use crate::drive::tests::nvme;
    use crate::plan::plan;
    use crate::policy::WhenDone;
    use crate::technique::Technique;

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
        let plan = planned(&Policy::default());
        let consent = Consent::typed(&other, "2345").unwrap();
        assert_eq!(consent.spend(&plan), Err(WrongConsent::AnotherDrive));
    }

    #[test]
    fn where_the_policy_asks_for_two_persons_one_is_not_enough() {
        let plan = planned(&Policy { two_persons: true, ..Policy::default() });
        let first = || Consent::typed(&nvme(), "2345").unwrap();
        assert_eq!(first().spend(&plan), Err(WrongConsent::OnePerson));
        let mut both = first();
        both.second("  Ann  Example 2345 ", "J. Doe").unwrap();
        let given = Given::Operator { typed: "2345".into(), second: Some("Ann  Example".into()) };
        assert_eq!(both.spend(&plan), Ok(given));
    }

    #[test]
    fn the_second_person_has_a_name_of_their_own_and_means_this_drive() {
        let denied = |typed| Consent::typed(&nvme(), "2345").unwrap().second(typed, "J. Doe").unwrap_err();
        for wrong in ["", "2345", " 2345", "12 2345", "Ann 2344", "Ann2345", "Ann", "é2345", "345"] {
            assert_eq!(denied(wrong), Denied::NotSeconded { wanted: 4 }, "{wrong}");
        }
        assert_eq!(denied("j.  doe 2345"), Denied::SamePerson);
    }

    fn planned(policy: &Policy) -> Plan {
        let techniques = Vec::from([(Technique::Overwrite, Support::Present)]);
        plan(&nvme(), &Capabilities { techniques, ..Capabilities::default() }, policy).unwrap()
    }

    #[test]
    fn an_attended_policy_gives_no_leave() {
        let mut policy = Policy::unattended(Vec::from(["S64*".into()]), WhenDone::Wait);
        let plan = planned(&policy);
        assert!(Consent::by_policy(&plan, &policy).is_ok());
        policy.unattended = false;
        assert_eq!(Consent::by_policy(&plan, &policy), Err(Denied::NotByPolicy));
    }
}
