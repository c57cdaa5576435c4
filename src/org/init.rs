//! `purgeproof org init`.

use std::path::Path;

use purgeproof_certificate::is_name;

use crate::home::Home;
use crate::passphrase::Passphrase;

pub(super) fn run(name: &str, folder: &Path, passphrase: &Passphrase) -> Result<String, String> {
    is_name(name).map_err(|error| format!("{error}."))?;
    let (_, trust) = Home::found(folder, name, &mut passphrase.choose()?)?;
    Ok(format!(
        "Organisation {name}, fingerprint {fingerprint}. Write the fingerprint on paper: whoever verifies compares it.\n\
         {folder}/org.key and org.age are its keys, encrypted by the passphrase. Keep a copy of the folder in another place.\n\
         {folder}/trust.cose is for everybody who verifies: purgeproof verify --trust trust.cose FILE\n\
         Next: purgeproof stick enroll STICK --org {folder}\n",
        fingerprint = trust.fingerprint(),
        folder = folder.display(),
    ))
}
