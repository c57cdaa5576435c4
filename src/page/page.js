// The page: files come in by drop, by the button or as text; what they say goes out. Nothing leaves the page, and nothing is kept.

import { grouped } from "./bytes.js";
import { judge, MAX_BYTES } from "./judge.js";
import { readPicture } from "./picture.js";
import { article, element, harmless, joint, table } from "./report.js";

const files = [];
const at = (id) => document.getElementById(id);

function say(...content) {
  at("results").replaceChildren(...content);
}

async function show() {
  at("status").textContent = "Reading …";
  try {
    const { reports, together, strays, trust } = await judge(files, readPicture);
    const notes = strays.map((name) => element("p", "", `The evidence file ${harmless(name)} belongs to none of these certificates, or its certificate was not given.`));
    const isAlarming = together.some((finding) => finding.isAlarm);
    const overview = isAlarming ? [joint(together), table(reports)] : [table(reports), joint(together)];
    say(...(reports.length > 1 ? overview : []), ...notes, ...reports.map(article));
    const looked = `${reports.length} ${reports.length === 1 ? "file" : "files"} looked at.`;
    const by = trust && ` Trust file of ${harmless(trust.name)}, key ${grouped(trust.kid)}, generation ${trust.generation}.`;
    at("status").textContent = looked + (by ?? "");
    at("again").hidden = false;
  } catch (error) {
    say(element("p", "banner refused", `This browser cannot check certificates (${error.name}). Use another one, not older than 2025.`));
    at("status").textContent = "Nothing was checked.";
  }
  document.body.dataset.shown = String(files.length);
}

async function taken(file) {
  if (file.size > MAX_BYTES) return { name: file.name, bytes: new Uint8Array(), refusal: "too-long" };
  return { name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) };
}

async function add(list) {
  for (const file of list) files.push(await taken(file));
  if (list.length > 0) await show();
}

at("files").addEventListener("change", async (event) => {
  await add([...event.target.files]);
  event.target.value = "";
});
at("check").addEventListener("click", () => {
  const text = at("text").value.replace(/^\s+/, "");
  if (text !== "") add([new File([text], "QR text")]);
});
at("again").addEventListener("click", () => {
  files.length = 0;
  at("text").value = "";
  at("again").hidden = true;
  at("status").textContent = "";
  say();
});
for (const kind of ["dragenter", "dragover", "dragleave", "drop"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    document.body.classList.toggle("over", kind === "dragenter" || kind === "dragover");
    if (kind === "drop") add([...event.dataTransfer.files]);
  });
}
