//! A drive of a storage array that got blocks of 512 bytes once it was erased, or did not.

use purgeproof_core::evidence::unhex_vec;

use super::*;
use crate::reformat::Reformat;

/// CLEARED, and what the facts say of the format.
fn array_disk(facts: &[Fact]) -> Evidence {
    let logical_block = BlockSize::new(520).unwrap();
    let capacity = Bytes(BLOCKS * 520);
    let disk =
        Identity { transport: Transport::Scsi, logical_block, physical_block: logical_block, capacity, ..drive() };
    let mut evidence = written(Plan { reformat: Some(BlockSize::B512), ..plan_for(&disk) });
    evidence.add(81_000, Fact::VerifyBegan { coverage: Coverage::Full, places: 1, expect: RANDOM });
    let ended = Fact::VerifyEnded { report: whole(BLOCKS), mismatches: Mismatches::default(), constant: None };
    evidence.add(101_500, ended);
    for fact in facts {
        evidence.add(102_000, fact.clone());
    }
    evidence
}

#[test]
fn a_format_is_stated_however_it_ended_and_the_outcome_stands() {
    let began = || Fact::ReformatBegan { to: BlockSize::B512 };
    let failed = || Fact::NotReformatted { why: "MEDIUM ERROR, format command failed (31h/01h)".into() };
    for (facts, said) in [
        (vec![], "not formatted to 512-byte blocks: the drive was not asked"),
        (vec![began()], "the format to 512-byte blocks was begun, and no end of it is recorded"),
        (vec![began(), Fact::Reformatted { blocks: Blocks(532_480) }], "formatted to 512-byte blocks: 532480 of them"),
        (
            vec![began(), failed()],
            "the format to 512-byte blocks was asked for and failed: MEDIUM ERROR, format command failed (31h/01h)",
        ),
    ] {
        let evidence = array_disk(&facts);
        let certificate = issue(&evidence);
        let statement = &certificate.claims().statement;
        assert_eq!((statement.outcome.0, statement.device.logical_block), (Outcome::Cleared, 520), "{said}");
        assert_eq!(statement.reformat.as_ref().unwrap().0.to_string(), said);
        assert!(certificate.verify(None).holds(), "{said}");
        assert_eq!(Certificate::parse(certificate.bytes()).unwrap(), certificate);
        assert!(certificate.json().contains(&format!("\"reformat\": \"{said}\"")));
        assert!(
            crate::rows::deed(statement).ends_with(&format!("Afterwards: {said}.")),
            "{}",
            crate::rows::deed(statement)
        );
    }
    assert_eq!(issue(&cleared()).claims().statement.reformat, None);
}

#[test]
fn the_bytes_of_a_format() {
    let holds = |digits: &str| {
        let bytes = unhex_vec(digits).unwrap();
        let decoded: Reformat = minicbor::decode(&bytes).ok()?;
        assert_eq!(minicbor::to_vec(&decoded).unwrap(), bytes);
        Some(decoded.0.to_string())
    };
    assert_eq!(holds("8219020001").unwrap(), "not formatted to 512-byte blocks: the drive was not asked");
    assert!(holds("8219020002").is_some());
    assert_eq!(holds("8319020003190800").unwrap(), "formatted to 512-byte blocks: 2048 of them");
    assert_eq!(holds("8319100004626e6f").unwrap(), "the format to 4096-byte blocks was asked for and failed: no");
    for wrong in ["820001", "8219020003", "8319020001190800", "8219020005", "81190200"] {
        assert_eq!(holds(wrong), None, "{wrong}");
    }
}
