//! The stick starts machines, and shows itself as what it is.

use crate::rig::{BOOT, Bench, Bus, Machine, Parts, SOON};

/// The first screen, with the stick that the machine was started from as a line that cannot be chosen.
fn assert_first_screen(bench: &Bench, machine: &Machine, picture: &str) {
    let screen = machine.wait_for("OLD-7", BOOT);
    assert!(screen.contains("PurgeProof"), "{screen}");
    machine.wait_for("not offered: this machine was started from it", SOON);
    machine.screendump(&bench.path(picture));
    let monitor = machine.monitor_text(&bench.path("monitor.ppm"));
    for text in ["PurgeProof", "OLD-7", "not offered", "Enter erase"] {
        assert!(monitor.contains(text), "no '{text}' on the monitor:\n{monitor}");
    }
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
