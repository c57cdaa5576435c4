//! The foot of the first page: the proof with the QR code, and the lines to sign on.

use super::{BODY, DIGITS, FOOT, HEADING, INNER, LABEL, LABELS, MARGIN, STRONG};
use crate::Certificate;
use crate::qr::Modules;
use crate::rows;
use crate::sheet::{Area, Ink, Sheet};

/// The light margin that a QR code needs around it (ISO/IEC 18004 §6.3.8).
const QUIET_MODULES: f32 = 4.0;
const SIGNATURES: f32 = 32.0;

/// Where what stands above the lines to sign on ends.
pub(super) const fn end(sheet: &Sheet<'_>) -> f32 {
    sheet.bottom() - FOOT - SIGNATURES
}

/// The side of a module of the QR code in millimetres: what phones and 150 dpi scans still tell apart.
pub(crate) const MODULE: f32 = 0.5;

/// Where the QR code is.
#[derive(Clone, Copy)]
pub(super) enum Code<'a> {
    Here(&'a Modules),
    /// On the second page, because the first has no room for both it and all that must be said.
    Next,
    /// Nowhere: there is none that is large enough.
    TooLong,
}

impl Code<'_> {
    /// How wide and high it is here.
    fn side(&self) -> f32 {
        match self {
            Self::Here(code) => side(code),
            Self::Next | Self::TooLong => 0.0,
        }
    }
}

/// How wide and high a code is with its margin.
pub(super) fn side(code: &Modules) -> f32 {
    // At most 177 modules: exact.
    #[expect(clippy::cast_precision_loss, reason = "see above")]
    let modules = code.side as f32 + 2.0 * QUIET_MODULES;
    modules * MODULE
}

/// Draws a code with its margin from this corner on.
pub(super) fn draw(sheet: &mut Sheet<'_>, code: &Modules, (x, y): (f32, f32)) {
    #[expect(clippy::cast_precision_loss, reason = "module counts, at most 177")]
    let at = |origin: f32, module: usize| origin + (QUIET_MODULES + module as f32) * MODULE;
    #[expect(clippy::cast_precision_loss, reason = "module counts, at most 177")]
    let runs = code
        .runs()
        .into_iter()
        .map(|(column, row, length)| Area(at(x, column), at(y, row), length as f32 * MODULE, MODULE));
    sheet.fill_all(&runs.collect::<Vec<_>>(), Ink::BLACK);
}

/// Numbers, whose word it is and how to check it, on the left, with `also`, a heading and its sentences, below if there is one; the QR code
/// on the right. Gives the height of it all.
pub(super) fn proof(
    sheet: &mut Sheet<'_>,
    top: f32,
    certificate: &Certificate,
    code: &Code<'_>,
    also: Option<(&str, &[String])>,
) -> f32 {
    let side = code.side();
    let width = INNER - side - 2.0;
    sheet.rule(MARGIN, top, INNER, 0.8, Ink::BLACK);
    let mut y = top + 1.2;
    sheet.text(MARGIN, y + 2.9, HEADING, "Proof");
    y += 4.4;
    for (label, text) in rows::proof(certificate) {
        sheet.paragraph((MARGIN, y), LABEL, LABELS, label);
        y += sheet.paragraph((MARGIN + LABEL, y), width - LABEL, DIGITS, &text) + 0.5;
    }
    y += 1.2;
    y += sheet.paragraph((MARGIN, y), width, STRONG, &certificate.trust(None).0.to_string()) + 1.2;
    y += sheet.paragraph((MARGIN, y), width, BODY, how(code)) + 1.2;
    if let Some((heading, texts)) = also {
        sheet.text(MARGIN, y + 2.9, HEADING, heading);
        y += 4.4;
        for text in texts {
            sheet.text(MARGIN, y + 2.5, BODY, "–");
            y += sheet.paragraph((MARGIN + 3.0, y), width - 3.0, BODY, text) + 0.3;
        }
    }
    if let Code::Here(modules) = code {
        draw(sheet, modules, (MARGIN + INNER - side, top + 1.0));
    }
    (y - top).max(side + 1.0)
}

const fn how(code: &Code<'_>) -> &'static str {
    match code {
        Code::Here(_) => {
            "To verify: purgeproof verify FILE, on any computer and offline. FILE is this PDF (the certificate is attached to it), the \
             .cose file, or the text of the QR code, which holds the whole certificate. The page is only a view of it."
        }
        Code::Next => {
            "To verify: purgeproof verify FILE, on any computer and offline. FILE is this PDF (the certificate is attached to it), the \
             .cose file, or the text of the QR code on page 2, which holds the whole certificate. The page is only a view of it."
        }
        Code::TooLong => {
            "To verify: purgeproof verify FILE, on any computer and offline. FILE is this PDF (the certificate is attached to it) or the \
             .cose file. The certificate is too long for a QR code. The page is only a view of it."
        }
    }
}

/// Lines to sign on. The decision to accept the sanitization is the customer's (SP 800-88r2 §4.5.2), so it is left to a pen.
pub(super) fn signatures(sheet: &mut Sheet<'_>) {
    let top = end(sheet);
    sheet.rule(MARGIN, top, INNER, 0.8, Ink::BLACK);
    let lines = [
        "Operator (performed the sanitization): name, title",
        "Validator (examined this record): name, title",
        "Accepted by the customer: name, title",
    ];
    let below = [8.2, 17.6, 27.0];
    for (who, y) in lines.into_iter().zip(below.map(|y| top + y)) {
        sheet.rule(MARGIN, y, INNER, 0.4, Ink::GREY);
        sheet.text(MARGIN, y + 2.8, LABELS, who);
        sheet.text(MARGIN + 96.0, y + 2.8, LABELS, "signature");
        sheet.text(MARGIN + 156.0, y + 2.8, LABELS, "date");
    }
    let y = top + 20.4;
    sheet.text(MARGIN + 54.0, y, STRONG, "Decision:");
    for (x, word) in [(68.0, "accept"), (81.0, "reject")] {
        sheet.frame(Area(MARGIN + x, y - 2.1, 2.4, 2.4), 0.8, Ink::BLACK);
        sheet.text(MARGIN + x + 3.2, y, BODY, word);
    }
}
