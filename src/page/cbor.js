// CBOR (RFC 8949). Integers are BigInts, byte strings Uint8Arrays, maps Maps, tags { tag, value }; anything else that is well-formed is
// { opaque: true }. Whether it is the one deterministic way to write it (§4.2.1) is part of the result.

import { Refused } from "./refused.js";

/** What a certificate nests is less. */
const DEEPEST = 32;

const OPEN = Symbol("no length");
const BREAK = Symbol("break");
const SIMPLE = new Map([[20, false], [21, true], [22, null]]);

class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 0;
    this.deterministic = true;
  }

  take(count) {
    if (count > this.bytes.length - this.at) throw new Refused("malformed");
    this.at += count;
    return this.at - count;
  }

  /** The number after an initial byte: its value or a length. */
  argument(low) {
    if (low < 24) return BigInt(low);
    if (low === 31) return OPEN;
    if (low > 27) throw new Refused("malformed");
    const at = this.take(1 << (low - 24));
    const read = [
      () => BigInt(this.view.getUint8(at)),
      () => BigInt(this.view.getUint16(at)),
      () => BigInt(this.view.getUint32(at)),
      () => this.view.getBigUint64(at),
    ];
    const value = read[low - 24]();
    const least = [24n, 0x100n, 0x1_0000n, 0x1_0000_0000n][low - 24];
    this.deterministic &&= value >= least;
    return value;
  }

  item(depth) {
    if (depth > DEEPEST) throw new Refused("malformed");
    const initial = this.bytes[this.take(1)];
    const [major, low] = [initial >> 5, initial & 31];
    if (major === 7) return this.simple(low);
    const argument = this.argument(low);
    if (argument === OPEN) {
      if (major < 2 || major === 6) throw new Refused("malformed");
      this.deterministic = false;
    }
    switch (major) {
      case 0:
        return argument;
      case 1:
        return -1n - argument;
      case 2:
        return argument === OPEN ? { opaque: this.chunks(depth) } : this.slice(argument);
      case 3:
        return argument === OPEN ? { opaque: this.chunks(depth) } : utf8(this.slice(argument));
      case 4:
        return [...this.items(argument, depth)];
      case 5:
        return this.map(argument, depth);
      default:
        return { tag: argument, value: this.item(depth + 1) };
    }
  }

  slice(length) {
    if (length > BigInt(this.bytes.length)) throw new Refused("malformed");
    const from = this.take(Number(length));
    return this.bytes.subarray(from, this.at);
  }

  /** A string in pieces: no certificate has one. */
  chunks(depth) {
    while (this.item(depth + 1) !== BREAK);
    return true;
  }

  *items(count, depth) {
    for (let index = 0n; count === OPEN || index < count; index += 1n) {
      const item = this.item(depth + 1);
      if (item === BREAK) {
        if (count === OPEN) return;
        throw new Refused("malformed");
      }
      yield item;
    }
  }

  map(count, depth) {
    const [map, before] = [new Map(), { key: null }];
    for (let index = 0n; count === OPEN || index < count; index += 1n) {
      const from = this.at;
      const key = this.item(depth + 1);
      if (key === BREAK && count === OPEN) return map;
      if (key === BREAK) throw new Refused("malformed");
      const written = this.bytes.subarray(from, this.at);
      this.deterministic &&= before.key === null || isBefore(before.key, written);
      before.key = written;
      const value = this.item(depth + 1);
      if (value === BREAK) throw new Refused("malformed");
      if (!map.has(key)) map.set(key, value);
    }
    return map;
  }

  simple(low) {
    if (low === 31) return BREAK;
    if (low > 27) throw new Refused("malformed");
    if (low >= 24) this.take(1 << (low - 24));
    return SIMPLE.has(low) ? SIMPLE.get(low) : { opaque: true };
  }
}

function utf8(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Refused("malformed");
  }
}

/** Bytewise lexicographic order. */
export function isBefore(one, next) {
  const length = Math.min(one.length, next.length);
  for (let index = 0; index < length; index += 1) {
    if (one[index] !== next[index]) return one[index] < next[index];
  }
  return one.length < next.length;
}

/** The first item of these bytes, where it ends, and whether it is written deterministically. */
export function decode(bytes) {
  const reader = new Reader(bytes);
  const value = reader.item(0);
  if (value === BREAK) throw new Refused("malformed");
  return { value, end: reader.at, deterministic: reader.deterministic };
}

/** A byte string, a text or a list of these, encoded deterministically: what a signature is over. */
export function encode(value) {
  if (typeof value === "string") return string(3, new TextEncoder().encode(value));
  if (value instanceof Uint8Array) return string(2, value);
  return joined([head(4, value.length), ...value.map(encode)]);
}

function string(major, bytes) {
  return joined([head(major, bytes.length), bytes]);
}

function head(major, length) {
  const high = major << 5;
  if (length < 24) return Uint8Array.of(high | length);
  if (length < 0x100) return Uint8Array.of(high | 24, length);
  return Uint8Array.of(high | 25, length >> 8, length & 0xff);
}

/** Bytes one after the other. */
export function joined(parts) {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
