//! `purgeproof verify` of more than anybody reads one by one: evidence packs, and chains and folders of many certificates. Everything is
//! read once and in order, a few megabytes at a time, and of a certificate no more is kept than what it takes to hold it against others.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use purgeproof_certificate::{Chains, Record, TrustFile};

use crate::apart::{self, Examined, Seen};
use crate::pieces::{self, Piece, Source};
use crate::tally::Tally;

/// More certificates than this are too many to be told of one by one.
const MANY: u64 = 1000;

/// Whether there is so much to verify, or an evidence pack among it.
pub(crate) fn is_wanted(arguments: &[PathBuf]) -> bool {
    let sources: Vec<Source> = arguments.iter().map(|path| Source::of(path)).collect();
    let has_pack = sources.iter().any(|source| matches!(source, Source::Pack(_) | Source::Encrypted(_)));
    has_pack || sources.iter().map(Source::about).sum::<u64>() > MANY
}

/// Runs the command: the exit code is 0 only if everything holds and nothing that the certificates show together speaks against them, and
/// 2 if a pack cannot be read because it is encrypted.
pub(crate) fn run(arguments: &[PathBuf], trust: Option<&TrustFile>, as_json: bool) -> ExitCode {
    let sources: Vec<Source> = arguments.iter().map(|path| Source::of(path)).collect();
    if let Some(Source::Encrypted(path)) = sources.iter().find(|it| matches!(it, Source::Encrypted(_))) {
        let name = path.display();
        return crate::fail(&format!(
            "{name} is encrypted, so that nothing in it was checked. Decrypt it first, \"age -d -i KEY-FILE -o pack.tar {name}\", and verify pack.tar."
        ));
    }
    let mut bulk = Bulk { trust, seen: Seen::default(), kept: Kept::default(), tally: Tally::new(as_json) };
    pieces::read(&sources, |batch| bulk.take(&batch));
    bulk.conclude()
}

/// What of many certificates is in memory.
struct Bulk<'a> {
    trust: Option<&'a TrustFile>,
    seen: Seen,
    kept: Kept,
    tally: Tally,
}

/// What is known of each certificate until all are there.
#[derive(Default)]
struct Kept {
    records: Vec<Record>,
    names: Vec<Name>,
    /// The chains that certificates came from.
    chains: Vec<Arc<str>>,
    /// Those about which the others of their chain have the last word.
    open: Vec<(usize, Examined)>,
}

/// Where a certificate came from, in few bytes.
enum Name {
    File(Box<str>),
    /// The place in a chain.
    Link {
        chain: usize,
        number: u64,
    },
}

impl Kept {
    fn add(&mut self, piece: &Piece, name: &str, record: Record) {
        let name = match piece {
            Piece::Link { chain, number, .. } => {
                if self.chains.last() != Some(chain) {
                    self.chains.push(chain.clone());
                }
                Name::Link { chain: self.chains.len() - 1, number: *number }
            }
            _ => Name::File(name.into()),
        };
        self.names.push(name);
        self.records.push(record);
    }
}

impl Bulk<'_> {
    /// Looks at the pieces of a batch side by side, and tells of them in their order.
    fn take(&mut self, batch: &[Piece]) {
        for (piece, examined) in batch.iter().zip(apart::all(batch, self.trust, &self.seen)) {
            let Some(mut examined) = examined else { continue };
            if self.tally.names(&examined) {
                examined.place(piece);
            }
            let Some(record) = examined.record.filter(|record| self.seen.is_new(piece, record)) else {
                if examined.record.is_none() {
                    self.tally.tell(&examined);
                }
                continue;
            };
            self.kept.add(piece, &examined.name, record);
            if examined.is_revoked() {
                self.kept.open.push((self.kept.records.len() - 1, examined));
            } else {
                self.tally.tell(&examined);
            }
        }
    }

    fn conclude(mut self) -> ExitCode {
        let Kept { records, names, chains: sources, open } = self.kept;
        // Of a chain that is there none of the numbers may be missing.
        let is_complete = !sources.is_empty();
        let chains = Chains::new(records, self.trust);
        for (_, mut examined) in open {
            examined.settle(examined.record.and_then(|record| chains.revocation(&record)));
            self.tally.tell(&examined);
        }
        let name = |index: usize| match names.get(index) {
            Some(Name::File(name)) => name.to_string(),
            Some(Name::Link { chain, number }) => {
                format!("{}, no. {number}", sources.get(*chain).map_or("", |chain| chain))
            }
            None => String::new(),
        };
        for finding in chains.findings() {
            self.tally.together(finding.code(), finding.is_alarm(is_complete), &finding.in_words(name));
        }
        self.tally.end()
    }
}
