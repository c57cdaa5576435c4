//! The certificate on paper. Everything on it is made from the certificate alone, and the same certificate always gives the same bytes.

use core::fmt;

use printpdf::{PdfConformance, PdfDocument, PdfPage, PdfSaveOptions};

use purgeproof_core::evidence::Evidence;
use sha2::{Digest, Sha256};

mod flow;
mod front;
mod proof;
mod survey;

use crate::Certificate;
use crate::attach;
use crate::font::{Face, Fonts};
use crate::rows;
use crate::sheet::{HEIGHT, Ink, Sheet, Style, WIDTH};

use flow::Flow;

const MARGIN: f32 = 14.0;
const INNER: f32 = WIDTH - 2.0 * MARGIN;
const LABEL: f32 = 21.0;
/// What is kept free at the foot of each page for its number.
const FOOT: f32 = HEIGHT - 11.0;

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

/// The first page for the reader, and after it what it had no room for and what an auditor wants.
pub(crate) fn pages(certificate: &Certificate, evidence: Option<&Evidence>, fonts: &Fonts) -> Vec<PdfPage> {
    let (front, rest) = front::set(certificate, fonts);
    let mut flow = Flow::after(front, fonts);
    flow.rest(&rest);
    flow.audit(certificate, evidence);
    let sheets = flow.into_sheets();
    let count = sheets.len();
    let numbered = sheets.into_iter().enumerate().map(|(index, mut sheet)| {
        foot(&mut sheet, certificate, index + 1, count);
        sheet.into_page()
    });
    numbered.collect()
}

/// How the text of a row is set.
fn style_of(label: &str, text: &str) -> Style {
    match label {
        _ if text == rows::NOT_GIVEN => LABELS,
        "Seed" | "UUID" | "Image" | "SHA-256" | "Command" | "Answer" | "Last status" | "Status page" | "sent"
        | "raw" | "data in" | "data out" => DIGITS,
        "Serial no." | "Model" | "Attained" | "Asked" | "Command at" => STRONG,
        _ => BODY,
    }
}

fn foot(sheet: &mut Sheet<'_>, certificate: &Certificate, page: usize, of: usize) {
    let claims = certificate.claims();
    let (outcome, stem) = (claims.statement.outcome.0, certificate.file_stem());
    let text = format!("{outcome} · certificate {} · {stem} · page {page} of {of}", claims.id);
    sheet.text(MARGIN, HEIGHT - 7.0, SMALL, &text);
}
