//! Loading a kernel module: `finit_module(2)`.

use nix::errno::Errno;
use nix::kmod::{ModuleInitFlags, finit_module};
use std::ffi::CStr;
use std::fs::File;

/// `MODULE_INIT_COMPRESSED_FILE` of `linux/module.h` (since Linux 5.17): the kernel unpacks the file itself.
const COMPRESSED_FILE: u32 = 4;

/// How a module that did not fail came to be in the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loaded {
    /// The kernel took it now.
    Now,
    /// It was there already (EEXIST), as a module or built in.
    Before,
}

/// Loads the module in `file`. `parameters` are `name=value` words as on the kernel command line; `compressed` says that the file
/// is a `.ko.xz`, `.ko.zst` or `.ko.gz`. Returns after the module's own initialisation, which may take many seconds.
pub fn load(file: &File, parameters: &CStr, compressed: bool) -> Result<Loaded, Errno> {
    let flags = if compressed { COMPRESSED_FILE } else { 0 };
    match finit_module(file, parameters, ModuleInitFlags::from_bits_retain(flags)) {
        Ok(()) => Ok(Loaded::Now),
        Err(Errno::EEXIST) => Ok(Loaded::Before),
        Err(errno) => Err(errno),
    }
}
