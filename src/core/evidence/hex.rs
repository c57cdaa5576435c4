//! Bytes as text.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

/// Text that is no hexadecimal number of the right length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotHex;

impl fmt::Display for NotHex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected lower-case hexadecimal digits, two for each byte")
    }
}

impl core::error::Error for NotHex {}

/// Lower-case hexadecimal digits, two a byte.
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The reverse of [`hex`].
///
/// # Errors
/// [`NotHex`] for any other length or character, capitals included: a number has one spelling.
pub fn unhex<const N: usize>(text: &str) -> Result<[u8; N], NotHex> {
    // Without a vector, which would leave a copy of a key in the heap.
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return Err(NotHex);
    };
    let pairs: &[[u8; 2]; N] = pairs.try_into().map_err(|_| NotHex)?;
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        *byte = of_pair(*pair)?;
    }
    Ok(bytes)
}

/// The reverse of [`hex`] for any number of bytes.
///
/// # Errors
/// [`NotHex`] for an odd number of digits or any other character, capitals included.
pub fn unhex_vec(text: &str) -> Result<Vec<u8>, NotHex> {
    let (pairs, []) = text.as_bytes().as_chunks::<2>() else {
        return Err(NotHex);
    };
    pairs.iter().copied().map(of_pair).collect()
}

fn of_pair([high, low]: [u8; 2]) -> Result<u8, NotHex> {
    let digit = |c: u8| match c {
        b'0'..=b'9' => Ok(c - b'0'),
        b'a'..=b'f' => Ok(c - b'a' + 10),
        _ => Err(NotHex),
    };
    Ok(digit(high)? << 4 | digit(low)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_goes_there_and_back_and_has_one_spelling() {
        assert_eq!(hex(&[0x00, 0x9f, 0xff]), "009fff");
        assert_eq!(unhex("009fff"), Ok([0x00, 0x9f, 0xff]));
        for wrong in ["009ff", "009fff00", "009FFF", "00 fff", "+1+2+3"] {
            assert_eq!(unhex::<3>(wrong), Err(NotHex), "{wrong}");
        }
    }
}
