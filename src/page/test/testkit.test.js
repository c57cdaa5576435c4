// Every certificate of tests/testkit is judged as its index says, as `purgeproof verify` is held to do.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { webcrypto } from "node:crypto";
import test from "node:test";

import { read } from "../read.js";
import { Refused } from "../refused.js";
import { evidenceCheck, verify } from "../verify.js";

globalThis.crypto ??= webcrypto; // Node.js before 20

const kit = (name) => new Uint8Array(readFileSync(new URL(`../../../tests/testkit/${name}`, import.meta.url)));
const OUTCOMES = { Purged: "purged", Cleared: "cleared", NotErased: "not-erased", Indeterminate: "indeterminate" };

async function judged(piece) {
  try {
    const certificate = await read(kit(piece.file));
    const checks = await verify(certificate);
    const beside = piece.file.replace(/\.[^.]*$/, ".evidence.json");
    if (piece.evidence) checks.push(await evidenceCheck(certificate, kit(beside)));
    const codes = checks.map((check) => check.code).filter((code) => code !== null);
    return { outcome: OUTCOMES[certificate.claims.statement.outcome], codes };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { outcome: null, codes: [error.code] };
  }
}

for (const piece of JSON.parse(new TextDecoder().decode(kit("index.json")))) {
  test(`${piece.file}: ${piece.about}`, async () => {
    const { codes, outcome } = piece;
    assert.deepEqual(await judged(piece), { outcome, codes });
  });
}
