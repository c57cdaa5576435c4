// Puts the page together: one file that needs nothing else. assemble.js FOLDER-OF-NODE-MODULES OUTPUT
//
// Each module becomes a function that is called once, so that names stay its own; what a policy allows to run is named by its hash.

import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

const IMPORT = /^import (\{[^}]*\}|\* as (\w+)) from "\.\/(\w+)\.js";\n/gm;
const EXPORT = /^export (?:async )?(?:function\*?|const|class) (\w+)/gm;

const source = (name) => readFileSync(new URL(name, import.meta.url), "utf8");

/** The modules that this one needs, each after those that it needs itself. */
function ordered(name, done = new Set()) {
  if (done.has(name)) return done;
  for (const [, , , needed] of source(`${name}.js`).matchAll(IMPORT)) ordered(needed, done);
  return done.add(name);
}

function wrapped(name) {
  const text = source(`${name}.js`);
  const exported = [...text.matchAll(EXPORT)].map(([, own]) => own);
  const body = text
    .replace(IMPORT, (_, names, all, needed) => `const ${all ?? names} = $${needed};\n`)
    .replace(/^export /gm, "");
  if (/^(import|export)\b/m.test(body)) throw new Error(`${name}.js imports or exports in a way that is not foreseen here`);
  return `const $${name} = (() => {\n${body}\nreturn { ${exported.join(", ")} };\n})();\n`;
}

function inline(text, what) {
  if (/<\/script|<!--/i.test(text)) throw new Error(`${what} cannot stand in a page as it is`);
  return text;
}

const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;

function assembled(packages) {
  const folder = `${packages}/zxing-wasm/dist`;
  const style = source("style.css");
  const script = inline(`"use strict";\n${[...ordered("page")].map(wrapped).join("")}`, "the page's own script");
  const zxing = inline(readFileSync(`${folder}/iife/reader/index.js`, "utf8"), "zxing-wasm");
  const policy = [
    "default-src 'none'",
    `script-src ${hash(zxing)} ${hash(script)} 'wasm-unsafe-eval'`,
    `style-src ${hash(style)}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  const parts = {
    POLICY: policy,
    STYLE: style,
    ZXING_WASM: readFileSync(`${folder}/reader/zxing_reader.wasm`).toString("base64"),
    ZXING: zxing,
    SCRIPT: script,
  };
  return source("index.html").replace(/@([A-Z_]+)@/g, (_, part) => parts[part]);
}

const [packages, output] = process.argv.slice(2);
writeFileSync(output, assembled(packages));
