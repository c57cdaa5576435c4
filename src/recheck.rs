//! `purgeproof recheck`: whether a drive holds what its certificate says was left on it, block by block. Nothing is written.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::ExitCode;
use std::str::FromStr;

use purgeproof_certificate::Certificate;
use purgeproof_certificate::claims::Statement;
use purgeproof_core::evidence::{Commitment, Evidence, Expect, Mismatches, Secret};
use purgeproof_core::pass::Regions;
use purgeproof_core::pattern::Pattern;
use purgeproof_core::reformat;
use purgeproof_core::sample;
use purgeproof_core::units::{BlockSize, Blocks, Extent, Geometry};
use purgeproof_engine::Content;
use purgeproof_engine::keystream::Keystream;
use serde_json::json;

use crate::verify::{bytes_of, evidence_beside};
use crate::{fail, print};

/// The longest read in bytes.
const REQUEST: u64 = 1 << 20;

/// Logical blocks as people write them: `4711`, or `0-4711` with both ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    first: u64,
    last: u64,
}

impl FromStr for Range {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "expected the number of a logical block, or the first and the last one as 100-200";
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let number = |text: &str| text.parse::<u64>().map_err(|_| EXPECTED);
        let (first, last) = (number(first)?, number(last)?);
        if first <= last { Ok(Self { first, last }) } else { Err(EXPECTED) }
    }
}

/// What was found.
struct Found {
    read: Blocks,
    differing: Mismatches,
    unreadable: Regions,
}

/// Runs the command: the exit code is 0 if every block that was asked for holds what it must, 1 if one does not or cannot be read, and 2
/// if that could not be looked at.
pub(crate) fn run(certificate: &Path, drive: &Path, blocks: &[Range], key: Option<Secret>, as_json: bool) -> ExitCode {
    match recheck(certificate, drive, blocks, key) {
        Ok((statement, found)) => report(&statement, drive, &found, as_json),
        Err(why) => fail(&why),
    }
}

fn recheck(
    certificate: &Path,
    drive: &Path,
    blocks: &[Range],
    key: Option<Secret>,
) -> Result<(Statement, Found), String> {
    let (statement, evidence) = sealed(certificate)?;
    let content = content(&statement, &evidence, key)?;
    let wanted = extents(content.geometry, &evidence, blocks)?;
    let (file, size) =
        open(drive).map_err(|error| format!("{} cannot be read ({error}). Check the path.", drive.display()))?;
    let bytes = content.geometry.bytes();
    if size != bytes.0 {
        return Err(format!(
            "{} has {} bytes, the drive of the certificate {}: nothing was compared. Name the whole drive, or an image of all of it.",
            drive.display(),
            size,
            bytes.0
        ));
    }
    Ok((statement, compare(&file, &content, &wanted)))
}

/// What a certificate that holds says, and its evidence.
fn sealed(path: &Path) -> Result<(Statement, Evidence), String> {
    let name = path.display();
    let certificate = Certificate::read_any(&bytes_of(path)?).map_err(|error| format!("{name}: {error}."))?;
    if !certificate.verify(None).holds() {
        return Err(format!("{name} does not hold. `purgeproof verify` says why; do not rely on it."));
    }
    let bundle = evidence_beside(path).ok_or_else(|| {
        format!(
            "The key is in the evidence, and none lies beside {name}. Put the .evidence.json of the same name there."
        )
    })??;
    let evidence = certificate.evidence_matches(&bundle).map_err(|disagreement| format!("{disagreement}."))?;
    Ok((certificate.claims().statement.clone(), evidence))
}

/// What every block must hold.
fn content(statement: &Statement, evidence: &Evidence, key: Option<Secret>) -> Result<Content, String> {
    let pattern = match (statement.verification.expect.map(|expect| expect.0), statement.verification.constant) {
        (Some(Expect::Pattern(pattern)), _) => pattern,
        (Some(Expect::Erased), Some(byte)) => Pattern::Byte(byte),
        (Some(Expect::Erased), None) | (None, _) => {
            return Err("The certificate does not say what the blocks hold: nothing can be compared. \
                 It says so of drives that were overwritten, or that read as one byte repeated."
                .to_owned());
        }
    };
    if evidence.reformat().is_some_and(|reformat| reformat.end != reformat::End::NotBegun) {
        return Err(
            "The drive was formatted to other blocks after what the certificate says of them: nothing can be compared."
                .to_owned(),
        );
    }
    let block = BlockSize::new(statement.device.logical_block);
    let geometry = block.zip(statement.device.blocks()).and_then(|(block, count)| Geometry::new(block, Blocks(count)));
    let geometry =
        geometry.ok_or("The certificate gives the drive no whole number of blocks: nothing can be compared.")?;
    let key = match pattern {
        Pattern::Random => key_of(evidence, key)?,
        _ => evidence.drawn.key,
    };
    Ok(Content { pattern, keystream: Keystream::new(evidence.drawn.stream, &key), geometry })
}

/// The key of the job: the one in the evidence, or the one that is shown, if it is what the evidence was made with.
fn key_of(evidence: &Evidence, shown: Option<Secret>) -> Result<Secret, String> {
    match (evidence.drawn.withheld, shown) {
        (None, None) => Ok(evidence.drawn.key),
        (None, Some(key)) if key == evidence.drawn.key => Ok(key),
        (Some(withheld), Some(key)) if Commitment::to(&key) == withheld => Ok(key),
        (_, Some(_)) => {
            Err("This is not the key of the job: nothing was compared. Give the drawn.key of its line in the journal."
                .to_owned())
        }
        (Some(_), None) => {
            Err("The policy withheld the key: nothing was compared. Give it with --key; it is drawn.key in the job's \
             line of the journal."
                .to_owned())
        }
    }
}

/// The blocks that are asked for; the places of a sampled read-back of this job if none are.
fn extents(geometry: Geometry, evidence: &Evidence, blocks: &[Range]) -> Result<Vec<Extent>, String> {
    if blocks.is_empty() {
        return Ok(sample::places(geometry, &evidence.drawn.seed.0));
    }
    let last = geometry.count().0.saturating_sub(1);
    if let Some(asked) = blocks.iter().map(|range| range.last).find(|asked| *asked > last) {
        return Err(format!(
            "The drive's last block is {last}, and {asked} was asked for. Ask for blocks that it has."
        ));
    }
    Ok(blocks.iter().map(|range| Extent::new(range.first, range.last - range.first + 1)).collect())
}

/// Opens it for reading alone, and gives its size in bytes.
fn open(drive: &Path) -> io::Result<(File, u64)> {
    let mut file = File::open(drive)?;
    let size = file.seek(SeekFrom::End(0))?;
    Ok((file, size))
}

/// Reads the blocks and compares them. One that cannot be read is looked for block by block.
fn compare(file: &File, content: &Content, extents: &[Extent]) -> Found {
    let geometry = content.geometry;
    let most = (REQUEST / u64::from(geometry.block().get())).max(1);
    let mut found = Found { read: Blocks(0), differing: Mismatches::default(), unreadable: Regions::default() };
    let mut buffer = Vec::new();
    for extent in extents {
        let mut at = extent.start.0;
        while at < extent.end().0 {
            let count = most.min(extent.end().0 - at);
            let request = Extent::new(at, count);
            if !look(file, content, request, &mut buffer, &mut found) {
                (at..at + count).map(|lba| Extent::new(lba, 1)).for_each(|one| {
                    if !look(file, content, one, &mut buffer, &mut found) {
                        found.unreadable.add(one);
                    }
                });
            }
            at += count;
        }
    }
    found
}

/// Whether these blocks could be read.
fn look(file: &File, content: &Content, extent: Extent, buffer: &mut Vec<u8>, found: &mut Found) -> bool {
    let length = usize::try_from(content.geometry.size_of(extent.count).0).unwrap_or(usize::MAX);
    buffer.resize(length, 0);
    content.poison(buffer);
    let came = file.read_exact_at(buffer, content.geometry.offset(extent.start)).is_ok();
    if came {
        found.read.0 += extent.count.0;
        content.compare(extent.start, buffer, &mut found.differing);
    }
    came
}

impl Found {
    fn holds(&self) -> bool {
        self.differing.blocks.0 == 0 && self.unreadable.is_empty()
    }
}

fn report(statement: &Statement, drive: &Path, found: &Found, as_json: bool) -> ExitCode {
    let text = if as_json {
        let json = json!({
            "holds": found.holds(),
            "serial": statement.device.serial,
            "blocks_read": found.read,
            "blocks_differing": found.differing.blocks,
            "first_differing": found.differing.first,
            "blocks_unreadable": found.unreadable.blocks,
            "unreadable": found.unreadable.extents,
        });
        format!("{json:#}\n")
    } else {
        in_words(statement, drive, found)
    };
    let printed = print(|out| {
        out.extend_from_slice(text.as_bytes());
        Ok(())
    });
    if found.holds() { printed } else { ExitCode::FAILURE }
}

fn in_words(statement: &Statement, drive: &Path, found: &Found) -> String {
    let (read, differing, name) = (found.read.0, found.differing.blocks.0, drive.display());
    let unreadable = found.unreadable.blocks.0;
    let serial = statement.device.serial.as_deref().unwrap_or("none");
    let mut lines = Vec::new();
    if found.holds() {
        lines.push(format!("{name}: all {read} blocks that were read hold what the certificate says"));
        lines.push(match statement.method.stream() {
            Some(stream) if statement.verification.expect.is_some_and(|it| it.0 == Expect::Pattern(Pattern::Random)) => {
                format!("  They are the {stream} keystream of this job's key: they were written by this job, and by nothing since.")
            }
            _ => format!(
                "  Other erased drives hold the same: compare the serial number on the label with {serial}, which was not done."
            ),
        });
    } else {
        lines.push(format!(
            "{name}: {differing} of {read} blocks DO NOT HOLD what the certificate says, {unreadable} cannot be read"
        ));
        lines.extend(first("the first that differ", found.differing.extents()));
        lines.extend(first("cannot be read", found.unreadable.extents.iter().copied()));
        lines.push(format!(
            "  They were written after the erase, or this is another drive than the one with serial number {serial}, or the certificate is \
             untrue."
        ));
    }
    lines.push(String::new());
    lines.join("\n")
}

fn first(what: &str, extents: impl Iterator<Item = Extent>) -> Option<String> {
    let list: Vec<String> = extents.take(Mismatches::KEPT).map(|extent| extent.to_string()).collect();
    (!list.is_empty()).then(|| format!("  {what}: {}", list.join(", ")))
}
