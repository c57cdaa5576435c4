//! One trusted peripheral: TCG Storage Core 2.01 and Opal 2.02 behind the security protocol commands of NVMe, ATA and SCSI.
