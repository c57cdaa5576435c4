// Bytes and what is made of them.

/** In hexadecimal digits, small letters. */
export function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** From hexadecimal digits, small letters; null if they are none. */
export function unhex(text) {
  if (!/^(?:[0-9a-f]{2})*$/.test(text)) return null;
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** Whether both are the same. */
export function same(one, other) {
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

export async function sha256(bytes) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}

/** A key's fingerprint, the first eight bytes of its SHA-256: `3f96 7ffc 4079 a0b8`. */
export function grouped(kid) {
  return hex(kid).replace(/(....)(?!$)/g, "$1 ");
}
