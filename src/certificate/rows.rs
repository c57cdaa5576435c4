//! The words of the printed certificate: what stands in which row. Made from the claims alone.

use purgeproof_core::capability::Found;
use purgeproof_core::consent::Given;
use purgeproof_core::evidence::{ClockSource, Expect, hex};
use purgeproof_core::pattern::Pattern;
use purgeproof_core::policy::Coverage;
use purgeproof_core::units::{Blocks, Bytes, Extent};
use purgeproof_core::verdict::{Exception, Outcome, Reason};

use crate::Certificate;
use crate::civil::{Civil, duration};
use crate::claims::{Device, End, Health, Statement, Step, Vitals, Way};
use crate::code::Coded;
use crate::hidden::HiddenArea;

mod machine;
mod overwrite;

pub(crate) use overwrite::pass_by_pass;

/// A heading and the rows under it: a label and its text.
#[derive(Clone)]
pub(crate) struct Section {
    pub(crate) heading: &'static str,
    pub(crate) rows: Vec<(&'static str, String)>,
}

impl Section {
    /// The rows, with a label that repeats itself named once.
    pub(crate) fn labelled(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let before = [""].into_iter().chain(self.rows.iter().map(|(label, _)| *label));
        let again = self.rows.iter().zip(before);
        again.map(|((label, text), before)| (if *label == before { "" } else { *label }, text.as_str()))
    }

    /// The same, with what is not given named in one row.
    pub(crate) fn brief(&self) -> Self {
        let (missing, mut rows): (Vec<_>, Vec<_>) = self.rows.iter().cloned().partition(|(_, text)| text == NOT_GIVEN);
        let missing: Vec<&str> = missing.iter().map(|(label, _)| *label).collect();
        if !missing.is_empty() {
            rows.push(("Not given", missing.join(", ")));
        }
        Self { heading: self.heading, rows }
    }
}

/// The title. What is not a good outcome is not called a certificate of sanitization.
pub(crate) const fn title(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Purged | Outcome::Cleared => "Certificate of sanitization",
        Outcome::NotErased => "Record of a failed sanitization",
        Outcome::Indeterminate => "Record of a sanitization that is not established",
    }
}

/// What the outcome means for whoever holds the drive.
pub(crate) fn meaning(statement: &Statement) -> &'static str {
    let by_drive = statement.method.way().is_some_and(|way| way.firmware().next().is_some());
    let has = |is_one: fn(&Reason) -> bool| statement.reasons.iter().any(|because| is_one(&because.0));
    match statement.outcome.0 {
        Outcome::Purged => {
            "The drive erased itself, reports that as complete, and what was looked for afterwards is gone."
        }
        Outcome::Cleared if by_drive => {
            "The drive erased what the host can address, reports that as complete, and what was looked for is gone."
        }
        Outcome::Cleared => {
            "Every block that the host can address was overwritten, and what was read back is what was written."
        }
        // To repeat it would be to take its word once more.
        Outcome::NotErased | Outcome::Indeterminate if has(|reason| matches!(reason, Reason::Survived { .. })) => {
            "It reported an erase that did not happen: never rely on that again. Destroy it, or overwrite it (Clear)."
        }
        Outcome::NotErased if has(is_own_failure) => {
            "This drive still holds old data, or must be taken to. Destroy it, or sanitize it by other means."
        }
        Outcome::NotErased => {
            "This drive still holds old data, or must be taken to. Destroy it, or repeat the sanitization."
        }
        Outcome::Indeterminate => {
            "Nobody knows whether this drive still holds old data: treat it as if it did. Destroy it, or repeat the sanitization."
        }
    }
}

/// The drive did not do what it was asked for, or that does not reach all of it: so it would be again.
const fn is_own_failure(reason: &Reason) -> bool {
    matches!(
        reason,
        Reason::Refused(..)
            | Reason::EraseFailed(..)
            | Reason::Ignored(_)
            | Reason::HiddenAreaKept(_)
            | Reason::Unchanged { .. }
    )
}

/// What the word is worth, for somebody who does not know the standard.
pub(crate) const fn worth(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Purged => {
            "Purge is the level of NIST SP 800-88 that withstands a laboratory. That the drive's firmware did what it reports was checked \
             where the host can read, and has to be trusted where it cannot."
        }
        Outcome::Cleared => {
            "Clear is the level of NIST SP 800-88 that withstands whoever reads the drive through its own interface. A laboratory may find \
             remnants in blocks that the host cannot address."
        }
        Outcome::NotErased | Outcome::Indeterminate => "Nothing: the drive must not leave its owner's control.",
    }
}

/// What was done to the drive, in plain words.
pub(crate) fn deed(statement: &Statement) -> String {
    let mut sentences: Vec<String> = Vec::new();
    for way in &statement.method.ways {
        sentences.extend(way.asked.iter().map(|step| {
            let took = duration(step.took_ms);
            let technique = step.technique.0;
            match step.end {
                // Its word alone: a drive that lies says the same.
                End::Completed => {
                    format!("The drive was asked for {technique} and reported that as complete after {took}.")
                }
                End::Refused => format!("The drive was asked for {technique} and refused."),
                End::Failed => format!("It tried {technique} and reported after {took} that it had failed."),
                End::Unanswered => format!("It was asked for {technique} and gave no answer that is recorded."),
                End::Open => format!("It accepted {technique}, and no report of an end is recorded."),
            }
        }));
    }
    let (method, verification) = (&statement.method, &statement.verification);
    let (all, written) = (statement.device.blocks(), &method.written.0);
    if !method.passes.is_empty() && !written.is_empty() {
        let is_whole = written.len() == method.passes.len() && written.iter().all(|blocks| Some(*blocks) == all);
        let extent = if is_whole { "every addressable block" } else { "the drive, but not all of it," };
        sentences.push(format!("The host overwrote {extent} ({}).", overwrite::in_words(method)));
    }
    match (verification.read, verification.coverage.0) {
        (Some(read), _) if Some(read) == all => sentences.push("Then every block was read back.".into()),
        (Some(_), coverage @ (Coverage::Sample | Coverage::Tenth)) => {
            sentences.push(format!("Then {} was read back.", coverage.in_words()));
        }
        (Some(_), Coverage::Full) => sentences.push("Then as much as could be was read back.".into()),
        (None, _) => sentences.push("Nothing was read back to the end.".into()),
    }
    sentences.extend(statement.reformat.iter().map(|reformat| sentence(&format!("afterwards: {}", reformat.0))));
    sentences.join(" ")
}

/// The heading over the exceptions.
pub(crate) const fn uncovered(outcome: Outcome) -> &'static str {
    if outcome.is_good() { "What this certificate does not cover" } else { "What this record does not cover" }
}

/// An exception in a few words, for a page that has no room for all of it.
pub(crate) const fn exception(exception: &Exception) -> &'static str {
    match exception {
        Exception::SpareBlocksNotAddressed => "spare, retired and remapped blocks were not overwritten",
        Exception::HiddenAreasNotProbed => "hidden areas were not looked for",
        Exception::FirmwareErasureNotProbed => "whether there is a stronger technique is not known",
        Exception::StrongerTechniqueFailed => "a stronger technique was tried first and failed",
        Exception::FirmwareTrusted => "the drive's firmware has to be trusted where the host cannot read",
        Exception::CryptoEraseConditions => "the level rests on the destruction of a key",
        Exception::HiddenAreaKept => "areas that the host cannot erase or open",
        Exception::HiddenAreaUnknown => "whether it hides areas is not known",
        Exception::OtherNamespaces => "one namespace of others, about which this says nothing",
        Exception::ImplausiblyFast => "much faster than its own estimate",
        Exception::NotUniform => "what it holds now is not one byte repeated",
        Exception::BehindBridge => "serial number and size may be a bridge's",
        Exception::WeakIdentity => "it has neither serial number nor WWN",
        Exception::Sampled => "only a sample was read back",
        Exception::DrivesMayBeHidden => "the machine may hold other drives, behind a controller that hides them",
        Exception::ClockImplausible => "the machine's clock is wrong",
        Exception::RecoveredFromJournal => "made in a later run, from the journal",
        Exception::ResumedOverwrite => "interrupted and resumed; what was written before was looked at in samples",
        Exception::FileNotDevice => "a file, not a drive",
    }
}

/// A clause as a sentence: a capital at the beginning, a full stop at the end.
pub(crate) fn sentence(clause: &str) -> String {
    let mut rest = clause.chars();
    let first: String = rest.next().into_iter().flat_map(char::to_uppercase).collect();
    let stop = if clause.ends_with(['.', '…']) { "" } else { "." };
    format!("{first}{}{stop}", rest.as_str())
}

/// The line under the title: what the record claims to be, and what nobody has assessed.
pub(crate) fn basis(statement: &Statement) -> String {
    let policy = match &statement.method.rule {
        Some(rule) => format!("the policy's rule \"{rule}\""),
        None => "the program's defaults".to_owned(),
    };
    format!(
        "Record content per NIST SP 800-88r2 §4.6; technique selection per {policy}; conformance to IEEE 2883-2022 not \
         independently assessed."
    )
}

/// The sections of the left column.
pub(crate) fn left(statement: &Statement) -> Vec<Section> {
    vec![
        Section { heading: "Drive", rows: drive(&statement.device) },
        Section { heading: "Method", rows: method(statement) },
        Section { heading: "Verification", rows: verification(statement) },
    ]
}

/// The sections of the right column.
pub(crate) fn right(certificate: &Certificate) -> Vec<Section> {
    let statement = &certificate.claims().statement;
    let (time, host, job, tool) = (&statement.time, &statement.host, &statement.job, &statement.tool);
    let clock = match time.source.0 {
        ClockSource::RtcUnconfirmed => "the machine's battery clock, confirmed by nobody",
        ClockSource::Implausible => "CERTAINLY WRONG: earlier than the day the program was built",
    };
    let interruptions = time.interruptions.iter().flatten();
    let took = duration(time.duration_ms);
    let took = if time.interruptions.is_some() { format!("{took} of work") } else { format!("{took} later") };
    let start = [("Start", Civil::of(time.start_unix_s).to_string())];
    let end = [("End", format!("{}, {took}", Civil::of(time.end_unix_s))), ("Clock", clock.to_owned())];
    vec![
        Section {
            heading: "Time",
            rows: start
                .into_iter()
                .chain(interruptions.map(|it| ("Interrupted", it.to_string())))
                .chain(end)
                .chain(time.rests.map(|rests| ("Drive", rests.to_string())))
                .collect(),
        },
        Section { heading: "Machine (source of the drive)", rows: machine::machine(host) },
        Section {
            heading: "Program",
            rows: vec![
                ("PurgeProof", or_not(Some(&tool.version))),
                ("Image", or_not(tool.image.as_ref())),
                ("Kernel", or_not(Some(&tool.kernel))),
            ],
        },
        Section {
            heading: "People and job",
            rows: vec![
                ("Organisation", or_not(job.organisation.as_ref())),
                ("Operator", or_not(statement.operator.as_ref())),
                ("Site", or_not(job.site.as_ref())),
                ("Job", or_not(job.number.as_ref())),
                ("Destination", or_not(job.destination.as_ref())),
                ("Note", or_not(job.note.as_ref())),
                ("Consent", Given::from(&statement.consent).to_string()),
            ],
        },
    ]
}

/// The section of what a drive hides; it stands where there is room for it.
pub(crate) fn hidden(statement: &Statement) -> Section {
    Section { heading: "Hidden areas", rows: condition(statement) }
}

/// The numbers that tie the page to the file and the file to its log.
pub(crate) fn proof(certificate: &Certificate) -> Vec<(&'static str, String)> {
    let claims = certificate.claims();
    let link = &claims.statement.link;
    vec![
        ("Certificate", claims.id.to_string()),
        ("Issued", Civil::of(claims.issued_unix_s).to_string()),
        ("Log", format!("no. {} of {}", link.seq, hex(&link.log))),
        ("Previous", hex(&link.prev)),
        ("Evidence", hex(&claims.statement.evidence_sha256)),
        ("Key", certificate.fingerprint().to_string()),
    ]
}

fn drive(device: &Device) -> Vec<(&'static str, String)> {
    let serial = match (&device.serial, &device.serial_source) {
        (Some(serial), Some(source)) => vec![("Serial no.", serial.clone()), ("Read from", source.0.to_string())],
        (Some(serial), None) => vec![("Serial no.", serial.clone())],
        (None, _) => vec![("Serial no.", "THE DRIVE REPORTS NONE".to_owned())],
    };
    let mut rows = vec![("Maker", or_not(device.vendor.as_ref())), ("Model", or_not(Some(&device.model)))];
    rows.extend(serial);
    rows.extend([
        ("WWN", or_not(device.wwn.as_ref())),
        ("Firmware", or_not(device.firmware.as_ref())),
        ("Asset no.", or_not(device.asset.as_ref())),
        ("Capacity", format!("{} bytes ({})", grouped(device.bytes), Bytes(device.bytes))),
    ]);
    if let Some(opened) = device.opened_bytes {
        rows.push(("Once opened", format!("{} bytes ({})", grouped(opened), Bytes(opened))));
    }
    rows.extend([
        ("Block size", format!("{} B logical, {} B physical", device.logical_block, device.physical_block)),
        ("Attached by", format!("{}; medium: {}", device.transport.0, device.medium.0)),
    ]);
    rows
}

fn method(statement: &Statement) -> Vec<(&'static str, String)> {
    let method = &statement.method;
    let attained = match (statement.outcome.0.is_good(), method.way()) {
        (true, Some(way)) => way.level.0.to_string(),
        _ => "nothing that may be relied on".to_owned(),
    };
    let mut rows = vec![("Planned", method.level.0.to_string()), ("Attained", attained)];
    rows.extend(method.way().map(|way| ("Row", format!("{} of the decision table", way.row))));
    for same in method.setbacks.as_deref().unwrap_or_default().chunk_by(|one, next| one == next) {
        let times = if same.len() > 1 { format!(" ({} times)", same.len()) } else { String::new() };
        rows.extend(same.first().map(|because| ("Tried first", format!("{}{times}", because.0))));
    }
    for step in method.way().into_iter().flat_map(|way| &way.asked) {
        rows.push(("By the drive", asked(step)));
    }
    rows.extend(overwrite::in_short(statement));
    rows.extend(statement.reformat.iter().map(|reformat| ("Afterwards", reformat.0.to_string())));
    rows
}

/// A row of the decision table in words.
pub(crate) fn row(way: &Way) -> String {
    let steps: Vec<String> = way.steps.iter().map(|step| step.0.to_string()).collect();
    format!("{}: {} by {}", way.row, way.level.0, steps.join(", then "))
}

/// What came of an erase that the drive was asked for.
pub(crate) fn asked(step: &Step) -> String {
    let end = match step.end {
        End::Completed => "complete",
        End::Refused => "refused",
        End::Failed => "failed",
        End::Unanswered => "no answer",
        End::Open => "accepted, no end reported",
    };
    let estimate = match step.estimate_s {
        Some(estimate) => format!(" (estimate {})", duration(estimate.saturating_mul(1000))),
        None => String::new(),
    };
    let purged = if step.purged.is_some() { ", and it says that this purged its data" } else { "" };
    format!("{}: {end} after {}{estimate}{purged}", step.technique.0, duration(step.took_ms))
}

/// Areas for which the same holds, in one sentence.
fn together(group: &[HiddenArea]) -> String {
    let Some((last, others)) = group.split_last() else { return String::new() };
    others.iter().map(|hidden| format!("{}, ", hidden.0.area)).chain([last.0.to_string()]).collect()
}

/// Hidden areas and what stood in the way.
fn condition(statement: &Statement) -> Vec<(&'static str, String)> {
    let is_none = |hidden: &&HiddenArea| hidden.0.found == Found::Nothing;
    let none: Vec<String> = statement.hidden.iter().filter(is_none).map(|hidden| hidden.0.area.to_string()).collect();
    let alike = statement.hidden.chunk_by(|one, next| one.0.found == next.0.found);
    let found = alike.filter(|group| !group.iter().any(|hidden| is_none(&hidden)));
    let mut rows: Vec<_> = found.map(|group| ("Hidden", together(group))).collect();
    if statement.hidden.is_empty() {
        rows.push(("Hidden", "not looked for".to_owned()));
    } else if !none.is_empty() {
        rows.push(("None of", none.join(", ")));
    }
    rows.extend(statement.obstacles.iter().map(|obstacle| ("In the way", obstacle.0.to_string())));
    rows
}

/// The drive's health, piece by piece, before and after where both are known.
pub(crate) fn vitals(health: &Health) -> Vec<String> {
    let line = |name: &str, of: fn(&Vitals) -> Option<String>, unit: &str| {
        let of = |vitals: Option<&Vitals>| vitals.and_then(of);
        match (of(health.before.as_ref()), of(health.after.as_ref())) {
            (None, None) => None,
            (Some(before), None) => Some(format!("{name} {before}{unit} before")),
            (None, Some(after)) => Some(format!("{name} {after}{unit} after")),
            (Some(before), Some(after)) if before == after => Some(format!("{name} {before}{unit} before and after")),
            (Some(before), Some(after)) => Some(format!("{name} {before}{unit} before, {after}{unit} after")),
        }
    };
    [
        line("temperature", |it| it.temperature_c.map(|it| it.to_string()), " °C"),
        line("reallocated sectors", |it| it.reallocated.map(grouped), ""),
        line("pending sectors", |it| it.pending.map(grouped), ""),
        line("media errors", |it| it.media_errors.map(grouped), ""),
        line("life used", |it| it.used_percent.map(|it| it.to_string()), " %"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn verification(statement: &Statement) -> Vec<(&'static str, String)> {
    let verification = &statement.verification;
    let planned = verification.coverage.0;
    let is_drawn = planned != Coverage::Full;
    let mut rows = Vec::new();
    if let Some(markers) = &verification.markers {
        let left = match &markers.sought {
            Some(sought) => format!("{} left after the erase", grouped(sought.left)),
            None => "not looked for".to_owned(),
        };
        let landed = format!("{} of {} landed", grouped(markers.landed), grouped(markers.places));
        rows.push(("Markers", format!("{landed}; {left}")));
        if let Some(sought) = &markers.sought {
            let found = format!("{} of {} old blocks", grouped(sought.witnesses_left), grouped(markers.witnesses));
            rows.push(("Beside them", format!("{found} left")));
        }
    }
    rows.push(("Read back", planned.in_words().to_owned()));
    rows.push((
        "Read",
        match (verification.read, verification.wanted, verification.places) {
            (Some(read), Some(wanted), _) => format!("{} of {} blocks", grouped(read), grouped(wanted)),
            (_, _, Some(_)) => "began, but did not end".to_owned(),
            _ => "did not begin".to_owned(),
        },
    ));
    rows.extend(verification.places.filter(|_| is_drawn).map(|places| ("Places", grouped(places))));
    match verification.expect {
        Some(Coded(Expect::Pattern(pattern @ (Pattern::Two(_) | Pattern::Three(_) | Pattern::Four(_))))) => {
            rows.push(("Content", format!("the bytes {}h, repeated", hex(pattern.bytes()).to_uppercase())));
        }
        expect => {
            let byte = expect.and_then(|expect| expect.0.byte()).or(verification.constant);
            rows.extend(byte.map(|byte| ("Content", format!("the byte {byte:02X}h, repeated"))));
        }
    }
    rows.extend(verification.seed.iter().filter(|_| is_drawn).map(|seed| ("Seed", hex(&seed.0))));
    rows.extend(findings(statement));
    rows
}

/// What the read-back found, in numbers.
fn findings(statement: &Statement) -> Vec<(&'static str, String)> {
    let count = |wanted: fn(&Reason) -> u64| -> u64 {
        statement.reasons.iter().map(|because| wanted(&because.0)).fold(0, u64::saturating_add)
    };
    let mismatched = count(|reason| if let Reason::Mismatch(found) = reason { found.blocks.0 } else { 0 });
    let unreadable = count(|reason| if let Reason::Unreadable(regions) = reason { regions.blocks.0 } else { 0 });
    let unwritable = count(|reason| if let Reason::Unwritable(regions) = reason { regions.blocks.0 } else { 0 });
    let mut rows = Vec::new();
    if statement.verification.read.is_some() {
        let found = format!("{} blocks mismatched, {} unreadable", grouped(mismatched), grouped(unreadable));
        rows.push(("Found", found));
    }
    if unwritable > 0 {
        rows.push(("Unwritable", format!("{} blocks", grouped(unwritable))));
    }
    for because in &statement.reasons {
        match &because.0 {
            Reason::Unwritable(regions) | Reason::Unreadable(regions) => {
                rows.push(("Bad regions", places(&regions.extents, regions.blocks)));
            }
            Reason::Mismatch(found) => {
                rows.push(("Mismatch at", places(&found.extents().collect::<Vec<_>>(), found.blocks)));
            }
            _ => {}
        }
    }
    rows
}

/// The places that the certificate lists, and whether there are more.
fn places(extents: &[Extent], blocks: Blocks) -> String {
    let listed: Vec<String> = extents.iter().map(ToString::to_string).collect();
    let is_all = extents.iter().map(|extent| extent.count.0).fold(0, u64::saturating_add) >= blocks.0;
    let more = if is_all { "" } else { "; more in the evidence" };
    format!("{}{more}", listed.join(", ").replace(", LBA ", ", "))
}

/// What stands where nothing was given.
pub(crate) const NOT_GIVEN: &str = "not given";

/// What of these is given, in one text.
fn joined(texts: [&Option<String>; 2]) -> Option<String> {
    let given: Vec<&str> = texts.into_iter().flatten().map(String::as_str).collect();
    (!given.is_empty()).then(|| given.join(" "))
}

fn or_not(text: Option<&String>) -> String {
    text.filter(|text| !text.is_empty()).cloned().unwrap_or_else(|| NOT_GIVEN.to_owned())
}

/// Digits in groups of three: `268,435,456`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
