//! The stick starts machines, and shows itself as what it is.

use crate::rig::{BOOT, Bench, Bus, Machine, Parts, SOON};

const END: &str = "\x1b[F";
const HOME: &str = "\x1b[H";

/// The first screen, with the stick that the machine was started from as a line that cannot be chosen.
fn assert_first_screen(bench: &Bench, machine: &Machine, picture: &str) {
    let screen = machine.wait_for("OLD-7", BOOT);
    assert!(screen.contains("PurgeProof"), "{screen}");
    machine.wait_row("STICK-1", "not offered", SOON);
    // The last line of the list; below it stands the whole reason.
    machine.type_in(END);
    machine.wait_for("this machine was started from it", SOON);
    machine.type_in(HOME);
    let words = ["Purge", "OLD-7", "1 ready, 1 not", "Clear by", "Enter erase/result"];
    machine.wait_on_monitor(&words, &bench.path("monitor.ppm"), SOON);
    machine.screendump(&bench.path(picture));
}

#[test]
fn by_bios() {
    let bench = Bench::new("boot-bios");
    let (stick, disk) = (bench.stick("STICK-1"), bench.disk("OLD-7", 16));
    let machine = Parts::bare(&bench).stick(&stick).drive(Bus::Sata, &disk).boot();
    assert_first_screen(&bench, &machine, "bios.png");
    machine.kill();
    disk.assert_untouched();
}

#[test]
fn by_uefi() {
    let bench = Bench::new("boot-uefi");
    let (stick, disk) = (bench.stick("STICK-1"), bench.disk("OLD-7", 16));
    let machine = Parts::bare(&bench).uefi().stick(&stick).drive(Bus::Nvme, &disk).boot();
    assert_first_screen(&bench, &machine, "uefi.png");
    machine.kill();
    disk.assert_untouched();
}
