//! The edition of buildroot-config/: a kernel without modules, compiled from source, and the stick that its post-image script makes.

use std::fs;

use crate::rig::{BOOT, Bench, Bus, Firmware, Parts, Results, SOON, WORK, artefact};

/// All that a machine needs to start this edition.
const LITTLE_MEMORY_MIB: u32 = 128;
const KERNEL_LIMIT: u64 = 12 << 20;

#[test]
#[ignore = "scripts/test --long: its kernel takes twenty minutes to compile"]
fn the_kernel_from_source_is_small() {
    let bytes = fs::metadata(artefact("source/vmlinuz")).expect("it can be asked for its size").len();
    assert!(bytes < KERNEL_LIMIT, "{bytes} bytes");
}

#[test]
#[ignore = "scripts/test --long: its kernel takes twenty minutes to compile"]
fn from_source_the_first_screen_and_what_is_plugged_in_later() {
    let bench = Bench::new("source-bios");
    let (stick, disk) = (bench.stick_of("source/purgeproof.img", "STICK-1"), bench.disk("OLD-7", 16));
    let later = bench.disk("USB-8", 16);
    let parts = Parts::bare(&bench).memory_mib(LITTLE_MEMORY_MIB).stick(&stick).drive(Bus::Sata, &disk).spare(&later);
    let machine = parts.boot();
    machine.wait_for("OLD-7", BOOT);
    machine.wait_row("STICK-1", "not offered", SOON);
    machine.plug(Bus::Usb, &later);
    machine.wait_for("USB-8", SOON);
    machine.wait_on_monitor(&["Purge", "OLD-7", "USB-8"], &bench.path("monitor.ppm"), SOON);
    machine.screendump(&bench.path("first-screen.png"));
    machine.kill();
    disk.assert_untouched();
    later.assert_untouched();
}

#[test]
#[ignore = "scripts/test --long: its kernel takes twenty minutes to compile"]
fn from_source_every_selected_drive_and_no_other() {
    let bench = Bench::new("source-unattended");
    let stick = bench.stick_of("source/purgeproof.img", "STICK-1");
    let (nvme, sata) = (bench.disk("PP-NVME-1", 16), bench.disk("PP-SATA-2", 16));
    let (scsi, usb) = (bench.disk("PP-SCSI-3", 16), bench.disk("PP-USB-4", 16));
    let kept = bench.disk("KEEP-5", 16);
    let machine = Parts::direct_of(&bench, "source", "pp.consent=PP-* pp.when_done=power-off")
        .memory_mib(LITTLE_MEMORY_MIB)
        .stick(&stick)
        .drive(Bus::Nvme, &nvme)
        .drive(Bus::Sata, &sata)
        .drive(Bus::Scsi, &scsi)
        .drive(Bus::Usb, &usb)
        .drive(Bus::Sata, &kept)
        .boot();
    machine.wait_power_off(WORK);
    drop(machine);

    kept.assert_untouched();
    let results = Results::of(&bench, &stick);
    for disk in [&nvme, &sata, &scsi, &usb] {
        let certificate = results.only(disk);
        assert_eq!(certificate.outcome(), "CLEARED", "{}", disk.serial());
        disk.assert_holds_stream(&certificate.keystream());
        certificate.assert_verifies();
    }
}

/// The stick that Buildroot's post-image script made of an output directory of Debian's parts (tests/buildroot/mock.py).
fn buildroots_stick_starts(name: &str, firmware: Option<Firmware>) {
    let bench = Bench::new(&format!("buildroot-{name}"));
    let stick = bench.stick_of("buildroot-mock/images/purgeproof.img", "STICK-1");
    let disk = bench.disk("OLD-7", 16);
    let parts = Parts::bare(&bench).stick(&stick).drive(Bus::Nvme, &disk);
    let machine = firmware.into_iter().fold(parts, Parts::firmware).boot();
    machine.wait_for("OLD-7", BOOT);
    machine.wait_row("STICK-1", "not offered", SOON);
    machine.screendump(&bench.path("first-screen.png"));
    machine.kill();
    disk.assert_untouched();
}

#[test]
#[ignore = "scripts/test --long: the assembler is the one whose stick is started each time"]
fn buildroots_stick_by_bios() {
    buildroots_stick_starts("bios", None);
}

#[test]
#[ignore = "scripts/test --long: the assembler is the one whose stick is started each time"]
fn buildroots_stick_by_uefi() {
    buildroots_stick_starts("uefi", Some(Firmware::Uefi));
}

#[test]
#[ignore = "scripts/test --long: the assembler is the one whose stick is started each time"]
fn buildroots_stick_by_uefi_of_32_bits() {
    buildroots_stick_starts("ia32", Some(Firmware::Ia32));
}
