// The envelope: COSE_Sign1 (RFC 9052) around a CBOR Web Token (RFC 8392), in the one way that certificates are written.

import { decode, encode } from "./cbor.js";
import { octets, statement, text, u64 } from "./claims.js";
import { Refused } from "./refused.js";

/** The longest certificate that is read (src/certificate/cose.rs). */
export const MAX_BYTES = 8192;
const COSE_SIGN1 = 18n;
/** Ed25519 (RFC 9864). */
const ED25519 = -19n;
const STATEMENT = -65537n;
const DELEGATION = "pp-delegation+cwt";
const TYPES = ["pp-cert+cwt", "pp-simulation+cwt"];

/** The four parts of a COSE_Sign1, the first of them still encoded. */
export function sign1(item) {
  const parts = item?.value;
  if (item?.tag !== COSE_SIGN1 || !Array.isArray(parts) || parts.length !== 4) throw new Refused("malformed");
  const [first, unprotected, payload, signature] = parts;
  const envelope = { protected: octets()(first), unprotected, payload: octets()(payload) };
  return { ...envelope, signature: octets(64)(signature) };
}

/** One value after another by their labels, and nothing else. */
export function members(map, ...labels) {
  if (!(map instanceof Map) || map.size !== labels.length) throw new Refused("malformed");
  return labels.map((label) => {
    if (!map.has(label)) throw new Refused("malformed");
    return map.get(label);
  });
}

/** What encoded bytes hold: one item and nothing after it. */
export function whole(bytes, reading) {
  const { value, end, deterministic } = decode(bytes);
  if (end !== bytes.length) throw new Refused("trailing-bytes");
  if (!deterministic) reading.odd = true;
  return value;
}

/** The protected header: the key id, and which of these types it is. */
export function header(bytes, types, reading) {
  const [algorithm, kid, typ] = members(whole(bytes, reading), 1n, 4n, 16n);
  if (algorithm !== ED25519) throw new Refused(typeof algorithm === "bigint" ? "algorithm" : "malformed");
  if (!types.includes(text(typ))) throw new Refused("type");
  return { kid: octets(8)(kid), typ };
}

/** The key of a COSE_Key: OKP, Ed25519. */
function coseKey(map) {
  const [kind, curve, key] = members(map, 1n, -1n, -2n);
  if (kind !== 1n || curve !== 6n) throw new Refused("malformed");
  return octets(32)(key);
}

/** The key in a confirmation claim (RFC 8747). */
export function confirmed(claims) {
  const [confirmation] = members(claims, 8n);
  return coseKey(members(confirmation, 1n)[0]);
}

/** What the signature of an envelope is over (RFC 9052 §4.4). */
export function toBeSigned(envelope) {
  return encode(["Signature1", envelope.protected, new Uint8Array(), envelope.payload]);
}

/** An organisation's word that a key is that of one of its sticks. Whether the signature is the organisation's is not looked at. */
export function delegation(item, reading) {
  const envelope = sign1(item);
  const { kid } = header(envelope.protected, [DELEGATION], reading);
  members(envelope.unprotected);
  const claims = whole(envelope.payload, reading);
  const [organisation, stick, until, from, signed, id] = members(claims, 1n, 2n, 4n, 5n, 6n, 7n, 8n);
  const names = { organisation: text(organisation), stick: text(stick) };
  const times = { until: u64(until), from: u64(from), signed: u64(signed) };
  const key = confirmed(new Map([[8n, claims.get(8n)]]));
  return { envelope, kid, ...names, ...times, id: octets(16)(id), key };
}

function claimsOf(payload, reading) {
  const [issued, id, stated] = members(whole(payload, reading), 6n, 7n, STATEMENT);
  const claims = { issued: u64(issued), id: octets(16)(id) };
  if (!(stated instanceof Map) || typeof stated.get(1n) !== "bigint") throw new Refused("malformed");
  if (stated.get(1n) !== 1n) throw new Refused("version");
  return { ...claims, statement: statement(stated, reading) };
}

/** The key by itself (kccs), or with an organisation's word for it (kcwt, RFC 9528). */
function credentialOf(unprotected, reading) {
  if (!(unprotected instanceof Map) || !unprotected.has(13n)) {
    return { key: confirmed(members(unprotected, 14n)[0]), credential: null };
  }
  const credential = delegation(members(unprotected, 13n)[0], reading);
  return { key: credential.key, credential };
}

/** A certificate, well-formed but not yet verified. */
export function parse(bytes) {
  if (bytes.length > MAX_BYTES) throw new Refused("too-long");
  if (bytes.length === 0 || bytes[0] >> 5 !== 6) throw new Refused("not-a-certificate");
  const reading = { odd: false };
  const { value, end, deterministic } = decode(bytes);
  if (value.tag !== COSE_SIGN1) throw new Refused("not-a-certificate");
  const envelope = sign1(value);
  const { kid, typ } = header(envelope.protected, TYPES, reading);
  const credential = credentialOf(envelope.unprotected, reading);
  const claims = claimsOf(envelope.payload, reading);
  if (end !== bytes.length) throw new Refused("trailing-bytes");
  if (!deterministic || reading.odd) throw new Refused("not-deterministic");
  return { bytes, envelope, kid, ...credential, claims, isSimulationType: typ === TYPES[1] };
}
