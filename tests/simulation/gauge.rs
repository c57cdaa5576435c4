//! Drives that do not store zeros, and drives that do.

use purgeproof_core::evidence::Fact;

use super::*;

/// 8 MiB: the least medium of which anything can be said.
const BLOCKS: u64 = 16_384;

/// The passes that were begun, in order, and the evidence.
fn passes(fault: Option<Fault>, policy: &str) -> (Vec<Pattern>, Evidence) {
    let clock = Arc::new(AtomicU64::new(0));
    let drive = SimDrive::new(1, BlockSize::B512, BLOCKS).unwrap().timed(Arc::clone(&clock));
    let drive = fault.into_iter().fold(drive, SimDrive::with);
    let capabilities = drive.capabilities(&[]);
    let (evidence, _) = erase_by_clock(clock, Box::new(drive.clone()), drive.identity(), policy, &capabilities);
    assert_eq!(evidence.verdict().outcome, Outcome::Cleared, "{:?}", evidence.verdict());
    let last = evidence.passes().last().copied().unwrap();
    assert_eq!(survivors(&drive, last), [0_u64; 0]);
    let began = |fact: &Fact| if let Fact::PassBegan { pattern, .. } = fact { Some(*pattern) } else { None };
    (evidence.facts().iter().filter_map(|entry| began(&entry.fact)).collect(), evidence)
}

fn was_gauged(evidence: &Evidence) -> bool {
    evidence.facts().iter().any(|entry| matches!(entry.fact, Fact::Gauged { .. }))
}

const ZEROS: &str = "[[rule]]\nname = 'x'\naction = 'purge'\npattern = 'zeros'";

#[test]
fn a_drive_that_drops_zeros_gets_a_random_pass_first() {
    let (written, evidence) = passes(Some(Fault::DropsZeros), ZEROS);
    assert_eq!(written, [Pattern::Random, Pattern::Byte(0)]);
    assert_eq!(evidence.passes(), written);
    let gauge = evidence.dropped_zeros().unwrap();
    assert_eq!((gauge.fixed_us.len(), gauge.random_us.len()), (16, 16));
}

#[test]
fn a_drive_that_stores_them_gets_what_was_planned() {
    let (written, evidence) = passes(None, ZEROS);
    assert_eq!(written, [Pattern::Byte(0)]);
    assert!(was_gauged(&evidence) && evidence.dropped_zeros().is_none());
}

#[test]
fn where_a_pass_is_random_anyway_nothing_is_tried() {
    let (written, evidence) =
        passes(Some(Fault::DropsZeros), "[[rule]]\nname = 'x'\naction = 'purge'\npattern = 'random'");
    assert_eq!(written, [Pattern::Random]);
    assert!(!was_gauged(&evidence));
}
