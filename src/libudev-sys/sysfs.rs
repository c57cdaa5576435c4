//! Where sysfs and udevd's state are mounted, and the few ways in which the rest of the crate touches them.

use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::errno::Errno;

/// The two trees that everything is read from. Only tests use others than [`Roots::SYSTEM`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Roots {
    /// The mount point of sysfs.
    pub(crate) sys: &'static str,
    /// udevd's run-time directory: its database is `data/` inside. It is absent where no udevd runs.
    pub(crate) run: &'static str,
}

impl Roots {
    /// Where every Linux has them.
    pub(crate) const SYSTEM: Self = Self { sys: "/sys", run: "/run/udev" };

    /// A path inside sysfs; `relative` has no leading slash, for such a path would replace the root.
    pub(crate) fn in_sys(self, relative: impl AsRef<Path>) -> PathBuf {
        Path::new(self.sys).join(relative)
    }
}

/// The C string that a C reader would see in `bytes`: it ends at the first NUL.
pub(crate) fn c_string(bytes: &[u8]) -> CString {
    let text = bytes.split(|byte| *byte == 0).next().unwrap_or_default();
    CString::new(text).unwrap_or_default()
}

/// The last component of a symbolic link's target: how sysfs spells `subsystem`, `driver` and `module`.
pub(crate) fn link_name(link: &Path) -> Result<CString, Errno> {
    let target = link.read_link().map_err(|error| errno(&error))?;
    target.file_name().map(|name| c_string(name.as_bytes())).ok_or(Errno::EINVAL)
}

/// A whole file, by way of a page on the stack. Whatever is in it, sysfs gives a page as the length of a file, and to allocate that is a
/// mapping that is made and taken away again for every attribute (musl).
pub(crate) fn read(file: &Path) -> io::Result<Vec<u8>> {
    let (mut file, mut text, mut page) = (File::open(file)?, Vec::new(), [0; 4096]);
    loop {
        match file.read(&mut page)? {
            0 => return Ok(text),
            count => text.extend_from_slice(page.get(..count).unwrap_or_default()),
        }
    }
}

/// The errno behind an error of the standard library; those without one were never the kernel's.
pub(crate) fn errno(error: &io::Error) -> Errno {
    error.raw_os_error().map_or(Errno::EIO, Errno::from_raw)
}

/// A path from bytes of the C side.
pub(crate) fn path(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_c_string_ends_at_the_first_nul() {
        assert_eq!(c_string(b"WDC\0WD40"), c"WDC".to_owned());
        assert_eq!(c_string(b""), c"".to_owned());
        assert_eq!(c_string(b"\0"), c"".to_owned());
    }
}
