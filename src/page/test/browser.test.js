// The page as it is given out, in Chromium, from file://: real files are dropped on it. scripts/page makes it.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, before } from "node:test";
import { fileURLToPath } from "node:url";

import { Browser } from "./webdriver.js";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const kit = (name) => here(`../../../tests/testkit/${name}`);
const PAGE = `file://${here("../../../out/verify.html")}`;
const index = JSON.parse(readFileSync(kit("index.json"), "utf8"));
const OUTCOMES = { Purged: "purged", Cleared: "cleared", NotErased: "not-erased", Indeterminate: "indeterminate" };

let browser;
let scratch;

before(async () => {
  scratch = mkdtempSync(join(tmpdir(), "purgeproof-pictures-"));
  browser = await Browser.start();
});

after(async () => {
  await browser?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

const files = (piece) => [kit(piece.file), ...(piece.trust ? [kit(piece.trust)] : []), ...(piece.evidence ? [kit(piece.file.replace(/\.[^.]*$/, ".evidence.json"))] : [])];

/** What the page says about the files that are dropped on it, one article each. */
async function judged(...paths) {
  await browser.open(PAGE);
  await browser.drop(...paths);
  await browser.until(`document.body.dataset.shown === "${paths.length}" ? true : null`);
  return browser.run(`return [...document.querySelectorAll("article")].map((it) =>
    ({ file: it.dataset.file, codes: it.dataset.codes.split(" ").filter(Boolean), outcome: it.dataset.outcome, text: it.innerText }))`);
}

for (const piece of index) {
  test(`dropped: ${piece.file}`, async () => {
    const [said, ...more] = await judged(...files(piece));
    assert.deepEqual([said.codes, said.file, more], [piece.codes, piece.file, []]);
    if (piece.outcome !== null) assert.equal(OUTCOMES[said.outcome], piece.outcome);
    assert.equal(said.text.includes("DO NOT RELY ON THIS"), !piece.holds);
    if (piece.holds) assert.match(said.text, /SELF-SIGNED|DELEGATED by key|ORGANISATION/);
    assert.doesNotMatch(said.text, /\bvalid\b/i);
  });
}

test("all at once are a table with a line each", async () => {
  const all = index.filter((piece) => piece.trust === undefined);
  const said = await judged(...new Set(all.flatMap(files)));
  assert.deepEqual(said.map(({ file, codes }) => [file, codes]), all.map(({ file, codes }) => [file, codes]));
  const rows = await browser.run(`return [...document.querySelectorAll("tbody tr")].map((row) => row.className)`);
  assert.deepEqual(rows.map((row) => row === "refused"), all.map((piece) => !piece.holds));
});

test("what a drive calls itself is shown, and does nothing", async () => {
  const [said] = await judged(kit("hostile-texts.cose"));
  assert.match(said.text, /\[U\+202E\]DERAELC\[U\+202C\] <script>alert\(1\)<\/script>\[U\+0000\]\[U\+001B\]\[2J\[U\+0007\]/);
  assert.match(said.text, /\[U\+202E\]<\/td><img src=x onerror=alert\(1\)>/);
  assert.equal(await browser.run(`return document.querySelectorAll("article img, article script").length`), 0);
});

test("the words of a page that somebody painted over are not shown", async () => {
  const [said] = await judged(kit("paper-repainted.pdf"));
  assert.match(said.text, /It says: NOT ERASED/);
  assert.doesNotMatch(said.text, /PURGED/);
});

test("the text of a QR code can be pasted", async () => {
  await browser.open(PAGE);
  await browser.run(`document.querySelector("#text").value = arguments[0]; document.querySelector("#check").click()`, readFileSync(kit("qr.txt"), "utf8"));
  assert.equal(await browser.until(`document.querySelector("article")?.className`), "good");
});

test("the page reaches no network", async () => {
  await browser.open(PAGE);
  const reached = await browser.run(`return fetch(arguments[0]).then(() => "reached", (error) => error.name)`, browser.base);
  assert.equal(reached, "TypeError");
});

/** The first page of the paper, as a scanner at 150 dpi gives it. */
function scan() {
  const stem = join(scratch, "scan");
  execFileSync("pdftoppm", ["-r", "150", "-png", "-f", "1", "-l", "1", "-singlefile", kit("paper.pdf"), stem]);
  return `${stem}.png`;
}

test("a scan of the paper is read by its QR code", async () => {
  const [said] = await judged(scan());
  assert.deepEqual([said.codes, OUTCOMES[said.outcome], said.file], [[], "cleared", "scan.png"]);
});

/** The same held askew before a camera that is a little out of focus, in bad light. */
async function photograph() {
  const page = readFileSync(scan()).toString("base64");
  const askew = "transform: perspective(1800px) rotateY(14deg) rotateX(9deg) rotate(3deg); filter: blur(0.9px) brightness(0.75) contrast(0.8)";
  const html = `<body style="margin:60px;background:#6b5a48"><img style="width:1240px;${askew}" src="data:image/png;base64,${page}">`;
  writeFileSync(join(scratch, "photo.html"), html);
  await browser.size(1400, 1800);
  await browser.open(`file://${join(scratch, "photo.html")}`);
  writeFileSync(join(scratch, "photo.png"), await browser.screenshot());
  await browser.devtools("Emulation.clearDeviceMetricsOverride", {});
  return join(scratch, "photo.png");
}

test("a photograph of the paper is read by its QR code", async () => {
  const [said] = await judged(await photograph());
  assert.deepEqual([said.codes, OUTCOMES[said.outcome]], [[], "cleared"]);
});

test("a file longer than any is not read, and the others are", async () => {
  const long = join(scratch, "long.cose");
  writeFileSync(long, "");
  truncateSync(long, 3 * 2 ** 30);
  const said = await judged(long, kit("overwritten.cose"));
  assert.deepEqual(said.map(({ file, codes }) => [file, codes]), [["long.cose", ["too-long"]], ["overwritten.cose", []]]);
});

test("a picture without a code is refused, and says so", async () => {
  const [said] = await judged(here("../../../docs/pictures/list.png"));
  assert.deepEqual([said.codes, said.text.includes("No QR code could be read")], [["qr-picture"], true]);
});
