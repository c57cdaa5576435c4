//! The words of the surveys on the pages for the auditor.

use purgeproof_core::evidence::{Evidence, Fact};
use purgeproof_core::survey::{Content, Survey, When, words};

use crate::rows::{Section, grouped};

/// The surveys of the evidence, in order.
pub(crate) fn surveys(evidence: &Evidence) -> impl Iterator<Item = (When, &Survey)> {
    evidence.facts().iter().filter_map(|entry| match &entry.fact {
        Fact::Surveyed { when, survey } => Some((*when, survey)),
        _ => None,
    })
}

/// What a survey comes to.
pub(crate) fn section(when: When, survey: &Survey) -> Section {
    let heading = match when {
        When::Before => {
            "What the drive held before the first write (from the evidence file, which the signature binds)"
        }
        When::After => "What the drive held after the last step (from the evidence file, which the signature binds)",
    };
    let mut rows = vec![("Found", survey.to_string())];
    if survey.bytes.0 > 0 {
        rows.push(("Figures", words::figures(survey.bytes.0, survey.entropy_mbit, survey.chi_square_x100)));
    }
    rows.extend(words::repeated(&survey.repeated).map(|repeated| ("Repeated", repeated)));
    for found in &survey.signatures {
        rows.push(("Signatures", format!("{} at LBA {}", found.signature, grouped(found.first.0))));
    }
    if survey.unchanged > 0 {
        let first: Vec<String> = survey.first_unchanged.iter().map(|lba| grouped(lba.0)).collect();
        let pages = grouped(survey.unchanged);
        rows.push(("Unchanged", format!("{pages} pages hold what they held before, at LBA {}", first.join("; "))));
    }
    Section { heading, rows }
}

/// The legend: what a letter stands for, and how many pages hold that.
pub(crate) fn legend(survey: &Survey) -> impl Iterator<Item = (Content, String)> {
    Content::ALL.into_iter().map(|content| (content, format!("{}: {}", content.name(), survey.count(content))))
}
