// From CBOR to what a certificate says: the field table of version 1 (docs/certificate.md), read strictly. A type is a function of a value and
// the reading, which is told of a second way to write the same (`reading.odd`).

import {
  AREAS, CLOCKS, COVERAGES, ENDS, EXCEPTIONS, LEVELS, MEDIA, OBSTACLES, OUTCOMES, REASONS, SERIAL_SOURCES, STREAMS, SUPPORTS,
  TECHNIQUES, TRANSPORTS,
} from "./codes.js";
import { hex } from "./bytes.js";
import { Refused } from "./refused.js";

/** The most passes of a scheme (src/core/scheme.rs). */
const MOST_PASSES = 64;
/** The most numbers of a list of places. */
const MOST_LISTED = 32;
const KEYSTREAM = 256;
const ERASED = 257;

function refuse(holds) {
  if (!holds) throw new Refused("malformed");
}

function integer(least, most, convert) {
  return (value) => {
    refuse(typeof value === "bigint" && value >= least && value <= most);
    return convert(value);
  };
}

const small = (least, most) => integer(least, most, Number);
const u8 = small(0n, 0xffn);
const u16 = small(0n, 0xffffn);
const u32 = small(0n, 0xffff_ffffn);
const i16 = small(-0x8000n, 0x7fffn);
const i32 = small(-0x8000_0000n, 0x7fff_ffffn);
/** Stays a BigInt: a double does not hold them all. */
export const u64 = integer(0n, 0xffff_ffff_ffff_ffffn, (value) => value);

export function text(value) {
  refuse(typeof value === "string");
  return value;
}

function flag(value) {
  refuse(typeof value === "boolean");
  return value;
}

/** A byte string, of this length if one is given. */
export function octets(length) {
  return (value) => {
    refuse(value instanceof Uint8Array && (length === undefined || value.length === length));
    return value;
  };
}

function code(words) {
  return (value) => {
    const word = words[u16(value) - 1];
    refuse(word !== undefined);
    return word;
  };
}

export function list(type) {
  return (value, reading) => {
    refuse(Array.isArray(value));
    return value.map((item) => type(item, reading));
  };
}

/** A map by number: [number, name, type], the name with `?` if it may be absent. Absent is null. */
export function map(...fields) {
  return (value, reading) => {
    refuse(value instanceof Map);
    const known = new Set(fields.map(([key]) => BigInt(key)));
    if ([...value.keys()].some((key) => !known.has(key))) reading.odd = true;
    return Object.fromEntries(fields.map(([key, name, type]) => field(name, type, value.get(BigInt(key)), reading)));
  };
}

/** The same by place; only the last may be absent. */
function row(...fields) {
  return (value, reading) => {
    refuse(Array.isArray(value));
    if (value.length > fields.length) reading.odd = true;
    return Object.fromEntries(fields.map(([name, type], index) => field(name, type, value[index], reading)));
  };
}

function field(name, type, value, reading) {
  if (!name.endsWith("?")) {
    refuse(value !== undefined);
    return [name, type(value, reading)];
  }
  // There is one way to say nothing: to say nothing.
  if (value === null) reading.odd = true;
  return [name.slice(0, -1), value === undefined || value === null ? null : type(value, reading)];
}

const technique = code(TECHNIQUES);
const techniques = list(technique);

/** `{ random: true }`, or the bytes that are repeated, by their shortest name. */
function pattern(value, reading) {
  const read = expectation(value, reading);
  refuse(read !== "erased");
  return read;
}

function expectation(value, reading) {
  if (value instanceof Uint8Array) {
    refuse(value.length >= 1 && value.length <= 4);
    const short = shortest([...value]);
    if (short.length !== value.length || short.length === 1) reading.odd = true;
    return { bytes: short };
  }
  const number = u16(value);
  if (number === ERASED) return "erased";
  refuse(number <= KEYSTREAM);
  return number === KEYSTREAM ? { random: true } : { bytes: [number] };
}

/** These bytes repeated, in the shortest form: 5555h is the byte 55h. */
function shortest(bytes) {
  if (bytes.every((byte) => byte === bytes[0])) return bytes.slice(0, 1);
  if (bytes.length === 4 && bytes[0] === bytes[2] && bytes[1] === bytes[3]) return bytes.slice(0, 2);
  return bytes;
}

/** Blocks for each pass; passes in a row that wrote the same are one entry. */
function written(value, reading) {
  refuse(Array.isArray(value));
  const blocks = [];
  for (const entry of value) {
    const [passes, each] = Array.isArray(entry) ? entry.map(u64) : [1n, u64(entry)];
    refuse(!Array.isArray(entry) || entry.length === 2);
    refuse(BigInt(blocks.length) + passes <= BigInt(MOST_PASSES));
    if (blocks.at(-1) === each || (Array.isArray(entry) && passes < 2n)) reading.odd = true;
    blocks.push(...new Array(Number(passes)).fill(each));
  }
  return blocks;
}

function hidden(value) {
  refuse(Array.isArray(value));
  const [area, found, detail] = value;
  const kinds = { 1: "nothing", 2: "closed", 3: "opened", 4: "unknown" };
  const kind = kinds[u8(found)];
  refuse(kind !== undefined && value.length === (kind === "nothing" ? 2 : 3));
  const said = { nothing: () => null, closed: u64, opened: u64, unknown: text }[kind](detail);
  return { area: code(AREAS)(area), found: kind, detail: said };
}

function reformat(value) {
  refuse(Array.isArray(value));
  const [to, end, detail] = value;
  const kind = { 1: "not-begun", 2: "open", 3: "done", 4: "failed" }[u8(end)];
  refuse(kind !== undefined && value.length === (kind === "done" || kind === "failed" ? 3 : 2));
  const size = u32(to);
  refuse(size > 0);
  return { to: size, end: kind, detail: { done: u64, failed: text }[kind]?.(detail) ?? null };
}

function consent(value, reading) {
  refuse(Array.isArray(value));
  if (value.length === 3) {
    const { by, word, second } = row(["by", u8], ["word", text], ["second", text])(value, reading);
    refuse(by === 3);
    return { by: "both", word, second };
  }
  const { by, word } = row(["by", u8], ["word", text])(value, reading);
  refuse(by === 1 || by === 2);
  return { by: by === 1 ? "operator" : "policy", word };
}

function listed(value) {
  const numbers = list(u64)(value);
  refuse(numbers.length <= MOST_LISTED);
  return numbers;
}

function regions(value) {
  const numbers = listed(value);
  refuse(numbers.length % 2 === 0);
  return numbers.flatMap((start, index) => (index % 2 === 0 ? [{ start, count: numbers[index + 1] }] : []));
}

const DETAILS = { u64, u8, text, technique, techniques, hidden, regions, addresses: listed, obstacle: code(OBSTACLES) };

function reason(value) {
  refuse(Array.isArray(value) && value.length > 0);
  const number = u8(value[0]);
  if (number === 11) return notOpened(value);
  refuse(Object.hasOwn(REASONS, number));
  const [kind, ...parts] = REASONS[number];
  const least = parts.filter((part) => !part.endsWith("?")).length;
  refuse(value.length - 1 >= least && value.length - 1 <= parts.length);
  const details = parts.map((part, index) => {
    const [name, type] = part.split(":");
    const given = value[index + 1];
    return [name, given === undefined ? null : DETAILS[type.replace("?", "")](given)];
  });
  return { kind, ...Object.fromEntries(details) };
}

function notOpened(value) {
  const how = { 1: "gone", 2: "busy", 3: "refused" }[u8(value[1])];
  refuse(how !== undefined && value.length === (how === "refused" ? 3 : 2));
  return { kind: "NotOpened", how, errno: how === "refused" ? i32(value[2]) : null };
}

function raw(value) {
  return hex(octets()(value));
}

const step = map(
  [1, "technique", technique], [2, "end", code(ENDS)], [3, "took", u64], [4, "estimate?", u64], [5, "command?", raw],
  [6, "answer?", raw], [7, "status?", raw], [8, "page?", raw], [9, "purged?", flag],
);
const way = row(["row", text], ["level", code(LEVELS)], ["steps", techniques], ["asked", list(step)]);
const weighed = row(["support", code(SUPPORTS)], ["techniques", techniques], ["why?", text]);
const sought = row(
  ["left", u64], ["witnessesLeft", u64], ["constant", u64], ["other", u64], ["unreadable", u64], ["blank?", u64],
);
const vitals = map(
  [1, "temperature?", i16], [2, "reallocated?", u64], [3, "pending?", u64], [4, "mediaErrors?", u64], [5, "used?", u8],
);
const interruption = map(
  [1, "since", u64], [2, "until", u64], [3, "lookedAt?", u64], [4, "lost?", u64], [5, "pass?", u32], [6, "from?", u64],
  [7, "consent", consent], [8, "machine?", text], [9, "left?", flag], [10, "superseded?", (value) => hex(octets(16)(value))],
);

const device = map(
  [1, "vendor?", text], [2, "model", text], [3, "serial?", text], [4, "firmware?", text], [5, "bytes", u64],
  [6, "logicalBlock", u32], [7, "physicalBlock", u32], [8, "transport", code(TRANSPORTS)], [9, "medium", code(MEDIA)],
  [10, "wwn?", text], [11, "asset?", text], [14, "serialSource?", code(SERIAL_SOURCES)], [15, "simulated?", flag],
  [16, "openedBytes?", u64], [17, "encryptsAll?", flag], [18, "link?", u64],
);
const method = map(
  [1, "technique", technique], [2, "level", code(LEVELS)], [3, "passes", list(pattern)], [4, "written", written],
  [5, "considered", list(weighed)], [6, "rule?", text], [7, "ways", list(way)], [8, "floor", code(LEVELS)],
  [9, "setbacks?", list(reason)], [10, "scheme?", text], [11, "otherStream?", code(STREAMS)],
  [12, "front?", row(["zeros", u64], ["random", u64])],
);
const verification = map(
  [1, "coverage", code(COVERAGES)], [2, "places?", u64], [3, "wanted?", u64], [4, "read?", u64], [5, "seed?", octets(32)],
  [6, "markers?", row(["places", u64], ["landed", u64], ["witnesses", u64], ["sought?", sought])],
  [7, "expect?", expectation], [8, "constant?", u8],
);
const time = map(
  [1, "start", u64], [2, "end", u64], [3, "source", code(CLOCKS)], [4, "duration", u64],
  [5, "rests?", row(["count", u32], ["ms", u64], ["hottest", i16])], [6, "interruptions?", list(interruption)],
);

const host = map(
  [1, "vendor?", text], [2, "product?", text], [3, "serial?", text], [4, "uuid?", text], [5, "asset?", text],
  [6, "concealing?", list(row(["controller", text], ["advice", text]))],
);

/** The statement: everything that is signed but number and time of issue. */
export const statement = map(
  [1, "version", u32], [2, "outcome", code(OUTCOMES)], [3, "device", device], [4, "method", method],
  [5, "verification", verification], [6, "time", time], [7, "tool", map([1, "version", text], [2, "image?", text], [3, "kernel", text])],
  [8, "link", map([1, "log", octets(8)], [2, "seq", u64], [3, "prev", octets(32)])],
  [9, "host", host],
  [10, "operator?", text],
  [12, "job", map([1, "organisation?", text], [2, "number?", text], [3, "site?", text], [4, "destination?", text], [6, "note?", text])],
  [13, "exceptions", list(code(EXCEPTIONS))], [14, "evidence", octets(32)], [15, "reasons", list(reason)], [16, "consent", consent],
  [17, "hidden", list(hidden)], [18, "obstacles", list(code(OBSTACLES))], [19, "health?", map([1, "before?", vitals], [2, "after?", vitals])],
  [20, "reformat?", reformat],
);
