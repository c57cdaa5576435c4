//! Enumeration: the devices in `/sys/bus/*/devices` and `/sys/class/*` that pass every filter.

use std::collections::BTreeSet;
use std::ffi::{CStr, CString, OsStr};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use nix::errno::Errno;

use crate::device::Device;
use crate::ffi::glob;
use crate::list::{List, ListEntry, list};
use crate::sysfs::{Roots, c_string, errno, path};

/// One search. Filters of different kinds must all pass; patterns are shell globs.
#[derive(Debug)]
pub struct Enumerate {
    roots: Roots,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    filter: Filter,
    added: BTreeSet<Place>,
    found: BTreeSet<Place>,
    list: List,
}

/// What a device must have. Of subsystems, names, properties and tags one must fit, of attributes all.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    pub(crate) subsystems: Vec<CString>,
    pub(crate) other_subsystems: Vec<CString>,
    pub(crate) sysnames: Vec<CString>,
    pub(crate) properties: Vec<(CString, CString)>,
    pub(crate) tags: Vec<CString>,
    /// Without a value the attribute need only be readable.
    pub(crate) attributes: Vec<(CString, Option<CString>)>,
    pub(crate) other_attributes: Vec<(CString, Option<CString>)>,
    /// The syspath below which to search, that device included.
    pub(crate) parent: Option<CString>,
    /// Only what udevd has prepared, of what it prepares at all.
    pub(crate) initialized: bool,
}

/// A syspath in the order of dependence: device mapper and RAID stand on other disks, so they come last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    stands_on_others: bool,
    syspath: CString,
}

impl Enumerate {
    pub(crate) fn new(roots: Roots) -> Self {
        Self { roots, state: Mutex::default() }
    }

    /// Changes the filter of the next scan.
    pub(crate) fn filter(&self, change: impl FnOnce(&mut Filter)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner).filter);
    }

    /// Adds one device to those that are found, whatever the filter.
    pub(crate) fn add_syspath(&self, syspath: &Path) -> Result<(), Errno> {
        let place = Place::of(&Device::from_syspath(self.roots, syspath)?);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.added.insert(place);
        Ok(())
    }

    /// Searches sysfs. Where sysfs cannot be read that is an error: no list of disks is not an empty list of disks.
    pub(crate) fn scan(&self) -> Result<(), Errno> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.found = scan(self.roots, &state.filter)?;
        let places = state.found.union(&state.added).map(|place| (place.syspath.clone(), None)).collect::<Vec<_>>();
        state.list = list(places.into_iter());
        Ok(())
    }

    /// The first of the devices that the last scan found. The entries stay until the next scan.
    pub(crate) fn first(&self) -> Option<*const ListEntry> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.list.as_deref().map(std::ptr::from_ref)
    }
}

impl Place {
    fn of(device: &Device) -> Self {
        let devpath = device.devpath().to_bytes();
        let has = |part: &[u8]| devpath.windows(part.len()).any(|window| window == part);
        Self { stands_on_others: has(b"/block/dm-") || has(b"/block/md"), syspath: device.syspath().to_owned() }
    }
}

fn scan(roots: Roots, filter: &Filter) -> Result<BTreeSet<Place>, Errno> {
    let mut found = BTreeSet::new();
    for (kind, devices) in [("bus", "devices"), ("class", "")] {
        for subsystem in fs::read_dir(roots.in_sys(kind)).map_err(|error| errno(&error))? {
            let subsystem = subsystem.map_err(|error| errno(&error))?;
            if filter.wants_subsystem(&subsystem.file_name()) {
                scan_subsystem(roots, filter, &subsystem.path().join(devices), &mut found)?;
            }
        }
    }
    Ok(found)
}

fn scan_subsystem(roots: Roots, filter: &Filter, directory: &Path, found: &mut BTreeSet<Place>) -> Result<(), Errno> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        // A module may take its bus along, and some classes are plain files.
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(()),
        Err(error) => return Err(errno(&error)),
    };
    for entry in entries {
        let entry = entry.map_err(|error| errno(&error))?;
        if !filter.wants_sysname(&entry.file_name()) {
            continue;
        }
        match Device::from_syspath(roots, &entry.path()) {
            Ok(device) if filter.accepts(&device) => drop(found.insert(Place::of(&device))),
            // ENODEV: unplugged since its directory was listed, or a file that is no device.
            Ok(_) | Err(Errno::ENODEV) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

impl Filter {
    fn wants_subsystem(&self, name: &OsStr) -> bool {
        let name = c_string(name.as_bytes());
        any_or_empty(&self.subsystems, |pattern| glob(pattern, &name))
            && !self.other_subsystems.iter().any(|pattern| glob(pattern, &name))
    }

    /// By the name of the file in sysfs, `cciss!c0d0`, as libudev does.
    fn wants_sysname(&self, file: &OsStr) -> bool {
        let name = c_string(file.as_bytes());
        any_or_empty(&self.sysnames, |pattern| glob(pattern, &name))
    }

    fn accepts(&self, device: &Device) -> bool {
        (!self.initialized || device.is_initialized() || !device.awaits_udevd())
            && self.parent.as_deref().is_none_or(|parent| device.directory().starts_with(path(parent.to_bytes())))
            && any_or_empty(&self.tags, |tag| device.has_tag(tag))
            && any_or_empty(&self.properties, |pattern| has_property(device, pattern))
            && !self.other_attributes.iter().any(|pattern| has_attribute(device, pattern))
            && self.attributes.iter().all(|pattern| has_attribute(device, pattern))
    }
}

fn any_or_empty<T>(patterns: &[T], fits: impl FnMut(&T) -> bool) -> bool {
    patterns.is_empty() || patterns.iter().any(fits)
}

fn has_property(device: &Device, (key, value): &(CString, CString)) -> bool {
    device.properties().iter().any(|(name, content)| glob(key, name) && glob(value, content))
}

fn has_attribute(device: &Device, (name, value): &(CString, Option<CString>)) -> bool {
    let fits = |content: &CStr| value.as_deref().is_none_or(|value| glob(value, content));
    device.attribute(name).is_ok_and(|content| fits(&content))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Fake;

    /// Two disks and a partition, a device mapper target, a bus device.
    fn fake() -> Fake {
        let fake = Fake::with_a_disk();
        fake.block("virtual/block/dm-0", b"MAJOR=253\nMINOR=0\nDEVTYPE=disk\n");
        fake.block("virtual/vdx/vdx", b"MAJOR=254\nMINOR=0\nDEVTYPE=disk\n");
        fake.file("devices/virtual/vdx/vdx/queue/rotational", b"0\n");
        fake
    }

    fn found(fake: &Fake, change: impl FnOnce(&mut Filter)) -> Vec<String> {
        let enumerate = Enumerate::new(fake.roots);
        enumerate.filter(change);
        enumerate.scan().unwrap();
        names(&enumerate)
    }

    fn names(enumerate: &Enumerate) -> Vec<String> {
        let state = enumerate.state.lock().unwrap();
        std::iter::successors(state.list.as_deref(), |entry| entry.next())
            .map(|entry| entry.name().to_str().unwrap().rsplit('/').next().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn everything_in_the_order_of_dependence() {
        assert_eq!(found(&fake(), |_| {}), ["ata1", "sda", "sda1", "vdx", "dm-0"]);
    }

    #[test]
    fn by_subsystem() {
        let fake = fake();
        assert_eq!(found(&fake, |filter| filter.subsystems.push(c"pci".into())), ["ata1"]);
        assert_eq!(found(&fake, |filter| filter.subsystems.push(c"bl*".into())), ["sda", "sda1", "vdx", "dm-0"]);
        assert_eq!(found(&fake, |filter| filter.other_subsystems.push(c"block".into())), ["ata1"]);
        assert!(found(&fake, |filter| filter.subsystems.push(c"nvme".into())).is_empty());
    }

    #[test]
    fn by_name() {
        let fake = fake();
        assert_eq!(found(&fake, |filter| filter.sysnames.push(c"sd[a-z]".into())), ["sda"]);
        let two = |filter: &mut Filter| filter.sysnames = vec![c"sda?".into(), c"vd*".into()];
        assert_eq!(found(&fake, two), ["sda1", "vdx"]);
    }

    #[test]
    fn by_attribute() {
        let fake = fake();
        let rotational = |value: Option<&CStr>| vec![(c"queue/rotational".to_owned(), value.map(CStr::to_owned))];
        assert_eq!(found(&fake, |filter| filter.attributes = rotational(Some(c"1"))), ["sda"]);
        assert_eq!(found(&fake, |filter| filter.attributes = rotational(Some(c"[01]"))), ["sda", "vdx"]);
        assert_eq!(found(&fake, |filter| filter.attributes = rotational(None)), ["sda", "vdx"]);
        assert_eq!(found(&fake, |filter| filter.other_attributes = rotational(None)), ["ata1", "sda1", "dm-0"]);
        let both = |filter: &mut Filter| {
            filter.attributes = rotational(None);
            filter.attributes.push((c"size".into(), None));
        };
        assert_eq!(found(&fake, both), ["sda"], "all attributes must fit");
    }

    #[test]
    fn by_property() {
        let fake = fake();
        let disk = (c"DEVTYPE".to_owned(), c"disk".to_owned());
        assert_eq!(found(&fake, |filter| filter.properties.push(disk.clone())), ["sda", "vdx", "dm-0"]);
        let one_of_two = |filter: &mut Filter| filter.properties = vec![disk.clone(), (c"DRI*".into(), c"a*i".into())];
        assert_eq!(found(&fake, one_of_two), ["ata1", "sda", "vdx", "dm-0"]);
    }

    #[test]
    fn by_tag_and_by_parent() {
        let fake = fake();
        fake.database("b254:0", b"G:systemd\n");
        let tags = |filter: &mut Filter| filter.tags = vec![c"systemd".into(), c"seat".into()];
        assert_eq!(found(&fake, tags), ["vdx"]);
        let parent = fake.roots.in_sys("devices/pci0/ata1/block/sda");
        let below = |filter: &mut Filter| filter.parent = Some(c_string(parent.as_os_str().as_bytes()));
        assert_eq!(found(&fake, below), ["sda", "sda1"]);
    }

    #[test]
    fn initialized_devices_are_those_of_udevd_and_those_it_leaves_alone() {
        let fake = fake();
        fake.database("b8:0", b"");
        assert_eq!(found(&fake, |filter| filter.initialized = true), ["ata1", "sda"]);
    }

    #[test]
    fn a_device_can_be_added_by_its_path() {
        let fake = fake();
        let enumerate = Enumerate::new(fake.roots);
        enumerate.filter(|filter| filter.sysnames.push(c"vdx".into()));
        assert_eq!(enumerate.add_syspath(&fake.roots.in_sys("class/block/sda")), Ok(()));
        assert_eq!(enumerate.add_syspath(&fake.roots.in_sys("class/block/sdz")), Err(Errno::ENODEV));
        enumerate.scan().unwrap();
        assert_eq!(names(&enumerate), ["sda", "vdx"]);
    }

    #[test]
    fn without_sysfs_a_scan_fails() {
        let fake = Fake::new();
        fs::remove_dir(fake.roots.in_sys("class")).unwrap();
        assert_eq!(Enumerate::new(fake.roots).scan(), Err(Errno::ENOENT));
    }

    #[test]
    fn what_vanished_or_is_no_device_is_passed_over() {
        let fake = fake();
        fake.link("../../devices/gone", "class/block/gone");
        fake.file("class/block/a_file", b"");
        fake.file("bus/pci/drivers_probe", b"");
        fake.file("class/a_file", b"");
        fs::create_dir_all(fake.roots.in_sys("bus/empty")).unwrap();
        assert_eq!(found(&fake, |_| {}), ["ata1", "sda", "sda1", "vdx", "dm-0"]);
    }
}
