//! Certificates that somebody has changed, or that their own signer made to lie.

use proptest::prelude::*;
use purgeproof_core::drive::Transport;
use purgeproof_core::policy::Coverage;
use purgeproof_core::series;

use super::firmware::security_erased;
use super::*;
use crate::claims::Rests;
use crate::code::Coded;
use crate::reason::Because;

/// Read and found good.
fn passes(bytes: &[u8]) -> bool {
    Certificate::parse(bytes).is_ok_and(|certificate| certificate.verify(None).holds())
}

/// The certificate that a signer makes who writes what he likes.
pub(super) fn forged(evidence: &Evidence, lie: impl FnOnce(&mut Claims)) -> Certificate {
    let mut claims = issue(evidence).claims().clone();
    lie(&mut claims);
    let certificate = Certificate::seal(Typ::Certificate, claims, &key()).unwrap();
    Certificate::parse(certificate.bytes()).unwrap()
}

pub(super) fn flaws(certificate: &Certificate) -> Vec<Flaw> {
    certificate.verify(None).flaws().filter_map(|check| check.flaw).collect()
}

#[test]
fn not_one_bit_can_be_changed() {
    let good = issue(&cleared()).bytes().to_vec();
    assert!(passes(&good));
    for bit in 0..good.len() * 8 {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert!(!passes(&bad), "bit {} of byte {}", bit % 8, bit / 8);
    }
}

#[test]
fn no_part_of_a_certificate_is_one_and_neither_is_more() {
    let good = issue(&cleared()).bytes().to_vec();
    for length in 0..good.len() {
        assert!(Certificate::parse(&good[..length]).is_err(), "{length}");
    }
    let longer = [good.as_slice(), &[0]].concat();
    assert!(matches!(Certificate::parse(&longer), Err(ParseError::TrailingBytes { after }) if after == good.len()));
    let twice = [good.as_slice(), &good].concat();
    assert!(Certificate::parse(&twice).is_err());
    assert!(matches!(Certificate::parse(&vec![0xd2; 8193]), Err(ParseError::TooLong { bytes: 8193 })));
}

/// The good certificate with `from`, which occurs once, replaced; lengths before it are the caller's to mend.
fn replaced(from: &str, to: &str) -> Vec<u8> {
    let text = hex(issue(&cleared()).bytes());
    assert_eq!(text.matches(from).count(), 1, "{from}");
    let text = text.replace(from, to);
    text.as_bytes()
        .chunks(2)
        .map(|pair| purgeproof_core::evidence::unhex::<1>(core::str::from_utf8(pair).unwrap()).unwrap()[0])
        .collect()
}

#[test]
fn another_spelling_of_the_same_words_is_refused() {
    for (what, from, to) in [
        ("a longer tag", "d284581a", "d81284581a"),
        ("an array without a length", "d284581a", "d29f581a"),
        ("a longer length", "118012805840", "11801280590040"),
        ("the key's fields in another order", "a301012006215820", "a320060101215820"),
        ("a longer number", "a301012006215820", "a30118012006215820"),
        ("the statement's fields in another order", "0000b101010202", "0000b102020101"),
        ("a field twice", "0000b101010202", "0000b102020202"),
        ("a field that nobody knows", "0d830102030e", "0d830102031818"),
    ] {
        assert!(Certificate::parse(&replaced(from, to)).is_err(), "{what}");
    }
    for (from, to) in [("d284581a", "d81284581a"), ("0000b101010202", "0000b102020101")] {
        let error = Certificate::parse(&replaced(from, to)).unwrap_err();
        assert!(matches!(error, ParseError::NotDeterministic), "{error}");
    }
}

#[test]
fn another_algorithm_type_or_version_is_named() {
    let error = |from, to| Certificate::parse(&replaced(from, to)).unwrap_err();
    assert!(matches!(error("a301320448", "a301270448"), ParseError::Algorithm(-8)));
    assert!(
        matches!(error("6b70702d636572742b637774", "6b70702d636572742b637775"), ParseError::Type(typ) if typ == "pp-cert+cwu")
    );
    assert!(matches!(error("3a00010000b10101", "3a00010000b10102"), ParseError::Version(2)));
}

#[test]
fn another_key_does_not_fit() {
    let good = issue(&cleared());
    let other = Key::from_seed(&[9; 32]);
    let mut sign1 = good.sign1.clone();
    let swapped = with_key(&sign1, other.public());
    assert_eq!(flaws(&swapped), [Flaw::KeyId, Flaw::Signature, Flaw::Log]);
    sign1.kid = other.fingerprint();
    let swapped = with_key(&sign1, other.public());
    assert_eq!(flaws(&swapped), [Flaw::Signature, Flaw::Log]);
}

/// What is signed, with this key beside it.
fn with_key(sign1: &Sign1, public: [u8; 32]) -> Certificate {
    Certificate::parse(&sign1.encode(Some(&Credential::Own(public))).unwrap()).unwrap()
}

#[test]
fn a_small_order_key_that_fits_every_signature_is_refused() {
    // The neutral element as key, R = neutral, S = 0: the equation without the strict rules holds for any message.
    let public = core::array::from_fn(|i| u8::from(i == 0));
    let signature = core::array::from_fn(|i| u8::from(i == 0));
    let sign1 = Sign1 { kid: Fingerprint::of(&public), signature, ..issue(&cleared()).sign1 };
    assert!(flaws(&with_key(&sign1, public)).contains(&Flaw::Signature));
}

type Lie = Box<dyn FnOnce(&mut claims::Statement)>;

#[test]
fn a_word_that_its_own_record_does_not_bear_out_is_noticed() {
    let all_read = || vec![Because(Reason::AllReadBack)];
    let lies: Vec<(&str, Lie)> = vec![
        ("purged by an overwrite", Box::new(|it| it.outcome = Coded(Outcome::Purged))),
        ("no reason", Box::new(|it| it.reasons.clear())),
        ("a second reason", Box::new(|it| it.reasons.push(Because(Reason::Stopped)))),
        ("a pass that ended early", Box::new(|it| it.method.written.0 = vec![BLOCKS - 1])),
        ("a pass that is missing", Box::new(|it| it.method.written.0.clear())),
        ("no pass at all", Box::new(|it| (it.method.passes, it.method.written.0) = (vec![], vec![]))),
        ("a read-back that ended early", Box::new(|it| it.verification.read = Some(BLOCKS - 1))),
        ("no read-back", Box::new(|it| (it.verification.read, it.verification.wanted) = (None, None))),
        ("a bigger drive", Box::new(|it| it.device.bytes *= 2)),
    ];
    for (what, lie) in lies {
        let certificate = forged(&cleared(), |claims| lie(&mut claims.statement));
        assert_eq!(flaws(&certificate), [Flaw::Unfounded], "{what}");
    }
    let whitewashed = forged(&failing(), |claims| {
        claims.statement.outcome = Coded(Outcome::Cleared);
        claims.statement.reasons = all_read();
    });
    assert_eq!(flaws(&whitewashed), [Flaw::Unfounded]);
    let milder = forged(&failing(), |claims| claims.statement.outcome = Coded(Outcome::Indeterminate));
    assert_eq!(flaws(&milder), [Flaw::TooMild]);
    let unreasoned = forged(&failing(), |claims| claims.statement.reasons = all_read());
    assert_eq!(flaws(&unreasoned), [Flaw::Unreasoned]);
}

#[test]
fn bounds_exceptions_times_and_places_in_the_log_are_checked() {
    let of =
        |evidence: &Evidence, lie: fn(&mut claims::Statement)| flaws(&forged(evidence, |it| lie(&mut it.statement)));
    assert_eq!(
        of(&sampled(), |it| it.reasons = vec![Because(Reason::SampleReadBack { places: 4609, bound_ppm: 1 })]),
        [Flaw::Unfounded]
    );
    // 4609 places of a page each are no tenth of the drive.
    assert_eq!(of(&sampled(), |it| it.verification.coverage = Coded(Coverage::Tenth)), [Flaw::Unfounded]);
    assert_eq!(of(&sampled(), |it| it.exceptions.pop().map_or((), drop)), [Flaw::ExceptionLeftOut]);
    assert_eq!(of(&cleared(), |it| (it.device.serial, it.device.wwn) = (None, None)), [Flaw::ExceptionLeftOut]);
    assert_eq!(
        of(&cleared(), |it| it.device.transport = Coded(Transport::Usb)),
        [Flaw::OtherSteps, Flaw::ExceptionLeftOut]
    );
    assert_eq!(of(&cleared(), |it| it.time.end_unix_s = 0), [Flaw::Times]);
    assert_eq!(of(&cleared(), |it| it.time.duration_ms += 1000), [Flaw::Times]);
    assert_eq!(of(&cleared(), |it| it.time.rests = Some(Rests { count: 1, ms: 41_501, hottest_c: 71 })), [Flaw::Times]);
    assert_eq!(of(&cleared(), |it| it.link.seq = 0), [Flaw::Log]);
    assert_eq!(of(&cleared(), |it| it.link.prev = [0; 32]), [Flaw::Log]);
    assert_eq!(flaws(&forged(&cleared(), |it| it.issued_unix_s = 1)), [Flaw::Times]);
}

#[test]
fn a_simulation_is_never_signed_with_a_real_key_and_never_passes() {
    let simulated = Identity { simulated: true, ..drive() };
    let mut evidence = cleared();
    evidence.plan.drive = simulated;
    assert_eq!(Certificate::issue(&evidence, &key(), link(), ISSUED), Err(IssueError::Simulated));
    let public = Key::simulation();
    assert_eq!(Certificate::issue(&cleared(), &public, link(), ISSUED), Err(IssueError::NoRealKey));
    let link = Link::first([0; 8], &public);
    let certificate = Certificate::issue(&evidence, &public, link, ISSUED).unwrap();
    assert_eq!((flaws(&certificate), certificate.verify(None).trust), (vec![Flaw::Simulated], Trust::Simulated));
    assert!(
        certificate.file_stem().starts_with("SIMULATED-") && certificate.json().contains("purgeproof-simulation-1")
    );
    // Signed with a real key by somebody who goes around `issue`, in each way that hides a part of it.
    let bare = forged(&cleared(), |it| it.statement.device.simulated = Some(true));
    assert_eq!(flaws(&bare), [Flaw::Simulated, Flaw::Signature]);
    let disguised = Certificate::seal(Typ::Certificate, issue(&cleared()).claims().clone(), &public).unwrap();
    assert!(flaws(&disguised).contains(&Flaw::Simulated));
    let named = Certificate::seal(Typ::Simulation, issue(&cleared()).claims().clone(), &key()).unwrap();
    assert_eq!(flaws(&named), [Flaw::Simulated, Flaw::Signature]);
}

#[test]
fn changed_texts_are_refused() {
    let certificate = issue(&cleared());
    let json = certificate.json();
    let lied = json.replace("\"CLEARED\"", "\"PURGED\"");
    assert!(lied != json && matches!(Certificate::read_any(lied.as_bytes()), Err(ParseError::Json)));
    let text = certificate.qr_text();
    assert!(Certificate::from_qr_text(&text[..text.len() - 1]).is_err());
    assert!(matches!(Certificate::from_qr_text(&text.replace("PP1:", "PP2:")), Err(ParseError::NotACertificate)));
    assert!(matches!(Certificate::from_qr_text("PP1:::::::"), Err(ParseError::QrText)));
    assert_eq!(Certificate::from_qr_text(&format!("{text}\r\n")).unwrap(), certificate);
    // A series of codes as a scanner may give it: in another order, with empty lines.
    let mut parts = series::split(&text, 154).unwrap();
    parts.reverse();
    let lines = parts.join("\r\n\r\n");
    assert_eq!(Certificate::read_any(lines.as_bytes()).unwrap(), certificate);
    let error = Certificate::read_any(parts[1..].join("\n").as_bytes()).unwrap_err();
    assert!(error.to_string().contains(&format!("missing: {}", parts.len())), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = Certificate::read_any(&bytes);
        let _ = Certificate::parse(&[&[0xd2, 0x84], bytes.as_slice()].concat());
        let _ = sequence::certificates(&bytes).count();
    }

    #[test]
    fn a_mutilated_pdf_gives_the_certificate_or_none(
        hits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..40), cut in any::<prop::sample::Index>(),
    ) {
        static PDF: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| issue(&cleared()).pdf().unwrap());
        let mut bad = PDF.clone();
        // Structure is at the end: hit that more often than fonts.
        let tail = bad.len() - 12_000;
        for (index, (at, with)) in hits.iter().enumerate() {
            let at = if index % 4 == 0 { at.index(bad.len()) } else { tail + at.index(12_000) };
            bad[at] = *with;
        }
        let certificate = Certificate::read_any(&bad);
        prop_assert!(!certificate.is_ok_and(|it| it.verify(None).holds() && it != issue(&cleared())));
        let _ = Certificate::read_any(&bad[..cut.index(bad.len())]);
    }

    #[test]
    fn a_mutilated_certificate_never_passes(
        from in 0_usize..663, length in 0_usize..8, with in proptest::collection::vec(any::<u8>(), 0..8),
    ) {
        let good = issue(&failing()).bytes().to_vec();
        let mut bad = good.clone();
        bad.splice(from..(from + length).min(good.len()), with);
        prop_assume!(bad != good);
        prop_assert!(!passes(&bad));
    }
}

/// What a signer of a PURGED that is none would write, and the one flaw that each has.
#[test]
fn a_purged_that_is_none_is_noticed() {
    use crate::claims::{End, Statement};
    use purgeproof_core::technique::Level;
    type Lie = fn(&mut Statement);
    let lies: [(&str, Lie, &[Flaw]); 17] = [
        ("no marker test", |it| it.verification.markers = None, &[Flaw::Unfounded]),
        (
            "nobody looked for the markers",
            |it| it.verification.markers.as_mut().unwrap().sought = None,
            &[Flaw::Unfounded],
        ),
        ("a marker is left", |it| sought(it).left = 1, &[Flaw::Unfounded]),
        ("old data is left", |it| sought(it).witnesses_left = 1, &[Flaw::Unfounded]),
        ("too few landed", |it| it.verification.markers.as_mut().unwrap().landed = 2304, &[Flaw::Unfounded]),
        (
            "another bound",
            |it| it.reasons[1] = Because(Reason::MarkersGone { places: 4610, bound_ppm: 1 }),
            &[Flaw::Unfounded],
        ),
        ("no word of the markers", |it| drop(it.reasons.remove(1)), &[Flaw::Unfounded]),
        ("no word of the drive", |it| drop(it.reasons.remove(0)), &[Flaw::Unfounded]),
        ("no read-back", |it| drop(it.reasons.remove(2)), &[Flaw::Unfounded]),
        ("read back as if overwritten", |it| it.reasons[2] = Because(Reason::AllReadBack), &[Flaw::Unfounded]),
        ("other content", |it| it.verification.constant = Some(1), &[Flaw::Unfounded]),
        ("a bad reason besides", |it| it.reasons.push(Because(Reason::Stopped)), &[Flaw::Unfounded]),
        ("a step that failed", |it| it.method.ways[0].asked[1].end = End::Failed, &[Flaw::Unfounded]),
        ("a step left out", |it| drop(it.method.ways[0].asked.remove(0)), &[Flaw::Unfounded]),
        ("steps in another order", |it| it.method.ways[0].steps.reverse(), &[Flaw::OtherSteps, Flaw::Unfounded]),
        ("a row of another kind of drive", |it| it.method.ways[0].row = "A1".into(), &[Flaw::OtherSteps]),
        ("less than what was planned", |it| it.method.level = Coded(Level::Clear), &[Flaw::OtherSteps]),
    ];
    for (what, lie, flawed) in lies {
        assert_eq!(flaws(&forged(&purged(), |claims| lie(&mut claims.statement))), flawed, "{what}");
    }
}

/// What the drive calls erased counts as looked at; what could not be looked at does not, where the level rests on the drive's word.
#[test]
fn a_marker_test_that_was_none_bears_no_purge() {
    let blank = forged(&purged(), |claims| {
        let sought = sought(&mut claims.statement);
        (sought.constant, sought.blank) = (0, Some(4610));
    });
    assert_eq!(flaws(&blank), []);
    let few = Because(Reason::MarkersTooFew { landed: 0, places: 4610 });
    let untested = forged(&purged(), |claims| {
        sought(&mut claims.statement).constant = 0;
        claims.statement.reasons[1] = few.clone();
    });
    assert_eq!(flaws(&untested), [Flaw::Unfounded]);
    let more = |claims: &mut Claims| sought(&mut claims.statement).left = 1;
    assert_eq!(flaws(&forged(&formatted_unmarked(), more)), [Flaw::Unfounded], "a marker is left");
    let another = |claims: &mut Claims| claims.statement.reasons[1] = few;
    assert_eq!(flaws(&forged(&formatted_unmarked(), another)), []);
    let silent = |claims: &mut Claims| drop(claims.statement.reasons.remove(1));
    assert_eq!(flaws(&forged(&formatted_unmarked(), silent)), [Flaw::Unfounded], "no word of the markers");
}

pub(super) fn sought(statement: &mut claims::Statement) -> &mut claims::Sought {
    statement.verification.markers.as_mut().unwrap().sought.as_mut().unwrap()
}

#[test]
fn the_level_is_the_mediums_and_the_steps_own() {
    use purgeproof_core::technique::Level;
    let purge = |evidence: &Evidence, lie: fn(&mut claims::Statement)| {
        flaws(&forged(evidence, |claims| {
            claims.statement.outcome = Coded(Outcome::Purged);
            lie(&mut claims.statement);
        }))
    };
    // An overwrite that calls itself a Purge, in its outcome alone and all through.
    assert_eq!(purge(&cleared(), |_| ()), [Flaw::Unfounded]);
    let all_through = |it: &mut claims::Statement| {
        it.method.level = Coded(Level::Purge);
        it.method.ways[0].level = Coded(Level::Purge);
    };
    assert_eq!(purge(&cleared(), all_through), [Flaw::OtherSteps]);
    // A drive with platters that is none: Security Erase purges those only.
    let flash = forged(&security_erased(), |claims| claims.statement.device.medium = Coded(Medium::Flash));
    assert_eq!(flaws(&issue(&security_erased())), []);
    assert_eq!(flaws(&flash), [Flaw::OtherSteps]);
    // A Clear by leave that does not say that there was a better way.
    let silent = forged(&fallen(), |claims| claims.statement.method.setbacks = None);
    assert_eq!(flaws(&silent), [Flaw::OtherSteps]);
    let without_leave = forged(&fallen(), |claims| claims.statement.method.floor = Coded(Level::Purge));
    assert_eq!(flaws(&without_leave), [Flaw::OtherSteps]);
}

#[test]
fn what_is_not_covered_by_a_firmware_erase_is_stated() {
    use purgeproof_core::capability::{Area, Found, Hidden};
    let without = |evidence: &Evidence, exception: Exception| {
        let lie = |claims: &mut Claims| claims.statement.exceptions.retain(|stated| stated.0 != exception);
        assert!(evidence.verdict().exceptions.contains(&exception), "{exception:?}");
        assert_eq!(flaws(&forged(evidence, lie)), [Flaw::ExceptionLeftOut], "{exception:?}");
    };
    without(&purged(), Exception::FirmwareTrusted);
    without(&fallen(), Exception::StrongerTechniqueFailed);
    without(&fallen(), Exception::SpareBlocksNotAddressed);
    // An area that stayed closed where nothing reaches it.
    let kept = forged(&fallen(), |claims| {
        let found = Found::Closed { size: Bytes(512) };
        claims.statement.hidden[0] = hidden::HiddenArea(Hidden { found, ..claims.statement.hidden[0].0.clone() });
    });
    assert_eq!(flaws(&kept), [Flaw::Unfounded, Flaw::ExceptionLeftOut]);
    // One namespace of several that passes for the whole drive.
    let beside = forged(&purged(), |claims| {
        let hidden = Hidden { area: Area::OtherNamespaces, found: Found::Closed { size: Bytes(512) } };
        claims.statement.hidden.push(hidden::HiddenArea(hidden));
    });
    assert_eq!(flaws(&beside), [Flaw::ExceptionLeftOut]);
}
