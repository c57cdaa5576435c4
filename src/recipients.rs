//! Whom a pack is encrypted to: public keys of the age format (age-encryption.org/v1).

use std::fs;
use std::io::Write;

use age::x25519::Recipient;

/// The keys of these arguments: each is one (`age1…`) or a file with a key a line, in which lines that begin with `#` are for people.
pub(crate) fn read(arguments: &[String]) -> Result<Vec<Recipient>, String> {
    let mut recipients = Vec::new();
    for argument in arguments {
        let text = if argument.starts_with("age1") {
            argument.clone()
        } else {
            fs::read_to_string(argument).map_err(|error| {
                format!("{argument}: {error}. Give a public key that begins with \"age1\", or a file with such lines.")
            })?
        };
        let keys = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let before = recipients.len();
        for key in keys {
            let wrong = |why| format!("{argument}: {key} is no public key of age ({why}). Nothing was exported.");
            recipients.push(key.parse().map_err(wrong)?);
        }
        if recipients.len() == before {
            return Err(format!("{argument} has no public key in it. Give one with lines that begin with \"age1\"."));
        }
    }
    Ok(recipients)
}

/// Encrypts what `write` writes, as it is written, so that each of these can decrypt it.
pub(crate) fn encrypted<W: Write>(
    to: &[Recipient],
    out: W,
    write: impl FnOnce(&mut dyn Write) -> Result<(), String>,
) -> Result<W, String> {
    let each = to.iter().map(|recipient| recipient as &dyn age::Recipient);
    let encryptor = age::Encryptor::with_recipients(each)
        .map_err(|error| format!("The pack cannot be encrypted ({error}). Check the recipients."))?;
    let failed = |error| format!("The pack could not be written ({error}). Check the medium and its room.");
    let mut stream = encryptor.wrap_output(out).map_err(failed)?;
    write(&mut stream)?;
    stream.finish().map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::iter;

    use age::x25519::Identity;

    #[test]
    fn each_recipient_opens_it_and_nobody_else() {
        let (one, two, other) = (Identity::generate(), Identity::generate(), Identity::generate());
        let to = [&one, &two].map(|identity| identity.to_public().to_string());
        let to = read(&to).unwrap();
        let bytes =
            encrypted(&to, Vec::new(), |out| out.write_all(b"pack").map_err(|error| error.to_string())).unwrap();
        let opened = |identity: &Identity| {
            let decryptor = age::Decryptor::new(bytes.as_slice()).unwrap();
            let mut plain = Vec::new();
            let mut reader = decryptor.decrypt(iter::once(identity as &dyn age::Identity)).ok()?;
            reader.read_to_end(&mut plain).unwrap();
            Some(plain)
        };
        assert_eq!(
            (opened(&one), opened(&two), opened(&other)),
            (Some(b"pack".to_vec()), Some(b"pack".to_vec()), None)
        );
    }

    #[test]
    fn what_is_no_key_is_said() {
        assert!(read(&["age1x".into()]).unwrap_err().contains("no public key of age"));
        assert!(read(&["/nonexistent".into()]).unwrap_err().contains("begins with \"age1\""));
        let file = std::env::temp_dir().join(format!("purgeproof-recipients-{}", std::process::id()));
        let key = Identity::generate().to_public().to_string();
        fs::write(&file, format!("# the office\n\n{key}\n")).unwrap();
        let name = file.to_str().unwrap().to_owned();
        assert_eq!(read(std::slice::from_ref(&name)).unwrap().len(), 1);
        fs::write(&file, "# nobody\n").unwrap();
        assert!(read(&[name]).unwrap_err().contains("no public key in it"));
        fs::remove_file(&file).unwrap();
    }
}
