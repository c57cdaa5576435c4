//! The certificate on paper. Everything on it is made from the certificate alone, and the same certificate always gives the same bytes.

use core::fmt;

use printpdf::{PdfConformance, PdfDocument, PdfPage, PdfSaveOptions};

use purgeproof_core::evidence::Evidence;
use purgeproof_core::verdict::Outcome;
use sha2::{Digest, Sha256};

use crate::Certificate;
use crate::attach;
use crate::auditor;
use crate::claims::Statement;
use crate::font::{Face, Fonts};
use crate::qr::Modules;
use crate::rows::{self, Section};
use crate::sheet::{Area, HEIGHT, Ink, Sheet, Style, WIDTH};

const MARGIN: f32 = 14.0;
const INNER: f32 = WIDTH - 2.0 * MARGIN;
const GAP: f32 = 6.0;
const COLUMN: f32 = (INNER - GAP) / 2.0;
const LABEL: f32 = 21.0;
/// A module of the QR code: what phones and 150 dpi scans still tell apart.
const MODULE: f32 = 0.5;
/// The light margin that a QR code needs around it (ISO/IEC 18004 §6.3.8).
const QUIET_MODULES: f32 = 4.0;
/// What is kept free at the foot of each page for its number.
const FOOT: f32 = HEIGHT - 11.0;
const SIGNATURES: f32 = 31.0;

const TITLE: Style = Style::new(Face::Bold, 17.0, Ink::BLACK);
const SMALL: Style = Style::new(Face::Regular, 6.8, Ink::GREY);
const HEADING: Style = Style::new(Face::Bold, 8.4, Ink::BLACK);
const LABELS: Style = Style::new(Face::Regular, 7.4, Ink::GREY);
const BODY: Style = Style::new(Face::Regular, 7.4, Ink::BLACK);
const STRONG: Style = Style::new(Face::Bold, 7.4, Ink::BLACK);
const DIGITS: Style = Style::new(Face::Mono, 6.6, Ink::BLACK);

/// Why there is no PDF. The certificate itself is not touched by that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PdfError {
    /// A font of the program cannot be read.
    Font,
    /// The PDF could not be put together.
    Structure,
}

impl fmt::Display for PdfError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Font => {
                "The PDF was not made: a font of this program is damaged. Use the .cose file, and report this"
            }
            Self::Structure => "The PDF could not be put together. Use the .cose file, and report this",
        })
    }
}

impl core::error::Error for PdfError {}

impl Certificate {
    /// The certificate as a PDF for people: A4, with the certificate and its JSON attached and the QR code on the page.
    ///
    /// # Errors
    /// [`PdfError`]: file the certificate without it.
    pub fn pdf(&self) -> Result<Vec<u8>, PdfError> {
        self.render(None)
    }

    /// The same, with the commands of the evidence on the pages for the auditor. Evidence that is not this certificate's is left out.
    ///
    /// # Errors
    /// [`PdfError`]: file the certificate without it.
    pub fn pdf_with(&self, evidence: &Evidence) -> Result<Vec<u8>, PdfError> {
        let is_own = crate::evidence_bundle(evidence)
            .is_ok_and(|bundle| Sha256::digest(bundle)[..] == self.claims().statement.evidence_sha256);
        self.render(is_own.then_some(evidence))
    }

    fn render(&self, evidence: Option<&Evidence>) -> Result<Vec<u8>, PdfError> {
        let fonts = Fonts::load()?;
        let mut document = PdfDocument::new("");
        for face in Face::ALL {
            document.resources.fonts.map.insert(face.id(), printpdf::PdfFont::new(fonts.face(face).clone()));
        }
        // The conformance levels that printpdf knows add claims and colour profiles for printing presses; none is kept.
        document.metadata.info.conformance = PdfConformance::Custom(printpdf::CustomPdfConformance::default());
        document.pages = pages(self, evidence, &fonts);
        let options = PdfSaveOptions { optimize: true, subset_fonts: true, secure: true, image_optimization: None };
        let document = document.to_lopdf_document(&options, &mut Vec::new());
        attach::finish(document, self)
    }

    /// Whether a PDF is, byte for byte, the one that this version makes of this certificate, without or with its evidence. If it is not, another version made it or
    /// somebody changed its visible text: then only the certificate attached to it counts.
    ///
    /// # Errors
    /// [`PdfError`]: it could not be made, so nothing is known.
    pub fn is_rendered_as(&self, pdf: &[u8], evidence: Option<&Evidence>) -> Result<bool, PdfError> {
        let with = evidence.map(|evidence| self.pdf_with(evidence)).transpose()?;
        Ok(with.is_some_and(|own| own == pdf) || self.pdf()? == pdf)
    }
}

/// The pages under way and the place where the next thing goes.
struct Flow<'a> {
    fonts: &'a Fonts,
    done: Vec<Sheet<'a>>,
    sheet: Sheet<'a>,
    y: f32,
    /// Where what flows ends on this page.
    bottom: f32,
}

/// How the sections are set.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Setting {
    /// Beside each other, above the proof, on one page: how nearly every certificate fits.
    OnePage,
    /// One under the other over as many pages as it takes.
    Long,
}

fn pages(certificate: &Certificate, evidence: Option<&Evidence>, fonts: &Fonts) -> Vec<PdfPage> {
    let code = Modules::of(&certificate.qr_text());
    let end = FOOT - SIGNATURES - proof_height(code.as_ref());
    let mut flow = lay_out(certificate, fonts, Setting::OnePage, end);
    if flow.y > end {
        flow = lay_out(certificate, fonts, Setting::Long, FOOT);
        flow.room(FOOT - end);
    }
    proof(&mut flow.sheet, end, certificate, code.as_ref());
    signatures(&mut flow.sheet, FOOT - SIGNATURES);
    flow.audit(certificate, evidence);
    flow.done.push(flow.sheet);
    let count = flow.done.len();
    let numbered = flow.done.into_iter().enumerate().map(|(index, mut sheet)| {
        foot(&mut sheet, certificate, index + 1, count);
        sheet.into_page()
    });
    numbered.collect()
}

/// Everything but the proof. On one page nothing breaks, and the caller sees from where it ended whether it fits.
fn lay_out<'a>(certificate: &Certificate, fonts: &'a Fonts, setting: Setting, bottom: f32) -> Flow<'a> {
    let statement = &certificate.claims().statement;
    let bottom = if setting == Setting::OnePage { f32::INFINITY } else { bottom };
    let mut flow = Flow { fonts, done: Vec::new(), sheet: Sheet::new(fonts), y: MARGIN, bottom };
    flow.head(certificate);
    let (left, right) = (rows::left(statement), rows::right(certificate));
    match setting {
        Setting::OnePage => flow.columns(&left, &right),
        Setting::Long => left.iter().chain(&right).for_each(|section| flow.section(section)),
    }
    flow.exceptions(statement);
    flow
}

impl Flow<'_> {
    /// Makes room for something of this height, on a new page if need be.
    fn room(&mut self, height: f32) {
        if self.y + height > self.bottom {
            self.done.push(std::mem::replace(&mut self.sheet, Sheet::new(self.fonts)));
            self.y = MARGIN;
        }
    }

    /// Title, basis, outcome and reasons.
    fn head(&mut self, certificate: &Certificate) {
        let statement = &certificate.claims().statement;
        let outcome = statement.outcome.0;
        self.sheet.text(MARGIN, self.y + 5.2, TITLE, rows::title(outcome));
        self.y += 8.0;
        self.y += self.sheet.paragraph((MARGIN, self.y), INNER, SMALL, &rows::basis(statement)) + 2.0;
        if certificate.is_simulation() {
            self.simulation();
        }
        self.outcome(statement);
        for (label, text) in [("Done", rows::deed(statement)), ("Worth", rows::worth(outcome).to_owned())] {
            self.sheet.text(MARGIN, self.y + 2.5, STRONG, label);
            self.y += self.sheet.paragraph((MARGIN + 14.0, self.y), INNER - 14.0, BODY, &text) + 0.8;
        }
        self.sheet.text(MARGIN, self.y + 3.0, HEADING, "Because");
        self.y += 4.4;
        for because in &statement.reasons {
            let text = rows::sentence(&because.0.to_string());
            let height = self.sheet.height(INNER - 3.0, BODY, &text);
            self.room(height);
            self.sheet.text(MARGIN, self.y + 2.5, BODY, "–");
            self.y += self.sheet.paragraph((MARGIN + 3.0, self.y), INNER - 3.0, BODY, &text) + 0.6;
        }
        self.y += 1.6;
    }

    fn simulation(&mut self) {
        let style = Style::new(Face::Bold, 12.0, Ink::BLACK);
        self.sheet.frame(Area(MARGIN, self.y, INNER, 9.0), 2.0, Ink::BLACK);
        let words = "SIMULATED: no drive was erased. This proves nothing.";
        self.sheet.text(MARGIN + 4.0, self.y + 6.0, style, words);
        self.y += 11.0;
    }

    /// The word, so that it cannot be taken for another one in black and white either: good ones are framed on white, the others stand
    /// white on a dark bar.
    fn outcome(&mut self, statement: &Statement) {
        let outcome = statement.outcome.0;
        let ink = match outcome {
            Outcome::Purged | Outcome::Cleared => Ink(0.0, 0.42, 0.2),
            Outcome::NotErased => Ink(0.72, 0.06, 0.06),
            Outcome::Indeterminate => Ink(0.72, 0.42, 0.0),
        };
        let height = 15.0;
        let bar = Area(MARGIN, self.y, INNER, height);
        let on_bar = if outcome.is_good() {
            self.sheet.frame(bar, 2.2, ink);
            ink
        } else {
            self.sheet.fill(bar, ink);
            Ink::WHITE
        };
        let word = Style::new(Face::Bold, 20.0, on_bar);
        let words = Style::new(Face::Bold, 9.0, on_bar);
        self.sheet.text(MARGIN + 4.0, self.y + 8.0, word, &outcome.to_string());
        self.sheet.text(MARGIN + 4.0, self.y + 12.8, words, rows::meaning(statement));
        self.y += height + 2.4;
    }

    /// Two columns of sections, beside each other.
    fn columns(&mut self, left: &[Section], right: &[Section]) {
        let top = self.y;
        let ends = [(left, MARGIN), (right, MARGIN + COLUMN + GAP)].map(|(sections, x)| {
            let mut y = top;
            for section in sections {
                y += self.heading((x, y), COLUMN, section.heading);
                for (label, text) in section.labelled() {
                    y += self.row((x, y), COLUMN, label, text);
                }
                y += 1.7;
            }
            y
        });
        self.y = ends.into_iter().fold(top, f32::max) + 0.4;
    }

    /// A section over the whole width, from page to page.
    fn section(&mut self, section: &Section) {
        self.room(12.0);
        self.y += self.heading((MARGIN, self.y), INNER, section.heading);
        for (label, text) in section.labelled() {
            self.room(self.sheet.height(INNER - LABEL, BODY, text));
            self.y += self.row((MARGIN, self.y), INNER, label, text);
        }
        self.y += 1.7;
    }

    fn heading(&mut self, (x, y): (f32, f32), width: f32, heading: &str) -> f32 {
        self.sheet.text(x, y + 2.9, HEADING, heading);
        self.sheet.rule(x, y + 3.9, width, 0.4, Ink::RULE);
        4.6
    }

    fn row(&mut self, (x, y): (f32, f32), width: f32, label: &str, text: &str) -> f32 {
        let style = match label {
            _ if text == rows::NOT_GIVEN => LABELS,
            "Seed" | "UUID" | "Image" | "SHA-256" | "Command" | "Answer" | "Last status" | "Status page" | "sent"
            | "raw" | "data in" | "data out" => DIGITS,
            "Serial no." | "Model" | "Attained" | "Asked" | "Command at" => STRONG,
            _ => BODY,
        };
        self.sheet.paragraph((x, y), LABEL, LABELS, label);
        self.sheet.paragraph((x + LABEL, y), width - LABEL, style, text).max(LABELS.leading())
    }

    /// The pages for the auditor.
    fn audit(&mut self, certificate: &Certificate, evidence: Option<&Evidence>) {
        self.done.push(std::mem::replace(&mut self.sheet, Sheet::new(self.fonts)));
        (self.y, self.bottom) = (MARGIN, FOOT);
        self.sheet.text(MARGIN, self.y + 5.2, TITLE, "For the auditor");
        self.y += 9.0;
        for section in auditor::sections(certificate, evidence) {
            self.section(&section);
        }
    }

    /// What the outcome does not cover.
    fn exceptions(&mut self, statement: &Statement) {
        let texts: Vec<String> = statement.exceptions.iter().map(|exception| exception.0.to_string()).collect();
        let line = |text: &str| self.sheet.height(INNER - 3.0, BODY, text);
        self.room(5.0 + texts.first().map_or(0.0, |text| line(text)));
        self.sheet.text(MARGIN, self.y + 2.9, HEADING, rows::uncovered(statement.outcome.0));
        self.y += 4.4;
        if texts.is_empty() {
            self.y += self.sheet.paragraph((MARGIN, self.y), INNER, BODY, "No exception is recorded.");
        }
        for text in &texts {
            self.room(self.sheet.height(INNER - 3.0, BODY, text));
            self.sheet.text(MARGIN, self.y + 2.5, BODY, "–");
            self.y += self.sheet.paragraph((MARGIN + 3.0, self.y), INNER - 3.0, BODY, text) + 0.3;
        }
    }
}

/// How wide and high the QR code is with its margin.
fn code_side(code: &Modules) -> f32 {
    // At most 177 modules: exact.
    #[expect(clippy::cast_precision_loss, reason = "see above")]
    let modules = code.side as f32;
    (modules + 2.0 * QUIET_MODULES) * MODULE
}

fn proof_height(code: Option<&Modules>) -> f32 {
    code.map_or(0.0, code_side).max(50.0) + 1.0
}

/// Numbers, whose word it is and how to check it, on the left; the QR code on the right.
fn proof(sheet: &mut Sheet<'_>, top: f32, certificate: &Certificate, code: Option<&Modules>) {
    let side = code.map_or(0.0, code_side);
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
    y += sheet.paragraph((MARGIN, y), width, STRONG, &certificate.verify().trust.to_string()) + 1.2;
    let how = match code {
        Some(_) => {
            "To verify: purgeproof verify FILE, on any computer and offline. FILE is this PDF (the certificate is attached to it), the \
                    .cose file, or the text of the QR code, which holds the whole certificate. The page is only a view of it."
        }
        None => {
            "To verify: purgeproof verify FILE, on any computer and offline. FILE is this PDF (the certificate is attached to it) or the \
                 .cose file. The certificate is too long for a QR code. The page is only a view of it."
        }
    };
    sheet.paragraph((MARGIN, y), width, BODY, how);
    if let Some(code) = code {
        draw_code(sheet, (MARGIN + INNER - side, top + 1.0), code);
    }
}

fn draw_code(sheet: &mut Sheet<'_>, (x, y): (f32, f32), code: &Modules) {
    #[expect(clippy::cast_precision_loss, reason = "module counts, at most 177")]
    let at = |origin: f32, module: usize| origin + (QUIET_MODULES + module as f32) * MODULE;
    #[expect(clippy::cast_precision_loss, reason = "module counts, at most 177")]
    let runs = code
        .runs()
        .into_iter()
        .map(|(column, row, length)| Area(at(x, column), at(y, row), length as f32 * MODULE, MODULE));
    sheet.fill_all(&runs.collect::<Vec<_>>(), Ink::BLACK);
}

/// Lines to sign on. The decision to accept the sanitization is the customer's (SP 800-88r2 §4.5.2), so it is left to a pen.
fn signatures(sheet: &mut Sheet<'_>, top: f32) {
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

fn foot(sheet: &mut Sheet<'_>, certificate: &Certificate, page: usize, of: usize) {
    let claims = certificate.claims();
    let (outcome, stem) = (claims.statement.outcome.0, certificate.file_stem());
    let text = format!("{outcome} · certificate {} · {stem} · page {page} of {of}", claims.id);
    sheet.text(MARGIN, HEIGHT - 7.0, SMALL, &text);
}
