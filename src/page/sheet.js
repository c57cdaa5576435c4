// What a certificate says, section by section, in plain words: headings and rows of label and text. Made from the signed claims alone.

import { grouped, hex } from "./bytes.js";
import { blocksOf, firmwareOf, isGood, lastWay, streamOf } from "./founded.js";
import * as words from "./words.js";

/** What the outcome means for whoever holds the drive. */
export function meaning(statement) {
  const byDrive = firmwareOf(lastWay(statement)).length > 0;
  const has = (...kinds) => statement.reasons.some((reason) => kinds.includes(reason.kind));
  const isOwnFailure = has("Refused", "EraseFailed", "Ignored", "HiddenAreaKept", "Unchanged");
  if (statement.outcome === "Purged") return "The drive erased itself, reports that as complete, and what was looked for afterwards is gone.";
  if (statement.outcome === "Cleared") {
    return byDrive
      ? "The drive erased what the host can address, reports that as complete, and what was looked for is gone."
      : "Every block that the host can address was overwritten, and what was read back is what was written.";
  }
  if (has("Survived")) {
    return "It reported an erase that did not happen: never rely on that again. Destroy it, or overwrite it (Clear).";
  }
  if (statement.outcome === "Indeterminate") {
    return "Nobody knows whether this drive still holds old data: treat it as if it did. Destroy it, or repeat the sanitization.";
  }
  const remedy = isOwnFailure ? "sanitize it by other means" : "repeat the sanitization";
  return `This drive still holds old data, or must be taken to. Destroy it, or ${remedy}.`;
}

const ASKED = {
  completed: (technique, took) => `The drive was asked for ${technique} and reported that as complete after ${took}.`,
  refused: (technique) => `The drive was asked for ${technique} and refused.`,
  failed: (technique, took) => `It tried ${technique} and reported after ${took} that it had failed.`,
  unanswered: (technique) => `It was asked for ${technique} and gave no answer that is recorded.`,
  open: (technique) => `It accepted ${technique}, and no report of an end is recorded.`,
};

/** What was done to the drive. */
function deed(statement) {
  const { method, verification } = statement;
  const asked = method.ways.flatMap((way) => way.asked);
  const sentences = asked.map((step) => ASKED[step.end](words.TECHNIQUE[step.technique], words.duration(step.took)));
  const all = blocksOf(statement.device);
  if (method.passes.length > 0 && method.written.length > 0) {
    const isWhole = method.written.length === method.passes.length && method.written.every((blocks) => blocks === all);
    const scheme = method.scheme === null ? "" : `${method.scheme}: `;
    sentences.push(`The host overwrote ${isWhole ? "every addressable block" : "the drive, but not all of it,"} (${scheme}${words.passes(method.passes)}).`);
  }
  const partly = { sample: "a random sample", tenth: "a tenth", full: "as much as could be" }[verification.coverage];
  if (verification.read === null) sentences.push("Nothing was read back to the end.");
  else sentences.push(`Then ${verification.read === all ? "every block" : partly} was read back.`);
  if (statement.reformat !== null) sentences.push(sentence(`afterwards: ${words.reformat(statement.reformat)}`));
  return sentences;
}

/** A clause as a sentence. */
export function sentence(clause) {
  return clause.charAt(0).toUpperCase() + clause.slice(1) + (/[.…]$/.test(clause) ? "" : ".");
}

const CLOCK = {
  "rtc-unconfirmed": "the machine's battery clock, confirmed by nobody",
  implausible: "CERTAINLY WRONG: earlier than the day the program was built",
};

function drive({ device }) {
  const bytes = (count) => `${words.thousands(count)} bytes (${words.size(count)})`;
  const source = device.serialSource && `, read from ${words.SERIAL_SOURCE[device.serialSource]}`;
  return [
    ["Model", [device.vendor, device.model].filter(Boolean).join(" ")],
    ["Serial number", device.serial === null ? "THE DRIVE REPORTS NONE" : `${device.serial}${source ?? ""}`],
    ["Worldwide name", device.wwn],
    ["Firmware", device.firmware],
    ["Asset number", device.asset],
    ["Capacity", bytes(device.bytes)],
    ["Once opened", device.openedBytes && bytes(device.openedBytes)],
    ["Attached by", `${device.transport}; medium: ${device.medium}`],
    ["Encryption", device.encryptsAll && "the drive says that it encrypts all user data"],
  ];
}

function method(statement) {
  const { method: it } = statement;
  const attained = isGood(statement.outcome) ? lastWay(statement)?.level : "nothing that may be relied on";
  return [
    ...deed(statement).map((said) => ["Done", said]),
    ["Level", `${it.level} was planned, ${it.floor} at least; attained: ${attained}`],
    ...(it.setbacks ?? []).map((setback) => ["Tried first", words.reason(setback)]),
    ...statement.reasons.map((reason) => ["Found", sentence(words.reason(reason))]),
    ...statement.obstacles.map((obstacle) => ["In the way", words.OBSTACLE[obstacle]]),
    ...statement.hidden.map((hidden) => ["Hidden area", words.hidden(hidden)]),
  ];
}

function time({ claims: { issued, statement } }) {
  const { time: it } = statement;
  return [
    ["Start", words.civil(it.start)],
    ["End", `${words.civil(it.end)}, ${words.duration(it.duration)} ${it.interruptions === null ? "later" : "of work"}`],
    ...(it.interruptions ?? []).map((one) => ["Interrupted", words.interruption(one)]),
    ["Issued", words.civil(issued)],
    ["Clock", CLOCK[it.source]],
    ["Rests from heat", it.rests && `${it.rests.count}, ${words.duration(it.rests.ms)} in all, ${it.rests.hottest} °C at most`],
  ];
}

function people(statement) {
  const { job, host } = statement;
  return [
    ["Organisation", job.organisation],
    ["Operator", statement.operator],
    ["Site", job.site],
    ["Job", job.number],
    ["Destination", job.destination],
    ["Note", job.note],
    ["Leave given by", words.consent(statement.consent)],
    ["Machine", [host.vendor, host.product, host.serial].filter(Boolean).join(" ")],
    ...(host.concealing ?? []).map((one) => ["May hide", `${one.controller}: ${one.advice}`]),
  ];
}

const labelled = (label, value) => (value === null ? [] : [[label, value]]);

function technical(statement) {
  const { method: it, verification } = statement;
  const markers = verification.markers;
  const sought = markers?.sought ?? null;
  const stream = streamOf(it);
  const steps = it.ways.flatMap((way) => [
    ["Way", `${way.row} of the decision table, ${way.level}: ${way.steps.map((step) => words.TECHNIQUE[step]).join(", then ")}`],
    ...way.asked.flatMap((step) => [
      ["Asked", `${words.TECHNIQUE[step.technique]}: ${step.end}`],
      ...labelled("Command", step.command),
      ...labelled("Answer", step.answer),
      ...labelled("Last status", step.status),
      ...labelled("Status page", step.page),
    ]),
  ]);
  return [
    ...steps,
    ["Passes", it.passes.length > 0 && `${words.passes(it.passes)}; ${it.written.length} of ${it.passes.length} ended`],
    ["Keystream", stream && words.STREAM[stream]],
    ["Markers", markers && `${markers.places} places drawn, ${markers.landed} markers written, ${markers.witnesses} places with old data beside them`],
    ["After the erase", sought && `${sought.left} markers and ${sought.witnessesLeft} blocks of old data left, ${sought.unreadable} blocks unreadable`],
    ["Read back", verification.read !== null && `${words.thousands(verification.read)} of ${words.thousands(verification.wanted ?? 0n)} blocks`],
  ];
}

function proof(certificate) {
  const { claims, bytes } = certificate;
  const { link, tool, evidence } = claims.statement;
  return [
    ["Certificate", hex(claims.id)],
    ["Key", grouped(certificate.fingerprint)],
    ["Log", `no. ${link.seq} of ${hex(link.log)}`],
    ["Certificate before", hex(link.prev)],
    ["Evidence SHA-256", hex(evidence)],
    ["Length", `${bytes.length} bytes`],
    ["Program", [`PurgeProof ${tool.version}`, tool.image && `image ${tool.image}`, `kernel ${tool.kernel}`].filter(Boolean).join(", ")],
  ];
}

/** The sections: what somebody wants to know first, then the proof. Rows that the certificate does not have are left out. */
export function sections(certificate) {
  const { statement } = certificate.claims;
  const exceptions = statement.exceptions.map((exception) => ["Not covered", words.EXCEPTION[exception]]);
  const all = [
    ["What was erased", drive(statement)],
    ["How, and what was found", method(statement)],
    ["What this does not cover", exceptions],
    ["When", time(certificate)],
    ["By whom", people(statement)],
    ["Commands and counts, for the auditor", technical(statement)],
    ["Numbers", proof(certificate)],
  ];
  return all.map(([heading, rows]) => ({ heading, rows: rows.filter(([, said]) => said) })).filter(({ rows }) => rows.length > 0);
}
