// The words of the product, the same as on its screen and its PDF: those of src/core and of src/certificate/rows.rs.

import { isUnasked } from "./table.js";

export const OUTCOME = { Purged: "PURGED", Cleared: "CLEARED", NotErased: "NOT ERASED", Indeterminate: "INDETERMINATE" };

export const TECHNIQUE = {
  SanitizeCryptoErase: "Sanitize: Crypto Erase",
  SanitizeBlockErase: "Sanitize: Block Erase",
  SanitizeOverwrite: "Sanitize: Overwrite",
  TcgRevert: "TCG Revert (PSID)",
  SecurityEraseEnhanced: "Security Erase (enhanced)",
  SecurityEraseNormal: "Security Erase (normal)",
  FormatCryptoErase: "Format: Cryptographic Erase",
  FormatUserDataErase: "Format: User Data Erase",
  FormatUnit: "Format Unit",
  EraseAndSanitize: "eMMC Erase and Sanitize",
  SecureErase: "eMMC Secure Erase",
  Overwrite: "Overwrite",
};

export const SERIAL_SOURCE = {
  NvmeIdentify: "NVMe Identify Controller",
  AtaIdentify: "ATA IDENTIFY DEVICE",
  ScsiVpd80: "SCSI VPD page 80h",
  MmcCid: "MMC CID register",
  Virtio: "virtio (given by the hypervisor)",
  UsbDescriptor: "USB descriptor (may be the bridge's, not the drive's)",
  File: "file name",
};

export const STREAM = {
  ChaCha20:
    "ChaCha20, 256-bit key, 64-bit little-endian block counter from 0, nonce 0; byte n of the keystream at byte n of the drive",
  Aes256Ctr:
    "AES-256-CTR, 256-bit key, 128-bit big-endian block counter from 0, no nonce; byte n of the keystream at byte n of the drive",
};

export const OBSTACLE = {
  Frozen: "its security commands are frozen by the machine's firmware",
  Locked: "it is locked by a password that is not known",
  WriteProtected: "it is write-protected by its own setting",
  Sanitizing: "it is sanitizing itself already",
  SanitizeFailed: "an earlier sanitize of it failed",
};

const AREA = {
  HostProtectedArea: "Host Protected Area (HPA)",
  DeviceConfigurationOverlay: "Device Configuration Overlay (DCO)",
  AccessibleMaxAddress: "Accessible Max Address (AMAC)",
  CapacityRestriction: "capacity restriction",
  UnattachedNamespaces: "unattached namespaces",
  UnallocatedCapacity: "unallocated capacity",
  BootPartitions: "boot partitions",
  GeneralPurposePartitions: "general purpose partitions",
  ReplayProtectedMemory: "replay protected memory (RPMB)",
  PersistentMemoryRegion: "persistent memory region (PMR)",
  OtherNamespaces: "other namespaces of the drive",
};

export const EXCEPTION = {
  SpareBlocksNotAddressed:
    "Blocks that the drive keeps in reserve, has retired or remapped cannot be addressed by the host and were not overwritten.",
  HiddenAreasNotProbed:
    "Areas that a drive can hide from the host (HPA, DCO, AMAC, unattached namespaces, boot partitions) were not looked for.",
  FirmwareErasureNotProbed: "Whether the drive has a stronger technique could not be established; the plan says why.",
  StrongerTechniqueFailed:
    "A stronger technique was tried first, and the drive refused it, failed at it or did not do what it reported.",
  FirmwareTrusted:
    "The erase is left to the drive's own firmware. Seen were its reports and the blocks that the host can read; not seen were spare, " +
    "retired and remapped blocks, and other copies of data or keys.",
  CryptoEraseConditions:
    "The level rests on the destruction of a key. That all data were encrypted with it from the first day on, and that no copy of it is " +
    "left, is the maker's claim (SP 800-88 Rev. 2, §3.2).",
  HiddenAreaKept: "The drive has areas that the host cannot erase or open; they stand under hidden areas.",
  HiddenAreaUnknown:
    "Whether the drive hides areas from the host could not be established; which, and why, stands under hidden areas.",
  OtherNamespaces:
    "One namespace of the drive was erased. The drive has others, or may have: to the host each is a disk of its own with the same serial " +
    "number, and this record says nothing about them.",
  ImplausiblyFast: "The drive erased itself in much less time than it estimates itself.",
  NotUniform: "After its erase the drive does not hold one byte repeated: old data that look random could not be told from that.",
  BehindBridge: "The drive is attached through USB: serial number and size may be the bridge's, not the drive's.",
  WeakIdentity: "The drive reports no serial number and no worldwide name: this record cannot tell it from its like.",
  Sampled: "Only a random sample was read back, not every block.",
  RecoveredFromJournal:
    "The run that did this left no certificate. This one was made at a later start from the stick's journal, as far as that goes.",
  ResumedOverwrite:
    "The overwrite was interrupted and resumed. That all of what had been written before was still there was checked at samples, not block " +
    "by block.",
  FileNotDevice:
    "An image file or loop device was overwritten, not a drive: what its filesystem keeps elsewhere (copies on write, snapshots, spare " +
    "blocks) was not addressed.",
  DrivesMayBeHidden:
    "The machine has a storage controller that may hide drives, named under the machine: this record is about one drive, and says nothing " +
    "about others that the machine may hold.",
  ClockImplausible: "The machine's clock was certainly wrong: the times of this record are not to be relied on.",
};

/** `2026-11-21 09:05:07 UTC`, of any second that a certificate can name. */
export function civil(unix) {
  // Howard Hinnant, "chrono-compatible low-level date algorithms", civil_from_days: beyond what a Date holds too.
  const [days, rest] = [unix / 86_400n + 719_468n, Number(unix % 86_400n)];
  const [era, day] = [days / 146_097n, Number(days % 146_097n)];
  const whole = Math.floor;
  const year = whole((day - whole(day / 1460) + whole(day / 36_524) - whole(day / 146_096)) / 365);
  const dayOfYear = day - (365 * year + whole(year / 4) - whole(year / 100));
  const fromMarch = whole((5 * dayOfYear + 2) / 153);
  const month = fromMarch < 10 ? fromMarch + 3 : fromMarch - 9;
  const two = (number) => String(number).padStart(2, "0");
  const date = dayOfYear - whole((153 * fromMarch + 2) / 5) + 1;
  const ofEra = era * 400n + BigInt(year + (month <= 2 ? 1 : 0));
  const clock = [whole(rest / 3600), whole(rest / 60) % 60, rest % 60].map(two).join(":");
  return `${String(ofEra).padStart(4, "0")}-${two(month)}-${two(date)} ${clock} UTC`;
}

/** `2 h 05 min 09 s`. */
export function duration(ms) {
  const seconds = ms / 1000n;
  const [h, min, s] = [seconds / 3600n, (seconds / 60n) % 60n, seconds % 60n];
  const two = (number) => String(number).padStart(2, "0");
  if (seconds === 0n) return `${ms} ms`;
  if (h > 0n) return `${h} h ${two(min)} min ${two(s)} s`;
  return min > 0n ? `${min} min ${two(s)} s` : `${s} s`;
}

/** Three significant digits in decimal units, as drives are sold. */
export function size(bytes) {
  if (bytes < 1000n) return `${bytes} B`;
  const step = 10n ** BigInt(String(bytes).length - 3);
  const rounded = ((bytes + step / 2n) / step) * step;
  const digits = String(rounded);
  const unit = Math.min(Math.floor((digits.length - 1) / 3), 6);
  const places = 2 - ((digits.length - 1) % 3);
  const value = Number(digits.slice(0, 3)) / 10 ** places;
  return `${value.toFixed(places)} ${["", "kB", "MB", "GB", "TB", "PB", "EB"][unit]}`;
}

/** Digits in groups of three. */
export const thousands = (number) => String(number).replace(/\B(?=(?:\d{3})+$)/g, ",");

function rate(bits) {
  const tenths = bits / 100_000_000n;
  if (tenths < 10n) return `${bits / 1_000_000n} Mb/s`;
  return tenths % 10n === 0n ? `${tenths / 10n} Gb/s` : `${tenths / 10n}.${tenths % 10n} Gb/s`;
}

export function pattern({ random, bytes }) {
  if (random) return "random";
  const digits = bytes.map((byte) => byte.toString(16).toUpperCase().padStart(2, "0")).join("");
  return { "00": "zeros", FF: "ones" }[digits] ?? `0x${digits}`;
}

/** Passes in few words, like ones in a row once. */
export function passes(patterns) {
  const runs = [];
  for (const word of patterns.map(pattern)) {
    if (runs.at(-1)?.word === word) runs.at(-1).count += 1;
    else runs.push({ word, count: 1 });
  }
  return runs.map(({ word, count }) => (count === 1 ? word : `${count} x ${word}`)).join(", ");
}

export function hidden({ area, found, detail }) {
  const said = {
    nothing: "none",
    closed: `${detail} bytes`,
    opened: `${detail} bytes, opened before the erase`,
    unknown: `not known (${String(detail).replace(/\.+$/, "")})`,
  };
  return `${AREA[area]}: ${said[found]}`;
}

export function consent({ by, word, second }) {
  if (by === "both") return `operator and "${second}", who both typed "${word}" from the serial number`;
  return by === "operator" ? `operator, who typed "${word}" from the serial number` : `unattended policy, rule "${word}"`;
}

export function interruption(it) {
  let text = `${civil(it.since)}, resumed ${civil(it.until)}`;
  if (it.left === true) text += "; the drive had left";
  if (it.lookedAt === null) text += "; interrupted again at once";
  else if (it.lookedAt > 0n && it.lost === null) text += `; ${it.lookedAt} blocks looked at, all as written`;
  else if (it.lookedAt > 0n) text += `; ${it.lost} of ${it.lookedAt} blocks looked at were not as written, so all was written again`;
  if (it.pass !== null && it.from !== null) text += `; pass ${it.pass} from LBA ${it.from}`;
  else if (it.lookedAt !== null) text += "; every pass was written";
  if (it.machine !== null) text += `; on another machine: ${it.machine}`;
  text += `; leave by ${consent(it.consent)}`;
  return it.superseded === null ? text : `${text}; supersedes certificate ${it.superseded}`;
}

export function reformat({ to, end, detail }) {
  const said = {
    "not-begun": `not formatted to ${to}-byte blocks: the drive was not asked`,
    open: `the format to ${to}-byte blocks was begun, and no end of it is recorded`,
    done: `formatted to ${to}-byte blocks: ${detail} of them`,
    failed: `the format to ${to}-byte blocks was asked for and failed: ${detail}`,
  };
  return said[end];
}

const blocks = (count) => (count === 1n ? "1 block" : `${count} blocks`);
const saturated = (value) => (value > 0xffff_ffff_ffff_ffffn ? 0xffff_ffff_ffff_ffffn : value);

function extent({ start, count }) {
  const end = saturated(start + count);
  return count === 1n ? `LBA ${start}` : `LBA ${start}-${end > 0n ? end - 1n : 0n}`;
}

const regions = (all) => all.slice(0, 4).map(extent).join(", ") + (all.length > 4 ? ", …" : "");

/** Parts per million as a percentage with four decimals at most. */
function percent(ppm) {
  const text = `${ppm / 10_000n}.${String(ppm % 10_000n).padStart(4, "0")}`;
  return `${text.replace(/0+$/, "").replace(/\.+$/, "")} %`;
}

/** What the blocks of an erased drive hold. */
function content(constant) {
  if (constant === null) return "with content that is not constant, as after a change of key";
  const digits = constant.toString(16).toUpperCase().padStart(2, "0");
  return { "00": "and held zeros", FF: "and held ones" }[digits] ?? `and held the byte 0x${digits} repeated`;
}

const noticed = (bound) =>
  `if more than ${percent(bound)} of the blocks had kept old content, this would have been noticed with 99 % probability`;

const NOT_OPENED = {
  gone: "the drive is no longer attached. Check cable and power, then plug it in again",
  busy: "somebody else is using the drive (EBUSY). Unmount it or stop what uses it, then start again",
};

const REASON = {
  AllReadBack: () => "every addressable block was written, and every block read back as written",
  SampleReadBack: (it) => `every addressable block was written; ${it.places} places drawn at random read back as written: ${noticed(it.bound)}`,
  ErasedByDrive: (it) =>
    `the drive erased itself and reports that as complete: ${it.techniques.map((one) => TECHNIQUE[one]).join(", then ")}`,
  MarkersGone: (it) => `nothing was left at ${it.places} places drawn and marked just before: ${noticed(it.bound)}`,
  AllErased: (it) => `every block could be read back, ${content(it.constant)}`,
  SampleErased: (it) => `${it.places} places drawn at random could be read back, ${content(it.constant)}`,
  NothingWritten: () => "nothing was written to the drive",
  InTheWay: (it) => `the drive cannot be erased: ${OBSTACLE[it.obstacle]}`,
  HiddenAreaKept: (it) =>
    isUnasked(it.hidden)
      ? `beyond what the drive shows, old data may be left in an area that it could not be asked for and that nothing reached: ` +
        `${hidden(it.hidden)}. Attach the drive to a SATA port of the mainboard and erase it again there`
      : `an area of the drive was not opened and not erased: ${hidden(it.hidden)}`,
  TooHot: () => "the drive stayed hotter than its own limit. Cool it and start again",
  Refused: (it) => `the drive refused ${TECHNIQUE[it.technique]}: ${it.why}`,
  EraseFailed: (it) => `the drive reports that ${TECHNIQUE[it.technique]} failed: ${it.why}`,
  Ignored: (it) => `the drive took the command for ${TECHNIQUE[it.technique]} and then reported that nothing was begun`,
  NoAnswer: (it) => `no answer to ${TECHNIQUE[it.technique]}: ${it.why}`,
  StatusUnreadable: (it) => `the drive's erase status cannot be read: ${it.why}`,
  Stalled: (it) =>
    `the drive's erase has not moved for ${it.seconds} s. Leave it powered and start again later: it may still be at work`,
  GoneWhileErasing: () => "the drive disappeared while it was erasing itself",
  LeftInDisorder: (it) => `after the erase, ${it.what}`,
  Survived: (it) => {
    const places = (count) => `${count} ${count === 1n ? "place" : "places"}`;
    return (
      `the drive reports an erase that did not happen: the marker is still at ${places(it.markers)}, old data beside it at ` +
      `${places(it.witnesses)}, first at LBA ${it.listed[0] ?? 0n}`
    );
  },
  Unchanged: (it) => {
    const pages = it.places === 1n ? "1 page reads" : `${it.places} pages read`;
    return `old data is still there: ${pages} the same, byte for byte, as before the erase, first at LBA ${it.listed[0] ?? 0n}`;
  },
  MarkersTooFew: (it) =>
    `only ${it.landed} of ${it.places} marker blocks could be written or looked at, too few to check the drive's word`,
  ImplausiblyFast: (it) => `the drive reports to have written all its blocks in ${it.took} ms, which no drive can`,
  FasterThanItsLink: (it) =>
    `${size(it.bytes)} are said to have been moved in ${it.took} ms, more than its link of ${rate(it.link)} carries`,
  NotOpened: (it) =>
    NOT_OPENED[it.how] ?? `the kernel refused to open the drive for writing (error ${it.errno}). Check its write protection`,
  OtherDrive: () => "another drive answered in its place, so nothing was written",
  Unwritable: (it) => `${blocks(it.blocks)} could not be written: ${regions(it.listed)}`,
  Unreadable: (it) => `${blocks(it.blocks)} could not be read back: ${regions(it.listed)}`,
  Mismatch: (it) =>
    `${blocks(it.blocks)} did not read back as expected, first at ${it.listed.slice(0, 4).map((lba) => `LBA ${lba}`).join(", ")}`,
  Abandoned: (it) => `the drive failed or left unanswered what was asked of it and was given up at LBA ${it.lba}`,
  GoneWhileWriting: () => "the drive disappeared while it was being overwritten",
  GoneWhileReading: () => "the drive disappeared before its erase was checked",
  NotFlushed: () => "the drive would not confirm that the data reached the medium (flush failed)",
  Stopped: () => "the operator stopped the job",
  Crashed: () => "a fault of PurgeProof ended the job. Please report it with the journal",
  Unfinished: () => "the record ends before the job did (power cut, reset or a pulled plug)",
};

export const reason = (it) => REASON[it.kind](it);
