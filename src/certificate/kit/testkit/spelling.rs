//! Bytes that are no certificate, or none of this version, or not the one way to write it. Where there is a signature, it fits.

use minicbor::Encoder;
use minicbor::data::Tag;

use super::*;

/// The good certificate with `from`, which occurs once in one of its two signed parts, replaced and signed so.
fn resigned(from: &str, to: &str) -> Vec<u8> {
    let bytes = issue(&cleared()).bytes().to_vec();
    let mut d = minicbor::Decoder::new(&bytes);
    let _ = (d.tag().unwrap(), d.array().unwrap());
    let protected = exchanged(d.bytes().unwrap(), from, to);
    d.skip().unwrap();
    let payload = exchanged(d.bytes().unwrap(), from, to);
    assert!(protected.1 != payload.1, "{from} occurs once");
    sealed(&protected.0, &payload.0)
}

fn exchanged(bytes: &[u8], from: &str, to: &str) -> (Vec<u8>, bool) {
    let text = hex(bytes);
    let count = text.matches(from).count();
    assert!(count <= 1, "{from}");
    (purgeproof_core::evidence::unhex_vec(&text.replace(from, to)).unwrap(), count == 1)
}

/// These bytes as the signed parts of a certificate, whatever they are.
fn sealed(protected: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut e = Encoder::new(Vec::new());
    e.array(4).unwrap().str("Signature1").unwrap();
    e.bytes(protected).unwrap().bytes(&[]).unwrap().bytes(payload).unwrap();
    let signature = key().sign(&e.into_writer());
    let mut e = Encoder::new(Vec::new());
    e.tag(Tag::new(18)).unwrap().array(4).unwrap().bytes(protected).unwrap();
    for label in [14_u8, 8, 1] {
        e.map(1).unwrap().u8(label).unwrap();
    }
    e.map(3).unwrap().u8(1).unwrap().u8(1).unwrap().i8(-1).unwrap().u8(6).unwrap().i8(-2).unwrap();
    e.bytes(&key().public()).unwrap().bytes(payload).unwrap().bytes(&signature).unwrap();
    e.into_writer()
}

pub(super) fn pieces() -> Vec<Piece> {
    [spellings(), words(), bytes()].into_iter().flatten().collect()
}

fn signed(file: &str, about: &'static str, from: &str, to: &str, code: &'static str) -> Piece {
    Piece::of(file, about, resigned(from, to), &[code])
}

fn spellings() -> Vec<Piece> {
    let spelling = "not-deterministic";
    vec![
        signed(
            "spelling-field-order.cose",
            "two fields of the statement in the other order",
            "0000b101010202",
            "0000b102020101",
            spelling,
        ),
        signed(
            "spelling-long-number.cose",
            "a number in a longer form than it needs",
            "0000b101010202",
            "0000b10101021802",
            spelling,
        ),
        signed("spelling-open-list.cose", "a list without a length", "0d830102030e", "0d9f010203ff0e", spelling),
        signed(
            "spelling-unknown-field.cose",
            "a field that version 1 does not have",
            "0000b101010202",
            "0000b2008001010202",
            spelling,
        ),
        signed(
            "field-missing.cose",
            "a field fewer than it says that it has",
            "0000b101010202",
            "0000b201010202",
            "malformed",
        ),
    ]
}

/// Words that no verifier of this version knows.
fn words() -> Vec<Piece> {
    vec![
        signed("algorithm-unknown.cose", "EdDSA (-8), which names no curve", "a301320448", "a301270448", "algorithm"),
        signed(
            "type-unknown.cose",
            "signed, but not as a certificate",
            "6b70702d636572742b637774",
            "6b70702d636572742b637775",
            "type",
        ),
        signed("version-unknown.cose", "version 2", "3a00010000b10101", "3a00010000b10102", "version"),
        signed(
            "code-unknown.cose",
            "an outcome that no verifier knows",
            "0000b101010202",
            "0000b101010205",
            "malformed",
        ),
        signed("text-not-utf8.cose", "a model that is no UTF-8", "026e51454d55", "026e51454dff", "malformed"),
        signed(
            "text-for-number.cose",
            "a text where a number belongs",
            "0000b101010202",
            "0000b10101026132",
            "malformed",
        ),
    ]
}

fn bytes() -> Vec<Piece> {
    let good = issue(&cleared()).bytes().to_vec();
    let shortened = good[..good.len() - 1].to_vec();
    let longer = [good.as_slice(), &[0]].concat();
    let twice = [good.as_slice(), &good].concat();
    let huge = [good.as_slice(), &vec![0; 8193 - good.len()]].concat();
    let nested = [&[0xd2, 0x84][..], &[0x81; 8000]].concat();
    let random: Vec<u8> = (0_u32..32).flat_map(|i| <[u8; 32]>::from(Sha256::digest(i.to_be_bytes()))).collect();
    vec![
        Piece::of("truncated.cose", "the last byte is missing", shortened, &["malformed"]),
        Piece::of("trailing-byte.cose", "a byte too many", longer, &["trailing-bytes"]),
        Piece::of("two-in-one.cose", "two certificates one after the other", twice, &["trailing-bytes"]),
        Piece::of("huge.cose", "longer than any certificate", huge, &["too-long"]),
        Piece::of("nested.cose", "8000 lists one in the other", nested, &["malformed"]),
        Piece::of("empty.cose", "nothing", Vec::new(), &["not-a-certificate"]),
        Piece::of("random.cose", "random bytes", random, &["not-a-certificate"]),
    ]
}
