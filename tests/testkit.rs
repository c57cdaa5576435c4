//! `purgeproof verify` and the kit of flawed certificates in `tests/testkit`: each is found out for the reason in its index. The page that
//! verifies in a browser is held against the same kit.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::cli::purgeproof;

fn index() -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/testkit");
    serde_json::from_slice(&fs::read(folder.join("index.json")).unwrap()).unwrap()
}

/// The words for what is wrong with a certificate, in the order of its checks.
fn codes(found: &Value) -> Vec<&str> {
    let of_checks = found["checks"].as_array().into_iter().flatten();
    of_checks.chain([found]).filter_map(|it| it["code"].as_str()).collect()
}

#[test]
fn every_certificate_of_the_kit_is_found_out_for_its_one_flaw() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/testkit");
    // Those with a trust file of their own are verified one by one.
    let index: Vec<Value> = index().into_iter().filter(|piece| piece["trust"].is_null()).collect();
    assert!(index.len() > 60, "the kit was not found");
    let files: Vec<&str> = index.iter().map(|piece| piece["file"].as_str().unwrap()).collect();
    let output = purgeproof(&folder, &[&["verify", "--json"], files.as_slice()].concat());
    assert_eq!(output.status.code(), Some(1));
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let found = said["certificates"].as_array().unwrap();
    assert_eq!((found.len(), said["all_hold"].as_bool()), (index.len(), Some(false)));
    for (piece, found) in index.iter().zip(found) {
        let name = &piece["file"];
        assert_eq!((&found["file"], &found["holds"]), (name, &piece["holds"]));
        assert_eq!(serde_json::json!(codes(found)), piece["codes"], "{name}");
        assert!(found["error"].is_string() || found["outcome"] == piece["outcome"], "{name}");
        assert!(found["error"].is_string() || found["evidence"] == piece["evidence"], "{name}");
    }
}

#[test]
fn what_a_trust_file_says_of_a_certificate_is_found_out() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/testkit");
    let index: Vec<Value> = index().into_iter().filter(|piece| piece["trust"].is_string()).collect();
    assert!(index.len() > 8, "the kit was not found");
    for piece in index {
        let name = piece["file"].as_str().unwrap();
        let output = purgeproof(&folder, &["verify", "--json", "--trust", piece["trust"].as_str().unwrap(), name]);
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        let found = &said["certificates"][0];
        assert_eq!(
            (&found["holds"], serde_json::json!(codes(found))),
            (&piece["holds"], piece["codes"].clone()),
            "{name}"
        );
        assert_eq!(output.status.success(), piece["holds"] == true, "{name}");
    }
}

/// What is printed for people moves no cursor and turns no letters round, whatever a drive calls itself.
#[test]
fn words_of_a_drive_do_no_harm_on_a_terminal() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/testkit");
    let output = purgeproof(&folder, &["verify", "hostile-texts.cose"]);
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let harmful = |c: &char| {
        c.is_control() && *c != '\n'
            || matches!(*c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    assert_eq!(text.chars().filter(harmful).collect::<Vec<_>>(), [], "{text}");
    assert!(text.contains("[U+202E]DERAELC[U+202C] <script>"), "{text}");
}
