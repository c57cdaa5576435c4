//! How commands get to an eMMC device: a trait, so that tests can play the device, and Linux' own way, `MMC_IOC_MULTI_CMD`.

use std::os::fd::AsFd;

use nix::errno::Errno;
use purgeproof_spec::mmc::{Command, Response, Status};
use purgeproof_sys::mmc::{self, R1, R1_DATA, R1B};
use purgeproof_sys::transfer::Transfer;

use crate::channel::ChannelError;

/// A way to an eMMC device.
pub(crate) trait MmcChannel: Send {
    /// Sends up to 16 commands in order with nothing of anybody else's in between, and waits for the last one.
    ///
    /// That matters: between two calls Linux switches back to the partition that the handle is about. An error is about the way: how
    /// many of the commands the device had is not known then, but for those with a response.
    fn execute(&mut self, steps: &mut [Step<'_>]) -> Result<(), ChannelError>;
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

/// The whole disk, open (`/dev/mmcblk0`).
#[derive(Debug)]
pub(crate) struct MmcNode<D>(pub(crate) D);

impl<D: AsFd + Send> MmcChannel for MmcNode<D> {
    fn execute(&mut self, steps: &mut [Step<'_>]) -> Result<(), ChannelError> {
        let mut commands: Vec<mmc::Command<'_>> = steps.iter_mut().map(prepare).collect();
        let sent = mmc::execute(&self.0, &mut commands);
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
    use std::fs::File;

    use purgeproof_spec::mmc::{sanitize_start, send_ext_csd, send_status};

    use super::*;

    #[test]
    fn what_is_no_emmc_takes_no_command_and_gives_no_data() {
        let mut register = [0; 512];
        let mut node = MmcNode(File::open("/dev/null").unwrap());
        let mut steps = [Step::reading(send_ext_csd(), &mut register), Step::new(send_status(1))];
        assert_eq!(node.execute(&mut steps), Err(ChannelError::Kernel(Errno::ENOTTY)));
        assert!(steps.iter().all(|step| step.status.is_none()));
        assert_eq!(register, [0xA5; 512]);
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
