//! What a controller says about itself, its namespaces and its security: the questions, without conclusions.

use purgeproof_spec::nvme::{
    AdminCommand, BootPartitions, Controller, FirmwareSlots, Identify, LbaFormat, LogPage, Namespace, Nsid,
    SanitizeStatus, Version, controller_list, namespace_list,
};

use super::channel::NvmeAdmin;
use super::noted::{Fault, Noted};
use crate::tcg::{self, Tper, Trouble};

/// The answers.
#[derive(Clone, Debug)]
pub(super) struct Survey {
    pub(super) controller: Controller,
    /// The namespace that is to be erased.
    pub(super) namespace: Namespace,
    /// The others that this controller shows, and those that another controller of the same NVM subsystem shows.
    pub(super) others: Result<Vec<Nsid>, Fault>,
    /// The size of all these together, in bytes.
    pub(super) others_bytes: Result<u64, Fault>,
    /// Those that no controller shows, with their sizes in bytes.
    pub(super) unattached: Result<Vec<(Nsid, u64)>, Fault>,
    /// The Sanitize Status log page; `None` for a controller without Sanitize.
    pub(super) sanitize: Result<Option<SanitizeStatus>, Fault>,
    /// The slot of a firmware that waits for a reset.
    pub(super) next_firmware: Option<u8>,
    /// `None` where boot partitions cannot be asked about.
    pub(super) boot_partitions: Option<BootPartitions>,
    pub(super) has_more_memory: Option<bool>,
    pub(super) tper: Result<Option<Tper>, Trouble>,
}

/// What nothing that happens in a job changes, and is therefore asked once.
#[derive(Clone, Debug)]
pub(super) struct Lasting {
    namespace: Namespace,
    boot_partitions: Option<BootPartitions>,
}

impl Lasting {
    fn take<C: NvmeAdmin>(line: &mut Noted<'_, C>, controller: &Controller, nsid: Nsid) -> Result<Self, Fault> {
        let mut page = [0; 4096];
        line.ask("Identify Namespace", &AdminCommand::identify(Identify::Namespace(nsid)), &mut page)?;
        Ok(Self { namespace: Namespace::parse(&page)?, boot_partitions: boot_partitions(line, controller) })
    }
}

impl Survey {
    /// Asks about the namespace `nsid` of the controller that has this serial number, if one is given; not about what an earlier
    /// survey through the same handle found out for good.
    pub(super) fn take<C: NvmeAdmin>(
        line: &mut Noted<'_, C>,
        nsid: Nsid,
        serial: Option<&str>,
        earlier: Option<Lasting>,
    ) -> Result<Self, Fault> {
        let controller = identify_controller(line)?;
        if serial.is_some() && serial != controller.serial.as_deref() {
            return Err(Fault::OtherDrive { found: controller.serial });
        }
        let Lasting { namespace, boot_partitions } = match earlier {
            Some(lasting) => lasting,
            None => Lasting::take(line, &controller, nsid)?,
        };
        let (others, unattached) = other_namespaces(line, &controller, nsid);
        let others_bytes = others.clone().and_then(|others| size_of_all(line, &controller, &others));
        let can_sanitize = {
            let sanicap = controller.sanicap;
            sanicap.crypto_erase() || sanicap.block_erase() || sanicap.overwrite()
        };
        let sanitize = if can_sanitize { sanitize_status(line).map(Some) } else { Ok(None) };
        let tper = if controller.oacs.security() { tcg::discover(line) } else { Ok(None) };
        Ok(Self {
            next_firmware: next_firmware(line),
            boot_partitions,
            has_more_memory: line.channel.has_more_memory(),
            controller,
            namespace,
            others,
            others_bytes,
            unattached,
            sanitize,
            tper,
        })
    }

    /// For a later survey.
    pub(super) fn lasting(&self) -> Lasting {
        Lasting { namespace: self.namespace.clone(), boot_partitions: self.boot_partitions }
    }

    /// At least of this revision.
    pub(super) fn is_since(&self, major: u16, minor: u8) -> bool {
        is_since(&self.controller, major, minor)
    }
}

fn is_since(controller: &Controller, major: u16, minor: u8) -> bool {
    // VER is 0 before 1.2.
    controller.version.is_some_and(|version| version >= Version { major, minor, tertiary: 0 })
}

pub(super) fn identify_controller<C: NvmeAdmin>(line: &mut Noted<'_, C>) -> Result<Controller, Fault> {
    let mut page = [0; 4096];
    line.ask("Identify Controller", &AdminCommand::identify(Identify::Controller), &mut page)?;
    Ok(Controller::parse(&page)?)
}

pub(super) fn sanitize_status<C: NvmeAdmin>(line: &mut Noted<'_, C>) -> Result<SanitizeStatus, Fault> {
    let mut page = [0; 512];
    line.ask("Get Log Page, Sanitize Status", &AdminCommand::log_page(LogPage::SanitizeStatus), &mut page)?;
    Ok(SanitizeStatus::parse(&page)?)
}

/// Not a word about it is not a word against a sanitize: the controller will refuse one that it cannot do.
fn next_firmware<C: NvmeAdmin>(line: &mut Noted<'_, C>) -> Option<u8> {
    let mut page = [0; 512];
    let command = AdminCommand::log_page(LogPage::FirmwareSlot);
    line.ask("Get Log Page, Firmware Slot Information", &command, &mut page).ok()?;
    FirmwareSlots::parse(&page).ok()?.next
}

fn boot_partitions<C: NvmeAdmin>(line: &mut Noted<'_, C>, controller: &Controller) -> Option<BootPartitions> {
    if !is_since(controller, 1, 4) {
        return None;
    }
    let mut page = [0; 512];
    line.ask("Get Log Page, Boot Partition", &AdminCommand::log_page(LogPage::BootPartition), &mut page).ok()?;
    BootPartitions::parse(&page).ok()
}

type Others = (Result<Vec<Nsid>, Fault>, Result<Vec<(Nsid, u64)>, Fault>);

/// The namespaces beside ours: those in use, by this controller or by a sibling, and those that nobody shows.
fn other_namespaces<C: NvmeAdmin>(line: &mut Noted<'_, C>, controller: &Controller, nsid: Nsid) -> Others {
    let mut others = match list(line, "Identify, active namespaces", Identify::ActiveNamespaces) {
        Ok(active) => active,
        // Before revision 1.1 there is no such list; where there can be one namespace only, none is needed.
        Err(fault) if fault.is_unsupported() && controller.namespaces == 1 => vec![nsid],
        Err(fault) => return (Err(fault.clone()), Err(fault)),
    };
    let is_single = !controller.oacs.namespace_management() && !controller.has_siblings;
    let allocated = if is_single {
        Ok(others.clone())
    } else {
        match list(line, "Identify, allocated namespaces", Identify::AllocatedNamespaces) {
            Err(fault) if fault.is_unsupported() && as_many_as_there_can_be(controller, &others) => Ok(others.clone()),
            other => other,
        }
    };
    let shown = others.clone();
    others.retain(|other| *other != nsid);
    let allocated = match allocated {
        Ok(allocated) => allocated,
        // A sibling may show namespaces that are not known here.
        Err(fault) if controller.has_siblings => return (Err(fault.clone()), Err(fault)),
        Err(fault) => return (Ok(others), Err(fault)),
    };
    let mut unattached = Vec::new();
    for hidden in allocated.into_iter().filter(|hidden| !shown.contains(hidden)) {
        if is_attached_elsewhere(line, controller, hidden) {
            others.push(hidden);
            continue;
        }
        match size(line, Identify::AllocatedNamespace(hidden)) {
            Ok(bytes) => unattached.push((hidden, bytes)),
            Err(fault) => return (Ok(others), Err(fault)),
        }
    }
    (Ok(others), Ok(unattached))
}

fn as_many_as_there_can_be(controller: &Controller, shown: &[Nsid]) -> bool {
    usize::try_from(controller.namespaces).is_ok_and(|most| shown.len() >= most)
}

/// Where it cannot be found out, it is taken to be in use.
fn is_attached_elsewhere<C: NvmeAdmin>(line: &mut Noted<'_, C>, controller: &Controller, nsid: Nsid) -> bool {
    let mut page = [0; 4096];
    let command = AdminCommand::identify(Identify::AttachedControllers(nsid));
    controller.has_siblings
        && line
            .ask("Identify, attached controllers", &command, &mut page)
            .and_then(|()| Ok(controller_list(&page)?))
            .map_or(true, |controllers| !controllers.is_empty())
}

/// Without namespace management there is no question about a namespace that another controller shows.
fn size_of_all<C: NvmeAdmin>(line: &mut Noted<'_, C>, controller: &Controller, all: &[Nsid]) -> Result<u64, Fault> {
    let is_managed = controller.oacs.namespace_management();
    let what = |nsid: &Nsid| if is_managed { Identify::AllocatedNamespace(*nsid) } else { Identify::Namespace(*nsid) };
    all.iter().try_fold(0_u64, |sum, nsid| Ok(sum.saturating_add(size(line, what(nsid))?)))
}

fn size<C: NvmeAdmin>(line: &mut Noted<'_, C>, what: Identify) -> Result<u64, Fault> {
    let mut page = [0; 4096];
    line.ask("Identify Namespace, another one", &AdminCommand::identify(what), &mut page)?;
    let namespace = Namespace::parse(&page)?;
    let block = namespace.format().and_then(LbaFormat::block_bytes).unwrap_or(512);
    Ok(namespace.blocks.saturating_mul(u64::from(block)))
}

/// The whole list: a full page goes on behind its last entry.
fn list<C: NvmeAdmin>(
    line: &mut Noted<'_, C>,
    name: &str,
    what: impl Fn(Nsid) -> Identify,
) -> Result<Vec<Nsid>, Fault> {
    let mut whole: Vec<Nsid> = Vec::new();
    loop {
        let mut page = [0; 4096];
        let after = whole.last().copied().unwrap_or(Nsid::NONE);
        line.ask(name, &AdminCommand::identify(what(after)), &mut page)?;
        let part = namespace_list(&page)?;
        let is_full = part.len() == 1024;
        // A controller that begins from the start again would be asked for ever.
        if part.first().is_some_and(|first| *first <= after) {
            return Err(Fault::Nothing);
        }
        whole.extend(part);
        if !is_full {
            return Ok(whole);
        }
    }
}
