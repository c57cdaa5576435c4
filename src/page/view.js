// The JSON view of a certificate (src/certificate/json.rs), made a second time from the claims: a file that says anything else was changed.

import { grouped, hex } from "./bytes.js";
import { isGood, lastWay, streamOf } from "./founded.js";
import * as words from "./words.js";

const number = (value) => (value === null ? null : Number(value));

function drive({ device }) {
  return {
    vendor: device.vendor,
    model: device.model,
    serial: device.serial,
    serial_source: device.serialSource && words.SERIAL_SOURCE[device.serialSource],
    wwn: device.wwn,
    firmware: device.firmware,
    asset: device.asset,
    bytes: Number(device.bytes),
    bytes_opened: number(device.openedBytes),
    encrypts_all: device.encryptsAll !== null,
    ...(device.link === null ? {} : { link_bits_per_s: Number(device.link) }),
    logical_block: device.logicalBlock,
    physical_block: device.physicalBlock,
    transport: device.transport,
    medium: device.medium,
    simulated: device.simulated !== null,
  };
}

function asked(step) {
  return {
    technique: words.TECHNIQUE[step.technique],
    end: step.end,
    took_ms: Number(step.took),
    estimate_s: number(step.estimate),
    command: step.command,
    answer: step.answer,
    status: step.status,
    page: step.page,
    purged_by_its_word: step.purged !== null,
  };
}

function method(statement) {
  const it = statement.method;
  const names = (techniques) => techniques.map((technique) => words.TECHNIQUE[technique]);
  const stream = streamOf(it);
  return {
    level: it.level,
    attained: (isGood(statement.outcome) && lastWay(statement)?.level) || null,
    leave_for: it.floor,
    technique: words.TECHNIQUE[it.technique],
    ways: it.ways.map((way) => ({ row: way.row, level: way.level, steps: names(way.steps), asked: way.asked.map(asked) })),
    tried_first: (it.setbacks ?? []).map(words.reason),
    scheme: it.scheme,
    passes: it.passes.map(words.pattern),
    keystream: stream && words.STREAM[stream],
    blocks_written: it.written.map(Number),
    considered: it.considered.flatMap(({ support, techniques, why }) => names(techniques).map((technique) => ({ technique, support, why }))),
    rule: it.rule,
  };
}

function verification({ verification: it }) {
  const sought = it.markers?.sought ?? null;
  const markers = it.markers && {
    places: Number(it.markers.places),
    landed: Number(it.markers.landed),
    witnesses: Number(it.markers.witnesses),
    sought: sought && {
      left: Number(sought.left),
      witnesses_left: Number(sought.witnessesLeft),
      constant: Number(sought.constant),
      other: Number(sought.other),
      unreadable_blocks: Number(sought.unreadable),
      blank: number(sought.blank),
    },
  };
  const expected = it.expect === null || it.expect === "erased" ? it.expect : { pattern: words.pattern(it.expect) };
  return {
    coverage: it.coverage,
    places: number(it.places),
    blocks_wanted: number(it.wanted),
    blocks_read: number(it.read),
    seed: it.seed && hex(it.seed),
    markers,
    expected,
    constant: it.constant,
  };
}

function time({ time: it }) {
  const rests = it.rests && { count: it.rests.count, ms: Number(it.rests.ms), hottest_c: it.rests.hottest };
  return {
    start: words.civil(it.start),
    end: words.civil(it.end),
    duration_ms: Number(it.duration),
    ...(rests === null ? {} : { rests }),
    ...(it.interruptions?.length ? { interruptions: it.interruptions.map(words.interruption) } : {}),
    source: it.source,
  };
}

function vitals(it) {
  return (
    it && {
      temperature_c: it.temperature,
      reallocated: number(it.reallocated),
      pending: number(it.pending),
      media_errors: number(it.mediaErrors),
      used_percent: it.used,
    }
  );
}

function delegated(it) {
  return {
    organisation: it.organisation,
    organisation_key: grouped(it.kid),
    stick: it.stick,
    from: words.civil(it.from),
    until: words.civil(it.until),
    signed: words.civil(it.signed),
    number: hex(it.id),
  };
}

function machine({ concealing, ...named }) {
  return { ...named, ...(concealing === null ? {} : { concealing }) };
}

/** The view. Numbers are doubles, as JSON.parse has them. */
export function view(certificate) {
  const { claims, credential, key } = certificate;
  const { statement } = claims;
  const { host, job, link } = statement;
  const isSimulated = certificate.isSimulation;
  return {
    format: isSimulated ? "purgeproof-simulation-1" : "purgeproof-certificate-1",
    certificate: hex(claims.id),
    issued: words.civil(claims.issued),
    outcome: words.OUTCOME[statement.outcome],
    reasons: statement.reasons.map(words.reason),
    exceptions: statement.exceptions.map((exception) => words.EXCEPTION[exception]),
    drive: drive(statement),
    hidden_areas: statement.hidden.map(words.hidden),
    obstacles: statement.obstacles.map((obstacle) => words.OBSTACLE[obstacle]),
    health: { before: vitals(statement.health?.before ?? null), after: vitals(statement.health?.after ?? null) },
    reformat: statement.reformat && words.reformat(statement.reformat),
    method: method(statement),
    verification: verification(statement),
    time: time(statement),
    tool: statement.tool,
    machine: machine(host),
    record: {
      organisation: job.organisation,
      operator: statement.operator,
      site: job.site,
      job: job.number,
      destination: job.destination,
      note: job.note,
    },
    consent: words.consent(statement.consent),
    evidence_sha256: hex(statement.evidence),
    log: { id: hex(link.log), number: Number(link.seq), previous_sha256: hex(link.prev) },
    key: {
      fingerprint: grouped(certificate.fingerprint),
      public: hex(key),
      trust: isSimulated ? "simulated" : credential === null ? "self-signed" : "delegated",
      ...(credential === null ? {} : { delegation: delegated(credential) }),
    },
    cose: hex(certificate.bytes),
  };
}

/** Whether two values of JSON are the same, whatever the order of members. */
export function isSameJson(one, other) {
  if (typeof one !== "object" || one === null || typeof other !== "object" || other === null) return one === other;
  const [keys, others] = [Object.keys(one), Object.keys(other)];
  const isList = Array.isArray(one) === Array.isArray(other);
  return isList && keys.length === others.length && keys.every((key) => Object.hasOwn(other, key) && isSameJson(one[key], other[key]));
}
