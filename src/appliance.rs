//! The live image's program: inventory, engine, filing and screen on threads of their own, and the floor in the middle.

use std::fs::OpenOptions;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use purgeproof_core::drive::Drive;
use purgeproof_core::event::{DriveId, Event, Request};
use purgeproof_core::evidence::{Evidence, Setting};
use purgeproof_core::policy::{Policy, WhenDone};
use purgeproof_drive::Psid;
use purgeproof_drive::block::BlockDrive;
use purgeproof_drive::heat;
use purgeproof_drive::inventory::Found;
use purgeproof_drive::machine;
use purgeproof_drive::vault::Strongroom;
use purgeproof_engine::journal::Record;
use purgeproof_engine::{Engine, Host};
use purgeproof_init::cmdline;
use purgeproof_sys::console::{self, Size};
use purgeproof_sys::suspend::suspend_to_ram;
use purgeproof_tui::{Exit, Host as Place, Model, Screen};

use crate::filing::Filing;
use crate::floor::keyboard::{Keyboard, LAYOUTS, Word};
use crate::floor::{End, Floor, Input, World};
use crate::scout;
use crate::setting::Circumstances;

/// How often the floor looks at the time.
const TICK: Duration = Duration::from_millis(250);

/// How often it is looked what the machine runs on, and how hot it is.
const WATCH: Duration = Duration::from_secs(5);

/// How long the machine sleeps to lift a freeze: an alarm that comes before it is asleep wakes nobody.
const ASLEEP: Duration = Duration::from_secs(15);

/// The terminal of a console that does not know its size, as a serial line does not.
const SERIAL_SIZE: (u16, u16) = (80, 25);

/// The words of the kernel command line that are for this program.
#[derive(Debug, Default, PartialEq, Eq)]
struct Orders {
    /// `pp.medium=UUID=…`: the file system that the boot loader read the image from.
    medium: Option<String>,
    /// `pp.image=…`: which build of the image this is.
    image: Option<String>,
    /// `pp.consent=SERIAL[,SERIAL…]`: the drives that may be purged without asking.
    consent: Option<Vec<String>>,
    /// `pp.keymap=…`: the layout of the keyboard.
    keymap: Option<String>,
    /// `pp.when_done=…`: what to do then.
    when_done: Option<WhenDone>,
    /// What was not understood; such a command line gives no consent.
    complaint: Option<String>,
}

impl Orders {
    fn read(words: &[cmdline::Word]) -> Self {
        let mut orders = Self::default();
        for cmdline::Word { key, value } in words {
            let value = value.clone().unwrap_or_default();
            match (key.as_str(), value.as_str()) {
                ("pp.medium", _) => orders.medium = Some(value),
                ("pp.keymap", _) => orders.keymap = Some(value),
                ("pp.image", _) => orders.image = Some(value),
                ("pp.consent", "") => orders.complain("pp.consent names no serial number"),
                ("pp.consent", serials) => orders.consent = Some(serials.split(',').map(str::to_string).collect()),
                ("pp.when_done", "wait") => orders.when_done = Some(WhenDone::Wait),
                ("pp.when_done", "power-off") => orders.when_done = Some(WhenDone::PowerOff),
                ("pp.when_done", "reboot") => orders.when_done = Some(WhenDone::Reboot),
                ("pp.when_done", _) => orders.complain("pp.when_done must be wait, power-off or reboot"),
                _ => {}
            }
        }
        if orders.complaint.is_some() {
            orders.consent = None;
        }
        orders
    }

    fn complain(&mut self, what: &str) {
        self.complaint =
            Some(format!("Kernel command line: {what}. It gives no consent; the operator is asked for each drive."));
    }
}

/// What the engine needs: everything goes to the floor or to the filing thread.
struct Room {
    floor: Sender<Input>,
    filing: Filing,
}

impl Host for Room {
    fn now_ms(&self) -> u64 {
        machine::boot_ms()
    }

    fn now_us(&self) -> u64 {
        machine::boot_us()
    }

    fn tell(&self, event: Event) {
        let _ = self.floor.send(Input::Event(event));
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

    fn ended(&self, drive: DriveId, evidence: Evidence) {
        self.filing.certify(drive, evidence);
    }
}

/// The real world, for the floor.
struct Machine {
    circumstances: Circumstances,
    rescan: Sender<()>,
    keyboard: Option<Keyboard>,
    secrets: Arc<Strongroom>,
}

impl World for Machine {
    fn now_ms(&self) -> u64 {
        machine::boot_ms()
    }

    fn setting(&self, policy: &Policy) -> Setting {
        self.circumstances.setting(&policy.record)
    }

    fn drive(&self, found: &Found, psid: Option<Psid>) -> Box<dyn Drive> {
        Box::new(BlockDrive::new(found, psid))
    }

    fn rescan(&self) {
        let _ = self.rescan.send(());
    }

    fn keyboard(&mut self) -> Option<&mut Keyboard> {
        self.keyboard.as_mut()
    }

    fn suspend(&self) -> Result<(), String> {
        // What lies in the memory of a sleeping machine can be carried away with it.
        self.secrets.clear();
        suspend_to_ram(Path::new("/sys"), ASLEEP).map(drop).map_err(|error| error.to_string())
    }
}

/// Runs until the operator or the policy ends it; the exit code tells PID 1 what to do then.
pub(crate) fn run() -> ExitCode {
    let orders = Orders::read(&cmdline::read());
    let circumstances = Circumstances::now(orders.image.clone());
    let (to_floor, inbox) = mpsc::channel();
    let (to_screen, events) = mpsc::channel();
    let (to_requests, requests) = mpsc::channel();
    let (rescan, rescans) = mpsc::channel();

    let told = to_floor.clone();
    let tell = move |event| drop(told.send(Input::Event(event)));
    let filing = Filing::start(Circumstances::journal_name(), tell, Circumstances::unix_s);
    filing.record(vec![circumstances.started()]);
    let _ = to_screen.send(Event::Banner(circumstances.banner()));
    if let Some(doubt) = Circumstances::doubt_of_clock() {
        let _ = to_screen.send(Event::Notice(doubt));
    }
    if let Some(complaint) = orders.complaint {
        let _ = to_screen.send(Event::Notice(complaint));
    }
    let engine = Engine::new(Arc::new(Room { floor: to_floor.clone(), filing: filing.clone() }));
    let command_line = orders.consent.map(|serials| (serials, orders.when_done));
    let keyboard = keyboard(orders.keymap.as_deref(), &to_screen);
    let secrets = Arc::new(Strongroom::default());
    let world = Machine { circumstances, rescan, keyboard, secrets: Arc::clone(&secrets) };
    let floor = Floor::new(world, to_screen, filing, engine, command_line);

    let (scouted, medium) = (to_floor.clone(), orders.medium);
    thread::spawn(move || scout::run(medium.as_deref(), &rescans, &scouted));
    let powered = to_floor.clone();
    thread::spawn(move || watch_machine(&powered));
    thread::spawn(move || forward(&requests, &to_floor));
    let ending = thread::spawn(move || attend(floor, &inbox));
    let exit =
        purgeproof_tui::run(Model::new(Place::Appliance).with_vaults(secrets), consoles(), &events, &to_requests);
    match exit {
        // The screen waits until the floor has closed, unless the operator would not wait with it.
        Ok(Exit::Over) => match ending.join() {
            Ok(End::Reboot) => ExitCode::from(purgeproof_init::REBOOT),
            Ok(End::PowerOff) => ExitCode::from(purgeproof_init::POWER_OFF),
            Err(_) => ExitCode::FAILURE,
        },
        Ok(Exit::Reboot) => ExitCode::from(purgeproof_init::REBOOT),
        Ok(Exit::PowerOff) => ExitCode::from(purgeproof_init::POWER_OFF),
        Err(error) => {
            eprintln!("The screen could not be started: {error}. Restart the machine.");
            ExitCode::FAILURE
        }
    }
}

/// The floor's thread. When it ends, the last sender of events goes with it, and that ends the screen.
fn attend(mut floor: Floor<Machine>, inbox: &Receiver<Input>) -> End {
    loop {
        let input = match inbox.recv_timeout(TICK) {
            Ok(input) => input,
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => Input::Tick,
        };
        if let Some(end) = floor.hear(input) {
            floor.close(inbox);
            return end;
        }
    }
}

/// Tells whenever what feeds the machine changes, and how far a battery is down, and how hot it is.
fn watch_machine(floor: &Sender<Input>) {
    let (mut battery, mut heat) = (None, None);
    loop {
        let (fed_by, heated_to) = (Circumstances::battery(), heat::heat(Path::new(heat::ZONES)));
        let news = [
            (fed_by != battery).then_some(Event::Battery(fed_by)),
            (heated_to != heat).then_some(Event::Heat(heated_to)),
        ];
        if news.into_iter().flatten().any(|event| floor.send(Input::Event(event)).is_err()) {
            return;
        }
        (battery, heat) = (fed_by, heated_to);
        thread::sleep(WATCH);
    }
}

fn forward(requests: &Receiver<Request>, floor: &Sender<Input>) {
    for request in requests {
        let _ = floor.send(Input::Request(request));
    }
}

/// The keyboard of the screen, with the layout that the command line names.
fn keyboard(name: Option<&str>, screen: &Sender<Event>) -> Option<Keyboard> {
    let names = std::env::var(purgeproof_init::CONSOLES).unwrap_or_default();
    let is_virtual = |name: &&str| name.strip_prefix("/dev/tty").is_some_and(|rest| rest.parse::<u8>().is_ok());
    let mut keyboard = Keyboard::open(Path::new(names.split(',').find(is_virtual)?), Path::new(LAYOUTS)).ok()?;
    if let Some(Err(why)) = name.map(|name| keyboard.choose(name, Word::CommandLine)) {
        let _ = screen.send(Event::Notice(why));
    }
    let _ = screen.send(keyboard.event());
    Some(keyboard)
}

/// The consoles that PID 1 names; without any, the terminal that we were started from.
fn consoles() -> Vec<Screen> {
    let names = std::env::var(purgeproof_init::CONSOLES).unwrap_or_default();
    let screens: Vec<Screen> = names.split(',').filter_map(|name| screen(Path::new(name))).collect();
    if screens.is_empty() { vec![Screen::stdout()] } else { screens }
}

fn screen(path: &Path) -> Option<Screen> {
    let terminal = OpenOptions::new().read(true).write(true).open(path).ok()?;
    let asked = terminal.try_clone().ok()?;
    let size = move || match console::size(&asked) {
        Ok(Size { rows, columns }) if rows > 0 && columns > 0 => (columns, rows),
        _ => SERIAL_SIZE,
    };
    Some(Screen::new(terminal, size))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn orders(line: &str) -> Orders {
        Orders::read(&cmdline::words(line))
    }

    #[test]
    fn the_command_line_may_give_consent() {
        let orders = orders("quiet pp.medium=UUID=12AB-34CD pp.image=0011 pp.consent=S1,S2* pp.when_done=power-off");
        assert_eq!(orders.medium.as_deref(), Some("UUID=12AB-34CD"));
        assert_eq!(orders.image.as_deref(), Some("0011"));
        assert_eq!(orders.consent, Some(vec!["S1".to_string(), "S2*".to_string()]));
        assert_eq!(orders.when_done, Some(WhenDone::PowerOff));
    }

    #[test]
    fn what_is_not_understood_gives_no_consent() {
        for line in ["pp.consent", "pp.consent=", "pp.consent=S1 pp.when_done=explode"] {
            let orders = orders(line);
            assert_eq!(orders.consent, None, "{line}");
            assert!(orders.complaint.is_some(), "{line}");
        }
    }
}
