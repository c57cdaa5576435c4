//! From the facts of the evidence to the ways that were gone and the commands that count.

use purgeproof_core::evidence::{Entry, Evidence, Fact};
use purgeproof_core::firmware::{self, Answer, Begun, Exchange, Octets, Standing};
use purgeproof_core::marker;
use purgeproof_core::plan;
use purgeproof_core::technique::Technique;

use crate::claims::{End, Health, Markers, RAW_BYTES, Raw, Sought, Step, Vitals, Way};
use crate::code::Coded;
use crate::text::cut;

/// Follows the facts through the ways of the plan.
struct Course<'a> {
    ways: Vec<Way>,
    /// The index of the last of them in the plan.
    index: usize,
    /// The erase under way.
    step: Option<Step>,
    began_ms: u64,
    /// The drive's answer to the command is not there yet: what is sent is the asking, not the watching.
    asking: bool,
    /// A command that changes the drive was noted before it was sent.
    announced: bool,
    /// The last thing that the drive said while it was watched.
    last: Option<&'a Answer>,
}

/// The ways that were gone, in order; at least the one that was planned.
pub(crate) fn ways(evidence: &Evidence) -> Vec<Way> {
    let plan = &evidence.plan;
    let mut course = Course {
        ways: plan.way().map(Way::of).into_iter().collect(),
        index: 0,
        step: None,
        began_ms: 0,
        asking: false,
        announced: false,
        last: None,
    };
    for entry in evidence.facts() {
        course.hear(plan, entry);
    }
    course.close();
    course.ways
}

impl<'a> Course<'a> {
    fn hear(&mut self, plan: &plan::Plan, entry: &'a Entry) {
        match &entry.fact {
            Fact::FellThrough { way } => {
                self.close();
                if let Some(next) = plan.ways.get(*way).filter(|_| *way > self.index) {
                    self.index = *way;
                    self.ways.push(Way::of(next));
                }
            }
            Fact::EraseBegan { technique } => {
                self.close();
                self.step = Some(Step::asked(*technique));
                (self.began_ms, self.asking, self.announced, self.last) = (entry.at_ms, true, false, None);
            }
            Fact::Exchanged { exchange } => self.exchanged(exchange),
            Fact::EraseAnswered { begun } => self.answered(begun, entry.at_ms),
            Fact::Stands { standing } => self.stands(standing, entry.at_ms),
            Fact::Settled { settled } => {
                if let Some(step) = &mut self.step {
                    step.purged = settled.purged_by_its_word.then_some(true);
                }
                self.close();
            }
            _ => {}
        }
    }

    fn close(&mut self) {
        if let (Some(way), Some(step)) = (self.ways.last_mut(), self.step.take()) {
            way.asked.push(step);
        }
    }

    fn exchanged(&mut self, exchange: &'a Exchange) {
        let Some(step) = &mut self.step else { return };
        if !self.asking {
            self.last = exchange.answer.as_ref().or(self.last);
            return;
        }
        // Of several commands it is the last that destroys: a password is set, an erase is announced, and then done.
        let sent = Raw::of(&exchange.sent);
        let is_answered = exchange.answer.is_some();
        if !is_answered || !self.announced || step.command.as_ref() == Some(&sent) {
            self.announced |= !is_answered;
            step.command = Some(sent);
            step.answer = exchange.answer.as_ref().map(|answer| Raw::of(&answer.raw));
        }
    }

    fn answered(&mut self, begun: &Begun, at_ms: u64) {
        let Some(step) = &mut self.step else { return };
        self.asking = false;
        step.took_ms = at_ms.saturating_sub(self.began_ms);
        step.end = match begun {
            Begun::Accepted { estimate_s } => {
                step.estimate_s = *estimate_s;
                End::Open
            }
            Begun::Completed => End::Completed,
            Begun::Failed { .. } => End::Failed,
            Begun::Refused { .. } => End::Refused,
            Begun::Lost { .. } => End::Unanswered,
        };
    }

    fn stands(&mut self, standing: &Standing, at_ms: u64) {
        let Some(step) = self.step.as_mut().filter(|step| step.end == End::Open) else { return };
        step.took_ms = at_ms.saturating_sub(self.began_ms);
        step.status = self.last.map(|answer| Raw::of(&answer.raw));
        step.page = self.last.and_then(|answer| answer.data_in.as_ref()).map(Raw::of);
        match standing {
            Standing::Completed => step.end = End::Completed,
            Standing::Failed { .. } => step.end = End::Failed,
            Standing::Never
            | Standing::InProgress { .. }
            | Standing::Verifiable
            | Standing::Unknown { .. }
            | Standing::Gone => {}
        }
    }
}

impl Way {
    fn of(way: &plan::Way) -> Self {
        let steps = way.steps.iter().copied().map(Coded).collect();
        Self { row: cut(&way.row), level: Coded(way.level), steps, asked: Vec::new() }
    }
}

impl Step {
    const fn asked(technique: Technique) -> Self {
        Self {
            technique: Coded(technique),
            end: End::Unanswered,
            took_ms: 0,
            estimate_s: None,
            command: None,
            answer: None,
            status: None,
            page: None,
            purged: None,
        }
    }
}

impl Raw {
    fn of(octets: &Octets) -> Self {
        Self(octets.0.iter().copied().take(RAW_BYTES).collect())
    }
}

impl Markers {
    /// The marker test of the last way.
    pub(crate) fn of(facts: &[Entry]) -> Option<Self> {
        facts.iter().fold(None, |so_far: Option<Self>, entry| match &entry.fact {
            Fact::MarkersPlaced { placed } => {
                Some(Self { places: placed.places, landed: placed.landed, witnesses: placed.witnesses, sought: None })
            }
            Fact::EraseBegan { .. } => so_far.map(|markers| Self { sought: None, ..markers }),
            Fact::MarkersSought { sought } => {
                so_far.map(|markers| Self { sought: Some(Sought::of(sought)), ..markers })
            }
            Fact::FellThrough { .. } => None,
            _ => so_far,
        })
    }
}

impl Sought {
    fn of(sought: &marker::Sought) -> Self {
        Self {
            left: sought.markers_left,
            witnesses_left: sought.witnesses_left,
            constant: sought.constant,
            other: sought.other,
            unreadable: sought.unreadable.blocks.0,
            blank: Some(sought.blank).filter(|blank| *blank > 0),
        }
    }
}

impl Health {
    /// What the drive said of its health before and after, if it said anything.
    pub(crate) fn of(facts: &[Entry]) -> Option<Self> {
        let mut health = Self::default();
        let mut is_touched = false;
        for entry in facts {
            match &entry.fact {
                Fact::Prepared { prepared } => health.before = Vitals::of(&prepared.health),
                Fact::MarkersPlaced { .. } | Fact::EraseBegan { .. } | Fact::PassBegan { .. } => is_touched = true,
                Fact::Health { health: found } if is_touched => health.after = Vitals::of(found),
                _ => {}
            }
        }
        (health != Self::default()).then_some(health)
    }
}

impl Vitals {
    fn of(health: &firmware::Health) -> Option<Self> {
        let vitals = Self {
            temperature_c: health.temperature_c,
            reallocated: health.reallocated,
            pending: health.pending,
            media_errors: health.media_errors,
            used_percent: health.used_percent,
        };
        (vitals != Self::default()).then_some(vitals)
    }
}
