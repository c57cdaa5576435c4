//! What a machine owes the people before it: its keyboard types what is engraved on it, its power key cuts off nothing, its letters are
//! large enough to be read, and what its kernel dies of can be read too.

use std::time::Duration;

use crate::rig::{BOOT, Bench, Bus, Firmware, Parts, Results, SOON, WORK};

#[test]
fn the_keyboard_has_its_layout_and_the_power_key_asks_while_something_runs() {
    let bench = Bench::new("duty");
    let stick = bench.stick("STICK-1");
    let disk = bench.disk("DRIVE-2211", 16).slow(1 << 20);
    let machine = Parts::direct(&bench, "pp.keymap=de").stick(&stick).drive(Bus::Sata, &disk).boot();
    machine.wait_row("DRIVE-2211", "Clear by", BOOT);
    machine.wait_for("Stick ready", SOON);

    // A German keyboard has y and z the other way round, and ä on the key of the apostrophe.
    machine.press(&["ret"]);
    machine.wait_for("ERASE THIS DRIVE?", SOON);
    machine.press(&["y", "z", "apostrophe"]);
    machine.wait_for("> zy<U+00E4>_", SOON);
    machine.screendump(&bench.path("german.png"));
    machine.press(&["esc", "f2"]);
    machine.wait_for("> de        German  (now)", SOON);
    machine.press(&["f"]);
    machine.wait_for("> fr ", SOON);
    machine.screendump(&bench.path("layouts.png"));
    machine.press(&["ret"]);
    machine.wait_gone("KEYBOARD LAYOUT", SOON);

    // A French one has digits with Shift alone.
    machine.press(&["ret"]);
    machine.wait_for("ERASE THIS DRIVE?", SOON);
    machine.press(&["q", "2"]);
    machine.wait_for("> a<U+00E9>_", SOON);
    machine.press(&["backspace", "backspace", "shift-2", "shift-2", "shift-1", "shift-1"]);
    machine.wait_for("> 2211_", SOON);
    machine.press(&["ret"]);
    machine.wait_row("DRIVE-2211", "Write", SOON);

    machine.press_power();
    machine.wait_for("POWER OFF?", SOON);
    machine.press(&["ret"]);
    machine.wait_for("Nothing was done. Type the word yes", SOON);
    machine.screendump(&bench.path("power-key.png"));
    machine.press(&["esc", "ctrl-alt-delete"]);
    machine.wait_for("Ctrl-Alt-Del restarts nothing here", SOON);
    machine.hurry(&disk);
    machine.wait_row("DRIVE-2211", "CLEARED, on stick", WORK);
    machine.press_power();
    machine.wait_power_off(WORK);
    assert_eq!(disk.old_sectors(), 0);
}

#[test]
#[ignore = "in scripts/test --long: a machine for a sentence"]
fn a_machine_on_its_battery_says_so() {
    let bench = Bench::new("duty-battery");
    let disk = bench.disk("DRIVE-1", 16);
    let machine = Parts::direct(&bench, "").on_battery().drive(Bus::Nvme, &disk).boot();
    machine.wait_for("The machine runs on its battery (43 %)", BOOT);
    machine.wait_for("DRIVE-1", BOOT);
    machine.screendump(&bench.path("battery.png"));
    machine.kill();
    disk.assert_untouched();
}

#[test]
#[ignore = "in scripts/test --long: a machine for two sentences"]
fn a_layout_that_is_not_there_is_named_and_a_watchdog_is_armed() {
    let bench = Bench::new("duty-words");
    let stick = bench.stick("STICK-1");
    let words = "pp.keymap=klingon pp.verbose";
    let machine = Parts::direct(&bench, words).device("i6300esb").stick(&stick).boot();
    machine.wait_for("This image has no keyboard layout \"klingon\"", BOOT);
    let log = bench.path("serial.log");
    let armed = || std::fs::read(&log).is_ok_and(|log| String::from_utf8_lossy(&log).contains("watchdog armed: 180 s"));
    machine.wait_until("an armed watchdog", SOON, |_| armed());
    machine.press_power();
    machine.wait_power_off(WORK);
}

/// The kernel takes the larger of its two fonts by itself (`get_default_font` in lib/fonts/fonts.c): Terminus, 16x32.
#[test]
#[ignore = "in scripts/test --long: a machine for the size of letters"]
fn on_a_screen_of_3840_by_2160_letters_are_32_pixels_high() {
    let bench = Bench::new("duty-4k");
    let disk = bench.disk("DRIVE-1", 16);
    let machine = Parts::direct(&bench, "video=efifb:3840x2160")
        .firmware(Firmware::Uefi)
        .display_memory_mib(64)
        .drive(Bus::Nvme, &disk)
        .boot();
    machine.wait_row("DRIVE-1", "Clear by", BOOT);
    machine.wait_first_line(32, &bench.path("monitor.ppm"), SOON);
    machine.screendump(&bench.path("first-screen.png"));
    machine.kill();
    disk.assert_untouched();
}

/// The watchdog waits three minutes.
const RESET: Duration = Duration::from_mins(4);

#[test]
#[ignore = "in scripts/test --long: the words of the panic stand for three minutes"]
fn a_panic_can_be_read_until_the_watchdog_resets_the_machine_and_then_the_job_goes_on() {
    let bench = Bench::new("duty-panic");
    let stick = bench.stick("STICK-1");
    let disk = bench.disk("SLOW-1", 24).slow(512 << 10);
    // A kernel that panics when somebody presses the machine's NMI button.
    let words = "unknown_nmi_panic pp.consent=SLOW-1 pp.when_done=power-off";
    let machine =
        Parts::direct(&bench, words).device("i6300esb").restarts().stick(&stick).drive(Bus::Sata, &disk).boot();
    machine.wait_row("SLOW-1", "Write 8", WORK);
    machine.press_nmi();
    machine.wait_on_monitor(&["Kernel panic - not syncing: N"], &bench.path("monitor.ppm"), SOON);
    machine.screendump(&bench.path("panic.png"));
    machine.wait_watchdog(RESET);
    machine.hurry(&disk);
    machine.wait_power_off(WORK);
    drop(machine);

    let results = Results::of(&bench, &stick);
    assert_eq!(results.journals().len(), 2);
    let certificate = results.only(&disk);
    assert_eq!(certificate.outcome(), "CLEARED");
    certificate.assert_verifies();
    let [interruption] = certificate.interruptions()[..] else { panic!("{:?}", certificate.interruptions()) };
    assert!(interruption.contains("all as written; pass 1 from LBA "), "{interruption}");
    disk.assert_holds_stream(&certificate.keystream());
}
