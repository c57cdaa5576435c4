//! The PDF.
use super::*;

#[test]
fn the_pdf_holds_the_certificate_and_is_always_the_same() {
    for evidence in [cleared(), sampled(), failing()] {
        let certificate = issue(&evidence);
        let pdf = certificate.pdf().unwrap();
        if let Ok(folder) = std::env::var("PP_OUT") {
            std::fs::write(format!("{folder}/{}-{}.pdf", certificate.file_stem(), certificate.claims().statement.outcome.0), &pdf).unwrap();
        }
        assert_eq!(Certificate::read_any(&pdf).unwrap(), certificate);
        assert_eq!(certificate.is_rendered_as(&pdf), Ok(true));
    }
}
