//! A cable is pulled in the middle of an overwrite, and plugged in again while the machine runs.

use crate::rig::{BOOT, Bench, Bus, Certificate, Disk, Machine, Parts, Results, SOON, Stick, WORK};

/// Until its first checkpoint, which is due after half a minute, a drive is slow; what follows need not be.
const SLOW: u64 = 512 << 10;

/// Pulls a drive out when it has written more than its last checkpoint, and plugs it in again once its certificate is on the stick.
fn pull_and_plug(machine: &Machine, bus: Bus, disk: &Disk) {
    // Of 48 MiB; what a queue has under way, 8 MiB at most, is written although the cable is pulled.
    machine.wait_row(disk.serial(), "Write 5", WORK);
    match bus {
        Bus::Usb => machine.unplug_slow_usb(disk),
        _ => machine.unplug(disk.serial()),
    }
    machine.wait_row(disk.serial(), "NOT ERASED", WORK);
    machine.wait_row(disk.serial(), "NOT ERASED, unplugged", WORK);
    assert!(disk.old_sectors() > 0, "it was pulled out too late for this test");
    machine.hurry(disk);
    machine.plug(bus, disk);
}

/// The certificate of then stands, and the one of now says what happened and names it.
fn assert_tells_of_it(bench: &Bench, stick: &Stick, disk: &Disk) {
    let results = Results::of(bench, stick);
    let (good, bad): (Vec<Certificate>, Vec<Certificate>) =
        results.about(disk).into_iter().partition(Certificate::is_good);
    let ([now], [then]) = (&good[..], &bad[..]) else { panic!("{} good and {} bad", good.len(), bad.len()) };
    assert_eq!((now.outcome(), then.outcome()), ("CLEARED", "NOT ERASED"));
    assert_eq!(then.reasons(), ["the drive disappeared while it was being overwritten"]);
    now.assert_verifies();
    then.assert_verifies();
    let [interruption] = now.interruptions()[..] else { panic!("{:?}", now.interruptions()) };
    assert!(interruption.contains("; the drive had left; "), "{interruption}");
    assert!(interruption.contains("all as written; pass 1 from LBA "), "{interruption}");
    assert!(!interruption.contains("from LBA 0;"), "{interruption}");
    assert!(interruption.ends_with(&format!("supersedes certificate {}", then.job())), "{interruption}");
    disk.assert_holds_stream(&now.keystream());
}

#[test]
fn the_operator_goes_on_with_a_drive_that_is_back() {
    let bench = Bench::new("cable");
    let (stick, disk) = (bench.stick("STICK-1"), bench.disk("LOOSE-1234", 48).slow(SLOW));
    let machine = Parts::direct(&bench, "").stick(&stick).drive(Bus::Scsi, &disk).boot();
    machine.wait_for("LOOSE-1234", BOOT);
    machine.type_in("\x1b[H");
    machine.wait_row("LOOSE-1234", ">", SOON);
    machine.type_in("\r");
    machine.wait_for("ERASE THIS DRIVE?", SOON);
    machine.type_in("1234\r");
    pull_and_plug(&machine, Bus::Scsi, &disk);
    machine.wait_row("LOOSE-1234", "g: go on", SOON);
    machine.type_in("g");
    machine.wait_for("GO ON ERASING THIS DRIVE?", SOON);
    machine.type_in("1234\r");
    machine.wait_row("LOOSE-1234", "CLEARED, on stick", WORK);
    machine.kill();
    assert_tells_of_it(&bench, &stick, &disk);
}

#[test]
#[ignore = "scripts/test --long"]
fn an_unattended_run_goes_on_by_itself_and_leaves_another_drive_alone() {
    let bench = Bench::new("cable-unattended");
    let (stick, disk) = (bench.stick("STICK-1"), bench.disk("LOOSE-1", 48).slow(SLOW));
    let other = bench.disk("OTHER-2", 24);
    let machine = Parts::direct(&bench, "pp.consent=LOOSE-1 pp.when_done=power-off")
        .stick(&stick)
        .drive(Bus::Usb, &disk)
        .spare(&other)
        .boot();
    machine.wait_for("LOOSE-1", BOOT);
    machine.plug(Bus::Usb, &other);
    pull_and_plug(&machine, Bus::Usb, &disk);
    machine.wait_power_off(WORK);
    drop(machine);
    other.assert_untouched();
    assert_tells_of_it(&bench, &stick, &disk);
}
