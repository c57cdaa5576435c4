//! What a status says about a command that erases, and how to say it to a person.

use purgeproof_spec::nvme::{Status, StatusCode};

/// What became of a command that erases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Carried out; for a sanitize, begun.
    Done,
    /// The controller looked at it and said no.
    Refused,
    /// It was tried, and it failed.
    Failed,
    /// The status leaves open what was done.
    Open,
}

/// Sorted by what the code says, not by its type: only a code that speaks of the command itself is a refusal.
pub(super) const fn meaning(status: Status) -> Meaning {
    match status.code() {
        StatusCode::Success => Meaning::Done,
        StatusCode::InvalidOpcode
        | StatusCode::InvalidField
        | StatusCode::InvalidNamespace
        | StatusCode::CommandSequence
        | StatusCode::OperationDenied
        | StatusCode::SanitizeFailed
        | StatusCode::SanitizeInProgress
        | StatusCode::NamespaceWriteProtected
        | StatusCode::ProhibitedByLockdown
        | StatusCode::NamespaceNotReady
        | StatusCode::ReservationConflict
        | StatusCode::FormatInProgress
        | StatusCode::InvalidFormat
        | StatusCode::FirmwareNeedsConventionalReset
        | StatusCode::FirmwareNeedsSubsystemReset
        | StatusCode::FirmwareNeedsControllerReset
        | StatusCode::SelfTestInProgress
        | StatusCode::SanitizeProhibited
        | StatusCode::AccessDenied => Meaning::Refused,
        StatusCode::Internal | StatusCode::WriteFault | StatusCode::UnrecoveredRead => Meaning::Failed,
        _ => Meaning::Open,
    }
}

/// The controller's answer in its own words, with what to do about it where something can be done.
pub(super) fn refusal(status: Status) -> String {
    let advice = match status.code() {
        StatusCode::FirmwareNeedsConventionalReset
        | StatusCode::FirmwareNeedsSubsystemReset
        | StatusCode::FirmwareNeedsControllerReset => {
            ". A firmware update waits for a reset: switch the machine off and on again"
        }
        StatusCode::SanitizeInProgress => ". Wait until the sanitize that is under way has ended",
        StatusCode::SanitizeProhibited => ". Disable the persistent memory region, or use another machine",
        StatusCode::ProhibitedByLockdown => {
            ". A management controller has forbidden it: lift that in the machine's setup"
        }
        StatusCode::AccessDenied => ". The drive is locked: revert it with the PSID from its label first",
        StatusCode::ReservationConflict => ". Another host has reserved the namespace: let it release that",
        StatusCode::SelfTestInProgress => ". Wait until the drive's self-test has ended",
        _ => "",
    };
    format!("the controller answered {status}{advice}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(returned: i32) -> Meaning {
        meaning(Status::from_ioctl(returned).unwrap())
    }

    #[test]
    fn only_a_word_about_the_command_is_a_refusal() {
        assert_eq!(of(0x0000), Meaning::Done);
        // Invalid Field with DNR, Sanitize In Progress, firmware activation, PMR.
        assert_eq!([0x4002, 0x001D, 0x0111, 0x0123].map(of), [Meaning::Refused; 4]);
        // Internal Error, Write Fault.
        assert_eq!([0x0006, 0x0280].map(of), [Meaning::Failed; 2]);
        // Abort Requested, the host's own codes, a vendor's, one without a name.
        assert_eq!([0x0007, 0x0370, 0x0371, 0x0701, 0x003C].map(of), [Meaning::Open; 5]);
    }

    #[test]
    fn a_refusal_names_the_code_and_says_what_to_do() {
        let status = Status::from_ioctl(0x4110).unwrap();
        assert_eq!(
            refusal(status),
            "the controller answered Firmware Activation Requires NVM Subsystem Reset (SCT 1h, SC 10h, do not retry). A firmware \
             update waits for a reset: switch the machine off and on again"
        );
    }
}
