// What a certificate proves and what it does not, check by check: src/certificate/verify.rs, written a second time.

import { hex, same, sha256 } from "./bytes.js";
import { toBeSigned } from "./cose.js";
import { verifies } from "./ed25519.js";
import { SIMULATION_KEY } from "./trust.js";
import { blocksOf, exceptionsHold, isGood, methodHolds, outcomeFlaw, schemeHolds, timesHold } from "./founded.js";

/** What is wrong, in words. */
export const FLAWS = {
  simulated: "SIMULATED: no drive was erased. This is a demonstration and proves nothing",
  "key-id": "the key id is not that of the key in the certificate",
  signature: "the signature does not fit: something was changed after signing, or another key signed it",
  size: "the size of the drive is no whole number of its blocks",
  "other-steps":
    "the steps are not those of the named row of the decision table on such a drive, or attain another level than stated",
  "other-passes": "the passes or the read-back are not those of the overwrite scheme that is named",
  unfounded: "the outcome says more than the steps, the passes, the markers, the read-back and the reasons bear out",
  unreasoned: "the outcome is a bad one, but no reason for that is given",
  "too-mild": "the outcome is \"indeterminate\", but the reasons say that the drive is not erased",
  "exception-left-out": "an exception that follows from the other fields is not stated",
  times: "start, end, duration and time of issue contradict each other",
  log: "the place in the log is not a possible one",
  "delegation-signature": "the delegation names the organisation, but is not signed with its key",
  "delegation-period": "the delegation does not cover the time of issue",
  revoked: "the key was revoked, and this certificate is later than the last that is accepted",
  "other-than-accepted": "the key was revoked, and the certificate that is accepted under this number is another one, or not known",
  "needs-chain":
    "the key was revoked: this needs the chain up to the last accepted certificate to be told from a forgery. Give those as well",
  "other-than-collected": "the organisation has collected another certificate under this number",
  "other-evidence":
    "this is not the evidence that the certificate names (its SHA-256 differs). Take the file that was saved beside it",
};

/** A certificate with what follows from its key: fingerprint, and whether it is a demonstration. */
export async function identified(certificate) {
  const digest = await sha256(certificate.key);
  const isSimulated = certificate.claims.statement.device.simulated !== null;
  const isSimulation = certificate.isSimulationType || isSimulated || hex(certificate.key) === SIMULATION_KEY;
  return { ...certificate, keyDigest: digest, fingerprint: digest.subarray(0, 8), isSimulation };
}

/** Each check in a fixed order: its name, and the code of what is wrong or null. */
export async function verify(certificate) {
  const { claims, kid, fingerprint, keyDigest, envelope, key, isSimulationType } = certificate;
  const { statement } = claims;
  const { device, link } = statement;
  const check = (name, holds, flaw) => ({ name, code: holds ? null : flaw });
  const blocks = blocksOf(device);
  const agrees = isSimulationType === (device.simulated !== null);
  const isSigned = agrees && (await verifies(key, toBeSigned(envelope), envelope.signature));
  return [
    check("simulation", !certificate.isSimulation, "simulated"),
    check("key id", same(kid, fingerprint), "key-id"),
    check("signature", isSigned, "signature"),
    check("drive", (blocks !== null && blocks > 0n) || !isGood(statement.outcome), "size"),
    check("method", methodHolds(statement), "other-steps"),
    check("scheme", schemeHolds(statement), "other-passes"),
    { name: "outcome", code: outcomeFlaw(statement) },
    check("exceptions", exceptionsHold(statement), "exception-left-out"),
    check("times", timesHold(claims), "times"),
    check("log", link.seq > 0n && (link.seq > 1n || same(link.prev, keyDigest)), "log"),
  ];
}

/** Whether a file is the evidence that the certificate names. What follows from it is for `purgeproof verify` to derive. */
export async function evidenceCheck(certificate, bundle) {
  const isSame = same(await sha256(bundle), certificate.claims.statement.evidence);
  return { name: "evidence", code: isSame ? null : "other-evidence" };
}
