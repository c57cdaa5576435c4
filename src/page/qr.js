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
