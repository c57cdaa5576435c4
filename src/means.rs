//! What is known of a drive's means beyond what it says itself: what it refused in this run, and the PSID that the operator typed.

use purgeproof_core::capability::{Capabilities, Obstacle, Support};
use purgeproof_core::plan::Plan;
use purgeproof_core::technique::Technique;
use purgeproof_core::verdict::Reason;
use purgeproof_drive::{Psid, awaits_psid};

/// The means of one drive.
#[derive(Default)]
pub(crate) struct Means {
    psid: Option<Psid>,
    /// What was tried and why it was no good.
    tried: Vec<(Technique, String)>,
    /// The operator wants no firmware erase any more.
    overwrite_only: bool,
    /// It reported an erase that did not happen.
    has_lied: bool,
}

impl Means {
    /// Takes the PSID from the label; it stays where it was typed, and out of every record.
    pub(crate) fn learn(&mut self, psid: Psid) {
        self.psid = Some(psid);
        // Another PSID is another key: what was refused with the last one may be taken now.
        self.tried.retain(|(technique, _)| *technique != Technique::TcgRevert);
    }

    /// Lets go of the PSID, as before the machine is suspended: the operator has it on the label. Says whether there was one.
    pub(crate) fn forget(&mut self) -> bool {
        self.psid.take().is_some()
    }

    /// From now on nothing but an overwrite is planned.
    pub(crate) fn overwrite_only(&mut self) {
        self.overwrite_only = true;
    }

    /// For the drive that is about to be opened.
    pub(crate) fn psid(&self) -> Option<Psid> {
        self.psid.clone()
    }

    /// Takes note of why a job came to nothing, or a way of it: the next plan does not promise it again.
    pub(crate) fn note(&mut self, reasons: &[Reason]) {
        for reason in reasons {
            match reason {
                Reason::Refused(technique, _) | Reason::EraseFailed(technique, _) | Reason::Ignored(technique) => {
                    self.tried.push((*technique, reason.to_string()));
                }
                // Which of the steps lied cannot be told, and what else such a drive says of itself is worth no more.
                Reason::Survived { .. } | Reason::Unchanged { .. } => self.has_lied = true,
                _ => {}
            }
        }
    }

    /// What the drive can do with all that in mind.
    pub(crate) fn apply(&self, capabilities: &Capabilities) -> Capabilities {
        let mut capabilities = capabilities.clone();
        for (technique, support) in &mut capabilities.techniques {
            if *technique == Technique::TcgRevert && self.psid.is_some() && awaits_psid(support) {
                *support = Support::Present;
            }
            if self.overwrite_only && technique.is_firmware() && *support == Support::Present {
                *support = Support::Blocked("the operator chose Overwrite instead".to_owned());
            }
            if self.has_lied && technique.is_firmware() && !matches!(support, Support::Absent) {
                *support = Support::Blocked("the drive reported an erase in this run that did not happen".to_owned());
            }
            if let Some((_, why)) = self.tried.iter().find(|(tried, _)| tried == technique) {
                *support = Support::Blocked(format!("tried in this run: {why}"));
            }
        }
        capabilities
    }
}

/// Whether a suspend of the machine could let this drive do something stronger than its plan.
pub(crate) fn is_worth_unfreezing(plan: &Plan) -> bool {
    let is_blocked = |technique: Technique, support: &Support| {
        let is_security = matches!(technique, Technique::SecurityEraseEnhanced | Technique::SecurityEraseNormal);
        is_security && matches!(support, Support::Blocked(_))
    };
    plan.obstacles.contains(&Obstacle::Frozen)
        && plan.considered.iter().any(|one| one.level > plan.level() && is_blocked(one.technique, &one.support))
}

#[cfg(test)]
mod tests {
    use super::*;
    use purgeproof_core::capability::Support;
    use purgeproof_core::drive::{Medium, Transport};
    use purgeproof_core::plan::plan;
    use purgeproof_core::policy::Policy;
    use purgeproof_core::technique::Level;
    use purgeproof_core::units::BlockSize;
    use purgeproof_drive::sim::SimDrive;

    fn disk() -> SimDrive {
        SimDrive::new(1, BlockSize::B512, 4096).unwrap().attached(Transport::Ata).on(Medium::Magnetic)
    }

    fn plan_of(capabilities: &Capabilities) -> Plan {
        plan(disk().identity(), capabilities, &Policy::default()).unwrap()
    }

    #[test]
    fn what_was_refused_is_not_promised_again() {
        let capabilities = disk().capabilities(&[Technique::SanitizeOverwrite, Technique::SecurityEraseEnhanced]);
        let mut means = Means::default();
        assert_eq!(plan_of(&means.apply(&capabilities)).technique(), Technique::SanitizeOverwrite);
        let reasons = vec![Reason::Refused(Technique::SanitizeOverwrite, "ABRT".into())];
        means.note(&reasons);
        let next = plan_of(&means.apply(&capabilities));
        assert_eq!(next.technique(), Technique::SecurityEraseEnhanced);
        assert!(next.considered.iter().any(|one| one.to_string().contains("tried in this run: the drive refused")));
    }

    #[test]
    fn the_operator_may_choose_the_overwrite() {
        let capabilities = disk().capabilities(&[Technique::SanitizeOverwrite]);
        let mut means = Means::default();
        means.overwrite_only();
        assert_eq!(plan_of(&means.apply(&capabilities)).technique(), Technique::Overwrite);
    }

    #[test]
    fn a_liar_is_not_believed_again() {
        let capabilities = disk().capabilities(&[Technique::SanitizeOverwrite, Technique::SecurityEraseEnhanced]);
        let reasons = vec![Reason::Survived { markers: 7, witnesses: 0, first: vec![] }];
        let mut means = Means::default();
        means.note(&reasons);
        assert_eq!(plan_of(&means.apply(&capabilities)).technique(), Technique::Overwrite);
    }

    #[test]
    fn a_suspend_is_worth_it_for_a_higher_level_only() {
        let mut capabilities = disk().capabilities(&[]);
        assert!(!is_worth_unfreezing(&plan_of(&capabilities)));
        capabilities.obstacles.push(Obstacle::Frozen);
        assert!(!is_worth_unfreezing(&plan_of(&capabilities)), "nothing waits for it");
        for (technique, support) in &mut capabilities.techniques {
            if *technique == Technique::SecurityEraseEnhanced {
                *support = Support::Blocked("frozen".into());
            }
        }
        let plan = plan_of(&capabilities);
        assert_eq!(plan.level(), Level::Clear);
        assert!(is_worth_unfreezing(&plan));
        let flash = disk().on(Medium::Flash);
        let plan = purgeproof_core::plan::plan(flash.identity(), &capabilities, &Policy::default()).unwrap();
        assert!(!is_worth_unfreezing(&plan), "on flash it would be a Clear too");
    }
}
