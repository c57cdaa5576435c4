//! Drives that erase themselves, and drives that say so.

use proptest::prelude::*;
use purgeproof_core::drive::{Medium, Transport};
use purgeproof_core::evidence::{Evidence, Fact, Secret};
use purgeproof_core::marker;
use purgeproof_core::stream::Stream;
use purgeproof_core::survey::{Content, Survey};
use purgeproof_core::technique::Technique;
use purgeproof_core::units::{BlockSize, Extent, Lba};
use purgeproof_core::verdict::{Exception, Outcome, Reason};
use purgeproof_drive::sim::{Fault, SimDrive};
use purgeproof_engine::journal::{Journal, unfiled};
use purgeproof_engine::keystream::Keystream;

use super::{BLOCKS, KEY, SURVEY, erase_by};

const SANITIZE: &[Technique] = &[Technique::SanitizeBlockErase];
const CLEAR_WILL_DO: &str = "[[rule]]\nname = 'x'\naction = 'purge'\nlevel = 'clear'";

/// A drive of this kind with these faults, erased by the strongest of these techniques.
fn run(drive: SimDrive, faults: &[Fault], techniques: &[Technique], policy: &str) -> (SimDrive, Evidence, String) {
    let drive = faults.iter().cloned().fold(drive, SimDrive::with);
    let (evidence, journal) = erase_by(&drive, policy, &drive.capabilities(techniques));
    (drive, evidence, journal)
}

fn ssd(seed: u64) -> SimDrive {
    SimDrive::new(seed, BlockSize::B512, BLOCKS).unwrap().attached(Transport::Nvme).on(Medium::Flash)
}

fn disk(seed: u64) -> SimDrive {
    SimDrive::new(seed, BlockSize::B512, BLOCKS).unwrap().attached(Transport::Ata).on(Medium::Magnetic)
}

/// Blocks that hold the owner's data, or the markers that stood for them.
fn survivors(drive: &SimDrive) -> Vec<u64> {
    let keystream = Keystream::new(Stream::ChaCha20, &marker::key(&Secret(KEY)));
    let survives = |lba: &u64| {
        let mut marker = vec![0; 512];
        keystream.fill(lba * 512, &mut marker);
        let now = drive.block(Lba(*lba));
        now == drive.original(Lba(*lba)) || now == marker
    };
    (0..drive.identity().geometry().unwrap().count().0).filter(survives).collect()
}

#[test]
fn each_technique_of_a_sound_drive_attains_its_level() {
    use Technique::{
        FormatCryptoErase, FormatUserDataErase, SanitizeBlockErase, SanitizeCryptoErase, SanitizeOverwrite,
        SecurityEraseEnhanced, SecurityEraseNormal, TcgRevert,
    };
    let cases: [(SimDrive, &[Technique], Outcome); 10] = [
        (ssd(1), &[SanitizeBlockErase], Outcome::Purged),
        (ssd(2), &[SanitizeCryptoErase, SanitizeBlockErase], Outcome::Purged),
        (ssd(3), &[SanitizeCryptoErase], Outcome::Purged),
        (ssd(4), &[SanitizeOverwrite], Outcome::Purged),
        (ssd(5), &[TcgRevert], Outcome::Purged),
        (ssd(6), &[FormatCryptoErase], Outcome::Cleared),
        (ssd(7), &[FormatUserDataErase], Outcome::Cleared),
        (disk(8), &[SecurityEraseEnhanced], Outcome::Purged),
        (disk(9), &[SecurityEraseNormal], Outcome::Cleared),
        (disk(10), &[], Outcome::Cleared),
    ];
    for (drive, techniques, outcome) in cases {
        let (drive, evidence, _) = run(drive, &[], techniques, "");
        let verdict = evidence.verdict();
        assert_eq!(verdict.outcome, outcome, "{techniques:?}: {verdict:?}");
        assert_eq!(survivors(&drive), [0_u64; 0], "{techniques:?}");
    }
}

type Expected = (&'static [Fault], Outcome, fn(&Reason) -> bool);

#[test]
fn each_fault_of_an_erase_has_its_verdict_and_its_reason() {
    const KEPT: Extent = Extent::new(4_000, 64);
    const ALL: Extent = Extent::new(0, BLOCKS);
    let cases: [Expected; 13] = [
        (&[Fault::EraseRefused(Technique::SanitizeBlockErase)], Outcome::NotErased, |r| {
            matches!(r, Reason::Refused(..))
        }),
        (&[Fault::EraseFails(40)], Outcome::NotErased, |r| matches!(r, Reason::EraseFailed(..))),
        (&[Fault::EraseStalls(60)], Outcome::Indeterminate, |r| matches!(r, Reason::Stalled(120..))),
        (&[Fault::EraseIgnored], Outcome::NotErased, |r| matches!(r, Reason::Ignored(_))),
        (&[Fault::EraseIgnored, Fault::StaleSuccess], Outcome::NotErased, |r| matches!(r, Reason::Survived { .. })),
        (&[Fault::EraseKeeps(ALL)], Outcome::NotErased, |r| matches!(r, Reason::Survived { .. })),
        (&[Fault::EraseKeeps(KEPT)], Outcome::NotErased, |r| matches!(r, Reason::Survived { .. })),
        (&[Fault::EraseKeeps(ALL), Fault::EraseInstant], Outcome::NotErased, |r| matches!(r, Reason::Survived { .. })),
        (&[Fault::StatusLost], Outcome::Indeterminate, |r| matches!(r, Reason::StatusUnreadable(_))),
        (&[Fault::EraseVanishes(50)], Outcome::Indeterminate, |r| matches!(r, Reason::GoneWhileErasing)),
        (&[Fault::Locked], Outcome::NotErased, |r| matches!(r, Reason::InTheWay(_))),
        (&[Fault::EraseInstant], Outcome::Purged, |r| matches!(r, Reason::MarkersGone { .. })),
        (&[Fault::Hides(1000)], Outcome::Purged, |r| matches!(r, Reason::MarkersGone { .. })),
    ];
    for (faults, outcome, is_reason) in cases {
        let (_, evidence, _) = run(ssd(20), faults, SANITIZE, "");
        let verdict = evidence.verdict();
        assert_eq!(verdict.outcome, outcome, "{faults:?}: {verdict:?}");
        assert!(verdict.reasons.iter().any(is_reason), "{faults:?}: {verdict:?}");
    }
}

#[test]
fn a_lower_level_needs_leave() {
    let refused = [Fault::EraseRefused(Technique::SanitizeBlockErase)];
    let (drive, evidence, _) = run(ssd(30), &refused, SANITIZE, "");
    assert_eq!(evidence.verdict().outcome, Outcome::NotErased, "nobody gave leave for a Clear");
    let touched = (0..BLOCKS).filter(|lba| drive.block(Lba(*lba)) != drive.original(Lba(*lba))).count();
    assert!(touched as u64 <= BLOCKS / 2 + 8, "nothing but markers was written: {touched}");

    let (drive, evidence, _) = run(ssd(30), &refused, SANITIZE, CLEAR_WILL_DO);
    let verdict = evidence.verdict();
    assert_eq!((verdict.outcome, &verdict.reasons[..]), (Outcome::Cleared, &[Reason::AllReadBack][..]));
    assert!(verdict.exceptions.contains(&Exception::StrongerTechniqueFailed));
    assert_eq!(survivors(&drive), [0_u64; 0]);
}

#[test]
fn another_technique_of_the_same_level_needs_no_new_word() {
    let techniques = [Technique::SanitizeBlockErase, Technique::SanitizeOverwrite];
    let (drive, evidence, _) = run(ssd(31), &[Fault::EraseRefused(Technique::SanitizeBlockErase)], &techniques, "");
    assert_eq!(evidence.verdict().outcome, Outcome::Purged, "{:?}", evidence.verdict());
    assert_eq!(survivors(&drive), [0_u64; 0]);
}

#[test]
fn a_hidden_area_that_stays_closed_is_no_clear_by_overwrite() {
    let (_, evidence, _) = run(disk(32), &[Fault::Hides(1000)], &[], "");
    let verdict = evidence.verdict();
    assert_eq!(verdict.outcome, Outcome::NotErased);
    assert!(matches!(verdict.reasons[..], [Reason::HiddenAreaKept(_)]), "{verdict:?}");
}

fn fault() -> impl Strategy<Value = Fault> {
    let extent = || (0..BLOCKS, 1_u64..4000).prop_map(|(start, count)| Extent::new(start, count.min(BLOCKS - start)));
    let technique = || proptest::sample::select(&Technique::ALL[..]);
    prop_oneof![
        extent().prop_map(Fault::Refuses),
        extent().prop_map(Fault::Unreadable),
        extent().prop_map(Fault::Lies),
        (0_u64..60, any::<bool>()).prop_map(|(at, later)| Fault::VanishesAt(if later { SURVEY + at } else { at })),
        Just(Fault::FlushFails),
        technique().prop_map(Fault::EraseRefused),
        (0_u8..100).prop_map(Fault::EraseFails),
        (0_u8..100).prop_map(Fault::EraseStalls),
        (0_u8..100).prop_map(Fault::EraseVanishes),
        Just(Fault::EraseIgnored),
        Just(Fault::EraseInstant),
        Just(Fault::StaleSuccess),
        Just(Fault::StatusLost),
        extent().prop_map(Fault::EraseKeeps),
        (1_u64..10_000).prop_map(Fault::Hides),
        Just(Fault::Locked),
    ]
}

/// Some bays with every run of the tests; `PROPTEST_CASES` for as many as one likes.
fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|count| count.parse().ok()).unwrap_or(1000)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn no_certificate_says_more_than_the_medium_bears_out(
        seed in any::<u64>(), faults in proptest::collection::vec(fault(), 0..4),
        techniques in proptest::sample::subsequence(Technique::ALL.to_vec(), 0..5),
        transport in prop_oneof![Just(Transport::Nvme), Just(Transport::Ata), Just(Transport::Scsi), Just(Transport::Mmc)],
        medium in prop_oneof![Just(Medium::Magnetic), Just(Medium::Flash), Just(Medium::Unknown)],
        clear_will_do in any::<bool>(), sample in any::<bool>(), cut_permille in 0..1000_usize,
    ) {
        let drive = SimDrive::new(seed, BlockSize::B512, BLOCKS).unwrap().attached(transport).on(medium);
        let level = if clear_will_do { "level = 'clear'" } else { "" };
        let verify = if sample { "sample" } else { "full" };
        let policy = format!("[[rule]]\nname = 'x'\naction = 'purge'\n{level}\nverify = '{verify}'");
        let (drive, evidence, journal) = run(drive, &faults, &techniques, &policy);
        let verdict = evidence.verdict();
        let left = survivors(&drive);
        if verdict.outcome.is_good() {
            prop_assert!(left.is_empty(), "{:?}, {:?}: {} survivors: {:?}", faults, techniques, left.len(), verdict);
        }
        if verdict.outcome == Outcome::Purged {
            let purges = techniques.iter().any(|technique| technique.level(medium) == purgeproof_core::technique::Level::Purge);
            prop_assert!(purges, "{:?}", techniques);
        }
        if faults.is_empty() {
            prop_assert!(verdict.outcome.is_good(), "{:?}: {:?}", techniques, verdict);
        }
        let torn = Journal::parse(&journal.as_bytes()[..journal.len() * cut_permille / 1000]).unwrap();
        for recovered in unfiled([&torn]) {
            prop_assert!(!recovered.verdict().outcome.is_good() || left.is_empty());
        }
    }
}

#[test]
fn a_survey_shows_what_was_there_and_what_a_liar_left() {
    let surveys = |evidence: &Evidence| -> Vec<Survey> {
        let facts = evidence.facts().iter();
        facts
            .filter_map(
                |entry| if let Fact::Surveyed { survey, .. } = &entry.fact { Some(survey.clone()) } else { None },
            )
            .collect()
    };
    let (_, sound, _) = run(ssd(21), &[], SANITIZE, "");
    let [before, after] = &surveys(&sound)[..] else { panic!("{:?}", sound.facts()) };
    // The owner's data are noise; a page in half a million may look too odd for that.
    assert!(before.count(Content::Random) >= 510, "{before}");
    assert_eq!((after.to_string(), after.unchanged), ("no signatures; 100 % zeros".into(), 0));

    let (_, lied, _) = run(ssd(22), &[Fault::EraseIgnored, Fault::StaleSuccess], SANITIZE, "");
    let [before, after] = &surveys(&lied)[..] else { panic!("{:?}", lied.facts()) };
    assert_eq!(lied.verdict().outcome, Outcome::NotErased);
    // All of them but those that the markers were written over.
    assert!(after.unchanged > 200 && after.unchanged <= before.count(Content::Random) as u64, "{}", after.unchanged);
    assert!(lied.verdict().reasons.iter().any(|reason| matches!(reason, Reason::Unchanged { .. })));
}
