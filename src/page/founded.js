// Whether the outcome of a certificate follows from its other fields: the rules of src/certificate/founded.rs, written a second time.

import { allows, isBeside, isCryptographic, isFirmware, isInDoubt, isKept, keepsUserData, level, levelOf, scheme } from "./table.js";

const GOOD = ["AllReadBack", "SampleReadBack", "ErasedByDrive", "MarkersGone", "AllErased", "SampleErased"];
const BAD = [
  "NothingWritten", "Unwritable", "Unreadable", "Mismatch", "Abandoned", "Survived", "Unchanged", "EraseFailed", "InTheWay",
  "HiddenAreaKept",
];
const WORDS = { Purge: "Purged", Clear: "Cleared" };
/** Places of a sample, and of a tenth (src/core/sample.rs). */
const STRATA = 4608n;
const TENTH_STRATA = 2000n;
const MOST = 0xffff_ffff_ffff_ffffn;
const saturated = (value) => (value > MOST ? MOST : value);
const ceil = (value, by) => (value + by - 1n) / by;
const isSame = (one, other) => JSON.stringify(one) === JSON.stringify(other);

export const isGood = (outcome) => outcome === "Purged" || outcome === "Cleared";

/** The way that was gone last. */
export const lastWay = (statement) => statement.method.ways.at(-1);

/** What of a way the drive's firmware has to do. */
export const firmwareOf = (way) => (way?.steps ?? []).filter(isFirmware);

const overwrites = (way) => way.steps.includes("Overwrite");

/** How many logical blocks the drive has, opened areas included; null if its size is no whole number of them. */
export function blocksOf(device) {
  const [block, bytes] = [BigInt(device.logicalBlock), device.openedBytes ?? device.bytes];
  return block > 0n && bytes % block === 0n ? bytes / block : null;
}

/** The share in ppm that may have survived at most, with 99 % confidence: −ln 0.01 / n. */
export function boundPpm(clean) {
  if (clean === 0n) return 1_000_000n;
  const bound = ceil(4_605_171n, clean);
  return bound > 1_000_000n ? 1_000_000n : bound;
}

/** What is wrong with the outcome; null if nothing is. */
export function outcomeFlaw(statement) {
  const kinds = statement.reasons.map((reason) => reason.kind);
  if (isGood(statement.outcome)) return isWellFounded(statement) ? null : "unfounded";
  if (kinds.length === 0 || kinds.some((kind) => GOOD.includes(kind))) return "unreasoned";
  return statement.outcome === "Indeterminate" && kinds.some((kind) => BAD.includes(kind)) ? "too-mild" : null;
}

/** A good word needs the whole of one way: every firmware step, every pass over every block, and the read-back that was set out for. */
function isWellFounded(statement) {
  const { method, device, reasons } = statement;
  const way = lastWay(statement);
  if (way === undefined) return false;
  const firmware = firmwareOf(way);
  let rest = reasons;
  if (firmware.length > 0) {
    const [byDrive, markers, ...others] = reasons;
    if (byDrive === undefined || markers === undefined || !isDone(way, firmware)) return false;
    if (byDrive.kind !== "ErasedByDrive" || !isSame(byDrive.techniques, firmware) || !markersHold(statement, way, markers)) return false;
    rest = others;
  }
  const all = blocksOf(device);
  if (rest.length !== 1 || all === null) return false;
  const isWritten = method.written.length === method.passes.length && method.written.every((blocks) => blocks === all);
  const isOverwritten = (method.passes.length > 0) === overwrites(way) && isWritten;
  const keepsArea = statement.hidden.some((hidden) => keepsUserData(hidden, device.transport, firmware));
  return statement.outcome === WORDS[way.level] && isOverwritten && !keepsArea && readBackHolds(statement, way, all, rest[0]);
}

/** The drive reports the last of its steps as complete, in their order, and nothing was asked of it after them. */
function isDone(way, firmware) {
  const completed = way.asked.filter((step) => step.end === "completed").map((step) => step.technique);
  return isSame(completed.slice(-firmware.length), firmware) && way.asked.at(-1)?.end === "completed";
}

/** None was left of enough of them; or there were too few, and what the host overwrote and read back needs none. */
function markersHold(statement, way, reason) {
  const markers = statement.verification.markers;
  const sought = markers?.sought ?? null;
  if (sought === null || sought.left !== 0n || sought.witnessesLeft !== 0n) return false;
  const places = saturated(sought.left + sought.constant + sought.other + (sought.blank ?? 0n));
  const counted = places < markers.landed ? places : markers.landed;
  if (counted > 0n && saturated(counted * 2n) >= markers.places) {
    return reason.kind === "MarkersGone" && reason.places === places && reason.bound === boundPpm(places);
  }
  const standsAlone = overwrites(way) && way.level === "Clear";
  return standsAlone && reason.kind === "MarkersTooFew" && reason.landed === counted && reason.places === markers.places;
}

/** The byte that an expectation is, if it is one repeated. */
const byteOf = (expect) => (expect?.bytes?.length === 1 ? expect.bytes[0] : null);

/** The read-back that the reason speaks of is the one of the fields. */
function readBackHolds(statement, way, all, reason) {
  const { coverage, places, wanted, read, expect, constant } = statement.verification;
  const held = byteOf(expect) ?? constant;
  const isAll = read === all;
  const isSample = coverage !== "full" && reason.places === places && read !== null && suffices(coverage, places, read, all);
  const told = {
    AllReadBack: () => overwrites(way) && isAll,
    SampleReadBack: () => overwrites(way) && isSample && reason.bound === boundPpm(reason.places),
    AllErased: () => !overwrites(way) && isAll && reason.constant === held,
    SampleErased: () => !overwrites(way) && isSample && reason.constant === held,
  };
  const isTold = Object.hasOwn(told, reason.kind) && told[reason.kind]();
  const isExpected = overwrites(way) ? isSame(expect, statement.method.passes.at(-1)) : expect !== null;
  return isTold && isExpected && wanted !== null && read === wanted;
}

function suffices(coverage, places, read, all) {
  if (coverage === "sample") return places >= STRATA && read >= places;
  return places >= TENTH_STRATA && read >= ceil(all, 10n);
}

/** The ways are rows of the decision table for this drive, each with the level that its steps attain, none below what there was leave for. */
export function methodHolds(statement) {
  const { method, device, outcome } = statement;
  const rank = (word) => (word === "Purge" ? 2 : 1);
  const isRow = (way) =>
    allows(way.row, way.steps, device.transport, device.medium) &&
    level(way.steps, device.medium) === way.level &&
    rank(way.level) >= rank(method.floor) &&
    way.asked.every((step) => firmwareOf(way).includes(step.technique));
  const [first, last] = [method.ways[0], lastWay(statement)];
  if (first === undefined || first.level !== method.level || !method.ways.every(isRow)) return false;
  const isSorted = method.ways.every((way, index) => index === 0 || rank(method.ways[index - 1].level) >= rank(way.level));
  const attaining = last.steps.find((step) => levelOf(step, device.medium) === last.level);
  const setbacks = method.setbacks;
  return (
    isSorted &&
    attaining === method.technique &&
    (setbacks === null || (setbacks.length > 0 && method.ways.length > 1)) &&
    (!isGood(outcome) || (setbacks !== null) === method.ways.length > 1)
  );
}

/** The keystream of the random passes; null if there is none. */
export function streamOf(method) {
  return method.passes.some((pass) => pass.random) ? (method.otherStream ?? "ChaCha20") : null;
}

/** The passes are those of the scheme that is named, if the table has it, and a random pass before them has its ground. */
export function schemeHolds(statement) {
  const { method, verification } = statement;
  if (method.otherStream !== null && (streamOf(method) !== method.otherStream || method.otherStream === "ChaCha20")) return false;
  if (method.front !== null) {
    const isRandom = method.passes[0]?.random === true && !method.passes.slice(1).some((pass) => pass.random);
    if (!isRandom || method.passes.length < 2 || saturated(method.front.zeros * 2n) >= method.front.random) return false;
  }
  if (method.scheme === null) return true;
  const passes = method.passes.slice(method.front === null ? 0 : 1);
  const own = scheme(method.scheme, passes);
  return passes.length > 0 && (own === null || (own.isWritten && (!own.wantsFull || verification.coverage === "full")));
}

/** The level is attained by changing a key, and by nothing else. */
function restsOnKey(device, firmware) {
  const own = level(firmware, device.medium);
  const attaining = firmware.filter((step) => levelOf(step, device.medium) === own);
  return attaining.length > 0 && attaining.every(isCryptographic);
}

/** The drive took less than a tenth of the time that it says itself. */
function isHasty(way) {
  return way.asked.some(
    (step) => step.end === "completed" && step.estimate !== null && step.estimate >= 10n && step.took < saturated(step.estimate * 100n),
  );
}

/** What had been written before an interruption was taken for written. */
function restsOnWritten(interruption) {
  const isAnew = interruption.pass === 1 && interruption.from === 0n;
  return interruption.lookedAt !== null && interruption.lost === null && !isAnew;
}

/** The exceptions whose ground is in the certificate itself. */
function dueExceptions({ device, method, verification, hidden, reasons, time, host }) {
  const [isDevice, firmware] = [device.transport !== "file", firmwareOf(method.ways.at(-1))];
  const has = (...kinds) => reasons.some((reason) => kinds.includes(reason.kind));
  const isMixed = reasons.some((reason) => ["AllErased", "SampleErased"].includes(reason.kind) && reason.constant === null);
  const lastInterruption = time.interruptions?.at(-1);
  const due = {
    WeakIdentity: device.serial === null && device.wwn === null,
    BehindBridge: device.serialSource === "UsbDescriptor" || device.transport === "USB",
    StrongerTechniqueFailed: method.setbacks !== null,
    FirmwareTrusted: firmware.length > 0,
    SpareBlocksNotAddressed: firmware.length === 0 && isDevice,
    CryptoEraseConditions: restsOnKey(device, firmware),
    HiddenAreasNotProbed: isDevice && hidden.length === 0,
    HiddenAreaKept: hidden.some((area) => isKept(area, firmware)),
    HiddenAreaUnknown: hidden.some((area) => isInDoubt(area, device.transport, firmware)),
    OtherNamespaces: hidden.some(isBeside),
    FirmwareErasureNotProbed: method.considered.some((one) => one.support === "unknown"),
    ImplausiblyFast: method.ways.some(isHasty),
    NotUniform: isMixed && verification.expect === "erased",
    Sampled: has("SampleReadBack", "SampleErased"),
    ResumedOverwrite: has("SampleReadBack") && lastInterruption !== undefined && restsOnWritten(lastInterruption),
    FileNotDevice: !isDevice,
    DrivesMayBeHidden: host.concealing !== null,
    ClockImplausible: time.source === "implausible",
  };
  return Object.keys(due).filter((exception) => due[exception]);
}

export function exceptionsHold(statement) {
  return dueExceptions(statement).every((exception) => statement.exceptions.includes(exception));
}

/** Start, end, duration and time of issue do not contradict each other. */
export function timesHold({ issued, statement: { time } }) {
  const between = time.end - time.start;
  const isOneRun = time.interruptions === null;
  const restsHold = time.rests === null || (time.rests.count > 0 && time.rests.ms <= time.duration);
  return between >= 0n && (between === time.duration / 1000n || !isOneRun) && issued >= time.end && restsHold;
}
