//! From the evidence to the statement: the one way in which a certificate gets its words.

use purgeproof_core::capability::Support;
use purgeproof_core::consent::Given;
use purgeproof_core::drive::Identity;
use purgeproof_core::evidence::{Entry, Evidence, Fact, Setting};
use purgeproof_core::plan::{Considered, Plan};
use purgeproof_core::policy::Coverage;

use crate::claims::{
    Consent, Device, Host, Job, Link, Method, Seed, Statement, Supported, Time, Tool, VERSION, Verification, Weighed,
};
use crate::code::Coded;
use crate::reason::Because;
use crate::text::{cut, filled};

impl Statement {
    /// What the evidence has to say. The outcome is the evidence's own verdict; there is no other way to one.
    pub(crate) fn of(evidence: &Evidence, evidence_sha256: [u8; 32], link: Link) -> Self {
        let verdict = evidence.verdict();
        let setting = &evidence.setting;
        Self {
            version: VERSION,
            outcome: Coded(verdict.outcome),
            device: Device::of(&evidence.plan.drive, &setting.record.asset),
            method: Method::of(&evidence.plan, evidence.facts()),
            verification: Verification::of(evidence),
            time: Time::of(evidence),
            tool: Tool {
                version: cut(&setting.tool.version),
                image: setting.tool.image.as_deref().map(cut),
                kernel: cut(&setting.tool.kernel),
            },
            link,
            host: Host::of(setting),
            operator: filled(&setting.record.operator),
            job: Job::of(setting),
            exceptions: verdict.exceptions.into_iter().map(Coded).collect(),
            evidence_sha256,
            reasons: verdict.reasons.into_iter().map(Because::of).collect(),
            consent: match &evidence.consent {
                Given::Operator { typed } => Consent::Operator(cut(typed)),
                Given::Policy { rule } => Consent::Policy(cut(rule)),
            },
        }
    }
}

impl Device {
    fn of(drive: &Identity, asset: &str) -> Self {
        Self {
            vendor: drive.vendor.as_deref().map(cut),
            model: cut(&drive.model),
            serial: drive.serial.as_ref().map(|serial| cut(&serial.text)),
            firmware: drive.firmware.as_deref().map(cut),
            bytes: drive.capacity.0,
            logical_block: drive.logical_block.get(),
            physical_block: drive.physical_block.get(),
            transport: Coded(drive.transport),
            medium: Coded(drive.medium),
            wwn: drive.wwn.as_deref().map(cut),
            asset: filled(asset),
            serial_source: drive.serial.as_ref().map(|serial| Coded(serial.source)),
            simulated: drive.simulated.then_some(true),
        }
    }
}

impl Method {
    fn of(plan: &Plan, facts: &[Entry]) -> Self {
        let written = facts.iter().filter_map(|entry| match &entry.fact {
            Fact::PassEnded { report, .. } => Some(report.covered.0),
            _ => None,
        });
        Self {
            technique: Coded(plan.technique()),
            level: Coded(plan.level()),
            passes: plan.passes.iter().copied().map(Coded).collect(),
            written: written.collect(),
            considered: Weighed::of(&plan.considered),
            rule: plan.rule.as_deref().map(cut),
        }
    }
}

impl Weighed {
    fn of(considered: &[Considered]) -> Vec<Self> {
        considered
            .chunk_by(|one, next| one.support == next.support)
            .filter_map(|same| {
                let (support, why) = match &same.first()?.support {
                    Support::Present => (Supported::Present, None),
                    Support::Absent => (Supported::Absent, None),
                    Support::Blocked(why) => (Supported::Blocked, Some(cut(why))),
                    Support::Unknown(why) => (Supported::Unknown, Some(cut(why))),
                };
                Some(Self { support, techniques: same.iter().map(|one| Coded(one.technique)).collect(), why })
            })
            .collect()
    }
}

impl Verification {
    fn of(evidence: &Evidence) -> Self {
        let coverage = evidence.plan.verify;
        let seed = (coverage == Coverage::Sample).then_some(Seed(evidence.drawn.seed.0));
        let blank = Self { coverage: Coded(coverage), places: None, wanted: None, read: None, seed };
        evidence.facts().iter().fold(blank, |so_far, entry| match &entry.fact {
            Fact::VerifyBegan { places, .. } => Self { places: Some(*places), wanted: None, read: None, ..so_far },
            Fact::VerifyEnded { report, .. } => {
                Self { wanted: Some(report.wanted.0), read: Some(report.covered.0), ..so_far }
            }
            _ => so_far,
        })
    }
}

impl Time {
    fn of(evidence: &Evidence) -> Self {
        let (began_ms, ended_ms) = evidence.span_ms();
        let clock = &evidence.setting.clock;
        Self {
            start_unix_s: clock.unix_at(began_ms),
            end_unix_s: clock.unix_at(ended_ms),
            source: Coded(clock.source),
            duration_ms: ended_ms.saturating_sub(began_ms),
        }
    }
}

impl Host {
    fn of(setting: &Setting) -> Self {
        let machine = &setting.machine;
        let text = |field: &Option<String>| field.as_deref().and_then(filled);
        Self {
            vendor: text(&machine.vendor),
            product: text(&machine.product),
            serial: text(&machine.serial),
            uuid: text(&machine.uuid),
            asset: text(&machine.asset),
        }
    }
}

impl Job {
    fn of(setting: &Setting) -> Self {
        let record = &setting.record;
        Self {
            organisation: filled(&record.organisation),
            number: filled(&record.job),
            site: filled(&record.site),
            destination: filled(&record.destination),
            note: filled(&record.note),
        }
    }
}
