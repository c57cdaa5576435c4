//! Many certificates in one file, one after the other: a CBOR sequence (RFC 8742), as a stick keeps of every key's certificates.

use std::io::{self, Read};

use minicbor::Decoder;

use crate::token::MAX_BYTES;
use crate::{Certificate, ParseError};

/// How much of a sequence is in memory at a time.
const WINDOW: usize = 256 << 10;

/// The items of a sequence as they are read, which may be longer than memory; each as its bytes, for [`Certificate::parse`]. After one whose
/// end cannot be told, or an error, there is no next one.
pub struct Items<R> {
    from: R,
    window: Vec<u8>,
    /// Where in the window the next item begins.
    at: usize,
    is_over: bool,
}

impl<R: Read> Items<R> {
    /// The items of this sequence.
    pub const fn new(from: R) -> Self {
        Self { from, window: Vec::new(), at: 0, is_over: false }
    }

    fn refill(&mut self) -> io::Result<()> {
        self.window.drain(..self.at);
        self.at = 0;
        let room = WINDOW.saturating_sub(self.window.len()) as u64;
        let count = self.from.by_ref().take(room).read_to_end(&mut self.window)?;
        self.is_over = (count as u64) < room;
        Ok(())
    }
}

impl<R: Read> Iterator for Items<R> {
    type Item = io::Result<Vec<u8>>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let rest = self.window.get(self.at..).unwrap_or_default();
            let mut decoder = Decoder::new(rest);
            let length = match decoder.skip() {
                Ok(()) => Some(decoder.position()),
                // What is longer than any certificate is none.
                Err(_) if self.is_over || rest.len() > MAX_BYTES => {
                    self.is_over = true;
                    Some(rest.len())
                }
                Err(_) => None,
            };
            if let Some((item, after)) =
                length.filter(|_| !rest.is_empty()).and_then(|length| rest.split_at_checked(length))
            {
                let item = item.to_vec();
                self.at = self.window.len() - after.len();
                return Some(Ok(item));
            }
            if self.is_over {
                return None;
            }
            if let Err(error) = self.refill() {
                (self.is_over, self.at) = (true, self.window.len());
                return Some(Err(error));
            }
        }
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a byte at a time, as a slow pipe does.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let Some((first, rest)) = self.0.split_first() else { return Ok(0) };
            buffer[0] = *first;
            self.0 = rest;
            Ok(1)
        }
    }

    fn items(bytes: &[u8]) -> Vec<Vec<u8>> {
        Items::new(Slow(bytes)).map(Result::unwrap).collect()
    }

    #[test]
    fn items_are_cut_where_they_end_whatever_the_window() {
        // Byte strings of 1000 bytes (0x59, length in two bytes): 1003 bytes each, about 260 of them to a window.
        let item = |index: u8| [&[0x59, 0x03, 0xe8][..], &[index; 1000]].concat();
        let all: Vec<Vec<u8>> = (0..=255).chain(0..=255).chain(0..=99).map(item).collect();
        assert_eq!(items(&all.concat()), all);
        assert!(items(&[]).is_empty());
    }

    #[test]
    fn what_has_no_end_is_the_last() {
        // An integer; then a byte string of two bytes of which one is there; then one that claims 4 GiB.
        assert_eq!(items(&[0x01, 0x42, 0xaa]), [vec![0x01], vec![0x42, 0xaa]]);
        let long = [&[0x01, 0x5a, 0xff, 0xff, 0xff, 0xff][..], &vec![0; 2 * WINDOW]].concat();
        let found = items(&long);
        assert_eq!((found.len(), found[0].as_slice()), (2, &[0x01][..]));
        assert!(found[1].len() > MAX_BYTES && found[1].len() <= WINDOW);
    }
}
