//! What a certificate says: the field table of version 1.
//!
//! A CBOR Web Token (RFC 8392) with three claims: `6` (iat) the second it was issued, `7` (cti) the 16 bytes of the job's number, and
//! `-65537`, of the range for private use, a [`Statement`]. Claim `1` (iss) is not used: nobody vouches for the name of a self-signed
//! issuer, and the key id says which key it was. Keys left out below are reserved for fields that this version does not have.
//!
//! | key | field | content |
//! |---|---|---|
//! | 1 | version | 1 |
//! | 2 | outcome | 1 Purged, 2 Cleared, 3 Not Erased, 4 Indeterminate |
//! | 3 | device | 1 vendor, 2 model, 3 serial, 4 firmware, 5 bytes, 6 logical block, 7 physical block, 8 transport, 9 medium, 10 WWN, 11 asset tag, 14 serial's source, 15 simulated, 16 bytes once hidden areas were opened, 17 encrypts all data, 18 what its link carries (bits/s) |
//! | 4 | method | 1 technique, 2 level planned, 3 passes (a byte, 256 for the keystream, or the bytes repeated), 4 blocks written in each pass that ended ([`Written`]), 5 techniques considered, 6 rule, 7 ways gone ([`Way`]), 8 lowest level that there was leave for, 9 why earlier ways came to nothing ([`Because`]), 10 overwrite scheme, 11 keystream of random passes, unless it is ChaCha20, 12 why a random pass stands before those of the scheme ([`Front`]) |
//! | 5 | verification | 1 coverage planned, 2 places, 3 blocks to read, 4 blocks read, 5 seed of the sample, 6 markers ([`Markers`]), 7 what was expected (as a pass, or 257: what firmware leaves), 8 the byte that all blocks hold |
//! | 6 | time | 1 start, 2 end (s since 1970 UTC), 3 clock source, 4 duration (ms by a clock that cannot be set), 5 rests from heat ([`Rests`]), 6 interruptions ([`Interruption`]) |
//! | 7 | tool | 1 version, 2 image, 3 kernel |
//! | 8 | log | 1 id, 2 number, 3 SHA-256 of the certificate before it |
//! | 9 | host | 1 vendor, 2 product, 3 serial, 4 UUID, 5 asset tag, 6 controllers that may hide drives ([`Concealing`], at most [`CONCEALING`] of them) |
//! | 10 | operator | name |
//! | 12 | job | 1 organisation, 2 job, 3 site, 4 destination, 6 note |
//! | 13 | exceptions | codes |
//! | 14 | evidence | SHA-256 of the evidence bundle |
//! | 15 | reasons | [`Because`] |
//! | 16 | consent | `[1, typed]` by the operator, `[2, rule]` by the policy, `[3, typed, name]` by the operator and a second person |
//! | 17 | hidden areas | [`HiddenArea`] |
//! | 18 | obstacles | codes |
//! | 19 | health | [`Health`] |
//! | 20 | format | [`Reformat`] |
//!
//! Codes are in [`crate::code`]. A text is cut to [`TEXT_BYTES`] and then ends in `…`; the evidence has all of it.

use minicbor::{Decode, Encode};
use purgeproof_core::capability::Obstacle;
use purgeproof_core::drive::{Medium, SerialSource, Transport};
use purgeproof_core::evidence::{ClockSource, Expect, JobId};
use purgeproof_core::pattern::Pattern;
use purgeproof_core::policy::Coverage;
use purgeproof_core::stream::Stream;
use purgeproof_core::technique::{Level, Technique};
use purgeproof_core::verdict::{Exception, Outcome};
use serde::Serialize;

use crate::code::Coded;
use crate::hidden::HiddenArea;
use crate::interruption::Interruption;
use crate::reason::Because;
use crate::reformat::Reformat;

mod firmware;
mod rests;
mod written;

pub use firmware::{End, Health, Markers, RAW_BYTES, Raw, Sought, Step, Vitals, Way};
pub use rests::Rests;
pub use written::Written;

/// The version of the field table.
pub const VERSION: u32 = 1;

/// The longest text of a certificate in bytes of UTF-8.
pub const TEXT_BYTES: usize = 160;

/// The most controllers that a certificate names; the evidence has all of them.
pub const CONCEALING: usize = 4;

/// Everything that is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// When it was issued, in seconds since 1970-01-01 UTC, never before the end of the job.
    pub issued_unix_s: u64,
    /// The certificate's number, which is the job's.
    pub id: JobId,
    /// What it says.
    pub statement: Statement,
}

/// What happened to one drive, by whose doing, and what follows from it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Statement {
    /// [`VERSION`].
    #[n(1)]
    pub version: u32,
    /// The verdict's one word.
    #[n(2)]
    pub outcome: Coded<Outcome>,
    /// The drive.
    #[n(3)]
    pub device: Device,
    /// What was to be done, and how much of it was.
    #[n(4)]
    pub method: Method,
    /// What was read back.
    #[n(5)]
    pub verification: Verification,
    /// When.
    #[n(6)]
    pub time: Time,
    /// By which program.
    #[n(7)]
    pub tool: Tool,
    /// The certificate's place among the others of its log.
    #[n(8)]
    pub link: Link,
    /// The computer that the drive was attached to.
    #[n(9)]
    pub host: Host,
    /// Who operated it.
    #[n(10)]
    pub operator: Option<String>,
    /// What the policy gives for the record.
    #[n(12)]
    pub job: Job,
    /// What the outcome does not cover.
    #[n(13)]
    pub exceptions: Vec<Coded<Exception>>,
    /// The SHA-256 of the evidence bundle.
    #[n(14)]
    #[cbor(with = "minicbor::bytes")]
    pub evidence_sha256: [u8; 32],
    /// Why the outcome is what it is.
    #[n(15)]
    pub reasons: Vec<Because>,
    /// Who gave leave.
    #[n(16)]
    pub consent: Consent,
    /// Every hidden area that was looked for, as it was when the erase began.
    #[n(17)]
    pub hidden: Vec<HiddenArea>,
    /// What stood in the way when the plan was made or the erase began.
    #[n(18)]
    pub obstacles: Vec<Coded<Obstacle>>,
    /// The drive's health before and after.
    #[n(19)]
    pub health: Option<Health>,
    /// The format to blocks of another length, where one was asked for. The outcome is about what was before it.
    #[n(20)]
    pub reformat: Option<Reformat>,
}

/// The drive, as the plan has it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Device {
    /// The maker.
    #[n(1)]
    pub vendor: Option<String>,
    /// The model.
    #[n(2)]
    pub model: String,
    /// The serial number.
    #[n(3)]
    pub serial: Option<String>,
    /// The firmware revision.
    #[n(4)]
    pub firmware: Option<String>,
    /// The size in bytes.
    #[n(5)]
    pub bytes: u64,
    /// The logical block size in bytes.
    #[n(6)]
    pub logical_block: u32,
    /// The physical block size in bytes.
    #[n(7)]
    pub physical_block: u32,
    /// How it was attached.
    #[n(8)]
    pub transport: Coded<Transport>,
    /// What it stores on.
    #[n(9)]
    pub medium: Coded<Medium>,
    /// The worldwide name.
    #[n(10)]
    pub wwn: Option<String>,
    /// The number on the asset label.
    #[n(11)]
    pub asset: Option<String>,
    /// Where the serial number was read.
    #[n(14)]
    pub serial_source: Option<Coded<SerialSource>>,
    /// `true` for a drive that the program only imagined; absent otherwise.
    #[n(15)]
    pub simulated: Option<bool>,
    /// The size in bytes once hidden areas were opened, if that changed it.
    #[n(16)]
    pub opened_bytes: Option<u64>,
    /// `true` if the drive says that all user data on it are encrypted at all times; absent otherwise.
    #[n(17)]
    pub encrypts_all: Option<bool>,
    /// What the link to it carries at most, in bits a second, where that is known.
    #[n(18)]
    pub link: Option<u64>,
}

/// What was planned, what was done, and how far it went.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Method {
    /// The technique that attains the level of the last way.
    #[n(1)]
    pub technique: Coded<Technique>,
    /// The level that was planned.
    #[n(2)]
    pub level: Coded<Level>,
    /// What each overwrite pass of the last way was to write; empty if the host was not to overwrite.
    #[n(3)]
    pub passes: Vec<Coded<Pattern>>,
    /// How many logical blocks each pass of the last way that ended has written.
    #[n(4)]
    pub written: Written,
    /// Every technique that was considered, strongest first; neighbours of the same support in one.
    #[n(5)]
    pub considered: Vec<Weighed>,
    /// The rule of the policy that decided.
    #[n(6)]
    pub rule: Option<String>,
    /// The rows of the decision table that were set out on, in order; the last one is what the outcome is about.
    #[n(7)]
    pub ways: Vec<Way>,
    /// The lowest level that there was leave for.
    #[n(8)]
    pub floor: Coded<Level>,
    /// Why the ways before the last one came to nothing, if the outcome is good; else they are among its reasons.
    #[n(9)]
    pub setbacks: Option<Vec<Because>>,
    /// The name of the scheme that the passes are, of the core's table or of the policy.
    #[n(10)]
    pub scheme: Option<String>,
    /// The keystream that random passes wrote; absent for ChaCha20, and where no pass is random ([`Method::stream`]).
    #[n(11)]
    pub other_stream: Option<Coded<Stream>>,
    /// Why the first pass is a random one that was not planned; absent if all were planned.
    #[n(12)]
    pub front: Option<Front>,
}

/// The drive takes zeros as if it did not store them, so that a random pass was put before the planned ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(array)]
pub struct Front {
    /// What it took for a stretch of zeros, the median in microseconds.
    #[n(0)]
    pub zeros_us: u64,
    /// And for one of random data.
    #[n(1)]
    pub random_us: u64,
}

/// Techniques that the drive has, or not, for the same reason.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Weighed {
    /// Whether it has them.
    #[n(0)]
    pub support: Supported,
    /// Which.
    #[n(1)]
    pub techniques: Vec<Coded<Technique>>,
    /// Why that is not known, or what is in the way.
    #[n(2)]
    pub why: Option<String>,
}

/// Whether a drive has a technique.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Supported {
    /// It has.
    #[n(1)]
    Present,
    /// It has not.
    #[n(2)]
    Absent,
    /// Not established.
    #[n(3)]
    Unknown,
    /// It has it, but not now.
    #[n(4)]
    Blocked,
}

/// The read-back.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Verification {
    /// How much was to be read.
    #[n(1)]
    pub coverage: Coded<Coverage>,
    /// How many places were to be read; absent if the read-back did not begin.
    #[n(2)]
    pub places: Option<u64>,
    /// How many blocks these are; absent if the read-back did not end.
    #[n(3)]
    pub wanted: Option<u64>,
    /// How many blocks were read; absent if the read-back did not end.
    #[n(4)]
    pub read: Option<u64>,
    /// The seed that the places of a sample are drawn from (`purgeproof_core::sample`).
    #[n(5)]
    pub seed: Option<Seed>,
    /// The marker test of the last way, if there was one.
    #[n(6)]
    pub markers: Option<Markers>,
    /// What was to be read; absent if the read-back did not begin.
    #[n(7)]
    pub expect: Option<Coded<Expect>>,
    /// The byte that every block holds that was read, where firmware left one byte repeated.
    #[n(8)]
    pub constant: Option<u8>,
}

/// What the places of a sample are drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(transparent)]
pub struct Seed(
    /// 32 random bytes.
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub [u8; 32],
);

/// When it happened.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Time {
    /// The start, in seconds since 1970-01-01 UTC.
    #[n(1)]
    pub start_unix_s: u64,
    /// The end, in seconds since 1970-01-01 UTC.
    #[n(2)]
    pub end_unix_s: u64,
    /// How far these can be trusted.
    #[n(3)]
    pub source: Coded<ClockSource>,
    /// For how many milliseconds it was worked on, by a clock that cannot be set: from start to end, but for interruptions.
    #[n(4)]
    pub duration_ms: u64,
    /// The time of it in which the drive was left alone, because it had become too hot.
    #[n(5)]
    pub rests: Option<Rests>,
    /// The last interruptions after which it went on, at most [`crate::interruption::INTERRUPTIONS`] of them.
    #[n(6)]
    pub interruptions: Option<Vec<Interruption>>,
}

/// The program.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Tool {
    /// The version of PurgeProof.
    #[n(1)]
    pub version: String,
    /// The identifier of the boot image.
    #[n(2)]
    pub image: Option<String>,
    /// The kernel's release.
    #[n(3)]
    pub kernel: String,
}

/// The place of a certificate in the log of its stick. Each holds the hash of the one before: one that is taken out leaves a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Link {
    /// The log's number, drawn at random when the log is begun.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub log: [u8; 8],
    /// Counted from 1.
    #[n(2)]
    pub seq: u64,
    /// The SHA-256 of the COSE bytes of the certificate before, or of the public key for the first.
    #[n(3)]
    #[cbor(with = "minicbor::bytes")]
    pub prev: [u8; 32],
}

/// The computer, as its firmware describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Host {
    /// The maker.
    #[n(1)]
    pub vendor: Option<String>,
    /// The product's name.
    #[n(2)]
    pub product: Option<String>,
    /// The serial number.
    #[n(3)]
    pub serial: Option<String>,
    /// The system UUID.
    #[n(4)]
    pub uuid: Option<String>,
    /// The asset tag.
    #[n(5)]
    pub asset: Option<String>,
    /// Its storage controllers that may hide drives; absent if there is none.
    #[n(6)]
    pub concealing: Option<Vec<Concealing>>,
}

/// A storage controller that may hide drives.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, Serialize)]
#[cbor(array)]
pub struct Concealing {
    /// Its kind, place and numbers.
    #[n(0)]
    pub controller: String,
    /// Why, and what to do about it.
    #[n(1)]
    pub advice: String,
}

/// What only people know.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Job {
    /// Whose data it was.
    #[n(1)]
    pub organisation: Option<String>,
    /// The job, lot or ticket number.
    #[n(2)]
    pub number: Option<String>,
    /// Where.
    #[n(3)]
    pub site: Option<String>,
    /// Where the drive goes next.
    #[n(4)]
    pub destination: Option<String>,
    /// Anything else.
    #[n(6)]
    pub note: Option<String>,
}

/// Who gave leave.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(flat)]
pub enum Consent {
    /// The operator, who typed this.
    #[n(1)]
    Operator(#[n(0)] String),
    /// This rule of the unattended policy.
    #[n(2)]
    Policy(#[n(0)] String),
    /// The operator, who typed this, and a second person of this name, who did, too.
    #[n(3)]
    Both(#[n(0)] String, #[n(1)] String),
}

impl Device {
    /// The size in bytes of all that was erased.
    pub fn erased_bytes(&self) -> u64 {
        self.opened_bytes.unwrap_or(self.bytes)
    }

    /// How many logical blocks the drive has, those of opened areas included; `None` if its size is no whole number of them.
    pub fn blocks(&self) -> Option<u64> {
        let (block, bytes) = (u64::from(self.logical_block), self.erased_bytes());
        (block > 0 && bytes.is_multiple_of(block)).then(|| bytes / block)
    }
}

impl Method {
    /// The keystream of the random passes; `None` if there is no such pass.
    pub fn stream(&self) -> Option<Stream> {
        let is_random = self.passes.contains(&Coded(Pattern::Random));
        is_random.then(|| self.other_stream.map_or_else(Stream::default, |stream| stream.0))
    }

    /// The way that was gone last.
    pub fn way(&self) -> Option<&Way> {
        self.ways.last()
    }
}
