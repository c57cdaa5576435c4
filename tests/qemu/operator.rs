//! The operator's way, on the serial console of a machine with the least memory that is promised.

use std::time::{Duration, Instant};

use crate::rig::{BOOT, Bench, Bus, Parts, Results, SOON, WORK};

const HOME: &str = "\x1b[H";
const DOWN: &str = "\x1b[B";
const ESC: &str = "\x1b";
const ENTER: &str = "\r";

#[test]
fn from_the_list_to_the_certificate() {
    let bench = Bench::new("operator");
    let stick = bench.stick("STICK-1");
    let first = bench.disk("DRIVE-1111", 16);
    let second = bench.disk("DRIVE-2222", 16).slow(8 << 20);
    let machine = Parts::direct(&bench, "")
        .memory_mib(256)
        .stick(&stick)
        .drive(Bus::Nvme, &first)
        .drive(Bus::Sata, &second)
        .boot();
    machine.wait_for("DRIVE-1111", BOOT);
    let list = machine.wait_for("DRIVE-2222", SOON);
    let line = |serial: &str| list.lines().position(|line| line.contains(serial)).unwrap();
    assert_ne!(line("DRIVE-1111"), line("DRIVE-2222"));

    // The selection follows the keys: details of the second drive, with its plan.
    let is_first = line("DRIVE-2222") < line("DRIVE-1111");
    machine.type_in(HOME);
    if !is_first {
        machine.type_in(DOWN);
    }
    machine.wait_row("DRIVE-2222", ">", SOON);
    machine.type_in("d");
    machine.wait_until("the details of DRIVE-2222", SOON, |screen| {
        let has = |text| screen.contains(text);
        has("Up/Down scroll") && has("DRIVE-2222") && has("Overwrite (Clear): available, chosen") && !has("DRIVE-1111")
    });
    machine.type_in(ESC);
    machine.wait_for("Enter erase", SOON);

    machine.type_in(ENTER);
    machine.wait_for("ERASE THIS DRIVE?", SOON);
    machine.type_in("1111\r");
    machine.wait_for("That is not this drive: nothing was done", SOON);
    machine.type_in("2222\r");
    machine.wait_row("DRIVE-2222", "Write", SOON);
    machine.wait_row("DRIVE-2222", "Verify", WORK);
    machine.wait_row("DRIVE-2222", "on stick", WORK);
    machine.type_in(ENTER);
    // The footer is what is drawn last: an Esc that overtakes it would be one for the list.
    machine.wait_until("the result", SOON, |screen| {
        let words = ["Result of", "CLEARED", "The drive may leave", "on the stick as", "Esc back"];
        words.iter().all(|text| screen.contains(text)) && !screen.contains("Enter erase")
    });
    machine.type_in(ESC);
    machine.wait_for("Enter erase", SOON);

    machine.type_in("p");
    machine.wait_for("it keeps its content", SOON);
    machine.type_in(ENTER);
    machine.wait_power_off(WORK);
    drop(machine);

    first.assert_untouched();
    let certificate = Results::of(&bench, &stick).only(&second);
    assert_eq!(certificate.outcome(), "CLEARED");
    second.assert_holds_stream(&certificate.keystream());
}

/// Slow enough for a loaded machine under emulation; by hand it takes about a second.
const NOTICED: Duration = Duration::from_secs(8);

#[test]
fn drives_come_and_go_on_the_screen() {
    let bench = Bench::new("hot-plug");
    let (stick, there, later) = (bench.stick("STICK-1"), bench.disk("THERE-1", 16), bench.disk("LATER-2", 16));
    let machine = Parts::direct(&bench, "").stick(&stick).drive(Bus::Nvme, &there).spare(&later).boot();
    machine.wait_for("THERE-1", BOOT);
    assert!(!machine.text().contains("LATER-2"));
    for bus in [Bus::Usb, Bus::Scsi] {
        let begin = Instant::now();
        machine.plug(bus, &later);
        machine.wait_for("LATER-2", NOTICED);
        let appeared = begin.elapsed();
        machine.unplug("LATER-2");
        let begin = Instant::now();
        machine.wait_gone("LATER-2", NOTICED);
        println!("{bus:?}: appeared after {appeared:?}, gone after {:?}", begin.elapsed());
    }
    machine.kill();
    there.assert_untouched();
    later.assert_untouched();
}
