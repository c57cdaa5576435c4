//! Certificates as they are issued, and what they say.
use super::*;

#[test]
fn a_certificate_goes_there_and_back_in_every_form() {
    for evidence in [cleared(), sampled(), failing()] {
        let certificate = issue(&evidence);
        assert!(certificate.verify().holds(), "{:?}", certificate.verify());
        assert_eq!(Certificate::parse(certificate.bytes()).unwrap(), certificate);
        assert_eq!(Certificate::from_qr_text(&certificate.qr_text()).unwrap(), certificate);
        assert_eq!(Certificate::read_any(certificate.qr_text().as_bytes()).unwrap(), certificate);
        assert_eq!(Certificate::read_any(certificate.json().as_bytes()).unwrap(), certificate);
        assert_eq!(Certificate::read_any(certificate.bytes()).unwrap(), certificate);
        let bundle = evidence_bundle(&evidence).unwrap();
        assert_eq!(certificate.evidence_matches(&bundle), Ok(evidence));
    }
}
