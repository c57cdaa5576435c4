// What the standards and the texts on overwriting are taken to say: the decision table, the levels, and the schemes. As in src/core/table.rs,
// technique.rs, scheme.rs and capability.rs, of which this is a second writing.

/** Row: kind of drive, then its steps; `?` where the drive may lack it. */
const ROWS = {
  N2: ["Nvme", "SanitizeCryptoErase?", "SanitizeBlockErase"],
  N3: ["Nvme", "SanitizeCryptoErase", "Overwrite"],
  N4: ["Nvme", "SanitizeOverwrite"],
  N5: ["Nvme", "TcgRevert", "FormatUserDataErase?"],
  N6: ["Nvme", "FormatCryptoErase", "Overwrite"],
  N7: ["Nvme", "FormatUserDataErase", "Overwrite"],
  N8: ["Nvme", "Overwrite"],
  A1: ["AtaFlash", "SanitizeCryptoErase?", "SanitizeBlockErase"],
  A2: ["AtaFlash", "SanitizeCryptoErase", "Overwrite"],
  A1b: ["AtaFlash", "SanitizeOverwrite"],
  A3: ["AtaFlash", "TcgRevert", "Overwrite"],
  A4: ["AtaFlash", "SecurityEraseEnhanced", "Overwrite"],
  A4b: ["AtaFlash", "SecurityEraseNormal", "Overwrite"],
  A5: ["AtaFlash", "Overwrite"],
  H1: ["AtaMagnetic", "SanitizeOverwrite"],
  H2: ["AtaMagnetic", "SanitizeCryptoErase", "Overwrite"],
  H2b: ["AtaMagnetic", "TcgRevert", "Overwrite"],
  H3: ["AtaMagnetic", "SecurityEraseEnhanced"],
  H4: ["AtaMagnetic", "SecurityEraseNormal"],
  H5: ["AtaMagnetic", "Overwrite"],
  S1: ["Scsi", "SanitizeCryptoErase?", "SanitizeBlockErase"],
  S3: ["Scsi", "SanitizeOverwrite"],
  S2: ["Scsi", "SanitizeCryptoErase", "Overwrite"],
  S2b: ["Scsi", "TcgRevert", "Overwrite"],
  S4: ["Scsi", "FormatUnit", "Overwrite"],
  S6: ["Scsi", "Overwrite"],
  E1: ["Mmc", "EraseAndSanitize"],
  E2: ["Mmc", "SecureErase"],
  E3: ["Mmc", "Overwrite"],
  X1: ["Other", "Overwrite"],
};

/** The kinds that a drive may be: what is behind SCSI or USB may be an ATA drive. */
function kinds(transport, medium) {
  const ata = medium === "magnetic" ? "AtaMagnetic" : "AtaFlash";
  switch (transport) {
    case "NVMe":
      return ["Nvme"];
    case "ATA":
      return [ata];
    case "SCSI":
      return ["Scsi", ata];
    case "USB":
      return ["Other", ata];
    case "MMC":
      return ["Mmc"];
    default:
      return ["Other"];
  }
}

const isSame = (one, other) => one.length === other.length && one.every((item, index) => item === other[index]);

/** Whether such a drive may go through these steps under the row of this name. */
export function allows(name, steps, transport, medium) {
  if (!Object.hasOwn(ROWS, name)) return false;
  const [kind, ...listed] = ROWS[name];
  const own = listed.filter((step) => !step.endsWith("?") || steps.includes(step.slice(0, -1))).map((step) => step.replace("?", ""));
  // An overwrite may be added where erased blocks cannot be read.
  return kinds(transport, medium).includes(kind) && (isSame(own, steps) || isSame([...own, "Overwrite"], steps));
}

const WHOLE_MEDIUM = ["SanitizeCryptoErase", "SanitizeBlockErase", "SanitizeOverwrite", "TcgRevert"];

/** The level that a technique attains on a medium. */
export function levelOf(technique, medium) {
  const purges = WHOLE_MEDIUM.includes(technique) || (technique === "SecurityEraseEnhanced" && medium === "magnetic");
  return purges ? "Purge" : "Clear";
}

/** The level of steps together: that of the strongest; null for none. */
export function level(steps, medium) {
  if (steps.length === 0) return null;
  return steps.some((step) => levelOf(step, medium) === "Purge") ? "Purge" : "Clear";
}

export const isFirmware = (technique) => technique !== "Overwrite";
export const isCryptographic = (technique) => ["SanitizeCryptoErase", "TcgRevert", "FormatCryptoErase"].includes(technique);

const BY_SETTING = ["HostProtectedArea", "DeviceConfigurationOverlay", "AccessibleMaxAddress"];
const BY_CAPACITY = ["CapacityRestriction", "UnattachedNamespaces", "UnallocatedCapacity"];
const BY_PARTITION = ["BootPartitions", "GeneralPurposePartitions"];

function reaches(area, technique) {
  const whole = WHOLE_MEDIUM.includes(technique);
  if (BY_SETTING.includes(area)) return whole || technique === "SecurityEraseEnhanced";
  if (BY_CAPACITY.includes(area)) return whole;
  return BY_PARTITION.includes(area) && (technique === "EraseAndSanitize" || technique === "SecureErase");
}

function holdsUserData(area, transport) {
  if (area === "BootPartitions") return transport === "MMC";
  return !["ReplayProtectedMemory", "PersistentMemoryRegion", "OtherNamespaces"].includes(area);
}

const isReached = (hidden, steps) => steps.some((step) => reaches(hidden.area, step));

/** Other namespaces of the drive: disks of their own. */
export const isBeside = (hidden) => hidden.area === "OtherNamespaces" && hidden.found !== "nothing";

/** Found, still closed, and out of the reach of these steps. */
export const isKept = (hidden, steps) => hidden.found === "closed" && !isBeside(hidden) && !isReached(hidden, steps);

/** The HPA or AMAC of a drive that could not be asked for it. */
export const isUnasked = (hidden) =>
  hidden.found === "unknown" && ["HostProtectedArea", "AccessibleMaxAddress"].includes(hidden.area);

/** There may be data of the owner's in it, and what becomes of it is not known. */
export function isInDoubt(hidden, transport, steps) {
  const reached = isReached(hidden, steps) && transport !== "MMC";
  return hidden.found === "unknown" && holdsUserData(hidden.area, transport) && !reached;
}

/** It keeps data of the owner's, or may. */
export function keepsUserData(hidden, transport, steps) {
  const counts = transport === "MMC" || isUnasked(hidden);
  return (holdsUserData(hidden.area, transport) && isKept(hidden, steps)) || (counts && isInDoubt(hidden, transport, steps));
}

/** Passes: `R` random, `B` a byte drawn for the job, `N` the complement of the pass before, else bytes in hexadecimal. */
const SCHEMES = {
  "nist-clear": "00",
  "nist-clear-flash": "R !",
  "nist-r1-usb": "B N !",
  "dod-5220.22-m": "00 N R !",
  "dod-5220.22-m-ece": "B N R B B N R !",
  "dod-short": "B N R !",
  "ar-380-19": "R 00 N !",
  "navso-p-5239-26-mfm": "ff fdffffff R !",
  "navso-p-5239-26-rll": "ff e4ffffff R !",
  "afssi-5020": "00 ff B !",
  "rcmp-tssit-ops-ii": "00 ff 00 ff 00 ff B !",
  "bsi-vs-itr": "00 ff 00 ff 00 ff aa",
  "hmg-is5-baseline": "00",
  "hmg-is5-enhanced": "00 ff R !",
  "schneier": "ff 00 R R R R R !",
  "gutmann":
    "R R R R 55 aa 924924 492492 249249 00 11 22 33 44 55 66 77 88 99 aa bb cc dd ee ff 924924 492492 249249 6db6db b6db6d db6db6 " +
    "R R R R !",
  "gost-r-50739-95": "00 R",
  "nnsa-nap-14.1-c": "R R 00 !",
  "bmb21-2019": "ff 00 R R R ff !",
  "pfitzner-7": new Array(7).fill("R").join(" "),
  "pfitzner-33": new Array(33).fill("R").join(" "),
};
/** The fixed patterns of the paper come in an order drawn for the job. */
const SHUFFLED = { gutmann: [4, 31] };

const digits = (pattern) => (pattern.random ? "R" : pattern.bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(""));
const complement = (written) =>
  written === "R" ? null : written.replace(/../g, (pair) => (255 - Number.parseInt(pair, 16)).toString(16).padStart(2, "0"));

function isElement(element, written, before) {
  if (element === "B") return written.length === 2 && written !== "00" && written !== "ff" && written !== before;
  if (element === "N") return before !== undefined && written === complement(before);
  return element === written;
}

/**
 * Whether passes that were written are those of the scheme of this name: null if the table has none of that name; and whether the scheme wants
 * every block read back.
 */
export function scheme(name, passes) {
  if (!Object.hasOwn(SCHEMES, name)) return null;
  const listed = SCHEMES[name].split(" ");
  const wantsFull = listed.at(-1) === "!";
  if (wantsFull) listed.pop();
  const written = passes.map(digits);
  const [from, to] = SHUFFLED[name] ?? [0, 0];
  const order = (all) => [...all.slice(0, from), ...all.slice(from, to).sort(), ...all.slice(to)];
  const [wanted, found] = [order(listed), order(written)];
  const isWritten = wanted.length === found.length && wanted.every((element, index) => isElement(element, found[index], found[index - 1]));
  return { isWritten, wantsFull };
}
