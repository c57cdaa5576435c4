//! What will be done to a drive, and why nothing stronger. Pure and total: capabilities and policy in, a plan or a refusal out.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::capability::{Capabilities, Hidden, Obstacle, Support};
use crate::drive::{Identity, Medium, Transport};
use crate::policy::{Action, Coverage, Policy, Rule, UsualBlock};
use crate::scheme::{self, Element};
use crate::table;
use crate::technique::{Level, Technique};
use crate::units::BlockSize;

/// What will be done to one drive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The drive that the plan was made for.
    pub drive: Identity,
    /// The rule of the policy that decided; `None` where the operator decides.
    pub rule: Option<String>,
    /// What will be done, and after it what could be done instead if the drive refuses it, strongest first. Never empty.
    pub ways: Vec<Way>,
    /// The lowest level that there is leave for. A way below it is not taken without a new word.
    pub floor: Level,
    /// Leave is given by two persons, or not at all.
    #[serde(default, skip_serializing_if = "core::ops::Not::not")]
    pub two_persons: bool,
    /// The overwrite scheme that the policy names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scheme: Option<String>,
    /// What each overwrite pass writes, in order.
    pub passes: Vec<Element>,
    /// How much is read back afterwards.
    pub verify: Coverage,
    /// What the drive is formatted to after an erase with a good end; nothing of it counts for the verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reformat: Option<BlockSize>,
    /// Every technique that applies to this kind of drive, strongest first, with the reason why it is used or not.
    pub considered: Vec<Considered>,
    /// Every hidden area that was looked for.
    pub hidden: Vec<Hidden>,
    /// What was in the way when the plan was made.
    pub obstacles: Vec<Obstacle>,
    /// The drive says that all user data on it are encrypted at all times.
    pub encrypts_all: bool,
}

/// One row of the decision table, as this drive can go through it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Way {
    /// The row's name ([`crate::table`]).
    pub row: String,
    /// What is done, in order.
    pub steps: Vec<Technique>,
    /// The level that the steps attain on this medium if everything goes well.
    pub level: Level,
}

impl Way {
    /// The steps that the drive's firmware does.
    pub fn firmware(&self) -> impl Iterator<Item = Technique> + '_ {
        self.steps.iter().copied().filter(|step| step.is_firmware())
    }

    /// The host overwrites every block, alone or after the firmware.
    pub fn overwrites(&self) -> bool {
        self.steps.contains(&Technique::Overwrite)
    }

    /// Its level is attained by the host's overwrite, which is read back, even if the drive's own word cannot be tested.
    pub fn stands_without_markers(&self) -> bool {
        self.overwrites() && self.level == Level::Clear
    }

    /// The step that attains the level: the first of the strongest.
    pub fn technique(&self, medium: Medium) -> Technique {
        let attains = |step: &Technique| step.level(medium) == self.level;
        self.steps.iter().copied().find(attains).unwrap_or(Technique::Overwrite)
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps: Vec<String> = self.steps.iter().map(ToString::to_string).collect();
        write!(f, "{} by {}", self.level, steps.join(", then "))
    }
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
    /// It is a part of what will be done.
    pub chosen: bool,
}

impl fmt::Display for Considered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): ", self.technique, self.level)?;
        match (&self.support, self.chosen) {
            (Support::Present, true) => f.write_str("available, chosen"),
            (Support::Present, false) => f.write_str("available, not needed"),
            (Support::Absent, _) => f.write_str("the drive does not have it"),
            (Support::Blocked(why) | Support::Unknown(why), _) => f.write_str(why),
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
    let ways = ways(drive, capabilities);
    let wanted = rule.and_then(|rule| rule.level);
    let Some(best) = ways.first().filter(|best| best.level >= wanted.unwrap_or(Level::Clear)) else {
        let best = ways.first().map(|way| way.level);
        return Err(Refusal::LevelNotAttainable { wanted: wanted.unwrap_or(Level::Clear), best });
    };
    let overwrite = policy.overwrite(rule);
    Ok(Plan {
        drive: drive.clone(),
        rule: rule.map(|rule| rule.name.clone()),
        // A policy that names a level has given leave for it. Without that, what is planned is all that there is leave for.
        floor: wanted.unwrap_or(best.level),
        two_persons: policy.two_persons,
        scheme: overwrite.scheme,
        passes: overwrite.passes,
        verify: overwrite.verify,
        reformat: rule.and_then(|rule| reformat(drive, rule)),
        considered: weigh(drive, capabilities, best),
        hidden: capabilities.hidden.clone(),
        obstacles: capabilities.obstacles.clone(),
        encrypts_all: capabilities.encrypts_all,
        ways,
    })
}

fn ways(drive: &Identity, capabilities: &Capabilities) -> Vec<Way> {
    let ways = table::ways(drive, &capabilities.techniques).into_iter().map(|(row, mut steps, level)| {
        // Blocks that cannot be read before they are written can only be checked after an overwrite.
        if capabilities.unreadable_when_erased && !steps.contains(&Technique::Overwrite) {
            steps.push(Technique::Overwrite);
        }
        Way { row: row.name.to_string(), steps, level }
    });
    ways.collect()
}

/// What the rule has this drive formatted to: only a SCSI drive can be, and only one that nobody can use as it is has to be.
fn reformat(drive: &Identity, rule: &Rule) -> Option<BlockSize> {
    let is_foreign = drive.transport == Transport::Scsi && !drive.logical_block.is_usual();
    rule.block_size.filter(|_| is_foreign).map(UsualBlock::get)
}

/// Lists the techniques, highest level first and within a level in [`Technique`]'s order.
fn weigh(drive: &Identity, capabilities: &Capabilities, way: &Way) -> Vec<Considered> {
    let mut considered: Vec<Considered> = capabilities
        .techniques
        .iter()
        .map(|(technique, support)| Considered {
            technique: *technique,
            level: technique.level(drive.medium),
            support: support.clone(),
            chosen: way.steps.contains(technique),
        })
        .collect();
    considered.sort_by_key(|one| (core::cmp::Reverse(one.level), one.technique));
    considered
}

impl Plan {
    /// What will be done.
    pub fn way(&self) -> Option<&Way> {
        self.ways.first()
    }

    /// The technique that attains the level of the plan.
    pub fn technique(&self) -> Technique {
        self.way().map_or(Technique::Overwrite, |way| way.technique(self.drive.medium))
    }

    /// The level that the plan attains if everything goes well.
    pub fn level(&self) -> Level {
        self.way().map_or(Level::Clear, |way| way.level)
    }

    /// What to know before several passes go over such a medium.
    pub fn caution(&self) -> Option<&'static str> {
        let is_worn = self.passes.len() > 1 && self.drive.medium != Medium::Magnetic;
        (is_worn && self.way().is_some_and(Way::overwrites)).then_some(
            "Several passes wear flash and erase no more of it than one does (NIST SP 800-88r2, section 3.1.1)",
        )
    }

    /// The passes of the overwrite in few words: how many, by which scheme, and what they write if they are not too many for a sentence.
    fn overwrite(&self) -> String {
        let plural = if self.passes.len() == 1 { "pass" } else { "passes" };
        let title = self.scheme.as_deref().map(|name| scheme::named(name).map_or(name, |scheme| scheme.title));
        let listed = Some(scheme::list(&self.passes)).filter(|_| title.is_none() || self.passes.len() <= 7);
        let words: Vec<&str> = title.into_iter().chain(listed.as_deref()).collect();
        alloc::format!("{} {plural} ({})", self.passes.len(), words.join(": "))
    }
}

impl fmt::Display for Plan {
    /// The plan in one sentence, the same on the screen and on the certificate.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(way) = self.way() else { return f.write_str("nothing") };
        write!(f, "{way}")?;
        if way.overwrites() {
            write!(f, ", {}", self.overwrite())?;
        }
        write!(f, ", then {} read back", self.verify.in_words())?;
        match self.reformat {
            Some(to) => write!(f, ", then formatted to {}-byte blocks", to.get()),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::drive::Transport;
    use crate::drive::tests::nvme;
    use crate::policy::WhenDone;
    use crate::units::Bytes;
    use proptest::prelude::*;

    fn overwrite_only() -> Capabilities {
        Capabilities {
            techniques: Vec::from([
                (Technique::Overwrite, Support::Present),
                (Technique::SanitizeBlockErase, Support::Unknown("not probed".into())),
            ]),
            ..Capabilities::default()
        }
    }

    #[test]
    fn an_unknown_capability_is_listed_with_its_reason_and_not_used() {
        let plan = plan(&nvme(), &overwrite_only(), &Policy::default()).unwrap();
        assert_eq!((plan.technique(), plan.level(), plan.floor), (Technique::Overwrite, Level::Clear, Level::Clear));
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

    #[test]
    fn only_a_rule_reformats_and_only_what_nobody_could_use() {
        let rule = "[[rule]]\nname = 'x'\naction = 'purge'\nblock_size = 512";
        let of = |transport, block, policy: &str| {
            let logical_block = BlockSize::new(block).unwrap();
            let drive = Identity { transport, logical_block, capacity: Bytes(2016 * u64::from(block)), ..nvme() };
            plan(&drive, &overwrite_only(), &Policy::parse(policy).unwrap()).unwrap()
        };
        let asked = of(Transport::Scsi, 520, rule);
        assert_eq!(asked.reformat, Some(BlockSize::B512));
        assert!(asked.to_string().ends_with(", then every block read back, then formatted to 512-byte blocks"));
        assert_eq!(of(Transport::Scsi, 520, &rule.replace("512", "4096")).reformat, Some(BlockSize::B4096));
        assert_eq!(of(Transport::Scsi, 520, "").reformat, None, "nobody asked for it");
        assert_eq!(of(Transport::Scsi, 4096, rule).reformat, None, "a format that is of use is left as it is");
        assert_eq!(of(Transport::Nvme, 520, rule).reformat, None);
    }

    fn support() -> impl Strategy<Value = Support> {
        prop_oneof![Just(Support::Present), Just(Support::Absent), Just(Support::Unknown("?".into()))]
    }

    proptest! {
        #[test]
        fn another_capability_never_lowers_the_level(
            supports in proptest::collection::vec(support(), 12), added in 0_usize..12,
            medium in prop_oneof![Just(Medium::Magnetic), Just(Medium::Flash), Just(Medium::Unknown)],
            transport in prop_oneof![
                Just(Transport::Nvme), Just(Transport::Ata), Just(Transport::Scsi), Just(Transport::Mmc), Just(Transport::Usb)
            ],
        ) {
            let drive = Identity { transport, medium, ..nvme() };
            let mut capabilities = Capabilities { techniques: Technique::ALL.into_iter().zip(supports).collect(), ..Capabilities::default() };
            capabilities.techniques.push((Technique::Overwrite, Support::Present));
            let before = plan(&drive, &capabilities, &Policy::default()).unwrap().level();
            capabilities.techniques[added].1 = Support::Present;
            let after = plan(&drive, &capabilities, &Policy::default()).unwrap();
            prop_assert!(after.level() >= before);
            prop_assert!(after.considered.iter().any(|one| one.chosen));
            prop_assert!(after.ways.is_sorted_by(|one, next| one.level >= next.level));
        }
    }
}
