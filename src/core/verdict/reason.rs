//! Why a verdict is what it is, in words that are the same on the screen and on the certificate.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::capability::{Hidden, Obstacle};
use crate::drive::OpenError;
use crate::evidence::Mismatches;
use crate::link::LineRate;
use crate::pass::Regions;
use crate::technique::Technique;
use crate::units::{Blocks, Bytes, Lba};

/// Why a verdict is what it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// All passes whole, flushed, and every block read back as written.
    AllReadBack,
    /// All passes whole, flushed, and every sampled block read back as written.
    SampleReadBack {
        /// How many places were read.
        places: u64,
        /// The share of blocks, in parts per million, that may have survived undetected at 99 % confidence.
        bound_ppm: u64,
    },
    /// The drive did these, one after the other, each asked for by this job and reported complete by the drive's own status.
    ErasedByDrive(Vec<Technique>),
    /// None of the markers, and none of the owner's blocks beside them, was left after the drive had erased itself.
    MarkersGone {
        /// How many markers were looked at.
        places: u64,
        /// The share of blocks, in parts per million, that may have survived undetected at 99 % confidence.
        bound_ppm: u64,
    },
    /// Every block could be read back after the drive had erased itself, and held this byte repeated; or, without one, all kinds of
    /// content, as after a change of key.
    AllErased(Option<u8>),
    /// The same of sampled blocks.
    SampleErased {
        /// How many places were read.
        places: u64,
        /// The byte.
        constant: Option<u8>,
    },
    /// Nothing was written to it.
    NothingWritten,
    /// Something stands in the way of any erase.
    InTheWay(Obstacle),
    /// An area that holds the owner's data stayed closed, or may be there for all that could be asked, and nothing that was done
    /// reaches it.
    HiddenAreaKept(Hidden),
    /// It stayed hotter than it wants to be.
    TooHot,
    /// It refused to erase itself in this way.
    Refused(Technique, String),
    /// It tried to erase itself in this way and reports that it failed.
    EraseFailed(Technique, String),
    /// It took the command for this, and then reported that nothing was ever begun.
    Ignored(Technique),
    /// It was asked to erase itself in this way, and no answer came that says whether it does.
    NoAnswer(Technique, String),
    /// Its status cannot be read: it may or may not be erased.
    StatusUnreadable(String),
    /// Nothing moved for so many seconds. It may still be at work.
    Stalled(u64),
    /// It went away while it was erasing itself.
    GoneWhileErasing,
    /// This should hold after its erase and does not.
    LeftInDisorder(String),
    /// So many blocks that were on it before its erase are there after it: it reports an erase that did not happen.
    Survived {
        /// Of this job's markers.
        markers: u64,
        /// Of the owner's blocks beside them.
        witnesses: u64,
        /// The first of them.
        first: Vec<Lba>,
    },
    /// So many pages of the owner's that a survey had read before the first write read the same, byte for byte, after the last.
    Unchanged {
        /// How many.
        places: u64,
        /// The first blocks of the first of them.
        first: Vec<Lba>,
    },
    /// Too few markers could be placed or looked at to say anything.
    MarkersTooFew {
        /// How many there are.
        landed: u64,
        /// How many were drawn.
        places: u64,
    },
    /// It reports to have written all its blocks in a time in which that cannot be done.
    ImplausiblyFast {
        /// The time in milliseconds.
        took_ms: u64,
    },
    /// So many bytes are said to have gone over its link in a time in which the link does not carry them.
    FasterThanItsLink {
        /// How many.
        bytes: Bytes,
        /// The time in milliseconds.
        took_ms: u64,
        /// What the link carries.
        link: LineRate,
    },
    /// It could not be opened.
    NotOpened(OpenError),
    /// Another drive answered in its place.
    OtherDrive,
    /// These blocks could not be written.
    Unwritable(Regions),
    /// These blocks could not be read back.
    Unreadable(Regions),
    /// So many blocks read back otherwise than they were written.
    Mismatch(Mismatches),
    /// Requests failed one after the other, or one was never answered; from this block on not all was tried.
    Abandoned(Lba),
    /// It went away while being written.
    GoneWhileWriting,
    /// It went away while being read back: it was written, but that is not checked.
    GoneWhileReading,
    /// It would not confirm that what it took is on the medium.
    NotFlushed,
    /// The operator stopped the job.
    Stopped,
    /// A fault of this program ended the job.
    Crashed,
    /// The record ends before the job did: power was cut, or the machine died.
    Unfinished,
}

const ALL_READ_BACK: &str = "every addressable block was written, and every block read back as written";
const TOO_HOT: &str = "the drive stayed hotter than its own limit. Cool it and start again";
const GONE_WHILE_READING: &str = "the drive disappeared before its erase was checked";
const NOT_FLUSHED: &str = "the drive would not confirm that the data reached the medium (flush failed)";
const CRASHED: &str = "a fault of PurgeProof ended the job. Please report it with the journal";
const UNFINISHED: &str = "the record ends before the job did (power cut, reset or a pulled plug)";

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AllReadBack => f.write_str(ALL_READ_BACK),
            Self::SampleReadBack { places, bound_ppm } => f.write_str(&sampled(*places, *bound_ppm)),
            Self::ErasedByDrive(techniques) => f.write_str(&erased(techniques)),
            Self::MarkersGone { places, bound_ppm } => f.write_str(&marked(*places, *bound_ppm)),
            Self::AllErased(constant) => write!(f, "every block could be read back, {}", content(*constant)),
            Self::SampleErased { places, constant } => {
                write!(f, "{places} places drawn at random could be read back, {}", content(*constant))
            }
            Self::NothingWritten => f.write_str("nothing was written to the drive"),
            Self::InTheWay(obstacle) => write!(f, "the drive cannot be erased: {obstacle}"),
            Self::HiddenAreaKept(hidden) => f.write_str(&kept(hidden)),
            Self::TooHot => f.write_str(TOO_HOT),
            Self::Refused(technique, why) => write!(f, "the drive refused {technique}: {why}"),
            Self::EraseFailed(technique, why) => write!(f, "the drive reports that {technique} failed: {why}"),
            Self::Ignored(technique) => {
                write!(f, "the drive took the command for {technique} and then reported that nothing was begun")
            }
            Self::NoAnswer(technique, why) => write!(f, "no answer to {technique}: {why}"),
            Self::StatusUnreadable(why) => write!(f, "the drive's erase status cannot be read: {why}"),
            Self::Stalled(seconds) => f.write_str(&stalled(*seconds)),
            Self::GoneWhileErasing => f.write_str("the drive disappeared while it was erasing itself"),
            Self::LeftInDisorder(what) => write!(f, "after the erase, {what}"),
            Self::Survived { markers, witnesses, first } => f.write_str(&survived(*markers, *witnesses, first)),
            Self::Unchanged { places, first } => f.write_str(&unchanged(*places, first)),
            Self::MarkersTooFew { landed, places } => f.write_str(&too_few(*landed, *places)),
            Self::ImplausiblyFast { took_ms } => {
                write!(f, "the drive reports to have written all its blocks in {took_ms} ms, which no drive can")
            }
            Self::FasterThanItsLink { bytes, took_ms, link } => {
                write!(f, "{bytes} are said to have been moved in {took_ms} ms, more than its link of {link} carries")
            }
            Self::NotOpened(error) => write!(f, "{error}"),
            Self::OtherDrive => f.write_str("another drive answered in its place, so nothing was written"),
            Self::Unwritable(bad) => write!(f, "{} could not be written: {}", blocks(bad.blocks), list(bad)),
            Self::Unreadable(bad) => write!(f, "{} could not be read back: {}", blocks(bad.blocks), list(bad)),
            Self::Mismatch(mismatches) => f.write_str(&mismatched(mismatches)),
            Self::Abandoned(lba) => {
                write!(f, "the drive failed or left unanswered what was asked of it and was given up at LBA {}", lba.0)
            }
            Self::GoneWhileWriting => f.write_str("the drive disappeared while it was being overwritten"),
            Self::GoneWhileReading => f.write_str(GONE_WHILE_READING),
            Self::NotFlushed => f.write_str(NOT_FLUSHED),
            Self::Stopped => f.write_str("the operator stopped the job"),
            Self::Crashed => f.write_str(CRASHED),
            Self::Unfinished => f.write_str(UNFINISHED),
        }
    }
}

fn sampled(places: u64, bound_ppm: u64) -> String {
    let bound = percent(bound_ppm);
    format!(
        "every addressable block was written; {places} places drawn at random read back as written: if more than {bound} of the blocks \
         had kept old content, this would have been noticed with 99 % probability"
    )
}

fn erased(techniques: &[Technique]) -> String {
    let names: Vec<String> = techniques.iter().map(ToString::to_string).collect();
    format!("the drive erased itself and reports that as complete: {}", names.join(", then "))
}

fn marked(places: u64, bound_ppm: u64) -> String {
    let bound = percent(bound_ppm);
    format!(
        "nothing was left at {places} places drawn and marked just before: if more than {bound} of the blocks had kept old content, \
         this would have been noticed with 99 % probability"
    )
}

fn stalled(seconds: u64) -> String {
    format!(
        "the drive's erase has not moved for {seconds} s. Leave it powered and start again later: it may still be at work"
    )
}

fn survived(markers: u64, witnesses: u64, first: &[Lba]) -> String {
    let at = first.first().map_or(0, |lba| lba.0);
    let plural = |count: u64| if count == 1 { "place" } else { "places" };
    format!(
        "the drive reports an erase that did not happen: the marker is still at {markers} {}, old data beside it at {witnesses} {}, \
         first at LBA {at}",
        plural(markers),
        plural(witnesses)
    )
}

fn unchanged(places: u64, first: &[Lba]) -> String {
    let at = first.first().map_or(0, |lba| lba.0);
    let pages = if places == 1 { "1 page reads" } else { &format!("{places} pages read") };
    format!("old data is still there: {pages} the same, byte for byte, as before the erase, first at LBA {at}")
}

fn too_few(landed: u64, places: u64) -> String {
    format!("only {landed} of {places} marker blocks could be written or looked at, too few to check the drive's word")
}

fn kept(hidden: &Hidden) -> String {
    if hidden.is_unasked() {
        return format!(
            "beyond what the drive shows, old data may be left in an area that it could not be asked for and that nothing reached: {hidden}. \
             Attach the drive to a SATA port of the mainboard and erase it again there"
        );
    }
    format!("an area of the drive was not opened and not erased: {hidden}")
}

fn mismatched(mismatches: &Mismatches) -> String {
    let first: Vec<String> = mismatches.extents().take(4).map(|extent| format!("{extent}")).collect();
    format!("{} did not read back as expected, first at {}", blocks(mismatches.blocks), first.join(", "))
}

fn blocks(count: Blocks) -> String {
    if count.0 == 1 { String::from("1 block") } else { format!("{} blocks", count.0) }
}

fn list(regions: &Regions) -> String {
    let shown: Vec<String> = regions.extents.iter().take(4).map(|extent| format!("{extent}")).collect();
    let more = if regions.extents.len() > shown.len() { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

/// Parts per million as a percentage with four decimals at most.
fn percent(ppm: u64) -> String {
    let text = format!("{}.{:04}", ppm / 10_000, ppm % 10_000);
    format!("{} %", text.trim_end_matches('0').trim_end_matches('.'))
}

/// What the blocks of an erased drive hold.
fn content(constant: Option<u8>) -> String {
    match constant {
        Some(0x00) => String::from("and held zeros"),
        Some(0xff) => String::from("and held ones"),
        Some(byte) => format!("and held the byte 0x{byte:02X} repeated"),
        None => String::from("with content that is not constant, as after a change of key"),
    }
}
