//! Drives and sticks that fail in the middle: no certificate says more than the medium holds.

use serde_json::{Value, json};

use crate::rig::{BOOT, Bench, Bus, Parts, Results, SOON, WORK};

/// Whether `wanted` is anywhere in `json`.
fn holds(json: &Value, wanted: &Value) -> bool {
    json == wanted
        || match json {
            Value::Array(items) => items.iter().any(|item| holds(item, wanted)),
            Value::Object(fields) => fields.values().any(|field| holds(field, wanted)),
            _ => false,
        }
}

#[test]
fn bad_sectors_and_pulled_plugs() {
    let bench = Bench::new("faults");
    let stick = bench.stick("STICK-1");
    let unreadable = bench.disk("UNREADABLE-1", 16).unreadable(20_000..=20_003);
    let unwritable = bench.disk("UNWRITABLE-2", 16).unwritable(9_000..=9_000);
    let pulled_usb = bench.disk("PULLED-USB-3", 32).slow(1 << 20);
    let pulled_scsi = bench.disk("PULLED-SCSI-4", 32).slow(1 << 20);
    let sound = bench.disk("SOUND-5", 16);
    let machine = Parts::direct(&bench, "pp.consent=* pp.when_done=power-off")
        .stick(&stick)
        .drive(Bus::Scsi, &unreadable)
        .drive(Bus::Scsi, &unwritable)
        .drive(Bus::Usb, &pulled_usb)
        .drive(Bus::Scsi, &pulled_scsi)
        .drive(Bus::Nvme, &sound)
        .boot();
    machine.wait_for("PULLED-USB-3", BOOT);
    machine.wait_until("both slow drives at work", WORK, |screen| {
        let at_work = |serial: &str| screen.lines().any(|line| line.contains(serial) && line.contains("Purge"));
        at_work("PULLED-USB-3") && at_work("PULLED-SCSI-4")
    });
    machine.unplug("PULLED-USB-3");
    machine.unplug("PULLED-SCSI-4");
    machine.wait_power_off(WORK);
    drop(machine);

    let results = Results::of(&bench, &stick);
    let certificate = results.only(&sound);
    assert_eq!(certificate.outcome(), "cleared");
    sound.assert_holds_stream(&certificate.key());

    let certificate = results.only(&unreadable);
    assert_eq!(certificate.outcome(), "not-erased");
    assert!(holds(certificate.json(), &json!({ "start": 20_000, "count": 4 })), "{}", certificate.json());
    assert_eq!(unreadable.strangers(&certificate.key()), [0; 0], "it was written nevertheless");

    let certificate = results.only(&unwritable);
    assert_eq!(certificate.outcome(), "not-erased");
    assert!(holds(certificate.json(), &json!({ "start": 9_000, "count": 1 })), "{}", certificate.json());
    assert_eq!(unwritable.strangers(&certificate.key()), [9_000], "all but the bad sector was written");

    for disk in [&pulled_usb, &pulled_scsi] {
        let certificate = results.only(disk);
        assert!(["not-erased", "indeterminate"].contains(&certificate.outcome()), "{}", certificate.outcome());
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
    machine.wait_for("Purge", BOOT);
    machine.unplug(stick.name());
    machine.wait_for("NO STICK", SOON);
    machine.wait_for("PLUG IN THE STICK", WORK);
    machine.plug_stick(&other);
    machine.wait_power_off(WORK);
    drop(machine);

    let certificate = Results::of(&bench, &other).only(&disk);
    assert_eq!(certificate.outcome(), "cleared");
    disk.assert_holds_stream(&certificate.key());
    certificate.assert_verifies();
    assert_eq!(Results::of(&bench, &stick).certificates().len(), 0, "the first stick was gone");
}
