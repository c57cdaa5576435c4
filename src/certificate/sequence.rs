//! Many certificates in one file, one after the other: a CBOR sequence (RFC 8742), as a stick keeps of every key's certificates.

use minicbor::Decoder;

use crate::{Certificate, ParseError};

/// The certificates of a sequence, in order. After one that cannot be read there is no next one: where it ends is not known.
pub fn certificates(bytes: &[u8]) -> impl Iterator<Item = Result<Certificate, ParseError>> + '_ {
    let mut rest = bytes;
    core::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut decoder = Decoder::new(rest);
        let length = decoder.skip().map_or(rest.len(), |()| decoder.position());
        let (item, after) = rest.split_at_checked(length)?;
        rest = after;
        let certificate = Certificate::parse(item);
        if certificate.is_err() {
            rest = &[];
        }
        Some(certificate)
    })
}
