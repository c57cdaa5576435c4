use super::*;
use std::fs;
use std::path::Path;

/// A folder that goes when the test does.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("purgeproof-pack-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn files(folder: &Path) -> BTreeMap<String, PathBuf> {
    let names = [("certificates/a.cose", &b"one"[..]), ("certificates/b.cose", b""), ("logs/x.cborseq", b"three")];
    let file = |(name, content): (&str, &[u8])| {
        let path = folder.join(name.replace('/', "-"));
        fs::write(&path, content).unwrap();
        (name.to_string(), path)
    };
    names.map(file).into()
}

fn packed(files: &BTreeMap<String, PathBuf>) -> Vec<u8> {
    let mut pack = Vec::new();
    write(files, &mut pack).unwrap();
    pack
}

fn unpacked(pack: &[u8]) -> Result<Vec<(String, Vec<u8>)>, String> {
    let mut found = Vec::new();
    read(pack, |name, content| found.push((name, content))).map_err(|error| error.to_string())?;
    Ok(found)
}

#[test]
fn a_pack_holds_the_files_and_begins_with_their_sums() {
    let scratch = Scratch::new("whole");
    let pack = packed(&files(&scratch.0));
    // SHA-256("one") and SHA-256("") by sha256sum.
    let manifest = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed  certificates/a.cose\n\
                    e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  certificates/b.cose\n";
    let head = String::from_utf8_lossy(&pack[512..512 + manifest.len()]).into_owned();
    assert_eq!(head, manifest);
    let found = unpacked(&pack).unwrap();
    assert_eq!(found[0], ("certificates/a.cose".to_string(), b"one".to_vec()));
    assert_eq!((found.len(), found[1].1.len(), found[2].1.as_slice()), (3, 0, &b"three"[..]));
    assert_eq!(packed(&files(&scratch.0)), pack, "the same files, the same bytes");
}

#[test]
fn what_was_done_to_a_pack_is_named() {
    let scratch = Scratch::new("changed");
    let mut files = files(&scratch.0);
    let pack = packed(&files);
    let at = |needle: &[u8]| pack.windows(needle.len()).rposition(|window| window == needle).unwrap();
    let changed = |at: usize| {
        let mut pack = pack.clone();
        pack[at] ^= 1;
        unpacked(&pack).unwrap_err()
    };
    assert!(changed(at(b"three")).contains("logs/x.cborseq is not the file"));
    assert!(changed(512).contains("certificates/a.cose is not the file"), "a sum of the manifest");
    assert!(unpacked(&pack[..at(b"three") - 512]).unwrap_err().contains("ends before logs/x.cborseq"));
    assert!(unpacked(&pack[..at(b"three") + 2]).is_err());
    assert!(unpacked(b"").unwrap_err().contains("no evidence pack"));
    assert!(unpacked(b"certificate").unwrap_err().contains("no evidence pack"));

    files.remove("certificates/b.cose");
    let fewer = packed(&files);
    // The manifest of three files before the members of two of them: a member was taken out.
    let swapped = [&pack[..1024], &fewer[1024..]].concat();
    assert!(unpacked(&swapped).unwrap_err().contains("logs/x.cborseq is in the pack and not next"));
    let swapped = [&fewer[..1024], &pack[1024..]].concat();
    assert!(unpacked(&swapped).unwrap_err().contains("certificates/b.cose is in the pack and not next"));
}

#[test]
fn a_manifest_is_read_to_the_letter() {
    let sum = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed";
    assert!(listed(&format!("{sum}  a\n{sum}  b\n")).is_ok());
    for (manifest, number) in [
        (format!("{sum}  b\n{sum}  a\n"), 2),
        (format!("{sum}  a\n{sum}  a\n"), 2),
        (format!("{sum} a\n"), 1),
        (format!("{sum}  \n"), 1),
        (format!("{sum}  a\n\n"), 2),
        (format!("{}  a\n", &sum[1..]), 1),
    ] {
        assert!(matches!(listed(&manifest), Err(PackError::Line { number: found }) if found == number), "{manifest}");
    }
}

#[test]
fn a_member_that_no_stick_has_is_refused() {
    let mut archive = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(0);
    header.set_entry_type(tar::EntryType::Symlink);
    archive.append_link(&mut header, "a", "/etc/passwd").unwrap();
    assert!(unpacked(&archive.into_inner().unwrap()).unwrap_err().contains("a is no plain file"));
}
