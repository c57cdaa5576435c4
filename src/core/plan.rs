//! What will be done to a drive, and why nothing stronger. Pure and total: capabilities and policy in, a plan or a refusal out.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::drive::{Capabilities, Identity, Support, Transport};
use crate::pattern::Pattern;
use crate::policy::{Action, Coverage, Policy, Rule};
use crate::technique::{Level, Technique};

/// What will be done to one drive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The drive that the plan was made for.
    pub drive: Identity,
    /// The rule of the policy that decided; `None` where the operator decides.
    pub rule: Option<String>,
    /// The technique that will be used.
    pub technique: Technique,
    /// The level that it attains on this medium if everything goes well.
    pub level: Level,
    /// What each overwrite pass writes, in order.
    pub passes: Vec<Pattern>,
    /// How much is read back afterwards.
    pub verify: Coverage,
    /// Every technique that applies to this kind of drive, strongest first, with the reason why it is used or not.
    pub considered: Vec<Considered>,
}

/// One technique, weighed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Considered {
    /// The technique.
    pub technique: Technique,
    /// The level that it would attain on this medium.
    pub level: Level,
    /// Whether this drive has it.
    pub support: Support,
    /// It is the one that will be used.
    pub chosen: bool,
}

impl fmt::Display for Considered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): ", self.technique, self.level)?;
        match (&self.support, self.chosen) {
            (Support::Present, true) => f.write_str("available, chosen"),
            (Support::Present, false) => f.write_str("available, not needed"),
            (Support::Absent, _) => f.write_str("the drive does not have it"),
            (Support::Unknown(why), _) => f.write_str(why),
        }
    }
}

/// Why there is no plan for a drive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// A rule of the policy says to leave it.
    LeftByPolicy {
        /// The rule.
        rule: String,
    },
    /// The policy works unattended and no rule fits this drive.
    NoRule,
    /// A composed volume: overwriting it would say nothing about its members.
    RaidVolume,
    /// No technique that this drive is known to have attains the level that the policy asks for.
    LevelNotAttainable {
        /// What the policy asks for.
        wanted: Level,
        /// The best that is to be had.
        best: Option<Level>,
    },
    /// Its size is no whole number of blocks.
    OddGeometry,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LeftByPolicy { rule } => write!(f, "left as it is by the policy's rule \"{rule}\""),
            Self::NoRule => f.write_str("no rule of the policy selects it"),
            Self::RaidVolume => f.write_str(
                "a RAID volume: its member drives cannot be reached. Switch the controller to HBA or JBOD mode, or move the drives",
            ),
            Self::LevelNotAttainable { wanted, best: Some(best) } => {
                write!(f, "the policy asks for {wanted}, the best that this drive is known to have is {best}")
            }
            Self::LevelNotAttainable { wanted, best: None } => {
                write!(f, "the policy asks for {wanted}, and no technique is known to work on this drive")
            }
            Self::OddGeometry => f.write_str("its size is no whole number of blocks. Check the drive's sector format"),
        }
    }
}

/// Decides what to do with a drive.
///
/// # Errors
/// [`Refusal`]: nothing may be written to this drive, and why.
pub fn plan(drive: &Identity, capabilities: &Capabilities, policy: &Policy) -> Result<Plan, Refusal> {
    let rule = policy.rule_for(drive);
    if let Some(Rule { action: Action::Leave, name, .. }) = rule {
        return Err(Refusal::LeftByPolicy { rule: name.clone() });
    }
    if rule.is_none() && policy.unattended {
        return Err(Refusal::NoRule);
    }
    if drive.transport == Transport::Raid {
        return Err(Refusal::RaidVolume);
    }
    if drive.geometry().is_none() {
        return Err(Refusal::OddGeometry);
    }
    let considered = weigh(drive, capabilities);
    let wanted = rule.and_then(|rule| rule.level).unwrap_or(Level::Clear);
    let best = considered.iter().find(|one| one.chosen);
    let Some(best) = best.filter(|one| one.level >= wanted) else {
        return Err(Refusal::LevelNotAttainable { wanted, best: best.map(|one| one.level) });
    };
    Ok(Plan {
        drive: drive.clone(),
        rule: rule.map(|rule| rule.name.clone()),
        technique: best.technique,
        level: best.level,
        passes: Vec::from([rule.and_then(|rule| rule.pattern).unwrap_or(Pattern::Random)]),
        verify: rule.and_then(|rule| rule.verify).unwrap_or(Coverage::Full),
        considered,
    })
}

/// Lists the techniques, highest level first and within a level in [`Technique`]'s order; the first that the drive has is chosen.
fn weigh(drive: &Identity, capabilities: &Capabilities) -> Vec<Considered> {
    let mut considered: Vec<Considered> = capabilities
        .techniques
        .iter()
        .map(|(technique, support)| Considered {
            technique: *technique,
            level: technique.level(drive.medium),
            support: support.clone(),
            chosen: false,
        })
        .collect();
    considered.sort_by_key(|one| (core::cmp::Reverse(one.level), one.technique));
    if let Some(best) = considered.iter_mut().find(|one| one.support == Support::Present) {
        best.chosen = true;
    }
    considered
}

impl fmt::Display for Plan {
    /// The plan in one sentence, the same on the screen and on the certificate.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} by {}", self.level, self.technique)?;
        if self.technique == Technique::Overwrite {
            let passes: Vec<String> = self.passes.iter().map(ToString::to_string).collect();
            let plural = if passes.len() == 1 { "pass" } else { "passes" };
            write!(f, ", {} {plural} ({})", passes.len(), passes.join(", "))?;
        }
        f.write_str(match self.verify {
            Coverage::Full => ", then every block read back",
            Coverage::Sample => ", then a random sample read back",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive::tests::nvme;
    use crate::drive::{Medium, Transport};
    use crate::policy::WhenDone;
    use proptest::prelude::*;

    fn overwrite_only() -> Capabilities {
        Capabilities {
            techniques: Vec::from([
                (Technique::Overwrite, Support::Present),
                (Technique::SanitizeBlockErase, Support::Unknown("not probed".into())),
            ]),
        }
    }

    #[test]
    fn an_unknown_capability_is_listed_with_its_reason_and_not_used() {
        let plan = plan(&nvme(), &overwrite_only(), &Policy::default()).unwrap();
        assert_eq!((plan.technique, plan.level), (Technique::Overwrite, Level::Clear));
        let lines: Vec<String> = plan.considered.iter().map(ToString::to_string).collect();
        assert_eq!(lines, ["Sanitize: Block Erase (Purge): not probed", "Overwrite (Clear): available, chosen"]);
        assert_eq!(plan.to_string(), "Clear by Overwrite, 1 pass (random), then every block read back");
    }

    #[test]
    fn a_level_that_cannot_be_attained_is_refused_never_lowered() {
        let policy = Policy::parse("[[rule]]\nname = 'x'\naction = 'purge'\nlevel = 'purge'").unwrap();
        let refusal = plan(&nvme(), &overwrite_only(), &policy).unwrap_err();
        assert_eq!(refusal, Refusal::LevelNotAttainable { wanted: Level::Purge, best: Some(Level::Clear) });
    }

    #[test]
    fn a_raid_volume_is_refused_even_if_a_rule_selects_it() {
        let volume = Identity { transport: Transport::Raid, ..nvme() };
        let policy = Policy::unattended(Vec::from(["*".into()]), WhenDone::Wait);
        assert_eq!(plan(&volume, &overwrite_only(), &policy), Err(Refusal::RaidVolume));
    }

    #[test]
    fn unattended_touches_only_what_a_rule_selects() {
        let policy = Policy::unattended(Vec::from(["OTHER".into()]), WhenDone::Wait);
        assert_eq!(plan(&nvme(), &overwrite_only(), &policy), Err(Refusal::NoRule));
    }

    fn support() -> impl Strategy<Value = Support> {
        prop_oneof![Just(Support::Present), Just(Support::Absent), Just(Support::Unknown("?".into()))]
    }

    proptest! {
        #[test]
        fn another_capability_never_lowers_the_level(
            supports in proptest::collection::vec(support(), 5), added in 0_usize..5,
            medium in prop_oneof![Just(Medium::Magnetic), Just(Medium::Flash), Just(Medium::Unknown)],
        ) {
            let drive = Identity { medium, ..nvme() };
            let mut capabilities = Capabilities { techniques: Technique::ALL.into_iter().zip(supports).collect() };
            let before = plan(&drive, &capabilities, &Policy::default()).ok().map(|plan| plan.level);
            capabilities.techniques[added].1 = Support::Present;
            let after = plan(&drive, &capabilities, &Policy::default()).unwrap();
            prop_assert!(Some(after.level) >= before);
            prop_assert_eq!(after.considered.iter().filter(|one| one.chosen).count(), 1);
            prop_assert_eq!(after.considered.len(), 5);
        }
    }
}
