// A certificate in whichever of its forms it comes.

import { unhex } from "./bytes.js";
import { parse } from "./cose.js";
import { fromPdf } from "./pdf.js";
import { fromQrSeries, fromQrText, isSeries, PREFIX } from "./qr.js";
import { Refused } from "./refused.js";
import { identified } from "./verify.js";
import { isSameJson, view } from "./view.js";

async function fromJson(text) {
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Refused("not-a-certificate");
  }
  if (typeof value?.cose !== "string") throw new Refused("not-a-certificate");
  const bytes = unhex(value.cose);
  if (bytes === null) throw new Refused("json");
  const certificate = await identified(parse(bytes));
  if (!isSameJson(JSON.parse(JSON.stringify(view(certificate))), value)) throw new Refused("json");
  return certificate;
}

function textOf(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

const startsWith = (bytes, text) => [...text].every((c, index) => bytes[index] === c.charCodeAt(0));

/** COSE bytes, PDF, JSON or the text of the QR code; rejects with `Refused`, whatever the bytes. */
export async function read(bytes) {
  if (bytes[0] === 0xd2) return identified(parse(bytes));
  if (startsWith(bytes, "%PDF-")) return identified(await fromPdf(bytes));
  const text = textOf(bytes)?.trimStart() ?? "";
  if (text.startsWith(PREFIX)) return identified(fromQrText(text));
  if (isSeries(text)) return identified(fromQrSeries(text));
  if (text.startsWith("{")) return fromJson(text);
  throw new Refused("not-a-certificate");
}
