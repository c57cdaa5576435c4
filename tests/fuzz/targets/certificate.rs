//! A certificate in any of its forms: what is read can be verified, shown, and read again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use purgeproof_certificate::{Certificate, sequence};

fuzz_target!(|bytes: &[u8]| {
    let _ = sequence::certificates(bytes).take(16).count();
    let Ok(certificate) = Certificate::read_any(bytes) else { return };
    let verification = certificate.verify();
    let _ = certificate.evidence_matches(bytes);
    assert_eq!(Certificate::read_any(certificate.json().as_bytes()).unwrap(), certificate);
    assert_eq!(Certificate::read_any(certificate.qr_text().as_bytes()).unwrap(), certificate);
    assert_eq!(Certificate::parse(certificate.bytes()).unwrap().verify(), verification);
});
