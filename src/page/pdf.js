// The certificate attached to a PDF (ISO 32000-2): as much of the format as leads to it, read strictly.

import { joined } from "./cbor.js";
import { parse } from "./cose.js";
import { Refused } from "./refused.js";

/** No PDF of ours is longer. */
const MAX_BYTES = 4 << 20;
/** What is inflated on the way to the attachment: tables and objects, never the attachment itself. */
const MAX_INFLATED = 16 << 20;
const DEEPEST = 32;
const SPACE = new Set([0, 9, 10, 12, 13, 32]);
const DELIMITERS = new Set([..."()<>[]{}/%"].map((c) => c.charCodeAt(0)));

class Ref {
  constructor(number) {
    this.number = number;
  }
}
class Name {
  constructor(text) {
    this.text = text;
  }
}
class Keyword extends Name {}

function need(holds) {
  if (!holds) throw new Refused("pdf");
}

class Lexer {
  constructor(bytes, at) {
    this.bytes = bytes;
    this.at = at;
  }

  skipSpace() {
    for (;;) {
      const byte = this.bytes[this.at];
      if (byte === 0x25) while (this.at < this.bytes.length && !isLineEnd(this.bytes[this.at])) this.at += 1;
      else if (SPACE.has(byte)) this.at += 1;
      else return;
    }
  }

  word() {
    const from = this.at;
    while (this.at < this.bytes.length && !SPACE.has(this.bytes[this.at]) && !DELIMITERS.has(this.bytes[this.at])) this.at += 1;
    return latin(this.bytes.subarray(from, this.at));
  }

  /** One object; a reference is two numbers and an R. */
  object(depth = 0) {
    need(depth < DEEPEST);
    this.skipSpace();
    const [c, next] = [this.bytes[this.at], this.bytes[this.at + 1]];
    need(c !== undefined);
    if (c === 0x2f) {
      this.at += 1;
      return new Name(this.word().replace(/#([0-9A-Fa-f]{2})/g, (_, pair) => String.fromCharCode(Number.parseInt(pair, 16))));
    }
    if (c === 0x28) return this.literal();
    if (c === 0x3c && next === 0x3c) return this.dictionary(depth);
    if (c === 0x3c) return this.hexadecimal();
    if (c === 0x5b) return this.array(depth);
    const word = this.word();
    need(word !== "");
    if (!/^[+-]?(\d+\.?\d*|\.\d+)$/.test(word)) return { true: true, false: false, null: null }[word] ?? nullOr(word);
    return this.reference(word) ?? Number(word);
  }

  reference(word) {
    if (!/^\d+$/.test(word)) return null;
    const match = /^[\0\t\n\f\r ]+\d+[\0\t\n\f\r ]+R(?![^\0\t\n\f\r ()<>[\]{}/%])/.exec(latin(this.bytes.subarray(this.at, this.at + 24)));
    if (match === null) return null;
    this.at += match[0].length;
    return new Ref(Number(word));
  }

  array(depth) {
    this.at += 1;
    const items = [];
    for (;;) {
      this.skipSpace();
      if (this.bytes[this.at] === 0x5d) break;
      items.push(this.object(depth + 1));
    }
    this.at += 1;
    return items;
  }

  dictionary(depth) {
    this.at += 2;
    const entries = new Map();
    for (;;) {
      this.skipSpace();
      if (this.bytes[this.at] === 0x3e && this.bytes[this.at + 1] === 0x3e) break;
      const key = this.object(depth + 1);
      need(key instanceof Name && !(key instanceof Keyword));
      entries.set(key.text, this.object(depth + 1));
    }
    this.at += 2;
    return entries;
  }

  literal() {
    let [text, open] = ["", 0];
    for (;;) {
      const c = latin(this.bytes.subarray(this.at, this.at + 1));
      need(c !== "");
      this.at += 1;
      if (c === "\\") {
        text += c + latin(this.bytes.subarray(this.at, this.at + 1));
        this.at += 1;
        continue;
      }
      open += c === "(" ? 1 : c === ")" ? -1 : 0;
      if (open === 0) return text.slice(1).replace(/\\([()\\])/g, "$1");
      text += c;
    }
  }

  hexadecimal() {
    const end = this.bytes.indexOf(0x3e, this.at);
    need(end > 0);
    const digits = latin(this.bytes.subarray(this.at + 1, end)).replace(/\s/g, "");
    this.at = end + 1;
    const padded = digits.length % 2 ? `${digits}0` : digits;
    const bytes = (padded.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));
    if (bytes[0] !== 0xfe || bytes[1] !== 0xff) return latin(bytes);
    return latin(bytes.filter((_, index) => index > 1 && index % 2));
  }
}

const isLineEnd = (byte) => byte === 10 || byte === 13;
const latin = (bytes) => Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
const nullOr = (word) => (word === "null" ? null : new Keyword(word));

async function inflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const [parts, reader] = [[], stream.getReader()];
  for (let length = 0; ; ) {
    const { done, value } = await reader.read().catch(() => need(false));
    if (done) return joined(parts);
    length += value.length;
    if (length > MAX_INFLATED) await reader.cancel();
    need(length <= MAX_INFLATED);
    parts.push(value);
  }
}

/** Rows of bytes as PNG filters them (ISO/IEC 15948 §9): none and up, which is all that writers of tables use. */
function unpredicted(bytes, parameters) {
  if ((parameters?.get("Predictor") ?? 1) < 10) return bytes;
  const columns = parameters.get("Columns") ?? 1;
  const rows = [];
  let above = new Uint8Array(columns);
  for (let at = 0; at + columns < bytes.length; at += columns + 1) {
    const row = bytes.slice(at + 1, at + 1 + columns);
    need(bytes[at] === 0 || bytes[at] === 2);
    if (bytes[at] === 2) row.forEach((byte, index) => (row[index] = byte + above[index]));
    rows.push(row);
    above = row;
  }
  return joined(rows);
}

class Document {
  constructor(bytes) {
    this.bytes = bytes;
    this.places = new Map();
    this.trailer = null;
    /** The objects that are being read: one that needs itself is never read. */
    this.pending = new Set();
  }

  async open() {
    const tail = latin(this.bytes.subarray(-2048));
    const last = /startxref\s+(\d+)\s+%%EOF\s*$/.exec(tail);
    need(last !== null);
    const [due, seen] = [[Number(last[1])], new Set()];
    while (due.length > 0) {
      const at = due.shift();
      need(at < this.bytes.length && !seen.has(at));
      seen.add(at);
      const isTable = latin(this.bytes.subarray(at, at + 4)) === "xref";
      const trailer = isTable ? this.table(at + 4) : await this.tableStream(at);
      this.trailer ??= trailer;
      due.push(...["XRefStm", "Prev"].map((key) => trailer.get(key)).filter((offset) => typeof offset === "number"));
    }
    return this;
  }

  /** What was written last is first, and stays. */
  place(number, where) {
    if (!this.places.has(number)) this.places.set(number, where);
  }

  table(at) {
    const lexer = new Lexer(this.bytes, at);
    for (;;) {
      const first = lexer.object();
      if (first instanceof Keyword) {
        need(first.text === "trailer");
        const trailer = lexer.object();
        need(trailer instanceof Map);
        return trailer;
      }
      const count = lexer.object();
      need(Number.isInteger(first) && Number.isInteger(count) && count < 100_000);
      for (let number = first; number < first + count; number += 1) {
        const [offset, , kind] = [lexer.object(), lexer.object(), lexer.object()];
        this.place(number, kind instanceof Keyword && kind.text === "n" ? { offset } : null);
      }
    }
  }

  async tableStream(at) {
    const { dictionary, data } = await this.indirect(at, null);
    need(dictionary?.get("Type")?.text === "XRef");
    const [widths, size] = [dictionary.get("W"), dictionary.get("Size")];
    need(Array.isArray(widths) && widths.length === 3 && widths.every((width) => Number.isInteger(width) && width >= 0 && width < 7));
    need(widths.some((width) => width > 0));
    const bytes = await this.decoded(dictionary, data);
    const index = dictionary.get("Index") ?? [0, size];
    let from = 0;
    const field = (width, absent) => {
      from += width;
      return width === 0 ? absent : bytes.subarray(from - width, from).reduce((value, byte) => value * 256 + byte, 0);
    };
    for (let section = 0; section + 1 < index.length; section += 2) {
      for (let number = index[section]; number < index[section] + index[section + 1] && from < bytes.length; number += 1) {
        const [kind, second, third] = [field(widths[0], 1), field(widths[1], 0), field(widths[2], 0)];
        this.place(number, { 1: { offset: second }, 2: { within: second, index: third } }[kind] ?? null);
      }
    }
    return dictionary;
  }

  /** The object at an offset, with the stream behind it if there is one. */
  async indirect(at, number) {
    const lexer = new Lexer(this.bytes, at);
    const [own, , keyword] = [lexer.object(), lexer.object(), lexer.object()];
    need((number === null || own === number) && keyword instanceof Keyword && keyword.text === "obj");
    const value = lexer.object();
    lexer.skipSpace();
    if (!(value instanceof Map) || latin(this.bytes.subarray(lexer.at, lexer.at + 6)) !== "stream") return { value };
    const length = await this.resolved(value.get("Length"));
    const from = lexer.at + (this.bytes[lexer.at + 6] === 13 ? 8 : 7);
    need(Number.isInteger(length) && length >= 0 && from + length <= this.bytes.length);
    return { value, dictionary: value, data: this.bytes.subarray(from, from + length) };
  }

  async decoded(dictionary, data) {
    const filter = await this.resolved(dictionary.get("Filter"));
    if (filter === undefined) return data;
    need((filter instanceof Name ? filter : filter?.length === 1 && filter[0])?.text === "FlateDecode");
    const given = await this.resolved(dictionary.get("DecodeParms"));
    return unpredicted(await inflate(data), Array.isArray(given) ? given[0] : given);
  }

  async object(reference) {
    need(!this.pending.has(reference.number));
    this.pending.add(reference.number);
    const found = await this.placed(reference);
    this.pending.delete(reference.number);
    return found;
  }

  async placed(reference) {
    const where = this.places.get(reference.number);
    need(where !== undefined && where !== null);
    if (where.offset !== undefined) return this.indirect(where.offset, reference.number);
    const container = this.places.get(where.within);
    need(container?.offset !== undefined);
    const { dictionary, data } = await this.indirect(container.offset, where.within);
    need(dictionary?.get("Type")?.text === "ObjStm");
    const bytes = await this.decoded(dictionary, data);
    const lexer = new Lexer(bytes, 0);
    let offset = 0;
    for (let index = 0; index <= where.index; index += 1) [, offset] = [lexer.object(), lexer.object()];
    return { value: new Lexer(bytes, dictionary.get("First") + offset).object() };
  }

  async resolved(value) {
    return value instanceof Ref ? (await this.object(value)).value : value;
  }

  /** The files that belong to the document, and those that its list of attachments has besides. */
  async files() {
    const catalog = await this.resolved(this.trailer.get("Root"));
    need(catalog instanceof Map);
    const associated = (await this.resolved(catalog.get("AF"))) ?? [];
    need(Array.isArray(associated));
    const names = await this.resolved(catalog.get("Names"));
    const tree = names instanceof Map ? await this.resolved(names.get("EmbeddedFiles")) : undefined;
    return { associated, embedded: await this.leaves(tree, 0) };
  }

  async leaves(node, depth) {
    need(depth < DEEPEST);
    if (!(node instanceof Map)) return [];
    const own = ((await this.resolved(node.get("Names"))) ?? []).filter((_, index) => index % 2 === 1);
    for (const kid of (await this.resolved(node.get("Kids"))) ?? []) own.push(...(await this.leaves(await this.resolved(kid), depth + 1)));
    return own;
  }
}

/** Whether a file specification is of a certificate, by its name. */
async function isCertificate(document, file) {
  const spec = await document.resolved(file);
  const names = spec instanceof Map ? [spec.get("F"), spec.get("UF")] : [];
  return names.some((name) => typeof name === "string" && name.endsWith(".cose"));
}

async function attached(bytes) {
  const document = await new Document(bytes).open();
  need(!document.trailer.has("Encrypt"));
  const { associated, embedded } = await document.files();
  const found = [];
  for (const file of associated) if (await isCertificate(document, file)) found.push(file);
  need(found.length === 1);
  // Which one would the page show? One that is attached beside it, and not the same, makes two.
  for (const file of embedded) need(!(await isCertificate(document, file)) || file.number === found[0].number);
  const spec = await document.resolved(found[0]);
  const content = await document.resolved(spec.get("EF"));
  need(content instanceof Map && content.get("F") instanceof Ref);
  const { dictionary, data } = await document.object(content.get("F"));
  need(dictionary !== undefined && !dictionary.has("Filter"));
  return data;
}

/** The certificate in a PDF: its one associated file whose name ends in `.cose`, kept uncompressed. */
export async function fromPdf(bytes) {
  if (bytes.length > MAX_BYTES) throw new Refused("too-long");
  return parse(await attached(bytes));
}
