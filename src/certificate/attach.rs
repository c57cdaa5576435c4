//! What a PDF carries besides its pages: the certificate and its JSON, attached.

use lopdf::{Dictionary, Document, Object, ObjectId, Stream, dictionary};

use crate::archive::{Title, text};
use crate::pdf::PdfError;
use crate::{Certificate, ParseError};

/// No PDF of ours is longer; nothing longer is read.
const MAX_PDF_BYTES: usize = 4 << 20;

/// The most levels of the list of attachments; ours has one.
const MOST_LEVELS: usize = 32;

/// A file within a PDF.
pub(crate) struct Attachment<'a> {
    /// ASCII.
    pub(crate) name: String,
    pub(crate) media_type: &'static str,
    /// What it is to the pages (ISO 19005-3 Annex E): Source, Alternative, Supplement.
    pub(crate) relationship: &'static str,
    pub(crate) bytes: &'a [u8],
}

/// Attaches files and writes the document.
pub(crate) fn finish(
    mut document: Document,
    title: &Title,
    attachments: &[Attachment<'_>],
) -> Result<Vec<u8>, PdfError> {
    // Associated files are PDF 2.0, and before that an extension of 1.7 (ISO 19005-3), which more readers take.
    document.version = String::from("1.7");
    document.compress();
    let files: Vec<(&str, ObjectId)> =
        attachments.iter().map(|file| (file.name.as_str(), attach(&mut document, file, title.date()))).collect();
    let mut names = files.clone();
    names.sort_unstable();
    let names: Vec<Object> = names.into_iter().flat_map(|(name, id)| [text(name), id.into()]).collect();
    let catalog = document.catalog_mut().map_err(|_| PdfError::Structure)?;
    catalog.set("Names", dictionary! { "EmbeddedFiles" => dictionary! { "Names" => names } });
    catalog.set("AF", files.into_iter().map(|(_, id)| id.into()).collect::<Vec<Object>>());
    title.describe(&mut document)?;
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).map_err(|_| PdfError::Structure)?;
    Ok(bytes)
}

/// An attached file (ISO 32000-2 §7.11.4, §14.13). It is kept uncompressed, so that a plain search for its bytes finds it too.
fn attach(document: &mut Document, file: &Attachment<'_>, when: Object) -> ObjectId {
    let size = i64::try_from(file.bytes.len()).unwrap_or(i64::MAX);
    let stream = dictionary! {
        "Type" => "EmbeddedFile",
        "Subtype" => file.media_type,
        "Params" => dictionary! { "Size" => size, "ModDate" => when },
    };
    let stream = document.add_object(Stream::new(stream, file.bytes.to_vec()).with_compression(false));
    document.add_object(dictionary! {
        "Type" => "Filespec",
        "F" => text(&file.name),
        "UF" => text(&file.name),
        "EF" => dictionary! { "F" => stream, "UF" => stream },
        "AFRelationship" => file.relationship,
    })
}

impl Certificate {
    /// Finds the certificate in a PDF: the one attached file whose name ends in `.cose`.
    ///
    /// # Errors
    /// [`ParseError`], and nothing else whatever the bytes.
    pub fn find_in_pdf(pdf: &[u8]) -> Result<Self, ParseError> {
        let document = read(pdf)?;
        Self::parse(attached(&document, b".cose").ok_or(ParseError::Pdf)?)
    }
}

/// The structure of a PDF that may be one of ours.
pub(crate) fn read(pdf: &[u8]) -> Result<Document, ParseError> {
    if pdf.len() > MAX_PDF_BYTES {
        return Err(ParseError::TooLong { bytes: pdf.len() });
    }
    Document::load_mem(pdf).map_err(|_| ParseError::Pdf)
}

/// The content of the only associated file whose name ends so. A document with two of them has none, and neither has one whose list of
/// attachments shows another: which one would the page show?
pub(crate) fn attached<'a>(document: &'a Document, ending: &[u8]) -> Option<&'a [u8]> {
    let catalog = document.catalog().ok()?;
    let mut fitting = catalog.get(b"AF").ok()?.as_array().ok()?.iter().filter(|file| ends_so(document, file, ending));
    let (Some(file), None) = (fitting.next(), fitting.next()) else { return None };
    let listed = catalog
        .get(b"Names")
        .ok()
        .and_then(|names| resolved(document, names)?.as_dict().ok()?.get(b"EmbeddedFiles").ok());
    if !listed.is_none_or(|tree| lists_no_other(document, tree, (file, ending), MOST_LEVELS)) {
        return None;
    }
    let spec = resolved(document, file)?.as_dict().ok()?;
    let content: &Dictionary = resolved(document, spec.get(b"EF").ok()?)?.as_dict().ok()?;
    let stream = resolved(document, content.get(b"F").ok()?)?.as_stream().ok()?;
    (!stream.dict.has(b"Filter")).then_some(stream.content.as_slice())
}

/// A file specification whose name ends so.
fn ends_so(document: &Document, file: &Object, ending: &[u8]) -> bool {
    let spec = resolved(document, file).and_then(|spec| spec.as_dict().ok());
    let is_name = |key: &[u8]| {
        let name = spec.and_then(|spec| spec.get(key).ok()).and_then(|name| name.as_str().ok());
        name.is_some_and(|name| name.ends_with(ending))
    };
    is_name(b"F") || is_name(b"UF")
}

/// Whether a name tree (ISO 32000-2 §7.9.6) lists no file whose name ends like this one's, but this one.
fn lists_no_other(document: &Document, tree: &Object, (file, ending): (&Object, &[u8]), levels: usize) -> bool {
    let Some(node) = resolved(document, tree).and_then(|node| node.as_dict().ok()) else { return true };
    let list = |key: &[u8]| {
        let list = node.get(key).ok().and_then(|list| resolved(document, list)?.as_array().ok());
        list.map(Vec::as_slice).unwrap_or_default()
    };
    let is_no_other = |value: &Object| !ends_so(document, value, ending) || value == file;
    levels > 0
        && list(b"Names").iter().skip(1).step_by(2).all(is_no_other)
        && list(b"Kids").iter().all(|kid| lists_no_other(document, kid, (file, ending), levels - 1))
}

/// What a reference refers to.
fn resolved<'a>(document: &'a Document, object: &'a Object) -> Option<&'a Object> {
    document.dereference(object).ok().map(|(_, object)| object)
}
