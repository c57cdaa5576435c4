//! An organisation on a workstation: from its keys to a certificate that is its word, and to a stick that was stolen.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;

use crate::cli::{POLICY, Scratch, err, out, purgeproof};

/// An office with an organisation, and a stick.
struct Office(Scratch);

impl Office {
    fn new(name: &str) -> Self {
        let office = Self(Scratch::new(name));
        office.0.file("policy.toml", POLICY.as_bytes());
        office.0.file("passphrase", b"correct horse battery\nanother line\n");
        let stick = office.path("stick");
        fs::create_dir(&stick).unwrap();
        fs::write(stick.join("PURGEPROOF.ID"), "0011223344556677").unwrap();
        office.done(&["org", "init", "office", "--name", "Acme Refurbishing", "--passphrase-file", "passphrase"]);
        office
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.0.join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        purgeproof(&self.0.0, arguments)
    }

    /// What a command says that does what it should.
    fn done(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}{}", out(&output), err(&output));
        out(&output)
    }

    /// A command of the office, with the passphrase.
    fn office(&self, arguments: &[&str]) -> Output {
        self.run(&[arguments, &["--org", "office", "--passphrase-file", "passphrase"]].concat())
    }

    fn office_done(&self, arguments: &[&str]) -> String {
        let output = self.office(arguments);
        assert!(output.status.success(), "{arguments:?}: {}{}", out(&output), err(&output));
        out(&output)
    }

    /// Why the office refuses something.
    fn refused(&self, arguments: &[&str], said: &str) {
        let output = self.office(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", out(&output));
        assert!(err(&output).contains(said), "{arguments:?}: {}", err(&output));
    }

    /// Purges an image file with the stick; gives the certificate.
    fn purge(&self, image: &str) -> String {
        self.0.file(image, &vec![7; 512 * 64]);
        let image = format!("./{image}");
        let said = self.done(&["purge", &image, "--policy", "policy.toml", "--out", "stick", "--json"]);
        let said: Value = serde_json::from_str(&said).unwrap();
        format!("stick/certificates/{}", said["certificate"].as_str().unwrap())
    }

    /// The exit code of a verification and what it says.
    fn verify(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let output = self.run(&[&["verify"], arguments].concat());
        (output.status.code(), out(&output) + &err(&output))
    }

    fn log(&self) -> PathBuf {
        let logs: Vec<PathBuf> =
            fs::read_dir(self.path("stick/logs")).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(logs.len(), 1);
        logs[0].clone()
    }
}

const TRUSTED: &str = "--trust=office/trust.cose";

fn says_all(said: &str, words: &[&str]) {
    for word in words {
        assert!(said.contains(word), "{word} is not in: {said}");
    }
}

fn holds((code, said): &(Option<i32>, String), words: &[&str]) {
    assert_eq!(*code, Some(0), "{said}");
    says_all(said, words);
}

fn fails((code, said): &(Option<i32>, String), words: &[&str]) {
    assert_eq!(*code, Some(1), "{said}");
    says_all(said, words);
}

#[test]
fn a_stick_of_an_organisation_signs_in_its_name_until_it_is_stolen() {
    let office = Office::new("organisation");
    let key = fs::read(office.path("office/org.key")).unwrap();
    assert!(key.starts_with(b"age-encryption.org/v1\n-> scrypt "));
    let said = office.office_done(&["stick", "enroll", "stick", "--until", "2099-12-31"]);
    assert!(said.contains("stick 1 of Acme Refurbishing") && said.contains("until 2100-01-01 00:00:00"), "{said}");
    let recipient = fs::read_to_string(office.path("stick/keys/org.recipient")).unwrap();
    assert!(recipient.lines().any(|line| line.starts_with("age1")), "{recipient}");

    let first = office.purge("one.img");
    holds(&office.verify(&[&first]), &["DELEGATED by key ", ", which calls itself Acme Refurbishing"]);
    holds(&office.verify(&[TRUSTED, &first]), &["ORGANISATION: Acme Refurbishing", ", stick 1.", "made after"]);
    holds(&office.verify(&["--trust=stick/keys/trust.cose", &first]), &["ORGANISATION: Acme Refurbishing"]);

    let said = office.office_done(&["org", "collect", "stick"]);
    assert!(said.contains("collected up to number 1") && said.contains("generation 3"), "{said}");
    assert!(office.office_done(&["org", "collect", "stick"]).contains("nothing new since number 1"));
    holds(&office.verify(&[TRUSTED, "stick"]), &["made between", "when it was collected"]);
    assert!(office.done(&["summary", TRUSTED, &first]).starts_with("1 certificate: 1 "));
    office.done(&["export", "stick", "--out", "before.tar"]);
    holds(&office.verify(&[TRUSTED, "before.tar"]), &["1 certificate: 1 holds, 0 do not", "1 organisation"]);
    stolen(&office, &first);
}

/// Its key goes on to sign.
fn stolen(office: &Office, first: &str) {
    let second = office.purge("two.img");
    holds(&office.verify(&[TRUSTED, "stick"]), &["ORGANISATION"]);
    let shown = office.done(&["org", "show", "office"]);
    let key = shown.lines().find_map(|line| line.strip_prefix("stick 1, key ")).unwrap().to_owned();
    office.refused(&["org", "revoke", &key, "--after", "2"], "number 2 of this key was not collected (these were: 1)");
    office.refused(&["org", "revoke", "0000 0000 0000 0000"], "neither a certificate nor the fingerprint");
    let said = office.office_done(&["org", "revoke", &key, "--why", "stolen on the train"]);
    assert!(said.contains("No certificate after number 1"), "{said}");
    holds(&office.verify(&[TRUSTED, first]), &["ORGANISATION"]);
    fails(&office.verify(&[TRUSTED, &second]), &["revocation: the key was revoked", "up to number 1 only"]);
    holds(&office.verify(&[&second]), &["DELEGATED"]);
    let list = office.run(&["summary", TRUSTED, first, &second]);
    assert_eq!(list.status.code(), Some(1), "{}", err(&list));
    assert!(out(&list).contains("1 DOES NOT HOLD"), "{}", out(&list));
    office.done(&["export", "stick", "--out", "after.tar"]);
    fails(&office.verify(&[TRUSTED, "after.tar"]), &["2 certificates: 1 holds, 1 does not", "1 revoked"]);
    let shown = office.done(&["org", "show", "office/trust.cose"]);
    assert!(shown.contains("REVOKED") && shown.contains("up to number 1: stolen on the train"), "{shown}");
    office.refused(&["stick", "enroll", "stick"], "The key was revoked");
    office.refused(&["org", "adopt", &second], "The key was revoked");
    office.refused(&["org", "revoke", &second], "is revoked already, after number 1");
    office.refused(&["org", "collect", "stick"], "number 2 does not hold: the key was revoked");
}

#[test]
fn a_key_that_has_signed_before_is_adopted() {
    let office = Office::new("adopted");
    let first = office.purge("one.img");
    holds(&office.verify(&[TRUSTED, &first]), &["SELF-SIGNED"]);
    let said = office.office_done(&["org", "adopt", &first, "--name", "Berlin-3", "--until", "2099-12-31"]);
    assert!(said.contains("stick Berlin-3 of Acme Refurbishing"), "{said}");
    holds(&office.verify(&[TRUSTED, &first]), &["ORGANISATION: Acme Refurbishing", "stick Berlin-3, adopted on 20"]);
    let said: Value = serde_json::from_str(&office.done(&["verify", TRUSTED, "--json", &first])).unwrap();
    assert_eq!(said["certificates"][0]["whose"], "organisation");
    assert!(office.office_done(&["stick", "enroll", "stick"]).contains("stick Berlin-3 of"));
}

#[test]
fn what_a_stick_signed_before_it_was_enrolled_is_the_organisations_once_it_is_adopted() {
    let office = Office::new("enrolled-later");
    let first = office.purge("one.img");
    // Certificates and delegations count in whole seconds.
    std::thread::sleep(std::time::Duration::from_secs(1));
    office.office_done(&["stick", "enroll", "stick"]);
    fails(&office.verify(&[TRUSTED, &first]), &["delegation: the delegation does not cover the time of issue"]);
    office.refused(&["org", "collect", "stick"], "number 1 was issued outside the time");
    office.office_done(&["org", "adopt", "stick"]);
    holds(&office.verify(&[TRUSTED, &first]), &["stick 1, adopted on 20"]);
    assert!(office.office_done(&["org", "collect", "stick"]).contains("collected up to number 1"));
}

#[test]
fn what_was_taken_away_from_a_chain_is_noticed() {
    let office = Office::new("chains");
    office.office_done(&["stick", "enroll", "stick", "--name", "7"]);
    let certificates: Vec<String> = ["a.img", "b.img", "c.img"].iter().map(|image| office.purge(image)).collect();
    office.office_done(&["org", "collect", "stick"]);
    let [first, second, third] = [0, 1, 2].map(|index| fs::read(office.path(&certificates[index])).unwrap());
    let log = office.log();
    assert_eq!(fs::read(&log).unwrap(), [&first[..], &second, &third].concat());
    holds(&office.verify(&[TRUSTED, log.to_str().unwrap()]), &["no. 3: the certificate holds"]);

    // Some of them: what is missing is said. The whole chain: it must not be missing.
    holds(&office.verify(&[&certificates[0], &certificates[2]]), &["GAP: of key", "number 2 is not here"]);
    holds(&office.verify(&[&certificates[0], &certificates[0]]), &["COPY"]);
    holds(&office.verify(&["stick/certificates"]), &[]);
    fs::write(&log, [&first[..], &third].concat()).unwrap();
    fails(&office.verify(&[log.to_str().unwrap()]), &["GAP: of key"]);
    office.refused(&["org", "collect", "stick"], "GAP: of key");
    // Its end.
    fs::write(&log, [&first[..], &second].concat()).unwrap();
    fails(&office.verify(&[TRUSTED, log.to_str().unwrap()]), &["CUT OFF", "number 3 was collected before"]);
    office.refused(&["org", "collect", "stick"], "CUT OFF");
    fs::remove_file(&log).unwrap();
    office.refused(&["org", "collect", "stick"], "There are no certificates in stick/logs");
    fs::write(log.with_file_name("0.cborseq"), b"\xd2").unwrap();
    office.refused(&["org", "collect", "stick"], "logs/0.cborseq on the stick: The certificate is damaged");
    // A folder in which nothing is but a trust file.
    fails(&office.verify(&["office"]), &["There are no certificates in this folder"]);
}

#[test]
fn what_an_office_cannot_do_is_said_in_words() {
    let office = Office::new("refusals");
    office.0.file("wrong", b"wrong horse\n");
    office.0.file("empty", b"\n");
    let init = ["org", "init", "--name", "B", "--passphrase-file"];
    for (arguments, said) in [
        ([&init[..], &["empty", "other"]].concat(), "An empty passphrase"),
        ([&init[..], &["missing", "other"]].concat(), "missing cannot be read"),
        ([&init[..], &["passphrase", "office"]].concat(), "holds an organisation already (org.key)"),
        (vec!["org", "init", "--name", "\u{1b}", "other", "--passphrase-file", "passphrase"], "no control characters"),
        (vec!["org", "show", "stick"], "Name the organisation's folder"),
        (vec!["org", "show", "policy.toml"], "This is no trust file"),
        (vec!["verify", "--trust", "policy.toml", "x.cose"], "This is no trust file"),
        (vec!["stick", "enroll", "stick", "--org", "office", "--passphrase-file", "wrong"], "not the passphrase"),
        (vec!["stick", "enroll", ".", "--org", "office", "--passphrase-file", "wrong"], "is no stick"),
        (vec!["stick", "enroll", "stick", "--org", "office", "--until", "2099-02-30"], "is no day"),
    ] {
        let output = office.run(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(err(&output).contains(said), "{arguments:?}: {}", err(&output));
    }
    assert!(!office.path("stick/keys").exists() && !office.path("other").exists(), "nothing was made");
    office.refused(&["stick", "enroll", "stick", "--until", "2001-01-01"], "end before it begins");
    office.refused(&["org", "adopt", "policy.toml"], "not a PurgeProof certificate");
    damaged(&office);
}

fn damaged(office: &Office) {
    let trust = office.path("office/trust.cose");
    flip_last_bit(&trust);
    office.refused(&["stick", "enroll", "stick"], "The signature of the trust file does not fit");
    flip_last_bit(&trust);
    flip_last_bit(&office.path("office/org.key"));
    office.refused(&["stick", "enroll", "stick"], "org.key is damaged");
}

fn flip_last_bit(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(path, bytes).unwrap();
}
