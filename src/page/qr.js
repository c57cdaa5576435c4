// The text of the QR code: `PP1:` and Base45 (RFC 9285).

import { parse } from "./cose.js";
import { Refused } from "./refused.js";

export const PREFIX = "PP1:";
const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

/** The bytes of a text in Base45. There is one text for each: a number is no larger than its bytes hold. */
export function base45(text) {
  const bytes = [];
  for (let at = 0; at < text.length; at += 3) {
    const values = [...text.slice(at, at + 3)].map((digit) => DIGITS.indexOf(digit));
    const number = values.reduceRight((high, value) => high * 45 + value, 0);
    const length = values.length - 1;
    if (length === 0 || values.includes(-1) || number >= 256 ** length) throw new Refused("qr-text");
    bytes.push(...(length === 2 ? [number >> 8, number & 0xff] : [number]));
  }
  return Uint8Array.from(bytes);
}

/** The certificate in the text of a QR code, as a scanner gives it. */
export function fromQrText(text) {
  // Base45 uses the space as a digit: only line ends, which scanners add, are cut off.
  const trimmed = text.replace(/^[\r\n]+|[\r\n]+$/g, "");
  if (!trimmed.startsWith(PREFIX)) throw new Refused("not-a-certificate");
  return parse(base45(trimmed.slice(PREFIX.length)));
}


export const isSeries = (text) => text.startsWith("PPS1:");

function part(line) {
  const match = /^PPS1:(\d\d)\/(\d\d):([^]*):([^]{8})$/.exec(line);
  const [number, count] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || number < 1 || number > count) throw new Refused("series");
  return { number, count, slice: match[3], tag: match[4] };
}

/** The certificate in the texts of a series of QR codes, a line each, in any order. */
export function fromQrSeries(text) {
  const parts = text.split(/\r?\n/).filter((line) => line.trim() !== "").map(part);
  const [{ tag, count }] = parts;
  if (parts.some((other) => other.tag !== tag || other.count !== count)) throw new Refused("series");
  let joined = "";
  for (let number = 1; number <= count; number += 1) {
    const slices = new Set(parts.filter((other) => other.number === number).map((other) => other.slice));
    if (slices.size !== 1) throw new Refused("series");
    joined += [...slices][0];
  }
  // The last eight characters of the text name it (src/core/series.rs).
  if (!joined.endsWith(tag)) throw new Refused("series");
  return fromQrText(joined);
}
