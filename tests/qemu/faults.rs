//! Drives and sticks that fail in the middle: no certificate says more than the medium holds.

use crate::rig::{BOOT, Bench, Bus, Parts, Results, SOON, WORK};

#[test]
fn bad_sectors_and_pulled_plugs() {
    let bench = Bench::new("faults");
    let stick = bench.stick("STICK-1");
    let unreadable = bench.disk("UNREAD-1", 16).unreadable(20_000..=20_003);
    let unwritable = bench.disk("UNWRITE-2", 16).unwritable(9_000..=9_000);
    let pulled_usb = bench.disk("PULL-USB-3", 32).slow(1 << 20);
    let pulled_scsi = bench.disk("PULL-SCSI4", 32).slow(1 << 20);
    let sound = bench.disk("SOUND-5", 16);
    let machine = Parts::direct(&bench, "pp.consent=* pp.when_done=power-off")
        .stick(&stick)
        .drive(Bus::Scsi, &unreadable)
        .drive(Bus::Scsi, &unwritable)
        .drive(Bus::Usb, &pulled_usb)
        .drive(Bus::Scsi, &pulled_scsi)
        .drive(Bus::Nvme, &sound)
        .boot();
    machine.wait_for("PULL-USB-3", BOOT);
    machine.wait_row("PULL-USB-3", "Write", WORK);
    machine.wait_row("PULL-SCSI4", "Write", WORK);
    machine.unplug_slow_usb(&pulled_usb);
    machine.unplug("PULL-SCSI4");
    machine.wait_power_off(WORK);
    drop(machine);

    let results = Results::of(&bench, &stick);
    let certificate = results.only(&sound);
    assert_eq!(certificate.outcome(), "CLEARED");
    sound.assert_holds_stream(&certificate.keystream());

    let certificate = results.only(&unreadable);
    assert_eq!(certificate.outcome(), "NOT ERASED");
    assert_eq!(certificate.reasons(), ["4 blocks could not be read back: LBA 20000-20003"]);
    assert_eq!(unreadable.strangers(&certificate.keystream()), [0; 0], "it was written nevertheless");

    let certificate = results.only(&unwritable);
    assert_eq!(certificate.outcome(), "NOT ERASED");
    assert_eq!(certificate.reasons()[0], "1 block could not be written: LBA 9000");
    assert_eq!(unwritable.strangers(&certificate.keystream()), [9_000], "all but the bad sector was written");

    for disk in [&pulled_usb, &pulled_scsi] {
        let certificate = results.only(disk);
        assert!(["NOT ERASED", "INDETERMINATE"].contains(&certificate.outcome()), "{}", certificate.outcome());
        assert!(disk.old_sectors() > 0, "{} was pulled out too late for this test", disk.serial());
        certificate.assert_verifies();
    }
}

#[test]
fn certificates_wait_for_a_stick() {
    let bench = Bench::new("stick-removed");
    let (stick, other) = (bench.stick("STICK-1"), bench.stick("STICK-2"));
    let disk = bench.disk("DRIVE-1", 16).slow(4 << 20);
    let machine = Parts::direct(&bench, "pp.consent=DRIVE-1 pp.when_done=power-off")
        .stick(&stick)
        .spare_stick(&other)
        .drive(Bus::Nvme, &disk)
        .boot();
    machine.wait_row("DRIVE-1", "Write", BOOT);
    machine.unplug(stick.name());
    machine.wait_for("NO STICK", SOON);
    machine.wait_for("PLUG IN THE STICK", WORK);
    machine.plug_stick(&other);
    machine.wait_power_off(WORK);
    drop(machine);

    let certificate = Results::of(&bench, &other).only(&disk);
    assert_eq!(certificate.outcome(), "CLEARED");
    disk.assert_holds_stream(&certificate.keystream());
    certificate.assert_verifies();
    assert_eq!(Results::of(&bench, &stick).certificates().len(), 0, "the first stick was gone");
}
