//! LOG SENSE (SPC-5 7.3, SBC-4 6.4): error counters, temperature, self-tests and informational exceptions.

use super::Cdb;
use super::sense::Sense;
use crate::bytes::{be16, put};

/// What the pages are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Blocks that could not be written.
    pub write_errors: u64,
    /// Blocks that could not be read.
    pub read_errors: u64,
    /// Bytes written.
    pub written: u64,
    /// Bytes read.
    pub read: u64,
    /// Degrees Celsius.
    pub temperature_c: u8,
}

impl Counters {
    /// The answer to LOG SENSE, cut at its ALLOCATION LENGTH. PC chooses nothing: there are only cumulative values.
    pub fn sense(&self, cdb: &Cdb) -> Result<Vec<u8>, Sense> {
        let page = cdb[2] & 0x3f;
        if cdb[3] != 0 {
            return Err(Sense::FIELD_IN_CDB);
        }
        let body = match page {
            0x00 => vec![0x00, 0x02, 0x03, 0x05, 0x0d, 0x10, 0x2f],
            0x02 => errors(self.write_errors, self.written),
            0x03 => errors(self.read_errors, self.read),
            0x05 => errors(0, 0),
            0x0d => [parameter(0, &[0, self.temperature_c]), parameter(1, &[0, 70])].concat(),
            0x10 => (1..=20).flat_map(|code| parameter(code, &[0; 16])).collect(),
            0x2f => parameter(0, &[0, 0, self.temperature_c, 70]),
            _ => return Err(Sense::FIELD_IN_CDB),
        };
        let mut data = vec![page, 0, 0, 0];
        put(&mut data, 2, &u16::try_from(body.len()).unwrap_or(u16::MAX).to_be_bytes());
        data.extend(body);
        data.truncate(usize::from(be16(cdb, 7)));
        Ok(data)
    }
}

/// One log parameter in binary format (FORMAT AND LINKING 11b).
fn parameter(code: u16, value: &[u8]) -> Vec<u8> {
    let [high, low] = code.to_be_bytes();
    let mut parameter = vec![high, low, 0x03, u8::try_from(value.len()).unwrap_or(u8::MAX)];
    parameter.extend(value);
    parameter
}

/// An error counter page: nothing corrected; total bytes processed (5), total uncorrected errors (6).
fn errors(uncorrected: u64, bytes: u64) -> Vec<u8> {
    let value = |code| match code {
        5 => bytes,
        6 => uncorrected,
        _ => 0,
    };
    (0..=6).flat_map(|code| parameter(code, &value(code).to_be_bytes())).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::cdb;
    use super::*;

    #[test]
    fn pages_as_the_standard_lays_them_out() {
        let counters = Counters { read_errors: 3, read: 0x200, temperature_c: 41, ..Counters::default() };
        let page = |page| counters.sense(&cdb(&[0x4d, 0, 0x40 | page, 0, 0, 0, 0, 2, 0])).unwrap();
        assert_eq!(page(0x0d), [0x0d, 0, 0, 12, 0, 0, 3, 2, 0, 41, 0, 1, 3, 2, 0, 70]);
        assert_eq!(page(0x2f), [0x2f, 0, 0, 8, 0, 0, 3, 4, 0, 0, 41, 70]);
        let read = page(0x03);
        assert_eq!((read.len(), read[3]), (88, 84));
        assert_eq!(read[64..], [0, 5, 3, 8, 0, 0, 0, 0, 0, 0, 2, 0, 0, 6, 3, 8, 0, 0, 0, 0, 0, 0, 0, 3]);
        assert_eq!(be16(&page(0x10), 2), 0x190);
        for listed in &page(0)[4..] {
            assert_eq!(page(*listed)[0], *listed);
        }
        assert_eq!(counters.sense(&cdb(&[0x4d, 0, 0x7f, 0, 0, 0, 0, 2, 0])).unwrap_err(), Sense::FIELD_IN_CDB);
    }
}
