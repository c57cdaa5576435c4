//! Certificates as PDF, JSON and text of the QR code: whole, changed, and made to be misread.

use lopdf::{Document, Object, Stream, dictionary};

use super::*;

pub(super) fn pieces() -> Vec<Piece> {
    [papers(), texts(), series()].into_iter().flatten().collect()
}

fn changed(pdf: &[u8], change: impl FnOnce(&mut Document)) -> Vec<u8> {
    let mut document = Document::load_mem(pdf).unwrap();
    change(&mut document);
    let mut bytes = Vec::new();
    document.save_to(&mut bytes).unwrap();
    bytes
}

/// The list of files that belong to the document.
fn files_of(document: &mut Document) -> &mut Vec<Object> {
    document.catalog_mut().unwrap().get_mut(b"AF").unwrap().as_array_mut().unwrap()
}

/// The first page says something else: a white field over its top, and a word on it.
fn repaint(document: &mut Document) {
    let page = *document.get_pages().values().next().unwrap();
    let font =
        document.add_object(dictionary! { "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica-Bold" });
    let paint = b"q 1 1 1 rg 0 650 700 200 re f Q BT /Forged 60 Tf 40 720 Td (PURGED) Tj ET".to_vec();
    let resources = document.get_or_create_resources(page).unwrap().as_dict_mut().unwrap();
    match resources.get_mut(b"Font").unwrap() {
        Object::Dictionary(fonts) => fonts.set("Forged", font),
        fonts => {
            let fonts = fonts.as_reference().unwrap();
            document.get_dictionary_mut(fonts).unwrap().set("Forged", font);
        }
    }
    document.add_page_contents(page, paint).unwrap();
}

/// The attachment that a viewer shows first is another certificate than the one that belongs to the document.
fn list_another(document: &mut Document) {
    attach_another(document);
    let another = files_of(document).pop().unwrap();
    let names = document.catalog_mut().unwrap().get_mut(b"Names").unwrap().as_dict_mut().unwrap();
    let listed = names.get_mut(b"EmbeddedFiles").unwrap().as_dict_mut().unwrap();
    listed.set("Names", vec![Object::string_literal("another.cose"), another]);
}

/// Another certificate under another name, attached like the first.
fn attach_another(document: &mut Document) {
    let another = issue(&purged()).bytes().to_vec();
    let stream = Stream::new(dictionary! { "Type" => "EmbeddedFile" }, another).with_compression(false);
    let stream = document.add_object(stream);
    let name = || Object::string_literal("another.cose");
    let file =
        dictionary! { "Type" => "Filespec", "F" => name(), "UF" => name(), "EF" => dictionary! { "F" => stream } };
    let file = document.add_object(file);
    files_of(document).push(file.into());
}

/// The attachment as 100 MiB of zeros, deflated: a reader that inflates it without a limit is busy for long.
fn bomb(document: &mut Document) {
    let spec = files_of(document).first().unwrap().as_reference().unwrap();
    let stream = document.get_dictionary(spec).unwrap().get(b"EF").unwrap().as_dict().unwrap().get(b"F").unwrap();
    let stream = stream.as_reference().unwrap();
    let mut deflated = Stream::new(dictionary! { "Type" => "EmbeddedFile" }, vec![0; 4 << 20]);
    deflated.compress().unwrap();
    document.set_object(stream, deflated);
}

fn papers() -> Vec<Piece> {
    let pdf = issue(&cleared()).pdf().unwrap();
    let failed = issue(&failing()).pdf().unwrap();
    let none = changed(&pdf, |document| {
        let catalog = document.catalog_mut().unwrap();
        let _ = (catalog.remove(b"AF"), catalog.remove(b"Names"));
    });
    let two = changed(&pdf, attach_another);
    let listed = changed(&pdf, list_another);
    let inflated = changed(&pdf, bomb);
    let repainted = changed(&failed, repaint);
    let cut = pdf[..pdf.len() / 2].to_vec();
    vec![
        Piece::of("paper.pdf", "the PDF as it was made", pdf, &[]),
        Piece::of("paper-repainted.pdf", "its page says PURGED, the certificate in it NOT ERASED", repainted, &[]),
        Piece::of("paper-of-two.pdf", "two certificates attached", two, &["pdf"]),
        Piece::of("paper-that-lists-another.pdf", "its list of attachments has another certificate", listed, &["pdf"]),
        Piece::of("paper-without.pdf", "no certificate attached", none, &["pdf"]),
        Piece::of(
            "paper-deflated.pdf",
            "the certificate attached deflated, and it is no certificate",
            inflated,
            &["pdf"],
        ),
        Piece::of("paper-cut.pdf", "half of the file", cut, &["pdf"]),
    ]
}

fn texts() -> Vec<Piece> {
    let certificate = issue(&cleared());
    let (json, qr) = (certificate.json(), certificate.qr_text());
    let lied = json.replace("\"CLEARED\"", "\"PURGED\"");
    let more = json.replacen('{', "{\n  \"note\": \"checked by the vendor\",", 1);
    let bare = format!("{{\"cose\": \"{}\"}}\n", hex(certificate.bytes()));
    let damaged = format!("{}:", &qr[..qr.len() - 1]);
    let lower = format!("PP1:{}", qr[4..].to_lowercase());
    // Zlib (RFC 1950) with a window of 32 KiB: some formats deflate before Base45, this one never does.
    let deflated = format!("PP1:{}", base45::encode([0x78, 0xda, 0xed, 0xc1, 0x01, 0x0d, 0x00, 0x00, 0x00, 0xc2]));
    let long = format!("PP1:{}", base45::encode([certificate.bytes(), &[0; 8192]].concat()));
    vec![
        Piece::of("record.json", "the JSON as it was made", json.into_bytes(), &[]),
        Piece::of(
            "record-edited.json",
            "the JSON says PURGED, the certificate in it CLEARED",
            lied.into_bytes(),
            &["json"],
        ),
        Piece::of(
            "record-with-more.json",
            "the JSON says more than the certificate in it",
            more.into_bytes(),
            &["json"],
        ),
        Piece::of("record-bare.json", "nothing but the member cose", bare.into_bytes(), &["json"]),
        Piece::of("qr.txt", "the text of the QR code", qr.into_bytes(), &[]),
        Piece::of("qr-damaged.txt", "the last character is none of Base45", damaged.into_bytes(), &["qr-text"]),
        Piece::of(
            "qr-lower-case.txt",
            "in small letters, which Base45 does not have",
            lower.into_bytes(),
            &["qr-text"],
        ),
        Piece::of("qr-deflated.txt", "deflated", deflated.into_bytes(), &["not-a-certificate"]),
        Piece::of("qr-too-long.txt", "longer than any certificate", long.into_bytes(), &["too-long"]),
    ]
}

/// The text of the QR code as a series of short ones.
fn series() -> Vec<Piece> {
    let parts = |certificate: &Certificate| series::split(&certificate.qr_text(), 154).unwrap();
    let (ours, others) = (parts(&issue(&cleared())), parts(&issue(&purged())));
    let lines = |parts: &[String]| (parts.join("\r\n") + "\r\n").into_bytes();
    let reversed: Vec<String> = ours.iter().rev().cloned().collect();
    let mixed = [&ours[..3], &others[3..]].concat();
    let misread = [&ours[..], &[ours[2].replacen(":03/", ":04/", 1)]].concat();
    vec![
        Piece::of("series.txt", "a series of QR codes, the last first", lines(&reversed), &[]),
        Piece::of(
            "series-part-missing.txt",
            "a series without its second code",
            lines(&[&ours[..1], &ours[2..]].concat()),
            &["series"],
        ),
        Piece::of("series-of-two.txt", "the codes of two certificates", lines(&mixed), &["series"]),
        Piece::of("series-contradiction.txt", "two codes of one number that differ", lines(&misread), &["series"]),
    ]
}
