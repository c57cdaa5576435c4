//! A journal as a power cut, or somebody else, left it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use purgeproof_core::job::resume::Interrupted;
use purgeproof_engine::journal::{self, Journal};

fuzz_target!(|bytes: &[u8]| {
    let Ok(journal) = Journal::parse(bytes) else { return };
    for evidence in journal::unfiled([&journal]) {
        let _ = evidence.verdict();
        let _ = Interrupted::of(&evidence);
    }
});
