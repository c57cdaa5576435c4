// Numbers and words, worked out by hand or given by the standards.

import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import test from "node:test";

import { unhex } from "../bytes.js";
import { decode } from "../cbor.js";
import { verifies } from "../ed25519.js";
import { boundPpm } from "../founded.js";
import { base45 } from "../qr.js";
import { scheme } from "../table.js";
import { civil, duration, passes, size } from "../words.js";

globalThis.crypto ??= webcrypto; // Node.js before 20

test("Base45 is the standard's", () => {
  // RFC 9285 §4.4, and its two kinds of wrong: a number too large for its bytes, a digit that is none.
  assert.equal(new TextDecoder().decode(base45("QED8WEX0")), "ietf!");
  for (const wrong of ["GGW", "::", "A", "a0"]) assert.throws(() => base45(wrong), { code: "qr-text" });
});

test("CBOR is the standard's", () => {
  // RFC 8949, appendix A.
  const read = (digits) => decode(unhex(digits)).value;
  assert.equal(read("1bffffffffffffffff"), 18_446_744_073_709_551_615n);
  assert.equal(read("3903e7"), -1000n);
  assert.deepEqual(read("8301820203820405"), [1n, [2n, 3n], [4n, 5n]]);
  assert.equal(read("62c3bc"), "ü");
  assert.deepEqual(read("c074323031332d30332d32315432303a30343a30305a"), { tag: 0n, value: "2013-03-21T20:04:00Z" });
  assert.deepEqual([decode(unhex("1817")).deterministic, decode(unhex("a2020001 00".replace(" ", ""))).deterministic], [false, false]);
  for (const wrong of ["1c", "ff", "5f4100", "62c3", "61ff"]) assert.throws(() => read(wrong), { code: "malformed" }, wrong);
});

test("a signature is the standard's", async () => {
  // RFC 8032 §7.1, test 2: one byte, 72h.
  const key = unhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  const signature = unhex(
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
  );
  assert.equal(await verifies(key, Uint8Array.of(0x72), signature), true);
  assert.equal(await verifies(key, Uint8Array.of(0x73), signature), false);
});

test("days, durations and sizes read as people say them", () => {
  assert.equal(civil(951_782_400n), "2000-02-29 00:00:00 UTC");
  assert.equal(civil(4_107_542_400n), "2100-03-01 00:00:00 UTC");
  assert.equal(civil(253_402_300_799n), "9999-12-31 23:59:59 UTC");
  assert.deepEqual([999n, 59_999n, 61_000n, 7_509_000n].map(duration), ["999 ms", "59 s", "1 min 01 s", "2 h 05 min 09 s"]);
  assert.deepEqual([999n, 268_435_456n, 999_999n, 1_920_000_000_000n].map(size), ["999 B", "268 MB", "1.00 MB", "1.92 TB"]);
});

test("the bound is the textbooks'", () => {
  // 1 − 0.01^(1/4605) = 0.0999 %, 1 − 0.01^(1/16) = 25.0 %: ours lies just above.
  assert.deepEqual([0n, 16n, 4605n].map(boundPpm), [1_000_000n, 287_824n, 1001n]);
});

test("a scheme's passes are its own", () => {
  const bytes = (...values) => values.map((value) => (value === null ? { random: true } : { bytes: [value] }));
  const isWritten = (name, ...values) => scheme(name, bytes(...values)).isWritten;
  assert.ok(isWritten("dod-short", 0xe5, 0x1a, null) && isWritten("dod-5220.22-m", 0x00, 0xff, null));
  assert.ok(!isWritten("dod-short", 0x00, 0xff, null), "00h is no byte that is drawn");
  assert.ok(!isWritten("dod-short", 0xe5, 0x1b, null), "no complement");
  assert.equal(scheme("house rule", []), null);
  assert.equal(passes(bytes(null, null, 0x55, 0xff)), "2 x random, 0x55, ones");
});
