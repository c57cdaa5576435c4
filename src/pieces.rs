//! Where many certificates come from: evidence packs, chains, folders, files. What is read is handed over in batches of a few megabytes, and
//! the next batch is read while one is looked at.

use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::{mem, thread};

use purgeproof_certificate::sequence::Items;
use purgeproof_drive::layout::TRUST;

use crate::inputs::files;
use crate::pack;
use crate::verify::bytes_of;

/// A batch is full when it has as many pieces, or so many bytes.
const BATCH: (usize, usize) = (256, 4 << 20);

/// How an encrypted file begins (age-encryption.org/v1), also in its form for mail.
const ENCRYPTED: [&[u8]; 2] = [b"age-encryption.org/v1", b"-----BEGIN AGE ENCRYPTED FILE-----"];

/// Something that was named on the command line.
pub(crate) enum Source {
    Pack(PathBuf),
    Encrypted(PathBuf),
    Chain(PathBuf),
    Folder(PathBuf),
    File(PathBuf),
}

/// One thing to look at.
pub(crate) enum Piece {
    /// A certificate and what lies beside it under the same name.
    Group(Group),
    /// A certificate of a chain.
    Link {
        chain: Arc<str>,
        number: u64,
        bytes: Vec<u8>,
    },
    Journal {
        name: String,
        bytes: Vec<u8>,
    },
    /// What cannot be read, or not to its end.
    Broken {
        name: String,
        code: &'static str,
        why: String,
    },
}

/// The files of one name without its ending, as far as they are there.
#[derive(Default)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) cose: Option<Vec<u8>>,
    pub(crate) evidence: Option<Vec<u8>>,
    pub(crate) json: Option<Vec<u8>>,
    pub(crate) pdf: Option<Vec<u8>>,
    /// The certificate in whichever form it was named on the command line.
    pub(crate) any: Option<Vec<u8>>,
}

impl Source {
    pub(crate) fn of(path: &Path) -> Self {
        let mut head = Vec::new();
        // What cannot be read is said when it is its turn.
        let _ = File::open(path).and_then(|file| file.take(512).read_to_end(&mut head));
        let own = path.to_owned();
        let is_chain = path.extension().is_some_and(|extension| extension == "cborseq");
        match () {
            () if ENCRYPTED.iter().any(|magic| head.starts_with(magic)) => Self::Encrypted(own),
            () if head.starts_with(pack::MANIFEST.as_bytes()) && head.get(257..262) == Some(b"ustar") => {
                Self::Pack(own)
            }
            () if is_chain => Self::Chain(own),
            () if path.is_dir() => Self::Folder(own),
            () => Self::File(own),
        }
    }

    /// About how many certificates it has.
    pub(crate) fn about(&self) -> u64 {
        match self {
            Self::Pack(_) | Self::Encrypted(_) | Self::File(_) => 1,
            // None has less than so many bytes.
            Self::Chain(path) => fs::metadata(path).map_or(0, |file| file.len() / 512),
            Self::Folder(path) => {
                let about = |file: PathBuf| match split(&file.to_string_lossy()) {
                    Some((_, Kind::Certificate)) => 1,
                    Some((_, Kind::Chain)) => Self::Chain(file).about(),
                    _ => 0,
                };
                folders(path).iter().flat_map(|folder| files(folder)).map(about).sum()
            }
        }
    }
}

/// What a file is by its name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Certificate,
    Evidence,
    Json,
    Pdf,
    Chain,
    Journal,
}

/// The name without its ending, and what it is; `None` for what is neither a certificate nor about one.
fn split(name: &str) -> Option<(&str, Kind)> {
    const ENDINGS: [(&str, Kind); 6] = [
        (".cose", Kind::Certificate),
        (".evidence.json", Kind::Evidence),
        (".json", Kind::Json),
        (".pdf", Kind::Pdf),
        (".cborseq", Kind::Chain),
        (".jsonl", Kind::Journal),
    ];
    ENDINGS.iter().find_map(|(ending, kind)| Some((name.strip_suffix(ending)?, *kind)))
}

/// Reads everything, and hands it over in order.
pub(crate) fn read(sources: &[Source], mut take: impl FnMut(Vec<Piece>)) {
    // One batch waits while one is looked at and one is read.
    let (send, receive) = sync_channel(1);
    thread::scope(|scope| {
        scope.spawn(move || {
            let mut reader = Reader { send, batch: Vec::new(), bytes: 0, group: Group::default() };
            for source in sources {
                reader.source(source);
            }
            reader.flush();
        });
        receive.into_iter().for_each(&mut take);
    });
}

struct Reader {
    send: SyncSender<Vec<Piece>>,
    batch: Vec<Piece>,
    bytes: usize,
    /// The certificate whose files are coming.
    group: Group,
}

impl Reader {
    fn source(&mut self, source: &Source) {
        match source {
            Source::Pack(path) => self.pack(path),
            Source::Chain(path) => match File::open(path) {
                Ok(file) => self.chain(&path.to_string_lossy(), BufReader::new(file)),
                Err(error) => self.broken(&path.to_string_lossy(), "unreadable", &error),
            },
            Source::Folder(path) => {
                let mut is_empty = true;
                for file in folders(path).iter().flat_map(|folder| files(folder)) {
                    // What an organisation says of its sticks is no certificate.
                    if file.ends_with(TRUST) {
                        continue;
                    }
                    let name = file.to_string_lossy();
                    is_empty &= split(&name).is_none();
                    if split(&name).is_some_and(|(_, kind)| kind == Kind::Chain) {
                        self.source(&Source::Chain(file));
                    } else if split(&name).is_some() {
                        match bytes_of(&file) {
                            Ok(bytes) => self.file(&name, bytes),
                            Err(why) => self.broken(&name, "unreadable", &why),
                        }
                    }
                }
                if is_empty {
                    let why = "There are no certificates in this folder. Check the path";
                    self.broken(&path.to_string_lossy(), "no-certificates", &why);
                }
            }
            Source::Encrypted(_) => {}
            Source::File(path) => self.named(path),
        }
        self.grouped("");
    }

    fn pack(&mut self, path: &Path) {
        let within = path.to_string_lossy();
        let read = File::open(path).map_err(|error| pack::PackError::Io { name: within.clone().into_owned(), error });
        let read = read.and_then(|file| {
            pack::read(BufReader::with_capacity(1 << 20, file), |name, bytes| {
                // What the stick is, and its policy: nothing about a drive.
                let is_record = ["certificates/", "journal/", "logs/"].iter().any(|folder| {
                    name.starts_with(folder) || name.split_once('/').is_some_and(|(_, rest)| rest.starts_with(folder))
                });
                if is_record {
                    self.file(&name, bytes);
                }
            })
        });
        self.grouped("");
        if let Err(error) = read {
            self.broken(&within, "pack", &error);
        }
    }

    /// A file by its name; those of one certificate come one after the other, since names are sorted.
    fn file(&mut self, name: &str, bytes: Vec<u8>) {
        let Some((stem, kind)) = split(name) else { return };
        self.grouped(stem);
        stem.clone_into(&mut self.group.name);
        match kind {
            Kind::Certificate => self.group.cose = Some(bytes),
            Kind::Evidence => self.group.evidence = Some(bytes),
            Kind::Json => self.group.json = Some(bytes),
            Kind::Pdf => self.group.pdf = Some(bytes),
            Kind::Chain => {
                self.group = Group::default();
                self.chain(name, bytes.as_slice());
            }
            Kind::Journal => {
                self.group = Group::default();
                self.push(bytes.len(), Piece::Journal { name: name.to_owned(), bytes });
            }
        }
    }

    /// Ends the certificate whose files were coming, if this is the beginning of another name.
    fn grouped(&mut self, stem: &str) {
        if self.group.name != stem && !self.group.name.is_empty() {
            let group = mem::take(&mut self.group);
            let parts = [&group.cose, &group.evidence, &group.json, &group.pdf, &group.any];
            let bytes = parts.into_iter().flatten().map(Vec::len).sum();
            self.push(bytes, Piece::Group(group));
        }
    }

    fn chain(&mut self, name: &str, from: impl Read) {
        let chain: Arc<str> = name.into();
        for (item, number) in Items::new(from).zip(1..) {
            match item {
                Ok(bytes) => self.push(bytes.len(), Piece::Link { chain: chain.clone(), number, bytes }),
                Err(error) => self.broken(name, "unreadable", &error),
            }
        }
    }

    /// A certificate in any of its forms, with the evidence that lies beside it.
    fn named(&mut self, path: &Path) {
        let name = path.to_string_lossy();
        let is_text = name.starts_with("PP1:") || name.starts_with("PPS1:");
        let any = if is_text { Ok(name.clone().into_owned().into_bytes()) } else { bytes_of(path) };
        let evidence = (!is_text).then(|| crate::verify::evidence_beside(path)).flatten();
        match (any, evidence.transpose()) {
            (Ok(any), Ok(evidence)) => {
                let name = if is_text { "QR text".to_owned() } else { name.into_owned() };
                let bytes = any.len() + evidence.as_ref().map_or(0, Vec::len);
                self.push(bytes, Piece::Group(Group { name, any: Some(any), evidence, ..Group::default() }));
            }
            (Err(why), _) | (_, Err(why)) => self.broken(&name, "unreadable", &why),
        }
    }

    fn broken(&mut self, name: &str, code: &'static str, why: &impl ToString) {
        let why = why.to_string().trim_end_matches('.').to_owned();
        self.push(0, Piece::Broken { name: name.to_owned(), code, why });
    }

    fn push(&mut self, bytes: usize, piece: Piece) {
        self.batch.push(piece);
        self.bytes += bytes;
        let (pieces, full) = BATCH;
        if self.batch.len() >= pieces || self.bytes >= full {
            self.flush();
        }
    }

    fn flush(&mut self) {
        self.bytes = 0;
        // Nobody listens any more only if the program is about to end.
        let _ = self.send.send(mem::take(&mut self.batch));
    }
}

/// Where the certificates of a folder lie: of a stick, or a folder for records, in two folders of it.
fn folders(path: &Path) -> Vec<PathBuf> {
    let own = ["certificates", "journal", "logs"].map(|name| path.join(name));
    if own.iter().any(|folder| folder.is_dir()) { own.to_vec() } else { vec![path.to_owned()] }
}
