//! `purgeproof purge`: one device or image file of a workstation, with the same consent, engine and certificates as the live image.

use std::fs::{File, TryLockError};
use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use clap::Args;
use purgeproof_core::consent::{Consent, challenge};
use purgeproof_core::drive::{Drive, Identity};
use purgeproof_core::event::{DriveId, Event, Filed, Stage};
use purgeproof_core::evidence::Evidence;
use purgeproof_core::job::Job;
use purgeproof_core::job::resume::Interrupted;
use purgeproof_core::plan::{Plan, plan};
use purgeproof_core::policy::Policy;
use purgeproof_drive::block::BlockDrive;
use purgeproof_drive::file::FileDrive;
use purgeproof_drive::inventory::{Found, Inventory};
use purgeproof_drive::machine;
use purgeproof_drive::shelf::FolderShelf;
use purgeproof_engine::journal::Record;
use purgeproof_engine::{Engine, Host};

use crate::drawn::{self, draw};
use crate::filing::Filing;
use crate::list::read_policy;
use crate::setting::Circumstances;
use crate::{fail, print};

const DRIVE: DriveId = DriveId(0);

/// Runs the command. The exit code is 0 only if the drive is erased and its certificate is in the folder.
pub(crate) fn run(purge: &Purge) -> ExitCode {
    match purge.run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => fail(&why),
    }
}

/// What is to be erased, and how the command was told to.
#[derive(Debug, Args)]
pub(crate) struct Purge {
    /// A serial number as `list` shows it, or the path of a device or an image file.
    #[arg(value_name = "SERIAL|PATH")]
    target: String,
    /// Plan by this policy file. An unattended policy that selects the target is the consent.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Where certificates, journal and signing key go.
    #[arg(long, value_name = "FOLDER", default_value = "purgeproof-records")]
    out: PathBuf,
    /// Print the verdict as JSON.
    #[arg(long)]
    json: bool,
    /// Begin anew where an earlier run was interrupted, and certify that one as it is.
    #[arg(long)]
    restart: bool,
    /// The shortest time between two records of how far a pass has come, before each of which the drive is flushed.
    #[arg(long, value_name = "MS", default_value_t = 30_000, hide = true)]
    checkpoint_interval_ms: u64,
}

impl Purge {
    fn run(&self) -> Result<bool, String> {
        let Self { target, out, .. } = self;
        let policy = self.policy.as_deref().map(read_policy).transpose()?.unwrap_or_default();
        let (found, drive) = find(target)?;
        if let Some(exclusion) = &found.exclusion {
            return Err(format!("{target} is not offered: {exclusion}. Nothing was done."));
        }
        let plan = plan(&found.identity, &found.capabilities, &policy)
            .map_err(|refusal| format!("There is no plan for {target}: {refusal}. Nothing was done."))?;
        is_anybody_there(&plan, &policy)?;
        let shelf =
            FolderShelf::new(out).map_err(|error| format!("The folder for records: {error}. Nothing was done."))?;
        let _turn = alone_in(out)?;

        let circumstances = Circumstances::now(None);
        let (tell, events) = mpsc::channel();
        let told = tell.clone();
        let filing =
            Filing::start(Circumstances::journal_name(), move |event| drop(told.send(event)), Circumstances::unix_s);
        filing.paper(policy.paper);
        filing.shelf(Some(Box::new(shelf)));
        filing.finish();
        let setting = circumstances.setting(&policy.record);
        let is_mine = |job: &Interrupted| !self.restart && job.goes_on_by(&plan, &setting.tool);
        let (mut mine, mut others): (Vec<_>, Vec<_>) = filing.take_interrupted().into_iter().partition(is_mine);
        // Of two it is not known which came last.
        let interrupted = if mine.len() == 1 { mine.pop() } else { None };
        others.append(&mut mine);

        let consent = consent(&found, &plan, &policy, interrupted.as_ref())?;
        for other in others.into_iter().filter(|other| !other.is_certified()) {
            filing.recover(other.into_evidence());
        }
        filing.record(vec![circumstances.started()]);
        let unlucky = |error| format!("The kernel gave no random numbers ({error}). Nothing was done.");
        let job = if let Some(interrupted) = interrupted {
            Job::resume(interrupted, consent, setting, drawn::number().map_err(unlucky)?)
        } else {
            let (job, drawn) = draw(policy.withhold_key).map_err(unlucky)?;
            Job::new(job, plan, consent, setting, drawn)
        };
        let job = job.map_err(|wrong| wrong.to_string())?;
        let checkpoint_interval = Duration::from_millis(self.checkpoint_interval_ms);
        let engine = Engine::new(Arc::new(Bench { tell, filing: filing.clone(), checkpoint_interval }));
        engine.start(DRIVE, drive, job).map_err(|running| running.to_string())?;
        let outcome = watch(&events, self.json);
        filing.finish();
        outcome
    }
}

/// Keeps other runs out of the folder for as long as the result lives: each would take the other's job for one that was left without a
/// certificate, and both would number their certificates alike.
fn alone_in(out: &Path) -> Result<File, String> {
    let folder = File::open(out)
        .map_err(|error| format!("The folder for records cannot be opened ({error}). Nothing was done."))?;
    match folder.try_lock() {
        Ok(()) => Ok(folder),
        Err(TryLockError::WouldBlock) => Err(format!(
            "Another purgeproof is at work in {}: nothing was done. Wait until it has ended, or name another folder with --out.",
            out.display()
        )),
        Err(TryLockError::Error(error)) => {
            Err(format!("The folder for records cannot be locked ({error}). Nothing was done."))
        }
    }
}

/// The device or file that is meant, by path or by serial number.
fn find(target: &str) -> Result<(Found, Box<dyn Drive>), String> {
    let path = Path::new(target);
    let is_path = target.contains('/') || path.is_file();
    let file = FileDrive::new(path);
    if let Some(found) = is_path.then(|| file.look().ok()).flatten() {
        return Ok((found, Box::new(file)));
    }
    let node = is_path.then(|| path.canonicalize()).transpose();
    let node = node.map_err(|error| format!("{target} cannot be found ({error}). Check the path."))?;
    let is_meant = |at: &Path, identity: &Identity| match &node {
        Some(node) => at == node,
        None => identity.serial.as_ref().is_some_and(|serial| serial.text == target),
    };
    let meant = Inventory::new(None).scan_for(is_meant);
    let mut meant = meant.map_err(|error| format!("The disks cannot be listed ({error})."))?;
    match (meant.pop(), meant.is_empty()) {
        (Some(found), true) => {
            let drive = BlockDrive::new(&found, None);
            Ok((found, Box::new(drive)))
        }
        (Some(_), false) => Err(format!("Several drives answer to {target}: nothing was done. Unplug all but one.")),
        (None, _) => Err(format!("No whole drive answers to {target}. `purgeproof list` shows what there is.")),
    }
}

/// Somebody can be asked, or need not be.
fn is_anybody_there(plan: &Plan, policy: &Policy) -> Result<(), String> {
    if Consent::by_policy(plan, policy).is_ok() || io::stdin().is_terminal() {
        return Ok(());
    }
    Err("Nobody is there to ask: nothing was done. Run it in a terminal, or give an unattended policy that selects the drive.".into())
}

/// A line from the terminal.
fn line() -> Result<String, String> {
    let mut typed = String::new();
    let read = io::stdin().lock().read_line(&mut typed);
    read.map(|_| typed).map_err(|error| format!("Nothing could be read ({error}): nothing was done."))
}

/// The policy's word, or the operator's on the terminal.
fn consent(found: &Found, plan: &Plan, policy: &Policy, interrupted: Option<&Interrupted>) -> Result<Consent, String> {
    if let Some(interrupted) = interrupted {
        let percent = interrupted.percent();
        eprintln!("An earlier run was interrupted at {percent} %: it goes on from there. --restart begins anew.");
    }
    if let Ok(consent) = Consent::by_policy(plan, policy) {
        return Ok(consent);
    }
    let identity = &found.identity;
    if let Some(battery) = Circumstances::battery() {
        eprintln!("{battery}.");
    }
    let wanted = challenge(identity).chars().count();
    eprintln!("{} ({}), serial number {}: {plan}.", identity.title(), identity.capacity, identity.handle());
    plan.caution().into_iter().for_each(|caution| eprintln!("{caution}."));
    eprintln!(
        "Everything on it will be destroyed. Type the last {wanted} characters of the serial number, or nothing to leave it:"
    );
    let typed = line()?;
    let mut consent = Consent::typed(identity, &typed).map_err(|denied| format!("{denied}."))?;
    if !policy.two_persons {
        return Ok(consent);
    }
    eprintln!(
        "The policy asks for two persons. The second one types their name, a space, and the same {wanted} characters:"
    );
    consent.second(&line()?, &policy.record.operator).map_err(|denied| format!("{denied}."))?;
    Ok(consent)
}

/// What the engine needs on a workstation.
struct Bench {
    tell: Sender<Event>,
    filing: Filing,
    checkpoint_interval: Duration,
}

impl Host for Bench {
    fn now_ms(&self) -> u64 {
        machine::boot_ms()
    }

    fn now_us(&self) -> u64 {
        machine::boot_us()
    }

    fn tell(&self, event: Event) {
        let _ = self.tell.send(event);
    }

    fn record(&self, record: Record) {
        self.filing.record(vec![record]);
    }

    fn record_all(&self, records: Vec<Record>) {
        self.filing.record(records);
    }

    fn record_soon(&self, record: Record) {
        self.filing.record_soon(record);
    }

    fn checkpoint_interval(&self) -> Duration {
        self.checkpoint_interval
    }

    fn ended(&self, drive: DriveId, evidence: Evidence) {
        self.filing.certify(drive, evidence);
    }
}

/// Shows how far it is until the certificate is in the folder. Gives whether the drive is erased.
fn watch(events: &Receiver<Event>, as_json: bool) -> Result<bool, String> {
    let (mut verdict, mut format) = (None, None);
    let mut stage = String::new();
    for event in events {
        match event {
            Event::Stage { stage: next, .. } => stage = in_words(&next),
            Event::Progress { progress, .. } if io::stderr().is_terminal() => {
                let percent = (progress.done.saturating_mul(100)).checked_div(progress.total).unwrap_or(0).min(99);
                let left = progress.eta.map_or(String::new(), |eta| format!(", {eta} left in all"));
                eprint!("\r{stage}: {percent} %, {} MB/s{left}        ", progress.rate / 1_000_000);
                let _ = io::stderr().flush();
            }
            Event::FellThrough { setbacks, .. } => {
                if let Some(last) = setbacks.last() {
                    eprintln!("\r{last}. Another way follows.");
                }
            }
            Event::Ended { verdict: ended, reformat, .. } => (verdict, format) = (Some(ended), reformat),
            Event::Notice(sentence) => eprintln!("{sentence}"),
            Event::Certified { filed, .. } => {
                let verdict = verdict.ok_or("A certificate came without a verdict. Please report this.")?;
                if as_json {
                    let name = match &filed {
                        Filed::OnStick { name } => Some(name),
                        Filed::InMemory { .. } => None,
                    };
                    let value = serde_json::json!({ "verdict": verdict, "certificate": name });
                    print(|out| {
                        serde_json::to_writer_pretty(&mut *out, &value).map_err(Into::into).map(|()| out.push(b'\n'))
                    });
                }
                return match filed {
                    Filed::OnStick { name } => {
                        eprintln!("\r{}. The certificate is certificates/{name}.", verdict.outcome);
                        for reason in &verdict.reasons {
                            eprintln!("  {reason}.");
                        }
                        if let Some(format) = format {
                            eprintln!("  Afterwards: {format}.");
                        }
                        Ok(verdict.outcome.is_good())
                    }
                    Filed::InMemory { why } => Err(format!("The certificate could not be written: {why}")),
                };
            }
            _ => {}
        }
    }
    Err("The job ended without a certificate. The journal in the folder says how far it came.".into())
}

fn in_words(stage: &Stage) -> String {
    match stage {
        Stage::Probe => "Probing".into(),
        Stage::Cool => "Waiting for the drive to cool down".into(),
        Stage::Gauge => "Testing whether the drive stores zeros".into(),
        Stage::Survey(_) => "Looking over what the drive holds".into(),
        Stage::Mark => "Placing markers".into(),
        Stage::Erase { technique, step, of } => format!("{technique}, step {step} of {of}, by the drive itself"),
        Stage::Settle => "Checking how the drive was left".into(),
        Stage::Seek => "Looking for the markers".into(),
        Stage::Purge { number, of } => format!("Overwriting, pass {number} of {of}"),
        Stage::Recheck => "Looking for what was written before the interruption".into(),
        Stage::Flush => "Flushing".into(),
        Stage::Verify => "Reading back".into(),
        Stage::Reformat { to } => format!("Erased; formatting to {}-byte blocks, by the drive itself", to.get()),
    }
}
