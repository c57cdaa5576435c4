// Every certificate of tests/testkit is judged as its index says, as `purgeproof verify` is held to do.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { webcrypto } from "node:crypto";
import test from "node:test";

import { codes, judge } from "../judge.js";

globalThis.crypto ??= webcrypto; // Node.js before 20

const kit = (name) => new Uint8Array(readFileSync(new URL(`../../../tests/testkit/${name}`, import.meta.url)));
const readNothing = async () => [];
const OUTCOMES = { Purged: "purged", Cleared: "cleared", NotErased: "not-erased", Indeterminate: "indeterminate" };

async function judged(piece) {
  const beside = piece.evidence ? [piece.file.replace(/\.[^.]*$/, ".evidence.json")] : [];
  const names = [piece.file, ...beside, ...(piece.trust ? [piece.trust] : [])];
  const { reports } = await judge(names.map((name) => ({ name, bytes: kit(name) })), readNothing);
  const [report, ...more] = reports;
  const outcome = OUTCOMES[report.certificate?.claims.statement.outcome] ?? null;
  return { outcome, codes: codes(report), more };
}

for (const piece of JSON.parse(new TextDecoder().decode(kit("index.json")))) {
  test(`${piece.file}: ${piece.about}`, async () => {
    const { codes: expected, outcome } = piece;
    assert.deepEqual(await judged(piece), { outcome, codes: expected, more: [] });
  });
}

const texts = (name) => new TextDecoder().decode(kit(name)).split("\r\n").filter(Boolean);

test("codes of a series may come in as many pictures", async () => {
  const parts = texts("series.txt");
  const picture = (index) => ({ name: `${index}.png`, bytes: Uint8Array.of(0x89, 0x50, 0x4e, 0x47, index) });
  const readPicture = async (bytes) => [parts[bytes[4]]];
  const { reports } = await judge(parts.map((_, index) => picture(index)), readPicture);
  assert.deepEqual(reports.map((report) => [report.name, codes(report)]), [["series of codes", []]]);
  const { reports: few } = await judge([picture(0)], readPicture);
  assert.deepEqual(few.map(codes), [["series"]]);
});

test("evidence goes to the certificate that names it, whatever it is called", async () => {
  const evidence = { name: "renamed.evidence.json", bytes: kit("purged.evidence.json") };
  const certificates = ["lied.cose", "purged.cose"].map((name) => ({ name, bytes: kit(name) }));
  const { reports, strays } = await judge([evidence, ...certificates], readNothing);
  const isChecked = (report) => report.checks.some((check) => check.name === "evidence");
  assert.deepEqual([reports.map(isChecked), strays], [[false, true], []]);
  assert.deepEqual((await judge([evidence, certificates[0], certificates[0]], readNothing)).strays, ["renamed.evidence.json"]);
});

test("a trust file with one bit turned counts for nothing, and that is said", async () => {
  const [certificate, trust] = ["trusted-adopted.cose", "trusted-adopted.trust.cose"].map((name) => ({ name, bytes: kit(name) }));
  const kind = async (...files) => (await judge(files, readNothing)).reports.map((report) => report.whose?.kind ?? report.refusal.code);
  assert.deepEqual(await kind(certificate, trust), ["organisation"]);
  for (let at = 0; at < trust.bytes.length; at += 7) {
    const bytes = trust.bytes.slice();
    bytes[at] ^= 1;
    const kinds = await kind(certificate, { name: "trust.cose", bytes });
    assert.ok(kinds.length === 2 && !kinds.includes("organisation"), `byte ${at}: ${kinds}`);
  }
});

const together = async (...files) => (await judge(files, readNothing)).together.map(({ isAlarm, text }) => [isAlarm, text.split(":")[0]]);
const named = (name, file = name) => ({ name, bytes: kit(file) });

test("certificates side by side tell copies, forgeries and clones", async () => {
  assert.deepEqual(await together(named("overwritten.cose"), named("copy.cose", "overwritten.cose")), [[false, "COPY"]]);
  // The same number and the same place in the log, other words.
  const contradiction = [[true, "FORGERY"], [true, "CLONED STICK"]];
  assert.deepEqual(await together(named("overwritten.cose"), named("sampled.cose")), contradiction);
  // What anybody can make stands against nothing.
  assert.deepEqual(await together(named("overwritten.cose"), named("signature-bad.cose")), []);
});

test("the log of a stick is read certificate by certificate", async () => {
  const bytes = new Uint8Array([...kit("overwritten.cose"), ...kit("sampled.cose"), ...kit("truncated.cose")]);
  const { reports } = await judge([{ name: "3f96.cborseq", bytes }], readNothing);
  assert.deepEqual(reports.map(codes), [[], [], ["malformed"]]);
});
