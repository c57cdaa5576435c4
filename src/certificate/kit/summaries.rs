//! Many certificates on one list.

use purgeproof_core::policy::Paper;

use super::*;
use crate::code::Coded;
use crate::summary::{COLUMNS, Summary};

/// Certificates of drives by these serial numbers, in machines by these.
fn several(drives: &[(&str, &str)]) -> Vec<Certificate> {
    let make = |(index, (machine, serial)): (usize, &(&str, &str))| {
        let mut claims = issue(&purged()).claims().clone();
        claims.id = JobId([u8::try_from(index).unwrap(); 16]);
        claims.statement.device.serial = Some((*serial).to_owned());
        claims.statement.host.serial = Some((*machine).to_owned());
        Certificate::seal(Typ::Certificate, claims, &key()).unwrap()
    };
    drives.iter().enumerate().map(make).collect()
}

fn column(csv: &str, name: &str) -> Vec<String> {
    let at = COLUMNS.iter().position(|column| *column == name).unwrap();
    csv.lines().skip(1).map(|line| line.split(',').nth(at).unwrap().to_owned()).collect()
}

#[test]
fn drives_are_listed_by_machine_and_each_certificate_once() {
    let mut all = several(&[("PC-2", "D3"), ("PC-1", "D1"), ("PC-1", "D2")]);
    all.push(all[0].clone());
    let summary = Summary::of(&all, None);
    assert_eq!((summary.count(), summary.all_hold(), summary.totals().as_str()), (3, true, "3 PURGED"));
    assert_eq!(column(&summary.csv(), "serial"), ["D1", "D2", "D3"]);
    assert_eq!(column(&summary.csv(), "machine_serial"), ["PC-1", "PC-1", "PC-2"]);
    all.reverse();
    assert_eq!(Summary::of(&all, None).pdf(Paper::A4).unwrap(), summary.pdf(Paper::A4).unwrap());
}

#[test]
fn what_does_not_hold_is_never_listed_as_good() {
    let mut forged = issue(&cleared()).claims().clone();
    forged.statement.outcome = Coded(Outcome::Purged);
    let forged = Certificate::seal(Typ::Certificate, forged, &key()).unwrap();
    let failed = issue(&liar());
    let summary = Summary::of(&[forged.clone(), failed.clone()], None);
    assert_eq!((summary.all_hold(), summary.count()), (false, 2));
    let outcomes = column(&summary.csv(), "outcome");
    assert!(
        outcomes.iter().all(|outcome| outcome == "DOES NOT HOLD"),
        "two say other things under one number: {outcomes:?}"
    );
    assert_eq!(Summary::of(&[forged], None).totals(), "1 DOES NOT HOLD");
    assert_eq!(Summary::of(core::slice::from_ref(&failed), None).totals(), "1 NOT ERASED");
    assert!(Summary::of(core::slice::from_ref(&failed), None).all_hold());
    assert!(summary.csv().contains("the outcome says more than"), "{}", summary.csv());
}

#[test]
fn every_member_is_a_column_and_the_csv_is_of_text_alone() {
    let mut claims = issue(&purged()).claims().clone();
    claims.statement.device.serial = Some("=cmd|' /C calc'!A0".into());
    claims.statement.device.model = "A \"6,4\" disk\r\nnext".into();
    let certificate = Certificate::seal(Typ::Certificate, claims, &key()).unwrap();
    let summary = Summary::of(&[certificate], None);
    let json: Vec<serde_json::Map<String, serde_json::Value>> = serde_json::from_str(&summary.json()).unwrap();
    let mut members: Vec<&str> = json[0].keys().map(String::as_str).collect();
    let mut columns = COLUMNS.to_vec();
    members.sort_unstable();
    columns.sort_unstable();
    assert_eq!(members, columns);
    assert_eq!(json[0]["serial"], "=cmd|' /C calc'!A0");
    let csv = summary.csv();
    assert!(csv.starts_with(
        "outcome,flaws,serial,vendor,model,wwn,bytes,asset,technique,exceptions,started,ended,issued,machine,"
    ));
    assert!(csv.contains(",'=cmd|' /C calc'!A0,,\"A \"\"6,4\"\" disk\r\nnext\",eui."), "{csv}");
    assert!(csv.ends_with(",1,\r\n"));
}

#[test]
fn a_list_has_as_many_pages_as_it_takes_and_the_certificates_with_it() {
    let drives: Vec<(String, String)> = (0..90)
        .map(|index| (format!("PC-{:02}", index / 3), format!("{}{index:03}", "LONG-SERIAL-".repeat(8))))
        .collect();
    let drives: Vec<(&str, &str)> = drives.iter().map(|(machine, drive)| (machine.as_str(), drive.as_str())).collect();
    let all = several(&drives);
    let summary = Summary::of(&all, None);
    for paper in [Paper::A4, Paper::Letter] {
        let pdf = summary.pdf(paper).unwrap();
        super::paper::keep(&format!("summary-{paper:?}"), &pdf);
        let document = crate::attach::read(&pdf).unwrap();
        assert_eq!(document.get_pages().len(), 4, "{paper:?}");
        let attached = crate::attach::attached(&document, b".cborseq").unwrap();
        let again: Vec<Certificate> = crate::sequence::certificates(attached).map(Result::unwrap).collect();
        assert_eq!(again, all);
    }
    let few = Summary::of(&[issue(&liar())], None);
    super::paper::keep("summary-one", &few.pdf(Paper::A4).unwrap());
}
