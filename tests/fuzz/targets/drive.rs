//! What drives answer: pages, sense data and replies of any bytes and length.
#![no_main]

use libfuzzer_sys::fuzz_target;
use purgeproof_spec::{ata, mmc, nvme, sat, scsi, tcg};

fuzz_target!(|bytes: &[u8]| {
    let _ = nvme::Controller::parse(bytes);
    let _ = nvme::Namespace::parse(bytes);
    let _ = nvme::SanitizeStatus::parse(bytes);
    let _ = nvme::Smart::parse(bytes);
    let _ = nvme::namespace_list(bytes);
    let _ = nvme::controller_list(bytes);
    let _ = scsi::sense::Sense::new(bytes);
    let _ = scsi::answer::Inquiry::new(bytes);
    let _ = scsi::answer::vpd_pages(bytes);
    let _ = scsi::unit_serial(bytes);
    let _ = scsi::answer::longest_transfer(bytes);
    let _ = scsi::log::temperature(bytes);
    let _ = scsi::log::endurance_used_percent(bytes);
    let _ = sat::registers(bytes);
    if let Ok(reply) = tcg::response::Reply::new(bytes) {
        let _ = (reply.tokens().take(1000).count(), reply.status(), reply.pin(), reply.is_end_of_session());
    }
    if let Some(page) = bytes.first_chunk::<512>() {
        let _ = mmc::ExtCsd::new(page).map(|it| (it.erase_group_bytes(), it.general_purpose_bytes(), it.rpmb_bytes()));
        if let Some(identify) = ata::Identify::new(page) {
            let _ = (identify.serial(), identify.model(), identify.sectors(), identify.sector_size());
        }
    }
    if let Some(cid) = bytes.first_chunk::<16>().and_then(mmc::Cid::new) {
        let _ = cid.manufactured(bytes.last().copied().unwrap_or_default());
    }
});
