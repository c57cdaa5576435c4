//! Where a test works: a folder of its own in `out/tests`, and the product's files. All paths are relative to the package, where Cargo
//! runs its tests: the path of a socket must be shorter than 108 bytes, wherever the tree lies.

use std::fs;
use std::path::{Path, PathBuf};

use super::disk::Disk;
use super::stick::Stick;

/// The folder `out/tests/<name>`. Logs, pictures and certificates stay in it; disks and sticks stay only where the test failed.
pub(crate) struct Bench(PathBuf);

impl Bench {
    /// Makes the folder anew.
    pub(crate) fn new(name: &str) -> Self {
        let folder = Path::new("out/tests").join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("out/tests can be written");
        Self(folder)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// A used drive of so many MiB with this serial number.
    pub(crate) fn disk(&self, serial: &str, mib: usize) -> Disk {
        Disk::used(self.path(&format!("{serial}.img")), serial, mib)
    }

    /// A fresh stick; `name` is its serial number too.
    pub(crate) fn stick(&self, name: &str) -> Stick {
        self.stick_of("purgeproof.img", name)
    }

    /// The same of another image.
    pub(crate) fn stick_of(&self, image: &str, name: &str) -> Stick {
        Stick::copy(&artefact(image), self.path(&format!("{name}.img")), name)
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        for entry in fs::read_dir(&self.0).into_iter().flatten().flatten() {
            if entry.path().extension().is_some_and(|kind| kind == "img" || kind == "fd" || kind == "sock") {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// A file of `scripts/`.
pub(crate) fn scripts(name: &str) -> PathBuf {
    let path = Path::new("scripts").join(name);
    assert!(path.exists(), "{} is not there. Run scripts/setup.", path.display());
    path
}

/// A file of `out/`, which scripts/image makes.
pub(crate) fn artefact(name: &str) -> PathBuf {
    let path = Path::new("out").join(name);
    assert!(path.exists(), "{} is not there. Run scripts/image.", path.display());
    path
}
