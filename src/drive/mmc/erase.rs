//! The erase itself: every partition that a host can erase, one after the other, and then `SANITIZE_START`.

use nix::errno::Errno;
use purgeproof_core::firmware::{Begun, Transcript};
use purgeproof_core::technique::Technique;
use purgeproof_spec::mmc::{
    self, Addressing, Command, Erase, ExtCsd, Partition, Status, sanitize_start, send_ext_csd, send_status,
    use_high_capacity_groups,
};

use super::region::{Region, regions};
use super::{MmcChannel, MmcFirmware, RELATIVE_ADDRESS, Step, exchange, send, send_to};
use crate::channel::ChannelError;

/// Linux gives it four minutes; devices take longer.
const SANITIZE_LIMIT_MS: u32 = 3_600_000;
/// The register's time-outs multiply to more than any device takes, or are not there.
const ERASE_LIMITS_MS: (u64, u64) = (600_000, 43_200_000);

/// Everything, in the foreground: it returns when the device is done.
pub(super) fn begin<C: MmcChannel>(
    device: &mut MmcFirmware<C>,
    technique: Technique,
    log: &mut dyn Transcript,
) -> Begun {
    let what = match technique {
        Technique::EraseAndSanitize => Erase::Erase,
        Technique::SecureErase => Erase::SecureErase,
        other => return Begun::Refused { why: format!("{other} is no command of an eMMC device") },
    };
    let register = match device.register(log) {
        Ok(register) => register,
        Err(why) => return Begun::Lost { why },
    };
    let Some(ext_csd) = ExtCsd::new(&register) else { return Begun::Lost { why: super::NO_REGISTER.into() } };
    match run(device, ext_csd, what, log) {
        Ok(()) => Begun::Completed,
        Err(begun) => begun,
    }
}

fn run<C: MmcChannel>(
    device: &mut MmcFirmware<C>,
    ext_csd: ExtCsd<'_>,
    what: Erase,
    log: &mut dyn Transcript,
) -> Result<(), Begun> {
    let channel = &mut device.channel;
    // Errors of commands before ours stay in the status until it is asked for.
    let mut steps = [Step::new(send_status(RELATIVE_ADDRESS))];
    log.note(send(channel, "SEND_STATUS", &mut steps).1);
    if ext_csd.erase_group_bytes().is_some() && !ext_csd.has_high_capacity_groups() {
        // The time-outs below are those of high-capacity groups. The setting lasts until power is cut.
        let mut steps = [Step::new(use_high_capacity_groups()), Step::new(send_status(RELATIVE_ADDRESS))];
        change(channel, Partition::User, "SWITCH, ERASE_GROUP_DEF", &mut steps, true, log)?;
    }
    let addressing = addressing(channel, ext_csd, log)?;
    device.addressing = Some(addressing);
    let regions = regions(ext_csd, channel);
    for (number, region) in regions.iter().filter(|region| region.barrier.is_none()).enumerate() {
        erase(channel, (ext_csd, addressing), what, region, number == 0, log)?;
    }
    if what == Erase::Erase {
        sanitize(channel, log)?;
    }
    let mut steps = [Step::new(send_status(RELATIVE_ADDRESS))];
    let (sent, exchange) = send(channel, "SEND_STATUS", &mut steps);
    log.note(exchange);
    judge(sent, &steps, false)?;
    let [step] = steps;
    if step.status.is_some_and(Status::is_idle) {
        Ok(())
    } else {
        Err(Begun::Lost {
            why: "The device is still at work after its last command has ended. Cut its power and erase it again."
                .into(),
        })
    }
}

fn erase(
    channel: &mut impl MmcChannel,
    (ext_csd, addressing): (ExtCsd<'_>, Addressing),
    what: Erase,
    region: &Region,
    is_first: bool,
    log: &mut dyn Transcript,
) -> Result<(), Begun> {
    let beyond = || Begun::Refused { why: format!("the {} has no address for its end", region.name) };
    let start = mmc::erase_group_start(addressing, 0).ok_or_else(beyond)?;
    let end = mmc::erase_group_end(addressing, region.sectors.saturating_sub(1)).ok_or_else(beyond)?;
    let name = match what {
        Erase::SecureErase => format!("SECURE ERASE of the {}", region.name),
        _ => format!("ERASE of the {}", region.name),
    };
    let mut register = [0; 512];
    let mut steps = [
        Step::reading(send_ext_csd(), &mut register),
        Step::new(start),
        Step::new(end),
        Step::limited(mmc::erase(what), limit_ms(ext_csd, what, region)),
        Step::new(send_status(RELATIVE_ADDRESS)),
    ];
    change(channel, region.partition, &name, &mut steps, is_first, log)?;
    // Linux has switched to the partition by itself: the register tells whether it did.
    if region.is_addressed(&register) {
        Ok(())
    } else {
        Err(Begun::Failed { why: format!("the {} was not addressed, so it was not erased", region.name) })
    }
}

/// What the addresses of this device count. One of no more than 2 GiB is asked by naming its last sector in bytes: where sectors count,
/// that is far beyond its end. The erase that CMD35 would begin never comes.
fn addressing(
    channel: &mut impl MmcChannel,
    ext_csd: ExtCsd<'_>,
    log: &mut dyn Transcript,
) -> Result<Addressing, Begun> {
    const ADDRESS_OUT_OF_RANGE: u32 = 1 << 31;
    if let Some(addressing) = ext_csd.addressing() {
        return Ok(addressing);
    }
    let last = mmc::erase_group_start(Addressing::Bytes, ext_csd.sectors().saturating_sub(1));
    let last = last.ok_or_else(|| Begun::Refused { why: "the user area has no address for its end".into() })?;
    let mut steps = [Step::new(last), Step::new(send_status(RELATIVE_ADDRESS))];
    let (sent, exchange) = send(channel, "ERASE_GROUP_START, to see what addresses count", &mut steps);
    log.note(exchange);
    let is_beyond =
        steps.iter().filter_map(|step| step.status).any(|status| status.errors() & ADDRESS_OUT_OF_RANGE != 0);
    if sent.is_ok() && is_beyond && steps.iter().all(|step| step.status.is_some()) {
        return Ok(Addressing::Sectors);
    }
    judge(sent, &steps, true).map(|()| Addressing::Bytes)
}

/// Linux sends it on its own terms: no response is handed on, and of the status that it asks for when the device is no longer busy it
/// reports `SWITCH_ERROR` alone (`mmc_sanitize()`, `mmc_switch_status_error()`). What else there is in it is lost.
fn sanitize(channel: &mut impl MmcChannel, log: &mut dyn Transcript) -> Result<(), Begun> {
    const NAME: &str = "SWITCH, SANITIZE_START";
    let mut steps = [Step::limited(sanitize_start(), SANITIZE_LIMIT_MS)];
    log.note(exchange(NAME, &steps));
    let (sent, exchange) = send(channel, NAME, &mut steps);
    log.note(exchange);
    let [step] = steps;
    match (sent, step.status) {
        (Err(ChannelError::Kernel(Errno::EBADMSG)), _) => {
            Err(Begun::Failed { why: "SANITIZE_START: SWITCH_ERROR".into() })
        }
        (Err(error), _) => Err(Begun::Lost { why: error.to_string() }),
        (Ok(()), Some(status)) if status.errors() != 0 => {
            Err(Begun::Failed { why: format!("SANITIZE_START: {status}") })
        }
        (Ok(()), _) => Ok(()),
    }
}

/// Sends commands that change the device, with an entry before and one after.
fn change(
    channel: &mut impl MmcChannel,
    partition: Partition,
    name: &str,
    steps: &mut [Step<'_>],
    is_first: bool,
    log: &mut dyn Transcript,
) -> Result<(), Begun> {
    log.note(exchange(name, steps));
    let (sent, exchange) = send_to(channel, partition, name, steps);
    log.note(exchange);
    judge(sent, steps, is_first)
}

/// What the responses say. `is_first`: nothing has been erased before, so that a refusal means that nothing was.
fn judge(sent: Result<(), ChannelError>, steps: &[Step<'_>], is_first: bool) -> Result<(), Begun> {
    // Protected groups were skipped, ECC, controller, unknown: in the middle of the work.
    const AT_WORK: u32 = 1 << 15 | 1 << 21 | 1 << 20 | 1 << 19;
    sent.map_err(|error| Begun::Lost { why: error.to_string() })?;
    for Step { command: Command { index, .. }, status, .. } in steps {
        let Some(status) = status else {
            return Err(Begun::Lost { why: format!("no response to CMD{index} was handed on") });
        };
        let errors = status.errors();
        let why = format!("CMD{index}: {status}");
        match errors {
            0 => {}
            _ if is_first && errors & AT_WORK == 0 => return Err(Begun::Refused { why }),
            _ => return Err(Begun::Failed { why }),
        }
    }
    Ok(())
}

/// So many groups times the register's time-out for one, within reason.
fn limit_ms(ext_csd: ExtCsd<'_>, what: Erase, region: &Region) -> u32 {
    let (least, most) = ERASE_LIMITS_MS;
    let group_ms = match what {
        Erase::SecureErase => ext_csd.secure_erase_timeout_ms(),
        _ => ext_csd.erase_timeout_ms(),
    };
    let total =
        ext_csd.erase_group_bytes().zip(group_ms).map(|(group, ms)| region.bytes.div_ceil(group).saturating_mul(ms));
    u32::try_from(total.unwrap_or(most).clamp(least, most)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_outs_are_those_of_all_groups_within_reason() {
        let mut register = [0; 512];
        // 20480 sectors of user area (A0h in byte 213 is 5000h), groups of 512 KiB: 20. 300 ms x 255 each, and x 2 when secure.
        for (at, value) in [(213, 0x50), (223, 0xFF), (224, 0x01), (230, 0x02)] {
            register[at] = value;
        }
        let limits = |register: &[u8; 512], sectors: u32| {
            let bytes = u64::from(sectors) * 512;
            let region = Region { partition: Partition::User, name: "user area", bytes, sectors, barrier: None };
            let ext_csd = ExtCsd::new(register).unwrap();
            [Erase::Erase, Erase::SecureErase].map(|what| limit_ms(ext_csd, what, &region))
        };
        assert_eq!(limits(&register, 20_480), [1_530_000, 3_060_000]);
        assert_eq!(limits(&register, 1), [600_000, 600_000]);
        assert_eq!(limits(&register, u32::MAX), [43_200_000, 43_200_000]);
        register[224] = 0;
        assert_eq!(limits(&register, 20_480), [43_200_000, 43_200_000], "groups of a size that is not told");
    }
}
