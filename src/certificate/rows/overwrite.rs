//! The words about the passes of an overwrite.

use core::fmt;

use purgeproof_core::pattern::Pattern;
use purgeproof_core::scheme;

use super::grouped;
use crate::claims::{Front, Method, Statement};
use crate::code::Coded;

/// How many passes the first page lists one by one.
const LISTED: usize = 3;

/// What the passes were to write, and by which scheme.
pub(super) fn in_words(method: &Method) -> String {
    let count = method.passes.len();
    let patterns: Vec<Pattern> = method.passes.iter().map(|pattern| pattern.0).collect();
    let listed = if count > LISTED { "listed on page 2".to_owned() } else { scheme::list(&patterns) };
    match title(method) {
        Some(title) => format!("{title}, {count} {}: {listed}", if count == 1 { "pass" } else { "passes" }),
        None if count > LISTED => format!("{count} passes, {listed}"),
        None => listed,
    }
}

/// The rows of the first page.
pub(super) fn in_short(statement: &Statement) -> Vec<(&'static str, String)> {
    let method = &statement.method;
    if method.passes.len() > LISTED {
        let ended = format!("{} of {} ended", method.written.0.len(), method.passes.len());
        return vec![("Passes", format!("{}; {ended}", in_words(method)))];
    }
    title(method).map(|title| ("Scheme", title.to_owned())).into_iter().chain(passes(statement)).collect()
}

/// The rows for the auditor: the scheme and what it is worth, each pass, and how a random one can be computed again. Not the pass where
/// there is but one, which stands on the first page.
pub(crate) fn pass_by_pass(statement: &Statement) -> Vec<(&'static str, String)> {
    let method = &statement.method;
    let scheme = method.scheme.as_deref().map(|name| match scheme::named(name) {
        Some(scheme) => format!("{} ({name}): Clear; {}", scheme.title, scheme.worth),
        None => format!("{name}: Clear; the policy's own"),
    });
    let is_listed = scheme.is_some() || method.passes.len() > 1;
    let passes = if is_listed { passes(statement) } else { Vec::new() };
    let keystream = method.stream().map(|stream| {
        format!("{}; the key is in the evidence file, or the SHA-256 of one that is withheld", stream.recipe())
    });
    let (scheme, keystream) = (scheme.map(|text| ("Scheme", text)), keystream.map(|text| ("Keystream", text)));
    scheme.into_iter().chain(passes).chain(keystream).collect()
}

fn passes(statement: &Statement) -> Vec<(&'static str, String)> {
    let method = &statement.method;
    let all = statement.device.blocks().map_or_else(|| "?".to_owned(), grouped);
    let pass = |(index, pattern): (usize, &Coded<Pattern>)| {
        let written = match method.written.0.get(index) {
            Some(blocks) => format!("{} of {all} blocks written", grouped(*blocks)),
            None => "did not end".to_owned(),
        };
        let what = match (pattern.0, method.stream()) {
            (Pattern::Random, Some(stream)) => format!("random by {stream}"),
            (pattern, _) => pattern.to_string(),
        };
        ("Pass", format!("{} of {}, {what}: {written}", index + 1, method.passes.len()))
    };
    let front = method.front.map(|front| ("Before them", front.to_string()));
    method.passes.iter().enumerate().map(pass).chain(front).collect()
}

/// The scheme's name among people; of one that is not in the table, the policy's.
fn title(method: &Method) -> Option<&str> {
    method.scheme.as_deref().map(|name| scheme::named(name).map_or(name, |scheme| scheme.title))
}

impl fmt::Display for Front {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (zeros, random) = (grouped(self.zeros_us), grouped(self.random_us));
        write!(
            f,
            "pass 1, not planned: the drive took zeros in {zeros} µs, random data in {random} µs, as if it did not store zeros"
        )
    }
}
