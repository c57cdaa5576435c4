// A report as elements. Every text is set as text, never as markup, and only what is signed is shown.

import { grouped } from "./bytes.js";
import { isGood } from "./founded.js";
import { codes } from "./judge.js";
import { meaning, sections, sentence } from "./sheet.js";
import { FLAWS } from "./verify.js";
import { civil, OUTCOME } from "./words.js";

const CHECKS = {
  simulation: "It is about a real drive, not a demonstration",
  "key id": "The key in it is the one that it names",
  signature: "The signature fits: nothing was changed since",
  drive: "The size of the drive is a possible one",
  method: "The steps are those of the decision table for such a drive",
  scheme: "The passes are those of the scheme that is named",
  outcome: "The outcome follows from steps, passes, markers, read-back and reasons",
  exceptions: "Every exception that follows is stated",
  times: "Start, end, duration and time of issue agree",
  log: "Its place in the stick's log is a possible one",
  evidence: "The evidence file is the one that it names",
  delegation: "The organisation's word for the key holds, where there is one",
  revocation: "The organisation has not revoked the key, or accepts this certificate still",
  collection: "The organisation has collected no other certificate in its place",
};

/** A text of a drive's or an operator's: what cannot be seen, moves or turns letters round is named by its number. */
export function harmless(text) {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (c) => `[U+${c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")}]`);
}

/** An element with a class, and texts or elements in it. */
export function element(name, className, ...content) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...content);
  return made;
}

const value = (text) => element("bdi", "value", harmless(text));

/** How a report is to be read: "refused", "bad" (it holds and says that the drive is not erased) or "good". */
function manner(report) {
  if (codes(report).length > 0) return "refused";
  return isGood(report.certificate.claims.statement.outcome) ? "good" : "bad";
}

/** In a few words, for the table. */
function inShort(report) {
  if (manner(report) === "refused") return "DO NOT RELY ON THIS";
  return OUTCOME[report.certificate.claims.statement.outcome];
}

function refusal(report) {
  const heading = element("h3", "verdict", "DO NOT RELY ON THIS");
  const why = report.refusal === null ? report.checks.filter((check) => check.code !== null).map((check) => FLAWS[check.code]) : [report.refusal.message];
  const list = element("ul", "", ...why.map((text) => element("li", "", sentence(text))));
  const more = report.refusal === null ? "What it says is not shown: it may say anything." : "No certificate could be read from it.";
  return element("div", "banner refused", heading, list, element("p", "", more));
}

function verdict(report) {
  const { statement } = report.certificate.claims;
  const [title, isErased] = [OUTCOME[statement.outcome], isGood(statement.outcome)];
  const heading = element("h3", "verdict", isErased ? `It says: ${title}` : `It says: ${title} – this drive is not safe to give away`);
  const word = report.whose.kind === "organisation" ? "" : " This is the word of whoever holds the key below.";
  return element("div", `banner ${isErased ? "good" : "bad"}`, heading, element("p", "", meaning(statement) + word));
}

const UNPROVEN =
  "That proves that this file was not changed since it was signed, and that it comes from the same stick as others with this key. It does not " +
  "prove who signed: anybody can make a key.";

const key = (digits) => element("strong", "value", grouped(digits));

/** Whose word it is, and what that is worth: the line that is named, and the words below it. */
function signature(certificate, whose) {
  const own = key(certificate.fingerprint);
  const paper = " Compare the sixteen digits with those that were written down when the stick was made.";
  if (whose.kind === "self-signed") return [["SELF-SIGNED by the stick with the key ", own], UNPROVEN + paper];
  if (whose.kind === "delegated") {
    const line = ["DELEGATED by key ", key(whose.by), `, which calls itself ${harmless(whose.name)}`];
    const name = "Anybody can write a name. If you know that organisation, drop its trust.cose here as well, taken from the organisation itself.";
    return [line, `${UNPROVEN} ${name}`];
  }
  const adopted = whose.adopted === null ? "" : `, adopted on ${civil(whose.adopted).slice(0, 10)}`;
  const line = [`ORGANISATION: ${harmless(whose.trust.name)} (`, key(whose.trust.kid), `), stick ${harmless(whose.stick)}${adopted}`];
  const worth =
    "The trust file that you gave says that this key is that organisation's. Whether the trust file is the organisation's, the sixteen digits " +
    "tell: compare them with those that you have from the organisation itself, on paper or by telephone.";
  return [line, worth];
}

function signer(certificate, whose) {
  const [line, worth] = signature(certificate, whose);
  const more = element("p", "", `${worth} And no signature proves that a drive told the truth.`);
  return element("section", "signer", element("h4", "", "Who says so"), element("p", "key", ...line), more);
}

function checkList(report) {
  const items = report.checks.map(({ name, code }) => {
    const mark = element("span", "mark", code === null ? "✓ " : "✗ ");
    const said = code === null ? CHECKS[name] : sentence(FLAWS[code]);
    return element("li", code === null ? "holds" : "fails", mark, said);
  });
  if (!report.checks.some((check) => check.name === "evidence")) {
    items.push(element("li", "open", element("span", "mark", "– "), "Not checked: the evidence file, which was not given. Drop NAME.evidence.json beside it"));
  } else if (manner(report) !== "refused") {
    items.push(element("li", "open", element("span", "mark", "– "), "Not checked: whether the same outcome follows from the evidence; purgeproof verify derives it again"));
  }
  return element("section", "checks", element("h4", "", "What was checked"), element("ul", "", ...items));
}

function sheet(certificate) {
  return sections(certificate).map(({ heading, rows }, index) => {
    const terms = rows.flatMap(([label, said], row) => {
      const again = row > 0 && rows[row - 1][0] === label;
      return [element("dt", again ? "again" : "", label), element("dd", "", value(String(said)))];
    });
    const list = element("dl", "", ...terms);
    if (index < 5) return element("section", "", element("h4", "", heading), list);
    const details = element("details", "", element("summary", "", heading), list);
    return element("section", "", details);
  });
}

/** The whole report of one file. */
export function article(report, number) {
  const heading = element("h2", "", value(report.name));
  const body = element("article", manner(report), heading);
  body.id = `report-${number}`;
  Object.assign(body.dataset, { file: report.name, codes: codes(report).join(" "), outcome: report.certificate?.claims.statement.outcome ?? "" });
  if (manner(report) === "refused") {
    body.append(refusal(report), ...(report.certificate === null ? [] : [checkList(report)]));
    return body;
  }
  body.append(verdict(report), signer(report.certificate, report.whose), checkList(report), ...sheet(report.certificate));
  return body;
}

const COLUMNS = ["File", "It says", "Drive", "Serial number", "Signed by"];

/** Several reports, a line each. */
export function table(reports) {
  const cells = (report, number) => {
    const device = report.certificate?.claims.statement.device;
    const isShown = manner(report) !== "refused";
    const by = () => (report.whose.kind === "organisation" ? report.whose.trust.name : grouped(report.certificate.fingerprint));
    const link = element("a", "", value(report.name));
    link.href = `#report-${number}`;
    const said = isShown ? [device.model, device.serial ?? "none", by()] : ["–", "–", "–"];
    const all = [element("td", "", link), element("td", "verdict", inShort(report)), ...said.map((text) => element("td", "", value(text)))];
    all.forEach((cell, column) => (cell.dataset.label = COLUMNS[column]));
    return isShown ? all : [...all.slice(0, 2), ...all.slice(2).map((cell) => Object.assign(cell, { className: "nothing" }))];
  };
  const head = COLUMNS.map((text) => {
    const cell = element("th", "", text);
    cell.scope = "col";
    return cell;
  });
  const rows = reports.map((report, number) => element("tr", manner(report), ...cells(report, number)));
  const refused = reports.filter((report) => manner(report) === "refused").length;
  const caption = element("caption", "", `${reports.length} files: ${reports.length - refused} can be read as signed, ${refused} not to be relied on`);
  return element("table", "", caption, element("thead", "", element("tr", "", ...head)), element("tbody", "", ...rows));
}

/** So many findings are listed; whoever has more of them has certificates of one key that contradict each other throughout. */
const LISTED = 20;

/** What the certificates show together. */
export function joint(findings) {
  const items = findings.slice(0, LISTED).map(({ isAlarm, text }) => element("li", isAlarm ? "fails" : "", `${harmless(text)}.`));
  if (findings.length > LISTED) items.push(element("li", "", `And ${findings.length - LISTED} more of the kind.`));
  if (items.length === 0) items.push(element("li", "", "Nothing that contradicts: no certificate stands against another."));
  return element("section", "together", element("h4", "", "What they show together"), element("ul", "", ...items));
}
