// Whose word a certificate is: delegations and trust files (docs/certificate.md), as src/certificate/trusted.rs weighs them.

import { isBefore } from "./cbor.js";
import { hex, same, sha256 } from "./bytes.js";
import { list, map, octets, text, u64 } from "./claims.js";
import { confirmed, delegation, header, members, sign1, toBeSigned, whole } from "./cose.js";
import { verifies } from "./ed25519.js";
import { Refused } from "./refused.js";

const TRUST = "pp-trust+cwt";
const CONTENTS = -65538n;
/** There is room for some ten thousand sticks. */
const MAX_BYTES = 8 << 20;
/** The key for simulated drives, which everybody has. */
export const SIMULATION_KEY = "a8ca424da3603088659051eeeac08249de3b67141201a4f396b3b8337ee7c9d2";

const checkpoint = map([1, "key", octets(32)], [2, "seq", u64], [3, "sha256", octets(32)], [4, "at", u64]);
const revocation = map([1, "key", octets(32)], [2, "last", u64], [3, "sha256?", octets(32)], [4, "at", u64], [5, "why?", text]);

/** Whether the delegation is good at this second: the end is not in it. */
const covers = (it, second) => it.from <= second && second < it.until;

async function isSignedBy(it, key) {
  const own = (await sha256(key)).subarray(0, 8);
  return same(it.kid, own) && verifies(key, toBeSigned(it.envelope), it.envelope.signature);
}

const isTrustItem = (bytes) => bytes[0] === 0xd2 && hex(bytes.subarray(0, 64)).includes(hex(new TextEncoder().encode(TRUST)));

/** Each list in the one order that there is. */
function isSorted(items, before) {
  return items.every((item, index) => index === 0 || before(items[index - 1], item));
}

const isKeyBefore = (one, next) => isBefore(one.key, next.key);
const isPlaceBefore = (number) => (one, next) => isKeyBefore(one, next) || (same(one.key, next.key) && number(one) < number(next));

/** A trust file whose signature holds, and that of every delegation in it. Null if these bytes are something else. */
export async function trustFile(bytes) {
  if (!isTrustItem(bytes)) return null;
  if (bytes.length > MAX_BYTES) throw new Refused("trust");
  const reading = { odd: false };
  const envelope = sign1(whole(bytes, reading));
  const { kid } = header(envelope.protected, [TRUST], reading);
  const key = confirmed(members(envelope.unprotected, 14n)[0]);
  const [name, issued, contents] = members(whole(envelope.payload, reading), 1n, 6n, CONTENTS);
  const [version, generation, delegations, checkpoints, revocations] = members(contents, 1n, 2n, 3n, 4n, 5n);
  if (version !== 1n) throw new Refused("version");
  const file = {
    key,
    kid,
    envelope,
    name: text(name),
    issued: u64(issued),
    generation: u64(generation),
    delegations: list(delegation)(delegations, reading),
    checkpoints: list(checkpoint)(checkpoints, reading),
    revocations: list(revocation)(revocations, reading),
  };
  const order = isSorted(file.checkpoints, isPlaceBefore((it) => it.seq)) && isSorted(file.revocations, isKeyBefore);
  const isOwn = (await Promise.all([file, ...file.delegations].map((it) => isSignedBy(it, key)))).every(Boolean);
  if (reading.odd || !order || !isOwn || hex(key) === SIMULATION_KEY) throw new Refused("trust");
  return file;
}

/** Whose word a certificate is by this trust file, or by none, and what is wrong with the delegation. */
export async function whose(certificate, trust) {
  const { credential, claims, key } = certificate;
  if (certificate.isSimulation) return { kind: "simulated", code: null };
  if (trust !== null && credential !== null && same(credential.kid, trust.kid)) {
    const isSigned = await isSignedBy(credential, trust.key);
    const code = isSigned ? (covers(credential, claims.issued) ? null : "delegation-period") : "delegation-signature";
    return { kind: "organisation", trust, stick: credential.stick, adopted: null, code };
  }
  const known = (trust?.delegations ?? []).filter((it) => same(it.key, key));
  const adopted = known.find((it) => covers(it, claims.issued)) ?? known[0];
  if (adopted !== undefined) {
    const code = covers(adopted, claims.issued) ? null : "delegation-period";
    return { kind: "organisation", trust, stick: adopted.stick, adopted: adopted.signed, code };
  }
  if (credential === null) return { kind: "self-signed", code: null };
  return { kind: "delegated", by: credential.kid, name: credential.organisation, code: null };
}

/** Certificates of one key by their hashes, to follow a chain back: those whose signature fits. */
function followed(head, byHash) {
  const reached = new Set();
  for (let next = head; next !== undefined && !reached.has(next.digest); ) {
    reached.add(next.digest);
    const { certificate } = next;
    const { prev, seq } = certificate.claims.statement.link;
    const before = byHash.get(hex(prev));
    const fits = before !== undefined && same(before.certificate.key, certificate.key);
    next = fits && before.certificate.claims.statement.link.seq === seq - 1n ? before : undefined;
  }
  return reached;
}

/** What the organisation has signed for: the hashes of certificates that it has collected, and of those that it accepts of a revoked key. */
export function anchored(trust, signed) {
  const byHash = new Map(signed.map((entry) => [entry.digest, entry]));
  const find = ({ key, seq, sha256: digest }) => {
    const entry = byHash.get(hex(digest));
    return entry !== undefined && same(entry.certificate.key, key) && entry.certificate.claims.statement.link.seq === seq ? [entry] : [];
  };
  const at = ({ key, last }) =>
    signed.filter(({ certificate }) => same(certificate.key, key) && certificate.claims.statement.link.seq === last);
  const heads = trust.revocations.flatMap((it) => (it.sha256 === null ? at(it) : find({ ...it, seq: it.last })));
  const reached = (entries) => new Set(entries.flatMap((entry) => [...followed(entry, byHash)]));
  return { collected: reached(trust.checkpoints.flatMap(find)), accepted: reached(heads) };
}

/** The checks that a trust file makes possible: each by name, with what is wrong. */
export function trustChecks(entry, trust, said, { collected, accepted }) {
  const { certificate, digest } = entry;
  const { seq } = certificate.claims.statement.link;
  const revoked = trust.revocations.find((it) => same(it.key, certificate.key));
  const isAccepted = accepted.has(digest) || collected.has(digest);
  let flaw = null;
  if (revoked !== undefined && seq > revoked.last) flaw = "revoked";
  else if (revoked !== undefined && !isAccepted) flaw = seq === revoked.last ? "other-than-accepted" : "needs-chain";
  const isOther = trust.checkpoints.some((it) => same(it.key, certificate.key) && it.seq === seq && hex(it.sha256) !== digest);
  return [
    { name: "delegation", code: said.code },
    { name: "revocation", code: flaw },
    { name: "collection", code: isOther ? "other-than-collected" : null },
  ];
}
