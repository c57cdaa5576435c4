//! Status codes of completions (Base 2.1, 4.2.3): status code type in bits 10:8, status code in bits 7:0, bit 14 says do not retry.

/// The status field of a completion, without the phase tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Status(pub(super) u16);

const DO_NOT_RETRY: u16 = 1 << 14;

impl Status {
    pub(super) const SUCCESS: Self = Self(0);
    pub(super) const INVALID_OPCODE: Self = Self(0x001 | DO_NOT_RETRY);
    pub(super) const INVALID_FIELD: Self = Self(0x002 | DO_NOT_RETRY);
    pub(super) const DATA_TRANSFER: Self = Self(0x004);
    pub(super) const INTERNAL: Self = Self(0x006 | DO_NOT_RETRY);
    pub(super) const INVALID_NAMESPACE: Self = Self(0x00b | DO_NOT_RETRY);
    pub(super) const SANITIZE_FAILED: Self = Self(0x01c | DO_NOT_RETRY);
    pub(super) const SANITIZE_IN_PROGRESS: Self = Self(0x01d);
    pub(super) const WRITE_PROTECTED: Self = Self(0x020 | DO_NOT_RETRY);
    pub(super) const LBA_OUT_OF_RANGE: Self = Self(0x080 | DO_NOT_RETRY);
    pub(super) const FORMAT_IN_PROGRESS: Self = Self(0x084);
    pub(super) const COMPLETION_QUEUE_INVALID: Self = Self(0x100 | DO_NOT_RETRY);
    pub(super) const INVALID_QUEUE_IDENTIFIER: Self = Self(0x101 | DO_NOT_RETRY);
    pub(super) const INVALID_QUEUE_SIZE: Self = Self(0x102 | DO_NOT_RETRY);
    pub(super) const EVENT_REQUEST_LIMIT: Self = Self(0x105 | DO_NOT_RETRY);
    pub(super) const INVALID_LOG_PAGE: Self = Self(0x109 | DO_NOT_RETRY);
    pub(super) const INVALID_FORMAT: Self = Self(0x10a | DO_NOT_RETRY);
    pub(super) const NEEDS_CONVENTIONAL_RESET: Self = Self(0x10b | DO_NOT_RETRY);
    pub(super) const INVALID_QUEUE_DELETION: Self = Self(0x10c | DO_NOT_RETRY);
    pub(super) const NEEDS_SUBSYSTEM_RESET: Self = Self(0x110 | DO_NOT_RETRY);
    pub(super) const NEEDS_CONTROLLER_RESET: Self = Self(0x111 | DO_NOT_RETRY);
    pub(super) const INSUFFICIENT_CAPACITY: Self = Self(0x115 | DO_NOT_RETRY);
    pub(super) const NAMESPACE_IDENTIFIER_UNAVAILABLE: Self = Self(0x116 | DO_NOT_RETRY);
    pub(super) const ALREADY_ATTACHED: Self = Self(0x118 | DO_NOT_RETRY);
    pub(super) const NOT_ATTACHED: Self = Self(0x11a | DO_NOT_RETRY);
    pub(super) const CONTROLLER_LIST_INVALID: Self = Self(0x11c | DO_NOT_RETRY);
    pub(super) const SANITIZE_PROHIBITED: Self = Self(0x123 | DO_NOT_RETRY);
    /// Not an error: the data come with it.
    pub(super) const MEDIA_VERIFICATION_READ: Self = Self(0x19c);
    pub(super) const WRITE_FAULT: Self = Self(0x280 | DO_NOT_RETRY);
    pub(super) const UNRECOVERED_READ: Self = Self(0x281 | DO_NOT_RETRY);
    pub(super) const ACCESS_DENIED: Self = Self(0x286 | DO_NOT_RETRY);
}
