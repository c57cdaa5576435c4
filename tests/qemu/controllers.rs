//! Every kind of controller that QEMU has: each disk is on the list with its name and size, or the list says why not.

use crate::rig::{BOOT, Bench, Bus, Parts, SOON};

#[test]
#[ignore = "in scripts/test --long: controllers that other tests do not have"]
fn disks_of_every_controller_are_listed() {
    let bench = Bench::new("controllers");
    let names = ["NVME", "SATA", "VBLK", "VSCSI", "MPTSAS", "MEGASAS", "USB", "UAS", "EHCI", "PVSCSI", "LSI"];
    let disks = names.map(|name| bench.disk(&format!("{name}-1"), 16));
    let [nvme, sata, block, scsi, mpt, mega, usb, uas, ehci, pvscsi, lsi] = &disks;
    let card = bench.disk("CARD", 32);
    let machine = Parts::direct(&bench, "")
        .drive(Bus::Nvme, nvme)
        .drive(Bus::Sata, sata)
        .drive(Bus::Scsi, scsi)
        .drive(Bus::Usb, usb)
        .drive_on("virtio-blk-pci,serial=VBLK-1", block)
        .device("mptsas1068,id=mpt")
        .drive_on("scsi-hd,bus=mpt.0,serial=MPTSAS-1,wwn=0x5000c50015ea71ac", mpt)
        .device("megasas,id=mega")
        .drive_on("scsi-hd,bus=mega.0,serial=MEGASAS-1", mega)
        .device("usb-uas,id=uas,bus=usb.0")
        .drive_on("scsi-hd,bus=uas.0,serial=UAS-1", uas)
        .device("usb-ehci,id=ehci")
        .drive_on("usb-storage,bus=ehci.0,serial=EHCI-1", ehci)
        .device("pvscsi,id=pv")
        .drive_on("scsi-hd,bus=pv.0,serial=PVSCSI-1", pvscsi)
        .device("lsi53c895a,id=lsi")
        .drive_on("scsi-hd,bus=lsi.0,serial=LSI-1", lsi)
        .device("sdhci-pci")
        .drive_on("sd-card", &card)
        .boot();
    // There are more than have room: the ones first on the list, then the others.
    machine.wait_for("12 drives: 11 ready, 1 not offered", BOOT);
    for serial in ["UAS-1", "LSI-1", "USB-1", "EHCI-1", "MPTSAS-1", "PVSCSI-1", "SATA-1", "VSCSI-1", "VBLK-1"] {
        machine.wait_row(serial, "16.8 MB", SOON);
    }
    machine.type_in("\x1b[F");
    machine.wait_row("NVME-1", "16.8 MB", SOON);
    machine.wait_row("eMMC/SD", "33.6 MB", SOON);
    // What this adapter shows are volumes, even of one disk each.
    machine.wait_row("RAID", "not offered: a RAID volume", SOON);
    machine.type_in("n");
    machine.wait_for("It shows volumes and not their drives", SOON);
    machine.screendump(&bench.path("messages.png"));
    machine.kill();
    for disk in &disks {
        disk.assert_untouched();
    }
}

/// These two can hang a machine for a minute, the one at a pass-through command and the other at the end.
#[test]
#[ignore = "in scripts/test --long: controllers that other tests do not have"]
fn a_disk_that_answers_identify_with_zeros_is_no_ata_drive() {
    let bench = Bench::new("controllers-odd");
    let (esp, ufs) = (bench.disk("AM53C974-1", 16), bench.disk("UFS-1", 16));
    let machine = Parts::direct(&bench, "")
        .device("am53c974,id=esp")
        .drive_on("scsi-hd,bus=esp.0,serial=AM53C974-1", &esp)
        .device("ufs,id=ufs")
        .drive_on("ufs-lu,bus=ufs,lun=0", &ufs)
        .boot();
    machine.wait_row("AM53C974-1", "SCSI", BOOT * 2);
    machine.wait_row("UFS", "16.8 MB", SOON);
    machine.kill();
    for disk in [esp, ufs] {
        disk.assert_untouched();
    }
}

#[test]
#[ignore = "scripts/test --long"]
fn persistent_memory_is_named_and_not_offered() {
    let bench = Bench::new("controllers-nvdimm");
    let memory = bench.disk("NVDIMM", 128);
    let machine = Parts::direct(&bench, "").nvdimm(&memory).boot();
    machine.wait_row("pmem0", "not offered", BOOT);
    machine.wait_for("persistent memory (NVDIMM)", SOON);
    machine.screendump(&bench.path("list.png"));
    machine.kill();
    memory.assert_untouched();
}
