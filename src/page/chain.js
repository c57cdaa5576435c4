// What many certificates show together that none shows alone (src/certificate/chain.rs): copies and forgeries, cloned sticks, what is withheld.
// An entry is a certificate whose signature fits: { name, certificate, digest }.

import { grouped, hex, same } from "./bytes.js";

/** Of a drive that was erased so many times more, the first certificates are named. */
const NAMED = 8;

const linkOf = (entry) => entry.certificate.claims.statement.link;
const keyOf = (entry) => hex(entry.certificate.key);
const placeOf = (entry) => `${keyOf(entry)}/${linkOf(entry).seq}`;
const signedOf = ({ certificate: { envelope } }) => [envelope.protected, envelope.payload, envelope.signature].map(hex).join();

/** Items by what a function says of them, in order. */
function by(items, name) {
  const groups = new Map();
  for (const item of items) groups.set(name(item), [...(groups.get(name(item)) ?? []), item]);
  return [...groups.values()];
}

const alarm = (text) => ({ isAlarm: true, text });
const remark = (text) => ({ isAlarm: false, text });

function copies(entries) {
  const again = by(entries, (entry) => entry.digest).flatMap(([first, ...others]) => others.map((other) => [first, other]));
  return again.map(([first, other]) => remark(`COPY: ${other.name} is ${first.name}, byte for byte. That is harmless`));
}

/** Others that a group has beside its first, with other signed words. */
const different = ([first, ...others]) =>
  others.filter((other) => signedOf(other) !== signedOf(first)).map((other) => [first.name, other.name]);

function forgeries(entries) {
  const pairs = by(entries, (entry) => hex(entry.certificate.claims.id)).flatMap(different);
  return pairs.map(([one, other]) =>
    alarm(`FORGERY: ${one} and ${other} have the same number and say different things. Believe neither before you know which one is false`),
  );
}

function clones(entries) {
  const pairs = by(entries, placeOf).flatMap(different);
  return pairs.map(([one, other]) =>
    alarm(`CLONED STICK: ${one} and ${other} have the same place in the same chain. Two sticks sign with one key: revoke it`),
  );
}

function links(entries) {
  return entries.flatMap((entry) => {
    const { seq, prev } = linkOf(entry);
    const candidates = entries.filter((other) => keyOf(other) === keyOf(entry) && linkOf(other).seq === seq - 1n);
    const before = candidates.find((other) => other.digest === hex(prev));
    if (before === undefined) {
      const text = `BROKEN CHAIN: the certificate before ${entry.name} is not the one that it holds on to. One of the two was exchanged`;
      return candidates.length > 0 ? [alarm(text)] : [];
    }
    const isBack = before.certificate.claims.issued > entry.certificate.claims.issued;
    return isBack ? [remark(`CLOCK: ${entry.name} was issued earlier than the one before it. The stick's clock was set back`)] : [];
  });
}

function gaps(entries, trust) {
  return by(entries, keyOf).flatMap((group) => {
    const [{ certificate }] = group;
    const numbers = [...new Set(group.map((entry) => linkOf(entry).seq))].sort((one, next) => (one < next ? -1 : 1));
    const missing = numbers.flatMap((number, index) => {
      const [from, to] = [(index === 0 ? 0n : numbers[index - 1]) + 1n, number - 1n];
      return from > to ? [] : [from === to ? `${from}` : `${from} to ${to}`];
    });
    const key = grouped(certificate.fingerprint);
    const gap = `GAP: of key ${key}, number ${missing.join(", ")} is not here. If these are meant to be all of that stick, certificates are withheld`;
    const collected = (trust?.checkpoints ?? []).filter((it) => same(it.key, certificate.key)).at(-1)?.seq ?? 0n;
    const last = numbers.at(-1);
    const cut =
      `CUT OFF: of key ${key} number ${last} is the last one here, and number ${collected} was collected before. If this is meant to be all of ` +
      "that stick, its end was taken away";
    return [...(missing.length > 0 ? [remark(gap)] : []), ...(collected > last ? [remark(cut)] : [])];
  });
}

function again(entries) {
  const named = entries.filter((entry) => entry.certificate.claims.statement.device.serial !== null);
  const drives = by(named, ({ certificate: { claims: { statement: { device } } } }) => JSON.stringify([device.model, device.serial]));
  const erasures = drives.map((group) => by(group, (entry) => hex(entry.certificate.claims.id)).map(([first]) => first.name));
  const said = (names) => {
    const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : "";
    return `ERASED AGAIN: the same drive is in ${names.length} certificates: ${names.slice(0, NAMED).join(", ")}${more}`;
  };
  return erasures.filter((names) => names.length > 1).map((names) => remark(said(names)));
}

/** Everything that they show together: what it is, and whether it takes away from what the certificates prove. */
export function findings(entries, trust) {
  const each = by(entries, (entry) => entry.digest).map(([first]) => first);
  return [...forgeries(each), ...clones(each), ...links(each), ...gaps(each, trust), ...again(each), ...copies(entries)];
}
