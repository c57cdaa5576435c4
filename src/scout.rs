//! Looks for disks, controllers and the stick, for as long as the program runs.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use purgeproof_core::drive::Identity;
use purgeproof_core::event::Event;
use purgeproof_drive::controllers::controllers;
use purgeproof_drive::inventory::{Found, Inventory};
use purgeproof_drive::shelf::Shelf;
use purgeproof_drive::stick::Stick;
use purgeproof_drive::watch::Watch;

use crate::filing::AnyShelf;
use crate::floor::{Input, PolicyFile};

/// The policy file, in the root of the stick.
const POLICY: (&str, &str) = ("", "purgeproof.toml");

/// How long it waits for a change before it looks whether the operator asked for a scan.
const TURN: Duration = Duration::from_millis(200);

/// A disk that has not answered yet is asked again after this long.
const SOON: Duration = Duration::from_secs(1);

/// Tells the floor what there is, as soon as drivers are loaded and at every change. `medium` is the boot loader's token.
pub(crate) fn run(medium: Option<&str>, rescans: &Receiver<()>, floor: &Sender<Input>) {
    if !purgeproof_init::wait_for_drivers() {
        let sentence = "Some drivers are not ready yet. Their drives appear when they are.";
        let _ = floor.send(Input::Event(Event::Notice(sentence.into())));
    }
    // Before the first scan: what comes in between is reported.
    let watch = Watch::new();
    if let Err(error) = &watch {
        let sentence = format!(
            "The kernel does not report new disks ({error}). Press the key for a rescan after plugging one in."
        );
        let _ = floor.send(Input::Event(Event::Notice(sentence)));
    }
    let mut scout = Scout { inventory: Inventory::new(medium), medium, stick: None, floor };
    loop {
        scout.look();
        let since = Instant::now();
        loop {
            let changed = watch.as_ref().map_or_else(
                |_| {
                    thread::sleep(TURN);
                    false
                },
                |watch| watch.wait(TURN).unwrap_or_default(),
            );
            let asked = rescans.try_iter().count() > 0;
            if asked {
                scout.inventory.forget();
            }
            if changed || asked || scout.inventory.is_waiting() && since.elapsed() >= SOON {
                break;
            }
        }
    }
}

struct Scout<'a> {
    inventory: Inventory,
    medium: Option<&'a str>,
    /// Node and identity of the stick that the floor knows of.
    stick: Option<(PathBuf, Identity)>,
    floor: &'a Sender<Input>,
}

impl Scout<'_> {
    fn look(&mut self) {
        let found = match self.inventory.scan() {
            Ok(found) => found,
            Err(error) => {
                self.notice(format!(
                    "The disks cannot be listed ({error}). Rescan; if it stays so, restart the machine."
                ));
                return;
            }
        };
        let controllers = controllers(&found).unwrap_or_default();
        self.look_for_stick(&found);
        let _ = self.floor.send(Input::Found(found, controllers));
    }

    /// Tells the floor when the stick is another one than before, or gone.
    fn look_for_stick(&mut self, found: &[Found]) {
        let stick = Stick::find(found, self.medium);
        let partition = stick.as_ref().map(|stick| stick.partition().to_path_buf());
        let which = found.iter().find(|drive| partition.is_some() && drive.marked == partition);
        let which = which.map(|drive| (drive.node.clone(), drive.identity.clone()));
        if which == self.stick {
            return;
        }
        self.stick = which;
        let news = stick.map(|mut stick| {
            let policy = match stick.read(POLICY.0, POLICY.1) {
                Ok(None) => PolicyFile::Absent,
                Ok(Some(bytes)) => match String::from_utf8(bytes) {
                    Ok(text) => PolicyFile::Text(text),
                    Err(_) => {
                        PolicyFile::Unreadable("it is no text in UTF-8. Write it anew with a plain editor".into())
                    }
                },
                Err(error) => PolicyFile::Unreadable(error.to_string()),
            };
            (Box::new(stick) as AnyShelf, policy)
        });
        let _ = self.floor.send(Input::Stick(news));
    }

    fn notice(&self, sentence: String) {
        let _ = self.floor.send(Input::Event(Event::Notice(sentence)));
    }
}
