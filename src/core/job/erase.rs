//! The part of a job that the drive's firmware does: what is asked of it, how long it is waited for, and what is done when it says no.

mod reformat;
mod rest;

use alloc::vec::Vec;

use crate::capability::Obstacle;
use crate::drive::Identity;
use crate::evidence::Fact;
use crate::firmware::{Begun, Health, Prepared, Settled, Standing};
use crate::job::resume::Point;
use crate::job::{Job, Next};
use crate::marker::{Placed, Sought};
use crate::plan::Way;
use crate::survey::{Survey, When};
use crate::technique::Technique;
use crate::units::Bytes;

/// Where a job is on its way through the plan.
#[derive(Debug, Default)]
pub(super) struct Erase {
    /// The index of the way.
    way: usize,
    /// How many of its firmware steps are done.
    step: usize,
    /// How many overwrite passes have ended.
    pub(super) passes: usize,
    /// The size that the drive has since hidden areas were opened.
    capacity: Option<Bytes>,
    /// It was looked over before the first write.
    is_surveyed: bool,
    /// The drive tells its temperature or its errors.
    has_health: bool,
    /// Since when it has been waited for the drive to cool down.
    hot_since_ms: Option<u64>,
    /// Since when it rests from being written or read.
    resting_since_ms: Option<u64>,
    /// Techniques that the drive refused, failed at or lied about: no other way through them is tried.
    failed: Vec<Technique>,
    /// The technique that has been tried once and may be tried once more.
    retried: Option<Technique>,
    /// Enough markers landed to test what the drive says.
    is_marked: bool,
    /// This way has been gone twice, because the drive took no markers the first time.
    is_gone_twice: bool,
    /// The medium was looked at after this step.
    is_looked_at: bool,
    /// What was to be erased was still on the medium then.
    is_found_out: bool,
    /// How the drive takes zeros was looked at.
    pub(super) is_gauged: bool,
    watch: Watch,
    phase: Phase,
    /// Where an interrupted job was, until that has been looked at.
    pub(super) resumes: Option<Point>,
    /// The erase is over, and the drive formats itself to blocks of another length.
    pub(super) reformats: bool,
}

/// What the next word about the drive is for.
#[derive(Debug, Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Before,
    /// Somebody else's sanitize is waited for.
    Attached,
    Erasing,
    After,
}

/// An erase that is being waited for.
#[derive(Debug, Default)]
struct Watch {
    began_ms: u64,
    /// When something moved last.
    moved_ms: u64,
    /// When the drive's health was read last.
    felt_ms: u64,
    estimate_s: Option<u64>,
    last: Option<Standing>,
    /// The last progress that the drive told.
    progress: Option<u16>,
    /// The last progress that went into the evidence, in tenths.
    noted: Option<u16>,
    /// Answers in a row that said nothing.
    silent: u32,
    /// Answers in a row that said that nothing was ever begun.
    never: u32,
}

impl Erase {
    /// On the way on which the job was interrupted.
    pub(super) fn resumed(point: Point) -> Self {
        // It was looked over when it still held what it held, and before its first pass it was found out how it takes zeros.
        Self { way: point.way, resumes: Some(point), is_surveyed: true, is_gauged: true, ..Self::default() }
    }
}

/// How often a drive may say nothing of use, or "nothing was ever begun", before it is believed.
const SILENT: u32 = 5;
/// The time between such answers: a drive may need a moment to see what it was asked for.
const SILENT_STEP_MS: u64 = 2_000;
/// How often the temperature of a drive at work is taken down. Its own erase cannot be paused, but whoever reads of one that failed
/// wants to know.
const FEEL_MS: u64 = 5 * 60 * 1000;
/// How long a drive may take to cool down.
const COOLING_MS: u64 = 30 * 60 * 1000;
const COOLING_STEP_MS: u64 = 30 * 1000;

impl Watch {
    fn new(now_ms: u64, estimate_s: Option<u64>) -> Self {
        Self { began_ms: now_ms, moved_ms: now_ms, felt_ms: now_ms, estimate_s, ..Self::default() }
    }

    /// How long nothing may move: three times the drive's own estimate, but two minutes at the least (drives count in coarse steps)
    /// and half an hour at the most; half a day for a drive that gives none. Where the drive tells no progress nothing can move, and
    /// only the whole time counts.
    fn patience_ms(&self) -> u64 {
        let Some(estimate_s) = self.estimate_s else { return 12 * 3_600_000 };
        let most_ms = if self.progress.is_some() { 1_800_000 } else { u64::MAX };
        estimate_s.saturating_mul(3_000).clamp(120_000, most_ms)
    }

    /// How long it may take in all: three times the drive's own estimate, and a day at the least; a week for a drive that gives none,
    /// because the largest disks take days.
    fn limit_ms(&self) -> u64 {
        const DAY_MS: u64 = 24 * 3_600_000;
        self.estimate_s.map_or(7 * DAY_MS, |estimate_s| estimate_s.saturating_mul(3_000).max(DAY_MS))
    }

    /// For how many seconds nothing has moved, once it is given up.
    fn stalled_s(&self, now_ms: u64) -> Option<u64> {
        let quiet_ms = now_ms.saturating_sub(self.moved_ms);
        let is_over = quiet_ms > self.patience_ms() || now_ms.saturating_sub(self.began_ms) > self.limit_ms();
        is_over.then_some(quiet_ms / 1000)
    }

    /// When to ask again: at once for what takes seconds, every five seconds for what takes hours.
    fn interval_ms(&self, now_ms: u64) -> u64 {
        let least_ms = if self.silent > 0 { SILENT_STEP_MS } else { 100 };
        (now_ms.saturating_sub(self.began_ms) / 8).clamp(least_ms, 5_000)
    }

    /// Takes note of an answer; whether it belongs into the evidence.
    fn hear(&mut self, now_ms: u64, standing: &Standing) -> bool {
        // An answer that says nothing is no movement, nor is the same figure after it.
        if let Standing::InProgress { progress } = standing
            && *progress != self.progress
        {
            (self.progress, self.moved_ms) = (*progress, now_ms);
        }
        let is_never = *standing == Standing::Never;
        let is_silent = is_never || matches!(standing, Standing::Unknown { .. });
        self.silent = if is_silent { self.silent + 1 } else { 0 };
        self.never = if is_never { self.never + 1 } else { 0 };
        let tenth = match standing {
            Standing::InProgress { progress: Some(progress) } => Some(progress / 6554),
            _ => None,
        };
        let is_news = self.last.as_ref().is_none_or(|last| !last.is_like(standing)) || tenth != self.noted;
        self.noted = tenth;
        self.last = Some(standing.clone());
        is_news
    }
}

impl Job {
    /// The way that is being gone.
    pub fn way(&self) -> Option<&Way> {
        self.evidence.plan.ways.get(self.erase.way)
    }

    pub(super) fn opened(&mut self, now_ms: u64, found: Identity) -> Next {
        let capacity = self.capacity();
        let expected = Identity { capacity, ..self.evidence.plan.drive.clone() };
        if !found.is_same_drive(&expected) {
            return self.end(now_ms, Fact::OtherDrive { found });
        }
        self.evidence.add(now_ms, Fact::Opened { found });
        if self.erase.capacity.is_some() { self.set_out(now_ms) } else { Next::Prepare }
    }

    pub(super) fn prepared(&mut self, now_ms: u64, prepared: Prepared) -> Next {
        self.erase.has_health = prepared.health != Health::default();
        // Looked over once more after somebody else's sanitize, a drive has no areas left to open that were opened before.
        self.erase.capacity = prepared.capacity.or(self.erase.capacity);
        let is_gone = prepared.standing == Standing::Gone;
        let is_stuck = matches!(prepared.obstacle, Some(Obstacle::Locked | Obstacle::WriteProtected));
        let (is_busy, is_hot) =
            (matches!(prepared.standing, Standing::InProgress { .. }), prepared.health.is_too_hot());
        if prepared != Prepared::default() {
            self.evidence.add(now_ms, Fact::Prepared { prepared });
        }
        if is_stuck || is_gone {
            return self.over();
        }
        if is_busy && self.erase.phase != Phase::Attached {
            // Begun before this job, by whom we cannot know: it is waited for, and then the drive is erased by us.
            self.erase.phase = Phase::Attached;
            self.erase.watch = Watch::new(now_ms, None);
            return Next::Watch { after_ms: 0 };
        }
        if is_hot { self.cool_down(now_ms) } else { self.reopen_or_set_out(now_ms) }
    }

    fn cool_down(&mut self, now_ms: u64) -> Next {
        let since = *self.erase.hot_since_ms.get_or_insert(now_ms);
        if now_ms.saturating_sub(since) > COOLING_MS {
            self.over()
        } else {
            Next::CheckHealth { after_ms: COOLING_STEP_MS }
        }
    }

    pub(super) fn health(&mut self, now_ms: u64, health: Health) -> Next {
        match self.erase.phase {
            Phase::After => {
                self.evidence.add(now_ms, Fact::Health { health });
                return self.reformat(now_ms);
            }
            Phase::Erasing | Phase::Attached => {
                self.evidence.add(now_ms, Fact::Health { health });
                return Next::Watch { after_ms: self.erase.watch.interval_ms(now_ms) };
            }
            Phase::Before => {}
        }
        if health.is_too_hot() {
            self.evidence.add(now_ms, Fact::TooHot { health });
            return self.cool_down(now_ms);
        }
        self.evidence.add(now_ms, Fact::Health { health });
        self.reopen_or_set_out(now_ms)
    }

    /// The size that the drive has now.
    pub(super) fn capacity(&self) -> Bytes {
        self.erase.capacity.unwrap_or(self.evidence.plan.drive.capacity)
    }

    fn reopen_or_set_out(&mut self, now_ms: u64) -> Next {
        if self.erase.capacity.is_some() { Next::Open } else { self.set_out(now_ms) }
    }

    /// Begins the way: with the markers if the drive is to erase itself, with the first pass if not. Before the first one the drive is
    /// looked over.
    fn set_out(&mut self, now_ms: u64) -> Next {
        if !core::mem::replace(&mut self.erase.is_surveyed, true) {
            return Next::Survey(When::Before);
        }
        self.erase.is_found_out = false;
        self.erase.step = 0;
        self.erase.passes = 0;
        match self.way().map(|way| way.firmware().next().is_some()) {
            Some(true) => {
                self.evidence.add(now_ms, Fact::MarkingBegan);
                Next::Mark
            }
            Some(false) if self.erase.resumes.is_some() => self.recheck(now_ms),
            Some(false) => self.write(now_ms, 0),
            None => self.over(),
        }
    }

    pub(super) fn surveyed(&mut self, now_ms: u64, when: When, survey: Survey) -> Next {
        self.evidence.add(now_ms, Fact::Surveyed { when, survey });
        match when {
            When::Before => self.set_out(now_ms),
            When::After => self.last_look(now_ms),
        }
    }

    pub(super) fn marked(&mut self, now_ms: u64, placed: Placed) -> Next {
        self.erase.is_marked = placed.is_enough();
        self.evidence.add(now_ms, Fact::MarkersPlaced { placed });
        self.next_step(now_ms)
    }

    fn technique(&self) -> Option<Technique> {
        self.way().and_then(|way| way.firmware().nth(self.erase.step))
    }

    fn next_step(&mut self, now_ms: u64) -> Next {
        let Some(technique) = self.technique() else { return Next::Seek };
        self.evidence.add(now_ms, Fact::EraseBegan { technique });
        self.erase.phase = Phase::Erasing;
        self.erase.is_looked_at = false;
        Next::Begin(technique)
    }

    pub(super) fn begun(&mut self, now_ms: u64, begun: &Begun) -> Next {
        self.evidence.add(now_ms, Fact::EraseAnswered { begun: begun.clone() });
        match begun {
            Begun::Accepted { estimate_s } => {
                self.erase.watch = Watch::new(now_ms, *estimate_s);
                Next::Watch { after_ms: 0 }
            }
            Begun::Completed => self.settle(),
            Begun::Refused { .. } => self.fall_through(now_ms),
            Begun::Failed { .. } => self.once_more(now_ms),
            // The drive may be at work: whatever is sent to it now could only make things worse.
            Begun::Lost { .. } => self.over(),
        }
    }

    pub(super) fn stands(&mut self, now_ms: u64, standing: &Standing) -> Next {
        if self.erase.watch.hear(now_ms, standing) {
            self.evidence.add(now_ms, Fact::Stands { standing: standing.clone() });
        }
        let watch = &self.erase.watch;
        let (is_silent, is_ignored) = (watch.silent >= SILENT, watch.never >= SILENT);
        let again = Next::Watch { after_ms: watch.interval_ms(now_ms) };
        if *standing == Standing::Gone {
            return self.over();
        }
        let is_unread = matches!(standing, Standing::Unknown { .. });
        match standing {
            Standing::Verifiable if self.erase.phase == Phase::Erasing && !self.erase.is_looked_at => {
                Next::SeekOnMedium
            }
            Standing::InProgress { .. } | Standing::Verifiable => {
                self.stalled(now_ms).unwrap_or_else(|| self.feel(now_ms, again))
            }
            // While a drive sanitizes itself it lets nobody look for hidden areas, nor open any.
            _ if self.erase.phase == Phase::Attached && (is_silent || !is_unread) => Next::Prepare,
            Standing::Completed => self.settle(),
            Standing::Failed { .. } => self.once_more(now_ms),
            Standing::Never if is_ignored => self.fall_through(now_ms),
            Standing::Unknown { .. } if is_silent => self.over(),
            _ => again,
        }
    }

    /// Reads the health of a drive at work every now and then.
    fn feel(&mut self, now_ms: u64, otherwise: Next) -> Next {
        let watch = &mut self.erase.watch;
        if !self.erase.has_health || now_ms.saturating_sub(watch.felt_ms) < FEEL_MS {
            return otherwise;
        }
        watch.felt_ms = now_ms;
        Next::CheckHealth { after_ms: 0 }
    }

    fn stalled(&mut self, now_ms: u64) -> Option<Next> {
        let quiet_s = self.erase.watch.stalled_s(now_ms)?;
        Some(self.end(now_ms, Fact::Stalled { quiet_s }))
    }

    /// A drive that failed is asked once more before it is given up: that is the only way out of the state it is in.
    fn once_more(&mut self, now_ms: u64) -> Next {
        let technique = self.technique();
        if technique.is_none() || self.erase.retried == technique {
            return self.fall_through(now_ms);
        }
        self.erase.retried = technique;
        self.next_step(now_ms)
    }

    fn settle(&self) -> Next {
        self.technique().map_or(Next::Seek, Next::Settle)
    }

    /// Whatever was found, the drive has to come out of that state first: until then it takes nothing else.
    pub(super) fn sought_on_medium(&mut self, now_ms: u64, sought: Sought) -> Next {
        let (is_clean, is_gone) = (sought.is_clean(), sought.gone);
        self.evidence.add(now_ms, Fact::SoughtOnMedium { sought });
        if is_gone {
            return self.over();
        }
        self.erase.is_looked_at = true;
        self.erase.is_found_out |= !is_clean;
        self.erase.watch = Watch::new(now_ms, self.erase.watch.estimate_s);
        Next::Watch { after_ms: 0 }
    }

    pub(super) fn settled(&mut self, now_ms: u64, settled: Settled) -> Next {
        let is_good = settled.problems.is_empty();
        self.evidence.add(now_ms, Fact::Settled { settled });
        if core::mem::take(&mut self.erase.is_found_out) {
            // Only its medium gave it away. Of another technique that may not be looked at there, its word would be all there is.
            let all: Vec<Technique> = self.evidence.plan.ways.iter().flat_map(Way::firmware).collect();
            self.erase.failed.extend(all);
            return self.take_another_way(now_ms);
        }
        if !is_good {
            return self.fall_through(now_ms);
        }
        self.erase.step += 1;
        self.next_step(now_ms)
    }

    pub(super) fn sought(&mut self, now_ms: u64, sought: Sought) -> Next {
        let (is_clean, is_gone) = (sought.is_clean(), sought.gone);
        self.evidence.add(now_ms, Fact::MarkersSought { sought });
        if is_gone {
            return self.over();
        }
        if !is_clean {
            // Which of the steps lied cannot be told: none of them is believed again.
            let steps: Vec<Technique> = self.way().into_iter().flat_map(Way::firmware).collect();
            self.erase.failed.extend(steps);
            // What is still there can at least be shown.
            return self.another_way(now_ms).unwrap_or(Next::Survey(When::After));
        }
        let is_proven = self.erase.is_marked || self.way().is_some_and(Way::stands_without_markers);
        // A drive that an erase has failed on before takes nothing but another erase. Now it may take markers, and its word can be tested.
        if !is_proven && !core::mem::replace(&mut self.erase.is_gone_twice, true) {
            return self.set_out(now_ms);
        }
        if self.way().is_some_and(Way::overwrites) { self.write(now_ms, 0) } else { self.verify() }
    }

    fn fall_through(&mut self, now_ms: u64) -> Next {
        self.erase.failed.extend(self.technique());
        self.take_another_way(now_ms)
    }

    fn take_another_way(&mut self, now_ms: u64) -> Next {
        self.another_way(now_ms).unwrap_or_else(|| self.over())
    }

    /// The next way that there is leave for and that does without what has failed, if there is one.
    fn another_way(&mut self, now_ms: u64) -> Option<Next> {
        let plan = &self.evidence.plan;
        let is_open =
            |way: &Way| way.level >= plan.floor && !way.steps.iter().any(|step| self.erase.failed.contains(step));
        let other = plan.ways.iter().enumerate().skip(self.erase.way + 1).find(|(_, way)| is_open(way));
        let (way, _) = other?;
        self.erase.way = way;
        self.erase.is_gone_twice = false;
        self.evidence.add(now_ms, Fact::FellThrough { way });
        Some(self.set_out(now_ms))
    }

    /// After the last survey: the drive's health once more, if it tells.
    pub(super) fn last_look(&mut self, now_ms: u64) -> Next {
        self.erase.phase = Phase::After;
        if self.erase.has_health { Next::CheckHealth { after_ms: 0 } } else { self.reformat(now_ms) }
    }
}
