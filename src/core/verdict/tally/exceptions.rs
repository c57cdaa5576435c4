//! What a verdict does not cover.

use alloc::vec::Vec;

use super::Tally;
use crate::capability::{Hidden, Support};
use crate::drive::{Medium, SerialSource, Transport};
use crate::evidence::{ClockSource, Evidence, Expect, Fact};
use crate::plan::Way;
use crate::policy::Coverage;
use crate::table;
use crate::technique::Technique;
use crate::verdict::{Exception, Outcome};

pub(super) fn exceptions(evidence: &Evidence, tally: &Tally<'_>, outcome: Outcome) -> Vec<Exception> {
    let (plan, drive) = (&evidence.plan, &evidence.plan.drive);
    let bridged = drive.serial.as_ref().is_some_and(|serial| serial.source == SerialSource::UsbDescriptor);
    let unknown = plan.considered.iter().any(|one| matches!(one.support, Support::Unknown(_)));
    let is_device = drive.transport != Transport::File;
    let firmware: Vec<Technique> = tally.way().into_iter().flat_map(Way::firmware).collect();
    let hidden = tally.hidden();
    let sampled = tally.proof.verified.as_ref().is_some_and(|verified| verified.coverage != Coverage::Full);
    let constant = tally.proof.verified.as_ref().is_some_and(|verified| verified.constant.is_some());
    let is_pattern =
        tally.proof.verified.as_ref().is_some_and(|verified| matches!(verified.expect, Expect::Pattern(_)));
    [
        (Exception::WeakIdentity, drive.is_weak()),
        (Exception::BehindBridge, bridged || drive.transport == Transport::Usb),
        (Exception::StrongerTechniqueFailed, !tally.setbacks.is_empty()),
        (Exception::FirmwareTrusted, !firmware.is_empty()),
        (Exception::CryptoEraseConditions, rests_on_a_key(&firmware, drive.medium)),
        (Exception::NotUniform, outcome.is_good() && !is_pattern && !constant),
        (Exception::ImplausiblyFast, tally.hasty),
        (Exception::SpareBlocksNotAddressed, firmware.is_empty() && is_device),
        (Exception::HiddenAreasNotProbed, is_device && hidden.is_empty()),
        (Exception::HiddenAreaKept, hidden.iter().any(|hidden| hidden.is_kept(&tally.proof.steps))),
        (
            Exception::HiddenAreaUnknown,
            hidden.iter().any(|hidden| hidden.is_in_doubt(drive.transport, &tally.proof.steps)),
        ),
        (Exception::OtherNamespaces, hidden.iter().any(Hidden::is_beside)),
        (Exception::FileNotDevice, !is_device),
        (Exception::FirmwareErasureNotProbed, unknown),
        (Exception::Sampled, sampled),
        (Exception::ResumedOverwrite, sampled && tally.proof.is_resumed),
        (Exception::RecoveredFromJournal, evidence.facts().iter().any(|entry| entry.fact == Fact::Recovered)),
        (Exception::DrivesMayBeHidden, !evidence.concealing().is_empty()),
        (Exception::ClockImplausible, evidence.runs().any(|run| run.clock.source == ClockSource::Implausible)),
    ]
    .into_iter()
    .filter_map(|(exception, applies)| applies.then_some(exception))
    .collect()
}

/// The level is attained by changing a key, and by nothing else.
fn rests_on_a_key(firmware: &[Technique], medium: Medium) -> bool {
    let level = table::level(firmware, medium);
    let mut attaining = firmware.iter().filter(|step| Some(step.level(medium)) == level).peekable();
    attaining.peek().is_some() && attaining.all(|step| step.is_cryptographic())
}
