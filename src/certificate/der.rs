//! As much of DER (X.690) as a signature takes. A value is its bytes with tag and length.

/// A value of this tag.
pub(crate) fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let first = length.iter().position(|byte| *byte != 0).unwrap_or(length.len() - 1);
    let digits = length.get(first..).unwrap_or_default();
    let mut der = vec![tag];
    if content.len() > 127 {
        // At most eight digits: the bit says that they follow.
        der.extend(u8::try_from(digits.len()).map(|count| 0x80 | count));
    }
    der.extend_from_slice(digits);
    der.extend_from_slice(content);
    der
}

pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    value(0x30, &parts.concat())
}

/// A set: in DER its members are sorted.
pub(crate) fn set(parts: &[&[u8]]) -> Vec<u8> {
    let mut sorted = parts.to_vec();
    sorted.sort_unstable();
    value(0x31, &sorted.concat())
}

/// A number that is not negative, big-endian.
pub(crate) fn integer(bytes: &[u8]) -> Vec<u8> {
    let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len().saturating_sub(1));
    let digits = bytes.get(first..).unwrap_or_default();
    let is_high = digits.first().is_none_or(|byte| byte & 0x80 != 0);
    value(2, &[if is_high { &[0][..] } else { &[] }, digits].concat())
}

pub(crate) fn octets(bytes: &[u8]) -> Vec<u8> {
    value(4, bytes)
}

/// A string of bits, a whole number of bytes.
pub(crate) fn bits(bytes: &[u8]) -> Vec<u8> {
    value(3, &[&[0], bytes].concat())
}

pub(crate) fn utf8(text: &str) -> Vec<u8> {
    value(0x0c, text.as_bytes())
}

/// A tag of the context, around a whole value.
pub(crate) fn tagged(number: u8, content: &[u8]) -> Vec<u8> {
    value(0xa0 | number, content)
}

/// An object identifier.
pub(crate) fn oid(arcs: &[u32]) -> Vec<u8> {
    let mut content = Vec::new();
    let (first, rest) = arcs.split_at(2.min(arcs.len()));
    let first = first.iter().fold(0, |joined, arc| joined * 40 + arc);
    for arc in [first].iter().chain(rest) {
        let digits = (0..5).rev().map(|place| (arc >> (7 * place)) & 0x7f).skip_while(|digit| *digit == 0);
        let mut digits: Vec<u8> = digits.map(|digit| u8::try_from(digit).unwrap_or(0x7f)).collect();
        let last = digits.pop().unwrap_or(0);
        content.extend(digits.into_iter().map(|digit| digit | 0x80));
        content.push(last);
    }
    value(6, &content)
}

/// The first value: all of it, its content, and what follows.
pub(crate) fn first(der: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (&[_, length], mut rest) = der.split_first_chunk::<2>()?;
    let mut bytes = usize::from(length);
    if length & 0x80 != 0 {
        let (digits, after) = rest.split_at_checked(usize::from(length & 0x7f))?;
        // Four digits and more are of a length that nothing here has.
        bytes = digits.iter().take(4).fold(0, |joined, digit| joined << 8 | usize::from(*digit));
        rest = after;
    }
    let (content, after) = rest.split_at_checked(bytes)?;
    Some((der.get(..der.len() - after.len())?, content, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_take_as_few_bytes_as_they_can() {
        assert_eq!(value(4, &[]), [4, 0]);
        assert_eq!(value(4, &[7; 127])[..2], [4, 127]);
        assert_eq!(value(4, &[7; 128])[..3], [4, 0x81, 128]);
        assert_eq!(value(4, &[7; 300])[..4], [4, 0x82, 1, 44]);
    }

    #[test]
    fn what_is_written_is_read() {
        for length in [0, 1, 127, 128, 300, 70_000] {
            let content = vec![9; length];
            let der = [value(4, &content), vec![1, 2]].concat();
            assert_eq!(first(&der), Some((&der[..der.len() - 2], content.as_slice(), &[1, 2][..])));
            assert!(length == 0 || first(&der[..length]).is_none());
        }
    }

    #[test]
    fn numbers_are_not_negative() {
        for (number, der) in [
            (&[0][..], &[2, 1, 0][..]),
            (&[0, 0, 5], &[2, 1, 5]),
            (&[0x80], &[2, 2, 0, 0x80]),
            (&[1, 0], &[2, 2, 1, 0]),
        ] {
            assert_eq!(integer(number), der);
        }
    }

    #[test]
    fn identifiers_are_those_of_the_standards() {
        // RFC 5758 §3.2: ecdsa-with-SHA256; RFC 5480 §2.1.1.1: secp256r1; X.690 §8.19.5: 2.999.3.
        assert_eq!(oid(&[1, 2, 840, 10045, 4, 3, 2]), [6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]);
        assert_eq!(oid(&[1, 2, 840, 10045, 3, 1, 7]), [6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]);
        assert_eq!(oid(&[2, 999, 3]), [6, 3, 0x88, 0x37, 3]);
        assert_eq!(oid(&[2, 5, 29, 19]), [6, 3, 0x55, 0x1d, 0x13]);
    }

    #[test]
    fn sets_are_sorted() {
        assert_eq!(set(&[&[2, 1, 9], &[2, 1, 3]]), [0x31, 6, 2, 1, 3, 2, 1, 9]);
    }
}
