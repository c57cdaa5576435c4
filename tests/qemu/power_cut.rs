//! The power is cut in the middle, and the machine started again with the same drives and the same stick.

use crate::rig::{BOOT, Bench, Bus, Disk, Machine, Parts, Results, WORK};

#[test]
fn the_interrupted_job_goes_on_where_it_was_and_says_so() {
    let bench = Bench::new("power-cut");
    let stick = bench.stick("STICK-1");
    // QEMU's SATA disk has no erase of its own: it is overwritten from the start, slowly enough for the other one to be done before, and
    // for a checkpoint after half a minute.
    let slow = bench.disk("SLOW-1", 24).slow(512 << 10);
    let quick = bench.disk("QUICK-2", 16);
    let start = |slow: &Disk| -> Machine {
        Parts::direct(&bench, "pp.consent=* pp.when_done=power-off")
            .stick(&stick)
            .drive(Bus::Sata, slow)
            .drive(Bus::Nvme, &quick)
            .boot()
    };

    let machine = start(&slow);
    machine.wait_row("QUICK-2", "on stick", BOOT);
    machine.wait_row("SLOW-1", "Write 8", WORK);
    machine.kill();
    assert!(slow.old_sectors() > 0, "the power was cut too late for this test");
    let first = Results::of(&bench, &stick);
    assert_eq!(first.about(&slow).len(), 0);
    assert_eq!(first.only(&quick).outcome(), "CLEARED");

    // Again: the slow one goes on, and the quick one, which has its certificate, is erased once more.
    let slow = slow.slow(1 << 30);
    start(&slow).wait_power_off(WORK);
    let second = Results::of(&bench, &stick);
    let certificate = second.only(&slow);
    assert_eq!(certificate.outcome(), "CLEARED");
    certificate.assert_verifies();
    assert!(second.journal_has("filed", certificate.job()));
    let [interruption] = certificate.interruptions()[..] else { panic!("{:?}", certificate.interruptions()) };
    assert!(interruption.contains("all as written; pass 1 from LBA "), "{interruption}");
    assert!(!interruption.contains("from LBA 0;"), "{interruption}");
    slow.assert_holds_stream(&certificate.keystream());
    assert_eq!(second.about(&quick).len(), 2);
    assert_eq!(second.journals().len(), 2);
}
