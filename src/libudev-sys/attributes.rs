//! Attributes: the files of a device's directory in sysfs.

use std::collections::{BTreeSet, HashMap};
use std::ffi::{CStr, CString, OsStr};
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use nix::errno::Errno;

use crate::sysfs::{c_string, errno, link_name};

/// Text attributes are a page, binary ones may be longer; more than this is a memory window, not a value.
const READ_LIMIT: u64 = 4 << 20;
/// libudev's own limit, a page.
const WRITE_LIMIT: usize = 4096;

/// The values read so far. A value stays as it was first read until it is written through the same device.
#[derive(Debug, Default)]
pub(crate) struct Attributes(Mutex<Cache>);

#[derive(Debug, Default)]
struct Cache {
    values: HashMap<CString, Arc<CStr>>,
    /// Values replaced by a write. A caller may still hold the pointer: they live as long as the device.
    replaced: Vec<Arc<CStr>>,
}

impl Attributes {
    /// The value of an attribute of the device in `directory`. A failure is not kept: the next call tries again.
    pub(crate) fn value(&self, directory: &Path, name: &CStr) -> Result<Arc<CStr>, Errno> {
        let mut cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = cache.values.get(name) {
            return Ok(Arc::clone(value));
        }
        let value: Arc<CStr> = read(directory, name)?.into();
        cache.values.insert(name.to_owned(), Arc::clone(&value));
        Ok(value)
    }

    /// Writes an attribute and keeps what was written as its value; without a value it only forgets the one kept.
    pub(crate) fn set(&self, directory: &Path, name: &CStr, value: Option<&CStr>) -> Result<(), Errno> {
        let mut cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(old) = cache.values.remove(name) {
            cache.replaced.push(old);
        }
        let Some(value) = value else { return Ok(()) };
        let value = trimmed(value.to_bytes());
        write(directory, name, value)?;
        // What is written to `uevent` is an action, what is read from it are properties.
        if name != c"uevent" {
            cache.values.insert(name.to_owned(), c_string(value).into());
        }
        Ok(())
    }
}

fn read(directory: &Path, name: &CStr) -> Result<CString, Errno> {
    let path = file(directory, name);
    let metadata = fs::symlink_metadata(&path).map_err(|error| errno(&error))?;
    if metadata.is_symlink() {
        // The name is the value for these three; any other link leads to another device.
        let is_value = [c"driver", c"subsystem", c"module"].contains(&name);
        return if is_value { link_name(&path) } else { Err(Errno::EINVAL) };
    }
    if metadata.is_dir() {
        return Err(Errno::EISDIR);
    }
    if metadata.permissions().mode() & libc::S_IRUSR == 0 {
        return Err(Errno::EPERM);
    }
    let mut value = Vec::new();
    File::open(&path)
        .and_then(|file| file.take(READ_LIMIT + 1).read_to_end(&mut value))
        .map_err(|error| errno(&error))
        .and_then(|length| if length as u64 > READ_LIMIT { Err(Errno::EFBIG) } else { Ok(()) })?;
    Ok(c_string(trimmed(&value)))
}

fn write(directory: &Path, name: &CStr, value: &[u8]) -> Result<(), Errno> {
    if value.len() > WRITE_LIMIT {
        return Err(Errno::EINVAL);
    }
    // One write(2): sysfs takes each as a value of its own.
    OpenOptions::new()
        .write(true)
        .custom_flags(libc::O_NOFOLLOW)
        .open(file(directory, name))
        .and_then(|mut file| file.write_all(&[value, b"\n"].concat()))
        .map_err(|error| errno(&error))
}

/// Names of all attributes, those in subdirectories as `queue/rotational`. A subdirectory with a `uevent` file is
/// another device.
pub(crate) fn names(directory: &Path) -> Result<BTreeSet<CString>, Errno> {
    let mut names = BTreeSet::new();
    collect(directory, b"", &mut names).map(|()| names)
}

fn collect(directory: &Path, prefix: &[u8], names: &mut BTreeSet<CString>) -> Result<(), Errno> {
    for entry in fs::read_dir(directory).map_err(|error| errno(&error))? {
        // A device may go while it is listed: what is gone is no attribute.
        let Ok(entry) = entry else { continue };
        let Ok(metadata) = entry.metadata() else { continue };
        let name = [prefix, entry.file_name().as_bytes()].concat();
        if metadata.is_dir() {
            if !entry.path().join("uevent").exists() {
                let _vanished = collect(&entry.path(), &[&name, &b"/"[..]].concat(), names);
            }
        } else if metadata.permissions().mode() & (libc::S_IRUSR | libc::S_IWUSR) != 0 {
            names.insert(c_string(&name));
        }
    }
    Ok(())
}

/// Joined by hand: `Path::join` would let an absolute name replace the directory.
fn file(directory: &Path, name: &CStr) -> PathBuf {
    let mut path = directory.as_os_str().to_owned();
    path.push("/");
    path.push(OsStr::from_bytes(name.to_bytes()));
    path.into()
}

fn trimmed(mut value: &[u8]) -> &[u8] {
    while let [rest @ .., b'\n' | b'\r'] = value {
        value = rest;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Fake;

    const SDA: &str = "devices/pci0/ata1/block/sda";

    #[test]
    fn values_as_a_c_reader_sees_them() {
        let fake = Fake::with_a_disk();
        let directory = fake.roots.in_sys(SDA);
        fake.file(&format!("{SDA}/model"), b"WDC WD40  \n\n");
        fake.file(&format!("{SDA}/vpd"), b"\x00\x83\x00");
        fake.link("../../x/sd", &format!("{SDA}/driver"));
        let value = |name: &CStr| Attributes::default().value(&directory, name);
        assert_eq!(value(c"model").as_deref(), Ok(c"WDC WD40  "));
        assert_eq!(value(c"vpd").as_deref(), Ok(c""));
        assert_eq!(value(c"queue/rotational").as_deref(), Ok(c"1"));
        assert_eq!(value(c"subsystem").as_deref(), Ok(c"block"));
        assert_eq!(value(c"driver").as_deref(), Ok(c"sd"));
    }

    #[test]
    fn what_is_no_value_is_an_errno() {
        let fake = Fake::with_a_disk();
        let directory = fake.roots.in_sys(SDA);
        fake.link("..", &format!("{SDA}/bdi"));
        fake.write_only(&format!("{SDA}/delete"));
        fake.file("secret", b"x");
        let value = |name: &CStr| Attributes::default().value(&directory, name);
        assert_eq!(value(c"absent"), Err(Errno::ENOENT));
        assert_eq!(value(c"queue"), Err(Errno::EISDIR));
        assert_eq!(value(c"bdi"), Err(Errno::EINVAL));
        assert_eq!(value(c"delete"), Err(Errno::EPERM));
        let absolute = c_string(fake.roots.in_sys("secret").as_os_str().as_bytes());
        assert_eq!(value(&absolute), Err(Errno::ENOENT), "an absolute name stays below the device");
    }

    #[test]
    fn the_first_value_stays_until_it_is_written() {
        let fake = Fake::with_a_disk();
        let directory = fake.roots.in_sys(SDA);
        let attributes = Attributes::default();
        let value = |name: &CStr| attributes.value(&directory, name);
        assert_eq!(value(c"late"), Err(Errno::ENOENT));
        fake.file(&format!("{SDA}/late"), b"a\n");
        assert_eq!(value(c"late").as_deref(), Ok(c"a"), "a failure is not kept");
        fake.file(&format!("{SDA}/late"), b"b\n");
        assert_eq!(value(c"late").as_deref(), Ok(c"a"), "a value is");
        attributes.set(&directory, c"late", None).unwrap();
        assert_eq!(value(c"late").as_deref(), Ok(c"b"), "forgotten on demand");
        attributes.set(&directory, c"late", Some(c"cc\n")).unwrap();
        assert_eq!(value(c"late").as_deref(), Ok(c"cc"));
        assert_eq!(fs::read(directory.join("late")).unwrap(), b"cc\n");
    }

    #[test]
    fn writes_that_are_refused() {
        let fake = Fake::with_a_disk();
        let directory = fake.roots.in_sys(SDA);
        let attributes = Attributes::default();
        let long = CString::new(vec![b'x'; 4097]).unwrap();
        assert_eq!(attributes.set(&directory, c"size", Some(&long)), Err(Errno::EINVAL));
        assert_eq!(attributes.set(&directory, c"absent", Some(c"1")), Err(Errno::ENOENT));
        assert_eq!(attributes.set(&directory, c"subsystem", Some(c"1")), Err(Errno::ELOOP), "links are not followed");
        assert_eq!(fs::read(directory.join("size")).unwrap(), b"7814037168\n");
    }

    #[test]
    fn names_stop_at_other_devices() {
        let fake = Fake::with_a_disk();
        let names = names(&fake.roots.in_sys(SDA)).unwrap();
        let expected = [c"queue/rotational", c"size", c"subsystem", c"uevent"].map(CStr::to_owned);
        assert_eq!(names, BTreeSet::from(expected));
    }
}
