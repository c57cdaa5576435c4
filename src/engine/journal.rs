//! The journal: everything that happens, in the order in which it happens, on the stick before it has consequences.
//!
//! A journal is a text file with a JSON object a line: `{"n":0,"prev":"…","record":{…}}`. `n` counts from 0, `prev` is the SHA-256 of
//! the line before (without its line feed), 64 zeros for the first. A line that is cut short at the end of the file is what a power cut
//! leaves and is passed over; anything else that does not fit is damage and is reported with its line.

use std::collections::BTreeMap;
use std::fmt;

use purgeproof_core::evidence::{Entry, Evidence, Fact, JobId, Machine, Tool, hex};
use purgeproof_core::units::Lba;
use purgeproof_core::verdict::Verdict;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

mod jobs;

pub use jobs::Jobs;

/// What is written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Record {
    /// The program started.
    Started {
        /// This program.
        tool: Tool,
        /// The computer.
        machine: Machine,
        /// The wall clock then, in seconds since 1970-01-01 UTC.
        unix_s: u64,
    },
    /// A job begins, or goes on after an interruption: its evidence with all facts until then.
    Job(Box<Evidence>),
    /// A fact about a job.
    Fact {
        /// The job.
        job: JobId,
        /// The fact.
        entry: Entry,
    },
    /// How far the pass under way has come: all blocks below this one are written and on the medium.
    Checkpoint {
        /// The job.
        job: JobId,
        /// Milliseconds since the machine started.
        at_ms: u64,
        /// The first block that is not known to be written.
        below: Lba,
    },
    /// A job is over.
    Ended {
        /// The job.
        job: JobId,
        /// What came of it.
        verdict: Verdict,
    },
    /// The certificate about a job is on the stick, was read back and compared.
    Filed {
        /// The job.
        job: JobId,
        /// The file's name.
        name: String,
    },
}

impl Record {
    /// The line that a job begins with.
    pub(crate) fn job(evidence: &Evidence) -> Self {
        Self::Job(Box::new(evidence.clone()))
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line<R> {
    n: u64,
    prev: String,
    record: R,
}

/// Makes the lines of a journal.
#[derive(Clone, Debug)]
pub struct Writer {
    n: u64,
    prev: String,
}

impl Default for Writer {
    fn default() -> Self {
        Self { n: 0, prev: "0".repeat(64) }
    }
}

impl Writer {
    /// The next line, its line feed included, or why this record cannot be written as JSON.
    ///
    /// # Errors
    /// Those of `serde_json`, which has none for records made of numbers, text and lists.
    pub fn line(&mut self, record: &Record) -> Result<String, serde_json::Error> {
        let mut line = serde_json::to_string(&Line { n: self.n, prev: self.prev.clone(), record })?;
        self.prev = digest(&line);
        self.n += 1;
        line.push('\n');
        Ok(line)
    }
}

fn digest(line: &str) -> String {
    hex(&Sha256::digest(line.as_bytes()))
}

/// A journal, read.
#[derive(Debug, Default)]
pub struct Journal {
    /// Its records, in order.
    pub records: Vec<Record>,
    /// The last line was cut short, as a power cut leaves it.
    pub cut_short: bool,
}

/// A journal that is not what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The line, counted from 1.
    pub line: usize,
    /// What does not fit.
    pub what: Misfit,
}

/// In what way a line does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// It is not a line of a journal; what the parser says.
    Syntax(String),
    /// It is not the successor of the line before: something was changed, removed or added.
    Chain,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.what {
            Misfit::Syntax(what) => write!(f, "line {} of the journal cannot be read ({what})", self.line),
            Misfit::Chain => write!(f, "line {} of the journal does not follow from the line before", self.line),
        }?;
        f.write_str(
            ". The journal was changed or the stick is damaged: keep the stick and check its certificates one by one",
        )
    }
}

impl std::error::Error for Damage {}

impl Journal {
    /// Reads a journal.
    ///
    /// # Errors
    /// [`Damage`] with the first line that does not fit. A last line that was cut short is not damage.
    pub fn parse(file: &[u8]) -> Result<Self, Damage> {
        let mut journal = Self::default();
        let mut writer = Writer::default();
        let mut lines = file.split(|byte| *byte == b'\n').zip(1..).peekable();
        while let Some((bytes, number)) = lines.next() {
            let is_last = lines.peek().is_none();
            if is_last && bytes.is_empty() {
                break;
            }
            match Self::read(bytes, &mut writer) {
                Ok(record) if !is_last => journal.records.push(record),
                // Without its line feed a line is not known to be whole, whatever it looks like.
                Ok(_) => journal.cut_short = true,
                Err(_) if is_last => journal.cut_short = true,
                Err(what) => return Err(Damage { line: number, what }),
            }
        }
        Ok(journal)
    }

    /// The jobs that it tells of, with all that it tells of them.
    fn jobs(&self) -> impl Iterator<Item = Evidence> {
        // Of checkpoints that follow upon each other the last one says what the others say.
        let mut jobs: BTreeMap<JobId, (Evidence, Option<Entry>)> = BTreeMap::new();
        for record in &self.records {
            match record {
                Record::Job(evidence) => {
                    jobs.insert(evidence.job, (evidence.as_ref().clone(), None));
                }
                Record::Fact { job, entry } => {
                    if let Some((evidence, checkpoint)) = jobs.get_mut(job) {
                        checkpoint
                            .take()
                            .into_iter()
                            .chain([entry.clone()])
                            .for_each(|it| evidence.add(it.at_ms, it.fact));
                    }
                }
                Record::Checkpoint { job, at_ms, below } => {
                    if let Some((_, checkpoint)) = jobs.get_mut(job) {
                        *checkpoint = Some(Entry { at_ms: *at_ms, fact: Fact::Checkpoint { below: *below } });
                    }
                }
                Record::Filed { .. } | Record::Started { .. } | Record::Ended { .. } => {}
            }
        }
        jobs.into_values().map(|(mut evidence, checkpoint)| {
            if let Some(Entry { at_ms, fact }) = checkpoint {
                evidence.add(at_ms, fact);
            }
            evidence
        })
    }

    fn read(bytes: &[u8], writer: &mut Writer) -> Result<Record, Misfit> {
        let text = str::from_utf8(bytes).map_err(|error| Misfit::Syntax(error.to_string()))?;
        let line: Line<Record> = serde_json::from_str(text).map_err(|error| Misfit::Syntax(error.to_string()))?;
        if line.n != writer.n || line.prev != writer.prev {
            return Err(Misfit::Chain);
        }
        *writer = Writer { n: line.n + 1, prev: digest(text) };
        Ok(line.record)
    }
}

/// The jobs of several journals whose certificate is not on the stick, each with what was known about it.
pub fn unfiled<'a>(journals: impl IntoIterator<Item = &'a Journal>) -> Vec<Evidence> {
    Jobs::of(journals).unfiled().cloned().collect()
}

#[cfg(test)]
mod tests;
