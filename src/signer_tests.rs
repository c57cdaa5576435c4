//! A stick's key, with and without an organisation's word beside it.

use std::collections::BTreeMap;

use super::*;

const NOW: u64 = 1_800_000_000;

/// A stick in memory.
#[derive(Default)]
struct Stick(BTreeMap<(String, String), Vec<u8>>);

impl Stick {
    fn with_delegation(file: &[u8]) -> Self {
        let mut stick = Self::default();
        stick.put(KEYS, STICK_KEY, key().to_file_text(WHOSE).as_bytes()).unwrap();
        stick.put(KEYS, DELEGATION, file).unwrap();
        stick
    }
}

impl Shelf for Stick {
    fn put(&mut self, folder: &str, name: &str, bytes: &[u8]) -> Result<(), ShelfError> {
        self.0.insert((folder.into(), name.into()), bytes.into());
        Ok(())
    }

    fn append(&mut self, folder: &str, name: &str, bytes: &[u8]) -> Result<(), ShelfError> {
        self.0.entry((folder.into(), name.into())).or_default().extend_from_slice(bytes);
        Ok(())
    }

    fn read(&mut self, folder: &str, name: &str) -> Result<Option<Vec<u8>>, ShelfError> {
        Ok(self.0.get(&(folder.into(), name.into())).cloned())
    }

    fn list(&mut self, _: &str) -> Result<Vec<String>, ShelfError> {
        Ok(Vec::new())
    }
}

fn key() -> Key {
    Key::from_seed(&[7; 32])
}

fn delegation(public: [u8; 32], begins_unix_s: u64, expires_unix_s: u64) -> Vec<u8> {
    let (organisation, stick, id) = ("Acme\u{202e}".into(), "7".into(), [1; 16]);
    let grant = Grant { organisation, stick, begins_unix_s, expires_unix_s, issued_unix_s: NOW, id, public };
    Delegation::issue(grant, &Key::from_seed(&[8; 32])).unwrap().bytes().unwrap()
}

/// What a signer says of a stick, and whose word its certificates are.
fn adopted(stick: &mut Stick) -> (Option<String>, Option<String>) {
    let mut signer = Signer::default();
    let trouble = signer.adopt(stick, NOW).err().map(|trouble| trouble.to_string());
    assert!(signer.fingerprint().is_some(), "it signs in any case");
    (trouble, signer.organisation())
}

#[test]
fn a_stick_of_an_organisation_says_so() {
    let mut stick = Stick::with_delegation(&delegation(key().public(), NOW, NOW + 1));
    let (trouble, whose) = adopted(&mut stick);
    assert_eq!(trouble, None);
    let words = "This stick signs as stick 7 of Acme[U+202E] (organisation's key ";
    assert!(whose.as_ref().is_some_and(|whose| whose.starts_with(words)), "{whose:?}");
    assert_eq!(adopted(&mut Stick::default()), (None, None));
}

#[test]
fn a_delegation_that_does_not_fit_is_not_carried_and_told() {
    for (what, file, said) in [
        (
            "over",
            delegation(key().public(), NOW - 9, NOW),
            "until 2027-01-15 08:00:00 UTC: now it signs for itself alone",
        ),
        ("not begun", delegation(key().public(), NOW + 1, NOW + 9), "only from 2027-01-15 08:00:01 UTC"),
        ("another's", delegation([9; 32], NOW, NOW + 1), "Enrol the stick again"),
        ("no delegation", b"\xd2".to_vec(), "keys/stick.delegation is damaged"),
    ] {
        let (trouble, whose) = adopted(&mut Stick::with_delegation(&file));
        assert!(trouble.as_ref().is_some_and(|trouble| trouble.contains(said)), "{what}: {trouble:?}");
        assert_eq!(whose, None, "{what}");
    }
}

#[test]
fn a_key_that_was_let_go_of_is_taken_over_again_with_its_chain() {
    let mut stick = Stick::default();
    let mut signer = Signer::default();
    signer.adopt(&mut stick, NOW).unwrap();
    let key = signer.fingerprint();
    signer.forget();
    assert!(!signer.has_key() && signer.fingerprint().is_none());
    signer.adopt(&mut stick, NOW).unwrap();
    assert_eq!(signer.fingerprint(), key);
}
