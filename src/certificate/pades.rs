//! A signature that PDF readers know (`PAdES` baseline B-B, ETSI EN 319 142-1), for people who look for it there. It is another signature
//! by another key (P-256: readers do not know Ed25519), over the bytes of the PDF, and no part of the certificate.

use core::fmt;

use lopdf::{Document, IncrementalDocument, Object, StringFormat, dictionary};
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::der::pem;
use p256::pkcs8::{DecodePrivateKey, EncodePrivateKey, LineEnding};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::archive::text;
use crate::attach;
use crate::civil::Civil;
use crate::der::{bits, first, integer, octets, oid, sequence, set, tagged, utf8, value};

/// What is kept free for the signature in the file.
const ROOM: usize = 6144;
/// A number of as many digits as the length of any PDF of ours has.
const PLACEHOLDER: i64 = 9_999_999_999;
/// The label of a certificate in a key file (RFC 7468 §5).
const CERTIFICATE: &str = "CERTIFICATE";
/// How long a certificate is valid: ten years.
const VALID_S: u64 = 10 * 366 * 86_400;

// RFC 5758, RFC 5480, RFC 5652, RFC 5035, RFC 5280.
const ECDSA_SHA256: [u32; 7] = [1, 2, 840, 10045, 4, 3, 2];
const EC_KEY: [u32; 6] = [1, 2, 840, 10045, 2, 1];
const P256: [u32; 7] = [1, 2, 840, 10045, 3, 1, 7];
const SHA256: [u32; 9] = [2, 16, 840, 1, 101, 3, 4, 2, 1];
const DATA: [u32; 7] = [1, 2, 840, 113_549, 1, 7, 1];
const SIGNED_DATA: [u32; 7] = [1, 2, 840, 113_549, 1, 7, 2];
const CONTENT_TYPE: [u32; 7] = [1, 2, 840, 113_549, 1, 9, 3];
const MESSAGE_DIGEST: [u32; 7] = [1, 2, 840, 113_549, 1, 9, 4];
const SIGNING_CERTIFICATE_V2: [u32; 9] = [1, 2, 840, 113_549, 1, 9, 16, 2, 47];
const COMMON_NAME: [u32; 4] = [2, 5, 4, 3];
const KEY_USAGE: [u32; 4] = [2, 5, 29, 15];

/// A key for signing PDFs, with its X.509 certificate.
pub struct PadesKey {
    key: SigningKey,
    certificate: Vec<u8>,
}

/// Why there is no key or no signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PadesError {
    /// The file holds no private key of P-256 in PKCS #8, or no certificate of it.
    Key,
    /// The PDF cannot be read, or it has a signature or form already.
    Pdf,
    /// The signature takes more room than there is.
    TooLong,
}

impl fmt::Display for PadesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key => {
                "The key file does not hold a P-256 private key (PKCS #8, PEM) and after it its certificate. Make one with `purgeproof \
                 pades init`"
            }
            Self::Pdf => "The PDF cannot be signed: it cannot be read, or it is signed already. Take the PDF as it was made",
            Self::TooLong => "The key's certificate is too long for a PDF. Use one without a long chain of names",
        })
    }
}

impl core::error::Error for PadesError {}

impl PadesKey {
    /// A new key with a self-made certificate for this name. The seed must come from a good source of random numbers.
    ///
    /// # Errors
    /// [`PadesError::Key`] for one seed in 2^32 at most; take another.
    pub fn new(seed: &[u8; 32], name: &str, now_unix_s: u64) -> Result<Self, PadesError> {
        let key = SigningKey::from_slice(seed).map_err(|_| PadesError::Key)?;
        let certificate = self_made(&key, name, now_unix_s);
        Ok(Self { key, certificate })
    }

    /// Reads a key file: the private key (PKCS #8) and its certificate, both as PEM. The certificate may be one that a CA has issued.
    ///
    /// # Errors
    /// [`PadesError::Key`].
    pub fn parse(file: &str) -> Result<Self, PadesError> {
        let at = file.find("-----BEGIN CERTIFICATE-----").ok_or(PadesError::Key)?;
        let (key, certificate) = file.split_at(at);
        let key = SigningKey::from_pkcs8_pem(key.trim()).map_err(|_| PadesError::Key)?;
        let (label, certificate) = pem::decode_vec(certificate.trim().as_bytes()).map_err(|_| PadesError::Key)?;
        let is_its_own = certificate.windows(65).any(|point| point == public(&key));
        if label == CERTIFICATE && is_its_own && issuer_and_serial(&certificate).is_some() {
            Ok(Self { key, certificate })
        } else {
            Err(PadesError::Key)
        }
    }

    /// The key file.
    ///
    /// # Errors
    /// [`PadesError::Key`], never for a key that was made or read.
    pub fn to_file_text(&self) -> Result<Zeroizing<String>, PadesError> {
        let key = self.key.to_pkcs8_pem(LineEnding::LF).map_err(|_| PadesError::Key)?;
        Ok(Zeroizing::new(format!("{}{}", *key, self.certificate_pem()?)))
    }

    /// The certificate alone.
    pub(crate) fn certificate_pem(&self) -> Result<String, PadesError> {
        pem::encode_string(CERTIFICATE, LineEnding::LF, &self.certificate).map_err(|_| PadesError::Key)
    }

    /// The SHA-256 of the certificate, as PDF readers show it.
    pub fn fingerprint(&self) -> [u8; 32] {
        Sha256::digest(&self.certificate).into()
    }

    /// Signs a PDF: nothing of it is changed, and what is added shows nothing.
    ///
    /// # Errors
    /// [`PadesError`]: there is no signed PDF.
    pub fn sign(&self, pdf: &[u8], now_unix_s: u64) -> Result<Vec<u8>, PadesError> {
        let mut signed = with_room(pdf, now_unix_s)?;
        let added = signed.get(pdf.len()..).ok_or(PadesError::Pdf)?;
        let found = |needle: &[u8]| added.windows(needle.len()).position(|window| window == needle);
        let start = found(b"<0000000000000000").ok_or(PadesError::Pdf)? + pdf.len();
        let end = start + 2 * ROOM + 2;
        let list = format!("[0 {PLACEHOLDER} {PLACEHOLDER} {PLACEHOLDER}]");
        let range = found(list.as_bytes()).ok_or(PadesError::Pdf)? + pdf.len();
        let after = signed.len().checked_sub(end).ok_or(PadesError::Pdf)?;
        put(&mut signed, range, format!("{:<1$}", format!("[0 {start} {end} {after}]"), list.len()).as_bytes())?;
        let mut hash = Sha256::new();
        hash.update(signed.get(..start).ok_or(PadesError::Pdf)?);
        hash.update(signed.get(end..).ok_or(PadesError::Pdf)?);
        let signature = purgeproof_core::evidence::hex(&self.cms(&hash.finalize().into())?);
        if signature.len() > 2 * ROOM {
            return Err(PadesError::TooLong);
        }
        put(&mut signed, start + 1, signature.as_bytes())?;
        Ok(signed)
    }

    /// A detached signature over this digest (CMS, RFC 5652), with the attributes that `CAdES` wants.
    fn cms(&self, digest: &[u8; 32]) -> Result<Vec<u8>, PadesError> {
        let (issuer, serial) = issuer_and_serial(&self.certificate).ok_or(PadesError::Key)?;
        let sha256 = sequence(&[&oid(&SHA256)]);
        let attribute = |name: &[u32], content: &[u8]| sequence(&[&oid(name), &set(&[content])]);
        let id = sequence(&[&octets(&self.fingerprint())]);
        let attributes = set(&[
            &attribute(&CONTENT_TYPE, &oid(&DATA)),
            &attribute(&MESSAGE_DIGEST, &octets(digest)),
            &attribute(&SIGNING_CERTIFICATE_V2, &sequence(&[&sequence(&[&id])])),
        ]);
        let signature: Signature = self.key.sign(&attributes);
        // What is signed is a set; what is written has the tag [0] in its place (RFC 5652 §5.4).
        let mut tagged_attributes = attributes;
        put(&mut tagged_attributes, 0, &[0xa0])?;
        let signer = sequence(&[
            &integer(&[1]),
            &sequence(&[&issuer, &serial]),
            &sha256,
            &tagged_attributes,
            &sequence(&[&oid(&ECDSA_SHA256)]),
            &octets(signature.to_der().as_bytes()),
        ]);
        let signed = sequence(&[
            &integer(&[1]),
            &set(&[&sha256]),
            &sequence(&[&oid(&DATA)]),
            &tagged(0, &self.certificate),
            &set(&[&signer]),
        ]);
        Ok(sequence(&[&oid(&SIGNED_DATA), &tagged(0, &signed)]))
    }
}

/// Writes over bytes that are there.
fn put(bytes: &mut [u8], at: usize, with: &[u8]) -> Result<(), PadesError> {
    let place = bytes.get_mut(at..).and_then(|rest| rest.get_mut(..with.len())).ok_or(PadesError::Pdf)?;
    place.copy_from_slice(with);
    Ok(())
}

/// The PDF with a field for a signature that is not there yet (ISO 32000-1 §12.8).
fn with_room(pdf: &[u8], now_unix_s: u64) -> Result<Vec<u8>, PadesError> {
    let document = attach::read(pdf).map_err(|_| PadesError::Pdf)?;
    let root = document.trailer.get(b"Root").and_then(Object::as_reference).map_err(|_| PadesError::Pdf)?;
    let page = *document.get_pages().get(&1).ok_or(PadesError::Pdf)?;
    if document.catalog().is_ok_and(|catalog| catalog.has(b"AcroForm")) {
        return Err(PadesError::Pdf);
    }
    let mut update = IncrementalDocument::create_from(pdf.to_vec(), document);
    for id in [root, page] {
        update.opt_clone_object_to_new_document(id).map_err(|_| PadesError::Pdf)?;
    }
    let added = &mut update.new_document;
    let signature = added.add_object(dictionary! {
        "Type" => "Sig",
        "Filter" => "Adobe.PPKLite",
        "SubFilter" => "ETSI.CAdES.detached",
        "ByteRange" => vec![0.into(), PLACEHOLDER.into(), PLACEHOLDER.into(), PLACEHOLDER.into()],
        "Contents" => Object::String(vec![0; ROOM], StringFormat::Hexadecimal),
        "M" => text(&Civil::of(now_unix_s).pdf()),
    });
    let field = added.add_object(dictionary! {
        "Type" => "Annot",
        "Subtype" => "Widget",
        "FT" => "Sig",
        "T" => text("Signature"),
        "Rect" => vec![0.into(), 0.into(), 0.into(), 0.into()],
        "F" => 132, // printed and locked
        "P" => page,
        "V" => signature,
    });
    set_entry(added, root, "AcroForm", dictionary! { "Fields" => vec![field.into()], "SigFlags" => 3 }.into())?;
    set_entry(added, page, "Annots", vec![Object::from(field)].into())?;
    let mut bytes = Vec::new();
    update.save_to(&mut bytes).map_err(|_| PadesError::Pdf)?;
    Ok(bytes)
}

fn set_entry(document: &mut Document, id: lopdf::ObjectId, key: &str, entry: Object) -> Result<(), PadesError> {
    let of = document.get_object_mut(id).and_then(Object::as_dict_mut).map_err(|_| PadesError::Pdf)?;
    of.set(key, entry);
    Ok(())
}

/// The public key, uncompressed (SEC 1 §2.3.3): 65 bytes.
fn public(key: &SigningKey) -> Vec<u8> {
    key.verifying_key().to_encoded_point(false).as_bytes().to_vec()
}

/// An X.509 certificate (RFC 5280) by which a key says its own name, and nobody else.
fn self_made(key: &SigningKey, name: &str, now_unix_s: u64) -> Vec<u8> {
    let public = public(key);
    let algorithm = sequence(&[&oid(&ECDSA_SHA256)]);
    let name = sequence(&[&set(&[&sequence(&[&oid(&COMMON_NAME), &utf8(name)])])]);
    let serial = Sha256::digest(&public);
    let serial: Vec<u8> = serial.iter().take(16).copied().collect();
    let key_info = sequence(&[&sequence(&[&oid(&EC_KEY), &oid(&P256)]), &bits(&public)]);
    // Digital signature and content commitment, critical: the first two bits, six unused.
    let usage = sequence(&[&oid(&KEY_USAGE), &value(1, &[0xff]), &octets(&value(3, &[6, 0xc0]))]);
    let statement = sequence(&[
        &tagged(0, &integer(&[2])),
        &integer(&serial),
        &algorithm,
        &name,
        &sequence(&[&time(now_unix_s), &time(now_unix_s.saturating_add(VALID_S))]),
        &name,
        &key_info,
        &tagged(3, &sequence(&[&usage])),
    ]);
    let signature: Signature = key.sign(&statement);
    sequence(&[&statement, &algorithm, &bits(signature.to_der().as_bytes())])
}

/// A moment: with two digits of the year until 2049, with four from then on (RFC 5280 §4.1.2.5).
fn time(unix_s: u64) -> Vec<u8> {
    let moment = Civil::of(unix_s);
    let digits: String = moment.pdf().chars().skip(2).collect();
    let (tag, skipped) = if moment.year < 2050 { (0x17, 2) } else { (0x18, 0) };
    value(tag, digits.get(skipped..).unwrap_or_default().as_bytes())
}

/// What names a certificate: who issued it, and its number there.
fn issuer_and_serial(certificate: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (_, content, _) = first(certificate)?;
    let (_, statement, _) = first(content)?;
    let (version, _, rest) = first(statement)?;
    // A certificate of version 1 does not say so.
    let rest = if version.first() == Some(&0xa0) { rest } else { statement };
    let (serial, _, rest) = first(rest)?;
    let (_algorithm, _, rest) = first(rest)?;
    let (issuer, _, _) = first(rest)?;
    Some((issuer.to_vec(), serial.to_vec()))
}
