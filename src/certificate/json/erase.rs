//! What the drive did to itself, for programs.

use purgeproof_core::evidence::hex;
use serde::Serialize;

use crate::claims::{self, End, Raw, Statement, Step};

#[derive(Serialize)]
pub(super) struct Way<'a> {
    row: &'a str,
    level: String,
    steps: Vec<String>,
    asked: Vec<Asked>,
}

/// Raw bytes in hexadecimal.
#[derive(Serialize)]
struct Asked {
    technique: String,
    end: &'static str,
    took_ms: u64,
    estimate_s: Option<u64>,
    command: Option<String>,
    answer: Option<String>,
    status: Option<String>,
    page: Option<String>,
    purged_by_its_word: bool,
}

#[derive(Serialize)]
pub(super) struct Markers {
    places: u64,
    landed: u64,
    witnesses: u64,
    sought: Option<Sought>,
}

#[derive(Serialize)]
struct Sought {
    left: u64,
    witnesses_left: u64,
    constant: u64,
    other: u64,
    unreadable_blocks: u64,
    blank: Option<u64>,
}

#[derive(Serialize)]
pub(super) struct Health {
    before: Option<Vitals>,
    after: Option<Vitals>,
}

#[derive(Serialize)]
struct Vitals {
    temperature_c: Option<i16>,
    reallocated: Option<u64>,
    pending: Option<u64>,
    media_errors: Option<u64>,
    used_percent: Option<u8>,
}

impl<'a> Way<'a> {
    pub(super) fn of(way: &'a claims::Way) -> Self {
        Self {
            row: &way.row,
            level: way.level.0.to_string(),
            steps: way.steps.iter().map(|step| step.0.to_string()).collect(),
            asked: way.asked.iter().map(Asked::of).collect(),
        }
    }
}

impl Asked {
    fn of(step: &Step) -> Self {
        let digits = |raw: &Option<Raw>| raw.as_ref().map(|raw| hex(&raw.0));
        Self {
            technique: step.technique.0.to_string(),
            end: match step.end {
                End::Completed => "completed",
                End::Refused => "refused",
                End::Failed => "failed",
                End::Unanswered => "unanswered",
                End::Open => "open",
            },
            took_ms: step.took_ms,
            estimate_s: step.estimate_s,
            command: digits(&step.command),
            answer: digits(&step.answer),
            status: digits(&step.status),
            page: digits(&step.page),
            purged_by_its_word: step.purged.is_some(),
        }
    }
}

impl Markers {
    pub(super) fn of(markers: &claims::Markers) -> Self {
        let sought = markers.sought.map(|sought| Sought {
            left: sought.left,
            witnesses_left: sought.witnesses_left,
            constant: sought.constant,
            other: sought.other,
            unreadable_blocks: sought.unreadable,
            blank: sought.blank,
        });
        Self { places: markers.places, landed: markers.landed, witnesses: markers.witnesses, sought }
    }
}

impl Health {
    pub(super) fn of(statement: &Statement) -> Self {
        let health = statement.health.unwrap_or_default();
        let vitals = |vitals: claims::Vitals| Vitals {
            temperature_c: vitals.temperature_c,
            reallocated: vitals.reallocated,
            pending: vitals.pending,
            media_errors: vitals.media_errors,
            used_percent: vitals.used_percent,
        };
        Self { before: health.before.map(vitals), after: health.after.map(vitals) }
    }
}
