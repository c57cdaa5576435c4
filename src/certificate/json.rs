//! The certificate for programs: a view made from the claims alone. Its member `cose` is the certificate, the rest repeats it.

use purgeproof_core::consent::Given;
use purgeproof_core::evidence::{hex, unhex};
use purgeproof_core::stream::Stream;
use serde::Serialize;

use crate::civil::Civil;
use crate::claims::{Concealing, Consent, Statement, Supported, Weighed};
use crate::{Certificate, Delegation, ParseError};

mod erase;

/// The members in their order; a field that the certificate does not have is `null`.
#[derive(Serialize)]
struct View<'a> {
    format: &'static str,
    certificate: String,
    issued: String,
    outcome: String,
    reasons: Vec<String>,
    exceptions: Vec<String>,
    drive: Drive<'a>,
    hidden_areas: Vec<String>,
    obstacles: Vec<String>,
    health: erase::Health,
    reformat: Option<String>,
    method: Method<'a>,
    verification: Verification,
    time: Time,
    tool: Tool<'a>,
    machine: Machine<'a>,
    record: Record<'a>,
    consent: String,
    evidence_sha256: String,
    log: Log,
    key: Key<'a>,
    cose: String,
}

#[derive(Serialize)]
struct Drive<'a> {
    vendor: Option<&'a str>,
    model: &'a str,
    serial: Option<&'a str>,
    serial_source: Option<String>,
    wwn: Option<&'a str>,
    firmware: Option<&'a str>,
    asset: Option<&'a str>,
    bytes: u64,
    bytes_opened: Option<u64>,
    encrypts_all: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    link_bits_per_s: Option<u64>,
    logical_block: u32,
    physical_block: u32,
    transport: String,
    medium: String,
    simulated: bool,
}

#[derive(Serialize)]
struct Method<'a> {
    level: String,
    attained: Option<String>,
    leave_for: String,
    technique: String,
    ways: Vec<erase::Way<'a>>,
    tried_first: Vec<String>,
    scheme: Option<&'a str>,
    passes: Vec<String>,
    keystream: Option<&'static str>,
    blocks_written: &'a [u64],
    considered: Vec<Considered<'a>>,
    rule: Option<&'a str>,
}

#[derive(Serialize)]
struct Considered<'a> {
    technique: String,
    support: &'static str,
    why: Option<&'a str>,
}

#[derive(Serialize)]
struct Verification {
    coverage: purgeproof_core::policy::Coverage,
    places: Option<u64>,
    blocks_wanted: Option<u64>,
    blocks_read: Option<u64>,
    seed: Option<String>,
    markers: Option<erase::Markers>,
    expected: Option<purgeproof_core::evidence::Expect>,
    constant: Option<u8>,
}

#[derive(Serialize)]
struct Time {
    start: String,
    end: String,
    duration_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    rests: Option<crate::claims::Rests>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    interruptions: Vec<String>,
    source: purgeproof_core::evidence::ClockSource,
}

#[derive(Serialize)]
struct Tool<'a> {
    version: &'a str,
    image: Option<&'a str>,
    kernel: &'a str,
}

#[derive(Serialize)]
struct Machine<'a> {
    vendor: Option<&'a str>,
    product: Option<&'a str>,
    serial: Option<&'a str>,
    uuid: Option<&'a str>,
    asset: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    concealing: &'a [Concealing],
}

#[derive(Serialize)]
struct Record<'a> {
    organisation: Option<&'a str>,
    operator: Option<&'a str>,
    site: Option<&'a str>,
    job: Option<&'a str>,
    destination: Option<&'a str>,
    note: Option<&'a str>,
}

#[derive(Serialize)]
struct Log {
    id: String,
    number: u64,
    previous_sha256: String,
}

#[derive(Serialize)]
struct Key<'a> {
    fingerprint: String,
    public: String,
    trust: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    delegation: Option<Delegated<'a>>,
}

#[derive(Serialize)]
struct Delegated<'a> {
    organisation: &'a str,
    organisation_key: String,
    stick: &'a str,
    from: String,
    until: String,
    signed: String,
    number: String,
}

impl Certificate {
    /// The certificate as JSON, always the same for the same certificate.
    pub fn json(&self) -> String {
        let claims = self.claims();
        let statement = &claims.statement;
        let link = &statement.link;
        let view = View {
            format: if self.is_simulation() { "purgeproof-simulation-1" } else { "purgeproof-certificate-1" },
            certificate: claims.id.to_string(),
            issued: Civil::of(claims.issued_unix_s).to_string(),
            outcome: statement.outcome.0.to_string(),
            reasons: statement.reasons.iter().map(|because| because.0.to_string()).collect(),
            exceptions: statement.exceptions.iter().map(|exception| exception.0.to_string()).collect(),
            drive: Drive::of(statement),
            hidden_areas: statement.hidden.iter().map(|hidden| hidden.0.to_string()).collect(),
            obstacles: statement.obstacles.iter().map(|obstacle| obstacle.0.to_string()).collect(),
            health: erase::Health::of(statement),
            reformat: statement.reformat.as_ref().map(|reformat| reformat.0.to_string()),
            method: Method::of(statement),
            verification: Verification::of(statement),
            time: Time::of(statement),
            tool: Tool {
                version: &statement.tool.version,
                image: statement.tool.image.as_deref(),
                kernel: &statement.tool.kernel,
            },
            machine: Machine::of(statement),
            record: Record::of(statement),
            consent: Given::from(&statement.consent).to_string(),
            evidence_sha256: hex(&statement.evidence_sha256),
            log: Log { id: hex(&link.log), number: link.seq, previous_sha256: hex(&link.prev) },
            key: Key {
                fingerprint: self.fingerprint().to_string(),
                public: hex(self.public_key()),
                trust: match self.delegation() {
                    _ if self.is_simulation() => "simulated",
                    Some(_) => "delegated",
                    None => "self-signed",
                },
                delegation: self.delegation().map(Delegated::of),
            },
            cose: hex(self.bytes()),
        };
        // Strings, numbers and lists of them: there is nothing in it that could fail.
        serde_json::to_string_pretty(&view).unwrap_or_default() + "\n"
    }

    /// Reads the JSON view: the certificate in it, provided that the rest says the same.
    pub(crate) fn from_json(text: &str) -> Result<Self, ParseError> {
        let value: serde_json::Value = serde_json::from_str(text).map_err(|_| ParseError::NotACertificate)?;
        let digits = value.get("cose").and_then(serde_json::Value::as_str).ok_or(ParseError::NotACertificate)?;
        let (pairs, []) = digits.as_bytes().as_chunks::<2>() else {
            return Err(ParseError::Json);
        };
        let bytes: Result<Vec<u8>, ParseError> = pairs
            .iter()
            .map(|pair| core::str::from_utf8(pair).ok().and_then(|pair| unhex::<1>(pair).ok()))
            .map(|byte| byte.map(|[byte]| byte).ok_or(ParseError::Json))
            .collect();
        let certificate = Self::parse(&bytes?)?;
        let same = serde_json::from_str::<serde_json::Value>(&certificate.json()).is_ok_and(|own| own == value);
        if same { Ok(certificate) } else { Err(ParseError::Json) }
    }
}

impl<'a> Delegated<'a> {
    fn of(delegation: &'a Delegation) -> Self {
        let grant = delegation.grant();
        Self {
            organisation: &grant.organisation,
            organisation_key: delegation.organisation().to_string(),
            stick: &grant.stick,
            from: Civil::of(grant.begins_unix_s).to_string(),
            until: Civil::of(grant.expires_unix_s).to_string(),
            signed: Civil::of(grant.issued_unix_s).to_string(),
            number: hex(&grant.id),
        }
    }
}

impl From<&Consent> for Given {
    fn from(consent: &Consent) -> Self {
        match consent {
            Consent::Operator(typed) => Self::Operator { typed: typed.clone(), second: None },
            Consent::Both(typed, name) => Self::Operator { typed: typed.clone(), second: Some(name.clone()) },
            Consent::Policy(rule) => Self::Policy { rule: rule.clone() },
        }
    }
}

impl<'a> Drive<'a> {
    fn of(statement: &'a Statement) -> Self {
        let device = &statement.device;
        Self {
            vendor: device.vendor.as_deref(),
            model: &device.model,
            serial: device.serial.as_deref(),
            serial_source: device.serial_source.map(|source| source.0.to_string()),
            wwn: device.wwn.as_deref(),
            firmware: device.firmware.as_deref(),
            asset: device.asset.as_deref(),
            bytes: device.bytes,
            bytes_opened: device.opened_bytes,
            encrypts_all: device.encrypts_all.is_some(),
            link_bits_per_s: device.link,
            logical_block: device.logical_block,
            physical_block: device.physical_block,
            transport: device.transport.0.to_string(),
            medium: device.medium.0.to_string(),
            simulated: device.simulated.is_some(),
        }
    }
}

impl<'a> Method<'a> {
    fn of(statement: &'a Statement) -> Self {
        let method = &statement.method;
        Self {
            level: method.level.0.to_string(),
            attained: method.way().filter(|_| statement.outcome.0.is_good()).map(|way| way.level.0.to_string()),
            leave_for: method.floor.0.to_string(),
            ways: method.ways.iter().map(erase::Way::of).collect(),
            tried_first: method.setbacks.iter().flatten().map(|because| because.0.to_string()).collect(),
            technique: method.technique.0.to_string(),
            scheme: method.scheme.as_deref(),
            passes: method.passes.iter().map(|pattern| pattern.0.to_string()).collect(),
            keystream: method.stream().map(Stream::recipe),
            blocks_written: &method.written.0,
            considered: method.considered.iter().flat_map(Considered::of).collect(),
            rule: method.rule.as_deref(),
        }
    }
}

impl<'a> Considered<'a> {
    fn of(weighed: &'a Weighed) -> impl Iterator<Item = Self> {
        let support = match weighed.support {
            Supported::Present => "present",
            Supported::Absent => "absent",
            Supported::Unknown => "unknown",
            Supported::Blocked => "blocked",
        };
        let why = weighed.why.as_deref();
        weighed.techniques.iter().map(move |technique| Self { technique: technique.0.to_string(), support, why })
    }
}

impl Verification {
    fn of(statement: &Statement) -> Self {
        let verification = &statement.verification;
        Self {
            coverage: verification.coverage.0,
            places: verification.places,
            blocks_wanted: verification.wanted,
            blocks_read: verification.read,
            seed: verification.seed.map(|seed| hex(&seed.0)),
            markers: verification.markers.as_ref().map(erase::Markers::of),
            expected: verification.expect.map(|expect| expect.0),
            constant: verification.constant,
        }
    }
}

impl Time {
    fn of(statement: &Statement) -> Self {
        let time = &statement.time;
        Self {
            start: Civil::of(time.start_unix_s).to_string(),
            end: Civil::of(time.end_unix_s).to_string(),
            duration_ms: time.duration_ms,
            rests: time.rests,
            interruptions: time.interruptions.iter().flatten().map(ToString::to_string).collect(),
            source: time.source.0,
        }
    }
}

impl<'a> Machine<'a> {
    fn of(statement: &'a Statement) -> Self {
        let host = &statement.host;
        Self {
            vendor: host.vendor.as_deref(),
            product: host.product.as_deref(),
            serial: host.serial.as_deref(),
            uuid: host.uuid.as_deref(),
            asset: host.asset.as_deref(),
            concealing: host.concealing.as_deref().unwrap_or_default(),
        }
    }
}

impl<'a> Record<'a> {
    fn of(statement: &'a Statement) -> Self {
        let job = &statement.job;
        Self {
            organisation: job.organisation.as_deref(),
            operator: statement.operator.as_deref(),
            site: job.site.as_deref(),
            job: job.number.as_deref(),
            destination: job.destination.as_deref(),
            note: job.note.as_deref(),
        }
    }
}
