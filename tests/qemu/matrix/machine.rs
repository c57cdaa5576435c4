//! One machine of the matrix: started, cut off from its power if the scenario says so, and judged when it has ended.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use drivesim::{Oracle, Scenario, Shelf};

use super::document;
use super::expected::{Case, Orders, orders, policy};
use super::outcome::Outcome;
use crate::rig::{BOOT, Bench, Firmware, Machine, Parts, Results, Stick};

/// For a machine with drives that are waited for in vain: two minutes for one that no longer moves, half a minute for one that is gone.
const END: Duration = Duration::from_mins(10);
/// Until all drives have begun to erase themselves.
const BEGUN: Duration = Duration::from_mins(2);
const POLL: Duration = Duration::from_millis(50);

/// Starts the machine of a scenario, and holds what came of it against what is expected and against the matrix.
pub(super) fn run(name: &str) {
    run_with(".", name);
}

/// The same with kernel and initramfs of a folder in `out/`.
pub(super) fn run_with(folder: &str, name: &str) {
    let path = Path::new("tests/qemu/scenarios").join(format!("{name}.toml"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let scenario = Scenario::parse(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let orders = orders(&scenario);
    let cases: Vec<Case<'_>> = scenario.drives.iter().map(Case::of).collect();

    let bench = Bench::new(&format!("matrix-{name}{}", folder.trim_matches('.')));
    let stick = bench.stick("STICK-1");
    stick.put_policy(&policy(&orders, &cases));
    let shelf = Shelf::serve(&scenario, &bench.path("")).expect("the drives can be served");
    let began = work(&bench, folder, &stick, &scenario, &orders, &shelf);
    println!("{name}: {} drives, {:.1} s", cases.len(), began.elapsed().as_secs_f64());
    drop(shelf);

    let results = Results::of(&bench, &stick);
    let outcomes: Vec<Outcome<'_>> = cases.iter().map(|case| judge(&bench, &results, case)).collect();
    let strangers = results.certificates().len() - outcomes.iter().map(Outcome::certificates).sum::<usize>();
    let complaints: Vec<String> = outcomes.iter().flat_map(Outcome::complaints).collect();
    for outcome in &outcomes {
        println!("{outcome}");
    }
    assert!(complaints.is_empty(), "{name}:\n{}", complaints.join("\n"));
    assert_eq!(strangers, 0, "certificates about drives that were never there");
    document::check(name, &document::section(&orders.title, &text, &outcomes));
}

/// The machine from its first start to its end. Gives when it was switched on.
fn work(bench: &Bench, folder: &str, stick: &Stick, scenario: &Scenario, orders: &Orders, shelf: &Shelf) -> Instant {
    let start = || -> Machine {
        let parts = if orders.secure_boot {
            Parts::bare(bench).firmware(Firmware::MicrosoftKeys)
        } else {
            Parts::direct_of(bench, folder, "")
        };
        let parts = parts.stick(stick).shelf(scenario);
        let machine = if orders.suspend { parts.can_suspend().boot() } else { parts.boot() };
        if orders.secure_boot {
            tell_lockdown(&machine);
        }
        machine
    };
    let mut machine = start();
    let began = Instant::now();
    if let Some(ms) = orders.cut_power_after_ms {
        wait_for_erases(bench, scenario, &machine);
        std::thread::sleep(Duration::from_millis(ms));
        machine.kill();
        machine = start();
    }
    if orders.suspend {
        machine.wait_asleep(END);
        shelf.suspend();
        machine.wait_reboot(END);
    } else {
        machine.wait_power_off(END);
    }
    began
}

/// Takes the menu's entry that shows the kernel's words, among them that Secure Boot has it locked down.
fn tell_lockdown(machine: &Machine) {
    machine.wait_for("(verbose)", BOOT);
    machine.type_in("\x1b[B\r");
    machine.wait_logged("Kernel is locked down from EFI Secure Boot", BOOT);
}

/// Until every drive has noted in its log that it erases itself.
fn wait_for_erases(bench: &Bench, scenario: &Scenario, machine: &Machine) {
    let has_begun = |serial: &str| {
        let log = fs::read_to_string(bench.path(&format!("{serial}.jsonl"))).unwrap_or_default();
        ["\"erase-started\"", "\"erase-unit-started\""].iter().any(|event| log.contains(event))
    };
    let until = Instant::now() + BEGUN;
    while let Some(idle) = scenario.drives.iter().find(|drive| !has_begun(&drive.serial)) {
        assert!(Instant::now() < until, "{} does not begin to erase itself.\n{}", idle.serial, machine.state());
        std::thread::sleep(POLL);
    }
}

fn judge<'a>(bench: &Bench, results: &Results, case: &'a Case<'a>) -> Outcome<'a> {
    let oracle = Oracle::of(&bench.path(""), case.spec).expect("the medium can be read");
    Outcome::new(case, results.with_serial(&case.spec.serial), oracle)
}
