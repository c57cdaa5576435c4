//! The folder of an organisation: its keys, encrypted by a passphrase, and its trust file.

use std::fs;
use std::io::Write;
use std::iter;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use age::secrecy::ExposeSecret;
use age::{scrypt, x25519};
use purgeproof_certificate::{Contents, Key, TrustFile};
use purgeproof_drive::layout::{RECIPIENT, TRUST};
use purgeproof_drive::shelf::{FolderShelf, Shelf};
use purgeproof_sys::locked::Locked;
use zeroize::Zeroizing;

use crate::passphrase::Phrase;
use crate::{Kept, Office, fresh, no_memory, unix_s};

/// The root key, as `age -d org.key` gives it: a key file.
const KEY: &str = "org.key";
/// The identity for encrypted evidence, as `age -d -i org.age` takes it.
const IDENTITY: &str = "org.age";

/// Of scrypt: 2^18 rounds, which take 256 MiB and about a second (what `age -p` takes as well).
const LOG_ROUNDS: u8 = 18;
/// More than this, 4 GiB, is not tried.
const MOST_LOG_ROUNDS: u8 = 22;

/// The folder.
pub(super) struct Home {
    folder: PathBuf,
}

impl Home {
    pub(super) fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Makes the folder with new keys.
    pub(super) fn found(folder: &Path, name: &str, phrase: &mut Phrase) -> Result<(Self, TrustFile), String> {
        let home = Self::at(folder);
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|error| format!("{} cannot be made ({error}). Check the path.", folder.display()))?;
        for file in [KEY, IDENTITY, TRUST] {
            if folder.join(file).exists() {
                return Err(format!(
                    "{} holds an organisation already ({file}). Name another folder.",
                    folder.display()
                ));
            }
        }
        let key = fresh()?;
        let identity = x25519::Identity::generate();
        let recipient =
            format!("# Evidence of {} is encrypted to this key\n{}\n", one_line(name), identity.to_public());
        // Room for all of it, so that it does not grow and leave a part of itself behind.
        let mut private = Zeroizing::new(String::with_capacity(512));
        let secret = identity.to_string();
        for part in ["# ", &identity.to_public().to_string(), "\n", secret.expose_secret(), "\n"] {
            private.push_str(part);
        }
        let trust = trust_file(name, &key)?;
        home.put(KEY, &encrypted(key.to_file_text(&format!("the organisation {name}")).as_bytes(), phrase)?)?;
        home.put(IDENTITY, &encrypted(private.as_bytes(), phrase)?)?;
        home.put(RECIPIENT, recipient.as_bytes())?;
        home.put(TRUST, trust.bytes())?;
        Ok((home, trust))
    }

    /// The trust file as it is.
    pub(super) fn trust(&self) -> Result<TrustFile, String> {
        read_trust(&self.folder.join(TRUST))
    }

    /// The file with what evidence is encrypted to.
    pub(super) fn recipient(&self) -> Result<Vec<u8>, String> {
        self.get(RECIPIENT)
    }

    /// Signs the trust file anew, with what has changed.
    pub(super) fn amend(
        &self,
        trust: &TrustFile,
        key: &mut Kept,
        change: impl FnOnce(&mut Contents),
    ) -> Result<TrustFile, String> {
        let mut contents = trust.contents().clone();
        contents.generation = contents.generation.saturating_add(1);
        contents.issued_unix_s = unix_s();
        change(&mut contents);
        let amended = key.open(|key| TrustFile::sign(contents, key)).map_err(no_memory)?;
        let amended = amended.map_err(|error| format!("{error}."))?;
        self.put(TRUST, amended.bytes())?;
        Ok(amended)
    }

    fn get(&self, name: &str) -> Result<Vec<u8>, String> {
        let path = self.folder.join(name);
        fs::read(&path).map_err(|error| {
            format!(
                "{} cannot be read ({error}). Name the organisation's folder, or make one with `purgeproof org init`.",
                path.display()
            )
        })
    }

    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), String> {
        let kept = FolderShelf::new(&self.folder).and_then(|mut shelf| shelf.put("", name, bytes));
        kept.map_err(|error| format!("{} was not written: {error}.", self.folder.join(name).display()))
    }
}

impl Office {
    /// The organisation's folder and trust file, before the passphrase is asked for.
    pub(super) fn open(&self) -> Result<(Home, TrustFile), String> {
        let home = Home::at(&self.folder);
        let trust = home.trust()?;
        Ok((home, trust))
    }

    /// The root key, once somebody has given the passphrase.
    pub(super) fn unlock(&self, home: &Home, trust: &TrustFile) -> Result<Kept, String> {
        let file = home.get(KEY)?;
        let mut text = decrypted(&file, &mut self.passphrase.ask()?)?;
        let parsed = |text: &mut [u8]| str::from_utf8(text).ok().and_then(|text| Key::parse(text).ok());
        match text.open(parsed).map_err(no_memory)? {
            Some(key) if key.public() == *trust.public() => Kept::new(&key).map_err(no_memory),
            Some(key) => Err(format!(
                "{KEY} holds the key {}, and {TRUST} is of {}. Put back the files that belong together.",
                key.fingerprint(),
                trust.fingerprint()
            )),
            None => Err(format!("{KEY} holds no key. Put back the file that `purgeproof org init` made.")),
        }
    }
}

fn trust_file(name: &str, key: &Key) -> Result<TrustFile, String> {
    let contents = Contents {
        name: name.to_owned(),
        issued_unix_s: unix_s(),
        generation: 1,
        delegations: Vec::new(),
        checkpoints: Vec::new(),
        revocations: Vec::new(),
    };
    TrustFile::sign(contents, key).map_err(|error| format!("{error}."))
}

/// Reads a trust file and checks every signature in it.
///
/// # Errors
/// What happened and what to do about it.
pub fn read_trust(path: &Path) -> Result<TrustFile, String> {
    let bytes = fs::read(path).map_err(|error| {
        format!(
            "{} cannot be read ({error}). Name the organisation's folder, or make one with `purgeproof org init`.",
            path.display()
        )
    })?;
    TrustFile::parse(&bytes).map_err(|error| format!("{}: {error}.", path.display()))
}

fn one_line(name: &str) -> String {
    name.replace(char::is_control, " ")
}

/// As `age -p` does it.
fn encrypted(secret: &[u8], phrase: &mut Phrase) -> Result<Vec<u8>, String> {
    let cannot = |error: String| format!("The keys could not be encrypted ({error}): nothing was made.");
    let mut recipient = scrypt::Recipient::new(phrase.reveal()?);
    recipient.set_work_factor(LOG_ROUNDS);
    let encryptor = age::Encryptor::with_recipients(iter::once(&recipient as &dyn age::Recipient))
        .map_err(|error| cannot(error.to_string()))?;
    let mut file = Vec::new();
    let mut writer = encryptor.wrap_output(&mut file).map_err(|error| cannot(error.to_string()))?;
    writer.write_all(secret).and_then(|()| writer.finish().map(drop)).map_err(|error| cannot(error.to_string()))?;
    Ok(file)
}

fn decrypted(file: &[u8], phrase: &mut Phrase) -> Result<Locked, String> {
    let damaged = || format!("{KEY} is damaged. Take the copy of the organisation's folder.");
    let mut identity = scrypt::Identity::new(phrase.reveal()?);
    identity.set_max_work_factor(MOST_LOG_ROUNDS);
    let reader = age::Decryptor::new(file).map_err(|_| damaged())?.decrypt(iter::once(&identity as &dyn age::Identity));
    let reader = match reader {
        Ok(reader) => reader,
        Err(age::DecryptError::ExcessiveWork { .. }) => {
            return Err(format!(
                "{KEY} asks for more work than a passphrase may cost. Take the copy of the organisation's folder."
            ));
        }
        Err(_) => {
            return Err("This is not the passphrase of the organisation's keys: nothing was done. Try again.".into());
        }
    };
    Locked::read(reader).map_err(|_| damaged())
}
