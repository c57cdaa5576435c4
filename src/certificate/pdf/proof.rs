//! The foot of the first page: the proof with the QR code, and the lines to sign on.

use super::{BODY, DIGITS, FOOT, HEADING, INNER, LABEL, LABELS, MARGIN, STRONG};
use crate::Certificate;
use crate::qr::Modules;
use crate::rows;
use crate::sheet::{Area, Ink, Sheet};

/// The light margin that a QR code needs around it (ISO/IEC 18004 §6.3.8).
const QUIET_MODULES: f32 = 4.0;
const SIGNATURES: f32 = 31.0;
/// Where what stands above the lines to sign on ends.
pub(super) const END: f32 = FOOT - SIGNATURES;

/// The QR code and the side of one of its modules in millimetres.
pub(super) struct Code<'a> {
    pub(super) modules: Option<&'a Modules>,
    pub(super) module: f32,
}

impl Code<'_> {
    /// How wide and high it is with its margin.
    fn side(&self) -> f32 {
        // At most 177 modules: exact.
        #[expect(clippy::cast_precision_loss, reason = "see above")]
        let modules = self.modules.map_or(0.0, |code| code.side as f32 + 2.0 * QUIET_MODULES);
        modules * self.module
    }

    fn draw(&self, sheet: &mut Sheet<'_>, (x, y): (f32, f32)) {
        let Some(code) = self.modules else { return };
        #[expect(clippy::cast_precision_loss, reason = "module counts, at most 177")]
        let at = |origin: f32, module: usize| origin + (QUIET_MODULES + module as f32) * self.module;
        #[expect(clippy::cast_precision_loss, reason = "module counts, at most 177")]
        let runs = code
            .runs()
            .into_iter()
            .map(|(column, row, length)| Area(at(x, column), at(y, row), length as f32 * self.module, self.module));
        sheet.fill_all(&runs.collect::<Vec<_>>(), Ink::BLACK);
    }
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
    code.draw(sheet, (MARGIN + INNER - side, top + 1.0));
    (y - top).max(side + 1.0).max(51.0)
}

const fn how(code: &Code<'_>) -> &'static str {
    match code.modules {
        Some(_) => {
            "To verify: purgeproof verify FILE, on any computer and offline. FILE is this PDF (the certificate is attached to it), the \
             .cose file, or the text of the QR code, which holds the whole certificate. The page is only a view of it."
        }
        None => {
            "To verify: purgeproof verify FILE, on any computer and offline. FILE is this PDF (the certificate is attached to it) or the \
             .cose file. The certificate is too long for a QR code. The page is only a view of it."
        }
    }
}

/// Lines to sign on. The decision to accept the sanitization is the customer's (SP 800-88r2 §4.5.2), so it is left to a pen.
pub(super) fn signatures(sheet: &mut Sheet<'_>) {
    let top = END;
    sheet.rule(MARGIN, top, INNER, 0.8, Ink::BLACK);
    for (row, (who, what)) in
        [("Operator", "performed the sanitization"), ("Validator", "examined this record")].iter().enumerate()
    {
        let y = top + if row == 0 { 10.0 } else { 19.5 };
        sheet.rule(MARGIN, y, INNER, 0.4, Ink::GREY);
        sheet.text(MARGIN, y + 2.8, LABELS, &format!("{who} ({what}): name, title"));
        sheet.text(MARGIN + 88.0, y + 2.8, LABELS, "signature");
        sheet.text(MARGIN + 150.0, y + 2.8, LABELS, "date");
    }
    let y = top + 28.5;
    sheet.text(MARGIN, y, STRONG, "Validation decision:");
    for (x, word) in [(32.0, "accept"), (52.0, "reject")] {
        sheet.frame(Area(MARGIN + x, y - 2.7, 3.0, 3.0), 0.8, Ink::BLACK);
        sheet.text(MARGIN + x + 4.4, y, BODY, word);
    }
    sheet.text(MARGIN + 72.0, y, BODY, "by:");
    sheet.rule(MARGIN + 77.0, y + 0.4, INNER - 77.0, 0.4, Ink::GREY);
}
