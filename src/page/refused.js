// Why bytes are no certificate: the same words as `purgeproof verify --json` (src/certificate/error.rs).

const REFUSALS = {
  "not-a-certificate":
    "This is not a PurgeProof certificate. Give the .cose file, the PDF, the JSON, the text of the QR code or a picture of it",
  "too-long": "This is longer than any certificate. Give one certificate at a time",
  "malformed": "The certificate is damaged or no certificate. Take another copy of it",
  "algorithm": "The certificate is signed with another algorithm than Ed25519. It was not made by PurgeProof",
  "type": "This is signed, but not as a certificate. Give the certificate itself",
  "version": "The certificate is of another version than 1, the one that this page knows. Take a newer page",
  "trailing-bytes": "Something follows the certificate. Take another copy of it",
  "not-deterministic":
    "The certificate is not written in the one way that certificates are written. It was changed, or not made by PurgeProof",
  "qr-text": "The text of the QR code is damaged. Scan it again, or use the file",
  "series": "Codes of the series are missing, were misread or are of several certificates. Scan all codes of one certificate, a line each",
  "qr-picture": "No QR code could be read in this picture. Take a sharper one, or use the file",
  "trust": "The trust file is damaged or was changed: nothing in it counts. Take another copy from the organisation",
  "trust-of-several": "These are trust files of several organisations. Give one at a time",
  "pdf": "The PDF has no readable certificate attached, or more than one. Use the .cose file that belongs to it",
  "json": "The JSON does not say what the certificate in its member \"cose\" says. It was changed: use the .cose file that belongs to it",
};

/** No certificate: `code` is for programs, the message for people. */
export class Refused extends Error {
  constructor(code) {
    super(REFUSALS[code]);
    this.code = code;
  }
}
