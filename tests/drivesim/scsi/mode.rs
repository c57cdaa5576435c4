//! MODE SENSE and MODE SELECT: control, caching and error recovery pages, and the block descriptor that restricts the capacity or changes the
//! block (SPC-5 6.14, 7.5; SBC-4 6.5).

use super::Cdb;
use super::sense::Sense;
use crate::bytes::{be16, be32, be64, put, u8_at};

/// What the mode pages hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode {
    /// `D_SENSE` of the control page: sense data in descriptor format.
    pub descriptor_sense: bool,
    /// WCE of the caching page.
    pub write_cache: bool,
}

/// The medium as MODE SENSE tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Medium {
    /// NUMBER OF LOGICAL BLOCKS.
    pub blocks: u64,
    /// LOGICAL BLOCK LENGTH.
    pub block: u32,
    /// WP.
    pub write_protected: bool,
}

/// What MODE SELECT asks of the medium.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// NUMBER OF LOGICAL BLOCKS; all ones: as many as there are.
    pub blocks: u64,
    /// LOGICAL BLOCK LENGTH, zero: as it is.
    pub block: u32,
}

impl Default for Mode {
    fn default() -> Self {
        Self { descriptor_sense: false, write_cache: true }
    }
}

/// The length of each page after its header of two bytes.
const PAGES: [(u8, u8); 4] = [(0x01, 10), (0x08, 18), (0x0a, 10), (0x1c, 10)];

impl Mode {
    /// The changeable bits of a page (PC = 01b), or its values.
    fn page(self, page: u8, length: u8, control: u8) -> Vec<u8> {
        let mut data = vec![0; usize::from(length) + 2];
        put(&mut data, 0, &[page, length]);
        let values = match control {
            1 => Self { descriptor_sense: true, write_cache: true },
            2 => Self::default(),
            _ => self,
        };
        match page {
            0x08 => put(&mut data, 2, &[u8::from(values.write_cache) << 2]),
            0x0a => put(&mut data, 2, &[u8::from(values.descriptor_sense) << 2]),
            _ => {}
        }
        data
    }

    /// The answer to MODE SENSE (6) or (10), cut at its ALLOCATION LENGTH.
    pub fn sense(self, cdb: &Cdb, medium: Medium) -> Result<Vec<u8>, Sense> {
        let is_ten = cdb[0] == 0x5a;
        let (control, wanted) = (cdb[2] >> 6, cdb[2] & 0x3f);
        let is_long = is_ten && cdb[1] & 0x10 != 0;
        let pages: Vec<u8> = PAGES
            .iter()
            .filter(|(page, _)| wanted == 0x3f || wanted == *page)
            .flat_map(|(page, length)| self.page(*page, *length, control))
            .collect();
        // No saved values; no subpages.
        if control == 3 {
            return Err(Sense::new(5, 0x39, 0x00));
        }
        if pages.is_empty() || !matches!(cdb[3], 0x00 | 0xff) {
            return Err(Sense::FIELD_IN_CDB);
        }
        let descriptor = if cdb[1] & 0x08 != 0 { Vec::new() } else { block_descriptor(medium, is_long) };
        let descriptor_length = u8::try_from(descriptor.len()).unwrap_or(0);
        // DPOFUA.
        let parameter = u8::from(medium.write_protected) << 7 | 0x10;
        let rest = descriptor.len() + pages.len();
        let mut data = if is_ten {
            let length = u16::try_from(6 + rest).unwrap_or(u16::MAX).to_be_bytes();
            vec![length[0], length[1], 0, parameter, u8::from(is_long), 0, 0, descriptor_length]
        } else {
            vec![u8::try_from(3 + rest).unwrap_or(u8::MAX), 0, parameter, descriptor_length]
        };
        data.extend(descriptor);
        data.extend(pages);
        data.truncate(usize::from(if is_ten { be16(cdb, 7) } else { u16::from(cdb[4]) }));
        Ok(data)
    }

    /// Obeys MODE SELECT (6) or (10); gives what its block descriptor asks for, if it has one.
    pub fn select(&mut self, cdb: &Cdb, list: &[u8]) -> Result<Option<Wanted>, Sense> {
        let is_ten = cdb[0] == 0x55;
        let length = usize::from(if is_ten { be16(cdb, 7) } else { u16::from(cdb[4]) });
        let list = list.get(..length).ok_or(Sense::LIST_LENGTH)?;
        if list.is_empty() {
            return Ok(None);
        }
        let (header, is_long, descriptors) = if is_ten {
            (8, u8_at(list, 4) & 1 != 0, usize::from(be16(list, 6)))
        } else {
            (4, false, usize::from(u8_at(list, 3)))
        };
        let wanted = match (descriptors, is_long) {
            (0, _) => None,
            (8, false) => {
                let blocks = be32(list, header);
                let blocks = if blocks == u32::MAX { u64::MAX } else { u64::from(blocks) };
                Some(Wanted { blocks, block: be32(list, header + 4) & 0x00ff_ffff })
            }
            (16, true) => Some(Wanted { blocks: be64(list, header), block: be32(list, header + 12) }),
            _ => return Err(Sense::FIELD_IN_LIST),
        };
        let pages = list.get(header + descriptors..).ok_or(Sense::LIST_LENGTH)?;
        *self = self.with_pages(pages)?;
        Ok(wanted)
    }

    fn with_pages(mut self, mut pages: &[u8]) -> Result<Self, Sense> {
        while let [page, length, rest @ ..] = pages {
            let known = PAGES.iter().any(|known| *known == (page & 0x3f, *length));
            let body = rest.get(..usize::from(*length)).filter(|_| known).ok_or(Sense::FIELD_IN_LIST)?;
            match page & 0x3f {
                0x08 => self.write_cache = u8_at(body, 0) & 4 != 0,
                0x0a => self.descriptor_sense = u8_at(body, 0) & 4 != 0,
                _ => {}
            }
            pages = rest.get(usize::from(*length)..).unwrap_or(&[]);
        }
        Ok(self)
    }
}

fn block_descriptor(medium: Medium, is_long: bool) -> Vec<u8> {
    if is_long {
        let mut descriptor = medium.blocks.to_be_bytes().to_vec();
        descriptor.extend([0; 4]);
        descriptor.extend(medium.block.to_be_bytes());
        return descriptor;
    }
    let blocks = u32::try_from(medium.blocks).unwrap_or(u32::MAX);
    let mut descriptor = blocks.to_be_bytes().to_vec();
    descriptor.extend(medium.block.to_be_bytes());
    descriptor
}

#[cfg(test)]
mod tests {
    use super::super::tests::cdb;
    use super::*;

    const MEDIUM: Medium = Medium { blocks: 2048, block: 520, write_protected: true };

    #[test]
    fn the_block_descriptor_and_the_control_page() {
        let mode = Mode { descriptor_sense: true, write_cache: false };
        let data = mode.sense(&cdb(&[0x1a, 0, 0x0a, 0, 255]), MEDIUM).unwrap();
        assert_eq!(data[..12], [23, 0, 0x90, 8, 0, 0, 8, 0, 0, 0, 2, 8]);
        assert_eq!(data[12..], [0x0a, 10, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        let long = mode.sense(&cdb(&[0x5a, 0x10, 0x08, 0, 0, 0, 0, 1, 0]), MEDIUM).unwrap();
        assert_eq!(long[..8], [0, 42, 0, 0x90, 1, 0, 0, 16]);
        assert_eq!(long[8..26], [0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 2, 8, 0x08, 18]);
        assert_eq!(mode.sense(&cdb(&[0x1a, 8, 0xca, 0, 255]), MEDIUM).unwrap_err(), Sense::new(5, 0x39, 0));
        assert_eq!(mode.sense(&cdb(&[0x1a, 8, 0x02, 0, 255]), MEDIUM).unwrap_err(), Sense::FIELD_IN_CDB);
    }

    #[test]
    fn select_sets_d_sense_and_asks_for_another_block() {
        let mut mode = Mode::default();
        let page = [0, 0, 0, 0, 0x0a, 10, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(mode.select(&cdb(&[0x15, 0x10, 0, 0, 16]), &page).unwrap(), None);
        assert!(mode.descriptor_sense);
        let list = [0, 0, 0, 8, 0xff, 0xff, 0xff, 0xff, 0, 0, 2, 0];
        let wanted = mode.select(&cdb(&[0x15, 0x10, 0, 0, 12]), &list).unwrap();
        assert_eq!(wanted, Some(Wanted { blocks: u64::MAX, block: 512 }));
        assert_eq!(mode.select(&cdb(&[0x15, 0x10, 0, 0, 13]), &list).unwrap_err(), Sense::LIST_LENGTH);
        assert_eq!(
            mode.select(&cdb(&[0x15, 0x10, 0, 0, 6]), &[0, 0, 0, 0, 0x3e, 0]).unwrap_err(),
            Sense::FIELD_IN_LIST
        );
    }
}
