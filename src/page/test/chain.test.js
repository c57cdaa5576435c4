// What certificates show side by side, over entries that have only what counts for that.

import assert from "node:assert/strict";
import test from "node:test";

import { findings } from "../chain.js";

const octet = (value) => Uint8Array.of(value);

/** Number `seq` of the log of a key, after the one whose digest is `prev`; each its own drive and job unless told otherwise. */
function entry(seq, prev, { digest = seq, id = seq, issued = 100n + BigInt(seq), serial = `S${seq}`, key = 1 } = {}) {
  const device = { model: "M", serial };
  const statement = { link: { seq: BigInt(seq), prev: octet(prev) }, device };
  const envelope = { protected: octet(0), payload: octet(digest), signature: octet(digest) };
  const certificate = { key: octet(key), fingerprint: octet(key), envelope, claims: { id: octet(id), issued, statement } };
  return { name: `no. ${seq}`, digest: digest.toString(16).padStart(2, "0"), certificate };
}

const kinds = (entries, trust = null) => findings(entries, trust).map(({ isAlarm, text }) => `${isAlarm ? "!" : ""}${text.split(":")[0]}`);

test("a whole chain shows nothing", () => {
  assert.deepEqual(kinds([entry(1, 0), entry(2, 1), entry(3, 2)]), []);
});

test("numbers that are not there are named", () => {
  const [{ text }] = findings([entry(2, 1), entry(3, 2), entry(7, 6)], null);
  assert.match(text, /^GAP: of key 01, number 1, 4 to 6 is not here/);
});

test("one that was exchanged breaks the chain", () => {
  assert.deepEqual(kinds([entry(1, 0), entry(2, 9)]), ["!BROKEN CHAIN"]);
});

test("two in one place are a cloned stick, two of one number a forgery", () => {
  assert.deepEqual(kinds([entry(1, 0), entry(1, 0, { digest: 5, id: 5, serial: "S5" })]), ["!CLONED STICK"]);
  assert.deepEqual(kinds([entry(1, 0), entry(1, 0, { digest: 5, id: 1, key: 2 })]), ["!FORGERY"]);
});

test("the same drive twice, and a clock that was set back, are said", () => {
  assert.deepEqual(kinds([entry(1, 0), entry(2, 1, { serial: "S1" })]), ["ERASED AGAIN"]);
  assert.deepEqual(kinds([entry(1, 0), entry(2, 1, { issued: 5n })]), ["CLOCK"]);
});

test("a chain whose end was taken away is shorter than what was collected", () => {
  const trust = { checkpoints: [{ key: octet(1), seq: 3n }, { key: octet(2), seq: 9n }] };
  assert.deepEqual(kinds([entry(1, 0), entry(2, 1)], trust), ["CUT OFF"]);
  assert.deepEqual(kinds([entry(1, 0), entry(2, 1), entry(3, 2)], trust), []);
});
