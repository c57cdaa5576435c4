//! The words of the pages for the auditor: everything that is signed about how the drive was erased, and the commands of the evidence.

use purgeproof_core::evidence::{Evidence, Fact, hex};
use purgeproof_core::firmware::{Exchange, Octets};
use purgeproof_core::link::LineRate;

use crate::civil::Civil;
use crate::claims::{Raw, Statement, Step, Supported, Way};
use crate::rows::{Section, asked, grouped, pass_by_pass, row, vitals};
use crate::text::cut;
use crate::{Certificate, Delegation};

/// How many commands are printed. The evidence file has all of them.
const PRINTED: usize = 120;
/// How many bytes of a command or an answer are printed.
const BYTES: usize = 64;

/// The sections. The evidence, if there is any, is the certificate's own.
pub(crate) fn sections(certificate: &Certificate, evidence: Option<&Evidence>) -> Vec<Section> {
    let statement = &certificate.claims().statement;
    let mut sections = Vec::new();
    let rows = pass_by_pass(statement);
    if !rows.is_empty() {
        sections.push(Section { heading: "Overwrite, pass by pass (signed)", rows });
    }
    sections.push(Section { heading: "Techniques considered (signed)", rows: considered(statement) });
    let heading = "Decision table and decisive commands (signed)";
    sections.push(Section { heading, rows: statement.method.ways.iter().flat_map(way).collect() });
    if statement.verification.markers.is_some() {
        sections.push(Section { heading: "Marker test (signed)", rows: markers(statement) });
    }
    let health = statement.health.as_ref().map(vitals).unwrap_or_default();
    if !health.is_empty() {
        let rows = health.into_iter().map(|line| ("", line)).collect();
        sections.push(Section { heading: "The drive's health by its own account (signed)", rows });
    }
    if let Some(delegation) = certificate.delegation() {
        let heading = "Delegation (signed by the key that it names, and not by the stick)";
        sections.push(Section { heading, rows: delegated(delegation) });
    }
    let rows = evidence.map(exchanges).unwrap_or_default();
    if rows.is_empty() {
        sections.push(Section { heading: "What is in the evidence file", rows: absent(statement, evidence.is_some()) });
    } else {
        sections.push(Section {
            heading: "Commands to the drive, in seconds from the start (from the evidence file, which the signature binds)",
            rows,
        });
    }
    sections
}

fn considered(statement: &Statement) -> Vec<(&'static str, String)> {
    let method = &statement.method;
    let rows = method.considered.iter().flat_map(|weighed| {
        weighed.techniques.iter().map(|technique| {
            let is_in = |way: &Way| way.steps.contains(technique);
            let verdict = match weighed.support {
                Supported::Present if method.way().is_some_and(is_in) => "available, chosen",
                Supported::Present if method.ways.iter().any(is_in) => "available, tried first",
                Supported::Present => "available, not needed",
                Supported::Absent => "the drive does not have it",
                Supported::Unknown | Supported::Blocked => weighed.why.as_deref().unwrap_or("not known"),
            };
            let availability = match weighed.support {
                Supported::Present => "Present",
                Supported::Absent => "Absent",
                Supported::Unknown => "Not known",
                Supported::Blocked => "Blocked",
            };
            let level = technique.0.level(statement.device.medium.0);
            (availability, format!("{} ({level}) – {verdict}", technique.0))
        })
    });
    let floor = ("Leave for", format!("{} at least", method.floor.0));
    let encrypts =
        statement.device.encrypts_all.map(|_| ("Encryption", "the drive says that it encrypts all user data".into()));
    let link = statement.device.link.map(|link| ("Link", format!("carries {} at most", LineRate(link))));
    rows.chain([floor]).chain(encrypts).chain(link).collect()
}

fn delegated(delegation: &Delegation) -> Vec<(&'static str, String)> {
    let grant = delegation.grant();
    let until = Civil::of(grant.expires_unix_s);
    vec![
        ("By", format!("{}, key {}", cut(&grant.organisation), delegation.organisation())),
        ("Stick", format!("{}, key {}", cut(&grant.stick), delegation.fingerprint())),
        ("Good", format!("from {} until {until}", Civil::of(grant.begins_unix_s))),
        ("Signed on", Civil::of(grant.issued_unix_s).to_string()),
        ("Number", hex(&grant.id)),
    ]
}

fn way(way: &Way) -> impl Iterator<Item = (&'static str, String)> + '_ {
    [("Row", row(way))].into_iter().chain(way.asked.iter().flat_map(step))
}

fn step(step: &Step) -> Vec<(&'static str, String)> {
    let raw = |label, raw: &Option<Raw>| raw.as_ref().map(|raw| (label, spaced(&raw.0)));
    let bytes = [
        raw("Command", &step.command),
        raw("Answer", &step.answer),
        raw("Last status", &step.status),
        raw("Status page", &step.page),
    ];
    [("Asked", asked(step))].into_iter().chain(bytes.into_iter().flatten()).collect()
}

fn markers(statement: &Statement) -> Vec<(&'static str, String)> {
    let Some(markers) = statement.verification.markers else { return Vec::new() };
    let before = format!(
        "{} places drawn, {} markers written and read back from the medium, {} places with old data beside them",
        grouped(markers.places),
        grouped(markers.landed),
        grouped(markers.witnesses)
    );
    let after = match markers.sought {
        Some(sought) => {
            let blank = sought.blank.map_or_else(String::new, |blank| {
                format!(
                    "; {} places cannot be read before they are written, because they are erased, says the drive",
                    grouped(blank)
                )
            });
            format!(
                "{} markers and {} blocks of old data left; {} places hold one byte repeated, {} anything else; {} blocks \
                 unreadable{blank}",
                grouped(sought.left),
                grouped(sought.witnesses_left),
                grouped(sought.constant),
                grouped(sought.other),
                grouped(sought.unreadable)
            )
        }
        None => "not looked for".to_owned(),
    };
    vec![("Before", before), ("After", after)]
}

/// What to say where no commands can be listed.
fn absent(statement: &Statement, is_given: bool) -> Vec<(&'static str, String)> {
    let what = if is_given {
        "No command but reads and writes was sent to the drive: the evidence lists none."
    } else {
        "Every command that was sent to the drive, with its bytes, its status, the data that came back and the time; every answer to the \
         request for its erase status; the key and the seed of the markers and passes; the map of bad blocks."
    };
    vec![("Content", what.to_owned()), ("SHA-256", hex(&statement.evidence_sha256))]
}

/// The commands in order. Of one that is repeated, as a request for status is, the first and the last.
fn exchanges(evidence: &Evidence) -> Vec<(&'static str, String)> {
    let all: Vec<(u64, &Exchange)> = evidence
        .elapsed()
        .filter_map(|(at_ms, entry)| match &entry.fact {
            Fact::Exchanged { exchange } => Some((at_ms, exchange)),
            _ => None,
        })
        .collect();
    let is_same = |one: &Exchange, next: &Exchange| one.command == next.command && one.sent == next.sent;
    let mut rows = Vec::new();
    for run in all.chunk_by(|one, next| is_same(one.1, next.1)) {
        // What was noted before it was sent is there again with its answer.
        let answered: Vec<_> = run.iter().filter(|(_, exchange)| exchange.answer.is_some()).collect();
        let shown = if answered.is_empty() { run.iter().collect() } else { answered };
        let between = shown.len().saturating_sub(2);
        rows.extend(shown.first().into_iter().flat_map(|(at_ms, exchange)| printed(*at_ms, exchange)));
        if between > 0 {
            rows.push(("", format!("… {between} more of the same, in the evidence file …")));
        }
        let last = shown.last().filter(|_| shown.len() > 1);
        rows.extend(last.into_iter().flat_map(|(at_ms, exchange)| printed(*at_ms, exchange)));
        if rows.iter().filter(|(label, _)| *label == "Command at").count() >= PRINTED {
            rows.push(("", "… and more, in the evidence file.".into()));
            break;
        }
    }
    rows
}

fn printed(at_ms: u64, exchange: &Exchange) -> Vec<(&'static str, String)> {
    let at = format!("{}.{:03} s: {}", at_ms / 1000, at_ms % 1000, exchange.command);
    let mut rows = vec![("Command at", at), ("sent", shortened(&exchange.sent))];
    rows.extend(exchange.data_out.as_ref().map(|data| ("data out", shortened(data))));
    match &exchange.answer {
        None => rows.push(("answer", "none is recorded".into())),
        Some(answer) => {
            rows.push(("answer", format!("{} (after {} ms)", answer.status, answer.took_ms)));
            rows.push(("raw", shortened(&answer.raw)));
            rows.extend(answer.data_in.as_ref().map(|data| ("data in", shortened(data))));
        }
    }
    rows
}

fn shortened(octets: &Octets) -> String {
    let shown = octets.0.get(..BYTES).unwrap_or(&octets.0);
    let more = match octets.0.len() {
        length if length > BYTES => format!(" … {length} bytes, all in the evidence file"),
        _ => String::new(),
    };
    format!("{}{more}", spaced(shown))
}

/// Four bytes to a group: a double word of NVMe.
fn spaced(bytes: &[u8]) -> String {
    bytes.chunks(4).map(hex).collect::<Vec<_>>().join(" ")
}
