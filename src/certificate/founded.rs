//! Whether the outcome of a certificate follows from its other fields: the rules of the verdict, read backwards by somebody who has no
//! evidence.

use purgeproof_core::capability::Hidden;
use purgeproof_core::drive::{SerialSource, Transport};
use purgeproof_core::evidence::{ClockSource, Expect};
use purgeproof_core::pattern::Pattern;
use purgeproof_core::policy::Coverage;
use purgeproof_core::scheme::{self, Scheme};
use purgeproof_core::stream::Stream;
use purgeproof_core::technique::{Level, Technique};
use purgeproof_core::units::Blocks;
use purgeproof_core::verdict::{Exception, Outcome, Reason};
use purgeproof_core::{sample, table};

use crate::claims::{End, Front, Statement, Supported, Way};
use crate::code::Coded;
use crate::interruption::Interruption;
use crate::verify::Flaw;

/// What is wrong with the outcome, if anything is.
pub(crate) fn outcome_flaw(statement: &Statement) -> Option<Flaw> {
    let reasons = || statement.reasons.iter().map(|because| &because.0);
    if statement.outcome.0.is_good() {
        return well_founded(statement).is_none().then_some(Flaw::Unfounded);
    }
    let is_good = |reason: &Reason| {
        matches!(
            reason,
            Reason::AllReadBack
                | Reason::SampleReadBack { .. }
                | Reason::ErasedByDrive(_)
                | Reason::MarkersGone { .. }
                | Reason::AllErased(_)
                | Reason::SampleErased { .. }
        )
    };
    if statement.reasons.is_empty() || reasons().any(is_good) {
        return Some(Flaw::Unreasoned);
    }
    let is_bad = |reason: &Reason| {
        matches!(
            reason,
            Reason::NothingWritten
                | Reason::Unwritable(_)
                | Reason::Unreadable(_)
                | Reason::Mismatch(_)
                | Reason::Abandoned(_)
                | Reason::Survived { .. }
                | Reason::Unchanged { .. }
                | Reason::EraseFailed(..)
                | Reason::InTheWay(_)
                | Reason::HiddenAreaKept(_)
        )
    };
    (statement.outcome.0 == Outcome::Indeterminate && reasons().any(is_bad)).then_some(Flaw::TooMild)
}

/// A good word needs the whole of one way: every firmware step complete by the drive's word and nothing left of the markers, every pass
/// over every block, a read-back of all that it set out to read, these as its only reasons, and the level that follows from the steps.
fn well_founded(statement: &Statement) -> Option<()> {
    let method = &statement.method;
    let way = method.way()?;
    let firmware: Vec<Technique> = way.firmware().collect();
    let rest = if firmware.is_empty() {
        statement.reasons.as_slice()
    } else {
        let [by_drive, markers, rest @ ..] = statement.reasons.as_slice() else { return None };
        let is_done = way.completed().collect::<Vec<_>>().ends_with(&firmware)
            && way.asked.last().is_some_and(|step| step.end == End::Completed)
            && by_drive.0 == Reason::ErasedByDrive(firmware)
            && markers_hold(statement, way, &markers.0);
        is_done.then_some(rest)?
    };
    let [read_back] = rest else { return None };
    let all = statement.device.blocks()?;
    let is_written =
        method.written.0.len() == method.passes.len() && method.written.0.iter().all(|blocks| *blocks == all);
    let is_overwritten = method.passes.is_empty() != way.overwrites() && is_written;
    let word = match way.level.0 {
        Level::Purge => Outcome::Purged,
        Level::Clear => Outcome::Cleared,
    };
    let holds = statement.outcome.0 == word && is_overwritten && !keeps_an_area(statement, way);
    (holds && read_back_holds(statement, way, all, &read_back.0)).then_some(())
}

/// None was left of enough of them; or there were too few, and what the host overwrote and read back needs none.
fn markers_hold(statement: &Statement, way: &Way, reason: &Reason) -> bool {
    let Some(markers) = statement.verification.markers else { return false };
    let Some(sought) = markers.sought else { return false };
    let places = sought.looked_at();
    let counted = places.min(markers.landed);
    let is_enough = counted > 0 && counted.saturating_mul(2) >= markers.places;
    let expected = if is_enough {
        Reason::MarkersGone { places, bound_ppm: sample::bound_ppm(Blocks(places)) }
    } else {
        Reason::MarkersTooFew { landed: counted, places: markers.places }
    };
    let is_clean = sought.left == 0 && sought.witnesses_left == 0;
    let stands_alone = way.overwrites() && way.level.0 == Level::Clear;
    is_clean && (is_enough || stands_alone) && *reason == expected
}

/// The read-back that the reason speaks of is the one of the fields.
fn read_back_holds(statement: &Statement, way: &Way, all: u64, reason: &Reason) -> bool {
    let verification = &statement.verification;
    // A drive that was asked to write zeros was compared with zeros.
    let held = verification.expect.and_then(|expect| expect.0.byte()).or(verification.constant);
    let is_all = verification.read == Some(all);
    let is_sample = |places: u64| {
        let suffices = |read| sample::suffices(verification.coverage.0, places, Blocks(read), Blocks(all));
        verification.coverage.0 != Coverage::Full
            && verification.places == Some(places)
            && verification.read.is_some_and(suffices)
    };
    let is_told = match *reason {
        Reason::AllReadBack => way.overwrites() && is_all,
        Reason::SampleReadBack { places, bound_ppm } => {
            way.overwrites() && is_sample(places) && bound_ppm == sample::bound_ppm(Blocks(places))
        }
        Reason::AllErased(constant) => !way.overwrites() && is_all && constant == held,
        Reason::SampleErased { places, constant } => !way.overwrites() && is_sample(places) && constant == held,
        _ => false,
    };
    let last_pass = statement.method.passes.last().map(|pattern| Coded(Expect::Pattern(pattern.0)));
    let is_expected = if way.overwrites() { verification.expect == last_pass } else { verification.expect.is_some() };
    is_told && is_expected && verification.wanted.is_some() && verification.read == verification.wanted
}

/// An area with the owner's data is still closed, and nothing that was done reaches it.
fn keeps_an_area(statement: &Statement, way: &Way) -> bool {
    let (on, steps) = (statement.device.transport.0, way.firmware().collect::<Vec<_>>());
    statement.hidden.iter().any(|hidden| hidden.0.keeps_user_data(on, &steps))
}

/// The ways are rows of the decision table for this drive, each with the level that its steps attain, no better one after a worse one
/// and none below what there was leave for; and the drive was asked for nothing else.
pub(crate) fn method_holds(statement: &Statement) -> bool {
    let (method, device) = (&statement.method, &statement.device);
    let is_row = |way: &Way| {
        let steps: Vec<Technique> = way.steps.iter().map(|step| step.0).collect();
        table::allows(&way.row, &steps, device.transport.0, device.medium.0)
            && table::level(&steps, device.medium.0) == Some(way.level.0)
            && way.level.0 >= method.floor.0
            && way.asked.iter().all(|step| way.firmware().any(|own| own == step.technique.0))
    };
    let attains = |way: &Way| {
        let mut steps = way.steps.iter().map(|step| step.0);
        steps.find(|step| step.level(device.medium.0) == way.level.0) == Some(method.technique.0)
    };
    method.ways.first().is_some_and(|way| way.level == method.level)
        && method.ways.iter().all(is_row)
        && method.ways.is_sorted_by(|one, next| one.level.0 >= next.level.0)
        && method.way().is_some_and(attains)
        && method.setbacks.as_ref().is_none_or(|setbacks| !setbacks.is_empty() && method.ways.len() > 1)
        && (!statement.outcome.0.is_good() || method.setbacks.is_some() == (method.ways.len() > 1))
}

/// The passes are those of the scheme that is named, if it is one of the table, and what it wants read back was to be. There is no
/// scheme without passes, and no keystream without a random one.
pub(crate) fn scheme_holds(statement: &Statement) -> bool {
    let method = &statement.method;
    if method.other_stream.is_some_and(|stream| method.stream() != Some(stream.0) || stream.0 == Stream::default()) {
        return false;
    }
    // What stands before the planned passes is random, and they are fixed: else there was no reason for it.
    let random = |pattern: &Coded<Pattern>| pattern.0 == Pattern::Random;
    let is_random = method.passes.first().is_some_and(random) && !method.passes.iter().skip(1).any(random);
    let is_slower =
        |front: &Front| is_random && method.passes.len() > 1 && front.zeros_us.saturating_mul(2) < front.random_us;
    if !method.front.as_ref().is_none_or(is_slower) {
        return false;
    }
    let Some(name) = &method.scheme else { return true };
    let unplanned = usize::from(method.front.is_some());
    let passes: Vec<Pattern> = method.passes.iter().skip(unplanned).map(|pattern| pattern.0).collect();
    let is_its_own = |scheme: &Scheme| {
        let reads_enough = scheme.verify != Some(Coverage::Full) || statement.verification.coverage.0 == Coverage::Full;
        scheme.is_written_as(&passes) && reads_enough
    };
    !passes.is_empty() && scheme::named(name).is_none_or(is_its_own)
}

/// The exceptions whose ground is in the certificate itself are stated.
pub(crate) fn exceptions_hold(statement: &Statement) -> bool {
    let (device, method) = (&statement.device, &statement.method);
    let through_bridge = device.serial_source == Some(Coded(SerialSource::UsbDescriptor));
    let is_device = device.transport.0 != Transport::File;
    let hidden = |is: &dyn Fn(&Hidden) -> bool| statement.hidden.iter().any(|hidden| is(&hidden.0));
    let has_reason = |is: fn(&Reason) -> bool| statement.reasons.iter().any(|because| is(&because.0));
    let firmware: Vec<Technique> = method.way().into_iter().flat_map(Way::firmware).collect();
    [
        (Exception::WeakIdentity, device.serial.is_none() && device.wwn.is_none()),
        (Exception::BehindBridge, through_bridge || device.transport.0 == Transport::Usb),
        (Exception::StrongerTechniqueFailed, method.setbacks.is_some()),
        (Exception::FirmwareTrusted, !firmware.is_empty()),
        (Exception::SpareBlocksNotAddressed, firmware.is_empty() && is_device),
        (Exception::CryptoEraseConditions, rests_on_a_key(statement, &firmware)),
        (Exception::HiddenAreasNotProbed, is_device && statement.hidden.is_empty()),
        (Exception::HiddenAreaKept, hidden(&|area| area.is_kept(&firmware))),
        (Exception::HiddenAreaUnknown, hidden(&|area| area.is_in_doubt(device.transport.0, &firmware))),
        (Exception::OtherNamespaces, hidden(&Hidden::is_beside)),
        (Exception::FirmwareErasureNotProbed, method.considered.iter().any(|one| one.support == Supported::Unknown)),
        (Exception::ImplausiblyFast, method.ways.iter().any(is_hasty)),
        (
            Exception::NotUniform,
            has_reason(|reason| {
                matches!(reason, Reason::AllErased(None) | Reason::SampleErased { constant: None, .. })
            }) && statement.verification.expect == Some(Coded(Expect::Erased)),
        ),
        (
            Exception::Sampled,
            has_reason(|reason| matches!(reason, Reason::SampleReadBack { .. } | Reason::SampleErased { .. })),
        ),
        (
            Exception::ResumedOverwrite,
            has_reason(|reason| matches!(reason, Reason::SampleReadBack { .. }))
                && statement
                    .time
                    .interruptions
                    .iter()
                    .flatten()
                    .last()
                    .is_some_and(Interruption::rests_on_what_was_written),
        ),
        (Exception::FileNotDevice, !is_device),
        (Exception::DrivesMayBeHidden, statement.host.concealing.is_some()),
        (Exception::ClockImplausible, statement.time.source.0 == ClockSource::Implausible),
    ]
    .into_iter()
    .all(|(exception, applies)| !applies || statement.exceptions.contains(&Coded(exception)))
}

/// The level is attained by changing a key, and by nothing else.
fn rests_on_a_key(statement: &Statement, firmware: &[Technique]) -> bool {
    let medium = statement.device.medium.0;
    let level = table::level(firmware, medium);
    let mut attaining = firmware.iter().filter(|step| Some(step.level(medium)) == level).peekable();
    attaining.peek().is_some() && attaining.all(|step| step.is_cryptographic())
}

/// The drive took less than a tenth of the time that it says itself.
fn is_hasty(way: &Way) -> bool {
    way.asked.iter().any(|step| {
        step.end == End::Completed
            && step.estimate_s.is_some_and(|estimate| estimate >= 10 && step.took_ms < estimate.saturating_mul(100))
    })
}
