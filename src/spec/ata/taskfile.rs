//! A command as the host writes it into the registers of the drive.

/// The greatest LBA of a 28-bit command: its upper four bits travel in DEVICE.
pub const MAX_LBA_28: u64 = 0x0FFF_FFFF;
/// The greatest LBA of a 48-bit command.
pub const MAX_LBA_48: u64 = 0xFFFF_FFFF_FFFF;

/// Bytes in a block of data that goes along with a command, whatever the logical sector of the drive is.
pub const BLOCK: usize = 512;

/// How the data of a command travel (ACS-4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// There are none.
    NonData,
    /// From the drive, through the data register.
    PioIn,
    /// To the drive, through the data register.
    PioOut,
    /// From the drive, by DMA.
    DmaIn,
    /// To the drive, by DMA.
    DmaOut,
}

/// The registers of a command (ACS-4). Made by the functions of this crate alone, which keep each field within its width:
/// eight bits of FEATURE and COUNT and 28 of LBA unless `extended`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Taskfile {
    /// How the data travel.
    pub protocol: Protocol,
    /// A 48-bit command: FEATURE and COUNT have 16 bits, LBA has 48.
    pub extended: bool,
    /// FEATURE
    pub feature: u16,
    /// COUNT: of blocks of 512 bytes if the command has data, whatever the command makes of it otherwise.
    pub count: u16,
    /// LBA. The bits 27:24 of a 28-bit command go into DEVICE when it is sent.
    pub lba: u64,
    /// DEVICE, bits 7:4
    pub device: u8,
    /// COMMAND
    pub command: u8,
}

impl Taskfile {
    /// DEVICE bit 6, LBA: the address commands require it, the others do not look.
    const LBA_MODE: u8 = 0x40;

    /// A 28-bit command without data.
    pub(crate) const fn short(command: u8) -> Self {
        let protocol = Protocol::NonData;
        Self { protocol, extended: false, feature: 0, count: 0, lba: 0, device: Self::LBA_MODE, command }
    }

    /// A 48-bit command without data.
    pub(crate) const fn extended(command: u8) -> Self {
        Self { extended: true, ..Self::short(command) }
    }

    pub(crate) const fn feature(self, feature: u8) -> Self {
        Self { feature: feature as u16, ..self }
    }

    pub(crate) const fn count(self, count: u16) -> Self {
        Self { count, ..self }
    }

    pub(crate) const fn lba(self, lba: u64) -> Self {
        Self { lba, ..self }
    }

    /// One block of data. ACS does not look at COUNT in the commands that have just one, but the SCSI layer takes the length of the
    /// transfer from it.
    pub(crate) const fn one_block(self, protocol: Protocol) -> Self {
        Self { protocol, count: 1, ..self }
    }

    /// How many bytes go along with the command.
    pub fn transfer_len(&self) -> usize {
        match self.protocol {
            Protocol::NonData => 0,
            _ => usize::from(self.count) * BLOCK,
        }
    }
}

/// `IDENTIFY DEVICE` (`ECh`, ACS-4): 512 bytes for [`crate::ata::Identify`].
pub const IDENTIFY_DEVICE: Taskfile = Taskfile::short(0xEC).one_block(Protocol::PioIn);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identify_device_brings_one_block() {
        assert_eq!(
            IDENTIFY_DEVICE,
            Taskfile {
                protocol: Protocol::PioIn,
                extended: false,
                feature: 0,
                count: 1,
                lba: 0,
                device: 0x40,
                command: 0xEC
            }
        );
        assert_eq!(IDENTIFY_DEVICE.transfer_len(), 512);
    }

    #[test]
    fn a_count_without_data_is_no_length() {
        assert_eq!(Taskfile::extended(0xB4).count(1).transfer_len(), 0);
    }
}
