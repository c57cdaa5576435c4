//! The certificate on paper. Everything on it is made from the certificate alone, and the same certificate always gives the same bytes.

use core::fmt;
use std::collections::BTreeSet;

use lopdf::Document;
use printpdf::{
    Op, PdfConformance, PdfDocument, PdfFont, PdfFontHandle, PdfPage, PdfSaveOptions, TextItem, XObject, XObjectId,
};
use purgeproof_core::evidence::Evidence;
use purgeproof_core::policy::Paper;
use sha2::{Digest, Sha256};

mod flow;
mod front;
pub(crate) mod proof;
mod survey;

use crate::Certificate;
use crate::archive::Title;
use crate::attach::{self, Attachment};
use crate::font::{Face, Fonts};
use crate::logo::Logo;
use crate::rows;
use crate::sheet::{Ink, Sheet, Style, WIDTH};

use flow::Flow;

pub(crate) const MARGIN: f32 = 14.0;
pub(crate) const INNER: f32 = WIDTH - 2.0 * MARGIN;
const LABEL: f32 = 21.0;
/// What is kept free at the foot of each page for its number.
pub(crate) const FOOT: f32 = 11.0;

pub(crate) const TITLE: Style = Style::new(Face::Bold, 17.0, Ink::BLACK);
pub(crate) const SMALL: Style = Style::new(Face::Regular, 6.8, Ink::GREY);
pub(crate) const HEADING: Style = Style::new(Face::Bold, 8.4, Ink::BLACK);
pub(crate) const LABELS: Style = Style::new(Face::Regular, 7.4, Ink::GREY);
pub(crate) const BODY: Style = Style::new(Face::Regular, 7.4, Ink::BLACK);
pub(crate) const STRONG: Style = Style::new(Face::Bold, 7.4, Ink::BLACK);
const DIGITS: Style = Style::new(Face::Mono, 6.6, Ink::BLACK);

/// The name under which the logo is attached.
pub(crate) const LOGO: &str = "logo.png";

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

/// How a certificate is put on paper, and what stands there that is not in it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Print<'a> {
    /// The paper.
    pub paper: Paper,
    /// The organisation's logo, at the head of the first page.
    pub logo: Option<&'a Logo>,
    /// The evidence, whose surveys and commands then stand on the pages for the auditor. What is not this certificate's is left out.
    pub evidence: Option<&'a Evidence>,
}

impl Certificate {
    /// The certificate as a PDF for people: A4, with the certificate and its JSON attached and the QR code on the page.
    ///
    /// # Errors
    /// [`PdfError`]: file the certificate without it.
    pub fn pdf(&self) -> Result<Vec<u8>, PdfError> {
        self.print(&Print::default())
    }

    /// The same, with the commands of the evidence on the pages for the auditor. Evidence that is not this certificate's is left out.
    ///
    /// # Errors
    /// [`PdfError`]: file the certificate without it.
    pub fn pdf_with(&self, evidence: &Evidence) -> Result<Vec<u8>, PdfError> {
        self.print(&Print { evidence: Some(evidence), ..Print::default() })
    }

    /// The same, on paper of choice. Always PDF/A-3b, and always the same bytes of the same.
    ///
    /// # Errors
    /// [`PdfError`]: file the certificate without it.
    pub fn print(&self, print: &Print<'_>) -> Result<Vec<u8>, PdfError> {
        let fonts = Fonts::load()?;
        let evidence = print.evidence.filter(|evidence| self.is_made_from(evidence));
        let document = drawn(&fonts, print.logo, pages(self, &Print { evidence, ..*print }, &fonts))?;
        let stem = self.file_stem();
        let json = self.json();
        let file = |name, media_type, relationship, bytes| Attachment { name, media_type, relationship, bytes };
        let mut files = vec![
            file(format!("{stem}.cose"), "application/cose", "Source", self.bytes()),
            file(format!("{stem}.json"), "application/json", "Alternative", json.as_bytes()),
        ];
        files.extend(print.logo.map(|logo| file(LOGO.to_owned(), "image/png", "Supplement", logo.file())));
        let claims = self.claims();
        let title = Title {
            text: format!("{} ({stem})", rows::title(claims.statement.outcome.0)),
            unix_s: claims.issued_unix_s,
            id: self.sha256(),
        };
        attach::finish(document, &title, &files)
    }

    fn is_made_from(&self, evidence: &Evidence) -> bool {
        crate::evidence_bundle(evidence)
            .is_ok_and(|bundle| Sha256::digest(bundle)[..] == self.claims().statement.evidence_sha256)
    }
}

/// Pages as a document that lacks only what it says about itself.
pub(crate) fn drawn(fonts: &Fonts, logo: Option<&Logo>, pages: Vec<PdfPage>) -> Result<Document, PdfError> {
    let mut document = PdfDocument::new("");
    for face in Face::ALL {
        let subset = fonts.subset(face, &used(face, &pages))?;
        document.resources.fonts.map.insert(face.id(), PdfFont::new(subset));
    }
    if let Some(logo) = logo {
        document.resources.xobjects.map.insert(logo_id(), XObject::Image(logo.image()));
    }
    // The conformance levels that printpdf knows add claims and colour profiles for printing presses; none is kept.
    document.metadata.info.conformance = PdfConformance::Custom(printpdf::CustomPdfConformance::default());
    document.pages = pages;
    let options = PdfSaveOptions { optimize: true, subset_fonts: false, secure: true, image_optimization: None };
    Ok(document.to_lopdf_document(&options, &mut Vec::new()))
}

/// The characters that pages show in a face.
fn used(face: Face, pages: &[PdfPage]) -> BTreeSet<char> {
    let mut used = BTreeSet::new();
    for page in pages {
        let mut is_face = false;
        for op in &page.ops {
            match op {
                Op::SetFont { font, .. } => is_face = *font == PdfFontHandle::External(face.id()),
                Op::ShowText { items } if is_face => {
                    used.extend(items.iter().filter_map(text).flat_map(str::chars));
                }
                _ => {}
            }
        }
    }
    used
}

fn text(item: &TextItem) -> Option<&str> {
    match item {
        TextItem::Text(text) => Some(text),
        _ => None,
    }
}

/// The logo's name within the document.
fn logo_id() -> XObjectId {
    XObjectId("Logo".to_owned())
}

/// The first page for the reader, and after it what it had no room for and what an auditor wants. The evidence is the certificate's own.
pub(crate) fn pages(certificate: &Certificate, print: &Print<'_>, fonts: &Fonts) -> Vec<PdfPage> {
    let front = front::set(certificate, print, fonts);
    let mut flow = Flow::after(front.sheet);
    flow.rest(&front.rest, front.code.as_ref());
    flow.audit(certificate, print.evidence);
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
    sheet.text(MARGIN, sheet.bottom() - 7.0, SMALL, &text);
}
