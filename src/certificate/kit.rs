//! A certificate about a fixed piece of evidence, and what becomes of it when it is changed.

use purgeproof_core::capability::{Capabilities, Support};
use purgeproof_core::consent::Given;
use purgeproof_core::drive::{Identity, Medium, OpenError, Serial, SerialSource, Transport};
use purgeproof_core::evidence::{
    Clock, ClockSource, Drawn, Evidence, Expect, Fact, JobId, Machine, Mismatches, Secret, Setting, Tool,
};
use purgeproof_core::link::LineRate;
use purgeproof_core::pass::{Regions, Report};
use purgeproof_core::pattern::Pattern;
use purgeproof_core::plan::{Plan, plan};
use purgeproof_core::policy::{Coverage, Policy, Record};
use purgeproof_core::stream::Stream;
use purgeproof_core::technique::Technique;
use purgeproof_core::units::{BlockSize, Blocks, Bytes, Extent, Lba};
use purgeproof_core::verdict::{Exception, Outcome, Reason};

use crate::*;
use firmware::{erased_twice, fallen, formatted_unmarked, hpa_opened, liar, purged, registers_dropped};
use schemes::by_scheme;

mod chain;
mod firmware;
mod golden;
mod honest;
mod hostile;
mod interrupted;
mod layout;
mod paper;
mod reformat;
mod schemes;
mod signed;
mod summaries;
mod survey;
mod testkit;
mod trust;

/// The blocks of the drive of the fixture: 256 MiB.
pub(crate) const BLOCKS: u64 = 524_288;

/// What an overwrite leaves.
pub(crate) const RANDOM: Expect = Expect::Pattern(Pattern::Random);

/// The key of the fixture.
pub(crate) fn key() -> Key {
    Key::from_seed(&Sha256::digest(b"stick").into())
}

pub(crate) fn drive() -> Identity {
    Identity {
        vendor: None,
        model: "QEMU NVMe Ctrl".into(),
        serial: Some(Serial { text: "DEMO-NVME-0001".into(), source: SerialSource::NvmeIdentify }),
        wwn: Some("eui.0025385b11b2c3d4".into()),
        firmware: Some("8.2.0".into()),
        capacity: Bytes(BLOCKS * 512),
        logical_block: BlockSize::B512,
        physical_block: BlockSize::B4096,
        transport: Transport::Nvme,
        medium: Medium::Flash,
        link: None,
        simulated: false,
    }
}

pub(crate) fn plan_for(drive: &Identity) -> Plan {
    let why = "this version does not ask the drive";
    let capabilities = Capabilities {
        techniques: vec![
            (Technique::SanitizeCryptoErase, Support::Unknown(why.into())),
            (Technique::SanitizeBlockErase, Support::Unknown(why.into())),
            (Technique::SanitizeOverwrite, Support::Unknown(why.into())),
            (Technique::Overwrite, Support::Present),
        ],
        ..Capabilities::default()
    };
    plan(drive, &capabilities, &Policy::default()).unwrap()
}

pub(crate) fn setting() -> Setting {
    Setting {
        tool: Tool { version: "0.1.0".into(), image: Some("5f0c3a9d2b71e846".into()), kernel: "6.1.0-28-amd64".into() },
        machine: Machine {
            vendor: Some("Dell Inc.".into()),
            product: Some("Latitude 7420".into()),
            serial: Some("7XK2LM3".into()),
            uuid: Some("4c4c4544-0058-4b10-8032-b7c04f4c4d33".into()),
            asset: None,
        },
        record: Record {
            organisation: "Acme Refurbishing".into(),
            operator: "A. Müller".into(),
            site: "Hall 3".into(),
            job: "LOT-2026-1121".into(),
            asset: "LT-0048213".into(),
            destination: "reuse".into(),
            note: String::new(),
        },
        clock: Clock { boot_ms: 60_000, unix_s: 1_795_252_800, source: ClockSource::RtcUnconfirmed },
        battery: None,
        concealing: Vec::new(),
    }
}

/// Evidence in which nothing has happened yet.
pub(crate) fn begun(plan: Plan) -> Evidence {
    let id = JobId(*b"\x1a\x2b\x3c\x4d\x5e\x6f\x70\x81\x92\xa3\xb4\xc5\xd6\xe7\xf8\x09");
    let drawn = Drawn { key: Secret([0x11; 32]), seed: Secret([0x22; 32]), stream: Stream::ChaCha20, withheld: None };
    Evidence::new(id, setting(), plan, Given::Operator { typed: "0001".into(), second: None }, drawn)
}

pub(crate) fn whole(blocks: u64) -> Report {
    Report { covered: Blocks(blocks), wanted: Blocks(blocks), ..Report::default() }
}

/// Evidence of an overwrite, up to the read-back.
pub(crate) fn written(plan: Plan) -> Evidence {
    let found = plan.drive.clone();
    let mut evidence = begun(plan);
    evidence.add(60_100, Fact::Opened { found });
    evidence.add(60_200, Fact::PassBegan { number: 1, pattern: Pattern::Random });
    evidence.add(80_200, Fact::PassEnded { number: 1, report: whole(BLOCKS) });
    evidence.add(80_900, Fact::Flushed);
    evidence
}

/// Evidence of an overwrite without a flaw.
pub(crate) fn cleared() -> Evidence {
    let mut evidence = written(plan_for(&drive()));
    evidence.add(81_000, Fact::VerifyBegan { coverage: Coverage::Full, places: 1, expect: RANDOM });
    evidence
        .add(101_500, Fact::VerifyEnded { report: whole(BLOCKS), mismatches: Mismatches::default(), constant: None });
    evidence
}

/// Evidence of an overwrite that was flawless but for its haste: 256 MiB, read back in 20.5 s over a link of 100 Mb/s.
pub(crate) fn hasty() -> Evidence {
    let link = Some(LineRate(100_000_000));
    let mut evidence = cleared();
    evidence.plan.drive.link = link;
    evidence
}

/// Evidence of an overwrite of which a sample was read back.
pub(crate) fn sampled() -> Evidence {
    let mut evidence = written(Plan { verify: Coverage::Sample, ..plan_for(&drive()) });
    evidence.add(81_000, Fact::VerifyBegan { coverage: Coverage::Sample, places: 4609, expect: RANDOM });
    evidence
        .add(82_500, Fact::VerifyEnded { report: whole(4609 * 8), mismatches: Mismatches::default(), constant: None });
    evidence
}

/// Evidence of a drive with more bad regions than anybody lists, whose read-back found old content besides.
pub(crate) fn failing() -> Evidence {
    let mut evidence = written(plan_for(&drive()));
    let extents: Vec<Extent> = (0..256).map(|i| Extent::new(100_000 + 1000 * i, 8)).collect();
    let bad = Regions { extents, blocks: Blocks(2400) };
    let mut mismatches = Mismatches::default();
    (0..40).for_each(|i| mismatches.add(Lba(400_000 + i)));
    evidence.add(81_000, Fact::VerifyBegan { coverage: Coverage::Full, places: 1, expect: RANDOM });
    let report = Report { covered: Blocks(BLOCKS - 2400), wanted: Blocks(BLOCKS), bad, ..Report::default() };
    evidence.add(101_500, Fact::VerifyEnded { report, mismatches, constant: None });
    evidence
}

pub(crate) fn link() -> Link {
    Link::first(*b"\x66\x35\x55\xdd\x49\x5b\x3e\x9d", &key())
}

/// Issued two seconds after the end of [`cleared`].
pub(crate) const ISSUED: u64 = 1_795_252_843;

pub(crate) fn issue(evidence: &Evidence) -> Certificate {
    Certificate::issue(evidence, &key(), link(), ISSUED).unwrap()
}
