//! A policy that is wrong, or fits nothing, erases nothing and says why.

use crate::rig::{BOOT, Bench, Bus, Parts, SOON};

#[test]
fn a_broken_policy_is_shown_with_its_line() {
    let bench = Bench::new("policy-broken");
    let (stick, disk) = (bench.stick("STICK-1"), bench.disk("DRIVE-1", 16));
    stick.put_policy("unattended = true\nwhen_done = \"power-off\"\n[[rule]]\nname = \"all\"\naction = \"pruge\"\n");
    let machine = Parts::direct(&bench, "").stick(&stick).drive(Bus::Nvme, &disk).boot();
    machine.wait_for("DRIVE-1", BOOT);
    let screen = machine.wait_for("line 5", SOON);
    assert!(screen.contains("pruge"), "{screen}");
    machine.kill();
    disk.assert_untouched();
}

#[test]
fn a_policy_that_selects_no_drive_leaves_the_operator_in_charge() {
    let bench = Bench::new("policy-selects-none");
    let (stick, disk) = (bench.stick("STICK-1"), bench.disk("DRIVE-1", 16));
    stick.put_policy(
        "unattended = true\nwhen_done = \"power-off\"\n[[rule]]\nname = \"others\"\nserial = [\"OTHER-*\"]\naction = \"purge\"\n",
    );
    let machine = Parts::direct(&bench, "").stick(&stick).drive(Bus::Nvme, &disk).boot();
    machine.wait_for("DRIVE-1", BOOT);
    machine.wait_for("selects no", SOON);
    // It still answers.
    machine.type_in("?");
    machine.wait_for("How a drive is erased", SOON);
    machine.kill();
    disk.assert_untouched();
}
