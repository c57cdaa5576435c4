//! `tests/testkit`: certificates as files, most of them with one flaw, for every program that verifies them. `index.json` says of each
//! what a verifier must find. With `UPDATE_TESTKIT=1` the files are written; otherwise they are compared, byte for byte.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::*;

mod flawed;
mod spelling;
mod trusts;
mod views;

/// A file of the kit and what is to be found in it.
#[derive(Serialize)]
struct Piece {
    file: String,
    /// What was done to it, in a line.
    about: &'static str,
    holds: bool,
    /// The words for what is wrong, in the order of the checks; none if it holds.
    codes: Vec<&'static str>,
    /// The outcome that is signed, if it is a certificate at all.
    outcome: Option<Outcome>,
    /// The evidence lies beside it.
    evidence: bool,
    /// The trust file that it is to be verified with.
    #[serde(skip_serializing_if = "Option::is_none")]
    trust: Option<String>,
    #[serde(skip)]
    bytes: Vec<u8>,
    #[serde(skip)]
    bundle: Option<Vec<u8>>,
    #[serde(skip)]
    trust_file: Option<Vec<u8>>,
}

impl Piece {
    fn of(file: &str, about: &'static str, bytes: Vec<u8>, codes: &[&'static str]) -> Self {
        let outcome = Certificate::read_any(&bytes).ok().map(|certificate| certificate.claims().statement.outcome.0);
        let codes = codes.to_vec();
        let (evidence, trust, bundle, trust_file) = (false, None, None, None);
        let (file, holds) = (file.into(), codes.is_empty());
        Self { file, about, holds, codes, outcome, evidence, trust, bytes, bundle, trust_file }
    }

    fn sound(file: &str, about: &'static str, certificate: &Certificate) -> Self {
        Self::of(file, about, certificate.bytes().to_vec(), &[])
    }

    fn beside(self, bundle: Vec<u8>) -> Self {
        Self { evidence: true, bundle: Some(bundle), ..self }
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/testkit")
}

fn sound() -> Vec<Piece> {
    let bundle = |evidence: &Evidence| evidence_bundle(evidence).unwrap();
    let mut hostile = cleared();
    let texts = "\u{202e}DERAELC\u{202c} <script>alert(1)</script>\u{0}\u{1b}[2J\u{7}\r\n\u{200b}\u{feff}\u{2066}A\u{301}\u{e0041}東京";
    hostile.plan.drive.serial = Some(Serial { text: texts.into(), source: SerialSource::NvmeIdentify });
    hostile.setting.record.operator = "\u{202e}</td><img src=x onerror=alert(1)>".into();
    let mut seconded = cleared();
    seconded.consent = Given::Operator { typed: "0001".into(), second: Some("Ann Example".into()) };
    let enormous = hostile::forged(&failing(), |it| it.statement.device.bytes = u64::MAX - 511);
    vec![
        Piece::sound("overwritten.cose", "an overwrite that was read back", &issue(&cleared())),
        Piece::sound("purged.cose", "NVMe Sanitize, with its evidence beside it", &issue(&purged()))
            .beside(bundle(&purged())),
        Piece::sound("erased-twice.cose", "the first time the drive took no markers", &issue(&erased_twice())),
        Piece::sound(
            "formatted.cose",
            "a Format without a marker test, and an overwrite",
            &issue(&formatted_unmarked()),
        ),
        Piece::sound("hidden-area-opened.cose", "a host protected area was opened", &issue(&hpa_opened())),
        Piece::sound("fallen.cose", "the drive refused, and was overwritten by leave", &issue(&fallen())),
        Piece::sound("sampled.cose", "a sample was read back", &issue(&sampled())),
        Piece::sound("gutmann.cose", "35 passes", &issue(&by_scheme("gutmann"))),
        Piece::sound("dod-short.cose", "three passes, drawn bytes among them", &issue(&by_scheme("dod-short"))),
        Piece::sound("front.cose", "a random pass before the planned ones", &issue(&schemes::dropping(true))),
        Piece::sound("resumed.cose", "interrupted and resumed", &issue(&interrupted::interrupted(Coverage::Sample, 0))),
        Piece::sound(
            "returned.cose",
            "left in the middle, came back and went on",
            &issue(&interrupted::left_and_back().1),
        ),
        Piece::sound("two-persons.cose", "two persons gave leave", &issue(&seconded)),
        Piece::sound("not-erased.cose", "bad blocks and old content", &issue(&failing())),
        Piece::sound("lied.cose", "a drive that reports an erase that did not happen", &issue(&liar())),
        Piece::sound("indeterminate.cose", "faster than its link", &issue(&hasty())),
        Piece::sound("registers-dropped.cose", "its status cannot be read", &issue(&registers_dropped())),
        Piece::sound("wordy.cose", "every text as long as a certificate takes", &issue(&paper::wordy())),
        Piece::sound(
            "hostile-texts.cose",
            "control characters, bidi overrides and markup in serial number and name",
            &issue(&hostile),
        ),
        Piece::sound("enormous.cose", "a size beyond what a double holds", &enormous),
    ]
}

/// The JSON of each of these: another program's must say the same, word for word.
fn in_json(pieces: &[Piece]) -> Vec<Piece> {
    let view = |piece: &Piece| {
        let json = Certificate::parse(&piece.bytes).unwrap().json();
        let file = piece.file.replace(".cose", ".json");
        Piece { evidence: piece.evidence, ..Piece::of(&file, piece.about, json.into_bytes(), &piece.codes) }
    };
    pieces.iter().map(view).collect()
}

fn pieces() -> Vec<Piece> {
    let mut said = sound();
    said.push(flawed::every_word());
    let views = in_json(&said);
    [said, views, flawed::pieces(), spelling::pieces(), views::pieces(), trusts::pieces()]
        .into_iter()
        .flatten()
        .collect()
}

/// What the folder holds: the files by name.
fn files() -> BTreeMap<String, Vec<u8>> {
    let pieces = pieces();
    let index = serde_json::to_string_pretty(&pieces).unwrap() + "\n";
    let mut files = BTreeMap::from([("index.json".to_owned(), index.into_bytes())]);
    for piece in pieces {
        if let Some(bundle) = piece.bundle {
            let (stem, _) = piece.file.rsplit_once('.').unwrap();
            assert!(files.insert(format!("{stem}.evidence.json"), bundle).is_none());
        }
        if let Some((name, bytes)) = piece.trust.zip(piece.trust_file) {
            assert!(files.insert(name, bytes).is_none());
        }
        assert!(files.insert(piece.file, piece.bytes).is_none(), "the same name twice");
    }
    files
}

#[test]
fn each_piece_is_found_out_as_the_index_says() {
    for piece in pieces() {
        let found = match Certificate::read_any(&piece.bytes) {
            Err(error) => vec![error.code()],
            Ok(certificate) => {
                let bundle = piece.bundle.as_deref();
                let disagreement = bundle.and_then(|bundle| certificate.evidence_matches(bundle).err());
                let trust = piece.trust_file.as_deref().map(|bytes| TrustFile::parse(bytes).unwrap());
                let verification = certificate.verify(trust.as_ref());
                let flaws = verification.flaws().filter_map(|check| check.flaw).map(Flaw::code);
                flaws.chain(disagreement.map(|it| it.code())).collect()
            }
        };
        assert_eq!(found, piece.codes, "{}", piece.file);
    }
}

#[test]
fn the_files_are_those_of_the_fixtures() {
    let (folder, files) = (folder(), files());
    if std::env::var_os("UPDATE_TESTKIT").is_some() {
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        for (name, bytes) in &files {
            std::fs::write(folder.join(name), bytes).unwrap();
        }
    }
    let found = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let found: std::collections::BTreeSet<String> = found.collect();
    assert_eq!(
        found,
        files.keys().cloned().collect(),
        "run this test with UPDATE_TESTKIT=1 and look at the difference"
    );
    for (name, bytes) in files {
        let kept = std::fs::read(folder.join(&name)).unwrap();
        assert!(kept == bytes, "{name} differs: run this test with UPDATE_TESTKIT=1 and look at the difference");
    }
}
