//! The screen with made-up drives, to look at it: `cargo run -p purgeproof-tui --example demo`. Nothing is erased.

use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use purgeproof_core::capability::{Capabilities, Support};
use purgeproof_core::consent::Consent;
use purgeproof_core::drive::{Identity, Medium, Serial, SerialSource, Transport};
use purgeproof_core::eta::Eta;
use purgeproof_core::event::{DriveId, Event, Filed, Listed, Offer, Progress, Request, Stage, Stick};
use purgeproof_core::evidence::JobId;
use purgeproof_core::plan::plan;
use purgeproof_core::policy::Policy;
use purgeproof_core::technique::Technique;
use purgeproof_core::units::{BlockSize, Bytes};
use purgeproof_core::verdict::{Outcome, Reason, Verdict};
use purgeproof_tui::{Host, Model, Screen};

fn drive(id: u32) -> Listed {
    let identity = Identity {
        vendor: None,
        model: "Made-up drive".into(),
        serial: Some(Serial { text: format!("DEMO{id:04}"), source: SerialSource::File }),
        wwn: None,
        firmware: None,
        capacity: Bytes(u64::from(id) * 1_000_204_886_016),
        logical_block: BlockSize::B512,
        physical_block: BlockSize::B4096,
        transport: Transport::File,
        medium: Medium::Unknown,
        link: None,
        simulated: true,
    };
    let capabilities =
        Capabilities { techniques: vec![(Technique::Overwrite, Support::Present)], ..Capabilities::default() };
    let offer = plan(&identity, &capabilities, &Policy::default()).map_or_else(Offer::Refused, Offer::Planned);
    Listed { id: DriveId(id), node: format!("demo{id}"), identity, capabilities, offer, interrupted: None }
}

/// A job of ten seconds a stage.
fn job(drive: DriveId, tell: &Sender<Event>) -> Result<(), mpsc::SendError<Event>> {
    tell.send(Event::Began { drive, job: JobId([0; 16]) })?;
    for stage in [Stage::Purge { number: 1, of: 1 }, Stage::Flush, Stage::Verify] {
        tell.send(Event::Stage { drive, stage })?;
        for done in 0..=100 {
            let progress = Progress {
                done,
                total: 100,
                rate: 210_000_000,
                eta: Some(Eta { soonest_s: (100 - done) / 10, latest_s: (100 - done) / 10 }),
                ..Progress::default()
            };
            tell.send(Event::Progress { drive, progress })?;
            thread::sleep(Duration::from_millis(100));
        }
    }
    let verdict = Verdict { outcome: Outcome::Cleared, reasons: vec![Reason::AllReadBack], exceptions: vec![] };
    tell.send(Event::Ended { drive, verdict, reformat: None, seconds: 30 })?;
    let filed = Filed::InMemory { why: "this is a demonstration".into() };
    tell.send(Event::Certified { drive, filed, qr: format!("PP1:DEMONSTRATION {}", drive.0) })
}

fn answer(requests: &Receiver<Request>, tell: &Sender<Event>) -> Result<(), mpsc::SendError<Event>> {
    let drives: Vec<Listed> = (1..=5).map(drive).collect();
    tell.send(Event::Banner("PurgeProof · demonstration, nothing is erased".into()))?;
    tell.send(Event::Stick(Stick::Absent))?;
    tell.send(Event::Drives(drives.clone()))?;
    while let Ok(request) = requests.recv() {
        match request {
            Request::Purge { drive, typed } => {
                let Some(listed) = drives.iter().find(|listed| listed.id == drive) else { continue };
                match Consent::typed(&listed.identity, &typed) {
                    Ok(_) => {
                        let tell = tell.clone();
                        thread::spawn(move || job(drive, &tell));
                    }
                    Err(denied) => tell.send(Event::Denied { drive, why: denied.to_string() })?,
                }
            }
            Request::Resume { .. }
            | Request::Second { .. }
            | Request::Stop { .. }
            | Request::Psid { .. }
            | Request::Overwrite { .. }
            | Request::Unfreeze
            | Request::Layout { .. }
            | Request::Rescan => tell.send(Event::Notice("Not in the demonstration".into()))?,
            Request::PowerOff | Request::Reboot => return Ok(()),
        }
    }
    Ok(())
}

fn main() -> std::io::Result<()> {
    let (tell, events) = mpsc::channel();
    let (requests, asked) = mpsc::channel();
    thread::spawn(move || answer(&asked, &tell));
    let exit = purgeproof_tui::run(Model::new(Host::Workstation), vec![Screen::stdout()], &events, &requests)?;
    println!("{exit:?}");
    Ok(())
}
