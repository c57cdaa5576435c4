//! Drives that somebody has locked, and the PSID on their labels: with it they give themselves a new key, and it is in no record.

use std::fs;

use drivesim::{Oracle, Scenario, Shelf};
use purgeproof_core::evidence::hex;

use crate::rig::{BOOT, Bench, Machine, Parts, Results, SOON, WORK};

/// A drive of each command set, with a PSID of its own and the row of the decision table that it is for.
const DRIVES: [(&str, &str, &str, &str); 3] = [
    ("PSID-NVME1", "nvme", "NV3ME5TEST7PSID9NV3ME5TEST7PSID9", "N5"),
    ("PSID-SATA2", "sata", "SA3TA5TEST7PSID9SA3TA5TEST7PSID9", "A3"),
    ("PSID-SAS-3", "sas", "SA3SX5TEST7PSID9SA3SX5TEST7PSID9", "S2b"),
];

fn scenario() -> Scenario {
    let drive = |(serial, kind, psid, _): (&str, &str, &str, &str)| {
        // Without one, or that would erase it as well.
        let of_its_kind = match kind {
            "sata" => "ata",
            "sas" => "scsi",
            kind => kind,
        };
        format!(
            "[[drive]]\nserial = \"{serial}\"\nkind = \"{kind}\"\nsize-mib = 8\n{of_its_kind}.sanitize = []\ntcg = {{ psid = \"{psid}\", locked = true }}\n"
        )
    };
    Scenario::parse(&DRIVES.map(drive).concat()).expect("it is a scenario")
}

#[test]
#[ignore = "scripts/test --long"]
fn locked_drives_are_erased_with_the_psid_of_their_labels() {
    let (bench, scenario) = (Bench::new("psid"), scenario());
    let stick = bench.stick("STICK-1");
    let shelf = Shelf::serve(&scenario, &bench.path("")).expect("the drives can be served");
    let machine = Parts::direct(&bench, "").stick(&stick).shelf(&scenario).boot();
    for (serial, _, psid, _) in DRIVES {
        machine.wait_row(serial, "LOCKED", BOOT);
        select(&machine, serial);
        machine.type_in("s");
        machine.wait_for("PSID OF THIS DRIVE", SOON);
        machine.type_in(psid);
        let screen = machine.wait_for(&format!("*{}", &psid[28..]), SOON);
        assert!(!screen.contains(&psid[..28]), "{screen}");
        machine.screendump(&bench.path(&format!("{serial}.png")));
        machine.type_in("\r");
        machine.wait_row(serial, "Purge by TCG Revert", SOON);
        machine.type_in("\r");
        machine.wait_for("ERASE THIS DRIVE?", SOON);
        machine.type_in(&format!("{}\r", &serial[6..]));
        machine.wait_row(serial, "PURGED, on stick", WORK);
    }
    machine.type_in("p");
    machine.wait_for("POWER OFF?", SOON);
    machine.type_in("\r");
    machine.wait_power_off(WORK);
    drop(machine);
    drop(shelf);

    let results = Results::of(&bench, &stick);
    for (spec, (serial, _, _, row)) in scenario.drives.iter().zip(DRIVES) {
        let [certificate] = &results.with_serial(serial)[..] else { panic!("not one certificate about {serial}") };
        assert_eq!((certificate.outcome(), certificate.row()), ("PURGED", row), "{serial}");
        certificate.assert_verifies();
        let oracle = Oracle::of(&bench.path(""), spec).expect("the medium can be read");
        assert_eq!(oracle.customer_blocks, 0, "{serial}");
    }
    assert_nowhere(&fs::read(stick.image()).expect("the stick's image can be read"));
}

/// The PSIDs are neither on the stick nor, as the digits in which records have bytes, in anything on it.
fn assert_nowhere(stick: &[u8]) {
    for (serial, _, psid, _) in DRIVES {
        let digits = hex(psid.as_bytes());
        for words in [psid.to_owned(), digits.to_uppercase(), digits] {
            // Half of it would be enough to guess from.
            let half = &words.as_bytes()[..words.len() / 2];
            let at = stick.windows(half.len()).position(|window| window == half);
            assert_eq!(at, None, "the PSID of {serial} is on the stick as {words}");
        }
    }
}

/// Moves the selection to the line of a drive.
fn select(machine: &Machine, serial: &str) {
    machine.type_in("\x1b[H");
    let screen = machine.wait_for(serial, SOON);
    let drives = screen.lines().skip_while(|line| !line.contains("Serial")).skip(1);
    let above = drives.take_while(|line| !line.contains(serial)).count();
    machine.type_in(&"\x1b[B".repeat(above));
    machine.wait_row(serial, ">", SOON);
}
