// The numbers that stand for words in a certificate (the table of docs/certificate.md). The first of each is number 1.

export const OUTCOMES = ["Purged", "Cleared", "NotErased", "Indeterminate"];
export const LEVELS = ["Clear", "Purge"];
export const TECHNIQUES = [
  "SanitizeCryptoErase", "SanitizeBlockErase", "SanitizeOverwrite", "SecurityEraseEnhanced", "Overwrite", "TcgRevert",
  "SecurityEraseNormal", "FormatCryptoErase", "FormatUserDataErase", "FormatUnit", "EraseAndSanitize", "SecureErase",
];
export const COVERAGES = ["full", "sample", "tenth"];
export const STREAMS = ["ChaCha20", "Aes256Ctr"];
export const MEDIA = ["magnetic", "flash", "unknown"];
export const TRANSPORTS = ["NVMe", "ATA", "SCSI", "USB", "MMC", "UFS", "virtio", "RAID volume", "file", "other"];
export const SERIAL_SOURCES = ["NvmeIdentify", "AtaIdentify", "ScsiVpd80", "MmcCid", "Virtio", "UsbDescriptor", "File"];
export const CLOCKS = ["rtc-unconfirmed", "implausible"];
export const EXCEPTIONS = [
  "SpareBlocksNotAddressed", "HiddenAreasNotProbed", "FirmwareErasureNotProbed", "BehindBridge", "WeakIdentity", "Sampled",
  "ClockImplausible", "RecoveredFromJournal", "FileNotDevice", "StrongerTechniqueFailed", "FirmwareTrusted", "CryptoEraseConditions",
  "HiddenAreaKept", "HiddenAreaUnknown", "ImplausiblyFast", "NotUniform", "OtherNamespaces", "ResumedOverwrite",
  "DrivesMayBeHidden",
];
export const AREAS = [
  "HostProtectedArea", "DeviceConfigurationOverlay", "AccessibleMaxAddress", "CapacityRestriction", "UnattachedNamespaces",
  "UnallocatedCapacity", "BootPartitions", "GeneralPurposePartitions", "ReplayProtectedMemory", "PersistentMemoryRegion",
  "OtherNamespaces",
];
export const OBSTACLES = ["Frozen", "Locked", "WriteProtected", "Sanitizing", "SanitizeFailed"];
export const SUPPORTS = ["present", "absent", "unknown", "blocked"];
export const ENDS = ["completed", "refused", "failed", "unanswered", "open"];

/** What the reasons are about: number of the array, then name and type of each thing after it. Names as in src/core/verdict/reason.rs. */
export const REASONS = {
  1: ["AllReadBack"],
  2: ["SampleReadBack", "places:u64", "bound:u64"],
  3: ["ErasedByDrive", "techniques:techniques"],
  4: ["MarkersGone", "places:u64", "bound:u64"],
  5: ["AllErased", "constant:u8?"],
  6: ["SampleErased", "places:u64", "constant:u8?"],
  10: ["NothingWritten"],
  12: ["OtherDrive"],
  13: ["Unwritable", "blocks:u64", "listed:regions"],
  14: ["Unreadable", "blocks:u64", "listed:regions"],
  15: ["Mismatch", "blocks:u64", "listed:addresses"],
  16: ["Abandoned", "lba:u64"],
  17: ["GoneWhileWriting"],
  18: ["GoneWhileReading"],
  19: ["NotFlushed"],
  20: ["Stopped"],
  21: ["Crashed"],
  22: ["Unfinished"],
  23: ["InTheWay", "obstacle:obstacle"],
  24: ["HiddenAreaKept", "hidden:hidden"],
  25: ["TooHot"],
  26: ["Refused", "technique:technique", "why:text"],
  27: ["EraseFailed", "technique:technique", "why:text"],
  28: ["Ignored", "technique:technique"],
  29: ["NoAnswer", "technique:technique", "why:text"],
  30: ["StatusUnreadable", "why:text"],
  31: ["Stalled", "seconds:u64"],
  32: ["GoneWhileErasing"],
  33: ["LeftInDisorder", "what:text"],
  34: ["Survived", "markers:u64", "witnesses:u64", "listed:addresses"],
  35: ["MarkersTooFew", "landed:u64", "places:u64"],
  36: ["ImplausiblyFast", "took:u64"],
  37: ["Unchanged", "places:u64", "listed:addresses"],
  38: ["FasterThanItsLink", "bytes:u64", "took:u64", "link:u64"],
};
