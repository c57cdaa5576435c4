//! What `verify` says about the pages of a PDF.

use std::path::Path;

use purgeproof_certificate::{Certificate, Pages};
use purgeproof_core::evidence::Evidence;

use crate::verify::{Wrong, bytes_of};

/// Compares the pages of a file that is a PDF; `None` for any other.
pub(crate) fn compared(
    path: Option<&Path>,
    certificate: &Certificate,
    evidence: Option<&Evidence>,
) -> Option<Result<Pages, Wrong>> {
    let bytes = bytes_of(path?).ok()?;
    let pages = || certificate.compare_pages(&bytes, evidence);
    bytes.starts_with(b"%PDF-").then(|| pages().map_err(|error| Wrong { code: "pdf", why: error.to_string() }))
}

/// Why nobody may rely on the pages.
pub(crate) fn repainted(pages: &Pages) -> Option<Wrong> {
    let (code, why) = match pages {
        Pages::Same { .. } | Pages::Unknown { .. } => return None,
        Pages::Changed => (
            "pages-changed",
            "the visible text was changed, or made by a program that passes itself off as this version: only the attached certificate \
             counts. It is what stands here",
        ),
        Pages::Added => (
            "pages-added",
            "something was added to the PDF that can hide or replace the visible text: only the attached certificate counts. It is what \
             stands here",
        ),
    };
    Some(Wrong { code, why: why.to_owned() })
}

/// What the pages are worth, in words, where that is no flaw.
pub(crate) fn worth(pages: &Pages) -> Option<String> {
    match pages {
        Pages::Same { logo, signed } => {
            let logo = if *logo { "; the logo on them is not signed" } else { "" };
            let signed = if *signed { "; a signature for PDF readers was added, which is theirs to check" } else { "" };
            Some(format!("the pages are exactly what the certificate says{logo}{signed}"))
        }
        Pages::Unknown { producer } => Some(format!(
            "NOT CHECKED: the visible text. It was made by another version ({producer:?}), or with the evidence, which is not beside it, or \
             was changed: only the attached certificate counts, and that is what stands here"
        )),
        Pages::Added | Pages::Changed => None,
    }
}

/// The same for programs.
pub(crate) const fn word(pages: &Pages) -> &'static str {
    match pages {
        Pages::Same { .. } => "same",
        Pages::Added | Pages::Changed => "changed",
        Pages::Unknown { .. } => "unknown",
    }
}
