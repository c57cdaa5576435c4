//! The words of the printed certificate: what stands in which row. Made from the claims alone.

use purgeproof_core::consent::Given;
use purgeproof_core::evidence::{ClockSource, hex};
use purgeproof_core::policy::Coverage;
use purgeproof_core::units::{Blocks, Bytes, Extent};
use purgeproof_core::verdict::{Outcome, Reason};

use crate::Certificate;
use crate::civil::{Civil, duration};
use crate::claims::{Device, Statement, Supported};

/// A heading and the rows under it: a label and its text.
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
pub(crate) const fn meaning(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Purged => {
            "The drive's own erase command ended, by the drive's own report, and what was read back agrees."
        }
        Outcome::Cleared => {
            "Every block that the host can address was overwritten, and what was read back is what was written."
        }
        Outcome::NotErased => {
            "This drive still holds old data, or must be taken to. Destroy it, or repeat the sanitization."
        }
        Outcome::Indeterminate => {
            "Nobody knows whether this drive still holds old data: treat it as if it did. Destroy it, or repeat the sanitization."
        }
    }
}

/// The heading over the exceptions.
pub(crate) const fn uncovered(outcome: Outcome) -> &'static str {
    if outcome.is_good() { "What this certificate does not cover" } else { "What this record does not cover" }
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
        Section { heading: "Verification (read-back)", rows: verification(statement) },
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
    vec![
        Section {
            heading: "Time",
            rows: vec![
                ("Start", Civil::of(time.start_unix_s).to_string()),
                ("End", Civil::of(time.end_unix_s).to_string()),
                ("Duration", duration(time.duration_ms)),
                ("Clock", clock.to_owned()),
            ],
        },
        Section {
            heading: "Machine (source of the drive)",
            rows: vec![
                ("Maker", or_not(host.vendor.as_ref())),
                ("Product", or_not(host.product.as_ref())),
                ("Serial no.", or_not(host.serial.as_ref())),
                ("UUID", or_not(host.uuid.as_ref())),
                ("Asset tag", or_not(host.asset.as_ref())),
            ],
        },
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
        ("Block size", format!("{} B logical, {} B physical", device.logical_block, device.physical_block)),
        ("Attached by", device.transport.0.to_string()),
        ("Medium", device.medium.0.to_string()),
    ]);
    rows
}

fn method(statement: &Statement) -> Vec<(&'static str, String)> {
    let method = &statement.method;
    let all = statement.device.blocks().map_or_else(|| "?".to_owned(), grouped);
    let mut rows = vec![("Aimed at", method.level.0.to_string()), ("Technique", method.technique.0.to_string())];
    for (index, pattern) in method.passes.iter().enumerate() {
        let written = match method.written.get(index) {
            Some(blocks) => format!("{} of {all} blocks written", grouped(*blocks)),
            None => "did not end".to_owned(),
        };
        rows.push(("Pass", format!("{} of {}, {}: {written}", index + 1, method.passes.len(), pattern.0)));
    }
    for weighed in &method.considered {
        let techniques: Vec<String> = weighed.techniques.iter().map(|technique| technique.0.to_string()).collect();
        let chosen = weighed.techniques.contains(&method.technique);
        let verdict = match (weighed.support, &weighed.why) {
            (Supported::Present, _) if chosen => "available, used",
            (Supported::Present, _) => "available, not needed",
            (Supported::Absent, _) => "the drive does not have it",
            (Supported::Unknown | Supported::Blocked, why) => why.as_deref().unwrap_or("not known"),
        };
        rows.push(("Considered", format!("{} – {verdict}", techniques.join(", "))));
    }
    rows
}

fn verification(statement: &Statement) -> Vec<(&'static str, String)> {
    let verification = &statement.verification;
    let planned = match verification.coverage.0 {
        Coverage::Full => "every block",
        Coverage::Sample => "a random sample",
    };
    let mut rows = vec![("Planned", planned.to_owned())];
    rows.push((
        "Read",
        match (verification.read, verification.wanted, verification.places) {
            (Some(read), Some(wanted), _) => format!("{} of {} blocks", grouped(read), grouped(wanted)),
            (_, _, Some(_)) => "began, but did not end".to_owned(),
            _ => "did not begin".to_owned(),
        },
    ));
    if let (Coverage::Sample, Some(places)) = (verification.coverage.0, verification.places) {
        rows.push(("Places", grouped(places)));
    }
    if let (Some(seed), Coverage::Sample) = (&verification.seed, verification.coverage.0) {
        rows.push(("Seed", hex(&seed.0)));
    }
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
        rows.push(("Mismatches", format!("{} blocks", grouped(mismatched))));
        rows.push(("Unreadable", format!("{} blocks", grouped(unreadable))));
    }
    if unwritable > 0 {
        rows.push(("Unwritable", format!("{} blocks", grouped(unwritable))));
    }
    for because in &statement.reasons {
        match &because.0 {
            Reason::SampleReadBack { bound_ppm, .. } => {
                let percent = format!("{}.{:04}", bound_ppm / 10_000, bound_ppm % 10_000);
                rows.push(("Bound", format!("at most {} % left (99 % confidence)", percent.trim_end_matches('0'))));
            }
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

fn or_not(text: Option<&String>) -> String {
    text.filter(|text| !text.is_empty()).cloned().unwrap_or_else(|| NOT_GIVEN.to_owned())
}

/// Digits in groups of three: `268,435,456`.
fn grouped(number: u64) -> String {
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
