//! How a command ended: the Status field of the completion queue entry.

use core::fmt;

/// The Status field of a completion, bits 14:0 as the kernel hands them on: `NVME_IOCTL_ADMIN_CMD` returns 0 for success and the
/// field, *positive*, for a command that the controller refused (Linux `drivers/nvme/host/ioctl.c`). Taken for an `ioctl` that did
/// not return -1, every refusal would read as success.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
#[must_use = "a refused command comes back as a status, not as an error"]
pub struct Status(u16);

impl Status {
    /// SCT 0h, SC 00h.
    pub const SUCCESS: Self = Self(0);

    /// From what the ioctl returned. `None` if it is negative (a system call that failed: the errno says why) or has more than the
    /// 15 bits there are.
    pub const fn from_ioctl(returned: i32) -> Option<Self> {
        match returned {
            // The range makes the cast exact.
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            0..=0x7FFF => Some(Self(returned as u16)),
            _ => None,
        }
    }

    /// The 15 bits as they came.
    pub const fn raw(self) -> u16 {
        self.0
    }

    /// SC, Status Code: bits 7:0.
    pub const fn sc(self) -> u8 {
        let [low, _] = self.0.to_le_bytes();
        low
    }

    /// SCT, Status Code Type: bits 10:8. All three: with two, a vendor's own (7h) would read as a path error (3h).
    pub const fn sct(self) -> u8 {
        let [_, high] = self.0.to_le_bytes();
        high & 0x7
    }

    /// CRD, Command Retry Delay: bits 12:11. 0 is none; 1 to 3 pick CRDT1 to CRDT3 of Identify Controller.
    pub const fn crd(self) -> u8 {
        let [_, high] = self.0.to_le_bytes();
        high >> 3 & 0x3
    }

    /// M, More: bit 13. The Error Information log page knows more.
    pub const fn more(self) -> bool {
        self.0 >> 13 & 1 == 1
    }

    /// DNR, Do Not Retry: bit 14. The same command would fail again.
    pub const fn do_not_retry(self) -> bool {
        self.0 >> 14 & 1 == 1
    }

    /// Whether the controller completed the command. For Sanitize this says that it has *begun*.
    pub const fn is_success(self) -> bool {
        matches!(self.code(), StatusCode::Success)
    }

    /// What SCT and SC mean together.
    pub const fn code(self) -> StatusCode {
        StatusCode::from_fields(self.sct(), self.sc())
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (SCT {:X}h, SC {:02X}h", self.code().name(), self.sct(), self.sc())?;
        if self.do_not_retry() {
            f.write_str(", do not retry")?;
        }
        f.write_str(")")
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Status({:04X}h: {self})", self.0)
    }
}

/// One line per code: variant, SCT, SC, the standard's name. Two tables would drift apart.
macro_rules! status_codes {
    ($($(#[$doc:meta])* $variant:ident = ($sct:literal, $sc:literal), $name:literal;)+) => {
        /// A pair of SCT and SC by its name in the standard: those that a drive can answer our commands with.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum StatusCode {
            $(#[doc = $name] #[doc = concat!("(SCT ", $sct, ", SC ", $sc, ").")] $(#[$doc])* $variant,)+
            /// A code without a name here, kept as it came.
            Other {
                /// Status Code Type.
                sct: u8,
                /// Status Code.
                sc: u8,
            },
        }

        impl StatusCode {
            const fn from_fields(sct: u8, sc: u8) -> Self {
                match (sct, sc) {
                    $(($sct, $sc) => Self::$variant,)+
                    _ => Self::Other { sct, sc },
                }
            }

            /// The standard's name.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                    Self::Other { sct: 0x7, .. } => "Vendor Specific",
                    Self::Other { .. } => "unnamed status",
                }
            }
        }
    };
}

status_codes! {
    // Generic Command Status
    Success = (0x0, 0x00), "Successful Completion";
    InvalidOpcode = (0x0, 0x01), "Invalid Command Opcode";
    InvalidField = (0x0, 0x02), "Invalid Field in Command";
    DataTransfer = (0x0, 0x04), "Data Transfer Error";
    AbortedByPowerLoss = (0x0, 0x05), "Commands Aborted due to Power Loss Notification";
    Internal = (0x0, 0x06), "Internal Error";
    AbortRequested = (0x0, 0x07), "Command Abort Requested";
    InvalidNamespace = (0x0, 0x0B), "Invalid Namespace or Format";
    CommandSequence = (0x0, 0x0C), "Command Sequence Error";
    OperationDenied = (0x0, 0x15), "Operation Denied";
    /// The last sanitize failed: until another one succeeds, the drive refuses nearly everything.
    SanitizeFailed = (0x0, 0x1C), "Sanitize Failed";
    SanitizeInProgress = (0x0, 0x1D), "Sanitize In Progress";
    NamespaceWriteProtected = (0x0, 0x20), "Namespace is Write Protected";
    CommandInterrupted = (0x0, 0x21), "Command Interrupted";
    TransientTransport = (0x0, 0x22), "Transient Transport Error";
    ProhibitedByLockdown = (0x0, 0x23), "Command Prohibited by Command and Feature Lockdown";
    LbaOutOfRange = (0x0, 0x80), "LBA Out of Range";
    CapacityExceeded = (0x0, 0x81), "Capacity Exceeded";
    NamespaceNotReady = (0x0, 0x82), "Namespace Not Ready";
    ReservationConflict = (0x0, 0x83), "Reservation Conflict";
    FormatInProgress = (0x0, 0x84), "Format In Progress";
    // Command Specific Status
    InvalidLogPage = (0x1, 0x09), "Invalid Log Page";
    InvalidFormat = (0x1, 0x0A), "Invalid Format";
    FirmwareNeedsConventionalReset = (0x1, 0x0B), "Firmware Activation Requires Conventional Reset";
    FirmwareNeedsSubsystemReset = (0x1, 0x10), "Firmware Activation Requires NVM Subsystem Reset";
    FirmwareNeedsControllerReset = (0x1, 0x11), "Firmware Activation Requires Controller Level Reset";
    NamespaceInsufficientCapacity = (0x1, 0x15), "Namespace Insufficient Capacity";
    NamespaceIdentifierUnavailable = (0x1, 0x16), "Namespace Identifier Unavailable";
    NamespaceAlreadyAttached = (0x1, 0x18), "Namespace Already Attached";
    NamespaceIsPrivate = (0x1, 0x19), "Namespace Is Private";
    NamespaceNotAttached = (0x1, 0x1A), "Namespace Not Attached";
    ThinProvisioningNotSupported = (0x1, 0x1B), "Thin Provisioning Not Supported";
    ControllerListInvalid = (0x1, 0x1C), "Controller List Invalid";
    SelfTestInProgress = (0x1, 0x1D), "Device Self-test In Progress";
    SanitizeProhibited = (0x1, 0x23), "Sanitize Prohibited While Persistent Memory Region is Enabled";
    /// No error: what a Read of the NVM Command Set answers in the media verification state, with the data.
    MediaVerificationRead = (0x1, 0x9C), "Successful Media Verification Read";
    // Media and Data Integrity Errors
    WriteFault = (0x2, 0x80), "Write Fault";
    UnrecoveredRead = (0x2, 0x81), "Unrecovered Read Error";
    AccessDenied = (0x2, 0x86), "Access Denied";
    // Path Related Status
    /// Of the host's own making: the controller has not answered.
    HostPathing = (0x3, 0x70), "Host Pathing Error";
    /// Of the host's own making: the kernel gave up on the command, and the controller may still be at it.
    AbortedByHost = (0x3, 0x71), "Command Aborted By Host";
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn a_refusal_is_a_positive_number_and_no_success() {
        // Sanitize In Progress as Linux returns it, then the same with DNR (4000h).
        let busy = Status::from_ioctl(0x001D).unwrap();
        assert!(!busy.is_success());
        assert_eq!(busy.code(), StatusCode::SanitizeInProgress);
        let refused = Status::from_ioctl(0x401C).unwrap();
        assert_eq!((refused.code(), refused.do_not_retry()), (StatusCode::SanitizeFailed, true));
        assert_eq!(refused.to_string(), "Sanitize Failed (SCT 0h, SC 1Ch, do not retry)");
        assert!(Status::from_ioctl(0).unwrap().is_success());
    }

    #[test]
    fn every_field_has_its_own_bits() {
        // 0111 1111 0010 0011b: DNR, M, CRD 3, SCT 7, SC 23h.
        let status = Status::from_ioctl(0x7F23).unwrap();
        assert_eq!((status.sct(), status.sc(), status.crd()), (7, 0x23, 3));
        assert!(status.more() && status.do_not_retry());
        assert_eq!(status.code(), StatusCode::Other { sct: 7, sc: 0x23 }, "vendor's own, not the PMR");
        assert_eq!(status.raw(), 0x7F23);
        // 0000 1001 0000 1010b: CRD 1, SCT 1, SC 0Ah.
        let status = Status::from_ioctl(0x090A).unwrap();
        assert_eq!((status.code(), status.crd()), (StatusCode::InvalidFormat, 1));
        assert!(!status.more() && !status.do_not_retry());
        // 0010 0000 0000 0000b: success, and the error log has more.
        assert!(Status::from_ioctl(0x2000).unwrap().is_success());
    }

    #[test]
    fn codes_in_which_a_number_means_two_things_are_told_apart() {
        let code = |returned| Status::from_ioctl(returned).unwrap().code();
        assert_eq!(code(0x0123), StatusCode::SanitizeProhibited);
        assert_eq!(code(0x0023), StatusCode::ProhibitedByLockdown);
        assert_eq!(code(0x010B), StatusCode::FirmwareNeedsConventionalReset);
        assert_eq!(code(0x000B), StatusCode::InvalidNamespace);
        assert_eq!(code(0x0110), StatusCode::FirmwareNeedsSubsystemReset);
        assert_eq!(code(0x0111), StatusCode::FirmwareNeedsControllerReset);
        assert_eq!(code(0x0020), StatusCode::NamespaceWriteProtected);
        assert_eq!(code(0x0084), StatusCode::FormatInProgress);
        assert_eq!(code(0x0281), StatusCode::UnrecoveredRead);
        assert_eq!(code(0x0371), StatusCode::AbortedByHost);
        assert_eq!(code(0x003C), StatusCode::Other { sct: 0, sc: 0x3C });
    }

    #[test]
    fn what_is_no_status_field_is_none() {
        assert_eq!(Status::from_ioctl(-1), None);
        assert_eq!(Status::from_ioctl(0x8000), None);
        assert_eq!(Status::from_ioctl(i32::MAX), None);
    }
}
