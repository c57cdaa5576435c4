//! What people type or write into files: policy, kernel command line, key file, series of QR codes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use purgeproof_certificate::Key;
use purgeproof_core::policy::Policy;
use purgeproof_core::series;
use purgeproof_init::cmdline;

fuzz_target!(|text: &str| {
    if let Err(error) = Policy::parse(text) {
        assert!(!error.to_string().is_empty());
    }
    let _ = cmdline::words(text);
    let _ = Key::parse(text);
    if let Ok(whole) = series::join(text.lines()) {
        let parts = series::split(&whole, 120);
        assert!(parts.is_none_or(|parts| series::join(parts.iter().map(String::as_str)).unwrap() == whole));
    }
});
