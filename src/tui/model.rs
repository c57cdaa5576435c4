//! All that the screen knows, folded from events.

mod dialog;
mod row;
mod running;

use std::collections::BTreeMap;
use std::sync::Arc;

use purgeproof_core::drive::Exclusion;
use purgeproof_core::eta::Eta;
use purgeproof_core::event::{Controller, DriveId, Event, Filed, Heat, Layout, Listed, Offer, Progress, Stage, Stick};
use purgeproof_core::evidence::{Battery, JobId};
use purgeproof_core::plan::{Plan, Refusal};
use purgeproof_core::reformat::Reformat;
use purgeproof_core::secret::Vaults;
use purgeproof_core::survey::{Survey, When};
use purgeproof_core::technique::Level;
use purgeproof_core::verdict::{Reason, Verdict};

use crate::words;

pub(crate) use dialog::{Dialog, Entry};
pub(crate) use row::Row;

/// How many sentences the message log keeps.
const NOTICES: usize = 200;

/// Whose machine this is: leaving the program means different things.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Host {
    /// Started from our stick: leaving is powering off or rebooting.
    #[default]
    Appliance,
    /// Somebody's computer: leaving is leaving the program.
    Workstation,
}

/// How the screen came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The operator asked for power-off; on a workstation, to leave.
    PowerOff,
    /// The operator asked for a reboot.
    Reboot,
    /// The engine room ended by itself, as after an unattended run.
    Over,
}

/// A key, as far as the screen has a use for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// A screenful up.
    PageUp,
    /// A screenful down.
    PageDown,
    /// To the beginning.
    Home,
    /// To the end.
    End,
    /// Enter.
    Enter,
    /// Escape.
    Esc,
    /// The character before the cursor is taken back.
    Backspace,
    /// Ctrl-C: whatever is open is given up, and the question whether to leave comes.
    Interrupt,
    /// The machine's power key.
    Power,
    /// Ctrl-Alt-Del, which restarts nothing here.
    CtrlAltDel,
    /// A printable character.
    Char(char),
}

/// What became of a drive since the program started.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) job: Option<JobId>,
    /// The lowest level that there was leave for, as far as that is known.
    pub(crate) floor: Option<Level>,
    /// What the drive was found to hold, each time that it was looked over.
    pub(crate) surveys: Vec<(When, Survey)>,
    pub(crate) phase: Phase,
}

#[derive(Clone, Debug)]
pub(crate) enum Phase {
    Running(Running),
    Ended(Ended),
}

#[derive(Clone, Debug)]
pub(crate) struct Running {
    pub(crate) stage: Stage,
    pub(crate) progress: Progress,
    /// Why the ways before this one came to nothing.
    pub(crate) setbacks: Vec<Reason>,
    pub(crate) began_s: u64,
    /// Since when it is in this stage.
    pub(crate) stage_s: u64,
    /// When the engine room last said something about it.
    pub(crate) heard_s: u64,
    pub(crate) stopping: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Ended {
    pub(crate) verdict: Verdict,
    pub(crate) reformat: Option<Reformat>,
    pub(crate) seconds: u64,
    pub(crate) certificate: Option<Certificate>,
}

#[derive(Clone, Debug)]
pub(crate) struct Certificate {
    pub(crate) filed: Filed,
    pub(crate) qr: String,
}

/// A screenful to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    Details(DriveId),
    Result(DriveId),
    Qr(DriveId),
    Help,
    Log,
    Summary,
}

/// The state of the screen: a plain value, made from events and keys alone.
#[derive(Clone, Debug, Default)]
pub struct Model {
    pub(crate) host: Host,
    pub(crate) banner: String,
    /// The battery that is all that feeds the machine.
    pub(crate) battery: Option<Battery>,
    /// How hot the machine is.
    pub(crate) heat: Option<Heat>,
    /// The layouts that the keyboard can have.
    pub(crate) layouts: Vec<Layout>,
    /// The name of the one that it has.
    pub(crate) layout: String,
    /// `None` until the engine room has looked.
    pub(crate) stick: Option<Stick>,
    pub(crate) waiting: usize,
    /// `None` until the engine room has looked.
    pub(crate) drives: Option<Vec<Listed>>,
    /// Drives that are no longer attached but had a job: their results stay on the screen.
    pub(crate) unplugged: Vec<Listed>,
    pub(crate) controllers: Vec<Controller>,
    pub(crate) runs: BTreeMap<DriveId, Run>,
    /// Newest first.
    pub(crate) notices: Vec<String>,
    /// What the last key came to, where it opened nothing; until the next key or message.
    pub(crate) answer: Option<&'static str>,
    /// Everything that was to be done unattended is done.
    pub(crate) done: bool,
    pub(crate) now_s: u64,
    pub(crate) selected: Option<DriveId>,
    pub(crate) dialog: Option<Dialog>,
    /// The operator does not want to wait for the engine room any longer.
    pub(crate) hurried: Option<Exit>,
    /// Columns and rows of the console that pages are turned for.
    pub(crate) size: (u16, u16),
    /// Where a PSID is typed; without them none is.
    pub(crate) vaults: Option<Arc<dyn Vaults>>,
}

impl Model {
    /// A screen that has heard nothing yet.
    pub fn new(host: Host) -> Self {
        Self { host, size: (80, 25), ..Self::default() }
    }

    /// From now on secrets can be typed.
    #[must_use]
    pub fn with_vaults(self, vaults: Arc<dyn Vaults>) -> Self {
        Self { vaults: Some(vaults), ..self }
    }

    /// Takes in one event.
    pub fn hear(&mut self, event: Event) {
        match event {
            Event::Drives(drives) => self.hear_drives(drives),
            Event::Controllers(controllers) => self.controllers = controllers,
            Event::Stick(stick) => self.stick = Some(stick),
            Event::Waiting(files) => self.waiting = files,
            Event::Battery(battery) => self.battery = battery,
            Event::Heat(heat) => self.heat = heat,
            Event::Keyboard { layouts, current } => (self.layouts, self.layout) = (layouts, current),
            Event::Banner(banner) => self.banner = banner,
            Event::Notice(sentence) => self.notice(sentence),
            Event::Began { drive, job } => self.hear_began(drive, job),
            Event::Stage { drive, stage } => {
                if let Some(running) = self.heard_from(drive) {
                    // Said again, as at every look at a thermometer, it is still the same stage.
                    if running.stage != stage {
                        running.stage_s = running.heard_s;
                    }
                    (running.stage, running.progress) = (stage, Progress::default());
                }
            }
            Event::FellThrough { drive, setbacks } => {
                if let Some(running) = self.heard_from(drive) {
                    running.setbacks = setbacks;
                }
            }
            Event::Progress { drive, progress } => {
                if let Some(running) = self.heard_from(drive) {
                    running.progress = progress;
                }
            }
            Event::Surveyed { drive, when, survey } => {
                if let Some(run) = self.runs.get_mut(&drive) {
                    run.surveys.push((when, *survey));
                }
            }
            Event::Ended { drive, verdict, reformat, seconds } => {
                self.hear_ended(drive, Ended { verdict, reformat, seconds, certificate: None });
            }
            Event::Certified { drive, filed, qr } => {
                if let Some(ended) = self.runs.get_mut(&drive).and_then(Run::ended_mut) {
                    ended.certificate = Some(Certificate { filed, qr });
                }
            }
            Event::OneAgreed { drive } => self.hear_one_agreed(drive),
            Event::Denied { drive, why } => self.hear_denied(drive, why),
            Event::Done => {
                self.done = true;
                self.dialog.get_or_insert(Dialog::Page { page: Page::Summary, scroll: 0 });
            }
        }
    }

    /// Tells the time, in seconds of any clock that never goes back.
    pub fn tick(&mut self, now_s: u64) {
        self.now_s = now_s;
    }

    /// Tells the columns and rows of the console that pages are turned for.
    pub fn resize(&mut self, size: (u16, u16)) {
        self.size = size;
    }

    fn hear_drives(&mut self, drives: Vec<Listed>) {
        let at = self.position();
        let asked = self.dialog.as_ref().and_then(Dialog::drive).and_then(|id| self.row(id)?.plan().cloned());
        for old in self.drives.take().unwrap_or_default() {
            let is_back = drives.iter().any(|new| new.id == old.id);
            if !is_back && self.runs.contains_key(&old.id) {
                self.unplugged.push(old);
            }
        }
        self.unplugged.retain(|old| !drives.iter().any(|new| new.id == old.id));
        self.drives = Some(drives);
        if self.selected.is_none_or(|id| self.row(id).is_none()) {
            let rows = self.rows();
            let next = rows.get(at.min(rows.len().saturating_sub(1))).map(|row| row.listed.id);
            self.selected = next;
        }
        self.ask_again(asked.as_ref());
    }

    /// What is asked about a drive holds for the drive and the plan that it was asked about.
    fn ask_again(&mut self, asked: Option<&Plan>) {
        let Some((dialog, drive)) = self.dialog.as_ref().and_then(|dialog| Some((dialog, dialog.drive()?))) else {
            return;
        };
        let row = self.row(drive).filter(|row| row.attached);
        let plan = row.and_then(|row| row.plan());
        let is_moot = match dialog {
            Dialog::Consent { sent: false, resumes, .. } => {
                plan.is_none() || plan != asked || *resumes && row.is_none_or(|row| row.interrupted().is_none())
            }
            Dialog::Lower { .. } => plan.is_none(),
            Dialog::Psid { .. } => !row.is_some_and(|row| row.takes_psid()),
            _ => false,
        };
        if is_moot {
            self.dialog = None;
            self.notice(words::CONSENT_GONE.into());
        } else if matches!(dialog, Dialog::Lower { .. }) && plan.is_some_and(|plan| !plan.technique().is_firmware()) {
            self.dialog = Some(Dialog::consent(drive, false));
        }
    }

    fn hear_began(&mut self, drive: DriveId, job: JobId) {
        let running = Running {
            stage: Stage::Probe,
            progress: Progress::default(),
            setbacks: Vec::new(),
            began_s: self.now_s,
            stage_s: self.now_s,
            heard_s: self.now_s,
            stopping: false,
        };
        let floor = self.row(drive).and_then(|row| row.plan()).map(|plan| plan.floor);
        self.runs.insert(drive, Run { job: Some(job), floor, surveys: Vec::new(), phase: Phase::Running(running) });
        self.close_if(|dialog| !matches!(dialog, Dialog::Stop { .. }) && dialog.drive() == Some(drive));
    }

    fn hear_ended(&mut self, drive: DriveId, ended: Ended) {
        let phase = Phase::Ended(ended);
        let ended = match self.runs.remove(&drive) {
            Some(run) => Run { phase, ..run },
            None => Run { job: None, floor: None, surveys: Vec::new(), phase },
        };
        self.runs.insert(drive, ended);
        self.close_if(|dialog| dialog.drive() == Some(drive));
    }

    fn hear_one_agreed(&mut self, drive: DriveId) {
        if let Some(Dialog::Consent { drive: of, entry, sent, second, .. }) = &mut self.dialog
            && *of == drive
        {
            *entry = Entry::default();
            (*sent, *second) = (false, true);
        }
    }

    fn hear_denied(&mut self, drive: DriveId, why: String) {
        match &mut self.dialog {
            Some(Dialog::Consent { drive: of, entry, sent, .. }) if *of == drive => {
                *entry = Entry { typed: String::new(), complaint: Some(why) };
                *sent = false;
            }
            _ => {
                self.close_if(|dialog| matches!(dialog, Dialog::Lower { drive: of } if *of == drive));
                self.notice(why);
            }
        }
    }

    fn heard_from(&mut self, drive: DriveId) -> Option<&mut Running> {
        let now_s = self.now_s;
        match &mut self.runs.get_mut(&drive)?.phase {
            Phase::Running(running) => {
                running.heard_s = now_s;
                Some(running)
            }
            Phase::Ended(_) => None,
        }
    }

    fn close_if(&mut self, which: impl Fn(&Dialog) -> bool) {
        self.dialog.take_if(|dialog| which(dialog));
    }

    pub(crate) fn notice(&mut self, sentence: String) {
        // What happens is told over what an earlier key came to.
        self.answer = None;
        self.notices.insert(0, sentence);
        self.notices.truncate(NOTICES);
    }

    /// The lines of the list: what can or could be erased, what is refused, what is never offered.
    pub(crate) fn rows(&self) -> Vec<Row<'_>> {
        let attached = self.drives.iter().flatten().map(|listed| (listed, true));
        let all = attached.chain(self.unplugged.iter().map(|listed| (listed, false)));
        let mut rows: Vec<Row<'_>> =
            all.map(|(listed, attached)| Row { listed, run: self.runs.get(&listed.id), attached }).collect();
        rows.sort_by_key(Row::rank);
        rows
    }

    pub(crate) fn row(&self, id: DriveId) -> Option<Row<'_>> {
        self.rows().into_iter().find(|row| row.listed.id == id)
    }

    pub(crate) fn selected_row(&self) -> Option<Row<'_>> {
        self.row(self.selected?)
    }

    /// The line of the selected drive, 0 if there is none.
    pub(crate) fn position(&self) -> usize {
        self.rows().iter().position(|row| Some(row.listed.id) == self.selected).unwrap_or(0)
    }

    pub(crate) fn running(&self) -> usize {
        self.runs.values().filter(|run| run.running().is_some()).count()
    }

    /// When the last of several running jobs will be over, if that can be said of every one of them.
    pub(crate) fn left(&self) -> Option<Eta> {
        let mut etas = self.runs.values().filter_map(Run::running).map(|running| running.progress.eta);
        let (first, second) = (etas.next()??, etas.next()??);
        etas.try_fold(first.and(second), |all, eta| Some(all.and(eta?)))
    }

    /// Drives that could be erased and have not been touched.
    pub(crate) fn ready(&self) -> usize {
        self.rows().iter().filter(|row| row.is_ready()).count()
    }

    pub(crate) fn ended(&self) -> impl Iterator<Item = &Ended> {
        self.runs.values().filter_map(Run::ended)
    }

    /// Drives with content of their own that nobody decided to keep, and that could not be erased.
    pub(crate) fn passed_over(&self) -> usize {
        let is_passed_over = |row: &&Row<'_>| match (&row.listed.offer, row.run) {
            (_, Some(_)) | (Offer::Planned(_) | Offer::Refused(Refusal::LeftByPolicy { .. }), None) => false,
            (Offer::Refused(_), None) => true,
            (Offer::Excluded(why), None) => {
                matches!(
                    why,
                    Exclusion::InUse(_)
                        | Exclusion::ReadOnly
                        | Exclusion::OddGeometry
                        | Exclusion::PersistentMemory
                        | Exclusion::PerhapsBootMedium
                )
            }
        };
        self.rows().iter().filter(is_passed_over).count()
    }

    /// Whether a job or a certificate would be lost by leaving now.
    pub(crate) fn loses_by_leaving(&self) -> bool {
        self.running() > 0 || self.unsaved() > 0
    }

    /// Certificates that would be lost with the power.
    pub(crate) fn unsaved(&self) -> usize {
        let in_memory = self.ended().filter(|ended| !ended.is_on_stick()).count();
        self.waiting.max(in_memory)
    }
}

impl Run {
    pub(crate) fn running(&self) -> Option<&Running> {
        match &self.phase {
            Phase::Running(running) => Some(running),
            Phase::Ended(_) => None,
        }
    }

    pub(crate) fn ended(&self) -> Option<&Ended> {
        match &self.phase {
            Phase::Ended(ended) => Some(ended),
            Phase::Running(_) => None,
        }
    }

    fn ended_mut(&mut self) -> Option<&mut Ended> {
        match &mut self.phase {
            Phase::Ended(ended) => Some(ended),
            Phase::Running(_) => None,
        }
    }
}

impl Ended {
    pub(crate) fn is_on_stick(&self) -> bool {
        matches!(self.certificate, Some(Certificate { filed: Filed::OnStick { .. }, .. }))
    }
}
