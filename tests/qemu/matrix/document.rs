//! `docs/fault-matrix.md`: each machine has a part of its own, between two comments that bear its name.

use std::fmt::Write;
use std::fs;
use std::sync::{Mutex, PoisonError};

use super::expected::{Medium, Word};
use super::outcome::Outcome;

const PAGE: &str = "docs/fault-matrix.md";
/// Tests run side by side, and each writes the whole page.
static WRITING: Mutex<()> = Mutex::new(());

/// The part of one machine. `scenario` is the file's text: faults are shown as they are written there.
pub(super) fn section(title: &str, scenario: &str, outcomes: &[Outcome<'_>]) -> String {
    let raw: toml::Table = toml::from_str(scenario).expect("it was parsed before");
    let drives = raw["drive"].as_array().expect("it was parsed before");
    let mut text = format!(
        "### {title}\n\n| Case | Family | Fault | Verdict | The certificate says | Media |\n|---|---|---|---|---|---|\n"
    );
    for (outcome, drive) in outcomes.iter().zip(drives) {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} |",
            outcome.case.spec.case,
            outcome.case.family(),
            faults(drive),
            outcome.verdict(),
            said(outcome),
            medium(outcome)
        );
    }
    text
}

fn faults(drive: &toml::Value) -> String {
    let faults = drive.get("faults").and_then(toml::Value::as_table);
    let each = faults.into_iter().flatten().map(|(name, value)| match value {
        toml::Value::Boolean(true) => format!("`{name}`"),
        value => format!("`{name} = {value}`"),
    });
    let all: Vec<String> = each.collect();
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}

/// The phrases that were looked for and found: sentences with times and counts in them are different in every run.
fn said(outcome: &Outcome<'_>) -> String {
    let expect = &outcome.case.expect;
    let phrases = |word: &Option<Word>| -> Vec<String> {
        let row = word.iter().filter_map(|word| word.row.as_ref()).map(|row| format!("row {row}"));
        let says = word.iter().flat_map(|word| &word.says).map(|phrase| format!("“{phrase}”"));
        row.chain(says).collect()
    };
    let both: Vec<String> = [&expect.before_the_cut, &expect.certificate]
        .into_iter()
        .map(|word| phrases(word).join("; "))
        .filter(|phrases| !phrases.is_empty())
        .collect();
    both.join(", then ")
}

fn medium(outcome: &Outcome<'_>) -> &'static str {
    match outcome.case.expect.media {
        Medium::Erased => "erased",
        Medium::Kept => "data kept",
        Medium::Untouched => "untouched",
        Medium::Any => "either",
    }
}

/// Compares a machine's part of the page with `section`, or writes it.
pub(super) fn check(name: &str, section: &str) {
    let _alone = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let page = fs::read_to_string(PAGE).unwrap_or_else(|error| panic!("{PAGE}: {error}"));
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- end of {name} -->"));
    let (before, rest) = page.split_once(&begin).unwrap_or_else(|| panic!("{PAGE} has no {begin}"));
    let (now, after) = rest.split_once(&end).unwrap_or_else(|| panic!("{PAGE} has no {end}"));
    if std::env::var_os("UPDATE_MATRIX").is_some() {
        fs::write(PAGE, format!("{before}{begin}{section}{end}{after}"))
            .unwrap_or_else(|error| panic!("{PAGE}: {error}"));
    } else {
        assert_eq!(
            now, section,
            "{PAGE} says something else. Run the test with UPDATE_MATRIX=1 to rewrite that part of it"
        );
    }
}
