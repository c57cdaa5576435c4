//! The first page holds all that it must, whatever there is to say, and nothing on it lies on anything else.

use printpdf::{Op, PdfPage, TextItem};
use purgeproof_core::capability::{Area, Found, Hidden};

use super::firmware::{nvme_plan, ordinary};
use super::paper::{every, wordy};
use super::trust::{carrying, delegated, grant, root};
use super::*;
use crate::code::{Code, Coded};
use crate::font::{Face, Fonts};
use crate::hidden::HiddenArea;
use crate::qr::Modules;
use crate::reason::Because;
use crate::sheet::{HEIGHT, WIDTH};

const MM_PER_POINT: f32 = 25.4 / 72.0;

/// A place on the page: left, top, right, bottom in millimetres.
type Place = (f32, f32, f32, f32);

/// The texts of a page and the rings of its polygons, each with its place.
fn contents(page: &PdfPage, fonts: &Fonts) -> (Vec<(String, Place)>, Vec<Vec<Place>>) {
    let (mut texts, mut polygons) = (Vec::new(), Vec::new());
    let (mut face, mut size, mut at) = (Face::Regular, 0.0, (0.0, 0.0));
    let mm = |point: printpdf::Point| (point.x.0 * MM_PER_POINT, HEIGHT - point.y.0 * MM_PER_POINT);
    for op in &page.ops {
        match op {
            Op::SetFont { font: printpdf::PdfFontHandle::External(id), size: points } => {
                face = Face::ALL.into_iter().find(|face| face.id() == *id).unwrap();
                size = points.0;
            }
            Op::SetTextCursor { pos } => at = mm(*pos),
            Op::ShowText { items } => {
                let [TextItem::Text(text)] = items.as_slice() else { panic!("{items:?}") };
                let height = size * MM_PER_POINT;
                let right = at.0 + fonts.width(face, size, text) * MM_PER_POINT;
                texts.push((text.clone(), (at.0, at.1 - 0.7 * height, right, at.1 + 0.15 * height)));
            }
            Op::DrawPolygon { polygon } => {
                let place = |ring: &printpdf::PolygonRing| {
                    let [from, .., to] = [mm(ring.points[0].p), mm(ring.points[1].p), mm(ring.points[2].p)];
                    (from.0, from.1, to.0, to.1)
                };
                polygons.push(polygon.rings.iter().map(place).collect());
            }
            _ => {}
        }
    }
    (texts, polygons)
}

fn hull(places: &[Place]) -> Place {
    let start = (WIDTH, HEIGHT, 0.0, 0.0);
    places
        .iter()
        .fold(start, |all: Place, one| (all.0.min(one.0), all.1.min(one.1), all.2.max(one.2), all.3.max(one.3)))
}

fn overlap(one: &Place, other: &Place) -> bool {
    // A tenth of a millimetre is rounding.
    one.0 + 0.1 < other.2 && other.0 + 0.1 < one.2 && one.1 + 0.1 < other.3 && other.1 + 0.1 < one.3
}

/// What stands on the first page, which holds what every first page does.
fn first_page(name: &str, certificate: &Certificate) -> String {
    let fonts = Fonts::load().unwrap();
    let pages = crate::pdf::pages(certificate, None, &fonts);
    let (texts, polygons) = contents(&pages[0], &fonts);
    for (text, (left, top, right, bottom)) in &texts {
        let is_inside = *left >= 14.0 && *right <= WIDTH - 13.8 && *top >= 10.0 && *bottom <= HEIGHT - 5.0;
        assert!(is_inside, "{name}: {text:?} goes to {right}, {bottom}");
    }
    for (index, (text, place)) in texts.iter().enumerate() {
        for (other, second) in &texts[index + 1..] {
            assert!(!overlap(place, second), "{name}: {text:?} lies on {other:?}");
        }
    }
    if let Some(code) = Modules::of(&certificate.qr_text()) {
        let drawn = polygons.iter().find(|rings| rings.len() == code.runs().len()).expect("the QR code");
        let code = hull(drawn);
        assert!(code.0 > 14.0 && code.2 < WIDTH - 14.0 && code.3 < HEIGHT - 40.0, "{name}: {code:?}");
        for (text, place) in &texts {
            assert!(!overlap(place, &code), "{name}: {text:?} lies on the QR code");
        }
    }
    let shown: Vec<String> = texts.into_iter().map(|(text, _)| text).collect();
    let words =
        ["Proof", "Because", "Drive", "Method", "Verification", "Hidden areas", "signature", "Validation decision:"];
    for word in words {
        assert!(shown.iter().any(|text| text == word), "{name}: {word}");
    }
    assert!(shown.contains(&certificate.claims().statement.outcome.0.to_string()), "{name}");
    shown.join(" ")
}

/// As much as a certificate can say.
fn endless(key: &Key) -> Certificate {
    let long = |code: u16| format!("No. {code}: ") + &"why it is so takes many words. ".repeat(5);
    let mut claims = issue(&fallen()).claims().clone();
    let statement = &mut claims.statement;
    let techniques = [Technique::SanitizeOverwrite, Technique::SecurityEraseEnhanced, Technique::FormatUnit];
    let refused = techniques.map(|one| Because(Reason::Refused(one, long(one.code()))));
    statement.reasons.extend(refused.clone());
    statement.method.setbacks = Some(refused.to_vec());
    statement.outcome = Coded(Outcome::NotErased);
    statement.exceptions = (1..=17).filter_map(|code| Some(Coded(Exception::from_code(code)?))).collect();
    statement.hidden = (1..=10)
        .map(|code| HiddenArea(Hidden { area: Area::from_code(code).unwrap(), found: Found::Unknown(long(code)) }))
        .collect();
    Certificate::seal(Typ::Certificate, claims, key).unwrap()
}

#[test]
fn every_first_page_has_the_proof_and_the_lines_to_sign_on() {
    let rest = [("wordy", wordy()), ("begun", begun(nvme_plan())), ("erased-twice", erased_twice())];
    for (name, evidence) in every().into_iter().chain(rest) {
        first_page(name, &issue(&evidence));
    }
}

#[test]
fn what_is_shortened_on_the_first_page_is_on_the_second() {
    let certificate = endless(&key());
    let first = first_page("endless", &certificate);
    assert!(first.contains("(page 2)"));
    let fonts = Fonts::load().unwrap();
    let pages = crate::pdf::pages(&certificate, None, &fonts);
    let later: String =
        pages[1..].iter().flat_map(|page| contents(page, &fonts).0).map(|(text, _)| text + " ").collect();
    for exception in &certificate.claims().statement.exceptions {
        assert!(first.contains(&crate::rows::exception(&exception.0)[1..]), "{exception:?}");
        assert!(later.contains(&exception.0.to_string()), "{exception:?}");
    }
    for because in &certificate.claims().statement.reasons {
        let sentence = crate::rows::sentence(&because.0.to_string());
        assert!(first.contains(&sentence) || later.contains(&sentence), "{because:?}");
    }
}

#[test]
fn the_commonest_certificate_says_everything_on_its_first_page() {
    let certificate = issue(&ordinary());
    let first = first_page("ordinary", &certificate);
    assert!(!first.contains("page 2)"), "{first}");
    for exception in &certificate.claims().statement.exceptions {
        assert!(first.contains(&exception.0.to_string()), "{exception:?}");
    }
}

#[test]
fn a_delegation_has_room_beside_everything_else() {
    let long = Grant { organisation: "O".repeat(64), stick: "S".repeat(64), ..grant() };
    let key = carrying(Delegation::issue(long, &root()).unwrap());
    for (name, certificate) in [
        ("delegated", delegated()),
        ("delegated-wordy", Certificate::issue(&wordy(), &key, link(), ISSUED).unwrap()),
        ("delegated-endless", endless(&key)),
    ] {
        let first = first_page(name, &certificate);
        assert!(first.contains("DELEGATED by a key"), "{name}");
    }
}
