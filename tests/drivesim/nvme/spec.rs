//! What only NVMe drives have: the table `[drive.nvme]` of a scenario.

use serde::Deserialize;

/// A sanitize action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// SANACT 010b.
    BlockErase,
    /// SANACT 011b.
    Overwrite,
    /// SANACT 100b.
    CryptoErase,
}

/// The reset that a new firmware waits for, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PendingReset {
    /// A Controller Level Reset.
    Controller,
    /// An NVM Subsystem Reset.
    Subsystem,
    /// A conventional reset of the PCI Express device, or a power cycle.
    Conventional,
}

/// One namespace that the drive comes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NamespaceSpec {
    /// Its size in MiB.
    pub size_mib: u64,
    /// It is allocated and attached to no controller.
    #[serde(default)]
    pub detached: bool,
    /// Its write protection state (feature 84h): 1, write protected.
    #[serde(default)]
    pub write_protected: bool,
}

/// What only NVMe drives have: the table `[drive.nvme]`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Spec {
    /// The sanitize actions; without any there is no Sanitize command.
    pub sanitize: Vec<Action>,
    /// Sanitize takes PREQ: SANICAP bit 5 (SPRRS).
    pub purge_required: bool,
    /// Sanitize takes EMVS: SANICAP bit 3 (VERS).
    pub media_verification: bool,
    /// Deallocates after a sanitize though it was told not to: SANICAP bit 29 (NDI).
    pub no_deallocate_inhibited: bool,
    /// Deallocated blocks (after a sanitize, by Dataset Management or Write Zeroes) are only unmapped: they read as zeros whatever the medium
    /// holds. Without it such blocks are zeros on the medium, and a sanitize deallocates nothing.
    pub deallocates: bool,
    /// The sanitize log tells how long an erase takes.
    pub estimates: bool,
    /// Has Format NVM.
    pub format: bool,
    /// Format NVM knows a cryptographic erase: FNA bit 2.
    pub format_crypto: bool,
    /// Format NVM formats all namespaces: FNA bit 0.
    pub format_all: bool,
    /// Format NVM with a secure erase erases all namespaces: FNA bit 1.
    pub erase_all: bool,
    /// Format NVM does not take all namespaces in one command: FNA bit 3.
    pub no_broadcast: bool,
    /// How long Format NVM takes, in seconds.
    pub format_s: f64,
    /// Has Namespace Management and Attachment.
    pub namespace_management: bool,
    /// The namespaces, from the beginning of the medium on; the rest is unallocated. Without any there is one that has everything.
    pub namespaces: Vec<NamespaceSpec>,
    /// A new firmware waits for a reset; until then there is no sanitize. The resets of the boot do not count: only one after the firmware log
    /// was read.
    pub pending_firmware: Option<PendingReset>,
    /// The Persistent Memory Region is enabled; until it is disabled there is no sanitize.
    pub pmr: bool,
    /// The size of the boot partitions in 128 KiB; 0 is none.
    pub boot_partition_units: u16,
    /// Replay Protected Memory Blocks: how many.
    pub rpmb_targets: u8,
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            sanitize: vec![Action::BlockErase, Action::Overwrite, Action::CryptoErase],
            purge_required: false,
            media_verification: false,
            no_deallocate_inhibited: false,
            deallocates: false,
            estimates: true,
            format: true,
            format_crypto: true,
            format_all: false,
            erase_all: false,
            no_broadcast: false,
            format_s: 0.0,
            namespace_management: false,
            namespaces: Vec::new(),
            pending_firmware: None,
            pmr: false,
            boot_partition_units: 0,
            rpmb_targets: 0,
        }
    }
}
