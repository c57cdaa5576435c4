//! The command line as a user of a workstation meets it: image files are purged, certificates checked.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::keystream;

/// A folder that goes when the test does.
pub(super) struct Scratch(pub(super) PathBuf);

impl Scratch {
    pub(super) fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("purgeproof-cli-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub(super) fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(super) fn purgeproof(folder: &Path, arguments: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_purgeproof");
    Command::new(program).args(arguments).current_dir(folder).stdin(Stdio::null()).output().unwrap()
}

pub(super) fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(super) fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(super) const POLICY: &str =
    "unattended = true\n[[rule]]\nname = 'images'\ntransport = ['file']\naction = 'purge'\n";

/// Purges a file of 3 MiB and an odd tail of blocks, and gives the paths of its certificate files.
fn purged(scratch: &Scratch) -> (PathBuf, PathBuf) {
    let disk = scratch.file("disk.img", &b"old secret. ".repeat(262_144 + 128)[..3 * 1024 * 1024 + 1536]);
    scratch.file("policy.toml", POLICY.as_bytes());
    let output =
        purgeproof(&scratch.0, &["purge", "./disk.img", "--policy", "policy.toml", "--out", "records", "--json"]);
    assert!(output.status.success(), "{}", err(&output));
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["verdict"]["outcome"], "cleared");
    let name = said["certificate"].as_str().unwrap();
    (disk, scratch.0.join("records/certificates").join(name))
}

#[test]
fn an_image_file_is_overwritten_and_certified() {
    let scratch = Scratch::new("purge");
    let (disk, certificate) = purged(&scratch);
    let content = fs::read(&disk).unwrap();
    assert_eq!(content.len(), 3 * 1024 * 1024 + 1536);
    assert!(!content.windows(10).any(|window| window == b"old secret"));

    let evidence: Value =
        serde_json::from_slice(&fs::read(certificate.with_extension("evidence.json")).unwrap()).unwrap();
    let key: Vec<u8> = hex(evidence["drawn"]["key"].as_str().unwrap());
    let mut expected = vec![0; content.len()];
    keystream::fill(evidence["drawn"]["stream"].as_str().unwrap(), &key, &mut expected);
    assert!(content == expected, "the file does not hold the keystream of its evidence");

    let output = purgeproof(&scratch.0, &["verify", certificate.to_str().unwrap()]);
    assert!(output.status.success(), "{}{}", out(&output), err(&output));
    assert!(
        out(&output).contains("CLEARED") && out(&output).contains("evidence") && out(&output).contains("SELF-SIGNED")
    );
    // The views hold as well: the PDF by its attachment.
    let output = purgeproof(&scratch.0, &["verify", certificate.with_extension("pdf").to_str().unwrap(), "--json"]);
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((said["all_hold"].as_bool(), output.status.code()), (Some(true), Some(0)));
}

#[test]
fn a_third_party_can_look_at_any_block_again() {
    let scratch = Scratch::new("recheck");
    let (disk, certificate) = purged(&scratch);
    let recheck = |more: &[&str]| {
        let ours = ["recheck", certificate.to_str().unwrap(), "--drive", "disk.img"];
        purgeproof(&scratch.0, &[&ours, more].concat())
    };
    let output = recheck(&[]);
    assert!(output.status.success(), "{}{}", out(&output), err(&output));
    assert!(out(&output).contains("all 6147 blocks") && out(&output).contains("keystream of this job's key"));

    // One bit of block 4099: found where it is looked for, and by the sample, which is all of so small a medium.
    let mut content = fs::read(&disk).unwrap();
    content[512 * 4099 + 511] ^= 1;
    fs::write(&disk, &content).unwrap();
    assert_eq!(recheck(&["--lba", "0-4098", "--lba", "4100"]).status.code(), Some(0));
    let output = recheck(&["--lba", "4000-4999"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        out(&output).contains("1 of 1000 blocks DO NOT HOLD") && out(&output).contains("LBA 4099"),
        "{}",
        out(&output)
    );
    let said: Value = serde_json::from_slice(&recheck(&["--json"]).stdout).unwrap();
    assert_eq!((said["holds"].as_bool(), said["blocks_read"].as_u64()), (Some(false), Some(6147)));
    assert_eq!(said["first_differing"], serde_json::json!([4099]));
    assert_eq!(fs::read(&disk).unwrap(), content, "it is only read");

    // What cannot be compared is no answer.
    let output = recheck(&["--lba", "6147"]);
    assert!(output.status.code() == Some(2) && err(&output).contains("last block is 6146"), "{}", err(&output));
    assert_eq!(recheck(&["--lba", "5-4"]).status.code(), Some(2));
    fs::write(&disk, &content[512..]).unwrap();
    let output = recheck(&[]);
    assert!(output.status.code() == Some(2) && err(&output).contains("nothing was compared"), "{}", err(&output));
    fs::write(&disk, &content).unwrap();
    fs::remove_file(certificate.with_extension("evidence.json")).unwrap();
    let output = recheck(&[]);
    assert!(output.status.code() == Some(2) && err(&output).contains("evidence.json"), "{}", err(&output));
}

#[test]
fn a_key_that_the_policy_withholds_is_not_told_and_needed_to_recheck() {
    let scratch = Scratch::new("withheld");
    scratch.file("disk.img", &vec![0x5a; 512 * 640]);
    scratch.file("policy.toml", format!("withhold_key = true\n{POLICY}").as_bytes());
    let output =
        purgeproof(&scratch.0, &["purge", "./disk.img", "--policy", "policy.toml", "--out", "records", "--json"]);
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    let certificate = scratch.0.join("records/certificates").join(said["certificate"].as_str().unwrap());
    assert!(purgeproof(&scratch.0, &["verify", certificate.to_str().unwrap()]).status.success());

    let evidence: Value =
        serde_json::from_slice(&fs::read(certificate.with_extension("evidence.json")).unwrap()).unwrap();
    assert_eq!(evidence["drawn"]["key"], "0".repeat(64));
    let journal = fs::read_dir(scratch.0.join("records/journal")).unwrap().next().unwrap().unwrap().path();
    let journal = fs::read_to_string(journal).unwrap();
    let job: Value = journal
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["record"]["job"].take())
        .find(|job| job.get("drawn").is_some())
        .unwrap();
    let key = job["drawn"]["key"].as_str().unwrap();
    assert!(!fs::read_to_string(certificate.with_extension("json")).unwrap().contains(key));

    let recheck = |more: &[&str]| {
        let ours = ["recheck", certificate.to_str().unwrap(), "--drive", "disk.img"];
        let output = purgeproof(&scratch.0, &[&ours, more].concat());
        (output.status.code(), err(&output))
    };
    let (code, said) = recheck(&[]);
    assert!(code == Some(2) && said.contains("withheld the key"), "{said}");
    let (code, said) = recheck(&["--key", &"ab".repeat(32)]);
    assert!(code == Some(2) && said.contains("not the key of the job"), "{said}");
    assert_eq!(recheck(&["--key", key]), (Some(0), String::new()));
}

#[test]
fn a_changed_certificate_is_refused_with_its_reason() {
    let scratch = Scratch::new("changed");
    let (_, certificate) = purged(&scratch);
    let good = fs::read(&certificate).unwrap();

    let mut changed = good.clone();
    let last = changed.len() - 1;
    changed[last] ^= 1;
    let path = scratch.file("changed.cose", &changed);
    let output = purgeproof(&scratch.0, &["verify", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(out(&output).contains("DOES NOT HOLD") && out(&output).contains("signature"), "{}", out(&output));

    let path = scratch.file("short.cose", &good[..good.len() / 2]);
    let output = purgeproof(&scratch.0, &["verify", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(out(&output).contains("NOT A VALID CERTIFICATE"), "{}", out(&output));

    // One bad certificate among good ones is enough.
    let output = purgeproof(&scratch.0, &["verify", certificate.to_str().unwrap(), path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn changed_evidence_is_noticed() {
    let scratch = Scratch::new("evidence");
    let (_, certificate) = purged(&scratch);
    let evidence = certificate.with_extension("evidence.json");
    let text = fs::read_to_string(&evidence).unwrap().replacen("\"images\"", "\"others\"", 1);
    fs::write(&evidence, text).unwrap();
    let output = purgeproof(&scratch.0, &["verify", certificate.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(out(&output).contains("evidence: "), "{}", out(&output));
}

#[test]
fn nothing_is_purged_without_consent() {
    let scratch = Scratch::new("consent");
    let disk = scratch.file("disk.img", &[7; 8192]);
    let attended = scratch.file("policy.toml", b"[[rule]]\nname = 'images'\naction = 'purge'\n");
    for arguments in [vec!["purge", "./disk.img"], vec!["purge", "./disk.img", "--policy", attended.to_str().unwrap()]]
    {
        let output = purgeproof(&scratch.0, &arguments);
        assert_eq!(output.status.code(), Some(2));
        assert!(err(&output).contains("nothing was done"), "{}", err(&output));
    }
    let other = scratch
        .file("other.toml", b"unattended = true\n[[rule]]\nname = 'x'\nserial = ['no-such']\naction = 'purge'\n");
    let output = purgeproof(&scratch.0, &["purge", "./disk.img", "--policy", other.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("no rule of the policy selects it"), "{}", err(&output));
    assert_eq!(fs::read(&disk).unwrap(), [7; 8192]);
}

#[test]
fn two_runs_do_not_share_a_folder() {
    let scratch = Scratch::new("shared");
    let disk = scratch.file("disk.img", &[7; 4096]);
    scratch.file("policy.toml", POLICY.as_bytes());
    let records = scratch.0.join("records");
    fs::create_dir(&records).unwrap();
    let other_run = fs::File::open(&records).unwrap();
    other_run.lock().unwrap();
    let arguments = ["purge", "./disk.img", "--policy", "policy.toml", "--out", "records"];
    let output = purgeproof(&scratch.0, &arguments);
    assert_eq!(output.status.code(), Some(2));
    assert!(err(&output).contains("Another purgeproof is at work"), "{}", err(&output));
    assert_eq!(fs::read(&disk).unwrap(), [7; 4096]);
    drop(other_run);
    assert!(purgeproof(&scratch.0, &arguments).status.success());
}

#[test]
fn bad_input_is_named() {
    let scratch = Scratch::new("input");
    scratch.file("odd.img", &[7; 1000]);
    scratch.file("disk.img", &[7; 4096]);
    let broken = scratch.file("broken.toml", b"unattended = true\n[[rule]\n");
    let unknown = scratch.file("unknown.toml", b"unatended = true\n");
    scratch.file("policy.toml", POLICY.as_bytes());
    let (broken, unknown) = (broken.to_str().unwrap(), unknown.to_str().unwrap());
    for (arguments, said) in [
        (vec!["purge", "./odd.img", "--policy", "policy.toml"], "no whole number of blocks"),
        (vec!["purge", "./missing.img"], "cannot be found"),
        (vec!["purge", "NO-SUCH-SERIAL"], "`purgeproof list` shows what there is"),
        (vec!["purge", "./disk.img", "--policy", broken], "line 2"),
        (vec!["purge", "./disk.img", "--policy", unknown], "unknown field `unatended`"),
        (vec!["list", "--policy", "missing.toml"], "missing.toml cannot be read"),
    ] {
        let output = purgeproof(&scratch.0, &arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(err(&output).contains(said), "{arguments:?}: {}", err(&output));
    }
    let output = purgeproof(&scratch.0, &["verify", "missing.cose", "disk.img", "PP1:not base45!"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(out(&output).matches("NOT A VALID CERTIFICATE").count(), 3, "{}", out(&output));
}

#[test]
fn the_manual_and_the_completions_come_from_the_same_command_line() {
    let scratch = Scratch::new("man");
    let manual = out(&purgeproof(&scratch.0, &["man"]));
    assert!(manual.contains(".TH purgeproof") && manual.contains("verify") && !manual.contains("appliance"));
    for shell in ["bash", "zsh", "fish"] {
        assert!(out(&purgeproof(&scratch.0, &["completions", shell])).contains("policy"));
    }
    let output = purgeproof(&scratch.0, &["list", "--json"]);
    let said: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(said["drives"].is_array() && said["controllers"].is_array());
}

pub(super) fn hex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}
