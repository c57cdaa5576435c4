// Bytes that somebody has changed: nothing but a refusal comes of them, and no certificate but the one that was there.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { webcrypto } from "node:crypto";
import test from "node:test";

import { same } from "../bytes.js";
import { read } from "../read.js";
import { Refused } from "../refused.js";
import { verify } from "../verify.js";

globalThis.crypto ??= webcrypto; // Node.js before 20

const kit = (name) => new Uint8Array(readFileSync(new URL(`../../../tests/testkit/${name}`, import.meta.url)));

/** The certificate that these bytes are and that holds, or null. */
async function held(bytes) {
  try {
    const certificate = await read(bytes);
    return (await verify(certificate)).every((check) => check.code === null) ? certificate : null;
  } catch (error) {
    if (error instanceof Refused) return null;
    throw error;
  }
}

/** Numbers that look random and are the same each time (xorshift, G. Marsaglia 2003). */
function* numbers(state) {
  for (;;) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    yield state >>> 0;
  }
}

test("not one bit can be changed", async () => {
  const good = kit("overwritten.cose");
  assert.ok(await held(good));
  for (let bit = 0; bit < good.length * 8; bit += 1) {
    const bad = good.slice();
    bad[bit >> 3] ^= 1 << (bit & 7);
    assert.equal(await held(bad), null, `bit ${bit & 7} of byte ${bit >> 3}`);
  }
});

test("no part of a certificate is one", async () => {
  const good = kit("delegated.cose");
  for (let length = 0; length < good.length; length += 1) assert.equal(await held(good.subarray(0, length)), null, `${length}`);
});

test("a mutilated PDF gives the certificate or none", async () => {
  const [good, draw] = [kit("paper.pdf"), numbers(2463534242)];
  const { bytes: own } = await held(good);
  for (let round = 0; round < 400; round += 1) {
    const bad = good.slice();
    // Structure is at the end: hit that more often than fonts.
    for (let hit = 0; hit < 1 + (round % 30); hit += 1) {
      const span = hit % 4 === 0 ? bad.length : 12_000;
      bad[bad.length - 1 - (draw.next().value % span)] = draw.next().value & 0xff;
    }
    const found = await held(bad);
    assert.ok(found === null || same(found.bytes, own), `round ${round}`);
  }
});

test("a PDF whose table leads round in a circle comes to an end", async () => {
  const text = "%PDF-1.7\nxref\n0 0\ntrailer\n<</Root 1 0 R/Prev 9>>\nstartxref\n9\n%%EOF\n";
  assert.equal(await held(new TextEncoder().encode(text)), null);
  const loop = "%PDF-1.7\n1 0 obj\n<</Length 1 0 R>>\nstream\nx\nendstream\nendobj\nxref\n1 1\n0000000009 00000 n \ntrailer\n<</Root 1 0 R>>\nstartxref\n61\n%%EOF\n";
  assert.equal(await held(new TextEncoder().encode(loop)), null);
});

test("random bytes are no certificate", async () => {
  const draw = numbers(88675123);
  for (let round = 0; round < 2000; round += 1) {
    const bytes = Uint8Array.from({ length: draw.next().value % 300 }, () => draw.next().value & 0xff);
    assert.equal(await held(bytes), null);
    assert.equal(await held(Uint8Array.of(0xd2, 0x84, ...bytes)), null);
  }
});
