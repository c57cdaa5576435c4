//! The first page holds all that it must, whatever there is to say, and nothing on it lies on anything else.

use printpdf::{Op, PdfPage, TextItem};
use purgeproof_core::capability::{Area, Found, Hidden};
use purgeproof_core::policy::Paper;

use super::firmware::{nvme_plan, ordinary};
use super::paper::{every, wordy};
use super::trust::{carrying, delegated, grant, root};
use super::*;
use crate::code::{Code, Coded};
use crate::font::{Face, Fonts};
use crate::hidden::HiddenArea;
use crate::qr::Modules;
use crate::reason::Because;
use crate::sheet::size;

const MM_PER_POINT: f32 = 25.4 / 72.0;

/// A place on the page: left, top, right, bottom in millimetres.
type Place = (f32, f32, f32, f32);

/// The texts of a page and the rings of its polygons, each with its place.
fn contents(page: &PdfPage, paper: Paper, fonts: &Fonts) -> (Vec<(String, Place)>, Vec<Vec<Place>>) {
    let (mut texts, mut polygons) = (Vec::new(), Vec::new());
    let (mut face, mut size, mut at) = (Face::Regular, 0.0, (0.0, 0.0));
    let bottom = crate::sheet::size(paper).1;
    let mm = |point: printpdf::Point| (point.x.0 * MM_PER_POINT, bottom - point.y.0 * MM_PER_POINT);
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
    let start = (f32::MAX, f32::MAX, 0.0, 0.0);
    places
        .iter()
        .fold(start, |all: Place, one| (all.0.min(one.0), all.1.min(one.1), all.2.max(one.2), all.3.max(one.3)))
}

fn overlap(one: &Place, other: &Place) -> bool {
    // A tenth of a millimetre is rounding.
    one.0 + 0.1 < other.2 && other.0 + 0.1 < one.2 && one.1 + 0.1 < other.3 && other.1 + 0.1 < one.3
}

/// The QR code of a certificate, if there is one that is large enough, is on the first page or the second, large enough to be read, with
/// its margin free.
fn code_is_clear(name: &str, certificate: &Certificate, pages: &[PdfPage], paper: Paper) {
    let Some(code) = Modules::of(&certificate.qr_text()) else { return };
    let fonts = Fonts::load().unwrap();
    let is_code = |rings: &&Vec<Place>| rings.len() == code.runs().len();
    let drawn = pages.iter().take(2).find_map(|page| {
        let (texts, polygons) = contents(page, paper, &fonts);
        polygons.iter().find(is_code).map(|rings| (texts, hull(rings)))
    });
    let (texts, place) = drawn.expect("the QR code");
    let modules = u16::try_from(code.side).unwrap();
    // A tenth of the thickness of a hair is rounding.
    assert!((place.2 - place.0) / f32::from(modules) > 0.499_99, "{name} on {paper:?}: {place:?}");
    assert!((place.3 - place.1) / f32::from(modules) > 0.499_99, "{name} on {paper:?}: {place:?}");
    let (width, height) = size(paper);
    assert!(place.0 > 14.0 && place.2 < width - 14.0 && place.3 < height - 40.0, "{name} on {paper:?}: {place:?}");
    let margin = (place.0 - 2.0, place.1 - 2.0, place.2 + 2.0, place.3 + 2.0);
    for (text, at) in &texts {
        assert!(!overlap(at, &margin), "{name} on {paper:?}: {text:?} lies on the margin of the QR code");
    }
}

/// What stands on the first page, which holds what every first page does.
fn first_page(name: &str, certificate: &Certificate, paper: Paper) -> String {
    let fonts = Fonts::load().unwrap();
    let pages = crate::pdf::pages(certificate, &Print { paper, ..Print::default() }, &fonts);
    let (width, height) = size(paper);
    let (texts, _) = contents(&pages[0], paper, &fonts);
    for (text, (left, top, right, bottom)) in &texts {
        let is_inside = *left >= 13.9 && *right <= width - 13.8 && *top >= 10.0 && *bottom <= height - 5.0;
        assert!(is_inside, "{name} on {paper:?}: {text:?} goes to {right}, {bottom}");
    }
    for (index, (text, place)) in texts.iter().enumerate() {
        for (other, second) in &texts[index + 1..] {
            assert!(!overlap(place, second), "{name}: {text:?} lies on {other:?}");
        }
    }
    code_is_clear(name, certificate, &pages, paper);
    let shown: Vec<String> = texts.into_iter().map(|(text, _)| text).collect();
    let words = ["Proof", "Because", "Drive", "Method", "Verification", "Hidden areas", "signature", "Decision:"];
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
    statement.exceptions = (1..=19).filter_map(|code| Some(Coded(Exception::from_code(code)?))).collect();
    statement.hidden = (1..=10)
        .map(|code| HiddenArea(Hidden { area: Area::from_code(code).unwrap(), found: Found::Unknown(long(code)) }))
        .collect();
    Certificate::seal(Typ::Certificate, claims, key).unwrap()
}

#[test]
fn every_first_page_has_the_proof_and_the_lines_to_sign_on() {
    let rest = [("wordy", wordy()), ("begun", begun(nvme_plan())), ("erased-twice", erased_twice())];
    for (name, evidence) in every().into_iter().chain(rest) {
        for paper in [Paper::A4, Paper::Letter] {
            first_page(name, &issue(&evidence), paper);
        }
    }
}

#[test]
fn what_is_shortened_on_the_first_page_is_on_the_second() {
    let certificate = endless(&key());
    for paper in [Paper::A4, Paper::Letter] {
        let first = first_page("endless", &certificate, paper);
        assert!(first.contains("(page 2)"));
        let fonts = Fonts::load().unwrap();
        let pages = crate::pdf::pages(&certificate, &Print { paper, ..Print::default() }, &fonts);
        let texts = pages[1..].iter().flat_map(|page| contents(page, paper, &fonts).0);
        let later: String = texts.map(|(text, _)| text + " ").collect();
        for exception in &certificate.claims().statement.exceptions {
            assert!(first.contains(&crate::rows::exception(&exception.0)[1..]), "{exception:?}");
            assert!(later.contains(&exception.0.to_string()), "{exception:?}");
        }
        for because in &certificate.claims().statement.reasons {
            let sentence = crate::rows::sentence(&because.0.to_string());
            assert!(first.contains(&sentence) || later.contains(&sentence), "{because:?}");
        }
    }
}

/// A certificate with as long a text as still has a QR code: version 40, 177 modules a side.
#[test]
fn the_largest_code_is_as_large_as_any() {
    let mut claims = issue(&cleared()).claims().clone();
    claims.statement.exceptions.clear();
    let hidden =
        |text: usize| HiddenArea(Hidden { area: Area::HostProtectedArea, found: Found::Unknown("x".repeat(text)) });
    let sealed = |lengths: &[usize]| {
        let mut claims = claims.clone();
        claims.statement.hidden = lengths.iter().map(|&length| hidden(length)).collect();
        Certificate::seal(Typ::Certificate, claims, &key()).unwrap()
    };
    let side = |certificate: &Certificate| Modules::of(&certificate.qr_text()).map(|code| code.side);
    let texts = (1..20).rev().map(|count| vec![150; count]);
    let largest = texts.map(|lengths| sealed(&lengths)).find(|certificate| side(certificate).is_some()).unwrap();
    assert_eq!(side(&largest), Some(177));
    for paper in [Paper::A4, Paper::Letter] {
        first_page("largest", &largest, paper);
    }
    assert_eq!(side(&sealed(&[150; 20])), None);
    first_page("without", &sealed(&[150; 20]), Paper::Letter);
}

#[test]
fn the_commonest_certificate_says_everything_on_its_first_page() {
    let certificate = issue(&ordinary());
    let first = first_page("ordinary", &certificate, Paper::A4);
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
        let first = first_page(name, &certificate, Paper::A4);
        assert!(first.contains("DELEGATED by key "), "{name}");
    }
}
