//! Loads kernel modules for the devices that are there and for those that come, in place of udev and kmod.
//!
//! In a thread of its own: `finit_module` returns only when the driver has initialised, which takes a controller minutes in bad
//! cases and a broken one for ever, and PID 1 must hand on keys and reap meanwhile.

use crate::cmdline::{self, Word};
use crate::coldplug;
use crate::index::{self, Index};
use crate::log::log;
use crate::mounts;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use purgeproof_sys::module::{Loaded, load};
use purgeproof_sys::netlink::Uevents;
use std::collections::{HashMap, HashSet};
use std::ffi::CString;
use std::fs::{self, File};
use std::io::PipeWriter;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Loaded by name: what no device announces (filesystems, `sg`), and what one must not have to wait for (keyboards, the stick).
const BY_NAME: [&str; 19] = [
    "usbhid",
    "hid_generic",
    "evdev",
    "usb_storage",
    "uas",
    "sd_mod",
    "sg",
    "sr_mod",
    "nvme",
    "mmc_block",
    "vfat",
    "exfat",
    "isofs",
    "nls_cp437",
    "nls_iso8859_1",
    "nls_ascii",
    "nls_utf8",
    "efivarfs",
    "efi_pstore",
];

/// The devices behind a controller appear within a few milliseconds of each other; a pause this long means that the burst is over.
/// What comes later comes by hot-plug.
const QUIET: Duration = Duration::from_millis(100);

/// The longest that a machine whose devices never fall silent is waited for.
const SETTLED_AT_LATEST: Duration = Duration::from_secs(3);

/// Starts the thread, which loads modules for as long as the machine runs. It lets go of `loading` when the first round is over.
pub(crate) fn start(words: Vec<Word>, loading: PipeWriter) {
    let thread = std::thread::Builder::new().name("modules".to_owned()).spawn(move || serve(&words, loading));
    if let Err(error) = thread {
        log!("no modules will be loaded, for the kernel gives no thread: {error}");
    }
}

fn serve(words: &[Word], loading: PipeWriter) {
    let mut modules = Modules::open(words);
    // Before the walk, or a device that appears during it is in neither.
    let uevents =
        Uevents::open().inspect_err(|errno| log!("no uevents, so no hot-plug of new controllers: {errno}")).ok();
    match &mut modules {
        Some(modules) => modules.first_round(uevents.as_ref()),
        None => log!("no module index for this kernel: every driver is built in"),
    }
    if Path::new("/sys/firmware/efi").exists() {
        // Late, for efivarfs is a module in some kernels.
        mounts::mount_efivarfs().unwrap_or_else(|failure| log!("{failure}"));
    }
    drop(loading);
    let (Some(mut modules), Some(uevents)) = (modules, uevents) else { return };
    loop {
        modules.hear(&uevents, None);
    }
}

struct Modules {
    directory: PathBuf,
    index: Index,
    parameters: HashMap<String, Vec<String>>,
    unwanted: HashSet<String>,
    loaded: HashSet<String>,
}

impl Modules {
    /// Reads the running kernel's index; `None` when there is none.
    fn open(words: &[Word]) -> Option<Self> {
        let release = fs::read_to_string("/proc/sys/kernel/osrelease").ok()?;
        let directory = Path::new("/lib/modules").join(release.trim());
        let dep = fs::read_to_string(directory.join("modules.dep")).ok()?;
        let text = |file| fs::read_to_string(directory.join(file)).unwrap_or_default();
        let index = Index::parse(&dep, &text("modules.alias"), &text("modules.softdep"));
        let options = options(&text("modules.options"));
        let (parameters, unwanted) = (parameters(options.iter().chain(words)), unwanted(words));
        Some(Self { directory, index, parameters, unwanted, loaded: HashSet::new() })
    }

    /// Loads what is asked for by name and what serves the devices that are there, with those that appear behind them.
    fn first_round(&mut self, uevents: Option<&Uevents>) {
        for name in BY_NAME {
            self.load(name);
        }
        self.coldplug();
        let deadline = Instant::now() + SETTLED_AT_LATEST;
        while Instant::now() < deadline && uevents.is_some_and(|uevents| self.hear(uevents, Some(QUIET))) {}
        log!("modules loaded: {} of {}", self.loaded.len(), self.index.len());
    }

    fn coldplug(&mut self) {
        let aliases = coldplug::modaliases(Path::new("/sys/devices"));
        for alias in &aliases {
            self.load_for(alias);
        }
        log!("coldplug: {} kinds of device, {} modules loaded", aliases.len(), self.loaded.len());
    }

    /// Waits for uevents, at most `patience`, and loads for each one that is there; false when none came.
    fn hear(&mut self, uevents: &Uevents, patience: Option<Duration>) -> bool {
        let timeout = patience.map_or(PollTimeout::NONE, |time| time.try_into().unwrap_or(PollTimeout::ZERO));
        if poll(&mut [PollFd::new(uevents.as_fd(), PollFlags::POLLIN)], timeout) == Ok(0) {
            return false;
        }
        let mut buffer = [0; 16 << 10];
        loop {
            match uevents.next(&mut buffer) {
                Ok(Some(event)) => {
                    if let Some(alias) = coldplug::modalias_of(event) {
                        self.load_for(alias);
                    }
                }
                Ok(None) => return true,
                Err(Errno::ENOBUFS) => {
                    log!("uevents were lost; looking at every device again");
                    self.coldplug();
                }
                Err(errno) => {
                    log!("uevents: {errno}");
                    std::thread::sleep(Duration::from_secs(1));
                    return true;
                }
            }
        }
    }

    fn load_for(&mut self, modalias: &str) {
        let modules: Vec<String> = self.index.serving(modalias).into_iter().map(str::to_owned).collect();
        for module in modules {
            self.load(&module);
        }
    }

    /// Loads a module and what it needs; that there is none of this name is no error, for it may be built in.
    fn load(&mut self, module: &str) {
        for (name, path) in self.index.order(module, |name| self.unwanted.contains(name)) {
            if self.loaded.contains(name) {
                continue;
            }
            let parameters = self.parameters.get(name).map(|list| list.join(" ")).unwrap_or_default();
            match load_file(&self.directory.join(path), &parameters) {
                Ok(Loaded::Now) if parameters.is_empty() => log!("module {name}"),
                Ok(Loaded::Now) => log!("module {name} {parameters}"),
                Ok(Loaded::Before) => {}
                Err(errno) => {
                    log!("module {name} was not loaded: {errno}");
                    continue;
                }
            }
            self.loaded.insert(name.to_owned());
        }
    }
}

fn load_file(path: &Path, parameters: &str) -> Result<Loaded, Errno> {
    let file = File::open(path).map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or_default()))?;
    let parameters = CString::new(parameters).map_err(|_| Errno::EINVAL)?;
    load(&file, &parameters, path.extension().is_none_or(|extension| extension != "ko"))
}

/// The parameters of each module, as `finit_module` takes them: `module.name=value` of the command line reaches only what is built
/// in, and modprobe(8) passes on the rest. Of two values of one parameter the kernel keeps the last. A module that does not know a
/// parameter says so in the kernel log and loads without it.
fn parameters<'a>(words: impl IntoIterator<Item = &'a Word>) -> HashMap<String, Vec<String>> {
    let mut parameters = HashMap::<String, Vec<String>>::new();
    for word in words {
        let Some((module, parameter)) = word.key.split_once('.') else { continue };
        let assignment = match &word.value {
            None => parameter.to_owned(),
            Some(value) if value.contains(|c: char| c.is_ascii_whitespace()) => format!("{parameter}=\"{value}\""),
            Some(value) => format!("{parameter}={value}"),
        };
        parameters.entry(index::name(module)).or_default().push(assignment);
    }
    parameters
}

/// The image's own parameters: words as on the command line, and comments from `#` to the end of a line.
fn options(text: &str) -> Vec<Word> {
    text.lines().filter_map(|line| line.split('#').next()).flat_map(cmdline::words).collect()
}

/// The modules that the command line forbids.
fn unwanted(words: &[Word]) -> HashSet<String> {
    let lists = words.iter().filter(|word| word.key == "modprobe.blacklist" || word.key == "module_blacklist");
    let names = lists.filter_map(|word| word.value.as_deref()).flat_map(|list| list.split(','));
    names.filter(|name| !name.is_empty()).map(index::name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cmdline::words;

    #[test]
    fn parameters_of_one_module_come_together_in_the_kernels_spelling() {
        let parameters = parameters(&words(
            "quiet nvme-core.io_timeout=5 nvme_core.admin_timeout=7 usb-storage.quirks=\"a b\" sg.flag",
        ));
        assert_eq!(parameters["nvme_core"], ["io_timeout=5", "admin_timeout=7"]);
        assert_eq!(parameters["usb_storage"], ["quirks=\"a b\""]);
        assert_eq!(parameters["sg"], ["flag"]);
        assert!(!parameters.contains_key("quiet"));
    }

    #[test]
    fn the_command_line_has_the_last_word() {
        let options = options("# libata.off=1\nlibata.allow_tpm=1 # for TCG\n\n  sg.allow_dio=1\n");
        let line = words("libata.allow_tpm=0 libata.noacpi=1");
        let parameters = parameters(options.iter().chain(&line));
        assert_eq!(parameters["libata"], ["allow_tpm=1", "allow_tpm=0", "noacpi=1"]);
        assert_eq!(parameters["sg"], ["allow_dio=1"]);
        assert_eq!(parameters.len(), 2);
    }

    #[test]
    fn the_images_options_are_read() {
        let parameters = parameters(&options(include_str!("../../image/modules.options")));
        assert_eq!(parameters["libata"], ["allow_tpm=1"]);
        assert_eq!(parameters["sg"], ["allow_dio=1"]);
    }

    #[test]
    fn both_blacklists_are_read() {
        let unwanted = unwanted(&words("modprobe.blacklist=usb-storage,uas module_blacklist=sg, modprobe.blacklist"));
        assert_eq!(unwanted, HashSet::from(["usb_storage".to_owned(), "uas".to_owned(), "sg".to_owned()]));
    }
}
