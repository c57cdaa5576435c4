//! PDFs with a signature for PDF readers.

use lopdf::dictionary;
use purgeproof_core::policy::Paper;

use super::*;
use crate::pades::{PadesError, PadesKey};

const NAME: &str = "Example Recycling Ltd";

fn signer() -> PadesKey {
    PadesKey::new(&Sha256::digest(b"pades").into(), NAME, ISSUED).unwrap()
}

#[test]
fn a_signed_pdf_is_still_the_certificate_and_shows_the_same() {
    let certificate = issue(&purged());
    for paper in [Paper::A4, Paper::Letter] {
        let pdf = certificate.print(&Print { paper, ..Print::default() }).unwrap();
        let signed = signer().sign(&pdf, ISSUED + 60).unwrap();
        super::paper::keep(&format!("signed-{paper:?}"), &signed);
        assert!(signed.starts_with(&pdf));
        assert_eq!(Certificate::read_any(&signed).unwrap(), certificate);
        assert_eq!(certificate.compare_pages(&signed, None), Ok(Pages::Same { logo: false, signed: true }));
        assert_eq!(signer().sign(&signed, ISSUED), Err(PadesError::Pdf), "it is signed already");
    }
}

#[test]
fn what_else_comes_with_a_signature_is_noticed() {
    let certificate = issue(&purged());
    let pdf = certificate.pdf().unwrap();
    let base = lopdf::Document::load_mem(&pdf).unwrap();
    let page = *base.get_pages().get(&1).unwrap();
    let added = |change: &dyn Fn(&mut lopdf::Document)| {
        let mut update = lopdf::IncrementalDocument::create_from(pdf.clone(), base.clone());
        update.opt_clone_object_to_new_document(page).unwrap();
        change(&mut update.new_document);
        let mut bytes = Vec::new();
        update.save_to(&mut bytes).unwrap();
        certificate.compare_pages(&bytes, None).unwrap()
    };
    let note = dictionary! {
        "Type" => "Annot", "Subtype" => "FreeText", "Contents" => lopdf::Object::string_literal("PURGED"),
        "Rect" => vec![0.into(), 0.into(), 500.into(), 500.into()],
    };
    let field = |rect: i64| {
        dictionary! {
            "Type" => "Annot", "Subtype" => "Widget", "FT" => "Sig",
            "Rect" => vec![0.into(), 0.into(), rect.into(), rect.into()],
        }
    };
    let with = |annotation: lopdf::Dictionary| {
        added(&|document| {
            let id = document.add_object(annotation.clone());
            let page = document.get_object_mut(page).and_then(lopdf::Object::as_dict_mut).unwrap();
            page.set("Annots", vec![lopdf::Object::from(id)]);
        })
    };
    assert_eq!(with(field(0)), Pages::Same { logo: false, signed: true });
    assert_eq!(with(field(300)), Pages::Added);
    assert_eq!(with(note), Pages::Added);
    let painted = added(&|document| {
        let stream = document.add_object(lopdf::Stream::new(lopdf::Dictionary::new(), b"BT ET".to_vec()));
        let page = document.get_object_mut(page).and_then(lopdf::Object::as_dict_mut).unwrap();
        page.set("Contents", stream);
    });
    assert_eq!(painted, Pages::Added);
}

#[test]
fn a_key_file_is_read_as_it_was_written() {
    let file = signer().to_file_text().unwrap();
    assert!(file.starts_with("-----BEGIN PRIVATE KEY-----\n") && file.ends_with("-----END CERTIFICATE-----\n"));
    let again = PadesKey::parse(&file).unwrap();
    assert_eq!(again.fingerprint(), signer().fingerprint());
    let pdf = issue(&purged()).pdf().unwrap();
    assert_eq!(again.sign(&pdf, ISSUED).unwrap(), signer().sign(&pdf, ISSUED).unwrap());
    let other = PadesKey::new(&[7; 32], NAME, ISSUED).unwrap().certificate_pem().unwrap();
    let (key, _) = file.split_at(file.find("-----BEGIN CERTIFICATE").unwrap());
    for bad in ["", key, &format!("{key}{other}"), &file[..file.len() - 60], &file.replace("PRIVATE", "PUBLIC")] {
        assert_eq!(PadesKey::parse(bad).err(), Some(PadesError::Key), "{bad}");
    }
}

#[test]
fn a_seed_that_is_no_key_is_refused() {
    assert_eq!(PadesKey::new(&[0; 32], NAME, ISSUED).err(), Some(PadesError::Key));
    assert_eq!(signer().sign(b"%PDF-1.7", ISSUED), Err(PadesError::Pdf));
}
