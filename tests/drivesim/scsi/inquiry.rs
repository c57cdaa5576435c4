//! INQUIRY: standard data and vital product data (SPC-5 6.7, 7.7; SBC-4 6.6; SAT-4 12.4).

use sha2::{Digest, Sha256};

use super::sense::Sense;
use crate::bytes::{be16, be64, put, put_text};

/// What a unit says of itself.
#[derive(Clone, Debug)]
pub struct Product {
    /// VENDOR IDENTIFICATION, 8 characters: `ATA` for a translation.
    pub vendor: String,
    /// PRODUCT IDENTIFICATION, 16 characters.
    pub model: String,
    /// PRODUCT REVISION LEVEL, 4 characters.
    pub revision: String,
    /// UNIT SERIAL NUMBER.
    pub serial: String,
    /// MEDIUM ROTATION RATE is 7200 instead of non-rotating.
    pub rotational: bool,
    /// WABEREQ: 0 to 3.
    pub write_after_block_erase: u8,
    /// WACEREQ: 0 to 3.
    pub write_after_crypto_erase: u8,
    /// UNMAP is supported and deallocated blocks read as zeros.
    pub unmaps: bool,
    /// IDENTIFY DEVICE data, of a translation.
    pub identify: Option<Vec<u8>>,
}

impl Product {
    /// The answer to INQUIRY, cut at its ALLOCATION LENGTH.
    pub fn inquiry(&self, cdb: &super::Cdb) -> Result<Vec<u8>, Sense> {
        let mut data = match (cdb[1] & 1, cdb[2]) {
            (0, 0) => self.standard(),
            (1, page) => self.vital(page).ok_or(Sense::FIELD_IN_CDB)?,
            _ => return Err(Sense::FIELD_IN_CDB),
        };
        data.truncate(usize::from(be16(cdb, 3)));
        Ok(data)
    }

    fn standard(&self) -> Vec<u8> {
        // A direct access device by SPC-4; response format 2, HISUP; CMDQUE.
        let mut data = vec![0; 96];
        put(&mut data, 0, &[0x00, 0, 0x06, 0x12, 91, 0, 0, 0x02]);
        put_text(&mut data, 8, 8, &self.vendor);
        put_text(&mut data, 16, 16, &self.model);
        put_text(&mut data, 32, 4, &self.revision);
        // Version descriptors: SAM-5, SPC-4, SBC-3; SAT-3 for a translation.
        put(&mut data, 58, &[0x00, 0xa0, 0x04, 0x60, 0x04, 0xc0]);
        if self.identify.is_some() {
            put(&mut data, 64, &[0x1e, 0xe0]);
        }
        data
    }

    fn vital(&self, page: u8) -> Option<Vec<u8>> {
        let body = match page {
            0x00 => self.pages(),
            0x80 => self.serial.clone().into_bytes(),
            0x83 => self.designators(),
            0x89 => self.ata(self.identify.as_ref()?),
            0xb0 => self.limits(),
            0xb1 => self.characteristics(),
            0xb2 if self.unmaps => vec![0, 0xe4, 2, 0],
            _ => return None,
        };
        let mut data = vec![0, page];
        data.extend(u16::try_from(body.len()).unwrap_or(u16::MAX).to_be_bytes());
        data.extend(body);
        Some(data)
    }

    fn pages(&self) -> Vec<u8> {
        let mut pages = vec![0x00, 0x80, 0x83];
        pages.extend(self.identify.is_some().then_some(0x89));
        pages.extend([0xb0, 0xb1]);
        pages.extend(self.unmaps.then_some(0xb2));
        pages
    }

    /// The worldwide name: NAA 5 with a company ID that no company has, and a number made from the serial number.
    fn designators(&self) -> Vec<u8> {
        let number = be64(&Sha256::digest(&self.serial), 0) >> 28;
        let name = 0x5000_0000_0000_0000 | number;
        let mut page = vec![0x61, 0x03, 0, 8];
        page.extend(name.to_be_bytes());
        let mut text = vec![0x02, 0x01, 0, 0];
        text.extend(format!("{:<8}{:<16}{}", self.vendor, self.model, self.serial).bytes());
        let length = u8::try_from(text.len() - 4).unwrap_or(u8::MAX);
        put(&mut text, 3, &[length]);
        page.extend(text);
        page
    }

    /// Block limits: transfers of at most 2048 blocks, WRITE SAME of at least one (WSNZ).
    fn limits(&self) -> Vec<u8> {
        let mut page = vec![0; 60];
        put(&mut page, 0, &[1, 0]);
        put(&mut page, 4, &2048u32.to_be_bytes());
        put(&mut page, 8, &2048u32.to_be_bytes());
        if self.unmaps {
            put(&mut page, 16, &u32::MAX.to_be_bytes());
            put(&mut page, 20, &256u32.to_be_bytes());
            put(&mut page, 24, &1u32.to_be_bytes());
        }
        put(&mut page, 32, &0x1_0000u64.to_be_bytes());
        page
    }

    fn characteristics(&self) -> Vec<u8> {
        let rate: u16 = if self.rotational { 7200 } else { 1 };
        let mut page = vec![0; 60];
        put(&mut page, 0, &rate.to_be_bytes());
        put(&mut page, 3, &[self.write_after_block_erase << 6 | self.write_after_crypto_erase << 4 | 3]);
        page
    }

    fn ata(&self, identify: &[u8]) -> Vec<u8> {
        let mut page = vec![0; 568];
        put_text(&mut page, 4, 8, "PPSIM");
        put_text(&mut page, 12, 16, "drivesim SATL");
        put_text(&mut page, 28, 4, &self.revision);
        // The signature that an ATA device sends after a reset, as a register FIS.
        put(&mut page, 32, &[0x34, 0, 0x50, 0x01, 0x01, 0, 0, 0, 0, 0, 0, 0, 0x01, 0]);
        put(&mut page, 52, &[0xec]);
        put(&mut page, 56, identify);
        page
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::cdb;
    use super::*;

    fn product() -> Product {
        Product {
            vendor: "PPSIM".into(),
            model: "M".into(),
            revision: "1.0".into(),
            serial: "S-1".into(),
            rotational: false,
            write_after_block_erase: 3,
            write_after_crypto_erase: 2,
            unmaps: true,
            identify: None,
        }
    }

    #[test]
    fn standard_data_name_vendor_model_and_revision() {
        let data = product().inquiry(&cdb(&[0x12, 0, 0, 0, 36])).unwrap();
        assert_eq!(data.len(), 36);
        assert_eq!(data[..8], [0, 0, 6, 0x12, 91, 0, 0, 2]);
        assert_eq!(data[8..], *b"PPSIM   M               1.0 ");
    }

    #[test]
    fn pages_that_are_listed_are_there() {
        let product = product();
        let page = |page| product.inquiry(&cdb(&[0x12, 1, page, 1, 0]));
        let list = page(0).unwrap();
        assert_eq!(list, [0, 0, 0, 6, 0, 0x80, 0x83, 0xb0, 0xb1, 0xb2]);
        for listed in &list[4..] {
            let data = page(*listed).unwrap();
            assert_eq!((data[1], usize::from(be16(&data, 2))), (*listed, data.len() - 4));
        }
        assert_eq!(page(0x89).unwrap_err(), Sense::FIELD_IN_CDB);
        assert_eq!(page(0x80).unwrap()[4..], *b"S-1");
        assert_eq!(page(0x83).unwrap()[4..9], [0x61, 3, 0, 8, 0x50]);
        // Not rotating; WABEREQ 11b, WACEREQ 10b, 2.5 inch.
        assert_eq!(page(0xb1).unwrap()[4..8], [0, 1, 0, 0xe3]);
        assert_eq!(product.inquiry(&cdb(&[0x12, 0, 0x80, 0, 36])).unwrap_err(), Sense::FIELD_IN_CDB);
    }

    #[test]
    fn a_translation_shows_the_identify_data() {
        let product = Product { identify: Some(vec![0x5a; 512]), vendor: "ATA".into(), ..product() };
        let data = product.inquiry(&cdb(&[0x12, 1, 0x89, 0x10, 0])).unwrap();
        assert_eq!((data.len(), be16(&data, 2), data[36], data[56]), (572, 0x238, 0x34, 0xec));
        assert_eq!((data[59], data[60], data[571]), (0, 0x5a, 0x5a));
    }
}
