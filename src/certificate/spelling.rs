//! Whether bytes are spelled in the one way that there is: what was read from them is written again and has to come out the same.

use minicbor::Encoder;
use minicbor::encode::Write;

use crate::cose::Written;

/// Takes what it expects and nothing else. What is written is compared as it comes, and kept nowhere.
pub(crate) struct Expected<'a>(&'a [u8]);

/// Something else was written.
#[derive(Debug)]
pub(crate) struct Differs;

impl Write for Expected<'_> {
    type Error = Differs;

    fn write_all(&mut self, written: &[u8]) -> Result<(), Differs> {
        self.0 = self.0.strip_prefix(written).ok_or(Differs)?;
        Ok(())
    }
}

/// Whether `write` writes these bytes, and all of them.
pub(crate) fn is_spelled<'a>(
    bytes: &'a [u8],
    write: impl FnOnce(&mut Encoder<Expected<'a>>) -> Written<Expected<'a>>,
) -> bool {
    let mut e = Encoder::new(Expected(bytes));
    write(&mut e).is_ok() && e.writer().0.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_bytes_are_spelled_so() {
        // [1, "ab"]
        let fits = |bytes: &[u8]| is_spelled(bytes, |e| e.array(2)?.u8(1)?.str("ab").map(drop));
        assert!(fits(&[0x82, 0x01, 0x62, 0x61, 0x62]));
        assert!(!fits(&[0x82, 0x01, 0x62, 0x61, 0x63]), "another letter");
        assert!(!fits(&[0x82, 0x18, 0x01, 0x62, 0x61, 0x62]), "a longer form of 1");
        assert!(!fits(&[0x82, 0x01, 0x62, 0x61]), "the end is missing");
        assert!(!fits(&[0x82, 0x01, 0x62, 0x61, 0x62, 0x00]), "something follows");
        assert!(!fits(&[]));
    }
}
