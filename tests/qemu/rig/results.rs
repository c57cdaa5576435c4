//! What a stick holds after a run, read the way its owner would: files, our own verifier, and other people's programs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::bench::{Bench, artefact};
use super::disk::Disk;
use super::keystream::Keystream;
use super::stick::Stick;

/// The content of PPDATA.
pub(crate) struct Results(PathBuf);

/// The files of one certificate.
pub(crate) struct Certificate {
    /// Folder and name without an ending.
    stem: PathBuf,
    evidence: Value,
    json: Value,
}

impl Results {
    /// Takes everything off the stick into the test's folder.
    pub(crate) fn of(bench: &Bench, stick: &Stick) -> Self {
        Self(stick.collect(bench.path(&format!("{}.content", stick.name()))))
    }

    /// All certificates, in the order of their names.
    pub(crate) fn certificates(&self) -> Vec<Certificate> {
        let folder = self.0.join("certificates");
        self.files("certificates", "cose").iter().map(|name| Certificate::read(&folder, name)).collect()
    }

    /// The certificates about this drive.
    pub(crate) fn about(&self, disk: &Disk) -> Vec<Certificate> {
        self.with_serial(disk.serial())
    }

    /// The certificates about the drive with this serial number.
    pub(crate) fn with_serial(&self, serial: &str) -> Vec<Certificate> {
        let mut certificates = self.certificates();
        certificates.retain(|certificate| certificate.serial() == serial);
        certificates
    }

    /// The one certificate about this drive.
    pub(crate) fn only(&self, disk: &Disk) -> Certificate {
        let mut certificates = self.about(disk);
        assert_eq!(certificates.len(), 1, "certificates about {} in {}", disk.serial(), self.0.display());
        certificates.remove(0)
    }

    /// The names without their ending of all files of this kind in a folder; none if there is no such folder.
    fn files(&self, folder: &str, kind: &str) -> Vec<String> {
        let entries = fs::read_dir(self.0.join(folder)).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries
            .filter_map(|entry| {
                entry.file_name().into_string().ok()?.strip_suffix(&format!(".{kind}")).map(str::to_owned)
            })
            .collect();
        names.sort();
        names
    }

    /// Every journal, its chain of hashes followed; the records of each in their order.
    pub(crate) fn journals(&self) -> Vec<Vec<Value>> {
        let read = |name: &String| fs::read_to_string(self.0.join(format!("journal/{name}.jsonl")));
        let files = self.files("journal", "jsonl");
        files.iter().map(|name| follow(&read(name).expect("a journal is text"))).collect()
    }

    /// Whether any journal has a record of this kind about this job.
    pub(crate) fn journal_has(&self, kind: &str, job: &str) -> bool {
        self.journals().iter().flatten().any(|record| record[kind]["job"] == job)
    }
}

/// The records of a journal. Each line bears its number and the SHA-256 of the line before; the last may be cut short by a power cut.
fn follow(journal: &str) -> Vec<Value> {
    let (whole, _) = journal.rsplit_once('\n').unwrap_or_default();
    let mut before = "0".repeat(64);
    let records = whole.lines().enumerate().map(|(number, text)| {
        let line: Value = serde_json::from_str(text).expect("a line of a journal is JSON");
        assert_eq!(line["n"], number, "{text}");
        assert_eq!(line["prev"], before.as_str(), "{text}");
        before = super::hex(&Sha256::digest(text.as_bytes()));
        line["record"].clone()
    });
    records.collect()
}

impl Certificate {
    fn read(folder: &Path, name: &str) -> Self {
        let json = |kind: &str| {
            let path = folder.join(format!("{name}.{kind}"));
            let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        };
        Self { stem: folder.join(name), evidence: json("evidence.json"), json: json("json") }
    }

    fn file(&self, kind: &str) -> PathBuf {
        PathBuf::from(format!("{}.{kind}", self.stem.display()))
    }

    /// The serial number of the drive that it is about.
    pub(crate) fn serial(&self) -> &str {
        self.evidence["plan"]["drive"]["serial"]["text"].as_str().expect("the drive has a serial number")
    }

    /// The number of the job.
    pub(crate) fn job(&self) -> &str {
        self.evidence["job"].as_str().expect("the job has a number")
    }

    /// What the content of the drive is computed from.
    pub(crate) fn keystream(&self) -> Keystream {
        let drawn = &self.evidence["drawn"];
        let text = drawn["key"].as_str().expect("the key is in the evidence");
        let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).expect("the key is hexadecimal");
        let cipher = drawn["stream"].as_str().expect("the cipher is in the evidence").to_owned();
        Keystream { cipher, key: std::array::from_fn(|at| byte(at * 2)) }
    }

    /// The build of the image that made it.
    pub(crate) fn image(&self) -> &str {
        self.json["tool"]["image"].as_str().expect("the image is named")
    }

    /// The word of the verdict.
    pub(crate) fn outcome(&self) -> &str {
        self.json["outcome"].as_str().expect("a certificate has an outcome")
    }

    /// Why that word, in sentences.
    pub(crate) fn reasons(&self) -> Vec<&str> {
        self.json["reasons"].as_array().expect("a certificate has reasons").iter().filter_map(Value::as_str).collect()
    }

    /// When it was interrupted, and how it went on.
    pub(crate) fn interruptions(&self) -> Vec<&str> {
        self.json["time"]["interruptions"].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    }

    /// The drive may leave with it.
    pub(crate) fn is_good(&self) -> bool {
        ["PURGED", "CLEARED"].contains(&self.outcome())
    }

    /// It was made in a later run, from the journal of the one that it is about.
    pub(crate) fn is_recovered(&self) -> bool {
        let facts = self.evidence["facts"].as_array().expect("evidence is made of facts");
        facts.iter().any(|entry| entry["fact"] == "recovered")
    }

    /// The row of the decision table that was gone last; the planned one, if nothing was done.
    pub(crate) fn row(&self) -> &str {
        let facts = self.evidence["facts"].as_array().expect("evidence is made of facts");
        let last = facts.iter().rev().find_map(|entry| entry["fact"]["fell-through"]["way"].as_u64());
        let way = usize::try_from(last.unwrap_or(0)).expect("a plan has a handful of ways");
        self.evidence["plan"]["ways"][way]["row"].as_str().expect("a way has a row")
    }

    /// Everything that it says in sentences: reasons, what was tried first, what it does not cover, hidden areas and obstacles, and
    /// what became of a format.
    pub(crate) fn sentences(&self) -> Vec<&str> {
        let lists = [
            &self.json["reasons"],
            &self.json["method"]["tried_first"],
            &self.json["exceptions"],
            &self.json["hidden_areas"],
            &self.json["obstacles"],
        ];
        let weighed = self.json["method"]["considered"].as_array().into_iter().flatten().map(|one| &one["why"]);
        let all = lists.into_iter().filter_map(Value::as_array).flatten();
        all.chain(weighed).chain([&self.json["reformat"]]).filter_map(Value::as_str).collect()
    }

    /// Our verifier accepts it, evidence included.
    pub(crate) fn assert_verifies(&self) {
        verify(&self.file("cose"));
    }

    /// What our verifier has against it, if it has something.
    pub(crate) fn objection(&self) -> Option<String> {
        let output = verifier(&self.file("cose")).output().expect("the verifier can be started");
        (!output.status.success()).then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// The PDF is a sound one, says the serial number in text that can be searched for, and its QR code is a certificate that verifies.
    pub(crate) fn assert_pdf_says_the_same(&self) {
        run(Command::new("qpdf").arg("--check").arg(self.file("pdf")));
        let text = run(Command::new("pdftotext").arg("-layout").arg(self.file("pdf")).arg("-"));
        let text = String::from_utf8(text.stdout).expect("pdftotext gives UTF-8");
        assert!(text.contains(self.serial()), "the PDF does not name {}:\n{text}", self.serial());
        let page = format!("{}.page", self.stem.display());
        run(Command::new("pdftoppm").args(["-r", "150", "-png", "-singlefile"]).arg(self.file("pdf")).arg(&page));
        let code = run(Command::new("zbarimg").args(["--raw", "-q"]).arg(format!("{page}.png")));
        let payload = PathBuf::from(format!("{}.qr.txt", self.stem.display()));
        fs::write(&payload, code.stdout.trim_ascii()).expect("out/tests can be written");
        verify(&payload);
    }
}

/// Runs `purgeproof verify` on the host; all must hold.
fn verify(file: &Path) {
    run(&mut verifier(file));
}

fn verifier(file: &Path) -> Command {
    let mut verifier = Command::new(artefact("purgeproof"));
    verifier.arg("verify").arg(file);
    verifier
}

fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let said = |bytes| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{command:?}: {}\n{}{}",
        output.status,
        said(&output.stdout),
        said(&output.stderr)
    );
    output
}
