//! How a SCSI command gets to a drive: a trait, so that tests can play the drive, and Linux' own way, `SG_IO`.

use std::fmt;
use std::fs;
use std::os::fd::AsFd;
use std::path::PathBuf;

use nix::errno::Errno;
use purgeproof_sys::sg;
pub(crate) use purgeproof_sys::transfer::Transfer as Data;

/// A way to a drive that takes SCSI commands, or ATA commands inside them.
pub(crate) trait ScsiChannel: Send {
    /// Sends `cdb` (6 to 32 bytes) and waits until it ends or `timeout_ms` (0: a minute) is over. Data in are A5h wherever nothing
    /// came ([`ScsiAnswer::came`]). An error is about the way: whether the drive got the command is not known then.
    fn execute(&mut self, cdb: &[u8], data: Data<'_>, timeout_ms: u32) -> Result<ScsiAnswer, ChannelError>;

    /// Has the host ask the drive for its size again, after areas were opened. Nothing to do for a host that keeps no size.
    fn rescan(&mut self) -> Result<(), ChannelError> {
        Ok(())
    }
}

impl<C: ScsiChannel + ?Sized> ScsiChannel for &mut C {
    fn execute(&mut self, cdb: &[u8], data: Data<'_>, timeout_ms: u32) -> Result<ScsiAnswer, ChannelError> {
        (**self).execute(cdb, data, timeout_ms)
    }

    fn rescan(&mut self) -> Result<(), ChannelError> {
        (**self).rescan()
    }
}

/// What came back from a command. GOOD alone is no success: look at [`Self::is_delivered`] first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ScsiAnswer {
    /// The SCSI status byte (SAM-6): 00h GOOD, 02h CHECK CONDITION.
    pub(crate) status: u8,
    /// What the host adapter says; 0 is `DID_OK` (`<scsi/scsi_status.h>` of the kernel).
    pub(crate) host: u16,
    /// What the driver says; 8 (`DRIVER_SENSE`) where there is sense data.
    pub(crate) driver: u16,
    /// The sense data that came, and no more.
    pub(crate) sense: Vec<u8>,
    /// Bytes asked for that were not transferred, if the host adapter counts them.
    pub(crate) residual: i32,
    /// How long it took.
    pub(crate) took_ms: u64,
}

impl ScsiAnswer {
    pub(crate) const GOOD: u8 = 0x00;
    pub(crate) const CHECK_CONDITION: u8 = 0x02;
    /// `DID_NO_CONNECT` and `DID_BAD_TARGET`: nobody is there.
    const NOBODY: [u16; 2] = [0x01, 0x04];
    const DRIVER_SENSE: u16 = 0x08;

    /// The drive had the command, and its status byte is the drive's own. If not, what the drive did is unknown: neither refused nor
    /// done.
    pub(crate) fn is_delivered(&self) -> bool {
        self.host == 0 && self.driver & !Self::DRIVER_SENSE == 0
    }

    /// The host adapter found nobody at the other end.
    pub(crate) fn is_gone(&self) -> bool {
        Self::NOBODY.contains(&self.host)
    }

    /// How many of the `asked` bytes came.
    pub(crate) fn came(&self, asked: usize) -> usize {
        asked.saturating_sub(usize::try_from(self.residual).unwrap_or(0))
    }
}

/// The way to the drive failed: what the drive made of the command is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChannelError {
    /// The kernel has no such drive any more.
    Gone(Errno),
    /// The kernel did not send the command, or gave up on it.
    Kernel(Errno),
}

impl fmt::Display for ChannelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone(errno) => {
                write!(f, "The drive is gone ({errno}). Check its cables, or the adapter that it hangs on.")
            }
            Self::Kernel(errno) => write!(
                f,
                "The kernel did not carry the command to the drive ({errno}). Attach the drive to another port or adapter."
            ),
        }
    }
}

impl std::error::Error for ChannelError {}

impl From<Errno> for ChannelError {
    fn from(errno: Errno) -> Self {
        match errno {
            Errno::ENODEV | Errno::ENXIO | Errno::ESHUTDOWN => Self::Gone(errno),
            _ => Self::Kernel(errno),
        }
    }
}

/// `SG_IO` on an open disk or on its generic device.
#[derive(Debug)]
pub(crate) struct SgChannel<D> {
    device: D,
    rescan: Option<Rescan>,
}

/// What to write where in sysfs to have the kernel ask a drive for its size again.
///
/// A libata disk's size comes from an IDENTIFY DEVICE that is repeated only when the whole port is looked at again
/// (`/sys/class/scsi_host/hostN/scan`, `- - -`); other SCSI disks are asked by `rescan` beside the disk (`1`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rescan {
    /// The file.
    pub(crate) attribute: PathBuf,
    /// What to write there.
    pub(crate) text: &'static str,
}

impl<D: AsFd + Send> SgChannel<D> {
    /// `device` stays open for as long as the channel lives. Without `rescan` the kernel keeps the size that it knows.
    pub(crate) const fn new(device: D, rescan: Option<Rescan>) -> Self {
        Self { device, rescan }
    }
}

impl<D: AsFd + Send> ScsiChannel for SgChannel<D> {
    fn execute(&mut self, cdb: &[u8], data: Data<'_>, timeout_ms: u32) -> Result<ScsiAnswer, ChannelError> {
        let answer = sg::execute(&self.device, cdb, data, timeout_ms)?;
        Ok(ScsiAnswer {
            status: answer.status,
            host: answer.host_status,
            driver: answer.driver_status,
            sense: answer.sense,
            residual: answer.residual,
            took_ms: u64::try_from(answer.elapsed.as_millis()).unwrap_or(u64::MAX),
        })
    }

    fn rescan(&mut self) -> Result<(), ChannelError> {
        let Some(Rescan { attribute, text }) = &self.rescan else { return Ok(()) };
        fs::write(attribute, text).map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(0)).into())
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn a_status_counts_only_if_the_drive_gave_it() {
        assert!(ScsiAnswer::default().is_delivered());
        assert!(ScsiAnswer { status: 2, driver: 8, ..ScsiAnswer::default() }.is_delivered());
        // DID_TIME_OUT with status GOOD, and DRIVER_TIMEOUT of kernels before 5.14.
        assert!(!ScsiAnswer { host: 3, ..ScsiAnswer::default() }.is_delivered());
        assert!(!ScsiAnswer { driver: 6, ..ScsiAnswer::default() }.is_delivered());
        let nobody = ScsiAnswer { host: 1, ..ScsiAnswer::default() };
        assert!(!nobody.is_delivered() && nobody.is_gone());
    }

    #[test]
    fn a_residual_takes_away_and_never_adds() {
        let left = |residual| ScsiAnswer { residual, ..ScsiAnswer::default() };
        assert_eq!(
            [left(0).came(512), left(500).came(512), left(600).came(512), left(-8).came(512)],
            [512, 12, 0, 512]
        );
    }

    #[test]
    fn what_is_gone_is_told_from_what_failed() {
        assert_eq!(ChannelError::from(Errno::ENODEV), ChannelError::Gone(Errno::ENODEV));
        assert_eq!(ChannelError::from(Errno::EIO), ChannelError::Kernel(Errno::EIO));
    }

    #[test]
    fn what_is_no_scsi_device_takes_no_command() {
        let mut channel = SgChannel::new(File::open("/dev/null").unwrap(), None);
        let refused = channel.execute(&[0; 6], Data::None, 1000);
        assert_eq!(refused, Err(ChannelError::Kernel(Errno::ENOTTY)));
        assert_eq!(channel.rescan(), Ok(()));
        let rescan = Rescan { attribute: "/proc/self/no-such-file".into(), text: "1" };
        let mut channel = SgChannel::new(File::open("/dev/null").unwrap(), Some(rescan));
        assert_eq!(channel.rescan(), Err(ChannelError::Kernel(Errno::ENOENT)));
    }
}
