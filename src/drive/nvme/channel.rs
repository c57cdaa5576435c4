//! How an admin command gets to a controller: a trait, so that tests can play the controller, and Linux' own way,
//! `NVME_IOCTL_ADMIN_CMD` on `/dev/nvmeN`.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use nix::errno::Errno;
use nix::sys::stat::{major, minor};
use purgeproof_spec::nvme::{AdminCommand, Read, Status};
use purgeproof_sys::nvme::{self, Admin, Completed};
use purgeproof_sys::transfer::Transfer;

use super::noted::QUERY_MS;
use crate::channel::ChannelError;

/// A way to an NVMe controller.
pub(crate) trait NvmeAdmin: Send {
    /// Sends an admin command and waits until it completes or `timeout_ms` (0: a minute) is over. Data in are A5h wherever nothing
    /// came. An error is about the way: whether the controller had the command is not known then.
    fn admin(&mut self, command: &AdminCommand, data: Transfer<'_>, timeout_ms: u32)
    -> Result<Completed, ChannelError>;

    /// Reads blocks of the open namespace past the host's own idea of what can be read. Data come as in [`Self::admin`].
    fn read(&mut self, command: &Read, into: &mut [u8]) -> Result<Completed, ChannelError>;

    /// Has the host look again which namespaces there are, and in what format.
    fn rescan(&mut self) -> Result<(), ChannelError>;

    /// Whether the controller shows memory beside its registers (PCI base address registers 2 to 5), which a persistent memory region
    /// would be in; `None` if that is not known.
    fn has_more_memory(&self) -> Option<bool>;
}

/// An open controller.
#[derive(Debug)]
pub(crate) struct ControllerDevice {
    device: File,
    namespace: File,
}

impl ControllerDevice {
    /// `device` is a controller's character device: through a namespace's the kernel takes commands for that namespace only.
    /// `namespace` is the block device.
    pub(crate) const fn new(device: File, namespace: File) -> Self {
        Self { device, namespace }
    }

    /// What came of a command that went to the controller or its namespace.
    fn outcome(&self, returned: Result<Completed, Errno>) -> Result<Completed, ChannelError> {
        match returned {
            Ok(completed) if is_of_the_path(completed.raw) && self.is_dead() => Err(ChannelError::Gone(Errno::EIO)),
            Ok(completed) => Ok(completed),
            Err(errno) if self.is_dead() => Err(ChannelError::Gone(errno)),
            Err(errno) => Err(errno.into()),
        }
    }

    /// The controller's directory in sysfs, as long as the kernel knows it.
    fn sysfs(&self) -> Option<PathBuf> {
        let number = self.device.metadata().ok()?.rdev();
        Some(PathBuf::from(format!("/sys/dev/char/{}:{}", major(number), minor(number))))
    }

    /// The kernel has given the controller up. Commands that come after that end with EIO, or with a status of the host's own, which say
    /// the same of a controller that is being reset.
    fn is_dead(&self) -> bool {
        self.sysfs().is_some_and(|path| !path.exists() || is_given_up(&fs::read_to_string(path.join("state"))))
    }
}

/// From the attribute `state` (`nvme_sysfs_show_state` of the kernel): live, resetting and connecting ones may come back.
fn is_given_up(state: &io::Result<String>) -> bool {
    match state {
        Ok(state) => matches!(state.trim_end(), "deleting" | "deleting (no IO)" | "dead"),
        Err(error) => error.raw_os_error() == Some(Errno::ENODEV as i32),
    }
}

impl NvmeAdmin for ControllerDevice {
    fn admin(
        &mut self,
        command: &AdminCommand,
        data: Transfer<'_>,
        timeout_ms: u32,
    ) -> Result<Completed, ChannelError> {
        let [cdw10, cdw11, cdw12, cdw13, cdw14, cdw15] = command.dwords();
        let nsid = command.nsid().value();
        let command = Admin { opcode: command.opcode(), nsid, cdw10, cdw11, cdw12, cdw13, cdw14, cdw15 };
        self.outcome(nvme::admin(&self.device, &command, data, timeout_ms))
    }

    fn read(&mut self, command: &Read, into: &mut [u8]) -> Result<Completed, ChannelError> {
        let [cdw10, cdw11, cdw12, cdw13, cdw14, cdw15] = command.dwords();
        let nsid = command.nsid.value();
        let command = Admin { opcode: Read::OPCODE, nsid, cdw10, cdw11, cdw12, cdw13, cdw14, cdw15 };
        self.outcome(nvme::io(&self.namespace, &command, Transfer::In(into), QUERY_MS))
    }

    fn rescan(&mut self) -> Result<(), ChannelError> {
        Ok(nvme::rescan(&self.device)?)
    }

    fn has_more_memory(&self) -> Option<bool> {
        more_memory(&fs::read_to_string(self.sysfs()?.join("device/resource")).ok()?)
    }
}

/// Status Code Type 3h: the host's word about the way, not the controller's about the command.
fn is_of_the_path(raw: i32) -> bool {
    Status::from_ioctl(raw).is_some_and(|status| status.sct() == 3)
}

/// From a PCI device's file `resource`: a line a base address register with start, end and flags. All zeros is none.
fn more_memory(resource: &str) -> Option<bool> {
    let lines: Vec<&str> = resource.lines().collect();
    let is_used =
        |line: &&str| line.split_whitespace().any(|word| word.bytes().any(|digit| !matches!(digit, b'0' | b'x')));
    lines.get(2..6).map(|registers| registers.iter().any(is_used))
}

#[cfg(test)]
mod tests {
    use super::*;
    use purgeproof_spec::nvme::{Identify, Nsid};
    use std::num::NonZeroU16;

    const NONE: &str = "0x0000000000000000 0x0000000000000000 0x0000000000000000\n";
    const REGISTERS: &str = "0x00000000fea00000 0x00000000fea03fff 0x0000000000140204\n";

    #[test]
    fn a_region_of_memory_would_be_in_registers_2_to_5() {
        assert_eq!(more_memory(&[REGISTERS, NONE, NONE, NONE, NONE, NONE, NONE].concat()), Some(false));
        assert_eq!(more_memory(&[REGISTERS, NONE, NONE, NONE, REGISTERS, NONE, NONE].concat()), Some(true));
        // An expansion ROM is no register of these.
        assert_eq!(more_memory(&[REGISTERS, NONE, NONE, NONE, NONE, NONE, REGISTERS].concat()), Some(false));
        assert_eq!(more_memory(REGISTERS), None);
    }

    #[test]
    fn a_controller_that_the_kernel_gave_up_is_gone_and_one_that_it_resets_is_not() {
        let state = |text: &str| is_given_up(&Ok(text.to_owned()));
        assert!(state("dead\n") && state("deleting\n") && state("deleting (no IO)\n"));
        assert!(!state("live\n") && !state("resetting\n") && !state("connecting\n") && !state("new\n"));
        assert!(is_given_up(&Err(io::Error::from_raw_os_error(Errno::ENODEV as i32))), "it went while it was asked");
        assert!(!is_given_up(&Err(io::Error::from_raw_os_error(Errno::ENOENT as i32))), "no such attribute");
    }

    #[test]
    fn only_the_hosts_own_words_are_about_the_path() {
        // Host Path Error, Host Aborted Command; Success, Invalid Field (DNR), Sanitize In Progress.
        assert!(is_of_the_path(0x0370) && is_of_the_path(0x0371));
        assert!(!is_of_the_path(0) && !is_of_the_path(0x4002) && !is_of_the_path(0x001D));
    }

    #[test]
    fn what_is_no_controller_is_an_error_of_the_way() {
        let null = || File::open("/dev/null").unwrap();
        let mut controller = ControllerDevice::new(null(), null());
        let read = Read { nsid: Nsid::new(1).unwrap(), first: 0, blocks: NonZeroU16::MIN };
        assert_eq!(controller.read(&read, &mut [0; 512]), Err(ChannelError::Kernel(Errno::ENOTTY)));
        let command = AdminCommand::identify(Identify::Controller);
        let answer = controller.admin(&command, Transfer::In(&mut [0; 4096]), 1000);
        assert_eq!(answer, Err(ChannelError::Kernel(nix::errno::Errno::ENOTTY)));
        assert_eq!(controller.has_more_memory(), None);
    }
}
