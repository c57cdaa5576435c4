//! What a drive looked like before and after its erase.

use purgeproof_core::survey::{Signature, Sketch, Survey, When};

use super::*;

/// A survey of a disk of which a half is text and a half zeros, or of noise.
fn look(is_old: bool) -> Survey {
    let mut state = 1_u64;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    let mut sketch = Sketch::new(512);
    for (region, offset) in (0..512).zip((0..).step_by(4096)) {
        let page: Vec<u8> = match (is_old, region) {
            (false, _) => (0..4096).map(|_| noise()).collect(),
            (true, 0..256) => b"one word after the other ".iter().copied().cycle().take(4096).collect(),
            (true, _) => vec![0; 4096],
        };
        sketch.look(region, offset, &page);
    }
    if is_old {
        sketch.unreadable(70);
        sketch.sign(Signature::Gpt, Lba(0));
        sketch.sign(Signature::Ntfs, Lba(2048));
    }
    sketch.finish()
}

/// Evidence of an overwrite without a flaw, with what the drive looked like before and after.
pub(super) fn surveyed() -> Evidence {
    let mut evidence = begun(plan_for(&drive()));
    for entry in cleared().facts() {
        if matches!(entry.fact, Fact::PassBegan { .. }) {
            evidence.add(entry.at_ms, Fact::Surveyed { when: When::Before, survey: look(true) });
        }
        evidence.add(entry.at_ms, entry.fact.clone());
    }
    evidence.add(101_600, Fact::Surveyed { when: When::After, survey: look(false) });
    evidence
}

#[test]
fn a_survey_changes_no_word_unless_old_data_are_still_there() {
    let certificate = issue(&surveyed());
    assert_eq!(certificate.claims().statement.outcome.0, Outcome::Cleared);
    assert!(certificate.verify(None).holds());
    assert!(certificate.evidence_matches(&evidence_bundle(&surveyed()).unwrap()).is_ok());

    let mut kept = cleared();
    let survey = Survey { unchanged: 3, first_unchanged: vec![Lba(8), Lba(800), Lba(8000)], ..look(true) };
    kept.add(101_600, Fact::Surveyed { when: When::After, survey });
    let certificate = issue(&kept);
    let statement = &certificate.claims().statement;
    let reason = Reason::Unchanged { places: 3, first: vec![Lba(8), Lba(800), Lba(8000)] };
    assert_eq!((statement.outcome.0, &statement.reasons[0].0), (Outcome::NotErased, &reason));
    assert!(certificate.verify(None).holds());
    assert_eq!(Certificate::parse(certificate.bytes()).unwrap(), certificate);
}
