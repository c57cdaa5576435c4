//! A copy of the boot stick: a policy goes in, certificates and the journal come out, by mtools and thus without a mount.

use std::fs;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

/// Type of PPDATA in the master boot record: FAT32, addressed by LBA.
const FAT32_LBA: u8 = 0x0C;

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
        let ppdata = format!("{}@@{}", to.display(), ppdata_offset(&to));
        Self { image: to, name: name.to_owned(), ppdata }
    }

    /// QEMU's id of the device, and the stick's serial number.
    pub(crate) fn name(&self) -> &str {
        &self.name
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

/// Where PPDATA begins, in bytes: the partition of its type in the master boot record.
fn ppdata_offset(image: &Path) -> u64 {
    let mut record = [0; 512];
    let mut file = fs::File::open(image).expect("the stick's image can be read");
    file.seek(SeekFrom::Start(0)).and_then(|_| file.read_exact(&mut record)).expect("a master boot record");
    let (entries, _) = record[446..510].as_chunks::<16>();
    let entry = entries.iter().find(|entry| entry[4] == FAT32_LBA).expect("PPDATA is in the partition table");
    u64::from(u32::from_le_bytes([entry[8], entry[9], entry[10], entry[11]])) * 512
}
