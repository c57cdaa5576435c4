//! Certificates that are well written and do not hold: one flaw each.

use purgeproof_core::technique::Level;

use super::super::hostile::{forged, sought};
use super::*;
use crate::code::Coded;
use crate::reason::Because;

type Lie = fn(&mut Claims);

fn lied(file: &str, about: &'static str, evidence: &Evidence, lie: Lie, code: &'static str) -> Piece {
    Piece::of(file, about, forged(evidence, lie).bytes().to_vec(), &[code])
}

pub(super) fn pieces() -> Vec<Piece> {
    [signatures(), words(), grounds(), circumstances(), evidence()].into_iter().flatten().collect()
}

/// A certificate taken apart.
struct Parts {
    sign1: Sign1,
    public: [u8; 32],
    claims: Claims,
}

impl Parts {
    fn sign(&mut self, key: &Key) {
        self.sign1.payload = self.claims.encode().unwrap();
        self.sign1.signature = key.sign(&self.sign1.to_be_signed().unwrap());
    }
}

/// Every word that a certificate can use: no evidence leads to it, and its reasons contradict its outcome.
pub(super) fn every_word() -> Piece {
    use crate::code::Code;
    use purgeproof_core::reformat::{End, Reformat};
    fn all<T: Code>() -> Vec<Coded<T>> {
        (1..).map_while(T::from_code).map(Coded).collect()
    }
    let certificate = forged(&fallen(), |claims| {
        let it = &mut claims.statement;
        it.outcome = Coded(Outcome::NotErased);
        (it.reasons, it.exceptions, it.obstacles) = (super::super::honest::every_reason(), all(), all());
        it.device.serial_source = Some(Coded(SerialSource::UsbDescriptor));
        it.device.link = Some(1_500_000_000);
        let (controller, advice) = ("RAID controller 0000:00:17.0 (8086:282a)".into(), "Switch it to AHCI".into());
        it.host.concealing = Some(vec![claims::Concealing { controller, advice }]);
        it.consent = claims::Consent::Policy("for reuse".into());
        it.method.other_stream = Some(Coded(Stream::Aes256Ctr));
        let end = End::Failed("no answer".into());
        it.reformat = Some(crate::reformat::Reformat(Reformat { to: BlockSize::B4096, end }));
        (it.device.opened_bytes, it.time.rests) =
            (Some(999_999), Some(claims::Rests { count: 2, ms: 7_000, hottest_c: -3 }));
    });
    Piece::of("every-word.cose", "every word that a certificate can use", certificate.bytes().to_vec(), &["unreasoned"])
}

/// Parts of the envelope exchanged.
fn reassembled(change: impl FnOnce(&mut Parts)) -> Vec<u8> {
    let certificate = issue(&cleared());
    let claims = certificate.claims().clone();
    let mut parts = Parts { public: *certificate.public_key(), sign1: certificate.sign1, claims };
    change(&mut parts);
    let sign1 = Sign1 { payload: parts.claims.encode().unwrap(), ..parts.sign1 };
    sign1.encode(Some(&Credential::Own(parts.public))).unwrap()
}

fn signatures() -> Vec<Piece> {
    let other = Key::from_seed(&[9; 32]);
    let bad = reassembled(|it| it.sign1.signature[63] ^= 1);
    let resigned = reassembled(|it| it.sign(&other));
    let key_id = reassembled(|it| {
        it.public = other.public();
        it.claims.statement.link = Link::first([0; 8], &other);
        it.sign(&other);
    });
    // The neutral element as key, R = neutral, S = 0: the equation without the strict rules holds for any message.
    let small_order = reassembled(|it| {
        it.public = core::array::from_fn(|i| u8::from(i == 0));
        it.sign1.kid = Fingerprint::of(&it.public);
        it.claims.statement.link.prev = Sha256::digest(it.public).into();
        it.sign1.signature = core::array::from_fn(|i| u8::from(i == 0));
    });
    let mut imagined = cleared();
    imagined.plan.drive.simulated = true;
    let public = Key::simulation();
    let simulated = Certificate::issue(&imagined, &public, Link::first([0; 8], &public), ISSUED).unwrap();
    vec![
        Piece::of("signature-bad.cose", "one bit of the signature turned", bad, &["signature"]),
        Piece::of(
            "signature-of-another-key.cose",
            "signed by another key, under the old key and key id",
            resigned,
            &["signature"],
        ),
        Piece::of(
            "key-id-of-another-key.cose",
            "another key signed it, under the key id of the first",
            key_id,
            &["key-id"],
        ),
        Piece::of(
            "signature-of-small-order.cose",
            "a key of small order, which fits every signature",
            small_order,
            &["signature"],
        ),
        Piece::of(
            "simulated.cose",
            "a drive that the program only imagined",
            simulated.bytes().to_vec(),
            &["simulated"],
        ),
    ]
}

/// Good words that are not borne out.
fn words() -> Vec<Piece> {
    let (overwrite, firmware, bad) = (cleared(), purged(), failing());
    vec![
        lied(
            "outcome-purged-by-overwrite.cose",
            "an overwrite that calls itself a Purge",
            &overwrite,
            |it| it.statement.outcome = Coded(Outcome::Purged),
            "unfounded",
        ),
        lied(
            "outcome-better-than-reasons.cose",
            "CLEARED, with blocks that could not be read",
            &bad,
            |it| it.statement.outcome = Coded(Outcome::Cleared),
            "unfounded",
        ),
        lied(
            "outcome-marker-left.cose",
            "PURGED, with a marker left",
            &firmware,
            |it| sought(&mut it.statement).left = 1,
            "unfounded",
        ),
        lied(
            "outcome-no-marker-test.cose",
            "PURGED, without a marker test",
            &firmware,
            |it| it.statement.verification.markers = None,
            "unfounded",
        ),
        lied(
            "outcome-no-read-back.cose",
            "CLEARED, without a read-back",
            &overwrite,
            |it| it.statement.verification.read = None,
            "unfounded",
        ),
        lied(
            "outcome-pass-too-short.cose",
            "a pass that ended a block early",
            &overwrite,
            |it| it.statement.method.written.0 = vec![BLOCKS - 1],
            "unfounded",
        ),
        lied(
            "outcome-bound-too-good.cose",
            "a sample that claims a better bound than its places give",
            &sampled(),
            |it| it.statement.reasons = vec![Because(Reason::SampleReadBack { places: 4609, bound_ppm: 1 })],
            "unfounded",
        ),
    ]
}

/// Bad words without their reasons, and steps and passes that are another drive's.
fn grounds() -> Vec<Piece> {
    let (overwrite, firmware, bad) = (cleared(), purged(), failing());
    vec![
        lied(
            "outcome-too-mild.cose",
            "INDETERMINATE, and its reasons say not erased",
            &bad,
            |it| it.statement.outcome = Coded(Outcome::Indeterminate),
            "too-mild",
        ),
        lied(
            "outcome-without-reason.cose",
            "NOT ERASED, and no reason for it",
            &bad,
            |it| it.statement.reasons.clear(),
            "unreasoned",
        ),
        lied(
            "steps-of-another-drive.cose",
            "a row of the decision table for other drives",
            &firmware,
            |it| it.statement.method.ways[0].row = "A1".into(),
            "other-steps",
        ),
        lied(
            "steps-level-too-low.cose",
            "less was planned than was done",
            &firmware,
            |it| it.statement.method.level = Coded(Level::Clear),
            "other-steps",
        ),
        lied(
            "passes-of-another-scheme.cose",
            "passes that are not Gutmann's",
            &overwrite,
            |it| it.statement.method.scheme = Some("gutmann".into()),
            "other-passes",
        ),
    ]
}

fn circumstances() -> Vec<Piece> {
    let (overwrite, firmware) = (cleared(), purged());
    vec![
        lied(
            "exception-left-out.cose",
            "does not say that firmware was trusted",
            &firmware,
            |it| it.statement.exceptions.clear(),
            "exception-left-out",
        ),
        lied(
            "times-issued-before-end.cose",
            "issued before the job ended",
            &overwrite,
            |it| it.issued_unix_s = it.statement.time.end_unix_s - 1,
            "times",
        ),
        lied(
            "times-end-before-start.cose",
            "ends before it begins",
            &overwrite,
            |it| it.statement.time.end_unix_s = it.statement.time.start_unix_s - 1,
            "times",
        ),
        lied(
            "times-other-duration.cose",
            "took longer than from start to end",
            &overwrite,
            |it| it.statement.time.duration_ms += 1000,
            "times",
        ),
        lied(
            "log-first-without-key.cose",
            "the first of its log, without the hash of the key",
            &overwrite,
            |it| it.statement.link.prev = [0; 32],
            "log",
        ),
        lied("log-number-zero.cose", "number 0 of its log", &overwrite, |it| it.statement.link.seq = 0, "log"),
    ]
}

fn evidence() -> Vec<Piece> {
    let certificate = issue(&cleared());
    let mut changed = evidence_bundle(&cleared()).unwrap();
    changed.push(b'\n');
    let other = evidence_bundle(&failing()).unwrap();
    let piece = |file, about| Piece::of(file, about, certificate.bytes().to_vec(), &["other-evidence"]);
    vec![
        piece("evidence-changed.cose", "the evidence beside it has one byte more").beside(changed),
        piece("evidence-of-another-drive.cose", "the evidence beside it is another job's").beside(other),
    ]
}
