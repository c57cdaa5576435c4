//! Drives, verdicts and models for tests.

mod firmware;

use std::sync::{Arc, Mutex};

use purgeproof_core::capability::{Capabilities, Support};
use purgeproof_core::drive::{Exclusion, Identity, Medium, Serial, SerialSource, Transport};
use purgeproof_core::eta::Eta;
use purgeproof_core::event::{Controller, DriveId, Event, Filed, Layout, Listed, Offer, Progress, Stage, Stick};
use purgeproof_core::evidence::JobId;
use purgeproof_core::plan::{Refusal, plan};
use purgeproof_core::policy::Policy;
use purgeproof_core::secret::{ROOM, Vault, Vaults};
use purgeproof_core::survey::{Signature, Sketch, Survey, When};
use purgeproof_core::technique::Technique;
use purgeproof_core::units::{BlockSize, Bytes, Extent, Lba};
use purgeproof_core::verdict::{Exception, Outcome, Reason, Verdict};

use crate::model::{Host, Model};

pub(crate) use firmware::*;

/// A QR text as long as a typical certificate with its delegation (1297 characters, version 24 at level M).
pub(crate) fn qr_text() -> String {
    format!("PP1:{}", "RRQ96BERKOE6069".repeat(87).get(..1293).unwrap())
}

fn identity(model: &str, serial: Option<&str>, capacity: u64, transport: Transport, medium: Medium) -> Identity {
    let source = match transport {
        Transport::Nvme => SerialSource::NvmeIdentify,
        Transport::Usb => SerialSource::UsbDescriptor,
        _ => SerialSource::AtaIdentify,
    };
    Identity {
        vendor: None,
        model: model.into(),
        serial: serial.map(|text| Serial { text: text.into(), source }),
        wwn: Some("eui.002538b511b2c3d4".into()),
        firmware: Some("GXA7801Q".into()),
        capacity: Bytes(capacity),
        logical_block: BlockSize::B512,
        physical_block: BlockSize::B4096,
        transport,
        medium,
        link: None,
        simulated: false,
    }
}

/// What is known of a drive before anybody has asked it.
pub(crate) fn unasked() -> Capabilities {
    let unknown = || Support::Unknown("this version does not send firmware erase commands".into());
    let known = [Technique::SanitizeBlockErase, Technique::SecurityEraseEnhanced].map(|one| (one, unknown()));
    Capabilities {
        techniques: known.into_iter().chain([(Technique::Overwrite, Support::Present)]).collect(),
        ..Capabilities::default()
    }
}

pub(crate) fn listed(id: u32, node: &str, identity: Identity) -> Listed {
    with(id, node, identity, unasked(), &Policy::default())
}

/// A drive that is planned, or refused, by what it can do.
pub(crate) fn with(id: u32, node: &str, identity: Identity, capabilities: Capabilities, policy: &Policy) -> Listed {
    let offer = plan(&identity, &capabilities, policy).map_or_else(Offer::Refused, Offer::Planned);
    Listed { id: DriveId(id), node: node.into(), identity, capabilities, offer, interrupted: None }
}

/// An NVMe drive whose serial number ends with 2345.
pub(crate) fn nvme(id: u32) -> Listed {
    let identity =
        identity("Samsung MZVL21T0HCLR", Some("S64NNF0R512345"), 1_024_209_543_168, Transport::Nvme, Medium::Flash);
    listed(id, "nvme0n1", identity)
}

/// The same, overwritten by a scheme that a contract names.
pub(crate) fn by_scheme(id: u32, scheme: &str) -> Listed {
    let policy = format!("[[rule]]\nname = 'contract 4711'\naction = 'purge'\nscheme = '{scheme}'");
    let Listed { node, identity, capabilities, .. } = nvme(id);
    with(id, &node, identity, capabilities, &Policy::parse(&policy).unwrap())
}

pub(crate) fn disk(id: u32, node: &str, serial: &str) -> Listed {
    let identity = identity("ST4000NM0035-1V4107", Some(serial), 4_000_787_030_016, Transport::Ata, Medium::Magnetic);
    listed(id, node, identity)
}

/// A drive without a serial number.
pub(crate) fn nameless(id: u32) -> Listed {
    let identity = identity("USB DISK 3.0", None, 31_457_280_000, Transport::Usb, Medium::Unknown);
    listed(id, "sdc", Identity { wwn: None, ..identity })
}

pub(crate) fn hostile(id: u32) -> Listed {
    let identity = identity(
        "硬盘\u{202e}EVIL\u{1b}[2J_an-overlong-model-name-that-does-not-end-where-it-should-end",
        Some("序列号\u{7}-0123456789-0123456789-0123456789-ABCD"),
        u64::MAX / 512 / 4096 * 512,
        Transport::Scsi,
        Medium::Magnetic,
    );
    listed(id, "sd\u{1f600}zz_overlong", identity)
}

pub(crate) fn excluded() -> [Listed; 2] {
    let stick = identity("SanDisk Ultra", Some("4C530001230101"), 15_376_318_464, Transport::Usb, Medium::Unknown);
    let busy = identity("Crucial CT500MX500", Some("1925E1F2A3B4"), 500_107_862_016, Transport::Ata, Medium::Flash);
    [
        Listed {
            id: DriveId(90),
            node: "sdx".into(),
            identity: stick,
            capabilities: Capabilities::default(),
            offer: Offer::Excluded(Exclusion::BootMedium),
            interrupted: None,
        },
        Listed {
            id: DriveId(91),
            node: "sdy".into(),
            identity: busy,
            capabilities: Capabilities::default(),
            offer: Offer::Excluded(Exclusion::InUse("mounted at /mnt".into())),
            interrupted: None,
        },
    ]
}

pub(crate) fn volume() -> Listed {
    let identity =
        identity("LOGICAL VOLUME", Some("PDNLH0BRH8M1XX"), 1_200_210_141_184, Transport::Raid, Medium::Unknown);
    Listed {
        id: DriveId(80),
        node: "sdr".into(),
        identity,
        capabilities: Capabilities::default(),
        offer: Offer::Refused(Refusal::RaidVolume),
        interrupted: None,
    }
}

/// The keyboard of an image with fifteen layouts.
pub(crate) fn keyboard(current: &str) -> Event {
    let titles = [
        ("us", "English (US)"),
        ("uk", "English (UK)"),
        ("de", "German"),
        ("fr", "French (AZERTY)"),
        ("es", "Spanish"),
        ("it", "Italian"),
        ("ch-de", "Swiss, German"),
        ("ch-fr", "Swiss, French"),
        ("be", "Belgian (AZERTY)"),
        ("br", "Portuguese (Brazil)"),
        ("se", "Swedish"),
        ("pl", "Polish"),
        ("jp", "Japanese"),
        ("dvorak", "Dvorak"),
        ("colemak", "Colemak"),
    ];
    let layouts = titles.map(|(name, title)| Layout { name: name.into(), title: title.into() }).into();
    Event::Keyboard { layouts, current: current.into() }
}

pub(crate) fn controller() -> Controller {
    Controller {
        address: "0000:00:0e.0".into(),
        kind: "RAID controller".into(),
        ids: "8086:467f".into(),
        driver: None,
        drives: 0,
        advice: Some(
            "Intel VMD is on and hides its NVMe drives. Switch it off in the firmware setup (storage, AHCI/NVMe mode), then start again"
                .into(),
        ),
    }
}

pub(crate) const ID: DriveId = DriveId(1);

pub(crate) fn began(id: u32) -> Event {
    Event::Began { drive: DriveId(id), job: JobId([0xab; 16]) }
}

pub(crate) fn good() -> Verdict {
    Verdict {
        outcome: Outcome::Cleared,
        reasons: vec![Reason::AllReadBack],
        exceptions: vec![Exception::SpareBlocksNotAddressed, Exception::HiddenAreasNotProbed],
    }
}

pub(crate) fn bad() -> Verdict {
    let report = purgeproof_core::pass::Regions {
        extents: vec![Extent::new(1_000_000, 8), Extent::new(2_000_000, 1)],
        blocks: purgeproof_core::units::Blocks(9),
    };
    Verdict {
        outcome: Outcome::NotErased,
        reasons: vec![Reason::Unwritable(report)],
        exceptions: vec![Exception::HiddenAreasNotProbed],
    }
}

/// The drive left while it was overwritten.
pub(crate) fn left() -> Verdict {
    Verdict { reasons: vec![Reason::GoneWhileWriting], ..bad() }
}

/// An old system disk: a boot partition, programs and pictures, a gap, and a bad spot.
fn held() -> Survey {
    let mut sketch = Sketch::new(512);
    for (region, offset) in (0..512_usize).zip((0_u64..).step_by(4096)) {
        let page: Vec<u8> = match region {
            0..40 => b"Copyright (c) the owner. ".iter().copied().cycle().take(4096).collect(),
            300..304 => {
                sketch.unreadable(region);
                continue;
            }
            40..200 if region % 3 > 0 => (0..=255).cycle().take(4096).collect(),
            200..320 => b"one word after the other ".iter().copied().cycle().take(4096).collect(),
            _ => vec![0; 4096],
        };
        sketch.look(region, offset, &page);
    }
    sketch.sign(Signature::Gpt, Lba(0));
    sketch.sign(Signature::Ntfs, Lba(2048));
    sketch.finish()
}

/// The same disk overwritten by a generator of Knuth's (MMIX).
fn overwritten() -> Survey {
    let mut state = 1_u64;
    let mut noise = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    let mut sketch = Sketch::new(512);
    for (region, offset) in (0..512).zip((0..).step_by(4096)) {
        let page: Vec<u8> = (0..4096).map(|_| noise()).collect();
        sketch.look(region, offset, &page);
    }
    sketch.finish()
}

/// What the drive looked like before and after.
pub(crate) fn surveyed(id: u32) -> [Event; 2] {
    [(When::Before, held()), (When::After, overwritten())].map(|(when, survey)| Event::Surveyed {
        drive: DriveId(id),
        when,
        survey: Box::new(survey),
    })
}

pub(crate) fn ended(id: u32, verdict: Verdict) -> Event {
    Event::Ended { drive: DriveId(id), verdict, reformat: None, seconds: 7_265 }
}

pub(crate) fn certified(id: u32) -> Event {
    let filed = Filed::OnStick { name: "20261121-S64NNF0R512345-abababab.pdf".into() };
    Event::Certified { drive: DriveId(id), filed, qr: qr_text() }
}

pub(crate) fn progress(id: u32, stage: Stage, percent: u64, errors: u64) -> [Event; 2] {
    let total = 1_000_204_886_016;
    let progress = Progress {
        done: total / 100 * percent,
        total,
        rate: 210_000_000,
        eta: Some(Eta { soonest_s: 4_300 - 40 * percent, latest_s: 5_200 - 48 * percent }),
        errors,
        estimate_s: None,
    };
    [Event::Stage { drive: DriveId(id), stage }, Event::Progress { drive: DriveId(id), progress }]
}

/// Ordinary memory, in place of pages that nobody else sees.
#[derive(Debug)]
struct Heap;

struct Cell(Mutex<[u8; ROOM]>);

impl Vaults for Heap {
    fn vault(&self) -> Option<Arc<dyn Vault>> {
        Some(Arc::new(Cell(Mutex::new([0; ROOM]))))
    }
}

impl Vault for Cell {
    fn open(&self, with: &mut dyn FnMut(&mut [u8])) {
        with(&mut *self.0.lock().unwrap());
    }
}

/// A screen that has heard these events.
pub(crate) fn after(events: impl IntoIterator<Item = Event>) -> Model {
    let mut model = Model::new(Host::Appliance).with_vaults(Arc::new(Heap));
    model.hear(Event::Banner("PurgeProof 0.1.0 · image 0123abcd".into()));
    tell(&mut model, events);
    model
}

pub(crate) fn tell(model: &mut Model, events: impl IntoIterator<Item = Event>) {
    for event in events {
        model.hear(event);
    }
}

pub(crate) fn stick() -> Event {
    Event::Stick(Stick::Ready { key: "1a2b3c4d".into() })
}

/// An ordinary bench: two disks, an NVMe drive, a nameless one, a RAID volume, the stick itself and a mounted one.
pub(crate) fn bench() -> Vec<Listed> {
    let [boot, busy] = excluded();
    vec![boot, nvme(1), disk(2, "sda", "ZC1A0B3W"), disk(3, "sdb", "ZC1A0C77"), nameless(4), busy, volume()]
}
