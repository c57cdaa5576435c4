//! How an admin command gets to a controller: a trait, so that tests can play the controller, and Linux' own way,
//! `NVME_IOCTL_ADMIN_CMD` on `/dev/nvmeN`.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use nix::sys::stat::{major, minor};
use purgeproof_spec::nvme::AdminCommand;
use purgeproof_sys::nvme::{self, Admin, Completed};
use purgeproof_sys::transfer::Transfer;

use crate::channel::ChannelError;

/// A way to an NVMe controller.
pub(crate) trait NvmeAdmin: Send {
    /// Sends an admin command and waits until it completes or `timeout_ms` (0: a minute) is over. Data in are A5h wherever nothing
    /// came. An error is about the way: whether the controller had the command is not known then.
    fn admin(&mut self, command: &AdminCommand, data: Transfer<'_>, timeout_ms: u32)
    -> Result<Completed, ChannelError>;

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
}

impl ControllerDevice {
    /// `device` is a controller's character device: through a namespace's the kernel takes commands for that namespace only.
    pub(crate) const fn new(device: File) -> Self {
        Self { device }
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
        Ok(nvme::admin(&self.device, &command, data, timeout_ms)?)
    }

    fn rescan(&mut self) -> Result<(), ChannelError> {
        Ok(nvme::rescan(&self.device)?)
    }

    fn has_more_memory(&self) -> Option<bool> {
        let number = self.device.metadata().ok()?.rdev();
        let path = PathBuf::from(format!("/sys/dev/char/{}:{}/device/resource", major(number), minor(number)));
        more_memory(&fs::read_to_string(path).ok()?)
    }
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
    use purgeproof_spec::nvme::Identify;

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
    fn what_is_no_controller_is_an_error_of_the_way() {
        let mut controller = ControllerDevice::new(File::open("/dev/null").unwrap());
        let command = AdminCommand::identify(Identify::Controller);
        let answer = controller.admin(&command, Transfer::In(&mut [0; 4096]), 1000);
        assert_eq!(answer, Err(ChannelError::Kernel(nix::errno::Errno::ENOTTY)));
        assert_eq!(controller.has_more_memory(), None);
    }
}
