//! An evidence bundle: a verdict follows from whatever can be read, and what is written again says the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use purgeproof_core::evidence::Evidence;

fuzz_target!(|bytes: &[u8]| {
    let Ok(evidence) = serde_json::from_slice::<Evidence>(bytes) else { return };
    let verdict = evidence.verdict();
    let again = purgeproof_certificate::evidence_bundle(&evidence).unwrap();
    let again: Evidence = serde_json::from_slice(&again).unwrap();
    assert_eq!(again.verdict(), verdict);
});
