//! Paper as other programs see it: poppler (pdftotext, pdffonts, pdftoppm, pdfsig), qpdf and zbar, of what a run leaves.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::cli::{POLICY, Scratch, err, out, purgeproof};

/// A PNG of 2 x 1 pixels: one red, one transparent.
const LOGO: &str = "89504e470d0a1a0a0000000d4948445200000002000000010806000000f4227f8a0000000f4944415478da63f8cfc000\
                    440c0c000cfc01ffe586a8d20000000049454e44ae426082";

/// What another program says; it must succeed.
fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}. scripts/setup installs it"));
    assert!(output.status.success(), "{program} {arguments:?}: {}{}", out(&output), err(&output));
    out(&output)
}

/// Purges a small file of this name by a policy with these lines before it, and gives the certificate's path.
fn purged(scratch: &Scratch, name: &str, policy: &str) -> PathBuf {
    scratch.file(name, &b"old secret. ".repeat(8192)[..65_536]);
    scratch.file("policy.toml", format!("{policy}\n{POLICY}").as_bytes());
    let words = ["purge", &format!("./{name}"), "--policy", "policy.toml", "--out", "records", "--json"];
    let output = purgeproof(&scratch.0, &words);
    assert!(output.status.success(), "{}", err(&output));
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    scratch.0.join("records/certificates").join(said["certificate"].as_str().unwrap())
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// What every PDF of ours is: sound, with fonts embedded as subsets, and PDF/A by its own word.
fn is_for_archives(pdf: &Path) {
    said("qpdf", &["--check", path(pdf)]);
    let fonts = said("pdffonts", &[path(pdf)]);
    for font in fonts.lines().skip(2) {
        assert!(font.contains(" yes yes yes "), "embedded, a subset, with a map to Unicode: {font}");
    }
    assert!(fonts.lines().count() > 2);
    let bytes = fs::read(pdf).unwrap();
    let has = |words: &str| bytes.windows(words.len()).any(|window| window == words.as_bytes());
    assert!(has("<pdfaid:part>3</pdfaid:part>") && has("<pdfaid:conformance>B</pdfaid:conformance>"));
    assert!(has("/GTS_PDFA1") && has("mntrRGB XYZ "), "an output intent with a profile");
}

#[test]
fn both_papers_are_read_by_other_programs() {
    let scratch = Scratch::new("paper");
    let logo: Vec<u8> =
        (0..LOGO.len() / 2).map(|at| u8::from_str_radix(&LOGO[2 * at..2 * at + 2], 16).unwrap()).collect();
    fs::create_dir(scratch.0.join("records")).unwrap();
    scratch.file("records/logo.png", &logo);
    for (name, policy, size) in
        [("a4.img", "paper = 'a4'", "595.276 x 841.89"), ("letter.img", "paper = 'letter'", "612 x 792")]
    {
        let certificate = purged(&scratch, name, policy);
        let pdf = certificate.with_extension("pdf");
        is_for_archives(&pdf);
        assert!(said("pdfinfo", &[path(&pdf)]).contains(size), "{name}");
        let text = said("pdftotext", &["-layout", path(&pdf), "-"]);
        for words in ["CLEARED", name, "Accepted by the customer", "For the auditor"] {
            assert!(text.contains(words), "{name}: {words}");
        }
        let attached = said("pdfdetach", &["-list", path(&pdf)]);
        for words in [".cose", ".json", "logo.png"] {
            assert!(attached.contains(words), "{attached}");
        }
        let page = scratch.0.join(name);
        said("pdftoppm", &["-r", "150", "-png", "-singlefile", path(&pdf), path(&page)]);
        let code = said("zbarimg", &["--raw", "-q", path(&page.with_extension("img.png"))]);
        let output = purgeproof(&scratch.0, &["verify", code.trim_end_matches('\n')]);
        assert!(output.status.success() && out(&output).contains(name), "{}", out(&output));
        let output = purgeproof(&scratch.0, &["verify", path(&pdf)]);
        assert!(out(&output).contains("the pages are exactly what the certificate says; the logo"), "{}", out(&output));
    }
}

#[test]
fn a_repainted_page_is_found_out_where_the_evidence_is_at_hand() {
    let scratch = Scratch::new("repainted");
    let certificate = purged(&scratch, "disk.img", "");
    let pdf = certificate.with_extension("pdf");
    let mut bytes = fs::read(&pdf).unwrap();
    let title = b"Certificate of sanitization";
    let at = bytes.windows(title.len()).position(|window| window == title).unwrap();
    bytes[at + 12..at + 14].copy_from_slice(b"or");
    fs::write(&pdf, &bytes).unwrap();
    let output = purgeproof(&scratch.0, &["verify", path(&pdf)]);
    assert_eq!(output.status.code(), Some(1));
    let words = out(&output);
    assert!(
        words.contains("THE PAGES ARE NOT THE CERTIFICATE'S, which holds") && words.contains("CLEARED:"),
        "{words}"
    );
    let output = purgeproof(&scratch.0, &["verify", path(&pdf), "--json"]);
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["certificates"][0]["pages"], "changed");
    // Without the evidence it cannot be told from what was made with it.
    let alone = scratch.file("alone.pdf", &bytes);
    let output = purgeproof(&scratch.0, &["verify", path(&alone)]);
    assert_eq!(output.status.code(), Some(0));
    assert!(out(&output).contains("NOT CHECKED: the visible text"), "{}", out(&output));
}

#[test]
fn many_certificates_make_one_list() {
    let scratch = Scratch::new("summary");
    let policy = "[record]\njob = 'LOT 7/3'";
    // A table ends where the next begins: the record comes last.
    let certificates = ["one.img", "two.img"].map(|name| {
        scratch.file(name, &vec![7; 65_536]);
        scratch.file("policy.toml", format!("{POLICY}{policy}\n").as_bytes());
        let words = ["purge", &format!("./{name}"), "--policy", "policy.toml", "--out", "records", "--json"];
        let output = purgeproof(&scratch.0, &words);
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        scratch.0.join("records/certificates").join(said["certificate"].as_str().unwrap())
    });
    let lists = scratch.0.join("records/summaries");
    let csv = fs::read_to_string(lists.join("job-LOT-7-3.csv")).unwrap();
    assert_eq!(csv.lines().count(), 3, "{csv}");
    assert!(csv.contains("\r\nCLEARED,,one.img,") && csv.contains("\r\nCLEARED,,two.img,"), "{csv}");
    is_for_archives(&lists.join("job-LOT-7-3.pdf"));
    let names = fs::read_dir(&lists).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let runs = names.filter_map(|name| name.strip_suffix(".pdf").map(|stem| stem.starts_with("machine-")));
    assert_eq!(runs.filter(|is_run| *is_run).count(), 2);

    let files = certificates.each_ref().map(|certificate| path(certificate));
    let output = purgeproof(&scratch.0, &[&["summary", "--out", "list.pdf", "--letter"], &files[..]].concat());
    assert!(
        output.status.success() && out(&output) == "2 certificates: 2 CLEARED\n",
        "{}{}",
        out(&output),
        err(&output)
    );
    let list = scratch.0.join("list.pdf");
    is_for_archives(&list);
    let text = said("pdftotext", &["-layout", path(&list), "-"]);
    assert!(text.contains("Summary of 2 certificates") && text.contains("one.img") && text.contains("two.img"));
    assert!(said("pdfdetach", &["-list", path(&list)]).contains("certificates.cborseq"));
    let output = purgeproof(&scratch.0, &[&["summary", "--csv"], &files[..]].concat());
    assert_eq!(out(&output), csv, "whoever makes the list, it is the same");

    // A certificate that does not hold is no good one, and a file that is none ends it.
    let mut bad = fs::read(&certificates[0]).unwrap();
    *bad.last_mut().unwrap() ^= 1;
    let bad = scratch.file("bad.cose", &bad);
    let output = purgeproof(&scratch.0, &["summary", "--json", path(&bad)]);
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), said[0]["outcome"].as_str()), (Some(1), Some("DOES NOT HOLD")));
    let output = purgeproof(&scratch.0, &["summary", "policy.toml", "--out", "none.pdf"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("policy.toml: ") && !scratch.0.join("none.pdf").exists(), "{}", err(&output));
}

#[test]
fn a_signed_pdf_is_valid_to_readers_and_still_the_certificate() {
    let scratch = Scratch::new("pades");
    let certificate = purged(&scratch, "disk.img", "");
    let pdf = certificate.with_extension("pdf");
    let init = ["pades", "init", "--name", "Example Recycling Ltd"];
    assert!(purgeproof(&scratch.0, &init).status.success());
    assert_eq!(purgeproof(&scratch.0, &init).status.code(), Some(2), "a key that is there is left alone");
    let output = purgeproof(&scratch.0, &["pades", "sign", path(&pdf)]);
    assert!(output.status.success(), "{}", err(&output));
    is_for_archives(&pdf);
    let words = said("pdfsig", &["-nocert", path(&pdf)]);
    for expected in ["Example Recycling Ltd", "ETSI.CAdES.detached", "Signature is Valid", "Total document signed"] {
        assert!(words.contains(expected), "{expected}: {words}");
    }
    let output = purgeproof(&scratch.0, &["verify", path(&pdf)]);
    assert!(
        output.status.success() && out(&output).contains("a signature for PDF readers was added"),
        "{}",
        out(&output)
    );
    assert_eq!(purgeproof(&scratch.0, &["pades", "sign", path(&pdf)]).status.code(), Some(2), "once is enough");
    // One byte of a page.
    let mut bytes = fs::read(&pdf).unwrap();
    bytes[9000] ^= 1;
    fs::write(&pdf, &bytes).unwrap();
    let output = Command::new("pdfsig").args(["-nocert", path(&pdf)]).output().unwrap();
    assert!(!out(&output).contains("Signature is Valid"), "{}", out(&output));
}
