//! Every block device of the machine: who it is, what it can do, and why it may not be erased.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use purgeproof_core::capability::Capabilities;
use purgeproof_core::drive::{Exclusion, Identity, Transport};

use crate::examine::{Examination, Examinations, MediumKey, PATIENCE, Told};
use crate::exclusion::{BootMedium, exclusion, explains_start, is_optical, is_worth_asking, medium_of};
use crate::identity::{identity, with_geometry};
use crate::mounted::Users;
use crate::probe;
use crate::sysfs::Chain;

/// A whole disk as the last scan saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its device node at the moment.
    pub node: PathBuf,
    /// Its directory in sysfs.
    pub syspath: PathBuf,
    /// Who it says it is.
    pub identity: Identity,
    /// Why it is never offered; `None` if it may be erased.
    pub exclusion: Option<Exclusion>,
    /// What it can do.
    pub capabilities: Capabilities,
    /// The kernel's driver of what it hangs on: `nvme`, `ahci`, `usb-storage`…
    pub driver: Option<String>,
    /// The identifiers of its FAT and ISO 9660 filesystems as GRUB prints them: `1234-ABCD`, `2026-11-21-10-20-30-40`.
    pub filesystems: Vec<String>,
    /// The device node of its partition with the marker file of our sticks.
    pub marked: Option<PathBuf>,
    /// Directories of sysfs from which it is reached: its own, and with NVMe multipath those of its controllers.
    pub(crate) paths: Vec<PathBuf>,
}

impl Found {
    /// The kernel's name for it at the moment, such as `nvme0n1`.
    pub fn name(&self) -> &str {
        self.node.file_name().and_then(|name| name.to_str()).unwrap_or_default()
    }
}

/// Looks for disks again and again, and remembers what it read from which.
#[derive(Debug, Default)]
pub struct Inventory {
    medium: Option<String>,
    /// The medium was on a disk once; it may be gone since.
    is_medium_seen: bool,
    examinations: Examinations,
    is_waiting: bool,
}

impl Inventory {
    /// `token` is the word `pp.medium` of the kernel command line, by which the boot loader names the filesystem that it read us
    /// from: `UUID=1234-ABCD`. `None` on a workstation, or where the loader had no way to tell.
    pub fn new(token: Option<&str>) -> Self {
        Self { medium: token.and_then(medium_of).map(str::to_owned), ..Self::default() }
    }

    /// Every whole disk there is, by name. Attached files and memory that pose as disks come with their exclusion; unattached ones
    /// (`loop0` without a file) do not come at all.
    ///
    /// # Errors
    /// If sysfs or the list of mounts cannot be read: no list of disks is not an empty list of disks.
    pub fn scan(&mut self) -> io::Result<Vec<Found>> {
        self.scan_for(|_, _| true)
    }

    /// The same, of the disks that are meant, by device node and identity. Nothing is read from the others, nor are they asked: one
    /// that hangs holds up nobody who has not named it.
    ///
    /// # Errors
    /// Those of [`Inventory::scan`].
    pub fn scan_for(&mut self, is_meant: impl Fn(&Path, &Identity) -> bool) -> io::Result<Vec<Found>> {
        let mut enumerator = udev::Enumerator::new()?;
        enumerator.match_subsystem("block")?;
        let mut chains: Vec<_> = enumerator.scan_devices()?.filter(is_disk).map(|disk| Chain::of(&disk)).collect();
        chains.sort_by_cached_key(natural);
        Ok(self.look(&chains, is_meant, &Users::now()?))
    }

    /// Asks every disk again at the next scan, as if it were new.
    pub fn forget(&mut self) {
        self.examinations.forget();
    }

    /// A disk has not answered yet: scan again soon, no event will tell.
    pub const fn is_waiting(&self) -> bool {
        self.is_waiting
    }

    fn look(&mut self, chains: &[Chain], is_meant: impl Fn(&Path, &Identity) -> bool, users: &Users) -> Vec<Found> {
        let disks = chains.iter().filter_map(|chain| {
            let (node, identity) = (chain.disk.device_node()?, identity(chain));
            is_meant(&node, &identity).then(|| Disk { key: MediumKey::of(&chain.disk, &node), chain, node, identity })
        });
        let disks: Vec<Disk<'_>> = disks.collect();
        self.examinations.retain(|key| disks.iter().any(|disk| disk.key == *key));
        // All of them begin before the first is waited for: one deadline for the whole machine.
        for Disk { chain, key, node, identity } in &disks {
            if is_worth_asking(chain, identity) {
                self.examinations.begin(key, node.clone(), probe::later(chain, identity, node.clone()));
            } else if is_optical(chain) && identity.capacity.0 > 0 {
                // Never erased, and still perhaps what we were started from.
                self.examinations.begin(key, node.clone(), Told::default);
            }
        }
        let deadline = Instant::now() + PATIENCE;
        let answered: Vec<(Disk<'_>, Examination)> = disks
            .into_iter()
            .map(|disk| {
                let examination = self.examinations.answer(&disk.key, deadline);
                (disk, examination)
            })
            .collect();
        self.is_waiting = answered.iter().any(|(_, examination)| *examination == Examination::Waiting);
        // Before the first verdict: the disk that explains where we come from may be the last one.
        let mut contents = answered.iter().filter_map(|(_, examination)| examination.contents());
        self.is_medium_seen |= contents.any(|contents| explains_start(contents, self.medium.as_deref()));
        let filesystem = self.medium.as_deref();
        let medium = BootMedium { filesystem, is_missing: filesystem.is_some() && !self.is_medium_seen };
        let all = answered.into_iter().map(|(disk, examination)| disk.found(&examination, users, medium));
        all.filter(|found| !is_unattached(found)).collect()
    }
}

/// A disk that is being looked at.
struct Disk<'a> {
    chain: &'a Chain,
    key: MediumKey,
    node: PathBuf,
    identity: Identity,
}

impl Disk<'_> {
    fn found(self, examination: &Examination, users: &Users, medium: BootMedium<'_>) -> Found {
        let Self { chain, node, identity, .. } = self;
        let foreign = examination.contents().and_then(|contents| contents.foreign);
        let identity = match foreign {
            Some(geometry) => with_geometry(identity, geometry),
            None => identity,
        };
        Found {
            node,
            syspath: chain.disk.syspath.clone(),
            exclusion: exclusion(chain, &identity, examination, users, medium),
            capabilities: capabilities(examination, identity.transport),
            driver: chain.controller_driver().map(str::to_owned),
            filesystems: examination.contents().map(|contents| contents.filesystems.clone()).unwrap_or_default(),
            marked: examination.contents().and_then(|contents| contents.marked.clone()),
            paths: paths(chain, identity.transport),
            identity,
        }
    }
}

/// What the disk said when it was asked; without that, nothing is known but that it can be overwritten.
fn capabilities(examination: &Examination, transport: Transport) -> Capabilities {
    let asked = examination.contents().and_then(|contents| contents.capabilities.clone());
    asked.unwrap_or_else(|| probe::unasked(transport))
}

/// A whole disk with a node: no partition, no path of a multipath disk (`hidden`, such as `nvme0c0n1`).
fn is_disk(device: &udev::Device) -> bool {
    device.devtype().is_some_and(|kind| kind == "disk")
        && device.devnode().is_some()
        && device.attribute_value("hidden").is_none_or(|hidden| hidden != "1")
}

fn is_unattached(found: &Found) -> bool {
    found.identity.capacity.0 == 0 && matches!(found.exclusion, Some(Exclusion::Virtual(_)))
}

/// By length and then by letters: `sdb` before `sdaa`.
fn natural(chain: &Chain) -> (usize, String) {
    (chain.disk.name().len(), chain.disk.name().to_owned())
}

/// The disk's own path, and for NVMe multipath, whose disks hang on no controller, the controllers that its subsystem links to.
pub(crate) fn paths(chain: &Chain, transport: Transport) -> Vec<PathBuf> {
    let own = chain.disk.syspath.clone();
    let subsystem = chain.nearest(&["nvme-subsystem"]).filter(|_| transport == Transport::Nvme);
    let controllers = subsystem.into_iter().flat_map(|node| links(&node.syspath));
    [own].into_iter().chain(controllers).collect()
}

/// Where the links of a directory lead.
fn links(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .filter(|e| e.file_type().is_ok_and(|t| t.is_symlink()))
        .filter_map(|e| e.path().canonicalize().ok())
        .collect()
}

/// Where this disk is now, whatever its size.
pub(crate) fn node_of(wanted: &Identity) -> Option<PathBuf> {
    let mut enumerator = udev::Enumerator::new().ok()?;
    enumerator.match_subsystem("block").ok()?;
    let mut chains = enumerator.scan_devices().ok()?.filter(is_disk).map(|disk| Chain::of(&disk));
    chains.find(|chain| identity(chain).is_same_but_for_size(wanted))?.disk.device_node()
}

/// The identity of the disk whose device number this is: for a handle that is already open.
pub(crate) fn identify(number: nix::libc::dev_t) -> io::Result<(Chain, Identity)> {
    let device = udev::Device::from_devnum(udev::DeviceType::Block, number)?;
    let chain = Chain::of(&device);
    let identity = identity(&chain);
    Ok((chain, identity))
}

#[cfg(test)]
#[path = "inventory_tests.rs"]
pub(crate) mod tests;
