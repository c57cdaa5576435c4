//! Every way in: what starts a machine, what must not, and that the image shows itself as what it is.
//!
//! The stick by BIOS, the CD by BIOS and, in the fault matrix, the stick with Secure Boot on are tried at every change; the others by
//! `scripts/test --long`.

mod table;

use std::process::Command;
use std::time::Instant;

use serde_json::Value;

use crate::rig::{
    Asker, BOOT, Bench, Bus, Disk, Firmware, Machine, Parts, Results, SOON, Stick, WORK, artefact, scripts, serve,
};
use table::Row;

const END: &str = "\x1b[F";
const HOME: &str = "\x1b[H";

/// The build's id as the head of the screen has it.
fn image() -> String {
    let record = std::fs::read_to_string(artefact("image.json")).expect("out/image.json can be read");
    let record: Value = serde_json::from_str(&record).expect("it is JSON");
    let id = record["build_id"].as_str().expect("it has the build's id");
    format!("image {id}")
}

/// Switches the machine on and waits for its first screen, for the drive in it, and for the build's id; the times go into the table.
fn start(parts: Parts<'_>, disk: &Disk, row: &Row<'_>) -> Machine {
    let began = Instant::now();
    let machine = parts.boot();
    machine.wait_for(&image(), BOOT * 2);
    let first = began.elapsed();
    machine.wait_for(disk.serial(), SOON);
    let listed = began.elapsed();
    println!("{}: {first:.1?}, {listed:.1?}", row.path);
    row.record(Some([first, listed]));
    machine
}

/// A way without more to see than the first screen.
fn starts(name: &str, row: &Row<'_>, parts: impl for<'a> FnOnce(&'a Bench) -> Parts<'a>) {
    let bench = Bench::new(&format!("way-{name}"));
    let disk = bench.disk("OLD-7", 16);
    let machine = start(parts(&bench).drive(Bus::Nvme, &disk), &disk, row);
    keep_first_screen(&bench, &machine, &["Purge", "OLD-7", "1 ready"]);
    machine.kill();
    disk.assert_untouched();
}

/// A picture of the monitor, as soon as it shows these words: it may be behind the serial line.
fn keep_first_screen(bench: &Bench, machine: &Machine, words: &[&str]) {
    machine.wait_on_monitor(words, &bench.path("monitor.ppm"), SOON);
    machine.screendump(&bench.path("first-screen.png"));
}

/// A way that must not be one: `word` is the loader's.
fn refuses(name: &str, row: &Row<'_>, word: &str, stick: impl FnOnce(&Bench) -> Stick, firmware: Firmware) {
    let bench = Bench::new(&format!("way-{name}"));
    let stick = stick(&bench);
    let machine = Parts::bare(&bench).firmware(firmware).stick(&stick).boot();
    machine.wait_for(word, BOOT);
    machine.screendump(&bench.path("refused.png"));
    row.record(None);
}

/// The stick as a line that cannot be chosen.
fn assert_stick_is_shown(bench: &Bench, machine: &Machine) {
    machine.wait_row("STICK-1", "not offered", SOON);
    // The last line of the list; below it stands the whole reason.
    machine.type_in(END);
    machine.wait_for("this machine was started from it", SOON);
    machine.type_in(HOME);
    keep_first_screen(bench, machine, &["Purge", "OLD-7", "1 ready, 1 not", "Clear by", "Enter erase/result"]);
}

/// A stick with this image; it is on the list and cannot be chosen.
fn stick_starts(name: &str, row: &Row<'_>, image: &str, firmware: Option<Firmware>) {
    let bench = Bench::new(&format!("way-{name}"));
    let (stick, disk) = (bench.stick_of(image, "STICK-1"), bench.disk("OLD-7", 16));
    let parts = Parts::bare(&bench).stick(&stick).drive(Bus::Nvme, &disk);
    let machine = start(firmware.into_iter().fold(parts, Parts::firmware), &disk, row);
    assert_stick_is_shown(&bench, &machine);
    machine.kill();
    disk.assert_untouched();
}

#[test]
fn stick_by_bios() {
    let row = Row { path: "BIOS (SeaBIOS), USB stick", loader: "GRUB in the gap of the MBR", result: "starts" };
    stick_starts("stick-bios", &row, "purgeproof.img", None);
}

#[test]
#[ignore = "scripts/test --long"]
fn stick_by_uefi() {
    let row = Row { path: "UEFI x64 (OVMF), USB stick", loader: "shim, GRUB", result: "starts" };
    stick_starts("stick-uefi", &row, "purgeproof.img", Some(Firmware::Uefi));
}

#[test]
#[ignore = "scripts/test --long"]
fn stick_by_secure_boot() {
    let row = Row {
        path: "UEFI x64, **Secure Boot on** with Microsoft's keys, USB stick",
        loader: "shim, GRUB, kernel, all signed",
        result: "starts, locked down",
    };
    stick_starts("stick-secure", &row, "purgeproof.img", Some(Firmware::MicrosoftKeys));
}

#[test]
#[ignore = "scripts/test --long"]
fn stick_by_uefi_of_32_bits() {
    let row =
        Row { path: "UEFI ia32 (OVMF), USB stick, 64-bit kernel", loader: "GRUB ia32, not signed", result: "starts" };
    stick_starts("stick-ia32", &row, "purgeproof.img", Some(Firmware::Ia32));
}

#[test]
#[ignore = "scripts/test --long"]
fn changed_kernel_is_refused() {
    let row = Row {
        path: "the same, one bit of the kernel changed",
        loader: "shim, GRUB",
        result: "**refused**: \"bad shim signature\", as it must be",
    };
    let changed = |bench: &Bench| {
        let stick = bench.stick("STICK-1");
        let mut kernel = stick.boot_file("boot/vmlinuz");
        let middle = kernel.len() / 2;
        kernel[middle] ^= 1;
        std::fs::write(bench.path("vmlinuz"), &kernel).expect("out/tests can be written");
        stick.put_boot_file("boot/vmlinuz", &bench.path("vmlinuz"));
        stick
    };
    refuses("changed-kernel", &row, "bad shim signature", changed, Firmware::MicrosoftKeys);
}

#[test]
fn cd_by_bios() {
    let row = Row { path: "BIOS, ISO as CD", loader: "GRUB by El Torito", result: "starts" };
    starts("cd-bios", &row, |bench| Parts::bare(bench).cd(&artefact("purgeproof.iso")));
}

#[test]
#[ignore = "scripts/test --long"]
fn cd_by_secure_boot() {
    let row = Row { path: "UEFI x64, Secure Boot on, ISO as CD", loader: "shim, GRUB", result: "starts, locked down" };
    starts("cd-secure", &row, |bench| {
        Parts::bare(bench).firmware(Firmware::MicrosoftKeys).cd(&artefact("purgeproof.iso"))
    });
}

#[test]
#[ignore = "scripts/test --long"]
fn cd_by_uefi_of_32_bits() {
    let row = Row { path: "UEFI ia32, ISO as CD", loader: "GRUB ia32, not signed", result: "starts" };
    starts("cd-ia32", &row, |bench| Parts::bare(bench).firmware(Firmware::Ia32).cd(&artefact("purgeproof.iso")));
}

/// All of it lies in memory: the stick leaves, a drive is erased, the stick comes back and takes the certificate.
#[test]
#[ignore = "scripts/test --long"]
fn iso_on_a_stick_by_bios() {
    let row = Row { path: "BIOS, ISO as USB stick", loader: "GRUB in the MBR of the ISO", result: "starts" };
    let bench = Bench::new("way-iso-stick-bios");
    let (stick, disk) = (bench.stick_of("purgeproof.iso", "STICK-1"), bench.disk("OLD-7", 16));
    let machine = start(Parts::bare(&bench).stick(&stick).drive(Bus::Nvme, &disk), &disk, &row);
    assert_stick_is_shown(&bench, &machine);
    machine.unplug(stick.name());
    machine.wait_for("NO STICK", SOON);
    machine.type_in("\r");
    machine.wait_for("ERASE THIS DRIVE?", SOON);
    machine.type_in("LD-7\r");
    machine.wait_for("PLUG IN THE STICK", WORK);
    machine.plug_stick(&stick);
    machine.wait_row("OLD-7", "on stick", WORK);
    machine.wait_row("STICK-1", "not offered", SOON);
    machine.type_in("p");
    machine.wait_for("POWER OFF?", SOON);
    machine.type_in("\r");
    machine.wait_power_off(WORK);
    drop(machine);
    let certificate = Results::of(&bench, &stick).only(&disk);
    assert_eq!(certificate.outcome(), "CLEARED");
    certificate.assert_verifies();
}

#[test]
#[ignore = "scripts/test --long"]
fn iso_on_a_stick_by_secure_boot() {
    let row =
        Row { path: "UEFI x64, Secure Boot on, ISO as USB stick", loader: "shim, GRUB", result: "starts, locked down" };
    stick_starts("iso-stick-secure", &row, "purgeproof.iso", Some(Firmware::MicrosoftKeys));
}

fn netboot() -> std::path::PathBuf {
    artefact("netboot")
}

#[test]
#[ignore = "scripts/test --long"]
fn network_by_ipxe_and_tftp() {
    let row = Row { path: "BIOS, PXE", loader: "iPXE in ROM, script by TFTP", result: "starts" };
    starts("ipxe-tftp", &row, |bench| Parts::bare(bench).network(&netboot(), "purgeproof.ipxe", Asker::IpxeRom));
}

#[test]
#[ignore = "scripts/test --long"]
fn network_by_ipxe_and_http() {
    let row = Row { path: "BIOS, HTTP", loader: "iPXE in ROM, script by HTTP", result: "starts" };
    let url = serve(&netboot(), "purgeproof.ipxe");
    starts("ipxe-http", &row, |bench| Parts::bare(bench).network(&netboot(), &url, Asker::IpxeRom));
}

#[test]
#[ignore = "scripts/test --long"]
fn network_by_uefi_and_http() {
    let row = Row { path: "UEFI x64, HTTP, UKI", loader: "none (systemd's stub), by HTTP", result: "starts" };
    let url = serve(&artefact(""), "purgeproof.efi");
    starts("uefi-http", &row, |bench| {
        Parts::bare(bench).firmware(Firmware::Uefi).network(&netboot(), &url, Asker::Http)
    });
}

/// The firmware makes a disk in memory of what it fetched, and starts that. It is known as what the machine was started from, so that USB disks
/// are offered; and it is no stick, for what is written there goes with the power.
#[test]
#[ignore = "scripts/test --long"]
fn network_by_secure_boot_and_http() {
    let row = Row {
        path: "UEFI x64, Secure Boot on, HTTP, ISO",
        loader: "shim, GRUB, from a disk in memory",
        result: "starts, locked down",
    };
    let bench = Bench::new("way-secure-http");
    let (disk, usb) = (bench.disk("OLD-7", 16), bench.disk("USB-8", 16));
    let url = serve(&artefact(""), "purgeproof.iso");
    let parts = Parts::bare(&bench).memory_mib(1024).firmware(Firmware::MicrosoftKeys);
    let parts = parts.network(&netboot(), &url, Asker::Http).drive(Bus::Nvme, &disk).drive(Bus::Usb, &usb);
    let machine = start(parts, &disk, &row);
    machine.wait_row("pmem0", "not offered: this machine", SOON);
    machine.wait_for("NO STICK", SOON);
    keep_first_screen(&bench, &machine, &["Purge", "OLD-7", "2 ready, 1 not"]);
    machine.kill();
    disk.assert_untouched();
    usb.assert_untouched();
}

#[test]
#[ignore = "scripts/test --long"]
fn network_by_grub() {
    let row = Row { path: "BIOS, PXE without a script", loader: "GRUB (`grub.0`) by TFTP", result: "starts" };
    starts("grub-pxe", &row, |bench| Parts::bare(bench).network(&netboot(), "grub.0", Asker::IpxeRom));
}

#[test]
#[ignore = "scripts/test --long"]
fn network_by_uefi() {
    let row = Row { path: "UEFI x64, PXE", loader: "shim, GRUB by TFTP", result: "starts" };
    starts("uefi-pxe", &row, |bench| {
        Parts::bare(bench).firmware(Firmware::Uefi).network(&netboot(), "bootx64.efi", Asker::Pxe)
    });
}

/// A machine from the network takes its policy from a stick that is plugged in later, and leaves the certificate there.
#[test]
#[ignore = "scripts/test --long"]
fn network_by_secure_boot_with_a_stick() {
    let row =
        Row { path: "UEFI x64, Secure Boot on, PXE", loader: "shim, GRUB by TFTP", result: "starts, locked down" };
    let bench = Bench::new("way-secure-pxe");
    let (stick, disk) = (bench.stick("STICK-1"), bench.disk("OLD-7", 16));
    stick.put_policy(
        "unattended = true\nwhen_done = \"power-off\"\n[[rule]]\nname = \"all\"\nserial = [\"OLD-7\"]\naction = \"purge\"\n",
    );
    let parts = Parts::bare(&bench).firmware(Firmware::MicrosoftKeys).spare_stick(&stick).drive(Bus::Nvme, &disk);
    let machine = start(parts.network(&netboot(), "bootx64.efi", Asker::Pxe), &disk, &row);
    machine.wait_for("NO STICK", SOON);
    keep_first_screen(&bench, &machine, &["Purge", "OLD-7", "1 ready"]);
    disk.assert_untouched();
    machine.plug_stick(&stick);
    machine.wait_power_off(WORK);
    drop(machine);
    let certificate = Results::of(&bench, &stick).only(&disk);
    assert_eq!(certificate.outcome(), "CLEARED");
    assert_eq!(image(), format!("image {}", certificate.image()));
    certificate.assert_verifies();
}

/// A stick whose UEFI loader is the whole image in one program, signed if there is a key.
fn uki_stick(bench: &Bench, is_signed: bool) -> Stick {
    let program = bench.path("uki.efi");
    let mut uki = Command::new("python3");
    uki.arg("image/uki.py").arg("--kernel").arg(artefact("vmlinuz")).arg("--initramfs").arg(artefact("initramfs.zst"));
    uki.arg("--stub").arg(scripts("../.cache/debian/usr/lib/systemd/boot/efi/linuxx64.efi.stub"));
    if is_signed {
        // The key whose certificate is all that `Firmware::OwnKey` trusts; its passphrase is public.
        let (shipped, key) = (scripts("../.cache/qemu/usr/share/ovmf/PkKek-1-snakeoil.key"), bench.path("own.key"));
        let mut openssl = Command::new("openssl");
        openssl.arg("rsa").arg("-in").arg(shipped).args(["-passin", "pass:snakeoil", "-out"]).arg(&key);
        assert!(openssl.output().expect("openssl can be started").status.success(), "openssl could not read the key");
        uki.arg("--sign-key")
            .arg(&key)
            .arg("--sign-cert")
            .arg(scripts("../.cache/qemu/usr/share/ovmf/PkKek-1-snakeoil.pem"));
    }
    let made = uki.arg(&program).output().expect("python3 can be started");
    assert!(made.status.success(), "uki.py: {}", String::from_utf8_lossy(&made.stderr));
    let stick = bench.stick("STICK-1");
    stick.put_boot_file("EFI/BOOT/BOOTX64.EFI", &program);
    stick
}

fn uki_starts(name: &str, row: &Row<'_>, is_signed: bool, firmware: Firmware) {
    let bench = Bench::new(&format!("way-{name}"));
    let (stick, disk) = (uki_stick(&bench, is_signed), bench.disk("OLD-7", 16));
    let parts = Parts::bare(&bench).firmware(firmware).stick(&stick).drive(Bus::Nvme, &disk);
    let machine = start(parts, &disk, row);
    // No boot loader, no token: the stick is known by its marker.
    machine.wait_row("STICK-1", "not offered", SOON);
    keep_first_screen(&bench, &machine, &["Purge", "OLD-7", "1 ready, 1 not"]);
}

#[test]
#[ignore = "scripts/test --long"]
fn uki_by_uefi() {
    let row = Row { path: "UEFI x64, UKI on a USB stick", loader: "none (systemd's stub)", result: "starts" };
    uki_starts("uki", &row, false, Firmware::Uefi);
}

#[test]
#[ignore = "scripts/test --long"]
fn uki_by_secure_boot_with_an_own_key() {
    let row = Row {
        path: "UEFI x64, Secure Boot on with a key of one's own, signed UKI",
        loader: "none (systemd's stub)",
        result: "starts, locked down",
    };
    uki_starts("uki-signed", &row, true, Firmware::OwnKey);
}

#[test]
#[ignore = "scripts/test --long"]
fn uki_without_a_signature_is_refused() {
    let row = Row {
        path: "the same, UKI without a signature",
        loader: "none (systemd's stub)",
        result: "**refused**: \"Access Denied\", as it must be",
    };
    refuses("uki-unsigned", &row, "Access Denied", |bench| uki_stick(bench, false), Firmware::OwnKey);
}

#[test]
#[ignore = "scripts/test --long"]
fn our_stick_is_refused_where_only_an_own_key_is_trusted() {
    let row = Row {
        path: "the same, the ordinary stick",
        loader: "shim",
        result: "**refused**: \"Access Denied\", as it must be",
    };
    refuses("own-key-stick", &row, "Access Denied", |bench| bench.stick("STICK-1"), Firmware::OwnKey);
}
