//! Reading what the job does not: boot and general purpose partitions, after they were erased.
//!
//! Markers and read-back of the job see the user area alone. That another partition was erased is believed only if all of it reads as
//! erased memory does.

use purgeproof_core::firmware::Transcript;
use purgeproof_spec::mmc::{Addressing, ExtCsd, Partition, read_multiple, send_ext_csd, set_block_count};
use purgeproof_sys::transfer::POISON;

use super::region::{Region, regions};
use super::{MmcChannel, Step, send_to};

/// Sectors in one read: 64 KiB is one segment for every host controller. Linux would take 512 KiB.
const SECTORS: u16 = 128;

/// A sentence for each partition besides the user area that does not read as erased.
pub(super) fn problems(
    channel: &mut impl MmcChannel,
    register: &[u8; 512],
    addressing: Option<Addressing>,
    log: &mut dyn Transcript,
) -> Vec<String> {
    let Some(ext_csd) = ExtCsd::new(register) else { return Vec::new() };
    let Some(addressing) = addressing.or(ext_csd.addressing()) else {
        return vec!["What its addresses count is not known: nothing but the user area could be read back.".to_owned()];
    };
    let is_other = |region: &Region| region.partition != Partition::User && region.barrier.is_none();
    let others = regions(ext_csd, channel).into_iter().filter(is_other);
    others.filter_map(|region| region_problem(channel, (ext_csd, addressing), &region, log)).collect()
}

/// Reads a partition up to the first sectors that are no good. Of all its reads the last one goes into the transcript.
fn region_problem(
    channel: &mut impl MmcChannel,
    (ext_csd, addressing): (ExtCsd<'_>, Addressing),
    region: &Region,
    log: &mut dyn Transcript,
) -> Option<String> {
    let mut at = 0;
    loop {
        let count = SECTORS.min(u16::try_from(region.sectors - at).unwrap_or(SECTORS));
        let problem = read(channel, (ext_csd, addressing), region, (at, count), |exchange, is_last| {
            if is_last {
                log.note(exchange);
            }
        });
        at += u32::from(count);
        if problem.is_some() || at >= region.sectors {
            return problem;
        }
    }
}

/// Reads `count` sectors from `at` on; a sentence if they did not come or are not erased.
fn read(
    channel: &mut impl MmcChannel,
    (ext_csd, addressing): (ExtCsd<'_>, Addressing),
    region: &Region,
    (at, count): (u32, u16),
    note: impl FnOnce(purgeproof_core::firmware::Exchange, bool),
) -> Option<String> {
    let name = region.name;
    let last = at + u32::from(count) - 1;
    let Some(read) = read_multiple(addressing, at) else {
        return Some(format!("The {name} has no address for sector {at}."));
    };
    let mut register = [POISON; 512];
    let mut sectors = vec![POISON; usize::from(count) * 512];
    let mut steps = [
        Step::reading(send_ext_csd(), &mut register),
        Step::new(set_block_count(count)),
        Step::reading(read, &mut sectors),
    ];
    let (sent, exchange) = send_to(
        channel,
        region.partition,
        &format!("READ_MULTIPLE_BLOCK of the {name}, sectors {at}-{last}"),
        &mut steps,
    );
    let errors = steps.iter().filter_map(|step| step.status).find(|status| status.errors() != 0);
    let is_whole = steps.iter().all(|step| step.status.is_some());
    let left = sectors.iter().position(|byte| *byte != ext_csd.erased_byte());
    let problem = match (sent, errors) {
        (Err(error), _) => Some(format!("The {name} could not be read back: {error}")),
        (Ok(()), Some(errors)) => Some(format!("The {name} could not be read back: {errors}.")),
        (Ok(()), None) if !is_whole || !region.is_addressed(&register) => {
            Some(format!("The {name} could not be read back: it was not addressed."))
        }
        (Ok(()), None) => left.map(|offset| {
            let sector = u64::from(at) + u64::try_from(offset / 512).unwrap_or(0);
            format!("The {name} is not erased: sector {sector} does not hold {:02X}h.", ext_csd.erased_byte())
        }),
    };
    note(exchange, problem.is_some() || last + 1 >= region.sectors);
    problem
}
