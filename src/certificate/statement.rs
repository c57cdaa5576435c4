//! From the evidence to the statement: the one way in which a certificate gets its words.

use purgeproof_core::capability::{Hidden, Obstacle, Support};
use purgeproof_core::consent::Given;
use purgeproof_core::drive::Identity;
use purgeproof_core::evidence::{self, ClockSource, Entry, Evidence, Fact, Setting};
use purgeproof_core::firmware::{Prepared, Standing};
use purgeproof_core::gauge::Gauge;
use purgeproof_core::pattern::Pattern;
use purgeproof_core::plan::Considered;
use purgeproof_core::policy::Coverage;
use purgeproof_core::stream::Stream;
use purgeproof_core::technique::Technique;
use purgeproof_core::verdict::Verdict;

use crate::claims::{
    CONCEALING, Concealing, Consent, Device, Front, Health, Host, Job, Link, Markers, Method, Rests, Seed, Statement,
    Supported, Time, Tool, VERSION, Verification, Weighed, Written,
};
use crate::code::Coded;
use crate::course;
use crate::hidden::HiddenArea;
use crate::interruption::Interruption;
use crate::reason::Because;
use crate::reformat::Reformat;
use crate::text::{cut, filled};

impl Statement {
    /// What the evidence has to say. The outcome is the evidence's own verdict; there is no other way to one.
    pub(crate) fn of(evidence: &Evidence, evidence_sha256: [u8; 32], link: Link) -> Self {
        let verdict = evidence.verdict();
        let setting = &evidence.setting;
        let prepared = prepared(evidence);
        Self {
            version: VERSION,
            outcome: Coded(verdict.outcome),
            device: Device::of(evidence, prepared),
            method: Method::of(evidence, &verdict),
            verification: Verification::of(evidence),
            time: Time::of(evidence),
            tool: Tool {
                version: cut(&setting.tool.version),
                image: setting.tool.image.as_deref().map(cut),
                kernel: cut(&setting.tool.kernel),
            },
            link,
            host: Host::of(evidence),
            operator: filled(&setting.record.operator),
            job: Job::of(setting),
            exceptions: verdict.exceptions.into_iter().map(Coded).collect(),
            evidence_sha256,
            reasons: verdict.reasons.into_iter().map(Because::of).collect(),
            consent: Consent::of(&evidence.consent),
            hidden: hidden(&evidence.plan.hidden, prepared),
            obstacles: obstacles(&evidence.plan.obstacles, prepared),
            health: Health::of(evidence.facts()),
            reformat: evidence.reformat().map(Reformat::of),
        }
    }
}

impl Device {
    fn of(evidence: &Evidence, prepared: Option<&Prepared>) -> Self {
        let drive: &Identity = &evidence.plan.drive;
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
            asset: filled(&evidence.setting.record.asset),
            serial_source: drive.serial.as_ref().map(|serial| Coded(serial.source)),
            simulated: drive.simulated.then_some(true),
            opened_bytes: prepared.and_then(|prepared| prepared.capacity).map(|capacity| capacity.0),
            encrypts_all: evidence.plan.encrypts_all.then_some(true),
            link: drive.link.map(|link| link.0),
        }
    }
}

impl Method {
    fn of(evidence: &Evidence, verdict: &Verdict) -> Self {
        let plan = &evidence.plan;
        let ways = course::ways(evidence);
        let last = ways.last();
        let setbacks: Vec<Because> = evidence.setbacks().into_iter().map(Because::of).collect();
        let attains = |step: &Technique| last.is_some_and(|way| step.level(plan.drive.medium) == way.level.0);
        let technique = last.and_then(|way| way.steps.iter().map(|step| step.0).find(attains));
        let overwrites = last.is_some_and(crate::claims::Way::overwrites);
        let passes = if overwrites { evidence.passes() } else { Vec::new() };
        let stream = evidence.drawn.stream;
        Self {
            technique: Coded(technique.unwrap_or(Technique::Overwrite)),
            level: Coded(plan.level()),
            passes: passes.iter().copied().map(Coded).collect(),
            written: Written(written(evidence.facts())),
            considered: Weighed::of(&plan.considered),
            rule: plan.rule.as_deref().map(cut),
            floor: Coded(plan.floor),
            front: evidence.dropped_zeros().filter(|_| overwrites).map(Front::of),
            scheme: plan.scheme.as_deref().filter(|_| overwrites).map(cut),
            other_stream: (passes.contains(&Pattern::Random) && stream != Stream::default()).then_some(Coded(stream)),
            setbacks: (verdict.outcome.is_good() && !setbacks.is_empty()).then_some(setbacks),
            ways,
        }
    }
}

/// What the passes of the last way have written.
fn written(facts: &[Entry]) -> Vec<u64> {
    let (mut written, mut before) = (Vec::new(), 0);
    for entry in facts {
        match &entry.fact {
            Fact::FellThrough { .. } => written.clear(),
            Fact::PassBegan { number, .. } => {
                // Begun anew after an interruption, it is what was written last that is there.
                written.truncate(usize::try_from(*number).unwrap_or(usize::MAX).saturating_sub(1));
                before = 0;
            }
            Fact::PassResumed { number, from, .. } => {
                written.truncate(usize::try_from(*number).unwrap_or(usize::MAX).saturating_sub(1));
                before = from.0;
            }
            Fact::PassEnded { report, .. } => written.push(report.covered.0.saturating_add(before)),
            _ => {}
        }
    }
    written
}

/// How the drive was found when its erasure began.
fn prepared(evidence: &Evidence) -> Option<&Prepared> {
    evidence.facts().iter().rev().find_map(|entry| match &entry.fact {
        Fact::Prepared { prepared } => Some(prepared),
        _ => None,
    })
}

/// The areas as they were when the erase began, as the verdict takes them.
fn hidden(planned: &[Hidden], prepared: Option<&Prepared>) -> Vec<HiddenArea> {
    prepared.map_or(planned, |prepared| prepared.hidden.as_slice()).iter().map(HiddenArea::of).collect()
}

/// What stood in the way. Not a lock that the plan saw and that was open when the erase began: it was of our own password, which an erase
/// that lost its power had left, or the PSID opens it.
fn obstacles(planned: &[Obstacle], prepared: Option<&Prepared>) -> Vec<Coded<Obstacle>> {
    let found = prepared.and_then(|prepared| prepared.obstacle.as_ref());
    let has_answered =
        prepared.is_some_and(|prepared| !matches!(prepared.standing, Standing::Unknown { .. } | Standing::Gone));
    let is_open = has_answered && found != Some(&Obstacle::Locked);
    let seen = planned.iter().filter(|obstacle| !(is_open && **obstacle == Obstacle::Locked));
    let later = found.filter(|obstacle| !planned.contains(obstacle));
    seen.chain(later).cloned().map(Coded).collect()
}

impl Front {
    fn of(gauge: &Gauge) -> Self {
        let (zeros_us, random_us) = gauge.medians_us();
        Self { zeros_us, random_us }
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
        let seed = (coverage != Coverage::Full).then_some(Seed(evidence.drawn.seed.0));
        let blank = || Self {
            coverage: Coded(coverage),
            places: None,
            wanted: None,
            read: None,
            seed,
            markers: None,
            expect: None,
            constant: None,
        };
        let last = evidence.facts().iter().fold(blank(), |so_far, entry| match &entry.fact {
            // What was read before is not what is on the drive now.
            Fact::EraseBegan { .. }
            | Fact::PassBegan { .. }
            | Fact::PassResumed { .. }
            | Fact::Resumed { .. }
            | Fact::FellThrough { .. } => blank(),
            Fact::VerifyBegan { places, expect, .. } => {
                Self { places: Some(*places), expect: Some(Coded(*expect)), ..blank() }
            }
            Fact::VerifyEnded { report, constant, .. } => {
                Self { wanted: Some(report.wanted.0), read: Some(report.covered.0), constant: *constant, ..so_far }
            }
            _ => so_far,
        });
        Self { markers: Markers::of(evidence.facts()), ..last }
    }
}

impl Consent {
    pub(crate) fn of(given: &Given) -> Self {
        match given {
            Given::Operator { typed, second: None } => Self::Operator(cut(typed)),
            Given::Operator { typed, second: Some(name) } => Self::Both(cut(typed), cut(name)),
            Given::Policy { rule } => Self::Policy(cut(rule)),
        }
    }
}

impl Time {
    fn of(evidence: &Evidence) -> Self {
        let (start_unix_s, end_unix_s) = evidence.span_unix_s();
        let is_wrong = evidence.runs().any(|run| run.clock.source == ClockSource::Implausible);
        Self {
            start_unix_s,
            end_unix_s,
            source: Coded(if is_wrong { ClockSource::Implausible } else { evidence.setting.clock.source }),
            duration_ms: evidence.duration_ms(),
            rests: Rests::of(evidence.facts()),
            interruptions: Interruption::of(evidence),
        }
    }
}

impl Host {
    fn of(evidence: &Evidence) -> Self {
        let machine = &evidence.setting.machine;
        let named = evidence.concealing().into_iter().take(CONCEALING);
        let concealing: Vec<Concealing> = named.map(Concealing::of).collect();
        let text = |field: &Option<String>| field.as_deref().and_then(filled);
        Self {
            vendor: text(&machine.vendor),
            product: text(&machine.product),
            serial: text(&machine.serial),
            uuid: text(&machine.uuid),
            asset: text(&machine.asset),
            concealing: (!concealing.is_empty()).then_some(concealing),
        }
    }
}

impl Concealing {
    fn of(seen: &evidence::Concealing) -> Self {
        Self { controller: cut(&seen.controller), advice: cut(&seen.advice) }
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
