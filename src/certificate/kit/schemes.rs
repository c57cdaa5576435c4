//! Overwrites of several passes.

use purgeproof_core::gauge::Gauge;
use purgeproof_core::scheme::named;

use super::hostile::{flaws, forged};
use super::*;
use crate::code::Coded;

/// A policy that has its drives overwritten by this scheme.
fn policy(scheme: &str) -> Policy {
    let own = "[[scheme]]\nname = 'house rule'\npasses = ['random', 'random-byte', 'complement', '0x924924']";
    Policy::parse(&format!("[[rule]]\nname = 'all'\naction = 'purge'\nscheme = '{scheme}'\n{own}")).unwrap()
}

/// Evidence of an overwrite by a scheme, without a flaw.
pub(super) fn by_scheme(scheme: &str) -> Evidence {
    let capabilities =
        Capabilities { techniques: vec![(Technique::Overwrite, Support::Present)], ..Capabilities::default() };
    let plan = plan(&drive(), &capabilities, &policy(scheme)).unwrap();
    let found = plan.drive.clone();
    let mut evidence = begun(plan);
    let patterns = evidence.passes();
    evidence.add(60_100, Fact::Opened { found });
    for (number, pattern) in (1..).zip(&patterns) {
        evidence.add(60_200, Fact::PassBegan { number, pattern: *pattern });
        evidence.add(80_200, Fact::PassEnded { number, report: whole(BLOCKS) });
        evidence.add(80_900, Fact::Flushed);
    }
    let expect = Expect::Pattern(*patterns.last().unwrap());
    evidence.add(81_000, Fact::VerifyBegan { coverage: Coverage::Full, places: 1, expect });
    evidence
        .add(101_500, Fact::VerifyEnded { report: whole(BLOCKS), mismatches: Mismatches::default(), constant: None });
    evidence
}

fn method(evidence: &Evidence) -> claims::Method {
    issue(evidence).claims().statement.method.clone()
}

#[test]
fn a_certificate_lists_the_passes_as_they_were_written() {
    let evidence = by_scheme("dod-short");
    assert_eq!(evidence.verdict().outcome, Outcome::Cleared);
    let method = method(&evidence);
    assert_eq!(method.scheme.as_deref(), Some("dod-short"));
    // E5h drawn for the job, its complement, the keystream.
    assert_eq!(method.passes, [Pattern::Byte(0xe5), Pattern::Byte(0x1a), Pattern::Random].map(Coded));
    assert_eq!(method.written.0, [BLOCKS; 3]);
    let json = issue(&evidence).json();
    assert!(json.contains("\"scheme\": \"dod-short\""), "{json}");
    assert!(json.contains("\"0xE5\",\n      \"0x1A\",\n      \"random\""), "{json}");
}

#[test]
fn a_pattern_of_several_bytes_is_what_was_expected() {
    let statement = issue(&by_scheme("house rule")).claims().statement.clone();
    let last = Pattern::Three([0x92, 0x49, 0x24]);
    assert_eq!(statement.verification.expect, Some(Coded(Expect::Pattern(last))));
    assert_eq!(statement.method.passes.last(), Some(&Coded(last)));
    // 43h: a string of three bytes.
    assert_eq!(minicbor::to_vec(Coded(last)).unwrap(), [0x43, 0x92, 0x49, 0x24]);
    for wrong in [&[0x43, 0x92, 0x49, 0x92][..], &[0x19, 0x01, 0x02], &[0x40], &[0x45, 1, 2, 3, 4, 5]] {
        let read = minicbor::decode::<Coded<Pattern>>(wrong);
        assert!(read.is_err() || read.unwrap().0 != last, "{wrong:02x?}");
    }
}

#[test]
fn a_certificate_names_the_keystream_of_its_random_passes() {
    let mut evidence = by_scheme("dod-short");
    assert_eq!((method(&evidence).other_stream, method(&evidence).stream()), (None, Some(Stream::ChaCha20)));
    assert!(issue(&evidence).json().contains("\"keystream\": \"ChaCha20, 256-bit key, 64-bit little-endian"));
    evidence.drawn.stream = Stream::Aes256Ctr;
    let certificate = issue(&evidence);
    assert_eq!(certificate.claims().statement.method.stream(), Some(Stream::Aes256Ctr));
    assert!(certificate.verify(None).holds());
    assert!(certificate.json().contains("\"keystream\": \"AES-256-CTR, 256-bit key, 128-bit big-endian"));
    assert_eq!(Certificate::parse(certificate.bytes()).unwrap(), certificate);

    // Without a random pass there is none to name, and ChaCha20 is named by no word.
    let mut fixed = by_scheme("nist-clear");
    fixed.drawn.stream = Stream::Aes256Ctr;
    assert_eq!((method(&fixed).other_stream, method(&fixed).stream()), (None, None));
    for (evidence, wrong) in [(&fixed, Stream::Aes256Ctr), (&evidence, Stream::ChaCha20)] {
        let forged = forged(evidence, |it| it.statement.method.other_stream = Some(Coded(wrong)));
        assert!(flaws(&forged).contains(&Flaw::OtherPasses), "{wrong}");
    }
}

#[test]
fn thirty_five_passes_cost_a_qr_code_little() {
    let (one, gutmann) = (issue(&cleared()).bytes().len(), issue(&by_scheme("gutmann")).bytes().len());
    assert!(gutmann < one + 160, "{one} bytes, Gutmann {gutmann}");
}

#[test]
fn a_scheme_is_named_only_with_its_own_passes() {
    let named_otherwise = |evidence: &Evidence, scheme: Option<&str>| {
        flaws(&forged(evidence, |it| it.statement.method.scheme = scheme.map(str::to_owned)))
    };
    let evidence = by_scheme("dod-short");
    assert_eq!(named_otherwise(&evidence, Some("dod-short")), []);
    assert_eq!(named_otherwise(&evidence, None), []);
    assert_eq!(named_otherwise(&evidence, Some("dod-5220.22-m")), [Flaw::OtherPasses]);
    assert_eq!(named_otherwise(&cleared(), Some("gutmann")), [Flaw::OtherPasses]);
    assert_eq!(named_otherwise(&purged(), Some("any")), [Flaw::OtherPasses]);
    let swapped = forged(&evidence, |it| it.statement.method.passes.swap(0, 1));
    // The complement of the one is the other, whichever came first.
    assert_eq!(flaws(&swapped), []);
    let shorter = forged(&by_scheme("gutmann"), |it| {
        it.statement.method.passes.truncate(34);
        it.statement.method.written.0.truncate(34);
    });
    assert_eq!(flaws(&shorter), [Flaw::OtherPasses]);
    assert!(named("gutmann").is_some_and(|scheme| scheme.passes.len() == 35));
    let sampled = forged(&evidence, |it| it.statement.verification.coverage = Coded(Coverage::Sample));
    assert!(flaws(&sampled).contains(&Flaw::OtherPasses));
}

/// Evidence of a zero pass on a drive that takes zeros in 300 µs and random data in 1000 µs, with a random pass before it or not.
pub(super) fn dropping(with_front: bool) -> Evidence {
    let capabilities =
        Capabilities { techniques: vec![(Technique::Overwrite, Support::Present)], ..Capabilities::default() };
    let plan = plan(&drive(), &capabilities, &policy("nist-clear")).unwrap();
    let mut evidence = begun(plan);
    evidence.add(60_100, Fact::Opened { found: drive() });
    evidence.add(60_110, Fact::GaugeBegan);
    let gauge = Gauge { fixed_us: vec![300; 16], random_us: vec![1000; 16] };
    evidence.add(60_150, Fact::Gauged { gauge });
    let zeros = Pattern::Byte(0);
    let patterns = if with_front { vec![Pattern::Random, zeros] } else { vec![zeros] };
    for (number, pattern) in (1..).zip(patterns) {
        evidence.add(60_200, Fact::PassBegan { number, pattern });
        evidence.add(80_200, Fact::PassEnded { number, report: whole(BLOCKS) });
        evidence.add(80_900, Fact::Flushed);
    }
    let expect = Expect::Pattern(zeros);
    evidence.add(81_000, Fact::VerifyBegan { coverage: Coverage::Full, places: 1, expect });
    let (report, mismatches) = (whole(BLOCKS), Mismatches::default());
    evidence.add(101_500, Fact::VerifyEnded { report, mismatches, constant: None });
    evidence
}

#[test]
fn a_random_pass_before_the_planned_ones_says_why_it_is_there() {
    let certificate = issue(&dropping(true));
    assert!(certificate.verify(None).holds(), "{:?}", certificate.verify(None));
    let method = &certificate.claims().statement.method;
    assert_eq!(method.front, Some(claims::Front { zeros_us: 300, random_us: 1000 }));
    assert_eq!(method.passes, [Pattern::Random, Pattern::Byte(0)].map(Coded));
    let text =
        "pass 1, not planned: the drive took zeros in 300 µs, random data in 1,000 µs, as if it did not store zeros";
    assert_eq!(method.front.unwrap().to_string(), text);
    assert_eq!(certificate.claims().statement.outcome.0, Outcome::Cleared);
    // Without the pass that it asks for, the measurement stands against a good word.
    assert_eq!(dropping(false).verdict().outcome, Outcome::NotErased);
    // Without the measurement, the passes are not those of the scheme; nor is a slow drive a ground.
    let lied = |lie: fn(&mut claims::Method)| {
        !forged(&dropping(true), |it| lie(&mut it.statement.method)).verify(None).holds()
    };
    assert!(lied(|method| method.front = None));
    assert!(lied(|method| method.front = Some(claims::Front { zeros_us: 500, random_us: 1000 })));
    assert!(lied(|method| method.passes.truncate(1)));
}
