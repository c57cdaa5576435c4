//! How commands get to an eMMC device: a trait, so that tests can play the device, and Linux' own way, `MMC_IOC_MULTI_CMD`.

use std::fs::File;

use nix::errno::Errno;
use purgeproof_spec::mmc::{Command, Partition, Response, Status};
use purgeproof_sys::mmc::{self, R1, R1_DATA, R1B};
use purgeproof_sys::transfer::Transfer;

use super::nodes;
use crate::channel::ChannelError;
use crate::sysfs::Node;

/// A way to an eMMC device.
pub(crate) trait MmcChannel: Send {
    /// Sends up to 16 commands in order, with `partition` addressed and nothing of anybody else's in between, and waits for the last one.
    /// An error is about the way: how many of the commands the device had is not known then, but for those with a response.
    fn execute(&mut self, partition: Partition, steps: &mut [Step<'_>]) -> Result<(), ChannelError>;

    /// Why no command gets to this partition; `None` if they do.
    fn barrier(&self, partition: Partition) -> Option<&str>;
}

/// One command of a sequence and what came back.
#[derive(Debug)]
pub(crate) struct Step<'a> {
    pub(crate) command: Command,
    /// Room for the data that come, in blocks of 512 bytes; empty if none do. A5h wherever nothing came.
    pub(crate) into: &'a mut [u8],
    /// How long the device may be busy with it; 0: as long as Linux lets it, ten seconds.
    pub(crate) limit_ms: u32,
    /// The device status of its response. Linux hands none on for `SANITIZE_START`, which it carries out by itself.
    pub(crate) status: Option<Status>,
}

impl Step<'_> {
    /// A command without data.
    pub(crate) fn new(command: Command) -> Self {
        Self::limited(command, 0)
    }

    /// A command that takes its time.
    pub(crate) fn limited(command: Command, limit_ms: u32) -> Self {
        Self { command, into: &mut [], limit_ms, status: None }
    }
}

impl<'a> Step<'a> {
    /// A command that data come with.
    pub(crate) fn reading(command: Command, into: &'a mut [u8]) -> Self {
        Self { command, into, limit_ms: 0, status: None }
    }
}

/// The disks of one device: its user area (`/dev/mmcblk0`) and its other partitions.
///
/// Before each command, even in the middle of a sequence, Linux switches to the partition whose disk the command came through
/// (`__mmc_blk_ioctl_cmd()`), so that a `PARTITION_CONFIG` of ours would be undone by the next command.
#[derive(Debug)]
pub(crate) struct MmcNode {
    // Given back before the user area is: who holds that may open these.
    others: [(Partition, Result<File, String>); 6],
    user: File,
}

impl MmcNode {
    /// The user area, open, with its directory in sysfs. The other partitions are opened here and held as long as it is.
    pub(crate) fn new(user: File, directory: &Node) -> Self {
        Self { others: nodes::others(directory), user }
    }

    fn disk(&self, partition: Partition) -> Result<&File, &str> {
        if partition == Partition::User {
            return Ok(&self.user);
        }
        let other = self.others.iter().find(|(other, _)| *other == partition);
        other.map_or(Err("it has no disk"), |(_, disk)| disk.as_ref().map_err(String::as_str))
    }
}

impl MmcChannel for MmcNode {
    fn execute(&mut self, partition: Partition, steps: &mut [Step<'_>]) -> Result<(), ChannelError> {
        let disk = self.disk(partition).map_err(|_| ChannelError::Kernel(Errno::ENOENT))?;
        let mut commands: Vec<mmc::Command<'_>> = steps.iter_mut().map(prepare).collect();
        let sent = mmc::execute(disk, &mut commands);
        let statuses: Vec<_> =
            commands.iter().map(|command| command.response.map(|[first, ..]| Status(first))).collect();
        for (step, status) in steps.iter_mut().zip(statuses) {
            step.status = status;
        }
        sent.map_err(|errno| match errno {
            // mmc_wait_for_req() of a card that was pulled.
            Errno::ENOMEDIUM => ChannelError::Gone(errno),
            errno => errno.into(),
        })
    }

    fn barrier(&self, partition: Partition) -> Option<&str> {
        self.disk(partition).err()
    }
}

fn prepare<'a>(step: &'a mut Step<'_>) -> mmc::Command<'a> {
    let flags = match step.command.response {
        _ if !step.into.is_empty() => R1_DATA,
        Response::R1 => R1,
        Response::R1b => R1B,
    };
    let mut command = mmc::Command::new(step.command.index.into(), step.command.argument, flags);
    command.cmd_timeout_ms = step.limit_ms;
    if !step.into.is_empty() {
        command.data = Transfer::In(step.into);
    }
    command
}

#[cfg(test)]
mod tests {
    use purgeproof_spec::mmc::{sanitize_start, send_ext_csd, send_status};

    use super::*;
    use crate::sysfs::tests::Tree;

    fn node() -> MmcNode {
        let tree = Tree::new().node("mmcblk0", "block", None, &[]);
        MmcNode::new(File::open("/dev/null").unwrap(), &tree.chain().disk)
    }

    #[test]
    fn what_is_no_emmc_takes_no_command_and_gives_no_data() {
        let mut register = [0; 512];
        let mut steps = [Step::reading(send_ext_csd(), &mut register), Step::new(send_status(1))];
        assert_eq!(node().execute(Partition::User, &mut steps), Err(ChannelError::Kernel(Errno::ENOTTY)));
        assert!(steps.iter().all(|step| step.status.is_none()));
        assert_eq!(register, [0xA5; 512]);
    }

    #[test]
    fn commands_for_a_partition_without_a_disk_go_nowhere_and_never_to_the_user_area() {
        let mut steps = [Step::new(send_status(1))];
        let mut node = node();
        assert_eq!(node.execute(Partition::Boot1, &mut steps), Err(ChannelError::Kernel(Errno::ENOENT)));
        assert!(node.barrier(Partition::Boot1).is_some_and(|why| why.contains("mmcblk0boot0")));
        assert_eq!(node.barrier(Partition::User), None);
    }

    #[test]
    fn responses_busy_and_data_are_told_to_the_kernel() {
        let mut into = [0; 512];
        let flags = |step: &mut Step<'_>| prepare(step).flags;
        assert_eq!(flags(&mut Step::reading(send_ext_csd(), &mut into)), 0x35);
        assert_eq!(flags(&mut Step::new(send_status(1))), 0x15);
        let mut sanitize = Step::limited(sanitize_start(), 3_600_000);
        let command = prepare(&mut sanitize);
        assert_eq!((command.flags, command.cmd_timeout_ms, command.argument), (0x1D, 3_600_000, 0x03A5_0101));
    }
}
