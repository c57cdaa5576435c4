// Ed25519 by WebCrypto, and the rules of `verify_strict` of ed25519-dalek that it does not have.

import { hex } from "./bytes.js";

/**
 * The points of small order, y as 32 bytes little-endian without the sign of x, and those that are the same but for the prime. With such a key,
 * or such an R, the equation can hold for any message (C. Cremers and D. Jackson, "Prime, Order Please!", table 1).
 */
const SMALL_ORDER = [
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

function isSmallOrder(point) {
  const unsigned = point.slice();
  unsigned[31] &= 0x7f;
  return SMALL_ORDER.includes(hex(unsigned));
}

/** Whether the signature over these bytes is the key's. */
export async function verifies(key, bytes, signature) {
  if (isSmallOrder(key) || isSmallOrder(signature.subarray(0, 32))) return false;
  try {
    const imported = await crypto.subtle.importKey("raw", key, "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", imported, signature, bytes);
  } catch (error) {
    // A key that is no point on the curve. That the browser has no Ed25519 is another matter, and told at once.
    if (error.name === "NotSupportedError") throw error;
    return false;
  }
}
