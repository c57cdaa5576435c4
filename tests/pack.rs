//! Evidence packs: what sticks hold is exported, verified as a whole, and nothing that was done to it passes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use purgeproof_certificate::{Certificate, Key, Link};
use purgeproof_core::evidence::{Evidence, JobId};
use serde_json::Value;

use crate::cli::{POLICY, Scratch, err, purgeproof};

/// Purges a small file, with its records in a folder of this name.
fn purged(scratch: &Scratch, disk: &str, records: &str) {
    scratch.file(disk, &b"old secret. ".repeat(30_000)[..512 * 640]);
    scratch.file("policy.toml", POLICY.as_bytes());
    let disk = format!("./{disk}");
    let output = purgeproof(&scratch.0, &["purge", &disk, "--policy", "policy.toml", "--out", records]);
    assert!(output.status.success(), "{}", err(&output));
}

/// The exit code and what was said.
fn run(scratch: &Scratch, arguments: &[&str]) -> (Option<i32>, String) {
    let output = purgeproof(&scratch.0, arguments);
    (output.status.code(), format!("{}{}", String::from_utf8_lossy(&output.stdout), err(&output)))
}

/// The file of a folder of records with this ending.
fn file(scratch: &Scratch, folder: &str, ending: &str) -> PathBuf {
    let files = fs::read_dir(scratch.0.join(folder)).unwrap().map(|entry| entry.unwrap().path());
    files.filter(|path| path.to_str().unwrap().ends_with(ending)).min_by_key(|path| path.as_os_str().len()).unwrap()
}

fn copied(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() { copied(&entry.path(), &to) } else { fs::copy(entry.path(), to).map(drop).unwrap() }
    }
}

/// A byte in the middle of a file.
fn changed(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn what_two_sticks_hold_is_verified_whole() {
    let scratch = Scratch::new("pack-whole");
    purged(&scratch, "a.img", "one");
    purged(&scratch, "b.img", "two");
    let (code, said) = run(&scratch, &["export", "one", "two", "--out", "pack.tar"]);
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = run(&scratch, &["verify", "pack.tar"]);
    assert_eq!(code, Some(0), "{said}");
    for words in ["2 certificates: 2 hold", "2 CLEARED", "compared for 2, not there for 0", "journals: 2"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let output = purgeproof(&scratch.0, &["verify", "--json", "pack.tar"]);
    let lines: Vec<Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 5, "two certificates, two journals, the summary");
    assert_eq!((lines[0]["outcome"].as_str(), lines[0]["evidence"].as_bool()), (Some("cleared"), Some(true)));
    assert_eq!((lines[4]["all_hold"].as_bool(), lines[4]["hold"].as_u64()), (Some(true), Some(2)));

    // One byte of each member, and of the manifest; and an end that is missing.
    let pack = fs::read(scratch.0.join("pack.tar")).unwrap();
    let mut at = 0;
    while pack[at] != 0 {
        let length = usize::from_str_radix(std::str::from_utf8(&pack[at + 124..at + 135]).unwrap(), 8).unwrap();
        let mut tampered = pack.clone();
        tampered[at + 512 + length / 2] ^= 1;
        scratch.file("tampered.tar", &tampered);
        let (code, said) = run(&scratch, &["verify", "tampered.tar"]);
        assert!(code == Some(1) && said.contains("NOT EVERYTHING HOLDS"), "{at}: {said}");
        at += 512 + length.next_multiple_of(512);
    }
    scratch.file("cut.tar", &pack[..pack.len() * 3 / 4]);
    let (code, said) = run(&scratch, &["verify", "cut.tar"]);
    assert!(code == Some(1) && said.contains("cut.tar: NOT A VALID CERTIFICATE"), "{said}");
}

#[test]
fn what_was_done_to_a_stick_before_it_was_exported_is_found() {
    let scratch = Scratch::new("pack-stick");
    purged(&scratch, "a.img", "records");
    copied(&scratch.0.join("records"), &scratch.0.join("kept"));
    let verified = |change: &dyn Fn()| {
        let _ = fs::remove_dir_all(scratch.0.join("records"));
        let _ = fs::remove_file(scratch.0.join("pack.tar"));
        copied(&scratch.0.join("kept"), &scratch.0.join("records"));
        change();
        assert_eq!(run(&scratch, &["export", "records", "--out", "pack.tar"]).0, Some(0));
        run(&scratch, &["verify", "pack.tar"])
    };
    for (folder, ending, words) in [
        ("records/certificates", ".cose", ".cose: "),
        ("records/certificates", ".evidence.json", "evidence: This is not the evidence"),
        ("records/certificates", ".pdf", "pdf: "),
        ("records/journal", ".jsonl", "THE JOURNAL DOES NOT HOLD"),
        ("records/logs", ".cborseq", ", no. 1: "),
    ] {
        let (code, said) = verified(&|| changed(&file(&scratch, folder, ending)));
        let is_found = code == Some(1) && said.contains("NOT EVERYTHING HOLDS");
        // A byte in the middle of a PDF may be one of a font: the certificate in it is whole then.
        assert!(is_found && said.contains(words) || ending == ".pdf" && code == Some(0), "{ending}: {said}");
    }
    let certificate = file(&scratch, "kept/certificates", ".cose").file_name().unwrap().to_owned();
    let certificate = scratch.0.join("records/certificates").join(certificate);
    let evidence = certificate.with_extension("evidence.json");
    let (code, said) = verified(&|| fs::remove_file(&evidence).unwrap());
    assert!(code == Some(0) && said.contains("compared for 0, not there for 1"), "{said}");
    let (code, said) = verified(&|| fs::remove_file(&certificate).unwrap());
    assert!(code == Some(1) && said.contains("1 certificate-missing"), "{said}");
    // The views of another certificate.
    purged(&scratch, "b.img", "other");
    let (code, said) = verified(&|| {
        fs::copy(file(&scratch, "other/certificates", ".pdf"), certificate.with_extension("pdf")).unwrap();
        let json = fs::read_dir(scratch.0.join("other/certificates")).unwrap().map(|entry| entry.unwrap().path());
        let is_view =
            |path: &PathBuf| path.to_str().unwrap().strip_suffix(".json").is_some_and(|it| !it.ends_with(".evidence"));
        fs::copy(json.into_iter().find(is_view).unwrap(), certificate.with_extension("json")).unwrap();
    });
    assert!(code == Some(1) && said.contains("2 other-certificate"), "{said}");
}

#[test]
fn two_sticks_that_contradict_each_other_are_told_apart_from_two_that_agree() {
    let scratch = Scratch::new("pack-clone");
    purged(&scratch, "a.img", "one");
    copied(&scratch.0.join("one"), &scratch.0.join("two"));
    // Both have the same key and the first certificate; then each signs a second one.
    assert_eq!(run(&scratch, &["export", "one", "two", "--out", "same.tar"]).0, Some(0));
    purged(&scratch, "b.img", "one");
    purged(&scratch, "c.img", "two");
    let (code, said) = run(&scratch, &["export", "one", "two", "--out", "clone.tar"]);
    assert!(code == Some(1) && said.contains("both are kept"), "{said}");
    assert_eq!(run(&scratch, &["verify", "same.tar"]).0, Some(0));
    let (code, said) = run(&scratch, &["verify", "clone.tar"]);
    assert!(code == Some(1) && said.contains("CLONED STICK") && said.contains("3 certificates: 3 hold"), "{said}");
}

#[test]
fn an_encrypted_pack_has_to_be_decrypted_first() {
    let scratch = Scratch::new("pack-encrypted");
    scratch.file("pack.age", b"age-encryption.org/v1\n-> X25519 x\n");
    let (code, said) = run(&scratch, &["verify", "pack.age"]);
    assert!(code == Some(2) && said.contains("age -d -i KEY-FILE"), "{said}");
}

#[test]
fn an_encrypted_export_is_opened_by_the_tool_of_others() {
    let scratch = Scratch::new("pack-age");
    let tool =
        |program: &str, arguments: &[&str]| Command::new(program).args(arguments).current_dir(&scratch.0).output();
    let Ok(made) = tool("age-keygen", &["-o", "office.key"]) else {
        println!("skipped: age is not installed (scripts/setup installs it)");
        return;
    };
    assert!(made.status.success());
    let key = fs::read_to_string(scratch.0.join("office.key")).unwrap();
    let recipient = key.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap();
    scratch.file("org.recipient", format!("# the office\n{recipient}\n").as_bytes());
    purged(&scratch, "a.img", "records");
    for (to, pack) in [(recipient, "by-key.age"), ("org.recipient", "by-file.age")] {
        let (code, said) = run(&scratch, &["export", "records", "--to", to, "--out", pack]);
        assert_eq!(code, Some(0), "{said}");
        let (code, said) = run(&scratch, &["verify", pack]);
        assert!(code == Some(2) && said.contains("is encrypted"), "{said}");
        let _ = fs::remove_file(scratch.0.join("pack.tar"));
        assert!(tool("age", &["-d", "-i", "office.key", "-o", "pack.tar", pack]).unwrap().status.success());
        assert_eq!(run(&scratch, &["verify", "pack.tar"]).0, Some(0));
    }
    let (code, said) = run(&scratch, &["export", "records", "--to", "age1nobody", "--out", "none.age"]);
    assert!(code == Some(2) && said.contains("no public key") && !scratch.0.join("none.age").exists(), "{said}");
}

#[test]
fn a_record_is_explained_from_its_evidence_or_refused() {
    let scratch = Scratch::new("pack-explain");
    purged(&scratch, "a.img", "records");
    let certificate = file(&scratch, "records/certificates", ".cose");
    let explain = || run(&scratch, &["verify", "--explain", certificate.to_str().unwrap()]);
    let (code, said) = explain();
    assert_eq!(code, Some(0), "{said}");
    for words in [
        "CLEARED",
        "a.img",
        "Techniques considered",
        "pass 1 begins",
        "640 of 640 blocks written",
        "640 of 640 blocks read, 0 otherwise than expected",
        "Whose word",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    let evidence = certificate.with_extension("evidence.json");
    let kept = fs::read(&evidence).unwrap();
    changed(&evidence);
    let (code, said) = explain();
    assert!(code == Some(1) && said.contains("not explained") && !said.contains("CLEARED"), "{said}");
    fs::remove_file(&evidence).unwrap();
    let (code, said) = explain();
    assert!(code == Some(0) && said.contains("from what is signed") && !said.contains("pass 1 begins"), "{said}");
    fs::write(&evidence, kept).unwrap();
}

/// A chain of so many certificates, of jobs in which nothing happened.
fn chain(evidence: &Evidence, count: u32) -> Vec<u8> {
    let key = Key::from_seed(&[7; 32]);
    let (mut chain, mut link) = (Vec::new(), Link::first([1; 8], &key));
    let Evidence { setting, plan, consent, drawn, .. } = evidence;
    for number in 0..count {
        let mut id = [0; 16];
        id[..4].copy_from_slice(&number.to_le_bytes());
        let evidence = Evidence::new(JobId(id), setting.clone(), plan.clone(), consent.clone(), *drawn);
        let certificate = Certificate::issue(&evidence, &key, link, u64::from(number)).unwrap();
        chain.extend_from_slice(certificate.bytes());
        link = Link::after(&certificate);
    }
    chain
}

/// The most memory that a verification had resident, in KiB, and what it said.
fn resident(scratch: &Scratch, name: &str) -> (u64, String) {
    // Not a pipe: nobody empties it before the end.
    let out = scratch.0.join("said");
    let mut child = Command::new(env!("CARGO_BIN_EXE_purgeproof"))
        .args(["verify", name])
        .current_dir(&scratch.0)
        .stdout(Stdio::from(fs::File::create(&out).unwrap()))
        .spawn()
        .unwrap();
    let mut most = 0;
    while child.try_wait().unwrap().is_none() {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        most = most.max(line.map_or(0, |line| line.trim().trim_end_matches(" kB").parse().unwrap()));
        thread::sleep(Duration::from_millis(2));
    }
    (most, fs::read_to_string(out).unwrap())
}

#[test]
fn memory_does_not_grow_with_the_certificates_but_for_a_record_of_each() {
    let scratch = Scratch::new("pack-memory");
    purged(&scratch, "a.img", "records");
    let evidence = fs::read(file(&scratch, "records/certificates", ".evidence.json")).unwrap();
    let evidence: Evidence = serde_json::from_slice(&evidence).unwrap();
    let chain = chain(&evidence, 8_000);
    let few = {
        let ends: Vec<usize> = purgeproof_certificate::sequence::certificates(&chain)
            .take(2_500)
            .scan(0, |at, it| {
                *at += it.unwrap().bytes().len();
                Some(*at)
            })
            .collect();
        &chain[..ends[2_499]]
    };
    scratch.file("few.cborseq", few);
    scratch.file("many.cborseq", &chain);
    let ((few, said), (many, told)) = (resident(&scratch, "few.cborseq"), resident(&scratch, "many.cborseq"));
    assert!(said.contains("2500 certificates: 2500 hold") && told.contains("8000 certificates: 8000 hold"), "{told}");
    // A record of 224 bytes, its name, its hash among those seen and its places in two orders, with room to grow: half a kilobyte each.
    // Certificates that were kept whole would be several.
    assert!(many < few + 5_500 / 2 + 8 * 1024, "{few} KiB, and {many} KiB");
}
