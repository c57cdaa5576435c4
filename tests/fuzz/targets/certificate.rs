//! A certificate in any of its forms, or a trust file: what is read can be verified, shown, and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use purgeproof_certificate::{Certificate, TrustFile, sequence};

fuzz_target!(|bytes: &[u8]| {
    let _ = sequence::certificates(bytes).take(16).count();
    if let Ok(trust) = TrustFile::parse(bytes) {
        assert_eq!(trust.bytes(), bytes);
    }
    let Ok(certificate) = Certificate::read_any(bytes) else { return };
    let verification = certificate.verify(None);
    let _ = certificate.evidence_matches(bytes);
    assert_eq!(Certificate::read_any(certificate.json().as_bytes()).unwrap(), certificate);
    assert_eq!(Certificate::read_any(certificate.qr_text().as_bytes()).unwrap(), certificate);
    assert_eq!(Certificate::parse(certificate.bytes()).unwrap().verify(None), verification);
});
