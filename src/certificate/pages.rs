//! Whether the pages of a PDF are those of the certificate in it: they are made again and compared, byte for byte.

use lopdf::{Dictionary, Document, Object, ObjectId};
use purgeproof_core::evidence::Evidence;
use purgeproof_core::policy::Paper;

use crate::Certificate;
use crate::archive::PRODUCER;
use crate::attach;
use crate::logo::Logo;
use crate::pdf::{self, PdfError, Print};

/// What the pages of a PDF are worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pages {
    /// They are what the certificate says, made by this version.
    Same {
        /// They have a logo, which the certificate does not speak of.
        logo: bool,
        /// A signature for PDF readers was added to the file, and nothing that could be seen.
        signed: bool,
    },
    /// They were, and then something was added that can show anything.
    Added,
    /// This version is said to have made them of this certificate and this evidence, and did not.
    Changed,
    /// Nothing can be said: another version made them, or with evidence that is not at hand.
    Unknown {
        /// What the PDF says about who made it.
        producer: String,
    },
}

impl Certificate {
    /// Compares the pages of a PDF with what this version makes of the certificate, on the same paper, with and without the evidence, and
    /// with the logo that is attached to it.
    ///
    /// # Errors
    /// [`PdfError`]: they could not be made, so nothing is known.
    pub fn compare_pages(&self, pdf: &[u8], evidence: Option<&Evidence>) -> Result<Pages, PdfError> {
        let Ok(document) = attach::read(pdf) else { return Ok(Pages::Changed) };
        let logo = attach::attached(&document, pdf::LOGO.as_bytes()).and_then(|file| Logo::read(file).ok());
        let paper = paper(&document);
        for evidence in evidence.map(Some).into_iter().chain([None]) {
            let own = self.print(&Print { paper, logo: logo.as_ref(), evidence })?;
            if let Some(added) = pdf.strip_prefix(own.as_slice()) {
                // Line ends, which some transports add, are nothing.
                let signed = !added.trim_ascii().is_empty();
                let is_same = !signed || is_only_signed(&own, &document);
                return Ok(if is_same { Pages::Same { logo: logo.is_some(), signed } } else { Pages::Added });
            }
        }
        let producer = producer(&document);
        Ok(if producer == PRODUCER && evidence.is_some() { Pages::Changed } else { Pages::Unknown { producer } })
    }
}

/// The paper that a PDF says it is for, of the two that there are.
fn paper(document: &Document) -> Paper {
    let width = || {
        let page = document.get_dictionary(*document.get_pages().get(&1)?).ok()?;
        let Ok([_, _, width, _]) = page.get(b"MediaBox").and_then(Object::as_array).map(Vec::as_slice) else {
            return None;
        };
        width.as_float().ok()
    };
    // In points: A4 is 595 wide, Letter 612.
    if width().is_some_and(|width| width > 600.0) { Paper::Letter } else { Paper::A4 }
}

/// What a PDF says about the program that made it, as far as that can be printed.
fn producer(document: &Document) -> String {
    let of = |document: &Document| {
        let info = document.dereference(document.trailer.get(b"Info").ok()?).ok()?.1.as_dict().ok()?;
        let text = document.dereference(info.get(b"Producer").ok()?).ok()?.1.as_str().ok()?;
        Some(text.iter().map(|&byte| char::from(byte)).filter(|c| matches!(c, ' '..='~')).take(60).collect())
    };
    of(document).unwrap_or_default()
}

/// Whether what was added to a PDF of ours is a signature that nobody sees, and nothing else. A signature adds a dictionary of its own
/// and an invisible field, which the first page and the catalog name (ISO 32000-1 §12.7.4.5, §12.8).
fn is_only_signed(own: &[u8], signed: &Document) -> bool {
    let Ok(own) = Document::load_mem(own) else { return false };
    let Some((&first, catalog)) = own.get_pages().get(&1).zip(root(&own)) else { return false };
    let is_as_it_was = |id: &ObjectId, was: &Object| {
        let Some(now) = signed.objects.get(id) else { return false };
        match (was, now) {
            (Object::Dictionary(was), Object::Dictionary(now)) if *id == first => same_but(was, now, b"Annots"),
            (Object::Dictionary(was), Object::Dictionary(now)) if *id == catalog => same_but(was, now, b"AcroForm"),
            _ => was == now,
        }
    };
    root(signed) == Some(catalog)
        && signed.objects.len() > own.objects.len()
        && own.objects.iter().all(|(id, was)| is_as_it_was(id, was))
        && signed.objects.iter().filter(|(id, _)| !own.objects.contains_key(id)).all(|(_, new)| is_of_signature(new))
}

fn root(document: &Document) -> Option<ObjectId> {
    document.trailer.get(b"Root").and_then(Object::as_reference).ok()
}

/// Whether two dictionaries are the same but for one entry, which may only refer to other objects.
fn same_but(was: &Dictionary, now: &Dictionary, entry: &[u8]) -> bool {
    let rest = |of: &Dictionary| {
        let mut rest = of.clone();
        rest.remove(entry);
        rest
    };
    rest(was) == rest(now) && now.get(entry).ok().is_none_or(refers_only)
}

fn refers_only(object: &Object) -> bool {
    match object {
        Object::Reference(_) | Object::Integer(_) => true,
        Object::Array(array) => array.iter().all(refers_only),
        Object::Dictionary(dictionary) => dictionary
            .iter()
            .all(|(key, value)| matches!(key.as_slice(), b"Fields" | b"SigFlags") && refers_only(value)),
        _ => false,
    }
}

/// A signature, or a field for one that takes no room on its page and has no appearance.
fn is_of_signature(object: &Object) -> bool {
    let Object::Dictionary(dictionary) = object else { return false };
    let is = |key: &[u8], name: &[u8]| dictionary.get(key).and_then(Object::as_name).is_ok_and(|is| is == name);
    let is_flat = || {
        let zero = |side: &Object| side.as_float().is_ok_and(|side| side == 0.0);
        dictionary.get(b"Rect").and_then(Object::as_array).is_ok_and(|rect| rect.iter().all(zero))
    };
    is(b"Type", b"Sig") || (is(b"Subtype", b"Widget") && is(b"FT", b"Sig") && is_flat() && !dictionary.has(b"AP"))
}
