//! The PDF. With `PURGEPROOF_PAPER` set to a folder the tests leave their papers there to be looked at.

use super::firmware::{ordinary, security_erased};
use super::survey::surveyed;
use super::*;
use purgeproof_core::policy::Paper;

const SAME: Pages = Pages::Same { logo: false, signed: false };

pub(super) fn keep(name: &str, pdf: &[u8]) {
    if let Ok(folder) = std::env::var("PURGEPROOF_PAPER") {
        std::fs::write(format!("{folder}/{name}.pdf"), pdf).unwrap();
    }
}

fn paper(name: &str, evidence: &Evidence) -> Vec<u8> {
    let certificate = issue(evidence);
    let pdf = certificate.pdf_with(evidence).unwrap();
    keep(name, &pdf);
    assert_eq!(Certificate::read_any(&pdf).unwrap(), certificate);
    assert_eq!(certificate.compare_pages(&pdf, Some(evidence)), Ok(SAME));
    let print = Print { paper: Paper::Letter, logo: None, evidence: Some(evidence) };
    let letter = certificate.print(&print).unwrap();
    keep(&format!("{name}-letter"), &letter);
    assert_eq!(certificate.compare_pages(&letter, Some(evidence)), Ok(SAME));
    pdf
}

/// The number of pages: each page object names its parent.
fn pages(pdf: &[u8]) -> usize {
    lopdf::Document::load_mem(pdf).unwrap().get_pages().len()
}

/// The same PDF, said to be made by another program.
fn produced_by(pdf: &[u8], producer: &str) -> Vec<u8> {
    let mut document = lopdf::Document::load_mem(pdf).unwrap();
    let id = document.trailer.get(b"Info").and_then(lopdf::Object::as_reference).unwrap();
    let info = document.get_object_mut(id).and_then(lopdf::Object::as_dict_mut).unwrap();
    info.set("Producer", lopdf::Object::string_literal(producer));
    let mut other = Vec::new();
    document.save_to(&mut other).unwrap();
    other
}

/// A drive whose every string is as long as a certificate takes.
pub(super) fn wordy() -> Evidence {
    let long = |c: &str| c.repeat(200);
    let model = "SuperLongVendorName Enterprise Performance Mixed-Use Self-Encrypting Drive ".repeat(3);
    let named = Identity { model, firmware: Some(long("F")), wwn: Some(long("0")), vendor: Some(long("V")), ..drive() };
    let mut evidence = failing();
    evidence.plan.drive = named;
    let record = &mut evidence.setting.record;
    for field in [&mut record.organisation, &mut record.operator, &mut record.site, &mut record.job, &mut record.note] {
        *field = long("Quite ");
    }
    evidence
}

/// One of each kind, by name.
pub(super) fn every() -> Vec<(&'static str, Evidence)> {
    let mut unread = written(plan_for(&drive()));
    unread.add(90_000, Fact::VerifyBegan { coverage: Coverage::Full, places: 1, expect: RANDOM });
    let mut closed = begun(plan_for(&drive()));
    closed.add(60_100, Fact::NotOpened { error: OpenError::Refused { errno: 30 } });
    vec![
        ("cleared", cleared()),
        ("surveyed", surveyed()),
        ("sampled", sampled()),
        ("failing", failing()),
        ("unread", unread),
        ("closed", closed),
        ("purged", purged()),
        ("formatted-unmarked", formatted_unmarked()),
        ("ordinary", ordinary()),
        ("hpa-opened", hpa_opened()),
        ("liar", liar()),
        ("fallen", fallen()),
        ("registers-dropped", registers_dropped()),
        ("security-erased", security_erased()),
        ("dod-short", by_scheme("dod-short")),
        ("gutmann", by_scheme("gutmann")),
    ]
}

#[test]
fn the_reader_has_one_page_and_the_auditor_the_next() {
    for (name, evidence) in every() {
        assert_eq!(pages(&paper(name, &evidence)), 2, "{name}");
    }
}

#[test]
fn what_does_not_fit_goes_to_another_page() {
    assert_eq!(pages(&paper("wordy", &wordy())), 2);
}

#[test]
fn hostile_and_missing_words_leave_a_paper() {
    let serial =
        Serial { text: "\u{202E}9876\u{0}\n東京(\\)<<>>\u{200B}💾%".into(), source: SerialSource::UsbDescriptor };
    let hostile = Identity { serial: Some(serial), transport: Transport::Usb, ..drive() };
    let mut evidence = written(plan_for(&hostile));
    evidence.setting.clock.source = ClockSource::Implausible;
    paper("hostile", &evidence);
    let nameless = Identity { serial: None, wwn: None, firmware: None, model: String::new(), ..drive() };
    let mut evidence = begun(plan_for(&nameless));
    evidence.setting = Setting::default();
    paper("nameless", &evidence);
}

#[test]
fn a_pdf_without_a_certificate_or_with_a_broken_one_gives_none() {
    let good = paper("cleared", &cleared());
    for length in [0, 4, 5, 9, good.len() / 2, good.len() - 40] {
        assert!(Certificate::read_any(&good[..length]).is_err(), "{length}");
    }
    let at = good.windows(4).position(|four| four == [0xd2, 0x84, 0x58, 0x1a]).expect("it is kept uncompressed");
    let mut bad = good.clone();
    bad[at + 200] ^= 1;
    assert!(!Certificate::read_any(&bad).is_ok_and(|certificate| certificate.verify(None).holds()));
}

#[test]
fn changed_words_on_the_page_do_not_change_the_certificate_and_are_noticed() {
    let good = paper("cleared", &cleared());
    let certificate = issue(&cleared());
    let mut document = lopdf::Document::load_mem(&good).unwrap();
    let page = *document.get_pages().get(&1).unwrap();
    document.change_page_content(page, b"BT ET".to_vec()).unwrap();
    let mut changed = Vec::new();
    document.save_to(&mut changed).unwrap();
    assert_eq!(Certificate::read_any(&changed).unwrap(), certificate);
    assert_eq!(certificate.compare_pages(&changed, Some(&cleared())), Ok(Pages::Changed));
    let unknown = Pages::Unknown { producer: format!("PurgeProof {}", env!("CARGO_PKG_VERSION")) };
    assert_eq!(certificate.compare_pages(&changed, None), Ok(unknown.clone()));
    // With evidence that is not at hand it may be as it was.
    assert_eq!(certificate.compare_pages(&good, None), Ok(unknown));
    assert_eq!(certificate.compare_pages(&certificate.pdf().unwrap(), None), Ok(SAME));
    let other = produced_by(&changed, "PurgeProof 9.9.9");
    assert_eq!(
        certificate.compare_pages(&other, Some(&cleared())),
        Ok(Pages::Unknown { producer: "PurgeProof 9.9.9".into() })
    );
}

#[test]
fn what_is_added_to_a_pdf_is_noticed() {
    let certificate = issue(&cleared());
    let good = certificate.pdf().unwrap();
    assert_eq!(certificate.compare_pages(&[&good, &b"\r\n"[..]].concat(), None), Ok(SAME));
    for added in ["% a comment\n", "1 0 obj<<>>endobj"] {
        let more = [&good, added.as_bytes()].concat();
        assert_eq!(certificate.compare_pages(&more, None), Ok(Pages::Added), "{added:?}");
    }
}

#[test]
fn a_logo_stands_at_the_head_and_travels_with_the_pdf() {
    let logo = Logo::read(&crate::logo::tests::png(400, 100, png::ColorType::Rgb, &[20, 60, 160])).unwrap();
    let certificate = issue(&purged());
    for paper in [Paper::A4, Paper::Letter] {
        let pdf = certificate.print(&Print { paper, logo: Some(&logo), evidence: None }).unwrap();
        keep(&format!("logo-{paper:?}"), &pdf);
        assert_eq!(Certificate::read_any(&pdf).unwrap(), certificate);
        assert_eq!(certificate.compare_pages(&pdf, None), Ok(Pages::Same { logo: true, signed: false }));
    }
}

#[test]
fn a_thousand_requests_for_status_do_not_fill_a_hundred_pages() {
    let mut evidence = begun(purged().plan);
    for entry in purged().facts() {
        evidence.add(entry.at_ms, entry.fact.clone());
        let is_status = |exchange: &purgeproof_core::firmware::Exchange| exchange.command.starts_with("GET LOG PAGE");
        if matches!(&entry.fact, Fact::Exchanged { exchange } if is_status(exchange)) {
            (0..1000).for_each(|_| evidence.add(entry.at_ms, entry.fact.clone()));
        }
    }
    assert_eq!(pages(&paper("patient", &evidence)), 2);
}

#[test]
fn evidence_that_is_not_the_certificates_own_is_not_printed() {
    let certificate = issue(&purged());
    assert_eq!(certificate.pdf_with(&liar()).unwrap(), certificate.pdf().unwrap());
    assert_ne!(certificate.pdf_with(&purged()).unwrap(), certificate.pdf().unwrap());
}
