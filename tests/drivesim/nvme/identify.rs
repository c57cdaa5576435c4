//! Identify (Base 2.1, 5.1.13; NVM Command Set 1.1, 4.1.5).

use super::namespace::{ALL, CONTROLLER, LARGEST, LBA_FORMATS, Namespace};
use super::status::Status;
use super::subsystem::Subsystem;
use super::{PCI, VERSION};
use crate::bytes::{put, put_text};

const SIZE: usize = 4096;

impl Subsystem {
    /// The 4096 bytes of the data structure `cns`.
    pub(super) fn identify(&self, cns: u8, nsid: u32) -> Result<Vec<u8>, Status> {
        match cns {
            0x00 if nsid == ALL && self.spec().namespace_management => Ok(self.identify_namespace(None)),
            0x00 | 0x11 if nsid == 0 || nsid == ALL || nsid > LARGEST => Err(Status::INVALID_NAMESPACE),
            // An identifier that is valid and not active gives zeros.
            0x00 => Ok(self
                .active(nsid)
                .map_or_else(|| vec![0; SIZE], |namespace| self.identify_namespace(Some(namespace)))),
            0x11 => {
                let namespace = self.namespaces.iter().find(|namespace| namespace.nsid == nsid);
                Ok(namespace.map_or_else(|| vec![0; SIZE], |namespace| self.identify_namespace(Some(namespace))))
            }
            0x01 => Ok(self.identify_controller()),
            0x02 => namespace_list(&self.namespaces, nsid, |namespace| namespace.is_attached),
            0x10 if self.spec().namespace_management => namespace_list(&self.namespaces, nsid, |_| true),
            0x03 => self.descriptors(nsid),
            // The structures of the NVM command set that add nothing to CNS 00h and 01h.
            0x05 | 0x06 => Ok(vec![0; SIZE]),
            0x12 if self.spec().namespace_management => {
                let namespace = self.namespaces.iter().find(|namespace| namespace.nsid == nsid);
                let is_attached = namespace.ok_or(Status::INVALID_NAMESPACE)?.is_attached;
                Ok(controller_list(is_attached))
            }
            0x13 if self.spec().namespace_management => Ok(controller_list(true)),
            _ => Err(Status::INVALID_FIELD),
        }
    }

    fn identify_controller(&self) -> Vec<u8> {
        let spec = self.spec();
        let mut data = vec![0; SIZE];
        let flag = |is_set: bool, bit: u16| u16::from(is_set) << bit;
        put(&mut data, 0, &PCI.vendor.to_le_bytes());
        put(&mut data, 2, &PCI.subsystem.0.to_le_bytes());
        put_text(&mut data, 4, 20, self.drive.serial());
        put_text(&mut data, 24, 40, &self.drive.spec.model);
        put_text(&mut data, 64, 8, &self.drive.spec.firmware);
        // MDTS: 2^5 pages, 128 KiB.
        put(&mut data, 77, &[5]);
        put(&mut data, 78, &CONTROLLER.to_le_bytes());
        put(&mut data, 80, &VERSION.to_le_bytes());
        // CNTRLTYPE: I/O controller.
        put(&mut data, 111, &[1]);
        let oacs = flag(self.tper.is_some(), 0) | flag(spec.format, 1) | flag(spec.namespace_management, 3);
        put(&mut data, 256, &oacs.to_le_bytes());
        // ACL 4 commands, AERL 4 requests, FRMW one slot that is read-only, LPA with the Commands Supported and Effects log.
        put(&mut data, 258, &[3, 3, 0x03, 0x02]);
        // WCTEMP and CCTEMP in kelvin.
        put(&mut data, 266, &343u16.to_le_bytes());
        put(&mut data, 268, &358u16.to_le_bytes());
        put(&mut data, 280, &self.drive.media.size().to_le_bytes());
        put(&mut data, 296, &self.unallocated().to_le_bytes());
        // RPMBS: targets of 128 KiB, HMAC SHA-256, accesses of 512 bytes.
        put(&mut data, 312, &u32::from(spec.rpmb_targets & 7).to_le_bytes());
        put(&mut data, 328, &self.sanicap().to_le_bytes());
        // SQES and CQES: 64 and 16 bytes.
        put(&mut data, 512, &[0x66, 0x44]);
        let largest = self.namespaces.iter().map(|namespace| namespace.nsid).max().unwrap_or(0);
        let largest = if spec.namespace_management { LARGEST } else { largest };
        put(&mut data, 516, &largest.to_le_bytes());
        // ONCS: Dataset Management, Write Zeroes, Save and Select in Get Features are not there.
        put(&mut data, 520, &0x000cu16.to_le_bytes());
        // FNA, then VWC: a volatile write cache.
        put(&mut data, 524, &[self.fna(), 1]);
        // NWPC: the write protection states No and Yes.
        put(&mut data, 531, &[1]);
        put(&mut data, 768, format!("nqn.2026-11.purgeproof:drivesim:{}", self.drive.serial()).as_bytes());
        data
    }

    /// A namespace, or (without one) what all have in common.
    fn identify_namespace(&self, namespace: Option<&Namespace>) -> Vec<u8> {
        let mut data = vec![0; SIZE];
        if let Some(namespace) = namespace {
            let blocks = namespace.blocks().to_le_bytes();
            put(&mut data, 0, &blocks);
            put(&mut data, 8, &blocks);
            put(&mut data, 16, &blocks);
            let (_, metadata) = LBA_FORMATS.get(namespace.format).copied().unwrap_or_default();
            // FLBAS: metadata, if any, at the end of each block.
            let format = u8::try_from(namespace.format).unwrap_or(0) | u8::from(metadata > 0) << 4;
            put(&mut data, 26, &[format]);
            put(&mut data, 48, &(namespace.extent.end - namespace.extent.start).to_le_bytes());
            put(&mut data, 99, &[u8::from(namespace.is_write_protected)]);
            put(&mut data, 104, &self.nguid(namespace.nsid));
            put(&mut data, 120, &self.eui64(namespace.nsid));
        }
        put(&mut data, 25, &[u8::try_from(LBA_FORMATS.len() - 1).unwrap_or(0)]);
        // MC: metadata at the end of each block. DLFEAT: deallocated blocks read as zeros, Write Zeroes can deallocate.
        put(&mut data, 27, &[1]);
        put(&mut data, 33, &[0b1001]);
        for (at, (data_bytes, metadata)) in (128..).step_by(4).zip(LBA_FORMATS) {
            put(&mut data, at, &metadata.to_le_bytes());
            put(&mut data, at + 2, &[data_bytes]);
        }
        data
    }

    /// CNS 03h: type and length, two reserved bytes, identifier; EUI-64 (1) and NGUID (2).
    fn descriptors(&self, nsid: u32) -> Result<Vec<u8>, Status> {
        self.active(nsid).ok_or(Status::INVALID_NAMESPACE)?;
        let mut data = vec![0; SIZE];
        put(&mut data, 0, &[1, 8, 0, 0]);
        put(&mut data, 4, &self.eui64(nsid));
        put(&mut data, 12, &[2, 16, 0, 0]);
        put(&mut data, 16, &self.nguid(nsid));
        Ok(data)
    }

    /// Locally administered, of the serial number's last four characters and the namespace.
    fn eui64(&self, nsid: u32) -> [u8; 8] {
        let mut identifier = [0x02, 0, 0, 0, 0, 0, 0, u8::try_from(nsid).unwrap_or(0)];
        let last: Vec<u8> = self.drive.serial().bytes().rev().take(4).collect();
        put(&mut identifier, 2, &last);
        identifier
    }

    fn nguid(&self, nsid: u32) -> [u8; 16] {
        let mut identifier = [0; 16];
        put(&mut identifier, 0, self.drive.serial().as_bytes());
        put(&mut identifier, 8, &self.eui64(nsid));
        identifier
    }
}

/// Identifiers larger than `above`, ascending.
fn namespace_list(namespaces: &[Namespace], above: u32, is_listed: fn(&Namespace) -> bool) -> Result<Vec<u8>, Status> {
    // FFFFFFFEh and FFFFFFFFh are no beginnings of a list (Base 2.1, 5.1.13.2.2).
    if above >= ALL - 1 {
        return Err(Status::INVALID_NAMESPACE);
    }
    let mut data = vec![0; SIZE];
    let listed = namespaces.iter().filter(|namespace| namespace.nsid > above && is_listed(namespace));
    for (at, namespace) in (0..SIZE).step_by(4).zip(listed) {
        put(&mut data, at, &namespace.nsid.to_le_bytes());
    }
    Ok(data)
}

/// The number of controllers, then their identifiers: this one, or none.
fn controller_list(is_listed: bool) -> Vec<u8> {
    let mut data = vec![0; SIZE];
    if is_listed {
        put(&mut data, 0, &1u16.to_le_bytes());
        put(&mut data, 2, &CONTROLLER.to_le_bytes());
    }
    data
}
