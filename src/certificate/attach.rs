//! What a PDF carries besides its pages: the certificate and its JSON, attached, and dates that are the certificate's own.

use lopdf::{Dictionary, Document, Object, ObjectId, Stream, StringFormat, dictionary};
use purgeproof_core::evidence::hex;

use crate::civil::Civil;
use crate::pdf::PdfError;
use crate::rows;
use crate::{Certificate, ParseError};

/// No PDF of ours is longer; nothing longer is read.
const MAX_PDF_BYTES: usize = 4 << 20;

/// The most levels of the list of attachments; ours has one.
const MOST_LEVELS: usize = 32;

/// Attaches the certificate and writes the file.
pub(crate) fn finish(mut document: Document, certificate: &Certificate) -> Result<Vec<u8>, PdfError> {
    // Associated files are PDF 2.0, and before that an extension of 1.7 (ISO 19005-3), which more readers take.
    document.version = String::from("1.7");
    document.compress();
    let stem = certificate.file_stem();
    let json = certificate.json();
    let when = date(certificate);
    // The certificate is kept uncompressed, so that a plain search for its bytes finds it too.
    let cose = file(&mut document, &format!("{stem}.cose"), "application/cose", certificate.bytes(), &when, "Source");
    let view = file(&mut document, &format!("{stem}.json"), "application/json", json.as_bytes(), &when, "Alternative");
    let names = dictionary! {
        "EmbeddedFiles" => dictionary! {
            "Names" => vec![text(&format!("{stem}.cose")), cose.into(), text(&format!("{stem}.json")), view.into()],
        },
    };
    let catalog = document.catalog_mut().map_err(|_| PdfError::Structure)?;
    catalog.set("Names", names);
    catalog.set("AF", vec![Object::from(cose), view.into()]);
    catalog.set("Lang", text("en"));
    catalog.set("ViewerPreferences", dictionary! { "DisplayDocTitle" => true });
    describe(&mut document, certificate, &when)?;
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).map_err(|_| PdfError::Structure)?;
    Ok(bytes)
}

/// An attached file (ISO 32000-2 §7.11.4, §14.13).
fn file(
    document: &mut Document,
    name: &str,
    subtype: &str,
    bytes: &[u8],
    when: &Object,
    relationship: &str,
) -> ObjectId {
    let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
    let stream = dictionary! {
        "Type" => "EmbeddedFile",
        "Subtype" => Object::Name(subtype.as_bytes().to_vec()),
        "Params" => dictionary! { "Size" => size, "ModDate" => when.clone() },
    };
    let stream = document.add_object(Stream::new(stream, bytes.to_vec()).with_compression(false));
    document.add_object(dictionary! {
        "Type" => "Filespec",
        "F" => text(name),
        "UF" => text(name),
        "EF" => dictionary! { "F" => stream, "UF" => stream },
        "AFRelationship" => Object::Name(relationship.as_bytes().to_vec()),
    })
}

/// Title, dates and the file's identifier: all from the certificate, none from a clock or a counter.
fn describe(document: &mut Document, certificate: &Certificate, when: &Object) -> Result<(), PdfError> {
    let info = dictionary! {
        "Title" => text(&format!("{} ({})", rows::title(certificate.claims().statement.outcome.0), certificate.file_stem())),
        "Producer" => text("PurgeProof"),
        "CreationDate" => when.clone(),
        "ModDate" => when.clone(),
    };
    let id = document.trailer.get(b"Info").and_then(Object::as_reference).map_err(|_| PdfError::Structure)?;
    document.set_object(id, info);
    let identifier = text(hex(&certificate.sha256()).get(..32).unwrap_or_default());
    document.trailer.set("ID", vec![identifier.clone(), identifier]);
    Ok(())
}

fn date(certificate: &Certificate) -> Object {
    text(&Civil::of(certificate.claims().issued_unix_s).pdf())
}

/// A string of ASCII, which every text string of ours is.
fn text(text: &str) -> Object {
    Object::String(text.as_bytes().to_vec(), StringFormat::Literal)
}

impl Certificate {
    /// Finds the certificate in a PDF: the one attached file whose name ends in `.cose`.
    ///
    /// # Errors
    /// [`ParseError`], and nothing else whatever the bytes.
    pub fn find_in_pdf(pdf: &[u8]) -> Result<Self, ParseError> {
        if pdf.len() > MAX_PDF_BYTES {
            return Err(ParseError::TooLong { bytes: pdf.len() });
        }
        let document = Document::load_mem(pdf).map_err(|_| ParseError::Pdf)?;
        Self::parse(attached(&document).ok_or(ParseError::Pdf)?)
    }
}

/// The content of the only associated file that is a certificate. A file with two of them has none, and neither has one whose list of
/// attachments shows another: which one would the page show?
fn attached(document: &Document) -> Option<&[u8]> {
    let catalog = document.catalog().ok()?;
    let mut certificates =
        catalog.get(b"AF").ok()?.as_array().ok()?.iter().filter(|file| is_certificate(document, file));
    let (Some(file), None) = (certificates.next(), certificates.next()) else { return None };
    let listed = catalog
        .get(b"Names")
        .ok()
        .and_then(|names| resolved(document, names)?.as_dict().ok()?.get(b"EmbeddedFiles").ok());
    if !listed.is_none_or(|tree| lists_no_other(document, tree, file, MOST_LEVELS)) {
        return None;
    }
    let spec = resolved(document, file)?.as_dict().ok()?;
    let content: &Dictionary = resolved(document, spec.get(b"EF").ok()?)?.as_dict().ok()?;
    let stream = resolved(document, content.get(b"F").ok()?)?.as_stream().ok()?;
    (!stream.dict.has(b"Filter")).then_some(stream.content.as_slice())
}

/// A file specification whose name is that of a certificate.
fn is_certificate(document: &Document, file: &Object) -> bool {
    let spec = resolved(document, file).and_then(|spec| spec.as_dict().ok());
    let is_name = |key: &[u8]| {
        let name = spec.and_then(|spec| spec.get(key).ok()).and_then(|name| name.as_str().ok());
        name.is_some_and(|name| name.ends_with(b".cose"))
    };
    is_name(b"F") || is_name(b"UF")
}

/// Whether a name tree (ISO 32000-2 §7.9.6) lists no certificate but this one.
fn lists_no_other(document: &Document, tree: &Object, file: &Object, levels: usize) -> bool {
    let Some(node) = resolved(document, tree).and_then(|node| node.as_dict().ok()) else { return true };
    let list = |key: &[u8]| {
        let list = node.get(key).ok().and_then(|list| resolved(document, list)?.as_array().ok());
        list.map(Vec::as_slice).unwrap_or_default()
    };
    let is_no_other = |value: &Object| !is_certificate(document, value) || value == file;
    levels > 0
        && list(b"Names").iter().skip(1).step_by(2).all(is_no_other)
        && list(b"Kids").iter().all(|kid| lists_no_other(document, kid, file, levels - 1))
}

/// What a reference refers to.
fn resolved<'a>(document: &'a Document, object: &'a Object) -> Option<&'a Object> {
    document.dereference(object).ok().map(|(_, object)| object)
}
