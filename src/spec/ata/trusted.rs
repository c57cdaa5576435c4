//! `TRUSTED RECEIVE` and `TRUSTED SEND` (5Ch, 5Eh, ACS-4): how security protocols, such as TCG's, reach an ATA drive.

use core::num::NonZeroU8;

use super::{Protocol, Taskfile};

/// `TRUSTED RECEIVE` of `blocks` times 512 bytes. FEATURE is the security protocol, LBA(23:8) what is specific to it (TCG: the
/// `ComID`), COUNT the length; its upper half in LBA(7:0) is 0, for the SCSI layer takes the length from COUNT.
pub const fn receive(protocol: u8, specific: u16, blocks: NonZeroU8) -> Taskfile {
    trusted(0x5C, Protocol::PioIn, protocol, specific, blocks)
}

/// `TRUSTED SEND` of `blocks` times 512 bytes.
pub const fn send(protocol: u8, specific: u16, blocks: NonZeroU8) -> Taskfile {
    trusted(0x5E, Protocol::PioOut, protocol, specific, blocks)
}

const fn trusted(command: u8, way: Protocol, protocol: u8, specific: u16, blocks: NonZeroU8) -> Taskfile {
    let whole = Taskfile::short(command).feature(protocol).count(blocks.get() as u16).lba((specific as u64) << 8);
    Taskfile { protocol: way, ..whole }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_specific_field_is_above_the_upper_half_of_the_length() {
        let one = NonZeroU8::new(1).unwrap();
        let discovery = receive(0x01, 0x0001, one);
        assert_eq!((discovery.command, discovery.feature, discovery.count, discovery.lba), (0x5C, 0x01, 1, 0x0100));
        assert_eq!((discovery.protocol, discovery.extended, discovery.transfer_len()), (Protocol::PioIn, false, 512));
        let packet = send(0x01, 0x07FE, NonZeroU8::new(4).unwrap());
        assert_eq!((packet.command, packet.feature, packet.count, packet.lba), (0x5E, 0x01, 4, 0x07_FE00));
        assert_eq!((packet.protocol, packet.transfer_len()), (Protocol::PioOut, 2048));
    }
}
