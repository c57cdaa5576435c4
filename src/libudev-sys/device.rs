//! A device: a directory of sysfs, what its `uevent` file says, and what udevd has added.

use std::collections::BTreeSet;
use std::ffi::{CStr, CString};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use libc::dev_t;
use nix::errno::Errno;
use nix::sys::stat::{major, minor};

use crate::attributes::{self, Attributes};
use crate::list::{List, list};
use crate::properties::{self, Properties};
use crate::sysfs::{Roots, c_string, errno, link_name, path, read};

/// One device. It is what sysfs and udevd said when it was made; only attributes are read later, at the first call.
#[derive(Debug)]
pub struct Device {
    roots: Roots,
    syspath: CString,
    devpath: CString,
    sysname: CString,
    sysnum: Option<CString>,
    subsystem: Option<CString>,
    driver: Option<CString>,
    properties: Properties,
    tags: BTreeSet<CString>,
    initialized: bool,
    attributes: Attributes,
    property_list: OnceLock<List>,
    attribute_list: OnceLock<List>,
    parent: OnceLock<Option<Arc<Device>>>,
}

impl Device {
    /// The device at a path below the mount point of sysfs; links are followed.
    ///
    /// `EINVAL` if the path is not below sysfs, `ENODEV` if there is no device.
    pub(crate) fn from_syspath(roots: Roots, syspath: &Path) -> Result<Self, Errno> {
        if !syspath.starts_with(roots.sys) {
            return Err(Errno::EINVAL);
        }
        let directory = syspath.canonicalize().map_err(|error| match error.kind() {
            ErrorKind::NotFound => Errno::ENODEV,
            _ => errno(&error),
        })?;
        Self::at(roots, &directory)
    }

    /// The device of a directory whose path has no links in it, as that of a device's parent has none.
    fn at(roots: Roots, directory: &Path) -> Result<Self, Errno> {
        // Below /sys/devices a device is what has a `uevent` file; drivers and modules are directories elsewhere.
        let needs_file = directory.starts_with(roots.in_sys("devices"));
        let is_elsewhere =
            || directory.starts_with(roots.sys) && directory != Path::new(roots.sys) && directory.is_dir();
        if !needs_file && !is_elsewhere() {
            return Err(Errno::ENODEV);
        }
        let properties = match read(&directory.join("uevent")) {
            Ok(text) => properties::from_uevent_file(&text),
            Err(error) if needs_file && matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Err(Errno::ENODEV);
            }
            // Drivers have a `uevent` file that can only be written, subsystems have none.
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) => {
                Properties::new()
            }
            Err(error) => return Err(errno(&error)),
        };
        let mut device = Self::new(roots, directory, properties);
        device.read_database();
        Ok(device)
    }

    /// The device of a device node: `kind` is `b'b'` or `b'c'`.
    pub(crate) fn from_devnum(roots: Roots, kind: u8, devnum: dev_t) -> Result<Self, Errno> {
        let kind = match kind {
            b'b' => "block",
            b'c' => "char",
            _ => return Err(Errno::EINVAL),
        };
        Self::from_syspath(roots, &roots.in_sys(format!("dev/{kind}/{}:{}", major(devnum), minor(devnum))))
    }

    /// The device of that name in a subsystem: `block` and `sda`, `drivers` and `pci:nvme`, `module` and `loop`.
    pub(crate) fn from_subsystem_sysname(roots: Roots, subsystem: &CStr, sysname: &CStr) -> Result<Self, Errno> {
        let (subsystem, file) = (subsystem.to_bytes(), sysfs_name(sysname.to_bytes()));
        let is_component = |name: &[u8]| !matches!(name, b"" | b"." | b"..") && !name.contains(&b'/');
        if !is_component(subsystem) || !is_component(&file) {
            return Err(Errno::EINVAL);
        }
        let mut places = match subsystem {
            b"subsystem" => vec![[b"bus/", file.as_slice()].concat(), [b"class/", file.as_slice()].concat()],
            b"module" => vec![[b"module/", file.as_slice()].concat()],
            b"drivers" => driver_place(&file).into_iter().collect(),
            _ => vec![],
        };
        places.push([b"bus/", subsystem, b"/devices/", &file].concat());
        places.push([b"class/", subsystem, b"/", &file].concat());
        let found = places.iter().map(|place| roots.in_sys(path(place))).find(|place| place.exists());
        Self::from_syspath(roots, &found.ok_or(Errno::ENODEV)?)
    }

    /// The device of an event. The event is the truth: at a `remove`, sysfs has nothing left to read.
    ///
    /// `properties` has passed [`uevent::parse`](crate::uevent::parse); udevd has initialized what it reports.
    pub(crate) fn from_event(roots: Roots, properties: Properties, initialized: bool) -> Self {
        let devpath = properties.get(c"DEVPATH").map(|path| path.to_bytes()).unwrap_or_default();
        let syspath = [roots.sys.as_bytes(), devpath].concat();
        let tags = properties::tags(&properties);
        Self { tags, initialized, ..Self::new(roots, path(&syspath), properties) }
    }

    fn new(roots: Roots, directory: &Path, mut properties: Properties) -> Self {
        let syspath = c_string(directory.as_os_str().as_bytes());
        let devpath = c_string(syspath.to_bytes().strip_prefix(roots.sys.as_bytes()).unwrap_or_default());
        let sysname = kernel_name(directory.file_name().unwrap_or_default().as_bytes());
        let subsystem =
            properties.get(c"SUBSYSTEM").cloned().or_else(|| subsystem(directory, path(devpath.to_bytes())));
        let driver = properties.get(c"DRIVER").cloned().or_else(|| link_name(&directory.join("driver")).ok());
        properties.insert(c"DEVPATH".to_owned(), devpath.clone());
        if let Some(subsystem) = &subsystem {
            properties.insert(c"SUBSYSTEM".to_owned(), subsystem.clone());
        }
        Self {
            roots,
            sysnum: trailing_number(&sysname),
            syspath,
            devpath,
            sysname,
            subsystem,
            driver,
            properties,
            tags: BTreeSet::new(),
            initialized: false,
            attributes: Attributes::default(),
            property_list: OnceLock::new(),
            attribute_list: OnceLock::new(),
            parent: OnceLock::new(),
        }
    }

    /// Where udevd runs, it has initialized a device once the database has a file for it, be it empty.
    fn read_database(&mut self) {
        let Some(id) = self.database_id() else { return };
        if let Ok(text) = fs::read(Path::new(self.roots.run).join("data").join(path(&id))) {
            self.tags = properties::add_database(&text, &mut self.properties);
            self.initialized = true;
        }
    }

    /// The name of the device in udevd's database: `b8:0`, `c1:3`, `n2`, `+pci:0000:00:1f.2`, `+drivers:pci:nvme`.
    fn database_id(&self) -> Option<Vec<u8>> {
        let subsystem = self.subsystem.as_deref()?.to_bytes();
        if let Some(devnum) = properties::devnum(&self.properties) {
            let kind = if subsystem == b"block" { 'b' } else { 'c' };
            return Some(format!("{kind}{}:{}", major(devnum), minor(devnum)).into_bytes());
        }
        if let Some(index) = properties::ifindex(&self.properties) {
            return Some(format!("n{index}").into_bytes());
        }
        let file = self.directory().file_name()?.as_bytes();
        let bus = match subsystem {
            b"drivers" => [self.directory().parent()?.parent()?.file_name()?.as_bytes(), b":"].concat(),
            _ => vec![],
        };
        Some([b"+", subsystem, b":", &bus, file].concat())
    }

    /// The nearest directory above that is a device. It lives as long as this device.
    pub(crate) fn parent(&self) -> Option<&Arc<Self>> {
        let found = || {
            let mut above =
                self.directory().ancestors().skip(1).take_while(|above| *above != Path::new(self.roots.sys));
            above.find_map(|above| Self::at(self.roots, above).ok()).map(Arc::new)
        };
        self.parent.get_or_init(found).as_ref()
    }

    /// The nearest device above of a subsystem and, if one is given, of a device type.
    pub(crate) fn parent_with(&self, subsystem: &CStr, devtype: Option<&CStr>) -> Option<&Arc<Self>> {
        std::iter::successors(self.parent(), |device| device.parent()).find(|device| {
            device.subsystem() == Some(subsystem) && (devtype.is_none() || device.property(c"DEVTYPE") == devtype)
        })
    }

    pub(crate) fn directory(&self) -> &Path {
        path(self.syspath.to_bytes())
    }

    pub(crate) fn syspath(&self) -> &CStr {
        &self.syspath
    }

    pub(crate) fn devpath(&self) -> &CStr {
        &self.devpath
    }

    pub(crate) fn sysname(&self) -> &CStr {
        &self.sysname
    }

    pub(crate) fn sysnum(&self) -> Option<&CStr> {
        self.sysnum.as_deref()
    }

    pub(crate) fn subsystem(&self) -> Option<&CStr> {
        self.subsystem.as_deref()
    }

    pub(crate) fn driver(&self) -> Option<&CStr> {
        self.driver.as_deref()
    }

    pub(crate) fn property(&self, key: &CStr) -> Option<&CStr> {
        self.properties.get(key).map(CString::as_c_str)
    }

    pub(crate) fn properties(&self) -> &Properties {
        &self.properties
    }

    pub(crate) fn devnum(&self) -> Option<dev_t> {
        properties::devnum(&self.properties)
    }

    /// Whether the device is one that udevd prepares: it has a node or is a network interface.
    pub(crate) fn awaits_udevd(&self) -> bool {
        self.devnum().is_some() || properties::ifindex(&self.properties).is_some()
    }

    /// The number of the event that made this device; 0 if it was read from sysfs.
    pub(crate) fn seqnum(&self) -> u64 {
        properties::number(&self.properties, c"SEQNUM").unwrap_or(0)
    }

    pub(crate) fn is_initialized(&self) -> bool {
        self.initialized
    }

    pub(crate) fn has_tag(&self, tag: &CStr) -> bool {
        self.tags.contains(tag)
    }

    /// An attribute's value; see [`Attributes::value`].
    pub(crate) fn attribute(&self, name: &CStr) -> Result<Arc<CStr>, Errno> {
        self.attributes.value(self.directory(), name)
    }

    /// Writes an attribute; see [`Attributes::set`].
    pub(crate) fn set_attribute(&self, name: &CStr, value: Option<&CStr>) -> Result<(), Errno> {
        self.attributes.set(self.directory(), name, value)
    }

    pub(crate) fn property_list(&self) -> &List {
        let entries = || self.properties.iter().map(|(key, value)| (key.clone(), Some(value.clone())));
        self.property_list.get_or_init(|| list(entries()))
    }

    /// The names of the attributes there are at the first call; without values, as in libudev.
    pub(crate) fn attribute_list(&self) -> &List {
        let names = || attributes::names(self.directory()).unwrap_or_default();
        self.attribute_list.get_or_init(|| list(names().into_iter().map(|name| (name, None))))
    }
}

/// The subsystem as the link says or, for what is no device of a bus or a class, as the place in sysfs says.
fn subsystem(directory: &Path, devpath: &Path) -> Option<CString> {
    if let Ok(name) = link_name(&directory.join("subsystem")) {
        return Some(name);
    }
    if devpath.starts_with("/module") {
        Some(c"module".to_owned())
    } else if devpath.parent().is_some_and(|parent| parent.ends_with("drivers")) {
        Some(c"drivers".to_owned())
    } else if devpath.starts_with("/class") || devpath.starts_with("/bus") {
        Some(c"subsystem".to_owned())
    } else {
        None
    }
}

/// `pci:nvme` is `bus/pci/drivers/nvme`.
fn driver_place(name: &[u8]) -> Option<Vec<u8>> {
    let mut halves = name.splitn(2, |byte| *byte == b':');
    let (bus, driver) = (halves.next()?, halves.next().filter(|driver| !driver.is_empty())?);
    Some([b"bus/", bus, b"/drivers/", driver].concat())
}

/// A file name cannot hold the slash of `cciss/c0d0`: sysfs writes `!` for it.
fn kernel_name(file: &[u8]) -> CString {
    c_string(&file.iter().map(|byte| if *byte == b'!' { b'/' } else { *byte }).collect::<Vec<_>>())
}

fn sysfs_name(name: &[u8]) -> Vec<u8> {
    name.iter().map(|byte| if *byte == b'/' { b'!' } else { *byte }).collect()
}

/// The digits at the end of a name that is more than digits.
fn trailing_number(name: &CStr) -> Option<CString> {
    let name = name.to_bytes();
    let digits = name.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let (rest, number) = name.split_at(name.len() - digits);
    (!rest.is_empty() && !number.is_empty()).then(|| c_string(number))
}

#[cfg(test)]
#[path = "device_tests.rs"]
mod tests;
