//! The power is cut in the middle, and the machine started again with the same drives and the same stick.

use crate::rig::{BOOT, Bench, Bus, Disk, Machine, Parts, Results, SOON, WORK};

#[test]
fn the_interrupted_job_is_not_forgotten_and_not_good() {
    let bench = Bench::new("power-cut");
    let stick = bench.stick("STICK-1");
    // QEMU's SATA disk has no erase of its own: it is overwritten from the start, slowly enough for the other one to be done before.
    let slow = bench.disk("SLOW-1", 24).slow(512 << 10);
    let quick = bench.disk("QUICK-2", 16);
    let start = |slow: &Disk, consent: &str| -> Machine {
        Parts::direct(&bench, &format!("pp.consent={consent} pp.when_done=power-off"))
            .stick(&stick)
            .drive(Bus::Sata, slow)
            .drive(Bus::Nvme, &quick)
            .boot()
    };

    let machine = start(&slow, "*");
    machine.wait_row("QUICK-2", "on stick", BOOT);
    machine.wait_row("SLOW-1", "Write", SOON);
    machine.kill();
    assert!(slow.old_sectors() > 0, "the power was cut too late for this test");
    let first = Results::of(&bench, &stick);
    assert_eq!(first.about(&slow).len(), 0);
    assert_eq!(first.only(&quick).outcome(), "CLEARED");
    quick.assert_holds_stream(&first.only(&quick).keystream());

    // Again, but only for the slow one; the quick one has its certificate.
    let slow = slow.slow(1 << 30);
    start(&slow, "SLOW-1").wait_power_off(WORK);
    let second = Results::of(&bench, &stick);
    assert_eq!(second.certificates().len(), 3);
    let mut outcomes: Vec<_> = second.about(&slow).iter().map(|one| one.outcome().to_owned()).collect();
    outcomes.sort();
    assert_eq!(outcomes, ["CLEARED", "NOT ERASED"]);
    for certificate in second.about(&slow) {
        certificate.assert_verifies();
        assert!(second.journal_has("filed", certificate.job()));
        if certificate.outcome() == "CLEARED" {
            slow.assert_holds_stream(&certificate.keystream());
        } else {
            assert_eq!(
                certificate.reasons(),
                ["the record ends before the job did (power cut, reset or a pulled plug)"]
            );
        }
    }
    quick.assert_holds_stream(&second.only(&quick).keystream());
    assert_eq!(second.journals().len(), 2);
}
