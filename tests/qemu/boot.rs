//! The stick starts machines, and shows itself as what it is.

use crate::rig::{BOOT, Bench, Bus, Machine, Parts, SOON};

/// The first screen, with the stick that the machine was started from as a line that cannot be chosen.
fn assert_first_screen(bench: &Bench, machine: &Machine, picture: &str) {
    let screen = machine.wait_for("OLD-DRIVE-7", BOOT);
    assert!(screen.contains("PurgeProof"), "{screen}");
    machine.wait_for("not offered: this machine was started from it", SOON);
    machine.screendump(&bench.path(picture));
    assert_screen_is_lit(&machine.pixmap(&bench.path("screen.ppm")));
}

/// The monitor shows text in graphics mode: at least 640x480, and between 1 and 50 % of its pixels are lit.
fn assert_screen_is_lit(pixmap: &[u8]) {
    let mut fields = pixmap.splitn(4, u8::is_ascii_whitespace);
    let mut number = || std::str::from_utf8(fields.next().unwrap()).unwrap().parse::<usize>();
    assert!(number().is_err(), "the first field is P6");
    let (width, height) = (number().unwrap(), number().unwrap());
    assert!(width >= 640 && height >= 480, "{width}x{height}");
    // After the last field, 255, one pixel has three bytes.
    let pixels = &fields.next().unwrap()[4..];
    let (pixels, []) = pixels.as_chunks::<3>() else { panic!("a pixmap of whole pixels") };
    let lit = pixels.iter().filter(|pixel| pixel.iter().any(|colour| *colour > 64)).count();
    assert!((width * height / 100..width * height / 2).contains(&lit), "{lit} of {} pixels are lit", pixels.len());
}

#[test]
fn by_bios() {
    let bench = Bench::new("boot-bios");
    let (stick, disk) = (bench.stick("STICK-1"), bench.disk("OLD-DRIVE-7", 16));
    let machine = Parts::bare(&bench).stick(&stick).drive(Bus::Sata, &disk).boot();
    assert_first_screen(&bench, &machine, "bios.png");
    machine.kill();
    disk.assert_untouched();
}

#[test]
fn by_uefi() {
    let bench = Bench::new("boot-uefi");
    let (stick, disk) = (bench.stick("STICK-1"), bench.disk("OLD-DRIVE-7", 16));
    let machine = Parts::bare(&bench).uefi().stick(&stick).drive(Bus::Nvme, &disk).boot();
    assert_first_screen(&bench, &machine, "uefi.png");
    machine.kill();
    disk.assert_untouched();
}
