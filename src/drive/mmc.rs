//! eMMC: what a device says that it can do, and its own erase commands (JESD84-B51).
//!
//! It has no status of an erase to ask for: its commands run in the foreground, and what they came to is in the bits of the device
//! status in each response. SD cards know none of this: their CMD8 is another command. The caller tells them apart (`type` in sysfs).

mod channel;
mod erase;
mod nodes;
mod read_back;
mod region;
#[cfg(test)]
#[path = "mmc_sim_tests.rs"]
mod sim_tests;
#[cfg(test)]
mod tests;

pub(crate) use channel::{MmcChannel, MmcNode, Step};
use region::{Region, regions};

use std::time::Instant;

use purgeproof_core::capability::{Area, Capabilities, Found, Hidden, Obstacle, Support};
use purgeproof_core::firmware::{
    Answer, Begun, Exchange, Firmware, Health, Octets, Prepared, Settled, Standing, Transcript,
};
use purgeproof_core::technique::Technique;
use purgeproof_core::units::Bytes;
use purgeproof_spec::mmc::{
    Addressing, Cid, ExtCsd, LifeTime, Partition, Status, csd_protects, send_ext_csd, send_status,
};
use purgeproof_sys::transfer::POISON;

use crate::channel::ChannelError;

/// Linux gives the one device of an eMMC host this address (`mmc_init_card()`).
const RELATIVE_ADDRESS: u16 = 1;

/// The registers that a device tells only while it is set up: Linux keeps them in sysfs (`cid` and `csd` beside the disk).
#[derive(Clone, Debug, Default)]
pub(crate) struct Registers {
    cid: Option<Cid>,
    is_protected: bool,
}

impl Registers {
    /// From the 32 hexadecimal digits of each; what is missing or is none such says nothing.
    pub(crate) fn new(cid: Option<&str>, csd: Option<&str>) -> Self {
        let bytes = |text: &str| u128::from_str_radix(text.trim(), 16).ok().map(u128::to_be_bytes);
        Self {
            cid: cid.and_then(bytes).and_then(|bytes| Cid::new(&bytes)),
            is_protected: csd.and_then(bytes).is_some_and(|bytes| csd_protects(&bytes)),
        }
    }

    /// A secure erase breaks these beyond repair, says Linux (drivers/mmc/core/quirks.h, `MMC_QUIRK_SEC_ERASE_TRIM_BROKEN`).
    fn breaks_on_secure_erase(&self) -> bool {
        const SAMSUNG: u8 = 0x15;
        const MOVI_NAND: [&str; 8] = ["M8G2FA", "MAG4FA", "MBG8FA", "MCGAFA", "VAL00M", "VYL00M", "KYL00M", "VZL00M"];
        let is_one = |cid: &Cid| {
            cid.manufacturer == SAMSUNG && cid.name.as_deref().is_some_and(|name| MOVI_NAND.contains(&name))
        };
        self.cid.as_ref().is_some_and(is_one)
    }
}

/// What the device can do, by its registers. Changes nothing.
pub(crate) fn probe(channel: &mut impl MmcChannel, registers: &Registers) -> Capabilities {
    let mut register = [0; 512];
    let read = read_register(channel, &mut register);
    let ext_csd = read.as_ref().ok().and_then(|()| ExtCsd::new(&register));
    let Some(ext_csd) = ext_csd else {
        let why = read.err().map_or_else(|| NO_REGISTER.to_owned(), |error| error.to_string());
        let unknown = |area| Hidden { area, found: Found::Unknown(why.clone()) };
        return Capabilities {
            techniques: [Technique::EraseAndSanitize, Technique::SecureErase]
                .map(|technique| (technique, Support::Unknown(why.clone())))
                .into(),
            hidden: AREAS.map(unknown).into(),
            ..Capabilities::default()
        };
    };
    let status = status(channel).ok().flatten();
    Capabilities {
        techniques: techniques(ext_csd, registers).into(),
        hidden: hidden(ext_csd, channel),
        obstacles: obstacle(registers, status).into_iter().collect(),
        unreadable_when_erased: false,
        encrypts_all: false,
    }
}

const AREAS: [Area; 3] = [Area::BootPartitions, Area::GeneralPurposePartitions, Area::ReplayProtectedMemory];
const NO_REGISTER: &str =
    "The device answered with an EXT_CSD register that has no size in it. Attach it to another host controller.";

fn techniques(ext_csd: ExtCsd<'_>, registers: &Registers) -> [(Technique, Support); 2] {
    let security = ext_csd.security();
    let support = |has| if has { Support::Present } else { Support::Absent };
    let secure_erase = if security.secure_erase && registers.breaks_on_secure_erase() {
        Support::Blocked("a secure erase breaks devices of this model (a fault of their firmware): overwrite it".into())
    } else {
        support(security.secure_erase)
    };
    [(Technique::EraseAndSanitize, support(security.sanitize)), (Technique::SecureErase, secure_erase)]
}

/// All of them are closed: what the host reads and writes is the user area. Only an erase by the device itself reaches the first two.
fn hidden(ext_csd: ExtCsd<'_>, channel: &impl MmcChannel) -> Vec<Hidden> {
    let (boot, purpose): (Vec<_>, Vec<_>) = regions(ext_csd, channel)
        .into_iter()
        .filter(|region| region.partition != Partition::User)
        .partition(|region| matches!(region.partition, Partition::Boot1 | Partition::Boot2));
    let rpmb = ext_csd.rpmb_bytes().map_or(Found::Nothing, |size| Found::Closed { size: Bytes(size) });
    let all = [found(&boot), found(&purpose), rpmb];
    AREAS.into_iter().zip(all).map(|(area, found)| Hidden { area, found }).collect()
}

/// Partitions of one kind. What becomes of one that no erase reaches is not known.
fn found(regions: &[Region]) -> Found {
    let size = regions.iter().map(|region| region.bytes).sum();
    let barred =
        |region: &Region| Some(format!("the {} is not erased, because {}", region.name, region.barrier.as_ref()?));
    let barred: Vec<String> = regions.iter().filter_map(barred).collect();
    match (size, barred.as_slice()) {
        (0, _) => Found::Nothing,
        (size, []) => Found::Closed { size: Bytes(size) },
        (size, barred) => Found::Unknown(format!("{size} bytes: {}", barred.join("; "))),
    }
}

fn obstacle(registers: &Registers, status: Option<Status>) -> Option<Obstacle> {
    match status {
        Some(status) if status.is_locked() => Some(Obstacle::Locked),
        _ => registers.is_protected.then_some(Obstacle::WriteProtected),
    }
}

/// The estimates come with revision 7 (5.0); before that the bytes are reserved.
fn health(ext_csd: ExtCsd<'_>) -> Health {
    let used = |estimate| match estimate {
        LifeTime::UpToPercent(percent) => Some(percent),
        // All that is known is that it is more than what the device was made for.
        LifeTime::Exceeded => Some(101),
        LifeTime::NotDefined | LifeTime::Other(_) => None,
    };
    let used_percent =
        if ext_csd.revision() < 7 { None } else { ext_csd.life_time().into_iter().filter_map(used).max() };
    Health { used_percent, ..Health::default() }
}

fn read_register(channel: &mut impl MmcChannel, into: &mut [u8; 512]) -> Result<(), ChannelError> {
    channel.execute(Partition::User, &mut [Step::reading(send_ext_csd(), into)])?;
    // Nothing came: a register without a size.
    if into.iter().all(|byte| *byte == POISON) {
        into.fill(0);
    }
    Ok(())
}

fn status(channel: &mut impl MmcChannel) -> Result<Option<Status>, ChannelError> {
    let mut steps = [Step::new(send_status(RELATIVE_ADDRESS))];
    channel.execute(Partition::User, &mut steps)?;
    let [step] = steps;
    Ok(step.status)
}

/// What goes into the transcript about a sequence, without its answer: index and argument of each command, five bytes.
fn exchange(name: &str, steps: &[Step<'_>]) -> Exchange {
    let list: Vec<String> = steps.iter().map(|step| format!("CMD{}", step.command.index)).collect();
    let bytes = |step: &Step<'_>| {
        let [a, b, c, d] = step.command.argument.to_be_bytes();
        [step.command.index, a, b, c, d]
    };
    Exchange {
        command: format!("{name}: {}", list.join(", ")),
        sent: Octets(steps.iter().flat_map(bytes).collect()),
        data_out: None,
        answer: None,
    }
}

/// Sends a sequence to the user area, where commands about the device as a whole go too, and says what came back.
fn send(channel: &mut impl MmcChannel, name: &str, steps: &mut [Step<'_>]) -> (Result<(), ChannelError>, Exchange) {
    send_to(channel, Partition::User, name, steps)
}

/// Sends a sequence to a partition and says what came back: the responses in order, as far as there were any.
fn send_to(
    channel: &mut impl MmcChannel,
    partition: Partition,
    name: &str,
    steps: &mut [Step<'_>],
) -> (Result<(), ChannelError>, Exchange) {
    let began = Instant::now();
    let sent = channel.execute(partition, steps);
    let statuses: Vec<Status> = steps.iter().filter_map(|step| step.status).collect();
    let all = statuses.iter().fold(0, |all, status| all | status.errors());
    let answer = Answer {
        status: sent.map_or_else(|error| error.to_string(), |()| Status(all).to_string()),
        raw: Octets(statuses.iter().flat_map(|status| status.0.to_be_bytes()).collect()),
        data_in: None,
        took_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
    };
    (sent, Exchange { answer: Some(answer), ..exchange(name, steps) })
}

/// The commands of an eMMC device.
#[derive(Debug)]
pub(crate) struct MmcFirmware<C> {
    channel: C,
    registers: Registers,
    /// `PARTITION_CONFIG` as it was found, the size, and which boot partitions are write protected.
    before: Option<(u8, u32, [bool; 2])>,
    /// What its addresses count, as far as an erase has found out.
    addressing: Option<Addressing>,
    /// The last answer about its standing that was noted.
    noted: Option<Octets>,
}

impl<C: MmcChannel> MmcFirmware<C> {
    /// A device that nothing has been asked of yet.
    pub(crate) const fn new(channel: C, registers: Registers) -> Self {
        Self { channel, registers, before: None, addressing: None, noted: None }
    }

    /// `EXT_CSD`, whole in the transcript. An error in words: no register, or one that says nothing.
    fn register(&mut self, log: &mut dyn Transcript) -> Result<[u8; 512], String> {
        let mut register = [0; 512];
        let mut steps = [Step::reading(send_ext_csd(), &mut register)];
        let (sent, mut exchange) = send(&mut self.channel, "SEND_EXT_CSD", &mut steps);
        if let Some(answer) = exchange.answer.as_mut().filter(|_| sent.is_ok()) {
            answer.data_in = Some(Octets(register.to_vec()));
        }
        log.note(exchange);
        sent.map_err(|error| error.to_string())?;
        let is_there = register != [POISON; 512] && ExtCsd::new(&register).is_some();
        if is_there { Ok(register) } else { Err(NO_REGISTER.to_owned()) }
    }
}

impl<C: MmcChannel> Firmware for MmcFirmware<C> {
    fn prepare(&mut self, log: &mut dyn Transcript) -> Prepared {
        let standing = self.standing(log);
        let register = self.register(log);
        let ext_csd = register.as_ref().ok().and_then(ExtCsd::new);
        self.before = ext_csd.map(|ext_csd| (ext_csd.partition_config(), ext_csd.sectors(), ext_csd.protects_boot()));
        let unknown = |why: &String| AREAS.map(|area| Hidden { area, found: Found::Unknown(why.clone()) }).to_vec();
        Prepared {
            obstacle: obstacle(&self.registers, status(&mut self.channel).ok().flatten()),
            hidden: match ext_csd {
                Some(ext_csd) => hidden(ext_csd, &self.channel),
                None => register.as_ref().err().map(unknown).unwrap_or_default(),
            },
            capacity: None,
            health: ext_csd.map(health).unwrap_or_default(),
            standing,
        }
    }

    fn begin(&mut self, technique: Technique, log: &mut dyn Transcript) -> Begun {
        erase::begin(self, technique, log)
    }

    /// There is no status of an erase, but one of a device that is still at work.
    fn standing(&mut self, log: &mut dyn Transcript) -> Standing {
        let mut steps = [Step::new(send_status(RELATIVE_ADDRESS))];
        let (sent, exchange) = send(&mut self.channel, "SEND_STATUS", &mut steps);
        let raw = exchange.answer.as_ref().map(|answer| answer.raw.clone());
        if self.noted != raw {
            self.noted = raw;
            log.note(exchange);
        }
        let [step] = steps;
        match (sent, step.status) {
            (Err(ChannelError::Gone(_)), _) => Standing::Gone,
            (Err(error), _) => Standing::Unknown { why: error.to_string() },
            (Ok(()), None) => Standing::Unknown { why: "no device status came with the response".into() },
            (Ok(()), Some(status)) if status.is_idle() => Standing::Never,
            (Ok(()), Some(_)) => Standing::InProgress { progress: None },
        }
    }

    fn settle(&mut self, _: Technique, log: &mut dyn Transcript) -> Settled {
        let problems = match self.register(log) {
            Err(why) => vec![why],
            Ok(register) => {
                let mut problems = self.changed(&register);
                problems.extend(read_back::problems(&mut self.channel, &register, self.addressing, log));
                problems
            }
        };
        Settled { problems, purged_by_its_word: false }
    }

    fn health(&mut self, log: &mut dyn Transcript) -> Health {
        self.register(log).ok().as_ref().and_then(ExtCsd::new).map(health).unwrap_or_default()
    }
}

impl<C> MmcFirmware<C> {
    /// What differs from how the device was found.
    fn changed(&self, register: &[u8; 512]) -> Vec<String> {
        let (Some(ext_csd), Some((config, sectors, protection))) = (ExtCsd::new(register), self.before) else {
            return Vec::new();
        };
        let mut problems = Vec::new();
        // The kernel may have addressed any partition when the device was found.
        let expected = config & !0b111 | Partition::User as u8;
        if ext_csd.partition_config() != expected {
            let found = ext_csd.partition_config();
            problems.push(format!("PARTITION_CONFIG is {found:02X}h in place of {expected:02X}h."));
        }
        if ext_csd.sectors() != sectors {
            problems.push(format!("The device has {} sectors in place of {sectors}.", ext_csd.sectors()));
        }
        // What is protected is neither erased nor read back.
        if ext_csd.protects_boot() != protection {
            problems.push("The write protection of the boot partitions has changed during the erase.".to_owned());
        }
        problems
    }
}
