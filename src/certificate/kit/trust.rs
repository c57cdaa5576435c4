//! What an organisation says of its sticks: delegations, the trust file, revocations.

use proptest::prelude::*;
use purgeproof_core::evidence::unhex;

use super::hostile::flaws;
use super::*;

/// A delegation that other programs (Python's cryptography and a dozen lines of CBOR) put together and signed from docs/certificate.md, with
/// the key SHA-256("organisation") for the key SHA-256("stick").
const DELEGATION: &str = "\
     d2845820a301320448c7654cd4d60e7b89107170702d64656c65676174696f6e2b637774a0586ca7017141636d65205265667572626973686\
     96e670267737469636b2037041a6ce295eb051a6afd86c0061a6afd86c10750000102030405060708090a0b0c0d0e0f08a101a30101200621\
     5820d71292f3ab8ee8a8b53032b3b11a828c4be28533f3fd48fc2c72427db2ca745a58409011b8c1ef6be92dd5c5ea8c7f8b55ebfa05a519b\
     f7e7d09b30f209345af0a4c57d199e0124e0e0118774513a6f80f899c88eb1dc7f189d6780a57bfc5afd709\
     ";

/// A trust file by the same programs, with that delegation, a checkpoint and a revocation.
const TRUST: &str = "\
     d284581ba301320448c7654cd4d60e7b89106c70702d74727573742b637774a10ea108a101a30101200621582048faf9c4e666ecf1bfade66\
     fa29de6fc9a74bd0444a1505ce08d88e40eb6816a5901a5a3017141636d6520526566757262697368696e67061a6b021aa03a00010001a501\
     0102030381d2845820a301320448c7654cd4d60e7b89107170702d64656c65676174696f6e2b637774a0586ca7017141636d6520526566757\
     262697368696e670267737469636b2037041a6ce295eb051a6afd86c0061a6afd86c10750000102030405060708090a0b0c0d0e0f08a101a3\
     01012006215820d71292f3ab8ee8a8b53032b3b11a828c4be28533f3fd48fc2c72427db2ca745a58409011b8c1ef6be92dd5c5ea8c7f8b55e\
     bfa05a519bf7e7d09b30f209345af0a4c57d199e0124e0e0118774513a6f80f899c88eb1dc7f189d6780a57bfc5afd7090481a4015820d712\
     92f3ab8ee8a8b53032b3b11a828c4be28533f3fd48fc2c72427db2ca745a02010358204444444444444444444444444444444444444444444\
     444444444444444444444041a6b0216b80581a5015820d71292f3ab8ee8a8b53032b3b11a828c4be28533f3fd48fc2c72427db2ca745a0201\
     0358204444444444444444444444444444444444444444444444444444444444444444041a6b0218ac056673746f6c656e58406a1b3fd0098\
     9b9f4bba6968be09e304ee6b8f7d2cc1303ddd2e26cd7bc42d69091130ab83c95909295af3b0fb6397d59abdac9608eff29d8aa85c542312d\
     4b05\
     ";

pub(super) fn bytes(digits: &str) -> Vec<u8> {
    digits.as_bytes().chunks(2).map(|pair| unhex::<1>(core::str::from_utf8(pair).unwrap()).unwrap()[0]).collect()
}

/// The organisation's key.
pub(super) fn root() -> Key {
    Key::from_seed(&Sha256::digest(b"organisation").into())
}

/// 20 days before [`ISSUED`], for a year.
pub(super) fn grant() -> Grant {
    Grant {
        organisation: "Acme Refurbishing".into(),
        stick: "stick 7".into(),
        begins_unix_s: 1_795_000_000,
        expires_unix_s: 1_826_788_843,
        issued_unix_s: 1_795_000_001,
        id: core::array::from_fn(|i| u8::try_from(i).unwrap()),
        public: key().public(),
    }
}

pub(super) fn delegation() -> Delegation {
    Delegation::issue(grant(), &root()).unwrap()
}

pub(super) fn contents() -> Contents {
    Contents {
        name: "Acme Refurbishing".into(),
        issued_unix_s: 1_795_300_000,
        generation: 3,
        delegations: vec![],
        checkpoints: vec![],
        revocations: vec![],
    }
}

/// The key of the fixture, with a delegation.
pub(super) fn carrying(delegation: Delegation) -> Key {
    let mut key = key();
    key.carry(delegation).unwrap();
    key
}

/// A trust file that knows nothing but the organisation, changed.
pub(super) fn trust(change: impl FnOnce(&mut Contents)) -> TrustFile {
    let mut contents = contents();
    change(&mut contents);
    TrustFile::parse(TrustFile::sign(contents, &root()).unwrap().bytes()).unwrap()
}

/// The certificate of the fixture, with the delegation.
pub(super) fn delegated() -> Certificate {
    let key = carrying(delegation());
    Certificate::issue(&cleared(), &key, link(), ISSUED).unwrap()
}

fn flaws_by(certificate: &Certificate, trust: &TrustFile) -> Vec<Flaw> {
    certificate.verify(Some(trust)).flaws().filter_map(|check| check.flaw).collect()
}

#[test]
fn our_bytes_are_those_of_another_implementation() {
    assert_eq!(hex(&delegation().bytes().unwrap()), DELEGATION);
    let sha256 = Some([0x44; 32]);
    let trust = trust(|it| {
        it.delegations.push(delegation());
        let (public, at_unix_s) = (key().public(), 1_795_299_000);
        it.checkpoints.push(Checkpoint { public, seq: 1, sha256: [0x44; 32], at_unix_s });
        let why = Some("stolen".into());
        it.revocations.push(Revocation { public, last: 1, sha256, at_unix_s: 1_795_299_500, why });
    });
    assert_eq!(hex(trust.bytes()), TRUST);
    assert_eq!(TrustFile::parse(&bytes(TRUST)).unwrap(), trust);
    assert_eq!(Delegation::parse(&bytes(DELEGATION)).unwrap(), delegation());
    assert_eq!(trust.fingerprint().to_string(), "c765 4cd4 d60e 7b89");
}

/// The delegation stands in the certificate as it is, and takes nothing from the signature.
#[test]
fn a_certificate_holds_its_delegation_in_every_form() {
    let certificate = delegated();
    let text = hex(certificate.bytes());
    assert!(text.contains(&format!("a10d{DELEGATION}")));
    let alone = issue(&cleared());
    assert_eq!(certificate.bytes().len(), alone.bytes().len() + (2 + 213) - (14 + 32));
    assert_eq!((&certificate.sign1, certificate.claims()), (&alone.sign1, alone.claims()));
    for form in [certificate.bytes().to_vec(), certificate.pdf().unwrap(), certificate.json().into_bytes()] {
        assert_eq!(Certificate::read_any(&form).unwrap(), certificate);
    }
    assert_eq!(Certificate::from_qr_text(&certificate.qr_text()).unwrap(), certificate);
    for said in ["\"trust\": \"delegated\"", "\"stick\": \"stick 7\"", "\"organisation_key\": \"c765 4cd4 d60e 7b89\""]
    {
        assert!(certificate.json().contains(said), "{said}");
    }
}

#[test]
fn whose_word_it_is_hangs_on_the_trust_file() {
    let (certificate, own) = (delegated(), issue(&cleared()));
    let said = certificate.verify(None);
    assert!(said.holds() && said.trust.to_string().starts_with("DELEGATED by key c765 4cd4"));
    let said = certificate.verify(Some(&trust(|_| ())));
    assert!(said.holds());
    assert_eq!(said.trust.to_string(), "ORGANISATION: Acme Refurbishing (c765 4cd4 d60e 7b89), stick stick 7.");
    // Another organisation's trust file.
    let other = TrustFile::sign(contents(), &Key::from_seed(&[9; 32])).unwrap();
    assert_eq!(
        certificate.verify(Some(&other)),
        Verification { trust: certificate.verify(None).trust, ..own.verify(Some(&other)) }
    );
    assert_eq!(own.verify(Some(&other)).trust, Trust::SelfSigned(key().fingerprint()));
    // A key that signed before it was the organisation's.
    let adopted = own.verify(Some(&trust(|it| it.delegations.push(delegation()))));
    assert!(adopted.holds());
    assert_eq!(
        adopted.trust.to_string(),
        "ORGANISATION: Acme Refurbishing (c765 4cd4 d60e 7b89), stick stick 7, adopted on 2026-11-18."
    );
}

#[test]
fn a_delegation_counts_from_its_beginning_to_before_its_end() {
    let key = || carrying(delegation());
    let at = |unix_s| Certificate::issue(&cleared(), &key(), link(), unix_s).unwrap();
    assert!(at(1_826_788_842).delegation().is_some());
    assert_eq!(at(1_826_788_843).delegation(), None, "it signs on, for itself");
    // One that carries it all the same.
    let late = |unix_s| {
        let mut claims = issue(&cleared()).claims().clone();
        claims.issued_unix_s = unix_s;
        let sign1 = Sign1::sign(Typ::Certificate, &key(), claims.encode().unwrap()).unwrap();
        let credential = Credential::Delegated(Box::new(delegation()));
        Certificate::parse(&sign1.encode(Some(&credential)).unwrap()).unwrap()
    };
    assert_eq!(flaws_by(&late(1_826_788_842), &trust(|_| ())), []);
    assert_eq!(flaws_by(&late(1_826_788_843), &trust(|_| ())), [Flaw::DelegationPeriod]);
    let outside = Grant { begins_unix_s: ISSUED + 1, ..grant() };
    let adopted = trust(|it| it.delegations.push(Delegation::issue(outside.clone(), &root()).unwrap()));
    assert_eq!(flaws_by(&issue(&cleared()), &adopted), [Flaw::DelegationPeriod]);
    let renewed = trust(|it| it.delegations = vec![Delegation::issue(outside, &root()).unwrap(), delegation()]);
    assert_eq!(flaws_by(&issue(&cleared()), &renewed), []);
}

#[test]
fn a_delegation_that_somebody_else_signed_is_none() {
    let mut forged = bytes(DELEGATION);
    forged[212] ^= 1;
    let forged = Delegation::parse(&forged).unwrap();
    let credential = Credential::Delegated(Box::new(forged));
    let certificate = Certificate::parse(&issue(&cleared()).sign1.encode(Some(&credential)).unwrap()).unwrap();
    assert_eq!(flaws_by(&certificate, &trust(|_| ())), [Flaw::DelegationSignature]);
    // For another stick: then its key is not the one that signed.
    let other = Delegation::issue(Grant { public: [7; 32], ..grant() }, &root()).unwrap();
    let credential = Credential::Delegated(Box::new(other));
    let certificate = Certificate::parse(&issue(&cleared()).sign1.encode(Some(&credential)).unwrap()).unwrap();
    assert_eq!(flaws_by(&certificate, &trust(|_| ())), [Flaw::KeyId, Flaw::Signature, Flaw::Log]);
}

/// No bit of a certificate or of its delegation can be changed where the organisation's key is known.
#[test]
fn not_one_bit_of_it_can_be_changed() {
    let (good, trust) = (delegated().bytes().to_vec(), trust(|it| it.delegations.clear()));
    let passes = |bytes: &[u8]| {
        Certificate::parse(bytes).is_ok_and(|it| {
            let said = it.verify(Some(&trust));
            said.holds() && matches!(said.trust, Trust::Organisation { .. })
        })
    };
    assert!(passes(&good));
    for bit in 0..good.len() * 8 {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert!(!passes(&bad), "bit {} of byte {}", bit % 8, bit / 8);
    }
}

#[test]
fn not_one_bit_of_a_trust_file_can_be_changed() {
    let good = bytes(TRUST);
    for bit in 0..good.len() * 8 {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert!(TrustFile::parse(&bad).is_err(), "bit {} of byte {}", bit % 8, bit / 8);
    }
    for length in 0..good.len() {
        assert!(TrustFile::parse(&good[..length]).is_err(), "{length}");
    }
    assert!(matches!(TrustFile::parse(&[good.as_slice(), &[0]].concat()), Err(TrustError::Damaged)));
}

/// What an organisation that signs nonsense would write, and what is said of it.
#[test]
fn a_trust_file_of_another_form_is_refused() {
    let sealed = |payload: Vec<u8>| {
        let sign1 = Sign1::sign(Typ::Trust, &root(), payload).unwrap();
        TrustFile::parse(&sign1.encode(Some(&Credential::Own(root().public()))).unwrap()).unwrap_err().to_string()
    };
    let one = |seq| Checkpoint { public: [1; 32], seq, sha256: [0; 32], at_unix_s: 0 };
    let unsorted = Contents { checkpoints: vec![one(2), one(1)], ..contents() };
    let twice = Contents { checkpoints: vec![one(2), one(2)], ..contents() };
    let foreign = Delegation::issue(grant(), &Key::from_seed(&[9; 32])).unwrap();
    let foreign = Contents { delegations: vec![foreign], ..contents() };
    for (contents, said) in
        [(unsorted, "the one way"), (twice, "the one way"), (foreign, "is not signed by its organisation")]
    {
        assert!(sealed(contents.encode().unwrap()).contains(said), "{said}");
    }
    let version = contents().encode().unwrap();
    let at = version.windows(3).position(|three| three == [0xa5, 1, 1]).unwrap();
    let later = [&version[..at + 2], &[2], &version[at + 3..]].concat();
    assert!(sealed(later).contains("version 2"));
    let simulation = TrustFile::sign(contents(), &Key::simulation());
    assert!(matches!(simulation, Err(TrustError::Simulation)));
    let nameless = TrustFile::sign(Contents { name: " ".into(), ..contents() }, &root());
    assert!(matches!(nameless, Err(TrustError::Name)));
    let other = TrustFile::parse(issue(&cleared()).bytes());
    assert!(matches!(other, Err(TrustError::NotATrustFile)));
}

#[test]
fn a_delegation_that_makes_no_sense_is_not_signed() {
    let refused = |grant: Grant| Delegation::issue(grant, &root()).unwrap_err();
    assert_eq!(refused(Grant { stick: "x".repeat(65), ..grant() }), GrantError::Name { bytes: 65 });
    assert_eq!(refused(Grant { organisation: "a\u{1b}[2J".into(), ..grant() }), GrantError::Name { bytes: 5 });
    assert_eq!(refused(Grant { expires_unix_s: 1_795_000_000, ..grant() }), GrantError::Period);
    assert_eq!(refused(Grant { public: Key::simulation().public(), ..grant() }), GrantError::Simulation);
    let error = Key::from_seed(&[9; 32]).carry(delegation()).unwrap_err();
    assert!(error.to_string().contains("3f96 7ffc 4079 a0b8"), "{error}");
}

proptest! {
    #[test]
    fn no_bytes_make_a_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = (TrustFile::parse(&bytes), Delegation::parse(&bytes), Certificate::parse(&bytes));
    }

    #[test]
    fn a_mutilated_trust_file_is_none(
        from in 0_usize..567, length in 0_usize..8, with in proptest::collection::vec(any::<u8>(), 0..8),
    ) {
        let good = bytes(TRUST);
        let mut bad = good.clone();
        bad.splice(from..(from + length).min(good.len()), with);
        prop_assume!(bad != good);
        prop_assert!(TrustFile::parse(&bad).is_err());
    }
}

/// A stick that was stolen after its second certificate.
mod revoked {
    use super::*;

    fn chain() -> Vec<Certificate> {
        let key = carrying(delegation());
        let mut chain = vec![delegated()];
        for (id, evidence) in [(2, sampled()), (3, failing())] {
            let link = Link::after(chain.last().unwrap());
            let mut claims = issue(&evidence).claims().clone();
            claims.id = JobId([id; 16]);
            claims.statement.link = link;
            chain.push(Certificate::seal(Typ::Certificate, claims, &key).unwrap());
        }
        chain
    }

    fn after(last: u64, sha256: Option<[u8; 32]>) -> TrustFile {
        let public = key().public();
        trust(|it| it.revocations.push(Revocation { public, last, sha256, at_unix_s: ISSUED, why: None }))
    }

    #[test]
    fn what_comes_after_the_last_accepted_one_is_not_believed() {
        let chain = chain();
        let trust = after(2, Some(chain[1].sha256()));
        assert_eq!(flaws_by(&chain[2], &trust), [Flaw::Revoked { last: 2 }]);
        assert_eq!(flaws_by(&chain[1], &trust), []);
        assert_eq!(flaws_by(&chain[0], &trust), [Flaw::NeedsChain { up_to: 2 }]);
        let among = |all: &[Certificate]| all[0].verify_in(&Chains::of(all, Some(&trust))).holds();
        assert!(among(&chain[..2]) && !among(&[chain[0].clone(), chain[2].clone()]));
        assert_eq!(flaws_by(&chain[0], &after(0, None)), [Flaw::Revoked { last: 0 }]);
        for certificate in &chain {
            assert_eq!(flaws(certificate), [], "without a trust file nobody knows");
        }
    }

    #[test]
    fn who_has_the_key_cannot_put_another_in_an_old_ones_place() {
        let chain = chain();
        let mut claims = chain[1].claims().clone();
        claims.statement.operator = Some("somebody else".into());
        let key = carrying(delegation());
        let forged = Certificate::seal(Typ::Certificate, claims, &key).unwrap();
        assert_eq!(flaws_by(&forged, &after(2, Some(chain[1].sha256()))), [Flaw::OtherThanAccepted]);
        assert_eq!(flaws_by(&forged, &after(2, None)), [], "what was not noted cannot be compared");
        // An older one that leads to the forged second is not one that leads to the real one.
        let trust = after(2, Some(chain[1].sha256()));
        let all = [chain[0].clone(), forged.clone()];
        assert!(!all[0].verify_in(&Chains::of(&all, Some(&trust))).holds());
        // Nor is it what was collected.
        let checkpoint = Checkpoint { public: key.public(), seq: 2, sha256: chain[1].sha256(), at_unix_s: ISSUED };
        let collected = super::trust(|it| it.checkpoints.push(checkpoint));
        assert_eq!(flaws_by(&forged, &collected), [Flaw::OtherThanCollected]);
        assert_eq!(flaws_by(&chain[1], &collected), []);
    }

    #[test]
    fn what_was_collected_before_is_believed() {
        let chain = chain();
        let public = key().public();
        let trust = super::trust(|it| {
            it.revocations.push(Revocation { public, last: 2, sha256: None, at_unix_s: ISSUED, why: None });
            it.checkpoints.push(Checkpoint { public, seq: 1, sha256: chain[0].sha256(), at_unix_s: ISSUED });
        });
        assert_eq!(flaws_by(&chain[0], &trust), []);
    }
}
