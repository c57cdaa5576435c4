//! A copy of the boot stick: a policy goes in, certificates and the journal come out, by mtools and thus without a mount.

use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// Types of PPDATA in the master boot record: FAT32 and, on the ISO, FAT16, addressed by LBA.
const PPDATA: [u8; 2] = [0x0C, 0x0E];
/// Type of PPBOOT: EFI system partition.
const PPBOOT: [u8; 1] = [0xEF];

/// One stick.
pub(crate) struct Stick {
    image: PathBuf,
    name: String,
    /// PPDATA as mtools names it: file and byte offset.
    ppdata: String,
}

impl Stick {
    /// A copy of the image at `to`.
    pub(crate) fn copy(from: &Path, to: PathBuf, name: &str) -> Self {
        fs::copy(from, &to).expect("the stick's image can be copied");
        let ppdata = volume(&to, &PPDATA);
        Self { image: to, name: name.to_owned(), ppdata }
    }

    /// QEMU's id of the device, and the stick's serial number.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The file with all of its bytes.
    pub(crate) fn image(&self) -> &Path {
        &self.image
    }

    /// QEMU's option for the back end, which is named like the stick.
    pub(crate) fn backend(&self) -> Value {
        json!({ "driver": "raw", "node-name": self.name, "file": { "driver": "file", "filename": self.image.to_str() } })
    }

    /// The device, for the command line and for plugging it in.
    pub(crate) fn device(&self) -> Value {
        json!({ "driver": "usb-storage", "bus": "usb.0", "id": self.name, "drive": self.name, "serial": self.name })
    }

    /// Writes the policy file.
    pub(crate) fn put_policy(&self, policy: &str) {
        let mut mcopy = Command::new("mcopy")
            .args(["-o", "-i", &self.ppdata, "-", "::/purgeproof.toml"])
            .stdin(Stdio::piped())
            .spawn()
            .expect("mcopy can be started");
        mcopy.stdin.take().expect("a pipe").write_all(policy.as_bytes()).expect("mcopy takes the policy");
        assert!(mcopy.wait().expect("mcopy ends").success(), "mcopy could not write the policy");
    }

    /// Takes a file of the partition that machines start from.
    pub(crate) fn boot_file(&self, path: &str) -> Vec<u8> {
        let mcopy =
            Command::new("mcopy").args(["-i", &volume(&self.image, &PPBOOT), &format!("::/{path}"), "-"]).output();
        let mcopy = mcopy.expect("mcopy can be started");
        assert!(mcopy.status.success(), "mcopy: {}", String::from_utf8_lossy(&mcopy.stderr));
        mcopy.stdout
    }

    /// Puts another file in its place.
    pub(crate) fn put_boot_file(&self, path: &str, file: &Path) {
        let to = format!("::/{path}");
        let mcopy = Command::new("mcopy").args(["-o", "-i", &volume(&self.image, &PPBOOT)]).arg(file).arg(to).status();
        assert!(mcopy.expect("mcopy can be started").success(), "mcopy could not write {path}");
    }

    /// Copies everything that is on PPDATA into a fresh folder.
    pub(crate) fn collect(&self, into: PathBuf) -> PathBuf {
        let _ = fs::remove_dir_all(&into);
        fs::create_dir_all(&into).expect("out/tests can be written");
        let mcopy = Command::new("mcopy").args(["-s", "-n", "-i", &self.ppdata, "::/"]).arg(&into).output();
        let mcopy = mcopy.expect("mcopy can be started");
        assert!(mcopy.status.success(), "mcopy: {}", String::from_utf8_lossy(&mcopy.stderr));
        into
    }
}

/// The partition of one of these types as mtools names it: file and byte offset.
fn volume(image: &Path, types: &[u8]) -> String {
    let mut record = [0; 512];
    let mut file = fs::File::open(image).expect("the stick's image can be read");
    file.seek(SeekFrom::Start(0)).and_then(|_| file.read_exact(&mut record)).expect("a master boot record");
    let (entries, _) = record[446..510].as_chunks::<16>();
    let entry = entries.iter().find(|entry| types.contains(&entry[4])).expect("it is in the partition table");
    let start = u64::from(u32::from_le_bytes([entry[8], entry[9], entry[10], entry[11]])) * 512;
    format!("{}@@{start}", image.display())
}
