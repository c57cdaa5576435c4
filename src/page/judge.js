// Several files at once: which are certificates, which is whose evidence, and what is wrong with each.

import { hex, same, sha256 } from "./bytes.js";
import { decode } from "./cbor.js";
import { findings } from "./chain.js";
import { isSeries, PREFIX } from "./qr.js";
import { read } from "./read.js";
import { Refused } from "./refused.js";
import { anchored, trustChecks, trustFile, whose } from "./trust.js";
import { evidenceCheck, verify } from "./verify.js";

/** Nothing that is a certificate, its evidence or a picture of it is longer; nothing longer is read. */
export const MAX_BYTES = 64 << 20;

const PICTURES = [[0x89, 0x50, 0x4e, 0x47], [0xff, 0xd8, 0xff], [0x47, 0x49, 0x46, 0x38], [0x52, 0x49, 0x46, 0x46], [0x42, 0x4d]];

const isPicture = (bytes) => PICTURES.some((magic) => magic.every((byte, index) => bytes[index] === byte));

const EVIDENCE = /\.evidence\.json$/i;
const isEvidence = ({ name }) => EVIDENCE.test(name);
const stem = (name) => name.replace(EVIDENCE, "").replace(/\.[^.]*$/, "");

/** The certificates of the files, pictures and parts of a series among them: `{ name, bytes }`, or `{ name, refusal }`. */
async function candidates(files, readPicture) {
  const [found, parts] = [[], []];
  for (const file of files) {
    const { name, bytes } = file;
    if (!isPicture(bytes)) {
      found.push(file);
      continue;
    }
    const texts = (await readPicture(bytes)).filter((text) => text.startsWith(PREFIX) || isSeries(text));
    const whole = texts.filter((text) => !isSeries(text));
    parts.push(...texts.filter(isSeries));
    whole.forEach((text, index) => {
      found.push({ name: whole.length > 1 ? `${name}, code ${index + 1}` : name, bytes: new TextEncoder().encode(text) });
    });
    if (texts.length === 0) found.push({ name, refusal: "qr-picture" });
  }
  if (parts.length > 0) found.push({ name: "series of codes", bytes: new TextEncoder().encode(parts.join("\n")) });
  return found;
}

/** The certificates of a stick's log, one after the other (RFC 8742). What cannot be told apart stays in one piece. */
function* pieces(file) {
  const { name, bytes } = file;
  if (bytes.length === 0 || !/\.cborseq$/i.test(name)) return yield file;
  for (let [rest, number] = [bytes, 1]; rest.length > 0; number += 1) {
    const end = endOf(rest);
    yield { name: `${name}, number ${number}`, bytes: rest.subarray(0, end) };
    rest = rest.subarray(end);
  }
}

function endOf(bytes) {
  try {
    return decode(bytes).end;
  } catch {
    return bytes.length;
  }
}

async function judged({ name, bytes, refusal }) {
  try {
    if (refusal !== undefined) throw new Refused(refusal);
    const certificate = await read(bytes);
    return { name, certificate, checks: await verify(certificate), refusal: null };
  } catch (error) {
    // Without Ed25519 nothing can be said of any file. Whatever else goes wrong with one is no reason to say nothing of the others.
    if (error.name === "NotSupportedError") throw error;
    return { name, certificate: null, checks: [], refusal: error instanceof Refused ? error : new Refused("malformed") };
  }
}

/** Each evidence file goes to the certificate that names it, else to the one of its own name, else to the only one there is. */
async function matchEvidence(reports, evidence) {
  const strays = [];
  const certified = reports.filter((report) => report.certificate !== null);
  for (const { name, bytes } of evidence) {
    const digest = await sha256(bytes);
    const named = certified.filter((report) => same(digest, report.certificate.claims.statement.evidence));
    const beside = certified.filter((report) => stem(report.name) === stem(name));
    const chosen = beside.length > 0 ? beside : named.length > 0 ? named : certified.length === 1 ? certified : [];
    for (const report of chosen) report.checks.push(await evidenceCheck(report.certificate, bytes));
    if (chosen.length === 0) strays.push(name);
  }
  return strays;
}

/** The trust files among the files: the newest, and what is wrong with those that cannot be relied upon. */
async function trusts(files) {
  const [found, others, refused] = [[], [], []];
  for (const file of files) {
    try {
      const trust = await trustFile(file.bytes);
      if (trust === null) others.push(file);
      else found.push(trust);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      refused.push({ name: file.name, certificate: null, checks: [], refusal: new Refused("trust") });
    }
  }
  found.sort((one, other) => (one.generation > other.generation ? -1 : 1));
  const isOne = found.every((trust) => same(trust.key, found[0].key));
  if (!isOne) refused.push({ name: "trust files", certificate: null, checks: [], refusal: new Refused("trust-of-several") });
  return { trust: isOne ? (found[0] ?? null) : null, others, refused };
}

/** Whose word each is, and by a trust file whether its key is still the organisation's. */
async function weigh(reports, trust) {
  const entries = [];
  for (const report of reports.filter(({ certificate }) => certificate !== null)) {
    const { certificate, checks } = report;
    const isSigned = checks.every(({ name, code }) => !["signature", "simulation"].includes(name) || code === null);
    entries.push({ name: report.name, report, certificate, isSigned, digest: hex(await sha256(certificate.bytes)) });
  }
  const anchors = trust && anchored(trust, entries.filter((entry) => entry.isSigned));
  for (const entry of entries) {
    entry.report.whose = await whose(entry.certificate, trust);
    if (trust !== null) entry.report.checks.push(...trustChecks(entry, trust, entry.report.whose, anchors));
  }
  return findings(entries.filter((entry) => entry.isSigned), trust);
}

/**
 * Judges all files, each `{ name, bytes }`, with a `refusal` if it was not read: a report for each certificate, with its checks and whose
 * word it is; what they show `together`; and `strays`, the names of evidence files that belong to none. `readPicture` gives the texts of the
 * codes in a picture.
 */
export async function judge(files, readPicture) {
  const { trust, others, refused } = await trusts(files);
  const certified = others.filter((file) => !isEvidence(file)).flatMap((file) => [...pieces(file)]);
  const reports = await Promise.all((await candidates(certified, readPicture)).map(judged));
  const together = await weigh(reports, trust);
  const strays = await matchEvidence(reports, others.filter(isEvidence));
  return { reports: [...refused, ...reports], together, strays, trust };
}

/** The words for what is wrong, as `purgeproof verify --json` has them. */
export function codes({ refusal, checks }) {
  if (refusal !== null) return [refusal.code];
  return checks.map((check) => check.code).filter((code) => code !== null);
}
