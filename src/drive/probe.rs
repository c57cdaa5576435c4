//! Which commands a disk takes, by what it hangs on: the families meet here, and nowhere else.

use std::fs::File;
use std::path::PathBuf;

use purgeproof_core::capability::{Capabilities, Support};
use purgeproof_core::drive::{Identity, Transport};
use purgeproof_core::firmware::Firmware;
use purgeproof_core::technique::Technique;

use crate::Psid;
use crate::sysfs::Chain;

/// Asks a disk what it can do, when its time comes; `None` if it is in use, or takes no questions.
pub(crate) fn later(
    chain: &Chain,
    identity: &Identity,
    node: PathBuf,
) -> impl FnOnce() -> Option<Capabilities> + Send + 'static {
    let _ = (chain, identity, node);
    || None
}

pub(crate) fn firmware(_: &Chain, _: &Identity, _: &File, _: Option<Psid>) -> Option<Box<dyn Firmware>> {
    None
}

/// What is said of a disk that could not be asked.
pub(crate) fn unasked(transport: Transport) -> Capabilities {
    let techniques: &[Technique] = match transport {
        Transport::Nvme | Transport::Scsi | Transport::Ata | Transport::Usb => {
            &[Technique::SanitizeCryptoErase, Technique::SanitizeBlockErase, Technique::SanitizeOverwrite]
        }
        Transport::Mmc => &[Technique::EraseAndSanitize, Technique::SecureErase],
        Transport::Ufs | Transport::Virtio | Transport::Raid | Transport::File | Transport::Other => &[],
    };
    let why = match transport {
        Transport::Usb => "what is behind USB takes no erase commands that could be relied on",
        _ => "the drive could not be asked",
    };
    let unknown = |technique: &Technique| (*technique, Support::Unknown(why.to_owned()));
    with_overwrite(Capabilities { techniques: techniques.iter().map(unknown).collect(), ..Capabilities::default() })
}

fn with_overwrite(mut capabilities: Capabilities) -> Capabilities {
    if !capabilities.techniques.iter().any(|(technique, _)| *technique == Technique::Overwrite) {
        capabilities.techniques.push((Technique::Overwrite, Support::Present));
    }
    capabilities
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drive_that_was_not_asked_can_be_overwritten_and_is_promised_nothing_else() {
        let techniques = unasked(Transport::Ata).techniques;
        assert_eq!(techniques.len(), 4);
        let present: Vec<_> =
            techniques.iter().filter(|(_, support)| *support == Support::Present).map(|(t, _)| *t).collect();
        assert_eq!(present, [Technique::Overwrite]);
        assert_eq!(unasked(Transport::Virtio).techniques, [(Technique::Overwrite, Support::Present)]);
    }
}
