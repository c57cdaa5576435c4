//! The floor, where everything meets: which drives there are, what is planned for each, who may start, what is running, and when it
//! is all done. One thread owns it; everybody else sends it [`Input`].

use std::collections::BTreeSet;
use std::sync::mpsc::{Receiver, Sender};
use std::time::Duration;

use purgeproof_core::consent::Consent;
use purgeproof_core::drive::Drive;
use purgeproof_core::event::{Controller, DriveId, Event, Listed, Offer, Request};
use purgeproof_core::evidence::{Concealing, Setting};
use purgeproof_core::job::Job;
use purgeproof_core::job::resume::Interrupted;
use purgeproof_core::plan::{Plan, plan};
use purgeproof_core::policy::{Policy, WhenDone};
use purgeproof_core::secret::Guarded;
use purgeproof_drive::Psid;
use purgeproof_drive::inventory::Found;
use purgeproof_engine::Engine;

use crate::drawn::draw;
use crate::filing::{AnyShelf, Filing};
use crate::means::{self, Means};
use crate::offer;
use keyboard::{Keyboard, Word};

#[path = "asleep.rs"]
mod asleep;
#[path = "keyboard.rs"]
pub(crate) mod keyboard;
#[path = "resume.rs"]
mod resume;
#[path = "unattended.rs"]
mod unattended;

/// The stick has this long to show itself before it counts as not there: an unattended run's journal should be on it before the first
/// block is written. A machine that was started over a network may have none.
const STICK_MS: u64 = 10_000;

/// An unattended run is over when nothing has been plugged in for so long: disks that spin up slowly come late.
const QUIET_MS: u64 = 5_000;

/// What was not filed is offered to the stick again this often.
const RETRY_MS: u64 = 5_000;

/// What the floor hears.
pub(crate) enum Input {
    /// Something for the screen.
    Event(Event),
    /// Something that the operator asks for.
    Request(Request),
    /// The disks and controllers as they are now.
    Found(Vec<Found>, Vec<Controller>),
    /// A stick came, with its policy file if it has one, or went.
    Stick(Option<(AnyShelf, PolicyFile)>),
    /// Time goes by.
    Tick,
}

/// The policy file of a stick.
pub(crate) enum PolicyFile {
    Absent,
    Text(String),
    /// It is there but could not be read.
    Unreadable(String),
}

/// What the program is asked to do when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    PowerOff,
    Reboot,
}

/// What the floor needs from the world.
pub(crate) trait World {
    /// Milliseconds since the machine started.
    fn now_ms(&self) -> u64;
    /// The circumstances of a job that begins now.
    fn setting(&self, policy: &Policy) -> Setting;
    /// The drive, to be opened, with the PSID from its label if the operator typed one.
    fn drive(&self, found: &Found, psid: Option<Psid>) -> Box<dyn Drive>;
    /// Looks for disks at once.
    fn rescan(&self);
    /// The keyboard of the machine, if one types to a screen of it.
    fn keyboard(&mut self) -> Option<&mut Keyboard>;
    /// Suspends the machine for a few seconds.
    ///
    /// # Errors
    /// A sentence that says why it cannot.
    fn suspend(&self) -> Result<(), String>;
}

/// A drive that was seen in this run.
struct Known {
    id: DriveId,
    found: Found,
    is_present: bool,
    /// It was away, or plugged in elsewhere, since its last job was begun.
    has_returned: bool,
    means: Means,
    /// The plan of the job that was begun last.
    going: Option<Plan>,
}

impl Known {
    fn offer(&self, policy: &Policy) -> Offer {
        offer::offer(&self.found, &self.means.apply(&self.found.capabilities), policy)
    }
}

/// Whose word the policy is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// No stick was seen yet.
    Awaited,
    /// It holds.
    Firm,
    /// The file is wrong: nothing happens without the operator.
    Broken,
}

/// What is done once there is leave.
type Act<W> = fn(&mut Floor<W>, DriveId, Consent) -> Result<(), String>;

/// The operator's word, with which a second person has yet to agree.
struct Half<W> {
    drive: DriveId,
    consent: Consent,
    act: Act<W>,
}

pub(crate) struct Floor<W> {
    world: W,
    screen: Sender<Event>,
    filing: Filing,
    engine: Engine,
    policy: Policy,
    standing: Standing,
    /// The consent of the kernel command line.
    command_line: Option<(Vec<String>, Option<WhenDone>)>,
    drives: Vec<Known>,
    /// The controllers that may hide others.
    concealing: Vec<Concealing>,
    begun: BTreeSet<DriveId>,
    /// Jobs that were left in the middle, by earlier runs or because their drive had left, and that may go on.
    interrupted: Vec<Interrupted>,
    half: Option<Half<W>>,
    /// When the first list of disks came, which takes as long as their drivers take. Before it nobody has been waited for.
    since_ms: Option<u64>,
    changed_ms: u64,
    tried_ms: u64,
    /// When the stick came.
    stick_ms: u64,
    /// Whether anybody was told that there is a stick or none.
    is_stick_known: bool,
    is_done: bool,
    has_warned: bool,
    has_unfrozen: bool,
    woken_ms: u64,
}

impl<W: World> Floor<W> {
    pub(crate) fn new(
        world: W,
        screen: Sender<Event>,
        filing: Filing,
        engine: Engine,
        command_line: Option<(Vec<String>, Option<WhenDone>)>,
    ) -> Self {
        let now = world.now_ms();
        Self {
            world,
            screen,
            filing,
            engine,
            policy: Policy::default(),
            standing: Standing::Awaited,
            command_line,
            drives: Vec::new(),
            concealing: Vec::new(),
            begun: BTreeSet::new(),
            interrupted: Vec::new(),
            half: None,
            since_ms: None,
            changed_ms: now,
            tried_ms: now,
            stick_ms: now,
            is_stick_known: false,
            is_done: false,
            has_warned: false,
            has_unfrozen: false,
            woken_ms: now,
        }
    }

    /// Takes in what happened; says when the program is to end.
    pub(crate) fn hear(&mut self, input: Input) -> Option<End> {
        match input {
            Input::Event(event) => self.event(event),
            Input::Request(Request::Psid { drive, psid }) => self.psid(drive, psid),
            Input::Request(Request::Overwrite { drive }) => self.overwrite(drive),
            Input::Request(Request::Unfreeze) => self.unfreeze(),
            Input::Request(Request::Purge { drive, typed }) => self.answer(drive, &typed, Self::begin),
            Input::Request(Request::Resume { drive, typed }) => self.answer(drive, &typed, Self::resume),
            Input::Request(Request::Second { drive, typed }) => self.second(drive, &typed),
            Input::Request(Request::Stop { drive }) => self.engine.stop(drive),
            Input::Request(Request::Layout { name }) => self.keymap(&name, Word::Operator),
            Input::Request(Request::Rescan) => self.world.rescan(),
            Input::Request(Request::PowerOff) => return Some(End::PowerOff),
            Input::Request(Request::Reboot) => return Some(End::Reboot),
            Input::Found(found, controllers) => self.found(found, controllers),
            Input::Stick(stick) => self.stick(stick),
            Input::Tick => return self.tick(),
        }
        None
    }

    /// Stops what runs and gives the filing thread time for what became of it; the screen goes on until then.
    pub(crate) fn close(self, inbox: &Receiver<Input>) {
        for known in &self.drives {
            self.engine.stop(known.id);
        }
        let patience = self.world.now_ms() + STICK_MS;
        while self.engine.running() > 0 && self.world.now_ms() < patience {
            if let Ok(Input::Event(event)) = inbox.recv_timeout(Duration::from_millis(50)) {
                self.tell(event);
            }
        }
        self.filing.finish();
        for input in inbox.try_iter() {
            if let Input::Event(event) = input {
                self.tell(event);
            }
        }
    }

    fn event(&mut self, event: Event) {
        if let Event::Certified { drive, .. } = &event {
            self.look_again(*drive);
        }
        // What the drive has shown that it cannot do changes what it is offered for.
        let learnt = match &event {
            Event::FellThrough { drive, setbacks } => Some((*drive, setbacks.clone(), false)),
            Event::Ended { drive, verdict, .. } => Some((*drive, verdict.reasons.clone(), true)),
            _ => None,
        };
        self.tell(event);
        let Some((drive, reasons, is_over)) = learnt else { return };
        if let Some(known) = self.drives.iter_mut().find(|known| known.id == drive) {
            known.means.note(&reasons);
        }
        if is_over {
            self.list();
        }
    }

    /// The kernel keeps quiet about a drive whose blocks have become some that it takes.
    fn look_again(&self, id: DriveId) {
        let reformats = |known: &Known| known.going.as_ref().is_some_and(|plan| plan.reformat.is_some());
        if self.drives.iter().any(|known| known.id == id && reformats(known)) {
            self.world.rescan();
        }
    }

    fn psid(&mut self, id: DriveId, typed: Guarded) {
        let Some(psid) = Psid::new(typed) else {
            let why =
                "A PSID has 32 letters and digits: nothing was done. Type it as it is printed on the label".to_string();
            return self.tell(Event::Denied { drive: id, why });
        };
        if let Some(known) = self.drives.iter_mut().find(|known| known.id == id) {
            known.means.learn(psid);
        }
        self.list();
    }

    /// Plans nothing but an overwrite for this drive from now on.
    fn overwrite(&mut self, id: DriveId) {
        if self.engine.is_running(id) {
            let why = "The drive is being erased: nothing was changed. Wait for it to end".to_string();
            return self.tell(Event::Denied { drive: id, why });
        }
        if let Some(known) = self.drives.iter_mut().find(|known| known.id == id) {
            known.means.overwrite_only();
        }
        self.list();
    }

    fn tell(&self, event: Event) {
        // The screen may be gone; the work is not done for it.
        let _ = self.screen.send(event);
    }

    fn notice(&self, sentence: impl Into<String>) {
        self.tell(Event::Notice(sentence.into()));
    }

    fn found(&mut self, found: Vec<Found>, controllers: Vec<Controller>) {
        let were_present: Vec<bool> =
            self.drives.iter_mut().map(|known| core::mem::take(&mut known.is_present)).collect();
        for found in found {
            // A drive keeps its number wherever it is plugged in again; two that answer alike are still two. One that was begun may
            // have grown meanwhile, when its hidden areas were opened.
            let begun = &self.begun;
            let same = |known: &Known| {
                let (old, new) = (&known.found.identity, &found.identity);
                let has_grown = begun.contains(&known.id) && old.is_same_but_for_size(new);
                !known.is_present && (old.is_same_drive(new) || has_grown)
            };
            if let Some((index, known)) = self.drives.iter_mut().enumerate().find(|(_, known)| same(known)) {
                let was_present = were_present.get(index).is_some_and(|was_present| *was_present);
                known.has_returned |= !was_present || known.found.node != found.node;
                (known.found, known.is_present) = (found, true);
            } else {
                let id = DriveId(u32::try_from(self.drives.len()).unwrap_or(u32::MAX));
                let (has_returned, means) = (false, Means::default());
                self.drives.push(Known { id, found, is_present: true, has_returned, means, going: None });
            }
        }
        self.changed_ms = self.world.now_ms();
        if self.since_ms.is_none() {
            (self.since_ms, self.stick_ms) = (Some(self.changed_ms), self.changed_ms);
        }
        self.concealing = controllers.iter().filter_map(Controller::concealing).collect();
        self.tell(Event::Controllers(controllers));
        self.list();
    }

    /// Tells the screen what there is and what may be done with it.
    fn list(&self) {
        let listed = |known: &Known| Listed {
            id: known.id,
            node: known.found.name().to_string(),
            identity: known.found.identity.clone(),
            capabilities: known.means.apply(&known.found.capabilities),
            offer: known.offer(&self.policy),
            interrupted: self.interrupted_on(known.id).map(Interrupted::percent),
        };
        let mut drives: Vec<&Known> = self.drives.iter().filter(|known| known.is_present).collect();
        drives.sort_by_key(|known| (known.found.name().len(), known.found.name()));
        self.tell(Event::Drives(drives.into_iter().map(listed).collect()));
    }

    fn stick(&mut self, stick: Option<(AnyShelf, PolicyFile)>) {
        self.is_stick_known = true;
        let Some((shelf, file)) = stick else {
            self.filing.shelf(None);
            return;
        };
        self.filing.shelf(Some(shelf));
        self.stick_ms = self.world.now_ms();
        if self.standing == Standing::Awaited {
            self.follow(file);
            self.list();
        }
    }

    /// Takes the policy of the first stick as that of this run.
    fn follow(&mut self, file: PolicyFile) {
        let policy = match file {
            PolicyFile::Absent => Ok(Policy::default()),
            PolicyFile::Text(text) => Policy::parse(&text).map_err(|error| error.to_string()),
            PolicyFile::Unreadable(why) => Err(why),
        };
        match policy {
            Ok(policy) => {
                self.filing.paper(policy.paper);
                self.policy = offer::with_command_line(policy, self.command_line.as_ref());
                self.standing = Standing::Firm;
                if let Some(name) = self.policy.keymap.clone() {
                    self.keymap(&name, Word::Policy);
                }
            }
            Err(why) => {
                self.standing = Standing::Broken;
                self.notice(format!("Policy file purgeproof.toml: {why}."));
            }
        }
    }

    fn tick(&mut self) -> Option<End> {
        let now = self.world.now_ms();
        if now >= self.tried_ms + RETRY_MS {
            self.tried_ms = now;
            self.filing.retry();
        }
        if self.has_had_time(now) {
            if !self.is_stick_known {
                self.stick(None);
            }
            if self.standing == Standing::Awaited && self.command_line.is_some() {
                self.follow(PolicyFile::Absent);
                self.list();
            }
        }
        let has_read_journals = self.has_read_journals(now);
        // Whatever the filing has come by until now, it hands over here: what is done is looked at after it.
        let is_filed = self.engine.running() == 0 && self.filing.is_idle();
        self.sort_interrupted(now);
        if self.standing == Standing::Firm && self.policy.unattended && !self.is_done && has_read_journals {
            self.begin_selected();
            return self.check_done(now, is_filed);
        }
        None
    }

    /// Does what the operator asks for with what was typed as consent, or says why not.
    fn answer(&mut self, id: DriveId, typed: &str, act: Act<W>) {
        let known = self.drives.iter().find(|known| known.id == id && known.is_present);
        let gone = || "The drive is no longer attached: nothing was done. Plug it in again".to_string();
        let consent = known
            .ok_or_else(gone)
            .and_then(|known| Consent::typed(&known.found.identity, typed).map_err(|denied| denied.to_string()));
        let done = match consent {
            Ok(consent) if self.policy.two_persons => {
                self.half = Some(Half { drive: id, consent, act });
                return self.tell(Event::OneAgreed { drive: id });
            }
            Ok(consent) => act(self, id, consent),
            Err(why) => Err(why),
        };
        if let Err(why) = done {
            self.tell(Event::Denied { drive: id, why });
        }
    }

    /// Does what the operator asked for, if a second person agrees.
    fn second(&mut self, id: DriveId, typed: &str) {
        let done = match self.half.take_if(|half| half.drive == id) {
            Some(mut half) => match half.consent.second(typed, &self.policy.record.operator) {
                Ok(()) => (half.act)(self, id, half.consent),
                Err(denied) => {
                    self.half = Some(half);
                    Err(denied.to_string())
                }
            },
            None => Err("Nobody has agreed before: nothing was done. Begin again with the operator".into()),
        };
        if let Err(why) = done {
            self.tell(Event::Denied { drive: id, why });
        }
    }

    /// Starts a job, if this drive is the only one that answers to its name and may be erased.
    fn begin(&mut self, id: DriveId, consent: Consent) -> Result<(), String> {
        let known = self.drives.iter().find(|known| known.id == id).ok_or("The drive is not known")?;
        let identity = &known.found.identity;
        let alike = self.drives.iter().filter(|other| other.is_present && other.found.identity.is_same_drive(identity));
        if alike.count() > 1 {
            return Err(
                "Two attached drives answer with the same serial number and size: nothing was done. Unplug one of them"
                    .into(),
            );
        }
        if let Some(exclusion) = &known.found.exclusion {
            return Err(format!("The drive is not offered ({exclusion}): nothing was done"));
        }
        let plan = plan(identity, &known.means.apply(&known.found.capabilities), &self.policy)
            .map_err(|refusal| format!("There is no plan for the drive: {refusal}"))?;
        let (job, drawn) = draw(self.policy.withhold_key)
            .map_err(|error| format!("The kernel gave no random numbers ({error}): nothing was done"))?;
        let job = Job::new(job, plan.clone(), consent, self.setting(), drawn).map_err(|wrong| wrong.to_string())?;
        let drive = self.world.drive(&known.found, known.means.psid());
        self.engine.start(id, drive, job).map_err(|running| running.to_string())?;
        self.begun(id, plan);
        self.leave_interrupted(id);
        Ok(())
    }

    /// The circumstances of a job that begins now.
    fn setting(&self) -> Setting {
        Setting { concealing: self.concealing.clone(), ..self.world.setting(&self.policy) }
    }

    fn begun(&mut self, id: DriveId, plan: Plan) {
        self.tried(id);
        if let Some(known) = self.drives.iter_mut().find(|known| known.id == id) {
            known.going = Some(plan);
        }
    }

    /// Whatever came of it, the policy alone begins it no more as it is.
    fn tried(&mut self, id: DriveId) {
        self.begun.insert(id);
        if let Some(known) = self.drives.iter_mut().find(|known| known.id == id) {
            known.has_returned = false;
        }
    }
}

#[cfg(test)]
#[path = "floor_tests.rs"]
mod tests;
