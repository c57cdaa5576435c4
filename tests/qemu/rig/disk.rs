//! Virtual drives as files on the host: the media themselves say whether a certificate is true.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::keystream::Keystream;

const MIB: usize = 1 << 20;
/// The unit of blkdebug's rules and of QEMU's drives here.
pub(crate) const SECTOR: usize = 512;

/// A drive full of old content.
pub(crate) struct Disk {
    image: PathBuf,
    serial: String,
    before: [u8; 32],
    errors: Vec<Value>,
    bytes_per_s: Option<u64>,
}

impl Disk {
    /// Each sector says whose it is and where; the first one is a partition table, as a used drive has.
    pub(crate) fn used(image: PathBuf, serial: &str, mib: usize) -> Self {
        let mut content = Vec::with_capacity(mib * MIB);
        for lba in 0..mib * MIB / SECTOR {
            let text = format!("{serial}: old content of sector {lba}, which nobody may read again. ");
            content.extend(text.bytes().cycle().take(SECTOR));
        }
        content[446..510].fill(0);
        // One Linux partition (83h) from LBA 2048 to the end.
        content[450] = 0x83;
        content[454..458].copy_from_slice(&2048_u32.to_le_bytes());
        let count = u32::try_from(mib * MIB / SECTOR - 2048).expect("a small drive");
        content[458..462].copy_from_slice(&count.to_le_bytes());
        content[510..512].copy_from_slice(&[0x55, 0xaa]);
        std::fs::write(&image, &content).expect("a disk image can be written");
        let before = Sha256::digest(&content).into();
        Self { image, serial: serial.to_owned(), before, errors: Vec::new(), bytes_per_s: None }
    }

    /// Reading these sectors fails.
    pub(crate) fn unreadable(self, sectors: std::ops::RangeInclusive<u64>) -> Self {
        self.failing("read", sectors)
    }

    /// Writing these sectors fails.
    pub(crate) fn unwritable(self, sectors: std::ops::RangeInclusive<u64>) -> Self {
        self.failing("write", sectors)
    }

    fn failing(mut self, direction: &str, sectors: std::ops::RangeInclusive<u64>) -> Self {
        let rule =
            |sector| json!({ "event": "none", "iotype": direction, "sector": sector, "errno": 5, "once": false });
        self.errors.extend(sectors.map(rule));
        self
    }

    /// A drive so slow that something can happen while it is at work.
    pub(crate) fn slow(mut self, bytes_per_s: u64) -> Self {
        self.bytes_per_s = Some(bytes_per_s);
        self
    }

    pub(crate) fn serial(&self) -> &str {
        &self.serial
    }

    /// The file with its content.
    pub(crate) fn image(&self) -> &Path {
        &self.image
    }

    /// The name of what makes it slow.
    pub(crate) fn throttle(&self) -> String {
        format!("speed-{}", self.serial)
    }

    /// QEMU's options for the drive's back end, which is named by the serial number.
    pub(crate) fn backend(&self) -> Vec<(&'static str, Value)> {
        let mut node = json!({ "driver": "file", "filename": self.image.to_str() });
        if !self.errors.is_empty() {
            node = json!({ "driver": "blkdebug", "image": node, "inject-error": self.errors });
        }
        node = json!({ "driver": "raw", "file": node });
        let mut options = Vec::new();
        if let Some(bytes_per_s) = self.bytes_per_s {
            let group = self.throttle();
            let limits = json!({ "bps-total": bytes_per_s });
            options.push(("-object", json!({ "qom-type": "throttle-group", "id": group, "limits": limits })));
            node = json!({ "driver": "throttle", "throttle-group": group, "file": node });
        }
        node["node-name"] = self.serial.as_str().into();
        options.push(("-blockdev", node));
        options
    }

    fn content(&self) -> Vec<u8> {
        std::fs::read(&self.image).expect("a disk image can be read")
    }

    /// Not one bit of it has changed.
    pub(crate) fn assert_untouched(&self) {
        let now: [u8; 32] = Sha256::digest(self.content()).into();
        assert!(now == self.before, "{} was not to be touched, but its content has changed", self.serial);
    }

    /// Sectors that do not hold this stream, by our own computation.
    pub(crate) fn strangers(&self, keystream: &Keystream) -> Vec<usize> {
        let content = self.content();
        let stream = keystream.bytes(content.len());
        let pairs = content.chunks(SECTOR).zip(stream.chunks(SECTOR)).enumerate();
        pairs.filter(|(_, (is, should))| is != should).map(|(lba, _)| lba).collect()
    }

    /// Every sector holds this stream.
    pub(crate) fn assert_holds_stream(&self, keystream: &Keystream) {
        let strangers = self.strangers(keystream);
        let first = &strangers[..strangers.len().min(8)];
        assert!(
            strangers.is_empty(),
            "{}: {} sectors hold something else, first {first:?}",
            self.serial,
            strangers.len()
        );
    }

    /// The same by a program that shares no line with ours.
    pub(crate) fn assert_holds_stream_by_openssl(&self, keystream: &Keystream) {
        let image = File::open(&self.image).expect("a disk image can be read");
        let mut openssl = keystream.openssl(image).stdout(Stdio::piped()).spawn().expect("openssl can be started");
        let mut plain = Vec::new();
        openssl.stdout.take().expect("a pipe").read_to_end(&mut plain).expect("openssl's output can be read");
        assert!(openssl.wait().expect("openssl ends").success(), "openssl failed");
        // What was encrypted is nothing but zeros.
        assert_eq!(plain.len(), self.content().len());
        assert!(plain.iter().all(|byte| *byte == 0), "{}: OpenSSL computes another stream", self.serial);
    }

    /// How many sectors still hold exactly what they held before.
    pub(crate) fn old_sectors(&self) -> usize {
        let old = |(lba, sector): (usize, &[u8])| {
            sector.starts_with(format!("{}: old content of sector {lba},", self.serial).as_bytes())
        };
        self.content().chunks(SECTOR).enumerate().filter(|one| old(*one)).count()
    }
}

/// What all else relies on: the oracle sees a single wrong bit, and two programs agree on the stream.
#[test]
fn the_oracle_sees_every_bit() {
    let bench = super::Bench::new("oracle");
    let disk = bench.disk("ORACLE-1", 2);
    disk.assert_untouched();
    assert_eq!(disk.old_sectors(), 4096);
    for cipher in ["chacha20", "aes-256-ctr"] {
        let keystream = Keystream { cipher: cipher.to_owned(), key: [7; 32] };
        assert_eq!(disk.strangers(&keystream).len(), 4096);
        let mut stream = keystream.bytes(2 * MIB);
        std::fs::write(&disk.image, &stream).expect("a disk image can be written");
        disk.assert_holds_stream(&keystream);
        disk.assert_holds_stream_by_openssl(&keystream);
        assert_eq!(disk.old_sectors(), 0);

        stream[1000 * SECTOR + 17] ^= 1;
        std::fs::write(&disk.image, &stream).expect("a disk image can be written");
        assert_eq!(disk.strangers(&keystream), [1000]);
        assert!(std::panic::catch_unwind(|| disk.assert_holds_stream_by_openssl(&keystream)).is_err());
    }
    assert!(std::panic::catch_unwind(|| disk.assert_untouched()).is_err());
}
