//! Without an operator: every drive that is named is erased, certified and proven from outside; no other is touched.

use crate::rig::{Bench, Bus, Parts, Results, WORK};

#[test]
fn every_selected_drive_and_no_other() {
    let bench = Bench::new("unattended");
    let stick = bench.stick("STICK-1");
    let nvme = bench.disk("PP-NVME-1", 32);
    let sata = bench.disk("PP-SATA-2", 24);
    let scsi = bench.disk("PP-SCSI-3", 17);
    let usb = bench.disk("PP-USB-4", 16);
    let kept_nvme = bench.disk("KEEP-5", 16);
    let kept_sata = bench.disk("KEEP-6", 16);
    let machine = Parts::direct(&bench, "pp.consent=PP-NVME-1,PP-SATA-2,PP-SCSI-*,*-USB-4 pp.when_done=power-off")
        .stick(&stick)
        .drive(Bus::Nvme, &nvme)
        .drive(Bus::Sata, &sata)
        .drive(Bus::Scsi, &scsi)
        .drive(Bus::Usb, &usb)
        .drive(Bus::Nvme, &kept_nvme)
        .drive(Bus::Sata, &kept_sata)
        .boot();
    machine.wait_power_off(WORK);
    drop(machine);

    kept_nvme.assert_untouched();
    kept_sata.assert_untouched();
    let results = Results::of(&bench, &stick);
    assert_eq!(results.certificates().len(), 4);
    for disk in [&nvme, &sata, &scsi, &usb] {
        let certificate = results.only(disk);
        assert_eq!(certificate.outcome(), "CLEARED", "{}", disk.serial());
        disk.assert_holds_stream(&certificate.keystream());
        certificate.assert_verifies();
        certificate.assert_pdf_says_the_same();
        for kind in ["ended", "filed"] {
            assert!(results.journal_has(kind, certificate.job()), "{kind} of {}", disk.serial());
        }
    }
    usb.assert_holds_stream_by_openssl(&results.only(&usb).keystream());
    assert_eq!(results.journals().len(), 1);
}
