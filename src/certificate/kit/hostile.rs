//! Certificates that somebody has changed.
use super::*;

/// Read and found good.
fn passes(bytes: &[u8]) -> bool {
    Certificate::parse(bytes).is_ok_and(|certificate| certificate.verify().holds())
}

#[test]
fn not_one_bit_can_be_changed() {
    let good = issue(&cleared()).bytes().to_vec();
    assert!(passes(&good));
    for bit in 0..good.len() * 8 {
        let mut bad = good.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        assert!(!passes(&bad), "bit {} of byte {}", bit % 8, bit / 8);
    }
}

#[test]
fn no_part_of_a_certificate_is_one_and_neither_is_more() {
    let good = issue(&cleared()).bytes().to_vec();
    for length in 0..good.len() {
        assert!(Certificate::parse(&good[..length]).is_err(), "{length}");
    }
    let longer = [good.as_slice(), &[0]].concat();
    assert!(matches!(Certificate::parse(&longer), Err(ParseError::TrailingBytes { after }) if after == good.len()));
    let twice = [good.as_slice(), &good].concat();
    assert!(Certificate::parse(&twice).is_err());
}
