//! Security Send and Security Receive, which carry TCG.

use purgeproof_spec::nvme::{AdminCommand, SecurityProtocol as Protocol};
use purgeproof_spec::tcg::LEVEL_0_COM_ID;

use super::channel::NvmeAdmin;
use super::noted::{Fault, Noted, QUERY_MS};
use crate::channel::ChannelError;
use crate::tcg::{Address, Message, SecurityProtocol, Trouble};

impl<C: NvmeAdmin> SecurityProtocol for Noted<'_, C> {
    fn send(&mut self, message: &Message<'_>) -> Result<(), Trouble> {
        let length = u32::try_from(message.bytes.len()).unwrap_or(u32::MAX);
        let command = AdminCommand::security_send(protocol(message.to), length);
        let timeout_ms = if message.is_destructive { REVERT_MS } else { QUERY_MS };
        match self.hand_over(&command, message, timeout_ms) {
            Ok(status) if status.is_success() => Ok(()),
            // The path's own codes are the host's words, not the drive's.
            Ok(status) if status.sct() == 3 => Err(Trouble::Lost(format!("the command got lost: {status}"))),
            Ok(status) => Err(Trouble::Refused(format!("the controller answered {status}"))),
            Err(ChannelError::Gone(_)) => Err(Trouble::Gone),
            Err(error) => Err(Trouble::Lost(error.to_string())),
        }
    }

    fn receive(&mut self, from: Address, into: &mut [u8]) -> Result<usize, Trouble> {
        let length = u32::try_from(into.len()).unwrap_or(u32::MAX);
        let command = AdminCommand::security_receive(protocol(from), length);
        let is_discovery = from.specific == LEVEL_0_COM_ID;
        let (name, timeout_ms) = if is_discovery {
            ("Security Receive, TCG Level 0 Discovery", QUERY_MS)
        } else {
            ("Security Receive, TCG answer", REVERT_MS)
        };
        match Noted::receive(self, name, &command, into, timeout_ms) {
            // What was not written is poison, which no header of a whole answer points into.
            Ok(()) => Ok(into.len()),
            Err(fault) if fault.is_gone() => Err(Trouble::Gone),
            Err(fault @ Fault::Refused(_)) if fault.is_unsupported() => Err(Trouble::Refused(fault.to_string())),
            // A sanitize under way, a controller that is not ready: that says nothing about what the drive has.
            Err(fault) => Err(Trouble::Lost(fault.to_string())),
        }
    }
}

const fn protocol(address: Address) -> Protocol {
    Protocol { protocol: address.protocol, specific: address.specific, nvme_specific: 0 }
}

/// A revert makes new keys, and some drives answer only then.
const REVERT_MS: u32 = 600_000;
